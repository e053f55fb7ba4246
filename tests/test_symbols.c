/* SPDX-License-Identifier: MIT */
/*
 * Names of functions from ELF files: the right ones, and nothing worse than none from
 * files that are cut or wrong.
 */
#include <dlfcn.h>
#include <elf.h>

#include "core/symbols_internal.h"
#include "test_util.h"

static __attribute__((noinline)) int some_static_function(int x)
{
    return x * 3 + 1;
}

static uintptr_t offset_of(const void *function)
{
    Dl_info info;
    ck_assert_int_ne(dladdr(function, &info), 0);
    const Elf64_Ehdr *head = info.dli_fbase;
    return head->e_type == ET_EXEC
               ? (uintptr_t)function
               : (uintptr_t)function - (uintptr_t)info.dli_fbase;
}

START_TEST(a_static_function_has_a_name)
{
    char name[100];
    uintptr_t distance;
    uintptr_t offset = offset_of((void *)some_static_function);
    ck_assert(diesel__symbol_find("/proc/self/exe", offset + 1, name, sizeof name,
                                  &distance));
    ck_assert_str_eq(name, "some_static_function");
    ck_assert_uint_eq(distance, 1);
    ck_assert(diesel__symbol_find("/proc/self/exe", offset, name, 8, &distance));
    ck_assert_str_eq(name, "some_st"); /* what there is room for */
    ck_assert_int_eq(some_static_function(1), 4);
    ck_assert(!diesel__symbol_find("/proc/self/exe", UINTPTR_MAX, name,
                                   sizeof name, &distance));
    ck_assert(!diesel__symbol_find("/proc/self/exe", 0, name, sizeof name,
                                   &distance));
}
END_TEST

static const char *const no_files[] = {"/nonexistent", "/proc/self", "/dev/null",
                                       "/proc/self/maps", "/dev/zero"};

START_TEST(what_is_no_elf_file_has_no_names)
{
    char name[100];
    uintptr_t distance;
    ck_assert(!diesel__symbol_find(no_files[_i], 1000, name, sizeof name,
                                   &distance));
}
END_TEST

static char *read_self(size_t *size)
{
    FILE *in = fopen("/proc/self/exe", "r");
    ck_assert_ptr_nonnull(in);
    fseek(in, 0, SEEK_END);
    *size = (size_t)ftell(in);
    rewind(in);
    char *all = malloc(*size);
    ck_assert_uint_eq(fread(all, 1, *size, in), *size);
    fclose(in);
    return all;
}

static bool finds_in(const char *bytes, size_t size, uintptr_t offset)
{
    char name[100];
    uintptr_t distance;
    const char *path = test_path("elf");
    FILE *out = fopen(path, "w");
    ck_assert_ptr_nonnull(out);
    ck_assert_uint_eq(fwrite(bytes, 1, size, out), size);
    fclose(out);
    return diesel__symbol_find(path, offset, name, sizeof name, &distance);
}

START_TEST(a_file_that_was_cut_has_no_names)
{
    size_t size;
    char *all = read_self(&size);
    uintptr_t offset = offset_of((void *)some_static_function);
    ck_assert(finds_in(all, size, offset));
    for (size_t cut = 0; cut < 100; cut++)
        ck_assert(!finds_in(all, cut, offset));
    for (int part = 1; part < 20; part++)
        ck_assert(!finds_in(all, size * (size_t)part / 20, offset));
    free(all);
}
END_TEST

START_TEST(wrong_numbers_in_a_file_do_no_harm)
{
    size_t size;
    char *all = read_self(&size);
    uintptr_t offset = offset_of((void *)some_static_function);
    const Elf64_Ehdr *head = (const Elf64_Ehdr *)(void *)all;
    size_t sections = head->e_shoff, end = sections + 64 * (size_t)head->e_shnum;
    static const unsigned char values[] = {0x00, 0x01, 0x7f, 0xff};
    long found = 0;
    for (size_t v = 0; v < sizeof values; v++) {
        for (size_t i = 0; i < sizeof *head; i++) {
            char was = all[i];
            all[i] = (char)values[v];
            found += finds_in(all, size, offset);
            all[i] = was;
        }
        for (size_t i = sections; i < end; i += 8) { /* each number */
            char was[8];
            memcpy(was, all + i, 8);
            memset(all + i, values[v], 8);
            found += finds_in(all, size, offset);
            memcpy(all + i, was, 8);
        }
    }
    ck_assert_int_gt(found, 0); /* most numbers do not matter */
    free(all);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("symbols");
    test_case(suite, "symbols", a_static_function_has_a_name,
              a_file_that_was_cut_has_no_names);
    test_case_rows(suite, "no file", what_is_no_elf_file_has_no_names,
                   TEST_COUNT(no_files));
#if UINTPTR_MAX > 0xffffffff
    test_case(suite, "wrong", wrong_numbers_in_a_file_do_no_harm);
#endif
    return test_suite_run(suite);
}

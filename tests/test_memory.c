/* SPDX-License-Identifier: MIT */
/*
 * <diesel/memory.h>: sizes that overflow, sizes of zero, and an allocator of the
 * program's own, through which then everything must go.
 */
#include "test_util.h"

START_TEST(a_size_of_zero_gives_a_pointer_that_may_be_freed)
{
    void *pointers[] = {diesel_malloc(0), diesel_calloc(0, 8),
                        diesel_calloc(8, 0), diesel_realloc_array(NULL, 0, 8),
                        diesel_realloc_array(NULL, 8, 0), diesel_strndup("", 0)};
    for (size_t i = 0; i < TEST_COUNT(pointers); i++) {
        ck_assert_ptr_nonnull(pointers[i]);
        diesel_free(pointers[i]);
    }
}
END_TEST

START_TEST(calloc_gives_zero_bytes)
{
    unsigned char *p = diesel_calloc(100, 10);
    ck_assert_ptr_nonnull(p);
    for (int i = 0; i < 1000; i++)
        ck_assert_uint_eq(p[i], 0);
    diesel_free(p);
}
END_TEST

START_TEST(a_product_that_overflows_is_no_memory)
{
    volatile size_t half = SIZE_MAX / 2 + 1;
    ck_assert_ptr_null(diesel_calloc(half, 2));
    ck_assert_ptr_null(diesel_realloc_array(NULL, half, 2));
    ck_assert_ptr_null(diesel_realloc_array(NULL, 2, half));
    volatile size_t all = SIZE_MAX;
    ck_assert_ptr_null(diesel_strndup("x", all));
}
END_TEST

START_TEST(a_failed_realloc_leaves_the_old_memory)
{
    char *p = diesel_strndup("kept", 4);
    ck_assert_ptr_nonnull(p);
    volatile size_t half = SIZE_MAX / 2 + 1;
    ck_assert_ptr_null(diesel_realloc_array(p, half, 2));
    ck_assert_str_eq(p, "kept");
    char *q = diesel_realloc_array(p, 100, 3);
    ck_assert_ptr_nonnull(q);
    ck_assert_str_eq(q, "kept");
    diesel_free(q);
}
END_TEST

START_TEST(strndup_copies_n_bytes_and_ends_them)
{
    char *p = diesel_strndup("abcdef", 3);
    ck_assert_str_eq(p, "abc");
    diesel_free(p);
    const char inner[] = {'a', 0, 'b'};
    p = diesel_strndup(inner, 3);
    ck_assert_mem_eq(p, "a\0b\0", 4);
    diesel_free(p);
}
END_TEST

START_TEST(freeing_null_does_nothing)
{
    diesel_free(NULL);
}
END_TEST

static int mallocs, callocs, reallocs, frees;

static void *count_malloc(size_t size)
{
    mallocs++;
    return malloc(size);
}

static void *count_calloc(size_t count, size_t size)
{
    callocs++;
    return calloc(count, size);
}

static void *count_realloc(void *p, size_t size)
{
    reallocs++;
    return realloc(p, size);
}

static void count_free(void *p)
{
    ck_assert_ptr_nonnull(p);
    frees++;
    free(p);
}

START_TEST(each_call_goes_through_the_programs_allocator)
{
    diesel_allocator own = {count_malloc, count_calloc, count_realloc,
                            count_free};
    diesel_allocator_set(&own);
    memset(&own, 0, sizeof own); /* it was copied */

    diesel_free(diesel_malloc(5));
    ck_assert_int_eq(mallocs, 1);
    diesel_free(diesel_strndup("x", 1));
    ck_assert_int_eq(mallocs, 2);
    diesel_free(diesel_calloc(5, 5));
    ck_assert_int_eq(callocs, 1);
    diesel_free(diesel_realloc_array(NULL, 5, 5));
    ck_assert_int_eq(reallocs, 1);
    ck_assert_int_eq(frees, 4);
    diesel_free(NULL);

    diesel_allocator_set(NULL);
    diesel_free(diesel_malloc(5));
    ck_assert_int_eq(mallocs, 2);
    ck_assert_int_eq(frees, 4);
}
END_TEST

static int do_nothing(void *arg)
{
    (void)arg;
    return 0;
}

static int use_much(void *arg)
{
    (void)arg;
    diesel_error err;
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(scope, do_nothing, NULL);
    diesel_channel *channel = diesel_channel_new(8, 8, &err);
    diesel_channel_free(channel);
    diesel_stream *pair[2];
    assert_ok(diesel_stream_pair(pair, &err));
    diesel_stream_close(pair[0]);
    diesel_stream_close(pair[1]);
    assert_ok(diesel_scope_wait(scope, &err));
    return 0;
}

START_TEST(the_core_frees_as_often_as_it_allocates)
{
    diesel_allocator_set(&(diesel_allocator){count_malloc, count_calloc,
                                             count_realloc, count_free});
    test_run(use_much, NULL);
    ck_assert_int_gt(mallocs + callocs, 4);
    /* A realloc() of nothing allocates too; the core grows from NULL. */
    ck_assert_int_ge(frees, mallocs + callocs);
    ck_assert_int_le(frees, mallocs + callocs + reallocs);
}
END_TEST

/* A fiber that has run once is started again without any allocation. */
static int spawn_again(void *arg)
{
    (void)arg;
    diesel_error err;
    for (int round = 0; round < 3; round++) {
        int before = mallocs + callocs + reallocs;
        diesel_scope *scope = diesel_scope_open(
            &(diesel_scope_options){.timeout_ms = 60000});
        for (int i = 0; i < 10; i++)
            diesel_go(scope, do_nothing, NULL);
        assert_ok(diesel_scope_wait(scope, &err));
        if (round > 0)
            ck_assert_int_eq(mallocs + callocs + reallocs, before);
    }
    return 0;
}

START_TEST(scopes_and_fibers_cost_no_allocation_in_the_steady_state)
{
    diesel_allocator_set(&(diesel_allocator){count_malloc, count_calloc,
                                             count_realloc, count_free});
    test_run(spawn_again, NULL);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("memory");
    test_case(suite, "sizes", a_size_of_zero_gives_a_pointer_that_may_be_freed,
              calloc_gives_zero_bytes, a_product_that_overflows_is_no_memory,
              a_failed_realloc_leaves_the_old_memory,
              strndup_copies_n_bytes_and_ends_them, freeing_null_does_nothing);
    test_case(suite, "allocator", each_call_goes_through_the_programs_allocator,
              the_core_frees_as_often_as_it_allocates,
              scopes_and_fibers_cost_no_allocation_in_the_steady_state);
    return test_suite_run(suite);
}

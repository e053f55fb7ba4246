/* SPDX-License-Identifier: MIT */
/*
 * Reading symbol tables: the file is mapped, the section .symtab and its strings are
 * found, and the function is the symbol that the address lies in. All numbers are
 * from the file, so each is checked against its size before it is used; the format
 * is that of elf(5).
 *
 * A file is mapped and searched for each question. They are asked by people and
 * for reports, some dozens at a time.
 */
#include "symbols_internal.h"

#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sys_internal.h"

typedef ElfW(Ehdr) header;
typedef ElfW(Shdr) section;
typedef ElfW(Sym) symbol;

#define CLASS (sizeof(void *) == 8 ? ELFCLASS64 : ELFCLASS32)

struct file {
    const char *base;
    size_t size;
};

/* `count` elements of `each` bytes at `offset`; NULL if they are not in the file. */
static const void *at(const struct file *file, uint64_t offset, uint64_t count,
                      size_t each)
{
    uint64_t bytes;
    if (__builtin_mul_overflow(count, each, &bytes) || offset > file->size ||
        bytes > file->size - offset || offset % sizeof(void *) != 0)
        return NULL;
    return file->base + offset;
}

static const section *sections(const struct file *file, size_t *count)
{
    const header *head = at(file, 0, 1, sizeof *head);
    if (head == NULL || memcmp(head->e_ident, ELFMAG, SELFMAG) != 0 ||
        head->e_ident[EI_CLASS] != CLASS || head->e_shentsize != sizeof(section))
        return NULL;
    *count = head->e_shnum;
    return at(file, head->e_shoff, head->e_shnum, sizeof(section));
}

/* The function that holds the address; NULL. */
static const symbol *search(const symbol *all, size_t count, uintptr_t address)
{
    for (size_t i = 0; i < count; i++)
        if ((all[i].st_info & 0xf) == STT_FUNC && all[i].st_shndx != SHN_UNDEF &&
            address >= all[i].st_value &&
            address - all[i].st_value < all[i].st_size)
            return &all[i];
    return NULL;
}

/* The text at `index` of the strings' section, which may be longer than `name`. */
static bool copy_name(const struct file *file, const section *strings,
                      size_t index, char *name, size_t size)
{
    if (strings->sh_offset > file->size ||
        strings->sh_size > file->size - strings->sh_offset ||
        index >= strings->sh_size)
        return false;
    const char *text = file->base + strings->sh_offset + index;
    size_t most = strings->sh_size - index;
    size_t len = strnlen(text, most);
    if (len == most || len == 0)
        return false;
    snprintf(name, size, "%s", text);
    return true;
}

static bool find_in(const struct file *file, uintptr_t offset, char *name,
                    size_t size, uintptr_t *distance)
{
    size_t count = 0;
    const section *all = sections(file, &count);
    for (size_t i = 0; all != NULL && i < count; i++) {
        if (all[i].sh_type != SHT_SYMTAB || all[i].sh_link >= count)
            continue;
        size_t n = all[i].sh_size / sizeof(symbol);
        const symbol *symbols = at(file, all[i].sh_offset, n, sizeof *symbols);
        const symbol *found =
            symbols != NULL ? search(symbols, n, offset) : NULL;
        if (found == NULL)
            continue;
        *distance = offset - found->st_value;
        return copy_name(file, &all[all[i].sh_link], found->st_name, name, size);
    }
    return false;
}

bool diesel__symbol_find(const char *path, uintptr_t offset, char *name,
                         size_t size, uintptr_t *distance)
{
    struct stat st;
    struct file file = {.base = MAP_FAILED};
    int fd = diesel__sys.open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    if (diesel__sys.fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0) {
        file.size = (size_t)st.st_size;
        file.base = mmap(NULL, file.size, PROT_READ, MAP_PRIVATE, fd, 0);
    }
    diesel__sys.close(fd);
    if (file.base == MAP_FAILED)
        return false;
    bool found = find_in(&file, offset, name, size, distance);
    munmap((void *)(uintptr_t)file.base, file.size);
    return found;
}

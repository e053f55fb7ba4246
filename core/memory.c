/* SPDX-License-Identifier: MIT */
/*
 * The allocator behind all of Diesel's libraries: the C library's, or the
 * program's own. The table is read without a lock: it is set once, before
 * anything else runs.
 */
#include <diesel/memory.h>

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static const diesel_allocator standard = {malloc, calloc, realloc, free};
static diesel_allocator current = {malloc, calloc, realloc, free};

void diesel_allocator_set(const diesel_allocator *allocator)
{
    current = allocator != NULL ? *allocator : standard;
}

void *diesel_malloc(size_t size)
{
    return current.malloc(size != 0 ? size : 1);
}

void *diesel_calloc(size_t count, size_t size)
{
    if (count == 0 || size == 0)
        count = size = 1;
    return current.calloc(count, size);
}

void *diesel_realloc_array(void *p, size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes))
        return NULL;
    return current.realloc(p, bytes != 0 ? bytes : 1);
}

char *diesel_strndup(const char *s, size_t n)
{
    if (n == SIZE_MAX)
        return NULL;
    char *copy = diesel_malloc(n + 1);
    if (copy == NULL)
        return NULL;
    memcpy(copy, s, n);
    copy[n] = '\0';
    return copy;
}

void diesel_free(void *p)
{
    if (p != NULL)
        current.free(p);
}

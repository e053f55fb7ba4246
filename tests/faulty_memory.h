/* SPDX-License-Identifier: MIT */
/*
 * An allocator that counts what is alive, and fails the n-th allocation:
 *
 *     diesel_allocator_set(&faulty_memory);
 *     for (long n = 1;; n++) {
 *         faulty_memory_fail(n);
 *         ... run the scenario ...
 *         ck_assert_int_eq(faulty_alive, 0);
 *         if (faulty_allocations < n)
 *             break;
 *     }
 */
#ifndef TESTS_FAULTY_MEMORY_H
#define TESTS_FAULTY_MEMORY_H

#include <stdlib.h>

#include <diesel/memory.h>

static long faulty_allocations, faulty_fail_at, faulty_alive;

/* Whether an allocation counts; NULL: each one does. */
static int (*faulty_memory_counts)(void);

/* From here on the n-th allocation fails, 0: none; and counting begins anew. */
static inline void faulty_memory_fail(long n)
{
    faulty_fail_at = n;
    faulty_allocations = faulty_alive = 0;
}

static inline int faulty_memory_is_due(void)
{
    if (faulty_memory_counts != NULL && !faulty_memory_counts())
        return 0;
    return ++faulty_allocations == faulty_fail_at;
}

static void *faulty_malloc(size_t size)
{
    void *p = faulty_memory_is_due() ? NULL : malloc(size);
    faulty_alive += p != NULL;
    return p;
}

static void *faulty_calloc(size_t count, size_t size)
{
    void *p = faulty_memory_is_due() ? NULL : calloc(count, size);
    faulty_alive += p != NULL;
    return p;
}

static void *faulty_realloc(void *p, size_t size)
{
    if (faulty_memory_is_due())
        return NULL;
    void *moved = realloc(p, size);
    faulty_alive += p == NULL && moved != NULL;
    return moved;
}

static void faulty_free(void *p)
{
    faulty_alive -= p != NULL;
    free(p);
}

static const diesel_allocator faulty_memory = {faulty_malloc, faulty_calloc,
                                               faulty_realloc, faulty_free};

#endif

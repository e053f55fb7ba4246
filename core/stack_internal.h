/* SPDX-License-Identifier: MIT */
/*
 * Stacks for fibers: mapped in large pieces, guarded, pooled.
 */
#ifndef DIESEL_STACK_INTERNAL_H
#define DIESEL_STACK_INTERNAL_H

#include <stddef.h>
#include <stdint.h>

#include <diesel/error.h>

typedef struct diesel__stack_pool {
    struct diesel_fiber *free; /* last in, first out: the warmest stack first */
    struct diesel__stack_piece *pieces;
    char *fresh, *fresh_end; /* the part of the newest piece never used yet   */
    size_t size;             /* bytes of a stack, without its guard           */
    size_t guard;            /* bytes of the guard below it                   */
    size_t page;
    size_t next_count; /* slots that the next piece will have                 */
    unsigned color;    /* shifts the tops of stacks within their page         */
} diesel__stack_pool;

/* `size` 0: the default. Allocates nothing yet. */
void diesel__stack_pool_init(diesel__stack_pool *pool, size_t size);

/* Unmaps every stack. */
void diesel__stack_pool_clear(diesel__stack_pool *pool);

/* A stack never used before, with a struct diesel_fiber at its top that is not
 * initialised. NULL: the system gives no more (errno says why). */
struct diesel_fiber *diesel__stack_fresh(diesel__stack_pool *pool);

/* A stack that was given back, with its struct diesel_fiber as it was then.
 * NULL: there is none. (In sched_internal.h, as is _give.) */
static inline struct diesel_fiber *diesel__stack_take(diesel__stack_pool *pool);

/* Puts a stack back; its memory stays mapped, so that an ending fiber can do
 * this while it still runs on it. */
static inline void diesel__stack_give(diesel__stack_pool *pool,
                                      struct diesel_fiber *fiber);

/* The lowest address of the fiber's stack, above its guard. */
static inline void *diesel__stack_bottom(const diesel__stack_pool *pool,
                                         const struct diesel_fiber *fiber)
{
    uintptr_t top = ((uintptr_t)fiber | (pool->page - 1)) + 1;
    return (void *)(top - pool->size);
}

#endif

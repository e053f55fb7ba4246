/* SPDX-License-Identifier: MIT */
/*
 * Stacks for fibers.
 *
 * A piece is one mapping of many slots; a slot is a guard page and, above it,
 * the stack, at whose top the fiber's struct lies:
 *
 *     | guard | ............ stack, growing down <- | struct diesel_fiber | pad |
 *
 * The guard has some pages, so that a function with a large frame does not step
 * over it. It is installed with MADV_GUARD_INSTALL (Linux 6.13), which costs no
 * mapping of its own, so that a million stacks fit under the default limit of
 * mappings; older kernels get mprotect(2), where each stack costs two mappings.
 *
 * Placement matters for the caches. All tops at the same distance would fall
 * into the same few cache sets: a slot has an odd number of pages, which spreads
 * them over a physically indexed cache, and `pad` shifts each top by some lines,
 * which spreads them over the first level.
 *
 * Memory is given back to the system when the scheduler ends.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "stack_internal.h"

#include <errno.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <unistd.h>

#include <diesel/memory.h>

#include "sanitizer_internal.h"
#include "sched_internal.h"
#include "sys_internal.h"

#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102
#endif

#ifdef DIESEL__ASAN
#define DEFAULT_SIZE (256 * 1024)
#else
#define DEFAULT_SIZE (64 * 1024)
#endif
#define GUARD_PAGES 5
#define FIRST_COUNT 16   /* slots of the first piece */
#define MOST_COUNT 1024  /* slots of a large piece   */
#define COLORS 16
#define COLOR_STEP 64    /* bytes: a cache line      */

struct diesel__stack_piece {
    struct diesel__stack_piece *next;
    char *base;
    size_t bytes;
    size_t used;   /* slots handed out at least once */
    unsigned *ids; /* Valgrind's names of the stacks; NULL outside Valgrind */
};

static size_t slot_size(const diesel__stack_pool *pool)
{
    return pool->guard + pool->size;
}

void diesel__stack_pool_init(diesel__stack_pool *pool, size_t size)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    if (size == 0)
        size = DEFAULT_SIZE;
    if (size < 4 * page)
        size = 4 * page;
    size_t pages = (size + page - 1) / page;
    size_t guard = GUARD_PAGES;
    if ((pages + guard) % 2 == 0)
        guard++;
    *pool = (diesel__stack_pool){
        .page = page,
        .size = pages * page,
        .guard = guard * page,
        .next_count = FIRST_COUNT,
    };
}

void diesel__stack_pool_clear(diesel__stack_pool *pool)
{
    struct diesel__stack_piece *piece = pool->pieces;
    while (piece != NULL) {
        struct diesel__stack_piece *next = piece->next;
        for (size_t i = 0; piece->ids != NULL && i < piece->used; i++)
            diesel__valgrind_deregister(piece->ids[i]);
        munmap(piece->base, piece->bytes);
        diesel_free(piece->ids);
        diesel_free(piece);
        piece = next;
    }
    pool->pieces = NULL;
    pool->free = NULL;
}

static bool under_valgrind(void)
{
#ifdef DIESEL__VALGRIND
    return RUNNING_ON_VALGRIND != 0;
#else
    return false;
#endif
}

static int map_piece(diesel__stack_pool *pool)
{
    size_t count = pool->next_count;
    struct diesel__stack_piece *piece = diesel_calloc(1, sizeof *piece);
    if (piece == NULL)
        return -1;
    if (under_valgrind()) {
        piece->ids = diesel_calloc(count, sizeof *piece->ids);
        if (piece->ids == NULL)
            goto fail_piece;
    }
    piece->bytes = count * slot_size(pool); /* at most 1 TiB */
    piece->base = diesel__sys.mmap(NULL, piece->bytes, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (piece->base == MAP_FAILED)
        goto fail_ids;
    /* A huge page would make one touched page cost 2 MiB. */
    diesel__sys.madvise(piece->base, piece->bytes, MADV_NOHUGEPAGE);

    piece->next = pool->pieces;
    pool->pieces = piece;
    pool->fresh = piece->base;
    pool->fresh_end = piece->base + piece->bytes;
    if (pool->next_count < MOST_COUNT)
        pool->next_count *= 2;
    return 0;

fail_ids:
    diesel_free(piece->ids);
fail_piece:
    diesel_free(piece);
    return -1;
}

static int put_guard(char *at, size_t size)
{
    static atomic_bool no_guard_install; /* the kernel is too old */
    if (!atomic_load_explicit(&no_guard_install, memory_order_relaxed)) {
        if (diesel__sys.madvise(at, size, MADV_GUARD_INSTALL) == 0)
            return 0;
        if (errno != EINVAL)
            return -1;
        atomic_store_explicit(&no_guard_install, true, memory_order_relaxed);
    }
    return diesel__sys.mprotect(at, size, PROT_NONE);
}

diesel_fiber *diesel__stack_fresh(diesel__stack_pool *pool)
{
    if (pool->fresh == pool->fresh_end && map_piece(pool) < 0)
        return NULL;
    char *slot = pool->fresh;
    if (put_guard(slot, pool->guard) < 0)
        return NULL;
    pool->fresh += slot_size(pool);
    char *top = pool->fresh;
    struct diesel__stack_piece *piece = pool->pieces;
    if (piece->ids != NULL)
        piece->ids[piece->used] =
            diesel__valgrind_register(slot + pool->guard, top);
    piece->used++;

    size_t shift = (size_t)(pool->color++ % COLORS) * COLOR_STEP;
    size_t room = (sizeof(diesel_fiber) + 63) / 64 * 64;
    return (diesel_fiber *)(void *)(top - shift - room);
}

/* SPDX-License-Identifier: MIT */
/*
 * For the tests with several threads: a second thread with a scheduler that waits
 * for calls, and an allocator that counts, and fails, in any of the threads.
 *
 *     struct peer peer;
 *     peer_start(&peer);
 *     diesel_post(peer.thread, fn, arg, &err);
 *     peer_stop(&peer);           after which its scheduler has ended
 *     peer_forget(&peer);         frees the handle
 */
#ifndef TESTS_THREAD_KIT_H
#define TESTS_THREAD_KIT_H

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>

#include "test_util.h"

/* A thread that must start. */
static inline pthread_t kit_thread(void *(*fn)(void *arg), void *arg)
{
    pthread_t id;
    ck_assert_int_eq(pthread_create(&id, NULL, fn, arg), 0);
    return id;
}

static inline void kit_join(pthread_t id)
{
    ck_assert_int_eq(pthread_join(id, NULL), 0);
}

struct peer {
    pthread_t id;
    diesel_thread *thread; /* the handle; outlives the thread */
    diesel_fiber *main;
    sem_t ready;
    int result; /* of its diesel_run() */
    diesel_error err;
};

static inline int peer_fiber(void *arg)
{
    struct peer *peer = arg;
    diesel_error err;
    assert_made(peer->thread = diesel_thread_here(&err));
    peer->main = diesel_self();
    sem_post(&peer->ready);
    int woken = diesel_park("the test", DIESEL_FOREVER, &err);
    return woken < 0 ? diesel_fail(&err) : woken;
}

static inline void *peer_main(void *arg)
{
    struct peer *peer = arg;
    peer->result = diesel_run(peer_fiber, peer, NULL, &peer->err);
    return NULL;
}

static inline void peer_start(struct peer *peer)
{
    memset(peer, 0, sizeof *peer);
    sem_init(&peer->ready, 0, 0);
    peer->id = kit_thread(peer_main, peer);
    while (sem_wait(&peer->ready) < 0)
        ;
}

static inline void peer_wake(void *arg)
{
    struct peer *peer = arg;
    ck_assert(diesel_wake(peer->main, 1));
}

/* Ends its scheduler, after all that was posted before. */
static inline void peer_stop(struct peer *peer)
{
    diesel_error err;
    assert_ok(diesel_post(peer->thread, peer_wake, peer, &err));
    kit_join(peer->id);
    ck_assert_msg(peer->result == 1, "the other thread failed: %s",
                  peer->err.message);
}

static inline void peer_forget(struct peer *peer)
{
    diesel_thread_free(peer->thread);
    sem_destroy(&peer->ready);
}

static atomic_long kit_allocations, kit_fail_at, kit_alive;

static inline bool kit_is_due(void)
{
    return atomic_fetch_add(&kit_allocations, 1) + 1 == atomic_load(&kit_fail_at);
}

static void *kit_count(void *p)
{
    if (p != NULL)
        atomic_fetch_add(&kit_alive, 1);
    return p;
}

static void *kit_malloc(size_t size)
{
    return kit_count(kit_is_due() ? NULL : malloc(size));
}

static void *kit_calloc(size_t count, size_t size)
{
    return kit_count(kit_is_due() ? NULL : calloc(count, size));
}

static void *kit_realloc(void *p, size_t size)
{
    if (kit_is_due())
        return NULL;
    void *moved = realloc(p, size);
    return p == NULL ? kit_count(moved) : moved;
}

static void kit_free(void *p)
{
    if (p != NULL)
        atomic_fetch_sub(&kit_alive, 1);
    free(p);
}

/* From here on the n-th allocation fails, 0: none; counting begins anew. */
static inline void kit_fail(long n)
{
    atomic_store(&kit_allocations, 0);
    atomic_store(&kit_fail_at, n);
}

/* To be called before anything else of Diesel. */
static inline void kit_allocator(void)
{
    static const diesel_allocator faulty = {kit_malloc, kit_calloc, kit_realloc,
                                            kit_free};
    diesel_allocator_set(&faulty);
    kit_fail(0);
}

#endif

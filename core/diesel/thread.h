/* SPDX-License-Identifier: MIT */
/*
 * Threads: reaching the scheduler of another thread. Everything of Diesel belongs
 * to the thread that it was made on; a handle is what may be passed around.
 *
 *     diesel_thread *there;             made by the other thread's fiber with
 *                                       there = diesel_thread_here(&err)
 *     struct job job = {...};
 *     if (diesel_call(there, work, &job, &err) < 0)
 *         return diesel_fail(&err);
 *     diesel_thread_free(there);
 *
 * A thread whose fibers all wait is not stuck as long as somebody holds a handle
 * to it, since something may still come: free handles that are not needed.
 * A handle may outlive the scheduler; calls then fail with CLOSED.
 */
#ifndef DIESEL_THREAD_H
#define DIESEL_THREAD_H

#include <stdbool.h>

#include <diesel/error.h>
#include <diesel/fiber.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct diesel_thread diesel_thread;

/* A handle to the scheduler of the calling thread. Owned by the caller, freed
 * with diesel_thread_free() on any thread. Not only in fibers. NOMEM, LIMIT (no
 * descriptor is free), CLOSED (the scheduler is ending). Never switches fibers. */
diesel_thread *diesel_thread_here(diesel_error *err);

/* Another handle to the same scheduler, owned by the caller. On any thread, with
 * a scheduler or without. Never switches fibers. */
diesel_thread *diesel_thread_share(diesel_thread *thread);

/* Frees a handle, on any thread. NULL does nothing. Never switches fibers. */
void diesel_thread_free(diesel_thread *thread);

/* Whether it is the scheduler of the calling thread. Never switches fibers. */
bool diesel_thread_is_here(const diesel_thread *thread);

/* Has fn(arg) run on the other thread, outside fibers, soon: it may do all that
 * never switches, such as wake a fiber, cancel a scope, start a fiber in a
 * detached scope. Functions that one thread posts run in that order. May be
 * called on any thread, with a scheduler or without, and from a function that was
 * posted; also to the own thread.
 * 0: fn is called, once, at the latest when the scheduler over there ends. -1, and
 * fn is never called: CLOSED (it has ended), NOMEM, FAILED (in a forked child:
 * the thread is one of the parent's). Never switches fibers. */
int diesel_post(diesel_thread *to, void (*fn)(void *arg), void *arg,
                diesel_error *err);

/* Runs fn(arg) as a fiber on the other thread and waits until it has ended, so
 * that arg may lie on the caller's stack. Returns what fn returned; if that is
 * negative, with the fiber's error. Cancellation and deadline of the caller's scope
 * reach the fiber over there, and are waited for as well. Or -1, and fn was not
 * called: CLOSED, NOMEM, LIMIT, FAILED as above, or CANCELLED or TIMEDOUT at once.
 * Switches fibers always, unless it fails at once. In fibers only. */
int diesel_call(diesel_thread *to, diesel_fn *fn, void *arg, diesel_error *err);

#ifdef __cplusplus
}
#endif
#endif

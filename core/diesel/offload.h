/* SPDX-License-Identifier: MIT */
/*
 * Offloading: a function that would block its thread runs on a thread of a pool,
 * while only the calling fiber waits.
 *
 *     static int look_up(void *arg, diesel_error *err)    on a pool's thread
 *     {
 *         struct query *query = arg;
 *         query->entry = getpwnam(query->name);           a call that blocks
 *         return query->entry != NULL ? 0 : diesel_error_sys(err, errno, ...);
 *     }
 *
 *     if (diesel_offload(NULL, look_up, &query, DIESEL_FOREVER, &err) < 0)
 *         return diesel_fail(&err);
 *
 * On the pool's thread there is no scheduler: the function may use what needs
 * none, such as errors, memory, diesel_post(), and channels between threads. All
 * signals are blocked there.
 */
#ifndef DIESEL_OFFLOAD_H
#define DIESEL_OFFLOAD_H

#include <stddef.h>
#include <stdint.h>

#include <diesel/error.h>
#include <diesel/time.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What runs on the pool: a negative result is a failure, with *err filled. */
typedef int diesel_offload_fn(void *arg, diesel_error *err);

/* A pool of threads, which any thread's fibers may use. */
typedef struct diesel_workers diesel_workers;

typedef struct diesel_workers_options {
    const char *name;   /* of its threads, cut to 15 bytes; copied; NULL: "diesel" */
    size_t threads;     /* at most, started when needed; 0: 8                 */
    size_t queue_limit; /* how many calls may wait for a thread; 0: any number */
} diesel_workers_options;

/* Makes a pool; options may be NULL. Owned by the caller. NOMEM. Never switches
 * fibers. */
diesel_workers *diesel_workers_new(const diesel_workers_options *options,
                                   diesel_error *err);

/* Frees a pool, on any thread: calls that wait for a thread get CLOSED, those that
 * run end as they would; the last thread takes the memory with it. NULL does
 * nothing. Never waits, never switches fibers. */
void diesel_workers_free(diesel_workers *workers);

/* Runs fn(arg) on a thread of the pool, or of the process's own pool if `workers`
 * is NULL, and waits for its end. Returns what fn returned, if negative with
 * its error. Or -1, and fn has not run: TIMEDOUT, CANCELLED, LIMIT (the queue is
 * full, or no thread could be started), NOMEM, CLOSED, FAILED (in a forked child: the
 * pool is the parent's).
 * Once fn runs, cancellation and the deadline do not end the wait, since arg may
 * lie on the caller's stack: see diesel_offload_owned(). Switches fibers, unless
 * it fails at once; checks for cancellation always. In fibers only.
 *
 * The process's own pool has the default options. It lives as long as there is a
 * scheduler that has used it. */
int diesel_offload(diesel_workers *workers, diesel_offload_fn *fn, void *arg,
                   int64_t deadline, diesel_error *err);

/* The same, but cancellation and the deadline end the wait at once, whether fn has
 * begun or not. The argument is then taken, and *arg set to NULL: drop() is called
 * with it, once, when fn has ended, on the pool's thread, or right here if fn has
 * not begun, and never will. In all other cases *arg stays, and is the
 * caller's. *arg must not be NULL. */
int diesel_offload_owned(diesel_workers *workers, diesel_offload_fn *fn,
                         void **arg, void (*drop)(void *arg), int64_t deadline,
                         diesel_error *err);

#ifdef __cplusplus
}
#endif
#endif

/* SPDX-License-Identifier: MIT */
/*
 * One scheduler for each core: the same function as the first fiber of several
 * threads. They share nothing by themselves and no work moves between them. A server's
 * threads each listen on the same port, with `reuse_port` of
 * diesel_listen_options, and the kernel deals the connections out.
 *
 *     static int serve(int index, void *arg)
 *     {
 *         diesel_listener *l = diesel_tcp_listen(
 *             "::", 7000, &(diesel_listen_options){.reuse_port = true}, &err);
 *         ...
 *     }
 *     int main(void)
 *     {
 *         diesel_error err;
 *         if (diesel_run_threads(0, serve, NULL, NULL, &err) < 0)
 *             ...
 *     }
 *
 * What they have to say to each other goes through <diesel/thread_channel.h> and
 * <diesel/thread.h>.
 */
#ifndef DIESEL_THREADS_H
#define DIESEL_THREADS_H

#include <stdbool.h>

#include <diesel/error.h>
#include <diesel/run.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The first fiber of thread `index`, 0, 1, ... A negative result is a failure, see
 * diesel_fail(). */
typedef int diesel_thread_fn(int index, void *arg);

typedef struct diesel_run_threads_options {
    const diesel_options *each; /* of each scheduler; NULL: the defaults        */
    bool pin;             /* bind each thread to a CPU, in turn, of those that
                             the process may use (sched_setaffinity(2))         */
    diesel_error *errors; /* one for each thread, or NULL: with what error it has
                             ended, CANCELLED after a stop; code 0: well        */
} diesel_run_threads_options;

/* On how many CPUs the process may run, at least 1. Never switches fibers. */
int diesel_cpu_count(void);

/* Runs fn(index, arg) as the first fiber of `count` threads (0: as many as
 * diesel_cpu_count()), of which thread 0 is the calling one, and returns when all
 * have ended. If one fails, the others are stopped, that is, fn is cancelled.
 * options may be NULL.
 *
 * 0, or -1 with the error of the first that failed, of which the message names the
 * thread: fn's, those of diesel_run(), LIMIT and NOMEM (no more threads), BUSY (this
 * thread has a scheduler), INVAL (a count below 0), IO or INVAL (a CPU that the
 * thread may not be bound to). That fn was cancelled by diesel_stop_threads() is no
 * failure. A thread on which all fibers wait for each other is not found to be stuck,
 * as it may be stopped. Not to be called from a fiber. */
int diesel_run_threads(int count, diesel_thread_fn *fn, void *arg,
                       const diesel_run_threads_options *options,
                       diesel_error *err);

/* Stops all threads of the diesel_run_threads() that the calling thread is one of:
 * fn is cancelled on each, here too, as by diesel_scope_cancel(). Inside or outside
 * fibers. It does nothing on other threads. Never switches fibers. */
void diesel_stop_threads(void);

#ifdef __cplusplus
}
#endif
#endif

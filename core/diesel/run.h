/* SPDX-License-Identifier: MIT */
/*
 * Entry: a thread's scheduler, from outside fibers.
 *
 *     static int app(void *arg) { ... return 0; }
 *     int main(void) { return diesel_main(app, NULL); }
 *
 * A program that has an event_base of its own attaches to it, see
 * <diesel/event.h>.
 */
#ifndef DIESEL_RUN_H
#define DIESEL_RUN_H

#include <stddef.h>
#include <stdint.h>

#include <diesel/error.h>
#include <diesel/fiber.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct diesel_options {
    size_t stack_size; /* bytes of a fiber's stack, rounded up to pages, at
                          most 1 GiB; 0: 64 KiB (256 KiB under
                          AddressSanitizer)                                */
    int64_t stall_ms;    /* a fiber that has not switched for so long is logged as
                            a warning of the logger "diesel.stall", with where it
                            is; 0: as the environment's DIESEL_STALL_MS says, or
                            never. A thread watches, which sends SIGURG to
                            this one then: calls like poll(2), which are not
                            restarted, may end with EINTR                   */
    const char *console; /* path of a console's Unix socket, "%p" in it being
                            the process's number; NULL: as the environment
                            says, see <diesel/console.h>; "": none          */
} diesel_options;

/* Makes a scheduler for this thread, runs fn(arg) as its first fiber, and
 * returns when that fiber has ended; fibers in detached scopes are then
 * cancelled and waited for. options may be NULL. Returns what fn returned, which
 * is negative on failure, with the fiber's error in *err; or -1 with BUSY (the
 * thread has a scheduler already), INVAL (options), NOMEM, LIMIT. If every fiber waits and no
 * event can come that would wake one, they are all cancelled, and the error is
 * FAILED with a message which says who waited for what; the logger
 * "diesel.deadlock" has all of them, with their backtraces. Not to be called from
 * a fiber. */
int diesel_run(diesel_fn *fn, void *arg, const diesel_options *options,
               diesel_error *err);

/* diesel_run() for main(): on failure prints "PROGRAM: message" to stderr.
 * Returns an exit status: 0, or 1 on failure. */
int diesel_main(diesel_fn *fn, void *arg);

#ifdef __cplusplus
}
#endif
#endif

/* SPDX-License-Identifier: MIT */
/*
 * Scopes: the one primitive of structured concurrency. A scope holds fibers and
 * perhaps a deadline, and is left only when its fibers have ended.
 *
 *     diesel_scope *all = diesel_scope_open(
 *         &(diesel_scope_options){.timeout_ms = 2000});
 *     for (size_t i = 0; i < n; i++)
 *         diesel_go(all, greet, &jobs[i]);
 *     if (diesel_scope_wait(all, &err) < 0)
 *         ...
 *
 * A scope opened by a fiber is that fiber's nearest scope until it waits for it:
 * its deadline and its cancellation reach the fiber's own blocking calls as well
 * as those of the fibers in the scope, and every scope nested inside.
 *
 * Cancellation is level-triggered: once a scope is cancelled, every call in it
 * that can switch fibers fails at once, with DIESEL_E_CANCELLED, or with
 * DIESEL_E_TIMEDOUT if it was the deadline. Clean-up that must still talk to
 * the world opens a shielded scope.
 *
 * The first fiber that fails (returns a negative number) cancels its scope, and
 * its error is what diesel_scope_wait() reports.
 */
#ifndef DIESEL_SCOPE_H
#define DIESEL_SCOPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <diesel/error.h>
#include <diesel/fiber.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct diesel_scope diesel_scope;

typedef struct diesel_scope_options {
    const char *label;  /* for messages; borrowed for the scope's life; may be NULL */
    int64_t timeout_ms; /* from now; 0: no deadline of its own                  */
    bool shield;        /* the cancellation and deadlines of the scopes around
                           it do not reach it                                   */
    bool detached;      /* not the nearest scope of the fiber that opens it, and
                           not bound to that fiber's life: a home for the
                           background fibers of a library object. Only
                           diesel_scope_cancel(), a failing fiber and the end of
                           the scheduler cancel it. Any fiber may wait for it,
                           one at a time; it may be opened outside fibers.      */
} diesel_scope_options;

/* Opens a scope; options may be NULL. Owned by the caller: left, and freed,
 * with diesel_scope_wait(), by the fiber that opened it, innermost first; a
 * fiber that returns without doing so aborts the program with a message.
 * NULL without memory. That need not be checked, as every function here takes a
 * NULL scope: diesel_go() then fails and diesel_scope_wait() says NOMEM; only a
 * deadline for the calls between is then missing. Never switches fibers. */
diesel_scope *diesel_scope_open(const diesel_scope_options *options);

/* Starts fn(arg) as a fiber in the scope. It runs when the calling fiber next
 * switches. Never switches fibers. If there is no memory for a stack, returns
 * -1, and the scope fails with DIESEL_E_NOMEM: it need not be checked here.
 * The label is the function's name. (The argument is variadic for the sake of
 * compound literals with commas: diesel_go(s, fn, &(struct job){a, b}).) */
#define diesel_go(scope, fn, ...)                                              \
    diesel_go_labelled((scope), #fn, (fn), __VA_ARGS__)

/* The same with a label of one's own, borrowed until the scope has been waited for: it
 * may be what failed. */
int diesel_go_labelled(diesel_scope *scope, const char *label, diesel_fn *fn,
                       void *arg);

/* Waits until every fiber of the scope has ended, then leaves and frees the
 * scope. Switches fibers, unless all have ended already.
 *
 * 0: every fiber ended well, and the scope was not cut short.
 * -1: the first failing fiber's error; or TIMEDOUT if the deadline cut something
 * off; or CANCELLED or TIMEDOUT if a scope around it was cancelled.
 * Errors that only say that diesel_scope_cancel() reached a fiber are no
 * failure.
 * The scope is gone either way.
 *
 * A fiber whose own call fails between opening and waiting gives both the same
 * error: it keeps what the call said, unless the scope knows the reason better.
 *
 *     int result = diesel_stream_write(stream, p, n, DIESEL_FOREVER, &err);
 *     if (result < 0)
 *         diesel_scope_cancel(scope);
 *     if (diesel_scope_wait(scope, &err) < 0)
 *         result = -1;
 */
int diesel_scope_wait(diesel_scope *scope, diesel_error *err);

/* Cancels everything in the scope. Never switches fibers: the fibers see it in
 * their next (or present) blocking call. May be called more than once, from any
 * fiber of the thread and from outside fibers. */
void diesel_scope_cancel(diesel_scope *scope);

/* How many fibers of the scope have not ended. Never switches fibers. */
size_t diesel_scope_count(const diesel_scope *scope);

/* The deadline that calls of the running fiber obey: the soonest of the scopes
 * around it up to the first shield; DIESEL_FOREVER if there is none. Never
 * switches fibers. */
int64_t diesel_deadline(void);

#ifdef __cplusplus
}
#endif
#endif

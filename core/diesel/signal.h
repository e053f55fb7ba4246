/* SPDX-License-Identifier: MIT */
/*
 * Signals as events: a fiber waits for them as for anything else.
 *
 *     static const int reload[] = {SIGHUP};
 *     diesel_signals *signals = diesel_signals_open(reload, 1, &err);
 *     while (diesel_signals_wait(signals, DIESEL_FOREVER, &err) > 0)
 *         read_configuration();
 *     diesel_signals_close(signals);
 *
 * A signal reaches every receiver that has its number, in all threads; while there
 * is one, the signal has no other effect. When the last is closed, what was set before
 * (sigaction(2)) is restored. Like the system, a receiver holds a number at most once
 * until somebody takes it. Signals must not be blocked in all threads.
 * exec(3) and forked children do not inherit receivers.
 */
#ifndef DIESEL_SIGNAL_H
#define DIESEL_SIGNAL_H

#include <stddef.h>
#include <stdint.h>

#include <diesel/error.h>
#include <diesel/fiber.h>
#include <diesel/select.h>
#include <diesel/time.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct diesel_signals diesel_signals;

/* Receives the signals of these numbers from now on. Owned by the caller, closed
 * with diesel_signals_close(). NULL: INVAL (not a signal, or one that cannot be
 * received: SIGKILL, SIGSTOP, and faults such as SIGSEGV), NOMEM, LIMIT. Not
 * only in fibers. Never switches fibers. */
diesel_signals *diesel_signals_open(const int *numbers, size_t count,
                                    diesel_error *err);

/* Waits for a signal: its number, the lowest if several have come; or -1:
 * TIMEDOUT, CANCELLED, CLOSED (closed while waiting). Each signal goes to one of the
 * fibers that wait on the receiver. Switches fibers only if it must wait; checks for
 * cancellation always. */
int diesel_signals_wait(diesel_signals *signals, int64_t deadline,
                        diesel_error *err) __attribute__((warn_unused_result));

/* For diesel_select(): a signal has come. result: its number; 0: the receiver was
 * closed. Never switches fibers. */
diesel_case diesel_case_signals(diesel_signals *signals);

/* Ends receiving, and frees. Waiting fibers get CLOSED. NULL does nothing. Never
 * switches fibers. */
void diesel_signals_close(diesel_signals *signals);

/* Runs fn(arg) as a fiber in a scope of its own, and cancels that scope when one of
 * the signals comes: the way to shut down in good order.
 *
 *     static const int stop[] = {SIGINT, SIGTERM};
 *     return diesel_until_signal(serve, &server, stop, 2, NULL, &err);
 *
 * The first signal also restores what was set before, so that a second Ctrl-C ends a
 * program whose shutting down takes too long. 0: fn has ended well or was
 * cancelled by a signal, whose number is then in *number (0: none; may be
 * NULL). -1: fn's error, or as diesel_signals_open(), or as diesel_scope_wait().
 * Switches fibers always. In fibers only. */
int diesel_until_signal(diesel_fn *fn, void *arg, const int *numbers,
                        size_t count, int *number, diesel_error *err);

#ifdef __cplusplus
}
#endif
#endif

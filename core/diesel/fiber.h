/* SPDX-License-Identifier: MIT */
/*
 * Fibers: threads of control that share one operating system thread and take
 * turns. A fiber runs until it calls something that switches fibers; each
 * function in Diesel's headers says whether it does. Fibers are started in a
 * scope, see <diesel/scope.h>.
 *
 *     static int tick(void *arg)
 *     {
 *         diesel_error err;
 *         for (int i = 0; i < 3; i++) {
 *             puts(arg);
 *             if (diesel_sleep(100, &err) < 0)
 *                 return diesel_fail(&err);
 *         }
 *         return 0;
 *     }
 *
 * A stack has 64 KiB unless diesel_options says otherwise, with a guard below it.
 * Large buffers belong on the heap. A fiber that runs into the guard is named on
 * stderr, with a backtrace, before SIGSEGV takes its course.
 *
 * Everything of Diesel belongs to the thread that it was made on.
 */
#ifndef DIESEL_FIBER_H
#define DIESEL_FIBER_H

#include <stdbool.h>
#include <stdint.h>

#include <diesel/error.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct diesel_fiber diesel_fiber;

/* What a fiber runs. A negative result is a failure: it cancels the scope that
 * the fiber was started in. */
typedef int diesel_fn(void *arg);

/* The running fiber; NULL outside fibers. Never switches fibers. */
diesel_fiber *diesel_self(void);

/* The fiber's name: the one that was given when it was started, or its own of
 * diesel_label(). Borrowed until the fiber ends or calls diesel_label(). Never
 * switches fibers. */
const char *diesel_fiber_label(const diesel_fiber *fiber);

/* The bytes of a label that a fiber gives itself, with the zero; a longer one is
 * cut off. */
#define DIESEL_LABEL_SIZE 120

/* Gives the running fiber a label of its own, made as by printf(3): "GET /index",
 * say. It is what the console, logs and reports call it from now on, until it
 * ends; its scope's error names it by the first label. Without memory the label
 * stays as it is. Nothing happens outside fibers. Never switches fibers. */
void diesel_label(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

/* Lets the other runnable fibers go first. Switches fibers.
 * CANCELLED or TIMEDOUT when the nearest scope has been cancelled. */
int diesel_yield(diesel_error *err);

/* Sleeps for at least `ms` milliseconds; 0 and less is a yield. Switches
 * fibers. CANCELLED or TIMEDOUT when the nearest scope is cancelled first. */
int diesel_sleep(int64_t ms, diesel_error *err);

/* 0, or -1 with CANCELLED or TIMEDOUT if the nearest scope has been cancelled:
 * for long computations between two switches. Never switches fibers. */
int diesel_check(diesel_error *err);

/* Leaves *err as the reason why the running fiber fails, and returns -1:
 * `return diesel_fail(&err);`. The error is copied. Never switches fibers. */
int diesel_fail(const diesel_error *err);

#ifdef __cplusplus
}
#endif
#endif

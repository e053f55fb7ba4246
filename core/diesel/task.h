/* SPDX-License-Identifier: MIT */
/*
 * Tasks: fibers whose result somebody wants, perhaps before the whole scope ends.
 *
 *     diesel_task left, right;
 *     diesel_scope *both = diesel_scope_open(NULL);
 *     diesel_task_go(both, &left, count_words, a);
 *     diesel_task_go(both, &right, count_words, b);
 *     if (diesel_scope_wait(both, &err) < 0)
 *         return diesel_fail(&err);
 *     printf("%d\n", left.result + right.result);
 *
 * A task is a fiber of its scope like any other: if it fails, it cancels its
 * siblings, and the first error is what diesel_scope_wait() reports. The result
 * is the int that the function returned; what is larger has a place in what
 * `arg` points to.
 */
#ifndef DIESEL_TASK_H
#define DIESEL_TASK_H

#include <stdbool.h>
#include <stdint.h>

#include <diesel/error.h>
#include <diesel/fiber.h>
#include <diesel/scope.h>
#include <diesel/select.h>
#include <diesel/time.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Lies in the caller's memory until its scope has been waited for. */
typedef struct diesel_task {
    bool ended;
    int result;         /* what the function returned, once it has ended; -1 before,
                           and if it was never started                           */
    diesel_error error; /* why it failed, if result < 0 and it has ended or was
                           never started                                         */
    /* Private. */
    diesel_fn *fn;
    void *arg;
    const char *label;
    diesel_link waiters;
} diesel_task;

/* Starts fn(arg) as a fiber in the scope, and has *task keep its result; *task need
 * not be initialised. As diesel_go(): -1 without memory, which fails the scope with
 * NOMEM and need not be checked; the task has then ended with that error. Never
 * switches fibers. */
#define diesel_task_go(scope, task, fn, ...)                                   \
    diesel_task_go_labelled((scope), (task), #fn, (fn), __VA_ARGS__)

/* The same with a label of one's own, borrowed until the scope has been waited
 * for. */
int diesel_task_go_labelled(diesel_scope *scope, diesel_task *task,
                            const char *label, diesel_fn *fn, void *arg);

/* Waits until the task has ended: its result (0 or more), or -1 with its error; or
 * TIMEDOUT or CANCELLED for the wait itself. Any number of fibers may wait, and
 * more than once. A task that fails cancels its scope: who waits in that
 * scope sees CANCELLED as a rule, and the reason in diesel_scope_wait(). Switches
 * fibers only if it must wait; checks for cancellation always. */
int diesel_task_wait(diesel_task *task, int64_t deadline, diesel_error *err)
    __attribute__((warn_unused_result));

/* In a select, see <diesel/select.h>: happens when the task has ended. result: the
 * task's, negative if it failed, for which see task->error. Never switches
 * fibers. */
diesel_case diesel_case_task(diesel_task *task);

#ifdef __cplusplus
}
#endif
#endif

/* SPDX-License-Identifier: MIT */
/*
 * Tasks: a fiber that runs the caller's function and leaves the result, and the
 * reason of a failure, in the caller's memory, before its scope sees it end.
 */
#include <diesel/task.h>

#include "wait_internal.h"

static const char for_task[] = "a task";

/* What diesel_fail() left stays with the fiber, for the scope. */
static void keep_error(diesel_task *task)
{
    const diesel_error *error = diesel_self()->error;
    if (error != NULL)
        task->error = *error;
    else
        diesel_error_set(&task->error, DIESEL_E_FAILED, DIESEL_DOM_CORE, 0,
                         "fiber %s failed and gave no error", task->label);
}

static int run_task(void *arg)
{
    diesel_task *task = arg;
    task->result = task->fn(task->arg);
    task->ended = true;
    if (task->result < 0)
        keep_error(task);
    diesel__wake_all(diesel__current, &task->waiters, 0, task->result);
    return task->result;
}

int diesel_task_go_labelled(diesel_scope *scope, diesel_task *task,
                            const char *label, diesel_fn *fn, void *arg)
{
    task->ended = false;
    task->result = -1;
    task->error.code = 0;
    task->error.message[0] = '\0';
    task->fn = fn;
    task->arg = arg;
    task->label = label;
    diesel__link_init(&task->waiters);
    if (diesel_go_labelled(scope, label, run_task, task) == 0)
        return 0;
    task->ended = true;
    return diesel_error_nomem(&task->error, "a fiber's stack");
}

static int outcome(const diesel_task *task, diesel_error *err)
{
    if (task->result < 0 && err != NULL)
        *err = task->error;
    return task->result < 0 ? -1 : task->result;
}

int diesel_task_wait(diesel_task *task, int64_t deadline, diesel_error *err)
{
    diesel__sched *s = diesel__sched_need("diesel_task_wait");
    if (diesel__is_cut(s))
        return diesel__cut(s, for_task, err);
    if (!task->ended &&
        diesel__wait_for(&task->waiters, task, for_task, deadline, err) < 0)
        return -1;
    return outcome(task, err);
}

static bool poll_task(diesel_case *c)
{
    const diesel_task *task = c->object;
    c->result = task->result;
    return task->ended;
}

static int enlist_task(diesel_case *c, diesel_error *err)
{
    (void)err;
    diesel_task *task = c->object;
    diesel_cases_append(&task->waiters, c);
    return 0;
}

static const diesel_waitable on_task = {for_task, poll_task, enlist_task,
                                        diesel_cases_remove};

diesel_case diesel_case_task(diesel_task *task)
{
    return (diesel_case){.on = &on_task, .object = task};
}

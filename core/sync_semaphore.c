/* SPDX-License-Identifier: MIT */
/*
 * Semaphores. What is given goes straight to the first waiter: while somebody waits,
 * the count is 0.
 */
#include <diesel/sync.h>

#include "wait_internal.h"

static const char for_semaphore[] = "a semaphore";

static bool take(diesel_semaphore *semaphore)
{
    if (semaphore->count == 0)
        return false;
    semaphore->count--;
    return true;
}

int diesel_semaphore_take(diesel_semaphore *semaphore, int64_t deadline,
                          diesel_error *err)
{
    diesel__sched *s = diesel__sched_need("diesel_semaphore_take");
    if (diesel__is_cut(s))
        return diesel__cut(s, for_semaphore, err);
    if (take(semaphore))
        return 0;
    return diesel__wait_for(diesel__queue(&semaphore->waiters), NULL,
                            for_semaphore, deadline, err);
}

void diesel_semaphore_give(diesel_semaphore *semaphore)
{
    diesel__sched *s = diesel__sched_need("diesel_semaphore_give");
    if (diesel__wake_any(s, diesel__queue(&semaphore->waiters), 0, 0) == NULL)
        semaphore->count++;
}

static bool poll_semaphore(diesel_case *c)
{
    c->result = 0;
    return take(c->object);
}

static int enlist_semaphore(diesel_case *c, diesel_error *err)
{
    (void)err;
    diesel_semaphore *semaphore = c->object;
    diesel_cases_append(diesel__queue(&semaphore->waiters), c);
    return 0;
}

static const diesel_waitable on_semaphore = {for_semaphore, poll_semaphore,
                                             enlist_semaphore,
                                             diesel_cases_remove};

diesel_case diesel_case_semaphore(diesel_semaphore *semaphore)
{
    return (diesel_case){.on = &on_semaphore, .object = semaphore};
}

/* SPDX-License-Identifier: MIT */
/*
 * Mutexes, and what is made of one: conditions and once.
 *
 * Unlocking hands the mutex to the first waiter at once, before that runs: so a mutex
 * that is free has no waiter who could be overtaken.
 */
#include <diesel/sync.h>

#include "wait_internal.h"

static const char for_mutex[] = "a mutex";
static const char for_change[] = "a condition";

static bool take(diesel_mutex *mutex, diesel_fiber *self)
{
    if (mutex->owner == self)
        diesel__misused("a mutex is locked twice");
    if (mutex->owner != NULL)
        return false;
    mutex->owner = self;
    return true;
}

int diesel_mutex_lock(diesel_mutex *mutex, int64_t deadline, diesel_error *err)
{
    diesel__sched *s = diesel__sched_need("diesel_mutex_lock");
    if (diesel__is_cut(s))
        return diesel__cut(s, for_mutex, err);
    if (take(mutex, s->current))
        return 0;
    return diesel__wait_for(diesel__queue(&mutex->waiters), NULL, for_mutex,
                            deadline, err);
}

/* Locks it whatever happens. A cancellation takes the fiber out of its place in
 * the queue, at most once for each scope; then it waits anew. */
static void lock_anyhow(diesel__sched *s, diesel_mutex *mutex)
{
    while (!take(mutex, s->current))
        if (diesel__wait_in(s, diesel__queue(&mutex->waiters), NULL, for_mutex,
                            DIESEL_FOREVER) >= 0)
            return;
}

void diesel_mutex_unlock(diesel_mutex *mutex)
{
    diesel__sched *s = diesel__sched_need("diesel_mutex_unlock");
    if (mutex->owner == NULL || mutex->owner != s->current)
        diesel__misused("a mutex is unlocked that is not held");
    diesel_waiter *next =
        diesel__wake_any(s, diesel__queue(&mutex->waiters), 0, 0);
    mutex->owner = next != NULL ? diesel__waiter_fiber(next) : NULL;
}

static bool poll_mutex(diesel_case *c)
{
    c->result = 0;
    return take(c->object, diesel__current->current);
}

static int enlist_mutex(diesel_case *c, diesel_error *err)
{
    (void)err;
    diesel_mutex *mutex = c->object;
    diesel_cases_append(diesel__queue(&mutex->waiters), c);
    return 0;
}

static const diesel_waitable on_mutex = {for_mutex, poll_mutex, enlist_mutex,
                                         diesel_cases_remove};

diesel_case diesel_case_mutex(diesel_mutex *mutex)
{
    return (diesel_case){.on = &on_mutex, .object = mutex};
}

int diesel_condition_wait(diesel_condition *condition, diesel_mutex *mutex,
                          int64_t deadline, diesel_error *err)
{
    diesel__sched *s = diesel__sched_need("diesel_condition_wait");
    if (mutex->owner == NULL || mutex->owner != s->current)
        diesel__misused("a condition is waited for without its mutex");
    if (diesel__is_cut(s))
        return diesel__cut(s, for_change, err);
    if (deadline <= 0)
        return diesel__park_failed(DIESEL__WAKE_DEADLINE, for_change, err);
    diesel_mutex_unlock(mutex);
    int result = diesel__wait_for(diesel__queue(&condition->waiters), NULL,
                                  for_change, deadline, err);
    lock_anyhow(s, mutex);
    return result;
}

void diesel_condition_signal(diesel_condition *condition)
{
    diesel__wake_any(diesel__sched_need("diesel_condition_signal"),
                     diesel__queue(&condition->waiters), 0, 0);
}

void diesel_condition_broadcast(diesel_condition *condition)
{
    diesel__wake_all(diesel__sched_need("diesel_condition_broadcast"),
                     diesel__queue(&condition->waiters), 0, 0);
}

/* It has always changed before one looks, and never afterwards. */
static bool poll_condition(diesel_case *c)
{
    c->result = 0;
    return false;
}

static int enlist_condition(diesel_case *c, diesel_error *err)
{
    (void)err;
    diesel_condition *condition = c->object;
    diesel_cases_append(diesel__queue(&condition->waiters), c);
    return 0;
}

static const diesel_waitable on_condition = {for_change, poll_condition,
                                             enlist_condition,
                                             diesel_cases_remove};

diesel_case diesel_case_condition(diesel_condition *condition)
{
    return (diesel_case){.on = &on_condition, .object = condition};
}

int diesel_once_run(diesel_once *once, int (*fn)(void *arg, diesel_error *err),
                    void *arg, int64_t deadline, diesel_error *err)
{
    if (once->done)
        return diesel_check(err);
    if (diesel_mutex_lock(&once->mutex, deadline, err) < 0)
        return -1;
    int result = 0;
    if (!once->done) { /* nobody has done it while this one waited */
        result = fn(arg, err) < 0 ? -1 : 0;
        once->done = result == 0;
    }
    diesel_mutex_unlock(&once->mutex);
    return result;
}

/* SPDX-License-Identifier: MIT */
/*
 * Events, and countdowns, which are events that are set at zero.
 */
#include <diesel/sync.h>

#include "wait_internal.h"

static const char for_event[] = "an event";

void diesel_event_set(diesel_event *event)
{
    event->set = true;
    diesel__wake_all(diesel__sched_need("diesel_event_set"),
                     diesel__queue(&event->waiters), 0, 0);
}

void diesel_event_reset(diesel_event *event)
{
    event->set = false;
}

bool diesel_event_is_set(const diesel_event *event)
{
    return event->set;
}

static int wait_for(diesel_event *event, const char *what, int64_t deadline,
                    diesel_error *err)
{
    diesel__sched *s = diesel__sched_need("diesel_event_wait");
    if (diesel__is_cut(s))
        return diesel__cut(s, what, err);
    if (event->set)
        return 0;
    return diesel__wait_for(diesel__queue(&event->waiters), NULL, what, deadline,
                            err);
}

int diesel_event_wait(diesel_event *event, int64_t deadline, diesel_error *err)
{
    return wait_for(event, for_event, deadline, err);
}

static bool poll_event(diesel_case *c)
{
    const diesel_event *event = c->object;
    c->result = 0;
    return event->set;
}

static int enlist_event(diesel_case *c, diesel_error *err)
{
    (void)err;
    diesel_event *event = c->object;
    diesel_cases_append(diesel__queue(&event->waiters), c);
    return 0;
}

static const diesel_waitable on_event = {for_event, poll_event, enlist_event,
                                         diesel_cases_remove};

diesel_case diesel_case_event(diesel_event *event)
{
    return (diesel_case){.on = &on_event, .object = event};
}

/* --- Countdowns. A fresh one, all zero, has nothing left, but its event is not
 * set: so `count` says whether to wait. */

void diesel_countdown_add(diesel_countdown *countdown, size_t n)
{
    if (__builtin_add_overflow(countdown->count, n, &countdown->count))
        diesel__misused("a countdown is given more than it can count");
    countdown->zero.set = countdown->count == 0;
}

void diesel_countdown_done(diesel_countdown *countdown, size_t n)
{
    if (n > countdown->count)
        diesel__misused("a countdown goes below zero");
    countdown->count -= n;
    if (countdown->count == 0)
        diesel_event_set(&countdown->zero);
}

int diesel_countdown_wait(diesel_countdown *countdown, int64_t deadline,
                          diesel_error *err)
{
    countdown->zero.set = countdown->count == 0;
    return wait_for(&countdown->zero, "a countdown", deadline, err);
}

diesel_case diesel_case_countdown(diesel_countdown *countdown)
{
    countdown->zero.set = countdown->count == 0;
    return diesel_case_event(&countdown->zero);
}

/* SPDX-License-Identifier: MIT */
/*
 * Select: polls the cases, and if none can happen now, enlists them with their
 * objects and parks.
 *
 * That exactly one case happens rests on diesel__wake(): a parked fiber is woken
 * once. Firing is waking with the case's index, so the first to fire wins, all
 * others, and a cancellation and deadline, come too late, and are told so. Between
 * polling and parking nothing switches, so nothing can happen unseen.
 *
 * Where polling begins is random, not a turn that moves on: a turn could keep step
 * with a program that selects here and there by turns.
 */
#include <diesel/select.h>

#include <stdio.h>
#include <stdlib.h>

#include "sched_internal.h"
#include "wait_internal.h"

/* Where to begin among `count`. */
static size_t pick(diesel__sched *s, size_t count)
{
    s->dice = s->dice * 6364136223846793005u + 1442695040888963407u;
    return (size_t)(((s->dice >> 32) * (uint64_t)count) >> 32);
}

static int poll_all(diesel__sched *s, diesel_case *cases, size_t count)
{
    size_t i = count > 1 ? pick(s, count) : 0;
    for (size_t left = count; left > 0; left--) {
        diesel_case *c = &cases[i];
        if (c->on != NULL && c->on->poll(c))
            return (int)i;
        if (++i == count)
            i = 0;
    }
    return -1;
}

static void withdraw_all(diesel_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (cases[i].on != NULL)
            cases[i].on->withdraw(&cases[i]);
}

static int enlist_all(diesel__sched *s, diesel_case *cases, size_t count,
                      diesel_error *err)
{
    for (size_t i = 0; i < count; i++) {
        diesel_case *c = &cases[i];
        if (c->on == NULL)
            continue;
        c->index = (int)i;
        c->fiber = s->current;
        c->waiter = (diesel_waiter){.item = c->item};
        diesel__link_init(&c->waiter.link);
        if (c->on->enlist(c, err) < 0) {
            withdraw_all(cases, i);
            return -1;
        }
    }
    return 0;
}

static const char *what_for(const diesel_case *cases, size_t count)
{
    return count == 1 && cases[0].on != NULL ? cases[0].on->what
                                             : "the first of several";
}

/* When the first case wants to be polled again. */
static int64_t soonest(const diesel_case *cases, size_t count)
{
    int64_t when = INT64_MAX;
    for (size_t i = 0; i < count; i++)
        if (cases[i].on != NULL && cases[i].when != 0 && cases[i].when < when)
            when = cases[i].when;
    return when;
}

/* Waits for a case to be fired, or until `when`. An index, DIESEL__WAKE_DEADLINE,
 * or -1 with *err filled. */
static int wait_once(diesel__sched *s, diesel_case *cases, size_t count,
                     int64_t when, diesel_error *err)
{
    const char *what = what_for(cases, count);
    if (enlist_all(s, cases, count, err) < 0)
        return -1;
    int woken = diesel__park(s, what, when);
    withdraw_all(cases, count);
    if (woken >= 0 || woken == DIESEL__WAKE_DEADLINE)
        return woken;
    return diesel__park_failed(woken, what, err);
}

int diesel_select(diesel_case *cases, size_t count, int64_t deadline,
                  diesel_error *err)
{
    diesel__sched *s = diesel__current;
    if (DIESEL__UNLIKELY(count > INT_MAX))
        return diesel_error_set(err, DIESEL_E_INVAL, DIESEL_DOM_CORE, 0,
                                "a select of %zu cases", count);
    if (diesel__is_cut(s))
        return diesel__cut(s, what_for(cases, count), err);
    int64_t end = diesel__deadline_ns(deadline);
    for (;;) {
        int got = poll_all(s, cases, count);
        if (got >= 0)
            return got;
        int64_t when = soonest(cases, count);
        got = DIESEL__WAKE_DEADLINE;
        if (end > 0)
            got = wait_once(s, cases, count, when < end ? when : end, err);
        if (got != DIESEL__WAKE_DEADLINE)
            return got;
        if (end < when)
            return diesel__park_failed(got, what_for(cases, count), err);
    }
}

bool diesel_case_fire(diesel_case *c, int result)
{
    if (!diesel__wake(diesel__current, c->fiber, c->index))
        return false;
    c->result = result;
    return true;
}

/* --- Queues of those who wait. */

static bool wake_waiter(diesel__sched *s, diesel_waiter *waiter, int value,
                        int result)
{
    if (waiter->fiber != NULL)
        return diesel__wake(s, waiter->fiber, value);
    return diesel_case_fire(DIESEL__HOLDER(waiter, diesel_case, waiter), result);
}

diesel_waiter *diesel__wake_head(diesel__sched *s, diesel__link *queue, int value,
                                 int result)
{
    diesel_waiter *waiter = DIESEL__HOLDER(queue->next, diesel_waiter, link);
    diesel__link_remove(&waiter->link);
    return wake_waiter(s, waiter, value, result) ? waiter : NULL;
}

__attribute__((noinline)) diesel_waiter *diesel__wake_any(diesel__sched *s,
                                                          diesel__link *queue,
                                                          int value, int result)
{
    diesel_waiter *waiter = NULL;
    while (waiter == NULL && !diesel__list_is_empty(queue))
        waiter = diesel__wake_head(s, queue, value, result);
    return waiter;
}

int diesel__wait_for(diesel__link *queue, void *item, const char *what,
                     int64_t deadline, diesel_error *err)
{
    int woken = diesel__wait_in(diesel__current, queue, item, what, deadline);
    return woken >= 0 ? 0 : diesel__park_failed(woken, what, err);
}

void diesel__misused(const char *what)
{
    const diesel_fiber *self = diesel_self();
    fprintf(stderr, "diesel: %s, by %s\n", what,
            self != NULL ? self->label : "code outside fibers");
    abort();
}

void diesel_cases_init(diesel_link *queue)
{
    diesel__link_init(queue);
}

void diesel_cases_append(diesel_link *queue, diesel_case *c)
{
    diesel__list_append(queue, &c->waiter.link);
}

void diesel_cases_remove(diesel_case *c)
{
    diesel__link_remove(&c->waiter.link);
}

bool diesel_cases_is_empty(const diesel_link *queue)
{
    return diesel__list_is_empty(queue);
}

diesel_case *diesel_cases_fire(diesel_link *queue, int result)
{
    diesel_waiter *waiter =
        diesel__wake_any(diesel__current, queue, 0, result);
    return waiter != NULL ? DIESEL__HOLDER(waiter, diesel_case, waiter) : NULL;
}

void diesel_cases_fire_all(diesel_link *queue, int result)
{
    while (diesel_cases_fire(queue, result) != NULL)
        ;
}

/* --- Time. */

static bool poll_timer(diesel_case *c)
{
    c->result = 0;
    return c->when <= diesel__clock();
}

/* select itself looks after the time of its cases. */
static int enlist_timer(diesel_case *c, diesel_error *err)
{
    (void)c, (void)err;
    return 0;
}

static void withdraw_timer(diesel_case *c)
{
    (void)c;
}

static const diesel_waitable on_timer = {"a timer", poll_timer, enlist_timer,
                                         withdraw_timer};

diesel_case diesel_case_timer(int64_t ms)
{
    int64_t when;
    if (__builtin_add_overflow(diesel__clock(), diesel__deadline_ns(ms), &when))
        when = INT64_MAX;
    return (diesel_case){.on = &on_timer, .when = when};
}

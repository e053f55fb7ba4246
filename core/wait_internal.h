/* SPDX-License-Identifier: MIT */
/*
 * Queues of those who wait on an object: fibers in a call of their own, whose
 * waiter lies on their stack, and cases of selects, whose waiter lies in the case.
 * Both are woken in the order in which they came.
 *
 * Who wakes a waiter hands over right there and then, because the waiter will not
 * ask again. Who has been cancelled, timed out or fired by another object
 * is passed over, and leaves the queue when it runs.
 */
#ifndef DIESEL_WAIT_INTERNAL_H
#define DIESEL_WAIT_INTERNAL_H

#include <diesel/select.h>

#include "sched_internal.h"

/* Takes the first waiter that will see it out of the queue and wakes it: a
 * fiber with `value` (>= 0), a select with `result`. What is handed over must be
 * moved before the next switch. NULL if there is none. select.c */
diesel_waiter *diesel__wake_any(diesel__sched *s, diesel__link *queue, int value,
                                int result);

/* The common case for a running fiber, to be inlined: it calls nothing. The first
 * waiter if it is a parked fiber; NULL says nothing. Hand over, then wake. */
static inline diesel_waiter *diesel__first_parked(const diesel__link *queue)
{
    diesel_waiter *waiter = DIESEL__HOLDER(queue->next, diesel_waiter, link);
    if (diesel__list_is_empty(queue) || waiter->fiber == NULL ||
        waiter->fiber->woken != DIESEL__PARKED)
        return NULL;
    return waiter;
}

static inline void diesel__wake_parked(diesel__sched *s, diesel_waiter *waiter,
                                       int value)
{
    diesel__link_unlink(&waiter->link); /* nobody looks at it again */
    waiter->fiber->woken = value;
    diesel__ready_in_round(s, waiter->fiber);
}

/* Wakes all. */
static inline void diesel__wake_all(diesel__sched *s, diesel__link *queue,
                                    int value, int result)
{
    while (diesel__wake_any(s, queue, value, result) != NULL)
        ;
}

/* A queue in an object of the caller's, which begins as all zero. */
static inline diesel__link *diesel__queue(diesel__link *queue)
{
    if (DIESEL__UNLIKELY(queue->next == NULL))
        diesel__link_init(queue);
    return queue;
}

static inline diesel_fiber *diesel__waiter_fiber(const diesel_waiter *waiter)
{
    if (waiter->fiber != NULL)
        return waiter->fiber;
    return DIESEL__HOLDER((uintptr_t)waiter, const diesel_case, waiter)->fiber;
}

/* The same as diesel__wake_any(), for the first waiter only: NULL if it has been
 * passed over. */
diesel_waiter *diesel__wake_head(diesel__sched *s, diesel__link *queue, int value,
                                 int result);

/* A wait of a call's own: 0, or -1 with *err filled. The scope must have been
 * looked at. */
int diesel__wait_for(diesel__link *queue, void *item, const char *what,
                     int64_t deadline, diesel_error *err);

/* Aborts because of a mistake of the program. */
void diesel__misused(const char *what) __attribute__((noreturn, cold));

/* Waits in the queue: the `value` that it is woken with, or negative as from
 * diesel__park(). The scope must have been looked at. */
static inline __attribute__((always_inline)) int
diesel__wait_in(diesel__sched *s, diesel__link *queue, void *item,
                const char *what, int64_t deadline)
{
    diesel_waiter waiter = {.fiber = s->current, .item = item};
    diesel__list_append(queue, &waiter.link);
    int woken = deadline == DIESEL_FOREVER
                    ? diesel__suspend(s, what)
                    : diesel__park(s, what, diesel__deadline_ns(deadline));
    if (DIESEL__UNLIKELY(woken < 0))
        diesel__link_remove(&waiter.link);
    return woken;
}

#endif

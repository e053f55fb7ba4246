/* SPDX-License-Identifier: MIT */
/*
 * Select: one call that waits for the first of several things.
 *
 *     struct job job;
 *     diesel_case cases[] = {
 *         diesel_case_recv(jobs, &job),
 *         diesel_case_event(stop),
 *         diesel_case_timer(1000),
 *     };
 *     switch (diesel_select(cases, 3, DIESEL_FOREVER, &err)) {
 *     case 0: ... cases[0].result as of diesel_channel_recv(): 1, or 0 closed
 *     case 1: ...
 *     case 2: ... a second has passed
 *     default: ... cancelled
 *     }
 *
 * Exactly one case happens: a select that ends with a received item has sent
 * nothing, taken no mutex and left every other object as it was. The case that
 * happened has happened entirely, also if the scope is cancelled in the same
 * moment: nothing that was handed over is lost.
 *
 * What can be waited for is found in the headers of the objects, as
 * diesel_case_NAME(); here are the time and the end of a scope. The second part of
 * this header is for libraries that make objects of their own waitable.
 */
#ifndef DIESEL_SELECT_H
#define DIESEL_SELECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <diesel/error.h>
#include <diesel/fiber.h>
#include <diesel/scope.h>
#include <diesel/time.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A link in a ring of the library's own. */
typedef struct diesel_link {
    struct diesel_link *next, *prev;
} diesel_link;

/* A place in the queue of those who wait on an object. */
typedef struct diesel_waiter {
    diesel_link link;
    diesel_fiber *fiber; /* NULL in a case of a select */
    void *item;
} diesel_waiter;

struct diesel_waitable;

/* One thing to wait for. It is made by a diesel_case_NAME() function, lies in the
 * caller's memory, may be used for one select after the other, and may be copied
 * between them. One that is all zero never happens: `cases[i].on = NULL` turns a
 * case off. */
typedef struct diesel_case {
    const struct diesel_waitable *on;
    void *object; /* borrowed until the select returns, as is what follows */
    void *item;
    int64_t when; /* ns of CLOCK_MONOTONIC: it is polled then; 0: no time */
    int result; /* what the call for this thing alone would have returned */

    /* Private to select. */
    int index;
    diesel_fiber *fiber;
    /* For the object, from `enlist` to `withdraw`. */
    diesel_waiter waiter;
} diesel_case;

/* Waits until one of the cases happens, and returns its index, with its `result`
 * set; or -1: TIMEDOUT, CANCELLED, NOMEM (for a timer), INVAL, and whatever
 * an object gives when it cannot be waited on. Nothing has happened then. If several can
 * happen at once, one is picked at random, so that none is starved.
 * DIESEL_NOW only looks. Without cases it waits for the deadline. Allocates no
 * memory. Switches fibers only if it must wait; checks for cancellation always. */
int diesel_select(diesel_case *cases, size_t count, int64_t deadline,
                  diesel_error *err) __attribute__((warn_unused_result));

/* Happens `ms` milliseconds after this call (not after the start of the select:
 * so it bounds a loop of selects, too). result: 0. Never switches fibers. */
diesel_case diesel_case_timer(int64_t ms);

/* Happens when no fiber of the scope is alive; the scope must still be waited for.
 * result: 0. Never switches fibers. */
diesel_case diesel_case_scope(diesel_scope *scope);

/* --- For those who make an object waitable. ---------------------------------
 *
 * A constructor fills `on`, `object`, and `item` and `when` as it pleases. select
 * polls the cases; if none can happen, it enlists each and parks. Whoever
 * changes the object fires the first of its cases that will have it. At last
 * every enlisted case is withdrawn. None of these functions may switch fibers. */
typedef struct diesel_waitable {
    const char *what; /* as in "timed out waiting for <what>" */
    /* If it can happen now: makes it happen, sets c->result; true. */
    bool (*poll)(diesel_case *c);
    /* Has the object remember c, so that it will be fired. It must not fire c
     * itself. -1, with *err filled: the select fails. */
    int (*enlist)(diesel_case *c, diesel_error *err);
    /* Has the object forget c: once after each enlist that went well, whether c was
     * fired or not. */
    void (*withdraw)(diesel_case *c);
} diesel_waitable;

/* Ends the select with this case and result. False, and nothing happens, if the
 * select has ended otherwise: pass on to the next. After true, what was to be
 * handed over must be in place before the next switch. Inside or outside
 * fibers, on the fiber's thread. Never switches fibers. */
bool diesel_case_fire(diesel_case *c, int result);

/* A queue of enlisted cases for an object that has none of its own, first in,
 * first out. The queue is a ring: initialise it before use; a case that is
 * not in one may be removed all the same. Never switch fibers. */
void diesel_cases_init(diesel_link *queue);
void diesel_cases_append(diesel_link *queue, diesel_case *c);
void diesel_cases_remove(diesel_case *c);
bool diesel_cases_is_empty(const diesel_link *queue);
/* Fires the first case in the queue that will have it and removes it. NULL if
 * there was none. */
diesel_case *diesel_cases_fire(diesel_link *queue, int result);
/* Fires all, and empties the queue. */
void diesel_cases_fire_all(diesel_link *queue, int result);

#ifdef __cplusplus
}
#endif
#endif

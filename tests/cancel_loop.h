/* SPDX-License-Identifier: MIT */
/*
 * Cancels a test's body at its n-th turn, for n = 0, 1, 2 ... until it ends
 * before its time has come. So every point where it switches fibers is cut once.
 *
 *     static int body(void *arg) { ... return result < 0 ? diesel_fail(&err) : 0; }
 *     ...
 *     ck_assert_int_gt(cancel_loop(body, NULL), 3);
 *
 * Each run has a scheduler of its own. The body ends well of itself, without long
 * waits; when cut, it ends well or fails with CANCELLED. It must
 * leave no memory of Diesel's allocator and no descriptor behind.
 *
 * A turn is one in which some other fiber ran: while the body waits for the world,
 * its time does not pass.
 */
#ifndef TESTS_CANCEL_LOOP_H
#define TESTS_CANCEL_LOOP_H

#include "core/sched_internal.h"
#include "faulty_memory.h"
#include "test_util.h"

struct cancel_attempt {
    diesel_fn *body;
    void *arg;
    long turns; /* left until it is cancelled */
    bool ended;
};

static inline int cancel_loop_body(void *arg)
{
    struct cancel_attempt *attempt = arg;
    int result = attempt->body(attempt->arg);
    attempt->ended = true;
    return result;
}

/* Lets the others run. Whether anybody did; if nobody could, the loop has looked
 * for events at least. */
static inline bool cancel_loop_turn(void)
{
    diesel__sched *s = diesel__current;
    bool alone = s->tail == s->current;
    if (alone)
        s->slice = s->slices = 0; /* the round ends here */
    diesel_error err;
    assert_ok(diesel_yield(&err));
    return !alone;
}

static inline int cancel_loop_attempt(void *arg)
{
    struct cancel_attempt *attempt = arg;
    diesel_error err;
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(scope, cancel_loop_body, attempt);
    diesel_scope *shield =
        diesel_scope_open(&(diesel_scope_options){.shield = true});
    while (attempt->turns > 0 && !attempt->ended)
        attempt->turns -= cancel_loop_turn();
    diesel_scope_cancel(scope);
    assert_ok(diesel_scope_wait(shield, &err));
    return diesel_scope_wait(scope, &err) < 0 ? diesel_fail(&err) : 0;
}

/* Returns how many turns the body has when nobody cancels it. */
static inline long cancel_loop(diesel_fn *body, void *arg)
{
    diesel_allocator_set(&faulty_memory);
    int fds = test_open_fds();
    for (long n = 0;; n++) {
        struct cancel_attempt attempt = {.body = body, .arg = arg, .turns = n};
        diesel_error err;
        test_error_wipe(&err);
        faulty_memory_fail(0);
        int result = diesel_run(cancel_loop_attempt, &attempt, NULL, &err);
        ck_assert_msg(result == 0, "cancelled at turn %ld: %s: %s", n,
                      diesel_error_name(err.code), err.message);
        ck_assert_msg(attempt.ended, "it never ran");
        ck_assert_msg(faulty_alive == 0, "%ld blocks left, cancelled at turn %ld",
                      faulty_alive, n);
        ck_assert_int_eq(test_open_fds(), fds);
        if (attempt.turns > 0)
            return n;
    }
}

#endif

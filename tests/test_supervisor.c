/* SPDX-License-Identifier: MIT */
/*
 * <diesel/supervisor.h>: who is started again, with whom, and when it is too
 * often. The clock and chance are the test's own; pauses have a millisecond.
 */
#include <stdint.h>

#include "cancel_loop.h"

static struct test_log order;
static int64_t clock_ms;

static int64_t test_clock(void *arg)
{
    (void)arg;
    return clock_ms;
}

static double no_chance(void *arg)
{
    (void)arg;
    return 1.0;
}

static diesel_supervisor *make(diesel_strategy strategy, int most)
{
    diesel_error err;
    diesel_supervisor *v = diesel_supervisor_new(
        &(diesel_supervisor_options){.label = "top",
                                     .strategy = strategy,
                                     .most_restarts = most,
                                     .pause_ms = 1,
                                     .most_pause_ms = 4,
                                     .now = test_clock,
                                     .chance = no_chance},
        &err);
    assert_made(v);
    order.length = 0;
    clock_ms = 1000;
    return v;
}

static void add(diesel_supervisor *v, const char *label, diesel_fn *fn, void *arg,
                diesel_restart restart)
{
    diesel_error err;
    assert_ok(diesel_supervisor_add(
        v, &(diesel_child){.label = label, .fn = fn, .arg = arg, .restart = restart},
        &err));
}

/* Notes that it was started, and lives until it is cancelled. */
static int live(void *arg)
{
    diesel_error err;
    test_note(&order, *(const char *)arg);
    assert_fails(diesel_park("its end", DIESEL_FOREVER, &err), DIESEL_E_CANCELLED);
    test_note(&order, (char)(*(const char *)arg - 'a' + 'A'));
    return diesel_fail(&err);
}

/* Notes its start; fails as often as it has been told; then stops the supervisor. */
struct failing {
    diesel_supervisor *v;
    int times;
};

static int fail_often(void *arg)
{
    struct failing *f = arg;
    diesel_error err;
    test_note(&order, 'x');
    assert_ok(diesel_yield(&err)); /* the others have started */
    if (f->times-- > 0) {
        diesel_error_set(&err, DIESEL_E_BUSY, DIESEL_DOM_CORE, 0, "not today");
        return diesel_fail(&err);
    }
    diesel_supervisor_stop(f->v);
    return diesel_park("its end", DIESEL_FOREVER, &err);
}

static const struct {
    diesel_strategy strategy;
    const char *order;
} strategies[] = {
    {DIESEL_ONE_FOR_ONE, "axcxCA"},
    {DIESEL_ONE_FOR_ALL, "axcCAaxcCA"},
    {DIESEL_REST_FOR_ONE, "axcCxcCA"},
};

FIBER_TEST(the_strategy_says_who_is_started_again)
{
    diesel_error err;
    diesel_supervisor *v = make(strategies[row].strategy, 3);
    struct failing failing = {.v = v, .times = 1};
    add(v, "a", live, "a", DIESEL_PERMANENT);
    add(v, "x", fail_often, &failing, DIESEL_PERMANENT);
    add(v, "c", live, "c", DIESEL_PERMANENT);
    assert_ok(diesel_supervisor_run(v, &err));
    ck_assert_str_eq(order.text, strategies[row].order);
    diesel_supervisor_free(v);
    return 0;
}
END_TEST

static int end_or_fail(void *arg)
{
    test_note(&order, 'r');
    return *(int *)arg;
}

static const struct {
    diesel_restart restart;
    int result;
    size_t starts;
    int ends; /* of diesel_supervisor_run() */
} kinds[] = {
    {DIESEL_PERMANENT, 0, 4, -1}, {DIESEL_PERMANENT, -1, 4, -1},
    {DIESEL_TRANSIENT, 0, 1, 0},  {DIESEL_TRANSIENT, -1, 4, -1},
    {DIESEL_TEMPORARY, 0, 1, 0},  {DIESEL_TEMPORARY, -1, 1, 0},
};

FIBER_TEST(its_kind_says_whether_a_child_is_started_again)
{
    diesel_error err;
    diesel_supervisor *v = make(DIESEL_ONE_FOR_ONE, 3);
    int result = kinds[row].result;
    add(v, "r", end_or_fail, &result, kinds[row].restart);
    if (kinds[row].ends < 0)
        assert_fails(diesel_supervisor_run(v, &err), DIESEL_E_LIMIT);
    else
        assert_ok(diesel_supervisor_run(v, &err));
    ck_assert_uint_eq(order.length, kinds[row].starts);
    diesel_supervisor_free(v);
    return 0;
}
END_TEST

/* Each failure comes a while after the one before. */
static int fail_after_a_while(void *arg)
{
    clock_ms += 2000;
    return fail_often(arg);
}

FIBER_TEST(restarts_that_are_far_apart_are_not_too_many)
{
    diesel_error err;
    diesel_supervisor *v = make(DIESEL_ONE_FOR_ONE, 3);
    struct failing failing = {.v = v, .times = 20};
    add(v, "x", fail_after_a_while, &failing, DIESEL_PERMANENT);
    assert_ok(diesel_supervisor_run(v, &err));
    ck_assert_uint_eq(order.length, 21);
    diesel_supervisor_free(v);
    return 0;
}
END_TEST

static bool note_status(const diesel_child_status *status, void *arg)
{
    diesel_child_status *last = arg;
    *last = *status;
    return true;
}

FIBER_TEST(the_pause_doubles_up_to_the_most)
{
    diesel_error err;
    static const int64_t pauses[] = {1, 2, 4, 4, 4};
    int times = row + 1;
    diesel_supervisor *v = make(DIESEL_ONE_FOR_ONE, DIESEL_UNLIMITED);
    struct failing failing = {.v = v, .times = times};
    add(v, "x", fail_often, &failing, DIESEL_PERMANENT);
    assert_ok(diesel_supervisor_run(v, &err));
    diesel_child_status status;
    diesel_supervisor_walk(v, note_status, &status);
    ck_assert_int_eq(status.pause_ms, pauses[row]);
    ck_assert_uint_eq(status.restarts, (uint64_t)times);
    ck_assert_str_eq(status.last_error->message, "not today");
    ck_assert_int_eq(status.state, DIESEL_CHILD_ENDED);
    diesel_supervisor_free(v);
    return 0;
}
END_TEST

FIBER_TEST(what_fails_too_often_fails_upwards)
{
    diesel_error err;
    diesel_supervisor *top = make(DIESEL_ONE_FOR_ONE, 1);
    diesel_supervisor *inner = make(DIESEL_ONE_FOR_ONE, 2);
    int result = -1;
    add(top, "inner", diesel_supervise, inner, DIESEL_PERMANENT);
    add(inner, "r", end_or_fail, &result, DIESEL_PERMANENT);
    assert_fails(diesel_supervisor_run(top, &err), DIESEL_E_LIMIT);
    assert_contains(err.message, "more than 1 restarts");
    assert_contains(err.message, "r failed and gave no error");
    ck_assert_uint_eq(order.length, 6); /* three in each of two runs */
    diesel_child_status status;
    diesel_supervisor_walk(top, note_status, &status);
    ck_assert_int_eq(status.depth, 1);
    ck_assert_str_eq(status.label, "r");
    diesel_supervisor_free(inner);
    diesel_supervisor_free(top);
    return 0;
}
END_TEST

static int sleep_like(void *arg)
{
    (void)arg;
    diesel_error err;
    return diesel_park("its end", DIESEL_FOREVER, &err) < 0 ? diesel_fail(&err) : 0;
}

static int fail_gently(void *arg)
{
    struct failing *f = arg;
    diesel_error err;
    if (diesel_yield(&err) < 0)
        return diesel_fail(&err);
    if (f->times-- > 0)
        return -1;
    diesel_supervisor_stop(f->v);
    return sleep_like(NULL);
}

static int supervised(void *arg)
{
    diesel_error err;
    diesel_supervisor *v = make((diesel_strategy)(intptr_t)arg, 3);
    struct failing failing = {.v = v, .times = 2};
    add(v, "a", sleep_like, "a", DIESEL_PERMANENT);
    add(v, "x", fail_gently, &failing, DIESEL_PERMANENT);
    add(v, "c", sleep_like, "c", DIESEL_PERMANENT);
    int result = diesel_supervisor_run(v, &err);
    diesel_supervisor_free(v);
    return result < 0 ? diesel_fail(&err) : 0;
}

START_TEST(it_may_be_cancelled_at_any_turn)
{
    ck_assert_int_ge(cancel_loop(supervised, (void *)(intptr_t)_i), 5);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("supervisor");
    test_case_rows(suite, "strategy", the_strategy_says_who_is_started_again,
                   TEST_COUNT(strategies));
    test_case_rows(suite, "kind", its_kind_says_whether_a_child_is_started_again,
                   TEST_COUNT(kinds));
    test_case(suite, "limit", restarts_that_are_far_apart_are_not_too_many,
              what_fails_too_often_fails_upwards);
    test_case_rows(suite, "pause", the_pause_doubles_up_to_the_most, 5);
    test_case_rows(suite, "cancellation", it_may_be_cancelled_at_any_turn, 3);
    return test_suite_run(suite);
}

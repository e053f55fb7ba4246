/* SPDX-License-Identifier: MIT */
/*
 * <diesel/scope.h>: who waits for whom, how cancellation and deadlines travel,
 * which error is reported.
 */
#include "test_util.h"

static const diesel_scope_options short_time = {.timeout_ms = 5};

static int succeed(void *arg)
{
    ++*(int *)arg;
    return 0;
}

static int fail_with_limit(void *arg)
{
    (void)arg;
    diesel_error err;
    diesel_error_set(&err, DIESEL_E_LIMIT, DIESEL_DOM_CORE, 7, "no more");
    return diesel_fail(&err);
}

static int fail_silently(void *arg)
{
    (void)arg;
    return -1;
}

/* Sleeps until it is cancelled, and notes with which code. */
static int sleep_on(void *arg)
{
    diesel_error err;
    if (diesel_sleep(60000, &err) == 0)
        return 0;
    *(int *)arg = err.code;
    return diesel_fail(&err);
}

/* The same, but takes it as a reason to end well. */
static int sleep_on_and_bear_it(void *arg)
{
    sleep_on(arg);
    return 0;
}

FIBER_TEST(wait_returns_when_all_fibers_have_ended)
{
    diesel_error err;
    int ended = 0;
    diesel_scope *scope = diesel_scope_open(NULL);
    for (int i = 0; i < 10; i++)
        diesel_go(scope, succeed, &ended);
    ck_assert_uint_eq(diesel_scope_count(scope), 10);
    ck_assert_int_eq(ended, 0);
    assert_ok(diesel_scope_wait(scope, &err));
    ck_assert_int_eq(ended, 10);
    return 0;
}
END_TEST

FIBER_TEST(an_empty_scope_is_left_at_once)
{
    diesel_error err;
    assert_ok(diesel_scope_wait(diesel_scope_open(NULL), &err));
    return 0;
}
END_TEST

FIBER_TEST(the_first_failure_cancels_the_siblings_and_is_reported)
{
    diesel_error err;
    int code = 0;
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(scope, sleep_on, &code);
    diesel_go(scope, fail_with_limit, NULL);
    assert_fails(diesel_scope_wait(scope, &err), DIESEL_E_LIMIT);
    ck_assert_str_eq(err.message, "no more");
    ck_assert_int_eq(err.detail, 7);
    ck_assert_int_eq(code, DIESEL_E_CANCELLED);
    return 0;
}
END_TEST

FIBER_TEST(a_failure_without_an_error_names_the_fiber)
{
    diesel_error err;
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(scope, fail_silently, NULL);
    assert_fails(diesel_scope_wait(scope, &err), DIESEL_E_FAILED);
    assert_contains(err.message, "fail_silently");
    return 0;
}
END_TEST

FIBER_TEST(a_failure_cancels_the_opener_as_well)
{
    diesel_error err;
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(scope, fail_with_limit, NULL);
    assert_fails(diesel_sleep(60000, &err), DIESEL_E_CANCELLED);
    assert_fails(diesel_scope_wait(scope, &err), DIESEL_E_LIMIT);
    return 0;
}
END_TEST

FIBER_TEST(the_deadline_reaches_the_openers_own_calls)
{
    diesel_error err;
    diesel_scope *scope = diesel_scope_open(&short_time);
    assert_fails(diesel_sleep(60000, &err), DIESEL_E_TIMEDOUT);
    assert_fails(diesel_scope_wait(scope, &err), DIESEL_E_TIMEDOUT);
    assert_contains(err.message, "5 ms");
    assert_ok(diesel_check(&err)); /* and is gone with the scope */
    return 0;
}
END_TEST

FIBER_TEST(the_deadline_reaches_the_fibers)
{
    diesel_error err;
    int code = 0;
    diesel_scope *scope = diesel_scope_open(&short_time);
    diesel_go(scope, sleep_on, &code);
    assert_fails(diesel_scope_wait(scope, &err), DIESEL_E_TIMEDOUT);
    ck_assert_int_eq(code, DIESEL_E_TIMEDOUT);
    return 0;
}
END_TEST

FIBER_TEST(a_deadline_that_cuts_nothing_off_is_no_failure)
{
    diesel_error err;
    int ended = 0;
    diesel_scope *scope =
        diesel_scope_open(&(diesel_scope_options){.timeout_ms = 60000});
    diesel_go(scope, succeed, &ended);
    assert_ok(diesel_scope_wait(scope, &err));
    return 0;
}
END_TEST

FIBER_TEST(cancelled_stays_cancelled)
{
    diesel_error err;
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_scope_cancel(scope);
    diesel_scope_cancel(scope);
    for (int i = 0; i < 3; i++) {
        assert_fails(diesel_check(&err), DIESEL_E_CANCELLED);
        assert_fails(diesel_yield(&err), DIESEL_E_CANCELLED);
        assert_fails(diesel_sleep(0, &err), DIESEL_E_CANCELLED);
        assert_fails(diesel_sleep(60000, &err), DIESEL_E_CANCELLED);
        assert_fails(diesel_park("nothing", DIESEL_FOREVER, &err),
                     DIESEL_E_CANCELLED);
    }
    assert_ok(diesel_scope_wait(scope, &err));
    return 0;
}
END_TEST

FIBER_TEST(cancelling_is_no_failure_of_the_scope)
{
    diesel_error err;
    int code = 0;
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(scope, sleep_on, &code);
    assert_ok(diesel_yield(&err));
    diesel_scope_cancel(scope);
    assert_ok(diesel_scope_wait(scope, &err));
    ck_assert_int_eq(code, DIESEL_E_CANCELLED);
    return 0;
}
END_TEST

FIBER_TEST(a_fiber_started_in_a_cancelled_scope_sees_it)
{
    diesel_error err;
    int code = 0;
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_scope_cancel(scope);
    diesel_go(scope, sleep_on, &code);
    assert_ok(diesel_scope_wait(scope, &err));
    ck_assert_int_eq(code, DIESEL_E_CANCELLED);
    return 0;
}
END_TEST

static int nest_and_sleep(void *arg)
{
    diesel_error err;
    diesel_scope *inner = diesel_scope_open(NULL);
    diesel_go(inner, sleep_on, arg);
    return diesel_scope_wait(inner, &err) < 0 ? diesel_fail(&err) : 0;
}

FIBER_TEST(cancellation_goes_through_nested_scopes)
{
    diesel_error err;
    int code = 0;
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(scope, nest_and_sleep, &code);
    assert_ok(diesel_yield(&err));
    assert_ok(diesel_yield(&err));
    diesel_scope_cancel(scope);
    assert_ok(diesel_scope_wait(scope, &err));
    ck_assert_int_eq(code, DIESEL_E_CANCELLED);
    return 0;
}
END_TEST

FIBER_TEST(cancelling_the_inner_scope_leaves_the_outer_alone)
{
    diesel_error err;
    int ended = 0, code = 0;
    diesel_scope *outer = diesel_scope_open(NULL);
    diesel_scope *inner = diesel_scope_open(NULL);
    diesel_go(inner, sleep_on, &code);
    diesel_go(outer, succeed, &ended);
    diesel_scope_cancel(inner);
    assert_ok(diesel_scope_wait(inner, &err));
    assert_ok(diesel_yield(&err));
    ck_assert_int_eq(ended, 1);
    assert_ok(diesel_scope_wait(outer, &err));
    return 0;
}
END_TEST

static const struct {
    int outer_ms, inner_ms;
} nested_times[] = {{5, 60000}, {60000, 5}, {5, 5}};

FIBER_TEST(the_sooner_deadline_counts)
{
    diesel_error err;
    diesel_scope *outer = diesel_scope_open(&(diesel_scope_options){
        .timeout_ms = nested_times[row].outer_ms});
    diesel_scope *inner = diesel_scope_open(&(diesel_scope_options){
        .timeout_ms = nested_times[row].inner_ms});
    int64_t sooner = nested_times[row].outer_ms < nested_times[row].inner_ms
                         ? nested_times[row].outer_ms
                         : nested_times[row].inner_ms;
    ck_assert_int_le(diesel_deadline(), diesel_now() + sooner);
    assert_fails(diesel_sleep(60000, &err), DIESEL_E_TIMEDOUT);
    assert_fails(diesel_scope_wait(inner, &err), DIESEL_E_TIMEDOUT);
    int result = diesel_scope_wait(outer, &err);
    if (nested_times[row].outer_ms > nested_times[row].inner_ms)
        ck_assert_int_eq(result, 0);
    return 0;
}
END_TEST

FIBER_TEST(without_a_deadline_there_is_none)
{
    ck_assert(diesel_deadline() == DIESEL_FOREVER);
    return 0;
}
END_TEST

FIBER_TEST(a_shield_protects_the_clean_up)
{
    diesel_error err;
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_scope_cancel(scope);
    diesel_scope *last =
        diesel_scope_open(&(diesel_scope_options){.shield = true});
    assert_ok(diesel_sleep(1, &err));
    assert_ok(diesel_scope_wait(last, &err));
    assert_fails(diesel_sleep(1, &err), DIESEL_E_CANCELLED);
    assert_ok(diesel_scope_wait(scope, &err));
    return 0;
}
END_TEST

FIBER_TEST(a_cancellation_that_comes_later_does_not_pass_a_shield)
{
    diesel_error err;
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_scope *last = diesel_scope_open(
        &(diesel_scope_options){.shield = true, .timeout_ms = 5});
    diesel_scope_cancel(scope);
    assert_ok(diesel_check(&err));
    assert_fails(diesel_sleep(60000, &err), DIESEL_E_TIMEDOUT);
    assert_fails(diesel_scope_wait(last, &err), DIESEL_E_TIMEDOUT);
    assert_ok(diesel_scope_wait(scope, &err));
    return 0;
}
END_TEST

static diesel_scope *background;

static int open_background(void *arg)
{
    background = diesel_scope_open(
        &(diesel_scope_options){.label = "background", .detached = true});
    diesel_go(background, sleep_on_and_bear_it, arg);
    return 0;
}

FIBER_TEST(a_detached_scope_outlives_its_opener)
{
    diesel_error err;
    int code = 0;
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(scope, open_background, &code);
    assert_ok(diesel_scope_wait(scope, &err));
    assert_ok(diesel_yield(&err));
    ck_assert_uint_eq(diesel_scope_count(background), 1);
    diesel_scope_cancel(background);
    assert_ok(diesel_scope_wait(background, &err));
    ck_assert_int_eq(code, DIESEL_E_CANCELLED);
    return 0;
}
END_TEST

START_TEST(the_end_of_the_scheduler_cancels_detached_scopes)
{
    int code = 0;
    test_run(open_background, &code);
    ck_assert_int_eq(code, DIESEL_E_CANCELLED);
}
END_TEST

static int wait_for_background(void *arg)
{
    (void)arg;
    diesel_error err;
    return diesel_scope_wait(background, &err) < 0 ? diesel_fail(&err) : 0;
}

FIBER_TEST(cancelling_who_waits_for_a_detached_scope_cancels_that)
{
    diesel_error err;
    int code = 0;
    open_background(&code);
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(scope, wait_for_background, NULL);
    assert_ok(diesel_yield(&err));
    diesel_scope_cancel(scope);
    assert_ok(diesel_scope_wait(scope, &err));
    ck_assert_int_eq(code, DIESEL_E_CANCELLED);
    return 0;
}
END_TEST

/* Opens `depth` scopes one in the other, and is cancelled from outside. */
FIBER_TEST(ten_thousand_scopes_may_nest)
{
    enum { DEPTH = 10000 };
    diesel_error err;
    diesel_scope **open = calloc(DEPTH, sizeof(*open));
    for (int i = 0; i < DEPTH; i++)
        ck_assert_ptr_nonnull(open[i] = diesel_scope_open(NULL));
    diesel_scope_cancel(open[0]);
    assert_fails(diesel_sleep(60000, &err), DIESEL_E_CANCELLED);
    for (int i = DEPTH - 1; i > 0; i--)
        assert_fails(diesel_scope_wait(open[i], &err), DIESEL_E_CANCELLED);
    assert_ok(diesel_scope_wait(open[0], &err));
    free(open);
    return 0;
}
END_TEST

FIBER_TEST(every_call_takes_no_scope)
{
    diesel_error err;
    int ended = 0;
    ck_assert_int_eq(diesel_go(NULL, succeed, &ended), -1);
    diesel_scope_cancel(NULL);
    ck_assert_uint_eq(diesel_scope_count(NULL), 0);
    assert_fails(diesel_scope_wait(NULL, &err), DIESEL_E_NOMEM);
    return 0;
}
END_TEST

static int forget_scope(void *arg)
{
    (void)arg;
    diesel_scope_open(&(diesel_scope_options){.label = "forgotten"});
    return 0;
}

static int wait_in_the_wrong_order(void *arg)
{
    (void)arg;
    diesel_scope *outer = diesel_scope_open(NULL);
    diesel_scope_open(NULL);
    return diesel_scope_wait(outer, NULL);
}

static void run_it(void *arg)
{
    diesel_error err;
    diesel_run(*(diesel_fn **)arg, NULL, NULL, &err);
}

static void open_outside(void *arg)
{
    (void)arg;
    diesel_scope_open(NULL);
}

START_TEST(mistakes_abort_with_a_message)
{
    diesel_fn *forget = forget_scope, *wrong = wait_in_the_wrong_order;
    assert_aborts(run_it, &forget, "without waiting for its scope forgotten");
    assert_aborts(run_it, &wrong, "has a scope open inside it");
    assert_aborts(open_outside, NULL, "without a scheduler");
}
END_TEST

static int sleep_long(void *arg)
{
    diesel_error err;
    (void)arg;
    return diesel_sleep(60000, &err) < 0 ? diesel_fail(&err) : 0;
}

FIBER_TEST(an_outer_deadline_that_cut_an_inner_scope_is_reported_by_both)
{
    diesel_error err;
    diesel_scope *outer = diesel_scope_open(
        &(diesel_scope_options){.label = "outer", .timeout_ms = 2});
    diesel_scope *inner = diesel_scope_open(NULL);
    if (row == 0)
        diesel_go(inner, sleep_long, NULL);
    else
        assert_fails(diesel_sleep(60000, &err), DIESEL_E_TIMEDOUT);
    assert_fails(diesel_scope_wait(inner, &err), DIESEL_E_TIMEDOUT);
    assert_fails(diesel_scope_wait(outer, &err), DIESEL_E_TIMEDOUT);
    assert_contains(err.message, "outer timed out after 2 ms");
    return 0;
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("scope");
    test_case(suite, "wait", wait_returns_when_all_fibers_have_ended,
              an_empty_scope_is_left_at_once, every_call_takes_no_scope);
    test_case(suite, "failure",
              the_first_failure_cancels_the_siblings_and_is_reported,
              a_failure_without_an_error_names_the_fiber,
              a_failure_cancels_the_opener_as_well);
    test_case(suite, "deadline", the_deadline_reaches_the_openers_own_calls,
              the_deadline_reaches_the_fibers,
              a_deadline_that_cuts_nothing_off_is_no_failure,
              without_a_deadline_there_is_none);
    test_case_rows(suite, "nested deadlines", the_sooner_deadline_counts,
                   TEST_COUNT(nested_times));
    test_case(suite, "cancel", cancelled_stays_cancelled,
              cancelling_is_no_failure_of_the_scope,
              a_fiber_started_in_a_cancelled_scope_sees_it,
              cancellation_goes_through_nested_scopes,
              cancelling_the_inner_scope_leaves_the_outer_alone,
              ten_thousand_scopes_may_nest);
    test_case(suite, "shield", a_shield_protects_the_clean_up,
              a_cancellation_that_comes_later_does_not_pass_a_shield);
    test_case(suite, "detached", a_detached_scope_outlives_its_opener,
              the_end_of_the_scheduler_cancels_detached_scopes,
              cancelling_who_waits_for_a_detached_scope_cancels_that);
    test_case(suite, "mistakes", mistakes_abort_with_a_message);
    test_case_rows(suite, "nested",
                   an_outer_deadline_that_cut_an_inner_scope_is_reported_by_both,
                   2);
    return test_suite_run(suite);
}

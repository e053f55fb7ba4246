/* SPDX-License-Identifier: MIT */
/*
 * Supervisors at their edges: what they take for granted, where memory runs out,
 * children that take long to end, and supervisors under supervisors.
 */
#include <limits.h>
#include <stdint.h>

#include "cancel_loop.h"
#include "fault_loop.h"

static const diesel_supervisor_options quick = {
    .label = "quick", .most_restarts = DIESEL_UNLIMITED, .pause_ms = 1,
    .most_pause_ms = 2};

static diesel_supervisor *make(const diesel_supervisor_options *options)
{
    diesel_error err;
    diesel_supervisor *v = diesel_supervisor_new(options, &err);
    assert_made(v);
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

static int park(void *arg)
{
    diesel_error err;
    (void)arg;
    return diesel_park("its end", DIESEL_FOREVER, &err) < 0 ? diesel_fail(&err) : 0;
}

static int count_starts(void *arg)
{
    ++*(int *)arg;
    return 0;
}

/* Fails so often, then ends well. */
static int fail_times(void *arg)
{
    int *times = arg;
    return (*times)-- > 0 ? -1 : 0;
}

/* --- What it does without being told. */

FIBER_TEST(three_restarts_in_five_seconds_are_the_most)
{
    diesel_error err;
    int times = 100;
    diesel_supervisor *v = make(&(diesel_supervisor_options){.pause_ms = 1});
    add(v, "x", fail_times, &times, DIESEL_PERMANENT);
    assert_fails(diesel_supervisor_run(v, &err), DIESEL_E_LIMIT);
    ck_assert_str_eq(err.message,
                     "supervisor: more than 3 restarts in 5000 ms; x: x failed "
                     "and gave no error");
    ck_assert_int_eq(times, 96);
    ck_assert_int_eq(diesel_supervisor_run(v, NULL), -1); /* and again */
    ck_assert_int_eq(times, 92);
    diesel_supervisor_free(v);
    return 0;
}
END_TEST

static bool note_pause(const diesel_child_status *status, void *arg)
{
    *(int64_t *)arg = status->pause_ms;
    return true;
}

FIBER_TEST(the_first_pause_is_of_half_to_a_tenth_of_a_second)
{
    diesel_error err;
    int times = 1;
    int64_t pause = 0, began = diesel_now();
    diesel_supervisor *v = make(NULL);
    add(v, "x", fail_times, &times, DIESEL_TRANSIENT);
    assert_ok(diesel_supervisor_run(v, &err));
    diesel_supervisor_walk(v, note_pause, &pause);
    ck_assert_int_ge(pause, 50);
    ck_assert_int_le(pause, 100);
    ck_assert_int_ge(diesel_now() - began, pause);
    diesel_supervisor_free(v);
    return 0;
}
END_TEST

static int64_t far_clock(void *arg)
{
    return *(int64_t *)arg;
}

static double whole(void *arg)
{
    (void)arg;
    return 1.0;
}

/* The clock that options.now shows, and what has become of the pauses. */
static struct {
    int64_t clock, pauses[8];
    int starts;
    diesel_supervisor *v;
} lives;

static int live_and_fail(void *arg)
{
    int64_t lasts = *(int64_t *)arg;
    diesel_supervisor_walk(lives.v, note_pause, &lives.pauses[lives.starts]);
    lives.clock += lasts;
    if (lives.starts++ < 4)
        return -1;
    diesel_supervisor_stop(lives.v);
    return 0;
}

FIBER_TEST(the_pause_is_short_again_after_a_long_life)
{
    diesel_error err;
    static const struct {
        int64_t lasts, last_pause;
    } rows[] = {{10, 4}, {1000, 1}};
    int64_t lasts = rows[row].lasts;
    memset(&lives, 0, sizeof lives);
    lives.v = make(&(diesel_supervisor_options){
        .most_restarts = DIESEL_UNLIMITED, .within_ms = 1000, .pause_ms = 1,
        .most_pause_ms = 4, .now = far_clock, .chance = whole, .arg = &lives.clock});
    add(lives.v, "x", live_and_fail, &lasts, DIESEL_PERMANENT);
    assert_ok(diesel_supervisor_run(lives.v, &err));
    ck_assert_int_eq(lives.pauses[1], 1);
    ck_assert_int_eq(lives.pauses[4], rows[row].last_pause);
    diesel_supervisor_free(lives.v);
    return 0;
}
END_TEST

/* A pause that never ends: the test cancels it. */
FIBER_TEST(the_longest_of_pauses_is_no_overflow)
{
    diesel_error err;
    int times = 100;
    int64_t pause = 0;
    diesel_supervisor *v = make(&(diesel_supervisor_options){
        .most_restarts = INT_MAX, .pause_ms = INT64_MAX - row,
        .most_pause_ms = INT64_MAX, .chance = whole});
    add(v, "x", fail_times, &times, DIESEL_PERMANENT);
    diesel_scope *scope =
        diesel_scope_open(&(diesel_scope_options){.timeout_ms = 5});
    assert_fails(diesel_supervisor_run(v, &err), DIESEL_E_TIMEDOUT);
    assert_ok(diesel_scope_wait(scope, NULL) < 0 ? 0 : -1);
    diesel_supervisor_walk(v, note_pause, &pause);
    ck_assert_int_gt(pause, INT64_C(1) << 40);
    ck_assert_int_eq(times, 99);
    diesel_supervisor_free(v);
    return 0;
}
END_TEST

/* --- What it is given. */

FIBER_TEST(a_child_needs_a_function_and_a_label)
{
    diesel_error err;
    diesel_supervisor *v = make(NULL);
    assert_fails(diesel_supervisor_add(v, &(diesel_child){.label = "x"}, &err),
                 DIESEL_E_INVAL);
    assert_contains(err.message, "without a function");
    assert_fails(diesel_supervisor_add(v, &(diesel_child){.fn = park}, &err),
                 DIESEL_E_INVAL);
    assert_contains(err.message, "without a label");
    diesel_supervisor_stop(v); /* it does not run */
    assert_ok(diesel_supervisor_run(v, &err)); /* there is nothing to do */
    diesel_supervisor_free(v);
    diesel_supervisor_free(NULL);
    diesel_supervisor_stop(NULL);
    return 0;
}
END_TEST

static int run_again_and_stop(void *arg)
{
    diesel_error err;
    assert_fails(diesel_supervisor_run(arg, &err), DIESEL_E_BUSY);
    diesel_supervisor_stop(arg);
    return 0;
}

FIBER_TEST(it_runs_once_at_a_time)
{
    diesel_error err;
    diesel_supervisor *v = make(&quick);
    add(v, "x", run_again_and_stop, v, DIESEL_TEMPORARY);
    assert_ok(diesel_supervisor_run(v, &err));
    assert_ok(diesel_supervisor_run(v, &err));
    diesel_supervisor_free(v);
    return 0;
}
END_TEST

struct crowd {
    diesel_supervisor *v;
    int starts;
};

static int add_twenty(void *arg)
{
    struct crowd *crowd = arg;
    for (int i = 0; i < 20; i++)
        add(crowd->v, "late", count_starts, &crowd->starts, DIESEL_TRANSIENT);
    return 0;
}

FIBER_TEST(children_may_be_added_while_it_runs)
{
    diesel_error err;
    struct crowd crowd = {make(&quick), 0};
    add(crowd.v, "first", add_twenty, &crowd, DIESEL_TEMPORARY);
    assert_ok(diesel_supervisor_run(crowd.v, &err));
    ck_assert_int_eq(crowd.starts, 20);
    diesel_supervisor_free(crowd.v);
    return 0;
}
END_TEST

/* --- Who comes back with whom. */

struct family {
    diesel_supervisor *v;
    int times, ended, temporary, permanent;
};

static int count_and_park(void *arg)
{
    ++*(int *)arg;
    return park(NULL);
}

static int fail_family(void *arg)
{
    struct family *f = arg;
    diesel_error err;
    assert_ok(diesel_yield(&err));
    if (f->times-- > 0)
        return -1;
    diesel_supervisor_stop(f->v);
    return 0;
}

FIBER_TEST(with_the_others_only_who_may_come_back_does)
{
    diesel_error err;
    struct family f = {.times = 2};
    diesel_supervisor_options options = quick;
    options.strategy = DIESEL_ONE_FOR_ALL;
    f.v = make(&options);
    add(f.v, "ended", count_starts, &f.ended, DIESEL_TRANSIENT);
    add(f.v, "temporary", count_and_park, &f.temporary, DIESEL_TEMPORARY);
    add(f.v, "permanent", count_and_park, &f.permanent, DIESEL_TRANSIENT);
    add(f.v, "x", fail_family, &f, DIESEL_PERMANENT);
    assert_ok(diesel_supervisor_run(f.v, &err));
    ck_assert_int_eq(f.ended, 1);
    ck_assert_int_eq(f.temporary, 1);
    ck_assert_int_eq(f.permanent, 3);
    diesel_supervisor_free(f.v);
    return 0;
}
END_TEST

/* Ends only when told to, whoever cancels it. */
static int linger(void *arg)
{
    diesel_error err;
    diesel_event *may_end = arg;
    diesel_scope *shield =
        diesel_scope_open(&(diesel_scope_options){.shield = true});
    assert_ok(diesel_event_wait(may_end, DIESEL_FOREVER, &err));
    assert_ok(diesel_scope_wait(shield, &err));
    return 0;
}

static int run_it(void *arg)
{
    return diesel_supervise(arg);
}

/* It waits for a child that lingers, and is cancelled itself. */
FIBER_TEST(its_own_cancellation_reaches_it_while_it_stops_children)
{
    diesel_error err;
    diesel_event may_end = {0};
    diesel_supervisor *v = make(&quick);
    int starts = 0;
    add(v, "a", count_and_park, &starts, DIESEL_PERMANENT);
    add(v, "lingers", linger, &may_end, DIESEL_PERMANENT);
    diesel_scope *scope =
        diesel_scope_open(&(diesel_scope_options){.detached = true});
    diesel_go(scope, run_it, v);
    while (starts == 0)
        assert_ok(diesel_yield(&err));
    diesel_supervisor_stop(v);
    for (int i = 0; i < 3; i++) /* it has come to wait */
        assert_ok(diesel_yield(&err));
    diesel_scope_cancel(scope);
    for (int i = 0; i < 3; i++)
        assert_ok(diesel_yield(&err));
    diesel_event_set(&may_end);
    (void)diesel_scope_wait(scope, NULL);
    diesel_supervisor_free(v);
    return 0;
}
END_TEST

FIBER_TEST(a_child_that_was_not_cancelled_alone_ends_with_its_supervisor)
{
    diesel_error err;
    diesel_supervisor *v = make(&quick);
    int starts = 0;
    add(v, "a", count_and_park, &starts, DIESEL_PERMANENT);
    diesel_scope *scope =
        diesel_scope_open(&(diesel_scope_options){.timeout_ms = 3});
    assert_fails(diesel_supervisor_run(v, &err), DIESEL_E_TIMEDOUT);
    ck_assert_int_eq(starts, 1);
    ck_assert_int_eq(diesel_scope_wait(scope, &err), -1);
    diesel_supervisor_free(v);
    return 0;
}
END_TEST

/* --- Supervisors under supervisors. */

static bool count_to(const diesel_child_status *status, void *arg)
{
    int *left = arg;
    ck_assert_ptr_nonnull(status->label);
    return --*left > 0;
}

FIBER_TEST(a_walk_ends_where_it_is_told_to)
{
    diesel_supervisor *top = make(NULL), *inner = make(NULL);
    add(inner, "b", park, NULL, DIESEL_PERMANENT);
    add(inner, "c", park, NULL, DIESEL_PERMANENT);
    add(top, "a", diesel_supervise, inner, DIESEL_PERMANENT);
    add(top, "d", park, NULL, DIESEL_PERMANENT);
    for (int most = 1; most <= 5; most++) {
        int left = most;
        diesel_supervisor_walk(top, count_to, &left);
        ck_assert_int_eq(left, most == 5 ? 1 : 0);
    }
    diesel_supervisor_free(top);
    diesel_supervisor_free(inner);
    return 0;
}
END_TEST

FIBER_TEST(one_child_may_be_kept_alive)
{
    diesel_error err;
    int times = 6;
    const diesel_child child = {.label = "x", .fn = fail_times, .arg = &times};
    diesel_supervisor_options options = {.pause_ms = 1, .most_pause_ms = 1};
    assert_ok(diesel_keep_alive(&child, &options, &err));
    ck_assert_int_eq(times, -1);
    times = 6;
    options.most_restarts = 2;
    assert_fails(diesel_keep_alive(&child, &options, &err), DIESEL_E_LIMIT);
    assert_contains(err.message, "x: more than 2 restarts");
    options.label = "keeper";
    assert_fails(diesel_keep_alive(&child, &options, &err), DIESEL_E_LIMIT);
    assert_contains(err.message, "keeper: more than 2 restarts");
    times = 0;
    assert_ok(diesel_keep_alive(&child, NULL, &err));
    assert_fails(diesel_keep_alive(&(diesel_child){.label = "x"}, NULL, &err),
                 DIESEL_E_INVAL);
    return 0;
}
END_TEST

/* --- Where memory runs out. */

static int tree(void *arg)
{
    diesel_error err;
    diesel_supervisor *inner = NULL, *top = diesel_supervisor_new(&quick, &err);
    int times = 2, starts[10] = {0}, result = top != NULL ? 0 : -1;
    (void)arg;
    for (int i = 0; i < 10 && result == 0; i++)
        result = diesel_supervisor_add(
            top, &(diesel_child){.label = "n", .fn = count_starts,
                                 .arg = &starts[i], .restart = DIESEL_TRANSIENT},
            &err);
    if (result == 0) {
        inner = diesel_supervisor_new(
            &(diesel_supervisor_options){.most_restarts = 5, .pause_ms = 1}, &err);
        result = inner != NULL ? 0 : -1;
    }
    if (result == 0)
        result = diesel_supervisor_add(
            inner, &(diesel_child){.label = "x", .fn = fail_times, .arg = &times,
                                   .restart = DIESEL_TRANSIENT},
            &err);
    if (result == 0)
        result = diesel_supervisor_add(
            top, &(diesel_child){.label = "inner", .fn = diesel_supervise,
                                 .arg = inner, .restart = DIESEL_TRANSIENT},
            &err);
    if (result == 0)
        result = diesel_supervisor_run(top, &err);
    diesel_supervisor_free(inner);
    diesel_supervisor_free(top);
    return result < 0 ? diesel_fail(&err) : 0;
}

static int keep(void *arg)
{
    diesel_error err;
    int times = 2;
    (void)arg;
    return diesel_keep_alive(
               &(diesel_child){.label = "x", .fn = fail_times, .arg = &times},
               &quick, &err) < 0
               ? diesel_fail(&err)
               : 0;
}

static diesel_fn *const bodies[] = {tree, keep};

START_TEST(any_allocation_may_fail)
{
    ck_assert_int_gt(fault_loop_memory(bodies[_i], NULL, 0), 5);
}
END_TEST

START_TEST(it_may_be_cancelled_at_any_turn)
{
    ck_assert_int_gt(cancel_loop(bodies[_i], NULL), 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("supervisor_faults");
    test_case(suite, "defaults", three_restarts_in_five_seconds_are_the_most,
              the_first_pause_is_of_half_to_a_tenth_of_a_second);
    test_case_rows(suite, "pause", the_pause_is_short_again_after_a_long_life, 2);
    test_case_rows(suite, "longest", the_longest_of_pauses_is_no_overflow, 2);
    test_case(suite, "given", a_child_needs_a_function_and_a_label,
              it_runs_once_at_a_time, children_may_be_added_while_it_runs);
    test_case(suite, "together", with_the_others_only_who_may_come_back_does,
              its_own_cancellation_reaches_it_while_it_stops_children,
              a_child_that_was_not_cancelled_alone_ends_with_its_supervisor);
    test_case(suite, "nested", a_walk_ends_where_it_is_told_to,
              one_child_may_be_kept_alive);
    test_case_rows(suite, "memory", any_allocation_may_fail, TEST_COUNT(bodies));
    test_case_rows(suite, "cancellation", it_may_be_cancelled_at_any_turn,
                   TEST_COUNT(bodies));
    return test_suite_run(suite);
}

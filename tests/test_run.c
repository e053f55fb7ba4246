/* SPDX-License-Identifier: MIT */
/*
 * <diesel/run.h>, <diesel/event.h> and <diesel/park.h>: beginning and ending, in a
 * loop of one's own or an application's; parking and waking.
 */
#include <stdint.h>

#include <diesel/event.h>

#include "test_util.h"

static int give_seven(void *arg)
{
    (void)arg;
    return 7;
}

static int end_badly(void *arg)
{
    diesel_error err;
    diesel_error_set(&err, DIESEL_E_LIMIT, DIESEL_DOM_CORE, 3, "%s",
                     (const char *)arg);
    return diesel_fail(&err);
}

START_TEST(run_returns_what_the_first_fiber_returned)
{
    diesel_error err;
    ck_assert_int_eq(diesel_run(give_seven, NULL, NULL, &err), 7);
    assert_fails(diesel_run(end_badly, "so it is", NULL, &err), DIESEL_E_LIMIT);
    ck_assert_str_eq(err.message, "so it is");
    ck_assert_int_eq(diesel_run(end_badly, "without an error", NULL, NULL), -1);
}
END_TEST

FIBER_TEST(a_thread_has_one_scheduler)
{
    diesel_error err;
    assert_fails(diesel_run(give_seven, NULL, NULL, &err), DIESEL_E_BUSY);
    struct event_base *base = event_base_new();
    assert_fails(diesel_attach(base, NULL, &err), DIESEL_E_BUSY);
    event_base_free(base);
    return 0;
}
END_TEST

static int wait_for_ever(void *arg)
{
    diesel_error err;
    assert_fails(diesel_park("what never comes", DIESEL_FOREVER, &err),
                 DIESEL_E_CANCELLED);
    ++*(int *)arg;
    return diesel_fail(&err);
}

static int stuck(void *arg)
{
    diesel_error err;
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(scope, wait_for_ever, arg);
    diesel_go(scope, wait_for_ever, arg);
    return diesel_scope_wait(scope, &err) < 0 ? diesel_fail(&err) : 0;
}

START_TEST(a_deadlock_is_reported_and_cleaned_up)
{
    diesel_error err;
    int ended = 0;
    assert_fails(diesel_run(stuck, &ended, NULL, &err), DIESEL_E_FAILED);
    assert_contains(err.message, "deadlock");
    ck_assert_str_eq(err.message,
                     "deadlock: 3 fibers wait, and no event can come; "
                     "wait_for_ever waits for what never comes; "
                     "wait_for_ever waits for what never comes; "
                     "main waits for the fibers of a scope");
    ck_assert_int_eq(ended, 2);
}
END_TEST

static int many_stuck(void *arg)
{
    diesel_error err;
    diesel_scope *scope = diesel_scope_open(NULL);
    for (int i = 0; i < 100; i++)
        diesel_go(scope, wait_for_ever, arg);
    return diesel_scope_wait(scope, &err) < 0 ? diesel_fail(&err) : 0;
}

static void count_deadlocked(void *arg, const diesel_log_record *record)
{
    ck_assert_str_eq(record->logger, "diesel.deadlock");
    ck_assert_str_eq(record->fields[1].s, "wait_for_ever");
    ck_assert_str_eq(record->fields[5].s, "what never comes");
    ck_assert_str_eq(record->fields[8].s, "backtrace");
    ++*(int *)arg;
}

START_TEST(the_report_of_a_deadlock_has_an_end)
{
    diesel_error err;
    int ended = 0, logged = 0;
    assert_ok(diesel_log_sinks_set(&(diesel_log_sink){count_deadlocked, &logged},
                                   1, &err));
    assert_fails(diesel_run(many_stuck, &ended, NULL, &err), DIESEL_E_FAILED);
    assert_contains(err.message, "deadlock: 101 fibers wait, and no event can "
                                 "come; wait_for_ever waits for what never");
    assert_contains(err.message, "; and 98 more");
    ck_assert_int_eq(logged, 32);
    ck_assert_int_eq(ended, 100);
}
END_TEST

START_TEST(main_gives_an_exit_status)
{
    ck_assert_int_eq(diesel_main(give_seven, NULL), 0);
    fclose(stderr);
    ck_assert_int_eq(diesel_main(end_badly, "not shown"), 1);
}
END_TEST

static diesel_fiber *parked;

static int park(void *arg)
{
    diesel_error err;
    parked = diesel_self();
    *(int *)arg = diesel_park("a test", DIESEL_FOREVER, &err);
    parked = NULL;
    return 0;
}

FIBER_TEST(a_parked_fiber_gets_the_value_it_is_woken_with)
{
    diesel_error err;
    int value = -1;
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(scope, park, &value);
    assert_ok(diesel_yield(&err));
    ck_assert(diesel_wake(parked, 42));
    ck_assert(!diesel_wake(parked, 43)); /* it has something already */
    assert_ok(diesel_scope_wait(scope, &err));
    ck_assert_int_eq(value, 42);
    return 0;
}
END_TEST

FIBER_TEST(a_value_is_not_lost_to_a_cancellation_that_comes_later)
{
    diesel_error err;
    int value = -1;
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(scope, park, &value);
    assert_ok(diesel_yield(&err));
    ck_assert(diesel_wake(parked, 0));
    diesel_scope_cancel(scope);
    assert_ok(diesel_scope_wait(scope, &err));
    ck_assert_int_eq(value, 0);
    return 0;
}
END_TEST

FIBER_TEST(who_is_cancelled_cannot_be_woken)
{
    diesel_error err;
    int value = 0;
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(scope, park, &value);
    assert_ok(diesel_yield(&err));
    diesel_scope_cancel(scope);
    ck_assert(!diesel_wake(parked, 1));
    assert_ok(diesel_scope_wait(scope, &err));
    ck_assert_int_eq(value, -1);
    return 0;
}
END_TEST

FIBER_TEST(parking_has_a_deadline_and_says_for_what)
{
    diesel_error err;
    ck_assert(!diesel_wake(diesel_self(), 1)); /* it runs */
    assert_fails(diesel_park("godot", DIESEL_NOW, &err), DIESEL_E_TIMEDOUT);
    int64_t deadline = diesel_now() + 3;
    assert_fails(diesel_park("godot", deadline, &err), DIESEL_E_TIMEDOUT);
    assert_contains(err.message, "godot");
    ck_assert_int_ge(diesel_now(), deadline);
    return 0;
}
END_TEST

/* --- In an application's loop. */

static int count_down(void *arg)
{
    diesel_error err;
    int *left = arg;
    while (*left > 0) {
        assert_ok(diesel_sleep(1, &err));
        --*left;
    }
    event_base_loopbreak(diesel_event_base());
    return 0;
}

START_TEST(fibers_run_in_an_applications_loop)
{
    diesel_error err;
    int left = 5;
    struct event_base *base = event_base_new();
    ck_assert_ptr_null(diesel_event_base());
    assert_ok(diesel_attach(base, NULL, &err));
    ck_assert_ptr_eq(diesel_event_base(), base);
    diesel_scope *scope =
        diesel_scope_open(&(diesel_scope_options){.detached = true});
    diesel_go(scope, count_down, &left);
    ck_assert_int_eq(left, 5);
    event_base_dispatch(base);
    ck_assert_int_eq(left, 0);
    diesel_detach();
    ck_assert_ptr_null(diesel_event_base());
    event_base_free(base);
}
END_TEST

static diesel_channel *questions, *answers; /* of int */

static int answer(void *arg)
{
    diesel_error err;
    int question, got;
    (void)arg;
    while ((got = diesel_channel_recv(questions, &question, DIESEL_FOREVER,
                                      &err)) > 0) {
        question *= 2;
        assert_ok(diesel_channel_send(answers, &question, DIESEL_FOREVER, &err));
    }
    event_base_loopbreak(diesel_event_base());
    return got < 0 ? diesel_fail(&err) : 0;
}

static int ask(void *arg)
{
    diesel_error err;
    int item = 21;
    (void)arg;
    assert_ok(diesel_channel_send(questions, &item, DIESEL_FOREVER, &err));
    assert_ok(diesel_channel_recv(answers, &item, DIESEL_FOREVER, &err));
    ck_assert_int_eq(item, 42);
    diesel_channel_close(questions);
    return 0;
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what, (void)arg;
    ck_assert_ptr_null(diesel_self());
    diesel_scope *scope =
        diesel_scope_open(&(diesel_scope_options){.detached = true});
    diesel_go(scope, ask, NULL);
}

START_TEST(callbacks_may_start_and_wake_fibers)
{
    diesel_error err;
    struct event_base *base = event_base_new();
    assert_ok(diesel_attach(base, NULL, &err));
    assert_made(questions = diesel_channel_new(sizeof(int), 1, &err));
    assert_made(answers = diesel_channel_new(sizeof(int), 1, &err));
    diesel_scope *scope =
        diesel_scope_open(&(diesel_scope_options){.detached = true});
    diesel_go(scope, answer, NULL);
    struct event *timer = evtimer_new(base, on_timer, NULL);
    evtimer_add(timer, &(struct timeval){.tv_usec = 2000});
    event_base_dispatch(base);
    event_free(timer);
    diesel_detach();
    diesel_channel_free(questions);
    diesel_channel_free(answers);
    event_base_free(base);
}
END_TEST

START_TEST(detaching_cancels_what_still_runs)
{
    diesel_error err;
    int ended = 0;
    struct event_base *base = event_base_new();
    assert_ok(diesel_attach(base, NULL, &err));
    diesel_scope *scope =
        diesel_scope_open(&(diesel_scope_options){.detached = true});
    for (int i = 0; i < 10; i++)
        diesel_go(scope, wait_for_ever, &ended);
    event_base_loop(base, EVLOOP_NONBLOCK);
    ck_assert_int_eq(ended, 0);
    diesel_detach();
    ck_assert_int_eq(ended, 10);
    event_base_free(base);
}
END_TEST

START_TEST(there_is_no_attaching_to_nothing)
{
    diesel_error err;
    assert_fails(diesel_attach(NULL, NULL, &err), DIESEL_E_INVAL);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("run");
    test_case(suite, "run", run_returns_what_the_first_fiber_returned,
              a_thread_has_one_scheduler, a_deadlock_is_reported_and_cleaned_up,
              the_report_of_a_deadlock_has_an_end,
              main_gives_an_exit_status);
    test_case(suite, "park", a_parked_fiber_gets_the_value_it_is_woken_with,
              a_value_is_not_lost_to_a_cancellation_that_comes_later,
              who_is_cancelled_cannot_be_woken,
              parking_has_a_deadline_and_says_for_what);
    test_case(suite, "attach", fibers_run_in_an_applications_loop,
              callbacks_may_start_and_wake_fibers,
              detaching_cancels_what_still_runs,
              there_is_no_attaching_to_nothing);
    return test_suite_run(suite);
}

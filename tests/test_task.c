/* SPDX-License-Identifier: MIT */
/*
 * <diesel/task.h>: results of fibers.
 */
#include "cancel_loop.h"
#include "fault_loop.h"
#include "test_util.h"

static int give(void *arg)
{
    diesel_error err;
    return diesel_yield(&err) < 0 ? diesel_fail(&err) : *(int *)arg;
}

static int refuse(void *arg)
{
    diesel_error err;
    (void)arg;
    diesel_error_set(&err, DIESEL_E_BUSY, DIESEL_DOM_CORE, 0, "no time");
    return diesel_fail(&err);
}

static int say_nothing(void *arg)
{
    (void)arg;
    return -5;
}

static int hang(void *arg)
{
    diesel_error err;
    (void)arg;
    return diesel_park("nothing", DIESEL_FOREVER, &err) < 0 ? diesel_fail(&err)
                                                            : 0;
}

FIBER_TEST(results_are_there_when_the_scope_has_ended)
{
    diesel_error err;
    int numbers[] = {0, 7, 42};
    diesel_task tasks[3];
    diesel_scope *scope = diesel_scope_open(NULL);
    for (int i = 0; i < 3; i++) {
        assert_ok(diesel_task_go(scope, &tasks[i], give, &numbers[i]));
        ck_assert(!tasks[i].ended);
    }
    assert_ok(diesel_scope_wait(scope, &err));
    for (int i = 0; i < 3; i++) {
        ck_assert(tasks[i].ended);
        ck_assert_int_eq(tasks[i].result, numbers[i]);
    }
    return 0;
}
END_TEST

struct waiting {
    diesel_task *task;
    int got;
};

static int wait_for_it(void *arg)
{
    diesel_error err;
    struct waiting *waiting = arg;
    waiting->got = diesel_task_wait(waiting->task, DIESEL_FOREVER, &err);
    return waiting->got < 0 ? diesel_fail(&err) : 0;
}

FIBER_TEST(several_wait_for_a_task_before_its_scope_ends)
{
    diesel_error err;
    int number = 9;
    diesel_task task, other;
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_task_go(scope, &task, give, &number);
    diesel_task_go(scope, &other, hang, NULL);
    struct waiting waiting[2] = {{&task, 0}, {&task, 0}};
    diesel_go(scope, wait_for_it, &waiting[0]);
    diesel_go(scope, wait_for_it, &waiting[1]);
    ck_assert_int_eq(diesel_task_wait(&task, DIESEL_FOREVER, &err), 9);
    ck_assert_int_eq(diesel_task_wait(&task, DIESEL_NOW, &err), 9); /* again */
    assert_fails(diesel_task_wait(&other, DIESEL_NOW, &err), DIESEL_E_TIMEDOUT);
    assert_ok(diesel_yield(&err));
    ck_assert_int_eq(waiting[0].got, 9);
    ck_assert_int_eq(waiting[1].got, 9);
    diesel_scope_cancel(scope);
    assert_fails(diesel_task_wait(&task, DIESEL_NOW, &err), DIESEL_E_CANCELLED);
    assert_ok(diesel_scope_wait(scope, &err));
    ck_assert_int_eq(other.result, -1);
    ck_assert_int_eq(other.error.code, DIESEL_E_CANCELLED);
    return 0;
}
END_TEST

FIBER_TEST(a_failure_is_the_scopes_and_the_tasks)
{
    diesel_error err;
    diesel_task failing, hanging;
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_task_go(scope, &hanging, hang, NULL);
    diesel_task_go(scope, &failing, refuse, NULL);
    assert_fails(diesel_scope_wait(scope, &err), DIESEL_E_BUSY);
    ck_assert_str_eq(failing.error.message, "no time");
    ck_assert_int_eq(hanging.error.code, DIESEL_E_CANCELLED);
    assert_fails(diesel_task_wait(&failing, DIESEL_FOREVER, &err), DIESEL_E_BUSY);
    return 0;
}
END_TEST

FIBER_TEST(a_failure_without_a_reason_gets_one)
{
    diesel_error err;
    diesel_task task;
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_task_go(scope, &task, say_nothing, NULL);
    assert_fails(diesel_scope_wait(scope, &err), DIESEL_E_FAILED);
    ck_assert_int_eq(task.result, -5);
    test_error_wipe(&err);
    ck_assert_int_eq(diesel_task_wait(&task, DIESEL_FOREVER, &err), -1);
    ck_assert_str_eq(err.message, "fiber say_nothing failed and gave no error");
    return 0;
}
END_TEST

FIBER_TEST(a_select_sees_a_task_end)
{
    diesel_error err;
    int number = 3;
    diesel_task quick, slow;
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_task_go(scope, &slow, hang, NULL);
    diesel_task_go(scope, &quick, give, &number);
    diesel_case cases[] = {diesel_case_task(&slow), diesel_case_task(&quick)};
    for (int round = 0; round < 2; round++) { /* waiting, then polled */
        ck_assert_int_eq(diesel_select(cases, 2, DIESEL_FOREVER, &err), 1);
        ck_assert_int_eq(cases[1].result, 3);
    }
    diesel_scope_cancel(scope);
    assert_ok(diesel_scope_wait(scope, &err));
    return 0;
}
END_TEST

static int task_work(void *arg)
{
    diesel_error err;
    int number = 5;
    (void)arg;
    diesel_task task;
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_task_go(scope, &task, give, &number);
    int got = diesel_task_wait(&task, DIESEL_FOREVER, &err);
    if (got < 0)
        diesel_scope_cancel(scope);
    if (diesel_scope_wait(scope, &err) < 0)
        got = -1;
    ck_assert(got == 5 || got == -1);
    return got < 0 ? diesel_fail(&err) : 0;
}

START_TEST(without_memory_a_task_says_so)
{
    ck_assert_int_ge(fault_loop_memory(task_work, NULL, 0), 2);
}
END_TEST

FIBER_TEST(a_task_that_is_not_started_has_ended)
{
    diesel_error err;
    diesel_task task;
    ck_assert_int_eq(diesel_task_go(NULL, &task, say_nothing, NULL), -1);
    assert_fails(diesel_task_wait(&task, DIESEL_FOREVER, &err), DIESEL_E_NOMEM);
    return 0;
}
END_TEST

START_TEST(nothing_is_left_when_cancelled_at_any_turn)
{
    ck_assert_int_ge(cancel_loop(task_work, NULL), 2);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("task");
    test_case(suite, "results", results_are_there_when_the_scope_has_ended,
              several_wait_for_a_task_before_its_scope_ends,
              a_select_sees_a_task_end);
    test_case(suite, "failures", a_failure_is_the_scopes_and_the_tasks,
              a_failure_without_a_reason_gets_one,
              a_task_that_is_not_started_has_ended);
    test_case(suite, "faults", without_memory_a_task_says_so,
              nothing_is_left_when_cancelled_at_any_turn);
    return test_suite_run(suite);
}

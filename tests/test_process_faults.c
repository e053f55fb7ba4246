/* SPDX-License-Identifier: MIT */
/*
 * Child processes where system calls fail, options make no sense, or the process
 * is closed while others wait for it.
 */
#include <errno.h>
#include <limits.h>
#include <stdint.h>

#include "core/process_internal.h"

#include "fault_loop.h"

#define ARGV(...) ((const char *const[]){__VA_ARGS__, NULL})
#define SH(script) ARGV("sh", "-c", script)

static void assert_no_children(void)
{
    ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
    ck_assert_int_eq(errno, ECHILD);
}

/* Runs cat with three pipes, in a folder and a group of its own. */
static int runs_cat(void *arg)
{
    diesel_error err;
    diesel_exit how;
    char got[5];
    (void)arg;
    diesel_process *process = diesel_process_start(
        SH("cat; exit 3"),
        &(diesel_process_options){.in = {DIESEL_STDIO_PIPE},
                                  .out = {DIESEL_STDIO_PIPE},
                                  .err = {DIESEL_STDIO_NULL},
                                  .cwd = "/",
                                  .new_group = true,
                                  .grace_ms = -1},
        &err);
    if (process == NULL)
        return diesel_fail(&err);
    int result = diesel_stream_write(diesel_process_in(process), "hello", 5,
                                     DIESEL_FOREVER, &err);
    if (result == 0)
        result = diesel_process_close_in(process, DIESEL_FOREVER, &err);
    if (result == 0)
        result = diesel_stream_read_exactly(diesel_process_out(process), got, 5,
                                            DIESEL_FOREVER, &err);
    if (result == 0)
        result = diesel_process_wait(process, &how, DIESEL_FOREVER, &err);
    if (result == 0)
        ck_assert_int_eq(how.status, 3);
    diesel_process_close(process);
    return result < 0 ? diesel_fail(&err) : 0;
}

static const struct {
    enum faulty_kind kind;
    int errnum;
} calls[] = {{FAULTY_pipe2, EMFILE}, {FAULTY_fcntl, EMFILE}, {FAULTY_ANY, EIO}};

START_TEST(any_system_call_may_fail)
{
    for (int without = 0; without < 2; without++) {
        diesel__process_without_pidfd = without;
        fault_loop_sys(runs_cat, NULL, calls[_i].kind, calls[_i].errnum);
        assert_no_children();
    }
}
END_TEST

START_TEST(interrupted_and_short_calls_do_no_harm)
{
    diesel__process_without_pidfd = _i;
    fault_loop_short(runs_cat, NULL, 1);
    assert_no_children();
}
END_TEST

/* As of a program that has taken another user's rights: it is left alone, and the
 * others do not wait for its end. */
FIBER_TEST(a_child_that_may_not_be_signalled_is_left)
{
    diesel_error err;
    int status;
    diesel_process *process;
    assert_made(process = diesel_process_start(
                    ARGV("cat"),
                    &(diesel_process_options){.in = {DIESEL_STDIO_PIPE},
                                              .grace_ms = row},
                    &err));
    pid_t pid = diesel_process_pid(process);
    faulty_sys_reset();
    faulty_sys_fail_from(FAULTY_kill, 1, EPERM);
    assert_fails(diesel_process_signal(process, SIGTERM, &err), DIESEL_E_IO);
    diesel_process_close(process);
    faulty_sys_reset();
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert(WIFEXITED(status));
    return 0;
}
END_TEST

/* --- What it is given. */

static const char *const *const no_programs[] = {NULL, (const char *const[]){NULL}};

FIBER_TEST(there_must_be_a_program)
{
    diesel_error err;
    assert_fails_null(diesel_process_start(no_programs[row], NULL, &err),
                      DIESEL_E_INVAL);
    assert_contains(err.message, "no program");
    return 0;
}
END_TEST

static const struct {
    diesel_process_options options;
    const char *says;
} wrong[] = {
    {{.out = {DIESEL_STDIO_FD, -1}}, "descriptor -1 as the standard output"},
    {{.err = {(diesel_stdio_kind)17, 0}}, "17 as the kind of the standard error"},
    {{.in = {DIESEL_STDIO_PIPE}, .out = {DIESEL_STDIO_FD, 9999}}, "starting sh"},
    {{.in = {DIESEL_STDIO_NULL}, .cwd = "/no such folder"},
     "starting sh in /no such folder"},
};

FIBER_TEST(wrong_options_leave_nothing_behind)
{
    diesel_error err;
    int fds = test_open_fds();
    assert_fails_null(diesel_process_start(SH("exit"), &wrong[row].options, NULL) ==
                              NULL
                          ? diesel_process_start(SH("exit"), &wrong[row].options,
                                                 &err)
                          : NULL,
                      err.code);
    assert_contains(err.message, wrong[row].says);
    ck_assert_int_eq(test_open_fds(), fds);
    assert_no_children();
    return 0;
}
END_TEST

FIBER_TEST(without_a_pipe_there_is_nothing_to_close)
{
    diesel_error err;
    diesel_process *process;
    assert_made(process = diesel_process_start(ARGV("true"), NULL, &err));
    ck_assert_ptr_null(diesel_process_in(process));
    assert_ok(diesel_process_close_in(process, DIESEL_FOREVER, &err));
    diesel_process_close(process);
    return 0;
}
END_TEST

FIBER_TEST(a_signal_that_is_none_is_an_error)
{
    diesel_error err;
    diesel_process *process;
    assert_made(process =
                    diesel_process_start(ARGV("sleep", "1000"), NULL, &err));
    assert_fails(diesel_process_signal(process, 9999, &err), DIESEL_E_INVAL);
    assert_contains(err.message, "signalling process");
    diesel_process_close(process);
    assert_no_children();
    return 0;
}
END_TEST

/* --- Waiting. */

struct wait {
    diesel_process *process;
    bool selects;
    int result;
    diesel_error err;
};

static int wait_in_fiber(void *arg)
{
    struct wait *w = arg;
    if (w->selects) {
        diesel_case cases[] = {diesel_case_process(w->process, NULL)};
        w->result = diesel_select(cases, 1, DIESEL_FOREVER, &w->err);
    } else {
        w->result = diesel_process_wait(w->process, NULL, DIESEL_FOREVER, &w->err);
    }
    return 0;
}

/* The first to wait may be told of the end that closing brings. */
FIBER_TEST(who_waits_is_told_when_it_is_closed)
{
    diesel_error err;
    diesel__process_without_pidfd = row;
    diesel_process *process;
    assert_made(process = diesel_process_start(
                    ARGV("sleep", "1000"),
                    &(diesel_process_options){.grace_ms = -1}, &err));
    struct wait waits[] = {{.process = process}, {.process = process,
                                                  .selects = true}};
    diesel_scope *scope = diesel_scope_open(NULL);
    for (int i = 0; i < 2; i++)
        diesel_go(scope, wait_in_fiber, &waits[i]);
    assert_ok(diesel_yield(&err));
    diesel_process_close(process);
    assert_ok(diesel_scope_wait(scope, &err));
    for (int i = 0; i < 2; i++)
        ck_assert(waits[i].result == 0 || waits[i].err.code == DIESEL_E_CLOSED);
    assert_no_children();
    return 0;
}
END_TEST

FIBER_TEST(a_cancelled_fiber_does_not_wait)
{
    diesel_error err;
    diesel_process *process;
    assert_made(process = diesel_process_start(ARGV("true"), NULL, &err));
    assert_ok(diesel_process_wait(process, NULL, DIESEL_FOREVER, &err));
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_scope_cancel(scope);
    assert_fails(diesel_process_wait(process, NULL, DIESEL_FOREVER, &err),
                 DIESEL_E_CANCELLED);
    assert_ok(diesel_scope_wait(scope, &err));
    diesel_case cases[] = {diesel_case_process(process, NULL)};
    ck_assert_int_eq(diesel_select(cases, 1, DIESEL_FOREVER, &err), 0);
    diesel_process_close(process);
    return 0;
}
END_TEST

/* Somebody else has reaped it: how it ended is not known, but that it did is. */
FIBER_TEST(a_child_that_somebody_else_has_reaped_has_ended)
{
    diesel_error err;
    diesel_exit how = {0, 0};
    diesel__process_without_pidfd = row;
    diesel_process *process;
    assert_made(process =
                    diesel_process_start(ARGV("sleep", "1000"), NULL, &err));
    assert_ok(diesel_process_signal(process, SIGKILL, &err));
    ck_assert_int_eq(waitpid(diesel_process_pid(process), NULL, 0),
                     diesel_process_pid(process));
    assert_ok(diesel_process_wait(process, &how, DIESEL_FOREVER, &err));
    ck_assert_int_eq(how.status, -1);
    ck_assert_int_eq(how.signal, 0);
    diesel_process_close(process);
    return 0;
}
END_TEST

FIBER_TEST(grace_may_be_longer_than_time)
{
    diesel_error err;
    diesel_process *process;
    assert_made(process = diesel_process_start(
                    ARGV("sleep", "1000"),
                    &(diesel_process_options){.grace_ms = INT64_MAX}, &err));
    diesel_process_close(process); /* SIGTERM is enough for it */
    assert_no_children();
    return 0;
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("process_faults");
    test_case_rows(suite, "calls", any_system_call_may_fail, TEST_COUNT(calls));
    test_case_rows(suite, "short", interrupted_and_short_calls_do_no_harm, 2);
    test_case_rows(suite, "rights", a_child_that_may_not_be_signalled_is_left, 2);
    test_case_rows(suite, "program", there_must_be_a_program,
                   TEST_COUNT(no_programs));
    test_case_rows(suite, "wrong", wrong_options_leave_nothing_behind,
                   TEST_COUNT(wrong));
    test_case(suite, "given", without_a_pipe_there_is_nothing_to_close,
              a_signal_that_is_none_is_an_error, a_cancelled_fiber_does_not_wait,
              grace_may_be_longer_than_time);
    test_case_rows(suite, "closed", who_waits_is_told_when_it_is_closed, 2);
    test_case_rows(suite, "reaped",
                   a_child_that_somebody_else_has_reaped_has_ended, 2);
    return test_suite_run(suite);
}

/* SPDX-License-Identifier: MIT */
/*
 * <diesel/process.h>: starting, the three descriptors, how it ended, and that
 * nothing is left behind.
 */
#include <errno.h>

#include "core/process_internal.h"

#include "cancel_loop.h"

#define ARGV(...) ((const char *const[]){__VA_ARGS__, NULL})
#define SH(script) ARGV("sh", "-c", script)

/* Each test that has rows runs with pidfds and without. */
static void choose(int row)
{
    diesel__process_without_pidfd = row == 1;
}

static diesel_process *start(const char *const *argv,
                             const diesel_process_options *options)
{
    diesel_error err;
    diesel_process *process;
    assert_made(process = diesel_process_start(argv, options, &err));
    return process;
}

/* No child is left, dead or alive. */
static void assert_no_children(void)
{
    ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
    ck_assert_int_eq(errno, ECHILD);
}

FIBER_TEST(the_end_is_told_with_its_status)
{
    diesel_error err;
    diesel_exit how;
    choose(row);
    diesel_process *process = start(SH("exit 7"), NULL);
    assert_ok(diesel_process_wait(process, &how, DIESEL_FOREVER, &err));
    ck_assert_int_eq(how.status, 7);
    ck_assert_int_eq(how.signal, 0);
    assert_ok(diesel_process_wait(process, NULL, DIESEL_NOW, &err)); /* again */
    assert_ok(diesel_process_signal(process, SIGTERM, &err)); /* to nobody */
    diesel_process_close(process);
    diesel_process_close(NULL);
    assert_no_children();
    return 0;
}
END_TEST

FIBER_TEST(the_end_is_told_with_its_signal)
{
    diesel_error err;
    diesel_exit how;
    choose(row);
    diesel_process *process = start(ARGV("sleep", "1000"), NULL);
    assert_fails(diesel_process_wait(process, &how, diesel_now() + 2, &err),
                 DIESEL_E_TIMEDOUT);
    assert_ok(diesel_process_signal(process, SIGUSR1, &err));
    assert_ok(diesel_process_wait(process, &how, DIESEL_FOREVER, &err));
    ck_assert_int_eq(how.signal, SIGUSR1);
    ck_assert_int_eq(how.status, -1);
    diesel_process_close(process);
    assert_no_children();
    return 0;
}
END_TEST

static const struct {
    const char *program, *cwd;
    int errnum;
} wrong[] = {
    {"/nowhere/program", NULL, ENOENT},
    {"diesel-no-such-program", NULL, ENOENT},
    {"/etc/passwd", NULL, EACCES},
    {"sh", "/nowhere", ENOENT},
};

FIBER_TEST(a_program_that_cannot_be_executed_is_an_error)
{
    diesel_error err;
    int fds = test_open_fds();
    diesel_process_options options = {.cwd = wrong[row].cwd,
                                      .in = {DIESEL_STDIO_PIPE},
                                      .out = {DIESEL_STDIO_PIPE},
                                      .err = {DIESEL_STDIO_NULL}};
    ck_assert_ptr_null(
        diesel_process_start(ARGV(wrong[row].program), &options, &err));
    ck_assert_int_eq(err.domain, DIESEL_DOM_SYS);
    ck_assert_int_eq(err.detail, wrong[row].errnum);
    assert_contains(err.message, wrong[row].program);
    ck_assert_int_eq(test_open_fds(), fds);
    assert_no_children();
    return 0;
}
END_TEST

FIBER_TEST(pipes_are_streams)
{
    diesel_error err;
    char got[32] = "";
    diesel_process *process =
        start(SH("read x; echo \"got $x\"; echo wrong >&2"),
              &(diesel_process_options){.in = {DIESEL_STDIO_PIPE},
                                        .out = {DIESEL_STDIO_PIPE},
                                        .err = {DIESEL_STDIO_PIPE}});
    assert_ok(diesel_stream_write(diesel_process_in(process), "it\n", 3,
                                  DIESEL_FOREVER, &err));
    assert_ok(diesel_process_close_in(process, DIESEL_FOREVER, &err));
    assert_ok(diesel_stream_read_exactly(diesel_process_out(process), got, 7,
                                         DIESEL_FOREVER, &err));
    ck_assert_str_eq(got, "got it\n");
    assert_ok(diesel_stream_read_exactly(diesel_process_err(process), got, 6,
                                         DIESEL_FOREVER, &err));
    ck_assert_mem_eq(got, "wrong\n", 6);
    ck_assert_int_eq(diesel_stream_read(diesel_process_out(process), got, 1,
                                        DIESEL_FOREVER, &err), 0);
    diesel_process_close(process);
    return 0;
}
END_TEST

/* The descriptors are given crosswise: under numbers of each other. */
FIBER_TEST(given_descriptors_do_not_overwrite_each_other)
{
    diesel_error err;
    int out[2], both[2];
    char got[8] = "";
    ck_assert_int_eq(pipe(out), 0);
    ck_assert_int_eq(pipe(both), 0);
    int save1 = dup(1), save2 = dup(2);
    dup2(both[1], 1);
    dup2(out[1], 2);
    diesel_process *process =
        start(SH("printf out; printf err >&2"),
              &(diesel_process_options){.out = {DIESEL_STDIO_FD, 2},
                                        .err = {DIESEL_STDIO_FD, 1}});
    dup2(save1, 1);
    dup2(save2, 2);
    assert_ok(diesel_process_wait(process, NULL, DIESEL_FOREVER, &err));
    ck_assert_int_eq(read(out[0], got, 3), 3);
    ck_assert_str_eq(got, "out");
    ck_assert_int_eq(read(both[0], got, 3), 3);
    ck_assert_str_eq(got, "err");
    diesel_process_close(process);
    return 0;
}
END_TEST

static const struct {
    const char *script, *out;
} clean[] = {
    {"printf %s \"$ONE\"", "1"},
    {"pwd", "/usr\n"},
    /* No descriptor but the three and the one that ls opens. */
    {"ls /proc/self/fd | wc -l | tr -d ' '", "4\n"},
    /* The last digits: the C library itself ignores 32 and 33 in the child. */
    {"sed -n 's/^SigBlk:.//p; s/^SigIgn:.*\\(.......\\)$/\\1/p' /proc/self/status",
     "0000000000000000\n0000000\n"},
};

FIBER_TEST(a_child_begins_with_a_clean_state)
{
    diesel_error err;
    diesel_captured captured;
    sigset_t blocked;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGUSR2);
    sigprocmask(SIG_BLOCK, &blocked, NULL);
    signal(SIGPIPE, SIG_IGN);
    int leaked = open("/dev/null", O_RDONLY); /* without O_CLOEXEC */
    assert_ok(diesel_process_run(
        SH(clean[row].script),
        &(diesel_process_options){
            .cwd = "/usr", .env = ARGV("ONE=1", "PATH=/usr/bin:/bin")},
        NULL, 0, 1000, &captured, &err));
    ck_assert_str_eq(captured.out, clean[row].out);
    ck_assert_str_eq(captured.err, "");
    diesel_captured_clear(&captured);
    close(leaked);
    return 0;
}
END_TEST

/* --- Stopping */

FIBER_TEST(closing_stops_it_with_sigterm_and_then_sigkill)
{
    diesel_error err;
    char byte;
    choose(row);
    diesel_process *process =
        start(SH("trap '' TERM; echo; while :; do sleep 1; done"),
              &(diesel_process_options){.out = {DIESEL_STDIO_PIPE},
                                        .new_group = true,
                                        .grace_ms = 20});
    pid_t pid = diesel_process_pid(process);
    assert_ok(diesel_stream_read_exactly(diesel_process_out(process), &byte, 1,
                                         DIESEL_FOREVER, &err));
    diesel_process_close(process);
    ck_assert_int_eq(kill(pid, 0), -1);
    assert_no_children();
    return 0;
}
END_TEST

static diesel_exit ending;

static int waits_to_the_end(void *arg)
{
    diesel_error err;
    assert_ok(diesel_process_wait(arg, &ending, DIESEL_FOREVER, &err));
    return 0;
}

FIBER_TEST(closing_gives_it_time_to_end_of_itself)
{
    diesel_error err;
    char byte;
    diesel_process *process =
        start(SH("trap 'exit 9' TERM; echo; while :; do sleep 0.01; done"),
              &(diesel_process_options){.out = {DIESEL_STDIO_PIPE},
                                        .grace_ms = 60000});
    assert_ok(diesel_stream_read_exactly(diesel_process_out(process), &byte, 1,
                                         DIESEL_FOREVER, &err));
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(scope, waits_to_the_end, process);
    assert_ok(diesel_yield(&err));
    diesel_process_close(process);
    assert_ok(diesel_scope_wait(scope, &err));
    ck_assert_int_eq(ending.status, 9);
    return 0;
}
END_TEST

/* A child of the child, which holds the pipe's end: its death closes it. */
FIBER_TEST(a_group_is_stopped_as_a_whole)
{
    diesel_error err;
    int out[2];
    char got[8];
    ck_assert_int_eq(pipe(out), 0);
    diesel_process *process =
        start(SH("(trap '' TERM; echo; sleep 1000) & wait"),
              &(diesel_process_options){.out = {DIESEL_STDIO_FD, out[1]},
                                        .new_group = true});
    close(out[1]);
    ck_assert_int_eq(read(out[0], got, 1), 1);
    diesel_process_close(process);
    ck_assert_int_eq(read(out[0], got, 1), 0); /* nobody writes any more */
    (void)err;
    return 0;
}
END_TEST

static int runs_cat(void *arg)
{
    diesel_error err;
    diesel_captured captured;
    (void)arg;
    if (diesel_process_run(ARGV("cat"), NULL, "abc", 3, 100, &captured, &err) < 0)
        return diesel_fail(&err);
    ck_assert_str_eq(captured.out, "abc");
    diesel_captured_clear(&captured);
    return 0;
}

START_TEST(cancellation_at_any_turn_leaves_nothing)
{
    choose(_i);
    ck_assert_int_gt(cancel_loop(runs_cat, NULL), 2);
    assert_no_children();
}
END_TEST

START_TEST(each_allocation_may_fail)
{
    diesel_error err;
    bool done = false;
    choose(_i);
    diesel_allocator_set(&faulty_memory);
    int fds = test_open_fds();
    for (long n = 1; !done; n++) {
        faulty_memory_fail(n);
        int result = diesel_run(runs_cat, NULL, NULL, &err);
        done = faulty_allocations < n;
        if (result < 0)
            assert_error(DIESEL_E_NOMEM);
        ck_assert(result == 0 || !done);
        ck_assert_int_eq(faulty_alive, 0);
        ck_assert_int_eq(test_open_fds(), fds);
        assert_no_children();
    }
}
END_TEST

/* --- Running to the end, and select */

FIBER_TEST(a_program_is_run_with_input_and_output)
{
    diesel_error err;
    diesel_captured captured;
    size_t size = 300000; /* more than pipes hold, both ways at once */
    char *input = malloc(size);
    memset(input, 'x', size);
    assert_ok(diesel_process_run(SH("cat; echo no >&2; exit 3"), NULL, input, size,
                                 size, &captured, &err));
    ck_assert_uint_eq(captured.out_size, size);
    ck_assert_mem_eq(captured.out, input, size);
    ck_assert_str_eq(captured.err, "no\n");
    ck_assert_int_eq(captured.how.status, 3);
    diesel_captured_clear(&captured);
    /* A program that reads nothing is none the worse. */
    assert_ok(diesel_process_run(ARGV("true"), NULL, input, size, 10, &captured, &err));
    ck_assert_int_eq(captured.how.status, 0);
    diesel_captured_clear(&captured);
    free(input);
    return 0;
}
END_TEST

FIBER_TEST(output_is_limited)
{
    diesel_error err;
    diesel_captured captured;
    assert_ok(diesel_process_run(SH("printf 12345"), NULL, NULL, 0, 5, &captured, &err));
    ck_assert_str_eq(captured.out, "12345");
    diesel_captured_clear(&captured);
    assert_fails(diesel_process_run(SH("printf 123456"), NULL, NULL, 0, 5,
                                    &captured, &err),
                 DIESEL_E_LIMIT);
    assert_fails(diesel_process_run(ARGV("yes"), NULL, NULL, 0, 5, &captured, &err),
                 DIESEL_E_LIMIT);
    diesel_scope *scope = diesel_scope_open(&(diesel_scope_options){.timeout_ms = 10});
    assert_fails(diesel_process_run(ARGV("sleep", "1000"), NULL, NULL, 0, 5,
                                    &captured, &err),
                 DIESEL_E_TIMEDOUT);
    (void)diesel_scope_wait(scope, &err);
    assert_no_children();
    return 0;
}
END_TEST

FIBER_TEST(the_end_is_a_case_of_select)
{
    diesel_error err;
    diesel_exit how;
    choose(row);
    diesel_process *process = start(SH("read x; exit 4"),
                                    &(diesel_process_options){
                                        .in = {DIESEL_STDIO_PIPE}});
    diesel_case cases[] = {diesel_case_timer(1), diesel_case_process(process, &how)};
    ck_assert_int_eq(diesel_select(cases, 2, DIESEL_FOREVER, &err), 0);
    cases[0].on = NULL;
    assert_ok(diesel_process_close_in(process, DIESEL_FOREVER, &err));
    ck_assert_int_eq(diesel_select(cases, 2, DIESEL_FOREVER, &err), 1);
    ck_assert_int_eq(how.status, 4);
    how.status = 0;
    ck_assert_int_eq(diesel_select(cases, 2, DIESEL_NOW, &err), 1);
    ck_assert_int_eq(how.status, 4);
    diesel_process_close(process);
    return 0;
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("process");
    test_case_rows(suite, "status", the_end_is_told_with_its_status, 2);
    test_case_rows(suite, "signal", the_end_is_told_with_its_signal, 2);
    test_case_rows(suite, "wrong", a_program_that_cannot_be_executed_is_an_error,
                   TEST_COUNT(wrong));
    test_case(suite, "descriptors", pipes_are_streams,
              given_descriptors_do_not_overwrite_each_other);
    test_case_rows(suite, "clean", a_child_begins_with_a_clean_state,
                   TEST_COUNT(clean));
    test_case_rows(suite, "stopping",
                   closing_stops_it_with_sigterm_and_then_sigkill, 2);
    test_case(suite, "grace", closing_gives_it_time_to_end_of_itself,
              a_group_is_stopped_as_a_whole);
    test_case_rows(suite, "cancel", cancellation_at_any_turn_leaves_nothing, 2);
    test_case_rows(suite, "memory", each_allocation_may_fail, 2);
    test_case(suite, "running", a_program_is_run_with_input_and_output,
              output_is_limited);
    test_case_rows(suite, "select", the_end_is_a_case_of_select, 2);
    return test_suite_run(suite);
}

/* SPDX-License-Identifier: MIT */
/*
 * SIGPIPE where it is not ignored: writing to a pipe that nobody reads is an error
 * and no signal, and one of the program's own stays what it was.
 */
#include <errno.h>

#include "core/sigpipe_internal.h"
#include "test_util.h"

static bool is_pending(void)
{
    sigset_t pending;
    ck_assert_int_eq(sigpending(&pending), 0);
    return sigismember(&pending, SIGPIPE) == 1;
}

static bool is_blocked(void)
{
    sigset_t mask;
    ck_assert_int_eq(pthread_sigmask(SIG_SETMASK, NULL, &mask), 0);
    return sigismember(&mask, SIGPIPE) == 1;
}

static void block(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGPIPE);
    ck_assert_int_eq(pthread_sigmask(SIG_BLOCK, &set, NULL), 0);
}

static volatile sig_atomic_t caught;

static void count_it(int number)
{
    (void)number;
    caught++;
}

/* How the program treats it, and whether one is waiting. */
static const struct {
    void (*handler)(int);
    bool blocks, waits;
} treatments[] = {
    {SIG_DFL, false, false}, {SIG_IGN, false, false}, {count_it, false, false},
    {SIG_DFL, true, false},  {SIG_DFL, true, true},   {count_it, true, true},
};

static void treat(int row)
{
    signal(SIGPIPE, treatments[row].handler);
    if (treatments[row].blocks)
        block();
    if (treatments[row].waits)
        raise(SIGPIPE);
}

static void check(int row)
{
    ck_assert_int_eq(is_blocked(), treatments[row].blocks);
    ck_assert_int_eq(is_pending(), treatments[row].waits);
    ck_assert_int_eq(caught, 0);
}

FIBER_TEST(a_pipe_that_nobody_reads_is_an_error_and_no_signal)
{
    diesel_error err;
    diesel_stream *ends[2], *in[2];
    treat(row);
    assert_ok(diesel_pipe(ends, &err));
    assert_ok(diesel_stream_pair(in, &err));
    assert_ok(diesel_stream_write(ends[1], "x", 1, DIESEL_FOREVER, &err));
    check(row);
    diesel_stream_close(ends[0]);
    assert_ok(diesel_stream_write(in[0], "x", 1, DIESEL_FOREVER, &err));
    assert_fails(diesel_stream_splice(in[1], ends[1], 1, NULL, DIESEL_FOREVER, &err),
                 DIESEL_E_CLOSED);
    check(row);
    diesel_stream_close(ends[1]);
    assert_ok(diesel_pipe(ends, &err));
    diesel_stream_close(ends[0]);
    assert_fails(diesel_stream_write(ends[1], "x", 1, DIESEL_FOREVER, &err),
                 DIESEL_E_CLOSED);
    check(row);
    diesel_stream_close(ends[1]);
    diesel_stream_close(in[0]);
    diesel_stream_close(in[1]);
    return 0;
}
END_TEST

START_TEST(errno_stays_and_nothing_is_taken_that_was_not_raised)
{
    struct diesel__sigpipe held;
    treat(_i);
    errno = 33;
    diesel__sigpipe_hold(&held);
    diesel__sigpipe_release(&held, true);
    ck_assert_int_eq(errno, 33);
    check(_i);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("sigpipe");
    test_case_rows(suite, "pipes", a_pipe_that_nobody_reads_is_an_error_and_no_signal,
                   TEST_COUNT(treatments));
    test_case_rows(suite, "errno",
                   errno_stays_and_nothing_is_taken_that_was_not_raised,
                   TEST_COUNT(treatments));
    return test_suite_run(suite);
}

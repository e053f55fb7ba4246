/* SPDX-License-Identifier: MIT */
/*
 * <diesel/fiber.h>: turns, sleeping, what a fiber keeps over a switch, and many
 * of them.
 */
#include <errno.h>
#include <fenv.h>
#include <math.h>
#include <stdint.h>
#include <time.h>

#include "test_util.h"

START_TEST(outside_fibers_there_is_no_self)
{
    ck_assert_ptr_null(diesel_self());
    ck_assert_int_eq(diesel_fail(NULL), -1);
}
END_TEST

FIBER_TEST(a_fiber_knows_itself_and_its_label)
{
    diesel_fiber *self = diesel_self();
    ck_assert_ptr_nonnull(self);
    diesel_error err;
    assert_ok(diesel_yield(&err));
    ck_assert_ptr_eq(diesel_self(), self);
    ck_assert_ptr_nonnull(diesel_fiber_label(self));
    return 0;
}
END_TEST

static struct test_log order;

static int note_label(void *arg)
{
    diesel_error err;
    const char *want = arg;
    for (int i = 0; i < 3; i++) {
        ck_assert_str_eq(diesel_fiber_label(diesel_self()), want);
        test_note(&order, *want);
        assert_ok(diesel_yield(&err));
    }
    return 0;
}

FIBER_TEST(fibers_take_turns_in_the_order_they_were_started)
{
    diesel_error err;
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go_labelled(scope, "a", note_label, "a");
    diesel_go_labelled(scope, "b", note_label, "b");
    diesel_go_labelled(scope, "c", note_label, "c");
    test_note(&order, '-'); /* starting does not switch */
    assert_ok(diesel_scope_wait(scope, &err));
    ck_assert_str_eq(order.text, "-abcabcabc");
    return 0;
}
END_TEST

static int its_label_is_its_function(void *arg)
{
    (void)arg;
    ck_assert_str_eq(diesel_fiber_label(diesel_self()),
                     "its_label_is_its_function");
    return 0;
}

FIBER_TEST(go_labels_a_fiber_with_its_function)
{
    diesel_error err;
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(scope, its_label_is_its_function, NULL);
    assert_ok(diesel_scope_wait(scope, &err));
    return 0;
}
END_TEST

FIBER_TEST(a_lone_fiber_may_yield)
{
    diesel_error err;
    for (int i = 0; i < 100000; i++)
        assert_ok(diesel_yield(&err));
    assert_ok(diesel_yield(NULL));
    return 0;
}
END_TEST

static int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

FIBER_TEST(a_sleep_lasts_at_least_as_long_as_asked)
{
    diesel_error err;
    for (int ms = 1; ms < 30; ms += 7) {
        int64_t start = now_ns();
        assert_ok(diesel_sleep(ms, &err));
        ck_assert_int_ge(now_ns() - start, ms * INT64_C(1000000));
    }
    return 0;
}
END_TEST

static int note_after(void *arg)
{
    diesel_error err;
    int ms = *(int *)arg;
    assert_ok(diesel_sleep(ms, &err));
    test_note(&order, (char)('0' + ms / 10));
    return 0;
}

FIBER_TEST(sleepers_wake_in_the_order_of_their_deadlines)
{
    diesel_error err;
    int ms[] = {50, 20, 80, 10, 60, 30, 70, 40};
    diesel_scope *scope = diesel_scope_open(NULL);
    for (size_t i = 0; i < TEST_COUNT(ms); i++)
        diesel_go(scope, note_after, &ms[i]);
    assert_ok(diesel_scope_wait(scope, &err));
    ck_assert_str_eq(order.text, "12345678");
    return 0;
}
END_TEST

static int note_a(void *arg)
{
    (void)arg;
    test_note(&order, 'a');
    return 0;
}

static const int64_t no_time[] = {0, -1, INT64_MIN};

FIBER_TEST(a_sleep_of_no_time_is_a_yield)
{
    diesel_error err;
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(scope, note_a, NULL);
    assert_ok(diesel_sleep(no_time[row], &err));
    test_note(&order, 'b');
    assert_ok(diesel_scope_wait(scope, &err));
    ck_assert_str_eq(order.text, "ab");
    return 0;
}
END_TEST

static const int64_t very_long[] = {INT64_MAX, INT64_MAX / 1000000,
                                    INT64_MAX / 1000000 + 1, INT64_C(1) << 50};

static int sleep_for_long(void *arg)
{
    diesel_error err;
    diesel_sleep(*(int64_t *)arg, &err);
    assert_error(DIESEL_E_CANCELLED);
    return 0;
}

FIBER_TEST(a_very_long_sleep_does_not_overflow)
{
    diesel_error err;
    int64_t ms = very_long[row];
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(scope, sleep_for_long, &ms);
    assert_ok(diesel_sleep(5, &err));
    ck_assert_uint_eq(diesel_scope_count(scope), 1);
    diesel_scope_cancel(scope);
    assert_ok(diesel_scope_wait(scope, &err));
    return 0;
}
END_TEST

static bool stop;

static int spin(void *arg)
{
    (void)arg;
    diesel_error err;
    while (!stop)
        assert_ok(diesel_yield(&err));
    return 0;
}

FIBER_TEST(yielding_for_ever_does_not_starve_timers)
{
    diesel_error err;
    diesel_scope *scope = diesel_scope_open(NULL);
    for (int i = 0; i < 3; i++)
        diesel_go(scope, spin, NULL);
    assert_ok(diesel_sleep(10, &err));
    stop = true;
    assert_ok(diesel_scope_wait(scope, &err));
    return 0;
}
END_TEST

FIBER_TEST(yielding_for_ever_does_not_starve_descriptors)
{
    diesel_error err;
    int raw;
    diesel_stream *stream = test_stream(&raw);
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(scope, spin, NULL);
    char c;
    assert_fails(diesel_stream_read(stream, &c, 1, diesel_now() + 5, &err),
                 DIESEL_E_TIMEDOUT);
    test_raw_write(raw, "x");
    ck_assert_int_eq(diesel_stream_read(stream, &c, 1, DIESEL_FOREVER, &err), 1);
    stop = true;
    assert_ok(diesel_scope_wait(scope, &err));
    diesel_stream_close(stream);
    close(raw);
    return 0;
}
END_TEST

FIBER_TEST(check_is_well_outside_cancelled_scopes)
{
    diesel_error err;
    assert_ok(diesel_check(&err));
    assert_ok(diesel_check(NULL));
    diesel_scope *scope = diesel_scope_open(NULL);
    assert_ok(diesel_check(&err));
    diesel_scope_cancel(scope);
    assert_fails(diesel_check(&err), DIESEL_E_CANCELLED);
    ck_assert_int_eq(diesel_check(NULL), -1);
    assert_ok(diesel_scope_wait(scope, &err));
    assert_ok(diesel_check(&err));
    return 0;
}
END_TEST

/* Floating point in registers over switches: each fiber keeps sums of its own in
 * flight, more than there are registers. */
static int sum_fractions(void *arg)
{
    diesel_error err;
    double step = *(double *)arg, a = 0, b = 0, c = 0, d = 0, e = 0, f = 0;
    double g = 0, h = 0, i = 0, j = 0;
    long double wide = 0;
    for (int n = 0; n < 1000; n++) {
        a += step;
        b += 2 * step;
        c += 3 * step;
        d += 4 * step;
        e += 5 * step;
        f += 6 * step;
        g += 7 * step;
        h += 8 * step;
        i += 9 * step;
        j += 10 * step;
        wide += step;
        assert_ok(diesel_yield(&err));
    }
    /* Powers of two, so every sum is exact. */
    const double got[] = {a, b, c, d, e, f, g, h, i, j};
    for (int n = 0; n < 10; n++)
        ck_assert_double_eq(got[n], (n + 1) * 1000 * step);
    ck_assert(wide == 1000 * (long double)step);
    return 0;
}

FIBER_TEST(floating_point_registers_survive_switches)
{
    diesel_error err;
    double steps[] = {0.5, 0.25, 8, 1.0 / 1024, -2};
    diesel_scope *scope = diesel_scope_open(NULL);
    for (size_t i = 0; i < TEST_COUNT(steps); i++)
        diesel_go(scope, sum_fractions, &steps[i]);
    assert_ok(diesel_scope_wait(scope, &err));
    return 0;
}
END_TEST

/* Integers, of which the compiler keeps some in registers. */
static int count_integers(void *arg)
{
    diesel_error err;
    uint64_t step = *(uint64_t *)arg;
    uint64_t a = 1, b = 2, c = 3, d = 4, e = 5, f = 6, g = 7, h = 8;
    for (int n = 0; n < 1000; n++) {
        a += step, b += step, c += step, d += step;
        e += step, f += step, g += step, h += step;
        assert_ok(diesel_yield(&err));
    }
    const uint64_t got[] = {a, b, c, d, e, f, g, h};
    for (unsigned n = 0; n < 8; n++)
        ck_assert_uint_eq(got[n], n + 1 + 1000 * step);
    return 0;
}

FIBER_TEST(integer_registers_survive_switches)
{
    diesel_error err;
    uint64_t steps[] = {1, 0x100000001, 7777777777};
    diesel_scope *scope = diesel_scope_open(NULL);
    for (size_t i = 0; i < TEST_COUNT(steps); i++)
        diesel_go(scope, count_integers, &steps[i]);
    assert_ok(diesel_scope_wait(scope, &err));
    return 0;
}
END_TEST

static int check_alignment(void *arg)
{
    (void)arg;
    /* The compiler trusts the stack's alignment for such a variable. */
    double aligned[4] __attribute__((aligned(16))) = {1, 2, 3, 4};
    ck_assert_uint_eq((uintptr_t)aligned % 16, 0);
    char text[64];
    snprintf(text, sizeof text, "%.1f %.1Lf", aligned[2], 0.5L);
    ck_assert_str_eq(text, "3.0 0.5");
    return 0;
}

FIBER_TEST(stacks_are_aligned)
{
    diesel_error err;
    diesel_scope *scope = diesel_scope_open(NULL);
    for (int i = 0; i < 40; i++)
        diesel_go(scope, check_alignment, NULL);
    assert_ok(diesel_scope_wait(scope, &err));
    return 0;
}
END_TEST

/* Fills a frame of 1 KiB, switches, and looks at it again, `depth` times deep.
 * Not inlined, and with something left to do after the call. */
static __attribute__((noinline)) int use_stack(int depth)
{
    diesel_error err;
    volatile unsigned char frame[1024];
    memset((void *)frame, depth & 0xFF, sizeof frame);
    int below = 0;
    if (depth > 0)
        below = use_stack(depth - 1);
    else
        assert_ok(diesel_yield(&err));
    for (size_t i = 0; i < sizeof frame; i += 97)
        ck_assert_uint_eq(frame[i], depth & 0xFF);
    return below + 1;
}

static int use_whole_stack(void *arg)
{
    int depth = *(int *)arg;
    ck_assert_int_eq(use_stack(depth), depth + 1);
    return 0;
}

static int start_stack_users(void *arg)
{
    diesel_error err;
    diesel_scope *scope = diesel_scope_open(NULL);
    for (int i = 0; i < 5; i++)
        diesel_go(scope, use_whole_stack, arg);
    assert_ok(diesel_scope_wait(scope, &err));
    return 0;
}

START_TEST(a_fiber_may_use_nearly_64_kib_of_stack)
{
    /* 42 frames of a bit more than 1 KiB, and what libcheck's and the C library's
     * own calls need at the bottom. */
    test_run(start_stack_users, &(int){42});
}
END_TEST

START_TEST(the_stack_size_can_be_chosen)
{
    diesel_error err;
    diesel_options options = {.stack_size = 4 * 1024 * 1024};
    int depth = 2000;
    assert_ok(diesel_run(start_stack_users, &depth, &options, &err));
}
END_TEST

static int leave_quickly(void *arg)
{
    (void)arg;
    char text[32];
    snprintf(text, sizeof text, "%d", 5);
    return 0;
}

static const size_t odd_sizes[] = {1, 4095, 4097, 65537};

START_TEST(an_odd_stack_size_is_rounded_up)
{
    diesel_error err;
    diesel_options options = {.stack_size = odd_sizes[_i]};
    assert_ok(diesel_run(leave_quickly, NULL, &options, &err));
}
END_TEST

static const size_t impossible_sizes[] = {SIZE_MAX, SIZE_MAX - 4096,
                                          SIZE_MAX / 2, SIZE_MAX / 16 + 1,
                                          (size_t)1 << 60};

START_TEST(an_impossible_stack_size_is_an_error)
{
    diesel_error err;
    diesel_options options = {.stack_size = impossible_sizes[_i]};
    test_error_wipe(&err);
    ck_assert_int_eq(diesel_run(leave_quickly, NULL, &options, &err), -1);
    ck_assert_msg(err.code == DIESEL_E_NOMEM || err.code == DIESEL_E_LIMIT ||
                      err.code == DIESEL_E_INVAL,
                  "%s: %s", diesel_error_name(err.code), err.message);
    test_message_is_sound(&err);
}
END_TEST

static __attribute__((noinline)) int use_it_up(int depth)
{
    volatile char frame[512];
    memset((void *)frame, 1, sizeof frame);
    return depth > 100000 ? 0 : use_it_up(depth + 1) + frame[5];
}

static int overflow(void *arg)
{
    (void)arg;
    return use_it_up(0) > 0 ? 0 : 1;
}

START_TEST(a_stack_that_is_used_up_meets_its_guard)
{
    /* The fiber's neighbour below must not be written to: the process ends. */
    pid_t child = test_fork();
    if (child == 0) {
        setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
        freopen("/dev/null", "w", stderr);
        test_dump_coverage_on(SIGSEGV);
        diesel_run(overflow, NULL, NULL, NULL);
        test_exit(0);
    }
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(!WIFEXITED(status) || WEXITSTATUS(status) != 0);
}
END_TEST

START_TEST(a_stack_that_is_used_up_is_reported_with_label_and_backtrace)
{
    if (TEST_SANITIZED || RUNNING_ON_VALGRIND ||
        getenv("DIESEL_TEST_EMULATED") != NULL)
        return; /* they report it in their own way */
    int fds[2];
    ck_assert_int_eq(pipe(fds), 0);
    pid_t child = test_fork();
    if (child == 0) {
        setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
        dup2(fds[1], STDERR_FILENO);
        test_dump_coverage_on(SIGSEGV);
        diesel_run(overflow, NULL, NULL, NULL);
        test_exit(0);
    }
    close(fds[1]);
    char said[20000];
    size_t have = 0;
    ssize_t got;
    while ((got = read(fds[0], said + have, sizeof said - 1 - have)) > 0)
        have += (size_t)got;
    said[have] = '\0';
    close(fds[0]);
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
    assert_contains(said, "diesel: fiber main overflowed its stack of 64 KiB; ");
    assert_contains(said, "\n    use_it_up+0x");
}
END_TEST

FIBER_TEST(errno_is_not_lost_by_a_call_that_succeeds)
{
    diesel_error err;
    errno = ENOTTY;
    assert_ok(diesel_check(&err));
    ck_assert_ptr_nonnull(diesel_self());
    ck_assert_int_eq(errno, ENOTTY);
    return 0;
}
END_TEST

static int count_up(void *arg)
{
    ++*(long *)arg;
    diesel_error err;
    assert_ok(diesel_yield(&err));
    ++*(long *)arg;
    return 0;
}

FIBER_TEST(a_thousand_fibers_run)
{
    diesel_error err;
    long count = 0;
    for (int round = 0; round < 3; round++) {
        diesel_scope *scope = diesel_scope_open(NULL);
        for (int i = 0; i < 1000; i++)
            diesel_go(scope, count_up, &count);
        ck_assert_uint_eq(diesel_scope_count(scope), 1000);
        assert_ok(diesel_scope_wait(scope, &err));
    }
    ck_assert_int_eq(count, 6000);
    return 0;
}
END_TEST

/* Wakes what it is given after it has parked. */
static int park_and_be_woken(void *arg)
{
    diesel_fiber **place = arg;
    *place = diesel_self();
    diesel_error err;
    ck_assert_int_eq(diesel_park("the test", DIESEL_FOREVER, &err), 7);
    *place = NULL;
    return 0;
}

FIBER_TEST(a_hundred_thousand_fibers_park_and_are_woken)
{
    diesel_error err;
    int count = test_many(100000, 2000);
    diesel_fiber **fibers = calloc((size_t)count, sizeof *fibers);
    diesel_scope *scope = diesel_scope_open(NULL);
    for (int i = 0; i < count; i++)
        ck_assert_int_eq(diesel_go(scope, park_and_be_woken, &fibers[i]), 0);
    assert_ok(diesel_yield(&err));
    for (int i = 0; i < count; i++) {
        ck_assert_ptr_nonnull(fibers[i]);
        ck_assert(diesel_wake(fibers[i], 7));
    }
    assert_ok(diesel_scope_wait(scope, &err));
    for (int i = 0; i < count; i++)
        ck_assert_ptr_null(fibers[i]);
    free(fibers);
    return 0;
}
END_TEST

static int sleep_until_cancelled(void *arg)
{
    diesel_error err;
    assert_fails(diesel_sleep(1 << 30, &err), DIESEL_E_CANCELLED);
    ++*(long *)arg;
    return diesel_fail(&err);
}

FIBER_TEST(a_hundred_thousand_sleeping_fibers_are_cancelled_at_once)
{
    diesel_error err;
    int count = test_many(100000, 2000);
    long woken = 0;
    diesel_scope *scope = diesel_scope_open(NULL);
    for (int i = 0; i < count; i++)
        ck_assert_int_eq(diesel_go(scope, sleep_until_cancelled, &woken), 0);
    assert_ok(diesel_yield(&err));
    ck_assert_uint_eq(diesel_scope_count(scope), (size_t)count);
    diesel_scope_cancel(scope);
    ck_assert_int_eq(woken, 0);
    assert_ok(diesel_scope_wait(scope, &err));
    ck_assert_int_eq(woken, count);
    return 0;
}
END_TEST

static int keep_own_stack(void *arg)
{
    diesel_error err;
    char text[200];
    int number = *(int *)arg;
    snprintf(text, sizeof text, "fiber number %d", number);
    for (int i = 0; i < 5; i++)
        assert_ok(diesel_yield(&err));
    char want[200];
    snprintf(want, sizeof want, "fiber number %d", number);
    ck_assert_str_eq(text, want);
    return 0;
}

FIBER_TEST(stacks_are_not_shared)
{
    diesel_error err;
    enum { COUNT = 2000 };
    static int numbers[COUNT];
    diesel_scope *scope = diesel_scope_open(NULL);
    for (int i = 0; i < COUNT; i++) {
        numbers[i] = i;
        diesel_go(scope, keep_own_stack, &numbers[i]);
    }
    assert_ok(diesel_scope_wait(scope, &err));
    return 0;
}
END_TEST

static int start_next(void *arg)
{
    int *left = arg;
    diesel_error err;
    if (--*left == 0)
        return 0;
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(scope, start_next, left);
    assert_ok(diesel_scope_wait(scope, &err));
    return 0;
}

FIBER_TEST(fibers_start_fibers_a_thousand_deep)
{
    int left = 1000;
    start_next(&left);
    ck_assert_int_eq(left, 0);
    return 0;
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("fiber");
    test_case(suite, "self", outside_fibers_there_is_no_self,
              a_fiber_knows_itself_and_its_label,
              go_labels_a_fiber_with_its_function,
              check_is_well_outside_cancelled_scopes);
    test_case(suite, "turns", fibers_take_turns_in_the_order_they_were_started,
              a_lone_fiber_may_yield, yielding_for_ever_does_not_starve_timers,
              yielding_for_ever_does_not_starve_descriptors);
    test_case(suite, "sleep", a_sleep_lasts_at_least_as_long_as_asked,
              sleepers_wake_in_the_order_of_their_deadlines);
    test_case_rows(suite, "no sleep", a_sleep_of_no_time_is_a_yield,
                   TEST_COUNT(no_time));
    test_case_rows(suite, "long sleep", a_very_long_sleep_does_not_overflow,
                   TEST_COUNT(very_long));
    test_case(suite, "switch", floating_point_registers_survive_switches,
              integer_registers_survive_switches, stacks_are_aligned,
              errno_is_not_lost_by_a_call_that_succeeds);
    test_case(suite, "stack", a_fiber_may_use_nearly_64_kib_of_stack,
              the_stack_size_can_be_chosen,
              a_stack_that_is_used_up_meets_its_guard,
              a_stack_that_is_used_up_is_reported_with_label_and_backtrace, stacks_are_not_shared);
    test_case_rows(suite, "odd stack", an_odd_stack_size_is_rounded_up,
                   TEST_COUNT(odd_sizes));
    test_case_rows(suite, "impossible stack",
                   an_impossible_stack_size_is_an_error,
                   TEST_COUNT(impossible_sizes));
    test_case(suite, "many", a_thousand_fibers_run,
              a_hundred_thousand_fibers_park_and_are_woken,
              a_hundred_thousand_sleeping_fibers_are_cancelled_at_once,
              fibers_start_fibers_a_thousand_deep);
    return test_suite_run(suite);
}

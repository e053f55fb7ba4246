/* SPDX-License-Identifier: MIT */
/*
 * The stall watcher: when it reports, and what. The stalled fiber goes on until
 * the report has come, so nothing here depends on how long anything takes.
 */
#include <errno.h>
#include <pthread.h>

#include "core/sched_internal.h"
#include "core/stall_internal.h"
#include "faulty_memory.h"
#include "faulty_sys.h"
#include "test_util.h"

#define MS 1000000

START_TEST(a_beat_that_does_not_change_is_reported_after_the_limit_and_its_doubles)
{
    diesel__stall_state state = {.limit = 10 * MS};
    diesel__heartbeat beat = {.current = (void *)8, .rounds = 3, .slice = 5,
                              .slices = 7};
    static const struct {
        int64_t at, want; /* ms */
    } looks[] = {{0, 0},   {9, 0},   {10, 10}, {11, 0},   {19, 0},
                 {20, 20}, {39, 0},  {50, 50}, {79, 0},   {80, 80},
                 {900, 900}, {1000, 0}, {1280, 1280}};
    for (size_t i = 0; i < TEST_COUNT(looks); i++)
        ck_assert_int_eq(
            diesel__stall_look(&state, beat, (1000 + looks[i].at) * MS),
            looks[i].want * MS);
}
END_TEST

START_TEST(any_change_is_a_sign_of_life)
{
    diesel__stall_state state = {.limit = 10 * MS};
    diesel__heartbeat beats[] = {
        {(void *)8, 3, 5, 7}, {(void *)9, 3, 5, 7}, {(void *)9, 4, 5, 7},
        {(void *)9, 4, 4, 7}, {(void *)9, 4, 4, 6}, {NULL, 4, 4, 6},
        {NULL, 4, 4, 6},      {NULL, 4, 4, 6},
    };
    int64_t now = 0;
    for (size_t i = 0; i < TEST_COUNT(beats); i++, now += 1000 * MS)
        ck_assert_int_eq(diesel__stall_look(&state, beats[i], now), 0);
}
END_TEST

static int switches_left;

static int go_on(void *arg)
{
    diesel_error err;
    (void)arg;
    while (switches_left-- > 0)
        assert_ok(diesel_yield(&err));
    return 0;
}

/* The beat after each switch differs from that after the one before. */
FIBER_TEST(every_switch_changes_the_beat)
{
    diesel_error err;
    diesel__sched *s = diesel__current;
    diesel__stall_state state = {.limit = 1};
    for (int others = 0; others <= 1; others++) {
        switches_left = others ? 20000 : 0;
        diesel_scope *scope = diesel_scope_open(NULL);
        diesel_go(scope, go_on, NULL);
        for (int i = 0; i < 10000; i++) {
            diesel__heartbeat beat = {s->current, s->rounds, s->slice, s->slices};
            ck_assert_int_eq(diesel__stall_look(&state, beat, i * 1000), 0);
            assert_ok(diesel_yield(&err));
        }
        switches_left = 0;
        assert_ok(diesel_scope_wait(scope, &err));
    }
    return 0;
}
END_TEST

/* --- For real: the sink runs on the watcher's thread. */

static int reports; /* atomic */
static char stalled[100], backtrace[4000];
static int64_t stalled_ms;

static const char *label_of(const diesel_log_record *record)
{
    for (size_t i = 0; i < record->count; i += 2)
        if (strcmp(record->fields[i].s, "stalled") == 0)
            return record->fields[i + 1].s;
    return "";
}

/* On a busy machine others stall, too. */
static void take_report(void *arg, const diesel_log_record *record)
{
    (void)arg;
    if (strcmp(record->logger, "diesel.stall") != 0 ||
        strcmp(record->message, "a fiber does not switch") != 0 ||
        strcmp(label_of(record), "the hog") != 0)
        return;
    snprintf(stalled, sizeof stalled, "%s", label_of(record));
    for (size_t i = 0; i < record->count; i += 2) {
        const diesel_value *value = &record->fields[i + 1];
        if (strcmp(record->fields[i].s, "backtrace") == 0)
            snprintf(backtrace, sizeof backtrace, "%s", value->s);
        if (strcmp(record->fields[i].s, "ms") == 0)
            stalled_ms = value->i;
    }
    __atomic_fetch_add(&reports, 1, __ATOMIC_RELEASE);
}

static __thread volatile long spins;

static __attribute__((noinline)) int spin_until_reported(int count)
{
    while (__atomic_load_n(&reports, __ATOMIC_ACQUIRE) < count)
        spins++;
    return (int)(spins & 1) + 1;
}

static int hog(void *arg)
{
    int result = spin_until_reported(*(int *)arg);
    spins++; /* no tail call */
    return result > 0 ? 0 : -1;
}

static int start_hog(void *arg)
{
    diesel_error err;
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go_labelled(scope, "the hog", hog, arg);
    assert_ok(diesel_scope_wait(scope, &err));
    return 0;
}

static void watch_reports(void)
{
    diesel_error err;
    assert_ok(diesel_log_sinks_set(&(diesel_log_sink){take_report, NULL}, 1, &err));
}

START_TEST(a_fiber_that_does_not_switch_is_reported_with_where_it_is)
{
    diesel_error err;
    int count = 2;
    watch_reports();
    diesel_options options = {.stall_ms = 4};
    assert_ok(diesel_run(start_hog, &count, &options, &err));
    ck_assert_str_eq(stalled, "the hog");
    ck_assert_int_ge(stalled_ms, 4);
    /* First of all, but for what ThreadSanitizer puts between. */
    assert_contains(backtrace, "spin_until_reported");
    ck_assert(TEST_SANITIZED || strncmp(backtrace, "spin_", 5) == 0);
    assert_contains(backtrace, " < hog+0x");
    assert_contains(backtrace, " < diesel__fiber_main+0x");
}
END_TEST

START_TEST(the_environment_switches_it_on)
{
    diesel_error err;
    int count = 1;
    watch_reports();
    setenv("DIESEL_STALL_MS", "3", 1);
    assert_ok(diesel_run(start_hog, &count, NULL, &err));
    ck_assert_int_ge(reports, 1);
}
END_TEST

static int has_watcher(void *arg)
{
    *(bool *)arg = diesel__current->stall != NULL;
    return 0;
}

static const char *const no_limits[] = {NULL, "", "0", "-5", "x"};

START_TEST(it_is_off_by_default)
{
    diesel_error err;
    bool watched = true;
    if (no_limits[_i] != NULL)
        setenv("DIESEL_STALL_MS", no_limits[_i], 1);
    assert_ok(diesel_run(has_watcher, &watched, NULL, &err));
    ck_assert(!watched);
}
END_TEST

static volatile sig_atomic_t urgent;

static void on_urgent(int number)
{
    urgent = number;
}

static int raise_urgent(void *arg)
{
    (void)arg;
    errno = 33;
    raise(SIGURG);
    ck_assert_int_eq(errno, 33);
    return 0;
}

START_TEST(the_programs_own_handler_is_called)
{
    diesel_error err;
    diesel_options options = {.stall_ms = 1 << 30};
    signal(SIGURG, on_urgent);
    assert_ok(diesel_run(raise_urgent, NULL, &options, &err));
    ck_assert_int_eq(urgent, SIGURG);
}
END_TEST

static int end_at_once(void *arg)
{
    (void)arg;
    return 0;
}

static void on_urgent_info(int number, siginfo_t *info, void *context)
{
    (void)context;
    ck_assert_int_eq(info->si_signo, number);
    urgent = number;
}

START_TEST(so_is_one_that_takes_more_arguments)
{
    diesel_error err;
    diesel_options options = {.stall_ms = 1 << 30};
    struct sigaction action = {.sa_sigaction = on_urgent_info,
                               .sa_flags = SA_SIGINFO};
    sigaction(SIGURG, &action, NULL);
    assert_ok(diesel_run(raise_urgent, NULL, &options, &err));
    ck_assert_int_eq(urgent, SIGURG);
}
END_TEST

static void (*const no_handlers[])(int) = {SIG_DFL, SIG_IGN};

START_TEST(without_one_a_stray_signal_does_nothing)
{
    diesel_error err;
    diesel_options options = {.stall_ms = 1 << 30};
    signal(SIGURG, no_handlers[_i]);
    assert_ok(diesel_run(raise_urgent, NULL, &options, &err));
}
END_TEST

/* --- Where it cannot be seen, or not be watched. */

static int told; /* atomic */
static char last_message[100];

static void take_message(void *arg, const diesel_log_record *record)
{
    (void)arg;
    if (strcmp(record->logger, "diesel.stall") == 0)
        snprintf(last_message, sizeof last_message, "%s", record->message);
    __atomic_fetch_add(&told, 1, __ATOMIC_RELEASE);
}

static int take_no_signals(void *arg)
{
    sigset_t all;
    (void)arg;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, NULL);
    while (__atomic_load_n(&told, __ATOMIC_ACQUIRE) == 0)
        spins++;
    return 0;
}

START_TEST(a_thread_that_takes_no_signals_is_reported_without_its_place)
{
    diesel_error err;
    diesel_options options = {.stall_ms = 3};
    assert_ok(diesel_log_sinks_set(&(diesel_log_sink){take_message, NULL}, 1,
                                   &err));
    assert_ok(diesel_run(take_no_signals, NULL, &options, &err));
    assert_contains(last_message, "takes no signals");
}
END_TEST

START_TEST(without_a_watcher_the_program_runs_on)
{
    diesel_error err;
    diesel_options options = {.stall_ms = 3};
    bool watched = true;
    assert_ok(diesel_log_sinks_set(&(diesel_log_sink){take_message, NULL}, 1,
                                   &err));
    faulty_sys_reset();
    faulty_sys_fail_from(FAULTY_pthread_create, 1, EAGAIN);
    assert_ok(diesel_run(has_watcher, &watched, &options, &err));
    ck_assert(!watched);
    ck_assert_int_eq(told, 1);
    ck_assert_str_eq(last_message, "stalls are not watched");
}
END_TEST

START_TEST(without_memory_for_a_watcher_the_program_runs_on)
{
    diesel_options options = {.stall_ms = 1000000};
    diesel_allocator_set(&faulty_memory);
    int runs = 0, unwatched = 0;
    for (long n = 1;; n++) {
        diesel_error err;
        bool watched = false;
        faulty_memory_fail(n);
        int result = diesel_run(has_watcher, &watched, &options, &err);
        bool met = faulty_allocations >= n;
        ck_assert_int_eq(faulty_alive, 0);
        runs += result == 0;
        unwatched += result == 0 && !watched;
        if (result < 0)
            assert_error(DIESEL_E_NOMEM);
        if (!met)
            break;
    }
    ck_assert_int_eq(unwatched, 1);
    ck_assert_int_ge(runs, 2);
}
END_TEST

START_TEST(the_watcher_ends_with_its_scheduler)
{
    diesel_error err;
    diesel_options options = {.stall_ms = 1};
    for (int i = 0; i < 50; i++)
        assert_ok(diesel_run(end_at_once, NULL, &options, &err));
}
END_TEST

static void *run_in_thread(void *arg)
{
    diesel_error err;
    diesel_options options = {.stall_ms = 3};
    if (diesel_run(start_hog, arg, &options, &err) < 0)
        abort();
    return NULL;
}

START_TEST(two_threads_may_stall_at_once)
{
    pthread_t threads[2];
    int count = 6;
    watch_reports();
    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, run_in_thread, &count), 0);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    ck_assert_str_eq(stalled, "the hog");
}
END_TEST

int main(void)
{
    unsetenv("DIESEL_STALL_MS");
    unsetenv("DIESEL_LOG");
    Suite *suite = suite_create("stall");
    test_case(suite, "beat",
              a_beat_that_does_not_change_is_reported_after_the_limit_and_its_doubles,
              any_change_is_a_sign_of_life, every_switch_changes_the_beat);
    test_case(suite, "report",
              a_fiber_that_does_not_switch_is_reported_with_where_it_is,
              the_environment_switches_it_on, the_programs_own_handler_is_called,
              so_is_one_that_takes_more_arguments,
              a_thread_that_takes_no_signals_is_reported_without_its_place,
              without_a_watcher_the_program_runs_on,
              without_memory_for_a_watcher_the_program_runs_on,
              the_watcher_ends_with_its_scheduler, two_threads_may_stall_at_once);
    test_case_rows(suite, "stray", without_one_a_stray_signal_does_nothing, 2);
    test_case_rows(suite, "off", it_is_off_by_default, TEST_COUNT(no_limits));
    return test_suite_run(suite);
}

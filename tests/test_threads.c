/* SPDX-License-Identifier: MIT */
/*
 * <diesel/threads.h>: the same function on several threads, and their end.
 */
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>

#include "faulty_sys.h"
#include "thread_kit.h"

enum { MOST = 5 };

static atomic_int ran, waiting;
static pthread_t threads[MOST];
static int cpus[MOST];

static int note_index(int index, void *arg)
{
    ck_assert_ptr_eq(arg, &ran);
    ck_assert_ptr_nonnull(diesel_self());
    threads[index] = pthread_self();
    atomic_fetch_add(&ran, 1 << 4 * index);
    return 0;
}

START_TEST(each_thread_runs_the_function_with_its_index)
{
    diesel_error err;
    assert_ok(diesel_run_threads(MOST, note_index, &ran, NULL, &err));
    ck_assert_int_eq(atomic_load(&ran), 0x11111);
    ck_assert(pthread_equal(threads[0], pthread_self()));
    ck_assert(!pthread_equal(threads[1], pthread_self()));
    assert_ok(diesel_run_threads(1, note_index, &ran, NULL, &err));
    ck_assert_int_eq(atomic_load(&ran), 0x11112);
}
END_TEST

static int count_me(int index, void *arg)
{
    (void)index, (void)arg;
    atomic_fetch_add(&ran, 1);
    return 0;
}

START_TEST(without_a_count_there_is_one_for_each_cpu)
{
    diesel_error err;
    ck_assert_int_ge(diesel_cpu_count(), 1);
    assert_ok(diesel_run_threads(0, count_me, NULL, NULL, &err));
    ck_assert_int_eq(atomic_load(&ran), diesel_cpu_count());
    assert_fails(diesel_run_threads(-1, count_me, NULL, NULL, &err),
                 DIESEL_E_INVAL);
}
END_TEST

FIBER_TEST(a_thread_with_a_scheduler_is_busy)
{
    diesel_error err;
    assert_fails(diesel_run_threads(2, count_me, NULL, NULL, &err), DIESEL_E_BUSY);
    diesel_stop_threads(); /* none of them: nothing */
    assert_ok(diesel_yield(&err));
    return 0;
}
END_TEST

/* Waits for ever; the failing thread fails when all others do. */
static int wait_or_fail(int index, void *arg)
{
    diesel_error err;
    if (index != *(int *)arg) {
        atomic_fetch_add(&waiting, 1);
        (void)diesel_park("the end", DIESEL_FOREVER, &err);
        return diesel_fail(&err);
    }
    while (atomic_load(&waiting) < MOST - 1)
        assert_ok(diesel_sleep(1, &err));
    diesel_error_set(&err, DIESEL_E_PROTOCOL, DIESEL_DOM_CORE, 0, "it broke");
    return diesel_fail(&err);
}

START_TEST(one_that_fails_stops_all_and_its_error_is_the_result)
{
    diesel_error err, errors[MOST];
    diesel_run_threads_options options = {.errors = errors};
    int failing = _i;
    assert_fails(diesel_run_threads(MOST, wait_or_fail, &failing, &options, &err),
                 DIESEL_E_PROTOCOL);
    char want[40];
    snprintf(want, sizeof want, "thread %d: it broke", failing);
    ck_assert_str_eq(err.message, want);
    for (int i = 0; i < MOST; i++)
        ck_assert_int_eq(errors[i].code,
                         i == failing ? DIESEL_E_PROTOCOL : DIESEL_E_CANCELLED);
}
END_TEST

static int fail_all(int index, void *arg)
{
    diesel_error err;
    (void)arg;
    atomic_fetch_add(&waiting, 1);
    while (atomic_load(&waiting) < MOST)
        sched_yield();
    diesel_error_set(&err, DIESEL_E_PROTOCOL, DIESEL_DOM_CORE, index, "it broke");
    return diesel_fail(&err);
}

START_TEST(the_errors_of_all_are_kept)
{
    diesel_error err, errors[MOST];
    diesel_run_threads_options options = {.errors = errors};
    assert_fails(diesel_run_threads(MOST, fail_all, NULL, &options, &err),
                 DIESEL_E_PROTOCOL);
    for (int i = 0; i < MOST; i++) {
        ck_assert_int_eq(errors[i].code, DIESEL_E_PROTOCOL);
        ck_assert_int_eq(errors[i].detail, i);
    }
}
END_TEST

static int wait_or_stop(int index, void *arg)
{
    diesel_error err;
    if (index == *(int *)arg) {
        while (atomic_load(&waiting) < MOST - 1)
            assert_ok(diesel_sleep(1, &err));
        diesel_stop_threads();
        diesel_stop_threads();
    }
    atomic_fetch_add(&waiting, 1);
    (void)diesel_park("the end", DIESEL_FOREVER, &err);
    return diesel_fail(&err);
}

START_TEST(a_stop_is_no_failure)
{
    diesel_error err, errors[MOST];
    diesel_run_threads_options options = {.errors = errors};
    int stopping = _i;
    assert_ok(diesel_run_threads(MOST, wait_or_stop, &stopping, &options, &err));
    for (int i = 0; i < MOST; i++)
        ck_assert_int_eq(errors[i].code, DIESEL_E_CANCELLED);
}
END_TEST

static int stop_at_once(int index, void *arg)
{
    diesel_error err;
    (void)index, (void)arg;
    diesel_stop_threads();
    (void)diesel_park("the end", DIESEL_FOREVER, &err);
    return 0;
}

START_TEST(a_stop_that_comes_before_a_thread_begins_is_heeded)
{
    diesel_error err;
    for (int i = 0; i < test_many(200, 20); i++)
        assert_ok(diesel_run_threads(MOST, stop_at_once, NULL, NULL, &err));
}
END_TEST

static int note_cpu(int index, void *arg)
{
    cpu_set_t set;
    (void)arg;
    ck_assert_int_eq(sched_getaffinity(0, sizeof set, &set), 0);
    ck_assert_int_eq(CPU_COUNT(&set), 1);
    for (cpus[index] = 0; !CPU_ISSET(cpus[index], &set);)
        cpus[index]++;
    return 0;
}

START_TEST(pinned_threads_are_each_on_a_cpu_and_the_caller_is_let_go)
{
    diesel_error err;
    cpu_set_t before, after;
    diesel_run_threads_options options = {.pin = true};
    ck_assert_int_eq(sched_getaffinity(0, sizeof before, &before), 0);
    assert_ok(diesel_run_threads(MOST, note_cpu, NULL, &options, &err));
    ck_assert_int_eq(sched_getaffinity(0, sizeof after, &after), 0);
    ck_assert(CPU_EQUAL(&before, &after));
    int count = diesel_cpu_count();
    for (int i = 0; i < MOST; i++) {
        ck_assert(CPU_ISSET(cpus[i], &before));
        for (int j = 0; j < i; j++)
            ck_assert_int_eq(cpus[i] == cpus[j], (i - j) % count == 0);
    }
}
END_TEST

/* Two listeners of one port, each with a service on its thread. */
static uint16_t shared_port;
static atomic_int served[2];

static int serve_one(diesel_stream *stream, void *arg)
{
    diesel_error err;
    char c = '+';
    atomic_fetch_add((atomic_int *)arg, 1);
    return diesel_stream_write(stream, &c, 1, DIESEL_FOREVER, &err) < 0
               ? diesel_fail(&err)
               : 0;
}

static int visit_until_both_have_served(void *arg)
{
    (void)arg;
    diesel_error err;
    while (atomic_load(&served[0]) == 0 || atomic_load(&served[1]) == 0) {
        char c;
        diesel_stream *s = diesel_tcp_connect("127.0.0.1", shared_port, NULL,
                                              DIESEL_FOREVER, &err);
        assert_made(s);
        assert_ok(diesel_stream_read_exactly(s, &c, 1, DIESEL_FOREVER, &err));
        diesel_stream_close(s);
    }
    diesel_stop_threads();
    return 0;
}

static int serve_port(int index, void *arg)
{
    diesel_thread_channel *ports = arg;
    diesel_error err;
    uint16_t port = 0;
    if (index > 0)
        ck_assert_int_eq(
            diesel_thread_channel_recv(ports, &port, DIESEL_FOREVER, &err), 1);
    diesel_listener *listener = diesel_tcp_listen(
        "127.0.0.1", port, &(diesel_listen_options){.reuse_port = true}, &err);
    assert_made(listener);
    diesel_scope *scope = diesel_scope_open(NULL);
    if (index == 0) {
        shared_port = diesel_listener_port(listener);
        assert_ok(diesel_thread_channel_send(ports, &shared_port, DIESEL_FOREVER,
                                             &err));
        diesel_go(scope, visit_until_both_have_served, NULL);
    }
    int result = diesel_serve(listener, serve_one, &served[index], NULL, &err);
    (void)diesel_scope_wait(scope, NULL);
    return result < 0 ? diesel_fail(&err) : 0;
}

START_TEST(listeners_of_one_port_share_its_connections)
{
    diesel_error err;
    diesel_thread_channel *ports =
        diesel_thread_channel_new(sizeof shared_port, 1, &err);
    assert_made(ports);
    assert_ok(diesel_run_threads(2, serve_port, ports, NULL, &err));
    diesel_thread_channel_free(ports);
}
END_TEST

/* --- Faults. */

START_TEST(every_allocation_may_fail)
{
    kit_allocator();
    int fds = test_open_fds();
    for (long n = 1;; n++) {
        diesel_error err;
        test_error_wipe(&err);
        kit_fail(n);
        int result = diesel_run_threads(2, stop_at_once, NULL, NULL, &err);
        ck_assert_int_eq(atomic_load(&kit_alive), 0);
        ck_assert_int_eq(test_open_fds(), fds);
        if (result < 0)
            assert_error(DIESEL_E_NOMEM);
        if (atomic_load(&kit_allocations) < n)
            break;
    }
}
END_TEST

static const struct {
    enum faulty_kind kind;
    int errnum, code;
} calls[] = {
    {FAULTY_pthread_create, EAGAIN, DIESEL_E_LIMIT},
    {FAULTY_pthread_create, ENOMEM, DIESEL_E_NOMEM},
    {FAULTY_sched_getaffinity, EINVAL, DIESEL_E_INVAL},
    {FAULTY_sched_setaffinity, EINVAL, DIESEL_E_INVAL},
    {FAULTY_eventfd, EMFILE, DIESEL_E_LIMIT},
};

/* The first of the calls may be of no importance: where to go back to. */
START_TEST(every_system_call_may_fail)
{
    int failed = 0, fds = test_open_fds();
    kit_allocator();
    for (long n = 1;; n++) {
        diesel_error err, errors[3];
        diesel_run_threads_options options = {.pin = true, .errors = errors};
        faulty_sys_reset();
        faulty_sys_fail(calls[_i].kind, n, calls[_i].errnum);
        test_error_wipe(&err);
        int result = diesel_run_threads(3, stop_at_once, NULL, &options, &err);
        bool met = faulty_sys_calls(calls[_i].kind) >= n;
        faulty_sys_reset();
        ck_assert_int_eq(atomic_load(&kit_alive), 0);
        ck_assert_int_eq(test_open_fds(), fds);
        failed += result < 0;
        if (result < 0)
            assert_error(calls[_i].code);
        ck_assert(result == 0 || met);
        if (!met)
            break;
    }
    ck_assert_int_ge(failed, 1);
}
END_TEST

START_TEST(without_the_set_of_cpus_those_online_are_counted)
{
    faulty_sys_reset();
    int count = diesel_cpu_count();
    faulty_sys_fail(FAULTY_sched_getaffinity, 1, EINVAL);
    ck_assert_int_ge(diesel_cpu_count(), count);
    ck_assert_int_eq(faulty_sys_calls(FAULTY_sched_getaffinity), 1);
}
END_TEST

static int numbers_of_threads[] = {INT_MAX, INT_MIN, -1};

START_TEST(numbers_that_make_no_sense_run_nothing)
{
    diesel_error err;
    kit_allocator();
    kit_fail(1); /* INT_MAX is tried, where there is so much room */
    test_error_wipe(&err);
    ck_assert_int_eq(diesel_run_threads(numbers_of_threads[_i], stop_at_once, NULL,
                                        NULL, &err), -1);
    assert_error(_i == 0 ? DIESEL_E_NOMEM : DIESEL_E_INVAL);
    ck_assert_int_eq(diesel_run_threads(numbers_of_threads[_i], stop_at_once, NULL,
                                        NULL, NULL), -1);
}
END_TEST

static int never(int index, void *arg)
{
    (void)index, (void)arg;
    ck_abort_msg("it ran");
    return 0;
}

START_TEST(without_its_scheduler_a_thread_has_failed)
{
    diesel_error err, errors[2];
    diesel_options each = {.stack_size = (size_t)1 << 40};
    diesel_run_threads_options options = {.each = &each, .errors = errors};
    assert_fails(diesel_run_threads(2, never, NULL, &options, &err),
                 DIESEL_E_INVAL);
    ck_assert_int_eq(errors[0].code, DIESEL_E_INVAL);
    ck_assert_int_eq(errors[1].code, DIESEL_E_INVAL);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("threads");
    test_case(suite, "running", each_thread_runs_the_function_with_its_index,
              without_a_count_there_is_one_for_each_cpu,
              a_thread_with_a_scheduler_is_busy,
              pinned_threads_are_each_on_a_cpu_and_the_caller_is_let_go,
              listeners_of_one_port_share_its_connections);
    test_case_rows(suite, "failing",
                   one_that_fails_stops_all_and_its_error_is_the_result, MOST);
    test_case_rows(suite, "stopping", a_stop_is_no_failure, MOST);
    test_case(suite, "errors", the_errors_of_all_are_kept,
              a_stop_that_comes_before_a_thread_begins_is_heeded,
              every_allocation_may_fail,
              without_its_scheduler_a_thread_has_failed,
              without_the_set_of_cpus_those_online_are_counted);
    test_case_rows(suite, "calls", every_system_call_may_fail, TEST_COUNT(calls));
    test_case_rows(suite, "numbers", numbers_that_make_no_sense_run_nothing,
                   TEST_COUNT(numbers_of_threads));
    return test_suite_run(suite);
}

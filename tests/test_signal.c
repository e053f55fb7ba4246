/* SPDX-License-Identifier: MIT */
/*
 * <diesel/signal.h>: who receives a signal, when, and what is restored.
 */
#include <sys/syscall.h>

#include "cancel_loop.h"
#include "thread_kit.h"

static const int usr1[] = {SIGUSR1};
static const int usr1_usr2[] = {SIGUSR1, SIGUSR2};
static const int stop[] = {SIGINT, SIGTERM};

static diesel_signals *open_usr1(void)
{
    diesel_error err;
    diesel_signals *signals;
    assert_made(signals = diesel_signals_open(usr1, 1, &err));
    return signals;
}

FIBER_TEST(a_signal_wakes_the_waiting_fiber)
{
    diesel_error err;
    diesel_signals *signals = open_usr1();
    for (int i = 0; i < 10; i++) {
        raise(SIGUSR1);
        ck_assert_int_eq(diesel_signals_wait(signals, DIESEL_FOREVER, &err), SIGUSR1);
    }
    assert_fails(diesel_signals_wait(signals, DIESEL_NOW, &err), DIESEL_E_TIMEDOUT);
    assert_fails(diesel_signals_wait(signals, diesel_now() + 2, &err),
                 DIESEL_E_TIMEDOUT);
    diesel_signals_close(signals);
    diesel_signals_close(NULL);
    return 0;
}
END_TEST

FIBER_TEST(signals_are_kept_once_each_until_they_are_taken)
{
    diesel_error err;
    diesel_signals *signals;
    assert_made(signals = diesel_signals_open(usr1_usr2, 2, &err));
    for (int i = 0; i < 3; i++) {
        raise(SIGUSR2);
        raise(SIGUSR1);
    }
    assert_ok(diesel_sleep(1, &err)); /* the loop has seen them */
    ck_assert_int_eq(diesel_signals_wait(signals, DIESEL_FOREVER, &err), SIGUSR1);
    ck_assert_int_eq(diesel_signals_wait(signals, DIESEL_FOREVER, &err), SIGUSR2);
    assert_fails(diesel_signals_wait(signals, DIESEL_NOW, &err), DIESEL_E_TIMEDOUT);
    diesel_signals_close(signals);
    return 0;
}
END_TEST

/* Nothing here is a function that ThreadSanitizer replaces, as raise() is. */
static int is_interrupted_and_waits(void *arg)
{
    syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), SIGUSR1);
    return diesel_event_wait(arg, DIESEL_FOREVER, NULL);
}

FIBER_TEST(a_signal_does_not_wait_for_the_fiber_that_it_has_interrupted)
{
    diesel_error err;
    diesel_signals *signals = open_usr1();
    diesel_event event = {0};
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(scope, is_interrupted_and_waits, &event);
    ck_assert_int_eq(diesel_signals_wait(signals, DIESEL_FOREVER, &err), SIGUSR1);
    diesel_event_set(&event);
    assert_ok(diesel_scope_wait(scope, &err));
    diesel_signals_close(signals);
    return 0;
}
END_TEST

static int waits_for_one(void *arg)
{
    diesel_error err;
    diesel_signals *signals = open_usr1();
    sem_post(arg);
    ck_assert_int_eq(diesel_signals_wait(signals, DIESEL_FOREVER, &err), SIGUSR1);
    diesel_signals_close(signals);
    return 0;
}

static void *waiting_thread(void *arg)
{
    test_run(waits_for_one, arg);
    return NULL;
}

START_TEST(every_receiver_of_every_thread_gets_it)
{
    sem_t ready;
    pthread_t ids[3];
    sem_init(&ready, 0, 0);
    for (int i = 0; i < 3; i++)
        ids[i] = kit_thread(waiting_thread, &ready);
    for (int i = 0; i < 3; i++)
        while (sem_wait(&ready) < 0)
            ;
    kill(getpid(), SIGUSR1);
    for (int i = 0; i < 3; i++)
        kit_join(ids[i]);
    sem_destroy(&ready);
}
END_TEST

static const struct {
    int number;
} bad[] = {{0}, {-1}, {65}, {32}, {SIGKILL}, {SIGSTOP}, {SIGSEGV}, {SIGBUS}};

FIBER_TEST(what_cannot_be_received_is_an_error)
{
    diesel_error err;
    assert_fails_null(diesel_signals_open(&bad[row].number, 1, &err),
                      DIESEL_E_INVAL);
    return 0;
}
END_TEST

static volatile sig_atomic_t handled;

static void own_handler(int number)
{
    handled = number;
}

FIBER_TEST(what_was_set_before_is_restored)
{
    diesel_error err;
    signal(SIGUSR1, own_handler);
    diesel_signals *first = open_usr1(), *second = open_usr1();
    raise(SIGUSR1);
    ck_assert_int_eq(handled, 0);
    ck_assert_int_eq(diesel_signals_wait(second, DIESEL_FOREVER, &err), SIGUSR1);
    diesel_signals_close(first);
    raise(SIGUSR1);
    ck_assert_int_eq(handled, 0); /* there is one left */
    diesel_signals_close(second);
    raise(SIGUSR1);
    ck_assert_int_eq(handled, SIGUSR1);
    return 0;
}
END_TEST

static int expects_closed(void *arg)
{
    diesel_error err;
    assert_fails(diesel_signals_wait(arg, DIESEL_FOREVER, &err), DIESEL_E_CLOSED);
    return 0;
}

FIBER_TEST(closing_wakes_those_who_wait)
{
    diesel_error err;
    diesel_signals *signals = open_usr1();
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(scope, expects_closed, signals);
    diesel_go(scope, expects_closed, signals);
    assert_ok(diesel_yield(&err));
    diesel_signals_close(signals);
    return diesel_scope_wait(scope, &err);
}
END_TEST

FIBER_TEST(a_signal_is_a_case_of_select)
{
    diesel_error err;
    diesel_signals *signals = open_usr1();
    diesel_case cases[] = {diesel_case_timer(1), diesel_case_signals(signals)};
    ck_assert_int_eq(diesel_select(cases, 2, DIESEL_FOREVER, &err), 0);
    cases[0].on = NULL;
    raise(SIGUSR1); /* it comes while the select waits */
    ck_assert_int_eq(diesel_select(cases, 2, DIESEL_FOREVER, &err), 1);
    ck_assert_int_eq(cases[1].result, SIGUSR1);
    raise(SIGUSR1); /* it is there before */
    assert_ok(diesel_sleep(1, &err));
    ck_assert_int_eq(diesel_select(cases, 2, DIESEL_NOW, &err), 1);
    ck_assert_int_eq(cases[1].result, SIGUSR1);
    diesel_signals_close(signals);
    return 0;
}
END_TEST

static int waits_in_a_loop(void *arg)
{
    diesel_error err;
    (void)arg;
    diesel_signals *signals = diesel_signals_open(usr1, 1, &err);
    if (signals == NULL)
        return diesel_fail(&err);
    raise(SIGUSR1);
    int result = diesel_signals_wait(signals, DIESEL_FOREVER, &err);
    diesel_signals_close(signals);
    return result < 0 ? diesel_fail(&err) : 0;
}

START_TEST(waiting_may_be_cancelled_at_any_turn)
{
    cancel_loop(waits_in_a_loop, NULL);
}
END_TEST

/* --- Shutting down */

static int serves(void *arg)
{
    diesel_error err;
    for (;;) {
        if (arg != NULL)
            raise(*(int *)arg);
        if (diesel_sleep(1, &err) < 0)
            return diesel_fail(&err);
    }
}

FIBER_TEST(a_signal_cancels_what_runs_until_then)
{
    diesel_error err;
    int number = SIGTERM, got;
    struct sigaction now;
    signal(SIGTERM, SIG_DFL); /* check has a handler of its own */
    assert_ok(diesel_until_signal(serves, &number, stop, 2, &got, &err));
    ck_assert_int_eq(got, SIGTERM);
    sigaction(SIGTERM, NULL, &now);
    ck_assert(now.sa_handler == SIG_DFL);
    assert_ok(diesel_sleep(1, &err)); /* this fiber is not cancelled */
    return 0;
}
END_TEST

static int cleans_up(void *arg)
{
    diesel_error err;
    struct sigaction now;
    (void)arg;
    raise(SIGINT);
    assert_fails(diesel_sleep(10000, &err), DIESEL_E_CANCELLED);
    sigaction(SIGINT, NULL, &now); /* the next one would end the program */
    ck_assert(now.sa_handler == SIG_DFL);
    return diesel_fail(&err);
}

FIBER_TEST(the_second_signal_has_its_old_effect)
{
    diesel_error err;
    signal(SIGINT, SIG_DFL);
    assert_ok(diesel_until_signal(cleans_up, NULL, stop, 2, NULL, &err));
    return 0;
}
END_TEST

static int fails(void *arg)
{
    diesel_error err;
    diesel_error_set(&err, DIESEL_E_PROTOCOL, DIESEL_DOM_CORE, 0, "as asked");
    return arg == NULL ? 0 : diesel_fail(&err);
}

FIBER_TEST(without_a_signal_the_result_is_the_functions)
{
    diesel_error err;
    int number = 5, any, killed = SIGKILL;
    assert_ok(diesel_until_signal(fails, NULL, stop, 2, &number, &err));
    ck_assert_int_eq(number, 0);
    assert_fails(diesel_until_signal(fails, &any, stop, 2, NULL, &err),
                 DIESEL_E_PROTOCOL);
    assert_fails(diesel_until_signal(fails, NULL, &killed, 1, NULL, &err),
                 DIESEL_E_INVAL);
    diesel_scope *scope = diesel_scope_open(&(diesel_scope_options){.timeout_ms = 3});
    assert_fails(diesel_until_signal(serves, NULL, stop, 2, NULL, &err),
                 DIESEL_E_TIMEDOUT);
    (void)diesel_scope_wait(scope, &err);
    return 0;
}
END_TEST

START_TEST(each_allocation_may_fail)
{
    diesel_error err;
    bool done = false;
    int fds = test_open_fds();
    kit_allocator();
    for (long n = 1; !done; n++) {
        kit_fail(n);
        int result = diesel_run(waits_in_a_loop, NULL, NULL, &err);
        done = atomic_load(&kit_allocations) < n;
        kit_fail(0);
        if (result < 0)
            assert_error(DIESEL_E_NOMEM);
        ck_assert(result == 0 || !done);
        ck_assert_int_eq(atomic_load(&kit_alive), 0);
        ck_assert_int_eq(test_open_fds(), fds);
    }
}
END_TEST

static atomic_bool raising;

static void *raises(void *arg)
{
    while (atomic_load(&raising))
        kill(getpid(), SIGUSR1);
    return arg;
}

/* Receivers come and go while signals rain: the handler must never see a port that
 * is gone. */
FIBER_TEST(receivers_may_come_and_go_while_signals_rain)
{
    diesel_error err;
    diesel_signals *keep = open_usr1();
    atomic_store(&raising, true);
    pthread_t id = kit_thread(raises, NULL);
    for (int i = 0; i < test_many(500, 100); i++) {
        sem_t ready;
        sem_init(&ready, 0, 0);
        pthread_t other = kit_thread(waiting_thread, &ready);
        ck_assert_int_eq(diesel_signals_wait(keep, DIESEL_FOREVER, &err), SIGUSR1);
        kit_join(other);
        sem_destroy(&ready);
    }
    atomic_store(&raising, false);
    kit_join(id);
    diesel_signals_close(keep);
    return 0;
}
END_TEST

FIBER_TEST(a_forked_child_receives_nothing)
{
    diesel_error err;
    int status;
    diesel_signals *signals = open_usr1();
    fflush(NULL);
    pid_t child = test_fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        raise(SIGUSR1);
        test_exit(0);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGUSR1);
    assert_fails(diesel_signals_wait(signals, diesel_now() + 3, &err),
                 DIESEL_E_TIMEDOUT);
    diesel_signals_close(signals);
    return 0;
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("signal");
    test_case(suite, "receiving", a_signal_wakes_the_waiting_fiber,
              a_signal_does_not_wait_for_the_fiber_that_it_has_interrupted,
              signals_are_kept_once_each_until_they_are_taken,
              every_receiver_of_every_thread_gets_it,
              what_was_set_before_is_restored, closing_wakes_those_who_wait,
              a_signal_is_a_case_of_select, waiting_may_be_cancelled_at_any_turn);
    test_case_rows(suite, "bad numbers", what_cannot_be_received_is_an_error,
                   TEST_COUNT(bad));
    test_case(suite, "shutting down", a_signal_cancels_what_runs_until_then,
              the_second_signal_has_its_old_effect,
              without_a_signal_the_result_is_the_functions);
    test_case(suite, "faults", each_allocation_may_fail,
              receivers_may_come_and_go_while_signals_rain,
              a_forked_child_receives_nothing);
    return test_suite_run(suite);
}

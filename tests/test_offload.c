/* SPDX-License-Identifier: MIT */
/*
 * <diesel/offload.h>: where the function runs, who waits, what becomes of the
 * argument, and the life of pools.
 */
#include "faulty_sys.h"
#include "thread_kit.h"

static sem_t gate, inside; /* a function is inside, and waits at the gate */
static atomic_int ran, dropped, fibers_turns;

static void setup(void)
{
    sem_init(&gate, 0, 0);
    sem_init(&inside, 0, 0);
}

static void take(sem_t *sem)
{
    while (sem_wait(sem) < 0)
        ;
}

static int waits_at_gate(void *arg, diesel_error *err)
{
    (void)arg, (void)err;
    sem_post(&inside);
    take(&gate);
    atomic_fetch_add(&ran, 1);
    return 3;
}

static void drop(void *arg)
{
    free(arg);
    atomic_fetch_add(&dropped, 1);
}

/* --- Running */

static int where(void *arg, diesel_error *err)
{
    sigset_t blocked;
    (void)err;
    ck_assert_int_eq(pthread_sigmask(SIG_SETMASK, NULL, &blocked), 0);
    ck_assert(sigismember(&blocked, SIGINT));
    ck_assert_ptr_null(diesel_self());
    *(pthread_t *)arg = pthread_self();
    return 11;
}

FIBER_TEST(a_function_runs_on_another_thread_and_brings_its_result)
{
    diesel_error err;
    pthread_t id = pthread_self();
    for (int i = 0; i < 50; i++)
        ck_assert_int_eq(diesel_offload(NULL, where, &id, DIESEL_FOREVER, &err), 11);
    ck_assert(!pthread_equal(id, pthread_self()));
    return 0;
}
END_TEST

static int opens_the_gate(void *arg)
{
    diesel_error err;
    (void)arg;
    for (int i = 0; i < 10; i++) {
        atomic_fetch_add(&fibers_turns, 1);
        assert_ok(diesel_yield(&err));
    }
    sem_post(&gate);
    return 0;
}

FIBER_TEST(only_the_calling_fiber_waits)
{
    diesel_error err;
    setup();
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(scope, opens_the_gate, NULL);
    ck_assert_int_eq(
        diesel_offload(NULL, waits_at_gate, NULL, DIESEL_FOREVER, &err), 3);
    ck_assert_int_eq(atomic_load(&fibers_turns), 10);
    return diesel_scope_wait(scope, &err);
}
END_TEST

static int fails(void *arg, diesel_error *err)
{
    if (arg == NULL)
        return -5;
    return diesel_error_set(err, DIESEL_E_RESOLVE, DIESEL_DOM_DNS, 4, "no such name");
}

FIBER_TEST(errors_are_carried)
{
    diesel_error err;
    int any;
    void *arg = &any;
    assert_fails(diesel_offload(NULL, fails, &any, DIESEL_FOREVER, &err),
                 DIESEL_E_RESOLVE);
    ck_assert_int_eq(err.detail, 4);
    ck_assert_str_eq(err.message, "no such name");
    ck_assert_int_eq(diesel_offload(NULL, fails, NULL, DIESEL_FOREVER, &err), -5);
    assert_error(DIESEL_E_FAILED);
    assert_fails(
        diesel_offload_owned(NULL, fails, &arg, drop, DIESEL_FOREVER, &err),
        DIESEL_E_RESOLVE);
    ck_assert_ptr_eq(arg, &any); /* it has ended: the argument is ours */
    ck_assert_int_eq(diesel_offload(NULL, fails, NULL, DIESEL_FOREVER, NULL), -5);
    return 0;
}
END_TEST

static atomic_int at_once, most_at_once;

static int counts_itself(void *arg, diesel_error *err)
{
    (void)arg, (void)err;
    int now = atomic_fetch_add(&at_once, 1) + 1;
    int most = atomic_load(&most_at_once);
    while (now > most && !atomic_compare_exchange_weak(&most_at_once, &most, now))
        ;
    sched_yield();
    atomic_fetch_sub(&at_once, 1);
    atomic_fetch_add(&ran, 1);
    return 0;
}

static int offloads_many(void *arg)
{
    diesel_error err;
    for (int i = 0; i < 20; i++)
        assert_ok(diesel_offload(arg, counts_itself, NULL, DIESEL_FOREVER, &err));
    return 0;
}

FIBER_TEST(a_pool_has_no_more_threads_than_asked_for)
{
    diesel_error err;
    diesel_workers *workers;
    assert_made(workers = diesel_workers_new(
                    &(diesel_workers_options){.threads = 3, .name = "three"}, &err));
    diesel_scope *scope = diesel_scope_open(NULL);
    for (int i = 0; i < 30; i++)
        diesel_go(scope, offloads_many, workers);
    assert_ok(diesel_scope_wait(scope, &err));
    ck_assert_int_eq(atomic_load(&ran), 600);
    ck_assert_int_le(atomic_load(&most_at_once), 3);
    diesel_workers_free(workers);
    return 0;
}
END_TEST

static void *offloading_thread(void *arg)
{
    test_run(offloads_many, arg);
    return NULL;
}

START_TEST(fibers_of_many_threads_share_the_pool)
{
    pthread_t ids[4];
    for (int round = 0; round < 10; round++) {
        for (int i = 0; i < 4; i++)
            ids[i] = kit_thread(offloading_thread, NULL);
        for (int i = 0; i < 4; i++)
            kit_join(ids[i]);
    }
    ck_assert_int_eq(atomic_load(&ran), 800);
}
END_TEST

/* --- Giving up. A pool of one thread, which is at the gate. */

static int occupies(void *arg)
{
    diesel_error err;
    ck_assert_int_eq(diesel_offload(arg, waits_at_gate, NULL, DIESEL_FOREVER, &err), 3);
    return 0;
}

static diesel_workers *one(size_t queue_limit)
{
    diesel_error err;
    diesel_workers *workers;
    setup();
    assert_made(workers = diesel_workers_new(
                    &(diesel_workers_options){.threads = 1,
                                              .queue_limit = queue_limit},
                    &err));
    return workers;
}

/* Until the function is inside. */
static void wait_inside(void)
{
    diesel_error err;
    while (sem_trywait(&inside) < 0)
        assert_ok(diesel_sleep(1, &err));
}

FIBER_TEST(what_waits_for_a_thread_can_be_given_up)
{
    diesel_error err;
    diesel_workers *workers = one(0);
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(scope, occupies, workers);
    wait_inside();
    assert_fails(diesel_offload(workers, waits_at_gate, NULL, diesel_now() + 2, &err),
                 DIESEL_E_TIMEDOUT);
    assert_fails(diesel_offload(workers, waits_at_gate, NULL, DIESEL_NOW, &err),
                 DIESEL_E_TIMEDOUT);
    void *arg = malloc(8);
    assert_fails(diesel_offload_owned(workers, waits_at_gate, &arg, drop,
                                      diesel_now() + 2, &err),
                 DIESEL_E_TIMEDOUT);
    ck_assert_ptr_null(arg);
    ck_assert_int_eq(atomic_load(&dropped), 1); /* here, and at once */
    sem_post(&gate);
    assert_ok(diesel_scope_wait(scope, &err));
    ck_assert_int_eq(atomic_load(&ran), 1); /* the others never began */
    diesel_workers_free(workers);
    return 0;
}
END_TEST

FIBER_TEST(what_runs_and_is_owned_can_be_given_up)
{
    diesel_error err;
    diesel_workers *workers = one(0);
    void *arg = malloc(8);
    assert_fails(diesel_offload_owned(workers, waits_at_gate, &arg, drop,
                                      diesel_now() + 20, &err),
                 DIESEL_E_TIMEDOUT);
    ck_assert_ptr_null(arg);
    if (sem_trywait(&inside) < 0) { /* it had not begun: a slow machine */
        diesel_workers_free(workers);
        return 0;
    }
    ck_assert_int_eq(atomic_load(&dropped), 0);
    sem_post(&gate);
    while (atomic_load(&dropped) == 0)
        assert_ok(diesel_sleep(1, &err));
    ck_assert_int_eq(atomic_load(&ran), 1);
    diesel_workers_free(workers);
    return 0;
}
END_TEST

static int opens_later(void *arg)
{
    diesel_error err;
    wait_inside();
    diesel_scope_cancel(arg);
    diesel_scope *shield = diesel_scope_open(&(diesel_scope_options){.shield = true});
    assert_ok(diesel_sleep(2, &err));
    sem_post(&gate);
    return diesel_scope_wait(shield, &err);
}

static int offloads_and_is_cancelled(void *arg)
{
    diesel_error err;
    int on_the_stack = 1;
    ck_assert_int_eq(
        diesel_offload(arg, waits_at_gate, &on_the_stack, DIESEL_FOREVER, &err), 3);
    assert_fails(diesel_offload(arg, waits_at_gate, NULL, DIESEL_FOREVER, &err),
                 DIESEL_E_CANCELLED);
    return diesel_fail(&err);
}

FIBER_TEST(what_runs_with_a_borrowed_argument_is_waited_for)
{
    diesel_error err;
    diesel_workers *workers = one(0);
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(scope, offloads_and_is_cancelled, workers);
    diesel_scope *other = diesel_scope_open(&(diesel_scope_options){.detached = true});
    diesel_go(other, opens_later, scope);
    assert_ok(diesel_scope_wait(scope, &err));
    assert_ok(diesel_scope_wait(other, &err));
    ck_assert_int_eq(atomic_load(&ran), 1);
    diesel_workers_free(workers);
    return 0;
}
END_TEST

static int holds_an_argument(void *arg)
{
    diesel_error err;
    void *own = malloc(100);
    int result = diesel_offload_owned(arg, waits_at_gate, &own, drop,
                                      DIESEL_FOREVER, &err);
    free(own);
    return result < 0 ? diesel_fail(&err) : 0;
}

/* Cancelled after each number of turns: queued, running or done. */
FIBER_TEST(cancellation_at_any_time_frees_the_argument_once)
{
    diesel_error err;
    diesel_workers *workers = one(0);
    for (int turns = 0; turns < test_many(300, 100); turns++) {
        diesel_scope *scope = diesel_scope_open(NULL);
        for (int i = 0; i < 3; i++)
            diesel_go(scope, holds_an_argument, workers);
        for (int i = 0; i < turns % 30; i++) {
            if (i % 10 == 7)
                sem_post(&gate);
            assert_ok(turns % 2 == 0 ? diesel_yield(&err) : diesel_sleep(i % 2, &err));
        }
        diesel_scope_cancel(scope);
        assert_ok(diesel_scope_wait(scope, &err));
    }
    for (int i = 0; i < 1000; i++)
        sem_post(&gate);
    diesel_workers_free(workers);
    return 0;
}
END_TEST

/* --- The queue's limit, and the end of pools. */

FIBER_TEST(a_full_queue_is_an_error)
{
    diesel_error err;
    diesel_workers *workers = one(2);
    diesel_scope *scope = diesel_scope_open(NULL);
    for (int i = 0; i < 3; i++)
        diesel_go(scope, occupies, workers);
    wait_inside();
    assert_fails(diesel_offload(workers, waits_at_gate, NULL, DIESEL_FOREVER, &err),
                 DIESEL_E_LIMIT);
    for (int i = 0; i < 3; i++)
        sem_post(&gate);
    assert_ok(diesel_scope_wait(scope, &err));
    diesel_workers_free(workers);
    diesel_workers_free(NULL);
    return 0;
}
END_TEST

static int is_refused(void *arg)
{
    diesel_error err;
    assert_fails(diesel_offload(arg, waits_at_gate, NULL, DIESEL_FOREVER, &err),
                 DIESEL_E_CLOSED);
    return 0;
}

FIBER_TEST(a_pool_may_be_freed_while_fibers_wait)
{
    diesel_error err;
    diesel_workers *workers = one(0);
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(scope, occupies, workers);
    wait_inside();
    for (int i = 0; i < 5; i++)
        diesel_go(scope, is_refused, workers);
    assert_ok(diesel_yield(&err));
    diesel_workers_free(workers);
    sem_post(&gate);
    assert_ok(diesel_scope_wait(scope, &err));
    ck_assert_int_eq(atomic_load(&ran), 1);
    return 0;
}
END_TEST

FIBER_TEST(a_waiting_function_is_no_deadlock)
{
    diesel_error err;
    setup();
    pthread_t id = pthread_self();
    assert_ok(diesel_offload(NULL, where, &id, DIESEL_FOREVER, &err));
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(scope, occupies, NULL);
    wait_inside();
    sem_post(&gate); /* from here on nothing is runnable until it is done */
    return diesel_scope_wait(scope, &err);
}
END_TEST

static int then_parks(void *arg)
{
    diesel_error err;
    pthread_t id;
    (void)arg;
    assert_ok(diesel_offload(NULL, where, &id, DIESEL_FOREVER, &err));
    (void)diesel_park("nothing", DIESEL_FOREVER, &err);
    return diesel_fail(&err);
}

START_TEST(after_the_last_function_a_deadlock_is_found)
{
    diesel_error err;
    assert_fails(diesel_run(then_parks, NULL, NULL, &err), DIESEL_E_FAILED);
    assert_contains(err.message, "deadlock");
}
END_TEST

static int offloads_once(void *arg)
{
    diesel_error err;
    if (diesel_offload(NULL, counts_itself, NULL, DIESEL_FOREVER, &err) < 0 ||
        diesel_offload_owned(NULL, counts_itself, &arg, drop, DIESEL_FOREVER, &err) < 0)
        return diesel_fail(&err);
    return 0;
}

static int threads_of_process(void)
{
    DIR *dir = opendir("/proc/self/task");
    int count = -2;
    while (readdir(dir) != NULL)
        count++;
    closedir(dir);
    return count;
}

START_TEST(the_process_pool_ends_with_the_last_scheduler)
{
    int before = threads_of_process(), any;
    kit_allocator();
    for (int i = 0; i < 20; i++)
        test_run(offloads_once, &any);
    ck_assert_int_eq(atomic_load(&kit_alive), 0);
    /* A thread that has left the pool may still be on its way out. */
    while (!TEST_SANITIZED && threads_of_process() != before)
        sched_yield();
}
END_TEST

START_TEST(each_allocation_may_fail)
{
    diesel_error err;
    int any;
    bool done = false;
    kit_allocator();
    for (long n = 1; !done; n++) {
        kit_fail(n);
        int result = diesel_run(offloads_once, &any, NULL, &err);
        done = atomic_load(&kit_allocations) < n;
        kit_fail(0);
        if (result < 0)
            assert_error(DIESEL_E_NOMEM);
        ck_assert(result == 0 || !done);
        ck_assert_int_eq(atomic_load(&kit_alive), 0);
    }
    ck_assert_int_eq(atomic_load(&dropped), 0);
}
END_TEST

static diesel_workers *pool_of_two;

static int uses_pool_of_two(void *arg)
{
    diesel_error err;
    if (diesel_offload(pool_of_two, waits_at_gate, arg, DIESEL_FOREVER, &err) < 0)
        return diesel_fail(&err);
    return 0;
}

/* With one thread the calls wait for that; with none they fail. */
FIBER_TEST(a_pool_does_with_the_threads_that_it_can_have)
{
    diesel_error err;
    pthread_t id;
    diesel_workers *workers;
    setup();
    assert_made(workers = diesel_workers_new(
                    &(diesel_workers_options){.threads = 2}, &err));
    faulty_sys_reset();
    faulty_sys_fail(FAULTY_pthread_create, 1, EAGAIN);
    assert_fails(diesel_offload(workers, where, &id, DIESEL_FOREVER, &err),
                 DIESEL_E_LIMIT);
    assert_contains(err.message, "no thread could be started");

    diesel_scope *scope = diesel_scope_open(NULL);
    faulty_sys_fail(FAULTY_pthread_create, 2, EAGAIN);
    pool_of_two = workers;
    for (int i = 0; i < 3; i++)
        diesel_go(scope, uses_pool_of_two, NULL);
    while (faulty_sys_calls(FAULTY_pthread_create) < 2)
        assert_ok(diesel_yield(&err));
    for (int i = 0; i < 3; i++)
        sem_post(&gate);
    assert_ok(diesel_scope_wait(scope, &err));
    ck_assert_int_eq(atomic_load(&ran), 3);
    faulty_sys_reset();
    diesel_workers_free(workers);
    return 0;
}
END_TEST

FIBER_TEST(a_forked_child_has_a_pool_of_its_own)
{
    diesel_error err;
    int any, status;
    diesel_workers *workers = one(0);
    assert_ok(diesel_offload(NULL, counts_itself, NULL, DIESEL_FOREVER, &err));
    assert_ok(diesel_offload(workers, counts_itself, NULL, DIESEL_FOREVER, &err));
    fflush(NULL);
    pid_t child = test_fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        test_run(offloads_once, &any);
        diesel_workers_free(workers);
        test_exit(7);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status));
    ck_assert_int_eq(WEXITSTATUS(status), 7);
    diesel_workers_free(workers);
    return 0;
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("offload");
    test_case(suite, "running", a_function_runs_on_another_thread_and_brings_its_result,
              only_the_calling_fiber_waits, errors_are_carried,
              a_pool_has_no_more_threads_than_asked_for,
              fibers_of_many_threads_share_the_pool);
    test_case(suite, "giving up", what_waits_for_a_thread_can_be_given_up,
              what_runs_and_is_owned_can_be_given_up,
              what_runs_with_a_borrowed_argument_is_waited_for,
              cancellation_at_any_time_frees_the_argument_once);
    test_case(suite, "pools", a_full_queue_is_an_error,
              a_pool_may_be_freed_while_fibers_wait,
              a_waiting_function_is_no_deadlock,
              after_the_last_function_a_deadlock_is_found,
              the_process_pool_ends_with_the_last_scheduler,
              each_allocation_may_fail, a_forked_child_has_a_pool_of_its_own,
              a_pool_does_with_the_threads_that_it_can_have);
    return test_suite_run(suite);
}

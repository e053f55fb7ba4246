/* SPDX-License-Identifier: MIT */
/*
 * <diesel/thread.h>: posting to another thread, calling on it, and how long.
 */
#include "faulty_sys.h"
#include "thread_kit.h"

static struct peer peer;

/* --- Posting */

#define MOST 20000

static int came[MOST];
static int came_count;
static bool on_wrong_thread;

static void note(void *arg)
{
    on_wrong_thread |= !diesel_thread_is_here(peer.thread) || diesel_self() != NULL;
    came[came_count++] = (int)(intptr_t)arg;
}

START_TEST(posted_functions_run_over_there_in_order)
{
    diesel_error err;
    int many = test_many(MOST, 2000);
    peer_start(&peer);
    for (int i = 0; i < many; i++)
        assert_ok(diesel_post(peer.thread, note, (void *)(intptr_t)i, &err));
    peer_stop(&peer);
    ck_assert_int_eq(came_count, many);
    ck_assert(!on_wrong_thread);
    for (int i = 0; i < many; i++)
        ck_assert_int_eq(came[i], i);
    peer_forget(&peer);
}
END_TEST

static void *post_many(void *arg)
{
    diesel_error err;
    int first = (int)(intptr_t)arg;
    for (int i = 0; i < test_many(MOST, 2000) / 4; i++)
        assert_ok(diesel_post(peer.thread, note, (void *)(intptr_t)(first + i), &err));
    return NULL;
}

START_TEST(each_of_many_threads_is_heard_in_its_order)
{
    pthread_t ids[4];
    int share = test_many(MOST, 2000) / 4, next[4];
    peer_start(&peer);
    for (int i = 0; i < 4; i++)
        ids[i] = kit_thread(post_many, (void *)(intptr_t)(i * share));
    for (int i = 0; i < 4; i++) {
        kit_join(ids[i]);
        next[i] = i * share;
    }
    peer_stop(&peer);
    ck_assert_int_eq(came_count, 4 * share);
    for (int i = 0; i < came_count; i++)
        ck_assert_int_eq(came[i], next[came[i] / share]++);
    peer_forget(&peer);
}
END_TEST

START_TEST(a_scheduler_that_has_ended_is_an_error)
{
    diesel_error err;
    peer_start(&peer);
    peer_stop(&peer);
    assert_fails(diesel_post(peer.thread, note, NULL, &err), DIESEL_E_CLOSED);
    diesel_thread *second = diesel_thread_share(peer.thread);
    peer_forget(&peer);
    assert_fails(diesel_post(second, note, NULL, &err), DIESEL_E_CLOSED);
    diesel_thread_free(second);
    diesel_thread_free(NULL);
}
END_TEST

static atomic_int accepted;

static void *post_until_closed(void *arg)
{
    diesel_error err;
    (void)arg;
    while (diesel_post(peer.thread, note, NULL, &err) == 0) {
        if (atomic_fetch_add(&accepted, 1) > MOST - 10)
            return NULL;
    }
    assert_error(DIESEL_E_CLOSED);
    return NULL;
}

START_TEST(what_was_accepted_has_run_when_the_scheduler_has_ended)
{
    pthread_t ids[3];
    peer_start(&peer);
    for (int i = 0; i < 3; i++)
        ids[i] = kit_thread(post_until_closed, NULL);
    while (atomic_load(&accepted) < 100)
        sched_yield();
    peer_stop(&peer);
    int ran = came_count;
    for (int i = 0; i < 3; i++)
        kit_join(ids[i]);
    ck_assert_int_eq(ran, came_count);
    ck_assert_int_eq(ran, atomic_load(&accepted));
    peer_forget(&peer);
}
END_TEST

FIBER_TEST(a_burst_of_posts_costs_one_write)
{
    diesel_error err;
    assert_made(peer.thread = diesel_thread_here(&err));
    faulty_sys_reset();
    faulty_sys_interrupt(); /* which must not lose it either */
    for (int i = 0; i < 1000; i++)
        assert_ok(diesel_post(peer.thread, note, NULL, &err));
    ck_assert_int_eq(faulty_sys_calls(FAULTY_write), 1);
    while (came_count < 1000)
        assert_ok(diesel_yield(&err));
    faulty_sys_reset();
    diesel_thread_free(peer.thread);
    return 0;
}
END_TEST

static void bounce(void *arg)
{
    diesel_error err;
    int left = (int)(intptr_t)arg;
    note(arg);
    if (left > 0)
        assert_ok(diesel_post(peer.thread, bounce, (void *)(intptr_t)(left - 1), &err));
    else
        peer_wake(&peer);
}

START_TEST(a_posted_function_may_post)
{
    diesel_error err;
    peer_start(&peer);
    assert_ok(diesel_post(peer.thread, bounce, (void *)(intptr_t)50, &err));
    kit_join(peer.id);
    ck_assert_int_eq(came_count, 51);
    ck_assert_int_eq(peer.result, 1);
    peer_forget(&peer);
}
END_TEST

/* --- Deadlocks: whether an event can come. */

static diesel_thread *left_over;

static int parks(void *arg)
{
    diesel_error err;
    assert_made(left_over = diesel_thread_here(&err));
    if (arg == NULL)
        diesel_thread_free(left_over);
    else
        sem_post(arg);
    (void)diesel_park("nothing that comes", DIESEL_FOREVER, &err);
    return diesel_fail(&err);
}

START_TEST(without_handles_a_deadlock_is_still_found)
{
    diesel_error err;
    assert_fails(diesel_run(parks, NULL, NULL, &err), DIESEL_E_FAILED);
    assert_contains(err.message, "deadlock");
    assert_contains(err.message, "nothing that comes");
}
END_TEST

static void *parked_thread(void *arg)
{
    diesel_error err;
    assert_fails(diesel_run(parks, arg, NULL, &err), DIESEL_E_FAILED);
    assert_contains(err.message, "deadlock");
    return NULL;
}

static void flag(void *arg)
{
    atomic_store((atomic_bool *)arg, true);
}

START_TEST(a_deadlock_is_found_when_the_last_handle_is_freed)
{
    diesel_error err;
    sem_t ready;
    atomic_bool ran = false;
    sem_init(&ready, 0, 0);
    pthread_t id = kit_thread(parked_thread, &ready);
    sem_wait(&ready);
    assert_ok(diesel_post(left_over, flag, &ran, &err));
    while (!atomic_load(&ran)) /* so it lives, and waits */
        sched_yield();
    diesel_thread *second = diesel_thread_share(left_over);
    diesel_thread_free(left_over);
    diesel_thread_free(second);
    kit_join(id);
    sem_destroy(&ready);
}
END_TEST

/* --- Calling */

struct sum {
    int a, b, sum;
    diesel_thread *seen;
};

static int add(void *arg)
{
    diesel_error err;
    struct sum *sum = arg;
    ck_assert(diesel_thread_is_here(peer.thread));
    if (diesel_yield(&err) < 0 || diesel_sleep(1, &err) < 0)
        return diesel_fail(&err);
    sum->sum = sum->a + sum->b;
    return 7;
}

static int calls_add(void *arg)
{
    diesel_error err;
    struct sum sum = {.a = 1, .b = 2};
    (void)arg;
    for (int i = 0; i < 100; i++) {
        ck_assert_int_eq(diesel_call(peer.thread, add, &sum, &err), 7);
        ck_assert_int_eq(sum.sum, 3 + i);
        sum.a++;
    }
    return 0;
}

START_TEST(a_call_runs_over_there_and_brings_its_result)
{
    peer_start(&peer);
    test_run(calls_add, NULL);
    peer_stop(&peer);
    peer_forget(&peer);
}
END_TEST

static int calls_from_many_fibers(void *arg)
{
    diesel_error err;
    (void)arg;
    diesel_scope *scope = diesel_scope_open(NULL);
    for (int i = 0; i < 20; i++)
        diesel_go(scope, calls_add, NULL);
    return diesel_scope_wait(scope, &err) < 0 ? diesel_fail(&err) : 0;
}

static void *calling_thread(void *arg)
{
    test_run(calls_from_many_fibers, arg);
    return NULL;
}

START_TEST(many_fibers_of_many_threads_call_at_once)
{
    pthread_t ids[3];
    peer_start(&peer);
    for (int i = 0; i < 3; i++)
        ids[i] = kit_thread(calling_thread, NULL);
    for (int i = 0; i < 3; i++)
        kit_join(ids[i]);
    peer_stop(&peer);
    peer_forget(&peer);
}
END_TEST

static int fails_over_there(void *arg)
{
    diesel_error err;
    (void)arg;
    diesel_error_set(&err, DIESEL_E_PROTOCOL, DIESEL_DOM_REDIS, 42, "as asked");
    return diesel_fail(&err);
}

static int returns_minus_two(void *arg)
{
    (void)arg;
    return -2;
}

static int calls_what_fails(void *arg)
{
    diesel_error err;
    (void)arg;
    assert_fails(diesel_call(peer.thread, fails_over_there, NULL, &err),
                 DIESEL_E_PROTOCOL);
    ck_assert_int_eq(err.domain, DIESEL_DOM_REDIS);
    ck_assert_int_eq(err.detail, 42);
    ck_assert_str_eq(err.message, "as asked");
    ck_assert_int_eq(diesel_call(peer.thread, returns_minus_two, NULL, &err), -2);
    assert_error(DIESEL_E_FAILED);
    ck_assert_int_eq(diesel_call(peer.thread, returns_minus_two, NULL, NULL), -2);
    return 0;
}

START_TEST(a_failing_call_brings_its_error_and_harms_nobody)
{
    peer_start(&peer);
    test_run(calls_what_fails, NULL);
    test_run(calls_add, NULL);
    peer_stop(&peer);
    peer_forget(&peer);
}
END_TEST

static atomic_int waiting_over_there, left_over_there;

static int waits_over_there(void *arg)
{
    diesel_error err;
    (void)arg;
    atomic_fetch_add(&waiting_over_there, 1);
    int result = diesel_park("the end", DIESEL_FOREVER, &err);
    ck_assert_int_lt(result, 0);
    atomic_fetch_add(&left_over_there, 1);
    return diesel_fail(&err);
}

static int calls_what_waits(void *arg)
{
    diesel_error err;
    (void)arg;
    assert_fails(diesel_call(peer.thread, waits_over_there, NULL, &err),
                 DIESEL_E_CANCELLED);
    return diesel_fail(&err);
}

static int cancels_calls(void *arg)
{
    diesel_error err;
    (void)arg;
    diesel_scope *scope = diesel_scope_open(NULL);
    for (int i = 0; i < 10; i++)
        diesel_go(scope, calls_what_waits, NULL);
    while (atomic_load(&waiting_over_there) < 10)
        assert_ok(diesel_sleep(1, &err));
    diesel_scope_cancel(scope);
    assert_ok(diesel_scope_wait(scope, &err));
    ck_assert_int_eq(atomic_load(&left_over_there), 10);
    return 0;
}

START_TEST(cancellation_reaches_the_fiber_over_there)
{
    peer_start(&peer);
    test_run(cancels_calls, NULL);
    peer_stop(&peer);
    peer_forget(&peer);
}
END_TEST

static int calls_for_too_long(void *arg)
{
    diesel_error err;
    (void)arg;
    diesel_scope *scope =
        diesel_scope_open(&(diesel_scope_options){.timeout_ms = 3});
    assert_fails(diesel_call(peer.thread, waits_over_there, NULL, &err),
                 DIESEL_E_TIMEDOUT);
    assert_fails(diesel_call(peer.thread, add, NULL, &err), DIESEL_E_TIMEDOUT);
    assert_fails(diesel_scope_wait(scope, &err), DIESEL_E_TIMEDOUT);
    ck_assert_int_eq(atomic_load(&left_over_there), 1);
    return 0;
}

START_TEST(a_deadline_reaches_the_fiber_over_there)
{
    peer_start(&peer);
    test_run(calls_for_too_long, NULL);
    peer_stop(&peer);
    peer_forget(&peer);
}
END_TEST

static int calls_the_ended(void *arg)
{
    diesel_error err;
    (void)arg;
    assert_fails(diesel_call(peer.thread, add, NULL, &err), DIESEL_E_CLOSED);
    return 0;
}

START_TEST(a_call_to_an_ended_scheduler_is_an_error)
{
    peer_start(&peer);
    peer_stop(&peer);
    test_run(calls_the_ended, NULL);
    peer_forget(&peer);
}
END_TEST

/* The other scheduler ends while a call runs there, which is cancelled. */
static int calls_the_ending(void *arg)
{
    diesel_error err;
    (void)arg;
    int result = diesel_call(peer.thread, waits_over_there, NULL, &err);
    ck_assert_int_eq(result, -1);
    ck_assert(err.code == DIESEL_E_CANCELLED || err.code == DIESEL_E_CLOSED);
    return 0;
}

static void *calling_the_ending(void *arg)
{
    test_run(calls_the_ending, arg);
    return NULL;
}

START_TEST(a_scheduler_that_ends_lets_its_callers_go)
{
    peer_start(&peer);
    pthread_t id = kit_thread(calling_the_ending, NULL);
    while (atomic_load(&waiting_over_there) == 0)
        sched_yield();
    peer_stop(&peer);
    kit_join(id);
    peer_forget(&peer);
}
END_TEST

static int doubles(void *arg)
{
    diesel_error err;
    assert_ok(diesel_yield(&err));
    *(int *)arg *= 2;
    return 0;
}

FIBER_TEST(a_thread_may_call_itself)
{
    diesel_error err;
    int number = 21;
    diesel_thread *here;
    assert_made(here = diesel_thread_here(&err));
    ck_assert(diesel_thread_is_here(here));
    assert_ok(diesel_call(here, doubles, &number, &err));
    ck_assert_int_eq(number, 42);
    diesel_thread_free(here);
    return 0;
}
END_TEST

/* --- Failing allocations */

static int uses_all(void *arg)
{
    diesel_error err;
    struct sum sum = {.a = 1};
    (void)arg;
    diesel_thread *here = diesel_thread_here(&err);
    if (here == NULL)
        return diesel_fail(&err);
    diesel_thread_free(here);
    if (diesel_post(peer.thread, note, NULL, &err) < 0 ||
        diesel_call(peer.thread, add, &sum, &err) < 0)
        return diesel_fail(&err);
    return 0;
}

START_TEST(each_allocation_may_fail)
{
    diesel_error err;
    kit_allocator();
    bool done = false;
    for (long n = 1; !done; n++) {
        peer_start(&peer);
        kit_fail(n);
        int result = diesel_run(uses_all, NULL, NULL, &err);
        done = atomic_load(&kit_allocations) < n;
        kit_fail(0);
        if (result < 0)
            assert_error(DIESEL_E_NOMEM);
        ck_assert(result == 0 || !done);
        peer_stop(&peer);
        peer_forget(&peer);
        ck_assert_int_eq(atomic_load(&kit_alive), 0);
    }
}
END_TEST

FIBER_TEST(without_descriptors_there_is_no_handle)
{
    diesel_error err;
    faulty_sys_fail(FAULTY_eventfd, 1, EMFILE);
    assert_fails_null(diesel_thread_here(&err), DIESEL_E_LIMIT);
    diesel_thread *here;
    assert_made(here = diesel_thread_here(&err));
    diesel_thread_free(here);
    return 0;
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("thread");
    test_case(suite, "posting", posted_functions_run_over_there_in_order,
              each_of_many_threads_is_heard_in_its_order,
              a_scheduler_that_has_ended_is_an_error,
              what_was_accepted_has_run_when_the_scheduler_has_ended,
              a_burst_of_posts_costs_one_write, a_posted_function_may_post);
    test_case(suite, "deadlocks", without_handles_a_deadlock_is_still_found,
              a_deadlock_is_found_when_the_last_handle_is_freed);
    test_case(suite, "calling", a_call_runs_over_there_and_brings_its_result,
              many_fibers_of_many_threads_call_at_once,
              a_failing_call_brings_its_error_and_harms_nobody,
              cancellation_reaches_the_fiber_over_there,
              a_deadline_reaches_the_fiber_over_there,
              a_call_to_an_ended_scheduler_is_an_error,
              a_scheduler_that_ends_lets_its_callers_go,
              a_thread_may_call_itself);
    test_case(suite, "faults", each_allocation_may_fail,
              without_descriptors_there_is_no_handle);
    return test_suite_run(suite);
}

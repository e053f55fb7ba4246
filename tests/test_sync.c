/* SPDX-License-Identifier: MIT */
/*
 * <diesel/sync.h>: who waits, who is let in, and in which order; who is
 * cancelled holds nothing and holds nobody up.
 */
#include <stdint.h>

#include "cancel_loop.h"
#include "fault_loop.h"

static struct test_log order;

static void settle(void)
{
    diesel_error err;
    for (int i = 0; i < 20; i++)
        assert_ok(diesel_yield(&err));
}

/* --- Each kind of lock as two functions, for what all have in common. */

static diesel_mutex mutex;
static diesel_rwlock rwlock;
static diesel_semaphore semaphore;
static diesel_locks *locks;

static int mutex_take(int64_t deadline, diesel_error *err)
{
    return diesel_mutex_lock(&mutex, deadline, err);
}

static void mutex_give(void)
{
    diesel_mutex_unlock(&mutex);
}

static int mutex_select(int64_t deadline, diesel_error *err)
{
    diesel_case cases[] = {diesel_case_timer(60000), diesel_case_mutex(&mutex)};
    return diesel_select(cases, 2, deadline, err) < 0 ? -1 : 0;
}

static int write_take(int64_t deadline, diesel_error *err)
{
    return diesel_rwlock_write(&rwlock, deadline, err);
}

static int write_select(int64_t deadline, diesel_error *err)
{
    diesel_case cases[] = {diesel_case_rwlock_write(&rwlock),
                           diesel_case_timer(60000)};
    return diesel_select(cases, 2, deadline, err) < 0 ? -1 : 0;
}

static void rwlock_give(void)
{
    diesel_rwlock_unlock(&rwlock);
}

static int semaphore_take(int64_t deadline, diesel_error *err)
{
    return diesel_semaphore_take(&semaphore, deadline, err);
}

static void semaphore_give(void)
{
    diesel_semaphore_give(&semaphore);
}

static int semaphore_select(int64_t deadline, diesel_error *err)
{
    diesel_case cases[] = {diesel_case_semaphore(&semaphore),
                           diesel_case_timer(60000)};
    return diesel_select(cases, 2, deadline, err) < 0 ? -1 : 0;
}

static int named_take(int64_t deadline, diesel_error *err)
{
    return diesel_locks_lock(locks, "key", 3, deadline, err);
}

static void named_give(void)
{
    diesel_locks_unlock(locks, "key", 3);
}

static const struct kind {
    int (*take)(int64_t deadline, diesel_error *err);
    void (*give)(void);
} kinds[] = {
    {mutex_take, mutex_give},           {mutex_select, mutex_give},
    {write_take, rwlock_give},          {write_select, rwlock_give},
    {semaphore_take, semaphore_give},   {semaphore_select, semaphore_give},
    {named_take, named_give},
};

static const struct kind *kind;
static int inside, most_inside;

static void prepare(int row)
{
    diesel_error err;
    kind = &kinds[row];
    mutex = (diesel_mutex){0};
    rwlock = (diesel_rwlock){0};
    semaphore = (diesel_semaphore){.count = 1};
    inside = most_inside = 0;
    order.length = 0;
    assert_made(locks = diesel_locks_new(&err));
}

static void finish(void)
{
    diesel_error err;
    assert_ok(kind->take(DIESEL_NOW, &err)); /* it is free again */
    kind->give();
    ck_assert_uint_eq(diesel_locks_count(locks), 0);
    diesel_locks_free(locks);
}

static int work_inside(void *arg)
{
    diesel_error err;
    if (kind->take(DIESEL_FOREVER, &err) < 0)
        return diesel_fail(&err);
    inside++;
    most_inside = inside > most_inside ? inside : most_inside;
    test_note(&order, *(const char *)arg);
    int result = diesel_yield(&err);
    inside--;
    kind->give();
    return result < 0 ? diesel_fail(&err) : 0;
}

FIBER_TEST(one_at_a_time_first_come_first_served)
{
    diesel_error err;
    prepare(row);
    diesel_scope *scope = diesel_scope_open(NULL);
    for (const char *name = "abcdef"; *name != '\0'; name++)
        diesel_go(scope, work_inside, (void *)(uintptr_t)name);
    assert_ok(diesel_scope_wait(scope, &err));
    ck_assert_str_eq(order.text, "abcdef");
    ck_assert_int_eq(most_inside, 1);
    finish();
    return 0;
}
END_TEST

/* Gives it back and wants it again at once: those who wait go first. */
FIBER_TEST(nobody_overtakes)
{
    diesel_error err;
    prepare(row);
    diesel_scope *scope = diesel_scope_open(NULL);
    assert_ok(kind->take(DIESEL_FOREVER, &err));
    diesel_go(scope, work_inside, "a");
    settle();
    kind->give();
    assert_fails(kind->take(DIESEL_NOW, &err), DIESEL_E_TIMEDOUT);
    assert_ok(kind->take(DIESEL_FOREVER, &err));
    ck_assert_str_eq(order.text, "a");
    kind->give();
    assert_ok(diesel_scope_wait(scope, &err));
    finish();
    return 0;
}
END_TEST

FIBER_TEST(who_is_cancelled_is_passed_over)
{
    diesel_error err;
    prepare(row);
    assert_ok(kind->take(DIESEL_FOREVER, &err));
    diesel_scope *gone =
        diesel_scope_open(&(diesel_scope_options){.detached = true});
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(gone, work_inside, "a");
    settle();
    diesel_go(scope, work_inside, "b");
    settle();
    diesel_scope_cancel(gone);
    kind->give(); /* "a" has not run yet: it still stands in the queue */
    assert_ok(diesel_scope_wait(scope, &err));
    assert_ok(diesel_scope_wait(gone, &err));
    ck_assert_str_eq(order.text, "b");
    finish();
    return 0;
}
END_TEST

FIBER_TEST(waiting_ends_with_the_deadline_or_the_scope)
{
    diesel_error err;
    prepare(row);
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_scope_cancel(scope);
    assert_fails(kind->take(DIESEL_FOREVER, &err), DIESEL_E_CANCELLED);
    assert_ok(diesel_scope_wait(scope, &err));
    finish();
    return 0;
}
END_TEST

static int contend(void *arg)
{
    prepare((int)(intptr_t)arg);
    diesel_error err;
    diesel_scope *scope = diesel_scope_open(NULL);
    for (const char *name = "abc"; *name != '\0'; name++)
        diesel_go(scope, work_inside, (void *)(uintptr_t)name);
    int result = diesel_scope_wait(scope, &err);
    ck_assert_int_eq(inside, 0);
    diesel_scope *last =
        diesel_scope_open(&(diesel_scope_options){.shield = true});
    diesel_error none;
    ck_assert_int_eq(kind->take(DIESEL_NOW, &none), 0);
    kind->give();
    (void)diesel_scope_wait(last, NULL);
    diesel_locks_free(locks);
    return result < 0 ? diesel_fail(&err) : 0;
}

START_TEST(cancelled_at_any_turn_it_is_free_in_the_end)
{
    ck_assert_int_ge(cancel_loop(contend, (void *)(intptr_t)_i), 4);
}
END_TEST

/* --- Event and countdown. */

static diesel_event event;
static diesel_countdown countdown;

static int await_event(void *arg)
{
    diesel_error err;
    if (diesel_event_wait(&event, DIESEL_FOREVER, &err) < 0)
        return diesel_fail(&err);
    test_note(&order, *(const char *)arg);
    return 0;
}

FIBER_TEST(an_event_wakes_all_who_wait_and_stays_set)
{
    diesel_error err;
    event = (diesel_event){0};
    order.length = 0;
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(scope, await_event, "a");
    diesel_go(scope, await_event, "b");
    settle();
    ck_assert_uint_eq(order.length, 0);
    assert_fails(diesel_event_wait(&event, DIESEL_NOW, &err), DIESEL_E_TIMEDOUT);
    diesel_event_set(&event);
    diesel_event_reset(&event); /* they have been told all the same */
    assert_ok(diesel_scope_wait(scope, &err));
    ck_assert_str_eq(order.text, "ab");
    ck_assert(!diesel_event_is_set(&event));
    diesel_event_set(&event);
    diesel_case c = diesel_case_event(&event);
    ck_assert_int_eq(diesel_select(&c, 1, DIESEL_NOW, &err), 0);
    assert_ok(diesel_event_wait(&event, DIESEL_NOW, &err));
    return 0;
}
END_TEST

static int count_one(void *arg)
{
    diesel_error err;
    (void)arg;
    if (diesel_yield(&err) < 0)
        return diesel_fail(&err);
    diesel_countdown_done(&countdown, 1);
    return 0;
}

FIBER_TEST(a_countdown_ends_at_zero)
{
    diesel_error err;
    countdown = (diesel_countdown){0};
    assert_ok(diesel_countdown_wait(&countdown, DIESEL_NOW, &err));
    for (int round = 0; round < 2; round++) {
        diesel_countdown_add(&countdown, 3);
        diesel_scope *scope = diesel_scope_open(NULL);
        assert_fails(diesel_countdown_wait(&countdown, DIESEL_NOW, &err),
                     DIESEL_E_TIMEDOUT);
        for (int i = 0; i < 3; i++)
            diesel_go(scope, count_one, NULL);
        diesel_case c = diesel_case_countdown(&countdown);
        if (round == 0)
            assert_ok(diesel_countdown_wait(&countdown, DIESEL_FOREVER, &err));
        else
            assert_ok(diesel_select(&c, 1, DIESEL_FOREVER, &err));
        ck_assert_uint_eq(countdown.count, 0);
        assert_ok(diesel_scope_wait(scope, &err));
    }
    return 0;
}
END_TEST

/* --- Read-write lock. */

static int reader(void *arg)
{
    diesel_error err;
    if (diesel_rwlock_read(&rwlock, DIESEL_FOREVER, &err) < 0)
        return diesel_fail(&err);
    test_note(&order, *(const char *)arg);
    int result = diesel_yield(&err);
    diesel_rwlock_unlock(&rwlock);
    return result < 0 ? diesel_fail(&err) : 0;
}

static int writer(void *arg)
{
    diesel_error err;
    if (diesel_rwlock_write(&rwlock, DIESEL_FOREVER, &err) < 0)
        return diesel_fail(&err);
    test_note(&order, *(const char *)arg);
    diesel_rwlock_unlock(&rwlock);
    return 0;
}

FIBER_TEST(readers_share_and_writers_do_not_starve)
{
    diesel_error err;
    rwlock = (diesel_rwlock){0};
    order.length = 0;
    assert_ok(diesel_rwlock_read(&rwlock, DIESEL_NOW, &err));
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(scope, reader, "a"); /* beside the one that reads */
    settle();
    ck_assert_str_eq(order.text, "a");
    diesel_go(scope, writer, "W");
    diesel_go(scope, reader, "b"); /* waits behind the writer */
    diesel_go(scope, reader, "c");
    settle();
    ck_assert_str_eq(order.text, "a");
    diesel_rwlock_unlock(&rwlock);
    assert_ok(diesel_scope_wait(scope, &err));
    ck_assert_str_eq(order.text, "aWbc");
    return 0;
}
END_TEST

FIBER_TEST(a_cancelled_writer_lets_the_readers_behind_it_pass)
{
    diesel_error err;
    rwlock = (diesel_rwlock){0};
    order.length = 0;
    assert_ok(diesel_rwlock_read(&rwlock, DIESEL_NOW, &err));
    diesel_scope *gone =
        diesel_scope_open(&(diesel_scope_options){.detached = true});
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(gone, writer, "W");
    settle();
    diesel_go(scope, reader, "b");
    settle();
    ck_assert_uint_eq(order.length, 0);
    diesel_scope_cancel(gone);
    assert_ok(diesel_scope_wait(scope, &err)); /* though the lock is still read */
    ck_assert_str_eq(order.text, "b");
    diesel_rwlock_unlock(&rwlock);
    assert_ok(diesel_scope_wait(gone, &err));
    assert_ok(diesel_rwlock_write(&rwlock, DIESEL_NOW, &err));
    diesel_rwlock_unlock(&rwlock);
    return 0;
}
END_TEST

/* --- Condition, once, names. */

static diesel_condition condition;
static int stock;

static int consume(void *arg)
{
    diesel_error err;
    if (diesel_mutex_lock(&mutex, DIESEL_FOREVER, &err) < 0)
        return diesel_fail(&err);
    int result = 0;
    while (stock == 0 && result == 0)
        result = diesel_condition_wait(&condition, &mutex, DIESEL_FOREVER, &err);
    if (result == 0) {
        stock--;
        test_note(&order, *(const char *)arg);
    }
    diesel_mutex_unlock(&mutex); /* would abort if it were not held */
    return result < 0 ? diesel_fail(&err) : 0;
}

FIBER_TEST(a_signal_wakes_one_and_a_broadcast_all)
{
    diesel_error err;
    prepare(0);
    condition = (diesel_condition){0};
    stock = 0;
    diesel_scope *scope = diesel_scope_open(NULL);
    for (const char *name = "abc"; *name != '\0'; name++)
        diesel_go(scope, consume, (void *)(uintptr_t)name);
    settle();
    stock = 1;
    diesel_condition_signal(&condition);
    settle();
    ck_assert_str_eq(order.text, "a");
    stock = 2;
    diesel_condition_broadcast(&condition);
    assert_ok(diesel_scope_wait(scope, &err));
    ck_assert_str_eq(order.text, "abc");
    diesel_condition_signal(&condition); /* to nobody */
    finish();
    return 0;
}
END_TEST

/* The mutex is held by somebody else when the waiting one is cancelled. */
FIBER_TEST(a_cancelled_condition_still_takes_its_mutex)
{
    diesel_error err;
    prepare(0);
    condition = (diesel_condition){0};
    stock = 0;
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(scope, consume, "a");
    diesel_go(scope, consume, "b");
    settle();
    diesel_scope *mine = diesel_scope_open(
        &(diesel_scope_options){.shield = true});
    assert_ok(diesel_mutex_lock(&mutex, DIESEL_FOREVER, &err));
    diesel_scope_cancel(scope);
    settle();
    ck_assert_uint_eq(diesel_scope_count(scope), 2);
    diesel_mutex_unlock(&mutex);
    assert_ok(diesel_scope_wait(mine, &err));
    assert_ok(diesel_scope_wait(scope, &err));
    ck_assert_uint_eq(order.length, 0);
    finish();
    return 0;
}
END_TEST

static diesel_once once;

static int third_time_lucky(void *arg, diesel_error *err)
{
    int *tries = arg;
    if (diesel_yield(err) < 0)
        return -1;
    if (++*tries < 3)
        return diesel_error_set(err, DIESEL_E_BUSY, DIESEL_DOM_CORE, 0,
                                "not this time");
    return 0;
}

static int run_once(void *arg)
{
    diesel_error err;
    int result =
        diesel_once_run(&once, third_time_lucky, arg, DIESEL_FOREVER, &err);
    test_note(&order, result == 0 ? 'y' : 'n');
    return 0;
}

FIBER_TEST(once_is_tried_until_it_goes_well)
{
    diesel_error err;
    int tries = 0;
    once = (diesel_once){0};
    order.length = 0;
    diesel_scope *scope = diesel_scope_open(NULL);
    for (int i = 0; i < 5; i++)
        diesel_go(scope, run_once, &tries);
    assert_ok(diesel_scope_wait(scope, &err));
    ck_assert_str_eq(order.text, "nnyyy");
    ck_assert_int_eq(tries, 3);
    return 0;
}
END_TEST

FIBER_TEST(names_are_locked_each_by_itself)
{
    diesel_error err;
    prepare(5);
    char key[16];
    for (int i = 0; i < 1000; i++) {
        int n = snprintf(key, sizeof key, "key %d", i);
        assert_ok(diesel_locks_lock(locks, key, (size_t)n, DIESEL_NOW, &err));
    }
    ck_assert_uint_eq(diesel_locks_count(locks), 1000);
    assert_ok(diesel_locks_lock(locks, "", 0, DIESEL_NOW, &err));
    diesel_locks_unlock(locks, "", 0);
    for (int i = 0; i < 1000; i++) {
        int n = snprintf(key, sizeof key, "key %d", i);
        diesel_locks_unlock(locks, key, (size_t)n);
    }
    finish();
    return 0;
}
END_TEST

static int lock_twice(void *arg)
{
    (void)arg;
    diesel_mutex m = {0};
    return diesel_mutex_lock(&m, DIESEL_NOW, NULL) +
           diesel_mutex_lock(&m, DIESEL_NOW, NULL);
}

static int unlock_free(void *arg)
{
    (void)arg;
    diesel_mutex m = {0};
    diesel_mutex_unlock(&m);
    return 0;
}

static int unlock_free_rwlock(void *arg)
{
    (void)arg;
    diesel_rwlock lock = {0};
    diesel_rwlock_unlock(&lock);
    return 0;
}

static int count_below_zero(void *arg)
{
    (void)arg;
    diesel_countdown c = {0};
    diesel_countdown_done(&c, 1);
    return 0;
}

static diesel_mutex held;

static int give_up_what_is_held(void *arg)
{
    (void)arg;
    diesel_mutex_unlock(&held);
    return 0;
}

static int wait_without_mutex(void *arg)
{
    (void)arg;
    diesel_condition c = {0};
    return diesel_condition_wait(&c, &held, DIESEL_FOREVER, NULL);
}

/* Does the same in a fiber that does not hold the mutex. */
static int meddle(diesel_fn *fn)
{
    diesel_scope *scope = diesel_scope_open(NULL);
    int result = diesel_mutex_lock(&held, DIESEL_NOW, NULL);
    diesel_go(scope, fn, NULL);
    return result + diesel_scope_wait(scope, NULL);
}

static int unlock_anothers(void *arg)
{
    (void)arg;
    return meddle(give_up_what_is_held);
}

static int wait_with_anothers(void *arg)
{
    (void)arg;
    return meddle(wait_without_mutex);
}

static int write_twice(void *arg)
{
    (void)arg;
    diesel_rwlock lock = {0};
    return diesel_rwlock_write(&lock, DIESEL_NOW, NULL) +
           diesel_rwlock_read(&lock, DIESEL_NOW, NULL);
}

static int unlock_anothers_rwlock(void *arg)
{
    if (arg == NULL) {
        diesel_rwlock lock = {0};
        diesel_scope *scope = diesel_scope_open(NULL);
        int result = diesel_rwlock_write(&lock, DIESEL_NOW, NULL);
        diesel_go(scope, unlock_anothers_rwlock, &lock);
        return result + diesel_scope_wait(scope, NULL);
    }
    diesel_rwlock_unlock(arg);
    return 0;
}

static int count_too_far(void *arg)
{
    (void)arg;
    diesel_countdown c = {0};
    diesel_countdown_add(&c, 1);
    diesel_countdown_add(&c, SIZE_MAX);
    return 0;
}

static int unlock_unknown_name(void *arg)
{
    (void)arg;
    diesel_locks_unlock(diesel_locks_new(NULL), "x", 1);
    return 0;
}

static int free_locks_in_use(void *arg)
{
    (void)arg;
    diesel_locks *in_use = diesel_locks_new(NULL);
    int result = diesel_locks_lock(in_use, "x", 1, DIESEL_NOW, NULL);
    diesel_locks_free(in_use);
    return result;
}

static void run_it(void *arg)
{
    diesel_error err;
    diesel_run(*(diesel_fn **)arg, NULL, NULL, &err);
}

static struct {
    diesel_fn *fn;
    const char *says;
} mistakes[] = {
    {lock_twice, "a mutex is locked twice, by main"},
    {unlock_free, "a mutex is unlocked that is not held"},
    {unlock_free_rwlock, "a read-write lock is unlocked that is not held"},
    {count_below_zero, "a countdown goes below zero"},
    {unlock_anothers, "a mutex is unlocked that is not held"},
    {wait_without_mutex, "a condition is waited for without its mutex"},
    {wait_with_anothers, "a condition is waited for without its mutex"},
    {write_twice, "a lock is taken by the fiber that writes under it"},
    {unlock_anothers_rwlock, "a read-write lock is unlocked that is not held"},
    {count_too_far, "a countdown is given more than it can count"},
    {unlock_unknown_name, "a lock by name is unlocked that is not held"},
    {free_locks_in_use, "locks by name are freed while one is in use"},
};

START_TEST(mistakes_abort_with_a_message)
{
    assert_aborts(run_it, &mistakes[_i].fn, mistakes[_i].says);
}
END_TEST

/* --- Calls that end before they have begun. */

static int not_to_be_run(void *arg, diesel_error *err)
{
    (void)arg, (void)err;
    ck_abort_msg("it was run");
}

FIBER_TEST(a_cancelled_fiber_waits_for_no_condition_and_runs_nothing_once)
{
    diesel_error err;
    diesel_condition c = {0};
    diesel_once job = {.done = false};
    assert_ok(diesel_mutex_lock(&mutex, DIESEL_FOREVER, &err));
    assert_fails(diesel_condition_wait(&c, &mutex, DIESEL_NOW, &err),
                 DIESEL_E_TIMEDOUT);
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_scope_cancel(scope);
    assert_fails(diesel_condition_wait(&c, &mutex, DIESEL_FOREVER, &err),
                 DIESEL_E_CANCELLED);
    assert_fails(
        diesel_once_run(&job, not_to_be_run, NULL, DIESEL_FOREVER, &err),
        DIESEL_E_CANCELLED);
    job.done = true;
    assert_fails(
        diesel_once_run(&job, not_to_be_run, NULL, DIESEL_FOREVER, &err),
        DIESEL_E_CANCELLED);
    assert_ok(diesel_scope_wait(scope, &err));
    assert_ok(diesel_once_run(&job, not_to_be_run, NULL, DIESEL_FOREVER, &err));
    diesel_mutex_unlock(&mutex); /* it was held all the time */
    return 0;
}
END_TEST

/* Whether there was memory for locks by name, and for one. */
static int lock_by_name(void *arg)
{
    diesel_error err;
    int result = -1;
    (void)arg;
    diesel_locks *by_name = diesel_locks_new(&err);
    if (by_name != NULL)
        result = diesel_locks_lock(by_name, "x", 1, DIESEL_FOREVER, &err);
    if (result == 0)
        diesel_locks_unlock(by_name, "x", 1);
    diesel_locks_free(by_name);
    return result < 0 ? diesel_fail(&err) : 0;
}

START_TEST(names_need_memory)
{
    ck_assert_int_ge(fault_loop_memory(lock_by_name, NULL, 0), 2);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("sync");
    test_case_rows(suite, "order", one_at_a_time_first_come_first_served,
                   TEST_COUNT(kinds));
    test_case_rows(suite, "overtaking", nobody_overtakes, TEST_COUNT(kinds));
    test_case_rows(suite, "passing over", who_is_cancelled_is_passed_over,
                   TEST_COUNT(kinds));
    test_case_rows(suite, "waiting", waiting_ends_with_the_deadline_or_the_scope,
                   TEST_COUNT(kinds));
    test_case_rows(suite, "cancellation",
                   cancelled_at_any_turn_it_is_free_in_the_end,
                   TEST_COUNT(kinds));
    test_case(suite, "event", an_event_wakes_all_who_wait_and_stays_set,
              a_countdown_ends_at_zero);
    test_case(suite, "rwlock", readers_share_and_writers_do_not_starve,
              a_cancelled_writer_lets_the_readers_behind_it_pass);
    test_case(suite, "others", a_signal_wakes_one_and_a_broadcast_all,
              a_cancelled_condition_still_takes_its_mutex,
              once_is_tried_until_it_goes_well, names_are_locked_each_by_itself,
              names_need_memory,
              a_cancelled_fiber_waits_for_no_condition_and_runs_nothing_once);
    test_case_rows(suite, "mistakes", mistakes_abort_with_a_message,
                   TEST_COUNT(mistakes));
    return test_suite_run(suite);
}

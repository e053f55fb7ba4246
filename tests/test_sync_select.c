/* SPDX-License-Identifier: MIT */
/*
 * Read-write locks and conditions of <diesel/sync.h> in a select: who is let in, and
 * that a select that ends otherwise leaves no trace and holds up nobody.
 */
#include <stdint.h>

#include "cancel_loop.h"
#include "test_util.h"

static diesel_rwlock lock;
static diesel_condition condition;
static diesel_event stop;
static struct test_log order;

static void settle(void)
{
    diesel_error err;
    for (int i = 0; i < 20; i++)
        assert_ok(diesel_yield(&err));
}

static void lock_is_free(void)
{
    diesel_error err;
    assert_ok(diesel_rwlock_write(&lock, DIESEL_NOW, &err));
    diesel_rwlock_unlock(&lock);
}

/* A fiber that reads ('r') or writes ('w') through a select, or until `stop`. */
struct visitor {
    char name;
    char what;
};

static diesel_case case_of(char what)
{
    return what == 'r' ? diesel_case_rwlock_read(&lock)
                       : diesel_case_rwlock_write(&lock);
}

static int visit(void *arg)
{
    const struct visitor *v = arg;
    diesel_error err;
    diesel_case cases[] = {case_of(v->what), diesel_case_event(&stop)};
    int which = diesel_select(cases, 2, DIESEL_FOREVER, &err);
    if (which < 0)
        return diesel_fail(&err);
    if (which == 1)
        return 0;
    ck_assert_int_eq(cases[0].result, 0);
    test_note(&order, v->name);
    int result = diesel_yield(&err);
    test_note(&order, (char)(v->name - 'a' + 'A'));
    diesel_rwlock_unlock(&lock);
    return result < 0 ? diesel_fail(&err) : 0;
}

/* Small letters come in, capitals go: readers together, writers alone, in order. */
FIBER_TEST(readers_come_together_writers_alone_and_nobody_overtakes)
{
    static const struct visitor visitors[] = {{'a', 'r'}, {'b', 'r'}, {'c', 'w'},
                                              {'d', 'w'}, {'e', 'r'}, {'f', 'r'}};
    diesel_error err;
    assert_ok(diesel_rwlock_write(&lock, DIESEL_NOW, &err));
    diesel_scope *scope = diesel_scope_open(NULL);
    for (size_t i = 0; i < TEST_COUNT(visitors); i++)
        diesel_go(scope, visit, (void *)(uintptr_t)&visitors[i]);
    settle();
    ck_assert_str_eq(order.text, "");
    diesel_rwlock_unlock(&lock);
    assert_ok(diesel_scope_wait(scope, &err));
    ck_assert_str_eq(order.text, "abABcCdDefEF");
    lock_is_free();
    return 0;
}
END_TEST

FIBER_TEST(what_is_free_is_taken_at_once)
{
    diesel_error err;
    diesel_case c = diesel_case_rwlock_read(&lock);
    ck_assert_int_eq(diesel_select(&c, 1, DIESEL_NOW, &err), 0);
    ck_assert_int_eq(diesel_select(&c, 1, DIESEL_NOW, &err), 0);
    diesel_case w = diesel_case_rwlock_write(&lock);
    assert_fails(diesel_select(&w, 1, DIESEL_NOW, &err), DIESEL_E_TIMEDOUT);
    assert_contains(err.message, "a lock for writing");
    diesel_rwlock_unlock(&lock);
    diesel_rwlock_unlock(&lock);
    ck_assert_int_eq(diesel_select(&w, 1, DIESEL_NOW, &err), 0);
    diesel_rwlock_unlock(&lock);
    lock_is_free();
    return 0;
}
END_TEST

static int plain_reader(void *arg)
{
    diesel_error err;
    if (diesel_rwlock_read(&lock, DIESEL_FOREVER, &err) < 0)
        return diesel_fail(&err);
    test_note(&order, *(const char *)arg);
    diesel_rwlock_unlock(&lock);
    return 0;
}

static int select_reader(void *arg)
{
    diesel_error err;
    diesel_case c = diesel_case_rwlock_read(&lock);
    if (diesel_select(&c, 1, DIESEL_FOREVER, &err) < 0)
        return diesel_fail(&err);
    test_note(&order, *(const char *)arg);
    diesel_rwlock_unlock(&lock);
    return 0;
}

static const char ways_out[] = "exd";

/* A writer waits in a select behind a reader, and two readers behind the writer. The
 * select ends otherwise: the readers must come in, while the first still reads. */
FIBER_TEST(a_writer_that_ends_otherwise_lets_those_behind_it_in)
{
    static const struct visitor writer = {'w', 'w'};
    diesel_error err;
    assert_ok(diesel_rwlock_read(&lock, DIESEL_NOW, &err));
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_scope *writers = diesel_scope_open(&(diesel_scope_options){
        .detached = true, .timeout_ms = ways_out[row] == 'd' ? 5 : 0});
    diesel_go(writers, visit, (void *)(uintptr_t)&writer);
    settle();
    diesel_go(scope, plain_reader, "1");
    diesel_go(scope, select_reader, "2");
    settle();
    ck_assert_str_eq(order.text, "");
    if (ways_out[row] == 'e')
        diesel_event_set(&stop);
    else if (ways_out[row] == 'x')
        diesel_scope_cancel(writers);
    diesel_scope *last =
        diesel_scope_open(&(diesel_scope_options){.shield = true});
    int result = diesel_scope_wait(writers, &err);
    ck_assert_int_eq(result, ways_out[row] == 'd' ? -1 : 0);
    assert_ok(diesel_scope_wait(last, &err));
    assert_ok(diesel_scope_wait(scope, &err));
    ck_assert_str_eq(order.text, "12");
    diesel_rwlock_unlock(&lock);
    lock_is_free();
    return 0;
}
END_TEST

/* Both in the round in which the lock becomes free, before the select runs. */
static const char moments[] = "ul";

FIBER_TEST(a_select_that_was_let_in_stays_in_and_one_that_was_not_does_not)
{
    static const struct visitor writer = {'w', 'w'};
    diesel_error err;
    assert_ok(diesel_rwlock_read(&lock, DIESEL_NOW, &err));
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(scope, visit, (void *)(uintptr_t)&writer);
    settle();
    if (moments[row] == 'u') {
        diesel_rwlock_unlock(&lock);
        diesel_event_set(&stop);
    } else {
        diesel_event_set(&stop);
        diesel_rwlock_unlock(&lock);
    }
    assert_ok(diesel_scope_wait(scope, &err));
    ck_assert_str_eq(order.text, moments[row] == 'u' ? "wW" : "");
    lock_is_free();
    return 0;
}
END_TEST

FIBER_TEST(both_sides_of_a_lock_may_be_in_one_select)
{
    diesel_error err;
    assert_ok(diesel_rwlock_read(&lock, DIESEL_NOW, &err));
    diesel_case cases[] = {diesel_case_rwlock_write(&lock),
                           diesel_case_rwlock_read(&lock)};
    ck_assert_int_eq(diesel_select(cases, 2, DIESEL_NOW, &err), 1);
    diesel_rwlock_unlock(&lock);
    diesel_rwlock_unlock(&lock);
    int reads = 0, writes = 0;
    for (int i = 0; i < 200; i++) { /* neither is starved */
        int which = diesel_select(cases, 2, DIESEL_NOW, &err);
        reads += which == 1;
        writes += which == 0;
        diesel_rwlock_unlock(&lock);
    }
    ck_assert_int_eq(reads + writes, 200);
    ck_assert_int_gt(reads, 20);
    ck_assert_int_gt(writes, 20);
    lock_is_free();
    return 0;
}
END_TEST

/* Many that come, wait, are cancelled by deadlines of their own and give up: at the end
 * the lock is free, writers were alone, and who had time came in. */
static int inside_read, inside_write, entered;

static int struggle(void *arg)
{
    int n = (int)(intptr_t)arg;
    diesel_error err;
    for (int i = 0; i < 40; i++) {
        bool writes = (n + i) % 3 == 0;
        diesel_case cases[] = {case_of(writes ? 'w' : 'r'),
                               diesel_case_timer((n * 7 + i) % 4)};
        int which = diesel_select(cases, (n + i) % 5 == 0 ? 1 : 2,
                                  DIESEL_FOREVER, &err);
        assert_ok(which);
        if (which == 1)
            continue;
        entered++;
        *(writes ? &inside_write : &inside_read) += 1;
        ck_assert(inside_write == 0 || (inside_write == 1 && inside_read == 0));
        for (int k = 0; k < (n + i) % 3; k++)
            assert_ok(diesel_yield(&err));
        *(writes ? &inside_write : &inside_read) -= 1;
        diesel_rwlock_unlock(&lock);
    }
    return 0;
}

FIBER_TEST(no_wake_up_is_lost_in_a_crowd)
{
    diesel_error err;
    diesel_scope *scope = diesel_scope_open(NULL);
    for (int i = 0; i < 30; i++)
        diesel_go(scope, struggle, (void *)(intptr_t)i);
    assert_ok(diesel_scope_wait(scope, &err));
    ck_assert_int_ge(entered, 30 * 40 / 5);
    lock_is_free();
    return 0;
}
END_TEST

static int contend(void *arg)
{
    static const struct visitor visitors[] = {
        {'a', 'r'}, {'b', 'w'}, {'c', 'r'}, {'d', 'w'}};
    diesel_error err;
    (void)arg;
    order.length = 0;
    stop = (diesel_event){0};
    lock = (diesel_rwlock){0};
    diesel_scope *scope = diesel_scope_open(NULL);
    for (size_t i = 0; i < TEST_COUNT(visitors); i++)
        diesel_go(scope, visit, (void *)(uintptr_t)&visitors[i]);
    int result = diesel_scope_wait(scope, &err);
    diesel_scope *last =
        diesel_scope_open(&(diesel_scope_options){.shield = true});
    lock_is_free();
    (void)diesel_scope_wait(last, NULL);
    return result < 0 ? diesel_fail(&err) : 0;
}

START_TEST(cancelled_at_any_turn_the_lock_is_free_in_the_end)
{
    ck_assert_int_ge(cancel_loop(contend, NULL), 4);
}
END_TEST

static void write_twice(void *arg)
{
    (void)arg;
    diesel_error err;
    diesel_case c = diesel_case_rwlock_write(&lock);
    (void)!diesel_rwlock_write(&lock, DIESEL_NOW, &err);
    (void)!diesel_select(&c, 1, DIESEL_NOW, &err);
}

static int run_write_twice(void *arg)
{
    write_twice(arg);
    return 0;
}

static void run_misuse(void *arg)
{
    diesel_run(run_write_twice, arg, NULL, NULL);
}

START_TEST(a_writer_that_wants_its_lock_again_aborts)
{
    assert_aborts(run_misuse, NULL, "by the fiber that writes under it");
}
END_TEST

/* --- Conditions. */

static int await_change(void *arg)
{
    diesel_error err;
    diesel_case cases[] = {diesel_case_condition(&condition),
                           diesel_case_event(&stop)};
    int which = diesel_select(cases, 2, DIESEL_FOREVER, &err);
    if (which < 0)
        return diesel_fail(&err);
    if (which == 0)
        test_note(&order, *(const char *)arg);
    return 0;
}

FIBER_TEST(a_signal_wakes_the_first_select_and_a_broadcast_all)
{
    diesel_error err;
    diesel_case c = diesel_case_condition(&condition);
    diesel_condition_signal(&condition); /* nobody waits: it is lost */
    assert_fails(diesel_select(&c, 1, DIESEL_NOW, &err), DIESEL_E_TIMEDOUT);
    diesel_scope *scope = diesel_scope_open(NULL);
    for (const char *name = "abcd"; *name != '\0'; name++)
        diesel_go(scope, await_change, (void *)(uintptr_t)name);
    settle();
    diesel_condition_signal(&condition);
    settle();
    ck_assert_str_eq(order.text, "a");
    diesel_condition_broadcast(&condition);
    assert_ok(diesel_scope_wait(scope, &err));
    ck_assert_str_eq(order.text, "abcd");
    return 0;
}
END_TEST

FIBER_TEST(a_signal_passes_over_who_was_cancelled)
{
    diesel_error err;
    diesel_scope *gone =
        diesel_scope_open(&(diesel_scope_options){.detached = true});
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(gone, await_change, "a");
    settle();
    diesel_go(scope, await_change, "b");
    settle();
    diesel_scope_cancel(gone);
    diesel_condition_signal(&condition); /* "a" still stands in the queue */
    assert_ok(diesel_scope_wait(scope, &err));
    assert_ok(diesel_scope_wait(gone, &err));
    ck_assert_str_eq(order.text, "b");
    return 0;
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("sync_select");
    test_case(suite, "rwlock",
              readers_come_together_writers_alone_and_nobody_overtakes,
              what_is_free_is_taken_at_once,
              both_sides_of_a_lock_may_be_in_one_select,
              no_wake_up_is_lost_in_a_crowd,
              cancelled_at_any_turn_the_lock_is_free_in_the_end,
              a_writer_that_wants_its_lock_again_aborts);
    test_case_rows(suite, "otherwise",
                   a_writer_that_ends_otherwise_lets_those_behind_it_in,
                   sizeof ways_out - 1);
    test_case_rows(
        suite, "in the same round",
        a_select_that_was_let_in_stays_in_and_one_that_was_not_does_not,
        sizeof moments - 1);
    test_case(suite, "condition",
              a_signal_wakes_the_first_select_and_a_broadcast_all,
              a_signal_passes_over_who_was_cancelled);
    return test_suite_run(suite);
}

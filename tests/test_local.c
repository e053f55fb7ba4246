/* SPDX-License-Identifier: MIT */
/*
 * <diesel/local.h>, and the label that a fiber gives itself.
 */
#include "cancel_loop.h"
#include "fault_loop.h"
#include "test_util.h"

static struct test_log order;

static void note_drop(void *value)
{
    test_note(&order, *(const char *)value);
}

static const diesel_local first_key = {.drop = note_drop};
static const diesel_local second_key = {.drop = note_drop};
static const diesel_local plain_key;

static int two_values(void *arg)
{
    diesel_error err;
    (void)arg;
    assert_ok(diesel_local_set(&first_key, "a", &err));
    assert_ok(diesel_local_set(&second_key, "b", &err));
    assert_ok(diesel_yield(&err));
    ck_assert_str_eq(diesel_local_get(&first_key), "a");
    ck_assert_str_eq(diesel_local_get(&second_key), "b");
    return 0;
}

static int no_values(void *arg)
{
    diesel_error err;
    (void)arg;
    assert_ok(diesel_yield(&err));
    ck_assert_ptr_null(diesel_local_get(&first_key));
    return 0;
}

FIBER_TEST(each_fiber_has_its_own_and_drops_the_newest_first)
{
    diesel_error err;
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(scope, two_values, NULL);
    diesel_go(scope, no_values, NULL);
    assert_ok(diesel_scope_wait(scope, &err));
    ck_assert_str_eq(order.text, "ba");
    scope = diesel_scope_open(NULL);
    diesel_go(scope, no_values, NULL); /* on a stack that had values */
    assert_ok(diesel_scope_wait(scope, &err));
    return 0;
}
END_TEST

FIBER_TEST(a_value_that_is_replaced_is_dropped)
{
    diesel_error err;
    char a[] = "a";
    assert_ok(diesel_local_set(&first_key, a, &err));
    assert_ok(diesel_local_set(&first_key, a, &err)); /* the same: nothing */
    assert_ok(diesel_local_set(&first_key, "b", &err));
    ck_assert_str_eq(order.text, "a");
    assert_ok(diesel_local_set(&first_key, NULL, &err));
    ck_assert_str_eq(order.text, "ab");
    ck_assert_ptr_null(diesel_local_get(&first_key));
    assert_ok(diesel_local_set(&first_key, NULL, &err));
    return 0;
}
END_TEST

FIBER_TEST(a_value_that_is_taken_back_is_not_dropped)
{
    diesel_error err;
    assert_ok(diesel_local_set(&first_key, "a", &err));
    assert_ok(diesel_local_set(&plain_key, &order, &err));
    ck_assert_str_eq(diesel_local_take(&first_key), "a");
    ck_assert_ptr_null(diesel_local_take(&first_key));
    ck_assert_ptr_eq(diesel_local_get(&plain_key), &order);
    ck_assert_str_eq(order.text, "");
    return 0;
}
END_TEST

static int fails_with_a_value(void *arg)
{
    diesel_error err;
    (void)arg;
    assert_ok(diesel_local_set(&first_key, "f", &err));
    return diesel_park("nothing", DIESEL_FOREVER, &err) < 0 ? diesel_fail(&err)
                                                            : 0;
}

FIBER_TEST(values_are_dropped_when_the_fiber_is_cancelled)
{
    diesel_error err;
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(scope, fails_with_a_value, NULL);
    assert_ok(diesel_yield(&err));
    diesel_scope_cancel(scope);
    ck_assert_str_eq(order.text, "");
    assert_ok(diesel_scope_wait(scope, &err));
    ck_assert_str_eq(order.text, "f");
    return 0;
}
END_TEST

static void set_another(void *value)
{
    diesel_error err;
    test_note(&order, *(const char *)value);
    diesel_scope *shield =
        diesel_scope_open(&(diesel_scope_options){.shield = true});
    assert_ok(diesel_yield(&err));
    assert_ok(diesel_scope_wait(shield, &err));
    assert_ok(diesel_local_set(&first_key, "z", &err));
}

static const diesel_local setting_key = {.drop = set_another};

static int ends_by_setting(void *arg)
{
    diesel_error err;
    (void)arg;
    assert_ok(diesel_local_set(&setting_key, "y", &err));
    return diesel_yield(&err) < 0 ? diesel_fail(&err) : 0;
}

FIBER_TEST(dropping_may_switch_and_set_values)
{
    diesel_error err;
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(scope, ends_by_setting, NULL);
    diesel_scope_cancel(scope);
    assert_ok(diesel_scope_wait(scope, &err));
    ck_assert_str_eq(order.text, "yz");
    return 0;
}
END_TEST

START_TEST(outside_fibers_there_are_no_values)
{
    diesel_error err;
    assert_fails(diesel_local_set(&first_key, "x", &err), DIESEL_E_INVAL);
    ck_assert_str_eq(order.text, "x"); /* it was taken all the same */
    ck_assert_ptr_null(diesel_local_get(&first_key));
    ck_assert_ptr_null(diesel_local_take(&first_key));
    diesel_label("nobody");
}
END_TEST

/* --- Labels. */

FIBER_TEST(a_fiber_calls_itself_something_else)
{
    const diesel_fiber *self = diesel_self();
    diesel_label("job %d", 7);
    ck_assert_str_eq(diesel_fiber_label(self), "job 7");
    diesel_label("%s, part %d", diesel_fiber_label(self), 2);
    ck_assert_str_eq(diesel_fiber_label(self), "job 7, part 2");
    diesel_label("%0200d", 1);
    ck_assert_uint_eq(strlen(diesel_fiber_label(self)), DIESEL_LABEL_SIZE - 1);
    return 0;
}
END_TEST

static int relabelled(void *arg)
{
    diesel_label("%s", (const char *)arg);
    return -1;
}

FIBER_TEST(a_scope_names_who_failed_by_the_first_label)
{
    diesel_error err;
    char name[] = "gone soon";
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(scope, relabelled, name);
    assert_fails(diesel_scope_wait(scope, &err), DIESEL_E_FAILED);
    ck_assert_str_eq(err.message, "fiber relabelled failed and gave no error");
    return 0;
}
END_TEST

/* --- Faults. */

static void drop_block(void *value)
{
    diesel_free(value);
}

static const diesel_local block_key = {.drop = drop_block};

static int local_work(void *arg)
{
    diesel_error err;
    (void)arg;
    diesel_label("at work");
    if (diesel_yield(&err) < 0)
        return diesel_fail(&err);
    void *block = diesel_malloc(10);
    if (block == NULL) {
        diesel_error_nomem(&err, "a block");
        return diesel_fail(&err);
    }
    if (diesel_local_set(&block_key, block, &err) < 0 || diesel_yield(&err) < 0 ||
        diesel_local_set(&block_key, diesel_malloc(5), &err) < 0 ||
        diesel_yield(&err) < 0)
        return diesel_fail(&err);
    return 0;
}

START_TEST(nothing_is_left_without_memory)
{
    ck_assert_int_ge(fault_loop_memory(local_work, NULL, 0), 4);
}
END_TEST

START_TEST(nothing_is_left_when_cancelled_at_any_turn)
{
    ck_assert_int_ge(cancel_loop(local_work, NULL), 3);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("local");
    test_case(suite, "values", each_fiber_has_its_own_and_drops_the_newest_first,
              a_value_that_is_replaced_is_dropped,
              a_value_that_is_taken_back_is_not_dropped,
              values_are_dropped_when_the_fiber_is_cancelled,
              dropping_may_switch_and_set_values,
              outside_fibers_there_are_no_values);
    test_case(suite, "labels", a_fiber_calls_itself_something_else,
              a_scope_names_who_failed_by_the_first_label);
    test_case(suite, "faults", nothing_is_left_without_memory,
              nothing_is_left_when_cancelled_at_any_turn);
    return test_suite_run(suite);
}

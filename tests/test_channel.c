/* SPDX-License-Identifier: MIT */
/*
 * <diesel/channel.h>: items and their order, waiting, closing.
 */
#include <stdint.h>

#include "test_util.h"

static diesel_channel *channel; /* of int */
static struct test_log order;

static void make(size_t capacity)
{
    diesel_error err;
    assert_made(channel = diesel_channel_new(sizeof(int), capacity, &err));
}

static void put(int item)
{
    diesel_error err;
    assert_ok(diesel_channel_send(channel, &item, DIESEL_FOREVER, &err));
}

static int recv_one(void)
{
    diesel_error err;
    int item = -1;
    int got = diesel_channel_recv(channel, &item, DIESEL_FOREVER, &err);
    assert_ok(got);
    return got == 0 ? -1 : item;
}

/* A fiber that sends the int that arg points to, and notes it. */
static int sender(void *arg)
{
    diesel_error err;
    const int *item = arg;
    if (diesel_channel_send(channel, item, DIESEL_FOREVER, &err) < 0)
        return diesel_fail(&err);
    test_note(&order, (char)('a' + *item));
    return 0;
}

/* A fiber that receives until the end, and notes each item with its own name. */
static int receiver(void *arg)
{
    diesel_error err;
    int item, got;
    while ((got = diesel_channel_recv(channel, &item, DIESEL_FOREVER, &err)) > 0) {
        test_note(&order, *(const char *)arg);
        test_note(&order, (char)('a' + item));
    }
    return got < 0 ? diesel_fail(&err) : 0;
}

static const size_t capacities[] = {0, 1, 2, 3, 1000};

static int send_hundred(void *arg)
{
    (void)arg;
    for (int i = 0; i < 100; i++)
        put(i);
    diesel_channel_close(channel);
    return 0;
}

FIBER_TEST(items_come_out_as_they_went_in)
{
    diesel_error err;
    make(capacities[row]);
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(scope, send_hundred, NULL);
    for (int i = 0; i < 100; i++)
        ck_assert_int_eq(recv_one(), i);
    ck_assert_int_eq(recv_one(), -1);
    ck_assert_int_eq(recv_one(), -1);
    assert_ok(diesel_scope_wait(scope, &err));
    diesel_channel_free(channel);
    return 0;
}
END_TEST

static const size_t item_sizes[] = {1, 3, 8, 100, 64 * 1024};

FIBER_TEST(items_of_any_size_are_copied_whole)
{
    diesel_error err;
    size_t size = item_sizes[row];
    diesel_channel *c;
    assert_made(c = diesel_channel_new(size, 3, &err));
    unsigned char *in = malloc(size), *out = malloc(size);
    for (int round = 0; round < 5; round++) {
        memset(in, round + 1, size);
        assert_ok(diesel_channel_send(c, in, DIESEL_FOREVER, &err));
        ck_assert_int_eq(diesel_channel_recv(c, out, DIESEL_FOREVER, &err), 1);
        ck_assert_mem_eq(in, out, size);
    }
    free(in);
    free(out);
    diesel_channel_free(c);
    return 0;
}
END_TEST

static const struct {
    size_t item_size, capacity;
    int code;
} bad[] = {
    {0, 1, DIESEL_E_INVAL},
    {64 * 1024 + 1, 1, DIESEL_E_INVAL},
    {8, SIZE_MAX, DIESEL_E_NOMEM},
    {8, SIZE_MAX / 8, DIESEL_E_NOMEM},
};

FIBER_TEST(impossible_channels_are_errors)
{
    diesel_error err;
    assert_fails_null(
        diesel_channel_new(bad[row].item_size, bad[row].capacity, &err),
        bad[row].code);
    return 0;
}
END_TEST

FIBER_TEST(a_full_channel_makes_the_sender_wait)
{
    diesel_error err;
    int items[] = {0, 1, 2};
    make(1);
    diesel_scope *scope = diesel_scope_open(NULL);
    for (int i = 0; i < 3; i++)
        diesel_go(scope, sender, &items[i]);
    assert_ok(diesel_yield(&err));
    ck_assert_str_eq(order.text, "a");
    ck_assert_uint_eq(diesel_channel_count(channel), 1);
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(recv_one(), i); /* senders are served in order */
    assert_ok(diesel_scope_wait(scope, &err));
    ck_assert_str_eq(order.text, "abc");
    diesel_channel_free(channel);
    return 0;
}
END_TEST

FIBER_TEST(without_capacity_a_send_meets_a_receive)
{
    diesel_error err;
    int item = 4;
    make(0);
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(scope, sender, &item);
    assert_ok(diesel_yield(&err));
    assert_ok(diesel_yield(&err));
    ck_assert_str_eq(order.text, ""); /* nobody has taken it */
    ck_assert_uint_eq(diesel_channel_count(channel), 0);
    ck_assert_int_eq(recv_one(), 4);
    assert_ok(diesel_scope_wait(scope, &err));
    ck_assert_str_eq(order.text, "e");
    diesel_channel_free(channel);
    return 0;
}
END_TEST

FIBER_TEST(receivers_are_served_first_come_first_served)
{
    diesel_error err;
    make(0);
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(scope, receiver, "1");
    diesel_go(scope, receiver, "2");
    diesel_go(scope, receiver, "3");
    assert_ok(diesel_yield(&err));
    for (int i = 0; i < 3; i++)
        put(i);
    diesel_channel_close(channel);
    assert_ok(diesel_scope_wait(scope, &err));
    ck_assert_str_eq(order.text, "1a2b3c");
    diesel_channel_free(channel);
    return 0;
}
END_TEST

FIBER_TEST(a_deadline_ends_waiting_and_moves_nothing)
{
    diesel_error err;
    int item = 1;
    make(1);
    assert_fails(diesel_channel_recv(channel, &item, DIESEL_NOW, &err),
                 DIESEL_E_TIMEDOUT);
    assert_fails(
        diesel_channel_recv(channel, &item, diesel_now() + 3, &err),
        DIESEL_E_TIMEDOUT);
    put(7);
    assert_fails(diesel_channel_send(channel, &item, DIESEL_NOW, &err),
                 DIESEL_E_TIMEDOUT);
    assert_fails(diesel_channel_send(channel, &item, diesel_now() + 3, &err),
                 DIESEL_E_TIMEDOUT);
    ck_assert_int_eq(recv_one(), 7);
    ck_assert_uint_eq(diesel_channel_count(channel), 0);
    diesel_channel_free(channel);
    return 0;
}
END_TEST

/* A cancelled waiter must not swallow the item that comes in the same round. */
FIBER_TEST(a_cancelled_receiver_is_passed_over)
{
    diesel_error err;
    make(0);
    diesel_scope *first = diesel_scope_open(NULL);
    diesel_go(first, receiver, "1");
    assert_ok(diesel_yield(&err));
    diesel_scope *second = diesel_scope_open(
        &(diesel_scope_options){.detached = true});
    diesel_go(second, receiver, "2");
    assert_ok(diesel_yield(&err));
    diesel_scope_cancel(first);
    diesel_scope *shield =
        diesel_scope_open(&(diesel_scope_options){.shield = true});
    put(5);
    diesel_channel_close(channel);
    assert_ok(diesel_scope_wait(second, &err));
    assert_ok(diesel_scope_wait(shield, &err));
    assert_ok(diesel_scope_wait(first, &err));
    ck_assert_str_eq(order.text, "2f");
    diesel_channel_free(channel);
    return 0;
}
END_TEST

FIBER_TEST(a_cancelled_sender_has_not_sent)
{
    diesel_error err;
    int item = 3;
    make(0);
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(scope, sender, &item);
    assert_ok(diesel_yield(&err));
    diesel_scope_cancel(scope);
    assert_ok(diesel_scope_wait(scope, &err));
    assert_fails(diesel_channel_recv(channel, &item, DIESEL_NOW, &err),
                 DIESEL_E_TIMEDOUT);
    ck_assert_str_eq(order.text, "");
    diesel_channel_free(channel);
    return 0;
}
END_TEST

FIBER_TEST(calls_check_for_cancellation_even_if_they_need_not_wait)
{
    diesel_error err;
    int item = 3;
    make(2);
    put(1);
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_scope_cancel(scope);
    assert_fails(diesel_channel_send(channel, &item, DIESEL_FOREVER, &err),
                 DIESEL_E_CANCELLED);
    assert_fails(diesel_channel_recv(channel, &item, DIESEL_FOREVER, &err),
                 DIESEL_E_CANCELLED);
    assert_ok(diesel_scope_wait(scope, &err));
    ck_assert_uint_eq(diesel_channel_count(channel), 1);
    diesel_channel_free(channel);
    return 0;
}
END_TEST

FIBER_TEST(a_closed_channel_is_emptied_and_then_ends)
{
    diesel_error err;
    int item = 9;
    make(2);
    put(1);
    put(2);
    diesel_channel_close(channel);
    diesel_channel_close(channel);
    assert_fails(diesel_channel_send(channel, &item, DIESEL_FOREVER, &err),
                 DIESEL_E_CLOSED);
    ck_assert_int_eq(recv_one(), 1);
    ck_assert_int_eq(recv_one(), 2);
    ck_assert_int_eq(recv_one(), -1);
    diesel_channel_free(channel);
    return 0;
}
END_TEST

static int note_closed(void *arg)
{
    diesel_error err;
    int item = 1;
    assert_fails(diesel_channel_send(channel, &item, DIESEL_FOREVER, &err),
                 DIESEL_E_CLOSED);
    test_note(&order, *(const char *)arg);
    return 0;
}

FIBER_TEST(closing_wakes_those_who_wait)
{
    diesel_error err;
    make(0);
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(scope, note_closed, "s");
    diesel_go(scope, note_closed, "t");
    assert_ok(diesel_yield(&err));
    diesel_channel_close(channel);
    assert_ok(diesel_scope_wait(scope, &err));
    ck_assert_str_eq(order.text, "st");
    diesel_channel_free(channel);

    make(0);
    scope = diesel_scope_open(NULL);
    diesel_go(scope, receiver, "r");
    assert_ok(diesel_yield(&err));
    diesel_channel_close(channel);
    assert_ok(diesel_scope_wait(scope, &err));
    diesel_channel_free(channel);
    return 0;
}
END_TEST

static int free_under_a_receiver(void *arg)
{
    (void)arg;
    make(0);
    diesel_go(diesel_scope_open(NULL), receiver, "r");
    diesel_yield(NULL);
    diesel_channel_free(channel);
    return 0;
}

static void run_it(void *arg)
{
    (void)arg;
    diesel_run(free_under_a_receiver, NULL, NULL, NULL);
}

START_TEST(freeing_a_channel_with_waiters_aborts)
{
    diesel_channel_free(NULL);
    assert_aborts(run_it, NULL, "freed while fibers wait");
}
END_TEST

enum { CROWD = 50, EACH = 200 };

static int crowd_sender(void *arg)
{
    diesel_error err;
    for (int i = 0; i < EACH; i++) {
        put(i);
        ++*(int *)arg;
        if (i % 7 == 0)
            assert_ok(diesel_yield(&err));
    }
    return 0;
}

static int crowd_receiver(void *arg)
{
    while (recv_one() >= 0)
        ++*(int *)arg;
    return 0;
}

FIBER_TEST(nothing_is_lost_in_a_crowd)
{
    diesel_error err;
    int sent = 0, received = 0;
    make(capacities[row]);
    diesel_scope *receivers = diesel_scope_open(NULL);
    for (int i = 0; i < CROWD; i++)
        diesel_go(receivers, crowd_receiver, &received);
    diesel_scope *senders = diesel_scope_open(NULL);
    for (int i = 0; i < CROWD; i++)
        diesel_go(senders, crowd_sender, &sent);
    assert_ok(diesel_scope_wait(senders, &err));
    diesel_channel_close(channel);
    assert_ok(diesel_scope_wait(receivers, &err));
    ck_assert_int_eq(sent, CROWD * EACH);
    ck_assert_int_eq(received, CROWD * EACH);
    diesel_channel_free(channel);
    return 0;
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("channel");
    test_case_rows(suite, "order", items_come_out_as_they_went_in,
                   TEST_COUNT(capacities));
    test_case_rows(suite, "sizes", items_of_any_size_are_copied_whole,
                   TEST_COUNT(item_sizes));
    test_case_rows(suite, "impossible", impossible_channels_are_errors,
                   TEST_COUNT(bad));
    test_case_rows(suite, "crowd", nothing_is_lost_in_a_crowd,
                   TEST_COUNT(capacities));
    test_case(suite, "waiting", a_full_channel_makes_the_sender_wait,
              without_capacity_a_send_meets_a_receive,
              receivers_are_served_first_come_first_served,
              a_deadline_ends_waiting_and_moves_nothing);
    test_case(suite, "cancel", a_cancelled_receiver_is_passed_over,
              a_cancelled_sender_has_not_sent,
              calls_check_for_cancellation_even_if_they_need_not_wait);
    test_case(suite, "close", a_closed_channel_is_emptied_and_then_ends,
              closing_wakes_those_who_wait,
              freeing_a_channel_with_waiters_aborts);
    return test_suite_run(suite);
}

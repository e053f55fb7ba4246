/* SPDX-License-Identifier: MIT */
/*
 * <diesel/channel.h>: channels that grow: order, memory, the limit, and what happens
 * when there is no memory to grow.
 */
#include <malloc.h>
#include <stdint.h>

#include "cancel_loop.h"
#include "fault_loop.h"
#include "test_util.h"

static diesel_channel *channel; /* of int */

static void make(size_t limit)
{
    diesel_error err;
    assert_made(channel = diesel_channel_new_growing(sizeof(int), limit, &err));
}

static int put(int item, int64_t deadline, diesel_error *err)
{
    return diesel_channel_send(channel, &item, deadline, err);
}

static void get(int want)
{
    diesel_error err;
    int item = -1;
    ck_assert_int_eq(diesel_channel_recv(channel, &item, DIESEL_NOW, &err), 1);
    ck_assert_int_eq(item, want);
}

/* --- Order: the channel against two counters. */

static const struct {
    size_t item_size, limit;
} shapes[] = {{8, 0}, {1, 1}, {4, 3}, {8, 8}, {8, 9}, {24, 100}, {300, 1000}};

static void fill_item(unsigned char *item, size_t size, unsigned n)
{
    for (size_t i = 0; i < size; i++)
        item[i] = (unsigned char)(n + i);
}

FIBER_TEST(items_come_out_as_they_went_in_through_growing_and_shrinking)
{
    diesel_error err;
    size_t size = shapes[row].item_size;
    size_t limit = shapes[row].limit == 0 ? SIZE_MAX : shapes[row].limit;
    unsigned char item[300], want[300];
    unsigned sent = 0, received = 0, dice = 1;
    assert_made(channel =
                    diesel_channel_new_growing(size, shapes[row].limit, &err));
    for (int turn = 0; turn < 400; turn++) {
        dice = dice * 1103515245u + 12345u;
        unsigned n = (dice >> 16) % (turn % 8 < 4 ? 90 : 30);
        bool sends = turn % 40 < 20 ? dice >> 30 != 0 : dice >> 30 == 0;
        for (; n > 0 && sends && sent - received < limit; n--) {
            fill_item(item, size, sent++);
            assert_ok(diesel_channel_send(channel, item, DIESEL_NOW, &err));
        }
        for (; n > 0 && !sends && sent > received; n--) {
            fill_item(want, size, received++);
            ck_assert_int_eq(
                diesel_channel_recv(channel, item, DIESEL_NOW, &err), 1);
            ck_assert_mem_eq(item, want, size);
        }
        ck_assert_uint_eq(diesel_channel_count(channel), sent - received);
    }
    ck_assert_uint_gt(received, 50);
    diesel_channel_free(channel);
    return 0;
}
END_TEST

/* --- Memory. */

static size_t alive, most_alive;

static void *count_alive(void *p)
{
    alive += malloc_usable_size(p);
    if (alive > most_alive)
        most_alive = alive;
    return p;
}

static void *counting_malloc(size_t size)
{
    return count_alive(malloc(size));
}

static void *counting_calloc(size_t count, size_t size)
{
    return count_alive(calloc(count, size));
}

static void *counting_realloc(void *p, size_t size)
{
    alive -= malloc_usable_size(p);
    return count_alive(realloc(p, size));
}

static void counting_free(void *p)
{
    alive -= malloc_usable_size(p);
    free(p);
}

static const diesel_allocator counting = {counting_malloc, counting_calloc,
                                          counting_realloc, counting_free};

static int burst(void *arg)
{
    diesel_error err;
    enum { BURST = 100000 };
    (void)arg;
    size_t before = alive;
    make(0);
    ck_assert_uint_lt(alive - before, 400); /* nothing for items yet */
    for (int round = 0; round < 3; round++) {
        most_alive = alive;
        for (int i = 0; i < BURST; i++)
            assert_ok(put(i, DIESEL_NOW, &err));
        ck_assert_uint_ge(alive - before, BURST * sizeof(int));
        ck_assert_uint_lt(alive - before, 3 * BURST * sizeof(int));
        ck_assert_uint_lt(most_alive - before, 4 * BURST * sizeof(int));
        for (int i = 0; i < BURST; i++)
            get(i);
        ck_assert_uint_lt(alive - before, 1000); /* the burst's is given back */
    }
    diesel_channel_free(channel);
    ck_assert_uint_eq(alive, before);
    return 0;
}

START_TEST(memory_follows_what_lies_in_it)
{
    diesel_allocator_set(&counting);
    test_run(burst, NULL);
}
END_TEST

static int flows_evenly(void *arg)
{
    diesel_error err;
    (void)arg;
    make(0);
    for (int i = 0; i < 64; i++)
        assert_ok(put(i, DIESEL_NOW, &err));
    faulty_memory_fail(0);
    for (int i = 64; i < 10000; i++) {
        get(i - 64);
        assert_ok(put(i, DIESEL_NOW, &err));
    }
    ck_assert_int_eq(faulty_allocations, 0);
    diesel_channel_free(channel);
    return 0;
}

START_TEST(an_even_flow_allocates_nothing)
{
    diesel_allocator_set(&faulty_memory);
    test_run(flows_evenly, NULL);
}
END_TEST

static int recv_one(void *arg)
{
    diesel_error err;
    int *item = arg;
    return diesel_channel_recv(channel, item, DIESEL_FOREVER, &err) < 0
               ? diesel_fail(&err)
               : 0;
}

static int sends_to_a_waiting_fiber(void *arg)
{
    diesel_error err;
    int item = -1;
    (void)arg;
    make(0);
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(scope, recv_one, &item);
    assert_ok(diesel_yield(&err));
    faulty_memory_fail(0);
    assert_ok(put(7, DIESEL_NOW, &err));
    ck_assert_int_eq(faulty_allocations, 0);
    assert_ok(diesel_scope_wait(scope, &err));
    ck_assert_int_eq(item, 7);
    diesel_channel_free(channel);
    return 0;
}

START_TEST(what_a_fiber_waits_for_needs_no_memory)
{
    diesel_allocator_set(&faulty_memory);
    test_run(sends_to_a_waiting_fiber, NULL);
}
END_TEST

/* --- The limit. */

static struct test_log order;

static int sender(void *arg)
{
    diesel_error err;
    if (put(*(const int *)arg, DIESEL_FOREVER, &err) < 0)
        return diesel_fail(&err);
    test_note(&order, (char)('a' + *(const int *)arg));
    return 0;
}

FIBER_TEST(at_the_limit_senders_wait_in_order)
{
    diesel_error err;
    static const int items[] = {10, 11, 12, 13};
    make(10);
    for (int i = 0; i < 10; i++)
        assert_ok(put(i, DIESEL_NOW, &err));
    assert_fails(put(99, DIESEL_NOW, &err), DIESEL_E_TIMEDOUT);
    assert_fails(put(99, diesel_now() + 2, &err), DIESEL_E_TIMEDOUT);
    diesel_scope *scope = diesel_scope_open(NULL);
    for (int i = 0; i < 4; i++)
        diesel_go(scope, sender, (void *)(uintptr_t)&items[i]);
    assert_ok(diesel_yield(&err));
    ck_assert_str_eq(order.text, "");
    for (int i = 0; i < 14; i++)
        get(i);
    assert_ok(diesel_scope_wait(scope, &err));
    ck_assert_str_eq(order.text, "klmn");
    diesel_channel_free(channel);
    return 0;
}
END_TEST

FIBER_TEST(closing_leaves_what_is_in_it)
{
    diesel_error err;
    int item;
    make(0);
    for (int i = 0; i < 20; i++)
        assert_ok(put(i, DIESEL_NOW, &err));
    diesel_channel_close(channel);
    assert_fails(put(20, DIESEL_NOW, &err), DIESEL_E_CLOSED);
    for (int i = 0; i < 20; i++)
        get(i);
    ck_assert_int_eq(diesel_channel_recv(channel, &item, DIESEL_NOW, &err), 0);
    diesel_channel_free(channel);
    return 0;
}
END_TEST

FIBER_TEST(impossible_sizes_are_errors)
{
    diesel_error err;
    assert_fails_null(diesel_channel_new_growing(0, 1, &err), DIESEL_E_INVAL);
    assert_fails_null(diesel_channel_new_growing(64 * 1024 + 1, 0, &err),
                      DIESEL_E_INVAL);
    return 0;
}
END_TEST

/* --- No memory. */

static int sends_without_memory(void *arg)
{
    diesel_error err;
    int sent = 0, refused = 0, item;
    (void)arg;
    assert_made(channel = diesel_channel_new_growing(sizeof(int), 0, &err));
    for (int i = 0; i < 100; i++) { /* grows at 0, 8, 16, 32, 64 */
        faulty_memory_fail(i % 3 != 0);
        if (put(sent, DIESEL_NOW, &err) == 0) {
            sent++;
            continue;
        }
        refused++;
        assert_error(DIESEL_E_NOMEM);
        assert_contains(err.message, "another item in a channel");
        ck_assert_uint_eq(diesel_channel_count(channel), (size_t)sent);
    }
    ck_assert_int_ge(refused, 5);
    faulty_memory_fail(1); /* to shrink */
    for (int i = 0; i < sent; i++)
        get(i);
    ck_assert_int_eq(diesel_channel_recv(channel, &item, DIESEL_NOW, NULL), -1);
    diesel_channel_free(channel);
    return 0;
}

START_TEST(a_send_that_finds_no_memory_fails_and_nothing_is_lost)
{
    diesel_allocator_set(&faulty_memory);
    test_run(sends_without_memory, NULL);
}
END_TEST

static int feeds(void *arg)
{
    diesel_error err;
    int result = 0;
    for (int i = 0; i < 40 && result == 0; i++) {
        result = diesel_channel_send(arg, &i, DIESEL_FOREVER, &err);
        if (result == 0 && i % 9 == 8)
            result = diesel_yield(&err);
    }
    if (result == 0)
        diesel_channel_close(arg);
    return result < 0 ? diesel_fail(&err) : 0;
}

static int passes_items(void *arg)
{
    diesel_error err;
    int item, next = 0, got = 0;
    (void)arg;
    diesel_channel *c = diesel_channel_new_growing(sizeof item, 12, &err);
    if (c == NULL)
        return diesel_fail(&err);
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(scope, feeds, c);
    while (scope != NULL &&
           (got = diesel_channel_recv(c, &item, DIESEL_FOREVER, &err)) > 0)
        ck_assert_int_eq(item, next++);
    if (got < 0)
        diesel_scope_cancel(scope);
    if (diesel_scope_wait(scope, &err) < 0)
        got = -1;
    diesel_channel_free(c);
    return got < 0 ? diesel_fail(&err) : 0;
}

START_TEST(any_failed_allocation_ends_well)
{
    ck_assert_int_gt(fault_loop_memory(passes_items, NULL, 0), 4);
}
END_TEST

START_TEST(a_cancellation_at_any_turn_ends_well)
{
    ck_assert_int_gt(cancel_loop(passes_items, NULL), 4);
}
END_TEST

/* --- In a select. */

static int selects_without_memory(void *arg)
{
    diesel_error err;
    int item = 5, got = -1;
    (void)arg;
    make(0);
    diesel_channel *other = diesel_channel_new(sizeof item, 1, &err);
    assert_made(other);
    diesel_case cases[] = {diesel_case_send(channel, &item),
                           diesel_case_recv(other, &got)};
    faulty_memory_fail(1);
    assert_fails(diesel_select(cases, 2, DIESEL_FOREVER, &err), DIESEL_E_NOMEM);
    faulty_memory_fail(1);
    assert_fails(diesel_select(cases, 2, DIESEL_NOW, &err), DIESEL_E_TIMEDOUT);
    ck_assert_uint_eq(diesel_channel_count(channel), 0);
    assert_ok(diesel_channel_send(other, &item, DIESEL_NOW, &err));
    for (int i = 0; i < 20 && got < 0; i++) { /* whichever is looked at first */
        faulty_memory_fail(1);
        ck_assert_int_eq(diesel_select(cases, 2, DIESEL_FOREVER, &err), 1);
    }
    ck_assert_int_eq(got, 5);
    faulty_memory_fail(0);
    ck_assert_int_eq(diesel_select(cases, 2, DIESEL_FOREVER, &err), 0);
    ck_assert_int_eq(cases[0].result, 0);
    get(5);
    diesel_channel_free(channel);
    diesel_channel_free(other);
    return 0;
}

START_TEST(a_select_that_finds_no_memory_does_the_other_thing_or_fails)
{
    diesel_allocator_set(&faulty_memory);
    test_run(selects_without_memory, NULL);
}
END_TEST

static int select_send(void *arg)
{
    diesel_error err;
    const int *item = arg;
    diesel_case cases[] = {diesel_case_send(channel, item),
                           diesel_case_timer(60000)};
    if (diesel_select(cases, 2, DIESEL_FOREVER, &err) < 0)
        return diesel_fail(&err);
    test_note(&order, cases[0].result == 0 ? 's' : 'c');
    return 0;
}

FIBER_TEST(a_select_sends_below_the_limit_and_waits_at_it)
{
    diesel_error err;
    static const int items[] = {0, 1, 2, 3};
    make(2);
    diesel_scope *scope = diesel_scope_open(NULL);
    for (int i = 0; i < 4; i++)
        diesel_go(scope, select_send, (void *)(uintptr_t)&items[i]);
    assert_ok(diesel_yield(&err));
    ck_assert_str_eq(order.text, "ss");
    get(0);
    get(1);
    assert_ok(diesel_yield(&err));
    ck_assert_str_eq(order.text, "ssss");
    get(2);
    get(3);
    assert_ok(diesel_scope_wait(scope, &err));
    diesel_channel_free(channel);
    return 0;
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("channel_growing");
    test_case_rows(
        suite, "order",
        items_come_out_as_they_went_in_through_growing_and_shrinking,
        TEST_COUNT(shapes));
    test_case(suite, "memory", memory_follows_what_lies_in_it,
              an_even_flow_allocates_nothing,
              what_a_fiber_waits_for_needs_no_memory);
    test_case(suite, "limit", at_the_limit_senders_wait_in_order,
              closing_leaves_what_is_in_it, impossible_sizes_are_errors);
    test_case(suite, "no memory",
              a_send_that_finds_no_memory_fails_and_nothing_is_lost,
              any_failed_allocation_ends_well,
              a_cancellation_at_any_turn_ends_well);
    test_case(suite, "select",
              a_select_that_finds_no_memory_does_the_other_thing_or_fails,
              a_select_sends_below_the_limit_and_waits_at_it);
    return test_suite_run(suite);
}

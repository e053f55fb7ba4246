/* SPDX-License-Identifier: MIT */
/*
 * <diesel/thread_channel.h>: items between fibers of several threads.
 */
#include <stdint.h>

#include "cancel_loop.h"
#include "fault_loop.h"
#include "thread_kit.h"

static diesel_thread_channel *channel_of(size_t capacity)
{
    diesel_error err;
    diesel_thread_channel *channel =
        diesel_thread_channel_new(sizeof(int), capacity, &err);
    assert_made(channel);
    return channel;
}

static void try_send(diesel_thread_channel *channel, int item)
{
    diesel_error err;
    assert_ok(diesel_thread_channel_try_send(channel, &item, &err));
}

/* --- On one thread. */

FIBER_TEST(what_is_sent_comes_out_in_that_order)
{
    diesel_error err;
    diesel_thread_channel *channel = channel_of(3);
    int item;
    for (int round = 0; round < 5; round++) {
        for (int i = 0; i < 3; i++)
            assert_ok(diesel_thread_channel_send(channel, &i, DIESEL_FOREVER,
                                                 &err));
        ck_assert_uint_eq(diesel_thread_channel_count(channel), 3);
        for (int i = 0; i < 3; i++) {
            ck_assert_int_eq(diesel_thread_channel_recv(channel, &item,
                                                        DIESEL_FOREVER, &err), 1);
            ck_assert_int_eq(item, i);
        }
        try_send(channel, 7);
        ck_assert_int_eq(diesel_thread_channel_try_recv(channel, &item, &err), 1);
    }
    diesel_thread_channel_free(channel);
    diesel_thread_channel_free(NULL);
    return 0;
}
END_TEST

FIBER_TEST(full_and_empty_are_waited_for_until_the_deadline)
{
    diesel_error err;
    diesel_thread_channel *channel = channel_of(1);
    int item = 1;
    assert_fails(diesel_thread_channel_recv(channel, &item, DIESEL_NOW, &err),
                 DIESEL_E_TIMEDOUT);
    assert_fails(diesel_thread_channel_recv(channel, &item, diesel_now() + 3, &err),
                 DIESEL_E_TIMEDOUT);
    assert_fails(diesel_thread_channel_try_recv(channel, &item, &err),
                 DIESEL_E_TIMEDOUT);
    try_send(channel, 1);
    assert_fails(diesel_thread_channel_send(channel, &item, diesel_now() + 3, &err),
                 DIESEL_E_TIMEDOUT);
    assert_fails(diesel_thread_channel_try_send(channel, &item, &err),
                 DIESEL_E_LIMIT);
    diesel_thread_channel_free(channel);
    return 0;
}
END_TEST

FIBER_TEST(a_closed_channel_gives_what_is_left_and_takes_nothing)
{
    diesel_error err;
    diesel_thread_channel *channel = channel_of(2);
    int item = 5;
    try_send(channel, 4);
    diesel_thread_channel_close(channel);
    diesel_thread_channel_close(channel);
    assert_fails(diesel_thread_channel_send(channel, &item, DIESEL_FOREVER, &err),
                 DIESEL_E_CLOSED);
    assert_fails(diesel_thread_channel_try_send(channel, &item, &err),
                 DIESEL_E_CLOSED);
    ck_assert_int_eq(
        diesel_thread_channel_recv(channel, &item, DIESEL_FOREVER, &err), 1);
    ck_assert_int_eq(item, 4);
    ck_assert_int_eq(
        diesel_thread_channel_recv(channel, &item, DIESEL_FOREVER, &err), 0);
    ck_assert_int_eq(diesel_thread_channel_try_recv(channel, &item, &err), 0);
    diesel_thread_channel_free(channel);
    return 0;
}
END_TEST

START_TEST(sizes_that_make_no_sense_are_invalid)
{
    diesel_error err;
    assert_fails_null(diesel_thread_channel_new(0, 1, &err), DIESEL_E_INVAL);
    assert_fails_null(diesel_thread_channel_new(65537, 1, &err), DIESEL_E_INVAL);
    assert_fails_null(diesel_thread_channel_new(1, 0, &err), DIESEL_E_INVAL);
    assert_fails_null(diesel_thread_channel_new(65536, SIZE_MAX / 2, &err),
                      DIESEL_E_NOMEM);
}
END_TEST

static int wait_for_item(void *arg)
{
    diesel_error err;
    int item;
    int got = diesel_thread_channel_recv(arg, &item, DIESEL_FOREVER, &err);
    return got < 0 ? diesel_fail(&err) : 0;
}

FIBER_TEST(freeing_it_under_a_fiber_that_waits_aborts)
{
    diesel_error err;
    diesel_thread_channel *channel = channel_of(1);
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(scope, wait_for_item, channel);
    assert_ok(diesel_yield(&err));
    diesel_thread_channel_free(channel);
    return 0;
}
END_TEST

/* --- In selects. */

FIBER_TEST(a_select_takes_one_item_from_one_channel)
{
    diesel_error err;
    diesel_thread_channel *a = channel_of(1), *b = channel_of(1);
    int from_a = 0, from_b = 0;
    diesel_case cases[] = {diesel_case_thread_recv(a, &from_a),
                           diesel_case_thread_recv(b, &from_b)};
    try_send(b, 9);
    ck_assert_int_eq(diesel_select(cases, 2, DIESEL_FOREVER, &err), 1);
    ck_assert_int_eq(cases[1].result, 1);
    ck_assert_int_eq(from_b, 9);
    try_send(a, 1);
    try_send(b, 2);
    int first = diesel_select(cases, 2, DIESEL_FOREVER, &err);
    assert_ok(first);
    ck_assert_uint_eq(diesel_thread_channel_count(a), first == 0 ? 0 : 1);
    ck_assert_uint_eq(diesel_thread_channel_count(b), first == 0 ? 1 : 0);
    diesel_thread_channel_close(a);
    diesel_thread_channel_close(b);
    diesel_case send = diesel_case_thread_send(a, &from_a);
    ck_assert_int_eq(diesel_select(&send, 1, DIESEL_FOREVER, &err), 0);
    ck_assert_int_eq(send.result, -1);
    diesel_thread_channel_free(a);
    diesel_thread_channel_free(b);
    return 0;
}
END_TEST

/* The item comes for a waiter that an event has fired in the same turn: another one
 * must get it. */
struct rivals {
    diesel_thread_channel *channel;
    diesel_event event;
    int by_event, got;
};

static int select_event_or_item(void *arg)
{
    struct rivals *rivals = arg;
    diesel_error err;
    int item;
    diesel_case cases[] = {diesel_case_thread_recv(rivals->channel, &item),
                           diesel_case_event(&rivals->event)};
    int first = diesel_select(cases, 2, DIESEL_FOREVER, &err);
    assert_ok(first);
    rivals->by_event += first == 1;
    rivals->got += first == 0;
    return 0;
}

static int receive_only(void *arg)
{
    struct rivals *rivals = arg;
    diesel_error err;
    int item;
    ck_assert_int_eq(diesel_thread_channel_recv(rivals->channel, &item,
                                                DIESEL_FOREVER, &err), 1);
    rivals->got++;
    return 0;
}

FIBER_TEST(a_waiter_that_something_else_has_fired_takes_nothing)
{
    diesel_error err;
    struct rivals rivals = {.channel = channel_of(1)};
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(scope, select_event_or_item, &rivals);
    assert_ok(diesel_yield(&err));
    diesel_go(scope, receive_only, &rivals);
    assert_ok(diesel_yield(&err));
    try_send(rivals.channel, 1);
    diesel_event_set(&rivals.event);
    assert_ok(diesel_scope_wait(scope, &err));
    ck_assert_int_eq(rivals.by_event, 1);
    ck_assert_int_eq(rivals.got, 1);
    diesel_thread_channel_free(rivals.channel);
    return 0;
}
END_TEST

/* --- Between threads. */

struct many {
    diesel_thread_channel *channel;
    int senders, each; /* fibers of a thread, items of a fiber */
    int numbers;       /* of the fibers that send */
    int64_t sum, items;
    int last[64]; /* of each sender, on the receiver's side */
    diesel_error err;
};

struct item {
    int from, number;
};

struct sending {
    struct many *many;
    int from;
};

static int send_fiber(void *arg)
{
    struct sending *sending = arg;
    diesel_error err;
    for (int i = 1; i <= sending->many->each; i++) {
        struct item item = {sending->from, i};
        if (diesel_thread_channel_send(sending->many->channel, &item,
                                       DIESEL_FOREVER, &err) < 0)
            return diesel_fail(&err);
    }
    return 0;
}

static int send_many(void *arg)
{
    struct sending *first = arg, all[8];
    diesel_error err;
    diesel_scope *scope = diesel_scope_open(NULL);
    for (int i = 0; i < first->many->senders; i++) {
        all[i] = (struct sending){first->many, first->from + i};
        diesel_go(scope, send_fiber, &all[i]);
    }
    return diesel_scope_wait(scope, &err) < 0 ? diesel_fail(&err) : 0;
}

static int receive_many(void *arg)
{
    struct many *many = arg;
    diesel_error err;
    struct item item;
    int got;
    while ((got = diesel_thread_channel_recv(many->channel, &item, DIESEL_FOREVER,
                                             &err)) > 0) {
        ck_assert_int_gt(item.number, many->last[item.from]);
        many->last[item.from] = item.number;
        many->sum += item.number;
        many->items++;
    }
    return got < 0 ? diesel_fail(&err) : 0;
}

static void *send_thread(void *arg)
{
    diesel_error err;
    assert_ok(diesel_run(send_many, arg, NULL, &err));
    return NULL;
}

static void *receive_thread(void *arg)
{
    diesel_error err;
    assert_ok(diesel_run(receive_many, arg, NULL, &err));
    return NULL;
}

enum { THREADS = 3, FIBERS = 4 };
static const size_t capacities[] = {1, 2, 7, 1000};

START_TEST(every_item_of_many_threads_is_received_once)
{
    diesel_error err;
    int each = test_many(5000, 300);
    diesel_thread_channel *channel = diesel_thread_channel_new(
        sizeof(struct item), capacities[_i], &err);
    assert_made(channel);
    pthread_t senders[THREADS], receivers[THREADS];
    struct sending sending[THREADS];
    struct many in[THREADS], out[THREADS];
    for (int i = 0; i < THREADS; i++) {
        in[i] = (struct many){.channel = diesel_thread_channel_share(channel),
                              .senders = FIBERS,
                              .each = each};
        out[i] = (struct many){.channel = diesel_thread_channel_share(channel)};
        sending[i] = (struct sending){&in[i], i * FIBERS};
        receivers[i] = kit_thread(receive_thread, &out[i]);
        senders[i] = kit_thread(send_thread, &sending[i]);
    }
    for (int i = 0; i < THREADS; i++) {
        kit_join(senders[i]);
        diesel_thread_channel_free(in[i].channel);
    }
    diesel_thread_channel_close(channel);
    diesel_thread_channel_free(channel);
    int64_t sum = 0, items = 0;
    for (int i = 0; i < THREADS; i++) {
        kit_join(receivers[i]);
        diesel_thread_channel_free(out[i].channel);
        sum += out[i].sum;
        items += out[i].items;
    }
    ck_assert_int_eq(items, (int64_t)THREADS * FIBERS * each);
    ck_assert_int_eq(sum, (int64_t)THREADS * FIBERS * each * (each + 1) / 2);
}
END_TEST

/* A thread without a scheduler gives to fibers that wait. */
static void *give_without_scheduler(void *arg)
{
    diesel_error err;
    for (int i = 0; i < 1000;) {
        if (diesel_thread_channel_try_send(arg, &i, &err) == 0)
            i++;
        else
            sched_yield();
    }
    diesel_thread_channel_close(arg);
    diesel_thread_channel_free(arg);
    return NULL;
}

FIBER_TEST(a_thread_without_a_scheduler_can_give)
{
    diesel_error err;
    diesel_thread_channel *channel = channel_of(4);
    pthread_t id = kit_thread(give_without_scheduler,
                              diesel_thread_channel_share(channel));
    int item, want = 0;
    while (diesel_thread_channel_recv(channel, &item, DIESEL_FOREVER, &err) == 1)
        ck_assert_int_eq(item, want++);
    ck_assert_int_eq(want, 1000);
    kit_join(id);
    diesel_thread_channel_free(channel);
    return 0;
}
END_TEST

/* Waiters that are cancelled by the clock, on both sides, lose no item. */
static int receive_impatiently(void *arg)
{
    struct many *many = arg;
    diesel_error err;
    struct item item;
    for (;;) {
        int got = diesel_thread_channel_recv(many->channel, &item,
                                             diesel_now() + 1, &err);
        if (got == 0)
            return 0;
        if (got > 0)
            many->items++;
        else
            assert_error(DIESEL_E_TIMEDOUT);
    }
}

static void *receive_impatiently_thread(void *arg)
{
    diesel_error err;
    assert_ok(diesel_run(receive_impatiently, arg, NULL, &err));
    return NULL;
}

static int send_now_and_then(void *arg)
{
    struct many *many = arg;
    diesel_error err;
    struct item item = {0, 0};
    for (int i = 0; i < test_many(300, 60); i++) {
        assert_ok(diesel_thread_channel_send(many->channel, &item, DIESEL_FOREVER,
                                             &err));
        if (i % 3 == 0)
            assert_ok(diesel_sleep(1, &err));
    }
    return 0;
}

START_TEST(deadlines_that_pass_in_the_same_moment_lose_nothing)
{
    diesel_error err;
    diesel_thread_channel *channel =
        diesel_thread_channel_new(sizeof(struct item), 1, &err);
    assert_made(channel);
    struct many out[THREADS], in = {.channel = channel};
    pthread_t ids[THREADS];
    for (int i = 0; i < THREADS; i++) {
        out[i] = (struct many){.channel = diesel_thread_channel_share(channel)};
        ids[i] = kit_thread(receive_impatiently_thread, &out[i]);
    }
    test_run(send_now_and_then, &in);
    diesel_thread_channel_close(channel);
    int64_t items = 0;
    for (int i = 0; i < THREADS; i++) {
        kit_join(ids[i]);
        items += out[i].items;
        diesel_thread_channel_free(out[i].channel);
    }
    ck_assert_int_eq(items, test_many(300, 60));
    diesel_thread_channel_free(channel);
}
END_TEST

static int receive_one(void *arg)
{
    diesel_error err;
    struct item item;
    int got = diesel_thread_channel_recv(arg, &item, DIESEL_FOREVER, &err);
    return got < 0 ? diesel_fail(&err) : got;
}

static void *receive_one_thread(void *arg)
{
    diesel_error err;
    ck_assert_int_eq(diesel_run(receive_one, arg, NULL, &err), 1);
    return NULL;
}

/* Schedulers that come and go leave nothing behind while the channel lives. */
START_TEST(ports_of_schedulers_that_have_ended_are_given_up)
{
    kit_allocator();
    diesel_error err;
    struct item item = {0, 0};
    diesel_thread_channel *channel =
        diesel_thread_channel_new(sizeof item, 1, &err);
    assert_made(channel);
    for (int i = 0; i < 20; i++) {
        pthread_t id = kit_thread(receive_one_thread, channel);
        assert_ok(diesel_thread_channel_try_send(channel, &item, &err));
        kit_join(id);
        ck_assert_int_le(atomic_load(&kit_alive), 1 + 2); /* a port, an inbox */
    }
    diesel_thread_channel_free(channel);
    ck_assert_int_eq(atomic_load(&kit_alive), 0);
}
END_TEST

/* --- Faults. */

static int pass_three(void *arg)
{
    diesel_thread_channel *channel = arg;
    for (int i = 0; i < 3; i++) {
        diesel_error err;
        if (diesel_thread_channel_send(channel, &i, DIESEL_FOREVER, &err) < 0)
            return diesel_fail(&err);
    }
    diesel_thread_channel_close(channel);
    return 0;
}

/* Two fibers and a channel with room for one. */
static int talk(void *arg)
{
    (void)arg;
    diesel_error err;
    int item, got = -1;
    diesel_thread_channel *channel =
        diesel_thread_channel_new(sizeof(int), 1, &err);
    if (channel == NULL)
        return diesel_fail(&err);
    diesel_scope *scope = diesel_scope_open(NULL);
    if (scope == NULL || diesel_go(scope, pass_three, channel) < 0)
        diesel_error_nomem(&err, "a fiber");
    else
        while ((got = diesel_thread_channel_recv(channel, &item, DIESEL_FOREVER,
                                                 &err)) > 0)
            ;
    diesel_error why = err;
    if (got < 0)
        diesel_scope_cancel(scope);
    if (scope != NULL && diesel_scope_wait(scope, &err) < 0 && got == 0)
        got = -1, why = err;
    diesel_thread_channel_free(channel);
    return got < 0 ? diesel_fail(&why) : 0;
}

START_TEST(it_can_be_cancelled_at_every_turn)
{
    ck_assert_int_gt(cancel_loop(talk, NULL), 3);
}
END_TEST

START_TEST(every_allocation_may_fail)
{
    ck_assert_int_ge(fault_loop_memory(talk, NULL, 0), 4);
}
END_TEST

FIBER_TEST(a_forked_child_is_told)
{
    diesel_error err;
    diesel_thread_channel *channel = channel_of(1);
    pid_t child = fork();
    if (child == 0) {
        int item = 1;
        bool told = diesel_thread_channel_try_send(channel, &item, &err) == -1 &&
                    err.code == DIESEL_E_FAILED;
        /* It may give up its parent's, and have its own. */
        diesel_thread_channel *own = diesel_thread_channel_new(sizeof item, 1, &err);
        diesel_thread_channel_free(channel);
        bool has_own =
            own != NULL && diesel_thread_channel_try_send(own, &item, &err) == 0;
        diesel_thread_channel_free(own);
        _exit(told && has_own ? 0 : 1);
    }
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    diesel_thread_channel_free(channel);
    return 0;
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("thread_channel");
    test_case(suite, "items", what_is_sent_comes_out_in_that_order,
              full_and_empty_are_waited_for_until_the_deadline,
              a_closed_channel_gives_what_is_left_and_takes_nothing,
              sizes_that_make_no_sense_are_invalid);
    TCase *tc = tcase_create("misuse");
    tcase_add_test_raise_signal(tc, freeing_it_under_a_fiber_that_waits_aborts,
                                SIGABRT);
    suite_add_tcase(suite, tc);
    test_case(suite, "select", a_select_takes_one_item_from_one_channel,
              a_waiter_that_something_else_has_fired_takes_nothing);
    test_case_rows(suite, "threads", every_item_of_many_threads_is_received_once,
                   TEST_COUNT(capacities));
    test_case(suite, "more threads", a_thread_without_a_scheduler_can_give,
              deadlines_that_pass_in_the_same_moment_lose_nothing,
              ports_of_schedulers_that_have_ended_are_given_up);
    test_case(suite, "faults", it_can_be_cancelled_at_every_turn,
              every_allocation_may_fail, a_forked_child_is_told);
    return test_suite_run(suite);
}

/* SPDX-License-Identifier: MIT */
/*
 * <diesel/select.h>: exactly one case happens, fairly; cancellation and time; and
 * an object of one's own that can be waited for.
 */
#include <stdint.h>

#include "test_util.h"

static diesel_channel *channel, *other; /* of int */

static void make(size_t capacity)
{
    diesel_error err;
    assert_made(channel = diesel_channel_new(sizeof(int), capacity, &err));
    assert_made(other = diesel_channel_new(sizeof(int), capacity, &err));
}

static void free_channels(void)
{
    diesel_channel_free(channel);
    diesel_channel_free(other);
}

static void put(diesel_channel *to, int item)
{
    diesel_error err;
    assert_ok(diesel_channel_send(to, &item, DIESEL_FOREVER, &err));
}

static int get(diesel_channel *from)
{
    diesel_error err;
    int item = -1;
    ck_assert_int_eq(diesel_channel_recv(from, &item, DIESEL_FOREVER, &err), 1);
    return item;
}

/* Runs the other fibers until they all wait. */
static void settle(void)
{
    diesel_error err;
    for (int i = 0; i < 10; i++)
        assert_ok(diesel_yield(&err));
}

FIBER_TEST(what_is_there_is_taken_without_waiting)
{
    diesel_error err;
    int a = -1, b = -1;
    make(2);
    put(other, 7);
    diesel_case cases[] = {diesel_case_recv(channel, &a),
                           diesel_case_recv(other, &b)};
    ck_assert_int_eq(diesel_select(cases, 2, DIESEL_NOW, &err), 1);
    ck_assert_int_eq(cases[1].result, 1);
    ck_assert_int_eq(a, -1);
    ck_assert_int_eq(b, 7);
    assert_fails(diesel_select(cases, 2, DIESEL_NOW, &err), DIESEL_E_TIMEDOUT);
    free_channels();
    return 0;
}
END_TEST

/* Every kind of fiber below notes which case it got here. */
static int which, result_of, received, sent;
static diesel_error seen;

/* Receives from `channel` or sends 5 to `other`. */
static int recv_or_send(void *arg)
{
    (void)arg;
    static const int item = 5;
    received = -1;
    diesel_case cases[] = {diesel_case_recv(channel, &received),
                           diesel_case_send(other, &item)};
    which = diesel_select(cases, 2, DIESEL_FOREVER, &seen);
    if (which < 0)
        return diesel_fail(&seen);
    result_of = cases[which].result;
    sent += which == 1;
    return 0;
}

static const char actions[] = "srbcx";

/* What another fiber does decides what happens to the waiting one. */
FIBER_TEST(exactly_one_case_happens)
{
    diesel_error err;
    make(0);
    sent = 0;
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(scope, recv_or_send, NULL);
    settle();
    int item = 0;
    switch (actions[row]) {
    case 's': /* somebody sends */
        put(channel, 3);
        settle();
        ck_assert_int_eq(which, 0);
        ck_assert_int_eq(result_of, 1);
        ck_assert_int_eq(received, 3);
        ck_assert_int_eq(diesel_channel_recv(other, &item, DIESEL_NOW, NULL), -1);
        break;
    case 'r': /* somebody receives */
        ck_assert_int_eq(get(other), 5);
        settle();
        ck_assert_int_eq(which, 1);
        ck_assert_int_eq(result_of, 0);
        ck_assert_int_eq(received, -1);
        break;
    case 'b': /* both at once, before the fiber runs: the first counts */
        put(channel, 4);
        ck_assert_int_eq(diesel_channel_recv(other, &item, DIESEL_NOW, NULL), -1);
        settle();
        ck_assert_int_eq(which, 0);
        ck_assert_int_eq(received, 4);
        break;
    case 'c': /* its channel to receive from is closed */
        diesel_channel_close(channel);
        settle();
        ck_assert_int_eq(which, 0);
        ck_assert_int_eq(result_of, 0);
        ck_assert_int_eq(received, -1);
        break;
    case 'x': /* its channel to send to is closed */
        diesel_channel_close(other);
        settle();
        ck_assert_int_eq(which, 1);
        ck_assert_int_eq(result_of, -1);
        break;
    }
    assert_ok(diesel_scope_wait(scope, &err));
    free_channels();
    return 0;
}
END_TEST

FIBER_TEST(a_case_that_was_not_chosen_leaves_no_trace)
{
    diesel_error err;
    make(0);
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(scope, recv_or_send, NULL);
    settle();
    put(channel, 3);
    settle();
    /* Nobody waits on either channel, nor was anything sent. */
    int item = 1;
    ck_assert_int_eq(diesel_channel_recv(other, &item, DIESEL_NOW, NULL), -1);
    ck_assert_int_eq(diesel_channel_send(channel, &item, DIESEL_NOW, NULL), -1);
    assert_ok(diesel_scope_wait(scope, &err));
    free_channels();
    return 0;
}
END_TEST

/* A waiting sender, too, gets its item across once only. */
FIBER_TEST(select_takes_from_a_waiting_sender)
{
    diesel_error err;
    make(0);
    sent = 0;
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(scope, recv_or_send, NULL);
    settle();
    int a = -1;
    diesel_case cases[] = {diesel_case_recv(other, &a)};
    ck_assert_int_eq(diesel_select(cases, 1, DIESEL_FOREVER, &err), 0);
    ck_assert_int_eq(a, 5);
    assert_ok(diesel_scope_wait(scope, &err));
    ck_assert_int_eq(sent, 1);
    free_channels();
    return 0;
}
END_TEST

/* Sends or receives on one channel. */
static int either_way(void *arg)
{
    int item = 9, got = -1;
    diesel_error err;
    diesel_case cases[] = {diesel_case_send(channel, &item),
                           diesel_case_recv(channel, &got)};
    int i = diesel_select(cases, 2, DIESEL_FOREVER, &err);
    if (i < 0)
        return diesel_fail(&err);
    ck_assert(i == 0 ? got == -1 : got == 9);
    ++*(int *)arg;
    return 0;
}

FIBER_TEST(a_select_does_not_meet_itself)
{
    diesel_error err;
    make(0);
    int done = 0;
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(scope, either_way, &done);
    settle();
    ck_assert_int_eq(done, 0);
    diesel_go(scope, either_way, &done); /* but two of them meet */
    assert_ok(diesel_scope_wait(scope, &err));
    ck_assert_int_eq(done, 2);
    free_channels();
    return 0;
}
END_TEST

FIBER_TEST(one_object_may_be_in_several_cases)
{
    diesel_error err;
    make(1);
    diesel_scope *scope = diesel_scope_open(NULL);
    for (int i = 0; i < 2; i++) { /* first one that is there, then one that comes */
        int got[3] = {-1, -1, -1};
        diesel_case cases[] = {diesel_case_recv(channel, &got[0]),
                               diesel_case_recv(channel, &got[1]),
                               diesel_case_recv(channel, &got[2])};
        put(channel, 6);
        int n = diesel_select(cases, 3, DIESEL_FOREVER, &err);
        ck_assert_int_ge(n, 0);
        ck_assert_int_eq(got[n], 6);
        ck_assert_int_eq(got[0] + got[1] + got[2], 4);
    }
    assert_ok(diesel_scope_wait(scope, &err));
    free_channels();
    return 0;
}
END_TEST

/* Receives in order, each with a select of its own, and notes it. */
static struct test_log order;

static int note_one(void *arg)
{
    diesel_error err;
    int got;
    diesel_case cases[] = {diesel_case_recv(channel, &got),
                           diesel_case_recv(other, &got)};
    if (diesel_select(cases, 2, DIESEL_FOREVER, &err) < 0)
        return diesel_fail(&err);
    test_note(&order, *(const char *)arg);
    return 0;
}

FIBER_TEST(those_who_wait_are_served_in_order)
{
    diesel_error err;
    make(0);
    order.length = 0;
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(scope, note_one, "a");
    diesel_go(scope, note_one, "b");
    diesel_go(scope, note_one, "c");
    settle();
    put(channel, 1);
    put(other, 1); /* for a, which has something already: so for b */
    put(channel, 1);
    assert_ok(diesel_scope_wait(scope, &err));
    ck_assert_str_eq(order.text, "abc");
    free_channels();
    return 0;
}
END_TEST

FIBER_TEST(of_cases_that_can_always_happen_none_is_starved)
{
    enum { CASES = 4, ROUNDS = 4000 };
    diesel_error err;
    int count[CASES] = {0}, item = 1;
    make(ROUNDS);
    for (int i = 0; i < ROUNDS; i++) {
        diesel_case cases[CASES], also[2];
        for (int c = 0; c < CASES; c++)
            cases[c] = diesel_case_send(channel, &item);
        int n = diesel_select(cases, CASES, DIESEL_NOW, &err);
        assert_ok(n);
        count[n]++;
        /* Another select in between must not get the two out of step. */
        also[0] = also[1] = diesel_case_timer(0);
        assert_ok(diesel_select(also, 2, DIESEL_NOW, &err));
    }
    for (int c = 0; c < CASES; c++)
        ck_assert_msg(count[c] > ROUNDS / CASES / 2, "case %d happened %d times",
                      c, count[c]);
    free_channels();
    return 0;
}
END_TEST

FIBER_TEST(a_cancelled_scope_takes_nothing)
{
    diesel_error err;
    int a = -1;
    make(1);
    put(channel, 1);
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_scope_cancel(scope);
    diesel_case cases[] = {diesel_case_recv(channel, &a)};
    assert_fails(diesel_select(cases, 1, DIESEL_FOREVER, &err),
                 DIESEL_E_CANCELLED);
    ck_assert_int_eq(a, -1);
    assert_ok(diesel_scope_wait(scope, &err));
    ck_assert_int_eq(get(channel), 1);
    free_channels();
    return 0;
}
END_TEST

FIBER_TEST(cancelling_a_waiting_select_leaves_its_channels_free)
{
    diesel_error err;
    make(0);
    which = 0;
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(scope, recv_or_send, NULL);
    settle();
    diesel_scope_cancel(scope);
    assert_ok(diesel_scope_wait(scope, &err));
    ck_assert_int_eq(which, -1);
    ck_assert_int_eq(seen.code, DIESEL_E_CANCELLED);
    int item = 1;
    ck_assert_int_eq(diesel_channel_send(channel, &item, DIESEL_NOW, NULL), -1);
    free_channels(); /* which would abort if somebody were waiting */
    return 0;
}
END_TEST

FIBER_TEST(what_was_handed_over_before_the_cancellation_stays_so)
{
    diesel_error err;
    make(0);
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(scope, recv_or_send, NULL);
    settle();
    put(channel, 8);
    diesel_scope_cancel(scope);
    assert_ok(diesel_scope_wait(scope, &err));
    ck_assert_int_eq(which, 0);
    ck_assert_int_eq(received, 8);
    free_channels();
    return 0;
}
END_TEST

FIBER_TEST(who_was_cancelled_is_passed_over)
{
    diesel_error err;
    make(0);
    order.length = 0;
    diesel_scope *first = diesel_scope_open(&(diesel_scope_options){
        .detached = true});
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(first, note_one, "a");
    settle();
    diesel_go(scope, note_one, "b");
    settle();
    diesel_scope_cancel(first);
    put(channel, 1); /* "a" lies in the queue, for it has not run since */
    assert_ok(diesel_scope_wait(scope, &err));
    assert_ok(diesel_scope_wait(first, &err));
    ck_assert_str_eq(order.text, "b");
    free_channels();
    return 0;
}
END_TEST

FIBER_TEST(a_timer_happens_when_nothing_else_does)
{
    diesel_error err;
    int a = -1;
    make(0);
    int64_t before = diesel_now();
    diesel_case cases[] = {diesel_case_recv(channel, &a),
                           diesel_case_timer(60000), diesel_case_timer(3)};
    ck_assert_int_eq(diesel_select(cases, 3, DIESEL_FOREVER, &err), 2);
    ck_assert_int_ge(diesel_now(), before + 3);
    ck_assert_int_eq(diesel_select(cases, 3, DIESEL_NOW, &err), 2);
    free_channels();
    return 0;
}
END_TEST

FIBER_TEST(the_deadline_ends_it)
{
    diesel_error err;
    int a = -1;
    make(0);
    int64_t deadline = diesel_now() + 3;
    diesel_case cases[] = {diesel_case_recv(channel, &a),
                           diesel_case_timer(60000)};
    assert_fails(diesel_select(cases, 2, deadline, &err), DIESEL_E_TIMEDOUT);
    ck_assert_int_ge(diesel_now(), deadline);
    assert_contains(err.message, "the first of several");
    assert_fails(diesel_select(cases, 1, diesel_now() + 1, &err),
                 DIESEL_E_TIMEDOUT);
    assert_contains(err.message, "an item in a channel");
    assert_fails(diesel_select(NULL, 0, diesel_now() + 1, &err),
                 DIESEL_E_TIMEDOUT);
    free_channels();
    return 0;
}
END_TEST

FIBER_TEST(the_deadline_of_the_scope_ends_it)
{
    diesel_error err;
    diesel_scope *scope =
        diesel_scope_open(&(diesel_scope_options){.timeout_ms = 3});
    diesel_case cases[] = {diesel_case_timer(60000)};
    assert_fails(diesel_select(cases, 1, DIESEL_FOREVER, &err),
                 DIESEL_E_TIMEDOUT);
    assert_fails(diesel_scope_wait(scope, &err), DIESEL_E_TIMEDOUT);
    return 0;
}
END_TEST

FIBER_TEST(a_case_that_is_off_never_happens)
{
    diesel_error err;
    int a = -1;
    make(1);
    put(channel, 1);
    diesel_case cases[] = {diesel_case_recv(channel, &a), {0}};
    cases[0].on = NULL;
    assert_fails(diesel_select(cases, 2, diesel_now() + 1, &err),
                 DIESEL_E_TIMEDOUT);
    ck_assert_int_eq(a, -1);
    free_channels();
    return 0;
}
END_TEST

static int yield_often(void *arg)
{
    diesel_error err;
    for (int i = 0; i < 3; i++)
        if (diesel_yield(&err) < 0)
            return diesel_fail(&err);
    ++*(int *)arg;
    return 0;
}

FIBER_TEST(the_end_of_a_scope_can_be_waited_for)
{
    diesel_error err;
    int ended = 0;
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_case cases[] = {diesel_case_timer(60000), diesel_case_scope(scope)};
    ck_assert_int_eq(diesel_select(cases, 2, DIESEL_FOREVER, &err), 1);
    diesel_go(scope, yield_often, &ended);
    diesel_go(scope, yield_often, &ended);
    ck_assert_int_eq(diesel_select(cases, 2, DIESEL_FOREVER, &err), 1);
    ck_assert_int_eq(ended, 2);
    ck_assert_int_eq(cases[1].result, 0);
    assert_ok(diesel_scope_wait(scope, &err));
    return 0;
}
END_TEST

static int wait_for_end_of(void *arg)
{
    diesel_error err;
    diesel_case cases[] = {diesel_case_scope(arg), diesel_case_timer(60000)};
    ck_assert_int_eq(diesel_select(cases, 2, DIESEL_FOREVER, &err), 0);
    test_note(&order, 'w');
    return 0;
}

/* The waiting select runs after the scope has been left, and freed. */
FIBER_TEST(others_may_wait_for_the_end_of_a_scope)
{
    diesel_error err;
    int ended = 0;
    order.length = 0;
    diesel_scope *watchers = diesel_scope_open(NULL);
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(scope, yield_often, &ended);
    diesel_go(watchers, wait_for_end_of, scope);
    diesel_go(watchers, wait_for_end_of, scope);
    assert_ok(diesel_scope_wait(scope, &err));
    test_note(&order, 'o');
    diesel_scope *again = diesel_scope_open(NULL); /* in its memory */
    assert_ok(diesel_scope_wait(again, &err));
    assert_ok(diesel_scope_wait(watchers, &err));
    ck_assert_str_eq(order.text, "oww");
    return 0;
}
END_TEST

FIBER_TEST(many_cases_need_no_memory)
{
    enum { CASES = 500 };
    diesel_error err;
    static diesel_case cases[CASES];
    int got = -1, done = 0;
    make(0);
    for (int i = 0; i < CASES; i++)
        cases[i] = diesel_case_recv(i == 321 ? channel : other, &got);
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(scope, either_way, &done);
    ck_assert_int_eq(diesel_select(cases, CASES, DIESEL_FOREVER, &err), 321);
    ck_assert_int_eq(got, 9);
    assert_ok(diesel_scope_wait(scope, &err));
    free_channels();
    return 0;
}
END_TEST

/* --- Streams. */

static void fill(diesel_stream *stream)
{
    char bytes[4096] = {0};
    diesel_error err;
    while (diesel_stream_write(stream, bytes, sizeof bytes, DIESEL_NOW, &err) == 0)
        ;
    ck_assert_int_eq(err.code, DIESEL_E_TIMEDOUT);
}

FIBER_TEST(a_stream_is_readable_when_something_comes)
{
    diesel_error err;
    int raw;
    diesel_stream *stream = test_stream(&raw);
    diesel_case cases[] = {diesel_case_readable(stream), diesel_case_timer(2),
                           diesel_case_readable(stream)};
    ck_assert_int_eq(diesel_select(cases, 3, DIESEL_FOREVER, &err), 1);
    test_raw_write(raw, "x");
    cases[1] = diesel_case_timer(60000);
    ck_assert_int_ne(diesel_select(cases, 3, DIESEL_FOREVER, &err), 1);
    ck_assert_int_ne(diesel_select(cases, 3, DIESEL_NOW, &err), 1);
    char c;
    ck_assert_int_eq(diesel_stream_read(stream, &c, 1, DIESEL_NOW, &err), 1);
    cases[1] = diesel_case_timer(2); /* and now it is not */
    ck_assert_int_eq(diesel_select(cases, 3, DIESEL_FOREVER, &err), 1);
    close(raw);
    cases[1] = diesel_case_timer(60000); /* the end is something, too */
    ck_assert_int_ne(diesel_select(cases, 3, DIESEL_FOREVER, &err), 1);
    diesel_stream_close(stream);
    return 0;
}
END_TEST

FIBER_TEST(a_stream_is_writable_when_there_is_room)
{
    diesel_error err;
    int raw;
    diesel_stream *stream = test_stream(&raw);
    diesel_case cases[] = {diesel_case_writable(stream), diesel_case_timer(2)};
    ck_assert_int_eq(diesel_select(cases, 1, DIESEL_NOW, &err), 0);
    fill(stream);
    ck_assert_int_eq(diesel_select(cases, 2, DIESEL_FOREVER, &err), 1);
    static char bytes[65536];
    while (test_raw_read_all(raw, bytes, sizeof bytes) > 0)
        ;
    cases[1] = diesel_case_timer(60000);
    ck_assert_int_eq(diesel_select(cases, 2, DIESEL_FOREVER, &err), 0);
    diesel_stream_close(stream);
    close(raw);
    return 0;
}
END_TEST

static int wait_on_stream(void *arg)
{
    diesel_error err;
    diesel_case cases[] = {diesel_case_readable(arg), diesel_case_writable(arg),
                           diesel_case_timer(60000)};
    which = diesel_select(cases, 3, DIESEL_FOREVER, &err);
    return which < 0 ? diesel_fail(&err) : 0;
}

FIBER_TEST(closing_a_stream_ends_the_selects_on_it)
{
    diesel_error err;
    int raw;
    diesel_stream *stream = test_stream(&raw);
    fill(stream);
    which = -1;
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(scope, wait_on_stream, stream);
    settle();
    ck_assert_int_eq(which, -1);
    diesel_stream_close(stream);
    assert_ok(diesel_scope_wait(scope, &err));
    ck_assert(which == 0 || which == 1);
    close(raw);
    return 0;
}
END_TEST

/* --- An object of one's own: a lamp. */

struct lamp {
    bool lit, broken;
    int enlisted;
    diesel_link queue;
};

static bool lamp_poll(diesel_case *c)
{
    const struct lamp *lamp = c->object;
    c->result = 10;
    return lamp->lit;
}

static int lamp_enlist(diesel_case *c, diesel_error *err)
{
    struct lamp *lamp = c->object;
    if (lamp->broken)
        return diesel_error_set(err, DIESEL_E_BUSY, DIESEL_DOM_CORE, 0,
                                "the lamp is broken");
    lamp->enlisted++;
    diesel_cases_append(&lamp->queue, c);
    return 0;
}

static void lamp_withdraw(diesel_case *c)
{
    struct lamp *lamp = c->object;
    lamp->enlisted--;
    diesel_cases_remove(c);
}

static const diesel_waitable on_lamp = {"light", lamp_poll, lamp_enlist,
                                        lamp_withdraw};

static diesel_case case_lamp(struct lamp *lamp)
{
    return (diesel_case){.on = &on_lamp, .object = lamp};
}

static int light(void *arg)
{
    struct lamp *lamp = arg;
    lamp->lit = true;
    diesel_cases_fire_all(&lamp->queue, 11);
    return 0;
}

FIBER_TEST(an_object_of_ones_own_can_be_waited_for)
{
    diesel_error err;
    struct lamp lamp = {0}, dark = {0};
    diesel_cases_init(&lamp.queue);
    diesel_cases_init(&dark.queue);
    diesel_case cases[] = {case_lamp(&dark), case_lamp(&lamp)};
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(scope, light, &lamp);
    ck_assert_int_eq(diesel_select(cases, 2, DIESEL_FOREVER, &err), 1);
    ck_assert_int_eq(cases[1].result, 11);
    ck_assert_int_eq(diesel_select(cases, 2, DIESEL_FOREVER, &err), 1);
    ck_assert_int_eq(cases[1].result, 10);
    ck_assert_int_eq(lamp.enlisted + dark.enlisted, 0);
    ck_assert(diesel_cases_is_empty(&dark.queue));
    assert_ok(diesel_scope_wait(scope, &err));
    return 0;
}
END_TEST

FIBER_TEST(a_case_that_cannot_be_waited_for_fails_the_select)
{
    diesel_error err;
    struct lamp lamp = {0}, broken = {.broken = true};
    diesel_cases_init(&lamp.queue);
    diesel_case cases[] = {case_lamp(&lamp), case_lamp(&broken),
                           case_lamp(&lamp)};
    assert_fails(diesel_select(cases, 3, DIESEL_FOREVER, &err), DIESEL_E_BUSY);
    ck_assert_int_eq(lamp.enlisted, 0);
    return 0;
}
END_TEST

FIBER_TEST(a_case_whose_time_comes_is_polled_again)
{
    diesel_error err;
    struct lamp lamp = {0};
    diesel_cases_init(&lamp.queue);
    diesel_case cases[] = {case_lamp(&lamp), diesel_case_timer(4)};
    cases[0].when = cases[1].when - 2000000; /* dark then: the wait goes on */
    ck_assert_int_eq(diesel_select(cases, 2, DIESEL_FOREVER, &err), 1);
    return 0;
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("select");
    test_case(suite, "channels", what_is_there_is_taken_without_waiting,
              a_case_that_was_not_chosen_leaves_no_trace,
              select_takes_from_a_waiting_sender, a_select_does_not_meet_itself,
              one_object_may_be_in_several_cases,
              those_who_wait_are_served_in_order,
              of_cases_that_can_always_happen_none_is_starved,
              many_cases_need_no_memory, a_case_that_is_off_never_happens);
    test_case_rows(suite, "exactly one", exactly_one_case_happens,
                   sizeof actions - 1);
    test_case(suite, "cancellation", a_cancelled_scope_takes_nothing,
              cancelling_a_waiting_select_leaves_its_channels_free,
              what_was_handed_over_before_the_cancellation_stays_so,
              who_was_cancelled_is_passed_over);
    test_case(suite, "time", a_timer_happens_when_nothing_else_does,
              the_deadline_ends_it, the_deadline_of_the_scope_ends_it);
    test_case(suite, "scopes", the_end_of_a_scope_can_be_waited_for,
              others_may_wait_for_the_end_of_a_scope);
    test_case(suite, "streams", a_stream_is_readable_when_something_comes,
              a_stream_is_writable_when_there_is_room,
              closing_a_stream_ends_the_selects_on_it);
    test_case(suite, "objects of one's own",
              an_object_of_ones_own_can_be_waited_for,
              a_case_that_cannot_be_waited_for_fails_the_select,
              a_case_whose_time_comes_is_polled_again);
    return test_suite_run(suite);
}

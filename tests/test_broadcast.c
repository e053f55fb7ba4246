/* SPDX-License-Identifier: MIT */
/*
 * <diesel/broadcast.h>: who gets what, in which order; readers that do not keep up;
 * coming, leaving and the end; memory, cancellation, select.
 */
#include <stdint.h>

#include "cancel_loop.h"
#include "fault_loop.h"
#include "test_util.h"

static diesel_broadcast *cast; /* of int */
static struct test_log order;

static void make(void)
{
    diesel_error err;
    assert_made(cast = diesel_broadcast_new(
                    &(diesel_broadcast_options){.item_size = sizeof(int)}, &err));
}

static diesel_broadcast_reader *join(size_t capacity, diesel_slow slow)
{
    diesel_error err;
    diesel_broadcast_reader *reader = diesel_broadcast_join(
        cast,
        &(diesel_broadcast_reader_options){.capacity = capacity, .slow = slow},
        &err);
    assert_made(reader);
    return reader;
}

static int put(int item, int64_t deadline, diesel_error *err)
{
    return diesel_broadcast_send(cast, &item, deadline, err);
}

static void must_put(int item)
{
    diesel_error err;
    assert_ok(put(item, DIESEL_NOW, &err));
}

static void get(diesel_broadcast_reader *reader, int want)
{
    diesel_error err;
    int item = -1;
    assert_ok(diesel_broadcast_recv(reader, &item, DIESEL_NOW, &err));
    ck_assert_int_eq(item, want);
}

/* There is none: TIMEDOUT, or LIMIT, or 0 for the end. */
static void get_none(diesel_broadcast_reader *reader, int want)
{
    diesel_error err;
    int item;
    test_error_wipe(&err);
    int got = diesel_broadcast_recv(reader, &item, DIESEL_NOW, &err);
    ck_assert_int_eq(got, want == 0 ? 0 : -1);
    if (want != 0)
        assert_error(want);
}

/* Runs the other fibers until they all wait. */
static void settle(void)
{
    diesel_error err;
    for (int i = 0; i < 10; i++)
        assert_ok(diesel_yield(&err));
}

/* --- Who gets what. */

FIBER_TEST(every_reader_gets_what_is_sent_from_its_joining_on)
{
    make();
    must_put(0); /* to nobody */
    diesel_broadcast_reader *a = join(0, 0);
    ck_assert_uint_eq(diesel_broadcast_readers(cast), 1);
    must_put(1);
    diesel_broadcast_reader *b = join(0, 0);
    ck_assert_uint_eq(diesel_broadcast_readers(cast), 2);
    must_put(2);
    must_put(3);
    for (int i = 1; i <= 3; i++)
        get(a, i);
    get_none(a, DIESEL_E_TIMEDOUT);
    diesel_broadcast_leave(a);
    ck_assert_uint_eq(diesel_broadcast_readers(cast), 1);
    must_put(4);
    for (int i = 2; i <= 4; i++)
        get(b, i);
    get_none(b, DIESEL_E_TIMEDOUT);
    diesel_broadcast_leave(b);
    diesel_broadcast_leave(NULL);
    diesel_broadcast_free(cast);
    diesel_broadcast_free(NULL);
    return 0;
}
END_TEST

struct hearing {
    diesel_broadcast_reader *reader;
    int heard, last;
    bool naps;
};

static int hear(void *arg)
{
    struct hearing *h = arg;
    diesel_error err;
    int item, got;
    while ((got = diesel_broadcast_recv(h->reader, &item, DIESEL_FOREVER,
                                        &err)) > 0) {
        ck_assert_uint_eq(diesel_broadcast_missed(h->reader), 0);
        h->last = item;
        h->heard++;
        if (h->naps && item % 3 == 0)
            assert_ok(diesel_yield(&err));
    }
    return got < 0 ? diesel_fail(&err) : 0;
}

enum { READERS = 7, SENDERS = 9, EACH = 50 };

static int next_item;

static int send_many(void *arg)
{
    diesel_error err;
    (void)arg;
    for (int i = 0; i < EACH; i++) {
        if (put(next_item++, DIESEL_FOREVER, &err) < 0)
            return diesel_fail(&err);
        if (i % 7 == 0)
            assert_ok(diesel_yield(&err));
    }
    return 0;
}

FIBER_TEST(readers_that_are_waited_for_all_get_everything)
{
    diesel_error err;
    struct hearing hearing[READERS];
    make();
    diesel_scope *readers = diesel_scope_open(NULL);
    for (int i = 0; i < READERS; i++) {
        hearing[i] = (struct hearing){
            join((size_t)i + 1, DIESEL_SLOW_BLOCK), 0, -1, i % 2 == 0};
        diesel_go(readers, hear, &hearing[i]);
    }
    diesel_scope *senders = diesel_scope_open(NULL);
    for (int i = 0; i < SENDERS; i++)
        diesel_go(senders, send_many, NULL);
    assert_ok(diesel_scope_wait(senders, &err));
    diesel_broadcast_close(cast);
    assert_ok(diesel_scope_wait(readers, &err));
    for (int i = 0; i < READERS; i++) {
        ck_assert_int_eq(hearing[i].heard, SENDERS * EACH);
        diesel_broadcast_leave(hearing[i].reader);
    }
    diesel_broadcast_free(cast);
    return 0;
}
END_TEST

static const struct {
    size_t item_size, capacity;
    int slow, code;
} bad[] = {
    {0, 1, 0, DIESEL_E_INVAL},
    {64 * 1024 + 1, 1, 0, DIESEL_E_INVAL},
    {8, 1, 4, DIESEL_E_INVAL},
    {8, 1, -1, DIESEL_E_INVAL},
    {8, SIZE_MAX, 0, DIESEL_E_NOMEM},
    {8, SIZE_MAX / 8, 0, DIESEL_E_NOMEM},
    {1, SIZE_MAX / 8 - 1, 0, DIESEL_E_NOMEM},
};

FIBER_TEST(what_is_impossible_is_an_error)
{
    diesel_error err;
    test_error_wipe(&err);
    cast = diesel_broadcast_new(
        &(diesel_broadcast_options){.item_size = bad[row].item_size}, &err);
    if (cast != NULL)
        ck_assert_ptr_null(diesel_broadcast_join(
            cast,
            &(diesel_broadcast_reader_options){
                .capacity = bad[row].capacity,
                .slow = (diesel_slow)bad[row].slow},
            &err));
    assert_error(bad[row].code);
    assert_fails_null(diesel_broadcast_new(NULL, &err), DIESEL_E_INVAL);
    diesel_broadcast_free(cast);
    return 0;
}
END_TEST

/* --- Readers that do not keep up. */

/* A program for one reader with room for 3: a digit is sent, '?' waits for one and notes
 * what came, with what was missed in brackets; '!' for LIMIT, '-' for none. */
static const struct {
    diesel_slow slow;
    const char *does, *notes;
} lags[] = {
    {DIESEL_SLOW_BLOCK, "123????", "123-"},
    {DIESEL_SLOW_BLOCK, "1234?4????", "1234-"}, /* the first 4 is not sent */
    {DIESEL_SLOW_DROP_OLDEST, "123????", "123-"},
    {DIESEL_SLOW_DROP_OLDEST, "123456????", "[3]456-"},
    {DIESEL_SLOW_DROP_OLDEST, "12345?6????", "[2]3456-"},
    {DIESEL_SLOW_DROP_OLDEST, "1234?567???", "[1]2[2]567"},
    {DIESEL_SLOW_DROP_NEWEST, "123456????", "123-"},
    {DIESEL_SLOW_DROP_NEWEST, "123456???7?8?", "123[3]78"},
    {DIESEL_SLOW_DROP_NEWEST, "1234?5678????", "123[1]5-"},
    {DIESEL_SLOW_DROP_NEWEST, "1234?5678???9?", "123[1]5[3]9"},
    {DIESEL_SLOW_FAIL, "123????", "123-"},
    {DIESEL_SLOW_FAIL, "1234????", "123[1]!"},
    {DIESEL_SLOW_FAIL, "12345?6???", "123[3]!"},
    {DIESEL_SLOW_FAIL, "12345?6???7?", "123[3]![4]!"},
};

static void note_recv(diesel_broadcast_reader *reader)
{
    diesel_error err;
    int item;
    uint64_t missed;
    int got = diesel_broadcast_recv(reader, &item, DIESEL_NOW, &err);
    bool cut = got < 0 && err.code == DIESEL_E_LIMIT;
    if ((got > 0 || cut) && (missed = diesel_broadcast_missed(reader)) > 0) {
        test_note(&order, '[');
        test_note(&order, (char)('0' + missed));
        test_note(&order, ']');
    }
    test_note(&order, cut ? '!' : got > 0 ? (char)('0' + item) : '-');
}

FIBER_TEST(the_policy_says_what_a_slow_reader_misses)
{
    make();
    diesel_broadcast_reader *reader = join(3, lags[row].slow);
    diesel_broadcast_reader *other = join(20, DIESEL_SLOW_BLOCK);
    for (const char *p = lags[row].does; *p != '\0'; p++) {
        if (*p == '?')
            note_recv(reader);
        else
            (void)!put(*p - '0', DIESEL_NOW, NULL);
    }
    ck_assert_str_eq(order.text, lags[row].notes);
    get(other, 1); /* another reader is not touched by it */
    get(other, 2);
    diesel_broadcast_leave(reader);
    diesel_broadcast_leave(other);
    diesel_broadcast_free(cast);
    return 0;
}
END_TEST

FIBER_TEST(with_room_for_one_the_newest_item_is_kept_and_the_gap_counted)
{
    make();
    diesel_broadcast_reader *reader = join(1, DIESEL_SLOW_DROP_OLDEST);
    for (int i = 0; i < 1000; i++)
        must_put(i);
    get(reader, 999);
    ck_assert_uint_eq(diesel_broadcast_missed(reader), 999);
    must_put(1000);
    get(reader, 1000);
    ck_assert_uint_eq(diesel_broadcast_missed(reader), 0);
    diesel_broadcast_leave(reader);
    diesel_broadcast_free(cast);
    return 0;
}
END_TEST

static int sender(void *arg)
{
    diesel_error err;
    const int *item = arg;
    if (put(*item, DIESEL_FOREVER, &err) < 0) {
        test_note(&order, err.code == DIESEL_E_CLOSED ? '!' : '~');
        return diesel_fail(&err);
    }
    test_note(&order, (char)('0' + *item));
    return 0;
}

static const int digits[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};

static void go_sender(diesel_scope *scope, int item)
{
    diesel_go(scope, sender, (void *)(uintptr_t)&digits[item]);
}

FIBER_TEST(senders_wait_for_the_slowest_and_are_served_in_order)
{
    diesel_error err;
    make();
    diesel_broadcast_reader *slow = join(1, DIESEL_SLOW_BLOCK);
    diesel_broadcast_reader *fast = join(9, DIESEL_SLOW_BLOCK);
    must_put(0);
    diesel_scope *scope = diesel_scope_open(NULL);
    for (int i = 1; i <= 3; i++)
        go_sender(scope, i);
    settle();
    ck_assert_str_eq(order.text, "");
    assert_fails(put(9, DIESEL_NOW, &err), DIESEL_E_TIMEDOUT);
    get(fast, 0);
    get_none(fast, DIESEL_E_TIMEDOUT); /* an item reaches all or none */
    get(slow, 0);
    settle();
    ck_assert_str_eq(order.text, "1");
    get(fast, 1);
    get_none(fast, DIESEL_E_TIMEDOUT);
    get(slow, 1);
    get(slow, 2);
    settle();
    ck_assert_str_eq(order.text, "123");
    get(fast, 2);
    get(fast, 3);
    get(slow, 3);
    must_put(4);
    assert_ok(diesel_scope_wait(scope, &err));
    diesel_broadcast_leave(slow);
    diesel_broadcast_leave(fast);
    diesel_broadcast_free(cast);
    return 0;
}
END_TEST

static const char ways_to_go[] = "sl";

FIBER_TEST(a_reader_that_goes_holds_up_nobody)
{
    diesel_error err;
    make();
    diesel_broadcast_reader *slow = join(1, DIESEL_SLOW_BLOCK);
    diesel_broadcast_reader *other = join(9, DIESEL_SLOW_BLOCK);
    must_put(0);
    diesel_scope *scope = diesel_scope_open(NULL);
    for (int i = 1; i <= 3; i++)
        go_sender(scope, i);
    settle();
    if (ways_to_go[row] == 's') {
        diesel_broadcast_stop(slow);
        get(slow, 0); /* what it had is still there */
        get_none(slow, 0);
    }
    diesel_broadcast_leave(slow);
    settle();
    ck_assert_str_eq(order.text, "123");
    for (int i = 0; i <= 3; i++)
        get(other, i);
    assert_ok(diesel_scope_wait(scope, &err));
    diesel_broadcast_leave(other);
    diesel_broadcast_free(cast);
    return 0;
}
END_TEST

FIBER_TEST(who_joins_while_a_sender_waits_gets_its_item)
{
    diesel_error err;
    make();
    diesel_broadcast_reader *slow = join(1, DIESEL_SLOW_BLOCK);
    must_put(0);
    diesel_scope *scope = diesel_scope_open(NULL);
    go_sender(scope, 1);
    settle();
    diesel_broadcast_reader *late = join(1, DIESEL_SLOW_BLOCK);
    get(slow, 0);
    get(slow, 1);
    get(late, 1);
    assert_ok(diesel_scope_wait(scope, &err));
    diesel_broadcast_leave(slow);
    diesel_broadcast_leave(late);
    diesel_broadcast_free(cast);
    return 0;
}
END_TEST

/* The first in the queue is cancelled, and has not left it when room comes. */
FIBER_TEST(a_cancelled_sender_is_passed_over_and_has_sent_to_nobody)
{
    diesel_error err;
    make();
    diesel_broadcast_reader *reader = join(1, DIESEL_SLOW_BLOCK);
    must_put(0);
    diesel_scope *second =
        diesel_scope_open(&(diesel_scope_options){.detached = true});
    diesel_scope *first = diesel_scope_open(NULL);
    go_sender(first, 1);
    settle();
    go_sender(second, 2);
    settle();
    diesel_scope_cancel(first);
    diesel_scope *shield =
        diesel_scope_open(&(diesel_scope_options){.shield = true});
    get(reader, 0);
    get(reader, 2);
    get_none(reader, DIESEL_E_TIMEDOUT);
    assert_ok(diesel_scope_wait(second, &err));
    assert_ok(diesel_scope_wait(shield, &err));
    assert_ok(diesel_scope_wait(first, &err));
    ck_assert_uint_eq(order.length, 2);
    assert_contains(order.text, "2");
    assert_contains(order.text, "~");
    diesel_broadcast_leave(reader);
    diesel_broadcast_free(cast);
    return 0;
}
END_TEST

/* --- Against a model: readers of the policies that never wait. */

enum { MODELS = 6, MOST = 5 };

struct model {
    diesel_broadcast_reader *reader;
    diesel_slow slow;
    size_t room, count;
    int items[MOST];
    uint64_t gaps[MOST], gap;
    bool cut;
};

static void model_send(struct model *m, int item)
{
    if (m->cut || (m->count == m->room && m->slow != DIESEL_SLOW_DROP_OLDEST)) {
        m->cut = m->slow == DIESEL_SLOW_FAIL;
        m->gap++;
        return;
    }
    if (m->count == m->room) {
        uint64_t lost = m->gaps[0] + 1;
        memmove(m->items, m->items + 1, --m->count * sizeof m->items[0]);
        memmove(m->gaps, m->gaps + 1, m->count * sizeof m->gaps[0]);
        *(m->count > 0 ? &m->gaps[0] : &m->gap) += lost;
    }
    m->items[m->count] = item;
    m->gaps[m->count++] = m->gap;
    m->gap = 0;
}

static void model_recv(struct model *m)
{
    if (m->count == 0) {
        get_none(m->reader, m->cut ? DIESEL_E_LIMIT : DIESEL_E_TIMEDOUT);
        return;
    }
    get(m->reader, m->items[0]);
    ck_assert_uint_eq(diesel_broadcast_missed(m->reader), m->gaps[0]);
    memmove(m->items, m->items + 1, --m->count * sizeof m->items[0]);
    memmove(m->gaps, m->gaps + 1, m->count * sizeof m->gaps[0]);
}

FIBER_TEST(any_course_of_things_is_that_of_a_simple_model)
{
    struct model models[MODELS];
    unsigned dice = 17;
    make();
    for (int i = 0; i < MODELS; i++) {
        models[i] = (struct model){.slow = (diesel_slow)(1 + i % 3),
                                   .room = 1 + (size_t)i % MOST};
        models[i].reader = join(models[i].room, models[i].slow);
    }
    for (int turn = 0; turn < 20000; turn++) {
        dice = dice * 1103515245u + 12345u;
        unsigned which = (dice >> 16) % (2 * MODELS);
        if (which < MODELS) {
            model_recv(&models[which]);
            continue;
        }
        must_put(turn);
        for (int i = 0; i < MODELS; i++)
            model_send(&models[i], turn);
        if (models[which % MODELS].cut) { /* it comes again */
            struct model *m = &models[which % MODELS];
            diesel_broadcast_leave(m->reader);
            *m = (struct model){.slow = m->slow, .room = m->room};
            m->reader = join(m->room, m->slow);
        }
    }
    for (int i = 0; i < MODELS; i++)
        diesel_broadcast_leave(models[i].reader);
    diesel_broadcast_free(cast);
    return 0;
}
END_TEST

/* --- The end. */

FIBER_TEST(closing_ends_senders_at_once_and_readers_after_their_queue)
{
    diesel_error err;
    struct hearing h = {.last = -1};
    make();
    diesel_broadcast_reader *full = join(1, DIESEL_SLOW_BLOCK);
    diesel_broadcast_reader *waiting = join(1, DIESEL_SLOW_BLOCK);
    h.reader = waiting;
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(scope, hear, &h);
    must_put(1);
    diesel_scope *failing = diesel_scope_open(NULL);
    go_sender(failing, 2);
    settle();
    diesel_broadcast_close(cast);
    diesel_broadcast_close(cast);
    assert_fails(diesel_scope_wait(failing, &err), DIESEL_E_CLOSED);
    assert_ok(diesel_scope_wait(scope, &err));
    ck_assert_int_eq(h.last, 1);
    assert_fails(put(3, DIESEL_NOW, &err), DIESEL_E_CLOSED);
    get(full, 1);
    get_none(full, 0);
    diesel_broadcast_reader *late = join(1, DIESEL_SLOW_BLOCK);
    get_none(late, 0);
    diesel_broadcast_free(cast); /* readers may be left over */
    get_none(full, 0);
    diesel_broadcast_leave(full);
    diesel_broadcast_leave(waiting);
    diesel_broadcast_leave(late);
    return 0;
}
END_TEST

FIBER_TEST(freeing_leaves_readers_what_they_have)
{
    make();
    diesel_broadcast_reader *reader = join(2, DIESEL_SLOW_BLOCK);
    must_put(1);
    must_put(2);
    diesel_broadcast_free(cast);
    get(reader, 1);
    get(reader, 2);
    get_none(reader, 0);
    diesel_broadcast_stop(reader);
    diesel_broadcast_leave(reader);
    return 0;
}
END_TEST

FIBER_TEST(leaving_ends_those_who_wait_for_an_item)
{
    diesel_error err;
    struct hearing h = {.last = -1};
    make();
    h.reader = join(1, DIESEL_SLOW_BLOCK);
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(scope, hear, &h);
    diesel_go(scope, hear, &h);
    settle();
    diesel_broadcast_leave(h.reader);
    assert_ok(diesel_scope_wait(scope, &err));
    ck_assert_int_eq(h.heard, 0);
    diesel_broadcast_free(cast);
    return 0;
}
END_TEST

/* --- Items that own something: a count for each. */

static int shares;

static void share(void *item)
{
    ++**(int **)item;
    shares++;
}

static void drop(void *item)
{
    --**(int **)item;
    shares--;
}

FIBER_TEST(every_copy_is_received_or_dropped)
{
    diesel_error err;
    int counts[20] = {0}, *item;
    assert_made(cast = diesel_broadcast_new(
                    &(diesel_broadcast_options){.item_size = sizeof item,
                                                .share = share,
                                                .drop = drop},
                    &err));
    diesel_broadcast_reader *readers[4];
    for (int i = 0; i < 4; i++)
        readers[i] = join(i == 0 ? 20 : 3, (diesel_slow)i);
    for (int i = 0; i < 20; i++) {
        item = &counts[i];
        assert_ok(diesel_broadcast_send(cast, &item, DIESEL_NOW, &err));
    }
    ck_assert_int_eq(shares, 20 + 3 + 3 + 3);
    ck_assert_int_eq(counts[0], 3);  /* those who keep the oldest, and all */
    ck_assert_int_eq(counts[19], 2); /* who keeps the newest, and all      */
    for (int i = 0; i < 4; i++) { /* one each is received, and so the caller's */
        ck_assert_int_eq(
            diesel_broadcast_recv(readers[i], &item, DIESEL_NOW, &err), 1);
        drop(&item);
    }
    for (int i = 0; i < 4; i++)
        diesel_broadcast_leave(readers[i]);
    diesel_broadcast_free(cast);
    ck_assert_int_eq(shares, 0);
    for (int i = 0; i < 20; i++)
        ck_assert_int_eq(counts[i], 0);
    return 0;
}
END_TEST

/* --- Cancellation, time and memory. */

FIBER_TEST(calls_check_for_cancellation_even_if_they_need_not_wait)
{
    diesel_error err;
    int item;
    make();
    diesel_broadcast_reader *reader = join(4, DIESEL_SLOW_BLOCK);
    must_put(1);
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_scope_cancel(scope);
    assert_fails(put(2, DIESEL_FOREVER, &err), DIESEL_E_CANCELLED);
    assert_fails(diesel_broadcast_recv(reader, &item, DIESEL_FOREVER, &err),
                 DIESEL_E_CANCELLED);
    assert_ok(diesel_scope_wait(scope, &err));
    get(reader, 1);
    get_none(reader, DIESEL_E_TIMEDOUT);
    diesel_broadcast_leave(reader);
    diesel_broadcast_free(cast);
    return 0;
}
END_TEST

FIBER_TEST(a_deadline_ends_waiting_and_moves_nothing)
{
    diesel_error err;
    int item = -1;
    make();
    diesel_broadcast_reader *reader = join(1, DIESEL_SLOW_BLOCK);
    assert_fails(diesel_broadcast_recv(reader, &item, diesel_now() + 2, &err),
                 DIESEL_E_TIMEDOUT);
    assert_contains(err.message, "an item of a broadcast");
    must_put(1);
    assert_fails(put(2, diesel_now() + 2, &err), DIESEL_E_TIMEDOUT);
    assert_contains(err.message, "room in a broadcast");
    get(reader, 1);
    get_none(reader, DIESEL_E_TIMEDOUT);
    diesel_broadcast_leave(reader);
    diesel_broadcast_free(cast);
    return 0;
}
END_TEST

/* The item comes in the round in which the receiver is cancelled. */
FIBER_TEST(a_cancelled_receiver_loses_nothing_for_the_reader)
{
    diesel_error err;
    struct hearing h = {.last = -1};
    make();
    h.reader = join(1, DIESEL_SLOW_BLOCK);
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(scope, hear, &h);
    settle();
    diesel_scope_cancel(scope);
    diesel_scope *shield =
        diesel_scope_open(&(diesel_scope_options){.shield = true});
    must_put(5);
    assert_ok(diesel_scope_wait(shield, &err));
    assert_ok(diesel_scope_wait(scope, &err));
    ck_assert_int_eq(h.heard, 0);
    get(h.reader, 5);
    diesel_broadcast_leave(h.reader);
    diesel_broadcast_free(cast);
    return 0;
}
END_TEST

static int feeds(void *arg)
{
    diesel_error err;
    int result = 0;
    for (int i = 0; i < 9 && result == 0; i++)
        result = diesel_broadcast_send(arg, &i, DIESEL_FOREVER, &err);
    if (result == 0)
        diesel_broadcast_close(arg);
    return result < 0 ? diesel_fail(&err) : 0;
}

static int drinks(void *arg)
{
    diesel_error err;
    int item, got;
    while ((got = diesel_broadcast_recv(arg, &item, DIESEL_FOREVER, &err)) > 0 ||
           (got < 0 && err.code == DIESEL_E_LIMIT))
        if (got < 0 || diesel_yield(&err) < 0)
            break;
    return got < 0 && err.code != DIESEL_E_LIMIT ? diesel_fail(&err) : 0;
}

static int scenario(void *arg)
{
    diesel_error err;
    diesel_broadcast_reader *readers[4] = {NULL};
    (void)arg;
    diesel_broadcast *b = diesel_broadcast_new(
        &(diesel_broadcast_options){.item_size = sizeof(int)}, &err);
    int result = b != NULL ? 0 : -1;
    for (int i = 0; i < 4 && result == 0; i++) {
        readers[i] = diesel_broadcast_join(
            b,
            &(diesel_broadcast_reader_options){.capacity = 2,
                                               .slow = (diesel_slow)i},
            &err);
        result = readers[i] != NULL ? 0 : -1;
    }
    if (result == 0) {
        diesel_scope *scope = diesel_scope_open(NULL);
        for (int i = 0; i < 4; i++)
            diesel_go(scope, drinks, readers[i]);
        diesel_go(scope, feeds, b);
        result = diesel_scope_wait(scope, &err);
    }
    for (int i = 0; i < 2; i++) /* some leave before it is freed, some after */
        diesel_broadcast_leave(readers[i]);
    diesel_broadcast_free(b);
    for (int i = 2; i < 4; i++)
        diesel_broadcast_leave(readers[i]);
    return result < 0 ? diesel_fail(&err) : 0;
}

START_TEST(any_failed_allocation_ends_well)
{
    ck_assert_int_gt(fault_loop_memory(scenario, NULL, 0), 5);
}
END_TEST

START_TEST(a_cancellation_at_any_turn_ends_well)
{
    ck_assert_int_gt(cancel_loop(scenario, NULL), 4);
}
END_TEST

/* --- In a select. */

static int which, result_of;

struct select_args {
    diesel_broadcast_reader *reader;
    diesel_channel *channel;
};

static int select_one(void *arg)
{
    struct select_args *args = arg;
    diesel_error err;
    static int item, other;
    diesel_case cases[] = {diesel_case_broadcast_recv(args->reader, &item),
                           diesel_case_recv(args->channel, &other)};
    which = diesel_select(cases, 2, DIESEL_FOREVER, &err);
    if (which < 0)
        return diesel_fail(&err);
    result_of = cases[which].result;
    test_note(&order, (char)('0' + item));
    return 0;
}

static const char receptions[] = "icxo";

FIBER_TEST(a_select_receives_or_leaves_no_trace)
{
    diesel_error err;
    int one = 1;
    make();
    struct select_args args = {.reader = join(2, DIESEL_SLOW_BLOCK)};
    assert_made(args.channel = diesel_channel_new(sizeof(int), 1, &err));
    which = result_of = -2;
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(scope, select_one, &args);
    settle();
    diesel_scope *shield =
        diesel_scope_open(&(diesel_scope_options){.shield = true});
    switch (receptions[row]) {
    case 'i': /* an item */
        must_put(7);
        settle();
        ck_assert_int_eq(which, 0);
        ck_assert_int_eq(result_of, 1);
        ck_assert_str_eq(order.text, "7");
        get_none(args.reader, DIESEL_E_TIMEDOUT);
        break;
    case 'c': /* the end */
        diesel_broadcast_close(cast);
        settle();
        ck_assert_int_eq(which, 0);
        ck_assert_int_eq(result_of, 0);
        break;
    case 'x': /* cancelled in the round in which an item comes */
        diesel_scope_cancel(scope);
        must_put(7);
        settle();
        ck_assert_int_eq(which, -1);
        get(args.reader, 7);
        break;
    case 'o': /* another case happens first */
        assert_ok(diesel_channel_send(args.channel, &one, DIESEL_NOW, &err));
        must_put(7);
        settle();
        ck_assert_int_eq(which, 1);
        get(args.reader, 7);
        break;
    }
    assert_ok(diesel_scope_wait(shield, &err));
    assert_ok(diesel_scope_wait(scope, &err));
    diesel_channel_free(args.channel);
    diesel_broadcast_leave(args.reader);
    diesel_broadcast_free(cast);
    return 0;
}
END_TEST

FIBER_TEST(a_select_tells_a_reader_that_it_was_cut_off)
{
    diesel_error err;
    int item = -1;
    make();
    diesel_broadcast_reader *reader = join(1, DIESEL_SLOW_FAIL);
    must_put(1);
    must_put(2);
    diesel_case c = diesel_case_broadcast_recv(reader, &item);
    ck_assert_int_eq(diesel_select(&c, 1, DIESEL_FOREVER, &err), 0);
    ck_assert_int_eq(c.result, 1);
    ck_assert_int_eq(item, 1);
    ck_assert_int_eq(diesel_select(&c, 1, DIESEL_FOREVER, &err), 0);
    ck_assert_int_eq(c.result, -1);
    diesel_broadcast_leave(reader);
    diesel_broadcast_free(cast);
    return 0;
}
END_TEST

static int select_send(void *arg)
{
    diesel_error err;
    diesel_channel *channel = arg;
    static const int item = 8;
    int other;
    diesel_case cases[] = {diesel_case_broadcast_send(cast, &item),
                           diesel_case_recv(channel, &other)};
    which = diesel_select(cases, 2, DIESEL_FOREVER, &err);
    if (which < 0)
        return diesel_fail(&err);
    result_of = cases[which].result;
    return 0;
}

static const char sendings[] = "nrcxo";

FIBER_TEST(a_select_sends_to_all_or_to_nobody)
{
    diesel_error err;
    int one = 1;
    make();
    diesel_channel *channel;
    assert_made(channel = diesel_channel_new(sizeof(int), 1, &err));
    diesel_broadcast_reader *reader = join(1, DIESEL_SLOW_BLOCK);
    diesel_broadcast_reader *wide = join(9, DIESEL_SLOW_BLOCK);
    if (sendings[row] != 'n')
        must_put(0);
    which = result_of = -2;
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(scope, select_send, channel);
    settle();
    diesel_scope *shield =
        diesel_scope_open(&(diesel_scope_options){.shield = true});
    bool sent = false;
    switch (sendings[row]) {
    case 'n': /* there is room: now */
        sent = true;
        break;
    case 'r': /* room comes */
        ck_assert_int_eq(which, -2);
        get(reader, 0);
        sent = true;
        break;
    case 'c': /* the end */
        diesel_broadcast_close(cast);
        settle();
        ck_assert_int_eq(which, 0);
        ck_assert_int_eq(result_of, -1);
        break;
    case 'x': /* cancelled in the round in which room comes */
        diesel_scope_cancel(scope);
        get(reader, 0);
        settle();
        ck_assert_int_eq(which, -1);
        break;
    case 'o': /* another case happens first */
        assert_ok(diesel_channel_send(channel, &one, DIESEL_NOW, &err));
        get(reader, 0);
        settle();
        ck_assert_int_eq(which, 1);
        break;
    }
    settle();
    if (sendings[row] != 'n')
        get(wide, 0);
    if (sent) {
        ck_assert_int_eq(which, 0);
        ck_assert_int_eq(result_of, 0);
        get(reader, 8);
        get(wide, 8);
    }
    get_none(wide, sendings[row] == 'c' ? 0 : DIESEL_E_TIMEDOUT);
    assert_ok(diesel_scope_wait(shield, &err));
    assert_ok(diesel_scope_wait(scope, &err));
    diesel_channel_free(channel);
    diesel_broadcast_leave(reader);
    diesel_broadcast_leave(wide);
    diesel_broadcast_free(cast);
    return 0;
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("broadcast");
    test_case(suite, "all", every_reader_gets_what_is_sent_from_its_joining_on,
              readers_that_are_waited_for_all_get_everything,
              every_copy_is_received_or_dropped);
    test_case_rows(suite, "impossible", what_is_impossible_is_an_error,
                   TEST_COUNT(bad));
    test_case_rows(suite, "policies", the_policy_says_what_a_slow_reader_misses,
                   TEST_COUNT(lags));
    test_case(suite, "slow",
              with_room_for_one_the_newest_item_is_kept_and_the_gap_counted,
              senders_wait_for_the_slowest_and_are_served_in_order,
              who_joins_while_a_sender_waits_gets_its_item,
              any_course_of_things_is_that_of_a_simple_model);
    test_case_rows(suite, "going", a_reader_that_goes_holds_up_nobody,
                   sizeof ways_to_go - 1);
    test_case(suite, "end",
              closing_ends_senders_at_once_and_readers_after_their_queue,
              freeing_leaves_readers_what_they_have,
              leaving_ends_those_who_wait_for_an_item);
    test_case(suite, "cancel",
              a_cancelled_sender_is_passed_over_and_has_sent_to_nobody,
              calls_check_for_cancellation_even_if_they_need_not_wait,
              a_deadline_ends_waiting_and_moves_nothing,
              a_cancelled_receiver_loses_nothing_for_the_reader,
              any_failed_allocation_ends_well,
              a_cancellation_at_any_turn_ends_well);
    test_case_rows(suite, "select receives", a_select_receives_or_leaves_no_trace,
                   sizeof receptions - 1);
    test_case_rows(suite, "select sends", a_select_sends_to_all_or_to_nobody,
                   sizeof sendings - 1);
    test_case(suite, "select", a_select_tells_a_reader_that_it_was_cut_off);
    return test_suite_run(suite);
}

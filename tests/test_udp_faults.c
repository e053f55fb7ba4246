/* SPDX-License-Identifier: MIT */
/*
 * UDP sockets where calls fail, find no room, are interrupted, or come after the
 * socket has been closed.
 */
#include <errno.h>
#include <net/if.h>

#include "cancel_loop.h"
#include "core/udp_internal.h"
#include "fault_loop.h"

static const struct {
    const char *host, *group;
} families[] = {{"127.0.0.1", "239.255.7.7"}, {"::1", "ff12::7:7"}};

/* Two sockets that send to each other what fits into the kernel's buffers. */
struct pair {
    diesel_udp *a, *b;
    diesel_address at_a, at_b;
};

static int open_pair(struct pair *pair, const char *host, diesel_error *err)
{
    const diesel_udp_options options = {.broadcast = true,
                                        .reuse_address = true,
                                        .reuse_port = true,
                                        .v6_only = true,
                                        .ttl = 3,
                                        .receive_buffer = 65536,
                                        .send_buffer = 65536};
    *pair = (struct pair){NULL, NULL, {.size = 0}, {.size = 0}};
    pair->a = diesel_udp_open(host, 0, &options, err);
    if (pair->a == NULL || diesel_udp_local(pair->a, &pair->at_a, err) < 0)
        return -1;
    pair->b = diesel_udp_open(host, 0, NULL, err);
    if (pair->b == NULL || diesel_udp_local(pair->b, &pair->at_b, err) < 0)
        return -1;
    return 0;
}

static void close_pair(struct pair *pair)
{
    diesel_udp_close(pair->a);
    diesel_udp_close(pair->b);
}

/* By interface "lo", which this test needs. */
static int use_group(diesel_udp *udp, const char *text, diesel_error *err)
{
    diesel_address group;
    unsigned lo = if_nametoindex("lo");
    if (diesel_address_parse(text, 1, &group, err) < 0 ||
        diesel_udp_multicast(udp, lo, 2, false, err) < 0 ||
        diesel_udp_join(udp, &group, lo, err) < 0)
        return -1;
    return diesel_udp_leave(udp, &group, lo, err);
}

static int talk(struct pair *pair, diesel_error *err)
{
    char room[3][8];
    diesel_datagram sent[3], got[3];
    size_t have = 0;
    memset(sent, 0, sizeof sent);
    memset(got, 0, sizeof got);
    for (int i = 0; i < 3; i++) {
        sent[i].data = (char *)(uintptr_t)"batch";
        sent[i].size = 5;
        got[i].data = room[i];
        got[i].size = sizeof room[i];
    }
    if (diesel_udp_connect(pair->a, &pair->at_b, err) < 0 ||
        diesel_udp_send(pair->a, "one", 3, NULL, DIESEL_FOREVER, err) < 0 ||
        diesel_udp_recv(pair->b, room[0], 8, NULL, DIESEL_FOREVER, err) != 3)
        return -1;
    ck_assert_mem_eq(room[0], "one", 3);
    if (diesel_udp_send_batch(pair->a, sent, 3, DIESEL_FOREVER, err) != 3)
        return -1;
    while (have < 3) {
        ssize_t n = diesel_udp_recv_batch(pair->b, got, 3 - have,
                                          DIESEL_FOREVER, err);
        if (n < 0)
            return -1;
        for (ssize_t i = 0; i < n; i++)
            ck_assert_uint_eq(got[i].length, 5);
        have += (size_t)n;
    }
    return 0;
}

static int exchange(void *arg)
{
    int row = *(int *)arg;
    diesel_error err;
    struct pair pair;
    diesel_error_set(&err, DIESEL_E_IO, DIESEL_DOM_CORE, 0, "a part was sent");
    int result = open_pair(&pair, families[row].host, &err);
    if (result == 0)
        result = use_group(pair.a, families[row].group, &err);
    if (result == 0)
        result = talk(&pair, &err);
    close_pair(&pair);
    return result < 0 ? diesel_fail(&err) : 0;
}

START_TEST(any_system_call_may_fail)
{
    static const enum faulty_kind kinds[] = {
        FAULTY_socket,  FAULTY_setsockopt, FAULTY_bind,     FAULTY_connect,
        FAULTY_sendmsg, FAULTY_recvmsg,    FAULTY_recvmmsg, FAULTY_sendmmsg,
        FAULTY_close};
    for (size_t i = 0; i < TEST_COUNT(kinds); i++)
        ck_assert_int_gt(fault_loop_sys(exchange, &_i, kinds[i], EIO), 0);
    fault_loop_sys(exchange, &_i, FAULTY_ANY, ENOMEM);
}
END_TEST

START_TEST(any_allocation_may_fail)
{
    ck_assert_int_gt(fault_loop_memory(exchange, &_i, 0), 4);
}
END_TEST

START_TEST(interrupted_calls_are_made_again_and_batches_may_come_in_parts)
{
    fault_loop_short(exchange, &_i, 1000);
}
END_TEST

START_TEST(it_may_be_cancelled_at_any_turn)
{
    cancel_loop(exchange, &_i);
}
END_TEST

/* --- A kernel that has no room for a datagram. */

static int send_one(struct pair *pair, bool batch, int64_t deadline,
                    diesel_error *err)
{
    char text[] = "x";
    diesel_datagram one = {.data = text, .size = 1, .address = pair->at_b};
    if (batch)
        return diesel_udp_send_batch(pair->a, &one, 1, deadline, err) < 0 ? -1 : 0;
    return diesel_udp_send(pair->a, text, 1, &pair->at_b, deadline, err);
}

static void fill_kernel(int batch)
{
    faulty_sys_reset();
    faulty_sys_fail(batch ? FAULTY_sendmmsg : FAULTY_sendmsg, 1, EAGAIN);
}

FIBER_TEST(who_finds_no_room_waits_for_it)
{
    diesel_error err;
    struct pair pair;
    char got;
    assert_ok(open_pair(&pair, "127.0.0.1", &err));
    fill_kernel(row);
    assert_ok(send_one(&pair, row, DIESEL_FOREVER, &err));
    ck_assert_int_eq(faulty_sys_calls(row ? FAULTY_sendmmsg : FAULTY_sendmsg), 2);
    ck_assert_int_eq(
        diesel_udp_recv(pair.b, &got, 1, NULL, DIESEL_FOREVER, &err), 1);
    fill_kernel(row);
    assert_fails(send_one(&pair, row, DIESEL_NOW, &err), DIESEL_E_TIMEDOUT);
    close_pair(&pair);
    return 0;
}
END_TEST

struct call {
    struct pair *pair;
    int row, code;
};

static int send_in_fiber(void *arg)
{
    struct call *call = arg;
    diesel_error err;
    int result = send_one(call->pair, call->row, DIESEL_FOREVER, &err);
    call->code = result < 0 ? err.code : 0;
    return 0;
}

FIBER_TEST(who_waits_for_room_is_told_of_the_close)
{
    diesel_error err;
    struct pair pair;
    struct call calls[2] = {{&pair, row, -1}, {&pair, row, -1}};
    assert_ok(open_pair(&pair, "127.0.0.1", &err));
    faulty_sys_reset();
    faulty_sys_fail_from(row ? FAULTY_sendmmsg : FAULTY_sendmsg, 1, EAGAIN);
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(scope, send_in_fiber, &calls[0]);
    diesel_go(scope, send_in_fiber, &calls[1]);
    assert_ok(diesel_yield(&err));
    diesel_udp_close(pair.a);
    assert_ok(diesel_scope_wait(scope, &err));
    ck_assert_int_eq(calls[0].code, DIESEL_E_CLOSED);
    ck_assert_int_eq(calls[1].code, DIESEL_E_CLOSED);
    diesel_udp_close(pair.b);
    return 0;
}
END_TEST

/* --- Calls while a fiber is still in a socket that has been closed. */

static int receive_in_fiber(void *arg)
{
    struct call *call = arg;
    diesel_error err;
    char c;
    ssize_t got =
        diesel_udp_recv(call->pair->a, &c, 1, NULL, DIESEL_FOREVER, &err);
    call->code = got < 0 ? err.code : 0;
    return 0;
}

FIBER_TEST(calls_on_a_closed_socket_say_so)
{
    diesel_error err;
    struct pair pair;
    struct call call = {&pair, 0, -1};
    diesel_address any;
    char c;
    assert_ok(open_pair(&pair, "127.0.0.1", &err));
    diesel_udp *a = pair.a;
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(scope, receive_in_fiber, &call);
    assert_ok(diesel_yield(&err));
    diesel_udp_close(a);
    diesel_udp_close(a); /* nothing more happens */
    assert_fails(send_one(&pair, false, DIESEL_FOREVER, &err), DIESEL_E_CLOSED);
    assert_fails(send_one(&pair, true, DIESEL_FOREVER, &err), DIESEL_E_CLOSED);
    assert_fails(diesel_udp_recv(a, &c, 1, NULL, DIESEL_NOW, &err),
                 DIESEL_E_CLOSED);
    assert_fails(diesel_udp_connect(a, &pair.at_b, &err), DIESEL_E_CLOSED);
    assert_fails(diesel_udp_join(a, &pair.at_b, 0, &err), DIESEL_E_CLOSED);
    assert_fails(diesel_udp_multicast(a, 0, 1, true, &err), DIESEL_E_CLOSED);
    assert_fails(diesel_udp_local(a, &any, &err), DIESEL_E_CLOSED);
    assert_contains(err.message, "has been closed");
    assert_ok(diesel_scope_wait(scope, &err));
    ck_assert_int_eq(call.code, DIESEL_E_CLOSED);
    diesel_udp_close(pair.b);
    return 0;
}
END_TEST

FIBER_TEST(a_receiver_that_was_cancelled_is_passed_over)
{
    diesel_error err;
    struct pair pair;
    struct call calls[3] = {{&pair, 0, -1}, {&pair, 0, -1}, {&pair, 0, -1}};
    diesel_scope *scopes[3];
    assert_ok(open_pair(&pair, "127.0.0.1", &err));
    diesel_scope *all = diesel_scope_open(NULL);
    for (int i = 0; i < 3; i++) {
        assert_ok(diesel_yield(&err));
        scopes[i] =
            diesel_scope_open(&(diesel_scope_options){.detached = true});
        diesel_go(scopes[i], receive_in_fiber, &calls[i]);
    }
    assert_ok(diesel_yield(&err));
    for (int i = 0; i < 2; i++)
        assert_ok(diesel_udp_send(pair.b, "x", 1, &pair.at_a, DIESEL_FOREVER,
                                  &err));
    while (!pair.a->readable) /* then the first has been woken, and not run */
        assert_ok(diesel_yield(&err));
    diesel_scope_cancel(scopes[1]);
    assert_ok(diesel_scope_wait(scopes[0], &err));
    assert_ok(diesel_scope_wait(scopes[2], &err));
    (void)diesel_scope_wait(scopes[1], &err);
    ck_assert_int_eq(calls[0].code, 0);
    ck_assert_int_eq(calls[1].code, DIESEL_E_CANCELLED);
    ck_assert_int_eq(calls[2].code, 0);
    assert_ok(diesel_scope_wait(all, &err));
    close_pair(&pair);
    return 0;
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("udp_faults");
    test_case_rows(suite, "calls", any_system_call_may_fail,
                   TEST_COUNT(families));
    test_case_rows(suite, "memory", any_allocation_may_fail,
                   TEST_COUNT(families));
    test_case_rows(suite, "short",
                   interrupted_calls_are_made_again_and_batches_may_come_in_parts,
                   TEST_COUNT(families));
    test_case_rows(suite, "cancellation", it_may_be_cancelled_at_any_turn,
                   TEST_COUNT(families));
    test_case_rows(suite, "room", who_finds_no_room_waits_for_it, 2);
    test_case_rows(suite, "close", who_waits_for_room_is_told_of_the_close, 2);
    test_case(suite, "closed", calls_on_a_closed_socket_say_so,
              a_receiver_that_was_cancelled_is_passed_over);
    return test_suite_run(suite);
}

/* SPDX-License-Identifier: MIT */
/*
 * <diesel/udp.h> and <diesel/address.h>. Needs the loopback interface only.
 */
#include <errno.h>
#include <net/if.h>
#include <stdint.h>

#include "test_util.h"

/* --- Addresses, from text and back. */

static const struct {
    const char *text, *shown; /* NULL: it is none */
} addresses[] = {
    {"127.0.0.1", "127.0.0.1:53"},
    {"::", "[::]:53"},
    {"2001:DB8::1", "[2001:db8::1]:53"},
    {"fe80::1%lo", "[fe80::1%lo]:53"},
    {"fe80::1%1", "[fe80::1%lo]:53"},
    {"::ffff:192.0.2.1", "[::ffff:192.0.2.1]:53"},
    {"fe80::1%no-such-zone", NULL},
    {"fe80::1%", NULL},
    {"127.0.0.1%lo", NULL},
    {"[::1]", NULL},
    {"127.1", NULL},
    {"localhost", NULL},
    {"", NULL},
    {"1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb:cccc", NULL},
};

START_TEST(addresses_are_numeric)
{
    diesel_error err;
    diesel_address address;
    char text[DIESEL_ADDRESS_TEXT];
    if (addresses[_i].shown == NULL) {
        assert_fails(diesel_address_parse(addresses[_i].text, 53, &address, &err),
                     DIESEL_E_INVAL);
        ck_assert_uint_eq(address.size, 0);
        ck_assert_str_eq(diesel_address_text(&address, text, sizeof text),
                         "unnamed");
        return;
    }
    assert_ok(diesel_address_parse(addresses[_i].text, 53, &address, &err));
    ck_assert_str_eq(diesel_address_text(&address, text, sizeof text),
                     addresses[_i].shown);
    ck_assert_uint_eq(diesel_address_port(&address), 53);
    diesel_address_set_port(&address, 65535);
    ck_assert_uint_eq(diesel_address_port(&address), 65535);
    ck_assert_str_eq(diesel_address_text(&address, text, 4)[3] == '\0' ? "cut" : "",
                     "cut");
}
END_TEST

static diesel_address of_path(const char *path, size_t n)
{
    diesel_address address;
    memset(&address, 0, sizeof address);
    address.un.sun_family = AF_UNIX;
    memcpy(address.un.sun_path, path, n);
    address.size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n);
    return address;
}

START_TEST(paths_are_addresses)
{
    char text[DIESEL_ADDRESS_TEXT];
    diesel_address file = of_path("/run/x", 7), abstract = of_path("\0name", 5),
                   unnamed = of_path("", 0);
    ck_assert_str_eq(diesel_address_text(&file, text, sizeof text), "/run/x");
    ck_assert_str_eq(diesel_address_text(&abstract, text, sizeof text), "@name");
    ck_assert_str_eq(diesel_address_text(&unnamed, text, sizeof text), "unnamed");
    diesel_address_set_port(&file, 1);
    ck_assert_uint_eq(diesel_address_port(&file), 0);
    ck_assert(diesel_address_is_same_host(&file, &file));
    ck_assert(!diesel_address_is_same_host(&file, &abstract));
}
END_TEST

static const struct {
    const char *a, *b;
    bool same;
} pairs[] = {
    {"127.0.0.1", "127.0.0.1", true},     {"127.0.0.1", "127.0.0.2", false},
    {"::ffff:127.0.0.1", "127.0.0.1", true}, {"::1", "127.0.0.1", false},
    {"::1", "::1", true},                 {"::1", "::2", false},
    {"fe80::1%1", "fe80::1", false},
};

START_TEST(hosts_are_compared)
{
    diesel_error err;
    diesel_address a, b, none = {.size = 0};
    assert_ok(diesel_address_parse(pairs[_i].a, 1, &a, &err));
    assert_ok(diesel_address_parse(pairs[_i].b, 2, &b, &err));
    ck_assert(diesel_address_is_same_host(&a, &b) == pairs[_i].same);
    ck_assert(diesel_address_is_same_host(&b, &a) == pairs[_i].same);
    ck_assert(!diesel_address_is_same_host(&a, &none));
    ck_assert(diesel_address_is_same_host(&none, &none));
}
END_TEST

/* --- Datagrams. */

static diesel_address address_of(const diesel_udp *udp)
{
    diesel_error err;
    diesel_address address;
    assert_ok(diesel_udp_local(udp, &address, &err));
    ck_assert_uint_ne(diesel_address_port(&address), 0);
    return address;
}

static diesel_udp *open_at(const char *where, const diesel_udp_options *options)
{
    diesel_error err;
    diesel_udp *udp = diesel_udp_open(where, 0, options, &err);
    assert_made(udp);
    return udp;
}

static bool has_ipv6(void)
{
    diesel_udp *udp = diesel_udp_open("::1", 0, NULL, NULL);
    diesel_udp_close(udp);
    return udp != NULL;
}

static void send_to(diesel_udp *udp, const char *text, const diesel_address *to)
{
    diesel_error err;
    assert_ok(diesel_udp_send(udp, text, strlen(text), to, DIESEL_FOREVER, &err));
}

static void expect(diesel_udp *udp, const char *text, diesel_address *from)
{
    diesel_error err;
    char buf[100];
    ssize_t got =
        diesel_udp_recv(udp, buf, sizeof buf - 1, from, DIESEL_FOREVER, &err);
    assert_ok(got);
    buf[got] = '\0';
    ck_assert_str_eq(buf, text);
}

static const char *const families[] = {"127.0.0.1", "::1"};

FIBER_TEST(a_datagram_comes_from_its_sender)
{
    if (row == 1 && !has_ipv6())
        return 0;
    diesel_udp *a = open_at(families[row], NULL), *b = open_at(families[row], NULL);
    diesel_address at_a = address_of(a), at_b = address_of(b), from;
    send_to(a, "question", &at_b);
    send_to(a, "", &at_b);
    expect(b, "question", &from);
    ck_assert_uint_eq(from.size, at_a.size);
    ck_assert_mem_eq(&from.any, &at_a.any, from.size);
    expect(b, "", NULL);
    send_to(b, "answer", &from);
    expect(a, "answer", &from);
    ck_assert_mem_eq(&from.any, &at_b.any, from.size);
    diesel_udp_close(a);
    diesel_udp_close(b);
    diesel_udp_close(NULL);
    return 0;
}
END_TEST

FIBER_TEST(a_connected_socket_hears_its_peer_only)
{
    diesel_error err;
    char c;
    diesel_udp *a = open_at("127.0.0.1", NULL), *b = open_at("127.0.0.1", NULL),
               *other = open_at("127.0.0.1", NULL);
    diesel_address at_a = address_of(a), at_b = address_of(b);
    assert_ok(diesel_udp_connect(a, &at_b, &err));
    send_to(other, "noise", &at_a);
    send_to(b, "signal", &at_a);
    expect(a, "signal", NULL);
    send_to(a, "to the peer", NULL);
    expect(b, "to the peer", NULL);
    diesel_udp_close(b);
    send_to(a, "to nobody", NULL);
    assert_fails(diesel_udp_recv(a, &c, 1, NULL, DIESEL_FOREVER, &err),
                 DIESEL_E_REFUSED);
    diesel_udp_close(a);
    diesel_udp_close(other);
    return 0;
}
END_TEST

FIBER_TEST(a_datagram_longer_than_its_room_says_so)
{
    diesel_error err;
    char buf[4];
    diesel_udp *a = open_at("127.0.0.1", NULL);
    diesel_address at_a = address_of(a);
    send_to(a, "0123456789", &at_a);
    send_to(a, "next", &at_a);
    ck_assert_int_eq(diesel_udp_recv(a, buf, 4, NULL, DIESEL_FOREVER, &err), 10);
    ck_assert_mem_eq(buf, "0123", 4);
    ck_assert_int_eq(diesel_udp_recv(a, buf, 4, NULL, DIESEL_FOREVER, &err), 4);
    diesel_udp_close(a);
    return 0;
}
END_TEST

FIBER_TEST(what_cannot_be_sent_is_an_error)
{
    static char large[70000];
    diesel_error err;
    diesel_address nobody, v6;
    diesel_udp *a = open_at("127.0.0.1", NULL);
    diesel_address at_a = address_of(a);
    assert_fails(diesel_udp_send(a, large, sizeof large, &at_a, DIESEL_FOREVER,
                                 &err), DIESEL_E_LIMIT);
    assert_fails(diesel_udp_send(a, "x", 1, NULL, DIESEL_FOREVER, &err),
                 DIESEL_E_IO);
    assert_ok(diesel_address_parse("255.255.255.255", 9, &nobody, &err));
    assert_fails(diesel_udp_send(a, "x", 1, &nobody, DIESEL_FOREVER, &err),
                 DIESEL_E_IO); /* broadcasting was not asked for */
    assert_contains(err.message, "udp 127.0.0.1:");
    assert_ok(diesel_address_parse("::1", 9, &v6, &err));
    ck_assert_int_eq(diesel_udp_connect(a, &v6, &err), -1);
    assert_contains(err.message, "[::1]:9");
    diesel_udp_close(a);
    return 0;
}
END_TEST

FIBER_TEST(opening_names_what_is_wrong)
{
    diesel_error err;
    int before = test_open_fds();
    diesel_udp *a = open_at("127.0.0.1", NULL);
    uint16_t port = ntohs(address_of(a).v4.sin_port);
    assert_fails_null(diesel_udp_open("127.0.0.1", port, NULL, &err),
                      DIESEL_E_BUSY);
    assert_contains(err.message, "127.0.0.1:");
    assert_fails_null(diesel_udp_open("localhost", 0, NULL, &err), DIESEL_E_INVAL);
    assert_fails_null(diesel_udp_open("127.0.0.1", 0,
                                      &(diesel_udp_options){.ttl = 1000}, &err),
                      DIESEL_E_INVAL);
    diesel_udp_close(a);
    ck_assert_int_eq(test_open_fds(), before);
    return 0;
}
END_TEST

FIBER_TEST(options_are_set)
{
    diesel_error err;
    int value;
    socklen_t size = sizeof value;
    const diesel_udp_options options = {.broadcast = true,
                                        .reuse_port = true,
                                        .reuse_address = true,
                                        .ttl = 7,
                                        .receive_buffer = 100000,
                                        .send_buffer = 50000};
    diesel_udp *a = open_at("127.0.0.1", &options);
    getsockopt(diesel_udp_fd(a), IPPROTO_IP, IP_TTL, &value, &size);
    ck_assert_int_eq(value, 7);
    getsockopt(diesel_udp_fd(a), SOL_SOCKET, SO_BROADCAST, &value, &size);
    ck_assert_int_eq(value, 1);
    getsockopt(diesel_udp_fd(a), SOL_SOCKET, SO_RCVBUF, &value, &size);
    ck_assert_int_ge(value, 100000);
    diesel_udp *b = diesel_udp_open("127.0.0.1", ntohs(address_of(a).v4.sin_port),
                                    &options, &err); /* the same port */
    assert_made(b);
    diesel_udp_close(b);
    diesel_udp_close(a);
    return 0;
}
END_TEST

FIBER_TEST(a_v6_socket_hears_v4_unless_told_otherwise)
{
    if (!has_ipv6())
        return 0;
    diesel_error err;
    diesel_address to, from;
    char text[DIESEL_ADDRESS_TEXT];
    diesel_udp *both = open_at("::", NULL);
    diesel_udp *only = open_at("::", &(diesel_udp_options){.v6_only = true});
    diesel_udp *v4 = open_at("127.0.0.1", NULL);
    diesel_address at = address_of(both);
    assert_ok(diesel_address_parse("127.0.0.1", diesel_address_port(&at), &to,
                                   &err));
    send_to(v4, "hi", &to);
    expect(both, "hi", &from);
    assert_contains(diesel_address_text(&from, text, sizeof text),
                    "[::ffff:127.0.0.1]");
    at = address_of(only);
    diesel_address_set_port(&to, diesel_address_port(&at));
    assert_ok(diesel_udp_connect(v4, &to, &err));
    send_to(v4, "hi", NULL);
    assert_fails(diesel_udp_recv(v4, text, 1, NULL, DIESEL_FOREVER, &err),
                 DIESEL_E_REFUSED);
    diesel_udp_close(both);
    diesel_udp_close(only);
    diesel_udp_close(v4);
    return 0;
}
END_TEST

/* --- Batches. */

FIBER_TEST(batches_move_many_datagrams)
{
    enum { COUNT = 150 };
    static char out[COUNT][8], in[COUNT][8];
    static diesel_datagram send[COUNT], recv[COUNT];
    diesel_error err;
    diesel_udp *a = open_at("127.0.0.1", NULL), *b = open_at("127.0.0.1", NULL);
    diesel_address at_b = address_of(b), at_a = address_of(a);
    for (int i = 0; i < COUNT; i++) {
        int n = snprintf(out[i], sizeof out[i], "%d", i);
        send[i] = (diesel_datagram){
            .data = out[i], .size = (size_t)n, .address = at_b};
        recv[i] = (diesel_datagram){.data = in[i], .size = 2};
    }
    ck_assert_int_eq(diesel_udp_send_batch(a, send, COUNT, DIESEL_FOREVER, &err),
                     COUNT);
    int have = 0, calls = 0;
    while (have < COUNT) {
        ssize_t got = diesel_udp_recv_batch(b, recv + have, (size_t)(COUNT - have),
                                            DIESEL_FOREVER, &err);
        assert_ok(got);
        ck_assert_int_gt(got, 0);
        ck_assert_int_le(got, 64);
        have += (int)got;
        calls++;
    }
    ck_assert_int_le(calls, 10);
    for (int i = 0; i < COUNT; i++) {
        ck_assert_uint_eq(recv[i].length, send[i].size); /* 3: more than its room */
        ck_assert_mem_eq(in[i], out[i], recv[i].length < 2 ? recv[i].length : 2);
        ck_assert_mem_eq(&recv[i].address.any, &at_a.any, at_a.size);
    }
    ck_assert_int_eq(diesel_udp_send_batch(a, send, 0, DIESEL_FOREVER, &err), 0);
    diesel_udp_close(a);
    diesel_udp_close(b);
    return 0;
}
END_TEST

FIBER_TEST(a_batch_stops_where_it_cannot_go_on)
{
    static char large[70000];
    diesel_error err;
    diesel_udp *a = open_at("127.0.0.1", NULL);
    diesel_address at_a = address_of(a);
    diesel_datagram batch[] = {
        {.data = large, .size = 1, .address = at_a},
        {.data = large, .size = sizeof large, .address = at_a},
    };
    ck_assert_int_eq(diesel_udp_send_batch(a, batch, 2, DIESEL_FOREVER, &err), 1);
    assert_fails(diesel_udp_send_batch(a, batch + 1, 1, DIESEL_FOREVER, &err),
                 DIESEL_E_LIMIT);
    diesel_udp_close(a);
    return 0;
}
END_TEST

/* --- Multicast, through the loopback interface. */

static const struct {
    const char *any, *group, *ours;
} groups[] = {{"0.0.0.0", "239.255.77.7", "127.0.0.1"}, {"::", "ff01::77:7", "::1"}};

FIBER_TEST(members_of_a_group_hear_it)
{
    diesel_error err;
    char c;
    unsigned lo = if_nametoindex("lo");
    diesel_address group;
    if (row == 1 && !has_ipv6())
        return 0;
    diesel_udp *member = open_at(groups[row].any, NULL);
    diesel_udp *sender = open_at(groups[row].ours, NULL);
    diesel_address at = address_of(member);
    assert_ok(diesel_address_parse(groups[row].group, diesel_address_port(&at),
                                   &group, &err));
    assert_ok(diesel_udp_join(member, &group, lo, &err));
    assert_fails(diesel_udp_join(member, &group, lo, &err), DIESEL_E_BUSY);
    assert_ok(diesel_udp_multicast(sender, lo, 1, true, &err));
    if (row == 1 && diesel_udp_send(sender, "all", 3, &group, DIESEL_FOREVER,
                                    &err) < 0 && err.detail == ENETUNREACH) {
        diesel_udp_close(member); /* this machine has no route for it */
        diesel_udp_close(sender);
        return 0;
    }
    if (row == 0)
        send_to(sender, "all", &group);
    expect(member, "all", NULL);
    assert_ok(diesel_udp_leave(member, &group, lo, &err));
    send_to(sender, "gone", &group);
    assert_fails(diesel_udp_recv(member, &c, 1, NULL, DIESEL_NOW, &err),
                 DIESEL_E_TIMEDOUT);
    ck_assert_int_eq(diesel_udp_leave(member, &group, lo, &err), -1);
    assert_contains(err.message, groups[row].group);
    ck_assert_int_eq(diesel_udp_multicast(sender, 999999, 1, true, &err), -1);
    diesel_udp_close(member);
    diesel_udp_close(sender);
    return 0;
}
END_TEST

/* --- Waiting. */

FIBER_TEST(calls_end_by_deadline_and_cancellation)
{
    diesel_error err;
    diesel_datagram one = {.data = &err, .size = 1};
    char c;
    diesel_udp *a = open_at("127.0.0.1", NULL);
    diesel_address at_a = address_of(a);
    assert_fails(diesel_udp_recv(a, &c, 1, NULL, DIESEL_NOW, &err),
                 DIESEL_E_TIMEDOUT);
    assert_fails(diesel_udp_recv(a, &c, 1, NULL, diesel_now() + 2, &err),
                 DIESEL_E_TIMEDOUT);
    send_to(a, "x", &at_a); /* there is something, and yet: */
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_scope_cancel(scope);
    assert_fails(diesel_udp_recv(a, &c, 1, NULL, DIESEL_FOREVER, &err),
                 DIESEL_E_CANCELLED);
    assert_fails(diesel_udp_recv_batch(a, &one, 1, DIESEL_FOREVER, &err),
                 DIESEL_E_CANCELLED);
    assert_fails(diesel_udp_send(a, &c, 1, &at_a, DIESEL_FOREVER, &err),
                 DIESEL_E_CANCELLED);
    assert_fails(diesel_udp_send_batch(a, &one, 1, DIESEL_FOREVER, &err),
                 DIESEL_E_CANCELLED);
    assert_ok(diesel_scope_wait(scope, &err));
    expect(a, "x", NULL);
    diesel_udp_close(a);
    return 0;
}
END_TEST

struct receiver {
    diesel_udp *udp;
    int got, code;
};

static int receive_one(void *arg)
{
    struct receiver *receiver = arg;
    diesel_error err = {.code = 0};
    char c;
    if (diesel_udp_recv(receiver->udp, &c, 1, NULL, DIESEL_FOREVER, &err) >= 0)
        receiver->got++;
    receiver->code = err.code;
    return 0;
}

FIBER_TEST(each_of_many_receivers_gets_one)
{
    diesel_error err;
    struct receiver receivers[5] = {{NULL, 0, 0}};
    diesel_udp *a = open_at("127.0.0.1", NULL);
    diesel_address at_a = address_of(a);
    diesel_scope *scope = diesel_scope_open(NULL);
    for (int i = 0; i < 5; i++) {
        receivers[i].udp = a;
        diesel_go(scope, receive_one, &receivers[i]);
    }
    assert_ok(diesel_yield(&err)); /* all wait */
    for (int i = 0; i < 5; i++)
        send_to(a, "x", &at_a);
    assert_ok(diesel_scope_wait(scope, &err));
    for (int i = 0; i < 5; i++)
        ck_assert_int_eq(receivers[i].got, 1);
    diesel_udp_close(a);
    return 0;
}
END_TEST

FIBER_TEST(closing_a_socket_wakes_who_waits)
{
    diesel_error err;
    struct receiver receivers[3] = {{NULL, 0, 0}};
    diesel_udp *a = open_at("127.0.0.1", NULL);
    diesel_scope *scope = diesel_scope_open(NULL);
    for (int i = 0; i < 3; i++) {
        receivers[i].udp = a;
        diesel_go(scope, receive_one, &receivers[i]);
    }
    assert_ok(diesel_yield(&err));
    diesel_udp_close(a);
    assert_ok(diesel_scope_wait(scope, &err));
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(receivers[i].code, DIESEL_E_CLOSED);
    return 0;
}
END_TEST

/* --- In a select. */

FIBER_TEST(a_socket_is_readable_when_a_datagram_or_an_error_has_come)
{
    diesel_error err;
    char c;
    diesel_udp *a = open_at("127.0.0.1", NULL), *b = open_at("127.0.0.1", NULL);
    diesel_address at_a = address_of(a), at_b = address_of(b);
    diesel_case cases[] = {diesel_case_udp_readable(a), diesel_case_timer(2)};
    assert_fails(diesel_select(cases, 1, DIESEL_NOW, &err), DIESEL_E_TIMEDOUT);
    assert_contains(err.message, "a datagram");
    ck_assert_int_eq(diesel_select(cases, 2, DIESEL_FOREVER, &err), 1);
    send_to(b, "x", &at_a);
    cases[1] = diesel_case_timer(60000);
    ck_assert_int_eq(diesel_select(cases, 2, DIESEL_FOREVER, &err), 0);
    ck_assert_int_eq(cases[0].result, 0);
    ck_assert_int_eq(diesel_select(cases, 2, DIESEL_NOW, &err), 0); /* it stays */
    expect(a, "x", NULL);
    assert_fails(diesel_select(cases, 1, DIESEL_NOW, &err), DIESEL_E_TIMEDOUT);
    assert_ok(diesel_udp_connect(a, &at_b, &err));
    diesel_udp_close(b);
    send_to(a, "to nobody", NULL);
    ck_assert_int_eq(diesel_select(cases, 2, DIESEL_FOREVER, &err), 0);
    assert_fails(diesel_udp_recv(a, &c, 1, NULL, DIESEL_NOW, &err),
                 DIESEL_E_REFUSED);
    diesel_udp_close(a);
    return 0;
}
END_TEST

struct watcher {
    diesel_udp *udp;
    diesel_event *stop;
    int which, woken;
};

static int watch_one(void *arg)
{
    struct watcher *w = arg;
    diesel_error err;
    diesel_case cases[] = {diesel_case_udp_readable(w->udp),
                           diesel_case_event(w->stop)};
    w->which = diesel_select(cases, 2, DIESEL_FOREVER, &err);
    w->woken++;
    return w->which < 0 ? diesel_fail(&err) : 0;
}

/* How the selects end: a datagram, another case, cancellation, closing. */
static const char ends[] = "doxc";

FIBER_TEST(all_selects_on_a_socket_are_told_beside_its_receiver)
{
    diesel_error err;
    diesel_event stop = {0};
    diesel_udp *a = open_at("127.0.0.1", NULL), *b = open_at("127.0.0.1", NULL);
    diesel_address at_a = address_of(a);
    struct watcher watchers[3];
    struct receiver receiver = {.udp = a};
    diesel_scope *receiving = diesel_scope_open(NULL);
    diesel_scope *watching = diesel_scope_open(NULL);
    diesel_go(receiving, receive_one, &receiver);
    for (int i = 0; i < 3; i++) {
        watchers[i] = (struct watcher){.udp = a, .stop = &stop, .which = -2};
        diesel_go(watching, watch_one, &watchers[i]);
    }
    assert_ok(diesel_yield(&err));
    if (ends[row] == 'd')
        send_to(b, "x", &at_a);
    else if (ends[row] == 'o')
        diesel_event_set(&stop);
    else if (ends[row] == 'x')
        diesel_scope_cancel(watching);
    else
        diesel_udp_close(a);
    int result = diesel_scope_wait(watching, &err);
    ck_assert_int_eq(result, 0);
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(watchers[i].woken, 1);
        ck_assert_int_eq(watchers[i].which, ends[row] == 'o'   ? 1
                                            : ends[row] == 'x' ? -1
                                                               : 0);
    }
    if (ends[row] == 'o' || ends[row] == 'x') /* the receiver is still there */
        send_to(b, "x", &at_a);
    assert_ok(diesel_scope_wait(receiving, &err));
    ck_assert_int_eq(receiver.code, ends[row] == 'c' ? DIESEL_E_CLOSED : 0);
    if (ends[row] != 'c')
        diesel_udp_close(a);
    diesel_udp_close(b);
    return 0;
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("udp");
    test_case_rows(suite, "addresses", addresses_are_numeric,
                   TEST_COUNT(addresses));
    test_case_rows(suite, "hosts", hosts_are_compared, TEST_COUNT(pairs));
    test_case_rows(suite, "families", a_datagram_comes_from_its_sender,
                   TEST_COUNT(families));
    test_case_rows(suite, "multicast", members_of_a_group_hear_it,
                   TEST_COUNT(groups));
    test_case(suite, "datagrams", paths_are_addresses,
              a_connected_socket_hears_its_peer_only,
              a_datagram_longer_than_its_room_says_so,
              what_cannot_be_sent_is_an_error, opening_names_what_is_wrong,
              options_are_set, a_v6_socket_hears_v4_unless_told_otherwise,
              batches_move_many_datagrams, a_batch_stops_where_it_cannot_go_on);
    test_case_rows(suite, "selects",
                   all_selects_on_a_socket_are_told_beside_its_receiver,
                   sizeof ends - 1);
    test_case(suite, "select",
              a_socket_is_readable_when_a_datagram_or_an_error_has_come);
    test_case(suite, "waiting", calls_end_by_deadline_and_cancellation,
              each_of_many_receivers_gets_one, closing_a_socket_wakes_who_waits);
    return test_suite_run(suite);
}

/* SPDX-License-Identifier: MIT */
/*
 * Connecting to a host of several addresses, of which some are silent, some refuse
 * and some answer. A silent address is a listener whose queue is full: the
 * kernel drops what else comes.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdint.h>
#include <sys/socket.h>

#include "cancel_loop.h"
#include "core/net_internal.h"
#include "dns_script.h"
#include "faulty_memory.h"
#include "test_util.h"

enum { HOUR_MS = 3600000, FILLERS = 4, MOST_SILENT = 10 };

static const dns_record zone[] = {
    {"two.example", DNS_A, 60, "127.0.0.1"},
    {"two.example", DNS_A, 60, "127.0.0.2"},
};

static diesel_address at(int last, uint16_t port)
{
    diesel_error err;
    char text[20];
    diesel_address address;
    snprintf(text, sizeof text, "127.0.0.%d", last);
    assert_ok(diesel_address_parse(text, port, &address, &err));
    return address;
}

/* A listening socket, or -1 if the port is taken there. Blocking calls: outside of
 * what is tested. */
static int listen_at(const diesel_address *address, int backlog)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_ge(fd, 0);
    if (bind(fd, &address->any, address->size) < 0) {
        close(fd);
        return -1;
    }
    ck_assert_int_eq(listen(fd, backlog), 0);
    return fd;
}

static uint16_t port_of(int fd)
{
    struct sockaddr_in in;
    socklen_t size = sizeof in;
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&in, &size), 0);
    return ntohs(in.sin_port);
}

struct silent {
    int fd, fillers[FILLERS];
};

static struct silent silence(int fd, const diesel_address *address)
{
    struct silent silent = {.fd = fd};
    for (int i = 0; i < FILLERS; i++) {
        int filler = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        ck_assert_int_ge(filler, 0);
        silent.fillers[i] = filler;
        int rc = connect(filler, &address->any, address->size);
        ck_assert(rc == 0 || errno == EINPROGRESS);
        if (i == 0) /* then the queue, of one, is full */
            ck_assert_int_eq(
                poll(&(struct pollfd){.fd = filler, .events = POLLOUT}, 1, -1), 1);
    }
    return silent;
}

static void end_silence(struct silent *silent)
{
    for (int i = 0; i < FILLERS; i++)
        close(silent->fillers[i]);
    close(silent->fd);
}

/* Two sockets that listen on the same port, at 127.0.0.`a` and 127.0.0.`b`. */
static uint16_t listen_twice(int a, int b, int fds[2])
{
    for (;;) {
        diesel_address one = at(a, 0);
        fds[0] = listen_at(&one, 0);
        ck_assert_int_ge(fds[0], 0);
        uint16_t port = port_of(fds[0]);
        diesel_address other = at(b, port);
        fds[1] = listen_at(&other, 0);
        if (fds[1] >= 0)
            return port;
        close(fds[0]);
    }
}

static void assert_peer(diesel_stream *stream, const diesel_address *want)
{
    struct sockaddr_in in;
    socklen_t size = sizeof in;
    ck_assert_int_eq(
        getpeername(diesel_stream_fd(stream), (struct sockaddr *)&in, &size), 0);
    ck_assert_uint_eq(in.sin_addr.s_addr, want->v4.sin_addr.s_addr);
}

static diesel_dns *use_script(dns_script **server)
{
    *server = dns_script_open(zone, TEST_COUNT(zone));
    diesel_dns *dns = dns_script_resolver(*server, NULL);
    diesel_dns_use(dns);
    return dns;
}

static void end_script(dns_script *server, diesel_dns *dns)
{
    diesel_dns_use(NULL);
    diesel_dns_close(dns);
    dns_script_close(server);
}

FIBER_TEST(a_silent_address_does_not_hold_up_the_next)
{
    diesel_error err;
    dns_script *server;
    size_t n;
    int fds[2];
    diesel_dns *dns = use_script(&server);
    uint16_t port = listen_twice(1, 2, fds);
    diesel_address *list = diesel_dns_resolve(NULL, "two.example", port,
                                              AF_UNSPEC, &n, DIESEL_FOREVER, &err);
    assert_made(list);
    ck_assert_uint_eq(n, 2);
    int first = list[0].v4.sin_addr.s_addr == at(1, 0).v4.sin_addr.s_addr ? 0 : 1;
    struct silent silent = silence(fds[first], &list[0]);
    int before = test_open_fds();
    diesel_stream *stream = diesel_tcp_connect(
        "two.example", port, &(diesel_tcp_options){.attempt_delay_ms = 5},
        DIESEL_FOREVER, &err);
    assert_made(stream);
    assert_peer(stream, &list[1]);
    ck_assert_int_eq(test_open_fds(), before + 1); /* the other is closed */
    diesel_stream_close(stream);
    end_silence(&silent);
    close(fds[!first]);
    diesel_free(list);
    end_script(server, dns);
    return 0;
}
END_TEST

FIBER_TEST(after_a_refusal_the_next_is_tried_at_once)
{
    diesel_error err;
    int fds[2];
    uint16_t port = listen_twice(1, 2, fds);
    close(fds[0]);
    diesel_address list[] = {at(1, port), at(2, port)};
    diesel_stream *stream = diesel__connect_first(
        "it", list, 2, &(diesel_tcp_options){.attempt_delay_ms = HOUR_MS},
        DIESEL_FOREVER, &err);
    assert_made(stream);
    assert_peer(stream, &list[1]);
    diesel_stream_close(stream);
    close(fds[1]);
    return 0;
}
END_TEST

FIBER_TEST(if_all_refuse_the_error_names_each)
{
    diesel_error err;
    dns_script *server;
    int fds[2];
    diesel_dns *dns = use_script(&server);
    uint16_t port = listen_twice(1, 2, fds);
    close(fds[0]);
    close(fds[1]);
    int before = test_open_fds();
    assert_fails_null(diesel_tcp_connect("two.example", port, NULL,
                                         DIESEL_FOREVER, &err),
                      DIESEL_E_REFUSED);
    assert_contains(err.message, "two.example");
    assert_contains(err.message, "127.0.0.1:");
    assert_contains(err.message, "127.0.0.2:");
    ck_assert_int_eq(test_open_fds(), before);
    end_script(server, dns);
    return 0;
}
END_TEST

FIBER_TEST(if_all_are_silent_the_deadline_names_each)
{
    diesel_error err;
    int fds[2];
    uint16_t port = listen_twice(2, 3, fds);
    diesel_address list[] = {at(2, port), at(3, port)};
    struct silent silents[] = {silence(fds[0], &list[0]),
                               silence(fds[1], &list[1])};
    int before = test_open_fds();
    assert_fails_null(
        diesel__connect_first("it", list, 2,
                              &(diesel_tcp_options){.attempt_delay_ms = 1},
                              diesel_now() + 30, &err),
        DIESEL_E_TIMEDOUT);
    assert_contains(err.message, "127.0.0.2:");
    assert_contains(err.message, "127.0.0.3:");
    ck_assert_int_eq(test_open_fds(), before);
    end_silence(&silents[0]);
    end_silence(&silents[1]);
    return 0;
}
END_TEST

/* More addresses than are tried at a time; all the same silent one. */
FIBER_TEST(many_silent_addresses_take_turns_until_the_deadline)
{
    diesel_error err;
    int fds[2];
    uint16_t port = listen_twice(2, 3, fds);
    close(fds[1]);
    diesel_address list[MOST_SILENT];
    for (int i = 0; i < MOST_SILENT; i++)
        list[i] = at(2, port);
    struct silent silent = silence(fds[0], &list[0]);
    int before = test_open_fds();
    assert_fails_null(
        diesel__connect_first("it", list, MOST_SILENT,
                              &(diesel_tcp_options){.attempt_delay_ms = 1},
                              diesel_now() + 50, &err),
        DIESEL_E_TIMEDOUT);
    assert_contains(err.message, " more"); /* not all have room in it */
    ck_assert_int_eq(test_open_fds(), before);
    end_silence(&silent);
    return 0;
}
END_TEST

/* A silent and a good address, in this order. */
static int connect_past_silence(void *arg)
{
    diesel_error err;
    diesel_stream *stream = diesel__connect_first(
        "it", arg, 2, &(diesel_tcp_options){.attempt_delay_ms = 1},
        DIESEL_FOREVER, &err);
    if (stream == NULL)
        return diesel_fail(&err);
    assert_peer(stream, (diesel_address *)arg + 1);
    diesel_stream_close(stream);
    return 0;
}

START_TEST(every_turn_can_be_cancelled)
{
    int fds[2];
    uint16_t port = listen_twice(2, 1, fds);
    diesel_address list[] = {at(2, port), at(1, port)};
    close(fds[1]);
    fds[1] = listen_at(&list[1], SOMAXCONN);
    ck_assert_int_ge(fds[1], 0);
    struct silent silent = silence(fds[0], &list[0]);
    ck_assert_int_gt(cancel_loop(connect_past_silence, list), 0);
    end_silence(&silent);
    close(fds[1]);
}
END_TEST

START_TEST(every_allocation_can_fail)
{
    int fds[2];
    uint16_t port = listen_twice(2, 1, fds);
    diesel_address list[] = {at(2, port), at(1, port)};
    close(fds[1]);
    fds[1] = listen_at(&list[1], SOMAXCONN);
    ck_assert_int_ge(fds[1], 0);
    struct silent silent = silence(fds[0], &list[0]);
    diesel_allocator_set(&faulty_memory);
    int before = test_open_fds();
    long n = 0;
    do {
        diesel_error err;
        faulty_memory_fail(++n);
        int result = diesel_run(connect_past_silence, list, NULL, &err);
        ck_assert(result == 0 || err.code == DIESEL_E_NOMEM);
        ck_assert_int_eq(faulty_alive, 0);
        ck_assert_int_eq(test_open_fds(), before);
    } while (faulty_allocations >= n);
    ck_assert_int_gt(n, 2);
    end_silence(&silent);
    close(fds[1]);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("eyeballs");
    test_case(suite, "race", a_silent_address_does_not_hold_up_the_next,
              after_a_refusal_the_next_is_tried_at_once);
    test_case(suite, "errors", if_all_refuse_the_error_names_each,
              if_all_are_silent_the_deadline_names_each,
              many_silent_addresses_take_turns_until_the_deadline);
    test_case(suite, "faults", every_turn_can_be_cancelled,
              every_allocation_can_fail);
    return test_suite_run(suite);
}

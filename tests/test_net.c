/* SPDX-License-Identifier: MIT */
/*
 * <diesel/net.h>: connecting and listening, with names, addresses and paths.
 * Needs the loopback interface and no other network.
 */
#include <stdint.h>

#include "test_util.h"

static int echo_one(void *arg)
{
    diesel_error err;
    diesel_stream *peer = diesel_accept(arg, DIESEL_FOREVER, &err);
    assert_made(peer);
    char buf[64];
    ssize_t got;
    while ((got = diesel_stream_read(peer, buf, sizeof buf, DIESEL_FOREVER,
                                     &err)) > 0)
        assert_ok(diesel_stream_write(peer, buf, (size_t)got, DIESEL_FOREVER,
                                      &err));
    diesel_stream_close(peer);
    return 0;
}

static void check_echo(diesel_listener *listener, diesel_stream *stream)
{
    diesel_error err;
    char buf[4];
    assert_made(stream);
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(scope, echo_one, listener);
    assert_ok(diesel_stream_write(stream, "ping", 4, DIESEL_FOREVER, &err));
    assert_ok(diesel_stream_read_exactly(stream, buf, 4, DIESEL_FOREVER, &err));
    ck_assert_mem_eq(buf, "ping", 4);
    diesel_stream_close(stream);
    assert_ok(diesel_scope_wait(scope, &err));
}

static const struct {
    const char *listen, *connect;
} hosts[] = {
    {"127.0.0.1", "127.0.0.1"},
    {"127.0.0.1", "localhost"},
    {"0.0.0.0", "127.0.0.1"},
    {"::1", "::1"},
};

FIBER_TEST(tcp_connects_by_address_and_by_name)
{
    diesel_error err;
    diesel_listener *listener =
        diesel_tcp_listen(hosts[row].listen, 0, NULL, &err);
    if (listener == NULL && strchr(hosts[row].listen, ':') != NULL) {
        ck_assert_int_eq(err.code, DIESEL_E_IO); /* no IPv6 on this machine */
        return 0;
    }
    assert_made(listener);
    uint16_t port = diesel_listener_port(listener);
    ck_assert_uint_ne(port, 0);
    diesel_stream *stream = diesel_tcp_connect(
        hosts[row].connect, port,
        &(diesel_tcp_options){.keepalive_s = 10, .user_timeout_ms = 1000},
        DIESEL_FOREVER, &err);
    check_echo(listener, stream);
    diesel_listener_close(listener);
    return 0;
}
END_TEST

static const char *const paths[] = {"a file", "@abstract"};

FIBER_TEST(unix_sockets_connect_by_path)
{
    diesel_error err;
    char path[108];
    if (paths[row][0] == '@')
        snprintf(path, sizeof path, "@diesel-test-%d", (int)getpid());
    else
        snprintf(path, sizeof path, "%s", test_path("socket"));
    diesel_listener *listener = diesel_unix_listen(path, NULL, &err);
    assert_made(listener);
    ck_assert_uint_eq(diesel_listener_port(listener), 0);
    check_echo(listener, diesel_unix_connect(path, DIESEL_FOREVER, &err));
    diesel_listener_close(listener);
    if (path[0] != '@')
        ck_assert_int_ne(access(path, F_OK), 0); /* the file has gone */
    return 0;
}
END_TEST

FIBER_TEST(a_socket_file_that_nobody_listens_on_is_replaced)
{
    diesel_error err;
    const char *path = test_path("stale");
    struct sockaddr_un {
        sa_family_t family;
        char path[108];
    } address = {.family = AF_UNIX};
    snprintf(address.path, sizeof address.path, "%s", path);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    ck_assert_int_eq(
        bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    close(fd);
    diesel_listener *listener = diesel_unix_listen(path, NULL, &err);
    assert_made(listener);
    assert_fails_null(diesel_unix_listen(path, NULL, &err), DIESEL_E_BUSY);
    diesel_listener_close(listener);
    return 0;
}
END_TEST

FIBER_TEST(a_file_that_is_no_socket_is_left_alone)
{
    diesel_error err;
    const char *path = test_path("precious");
    int fd = open(path, O_WRONLY | O_CREAT, 0600);
    close(fd);
    assert_fails_null(diesel_unix_listen(path, NULL, &err), DIESEL_E_BUSY);
    ck_assert_int_eq(access(path, F_OK), 0);
    return 0;
}
END_TEST

FIBER_TEST(a_refused_connection_names_host_and_address)
{
    diesel_error err;
    diesel_listener *listener = diesel_tcp_listen("127.0.0.1", 0, NULL, &err);
    assert_made(listener);
    uint16_t port = diesel_listener_port(listener);
    diesel_listener_close(listener);
    int before = test_open_fds();
    assert_fails_null(
        diesel_tcp_connect("127.0.0.1", port, NULL, DIESEL_FOREVER, &err),
        DIESEL_E_REFUSED);
    char want[40];
    snprintf(want, sizeof want, "127.0.0.1:%u", port);
    assert_contains(err.message, want);
    assert_fails_null(diesel_unix_connect(test_path("none"), DIESEL_FOREVER,
                                          &err), DIESEL_E_REFUSED);
    assert_contains(err.message, "none");
    ck_assert_int_eq(test_open_fds(), before);
    return 0;
}
END_TEST

FIBER_TEST(bad_addresses_are_named)
{
    diesel_error err;
    char path[200];
    assert_fails_null(diesel_tcp_listen("not an address", 0, NULL, &err),
                      DIESEL_E_INVAL);
    assert_contains(err.message, "not an address");
    memset(path, 'x', sizeof path - 1);
    path[sizeof path - 1] = '\0';
    assert_fails_null(diesel_unix_connect(path, DIESEL_FOREVER, &err),
                      DIESEL_E_INVAL);
    assert_fails_null(diesel_unix_connect("", DIESEL_FOREVER, &err),
                      DIESEL_E_INVAL);
    assert_fails_null(diesel_unix_listen("", NULL, &err), DIESEL_E_INVAL);
    return 0;
}
END_TEST

/* RFC 6761 keeps this name from existing; without any name server the answer is
 * an error too. */
FIBER_TEST(a_name_that_does_not_exist_is_not_resolved)
{
    diesel_error err;
    diesel_stream *stream = diesel_tcp_connect(
        "diesel-test.invalid", 1, NULL, diesel_now() + 3000, &err);
    ck_assert_ptr_null(stream);
    ck_assert(err.code == DIESEL_E_RESOLVE || err.code == DIESEL_E_TIMEDOUT);
    assert_contains(err.message, "diesel-test.invalid");
    return 0;
}
END_TEST

FIBER_TEST(connecting_checks_for_cancellation)
{
    diesel_error err;
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_scope_cancel(scope);
    assert_fails_null(diesel_tcp_connect("127.0.0.1", 1, NULL, DIESEL_FOREVER,
                                         &err), DIESEL_E_CANCELLED);
    assert_fails_null(diesel_tcp_connect("localhost", 1, NULL, DIESEL_FOREVER,
                                         &err), DIESEL_E_CANCELLED);
    assert_fails_null(diesel_unix_connect("/nowhere", DIESEL_FOREVER, &err),
                      DIESEL_E_CANCELLED);
    assert_ok(diesel_scope_wait(scope, &err));
    return 0;
}
END_TEST

FIBER_TEST(accept_waits_until_its_deadline)
{
    diesel_error err;
    diesel_listener *listener = diesel_tcp_listen("127.0.0.1", 0, NULL, &err);
    assert_made(listener);
    assert_fails_null(diesel_accept(listener, DIESEL_NOW, &err),
                      DIESEL_E_TIMEDOUT);
    assert_fails_null(diesel_accept(listener, diesel_now() + 2, &err),
                      DIESEL_E_TIMEDOUT);
    diesel_listener_close(listener);
    diesel_listener_close(NULL);
    return 0;
}
END_TEST

static int accept_and_note(void *arg)
{
    void **in = arg;
    diesel_error err;
    ck_assert_ptr_null(diesel_accept(in[0], DIESEL_FOREVER, &err));
    *(int *)in[1] = err.code;
    return 0;
}

FIBER_TEST(closing_a_listener_wakes_who_accepts)
{
    diesel_error err;
    int code = 0, second = 0;
    diesel_listener *listener = diesel_tcp_listen("127.0.0.1", 0, NULL, &err);
    assert_made(listener);
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(scope, accept_and_note, (void *[]){listener, &code});
    diesel_go(scope, accept_and_note, (void *[]){listener, &second});
    assert_ok(diesel_yield(&err));
    diesel_listener_close(listener);
    assert_ok(diesel_scope_wait(scope, &err));
    ck_assert_int_eq(code, DIESEL_E_CLOSED);
    ck_assert_int_eq(second, DIESEL_E_CLOSED);
    return 0;
}
END_TEST

/* Those who accept on one listener, and in which order they got something. */
struct acceptors {
    diesel_listener *listener;
    int began, got, order[8];
    bool closes; /* the first that gets a connection closes the listener */
};

static int accept_in_turn(void *arg)
{
    struct acceptors *all = arg;
    diesel_error err;
    int me = all->began++;
    diesel_stream *stream = diesel_accept(all->listener, DIESEL_FOREVER, &err);
    if (stream == NULL)
        return diesel_fail(&err);
    all->order[all->got++] = me;
    if (all->closes)
        diesel_listener_close(all->listener);
    diesel_stream_close(stream);
    return 0;
}

static diesel_stream *connect_without_waiting(uint16_t port)
{
    diesel_error err;
    struct sockaddr_in where = {.sin_family = AF_INET,
                                .sin_port = htons(port),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&where, sizeof where), 0);
    diesel_stream *stream = diesel_stream_from_fd(fd, "a client", &err);
    assert_made(stream);
    return stream;
}

/* The connections come in one burst, that is, with one edge; the second acceptor
 * has been cancelled by then. */
FIBER_TEST(several_fibers_accept_each_in_its_turn)
{
    diesel_error err;
    enum { MOST = 8 };
    diesel_stream *clients[MOST];
    diesel_scope *scopes[MOST];
    struct acceptors all = {diesel_tcp_listen("127.0.0.1", 0, NULL, &err), 0, 0,
                            {0}, false};
    assert_made(all.listener);
    diesel_scope *outer = diesel_scope_open(NULL);
    for (int i = 0; i < MOST; i++) {
        scopes[i] =
            diesel_scope_open(&(diesel_scope_options){.detached = true});
        diesel_go(scopes[i], accept_in_turn, &all);
    }
    assert_ok(diesel_yield(&err));
    ck_assert_int_eq(all.began, MOST);
    for (int i = 0; i < MOST - 1; i++)
        clients[i] = connect_without_waiting(diesel_listener_port(all.listener));
    diesel_scope_cancel(scopes[1]);
    for (int i = 0; i < MOST; i++)
        if (i != 1)
            assert_ok(diesel_scope_wait(scopes[i], &err));
    (void)diesel_scope_wait(scopes[1], NULL);
    ck_assert_int_eq(all.got, MOST - 1);
    for (int i = 0; i < all.got; i++)
        ck_assert_int_eq(all.order[i], i < 1 ? i : i + 1);
    for (int i = 0; i < MOST - 1; i++)
        diesel_stream_close(clients[i]);
    diesel_listener_close(all.listener);
    assert_ok(diesel_scope_wait(outer, &err));
    return 0;
}
END_TEST

FIBER_TEST(one_that_closes_the_listener_ends_those_who_were_woken_too)
{
    diesel_error err;
    struct acceptors all = {diesel_tcp_listen("127.0.0.1", 0, NULL, &err), 0, 0,
                            {0}, true};
    assert_made(all.listener);
    diesel_scope *scope = diesel_scope_open(NULL);
    for (int i = 0; i < 3; i++)
        diesel_go(scope, accept_in_turn, &all);
    assert_ok(diesel_yield(&err));
    diesel_stream *one =
        connect_without_waiting(diesel_listener_port(all.listener));
    diesel_stream *two =
        connect_without_waiting(diesel_listener_port(all.listener));
    assert_fails(diesel_scope_wait(scope, &err), DIESEL_E_CLOSED);
    ck_assert_int_eq(all.got, 1);
    diesel_stream_close(one);
    diesel_stream_close(two);
    return 0;
}
END_TEST

enum { CROWD = 200 };

static int connect_in_crowd(void *arg)
{
    diesel_error err;
    diesel_stream *stream = diesel_unix_connect(arg, DIESEL_FOREVER, &err);
    assert_made(stream);
    char c;
    assert_ok(diesel_stream_read_exactly(stream, &c, 1, DIESEL_FOREVER, &err));
    diesel_stream_close(stream);
    return 0;
}

/* With a backlog of one, connect(2) says EAGAIN to most. */
FIBER_TEST(a_full_backlog_makes_clients_wait)
{
    diesel_error err;
    char path[108];
    snprintf(path, sizeof path, "%s", test_path("crowded"));
    diesel_listener *listener = diesel_unix_listen(
        path, &(diesel_listen_options){.backlog = 1}, &err);
    assert_made(listener);
    diesel_scope *scope = diesel_scope_open(NULL);
    for (int i = 0; i < CROWD; i++)
        diesel_go(scope, connect_in_crowd, path);
    for (int i = 0; i < CROWD; i++) {
        diesel_stream *peer = diesel_accept(listener, DIESEL_FOREVER, &err);
        assert_made(peer);
        assert_ok(diesel_stream_write(peer, "x", 1, DIESEL_FOREVER, &err));
        diesel_stream_close(peer);
    }
    assert_ok(diesel_scope_wait(scope, &err));
    diesel_listener_close(listener);
    return 0;
}
END_TEST

static int free_descriptor_later(void *arg)
{
    diesel_error err;
    assert_ok(diesel_sleep(10, &err));
    close(*(int *)arg);
    return 0;
}

FIBER_TEST(without_descriptors_accept_goes_on_later)
{
    diesel_error err;
    if (RUNNING_ON_VALGRIND) /* it keeps the limit itself, and loses the peer */
        return 0;
    diesel_listener *listener = diesel_tcp_listen("127.0.0.1", 0, NULL, &err);
    assert_made(listener);
    diesel_stream *client =
        diesel_tcp_connect("127.0.0.1", diesel_listener_port(listener), NULL,
                           DIESEL_FOREVER, &err);
    assert_made(client);
    struct rlimit old, low;
    getrlimit(RLIMIT_NOFILE, &old);
    int last = dup(0);
    low = old;
    low.rlim_cur = (rlim_t)last + 1;
    setrlimit(RLIMIT_NOFILE, &low);
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(scope, free_descriptor_later, &last);
    diesel_stream *peer = diesel_accept(listener, DIESEL_FOREVER, &err);
    assert_made(peer);
    assert_ok(diesel_scope_wait(scope, &err));
    setrlimit(RLIMIT_NOFILE, &old);
    diesel_stream_close(peer);
    diesel_stream_close(client);
    diesel_listener_close(listener);
    return 0;
}
END_TEST

FIBER_TEST(a_reset_by_the_peer_is_closed)
{
    diesel_error err;
    diesel_listener *listener = diesel_tcp_listen("127.0.0.1", 0, NULL, &err);
    assert_made(listener);
    diesel_stream *client =
        diesel_tcp_connect("127.0.0.1", diesel_listener_port(listener), NULL,
                           DIESEL_FOREVER, &err);
    assert_made(client);
    diesel_stream *peer = diesel_accept(listener, DIESEL_FOREVER, &err);
    assert_made(peer);
    struct linger reset = {.l_onoff = 1, .l_linger = 0};
    setsockopt(diesel_stream_fd(peer), SOL_SOCKET, SO_LINGER, &reset,
               sizeof reset);
    diesel_stream_close(peer);
    char c;
    assert_fails(diesel_stream_read(client, &c, 1, DIESEL_FOREVER, &err),
                 DIESEL_E_CLOSED);
    diesel_stream_close(client);
    diesel_listener_close(listener);
    return 0;
}
END_TEST

FIBER_TEST(a_pair_is_connected)
{
    diesel_error err;
    diesel_stream *pair[2];
    char c;
    assert_ok(diesel_stream_pair(pair, &err));
    assert_ok(diesel_stream_write(pair[0], "x", 1, DIESEL_FOREVER, &err));
    assert_ok(diesel_stream_read_exactly(pair[1], &c, 1, DIESEL_FOREVER, &err));
    ck_assert_int_eq(c, 'x');
    diesel_stream_close(pair[0]);
    ck_assert_int_eq(diesel_stream_read(pair[1], &c, 1, DIESEL_FOREVER, &err), 0);
    diesel_stream_close(pair[1]);
    return 0;
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("net");
    test_case_rows(suite, "tcp", tcp_connects_by_address_and_by_name,
                   TEST_COUNT(hosts));
    test_case_rows(suite, "unix", unix_sockets_connect_by_path,
                   TEST_COUNT(paths));
    test_case(suite, "errors", a_refused_connection_names_host_and_address,
              bad_addresses_are_named, a_name_that_does_not_exist_is_not_resolved,
              connecting_checks_for_cancellation, a_reset_by_the_peer_is_closed);
    test_case(suite, "files", a_socket_file_that_nobody_listens_on_is_replaced,
              a_file_that_is_no_socket_is_left_alone);
    test_case(suite, "accept", accept_waits_until_its_deadline,
              closing_a_listener_wakes_who_accepts,
              several_fibers_accept_each_in_its_turn,
              one_that_closes_the_listener_ends_those_who_were_woken_too,
              a_full_backlog_makes_clients_wait,
              without_descriptors_accept_goes_on_later, a_pair_is_connected);
    return test_suite_run(suite);
}

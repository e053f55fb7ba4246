/* SPDX-License-Identifier: MIT */
/*
 * <diesel/service.h>: a fiber for each connection, limits, and the end; and who is
 * at the ends of a connection (<diesel/net.h>).
 */
#include <stdint.h>

#include "cancel_loop.h"
#include "fault_loop.h"
#include "test_util.h"

/* A service in a fiber, its handlers, and what they have seen. */
struct place {
    diesel_listener *listener;
    diesel_serve_options options;
    int result; /* of diesel_serve() */
    diesel_error err;
    diesel_event go;    /* lets the handlers of hold() end */
    diesel_event ended; /* the service has */
    int running, most, began, done, cut, failures;
    char said[240], peer[128];
};

static diesel_listener *listen_here(void)
{
    diesel_error err;
    diesel_listener *listener = diesel_tcp_listen("127.0.0.1", 0, NULL, &err);
    assert_made(listener);
    return listener;
}

static diesel_stream *connect_to(const diesel_listener *listener)
{
    diesel_error err;
    diesel_stream *stream =
        diesel_tcp_connect("127.0.0.1", diesel_listener_port(listener), NULL,
                           DIESEL_FOREVER, &err);
    assert_made(stream);
    return stream;
}

static void note_error(const char *peer, const diesel_error *why, void *arg)
{
    struct place *place = arg;
    place->failures++;
    snprintf(place->peer, sizeof place->peer, "%s", peer);
    snprintf(place->said, sizeof place->said, "%s", why->message);
}

/* Says "+" and waits for `go`. */
static int hold(diesel_stream *stream, void *arg)
{
    struct place *place = arg;
    diesel_error err;
    place->began++;
    place->running++;
    if (place->running > place->most)
        place->most = place->running;
    int result = diesel_stream_write(stream, "+", 1, DIESEL_FOREVER, &err);
    if (result == 0)
        result = diesel_event_wait(&place->go, DIESEL_FOREVER, &err);
    place->running--;
    if (result < 0) {
        place->cut++;
        return diesel_fail(&err);
    }
    place->done++;
    return 0;
}

/* Fails at "x", echoes everything else. */
static int echo(diesel_stream *stream, void *arg)
{
    (void)arg;
    diesel_error err;
    char c;
    ssize_t got;
    while ((got = diesel_stream_read(stream, &c, 1, DIESEL_FOREVER, &err)) > 0) {
        if (c == 'x')
            return diesel_fail(((void)diesel_error_set(&err, DIESEL_E_PROTOCOL,
                                                 DIESEL_DOM_CORE, 0,
                                                 "an x came"), &err));
        if (diesel_stream_write(stream, &c, 1, DIESEL_FOREVER, &err) < 0)
            return diesel_fail(&err);
    }
    return got < 0 ? diesel_fail(&err) : 0;
}

static int serve(struct place *place, diesel_handler *handler)
{
    place->result = diesel_serve(place->listener, handler, place,
                                 &place->options, &place->err);
    ck_assert_int_eq(place->running, 0);
    diesel_event_set(&place->ended);
    return 0;
}

static int serve_hold(void *arg)
{
    return serve(arg, hold);
}

static int serve_echo(void *arg)
{
    return serve(arg, echo);
}

static void expect_byte(diesel_stream *stream, char want)
{
    diesel_error err;
    char c;
    assert_ok(diesel_stream_read_exactly(stream, &c, 1, DIESEL_FOREVER, &err));
    ck_assert_int_eq(c, want);
}

static void check_echo(diesel_stream *stream)
{
    diesel_error err;
    assert_ok(diesel_stream_write(stream, "a", 1, DIESEL_FOREVER, &err));
    expect_byte(stream, 'a');
}

static void expect_end(diesel_stream *stream)
{
    diesel_error err;
    char c;
    ck_assert_int_eq(diesel_stream_read(stream, &c, 1, DIESEL_FOREVER, &err), 0);
    diesel_stream_close(stream);
}

enum { CLIENTS = 7, MOST = 3 };

FIBER_TEST(never_more_handlers_than_the_limit_and_all_come_to_their_turn)
{
    diesel_error err;
    struct place place = {.listener = listen_here(),
                          .options = {.max_connections = MOST, .drain_ms = -1}};
    diesel_stream *clients[CLIENTS];
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(scope, serve_hold, &place);
    for (int i = 0; i < CLIENTS; i++)
        clients[i] = connect_to(place.listener);
    for (int i = 0; i < MOST; i++)
        expect_byte(clients[i], '+');
    for (int i = 0; i < 20; i++)
        assert_ok(diesel_yield(&err));
    ck_assert_int_eq(place.began, MOST);
    diesel_event_set(&place.go);
    for (int i = MOST; i < CLIENTS; i++)
        expect_byte(clients[i], '+');
    for (int i = 0; i < CLIENTS; i++)
        expect_end(clients[i]);
    ck_assert_int_eq(place.most, MOST);
    ck_assert_int_eq(place.done, CLIENTS);
    diesel_listener_close(place.listener);
    assert_ok(diesel_scope_wait(scope, &err));
    ck_assert_int_eq(place.result, 0);
    return 0;
}
END_TEST

FIBER_TEST(a_full_service_is_stopped_all_the_same)
{
    diesel_error err;
    struct place place = {.listener = listen_here(),
                          .options = {.max_connections = 1}};
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(scope, serve_hold, &place);
    diesel_stream *client = connect_to(place.listener);
    expect_byte(client, '+');
    assert_ok(diesel_yield(&err));
    diesel_listener_close(place.listener);
    assert_ok(diesel_event_wait(&place.ended, DIESEL_FOREVER, &err));
    ck_assert_int_eq(place.cut, 1);
    ck_assert_int_eq(place.result, 0);
    diesel_stream_close(client);
    assert_ok(diesel_scope_wait(scope, &err));
    return 0;
}
END_TEST

FIBER_TEST(the_drain_lets_handlers_end_but_accepts_no_more)
{
    diesel_error err;
    struct place place = {.listener = listen_here(),
                          .options = {.drain_ms = 3600 * 1000}};
    uint16_t port = diesel_listener_port(place.listener);
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(scope, serve_hold, &place);
    diesel_stream *one = connect_to(place.listener);
    diesel_stream *two = connect_to(place.listener);
    expect_byte(one, '+');
    expect_byte(two, '+');
    diesel_listener_close(place.listener);
    assert_fails_null(diesel_tcp_connect("127.0.0.1", port, NULL,
                                         DIESEL_FOREVER, &err),
                      DIESEL_E_REFUSED);
    ck_assert(!diesel_event_is_set(&place.ended));
    ck_assert_int_eq(place.running, 2);
    diesel_event_set(&place.go);
    expect_end(one);
    expect_end(two);
    assert_ok(diesel_scope_wait(scope, &err));
    ck_assert_int_eq(place.result, 0);
    ck_assert_int_eq(place.done, 2);
    ck_assert_int_eq(place.cut, 0);
    return 0;
}
END_TEST

static const int64_t drains[] = {0, 5};

FIBER_TEST(the_end_of_the_drain_cancels_and_that_is_no_failure)
{
    diesel_error err;
    struct place place = {
        .listener = listen_here(),
        .options = {.drain_ms = drains[row], .on_error = note_error}};
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(scope, serve_hold, &place);
    diesel_stream *client = connect_to(place.listener);
    expect_byte(client, '+');
    int64_t began = diesel_now();
    diesel_listener_close(place.listener);
    assert_ok(diesel_scope_wait(scope, &err));
    ck_assert_int_ge(diesel_now() - began, drains[row]);
    ck_assert_int_eq(place.result, 0);
    ck_assert_int_eq(place.cut, 1);
    ck_assert_int_eq(place.failures, 0);
    expect_end(client);
    return 0;
}
END_TEST

FIBER_TEST(a_failing_handler_leaves_the_service_and_the_others_alone)
{
    diesel_error err;
    struct place place = {.listener = listen_here(),
                          .options = {.on_error = note_error}};
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(scope, serve_echo, &place);
    diesel_stream *good = connect_to(place.listener);
    check_echo(good);
    for (int i = 1; i <= 3; i++) {
        diesel_stream *bad = connect_to(place.listener);
        assert_ok(diesel_stream_write(bad, "x", 1, DIESEL_FOREVER, &err));
        expect_end(bad);
        ck_assert_int_eq(place.failures, i);
        ck_assert_str_eq(place.said, "an x came");
        assert_contains(place.peer, "127.0.0.1:");
        check_echo(good);
    }
    diesel_stream_close(good);
    diesel_listener_close(place.listener);
    assert_ok(diesel_scope_wait(scope, &err));
    ck_assert_int_eq(place.result, 0);
    return 0;
}
END_TEST

static int logged;

static void count_record(void *arg, const diesel_log_record *record)
{
    (void)arg;
    if (strcmp(record->logger, "diesel.service") == 0) {
        ck_assert_int_eq(record->level, DIESEL_WARNING);
        ck_assert_str_eq(record->message, "connection failed");
        logged++;
    }
}

FIBER_TEST(a_failure_is_logged_unless_somebody_takes_it)
{
    diesel_error err;
    struct place place = {.listener = listen_here()};
    assert_ok(diesel_log_sinks_set(&(diesel_log_sink){.write = count_record}, 1,
                                   &err));
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(scope, serve_echo, &place);
    diesel_stream *bad = connect_to(place.listener);
    assert_ok(diesel_stream_write(bad, "x", 1, DIESEL_FOREVER, &err));
    expect_end(bad);
    diesel_listener_close(place.listener);
    assert_ok(diesel_scope_wait(scope, &err));
    ck_assert_int_eq(logged, 1);
    return 0;
}
END_TEST

static int only_minus_seven(diesel_stream *stream, void *arg)
{
    (void)stream, (void)arg;
    return -7;
}

static int serve_minus_seven(void *arg)
{
    return serve(arg, only_minus_seven);
}

FIBER_TEST(a_handler_that_gives_no_error_is_told_how)
{
    diesel_error err;
    struct place place = {.listener = listen_here(),
                          .options = {.on_error = note_error}};
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(scope, serve_minus_seven, &place);
    diesel_stream *client = connect_to(place.listener);
    expect_end(client);
    ck_assert_int_eq(place.failures, 1);
    ck_assert_str_eq(place.said, "the handler returned -7 and no error, for which "
                                 "there is diesel_fail()");
    diesel_listener_close(place.listener);
    assert_ok(diesel_scope_wait(scope, &err));
    return 0;
}
END_TEST

FIBER_TEST(cancelling_the_scope_around_ends_all_at_once)
{
    diesel_error err;
    int before = test_open_fds();
    struct place place = {.listener = listen_here(),
                          .options = {.drain_ms = -1, .on_error = note_error}};
    diesel_stream *clients[MOST];
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(scope, serve_hold, &place);
    for (int i = 0; i < MOST; i++) {
        clients[i] = connect_to(place.listener);
        expect_byte(clients[i], '+');
    }
    diesel_scope_cancel(scope);
    assert_ok(diesel_scope_wait(scope, &err));
    ck_assert_int_eq(place.result, -1);
    ck_assert_int_eq(place.err.code, DIESEL_E_CANCELLED);
    ck_assert_int_eq(place.cut, MOST);
    ck_assert_int_eq(place.failures, 0);
    for (int i = 0; i < MOST; i++)
        expect_end(clients[i]);
    ck_assert_int_eq(test_open_fds(), before);
    return 0;
}
END_TEST

FIBER_TEST(without_descriptors_it_serves_on_later)
{
    diesel_error err;
    struct place place = {.listener = listen_here(),
                          .options = {.on_error = note_error}};
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(scope, serve_echo, &place);
    faulty_sys_reset();
    faulty_sys_fail(FAULTY_accept4, 1, EMFILE);
    diesel_stream *client = connect_to(place.listener);
    check_echo(client);
    ck_assert_int_ge(faulty_sys_calls(FAULTY_accept4), 2);
    faulty_sys_reset();
    diesel_stream_close(client);
    diesel_listener_close(place.listener);
    assert_ok(diesel_scope_wait(scope, &err));
    ck_assert_int_eq(place.result, 0);
    return 0;
}
END_TEST

FIBER_TEST(a_full_service_leaves_connections_to_others_who_accept)
{
    diesel_error err;
    struct place place = {.listener = listen_here(),
                          .options = {.max_connections = 1}};
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(scope, serve_hold, &place);
    diesel_stream *first = connect_to(place.listener);
    expect_byte(first, '+');
    assert_ok(diesel_yield(&err));
    diesel_stream *second = connect_to(place.listener);
    diesel_stream *got = diesel_accept(place.listener, DIESEL_FOREVER, &err);
    assert_made(got);
    ck_assert_int_eq(place.began, 1);
    diesel_stream_close(got);
    diesel_stream_close(first);
    diesel_stream_close(second);
    diesel_listener_close(place.listener);
    assert_ok(diesel_scope_wait(scope, &err));
    return 0;
}
END_TEST

/* --- Stopping by an event: before it has begun, while it waits, while it is full,
 * in the drain, and when it has ended. */

FIBER_TEST(an_event_that_is_set_before_stops_it_at_once)
{
    diesel_error err;
    diesel_event stop = {0};
    struct place place = {.listener = listen_here(), .options = {.stop = &stop}};
    diesel_stream *client = connect_to(place.listener);
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(scope, serve_echo, &place);
    diesel_event_set(&stop);
    assert_ok(diesel_scope_wait(scope, &err));
    ck_assert_int_eq(place.result, 0);
    ck_assert_int_eq(place.began, 0);
    diesel_event_set(&stop);
    diesel_stream_close(client);
    return 0;
}
END_TEST

static const struct {
    size_t most;
    bool idle; /* no client when it is stopped */
    int64_t drain_ms;
    int cut;
} stops[] = {{0, true, 0, 0},  {1, true, 0, 0}, {0, false, 0, 1},
             {1, false, 0, 1}, {0, false, -1, 0}, {1, false, -1, 0}};

FIBER_TEST(an_event_stops_it_whatever_it_does)
{
    diesel_error err;
    diesel_event stop = {0};
    diesel_stream *client = NULL;
    struct place place = {.listener = listen_here(),
                          .options = {.stop = &stop,
                                      .max_connections = stops[row].most,
                                      .drain_ms = stops[row].drain_ms}};
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(scope, serve_hold, &place);
    if (!stops[row].idle) {
        client = connect_to(place.listener);
        expect_byte(client, '+');
    }
    for (int i = 0; i < 3; i++)
        assert_ok(diesel_yield(&err));
    diesel_event_set(&stop);
    for (int i = 0; i < 3; i++)
        assert_ok(diesel_yield(&err));
    diesel_event_set(&stop);
    if (stops[row].drain_ms < 0)
        ck_assert(!diesel_event_is_set(&place.ended));
    diesel_event_set(&place.go);
    assert_ok(diesel_scope_wait(scope, &err));
    diesel_event_set(&stop);
    ck_assert_int_eq(place.result, 0);
    ck_assert_int_eq(place.cut, stops[row].cut);
    diesel_stream_close(client);
    return 0;
}
END_TEST

/* --- Stopping by a handle of one's own: at the same points. */

static const char points[] = "bwfa";

FIBER_TEST(a_handle_of_ones_own_stops_it_before_while_and_after)
{
    diesel_error err;
    int before = test_open_fds();
    struct place place = {.listener = listen_here(),
                          .options = {.max_connections = points[row] == 'f'}};
    diesel_listener *mine = diesel_listener_share(place.listener);
    ck_assert_uint_eq(diesel_listener_port(mine),
                      diesel_listener_port(place.listener));
    diesel_stream *client = connect_to(mine);
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(scope, serve_echo, &place);
    switch (points[row]) {
    case 'b': /* before it has begun */
        diesel_listener_close(mine);
        break;
    case 'w': /* while it waits, or is full */
    case 'f':
        check_echo(client);
        diesel_listener_close(mine);
        break;
    case 'a': /* after it has ended */
        diesel_listener_close(diesel_listener_share(mine));
        assert_ok(diesel_scope_wait(scope, &err));
        ck_assert_uint_eq(diesel_listener_port(mine), 0);
        assert_fails_null(diesel_accept(mine, DIESEL_NOW, &err),
                          DIESEL_E_CLOSED);
        diesel_listener_close(mine);
        scope = diesel_scope_open(NULL);
        break;
    }
    assert_ok(diesel_scope_wait(scope, &err));
    ck_assert_int_eq(place.result, 0);
    diesel_stream_close(client);
    ck_assert_int_eq(test_open_fds(), before);
    return 0;
}
END_TEST

FIBER_TEST(a_listener_that_is_closed_for_others_gives_no_connection)
{
    diesel_error err;
    diesel_address address;
    diesel_listener *listener = listen_here();
    diesel_listener_close(diesel_listener_share(listener));
    assert_fails_null(diesel_accept(listener, DIESEL_FOREVER, &err),
                      DIESEL_E_CLOSED);
    ck_assert_int_eq(diesel_listener_local(listener, &address, &err), -1);
    diesel_listener_close(listener);
    diesel_listener_close(NULL);
    return 0;
}
END_TEST

/* Two clients, one after the other, then the stop. */
static int cut_body(void *arg)
{
    (void)arg;
    diesel_error err;
    diesel_event stop = {0};
    struct place place = {
        .options = {.max_connections = 1, .drain_ms = -1, .stop = &stop}};
    char c;
    int result = 0;
    place.listener = listen_here();
    uint16_t port = diesel_listener_port(place.listener);
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(scope, serve_echo, &place);
    for (int i = 0; i < 2 && result == 0; i++) {
        diesel_stream *s =
            diesel_tcp_connect("127.0.0.1", port, NULL, DIESEL_FOREVER, &err);
        result = s == NULL ? -1 : diesel_stream_write(s, "a", 1, DIESEL_FOREVER,
                                                      &err);
        if (result == 0)
            result = diesel_stream_read_exactly(s, &c, 1, DIESEL_FOREVER, &err);
        diesel_stream_close(s);
    }
    diesel_event_set(&stop); /* perhaps before it has begun, or after its end */
    if (diesel_scope_wait(scope, &err) < 0)
        result = -1;
    return result < 0 ? diesel_fail(&err) : 0;
}

START_TEST(it_can_be_cancelled_at_every_turn)
{
    ck_assert_int_gt(cancel_loop(cut_body, NULL), 3);
}
END_TEST

/* Stopped before a client can come, without memory at each point in turn. */
static int starve_body(void *arg)
{
    (void)arg;
    diesel_error err;
    diesel_event stop = {0};
    struct place place = {.options = {.stop = &stop}};
    place.listener = diesel_tcp_listen("127.0.0.1", 0, NULL, &err);
    if (place.listener == NULL)
        return diesel_fail(&err);
    diesel_scope *scope = diesel_scope_open(NULL);
    if (scope == NULL || diesel_go(scope, serve_echo, &place) < 0) {
        diesel_listener_close(place.listener);
        place.result = diesel_error_nomem(&place.err, "the service");
    }
    (void)diesel_yield(NULL);
    diesel_event_set(&stop);
    if (scope != NULL)
        (void)diesel_scope_wait(scope, NULL);
    return place.result < 0 ? diesel_fail(&place.err) : 0;
}

START_TEST(without_memory_for_its_fibers_it_is_an_error)
{
    ck_assert_int_ge(fault_loop_memory(starve_body, NULL, 0), 4);
}
END_TEST

FIBER_TEST(a_unix_stream_knows_its_peers_credentials)
{
    diesel_error err;
    diesel_stream *pair[2];
    pid_t pid;
    uid_t uid;
    gid_t gid;
    assert_ok(diesel_stream_pair(pair, &err));
    assert_ok(diesel_stream_peer_credentials(pair[0], &pid, &uid, &gid, &err));
    ck_assert_int_eq(pid, getpid());
    ck_assert_uint_eq(uid, geteuid());
    ck_assert_uint_eq(gid, getegid());
    assert_ok(diesel_stream_peer_credentials(pair[0], NULL, NULL, NULL, &err));
    diesel_stream_close(pair[0]);
    diesel_stream_close(pair[1]);
    return 0;
}
END_TEST

FIBER_TEST(both_ends_of_a_tcp_stream_agree_on_their_addresses)
{
    diesel_error err;
    diesel_listener *listener = listen_here();
    diesel_stream *client = connect_to(listener);
    diesel_stream *server = diesel_accept(listener, DIESEL_FOREVER, &err);
    assert_made(server);
    diesel_address own, seen, at;
    assert_ok(diesel_listener_local(listener, &at, &err));
    assert_ok(diesel_stream_peer(client, &seen, &err));
    ck_assert(diesel_address_is_same_host(&at, &seen));
    ck_assert_uint_eq(diesel_address_port(&seen), diesel_listener_port(listener));
    assert_ok(diesel_stream_local(client, &own, &err));
    assert_ok(diesel_stream_peer(server, &seen, &err));
    ck_assert(diesel_address_is_same_host(&own, &seen));
    ck_assert_uint_eq(diesel_address_port(&own), diesel_address_port(&seen));
    pid_t pid;
    assert_fails(diesel_stream_peer_credentials(client, &pid, NULL, NULL, &err),
                 DIESEL_E_INVAL);
    diesel_stream_close(client);
    diesel_stream_close(server);
    diesel_listener_close(listener);
    return 0;
}
END_TEST

FIBER_TEST(a_pipe_has_neither_addresses_nor_credentials)
{
    diesel_error err;
    diesel_stream *ends[2];
    diesel_address address;
    assert_ok(diesel_pipe(ends, &err));
    assert_fails(diesel_stream_local(ends[0], &address, &err), DIESEL_E_IO);
    assert_fails(diesel_stream_peer(ends[0], &address, &err), DIESEL_E_IO);
    assert_fails(diesel_stream_peer_credentials(ends[0], NULL, NULL, NULL, &err),
                 DIESEL_E_IO);
    diesel_stream_close(ends[0]);
    diesel_stream_close(ends[1]);
    return 0;
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("service");
    test_case(suite, "limit",
              never_more_handlers_than_the_limit_and_all_come_to_their_turn,
              a_full_service_is_stopped_all_the_same);
    test_case(suite, "drain", the_drain_lets_handlers_end_but_accepts_no_more);
    test_case_rows(suite, "drain's end",
                   the_end_of_the_drain_cancels_and_that_is_no_failure,
                   TEST_COUNT(drains));
    test_case(suite, "failures",
              a_failing_handler_leaves_the_service_and_the_others_alone,
              a_failure_is_logged_unless_somebody_takes_it,
              a_handler_that_gives_no_error_is_told_how,
              without_descriptors_it_serves_on_later,
              a_full_service_leaves_connections_to_others_who_accept);
    test_case(suite, "stopped before",
              an_event_that_is_set_before_stops_it_at_once);
    test_case_rows(suite, "stopped", an_event_stops_it_whatever_it_does,
                   TEST_COUNT(stops));
    test_case_rows(suite, "handles",
                   a_handle_of_ones_own_stops_it_before_while_and_after,
                   sizeof points - 1);
    test_case(suite, "no service",
              a_listener_that_is_closed_for_others_gives_no_connection);
    test_case(suite, "cancelling", cancelling_the_scope_around_ends_all_at_once,
              it_can_be_cancelled_at_every_turn,
              without_memory_for_its_fibers_it_is_an_error);
    test_case(suite, "ends", a_unix_stream_knows_its_peers_credentials,
              both_ends_of_a_tcp_stream_agree_on_their_addresses,
              a_pipe_has_neither_addresses_nor_credentials);
    return test_suite_run(suite);
}

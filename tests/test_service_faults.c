/* SPDX-License-Identifier: MIT */
/*
 * Services at their edges: no options, handlers that say nothing, drains without
 * end, and who is cancelled where. And the console, when it cannot know its guests.
 */
#include <errno.h>
#include <stdint.h>

#include "fault_loop.h"

struct place {
    diesel_listener *listener;
    diesel_serve_options *options;
    diesel_event began, go;
    int handled, result;
    diesel_error err;
    char said[240];
};

static void open_place(struct place *place, diesel_serve_options *options)
{
    diesel_error err;
    *place = (struct place){.options = options};
    assert_made(place->listener = diesel_tcp_listen("127.0.0.1", 0, NULL, &err));
}

static diesel_stream *connect_to(const struct place *place)
{
    diesel_error err;
    diesel_stream *stream;
    assert_made(stream = diesel_tcp_connect("127.0.0.1",
                                            diesel_listener_port(place->listener),
                                            NULL, DIESEL_FOREVER, &err));
    return stream;
}

static void await_end(diesel_stream *stream)
{
    diesel_error err;
    char c;
    ck_assert_int_eq(diesel_stream_read(stream, &c, 1, DIESEL_FOREVER, &err), 0);
    diesel_stream_close(stream);
}

static void note_error(const char *peer, const diesel_error *why, void *arg)
{
    struct place *place = arg;
    (void)peer;
    snprintf(place->said, sizeof place->said, "%s", why->message);
}

static int fail_silently(diesel_stream *stream, void *arg)
{
    (void)stream;
    ((struct place *)arg)->handled++;
    return -1;
}

static int hold(diesel_stream *stream, void *arg)
{
    struct place *place = arg;
    diesel_error err;
    (void)stream;
    place->handled++;
    diesel_event_set(&place->began);
    return diesel_event_wait(&place->go, DIESEL_FOREVER, &err) < 0
               ? diesel_fail(&err)
               : 0;
}

static int serve(struct place *place, diesel_handler *handler)
{
    place->result = diesel_serve(place->listener, handler, place, place->options,
                                 &place->err);
    return place->result < 0 ? diesel_fail(&place->err) : 0;
}

static int serve_silent_failures(void *arg)
{
    return serve(arg, fail_silently);
}

static int serve_hold(void *arg)
{
    return serve(arg, hold);
}

/* The error is logged, by the default label, or told. */
FIBER_TEST(a_handler_that_fails_without_an_error_has_one_made)
{
    diesel_error err;
    struct place place;
    diesel_serve_options options = {.label = "shop", .on_error = note_error};
    open_place(&place, row == 0 ? NULL : &options);
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(scope, serve_silent_failures, &place);
    for (int i = 0; i < 3; i++)
        await_end(connect_to(&place));
    diesel_listener_close(place.listener);
    assert_ok(diesel_scope_wait(scope, &err));
    ck_assert_int_eq(place.handled, 3);
    ck_assert_int_eq(place.result, 0);
    if (row == 1)
        assert_contains(place.said, "returned -1 and no error");
    return 0;
}
END_TEST

FIBER_TEST(a_drain_may_be_longer_than_time)
{
    diesel_error err;
    struct place place;
    diesel_serve_options options = {.drain_ms = row == 0 ? INT64_MAX : -1};
    open_place(&place, &options);
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(scope, serve_hold, &place);
    diesel_stream *client = connect_to(&place);
    assert_ok(diesel_event_wait(&place.began, DIESEL_FOREVER, &err));
    diesel_listener_close(place.listener);
    for (int i = 0; i < 5; i++)
        assert_ok(diesel_yield(&err));
    diesel_event_set(&place.go);
    assert_ok(diesel_scope_wait(scope, &err));
    ck_assert_int_eq(place.result, 0);
    await_end(client);
    return 0;
}
END_TEST

/* Cancelled while it serves, while it is full, and while it drains. */
FIBER_TEST(it_ends_wherever_it_is_cancelled)
{
    diesel_error err;
    struct place place;
    diesel_serve_options options = {.max_connections = row == 1, .drain_ms = -1};
    open_place(&place, &options);
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(scope, serve_hold, &place);
    diesel_stream *client = connect_to(&place);
    assert_ok(diesel_event_wait(&place.began, DIESEL_FOREVER, &err));
    for (int i = 0; i < 3; i++)
        assert_ok(diesel_yield(&err));
    if (row == 2)
        diesel_listener_close(place.listener);
    diesel_scope *shield =
        diesel_scope_open(&(diesel_scope_options){.shield = true});
    for (int i = 0; i < 3; i++)
        assert_ok(diesel_yield(&err));
    diesel_scope_cancel(scope);
    await_end(client);
    assert_ok(diesel_scope_wait(shield, &err));
    assert_ok(diesel_scope_wait(scope, &err));
    ck_assert_int_eq(place.result, -1);
    ck_assert_int_eq(place.err.code, DIESEL_E_CANCELLED);
    return 0;
}
END_TEST

/* A header that must come first, with all the time in the world. */
FIBER_TEST(time_for_a_proxy_header_may_be_endless)
{
    diesel_error err;
    struct place place;
    diesel_serve_options options = {.proxy_header_ms = INT64_MAX};
    open_place(&place, &options);
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(scope, serve_silent_failures, &place);
    diesel_stream *client = connect_to(&place);
    static const char header[] = "PROXY UNKNOWN\r\n";
    assert_ok(diesel_stream_write(client, header, sizeof header - 1,
                                  DIESEL_FOREVER, &err));
    await_end(client);
    ck_assert_int_eq(place.handled, 1);
    diesel_listener_close(place.listener);
    assert_ok(diesel_scope_wait(scope, &err));
    return 0;
}
END_TEST

/* --- The console's guests. */

static int visit(void *arg)
{
    diesel_error err;
    char got[64];
    diesel_stream *stream;
    assert_made(stream = diesel_unix_connect(arg, DIESEL_FOREVER, &err));
    /* What it says is lost if it is turned away. */
    (void)!diesel_stream_write(stream, "help\n", 5, DIESEL_FOREVER, &err);
    ssize_t n = diesel_stream_read(stream, got, sizeof got, DIESEL_FOREVER, &err);
    diesel_stream_close(stream);
    return n > 0 ? 0 : -1;
}

START_TEST(a_guest_whose_user_is_not_known_is_turned_away)
{
    diesel_error err;
    char path[108];
    snprintf(path, sizeof path, "%s", test_path("console"));
    diesel_options options = {.console = path};
    if (_i == 1) /* that nobody is told of it makes no difference */
        assert_ok(diesel_log_configure("off", &err));
    assert_ok(diesel_run(visit, path, &options, &err));
    faulty_sys_reset();
    faulty_sys_fail_from(FAULTY_getsockopt, 1, EPERM);
    ck_assert_int_eq(diesel_run(visit, path, &options, NULL), -1);
    ck_assert_int_ge(faulty_sys_calls(FAULTY_getsockopt), 1);
}
END_TEST

static int do_nothing(void *arg)
{
    (void)arg;
    return 0;
}

START_TEST(an_empty_path_is_no_console)
{
    diesel_error err;
    diesel_options options = {.console = ""};
    int fds = test_open_fds();
    assert_ok(diesel_run(do_nothing, NULL, &options, &err));
    ck_assert_int_eq(test_open_fds(), fds);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("service_faults");
    test_case_rows(suite, "silent",
                   a_handler_that_fails_without_an_error_has_one_made, 2);
    test_case_rows(suite, "drain", a_drain_may_be_longer_than_time, 2);
    test_case_rows(suite, "cancelled", it_ends_wherever_it_is_cancelled, 3);
    test_case(suite, "header", time_for_a_proxy_header_may_be_endless);
    test_case_rows(suite, "console",
                   a_guest_whose_user_is_not_known_is_turned_away, 2);
    test_case(suite, "none", an_empty_path_is_no_console);
    return test_suite_run(suite);
}

/* SPDX-License-Identifier: MIT */
/*
 * redis/client.c, connection.c: connections that break, servers that go and come
 * back. What had been sent fails and says so; what had not is sent elsewhere; nothing
 * is sent twice, nobody waits for ever.
 */
#include <inttypes.h>

#include <diesel/redis.h>

#include "redis_script.h"
#include "test_util.h"

static redis_script *server;
static dredis *client;

static void open_both(redis_script_fn *script, void *arg,
                      const dredis_options *options)
{
    diesel_error err;
    dredis_options once = options != NULL ? *options : (dredis_options){0};
    once.max_retries = -1; /* for retries see test_redis_retry.c */
    server = redis_script_open(script, arg, NULL);
    assert_made(client = dredis_open(redis_script_url(server), &once, &err));
}

static void close_both(void)
{
    dredis_close(client);
    redis_script_close(server);
}

static void assert_get_works(void)
{
    diesel_error err;
    dredis_reply *reply;
    assert_made(reply = dredis_call(client, &err, "GET", "k"));
    ck_assert_str_eq(reply->str, "hello");
    dredis_reply_free(reply);
}

/* Answers like a server in which every key holds "hello". */
static int say_hello(redis_script_peer *peer,
                     const redis_script_command *command, void *arg)
{
    (void)command, (void)arg;
    return redis_script_say(peer, "$5\r\nhello\r\n");
}

/* The first connection sends so many bytes of a reply and hangs up. */
static int cut_reply(redis_script_peer *peer,
                     const redis_script_command *command, void *arg)
{
    if (redis_script_number(peer) > 1)
        return say_hello(peer, command, arg);
    redis_script_send(peer, "$5\r\nhello\r\n", (size_t)*(int *)arg);
    return -1;
}

FIBER_TEST(a_connection_cut_at_any_byte_fails_the_command_once)
{
    diesel_error err;
    open_both(cut_reply, &row, NULL);
    assert_fails_null(dredis_call(client, &err, "GET", "k"), DIESEL_E_CLOSED);
    ck_assert_uint_eq(err.flags, DIESEL_EF_SENT);
    assert_contains(err.message, "GET k: the server closed the connection");
    assert_get_works();
    assert_get_works();
    ck_assert_uint_eq(dredis_stats_of(client).connections, 2);
    close_both();
    return 0;
}
END_TEST

static int replied, broken;

static int get(void *arg)
{
    diesel_error err;
    (void)arg;
    dredis_reply *reply = dredis_call(client, &err, "GET", "k");
    if (reply != NULL) {
        replied++;
    } else {
        ck_assert_int_eq(err.code, DIESEL_E_CLOSED);
        ck_assert_uint_eq(err.flags, DIESEL_EF_SENT);
        broken++;
    }
    dredis_reply_free(reply);
    return 0;
}

static int hang_up_at_the_fourth(redis_script_peer *peer,
                                 const redis_script_command *command, void *arg)
{
    if (++*(int *)arg == 4)
        return -1;
    return say_hello(peer, command, arg);
}

FIBER_TEST(replies_that_came_before_the_break_count)
{
    diesel_error err;
    int commands = 0;
    open_both(hang_up_at_the_fourth, &commands, NULL);
    diesel_scope *all = diesel_scope_open(NULL);
    for (int i = 0; i < 10; i++)
        diesel_go(all, get, NULL);
    assert_ok(diesel_scope_wait(all, &err));
    ck_assert_int_eq(replied, 3);
    ck_assert_int_eq(broken, 7);
    assert_get_works();
    close_both();
    return 0;
}
END_TEST

static const struct {
    const char *wire;
    dredis_options options;
    int code;
    const char *said;
} wrong_rows[] = {
    {"HTTP/1.1 400 Bad Request\r\n", {0}, DIESEL_E_PROTOCOL, "not RESP"},
    {"$3\r\nabcde\r\n", {0}, DIESEL_E_PROTOCOL, "not RESP"},
    {"*-5\r\n", {0}, DIESEL_E_PROTOCOL, "not RESP"},
    {"$100\r\n", {.max_bulk = 99}, DIESEL_E_LIMIT, "99 bytes"},
    {"*100\r\n", {.max_elements = 99}, DIESEL_E_LIMIT, "99 elements"},
    {"*1\r\n*1\r\n*1\r\n", {.max_depth = 2}, DIESEL_E_LIMIT, "2 levels"},
};

static int say_wrong(redis_script_peer *peer,
                     const redis_script_command *command, void *arg)
{
    if (redis_script_number(peer) > 1)
        return say_hello(peer, command, arg);
    return redis_script_say(peer, arg);
}

FIBER_TEST(a_reply_that_is_none_breaks_the_connection)
{
    diesel_error err;
    open_both(say_wrong, (void *)(uintptr_t)wrong_rows[row].wire,
              &wrong_rows[row].options);
    assert_fails_null(dredis_call(client, &err, "GET", "k"),
                      wrong_rows[row].code);
    ck_assert_uint_eq(err.flags, DIESEL_EF_SENT);
    assert_contains(err.message, wrong_rows[row].said);
    assert_get_works();
    close_both();
    return 0;
}
END_TEST

static int say_two(redis_script_peer *peer, const redis_script_command *command,
                   void *arg)
{
    if (redis_script_number(peer) == 1)
        say_hello(peer, command, arg);
    return say_hello(peer, command, arg);
}

FIBER_TEST(a_reply_that_nobody_asked_for_breaks_the_connection)
{
    diesel_error err;
    open_both(say_two, NULL, NULL);
    assert_get_works();
    await_that(dredis_stats_of(client).resp == 0);
    assert_get_works();
    ck_assert_uint_eq(dredis_stats_of(client).connections, 2);
    close_both();
    return 0;
}
END_TEST

FIBER_TEST(after_an_idle_break_the_next_command_just_works)
{
    diesel_error err;
    open_both(say_hello, NULL, NULL);
    for (int i = 0; i < 5; i++) {
        assert_get_works();
        redis_script_hang_up(server);
        if (i % 2 == 0)
            await_that(dredis_stats_of(client).resp == 0);
        else
            await_that(redis_script_connected(server) == 0);
    }
    assert_get_works();
    ck_assert_uint_eq(dredis_stats_of(client).connections, 6);
    close_both();
    return 0;
}
END_TEST

/* The first connection reads a little and then waits at the gate before it hangs up;
 * the later ones answer, and count how often each key came. */
static diesel_channel *gate;
static int arrivals[64];

static int stall_then_count(redis_script_peer *peer,
                            const redis_script_command *command, void *arg)
{
    char pass;
    arrivals[atoi(command->arg[1])]++;
    if (redis_script_number(peer) > 1)
        return say_hello(peer, command, arg);
    ck_assert_int_ge(diesel_channel_recv(gate, &pass, DIESEL_FOREVER, NULL), 0);
    return -1;
}

static char large[100 * 1000];

static int set_large(void *arg)
{
    diesel_error err;
    int key = (int)(intptr_t)arg;
    dredis_reply *reply = dredis_call(client, &err, "SET", key,
                                      diesel_bytes(large, sizeof large));
    if (reply != NULL) {
        /* It was answered, so the second connection saw it; and the first did not
         * get all of it, or it would have been sent. */
        ck_assert_int_eq(arrivals[key], 1);
        replied++;
    } else {
        ck_assert_int_eq(err.code, DIESEL_E_CLOSED);
        ck_assert_uint_eq(err.flags, DIESEL_EF_SENT);
        ck_assert_int_le(arrivals[key], 1);
        broken++;
    }
    dredis_reply_free(reply);
    return 0;
}

FIBER_TEST(what_was_not_sent_goes_over_the_next_connection_and_only_that)
{
    diesel_error err;
    assert_made(gate = diesel_channel_new(1, 1, &err));
    open_both(stall_then_count, NULL,
              &(dredis_options){.max_output = 64u << 20});
    diesel_scope *all = diesel_scope_open(NULL);
    for (int i = 0; i < 40; i++)
        diesel_go(all, set_large, (void *)(intptr_t)i);
    /* All are appended; the kernel's buffer holds but some. */
    await_that(dredis_stats_of(client).commands == 40 && arrivals[0] == 1);
    assert_ok(diesel_channel_send(gate, "", DIESEL_FOREVER, &err));
    assert_ok(diesel_scope_wait(all, &err));
    ck_assert_int_ge(broken, 1);
    ck_assert_int_ge(replied, 20);
    ck_assert_int_eq(replied + broken, 40);
    ck_assert_uint_eq(dredis_stats_of(client).connections, 2);
    close_both();
    diesel_channel_free(gate);
    return 0;
}
END_TEST

static int get_all(void *arg)
{
    (void)arg;
    assert_get_works();
    return 0;
}

FIBER_TEST(commands_wait_for_a_server_that_comes_back)
{
    diesel_error err;
    redis_script_options where = {.path = test_path("redis.sock")};
    server = redis_script_open(say_hello, NULL, &where);
    assert_made(client = dredis_open(redis_script_url(server), NULL, &err));
    redis_script_close(server);
    diesel_scope *all = diesel_scope_open(NULL);
    for (int i = 0; i < 100; i++)
        diesel_go(all, get_all, NULL);
    assert_ok(diesel_sleep(50, &err));
    server = redis_script_open(say_hello, NULL, &where);
    assert_ok(diesel_scope_wait(all, &err));
    ck_assert_uint_eq(redis_script_accepted(server), 1);
    close_both();
    return 0;
}
END_TEST

/* Opens a client whose server then goes. */
static void open_and_leave_alone(const dredis_options *options)
{
    diesel_error err;
    open_both(say_hello, NULL, options);
    redis_script_close(server);
    await_that(dredis_stats_of(client).resp == 0);
}

FIBER_TEST(a_server_that_stays_away_fails_the_command_with_the_cause)
{
    diesel_error err;
    open_and_leave_alone(&(dredis_options){
        .reconnect_timeout_ms = 60, .backoff_ms = 5, .backoff_max_ms = 10});
    int64_t before = diesel_now();
    assert_fails_null(dredis_call(client, &err, "GET", "k"), DIESEL_E_REFUSED);
    ck_assert_int_ge(diesel_now() - before, 55);
    ck_assert_uint_eq(err.flags, DIESEL_EF_RETRYABLE);
    assert_contains(err.message, "GET k: no connection after ");
    assert_contains(err.message, "attempts: connecting: ");
    dredis_close(client);
    return 0;
}
END_TEST

FIBER_TEST(the_scopes_deadline_ends_the_wait_for_a_connection)
{
    diesel_error err;
    open_and_leave_alone(&(dredis_options){.reconnect_timeout_ms = 100000});
    diesel_scope *soon =
        diesel_scope_open(&(diesel_scope_options){.timeout_ms = 40});
    assert_fails_null(dredis_call(client, &err, "GET", "k"), DIESEL_E_TIMEDOUT);
    ck_assert_uint_eq(err.flags & DIESEL_EF_SENT, 0);
    assert_contains(err.message, "timed out waiting for a connection");
    assert_contains(err.message, "the last attempt: connecting: ");
    diesel_scope_wait(soon, NULL);
    dredis_close(client);
    return 0;
}
END_TEST

FIBER_TEST(a_command_need_not_wait_for_a_connection)
{
    diesel_error err;
    open_both(say_hello, NULL, &(dredis_options){.reconnect_timeout_ms = -1});
    redis_script_hang_up(server);
    await_that(dredis_stats_of(client).resp == 0);
    assert_fails_null(dredis_call(client, &err, "GET", "k"), DIESEL_E_CLOSED);
    assert_contains(err.message, "no connection at present");
    ck_assert_uint_eq(err.flags, DIESEL_EF_RETRYABLE);
    await_that(dredis_stats_of(client).resp != 0); /* but it asked for one */
    assert_get_works();
    close_both();
    return 0;
}
END_TEST

static int is_closed_while_waiting(void *arg)
{
    diesel_error err;
    assert_fails_null(dredis_call(client, &err, "GET", "k"), DIESEL_E_CLOSED);
    ck_assert_uint_eq(err.flags & DIESEL_EF_SENT, 0);
    assert_contains(err.message, "the client has been closed");
    ++*(int *)arg;
    return 0;
}

FIBER_TEST(closing_ends_the_wait_for_a_connection)
{
    diesel_error err;
    int closed = 0;
    open_and_leave_alone(&(dredis_options){.reconnect_timeout_ms = 100000});
    diesel_scope *all = diesel_scope_open(NULL);
    for (int i = 0; i < 3; i++)
        diesel_go(all, is_closed_while_waiting, &closed);
    assert_ok(diesel_sleep(5, &err));
    dredis_close(client);
    assert_ok(diesel_scope_wait(all, &err));
    ck_assert_int_eq(closed, 3);
    return 0;
}
END_TEST

/* From the second connection on, HELLO gets this until the count runs out. */
static const char *refusal;
static int refusals;

static int refuse_handshake(redis_script_peer *peer,
                            const redis_script_command *command, void *arg)
{
    (void)arg;
    if (redis_script_number(peer) > 1 && refusals-- > 0)
        return redis_script_say(peer, refusal);
    return redis_script_say(peer, strcmp(command->arg[0], "HELLO") == 0
                                      ? "%1\r\n$5\r\nproto\r\n:3\r\n"
                                      : "+OK\r\n");
}

static void open_and_refuse(const char *with, int times,
                            const dredis_options *options)
{
    diesel_error err;
    refusal = with;
    refusals = times;
    server = redis_script_open(
        say_hello, NULL,
        &(redis_script_options){.handshake = refuse_handshake});
    dredis_options brief = *options;
    brief.lib_name = "";
    assert_made(client = dredis_open(redis_script_url(server), &brief, &err));
    redis_script_hang_up(server);
    await_that(dredis_stats_of(client).resp == 0);
}

FIBER_TEST(a_password_that_became_wrong_fails_at_once)
{
    diesel_error err;
    open_and_refuse("-WRONGPASS no\r\n", 1,
                    &(dredis_options){.reconnect_timeout_ms = 100000,
                                      .password = "x"});
    assert_fails_null(dredis_call(client, &err, "GET", "k"), DIESEL_E_AUTH);
    ck_assert_int_eq(err.detail, DREDIS_ERR_WRONGPASS);
    ck_assert_uint_eq(err.flags, 0);
    assert_get_works();
    close_both();
    return 0;
}
END_TEST

FIBER_TEST(a_server_that_is_loading_is_waited_for)
{
    open_and_refuse("-LOADING Redis is loading the dataset in memory\r\n", 3,
                    &(dredis_options){.backoff_ms = 1});
    assert_get_works();
    ck_assert_uint_eq(redis_script_accepted(server), 5);
    close_both();
    return 0;
}
END_TEST

FIBER_TEST(between_attempts_there_are_pauses)
{
    diesel_error err;
    open_and_refuse("-LOADING\r\n", 1 << 30,
                    &(dredis_options){.backoff_ms = 20,
                                      .backoff_max_ms = 40,
                                      .reconnect_timeout_ms = 200});
    assert_fails_null(dredis_call(client, &err, "GET", "k"), DIESEL_E_SERVER);
    ck_assert_int_eq(err.detail, DREDIS_ERR_LOADING);
    ck_assert_uint_eq(err.flags, DIESEL_EF_RETRYABLE);
    /* 200 ms of pauses between 0 and 40 ms: 11 attempts are to be expected. */
    ck_assert_uint_ge(redis_script_accepted(server), 3);
    ck_assert_uint_le(redis_script_accepted(server), 60);
    close_both();
    return 0;
}
END_TEST

static int hang_up(redis_script_peer *peer, const redis_script_command *command,
                   void *arg)
{
    (void)peer, (void)command, (void)arg;
    return -1;
}

static int get_under_fire(void *arg)
{
    diesel_error err;
    for (int i = 0; i < 50; i++) {
        dredis_reply *reply = dredis_call(client, &err, "GET", "k");
        if (reply != NULL)
            ++*(int *)arg;
        else
            ck_assert_msg(err.code == DIESEL_E_CLOSED &&
                              (err.flags & DIESEL_EF_SENT) != 0,
                          "%s", err.message);
        dredis_reply_free(reply);
        assert_ok(diesel_yield(&err));
    }
    return 0;
}

static int kill_again_and_again(void *arg)
{
    diesel_error err;
    for (int i = 0; i < 20 && *(bool *)arg; i++) {
        assert_ok(diesel_sleep(2, &err));
        redis_script_hang_up(server);
    }
    return 0;
}

FIBER_TEST(under_repeated_breaks_each_command_ends)
{
    diesel_error err;
    int count = 0;
    bool go_on = true;
    open_both(say_hello, NULL, NULL);
    diesel_scope *killer = diesel_scope_open(NULL);
    diesel_scope *all = diesel_scope_open(NULL);
    diesel_go(killer, kill_again_and_again, &go_on);
    for (int i = 0; i < 100; i++)
        diesel_go(all, get_under_fire, &count);
    assert_ok(diesel_scope_wait(all, &err));
    go_on = false;
    assert_ok(diesel_scope_wait(killer, &err));
    ck_assert_int_gt(count, 0);
    assert_get_works();
    ck_assert_uint_eq(dredis_stats_of(client).pending, 0);
    close_both();
    return 0;
}
END_TEST

FIBER_TEST(a_server_that_always_hangs_up_does_not_keep_a_command_for_ever)
{
    diesel_error err;
    open_both(hang_up, NULL, &(dredis_options){.reconnect_timeout_ms = 50});
    for (int i = 0; i < 5; i++) {
        assert_fails_null(dredis_call(client, &err, "GET", "k"),
                          DIESEL_E_CLOSED);
        ck_assert_uint_eq(err.flags & DIESEL_EF_SENT, DIESEL_EF_SENT);
    }
    close_both();
    return 0;
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("redis_reconnect");
    test_case_rows(suite, "cut", a_connection_cut_at_any_byte_fails_the_command_once,
                   sizeof "$5\r\nhello\r\n" - 1);
    test_case_rows(suite, "wrong", a_reply_that_is_none_breaks_the_connection,
                   TEST_COUNT(wrong_rows));
    test_case(suite, "breaks", replies_that_came_before_the_break_count,
              a_reply_that_nobody_asked_for_breaks_the_connection,
              after_an_idle_break_the_next_command_just_works,
              what_was_not_sent_goes_over_the_next_connection_and_only_that,
              under_repeated_breaks_each_command_ends,
              a_server_that_always_hangs_up_does_not_keep_a_command_for_ever);
    test_case(suite, "away", commands_wait_for_a_server_that_comes_back,
              a_server_that_stays_away_fails_the_command_with_the_cause,
              the_scopes_deadline_ends_the_wait_for_a_connection,
              a_command_need_not_wait_for_a_connection,
              closing_ends_the_wait_for_a_connection);
    test_case(suite, "handshake", a_password_that_became_wrong_fails_at_once,
              a_server_that_is_loading_is_waited_for,
              between_attempts_there_are_pauses);
    return test_suite_run(suite);
}

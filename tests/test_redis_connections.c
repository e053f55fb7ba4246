/* SPDX-License-Identifier: MIT */
/*
 * redis/client.c, lane.c, dedicated.c, credentials.c: several shared connections,
 * the limits and ages of dedicated ones, and who they log in as.
 */
#include <inttypes.h>

#include <diesel/redis.h>

#include "redis_script.h"
#include "test_util.h"

static redis_script *server;
static dredis *client;
static int arrivals[16]; /* commands by connection */
static int pings;

/* Answers everything; a BLPOP waits at the gate. */
static diesel_channel *gate;

static int answer(redis_script_peer *peer, const redis_script_command *command,
                  void *arg)
{
    void *ticket;
    (void)arg;
    arrivals[redis_script_number(peer)]++;
    if (strcmp(command->arg[0], "BLPOP") == 0 &&
        diesel_channel_recv(gate, &ticket, DIESEL_FOREVER, NULL) < 1)
        return -1;
    return redis_script_say(peer, ":1\r\n");
}

static int shake_hands(redis_script_peer *peer,
                       const redis_script_command *command, void *arg)
{
    (void)arg;
    if (strcmp(command->arg[0], "HELLO") == 0)
        return redis_script_say(peer, "%1\r\n$5\r\nproto\r\n:3\r\n");
    if (strcmp(command->arg[0], "PING") == 0)
        return ++pings, redis_script_say(peer, "+PONG\r\n");
    return redis_script_say(peer, "+OK\r\n");
}

static void open_both(const dredis_options *options)
{
    diesel_error err;
    assert_made(gate = diesel_channel_new(1, 64, &err));
    server = redis_script_open(
        answer, NULL, &(redis_script_options){.handshake = shake_hands});
    assert_made(client = dredis_open(redis_script_url(server), options, &err));
}

static void close_both(void)
{
    diesel_channel_close(gate);
    dredis_close(client);
    redis_script_close(server);
    diesel_channel_free(gate);
}

static void call(const char *name)
{
    diesel_error err;
    dredis_reply *reply;
    assert_made(reply = dredis_call(client, &err, name, "k"));
    dredis_reply_free(reply);
}

static void open_gate(int times)
{
    diesel_error err;
    for (int i = 0; i < times; i++)
        assert_ok(diesel_channel_send(gate, &(char){0}, DIESEL_FOREVER, &err));
}

FIBER_TEST(commands_are_spread_over_the_connections)
{
    diesel_error err;
    open_both(&(dredis_options){.connections = 3});
    call("INCR"); /* the others are made when their turn comes */
    await_that((call("INCR"), redis_script_connected(server) == 3));
    int before[4] = {0, arrivals[1], arrivals[2], arrivals[3]};
    for (int i = 0; i < 30; i++)
        call("INCR");
    for (int i = 1; i <= 3; i++)
        ck_assert_int_eq(arrivals[i] - before[i], 10);
    ck_assert_int_eq(dredis_stats_of(client).resp, 3);
    close_both();
    return 0;
}
END_TEST

FIBER_TEST(they_come_back_one_by_one)
{
    diesel_error err;
    open_both(&(dredis_options){.connections = 2, .reconnect_timeout_ms = 5000});
    await_that((call("INCR"), redis_script_connected(server) == 2));
    redis_script_hang_up(server);
    await_that(redis_script_connected(server) == 0);
    await_that(dredis_stats_of(client).resp == 0);
    await_that((call("INCR"), redis_script_connected(server) == 2));
    close_both();
    return 0;
}
END_TEST

static int block(void *arg)
{
    diesel_error err;
    (void)arg;
    dredis_reply *reply = dredis_call(client, &err, "BLPOP", "k", 0);
    if (reply == NULL)
        return diesel_fail(&err);
    dredis_reply_free(reply);
    return 0;
}

FIBER_TEST(a_call_waits_for_a_dedicated_connection)
{
    diesel_error err;
    open_both(&(dredis_options){.max_dedicated = 1, .dedicated_wait_ms = 60000});
    diesel_scope *all = diesel_scope_open(NULL);
    for (int i = 0; i < 4; i++)
        diesel_go(all, block, NULL);
    open_gate(4);
    assert_ok(diesel_scope_wait(all, &err));
    ck_assert_uint_eq(redis_script_accepted(server), 2);
    ck_assert_int_eq(arrivals[2], 4);
    close_both();
    return 0;
}
END_TEST

FIBER_TEST(but_not_for_ever)
{
    diesel_error err;
    open_both(&(dredis_options){.max_dedicated = 1, .dedicated_wait_ms = 10});
    diesel_scope *all = diesel_scope_open(NULL);
    diesel_go(all, block, NULL);
    await_that(arrivals[2] == 1);
    assert_fails_null(dredis_call(client, &err, "BLPOP", "k", 0),
                      DIESEL_E_LIMIT);
    assert_contains(err.message, "max_dedicated");
    open_gate(1);
    assert_ok(diesel_scope_wait(all, &err));
    close_both();
    return 0;
}
END_TEST

FIBER_TEST(idle_ones_are_closed_in_time)
{
    diesel_error err;
    open_both(&(dredis_options){.dedicated_idle_ms = 10});
    open_gate(1);
    assert_ok(block(NULL));
    ck_assert_uint_eq(dredis_stats_of(client).dedicated, 1);
    await_that(dredis_stats_of(client).dedicated == 0);
    await_that(redis_script_connected(server) == 1);
    open_gate(1);
    assert_ok(block(NULL));
    close_both();
    return 0;
}
END_TEST

FIBER_TEST(old_ones_are_not_used_again)
{
    diesel_error err;
    open_both(&(dredis_options){.dedicated_life_ms = 5});
    for (int i = 2; i < 5; i++) {
        open_gate(1);
        assert_ok(block(NULL));
        ck_assert_int_eq(arrivals[i], 1);
        assert_ok(diesel_sleep(10, &err));
    }
    close_both();
    return 0;
}
END_TEST

FIBER_TEST(what_was_idle_for_long_must_answer_first)
{
    diesel_error err;
    open_both(&(dredis_options){.dedicated_check_ms = 1});
    for (int i = 0; i < 3; i++) {
        open_gate(1);
        assert_ok(block(NULL));
        ck_assert_int_eq(pings, i);
        assert_ok(diesel_sleep(3, &err));
    }
    ck_assert_int_eq(arrivals[2], 3);
    close_both();
    return 0;
}
END_TEST

/* --- Credentials */

static char heard[512];
static int asked;

static int note_logins(redis_script_peer *peer,
                       const redis_script_command *command, void *arg)
{
    bool refuse = arg != NULL && *(bool *)arg;
    if (strcmp(command->arg[0], "CLIENT") == 0)
        return redis_script_say(peer, "+OK\r\n");
    snprintf(heard + strlen(heard), sizeof heard - strlen(heard), "%s%zu %s",
             heard[0] != '\0' ? "; " : "", redis_script_number(peer),
             command->text);
    if (refuse && strcmp(command->arg[0], "AUTH") == 0)
        return redis_script_say(peer, "-WRONGPASS invalid password\r\n");
    return redis_script_say(peer, strcmp(command->arg[0], "HELLO") == 0
                                      ? "%1\r\n$5\r\nproto\r\n:3\r\n"
                                      : "+OK\r\n");
}

static int give(void *arg, dredis_credentials *credentials, diesel_error *err)
{
    static char password[16];
    (void)err;
    snprintf(password, sizeof password, "p%d", ++asked);
    *credentials = (dredis_credentials){
        .user = "ann", .password = password, .refresh_ms = *(int *)arg};
    return 0;
}

static void open_logins(bool *refuse, dredis_options *options, int *refresh_ms)
{
    diesel_error err;
    options->credentials = give;
    options->credentials_arg = refresh_ms;
    server = redis_script_open(
        answer, refuse, &(redis_script_options){.handshake = note_logins});
    assert_made(client = dredis_open(redis_script_url(server), options, &err));
}

static void close_logins(void)
{
    dredis_close(client);
    redis_script_close(server);
}

FIBER_TEST(each_connection_asks_for_credentials)
{
    diesel_error err;
    int never = 0;
    open_logins(NULL, &(dredis_options){.connections = 1}, &never);
    redis_script_hang_up(server);
    await_that(dredis_stats_of(client).resp == 0);
    call("INCR");
    ck_assert_str_eq(heard, "1 HELLO 3 AUTH ann p1; 2 HELLO 3 AUTH ann p2");
    close_logins();
    return 0;
}
END_TEST

FIBER_TEST(live_connections_log_in_again)
{
    diesel_error err;
    int never = 0;
    open_logins(NULL, &(dredis_options){.connections = 1}, &never);
    assert_ok(dredis_reauthenticate(client, &err));
    ck_assert_str_eq(heard, "1 HELLO 3 AUTH ann p1; 1 AUTH ann p2");
    close_logins();
    return 0;
}
END_TEST

FIBER_TEST(dedicated_ones_are_made_anew)
{
    diesel_error err;
    int never = 0;
    assert_made(gate = diesel_channel_new(1, 64, &err));
    open_logins(NULL, &(dredis_options){.connections = 1}, &never);
    open_gate(2);
    assert_ok(block(NULL));
    ck_assert_uint_eq(dredis_stats_of(client).dedicated, 1);
    assert_ok(dredis_reauthenticate(client, &err));
    ck_assert_uint_eq(dredis_stats_of(client).dedicated, 0);
    assert_ok(block(NULL));
    ck_assert_str_eq(heard, "1 HELLO 3 AUTH ann p1; 2 HELLO 3 AUTH ann p2; "
                            "1 AUTH ann p3; 3 HELLO 3 AUTH ann p4");
    close_logins();
    diesel_channel_free(gate);
    return 0;
}
END_TEST

FIBER_TEST(they_do_so_by_themselves_before_the_end)
{
    diesel_error err;
    int soon = 3;
    open_logins(NULL, &(dredis_options){.connections = 1}, &soon);
    await_that(strstr(heard, "; 1 AUTH ann p3") != NULL);
    close_logins();
    return 0;
}
END_TEST

FIBER_TEST(a_refusal_is_an_error_and_nothing_else)
{
    diesel_error err;
    int never = 0;
    bool refuse = true;
    open_logins(&refuse, &(dredis_options){.connections = 1}, &never);
    assert_fails(dredis_reauthenticate(client, &err), DIESEL_E_AUTH);
    assert_contains(err.message, "logging in again: WRONGPASS");
    call("INCR");
    close_logins();
    return 0;
}
END_TEST

static int refuse_to_give(void *arg, dredis_credentials *credentials,
                          diesel_error *err)
{
    (void)arg, (void)credentials;
    return diesel_error_set(err, DIESEL_E_BUSY, DIESEL_DOM_CORE, 0,
                            "the vault is shut");
}

static int give_none(void *arg, dredis_credentials *credentials,
                     diesel_error *err)
{
    (void)arg, (void)credentials, (void)err;
    return 0;
}

FIBER_TEST(without_credentials_there_is_no_connection)
{
    diesel_error err;
    server = redis_script_open(answer, NULL, NULL);
    assert_fails_null(
        dredis_open(redis_script_url(server),
                    &(dredis_options){.credentials = refuse_to_give}, &err),
        DIESEL_E_BUSY);
    assert_contains(err.message, "the credentials: the vault is shut");
    assert_fails_null(dredis_open(redis_script_url(server),
                                  &(dredis_options){.credentials = give_none},
                                  &err),
                      DIESEL_E_INVAL);
    redis_script_close(server);
    open_both(NULL);
    assert_fails(dredis_reauthenticate(client, &err), DIESEL_E_INVAL);
    close_both();
    return 0;
}
END_TEST

FIBER_TEST(a_failure_to_connect_says_how_long_it_took)
{
    diesel_error err;
    assert_fails_null(dredis_open("redis://127.0.0.1:1", NULL, &err),
                      DIESEL_E_REFUSED);
    assert_contains(err.message, "redis 127.0.0.1:1: ");
    assert_contains(err.message, " (after ");
    return 0;
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("redis_connections");
    test_case(suite, "shared", commands_are_spread_over_the_connections,
              they_come_back_one_by_one,
              a_failure_to_connect_says_how_long_it_took);
    test_case(suite, "dedicated", a_call_waits_for_a_dedicated_connection,
              but_not_for_ever, idle_ones_are_closed_in_time,
              old_ones_are_not_used_again,
              what_was_idle_for_long_must_answer_first);
    test_case(suite, "credentials", each_connection_asks_for_credentials,
              live_connections_log_in_again, dedicated_ones_are_made_anew,
              they_do_so_by_themselves_before_the_end,
              a_refusal_is_an_error_and_nothing_else,
              without_credentials_there_is_no_connection);
    return test_suite_run(suite);
}

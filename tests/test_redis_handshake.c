/* SPDX-License-Identifier: MIT */
/*
 * redis/handshake.c: what is said on a new connection, and how servers may take it.
 */
#include <inttypes.h>

#include <diesel/redis.h>

#include <config.h>

#include "redis/reply_reader_internal.h"
#include "redis_script.h"
#include "test_util.h"

#define HELLO_REPLY "%1\r\n$5\r\nproto\r\n:3\r\n"
#define UNKNOWN "-ERR unknown command 'HELLO'\r\n"

/* What the server was sent, one command after the other, and what it answers to
 * each in turn; NULL ends the answers, and the rest get +OK. */
struct talk {
    char heard[512];
    const char *const *answers;
    size_t commands;
    size_t reads;
};

static int talk(redis_script_peer *peer, const redis_script_command *command,
                void *arg)
{
    struct talk *t = arg;
    size_t n = strlen(t->heard);
    snprintf(t->heard + n, sizeof t->heard - n, "%s%s", n > 0 ? "; " : "",
             command->text);
    t->reads = redis_script_reads(peer);
    const char *answer = t->answers != NULL ? *t->answers : NULL;
    t->commands++;
    if (answer == NULL)
        return redis_script_say(peer, "+OK\r\n");
    t->answers++;
    return redis_script_say(peer, answer);
}

static const struct {
    dredis_options options;
    bool resp2; /* what a build without RESP3 does as well */
    const char *answers[6];
    const char *heard;
    size_t reads;
    int resp;
} good_rows[] = {
    {{0}, false, {HELLO_REPLY}, "HELLO 3", 1, 3},
    {{.db = 2}, false, {HELLO_REPLY}, "HELLO 3; SELECT 2", 1, 3},
    {{.password = "p"},
     false,
     {HELLO_REPLY},
     "HELLO 3 AUTH default p",
     1,
     3},
    {{.user = "u", .password = "p q", .client_name = "me", .db = 7},
     false,
     {HELLO_REPLY},
     "HELLO 3 AUTH u p q SETNAME me; SELECT 7",
     1,
     3},
    {{.resp = 2}, true, {"+PONG\r\n"}, "PING", 1, 2},
    {{.resp = 2, .password = "p"}, true, {NULL}, "AUTH p; PING", 1, 2},
    {{.resp = 2, .user = "u", .password = "p", .client_name = "me", .db = 7},
     true,
     {NULL},
     "AUTH u p; CLIENT SETNAME me; SELECT 7; PING",
     1,
     2},
    {{.db = 2},
     false,
     {UNKNOWN},
     "HELLO 3; SELECT 2; SELECT 2; PING",
     2,
     2},
    {{.password = "p"},
     false,
     {"-NOPROTO unsupported protocol version\r\n"},
     "HELLO 3 AUTH default p; AUTH p; PING",
     2,
     2},
    {{.password = "p", .db = 1},
     false,
     {UNKNOWN, "-NOAUTH Authentication required.\r\n"},
     "HELLO 3 AUTH default p; SELECT 1; AUTH p; SELECT 1; PING",
     2,
     2},
};

static const struct {
    dredis_options options;
    const char *answers[8];
    const char *heard;
} extra_rows[] = {
    {{0},
     {HELLO_REPLY},
     "HELLO 3; CLIENT SETINFO LIB-NAME diesel-c; CLIENT SETINFO LIB-VER " PACKAGE_VERSION},
    {{.lib_name = "shop", .no_evict = true, .no_touch = true, .db = 3},
     {HELLO_REPLY},
     "HELLO 3; SELECT 3; CLIENT NO-EVICT ON; CLIENT NO-TOUCH ON; CLIENT SETINFO "
     "LIB-NAME shop; CLIENT SETINFO LIB-VER " PACKAGE_VERSION},
    {{.lib_name = "x"},
     {HELLO_REPLY, "-ERR unknown subcommand 'SETINFO'\r\n",
      "-NOPERM this user has no permissions\r\n"},
     "HELLO 3; CLIENT SETINFO LIB-NAME x; CLIENT SETINFO LIB-VER " PACKAGE_VERSION},
};

FIBER_TEST(the_client_says_what_it_is_and_the_answer_does_not_matter)
{
    diesel_error err;
    struct talk t = {.answers = extra_rows[row].answers};
    if (!dredis__reply_reader_knows_resp3())
        return 0;
    redis_script *server = redis_script_open(
        talk, &t, &(redis_script_options){.handshake = talk});
    dredis *client;
    assert_made(client = dredis_open(redis_script_url(server),
                                     &extra_rows[row].options, &err));
    ck_assert_str_eq(t.heard, extra_rows[row].heard);
    ck_assert_uint_eq(t.reads, 1);
    dredis_close(client);
    redis_script_close(server);
    return 0;
}
END_TEST

FIBER_TEST(the_handshake_is_one_round_trip_or_two_with_an_old_server)
{
    diesel_error err;
    struct talk t = {.answers = good_rows[row].answers};
    if (!good_rows[row].resp2 && !dredis__reply_reader_knows_resp3())
        return 0;
    redis_script *server = redis_script_open(
        talk, &t, &(redis_script_options){.handshake = talk});
    dredis *client;
    dredis_options options = good_rows[row].options;
    if (options.lib_name == NULL)
        options.lib_name = "";
    assert_made(client = dredis_open(redis_script_url(server), &options, &err));
    ck_assert_str_eq(t.heard, good_rows[row].heard);
    ck_assert_uint_eq(t.reads, good_rows[row].reads);
    dredis_stats stats = dredis_stats_of(client);
    ck_assert_int_eq(stats.resp, good_rows[row].resp);
    ck_assert_uint_eq(stats.commands, 0);
    ck_assert_uint_eq(stats.replies, 0);
    dredis_close(client);
    redis_script_close(server);
    return 0;
}
END_TEST

static const struct {
    dredis_options options;
    const char *answers[4];
    int code, detail;
    const char *said;
} bad_rows[] = {
    {{.resp = 3},
     {"-NOAUTH HELLO must be called with the client already authenticated\r\n"},
     DIESEL_E_AUTH,
     DREDIS_ERR_NOAUTH,
     "greeting: NOAUTH HELLO must"},
    {{.resp = 2},
     {"-NOAUTH Authentication required.\r\n"},
     DIESEL_E_AUTH,
     DREDIS_ERR_NOAUTH,
     "greeting: NOAUTH"},
    {{.password = "hunter2"},
     {"-WRONGPASS invalid username-password pair\r\n"},
     DIESEL_E_AUTH,
     DREDIS_ERR_WRONGPASS,
     "WRONGPASS invalid"},
    {{.resp = 2, .password = "hunter2"},
     {"-ERR invalid password\r\n"},
     DIESEL_E_AUTH,
     DREDIS_ERR_ERR,
     "logging in: ERR invalid password"},
    {{.resp = 2, .client_name = "x"},
     {"-ERR unknown command 'CLIENT'\r\n"},
     DIESEL_E_SERVER,
     DREDIS_ERR_ERR,
     "naming the client: ERR"},
    {{.resp = 2, .db = 99},
     {"-ERR DB index is out of range\r\n"},
     DIESEL_E_SERVER,
     DREDIS_ERR_ERR,
     "selecting the database: ERR DB index is out of range"},
    {{.resp = 2},
     {"-LOADING Redis is loading\r\n"},
     DIESEL_E_SERVER,
     DREDIS_ERR_LOADING,
     "greeting: LOADING"},
    {{0},
     {"HTTP/1.1 400 Bad Request\r\n"},
     DIESEL_E_PROTOCOL,
     0,
     "not RESP"},
    {{.resp = 2}, {"+PONG\r\n+PONG\r\n"}, DIESEL_E_PROTOCOL, 0, "nobody asked"},
};

FIBER_TEST(what_goes_wrong_is_told_without_the_password)
{
    diesel_error err;
    struct talk t = {.answers = bad_rows[row].answers};
    redis_script *server = redis_script_open(
        talk, &t, &(redis_script_options){.handshake = talk});
    assert_fails_null(
        dredis_open(redis_script_url(server), &bad_rows[row].options, &err),
        bad_rows[row].code);
    ck_assert_int_eq(err.detail, bad_rows[row].detail);
    ck_assert_uint_eq(err.flags, 0);
    ck_assert_int_eq(strncmp(err.message, "redis /tmp/", 11), 0);
    assert_contains(err.message, bad_rows[row].said);
    ck_assert_ptr_null(strstr(err.message, "hunter2"));
    redis_script_close(server);
    return 0;
}
END_TEST

static int cut(redis_script_peer *peer, const redis_script_command *command,
               void *arg)
{
    (void)command;
    redis_script_send(peer, HELLO_REPLY, (size_t)*(int *)arg);
    return -1;
}

FIBER_TEST(a_handshake_cut_at_any_byte_is_closed)
{
    diesel_error err;
    redis_script *server = redis_script_open(
        cut, &row, &(redis_script_options){.handshake = cut});
    assert_fails_null(dredis_open(redis_script_url(server), NULL, &err),
                      DIESEL_E_CLOSED);
    assert_contains(err.message, "the server closed the connection");
    redis_script_close(server);
    return 0;
}
END_TEST

static int be_silent(redis_script_peer *peer,
                     const redis_script_command *command, void *arg)
{
    (void)peer, (void)command, (void)arg;
    return 0;
}

FIBER_TEST(a_silent_server_times_out)
{
    diesel_error err;
    int64_t before = diesel_now();
    redis_script *server = redis_script_open(
        be_silent, NULL, &(redis_script_options){.handshake = be_silent});
    assert_fails_null(
        dredis_open(redis_script_url(server),
                    &(dredis_options){.connect_timeout_ms = 30}, &err),
        DIESEL_E_TIMEDOUT);
    ck_assert_int_ge(diesel_now() - before, 29);
    diesel_scope *soon =
        diesel_scope_open(&(diesel_scope_options){.timeout_ms = 20});
    assert_fails_null(dredis_open(redis_script_url(server), NULL, &err),
                      DIESEL_E_TIMEDOUT);
    diesel_scope_wait(soon, NULL);
    redis_script_close(server);
    return 0;
}
END_TEST

FIBER_TEST(nobody_there_is_refused)
{
    diesel_error err;
    int before = test_open_fds();
    assert_fails_null(
        dredis_open(NULL,
                    &(dredis_options){.unix_path = test_path("nobody.sock")},
                    &err),
        DIESEL_E_REFUSED);
    assert_contains(err.message, "nobody.sock");
    assert_fails_null(dredis_open("redis://?x=1", NULL, &err), DIESEL_E_INVAL);
    ck_assert_int_eq(test_open_fds(), before);
    return 0;
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("redis_handshake");
    test_case_rows(suite, "extras",
                   the_client_says_what_it_is_and_the_answer_does_not_matter,
                   TEST_COUNT(extra_rows));
    test_case_rows(suite, "good",
                   the_handshake_is_one_round_trip_or_two_with_an_old_server,
                   TEST_COUNT(good_rows));
    test_case_rows(suite, "bad", what_goes_wrong_is_told_without_the_password,
                   TEST_COUNT(bad_rows));
    test_case_rows(suite, "cut", a_handshake_cut_at_any_byte_is_closed,
                   sizeof HELLO_REPLY - 1);
    test_case(suite, "others", a_silent_server_times_out,
              nobody_there_is_refused);
    return test_suite_run(suite);
}

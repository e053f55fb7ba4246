/* SPDX-License-Identifier: MIT */
/*
 * redis/session.c: a connection of one's own, against a scripted server.
 */
#include <diesel/redis.h>

#include "redis_script.h"
#include "test_util.h"

static redis_script *server;
static dredis_session *session;

static void open_both(redis_script_fn *script, const dredis_options *options)
{
    diesel_error err;
    server = redis_script_open(script, NULL, NULL);
    assert_made(session = dredis_session_open(redis_script_url(server),
                                              options, &err));
}

static void close_both(void)
{
    dredis_session_close(session);
    redis_script_close(server);
}

/* Answers a command with itself, "ERROR" with an error, and "SILENCE" not. */
static int answer(redis_script_peer *peer, const redis_script_command *command,
                  void *arg)
{
    (void)arg;
    char reply[128];
    if (strcmp(command->text, "SILENCE") == 0)
        return 0;
    if (strcmp(command->text, "HANG UP") == 0)
        return -1;
    if (strcmp(command->text, "ERROR") == 0)
        return redis_script_say(peer, "-WRONGTYPE of that kind\r\n");
    if (strcmp(command->text, "PUSH") == 0)
        return redis_script_say(peer, ">1\r\n+pushed\r\n+asked\r\n");
    snprintf(reply, sizeof reply, "+%s\r\n", command->text);
    return redis_script_say(peer, reply);
}

/* The command's reply is a status of this text. */
#define assert_answers(want, ...)                                              \
    do {                                                                       \
        dredis_reply *reply_;                                                  \
        assert_made(reply_ = dredis_session_call(session, &err, __VA_ARGS__)); \
        ck_assert_int_eq(reply_->type, DREDIS_STATUS);                         \
        ck_assert_str_eq(reply_->str, (want));                                 \
        dredis_reply_free(reply_);                                             \
    } while (0)

FIBER_TEST(what_a_client_refuses_is_sent)
{
    diesel_error err;
    open_both(answer, NULL);
    assert_answers("MULTI", "MULTI");
    assert_answers("WATCH a", "WATCH", "a");
    assert_answers("EXEC", "EXEC");
    assert_answers("RESET", "RESET");
    assert_answers("ASKING", "ASKING");
    assert_answers("BLPOP a 0", "BLPOP", "a", 0);
    ck_assert_uint_eq(redis_script_accepted(server), 1);
    close_both();
    return 0;
}
END_TEST

FIBER_TEST(an_error_reply_is_a_reply)
{
    diesel_error err;
    dredis_reply *reply;
    open_both(answer, NULL);
    assert_made(reply = dredis_session_call(session, &err, "ERROR"));
    ck_assert_int_eq(reply->type, DREDIS_ERROR);
    ck_assert_int_eq(reply->integer, DREDIS_ERR_WRONGTYPE);
    ck_assert_str_eq(reply->str, "WRONGTYPE of that kind");
    dredis_reply_free(reply);
    assert_answers("TIME", "TIME");
    close_both();
    return 0;
}
END_TEST

static const char *const refused[][3] = {
    {"SUBSCRIBE", "a"}, {"psubscribe", "a"},        {"MONITOR"},
    {"SYNC"},           {"CLIENT", "REPLY", "OFF"}, {"UNSUBSCRIBE"},
};

FIBER_TEST(what_has_not_one_reply_is_refused_and_harms_nothing)
{
    diesel_error err;
    diesel_value args[3];
    size_t n = 0;
    open_both(answer, NULL);
    for (; n < 3 && refused[row][n] != NULL; n++)
        args[n] = diesel_str(refused[row][n]);
    assert_fails_null(dredis_session_call_array(session, args, n, &err),
                      DIESEL_E_INVAL);
    assert_contains(err.message, refused[row][0]);
    assert_answers("TIME", "TIME");
    close_both();
    return 0;
}
END_TEST

FIBER_TEST(a_command_that_cannot_be_sent_harms_nothing)
{
    diesel_error err;
    open_both(answer, NULL);
    assert_fails_null(dredis_session_call(session, &err, "GET",
                                          (const char *)NULL),
                      DIESEL_E_INVAL);
    assert_fails_null(dredis_session_call_array(session, NULL, 0, &err),
                      DIESEL_E_INVAL);
    assert_answers("TIME", "TIME");
    close_both();
    return 0;
}
END_TEST

FIBER_TEST(a_push_is_nobodys_reply)
{
    diesel_error err;
    open_both(answer, NULL);
    assert_answers("asked", "PUSH");
    assert_answers("TIME", "TIME");
    close_both();
    return 0;
}
END_TEST

FIBER_TEST(after_a_timeout_the_session_is_broken)
{
    diesel_error err;
    open_both(answer, NULL);
    diesel_scope *scope =
        diesel_scope_open(&(diesel_scope_options){.timeout_ms = 20});
    assert_fails_null(dredis_session_call(session, &err, "SILENCE"),
                      DIESEL_E_TIMEDOUT);
    ck_assert(err.flags & DIESEL_EF_SENT);
    diesel_scope_wait(scope, NULL);
    assert_fails_null(dredis_session_call(session, &err, "PING"),
                      DIESEL_E_CLOSED);
    ck_assert(!(err.flags & DIESEL_EF_SENT));
    await_that(redis_script_connected(server) == 0);
    close_both();
    return 0;
}
END_TEST

FIBER_TEST(a_server_that_hangs_up_on_a_command_is_told)
{
    diesel_error err;
    open_both(answer, NULL);
    assert_fails_null(dredis_session_call(session, &err, "HANG", "UP"),
                      DIESEL_E_CLOSED);
    ck_assert(err.flags & DIESEL_EF_SENT);
    assert_contains(err.message, redis_script_path(server));
    assert_contains(err.message, "HANG");
    close_both();
    return 0;
}
END_TEST

FIBER_TEST(a_server_that_hung_up_before_has_not_got_the_command)
{
    diesel_error err;
    open_both(answer, NULL);
    assert_answers("TIME", "TIME");
    redis_script_hang_up(server);
    assert_ok(diesel_sleep(5, &err));
    assert_fails_null(dredis_session_call(session, &err, "PING"),
                      DIESEL_E_CLOSED);
    ck_assert(!(err.flags & DIESEL_EF_SENT));
    close_both();
    return 0;
}
END_TEST

FIBER_TEST(opening_fails_as_a_clients_does)
{
    diesel_error err;
    assert_fails_null(dredis_session_open("http://x", NULL, &err),
                      DIESEL_E_INVAL);
    assert_contains(err.message, "redis: ");
    assert_fails_null(dredis_session_open("unix:///none/such", NULL, &err), err.code);
    assert_contains(err.message, "/none/such");
    dredis_session_close(NULL);
    return 0;
}
END_TEST

FIBER_TEST(opening_and_closing_leaves_no_descriptors)
{
    diesel_error err;
    int before = test_open_fds();
    open_both(answer, NULL);
    ck_assert_str_eq(dredis_session_name(session), redis_script_path(server));
    assert_answers("TIME", "TIME");
    close_both();
    ck_assert_int_eq(test_open_fds(), before);
    return 0;
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("redis_session");
    test_case(suite, "session", what_a_client_refuses_is_sent,
              an_error_reply_is_a_reply,
              a_command_that_cannot_be_sent_harms_nothing,
              a_push_is_nobodys_reply, after_a_timeout_the_session_is_broken,
              a_server_that_hangs_up_on_a_command_is_told,
              a_server_that_hung_up_before_has_not_got_the_command,
              opening_fails_as_a_clients_does,
              opening_and_closing_leaves_no_descriptors);
    test_case_rows(suite, "refused",
                   what_has_not_one_reply_is_refused_and_harms_nothing,
                   TEST_COUNT(refused));
    return test_suite_run(suite);
}

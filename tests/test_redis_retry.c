/* SPDX-License-Identifier: MIT */
/*
 * redis/client.c, call.c, connection.c: what is sent again when a connection breaks,
 * and what is not; a server that loads, one that falls silent.
 */
#include <inttypes.h>

#include <diesel/redis.h>

#include "redis_script.h"
#include "test_util.h"

static redis_script *server;
static dredis *client;
static int commands; /* that came, the handshakes' and PINGs aside */

static void open_both(redis_script_fn *script, void *arg,
                      const dredis_options *options)
{
    diesel_error err;
    commands = 0;
    server = redis_script_open(script, arg, NULL);
    assert_made(client = dredis_open(redis_script_url(server), options, &err));
}

static void close_both(void)
{
    dredis_close(client);
    redis_script_close(server);
}

/* The first *arg connections take a command and hang up. */
static int hang_up_first(redis_script_peer *peer,
                         const redis_script_command *command, void *arg)
{
    (void)command;
    commands++;
    if (redis_script_number(peer) <= (size_t)*(int *)arg)
        return -1;
    return redis_script_say(peer, ":1\r\n");
}

/* What becomes of a command whose connection breaks once it was sent. */
static const struct {
    const char *word[3];
    dredis_options options;
    dredis_call_options call;
    int times; /* that it is sent */
    bool good;
} rows[] = {
    {{"GET", "k"}, {0}, {0}, 2, true},
    {{"get", "k"}, {0}, {0}, 2, true},
    {{"INCR", "k"}, {0}, {0}, 1, false},
    {{"SET", "k", "v"}, {0}, {0}, 1, false},
    {{"NO_SUCH_COMMAND"}, {0}, {0}, 1, false},
    {{"XINFO", "STREAM", "k"}, {0}, {0}, 2, true},
    {{"XGROUP", "DESTROY", "k"}, {0}, {0}, 1, false},
    {{"GET", "k"}, {.max_retries = -1}, {0}, 1, false},
    {{"INCR", "k"}, {.repeat_all = true}, {0}, 2, true},
    {{"INCR", "k"}, {0}, {.repeatable = true}, 2, true},
    {{"BLPOP", "k", "0"}, {0}, {0}, 1, false},
    {{"BLPOP", "k", "0"}, {0}, {.repeatable = true}, 2, true},
};

FIBER_TEST(only_what_may_run_twice_is_sent_again)
{
    diesel_error err;
    int breaks = 1;
    diesel_value args[3];
    size_t n = 0;
    while (n < 3 && rows[row].word[n] != NULL) {
        args[n] = diesel_str(rows[row].word[n]);
        n++;
    }
    if (strcmp(rows[row].word[0], "BLPOP") == 0)
        breaks = 2; /* the first connection is the shared one */
    open_both(hang_up_first, &breaks, &rows[row].options);
    dredis_reply *reply =
        dredis_call_array_with(client, &rows[row].call, args, n, &err);
    ck_assert_int_eq(commands, rows[row].times);
    ck_assert_int_eq(reply != NULL, rows[row].good);
    ck_assert_uint_eq(dredis_stats_of(client).retries,
                      (size_t)rows[row].times - 1);
    if (reply == NULL) {
        assert_error(DIESEL_E_CLOSED);
        ck_assert_uint_eq(err.flags, DIESEL_EF_SENT);
    }
    dredis_reply_free(reply);
    close_both();
    return 0;
}
END_TEST

FIBER_TEST(it_is_sent_again_max_retries_times)
{
    diesel_error err;
    int breaks = 100;
    open_both(hang_up_first, &breaks, &(dredis_options){.max_retries = 5});
    assert_fails_null(dredis_call(client, &err, "GET", "k"), DIESEL_E_CLOSED);
    ck_assert_int_eq(commands, 6);
    ck_assert_uint_eq(err.flags, DIESEL_EF_SENT);
    close_both();
    return 0;
}
END_TEST

FIBER_TEST(a_repeatable_call_that_finds_no_server_again_may_have_run)
{
    diesel_error err;
    int breaks = 1;
    open_both(hang_up_first, &breaks,
              &(dredis_options){.reconnect_timeout_ms = -1});
    assert_fails_null(
        dredis_call_with(client, &(dredis_call_options){.repeatable = true}, &err,
                         "INCR", "k"),
        DIESEL_E_CLOSED);
    ck_assert_uint_eq(err.flags & DIESEL_EF_SENT, DIESEL_EF_SENT);
    ck_assert_int_eq(commands, 1);
    close_both();
    return 0;
}
END_TEST

/* The first connection answers one command of the pipeline and hangs up. */
static int answer_one(redis_script_peer *peer,
                      const redis_script_command *command, void *arg)
{
    (void)command, (void)arg;
    commands++;
    if (redis_script_number(peer) > 1)
        return redis_script_say(peer, "$3\r\nnew\r\n");
    if (commands > 1)
        return -1;
    return redis_script_say(peer, "$3\r\nold\r\n");
}

FIBER_TEST(a_pipeline_that_only_reads_runs_again_as_a_whole)
{
    diesel_error err;
    open_both(answer_one, NULL, NULL);
    dredis_pipeline *p;
    assert_made(p = dredis_pipeline_new(client, &err));
    for (int i = 0; i < 3; i++)
        assert_ok(dredis_pipeline_add(p, &err, "GET", i));
    assert_ok(dredis_pipeline_run(p, &err));
    for (size_t i = 0; i < 3; i++)
        ck_assert_str_eq(dredis_pipeline_reply(p, i)->str, "new");
    ck_assert_int_eq(commands, 5);
    dredis_pipeline_free(p);
    close_both();
    return 0;
}
END_TEST

FIBER_TEST(a_pipeline_with_one_write_does_not)
{
    diesel_error err;
    open_both(answer_one, NULL, NULL);
    dredis_pipeline *p;
    assert_made(p = dredis_pipeline_new(client, &err));
    assert_ok(dredis_pipeline_add(p, &err, "GET", "k"));
    assert_ok(dredis_pipeline_add(p, &err, "INCR", "k"));
    assert_fails(dredis_pipeline_run(p, &err), DIESEL_E_CLOSED);
    ck_assert_str_eq(dredis_pipeline_reply(p, 0)->str, "old");
    ck_assert_ptr_null(dredis_pipeline_reply(p, 1));
    ck_assert_int_eq(commands, 2);
    dredis_pipeline_free(p);
    close_both();
    return 0;
}
END_TEST

/* Loads for the first *arg commands. */
static int load(redis_script_peer *peer, const redis_script_command *command,
                void *arg)
{
    (void)command;
    if (++commands <= *(int *)arg)
        return redis_script_say(
            peer, "-LOADING Redis is loading the dataset in memory\r\n");
    return redis_script_say(peer, ":7\r\n");
}

FIBER_TEST(a_command_waits_for_a_server_that_loads)
{
    diesel_error err;
    int times = 4;
    open_both(load, &times, &(dredis_options){.backoff_ms = 1});
    dredis_reply *reply;
    assert_made(reply = dredis_call(client, &err, "INCR", "k"));
    ck_assert_int_eq(reply->integer, 7);
    ck_assert_int_eq(commands, 5);
    dredis_reply_free(reply);
    close_both();
    return 0;
}
END_TEST

FIBER_TEST(but_not_for_longer_than_for_a_connection)
{
    diesel_error err;
    int times = INT32_MAX;
    open_both(load, &times,
              &(dredis_options){.backoff_ms = 1,
                                .backoff_max_ms = 5,
                                .reconnect_timeout_ms = 30});
    assert_fails_null(dredis_call(client, &err, "INCR", "k"), DIESEL_E_SERVER);
    ck_assert_int_eq(err.detail, DREDIS_ERR_LOADING);
    ck_assert_uint_eq(err.flags & DIESEL_EF_RETRYABLE, DIESEL_EF_RETRYABLE);
    close_both();
    return 0;
}
END_TEST

/* What a server says when it cannot or will not: nothing is sent again. */
static const struct {
    const char *wire;
    int detail;
} refusals[] = {
    {"-BUSY Redis is busy running a script\r\n", DREDIS_ERR_BUSY},
    {"-OOM command not allowed when used memory > 'maxmemory'\r\n",
     DREDIS_ERR_OOM},
    {"-MISCONF Redis is configured to save RDB snapshots\r\n",
     DREDIS_ERR_MISCONF},
    {"-READONLY You can't write against a read only replica\r\n",
     DREDIS_ERR_READONLY},
    {"-NOAUTH Authentication required\r\n", DREDIS_ERR_NOAUTH},
    {"-NOPERM this user has no permissions\r\n", DREDIS_ERR_NOPERM},
};

static int refuse(redis_script_peer *peer, const redis_script_command *command,
                  void *arg)
{
    (void)command;
    commands++;
    return redis_script_say(peer, refusals[*(int *)arg].wire);
}

FIBER_TEST(what_the_server_refuses_is_told_once_and_the_connection_lives)
{
    diesel_error err;
    open_both(refuse, &row, NULL);
    for (int i = 1; i <= 2; i++) {
        assert_fails_null(dredis_call(client, &err, "GET", "k"),
                          DIESEL_E_SERVER);
        ck_assert_int_eq(err.domain, DIESEL_DOM_REDIS);
        ck_assert_int_eq(err.detail, refusals[row].detail);
        ck_assert_int_eq(commands, i);
    }
    ck_assert_uint_eq(dredis_stats_of(client).connections, 1);
    close_both();
    return 0;
}
END_TEST

/* Never answers on the first connection. */
static int be_silent(redis_script_peer *peer,
                     const redis_script_command *command, void *arg)
{
    (void)command, (void)arg;
    commands++;
    return redis_script_number(peer) > 1 ? redis_script_say(peer, ":1\r\n") : 0;
}

FIBER_TEST(a_server_that_says_nothing_is_left)
{
    diesel_error err;
    open_both(be_silent, NULL, &(dredis_options){.silence_ms = 20});
    assert_fails_null(dredis_call(client, &err, "INCR", "k"), DIESEL_E_CLOSED);
    assert_contains(err.message, "the server has said nothing for 20 ms");
    ck_assert_uint_eq(err.flags, DIESEL_EF_SENT);
    dredis_reply *reply;
    assert_made(reply = dredis_call(client, &err, "INCR", "k"));
    dredis_reply_free(reply);
    close_both();
    return 0;
}
END_TEST

static int pings;

static int count_pings(redis_script_peer *peer,
                       const redis_script_command *command, void *arg)
{
    (void)arg;
    if (strcmp(command->text, "PING") != 0)
        return redis_script_say(peer, command->arg[0][0] == 'H'
                                          ? "%1\r\n$5\r\nproto\r\n:3\r\n"
                                          : "+OK\r\n");
    pings++;
    return pings > 3 ? 0 : redis_script_say(peer, "+PONG\r\n");
}

FIBER_TEST(an_idle_server_is_asked_whether_it_is_there)
{
    diesel_error err;
    server = redis_script_open(
        be_silent, NULL, &(redis_script_options){.handshake = count_pings});
    assert_made(client =
                    dredis_open(redis_script_url(server),
                                &(dredis_options){.silence_ms = 4}, &err));
    await_that(dredis_stats_of(client).resp == 0); /* the fourth gets no answer */
    ck_assert_int_ge(pings, 4);
    close_both();
    return 0;
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("redis_retry");
    test_case_rows(suite, "what", only_what_may_run_twice_is_sent_again,
                   TEST_COUNT(rows));
    test_case(suite, "how often", it_is_sent_again_max_retries_times,
              a_repeatable_call_that_finds_no_server_again_may_have_run);
    test_case(suite, "pipelines",
              a_pipeline_that_only_reads_runs_again_as_a_whole,
              a_pipeline_with_one_write_does_not);
    test_case(suite, "loading", a_command_waits_for_a_server_that_loads,
              but_not_for_longer_than_for_a_connection);
    test_case_rows(suite, "refusals",
                   what_the_server_refuses_is_told_once_and_the_connection_lives,
                   TEST_COUNT(refusals));
    test_case(suite, "silence", a_server_that_says_nothing_is_left,
              an_idle_server_is_asked_whether_it_is_there);
    return test_suite_run(suite);
}

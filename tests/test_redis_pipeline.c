/* SPDX-License-Identifier: MIT */
/*
 * redis/pipeline.c: commands that leave together.
 */
#include <inttypes.h>

#include <diesel/redis.h>

#include "redis_script.h"
#include "test_util.h"

static redis_script *server;
static dredis *client;
static dredis_pipeline *pipeline;
static size_t reads;

/* "GET x" gives "x", "ERR x" an error, "HANG" hangs up, "STALL" stalls, others +OK;
 * BLPOP and WAIT must not come over the shared connection. */
static int serve(redis_script_peer *peer, const redis_script_command *command,
                 void *arg)
{
    (void)arg;
    char reply[64];
    const char *name = command->arg[0];
    reads = redis_script_reads(peer);
    if (strcmp(name, "HANG") == 0)
        return -1;
    if (strcmp(name, "STALL") == 0)
        return diesel_sleep(100000, NULL);
    if (strcmp(name, "BLPOP") == 0 || strcmp(name, "WAIT") == 0)
        ck_assert_uint_gt(redis_script_number(peer), 1);
    if (strcmp(name, "GET") == 0)
        snprintf(reply, sizeof reply, "$%zu\r\n%s\r\n", command->len[1],
                 command->arg[1]);
    else
        snprintf(reply, sizeof reply, "%s",
                 strcmp(name, "ERR") == 0 ? "-ERR no such luck\r\n" : "+OK\r\n");
    return redis_script_say(peer, reply);
}

static void begin(void)
{
    diesel_error err;
    server = redis_script_open(serve, NULL, NULL);
    assert_made(client = dredis_open(redis_script_url(server), NULL, &err));
    assert_made(pipeline = dredis_pipeline_new(client, &err));
}

static void end(void)
{
    dredis_pipeline_free(pipeline);
    dredis_close(client);
    redis_script_close(server);
}

static void add_get(int i)
{
    diesel_error err;
    assert_ok(dredis_pipeline_add(pipeline, &err, "GET", i));
}

static void assert_replies(int from, int to)
{
    for (int i = from; i < to; i++) {
        const dredis_reply *r =
            dredis_pipeline_reply(pipeline, (size_t)(i - from));
        ck_assert_ptr_nonnull(r);
        ck_assert_int_eq(r->type, DREDIS_STRING);
        ck_assert_int_eq(atoi(r->str), i);
    }
    ck_assert_ptr_null(dredis_pipeline_reply(pipeline, (size_t)(to - from)));
}

FIBER_TEST(commands_leave_together_and_replies_come_in_order)
{
    diesel_error err;
    begin();
    for (int i = 0; i < 256; i++)
        add_get(i);
    ck_assert_uint_eq(dredis_pipeline_count(pipeline), 256);
    ck_assert_ptr_null(dredis_pipeline_reply(pipeline, 0));
    assert_ok(dredis_pipeline_run(pipeline, &err));
    assert_replies(0, 256);
    ck_assert_uint_eq(reads, 2); /* the first is the handshake's */
    ck_assert_uint_eq(dredis_stats_of(client).commands, 256);
    end();
    return 0;
}
END_TEST

FIBER_TEST(a_pipeline_is_used_again)
{
    diesel_error err;
    begin();
    assert_ok(dredis_pipeline_run(pipeline, &err)); /* empty */
    for (int round = 0; round < 5; round++) {
        for (int i = 0; i < 10 + round; i++)
            add_get(100 * round + i);
        assert_ok(dredis_pipeline_run(pipeline, &err));
        assert_replies(100 * round, 100 * round + 10 + round);
    }
    assert_ok(dredis_pipeline_run(pipeline, &err)); /* not run again */
    ck_assert_uint_eq(dredis_pipeline_count(pipeline), 0);
    ck_assert_uint_eq(dredis_stats_of(client).commands, 60);
    end();
    return 0;
}
END_TEST

FIBER_TEST(an_error_reply_is_an_item)
{
    diesel_error err;
    begin();
    add_get(0);
    assert_ok(dredis_pipeline_check(pipeline, &err));
    assert_ok(dredis_pipeline_add(pipeline, &err, "ERR", "x"));
    add_get(2);
    assert_ok(dredis_pipeline_run(pipeline, &err));
    ck_assert_int_eq(dredis_pipeline_reply(pipeline, 0)->type, DREDIS_STRING);
    ck_assert_int_eq(dredis_pipeline_reply(pipeline, 1)->type, DREDIS_ERROR);
    ck_assert_int_eq(dredis_pipeline_reply(pipeline, 1)->integer, DREDIS_ERR_ERR);
    ck_assert_int_eq(dredis_pipeline_reply(pipeline, 2)->type, DREDIS_STRING);
    assert_fails(dredis_pipeline_check(pipeline, &err), DIESEL_E_SERVER);
    ck_assert_int_eq(err.domain, DIESEL_DOM_REDIS);
    ck_assert_int_eq(err.detail, DREDIS_ERR_ERR);
    assert_contains(err.message, "pipeline, command 1: ERR no such luck");
    end();
    return 0;
}
END_TEST

FIBER_TEST(what_cannot_be_appended_leaves_the_pipeline_as_it_was)
{
    diesel_error err;
    begin();
    add_get(0);
    assert_fails(dredis_pipeline_add(pipeline, &err, "GET", (char *)NULL),
                 DIESEL_E_INVAL);
    assert_contains(err.message, "argument 1 is NULL");
    assert_fails(dredis_pipeline_add(pipeline, &err, "SUBSCRIBE", "x"),
                 DIESEL_E_INVAL);
    assert_fails(dredis_pipeline_add(pipeline, &err, "MULTI"), DIESEL_E_INVAL);
    assert_contains(err.message, "MULTI: refused: it would");
    assert_fails(dredis_pipeline_add_array(pipeline, NULL, 0, &err),
                 DIESEL_E_INVAL);
    add_get(1);
    assert_ok(dredis_pipeline_run(pipeline, &err));
    assert_replies(0, 2);
    end();
    return 0;
}
END_TEST

FIBER_TEST(after_a_break_the_replies_that_came_can_be_read)
{
    diesel_error err;
    begin();
    add_get(0);
    add_get(1);
    assert_ok(dredis_pipeline_add(pipeline, &err, "HANG"));
    add_get(3);
    assert_fails(dredis_pipeline_run(pipeline, &err), DIESEL_E_CLOSED);
    ck_assert_uint_eq(err.flags, DIESEL_EF_SENT);
    assert_contains(err.message, "pipeline of 4 commands: the server closed");
    assert_replies(0, 2);
    add_get(7);
    assert_ok(dredis_pipeline_run(pipeline, &err));
    assert_replies(7, 8);
    end();
    return 0;
}
END_TEST

FIBER_TEST(a_deadline_in_the_middle_of_a_pipeline_leaves_others_alone)
{
    diesel_error err;
    dredis_reply *reply;
    begin();
    add_get(0);
    assert_ok(dredis_pipeline_add(pipeline, &err, "BLPOP", "x", 0));
    assert_ok(dredis_pipeline_add(pipeline, &err, "STALL"));
    add_get(3);
    diesel_scope *soon =
        diesel_scope_open(&(diesel_scope_options){.timeout_ms = 300});
    assert_fails(dredis_pipeline_run(pipeline, &err), DIESEL_E_TIMEDOUT);
    ck_assert_uint_eq(err.flags, DIESEL_EF_SENT);
    diesel_scope_wait(soon, NULL);
    ck_assert_ptr_nonnull(dredis_pipeline_reply(pipeline, 1));
    ck_assert_ptr_null(dredis_pipeline_reply(pipeline, 2));
    assert_made(reply = dredis_call(client, &err, "GET", "x"));
    dredis_reply_free(reply);
    end();
    return 0;
}
END_TEST

static diesel_channel *gate;

static int echo_slowly(redis_script_peer *peer,
                       const redis_script_command *command, void *arg)
{
    char pass;
    if (diesel_channel_recv(gate, &pass, DIESEL_FOREVER, NULL) < 0)
        return -1;
    return serve(peer, command, arg);
}

static int run_until_cancelled(void *arg)
{
    diesel_error err;
    (void)arg;
    assert_fails(dredis_pipeline_run(pipeline, &err), DIESEL_E_CANCELLED);
    return 0;
}

FIBER_TEST(the_rest_of_a_cancelled_pipeline_is_dropped)
{
    diesel_error err;
    dredis_reply *reply;
    assert_made(gate = diesel_channel_new(1, 64, &err));
    server = redis_script_open(echo_slowly, NULL, NULL);
    assert_made(client = dredis_open(redis_script_url(server), NULL, &err));
    assert_made(pipeline = dredis_pipeline_new(client, &err));
    for (int i = 0; i < 5; i++)
        add_get(i);
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(scope, run_until_cancelled, NULL);
    await_that(dredis_stats_of(client).pending == 5);
    for (int i = 0; i < 2; i++)
        assert_ok(diesel_channel_send(gate, "", DIESEL_FOREVER, &err));
    await_that(dredis_stats_of(client).pending == 3);
    diesel_scope_cancel(scope);
    assert_ok(diesel_scope_wait(scope, &err));
    assert_replies(0, 2);
    for (int i = 0; i < 4; i++)
        assert_ok(diesel_channel_send(gate, "", DIESEL_FOREVER, &err));
    assert_made(reply = dredis_call(client, &err, "GET", "mine"));
    ck_assert_str_eq(reply->str, "mine");
    dredis_reply_free(reply);
    ck_assert_uint_eq(dredis_stats_of(client).dropped, 3);
    end();
    diesel_channel_free(gate);
    return 0;
}
END_TEST

FIBER_TEST(a_pipeline_that_waits_has_a_connection_of_its_own)
{
    diesel_error err;
    begin();
    assert_ok(dredis_pipeline_add(pipeline, &err, "SET", "k", "v"));
    assert_ok(dredis_pipeline_add(pipeline, &err, "WAIT", 1, 100));
    assert_ok(dredis_pipeline_run(pipeline, &err));
    ck_assert_int_eq(dredis_pipeline_reply(pipeline, 1)->type, DREDIS_STATUS);
    ck_assert_uint_eq(dredis_stats_of(client).dedicated, 1);
    add_get(1); /* and the next batch has not */
    assert_ok(dredis_pipeline_run(pipeline, &err));
    assert_replies(1, 2);
    ck_assert_uint_eq(redis_script_accepted(server), 2);
    end();
    return 0;
}
END_TEST

FIBER_TEST(a_pipeline_larger_than_max_pending_goes_alone)
{
    diesel_error err;
    server = redis_script_open(serve, NULL, NULL);
    assert_made(client = dredis_open(redis_script_url(server),
                                     &(dredis_options){.max_pending = 4}, &err));
    assert_made(pipeline = dredis_pipeline_new(client, &err));
    for (int i = 0; i < 20; i++)
        add_get(i);
    assert_ok(dredis_pipeline_run(pipeline, &err));
    assert_replies(0, 20);
    end();
    return 0;
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("redis_pipeline");
    test_case(suite, "pipeline", commands_leave_together_and_replies_come_in_order,
              a_pipeline_is_used_again, an_error_reply_is_an_item,
              what_cannot_be_appended_leaves_the_pipeline_as_it_was,
              after_a_break_the_replies_that_came_can_be_read,
              a_deadline_in_the_middle_of_a_pipeline_leaves_others_alone,
              the_rest_of_a_cancelled_pipeline_is_dropped,
              a_pipeline_that_waits_has_a_connection_of_its_own,
              a_pipeline_larger_than_max_pending_goes_alone);
    return test_suite_run(suite);
}

/* SPDX-License-Identifier: MIT */
/*
 * redis/client.c, connection.c, dedicated.c: fibers that share a client, against a
 * scripted server. What happens when connections break: test_redis_reconnect.c.
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
    server = redis_script_open(script, arg, NULL);
    assert_made(client = dredis_open(redis_script_url(server), options, &err));
}

static void close_both(void)
{
    dredis_close(client);
    redis_script_close(server);
}

/* Answers "GET x" with "x" and everything else with +OK. */
static int echo(redis_script_peer *peer, const redis_script_command *command,
                void *arg)
{
    (void)arg;
    char reply[64];
    if (command->n != 2 || strcmp(command->arg[0], "GET") != 0)
        return redis_script_say(peer, "+OK\r\n");
    snprintf(reply, sizeof reply, "$%zu\r\n%s\r\n", command->len[1],
             command->arg[1]);
    return redis_script_say(peer, reply);
}

/* GET of a number gives the number. */
static int get_number(void *arg)
{
    diesel_error err;
    dredis_reply *reply;
    char want[24];
    snprintf(want, sizeof want, "%d", (int)(intptr_t)arg);
    assert_made(reply = dredis_call(client, &err, "GET", (int)(intptr_t)arg));
    ck_assert_int_eq(reply->type, DREDIS_STRING);
    ck_assert_str_eq(reply->str, want);
    dredis_reply_free(reply);
    return 0;
}

static size_t reads_before_the_end;

static int echo_and_count_reads(redis_script_peer *peer,
                                const redis_script_command *command, void *arg)
{
    reads_before_the_end = redis_script_reads(peer);
    return echo(peer, command, arg);
}

FIBER_TEST(a_thousand_fibers_share_one_connection_and_few_writes)
{
    diesel_error err;
    open_both(echo_and_count_reads, NULL, NULL);
    diesel_scope *all = diesel_scope_open(NULL);
    for (int i = 0; i < 1000; i++)
        diesel_go(all, get_number, (void *)(intptr_t)i);
    assert_ok(diesel_scope_wait(all, &err));
    ck_assert_uint_eq(redis_script_accepted(server), 1);
    /* One of the handshake and one of the commands, but for a round of the
     * scheduler that took too long and was cut short. */
    ck_assert_uint_le(reads_before_the_end, 20);
    dredis_stats stats = dredis_stats_of(client);
    ck_assert_uint_eq(stats.commands, 1000);
    ck_assert_uint_eq(stats.replies, 1000);
    ck_assert_uint_eq(stats.connections, 1);
    ck_assert_uint_eq(stats.pending, 0);
    ck_assert_uint_eq(stats.dropped, 0);
    close_both();
    return 0;
}
END_TEST

static int get_many(void *arg)
{
    for (int i = 0; i < 20; i++)
        get_number((void *)((intptr_t)arg * 100 + i));
    return 0;
}

FIBER_TEST(each_fiber_gets_its_own_replies_over_many_rounds)
{
    diesel_error err;
    open_both(echo, NULL, NULL);
    diesel_scope *all = diesel_scope_open(NULL);
    for (int i = 0; i < 200; i++)
        diesel_go(all, get_many, (void *)(intptr_t)i);
    assert_ok(diesel_scope_wait(all, &err));
    ck_assert_uint_eq(dredis_stats_of(client).replies, 4000);
    close_both();
    return 0;
}
END_TEST

static int say_arg(redis_script_peer *peer, const redis_script_command *command,
                   void *arg)
{
    (void)command;
    return redis_script_say(peer, arg);
}

static const struct {
    const char *wire;
    int detail;
    unsigned flags;
    const char *message; /* behind the server's name */
} error_rows[] = {
    {"-ERR value is not an integer\r\n", DREDIS_ERR_ERR, DIESEL_EF_SENT,
     "INCR k: ERR value is not an integer"},
    {"-WRONGTYPE Operation against a key\r\n", DREDIS_ERR_WRONGTYPE,
     DIESEL_EF_SENT, "INCR k: WRONGTYPE Operation against a key"},
    {"-LOADING not yet\r\n", DREDIS_ERR_LOADING,
     DIESEL_EF_SENT | DIESEL_EF_RETRYABLE, "INCR k: LOADING not yet"},
    {"-BUSY a script\r\n", DREDIS_ERR_BUSY, DIESEL_EF_SENT | DIESEL_EF_RETRYABLE,
     "INCR k: BUSY a script"},
    {"-MYOWN error\r\n", DREDIS_ERR_OTHER, DIESEL_EF_SENT, "INCR k: MYOWN error"},
    {"-\r\n", DREDIS_ERR_OTHER, DIESEL_EF_SENT, "INCR k: "},
};

FIBER_TEST(an_error_reply_is_an_error_that_says_who_and_what)
{
    diesel_error err;
    char want[256];
    open_both(say_arg, (void *)(uintptr_t)error_rows[row].wire, NULL);
    ck_assert_ptr_null(dredis_call(client, &err, "INCR", "k"));
    ck_assert_int_eq(err.code, DIESEL_E_SERVER);
    ck_assert_int_eq(err.domain, DIESEL_DOM_REDIS);
    ck_assert_int_eq(err.detail, error_rows[row].detail);
    ck_assert_uint_eq(err.flags, error_rows[row].flags);
    snprintf(want, sizeof want, "redis %s: %s", redis_script_path(server),
             error_rows[row].message);
    ck_assert_str_eq(err.message, want);
    ck_assert_str_eq(dredis_name(client), redis_script_path(server));
    ck_assert_ptr_null(dredis_call(client, NULL, "INCR", "k"));
    close_both();
    return 0;
}
END_TEST

static int fail_if_asked(redis_script_peer *peer,
                         const redis_script_command *command, void *arg)
{
    (void)peer, (void)arg;
    ck_abort_msg("the server was sent %s", command->text);
}

FIBER_TEST(what_cannot_be_sent_is_refused_before_it_is)
{
    diesel_error err;
    open_both(fail_if_asked, NULL, NULL);
    assert_fails_null(dredis_call(client, &err, "GET", (char *)NULL),
                      DIESEL_E_INVAL);
    assert_contains(err.message, "argument 1 is NULL");
    ck_assert_uint_eq(err.flags, 0);
    assert_fails_null(dredis_call_array(client, NULL, 0, &err), DIESEL_E_INVAL);
    assert_fails_null(dredis_call(client, &err, "SUBSCRIBE", "c"),
                      DIESEL_E_INVAL);
    assert_contains(err.message, "SUBSCRIBE c: refused: it would");
    assert_contains(err.message, "use a dredis_subscription");
    assert_fails_null(dredis_call(client, &err, "select", 1), DIESEL_E_INVAL);
    assert_fails_null(dredis_call(client, &err, "AUTH", "s3cret"),
                      DIESEL_E_INVAL);
    ck_assert_ptr_null(strstr(err.message, "s3cret"));
    assert_fails_null(dredis_call(client, &err, "WAIT", 0, 0), DIESEL_E_INVAL);
    assert_contains(err.message, "dredis_pipeline");
    ck_assert_uint_eq(dredis_stats_of(client).commands, 0);
    close_both();
    return 0;
}
END_TEST

/* A server that holds its replies back until the test opens the gate. */
static diesel_channel *gate;
static int at_the_gate; /* commands that have come there */

static int echo_behind_a_gate(redis_script_peer *peer,
                              const redis_script_command *command, void *arg)
{
    char pass;
    at_the_gate++;
    if (diesel_channel_recv(gate, &pass, DIESEL_FOREVER, NULL) < 0)
        return -1;
    return echo(peer, command, arg);
}

static void open_behind_a_gate(const dredis_options *options)
{
    diesel_error err;
    assert_made(gate = diesel_channel_new(1, 64, &err));
    open_both(echo_behind_a_gate, NULL, options);
}

static void open_gate(int passes)
{
    diesel_error err;
    for (int i = 0; i < passes; i++)
        assert_ok(diesel_channel_send(gate, "", DIESEL_FOREVER, &err));
}

static void close_behind_a_gate(void)
{
    close_both();
    diesel_channel_free(gate);
}

static int is_timed_out(void *arg)
{
    diesel_error err;
    diesel_scope *soon =
        diesel_scope_open(&(diesel_scope_options){.timeout_ms = 10});
    assert_fails_null(dredis_call(client, &err, "GET", (const char *)arg),
                      DIESEL_E_TIMEDOUT);
    ck_assert_uint_eq(err.flags, DIESEL_EF_SENT);
    assert_contains(err.message, "GET late: timed out waiting for a reply");
    assert_fails(diesel_scope_wait(soon, &err), DIESEL_E_TIMEDOUT);
    return 0;
}

FIBER_TEST(a_deadline_ends_one_command_and_leaves_its_neighbours_alone)
{
    diesel_error err;
    open_behind_a_gate(NULL);
    diesel_scope *others = diesel_scope_open(NULL);
    diesel_go(others, get_number, (void *)1);
    diesel_scope *late = diesel_scope_open(NULL);
    diesel_go(late, is_timed_out, "late");
    assert_ok(diesel_scope_wait(late, &err));
    diesel_go(others, get_number, (void *)2);
    diesel_go(others, get_number, (void *)3);
    await_that(dredis_stats_of(client).pending == 4);
    open_gate(4);
    assert_ok(diesel_scope_wait(others, &err));
    dredis_stats stats = dredis_stats_of(client);
    ck_assert_uint_eq(stats.dropped, 1);
    ck_assert_uint_eq(stats.replies, 4);
    ck_assert_uint_eq(stats.connections, 1);
    close_behind_a_gate();
    return 0;
}
END_TEST

static int is_cancelled(void *arg)
{
    diesel_error err;
    assert_fails_null(dredis_call(client, &err, "GET", (const char *)arg),
                      DIESEL_E_CANCELLED);
    ck_assert_uint_eq(err.flags, DIESEL_EF_SENT);
    return diesel_fail(&err);
}

FIBER_TEST(cancelled_commands_leave_their_slots_behind)
{
    diesel_error err;
    open_behind_a_gate(NULL);
    diesel_scope *kept = diesel_scope_open(NULL);
    diesel_scope *cut = diesel_scope_open(NULL);
    for (int i = 0; i < 30; i++)
        diesel_go(i % 3 == 1 ? kept : cut,
                  i % 3 == 1 ? get_number : is_cancelled,
                  i % 3 == 1 ? (void *)(intptr_t)i : (void *)"gone");
    await_that(dredis_stats_of(client).pending == 30);
    diesel_scope_cancel(cut);
    assert_ok(diesel_scope_wait(cut, &err));
    open_gate(30);
    assert_ok(diesel_scope_wait(kept, &err));
    await_that(dredis_stats_of(client).pending == 0);
    ck_assert_uint_eq(dredis_stats_of(client).dropped, 20);
    close_behind_a_gate();
    return 0;
}
END_TEST

FIBER_TEST(in_a_cancelled_scope_nothing_is_sent)
{
    diesel_error err;
    open_both(fail_if_asked, NULL, NULL);
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_scope_cancel(scope);
    assert_fails_null(dredis_call(client, &err, "GET", "k"), DIESEL_E_CANCELLED);
    ck_assert_uint_eq(err.flags, 0);
    ck_assert_uint_eq(dredis_stats_of(client).commands, 0);
    diesel_scope_wait(scope, NULL);
    close_both();
    return 0;
}
END_TEST

static int get_or_time_out(void *arg)
{
    diesel_error err;
    diesel_scope *soon =
        diesel_scope_open(&(diesel_scope_options){.timeout_ms = 5});
    dredis_reply *reply = dredis_call(client, &err, "GET", "x");
    if (reply != NULL)
        ck_assert_str_eq(reply->str, "x");
    else
        ck_assert_int_eq(err.code, DIESEL_E_TIMEDOUT);
    *(int *)arg += reply == NULL;
    dredis_reply_free(reply);
    diesel_scope_wait(soon, NULL);
    return 0;
}

/* The thread is held up until both the reply and the deadline are due, so that the
 * loop sees both at once. */
FIBER_TEST(a_reply_that_comes_with_the_deadline_harms_nobody)
{
    diesel_error err;
    int timed_out = 0;
    open_behind_a_gate(NULL);
    for (int i = 0; i < 10; i++) {
        diesel_scope *all = diesel_scope_open(NULL);
        diesel_go(all, get_or_time_out, &timed_out);
        diesel_go(all, get_number, (void *)(intptr_t)i);
        assert_ok(diesel_sleep(1, &err));
        open_gate(2);
        assert_ok(diesel_yield(&err)); /* the server writes both replies */
        assert_ok(diesel_yield(&err));
        usleep(10000);
        assert_ok(diesel_scope_wait(all, &err));
    }
    dredis_stats stats = dredis_stats_of(client);
    ck_assert_uint_eq(stats.replies, 20);
    ck_assert_uint_eq(stats.pending, 0);
    close_behind_a_gate();
    return 0;
}
END_TEST

static int is_closed(void *arg)
{
    diesel_error err;
    assert_fails_null(dredis_call(client, &err, "GET", "k"), DIESEL_E_CLOSED);
    assert_contains(err.message, "GET k: the client has been closed");
    ck_assert_uint_eq(err.flags, DIESEL_EF_SENT);
    ++*(int *)arg;
    return 0;
}

FIBER_TEST(closing_gives_waiting_fibers_closed)
{
    diesel_error err;
    int closed = 0;
    open_behind_a_gate(NULL);
    diesel_scope *all = diesel_scope_open(NULL);
    for (int i = 0; i < 5; i++)
        diesel_go(all, is_closed, &closed);
    await_that(at_the_gate > 0);
    dredis_close(client);
    assert_ok(diesel_scope_wait(all, &err));
    ck_assert_int_eq(closed, 5);
    redis_script_close(server);
    diesel_channel_free(gate);
    dredis_close(NULL);
    return 0;
}
END_TEST

static int closes_before_it_is_sent(void *arg)
{
    diesel_error err;
    (void)arg;
    assert_fails_null(dredis_call(client, &err, "GET", "k"), DIESEL_E_CLOSED);
    ck_assert_uint_eq(err.flags, 0);
    return 0;
}

FIBER_TEST(closing_does_not_send_what_is_still_here)
{
    diesel_error err;
    open_both(fail_if_asked, NULL, NULL);
    diesel_scope *all = diesel_scope_open(NULL);
    diesel_go(all, closes_before_it_is_sent, NULL);
    assert_ok(diesel_yield(&err)); /* it is appended, in this very round */
    ck_assert_uint_eq(dredis_stats_of(client).commands, 1);
    dredis_close(client);
    assert_ok(diesel_scope_wait(all, &err));
    assert_ok(diesel_sleep(1, &err));
    redis_script_close(server);
    return 0;
}
END_TEST

/* The client's memory stays reachable through `client`. */
static int leave_open(void *arg)
{
    (void)arg;
    open_both(echo, NULL, NULL);
    get_number((void *)7);
    return 0;
}

START_TEST(a_client_left_open_does_not_keep_the_program_from_ending)
{
    diesel_error err;
    assert_ok(diesel_run(leave_open, NULL, NULL, &err));
}
END_TEST

static int push_between(redis_script_peer *peer,
                        const redis_script_command *command, void *arg)
{
    redis_script_say(peer, ">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\nk\r\n");
    echo(peer, command, arg);
    return redis_script_say(peer, ">1\r\n+bye\r\n");
}

FIBER_TEST(a_push_is_nobodys_reply)
{
    diesel_error err;
    open_both(push_between, NULL, NULL);
    diesel_scope *all = diesel_scope_open(NULL);
    for (int i = 0; i < 10; i++)
        diesel_go(all, get_number, (void *)(intptr_t)i);
    assert_ok(diesel_scope_wait(all, &err));
    await_that(dredis_stats_of(client).pushes == 20);
    ck_assert_uint_eq(dredis_stats_of(client).replies, 10);
    close_both();
    return 0;
}
END_TEST

FIBER_TEST(an_attribute_hangs_on_its_reply)
{
    diesel_error err;
    dredis_reply *reply;
    open_both(say_arg, "|1\r\n$3\r\nttl\r\n:60\r\n$1\r\nv\r\n", NULL);
    for (int i = 0; i < 3; i++) {
        assert_made(reply = dredis_call(client, &err, "GET", "k"));
        ck_assert_str_eq(reply->str, "v");
        ck_assert_int_eq(reply->attribute->type, DREDIS_ATTRIBUTE);
        ck_assert_str_eq(reply->attribute->element[0].str, "ttl");
        ck_assert_int_eq(reply->attribute->element[1].integer, 60);
        dredis_reply_free(reply);
        char *value;
        ck_assert_int_eq(dredis_get(client, "k", &value, NULL, &err), 1);
        ck_assert_str_eq(value, "v");
        diesel_free(value);
    }
    close_both();
    return 0;
}
END_TEST

FIBER_TEST(no_more_than_max_pending_are_in_flight)
{
    diesel_error err;
    open_behind_a_gate(&(dredis_options){.max_pending = 3});
    diesel_scope *all = diesel_scope_open(NULL);
    for (int i = 0; i < 10; i++)
        diesel_go(all, get_number, (void *)(intptr_t)i);
    for (uint64_t i = 0; i < 10; i++) {
        uint64_t most = i < 7 ? i + 3 : 10;
        await_that(dredis_stats_of(client).replies == i &&
                   dredis_stats_of(client).commands >= most);
        assert_ok(diesel_yield(&err));
        ck_assert_uint_eq(dredis_stats_of(client).commands, most);
        open_gate(1);
    }
    assert_ok(diesel_scope_wait(all, &err));
    ck_assert_uint_eq(dredis_stats_of(client).replies, 10);
    close_behind_a_gate();
    return 0;
}
END_TEST

FIBER_TEST(who_waits_for_room_can_be_cancelled)
{
    diesel_error err;
    open_behind_a_gate(&(dredis_options){.max_pending = 1});
    diesel_scope *first = diesel_scope_open(NULL);
    diesel_go(first, get_number, (void *)1);
    assert_ok(diesel_yield(&err));
    diesel_scope *soon =
        diesel_scope_open(&(diesel_scope_options){.timeout_ms = 5});
    assert_fails_null(dredis_call(client, &err, "GET", "k"), DIESEL_E_TIMEDOUT);
    ck_assert_uint_eq(err.flags, 0);
    assert_contains(err.message, "room among the commands in flight");
    diesel_scope_wait(soon, NULL);
    open_gate(1);
    assert_ok(diesel_scope_wait(first, &err));
    open_gate(1);
    get_number((void *)2);
    ck_assert_uint_eq(dredis_stats_of(client).commands, 2);
    close_behind_a_gate();
    return 0;
}
END_TEST

static char large[64 * 1024];

static int set_large(void *arg)
{
    diesel_error err;
    dredis_reply *reply;
    (void)arg;
    assert_made(reply = dredis_call(client, &err, "SET", "k",
                                    diesel_bytes(large, sizeof large)));
    ck_assert_int_eq(reply->type, DREDIS_STATUS);
    dredis_reply_free(reply);
    return 0;
}

FIBER_TEST(no_more_than_max_output_is_piled_up)
{
    diesel_error err;
    open_behind_a_gate(&(dredis_options){.max_output = sizeof large});
    diesel_scope *all = diesel_scope_open(NULL);
    for (int i = 0; i < 64; i++)
        diesel_go(all, set_large, NULL);
    assert_ok(diesel_sleep(20, &err));
    /* The kernel takes some, the server has read a piece, the rest waits. */
    ck_assert_uint_lt(dredis_stats_of(client).commands, 32);
    open_gate(64);
    assert_ok(diesel_scope_wait(all, &err));
    ck_assert_uint_eq(dredis_stats_of(client).replies, 64);
    close_behind_a_gate();
    return 0;
}
END_TEST

/* Answers BLPOP when the gate is open, everything else at once. */
static int block_behind_a_gate(redis_script_peer *peer,
                               const redis_script_command *command, void *arg)
{
    char pass;
    if (strcmp(command->arg[0], "BLPOP") != 0)
        return echo(peer, command, arg);
    at_the_gate++;
    ck_assert_uint_gt(redis_script_number(peer), 1);
    if (diesel_channel_recv(gate, &pass, DIESEL_FOREVER, NULL) < 0)
        return -1;
    return redis_script_say(peer, "*2\r\n$1\r\nk\r\n$1\r\nv\r\n");
}

static int block(void *arg)
{
    diesel_error err;
    dredis_reply *reply;
    (void)arg;
    assert_made(reply = dredis_call(client, &err, "BLPOP", "k", 0));
    ck_assert_uint_eq(reply->elements, 2);
    dredis_reply_free(reply);
    return 0;
}

static void open_blocking(const dredis_options *options)
{
    diesel_error err;
    assert_made(gate = diesel_channel_new(1, 64, &err));
    open_both(block_behind_a_gate, NULL, options);
}

FIBER_TEST(commands_that_block_have_connections_of_their_own)
{
    diesel_error err;
    open_blocking(NULL);
    for (int turn = 0; turn < 3; turn++) {
        diesel_scope *all = diesel_scope_open(NULL);
        for (int i = 0; i < 3; i++)
            diesel_go(all, block, NULL);
        await_that(at_the_gate == 3 * turn + 3);
        get_number((void *)5); /* is not held up */
        ck_assert_uint_eq(dredis_stats_of(client).dedicated, 3);
        open_gate(3);
        assert_ok(diesel_scope_wait(all, &err));
    }
    ck_assert_uint_eq(redis_script_accepted(server), 4); /* they are kept */
    close_behind_a_gate();
    return 0;
}
END_TEST

static int block_until_cancelled(void *arg)
{
    diesel_error err;
    (void)arg;
    assert_fails_null(dredis_call(client, &err, "BLPOP", "k", 0),
                      DIESEL_E_CANCELLED);
    ck_assert_uint_eq(err.flags, DIESEL_EF_SENT);
    return 0;
}

FIBER_TEST(a_cancelled_command_that_blocks_takes_its_connection_along)
{
    diesel_error err;
    open_blocking(NULL);
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(scope, block_until_cancelled, NULL);
    await_that(at_the_gate == 1);
    diesel_scope_cancel(scope);
    assert_ok(diesel_scope_wait(scope, &err));
    ck_assert_uint_eq(dredis_stats_of(client).dedicated, 0);
    open_gate(2); /* one for the server's fiber that still waits */
    block(NULL);
    get_number((void *)1);
    close_behind_a_gate();
    return 0;
}
END_TEST

FIBER_TEST(an_idle_connection_that_the_server_closed_is_not_used)
{
    diesel_error err;
    open_blocking(NULL);
    open_gate(1);
    block(NULL);
    redis_script_hang_up(server);
    await_that(dredis_stats_of(client).resp == 0); /* it has been seen */
    open_gate(1);
    block(NULL);
    ck_assert_uint_eq(dredis_stats_of(client).dedicated, 1);
    close_behind_a_gate();
    return 0;
}
END_TEST

FIBER_TEST(there_are_at_most_max_dedicated_of_them)
{
    diesel_error err;
    open_blocking(&(dredis_options){.max_dedicated = 2});
    diesel_scope *all = diesel_scope_open(NULL);
    diesel_go(all, block, NULL);
    diesel_go(all, block, NULL);
    await_that(dredis_stats_of(client).dedicated == 2);
    assert_fails_null(dredis_call(client, &err, "BLPOP", "k", 0),
                      DIESEL_E_LIMIT);
    assert_contains(err.message, "max_dedicated");
    open_gate(2);
    assert_ok(diesel_scope_wait(all, &err));
    close_behind_a_gate();
    return 0;
}
END_TEST

static int block_until_closed(void *arg)
{
    diesel_error err;
    (void)arg;
    assert_fails_null(dredis_call(client, &err, "BLPOP", "k", 0),
                      DIESEL_E_CLOSED);
    ck_assert_uint_eq(err.flags, DIESEL_EF_SENT);
    return 0;
}

FIBER_TEST(closing_ends_commands_that_block)
{
    diesel_error err;
    open_blocking(NULL);
    diesel_scope *all = diesel_scope_open(NULL);
    diesel_go(all, block_until_closed, NULL);
    diesel_go(all, block_until_closed, NULL);
    await_that(at_the_gate == 2);
    dredis_close(client);
    assert_ok(diesel_scope_wait(all, &err));
    redis_script_close(server);
    diesel_channel_free(gate);
    return 0;
}
END_TEST

static size_t allocations;

static void *counting_malloc(size_t size)
{
    allocations++;
    return malloc(size);
}

static void *counting_calloc(size_t count, size_t size)
{
    allocations++;
    return calloc(count, size);
}

static void *counting_realloc(void *p, size_t size)
{
    allocations++;
    return realloc(p, size);
}

static int serve_without_allocating(redis_script_peer *peer,
                                    const redis_script_command *command,
                                    void *arg)
{
    (void)arg;
    return redis_script_say(peer, strcmp(command->arg[0], "GET") == 0
                                      ? "$5\r\nhello\r\n"
                                      : "*4\r\n$8\r\npmessage\r\n$6\r\nnews:*\r\n"
                                        "$7\r\nnews:uk\r\n$16\r\n"
                                        "0123456789abcdef\r\n");
}

/* An array like a message. */
static void get_message(void)
{
    diesel_error err;
    dredis_reply *reply;
    assert_made(reply = dredis_call(client, &err, "LRANGE", "k", 0, 3));
    ck_assert_uint_eq(reply->elements, 4);
    ck_assert_str_eq(reply->element[3].str, "0123456789abcdef");
    dredis_reply_free(reply);
}

static void get_hello(void)
{
    diesel_error err;
    dredis_reply *reply;
    assert_made(reply = dredis_call(client, &err, "GET", "k"));
    ck_assert_str_eq(reply->str, "hello");
    dredis_reply_free(reply);
}

FIBER_TEST(in_the_long_run_a_short_reply_costs_no_allocation)
{
    diesel_error err;
    char *value;
    diesel_allocator_set(&(diesel_allocator){counting_malloc, counting_calloc,
                                             counting_realloc, free});
    open_both(serve_without_allocating, NULL, NULL);
    for (int i = 0; i < 100; i++) {
        get_hello();
        get_message();
    }
    size_t before = allocations;
    for (int i = 0; i < 1000; i++) {
        get_hello();
        get_message();
    }
    ck_assert_uint_eq(allocations - before, TEST_SANITIZED ? 2000 : 0);
    /* A string that is handed out takes its memory along. */
    ck_assert_int_eq(dredis_get(client, "k", &value, NULL, &err), 1);
    close_both();
    ck_assert_str_eq(value, "hello");
    diesel_free(value);
    return 0;
}
END_TEST

FIBER_TEST(replies_outlive_their_client)
{
    diesel_error err;
    dredis_reply *replies[3000];
    open_both(serve_without_allocating, NULL, NULL);
    for (int i = 0; i < 3000; i++)
        assert_made(replies[i] = dredis_call(client, &err, "GET", "k"));
    for (int i = 0; i < 2000; i++)
        dredis_reply_free(replies[i]);
    close_both();
    for (int i = 2000; i < 3000; i++) {
        ck_assert_str_eq(replies[i]->str, "hello");
        dredis_reply_free(replies[i]);
    }
    return 0;
}
END_TEST

FIBER_TEST(opening_and_closing_leaves_no_descriptors)
{
    int before = test_open_fds();
    open_both(echo, NULL, NULL);
    get_number((void *)1);
    close_both();
    ck_assert_int_eq(test_open_fds(), before);
    return 0;
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("redis_client");
    test_case(suite, "sharing",
              a_thousand_fibers_share_one_connection_and_few_writes,
              each_fiber_gets_its_own_replies_over_many_rounds,
              what_cannot_be_sent_is_refused_before_it_is,
              a_push_is_nobodys_reply, an_attribute_hangs_on_its_reply);
    test_case_rows(suite, "errors",
                   an_error_reply_is_an_error_that_says_who_and_what,
                   TEST_COUNT(error_rows));
    test_case(suite, "cancelling",
              a_deadline_ends_one_command_and_leaves_its_neighbours_alone,
              cancelled_commands_leave_their_slots_behind,
              in_a_cancelled_scope_nothing_is_sent,
              a_reply_that_comes_with_the_deadline_harms_nobody);
    test_case(suite, "closing", closing_gives_waiting_fibers_closed,
              closing_does_not_send_what_is_still_here,
              a_client_left_open_does_not_keep_the_program_from_ending,
              opening_and_closing_leaves_no_descriptors);
    test_case(suite, "limits", no_more_than_max_pending_are_in_flight,
              who_waits_for_room_can_be_cancelled,
              no_more_than_max_output_is_piled_up);
    test_case(suite, "blocking",
              commands_that_block_have_connections_of_their_own,
              a_cancelled_command_that_blocks_takes_its_connection_along,
              an_idle_connection_that_the_server_closed_is_not_used,
              there_are_at_most_max_dedicated_of_them,
              closing_ends_commands_that_block);
    test_case(suite, "memory",
              in_the_long_run_a_short_reply_costs_no_allocation,
              replies_outlive_their_client);
    return test_suite_run(suite);
}

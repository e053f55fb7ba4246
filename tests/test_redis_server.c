/* SPDX-License-Identifier: MIT */
/*
 * redis/server: the test server with the driver as its client. What commands reply
 * is compared with a real server's in live_redis_server.c; here is time, faults,
 * waiting, pub/sub and tracking as bytes, and what goes wrong.
 */
#include <diesel/redis_test_server.h>

#include "faulty_memory.h"
#include "redis_lines.h"

static dredis_server *server;

static dredis_session *open_session(void)
{
    diesel_error err;
    dredis_session *session;
    assert_made(session =
                    dredis_session_open(dredis_server_url(server), NULL, &err));
    return session;
}

static void open_server(const dredis_server_options *options)
{
    diesel_error err;
    assert_made(server = dredis_server_open(options, &err));
}

/* Sends raw bytes over a pair of streams and expects others. */
static diesel_stream *open_raw(void)
{
    diesel_error err;
    diesel_stream *pair[2];
    assert_ok(diesel_stream_pair(pair, &err));
    assert_ok(dredis_server_serve(server, pair[1], &err));
    return pair[0];
}

static void expect(diesel_stream *raw, const char *want)
{
    diesel_error err;
    char got[1024] = "";
    assert_ok(diesel_stream_read_exactly(raw, got, strlen(want), DIESEL_FOREVER,
                                         &err));
    ck_assert_str_eq(got, want);
}

static void expect_end(diesel_stream *raw)
{
    char byte;
    ck_assert_int_le(diesel_stream_read(raw, &byte, 1, DIESEL_FOREVER, NULL), 0);
    diesel_stream_close(raw);
}

/* Nothing has come, though all have had their turns. */
static void expect_nothing(diesel_stream *raw)
{
    diesel_error err;
    char byte;
    for (int i = 0; i < 5; i++)
        assert_ok(diesel_sleep(1, &err));
    assert_fails(diesel_stream_read(raw, &byte, 1, DIESEL_NOW, &err),
                 DIESEL_E_TIMEDOUT);
}

static void say(diesel_stream *raw, const char *line)
{
    diesel_error err;
    diesel_value words[REDIS_LINE_WORDS];
    char *copy, wire[1024];
    size_t n = redis_line_split(line, &copy, words), len;
    len = (size_t)snprintf(wire, sizeof wire, "*%zu\r\n", n);
    for (size_t i = 0; i < n; i++)
        len += (size_t)snprintf(wire + len, sizeof wire - len, "$%zu\r\n%.*s\r\n",
                                words[i].len, (int)words[i].len, words[i].s);
    free(copy);
    assert_ok(diesel_stream_write(raw, wire, len, DIESEL_FOREVER, &err));
}

FIBER_TEST(time_passes_when_the_test_says_so)
{
    open_server(&(dredis_server_options){.manual_clock = true});
    dredis_session *s = open_session();
    assert_line(s, "SET k v PX 1000", "+OK");
    assert_line(s, "PTTL k", "1000");
    dredis_server_advance(server, 999);
    assert_line(s, "GET k", "\"v\"");
    dredis_server_advance(server, 1);
    assert_line(s, "GET k", "nil");
    assert_line(s, "DBSIZE", "0");
    dredis_session_close(s);
    dredis_server_close(server);
    return 0;
}
END_TEST

FIBER_TEST(who_waits_first_is_served_first)
{
    open_server(NULL);
    diesel_stream *one = open_raw(), *two = open_raw();
    dredis_session *s = open_session();
    say(one, "BLPOP q 0");
    say(one, "PING");
    diesel_error err;
    while (dredis_server_calls(server, "BLPOP") < 1)
        assert_ok(diesel_yield(&err));
    say(two, "BRPOP p q 0");
    while (dredis_server_calls(server, "BRPOP") < 1)
        assert_ok(diesel_yield(&err));
    assert_line(s, "RPUSH q a", "1");
    expect(one, "*2\r\n$1\r\nq\r\n$1\r\na\r\n+PONG\r\n");
    assert_line(s, "RPUSH q b c", "2");
    expect(two, "*2\r\n$1\r\nq\r\n$1\r\nc\r\n");
    assert_line(s, "LLEN q", "1");
    diesel_stream_close(one);
    diesel_stream_close(two);
    dredis_session_close(s);
    dredis_server_close(server);
    return 0;
}
END_TEST

FIBER_TEST(waiting_ends_on_the_servers_clock)
{
    open_server(&(dredis_server_options){.manual_clock = true});
    diesel_stream *raw = open_raw();
    diesel_error err;
    say(raw, "BLPOP q 2");
    while (dredis_server_calls(server, "BLPOP") < 1)
        assert_ok(diesel_yield(&err));
    dredis_server_advance(server, 1999);
    say(raw, "PING");
    dredis_server_advance(server, 1);
    expect(raw, "*-1\r\n+PONG\r\n");
    diesel_stream_close(raw);
    dredis_server_close(server);

    open_server(NULL); /* and on the real one */
    raw = open_raw();
    say(raw, "BLPOP q 0.01");
    expect(raw, "*-1\r\n");
    diesel_stream_close(raw);
    dredis_server_close(server);
    return 0;
}
END_TEST

FIBER_TEST(messages_reach_subscribers_in_both_protocols)
{
    open_server(NULL);
    diesel_stream *two = open_raw(), *three = open_raw();
    dredis_session *s = open_session();
    say(two, "SUBSCRIBE a b");
    expect(two, "*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n"
                "*3\r\n$9\r\nsubscribe\r\n$1\r\nb\r\n:2\r\n");
    say(two, "GET k");
    expect(two, "-ERR Can't execute 'get': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE "
                "/ PING / QUIT / RESET are allowed in this context\r\n");
    say(two, "PING");
    expect(two, "*2\r\n$4\r\npong\r\n$0\r\n\r\n");
    say(three, "HELLO 3");
    expect(three, "%7\r\n$6\r\nserver\r\n");
    assert_line(s, "PUBLISH a hello", "1");
    expect(two, "*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$5\r\nhello\r\n");
    say(two, "UNSUBSCRIBE");
    expect(two, "*3\r\n$11\r\nunsubscribe\r\n$1\r\na\r\n:1\r\n"
                "*3\r\n$11\r\nunsubscribe\r\n$1\r\nb\r\n:0\r\n");
    assert_line(s, "PUBLISH a hello", "0");
    say(two, "PSUBSCRIBE x*");
    expect(two, "*3\r\n$10\r\npsubscribe\r\n$2\r\nx*\r\n:1\r\n");
    say(two, "SSUBSCRIBE s");
    expect(two, "*3\r\n$10\r\nssubscribe\r\n$1\r\ns\r\n:1\r\n");
    assert_line(s, "PUBLISH xy 1", "1");
    expect(two, "*4\r\n$8\r\npmessage\r\n$2\r\nx*\r\n$2\r\nxy\r\n$1\r\n1\r\n");
    assert_line(s, "SPUBLISH s 1", "1");
    expect(two, "*3\r\n$8\r\nsmessage\r\n$1\r\ns\r\n$1\r\n1\r\n");
    diesel_stream_close(two);
    diesel_stream_close(three);
    dredis_session_close(s);
    dredis_server_close(server);
    return 0;
}
END_TEST

FIBER_TEST(changes_of_keys_are_told_as_events)
{
    open_server(&(dredis_server_options){.manual_clock = true});
    diesel_stream *raw = open_raw();
    dredis_session *s = open_session();
    assert_line(s, "CONFIG SET notify-keyspace-events KEA", "+OK");
    assert_line(s, "CONFIG GET notify-keyspace-events",
                "{\"notify-keyspace-events\" \"AKE\"}");
    say(raw, "PSUBSCRIBE __key*__:*");
    expect(raw, "*3\r\n$10\r\npsubscribe\r\n$10\r\n__key*__:*\r\n:1\r\n");
    assert_line(s, "SETEX k 1 v", "+OK");
    expect(raw, "*4\r\n$8\r\npmessage\r\n$10\r\n__key*__:*\r\n$16\r\n"
                "__keyspace@0__:k\r\n$3\r\nset\r\n");
    expect(raw, "*4\r\n$8\r\npmessage\r\n$10\r\n__key*__:*\r\n$18\r\n"
                "__keyevent@0__:set\r\n$1\r\nk\r\n");
    assert_line(s, "CONFIG SET notify-keyspace-events Ex", "+OK");
    dredis_server_advance(server, 1000);
    expect(raw, "*4\r\n$8\r\npmessage\r\n$10\r\n__key*__:*\r\n$16\r\n"
                "__keyspace@0__:k\r\n$6\r\nexpire\r\n");
    diesel_stream_close(raw);
    dredis_session_close(s);
    dredis_server_close(server);
    return 0;
}
END_TEST

/* Reads HELLO's reply and enters RESP3. */
static void greet(diesel_stream *raw)
{
    say(raw, "HELLO 3");
    expect(raw, "%7\r\n$6\r\nserver\r\n$5\r\nredis\r\n$7\r\nversion\r\n$5\r\n"
                "7.0.0\r\n$5\r\nproto\r\n:3\r\n$2\r\nid\r\n:");
    char id;
    diesel_error err;
    do
        assert_ok(diesel_stream_read_exactly(raw, &id, 1, DIESEL_FOREVER, &err));
    while (id != '\r');
    expect(raw, "\n$4\r\nmode\r\n$10\r\nstandalone\r\n$4\r\nrole\r\n$6\r\nmaster"
                "\r\n$7\r\nmodules\r\n*0\r\n");
}

static const char invalidate_k[] =
    ">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\nk\r\n";

FIBER_TEST(caches_are_told_what_changed)
{
    static const char *const ways[] = {"", " OPTIN", " BCAST PREFIX k PREFIX j",
                                       " NOLOOP"};
    open_server(NULL);
    diesel_stream *raw = open_raw();
    dredis_session *s = open_session();
    greet(raw);
    for (size_t i = 0; i < TEST_COUNT(ways); i++) {
        char line[100];
        snprintf(line, sizeof line, "CLIENT TRACKING ON%s", ways[i]);
        say(raw, line);
        expect(raw, "+OK\r\n");
        assert_line(s, "SET k v", "+OK");
        if (i == 2)
            expect(raw, invalidate_k);
        if (i == 1) {
            say(raw, "GET k");
            expect(raw, "$1\r\nv\r\n");
            assert_line(s, "SET k v", "+OK"); /* not asked to be told */
            say(raw, "CLIENT CACHING YES");
            expect(raw, "+OK\r\n");
        }
        say(raw, "GET k");
        expect(raw, "$1\r\nv\r\n");
        assert_line(s, "SET other v", "+OK");
        assert_line(s, "SET k v", "+OK");
        expect(raw, invalidate_k);
        if (i == 3) {
            say(raw, "GET k");
            expect(raw, "$1\r\nv\r\n");
            say(raw, "SET k own");
            expect(raw, "+OK\r\n");
        }
        assert_line(s, "FLUSHALL", "+OK");
        expect(raw, ">2\r\n$10\r\ninvalidate\r\n_\r\n");
    }
    diesel_stream_close(raw);
    dredis_session_close(s);
    dredis_server_close(server);
    return 0;
}
END_TEST

FIBER_TEST(passwords_are_asked_for)
{
    diesel_error err;
    char url[200];
    open_server(&(dredis_server_options){.password = "secret"});
    assert_fails_null(dredis_open(dredis_server_url(server), NULL, &err),
                      DIESEL_E_AUTH);
    dredis *redis =
        dredis_open(dredis_server_url(server),
                    &(dredis_options){.password = "secret", .client_name = "me"},
                    &err);
    assert_made(redis);
    dredis_close(redis);
    diesel_stream *raw = open_raw();
    say(raw, "GET k");
    expect(raw, "-NOAUTH Authentication required.\r\n");
    say(raw, "AUTH secret");
    expect(raw, "+OK\r\n");
    say(raw, "RESET");
    expect(raw, "+RESET\r\n");
    say(raw, "GET k");
    expect(raw, "-NOAUTH Authentication required.\r\n");
    say(raw, "QUIT");
    expect(raw, "+OK\r\n");
    expect_end(raw);
    dredis_server_close(server);

    open_server(&(dredis_server_options){.tcp = true});
    snprintf(url, sizeof url, "%s", dredis_server_url(server));
    assert_contains(url, "redis://127.0.0.1:");
    assert_made(redis = dredis_open(url, NULL, &err));
    dredis_close(redis);
    dredis_server_close(server);
    return 0;
}
END_TEST

FIBER_TEST(requests_that_are_none_are_refused_and_cut_off)
{
    diesel_error err;
    open_server(&(dredis_server_options){.max_bulk = 100});
    diesel_stream *raw = open_raw();
    assert_ok(diesel_stream_write(raw, "*1\r\n$4\r\nPING\r\nGET k\r\n", 21,
                                  DIESEL_FOREVER, &err));
    expect(raw, "+PONG\r\n-ERR Protocol error: expected '*'\r\n");
    expect_end(raw);
    raw = open_raw();
    assert_ok(diesel_stream_write(raw, "*1\r\n$101\r\n", 10, DIESEL_FOREVER, &err));
    expect(raw, "-ERR Protocol error: invalid bulk length\r\n");
    expect_end(raw);
    dredis_server_close(server);
    return 0;
}
END_TEST

static dredis_server_fault fault_of(dredis_server_action action)
{
    return (dredis_server_fault){.action = action, .command = "get", .times = 1};
}

static void add_fault(dredis_server_fault fault)
{
    diesel_error err;
    assert_ok(dredis_server_fault_add(server, &fault, &err));
}

FIBER_TEST(faults_strike_as_told)
{
    diesel_error err;
    open_server(&(dredis_server_options){.manual_clock = true});
    diesel_stream *raw = open_raw();
    dredis_server_fault fault = fault_of(DREDIS_SERVER_ERROR);
    assert_fails(dredis_server_fault_add(server, &fault, &err), DIESEL_E_INVAL);
    fault.text = "LOADING Redis is loading the dataset in memory";
    fault.after = 1;
    add_fault(fault);
    say(raw, "GET k");
    expect(raw, "$-1\r\n");
    say(raw, "GET k");
    expect(raw, "-LOADING Redis is loading the dataset in memory\r\n");
    say(raw, "GET k");
    expect(raw, "$-1\r\n");

    fault = fault_of(DREDIS_SERVER_DELAY);
    fault.ms = 50;
    add_fault(fault);
    say(raw, "GET k");
    say(raw, "PING");
    expect_nothing(raw);
    dredis_server_advance(server, 50);
    expect(raw, "$-1\r\n+PONG\r\n");

    fault = fault_of(DREDIS_SERVER_SAY);
    fault.text = ">1\r\n+hey\r\n";
    add_fault(fault);
    say(raw, "GET k");
    expect(raw, ">1\r\n+hey\r\n$-1\r\n");
    dredis_server_say(server, "+lost\r\n", 7);
    expect(raw, "+lost\r\n");

    fault = fault_of(DREDIS_SERVER_CUT);
    fault.bytes = 3;
    add_fault(fault);
    say(raw, "GET k");
    expect(raw, "$-1");
    expect_end(raw);

    raw = open_raw();
    fault = fault_of(DREDIS_SERVER_LOSE);
    fault.command = "SET";
    add_fault(fault);
    say(raw, "SET k v");
    expect_end(raw);
    raw = open_raw();
    say(raw, "GET k");
    expect(raw, "$1\r\nv\r\n");
    fault.action = DREDIS_SERVER_REFUSE;
    add_fault(fault);
    say(raw, "SET k w");
    expect_end(raw);
    raw = open_raw();
    say(raw, "GET k");
    expect(raw, "$1\r\nv\r\n");
    fault.action = DREDIS_SERVER_HANG;
    fault.command = NULL;
    add_fault(fault);
    say(raw, "SET k w");
    expect_nothing(raw);
    dredis_server_fault_clear(server);
    dredis_server_advance(server, 1000000);
    expect_nothing(raw);
    diesel_stream_close(raw);
    dredis_server_close(server);
    return 0;
}
END_TEST

FIBER_TEST(it_goes_down_and_comes_back_with_its_keys)
{
    diesel_error err;
    dredis *redis;
    char *text;
    open_server(NULL);
    assert_made(redis = dredis_open(dredis_server_url(server),
                                    &(dredis_options){.reconnect_timeout_ms = -1},
                                    &err));
    assert_ok(dredis_set(redis, "k", "v", NULL, &err));
    assert_ok(dredis_server_hang_up(server, true, &err));
    ck_assert_uint_eq(dredis_server_connected(server), 0);
    ck_assert_int_eq(dredis_get(redis, "k", &text, NULL, &err), -1);
    assert_ok(dredis_server_hang_up(server, false, &err));
    dredis_close(redis);
    assert_made(redis = dredis_open(dredis_server_url(server), NULL, &err));
    ck_assert_int_eq(dredis_get(redis, "k", &text, NULL, &err), 1);
    diesel_free(text);
    ck_assert_uint_eq(dredis_server_accepted(server), 2);
    dredis_close(redis);
    dredis_server_close(server);
    return 0;
}
END_TEST

FIBER_TEST(a_client_that_does_not_read_is_cut_off)
{
    diesel_error err;
    open_server(&(dredis_server_options){.max_output = 100000});
    diesel_stream *raw = open_raw();
    dredis_session *s = open_session();
    char text[10000];
    memset(text, 'x', sizeof text);
    say(raw, "SUBSCRIBE c");
    expect(raw, "*3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n");
    for (int i = 0; dredis_server_connected(server) == 2; i++) {
        ck_assert_int_lt(i, 10000);
        dredis_reply *reply = dredis_session_call(
            s, &err, "PUBLISH", "c", diesel_bytes(text, sizeof text));
        assert_made(reply);
        dredis_reply_free(reply);
    }
    diesel_stream_close(raw);
    dredis_session_close(s);
    dredis_server_close(server);
    return 0;
}
END_TEST

/* --- Allocations that fail */

/* Runs lines until one fails for want of memory. */
static int use_all(void *arg)
{
    static const char *const lines[] = {
        "SET k v EX 100", "APPEND k w", "INCRBYFLOAT n 1", "HSET h a 1 b 2",
        "HINCRBY h a 1", "RPUSH l a b c", "LMOVE l m LEFT LEFT", "LSET l 0 x",
        "SADD s a b", "SUNIONSTORE t s s", "SMOVE s t a", "ZADD z 1 a 2 b",
        "ZRANGE z 0 -1", "COPY h h2", "COPY l l2", "RENAME h2 h3", "WATCH k",
        "MULTI", "SET k w", "GET k", "EXEC", "CLIENT TRACKING ON BCAST PREFIX x",
        "CLIENT TRACKING OFF", "CLIENT SETNAME me", "CLIENT LIST", "INFO",
        "SCAN 0", "PUBSUB CHANNELS", "BLPOP q 0.001", "ZPOPMIN z 2", "DEL k h l"};
    diesel_error err;
    (void)arg;
    dredis_server *it = dredis_server_open(NULL, &err);
    dredis_session *session =
        it != NULL ? dredis_session_open(dredis_server_url(it), NULL, &err) : NULL;
    for (size_t i = 0; session != NULL && i < TEST_COUNT(lines); i++) {
        dredis_reply *reply = redis_line_run(session, lines[i], &err);
        if (reply == NULL)
            break;
        dredis_reply_free(reply);
    }
    dredis_session_close(session);
    dredis_server_close(it);
    return 0;
}

START_TEST(lack_of_memory_at_any_place_leaves_nothing_behind)
{
    diesel_error err;
    int fds = test_open_fds();
    diesel_allocator_set(&faulty_memory);
    long n = 0;
    do {
        faulty_memory_fail(++n);
        diesel_run(use_all, NULL, NULL, &err);
        ck_assert_int_eq(test_open_fds(), fds);
        ck_assert_int_eq(faulty_alive, 0);
    } while (faulty_allocations >= n);
    ck_assert_int_gt(n, 150);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("redis server");
    test_case(suite, "redis server", time_passes_when_the_test_says_so,
              who_waits_first_is_served_first, waiting_ends_on_the_servers_clock,
              messages_reach_subscribers_in_both_protocols,
              changes_of_keys_are_told_as_events, caches_are_told_what_changed,
              passwords_are_asked_for,
              requests_that_are_none_are_refused_and_cut_off,
              faults_strike_as_told, it_goes_down_and_comes_back_with_its_keys,
              a_client_that_does_not_read_is_cut_off,
              lack_of_memory_at_any_place_leaves_nothing_behind);
    return test_suite_run(suite);
}

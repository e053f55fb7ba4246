/* SPDX-License-Identifier: MIT */
/*
 * redis/hub.c, subscription.c, key_events.c: subscriptions that come and go, slow
 * readers, connections that break, servers that say what they should not.
 */
#include <diesel/redis.h>
#include <diesel/redis_test_server.h>
#include <diesel/select.h>

#include "faulty_memory.h"
#include "redis_script.h"
#include "test_util.h"

static dredis_server *server;
static dredis *client, *publisher;

/* row is the version of RESP, less 2. */
static void open_all(int row)
{
    diesel_error err;
    dredis_options options = {.resp = row + 2};
    assert_made(server = dredis_server_open(NULL, &err));
    assert_made(client = dredis_open(dredis_server_url(server), &options, &err));
    assert_made(publisher = dredis_open(dredis_server_url(server), NULL, &err));
}

static void close_all(void)
{
    dredis_close(client);
    dredis_close(publisher);
    dredis_server_close(server);
}

static dredis_subscription *open_sub(size_t queue, dredis_slow slow)
{
    diesel_error err;
    dredis_subscription *s = dredis_subscription_open(
        client, &(dredis_subscription_options){.queue = queue, .slow = slow}, &err);
    assert_made(s);
    return s;
}

static int64_t publish(const char *command, const char *channel, const char *text)
{
    diesel_error err;
    dredis_reply *reply = dredis_call(publisher, &err, command, channel, text);
    assert_made(reply);
    int64_t n = reply->integer;
    dredis_reply_free(reply);
    return n;
}

/* The next message as "channel|data", with "pattern|" before it. */
static const char *next(dredis_subscription *s)
{
    static char text[256];
    diesel_error err;
    dredis_message m;
    int got = dredis_receive(s, &m, DIESEL_FOREVER, &err);
    if (got <= 0) {
        snprintf(text, sizeof text, "%s",
                 got == 0 ? "(closed)" : diesel_error_name(err.code));
        return text;
    }
    size_t n = 0;
    if (m.dropped > 0)
        n += (size_t)snprintf(text, sizeof text, "%d dropped ", (int)m.dropped);
    if (m.type == DREDIS_GAP)
        snprintf(text + n, sizeof text - n, "(gap)");
    else
        snprintf(text + n, sizeof text - n, "%s%s%s%s|%s",
                 m.type == DREDIS_SHARD ? "shard " : "",
                 m.pattern != NULL ? m.pattern : "", m.pattern != NULL ? "|" : "",
                 m.channel, m.data);
    dredis_message_clear(&m);
    return text;
}

static void expect_none(dredis_subscription *s)
{
    diesel_error err;
    dredis_message m;
    assert_fails(dredis_receive(s, &m, DIESEL_NOW, &err), DIESEL_E_TIMEDOUT);
}

FIBER_TEST(messages_come_by_channel_pattern_and_shard)
{
    diesel_error err;
    open_all(row);
    dredis_subscription *s = open_sub(0, DREDIS_SLOW_BLOCK);
    assert_ok(dredis_subscribe(s, "news", &err));
    assert_ok(dredis_psubscribe(s, "n*", &err));
    assert_ok(dredis_ssubscribe(s, "news", &err));
    assert_ok(dredis_subscribe(s, "news", &err)); /* twice is once */
    ck_assert_int_eq(publish("PUBLISH", "news", "one"), 2);
    ck_assert_str_eq(next(s), "news|one");
    ck_assert_str_eq(next(s), "n*|news|one");
    ck_assert_int_eq(publish("SPUBLISH", "news", "two"), 1);
    ck_assert_str_eq(next(s), "shard news|two");
    dredis_unsubscribe(s, "news");
    dredis_unsubscribe(s, "never");
    assert_ok(dredis_subscribe(s, "other", &err)); /* it is behind the other */
    ck_assert_int_eq(publish("PUBLISH", "news", "three"), 1);
    ck_assert_str_eq(next(s), "n*|news|three");
    dredis_punsubscribe(s, "n*");
    dredis_sunsubscribe(s, "news");
    assert_ok(dredis_subscribe(s, "news", &err));
    ck_assert_int_eq(publish("PUBLISH", "news", "four"), 1);
    ck_assert_str_eq(next(s), "news|four");
    ck_assert_uint_eq(dredis_stats_of(client).messages, 5);
    dredis_subscription_close(s);
    close_all();
    return 0;
}
END_TEST

FIBER_TEST(one_subscription_at_the_server_serves_all_and_ends_with_the_last)
{
    diesel_error err;
    open_all(row);
    dredis_subscription *all[10];
    for (size_t i = 0; i < TEST_COUNT(all); i++) {
        all[i] = open_sub(0, DREDIS_SLOW_BLOCK);
        assert_ok(dredis_subscribe(all[i], "c", &err));
    }
    ck_assert_uint_eq(dredis_server_calls(server, "SUBSCRIBE"), 1);
    ck_assert_int_eq(publish("PUBLISH", "c", "x"), 1);
    for (size_t i = 0; i < TEST_COUNT(all); i++)
        ck_assert_str_eq(next(all[i]), "c|x");
    for (size_t i = 0; i < TEST_COUNT(all); i++)
        dredis_subscription_close(all[i]);
    await_that(dredis_server_calls(server, "UNSUBSCRIBE") == 1);
    ck_assert_int_eq(publish("PUBLISH", "c", "x"), 0);
    close_all();
    return 0;
}
END_TEST

FIBER_TEST(what_is_left_and_joined_at_once_is_on_in_the_end)
{
    diesel_error err;
    open_all(row);
    dredis_subscription *s = open_sub(0, DREDIS_SLOW_BLOCK);
    for (int i = 0; i < 20; i++) {
        assert_ok(dredis_subscribe(s, "c", &err));
        ck_assert_int_eq(publish("PUBLISH", "c", "x"), 1);
        ck_assert_str_eq(next(s), "c|x");
        dredis_unsubscribe(s, "c");
    }
    dredis_subscription_close(s);
    close_all();
    return 0;
}
END_TEST

static const struct {
    dredis_slow slow;
    const char *got[4];
} slow_rows[] = {
    {DREDIS_SLOW_DROP_OLDEST, {"3 dropped c|4", "c|5", NULL}},
    {DREDIS_SLOW_DROP_NEWEST, {"c|1", "c|2", "3 dropped c|6", NULL}},
    {DREDIS_SLOW_FAIL, {"c|1", "c|2", "LIMIT", "LIMIT"}},
};

FIBER_TEST(slow_readers_get_what_they_asked_for)
{
    diesel_error err;
    open_all(1);
    dredis_subscription *s = open_sub(2, slow_rows[row].slow);
    dredis_subscription *quick = open_sub(100, DREDIS_SLOW_BLOCK);
    assert_ok(dredis_subscribe(s, "c", &err));
    assert_ok(dredis_subscribe(quick, "c", &err));
    for (int i = 1; i <= 5; i++) {
        char text[2] = {(char)('0' + i), '\0'};
        publish("PUBLISH", "c", text);
        await_that(dredis_subscription_count(quick) == (size_t)i);
    }
    ck_assert_uint_eq(dredis_subscription_count(s), 2);
    for (size_t i = 0; i < 4 && slow_rows[row].got[i] != NULL; i++) {
        if (i == 2)
            publish("PUBLISH", "c", "6");
        ck_assert_str_eq(next(s), slow_rows[row].got[i]);
    }
    dredis_subscription_close(s);
    dredis_subscription_close(quick);
    close_all();
    return 0;
}
END_TEST

FIBER_TEST(who_wants_all_holds_up_the_connection_and_loses_nothing)
{
    enum { MESSAGES = 2000 };
    diesel_error err;
    char text[1024], want[32];
    open_all(row);
    dredis_subscription *s = open_sub(10, DREDIS_SLOW_BLOCK);
    assert_ok(dredis_subscribe(s, "c", &err));
    for (int i = 0; i < MESSAGES; i++) {
        snprintf(text, sizeof text, "%d%900s", i, "");
        publish("PUBLISH", "c", text);
    }
    await_that(dredis_subscription_count(s) >= 10);
    for (int i = 0; i < 10; i++)
        assert_ok(diesel_sleep(1, &err));
    ck_assert_uint_lt(dredis_subscription_count(s), 10 + 2 * 65536 / 900);
    /* Though the queue is full, another channel can be had. */
    assert_ok(dredis_subscribe(s, "d", &err));
    for (int i = 0; i < MESSAGES; i++) {
        snprintf(want, sizeof want, "c|%d ", i);
        ck_assert_int_eq(strncmp(next(s), want, strlen(want)), 0);
    }
    dredis_subscription_close(s);
    close_all();
    return 0;
}
END_TEST

FIBER_TEST(after_a_reconnect_a_gap_is_told_when_all_is_on_again)
{
    diesel_error err;
    open_all(row);
    dredis_subscription *s = open_sub(0, DREDIS_SLOW_BLOCK);
    dredis_subscription *none = open_sub(0, DREDIS_SLOW_BLOCK);
    assert_ok(dredis_subscribe(s, "a", &err));
    assert_ok(dredis_psubscribe(s, "b*", &err));
    publish("PUBLISH", "a", "before");
    await_that(dredis_subscription_count(s) == 1);
    assert_ok(dredis_server_hang_up(server, false, &err));
    ck_assert_str_eq(next(s), "a|before");
    ck_assert_str_eq(next(s), "(gap)");
    ck_assert_int_eq(publish("PUBLISH", "a", "after"), 1);
    ck_assert_str_eq(next(s), "a|after");
    ck_assert_int_eq(publish("PUBLISH", "bc", "after"), 1);
    ck_assert_str_eq(next(s), "b*|bc|after");
    expect_none(none);
    dredis_subscription_close(s);
    dredis_subscription_close(none);
    close_all();
    return 0;
}
END_TEST

FIBER_TEST(a_server_that_cuts_slow_clients_off_causes_a_gap)
{
    diesel_error err;
    assert_made(server = dredis_server_open(
                    &(dredis_server_options){.max_output = 200000}, &err));
    assert_made(client = dredis_open(dredis_server_url(server), NULL, &err));
    assert_made(publisher = dredis_open(dredis_server_url(server), NULL, &err));
    dredis_subscription *s = open_sub(1, DREDIS_SLOW_BLOCK);
    assert_ok(dredis_subscribe(s, "c", &err));
    size_t connected = dredis_server_connected(server);
    char text[10001] = "";
    memset(text, 'x', 10000);
    for (int i = 0; dredis_server_connected(server) == connected; i++) {
        ck_assert_int_lt(i, 10000);
        publish("PUBLISH", "c", text);
    }
    while (strcmp(next(s), "(gap)") != 0)
        ;
    ck_assert_int_eq(publish("PUBLISH", "c", "again"), 1);
    dredis_subscription_close(s);
    close_all();
    return 0;
}
END_TEST

FIBER_TEST(a_refusal_is_told_to_who_asked)
{
    diesel_error err;
    open_all(row);
    dredis_subscription *s = open_sub(0, DREDIS_SLOW_BLOCK);
    assert_ok(dredis_server_fault_add(
        server,
        &(dredis_server_fault){.action = DREDIS_SERVER_ERROR,
                               .command = "SUBSCRIBE",
                               .times = 1,
                               .text = "NOPERM no channels"},
        &err));
    assert_fails(dredis_subscribe(s, "c", &err), DIESEL_E_SERVER);
    ck_assert_int_eq(err.detail, DREDIS_ERR_NOPERM);
    assert_contains(err.message, "SUBSCRIBE c");
    assert_ok(dredis_subscribe(s, "c", &err)); /* and may be asked again */
    publish("PUBLISH", "c", "x");
    ck_assert_str_eq(next(s), "c|x");
    assert_ok(dredis_server_fault_add(
        server,
        &(dredis_server_fault){.action = DREDIS_SERVER_ERROR,
                               .command = "SUBSCRIBE",
                               .text = "NOPERM no channels"},
        &err));
    assert_ok(dredis_server_hang_up(server, false, &err));
    ck_assert_str_eq(next(s), "SERVER");
    dredis_subscription_close(s);
    close_all();
    return 0;
}
END_TEST

static int receive_end(void *arg)
{
    ck_assert_str_eq(next(arg), "(closed)");
    return 0;
}

FIBER_TEST(closing_ends_the_wait)
{
    diesel_error err;
    open_all(1);
    dredis_subscription *one = open_sub(0, DREDIS_SLOW_BLOCK);
    dredis_subscription *two = open_sub(0, DREDIS_SLOW_BLOCK);
    assert_ok(dredis_subscribe(two, "c", &err));
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(scope, receive_end, one);
    diesel_go(scope, receive_end, two);
    assert_ok(diesel_yield(&err));
    dredis_message m;
    assert_fails(dredis_receive(one, &m, DIESEL_FOREVER, &err), DIESEL_E_BUSY);
    dredis_subscription_close(one);
    dredis_close(client);
    assert_ok(diesel_scope_wait(scope, &err));
    assert_fails(dredis_subscribe(two, "d", &err), DIESEL_E_CLOSED);
    dredis_subscription_close(two);
    dredis_close(publisher);
    dredis_server_close(server);
    return 0;
}
END_TEST

FIBER_TEST(a_message_is_one_of_the_things_that_select_waits_for)
{
    diesel_error err;
    open_all(row);
    dredis_message m;
    dredis_subscription *s = open_sub(0, DREDIS_SLOW_BLOCK);
    assert_ok(dredis_subscribe(s, "c", &err));
    for (int i = 0; i < 3; i++) {
        diesel_case cases[] = {diesel_case_message(s, &m),
                               diesel_case_timer(60000)};
        if (i == 1) { /* it is there already */
            publish("PUBLISH", "c", "x");
            await_that(dredis_subscription_count(s) == 1);
        } else {
            dredis_reply *reply =
                dredis_call(client, &err, "PUBLISH", "c", "x");
            assert_made(reply);
            dredis_reply_free(reply);
        }
        ck_assert_int_eq(diesel_select(cases, 2, DIESEL_FOREVER, &err), 0);
        ck_assert_int_eq(cases[0].result, 1);
        ck_assert_str_eq(m.data, "x");
        dredis_message_clear(&m);
    }
    diesel_case cases[] = {diesel_case_message(s, &m), diesel_case_timer(1)};
    ck_assert_int_eq(diesel_select(cases, 2, DIESEL_FOREVER, &err), 1);
    expect_none(s);
    dredis_subscription_close(s);
    close_all();
    return 0;
}
END_TEST

FIBER_TEST(keyspace_events_come_typed)
{
    diesel_error err;
    dredis_message m;
    dredis_key_event event;
    open_all(row);
    dredis_subscription *s = open_sub(0, DREDIS_SLOW_BLOCK);
    dredis_reply *reply = dredis_call(publisher, &err, "CONFIG", "SET",
                                      "notify-keyspace-events", "KEA");
    assert_made(reply);
    dredis_reply_free(reply);
    assert_ok(dredis_key_events_begin(s, 0, "user:*", &err));
    assert_ok(dredis_psubscribe(s, "__keyevent@*", &err));
    assert_ok(dredis_subscribe(s, "plain", &err));
    assert_ok(dredis_set(publisher, "user:7", "x", NULL, &err));
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(dredis_receive(s, &m, DIESEL_FOREVER, &err), 1);
        ck_assert(dredis_message_key_event(&m, &event));
        ck_assert_int_eq(event.db, 0);
        ck_assert_str_eq(event.key, "user:7");
        ck_assert_uint_eq(event.key_len, 6);
        ck_assert_str_eq(event.event, "set");
        ck_assert_uint_eq(event.event_len, 3);
        dredis_message_clear(&m);
    }
    publish("PUBLISH", "plain", "x");
    ck_assert_int_eq(dredis_receive(s, &m, DIESEL_FOREVER, &err), 1);
    ck_assert(!dredis_message_key_event(&m, &event));
    dredis_message_clear(&m);
    dredis_key_events_end(s, 0, "user:*");
    dredis_subscription_close(s);
    close_all();
    return 0;
}
END_TEST

/* --- Servers that say what they should not. After it, the hub connects again and is
 * told the truth. */

static const char *const hostile[] = {
    ">3\r\n$7\r\nmessage\r\n:1\r\n$1\r\nx\r\n",
    ">2\r\n$7\r\nmessage\r\n$1\r\nc\r\n",
    ">3\r\n$8\r\npmessage\r\n$1\r\nc\r\n$1\r\nx\r\n",
    ">4\r\n$7\r\nmessage\r\n$1\r\nc\r\n$1\r\nx\r\n$1\r\ny\r\n",
    ">3\r\n$7\r\nmessage\r\n*1\r\n$1\r\nc\r\n$1\r\nx\r\n",
    ">3\r\n$9\r\nsubscribe\r\n$5\r\nnever\r\n:1\r\n",
    ">3\r\n$9\r\nsubscribe\r\n_\r\n:1\r\n",
    ">3\r\n$11\r\nunsubscribe\r\n$1\r\nc\r\n:0\r\n",
    "+OK\r\n", "-ERR what\r\n", "*0\r\n", "$-1\r\n", "%0\r\n", "nonsense\r\n",
};

FIBER_TEST(a_server_that_says_nonsense_is_left)
{
    diesel_error err;
    open_all(1);
    dredis_subscription *s = open_sub(0, DREDIS_SLOW_BLOCK);
    assert_ok(dredis_subscribe(s, "c", &err));
    dredis_server_say(server, hostile[row], strlen(hostile[row]));
    ck_assert_str_eq(next(s), "(gap)");
    publish("PUBLISH", "c", "x");
    ck_assert_str_eq(next(s), "c|x");
    dredis_subscription_close(s);
    close_all();
    return 0;
}
END_TEST

FIBER_TEST(pushes_of_other_kinds_are_passed_over)
{
    static const char others[] = ">1\r\n$5\r\nhello\r\n>2\r\n$10\r\ninvalidate\r\n"
                                 "*1\r\n$1\r\nk\r\n>0\r\n>1\r\n:1\r\n";
    diesel_error err;
    open_all(1);
    dredis_subscription *s = open_sub(0, DREDIS_SLOW_BLOCK);
    assert_ok(dredis_subscribe(s, "c", &err));
    dredis_server_say(server, others, sizeof others - 1);
    publish("PUBLISH", "c", "x");
    ck_assert_str_eq(next(s), "c|x");
    dredis_subscription_close(s);
    close_all();
    return 0;
}
END_TEST

/* --- Cancellation and lack of memory anywhere */

static int use_hub(void *arg)
{
    diesel_error err;
    dredis_message m;
    (void)arg;
    dredis *redis = dredis_open(dredis_server_url(server), NULL, &err);
    dredis_subscription *s =
        redis != NULL ? dredis_subscription_open(redis, NULL, &err) : NULL;
    dredis_subscription *t =
        s != NULL ? dredis_subscription_open(redis, NULL, &err) : NULL;
    int result = t != NULL ? 0 : -1;
    if (result == 0 && (dredis_subscribe(s, "a", &err) < 0 ||
                        dredis_psubscribe(s, "*", &err) < 0 ||
                        dredis_subscribe(t, "a", &err) < 0))
        result = -1;
    dredis_reply *reply =
        result == 0 ? dredis_call(redis, &err, "PUBLISH", "a", "x") : NULL;
    dredis_reply_free(reply);
    while (reply != NULL && result == 0 &&
           dredis_receive(s, &m, diesel_now() + 20, &err) > 0)
        dredis_message_clear(&m);
    if (result == 0)
        dredis_unsubscribe(s, "a");
    dredis_subscription_close(s);
    dredis_close(redis);
    dredis_subscription_close(t);
    return 0;
}

FIBER_TEST(cancellation_at_any_turn_leaves_nothing_behind)
{
    diesel_error err;
    open_all(1);
    for (int turns = 0; turns < 60; turns++) {
        diesel_scope *scope = diesel_scope_open(NULL);
        diesel_go(scope, use_hub, NULL);
        for (int i = 0; i < turns; i++)
            assert_ok(diesel_yield(&err));
        diesel_scope_cancel(scope);
        diesel_scope_wait(scope, NULL);
    }
    close_all();
    return 0;
}
END_TEST

static int use_hub_alone(void *arg)
{
    diesel_error err;
    server = dredis_server_open(NULL, &err);
    if (server != NULL)
        use_hub(arg);
    dredis_server_close(server);
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
        diesel_run(use_hub_alone, NULL, NULL, &err);
        ck_assert_int_eq(test_open_fds(), fds);
        ck_assert_int_eq(faulty_alive, 0);
    } while (faulty_allocations >= n);
    ck_assert_int_gt(n, 50);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("redis pubsub");
    const TTest *const each_version[] = {
        messages_come_by_channel_pattern_and_shard,
        one_subscription_at_the_server_serves_all_and_ends_with_the_last,
        what_is_left_and_joined_at_once_is_on_in_the_end,
        who_wants_all_holds_up_the_connection_and_loses_nothing,
        after_a_reconnect_a_gap_is_told_when_all_is_on_again,
        a_refusal_is_told_to_who_asked,
        a_message_is_one_of_the_things_that_select_waits_for,
        keyspace_events_come_typed,
    };
    for (size_t i = 0; i < TEST_COUNT(each_version); i++)
        test_case_rows(suite, "RESP2 and RESP3", each_version[i], 2);
    test_case_rows(suite, "slow", slow_readers_get_what_they_asked_for,
                   TEST_COUNT(slow_rows));
    test_case_rows(suite, "hostile", a_server_that_says_nonsense_is_left,
                   TEST_COUNT(hostile));
    test_case(suite, "more", a_server_that_cuts_slow_clients_off_causes_a_gap,
              closing_ends_the_wait, pushes_of_other_kinds_are_passed_over,
              cancellation_at_any_turn_leaves_nothing_behind,
              lack_of_memory_at_any_place_leaves_nothing_behind);
    return test_suite_run(suite);
}

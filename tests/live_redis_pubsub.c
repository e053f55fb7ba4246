/* SPDX-License-Identifier: MIT */
/*
 * Pub/sub over a real server, RESP2 and RESP3: messages, patterns, shards, keyspace
 * events, a killed connection. Skipped unless DIESEL_TEST_REDIS_URL is set.
 */
#include <diesel/redis.h>

#include "test_util.h"

static char channel[64];
static dredis *client, *publisher;

static dredis_subscription *open_all(int row)
{
    diesel_error err;
    const char *url = getenv("DIESEL_TEST_REDIS_URL");
    snprintf(channel, sizeof channel, "diesel:test:%d:%d", (int)getpid(), row);
    assert_made(client = dredis_open(
                    url, &(dredis_options){.resp = row + 2, .client_name = channel},
                    &err));
    assert_made(publisher = dredis_open(url, NULL, &err));
    dredis_subscription *s = dredis_subscription_open(client, NULL, &err);
    assert_made(s);
    return s;
}

static void close_all(dredis_subscription *s)
{
    dredis_subscription_close(s);
    dredis_close(client);
    dredis_close(publisher);
}

#define run(...)                                                               \
    do {                                                                       \
        dredis_reply *reply_ = dredis_call(publisher, &err, __VA_ARGS__);      \
        assert_made(reply_);                                                   \
        dredis_reply_free(reply_);                                             \
    } while (0)

static void expect(dredis_subscription *s, dredis_message_type type,
                   const char *data)
{
    diesel_error err;
    dredis_message m;
    assert_ok(dredis_receive(s, &m, DIESEL_FOREVER, &err));
    ck_assert_int_eq(m.type, type);
    if (data != NULL)
        ck_assert_str_eq(m.data, data);
    dredis_message_clear(&m);
}

FIBER_TEST(messages_of_all_kinds_come)
{
    diesel_error err;
    dredis_subscription *s = open_all(row);
    assert_ok(dredis_subscribe(s, channel, &err));
    run("PUBLISH", channel, "one");
    expect(s, DREDIS_MESSAGE, "one");
    assert_ok(dredis_psubscribe(s, channel, &err));
    run("PUBLISH", channel, "two");
    expect(s, DREDIS_MESSAGE, "two");
    expect(s, DREDIS_MESSAGE, "two");
    assert_ok(dredis_ssubscribe(s, channel, &err));
    run("SPUBLISH", channel, "three");
    expect(s, DREDIS_SHARD, "three");
    dredis_unsubscribe(s, channel);
    assert_ok(dredis_subscribe(s, channel, &err));
    run("PUBLISH", channel, "four");
    expect(s, DREDIS_MESSAGE, "four");
    close_all(s);
    return 0;
}
END_TEST

FIBER_TEST(a_killed_subscriber_is_told_of_the_gap)
{
    diesel_error err;
    dredis_subscription *s = open_all(row);
    assert_ok(dredis_subscribe(s, channel, &err));
    run("CLIENT", "KILL", "TYPE", "pubsub");
    expect(s, DREDIS_GAP, NULL);
    run("PUBLISH", channel, "after");
    expect(s, DREDIS_MESSAGE, "after");
    close_all(s);
    return 0;
}
END_TEST

FIBER_TEST(keyspace_events_come)
{
    diesel_error err;
    dredis_message m;
    dredis_key_event event;
    dredis_subscription *s = open_all(row);
    run("CONFIG", "SET", "notify-keyspace-events", "KEA");
    assert_ok(dredis_key_events_begin(s, -1, channel, &err));
    run("SET", channel, "x", "PX", 1);
    for (const char *const *want = (const char *[]){"set", "expire", "expired", NULL};
         *want != NULL; want++) {
        assert_ok(dredis_receive(s, &m, DIESEL_FOREVER, &err));
        ck_assert(dredis_message_key_event(&m, &event));
        ck_assert_str_eq(event.key, channel);
        ck_assert_str_eq(event.event, *want);
        dredis_message_clear(&m);
    }
    close_all(s);
    return 0;
}
END_TEST

FIBER_TEST(ten_thousand_messages_reach_a_hundred_fibers)
{
    enum { SUBSCRIPTIONS = 100, MESSAGES = 100 };
    diesel_error err;
    dredis_subscription *s = open_all(row), *all[SUBSCRIPTIONS];
    for (int i = 0; i < SUBSCRIPTIONS; i++) {
        assert_made(all[i] = dredis_subscription_open(client, NULL, &err));
        assert_ok(dredis_subscribe(all[i], channel, &err));
    }
    for (int i = 0; i < MESSAGES; i++)
        run("PUBLISH", channel, i);
    for (int i = 0; i < SUBSCRIPTIONS; i++) {
        for (int k = 0; k < MESSAGES; k++) {
            char want[16];
            snprintf(want, sizeof want, "%d", k);
            expect(all[i], DREDIS_MESSAGE, want);
        }
        dredis_subscription_close(all[i]);
    }
    close_all(s);
    return 0;
}
END_TEST

int main(void)
{
    if (getenv("DIESEL_TEST_REDIS_URL") == NULL) {
        printf("skipped: DIESEL_TEST_REDIS_URL names no Redis server\n");
        return 77;
    }
    Suite *suite = suite_create("live redis pubsub");
    const TTest *const each_version[] = {
        messages_of_all_kinds_come, a_killed_subscriber_is_told_of_the_gap,
        keyspace_events_come, ten_thousand_messages_reach_a_hundred_fibers};
    for (size_t i = 0; i < TEST_COUNT(each_version); i++)
        test_case_rows(suite, "RESP2 and RESP3", each_version[i], 2);
    return test_suite_run(suite);
}

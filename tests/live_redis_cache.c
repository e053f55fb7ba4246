/* SPDX-License-Identifier: MIT */
/*
 * Client-side caching over a real server, in each way of tracking. Skipped unless
 * DIESEL_TEST_REDIS_URL is set.
 */
#include <diesel/redis.h>
#include <diesel/redis_cache.h>

#include "test_util.h"

static void assert_get(dredis_cache *cache, const char *key, const char *want)
{
    diesel_error err;
    char *value;
    assert_ok(dredis_cache_get(cache, key, &value, NULL, &err));
    ck_assert_str_eq(value != NULL ? value : "(none)", want);
    diesel_free(value);
}

FIBER_TEST(changes_are_told)
{
    diesel_error err;
    char key[64];
    const char *prefix = key, *url = getenv("DIESEL_TEST_REDIS_URL");
    dredis *client, *writer;
    snprintf(key, sizeof key, "diesel:test:%d:%d", (int)getpid(), row);
    assert_made(client = dredis_open(url, NULL, &err));
    assert_made(writer = dredis_open(url, NULL, &err));
    dredis_cache *cache = dredis_cache_open(
        client,
        &(dredis_cache_options){.tracking = (dredis_tracking)row,
                                .prefixes = &prefix,
                                .n_prefixes = row == DREDIS_TRACKING_BCAST},
        &err);
    assert_made(cache);
    assert_get(cache, key, "(none)");
    for (int i = 0; i < 3; i++) {
        char text[16];
        snprintf(text, sizeof text, "%d", i);
        assert_ok(dredis_set(writer, key, text, NULL, &err));
        for (int tries = 0; dredis_cache_stats_of(cache).keys > 0; tries++) {
            ck_assert_int_lt(tries, 10000);
            assert_ok(diesel_sleep(1, &err));
        }
        assert_get(cache, key, text);
        assert_get(cache, key, text);
    }
    ck_assert_uint_eq(dredis_cache_stats_of(cache).hits, 3);
    dredis_cache_close(cache);
    assert_ok(dredis_del(writer, key, &err));
    dredis_close(client);
    dredis_close(writer);
    return 0;
}
END_TEST

int main(void)
{
    if (getenv("DIESEL_TEST_REDIS_URL") == NULL) {
        printf("skipped: DIESEL_TEST_REDIS_URL names no Redis server\n");
        return 77;
    }
    Suite *suite = suite_create("live redis cache");
    test_case_rows(suite, "tracking", changes_are_told, 3);
    return test_suite_run(suite);
}

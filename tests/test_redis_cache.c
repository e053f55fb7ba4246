/* SPDX-License-Identifier: MIT */
/*
 * redis/cache.c: what is kept, when it goes, who asks; over the test server.
 */
#include <diesel/redis.h>
#include <diesel/redis_cache.h>
#include <diesel/redis_test_server.h>

#include "faulty_memory.h"
#include "test_util.h"

static dredis_server *server;
static dredis *client, *writer;
static dredis_cache *cache;

static void open_all(const dredis_cache_options *options)
{
    diesel_error err;
    assert_made(server = dredis_server_open(NULL, &err));
    assert_made(client = dredis_open(dredis_server_url(server), NULL, &err));
    assert_made(writer = dredis_open(dredis_server_url(server), NULL, &err));
    assert_made(cache = dredis_cache_open(client, options, &err));
}

static void close_all(void)
{
    dredis_cache_close(cache);
    dredis_close(client);
    dredis_close(writer);
    dredis_server_close(server);
}

static void set(const char *key, const char *value)
{
    diesel_error err;
    assert_ok(dredis_set(writer, key, value, NULL, &err));
}

static void assert_get(const char *key, const char *want)
{
    diesel_error err;
    char *value;
    size_t len = 99;
    int found = dredis_cache_get(cache, key, &value, &len, &err);
    assert_ok(found);
    ck_assert_int_eq(found, want != NULL);
    if (want != NULL) {
        ck_assert_str_eq(value, want);
        ck_assert_uint_eq(len, strlen(want));
    }
    diesel_free(value);
}

#define await_that(condition)                                                  \
    do {                                                                       \
        for (int tries_ = 0; !(condition); tries_++) {                         \
            ck_assert_msg(tries_ < 20000, "in vain: %s", #condition);          \
            assert_ok(diesel_sleep(1, &err));                                  \
        }                                                                      \
    } while (0)

static uint64_t asked(void)
{
    return dredis_server_calls(server, "MGET");
}

static dredis_cache_stats stats(void)
{
    return dredis_cache_stats_of(cache);
}

FIBER_TEST(what_was_read_is_kept_until_it_changes)
{
    static const char *const prefixes[] = {"k", "x"};
    const dredis_cache_options options = {.tracking = (dredis_tracking)row,
                                          .prefixes = prefixes,
                                          .n_prefixes = row == 2 ? 2 : 0};
    diesel_error err;
    open_all(&options);
    set("k", "one");
    await_that(row != 2 || stats().invalidations == 1);
    for (int i = 0; i < 3; i++)
        assert_get("k", "one");
    ck_assert_uint_eq(asked(), 1);
    ck_assert_uint_eq(stats().hits, 2);
    ck_assert_uint_eq(stats().misses, 1);
    set("k", "two");
    await_that(stats().keys == 0);
    assert_get("k", "two");
    assert_get("k", "two");
    ck_assert_uint_eq(asked(), 2);
    assert_get("k-none", NULL); /* that there is none is kept, too */
    assert_get("k-none", NULL);
    ck_assert_uint_eq(asked(), 3);
    set("k-none", "now");
    await_that(stats().keys == 1);
    assert_get("k-none", "now");
    dredis_reply_free(dredis_call(writer, &err, "FLUSHALL"));
    await_that(stats().keys == 0);
    ck_assert_uint_eq(stats().flushes, 1);
    ck_assert_uint_eq(stats().bytes, 0);
    if (row == 2) { /* nobody would tell of changes */
        assert_get("other", NULL);
        ck_assert_uint_eq(stats().keys, 0);
    }
    close_all();
    return 0;
}
END_TEST

FIBER_TEST(a_value_lives_no_longer_than_its_key_or_the_age_allowed)
{
    diesel_error err;
    open_all(NULL);
    dredis_set_options short_life = {.px = 30};
    assert_ok(dredis_set(writer, "k", "v", &short_life, &err));
    assert_get("k", "v");
    assert_ok(diesel_sleep(40, &err));
    assert_get("k", NULL);
    close_all();

    open_all(&(dredis_cache_options){.max_age_ms = 10});
    set("k", "v");
    assert_get("k", "v");
    assert_ok(diesel_sleep(20, &err));
    assert_get("k", "v");
    ck_assert_uint_eq(asked(), 2);
    close_all();
    return 0;
}
END_TEST

FIBER_TEST(the_least_lately_used_goes_when_there_is_no_room)
{
    char key[16];
    open_all(&(dredis_cache_options){.max_bytes = 1000});
    for (int i = 0; i < 20; i++) {
        snprintf(key, sizeof key, "k%d", i);
        set(key, "v");
        assert_get(key, "v");
        assert_get("k0", "v"); /* stays */
    }
    ck_assert_uint_le(stats().bytes, 1000);
    ck_assert_uint_gt(stats().evictions, 10);
    uint64_t before = asked();
    assert_get("k0", "v");
    assert_get("k19", "v");
    ck_assert_uint_eq(asked(), before);
    assert_get("k1", "v");
    ck_assert_uint_eq(asked(), before + 1);
    close_all();
    return 0;
}
END_TEST

static int get_k(void *arg)
{
    (void)arg;
    assert_get("k", "v");
    return 0;
}

FIBER_TEST(one_fiber_asks_for_all)
{
    diesel_error err;
    open_all(NULL);
    set("k", "v");
    diesel_scope *scope = diesel_scope_open(NULL);
    for (int i = 0; i < 100; i++)
        diesel_go(scope, get_k, NULL);
    assert_ok(diesel_scope_wait(scope, &err));
    ck_assert_uint_eq(asked(), 1);
    close_all();
    return 0;
}
END_TEST

/* The same where it may be cancelled. */
static int may_get_k(void *arg)
{
    diesel_error err;
    char *value;
    int found = dredis_cache_get(cache, "k", &value, NULL, &err);
    ck_assert(found == 1 || (found < 0 && err.code == DIESEL_E_CANCELLED));
    *(int *)arg += found;
    diesel_free(value);
    return 0;
}

FIBER_TEST(when_the_one_who_asks_is_cancelled_another_asks)
{
    int first_got = 0, others_got = 0;
    diesel_error err;
    open_all(NULL);
    set("k", "v");
    diesel_scope *first = diesel_scope_open(
        &(diesel_scope_options){.label = "first", .detached = true});
    diesel_scope *others = diesel_scope_open(NULL);
    diesel_scope *impatient = diesel_scope_open(
        &(diesel_scope_options){.label = "impatient", .detached = true});
    diesel_go(first, may_get_k, &first_got);
    assert_ok(diesel_yield(&err));
    for (int i = 0; i < 10; i++) {
        diesel_go(others, may_get_k, &others_got);
        diesel_go(impatient, may_get_k, &first_got);
    }
    assert_ok(diesel_yield(&err));
    diesel_scope_cancel(impatient); /* those who wait go without harm */
    diesel_scope_cancel(first);
    diesel_scope_wait(impatient, NULL);
    diesel_scope_wait(first, NULL);
    assert_ok(diesel_scope_wait(others, &err));
    ck_assert_int_eq(others_got, 10);
    ck_assert_int_eq(first_got, -11);
    assert_get("k", "v");
    close_all();
    return 0;
}
END_TEST

FIBER_TEST(mget_asks_only_for_what_is_missing)
{
    diesel_error err;
    dredis_cached values[5];
    open_all(&(dredis_cache_options){.tracking = (dredis_tracking)row});
    set("a", "1");
    set("b", "2");
    for (int i = 0; i < 2; i++)
        assert_get("a", "1");
    const diesel_value keys[] = {diesel_str("a"), diesel_str("none"),
                                 diesel_str("b"), diesel_str("b"),
                                 diesel_str("a")};
    for (int i = 0; i < 2; i++) {
        static const char *const want[] = {"1", NULL, "2", "2", "1"};
        assert_ok(dredis_cache_mget(cache, keys, 5, values, &err));
        for (size_t k = 0; k < 5; k++) {
            if (want[k] != NULL)
                ck_assert_str_eq(values[k].value, want[k]);
            else
                ck_assert_ptr_null(values[k].value);
            diesel_free(values[k].value);
        }
        ck_assert_uint_eq(asked(), 2);
    }
    assert_ok(dredis_cache_mget(cache, keys, 0, values, &err));
    close_all();
    return 0;
}
END_TEST

FIBER_TEST(a_broken_connection_empties_the_cache)
{
    diesel_error err;
    open_all(NULL);
    set("k", "v");
    assert_get("k", "v");
    assert_ok(dredis_server_hang_up(server, false, &err));
    await_that(stats().keys == 0);
    set("k", "w");
    assert_get("k", "w");
    set("k", "x"); /* and it is told again */
    await_that(stats().keys == 0);
    assert_get("k", "x");
    close_all();
    return 0;
}
END_TEST

FIBER_TEST(what_changes_while_it_is_read_is_not_kept)
{
    diesel_error err;
    open_all(NULL);
    set("k", "v");
    assert_ok(dredis_server_fault_add(
        server,
        &(dredis_server_fault){.action = DREDIS_SERVER_SAY,
                               .command = "MGET",
                               .times = 1,
                               .text = ">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\nk\r\n"},
        &err));
    assert_get("k", "v");
    ck_assert_uint_eq(stats().keys, 0);
    assert_get("k", "v");
    ck_assert_uint_eq(asked(), 2);
    close_all();
    return 0;
}
END_TEST

static const char *const hostile[] = {
    ">2\r\n$10\r\ninvalidate\r\n:1\r\n",
    ">2\r\n$10\r\ninvalidate\r\n*1\r\n:1\r\n",
    ">2\r\n$10\r\ninvalidate\r\n$1\r\nk\r\n",
    "+OK\r\n",
    "nonsense\r\n",
};

FIBER_TEST(a_server_that_says_nonsense_is_left)
{
    diesel_error err;
    open_all(NULL);
    set("k", "v");
    assert_get("k", "v");
    dredis_server_say(server, hostile[row], strlen(hostile[row]));
    await_that(stats().keys == 0);
    assert_get("k", "v");
    close_all();
    return 0;
}
END_TEST

FIBER_TEST(what_cannot_be_done_is_told)
{
    diesel_error err;
    char *value;
    dredis *old;
    open_all(NULL);
    assert_made(old = dredis_open(dredis_server_url(server),
                                  &(dredis_options){.resp = 2}, &err));
    assert_fails_null(dredis_cache_open(old, NULL, &err), DIESEL_E_PROTOCOL);
    dredis_close(old);
    assert_ok(dredis_server_fault_add(
        server,
        &(dredis_server_fault){.action = DREDIS_SERVER_ERROR,
                               .command = "MGET",
                               .times = 1,
                               .text = "NOPERM not you"},
        &err));
    assert_fails(dredis_cache_get(cache, "k", &value, NULL, &err),
                 DIESEL_E_SERVER);
    ck_assert_int_eq(err.detail, DREDIS_ERR_NOPERM);
    assert_get("k", NULL);
    close_all();
    return 0;
}
END_TEST

/* --- Allocations that fail */

static int use_cache(void *arg)
{
    diesel_error err;
    dredis_cached values[2];
    char *value;
    const diesel_value keys[] = {diesel_str("a"), diesel_str("b")};
    (void)arg;
    dredis_server *it = dredis_server_open(NULL, &err);
    dredis *redis =
        it != NULL ? dredis_open(dredis_server_url(it), NULL, &err) : NULL;
    dredis_cache *mine =
        redis != NULL
            ? dredis_cache_open(
                  redis,
                  &(dredis_cache_options){.tracking = DREDIS_TRACKING_OPTIN}, &err)
            : NULL;
    if (mine != NULL) {
        if (dredis_set(redis, "a", "v", NULL, &err) >= 0 &&
            dredis_cache_get(mine, "a", &value, NULL, &err) > 0)
            diesel_free(value);
        if (dredis_cache_mget(mine, keys, 2, values, &err) == 0) {
            diesel_free(values[0].value);
            diesel_free(values[1].value);
        }
    }
    dredis_cache_close(mine);
    dredis_close(redis);
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
        diesel_run(use_cache, NULL, NULL, &err);
        ck_assert_int_eq(test_open_fds(), fds);
        ck_assert_int_eq(faulty_alive, 0);
    } while (faulty_allocations >= n);
    ck_assert_int_gt(n, 50);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("redis cache");
    test_case_rows(suite, "tracking", what_was_read_is_kept_until_it_changes, 3);
    test_case_rows(suite, "mget", mget_asks_only_for_what_is_missing, 2);
    test_case_rows(suite, "hostile", a_server_that_says_nonsense_is_left,
                   TEST_COUNT(hostile));
    test_case(suite, "more",
              a_value_lives_no_longer_than_its_key_or_the_age_allowed,
              the_least_lately_used_goes_when_there_is_no_room,
              one_fiber_asks_for_all,
              when_the_one_who_asks_is_cancelled_another_asks,
              a_broken_connection_empties_the_cache,
              what_changes_while_it_is_read_is_not_kept,
              what_cannot_be_done_is_told,
              lack_of_memory_at_any_place_leaves_nothing_behind);
    return test_suite_run(suite);
}

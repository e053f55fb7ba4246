/* SPDX-License-Identifier: MIT */
/*
 * libdiesel-redis against a real server: each way to connect, RESP2 and RESP3.
 * Skipped unless DIESEL_TEST_REDIS_URL is set, see tests/servers/with-servers.
 */
#include <inttypes.h>
#include <stdint.h>

#include <diesel/redis.h>

#include "redis/command_internal.h"
#include "redis_command_rows.h"

static const struct {
    const char *variable; /* that holds the URL */
    int resp;
} ways[] = {
    {"DIESEL_TEST_REDIS_URL", 2},
    {"DIESEL_TEST_REDIS_URL", 3},
    {"DIESEL_TEST_REDIS_UNIX", 2},
    {"DIESEL_TEST_REDIS_UNIX", 3},
    {"DIESEL_TEST_REDIS_PASSWORD_URL", 2},
    {"DIESEL_TEST_REDIS_PASSWORD_URL", 3},
};

static char key[64]; /* of this test only; the limited user may use "diesel:" */

/* NULL where the server was not started by us and this way is not known. */
static dredis *open_way(int row)
{
    diesel_error err;
    const char *url = getenv(ways[row].variable);
    snprintf(key, sizeof key, "diesel:test:%d:%d", (int)getpid(), row);
    if (url == NULL)
        return NULL;
    dredis *redis =
        dredis_open(url, &(dredis_options){.resp = ways[row].resp}, &err);
    assert_made(redis);
    return redis;
}

static void close_way(dredis *redis)
{
    diesel_error err;
    assert_ok(dredis_del(redis, key, &err));
    dredis_close(redis);
}

static dredis_reply *must(dredis_reply *reply, const diesel_error *err)
{
    ck_assert_msg(reply != NULL, "%s", err->message);
    return reply;
}

FIBER_TEST(strings_of_any_bytes_come_back_as_they_were)
{
    static const size_t sizes[] = {0, 1, 100, 16 * 1024, 1 << 20, 5 << 20};
    diesel_error err;
    dredis *redis = open_way(row);
    if (redis == NULL)
        return 0;
    for (size_t i = 0; i < TEST_COUNT(sizes); i++) {
        size_t n = sizes[i], got;
        char *bytes = malloc(n + 1), *back;
        for (size_t k = 0; k < n; k++)
            bytes[k] = (char)(k * 7 + k / 256);
        assert_ok(dredis_set(redis, key, diesel_bytes(bytes, n), NULL, &err));
        ck_assert_int_eq(dredis_get(redis, key, &back, &got, &err), 1);
        ck_assert_uint_eq(got, n);
        ck_assert(memcmp(bytes, back, n) == 0);
        diesel_free(back);
        free(bytes);
    }
    close_way(redis);
    return 0;
}
END_TEST

FIBER_TEST(what_is_absent_is_told_apart)
{
    diesel_error err;
    char *text;
    size_t n;
    dredis *redis = open_way(row);
    if (redis == NULL)
        return 0;
    ck_assert_int_eq(dredis_get(redis, key, &text, &n, &err), 0);
    ck_assert_int_eq(dredis_exists(redis, key, &err), 0);
    ck_assert_int_eq(dredis_del(redis, key, &err), 0);
    close_way(redis);
    return 0;
}
END_TEST

FIBER_TEST(servers_errors_have_their_numbers)
{
    diesel_error err;
    dredis *redis = open_way(row);
    if (redis == NULL)
        return 0;
    assert_ok(dredis_set(redis, key, "no list", NULL, &err));
    assert_fails_null(dredis_call(redis, &err, "LPUSH", key, 1),
                      DIESEL_E_SERVER);
    ck_assert_int_eq(err.domain, DIESEL_DOM_REDIS);
    ck_assert_int_eq(err.detail, DREDIS_ERR_WRONGTYPE);
    assert_contains(err.message, "LPUSH");
    assert_fails_null(dredis_call(redis, &err, "NO_SUCH_COMMAND"),
                      DIESEL_E_SERVER);
    close_way(redis);
    return 0;
}
END_TEST

FIBER_TEST(aggregates_have_the_shape_of_the_protocol)
{
    diesel_error err;
    dredis *redis = open_way(row);
    if (redis == NULL)
        return 0;
    dredis_reply *r =
        must(dredis_call(redis, &err, "HSET", key, "a", 1, "b", 2.5), &err);
    ck_assert_int_eq(r->type, DREDIS_INTEGER);
    ck_assert_int_eq(r->integer, 2);
    dredis_reply_free(r);
    r = must(dredis_call(redis, &err, "HGETALL", key), &err);
    bool map = ways[row].resp == 3 && dredis_stats_of(redis).resp == 3;
    ck_assert_int_eq(r->type, map ? DREDIS_MAP : DREDIS_ARRAY);
    ck_assert_uint_eq(r->elements, 4);
    ck_assert_str_eq(r->element[3].str, "2.5");
    dredis_reply_free(r);
    close_way(redis);
    return 0;
}
END_TEST

enum { FIBERS = 1000, EACH = 20 };

struct crowd {
    dredis *redis;
    int64_t sum;
};

static int count_up(void *arg)
{
    struct crowd *crowd = arg;
    diesel_error err;
    for (int i = 0; i < EACH; i++) {
        int64_t now;
        if (dredis_incr(crowd->redis, key, &now, &err) < 0)
            return diesel_fail(&err);
        crowd->sum += now;
    }
    return 0;
}

FIBER_TEST(a_thousand_fibers_count_without_losing_one)
{
    diesel_error err;
    struct crowd crowd = {.redis = open_way(row)};
    if (crowd.redis == NULL)
        return 0;
    diesel_scope *scope = diesel_scope_open(NULL);
    for (int i = 0; i < FIBERS; i++)
        diesel_go(scope, count_up, &crowd);
    assert_ok(diesel_scope_wait(scope, &err));
    int64_t n = (int64_t)FIBERS * EACH;
    ck_assert_int_eq(crowd.sum, n * (n + 1) / 2); /* each value came once */
    ck_assert_uint_eq(dredis_stats_of(crowd.redis).connections, 1);
    close_way(crowd.redis);
    return 0;
}
END_TEST

FIBER_TEST(a_pipeline_has_a_reply_for_each_command)
{
    diesel_error err;
    dredis *redis = open_way(row);
    if (redis == NULL)
        return 0;
    dredis_pipeline *pipeline = dredis_pipeline_new(redis, &err);
    assert_made(pipeline);
    for (int i = 0; i < 500; i++)
        assert_ok(dredis_pipeline_add(pipeline, &err, "INCR", key));
    assert_ok(dredis_pipeline_add(pipeline, &err, "HGET", key, "field"));
    assert_ok(dredis_pipeline_run(pipeline, &err));
    ck_assert_uint_eq(dredis_pipeline_count(pipeline), 501);
    for (size_t i = 0; i < 500; i++)
        ck_assert_int_eq(dredis_pipeline_reply(pipeline, i)->integer,
                         (int64_t)i + 1);
    ck_assert_int_eq(dredis_pipeline_reply(pipeline, 500)->type, DREDIS_ERROR);
    dredis_pipeline_free(pipeline);
    close_way(redis);
    return 0;
}
END_TEST

static int pop_blocking(void *arg)
{
    diesel_error err;
    dredis_reply *r = dredis_call((dredis *)arg, &err, "BLPOP", key, 0);
    if (r == NULL)
        return diesel_fail(&err);
    ck_assert_str_eq(r->element[1].str, "here");
    dredis_reply_free(r);
    return 0;
}

FIBER_TEST(a_command_that_blocks_holds_up_nobody)
{
    diesel_error err;
    dredis *redis = open_way(row);
    if (redis == NULL)
        return 0;
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(scope, pop_blocking, redis);
    while (dredis_stats_of(redis).dedicated == 0)
        assert_ok(diesel_sleep(1, &err));
    dredis_reply_free(must(dredis_call(redis, &err, "RPUSH", key, "here"), &err));
    assert_ok(diesel_scope_wait(scope, &err));
    close_way(redis);
    return 0;
}
END_TEST

FIBER_TEST(a_deadline_ends_a_command_and_the_next_one_works)
{
    diesel_error err;
    dredis *redis = open_way(row);
    if (redis == NULL)
        return 0;
    diesel_scope *scope =
        diesel_scope_open(&(diesel_scope_options){.timeout_ms = 20});
    assert_fails_null(dredis_call(redis, &err, "BLPOP", key, 0),
                      DIESEL_E_TIMEDOUT);
    assert_fails(diesel_scope_wait(scope, &err), DIESEL_E_TIMEDOUT);
    assert_ok(dredis_incr(redis, key, NULL, &err));
    close_way(redis);
    return 0;
}
END_TEST

/* The server itself cuts the connection. */
FIBER_TEST(a_killed_connection_is_made_anew)
{
    diesel_error err;
    const char *url = getenv("DIESEL_TEST_REDIS_URL");
    dredis *redis = dredis_open(url, NULL, &err), *killer;
    assert_made(redis);
    assert_made(killer = dredis_open(url, NULL, &err));
    dredis_reply *id = must(dredis_call(redis, &err, "CLIENT", "ID"), &err);
    dredis_reply_free(must(
        dredis_call(killer, &err, "CLIENT", "KILL", "ID", id->integer), &err));
    dredis_reply *next = dredis_call(redis, &err, "CLIENT", "ID");
    if (next == NULL) { /* it had been sent before the end was seen */
        ck_assert_uint_ne(err.flags & DIESEL_EF_SENT, 0);
        next = must(dredis_call(redis, &err, "CLIENT", "ID"), &err);
    }
    ck_assert_int_ne(next->integer, id->integer);
    dredis_reply_free(id);
    dredis_reply_free(next);
    dredis_close(redis);
    dredis_close(killer);
    return 0;
}
END_TEST

static const dredis_options wrong[] = {
    {.user = "nobody", .password = "wrong word"},
    {.user = "diesel", .password = "wrong word"},
};

FIBER_TEST(wrong_credentials_are_told_without_showing_them)
{
    diesel_error err;
    dredis *redis =
        dredis_open(getenv("DIESEL_TEST_REDIS_URL"), &wrong[row], &err);
    ck_assert_ptr_null(redis);
    ck_assert_int_eq(err.code, DIESEL_E_AUTH);
    ck_assert_ptr_null(strstr(err.message, "wrong word"));
    return 0;
}
END_TEST

FIBER_TEST(a_database_is_selected_or_told_to_be_none)
{
    diesel_error err;
    char *text;
    size_t n;
    const char *url = getenv("DIESEL_TEST_REDIS_URL");
    snprintf(key, sizeof key, "diesel:test:%d:db", (int)getpid());
    dredis *other = dredis_open(url, &(dredis_options){.db = 5}, &err);
    assert_made(other);
    dredis *redis = dredis_open(url, NULL, &err);
    assert_made(redis);
    assert_ok(dredis_set(other, key, "there",
                         &(dredis_set_options){.px = 60000}, &err));
    ck_assert_int_eq(dredis_get(redis, key, &text, &n, &err), 0);
    ck_assert_int_eq(dredis_del(other, key, &err), 1);
    dredis_close(redis);
    dredis_close(other);
    assert_fails_null(dredis_open(url, &(dredis_options){.db = 9999}, &err),
                      DIESEL_E_SERVER);
    return 0;
}
END_TEST

/* What a server says where its commands' keys are is what we find. */
FIBER_TEST(keys_are_where_the_server_finds_them)
{
    diesel_error err;
    diesel_value args[16], ours[16];
    size_t at[16], n = command_row_split(command_rows[row].text, args);
    size_t found = dredis__command_keys(args, n, at, TEST_COUNT(at));
    dredis *redis = dredis_open(getenv("DIESEL_TEST_REDIS_URL"), NULL, &err);
    assert_made(redis);
    for (size_t i = 0; i < found; i++)
        ours[i] = args[at[i]];
    dredis_reply *theirs =
        dredis_command_getkeys(redis, args[0], args + 1, n - 1, &err);
    if (theirs == NULL) { /* it has no keys, or is wrong */
        ck_assert_int_eq(err.code, DIESEL_E_SERVER);
        ck_assert_msg(found == 0 || strstr(err.message, "arguments") != NULL,
                      "%s", err.message);
    }
    for (size_t i = 0; theirs != NULL && i < theirs->elements; i++)
        ck_assert_msg(i < found && theirs->element[i].len == ours[i].len &&
                          memcmp(theirs->element[i].str, ours[i].s,
                                 ours[i].len) == 0,
                      "%s: key %zu is %s", command_rows[row].text, i,
                      theirs->element[i].str);
    ck_assert_uint_eq(theirs != NULL ? theirs->elements : found, found);
    dredis_reply_free(theirs);
    dredis_close(redis);
    return 0;
}
END_TEST

int main(void)
{
    if (getenv("DIESEL_TEST_REDIS_URL") == NULL) {
        printf("skipped: DIESEL_TEST_REDIS_URL names no Redis server\n");
        return 77;
    }
    Suite *suite = suite_create("live redis");
    const TTest *const each_way[] = {
        strings_of_any_bytes_come_back_as_they_were,
        what_is_absent_is_told_apart,
        servers_errors_have_their_numbers,
        aggregates_have_the_shape_of_the_protocol,
        a_thousand_fibers_count_without_losing_one,
        a_pipeline_has_a_reply_for_each_command,
        a_command_that_blocks_holds_up_nobody,
        a_deadline_ends_a_command_and_the_next_one_works,
    };
    for (size_t i = 0; i < TEST_COUNT(each_way); i++)
        test_case_rows(suite, "each way", each_way[i], TEST_COUNT(ways));
    test_case_rows(suite, "credentials",
                   wrong_credentials_are_told_without_showing_them,
                   TEST_COUNT(wrong));
    test_case_rows(suite, "keys", keys_are_where_the_server_finds_them,
                   TEST_COUNT(command_rows));
    test_case(suite, "more", a_killed_connection_is_made_anew,
              a_database_is_selected_or_told_to_be_none);
    return test_suite_run(suite);
}

/* SPDX-License-Identifier: MIT */
/*
 * Transactions, scripts, libraries of functions and scans against a real server of
 * the test's own, with RESP2 and RESP3.
 */
#include <inttypes.h>

#include <diesel/redis.h>

#include "own_redis.h"

static struct own_redis server;
static dredis *redis;
static diesel_error err;
static int64_t n;

static int64_t number_at(const char *key)
{
    char *text;
    int found = dredis_get(redis, key, &text, NULL, &err);
    ck_assert_msg(found >= 0, "%s", err.message);
    int64_t value = found ? strtoll(text, NULL, 10) : 0;
    diesel_free(text);
    return value;
}

static dredis_transaction *new_transaction(const dredis_transaction_options *o)
{
    dredis_transaction *t = dredis_transaction_new(redis, o, &err);
    assert_made(t);
    return t;
}

/* --- Transactions */

static void all_runs_in_one(void)
{
    dredis_transaction *t = new_transaction(NULL);
    for (int turn = 1; turn <= 3; turn++) {
        assert_ok(dredis_transaction_add(t, &err, "INCR", "a"));
        assert_ok(dredis_transaction_add(t, &err, "APPEND", "b", "xy"));
        ck_assert_uint_eq(dredis_transaction_count(t), 2);
        ck_assert_int_eq(dredis_transaction_run(t, &err), 1);
        assert_ok(dredis_transaction_check(t, &err));
        ck_assert_int_eq(dredis_transaction_reply(t, 0)->integer, turn);
        ck_assert_int_eq(dredis_transaction_reply(t, 1)->integer, 2 * turn);
        ck_assert_ptr_null(dredis_transaction_reply(t, 2));
    }
    ck_assert_uint_eq(dredis_stats_of(redis).connections, 1);
    ck_assert_int_eq(dredis_transaction_run(t, &err), 1); /* is empty */
    dredis_transaction_free(t);
}

static void an_error_is_an_item(void)
{
    dredis_transaction *t = new_transaction(NULL);
    assert_ok(dredis_transaction_add(t, &err, "SET", "a", "text"));
    assert_ok(dredis_transaction_add(t, &err, "INCR", "a"));
    assert_ok(dredis_transaction_add(t, &err, "SET", "c", "ran"));
    ck_assert_int_eq(dredis_transaction_run(t, &err), 1);
    ck_assert_int_eq(dredis_transaction_reply(t, 1)->type, DREDIS_ERROR);
    ck_assert_int_eq(dredis_exists(redis, "c", &err), 1);
    assert_fails(dredis_transaction_check(t, &err), DIESEL_E_SERVER);
    assert_contains(err.message, "transaction, command 1: ERR");
    dredis_transaction_free(t);
}

static void one_refused_aborts_all(void)
{
    dredis_transaction *t = new_transaction(NULL);
    assert_ok(dredis_transaction_add(t, &err, "INCR", "a"));
    assert_ok(dredis_transaction_add(t, &err, "INCR", "a", "b", "c"));
    assert_fails(dredis_transaction_run(t, &err), DIESEL_E_SERVER);
    ck_assert_int_eq(err.detail, DREDIS_ERR_EXECABORT);
    assert_contains(err.message, "command 1: ERR wrong number of arguments");
    ck_assert_int_eq(number_at("a"), 0);
    assert_fails(dredis_transaction_add(t, &err, "MULTI"), DIESEL_E_INVAL);
    assert_fails(dredis_transaction_add(t, &err, "SUBSCRIBE", "x"),
                 DIESEL_E_INVAL);
    assert_ok(dredis_transaction_add(t, &err, "INCR", "a"));
    ck_assert_int_eq(dredis_transaction_run(t, &err), 1);
    ck_assert_int_eq(number_at("a"), 1);
    dredis_transaction_free(t);
}

static void a_change_in_between_is_noticed(void)
{
    dredis_transaction *t = new_transaction(NULL);
    assert_ok(dredis_transaction_watch(t, DREDIS_LIST("a", "b"), &err));
    dredis_reply *r = dredis_transaction_call(t, &err, "GET", "a");
    assert_made(r);
    dredis_reply_free(r);
    assert_ok(dredis_incr(redis, "b", &n, &err)); /* somebody else */
    assert_ok(dredis_transaction_add(t, &err, "SET", "a", 1));
    ck_assert_int_eq(dredis_transaction_run(t, &err), 0);
    ck_assert_int_eq(dredis_exists(redis, "a", &err), 0);
    ck_assert_ptr_null(dredis_transaction_reply(t, 0));

    assert_ok(dredis_transaction_watch(t, DREDIS_LIST("a"), &err));
    assert_ok(dredis_transaction_watch(t, DREDIS_LIST("c"), &err));
    assert_ok(dredis_transaction_add(t, &err, "SET", "a", 1));
    ck_assert_int_eq(dredis_transaction_run(t, &err), 1);
    ck_assert_int_eq(number_at("a"), 1);
    assert_fails_null(dredis_transaction_call(t, &err, "GET", "a"),
                      DIESEL_E_INVAL);
    dredis_transaction_free(t);
}

static void others_come_first_for_ever(void)
{
    dredis_transaction *t = new_transaction(&(dredis_transaction_options){
        .max_attempts = 3, .pause_max_ms = 1});
    for (int i = 0; i < 3; i++) {
        assert_ok(dredis_transaction_watch(t, DREDIS_LIST("a"), &err));
        assert_ok(dredis_incr(redis, "a", &n, &err));
        assert_ok(dredis_transaction_add(t, &err, "SET", "a", 0));
        ck_assert_int_eq(dredis_transaction_run(t, &err), 0);
    }
    assert_fails(dredis_transaction_watch(t, DREDIS_LIST("a"), &err),
                 DIESEL_E_BUSY);
    dredis_transaction_free(t);
}

static void what_is_discarded_is_watched_no_more(void)
{
    dredis_transaction *t = new_transaction(NULL);
    for (int i = 0; i < 3; i++) {
        assert_ok(dredis_transaction_watch(t, DREDIS_LIST("a"), &err));
        assert_ok(dredis_incr(redis, "a", &n, &err));
        assert_ok(dredis_transaction_discard(t, &err));
        assert_ok(dredis_transaction_watch(t, DREDIS_LIST("b"), &err));
        assert_ok(dredis_transaction_add(t, &err, "INCR", "c"));
        ck_assert_int_eq(dredis_transaction_run(t, &err), 1);
    }
    ck_assert_uint_eq(dredis_stats_of(redis).dedicated, 1); /* always the same */
    dredis_transaction_free(t);
}

static void a_watch_that_is_left_does_no_harm(void)
{
    dredis_transaction *t = new_transaction(NULL);
    assert_ok(dredis_transaction_watch(t, DREDIS_LIST("a"), &err));
    assert_ok(dredis_transaction_add(t, &err, "INCR", "a"));
    dredis_transaction_free(t);
    ck_assert_int_eq(number_at("a"), 0);
    ck_assert_uint_eq(dredis_stats_of(redis).dedicated, 0);
}

enum { CLERKS = 20, SALES = 10 };

/* Sells by reading and writing; nothing may be sold twice. */
static int sell(void *arg)
{
    diesel_error why;
    (void)arg;
    dredis_transaction *t = dredis_transaction_new(
        redis, &(dredis_transaction_options){.max_attempts = 1000}, &why);
    int result = t != NULL ? 0 : -1;
    for (int i = 0; i < SALES && result >= 0; i++) {
        do {
            if ((result = dredis_transaction_watch(t, DREDIS_LIST("stock"),
                                                   &why)) < 0)
                break;
            dredis_reply *r = dredis_transaction_call(t, &why, "GET", "stock");
            int64_t left;
            result = r != NULL ? dredis_reply_int(r, &left, &why) : -1;
            dredis_reply_free(r);
            if (result < 0 ||
                (result = dredis_transaction_add(t, &why, "SET", "stock",
                                                 left - 1)) < 0)
                break;
            result = dredis_transaction_run(t, &why);
        } while (result == 0);
    }
    dredis_transaction_free(t);
    return result < 0 ? diesel_fail(&why) : 0;
}

static void nothing_is_sold_twice(void)
{
    ck_assert_int_eq(dredis_set(redis, "stock", 1000, NULL, &err), 1);
    diesel_scope *all = diesel_scope_open(NULL);
    for (int i = 0; i < CLERKS; i++)
        diesel_go(all, sell, NULL);
    assert_ok(diesel_scope_wait(all, &err));
    ck_assert_int_eq(number_at("stock"), 1000 - CLERKS * SALES);
}

/* --- Scripts */

static dredis_script add = DREDIS_SCRIPT(
    "return redis.call('INCRBY', KEYS[1], ARGV[1])");
static dredis_script look = DREDIS_SCRIPT_READ_ONLY(
    "return redis.call('GET', KEYS[1])");

static void scripts_are_loaded_when_needed(void)
{
    for (int turn = 1; turn <= 3; turn++) {
        dredis_reply *r = dredis_script_call(redis, &add, DREDIS_LIST("a"),
                                             DREDIS_LIST(5), &err);
        assert_made(r);
        ck_assert_int_eq(r->integer, 5 * turn);
        dredis_reply_free(r);
        r = dredis_script_call(redis, &look, DREDIS_LIST("a"), NULL, 0, &err);
        assert_made(r);
        ck_assert_int_eq(strtol(r->str, NULL, 10), 5 * turn);
        dredis_reply_free(r);
        if (turn == 2)
            assert_ok(dredis_script_flush(redis, NULL, &err));
    }
    assert_fails_null(
        dredis_script_call(redis, &add, NULL, 0, NULL, 0, &err),
        DIESEL_E_SERVER);
}

static void scripts_in_pipelines_run_in_their_order(void)
{
    dredis_pipeline *p = dredis_pipeline_new(redis, &err);
    for (int turn = 0; turn < 2; turn++) {
        assert_ok(dredis_script_flush(redis, NULL, &err));
        assert_ok(dredis_pipeline_add(p, &err, "SET", "a", 100));
        for (int i = 0; i < 3; i++)
            assert_ok(dredis_pipeline_add_script(p, &add, DREDIS_LIST("a"),
                                                 DREDIS_LIST(1), &err));
        assert_ok(dredis_pipeline_add_script(p, &look, DREDIS_LIST("a"), NULL,
                                             0, &err));
        assert_ok(dredis_pipeline_add(p, &err, "SET", "a", 0));
        assert_ok(dredis_pipeline_run(p, &err));
        assert_ok(dredis_pipeline_check(p, &err));
        ck_assert_int_eq(dredis_pipeline_reply(p, 3)->integer, 103);
        ck_assert_str_eq(dredis_pipeline_reply(p, 4)->str, "103");
    }
    dredis_pipeline_free(p);
}

static void scripts_run_in_transactions(void)
{
    dredis_transaction *t = new_transaction(NULL);
    for (int turn = 1; turn <= 2; turn++) {
        for (int i = 0; i < 2; i++)
            assert_ok(dredis_transaction_add_script(
                t, &add, DREDIS_LIST("a"), DREDIS_LIST(1), &err));
        ck_assert_int_eq(dredis_transaction_run(t, &err), 1);
        assert_ok(dredis_transaction_check(t, &err));
        ck_assert_int_eq(dredis_transaction_reply(t, 1)->integer, 2 * turn);
    }
    dredis_transaction_free(t);
}

/* --- Libraries */

#define LIBRARY(version, result)                                               \
    "#!lua name=shop\n-- version: " version "\n"                               \
    "redis.register_function('price', function() return " result " end)\n"

static void is_price(const char *code, int64_t want)
{
    dredis_reply *r =
        dredis_library_call(redis, code, "price", NULL, 0, NULL, 0, &err);
    assert_made(r);
    ck_assert_int_eq(r->integer, want);
    dredis_reply_free(r);
}

static void the_newest_library_wins(void)
{
    is_price(LIBRARY("1", "10"), 10); /* is loaded by the call */
    ck_assert_int_eq(dredis_library_load(redis, LIBRARY("1", "10"), &err), 0);
    ck_assert_int_eq(dredis_library_load(redis, LIBRARY("1", "11"), &err), 1);
    ck_assert_int_eq(dredis_library_load(redis, LIBRARY("3", "30"), &err), 1);
    ck_assert_int_eq(dredis_library_load(redis, LIBRARY("2", "20"), &err), 0);
    is_price(LIBRARY("2", "20"), 30);
    assert_fails(dredis_library_load(redis, "return 1", &err), DIESEL_E_INVAL);
    assert_fails(dredis_library_load(redis, "#!lua name=bad\nnonsense(", &err),
                 DIESEL_E_SERVER);
    assert_fails_null(dredis_library_call(redis, LIBRARY("3", "30"), "none", NULL,
                                          0, NULL, 0, &err),
                      DIESEL_E_SERVER);
}

/* --- Scans */

enum { MANY = 1500 };

static void all_keys_are_found(void)
{
    static bool seen[MANY];
    memset(seen, 0, sizeof seen);
    dredis_pipeline *p = dredis_pipeline_new(redis, &err);
    for (int i = 0; i < MANY; i++) {
        char key[32];
        snprintf(key, sizeof key, "key:%d", i);
        assert_ok(dredis_pipeline_add(p, &err, "SET", key, i));
    }
    assert_ok(dredis_pipeline_add(p, &err, "HSET", "key:h", "f", "v"));
    assert_ok(dredis_pipeline_add(p, &err, "SET", "other", "v"));
    assert_ok(dredis_pipeline_run(p, &err));
    dredis_pipeline_free(p);

    dredis_scan *scan = dredis_scan_open(
        redis,
        &(dredis_scan_options){.match = "key:*", .count = 50, .type = "string"},
        &err);
    const dredis_reply *key;
    int got;
    while ((got = dredis_scan_next(scan, &key, &err)) > 0)
        seen[strtol(key->str + 4, NULL, 10)] = true;
    ck_assert_int_eq(got, 0);
    ck_assert_int_eq(dredis_scan_next(scan, &key, &err), 0);
    for (int i = 0; i < MANY; i++)
        ck_assert(seen[i]);
    dredis_scan_close(scan);
}

static void the_insides_of_keys_are_found(void)
{
    const dredis_reply *first, *second;
    int64_t sum = 0;
    int got, items = 0;
    for (int i = 0; i < MANY; i++) {
        assert_ok(dredis_hset(redis, "h", DREDIS_LIST(i, i), NULL, &err));
        assert_ok(dredis_zadd(redis, "z", DREDIS_LIST(i, i), NULL, NULL, &err));
        assert_ok(dredis_sadd(redis, "s", DREDIS_LIST(i, "x"), NULL, &err));
    }
    dredis_scan *scan = dredis_hscan_open(redis, "h", NULL, &err);
    while ((got = dredis_scan_next_pair(scan, &first, &second, &err)) > 0) {
        ck_assert_str_eq(first->str, second->str);
        sum += strtoll(second->str, NULL, 10);
    }
    ck_assert_int_eq(got, 0);
    ck_assert_int_eq(sum, (int64_t)MANY * (MANY - 1) / 2);
    dredis_scan_close(scan);

    scan = dredis_zscan_open(redis, "z",
                             &(dredis_scan_options){.count = 1000}, &err);
    while ((got = dredis_scan_next_pair(scan, &first, &second, &err)) > 0) {
        double score;
        assert_ok(dredis_reply_double(second, &score, &err));
        sum -= (int64_t)score;
    }
    ck_assert_int_eq(sum, 0);
    dredis_scan_close(scan);

    scan = dredis_sscan_open(redis, "s", NULL, &err);
    while ((got = dredis_scan_next(scan, &first, &err)) > 0)
        items++;
    ck_assert_int_ge(items, MANY + 1);
    dredis_scan_close(scan);

    scan = dredis_hscan_open(redis, "s", NULL, &err);
    assert_fails(dredis_scan_next(scan, &first, &err), DIESEL_E_SERVER);
    dredis_scan_close(scan);
    scan = dredis_sscan_open(redis, "none", NULL, &err);
    ck_assert_int_eq(dredis_scan_next(scan, &first, &err), 0);
    dredis_scan_close(scan);
}

/* --- A monitor, and errors of pipelines by number */

static void a_monitor_shows_what_others_do(void)
{
    const char *line;
    dredis_monitor *m = dredis_monitor_open(redis, &err);
    assert_made(m);
    for (int i = 0; i < 3; i++) {
        assert_ok(dredis_incrby(redis, "seen", 1000 + i, NULL, &err));
        char want[64];
        snprintf(want, sizeof want, "\"INCRBY\" \"seen\" \"%d\"", 1000 + i);
        assert_ok(dredis_monitor_next(m, &line, &err));
        assert_contains(line, want);
    }
    diesel_scope *scope =
        diesel_scope_open(&(diesel_scope_options){.timeout_ms = 5});
    assert_fails(dredis_monitor_next(m, &line, &err), DIESEL_E_TIMEDOUT);
    (void)diesel_scope_wait(scope, NULL);
    assert_ok(dredis_incr(redis, "still", NULL, &err));
    assert_ok(dredis_monitor_next(m, &line, &err));
    assert_contains(line, "still");
    dredis_reply *r = dredis_call(redis, &err, "CLIENT", "KILL", "TYPE", "normal",
                                  "SKIPME", "yes");
    assert_made(r);
    dredis_reply_free(r);
    while (dredis_monitor_next(m, &line, &err) == 0)
        ;
    assert_error(DIESEL_E_CLOSED);
    assert_fails(dredis_monitor_next(m, &line, &err), DIESEL_E_CLOSED);
    dredis_monitor_close(m);
    ck_assert_uint_eq(dredis_stats_of(redis).dedicated, 0);
}

static void a_pipelines_errors_have_numbers(void)
{
    dredis_pipeline *p = dredis_pipeline_new(redis, &err);
    assert_ok(dredis_pipeline_add(p, &err, "SET", "a", "x"));
    assert_ok(dredis_pipeline_add(p, &err, "LPUSH", "a", 1));
    assert_ok(dredis_pipeline_add(p, &err, "GET", "a"));
    assert_ok(dredis_pipeline_run(p, &err));
    assert_ok(dredis_pipeline_error(p, 0, &err));
    assert_fails(dredis_pipeline_error(p, 1, &err), DIESEL_E_SERVER);
    ck_assert_int_eq(err.detail, DREDIS_ERR_WRONGTYPE);
    assert_contains(err.message, "pipeline, command 1: WRONGTYPE");
    assert_ok(dredis_pipeline_error(p, 2, &err));
    assert_fails(dredis_pipeline_error(p, 3, &err), DIESEL_E_CLOSED);
    dredis_pipeline_free(p);
}

static void (*const tests[])(void) = {
    a_monitor_shows_what_others_do,
    a_pipelines_errors_have_numbers,
    all_runs_in_one,
    an_error_is_an_item,
    one_refused_aborts_all,
    a_change_in_between_is_noticed,
    others_come_first_for_ever,
    what_is_discarded_is_watched_no_more,
    a_watch_that_is_left_does_no_harm,
    nothing_is_sold_twice,
    scripts_are_loaded_when_needed,
    scripts_in_pipelines_run_in_their_order,
    scripts_run_in_transactions,
    the_newest_library_wins,
    all_keys_are_found,
    the_insides_of_keys_are_found,
};

static int run_test(void *arg)
{
    int row = *(int *)arg;
    dredis_options options = {.resp = 2 + row % 2};
    assert_made(redis = dredis_open(server.url, &options, &err));
    tests[row / 2]();
    dredis_close(redis);
    return 0;
}

/* Two rows for each test: RESP2 and RESP3. */
START_TEST(on_a_real_server)
{
    if (!own_redis_start(&server, "redis", NULL))
        return;
    test_run(run_test, &_i);
    own_redis_stop(&server);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("live_redis_atomic");
    test_case_rows(suite, "tests", on_a_real_server, 2 * TEST_COUNT(tests));
    return test_suite_run(suite);
}

/* SPDX-License-Identifier: MIT */
/*
 * redis/aside.c: one makes the value, the others wait for it; over the test server.
 */
#include <diesel/redis.h>
#include <diesel/redis_aside.h>
#include <diesel/redis_test_server.h>

#include "test_util.h"

static dredis_server *server;
static dredis *client;
static int loads, fail_first;

static void open_all(void)
{
    diesel_error err;
    assert_made(server = dredis_server_open(NULL, &err));
    assert_made(client = dredis_open(dredis_server_url(server), NULL, &err));
    loads = fail_first = 0;
}

static void close_all(void)
{
    dredis_close(client);
    dredis_server_close(server);
}

static int load(void *arg, const char *key, char **value, size_t *len,
                diesel_error *err)
{
    (void)arg;
    loads++;
    if (diesel_sleep(5, err) < 0)
        return -1;
    if (fail_first-- > 0)
        return diesel_error_set(err, DIESEL_E_FAILED, DIESEL_DOM_CORE, 0,
                                "the database is away");
    *len = strlen(key);
    *value = diesel_strndup(key, *len);
    return *value != NULL ? 0 : diesel_error_nomem(err, "it");
}

static int get(void *arg)
{
    diesel_error err;
    char *value;
    size_t len;
    if (dredis_aside_get(client, "page", NULL, load, NULL, &value, &len, &err) < 0) {
        ++*(int *)arg;
        return 0;
    }
    ck_assert_str_eq(value, "page");
    ck_assert_uint_eq(len, 4);
    diesel_free(value);
    return 0;
}

FIBER_TEST(one_makes_what_a_hundred_want)
{
    diesel_error err;
    int failed = 0;
    open_all();
    diesel_scope *scope = diesel_scope_open(NULL);
    for (int i = 0; i < 100; i++)
        diesel_go(scope, get, &failed);
    assert_ok(diesel_scope_wait(scope, &err));
    get(&failed);
    ck_assert_int_eq(loads, 1);
    ck_assert_int_eq(failed, 0);
    dredis_reply *left = dredis_call(client, &err, "EXISTS", "page:loading");
    ck_assert_int_eq(left->integer, 0);
    dredis_reply_free(left);
    left = dredis_call(client, &err, "PTTL", "page");
    ck_assert_int_gt(left->integer, 50000);
    ck_assert_int_le(left->integer, 60000);
    dredis_reply_free(left);
    close_all();
    return 0;
}
END_TEST

FIBER_TEST(when_making_fails_another_tries)
{
    diesel_error err;
    int failed = 0;
    open_all();
    fail_first = 2;
    diesel_scope *scope = diesel_scope_open(NULL);
    for (int i = 0; i < 10; i++)
        diesel_go(scope, get, &failed);
    assert_ok(diesel_scope_wait(scope, &err));
    ck_assert_int_eq(loads, 3);
    ck_assert_int_eq(failed, 2);
    close_all();
    return 0;
}
END_TEST

FIBER_TEST(one_who_died_holds_nobody_up)
{
    diesel_error err;
    char *value;
    open_all();
    dredis_reply_free(
        dredis_call(client, &err, "SET", "page:loading", 1, "PX", 30));
    assert_ok(dredis_aside_get(client, "page", NULL, load, NULL, &value, NULL, &err));
    ck_assert_str_eq(value, "page");
    diesel_free(value);
    close_all();
    return 0;
}
END_TEST

FIBER_TEST(a_cancelled_maker_leaves_the_work_to_another)
{
    diesel_error err;
    char *value;
    open_all();
    diesel_scope *scope =
        diesel_scope_open(&(diesel_scope_options){.timeout_ms = 2});
    assert_fails(dredis_aside_get(client, "page", NULL, load, NULL, &value, NULL,
                                  &err),
                 DIESEL_E_TIMEDOUT);
    diesel_scope_wait(scope, NULL);
    assert_ok(dredis_aside_get(client, "page", NULL, load, NULL, &value, NULL, &err));
    ck_assert_int_eq(loads, 2);
    diesel_free(value);
    close_all();
    return 0;
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("redis aside");
    test_case(suite, "aside", one_makes_what_a_hundred_want,
              when_making_fails_another_tries, one_who_died_holds_nobody_up,
              a_cancelled_maker_leaves_the_work_to_another);
    return test_suite_run(suite);
}

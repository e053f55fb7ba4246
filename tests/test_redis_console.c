/* SPDX-License-Identifier: MIT */
/*
 * redis/console.c: the page "redis" of the console, as diesel-console shows it.
 */
#include <stdlib.h>

#include <diesel/console.h>
#include <diesel/process.h>
#include <diesel/redis.h>
#include <diesel/redis_cache.h>
#include <diesel/redis_test_server.h>

#include "faulty_memory.h"
#include "test_util.h"

static const char *path;
static dredis_server *server;
static dredis *client;

/* Runs fn as the first fiber of a scheduler with a console and a server. */
static int run_server(void *arg)
{
    diesel_error err;
    diesel_fn *const *fn = arg;
    assert_made(server = dredis_server_open(NULL, &err));
    (*fn)(NULL);
    dredis_server_close(server);
    return 0;
}

static void run_with_console(diesel_fn *fn)
{
    diesel_error err;
    path = test_path("console");
    assert_ok(diesel_run(run_server, &fn, &(diesel_options){.console = path},
                         &err));
}

#define CONSOLE_TEST(name)                                                     \
    static int name##_fiber(void *arg);                                        \
    START_TEST(name)                                                           \
    {                                                                          \
        run_with_console(name##_fiber);                                        \
    }                                                                          \
    END_TEST                                                                   \
    static int name##_fiber(void *arg __attribute__((unused)))

/* What diesel-console prints, or says why it does not; owned. */
static char *look(bool json)
{
    diesel_error err;
    diesel_captured got;
    char tool[1024];
    const char *built = getenv("top_builddir");
    snprintf(tool, sizeof tool, "%s/core/cli/diesel-console",
             built != NULL ? built : ".");
    const char *const argv[] = {tool, "-o", "redis", path, json ? "-j" : NULL, NULL};
    assert_ok(diesel_process_run(argv, NULL, NULL, 0, 1 << 20, &got, &err));
    ck_assert_int_eq(got.how.status, got.err_size > 0);
    char **said = got.err_size > 0 ? &got.err : &got.out;
    char *out = *said;
    *said = NULL;
    diesel_captured_clear(&got);
    return out;
}

/* The number of `key` in the first row whose use and state are these. */
static long number_in(const char *json, const char *use, const char *state,
                      const char *key)
{
    char wanted[100];
    snprintf(wanted, sizeof wanted, "\"use\":\"%s\",\"state\":\"%s\"", use, state);
    const char *row = strstr(json, wanted);
    ck_assert_msg(row != NULL, "%s not in %s", wanted, json);
    snprintf(wanted, sizeof wanted, "\"%s\":", key);
    row = strstr(row, wanted);
    ck_assert_msg(row != NULL, "%s not in %s", wanted, json);
    return strtol(row + strlen(wanted), NULL, 10);
}

static int call(void *arg)
{
    const char *command = arg;
    dredis_reply *reply =
        strcmp(command, "BLPOP") == 0
            ? dredis_call(client, NULL, "BLPOP", "jobs", 0)
            : dredis_call(client, NULL, command, "key");
    dredis_reply_free(reply);
    return 0;
}

/* Fibers that call until the scope is closed; they have all begun. */
static diesel_scope *start_calls(const char *command, size_t n)
{
    diesel_error err;
    diesel_scope *scope = diesel_scope_open(NULL);
    for (size_t i = 0; i < n; i++)
        assert_ok(diesel_go(scope, call, (void *)(uintptr_t)command));
    assert_ok(diesel_yield(&err));
    return scope;
}

static void end_calls(diesel_scope *scope)
{
    diesel_scope_cancel(scope);
    diesel_scope_wait(scope, NULL);
}

CONSOLE_TEST(the_page_is_a_table_for_people)
{
    diesel_error err;
    assert_made(client = dredis_open(dredis_server_url(server),
                                     &(dredis_options){.client_name = "shop"},
                                     &err));
    char *text = look(false);
    const char *columns[] = {"server", "client", "use", "state", "in_flight",
                             "waiting", "unsent", "sent", "resp"};
    const char *at = text;
    for (size_t i = 0; i < TEST_COUNT(columns); i++) {
        at = strstr(at, columns[i]);
        ck_assert_msg(at != NULL, "%s not in %s", columns[i], text);
    }
    assert_contains(text, dredis_name(client));
    assert_contains(text, "  shop    shared  connected  0 ");
    diesel_free(text);
    dredis_close(client);
    text = look(false);
    ck_assert_str_eq(text,
                     "diesel-console: there is no command redis; try help\n");
    diesel_free(text);
    return 0;
}

CONSOLE_TEST(commands_in_flight_and_those_that_wait_are_counted)
{
    diesel_error err;
    dredis_options options = {.max_pending = 3, .max_dedicated = 1,
                              .dedicated_wait_ms = 3600000};
    assert_made(client = dredis_open(dredis_server_url(server), &options, &err));
    assert_ok(dredis_server_fault_add(
        server,
        &(dredis_server_fault){.action = DREDIS_SERVER_HANG, .command = "GET"},
        &err));
    diesel_scope *gets = start_calls("GET", 5);
    diesel_scope *pops = start_calls("BLPOP", 3);
    char *json = look(true);
    ck_assert_int_eq(number_in(json, "shared", "connected", "in_flight"), 3);
    ck_assert_int_eq(number_in(json, "shared", "connected", "waiting"), 2);
    ck_assert_int_eq(number_in(json, "shared", "connected", "unsent"), 0);
    ck_assert_int_gt(number_in(json, "shared", "connected", "sent"), 3 * 20);
    ck_assert_int_eq(number_in(json, "shared", "connected", "resp"), 3);
    ck_assert_int_eq(number_in(json, "own", "busy", "in_flight"), 1);
    ck_assert_int_eq(number_in(json, "own", "wanted", "waiting"), 2);
    diesel_free(json);
    end_calls(pops);
    end_calls(gets);
    dredis_close(client);
    return 0;
}

CONSOLE_TEST(a_lane_without_a_server_is_shown_with_those_who_wait)
{
    diesel_error err;
    assert_made(client =
                    dredis_open(dredis_server_url(server),
                                &(dredis_options){.reconnect_timeout_ms = 3600000,
                                                  .backoff_ms = 3600000,
                                                  .backoff_max_ms = 3600000},
                                &err));
    assert_ok(dredis_server_hang_up(server, true, &err));
    while (dredis_stats_of(client).resp != 0)
        assert_ok(diesel_sleep(1, &err));
    char *json = look(true);
    ck_assert_int_eq(number_in(json, "shared", "down", "in_flight"), 0);
    diesel_free(json);
    diesel_scope *gets = start_calls("GET", 2);
    json = look(true);
    ck_assert_int_eq(number_in(json, "shared", "connecting", "waiting"), 2);
    diesel_free(json);
    end_calls(gets);
    dredis_close(client);
    return 0;
}

CONSOLE_TEST(sessions_subscriptions_and_caches_have_their_rows)
{
    diesel_error err;
    dredis_session *session;
    dredis_cache *cache;
    dredis_subscription *news;
    char *value;
    const char *url = dredis_server_url(server);
    assert_made(client = dredis_open(url, NULL, &err));
    assert_made(session = dredis_session_open(url, NULL, &err));
    assert_made(cache = dredis_cache_open(client, NULL, &err));
    assert_made(news = dredis_subscription_open(client, NULL, &err));
    assert_ok(dredis_subscribe(news, "news", &err));
    for (int i = 0; i < 3; i++)
        assert_ok(dredis_cache_get(cache, "key", &value, NULL, &err));
    char *json = look(true);
    ck_assert_int_eq(number_in(json, "session", "idle", "in_flight"), 0);
    ck_assert_int_eq(number_in(json, "cache", "connected", "in_flight"), 0);
    ck_assert_int_eq(number_in(json, "subscriptions", "connected", "in_flight"), 0);
    assert_contains(json, "\"hits\":2,\"misses\":1,\"evictions\":0,"
                          "\"invalidations\":0,\"flushes\":0,\"keys\":1,");
    diesel_free(json);
    assert_ok(dredis_server_hang_up(server, false, &err));
    ck_assert_ptr_null(dredis_session_call(session, NULL, "PING"));
    json = look(true);
    ck_assert_int_eq(number_in(json, "session", "broken", "sent"), 0);
    diesel_free(json);
    dredis_subscription_close(news);
    dredis_cache_close(cache);
    dredis_session_close(session);
    dredis_close(client);
    json = look(true);
    assert_contains(json, "there is no command redis");
    diesel_free(json);
    return 0;
}

/* Opens all that has a page, where memory may fail. */
static int open_all(void *arg)
{
    diesel_error err;
    dredis_server *own = dredis_server_open(NULL, &err);
    client = own != NULL ? dredis_open(dredis_server_url(own), NULL, &err) : NULL;
    dredis_session *session =
        own != NULL ? dredis_session_open(dredis_server_url(own), NULL, &err) : NULL;
    dredis_cache *cache =
        client != NULL ? dredis_cache_open(client, NULL, &err) : NULL;
    (void)arg;
    dredis_cache_close(cache);
    dredis_session_close(session);
    dredis_close(client);
    dredis_server_close(own);
    return 0;
}

START_TEST(lack_of_memory_at_any_place_leaves_nothing_behind)
{
    diesel_error err;
    int fds = test_open_fds();
    diesel_allocator_set(&faulty_memory);
    for (faulty_fail_at = 1;; faulty_fail_at++) {
        faulty_allocations = 0;
        diesel_run(open_all, NULL, NULL, &err);
        ck_assert_int_eq(test_open_fds(), fds);
        if (faulty_allocations < faulty_fail_at)
            break;
    }
    ck_assert_int_gt(faulty_fail_at, 50);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("redis console");
    test_case(suite, "redis console", the_page_is_a_table_for_people,
              commands_in_flight_and_those_that_wait_are_counted,
              a_lane_without_a_server_is_shown_with_those_who_wait,
              sessions_subscriptions_and_caches_have_their_rows,
              lack_of_memory_at_any_place_leaves_nothing_behind);
    return test_suite_run(suite);
}

/* SPDX-License-Identifier: MIT */
/*
 * redis/watch.c, redact.c, meter.c: what those who look on get to see, of all ways to
 * send commands, and what they never see.
 */
#include <stdio.h>

#include <diesel/log.h>
#include <diesel/metrics.h>
#include <diesel/redis.h>
#include <diesel/redis_cache.h>
#include <diesel/redis_test_server.h>

#include "cancel_loop.h"
#include "redis/redact_internal.h"
#include "test_util.h"

/* --- Text without secrets */

static const struct {
    const char *words[12];
    const char *hidden, *shown; /* without values, with them */
} texts[] = {
    {{"GET", "key"}, "GET key", "GET key"},
    {{"set", "key", "value", "EX", "60"}, "set key ? ? ?", "set key value EX 60"},
    {{"MSET", "a", "1", "b", "2"}, "MSET a ? b ?", "MSET a 1 b 2"},
    {{"EVAL", "return 1", "1", "k", "v"}, "EVAL ? ? k ?", "EVAL return 1 1 k v"},
    {{"XINFO", "STREAM", "s"}, "XINFO STREAM s", "XINFO STREAM s"},
    {{"AUTH", "pass"}, "AUTH ?", "AUTH ?"},
    {{"auth", "user", "pass"}, "auth ? ?", "auth ? ?"},
    {{"HELLO", "3", "AUTH", "user", "pass", "SETNAME", "n"},
     "HELLO ? ? ? ? ? ?",
     "HELLO 3 AUTH ? ? SETNAME n"},
    {{"ACL", "SETUSER", "ada", "on", ">pass"},
     "ACL SETUSER ? ? ?",
     "ACL SETUSER ada ? ?"},
    {{"CONFIG", "SET", "requirepass", "pass", "maxmemory", "1"},
     "CONFIG SET ? ? ? ?",
     "CONFIG SET requirepass ? maxmemory ?"},
    {{"MIGRATE", "h", "1", "key", "0", "9", "AUTH2", "user", "pass"},
     "MIGRATE ? ? key ? ? ? ? ?",
     "MIGRATE h 1 key 0 9 AUTH2 ? ?"},
    {{"MIGRATE", "h", "1", "", "0", "9", "auth", "pass", "KEYS", "a"},
     "MIGRATE ? ? ? ? ? ? ? ? a",
     "MIGRATE h 1  0 9 auth ? ? a"},
    {{"MY.COMMAND", "x"}, "MY.COMMAND ?", "MY.COMMAND x"},
    {{"XINFO", "NONSENSE", "x"}, "XINFO ? ?", "XINFO NONSENSE x"},
    {{"GET", "a\nb"}, "GET a\\x0ab", "GET a\\x0ab"},
};

START_TEST(secrets_are_never_shown_and_values_when_asked_for)
{
    diesel_value args[12];
    char text[200];
    size_t n = 0;
    for (; n < TEST_COUNT(args) && texts[_i].words[n] != NULL; n++)
        args[n] = diesel_str(texts[_i].words[n]);
    ck_assert_uint_eq(dredis__redact(text, sizeof text, args, n, false),
                      strlen(texts[_i].hidden));
    ck_assert_str_eq(text, texts[_i].hidden);
    ck_assert_uint_eq(dredis__redact(text, sizeof text, args, n, true),
                      strlen(texts[_i].shown));
    ck_assert_str_eq(text, texts[_i].shown);
}
END_TEST

START_TEST(texts_are_cut_to_any_size)
{
    diesel_value args[60];
    char key[300], text[400];
    memset(key, 'k', sizeof key - 1);
    key[sizeof key - 1] = '\0';
    for (size_t i = 0; i < TEST_COUNT(args); i++)
        args[i] = diesel_str(i == 0 ? "DEL" : i % 3 == 0 ? key : "\x01");
    for (size_t size = DREDIS__LEAST_TEXT; size < sizeof text; size++) {
        memset(text, 'X', sizeof text);
        size_t used = dredis__redact(text, size, args, TEST_COUNT(args), true);
        ck_assert_uint_eq(used, strlen(text));
        ck_assert_uint_lt(used, size);
        ck_assert_str_eq(text + used - 4, " ...");
        ck_assert_int_eq(text[size], 'X');
    }
}
END_TEST

/* --- Hooks */

static dredis_server *server;
static dredis *client;

enum { MOST_SEEN = 16 };
static struct seen {
    dredis_event event;
    diesel_error error;
    char text[3][80];
    char fiber[32];
} seen[MOST_SEEN];
static size_t started, ended;

static void on_start(void *arg, dredis_event *event)
{
    ck_assert_ptr_eq(arg, &seen);
    ck_assert_int_eq(event->took_us, 0);
    event->note = &seen[started++];
}

static void on_end(void *arg, const dredis_event *event)
{
    ck_assert_ptr_eq(arg, &seen);
    ck_assert_uint_lt(ended, MOST_SEEN);
    struct seen *s = &seen[ended++];
    s->event = *event;
    if (event->error != NULL)
        s->error = *event->error;
    for (size_t i = 0; i < TEST_COUNT(s->text); i++)
        dredis_event_text(event, i, s->text[i], sizeof s->text[i]);
    snprintf(s->fiber, sizeof s->fiber, "%s", event->fiber);
}

static const dredis_hooks hooks = {on_start, on_end, &seen};

/* The last event, of which there must be so many. */
static const struct seen *last(size_t count)
{
    ck_assert_uint_eq(started, count);
    ck_assert_uint_eq(ended, count);
    return &seen[count - 1];
}

static void open_both(dredis_options options)
{
    diesel_error err;
    started = ended = 0;
    memset(seen, 0, sizeof seen);
    assert_made(server = dredis_server_open(NULL, &err));
    assert_made(client = dredis_open(dredis_server_url(server), &options, &err));
}

static void close_both(void)
{
    dredis_close(client);
    dredis_server_close(server);
}

static void call_set(void)
{
    diesel_error err;
    dredis_reply *reply;
    assert_made(reply = dredis_call(client, &err, "SET", "key", "value"));
    dredis_reply_free(reply);
}

FIBER_TEST(a_command_is_seen_with_its_bytes_and_time)
{
    open_both((dredis_options){.hooks = &hooks, .client_name = "shop"});
    call_set();
    const struct seen *s = last(1);
    ck_assert_str_eq(s->event.server, dredis_name(client));
    ck_assert_str_eq(s->event.client, "shop");
    ck_assert_str_eq(s->event.command, "SET");
    ck_assert_str_eq(s->text[0], "SET key ?");
    ck_assert_str_eq(s->text[1], "");
    ck_assert_str_eq(s->fiber, "main");
    ck_assert_ptr_eq(s->event.note, &seen[0]);
    ck_assert_uint_eq(s->event.commands, 1);
    ck_assert_uint_eq(s->event.sent,
                      strlen("*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n$5\r\nvalue\r\n"));
    ck_assert_uint_eq(s->event.received, strlen("+OK\r\n"));
    ck_assert_int_ge(s->event.took_us, 0);
    ck_assert_ptr_null(s->event.error);
    close_both();
    return 0;
}
END_TEST

FIBER_TEST(errors_are_seen_as_the_caller_gets_them)
{
    diesel_error err;
    open_both((dredis_options){.hooks = &hooks, .reconnect_timeout_ms = 1});
    call_set();
    ck_assert_ptr_null(dredis_call(client, &err, "LPUSH", "key", "x"));
    const struct seen *s = last(2);
    ck_assert_uint_eq(s->event.errors, 1);
    ck_assert_ptr_nonnull(s->event.error);
    ck_assert_int_eq(s->error.code, DIESEL_E_SERVER);
    ck_assert_int_eq(s->error.detail, DREDIS_ERR_WRONGTYPE);
    assert_ok(dredis_server_hang_up(server, true, &err));
    ck_assert_ptr_null(dredis_call(client, &err, "GET", "key"));
    s = last(3);
    ck_assert_uint_eq(s->event.errors, 0);
    ck_assert_ptr_nonnull(s->event.error);
    ck_assert_int_eq(s->error.code, err.code);
    assert_contains(err.message, s->error.message);
    close_both();
    return 0;
}
END_TEST

FIBER_TEST(a_cancelled_call_ends_its_event)
{
    diesel_error err;
    open_both((dredis_options){.hooks = &hooks});
    assert_ok(dredis_server_fault_add(
        server,
        &(dredis_server_fault){.action = DREDIS_SERVER_HANG, .command = "GET"},
        &err));
    diesel_scope *scope = diesel_scope_open(
        &(diesel_scope_options){.timeout_ms = 1});
    ck_assert_ptr_null(dredis_call(client, &err, "GET", "key"));
    diesel_scope_wait(scope, NULL);
    ck_assert_int_eq(last(1)->error.code, DIESEL_E_TIMEDOUT);
    close_both();
    return 0;
}
END_TEST

FIBER_TEST(a_read_that_is_repeated_counts_its_bytes_twice)
{
    diesel_error err;
    dredis_reply *reply;
    open_both((dredis_options){.hooks = &hooks});
    assert_ok(dredis_server_fault_add(
        server,
        &(dredis_server_fault){
            .action = DREDIS_SERVER_LOSE, .command = "GET", .times = 1},
        &err));
    assert_made(reply = dredis_call(client, &err, "GET", "key"));
    dredis_reply_free(reply);
    const struct seen *s = last(1);
    ck_assert_uint_eq(s->event.repeats, 1);
    ck_assert_uint_eq(s->event.sent, 2 * strlen("*2\r\n$3\r\nGET\r\n$3\r\nkey\r\n"));
    ck_assert_uint_eq(s->event.received, strlen("_\r\n"));
    ck_assert_ptr_null(s->event.error);
    close_both();
    return 0;
}
END_TEST

FIBER_TEST(a_pipeline_is_one_event_with_several_commands)
{
    diesel_error err;
    dredis_pipeline *p;
    open_both((dredis_options){.hooks = &hooks, .show_values = true});
    assert_made(p = dredis_pipeline_new(client, &err));
    assert_ok(dredis_pipeline_add(p, &err, "SET", "a", 12));
    assert_ok(dredis_pipeline_add(p, &err, "LPUSH", "a", "x"));
    assert_ok(dredis_pipeline_run(p, &err));
    dredis_pipeline_free(p);
    const struct seen *s = last(1);
    ck_assert_str_eq(s->event.command, "pipeline");
    ck_assert_uint_eq(s->event.commands, 2);
    ck_assert_uint_eq(s->event.errors, 1);
    ck_assert_ptr_null(s->event.error);
    ck_assert_str_eq(s->text[0], "SET a 12");
    ck_assert_str_eq(s->text[1], "LPUSH a x");
    ck_assert_str_eq(s->text[2], "");
    ck_assert_uint_gt(s->event.received, strlen("+OK\r\n-WRONGTYPE"));
    close_both();
    return 0;
}
END_TEST

FIBER_TEST(transactions_are_seen_with_and_without_watched_keys)
{
    diesel_error err;
    dredis_transaction *t;
    open_both((dredis_options){.hooks = &hooks});
    assert_made(t = dredis_transaction_new(client, NULL, &err));
    assert_ok(dredis_transaction_add(t, &err, "SET", "a", 1));
    assert_ok(dredis_transaction_add(t, &err, "LPUSH", "a", 1));
    ck_assert_int_eq(dredis_transaction_run(t, &err), 1);
    const struct seen *s = last(1);
    ck_assert_str_eq(s->event.command, "transaction");
    ck_assert_uint_eq(s->event.commands, 4);
    ck_assert_uint_eq(s->event.errors, 1);
    ck_assert_str_eq(s->text[0], "MULTI");
    ck_assert_str_eq(s->text[1], "SET a ?");
    assert_ok(dredis_transaction_watch(t, DIESEL_VALUES("a"), 1, &err));
    ck_assert_str_eq(last(2)->event.command, "WATCH");
    ck_assert_str_eq(last(2)->text[0], "WATCH a");
    assert_ok(dredis_transaction_add(t, &err, "SET", "a", 2));
    ck_assert_int_eq(dredis_transaction_run(t, &err), 1);
    ck_assert_str_eq(last(3)->event.command, "transaction");
    ck_assert_uint_eq(last(3)->event.errors, 0);
    dredis_transaction_free(t);
    close_both();
    return 0;
}
END_TEST

FIBER_TEST(sessions_caches_and_commands_that_block_are_seen)
{
    diesel_error err;
    dredis_session *session;
    dredis_cache *cache;
    dredis_reply *reply;
    char *value;
    open_both((dredis_options){.hooks = &hooks});
    reply = dredis_call(client, &err, "BLPOP", "jobs", 0.01);
    dredis_reply_free(reply);
    ck_assert_str_eq(last(1)->event.command, "BLPOP");
    assert_made(session = dredis_session_open(
                    dredis_server_url(server),
                    &(dredis_options){.hooks = &hooks, .show_values = true}, &err));
    assert_made(reply = dredis_session_call(session, &err, "AUTH", "hunter2"));
    dredis_reply_free(reply);
    dredis_session_close(session);
    ck_assert_str_eq(last(2)->text[0], "AUTH ?");
    ck_assert_uint_eq(last(2)->event.errors, 1);
    assert_made(cache = dredis_cache_open(client, NULL, &err));
    for (int i = 0; i < 3; i++)
        assert_ok(dredis_cache_get(cache, "key", &value, NULL, &err));
    ck_assert_str_eq(last(3)->text[0], "MGET key");
    dredis_cache_close(cache);
    close_both();
    return 0;
}
END_TEST

/* --- The log of the slow ones */

static char logged[600];

static void keep(void *arg, const diesel_log_record *record)
{
    size_t used = (size_t)snprintf(logged, sizeof logged, "%s %s", record->logger,
                                   record->message);
    (void)arg;
    for (size_t i = 0; i + 1 < record->count; i += 2)
        if (record->fields[i + 1].type == DIESEL_VALUE_STR &&
            record->fields[i + 1].s != NULL)
            used += (size_t)snprintf(logged + used, sizeof logged - used, " %s=%s",
                                     record->fields[i].s, record->fields[i + 1].s);
}

FIBER_TEST(slow_commands_are_logged_without_values)
{
    diesel_error err;
    dredis_reply *reply;
    assert_ok(diesel_log_sinks_set(&(diesel_log_sink){.write = keep}, 1, &err));
    open_both((dredis_options){.slow_ms = 60000});
    call_set();
    ck_assert_str_eq(logged, "");
    close_both();
    open_both((dredis_options){.slow_ms = 20});
    assert_ok(dredis_server_fault_add(server,
                                      &(dredis_server_fault){
                                          .action = DREDIS_SERVER_DELAY,
                                          .command = "SET", .ms = 30},
                                      &err));
    assert_made(reply = dredis_call(client, &err, "SET", "pin", "1234"));
    dredis_reply_free(reply);
    assert_contains(logged, "redis slow server=");
    assert_contains(logged, " command=SET pin ?");
    ck_assert_ptr_null(strstr(logged, "1234"));
    close_both();
    return 0;
}
END_TEST

/* --- Metrics */

static double metric(const char *name)
{
    diesel_error err;
    char wanted[300];
    char *page;
    assert_made(page = diesel_metrics_text(DIESEL_METRICS_PROMETHEUS, NULL, &err));
    snprintf(wanted, sizeof wanted, "\n%s{server=\"%s\"", name,
             dredis_name(client));
    char *at = strstr(page, wanted);
    ck_assert_msg(at != NULL, "%s not in %s", wanted, page);
    double value = strtod(strchr(at, '}') + 1, NULL);
    diesel_free(page);
    return value;
}

#define assert_metric(name, value)                                             \
    ck_assert_msg(metric(name) == (value), "%s is %g", (name), metric(name))

static int get(void *arg)
{
    dredis_reply_free(dredis_call(client, NULL, "GET", (const char *)arg));
    return 0;
}

FIBER_TEST(metrics_count_commands_bytes_errors_and_queues)
{
    diesel_error err;
    open_both((dredis_options){.metrics = DREDIS_METRICS_CLIENT, .max_pending = 2});
    for (int i = 0; i < 3; i++)
        call_set();
    ck_assert_ptr_null(dredis_call(client, &err, "LPUSH", "key", "x"));
    assert_metric("dredis_command_seconds_count", 4);
    assert_metric("dredis_errors_total", 1);
    assert_metric("dredis_connections_total", 1);
    assert_metric("dredis_reconnects_total", 0);
    ck_assert(metric("dredis_received_bytes_total") > 3 * 5 + 10);
    ck_assert(metric("dredis_sent_bytes_total") > 4 * 20);
    assert_ok(dredis_server_fault_add(
        server,
        &(dredis_server_fault){.action = DREDIS_SERVER_HANG, .command = "GET"},
        &err));
    diesel_scope *scope = diesel_scope_open(NULL);
    for (int i = 0; i < 5; i++)
        assert_ok(diesel_go(scope, get, "key"));
    assert_ok(diesel_yield(&err));
    assert_metric("dredis_in_flight", 5);
    assert_metric("dredis_waiting", 3);
    diesel_scope_cancel(scope);
    diesel_scope_wait(scope, NULL);
    assert_metric("dredis_in_flight", 0);
    assert_metric("dredis_waiting", 0);
    dredis_server_fault_clear(server);
    assert_ok(dredis_server_hang_up(server, false, &err));
    get("key");
    get("key");
    assert_metric("dredis_connections_total", 2);
    assert_metric("dredis_reconnects_total", 1);
    close_both();
    return 0;
}
END_TEST

FIBER_TEST(histograms_are_kept_for_each_command)
{
    diesel_error err;
    char *page;
    open_both((dredis_options){.metrics = DREDIS_METRICS_COMMANDS});
    call_set();
    get("key");
    get("key");
    dredis_reply_free(dredis_call(client, NULL, "NO.SUCH", "x"));
    assert_made(page = diesel_metrics_text(DIESEL_METRICS_PROMETHEUS, NULL, &err));
    assert_contains(page, ",command=\"SET\"} 1\n");
    assert_contains(page, ",command=\"GET\"} 2\n");
    assert_contains(page, ",command=\"other\"} 1\n");
    diesel_free(page);
    close_both();
    return 0;
}
END_TEST

FIBER_TEST(metrics_of_a_cache_go_back_to_zero_with_it)
{
    diesel_error err;
    dredis_cache *cache;
    char *value;
    open_both((dredis_options){.metrics = DREDIS_METRICS_CLIENT});
    call_set();
    assert_made(cache = dredis_cache_open(client, NULL, &err));
    for (int i = 0; i < 3; i++) {
        assert_ok(dredis_cache_get(cache, "key", &value, NULL, &err));
        diesel_free(value);
    }
    assert_metric("dredis_cache_hits_total", 2);
    assert_metric("dredis_cache_misses_total", 1);
    assert_metric("dredis_cache_evictions_total", 0);
    assert_metric("dredis_cache_keys", 1);
    assert_metric("dredis_cache_bytes", dredis_cache_stats_of(cache).bytes);
    dredis_cache_close(cache);
    assert_metric("dredis_cache_keys", 0);
    assert_metric("dredis_cache_bytes", 0);
    close_both();
    return 0;
}
END_TEST

FIBER_TEST(wrong_options_are_refused)
{
    diesel_error err;
    assert_fails_null(dredis_open(NULL, &(dredis_options){.slow_ms = -1}, &err),
                      DIESEL_E_INVAL);
    assert_fails_null(
        dredis_open(NULL, &(dredis_options){.metrics = (dredis_metrics)9}, &err),
        DIESEL_E_INVAL);
    return 0;
}
END_TEST

static void count_start(void *arg, dredis_event *event)
{
    (void)event;
    ++*(long *)arg;
}

static void count_end(void *arg, const dredis_event *event)
{
    (void)event;
    --*(long *)arg;
}

static int use_cache(dredis *redis, diesel_error *err)
{
    char *value = NULL;
    dredis_cache *cache = dredis_cache_open(redis, NULL, err);
    int result =
        cache != NULL ? dredis_cache_get(cache, "key", &value, NULL, err) : -1;
    diesel_free(value);
    dredis_cache_close(cache);
    return result < 0 ? -1 : 0;
}

static int use_pipeline(dredis *redis, diesel_error *err)
{
    dredis_pipeline *p = dredis_pipeline_new(redis, err);
    int result = -1;
    if (p != NULL && dredis_pipeline_add(p, err, "SET", "key", 1) == 0 &&
        dredis_pipeline_add(p, err, "INCR", "key") == 0)
        result = dredis_pipeline_run(p, err);
    dredis_pipeline_free(p);
    return result;
}

static int use_transaction(dredis *redis, diesel_error *err)
{
    dredis_transaction *t = dredis_transaction_new(redis, NULL, err);
    int result = -1;
    if (t != NULL && dredis_transaction_watch(t, DREDIS_LIST("key"), err) == 0 &&
        dredis_transaction_add(t, err, "INCR", "key") == 0)
        result = dredis_transaction_run(t, err);
    dredis_transaction_free(t);
    return result < 0 ? -1 : 0;
}

/* All that makes events, with all that looks at them. */
static int use_all(void *arg)
{
    diesel_error err;
    long open = 0;
    dredis_hooks counting = {count_start, count_end, &open};
    dredis_options options = {.hooks = &counting, .slow_ms = 60000,
                              .metrics = *(const dredis_metrics *)arg};
    dredis *redis = NULL;
    int result = -1;
    dredis_server *double_ = dredis_server_open(NULL, &err);
    if (double_ != NULL)
        redis = dredis_open(dredis_server_url(double_), &options, &err);
    if (redis != NULL && use_cache(redis, &err) == 0 &&
        use_pipeline(redis, &err) == 0)
        result = use_transaction(redis, &err);
    dredis_reply *reply =
        result == 0 ? dredis_call(redis, &err, "BLPOP", "list", 0.01) : NULL;
    if (reply == NULL)
        result = -1;
    dredis_reply_free(reply);
    dredis_close(redis);
    dredis_server_close(double_);
    ck_assert_int_eq(open, 0);
    return result < 0 ? diesel_fail(&err) : 0;
}

/* With metrics, which stay for the life of the process, and without. */
START_TEST(lack_of_memory_at_any_place_leaves_nothing_behind)
{
    diesel_error err;
    dredis_metrics metrics = _i == 0 ? DREDIS_METRICS_NONE : DREDIS_METRICS_COMMANDS;
    int fds = test_open_fds();
    diesel_allocator_set(&faulty_memory);
    for (long n = 1;; n++) {
        test_error_wipe(&err);
        faulty_memory_fail(n);
        int result = diesel_run(use_all, &metrics, NULL, &err);
        ck_assert_msg(faulty_alive == 0 || _i == 1, "%ld blocks left, allocation %ld",
                      faulty_alive, n);
        ck_assert_int_eq(test_open_fds(), fds);
        if (faulty_allocations < n) {
            ck_assert_msg(result == 0, "%s", err.message);
            ck_assert_int_gt(n, 100);
            break;
        }
    }
}
END_TEST

START_TEST(cancelled_anywhere_every_event_ends)
{
    dredis_metrics none = DREDIS_METRICS_NONE;
    ck_assert_int_gt(cancel_loop(use_all, &none), 10);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("redis hooks");
    test_case_rows(suite, "texts", secrets_are_never_shown_and_values_when_asked_for,
                   TEST_COUNT(texts));
    test_case(suite, "redis hooks", texts_are_cut_to_any_size,
              a_command_is_seen_with_its_bytes_and_time,
              errors_are_seen_as_the_caller_gets_them,
              a_cancelled_call_ends_its_event,
              a_read_that_is_repeated_counts_its_bytes_twice,
              a_pipeline_is_one_event_with_several_commands,
              transactions_are_seen_with_and_without_watched_keys,
              sessions_caches_and_commands_that_block_are_seen,
              slow_commands_are_logged_without_values,
              metrics_count_commands_bytes_errors_and_queues,
              histograms_are_kept_for_each_command,
              metrics_of_a_cache_go_back_to_zero_with_it,
              wrong_options_are_refused,
              cancelled_anywhere_every_event_ends);
    test_case_rows(suite, "memory",
                   lack_of_memory_at_any_place_leaves_nothing_behind, 2);
    return test_suite_run(suite);
}

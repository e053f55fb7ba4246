/* SPDX-License-Identifier: MIT */
/*
 * Locks, limits, queues, workers and the other helpers over a real server of the
 * test's own: without memory at any allocation, and cancelled at any turn. Nothing is
 * left in the process; nor, after a cancellation, is a lock or a half-done job in the
 * server.
 */
#include <inttypes.h>

#include <diesel/redis.h>
#include <diesel/redis_aside.h>
#include <diesel/redis_cache.h>
#include <diesel/redis_elements.h>
#include <diesel/redis_limiter.h>
#include <diesel/redis_lock.h>
#include <diesel/redis_monitor.h>
#include <diesel/redis_pubsub.h>
#include <diesel/redis_queue.h>
#include <diesel/redis_scan.h>
#include <diesel/redis_scripting.h>
#include <diesel/redis_session.h>
#include <diesel/redis_worker.h>

#include "cancel_loop.h"
#include "own_redis.h"

static struct own_redis server;
static diesel_error err;

/* What a run works on, so that no run finds what another one has left. */
static char key[64];
static long runs;

static void free_reply(dredis_reply *reply, int *result)
{
    if (reply == NULL)
        *result = -1;
    dredis_reply_free(reply);
}

/* --- The helpers: 0, or -1 and *why */

static int lock_on(dredis *const *clients, size_t n, diesel_error *why)
{
    const dredis_lock_options options = {.ttl_ms = 60000, .retry_ms = 1};
    dredis_lock *lock = dredis_lock_take(clients, n, key, &options, why);
    if (lock == NULL)
        return -1;
    ck_assert(dredis_lock_is_held(lock));
    ck_assert_uint_eq(dredis_lock_token(lock), 1);
    int waited = dredis_lock_await_loss(lock, diesel_now() + 1, why);
    ck_assert_int_eq(waited, -1); /* it is not lost */
    if (why->code == DIESEL_E_TIMEDOUT)
        waited = 0;
    diesel_error giving;
    if (dredis_lock_give(lock, &giving) == 0)
        return waited;
    if (waited == 0)
        *why = giving;
    return -1;
}

static int use_lock(dredis *client, diesel_error *why)
{
    return lock_on(&client, 1, why);
}

static int take_it_too(void *arg)
{
    diesel_error why;
    dredis_lock *lock = dredis_lock_take(
        arg, 1, key, &(dredis_lock_options){.ttl_ms = 60000, .retry_ms = 5}, &why);
    return lock == NULL || dredis_lock_give(lock, &why) < 0 ? diesel_fail(&why) : 0;
}

/* Two wait for it, and hear of its being given back. */
static int use_wanted_lock(dredis *client, diesel_error *why)
{
    dredis_lock *lock = dredis_lock_take(
        &client, 1, key, &(dredis_lock_options){.ttl_ms = 60000}, why);
    if (lock == NULL)
        return -1;
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(scope, take_it_too, &client);
    diesel_go(scope, take_it_too, &client);
    diesel_error pausing, waiting;
    int paused = diesel_sleep(2, &pausing);
    int given = dredis_lock_give(lock, why);
    if (given < 0) /* it expires in a minute */
        diesel_scope_cancel(scope);
    int waited = diesel_scope_wait(scope, &waiting);
    if (given == 0 && (paused < 0 || waited < 0))
        *why = waited < 0 ? waiting : pausing; /* who fails cancels the others */
    return given < 0 || paused < 0 || waited < 0 ? -1 : 0;
}

/* Three databases stand for three servers. */
static int use_redlock(dredis *client, diesel_error *why)
{
    dredis *all[3] = {client};
    for (int i = 1; i < 3; i++)
        all[i] = dredis_open(server.url, &(dredis_options){.db = i}, why);
    int result = -1;
    if (all[1] != NULL && all[2] != NULL)
        result = lock_on(all, 3, why);
    dredis_close(all[1]);
    dredis_close(all[2]);
    return result;
}

static int use_limiter(dredis *client, diesel_error *why)
{
    const dredis_limit limit = {.count = 1000, .per_ms = 1000, .burst = 2};
    dredis_verdict verdict;
    for (int i = 0; i < 3; i++)
        if (dredis_limit_take(client, key, &limit, 1, &verdict, why) < 0)
            return -1;
    return dredis_limit_await(client, key, &limit, 2, why);
}

static int push_and_take(dredis_queue *queue, diesel_error *why)
{
    dredis_job first, second;
    if (dredis_queue_push(queue, "a", why) < 0 ||
        dredis_queue_push(queue, "b", why) < 0 ||
        dredis_queue_take(queue, &first, DIESEL_FOREVER, why) < 0)
        return -1;
    int taken = dredis_queue_take(queue, &second, DIESEL_FOREVER, why);
    diesel_error ending;
    int result = dredis_queue_done(queue, &first, taken < 0 ? &ending : why);
    if (taken > 0 &&
        dredis_queue_return(queue, &second, result < 0 ? &ending : why) < 0)
        result = -1;
    if (taken < 0 || result < 0)
        return -1;
    return dredis_queue_recover(queue, why) < 0 ? -1 : 0;
}

static int use_queue(dredis *client, diesel_error *why)
{
    dredis_queue *queue = dredis_queue_open(client, key, NULL, why);
    int result = queue != NULL ? push_and_take(queue, why) : -1;
    dredis_queue_close(queue);
    return result;
}

struct handler {
    dredis_worker *worker;
    int seen, refuse;
};

/* The first ones fail; the worker is stopped after three have not. */
static int handle(void *arg, const dredis_entry *entry)
{
    struct handler *handler = arg;
    if (dredis_entry_field(entry, "n") == NULL || diesel_yield(NULL) < 0)
        return -1;
    if (handler->refuse > 0 && strcmp(dredis_entry_field(entry, "n")->str, "1") == 0)
        return handler->refuse--, -1;
    if (++handler->seen == 3)
        dredis_worker_stop(handler->worker);
    return 0;
}

static int work(dredis *client, bool parallel, int refuse, diesel_error *why)
{
    const dredis_worker_options options = {.from_start = true,
                                           .parallel = parallel,
                                           .batch = 2,
                                           .idle_ms = 1,
                                           .claim_every_ms = 1,
                                           .max_deliveries = 2,
                                           .max_length = 100};
    struct handler handler = {.refuse = refuse};
    int result = 0;
    for (int i = 0; i < 3 + (refuse > 1) && result == 0; i++)
        free_reply(dredis_call(client, why, "XADD", key, "*", "n", i), &result);
    if (result < 0)
        return -1;
    handler.worker = dredis_worker_new(client, key, "g", "c", &options, handle,
                                       &handler, why);
    if (handler.worker == NULL)
        return -1;
    result = dredis_worker_run(handler.worker, why);
    dredis_worker_free(handler.worker);
    return result;
}

static int use_worker(dredis *client, diesel_error *why)
{
    return work(client, false, 1, why);
}

static int use_parallel_worker(dredis *client, diesel_error *why)
{
    return work(client, true, 0, why);
}

static int use_dead_letters(dredis *client, diesel_error *why)
{
    return work(client, false, 2, why);
}

static int load(void *arg, const char *name, char **value, size_t *len,
                diesel_error *why)
{
    (void)arg;
    if (diesel_sleep(1, why) < 0)
        return -1;
    *len = strlen(name);
    *value = diesel_strndup(name, *len);
    return *value != NULL ? 0 : diesel_error_nomem(why, "a value");
}

static int want(dredis *client, diesel_error *why)
{
    char *value;
    size_t len;
    if (dredis_aside_get(client, key, NULL, load, NULL, &value, &len, why) < 0)
        return -1;
    ck_assert_str_eq(value, key);
    diesel_free(value);
    return 0;
}

static int want_too(void *arg)
{
    diesel_error why;
    return want(arg, &why) < 0 ? diesel_fail(&why) : 0;
}

static int use_aside(dredis *client, diesel_error *why)
{
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(scope, want_too, client); /* it waits for what we make */
    int result = want(client, why);
    diesel_error other;
    int waited = diesel_scope_wait(scope, &other);
    if (waited < 0) /* our own is what came of it, if it failed, too */
        *why = other;
    return waited < 0 ? -1 : result;
}

static int walk(dredis_scan *scan, diesel_error *why)
{
    const dredis_reply *item;
    int got = -1;
    while (scan != NULL && (got = dredis_scan_next(scan, &item, why)) > 0)
        ;
    dredis_scan_close(scan);
    return got;
}

static int use_scans(dredis *client, diesel_error *why)
{
    int result = 0;
    free_reply(dredis_call(client, why, "HSET", key, "a", 1, "b", 2), &result);
    if (result < 0 || walk(dredis_hscan_open(client, key, NULL, why), why) < 0)
        return -1;
    free_reply(dredis_call(client, why, "DEL", key), &result);
    if (result == 0)
        free_reply(dredis_call(client, why, "SADD", key, "a", "b"), &result);
    if (result < 0 || walk(dredis_sscan_open(client, key, NULL, why), why) < 0)
        return -1;
    return walk(dredis_scan_open(client,
                                 &(dredis_scan_options){.match = key},
                                 why),
                why);
}

static const char library[] =
    "#!lua name=faults\n"
    "-- version: 1\n"
    "redis.register_function('answer', function() return 42 end)";

/* The server forgets both before, so that they are sent. */
static int use_scripts(dredis *client, diesel_error *why)
{
    static dredis_script script = DREDIS_SCRIPT("return KEYS[1]");
    int result = 0;
    if (dredis_script_flush(client, NULL, why) < 0 ||
        dredis_function_flush(client, NULL, why) < 0)
        return -1;
    free_reply(dredis_script_call(client, &script, DREDIS_LIST(key), NULL, 0, why),
               &result);
    if (result == 0)
        free_reply(dredis_library_call(client, library, "answer", NULL, 0, NULL, 0,
                                       why),
                   &result);
    return result;
}

static int use_transaction(dredis *client, diesel_error *why)
{
    dredis_transaction *t = dredis_transaction_new(client, NULL, why);
    int result = -1;
    if (t != NULL && dredis_transaction_watch(t, DREDIS_LIST(key), why) == 0) {
        result = 0;
        free_reply(dredis_transaction_call(t, why, "GET", key), &result);
        if (result == 0 && dredis_transaction_add(t, why, "INCR", key) < 0)
            result = -1;
        if (result == 0)
            result = dredis_transaction_run(t, why) < 0 ? -1 : 0;
        if (result == 0)
            result = dredis_transaction_watch(t, DREDIS_LIST(key), why) < 0 ||
                             dredis_transaction_discard(t, why) < 0
                         ? -1
                         : 0;
    }
    dredis_transaction_free(t);
    return result;
}

static int use_cache(dredis *client, diesel_error *why)
{
    dredis_cached values[2];
    char *value;
    int result = 0;
    dredis_cache *cache = dredis_cache_open(client, NULL, why);
    if (cache == NULL)
        return -1;
    free_reply(dredis_call(client, why, "SET", key, "v"), &result);
    if (result == 0)
        result = dredis_cache_get(cache, key, &value, NULL, why);
    if (result > 0) {
        diesel_free(value);
        result = dredis_cache_mget(cache, DREDIS_LIST(key, "none"), values, why);
        if (result == 0)
            diesel_free(values[0].value);
    }
    dredis_cache_close(cache);
    return result;
}

static int listen_to_one(dredis_subscription *s, dredis *client, diesel_error *why)
{
    dredis_message message;
    int result = 0;
    if (dredis_subscribe(s, key, why) < 0 || dredis_psubscribe(s, "x*", why) < 0 ||
        dredis_ssubscribe(s, key, why) < 0)
        return -1;
    free_reply(dredis_call(client, why, "PUBLISH", key, "m"), &result);
    /* Where there was no memory for a message, a gap or an end comes in its place. */
    if (result == 0 && dredis_receive(s, &message, DIESEL_FOREVER, why) < 0)
        result = -1;
    else if (result == 0)
        dredis_message_clear(&message);
    return result;
}

static int use_hub(dredis *client, diesel_error *why)
{
    dredis_subscription *s = dredis_subscription_open(client, NULL, why);
    int result = s != NULL ? listen_to_one(s, client, why) : -1;
    dredis_subscription_close(s);
    return result;
}

static int use_monitor(dredis *client, diesel_error *why)
{
    const char *line;
    int result = 0;
    dredis_monitor *monitor = dredis_monitor_open(client, why);
    if (monitor == NULL)
        return -1;
    free_reply(dredis_call(client, why, "GET", key), &result);
    if (result == 0)
        result = dredis_monitor_next(monitor, &line, why);
    dredis_monitor_close(monitor);
    return result;
}

static int use_session(dredis *client, diesel_error *why)
{
    int result = 0;
    (void)client;
    dredis_session *session = dredis_session_open(server.url, NULL, why);
    if (session == NULL)
        return -1;
    free_reply(dredis_session_call(session, why, "SELECT", 3), &result);
    if (result == 0)
        free_reply(dredis_session_call(session, why, "BLPOP", key, "0.001"),
                   &result);
    dredis_session_close(session);
    return result;
}

static const struct row {
    const char *name;
    int (*use)(dredis *client, diesel_error *why);
    bool leaves_nothing; /* no key, even when it was cancelled */
} rows[] = {
    {"lock", use_lock, true},
    {"wanted lock", use_wanted_lock, true},
    {"redlock", use_redlock, true},
    {"limiter", use_limiter, false},
    {"queue", use_queue, false},
    {"worker", use_worker, false},
    {"parallel worker", use_parallel_worker, false},
    {"dead letters", use_dead_letters, false},
    {"aside", use_aside, false},
    {"scans", use_scans, false},
    {"scripts", use_scripts, false},
    {"transaction", use_transaction, false},
    {"cache", use_cache, false},
    {"hub", use_hub, false},
    {"monitor", use_monitor, false},
    {"session", use_session, false},
};

/* --- The loops */

static int use(void *arg)
{
    const struct row *row = arg;
    diesel_error why;
    snprintf(key, sizeof key, "{%s}:%ld", row->name, runs++);
    test_error_wipe(&why);
    dredis *client = dredis_open(server.url, NULL, &why);
    int result = client != NULL ? row->use(client, &why) : -1;
    dredis_close(client);
    return result < 0 ? diesel_fail(&why) : 0;
}

/* Asks whether a key is there, over a connection of its own. */
static void assert_free(const char *name)
{
    diesel_error why;
    for (int db = 0; db < 3; db++) {
        dredis_session *session =
            dredis_session_open(server.url, &(dredis_options){.db = db}, &why);
        ck_assert_ptr_nonnull(session);
        dredis_reply *reply = dredis_session_call(session, &why, "EXISTS", name);
        ck_assert_ptr_nonnull(reply);
        ck_assert_msg(reply->integer == 0, "%s was left behind in %d", name, db);
        dredis_reply_free(reply);
        dredis_session_close(session);
    }
}

/* The same, and looks what is left in the server. */
static int use_and_look(void *arg)
{
    const struct row *row = arg;
    int result = use(arg);
    diesel_scope *shield =
        diesel_scope_open(&(diesel_scope_options){.shield = true});
    if (row->leaves_nothing)
        assert_free(key);
    diesel_scope_wait(shield, NULL);
    return result;
}

START_TEST(without_memory_every_helper_fails_cleanly)
{
    if (!own_redis_start(&server, "redis", NULL))
        return;
    diesel_allocator_set(&faulty_memory);
    int fds = test_open_fds();
    long n = 1;
    int result;
    for (;; n++) {
        test_error_wipe(&err);
        faulty_memory_fail(n);
        result = diesel_run(use, (void *)(uintptr_t)&rows[_i], NULL, &err);
        ck_assert_msg(faulty_alive == 0, "%s: %ld blocks left, allocation %ld",
                      rows[_i].name, faulty_alive, n);
        ck_assert_int_eq(test_open_fds(), fds);
        ck_assert_msg(result == 0 || err.code == DIESEL_E_NOMEM,
                      "%s: allocation %ld: %s: %s", rows[_i].name, n,
                      diesel_error_name(err.code), err.message);
        if (faulty_allocations < n)
            break;
    }
    ck_assert_int_eq(result, 0);
    ck_assert_int_gt(n, 20);
    own_redis_stop(&server);
}
END_TEST

START_TEST(cancelled_anywhere_every_helper_ends)
{
    if (!own_redis_start(&server, "redis", NULL))
        return;
    ck_assert_int_gt(cancel_loop(use_and_look, (void *)(uintptr_t)&rows[_i]), 5);
    own_redis_stop(&server);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("live_redis_helper_faults");
    test_case_rows(suite, "memory", without_memory_every_helper_fails_cleanly,
                   TEST_COUNT(rows));
    test_case_rows(suite, "cancellation", cancelled_anywhere_every_helper_ends,
                   TEST_COUNT(rows));
    return test_suite_run(suite);
}

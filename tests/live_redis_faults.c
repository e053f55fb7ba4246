/* SPDX-License-Identifier: MIT */
/*
 * What goes wrong with a real server, of the test's own: killed under load, out of
 * memory, busy, cutting off slow readers, unreachable; and with the client: no
 * memory at any allocation, cancellation at any turn.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include <diesel/redis.h>

#include "cancel_loop.h"
#include "own_redis.h"

static struct own_redis server;
static dredis *redis;
static diesel_error err;

static void open_client(const dredis_options *options)
{
    assert_made(redis = dredis_open(server.url, options, &err));
}

static int64_t number_at(dredis *client, const char *key)
{
    char *text;
    int found = dredis_get(client, key, &text, NULL, &err);
    ck_assert_msg(found >= 0, "%s", err.message);
    int64_t value = found ? strtoll(text, NULL, 10) : 0;
    diesel_free(text);
    return value;
}

/* --- Killed under load */

enum { FIBERS = 1000, KILLS = 3 };

static struct worker {
    char key[16];
    int64_t acknowledged;
    int64_t uncertain; /* sent, and no reply came */
    int64_t failed;    /* surely not run          */
} workers[FIBERS];
static bool stop;

static int count_up(void *arg)
{
    struct worker *w = arg;
    diesel_error why;
    int64_t now;
    while (!stop) {
        if (dredis_incr(redis, w->key, &now, &why) == 0)
            w->acknowledged++;
        else if (why.flags & DIESEL_EF_SENT)
            w->uncertain++;
        else
            w->failed++;
    }
    return 0;
}

static const char *const durable[] = {"--save", "", "--appendonly", "yes", NULL};

static int work_while_it_is_killed(void *arg)
{
    (void)arg;
    open_client(&(dredis_options){.reconnect_timeout_ms = 60000});
    diesel_scope *all = diesel_scope_open(NULL);
    for (int i = 0; i < FIBERS; i++) {
        snprintf(workers[i].key, sizeof workers[i].key, "n:%d", i);
        diesel_go(all, count_up, &workers[i]);
    }
    for (int i = 0; i < KILLS; i++) {
        uint64_t before = dredis_stats_of(redis).replies;
        while (dredis_stats_of(redis).replies < before + 3 * FIBERS)
            assert_ok(diesel_sleep(1, &err));
        kill(server.pid, SIGSTOP); /* so that commands are on their way */
        assert_ok(diesel_sleep(5, &err));
        own_redis_kill(&server);
        assert_ok(diesel_sleep(20, &err));
        ck_assert(own_redis_start(&server, "redis", durable));
    }
    uint64_t before = dredis_stats_of(redis).replies;
    while (dredis_stats_of(redis).replies < before + 3 * FIBERS)
        assert_ok(diesel_sleep(1, &err));
    stop = true;
    assert_ok(diesel_scope_wait(all, &err));

    int64_t uncertain = 0;
    for (int i = 0; i < FIBERS; i++) {
        const struct worker *w = &workers[i];
        int64_t value = number_at(redis, w->key);
        ck_assert_msg(value >= w->acknowledged, "%s: %" PRId64 " of %" PRId64,
                      w->key, value, w->acknowledged);
        ck_assert_msg(value <= w->acknowledged + w->uncertain,
                      "%s ran twice: %" PRId64, w->key, value);
        uncertain += w->uncertain;
    }
    ck_assert_int_gt(uncertain, 0); /* it was killed under load indeed */
    dredis_close(redis);
    return 0;
}

START_TEST(no_acknowledged_write_is_missing_and_none_runs_twice)
{
    if (!own_redis_start(&server, "redis", durable))
        return;
    test_run(work_while_it_is_killed, NULL);
    own_redis_stop(&server);
}
END_TEST

/* --- What the server refuses, or does to us */

static void out_of_memory(void)
{
    open_client(NULL);
    assert_ok(dredis_config_set(redis, DREDIS_LIST("maxmemory", 1), &err));
    assert_fails(dredis_set(redis, "k", "v", NULL, &err), DIESEL_E_SERVER);
    ck_assert_int_eq(err.detail, DREDIS_ERR_OOM);
    assert_ok(dredis_config_set(redis, DREDIS_LIST("maxmemory", 0), &err));
    ck_assert_int_eq(dredis_set(redis, "k", "v", NULL, &err), 1);
}

/* The file is a folder. */
static void nothing_can_be_saved(void)
{
    char path[160];
    int result;
    snprintf(path, sizeof path, "%s/dump.rdb", server.folder);
    ck_assert_int_eq(mkdir(path, 0700), 0);
    open_client(NULL);
    assert_ok(dredis_config_set(redis, DREDIS_LIST("save", "3600 1"), &err));
    dredis_reply *r = dredis_call(redis, &err, "BGSAVE");
    assert_made(r);
    dredis_reply_free(r);
    do { /* until the save has failed */
        result = dredis_set(redis, "k", "v", NULL, &err);
    } while (result == 1 && diesel_sleep(1, NULL) == 0);
    ck_assert_int_eq(result, -1);
    assert_error(DIESEL_E_SERVER);
    ck_assert_int_eq(err.detail, DREDIS_ERR_MISCONF);
    ck_assert_int_eq(dredis_exists(redis, "k", &err), 1);
    assert_ok(dredis_config_set(
        redis, DREDIS_LIST("stop-writes-on-bgsave-error", "no"), &err));
    ck_assert_int_eq(dredis_set(redis, "k", "v", NULL, &err), 1);
    rmdir(path);
}

static void a_replica_only_reads(void)
{
    dredis_reply *r;
    open_client(NULL);
    assert_made(r = dredis_call(redis, &err, "REPLICAOF", "127.0.0.1", 1));
    dredis_reply_free(r);
    assert_fails(dredis_set(redis, "k", "v", NULL, &err), DIESEL_E_SERVER);
    ck_assert_int_eq(err.detail, DREDIS_ERR_READONLY);
    ck_assert_int_eq(number_at(redis, "k"), 0);
}

static void users_may_not_do_all(void)
{
    open_client(NULL);
    assert_ok(dredis_acl_setuser(
        redis, "ann", DREDIS_LIST("on", ">secret", "~a:*", "+get", "+hello"),
        &err));
    dredis *ann;
    assert_made(ann = dredis_open(
                    server.url,
                    &(dredis_options){.user = "ann", .password = "secret"},
                    &err));
    ck_assert_int_eq(number_at(ann, "a:1"), 0);
    assert_fails(dredis_exists(ann, "a:1", &err), DIESEL_E_SERVER);
    ck_assert_int_eq(err.detail, DREDIS_ERR_NOPERM);
    dredis_close(ann);
    assert_fails_null(
        dredis_open(server.url,
                    &(dredis_options){.user = "ann", .password = "wrong"}, &err),
        DIESEL_E_AUTH);
    assert_ok(dredis_config_set(redis, DREDIS_LIST("requirepass", "x"), &err));
    assert_fails_null(dredis_open(server.url, NULL, &err), DIESEL_E_AUTH);
    ck_assert_int_eq(err.detail, DREDIS_ERR_NOAUTH);
}

static dredis_reply *looped;

static int loop_for_ever(void *arg)
{
    (void)arg;
    diesel_error why;
    looped = dredis_eval(redis, "while true do end", NULL, 0, NULL, 0, &why);
    ck_assert_ptr_null(looped);
    ck_assert_int_eq(why.code, DIESEL_E_SERVER);
    return 0;
}

static void a_script_keeps_it_busy(void)
{
    dredis *other;
    open_client(NULL);
    assert_made(other = dredis_open(server.url, NULL, &err));
    assert_ok(dredis_config_set(other, DREDIS_LIST("lua-time-limit", 10), &err));
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(scope, loop_for_ever, NULL);
    assert_ok(diesel_yield(&err));
    assert_ok(diesel_sleep(1, &err)); /* the script is on its way before */
    int busy;
    char *text;
    do {
        busy = dredis_get(other, "k", &text, NULL, &err);
        diesel_free(text);
    } while (busy == 0);
    ck_assert_int_eq(err.detail, DREDIS_ERR_BUSY);
    ck_assert_uint_eq(err.flags & DIESEL_EF_RETRYABLE, DIESEL_EF_RETRYABLE);
    assert_ok(dredis_script_kill(other, &err));
    assert_ok(diesel_scope_wait(scope, &err));
    ck_assert_int_eq(number_at(other, "k"), 0);
    dredis_close(other);
}

static void a_slow_reader_is_cut_off(void)
{
    size_t n = 4 << 20;
    char *bytes = malloc(n), *back;
    memset(bytes, 'x', n);
    open_client(NULL);
    ck_assert_int_eq(dredis_set(redis, "big", diesel_bytes(bytes, n), NULL, &err),
                     1);
    assert_ok(dredis_config_set(
        redis, DREDIS_LIST("client-output-buffer-limit", "normal 1mb 1mb 1"),
        &err));
    /* Four of them, so that it happens before the kernel has taken all. */
    assert_fails_null(dredis_call(redis, &err, "MGET", "big", "big", "big", "big"),
                      DIESEL_E_CLOSED);
    ck_assert_uint_eq(err.flags & DIESEL_EF_SENT, DIESEL_EF_SENT);
    ck_assert_uint_eq(dredis_stats_of(redis).retries, 3);
    assert_ok(dredis_config_set(
        redis, DREDIS_LIST("client-output-buffer-limit", "normal 0 0 0"), &err));
    ck_assert_int_eq(dredis_get(redis, "big", &back, NULL, &err), 1);
    diesel_free(back);
    free(bytes);
}

static void clients_are_killed(void)
{
    open_client(NULL);
    for (int i = 0; i < 5; i++) {
        dredis_reply *r =
            dredis_call(redis, &err, "CLIENT", "KILL", "TYPE", "normal",
                        "SKIPME", i % 2 == 0 ? "yes" : "no");
        dredis_reply_free(r);
        int64_t now;
        if (dredis_incr(redis, "k", &now, &err) == 0)
            ck_assert_int_gt(now, 0);
        else
            assert_error(DIESEL_E_CLOSED);
        ck_assert_int_ge(number_at(redis, "k"), 0);
    }
}

static void (*const tests[])(void) = {
    out_of_memory,        nothing_can_be_saved,   a_replica_only_reads,
    users_may_not_do_all, a_script_keeps_it_busy, a_slow_reader_is_cut_off,
    clients_are_killed,
};

static int run_test(void *arg)
{
    tests[*(int *)arg]();
    dredis_close(redis);
    return 0;
}

START_TEST(the_server_says_no)
{
    if (!own_redis_start(&server, "redis", NULL))
        return;
    test_run(run_test, &_i);
    own_redis_stop(&server);
}
END_TEST

/* --- No network */

static void set_up(const char *interface, bool up)
{
    struct ifreq request = {.ifr_flags = up ? IFF_UP | IFF_RUNNING : 0};
    snprintf(request.ifr_name, sizeof request.ifr_name, "%s", interface);
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(ioctl(fd, SIOCSIFFLAGS, &request), 0);
    close(fd);
}

static int lose_the_network(void *arg)
{
    dredis_options options = {
        .dead_after_ms = 1000, .keepalive_s = 1, .max_retries = -1};
    int64_t now;
    (void)arg;
    assert_made(redis = dredis_open("redis://127.0.0.1:7777", &options, &err));
    assert_ok(dredis_incr(redis, "k", &now, &err));
    set_up("lo", false);
    int result = dredis_incr(redis, "k", &now, &err); /* not for ever */
    ck_assert_int_eq(result, -1);
    ck_assert_msg(err.code == DIESEL_E_IO || err.code == DIESEL_E_CLOSED,
                  "%s: %s", diesel_error_name(err.code), err.message);
    set_up("lo", true);
    assert_ok(dredis_incr(redis, "k", &now, &err));

    set_up("lo", false); /* nothing is on its way: the probes find out */
    while (dredis_stats_of(redis).resp != 0)
        assert_ok(diesel_sleep(20, &err));
    set_up("lo", true);
    assert_ok(dredis_incr(redis, "k", &now, &err));
    dredis_close(redis);
    return 0;
}

START_TEST(a_dead_network_is_noticed_in_time)
{
    static const char *const tcp[] = {"--save", "", "--port", "7777", NULL};
    if (!own_redis_installed())
        return;
    if (unshare(CLONE_NEWNET) < 0) {
        fprintf(stderr, "skipped: no network of one's own: %s\n",
                strerror(errno));
        return;
    }
    set_up("lo", true);
    ck_assert(own_redis_start(&server, "redis", tcp));
    test_run(lose_the_network, NULL);
    own_redis_stop(&server);
}
END_TEST

/* --- Fault loops over all kinds of calls */

static dredis_script script = DREDIS_SCRIPT("return #KEYS");

static int call_typed(dredis *client, diesel_error *why)
{
    char *text;
    int64_t n;
    if (dredis_set(client, "k", 1, NULL, why) < 0 ||
        dredis_incr(client, "k", &n, why) < 0 ||
        dredis_get(client, "k", &text, NULL, why) < 0)
        return -1;
    diesel_free(text);
    if (dredis_del(client, "l", why) < 0 ||
        dredis_rpush(client, "l",
                     DREDIS_LIST(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14,
                                 15, 16, 17, 18),
                     NULL, why) < 0)
        return -1;
    dredis_reply *r = dredis_blpop(client, DREDIS_LIST("l"), 1, why);
    dredis_reply_free(r);
    return r != NULL ? 0 : -1;
}

static int run_pipeline(dredis *client, diesel_error *why)
{
    dredis_pipeline *p = dredis_pipeline_new(client, why);
    int result = -1;
    if (p != NULL && dredis_pipeline_add(p, why, "LRANGE", "l", 0, -1) == 0 &&
        dredis_pipeline_add_script(p, &script, DREDIS_LIST("k"), NULL, 0, why) ==
            0 &&
        dredis_pipeline_run(p, why) == 0)
        result = dredis_pipeline_check(p, why);
    dredis_pipeline_free(p);
    return result;
}

static int run_transaction(dredis *client, diesel_error *why)
{
    dredis_transaction *t = dredis_transaction_new(client, NULL, why);
    int result = -1;
    if (t != NULL && dredis_transaction_watch(t, DREDIS_LIST("k"), why) == 0 &&
        dredis_transaction_add(t, why, "INCR", "k") == 0 &&
        dredis_transaction_add_script(t, &script, DREDIS_LIST("k"), NULL, 0,
                                      why) == 0)
        result = dredis_transaction_run(t, why);
    dredis_transaction_free(t);
    return result < 0 ? -1 : 0;
}

static int walk(dredis *client, diesel_error *why)
{
    const dredis_reply *item;
    int got = -1;
    dredis_scan *scan = dredis_scan_open(client, NULL, why);
    while (scan != NULL && (got = dredis_scan_next(scan, &item, why)) > 0)
        ;
    dredis_scan_close(scan);
    if (got < 0)
        return -1;
    dredis_elements *all =
        dredis_elements_open(client, why, "LRANGE", "l", 0, -1);
    got = -1;
    while (all != NULL && (got = dredis_elements_next(all, &item, why)) > 0)
        ;
    dredis_elements_close(all);
    return got;
}

static unsigned begun, ended;

static void see_start(void *arg, dredis_event *event)
{
    (void)arg;
    event->note = &ended;
    begun++;
}

static void see_end(void *arg, const dredis_event *event)
{
    char text[64];
    (void)arg;
    ck_assert_ptr_eq(event->note, &ended);
    ck_assert_uint_gt(dredis_event_text(event, 0, text, sizeof text), 0);
    ended++;
}

/* Without anybody who looks, and with hooks and the log of slow commands. */
static const dredis_options seen_by[] = {
    {.connections = 2},
    {.connections = 2,
     .hooks = &(const dredis_hooks){see_start, see_end, NULL},
     .slow_ms = 60000},
};

static int use_all(void *arg)
{
    diesel_error why;
    dredis *client = dredis_open(server.url, arg, &why);
    if (client == NULL)
        return diesel_fail(&why);
    int result = call_typed(client, &why);
    dredis_reply *r = NULL;
    if (result == 0) {
        r = dredis_script_call(client, &script, NULL, 0, NULL, 0, &why);
        result = r != NULL ? 0 : -1;
    }
    dredis_reply_free(r);
    if (result == 0)
        result = run_pipeline(client, &why);
    if (result == 0)
        result = run_transaction(client, &why);
    if (result == 0)
        result = walk(client, &why);
    dredis_close(client);
    return result < 0 ? diesel_fail(&why) : 0;
}

START_TEST(without_memory_every_call_fails_cleanly)
{
    if (!own_redis_start(&server, "redis", NULL))
        return;
    diesel_allocator_set(&faulty_memory);
    dredis_options options = seen_by[_i];
    int fds = test_open_fds();
    long n = 1;
    for (;; n++) {
        test_error_wipe(&err);
        faulty_memory_fail(n);
        int result = diesel_run(use_all, &options, NULL, &err);
        ck_assert_uint_eq(begun, ended);
        ck_assert_msg(faulty_alive == 0, "%ld blocks left, allocation %ld",
                      faulty_alive, n);
        ck_assert_int_eq(test_open_fds(), fds);
        if (result < 0)
            assert_error(DIESEL_E_NOMEM);
        if (faulty_allocations < n)
            break;
    }
    ck_assert_int_gt(n, 50);
    ck_assert(_i == 0 || ended > 50);
    own_redis_stop(&server);
}
END_TEST

START_TEST(cancelled_anywhere_every_call_ends)
{
    if (!own_redis_start(&server, "redis", NULL))
        return;
    dredis_options options = seen_by[_i];
    ck_assert_int_gt(cancel_loop(use_all, &options), 10);
    ck_assert_uint_eq(begun, ended);
    ck_assert(_i == 0 || ended > 10);
    own_redis_stop(&server);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("live_redis_faults");
    test_case(suite, "kills",
              no_acknowledged_write_is_missing_and_none_runs_twice);
    test_case_rows(suite, "refusals", the_server_says_no, TEST_COUNT(tests));
    test_case(suite, "network", a_dead_network_is_noticed_in_time);
    test_case_rows(suite, "memory", without_memory_every_call_fails_cleanly,
                   TEST_COUNT(seen_by));
    test_case_rows(suite, "cancel", cancelled_anywhere_every_call_ends,
                   TEST_COUNT(seen_by));
    return test_suite_run(suite);
}

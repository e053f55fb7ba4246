/* SPDX-License-Identifier: MIT */
/*
 * The time of day jumps, as it does when somebody sets it: whatever waits, ages or
 * expires in the client goes by a clock that does not. Here the C library's clocks are
 * this program's own, for all that asks them.
 */
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>

#include <diesel/redis.h>
#include <diesel/redis_cache.h>
#include <diesel/redis_test_server.h>

#include "test_util.h"

enum { DAY = 86400 };

static time_t jumped; /* seconds, so far */

int clock_gettime(clockid_t id, struct timespec *now)
{
    int result = (int)syscall(SYS_clock_gettime, id, now);
    if (result == 0 && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE))
        now->tv_sec += jumped;
    return result;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone)
{
    struct timespec precise;
    (void)zone;
    int result = clock_gettime(CLOCK_REALTIME, &precise);
    *now = (struct timeval){precise.tv_sec, precise.tv_nsec / 1000};
    return result;
}

time_t time(time_t *where)
{
    struct timespec precise;
    clock_gettime(CLOCK_REALTIME, &precise);
    if (where != NULL)
        *where = precise.tv_sec;
    return precise.tv_sec;
}

static dredis_server *server;
static dredis *redis;
static diesel_error err;

static const time_t jumps[] = {DAY, -DAY, -400 * DAY, 4000 * DAY};

static void open_both(const dredis_options *options)
{
    assert_made(server = dredis_server_open(NULL, &err));
    assert_made(redis = dredis_open(dredis_server_url(server), options, &err));
}

static void close_both(void)
{
    dredis_close(redis);
    dredis_server_close(server);
    jumped = 0;
}

static void delay(const char *command, dredis_server_action action, int64_t ms)
{
    assert_ok(dredis_server_fault_add(server,
                                      &(dredis_server_fault){.action = action,
                                                             .command = command,
                                                             .ms = ms,
                                                             .times = 1},
                                      &err));
}

static int jump(void *arg)
{
    jumped += *(const time_t *)arg;
    return 0;
}

FIBER_TEST(a_command_that_waits_is_not_ended)
{
    char *value;
    open_both(&(dredis_options){.silence_ms = 60000});
    delay("GET", DREDIS_SERVER_DELAY, 30);
    time_t before = time(NULL);
    diesel_scope *scope = diesel_scope_open(
        &(diesel_scope_options){.timeout_ms = 60000});
    diesel_go(scope, jump, (void *)(uintptr_t)&jumps[row]);
    ck_assert_int_eq(dredis_get(redis, "k", &value, NULL, &err), 0);
    assert_ok(diesel_scope_wait(scope, &err));
    ck_assert_int_ge(labs((long)(time(NULL) - before)), DAY - 1000); /* it did */
    close_both();
    return 0;
}
END_TEST

FIBER_TEST(a_deadline_comes_all_the_same)
{
    char *value;
    open_both(NULL);
    delay("GET", DREDIS_SERVER_HANG, 0);
    diesel_scope *scope =
        diesel_scope_open(&(diesel_scope_options){.timeout_ms = 20});
    diesel_go(scope, jump, (void *)(uintptr_t)&jumps[row]);
    assert_fails(dredis_get(redis, "k", &value, NULL, &err), DIESEL_E_TIMEDOUT);
    assert_fails(diesel_scope_wait(scope, &err), DIESEL_E_TIMEDOUT);
    close_both();
    return 0;
}
END_TEST

FIBER_TEST(idle_connections_do_not_age)
{
    open_both(&(dredis_options){.dedicated_life_ms = 60000});
    for (int i = 0; i < 3; i++) {
        dredis_reply *r = dredis_call(redis, &err, "BLPOP", "none", "0.001");
        assert_made(r);
        dredis_reply_free(r);
        jumped += jumps[row];
    }
    ck_assert_uint_eq(dredis_server_accepted(server), 2);
    close_both();
    return 0;
}
END_TEST

FIBER_TEST(cached_values_do_not_age)
{
    char *value;
    open_both(NULL);
    dredis_cache *cache = dredis_cache_open(
        redis, &(dredis_cache_options){.max_age_ms = 60000}, &err);
    assert_made(cache);
    ck_assert_int_eq(dredis_set(redis, "k", "v", NULL, &err), 1);
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(dredis_cache_get(cache, "k", &value, NULL, &err), 1);
        diesel_free(value);
        jumped += jumps[row];
    }
    ck_assert_uint_eq(dredis_cache_stats_of(cache).hits, 2);
    dredis_cache_close(cache);
    close_both();
    return 0;
}
END_TEST

FIBER_TEST(a_reconnection_waits_no_longer)
{
    int64_t now;
    open_both(&(dredis_options){.backoff_ms = 5, .backoff_max_ms = 5});
    assert_ok(dredis_server_hang_up(server, true, &err));
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(scope, jump, (void *)(uintptr_t)&jumps[row]);
    assert_fails(dredis_incr(redis, "k", &now, &err), DIESEL_E_REFUSED);
    assert_ok(dredis_server_hang_up(server, false, &err));
    assert_ok(dredis_incr(redis, "k", &now, &err));
    assert_ok(diesel_scope_wait(scope, &err));
    close_both();
    return 0;
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("redis clock");
    const TTest *const tests[] = {
        a_command_that_waits_is_not_ended, a_deadline_comes_all_the_same,
        idle_connections_do_not_age,       cached_values_do_not_age,
        a_reconnection_waits_no_longer,
    };
    for (size_t i = 0; i < TEST_COUNT(tests); i++)
        test_case_rows(suite, "jumps", tests[i], TEST_COUNT(jumps));
    return test_suite_run(suite);
}

/* SPDX-License-Identifier: MIT */
/*
 * Locks, rate limits, queues of jobs and workers of streams over a real server.
 * Skipped unless DIESEL_TEST_REDIS_URL is set.
 */
#include <diesel/redis.h>
#include <diesel/redis_limiter.h>
#include <diesel/redis_lock.h>
#include <diesel/redis_queue.h>
#include <diesel/redis_worker.h>

#include "test_util.h"

static dredis *redis;
static char name[64];

#define await_that(condition)                                                  \
    do {                                                                       \
        for (int tries_ = 0; !(condition); tries_++) {                         \
            ck_assert_msg(tries_ < 20000, "in vain: %s", #condition);          \
            assert_ok(diesel_sleep(1, &err));                                  \
        }                                                                      \
    } while (0)

static void open_it(const char *what)
{
    diesel_error err;
    snprintf(name, sizeof name, "diesel:test:%d:%s", (int)getpid(), what);
    assert_made(redis =
                    dredis_open(getenv("DIESEL_TEST_REDIS_URL"), NULL, &err));
}

#define number(...) number_of(dredis_call(redis, NULL, __VA_ARGS__))

static int64_t number_of(dredis_reply *reply)
{
    ck_assert_ptr_nonnull(reply);
    int64_t n = reply->integer;
    dredis_reply_free(reply);
    return n;
}

#define run(...) ((void)number(__VA_ARGS__))

static void close_it(void)
{
    diesel_error err;
    char pattern[100];
    snprintf(pattern, sizeof pattern, "*%s*", name);
    dredis_reply *keys = dredis_call(redis, &err, "KEYS", pattern);
    assert_made(keys);
    for (size_t i = 0; i < keys->elements; i++)
        run("DEL", keys->element[i].str);
    dredis_reply_free(keys);
    dredis_close(redis);
}

/* --- Locks */

FIBER_TEST(a_lock_has_one_holder_and_growing_tokens)
{
    diesel_error err;
    uint64_t last = 0;
    open_it("lock");
    for (int i = 0; i < 3; i++) {
        dredis_lock *lock = dredis_lock_take(&redis, 1, name, NULL, &err);
        assert_made(lock);
        ck_assert(dredis_lock_is_held(lock));
        ck_assert_uint_gt(dredis_lock_token(lock), last);
        last = dredis_lock_token(lock);
        assert_fails_null(dredis_lock_take(
                              &redis, 1, name,
                              &(dredis_lock_options){.once = true}, &err),
                          DIESEL_E_BUSY);
        diesel_scope *scope =
            diesel_scope_open(&(diesel_scope_options){.timeout_ms = 5});
        assert_fails_null(dredis_lock_take(&redis, 1, name, NULL, &err),
                          DIESEL_E_TIMEDOUT);
        diesel_scope_wait(scope, NULL);
        assert_ok(dredis_lock_give(lock, &err));
    }
    close_it();
    return 0;
}
END_TEST

struct crowd {
    int inside, most, done;
    uint64_t last;
};

static int enter(void *arg)
{
    struct crowd *crowd = arg;
    diesel_error err;
    dredis_lock *lock = dredis_lock_take(
        &redis, 1, name, &(dredis_lock_options){.retry_ms = 5}, &err);
    if (lock == NULL)
        return diesel_fail(&err);
    ck_assert_uint_gt(dredis_lock_token(lock), crowd->last);
    crowd->last = dredis_lock_token(lock);
    crowd->inside++;
    if (crowd->inside > crowd->most)
        crowd->most = crowd->inside;
    int slept = diesel_sleep(1, &err);
    crowd->inside--;
    crowd->done++;
    if (slept < 0 || dredis_lock_give(lock, &err) < 0)
        return diesel_fail(&err);
    return 0;
}

FIBER_TEST(a_crowd_enters_one_by_one)
{
    diesel_error err;
    struct crowd crowd = {0};
    open_it("crowd");
    diesel_scope *scope = diesel_scope_open(NULL);
    for (int i = 0; i < 20; i++)
        diesel_go(scope, enter, &crowd);
    assert_ok(diesel_scope_wait(scope, &err));
    ck_assert_int_eq(crowd.most, 1);
    ck_assert_int_eq(crowd.done, 20);
    close_it();
    return 0;
}
END_TEST

static int take_and_give(void *arg)
{
    diesel_error err;
    const dredis_lock_options *options = arg;
    dredis_lock *lock = dredis_lock_take(&redis, 1, name, options, &err);
    if (lock == NULL || dredis_lock_give(lock, &err) < 0)
        return diesel_fail(&err);
    return 0;
}

/* They would not try again for an hour. */
FIBER_TEST(who_waits_hears_that_a_lock_is_given_back)
{
    diesel_error err;
    int64_t listening = 0;
    const dredis_lock_options patient = {.retry_ms = 3600000};
    open_it("heard");
    dredis_lock *lock = dredis_lock_take(&redis, 1, name, NULL, &err);
    assert_made(lock);
    diesel_scope *scope = diesel_scope_open(NULL);
    for (int i = 0; i < 5; i++)
        diesel_go(scope, take_and_give, (void *)(uintptr_t)&patient);
    char channel[100];
    snprintf(channel, sizeof channel, "{%s}:fence", name);
    while (listening == 0) { /* until they wait */
        assert_ok(diesel_sleep(1, &err));
        dredis_reply *reply =
            dredis_call(redis, &err, "PUBSUB", "NUMSUB", channel);
        assert_made(reply);
        assert_ok(dredis_reply_int(&reply->element[1], &listening, &err));
        dredis_reply_free(reply);
    }
    assert_ok(dredis_lock_give(lock, &err));
    assert_ok(diesel_scope_wait(scope, &err));
    close_it();
    return 0;
}
END_TEST

FIBER_TEST(a_lock_is_extended_and_its_loss_is_told)
{
    diesel_error err;
    open_it("extend");
    diesel_scope *guard = diesel_scope_open(
        &(diesel_scope_options){.label = "guard", .detached = true});
    dredis_lock *lock = dredis_lock_take(
        &redis, 1, name, &(dredis_lock_options){.ttl_ms = 300, .guard = guard},
        &err);
    assert_made(lock);
    assert_ok(diesel_sleep(700, &err));
    ck_assert(dredis_lock_is_held(lock));
    ck_assert_int_eq(number("EXISTS", name), 1);
    run("SET", name, "another's");
    assert_ok(dredis_lock_await_loss(lock, DIESEL_FOREVER, &err));
    ck_assert(!dredis_lock_is_held(lock));
    assert_fails(dredis_lock_give(lock, &err), DIESEL_E_CLOSED);
    ck_assert_int_eq(number("EXISTS", name), 1); /* it is not ours to delete */
    diesel_scope_wait(guard, NULL);
    close_it();
    return 0;
}
END_TEST

FIBER_TEST(most_of_several_servers_must_grant_a_lock)
{
    diesel_error err;
    dredis *all[3];
    open_it("redlock");
    for (int i = 0; i < 3; i++) /* databases stand for servers */
        assert_made(all[i] = dredis_open(getenv("DIESEL_TEST_REDIS_URL"),
                                         &(dredis_options){.db = 10 + i}, &err));
    uint64_t last = 0;
    for (int i = 0; i < 3; i++) { /* another one is taken by somebody each time */
        dredis_reply_free(dredis_call(all[i], &err, "SET", name, "x"));
        dredis_lock *lock = dredis_lock_take(all, 3, name, NULL, &err);
        assert_made(lock);
        ck_assert_uint_gt(dredis_lock_token(lock), last);
        last = dredis_lock_token(lock);
        assert_ok(dredis_lock_give(lock, &err));
        dredis_reply_free(dredis_call(all[i], &err, "DEL", name));
    }
    dredis_reply_free(dredis_call(all[0], &err, "SET", name, "x"));
    dredis_reply_free(dredis_call(all[1], &err, "SET", name, "x"));
    assert_fails_null(
        dredis_lock_take(all, 3, name, &(dredis_lock_options){.once = true}, &err),
        DIESEL_E_BUSY);
    dredis_reply *left = dredis_call(all[2], &err, "EXISTS", name);
    ck_assert_int_eq(left->integer, 0); /* and what was granted is given back */
    dredis_reply_free(left);
    for (int i = 0; i < 3; i++) {
        dredis_reply_free(dredis_call(all[i], &err, "FLUSHDB"));
        dredis_close(all[i]);
    }
    close_it();
    return 0;
}
END_TEST

/* --- Rate limits */

FIBER_TEST(a_limit_allows_a_burst_and_then_the_rate)
{
    static const dredis_limit limit = {.count = 10, .per_ms = 1000, .burst = 5};
    diesel_error err;
    dredis_verdict v;
    open_it("limit");
    for (int i = 0; i < 5; i++)
        ck_assert_int_eq(dredis_limit_take(redis, name, &limit, 1, &v, &err), 1);
    int64_t start = diesel_now();
    int may = dredis_limit_take(redis, name, &limit, 1, &v, &err);
    if (may == 0) { /* else a tenth of a second has passed meanwhile */
        ck_assert_int_gt(v.retry_ms, 0);
        ck_assert_int_le(v.retry_ms, 100);
        ck_assert_int_eq(v.left, 0);
    }
    for (int i = 0; i < 5; i++)
        assert_ok(dredis_limit_await(redis, name, &limit, 1, &err));
    ck_assert_int_ge(diesel_now() - start, 300);
    assert_fails(dredis_limit_await(redis, name, &limit, 6, &err), DIESEL_E_INVAL);
    assert_fails(dredis_limit_take(redis, name, &(dredis_limit){0}, 1, &v, &err),
                 DIESEL_E_INVAL);
    ck_assert_int_gt(number("PTTL", name), 0);
    close_it();
    return 0;
}
END_TEST

/* --- Queues */

FIBER_TEST(jobs_are_taken_in_order_and_finished)
{
    diesel_error err;
    dredis_job job, other;
    open_it("queue");
    dredis_queue *q = dredis_queue_open(redis, name, NULL, &err);
    assert_made(q);
    for (int i = 0; i < 3; i++)
        assert_ok(dredis_queue_push(q, i, &err));
    ck_assert_int_eq(dredis_queue_take(q, &job, DIESEL_FOREVER, &err), 1);
    ck_assert_str_eq(job.data, "0");
    ck_assert_int_eq(dredis_queue_take(q, &other, DIESEL_FOREVER, &err), 1);
    ck_assert_str_eq(other.data, "1");
    assert_ok(dredis_queue_done(q, &job, &err));
    assert_ok(dredis_queue_return(q, &other, &err));
    ck_assert_int_eq(dredis_queue_take(q, &job, DIESEL_FOREVER, &err), 1);
    ck_assert_str_eq(job.data, "1");
    assert_ok(dredis_queue_done(q, &job, &err));
    ck_assert_int_eq(dredis_queue_take(q, &job, DIESEL_FOREVER, &err), 1);
    assert_ok(dredis_queue_done(q, &job, &err));
    assert_fails(dredis_queue_take(q, &job, DIESEL_NOW, &err), DIESEL_E_TIMEDOUT);
    assert_fails(dredis_queue_take(q, &job, diesel_now() + 20, &err),
                 DIESEL_E_TIMEDOUT);
    dredis_queue_close(q);
    ck_assert_int_eq(number("EXISTS", name), 0);
    close_it();
    return 0;
}
END_TEST

FIBER_TEST(what_a_cancelled_take_got_is_not_lost)
{
    enum { JOBS = 50 };
    diesel_error err;
    dredis_job job;
    open_it("cancel");
    dredis_queue *q = dredis_queue_open(redis, name, NULL, &err);
    assert_made(q);
    for (int i = 0; i < JOBS; i++)
        assert_ok(dredis_queue_push(q, i, &err));
    for (int i = 0; i < 100; i++) {
        diesel_scope *scope =
            diesel_scope_open(&(diesel_scope_options){.timeout_ms = i % 3});
        if (i % 3 == 0)
            diesel_scope_cancel(scope);
        int got = dredis_queue_take(q, &job, DIESEL_FOREVER, &err);
        diesel_scope_wait(scope, NULL);
        if (got > 0)
            assert_ok(dredis_queue_return(q, &job, &err));
    }
    bool seen[JOBS] = {false};
    for (int i = 0; i < JOBS; i++) {
        ck_assert_int_eq(dredis_queue_take(q, &job, diesel_now() + 20000, &err), 1);
        ck_assert(!seen[atoi(job.data)]);
        seen[atoi(job.data)] = true;
        assert_ok(dredis_queue_done(q, &job, &err));
    }
    dredis_queue_close(q);
    close_it();
    return 0;
}
END_TEST

/* A worker in a process of its own that takes a job and is killed. */
static int take_and_hang(void *arg)
{
    diesel_error err;
    dredis_job job;
    const int *told = arg; /* no check here: this is no test */
    redis = dredis_open(getenv("DIESEL_TEST_REDIS_URL"), NULL, &err);
    snprintf(name, sizeof name, "diesel:test:%d:%s", (int)getppid(), "killed");
    dredis_queue *q =
        redis != NULL
            ? dredis_queue_open(redis, name,
                                &(dredis_queue_options){.lease_ms = 300}, &err)
            : NULL;
    if (q == NULL || dredis_queue_take(q, &job, DIESEL_FOREVER, &err) < 0 ||
        write(*told, "x", 1) != 1)
        abort();
    diesel_sleep(1000000, NULL);
    return 0;
}

FIBER_TEST(the_job_of_a_killed_worker_is_given_to_another)
{
    diesel_error err;
    dredis_job job;
    int told[2];
    char byte;
    open_it("killed");
    run("RPUSH", name, "precious");
    ck_assert_int_eq(pipe(told), 0);
    fflush(NULL);
    char *self[] = {(char[]){"/proc/self/exe"}, (char[]){"take-and-hang"}, NULL};
    pid_t child = fork();
    if (child == 0) {
        char fd[16];
        snprintf(fd, sizeof fd, "%d", told[1]);
        setenv("DIESEL_TEST_TOLD", fd, 1);
        execv(self[0], self);
        _exit(127);
    }
    close(told[1]);
    ck_assert_int_eq(read(told[0], &byte, 1), 1);
    kill(child, SIGKILL);
    ck_assert_int_eq(waitpid(child, NULL, 0), child);
    close(told[0]);
    dredis_queue *q = dredis_queue_open(
        redis, name, &(dredis_queue_options){.lease_ms = 300}, &err);
    assert_made(q);
    ck_assert_int_eq(dredis_queue_take(q, &job, DIESEL_FOREVER, &err), 1);
    ck_assert_str_eq(job.data, "precious");
    assert_ok(dredis_queue_done(q, &job, &err));
    dredis_queue_close(q);
    close_it();
    return 0;
}
END_TEST

/* --- Workers */

struct handled {
    dredis_worker *worker;
    int count, stop_at;
    bool fail_odd;
    int64_t deliveries;
};

static int handle(void *arg, const dredis_entry *entry)
{
    struct handled *handled = arg;
    const dredis_reply *n = dredis_entry_field(entry, "n");
    handled->deliveries = entry->deliveries;
    ck_assert_ptr_null(dredis_entry_field(entry, "none"));
    if (n != NULL && handled->fail_odd && atoi(n->str) % 2 != 0)
        return -1;
    if (++handled->count == handled->stop_at)
        dredis_worker_stop(handled->worker);
    return n != NULL ? 0 : -1;
}

static int run_worker(void *arg)
{
    diesel_error err;
    return dredis_worker_run(arg, &err) < 0 ? diesel_fail(&err) : 0;
}

FIBER_TEST(entries_are_handled_acknowledged_and_trimmed)
{
    diesel_error err;
    struct handled handled = {.stop_at = 50};
    open_it("stream");
    for (int i = 0; i < 50; i++)
        run("XADD", name, "*", "n", i);
    assert_made(handled.worker = dredis_worker_new(
                    redis, name, "g", "c",
                    &(dredis_worker_options){.from_start = true,
                                             .parallel = row == 1,
                                             .batch = 7,
                                             .max_length = 1000},
                    handle, &handled, &err));
    assert_ok(dredis_worker_run(handled.worker, &err));
    ck_assert_int_eq(handled.count, 50);
    ck_assert_uint_eq(dredis_worker_stats_of(handled.worker).handled, 50);
    dredis_worker_free(handled.worker);
    dredis_reply *pending = dredis_call(redis, &err, "XPENDING", name, "g");
    ck_assert_int_eq(pending->element[0].integer, 0);
    dredis_reply_free(pending);
    close_it();
    return 0;
}
END_TEST

FIBER_TEST(what_fails_too_often_becomes_a_dead_letter)
{
    diesel_error err;
    struct handled handled = {.fail_odd = true};
    char dead[100];
    open_it("dead");
    for (int i = 0; i < 4; i++)
        run("XADD", name, "*", "n", i);
    assert_made(handled.worker = dredis_worker_new(
                    redis, name, "g", "c",
                    &(dredis_worker_options){.from_start = true,
                                             .idle_ms = 1,
                                             .claim_every_ms = 5,
                                             .max_deliveries = 3},
                    handle, &handled, &err));
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(scope, run_worker, handled.worker);
    await_that(dredis_worker_stats_of(handled.worker).dead == 2);
    dredis_worker_stop(handled.worker);
    assert_ok(diesel_scope_wait(scope, &err));
    ck_assert_int_eq(handled.count, 2);
    ck_assert_uint_eq(dredis_worker_stats_of(handled.worker).failed, 2 * 3);
    dredis_worker_free(handled.worker);
    snprintf(dead, sizeof dead, "%s:dead", name);
    dredis_reply *letters = dredis_call(redis, &err, "XRANGE", dead, "-", "+");
    ck_assert_uint_eq(letters->elements, 2);
    const dredis_reply *fields = &letters->element[0].element[1];
    ck_assert_uint_eq(fields->elements, 8);
    ck_assert_str_eq(fields->element[1].str, "1");
    ck_assert_str_eq(fields->element[2].str, "dead:id");
    ck_assert_str_eq(fields->element[7].str, "4");
    dredis_reply_free(letters);
    close_it();
    return 0;
}
END_TEST

FIBER_TEST(the_entries_of_a_dead_consumer_are_claimed)
{
    diesel_error err;
    struct handled handled = {.stop_at = 3};
    open_it("claim");
    for (int i = 0; i < 3; i++)
        run("XADD", name, "*", "n", i);
    run("XGROUP", "CREATE", name, "g", "0");
    run("XREADGROUP", "GROUP", "g", "dead", "COUNT", 2, "STREAMS", name, ">");
    assert_made(handled.worker = dredis_worker_new(
                    redis, name, "g", "alive",
                    &(dredis_worker_options){.idle_ms = 10, .claim_every_ms = 5},
                    handle, &handled, &err));
    assert_ok(dredis_worker_run(handled.worker, &err));
    ck_assert_int_eq(handled.count, 3);
    ck_assert_uint_eq(dredis_worker_stats_of(handled.worker).claimed, 2);
    dredis_worker_free(handled.worker);
    close_it();
    return 0;
}
END_TEST

FIBER_TEST(a_stop_ends_the_waiting_and_a_cancellation_too)
{
    diesel_error err;
    struct handled handled = {0};
    open_it("stop");
    for (int i = 0; i < 2; i++) {
        assert_made(handled.worker =
                        dredis_worker_new(redis, name, "g", "c", NULL, handle,
                                          &handled, &err));
        diesel_scope *scope = diesel_scope_open(NULL);
        diesel_go(scope, run_worker, handled.worker);
        assert_ok(diesel_sleep(20, &err));
        if (i == 0)
            dredis_worker_stop(handled.worker);
        else
            diesel_scope_cancel(scope);
        assert_ok(diesel_scope_wait(scope, &err));
        dredis_worker_free(handled.worker);
    }
    close_it();
    return 0;
}
END_TEST

int main(void)
{
    if (getenv("DIESEL_TEST_REDIS_URL") == NULL) {
        printf("skipped: DIESEL_TEST_REDIS_URL names no Redis server\n");
        return 77;
    }
    if (getenv("DIESEL_TEST_TOLD") != NULL) {
        int told = atoi(getenv("DIESEL_TEST_TOLD"));
        return diesel_run(take_and_hang, &told, NULL, NULL) < 0;
    }
    Suite *suite = suite_create("live redis helpers");
    test_case(suite, "locks", a_lock_has_one_holder_and_growing_tokens,
              a_crowd_enters_one_by_one,
              who_waits_hears_that_a_lock_is_given_back, a_lock_is_extended_and_its_loss_is_told,
              most_of_several_servers_must_grant_a_lock);
    test_case(suite, "limits", a_limit_allows_a_burst_and_then_the_rate);
    test_case(suite, "queues", jobs_are_taken_in_order_and_finished,
              what_a_cancelled_take_got_is_not_lost,
              the_job_of_a_killed_worker_is_given_to_another);
    test_case_rows(suite, "workers", entries_are_handled_acknowledged_and_trimmed,
                   2);
    test_case(suite, "more workers", what_fails_too_often_becomes_a_dead_letter,
              the_entries_of_a_dead_consumer_are_claimed,
              a_stop_ends_the_waiting_and_a_cancellation_too);
    return test_suite_run(suite);
}

/* SPDX-License-Identifier: MIT */
/*
 * Fault loops over the core: a scenario is run with the n-th allocation failing,
 * and with its scope cancelled at the n-th turn, for n = 1, 2, 3 ... until the
 * fault comes too late to matter. Each run must end, with success or a filled
 * error, and leave no memory and no descriptor behind.
 */
#include <stdint.h>

#include "faulty_memory.h"
#include "test_util.h"

/* --- The scenarios: what a program does, in one fiber and in several. */

static int sleeps(void *arg)
{
    diesel_error err;
    (void)arg;
    diesel_scope *scope =
        diesel_scope_open(&(diesel_scope_options){.timeout_ms = 60000});
    int result = diesel_sleep(1, &err);
    if (result == 0)
        result = diesel_sleep(1, &err);
    if (diesel_scope_wait(scope, &err) < 0)
        result = -1;
    return result < 0 ? diesel_fail(&err) : 0;
}

static int nests(void *arg)
{
    diesel_error err;
    (void)arg;
    diesel_scope *outer = diesel_scope_open(NULL);
    diesel_go(outer, sleeps, NULL);
    diesel_scope *inner = diesel_scope_open(NULL);
    for (int i = 0; i < 40; i++) /* more stacks than the first piece has */
        diesel_go(inner, sleeps, NULL);
    int result = diesel_scope_wait(inner, &err);
    if (diesel_scope_wait(outer, &err) < 0)
        result = -1;
    return result < 0 ? diesel_fail(&err) : 0;
}

static int produces(void *arg)
{
    diesel_error err;
    int result = 0;
    for (int i = 0; i < 5 && result == 0; i++)
        result = diesel_channel_send(arg, &i, DIESEL_FOREVER, &err);
    if (result == 0)
        diesel_channel_close(arg);
    return result < 0 ? diesel_fail(&err) : 0;
}

static int passes_items(void *arg)
{
    diesel_error err;
    int item, got = 0;
    (void)arg;
    diesel_channel *channel = diesel_channel_new(sizeof item, 1, &err);
    if (channel == NULL)
        return diesel_fail(&err);
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(scope, produces, channel);
    while (scope != NULL &&
           (got = diesel_channel_recv(channel, &item, DIESEL_FOREVER, &err)) > 0)
        ;
    if (got < 0)
        diesel_scope_cancel(scope);
    if (diesel_scope_wait(scope, &err) < 0)
        got = -1;
    diesel_channel_free(channel);
    return got < 0 ? diesel_fail(&err) : 0;
}

static int echoes(void *arg)
{
    diesel_error err;
    diesel_stream *peer = diesel_accept(arg, DIESEL_FOREVER, &err);
    if (peer == NULL)
        return diesel_fail(&err);
    char buf[4096];
    ssize_t got;
    while ((got = diesel_stream_read(peer, buf, sizeof buf, DIESEL_FOREVER,
                                     &err)) > 0) {
        void *room = diesel_stream_reserve(peer, (size_t)got, &err);
        if (room == NULL) {
            got = -1;
            break;
        }
        memcpy(room, buf, (size_t)got);
        diesel_stream_commit(peer, (size_t)got);
        if (diesel_stream_drain(peer, 1000, DIESEL_FOREVER, &err) < 0) {
            got = -1;
            break;
        }
    }
    diesel_stream_close(peer);
    return got < 0 ? diesel_fail(&err) : 0;
}

static int talk(diesel_stream *stream, diesel_error *err)
{
    static char question[30000], answer[30000];
    int result = diesel_stream_write(stream, "hello", 5, DIESEL_FOREVER, err);
    if (result == 0)
        result = diesel_stream_read_exactly(stream, answer, 5, DIESEL_FOREVER,
                                            err);
    if (result == 0)
        result = diesel_stream_write(stream, question, sizeof question,
                                     DIESEL_FOREVER, err);
    if (result == 0)
        result = diesel_stream_read_exactly(stream, answer, sizeof answer,
                                            DIESEL_FOREVER, err);
    return result;
}

/* Which way its client connects. */
static diesel_stream *connect_to(diesel_listener *listener, const char *path,
                                 diesel_error *err)
{
    if (path != NULL)
        return diesel_unix_connect(path, DIESEL_FOREVER, err);
    return diesel_tcp_connect("localhost", diesel_listener_port(listener), NULL,
                              DIESEL_FOREVER, err);
}

static int converse(const char *path)
{
    diesel_error err;
    int result = -1;
    diesel_listener *listener =
        path != NULL ? diesel_unix_listen(path, NULL, &err)
                     : diesel_tcp_listen("127.0.0.1", 0, NULL, &err);
    if (listener == NULL)
        return diesel_fail(&err);
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(scope, echoes, listener);
    diesel_stream *stream = connect_to(listener, path, &err);
    if (stream != NULL)
        result = scope != NULL ? talk(stream, &err) : 0;
    diesel_stream_close(stream);
    if (result < 0)
        diesel_scope_cancel(scope);
    if (diesel_scope_wait(scope, &err) < 0)
        result = -1;
    diesel_listener_close(listener);
    return result < 0 ? diesel_fail(&err) : 0;
}

static int talks_over_tcp(void *arg)
{
    (void)arg;
    return converse(NULL);
}

static int talks_over_a_unix_socket(void *arg)
{
    (void)arg;
    char path[108];
    snprintf(path, sizeof path, "%s", test_path("talk"));
    return converse(path);
}

static diesel_fn *const scenarios[] = {sleeps, nests, passes_items,
                                       talks_over_tcp,
                                       talks_over_a_unix_socket};

/* --- Memory that ends at the n-th allocation. */

START_TEST(any_allocation_may_fail)
{
    diesel_allocator_set(&faulty_memory);
    int fds = test_open_fds();
    for (long n = 1;; n++) {
        diesel_error err;
        test_error_wipe(&err);
        faulty_memory_fail(n);
        int result = diesel_run(scenarios[_i], NULL, NULL, &err);
        ck_assert_msg(faulty_alive == 0,
                      "%ld blocks left after failing the %ld.", faulty_alive,
                      n);
        ck_assert_int_eq(test_open_fds(), fds);
        if (result < 0)
            test_message_is_sound(&err);
        if (faulty_allocations < n) {
            ck_assert_int_eq(result, 0);
            ck_assert_int_gt(n, 5); /* there was something to fail */
            break;
        }
        if (result < 0)
            ck_assert_msg(err.code == DIESEL_E_NOMEM ||
                              err.code == DIESEL_E_CLOSED ||
                              err.code == DIESEL_E_RESOLVE,
                          "failing the %ld. gave %s: %s", n,
                          diesel_error_name(err.code), err.message);
    }
}
END_TEST

/* --- Cancelled at the n-th turn. */

struct attempt {
    diesel_fn *scenario;
    long turns; /* left until it is cancelled */
    bool ended;
};

static int run_scenario(void *arg)
{
    struct attempt *attempt = arg;
    int result = attempt->scenario(NULL);
    attempt->ended = true;
    return result;
}

static int cancel_in_time(void *arg)
{
    struct attempt *attempt = arg;
    diesel_error err;
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(scope, run_scenario, attempt);
    diesel_scope *shield =
        diesel_scope_open(&(diesel_scope_options){.shield = true});
    while (attempt->turns > 0 && !attempt->ended) {
        attempt->turns--;
        if (diesel_yield(&err) < 0)
            break;
    }
    diesel_scope_cancel(scope);
    int result = diesel_scope_wait(shield, &err);
    if (result == 0)
        result = diesel_scope_wait(scope, &err);
    else
        (void)diesel_scope_wait(scope, NULL);
    return result < 0 ? diesel_fail(&err) : 0;
}

START_TEST(a_scope_may_be_cancelled_at_any_turn)
{
    diesel_allocator_set(&faulty_memory);
    int fds = test_open_fds();
    long most = test_many(3000, 300);
    for (long n = 0; n < most; n++) {
        struct attempt attempt = {.scenario = scenarios[_i], .turns = n};
        diesel_error err;
        test_error_wipe(&err);
        faulty_memory_fail(0);
        /* Being cancelled is no failure, so the run is always well. */
        assert_ok(diesel_run(cancel_in_time, &attempt, NULL, &err));
        ck_assert(attempt.ended);
        ck_assert_msg(faulty_alive == 0,
                      "%ld blocks left, cancelled at turn %ld", faulty_alive,
                      n);
        ck_assert_int_eq(test_open_fds(), fds);
        if (attempt.turns > 0)
            break; /* it was done before its time came */
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("faults");
    test_case_rows(suite, "memory", any_allocation_may_fail,
                   TEST_COUNT(scenarios));
    test_case_rows(suite, "cancellation", a_scope_may_be_cancelled_at_any_turn,
                   TEST_COUNT(scenarios));
    return test_suite_run(suite);
}

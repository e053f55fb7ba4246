/* SPDX-License-Identifier: MIT */
/*
 * The client: it decides over which connection a request goes, keeps the shared one
 * alive, and repeats what surely was not sent.
 *
 * A fiber of its own, the keeper, reads the shared connection. When that breaks, it
 * connects again if a command waits for it, and ends otherwise; the next command
 * starts it again. So a client that nobody uses does nothing.
 *
 *     connected --(breaks)--> does anyone wait? --no--> no keeper
 *         ^                        | yes                   |
 *         |                        v                       | a command
 *         +----------------- connecting <------------------+
 *                             |      ^
 *                             +------+  failed: a pause of random length, longer
 *                                       after each failure
 *
 * A command waits for a new connection until its scope ends it or for
 * reconnect_timeout_ms in all, and then fails with what the last attempt said.
 * What more attempts cannot mend (a wrong password) fails at once.
 *
 * Invariants:
 * 1. Only the keeper, and dredis_open() before it, sets `shared`.
 * 2. `refs` holds the memory for calls that are still inside when the client is
 *    closed; they notice `closed` before they touch a connection.
 */
#include "client_internal.h"

#include <inttypes.h>
#include <time.h>

#include <diesel/fiber.h>
#include <diesel/memory.h>
#include <diesel/time.h>

#include "reply_internal.h"

#define BUFFER_SIZE (64 * 1024)

/* What wakes those who wait for a connection. */
enum { CONNECTED, FAILED };

static int is_closed(diesel_error *err)
{
    return diesel_error_set(err, DIESEL_E_CLOSED, DIESEL_DOM_CORE, 0,
                            "the client has been closed");
}

static inline void leave(dredis *client)
{
    if (__builtin_expect(--client->refs > 0, 1))
        return;
    dredis__config_clear(&client->config);
    diesel_free(client);
}

/* A random number below n (xorshift64*). */
static int64_t random_below(dredis *client, int64_t n)
{
    uint64_t x = client->random;
    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    client->random = x;
    return (int64_t)((x * 0x2545F4914F6CDD1Du >> 11) % (uint64_t)n);
}

static uint64_t random_seed(const dredis *client)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return ((uint64_t)now.tv_sec << 30 ^ (uint64_t)now.tv_nsec ^
            (uint64_t)(uintptr_t)client << 8) | 1;
}

/* How long to wait after an attempt that failed: full jitter. */
static int64_t pause_ms(dredis *client)
{
    const dredis__config *config = &client->config;
    int64_t most = config->backoff_ms;
    for (unsigned i = 1; i < client->attempts && most < config->backoff_max_ms;
         i++)
        most *= 2;
    if (most > config->backoff_max_ms)
        most = config->backoff_max_ms;
    return random_below(client, most + 1);
}

/* Whether another attempt may well end otherwise. */
static bool is_passing(const diesel_error *failure)
{
    switch (failure->code) {
    case DIESEL_E_AUTH:
    case DIESEL_E_PROTOCOL:
    case DIESEL_E_INVAL:
    case DIESEL_E_CANCELLED:
        return false;
    case DIESEL_E_SERVER:
        return failure->detail == DREDIS_ERR_LOADING ||
               failure->detail == DREDIS_ERR_BUSY;
    default:
        return true;
    }
}

static void note_failure(dredis *client)
{
    client->attempts++;
    client->next_attempt = diesel_now() + pause_ms(client);
    client->failure.flags |= DIESEL_EF_RETRYABLE;
    if (!is_passing(&client->failure)) {
        client->failure.flags = 0;
        dredis__queue_wake_all(&client->waiting, FAILED);
    }
}

/* Connects again, as long as somebody wants it: 0, or -1: nobody does any more. */
static int reconnect(dredis *client)
{
    while (client->wanted || !dredis__queue_is_empty(&client->waiting)) {
        int64_t now = diesel_now();
        if (client->attempts > 0 && now < client->next_attempt &&
            diesel_sleep(client->next_attempt - now, &client->failure) < 0)
            break;
        client->wanted = false;
        client->shared = dredis__connection_open(
            &client->config, BUFFER_SIZE, &client->stats, &client->failure);
        if (client->shared != NULL) {
            client->attempts = 0;
            dredis__queue_wake_all(&client->waiting, CONNECTED);
            return 0;
        }
        if (diesel_check(NULL) < 0)
            break;
        note_failure(client);
    }
    if (diesel_check(NULL) < 0)
        is_closed(&client->failure);
    dredis__queue_wake_all(&client->waiting, FAILED);
    return -1;
}

/* The keeper. */
static int keep(void *arg)
{
    dredis *client = arg;
    while (client->shared != NULL || reconnect(client) == 0) {
        dredis__connection_serve(client->shared);
        dredis__connection_leave(client->shared);
        client->shared = NULL;
    }
    client->keeping = false;
    return 0;
}

static int start_keeper(dredis *client, diesel_error *err)
{
    if (client->keeping)
        return 0;
    client->keeping = true;
    if (diesel_go_labelled(client->scope, "redis keeper", keep, client) == 0)
        return 0;
    client->keeping = false;
    return diesel_error_nomem(err, "the keeper of a Redis client");
}

dredis *dredis_open(const char *url, const dredis_options *options,
                    diesel_error *err)
{
    dredis *client = diesel_calloc(1, sizeof *client);
    if (client == NULL) {
        diesel_error_nomem(err, "a Redis client");
        return NULL;
    }
    client->refs = 1;
    dredis__queue_init(&client->waiting);
    client->random = random_seed(client);
    if (dredis__config_init(&client->config, url, options, err) < 0) {
        diesel_error_prefix(err, "redis");
        goto fail;
    }
    client->shared = dredis__connection_open(&client->config, BUFFER_SIZE,
                                             &client->stats, err);
    if (client->shared == NULL) {
        diesel_error_prefix(err, "redis %s", client->config.name);
        goto fail;
    }
    client->scope = diesel_scope_open(
        &(diesel_scope_options){.label = "redis", .detached = true});
    dredis__spares_open();
    if (start_keeper(client, err) == 0)
        return client;

    dredis_close(client);
    return NULL;

fail:
    leave(client);
    return NULL;
}

void dredis_close(dredis *client)
{
    if (client == NULL)
        return;
    diesel_error why;
    is_closed(&why);
    client->closed = true;
    client->failure = why;
    dredis__queue_wake_all(&client->waiting, FAILED);
    if (client->shared != NULL)
        dredis__connection_break(client->shared, &why);
    dredis__dedicated_close(client, &why);
    diesel_scope_cancel(client->scope);
    diesel_scope_wait(client->scope, NULL);
    if (client->shared != NULL) /* the keeper could not even be started */
        dredis__connection_leave(client->shared);
    client->shared = NULL;
    dredis__spares_close();
    leave(client);
}

const char *dredis_name(const dredis *client)
{
    return client->config.name;
}

static bool is_connected(const dredis *client)
{
    return client->shared != NULL &&
           !dredis__connection_is_broken(client->shared);
}

dredis_stats dredis_stats_of(const dredis *client)
{
    dredis_stats stats = client->stats;
    if (is_connected(client)) {
        stats.pending = client->shared->pending;
        stats.resp = client->shared->resp;
    }
    return stats;
}

/* Why there was no connection in time. The scope's end comes first in the message,
 * if that was it; otherwise the last attempt's failure is the error. */
static int no_connection(const dredis *client, diesel_error *err)
{
    const diesel_error *last = &client->failure;
    if (err == NULL)
        return -1;
    if (diesel_check(NULL) < 0) {
        if (client->attempts > 0)
            diesel_error_set(err, err->code, err->domain, err->detail,
                             "%s; the last attempt: %s", err->message,
                             last->message);
        return -1;
    }
    if (client->attempts > 0) {
        *err = *last;
        diesel_error_prefix(err, "no connection after %u attempt%s",
                            client->attempts, client->attempts == 1 ? "" : "s");
    } else if (client->config.reconnect_timeout_ms < 0) {
        diesel_error_set(err, DIESEL_E_CLOSED, DIESEL_DOM_CORE, 0,
                         "there is no connection at present");
    }
    err->flags |= DIESEL_EF_RETRYABLE;
    return -1;
}

/* Waits until there is a shared connection: 0 or -1. */
static int await_connection(dredis *client, dredis__request *request,
                            diesel_error *err)
{
    int64_t patience = client->config.reconnect_timeout_ms;
    int64_t now = diesel_now();
    if (request->until == 0)
        request->until = now + (patience > 0 ? patience : 0);
    client->wanted = true;
    if (start_keeper(client, err) < 0)
        return -1;
    int woken = dredis__queue_park(&client->waiting, false, "a connection",
                                   request->until, err);
    if (woken == FAILED && err != NULL)
        *err = client->failure;
    if (woken < 0)
        return no_connection(client, err);
    return woken == CONNECTED ? 0 : -1;
}

/* One attempt when the common way is not open: 0, -1, or DREDIS__AGAIN. */
static __attribute__((noinline)) int attempt(dredis *client,
                                             dredis__request *request,
                                             dredis__route route,
                                             diesel_error *err)
{
    if (client->closed)
        return is_closed(err);
    if (!is_connected(client))
        return await_connection(client, request, err) < 0 ? -1 : DREDIS__AGAIN;
    if (route == DREDIS__SHARED)
        return dredis__connection_call(client->shared, request, err);
    return dredis__dedicated_call(client, request, err);
}

int dredis__run(dredis *client, dredis__request *request, dredis__route route,
                diesel_error *err)
{
    if (diesel_check(err) < 0)
        return -1;
    int result = DREDIS__AGAIN;
    client->refs++;
    if (__builtin_expect(route == DREDIS__SHARED && is_connected(client), 1))
        result = dredis__connection_call(client->shared, request, err);
    while (__builtin_expect(result == DREDIS__AGAIN, 0))
        result = attempt(client, request, route, err);
    leave(client);
    return result;
}

/* SPDX-License-Identifier: MIT */
/*
 * The client: it decides over which connection a request goes, and repeats what
 * surely was not sent, and what may as well be sent twice.
 *
 * Most requests go over the shared connections, the lanes, in turn; a lane that is
 * not connected is passed over as long as another one is. What would hold up the
 * others goes over a connection of its own, see dedicated.c.
 *
 * Invariant: `refs` holds the memory for calls that are still inside when the
 * client is closed; they notice `closed` before they touch a connection.
 */
#include "client_internal.h"

#include <time.h>

#include <diesel/fiber.h>
#include <diesel/memory.h>
#include <diesel/time.h>

#include "command_internal.h"
#include "console_internal.h"
#include "hub_internal.h"
#include "reply_internal.h"
#include "watch_internal.h"

int dredis__client_closed(diesel_error *err)
{
    return diesel_error_set(err, DIESEL_E_CLOSED, DIESEL_DOM_CORE, 0,
                            "the client has been closed");
}

static __attribute__((noinline)) void free_client(dredis *client)
{
    dredis__config_clear(&client->config);
    diesel_free(client->lanes);
    diesel_free(client);
}

static inline void leave(dredis *client)
{
    if (__builtin_expect(--client->refs == 0, 0))
        free_client(client);
}

void dredis__client_leave(dredis *client)
{
    leave(client);
}

/* xorshift64* */
int64_t dredis__client_random(dredis *client, int64_t n)
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

int64_t dredis__client_pause(dredis *client, unsigned failures)
{
    const dredis__config *config = &client->config;
    int64_t most = config->backoff_ms;
    for (unsigned i = 0; i < failures && most < config->backoff_max_ms; i++)
        most *= 2;
    if (most > config->backoff_max_ms)
        most = config->backoff_max_ms;
    return dredis__client_random(client, most + 1);
}

int64_t dredis__client_until(const dredis *client, dredis__request *request)
{
    int64_t patience = client->config.reconnect_timeout_ms;
    if (request->until == 0)
        request->until = diesel_now() + (patience > 0 ? patience : 0);
    return request->until;
}

static int make_lanes(dredis *client, diesel_error *err)
{
    size_t n = client->config.connections;
    client->lanes = diesel_realloc_array(NULL, n, sizeof *client->lanes);
    if (client->lanes == NULL)
        return diesel_error_nomem(err, "a Redis client");
    for (size_t i = 0; i < n; i++)
        dredis__lane_init(&client->lanes[i], client);
    if (dredis__lane_connect(&client->lanes[0], err) == 0)
        return 0;
    diesel_error_prefix(err, "redis %s", client->config.name);
    return -1;
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
    dredis__queue_init(&client->dedicated_waiting);
    client->random = random_seed(client);
    if (dredis__config_init(&client->config, url, options, err) < 0) {
        diesel_error_prefix(err, "redis");
        goto fail;
    }
    if (make_lanes(client, err) < 0)
        goto fail;
    client->scope = diesel_scope_open(
        &(diesel_scope_options){.label = "redis", .detached = true});
    dredis__spares_open();
    client->shown = dredis__console_add(dredis__console_client, client, err);
    if (client->shown != NULL && dredis__lane_start(&client->lanes[0], err) == 0 &&
        dredis__credentials_keep(client, err) == 0)
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
    dredis__client_closed(&why);
    client->closed = true;
    diesel_console_remove(client->shown);
    for (size_t i = 0; i < client->config.connections; i++)
        dredis__lane_close(&client->lanes[i], &why);
    dredis__dedicated_close(client, &why);
    if (client->hub != NULL)
        dredis__hub_close(client->hub, &why);
    diesel_scope_cancel(client->scope);
    diesel_scope_wait(client->scope, NULL);
    for (size_t i = 0; i < client->config.connections; i++)
        dredis__lane_clear(&client->lanes[i]);
    if (client->hub != NULL)
        dredis__hub_leave(client->hub);
    client->hub = NULL;
    dredis__spares_close();
    leave(client);
}

const char *dredis_name(const dredis *client)
{
    return client->config.name;
}

dredis_stats dredis_stats_of(const dredis *client)
{
    dredis_stats stats = client->stats;
    for (size_t i = client->config.connections; i-- > 0;) {
        const dredis__lane *lane = &client->lanes[i];
        if (!dredis__lane_is_connected(lane))
            continue;
        stats.pending += lane->connection->pending;
        stats.resp = lane->connection->resp;
    }
    return stats;
}

/* The lane whose turn it is. It is asked to connect if it is not, and another one
 * that is connected takes its place. */
static __attribute__((noinline)) dredis__lane *next_lane(dredis *client)
{
    size_t n = client->config.connections;
    dredis__lane *lane = &client->lanes[client->turn++ % n];
    if (dredis__lane_is_connected(lane))
        return lane;
    for (size_t i = 0; i < n; i++) {
        if (!dredis__lane_is_connected(&client->lanes[i]))
            continue;
        if (diesel_now() >= lane->next_attempt) {
            lane->wanted = true;
            (void)dredis__lane_start(lane, NULL); /* the next turn tries again */
        }
        return &client->lanes[i];
    }
    return lane;
}

static inline dredis__lane *choose_lane(dredis *client)
{
    if (__builtin_expect(client->config.connections == 1, 1))
        return client->lanes;
    return next_lane(client);
}

/* Whether a request that may have run may be sent again. */
static bool may_repeat(const dredis *client, dredis__request *request)
{
    if (client->closed || request->repeats >= client->config.max_retries)
        return false;
    if (request->repeatable || client->config.repeat_all)
        return true;
    return request->args != NULL
               ? dredis__command_only_reads(request->args, request->n)
               : dredis__batch_only_reads(request->bytes, request->size);
}

/* Forgets the replies that came before the connection broke. */
static void begin_anew(dredis *client, dredis__request *request)
{
    while (request->got > 0) {
        dredis_reply_free(request->replies[--request->got]);
        request->replies[request->got] = NULL;
    }
    request->repeats++;
    client->stats.retries++;
}

/* One attempt when the common way is not open. */
static int attempt(dredis *client, dredis__request *request,
                   dredis__route route, diesel_error *err)
{
    if (client->closed)
        return dredis__client_closed(err);
    dredis__lane *lane = choose_lane(client);
    if (!dredis__lane_is_connected(lane))
        return dredis__lane_await(lane, request, err) < 0 ? -1 : DREDIS__AGAIN;
    if (route == DREDIS__SHARED)
        return dredis__connection_call(lane->connection, request, err);
    return dredis__dedicated_call(client, request, err);
}

/* What is left to do after DREDIS__AGAIN or DREDIS__LOST: 0 or -1. */
static __attribute__((noinline)) int run_on(dredis *client,
                                            dredis__request *request,
                                            dredis__route route, int result,
                                            diesel_error *err)
{
    while (result > 0) {
        if (result == DREDIS__LOST && !may_repeat(client, request))
            return -1;
        if (result == DREDIS__LOST)
            begin_anew(client, request);
        result = attempt(client, request, route, err);
    }
    if (result < 0 && request->repeats > 0 && err != NULL)
        err->flags |= DIESEL_EF_SENT;
    return result;
}

static inline __attribute__((always_inline)) int
run(dredis *client, dredis__request *request, dredis__route route,
    diesel_error *err)
{
    int result = DREDIS__AGAIN;
    client->refs++;
    if (__builtin_expect(route == DREDIS__SHARED && !client->closed, 1)) {
        dredis__lane *lane = choose_lane(client);
        if (__builtin_expect(dredis__lane_is_connected(lane), 1))
            result = dredis__connection_call(lane->connection, request, err);
    }
    if (__builtin_expect(result > 0, 0))
        result = run_on(client, request, route, result, err);
    leave(client);
    return result;
}

static __attribute__((noinline)) int run_watched(dredis *client,
                                                 dredis__request *request,
                                                 dredis__route route,
                                                 diesel_error *err)
{
    dredis__watched w;
    diesel_error why;
    dredis__watch *watch = client->config.watch;
    client->refs++;
    dredis__watch_begin(&w, watch, request);
    int result = run(client, request, route, &why);
    dredis__watch_end(&w, result, &why);
    dredis__watch_stats(watch, &client->stats);
    leave(client);
    if (result != 0 && err != NULL)
        *err = why;
    return result;
}

int dredis__run(dredis *client, dredis__request *request, dredis__route route,
                diesel_error *err)
{
    if (diesel_check(err) < 0)
        return -1;
    if (__builtin_expect(client->config.watch != NULL, 0))
        return run_watched(client, request, route, err);
    return run(client, request, route, err);
}

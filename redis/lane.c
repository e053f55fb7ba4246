/* SPDX-License-Identifier: MIT */
/*
 * A lane: one shared connection, kept alive.
 *
 * A fiber of its own, the keeper, reads the connection. When that breaks, it
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
 * Invariant: only the keeper, and dredis__lane_connect() before it, sets
 * `connection`.
 */
#include "lane_internal.h"

#include <diesel/fiber.h>
#include <diesel/time.h>

#include "client_internal.h"
#include "watch_internal.h"

#define BUFFER_SIZE (64 * 1024)

/* What wakes those who wait for a connection. */
enum { CONNECTED, FAILED };

void dredis__lane_init(dredis__lane *lane, dredis *client)
{
    *lane = (dredis__lane){.client = client};
    dredis__queue_init(&lane->waiting);
}

/* Tells the hooks of a new connection: 0, or -1, and it is gone again. */
static int bring_up(dredis__lane *lane, diesel_error *err)
{
    dredis__connection *c = lane->connection;
    diesel_error why;
    c->hooks = lane->hooks;
    c->hooks_arg = lane->hooks_arg;
    c->takes_all = lane->hooks->takes_all;
    if (lane->hooks->up == NULL || lane->hooks->up(lane->hooks_arg, c, &why) == 0)
        return 0;
    if (err != NULL)
        *err = why;
    dredis__connection_break(c, &why);
    lane->connection = NULL;
    dredis__connection_leave(c);
    if (lane->hooks->down != NULL)
        lane->hooks->down(lane->hooks_arg);
    return -1;
}

int dredis__lane_connect(dredis__lane *lane, diesel_error *err)
{
    dredis *client = lane->client;
    lane->connection = dredis__connection_open(&client->config, BUFFER_SIZE,
                                               &client->stats, err);
    if (lane->connection == NULL)
        return -1;
    if (client->config.watch != NULL)
        dredis__watch_stats(client->config.watch, &client->stats);
    return lane->hooks != NULL ? bring_up(lane, err) : 0;
}

static bool is_wanted(const dredis__lane *lane)
{
    return lane->wanted || !dredis__queue_is_empty(&lane->waiting) ||
           (lane->hooks != NULL && lane->hooks->is_wanted != NULL &&
            lane->hooks->is_wanted(lane->hooks_arg));
}

/* Whether another attempt may well end otherwise. */
static bool is_passing(const diesel_error *failure)
{
    switch (failure->code) {
    case DIESEL_E_AUTH:
    case DIESEL_E_TLS:
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

static void note_failure(dredis__lane *lane)
{
    int64_t pause = dredis__client_pause(lane->client, lane->attempts++);
    lane->next_attempt = diesel_now() + pause;
    lane->failure.flags |= DIESEL_EF_RETRYABLE;
    if (!is_passing(&lane->failure)) {
        lane->failure.flags = 0;
        dredis__queue_wake_all(&lane->waiting, FAILED);
    }
}

/* Connects again, as long as somebody wants it: 0, or -1: nobody does any more. */
static int reconnect(dredis__lane *lane)
{
    while (is_wanted(lane)) {
        int64_t now = diesel_now();
        if (lane->attempts > 0 && now < lane->next_attempt &&
            diesel_sleep(lane->next_attempt - now, &lane->failure) < 0)
            break;
        lane->wanted = false;
        if (dredis__lane_connect(lane, &lane->failure) == 0) {
            lane->attempts = 0;
            lane->client->stats.reconnects++;
            dredis__queue_wake_all(&lane->waiting, CONNECTED);
            return 0;
        }
        if (diesel_check(NULL) < 0)
            break;
        note_failure(lane);
    }
    if (diesel_check(NULL) < 0)
        dredis__client_closed(&lane->failure);
    dredis__queue_wake_all(&lane->waiting, FAILED);
    return -1;
}

/* The keeper. */
static int keep(void *arg)
{
    dredis__lane *lane = arg;
    while (lane->connection != NULL || reconnect(lane) == 0) {
        dredis__connection_serve(lane->connection);
        dredis__connection_leave(lane->connection);
        lane->connection = NULL;
        if (lane->hooks != NULL && lane->hooks->down != NULL)
            lane->hooks->down(lane->hooks_arg);
    }
    lane->keeping = false;
    return 0;
}

int dredis__lane_start(dredis__lane *lane, diesel_error *err)
{
    if (lane->keeping)
        return 0;
    lane->keeping = true;
    diesel_scope *scope = lane->scope != NULL ? lane->scope : lane->client->scope;
    if (diesel_go_labelled(scope, "redis keeper", keep, lane) == 0)
        return 0;
    lane->keeping = false;
    return diesel_error_nomem(err, "the keeper of a Redis client");
}

/* Why there was no connection in time. The scope's end comes first in the message,
 * if that was it; otherwise the last attempt's failure is the error. */
static int no_connection(const dredis__lane *lane, diesel_error *err)
{
    const diesel_error *last = &lane->failure;
    if (err == NULL)
        return -1;
    if (diesel_check(NULL) < 0) {
        if (lane->attempts > 0)
            diesel_error_set(err, err->code, err->domain, err->detail,
                             "%s; the last attempt: %s", err->message,
                             last->message);
        return -1;
    }
    if (lane->attempts > 0) {
        *err = *last;
        diesel_error_prefix(err, "no connection after %u attempt%s",
                            lane->attempts, lane->attempts == 1 ? "" : "s");
    } else if (lane->client->config.reconnect_timeout_ms < 0) {
        diesel_error_set(err, DIESEL_E_CLOSED, DIESEL_DOM_CORE, 0,
                         "there is no connection at present");
    }
    err->flags |= DIESEL_EF_RETRYABLE;
    return -1;
}

int dredis__lane_await(dredis__lane *lane, dredis__request *request,
                       diesel_error *err)
{
    lane->wanted = true;
    if (dredis__lane_start(lane, err) < 0)
        return -1;
    dredis__watch *watch = lane->client->config.watch;
    dredis__watch_waiting(watch, true);
    int woken = dredis__queue_park(&lane->waiting, false, "a connection",
                                   dredis__client_until(lane->client, request),
                                   err);
    dredis__watch_waiting(watch, false);
    if (woken == FAILED && err != NULL)
        *err = lane->failure;
    if (woken < 0)
        return no_connection(lane, err);
    return woken == CONNECTED ? 0 : -1;
}

void dredis__lane_close(dredis__lane *lane, const diesel_error *why)
{
    lane->failure = *why;
    dredis__queue_wake_all(&lane->waiting, FAILED);
    if (lane->connection != NULL)
        dredis__connection_break(lane->connection, why);
}

void dredis__lane_clear(dredis__lane *lane)
{
    if (lane->connection != NULL) /* the keeper could not even be started */
        dredis__connection_leave(lane->connection);
    lane->connection = NULL;
}

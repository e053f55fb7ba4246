/* SPDX-License-Identifier: MIT */
/*
 * Connections for commands that wait inside the server, and would hold up all
 * others behind them, and for what needs a connection to itself for a while. A
 * call takes an idle one or opens another, has it to itself, and gives it back;
 * the caller's own fiber reads the replies. If the call fails, the connection, on
 * which a reply may still come, is thrown away.
 *
 * When as many are busy as may be, a call waits for one for dedicated_wait_ms. An
 * idle one is closed after dedicated_idle_ms by a fiber that lives only while
 * there are idle ones. One that nobody used for dedicated_check_ms must answer a
 * PING before it is used again, since a server may go away without a word.
 */
#include "client_internal.h"

#include <diesel/fiber.h>
#include <diesel/memory.h>
#include <diesel/time.h>

#include "console_internal.h"

#define BUFFER_SIZE (16 * 1024)
#define MOST_IDLE 16

/* What wakes those who wait for one. */
enum { FREED, CLOSED };

struct dredis__dedicated {
    dredis__dedicated *next;
    dredis__connection *connection; /* NULL while it is being opened */
    bool busy;
    bool stale;         /* not to be used again                      */
    int64_t born;       /* when it was opened                        */
    int64_t idle_since; /* when it was given back                    */
};

static void drop(dredis *client, dredis__dedicated *d)
{
    dredis__dedicated **at = &client->dedicated;
    while (*at != d)
        at = &(*at)->next;
    *at = d->next;
    client->stats.dedicated--;
    if (d->connection != NULL)
        dredis__connection_leave(d->connection);
    diesel_free(d);
    if (!dredis__queue_is_empty(&client->dedicated_waiting))
        dredis__queue_wake(&client->dedicated_waiting, FREED);
}

static void close_one(dredis *client, dredis__dedicated *d, const char *text)
{
    diesel_error why;
    diesel_error_set(&why, DIESEL_E_CLOSED, DIESEL_DOM_CORE, 0, "%s", text);
    if (d->connection != NULL)
        dredis__connection_break(d->connection, &why);
    drop(client, d);
}

/* Why an idle connection is not to be used any more, or NULL. */
static const char *reason_to_close(const dredis *client,
                                   const dredis__dedicated *d, int64_t now)
{
    const dredis__config *config = &client->config;
    if (d->stale || dredis__connection_is_broken(d->connection))
        return "the connection is not to be used any more";
    if (diesel_stream_is_readable(d->connection->stream))
        return "the server closed an idle connection";
    if (config->dedicated_life_ms > 0 &&
        now - d->born >= config->dedicated_life_ms)
        return "the connection is as old as it may become";
    if (config->dedicated_idle_ms > 0 &&
        now - d->idle_since >= config->dedicated_idle_ms)
        return "nobody needed the connection";
    return NULL;
}

/* An idle connection of which nothing says that it is dead. */
static dredis__dedicated *find_idle(dredis *client)
{
    int64_t now = diesel_now();
    dredis__dedicated *d = client->dedicated;
    while (d != NULL) {
        dredis__dedicated *next = d->next;
        const char *why = d->busy ? NULL : reason_to_close(client, d, now);
        if (!d->busy && why == NULL)
            return d;
        if (why != NULL)
            close_one(client, d, why);
        d = next;
    }
    return NULL;
}

static dredis__dedicated *open_another(dredis *client, diesel_error *err)
{
    dredis__dedicated *d = diesel_malloc(sizeof *d);
    if (d == NULL) {
        diesel_error_nomem(err, "a connection");
        return NULL;
    }
    *d = (dredis__dedicated){.next = client->dedicated, .busy = true};
    client->dedicated = d;
    client->stats.dedicated++;
    d->connection = dredis__connection_open(&client->config, BUFFER_SIZE,
                                            &client->stats, err);
    if (d->connection != NULL) {
        d->born = diesel_now();
        return d;
    }
    drop(client, d);
    return NULL;
}

/* Waits until one is given back or closed, or fails with LIMIT. */
static int await_one(dredis *client, int64_t deadline, diesel_error *err)
{
    diesel_error why;
    int woken = -1;
    if (client->config.dedicated_wait_ms > 0)
        woken = dredis__queue_park(&client->dedicated_waiting, false,
                                   "a connection of its own", deadline, &why);
    if (woken == FREED)
        return 0;
    if (woken == CLOSED)
        return dredis__client_closed(err);
    if (diesel_check(err) < 0)
        return -1;
    return diesel_error_set(err, DIESEL_E_LIMIT, DIESEL_DOM_CORE, 0,
                            "%zu commands that block are running, which is "
                            "max_dedicated",
                            client->stats.dedicated);
}

/* Whether one that was idle for long still answers; if not, it is closed. */
static bool answers(dredis *client, dredis__dedicated *d)
{
    int64_t check = client->config.dedicated_check_ms, now = diesel_now();
    if (check < 0 || now - d->idle_since < check)
        return true;
    dredis_reply *reply = NULL;
    dredis__request ping = {.bytes = "*1\r\n$4\r\nPING\r\n",
                            .size = sizeof "*1\r\n$4\r\nPING\r\n" - 1,
                            .commands = 1,
                            .replies = &reply};
    int result = dredis__connection_exchange(
        d->connection, &ping, now + client->config.connect_timeout_ms, NULL);
    dredis_reply_free(reply);
    if (result == 0)
        return true;
    drop(client, d); /* the exchange has broken the connection */
    return false;
}

dredis__dedicated *dredis__dedicated_take(dredis *client, diesel_error *err)
{
    int64_t deadline = diesel_now() + client->config.dedicated_wait_ms;
    for (;;) {
        if (client->closed) {
            dredis__client_closed(err);
            return NULL;
        }
        dredis__dedicated *d = find_idle(client);
        if (d != NULL) {
            d->busy = true;
            if (answers(client, d))
                return d;
            if (diesel_check(err) < 0)
                return NULL;
            continue;
        }
        if (client->stats.dedicated < client->config.max_dedicated)
            return open_another(client, err);
        if (await_one(client, deadline, err) < 0)
            return NULL;
    }
}

dredis__connection *dredis__dedicated_connection(dredis__dedicated *d)
{
    return d->connection;
}

static size_t count_idle(const dredis *client)
{
    size_t n = 0;
    for (const dredis__dedicated *d = client->dedicated; d != NULL; d = d->next)
        n += !d->busy;
    return n;
}

/* When the next idle one has been idle for long enough; 0: there is none. */
static int64_t next_end(const dredis *client)
{
    int64_t end = 0;
    for (const dredis__dedicated *d = client->dedicated; d != NULL;
         d = d->next) {
        int64_t its = d->idle_since + client->config.dedicated_idle_ms;
        if (!d->busy && (end == 0 || its < end))
            end = its;
    }
    return end;
}

/* A fiber: closes idle connections in time, and ends with the last of them. */
static int reap(void *arg)
{
    dredis *client = arg;
    int64_t end;
    while ((end = next_end(client)) > 0) {
        int64_t now = diesel_now();
        if (now < end && diesel_sleep(end - now, NULL) < 0)
            break;
        for (dredis__dedicated *d = client->dedicated, *next; d != NULL;
             d = next) {
            next = d->next;
            const char *why =
                d->busy ? NULL : reason_to_close(client, d, diesel_now());
            if (why != NULL)
                close_one(client, d, why);
        }
    }
    client->reaping = false;
    return 0;
}

static void start_reaper(dredis *client)
{
    if (client->reaping || client->config.dedicated_idle_ms <= 0)
        return;
    client->reaping = diesel_go_labelled(client->scope, "redis idle connections",
                                         reap, client) == 0;
}

void dredis__dedicated_give(dredis *client, dredis__dedicated *d, bool clean)
{
    if (!clean || d->stale || client->closed ||
        dredis__connection_is_broken(d->connection) ||
        count_idle(client) >= MOST_IDLE) {
        close_one(client, d, "the connection is not needed any more");
        return;
    }
    d->busy = false;
    d->idle_since = diesel_now();
    start_reaper(client);
    if (!dredis__queue_is_empty(&client->dedicated_waiting))
        dredis__queue_wake(&client->dedicated_waiting, FREED);
}

int dredis__dedicated_call(dredis *client, dredis__request *request,
                           diesel_error *err)
{
    dredis__dedicated *d = dredis__dedicated_take(client, err);
    if (d == NULL)
        return -1;
    int result = DREDIS__AGAIN;
    if (!client->closed) /* it may have been, while this one was opened */
        result = dredis__connection_exchange(d->connection, request,
                                             DIESEL_FOREVER, err);
    dredis__dedicated_give(client, d, true);
    return result;
}

void dredis__dedicated_renew(dredis *client, const char *why)
{
    for (dredis__dedicated *d = client->dedicated, *next; d != NULL; d = next) {
        next = d->next;
        if (d->busy)
            d->stale = true;
        else
            close_one(client, d, why);
    }
}

void dredis__dedicated_close(dredis *client, const diesel_error *why)
{
    dredis__queue_wake_all(&client->dedicated_waiting, CLOSED);
    for (dredis__dedicated *d = client->dedicated, *next; d != NULL; d = next) {
        next = d->next;
        if (d->connection != NULL)
            dredis__connection_break(d->connection, why);
        if (!d->busy)
            drop(client, d); /* else by the call that has it */
    }
}

void dredis__dedicated_show(const dredis *client, diesel_console_page *page)
{
    for (const dredis__dedicated *d = client->dedicated; d != NULL; d = d->next)
        dredis__console_row(
            page, &(dredis__shown){.config = &client->config,
                                   .use = "own",
                                   .state = d->connection == NULL ? "connecting"
                                            : d->busy             ? "busy"
                                                                  : "idle",
                                   .connection = d->connection});
    size_t waiting = dredis__queue_count(&client->dedicated_waiting);
    if (waiting > 0)
        dredis__console_row(page, &(dredis__shown){.config = &client->config,
                                                   .use = "own",
                                                   .state = "wanted",
                                                   .waiting = waiting});
}

/* SPDX-License-Identifier: MIT */
/*
 * Connections for commands that wait inside the server, and would hold up all
 * others behind them. A call takes an idle one or opens another, has it to
 * itself, and gives it back; the caller's own fiber reads the replies. If the call
 * fails, the connection, on which a reply may still come, is thrown away.
 */
#include "client_internal.h"

#include <diesel/memory.h>

#define BUFFER_SIZE (16 * 1024)
#define MOST_IDLE 16

struct dredis__dedicated {
    dredis__dedicated *next;
    dredis__connection *connection; /* NULL while it is being opened */
    bool busy;
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
}

/* An idle connection of which nothing says that it is dead: nothing can be read
 * from it, not even its end. */
static dredis__dedicated *find_idle(dredis *client)
{
    dredis__dedicated *d = client->dedicated;
    while (d != NULL) {
        dredis__dedicated *next = d->next;
        if (!d->busy) {
            if (!diesel_stream_is_readable(d->connection->stream))
                return d;
            diesel_error why;
            diesel_error_set(&why, DIESEL_E_CLOSED, DIESEL_DOM_CORE, 0,
                             "the server closed an idle connection");
            dredis__connection_break(d->connection, &why);
            drop(client, d);
        }
        d = next;
    }
    return NULL;
}

static dredis__dedicated *open_another(dredis *client, diesel_error *err)
{
    if (client->stats.dedicated >= client->config.max_dedicated) {
        diesel_error_set(err, DIESEL_E_LIMIT, DIESEL_DOM_CORE, 0,
                         "%zu commands that block are running, which is "
                         "max_dedicated",
                         client->stats.dedicated);
        return NULL;
    }
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
    if (d->connection != NULL)
        return d;
    drop(client, d);
    return NULL;
}

static size_t count_idle(const dredis *client)
{
    size_t n = 0;
    for (const dredis__dedicated *d = client->dedicated; d != NULL; d = d->next)
        n += !d->busy;
    return n;
}

static void give_back(dredis *client, dredis__dedicated *d)
{
    if (!dredis__connection_is_broken(d->connection) &&
        count_idle(client) < MOST_IDLE && !client->closed) {
        d->busy = false;
        return;
    }
    diesel_error why;
    diesel_error_set(&why, DIESEL_E_CLOSED, DIESEL_DOM_CORE, 0,
                     "the connection is not needed any more");
    dredis__connection_break(d->connection, &why);
    drop(client, d);
}

int dredis__dedicated_call(dredis *client, dredis__request *request,
                           diesel_error *err)
{
    dredis__dedicated *d = find_idle(client);
    if (d == NULL)
        d = open_another(client, err);
    if (d == NULL)
        return -1;
    int result = DREDIS__AGAIN;
    if (!client->closed) { /* it may have been, while this one was opened */
        d->busy = true;
        result = dredis__connection_exchange(d->connection, request,
                                             DIESEL_FOREVER, err);
    }
    give_back(client, d);
    return result;
}

void dredis__dedicated_close(dredis *client, const diesel_error *why)
{
    dredis__dedicated *d = client->dedicated;
    while (d != NULL) {
        dredis__dedicated *next = d->next;
        if (d->connection != NULL)
            dredis__connection_break(d->connection, why);
        if (!d->busy)
            drop(client, d); /* else by the call that has it */
        d = next;
    }
}

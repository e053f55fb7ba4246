/* SPDX-License-Identifier: MIT */
/*
 * MONITOR: after its +OK a connection gets a status line for each command that the
 * server runs, and is of no use for anything else. So it is read here, without the
 * connection's slots, and closed in the end.
 */
#include <diesel/redis_monitor.h>

#include <diesel/fiber.h>
#include <diesel/memory.h>

#include "client_internal.h"
#include "error_internal.h"

struct dredis_monitor {
    dredis *client;
    dredis__dedicated *own; /* NULL: it is over                */
    const char *at;         /* what was read and is not parsed */
    size_t n;
    dredis_reply *current;  /* the line that is borrowed       */
};

static void give_back(dredis_monitor *m)
{
    if (m->own != NULL)
        dredis__dedicated_give(m->client, m->own, false);
    m->own = NULL;
}

/* Reads more bytes: 0 or -1. */
static int fill(dredis_monitor *m, diesel_error *err)
{
    dredis__connection *c = dredis__dedicated_connection(m->own);
    ssize_t got = dredis__connection_fill(c, DIESEL_FOREVER, err);
    if (got < 0)
        return -1;
    m->at = c->buffer;
    m->n = (size_t)got;
    return 0;
}

/* The next reply becomes the current one: 0 or -1. */
static int read_reply(dredis_monitor *m, diesel_error *err)
{
    int got;
    dredis_reply_free(m->current);
    m->current = NULL;
    while ((got = dredis__reply_reader_next(
                dredis__dedicated_connection(m->own)->reader, &m->at, &m->n,
                &m->current, err)) == 0)
        if (fill(m, err) < 0)
            return -1;
    if (got < 0)
        return -1;
    if (m->current->type == DREDIS_ERROR)
        return dredis__server_error(m->current, err);
    return dredis_reply_text(m->current, NULL, err) != NULL ? 0 : -1;
}

static int begin(dredis_monitor *m, diesel_error *err)
{
    static const char command[] = "*1\r\n$7\r\nMONITOR\r\n";
    m->own = dredis__dedicated_take(m->client, err);
    if (m->own == NULL)
        return -1;
    dredis__connection *c = dredis__dedicated_connection(m->own);
    if (diesel_stream_write(c->stream, command, sizeof command - 1,
                            DIESEL_FOREVER, err) < 0)
        return -1;
    c->appended += sizeof command - 1;
    return read_reply(m, err);
}

dredis_monitor *dredis_monitor_open(dredis *client, diesel_error *err)
{
    diesel_error why;
    dredis_monitor *m = diesel_calloc(1, sizeof *m);
    client->refs++;
    if (m == NULL)
        diesel_error_nomem(&why, "a monitor");
    else
        m->client = client;
    if (m == NULL || begin(m, &why) < 0) {
        diesel_error_prefix(&why, "redis %s: MONITOR", dredis_name(client));
        if (err != NULL)
            *err = why;
        dredis_monitor_close(m);
        m = NULL;
    }
    dredis__client_leave(client);
    return m;
}

int dredis_monitor_next(dredis_monitor *m, const char **line, diesel_error *err)
{
    diesel_error why;
    if (diesel_check(err) < 0)
        return -1;
    if (m->own == NULL)
        return diesel_error_set(err, DIESEL_E_CLOSED, DIESEL_DOM_CORE, 0,
                                "redis %s: MONITOR: it is over",
                                dredis_name(m->client));
    if (read_reply(m, &why) == 0) {
        *line = m->current->str;
        return 0;
    }
    if (diesel_check(NULL) == 0)
        give_back(m);
    diesel_error_prefix(&why, "redis %s: MONITOR", dredis_name(m->client));
    if (err != NULL)
        *err = why;
    return -1;
}

void dredis_monitor_close(dredis_monitor *m)
{
    if (m == NULL)
        return;
    give_back(m);
    dredis_reply_free(m->current);
    diesel_free(m);
}

/* SPDX-License-Identifier: MIT */
/*
 * Watching a server at work: each command that it runs, as a line (MONITOR).
 *
 *     dredis_monitor *m = dredis_monitor_open(redis, &err);
 *     const char *line;
 *     while (m != NULL && dredis_monitor_next(m, &line, &err) == 0)
 *         puts(line);
 *     dredis_monitor_close(m);
 *
 * A line is as the server writes it, for instance
 *
 *     1339518083.107412 [0 127.0.0.1:60866] "keys" "*"
 *
 * It shows what others store, and costs the server a good part of its speed: for
 * looking for a fault, not for running. The monitor has a connection to itself; a
 * reader that is too slow is cut off by the server.
 */
#ifndef DIESEL_REDIS_MONITOR_H
#define DIESEL_REDIS_MONITOR_H

#include <diesel/redis_client.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct dredis_monitor dredis_monitor;

/* Begins to watch, over a connection of its own. Owned by the caller:
 * dredis_monitor_close(). The client must outlive it. NULL: as dredis_call().
 * Switches fibers. */
dredis_monitor *dredis_monitor_open(dredis *client, diesel_error *err)
    __attribute__((warn_unused_result));

/* Waits for the next line, which is borrowed until the next call. 0, or -1:
 * TIMEDOUT or CANCELLED, and it may be called again; CLOSED, IO, PROTOCOL, LIMIT,
 * NOMEM: it is over. Switches fibers only if it must wait; checks for cancellation
 * always. */
int dredis_monitor_next(dredis_monitor *monitor, const char **line,
                        diesel_error *err) __attribute__((warn_unused_result));

/* Ends it and closes its connection. NULL does nothing. Never switches fibers. */
void dredis_monitor_close(dredis_monitor *monitor);

#ifdef __cplusplus
}
#endif
#endif

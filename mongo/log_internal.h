/* SPDX-License-Identifier: MIT */
/*
 * The driver's log records, after MongoDB's logging specification: four loggers,
 * all of whose records are for those who look for a fault, at the level debug, but one.
 * Nothing here switches fibers, and nothing is looked at where a logger is off.
 */
#ifndef DIESEL_MONGO_LOG_INTERNAL_H
#define DIESEL_MONGO_LOG_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>

#include <diesel/log.h>
#include <diesel/mongo_events.h>

struct dmongo;
struct dmongo__call;
struct dmongo__server;

/* "mongo.command", "mongo.connection" and "mongo.serverSelection". */
extern diesel_logger dmongo__command_log;
extern diesel_logger dmongo__connection_log;
extern diesel_logger dmongo__selection_log;

static inline bool dmongo__logs(diesel_logger *logger)
{
    return diesel_log_is_on(logger, DIESEL_DEBUG);
}

/* Takes levels and the destination from the environment, the first time. */
void dmongo__log_open(void);

/* "Command started" if the event has a command, "... failed" if it has an error, or else
 * "... succeeded". */
void dmongo__log_command(const struct dmongo__server *server,
                         const dmongo_command_event *event);

void dmongo__log_pool(const struct dmongo__server *server,
                      const dmongo_pool_event *event);

/* "Server selection started", with neither a server nor an error; "... succeeded"; or
 * "... failed". */
void dmongo__log_selection(const struct dmongo__call *call,
                           const struct dmongo__server *server,
                           const diesel_error *error);

/* "Waiting for suitable server to become available", at the level info; at most once a
 * second for each client. */
void dmongo__log_waiting(const struct dmongo__call *call, int64_t remaining_ms);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * What a client does, for those who want to watch: each command and what became of
 * it, after MongoDB's command monitoring specification, and what happens in its
 * pools of connections.
 *
 *     static void failed(const dmongo_command_event *e, void *arg)
 *     {
 *         fprintf(stderr, "%s on %s: %s\n", e->name, e->server, e->error->message);
 *     }
 *     ...
 *     dmongo_options options = {.events = {.failed = failed}};
 *     dmongo *mongo = dmongo_open(uri, &options, &err);
 *
 * The functions are called in the fiber that runs the operation. They must not use
 * the client; they should be quick, and not switch fibers. Everything that they
 * get is borrowed for the call.
 *
 * Commands with secrets in them, and their replies, are shown empty. What is sent
 * to make a connection (hello, authentication) is not shown. With a function for
 * commands each message is put together as a whole before it is sent.
 *
 * The same goes to the log (<diesel/log.h>), with the messages and fields of MongoDB's
 * logging specification, by the loggers mongo.command, mongo.connection and
 * mongo.serverSelection: at the level debug, but that an operation waits for a server,
 * which is info. The first dmongo_open() takes levels from the environment,
 * unless the program has set some for these names: MONGODB_LOG_COMMAND,
 * MONGODB_LOG_CONNECTION, MONGODB_LOG_SERVER_SELECTION, MONGODB_LOG_TOPOLOGY, or for
 * all MONGODB_LOG_ALL; and from MONGODB_LOG_PATH, a file, "stdout" or "stderr", where
 * these records go instead of the log's sinks. Documents in it are cut to
 * MONGODB_LOG_MAX_DOCUMENT_LENGTH bytes, usually 1,000.
 *
 * Metrics (`dmongo_options.metrics`, <diesel/metrics.h>), each with the label server;
 * clients of one server are added up:
 *
 *     dmongo_command_seconds    histogram; with the label command if it is wished;
 *                               what the driver has never heard of is "other"
 *     dmongo_check_out_seconds  histogram: how long it took to get a connection
 *     dmongo_errors_total       commands that failed
 *     dmongo_retries_total      operations sent again
 *     dmongo_connections_total  that were made
 *     dmongo_connections, dmongo_in_use, dmongo_waiting   of the pools, now
 *
 * The console's page "mongo" shows pools, and which fiber has which connection.
 */
#ifndef DIESEL_MONGO_EVENTS_H
#define DIESEL_MONGO_EVENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <bson/bson.h>

#include <diesel/error.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct dmongo_command_event {
    const char *name;     /* "insert"                                           */
    const char *database;
    const char *server;   /* "db1:27017"                                        */
    uint32_t request_id;  /* the same in all events of one command              */
    uint64_t operation_id; /* ... and of one call, which may send several       */
    uint64_t connection_id; /* counted from 1 in each pool                      */
    int64_t server_connection_id; /* the server's number of it; 0: not known    */
    const bson_t *command; /* with the documents that were sent behind it       */
    const bson_t *reply;  /* of `succeeded`, and of `failed` if one came;
                             else NULL                                          */
    const diesel_error *error; /* of `failed`                                   */
    int64_t duration_us;  /* since it began to be sent; 0 in `started`          */
} dmongo_command_event;

typedef enum dmongo_pool_event_kind {
    DMONGO_POOL_CREATED,
    DMONGO_POOL_READY,   /* the server can be used (again)                      */
    DMONGO_POOL_CLEARED, /* the server was lost: its connections are not used
                            again                                               */
    DMONGO_POOL_CLOSED,
    DMONGO_CONNECTION_CREATED,
    DMONGO_CONNECTION_READY, /* it has said hello and is authenticated          */
    DMONGO_CONNECTION_CLOSED,
    DMONGO_CHECK_OUT_STARTED,
    DMONGO_CHECK_OUT_FAILED,
    DMONGO_CHECKED_OUT,
    DMONGO_CHECKED_IN
} dmongo_pool_event_kind;

typedef struct dmongo_pool_event {
    dmongo_pool_event_kind kind;
    const char *server;
    uint64_t connection_id; /* of events about one connection; else 0           */
    const char *reason;     /* of CONNECTION_CLOSED: "stale", "idle", "error" or
                               "poolClosed"; of CHECK_OUT_FAILED: "timeout",
                               "connectionError" or "poolClosed"; else NULL     */
    const diesel_error *error; /* of CONNECTION_CLOSED and CHECK_OUT_FAILED, if it
                               is known; else NULL                              */
    int64_t duration_us;    /* of CONNECTION_READY, CHECK_OUT_FAILED and
                               CHECKED_OUT: since it began                      */
    bool interrupts_in_use; /* of POOL_CLEARED: operations that have a connection
                               fail at once                                     */
    /* Of POOL_CREATED; 0: no limit. */
    size_t min_size, max_size, max_connecting;
    int64_t max_idle_ms, wait_ms;
} dmongo_pool_event;

/* "connectionCheckedOut" for DMONGO_CHECKED_OUT, as MongoDB's specifications call it.
 * The string is static. Never switches fibers. */
const char *dmongo_pool_event_name(dmongo_pool_event_kind kind);

/* Functions that are NULL are not called. */
typedef struct dmongo_events {
    void (*started)(const dmongo_command_event *event, void *arg);
    void (*succeeded)(const dmongo_command_event *event, void *arg);
    void (*failed)(const dmongo_command_event *event, void *arg);
    void (*pool)(const dmongo_pool_event *event, void *arg);
    void *arg;
} dmongo_events;

#ifdef __cplusplus
}
#endif
#endif

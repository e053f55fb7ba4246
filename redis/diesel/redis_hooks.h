/* SPDX-License-Identifier: MIT */
/*
 * Seeing what a client does: functions of the program around each command, metrics,
 * and a log of the slow ones. All is off unless the options of dredis_open() or
 * dredis_session_open() say otherwise, and costs nothing then.
 *
 *     static void end(void *arg, const dredis_event *event)
 *     {
 *         char text[128];
 *         dredis_event_text(event, 0, text, sizeof text);
 *         printf("%s %s: %lld us, %zu bytes\n", event->server, text,
 *                (long long)event->took_us, event->received);
 *     }
 *
 *     dredis_hooks hooks = {.end = end};
 *     redis = dredis_open(url, &(dredis_options){.hooks = &hooks}, &err);
 *
 * An event is what goes to the server together: a command, a pipeline, or a
 * transaction from MULTI to EXEC; WATCH, and what is called while keys are watched,
 * are commands. So are the reads of a cache that go to the server. No events are the
 * greeting of a new connection, SUBSCRIBE and its kind, and MONITOR.
 *
 * Metrics (`dredis_options.metrics`), each with the label server:
 *
 *     dredis_command_seconds    histogram; with the label command if it is wished
 *     dredis_errors_total       events that failed, and error replies
 *     dredis_sent_bytes_total, dredis_received_bytes_total
 *     dredis_connections_total  that were made; dredis_reconnects_total: of these,
 *                               in place of a shared one that had broken
 *     dredis_retries_total      requests sent again that may have run before
 *     dredis_in_flight          commands that have begun and not ended
 *     dredis_waiting            requests of these that wait for room or a connection
 *     dredis_cache_hits_total, dredis_cache_misses_total,
 *     dredis_cache_evictions_total, dredis_cache_invalidations_total,
 *     dredis_cache_keys, dredis_cache_bytes   of <diesel/redis_cache.h>
 *
 * Clients of one server are added up. The log (`slow_ms`) is that of the logger
 * "redis", at the level WARNING; see <diesel/metrics.h> and <diesel/log.h>.
 *
 * Secrets are shown nowhere: what AUTH, HELLO, ACL SETUSER, CONFIG SET and MIGRATE take
 * as passwords. Of other commands names and keys are shown, and the rest, as it may
 * be anybody's data, only if `show_values` says so.
 */
#ifndef DIESEL_REDIS_HOOKS_H
#define DIESEL_REDIS_HOOKS_H

#include <stddef.h>
#include <stdint.h>

#include <diesel/error.h>
#include <diesel/redis_client.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Borrowed for the length of the call, with all that it points to but `command`. */
typedef struct dredis_event {
    const char *server;  /* dredis_name(): "db1:6379"                            */
    const char *client;  /* the option client_name; NULL: none                   */
    const char *command; /* "GET", "XINFO STREAM", "pipeline", "transaction"; for
                            one that the driver does not know "other"; static    */
    size_t commands;     /* how many replies there will be: of a pipeline several */
    const char *fiber;   /* the label of the fiber that calls                    */
    void *note;          /* what the start hook leaves here, the end hook finds  */

    /* Only at the end. */
    int64_t took_us;     /* with the wait for room and for a connection          */
    size_t sent;         /* bytes, as often as it was sent                       */
    size_t received;     /* bytes of the replies, as they came                   */
    unsigned repeats;    /* how often it was sent again                          */
    size_t errors;       /* error replies, those of a transaction's commands too */
    const diesel_error *error; /* why it failed, or the error reply to a command;
                            NULL: it went well                                   */
    const void *inside;  /* private                                              */
} dredis_event;

/* Called by the fiber that calls the driver: they must not switch fibers. Either may
 * be NULL. */
typedef struct dredis_hooks {
    void (*start)(void *arg, dredis_event *event);     /* before it is sent       */
    void (*end)(void *arg, const dredis_event *event); /* always, after a start   */
    void *arg; /* borrowed for the client's life */
} dredis_hooks;

/* Writes the event's command with the number i, from 0, as text without secrets,
 * "SET session:9 ? ? ?", cut to `size` bytes with the zero byte: " ..." at the end says
 * so; unprintable bytes are \xNN. Returns its length; 0: there is no such command,
 * or `size` is less than 16. Never switches fibers. */
size_t dredis_event_text(const dredis_event *event, size_t i, char *text,
                         size_t size);

#ifdef __cplusplus
}
#endif
#endif

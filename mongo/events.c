/* SPDX-License-Identifier: MIT */
/*
 * Events of commands, for the program, the log and metrics. The command that is shown is read back from the message that
 * was sent, so that it is what the server got; document sequences become arrays, as
 * the specification wants it. The started event comes when the message has gone out
 * (or has not), before the reply is waited for.
 */
#include "events_internal.h"

#include <stdio.h>
#include <strings.h>
#include <string.h>
#include <time.h>

#include "client_internal.h"
#include "copy_internal.h"
#include "doc_internal.h"
#include "element_internal.h"
#include "log_internal.h"
#include "meter_internal.h"

static const char *const sensitive[] = {
    "authenticate",   "saslStart",  "saslContinue",    "getnonce",
    "createUser",     "updateUser", "copydbgetnonce",  "copydbsaslstart",
    "copydb",
};

static const char *const pool_event_names[] = {
    [DMONGO_POOL_CREATED] = "poolCreated",
    [DMONGO_POOL_READY] = "poolReady",
    [DMONGO_POOL_CLEARED] = "poolCleared",
    [DMONGO_POOL_CLOSED] = "poolClosed",
    [DMONGO_CONNECTION_CREATED] = "connectionCreated",
    [DMONGO_CONNECTION_READY] = "connectionReady",
    [DMONGO_CONNECTION_CLOSED] = "connectionClosed",
    [DMONGO_CHECK_OUT_STARTED] = "connectionCheckOutStarted",
    [DMONGO_CHECK_OUT_FAILED] = "connectionCheckOutFailed",
    [DMONGO_CHECKED_OUT] = "connectionCheckedOut",
    [DMONGO_CHECKED_IN] = "connectionCheckedIn",
};

const char *dmongo_pool_event_name(dmongo_pool_event_kind kind)
{
    return pool_event_names[kind];
}

int64_t dmongo__now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static const char *name_of(const bson_t *command)
{
    bson_iter_t first;
    return bson_iter_init(&first, command) && bson_iter_next(&first)
               ? bson_iter_key(&first)
               : "";
}

bool dmongo__is_sensitive(const bson_t *command)
{
    const char *name = name_of(command);
    for (size_t i = 0; i < sizeof sensitive / sizeof sensitive[0]; i++)
        if (strcasecmp(name, sensitive[i]) == 0)
            return true;
    return (strcasecmp(name, "hello") == 0 || strcasecmp(name, "isMaster") == 0) &&
           bson_has_field(command, "speculativeAuthenticate");
}

static bool append_sequence(bson_t *doc, const struct dmongo__section *section)
{
    bson_t array, view;
    bool ok = bson_append_array_begin(doc, section->name, -1, &array);
    uint32_t i = 0;
    for (size_t at = 0; ok && at < section->size; i++) {
        char room[16];
        const char *key;
        size_t size = dmongo__load32(section->documents + at);
        bson_uint32_to_string(i, &key, room, sizeof room);
        ok = bson_init_static(&view, section->documents + at, size) &&
             bson_append_document(&array, key, -1, &view);
        at += size;
    }
    return ok && bson_append_array_end(doc, &array);
}

/* The command as it was sent; NULL if it cannot be shown, as it is too large. */
static bson_t *read_command(const struct dmongo__conn *conn)
{
    struct dmongo__message m;
    struct dmongo__section section;
    const uint8_t *at = NULL;
    const char *why;
    bson_t view;
    size_t n = dmongo__load32(conn->out.data);
    if (dmongo__message_read(&m, conn->out.data, n, n, &why) <= 0 ||
        !bson_init_static(&view, m.body, m.body_size))
        return NULL;
    if (dmongo__bson_may_have(4 * n, NULL) < 0) /* more than it grows to */
        return NULL;
    bson_t *doc = bson_copy(&view);
    while (dmongo__next_section(&m, &at, &section) > 0)
        if (!append_sequence(doc, &section)) {
            bson_destroy(doc);
            return NULL;
        }
    return doc;
}

/* Whether the command itself is to be shown. */
static bool shows(const struct dmongo__call *call)
{
    return (call->watching & (DMONGO__TELLS | DMONGO__LOGS)) != 0;
}

/* What all events of the call's command have in common. */
static dmongo_command_event event_of(const struct dmongo__call *call)
{
    const struct dmongo__watched *w = &call->watched;
    return (dmongo_command_event){
        .name = w->name,
        .database = w->database,
        .server = call->server->name,
        .request_id = w->request_id,
        .operation_id = w->operation_id,
        .connection_id = call->conn->number,
        .server_connection_id = call->server->hello.connection_id,
        .duration_us = dmongo__now_us() - w->begun_us,
    };
}

static void tell_failed(struct dmongo__call *call, const bson_t *reply)
{
    const dmongo_events *events = &call->client->events;
    diesel_error error = call->error;
    dmongo_command_event event = event_of(call);
    if (call->watched.is_sensitive)
        snprintf(error.message, sizeof error.message, "not shown");
    event.error = &error;
    event.reply = reply;
    if (events->failed != NULL)
        events->failed(&event, events->arg);
    if (call->watching & DMONGO__LOGS)
        dmongo__log_command(call->server, &event);
}

static void tell_succeeded(struct dmongo__call *call, const bson_t *reply)
{
    const dmongo_events *events = &call->client->events;
    dmongo_command_event event = event_of(call);
    event.reply = reply;
    if (events->succeeded != NULL)
        events->succeeded(&event, events->arg);
    if (call->watching & DMONGO__LOGS)
        dmongo__log_command(call->server, &event);
}

static void tell_started(struct dmongo__call *call)
{
    const dmongo_events *events = &call->client->events;
    struct dmongo__watched *w = &call->watched;
    bson_t empty = BSON_INITIALIZER;
    bson_t *command = read_command(call->conn);
    const bson_t *shown = command != NULL ? command : &empty;
    w->is_sensitive = dmongo__is_sensitive(shown);
    w->request_id = dmongo__load32(call->conn->out.data + 4);
    const dmongo_value *database = &call->op->database;
    size_t n = database->len < sizeof w->database ? database->len
                                                  : sizeof w->database - 1;
    memcpy(w->database, database->s, n);
    w->database[n] = 0;
    dmongo_command_event event = event_of(call);
    event.duration_us = 0;
    event.command = w->is_sensitive ? &empty : shown;
    if (events->started != NULL)
        events->started(&event, events->arg);
    if (call->watching & DMONGO__LOGS)
        dmongo__log_command(call->server, &event);
    bson_destroy(command);
}

static void measure(const struct dmongo__call *call, int done)
{
    dmongo__meter_command(call->server->meter, call->watched.name,
                          dmongo__now_us() - call->watched.begun_us, done < 0);
}

void dmongo__events_begin(struct dmongo__call *call, dmongo_value command)
{
    struct dmongo__watched *w = &call->watched;
    size_t n;
    const char *name = dmongo__doc_first_key(command, &n);
    w->begun_us = dmongo__now_us();
    snprintf(w->name, sizeof w->name, "%.*s",
             n < sizeof w->name ? (int)n : (int)sizeof w->name - 1,
             name != NULL ? name : "");
}

void dmongo__events_sent(struct dmongo__call *call, int done)
{
    bson_t ok = BSON_INITIALIZER;
    if (!call->conn->half_used) /* it was refused before it was put together */
        return;
    if (done < 0 || call->unacknowledged)
        measure(call, done);
    if (!shows(call))
        return;
    tell_started(call);
    if (done < 0) {
        tell_failed(call, NULL);
    } else if (call->unacknowledged) {
        bson_append_int32(&ok, "ok", -1, 1);
        tell_succeeded(call, &ok);
    }
    bson_destroy(&ok);
}

void dmongo__events_received(struct dmongo__call *call, int done)
{
    bson_t view, empty = BSON_INITIALIZER;
    const bson_t *reply = NULL;
    measure(call, done);
    if (!shows(call))
        return;
    if (!call->conn->half_used && /* there is a reply */
        bson_init_static(&view, call->message.body, call->message.body_size))
        reply = call->watched.is_sensitive ? &empty : &view;
    if (done < 0)
        tell_failed(call, reply);
    else
        tell_succeeded(call, reply);
    bson_destroy(&empty);
}

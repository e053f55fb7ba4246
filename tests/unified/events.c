/* SPDX-License-Identifier: MIT */
/*
 * What the driver tells of commands and pools, kept as the events that tests expect.
 */
#include "unified.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

bool unified_is_listed(const bson_t *doc, const char *path, const char *name)
{
    bson_t names;
    bson_iter_t iter;
    if (doc == NULL || !dmongo_get_doc(doc, path, &names) ||
        !bson_iter_init(&iter, &names))
        return false;
    while (bson_iter_next(&iter))
        if (BSON_ITER_HOLDS_UTF8(&iter) &&
            strcasecmp(bson_iter_utf8(&iter, NULL), name) == 0)
            return true;
    return false;
}

/* Takes the fields. */
static void record(unified_entity *client, const char *kind, const char *type,
                   bson_t *fields)
{
    if (!unified_is_listed(client->observed, "names", type)) {
        bson_destroy(fields);
        return;
    }
    unified_event *event = calloc(1, sizeof *event);
    event->kind = kind;
    snprintf(event->type, sizeof event->type, "%s", type);
    event->fields = fields;
    *client->last_event = event;
    client->last_event = &event->next;
}

void unified_events_clear(unified_entity *client)
{
    while (client->events != NULL) {
        unified_event *event = client->events;
        client->events = event->next;
        bson_destroy(event->fields);
        free(event);
    }
    client->last_event = &client->events;
}

/* --- Commands */

/* A hello with secrets in it is shown empty, as is the reply to it. */
static bool is_secret(const dmongo_command_event *event)
{
    static const char *const names[] = {
        "authenticate", "saslStart",      "saslContinue",    "getnonce", "createUser",
        "updateUser",   "copydbgetnonce", "copydbsaslstart", "copydb"};
    const bson_t *shown = event->command != NULL ? event->command : event->reply;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcasecmp(event->name, names[i]) == 0)
            return true;
    return (strcasecmp(event->name, "hello") == 0 ||
            strcasecmp(event->name, "isMaster") == 0) &&
           shown != NULL && bson_empty(shown);
}

static void record_command(unified_entity *client, const char *type,
                           const dmongo_command_event *event)
{
    if (strcmp(event->name, "configureFailPoint") == 0 ||
        unified_is_listed(client->ignored, "names", event->name) ||
        (is_secret(event) && !client->sees_secrets))
        return;
    record(client, "command", type,
           dmongo_doc_to_bson(
               dmongo_doc("commandName", event->name, "databaseName", event->database,
                          "command", event->command != NULL
                                         ? dmongo_bson(event->command)
                                         : dmongo_absent(),
                          "reply", event->reply != NULL ? dmongo_bson(event->reply)
                                                        : dmongo_absent(),
                          "hasServerConnectionId",
                          dmongo_bool(event->server_connection_id != 0),
                          "hasServiceId", dmongo_bool(false)),
               NULL));
}

static void started(const dmongo_command_event *event, void *arg)
{
    record_command(arg, "commandStartedEvent", event);
}

static void succeeded(const dmongo_command_event *event, void *arg)
{
    record_command(arg, "commandSucceededEvent", event);
}

static void failed(const dmongo_command_event *event, void *arg)
{
    record_command(arg, "commandFailedEvent", event);
}

/* --- Pools */

static void pool(const dmongo_pool_event *event, void *arg)
{
    unified_entity *client = arg;
    char type[80];
    snprintf(type, sizeof type, "%sEvent", dmongo_pool_event_name(event->kind));
    client->made += event->kind == DMONGO_CONNECTION_READY;
    client->checked_out += (event->kind == DMONGO_CHECKED_OUT) -
                           (event->kind == DMONGO_CHECKED_IN);
    record(client, "cmap", type,
           dmongo_doc_to_bson(
               dmongo_doc("reason", event->reason != NULL ? dmongo_str(event->reason)
                                                          : dmongo_absent(),
                          "interruptInUseConnections",
                          event->kind == DMONGO_POOL_CLEARED
                              ? dmongo_bool(event->interrupts_in_use)
                              : dmongo_absent(),
                          "hasServiceId", dmongo_bool(false)),
               NULL));
}

dmongo_events unified_events(unified_entity *client)
{
    client->last_event = &client->events;
    return (dmongo_events){.started = started,
                           .succeeded = succeeded,
                           .failed = failed,
                           .pool = pool,
                           .arg = client};
}

/* --- What tests expect of them */

/* Whether an event is {NAME: {fields}}; world->why says why not. */
static bool match_event(unified_world *world, const bson_t *expected,
                        const unified_event *event)
{
    bson_iter_t outer, want;
    if (!bson_iter_init(&outer, expected) || !bson_iter_next(&outer) ||
        !BSON_ITER_HOLDS_DOCUMENT(&outer) || !bson_iter_recurse(&outer, &want))
        return unified_fail(world, "runner: malformed event"), false;
    const char *type = bson_iter_key(&outer);
    if (event == NULL)
        return unified_fail(world, "%s did not happen", type), false;
    if (strcmp(type, event->type) != 0)
        return unified_fail(world, "it is %s and not %s", event->type, type), false;
    while (bson_iter_next(&want)) {
        bson_iter_t have;
        bool has = bson_iter_init_find(&have, event->fields, bson_iter_key(&want));
        bool root = strcmp(bson_iter_key(&want), "command") == 0 ||
                    strcmp(bson_iter_key(&want), "reply") == 0;
        if (!unified_match(world, &want, has ? &have : NULL, root))
            return false;
    }
    return true;
}

static const unified_event *next_of(const unified_event *event, const char *kind)
{
    while (event != NULL && strcmp(event->kind, kind) != 0)
        event = event->next;
    return event;
}

static int check_client(unified_world *world, const bson_t *expected)
{
    unified_entity *client =
        unified_find(world, dmongo_get_str(expected, "client", ""));
    bson_t list, one;
    bson_iter_t iter;
    const char *kind = dmongo_get_str(expected, "eventType", "command");
    if (strcmp(kind, "command") != 0 && strcmp(kind, "cmap") != 0)
        return unified_fail(world, "expects events of the type %s", kind);
    if (client == NULL || !dmongo_get_doc(expected, "events", &list))
        return unified_fail(world, "runner: malformed events");
    const unified_event *event = next_of(client->events, kind);
    for (bson_iter_init(&iter, &list); bson_iter_next(&iter);) {
        if (!dmongo_get_doc(&list, bson_iter_key(&iter), &one))
            return unified_fail(world, "runner: malformed event");
        if (!match_event(world, &one, event))
            return unified_prefix(world, "event %s", bson_iter_key(&iter));
        event = next_of(event->next, kind);
    }
    if (event != NULL && !dmongo_get_bool(expected, "ignoreExtraEvents", false))
        return unified_fail(world, "a further event: %s of %s", event->type,
                            dmongo_get_str(event->fields, "commandName", "a pool"));
    return 0;
}

int unified_check_events(unified_world *world, const bson_t *test)
{
    bson_t list, one;
    bson_iter_t iter;
    if (!dmongo_get_doc(test, "expectEvents", &list))
        return 0;
    for (bson_iter_init(&iter, &list); bson_iter_next(&iter);)
        if (!dmongo_get_doc(&list, bson_iter_key(&iter), &one) ||
            check_client(world, &one) < 0)
            return -1;
    return 0;
}

/* How many of the client's events are {NAME: {fields}}. */
int unified_count_events(unified_world *world, const unified_entity *client,
                         const bson_t *expected)
{
    char why[UNIFIED_WHY];
    int count = 0;
    memcpy(why, world->why, sizeof why);
    for (const unified_event *e = client->events; e != NULL; e = e->next)
        count += match_event(world, expected, e);
    memcpy(world->why, why, sizeof why);
    return count;
}

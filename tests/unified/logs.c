/* SPDX-License-Identifier: MIT */
/*
 * What the driver logs while a test runs. The log is the process's, and which client a
 * record is about can be told from the port of the client's proxy.
 */
#include "unified.h"

#include <stdlib.h>
#include <string.h>

#include <diesel/log.h>

static const char *const components[] = {"command", "connection", "serverSelection",
                                         "topology"};
#define COMPONENTS (sizeof components / sizeof components[0])

struct unified_log {
    unified_log *next;
    const char *level, *component;
    bson_t *data;
};

static unified_world *running; /* the test's; NULL: records are of no interest */

static int level_of(const char *name)
{
    static const struct {
        const char *name;
        int level;
    } levels[] = {{"error", DIESEL_ERROR},  {"warning", DIESEL_WARNING},
                  {"notice", DIESEL_INFO},  {"info", DIESEL_INFO},
                  {"debug", DIESEL_DEBUG},  {"trace", DIESEL_TRACE}};
    for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++)
        if (strcmp(name, levels[i].name) == 0)
            return levels[i].level;
    return DIESEL_OFF;
}

static dmongo_value value_of(const diesel_value *v)
{
    switch (v->type) {
    case DIESEL_VALUE_STR:
        return dmongo_strn(v->s, v->len);
    case DIESEL_VALUE_BOOL:
        return dmongo_bool(v->b);
    case DIESEL_VALUE_DOUBLE:
        return dmongo_double(v->d);
    case DIESEL_VALUE_UINT:
        return dmongo_int64((int64_t)v->u);
    default:
        return dmongo_int64(v->i);
    }
}

static bson_t *data_of(const diesel_log_record *record)
{
    dmongo_value items[2 + 64];
    uint32_t n = 0;
    items[n++] = dmongo_str("message");
    items[n++] = dmongo_str(record->message);
    for (size_t i = 0; i + 1 < record->count && n < 64; i += 2) {
        items[n++] = dmongo_str(record->fields[i].s);
        items[n++] = value_of(&record->fields[i + 1]);
    }
    return dmongo_doc_to_bson(dmongo_doc_of(items, n), NULL);
}

/* Whether a record is about the client's server. */
static bool is_about(const unified_entity *client, const bson_t *data)
{
    char port[16];
    if (dmongo_has(data, "serverPort"))
        return dmongo_get_int(data, "serverPort", 0) == client->port;
    snprintf(port, sizeof port, ":%u ", client->port);
    return strstr(dmongo_get_str(data, "topologyDescription", ""), port) != NULL;
}

static void keep(void *arg, const diesel_log_record *record)
{
    (void)arg;
    if (running == NULL || strncmp(record->logger, "mongo.", 6) != 0)
        return;
    bson_t *data = data_of(record);
    for (unified_entity *e = running->entities; e != NULL; e = e->next) {
        size_t i = 0;
        while (i < COMPONENTS && strcmp(components[i], record->logger + 6) != 0)
            i++;
        if (e->kind != UNIFIED_CLIENT || i == COMPONENTS ||
            e->log_levels[i] == 0 || record->level < e->log_levels[i] ||
            !is_about(e, data))
            continue;
        unified_log *message = calloc(1, sizeof *message);
        message->level = diesel_log_level_name(record->level);
        message->component = components[i];
        message->data = bson_copy(data);
        *e->last_log = message;
        e->last_log = &message->next;
    }
    bson_destroy(data);
}

void unified_logs_begin(unified_world *world)
{
    running = world;
    (void)diesel_log_sinks_set(&(diesel_log_sink){keep, NULL}, 1, NULL);
}

static void set_levels(int level)
{
    (void)diesel_log_level_set("mongo", level, NULL);
}

void unified_logs_end(void)
{
    running = NULL;
    set_levels(DIESEL_OFF);
}

int unified_observe_logs(unified_world *world, unified_entity *client,
                         const bson_t *doc)
{
    bson_t list;
    bson_iter_t iter;
    client->last_log = &client->logs;
    if (!dmongo_get_doc(doc, "observeLogMessages", &list))
        return 0;
    for (bson_iter_init(&iter, &list); bson_iter_next(&iter);) {
        size_t i = 0;
        while (i < COMPONENTS && strcmp(components[i], bson_iter_key(&iter)) != 0)
            i++;
        if (i == COMPONENTS || !BSON_ITER_HOLDS_UTF8(&iter))
            return unified_fail(world, "runner: there is no log %s",
                                bson_iter_key(&iter));
        client->log_levels[i] = level_of(bson_iter_utf8(&iter, NULL));
    }
    set_levels(DIESEL_TRACE);
    return 0;
}

void unified_logs_clear(unified_entity *client)
{
    while (client->logs != NULL) {
        unified_log *message = client->logs;
        client->logs = message->next;
        bson_destroy(message->data);
        free(message);
    }
}

/* --- What tests expect */

static bool match_message(unified_world *world, const bson_t *expected,
                          const unified_log *message)
{
    bson_iter_t want, have;
    bson_t whole = BSON_INITIALIZER;
    bool same = false;
    if (strcmp(dmongo_get_str(expected, "level", ""), message->level) != 0 ||
        strcmp(dmongo_get_str(expected, "component", ""), message->component) != 0) {
        unified_fail(world, "it is %s %s: %s", message->component, message->level,
                     dmongo_get_str(message->data, "message", ""));
        return false;
    }
    if (dmongo_has(expected, "failureIsRedacted") &&
        dmongo_get_bool(expected, "failureIsRedacted", false) !=
            (strcmp(dmongo_get_str(message->data, "failure", ""), "not shown") == 0)) {
        unified_fail(world, "the failure is shown or not: %s",
                     dmongo_get_str(message->data, "failure", ""));
        return false;
    }
    bson_append_document(&whole, "data", -1, message->data);
    if (bson_iter_init_find(&want, expected, "data") &&
        bson_iter_init_find(&have, &whole, "data"))
        same = unified_match(world, &want, &have, true);
    else
        unified_fail(world, "runner: malformed log message");
    bson_destroy(&whole);
    return same;
}

static bool is_ignored(unified_world *world, const bson_t *expected,
                       const unified_log *message)
{
    bson_t list, one;
    bson_iter_t iter;
    if (!dmongo_get_doc(expected, "ignoreMessages", &list))
        return false;
    for (bson_iter_init(&iter, &list); bson_iter_next(&iter);)
        if (dmongo_get_doc(&list, bson_iter_key(&iter), &one) &&
            match_message(world, &one, message))
            return true;
    return false;
}

static const unified_log *next_of(unified_world *world, const bson_t *expected,
                                  const unified_log *message)
{
    while (message != NULL && is_ignored(world, expected, message))
        message = message->next;
    return message;
}

static int check_client(unified_world *world, const bson_t *expected)
{
    unified_entity *client =
        unified_find(world, dmongo_get_str(expected, "client", ""));
    bson_t list, one;
    bson_iter_t iter;
    if (client == NULL || !dmongo_get_doc(expected, "messages", &list))
        return unified_fail(world, "runner: malformed log messages");
    const unified_log *message = next_of(world, expected, client->logs);
    for (bson_iter_init(&iter, &list); bson_iter_next(&iter);) {
        if (!dmongo_get_doc(&list, bson_iter_key(&iter), &one))
            return unified_fail(world, "runner: malformed log message");
        if (message == NULL)
            return unified_fail(world, "log message %s, %s, did not come",
                                bson_iter_key(&iter),
                                dmongo_get_str(&one, "data.message", ""));
        if (!match_message(world, &one, message))
            return unified_prefix(world, "log message %s", bson_iter_key(&iter));
        message = next_of(world, expected, message->next);
    }
    if (message != NULL && !dmongo_get_bool(expected, "ignoreExtraMessages", false))
        return unified_fail(world, "a further log message: %s",
                            dmongo_get_str(message->data, "message", ""));
    return 0;
}

int unified_check_logs(unified_world *world, const bson_t *test)
{
    bson_t list, one;
    bson_iter_t iter;
    if (!dmongo_get_doc(test, "expectLogMessages", &list))
        return 0;
    for (bson_iter_init(&iter, &list); bson_iter_next(&iter);)
        if (!dmongo_get_doc(&list, bson_iter_key(&iter), &one) ||
            check_client(world, &one) < 0)
            return -1;
    return 0;
}

/* SPDX-License-Identifier: MIT */
/*
 * Operations of the test runner itself.
 */
#include "unified.h"

#include <string.h>

static bool has_collection(unified_world *world, const char *database,
                           const char *collection, diesel_error *err)
{
    const bson_t *doc;
    dmongo_cursor *cursor =
        dmongo_list_collections(world->internal, database, NULL, err);
    bool found = false;
    while (dmongo_cursor_next(cursor, &doc, err) > 0)
        if (strcmp(dmongo_get_str(doc, "name", ""), collection) == 0)
            found = true;
    dmongo_cursor_close(cursor);
    return found;
}

static bool has_index(unified_world *world, const char *database,
                      const char *collection, const char *index,
                      diesel_error *err)
{
    const bson_t *doc;
    char ns[300];
    snprintf(ns, sizeof ns, "%s.%s", database, collection);
    dmongo_cursor *cursor = dmongo_list_indexes(world->internal, ns, 0, err);
    bool found = false;
    while (dmongo_cursor_next(cursor, &doc, err) > 0)
        if (strcmp(dmongo_get_str(doc, "name", ""), index) == 0)
            found = true;
    dmongo_cursor_close(cursor);
    return found;
}

static int op_exists(unified_arguments *a, const char *name)
{
    diesel_error err;
    const char *database = unified_str(a, "databaseName");
    const char *collection = unified_str(a, "collectionName");
    const char *index = unified_str(a, "indexName");
    if (unified_arguments_end(a) < 0)
        return -1;
    bool found = index != NULL
                     ? has_index(a->world, database, collection, index, &err)
                     : has_collection(a->world, database, collection, &err);
    bool wanted = strstr(name, "NotExists") == NULL;
    return found == wanted ? 1 : unified_fail(a->world, "%s does not hold", name);
}

/* The lsid of the n-th command from the end that was started. */
static bool last_lsid(const unified_entity *client, int from_end, bson_t *lsid)
{
    int count = 0, i = 0;
    for (unified_event *e = client->events; e != NULL; e = e->next)
        if (strcmp(e->type, "commandStartedEvent") == 0)
            count++;
    for (unified_event *e = client->events; e != NULL; e = e->next)
        if (strcmp(e->type, "commandStartedEvent") == 0 &&
            i++ == count - from_end)
            return dmongo_get_doc(e->fields, "command.lsid", lsid);
    return false;
}

static int op_lsid(unified_arguments *a, bool same)
{
    unified_entity *client = unified_find(a->world, unified_str(a, "client"));
    bson_t last, one_before;
    if (client == NULL || unified_arguments_end(a) < 0)
        return unified_fail(a->world, "runner: no such client");
    if (!last_lsid(client, 1, &last) || !last_lsid(client, 2, &one_before))
        return unified_fail(a->world, "the last two commands have no lsid");
    return bson_equal(&last, &one_before) == same
               ? 1
               : unified_fail(a->world, "the last two commands have %s lsid",
                              same ? "not the same" : "the same");
}

static int op_fail_point(unified_arguments *a)
{
    bson_t point = BSON_INITIALIZER;
    unified_entity *client = unified_find(a->world, unified_str(a, "client"));
    unified_doc(a, "failPoint", &point);
    if (unified_arguments_end(a) < 0 ||
        unified_fail_point(a->world, client, &point) < 0)
        return -1;
    return 1;
}

/* Waits until an event has happened so often, or, with `once`, asks whether it has just so
 * often. */
static int op_events(unified_arguments *a, bool once)
{
    bson_t event = BSON_INITIALIZER;
    unified_entity *client = unified_find(a->world, unified_str(a, "client"));
    int64_t count = unified_int(a, "count", 0);
    int64_t deadline = diesel_now() + 10000;
    unified_doc(a, "event", &event);
    if (unified_arguments_end(a) < 0)
        return -1;
    if (client == NULL)
        return unified_fail(a->world, "runner: no such client");
    int have = unified_count_events(a->world, client, &event);
    while (!once && have < count && diesel_now() < deadline &&
           diesel_sleep(1, NULL) == 0)
        have = unified_count_events(a->world, client, &event);
    return (once ? have == count : have >= count)
               ? 1
               : unified_fail(a->world, "it happened %d times", have);
}

static int op_checked_out(unified_arguments *a)
{
    unified_entity *client = unified_find(a->world, unified_str(a, "client"));
    int64_t wanted = unified_int(a, "connections", 0);
    if (unified_arguments_end(a) < 0)
        return -1;
    if (client == NULL)
        return unified_fail(a->world, "runner: no such client");
    return client->checked_out == wanted
               ? 1
               : unified_fail(a->world, "%d connections are checked out",
                              client->checked_out);
}

int unified_op_runner(unified_entity *on, const char *name,
                      unified_arguments *a, unified_outcome *out)
{
    if (on != NULL)
        return 0;
    if (strcmp(name, "failPoint") == 0)
        return op_fail_point(a);
    if (strncmp(name, "assertCollection", 16) == 0 ||
        strncmp(name, "assertIndex", 11) == 0)
        return op_exists(a, name);
    if (strcmp(name, "waitForEvent") == 0 || strcmp(name, "assertEventCount") == 0)
        return op_events(a, strcmp(name, "assertEventCount") == 0);
    if (strcmp(name, "assertNumberConnectionsCheckedOut") == 0)
        return op_checked_out(a);
    if (strcmp(name, "assertSameLsidOnLastTwoCommands") == 0)
        return op_lsid(a, true);
    if (strcmp(name, "assertDifferentLsidOnLastTwoCommands") == 0)
        return op_lsid(a, false);
    if (strcmp(name, "createEntities") == 0) {
        bson_t list = BSON_INITIALIZER;
        unified_doc(a, "entities", &list);
        return unified_arguments_end(a) < 0 || unified_create(a->world, &list) < 0
                   ? -1
                   : 1;
    }
    if (strcmp(name, "wait") == 0) {
        int64_t ms = unified_int(a, "ms", 0);
        out->failed = diesel_sleep(ms, &out->error) < 0;
        return unified_arguments_end(a) < 0 ? -1 : 1;
    }
    return 0;
}

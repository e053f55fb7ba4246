/* SPDX-License-Identifier: MIT */
/*
 * One test: initial data, entities, operations, and then what came of them.
 */
#include "unified.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* --- Initial data and outcome */

static int insert_data(unified_world *world, const char *ns, const bson_t *one)
{
    diesel_error err;
    bson_t docs = BSON_INITIALIZER;
    bson_iter_t iter;
    dmongo_get_doc(one, "documents", &docs);
    dmongo_create_options options = {.more = dmongo_get_value(one, "createOptions")};
    if (dmongo_drop_collection(world->internal, ns, &err) < 0 ||
        ((options.more.form != DMONGO__ABSENT || bson_empty(&docs)) &&
         dmongo_create_collection(world->internal, ns, &options, &err) < 0))
        return unified_fail(world, "initial data: %s", err.message);
    for (bson_iter_init(&iter, &docs); bson_iter_next(&iter);) {
        dmongo_value doc = dmongo_get_value(&docs, bson_iter_key(&iter));
        if (dmongo_insert_one(world->internal, ns, doc, NULL, NULL, &err) < 0)
            return unified_fail(world, "initial data: %s", err.message);
    }
    return 0;
}

/* Calls fn for each {databaseName, collectionName, documents} of the list. */
static int each_collection(unified_world *world, const bson_t *doc,
                           const char *key,
                           int (*fn)(unified_world *world, const char *ns,
                                     const bson_t *one))
{
    bson_t list, one;
    bson_iter_t iter;
    if (!dmongo_get_doc(doc, key, &list))
        return 0;
    for (bson_iter_init(&iter, &list); bson_iter_next(&iter);) {
        char ns[300];
        if (!dmongo_get_doc(&list, bson_iter_key(&iter), &one))
            return unified_fail(world, "runner: malformed %s", key);
        snprintf(ns, sizeof ns, "%s.%s", dmongo_get_str(&one, "databaseName", ""),
                 dmongo_get_str(&one, "collectionName", ""));
        if (fn(world, ns, &one) < 0)
            return -1;
    }
    return 0;
}

static int check_data(unified_world *world, const char *ns, const bson_t *one)
{
    diesel_error err;
    const bson_t *doc;
    bson_t *found = bson_new();
    bson_t array;
    char key[16];
    int n = 0, got;
    dmongo_cursor *cursor =
        dmongo_find(world->internal, ns, dmongo_doc(),
                    &(dmongo_find_options){.sort = dmongo_doc("_id", 1)}, &err);
    bson_append_array_begin(found, "documents", -1, &array);
    while ((got = dmongo_cursor_next(cursor, &doc, &err)) > 0) {
        snprintf(key, sizeof key, "%d", n++);
        bson_append_document(&array, key, -1, doc);
    }
    bson_append_array_end(found, &array);
    dmongo_cursor_close(cursor);
    bson_iter_t want, have;
    bool same = got == 0 && bson_iter_init_find(&want, one, "documents") &&
                bson_iter_init_find(&have, found, "documents") &&
                unified_match(world, &want, &have, false);
    bson_destroy(found);
    if (got < 0)
        return unified_fail(world, "outcome: %s", err.message);
    return same ? 0 : -1;
}

/* --- Operations */

static unified_op *const ops[] = {
    unified_op_collection, unified_op_write,   unified_op_index,
    unified_op_database,   unified_op_client,  unified_op_session,
    unified_op_cursor,     unified_op_bucket,  unified_op_runner,
};

/* The message with every text of write errors behind it. */
static bool contains(const unified_outcome *out, const char *part)
{
    if (strcasestr(out->error.message, part) != NULL)
        return true;
    for (size_t i = 0; out->details != NULL && i < out->details->error_count; i++)
        if (strcasestr(out->details->errors[i].message, part) != NULL)
            return true;
    return out->details != NULL && out->details->has_concern_error &&
           strcasestr(out->details->concern_error.message, part) != NULL;
}

static bool has_code(const unified_outcome *out, int64_t code)
{
    if (out->error.domain == DIESEL_DOM_MONGO && out->error.detail == code)
        return true;
    for (size_t i = 0; out->details != NULL && i < out->details->error_count; i++)
        if (out->details->errors[i].code == code)
            return true;
    return out->details != NULL && out->details->has_concern_error &&
           out->details->concern_error.code == code;
}

static int check_labels(unified_world *world, const unified_outcome *out,
                        const bson_t *expected, const char *key, bool wanted)
{
    bson_t list;
    bson_iter_t iter;
    if (!dmongo_get_doc(expected, key, &list))
        return 0;
    for (bson_iter_init(&iter, &list); bson_iter_next(&iter);)
        if (dmongo_error_has_label(&out->error, bson_iter_utf8(&iter, NULL)) !=
            wanted)
            return unified_fail(world, "the error %s the label %s",
                                wanted ? "lacks" : "has",
                                bson_iter_utf8(&iter, NULL));
    return 0;
}

static int check_write_errors(unified_world *world, const unified_outcome *out,
                              const bson_t *expected)
{
    bson_t list, one;
    bson_iter_t iter;
    if (!dmongo_get_doc(expected, "writeErrors", &list))
        return 0;
    size_t count = out->details != NULL ? out->details->error_count : 0;
    if (bson_count_keys(&list) != count)
        return unified_fail(world, "%zu write errors", count);
    for (bson_iter_init(&iter, &list); bson_iter_next(&iter);) {
        size_t index = (size_t)atoi(bson_iter_key(&iter)), i = 0;
        dmongo_get_doc(&list, bson_iter_key(&iter), &one);
        while (i < count && out->details->errors[i].index != index)
            i++;
        if (i == count ||
            (dmongo_has(&one, "code") &&
             out->details->errors[i].code != dmongo_get_int(&one, "code", 0)))
            return unified_fail(world, "no such write error at %zu", index);
    }
    return 0;
}

/* Not the server's: it has no number of its. */
static bool is_client_error(const unified_outcome *out)
{
    return out->error.domain != DIESEL_DOM_MONGO || out->error.detail <= 0;
}

static int check_error(unified_world *world, const unified_outcome *out,
                       const bson_t *expected)
{
    static const char *const known[] = {
        "isError",     "isClientError",      "isTimeoutError",  "errorContains",
        "errorCode",   "errorCodeName",      "errorLabelsContain",
        "errorLabelsOmit", "expectResult",   "writeErrors"};
    bson_iter_t iter, result;
    if (!out->failed)
        return unified_fail(world, "it should have failed");
    for (bson_iter_init(&iter, expected); bson_iter_next(&iter);) {
        size_t i = 0;
        while (i < sizeof known / sizeof known[0] &&
               strcmp(known[i], bson_iter_key(&iter)) != 0)
            i++;
        if (i == sizeof known / sizeof known[0])
            return unified_fail(world, "expects %s of an error",
                                bson_iter_key(&iter));
    }
    if (dmongo_has(expected, "isClientError") &&
        dmongo_get_bool(expected, "isClientError", false) != is_client_error(out))
        return unified_fail(world, "whose error is it? %s", out->error.message);
    if (dmongo_has(expected, "isTimeoutError") &&
        dmongo_get_bool(expected, "isTimeoutError", false) !=
            (out->error.code == DIESEL_E_TIMEDOUT))
        return unified_fail(world, "is it a timeout? %s", out->error.message);
    const char *part = dmongo_get_str(expected, "errorContains", NULL);
    if (part != NULL && !contains(out, part))
        return unified_fail(world, "\"%s\" is not in: %s", part,
                            out->error.message);
    if (dmongo_has(expected, "errorCode") &&
        !has_code(out, dmongo_get_int(expected, "errorCode", 0)))
        return unified_fail(world, "the code is %d: %s", out->error.detail,
                            out->error.message);
    const char *name = dmongo_get_str(expected, "errorCodeName", NULL);
    if (name != NULL && strstr(out->error.message, name) == NULL)
        return unified_fail(world, "%s is not in: %s", name, out->error.message);
    if (check_labels(world, out, expected, "errorLabelsContain", true) < 0 ||
        check_labels(world, out, expected, "errorLabelsOmit", false) < 0 ||
        check_write_errors(world, out, expected) < 0)
        return -1;
    if (bson_iter_init_find(&iter, expected, "expectResult")) {
        bool has = out->value != NULL &&
                   bson_iter_init_find(&result, out->value, "v");
        return unified_match(world, &iter, has ? &result : NULL, true) ? 0 : -1;
    }
    return 0;
}

static int check_result(unified_world *world, const unified_outcome *out,
                        const bson_t *operation)
{
    bson_t expected;
    bson_iter_t want, have;
    if (dmongo_get_bool(operation, "ignoreResultAndError", false))
        return 0;
    if (dmongo_get_doc(operation, "expectError", &expected))
        return check_error(world, out, &expected);
    if (out->failed)
        return unified_fail(world, "%s", out->error.message);
    if (!bson_iter_init_find(&want, operation, "expectResult"))
        return 0;
    bool has = out->value != NULL && bson_iter_init_find(&have, out->value, "v");
    return unified_match(world, &want, has ? &have : NULL, true) ? 0 : -1;
}

static int save_result(unified_world *world, unified_outcome *out,
                       const bson_t *operation)
{
    const char *id = dmongo_get_str(operation, "saveResultAsEntity", NULL);
    unified_entity *newest = world->entities;
    if (id == NULL || out->failed)
        return 0;
    if (newest != NULL && newest->kind == UNIFIED_CURSOR && newest->id[0] == 0) {
        snprintf(newest->id, sizeof newest->id, "%s", id);
        return 0;
    }
    unified_add(world, id, UNIFIED_VALUE)->value = out->value;
    out->value = NULL;
    return 0;
}

static void clear_outcome(unified_outcome *out)
{
    if (out->details != NULL)
        dmongo_result_clear(out->details);
    free(out->details);
    bson_destroy(out->value);
}

static int run_operation(unified_world *world, const bson_t *operation)
{
    const char *name = dmongo_get_str(operation, "name", "");
    const char *object = dmongo_get_str(operation, "object", "");
    unified_entity *on = NULL;
    unified_arguments a;
    unified_outcome out = {0};
    if (strcmp(object, "testRunner") != 0 &&
        (on = unified_find(world, object)) == NULL)
        return unified_fail(world, "runner: there is no entity %s", object);
    unified_arguments_begin(&a, world, operation);
    int known = 0, result = -1;
    for (size_t i = 0; i < sizeof ops / sizeof ops[0] && known == 0; i++) {
        a.seen = 0;
        known = on == NULL && ops[i] != unified_op_runner
                    ? 0
                    : ops[i](on, name, &a, &out);
    }
    if (known == 0)
        unified_fail(world, "needs the operation %s", name);
    else if (known > 0)
        result = check_result(world, &out, operation) < 0
                     ? -1
                     : save_result(world, &out, operation);
    clear_outcome(&out);
    return result < 0 ? unified_prefix(world, "%s", name) : result;
}

static int run_operations(unified_world *world, const bson_t *test)
{
    bson_t list, one;
    bson_iter_t iter;
    if (!dmongo_get_doc(test, "operations", &list))
        return unified_fail(world, "runner: a test without operations");
    for (bson_iter_init(&iter, &list); bson_iter_next(&iter);)
        if (!dmongo_get_doc(&list, bson_iter_key(&iter), &one) ||
            run_operation(world, &one) < 0)
            return -1;
    return 0;
}

static int run(unified_world *world, const bson_t *file, const bson_t *test)
{
    bson_t entities;
    if (each_collection(world, file, "initialData", insert_data) < 0)
        return -1;
    if (dmongo_get_doc(file, "createEntities", &entities) &&
        unified_create(world, &entities) < 0)
        return -1;
    if (run_operations(world, test) < 0)
        return -1;
    unified_fail_points_off();
    if (unified_check_events(world, test) < 0 || unified_check_logs(world, test) < 0)
        return -1;
    if (dmongo_has(test, "expectTracingMessages"))
        return unified_fail(world, "expects tracing messages");
    return each_collection(world, test, "outcome", check_data);
}

int unified_run_test(unified_world *server, const bson_t *file,
                     const bson_t *test)
{
    unified_world world = {.servers = server->servers,
                           .server = server->server,
                           .internal = server->server->internal,
                           .is_set = server->is_set};
    unified_logs_begin(&world);
    int result = run(&world, file, test) < 0 ? -1 : 1;
    unified_logs_end();
    unified_fail_points_off();
    unified_close_all(&world);
    memcpy(server->why, world.why, sizeof server->why);
    /* What the driver or this runner does not offer is a skip, with its reason. */
    static const char *const skips[] = {"needs ", "observes ", "expects ", NULL};
    for (const char *const *s = skips; *s != NULL && result < 0; s++) {
        const char *why = strstr(world.why, *s);
        if (why != NULL && (why == world.why || strstr(world.why, ": ") + 2 == why))
            result = 0;
    }
    return result;
}

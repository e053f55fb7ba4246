/* SPDX-License-Identifier: MIT */
/*
 * Operations on collections that read, and those that find and modify.
 */
#include "unified.h"

#include <stdlib.h>
#include <string.h>

void unified_return(unified_outcome *out, dmongo_value value)
{
    bson_destroy(out->value);
    out->value = dmongo_doc_to_bson(dmongo_doc("v", value), &out->error);
    out->failed = out->value == NULL;
}

void unified_return_documents(unified_outcome *out, dmongo_cursor *cursor,
                              const char *only_field)
{
    bson_t array, *whole = bson_new();
    const bson_t *doc;
    bson_iter_t iter;
    char key[16];
    int got, n = 0;
    bson_append_array_begin(whole, "v", 1, &array);
    while ((got = dmongo_cursor_next(cursor, &doc, &out->error)) > 0) {
        snprintf(key, sizeof key, "%d", n++);
        if (only_field == NULL)
            bson_append_document(&array, key, -1, doc);
        else if (bson_iter_init_find(&iter, doc, only_field))
            bson_append_iter(&array, key, -1, &iter);
    }
    bson_append_array_end(whole, &array);
    dmongo_cursor_close(cursor);
    bson_destroy(out->value);
    out->value = whole;
    out->failed = got < 0;
}

/* A concern of the operation, or of its collection. */
static dmongo_value concern(unified_entity *on, unified_arguments *a,
                            const char *name)
{
    dmongo_value own = unified_value(a, name);
    return own.form == DMONGO__ABSENT && on->options != NULL
               ? dmongo_get_value(on->options, name)
               : own;
}

static dmongo_find_options find_options(unified_entity *on, unified_arguments *a)
{
    return (dmongo_find_options){
        .projection = unified_value(a, "projection"),
        .sort = unified_value(a, "sort"),
        .hint = unified_value(a, "hint"),
        .collation = unified_value(a, "collation"),
        .let = unified_value(a, "let"),
        .comment = unified_value(a, "comment"),
        .skip = unified_int(a, "skip", 0),
        .limit = unified_int(a, "limit", 0),
        .batch_size = (int32_t)unified_int(a, "batchSize", 0),
        .max_time_ms = unified_int(a, "maxTimeMS", 0),
        .allow_disk_use = unified_choice(a, "allowDiskUse"),
        .min = unified_value(a, "min"),
        .max = unified_value(a, "max"),
        .return_key = unified_bool(a, "returnKey", false),
        .show_record_id = unified_bool(a, "showRecordId", false),
        .no_cursor_timeout = unified_bool(a, "noCursorTimeout", false),
        .session = unified_session(a),
        .read_concern = concern(on, a, "readConcern"),
        .read_preference = concern(on, a, "readPreference"),
    };
}

static dmongo_cursor *find(unified_entity *on, unified_arguments *a,
                           unified_outcome *out)
{
    dmongo_find_options options = find_options(on, a);
    dmongo_value filter = unified_value(a, "filter");
    if (unified_arguments_end(a) < 0)
        return NULL;
    return dmongo_find(on->client->mongo, on->name, filter, &options,
                       &out->error);
}

static int op_find(unified_entity *on, unified_arguments *a,
                   unified_outcome *out)
{
    dmongo_cursor *cursor = find(on, a, out);
    if (cursor == NULL && *a->world->why != 0)
        return -1;
    out->failed = cursor == NULL;
    if (cursor != NULL)
        unified_return_documents(out, cursor, NULL);
    return 1;
}

static int op_find_one(unified_entity *on, unified_arguments *a,
                       unified_outcome *out)
{
    dmongo_find_options options = find_options(on, a);
    dmongo_value filter = unified_value(a, "filter");
    bson_t *found;
    if (unified_arguments_end(a) < 0)
        return -1;
    int got = dmongo_find_one(on->client->mongo, on->name, filter, &options,
                              &found, &out->error);
    out->failed = got < 0;
    if (got >= 0)
        unified_return(out, found != NULL ? dmongo_bson(found) : dmongo_null());
    bson_destroy(found);
    return 1;
}

static int op_create_find_cursor(unified_entity *on, unified_arguments *a,
                                 unified_outcome *out)
{
    dmongo_cursor *cursor = find(on, a, out);
    if (cursor == NULL && *a->world->why != 0)
        return -1;
    out->failed = cursor == NULL;
    if (cursor != NULL)
        unified_add(a->world, "", UNIFIED_CURSOR)->cursor = cursor;
    return 1;
}

static int op_aggregate(unified_entity *on, unified_arguments *a,
                        unified_outcome *out)
{
    dmongo_aggregate_options options = {
        .hint = unified_value(a, "hint"),
        .collation = unified_value(a, "collation"),
        .let = unified_value(a, "let"),
        .comment = unified_value(a, "comment"),
        .batch_size = (int32_t)unified_int(a, "batchSize", 0),
        .max_time_ms = unified_int(a, "maxTimeMS", 0),
        .allow_disk_use = unified_choice(a, "allowDiskUse"),
        .bypass_document_validation =
            unified_choice(a, "bypassDocumentValidation"),
        .session = unified_session(a),
        .read_concern = concern(on, a, "readConcern"),
        .read_preference = concern(on, a, "readPreference"),
        .write_concern = concern(on, a, "writeConcern"),
    };
    dmongo_value pipeline = unified_value(a, "pipeline");
    if (unified_arguments_end(a) < 0)
        return -1;
    dmongo_cursor *cursor = dmongo_aggregate(on->client->mongo, on->name,
                                             pipeline, &options, &out->error);
    out->failed = cursor == NULL;
    if (cursor != NULL)
        unified_return_documents(out, cursor, NULL);
    return 1;
}

static int op_count(unified_entity *on, unified_arguments *a,
                    unified_outcome *out)
{
    dmongo_count_options options = {
        .hint = unified_value(a, "hint"),
        .collation = unified_value(a, "collation"),
        .comment = unified_value(a, "comment"),
        .skip = unified_int(a, "skip", 0),
        .limit = unified_int(a, "limit", 0),
        .max_time_ms = unified_int(a, "maxTimeMS", 0),
        .session = unified_session(a),
        .read_concern = concern(on, a, "readConcern"),
        .read_preference = concern(on, a, "readPreference"),
    };
    dmongo_value filter = unified_value(a, "filter");
    if (unified_arguments_end(a) < 0)
        return -1;
    int64_t n = dmongo_count(on->client->mongo, on->name, filter, &options,
                             &out->error);
    out->failed = n < 0;
    if (n >= 0)
        unified_return(out, dmongo_int64(n));
    return 1;
}

static int op_estimated(unified_entity *on, unified_arguments *a,
                        unified_outcome *out)
{
    dmongo_estimated_options options = {
        .comment = unified_value(a, "comment"),
        .max_time_ms = unified_int(a, "maxTimeMS", 0),
        .session = unified_session(a),
        .read_concern = concern(on, a, "readConcern"),
        .read_preference = concern(on, a, "readPreference"),
    };
    if (unified_arguments_end(a) < 0)
        return -1;
    int64_t n = dmongo_estimated_count(on->client->mongo, on->name, &options,
                                       &out->error);
    out->failed = n < 0;
    if (n >= 0)
        unified_return(out, dmongo_int64(n));
    return 1;
}

static int op_distinct(unified_entity *on, unified_arguments *a,
                       unified_outcome *out)
{
    dmongo_distinct_options options = {
        .hint = unified_value(a, "hint"),
        .collation = unified_value(a, "collation"),
        .comment = unified_value(a, "comment"),
        .max_time_ms = unified_int(a, "maxTimeMS", 0),
        .session = unified_session(a),
        .read_concern = concern(on, a, "readConcern"),
        .read_preference = concern(on, a, "readPreference"),
    };
    const char *field = unified_str(a, "fieldName");
    dmongo_value filter = unified_value(a, "filter");
    bson_t *values;
    if (unified_arguments_end(a) < 0)
        return -1;
    out->failed = dmongo_distinct(on->client->mongo, on->name, field, filter,
                                  &options, &values, &out->error) < 0;
    if (!out->failed)
        unified_return(out, dmongo_bson_array(values));
    bson_destroy(values);
    return 1;
}

typedef int modify_fn(dmongo *client, const char *ns, dmongo_value filter,
                      dmongo_value change, const dmongo_modify_options *options,
                      bson_t **found, diesel_error *err);

static int delete(dmongo *client, const char *ns, dmongo_value filter,
                  dmongo_value change, const dmongo_modify_options *options,
                  bson_t **found, diesel_error *err)
{
    (void)change;
    return (dmongo_find_one_and_delete)(client, ns, filter, options, found, err);
}

static int modify(modify_fn *fn, const char *change_key, unified_entity *on,
                  unified_arguments *a, unified_outcome *out)
{
    const char *which = unified_str(a, "returnDocument");
    dmongo_modify_options options = {
        .projection = unified_value(a, "projection"),
        .sort = unified_value(a, "sort"),
        .array_filters = unified_value(a, "arrayFilters"),
        .collation = unified_value(a, "collation"),
        .hint = unified_value(a, "hint"),
        .let = unified_value(a, "let"),
        .comment = unified_value(a, "comment"),
        .max_time_ms = unified_int(a, "maxTimeMS", 0),
        .upsert = unified_bool(a, "upsert", false),
        .after = which != NULL && strcmp(which, "After") == 0,
        .bypass_document_validation =
            unified_choice(a, "bypassDocumentValidation"),
        .session = unified_session(a),
        .write_concern = concern(on, a, "writeConcern"),
    };
    dmongo_value filter = unified_value(a, "filter");
    dmongo_value change = unified_value(a, change_key);
    bson_t *found;
    if (unified_arguments_end(a) < 0)
        return -1;
    int got = fn(on->client->mongo, on->name, filter, change, &options, &found,
                 &out->error);
    out->failed = got < 0;
    if (got >= 0)
        unified_return(out, found != NULL ? dmongo_bson(found) : dmongo_null());
    bson_destroy(found);
    return 1;
}

static int op_find_update(unified_entity *on, unified_arguments *a,
                          unified_outcome *out)
{
    return modify((dmongo_find_one_and_update), "update", on, a, out);
}

static int op_find_replace(unified_entity *on, unified_arguments *a,
                           unified_outcome *out)
{
    return modify((dmongo_find_one_and_replace), "replacement", on, a, out);
}

static int op_find_delete(unified_entity *on, unified_arguments *a,
                          unified_outcome *out)
{
    return modify(delete, "none", on, a, out);
}

static const struct {
    const char *name;
    int (*run)(unified_entity *on, unified_arguments *a, unified_outcome *out);
} ops[] = {
    {"find", op_find},
    {"findOne", op_find_one},
    {"createFindCursor", op_create_find_cursor},
    {"aggregate", op_aggregate},
    {"countDocuments", op_count},
    {"estimatedDocumentCount", op_estimated},
    {"distinct", op_distinct},
    {"findOneAndUpdate", op_find_update},
    {"findOneAndReplace", op_find_replace},
    {"findOneAndDelete", op_find_delete},
};

int unified_op_collection(unified_entity *on, const char *name,
                          unified_arguments *a, unified_outcome *out)
{
    bool aggregates = on->kind == UNIFIED_DATABASE &&
                      strcmp(name, "aggregate") == 0;
    if (on->kind != UNIFIED_COLLECTION && !aggregates)
        return 0;
    for (size_t i = 0; i < sizeof ops / sizeof ops[0]; i++)
        if (strcmp(name, ops[i].name) == 0)
            return ops[i].run(on, a, out);
    return 0;
}

/* SPDX-License-Identifier: MIT */
/*
 * Operations that write, one by one or in bulk, and the documents that their results
 * are.
 */
#include "unified.h"

#include <stdlib.h>
#include <string.h>

static dmongo_value write_concern(unified_entity *on, unified_arguments *a)
{
    dmongo_value own = unified_value(a, "writeConcern");
    return own.form == DMONGO__ABSENT && on->options != NULL
               ? dmongo_get_value(on->options, "writeConcern")
               : own;
}

/* Keeps the result for expectError. */
static void keep(unified_outcome *out, const dmongo_result *result)
{
    out->details = malloc(sizeof *out->details);
    *out->details = *result;
}

/* The _id of a document that is to be inserted: its own or the one that was made. */
static dmongo_value id_of(dmongo_value doc, const bson_oid_t *made)
{
    dmongo_value own = dmongo_absent();
    bson_t view;
    if (doc.form == DMONGO__RAW && bson_init_static(&view, doc.p, doc.len))
        own = dmongo_get_value(&view, "_id");
    return own.form != DMONGO__ABSENT ? own : dmongo_oid(made);
}

static int op_insert_one(unified_entity *on, unified_arguments *a,
                         unified_outcome *out)
{
    bson_oid_t id;
    dmongo_insert_options options = {
        .ids = &id,
        .bypass_document_validation =
            unified_choice(a, "bypassDocumentValidation"),
        .comment = unified_value(a, "comment"),
        .session = unified_session(a),
        .write_concern = write_concern(on, a)};
    dmongo_value doc = unified_value(a, "document");
    dmongo_result result;
    if (unified_arguments_end(a) < 0)
        return -1;
    out->failed = dmongo_insert_one(on->client->mongo, on->name, doc, &options,
                                    &result, &out->error) < 0;
    if (!out->failed)
        unified_return(out, dmongo_doc("insertedId", id_of(doc, &id)));
    keep(out, &result);
    return 1;
}

/* The documents of an array of arguments, which is borrowed. */
static size_t read_list(unified_arguments *a, const char *key, bson_t *view,
                        dmongo_value **docs)
{
    *docs = NULL;
    if (!unified_doc(a, key, view))
        return 0;
    size_t n = bson_count_keys(view);
    *docs = calloc(n + 1, sizeof **docs);
    char path[24];
    for (size_t i = 0; i < n; i++) {
        snprintf(path, sizeof path, "%zu", i);
        (*docs)[i] = dmongo_get_value(view, path);
    }
    return n;
}

static int op_insert_many(unified_entity *on, unified_arguments *a,
                          unified_outcome *out)
{
    bson_t view;
    dmongo_value *docs;
    size_t n = read_list(a, "documents", &view, &docs);
    bson_oid_t *ids = calloc(n + 1, sizeof *ids);
    dmongo_insert_options options = {
        .ids = ids,
        .unordered = !unified_bool(a, "ordered", true),
        .bypass_document_validation =
            unified_choice(a, "bypassDocumentValidation"),
        .comment = unified_value(a, "comment"),
        .session = unified_session(a),
        .write_concern = write_concern(on, a)};
    dmongo_result result = {0};
    int known = unified_arguments_end(a) < 0 ? -1 : 1;
    if (known > 0) {
        out->failed = dmongo_insert_many(on->client->mongo, on->name, docs, n,
                                         &options, &result, &out->error) < 0;
        bson_t inserted = BSON_INITIALIZER;
        for (size_t i = 0; i < n; i++) {
            char key[24];
            snprintf(key, sizeof key, "%zu", i);
            bson_t *one = dmongo_doc_to_bson(
                dmongo_doc(key, id_of(docs[i], &ids[i])), NULL);
            bson_concat(&inserted, one);
            bson_destroy(one);
        }
        bool failed = out->failed;
        unified_return(out, dmongo_doc("insertedIds", dmongo_bson(&inserted),
                                       "insertedCount",
                                       dmongo_int64(result.inserted),
                                       "deletedCount", 0, "matchedCount", 0,
                                       "modifiedCount", 0, "upsertedCount", 0,
                                       "upsertedIds", dmongo_doc()));
        out->failed = failed;
        bson_destroy(&inserted);
        keep(out, &result);
    }
    free(docs);
    free(ids);
    return known;
}

typedef int update_fn(dmongo *client, const char *ns, dmongo_value filter,
                      dmongo_value update, const dmongo_update_options *options,
                      dmongo_result *result, diesel_error *err);

static int update(update_fn *fn, const char *change_key, unified_entity *on,
                  unified_arguments *a, unified_outcome *out)
{
    dmongo_update_options options = {
        .upsert = unified_bool(a, "upsert", false),
        .bypass_document_validation =
            unified_choice(a, "bypassDocumentValidation"),
        .array_filters = unified_value(a, "arrayFilters"),
        .collation = unified_value(a, "collation"),
        .hint = unified_value(a, "hint"),
        .let = unified_value(a, "let"),
        .sort = unified_value(a, "sort"),
        .comment = unified_value(a, "comment"),
        .session = unified_session(a),
        .write_concern = write_concern(on, a)};
    dmongo_value filter = unified_value(a, "filter");
    dmongo_value change = unified_value(a, change_key);
    dmongo_result result;
    if (unified_arguments_end(a) < 0)
        return -1;
    out->failed = fn(on->client->mongo, on->name, filter, change, &options,
                     &result, &out->error) < 0;
    if (!out->failed)
        unified_return(
            out, dmongo_doc("matchedCount", dmongo_int64(result.matched),
                            "modifiedCount", dmongo_int64(result.modified),
                            "upsertedCount",
                            dmongo_int64(result.upserted_count),
                            "upsertedId",
                            dmongo_get_value(result.upserted, "_id")));
    keep(out, &result);
    return 1;
}

static int op_update_one(unified_entity *on, unified_arguments *a,
                         unified_outcome *out)
{
    return update((dmongo_update_one), "update", on, a, out);
}

static int op_update_many(unified_entity *on, unified_arguments *a,
                          unified_outcome *out)
{
    return update((dmongo_update_many), "update", on, a, out);
}

static int op_replace_one(unified_entity *on, unified_arguments *a,
                          unified_outcome *out)
{
    return update((dmongo_replace_one), "replacement", on, a, out);
}

typedef int delete_fn(dmongo *client, const char *ns, dmongo_value filter,
                      const dmongo_delete_options *options,
                      dmongo_result *result, diesel_error *err);

static int delete(delete_fn *fn, unified_entity *on, unified_arguments *a,
                  unified_outcome *out)
{
    dmongo_delete_options options = {
        .collation = unified_value(a, "collation"),
        .hint = unified_value(a, "hint"),
        .let = unified_value(a, "let"),
        .comment = unified_value(a, "comment"),
        .session = unified_session(a),
        .write_concern = write_concern(on, a)};
    dmongo_value filter = unified_value(a, "filter");
    dmongo_result result;
    if (unified_arguments_end(a) < 0)
        return -1;
    out->failed = fn(on->client->mongo, on->name, filter, &options, &result,
                     &out->error) < 0;
    if (!out->failed)
        unified_return(out, dmongo_doc("deletedCount",
                                       dmongo_int64(result.deleted)));
    keep(out, &result);
    return 1;
}

static int op_delete_one(unified_entity *on, unified_arguments *a,
                         unified_outcome *out)
{
    return delete ((dmongo_delete_one), on, a, out);
}

static int op_delete_many(unified_entity *on, unified_arguments *a,
                          unified_outcome *out)
{
    return delete ((dmongo_delete_many), on, a, out);
}

/* --- Bulk */

static const struct {
    const char *name;
    dmongo_write_kind kind;
    const char *document;
} kinds[] = {
    {"insertOne", DMONGO_WRITE_INSERT, "document"},
    {"updateOne", DMONGO_WRITE_UPDATE_ONE, "update"},
    {"updateMany", DMONGO_WRITE_UPDATE_MANY, "update"},
    {"replaceOne", DMONGO_WRITE_REPLACE_ONE, "replacement"},
    {"deleteOne", DMONGO_WRITE_DELETE_ONE, "none"},
    {"deleteMany", DMONGO_WRITE_DELETE_MANY, "none"},
};

/* A model {"insertOne": {...}}; its members must all be known. */
static int read_model(unified_world *world, dmongo_value model,
                      dmongo_write *write)
{
    static const char *const known[] = {
        "document", "update",       "replacement", "filter", "namespace",
        "upsert",   "arrayFilters", "collation",   "hint",   "sort"};
    bson_t doc, inner;
    bson_iter_t iter;
    size_t k = 0;
    if (!bson_init_static(&doc, model.p, model.len) ||
        !bson_iter_init(&iter, &doc) || !bson_iter_next(&iter) ||
        !dmongo_get_doc(&doc, bson_iter_key(&iter), &inner))
        return unified_fail(world, "runner: malformed model of a write");
    while (k < sizeof kinds / sizeof kinds[0] &&
           strcmp(kinds[k].name, bson_iter_key(&iter)) != 0)
        k++;
    if (k == sizeof kinds / sizeof kinds[0])
        return unified_fail(world, "runner: unknown write %s",
                            bson_iter_key(&iter));
    for (bson_iter_init(&iter, &inner); bson_iter_next(&iter);) {
        size_t i = 0;
        while (i < sizeof known / sizeof known[0] &&
               strcmp(known[i], bson_iter_key(&iter)) != 0)
            i++;
        if (i == sizeof known / sizeof known[0])
            return unified_fail(world, "runner: unknown member %s of a write",
                                bson_iter_key(&iter));
    }
    *write = (dmongo_write){
        .kind = kinds[k].kind,
        .ns = dmongo_get_str(&inner, "namespace", NULL),
        .filter = dmongo_get_value(&inner, "filter"),
        .document = dmongo_get_value(&inner, kinds[k].document),
        .array_filters = dmongo_get_value(&inner, "arrayFilters"),
        .collation = dmongo_get_value(&inner, "collation"),
        .hint = dmongo_get_value(&inner, "hint"),
        .sort = dmongo_get_value(&inner, "sort"),
        .upsert = dmongo_get_bool(&inner, "upsert", false)};
    return 0;
}

/* {"0": id, ...} of the documents that were to be inserted. */
static bson_t *inserted_ids(const dmongo_write *writes, const bson_oid_t *ids,
                            size_t n)
{
    bson_t *all = bson_new();
    char key[24];
    for (size_t i = 0; i < n; i++) {
        if (writes[i].kind != DMONGO_WRITE_INSERT)
            continue;
        snprintf(key, sizeof key, "%zu", i);
        bson_t *one = dmongo_doc_to_bson(
            dmongo_doc(key, id_of(writes[i].document, &ids[i])), NULL);
        bson_concat(all, one);
        bson_destroy(one);
    }
    return all;
}

static void return_bulk(unified_outcome *out, const dmongo_result *r,
                        const dmongo_write *writes, const bson_oid_t *ids,
                        size_t n)
{
    bson_t *inserted = inserted_ids(writes, ids, n);
    bson_t none = BSON_INITIALIZER;
    unified_return(
        out,
        dmongo_doc("insertedCount", dmongo_int64(r->inserted),
                   "matchedCount", dmongo_int64(r->matched),
                   "modifiedCount", dmongo_int64(r->modified),
                   "deletedCount", dmongo_int64(r->deleted),
                   "upsertedCount", dmongo_int64(r->upserted_count),
                   "insertedIds", dmongo_bson(inserted),
                   "upsertedIds",
                   dmongo_bson(r->upserted != NULL ? r->upserted : &none)));
    bson_destroy(inserted);
}

static int bulk(const char *list, unified_entity *on, unified_arguments *a,
                unified_outcome *out)
{
    bson_t view;
    dmongo_value *models;
    size_t n = read_list(a, list, &view, &models);
    dmongo_write *writes = calloc(n + 1, sizeof *writes);
    bson_oid_t *ids = calloc(n + 1, sizeof *ids);
    bool several = on->kind == UNIFIED_CLIENT;
    dmongo_bulk_options options = {
        .ids = ids,
        .unordered = !unified_bool(a, "ordered", true),
        .verbose = several && unified_bool(a, "verboseResults", false),
        .bypass_document_validation =
            unified_choice(a, "bypassDocumentValidation"),
        .let = unified_value(a, "let"),
        .comment = unified_value(a, "comment"),
        .session = unified_session(a),
        .write_concern = write_concern(on, a)};
    int known = unified_arguments_end(a) < 0 ? -1 : 1;
    for (size_t i = 0; i < n && known > 0; i++)
        if (read_model(a->world, models[i], &writes[i]) < 0)
            known = -1;
    if (known > 0) {
        dmongo_result result;
        out->failed =
            (several ? dmongo_client_bulk_write(on->mongo, writes, n, &options,
                                                &result, &out->error)
                     : dmongo_bulk_write(on->client->mongo, on->name, writes, n,
                                         &options, &result, &out->error)) < 0;
        bool failed = out->failed;
        return_bulk(out, &result, writes, ids, n);
        out->failed = failed;
        keep(out, &result);
    }
    free(models);
    free(writes);
    free(ids);
    return known;
}

static int op_bulk(unified_entity *on, unified_arguments *a,
                   unified_outcome *out)
{
    return bulk("requests", on, a, out);
}

static const struct {
    const char *name;
    int (*run)(unified_entity *on, unified_arguments *a, unified_outcome *out);
} ops[] = {
    {"insertOne", op_insert_one},   {"insertMany", op_insert_many},
    {"updateOne", op_update_one},   {"updateMany", op_update_many},
    {"replaceOne", op_replace_one}, {"deleteOne", op_delete_one},
    {"deleteMany", op_delete_many}, {"bulkWrite", op_bulk},
};

int unified_op_write(unified_entity *on, const char *name, unified_arguments *a,
                     unified_outcome *out)
{
    if (on->kind == UNIFIED_CLIENT && strcmp(name, "clientBulkWrite") == 0)
        return bulk("models", on, a, out);
    if (on->kind != UNIFIED_COLLECTION)
        return 0;
    for (size_t i = 0; i < sizeof ops / sizeof ops[0]; i++)
        if (strcmp(name, ops[i].name) == 0)
            return ops[i].run(on, a, out);
    return 0;
}

/* SPDX-License-Identifier: MIT */
/*
 * Inserts, updates and deletes, with the results in mongosh's form:
 *
 *     {"acknowledged": true, "insertedId": ...}
 *     {"acknowledged": true, "insertedIds": {"0": ..., "1": ...}}
 *     {"acknowledged": true, "insertedId": null, "matchedCount": 1,
 *      "modifiedCount": 1, "upsertedCount": 0}
 *     {"acknowledged": true, "deletedCount": 1}
 */
#include "mongo/cli/run_internal.h"

#include <stdlib.h>

#define VALUE(type, name, member)                                              \
    {name, DMONGO__OPTION_VALUE, offsetof(type, member)}
#define BOOL(type, name, member)                                               \
    {name, DMONGO__OPTION_BOOL, offsetof(type, member)}

/* insertMany() has "ordered", the driver the contrary. */
struct insert_options {
    bool ordered;
    dmongo_insert_options driver;
};

static const dmongo__option insert_options[] = {
    BOOL(struct insert_options, "ordered", ordered),
    BOOL(struct insert_options, "bypassDocumentValidation",
         driver.bypass_document_validation),
    VALUE(struct insert_options, "comment", driver.comment),
    {0},
};

static const dmongo__option update_options[] = {
    BOOL(dmongo_update_options, "upsert", upsert),
    BOOL(dmongo_update_options, "bypassDocumentValidation",
         bypass_document_validation),
    VALUE(dmongo_update_options, "arrayFilters", array_filters),
    VALUE(dmongo_update_options, "collation", collation),
    VALUE(dmongo_update_options, "hint", hint),
    VALUE(dmongo_update_options, "let", let),
    VALUE(dmongo_update_options, "sort", sort),
    VALUE(dmongo_update_options, "comment", comment),
    {0},
};

static const dmongo__option delete_options[] = {
    VALUE(dmongo_delete_options, "collation", collation),
    VALUE(dmongo_delete_options, "hint", hint),
    VALUE(dmongo_delete_options, "let", let),
    VALUE(dmongo_delete_options, "comment", comment),
    {0},
};

static bson_t *new_result(void)
{
    bson_t *result = bson_new();
    bson_append_bool(result, "acknowledged", -1, true);
    return result;
}

/* Appends the _id of an inserted document: its own, or the one that was made. */
static void append_id(bson_t *result, const char *key, const bson_t *doc,
                      const bson_oid_t *made)
{
    bson_iter_t iter;
    if (bson_iter_init_find(&iter, doc, "_id"))
        bson_append_iter(result, key, -1, &iter);
    else
        bson_append_oid(result, key, -1, made);
}

int dmongo__run_insert_one(const dmongo__running *running,
                           const dmongo__call *call)
{
    struct insert_options options = {.ordered = true};
    bson_oid_t made;
    bson_t doc;
    if (dmongo__read_options(running, call, 1, insert_options, &options) < 0)
        return -1;
    options.driver.ids = &made;
    dmongo_get_doc(call->args, "0", &doc);
    if (dmongo_insert_one(running->session->client, running->ns, &doc,
                          &options.driver, NULL, running->err) < 0)
        return -1;
    bson_t *result = new_result();
    append_id(result, "insertedId", &doc, &made);
    return dmongo__print_result(running, result);
}

/* The documents of an array as values; false if one is something else. */
static bool read_documents(const bson_t *array, dmongo_value *docs)
{
    bson_iter_t iter;
    bson_iter_init(&iter, array);
    for (size_t i = 0; bson_iter_next(&iter); i++) {
        if (!BSON_ITER_HOLDS_DOCUMENT(&iter))
            return false;
        docs[i] = dmongo_get_value(array, bson_iter_key(&iter));
    }
    return true;
}

static int print_many(const dmongo__running *running, const bson_t *array,
                      const bson_oid_t *ids)
{
    bson_t *result = new_result();
    bson_t inserted, doc;
    bson_iter_t iter;
    bson_append_document_begin(result, "insertedIds", -1, &inserted);
    bson_iter_init(&iter, array);
    for (size_t i = 0; bson_iter_next(&iter); i++) {
        dmongo_get_doc(array, bson_iter_key(&iter), &doc);
        append_id(&inserted, bson_iter_key(&iter), &doc, &ids[i]);
    }
    bson_append_document_end(result, &inserted);
    return dmongo__print_result(running, result);
}

int dmongo__run_insert_many(const dmongo__running *running,
                            const dmongo__call *call)
{
    struct insert_options options = {.ordered = true};
    bson_t array;
    if (dmongo__read_options(running, call, 1, insert_options, &options) < 0)
        return -1;
    options.driver.unordered = !options.ordered;
    dmongo_get_doc(call->args, "0", &array);
    size_t n = bson_count_keys(&array);
    dmongo_value *docs = calloc(n + 1, sizeof *docs);
    options.driver.ids = calloc(n + 1, sizeof *options.driver.ids);
    int result;
    if (docs == NULL || options.driver.ids == NULL)
        result = diesel_error_nomem(running->err, "documents to insert");
    else if (!read_documents(&array, docs))
        result = diesel_error_set(running->err, DIESEL_E_INVAL,
                                  DIESEL_DOM_MONGO, 0,
                                  "insertMany: each element of the array must be "
                                  "a document");
    else
        result = dmongo_insert_many(running->session->client, running->ns,
                                    docs, n, &options.driver, NULL,
                                    running->err);
    if (result == 0)
        result = print_many(running, &array, options.driver.ids);
    free(docs);
    free(options.driver.ids);
    return result;
}

static int print_update(const dmongo__running *running,
                        const dmongo_result *counts)
{
    bson_t *result = new_result();
    bson_iter_t id;
    if (counts->upserted != NULL &&
        bson_iter_init_find(&id, counts->upserted, "_id"))
        bson_append_iter(result, "insertedId", -1, &id);
    else
        bson_append_null(result, "insertedId", -1);
    bson_append_int64(result, "matchedCount", -1, counts->matched);
    bson_append_int64(result, "modifiedCount", -1, counts->modified);
    bson_append_int32(result, "upsertedCount", -1, counts->upserted != NULL);
    return dmongo__print_result(running, result);
}

/* updateOne(), updateMany(), replaceOne() */
int dmongo__run_update(const dmongo__running *running,
                       const dmongo__call *call)
{
    dmongo_update_options options = {0};
    dmongo_result counts;
    if (dmongo__read_options(running, call, 2, update_options, &options) < 0)
        return -1;
    int (*update)(dmongo *, const char *, dmongo_value, dmongo_value,
                  const dmongo_update_options *, dmongo_result *,
                  diesel_error *) =
        call->method->id == DMONGO__METHOD_UPDATE_ONE    ? (dmongo_update_one)
        : call->method->id == DMONGO__METHOD_UPDATE_MANY ? (dmongo_update_many)
                                                         : (dmongo_replace_one);
    int result = update(running->session->client, running->ns,
                        dmongo__argument(call, 0), dmongo__argument(call, 1),
                        &options, &counts, running->err);
    if (result == 0)
        result = print_update(running, &counts);
    dmongo_result_clear(&counts);
    return result;
}

/* deleteOne(), deleteMany() */
int dmongo__run_delete(const dmongo__running *running,
                       const dmongo__call *call)
{
    dmongo_delete_options options = {0};
    dmongo_result counts;
    if (dmongo__read_options(running, call, 1, delete_options, &options) < 0)
        return -1;
    bool one = call->method->id == DMONGO__METHOD_DELETE_ONE;
    int result = (one ? (dmongo_delete_one) : (dmongo_delete_many))(
        running->session->client, running->ns, dmongo__argument(call, 0),
        &options, &counts, running->err);
    if (result == 0) {
        bson_t *printed = new_result();
        bson_append_int64(printed, "deletedCount", -1, counts.deleted);
        result = dmongo__print_result(running, printed);
    }
    dmongo_result_clear(&counts);
    return result;
}

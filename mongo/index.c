/* SPDX-License-Identifier: MIT */
/*
 * Indexes. A name is made of the keys, as every driver makes it, since servers want
 * one: "age_1_name_-1", "place_2dsphere".
 */
#include <diesel/mongo_index.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <diesel/memory.h>

#include "command_internal.h"
#include "cursor_internal.h"
#include "doc_internal.h"
#include "option_internal.h"

/* "_1", "_-1", "_text", ...: what a key's direction adds to the name. */
static int put_direction(FILE *out, const bson_iter_t *iter)
{
    if (BSON_ITER_HOLDS_UTF8(iter))
        return fprintf(out, "_%s", bson_iter_utf8(iter, NULL));
    if (BSON_ITER_HOLDS_DOUBLE(iter))
        return fprintf(out, "_%.15g", bson_iter_double(iter));
    return fprintf(out, "_%" PRId64, bson_iter_as_int64(iter));
}

/* The name into memory of the C library, as open_memstream() makes it. */
static char *write_name(const bson_t *keys, size_t *size)
{
    char *text = NULL;
    FILE *out = open_memstream(&text, size);
    if (out == NULL)
        return NULL;
    bson_iter_t iter;
    const char *between = "";
    bson_iter_init(&iter, keys);
    while (bson_iter_next(&iter)) {
        fprintf(out, "%s%s", between, bson_iter_key(&iter));
        put_direction(out, &iter);
        between = "_";
    }
    bool bad = ferror(out) != 0;
    if (fclose(out) != 0 || bad) {
        free(text);
        return NULL;
    }
    return text;
}

char *dmongo_index_name(dmongo_value keys, diesel_error *err)
{
    if (keys.type != BSON_TYPE_DOCUMENT && keys.form != DMONGO__INVALID) {
        diesel_error_set(err, DIESEL_E_INVAL, DIESEL_DOM_MONGO, 0,
                         "the keys of an index must be a document, not %s",
                         dmongo__type_name(keys.type));
        return NULL;
    }
    bson_t *doc = dmongo_doc_to_bson(keys, err);
    if (doc == NULL)
        return NULL;
    char *name = NULL;
    if (bson_empty(doc)) {
        diesel_error_set(err, DIESEL_E_INVAL, DIESEL_DOM_MONGO, 0,
                         "an index must have a key");
    } else {
        size_t size;
        char *text = write_name(doc, &size);
        name = text != NULL ? diesel_strndup(text, size) : NULL;
        free(text);
        if (name == NULL)
            diesel_error_nomem(err, "the name of an index");
    }
    bson_destroy(doc);
    return name;
}

/* The index as the command has it, owned. */
static bson_t *build(const dmongo_index *index, diesel_error *err)
{
    char *made = dmongo_index_name(index->keys, err); /* checks the keys, too */
    if (made == NULL)
        return NULL;
    dmongo_value more =
        index->more.form != DMONGO__ABSENT ? index->more : dmongo_doc();
    bson_t *doc = dmongo_doc_to_bson(
        dmongo_doc("key", index->keys,
                   "name", index->name != NULL ? index->name : made,
                   "unique", dmongo__if_true(index->unique),
                   "sparse", dmongo__if_true(index->sparse),
                   "hidden", dmongo__if_true(index->hidden),
                   "expireAfterSeconds", index->expire_after_seconds,
                   "partialFilterExpression", index->partial_filter,
                   "collation", index->collation,
                   "weights", index->weights,
                   "wildcardProjection", index->wildcard_projection,
                   "", dmongo__splice(&more)),
        err);
    diesel_free(made);
    return doc;
}

static int create(dmongo *client, const struct dmongo__ns *ns,
                  const dmongo_value *docs, size_t n,
                  const dmongo_create_index_options *options, diesel_error *err)
{
    static const dmongo_create_index_options defaults;
    const dmongo_create_index_options *o = options != NULL ? options : &defaults;
    return dmongo__command_run(
        client,
        &(struct dmongo__op){.what = "createIndexes",
                             .ns = ns->text,
                             .database = ns->database,
                             .flags = DMONGO__WRITES,
                             .max_time_ms = o->max_time_ms},
        dmongo_doc("createIndexes", ns->collection,
                   "indexes", dmongo_array_of(docs, n),
                   "commitQuorum", o->commit_quorum,
                   "comment", o->comment),
        0, err);
}

int dmongo_create_indexes(dmongo *client, const char *ns_text,
                          const dmongo_index *indexes, size_t n,
                          const dmongo_create_index_options *options,
                          diesel_error *err)
{
    struct dmongo__ns ns;
    if (dmongo__collection_split(&ns, "createIndexes", ns_text, err) < 0)
        return -1;
    dmongo_value *docs = diesel_calloc(n > 0 ? n : 1, sizeof *docs);
    if (docs == NULL) {
        diesel_error_nomem(err, "indexes");
        return dmongo__explain("createIndexes", ns_text, err);
    }
    size_t built = 0;
    int result = -1;
    while (built < n) {
        bson_t *doc = build(&indexes[built], err);
        if (doc == NULL)
            break;
        docs[built++] = dmongo_bson(doc);
    }
    if (built < n) {
        if (n > 1)
            diesel_error_prefix(err, "index number %zu", built);
        dmongo__explain("createIndexes", ns_text, err);
    } else {
        result = create(client, &ns, docs, n, options, err);
    }
    while (built > 0)
        bson_destroy((bson_t *)(uintptr_t)docs[--built].bson);
    diesel_free(docs);
    return result;
}

int(dmongo_create_index)(dmongo *client, const char *ns, dmongo_value keys,
                         const dmongo_index *options, diesel_error *err)
{
    dmongo_index index = {0};
    if (options != NULL)
        index = *options;
    index.keys = keys;
    return dmongo_create_indexes(client, ns, &index, 1, NULL, err);
}

static int drop(dmongo *client, const char *ns_text, const char *name,
                int forgiven, diesel_error *err)
{
    struct dmongo__ns ns;
    if (dmongo__collection_split(&ns, "dropIndexes", ns_text, err) < 0)
        return -1;
    return dmongo__command_run(
        client,
        &(struct dmongo__op){.what = "dropIndexes",
                             .ns = ns_text,
                             .database = ns.database,
                             .flags = DMONGO__WRITES},
        dmongo_doc("dropIndexes", ns.collection, "index", name),
        forgiven, err);
}

int dmongo_drop_index(dmongo *client, const char *ns, const char *name,
                      diesel_error *err)
{
    if (name == NULL || strcmp(name, "*") == 0) {
        diesel_error_set(err, DIESEL_E_INVAL, DIESEL_DOM_MONGO, 0,
                         "the name of one index is needed, not %s",
                         name != NULL ? "\"*\"" : "NULL");
        return dmongo__explain("dropIndexes", ns, err);
    }
    return drop(client, ns, name, 0, err);
}

int dmongo_drop_indexes(dmongo *client, const char *ns, diesel_error *err)
{
    return drop(client, ns, "*", DMONGO_NAMESPACE_NOT_FOUND, err);
}

dmongo_cursor *dmongo_list_indexes(dmongo *client, const char *ns_text,
                                   int32_t batch_size, diesel_error *err)
{
    struct dmongo__ns ns;
    diesel_error own;
    if (err == NULL)
        err = &own;
    if (dmongo__collection_split(&ns, "listIndexes", ns_text, err) < 0)
        return NULL;
    dmongo_cursor *cursor = dmongo__command_cursor(
        client,
        &(struct dmongo__op){.what = "listIndexes",
                             .ns = ns_text,
                             .database = ns.database,
                             .flags = DMONGO__RETRY_READ},
        dmongo_doc("listIndexes", ns.collection,
                   "cursor",
                   dmongo_doc("batchSize", dmongo__unless_zero32(batch_size))),
        batch_size, dmongo_absent(), err);
    if (cursor == NULL && err->domain == DIESEL_DOM_MONGO &&
        err->detail == DMONGO_NAMESPACE_NOT_FOUND)
        return dmongo__cursor_new(client, "listIndexes", ns_text, err);
    return cursor;
}

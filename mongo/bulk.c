/* SPDX-License-Identifier: MIT */
/*
 * Bulk writes to one collection. Writes of one class (inserts, updates, deletes)
 * that follow one another go into one command; if their order does not matter, all
 * of a class do:
 *
 *     {update: "things", ordered: false} "updates" {q: ..., u: ..., ...} ...
 *
 * Errors and upserts have the index of their statement in the command, which `order`
 * turns back into that of the write.
 */
#include "bulk_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <diesel/memory.h>

#include "batch_internal.h"
#include "copy_internal.h"
#include "doc_internal.h"
#include "result_internal.h"

#define WHAT "bulkWrite"
#define STATEMENT_EXTRA (16 * 1024) /* by which one may exceed a document */

enum class { INSERT, UPDATE, DELETE, CLASSES };

static const struct {
    const char *command, *sequence;
} classes[] = {
    [INSERT] = {"insert", "documents"},
    [UPDATE] = {"update", "updates"},
    [DELETE] = {"delete", "deletes"},
};

struct bulk {
    struct dmongo__call call;
    struct dmongo__op op;
    const struct dmongo__ns *ns;
    const dmongo_write *writes;
    size_t n;
    const dmongo_bulk_options *options;
    dmongo_result *result;
    size_t *order; /* the writes' indexes, as they are sent */
};

static enum class class_of(const dmongo_write *w)
{
    if (w->kind == DMONGO_WRITE_INSERT)
        return INSERT;
    return dmongo__write_is_update(w) ? UPDATE : DELETE;
}

static int check_one(const dmongo_write *w, bool needs_ns, diesel_error *err)
{
    struct dmongo__ns ns;
    if (w->kind > DMONGO_WRITE_DELETE_MANY)
        return diesel_error_set(err, DIESEL_E_INVAL, DIESEL_DOM_MONGO, 0,
                                "%d is no kind of write", (int)w->kind);
    if (needs_ns && dmongo__ns_split(&ns, w->ns, err) < 0)
        return -1;
    if (needs_ns && ns.collection.form == DMONGO__ABSENT)
        return diesel_error_set(err, DIESEL_E_INVAL, DIESEL_DOM_MONGO, 0,
                                "\"%.80s\" is not of the form "
                                "database.collection", w->ns);
    if (w->kind == DMONGO_WRITE_INSERT)
        return dmongo__check_document("document", w->document, err);
    if (dmongo__check_document("filter", w->filter, err) < 0)
        return -1;
    return dmongo__write_is_update(w)
               ? dmongo__check_change(w->kind == DMONGO_WRITE_REPLACE_ONE,
                                      dmongo__write_change(w), err)
               : 0;
}

int dmongo__writes_check(const char *what, const char *ns,
                         const dmongo_write *writes, size_t n, bool needs_ns,
                         diesel_error *err)
{
    if (n == 0) {
        diesel_error_set(err, DIESEL_E_INVAL, DIESEL_DOM_MONGO, 0,
                         "there is nothing to write");
        return dmongo__explain(what, ns, err);
    }
    for (size_t i = 0; i < n; i++)
        if (check_one(&writes[i], needs_ns, err) < 0) {
            diesel_error_prefix(err, "write number %zu", i);
            return dmongo__explain(what, ns, err);
        }
    return 0;
}

int dmongo__result_add_upserted(dmongo_result *result, struct dmongo__call *call,
                                size_t index, dmongo_value id)
{
    char key[24];
    snprintf(key, sizeof key, "%zu", index);
    bson_t *one = dmongo_doc_to_bson(dmongo_doc(key, id), &call->error);
    if (one == NULL)
        return -1;
    if (result->upserted == NULL) {
        result->upserted = one;
        return 0;
    }
    int done = dmongo__bson_concat(result->upserted, one, &call->error);
    bson_destroy(one);
    return done;
}

/* The statement of a write, in the room. */
static struct dmongo__item item_of(const struct dmongo__batch *b, size_t i,
                                   dmongo_value *room)
{
    const struct bulk *bulk = b->source;
    const dmongo_write *w = &bulk->writes[dmongo__batch_number(b, i)];
    if (w->kind == DMONGO_WRITE_INSERT)
        return dmongo__item_of(w->document);
    const dmongo_value update[] = {
        dmongo_str("q"), w->filter,
        dmongo_str("u"), dmongo__write_change(w),
        dmongo_str("multi"),
        dmongo__if_true(w->kind == DMONGO_WRITE_UPDATE_MANY),
        dmongo_str("upsert"), dmongo__if_true(w->upsert),
        dmongo_str("arrayFilters"), dmongo__as_array(w->array_filters),
        dmongo_str("collation"), w->collation,
        dmongo_str("hint"), w->hint,
        dmongo_str("sort"), w->sort,
    };
    const dmongo_value delete[] = {
        dmongo_str("q"), w->filter,
        dmongo_str("limit"),
        dmongo_int32(w->kind == DMONGO_WRITE_DELETE_ONE ? 1 : 0),
        dmongo_str("collation"), w->collation,
        dmongo_str("hint"), w->hint,
    };
    bool is_update = dmongo__write_is_update(w);
    size_t size = is_update ? sizeof update : sizeof delete;
    memcpy(room, is_update ? update : delete, size);
    return (struct dmongo__item){
        .tree = dmongo_doc_of(room, size / sizeof *room)};
}

/* Counts what {upserted: [{index: 0, _id: ...}, ...]} has. */
static int read_upserted(struct bulk *bulk, const struct dmongo__batch *b,
                         int64_t *count)
{
    const struct dmongo__element *list = &bulk->call.reply.upserted;
    bson_t array, one;
    bson_iter_t iter;
    *count = 0;
    if (list->type != BSON_TYPE_ARRAY ||
        !bson_init_static(&array, list->value, list->size) ||
        !bson_iter_init(&iter, &array))
        return 0;
    while (bson_iter_next(&iter)) {
        const uint8_t *bytes;
        uint32_t size;
        if (!BSON_ITER_HOLDS_DOCUMENT(&iter))
            continue;
        bson_iter_document(&iter, &size, &bytes);
        if (!bson_init_static(&one, bytes, size))
            continue;
        size_t index = b->first + (size_t)dmongo_get_int(&one, "index", 0);
        if (index >= b->n)
            return diesel_error_set(&bulk->call.error, DIESEL_E_PROTOCOL,
                                    DIESEL_DOM_MONGO, 0,
                                    "malformed reply: it upserted statement %zu "
                                    "of %zu", index, b->n);
        if (dmongo__result_add_upserted(bulk->result, &bulk->call,
                                        dmongo__batch_number(b, index),
                                        dmongo_get_value(&one, "_id")) < 0)
            return -1;
        ++*count;
    }
    return 0;
}

static int count(struct bulk *bulk, const struct dmongo__batch *b,
                 enum class class)
{
    const struct dmongo__reply *reply = &bulk->call.reply;
    int64_t n = dmongo__element_int(&reply->n, 0), upserted;
    switch (class) {
    case INSERT:
        bulk->result->inserted += n;
        return 0;
    case DELETE:
        bulk->result->deleted += n;
        return 0;
    default:
        if (read_upserted(bulk, b, &upserted) < 0)
            return -1;
        bulk->result->matched += n - upserted;
        bulk->result->upserted_count += upserted;
        bulk->result->modified += dmongo__element_int(&reply->n_modified, 0);
        return 0;
    }
}

/* The errors that were just added have indexes into the order. */
static int renumber(struct bulk *bulk, const struct dmongo__batch *b,
                    size_t first_error)
{
    for (size_t i = first_error; i < bulk->result->error_count; i++) {
        size_t *index = &bulk->result->errors[i].index;
        if (*index >= b->n)
            return diesel_error_set(&bulk->call.error, DIESEL_E_PROTOCOL,
                                    DIESEL_DOM_MONGO, 0,
                                    "malformed reply: it refused statement %zu "
                                    "of %zu", *index, b->n);
        *index = dmongo__batch_number(b, *index);
    }
    return 0;
}

/* Whether a statement may change many documents: servers do not know those again. */
static bool touches_many(const struct bulk *bulk, const size_t *order, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (dmongo__write_is_many(&bulk->writes[order[i]]))
            return true;
    return false;
}

/* Sends one command after another for `n` writes of a class: 1, or 0 to stop, as an
 * ordered write was refused, or -1 with the call's error. */
static int write_run(struct bulk *bulk, enum class class, const size_t *order,
                     size_t n)
{
    const dmongo_bulk_options *o = bulk->options;
    struct dmongo__call *call = &bulk->call;
    struct dmongo__batch b;
    dmongo__batch_init(&b, call, n, item_of, bulk);
    b.sequence = classes[class].sequence;
    b.order = order;
    b.total = bulk->n;
    b.makes_ids = class == INSERT;
    b.ids = o->ids;
    b.extra = class == INSERT ? 0 : STATEMENT_EXTRA;
    dmongo_value command = dmongo_doc(
        classes[class].command, bulk->ns->collection,
        "ordered", dmongo_bool(!o->unordered),
        "bypassDocumentValidation",
        class != DELETE ? dmongo__if_chosen(o->bypass_document_validation)
                        : dmongo_absent(),
        "let", class != INSERT ? o->let : dmongo_absent(),
        "comment", o->comment);
    bulk->op.flags = DMONGO__WRITES |
                     (touches_many(bulk, order, n) ? 0 : DMONGO__RETRY_WRITE);
    int got = dmongo__batch_begin(&b), stop = 0;
    while (got == 0 && !stop && (got = dmongo__batch_send(&b, command)) > 0) {
        size_t errors = bulk->result->error_count;
        bool failed;
        got = 0;
        if (call->unacknowledged)
            continue;
        if (count(bulk, &b, class) < 0 ||
            dmongo__result_read(bulk->result, call, b.first, &failed) < 0 ||
            renumber(bulk, &b, errors) < 0)
            got = -1;
        stop = bulk->result->error_count > 0 && !o->unordered;
    }
    dmongo__batch_clear(&b);
    return got < 0 ? -1 : !stop;
}

/* How many writes from order[first] on are of one class. */
static size_t run_length(const struct bulk *bulk, size_t first)
{
    enum class class = class_of(&bulk->writes[bulk->order[first]]);
    size_t i = first + 1;
    while (i < bulk->n && class_of(&bulk->writes[bulk->order[i]]) == class)
        i++;
    return i - first;
}

static void put_in_order(struct bulk *bulk)
{
    size_t at = 0;
    for (size_t i = 0; i < bulk->n && !bulk->options->unordered; i++)
        bulk->order[at++] = i;
    for (int class = INSERT; class < CLASSES && bulk->options->unordered; class++)
        for (size_t i = 0; i < bulk->n; i++)
            if ((int)class_of(&bulk->writes[i]) == class)
                bulk->order[at++] = i;
}

static int by_index(const void *a, const void *b)
{
    const dmongo_write_error *x = a, *y = b;
    return (x->index > y->index) - (x->index < y->index);
}

static int write_all(struct bulk *bulk)
{
    bulk->order = diesel_realloc_array(NULL, bulk->n, sizeof *bulk->order);
    if (bulk->order == NULL)
        return diesel_error_nomem(&bulk->call.error, "a bulk write");
    put_in_order(bulk);
    int got = 1;
    for (size_t i = 0, n; i < bulk->n && got > 0; i += n) {
        n = run_length(bulk, i);
        got = write_run(bulk, class_of(&bulk->writes[bulk->order[i]]),
                        bulk->order + i, n);
    }
    diesel_free(bulk->order);
    if (bulk->options->unordered && bulk->result->error_count > 1)
        qsort(bulk->result->errors, bulk->result->error_count,
              sizeof *bulk->result->errors, by_index);
    if (got < 0)
        return -1;
    return bulk->result->error_count > 0 || bulk->result->has_concern_error
               ? dmongo__result_fail(bulk->result, &bulk->call, bulk->n)
               : 0;
}

int dmongo_bulk_write(dmongo *client, const char *ns_text,
                      const dmongo_write *writes, size_t n,
                      const dmongo_bulk_options *options, dmongo_result *given,
                      diesel_error *err)
{
    static const dmongo_bulk_options defaults;
    dmongo_result own, *result = given != NULL ? given : &own;
    struct dmongo__ns ns;
    memset(result, 0, sizeof *result);
    if (dmongo__collection_split(&ns, WHAT, ns_text, err) < 0 ||
        dmongo__writes_check(WHAT, ns_text, writes, n, false, err) < 0)
        return -1;
    struct bulk bulk;
    bulk.ns = &ns;
    bulk.writes = writes;
    bulk.n = n;
    bulk.options = options != NULL ? options : &defaults;
    bulk.result = result;
    if (bulk.options->ids != NULL)
        memset(bulk.options->ids, 0, n * sizeof *bulk.options->ids);
    bulk.op = (struct dmongo__op){.what = WHAT,
                                  .ns = ns_text,
                                  .database = ns.database,
                                  .flags = DMONGO__WRITES,
                                  .session = bulk.options->session,
                                  .write_concern = bulk.options->write_concern};
    int done = dmongo__call_begin(&bulk.call, client, &bulk.op) < 0
                   ? -1
                   : write_all(&bulk);
    if (result == &own)
        dmongo_result_clear(&own);
    if (done < 0)
        return dmongo__call_fail(&bulk.call, err);
    dmongo__call_end(&bulk.call);
    return 0;
}

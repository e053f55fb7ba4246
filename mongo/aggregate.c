/* SPDX-License-Identifier: MIT */
/*
 * Aggregation, and counting, which MongoDB's CRUD specification defines by it:
 *
 *     count    [{$match: filter}, {$skip}, {$limit}, {$group: {_id: 1, n: {$sum: 1}}}]
 */
#include "cursor_internal.h"

#include <diesel/memory.h>

#include "doc_internal.h"
#include "option_internal.h"

/* A pipeline's type, checked: 0 or -1. */
static int need_pipeline(const struct dmongo__ns *ns, dmongo_value pipeline,
                         diesel_error *err)
{
    if (pipeline.type == BSON_TYPE_ARRAY || pipeline.form == DMONGO__INVALID)
        return 0;
    diesel_error_set(err, DIESEL_E_INVAL, DIESEL_DOM_MONGO, 0,
                     "the pipeline must be an array of stages, not %s",
                     dmongo__type_name(pipeline.type));
    return dmongo__explain("aggregate", ns->text, err);
}

static int check_arguments(struct dmongo__ns *ns, const char *ns_text,
                           dmongo_value pipeline, diesel_error *err)
{
    if (dmongo__ns_split(ns, ns_text, err) < 0) {
        diesel_error_prefix(err, "mongodb: aggregate");
        return -1;
    }
    return need_pipeline(ns, pipeline, err);
}

/* Whether the pipeline's last stage stores what comes out of it. */
static bool pipeline_writes(dmongo_value pipeline)
{
    size_t n;
    dmongo_value last = dmongo__array_last(pipeline);
    const char *stage = dmongo__doc_first_key(last, &n);
    return stage != NULL && ((n == 4 && memcmp(stage, "$out", n) == 0) ||
                             (n == 6 && memcmp(stage, "$merge", n) == 0));
}

dmongo_cursor *(dmongo_aggregate)(dmongo *client, const char *ns_text,
                                  dmongo_value pipeline,
                                  const dmongo_aggregate_options *options,
                                  diesel_error *err)
{
    static const dmongo_aggregate_options defaults;
    const dmongo_aggregate_options *o = options != NULL ? options : &defaults;
    struct dmongo__ns ns;
    pipeline = dmongo__as_array(pipeline);
    if (check_arguments(&ns, ns_text, pipeline, err) < 0)
        return NULL;
    dmongo_cursor *cursor =
        dmongo__cursor_new(client, "aggregate", ns_text, err);
    if (cursor == NULL)
        return NULL;

    struct dmongo__call call;
    bool writes = pipeline_writes(pipeline);
    struct dmongo__op op = {
        .what = "aggregate",
        .ns = ns_text,
        .database = ns.database,
        .flags = DMONGO__READS | (writes ? DMONGO__WRITES : DMONGO__RETRY_READ),
        .session = o->session,
        .read_concern = o->read_concern,
        .write_concern = writes ? o->write_concern : dmongo_absent(),
        .read_preference = o->read_preference,
        .max_time_ms = o->max_time_ms};
    if (dmongo__call_begin(&call, client, &op) < 0)
        goto fail;
    bool is_on_database = ns.collection.form == DMONGO__ABSENT;
    dmongo_value command = dmongo_doc(
        "aggregate", is_on_database ? dmongo_int32(1) : ns.collection,
        "pipeline", pipeline,
        "cursor", dmongo_doc("batchSize", dmongo__unless_zero32(o->batch_size)),
        "hint", o->hint,
        "allowDiskUse", dmongo__if_chosen(o->allow_disk_use),
        "bypassDocumentValidation",
        dmongo__if_chosen(o->bypass_document_validation),
        "collation", o->collation,
        "let", o->let,
        "comment", o->comment);
    if (o->prefetch && o->session == NULL)
        dmongo__cursor_fetch_ahead(cursor);
    if (dmongo__call_exchange(&call, command, dmongo__cursor_buffer(cursor)) < 0 ||
        dmongo__cursor_begin(cursor, &call, o->batch_size, o->comment) < 0)
        goto fail;
    dmongo__call_end(&call);
    return cursor;

fail:
    dmongo__call_fail(&call, err);
    dmongo_cursor_close(cursor); /* the server may have it already */
    return NULL;
}

/* Ends a call that counted: the field of the first document of the batch, 0 if there
 * is none, as the pipeline has no group to return then. */
static int64_t read_count(struct dmongo__call *call, const char *field)
{
    const uint8_t *bytes;
    size_t size;
    bson_t doc;
    int got = dmongo__first_document(call, &bytes, &size);
    if (got <= 0)
        return got;
    if (bson_init_static(&doc, bytes, size) && dmongo_has(&doc, field))
        return dmongo_get_int(&doc, field, 0);
    return diesel_error_set(&call->error, DIESEL_E_PROTOCOL, DIESEL_DOM_MONGO, 0,
                            "malformed reply: it has no count");
}

int64_t(dmongo_count)(dmongo *client, const char *ns_text, dmongo_value filter,
                      const dmongo_count_options *options, diesel_error *err)
{
    static const dmongo_count_options defaults;
    const dmongo_count_options *o = options != NULL ? options : &defaults;
    struct dmongo__ns ns;
    if (dmongo__collection_split(&ns, "count", ns_text, err) < 0 ||
        dmongo__need_document(&ns, "count", "filter", filter, err) < 0)
        return -1;

    struct dmongo__call call;
    struct dmongo__op op = {.what = "count",
                            .ns = ns_text,
                            .database = ns.database,
                            .flags = DMONGO__READS | DMONGO__RETRY_READ,
                            .session = o->session,
                            .read_concern = o->read_concern,
                            .read_preference = o->read_preference,
                            .max_time_ms = o->max_time_ms};
    if (dmongo__call_begin(&call, client, &op) < 0)
        return dmongo__call_fail(&call, err);
    dmongo_value pipeline = dmongo_array(
        dmongo_doc("$match", filter),
        o->skip > 0 ? dmongo_doc("$skip", o->skip) : dmongo_absent(),
        o->limit > 0 ? dmongo_doc("$limit", o->limit) : dmongo_absent(),
        dmongo_doc("$group",
                   dmongo_doc("_id", 1, "n", dmongo_doc("$sum", 1))));
    int64_t n = dmongo__call_exchange(
        &call,
        dmongo_doc("aggregate", ns.collection,
                   "pipeline", pipeline,
                   "cursor", dmongo_doc(),
                   "hint", o->hint,
                   "collation", o->collation,
                   "comment", o->comment),
        NULL);
    if (n == 0)
        n = read_count(&call, "n");
    if (n < 0)
        return dmongo__call_fail(&call, err);
    dmongo__call_end(&call);
    return n;
}

int64_t dmongo_estimated_count(dmongo *client, const char *ns_text,
                               const dmongo_estimated_options *options,
                               diesel_error *err)
{
    static const dmongo_estimated_options defaults;
    const dmongo_estimated_options *o = options != NULL ? options : &defaults;
    struct dmongo__ns ns;
    if (dmongo__collection_split(&ns, "count", ns_text, err) < 0)
        return -1;
    struct dmongo__call call;
    struct dmongo__op op = {.what = "count",
                            .ns = ns_text,
                            .database = ns.database,
                            .flags = DMONGO__READS | DMONGO__RETRY_READ,
                            .session = o->session,
                            .read_concern = o->read_concern,
                            .read_preference = o->read_preference,
                            .max_time_ms = o->max_time_ms};
    if (dmongo__call_begin(&call, client, &op) < 0 ||
        dmongo__call_exchange(&call,
                              dmongo_doc("count", ns.collection,
                                         "comment", o->comment),
                              NULL) < 0)
        return dmongo__call_fail(&call, err);
    int64_t n = dmongo__element_int(&call.reply.n, -1);
    if (n < 0) {
        diesel_error_set(&call.error, DIESEL_E_PROTOCOL, DIESEL_DOM_MONGO, 0,
                         "malformed reply: it has no count");
        return dmongo__call_fail(&call, err);
    }
    dmongo__call_end(&call);
    return n;
}

/* SPDX-License-Identifier: MIT */
/*
 * Find: the command from its options, for a cursor or for one document.
 */
#include "cursor_internal.h"

#include <diesel/memory.h>

#include "copy_internal.h"
#include "option_internal.h"

static const dmongo_find_options defaults;

/* How much is asked for at once. If the limit is what fits a batch, one more, since
 * a server that sends all that a batch may have does not say that it was all. */
static int32_t batch_size(const dmongo_find_options *o)
{
    if (o->limit > 0 && o->limit == o->batch_size && o->batch_size < INT32_MAX)
        return o->batch_size + 1;
    return o->batch_size;
}

static struct dmongo__op read_op(const struct dmongo__ns *ns,
                                 const dmongo_find_options *o)
{
    return (struct dmongo__op){.what = "find",
                               .ns = ns->text,
                               .database = ns->database,
                               .flags = DMONGO__READS | DMONGO__RETRY_READ,
                               .session = o->session,
                               .read_concern = o->read_concern,
                               .read_preference = o->read_preference,
                               .max_time_ms = o->max_time_ms};
}

dmongo_cursor *(dmongo_find)(dmongo *client, const char *ns_text,
                             dmongo_value filter,
                             const dmongo_find_options *options,
                             diesel_error *err)
{
    const dmongo_find_options *o = options != NULL ? options : &defaults;
    struct dmongo__ns ns;
    if (dmongo__collection_split(&ns, "find", ns_text, err) < 0)
        return NULL;
    dmongo_cursor *cursor = dmongo__cursor_new(client, "find", ns_text, err);
    if (cursor == NULL)
        return NULL;

    struct dmongo__call call;
    struct dmongo__op op = read_op(&ns, o);
    if (dmongo__call_begin(&call, client, &op) < 0)
        goto fail;
    dmongo_value command = dmongo_doc(
        "find", ns.collection,
        "filter", filter,
        "projection", o->projection,
        "sort", o->sort,
        "hint", o->hint,
        "skip", dmongo__unless_zero64(o->skip),
        "limit", dmongo__unless_zero64(o->limit < 0 ? -o->limit : o->limit),
        "batchSize", dmongo__unless_zero32(batch_size(o)),
        "singleBatch", dmongo__if_true(o->limit < 0),
        "allowDiskUse", dmongo__if_chosen(o->allow_disk_use),
        "collation", o->collation,
        "let", o->let,
        "comment", o->comment,
        "min", o->min,
        "max", o->max,
        "returnKey", dmongo__if_true(o->return_key),
        "showRecordId", dmongo__if_true(o->show_record_id),
        "noCursorTimeout", dmongo__if_true(o->no_cursor_timeout),
        "allowPartialResults", dmongo__if_true(o->allow_partial_results),
        "tailable", dmongo__if_true(o->tailable),
        "awaitData", dmongo__if_true(o->tailable));
    dmongo__cursor_await(cursor, o->tailable ? o->max_await_ms : 0);
    if (o->prefetch && !o->tailable && o->session == NULL)
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

/* The document in the reply, as one of its own. */
static int copy_found(struct dmongo__call *call, bson_t **found)
{
    const uint8_t *bytes;
    size_t size;
    int got = dmongo__first_document(call, &bytes, &size);
    if (got <= 0)
        return got;
    *found = dmongo__bson_copy(bytes, size, &call->error);
    return *found != NULL ? 1 : -1;
}

int(dmongo_find_one)(dmongo *client, const char *ns_text, dmongo_value filter,
                     const dmongo_find_options *options, bson_t **found,
                     diesel_error *err)
{
    const dmongo_find_options *o = options != NULL ? options : &defaults;
    struct dmongo__ns ns;
    *found = NULL;
    if (dmongo__collection_split(&ns, "find", ns_text, err) < 0)
        return -1;

    struct dmongo__call call;
    struct dmongo__op op = read_op(&ns, o);
    if (dmongo__call_begin(&call, client, &op) < 0)
        return dmongo__call_fail(&call, err);
    dmongo_value command = dmongo_doc(
        "find", ns.collection,
        "filter", filter,
        "projection", o->projection,
        "sort", o->sort,
        "hint", o->hint,
        "skip", dmongo__unless_zero64(o->skip),
        "limit", 1,
        "singleBatch", dmongo_bool(true),
        "allowDiskUse", dmongo__if_chosen(o->allow_disk_use),
        "collation", o->collation,
        "let", o->let,
        "comment", o->comment,
        "min", o->min,
        "max", o->max,
        "returnKey", dmongo__if_true(o->return_key),
        "showRecordId", dmongo__if_true(o->show_record_id),
        "allowPartialResults", dmongo__if_true(o->allow_partial_results));
    int got = dmongo__call_exchange(&call, command, NULL);
    if (got == 0)
        got = copy_found(&call, found);
    if (got < 0)
        return dmongo__call_fail(&call, err);
    dmongo__call_end(&call);
    return got;
}

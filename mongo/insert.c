/* SPDX-License-Identifier: MIT */
/*
 * Insert: the documents travel in batches behind the command, see batch_internal.h.
 */
#include <string.h>

#include "batch_internal.h"
#include "option_internal.h"
#include "result_internal.h"

static struct dmongo__item item_of(const struct dmongo__batch *b, size_t i,
                                   dmongo_value *room)
{
    const dmongo_docs *docs = b->source;
    (void)room;
    switch (docs->form) {
    case DMONGO__DOCS_BSONS:
        return dmongo__item_of_bson((const bson_t *)docs->base + i);
    case DMONGO__DOCS_POINTERS:
        return dmongo__item_of_bson(((const bson_t *const *)docs->base)[i]);
    default:
        return dmongo__item_of(((const dmongo_value *)docs->base)[i]);
    }
}

/* Sends batch after batch, until all are sent or one was refused. */
static int insert_all(struct dmongo__batch *b, dmongo_value command,
                      bool unordered, dmongo_result *result)
{
    struct dmongo__call *call = b->call;
    int got;
    while ((got = dmongo__batch_send(b, command)) > 0) {
        bool failed;
        if (call->unacknowledged)
            continue;
        result->inserted += dmongo__element_int(&call->reply.n, 0);
        if (dmongo__result_read(result, call, b->first, &failed) < 0)
            return -1;
        if (result->error_count > 0 && !unordered)
            break;
    }
    if (got < 0)
        return -1;
    return result->error_count > 0 || result->has_concern_error
               ? dmongo__result_fail(result, call, b->n)
               : 0;
}

static int insert(dmongo *client, const char *ns_text, dmongo_docs docs,
                  size_t n, const dmongo_insert_options *options,
                  dmongo_result *given, diesel_error *err)
{
    static const dmongo_insert_options defaults;
    const dmongo_insert_options *o = options != NULL ? options : &defaults;
    dmongo_result own, *result = given != NULL ? given : &own;
    struct dmongo__ns ns;
    memset(result, 0, sizeof *result);
    if (dmongo__collection_split(&ns, "insert", ns_text, err) < 0)
        return -1;
    if (o->ids != NULL)
        memset(o->ids, 0, n * sizeof *o->ids);

    struct dmongo__call call;
    struct dmongo__op op = {.what = "insert",
                            .ns = ns_text,
                            .database = ns.database,
                            .flags = DMONGO__WRITES | DMONGO__RETRY_WRITE,
                            .session = o->session,
                            .write_concern = o->write_concern};
    if (dmongo__call_begin(&call, client, &op) < 0)
        return dmongo__call_fail(&call, err);
    struct dmongo__batch b;
    dmongo__batch_init(&b, &call, n, item_of, &docs);
    b.sequence = "documents";
    b.makes_ids = true;
    b.ids = o->ids;
    dmongo_value command = dmongo_doc(
        "insert", ns.collection,
        "ordered", dmongo_bool(!o->unordered),
        "bypassDocumentValidation",
        dmongo__if_chosen(o->bypass_document_validation),
        "comment", o->comment);
    int done = dmongo__batch_begin(&b) == 0
                   ? insert_all(&b, command, o->unordered, result)
                   : -1;
    dmongo__batch_clear(&b);
    if (result == &own)
        dmongo_result_clear(&own);
    if (done < 0)
        return dmongo__call_fail(&call, err);
    dmongo__call_end(&call);
    return 0;
}

int(dmongo_insert_one)(dmongo *client, const char *ns, dmongo_value doc,
                       const dmongo_insert_options *options,
                       dmongo_result *result, diesel_error *err)
{
    return insert(client, ns, dmongo_docs_values(&doc), 1, options, result, err);
}

int(dmongo_insert_many)(dmongo *client, const char *ns, dmongo_docs docs,
                        size_t n, const dmongo_insert_options *options,
                        dmongo_result *result, diesel_error *err)
{
    return insert(client, ns, docs, n, options, result, err);
}

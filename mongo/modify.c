/* SPDX-License-Identifier: MIT */
/*
 * Find and modify: one command for three operations.
 *
 *     {findAndModify: "jobs", query: ..., update: ... or remove: true, new: ...}
 *     {value: document or null, lastErrorObject: {...}, ok: 1}
 */
#include <diesel/mongo_modify.h>

#include "client_internal.h"
#include "copy_internal.h"
#include "option_internal.h"
#include "result_internal.h"

enum kind { UPDATE, REPLACE, DELETE };

static const char *const names[] = {
    [UPDATE] = "find and update",
    [REPLACE] = "find and replace",
    [DELETE] = "find and delete",
};

/* 1 with a copy of the reply's document, 0 if it is null, -1 with call->error. */
static int take_value(struct dmongo__call *call, bson_t **found)
{
    bson_t body, value;
    if (!bson_init_static(&body, call->message.body, call->message.body_size))
        bson_init(&body); /* lacks the document, too */
    if (!dmongo_get_doc(&body, "value", &value))
        return 0;
    *found = dmongo__bson_copy(bson_get_data(&value), value.len, &call->error);
    return *found != NULL ? 1 : -1;
}

static int run(struct dmongo__call *call, dmongo_value command, bson_t **found)
{
    if (dmongo__call_exchange(call, command, NULL) < 0)
        return -1;
    if (call->unacknowledged)
        return 0;
    int got = take_value(call, found);
    if (call->reply.concern_error.type == 0)
        return got;
    dmongo_result result = {0};
    bool failed;
    if (dmongo__result_read(&result, call, 0, &failed) == 0)
        dmongo__result_fail(&result, call, 1);
    dmongo_result_clear(&result);
    return -1;
}

static int modify(enum kind kind, dmongo *client, const char *ns_text,
                  dmongo_value filter, dmongo_value change,
                  const dmongo_modify_options *options, bson_t **found,
                  diesel_error *err)
{
    static const dmongo_modify_options defaults;
    const dmongo_modify_options *o = options != NULL ? options : &defaults;
    const char *what = names[kind];
    struct dmongo__ns ns;
    *found = NULL;
    if (kind == UPDATE)
        change = dmongo__as_array(change);
    if (dmongo__collection_split(&ns, what, ns_text, err) < 0 ||
        dmongo__need_document(&ns, what, "filter", filter, err) < 0 ||
        (kind != DELETE && dmongo__need_change(&ns, what, kind == REPLACE,
                                               change, err) < 0))
        return -1;

    struct dmongo__call call;
    struct dmongo__op op = {.what = what,
                            .ns = ns_text,
                            .database = ns.database,
                            .flags = DMONGO__WRITES | DMONGO__RETRY_WRITE,
                            .session = o->session,
                            .write_concern = o->write_concern,
                            .max_time_ms = o->max_time_ms};
    if (dmongo__call_begin(&call, client, &op) < 0)
        return dmongo__call_fail(&call, err);
    dmongo_value command = dmongo_doc(
        "findAndModify", ns.collection,
        "query", filter,
        "sort", o->sort,
        "remove", dmongo__if_true(kind == DELETE),
        "update", change,
        "new", dmongo__if_true(o->after && kind != DELETE),
        "fields", o->projection,
        "upsert", dmongo__if_true(o->upsert && kind != DELETE),
        "arrayFilters", dmongo__as_array(o->array_filters),
        "bypassDocumentValidation",
        dmongo__if_chosen(o->bypass_document_validation),
        "collation", o->collation,
        "hint", o->hint,
        "let", o->let,
        "comment", o->comment);
    int got = run(&call, command, found);
    if (got < 0)
        return dmongo__call_fail(&call, err);
    dmongo__call_end(&call);
    return got;
}

int(dmongo_find_one_and_update)(dmongo *client, const char *ns,
                                dmongo_value filter, dmongo_value update,
                                const dmongo_modify_options *options,
                                bson_t **found, diesel_error *err)
{
    return modify(UPDATE, client, ns, filter, update, options, found, err);
}

int(dmongo_find_one_and_replace)(dmongo *client, const char *ns,
                                 dmongo_value filter, dmongo_value replacement,
                                 const dmongo_modify_options *options,
                                 bson_t **found, diesel_error *err)
{
    return modify(REPLACE, client, ns, filter, replacement, options, found,
                  err);
}

int(dmongo_find_one_and_delete)(dmongo *client, const char *ns,
                                dmongo_value filter,
                                const dmongo_modify_options *options,
                                bson_t **found, diesel_error *err)
{
    return modify(DELETE, client, ns, filter, dmongo_absent(), options, found,
                  err);
}

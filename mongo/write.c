/* SPDX-License-Identifier: MIT */
/*
 * Update, replace and delete: one statement in one command.
 *
 *     {update: "users", updates: [{q: ..., u: ..., multi: ..., upsert: ...}], ...}
 *     {delete: "users", deletes: [{q: ..., limit: 0 or 1}], ...}
 */
#include <string.h>

#include "doc_internal.h"
#include "option_internal.h"
#include "result_internal.h"

enum update_kind { UPDATE_ONE, UPDATE_MANY, REPLACE_ONE };

static const char *const update_names[] = {
    [UPDATE_ONE] = "update",
    [UPDATE_MANY] = "update",
    [REPLACE_ONE] = "replace",
};

/* Puts what a reply counts into the result. 0 or -1 with call->error. */
typedef int count_fn(dmongo_result *result, struct dmongo__call *call);

/* Sends the command and reads its reply into *result. */
static int run(struct dmongo__call *call, dmongo_value command, count_fn *count,
               dmongo_result *result)
{
    bool failed;
    if (dmongo__call_exchange(call, command, NULL) < 0)
        return -1;
    if (call->unacknowledged)
        return 0;
    if (count(result, call) < 0 ||
        dmongo__result_read(result, call, 0, &failed) < 0)
        return -1;
    return failed ? dmongo__result_fail(result, call, 1) : 0;
}

/* The result is the caller's, or one that is forgotten. */
static dmongo_result *begin_result(dmongo_result *given, dmongo_result *own)
{
    dmongo_result *result = given != NULL ? given : own;
    memset(result, 0, sizeof *result);
    return result;
}

static int finish(struct dmongo__call *call, int done, dmongo_result *result,
                  dmongo_result *own, diesel_error *err)
{
    if (result == own)
        dmongo_result_clear(own);
    if (done < 0)
        return dmongo__call_fail(call, err);
    dmongo__call_end(call);
    return 0;
}

/* {upserted: [{index: 0, _id: ...}]}, of which the _id is kept. */
static int read_upserted(dmongo_result *result, struct dmongo__call *call)
{
    const struct dmongo__element *list = &call->reply.upserted;
    bson_t array;
    if (list->type != BSON_TYPE_ARRAY ||
        !bson_init_static(&array, list->value, list->size))
        return 0;
    dmongo_value id = dmongo_get_value(&array, "0._id");
    if (id.form == DMONGO__ABSENT)
        return 0;
    result->upserted = dmongo_doc_to_bson(dmongo_doc("_id", id), &call->error);
    return result->upserted != NULL ? 0 : -1;
}

/* An update's n counts the document that was upserted, too. */
static int count_update(dmongo_result *result, struct dmongo__call *call)
{
    result->modified = dmongo__element_int(&call->reply.n_modified, 0);
    if (read_upserted(result, call) < 0)
        return -1;
    if (result->upserted != NULL)
        result->upserted_count = 1;
    else
        result->matched = dmongo__element_int(&call->reply.n, 0);
    return 0;
}

static int count_delete(dmongo_result *result, struct dmongo__call *call)
{
    result->deleted = dmongo__element_int(&call->reply.n, 0);
    return 0;
}

/* A statement that may change many documents is not one that servers know again. */
static struct dmongo__op write_op(const char *what, const struct dmongo__ns *ns,
                                  bool is_single, dmongo_session *session,
                                  dmongo_value write_concern)
{
    return (struct dmongo__op){
        .what = what,
        .ns = ns->text,
        .database = ns->database,
        .flags = DMONGO__WRITES | (is_single ? DMONGO__RETRY_WRITE : 0),
        .session = session,
        .write_concern = write_concern};
}

static int update(enum update_kind kind, dmongo *client, const char *ns_text,
                  dmongo_value filter, dmongo_value change,
                  const dmongo_update_options *options, dmongo_result *given,
                  diesel_error *err)
{
    static const dmongo_update_options defaults;
    const dmongo_update_options *o = options != NULL ? options : &defaults;
    const char *what = update_names[kind];
    dmongo_result own, *result = begin_result(given, &own);
    struct dmongo__ns ns;
    if (kind != REPLACE_ONE)
        change = dmongo__as_array(change);
    if (dmongo__collection_split(&ns, what, ns_text, err) < 0 ||
        dmongo__need_document(&ns, what, "filter", filter, err) < 0 ||
        dmongo__need_change(&ns, what, kind == REPLACE_ONE, change, err) < 0)
        return -1;

    struct dmongo__call call;
    struct dmongo__op op = write_op(what, &ns, kind != UPDATE_MANY, o->session,
                                   o->write_concern);
    if (dmongo__call_begin(&call, client, &op) < 0)
        return dmongo__call_fail(&call, err);
    dmongo_value statement =
        dmongo_doc("q", filter,
                   "u", change,
                   "multi", dmongo__if_true(kind == UPDATE_MANY),
                   "upsert", dmongo__if_true(o->upsert),
                   "arrayFilters", dmongo__as_array(o->array_filters),
                   "collation", o->collation,
                   "hint", o->hint,
                   "sort", o->sort);
    dmongo_value command = dmongo_doc(
        "update", ns.collection,
        "ordered", dmongo_bool(true),
        "bypassDocumentValidation",
        dmongo__if_chosen(o->bypass_document_validation),
        "let", o->let,
        "comment", o->comment,
        "updates", dmongo_array(statement));
    int done = run(&call, command, count_update, result);
    return finish(&call, done, result, &own, err);
}

int(dmongo_update_one)(dmongo *client, const char *ns, dmongo_value filter,
                       dmongo_value change,
                       const dmongo_update_options *options,
                       dmongo_result *result, diesel_error *err)
{
    return update(UPDATE_ONE, client, ns, filter, change, options, result, err);
}

int(dmongo_update_many)(dmongo *client, const char *ns, dmongo_value filter,
                        dmongo_value change,
                        const dmongo_update_options *options,
                        dmongo_result *result, diesel_error *err)
{
    return update(UPDATE_MANY, client, ns, filter, change, options, result, err);
}

int(dmongo_replace_one)(dmongo *client, const char *ns, dmongo_value filter,
                        dmongo_value replacement,
                        const dmongo_update_options *options,
                        dmongo_result *result, diesel_error *err)
{
    return update(REPLACE_ONE, client, ns, filter, replacement, options, result,
                  err);
}

static int delete(bool all, dmongo *client, const char *ns_text,
                  dmongo_value filter, const dmongo_delete_options *options,
                  dmongo_result *given, diesel_error *err)
{
    static const dmongo_delete_options defaults;
    const dmongo_delete_options *o = options != NULL ? options : &defaults;
    dmongo_result own, *result = begin_result(given, &own);
    struct dmongo__ns ns;
    if (dmongo__collection_split(&ns, "delete", ns_text, err) < 0 ||
        dmongo__need_document(&ns, "delete", "filter", filter, err) < 0)
        return -1;

    struct dmongo__call call;
    struct dmongo__op op = write_op("delete", &ns, !all, o->session, o->write_concern);
    if (dmongo__call_begin(&call, client, &op) < 0)
        return dmongo__call_fail(&call, err);
    dmongo_value statement = dmongo_doc("q", filter,
                                        "limit", all ? 0 : 1,
                                        "collation", o->collation,
                                        "hint", o->hint);
    dmongo_value command = dmongo_doc("delete", ns.collection,
                                      "ordered", dmongo_bool(true),
                                      "let", o->let,
                                      "comment", o->comment,
                                      "deletes", dmongo_array(statement));
    int done = run(&call, command, count_delete, result);
    return finish(&call, done, result, &own, err);
}

int(dmongo_delete_one)(dmongo *client, const char *ns, dmongo_value filter,
                       const dmongo_delete_options *options,
                       dmongo_result *result, diesel_error *err)
{
    return delete(false, client, ns, filter, options, result, err);
}

int(dmongo_delete_many)(dmongo *client, const char *ns, dmongo_value filter,
                        const dmongo_delete_options *options,
                        dmongo_result *result, diesel_error *err)
{
    return delete(true, client, ns, filter, options, result, err);
}

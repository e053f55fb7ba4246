/* SPDX-License-Identifier: MIT */
/*
 * Collections and databases: one command each.
 */
#include <diesel/mongo_collection.h>

#include "command_internal.h"
#include "copy_internal.h"
#include "doc_internal.h"
#include "option_internal.h"

static dmongo_value if_given(const char *text)
{
    return text != NULL ? dmongo_str(text) : dmongo_absent();
}

int dmongo_create_collection(dmongo *client, const char *ns_text,
                             const dmongo_create_options *options,
                             diesel_error *err)
{
    static const dmongo_create_options defaults;
    const dmongo_create_options *o = options != NULL ? options : &defaults;
    struct dmongo__ns ns;
    if (dmongo__collection_split(&ns, "create", ns_text, err) < 0)
        return -1;
    dmongo_value more = o->more.form != DMONGO__ABSENT ? o->more : dmongo_doc();
    return dmongo__command_run(
        client,
        &(struct dmongo__op){.what = "create",
                             .ns = ns_text,
                             .database = ns.database,
                             .flags = DMONGO__WRITES},
        dmongo_doc("create", ns.collection,
                   "capped", dmongo__if_true(o->capped_bytes > 0),
                   "size", dmongo__unless_zero64(o->capped_bytes),
                   "max", dmongo__unless_zero64(o->capped_documents),
                   "validator", o->validator,
                   "validationLevel", if_given(o->validation_level),
                   "validationAction", if_given(o->validation_action),
                   "viewOn", if_given(o->view_on),
                   "pipeline", dmongo__as_array(o->pipeline),
                   "collation", o->collation,
                   "timeseries", o->time_series,
                   "expireAfterSeconds", o->expire_after_seconds,
                   "clusteredIndex", o->clustered_index,
                   "comment", o->comment,
                   "", dmongo__splice(&more)),
        0, err);
}

int dmongo_drop_collection(dmongo *client, const char *ns_text,
                           diesel_error *err)
{
    struct dmongo__ns ns;
    if (dmongo__collection_split(&ns, "drop", ns_text, err) < 0)
        return -1;
    return dmongo__command_run(
        client,
        &(struct dmongo__op){.what = "drop",
                             .ns = ns_text,
                             .database = ns.database,
                             .flags = DMONGO__WRITES},
        dmongo_doc("drop", ns.collection),
        DMONGO_NAMESPACE_NOT_FOUND, err);
}

int dmongo_rename_collection(dmongo *client, const char *ns_text,
                             const char *to_text, bool drop_target,
                             diesel_error *err)
{
    struct dmongo__ns ns, to;
    if (dmongo__collection_split(&ns, "rename", ns_text, err) < 0 ||
        dmongo__collection_split(&to, "rename", to_text, err) < 0)
        return -1;
    return dmongo__command_run(
        client,
        &(struct dmongo__op){.what = "rename",
                             .ns = ns_text,
                             .database = dmongo_str("admin"),
                             .flags = DMONGO__WRITES},
        dmongo_doc("renameCollection", ns_text, "to", to_text, "dropTarget",
                   dmongo__if_true(drop_target)),
        0, err);
}

dmongo_cursor *dmongo_list_collections(dmongo *client, const char *database,
                                       const dmongo_list_options *options,
                                       diesel_error *err)
{
    static const dmongo_list_options defaults;
    const dmongo_list_options *o = options != NULL ? options : &defaults;
    return dmongo__command_cursor(
        client,
        &(struct dmongo__op){.what = "listCollections",
                             .ns = database,
                             .database = dmongo_str(database),
                             .flags = DMONGO__RETRY_READ},
        dmongo_doc("listCollections", 1,
                   "cursor",
                   dmongo_doc("batchSize", dmongo__unless_zero32(o->batch_size)),
                   "filter", o->filter,
                   "nameOnly", dmongo__if_true(o->name_only),
                   "authorizedCollections", dmongo__if_true(o->authorized_only),
                   "comment", o->comment),
        o->batch_size, o->comment, err);
}

int dmongo_list_databases(dmongo *client, const dmongo_list_options *options,
                          bson_t **databases, diesel_error *err)
{
    static const dmongo_list_options defaults;
    const dmongo_list_options *o = options != NULL ? options : &defaults;
    bson_t *reply, view;
    *databases = NULL;
    if (dmongo__command_reply(
            client,
            &(struct dmongo__op){.what = "listDatabases",
                                 .ns = "admin",
                                 .database = dmongo_str("admin"),
                                 .flags = DMONGO__RETRY_READ | DMONGO__PREFERS},
            dmongo_doc("listDatabases", 1,
                       "filter", o->filter,
                       "nameOnly", dmongo__if_true(o->name_only),
                       "authorizedDatabases",
                       dmongo__if_true(o->authorized_only),
                       "comment", o->comment),
            &reply, err) < 0)
        return -1;
    if (dmongo_get_doc(reply, "databases", &view))
        *databases = dmongo__bson_copy(bson_get_data(&view), view.len, err);
    else
        diesel_error_set(err, DIESEL_E_PROTOCOL, DIESEL_DOM_MONGO, 0,
                         "malformed reply: it has no databases");
    bson_destroy(reply);
    return *databases != NULL ? 0
                              : dmongo__explain("listDatabases", "admin", err);
}

int dmongo_drop_database(dmongo *client, const char *database,
                         diesel_error *err)
{
    return dmongo__command_run(
        client,
        &(struct dmongo__op){.what = "dropDatabase",
                             .ns = database,
                             .database = dmongo_str(database),
                             .flags = DMONGO__WRITES},
        dmongo_doc("dropDatabase", 1),
        DMONGO_NAMESPACE_NOT_FOUND, err);
}

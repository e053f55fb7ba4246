/* SPDX-License-Identifier: MIT */
/*
 * Distinct: all its values come in one reply, {values: [...], ok: 1}.
 */
#include <diesel/mongo_cursor.h>

#include "client_internal.h"
#include "copy_internal.h"
#include "option_internal.h"

static int take_values(struct dmongo__call *call, bson_t **values)
{
    bson_t body, view;
    if (!bson_init_static(&body, call->message.body, call->message.body_size) ||
        !dmongo_get_doc(&body, "values", &view))
        return diesel_error_set(&call->error, DIESEL_E_PROTOCOL,
                                DIESEL_DOM_MONGO, 0,
                                "malformed reply: it has no values");
    *values = dmongo__bson_copy(bson_get_data(&view), view.len, &call->error);
    return *values != NULL ? 0 : -1;
}

int(dmongo_distinct)(dmongo *client, const char *ns_text, const char *field,
                     dmongo_value filter,
                     const dmongo_distinct_options *options, bson_t **values,
                     diesel_error *err)
{
    static const dmongo_distinct_options defaults;
    const dmongo_distinct_options *o = options != NULL ? options : &defaults;
    struct dmongo__ns ns;
    *values = NULL;
    if (dmongo__collection_split(&ns, "distinct", ns_text, err) < 0 ||
        dmongo__need_document(&ns, "distinct", "filter", filter, err) < 0)
        return -1;
    struct dmongo__op op = {.what = "distinct",
                            .ns = ns_text,
                            .database = ns.database,
                            .flags = DMONGO__READS | DMONGO__RETRY_READ,
                            .session = o->session,
                            .read_concern = o->read_concern,
                            .read_preference = o->read_preference,
                            .max_time_ms = o->max_time_ms};
    struct dmongo__call call;
    if (dmongo__call_begin(&call, client, &op) < 0 ||
        dmongo__call_exchange(
            &call,
            dmongo_doc("distinct", ns.collection,
                       "key", field,
                       "query", filter,
                       "collation", o->collation,
                       "hint", o->hint,
                       "comment", o->comment),
            NULL) < 0 ||
        take_values(&call, values) < 0)
        return dmongo__call_fail(&call, err);
    dmongo__call_end(&call);
    return 0;
}

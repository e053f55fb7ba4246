/* SPDX-License-Identifier: MIT */
/*
 * Any command, as the program wrote it, and its whole reply.
 */
#include "client_internal.h"

#include <stdio.h>

#include "doc_internal.h"

/* A copy of the reply, as it outlives the connection's buffer. */
static int copy_reply(struct dmongo__call *call, bson_t **reply)
{
    *reply = bson_new_from_data(call->message.body, call->message.body_size);
    if (*reply != NULL)
        return 0;
    return diesel_error_set(&call->error, DIESEL_E_PROTOCOL, DIESEL_DOM_MONGO,
                            0, "malformed reply: its body is no document");
}

int(dmongo_run)(dmongo *client, const char *database, dmongo_value command,
                bson_t **reply, diesel_error *err)
{
    if (reply != NULL)
        *reply = NULL;
    size_t n;
    const char *key = dmongo__doc_first_key(command, &n);
    char what[64];
    snprintf(what, sizeof what, "%.*s", key != NULL && n < 60 ? (int)n : 0,
             key != NULL ? key : "");

    struct dmongo__call call;
    if (dmongo__call_begin(&call, client, what, database) < 0)
        return dmongo__call_fail(&call, err);
    dmongo_value whole =
        dmongo_doc("", dmongo__splice(&command),
                   "$readPreference", dmongo__read_preference(&call),
                   "$db", database);
    if (dmongo__call_exchange(&call, whole, NULL) < 0 ||
        (reply != NULL && copy_reply(&call, reply) < 0))
        return dmongo__call_fail(&call, err);
    dmongo__call_end(&call);
    return 0;
}

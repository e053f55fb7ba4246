/* SPDX-License-Identifier: MIT */
/*
 * Calls: one command and its reply. What fails is told with the server's name and
 * the command, and an error reply is a failure.
 */
#include <diesel/redis_client.h>

#include "client_internal.h"
#include "encode_internal.h"
#include "error_internal.h"

/* Puts who and what before the message. */
static __attribute__((cold, noinline)) void explain(const dredis *client, const diesel_value *args, size_t n,
                    diesel_error *err)
{
    char text[DREDIS__COMMAND_TEXT];
    if (err != NULL)
        diesel_error_prefix(err, "redis %s: %s", dredis_name(client),
                            dredis__command_text(text, args, n));
}

/* The command's way, if it has one: 0 or -1. */
static int find_route(const diesel_value *args, size_t n, dredis__route *route,
                      diesel_error *err)
{
    const char *why;
    *route = dredis__route_of(args, n, &why);
    if (*route >= DREDIS__PIPELINED)
        return diesel_error_set(err, DIESEL_E_INVAL, DIESEL_DOM_CORE, 0,
                                "refused: it %s", why);
    return 0;
}

dredis_reply *dredis_call_array(dredis *client, const diesel_value *args,
                                size_t n, diesel_error *err)
{
    dredis_reply *reply = NULL;
    dredis__request request = {
        .args = args, .n = n, .commands = 1, .replies = &reply};
    dredis__route route;
    if (dredis__command_size(args, n, &request.size, err) < 0 ||
        find_route(args, n, &route, err) < 0 ||
        dredis__run(client, &request, route, err) < 0)
        goto fail;
    if (__builtin_expect(reply->type == DREDIS_ERROR, 0)) {
        dredis__server_error(reply, err);
        goto fail;
    }
    return reply;

fail:
    dredis_reply_free(reply);
    explain(client, args, n, err);
    return NULL;
}

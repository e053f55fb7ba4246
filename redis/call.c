/* SPDX-License-Identifier: MIT */
/*
 * Calls: one command and its reply. What fails is told with the server's name and
 * the command, and an error reply is a failure.
 */
#include <diesel/redis_client.h>

#include <diesel/fiber.h>
#include <diesel/time.h>

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

/* A server that reads its data in has not run the command: waits a moment and asks
 * again, for as long as a command waits for a connection. 0 or -1. */
static __attribute__((cold, noinline)) int
await_loaded(dredis *client, dredis__request *request, dredis__route route,
             diesel_error *err)
{
    unsigned times = 0;
    while (request->replies[0]->type == DREDIS_ERROR &&
           request->replies[0]->integer == DREDIS_ERR_LOADING) {
        int64_t now = diesel_now(), pause = dredis__client_pause(client, times++);
        if (now + pause >= dredis__client_until(client, request))
            return 0;
        if (diesel_sleep(pause, err) < 0)
            return -1;
        dredis_reply_free(request->replies[0]);
        request->replies[0] = NULL;
        request->got = 0;
        if (dredis__run(client, request, route, err) < 0)
            return -1;
    }
    return 0;
}

dredis_reply *dredis_call_array_with(dredis *client,
                                     const dredis_call_options *options,
                                     const diesel_value *args, size_t n,
                                     diesel_error *err)
{
    dredis_reply *reply = NULL;
    dredis__request request = {
        .args = args, .n = n, .commands = 1, .replies = &reply};
    dredis__route route;
    if (options != NULL)
        request.repeatable = options->repeatable;
    if (dredis__command_size(args, n, &request.size, err) < 0 ||
        find_route(args, n, &route, err) < 0 ||
        dredis__run(client, &request, route, err) < 0)
        goto fail;
    if (__builtin_expect(reply->type == DREDIS_ERROR, 0)) {
        if (reply->integer == DREDIS_ERR_LOADING &&
            await_loaded(client, &request, route, err) < 0)
            goto fail;
        if (reply->type != DREDIS_ERROR)
            return reply;
        dredis__server_error(reply, err);
        goto fail;
    }
    return reply;

fail:
    dredis_reply_free(reply);
    explain(client, args, n, err);
    return NULL;
}

dredis_reply *dredis_call_array(dredis *client, const diesel_value *args,
                                size_t n, diesel_error *err)
{
    return dredis_call_array_with(client, NULL, args, n, err);
}

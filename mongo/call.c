/* SPDX-License-Identifier: MIT */
/*
 * Calls: what every operation does around its own command - take a connection, send,
 * receive, give the connection back - and what a failure means.
 *
 *   - The connection broke: the server is looked for anew, and its other
 *     connections are closed, as they are likely to be broken, too.
 *   - The time was up, or the fiber was cancelled: only this connection is closed,
 *     since its reply is still under way.
 *   - The server says that it takes no writes any more: it is looked for anew; its
 *     connections are kept unless it is shutting down.
 *   - The server reports any other error: nothing.
 *
 * The reply lies in a buffer that is used again by whoever has the connection
 * next, so nothing read from it is kept.
 */
#include "client_internal.h"

#include <stdio.h>
#include <string.h>

#include <diesel/time.h>

static void begin(struct dmongo__call *call, dmongo *client, const char *what,
                  const char *ns)
{
    call->client = client;
    call->what = what;
    call->ns = ns;
    call->server = NULL;
    call->conn = NULL;
    client->references++;
}

/* Whether a failure to take a connection is because the server was lost, so that
 * another may be looked for. */
static bool may_look_again(const struct dmongo__call *call, int64_t deadline)
{
    const dmongo *client = call->client;
    return call->error.flags & DIESEL_EF_RETRYABLE && !client->is_closed &&
           client->current != call->server &&
           (deadline == 0 || diesel_now() < deadline);
}

int dmongo__call_begin(struct dmongo__call *call, dmongo *client,
                       const char *what, const char *ns)
{
    int64_t deadline = 0;
    begin(call, client, what, ns);
    do {
        call->server = dmongo__select(client, &deadline, &call->error);
        if (call->server == NULL)
            return -1;
        call->conn = dmongo__pool_take(&call->server->pool, &call->error);
        if (call->conn != NULL)
            return 0;
    } while (may_look_again(call, deadline));
    return -1;
}

int dmongo__call_begin_on(struct dmongo__call *call,
                          struct dmongo__server *server, const char *what,
                          const char *ns)
{
    begin(call, server->client, what, ns);
    call->server = server;
    call->conn = dmongo__pool_take(&server->pool, &call->error);
    return call->conn != NULL ? 0 : -1;
}

int64_t dmongo__call_deadline(const struct dmongo__call *call)
{
    int64_t timeout = call->client->socket_timeout_ms;
    return timeout > 0 ? diesel_now() + timeout : DIESEL_FOREVER;
}

int dmongo__call_receive(struct dmongo__call *call, struct dmongo__buffer *into)
{
    if (into == NULL)
        into = &call->conn->in;
    if (dmongo__conn_receive(call->conn, into, &call->message,
                             dmongo__call_deadline(call), &call->error) < 0)
        return -1;
    return dmongo__reply_read(&call->reply, call->message.body,
                              call->message.body_size, &call->error);
}

int dmongo__call_exchange(struct dmongo__call *call, dmongo_value command,
                          struct dmongo__buffer *into)
{
    if (dmongo__conn_send(call->conn, command, 0, dmongo__call_deadline(call),
                          &call->error) < 0)
        return -1;
    return dmongo__call_receive(call, into);
}

int dmongo__call_post(struct dmongo__call *call, dmongo_value command)
{
    if (dmongo__conn_send(call->conn, command, DMONGO__MORE_TO_COME,
                          dmongo__call_deadline(call), &call->error) < 0)
        return -1;
    call->conn->half_used = false; /* no reply is under way */
    return 0;
}

void dmongo__call_end(struct dmongo__call *call)
{
    if (call->conn != NULL)
        dmongo__pool_give(call->conn);
    call->conn = NULL;
    dmongo__client_release(call->client);
}

/* What the failure says about the server. */
static void conclude(struct dmongo__call *call)
{
    diesel_error *error = &call->error;
    if (call->client->is_closed)
        return;
    bool is_broken = error->code == DIESEL_E_CLOSED ||
                     error->code == DIESEL_E_IO ||
                     (error->domain == DIESEL_DOM_SYS &&
                      error->code != DIESEL_E_NOMEM);
    if (call->conn->half_used && is_broken) {
        error->flags |= DIESEL_EF_RETRYABLE;
        dmongo__server_lost(call->server, call->conn->generation);
        return;
    }
    unsigned class = error->domain == DIESEL_DOM_MONGO
                         ? dmongo__code_class(error->detail)
                         : 0;
    if (class & DMONGO__CODE_SHUTDOWN)
        dmongo__server_lost(call->server, call->conn->generation);
    else if (class & DMONGO__CODE_NOT_WRITABLE)
        dmongo__server_unfit(call->server);
}

int dmongo__explain(const char *what, const char *ns, diesel_error *err)
{
    diesel_error_prefix(err, "mongodb: %s %.100s", what, ns);
    return -1;
}

int dmongo__call_fail(struct dmongo__call *call, diesel_error *err)
{
    diesel_error *error = &call->error;
    if (call->conn != NULL)
        conclude(call);
    if (err != NULL && call->server != NULL) {
        const char *name = call->server->name;
        *err = *error;
        diesel_error_set(err, error->code, error->domain, error->detail,
                         "mongodb %.100s: %s %.100s: %s", name, call->what,
                         call->ns,
                         dmongo__without_name(error->message, name));
        err->flags = error->flags;
    } else if (err != NULL) {
        *err = *error;
        dmongo__explain(call->what, call->ns, err);
    }
    dmongo__call_end(call);
    return -1;
}

dmongo_value dmongo__read_preference(const struct dmongo__call *call)
{
    const struct dmongo__hello *hello = &call->server->hello;
    if (*hello->set_name == 0 && !hello->is_mongos)
        return dmongo_absent(); /* a standalone has no choice */
    if (call->client->read_preference_doc != NULL)
        return dmongo_bson(call->client->read_preference_doc);
    /* The program asked for this very member, whatever it is. */
    static const dmongo_value any_member[] = {
        {.form = DMONGO__STR, .type = BSON_TYPE_UTF8, .len = 4, .s = "mode"},
        {.form = DMONGO__STR, .type = BSON_TYPE_UTF8, .len = 16,
         .s = "primaryPreferred"},
    };
    return hello->is_mongos || hello->is_writable
               ? dmongo_absent()
               : dmongo_doc_of(any_member, 2);
}

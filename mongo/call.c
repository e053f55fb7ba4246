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
 * What may be sent again is sent again once, on another connection; with timeoutMS
 * until that is up. If no server is found for it, the first failure is reported.
 *
 * The reply lies in a buffer that is used again by whoever has the connection
 * next, so nothing read from it is kept.
 */
#include "client_internal.h"
#include "log_internal.h"
#include "meter_internal.h"

#include <stdio.h>
#include <string.h>

#include <diesel/scope.h>
#include <diesel/time.h>

/* Whether an operation's own write concern is w=0. One that is malformed is found out
 * when it is sent. */
static bool wants_no_reply(dmongo_value write_concern)
{
    bson_t *doc = dmongo_doc_to_bson(write_concern, NULL);
    bool none = doc != NULL && dmongo_get_int(doc, "w", 1) == 0;
    bson_destroy(doc);
    return none;
}

/* Who wants to know what a client does now. */
static unsigned watching_of(const dmongo *client)
{
    unsigned watching = client->watching;
    if (dmongo__logs(&dmongo__command_log))
        watching |= DMONGO__LOGS;
    if (dmongo__logs(&dmongo__selection_log))
        watching |= DMONGO__LOGS_SELECTION;
    return watching;
}

static void begin(struct dmongo__call *call, dmongo *client,
                  const struct dmongo__op *op)
{
    int64_t timeout = client->uri->options.timeout_ms;
    call->client = client;
    call->op = op;
    call->server = NULL;
    call->conn = NULL;
    call->session = NULL;
    call->owns_session = false;
    call->is_pinned = false;
    call->attempts = 0;
    call->txn_number = 0;
    call->watching = watching_of(client);
    if (call->watching != 0)
        call->watched.operation_id = ++client->last_operation;
    call->deadline = timeout > 0 ? diesel_now() + timeout : DIESEL_FOREVER;
    call->unacknowledged =
        op->flags & DMONGO__NO_REPLY ||
        (op->flags & DMONGO__WRITES &&
         (op->write_concern.form == DMONGO__ABSENT
              ? client->unacknowledged
              : wants_no_reply(op->write_concern)));
    client->references++;
}

static int cannot(struct dmongo__call *call, const char *why)
{
    return diesel_error_set(&call->error, DIESEL_E_INVAL, DIESEL_DOM_MONGO, 0,
                            "%s", why);
}

/* The session that the command names, now that it is known who gets it. */
static int take_session(struct dmongo__call *call)
{
    const struct dmongo__op *op = call->op;
    bool has_sessions = call->server->hello.session_timeout_minutes > 0;
    if (call->session != NULL) /* this is another attempt */
        return 0;
    if (op->session != NULL) {
        if (op->session->client != call->client)
            return cannot(call, "the session is another client's");
        if (call->unacknowledged)
            return cannot(call, "a session does not go with a write concern of w=0");
        if (!has_sessions)
            return cannot(call, "the server has no sessions");
        call->session = op->session->server;
    } else if (op->server_session != NULL) {
        call->session = op->server_session;
    } else if (has_sessions && !call->unacknowledged &&
               !(op->flags & DMONGO__NO_SESSION)) {
        call->session = dmongo__session_take(call->client, &call->error);
        call->owns_session = call->session != NULL;
        return call->session != NULL ? 0 : -1;
    }
    return 0;
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

static struct dmongo__server *select_server(struct dmongo__call *call,
                                            int64_t *deadline)
{
    bool logs = (call->watching & DMONGO__LOGS_SELECTION) != 0;
    if (logs)
        dmongo__log_selection(call, NULL, NULL);
    struct dmongo__server *server =
        dmongo__select(call->client, deadline, call, &call->error);
    if (logs)
        dmongo__log_selection(call, server, server == NULL ? &call->error : NULL);
    return server;
}

/* The call has a connection. */
static void hold(struct dmongo__call *call)
{
    struct dmongo__conn *conn = call->conn;
    conn->held_by = call->op->what;
    conn->holder = diesel_self();
    conn->keeps_messages =
        (call->watching & (DMONGO__TELLS | DMONGO__LOGS)) != 0;
}

/* A connection to the server in use, or the first that can be. */
static int take_conn(struct dmongo__call *call)
{
    int64_t deadline = 0;
    if (call->deadline != DIESEL_FOREVER) {
        int64_t usual = diesel_now() +
                        call->client->uri->options.server_selection_timeout_ms;
        deadline = usual < call->deadline ? usual : call->deadline;
    }
    do {
        call->server = select_server(call, &deadline);
        if (call->server == NULL)
            return -1;
        call->conn = dmongo__pool_take(&call->server->pool, call->deadline,
                                       &call->error);
        if (call->conn != NULL) {
            hold(call);
            return take_session(call);
        }
    } while (may_look_again(call, deadline));
    return -1;
}

int dmongo__call_begin(struct dmongo__call *call, dmongo *client,
                       const struct dmongo__op *op)
{
    begin(call, client, op);
    return take_conn(call);
}

int dmongo__call_begin_on(struct dmongo__call *call,
                          struct dmongo__server *server,
                          const struct dmongo__op *op)
{
    begin(call, server->client, op);
    call->server = server;
    call->is_pinned = true;
    /* It was lost; if it can be used again, somebody has to find out. */
    if (!server->pool.is_ready) {
        int64_t deadline = 0;
        if (select_server(call, &deadline) == NULL)
            return -1;
    }
    call->conn = dmongo__pool_take(&server->pool, call->deadline, &call->error);
    if (call->conn == NULL)
        return -1;
    hold(call);
    return take_session(call);
}

int64_t dmongo__call_deadline(const struct dmongo__call *call)
{
    if (call->deadline != DIESEL_FOREVER)
        return call->deadline;
    int64_t timeout = call->client->socket_timeout_ms;
    return timeout > 0 ? diesel_now() + timeout : DIESEL_FOREVER;
}

/* Notes the times that a reply tells. */
static void take_times(struct dmongo__call *call)
{
    const struct dmongo__element *cluster = &call->reply.cluster_time;
    const struct dmongo__element *operation = &call->reply.operation_time;
    dmongo_session *session = call->op->session;
    if (cluster->type == BSON_TYPE_DOCUMENT) {
        dmongo__cluster_time_advance(&call->client->cluster_time, cluster->value,
                                     cluster->size);
        if (session != NULL)
            dmongo__cluster_time_advance(&session->cluster_time, cluster->value,
                                         cluster->size);
    }
    if (session != NULL && operation->type == BSON_TYPE_TIMESTAMP)
        dmongo_session_advance_operation_time(session,
                                              dmongo__load64(operation->value));
}

/* Whether the operation may be sent again after the failure in call->error. */
static bool may_retry(const struct dmongo__call *call)
{
    unsigned flags = call->error.flags;
    if ((call->attempts > 0 && call->deadline == DIESEL_FOREVER) ||
        call->is_pinned || call->client->is_closed || diesel_check(NULL) < 0)
        return false;
    if (call->txn_number != 0)
        return flags & DMONGO_EF_RETRYABLE_WRITE;
    return call->op->flags & DMONGO__RETRY_READ &&
           call->client->uri->options.retry_reads && flags & DIESEL_EF_RETRYABLE;
}

/* A reply that says ok may say that the write is to be sent again, as its write concern was
 * not met: -1 with that as the error, if it may be sent again. */
static int check_concern(struct dmongo__call *call)
{
    const struct dmongo__element *concern = &call->reply.concern_error;
    unsigned labels = dmongo__labels(&call->reply.labels);
    struct dmongo__reply fields;
    size_t text_len, name_len;
    if (call->txn_number == 0 || !(labels & DMONGO_EF_RETRYABLE_WRITE) ||
        concern->type != BSON_TYPE_DOCUMENT ||
        dmongo__reply_fields(&fields, concern->value, concern->size) < 0)
        return 0;
    const char *text = dmongo__element_str(&fields.message, &text_len);
    const char *name = dmongo__element_str(&fields.code_name, &name_len);
    dmongo__code_fail(text, text_len, name, name_len,
                      (int)dmongo__element_int(&fields.code, 0), &call->error);
    call->error.flags |= labels;
    return may_retry(call) ? -1 : 0;
}

int dmongo__call_receive(struct dmongo__call *call, struct dmongo__buffer *into)
{
    if (into == NULL)
        into = &call->conn->in;
    if (dmongo__conn_receive(call->conn, into, &call->message,
                             dmongo__call_deadline(call), &call->error) < 0) {
        if (call->watching != 0)
            dmongo__events_received(call, -1);
        return -1;
    }
    int done = dmongo__reply_read(&call->reply, call->message.body,
                                  call->message.body_size, &call->error);
    if (call->reply.cluster_time.type != 0 || call->reply.operation_time.type != 0)
        take_times(call);
    if (call->watching != 0)
        dmongo__events_received(call, done);
    if (done == 0 && call->reply.concern_error.type != 0)
        done = check_concern(call);
    if (done == 0)
        call->attempts = 0;
    return done;
}

static int exchange(struct dmongo__call *call, dmongo_value command,
                    struct dmongo__buffer *into)
{
    struct dmongo__composed composed;
    if (dmongo__call_compose(call, command, &composed) < 0)
        return -1;
    if (call->watching != 0)
        dmongo__events_begin(call, command);
    int done = dmongo__conn_send(call->conn, composed.whole,
                                 call->unacknowledged ? DMONGO__MORE_TO_COME : 0,
                                 dmongo__call_deadline(call), &call->error);
    if (call->watching != 0)
        dmongo__events_sent(call, done);
    if (done < 0)
        return -1;
    if (!call->unacknowledged)
        return dmongo__call_receive(call, into);
    call->conn->half_used = false; /* no reply is under way */
    return 0;
}

int dmongo__call_exchange(struct dmongo__call *call, dmongo_value command,
                          struct dmongo__buffer *into)
{
    while (exchange(call, command, into) < 0)
        if (!dmongo__call_again(call))
            return -1;
    return 0;
}

struct dmongo__server_session *
dmongo__call_keep_session(struct dmongo__call *call)
{
    struct dmongo__server_session *session =
        call->owns_session ? call->session : NULL;
    call->owns_session = false;
    return session;
}

static void give_conn(struct dmongo__call *call)
{
    if (call->conn != NULL)
        dmongo__pool_give(call->conn);
    call->conn = NULL;
}

void dmongo__call_end(struct dmongo__call *call)
{
    give_conn(call);
    if (call->owns_session)
        dmongo__session_give(call->client, call->session);
    dmongo__client_release(call->client);
}

/* Whether the connection broke, so that nobody knows whether the command ran. */
static bool is_broken(const struct dmongo__call *call)
{
    const diesel_error *error = &call->error;
    if (!call->conn->half_used)
        return false;
    return error->code == DIESEL_E_CLOSED || error->code == DIESEL_E_IO ||
           error->domain == DIESEL_DOM_TLS ||
           (error->domain == DIESEL_DOM_SYS && error->code != DIESEL_E_NOMEM);
}

/* What the failure says about the server and the session. */
static void conclude(struct dmongo__call *call)
{
    diesel_error *error = &call->error;
    if (call->session != NULL && call->conn->half_used)
        call->session->is_dirty = true;
    if (call->client->is_closed)
        return;
    if (is_broken(call)) {
        error->flags |= DIESEL_EF_RETRYABLE;
        if (call->txn_number != 0)
            error->flags |= DMONGO_EF_RETRYABLE_WRITE;
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

bool dmongo__call_again(struct dmongo__call *call)
{
    if (call->conn == NULL)
        return false;
    conclude(call);
    if (call->attempts > 0 && call->error.flags & DMONGO_EF_NO_WRITES_PERFORMED)
        call->error = call->first_error; /* which says more */
    bool again = may_retry(call);
    give_conn(call);
    if (!again)
        return false;
    diesel_error why = call->error;
    if (call->attempts++ == 0)
        call->first_error = why;
    dmongo__meter_retry(call->server->meter);
    if (take_conn(call) == 0)
        return true;
    if (call->error.code != DIESEL_E_CANCELLED)
        call->error = why;
    return false;
}

int dmongo__explain(const char *what, const char *ns, diesel_error *err)
{
    diesel_error_prefix(err, "mongodb: %s %.100s", what, ns);
    return -1;
}

int dmongo__call_fail(struct dmongo__call *call, diesel_error *err)
{
    diesel_error *error = &call->error;
    const struct dmongo__op *op = call->op;
    if (call->conn != NULL)
        conclude(call);
    if (err != NULL && call->server != NULL) {
        const char *name = call->server->name;
        *err = *error;
        diesel_error_set(err, error->code, error->domain, error->detail,
                         "mongodb %.100s: %s %.100s: %s", name, op->what, op->ns,
                         dmongo__without_name(error->message, name));
        err->flags = error->flags;
    } else if (err != NULL) {
        *err = *error;
        dmongo__explain(op->what, op->ns, err);
    }
    dmongo__call_end(call);
    return -1;
}

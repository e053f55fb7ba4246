/* SPDX-License-Identifier: MIT */
/*
 * What makes a socket a connection: connect, say hello, authenticate. All of it
 * within connectTimeoutMS.
 *
 * As MongoDB's handshake specification has it, the first message is the old
 * isMaster in an OP_QUERY, which servers of all ages understand, with helloOk; or, if
 * the program declares an API version, hello in an OP_MSG.
 */
#include "client_internal.h"
#include "copy_internal.h"

#include <string.h>

#include <diesel/memory.h>
#include <diesel/time.h>

static int say_hello(struct dmongo__server *server, struct dmongo__conn *conn,
                     const struct dmongo__auth *auth, int64_t deadline,
                     bson_t *reply, diesel_error *err)
{
    const struct dmongo__scram *scram = &auth->scram;
    const dmongo *client = server->client;
    dmongo_value first_step =
        auth->speculated && auth->way == DMONGO__BY_X509
            ? dmongo_doc("authenticate", 1, "mechanism", "MONGODB-X509",
                         "user", client->user != NULL ? dmongo_str(client->user)
                                                      : dmongo_absent(),
                         "db", "$external")
        : auth->speculated
            ? dmongo_doc("saslStart", 1,
                         "mechanism", dmongo__scram_name(scram->mechanism),
                         "payload", dmongo__scram_payload(scram),
                         "autoAuthorize", 1,
                         "options", dmongo_doc("skipEmptyExchange",
                                               dmongo_bool(true)),
                         "db", server->client->uri->credential.source)
            : dmongo_absent();
    bool is_old = client->api_version.form == DMONGO__ABSENT;
    dmongo_value command = dmongo_doc(
        is_old ? "isMaster" : "hello", 1, "helloOk", dmongo_bool(true),
        "client", server->client->metadata,
        "compression", dmongo_array_of(server->client->compressors,
                                       server->client->compressor_count),
        "saslSupportedMechs",
        auth->mechs_for != NULL ? dmongo_str(auth->mechs_for) : dmongo_absent(),
        "speculativeAuthenticate", first_step,
        "apiVersion", client->api_version,
        "apiStrict", client->api_strict,
        "apiDeprecationErrors", client->api_deprecation_errors,
        "$db", is_old ? dmongo_absent() : dmongo_str("admin"));
    struct dmongo__message message;
    int sent = is_old ? dmongo__conn_send_query(conn, command, deadline, err)
                      : dmongo__conn_send(conn, command, 0, deadline, err);
    if (sent < 0 ||
        dmongo__conn_receive(conn, &conn->in, &message, deadline, err) < 0)
        return -1;
    if (!bson_init_static(reply, message.body, message.body_size))
        return diesel_error_set(err, DIESEL_E_PROTOCOL, DIESEL_DOM_MONGO, 0,
                                "malformed reply: its body is no document");
    struct dmongo__hello hello;
    if (dmongo__hello_read(reply, server->client->max_reply, &hello, err) < 0)
        return -1;
    server->hello = hello;
    server->client->session_timeout_minutes = hello.session_timeout_minutes;
    conn->limits = hello.limits;
    return 0;
}

static bool lists(const bson_t *reply, const char *key, const char *word)
{
    bson_iter_t at, item;
    if (!bson_iter_init_find(&at, reply, key) || !BSON_ITER_HOLDS_ARRAY(&at) ||
        !bson_iter_recurse(&at, &item))
        return false;
    while (bson_iter_next(&item))
        if (BSON_ITER_HOLDS_UTF8(&item) &&
            strcmp(bson_iter_utf8(&item, NULL), word) == 0)
            return true;
    return false;
}

/* The first of the client's compressors that the server has, too. */
static struct dmongo__packing choose_packing(const dmongo *client,
                                             const bson_t *reply)
{
    struct dmongo__packing packing = {
        .compressor = DMONGO__NO_COMPRESSOR,
        .zlib_level = (int)client->uri->options.zlib_compression_level};
    for (size_t i = 0; i < client->compressor_count &&
                       packing.compressor == DMONGO__NO_COMPRESSOR;
         i++)
        if (lists(reply, "compression", client->compressors[i].s))
            packing.compressor =
                dmongo__compressor_find(client->compressors[i].s);
    return packing;
}

/* What a connection needs for authentication when it has said hello. */
struct dmongo__greeting {
    struct dmongo__auth auth;
    bson_t *reply; /* NULL before it has come */
};

void dmongo__greeting_forget(struct dmongo__conn *conn)
{
    struct dmongo__greeting *greeting = conn->greeting;
    conn->greeting = NULL;
    dmongo__auth_clear(&greeting->auth);
    bson_destroy(greeting->reply);
    diesel_free(greeting);
}

/* A failure to connect means that the server is lost, unless it is about the
 * credentials or about the fiber that tried. *err is that of the pool's caller, who
 * gives one. */
static void judge(struct dmongo__server *server,
                  const struct dmongo__conn *conn, diesel_error *err)
{
    err->flags = 0; /* no operation has been sent */
    bool is_own = err->code == DIESEL_E_AUTH || err->code == DIESEL_E_INVAL ||
                  err->code == DIESEL_E_NOMEM || diesel_check(NULL) < 0;
    if (is_own || server->client->is_closed)
        return;
    err->flags = DIESEL_EF_RETRYABLE;
    dmongo__server_lost(server, conn->generation);
}

static int64_t connect_deadline(const dmongo *client, int64_t deadline)
{
    int64_t timeout = client->uri->options.connect_timeout_ms;
    if (timeout > 0 && diesel_now() + timeout < deadline)
        deadline = diesel_now() + timeout;
    return deadline;
}

/* The reply lies in the connection's buffer, which others go on to use; so what
 * authentication needs of it is copied. */
static int greet(struct dmongo__server *server, struct dmongo__conn *conn,
                 int64_t deadline, diesel_error *err)
{
    dmongo *client = server->client;
    struct dmongo__greeting *greeting = diesel_calloc(1, sizeof *greeting);
    bson_t reply;
    if (greeting == NULL)
        return diesel_error_nomem(err, "a connection");
    conn->greeting = greeting;
    /* What a server takes before it has said so. */
    conn->limits = (struct dmongo__limits){
        .document = 16 * 1024, .message = 48000000, .batch = 1, .reply = 48000000};
    if (dmongo__auth_begin(&greeting->auth, client, err) < 0 ||
        dmongo__conn_open(conn, server->host, client->tls, deadline, err) < 0 ||
        say_hello(server, conn, &greeting->auth, deadline, &reply, err) < 0)
        return -1;
    conn->packing = choose_packing(client, &reply);
    greeting->reply = dmongo__bson_copy(bson_get_data(&reply), reply.len, err);
    return greeting->reply != NULL ? 0 : -1;
}

int dmongo__greet(struct dmongo__conn *conn, void *arg, int64_t deadline,
                  diesel_error *err)
{
    struct dmongo__server *server = arg;
    int done = greet(server, conn, connect_deadline(server->client, deadline), err);
    if (done < 0)
        judge(server, conn, err);
    return done;
}

int dmongo__handshake(struct dmongo__conn *conn, void *arg, int64_t deadline,
                      diesel_error *err)
{
    struct dmongo__server *server = arg;
    dmongo *client = server->client;
    deadline = connect_deadline(client, deadline);
    int done = conn->greeting != NULL ? 0 : greet(server, conn, deadline, err);
    if (done == 0 && client->uri->credential.is_set)
        done = dmongo__auth_finish(&conn->greeting->auth, conn,
                                   conn->greeting->reply, deadline, err);
    bool was_greeted = conn->greeting != NULL && conn->greeting->reply != NULL;
    if (conn->greeting != NULL)
        dmongo__greeting_forget(conn);
    conn->packs =
        done == 0 && conn->packing.compressor != DMONGO__NO_COMPRESSOR;
    conn->checksums = client->checksums;
    if (done < 0)
        judge(server, conn, err);
    if (done < 0 && was_greeted) /* a server that says hello is found at once */
        client->look_again = diesel_now() + DMONGO__PAUSE_MS;
    return done;
}

/* SPDX-License-Identifier: MIT */
/*
 * Authentication of a connection: choosing the mechanism and carrying SCRAM's
 * messages.
 *
 * To save a round trip, the first message travels with the hello
 * ("speculatively"); most servers answer it there. If the connection string names
 * no mechanism, SCRAM-SHA-256 is speculated on, and the hello asks which ones
 * the user has, so that the right one can be taken if that was wrong.
 *
 * The keys that are derived from the password stay with the client, so only its
 * first connection pays for that.
 */
#include "client_internal.h"

#include <string.h>

#include <diesel/memory.h>

#include "saslprep_internal.h"

/* A payload in a reply. */
struct payload {
    const char *text;
    size_t n;
};

static int fail(diesel_error *err, int code, const char *why)
{
    return diesel_error_set(err, code, DIESEL_DOM_MONGO, 0, "%s", why);
}

static int explain(const dmongo *client, diesel_error *err)
{
    diesel_error_prefix(err, "authenticating %.60s on %.60s",
                        client->user != NULL ? client->user : "the client",
                        client->uri->credential.source);
    return -1;
}

static bool is_scram(const char *name, enum dmongo__scram_mechanism *mechanism)
{
    for (int i = DMONGO__SCRAM_SHA_1; i <= DMONGO__SCRAM_SHA_256; i++)
        if (strcmp(dmongo__scram_name((enum dmongo__scram_mechanism)i), name) ==
            0) {
            *mechanism = (enum dmongo__scram_mechanism)i;
            return true;
        }
    return false;
}

static enum dmongo__way way_of(const dmongo *client)
{
    enum dmongo__scram_mechanism unused;
    const char *named = client->uri->credential.mechanism;
    if (named == NULL || is_scram(named, &unused))
        return DMONGO__BY_SCRAM;
    if (strcmp(named, "MONGODB-X509") == 0)
        return DMONGO__BY_X509;
    return strcmp(named, "PLAIN") == 0 ? DMONGO__BY_PLAIN : DMONGO__BY_NO_WAY;
}

/* Whether the hello may carry a first message of SCRAM, and of which mechanism. */
static bool can_speculate(const dmongo *client,
                          enum dmongo__scram_mechanism *mechanism)
{
    const char *unused;
    const char *named = client->uri->credential.mechanism;
    if (named != NULL)
        return is_scram(named, mechanism);
    *mechanism = DMONGO__SCRAM_SHA_256;
    return dmongo__saslprep_can(client->password, &unused);
}

static int check_credential(const dmongo *client, enum dmongo__way way,
                            diesel_error *err)
{
    if (way == DMONGO__BY_NO_WAY)
        return diesel_error_set(err, DIESEL_E_AUTH, DIESEL_DOM_MONGO, 0,
                                "authMechanism=%s is not supported; SCRAM-SHA-1, "
                                "SCRAM-SHA-256, MONGODB-X509 and PLAIN are",
                                client->uri->credential.mechanism);
    if (way == DMONGO__BY_X509)
        return client->tls != NULL && client->uri->options.tls_certificate_key_file != NULL
                   ? 0
                   : fail(err, DIESEL_E_AUTH,
                          "MONGODB-X509 needs tls=true and "
                          "tlsCertificateKeyFile");
    if (client->password == NULL)
        return fail(err, DIESEL_E_AUTH, "no password is given");
    return 0;
}

/* "admin.user", for which the server is to list the mechanisms. */
static char *user_path(const dmongo *client, diesel_error *err)
{
    const char *source = client->uri->credential.source;
    size_t n = strlen(source), room = n + 1 + strlen(client->user) + 1;
    char *path = diesel_malloc(room);
    if (path == NULL) {
        diesel_error_nomem(err, "authentication");
        return NULL;
    }
    memcpy(path, source, n);
    path[n] = '.';
    strcpy(path + n + 1, client->user);
    return path;
}

int dmongo__auth_begin(struct dmongo__auth *auth, dmongo *client,
                       diesel_error *err)
{
    memset(auth, 0, sizeof *auth);
    auth->client = client;
    if (!client->uri->credential.is_set)
        return 0;
    auth->way = way_of(client);
    if (check_credential(client, auth->way, err) < 0)
        return explain(client, err);
    if (auth->way != DMONGO__BY_SCRAM) {
        auth->speculated = auth->way == DMONGO__BY_X509;
        return 0;
    }
    if (client->uri->credential.mechanism == NULL) {
        auth->mechs_for = user_path(client, err);
        if (auth->mechs_for == NULL)
            return -1;
    }
    enum dmongo__scram_mechanism mechanism;
    auth->speculated = can_speculate(client, &mechanism);
    if (auth->speculated &&
        dmongo__scram_begin(&auth->scram, mechanism, client->user,
                            client->password, NULL, err) < 0)
        return explain(client, err);
    return 0;
}

void dmongo__auth_clear(struct dmongo__auth *auth)
{
    dmongo__scram_clear(&auth->scram);
    diesel_free(auth->mechs_for);
    auth->mechs_for = NULL;
}

/* Whether the server's list has the mechanism; *listed: whether there is a list. */
static bool server_has(const bson_t *hello, const char *mechanism, bool *listed)
{
    bson_iter_t at, item;
    *listed = bson_iter_init_find(&at, hello, "saslSupportedMechs") &&
              BSON_ITER_HOLDS_ARRAY(&at) && bson_iter_recurse(&at, &item);
    if (!*listed)
        return false;
    while (bson_iter_next(&item))
        if (BSON_ITER_HOLDS_UTF8(&item) &&
            strcmp(bson_iter_utf8(&item, NULL), mechanism) == 0)
            return true;
    return false;
}

/* After the specification: SHA-256 if the user has it, else SHA-1. */
static enum dmongo__scram_mechanism choose(const struct dmongo__auth *auth,
                                           const bson_t *hello)
{
    enum dmongo__scram_mechanism named;
    const char *name = auth->client->uri->credential.mechanism;
    bool listed;
    if (name != NULL && is_scram(name, &named))
        return named;
    return server_has(hello, "SCRAM-SHA-256", &listed) ? DMONGO__SCRAM_SHA_256
                                                       : DMONGO__SCRAM_SHA_1;
}

static int read_payload(const bson_t *reply, struct payload *out,
                        diesel_error *err)
{
    out->text = (const char *)dmongo_get_binary(reply, "payload", &out->n);
    if (out->text == NULL)
        return fail(err, DIESEL_E_PROTOCOL, "the server's answer has no payload");
    return 0;
}

/* Sends one command of the conversation. A server that says no means that the
 * credentials are wrong, whatever number it gives for it. */
static int converse(struct dmongo__conn *conn, dmongo_value command,
                    int64_t deadline, bson_t *reply, diesel_error *err)
{
    if (dmongo__conn_command(conn, command, deadline, reply, err) < 0)
        return -1;
    if (dmongo__reply_check(bson_get_data(reply), reply->len, err) == 0)
        return 0;
    if (err != NULL && err->code == DIESEL_E_SERVER &&
        !(err->flags & DIESEL_EF_RETRYABLE))
        err->code = DIESEL_E_AUTH;
    return -1;
}

static int start(struct dmongo__auth *auth, struct dmongo__conn *conn,
                 const bson_t *hello, int64_t deadline, bson_t *reply,
                 diesel_error *err)
{
    dmongo *client = auth->client;
    enum dmongo__scram_mechanism mechanism = choose(auth, hello);
    dmongo__scram_clear(&auth->scram);
    if (dmongo__scram_begin(&auth->scram, mechanism, client->user,
                            client->password, NULL, err) < 0)
        return -1;
    return converse(
        conn,
        dmongo_doc("saslStart", 1, "mechanism", dmongo__scram_name(mechanism),
                   "payload", dmongo__scram_payload(&auth->scram), "autoAuthorize", 1,
                   "options", dmongo_doc("skipEmptyExchange", dmongo_bool(true)),
                   "$db", client->uri->credential.source),
        deadline, reply, err);
}

/* Sends the next payload; *reply is the server's last answer, and then its next. */
static int go_on(struct dmongo__auth *auth, struct dmongo__conn *conn,
                 dmongo_value payload, int64_t deadline, bson_t *reply,
                 diesel_error *err)
{
    return converse(conn,
                    dmongo_doc("saslContinue", 1,
                               "conversationId",
                               dmongo_get_value(reply, "conversationId"),
                               "payload", payload,
                               "$db", auth->client->uri->credential.source),
                    deadline, reply, err);
}

/* From the server's first message, in *reply, to the end. */
static int finish(struct dmongo__auth *auth, struct dmongo__conn *conn,
                  bson_t *reply, int64_t deadline, diesel_error *err)
{
    struct payload payload;
    if (read_payload(reply, &payload, err) < 0 ||
        dmongo__scram_answer(&auth->scram, payload.text, payload.n,
                             &auth->client->keys, err) < 0 ||
        go_on(auth, conn, dmongo__scram_payload(&auth->scram), deadline, reply,
              err) < 0 ||
        read_payload(reply, &payload, err) < 0 ||
        dmongo__scram_verify(&auth->scram, payload.text, payload.n, err) < 0)
        return -1;
    if (dmongo_get_bool(reply, "done", false))
        return 0;
    /* A server that does not know skipEmptyExchange wants one more round. */
    dmongo_value nothing = dmongo_binary("", 0, BSON_SUBTYPE_BINARY);
    if (go_on(auth, conn, nothing, deadline, reply, err) < 0)
        return -1;
    return dmongo_get_bool(reply, "done", false)
               ? 0
               : fail(err, DIESEL_E_PROTOCOL,
                      "the server does not end the conversation");
}

/* The certificate of the TLS connection is the proof; the server finds the user in it
 * unless the string names one. */
static int by_x509(struct dmongo__auth *auth, struct dmongo__conn *conn,
                   int64_t deadline, diesel_error *err)
{
    bson_t reply;
    const char *user = auth->client->user;
    return converse(conn,
                    dmongo_doc("authenticate", 1, "mechanism", "MONGODB-X509",
                               "user", user != NULL ? dmongo_str(user)
                                                    : dmongo_absent(),
                               "$db", "$external"),
                    deadline, &reply, err);
}

/* RFC 4616: the password as it is, in one message; so it should go over TLS only. */
static int by_plain(struct dmongo__auth *auth, struct dmongo__conn *conn,
                    int64_t deadline, diesel_error *err)
{
    const dmongo *client = auth->client;
    size_t user_size = strlen(client->user), password_size = strlen(client->password);
    size_t n = 1 + user_size + 1 + password_size;
    char *payload = diesel_calloc(1, n);
    bson_t reply;
    if (payload == NULL)
        return diesel_error_nomem(err, "authentication");
    memcpy(payload + 1, client->user, user_size);
    memcpy(payload + 1 + user_size + 1, client->password, password_size);
    int done = converse(
        conn,
        dmongo_doc("saslStart", 1, "mechanism", "PLAIN",
                   "payload", dmongo_binary(payload, n, BSON_SUBTYPE_BINARY),
                   "autoAuthorize", 1,
                   "$db", client->uri->credential.source),
        deadline, &reply, err);
    explicit_bzero(payload, n);
    diesel_free(payload);
    if (done == 0 && !dmongo_get_bool(&reply, "done", false))
        return fail(err, DIESEL_E_PROTOCOL,
                    "the server does not end the conversation");
    return done;
}

int dmongo__auth_finish(struct dmongo__auth *auth, struct dmongo__conn *conn,
                        const bson_t *hello, int64_t deadline,
                        diesel_error *err)
{
    bson_t reply;
    bool begun = auth->speculated &&
                 dmongo_get_doc(hello, "speculativeAuthenticate", &reply);
    if (auth->way != DMONGO__BY_SCRAM) {
        int done = begun ? 0
                   : auth->way == DMONGO__BY_X509
                       ? by_x509(auth, conn, deadline, err)
                       : by_plain(auth, conn, deadline, err);
        return done == 0 ? 0 : explain(auth->client, err);
    }
    if (!begun && start(auth, conn, hello, deadline, &reply, err) < 0)
        return explain(auth->client, err);
    if (finish(auth, conn, &reply, deadline, err) < 0)
        return explain(auth->client, err);
    return 0;
}

/* SPDX-License-Identifier: MIT */
/*
 * Each client of a test speaks to the server through a proxy of its own, which fails
 * commands as the fail point failCommand would.
 *
 * Where a test wants a replica set, the proxy answers each hello as the primary of one
 * would. The server behind it takes what a driver sends to replica sets, and ignores
 * lsid and txnNumber.
 */
#include "unified.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <diesel/mongo_proxy.h>

struct unified_proxy {
    unified_world *world;
    unified_entity *client;
    diesel_scope *scope;
    diesel_listener *listener;
    bson_t *hello; /* what was answered last */
    bson_t *retryable; /* the reply to the last command with a transaction number */
    int64_t txn_number;
    uint32_t unanswered; /* the last request that wants no reply */
    char server[200];
};

static bson_t *is_ok; /* {ok: 1} */

/* The one fail point. */
static struct {
    bson_t *data;     /* NULL: off */
    int64_t times;    /* how often it still fires; -1: always */
    int64_t skip;     /* ... after so many that go through    */
    bson_t *answer;   /* what it answered last                */
} fail_point;

void unified_fail_points_off(void)
{
    bson_destroy(fail_point.data);
    bson_destroy(fail_point.answer);
    memset(&fail_point, 0, sizeof fail_point);
}

static void set_fail_point(const bson_t *command)
{
    bson_t data;
    unified_fail_points_off();
    if (strcmp(dmongo_get_str(command, "mode", ""), "off") == 0 ||
        !dmongo_get_doc(command, "data", &data))
        return;
    fail_point.data = bson_copy(&data);
    fail_point.times = dmongo_get_int(command, "mode.times", -1);
    fail_point.skip = dmongo_get_int(command, "mode.skip", 0);
}

int unified_fail_point(unified_world *world, const unified_entity *client,
                       const bson_t *command)
{
    diesel_error err;
    const char *name = dmongo_get_str(command, "configureFailPoint", "");
    if (strcmp(name, "failCommand") != 0)
        return unified_fail(world, "needs the fail point %s", name);
    if (client == NULL)
        return unified_fail(world, "runner: a fail point without a client");
    if (dmongo_run(client->mongo, "admin", command, NULL, &err) < 0)
        return unified_fail(world, "%s", err.message);
    return 0;
}

static bool fires(const char *command)
{
    if (!unified_is_listed(fail_point.data, "failCommands", command))
        return false;
    if (fail_point.skip > 0) {
        fail_point.skip--;
        return false;
    }
    if (fail_point.times == 0)
        return false;
    if (fail_point.times > 0)
        fail_point.times--;
    return true;
}

/* The body of an OP_MSG with its document sequences as arrays. */
static bson_t *whole_command(const dmongo_passing *m)
{
    bson_t *whole = bson_copy(m->body);
    /* header 16, flags 4, kind 0 and the body */
    size_t at = 16 + 4 + 1 + m->body->len;
    size_t end = m->size - (m->flags & 1 ? 4 : 0);
    while (m->operation == 2013 && at + 5 < end && m->bytes[at] == 1) {
        int32_t size;
        memcpy(&size, m->bytes + at + 1, sizeof size);
        const char *name = (const char *)m->bytes + at + 5;
        size_t doc = at + 5 + strlen(name) + 1;
        bson_t array;
        char key[16];
        at += 1 + (size_t)size;
        bson_append_array_begin(whole, name, -1, &array);
        for (int i = 0; doc < at; i++) {
            bson_t one;
            int32_t n;
            memcpy(&n, m->bytes + doc, sizeof n);
            snprintf(key, sizeof key, "%d", i);
            if (bson_init_static(&one, m->bytes + doc, (size_t)n))
                bson_append_document(&array, key, -1, &one);
            doc += (size_t)n;
        }
        bson_append_array_end(whole, &array);
    }
    return whole;
}

/* What the server says to the command; NULL if it says that it failed. */
static bson_t *carry_out(const struct unified_proxy *proxy, const dmongo_passing *m)
{
    bson_t *whole = whole_command(m), *reply;
    diesel_error err;
    if (dmongo_run(proxy->world->internal, dmongo_get_str(whole, "$db", "admin"),
                   whole, &reply, &err) < 0)
        reply = NULL;
    bson_destroy(whole);
    return reply;
}

static bool was_carried_out(const struct unified_proxy *proxy,
                            const dmongo_passing *m)
{
    return proxy->retryable != NULL &&
           dmongo_get_int(m->body, "txnNumber", -2) == proxy->txn_number;
}

/* The command is carried out, and then the reply says that its write concern was not
 * met. Sent again, it is not carried out again. */
static void fail_concern(struct unified_proxy *proxy, const dmongo_passing *m,
                         dmongo_fate *fate)
{
    bson_t *reply = was_carried_out(proxy, m) ? bson_copy(proxy->retryable)
                                              : carry_out(proxy, m);
    if (reply == NULL)
        return;
    bson_t *more = dmongo_doc_to_bson(
        dmongo_doc("writeConcernError",
                   dmongo_get_value(fail_point.data, "writeConcernError"),
                   "errorLabels", dmongo_get_value(fail_point.data, "errorLabels")),
        NULL);
    bson_t *kept = bson_copy(reply);
    bson_destroy(proxy->retryable);
    proxy->retryable = kept;
    proxy->txn_number = dmongo_get_int(m->body, "txnNumber", -1);
    bson_concat(reply, more);
    bson_destroy(more);
    fail_point.answer = reply;
    fate->answer = reply;
}

/* What becomes of a command that the fail point is for. */
static void fail(struct unified_proxy *proxy, const dmongo_passing *m,
                 dmongo_fate *fate)
{
    const bson_t *data = fail_point.data;
    if (dmongo_get_bool(data, "blockConnection", false))
        fate->delay_ms = dmongo_get_int(data, "blockTimeMS", 0);
    if (dmongo_get_bool(data, "closeConnection", false)) {
        fate->close = true;
        return;
    }
    dmongo_value labels = dmongo_get_value(data, "errorLabels");
    bson_destroy(fail_point.answer);
    fail_point.answer = NULL;
    if (dmongo_has(data, "errorCode"))
        fail_point.answer = dmongo_doc_to_bson(
            dmongo_doc("ok", 0,
                       "code", (int)dmongo_get_int(data, "errorCode", 0),
                       "codeName", "failCommand",
                       "errmsg", "Failing command via 'failCommand' failpoint",
                       "errorLabels", labels),
            NULL);
    else if (dmongo_has(data, "writeConcernError"))
        fail_concern(proxy, m, fate);
    fate->answer = fail_point.answer;
}

/* --- What the server is */

/* The reply to a hello, as the primary of a replica set of one would give it. */
static bson_t *hello_of_set(const struct unified_proxy *proxy, const bson_t *request)
{
    const bson_t *own = proxy->world->server->hello;
    char me[40];
    snprintf(me, sizeof me, "127.0.0.1:%u", proxy->client->port);
    return dmongo_doc_to_bson(
        dmongo_doc("helloOk", dmongo_bool(true), "isWritablePrimary",
                   dmongo_bool(true), "ismaster", dmongo_bool(true), "setName", "rs0",
                   "setVersion", 1, "hosts", dmongo_array(me), "primary", me, "me", me,
                   "maxBsonObjectSize", dmongo_get_value(own, "maxBsonObjectSize"),
                   "maxMessageSizeBytes", dmongo_get_value(own, "maxMessageSizeBytes"),
                   "maxWriteBatchSize", dmongo_get_value(own, "maxWriteBatchSize"),
                   "logicalSessionTimeoutMinutes", 30, "connectionId", 1,
                   "minWireVersion", 0,
                   "maxWireVersion", dmongo_get_value(own, "maxWireVersion"),
                   "saslSupportedMechs",
                   dmongo_has(request, "saslSupportedMechs")
                       ? dmongo_array("SCRAM-SHA-1", "SCRAM-SHA-256")
                       : dmongo_absent(),
                   "readOnly", dmongo_bool(false), "ok", 1.0),
        NULL);
}

static bool is_hello(const char *command)
{
    return strcasecmp(command, "hello") == 0 ||
           strcasecmp(command, "isMaster") == 0;
}

static void watch(const dmongo_passing *m, dmongo_fate *fate, void *arg)
{
    struct unified_proxy *proxy = arg;
    if (m->is_reply) /* FerretDB answers also what wants no answer */
        fate->drop = m->response_to == proxy->unanswered && m->response_to != 0;
    if (m->body == NULL || m->is_reply)
        return;
    if (m->flags & 2) /* moreToCome */
        proxy->unanswered = m->id;
    if (strcmp(m->command, "configureFailPoint") == 0) {
        set_fail_point(m->body);
        fate->answer = is_ok;
    } else if (fires(m->command)) {
        fail(proxy, m, fate);
    } else if (was_carried_out(proxy, m)) {
        fate->answer = proxy->retryable;
    } else if (proxy->world->is_set && is_hello(m->command)) {
        bson_destroy(proxy->hello);
        fate->answer = proxy->hello = hello_of_set(proxy, m->body);
    }
}

static int run(void *arg)
{
    struct unified_proxy *proxy = arg;
    diesel_error err;
    diesel_listener *listener = proxy->listener;
    proxy->listener = NULL;
    dmongo_proxy_options options = {.watch = watch, .arg = proxy};
    dmongo_proxy(listener, proxy->server, &options, &err);
    return diesel_fail(&err);
}

/* "host:port" or a path, from a connection string. */
static void server_of(const char *uri, char *out, size_t size)
{
    const char *at = strrchr(uri, '@');
    const char *host = at != NULL ? at + 1 : strstr(uri, "://") + 3;
    snprintf(out, size, "%.*s", (int)strcspn(host, "/?"), host);
}

int unified_proxy_open(unified_world *world, unified_entity *client,
                       uint16_t *port)
{
    diesel_error err;
    struct unified_proxy *proxy = calloc(1, sizeof *proxy);
    if (is_ok == NULL)
        is_ok = BCON_NEW("ok", BCON_INT32(1));
    client->proxy = proxy;
    proxy->world = world;
    proxy->client = client;
    server_of(world->server->uri, proxy->server, sizeof proxy->server);
    proxy->listener = diesel_tcp_listen("127.0.0.1", 0, NULL, &err);
    if (proxy->listener == NULL)
        return unified_fail(world, "runner: %s", err.message);
    *port = client->port = diesel_listener_port(proxy->listener);
    proxy->scope = diesel_scope_open(
        &(diesel_scope_options){.label = "proxy", .detached = true});
    diesel_go(proxy->scope, run, proxy);
    return 0;
}

void unified_proxy_close(unified_entity *client)
{
    struct unified_proxy *proxy = client->proxy;
    if (proxy == NULL)
        return;
    if (proxy->scope != NULL) {
        diesel_scope_cancel(proxy->scope);
        (void)diesel_scope_wait(proxy->scope, NULL);
    }
    bson_destroy(proxy->hello);
    bson_destroy(proxy->retryable);
    free(proxy);
    client->proxy = NULL;
}

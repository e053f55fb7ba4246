/* SPDX-License-Identifier: MIT */
/*
 * Each client of a test speaks to the server through a proxy of its own. What passes is
 * what the driver has really sent, and becomes the events that tests expect. The same
 * place fails commands, as the fail point failCommand would.
 */
#include "unified.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <diesel/mongo_proxy.h>

#define MOST_CONNECTIONS 64

/* The command that a connection was sent last. */
struct asked {
    bool recorded, secret;
    char command[64], database[128];
};

struct unified_proxy {
    unified_entity *client;
    struct asked asked[MOST_CONNECTIONS];
    diesel_scope *scope;
    diesel_listener *listener;
    char server[200];
};

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

int unified_fail_point(unified_world *world, const bson_t *command)
{
    bson_t data;
    if (strcmp(dmongo_get_str(command, "configureFailPoint", ""),
               "failCommand") != 0)
        return unified_fail(world, "needs the fail point %s",
                            dmongo_get_str(command, "configureFailPoint", ""));
    unified_fail_points_off();
    if (strcmp(dmongo_get_str(command, "mode", ""), "off") == 0)
        return 0;
    if (!dmongo_get_doc(command, "data", &data))
        return unified_fail(world, "runner: a fail point without data");
    fail_point.data = bson_copy(&data);
    fail_point.times = dmongo_get_int(command, "mode.times", -1);
    fail_point.skip = dmongo_get_int(command, "mode.skip", 0);
    return 0;
}

static bool is_listed(const bson_t *list, const char *path, const char *name)
{
    bson_t names;
    bson_iter_t iter;
    if (list == NULL || !dmongo_get_doc(list, path, &names) ||
        !bson_iter_init(&iter, &names))
        return false;
    while (bson_iter_next(&iter))
        if (BSON_ITER_HOLDS_UTF8(&iter) &&
            strcasecmp(bson_iter_utf8(&iter, NULL), name) == 0)
            return true;
    return false;
}

static bool fires(const char *command)
{
    if (!is_listed(fail_point.data, "failCommands", command))
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

/* What becomes of a command that the fail point is for. */
static void fail(dmongo_fate *fate)
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
        fail_point.answer = dmongo_doc_to_bson(
            dmongo_doc("ok", 1, "n", 1,
                       "writeConcernError",
                       dmongo_get_value(data, "writeConcernError"),
                       "errorLabels", labels),
            NULL);
    fate->answer = fail_point.answer;
}

/* --- Events */

static bson_t *unanswered; /* {ok: 1}: what is reported where no reply is sent */

/* The hello of a new connection, which is no command of the program's. */
static bool is_handshake(const bson_t *body)
{
    return dmongo_has(body, "client");
}

static bool is_hello(const char *command)
{
    return strcasecmp(command, "hello") == 0 ||
           strcasecmp(command, "isMaster") == 0;
}

static bool is_secret(const char *command, const bson_t *body)
{
    return (is_hello(command) && dmongo_has(body, "speculativeAuthenticate")) ||
           strncmp(command, "sasl", 4) == 0 ||
           strcmp(command, "createUser") == 0 ||
           strcmp(command, "updateUser") == 0 ||
           strncmp(command, "copydb", 6) == 0 ||
           strcmp(command, "getnonce") == 0 ||
           strcmp(command, "authenticate") == 0;
}

static void record(unified_entity *client, const char *type, bson_t *fields)
{
    unified_event *event = calloc(1, sizeof *event);
    event->type = type;
    event->fields = fields;
    *client->last_event = event;
    client->last_event = &event->next;
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

static void record_request(unified_entity *client, const dmongo_passing *m)
{
    if (!client->observes_started)
        return;
    bson_t *whole = whole_command(m);
    record(client, "commandStartedEvent",
           dmongo_doc_to_bson(
               dmongo_doc("commandName", m->command,
                          "databaseName", dmongo_get_str(whole, "$db", ""),
                          "command", is_secret(m->command, whole)
                                         ? dmongo_doc()
                                         : dmongo_bson(whole)),
               NULL));
    bson_destroy(whole);
}

static void record_reply(unified_entity *client, const struct asked *asked,
                         const bson_t *body)
{
    bool ok = body != NULL && dmongo_get_double(body, "ok", 0) == 1;
    dmongo_value reply = asked->secret || body == NULL ? dmongo_doc()
                                                       : dmongo_bson(body);
    if (ok && client->observes_succeeded)
        record(client, "commandSucceededEvent",
               dmongo_doc_to_bson(
                   dmongo_doc("commandName", asked->command, "databaseName",
                              asked->database, "reply", reply),
                   NULL));
    if (!ok && client->observes_failed)
        record(client, "commandFailedEvent",
               dmongo_doc_to_bson(dmongo_doc("commandName", asked->command,
                                             "databaseName", asked->database),
                                  NULL));
}

static bool is_recorded(const unified_entity *client, const dmongo_passing *m)
{
    if (is_handshake(m->body) || strcmp(m->command, "configureFailPoint") == 0)
        return false;
    if (is_secret(m->command, m->body) && !client->sees_secrets)
        return false;
    return !is_listed(client->ignored, "names", m->command);
}

static void watch(const dmongo_passing *m, dmongo_fate *fate, void *arg)
{
    struct unified_proxy *proxy = arg;
    unified_entity *client = proxy->client;
    if (m->body == NULL || m->operation != 2013)
        return;
    struct asked *asked = &proxy->asked[m->connection % MOST_CONNECTIONS];
    if (m->is_reply) {
        if (asked->recorded)
            record_reply(client, asked, m->body);
        return;
    }
    asked->recorded = is_recorded(client, m);
    asked->secret = is_secret(m->command, m->body);
    snprintf(asked->command, sizeof asked->command, "%s", m->command);
    snprintf(asked->database, sizeof asked->database, "%s",
             dmongo_get_str(m->body, "$db", ""));
    if (asked->recorded)
        record_request(client, m);
    bool fails = fires(m->command);
    if (fails)
        fail(fate);
    if (!asked->recorded)
        return;
    if (fails && (fate->close || fate->answer != NULL))
        record_reply(client, asked, fate->close ? NULL : fate->answer);
    else if (m->flags & 2) /* moreToCome: reported as a success */
        record_reply(client, asked, unanswered);
}

void unified_proxy_catch_up(unified_entity *client, int count)
{
    for (int tries = 0; tries < 500; tries++) {
        int have = 0;
        for (unified_event *e = client->events; e != NULL; e = e->next)
            have++;
        if (have >= count || diesel_sleep(1, NULL) < 0)
            return;
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
    if (unanswered == NULL)
        unanswered = BCON_NEW("ok", BCON_INT32(1));
    client->proxy = proxy;
    client->last_event = &client->events;
    proxy->client = client;
    server_of(world->uri, proxy->server, sizeof proxy->server);
    proxy->listener = diesel_tcp_listen("127.0.0.1", 0, NULL, &err);
    if (proxy->listener == NULL)
        return unified_fail(world, "runner: %s", err.message);
    *port = diesel_listener_port(proxy->listener);
    proxy->scope = diesel_scope_open(
        &(diesel_scope_options){.label = "proxy", .detached = true});
    diesel_go(proxy->scope, run, proxy);
    return 0;
}

void unified_proxy_close(unified_entity *client)
{
    struct unified_proxy *proxy = client->proxy;
    if (proxy != NULL && proxy->scope != NULL) {
        diesel_scope_cancel(proxy->scope);
        (void)diesel_scope_wait(proxy->scope, NULL);
    }
    free(proxy);
    client->proxy = NULL;
    while (client->events != NULL) {
        unified_event *event = client->events;
        client->events = event->next;
        bson_destroy(event->fields);
        free(event);
    }
}

/* SPDX-License-Identifier: MIT */
/*
 * The test server: its sockets and fibers around the engine.
 *
 * One fiber accepts, one per connection reads, and one, the clock, sleeps until
 * something is due. Whoever has given the engine something to do then sends what it
 * has for clients, whichever they are; nobody waits for a slow one, who is cut off
 * once too much waits for it.
 */
#include <diesel/redis_test_server.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <diesel/memory.h>
#include <diesel/net.h>
#include <diesel/park.h>
#include <diesel/scope.h>
#include <diesel/time.h>

#include "server/engine_internal.h"

#define PIECE (16 * 1024)
#define SOCKET_PATH 108
#define USUAL_OUTPUT ((size_t)64 << 20)

struct dredis_server {
    dredis_server_options options;
    char *path, *user, *password;
    char folder[SOCKET_PATH]; /* of the socket; "": it is not ours */
    char url[160];
    uint16_t port;
    dredis__engine *engine;
    diesel_listener *listener; /* NULL: down */
    diesel_scope *accepting, *serving, *ticking;
    diesel_fiber *clock; /* parked until `due`; NULL: it runs, or is not there */
    int64_t due;         /* on the engine's clock                              */
    size_t connected;
    uint64_t accepted;
};

typedef struct connection {
    dredis_server *server;
    diesel_stream *stream; /* NULL once it has been hung up on */
    dredis__peer *peer;
} connection;

static void hang_up_on(connection *c)
{
    diesel_stream_close(c->stream);
    c->stream = NULL;
}

static void send_output(connection *c)
{
    dredis__buffer *out = &c->peer->out;
    if (c->stream == NULL)
        return;
    void *room = out->len > 0
                     ? diesel_stream_reserve(c->stream, out->len, NULL)
                     : NULL;
    if (room != NULL) {
        memcpy(room, out->at, out->len);
        diesel_stream_commit(c->stream, out->len);
    }
    uint64_t waits = diesel_stream_committed(c->stream) -
                     diesel_stream_sent(c->stream);
    if (c->peer->closing || out->failed || (out->len > 0 && room == NULL) ||
        waits > c->server->options.max_output)
        hang_up_on(c);
    out->len = 0;
}

/* Sends all that the engine has for clients, and sets the clock anew. */
static void settle(dredis_server *server)
{
    dredis__peer *peer;
    while ((peer = dredis__engine_next_output(server->engine)) != NULL)
        send_output(peer->owner);
    int64_t due = dredis__engine_due(server->engine);
    if (due < server->due && server->clock != NULL && !server->options.manual_clock)
        diesel_wake(server->clock, 0);
}

static int tick(void *arg)
{
    dredis_server *server = arg;
    diesel_error err;
    for (;;) {
        server->due = dredis__engine_due(server->engine);
        int64_t wait = server->due - dredis__engine_now(server->engine);
        bool never = server->due == INT64_MAX || server->options.manual_clock;
        server->clock = diesel_self();
        int woken = diesel_park("something to do at a later time",
                                never ? DIESEL_FOREVER : diesel_now() + wait,
                                &err);
        server->clock = NULL;
        if (woken < 0 && diesel_check(NULL) < 0)
            return 0;
        dredis__engine_tick(server->engine);
        settle(server);
    }
}

static int serve(void *arg)
{
    connection *c = arg;
    dredis_server *server = c->server;
    char *piece = diesel_malloc(PIECE);
    ssize_t n = 0;
    while (piece != NULL && c->stream != NULL &&
           (n = diesel_stream_read(c->stream, piece, PIECE, DIESEL_FOREVER,
                                   NULL)) > 0) {
        dredis__engine_input(c->peer, piece, (size_t)n);
        settle(server);
    }
    if (c->stream != NULL)
        hang_up_on(c);
    dredis__peer_free(c->peer);
    diesel_free(piece);
    diesel_free(c);
    server->connected--;
    return 0;
}

int dredis_server_serve(dredis_server *server, diesel_stream *stream,
                        diesel_error *err)
{
    connection *c = diesel_calloc(1, sizeof *c);
    dredis__peer *peer = c != NULL ? dredis__peer_new(server->engine, c) : NULL;
    if (peer == NULL)
        goto fail;
    *c = (connection){server, stream, peer};
    if (server->options.max_bulk != 0)
        peer->parser.limits.bulk = server->options.max_bulk;
    server->connected++;
    if (diesel_go_labelled(server->serving, "redis test server", serve, c) == 0) {
        server->accepted++;
        return 0;
    }
    server->connected--;
    dredis__peer_free(peer);
fail:
    diesel_free(c);
    diesel_stream_close(stream);
    return diesel_error_nomem(err, "a connection of the test server");
}

static int accept_all(void *arg)
{
    dredis_server *server = arg;
    diesel_stream *stream;
    while ((stream = diesel_accept(server->listener, DIESEL_FOREVER, NULL)) != NULL)
        dredis_server_serve(server, stream, NULL);
    return 0;
}

/* --- Up and down */

static diesel_scope *new_scope(void)
{
    return diesel_scope_open(&(diesel_scope_options){
        .label = "redis test server", .detached = true});
}

static void end_scope(diesel_scope **scope)
{
    if (*scope == NULL)
        return;
    diesel_scope_cancel(*scope);
    diesel_scope_wait(*scope, NULL);
    *scope = NULL;
}

static int go_up(dredis_server *server, diesel_error *err)
{
    server->listener =
        server->options.tcp
            ? diesel_tcp_listen("127.0.0.1", server->port, NULL, err)
            : diesel_unix_listen(server->path, NULL, err);
    if (server->listener == NULL)
        return -1;
    server->port = diesel_listener_port(server->listener);
    server->accepting = new_scope();
    if (diesel_go_labelled(server->accepting, "redis test server", accept_all,
                           server) == 0)
        return 0;
    end_scope(&server->accepting);
    diesel_listener_close(server->listener);
    server->listener = NULL;
    return diesel_error_nomem(err, "the test server's fiber");
}

static void go_down(dredis_server *server)
{
    end_scope(&server->accepting);
    diesel_listener_close(server->listener);
    server->listener = NULL;
}

static char *copy(const char *text, bool *failed)
{
    if (text == NULL)
        return NULL;
    char *made = diesel_strndup(text, strlen(text));
    *failed = *failed || made == NULL;
    return made;
}

/* A socket in a folder of the server's own: 0 or -1. */
static int make_folder(dredis_server *server, char path[SOCKET_PATH],
                       diesel_error *err)
{
    const char *tmp = getenv("TMPDIR");
    if (tmp == NULL || strlen(tmp) > SOCKET_PATH - 40)
        tmp = "/tmp";
    snprintf(server->folder, sizeof server->folder, "%s/diesel-redis-XXXXXX", tmp);
    if (mkdtemp(server->folder) == NULL) {
        int why = errno;
        server->folder[0] = '\0';
        return diesel_error_sys(err, why, "making a folder in %s", tmp);
    }
    memcpy(path, server->folder, strlen(server->folder));
    strcpy(path + strlen(server->folder), "/sock");
    return 0;
}

static int copy_options(dredis_server *server,
                        const dredis_server_options *options, diesel_error *err)
{
    char path[SOCKET_PATH] = "";
    bool failed = false;
    if (options != NULL)
        server->options = *options;
    dredis_server_options *o = &server->options;
    if (o->max_output == 0)
        o->max_output = USUAL_OUTPUT;
    if (o->path == NULL && !o->tcp && make_folder(server, path, err) < 0)
        return -1;
    server->path = copy(o->path != NULL ? o->path : path, &failed);
    server->user = copy(o->user != NULL ? o->user : "default", &failed);
    server->password = copy(o->password, &failed);
    o->path = server->path;
    o->user = server->user;
    o->password = server->password;
    return failed ? diesel_error_nomem(err, "a test server") : 0;
}

static void free_server(dredis_server *server)
{
    if (server->engine != NULL)
        dredis__engine_free(server->engine);
    if (server->folder[0] != '\0')
        rmdir(server->folder);
    diesel_free(server->path);
    diesel_free(server->user);
    diesel_free(server->password);
    diesel_free(server);
}

dredis_server *dredis_server_open(const dredis_server_options *options,
                                  diesel_error *err)
{
    dredis_server *server = diesel_calloc(1, sizeof *server);
    if (server == NULL) {
        diesel_error_nomem(err, "a test server");
        return NULL;
    }
    if (copy_options(server, options, err) < 0)
        goto fail;
    server->engine = dredis__engine_new(&server->options);
    if (server->engine == NULL) {
        diesel_error_nomem(err, "a test server");
        goto fail;
    }
    server->due = INT64_MAX;
    if (go_up(server, err) < 0)
        goto fail;
    if (server->options.tcp)
        snprintf(server->url, sizeof server->url, "redis://127.0.0.1:%u",
                 (unsigned)server->port);
    else
        snprintf(server->url, sizeof server->url, "unix://%s", server->path);
    server->serving = new_scope();
    server->ticking = new_scope();
    if (server->serving != NULL &&
        diesel_go_labelled(server->ticking, "redis test server's clock", tick,
                           server) == 0)
        return server;
    diesel_error_nomem(err, "a test server");
    dredis_server_close(server);
    return NULL;

fail:
    free_server(server);
    return NULL;
}

void dredis_server_close(dredis_server *server)
{
    if (server == NULL)
        return;
    go_down(server);
    end_scope(&server->serving);
    end_scope(&server->ticking);
    free_server(server);
}

const char *dredis_server_url(const dredis_server *server)
{
    return server->url;
}

int dredis_server_hang_up(dredis_server *server, bool stay_down,
                          diesel_error *err)
{
    if (stay_down)
        go_down(server);
    end_scope(&server->serving);
    server->serving = new_scope();
    return stay_down || server->listener != NULL ? 0 : go_up(server, err);
}

void dredis_server_advance(dredis_server *server, int64_t ms)
{
    server->engine->clock += ms;
    dredis__engine_tick(server->engine);
    settle(server);
}

/* --- Faults and figures */

int dredis_server_fault_add(dredis_server *server,
                            const dredis_server_fault *fault, diesel_error *err)
{
    bool needs_text = fault->action == DREDIS_SERVER_ERROR ||
                      fault->action == DREDIS_SERVER_SAY;
    if (needs_text && fault->text == NULL)
        return diesel_error_set(err, DIESEL_E_INVAL, DIESEL_DOM_CORE, 0,
                                "the fault has no text");
    if (dredis__fault_add(server->engine, fault) < 0)
        return diesel_error_nomem(err, "a fault of the test server");
    return 0;
}

void dredis_server_fault_clear(dredis_server *server)
{
    dredis__faults_clear(server->engine);
}

void dredis_server_say(dredis_server *server, const void *bytes, size_t n)
{
    for (dredis__peer *peer = server->engine->peers; peer != NULL;
         peer = peer->next) {
        dredis__buffer_add(&peer->out, bytes, n);
        dredis__peer_has_output(peer);
    }
    settle(server);
}

uint64_t dredis_server_calls(const dredis_server *server, const char *command)
{
    if (command == NULL)
        return server->engine->commands;
    const dredis__server_command *known =
        dredis__server_command_find((dredis__span){command, strlen(command)});
    if (known == NULL)
        return 0;
    const dredis__entry *entry = dredis__dict_find(
        &server->engine->calls, (dredis__span){known->name, strlen(known->name)});
    return entry != NULL ? (uint64_t)entry->score : 0;
}

size_t dredis_server_connected(const dredis_server *server)
{
    return server->connected;
}

uint64_t dredis_server_accepted(const dredis_server *server)
{
    return server->accepted;
}

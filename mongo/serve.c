/* SPDX-License-Identifier: MIT */
/*
 * Serving: a fiber for each connection, which reads a request, has it answered and
 * reads the next, and answers for those commands that every client sends.
 */
#include <diesel/mongo_server.h>

#include <stdio.h>
#include <string.h>

#include <diesel/memory.h>
#include <diesel/park.h>
#include <diesel/scope.h>
#include <diesel/time.h>

#include "doc_internal.h"

#define HANDSHAKE_MS 10000 /* of TLS */
#define PAUSE_MS 20 /* when no connection can be accepted for now */

/* One dmongo_serve(). */
struct serving {
    const dmongo_serve_options *options;
    size_t connected;
    diesel_fiber *waiting; /* the acceptor, while there are too many; or NULL */
};

struct connection {
    struct serving *serving;
    diesel_stream *stream;
};

static int answer_ok(dmongo_peer *peer, const dmongo_request *request,
                     const dmongo_serve_options *options)
{
    (void)options;
    return dmongo_peer_reply(peer, request, dmongo_doc("ok", 1.0), NULL, NULL);
}

static int answer_hello(dmongo_peer *peer, const dmongo_request *request,
                        const dmongo_serve_options *options)
{
    return dmongo_peer_reply_hello(peer, request, &options->hello, NULL);
}

static int answer_build_info(dmongo_peer *peer, const dmongo_request *request,
                             const dmongo_serve_options *options)
{
    (void)options;
    return dmongo_peer_reply(
        peer, request,
        dmongo_doc("version", "7.0.0", "versionArray", dmongo_array(7, 0, 0, 0),
                   "maxBsonObjectSize", 16777216, "ok", 1.0),
        NULL, NULL);
}

static const struct {
    const char *command;
    int (*answer)(dmongo_peer *peer, const dmongo_request *request,
                  const dmongo_serve_options *options);
} known[] = {
    {"hello", answer_hello},          {"isMaster", answer_hello},
    {"ismaster", answer_hello},       {"ping", answer_ok},
    {"endSessions", answer_ok},       {"buildInfo", answer_build_info},
    {"buildinfo", answer_build_info},
};

static int answer_known(dmongo_peer *peer, const dmongo_request *request,
                        const dmongo_serve_options *options)
{
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strcmp(known[i].command, request->command) == 0)
            return known[i].answer(peer, request, options);
    char text[128];
    snprintf(text, sizeof text, "no such command: '%.80s'", request->command);
    return dmongo_peer_reply_error(peer, request, DMONGO_COMMAND_NOT_FOUND, text,
                                   NULL);
}

static int answer(dmongo_peer *peer, const dmongo_request *request,
                  const dmongo_serve_options *options)
{
    int done = options->answer != NULL
                   ? options->answer(peer, request, options->arg)
                   : DMONGO_UNANSWERED;
    return done == DMONGO_UNANSWERED ? answer_known(peer, request, options)
                                     : done;
}

int dmongo_serve_stream(diesel_stream *stream,
                        const dmongo_serve_options *options, diesel_error *err)
{
    dmongo_peer *peer = dmongo_peer_new(stream, &options->peer, err);
    if (peer == NULL)
        return -1;
    dmongo_request request;
    int got;
    while ((got = dmongo_peer_read(peer, &request, err)) > 0)
        if (answer(peer, &request, options) < 0) {
            got = 0; /* hang up: that is no failure of this call */
            break;
        }
    dmongo_peer_close(peer);
    return got;
}

/* What is wrong with one connection is of no concern to the others. */
static int serve_connection(void *arg)
{
    struct connection *c = arg;
    struct serving *serving = c->serving;
    const dmongo_serve_options *o = serving->options;
    int ended = -1;
    if (o->tls != NULL &&
        diesel_tls_start(c->stream, o->tls, NULL, diesel_now() + HANDSHAKE_MS,
                         NULL) < 0)
        diesel_stream_close(c->stream);
    else
        ended = dmongo_serve_stream(c->stream, o, NULL);
    (void)ended;
    diesel_free(c);
    serving->connected--;
    if (serving->waiting != NULL)
        diesel_wake(serving->waiting, 0);
    return 0;
}

/* Waits until one more connection is allowed. */
static int wait_for_room(struct serving *serving, diesel_error *err)
{
    size_t most = serving->options->max_connections;
    int woken = 0;
    while (woken >= 0 && most != 0 && serving->connected >= most) {
        serving->waiting = diesel_self();
        woken = diesel_park("room for a connection", DIESEL_FOREVER, err);
        serving->waiting = NULL;
    }
    return woken < 0 ? -1 : 0;
}

/* The next connection; NULL if there will be none. When the process has too many
 * descriptors, some will be closed by and by. */
static diesel_stream *next_stream(struct serving *serving,
                                  diesel_listener *listener, diesel_error *err)
{
    diesel_stream *stream = NULL;
    while (wait_for_room(serving, err) == 0 &&
           (stream = diesel_accept(listener, DIESEL_FOREVER, err)) == NULL &&
           err->code == DIESEL_E_LIMIT && diesel_sleep(PAUSE_MS, err) == 0)
        continue;
    return stream;
}

static int start(struct serving *serving, diesel_scope *scope,
                 diesel_stream *stream, diesel_error *err)
{
    struct connection *c = diesel_malloc(sizeof *c);
    if (c == NULL) {
        diesel_stream_close(stream);
        return diesel_error_nomem(err, "a client's connection");
    }
    *c = (struct connection){serving, stream};
    serving->connected++;
    if (diesel_go(scope, serve_connection, c) == 0)
        return 0;
    serving->connected--;
    diesel_stream_close(stream);
    diesel_free(c);
    return diesel_error_nomem(err, "a client's connection");
}

int dmongo_serve(diesel_listener *listener, const dmongo_serve_options *options,
                 diesel_error *err)
{
    static const dmongo_serve_options usual;
    struct serving serving = {.options = options != NULL ? options : &usual};
    diesel_error why = {0};
    diesel_stream *stream;
    diesel_scope *scope =
        diesel_scope_open(&(diesel_scope_options){.label = "MongoDB server"});
    while ((stream = next_stream(&serving, listener, &why)) != NULL &&
           start(&serving, scope, stream, &why) == 0)
        continue;
    diesel_scope_cancel(scope);
    diesel_error ended;
    if (diesel_scope_wait(scope, &ended) < 0) /* a scope around was cancelled */
        why = ended;
    diesel_listener_close(listener);
    diesel_error_prefix(&why, "serving MongoDB's clients");
    if (err != NULL)
        *err = why;
    return -1;
}

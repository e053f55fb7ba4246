/* SPDX-License-Identifier: MIT */
/*
 * Scripted MongoDB servers, see mongo_script.h: on each connection, requests
 * are read with the library's server side and given to the script, one at a time.
 *
 * Everything a client sends must be right to the last byte: lengths, sections,
 * flags, and each document as libbson's validation sees it.
 */
#include <check.h>
#include <endian.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <diesel/core.h>

#include "mongo_script.h"
#include "script_server.h"

struct mongo_script {
    mongo_script_fn *script;
    void *arg;
    mongo_script_options options;
    script_server *server;
    char uri[360];
};

struct mongo_script_peer {
    dmongo_peer *peer;
    const mongo_script_options *options;
};

/* Reading. */

static void check_document(const bson_t *doc)
{
    size_t offset;
    ck_assert_msg(bson_validate(doc, BSON_VALIDATE_UTF8_ALLOW_NULL, &offset),
                  "a document is malformed at %zu", offset);
}

static void take_sequences(const dmongo_request *from,
                           mongo_script_request *request)
{
    dmongo_sequence sequence = {0};
    while (dmongo_request_next(from, &sequence)) {
        ck_assert_uint_lt(request->sequence_count, MONGO_SCRIPT_SEQUENCES);
        mongo_script_sequence *s =
            &request->sequences[request->sequence_count++];
        bson_t view;
        size_t at = 0;
        s->name = sequence.name;
        s->bytes = sequence.bytes;
        s->size = sequence.size;
        for (s->count = 0; dmongo_sequence_next(&sequence, &at, &view); s->count++)
            check_document(&view);
        ck_assert_msg(at == sequence.size, "a sequence with a broken document");
    }
}

static void take_request(const dmongo_request *from,
                         mongo_script_request *request)
{
    static const uint8_t nothing[4];
    memset(request, 0, sizeof *request);
    request->id = (int32_t)from->id;
    request->flags = from->flags & ~(uint32_t)DMONGO_CHECKSUM_PRESENT;
    request->is_query = from->is_query;
    request->collection = from->collection;
    request->command = from->command;
    request->compressor = from->compressor;
    request->has_checksum = (from->flags & DMONGO_CHECKSUM_PRESENT) != 0;
    request->body = from->body;
    request->from = from;
    check_document(&request->body);
    ck_assert_msg(memcmp(from->bytes + 8, nothing, 4) == 0,
                  "a request that responds to something");
    if (!request->is_query)
        ck_assert_msg(bson_has_field(&request->body, "$db"),
                      "OP_MSG without $db");
    take_sequences(from, request);
}

static bool is_hello(const char *command)
{
    return strcmp(command, "hello") == 0 || strcmp(command, "isMaster") == 0 ||
           strcmp(command, "ismaster") == 0;
}

static void serve_peer(dmongo_peer *client, mongo_script_fn *script, void *arg,
                       const mongo_script_options *options)
{
    mongo_script_peer peer = {.peer = client, .options = options};
    mongo_script_fn *hello = options->hello;
    if (hello == NULL)
        hello = mongo_script_hello;
    dmongo_request from;
    diesel_error err;
    int got, go_on = 0;
    while (go_on >= 0 && (got = dmongo_peer_read(client, &from, &err)) > 0) {
        mongo_script_request request;
        take_request(&from, &request);
        mongo_script_fn *answer = is_hello(request.command) ? hello : script;
        go_on = answer(&peer, &request, arg);
    }
    ck_assert_msg(go_on < 0 || got == 0 || err.code != DIESEL_E_PROTOCOL, "%s",
                  err.message);
}

void mongo_script_serve(diesel_stream *stream, mongo_script_fn *script,
                        void *arg, const mongo_script_options *options)
{
    static const mongo_script_options usual;
    diesel_error err;
    if (options == NULL)
        options = &usual;
    dmongo_peer *client = dmongo_peer_new(
        stream, &(dmongo_peer_options){.compressors = options->compressors},
        &err);
    ck_assert_msg(client != NULL, "%s", err.message);
    serve_peer(client, script, arg, options);
    (void)dmongo_peer_detach(client); /* the stream stays the caller's */
}

/* Writing. */

static void put_u32(uint8_t *out, uint32_t u)
{
    u = htole32(u);
    memcpy(out, &u, 4);
}

static int dribble(mongo_script_peer *peer, const uint8_t *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (mongo_script_send(peer, bytes + i, 1) < 0 || diesel_yield(NULL) < 0)
            return -1;
    return 0;
}

/* The bytes of a proper reply, to be freed: as a client would get it. */
static uint8_t *proper_reply(const mongo_script_request *request,
                             dmongo_value doc, size_t *n)
{
    diesel_error err;
    diesel_stream *pair[2];
    ck_assert_msg(diesel_stream_pair(pair, &err) == 0, "%s", err.message);
    dmongo_peer *peer = dmongo_peer_new(pair[0], NULL, &err);
    ck_assert_ptr_nonnull(peer);
    int done = dmongo_peer_reply(peer, request->from, doc, NULL, &err);
    ck_assert_msg(done == 0, "a script's reply: %s", err.message);
    uint32_t length;
    ck_assert_int_eq(
        diesel_stream_read_exactly(pair[1], &length, 4, DIESEL_FOREVER, &err), 0);
    *n = le32toh(length);
    uint8_t *message = malloc(*n);
    ck_assert_ptr_nonnull(message);
    memcpy(message, &length, 4);
    ck_assert_int_eq(diesel_stream_read_exactly(pair[1], message + 4, *n - 4,
                                                DIESEL_FOREVER, &err),
                     0);
    dmongo_peer_close(peer);
    diesel_stream_close(pair[1]);
    return message;
}

static int send_in_two(mongo_script_peer *peer, const uint8_t *bytes, size_t n,
                       size_t first)
{
    if (mongo_script_send(peer, bytes, first) < 0)
        return -1;
    for (int i = 0; i < 3; i++) /* the client reads what there is */
        if (diesel_yield(NULL) < 0)
            return -1;
    return mongo_script_send(peer, bytes + first, n - first);
}

static bool is_wrong(const mongo_script_how *how)
{
    return how->cut != 0 || how->split != 0 || how->dribble || how->response_to != 0 ||
           how->flags != 0 || how->length != 0 || how->flip != 0;
}

static int reply_wrongly(mongo_script_peer *peer,
                         const mongo_script_request *request, dmongo_value doc,
                         const mongo_script_how *how)
{
    size_t n;
    uint8_t *message = proper_reply(request, doc, &n);
    if (how->length != 0)
        put_u32(message, (uint32_t)how->length);
    if (how->response_to != 0)
        put_u32(message + 8, (uint32_t)how->response_to);
    if (how->flags != 0)
        put_u32(message + 16, how->flags);
    if (how->flip != 0)
        message[(size_t)how->flip % n] ^= 1;
    if (how->cut > 0 && how->cut < n)
        n = how->cut;
    int sent = how->dribble ? dribble(peer, message, n)
               : how->split > 0 && how->split < n
                   ? send_in_two(peer, message, n, how->split)
                   : mongo_script_send(peer, message, n);
    free(message);
    return sent;
}

int mongo_script_reply(mongo_script_peer *peer,
                       const mongo_script_request *request, dmongo_value doc,
                       const mongo_script_how *how)
{
    if (how != NULL && is_wrong(how))
        return reply_wrongly(peer, request, doc, how);
    diesel_error err;
    int sent = dmongo_peer_reply(peer->peer, request->from, doc, NULL, &err);
    ck_assert_msg(sent == 0 || err.code != DIESEL_E_INVAL,
                  "a script's reply: %s", err.message);
    return sent;
}

int mongo_script_send(mongo_script_peer *peer, const void *bytes, size_t n)
{
    return dmongo_peer_send(peer->peer, bytes, n, NULL);
}

dmongo_peer *mongo_script_client(mongo_script_peer *peer)
{
    return peer->peer;
}

int mongo_script_hello(mongo_script_peer *peer,
                       const mongo_script_request *request, void *arg)
{
    (void)arg;
    return dmongo_peer_reply_hello(
        peer->peer, request->from,
        &(dmongo_hello_options){.no_sessions = !peer->options->sessions}, NULL);
}

bool mongo_script_next(const mongo_script_sequence *sequence, size_t *at,
                       bson_t *view)
{
    dmongo_sequence from = {.bytes = sequence->bytes, .size = sequence->size};
    return dmongo_sequence_next(&from, at, view);
}

/* The server. */

static void serve_connection(diesel_stream *stream, size_t number, void *arg)
{
    mongo_script *server = arg;
    (void)number;
    mongo_script_serve(stream, server->script, server->arg, &server->options);
}

/* A path's slashes are written as %2F in a connection string. */
static void make_uri(mongo_script *server)
{
    char *out = stpcpy(server->uri, "mongodb://");
    if (server->options.tcp) {
        sprintf(out, "127.0.0.1:%u", script_server_port(server->server));
        return;
    }
    for (const char *p = script_server_path(server->server); *p != 0; p++) {
        if (*p == '/')
            out = stpcpy(out, "%2F");
        else
            *out++ = *p;
    }
    *out = 0;
}

mongo_script *mongo_script_open(mongo_script_fn *script, void *arg,
                                const mongo_script_options *options)
{
    mongo_script *server = calloc(1, sizeof *server);
    ck_assert_ptr_nonnull(server);
    server->script = script;
    server->arg = arg;
    if (options != NULL)
        server->options = *options;
    server->server = script_server_open(
        serve_connection, server,
        &(script_server_options){.tcp = server->options.tcp,
                                 .path = server->options.path});
    make_uri(server);
    return server;
}

void mongo_script_close(mongo_script *server)
{
    script_server_close(server->server);
    free(server);
}

void mongo_script_hang_up(mongo_script *server)
{
    script_server_hang_up(server->server);
}

const char *mongo_script_uri(const mongo_script *server)
{
    return server->uri;
}

size_t mongo_script_accepted(const mongo_script *server)
{
    return script_server_accepted(server->server);
}

size_t mongo_script_connected(const mongo_script *server)
{
    return script_server_connected(server->server);
}

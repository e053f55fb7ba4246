/* SPDX-License-Identifier: MIT */
/*
 * Scripted MongoDB servers, see mongo_script.h: on each connection, requests
 * are read and given to the script, one at a time.
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

enum { OP_REPLY = 1, OP_QUERY = 2004, OP_MSG = 2013 };
enum { HEADER_SIZE = 16, MAX_MESSAGE = 48000000 };

struct mongo_script {
    mongo_script_fn *script;
    void *arg;
    mongo_script_options options;
    script_server *server;
    char uri[360];
};

struct mongo_script_peer {
    diesel_stream *stream;
    int32_t last_id; /* of the messages sent */
};

/* Reading. `reader` walks over a message and fails the test at its end. */
struct reader {
    const uint8_t *at;
    const uint8_t *end;
};

static const uint8_t *take(struct reader *r, size_t n)
{
    ck_assert_msg(n <= (size_t)(r->end - r->at), "a message is too short");
    r->at += n;
    return r->at - n;
}

static uint32_t take_u32(struct reader *r)
{
    uint32_t u;
    memcpy(&u, take(r, 4), 4);
    return le32toh(u);
}

static const char *take_name(struct reader *r)
{
    const uint8_t *zero = memchr(r->at, 0, (size_t)(r->end - r->at));
    ck_assert_msg(zero != NULL, "a message's name has no end");
    return (const char *)take(r, (size_t)(zero + 1 - r->at));
}

static void take_document(struct reader *r, bson_t *view)
{
    struct reader ahead = *r;
    uint32_t size = take_u32(&ahead);
    ck_assert_msg(size >= 5, "a document of %u bytes", size);
    ck_assert(bson_init_static(view, take(r, size), size));
    size_t offset;
    ck_assert_msg(bson_validate(view, BSON_VALIDATE_UTF8_ALLOW_NULL, &offset),
                  "a document is malformed at %zu", offset);
}

static void take_sequence(struct reader *r, mongo_script_request *request)
{
    ck_assert_uint_lt(request->sequence_count, MONGO_SCRIPT_SEQUENCES);
    mongo_script_sequence *s = &request->sequences[request->sequence_count++];
    uint32_t size = take_u32(r);
    ck_assert_msg(size >= 5, "a document sequence of %u bytes", size);
    struct reader inner = {.at = take(r, size - 4)};
    inner.end = r->at;
    s->name = take_name(&inner);
    s->bytes = inner.at;
    s->size = (size_t)(inner.end - inner.at);
    bson_t view;
    for (s->count = 0; inner.at < inner.end; s->count++)
        take_document(&inner, &view);
}

static void take_msg(struct reader *r, mongo_script_request *request)
{
    request->flags = take_u32(r);
    ck_assert_msg((request->flags & 0xFFFF & ~MONGO_SCRIPT_MORE_TO_COME) == 0,
                  "OP_MSG with the flags %x", request->flags);
    size_t bodies = 0;
    while (r->at < r->end) {
        uint8_t kind = *take(r, 1);
        ck_assert_msg(kind <= 1, "a section of kind %u", kind);
        if (kind == 1) {
            take_sequence(r, request);
        } else {
            take_document(r, &request->body);
            bodies++;
        }
    }
    ck_assert_msg(bodies == 1, "OP_MSG with %zu bodies", bodies);
    ck_assert_msg(bson_has_field(&request->body, "$db"), "OP_MSG without $db");
}

static void take_query(struct reader *r, mongo_script_request *request)
{
    request->is_query = true;
    take_u32(r); /* flags, such as that a secondary may answer */
    request->collection = take_name(r);
    ck_assert_msg(take_u32(r) == 0, "OP_QUERY that skips documents");
    take_u32(r);
    take_document(r, &request->body);
    ck_assert_msg(r->at == r->end, "OP_QUERY with bytes behind its document");
}

static void take_request(const uint8_t *message, size_t n,
                         mongo_script_request *request)
{
    memset(request, 0, sizeof *request);
    struct reader r = {message, message + n};
    take_u32(&r);
    request->id = (int32_t)take_u32(&r);
    ck_assert_msg(take_u32(&r) == 0, "a request that responds to something");
    uint32_t operation = take_u32(&r);
    ck_assert_msg(operation == OP_MSG || operation == OP_QUERY,
                  "a request of operation %u", operation);
    (operation == OP_MSG ? take_msg : take_query)(&r, request);
    bson_iter_t iter;
    ck_assert_msg(bson_iter_init(&iter, &request->body) &&
                      bson_iter_next(&iter),
                  "a request without a command");
    request->command = bson_iter_key(&iter);
}

/* The whole next message, to be freed; NULL when the client has gone. */
static uint8_t *read_message(diesel_stream *stream, size_t *n)
{
    uint32_t length;
    if (diesel_stream_read_exactly(stream, &length, 4, DIESEL_FOREVER, NULL) <
        0)
        return NULL;
    *n = le32toh(length);
    ck_assert_msg(*n >= HEADER_SIZE && *n <= MAX_MESSAGE,
                  "a message of %zu bytes", *n);
    uint8_t *message = malloc(*n);
    ck_assert_ptr_nonnull(message);
    memcpy(message, &length, 4);
    if (diesel_stream_read_exactly(stream, message + 4, *n - 4, DIESEL_FOREVER,
                                   NULL) < 0) {
        free(message);
        return NULL;
    }
    return message;
}

static bool is_hello(const char *command)
{
    return strcmp(command, "hello") == 0 || strcmp(command, "isMaster") == 0 ||
           strcmp(command, "ismaster") == 0;
}

void mongo_script_serve(diesel_stream *stream, mongo_script_fn *script,
                        void *arg, const mongo_script_options *options)
{
    mongo_script_peer peer = {.stream = stream};
    mongo_script_fn *hello = options != NULL ? options->hello : NULL;
    if (hello == NULL)
        hello = mongo_script_hello;
    size_t n;
    uint8_t *message;
    int go_on = 0;
    while (go_on >= 0 && (message = read_message(stream, &n)) != NULL) {
        mongo_script_request request;
        take_request(message, n, &request);
        mongo_script_fn *answer = is_hello(request.command) ? hello : script;
        go_on = answer(&peer, &request, arg);
        free(message);
    }
}

/* Writing. */

static uint8_t *put_u32(uint8_t *out, uint32_t u)
{
    u = htole32(u);
    memcpy(out, &u, 4);
    return out + 4;
}

/* Puts what lies between header and document; returns the end of it. */
static uint8_t *put_prefix(uint8_t *out, bool to_query, uint32_t flags)
{
    if (!to_query) {
        out = put_u32(out, flags);
        *out++ = 0; /* the body's section */
        return out;
    }
    out = put_u32(out, 8); /* await capable, as every server says */
    memset(out, 0, 12);    /* no cursor, from the first document on */
    return put_u32(out + 12, 1);
}

static int dribble(mongo_script_peer *peer, const uint8_t *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (mongo_script_send(peer, bytes + i, 1) < 0 || diesel_yield(NULL) < 0)
            return -1;
    return 0;
}

int mongo_script_reply(mongo_script_peer *peer,
                       const mongo_script_request *request, dmongo_value doc,
                       const mongo_script_how *how)
{
    static const mongo_script_how properly;
    if (how == NULL)
        how = &properly;
    diesel_error err;
    bson_t *bson = dmongo_doc_to_bson(doc, &err);
    ck_assert_msg(bson != NULL, "a script's reply: %s", err.message);

    uint8_t *message = malloc(HEADER_SIZE + 20 + bson->len);
    ck_assert_ptr_nonnull(message);
    uint8_t *at = message + 4;
    at = put_u32(at, (uint32_t)++peer->last_id);
    at = put_u32(
        at, (uint32_t)(how->response_to != 0 ? how->response_to : request->id));
    at = put_u32(at, request->is_query ? OP_REPLY : OP_MSG);
    at = put_prefix(at, request->is_query, how->flags);
    memcpy(at, bson_get_data(bson), bson->len);
    size_t n = (size_t)(at + bson->len - message);
    put_u32(message, (uint32_t)(how->length != 0 ? how->length : (int32_t)n));
    bson_destroy(bson);

    if (how->cut > 0 && how->cut < n)
        n = how->cut;
    int sent = how->dribble ? dribble(peer, message, n)
                            : mongo_script_send(peer, message, n);
    free(message);
    return sent;
}

int mongo_script_send(mongo_script_peer *peer, const void *bytes, size_t n)
{
    return diesel_stream_write(peer->stream, bytes, n, DIESEL_FOREVER, NULL);
}

int mongo_script_hello(mongo_script_peer *peer,
                       const mongo_script_request *request, void *arg)
{
    (void)arg;
    return mongo_script_reply(
        peer, request,
        dmongo_doc("helloOk", dmongo_bool(true), "ismaster", dmongo_bool(true),
                   "isWritablePrimary", dmongo_bool(true), "maxBsonObjectSize",
                   16777216, "maxMessageSizeBytes", 48000000,
                   "maxWriteBatchSize", 100000, "localTime",
                   dmongo_date(1700000000000), "connectionId", 1,
                   "minWireVersion", 0, "maxWireVersion", 21, "readOnly",
                   dmongo_bool(false), "ok", 1.0),
        NULL);
}

bool mongo_script_next(const mongo_script_sequence *sequence, size_t *at,
                       bson_t *view)
{
    struct reader r = {sequence->bytes + *at, sequence->bytes + sequence->size};
    if (r.at == r.end)
        return false;
    take_document(&r, view);
    *at = (size_t)(r.at - sequence->bytes);
    return true;
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

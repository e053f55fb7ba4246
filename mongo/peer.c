/* SPDX-License-Identifier: MIT */
/*
 * Servers' connections: requests come in, replies go out. A reply takes the form of
 * its request: OP_REPLY to an old query, compressed to a compressed one, with a
 * checksum to one that has it.
 *
 * Replies that stream answer each other: the first responds to the request, and
 * each further one to the reply before it. `streaming` is the request that they are
 * for.
 */
#include <diesel/mongo_server.h>

#include <stdio.h>
#include <string.h>
#include <time.h>

#include <diesel/memory.h>

#include "compress_internal.h"
#include "doc_internal.h"
#include "element_internal.h"
#include "frames_internal.h"
#include "wire_internal.h"

#define USUAL_MESSAGE 48000000
#define USUAL_DOCUMENT (16 * 1024 * 1024)
#define USUAL_BATCH 100000
#define USUAL_WIRE_VERSION 21
#define REPLY_PREFIX_SIZE (DMONGO__HEADER_SIZE + 20) /* of OP_REPLY */
#define MOST_COMPRESSORS 4

struct dmongo_peer {
    dmongo_peer_options options;
    struct dmongo__frames frames;
    struct dmongo__buffer unpacked; /* the request, if it came compressed */
    struct dmongo__buffer out, packed;
    uint32_t last_id;
    uint32_t streaming, last_streamed; /* see above; 0: none */
    dmongo_value compressors[MOST_COMPRESSORS];
    size_t compressor_count;
    char database[128]; /* of an old query */
};

/* What the options offer, as far as it is there. */
static void read_compressors(dmongo_peer *peer)
{
    const char *at = peer->options.compressors;
    while (at != NULL && *at != 0 && peer->compressor_count < MOST_COMPRESSORS) {
        size_t n = strcspn(at, ",");
        char name[16];
        snprintf(name, sizeof name, "%.*s", n < sizeof name ? (int)n : 0, at);
        enum dmongo__compressor found = dmongo__compressor_find(name);
        if (found != DMONGO__NO_COMPRESSOR)
            peer->compressors[peer->compressor_count++] =
                dmongo_str(dmongo__compressor_name(found));
        at += n + (at[n] == ',');
    }
}

dmongo_peer *dmongo_peer_new(diesel_stream *stream,
                             const dmongo_peer_options *options,
                             diesel_error *err)
{
    dmongo_peer *peer = diesel_calloc(1, sizeof *peer);
    if (peer == NULL) {
        diesel_stream_close(stream);
        diesel_error_nomem(err, "a client's connection");
        return NULL;
    }
    if (options != NULL)
        peer->options = *options;
    peer->frames.stream = stream;
    peer->frames.limit = peer->options.max_message != 0
                             ? peer->options.max_message
                             : USUAL_MESSAGE;
    read_compressors(peer);
    return peer;
}

diesel_stream *dmongo_peer_detach(dmongo_peer *peer)
{
    diesel_stream *stream = peer->frames.stream;
    dmongo__frames_clear(&peer->frames);
    dmongo__buffer_clear(&peer->unpacked);
    dmongo__buffer_clear(&peer->out);
    dmongo__buffer_clear(&peer->packed);
    diesel_free(peer);
    return stream;
}

void dmongo_peer_close(dmongo_peer *peer)
{
    if (peer != NULL)
        diesel_stream_close(dmongo_peer_detach(peer));
}

diesel_stream *dmongo_peer_stream(const dmongo_peer *peer)
{
    return peer->frames.stream;
}

/* Requests. */

static int malformed(diesel_error *err, const char *why)
{
    return diesel_error_set(err, DIESEL_E_PROTOCOL, DIESEL_DOM_MONGO, 0,
                            "malformed request: %s", why);
}

/* Reads the message, and what is in it if it is compressed. */
static int take_apart(dmongo_peer *peer, const uint8_t *bytes, size_t n,
                      struct dmongo__message *m, dmongo_request *request,
                      diesel_error *err)
{
    const char *why;
    size_t limit = peer->frames.limit;
    if (dmongo__message_read(m, bytes, n, limit, &why) < 0)
        return malformed(err, why);
    request->compressor = NULL;
    if (m->operation == DMONGO__OP_COMPRESSED) {
        request->compressor = dmongo__compressor_name(m->compressor);
        int64_t size = dmongo__unpack(m, limit, &peer->unpacked, err);
        if (size < 0)
            return -1;
        bytes = peer->unpacked.data;
        n = (size_t)size;
        if (dmongo__message_read(m, bytes, n, limit, &why) < 0)
            return malformed(err, why);
    }
    request->bytes = bytes;
    request->size = n;
    return 0;
}

static int read_command(const struct dmongo__message *m,
                        dmongo_request *request, diesel_error *err)
{
    struct dmongo__walk walk;
    struct dmongo__element first;
    if (dmongo__walk_begin(&walk, m->body, m->body_size) < 0 ||
        dmongo__walk_next(&walk, &first) <= 0 ||
        !bson_init_static(&request->body, m->body, m->body_size))
        return malformed(err, "its body has no command");
    request->command = first.key;
    return 0;
}

int dmongo_peer_read(dmongo_peer *peer, dmongo_request *request,
                     diesel_error *err)
{
    const uint8_t *bytes;
    size_t n;
    struct dmongo__message m;
    int got = dmongo__frames_next(&peer->frames, &bytes, &n, err);
    if (got <= 0)
        return got;
    if (take_apart(peer, bytes, n, &m, request, err) < 0)
        return -1;
    if (m.operation != DMONGO__OP_MSG && m.operation != DMONGO__OP_QUERY)
        return malformed(err, "it is a reply");
    request->is_query = m.operation == DMONGO__OP_QUERY;
    request->collection = m.collection;
    if (request->is_query && strstr(m.collection, ".$cmd") == NULL)
        return malformed(err, "it is an old query that is no command");
    request->id = m.request_id;
    request->flags = request->is_query ? 0 : m.flags;
    request->sections = m.sections;
    request->sections_end = m.sections_end;
    return read_command(&m, request, err) == 0 ? 1 : -1;
}

const char *dmongo_request_database(dmongo_peer *peer,
                                    const dmongo_request *request)
{
    if (!request->is_query)
        return dmongo_get_str(&request->body, "$db", "");
    size_t n = strcspn(request->collection, ".");
    snprintf(peer->database, sizeof peer->database, "%.*s", (int)n,
             request->collection);
    return peer->database;
}

bool dmongo_request_next(const dmongo_request *request,
                         dmongo_sequence *sequence)
{
    struct dmongo__message m = {.sections = request->sections,
                                .sections_end = request->sections_end};
    struct dmongo__section section;
    if (dmongo__next_section(&m, &sequence->at, &section) == 0)
        return false;
    sequence->name = section.name;
    sequence->bytes = section.documents;
    sequence->size = section.size;
    return true;
}

bool dmongo_sequence_next(const dmongo_sequence *sequence, size_t *at,
                          bson_t *view)
{
    size_t left = sequence->size - *at;
    if (left < 5)
        return false;
    size_t size = dmongo__load32(sequence->bytes + *at);
    if (size > left || !bson_init_static(view, sequence->bytes + *at, size))
        return false;
    *at += size;
    return true;
}

/* Replies. */

int dmongo_peer_send(dmongo_peer *peer, const void *bytes, size_t n,
                     diesel_error *err)
{
    return diesel_stream_write(peer->frames.stream, bytes, n, DIESEL_FOREVER,
                               err);
}

/* What the next reply to the request responds to. */
static uint32_t response_to(dmongo_peer *peer, const dmongo_request *request,
                            bool more, uint32_t id)
{
    uint32_t answers = peer->streaming != 0 && peer->streaming == request->id
                           ? peer->last_streamed
                           : request->id;
    peer->streaming = more ? request->id : 0;
    peer->last_streamed = id;
    return answers;
}

/* Writes what comes before the document; returns where that begins. */
static uint8_t *begin_reply(dmongo_peer *peer, const dmongo_request *request,
                            uint32_t flags, uint8_t *out)
{
    uint32_t id = ++peer->last_id;
    uint32_t answers =
        response_to(peer, request, flags & DMONGO_MORE_TO_COME, id);
    if (!request->is_query)
        return dmongo__msg_begin(out, id, answers, flags);
    out = dmongo__header_write(out, id, answers, DMONGO__OP_REPLY);
    out = dmongo__store32(out, 8); /* await capable, as every server says */
    memset(out, 0, 12);            /* no cursor, from the first document on */
    return dmongo__store32(out + 12, 1);
}

static int send_out(dmongo_peer *peer, const dmongo_request *request, size_t n,
                    bool compress, diesel_error *err)
{
    if (!compress)
        return dmongo_peer_send(peer, peer->out.data, n, err);
    struct dmongo__packing how = {
        .compressor = dmongo__compressor_find(request->compressor),
        .zlib_level = -1};
    int64_t size = dmongo__pack(&how, peer->out.data, n, &peer->packed, err);
    return size < 0
               ? -1
               : dmongo_peer_send(peer, peer->packed.data, (size_t)size, err);
}

int(dmongo_peer_reply)(dmongo_peer *peer, const dmongo_request *request,
                       dmongo_value doc, const dmongo_reply_options *options,
                       diesel_error *err)
{
    static const dmongo_reply_options usual;
    if (options == NULL)
        options = &usual;
    if (request->flags & DMONGO_MORE_TO_COME)
        return 0;
    bool compress = request->compressor != NULL && !options->uncompressed;
    bool checksum = !request->is_query && !compress &&
                    (peer->options.checksums ||
                     request->flags & DMONGO_CHECKSUM_PRESENT);
    uint32_t flags = (options->more_to_come ? DMONGO_MORE_TO_COME : 0) |
                     (checksum ? DMONGO_CHECKSUM_PRESENT : 0);
    int64_t size = dmongo__doc_size(doc, USUAL_MESSAGE - 1024, err);
    if (size < 0 ||
        dmongo__buffer_reserve(&peer->out, REPLY_PREFIX_SIZE + (size_t)size + 4,
                               err) < 0)
        return -1;
    uint8_t *message = peer->out.data;
    uint8_t *end =
        dmongo__doc_write(doc, begin_reply(peer, request, flags, message));
    size_t n = (size_t)(end - message);
    dmongo__message_end(message, n + (checksum ? 4 : 0));
    if (checksum) {
        dmongo__store32(end, dmongo__crc32c(0, message, n));
        n += 4;
    }
    return send_out(peer, request, n, compress, err);
}

int dmongo_peer_reply_error(dmongo_peer *peer, const dmongo_request *request,
                            int code, const char *text, diesel_error *err)
{
    const char *name = dmongo_code_name(code);
    return dmongo_peer_reply(
        peer, request,
        dmongo_doc("ok", 0.0, "errmsg", text, "code", code, "codeName",
                   name != NULL ? dmongo_str(name) : dmongo_absent()),
        NULL, err);
}

/* Those of the peer's compressors that the client's hello has, too. */
static size_t common_compressors(const dmongo_peer *peer,
                                 const dmongo_request *request,
                                 dmongo_value common[MOST_COMPRESSORS])
{
    size_t count = 0;
    for (size_t i = 0; i < peer->compressor_count; i++) {
        bson_iter_t at, item;
        if (!bson_iter_init_find(&at, &request->body, "compression") ||
            !BSON_ITER_HOLDS_ARRAY(&at) || !bson_iter_recurse(&at, &item))
            return count;
        bool found = false;
        while (!found && bson_iter_next(&item))
            found = BSON_ITER_HOLDS_UTF8(&item) &&
                    strcmp(bson_iter_utf8(&item, NULL),
                           peer->compressors[i].s) == 0;
        if (found)
            common[count++] = peer->compressors[i];
    }
    return count;
}

int dmongo_peer_reply_hello(dmongo_peer *peer, const dmongo_request *request,
                            const dmongo_hello_options *options,
                            diesel_error *err)
{
    static const dmongo_hello_options usual;
    const dmongo_hello_options *o = options != NULL ? options : &usual;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    dmongo_value common[MOST_COMPRESSORS];
    size_t count = common_compressors(peer, request, common);
    bool usual_versions = o->min_wire_version == 0 && o->max_wire_version == 0;
    bool old = strcmp(request->command, "hello") != 0;
    return dmongo_peer_reply(
        peer, request,
        dmongo_doc(
            "helloOk", dmongo_bool(true),
            old ? "ismaster" : "isWritablePrimary", dmongo_bool(true),
            "maxBsonObjectSize", o->max_document != 0 ? o->max_document
                                                      : USUAL_DOCUMENT,
            "maxMessageSizeBytes",
            o->max_message != 0 ? o->max_message : USUAL_MESSAGE,
            "maxWriteBatchSize", o->max_batch != 0 ? o->max_batch : USUAL_BATCH,
            "localTime", dmongo_date((int64_t)now.tv_sec * 1000 +
                                     now.tv_nsec / 1000000),
            "logicalSessionTimeoutMinutes",
            o->no_sessions ? dmongo_absent() : dmongo_int32(30),
            "connectionId", diesel_stream_fd(peer->frames.stream),
            "minWireVersion", o->min_wire_version,
            "maxWireVersion",
            usual_versions ? USUAL_WIRE_VERSION : o->max_wire_version,
            "readOnly", dmongo_bool(false),
            "compression",
            count > 0 ? dmongo_array_of(common, count) : dmongo_absent(),
            "", dmongo__splice(&o->more), "ok", 1.0),
        NULL, err);
}

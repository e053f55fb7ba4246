/* SPDX-License-Identifier: MIT */
/*
 * The other side of MongoDB's protocol: programs that answer MongoDB's clients.
 *
 *     static int answer(dmongo_peer *peer, const dmongo_request *request, void *arg)
 *     {
 *         if (strcmp(request->command, "count") == 0)
 *             return dmongo_peer_reply(peer, request, dmongo_doc("n", 3, "ok", 1.0),
 *                                      NULL, NULL);
 *         return DMONGO_UNANSWERED;
 *     }
 *     ...
 *     diesel_listener *listener = diesel_tcp_listen("127.0.0.1", 27017, NULL, &err);
 *     dmongo_serve(listener, &(dmongo_serve_options){.answer = answer}, &err);
 *
 * dmongo_serve() says hello for the program and runs a fiber for each connection;
 * underneath, a dmongo_peer reads requests from one stream and sends replies, for
 * programs that accept connections in their own way.
 *
 * A request that breaks the protocol ends its connection, as nobody knows where the
 * next one would begin.
 */
#ifndef DIESEL_MONGO_SERVER_H
#define DIESEL_MONGO_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <bson/bson.h>

#include <diesel/doc.h>
#include <diesel/error.h>
#include <diesel/mongo_codes.h>
#include <diesel/net.h>
#include <diesel/stream.h>
#include <diesel/tls.h>

#ifdef __cplusplus
extern "C" {
#endif

/* One connection of a client. */
typedef struct dmongo_peer dmongo_peer;

/* Flags of a message. */
enum {
    DMONGO_CHECKSUM_PRESENT = 1 << 0,
    DMONGO_MORE_TO_COME = 1 << 1, /* a request: no reply is wanted; a reply: the
                                     next one comes without a request          */
    DMONGO_EXHAUST_ALLOWED = 1 << 16 /* a request: MORE_TO_COME is welcome     */
};

/* What a client asks. Everything is borrowed until the next dmongo_peer_read(). */
typedef struct dmongo_request {
    uint32_t id;
    uint32_t flags;         /* DMONGO_*; those of an old query are not told     */
    bool is_query;          /* in the old form, as the first hello may be       */
    const char *collection; /* of such a query: "admin.$cmd"; NULL otherwise    */
    const char *compressor; /* "zstd", ... if it came compressed; or NULL       */
    const char *command;    /* the first key of the body                        */
    bson_t body;            /* a view                                           */
    const uint8_t *bytes;   /* the whole message, uncompressed                  */
    size_t size;
    const uint8_t *sections, *sections_end; /* private                          */
} dmongo_request;

/* Documents that came behind the body, one behind the other, for a field of it:
 * "documents" of an insert. */
typedef struct dmongo_sequence {
    const char *name;
    const uint8_t *bytes;
    size_t size;
    const uint8_t *at; /* private; NULL at first */
} dmongo_sequence;

typedef struct dmongo_peer_options {
    size_t max_message; /* the largest request to take; 0: 48,000,000           */
    bool checksums;     /* put one on each reply that is not compressed; a reply
                           to a request with one has one anyway                 */
    const char *compressors; /* to offer in the hello, as "zstd,zlib"; borrowed
                                for the peer's life; NULL: none                 */
} dmongo_peer_options;

/* Makes a peer of a stream, which is taken: closed with the peer, and also when
 * this fails. options may be NULL. Owned by the caller: dmongo_peer_close(). NOMEM.
 * Never switches fibers. */
dmongo_peer *dmongo_peer_new(diesel_stream *stream,
                             const dmongo_peer_options *options,
                             diesel_error *err)
    __attribute__((warn_unused_result));

/* NULL does nothing. Never switches fibers. */
void dmongo_peer_close(dmongo_peer *peer);

/* Frees the peer, but not its stream, which is the caller's then. What has been read
 * of requests that were not taken is lost. Never switches fibers. */
diesel_stream *dmongo_peer_detach(dmongo_peer *peer);

/* Its stream, borrowed. Never switches fibers. */
diesel_stream *dmongo_peer_stream(const dmongo_peer *peer);

/* Waits for the next request: 1 with *request filled; 0 when the client has closed
 * the connection; -1: PROTOCOL if the request is malformed, larger than allowed or
 * neither OP_MSG nor a command in an OP_QUERY; or why it could not be read. After
 * 0 and -1 the peer can only be closed. Switches fibers if it must wait; checks for
 * cancellation always. */
int dmongo_peer_read(dmongo_peer *peer, dmongo_request *request,
                     diesel_error *err) __attribute__((warn_unused_result));

/* The request's database: "$db", or what an old query has before its dot; "" if it
 * has none. Borrowed like the request; the old query's lies in the peer until the
 * next such call. Never switches fibers. */
const char *dmongo_request_database(dmongo_peer *peer,
                                    const dmongo_request *request);

/* Goes through the request's sequences: *sequence is all zero bytes at first; false
 * after the last. Never switches fibers. */
bool dmongo_request_next(const dmongo_request *request,
                         dmongo_sequence *sequence);

/* Goes through a sequence's documents: makes *view the one at *at, which is 0 at
 * first, and moves *at behind it; false after the last, and at a malformed one. Never
 * switches fibers. */
bool dmongo_sequence_next(const dmongo_sequence *sequence, size_t *at,
                          bson_t *view);

/* How a reply is sent, if not in the form of its request. All zero bytes: so. */
typedef struct dmongo_reply_options {
    bool more_to_come; /* another reply to this request follows; only if it has
                          DMONGO_EXHAUST_ALLOWED                               */
    bool uncompressed; /* although the request was compressed                  */
} dmongo_reply_options;

/* Sends a reply, compressed as the request was. 0, also for a request that wants
 * none, which is then not sent; -1: INVAL or LIMIT (the document), CLOSED and what
 * else a stream says. Switches fibers if it must wait. */
int dmongo_peer_reply(dmongo_peer *peer, const dmongo_request *request,
                      dmongo_value doc, const dmongo_reply_options *options,
                      diesel_error *err);

/* Replies that the command failed, with MongoDB's number and name of the error and
 * a text. Otherwise like dmongo_peer_reply(). */
int dmongo_peer_reply_error(dmongo_peer *peer, const dmongo_request *request,
                            int code, const char *text, diesel_error *err);

/* What a server says that it is and takes. All zero bytes: a standalone server of
 * MongoDB 7.0, with its usual limits and sessions. */
typedef struct dmongo_hello_options {
    int min_wire_version, max_wire_version;  /* 0 and 0: 0 to 21               */
    int32_t max_document;   /* bytes; 0: 16 MiB                                */
    int32_t max_message;    /* bytes; 0: 48,000,000                            */
    int32_t max_batch;      /* statements; 0: 100,000                          */
    bool no_sessions;
    dmongo_value more;      /* a document with further fields; or absent       */
} dmongo_hello_options;

/* Answers a hello or isMaster; with the compressors that both have. options may be
 * NULL. Otherwise like dmongo_peer_reply(). */
int dmongo_peer_reply_hello(dmongo_peer *peer, const dmongo_request *request,
                            const dmongo_hello_options *options,
                            diesel_error *err);

/* Sends bytes as they are. Switches fibers if it must wait. */
int dmongo_peer_send(dmongo_peer *peer, const void *bytes, size_t n,
                     diesel_error *err);

/* Answers one request, in its connection's fiber: 0 when it has; -1 to close the
 * connection; DMONGO_UNANSWERED to leave it to dmongo_serve(), which answers hello,
 * isMaster, ping, buildInfo and endSessions, and says CommandNotFound to others. */
typedef int dmongo_answer_fn(dmongo_peer *peer, const dmongo_request *request,
                             void *arg);
#define DMONGO_UNANSWERED 1

typedef struct dmongo_serve_options {
    dmongo_answer_fn *answer; /* NULL: dmongo_serve() answers everything        */
    void *arg;
    dmongo_peer_options peer;
    dmongo_hello_options hello;
    diesel_tls *tls;        /* of dmongo_serve(): NULL: not encrypted; borrowed   */
    size_t max_connections; /* more wait to be accepted; 0: no limit            */
} dmongo_serve_options;

/* Serves connections until the fiber is cancelled or accepting fails: always -1. All
 * connections are closed at the end, and so is the listener, which is taken. What is
 * wrong with one connection ends only that. options may be NULL; they are borrowed
 * for the length of the call. Switches fibers. */
int dmongo_serve(diesel_listener *listener, const dmongo_serve_options *options,
                 diesel_error *err);

/* Serves one stream, which is taken, in the calling fiber until the client closes it:
 * 0; or -1. Switches fibers. */
int dmongo_serve_stream(diesel_stream *stream,
                        const dmongo_serve_options *options, diesel_error *err)
    __attribute__((warn_unused_result));

#ifndef __cplusplus
/* `doc` may be dmongo_doc(...), a bson_t *, or a dmongo_value. */
#define dmongo_peer_reply(peer, request, doc, ...)                             \
    (dmongo_peer_reply)((peer), (request), DMONGO_VALUE(doc), __VA_ARGS__)
#endif

#ifdef __cplusplus
}
#endif
#endif

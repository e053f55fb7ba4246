/* SPDX-License-Identifier: MIT */
/*
 * Scripted MongoDB servers: fibers in the test's own process that answer a
 * client as the test tells them, also in ways in which no real server does.
 *
 *     static int serve(mongo_script_peer *peer, const mongo_script_request
 * *ask, void *arg)
 *     {
 *         if (strcmp(ask->command, "count") == 0)
 *             return mongo_script_reply(peer, ask,
 *                                       dmongo_doc("n", 3, "ok", 1.0), NULL);
 *         return -1;                                     hang up
 *     }
 *     ...
 *     mongo_script *server = mongo_script_open(serve, NULL, NULL);
 *     dmongo *client = dmongo_open(mongo_script_uri(server), NULL, &err);
 *     ...
 *     mongo_script_close(server);
 *
 * Each connection has a fiber, in which the script runs; so a script delays a
 * reply by sleeping, or by waiting for a channel that the test sends to. A
 * request that breaks the protocol fails the test. Underneath is the library's
 * own server side, <diesel/mongo_server.h>, whose bytes are checked by tables and by
 * other drivers.
 */
#ifndef TESTS_MONGO_SCRIPT_H
#define TESTS_MONGO_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <bson/bson.h>

#include <diesel/doc.h>
#include <diesel/mongo_server.h>
#include <diesel/stream.h>

enum { MONGO_SCRIPT_SEQUENCES = 4 };

/* Flags of OP_MSG. */
enum {
    MONGO_SCRIPT_MORE_TO_COME = 1 << 1, /* of a request: it wants no reply */
    MONGO_SCRIPT_EXHAUST_ALLOWED = 1 << 16
};

typedef struct mongo_script mongo_script;

/* One connection. */
typedef struct mongo_script_peer mongo_script_peer;

/* A document sequence (a section of kind 1). */
typedef struct mongo_script_sequence {
    const char *name;
    const uint8_t *bytes; /* the documents, one behind the other */
    size_t size;
    size_t count;
} mongo_script_sequence;

/* What a client asks. Everything is borrowed until the script returns. */
typedef struct mongo_script_request {
    int32_t id;
    uint32_t flags;
    bool is_query;          /* OP_QUERY, not OP_MSG                       */
    const char *collection; /* of an OP_QUERY: "admin.$cmd"; else NULL    */
    const char *command;    /* the body's first key                       */
    const char *compressor; /* "zlib", ... if it came compressed; or NULL */
    bool has_checksum;
    bson_t body;            /* a view                                     */
    mongo_script_sequence sequences[MONGO_SCRIPT_SEQUENCES];
    size_t sequence_count;
    const dmongo_request *from;
} mongo_script_request;

/* A script answers one request, and returns 0 to go on with the connection or
 * -1 to close it. */
typedef int mongo_script_fn(mongo_script_peer *peer,
                            const mongo_script_request *request, void *arg);

typedef struct mongo_script_options {
    mongo_script_fn *hello; /* answers hello and isMaster, with the same arg;
                               NULL: as a standalone server would          */
    bool tcp;         /* listen on a port of 127.0.0.1, not on a Unix socket  */
    const char *path; /* the Unix socket; NULL: somewhere new                 */
    const char *compressors; /* "zlib,zstd": what the hello offers; NULL: none  */
    bool sessions;    /* the hello says that there are sessions               */
} mongo_script_options;

/* How a reply is sent, if not as a server should. All zero bytes: properly. */
typedef struct mongo_script_how {
    size_t cut;          /* send this many bytes of it only; 0: all           */
    size_t split;        /* send this many bytes, and the rest a turn later   */
    bool dribble;        /* send each byte by itself, with a yield in between */
    int32_t response_to; /* instead of the request's id; 0: that              */
    uint32_t flags;      /* of the OP_MSG                                     */
    int32_t length;      /* instead of the message's length; 0: that          */
    int flip;            /* one bit of this byte is wrong; 0: none            */
} mongo_script_how;

/* Starts a server. Within a scheduler; options may be NULL. Fails the test if
 * it cannot. Closed with mongo_script_close(). Never switches fibers. */
mongo_script *mongo_script_open(mongo_script_fn *script, void *arg,
                                const mongo_script_options *options);

/* Stops listening, cancels the connections' fibers, waits for them, and removes
 * the socket. Switches fibers. */
void mongo_script_close(mongo_script *server);

/* Hangs up on everybody, and goes on listening. Switches fibers. */
void mongo_script_hang_up(mongo_script *server);

/* "mongodb://..." for a client; borrowed for the server's life. */
const char *mongo_script_uri(const mongo_script *server);

/* How many connections have been accepted, and how many are open now. */
size_t mongo_script_accepted(const mongo_script *server);
size_t mongo_script_connected(const mongo_script *server);

/* Serves one stream, which is borrowed, in the calling fiber, until the client
 * closes or the script returns -1: for diesel_stream_pair(). Switches fibers.
 */
void mongo_script_serve(diesel_stream *stream, mongo_script_fn *script,
                        void *arg, const mongo_script_options *options);

/* Sends a reply in the form in which the request came. `how` may be NULL. 0, or
 * -1 if the client has gone, so that a script may return it. Switches fibers.
 */
int mongo_script_reply(mongo_script_peer *peer,
                       const mongo_script_request *request, dmongo_value doc,
                       const mongo_script_how *how);

/* Sends bytes as they are. 0 or -1. Switches fibers. */
int mongo_script_send(mongo_script_peer *peer, const void *bytes, size_t n);

/* The library's side of the connection, borrowed. */
dmongo_peer *mongo_script_client(mongo_script_peer *peer);

/* Answers a hello as a standalone server: what options->hello does if NULL. For
 * scripts which answer most of them so. */
int mongo_script_hello(mongo_script_peer *peer,
                       const mongo_script_request *request, void *arg);

/* Goes through the documents of a sequence: makes *view the one at *at, which
 * is 0 at first, and moves *at behind it; false after the last. */
bool mongo_script_next(const mongo_script_sequence *sequence, size_t *at,
                       bson_t *view);

#endif

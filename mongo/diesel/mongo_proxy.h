/* SPDX-License-Identifier: MIT */
/*
 * A proxy between MongoDB's clients and a server, which sees every message, and can
 * answer it, delay it, damage it or lose it:
 *
 *     static void watch(const dmongo_passing *m, dmongo_fate *fate, void *arg)
 *     {
 *         if (!m->is_reply && strcmp(m->command, "insert") == 0)
 *             fate->delay_ms = 100;
 *     }
 *     ...
 *     dmongo_proxy(listener, "localhost:27017",
 *                  &(dmongo_proxy_options){.watch = watch}, &err);
 *
 * Messages go on as they came, byte by byte, also those that the proxy does not
 * understand; only their lengths must be right. What clients and server negotiate
 * goes through unchanged, so a proxy cannot look into compressed messages whose
 * compressor it was built without, nor into TLS.
 */
#ifndef DIESEL_MONGO_PROXY_H
#define DIESEL_MONGO_PROXY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <bson/bson.h>

#include <diesel/error.h>
#include <diesel/net.h>
#include <diesel/stream.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A message on its way. Borrowed for the length of the call. */
typedef struct dmongo_passing {
    uint64_t connection; /* counted from 1                                       */
    bool is_reply;       /* from the server to the client                        */
    uint32_t id, response_to;
    uint32_t operation;  /* 2013 for OP_MSG, ...; of a compressed one what it is
                            uncompressed                                         */
    uint32_t flags;      /* of OP_MSG: DMONGO_*, see <diesel/mongo_server.h>     */
    const char *command; /* a request's first key; a reply has its request's; ""
                            if that is not known                                 */
    const char *compressor; /* "zstd", ... if it is compressed; or NULL          */
    const bson_t *body;  /* NULL if it could not be read                         */
    const uint8_t *bytes; /* as it came                                          */
    size_t size;
} dmongo_passing;

/* What becomes of it. All zero bytes: it goes on. */
typedef struct dmongo_fate {
    int64_t delay_ms;   /* first of all                                          */
    bool drop;          /* it does not go on                                     */
    bool close;         /* nor does anything else: both sides are closed         */
    size_t cut;         /* both sides are closed after so many bytes of it; 0: no */
    size_t flip;        /* one bit of this byte is turned over; 0: none          */
    size_t piece;       /* it goes on in pieces of so many bytes; 0: at once     */
    int64_t pause_ms;   /* ... with so long in between                           */
    const bson_t *answer; /* of a request: what the proxy answers, and the server
                             does not see it; borrowed until the hook is called
                             again, or the connection ends; NULL: none           */
} dmongo_fate;

/* Sees a message, in a fiber of the connection, which it may block. */
typedef void dmongo_watch_fn(const dmongo_passing *message, dmongo_fate *fate,
                             void *arg);

typedef struct dmongo_proxy_options {
    dmongo_watch_fn *watch; /* NULL: everything goes on                          */
    void *arg;
    size_t max_message;     /* the largest message; 0: 50,000,000                */
    int64_t connect_ms;     /* to the server; 0: 10,000                          */
} dmongo_proxy_options;

/* Proxies connections to the server - "host:port", "[address]:port" or the path of a
 * Unix socket, which has a '/' in it - until the fiber is cancelled or accepting
 * fails: always -1. INVAL if the server is none of these. The listener is taken. options
 * may be NULL; they are borrowed for the length of the call. Switches fibers. */
int dmongo_proxy(diesel_listener *listener, const char *server,
                 const dmongo_proxy_options *options, diesel_error *err);

/* Proxies between two streams, which are taken, until one of them is closed: 0; or
 * -1. `connection` is for the hook. Switches fibers. */
int dmongo_proxy_streams(diesel_stream *client, diesel_stream *server,
                         uint64_t connection,
                         const dmongo_proxy_options *options, diesel_error *err)
    __attribute__((warn_unused_result));

#ifdef __cplusplus
}
#endif
#endif

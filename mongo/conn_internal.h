/* SPDX-License-Identifier: MIT */
/*
 * One connection: requests go out, replies come in, one at a time.
 *
 * It is half used from before a request leaves until its reply has been read: only
 * then does it know where the next reply begins. A half used connection can only
 * be closed.
 */
#ifndef DIESEL_MONGO_CONN_INTERNAL_H
#define DIESEL_MONGO_CONN_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include <diesel/doc.h>
#include <diesel/error.h>
#include <diesel/fiber.h>
#include <diesel/stream.h>
#include <diesel/tls.h>

#include "buffer_internal.h"
#include "compress_internal.h"
#include "uri_internal.h"
#include "wire_internal.h"

struct dmongo__pool;
struct dmongo__greeting;

/* What the server takes, from its hello. */
struct dmongo__limits {
    size_t document; /* bytes of one document                 */
    size_t message;  /* bytes of one message                  */
    size_t batch;    /* documents or statements of one command */
    size_t reply;    /* bytes of one reply, our own limit     */
};

struct dmongo__conn {
    /* The pool's: in the list of all, and of those that are idle. */
    struct dmongo__conn *next_all, *previous_all;
    struct dmongo__conn *next_idle;
    struct dmongo__pool *pool;
    uint32_t generation;
    uint64_t number;    /* counted from 1 in the pool */
    bool is_checked_out;
    bool is_told_closed;
    const char *held_by; /* the operation that has it, for messages; or NULL */
    diesel_fiber *holder; /* ... and the fiber that runs it                   */
    int64_t idle_since; /* only kept if there is a limit to it */

    struct dmongo__greeting *greeting; /* it has only said hello so far; else NULL */
    diesel_stream *stream; /* NULL before it is open and once it is shut */
    bool is_shut;          /* the client was closed while it was in use */
    bool half_used;
    bool packs;          /* requests are compressed, after `packing`        */
    bool checksums;      /* requests that are not compressed have checksums */
    bool keeps_messages; /* each request lies in `out` as a whole when it is
                            sent: somebody wants to see it                  */
    bool streams;        /* replies follow one another without requests     */
    uint32_t last_request; /* the last message's number, here ...           */
    uint32_t awaited;      /* ... and what the next reply must respond to   */
    struct dmongo__packing packing;
    struct dmongo__limits limits;
    struct dmongo__buffer out;
    struct dmongo__buffer in;
    struct dmongo__buffer packed; /* a message in its other form, for the
                                     length of a call                       */
};

/* Connects the socket, with TLS unless `tls` is NULL. 0 or -1. Switches fibers. */
int dmongo__conn_open(struct dmongo__conn *conn,
                      const struct dmongo__host *host, diesel_tls *tls,
                      int64_t deadline, diesel_error *err);

/* Closes the socket, from any fiber; who waits in a call below gets CLOSED. */
void dmongo__conn_shut(struct dmongo__conn *conn);

/* Frees what the connection holds, but not itself. */
void dmongo__conn_clear(struct dmongo__conn *conn);

/* Sends a command, which must have its "$db", as OP_MSG. 0 or -1, with
 * DIESEL_EF_SENT if some of it has left. Switches fibers if it must wait. */
int dmongo__conn_send(struct dmongo__conn *conn, dmongo_value command,
                      uint32_t flags, int64_t deadline, diesel_error *err);

/* Sends a command as OP_QUERY to admin.$cmd: for the first hello only. */
int dmongo__conn_send_query(struct dmongo__conn *conn, dmongo_value command,
                            int64_t deadline, diesel_error *err);

/* For requests that are put together elsewhere: the number of the next request,
 * and sending pieces of it. */
uint32_t dmongo__conn_begin_request(struct dmongo__conn *conn);
int dmongo__conn_write(struct dmongo__conn *conn, const struct iovec *pieces,
                       int count, int64_t deadline, diesel_error *err);

/* Sends the message of n bytes that lies in conn->out, compressed if the
 * connection does that and its command may be. Its length is set here. */
int dmongo__conn_write_message(struct dmongo__conn *conn, size_t n,
                               int64_t deadline, diesel_error *err);

/* Waits for the reply, and reads it into *into, where *reply points to afterwards.
 * 0 or -1; errors have DIESEL_EF_SENT. Switches fibers.
 * After a request with DMONGO__EXHAUST_ALLOWED a reply may have MORE_TO_COME:
 * then conn->streams, and the next one is received without another request. */
int dmongo__conn_receive(struct dmongo__conn *conn, struct dmongo__buffer *into,
                         struct dmongo__message *reply, int64_t deadline,
                         diesel_error *err);

/* Sends a command and reads its reply into conn->in; *body is a view of it. For
 * what is not on the path of each operation. */
int dmongo__conn_command(struct dmongo__conn *conn, dmongo_value command,
                         int64_t deadline, bson_t *body, diesel_error *err);

/* What messages call the host: "db1:27017", "[::1]:27017" or a path. Owned by the
 * caller: diesel_free(); NULL with NOMEM. */
char *dmongo__host_name(const struct dmongo__host *host, diesel_error *err);

#endif

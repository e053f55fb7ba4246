/* SPDX-License-Identifier: MIT */
/*
 * One connection: commands go in, replies come back in the same order.
 */
#ifndef DREDIS_CONNECTION_INTERNAL_H
#define DREDIS_CONNECTION_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <diesel/error.h>
#include <diesel/redis_client.h>
#include <diesel/stream.h>
#include <diesel/value.h>

#include "config_internal.h"
#include "queue_internal.h"
#include "reply_reader_internal.h"

/* What is to be sent and where the replies go: one command as values, or any
 * number of them as bytes. */
typedef struct dredis__request {
    const diesel_value *args; /* NULL: see bytes                             */
    size_t n;                 /* of args                                     */
    const char *bytes;
    size_t size;              /* of bytes; of args, at most                  */
    size_t commands;          /* how many replies there will be              */
    dredis_reply **replies;   /* room for them, all NULL                     */
    size_t got;               /* how many there are: after a failure, too    */
    int64_t until;            /* when it stops waiting for a connection; 0: not
                                 yet known                                   */
    bool repeatable;          /* it may be sent again though it may have run */
    unsigned repeats;         /* how often it was                            */
    size_t sent, received;    /* bytes; received only if somebody watches    */
} dredis__request;

/* A fiber whose request is on its way; lies in its frame. */
typedef struct dredis__waiter {
    diesel_fiber *fiber; /* NULL: it reads the connection itself */
    dredis__request *request;
    bool done;           /* all replies are there                */
} dredis__waiter;

/* A request in the order of sending. */
typedef struct dredis__slot {
    dredis__waiter *waiter; /* NULL: given up, the replies are dropped */
    size_t replies;         /* still to come                           */
} dredis__slot;

typedef struct dredis__connection dredis__connection;

/* What somebody wants to have to do with a connection. `arg` goes with them. */
typedef struct dredis__hooks {
    /* A push has come: 1: it has been taken; 0: it is to be freed; -1: the server may
     * not send this; the connection breaks with *err. Never switches. */
    int (*take)(void *arg, dredis_reply *reply, diesel_error *err);
    bool takes_all; /* it is asked about all replies; 0 then: as usual */
    /* Between two reads: the next one is made when it returns 0. May switch; -1: the
     * connection breaks. May be NULL, as all that follows. */
    int (*pause)(void *arg, diesel_error *err);
    /* There is a new connection, which nobody has used yet: 0; -1: it is no good.
     * May switch. */
    int (*up)(void *arg, dredis__connection *c, diesel_error *err);
    void (*down)(void *arg); /* it has broken. Never switches. */
    bool (*is_wanted)(void *arg); /* whether to connect though no command waits */
} dredis__hooks;

struct dredis__connection {
    diesel_stream *stream; /* NULL once it is broken */
    dredis__reply_reader *reader;
    dredis__slot *slots; /* a ring; its numbers only grow */
    uint64_t first, next;
    uint64_t mask;       /* the ring's size less one */
    size_t pending;      /* replies that are to come */
    size_t most_pending;
    size_t most_output;
    uint64_t appended;   /* bytes, all in all, to the stream's output          */
    uint64_t seen_sent;  /* of these had left when it was last looked at        */
    dredis__queue room;  /* fibers that wait until there is less pending */
    dredis_stats *stats;
    unsigned refs;
    int64_t silence_ms;  /* 0: the server may be silent for ever */
    int resp;            /* 2 or 3 */
    bool uninvited;      /* a reply has come that nobody asked for: see error */
    uint64_t sent;       /* once broken: how much the kernel had taken */
    diesel_error error;  /* once broken: why */
    const dredis__hooks *hooks; /* or NULL */
    void *hooks_arg;
    bool takes_all;      /* the hooks */
    dredis__watch *watch; /* of its client; NULL: nobody watches */
    uint64_t consumed;   /* bytes, up to the last reply, if somebody does */
    size_t buffer_size;
    char buffer[];
};

/* What a call returns besides 0 and -1. */
enum {
    DREDIS__AGAIN = 1, /* the connection broke before any of it was sent, so that it
                          may be made again elsewhere; *err is not set            */
    DREDIS__LOST = 2,  /* it broke while the request was on its way or at work;
                          *err is set                                             */
};

static inline bool dredis__connection_is_broken(const dredis__connection *c)
{
    return c->stream == NULL;
}

/* Connects and greets, as who the credential callback says if there is one; *stats, which counts what happens, is borrowed for the
 * connection's life. One reference, for dredis__connection_leave(). Switches. */
dredis__connection *dredis__connection_open(dredis__config *config,
                                            size_t buffer_size,
                                            dredis_stats *stats,
                                            diesel_error *err);

/* Gives up a reference; with the last one, the memory goes. */
void dredis__connection_leave(dredis__connection *c);

/* Closes it because of *why. All who wait are told. What has not been sent never
 * will be. Nothing happens if it is broken already. */
void dredis__connection_break(dredis__connection *c, const diesel_error *why);

/* Reads once into c->buffer: how many bytes, at least 1; -1: it should be broken
 * with the error, or is already. Switches. */
ssize_t dredis__connection_fill(dredis__connection *c, int64_t deadline,
                                diesel_error *err);

/* The same, and hands the replies to their waiters: 0; -1: it should be broken with
 * the error, or is already. Switches. */
int dredis__connection_read(dredis__connection *c, int64_t deadline,
                            diesel_error *err);

/* Reads until it breaks. Switches. */
void dredis__connection_serve(dredis__connection *c);

/* Sends a request over a connection that another fiber serves, and waits for the
 * replies: 0, -1, DREDIS__AGAIN or DREDIS__LOST. Switches. */
int dredis__connection_call(dredis__connection *c, dredis__request *request,
                            diesel_error *err);

/* Sends a command that has no reply of its own: 0, or -1: NOMEM, or it is broken
 * now. Never switches. */
int dredis__connection_post(dredis__connection *c, const diesel_value *args,
                            size_t n, diesel_error *err);

/* The same for a connection that the caller has to itself; when it fails, the
 * connection is broken. Switches. */
int dredis__connection_exchange(dredis__connection *c, dredis__request *request,
                                int64_t deadline, diesel_error *err);

#endif

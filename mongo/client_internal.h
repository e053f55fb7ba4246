/* SPDX-License-Identifier: MIT */
/*
 * The client inside: its servers, which of them is in use, and what all operations
 * are made of.
 *
 *     struct dmongo__call call;
 *     if (dmongo__call_begin(&call, client, "find", ns) < 0 ||
 *         dmongo__call_exchange(&call, command, NULL) < 0)
 *         return dmongo__call_fail(&call, err);
 *     ...read call.reply...
 *     dmongo__call_end(&call);
 */
#ifndef DIESEL_MONGO_CLIENT_INTERNAL_H
#define DIESEL_MONGO_CLIENT_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <bson/bson.h>

#include <diesel/mongo_client.h>
#include <diesel/scope.h>

#include "hello_internal.h"
#include "pool_internal.h"
#include "reply_internal.h"
#include "scram_internal.h"
#include "uri_internal.h"

/* One host of the connection string. */
struct dmongo__server {
    dmongo *client;
    const struct dmongo__host *host;
    char *name; /* for messages */
    struct dmongo__pool pool;
    struct dmongo__hello hello; /* of the connection made last             */
    diesel_error last_error;    /* why it could not be used; code 0: it can */
};

/* A fiber that waits until somebody has looked for a server. */
struct dmongo__selecting {
    struct dmongo__selecting *next, *previous;
    diesel_fiber *fiber;
};

struct dmongo {
    struct dmongo__uri *uri;
    size_t references; /* the program's own, and one for each call and cursor */
    bool is_closed;

    struct dmongo__server *servers; /* one for each host of the URI */
    struct dmongo__server *current; /* NULL: to be looked for       */
    bool is_looking;                /* a fiber goes through the hosts */
    int64_t look_again;             /* not before this time         */
    struct dmongo__selecting *first_selecting, *last_selecting;

    bson_t *metadata;       /* of the hello                          */
    size_t max_reply;
    const char *user, *password; /* of the credential, or the options' */
    char *owned_user, *owned_password;
    struct dmongo__scram_keys keys;
    int64_t socket_timeout_ms; /* 0: none */

    /* What is put into commands; dmongo_absent() if the string says nothing. */
    bson_t *write_concern_doc, *read_concern_doc, *read_preference_doc;
    dmongo_value write_concern, read_concern;
    bool unacknowledged; /* w=0 */

    /* What is offered for compression, in the order of preference. */
    dmongo_value compressors[4];
    size_t compressor_count;
    bool checksums;

    diesel_scope *background; /* keeps minPoolSize; NULL if that is 0 */
};

/* client.c */
void dmongo__client_release(dmongo *client); /* drops a reference */

/* select.c: the server in use, or the first that can be; in the first case this
 * never switches. *deadline is 0 at first, and set to when looking ends once it
 * begins. With `once`, each host is tried only once. NULL: every host's own cause
 * in the message; or AUTH, CANCELLED, TIMEDOUT, CLOSED. */
struct dmongo__server *dmongo__select_slowly(dmongo *client, int64_t *deadline,
                                             bool once, diesel_error *err);

static inline struct dmongo__server *dmongo__select(dmongo *client,
                                                    int64_t *deadline,
                                                    diesel_error *err)
{
    return client->current != NULL
               ? client->current
               : dmongo__select_slowly(client, deadline, false, err);
}

/* The server cannot be reached: its connections are closed, and the next call looks
 * for a server. Ignored if `generation` is not the pool's any more. */
void dmongo__server_lost(struct dmongo__server *server, uint32_t generation);

/* The same for a server that is there but takes no writes any more. */
void dmongo__server_unfit(struct dmongo__server *server);

/* Wakes those who wait for a server, because one has been found, or they should
 * look for themselves, or the client has been closed. */
void dmongo__wake_selecting(dmongo *client);

/* A message without the "NAME: " or "connecting to NAME: " that it begins with. */
const char *dmongo__without_name(const char *message, const char *name);

/* handshake.c: the pools' `make`; arg is the server. */
int dmongo__handshake(struct dmongo__conn *conn, void *arg, diesel_error *err);

/* auth.c: authenticates. `hello` is the server's reply to a hello that had
 * dmongo__auth_begin()'s parts. */
struct dmongo__auth {
    dmongo *client;
    bool speculated;
    struct dmongo__scram scram;
    char *mechs_for; /* "admin.user"; NULL: not asked for */
};
int dmongo__auth_begin(struct dmongo__auth *auth, dmongo *client,
                       diesel_error *err);
int dmongo__auth_finish(struct dmongo__auth *auth, struct dmongo__conn *conn,
                        const bson_t *hello, int64_t deadline,
                        diesel_error *err);
void dmongo__auth_clear(struct dmongo__auth *auth);

/* ns.c: "database.collection", taken apart. */
struct dmongo__ns {
    const char *text;
    dmongo_value database;
    dmongo_value collection; /* absent if there is no dot */
};
int dmongo__ns_split(struct dmongo__ns *ns, const char *text, diesel_error *err);

/* call.c: one operation on one connection. What fails, fails with call->error,
 * which dmongo__call_fail() completes and hands out. */
struct dmongo__call {
    dmongo *client;
    const char *what; /* "find", for messages */
    const char *ns;
    struct dmongo__server *server;
    struct dmongo__conn *conn;
    struct dmongo__message message; /* the reply, ... */
    struct dmongo__reply reply;     /* ... and its fields */
    diesel_error error;
};

/* Takes a connection to the server in use, and a reference to the client. 0 or -1;
 * dmongo__call_end() or dmongo__call_fail() must follow in both cases. */
int dmongo__call_begin(struct dmongo__call *call, dmongo *client,
                       const char *what, const char *ns);

/* The same for one server and no other, on which something lives. */
int dmongo__call_begin_on(struct dmongo__call *call,
                          struct dmongo__server *server, const char *what,
                          const char *ns);

/* Sends a command and reads its reply into `into`, or into the connection's buffer if
 * that is NULL. 0: call->reply has been read and says ok; it is borrowed from that
 * buffer. */
int dmongo__call_exchange(struct dmongo__call *call, dmongo_value command,
                          struct dmongo__buffer *into);

/* The second half of it, after a request was sent by other means. */
int dmongo__call_receive(struct dmongo__call *call,
                         struct dmongo__buffer *into);

/* Sends a command that is not answered. */
int dmongo__call_post(struct dmongo__call *call, dmongo_value command);

/* Until when one read or write may take. */
int64_t dmongo__call_deadline(const struct dmongo__call *call);

/* Gives the connection back. What lies in its buffer stays valid until the next
 * switch. */
void dmongo__call_end(struct dmongo__call *call);

/* The same after a failure: draws the conclusions about the server, puts server and
 * operation before the message, and fills *err. Returns -1. */
int dmongo__call_fail(struct dmongo__call *call, diesel_error *err);

/* For functions that have something to say about arguments before a call begins:
 * "mongodb: WHAT NS: " before *err's message. Returns -1. */
int dmongo__explain(const char *what, const char *ns, diesel_error *err);

/* What goes into a command that reads, for the server that was chosen. */
dmongo_value dmongo__read_preference(const struct dmongo__call *call);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Calls: what all operations are made of. An operation says what it is in a struct
 * dmongo__op and gives its command without the fields that every command has;
 * those are put in in one place (compose.c), as are retries (call.c).
 *
 *     struct dmongo__op op = {.what = "find", .ns = ns.text, .database = ns.database,
 *                             .flags = DMONGO__READS | DMONGO__RETRY_READ};
 *     struct dmongo__call call;
 *     if (dmongo__call_begin(&call, client, &op) < 0 ||
 *         dmongo__call_exchange(&call, command, NULL) < 0)
 *         return dmongo__call_fail(&call, err);
 *     ...read call.reply...
 *     dmongo__call_end(&call);
 */
#ifndef DIESEL_MONGO_CALL_INTERNAL_H
#define DIESEL_MONGO_CALL_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <diesel/mongo_session.h>

#include "events_internal.h"
#include "pool_internal.h"
#include "reply_internal.h"
#include "session_internal.h"

/* What an operation is. */
enum {
    DMONGO__READS = 1,        /* has a read concern and a read preference       */
    DMONGO__WRITES = 2,       /* has a write concern                            */
    DMONGO__PREFERS = 4,      /* has a read preference                          */
    DMONGO__RETRY_READ = 8,   /* may be sent again if the reply was lost        */
    DMONGO__RETRY_WRITE = 16, /* ... if it has a transaction number             */
    DMONGO__NO_MAX_TIME = 32, /* takes no maxTimeMS                             */
    DMONGO__NO_SESSION = 64,  /* never has a session of its own                 */
    DMONGO__MAY_HAVE_ALL = 128, /* the program wrote it: what it has is not added */
    DMONGO__NO_REPLY = 256,   /* it is only sent                                */
    DMONGO__OWN_PREFERENCE = 512 /* the client's is not for it                  */
};

/* All zero bytes but the first three: nothing special. Borrowed for the call. */
struct dmongo__op {
    const char *what; /* "find", for messages */
    const char *ns;   /* as the program wrote it, for messages */
    dmongo_value database;
    unsigned flags;
    dmongo_session *session; /* the program's; NULL: one of the client's       */
    struct dmongo__server_session *server_session; /* one that goes on: a
                                                      cursor's; or NULL        */
    dmongo_value read_concern; /* instead of the client's, if not absent       */
    dmongo_value write_concern;
    dmongo_value read_preference;
    int64_t max_time_ms; /* the program's own limit; 0: none                   */
};

/* What the events of a call's command need; only used where somebody watches. */
struct dmongo__watched {
    int64_t begun_us;
    uint64_t operation_id;
    uint32_t request_id;
    bool is_sensitive;
    char name[48];
    char database[80];
};

/* One operation. What fails, fails with `error`, which dmongo__call_fail() completes
 * and hands out. */
struct dmongo__call {
    dmongo *client;
    const struct dmongo__op *op;
    struct dmongo__server *server;
    struct dmongo__conn *conn;
    int64_t deadline;    /* of timeoutMS; DIESEL_FOREVER: none */
    bool unacknowledged; /* the write concern wants no reply   */
    bool is_pinned;      /* to `server`, where something lives */
    bool owns_session;
    unsigned watching;   /* who wants to know of it: DMONGO__TELLS ... */
    unsigned attempts;   /* after the first */
    struct dmongo__server_session *session; /* NULL: none      */
    int64_t txn_number;                     /* 0: none         */
    struct dmongo__message message; /* the reply, ... */
    struct dmongo__reply reply;     /* ... and its fields */
    diesel_error error;
    diesel_error first_error; /* if attempts > 0 */
    struct dmongo__watched watched;
};

/* The command as it is sent: the operation's own with the common fields behind it.
 * Lives in the caller's frame, and points into it. */
enum { DMONGO__MOST_FIELDS = 12 };
struct dmongo__composed {
    dmongo_value command;
    dmongo_value items[2 * DMONGO__MOST_FIELDS];
    dmongo_value concern[6], lsid[2];
    dmongo_value whole;
};

/* Chooses a server, takes a connection to it, and a reference to the client. 0 or -1;
 * dmongo__call_end() or dmongo__call_fail() must follow in both cases. */
int dmongo__call_begin(struct dmongo__call *call, dmongo *client,
                       const struct dmongo__op *op);

/* The same for one server and no other, on which something lives. */
int dmongo__call_begin_on(struct dmongo__call *call,
                          struct dmongo__server *server,
                          const struct dmongo__op *op);

/* Sends a command and reads its reply into `into`, or into the connection's buffer if
 * that is NULL; again on another connection if it may be. 0: call->reply has been
 * read and says ok; it is borrowed from that buffer. An unacknowledged write is only
 * sent, and there is no reply to read then. */
int dmongo__call_exchange(struct dmongo__call *call, dmongo_value command,
                          struct dmongo__buffer *into);

/* For operations that send their requests by themselves. */

/* compose.c: puts the common fields behind the command: 0 with out->whole, which is to
 * be sent; -1 if the time is up before it is sent. */
int dmongo__call_compose(struct dmongo__call *call, dmongo_value command,
                         struct dmongo__composed *out);

/* After the request: reads the reply as dmongo__call_exchange() does. */
int dmongo__call_receive(struct dmongo__call *call,
                         struct dmongo__buffer *into);

/* After a failure: whether the same request is to be sent once more; then the call has
 * another connection. */
bool dmongo__call_again(struct dmongo__call *call);

/* Until when one read or write may take. */
int64_t dmongo__call_deadline(const struct dmongo__call *call);

/* The session goes on after the call, which must have succeeded: owned by the caller,
 * dmongo__session_give(). NULL if the call has none of its own. */
struct dmongo__server_session *
dmongo__call_keep_session(struct dmongo__call *call);

/* Gives the connection back. What lies in its buffer stays valid until the next
 * switch. */
void dmongo__call_end(struct dmongo__call *call);

/* The same after a failure: draws the conclusions about the server, puts server and
 * operation before the message, and fills *err. Returns -1. */
int dmongo__call_fail(struct dmongo__call *call, diesel_error *err);

/* For functions that have something to say about arguments before a call begins:
 * "mongodb: WHAT NS: " before *err's message. Returns -1. */
int dmongo__explain(const char *what, const char *ns, diesel_error *err);

#endif

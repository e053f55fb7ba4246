/* SPDX-License-Identifier: MIT */
/*
 * Sessions, after MongoDB's sessions specification: a server session is what a
 * command names by its lsid. They are kept by the client, which gives the one used
 * last to the next operation, so that a server sees few of them.
 */
#ifndef DIESEL_MONGO_SESSION_INTERNAL_H
#define DIESEL_MONGO_SESSION_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <diesel/mongo_session.h>

#include "buffer_internal.h"

struct dmongo__server_session {
    struct dmongo__server_session *next; /* in the client's list */
    uint8_t id[16];
    int64_t last_use;
    int64_t txn_number; /* of the last retryable write or transaction */
    bool is_dirty;      /* a connection broke while it was in use     */
};

/* $clusterTime as a server sent it last: {clusterTime: timestamp, signature: ...}. */
struct dmongo__cluster_time {
    struct dmongo__buffer bytes;
    size_t size; /* 0: none has come */
    uint64_t time;
};

struct dmongo_session {
    dmongo *client; /* holds a reference */
    dmongo_session_options options;
    struct dmongo__server_session *server; /* NULL: not used yet */
    struct dmongo__cluster_time cluster_time;
    uint64_t operation_time; /* 0: none */
    uint64_t snapshot_time;  /* 0: none */
    bson_t *id; /* {id: binary} */
};

/* A server session: one that was used before and has not expired, or a new one.
 * NULL with NOMEM, or IO if there is no randomness. */
struct dmongo__server_session *dmongo__session_take(dmongo *client,
                                                    diesel_error *err);

/* Gives it back; it is forgotten if it is dirty. NULL does nothing. */
void dmongo__session_give(dmongo *client,
                          struct dmongo__server_session *session);

/* Keeps the time if it is newer than what is kept. Failures keep the older one. */
void dmongo__cluster_time_advance(struct dmongo__cluster_time *kept,
                                  const uint8_t *bytes, size_t size);

/* Tells the server that the client's sessions have ended, without waiting for an
 * answer, and frees them. */
void dmongo__sessions_end(dmongo *client);

#endif

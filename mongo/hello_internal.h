/* SPDX-License-Identifier: MIT */
/*
 * The hello: what the client tells about itself, and what the server answers.
 * No I/O.
 */
#ifndef DIESEL_MONGO_HELLO_INTERNAL_H
#define DIESEL_MONGO_HELLO_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <bson/bson.h>

#include <diesel/error.h>

#include "conn_internal.h"

/* What a server says that it is. */
struct dmongo__hello {
    bool is_writable;
    bool is_mongos;
    bool is_uninitiated; /* to become a member of a replica set */
    char set_name[128];  /* "" if it is no member of one */
    char primary[272];   /* of the set, as the server knows it; or "" */
    int64_t min_wire_version, max_wire_version;
    int64_t session_timeout_minutes; /* 0: it has no sessions */
    int64_t connection_id; /* the server's number of the connection; 0: none */
    struct dmongo__limits limits;
};

/* The "client" part of a hello, of at most 512 bytes. Owned by the caller; NULL
 * with NOMEM. */
bson_t *dmongo__hello_metadata(const char *app_name, diesel_error *err);

/* Reads the reply to a hello. `max_reply` as in dmongo_options. -1: SERVER, or
 * PROTOCOL if the server speaks no version that the client does. */
int dmongo__hello_read(const bson_t *reply, size_t max_reply,
                       struct dmongo__hello *hello, diesel_error *err);

#endif

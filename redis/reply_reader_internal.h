/* SPDX-License-Identifier: MIT */
/*
 * The parser: bytes from a server to replies. No I/O, no fibers, and no state
 * but its own, so any split of the input gives the same replies.
 */
#ifndef DREDIS_REPLY_READER_INTERNAL_H
#define DREDIS_REPLY_READER_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <diesel/error.h>
#include <diesel/redis_reply.h>

typedef struct dredis__limits {
    size_t depth;    /* aggregates inside each other    */
    size_t elements; /* of one aggregate                */
    size_t bulk;     /* bytes of one string or one line */
} dredis__limits;

typedef struct dredis__reply_reader dredis__reply_reader;

/* Takes each reply in turn; it is owned by whoever is given it. */
typedef void dredis__reply_fn(void *arg, dredis_reply *reply);

/* NULL without memory. */
dredis__reply_reader *dredis__reply_reader_new(const dredis__limits *limits);
void dredis__reply_reader_free(dredis__reply_reader *reader);

/* Reads n more bytes and hands over the replies that end in them. 0, or -1:
 * PROTOCOL (this is no RESP), LIMIT, NOMEM; nothing that follows can be understood
 * then, and each further call fails likewise. */
int dredis__reply_reader_parse(dredis__reply_reader *reader, const char *bytes,
                               size_t n, dredis__reply_fn *take, void *arg,
                               diesel_error *err);

/* Called by `take`: how many bytes there have been up to the end of this reply. */
uint64_t dredis__reply_reader_consumed(const dredis__reply_reader *reader);

/* The same for one reply: reads from *bytes on, and gives the next reply if there is
 * one, which is then owned by the caller, and what is left in *bytes and *n. 1; 0: all
 * was used up, and more is needed; -1. */
int dredis__reply_reader_next(dredis__reply_reader *reader, const char **bytes,
                              size_t *n, dredis_reply **reply,
                              diesel_error *err);

/* Whether it is between two replies and has no bytes of the next one. */
bool dredis__reply_reader_is_empty(const dredis__reply_reader *reader);

/* Whether it knows RESP3: the highest version that may be asked for. */
bool dredis__reply_reader_knows_resp3(void);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Commands with a document sequence behind them, for any number of documents:
 *
 *     OP_MSG | 00 command | 01 "documents" doc doc ...
 *
 * The message is put together piece by piece and leaves while it is. Large
 * documents go out from where they lie in the program's memory, by gather write;
 * small ones are copied into the connection's buffer, which costs less than a piece
 * of their own. So a message of any size needs one buffer of 64 KiB; only one that
 * is to be compressed, or shown to whoever listens to commands, is put together as
 * a whole first.
 *
 *     struct dmongo__gather g;
 *     if (dmongo__gather_begin(&g, conn, &message, deadline, err) < 0)
 *         return -1;
 *     for each document
 *         dmongo__gather_copy() or _refer() or _put(), which fail like this one
 *     return dmongo__gather_end(&g);
 */
#ifndef DIESEL_MONGO_GATHER_INTERNAL_H
#define DIESEL_MONGO_GATHER_INTERNAL_H

#include "conn_internal.h"

#define DMONGO__GATHER_COPY_BELOW 1024 /* bytes that are better copied */
#define DMONGO__GATHER_PIECES 64

/* What comes before the documents, and the size of all of them. */
struct dmongo__gathered {
    uint32_t flags;
    dmongo_value command;
    size_t command_size; /* as dmongo__doc_size() has it */
    const char *sequence;
    size_t documents_size;
};

struct dmongo__gather {
    struct dmongo__conn *conn;
    diesel_error *err;
    int64_t deadline;
    size_t length;   /* of the whole message */
    bool whole;      /* all of it goes into the buffer first */
    bool has_checksum;
    uint32_t crc;    /* of what has left or is in pieces */
    uint8_t crc_bytes[4];
    /* Bytes in conn->out.data from `begin` to `end` that no piece has yet, after
     * the pieces. */
    size_t begin, end;
    int piece_count;
    struct iovec pieces[DMONGO__GATHER_PIECES];
};

/* How many bytes the message has before its documents. */
size_t dmongo__gather_prefix(const struct dmongo__gathered *message);

/* All of these: 0 (or a pointer), or -1 (or NULL) with the error that was given at
 * the beginning; DIESEL_EF_SENT if some of it has left. They switch fibers if they
 * must wait. */
int dmongo__gather_begin(struct dmongo__gather *g, struct dmongo__conn *conn,
                         const struct dmongo__gathered *message,
                         int64_t deadline, diesel_error *err);

/* n bytes of the buffer, to be filled before the next call. */
uint8_t *dmongo__gather_put(struct dmongo__gather *g, size_t n);

/* Whether dmongo__gather_put() can have n bytes at a time. */
bool dmongo__gather_fits(const struct dmongo__gather *g, size_t n);

int dmongo__gather_copy(struct dmongo__gather *g, const void *p, size_t n);

/* Bytes that stay where they are until the next _flush or the _end. */
int dmongo__gather_refer(struct dmongo__gather *g, const void *p, size_t n);

/* Sends what there is, so that what was referred to may go. */
int dmongo__gather_flush(struct dmongo__gather *g);

int dmongo__gather_end(struct dmongo__gather *g);

#endif

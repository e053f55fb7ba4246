/* SPDX-License-Identifier: MIT */
/*
 * Messages with document sequences, see gather_internal.h. What has been put
 * together is an array of pieces for one gather write; a piece is either a run of
 * the connection's buffer or memory of the program.
 *
 * With `whole`, nothing is sent before the end and everything lies in the
 * buffer, which then has room for all of it.
 */
#include "gather_internal.h"

#include <string.h>

#include "doc_internal.h"
#include "element_internal.h"

#define CHUNK ((size_t)64 * 1024) /* of the connection's buffer */

size_t dmongo__gather_prefix(const struct dmongo__gathered *message)
{
    return DMONGO__MSG_PREFIX_SIZE + message->command_size +
           dmongo__section_prefix_size(message->sequence);
}

static void end_piece(struct dmongo__gather *g)
{
    if (g->begin == g->end)
        return;
    g->pieces[g->piece_count++] =
        (struct iovec){.iov_base = g->conn->out.data + g->begin,
                       .iov_len = g->end - g->begin};
    g->begin = g->end;
}

static void add_to_checksum(struct dmongo__gather *g)
{
    for (int i = 0; i < g->piece_count; i++)
        g->crc = dmongo__crc32c(g->crc, g->pieces[i].iov_base,
                                g->pieces[i].iov_len);
}

static int send_pieces(struct dmongo__gather *g)
{
    int done = dmongo__conn_write(g->conn, g->pieces, g->piece_count,
                                  g->deadline, g->err);
    g->begin = g->end = 0;
    g->piece_count = 0;
    return done;
}

int dmongo__gather_flush(struct dmongo__gather *g)
{
    if (g->whole)
        return 0;
    end_piece(g);
    if (g->has_checksum)
        add_to_checksum(g);
    return send_pieces(g);
}

bool dmongo__gather_fits(const struct dmongo__gather *g, size_t n)
{
    return n <= g->conn->out.room;
}

uint8_t *dmongo__gather_put(struct dmongo__gather *g, size_t n)
{
    if (n > g->conn->out.room - g->end && dmongo__gather_flush(g) < 0)
        return NULL;
    g->end += n;
    return g->conn->out.data + g->end - n;
}

int dmongo__gather_copy(struct dmongo__gather *g, const void *p, size_t n)
{
    uint8_t *out = dmongo__gather_put(g, n);
    if (out == NULL)
        return -1;
    memcpy(out, p, n);
    return 0;
}

int dmongo__gather_refer(struct dmongo__gather *g, const void *p, size_t n)
{
    if (g->whole)
        return dmongo__gather_copy(g, p, n);
    /* This one, those for the bytes before it and behind it, and a checksum. */
    if (g->piece_count + 4 > DMONGO__GATHER_PIECES &&
        dmongo__gather_flush(g) < 0)
        return -1;
    end_piece(g);
    g->pieces[g->piece_count++] =
        (struct iovec){.iov_base = (void *)(uintptr_t)p, .iov_len = n};
    return 0;
}

int dmongo__gather_begin(struct dmongo__gather *g, struct dmongo__conn *conn,
                         const struct dmongo__gathered *message,
                         int64_t deadline, diesel_error *err)
{
    size_t prefix = dmongo__gather_prefix(message);
    g->conn = conn;
    g->err = err;
    g->deadline = deadline;
    g->whole = conn->packs || conn->keeps_messages;
    g->has_checksum = conn->checksums && !conn->packs;
    g->crc = 0;
    g->begin = g->end = 0;
    g->piece_count = 0;
    g->length =
        prefix + message->documents_size + (g->has_checksum ? 4 : 0);
    size_t need = prefix > CHUNK ? prefix : g->length < CHUNK ? g->length : CHUNK;
    if (dmongo__buffer_reserve(&conn->out, g->whole ? g->length : need, err) < 0)
        return -1;
    uint32_t id = dmongo__conn_begin_request(conn);
    uint8_t *out = dmongo__gather_put(g, prefix);
    uint8_t *at = dmongo__msg_begin(
        out, id, 0,
        message->flags | (g->has_checksum ? DMONGO__CHECKSUM_PRESENT : 0));
    at = dmongo__doc_write(message->command, at);
    dmongo__section_begin(at, message->sequence, message->documents_size);
    dmongo__message_end(out, g->length);
    return 0;
}

int dmongo__gather_end(struct dmongo__gather *g)
{
    if (g->whole && g->has_checksum) {
        uint8_t *message = g->conn->out.data;
        size_t n = g->length - 4;
        dmongo__store32(message + n, dmongo__crc32c(0, message, n));
    }
    if (g->whole)
        return dmongo__conn_write_message(g->conn, g->length, g->deadline,
                                          g->err);
    end_piece(g);
    if (g->has_checksum) {
        add_to_checksum(g);
        dmongo__store32(g->crc_bytes, g->crc);
        g->pieces[g->piece_count++] = (struct iovec){g->crc_bytes, 4};
    }
    return send_pieces(g);
}

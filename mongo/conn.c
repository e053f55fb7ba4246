/* SPDX-License-Identifier: MIT */
/*
 * Connections: moving messages. What they mean is not known here.
 *
 * A request is encoded into the connection's output buffer and leaves with one
 * write; a reply of ordinary size comes with one read, header and body together.
 * Both buffers stay with the connection, so that nothing is allocated per request
 * once they are large enough; those that a large message has grown are given back
 * when the connection becomes idle.
 *
 * Compressed messages lie in a third buffer. One that was received is unpacked
 * from there, so that whoever reads replies finds them where they are always.
 */
#include "conn_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <diesel/net.h>

#include "doc_internal.h"
#include "element_internal.h"

#define FIRST_READ 4096 /* room for a reply before its length is known */
/* Above what a document may have: the command around it. */
#define COMMAND_OVERHEAD (16 * 1024)

char *dmongo__host_name(const struct dmongo__host *host, diesel_error *err)
{
    static const char *const formats[] = {
        [DMONGO__HOSTNAME] = "%s:%u",
        [DMONGO__IPV4] = "%s:%u",
        [DMONGO__IP_LITERAL] = "[%s]:%u",
    };
    size_t room = strlen(host->name) + sizeof "[]:65535";
    char *name = diesel_malloc(room);
    if (name == NULL) {
        diesel_error_nomem(err, "a host name");
        return NULL;
    }
    if (host->kind == DMONGO__UNIX)
        strcpy(name, host->name);
    else
        snprintf(name, room, formats[host->kind], host->name,
                 (unsigned)host->port);
    return name;
}

static int is_closed(diesel_error *err)
{
    return diesel_error_set(err, DIESEL_E_CLOSED, DIESEL_DOM_MONGO, 0,
                            "the client has been closed");
}

int dmongo__conn_open(struct dmongo__conn *conn,
                      const struct dmongo__host *host, diesel_tls *tls,
                      int64_t deadline, diesel_error *err)
{
    diesel_stream *stream =
        host->kind == DMONGO__UNIX
            ? diesel_unix_connect(host->name, deadline, err)
            : diesel_tcp_connect(host->name, host->port,
                                 &(diesel_tcp_options){.keepalive_s = 120},
                                 deadline, err);
    if (stream == NULL)
        return -1;
    if (conn->is_shut) {
        diesel_stream_close(stream);
        return is_closed(err);
    }
    conn->stream = stream;
    if (tls == NULL)
        return 0;
    /* A Unix socket has no name for a certificate to be for, but the host's. */
    const char *name = host->kind == DMONGO__UNIX ? "localhost" : host->name;
    return diesel_tls_start(stream, tls, name, deadline, err);
}

void dmongo__conn_shut(struct dmongo__conn *conn)
{
    conn->is_shut = true;
    diesel_stream_close(conn->stream);
    conn->stream = NULL;
}

void dmongo__conn_clear(struct dmongo__conn *conn)
{
    dmongo__conn_shut(conn);
    dmongo__buffer_clear(&conn->out);
    dmongo__buffer_clear(&conn->in);
    dmongo__buffer_clear(&conn->packed);
}

uint32_t dmongo__conn_begin_request(struct dmongo__conn *conn)
{
    conn->half_used = true;
    conn->streams = false;
    return conn->awaited = ++conn->last_request;
}

int dmongo__conn_write(struct dmongo__conn *conn, const struct iovec *pieces,
                       int count, int64_t deadline, diesel_error *err)
{
    if (conn->stream == NULL)
        return is_closed(err);
    return diesel_stream_writev(conn->stream, pieces, count, deadline, err);
}

/* Whether the message in conn->out is to be compressed: its command is its body's
 * first key, behind the body's length and the key's type. */
static bool is_packed(const struct dmongo__conn *conn, size_t n)
{
    size_t key = DMONGO__MSG_PREFIX_SIZE + 4 + 1;
    if (!conn->packs || n <= key ||
        dmongo__load32(conn->out.data + 12) != DMONGO__OP_MSG)
        return false;
    const char *command = (const char *)conn->out.data + key;
    return !dmongo__is_never_packed(command, strnlen(command, n - key));
}

static int write_bytes(struct dmongo__conn *conn, const uint8_t *bytes,
                       size_t n, int64_t deadline, diesel_error *err)
{
    if (conn->stream == NULL)
        return is_closed(err);
    return diesel_stream_write(conn->stream, bytes, n, deadline, err);
}

int dmongo__conn_write_message(struct dmongo__conn *conn, size_t n,
                               int64_t deadline, diesel_error *err)
{
    dmongo__message_end(conn->out.data, n);
    if (!is_packed(conn, n))
        return write_bytes(conn, conn->out.data, n, deadline, err);
    int64_t size =
        dmongo__pack(&conn->packing, conn->out.data, n, &conn->packed, err);
    return size < 0 ? -1
                    : write_bytes(conn, conn->packed.data, (size_t)size,
                                  deadline, err);
}

/* The size of the command's document, with room for it between `prefix` and
 * `behind` bytes in the output buffer; -1 on failure. */
static int64_t make_room(struct dmongo__conn *conn, dmongo_value command,
                         size_t prefix, size_t behind, diesel_error *err)
{
    int64_t size = dmongo__doc_size(
        command, conn->limits.document + COMMAND_OVERHEAD, err);
    if (size < 0 ||
        dmongo__buffer_reserve(&conn->out, prefix + (size_t)size + behind,
                               err) < 0)
        return -1;
    return size;
}

/* Puts the checksum behind the message of n bytes in conn->out, which has room for
 * it; returns the new length. */
static size_t add_checksum(struct dmongo__conn *conn, size_t n)
{
    uint8_t *message = conn->out.data;
    dmongo__message_end(message, n + 4);
    dmongo__store32(message + n, dmongo__crc32c(0, message, n));
    return n + 4;
}

int dmongo__conn_send(struct dmongo__conn *conn, dmongo_value command,
                      uint32_t flags, int64_t deadline, diesel_error *err)
{
    bool checksum = conn->checksums && !conn->packs;
    int64_t size =
        make_room(conn, command, DMONGO__MSG_PREFIX_SIZE, checksum ? 4 : 0, err);
    if (size < 0)
        return -1;
    uint32_t id = dmongo__conn_begin_request(conn);
    uint8_t *body =
        dmongo__msg_begin(conn->out.data, id, 0,
                          flags | (checksum ? DMONGO__CHECKSUM_PRESENT : 0));
    dmongo__doc_write(command, body);
    size_t n = DMONGO__MSG_PREFIX_SIZE + (size_t)size;
    if (checksum)
        n = add_checksum(conn, n);
    conn->streams = (flags & DMONGO__EXHAUST_ALLOWED) != 0;
    return dmongo__conn_write_message(conn, n, deadline, err);
}

int dmongo__conn_send_query(struct dmongo__conn *conn, dmongo_value command,
                            int64_t deadline, diesel_error *err)
{
    static const char collection[] = "admin.$cmd";
    size_t prefix = dmongo__query_prefix_size(collection);
    int64_t size = make_room(conn, command, prefix, 0, err);
    if (size < 0)
        return -1;
    uint32_t id = dmongo__conn_begin_request(conn);
    uint8_t *body = dmongo__query_begin(conn->out.data, id, collection);
    dmongo__doc_write(command, body);
    return dmongo__conn_write_message(conn, prefix + (size_t)size, deadline,
                                      err);
}

static int malformed(diesel_error *err, const char *why)
{
    return diesel_error_set(err, DIESEL_E_PROTOCOL, DIESEL_DOM_MONGO, 0,
                            "malformed reply: %s", why);
}

/* Reads on into the buffer, in which *have bytes are, up to `most` in all. */
static int read_more(struct dmongo__conn *conn, struct dmongo__buffer *into,
                     size_t *have, size_t most, int64_t deadline,
                     diesel_error *err)
{
    if (conn->stream == NULL)
        return is_closed(err);
    ssize_t got = diesel_stream_read(conn->stream, into->data + *have,
                                     most - *have, deadline, err);
    if (got < 0)
        return -1;
    if (got == 0)
        return diesel_error_set(err, DIESEL_E_CLOSED, DIESEL_DOM_MONGO, 0,
                                *have == 0
                                    ? "the server closed the connection"
                                    : "the server closed the connection in the "
                                      "middle of a reply");
    *have += (size_t)got;
    return 0;
}

static int read_message(struct dmongo__conn *conn, struct dmongo__buffer *into,
                        struct dmongo__message *reply, int64_t deadline,
                        diesel_error *err)
{
    size_t have = 0;
    const char *why;
    for (;;) {
        ssize_t length = dmongo__message_read(reply, into->data, have,
                                              conn->limits.reply, &why);
        if (length < 0)
            return malformed(err, why);
        if (length > 0)
            return (size_t)length == have
                       ? 0
                       : malformed(err, "bytes behind the message");
        size_t need = reply->length > FIRST_READ ? reply->length : FIRST_READ;
        if (dmongo__buffer_reserve(into, need, err) < 0)
            return -1;
        /* Where another reply may follow at once, nothing of it is read yet. */
        size_t most = !conn->streams      ? into->room
                      : reply->length > 0 ? reply->length
                                          : DMONGO__HEADER_SIZE;
        if (read_more(conn, into, &have, most, deadline, err) < 0)
            return -1;
    }
}

/* Puts the message that a compressed one has in it in its place. */
static int unpack(struct dmongo__conn *conn, struct dmongo__buffer *into,
                  struct dmongo__message *reply, diesel_error *err)
{
    const char *why;
    int64_t size =
        dmongo__unpack(reply, conn->limits.reply, &conn->packed, err);
    if (size < 0)
        return -1;
    struct dmongo__buffer packed = *into;
    *into = conn->packed;
    conn->packed = packed;
    return dmongo__message_read(reply, into->data, (size_t)size, (size_t)size,
                                &why) > 0
               ? 0
               : malformed(err, why);
}

/* What a reply must be, beyond being a message. */
static int check_reply(struct dmongo__conn *conn,
                       const struct dmongo__message *reply, diesel_error *err)
{
    if (reply->response_to != conn->awaited)
        return malformed(err, "it answers another request");
    if (reply->operation == DMONGO__OP_QUERY)
        return malformed(err, "it is a request");
    bool more = reply->operation == DMONGO__OP_MSG &&
                reply->flags & DMONGO__MORE_TO_COME;
    if (more && !conn->streams)
        return malformed(err, "more replies follow that nobody asked for");
    conn->streams = more;
    conn->awaited = reply->request_id;
    return 0;
}

int dmongo__conn_receive(struct dmongo__conn *conn, struct dmongo__buffer *into,
                         struct dmongo__message *reply, int64_t deadline,
                         diesel_error *err)
{
    if (read_message(conn, into, reply, deadline, err) == 0 &&
        (reply->operation != DMONGO__OP_COMPRESSED ||
         unpack(conn, into, reply, err) == 0) &&
        check_reply(conn, reply, err) == 0) {
        conn->half_used = conn->streams;
        return 0;
    }
    if (err != NULL)
        err->flags |= DIESEL_EF_SENT;
    return -1;
}

int dmongo__conn_command(struct dmongo__conn *conn, dmongo_value command,
                         int64_t deadline, bson_t *body, diesel_error *err)
{
    struct dmongo__message reply;
    if (dmongo__conn_send(conn, command, 0, deadline, err) < 0 ||
        dmongo__conn_receive(conn, &conn->in, &reply, deadline, err) < 0)
        return -1;
    return bson_init_static(body, reply.body, reply.body_size)
               ? 0
               : malformed(err, "its body is no document");
}

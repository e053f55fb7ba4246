/* SPDX-License-Identifier: MIT */
/*
 * Connections: moving messages. What they mean is not known here.
 *
 * A request is encoded into the connection's output buffer and leaves with one
 * write; a reply of ordinary size comes with one read, header and body together.
 * Both buffers stay with the connection, so that nothing is allocated per request
 * once they are large enough; those that a large message has grown are given back
 * when the connection becomes idle.
 */
#include "conn_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <diesel/net.h>

#include "doc_internal.h"

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
                      const struct dmongo__host *host, int64_t deadline,
                      diesel_error *err)
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
    return 0;
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
}

uint32_t dmongo__conn_begin_request(struct dmongo__conn *conn)
{
    conn->half_used = true;
    return ++conn->last_request;
}

int dmongo__conn_write(struct dmongo__conn *conn, const struct iovec *pieces,
                       int count, int64_t deadline, diesel_error *err)
{
    if (conn->stream == NULL)
        return is_closed(err);
    return diesel_stream_writev(conn->stream, pieces, count, deadline, err);
}

static int write_out(struct dmongo__conn *conn, size_t n, int64_t deadline,
                     diesel_error *err)
{
    if (conn->stream == NULL)
        return is_closed(err);
    dmongo__message_end(conn->out.data, n);
    return diesel_stream_write(conn->stream, conn->out.data, n, deadline, err);
}

/* The size of the command's document, with room for it behind `prefix` bytes in
 * the output buffer; -1 on failure. */
static int64_t make_room(struct dmongo__conn *conn, dmongo_value command,
                         size_t prefix, diesel_error *err)
{
    int64_t size = dmongo__doc_size(
        command, conn->limits.document + COMMAND_OVERHEAD, err);
    if (size < 0 ||
        dmongo__buffer_reserve(&conn->out, prefix + (size_t)size, err) < 0)
        return -1;
    return size;
}

int dmongo__conn_send(struct dmongo__conn *conn, dmongo_value command,
                      uint32_t flags, int64_t deadline, diesel_error *err)
{
    int64_t size = make_room(conn, command, DMONGO__MSG_PREFIX_SIZE, err);
    if (size < 0)
        return -1;
    uint32_t id = dmongo__conn_begin_request(conn);
    uint8_t *body = dmongo__msg_begin(conn->out.data, id, 0, flags);
    dmongo__doc_write(command, body);
    return write_out(conn, DMONGO__MSG_PREFIX_SIZE + (size_t)size, deadline, err);
}

int dmongo__conn_send_query(struct dmongo__conn *conn, dmongo_value command,
                            int64_t deadline, diesel_error *err)
{
    static const char collection[] = "admin.$cmd";
    size_t prefix = dmongo__query_prefix_size(collection);
    int64_t size = make_room(conn, command, prefix, err);
    if (size < 0)
        return -1;
    uint32_t id = dmongo__conn_begin_request(conn);
    uint8_t *body = dmongo__query_begin(conn->out.data, id, collection);
    dmongo__doc_write(command, body);
    return write_out(conn, prefix + (size_t)size, deadline, err);
}

static int malformed(diesel_error *err, const char *why)
{
    return diesel_error_set(err, DIESEL_E_PROTOCOL, DIESEL_DOM_MONGO, 0,
                            "malformed reply: %s", why);
}

/* Reads on into the buffer, in which `have` bytes are: 0 or -1. */
static int read_more(struct dmongo__conn *conn, struct dmongo__buffer *into,
                     size_t *have, int64_t deadline, diesel_error *err)
{
    if (conn->stream == NULL)
        return is_closed(err);
    ssize_t got = diesel_stream_read(conn->stream, into->data + *have,
                                     into->room - *have, deadline, err);
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
        if (dmongo__buffer_reserve(into, need, err) < 0 ||
            read_more(conn, into, &have, deadline, err) < 0)
            return -1;
    }
}

int dmongo__conn_receive(struct dmongo__conn *conn, struct dmongo__buffer *into,
                         struct dmongo__message *reply, int64_t deadline,
                         diesel_error *err)
{
    if (read_message(conn, into, reply, deadline, err) < 0)
        goto fail;
    if (reply->response_to != conn->last_request) {
        malformed(err, "it answers another request");
        goto fail;
    }
    if (reply->operation == DMONGO__OP_QUERY) {
        malformed(err, "it is a request");
        goto fail;
    }
    if (reply->flags & DMONGO__MORE_TO_COME &&
        reply->operation == DMONGO__OP_MSG) {
        malformed(err, "more replies follow that nobody asked for");
        goto fail;
    }
    conn->half_used = false;
    return 0;

fail:
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

/* SPDX-License-Identifier: MIT */
/*
 * The PROXY protocol on a stream: the header is read before anything else and kept
 * with the stream, whose ends are from then on those that it has.
 */
#include <diesel/proxy_header.h>

#include <stdio.h>
#include <string.h>

#include <diesel/memory.h>

#include "proxy_parse_internal.h"
#include "stream_internal.h"

struct diesel__proxied {
    bool has_addresses;
    diesel_address source, destination;
    char *name; /* of the stream; behind the fields */
    size_t fields_size;
    uint8_t fields[];
};

/* Reads into bytes[MOST] until the header is whole: its length, or -1. */
static ssize_t read_header(diesel_stream *stream, uint8_t *bytes,
                           diesel__proxy_header *header, int64_t deadline,
                           diesel_error *err)
{
    size_t have = 0, missing;
    for (;;) {
        ssize_t length = diesel__proxy_parse(bytes, have, header, &missing, err);
        if (length < 0)
            diesel_error_prefix(err, "%s", stream->name);
        if (length != 0)
            return length;
        ssize_t got = diesel_stream_read(stream, bytes + have, missing, deadline,
                                         err);
        if (got < 0)
            return -1;
        if (got == 0)
            return diesel_error_set(err, DIESEL_E_CLOSED, DIESEL_DOM_CORE, 0,
                                    "%s: ended after %zu bytes of a PROXY header",
                                    stream->name, have);
        have += (size_t)got;
    }
}

/* What is kept; NULL without memory. */
static struct diesel__proxied *keep(const diesel_stream *stream,
                                    const diesel__proxy_header *header)
{
    char client[DIESEL_ADDRESS_TEXT];
    static const char between[] = " by way of ";
    diesel_address_text(&header->source, client, sizeof client);
    size_t name_size = strlen(client) + sizeof between + strlen(stream->name);
    struct diesel__proxied *p =
        diesel_malloc(sizeof *p + header->fields_size + name_size);
    if (p == NULL)
        return NULL;
    *p = (struct diesel__proxied){.has_addresses = header->has_addresses,
                                  .source = header->source,
                                  .destination = header->destination,
                                  .fields_size = header->fields_size};
    if (header->fields_size > 0)
        memcpy(p->fields, header->fields, header->fields_size);
    p->name = (char *)p->fields + header->fields_size;
    snprintf(p->name, name_size, "%s%s%s", client, between, stream->name);
    return p;
}

int diesel_stream_read_proxy_header(diesel_stream *stream, int64_t deadline,
                                    diesel_error *err)
{
    uint8_t bytes[DIESEL_PROXY_HEADER_MOST];
    diesel__proxy_header header;
    if (stream->proxied != NULL)
        return diesel_error_set(err, DIESEL_E_INVAL, DIESEL_DOM_CORE, 0,
                                "%s has had its PROXY header", stream->name);
    diesel__stream_enter(stream);
    ssize_t length = read_header(stream, bytes, &header, deadline, err);
    int result = length < 0 ? -1 : 0;
    if (result == 0) {
        stream->proxied = keep(stream, &header);
        if (stream->proxied == NULL)
            result = diesel_error_nomem(err, "a PROXY header");
        else if (header.has_addresses)
            stream->name = stream->proxied->name;
    }
    diesel__stream_leave(stream);
    return result;
}

bool diesel_stream_is_proxied(const diesel_stream *stream)
{
    return stream->proxied != NULL && stream->proxied->has_addresses;
}

const void *diesel_stream_proxy_field(const diesel_stream *stream, uint8_t type,
                                      size_t *length)
{
    *length = 0;
    if (stream->proxied == NULL)
        return NULL;
    return diesel__proxy_find(stream->proxied->fields,
                              stream->proxied->fields_size, type, length);
}

const diesel_address *diesel__stream_source(const diesel_stream *stream)
{
    return diesel_stream_is_proxied(stream) ? &stream->proxied->source : NULL;
}

const diesel_address *diesel__stream_destination(const diesel_stream *stream)
{
    return diesel_stream_is_proxied(stream) ? &stream->proxied->destination : NULL;
}

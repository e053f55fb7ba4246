/* SPDX-License-Identifier: MIT */
/*
 * Reading and writing messages, see wire_internal.h for their forms. The same code
 * serves both ends: the driver reads replies with it, and whoever answers drivers
 * reads requests.
 *
 * Invariants:
 *  1. Every length is compared with what is there before it is used.
 *  2. A message is refused as a whole or taken as a whole: after -1 the connection
 *     is of no use any more, as nobody knows where the next message begins.
 *  3. What dmongo__next_section() walks over has been checked when the message
 *     was read, so the walk cannot fail.
 */
#include <string.h>

#include "element_internal.h"
#include "wire_internal.h"

#define SMALLEST_DOCUMENT 5
#define KNOWN_REQUIRED_FLAGS (DMONGO__CHECKSUM_PRESENT | DMONGO__MORE_TO_COME)

/* What is still to be read of a message. */
struct cursor {
    const uint8_t *at;
    const uint8_t *end;
    const char *why;
};

static size_t left(const struct cursor *c)
{
    return (size_t)(c->end - c->at);
}

static int refuse(struct cursor *c, const char *why)
{
    c->why = why;
    return -1;
}

/* Steps over one document: its size, or -1. */
static int64_t read_document(struct cursor *c)
{
    if (left(c) < SMALLEST_DOCUMENT)
        return refuse(c, "a document ends behind the message");
    uint32_t size = dmongo__load32(c->at);
    if (size < SMALLEST_DOCUMENT || size > left(c))
        return refuse(c, "a document's length does not fit the message");
    if (c->at[size - 1] != 0)
        return refuse(c, "a document does not end with a zero byte");
    c->at += size;
    return size;
}

/* Steps over a name: its beginning, or NULL. */
static const char *read_name(struct cursor *c, const char *why)
{
    const uint8_t *zero = memchr(c->at, 0, left(c));
    if (zero == NULL) {
        refuse(c, why);
        return NULL;
    }
    const char *name = (const char *)c->at;
    c->at = zero + 1;
    return name;
}

static int read_body(struct dmongo__message *m, struct cursor *c)
{
    m->body = c->at;
    int64_t size = read_document(c);
    if (size < 0)
        return -1;
    m->body_size = (uint32_t)size;
    return 0;
}

static int read_sequence(struct cursor *c)
{
    if (left(c) < 4)
        return refuse(c, "a document sequence ends behind the message");
    uint32_t size = dmongo__load32(c->at);
    if (size < 4 + 1 || size > left(c))
        return refuse(c, "a document sequence's length does not fit the message");
    struct cursor inner = {.at = c->at + 4, .end = c->at + size};
    if (read_name(&inner, "a document sequence has no name") == NULL)
        return refuse(c, inner.why);
    while (inner.at < inner.end)
        if (read_document(&inner) < 0)
            return refuse(c, inner.why);
    c->at += size;
    return 0;
}

static int read_section(struct dmongo__message *m, struct cursor *c)
{
    uint8_t kind = *c->at++;
    if (kind == 1)
        return read_sequence(c);
    if (kind != 0)
        return refuse(c, "a section of unknown kind");
    if (m->body != NULL)
        return refuse(c, "a message with two bodies");
    return read_body(m, c);
}

static int check_crc(struct dmongo__message *m, const uint8_t *bytes,
                     struct cursor *c)
{
    if (left(c) < 4)
        return refuse(c, "the message is too short for its checksum");
    c->end -= 4;
    size_t covered = (size_t)(c->end - bytes);
    if (dmongo__crc32c(0, bytes, covered) != dmongo__load32(c->end))
        return refuse(c, "the checksum is wrong");
    m->sections_end = c->end;
    return 0;
}

static int read_msg(struct dmongo__message *m, const uint8_t *bytes,
                    struct cursor *c)
{
    if (left(c) < 4)
        return refuse(c, "the message is too short for its flags");
    m->flags = dmongo__load32(c->at);
    c->at += 4;
    if (m->flags & 0xFFFF & ~KNOWN_REQUIRED_FLAGS)
        return refuse(c, "a required flag is unknown");
    m->sections = c->at;
    m->sections_end = c->end;
    if (m->flags & DMONGO__CHECKSUM_PRESENT && check_crc(m, bytes, c) < 0)
        return -1;
    while (c->at < c->end)
        if (read_section(m, c) < 0)
            return -1;
    return m->body != NULL ? 0 : refuse(c, "the message has no body");
}

static int read_query(struct dmongo__message *m, struct cursor *c)
{
    if (left(c) < 4)
        return refuse(c, "the message is too short for its flags");
    m->flags = dmongo__load32(c->at);
    c->at += 4;
    m->collection = read_name(c, "the query's collection has no end");
    if (m->collection == NULL)
        return -1;
    if (left(c) < 8)
        return refuse(c, "the query is too short for its numbers");
    c->at += 8;
    if (read_body(m, c) < 0)
        return -1;
    /* A second document would say which fields to return; no command has it. */
    return left(c) == 0 ? 0 : refuse(c, "bytes behind the query's document");
}

static int read_reply(struct dmongo__message *m, struct cursor *c)
{
    if (left(c) < 20)
        return refuse(c, "the reply is too short for its numbers");
    m->flags = dmongo__load32(c->at);
    uint32_t count = dmongo__load32(c->at + 16);
    c->at += 20;
    if (count != 1)
        return refuse(c, "a reply that is not one document");
    if (read_body(m, c) < 0)
        return -1;
    return left(c) == 0 ? 0 : refuse(c, "bytes behind the reply's document");
}

static int read_compressed(struct dmongo__message *m, struct cursor *c)
{
    if (left(c) < 4 + 4 + 1)
        return refuse(c, "the compressed message is too short for its numbers");
    m->original = dmongo__load32(c->at);
    m->unpacked_size = dmongo__load32(c->at + 4);
    m->compressor = c->at[8];
    if (m->unpacked_size > INT32_MAX)
        return refuse(c, "the compressed message has a negative size");
    m->body = c->at + 9;
    m->body_size = (uint32_t)(left(c) - 9);
    return 0;
}

static int read_operation(struct dmongo__message *m, const uint8_t *bytes,
                          struct cursor *c)
{
    switch (m->operation) {
    case DMONGO__OP_MSG:
        return read_msg(m, bytes, c);
    case DMONGO__OP_REPLY:
        return read_reply(m, c);
    case DMONGO__OP_QUERY:
        return read_query(m, c);
    case DMONGO__OP_COMPRESSED:
        return read_compressed(m, c);
    default:
        return refuse(c, "an operation that is not known");
    }
}

ssize_t dmongo__message_read(struct dmongo__message *m, const uint8_t *bytes,
                             size_t n, size_t limit, const char **why)
{
    memset(m, 0, sizeof *m);
    if (n < 4)
        return 0;
    uint32_t length = dmongo__load32(bytes);
    if (length < DMONGO__HEADER_SIZE) {
        *why = "a message's length is less than its header's";
        return -1;
    }
    if (length > limit || length > INT32_MAX) {
        *why = "a message is larger than the limit";
        return -1;
    }
    m->length = length;
    if (n < length)
        return 0;

    m->request_id = dmongo__load32(bytes + 4);
    m->response_to = dmongo__load32(bytes + 8);
    m->operation = dmongo__load32(bytes + 12);
    struct cursor c = {.at = bytes + DMONGO__HEADER_SIZE, .end = bytes + length};
    if (read_operation(m, bytes, &c) < 0) {
        *why = c.why;
        return -1;
    }
    return (ssize_t)length;
}

int dmongo__next_section(const struct dmongo__message *m, const uint8_t **at,
                         struct dmongo__section *section)
{
    const uint8_t *p = *at != NULL ? *at : m->sections;
    while (p < m->sections_end) {
        uint8_t kind = *p++;
        uint32_t size = dmongo__load32(p);
        *at = p + size;
        if (kind == 1) {
            section->name = (const char *)p + 4;
            section->documents = p + 4 + strlen(section->name) + 1;
            section->size = (size_t)(*at - section->documents);
            return 1;
        }
        p = *at;
    }
    return 0;
}

/* Writing. */

uint8_t *dmongo__header_write(uint8_t *out, uint32_t request_id,
                              uint32_t response_to, uint32_t operation)
{
    out = dmongo__store32(out, 0);
    out = dmongo__store32(out, request_id);
    out = dmongo__store32(out, response_to);
    return dmongo__store32(out, operation);
}

uint8_t *dmongo__msg_begin(uint8_t *out, uint32_t request_id,
                           uint32_t response_to, uint32_t flags)
{
    out = dmongo__header_write(out, request_id, response_to, DMONGO__OP_MSG);
    out = dmongo__store32(out, flags);
    *out = 0;
    return out + 1;
}

size_t dmongo__query_prefix_size(const char *collection)
{
    return DMONGO__HEADER_SIZE + 4 + strlen(collection) + 1 + 8;
}

uint8_t *dmongo__query_begin(uint8_t *out, uint32_t request_id,
                             const char *collection)
{
    size_t name_size = strlen(collection) + 1;
    out = dmongo__header_write(out, request_id, 0, DMONGO__OP_QUERY);
    out = dmongo__store32(out, 4); /* a secondary may answer, too */
    memcpy(out, collection, name_size);
    out = dmongo__store32(out + name_size, 0);
    return dmongo__store32(out, UINT32_MAX); /* -1: one reply, and no cursor */
}

uint8_t *dmongo__packed_begin(uint8_t *out, const uint8_t *header,
                              uint32_t size, uint8_t compressor)
{
    out = dmongo__header_write(out, dmongo__load32(header + 4),
                               dmongo__load32(header + 8),
                               DMONGO__OP_COMPRESSED);
    out = dmongo__store32(out, dmongo__load32(header + 12));
    out = dmongo__store32(out, size);
    *out = compressor;
    return out + 1;
}

void dmongo__message_end(uint8_t *message, size_t length)
{
    dmongo__store32(message, (uint32_t)length);
}

size_t dmongo__section_prefix_size(const char *name)
{
    return 1 + 4 + strlen(name) + 1;
}

uint8_t *dmongo__section_begin(uint8_t *out, const char *name,
                               size_t documents_size)
{
    size_t name_size = strlen(name) + 1;
    *out++ = 1;
    out = dmongo__store32(out, (uint32_t)(4 + name_size + documents_size));
    memcpy(out, name, name_size);
    return out + name_size;
}

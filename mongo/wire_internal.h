/* SPDX-License-Identifier: MIT */
/*
 * MongoDB's wire protocol: messages as bytes. No I/O, no fibers, no allocation.
 *
 *     header     int32 length of all | int32 request id | int32 response to |
 *                int32 operation
 *     OP_MSG     header | uint32 flags | section ... | uint32 CRC-32C (flag)
 *     section 0  00 | document, the body: one of it in every message
 *     section 1  01 | int32 size from here on | name, ends with 00 | document ...
 *     OP_QUERY   header | int32 flags | "DB.$cmd", 00 | int32 0 | int32 -1 |
 *                document; for the first hello only
 *     OP_REPLY   header | int32 flags | int64 cursor | int32 0 | int32 count |
 *                document ...; the answer to OP_QUERY
 *     OP_COMPRESSED  see compress_internal.h
 *
 * All numbers are little-endian.
 */
#ifndef DIESEL_MONGO_WIRE_INTERNAL_H
#define DIESEL_MONGO_WIRE_INTERNAL_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum {
    DMONGO__OP_REPLY = 1,
    DMONGO__OP_QUERY = 2004,
    DMONGO__OP_COMPRESSED = 2012,
    DMONGO__OP_MSG = 2013
};

/* Flags of OP_MSG. A receiver must refuse a flag below bit 16 that it does not
 * know, and must ignore one above. */
#define DMONGO__CHECKSUM_PRESENT (UINT32_C(1) << 0)
#define DMONGO__MORE_TO_COME (UINT32_C(1) << 1) /* no reply is to be sent */
#define DMONGO__EXHAUST_ALLOWED (UINT32_C(1) << 16)

#define DMONGO__HEADER_SIZE 16
#define DMONGO__MSG_PREFIX_SIZE (DMONGO__HEADER_SIZE + 4 + 1) /* up to the body */

/* A message that was read. Pointers lead into its bytes. */
struct dmongo__message {
    uint32_t length; /* of the whole message; set as soon as it is known */
    uint32_t request_id;
    uint32_t response_to;
    uint32_t operation; /* OP_MSG, OP_QUERY, OP_REPLY or OP_COMPRESSED      */
    uint32_t flags;
    const uint8_t *body; /* the one document of all operations; of OP_COMPRESSED
                            the compressed bytes                            */
    uint32_t body_size;
    const uint8_t *sections; /* of OP_MSG, checked, for dmongo__next_section() */
    const uint8_t *sections_end;
    const char *collection; /* of OP_QUERY                                  */
    uint32_t original;      /* of OP_COMPRESSED: what it is uncompressed,   */
    uint32_t unpacked_size; /* ... and how large, without its header        */
    uint8_t compressor;
};

/* A document sequence of an OP_MSG. The documents lie one behind the other. */
struct dmongo__section {
    const char *name;
    const uint8_t *documents;
    size_t size;
};

/* Reads one message from the beginning of n bytes. > 0: its length, and *m is
 * filled; 0: more bytes are needed, m->length of them in all if it is not 0; -1:
 * malformed or larger than `limit`, with the reason, a static string, in *why. A
 * document's length is checked here, what is in it is not. */
ssize_t dmongo__message_read(struct dmongo__message *m, const uint8_t *bytes,
                             size_t n, size_t limit, const char **why);

/* Goes through the document sequences: 1 with the first (*at NULL) or next one,
 * 0 after the last. *at is the walk's own. */
int dmongo__next_section(const struct dmongo__message *m, const uint8_t **at,
                         struct dmongo__section *section);

/* Writes an OP_MSG up to where its body begins, which is what is returned. */
uint8_t *dmongo__msg_begin(uint8_t *out, uint32_t request_id,
                           uint32_t response_to, uint32_t flags);

/* The size of an OP_QUERY before its document. */
size_t dmongo__query_prefix_size(const char *collection);
uint8_t *dmongo__query_begin(uint8_t *out, uint32_t request_id,
                             const char *collection);

/* Writes a header whose length is set later; returns the end of it. */
uint8_t *dmongo__header_write(uint8_t *out, uint32_t request_id,
                              uint32_t response_to, uint32_t operation);

/* Writes the beginning of the OP_COMPRESSED of a message with that header, up to
 * where the compressed bytes begin; `size` is the message's without its header. */
uint8_t *dmongo__packed_begin(uint8_t *out, const uint8_t *header,
                              uint32_t size, uint8_t compressor);

/* Sets the length of the message that begins at `message`. */
void dmongo__message_end(uint8_t *message, size_t length);

/* What a document sequence takes before its documents, and writing it;
 * `documents_size` is the size of all of them. */
size_t dmongo__section_prefix_size(const char *name);
uint8_t *dmongo__section_begin(uint8_t *out, const char *name,
                               size_t documents_size);

/* CRC-32C (Castagnoli) of n bytes, continuing from `crc`, which is 0 at first. */
uint32_t dmongo__crc32c(uint32_t crc, const uint8_t *bytes, size_t n);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Compression of messages (OP_COMPRESSED), after MongoDB's compression
 * specification. No I/O, no fibers.
 *
 *     header, operation 2012 | int32 original operation |
 *     int32 size of the message uncompressed, without its header |
 *     uint8 compressor | compressed bytes
 *
 * Which compressors there are is decided when Diesel is configured; "noop",
 * which only wraps, is always there.
 */
#ifndef DIESEL_MONGO_COMPRESS_INTERNAL_H
#define DIESEL_MONGO_COMPRESS_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <diesel/error.h>

#include "buffer_internal.h"
#include "wire_internal.h"

/* The numbers that stand in messages. */
enum dmongo__compressor {
    DMONGO__NOOP = 0,
    DMONGO__SNAPPY = 1,
    DMONGO__ZLIB = 2,
    DMONGO__ZSTD = 3,
    DMONGO__NO_COMPRESSOR = -1
};

/* How a connection compresses what it sends. */
struct dmongo__packing {
    enum dmongo__compressor compressor;
    int zlib_level; /* -1: zlib's own */
};

/* The compressor of that name, or NO_COMPRESSOR if it is not there. */
enum dmongo__compressor dmongo__compressor_find(const char *name);

/* Its name; NULL if there is none with the number. */
const char *dmongo__compressor_name(int compressor);

/* Whether a message with this command must not be compressed, as it may have
 * secrets in it. */
bool dmongo__is_never_packed(const char *command, size_t n);

/* Makes the OP_COMPRESSED of a whole message of n bytes in *out: its size, or -1 with
 * NOMEM or LIMIT. */
int64_t dmongo__pack(const struct dmongo__packing *how, const uint8_t *message,
                     size_t n, struct dmongo__buffer *out, diesel_error *err);

/* Makes the message of an OP_COMPRESSED that was read, in *out, which must not be
 * where it lies: its size. -1 with PROTOCOL if that would be more than `limit`, if
 * the compressor is not there, or the bytes are damaged; NOMEM. Never needs
 * more memory than `limit` whatever the bytes claim. */
int64_t dmongo__unpack(const struct dmongo__message *packed, size_t limit,
                       struct dmongo__buffer *out, diesel_error *err);

#endif

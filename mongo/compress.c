/* SPDX-License-Identifier: MIT */
/*
 * Compression of messages, see compress_internal.h. One table has a row for each
 * compressor that was found at configure: how much room the result may need, and
 * both directions. Both get the room that there is and never write more; that the
 * uncompressed size is what the message says is checked here, once for all of
 * them.
 */
#include "compress_internal.h"

#include <config.h>

#include <limits.h>
#include <string.h>

#ifdef HAVE_SNAPPY
#include <snappy-c.h>
#endif
#ifdef HAVE_ZLIB
#include <zlib.h>
#endif
#ifdef HAVE_ZSTD
#include <zstd.h>
#endif

#include "element_internal.h"

#define PACKED_PREFIX_SIZE (DMONGO__HEADER_SIZE + 4 + 4 + 1)
#define ZSTD_LEVEL 3 /* its default, good for what is sent once */

/* Both return the size of what they wrote to `out`, which has `room` bytes; -1 if
 * the bytes are damaged or do not fit. */
typedef int64_t transform(const uint8_t *in, size_t n, uint8_t *out,
                          size_t room, int level);

struct kind {
    const char *name; /* NULL: not there */
    size_t (*bound)(size_t n);
    transform *pack, *unpack;
};

static size_t noop_bound(size_t n)
{
    return n;
}

static int64_t noop(const uint8_t *in, size_t n, uint8_t *out, size_t room,
                    int level)
{
    (void)level;
    if (n > room)
        return -1;
    memcpy(out, in, n);
    return (int64_t)n;
}

#ifdef HAVE_SNAPPY
static int64_t snappy_pack(const uint8_t *in, size_t n, uint8_t *out,
                           size_t room, int level)
{
    (void)level;
    return snappy_compress((const char *)in, n, (char *)out, &room) == SNAPPY_OK
               ? (int64_t)room
               : -1;
}

static int64_t snappy_unpack(const uint8_t *in, size_t n, uint8_t *out,
                             size_t room, int level)
{
    (void)level;
    return snappy_uncompress((const char *)in, n, (char *)out, &room) ==
                   SNAPPY_OK
               ? (int64_t)room
               : -1;
}
#endif

#ifdef HAVE_ZLIB
static size_t zlib_bound(size_t n)
{
    return compressBound(n);
}

static int64_t zlib_pack(const uint8_t *in, size_t n, uint8_t *out, size_t room,
                         int level)
{
    uLongf size = room;
    return compress2(out, &size, in, n, level) == Z_OK ? (int64_t)size : -1;
}

/* The stream must end exactly where the message does. */
static int64_t zlib_unpack(const uint8_t *in, size_t n, uint8_t *out,
                           size_t room, int level)
{
    (void)level;
    uLongf size = room;
    uLong used = n;
    return uncompress2(out, &size, in, &used) == Z_OK && used == n
               ? (int64_t)size
               : -1;
}
#endif

#ifdef HAVE_ZSTD
static size_t zstd_bound(size_t n)
{
    return ZSTD_compressBound(n);
}

static int64_t zstd_pack(const uint8_t *in, size_t n, uint8_t *out, size_t room,
                         int level)
{
    (void)level;
    size_t size = ZSTD_compress(out, room, in, n, ZSTD_LEVEL);
    return ZSTD_isError(size) ? -1 : (int64_t)size;
}

static int64_t zstd_unpack(const uint8_t *in, size_t n, uint8_t *out,
                           size_t room, int level)
{
    (void)level;
    size_t size = ZSTD_decompress(out, room, in, n);
    return ZSTD_isError(size) ? -1 : (int64_t)size;
}
#endif

static const struct kind kinds[] = {
    [DMONGO__NOOP] = {"noop", noop_bound, noop, noop},
#ifdef HAVE_SNAPPY
    [DMONGO__SNAPPY] = {"snappy", snappy_max_compressed_length, snappy_pack,
                        snappy_unpack},
#endif
#ifdef HAVE_ZLIB
    [DMONGO__ZLIB] = {"zlib", zlib_bound, zlib_pack, zlib_unpack},
#endif
#ifdef HAVE_ZSTD
    [DMONGO__ZSTD] = {"zstd", zstd_bound, zstd_pack, zstd_unpack},
#endif
};

enum { KIND_COUNT = sizeof kinds / sizeof kinds[0] };

/* Commands with secrets in them: a compressed size tells about the contents. */
static const char *const never_packed[] = {
    "hello",           "isMaster",   "ismaster",    "saslStart",
    "saslContinue",    "getnonce",   "authenticate", "createUser",
    "updateUser",      "copydb",     "copydbgetnonce", "copydbsaslstart",
};

enum dmongo__compressor dmongo__compressor_find(const char *name)
{
    for (int i = 0; i < KIND_COUNT; i++)
        if (kinds[i].name != NULL && strcmp(kinds[i].name, name) == 0)
            return (enum dmongo__compressor)i;
    return DMONGO__NO_COMPRESSOR;
}

const char *dmongo__compressor_name(int compressor)
{
    return compressor >= 0 && compressor < KIND_COUNT ? kinds[compressor].name
                                                      : NULL;
}

bool dmongo__is_never_packed(const char *command, size_t n)
{
    for (size_t i = 0; i < sizeof never_packed / sizeof never_packed[0]; i++)
        if (strlen(never_packed[i]) == n &&
            memcmp(never_packed[i], command, n) == 0)
            return true;
    return false;
}

int64_t dmongo__pack(const struct dmongo__packing *how, const uint8_t *message,
                     size_t n, struct dmongo__buffer *out, diesel_error *err)
{
    const struct kind *kind = &kinds[how->compressor];
    size_t body = n - DMONGO__HEADER_SIZE;
    size_t room = kind->bound(body);
    if (dmongo__buffer_reserve(out, PACKED_PREFIX_SIZE + room, err) < 0)
        return -1;
    uint8_t *at = dmongo__packed_begin(out->data, message, (uint32_t)body,
                                       (uint8_t)how->compressor);
    int64_t size = kind->pack(message + DMONGO__HEADER_SIZE, body, at, room,
                              how->zlib_level);
    if (size < 0)
        return diesel_error_nomem(err, "compressing a message");
    size += PACKED_PREFIX_SIZE;
    if (size > INT32_MAX)
        return diesel_error_set(err, DIESEL_E_LIMIT, DIESEL_DOM_MONGO, 0,
                                "a compressed message is too large");
    dmongo__message_end(out->data, (size_t)size);
    return size;
}

static int refuse(diesel_error *err, const char *why)
{
    return diesel_error_set(err, DIESEL_E_PROTOCOL, DIESEL_DOM_MONGO, 0,
                            "malformed compressed message: %s", why);
}

int64_t dmongo__unpack(const struct dmongo__message *packed, size_t limit,
                       struct dmongo__buffer *out, diesel_error *err)
{
    if (dmongo__compressor_name(packed->compressor) == NULL)
        return diesel_error_set(err, DIESEL_E_PROTOCOL, DIESEL_DOM_MONGO, 0,
                                "malformed compressed message: its compressor "
                                "number %u is not known here",
                                (unsigned)packed->compressor);
    if (packed->original == DMONGO__OP_COMPRESSED)
        return refuse(err, "it has another one in it");
    if (packed->unpacked_size > limit ||
        packed->unpacked_size + (size_t)DMONGO__HEADER_SIZE > limit)
        return refuse(err, "uncompressed it is larger than the limit");
    size_t size = DMONGO__HEADER_SIZE + packed->unpacked_size;
    if (dmongo__buffer_reserve(out, size, err) < 0)
        return -1;
    uint8_t *at = dmongo__header_write(out->data, packed->request_id,
                                       packed->response_to, packed->original);
    dmongo__message_end(out->data, size);
    int64_t got =
        kinds[packed->compressor].unpack(packed->body, packed->body_size, at,
                                         packed->unpacked_size, 0);
    if (got < 0)
        return refuse(err, "it is damaged, or larger than it says");
    if (got != (int64_t)packed->unpacked_size)
        return refuse(err, "it is smaller than it says");
    return (int64_t)size;
}

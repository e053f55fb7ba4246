/* SPDX-License-Identifier: MIT */
/*
 * Fuzz entry point of the parser of replies: bytes from a server that may be
 * anything. However they are split, the same must come out, and within limits.
 *
 * The input's first byte chooses limits, the second one how the rest is split.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <diesel/redis_reply.h>

#include "redis/reply_reader_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(claim)                                                           \
    do {                                                                       \
        if (!(claim))                                                          \
            abort();                                                           \
    } while (0)

/* What came out, in short: a hash over all that can be read in the replies. */
struct outcome {
    const dredis__limits *limits;
    uint64_t hash;
    size_t replies;
    int result;
    diesel_error err;
};

static void mix(struct outcome *out, const void *bytes, size_t n)
{
    const unsigned char *p = bytes;
    for (size_t i = 0; i < n; i++)
        out->hash = (out->hash ^ p[i]) * 0x100000001B3u;
}

static void look(struct outcome *out, const dredis_reply *r, size_t depth)
{
    mix(out, &r->type, sizeof r->type);
    mix(out, r->format, sizeof r->format);
    mix(out, &r->integer, sizeof r->integer);
    mix(out, &r->dval, sizeof r->dval);
    mix(out, &r->elements, sizeof r->elements);
    CHECK((unsigned)r->type < DREDIS__TYPE_COUNT);
    CHECK(r->len <= out->limits->bulk);
    CHECK(r->elements <= out->limits->elements);
    CHECK(r->elements == 0 || depth < out->limits->depth);
    CHECK(r->str != NULL || r->len == 0);
    if (r->str != NULL) {
        CHECK(r->str[r->len] == '\0');
        mix(out, r->str, r->len);
    }
    for (size_t i = 0; i < r->elements; i++)
        look(out, &r->element[i], depth + 1);
    if (r->attribute != NULL) {
        CHECK(r->attribute->type == DREDIS_ATTRIBUTE);
        look(out, r->attribute, depth + 1);
    }
}

static void take(void *arg, dredis_reply *reply)
{
    struct outcome *out = arg;
    out->replies++;
    look(out, reply, 0);
    dredis_reply_free(reply);
}

/* Parses in pieces of 1 to `most` bytes. */
static struct outcome parse(const dredis__limits *limits, const uint8_t *bytes,
                            size_t n, size_t most)
{
    struct outcome out = {.limits = limits};
    uint64_t state = most;
    dredis__reply_reader *reader = dredis__reply_reader_new(limits);
    CHECK(reader != NULL);
    while (n > 0 && out.result == 0) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        size_t piece = most < n ? 1 + (size_t)(state >> 33) % most : n;
        out.result = dredis__reply_reader_parse(
            reader, (const char *)bytes, piece, take, &out, &out.err);
        bytes += piece;
        n -= piece;
    }
    dredis__reply_reader_free(reader);
    return out;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const dredis__limits choice[] = {
        {128, 1 << 20, 1 << 20}, {4, 8, 16}, {128, 1 << 28, 512 << 20}, {1, 1, 1}};
    if (size < 2)
        return 0;
    const dredis__limits *limits = &choice[data[0] % 4];
    struct outcome whole = parse(limits, data + 2, size - 2, SIZE_MAX);
    struct outcome split = parse(limits, data + 2, size - 2, 1 + data[1] % 64);
    CHECK(split.result == whole.result);
    CHECK(split.replies == whole.replies);
    CHECK(split.hash == whole.hash);
    if (whole.result < 0)
        CHECK(whole.err.code == DIESEL_E_PROTOCOL ||
              whole.err.code == DIESEL_E_LIMIT);
    return 0;
}

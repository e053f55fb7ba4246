/* SPDX-License-Identifier: MIT */
/*
 * Fuzz entry point of the test server's engine: bytes from a client that may be
 * anything. However they are split, the same must come out. The input's first byte
 * says how.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "redis/server/engine_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(claim)                                                           \
    do {                                                                       \
        if (!(claim))                                                          \
            abort();                                                           \
    } while (0)

/* Feeds pieces of so many bytes to a new server; what it says is the caller's. */
static dredis__buffer run(const uint8_t *bytes, size_t n, size_t piece)
{
    dredis__engine *engine = dredis__engine_new(
        &(dredis_server_options){.user = "default", .manual_clock = true});
    dredis__buffer said = {0};
    CHECK(engine != NULL);
    dredis__peer *peer = dredis__peer_new(engine, NULL);
    CHECK(peer != NULL);
    peer->parser.limits =
        (dredis__request_limits){.args = 64, .bulk = 4096, .total = 8192};
    for (size_t at = 0; at < n && !peer->closing; at += piece) {
        char *copy = malloc(piece);
        size_t len = piece < n - at ? piece : n - at;
        CHECK(copy != NULL);
        memcpy(copy, bytes + at, len);
        dredis__engine_input(peer, copy, len);
        free(copy);
    }
    CHECK(!peer->out.failed);
    dredis__buffer_add(&said, peer->out.at, peer->out.len);
    dredis__engine_free(engine);
    return said;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    dredis__buffer whole = run(data + 1, size - 1, size);
    dredis__buffer split = run(data + 1, size - 1, 1 + data[0] % 64);
    CHECK(whole.len == split.len);
    CHECK(whole.len == 0 || memcmp(whole.at, split.at, whole.len) == 0);
    dredis__buffer_clear(&whole);
    dredis__buffer_clear(&split);
    return 0;
}

/* SPDX-License-Identifier: MIT */
/*
 * Fuzz entry point of the reader of elements: a client asks for a list, and a server
 * answers with bytes that may be anything, however they are cut, and hangs up. The
 * reader ends with the last element or an error, and gives no more than was said.
 *
 * The input's first byte chooses limits, the second one how the rest is split.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <diesel/fiber.h>
#include <diesel/net.h>
#include <diesel/redis.h>
#include <diesel/run.h>
#include <diesel/scope.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* For replay.c: each takes a scheduler and three sockets. */
extern const unsigned long fuzz_mutations;
const unsigned long fuzz_mutations = 10000;

#define CHECK(claim)                                                           \
    do {                                                                       \
        if (!(claim))                                                          \
            abort();                                                           \
    } while (0)

#define MOST_BULK 4096
#define MOST_DEPTH 8

struct speech {
    char path[64];
    diesel_listener *listener;
    const uint8_t *bytes;
    size_t n, most; /* bytes, and how many of them at a time */
    dredis_options options;
};

static int say(diesel_stream *stream, const void *bytes, size_t n)
{
    return diesel_stream_write(stream, bytes, n, DIESEL_FOREVER, NULL);
}

static void say_in_pieces(diesel_stream *stream, const struct speech *speech)
{
    uint64_t state = speech->most;
    for (size_t at = 0; at < speech->n;) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        size_t piece = 1 + (size_t)(state >> 33) % speech->most;
        if (piece > speech->n - at)
            piece = speech->n - at;
        if (say(stream, speech->bytes + at, piece) < 0 || diesel_yield(NULL) < 0)
            return;
        at += piece;
    }
}

static bool hear(diesel_stream *stream)
{
    char command[256];
    return diesel_stream_read(stream, command, sizeof command, DIESEL_FOREVER,
                              NULL) > 0;
}

/* Each connection greets with a PING. The first one is the client's shared one; the
 * command comes over one of the others. */
static int serve(void *arg)
{
    const struct speech *speech = arg;
    diesel_stream *shared = NULL, *stream;
    while ((stream = diesel_accept(speech->listener, DIESEL_FOREVER, NULL)) !=
           NULL) {
        bool greeted = hear(stream) && say(stream, "+PONG\r\n", 7) == 0;
        if (shared == NULL) {
            shared = stream;
            continue;
        }
        if (greeted && hear(stream))
            say_in_pieces(stream, speech);
        diesel_stream_close(stream);
    }
    diesel_stream_close(shared);
    return 0;
}

static void look(const dredis_reply *r, size_t depth)
{
    volatile char last = 0;
    CHECK(depth <= MOST_DEPTH);
    CHECK(r->len <= MOST_BULK);
    if (r->str != NULL)
        last = r->str[r->len];
    CHECK(last == '\0');
    for (size_t i = 0; i < r->elements; i++)
        look(&r->element[i], depth + 1);
    if (r->attribute != NULL)
        look(r->attribute, depth + 1);
}

/* An element takes three bytes at least ("+", CR, LF). */
static void read_all(dredis_elements *all, const struct speech *speech)
{
    const dredis_reply *item;
    diesel_error err;
    size_t seen = 0;
    int got;
    while ((got = dredis_elements_next(all, &item, &err)) > 0) {
        look(item, 0);
        CHECK(++seen <= dredis_elements_count(all));
        CHECK(seen <= speech->n / 3);
    }
    if (got == 0)
        CHECK(seen == dredis_elements_count(all));
    else
        CHECK(err.code == DIESEL_E_PROTOCOL || err.code == DIESEL_E_LIMIT ||
              err.code == DIESEL_E_CLOSED || err.code == DIESEL_E_IO);
}

static int ask(void *arg)
{
    struct speech *speech = arg;
    speech->listener = diesel_unix_listen(speech->path, NULL, NULL);
    CHECK(speech->listener != NULL);
    diesel_scope *scope =
        diesel_scope_open(&(diesel_scope_options){.detached = true});
    CHECK(diesel_go(scope, serve, speech) == 0);
    dredis *client = dredis_open(NULL, &speech->options, NULL);
    CHECK(client != NULL);
    dredis_elements *all =
        dredis_elements_open(client, NULL, "LRANGE", "k", 0, -1);
    if (all != NULL)
        read_all(all, speech);
    dredis_elements_close(all);
    dredis_close(client);
    diesel_scope_cancel(scope);
    diesel_scope_wait(scope, NULL);
    diesel_listener_close(speech->listener);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct speech speech = {0};
    diesel_error err;
    if (size < 2)
        return 0;
    snprintf(speech.path, sizeof speech.path, "@diesel-fuzz-elements-%d",
             (int)getpid());
    speech.options = (dredis_options){.unix_path = speech.path,
                                      .lib_name = "",
                                      .resp = 2,
                                      .max_depth = MOST_DEPTH,
                                      .max_bulk = MOST_BULK,
                                      .max_elements = data[0] % 2 != 0 ? 4 : 1024};
    speech.bytes = data + 2;
    speech.n = size - 2;
    speech.most = data[1] % 2 != 0 ? 1 + data[1] / (size_t)2 : SIZE_MAX;
    CHECK(diesel_run(ask, &speech, NULL, &err) == 0);
    return 0;
}

/* SPDX-License-Identifier: MIT */
/*
 * A server that MongoDB's clients can talk to: it keeps what is inserted, of all
 * collections together, and finds it all again.
 *
 *     mongo_answer [PORT]        0 or nothing: a free port, which it prints
 */
#include <diesel/core.h>
#include <diesel/mongo.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bson_t kept = BSON_INITIALIZER; /* an array */
static uint32_t count;

static void keep(const bson_t *doc)
{
    char key[16];
    snprintf(key, sizeof key, "%u", count++);
    bson_append_document(&kept, key, -1, doc);
}

static int insert(dmongo_peer *peer, const dmongo_request *request)
{
    dmongo_sequence sequence = {0};
    bson_t doc, array;
    bson_iter_t at;
    uint32_t before = count;
    while (dmongo_request_next(request, &sequence)) /* most clients send them so, */
        for (size_t i = 0; dmongo_sequence_next(&sequence, &i, &doc);)
            keep(&doc);
    if (dmongo_get_doc(&request->body, "documents", &array) && /* ... or so */
        bson_iter_init(&at, &array))
        while (bson_iter_next(&at)) {
            uint32_t n;
            const uint8_t *bytes;
            bson_iter_document(&at, &n, &bytes);
            if (bson_init_static(&doc, bytes, n))
                keep(&doc);
        }
    return dmongo_peer_reply(
        peer, request, dmongo_doc("n", (int)(count - before), "ok", 1.0), NULL, NULL);
}

static int find(dmongo_peer *peer, const dmongo_request *request)
{
    char ns[256];
    snprintf(ns, sizeof ns, "%s.%s", dmongo_request_database(peer, request),
             dmongo_get_str(&request->body, request->command, ""));
    return dmongo_peer_reply(
        peer, request,
        dmongo_doc("cursor", dmongo_doc("firstBatch", dmongo_bson_array(&kept),
                                        "id", (int64_t)0, "ns", ns),
                   "ok", 1.0),
        NULL, NULL);
}

static int answer(dmongo_peer *peer, const dmongo_request *request, void *arg)
{
    (void)arg;
    if (strcmp(request->command, "insert") == 0)
        return insert(peer, request);
    if (strcmp(request->command, "find") == 0)
        return find(peer, request);
    return DMONGO_UNANSWERED; /* hello, ping and the like are answered for us */
}

static int app(void *arg)
{
    diesel_error err;
    diesel_listener *listener =
        diesel_tcp_listen("127.0.0.1", *(uint16_t *)arg, NULL, &err);
    if (listener == NULL)
        return diesel_fail(&err);
    printf("listening on port %u\n", diesel_listener_port(listener));
    fflush(stdout);
    dmongo_serve_options options = {
        .answer = answer, .peer = {.compressors = "zstd,zlib,snappy"}};
    dmongo_serve(listener, &options, &err);
    return diesel_fail(&err);
}

int main(int argc, char **argv)
{
    uint16_t port = argc > 1 ? (uint16_t)atoi(argv[1]) : 0;
    return diesel_main(app, &port);
}

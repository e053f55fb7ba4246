/* SPDX-License-Identifier: MIT */
/*
 * Two streams that speak TLS with each other, for the suites of TLS.
 */
#ifndef TESTS_TLS_PAIR_H
#define TESTS_TLS_PAIR_H

#include "test_util.h"

/* One end of a handshake: what goes in, and what came of it. */
struct tls_end {
    diesel_stream *stream;
    diesel_tls *tls;
    const char *host;
    int result;
    diesel_error err;
};

struct tls_pair {
    struct tls_end client, server;
};

static int tls_end_start(void *arg)
{
    struct tls_end *end = arg;
    test_error_wipe(&end->err);
    end->result = diesel_tls_start(end->stream, end->tls, end->host,
                                   DIESEL_FOREVER, &end->err);
    return 0;
}

/* Connects and has both shake hands; the configurations stay the caller's. */
static inline void tls_pair_open(struct tls_pair *pair, diesel_tls *client,
                                 diesel_tls *server, const char *host)
{
    diesel_error err;
    diesel_stream *streams[2];
    assert_ok(diesel_stream_pair(streams, &err));
    pair->client = (struct tls_end){streams[0], client, host, -1, {0}};
    pair->server = (struct tls_end){streams[1], server, NULL, -1, {0}};
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(scope, tls_end_start, &pair->client);
    diesel_go(scope, tls_end_start, &pair->server);
    assert_ok(diesel_scope_wait(scope, &err));
}

static inline void tls_pair_must_open(struct tls_pair *pair, diesel_tls *client,
                                      diesel_tls *server, const char *host)
{
    tls_pair_open(pair, client, server, host);
    ck_assert_msg(pair->client.result == 0, "client: %s",
                  pair->client.err.message);
    ck_assert_msg(pair->server.result == 0, "server: %s",
                  pair->server.err.message);
}

static inline void tls_pair_close(struct tls_pair *pair)
{
    diesel_stream_close(pair->client.stream);
    diesel_stream_close(pair->server.stream);
}

/* A configuration that must be right. */
static inline diesel_tls *tls_made(const diesel_tls_options *options)
{
    diesel_error err;
    diesel_tls *tls = diesel_tls_new(options, &err);
    assert_made(tls);
    return tls;
}

/* "ping" and its echo. */
static inline void tls_pair_talk(struct tls_pair *pair)
{
    diesel_error err;
    char heard[5] = "";
    assert_ok(diesel_stream_write(pair->client.stream, "ping", 4,
                                  DIESEL_FOREVER, &err));
    assert_ok(diesel_stream_read_exactly(pair->server.stream, heard, 4,
                                         DIESEL_FOREVER, &err));
    ck_assert_str_eq(heard, "ping");
    assert_ok(diesel_stream_write(pair->server.stream, "pong", 4,
                                  DIESEL_FOREVER, &err));
    assert_ok(diesel_stream_read_exactly(pair->client.stream, heard, 4,
                                         DIESEL_FOREVER, &err));
    ck_assert_str_eq(heard, "pong");
}

#endif

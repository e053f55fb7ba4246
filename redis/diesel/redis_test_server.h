/* SPDX-License-Identifier: MIT */
/*
 * A Redis-like server in the program itself, for tests that shall need none.
 *
 *     dredis_server *server = dredis_server_open(NULL, &err);
 *     dredis *redis = dredis_open(dredis_server_url(server), NULL, &err);
 *     ... the code under test ...
 *     dredis_close(redis);
 *     dredis_server_close(server);
 *
 * It speaks RESP2 and RESP3 and knows the everyday commands on strings, keys,
 * hashes, lists, sets and sorted sets, those that block among them, SCAN and its
 * kind, MULTI and WATCH, pub/sub with patterns, shards and keyspace events, AUTH
 * and SELECT, and client tracking. What it knows, it answers as Redis does. It has
 * no scripts, no streams, no persistence and no cluster. All lies in memory; a
 * server is for the fibers of one thread.
 *
 * Time can be the test's: with `manual_clock` keys expire, and calls that block time
 * out, when dredis_server_advance() says so. And it breaks when it is told to, see
 * dredis_server_fault.
 */
#ifndef DIESEL_REDIS_TEST_SERVER_H
#define DIESEL_REDIS_TEST_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <diesel/error.h>
#include <diesel/stream.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct dredis_server dredis_server;

/* Zero means the default. The strings are copied. */
typedef struct dredis_server_options {
    const char *path;     /* a Unix socket to listen on; NULL: one in a new folder */
    bool tcp;             /* a free port of 127.0.0.1 instead                     */
    const char *user;     /* "default"                                            */
    const char *password; /* NULL: none is asked for                              */
    bool manual_clock;    /* time stands still until dredis_server_advance()      */
    size_t max_output;    /* 64 MiB: a client that lets so many bytes wait for it
                             is cut off, as by client-output-buffer-limit         */
    size_t max_bulk;      /* 64 MiB: bytes of one argument                        */
} dredis_server_options;

/* Starts to listen; options may be NULL. Owned by the caller: dredis_server_close().
 * NULL: NOMEM, LIMIT, BUSY, INVAL, IO. Never switches fibers. */
dredis_server *dredis_server_open(const dredis_server_options *options,
                                  diesel_error *err)
    __attribute__((warn_unused_result));

/* Hangs up on everybody and frees it. NULL does nothing. Switches fibers. */
void dredis_server_close(dredis_server *server);

/* What to give dredis_open(): "unix://..." or "redis://127.0.0.1:PORT", without a
 * password; borrowed for the server's life. Never switches fibers. */
const char *dredis_server_url(const dredis_server *server);

/* Serves a connection that the caller has made, as with diesel_stream_pair(). The
 * stream is taken. 0, or -1: NOMEM. Never switches fibers. */
int dredis_server_serve(dredis_server *server, diesel_stream *stream,
                        diesel_error *err);

/* Hangs up on everybody. With `stay_down`, it stops listening too, until the next
 * call without it: 0, or -1 if it cannot listen again, as in dredis_server_open().
 * What the keys hold stays. Switches fibers. */
int dredis_server_hang_up(dredis_server *server, bool stay_down,
                          diesel_error *err);

/* Lets so many milliseconds pass: what has expired by then is gone when the call
 * returns. Never switches fibers. */
void dredis_server_advance(dredis_server *server, int64_t ms);

/* What happens to a command instead of its reply. */
typedef enum dredis_server_action {
    DREDIS_SERVER_ERROR,  /* `text` is the error reply; it is not run            */
    DREDIS_SERVER_DELAY,  /* it runs after ms on the server's clock; what the
                             client sent behind it waits                         */
    DREDIS_SERVER_REFUSE, /* hangs up before it is run                           */
    DREDIS_SERVER_LOSE,   /* runs it and hangs up without a reply                */
    DREDIS_SERVER_CUT,    /* runs it and hangs up after `bytes` of the reply     */
    DREDIS_SERVER_HANG,   /* never runs it, nor what the client sends behind it  */
    DREDIS_SERVER_SAY     /* sends `text` as it is, and then runs it             */
} dredis_server_action;

typedef struct dredis_server_fault {
    dredis_server_action action;
    const char *command; /* "GET"; NULL: any but HELLO, AUTH, CLIENT and SELECT  */
    unsigned after;      /* so many of them pass before                          */
    unsigned times;      /* how often it strikes; 0: always                      */
    const char *text;    /* of ERROR ("LOADING Redis is loading the dataset in
                            memory") and SAY (">2\r\n+hey\r\n+you\r\n"); copied  */
    size_t bytes;        /* of CUT                                               */
    int64_t ms;          /* of DELAY                                             */
} dredis_server_fault;

/* From now on, until it has struck `times`. The first one that fits a command
 * strikes. 0, or -1: NOMEM; INVAL (no text). Never switches fibers. */
int dredis_server_fault_add(dredis_server *server,
                            const dredis_server_fault *fault, diesel_error *err);

/* Forgets all faults; what they have begun goes on. Never switches fibers. */
void dredis_server_fault_clear(dredis_server *server);

/* Sends n bytes to every client, as they are: pushes, or nonsense. Never switches
 * fibers. */
void dredis_server_say(dredis_server *server, const void *bytes, size_t n);

/* How often a command has been run or queued; NULL: all of them together. Never
 * switches fibers. */
uint64_t dredis_server_calls(const dredis_server *server, const char *command);

/* How many clients are connected now, and have been in all. Never switches fibers. */
size_t dredis_server_connected(const dredis_server *server);
uint64_t dredis_server_accepted(const dredis_server *server);

#ifdef __cplusplus
}
#endif
#endif

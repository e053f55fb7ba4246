/* SPDX-License-Identifier: MIT */
/*
 * A client of one Redis server.
 *
 *     dredis *redis = dredis_open("redis://db1/2", NULL, &err);
 *     dredis_reply *r = dredis_call(redis, &err, "SET", "answer", 42, "EX", 60);
 *     if (r == NULL)
 *         return diesel_fail(&err);
 *     dredis_reply_free(r);
 *     dredis_close(redis);
 *
 * Any number of fibers of one thread share a client. Their commands go over one
 * connection without waiting for each other's replies: what was called in one
 * round of the scheduler leaves in one write, and one read brings the replies of
 * all. No call takes a time-out; it ends with the deadline or the cancellation
 * of the caller's scope. Its reply is then dropped when it comes, and the other
 * fibers' commands are not disturbed.
 *
 * Commands that wait inside the server (BLPOP and its kind, XREAD with BLOCK) go
 * over connections of their own. Refused are commands that would change the
 * shared connection under the feet of the others: SUBSCRIBE and its kind,
 * MONITOR, MULTI, WATCH, AUTH, SELECT, HELLO, QUIT, CLIENT REPLY and some more;
 * most of them are for a connection of one's own, see <diesel/redis_session.h>.
 * What the server pushes unasked (RESP3) is counted and dropped.
 *
 * When the connection breaks, each command that had been sent, even in part,
 * fails: it may have run or not, so it is never repeated. The others go over the
 * next connection, which is made when a command needs it.
 */
#ifndef DIESEL_REDIS_CLIENT_H
#define DIESEL_REDIS_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <diesel/error.h>
#include <diesel/redis_reply.h>
#include <diesel/value.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct dredis dredis;

/* Zero means the default, or what the URL says. What is set here wins over the
 * URL. The strings are copied. */
typedef struct dredis_options {
    const char *host;        /* "127.0.0.1"; a name or an address               */
    uint16_t port;           /* 6379                                            */
    const char *unix_path;   /* a Unix socket, instead of host and port         */
    const char *user;        /* an ACL user; NULL: "default"                    */
    const char *password;    /* NULL: no AUTH                                   */
    int db;                  /* the database to SELECT                          */
    const char *client_name; /* for CLIENT SETNAME; NULL: none                  */
    int resp;                /* 3: RESP3, or RESP2 from an old server; 2: RESP2 */

    int64_t connect_timeout_ms;   /* 5000: connecting and the handshake         */
    int64_t reconnect_timeout_ms; /* 2000: how long a command waits for a new
                                     connection; -1: it does not wait           */
    int64_t backoff_ms;           /* 20: the pause after a failed attempt, which
                                     doubles with each and is drawn at random
                                     between 0 and that (full jitter)           */
    int64_t backoff_max_ms;       /* 1000: it does not grow beyond              */

    size_t max_pending;      /* 1 Mi: commands waiting for replies; then calls
                                wait for room                                   */
    size_t max_output;       /* 4 MiB: bytes waiting to be sent; likewise       */
    size_t max_dedicated;    /* 256: connections for commands that block; beyond
                                that they fail with LIMIT                       */
    size_t max_depth;        /* 128: arrays in arrays in a reply                */
    size_t max_elements;     /* 256 Mi: elements of one array in a reply        */
    size_t max_bulk;         /* 512 MiB: bytes of one string in a reply         */
    int keepalive_s;         /* 60: idle seconds before TCP keep-alive probes;
                                -1: none                                        */
} dredis_options;

/*
 * Connects, so that a wrong address or password is told at once. The URL:
 *
 *     redis://[[user]:password@]host[:port][/db][?name=value&...]
 *     unix:///path/to/socket[?db=N&...]      also redis+unix://, redis-socket://
 *
 * Everything but the scheme may be left out ("redis://"), and so may the whole
 * URL (NULL). As for redis-cli, what stands before an @ without a colon is the
 * password. Special characters in it are written as %40 and so on. Query
 * parameters are db, user, password, client_name, resp, connect_timeout_ms and
 * reconnect_timeout_ms; others are refused. valkey:// is redis://.
 *
 * Owned by the caller: dredis_close(). On failure NULL: INVAL (URL, options),
 * TLS (rediss://: not in this build), AUTH, SERVER (the database does not exist),
 * PROTOCOL (no Redis server), REFUSED, RESOLVE, TIMEDOUT, CANCELLED, CLOSED, IO,
 * LIMIT, NOMEM. Switches fibers.
 */
dredis *dredis_open(const char *url, const dredis_options *options,
                    diesel_error *err) __attribute__((warn_unused_result));

/* Closes the connections. Fibers that wait for replies get CLOSED; the memory goes
 * when the last of them has left. Must not be called twice. NULL does nothing.
 * Switches fibers. */
void dredis_close(dredis *client);

/* The server for messages, "db1:6379" or "/run/redis.sock"; borrowed for the
 * client's life. Never switches fibers. */
const char *dredis_name(const dredis *client);

/*
 * Runs one command and returns its reply, owned by the caller:
 * dredis_reply_free(). Arguments are strings, numbers, bools and diesel_bytes();
 * strings need no quoting. At most 64; longer commands are made as arrays.
 *
 *     dredis_reply *r = dredis_call(redis, &err, "GET", key);
 *
 * On failure NULL:
 *   SERVER     an error reply; the detail is its DREDIS_ERR_*
 *   TIMEDOUT, CANCELLED, of the caller's scope
 *   CLOSED, IO the connection broke
 *   PROTOCOL   the server sent what is not RESP; LIMIT: more than max_* allow
 *   INVAL      no command, a NULL argument, or a command that is refused
 *   NOMEM, and what dredis_open() returns if a new connection was needed
 * With the flag DIESEL_EF_SENT a part of the command had been sent: it may
 * have run or not. Without it, it has surely not run.
 * Switches fibers.
 */
#define dredis_call(client, err, ...)                                          \
    dredis_call_array((client), DIESEL_VALUES(__VA_ARGS__),                    \
                      DIESEL_COUNT(__VA_ARGS__), (err))

/* The same for n arguments in an array; both are borrowed for the call. */
dredis_reply *dredis_call_array(dredis *client, const diesel_value *args,
                                size_t n, diesel_error *err)
    __attribute__((warn_unused_result));

/* What a client has done so far. */
typedef struct dredis_stats {
    uint64_t commands;    /* written to a connection, the handshakes' aside     */
    uint64_t replies;     /* that came for them                                 */
    uint64_t dropped;     /* of these, nobody waited any more                   */
    uint64_t pushes;      /* sent by the server unasked, and dropped            */
    uint64_t connections; /* that were made, dedicated ones included            */
    size_t pending;       /* commands that wait for replies now, on the shared
                             connection                                         */
    size_t dedicated;     /* connections for commands that block, now           */
    int resp;             /* 2 or 3, of the shared connection; 0: there is none */
} dredis_stats;

/* Never switches fibers. */
dredis_stats dredis_stats_of(const dredis *client);

#ifdef __cplusplus
}
#endif
#endif

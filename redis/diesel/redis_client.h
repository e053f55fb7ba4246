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
 * When the connection breaks, each command that had been sent, even in part, may
 * have run or not. If it only reads, or the caller says that it may run twice (see
 * dredis_call_with()), it is sent again; otherwise it fails. What surely had not
 * been sent goes over the next connection, which is made when a command needs it.
 * While the server says that it is LOADING its data, commands wait for it as they
 * wait for a connection.
 */
#ifndef DIESEL_REDIS_CLIENT_H
#define DIESEL_REDIS_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <diesel/error.h>
#include <diesel/redis_reply.h>
#include <diesel/tls.h>
#include <diesel/value.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct dredis dredis;

/* What a credential callback fills; the strings are copied when it returns. */
typedef struct dredis_credentials {
    const char *user;     /* NULL: "default"                                    */
    const char *password;
    int64_t refresh_ms;   /* ask again after so long; 0: not by itself          */
} dredis_credentials;

/* Gives the user and the password for the next connection: 0, or -1 with *err,
 * which then is why the connection fails. It may switch fibers, for instance to ask
 * another server; several connections may ask at a time. */
typedef int dredis_credentials_fn(void *arg, dredis_credentials *credentials,
                                  diesel_error *err);

/* What is measured, see <diesel/redis_hooks.h>. */
typedef enum dredis_metrics {
    DREDIS_METRICS_NONE,
    DREDIS_METRICS_CLIENT,  /* a histogram of all commands, bytes, errors, queues */
    DREDIS_METRICS_COMMANDS /* the same, with a histogram for each command       */
} dredis_metrics;

/* Zero means the default, or what the URL says. What is set here wins over the
 * URL. The strings are copied. */
typedef struct dredis_options {
    const char *host;        /* "127.0.0.1"; a name or an address               */
    uint16_t port;           /* 6379                                            */
    const char *unix_path;   /* a Unix socket, instead of host and port         */
    const diesel_tls_options *tls; /* TLS, with what is said there (whom to trust,
                                one's own certificate); NULL: only if the URL
                                begins with rediss://, and then the system's
                                certificates are trusted                        */
    const char *tls_name;    /* whom the certificate must be for, and SNI; NULL:
                                the host                                        */
    const char *user;        /* an ACL user; NULL: "default"                    */
    const char *password;    /* NULL: no AUTH                                   */
    int db;                  /* the database to SELECT                          */
    const char *client_name; /* for CLIENT SETNAME; NULL: none                  */
    const char *lib_name;    /* "diesel-c": for CLIENT SETINFO, which CLIENT LIST
                                shows; "": nothing is said                      */
    dredis_credentials_fn *credentials; /* instead of user and password         */
    void *credentials_arg;
    bool no_evict;           /* CLIENT NO-EVICT: the server does not close us to
                                save memory                                     */
    bool no_touch;           /* CLIENT NO-TOUCH: our reads do not count as use  */
    size_t connections;      /* 1: over so many shared connections commands are
                                spread in turn                                  */
    int resp;                /* 3: RESP3, or RESP2 from an old server; 2: RESP2 */

    int64_t connect_timeout_ms;   /* 5000: connecting and the handshake         */
    int64_t reconnect_timeout_ms; /* 2000: how long a command waits for a new
                                     connection; -1: it does not wait           */
    int64_t backoff_ms;           /* 20: the pause after a failed attempt, which
                                     doubles with each and is drawn at random
                                     between 0 and that (full jitter)           */
    int64_t backoff_max_ms;       /* 1000: it does not grow beyond              */
    int64_t silence_ms;      /* a connection on which the server says nothing for
                                so long (to at most 1.5 times that) while commands
                                wait is broken; without commands a PING is sent.
                                0: for ever, as long as the network is there    */
    int64_t dead_after_ms;   /* 30000: a TCP peer that does not confirm for so long
                                what it was sent is gone; -1: the system's       */
    int max_retries;         /* 3: how often a command that may have run is sent
                                again when its connection breaks, if it only reads
                                or is marked as repeatable; -1: never            */
    bool repeat_all;         /* all commands are repeatable: they may run twice  */

    size_t max_pending;      /* 1 Mi: commands waiting for replies; then calls
                                wait for room                                   */
    size_t max_output;       /* 4 MiB: bytes waiting to be sent; likewise       */
    size_t max_dedicated;    /* 256: connections for commands that block; when
                                all are busy, others wait, and fail with LIMIT  */
    int64_t dedicated_wait_ms;  /* after so long; 0: at once                    */
    int64_t dedicated_idle_ms;  /* 60000: an idle one is closed then; -1: never */
    int64_t dedicated_life_ms;  /* an idle one of that age is closed; 0: any age */
    int64_t dedicated_check_ms; /* 30000: one that was idle for so long must answer
                                   a PING before it is used; -1: none must      */
    size_t max_depth;        /* 128: arrays in arrays in a reply                */
    size_t max_elements;     /* 256 Mi: elements of one array in a reply        */
    size_t max_bulk;         /* 512 MiB: bytes of one string in a reply         */
    int keepalive_s;         /* 60: idle seconds before TCP keep-alive probes;
                                -1: none                                        */

    const struct dredis_hooks *hooks; /* functions around each command, see
                                <diesel/redis_hooks.h>; NULL: none; copied       */
    dredis_metrics metrics;  /* NONE                                             */
    int64_t slow_ms;         /* commands that take so long are logged; 0: none   */
    bool show_values;        /* hooks and logs show values too; secrets never    */
} dredis_options;

/*
 * Connects, so that a wrong address or password is told at once. The URL:
 *
 *     redis://[[user]:password@]host[:port][/db][?name=value&...]
 *     rediss://...    the same over TLS      also redis+tls://, valkeys://
 *     unix:///path/to/socket[?db=N&...]      also redis+unix://, redis-socket://
 *
 * Everything but the scheme may be left out ("redis://"), and so may the whole
 * URL (NULL). As for redis-cli, what stands before an @ without a colon is the
 * password. Special characters in it are written as %40 and so on. Query
 * parameters are db, user, password, client_name, tls_name, resp,
 * connect_timeout_ms and reconnect_timeout_ms; others are refused. valkey:// is redis://.
 *
 * Owned by the caller: dredis_close(). On failure NULL: INVAL (URL, options),
 * TLS (the certificates), AUTH, SERVER (the database does not exist),
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

/* How one call differs from others. */
typedef struct dredis_call_options {
    bool repeatable; /* it may run twice: it is sent again when the connection
                        breaks, though it may have run                           */
} dredis_call_options;

/* dredis_call() with options, which may be NULL:
 *
 *     dredis_call_with(redis, &(dredis_call_options){.repeatable = true}, &err,
 *                      "SET", "state", "ready")
 */
#define dredis_call_with(client, options, err, ...)                            \
    dredis_call_array_with((client), (options), DIESEL_VALUES(__VA_ARGS__),    \
                           DIESEL_COUNT(__VA_ARGS__), (err))

dredis_reply *dredis_call_array_with(dredis *client,
                                     const dredis_call_options *options,
                                     const diesel_value *args, size_t n,
                                     diesel_error *err)
    __attribute__((warn_unused_result));

/* Asks the credential callback and logs in with what it says on all connections:
 * at once on the shared ones, and by the next use on the others. Commands that are
 * on their way are not disturbed. 0, or -1: INVAL (there is no callback), AUTH
 * (the server refuses; the connections stay who they were), and what the callback
 * or dredis_call() fail with. Switches fibers. */
int dredis_reauthenticate(dredis *client, diesel_error *err)
    __attribute__((warn_unused_result));

/* What a client has done so far. */
typedef struct dredis_stats {
    uint64_t commands;    /* written to a connection, the handshakes' aside     */
    uint64_t replies;     /* that came for them                                 */
    uint64_t dropped;     /* of these, nobody waited any more                   */
    uint64_t messages;    /* that have come by pub/sub                          */
    uint64_t pushes;      /* sent by the server unasked, and dropped            */
    uint64_t connections; /* that were made, dedicated ones included            */
    uint64_t reconnects;  /* of these, in place of a shared one that broke      */
    uint64_t retries;     /* requests sent again that may have run before       */
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

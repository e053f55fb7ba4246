/* SPDX-License-Identifier: MIT */
/*
 * A MongoDB client: one deployment, a pool of connections to it, and commands.
 *
 *     dmongo *mongo = dmongo_open("mongodb://localhost/app", NULL, &err);
 *     if (mongo == NULL)
 *         return diesel_fail(&err);
 *     bson_t *reply;
 *     if (dmongo_run(mongo, "admin", dmongo_doc("ping", 1), &reply, &err) < 0)
 *         return diesel_fail(&err);
 *     bson_destroy(reply);
 *     dmongo_close(mongo);
 *
 * Any number of fibers of one thread share a client. Each call takes a
 * connection out of the pool for itself, so a slow call holds up no other. A
 * call that is cancelled or timed out closes its connection, as the reply may
 * still come; nobody else notices.
 *
 * Calls take no timeouts: they obey the nearest scope's deadline, and the
 * connection string's timeoutMS for a whole call, or else its socketTimeoutMS,
 * connectTimeoutMS, waitQueueTimeoutMS and serverSelectionTimeoutMS for the parts. A
 * scope's deadline and timeoutMS are told to the server as maxTimeMS.
 *
 * Reads are sent once more if the connection breaks, and so are single writes to
 * replica sets, which know them again (retryReads, retryWrites).
 *
 * Errors read as "mongodb db1:27017: insert app.users: E11000 duplicate key
 * ... (DuplicateKey, 11000)". An error that the server reports has the code
 * DIESEL_E_SERVER (or DIESEL_E_AUTH), the domain DIESEL_DOM_MONGO and the server's
 * number in `detail`, see <diesel/mongo_codes.h>. DIESEL_EF_SENT says that the
 * server may have carried out the command; DIESEL_EF_RETRYABLE that the cause may
 * pass.
 */
#ifndef DIESEL_MONGO_CLIENT_H
#define DIESEL_MONGO_CLIENT_H

#include <stdbool.h>
#include <stddef.h>

#include <bson/bson.h>

#include <diesel/doc.h>
#include <diesel/error.h>
#include <diesel/mongo_codes.h>
#include <diesel/mongo_events.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct dmongo dmongo;
typedef struct dmongo_session dmongo_session; /* <diesel/mongo_session.h> */

/* A switch that servers have a default for: 0, nothing is sent; true (1); or
 * DMONGO_NO, which sends false. */
typedef signed char dmongo_choice;
enum { DMONGO_NO = -1 };

/* The versioned API: which commands and options the server shall take. All zero bytes:
 * all that it has. */
typedef struct dmongo_api {
    const char *version; /* "1"; NULL: none is declared                       */
    bool strict;         /* what is not in that version is refused            */
    bool deprecation_errors; /* ... and what is deprecated in it              */
} dmongo_api;

/* What is measured, see <diesel/mongo_events.h>. */
typedef enum dmongo_metrics {
    DMONGO_METRICS_NONE,
    DMONGO_METRICS_CLIENT,  /* a histogram of all commands, errors, pools      */
    DMONGO_METRICS_COMMANDS /* the same, with a histogram for each command     */
} dmongo_metrics;

/* What a connection string does not say, or what should not stand in one. All
 * zero bytes are the defaults. Strings are copied. */
typedef struct dmongo_options {
    const char *app_name; /* for the server's log, instead of the string's
                             appName; up to 128 bytes                        */
    const char *user;     /* instead of the string's user and password       */
    const char *password;
    size_t max_reply;     /* the largest reply to take, in bytes; 0: what the
                             server says in its hello, usually 48,000,000    */
    int64_t server_selection_timeout_ms; /* how long to look for a server that
                             can be used, instead of the string's
                             serverSelectionTimeoutMS; 0: what that says     */
    dmongo_api api;
    dmongo_events events; /* see <diesel/mongo_events.h>                      */
    dmongo_metrics metrics; /* NONE                                          */
    bool checksums;       /* send a CRC-32C with each request that is not
                             compressed; those of replies are always checked */
} dmongo_options;

/* Reads the connection string, connects, authenticates and learns what the server
 * is, so that a wrong address or password is told here. options may be NULL.
 *
 *     mongodb://[user:password@]host[:port][,host[:port]...][/database][?options]
 *
 * A host is a name, an IPv4 or [IPv6] address, or a Unix socket's path with its
 * slashes written as %2F. Of several hosts, the first that takes writes is used;
 * they are tried in turn, also when the connection is lost later on.
 *
 * Owned by the caller: dmongo_close(). NULL: INVAL (the string), AUTH, or, with
 * each host's own cause in the message, REFUSED, RESOLVE, TIMEDOUT, CLOSED,
 * PROTOCOL, ...; CANCELLED. Switches fibers. */
dmongo *dmongo_open(const char *uri, const dmongo_options *options,
                    diesel_error *err) __attribute__((warn_unused_result));

/* Closes the client's connections. Calls under way in other fibers fail with
 * CLOSED, and so do its cursors and sessions, which must still be closed. The server
 * is told that the client's sessions have ended. NULL does nothing. May switch
 * fibers. */
void dmongo_close(dmongo *client);

/* The connection string's database, borrowed for the client's life; NULL if it
 * names none. Never switches fibers. */
const char *dmongo_database(const dmongo *client);

/* The server in use, as messages name it: "db1:27017"; borrowed until the next
 * switch. Never switches fibers. */
const char *dmongo_server(const dmongo *client);

/* What is odd about the connection string, one sentence each: options that are
 * unknown, repeated or have a value that was ignored. NULL after the last.
 * Borrowed for the client's life. Never switches fibers. */
const char *dmongo_warning(const dmongo *client, size_t index);

/* Runs a command, whose first key is its name, in a database: 0, with the
 * server's reply in *reply, owned by the caller: bson_destroy(); reply may be
 * NULL. -1 with *reply NULL: SERVER if the reply says that the command failed, or
 * what is said on top. Write errors within a reply are not looked for.
 * Switches fibers. */
int dmongo_run(dmongo *client, const char *database, dmongo_value command,
               bson_t **reply, diesel_error *err)
    __attribute__((warn_unused_result));

/* All zero bytes are the defaults. What else a command may have, a concern or a limit
 * of time, is a field of it. */
typedef struct dmongo_run_options {
    dmongo_session *session;      /* see <diesel/mongo_session.h>; NULL: none */
    dmongo_value read_preference; /* {mode: "secondary", ...}; absent: that of a
                                     primary. The client's is not used, as nobody
                                     knows whether the command writes         */
} dmongo_run_options;

/* The same with options, which may be NULL. After MongoDB's run command
 * specification. */
int dmongo_run_with(dmongo *client, const char *database, dmongo_value command,
                    const dmongo_run_options *options, bson_t **reply,
                    diesel_error *err) __attribute__((warn_unused_result));

#ifndef __cplusplus
/* `command` may be dmongo_doc(...), a bson_t *, or a dmongo_value. */
#define dmongo_run(client, database, command, ...)                             \
    (dmongo_run)((client), (database), DMONGO_VALUE(command), __VA_ARGS__)
#define dmongo_run_with(client, database, command, ...)                        \
    (dmongo_run_with)((client), (database), DMONGO_VALUE(command), __VA_ARGS__)
#endif

#ifdef __cplusplus
}
#endif
#endif

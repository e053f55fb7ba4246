/* SPDX-License-Identifier: MIT */
/*
 * The client inside: its servers, and which of them is in use. What operations are
 * made of is in call_internal.h.
 */
#ifndef DIESEL_MONGO_CLIENT_INTERNAL_H
#define DIESEL_MONGO_CLIENT_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <bson/bson.h>

#include <diesel/console.h>
#include <diesel/log.h>
#include <diesel/mongo_client.h>
#include <diesel/scope.h>
#include <diesel/tls.h>

#include "call_internal.h"
#include "hello_internal.h"
#include "pool_internal.h"
#include "reply_internal.h"
#include "scram_internal.h"
#include "uri_internal.h"

/* One host of the connection string. */
struct dmongo__server {
    dmongo *client;
    const struct dmongo__host *host;
    char *name; /* for messages */
    struct dmongo__pool pool;
    struct dmongo__hello hello; /* of the connection made last             */
    int64_t min_rtt_ms; /* the least time for the way there and back; 0: not known */
    bool is_known;              /* it was found fit, and has not been lost since */
    diesel_error last_error;    /* why it could not be used last                 */
    struct dmongo__meter *meter; /* NULL: nothing is measured                    */
};

/* A fiber that waits until somebody has looked for a server. */
struct dmongo__selecting {
    struct dmongo__selecting *next, *previous;
    diesel_fiber *fiber;
};

struct dmongo {
    struct dmongo__uri *uri;
    size_t references; /* the program's own, and one for each call and cursor */
    bool is_closed;

    struct dmongo__server *servers; /* one for each host of the URI */
    struct dmongo__server *current; /* NULL: to be looked for       */
    bool is_looking;                /* a fiber goes through the hosts */
    int64_t look_again;             /* not before this time         */
    struct dmongo__selecting *first_selecting, *last_selecting;

    bson_t *metadata;       /* of the hello                          */
    diesel_tls *tls;        /* NULL: connections are not encrypted   */
    size_t max_reply;
    const char *user, *password; /* of the credential, or the options' */
    char *owned_user, *owned_password;
    struct dmongo__scram_keys keys;
    int64_t socket_timeout_ms; /* 0: none */

    /* What is put into commands; dmongo_absent() if the string says nothing. */
    bson_t *write_concern_doc, *read_concern_doc, *read_preference_doc;
    dmongo_value write_concern, read_concern;
    bool unacknowledged; /* w=0 */

    struct dmongo__server_session *sessions; /* those that are not in use */
    int64_t session_timeout_minutes;
    struct dmongo__cluster_time cluster_time;
    dmongo_value api_version, api_strict, api_deprecation_errors;
    char *owned_api_version;

    /* What is offered for compression, in the order of preference. */
    dmongo_value compressors[4];
    size_t compressor_count;
    bool checksums;

    dmongo_events events;
    unsigned watching; /* DMONGO__TELLS and DMONGO__MEASURES; the log is asked
                          for each operation                                */
    uint64_t last_operation;
    diesel_log_site waiting_site;
    char *app_name;              /* NULL: none */
    diesel_console_entry *shown; /* on the page "mongo" */

    diesel_scope *background; /* the pools' upkeep; NULL: there is none */
};

/* client.c */
void dmongo__client_release(dmongo *client); /* drops a reference */

/* select.c: the server in use, or the first that can be; in the first case this
 * never switches. *deadline is 0 at first, and set to when looking ends once it
 * begins. `call` is for the log; without one, each host is tried only once. NULL:
 * every host's own cause in the message; or AUTH, CANCELLED, TIMEDOUT, CLOSED. */
struct dmongo__server *dmongo__select_slowly(dmongo *client, int64_t *deadline,
                                             const struct dmongo__call *call,
                                             diesel_error *err);

static inline struct dmongo__server *
dmongo__select(dmongo *client, int64_t *deadline,
               const struct dmongo__call *call, diesel_error *err)
{
    return client->current != NULL
               ? client->current
               : dmongo__select_slowly(client, deadline, call, err);
}

/* The server cannot be reached: its connections are closed, and the next call looks
 * for a server. Ignored if `generation` is not the pool's any more. */
void dmongo__server_lost(struct dmongo__server *server, uint32_t generation);

/* The same for a server that is there but takes no writes any more. */
void dmongo__server_unfit(struct dmongo__server *server);

/* Wakes those who wait for a server, because one has been found, or they should
 * look for themselves, or the client has been closed. */
void dmongo__wake_selecting(dmongo *client);

/* A message without the "NAME: " or "connecting to NAME: " that it begins with. */
const char *dmongo__without_name(const char *message, const char *name);

/* Between two rounds of looking for a server; minHeartbeatFrequencyMS. */
#define DMONGO__PAUSE_MS 500

/* handshake.c: the pools' `make`, `greet` and `forget`; arg is the server. */
int dmongo__handshake(struct dmongo__conn *conn, void *arg, int64_t deadline,
                      diesel_error *err);
int dmongo__greet(struct dmongo__conn *conn, void *arg, int64_t deadline,
                  diesel_error *err);
void dmongo__greeting_forget(struct dmongo__conn *conn);

/* auth.c: authenticates. `hello` is the server's reply to a hello that had
 * dmongo__auth_begin()'s parts. */
enum dmongo__way {
    DMONGO__BY_SCRAM,
    DMONGO__BY_X509,
    DMONGO__BY_PLAIN,
    DMONGO__BY_NO_WAY /* of which this driver knows */
};
struct dmongo__auth {
    dmongo *client;
    enum dmongo__way way;
    bool speculated; /* the hello has the first step, of SCRAM or X.509 */
    struct dmongo__scram scram;
    char *mechs_for; /* "admin.user"; NULL: not asked for */
};
int dmongo__auth_begin(struct dmongo__auth *auth, dmongo *client,
                       diesel_error *err);
int dmongo__auth_finish(struct dmongo__auth *auth, struct dmongo__conn *conn,
                        const bson_t *hello, int64_t deadline,
                        diesel_error *err);
void dmongo__auth_clear(struct dmongo__auth *auth);

/* ns.c: "database.collection", taken apart. */
struct dmongo__ns {
    const char *text;
    dmongo_value database;
    dmongo_value collection; /* absent if there is no dot */
};
int dmongo__ns_split(struct dmongo__ns *ns, const char *text, diesel_error *err);

#endif

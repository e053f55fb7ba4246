/* SPDX-License-Identifier: MIT */
/*
 * The test server without its sockets: bytes from clients go in, bytes for them
 * come out, and time passes when it is told. No I/O, no fibers.
 *
 *     host.c          engine.c                 commands.c, cmd_*.c
 *     bytes of   ->   requests, rights,   ->   what each command does
 *     a stream   <-   faults, output      <-   data.c, pubsub.c, tracking.c
 */
#ifndef DREDIS_SERVER_ENGINE_INTERNAL_H
#define DREDIS_SERVER_ENGINE_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <diesel/redis_test_server.h>

#include "buffer_internal.h"
#include "dict_internal.h"
#include "server/request_internal.h"

enum { DREDIS__DATABASES = 16 };

typedef struct dredis__engine dredis__engine;
typedef struct dredis__peer dredis__peer;
typedef struct dredis__call dredis__call;
typedef struct dredis__object dredis__object;

/* A list of pointers; {0} is empty. */
typedef struct dredis__list {
    void **item; /* `count` of them, from `first` on */
    size_t first, count, room;
} dredis__list;

/* What a command is. */
typedef struct dredis__server_command {
    const char *name;
    int arity; /* with the name; negative: at least */
    unsigned flags;
    void (*run)(dredis__call *call);
} dredis__server_command;

enum {
    DREDIS__WRITES = 1,
    DREDIS__READS = 2,       /* of keys: what tracking is about               */
    DREDIS__SUBSCRIBED = 4,  /* allowed to a RESP2 subscriber                 */
    DREDIS__ANYONE = 8,      /* before AUTH                                   */
    DREDIS__UNQUEUED = 16,   /* runs at once inside MULTI                     */
    DREDIS__NEVER_QUEUED = 32, /* refused inside MULTI                        */
    DREDIS__GREETING = 64    /* of the handshake: faults for any command spare it */
};

/* A watched key. */
typedef struct dredis__watch {
    int db;
    dredis__blob *key;
} dredis__watch;

/* A command that was put aside: in MULTI, or because it waits. */
typedef struct dredis__kept {
    const dredis__server_command *command;
    size_t n;
    dredis__span *arg; /* they lie behind it, in the same memory */
} dredis__kept;

/* One client. */
struct dredis__peer {
    dredis__engine *engine;
    dredis__peer *prev, *next;   /* of all          */
    dredis__peer *next_output;   /* with something to send */
    bool has_output;
    void *owner;                 /* host.c's */
    uint64_t id;
    dredis__blob *name;
    int db;
    int resp;
    bool authenticated;
    dredis__request_parser parser;
    dredis__buffer in, out;
    dredis__buffer late; /* for itself, behind the reply */
    size_t cut;          /* `out` ends there, and the connection with it */
    bool is_cut;
    bool closing;        /* once `out` has left */
    /* Transactions. */
    bool in_multi, multi_failed, watch_failed;
    dredis__list queued;  /* dredis__kept *  */
    dredis__list watched; /* dredis__watch * */
    /* What it has subscribed to; no values. */
    dredis__dict channels, patterns, shards;
    /* Tracking. */
    bool tracking, bcast, optin, optout, noloop;
    int caching;        /* CLIENT CACHING for the next command: 1, 0; -1: unsaid */
    uint64_t redirect;  /* 0: to itself */
    dredis__list prefixes; /* dredis__blob * */
    /* Waiting: for a key, or because a fault delays it. */
    dredis__kept *waiting;
    int64_t until;      /* on the server's clock; 0: for ever */
    uint64_t ticket;    /* who came first is served first     */
    dredis__kept *held; /* delayed: it runs at `until`        */
    bool stuck;         /* a fault: it never runs             */
};

/* A fault, as the test asked for it. */
typedef struct dredis__fault {
    dredis_server_fault what;
    char *command, *text; /* its own copies */
    unsigned passed, done;
} dredis__fault;

struct dredis__engine {
    dredis__dict db[DREDIS__DATABASES]; /* dredis__object * */
    const char *user, *password;        /* NULL: none; borrowed */
    bool manual_clock;
    int64_t clock; /* manual: the time; else what is added to the real one */
    dredis__peer *peers;
    dredis__peer *output; /* a list of those with something to send */
    uint64_t next_id, next_ticket;
    uint64_t random;
    unsigned events; /* of notify-keyspace-events */
    dredis__dict tracked; /* key -> dredis__list * of peers' ids */
    dredis__list faults;  /* dredis__fault * */
    dredis__dict calls;   /* command -> score: how often */
    uint64_t commands;
    bool serving_waiters, keys_ready;
};

/* A command that runs. */
struct dredis__call {
    dredis__engine *engine;
    dredis__peer *peer;
    const dredis__server_command *command;
    size_t n;
    const dredis__span *arg;
    dredis__buffer *out;
    bool may_wait;
    bool waits;     /* set by the command: there is nothing for it yet */
    int64_t until;  /* with `waits`; 0: for ever                       */
};

/* --- engine.c */

/* NULL: no memory. */
dredis__engine *dredis__engine_new(const dredis_server_options *options);
void dredis__engine_free(dredis__engine *engine);
dredis__peer *dredis__peer_new(dredis__engine *engine, void *owner);
void dredis__peer_free(dredis__peer *peer);

/* n bytes have come from the client. */
void dredis__engine_input(dredis__peer *peer, const char *bytes, size_t n);

/* A client that has something in `out` or is to be closed; NULL: there is none. It
 * leaves the list. */
dredis__peer *dredis__engine_next_output(dredis__engine *engine);
void dredis__peer_has_output(dredis__peer *peer);

/* Milliseconds since 1970, as the server sees it. */
int64_t dredis__engine_now(const dredis__engine *engine);

/* When something happens by itself; INT64_MAX: never. And makes it happen. */
int64_t dredis__engine_due(const dredis__engine *engine);
void dredis__engine_tick(dredis__engine *engine);

/* Runs a command that is allowed, and what follows from it. */
void dredis__call_run(dredis__call *call);
dredis__kept *dredis__kept_new(const dredis__server_command *command, size_t n,
                               const dredis__span *arg);
uint64_t dredis__random(dredis__engine *engine, uint64_t below);
dredis__peer *dredis__peer_find(dredis__engine *engine, uint64_t id);
void dredis__peer_reset(dredis__peer *peer);
void dredis__peer_forget_waiting(dredis__peer *peer);

/* --- faults.c */

/* Does to the command what a fault asks for: true, and it is not to be run. */
bool dredis__fault_strikes(dredis__call *call);
int dredis__fault_add(dredis__engine *engine, const dredis_server_fault *fault);
void dredis__faults_clear(dredis__engine *engine);

/* --- commands.c */
const dredis__server_command *dredis__server_command_find(dredis__span name);
const dredis__server_command *dredis__server_command_next(const dredis__server_command *command);

/* --- list.c: 0, or -1 without memory */
int dredis__list_add(dredis__list *list, size_t at, void *item);
void *dredis__list_take(dredis__list *list, size_t at);
void dredis__list_clear(dredis__list *list, dredis__free_fn *free_item);
static inline void *dredis__list_at(const dredis__list *list, size_t at)
{
    return list->item[list->first + at];
}
static inline int dredis__list_push(dredis__list *list, void *item)
{
    return dredis__list_add(list, list->count, item);
}

/* --- say.c: replies, in the client's version of RESP */
void dredis__say_status(dredis__call *call, const char *text);
void dredis__say_ok(dredis__call *call);
void dredis__say_error(dredis__call *call, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void dredis__say_int(dredis__call *call, long long value);
void dredis__say_double(dredis__call *call, double value);
void dredis__say_span(dredis__call *call, dredis__span span);
void dredis__say_verbatim(dredis__call *call, const dredis__buffer *text);
void dredis__say_text(dredis__call *call, const char *text);
void dredis__say_blob(dredis__call *call, const dredis__blob *blob); /* NULL: nil */
void dredis__say_nil(dredis__call *call);
void dredis__say_nil_array(dredis__call *call);
void dredis__say_array(dredis__call *call, size_t n);
void dredis__say_map(dredis__call *call, size_t pairs);
void dredis__say_set(dredis__call *call, size_t n);
void dredis__say_syntax(dredis__call *call);
void dredis__say_no_memory(dredis__call *call);
int dredis__print_score(char text[40], double value);

/* To a client other than the one whose command runs, or to that one, behind its
 * reply: the buffer to append to. */
dredis__buffer *dredis__push_to(dredis__peer *peer, const dredis__call *call);
void dredis__put_bulk(dredis__buffer *out, dredis__span span);
void dredis__put_header(dredis__buffer *out, char type, long long n);

/* Arguments: 0, or -1, and the error has been said. */
int dredis__arg_int(dredis__call *call, size_t i, long long *value);
int dredis__arg_double(dredis__call *call, size_t i, double *value);
bool dredis__arg_is(const dredis__call *call, size_t i, const char *word);

/* --- pubsub.c, tracking.c, waiting.c, multi.c */
size_t dredis__publish(dredis__engine *engine, const dredis__call *call,
                       dredis__span channel, dredis__span message, bool shard);
void dredis__peer_unsubscribe_all(dredis__peer *peer);
size_t dredis__peer_subscriptions(const dredis__peer *peer);
void dredis__tracking_read(const dredis__call *call, dredis__span key);
void dredis__tracking_changed(dredis__engine *engine, const dredis__call *call,
                              const dredis__span *key); /* NULL: all keys */
void dredis__tracking_off(dredis__peer *peer);
void dredis__client_tracking(dredis__call *call);
void dredis__client_caching(dredis__call *call);
void dredis__waiting_serve(dredis__engine *engine);
void dredis__waiting_time_out(dredis__peer *peer);
void dredis__watch_changed(dredis__engine *engine, int db, dredis__span key);
void dredis__watch_all_changed(dredis__engine *engine);
void dredis__peer_unwatch(dredis__peer *peer);
void dredis__peer_discard(dredis__peer *peer);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * A runner for MongoDB's unified test format, over files that are not part of the
 * project: DIESEL_MONGODB_SPECS names the folder.
 *
 * Who does what: file.c reads a file, decides which tests can run and with what server;
 * world.c holds a test's entities; events.c and logs.c keep what the driver tells;
 * proxy.c, between a client and the server, fails commands and plays what the server is
 * not; match.c compares; arguments.c reads what an operation is given, and complains about
 * what it does not know; the op_*.c carry operations out; run.c runs a test; skips.c knows
 * what the server at hand cannot do.
 */
#ifndef TESTS_UNIFIED_H
#define TESTS_UNIFIED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <bson/bson.h>

#include <diesel/core.h>
#include <diesel/mongo.h>

#define UNIFIED_WHY 400 /* bytes of a reason */

/* --- Entities */

typedef enum unified_kind {
    UNIFIED_CLIENT,
    UNIFIED_DATABASE,
    UNIFIED_COLLECTION,
    UNIFIED_SESSION,
    UNIFIED_BUCKET,
    UNIFIED_CURSOR,
    UNIFIED_VALUE
} unified_kind;

typedef struct unified_event {
    struct unified_event *next;
    const char *kind; /* "command" or "cmap"       */
    char type[80];    /* "commandStartedEvent", ... */
    bson_t *fields;
} unified_event;

typedef struct unified_log unified_log;

typedef struct unified_entity {
    struct unified_entity *next;
    char id[80];
    unified_kind kind;
    struct unified_entity *client; /* whose client is used: itself for a client */
    char name[200];         /* the database, or "database.collection"           */
    dmongo *mongo;          /* UNIFIED_CLIENT */
    bool sees_secrets;
    bson_t *observed;       /* {"names": types of events that are recorded}     */
    bson_t *ignored;        /* {"names": commands that are not}                 */
    unified_event *events, **last_event;
    int log_levels[4];      /* by component; 0: it is not observed              */
    unified_log *logs, **last_log;
    int made, checked_out;  /* connections                                      */
    struct unified_proxy *proxy;
    uint16_t port;          /* of the proxy                                     */
    dmongo_session *session;
    bson_t *session_id;     /* stays when the session has ended                 */
    dmongo_gridfs *bucket;
    dmongo_cursor *cursor;
    bson_t *value;          /* {"v": ...} */
    bson_t *options;        /* of a database or collection: its concerns; or NULL */
} unified_entity;

/* A server at hand, of two: the second one wants a password. */
typedef struct unified_server {
    const char *uri;   /* NULL: there is none */
    dmongo *internal;
    bson_t *hello, *build;
} unified_server;

typedef struct unified_world {
    const unified_server *servers;
    const unified_server *server;
    dmongo *internal;    /* a client that nobody observes */
    bool is_set;         /* the proxies say that the server is a replica set's */
    unified_entity *entities;
    char why[UNIFIED_WHY];
} unified_world;

unified_entity *unified_find(unified_world *world, const char *id);
int unified_create(unified_world *world, const bson_t *list);
unified_entity *unified_add(unified_world *world, const char *id,
                            unified_kind kind);
void unified_close_all(unified_world *world);

/* Puts "WHAT: " before the reason and returns -1. */
int unified_prefix(unified_world *world, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Leaves a reason and returns -1. */
int unified_fail(unified_world *world, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* --- What came of an operation */

typedef struct unified_outcome {
    bool failed;
    diesel_error error;
    dmongo_result *details; /* of a write that failed; NULL */
    bson_t *value;          /* {"v": result}; {} if it has none */
} unified_outcome;

/* --- What the driver tells: events, and the log */

/* The functions to be told, for a client entity. */
dmongo_events unified_events(unified_entity *client);
void unified_events_clear(unified_entity *client);
int unified_check_events(unified_world *world, const bson_t *test);
int unified_count_events(unified_world *world, const unified_entity *client,
                         const bson_t *expected);

/* The world's clients get what is logged from now on; until the end. */
void unified_logs_begin(unified_world *world);
void unified_logs_end(void);
int unified_observe_logs(unified_world *world, unified_entity *client,
                         const bson_t *doc);
void unified_logs_clear(unified_entity *client);
int unified_check_logs(unified_world *world, const bson_t *test);

/* Whether the array at the path has this name, in whatever case. doc may be NULL. */
bool unified_is_listed(const bson_t *doc, const char *path, const char *name);

/* --- Matching. `root`: extra keys are allowed. *actual NULL: absent. */
bool unified_match(unified_world *world, const bson_iter_t *expected,
                   const bson_iter_t *actual, bool root);

/* --- Arguments. Every one that is asked for is noted; at the end the others are
 * unknown, which fails the test. */
typedef struct unified_arguments {
    unified_world *world;
    bson_t doc;
    uint64_t seen; /* bit i: the i-th key */
} unified_arguments;

void unified_arguments_begin(unified_arguments *a, unified_world *world,
                             const bson_t *operation);
int unified_arguments_end(unified_arguments *a);
bool unified_has(unified_arguments *a, const char *key);
dmongo_value unified_value(unified_arguments *a, const char *key);
int64_t unified_int(unified_arguments *a, const char *key, int64_t fallback);
bool unified_bool(unified_arguments *a, const char *key, bool fallback);
dmongo_choice unified_choice(unified_arguments *a, const char *key);
const char *unified_str(unified_arguments *a, const char *key);
dmongo_session *unified_session(unified_arguments *a);
bool unified_doc(unified_arguments *a, const char *key, bson_t *view);

/* --- Operations: 1 if the name is one of theirs, 0 if not, -1 with world->why if the
 * runner cannot do it. */
typedef int unified_op(unified_entity *on, const char *name,
                       unified_arguments *a, unified_outcome *out);
unified_op unified_op_collection, unified_op_write, unified_op_index,
    unified_op_database, unified_op_client, unified_op_session,
    unified_op_bucket, unified_op_cursor, unified_op_runner;

/* For operations: results. */
void unified_return(unified_outcome *out, dmongo_value value);
void unified_return_documents(unified_outcome *out, dmongo_cursor *cursor,
                              const char *only_field);

/* --- Running */

enum { UNIFIED_REASONS = 100 };

typedef struct unified_totals {
    int passed, failed, skipped, needless;
    /* Why tests were skipped, and how many each. */
    struct {
        char why[120];
        int count;
    } reasons[UNIFIED_REASONS];
} unified_totals;

/* One test of a file, in a world of its own: 1 passed, 0 skipped, -1 failed, with the
 * reason in world->why. */
int unified_run_test(unified_world *world, const bson_t *file,
                     const bson_t *test);

/* Chooses the server, and what the proxies say that it is, so that what file and test
 * require is met; a reason if nothing does. */
bool unified_choose(unified_world *world, const bson_t *file, const bson_t *test);

/* Why a test is known to fail with the server that has this buildInfo; NULL: it is
 * not. */
const char *unified_known(const bson_t *build, const char *file, const char *test);

/* Runs all tests of a file and prints a line for each. */
void unified_run_file(unified_world *server, const char *path,
                      const char *shown, unified_totals *totals);

/* --- Between a client and the server: proxy.c fails commands as MongoDB's fail point
 * failCommand does, since servers other than MongoDB's have none, and says what the server
 * is, where a test wants a replica set. */

/* Starts a proxy for the client entity: 0 with its port; or -1 with world->why. */
int unified_proxy_open(unified_world *world, unified_entity *client,
                       uint16_t *port);
void unified_proxy_close(unified_entity *client);

/* Sends a configureFailPoint command by this client, which the proxies obey: 0 or -1. */
int unified_fail_point(unified_world *world, const unified_entity *client,
                       const bson_t *command);
void unified_fail_points_off(void);

#endif

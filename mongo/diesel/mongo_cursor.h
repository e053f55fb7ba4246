/* SPDX-License-Identifier: MIT */
/*
 * Reading: find, aggregate, and the cursor over their results; counting.
 *
 *     dmongo_cursor *cursor = dmongo_find(mongo, "app.users",
 *         dmongo_doc("age", dmongo_doc("$gt", 30)),
 *         &(dmongo_find_options){.sort = dmongo_doc("name", 1), .limit = 10},
 *         &err);
 *     const bson_t *user;
 *     int got;
 *     while ((got = dmongo_cursor_next(cursor, &user, &err)) > 0)
 *         puts(dmongo_get_str(user, "name", ""));
 *     dmongo_cursor_close(cursor);
 *     if (got < 0)
 *         return diesel_fail(&err);
 *
 * A collection is named "database.collection". A filter, a pipeline and what is
 * in the options is borrowed for the length of the call only.
 *
 * A document comes back as a view into the batch that the server sent; nothing is
 * copied.
 *
 * With .prefetch a cursor asks for the next batch as soon as it has one, so that the
 * server works, and the network carries, while the program does. That takes a second
 * connection for the time that a batch takes, and memory for two batches instead of
 * one. Closing the cursor, or cancelling the fiber that reads it and closes it then,
 * ends the fetching.
 */
#ifndef DIESEL_MONGO_CURSOR_H
#define DIESEL_MONGO_CURSOR_H

#include <stdbool.h>
#include <stdint.h>

#include <bson/bson.h>

#include <diesel/mongo_client.h>
#include <diesel/doc.h>
#include <diesel/error.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct dmongo_cursor dmongo_cursor;

/* All zero bytes are the defaults; a value that is not set is not sent. */
typedef struct dmongo_find_options {
    dmongo_value projection;
    dmongo_value sort;
    dmongo_value hint;
    dmongo_value collation;
    dmongo_value let;
    dmongo_value comment;
    int64_t skip;
    int64_t limit;       /* 0: all                                           */
    int32_t batch_size;  /* documents per reply; 0: the server's             */
    int64_t max_time_ms; /* on the server; 0: no limit                       */
    dmongo_choice allow_disk_use;
    dmongo_value min, max; /* bounds of an index, which `hint` names         */
    bool return_key;       /* the index's keys instead of documents          */
    bool show_record_id;
    bool no_cursor_timeout;     /* the server keeps an idle cursor, too      */
    bool allow_partial_results; /* if some shards cannot be reached          */
    bool tailable; /* of a capped collection: the cursor's end is not the end;
                      dmongo_cursor_next() waits for documents that are inserted
                      later, until the nearest scope's deadline            */
    int64_t max_await_ms; /* ... and asks again after so long; 0: the server's */
    bool prefetch; /* ask for each batch while the one before is read, see
                      above; not of a tailable cursor, nor in a session     */
    dmongo_session *session; /* see <diesel/mongo_session.h>; NULL: none */
    dmongo_value read_concern, read_preference; /* instead of the client's */
} dmongo_find_options;

typedef struct dmongo_aggregate_options {
    dmongo_value hint;
    dmongo_value collation;
    dmongo_value let;
    dmongo_value comment;
    int32_t batch_size;
    int64_t max_time_ms;
    dmongo_choice allow_disk_use;
    dmongo_choice bypass_document_validation; /* of $out and $merge */
    bool prefetch; /* as of dmongo_find() */
    dmongo_session *session; /* see <diesel/mongo_session.h>; NULL: none */
    dmongo_value read_concern, read_preference; /* instead of the client's */
    dmongo_value write_concern; /* likewise, of $out and $merge */
} dmongo_aggregate_options;

typedef struct dmongo_count_options {
    dmongo_value hint;
    dmongo_value collation;
    dmongo_value comment;
    int64_t skip;
    int64_t limit; /* 0: all */
    int64_t max_time_ms;
    dmongo_session *session; /* see <diesel/mongo_session.h>; NULL: none */
    dmongo_value read_concern, read_preference; /* instead of the client's */
} dmongo_count_options;

/* Sends the query and takes the first batch. options may be NULL. What comes back
 * is owned by the caller: dmongo_cursor_close(); NULL on failure. Switches
 * fibers. */
dmongo_cursor *dmongo_find(dmongo *client, const char *ns, dmongo_value filter,
                           const dmongo_find_options *options,
                           diesel_error *err)
    __attribute__((warn_unused_result));

/* The first document that matches: 1 with it in *found, owned by the caller:
 * bson_destroy(); 0 if there is none; -1 on failure. In the last two cases *found
 * is NULL, from which dmongo_get_...() give their fallbacks and which
 * bson_destroy() takes. What is about cursors is not looked at. Switches
 * fibers. */
int dmongo_find_one(dmongo *client, const char *ns, dmongo_value filter,
                    const dmongo_find_options *options, bson_t **found,
                    diesel_error *err) __attribute__((warn_unused_result));

/* Runs a pipeline, an array of stages: dmongo_array(dmongo_doc("$match", ...),
 * ...), or a bson_t whose keys are "0", "1", and so on. With a database's name
 * alone for `ns`, it runs on the database. As dmongo_find() otherwise. */
dmongo_cursor *dmongo_aggregate(dmongo *client, const char *ns,
                                dmongo_value pipeline,
                                const dmongo_aggregate_options *options,
                                diesel_error *err)
    __attribute__((warn_unused_result));

typedef struct dmongo_run_cursor_options {
    int32_t batch_size; /* of what is asked for after the first batch; 0: the
                           server's */
    dmongo_value comment; /* likewise */
    int64_t max_await_ms; /* likewise: maxTimeMS, how long the server waits for
                             documents of a tailable cursor; 0: is not said   */
    dmongo_session *session;      /* as in dmongo_run_options */
    dmongo_value read_preference; /* likewise */
} dmongo_run_cursor_options;

/* Runs any command that returns a cursor, whose first key is its name, in a
 * database. As dmongo_find() otherwise. */
dmongo_cursor *dmongo_run_cursor(dmongo *client, const char *database,
                                 dmongo_value command,
                                 const dmongo_run_cursor_options *options,
                                 diesel_error *err)
    __attribute__((warn_unused_result));

/* 1: the next document in *doc, borrowed until the next call with this cursor;
 * 0: there are no more; -1: failure, and from then on the same failure. *doc is
 * NULL in the last two cases. A NULL cursor, from a dmongo_find() that failed,
 * gives -1 and leaves the error that *err has. Switches fibers when it
 * needs another batch; checks for cancellation always. */
int dmongo_cursor_next(dmongo_cursor *cursor, const bson_t **doc,
                       diesel_error *err) __attribute__((warn_unused_result));

/* Closes and frees the cursor. If the server has more of its documents, it is told
 * to forget them, even if the fiber is cancelled; this switches fibers, and is
 * given up after a second. NULL does nothing. */
void dmongo_cursor_close(dmongo_cursor *cursor);

/* How many documents match, counted by the server by looking at them: the count,
 * or -1. options may be NULL. Switches fibers. */
int64_t dmongo_count(dmongo *client, const char *ns, dmongo_value filter,
                     const dmongo_count_options *options, diesel_error *err)
    __attribute__((warn_unused_result));

typedef struct dmongo_estimated_options {
    dmongo_value comment;
    int64_t max_time_ms; /* on the server; 0: no limit */
    dmongo_session *session; /* see <diesel/mongo_session.h>; NULL: none */
    dmongo_value read_concern, read_preference; /* instead of the client's */
} dmongo_estimated_options;

/* How many documents the collection has by its own book-keeping, which is quick
 * but may be off after a crash or on a sharded cluster: the count, or -1. options may
 * be NULL. Switches fibers. */
int64_t dmongo_estimated_count(dmongo *client, const char *ns,
                               const dmongo_estimated_options *options,
                               diesel_error *err)
    __attribute__((warn_unused_result));

typedef struct dmongo_distinct_options {
    dmongo_value hint;
    dmongo_value collation;
    dmongo_value comment;
    int64_t max_time_ms; /* on the server; 0: no limit */
    dmongo_session *session; /* see <diesel/mongo_session.h>; NULL: none */
    dmongo_value read_concern, read_preference; /* instead of the client's */
} dmongo_distinct_options;

/* The different values that the documents which match have in a field, given by its
 * path: 0 with an array of them in *values, owned by the caller: bson_destroy(); -1
 * with *values NULL. options may be NULL. Switches fibers. */
int dmongo_distinct(dmongo *client, const char *ns, const char *field,
                    dmongo_value filter, const dmongo_distinct_options *options,
                    bson_t **values, diesel_error *err)
    __attribute__((warn_unused_result));

#ifndef __cplusplus
/* Documents may be dmongo_doc(...), a bson_t *, or a dmongo_value. What comes
 * behind them is passed on as it is, so that options may be written in place. */
#define dmongo_find(client, ns, filter, ...)                                   \
    (dmongo_find)((client), (ns), DMONGO_VALUE(filter), __VA_ARGS__)
#define dmongo_find_one(client, ns, filter, ...)                               \
    (dmongo_find_one)((client), (ns), DMONGO_VALUE(filter), __VA_ARGS__)
#define dmongo_aggregate(client, ns, pipeline, ...)                            \
    (dmongo_aggregate)((client), (ns), DMONGO_VALUE(pipeline), __VA_ARGS__)
#define dmongo_count(client, ns, filter, ...)                                  \
    (dmongo_count)((client), (ns), DMONGO_VALUE(filter), __VA_ARGS__)
#define dmongo_distinct(client, ns, field, filter, ...)                        \
    (dmongo_distinct)((client), (ns), (field), DMONGO_VALUE(filter),           \
        __VA_ARGS__)
#define dmongo_run_cursor(client, database, command, ...)                      \
    (dmongo_run_cursor)((client), (database), DMONGO_VALUE(command),           \
        __VA_ARGS__)
#endif

#ifdef __cplusplus
}
#endif
#endif

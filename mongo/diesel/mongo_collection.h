/* SPDX-License-Identifier: MIT */
/*
 * Collections, views and databases: creating, listing, renaming, dropping.
 *
 *     if (dmongo_create_collection(mongo, "app.log",
 *             &(dmongo_create_options){.capped_bytes = 1 << 20}, &err) < 0)
 *         return diesel_fail(&err);
 *
 * Most programs need none of this: a collection comes into being when the first
 * document is inserted.
 *
 * All calls switch fibers. Options may be NULL, and what they hold is borrowed for
 * the length of the call. After the database commands that the calls are named
 * for: https://www.mongodb.com/docs/manual/reference/command/
 */
#ifndef DIESEL_MONGO_COLLECTION_H
#define DIESEL_MONGO_COLLECTION_H

#include <stdbool.h>
#include <stdint.h>

#include <bson/bson.h>

#include <diesel/doc.h>
#include <diesel/error.h>
#include <diesel/mongo_client.h>
#include <diesel/mongo_cursor.h>

#ifdef __cplusplus
extern "C" {
#endif

/* All zero bytes are the defaults; a value that is not set is not sent. */
typedef struct dmongo_create_options {
    int64_t capped_bytes;     /* makes it a capped collection of that size */
    int64_t capped_documents; /* ... and of at most so many documents      */
    dmongo_value validator;   /* a query that documents must match         */
    const char *validation_level;  /* "off", "strict", "moderate" */
    const char *validation_action; /* "error", "warn"             */
    const char *view_on;      /* makes it a view of that collection ...    */
    dmongo_value pipeline;    /* ... through these stages                  */
    dmongo_value collation;
    dmongo_value time_series; /* {timeField: ..., metaField: ...}          */
    dmongo_value expire_after_seconds; /* of time series and clustered ones */
    dmongo_value clustered_index;
    dmongo_value comment;
    dmongo_value more; /* a document of further fields of the command */
} dmongo_create_options;

/* Creates a collection or a view. SERVER with DMONGO_NAMESPACE_EXISTS in
 * err->detail if there is one of that name; servers since MongoDB 7.0 say so only if it
 * has other options. */
int dmongo_create_collection(dmongo *client, const char *ns,
                             const dmongo_create_options *options,
                             diesel_error *err)
    __attribute__((warn_unused_result));

/* Drops a collection or a view, with its indexes. One that does not exist is no
 * error. */
int dmongo_drop_collection(dmongo *client, const char *ns, diesel_error *err)
    __attribute__((warn_unused_result));

/* Gives the collection another name, "database.collection" like the first; with
 * drop_target, one that has that name already is dropped. */
int dmongo_rename_collection(dmongo *client, const char *ns, const char *to,
                             bool drop_target, diesel_error *err)
    __attribute__((warn_unused_result));

typedef struct dmongo_list_options {
    dmongo_value filter;
    dmongo_value comment;
    bool name_only;       /* names and types only, which takes no locks        */
    bool authorized_only; /* those that the user may use                       */
    int32_t batch_size;   /* of list_collections; 0: the server's              */
} dmongo_list_options;

/* The database's collections and views, a document each with "name", "type" and
 * "options". Owned by the caller: dmongo_cursor_close(). */
dmongo_cursor *dmongo_list_collections(dmongo *client, const char *database,
                                       const dmongo_list_options *options,
                                       diesel_error *err)
    __attribute__((warn_unused_result));

/* The databases: 0 with an array of documents with "name", "sizeOnDisk" and "empty"
 * in *databases, owned by the caller: bson_destroy(). */
int dmongo_list_databases(dmongo *client, const dmongo_list_options *options,
                          bson_t **databases, diesel_error *err)
    __attribute__((warn_unused_result));

/* Drops a database with all that it holds. One that does not exist is no error. */
int dmongo_drop_database(dmongo *client, const char *database,
                         diesel_error *err)
    __attribute__((warn_unused_result));

#ifdef __cplusplus
}
#endif
#endif

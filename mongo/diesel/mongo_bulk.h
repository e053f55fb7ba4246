/* SPDX-License-Identifier: MIT */
/*
 * Bulk writes: inserts, updates, replacements and deletes mixed, in as few messages
 * as the server's limits allow.
 *
 *     dmongo_write writes[] = {
 *         DMONGO_INSERT(dmongo_doc("_id", 1, "n", 1)),
 *         DMONGO_UPDATE_ONE(dmongo_doc("_id", 2),
 *                           dmongo_doc("$inc", dmongo_doc("n", 1)),
 *                           .upsert = true),
 *         DMONGO_DELETE_MANY(dmongo_doc("n", dmongo_doc("$lt", 0))),
 *     };
 *     dmongo_result result;
 *     if (dmongo_bulk_write(mongo, "app.things", writes, 3, NULL, &result, &err) < 0)
 *         ...
 *     printf("%" PRId64 " changed\n", result.modified);
 *     dmongo_result_clear(&result);
 *
 * In order, unless options->unordered: then they are grouped by kind, and those
 * behind one that is refused are tried as well. Every error has the index of its
 * write; the call's own error is the first.
 *
 * Everything is borrowed for the length of the call. The calls switch fibers.
 * After MongoDB's CRUD and bulk write specifications.
 */
#ifndef DIESEL_MONGO_BULK_H
#define DIESEL_MONGO_BULK_H

#include <stdbool.h>
#include <stddef.h>

#include <bson/bson.h>

#include <diesel/doc.h>
#include <diesel/error.h>
#include <diesel/mongo_client.h>
#include <diesel/mongo_write.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum dmongo_write_kind {
    DMONGO_WRITE_INSERT,      /* .document                     */
    DMONGO_WRITE_UPDATE_ONE,  /* .filter, .document: operators */
    DMONGO_WRITE_UPDATE_MANY, /* ... or stages                 */
    DMONGO_WRITE_REPLACE_ONE, /* .filter, .document            */
    DMONGO_WRITE_DELETE_ONE,  /* .filter                       */
    DMONGO_WRITE_DELETE_MANY  /* .filter                       */
} dmongo_write_kind;

/* One write. All zero bytes in the members behind `document` are the defaults. */
typedef struct dmongo_write {
    dmongo_write_kind kind;
    const char *ns; /* of dmongo_client_bulk_write() only */
    dmongo_value filter;
    dmongo_value document;
    dmongo_value array_filters; /* of updates                     */
    dmongo_value collation;     /* of updates and deletes         */
    dmongo_value hint;          /* of updates and deletes         */
    dmongo_value sort;          /* of update one and replace one, since
                                   MongoDB 8.0                    */
    bool upsert;                /* of updates                     */
} dmongo_write;

typedef struct dmongo_bulk_options {
    bson_oid_t *ids; /* as in dmongo_insert_options, one for each write */
    bool unordered;
    bool verbose; /* of dmongo_client_bulk_write(): fill result->upserted, for
                     which the server tells of every single write        */
    dmongo_choice bypass_document_validation;
    dmongo_value let;
    dmongo_value comment;
    dmongo_session *session; /* see <diesel/mongo_session.h>; NULL: none */
    dmongo_value write_concern; /* instead of the client's */
} dmongo_bulk_options;

/* Writes to one collection; a write's own ns is not looked at. 0 if all has been
 * done; -1 if something was refused or the write concern was not met, which `result`
 * tells in full, or if the writing broke off: then it tells what had been done before.
 * result->upserted is a document {"1": _id, ...} of what was upserted, by index.
 * INVAL, before anything is sent, if a write is not what it should be. */
int dmongo_bulk_write(dmongo *client, const char *ns,
                      const dmongo_write *writes, size_t n,
                      const dmongo_bulk_options *options,
                      dmongo_result *result, diesel_error *err)
    __attribute__((warn_unused_result));

/* Writes to several collections, each write to its ns, with one command: since
 * MongoDB 8.0, with older servers SERVER and DMONGO_COMMAND_NOT_FOUND in err->detail.
 * As above otherwise; all remain in order unless options->unordered. */
int dmongo_client_bulk_write(dmongo *client, const dmongo_write *writes,
                             size_t n, const dmongo_bulk_options *options,
                             dmongo_result *result, diesel_error *err)
    __attribute__((warn_unused_result));

#ifndef __cplusplus
/* Writes to be put into an array. Documents may be dmongo_doc(...), a bson_t *, or a
 * dmongo_value; the other members follow as designated initialisers:
 * DMONGO_DELETE_ONE(filter, .hint = dmongo_str("by_age"), .ns = "app.users"). */
#define DMONGO_INSERT(doc_, ...)                                               \
    {.kind = DMONGO_WRITE_INSERT, .document = DMONGO_VALUE(doc_), __VA_ARGS__}
#define DMONGO_UPDATE_ONE(filter_, update_, ...)                               \
    {.kind = DMONGO_WRITE_UPDATE_ONE, .filter = DMONGO_VALUE(filter_),         \
     .document = DMONGO_VALUE(update_), __VA_ARGS__}
#define DMONGO_UPDATE_MANY(filter_, update_, ...)                              \
    {.kind = DMONGO_WRITE_UPDATE_MANY, .filter = DMONGO_VALUE(filter_),        \
     .document = DMONGO_VALUE(update_), __VA_ARGS__}
#define DMONGO_REPLACE_ONE(filter_, doc_, ...)                                 \
    {.kind = DMONGO_WRITE_REPLACE_ONE, .filter = DMONGO_VALUE(filter_),        \
     .document = DMONGO_VALUE(doc_), __VA_ARGS__}
#define DMONGO_DELETE_ONE(filter_, ...)                                        \
    {.kind = DMONGO_WRITE_DELETE_ONE, .filter = DMONGO_VALUE(filter_),         \
     __VA_ARGS__}
#define DMONGO_DELETE_MANY(filter_, ...)                                       \
    {.kind = DMONGO_WRITE_DELETE_MANY, .filter = DMONGO_VALUE(filter_),        \
     __VA_ARGS__}
#endif

#ifdef __cplusplus
}
#endif
#endif

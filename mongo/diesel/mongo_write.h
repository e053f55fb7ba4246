/* SPDX-License-Identifier: MIT */
/*
 * Writing: insert, update, replace and delete.
 *
 *     dmongo_result result;
 *     if (dmongo_update_one(mongo, "app.users", dmongo_doc("name", name),
 *                           dmongo_doc("$inc", dmongo_doc("visits", 1)),
 *                           &(dmongo_update_options){.upsert = true},
 *                           &result, &err) < 0)
 *         return diesel_fail(&err);
 *     printf("%" PRId64 " changed\n", result.modified);
 *     dmongo_result_clear(&result);
 *
 * A collection is named "database.collection". What is passed in is borrowed for
 * the length of the call only; a bson_t is sent from where it lies.
 *
 * Each call returns 0 if the server has done all of it, under the connection
 * string's write concern (w, journal, wtimeoutMS); with w=0 it returns when the
 * request has been sent, and the result stays empty. All of them switch fibers.
 *
 * `result` may be NULL. Otherwise it is written by every call, those that fail
 * included, and to be cleared with dmongo_result_clear().
 */
#ifndef DIESEL_MONGO_WRITE_H
#define DIESEL_MONGO_WRITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <bson/bson.h>

#include <diesel/mongo_client.h>
#include <diesel/doc.h>
#include <diesel/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/* One thing that the server refused. */
typedef struct dmongo_write_error {
    size_t index;        /* of the document in the array; 0 for single writes */
    int code;            /* see <diesel/mongo_codes.h>                        */
    const char *message; /* the server's text, whole; borrowed from the result */
} dmongo_write_error;

typedef struct dmongo_result {
    int64_t inserted;
    int64_t matched;  /* documents that an update's filter matched           */
    int64_t modified; /* those of them that were changed by it               */
    int64_t deleted;
    int64_t upserted_count; /* documents that upserts inserted */
    bson_t *upserted; /* {"_id": ...} of what an upsert inserted, or NULL; of
                         bulk writes {"3": id, ...} by the writes' indexes  */
    dmongo_write_error *errors; /* `error_count` of them, by index           */
    size_t error_count;
    bool has_concern_error; /* the writes above were made, but the write concern
                               was not met, as concern_error says             */
    dmongo_write_error concern_error;
} dmongo_result;

/* Frees what the result holds and makes it all zero bytes. Never switches
 * fibers. */
void dmongo_result_clear(dmongo_result *result);

/* All zero bytes are the defaults; a value that is not set is not sent. */
typedef struct dmongo_insert_options {
    bson_oid_t *ids; /* for one ObjectId per document, of those that were made
                        because a document had no _id; others are zeroed      */
    bool unordered;  /* go on after a document that is refused                */
    dmongo_choice bypass_document_validation;
    dmongo_value comment;
    dmongo_session *session; /* see <diesel/mongo_session.h>; NULL: none */
    dmongo_value write_concern; /* instead of the client's */
} dmongo_insert_options;

typedef struct dmongo_update_options {
    bool upsert; /* insert a document if none matches */
    dmongo_choice bypass_document_validation;
    dmongo_value array_filters;
    dmongo_value collation;
    dmongo_value hint;
    dmongo_value let;
    dmongo_value sort; /* of update_one and replace_one, since MongoDB 8.0 */
    dmongo_value comment;
    dmongo_session *session; /* see <diesel/mongo_session.h>; NULL: none */
    dmongo_value write_concern; /* instead of the client's */
} dmongo_update_options;

typedef struct dmongo_delete_options {
    dmongo_value collation;
    dmongo_value hint;
    dmongo_value let;
    dmongo_value comment;
    dmongo_session *session; /* see <diesel/mongo_session.h>; NULL: none */
    dmongo_value write_concern; /* instead of the client's */
} dmongo_delete_options;

/* An array of documents of one of several C types; made by DMONGO_DOCS() or, in
 * C++, by the functions below. */
typedef struct dmongo_docs {
    const void *base;
    int form;
} dmongo_docs;

enum { DMONGO__DOCS_VALUES, DMONGO__DOCS_BSONS, DMONGO__DOCS_POINTERS };

static inline dmongo_docs dmongo_docs_values(const dmongo_value *docs)
{
    dmongo_docs d = {docs, DMONGO__DOCS_VALUES};
    return d;
}

static inline dmongo_docs dmongo_docs_bsons(const bson_t *docs)
{
    dmongo_docs d = {docs, DMONGO__DOCS_BSONS};
    return d;
}

static inline dmongo_docs dmongo_docs_pointers(const bson_t *const *docs)
{
    dmongo_docs d = {docs, DMONGO__DOCS_POINTERS};
    return d;
}

/* Inserts one document. One without _id gets an ObjectId, made here, in front.
 * -1 with SERVER and, say, DMONGO_DUPLICATE_KEY in err->detail; LIMIT if it is
 * larger than the server takes. */
int dmongo_insert_one(dmongo *client, const char *ns, dmongo_value doc,
                      const dmongo_insert_options *options,
                      dmongo_result *result, diesel_error *err)
    __attribute__((warn_unused_result));

/* Inserts n documents, in as few messages as the server's limits allow. If some
 * are refused, -1 with the first one's error; result->errors has all of them.
 * Unless options->unordered, those behind the first that is refused are not
 * inserted. */
int dmongo_insert_many(dmongo *client, const char *ns, dmongo_docs docs,
                       size_t n, const dmongo_insert_options *options,
                       dmongo_result *result, diesel_error *err)
    __attribute__((warn_unused_result));

/* Changes the first document that matches, or all of them. `update` is a document
 * of operators ("$set", ...) or a pipeline, an array of stages; INVAL if it is
 * neither. */
int dmongo_update_one(dmongo *client, const char *ns, dmongo_value filter,
                      dmongo_value update, const dmongo_update_options *options,
                      dmongo_result *result, diesel_error *err)
    __attribute__((warn_unused_result));
int dmongo_update_many(dmongo *client, const char *ns, dmongo_value filter,
                       dmongo_value update,
                       const dmongo_update_options *options,
                       dmongo_result *result, diesel_error *err)
    __attribute__((warn_unused_result));

/* Puts another document in the place of the first that matches. INVAL if it begins
 * with an operator. */
int dmongo_replace_one(dmongo *client, const char *ns, dmongo_value filter,
                       dmongo_value replacement,
                       const dmongo_update_options *options,
                       dmongo_result *result, diesel_error *err)
    __attribute__((warn_unused_result));

/* Deletes the first document that matches, or all of them. */
int dmongo_delete_one(dmongo *client, const char *ns, dmongo_value filter,
                      const dmongo_delete_options *options,
                      dmongo_result *result, diesel_error *err)
    __attribute__((warn_unused_result));
int dmongo_delete_many(dmongo *client, const char *ns, dmongo_value filter,
                       const dmongo_delete_options *options,
                       dmongo_result *result, diesel_error *err)
    __attribute__((warn_unused_result));

#ifndef __cplusplus

/* bson_t *docs[] (pointers), bson_t docs[] or dmongo_value docs[]. */
#define DMONGO_DOCS(docs)                                                      \
    _Generic((docs),                                                           \
        bson_t **: dmongo_docs_pointers,                                       \
        const bson_t **: dmongo_docs_pointers,                                 \
        bson_t *const *: dmongo_docs_pointers,                                 \
        const bson_t *const *: dmongo_docs_pointers,                           \
        bson_t *: dmongo_docs_bsons,                                           \
        const bson_t *: dmongo_docs_bsons,                                     \
        dmongo_value *: dmongo_docs_values,                                    \
        const dmongo_value *: dmongo_docs_values)((const void *)(docs))

/* Documents may be dmongo_doc(...), a bson_t *, or a dmongo_value. What comes
 * behind them is passed on as it is, so that options may be written in place. */
#define dmongo_insert_one(client, ns, doc, ...)                                \
    (dmongo_insert_one)((client), (ns), DMONGO_VALUE(doc), __VA_ARGS__)
#define dmongo_insert_many(client, ns, docs, ...)                              \
    (dmongo_insert_many)((client), (ns), DMONGO_DOCS(docs), __VA_ARGS__)
#define dmongo_update_one(client, ns, filter, update, ...)                     \
    (dmongo_update_one)((client), (ns), DMONGO_VALUE(filter),                  \
        DMONGO_VALUE(update), __VA_ARGS__)
#define dmongo_update_many(client, ns, filter, update, ...)                    \
    (dmongo_update_many)((client), (ns), DMONGO_VALUE(filter),                 \
        DMONGO_VALUE(update), __VA_ARGS__)
#define dmongo_replace_one(client, ns, filter, doc, ...)                       \
    (dmongo_replace_one)((client), (ns), DMONGO_VALUE(filter),                 \
        DMONGO_VALUE(doc), __VA_ARGS__)
#define dmongo_delete_one(client, ns, filter, ...)                             \
    (dmongo_delete_one)((client), (ns), DMONGO_VALUE(filter), __VA_ARGS__)
#define dmongo_delete_many(client, ns, filter, ...)                            \
    (dmongo_delete_many)((client), (ns), DMONGO_VALUE(filter), __VA_ARGS__)

#endif /* !__cplusplus */

#ifdef __cplusplus
}
#endif
#endif

/* SPDX-License-Identifier: MIT */
/*
 * Indexes.
 *
 *     if (dmongo_create_index(mongo, "app.users", dmongo_doc("email", 1),
 *                             &(dmongo_index){.unique = true}, &err) < 0)
 *         return diesel_fail(&err);
 *
 * All calls switch fibers. What is passed in is borrowed for the length of the call.
 * After the commands createIndexes, dropIndexes and listIndexes and MongoDB's index
 * management specification.
 */
#ifndef DIESEL_MONGO_INDEX_H
#define DIESEL_MONGO_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <bson/bson.h>

#include <diesel/doc.h>
#include <diesel/error.h>
#include <diesel/mongo_client.h>
#include <diesel/mongo_cursor.h>

#ifdef __cplusplus
extern "C" {
#endif

/* One index. All zero bytes are the defaults; a value that is not set is not
 * sent. */
typedef struct dmongo_index {
    dmongo_value keys; /* {field: 1, -1, "text", "2dsphere", "hashed"}          */
    const char *name;  /* NULL: made of the keys, as in "age_1_name_-1"         */
    bool unique;
    bool sparse;
    bool hidden;
    dmongo_value expire_after_seconds; /* a number; 0 has a meaning of its own  */
    dmongo_value partial_filter;       /* which documents are in the index      */
    dmongo_value collation;
    dmongo_value weights;              /* of text indexes                       */
    dmongo_value wildcard_projection;
    dmongo_value more; /* a document of further fields of the index             */
} dmongo_index;

typedef struct dmongo_create_index_options {
    dmongo_value commit_quorum;
    dmongo_value comment;
    int64_t max_time_ms; /* on the server; 0: no limit */
} dmongo_create_index_options;

/* Creates one index; `options` may be NULL, and its `keys` are not looked at. One
 * that is there already is no error; another of the same name is. INVAL if the keys
 * are no document or have no fields. */
int dmongo_create_index(dmongo *client, const char *ns, dmongo_value keys,
                        const dmongo_index *options, diesel_error *err)
    __attribute__((warn_unused_result));

/* Creates n indexes with one command. options may be NULL. */
int dmongo_create_indexes(dmongo *client, const char *ns,
                          const dmongo_index *indexes, size_t n,
                          const dmongo_create_index_options *options,
                          diesel_error *err)
    __attribute__((warn_unused_result));

/* The name that an index of these keys gets if none is given, "age_1_name_-1". Owned
 * by the caller: diesel_free(). NULL: INVAL, NOMEM. Never switches fibers. */
char *dmongo_index_name(dmongo_value keys, diesel_error *err)
    __attribute__((warn_unused_result));

/* Drops the index of that name. INVAL for "*", which would be all of them. */
int dmongo_drop_index(dmongo *client, const char *ns, const char *name,
                      diesel_error *err) __attribute__((warn_unused_result));

/* Drops all indexes but that of _id. A collection that does not exist is no error. */
int dmongo_drop_indexes(dmongo *client, const char *ns, diesel_error *err)
    __attribute__((warn_unused_result));

/* The collection's indexes, a document each with "name" and "key"; none if there is
 * no such collection. batch_size 0: the server's. Owned by the caller:
 * dmongo_cursor_close(). */
dmongo_cursor *dmongo_list_indexes(dmongo *client, const char *ns,
                                   int32_t batch_size, diesel_error *err)
    __attribute__((warn_unused_result));

#ifndef __cplusplus
/* `keys` may be dmongo_doc(...), a bson_t *, or a dmongo_value. */
#define dmongo_create_index(client, ns, keys, ...)                             \
    (dmongo_create_index)((client), (ns), DMONGO_VALUE(keys), __VA_ARGS__)
#endif

#ifdef __cplusplus
}
#endif
#endif

/* SPDX-License-Identifier: MIT */
/*
 * The methods that can be called on a database, a collection or a cursor: one
 * list, from which come the parser's checks, their messages and the functions
 * that carry them out.
 */
#ifndef DMONGO_CLI_METHOD_INTERNAL_H
#define DMONGO_CLI_METHOD_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>

#include "mongo/cli/statement_internal.h"

/*
 * X(ID, on, name, signature, result, usage).
 *
 * `on` is what the method is called on and `result` what it gives: DATABASE,
 * COLLECTION, FIND and AGGREGATE (cursors), or VALUE, on which nothing can be
 * called.
 *
 * The signature has a letter per argument: d document, a array, u document or
 * array (an update), s string, c string or document, n whole number, * anything.
 * What follows "?" may be left out, or be null.
 */
#define DMONGO_METHOD_MAP(X)                                                   \
    X(DB_GET_COLLECTION, DATABASE, "getCollection", "s", COLLECTION, "name")   \
    X(DB_GET_SIBLING, DATABASE, "getSiblingDB", "s", DATABASE, "name")         \
    X(DB_NAME, DATABASE, "getName", "", VALUE, "")                             \
    X(DB_RUN, DATABASE, "runCommand", "c", VALUE, "command")                   \
    X(DB_ADMIN, DATABASE, "adminCommand", "c", VALUE, "command")               \
    X(DB_AGGREGATE, DATABASE, "aggregate", "a?d", AGGREGATE,                   \
      "pipeline, options")                                                     \
    X(DB_CREATE, DATABASE, "createCollection", "s?d", VALUE, "name, options")  \
    X(DB_DROP, DATABASE, "dropDatabase", "", VALUE, "")                        \
    X(DB_NAMES, DATABASE, "getCollectionNames", "", VALUE, "")                 \
    X(DB_INFOS, DATABASE, "getCollectionInfos", "?d", VALUE, "filter")         \
    X(DB_STATS, DATABASE, "stats", "?n", VALUE, "scale")                       \
    X(DB_VERSION, DATABASE, "version", "", VALUE, "")                          \
    X(DB_HELLO, DATABASE, "hello", "", VALUE, "")                              \
    X(DB_SERVER_STATUS, DATABASE, "serverStatus", "", VALUE, "")               \
    X(DB_BUILD_INFO, DATABASE, "serverBuildInfo", "", VALUE, "")               \
    X(FIND, COLLECTION, "find", "?ddd", FIND, "filter, projection, options")   \
    X(FIND_ONE, COLLECTION, "findOne", "?ddd", VALUE,                          \
      "filter, projection, options")                                           \
    X(INSERT_ONE, COLLECTION, "insertOne", "d?d", VALUE, "document, options")  \
    X(INSERT_MANY, COLLECTION, "insertMany", "a?d", VALUE,                     \
      "documents, options")                                                    \
    X(UPDATE_ONE, COLLECTION, "updateOne", "du?d", VALUE,                      \
      "filter, update, options")                                               \
    X(UPDATE_MANY, COLLECTION, "updateMany", "du?d", VALUE,                    \
      "filter, update, options")                                               \
    X(REPLACE_ONE, COLLECTION, "replaceOne", "dd?d", VALUE,                    \
      "filter, document, options")                                             \
    X(DELETE_ONE, COLLECTION, "deleteOne", "d?d", VALUE, "filter, options")    \
    X(DELETE_MANY, COLLECTION, "deleteMany", "d?d", VALUE, "filter, options")  \
    X(COUNT, COLLECTION, "countDocuments", "?dd", VALUE, "filter, options")    \
    X(ESTIMATED_COUNT, COLLECTION, "estimatedDocumentCount", "", VALUE, "")    \
    X(AGGREGATE, COLLECTION, "aggregate", "?ad", AGGREGATE,                    \
      "pipeline, options")                                                     \
    X(DISTINCT, COLLECTION, "distinct", "s?d", VALUE, "field, filter")         \
    X(DROP, COLLECTION, "drop", "", VALUE, "")                                 \
    X(CREATE_INDEX, COLLECTION, "createIndex", "d?d", VALUE, "keys, options")  \
    X(DROP_INDEX, COLLECTION, "dropIndex", "c", VALUE, "index")                \
    X(GET_INDEXES, COLLECTION, "getIndexes", "", VALUE, "")                    \
    X(FIND_SORT, FIND, "sort", "d", FIND, "keys")                              \
    X(FIND_LIMIT, FIND, "limit", "n", FIND, "count")                           \
    X(FIND_SKIP, FIND, "skip", "n", FIND, "count")                             \
    X(FIND_PROJECTION, FIND, "projection", "d", FIND, "fields")                \
    X(FIND_PROJECT, FIND, "project", "d", FIND, "fields")                      \
    X(FIND_BATCH_SIZE, FIND, "batchSize", "n", FIND, "count")                  \
    X(FIND_HINT, FIND, "hint", "c", FIND, "index")                             \
    X(FIND_COLLATION, FIND, "collation", "d", FIND, "collation")               \
    X(FIND_COMMENT, FIND, "comment", "*", FIND, "comment")                     \
    X(FIND_MAX_TIME, FIND, "maxTimeMS", "n", FIND, "milliseconds")             \
    X(FIND_PRETTY, FIND, "pretty", "", FIND, "")                               \
    X(FIND_TO_ARRAY, FIND, "toArray", "", VALUE, "")                           \
    X(FIND_COUNT, FIND, "count", "", VALUE, "")                                \
    X(FIND_ITCOUNT, FIND, "itcount", "", VALUE, "")                            \
    X(FIND_EXPLAIN, FIND, "explain", "?s", VALUE, "verbosity")                 \
    X(AGGREGATE_BATCH_SIZE, AGGREGATE, "batchSize", "n", AGGREGATE, "count")   \
    X(AGGREGATE_PRETTY, AGGREGATE, "pretty", "", AGGREGATE, "")                \
    X(AGGREGATE_TO_ARRAY, AGGREGATE, "toArray", "", VALUE, "")                 \
    X(AGGREGATE_ITCOUNT, AGGREGATE, "itcount", "", VALUE, "")                  \
    X(AGGREGATE_EXPLAIN, AGGREGATE, "explain", "?s", VALUE, "verbosity")

typedef enum dmongo__method_id {
#define DMONGO__METHOD_ENUM(id, on, name, signature, result, usage)            \
    DMONGO__METHOD_##id,
    DMONGO_METHOD_MAP(DMONGO__METHOD_ENUM)
#undef DMONGO__METHOD_ENUM
        DMONGO__METHODS
} dmongo__method_id;

typedef enum dmongo__object {
    DMONGO__ON_DATABASE,
    DMONGO__ON_COLLECTION,
    DMONGO__ON_FIND,
    DMONGO__ON_AGGREGATE,
    DMONGO__ON_VALUE
} dmongo__object;

typedef struct dmongo__method {
    dmongo__method_id id;
    dmongo__object on;
    const char *name;
    const char *signature;
    dmongo__object result;
    const char *usage;
} dmongo__method;

/* The method of that name on such an object; NULL if there is none. */
const dmongo__method *dmongo__method_find(dmongo__object on, const char *name,
                                          size_t len);

/* "database", "collection" and so on, for messages. */
const char *dmongo__object_name(dmongo__object object);

/* Checks the arguments of a call by the signature. 0, or -1 with the error in
 * *src. */
int dmongo__method_check(dmongo__source *src, const dmongo__call *call);

#endif

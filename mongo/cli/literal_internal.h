/* SPDX-License-Identifier: MIT */
/*
 * Values as people write them in mongosh, read into BSON.
 *
 * Understood: objects with or without quotes around their keys, arrays, strings
 * in three kinds of quotes with JavaScript's escapes, numbers, true, false,
 * null, undefined (which becomes null), /regular expressions/, constructors such
 * as ObjectId("...") with or without "new", trailing commas, comments; and MongoDB
 * extended JSON, so that what the tool prints can be given back to it.
 *
 * Numbers: whole numbers that fit become int32, others double, as in mongosh;
 * whole numbers beyond 2^53, which a double would round, become int64.
 */
#ifndef DMONGO_CLI_LITERAL_INTERNAL_H
#define DMONGO_CLI_LITERAL_INTERNAL_H

#include <stdint.h>

#include <bson/bson.h>

#include "mongo/cli/source_internal.h"

/* Reads the value at src->pos and appends it to *out under `key`. 0, or -1 with
 * the error in *src; *out may then hold a part of it. */
int dmongo__literal_read(dmongo__source *src, bson_t *out, const char *key);

/* Reads "(a, b, ...)" and appends the values to *args under "0", "1", and so on;
 * undefined becomes null. *count is how many there are. */
int dmongo__literal_arguments(dmongo__source *src, bson_t *args, int *count);

/* Reads a string literal. Owned by the caller: free(); it is followed by a zero
 * byte and may hold others. NULL: the error is in *src. */
char *dmongo__literal_string(dmongo__source *src, size_t *len);

/* A value that is being made out of others: ObjectId("...") out of its
 * arguments, {"$oid": "..."} out of its fields. */
typedef struct dmongo__making {
    dmongo__source *src;
    size_t at;         /* where it begins, for errors          */
    const char *name;  /* "ObjectId", "$oid"                   */
    const bson_t *from;/* the arguments, or the fields         */
    int count;         /* how many arguments; how many fields  */
    bool is_new;       /* "new" stood before it                */
    bson_t *out;       /* where it is appended                 */
    const char *key;
} dmongo__making;

/* Makes the value of the constructor that making->name names. 1; 0 if there is
 * no such constructor; -1 with the error in the source. */
int dmongo__construct(const dmongo__making *making);

/* How many arguments the constructor of that name takes at most; -1 if there is
 * none. */
int dmongo__constructor_arguments(const char *name, size_t len);

/* Makes the value that the object making->from stands for in extended JSON. 1;
 * 0 if it is a plain object; -1 with the error in the source. */
int dmongo__unwrap(dmongo__making *making);

/* Milliseconds since 1970 of an ISO 8601 date, alone or with a time and a zone.
 * A time without a zone is in UTC, or in local time if `local`. */
bool dmongo__date_parse(const char *text, bool local, int64_t *ms);

#endif

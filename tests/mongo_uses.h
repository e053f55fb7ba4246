/* SPDX-License-Identifier: MIT */
/*
 * Each way to use a MongoDB client, against the server of mongo_small.h, for loops of
 * faults: what they open they close, whatever happens.
 */
#ifndef TESTS_MONGO_USES_H
#define TESTS_MONGO_USES_H

#include <diesel/mongo.h>

/* 0, or -1 with the error in *why. `client` may be NULL for those that open one. */
typedef int mongo_use_fn(dmongo *client, diesel_error *why);

struct mongo_use {
    const char *name;
    mongo_use_fn *run;
};

extern const struct mongo_use mongo_uses[];
extern const int mongo_use_count;

/* Whether a server's cursor that a use has been told of must be gone at its end. */
extern bool mongo_use_has_cursor;

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The catalogue: what its parts share.
 *
 * It works in phases, one after the other. Each is a file with one function, which
 * runs as a fiber with a `struct catalogue` for its argument:
 *
 *   clear.c    removes what an earlier run left
 *   store.c    reads packages, writes them to MongoDB, counts words in Redis
 *   look_up.c  looks packages up through a cache in Redis
 *   verify.c   compares what the servers have with what was written
 *
 * Their helpers are ordinary C: control.c (Debian's file format), package.c (a
 * stanza as a document), words.c, records.c (what was written, to check by), source.c
 * (where the text comes from) and progress.c (the line on the terminal).
 */
#ifndef CATALOGUE_H
#define CATALOGUE_H

#include <stddef.h>
#include <stdint.h>

#include <diesel/core.h>
#include <diesel/mongo.h>
#include <diesel/redis.h>

#include "records.h"

/* In MongoDB. */
#define DATABASE "catalogue"
#define COLLECTION "packages"
#define PACKAGES DATABASE "." COLLECTION

/* In Redis: a hash with the number of packages by section, one with the number of
 * occurrences by word, and a string with its document for each cached package. */
#define SECTIONS "catalogue:sections"
#define WORDS "catalogue:words"
#define CACHE "catalogue:cache:"
#define KEYS "catalogue:*"

struct catalogue {
    const char *redis_url;
    const char *mongodb_uri;
    const char *file; /* see source_open()                       */
    size_t fibers;    /* that look packages up                   */
    size_t look_ups;  /* that they make altogether               */
    dredis *redis;    /* one client each for all the fibers      */
    dmongo *mongo;
    struct records written; /* one per package                   */
    uint64_t words;   /* occurrences that were counted in Redis  */
};

diesel_fn clear, store, look_up, verify;

/* Prints "COUNT WHAT  SECONDS s  RATE/s" for what began at `since`. */
void report(uint64_t count, const char *what, int64_t since);

#endif

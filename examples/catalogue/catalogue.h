/* SPDX-License-Identifier: MIT */
/*
 * The catalogue: what its parts share.
 *
 * It works in phases, one after the other, each a file and a function that runs as
 * a fiber with a `struct catalogue` for its argument:
 *
 *   clear.c    removes what an earlier run left
 *   store.c    reads packages, writes them to MongoDB, counts words in Redis
 *   look_up.c  looks packages up through a cache in Redis
 *   verify.c   compares what the servers have with what was written
 */
#ifndef CATALOGUE_H
#define CATALOGUE_H

#include <stddef.h>
#include <stdint.h>

#include <diesel/core.h>
#include <diesel/mongo.h>
#include <diesel/redis.h>

/* In MongoDB. */
#define CATALOGUE_DATABASE "catalogue"
#define CATALOGUE_COLLECTION "packages"
#define CATALOGUE_PACKAGES CATALOGUE_DATABASE "." CATALOGUE_COLLECTION

/* In Redis: two hashes with the number of packages by section and the number
 * of occurrences by word; and a string for each cached package. */
#define CATALOGUE_SECTIONS "catalogue:sections"
#define CATALOGUE_WORDS "catalogue:words"
#define CATALOGUE_CACHE "catalogue:cache:"
#define CATALOGUE_KEYS "catalogue:*"

/* What is kept of a package that was written. */
struct record {
    char *id;          /* its _id                             */
    uint64_t checksum; /* of the whole document, in BSON form */
};

struct catalogue {
    const char *redis_url, *mongodb_uri;
    const char *file;    /* see source_open()                  */
    size_t fibers;       /* that look packages up              */
    size_t look_ups;     /* that they make together            */
    dredis *redis;       /* one client for all fibers          */
    dmongo *mongo;       /* likewise                           */
    struct record *records;
    size_t count, room;  /* records there are; that have room  */
    uint64_t words;      /* that were counted in Redis         */
};

/* Phases. */
int clear(void *catalogue);
int store(void *catalogue);
int look_up(void *catalogue);
int verify(void *catalogue);

/* The checksum of a record: FNV-1a. */
uint64_t checksum(const void *bytes, size_t n);

/* Prints "COUNT WHAT in N s (RATE a second)", for what began at `since`. */
void report(size_t count, const char *what, int64_t since);

#endif

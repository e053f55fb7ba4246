/* SPDX-License-Identifier: MIT */
/*
 * What is kept of the packages that were written, to check by what is read: _ids
 * and checksums. No I/O, no fibers.
 */
#ifndef CATALOGUE_RECORDS_H
#define CATALOGUE_RECORDS_H

#include <stddef.h>
#include <stdint.h>

#include <bson/bson.h>

#include <diesel/error.h>

#include "package.h"

struct record {
    const char *id;    /* the document's _id; borrowed from `ids` below */
    uint64_t checksum; /* of the whole document in BSON's form          */
};

/* All zero bytes are an empty one; freed with records_clear(). */
struct records {
    struct record *list;
    size_t count, room; /* records that are there; that `list` can hold */
    void *ids;          /* all _ids, as a tree for tsearch(3)           */
};

/* Gives a package its _id: its name or, if there is another package of that name,
 * its name, version and architecture, as in the name of its file. 1, with *id
 * borrowed from the records; 0: it had been given one before; -1: no memory. */
int records_name(struct records *records, const struct package *package,
                 const char **id, diesel_error *err);

/* Adds the record of a document with such an _id. 0, or -1: no memory. */
int records_add(struct records *records, const char *id, const bson_t *document,
                diesel_error *err);

void records_clear(struct records *records);

/* The checksum of n bytes: FNV-1a. */
uint64_t checksum(const void *bytes, size_t n);

#endif

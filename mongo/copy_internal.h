/* SPDX-License-Identifier: MIT */
/*
 * Documents for the program, of libbson's type and in libbson's memory.
 *
 * libbson ends the process when there is no memory for a document. So whatever
 * depends on what a server sent is first asked for from Diesel's allocator, and
 * given back at once: if that fails, so does the call, with NOMEM. What libbson
 * gets behind that is of no other size. Only in the moment between the two may
 * another thread take the memory, and end the process so.
 */
#ifndef DIESEL_MONGO_COPY_INTERNAL_H
#define DIESEL_MONGO_COPY_INTERNAL_H

#include <stddef.h>
#include <stdint.h>

#include <bson/bson.h>

#include <diesel/error.h>

/* Whether libbson may be asked for n bytes: 0, or -1 with NOMEM. */
int dmongo__bson_may_have(size_t n, diesel_error *err);

/* A document of n bytes, which the caller writes to *bytes. Owned by the caller:
 * bson_destroy(). NULL with NOMEM. */
bson_t *dmongo__bson_new(size_t n, uint8_t **bytes, diesel_error *err);

/* A copy of a document. NULL with NOMEM, or with PROTOCOL if the bytes are none. */
bson_t *dmongo__bson_copy(const uint8_t *bytes, size_t n, diesel_error *err);

/* Appends the fields of another document, as bson_concat() does. 0 or -1. */
int dmongo__bson_concat(bson_t *doc, const bson_t *more, diesel_error *err);

#endif

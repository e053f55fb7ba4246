/* SPDX-License-Identifier: MIT */
/* What a command's reply says about success, and its fields. No I/O. */
#ifndef DIESEL_MONGO_REPLY_INTERNAL_H
#define DIESEL_MONGO_REPLY_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <diesel/error.h>

#include "element_internal.h"

/* The fields that the driver looks at; one that is not there has type 0. */
struct dmongo__reply {
    struct dmongo__element ok;
    struct dmongo__element cursor;
    struct dmongo__element n;
    struct dmongo__element n_modified;
    struct dmongo__element upserted;
    struct dmongo__element write_errors;
    struct dmongo__element concern_error;
    struct dmongo__element code;
    struct dmongo__element code_name;
    struct dmongo__element message;
    struct dmongo__element labels;
    struct dmongo__element cluster_time;
    struct dmongo__element operation_time;
};

/* What an error number means for a program and for the pool. */
enum {
    DMONGO__CODE_NOT_WRITABLE = 1, /* the server is not what it was */
    DMONGO__CODE_SHUTDOWN = 2      /* ... and its connections are dying */
};

/* Reads the reply and checks that it says ok: 0, or -1 with PROTOCOL, or with
 * SERVER, AUTH or TIMEDOUT after the server's error, whose number is then in
 * `detail`. */
int dmongo__reply_read(struct dmongo__reply *reply, const uint8_t *body,
                       size_t size, diesel_error *err);

/* The same for those who need no field. */
int dmongo__reply_check(const uint8_t *body, size_t size, diesel_error *err);

/* Fills *err from a server's error: its text, its name (name_len 0: none) and its
 * number, with the code and the flags that the number stands for. Returns -1. */
int dmongo__code_fail(const char *text, size_t text_len, const char *name,
                      size_t name_len, int number, diesel_error *err);

/* Reads the known fields of such a document: 0, or -1 if it is malformed. */
int dmongo__reply_fields(struct dmongo__reply *fields, const uint8_t *bytes,
                         size_t size);

/* DMONGO__CODE_* of a server's error number. */
unsigned dmongo__code_class(int code);

/* DMONGO_EF_* of an array of error labels; 0 if it is none. */
unsigned dmongo__labels(const struct dmongo__element *list);

/* The number in an element of any number type; the fallback if it is none. */
int64_t dmongo__element_int(const struct dmongo__element *e, int64_t fallback);

/* The text of an element, "" if it is no string; *n is its length. */
const char *dmongo__element_str(const struct dmongo__element *e, size_t *n);

#endif

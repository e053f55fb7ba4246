/* SPDX-License-Identifier: MIT */
/*
 * What is known of commands by their names: whether they only read, and which of
 * their arguments are keys. The table comes from a server, see redis/generate/.
 * No I/O.
 */
#ifndef DREDIS_COMMAND_INTERNAL_H
#define DREDIS_COMMAND_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>

#include <diesel/value.h>

enum {
    DREDIS__COMMAND_READS = 1,     /* it changes nothing                        */
    DREDIS__COMMAND_WRITES = 2,    /* it may change data                        */
    DREDIS__COMMAND_BLOCKS = 4,    /* it may wait inside the server             */
    DREDIS__COMMAND_CONTAINER = 8, /* the next word says which command it is   */
};

enum dredis__keys_kind {
    DREDIS__KEYS_NONE,
    DREDIS__KEYS_RANGE,   /* from `first` to `last`, see command_table.c */
    DREDIS__KEYS_WORD,    /* behind a word: the first one at `first` or behind it, or,
                           * if that is negative, the last one so far from the end */
    DREDIS__KEYS_COUNTED, /* argument `first` is their number; they begin at `last` */
};

typedef struct dredis__key_spec {
    enum dredis__keys_kind kind;
    short first, last, step, limit;
    const char *word;
} dredis__key_spec;

enum { DREDIS__MOST_KEY_SPECS = 3 };

typedef struct dredis__command_row {
    const char *name; /* in capitals: "GET", "XINFO STREAM" */
    unsigned flags;
    dredis__key_spec keys[DREDIS__MOST_KEY_SPECS];
} dredis__command_row;

extern const dredis__command_row dredis__command_rows[];
extern const size_t dredis__command_count;

/* The row of a command, or NULL: it is not known. */
const dredis__command_row *dredis__command_find(const diesel_value *args,
                                                size_t n);

/* Whether the command is known to change nothing, so that running it twice is as
 * good as once. */
bool dredis__command_only_reads(const diesel_value *args, size_t n);

/* The places of the keys among the arguments: at[0], at[1], ... of `room`. Returns
 * how many there are, which may be more. */
size_t dredis__command_keys(const diesel_value *args, size_t n, size_t *at,
                            size_t room);

/* The words of the command that begins at *at in a batch, up to `room` of them, and *at
 * behind it. Returns how many there are. */
size_t dredis__batch_words(const char **at, diesel_value *words, size_t room);

/* Whether all commands of a batch that was encoded only read. */
bool dredis__batch_only_reads(const char *bytes, size_t size);

#endif

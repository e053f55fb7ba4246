/* SPDX-License-Identifier: MIT */
/*
 * Dictionaries of strings that remember the order in which keys were added.
 */
#ifndef DREDIS_DICT_INTERNAL_H
#define DREDIS_DICT_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buffer_internal.h"

typedef struct dredis__entry {
    dredis__blob *key; /* NULL: the entry was removed */
    uint64_t number;   /* of entries ever added; grows along the array */
    uint64_t hash;
    union {
        void *value;
        double score;
    };
} dredis__entry;

/* {0} is an empty dictionary. */
typedef struct dredis__dict {
    dredis__entry *entries; /* `used` of them, removed ones included */
    size_t used, room;
    size_t count; /* that are there */
    uint32_t *slots; /* entry number + 1; 0: free. A power of two of them. */
    size_t mask;
    uint64_t next_number;
} dredis__dict;

typedef void dredis__free_fn(void *value);

/* The key's entry, valid until an entry is added; NULL: there is none. */
dredis__entry *dredis__dict_find(const dredis__dict *dict, dredis__span key);

/* The same, and if there is none, one with a copy of the key and the value NULL;
 * *added says so. NULL: no memory. */
dredis__entry *dredis__dict_add(dredis__dict *dict, dredis__span key, bool *added);

/* Frees the key; the value is the caller's. */
void dredis__dict_remove(dredis__dict *dict, dredis__entry *entry);

/* The entry at *at or behind it in the order, and *at behind that: NULL at the end.
 *     for (size_t at = 0; (entry = dredis__dict_next(dict, &at)) != NULL;)
 * Entries may be removed meanwhile, but none added. */
dredis__entry *dredis__dict_next(const dredis__dict *dict, size_t *at);

/* Where to go on for a cursor, which is 0 or an entry's number: an index for
 * dredis__dict_next(). What was there all the time is met exactly once. */
size_t dredis__dict_seek(const dredis__dict *dict, uint64_t cursor);

/* Removes everything, with each value given to `free_value` unless that is NULL. */
void dredis__dict_clear(dredis__dict *dict, dredis__free_fn *free_value);

#endif

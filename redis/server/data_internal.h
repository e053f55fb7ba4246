/* SPDX-License-Identifier: MIT */
/*
 * The test server's keys and what they hold.
 */
#ifndef DREDIS_SERVER_DATA_INTERNAL_H
#define DREDIS_SERVER_DATA_INTERNAL_H

#include "server/engine_internal.h"

typedef enum dredis__kind {
    DREDIS__KIND_STRING,
    DREDIS__KIND_LIST, /* dredis__blob * in a list                      */
    DREDIS__KIND_HASH, /* field -> dredis__blob *                       */
    DREDIS__KIND_SET,  /* member -> nothing                             */
    DREDIS__KIND_ZSET, /* member -> score, and sorted when that is read */
} dredis__kind;

struct dredis__object {
    dredis__kind kind;
    int64_t expires; /* 0: never; else on the server's clock */
    union {
        dredis__blob *string;
        dredis__list list;
        struct {
            dredis__dict dict;
            dredis__entry **sorted; /* of a ZSET: its entries by score; NULL: not
                                       known since the last change */
        };
    };
};

/* What KEY holds, or NULL if there is no such key (any more). */
dredis__object *dredis__key_find(dredis__call *call, dredis__span key);

/* The same for a command of this kind: 1: found; 0: there is none; -1: it is of
 * another kind, and the error has been said. */
int dredis__key_of_kind(dredis__call *call, size_t arg, dredis__kind kind,
                        dredis__object **object);

/* The same, and makes it if there is none: 0 or -1. */
int dredis__key_make(dredis__call *call, size_t arg, dredis__kind kind,
                     dredis__object **object);

/* Puts the object (taken; without a kind's content lost) in the key's place: 0, or
 * -1 without memory, and it has been freed. */
int dredis__key_put(dredis__call *call, dredis__span key, dredis__object *object);

/* A new string object with the bytes, or NULL. */
dredis__object *dredis__object_string(dredis__span bytes);
dredis__object *dredis__object_new(dredis__kind kind);
void dredis__object_free(void *object);
size_t dredis__object_count(const dredis__object *object);
const char *dredis__kind_name(dredis__kind kind);

/* Removes the key; false: there was none. Nobody is told. */
bool dredis__key_remove(dredis__call *call, dredis__span key);

/* Tells everybody who wants to know: watchers, caches, waiters, and subscribers of
 * the event, of the class that is one letter of notify-keyspace-events. */
void dredis__key_changed(dredis__call *call, dredis__span key, char event_class,
                         const char *event);

/* Removes a list, hash, set or sorted set that is empty now, after a change. */
void dredis__key_drop_empty(dredis__call *call, dredis__span key);

/* Removes what has expired in all databases. */
void dredis__keys_expire(dredis__engine *engine);

/* Removes all keys of a database, or of all (-1). */
void dredis__keys_flush(dredis__engine *engine, const dredis__call *call, int db);

/* The entries of a sorted set in order: `dict.count` of them. NULL: no memory. */
dredis__entry **dredis__zset_sorted(dredis__object *zset);
void dredis__zset_unsorted(dredis__object *zset);

/* A long double as Redis writes one: without an exponent, without zeros behind. The
 * largest has 4933 digits, which a frame must hold. */
#define DREDIS__FLOAT_SIZE 5120
size_t dredis__print_float(char text[DREDIS__FLOAT_SIZE], long double value);

/* What Redis's two indices from and to, which count from the end if negative, mean
 * of `len` elements. */
void dredis__range(long long from, long long to, size_t len, size_t *first,
                   size_t *count);

/* The events of notify-keyspace-events as bits, from text and back. */
int dredis__events_parse(dredis__span text, unsigned *events);
void dredis__events_print(unsigned events, char text[32]);

#endif

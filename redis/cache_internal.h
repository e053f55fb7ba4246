/* SPDX-License-Identifier: MIT */
/*
 * A cache inside: its items. What they go through is told in cache.c.
 */
#ifndef DREDIS_CACHE_INTERNAL_H
#define DREDIS_CACHE_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>

#include <diesel/redis_cache.h>

#include "client_internal.h"
#include "console_internal.h"
#include "dict_internal.h"
#include "watch_internal.h"

typedef struct dredis__cache_item {
    struct dredis__cache_item *prev, *next; /* of the kept */
    dredis__blob *key;        /* the dictionary's */
    dredis__blob *value;      /* NULL: there is no such key */
    int64_t until;            /* kept no longer than to this time */
    bool loading, stale;
    dredis__queue waiting;
} dredis__cache_item;

struct dredis_cache {
    dredis *client;
    dredis__lane lane;
    diesel_scope *scope;
    dredis_cache_options options;
    dredis__blob **prefixes;
    dredis__dict items;
    dredis__cache_item *first, *last; /* of the kept */
    dredis_cache_stats stats;
    diesel_console_entry *shown; /* on the console's page */
    dredis__meter *meter;        /* or NULL */
};

/* The key's item; NULL: there is none. */
dredis__cache_item *dredis__cache_find(const dredis_cache *cache, dredis__span key);

/* The item if it is kept and may still be used, which makes it the last used one; if
 * it is too old, it is dropped. NULL: no, or `it` is NULL. */
dredis__cache_item *dredis__cache_kept(dredis_cache *cache, dredis__cache_item *it);

/* An item of a key that has none, loading. NULL: no memory. */
dredis__cache_item *dredis__cache_begin(dredis_cache *cache, dredis__span key);

/* The end of loading: it is kept if it may be, or gone; those who wait are woken. */
void dredis__cache_end(dredis_cache *cache, dredis__cache_item *it, bool keep);

/* What it holds, or will hold, is old. */
void dredis__cache_forget(dredis_cache *cache, dredis__cache_item *it);

#endif

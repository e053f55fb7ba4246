/* SPDX-License-Identifier: MIT */
/*
 * The items of a cache: loading or kept, and the order in which they were used. No
 * I/O, and no switches.
 *
 * Invariant: the list of kept items, the least lately used last, holds all items that
 * are not loading, and `bytes` is the sum of their sizes.
 */
#include "cache_internal.h"

#include <diesel/memory.h>

#define OVERHEAD 160 /* of an item, beside its key and its value */

static size_t size_of(const dredis__cache_item *it)
{
    return OVERHEAD + it->key->len + (it->value != NULL ? it->value->len : 0);
}

static void link_first(dredis_cache *cache, dredis__cache_item *it)
{
    it->prev = NULL;
    it->next = cache->first;
    if (it->next != NULL)
        it->next->prev = it;
    else
        cache->last = it;
    cache->first = it;
}

static void unlink_item(dredis_cache *cache, dredis__cache_item *it)
{
    if (it->prev != NULL)
        it->prev->next = it->next;
    else
        cache->first = it->next;
    if (it->next != NULL)
        it->next->prev = it->prev;
    else
        cache->last = it->prev;
}

static void free_item(dredis_cache *cache, dredis__cache_item *it)
{
    dredis__dict_remove(&cache->items,
                        dredis__dict_find(&cache->items,
                                          dredis__blob_span(it->key)));
    diesel_free(it->value);
    diesel_free(it);
}

static void drop(dredis_cache *cache, dredis__cache_item *it)
{
    unlink_item(cache, it);
    cache->stats.bytes -= size_of(it);
    free_item(cache, it);
}

/* The kept item of a key that may still be used, which is now the last used one. */
dredis__cache_item *dredis__cache_kept(dredis_cache *cache, dredis__cache_item *it)
{
    if (it == NULL || it->loading)
        return NULL;
    if (it->until <= diesel_now()) {
        drop(cache, it);
        return NULL;
    }
    unlink_item(cache, it);
    link_first(cache, it);
    return it;
}

dredis__cache_item *dredis__cache_find(const dredis_cache *cache, dredis__span key)
{
    const dredis__entry *entry = dredis__dict_find(&cache->items, key);
    return entry != NULL ? entry->value : NULL;
}

dredis__cache_item *dredis__cache_begin(dredis_cache *cache, dredis__span key)
{
    bool added;
    dredis__cache_item *it = diesel_calloc(1, sizeof *it);
    dredis__entry *entry =
        it != NULL ? dredis__dict_add(&cache->items, key, &added) : NULL;
    if (entry == NULL) {
        diesel_free(it);
        return NULL;
    }
    it->key = entry->key;
    it->loading = true;
    dredis__queue_init(&it->waiting);
    entry->value = it;
    return it;
}

/* The end of it: the item is kept if it may be, or gone. */
void dredis__cache_end(dredis_cache *cache, dredis__cache_item *it, bool keep)
{
    it->loading = false;
    dredis__queue_wake_all(&it->waiting, 0);
    if (!keep || it->stale || it->until <= diesel_now()) {
        free_item(cache, it);
        return;
    }
    link_first(cache, it);
    cache->stats.bytes += size_of(it);
    while (cache->stats.bytes > cache->options.max_bytes) {
        drop(cache, cache->last);
        cache->stats.evictions++;
    }
}

void dredis__cache_forget(dredis_cache *cache, dredis__cache_item *it)
{
    if (it->loading)
        it->stale = true;
    else
        drop(cache, it);
}

void dredis_cache_flush(dredis_cache *cache)
{
    const dredis__entry *entry;
    cache->stats.flushes++;
    for (size_t at = 0; (entry = dredis__dict_next(&cache->items, &at)) != NULL;)
        dredis__cache_forget(cache, entry->value);
}

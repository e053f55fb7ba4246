/* SPDX-License-Identifier: MIT */
/*
 * The resolver's cache: a hash table of chains, and a ring from the answer that
 * was used last to the one that was used the longest time ago.
 *
 * The clock is the caller's, so that tests need not wait. What has expired goes
 * when it is asked for or when the room is needed.
 */
#include "dns_cache_internal.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include <diesel/memory.h>

#include "list_internal.h"

struct entry {
    diesel__link use; /* in cache->used, the latest first */
    struct entry *next; /* in its chain */
    uint32_t hash;
    int kind;
    int64_t since, until;
    diesel__dns_answer *answer;
    char name[];
};

struct diesel__dns_cache {
    size_t count, most;
    diesel__link used;
    size_t mask; /* chains - 1; their number is a power of two */
    struct entry *chains[];
};

diesel__dns_cache *diesel__dns_cache_new(size_t most)
{
    size_t chains = 16;
    while (chains < most && chains < (size_t)1 << 24)
        chains *= 2;
    diesel__dns_cache *cache = diesel_calloc(
        1, sizeof *cache + chains * sizeof cache->chains[0]);
    if (cache == NULL)
        return NULL;
    cache->most = most;
    cache->mask = chains - 1;
    diesel__link_init(&cache->used);
    return cache;
}

/* FNV-1a, of lower-case letters. */
static uint32_t hash_of(int kind, const char *name)
{
    uint32_t hash = 2166136261u ^ (uint32_t)kind;
    for (; *name != '\0'; name++)
        hash = (hash ^ (uint8_t)tolower((unsigned char)*name)) * 16777619u;
    return hash ^ hash >> 16;
}

static struct entry **find(diesel__dns_cache *cache, int kind, const char *name,
                           uint32_t hash)
{
    struct entry **at = &cache->chains[hash & cache->mask];
    while (*at != NULL && ((*at)->hash != hash || (*at)->kind != kind ||
                           strcasecmp((*at)->name, name) != 0))
        at = &(*at)->next;
    return at;
}

/* Takes out and frees the entry that *at points to. */
static void drop(diesel__dns_cache *cache, struct entry **at)
{
    struct entry *entry = *at;
    *at = entry->next;
    diesel__link_unlink(&entry->use);
    diesel__dns_answer_unref(entry->answer);
    diesel_free(entry);
    cache->count--;
}

static void drop_oldest(diesel__dns_cache *cache)
{
    struct entry *entry = DIESEL__HOLDER(cache->used.prev, struct entry, use);
    drop(cache, find(cache, entry->kind, entry->name, entry->hash));
}

void diesel__dns_cache_clear(diesel__dns_cache *cache)
{
    while (cache->count > 0)
        drop_oldest(cache);
}

void diesel__dns_cache_free(diesel__dns_cache *cache)
{
    if (cache == NULL)
        return;
    diesel__dns_cache_clear(cache);
    diesel_free(cache);
}

diesel__dns_answer *diesel__dns_cache_find(diesel__dns_cache *cache, int kind,
                                           const char *name, int64_t now,
                                           uint32_t *age)
{
    struct entry **at = find(cache, kind, name, hash_of(kind, name));
    struct entry *entry = *at;
    if (entry == NULL)
        return NULL;
    if (now >= entry->until) {
        drop(cache, at);
        return NULL;
    }
    diesel__link_unlink(&entry->use);
    diesel__list_append(cache->used.next, &entry->use); /* before the first */
    *age = (uint32_t)((now - entry->since) / 1000000000);
    return diesel__dns_answer_ref(entry->answer);
}

void diesel__dns_cache_put(diesel__dns_cache *cache, int kind, const char *name,
                           diesel__dns_answer *answer, int64_t now,
                           int64_t until)
{
    uint32_t hash = hash_of(kind, name);
    struct entry **at = find(cache, kind, name, hash);
    if (*at != NULL)
        drop(cache, at);
    if (until <= now)
        return;
    size_t size = strlen(name) + 1;
    struct entry *entry = diesel_malloc(sizeof *entry + size);
    if (entry == NULL)
        return;
    if (cache->count == cache->most)
        drop_oldest(cache);
    *entry = (struct entry){.hash = hash,
                            .kind = kind,
                            .since = now,
                            .until = until,
                            .answer = diesel__dns_answer_ref(answer)};
    memcpy(entry->name, name, size);
    at = &cache->chains[hash & cache->mask];
    entry->next = *at;
    *at = entry;
    diesel__list_append(cache->used.next, &entry->use);
    cache->count++;
}

size_t diesel__dns_cache_count(const diesel__dns_cache *cache)
{
    return cache->count;
}

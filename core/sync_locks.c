/* SPDX-License-Identifier: MIT */
/*
 * Locks by name: a hash table of the keys that are in use, each with a mutex. An
 * entry lives as long as somebody holds it or waits for it.
 */
#include <diesel/sync.h>

#include <string.h>

#include <diesel/memory.h>

#include "wait_internal.h"

#define BUCKETS 256

struct entry {
    struct entry *next;
    diesel_mutex mutex;
    size_t users; /* who hold it or wait for it */
    size_t size;
    char key[];
};

struct diesel_locks {
    size_t count;
    struct entry *buckets[BUCKETS];
};

/* FNV-1a, http://www.isthe.com/chongo/tech/comp/fnv/ */
static struct entry **find(diesel_locks *locks, const void *key, size_t size)
{
    const unsigned char *bytes = key;
    uint32_t hash = 2166136261u;
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ bytes[i]) * 16777619u;
    struct entry **at = &locks->buckets[(hash ^ hash >> 16) % BUCKETS];
    while (*at != NULL &&
           ((*at)->size != size || memcmp((*at)->key, key, size) != 0))
        at = &(*at)->next;
    return at;
}

diesel_locks *diesel_locks_new(diesel_error *err)
{
    diesel_locks *locks = diesel_calloc(1, sizeof *locks);
    if (locks == NULL)
        diesel_error_nomem(err, "locks by name");
    return locks;
}

void diesel_locks_free(diesel_locks *locks)
{
    if (locks != NULL && locks->count > 0)
        diesel__misused("locks by name are freed while one is in use");
    diesel_free(locks);
}

static struct entry *use(diesel_locks *locks, const void *key, size_t size)
{
    struct entry **at = find(locks, key, size), *entry = *at;
    size_t bytes;
    if (entry == NULL) {
        if (__builtin_add_overflow(sizeof *entry, size, &bytes))
            return NULL;
        entry = diesel_calloc(1, bytes);
        if (entry == NULL)
            return NULL;
        entry->size = size;
        memcpy(entry->key, key, size);
        *at = entry;
        locks->count++;
    }
    entry->users++;
    return entry;
}

static void leave(diesel_locks *locks, struct entry *entry)
{
    if (--entry->users > 0)
        return;
    *find(locks, entry->key, entry->size) = entry->next;
    locks->count--;
    diesel_free(entry);
}

int diesel_locks_lock(diesel_locks *locks, const void *key, size_t size,
                      int64_t deadline, diesel_error *err)
{
    struct entry *entry = use(locks, key, size);
    if (entry == NULL)
        return diesel_error_nomem(err, "a lock by name");
    int result = diesel_mutex_lock(&entry->mutex, deadline, err);
    if (result < 0)
        leave(locks, entry);
    return result;
}

void diesel_locks_unlock(diesel_locks *locks, const void *key, size_t size)
{
    struct entry *entry = *find(locks, key, size);
    if (entry == NULL)
        diesel__misused("a lock by name is unlocked that is not held");
    diesel_mutex_unlock(&entry->mutex);
    leave(locks, entry);
}

size_t diesel_locks_count(const diesel_locks *locks)
{
    return locks->count;
}

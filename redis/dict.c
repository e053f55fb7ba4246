/* SPDX-License-Identifier: MIT */
/*
 * Dictionaries: the entries lie in an array in the order in which they were added,
 * and a table of slots, open addressing with linear probing, finds them by key.
 *
 *     slots    [ .  3  .  1  2  . ... ]       entry number + 1
 *     entries  [ one ][ two ][ (removed) ]    used = 3, count = 2
 *
 * A removed entry leaves a hole, so that entries do not move while one walks over
 * them, and its slot still leads there, so that probing goes on behind it. Both are
 * cleaned up when the array would have to grow.
 *
 * Keys come from whoever writes to the server or publishes there, so hashes are keyed:
 * nobody can choose names that meet in one slot (hash.c).
 *
 * The tables in headers, uthash and its like, have neither of what this is for: a
 * cursor into the order of adding that survives removal, which SCAN needs, nor a
 * keyed hash; and they report a lack of memory by calling exit() or through a macro.
 */
#include "dict_internal.h"

#include <stdlib.h>

#include <diesel/memory.h>

#include "hash_internal.h"

#define FIRST_ROOM 8

static uint64_t hash_of(dredis__span key)
{
    return dredis__hash(key.at, key.len);
}

dredis__entry *dredis__dict_find(const dredis__dict *dict, dredis__span key)
{
    if (dict->count == 0)
        return NULL;
    uint64_t hash = hash_of(key);
    for (size_t i = hash & dict->mask; dict->slots[i] != 0;
         i = (i + 1) & dict->mask) {
        dredis__entry *entry = &dict->entries[dict->slots[i] - 1];
        if (entry->key != NULL && entry->hash == hash &&
            dredis__span_is(dredis__blob_span(entry->key), key))
            return entry;
    }
    return NULL;
}

static void put_slot(dredis__dict *dict, uint64_t hash, size_t number)
{
    size_t i = hash & dict->mask;
    while (dict->slots[i] != 0)
        i = (i + 1) & dict->mask;
    dict->slots[i] = (uint32_t)(number + 1);
}

/* Moves the entries together in an array with room for twice as many as are there,
 * and makes new slots: 0 or -1. */
static int rebuild(dredis__dict *dict)
{
    size_t room = FIRST_ROOM;
    while (room < 2 * (dict->count + 1))
        room *= 2;
    dredis__entry *entries = diesel_realloc_array(NULL, room, sizeof *entries);
    uint32_t *slots = diesel_calloc(2 * room, sizeof *slots);
    if (entries == NULL || slots == NULL || room > UINT32_MAX / 2) {
        diesel_free(entries);
        diesel_free(slots);
        return -1;
    }
    size_t n = 0;
    for (size_t i = 0; i < dict->used; i++)
        if (dict->entries[i].key != NULL)
            entries[n++] = dict->entries[i];
    diesel_free(dict->entries);
    diesel_free(dict->slots);
    dict->entries = entries;
    dict->slots = slots;
    dict->used = n;
    dict->room = room;
    dict->mask = 2 * room - 1;
    for (size_t i = 0; i < n; i++)
        put_slot(dict, entries[i].hash, i);
    return 0;
}

dredis__entry *dredis__dict_add(dredis__dict *dict, dredis__span key, bool *added)
{
    dredis__entry *entry = dredis__dict_find(dict, key);
    *added = entry == NULL;
    if (entry != NULL)
        return entry;
    if (dict->used == dict->room && rebuild(dict) < 0)
        return NULL;
    dredis__blob *copy = dredis__blob_new(key.at, key.len);
    if (copy == NULL)
        return NULL;
    entry = &dict->entries[dict->used];
    *entry = (dredis__entry){
        .key = copy, .number = ++dict->next_number, .hash = hash_of(key)};
    put_slot(dict, entry->hash, dict->used);
    dict->used++;
    dict->count++;
    return entry;
}

void dredis__dict_remove(dredis__dict *dict, dredis__entry *entry)
{
    diesel_free(entry->key);
    entry->key = NULL;
    dict->count--;
}

dredis__entry *dredis__dict_next(const dredis__dict *dict, size_t *at)
{
    while (*at < dict->used) {
        dredis__entry *entry = &dict->entries[(*at)++];
        if (entry->key != NULL)
            return entry;
    }
    return NULL;
}

size_t dredis__dict_seek(const dredis__dict *dict, uint64_t cursor)
{
    size_t low = 0, high = dict->used;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (dict->entries[middle].number < cursor)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

void dredis__dict_clear(dredis__dict *dict, dredis__free_fn *free_value)
{
    dredis__entry *entry;
    for (size_t at = 0; (entry = dredis__dict_next(dict, &at)) != NULL;) {
        if (free_value != NULL)
            free_value(entry->value);
        diesel_free(entry->key);
    }
    diesel_free(dict->entries);
    diesel_free(dict->slots);
    *dict = (dredis__dict){.next_number = dict->next_number};
}

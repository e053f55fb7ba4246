/* SPDX-License-Identifier: MIT */
/*
 * The test server's keys: finding, making, removing them, expiry, and telling
 * everybody whom a change concerns.
 *
 * Expiry is lazy, as in Redis: a key whose time has come is removed when somebody
 * asks for it, or when the clock ticks.
 */
#include "server/data_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <diesel/memory.h>

/* The letters of notify-keyspace-events; their bits are their places. */
static const char event_letters[] = "g$lshzxetdmnKE";
enum {
    ALL_EVENTS = (1 << 10) - 1, /* "A": all of them up to 'd' */
    KEYSPACE_EVENTS = 1 << 12,
    KEYEVENT_EVENTS = 1 << 13
};

const char *dredis__kind_name(dredis__kind kind)
{
    static const char *const names[] = {
        [DREDIS__KIND_STRING] = "string", [DREDIS__KIND_LIST] = "list",
        [DREDIS__KIND_HASH] = "hash",     [DREDIS__KIND_SET] = "set",
        [DREDIS__KIND_ZSET] = "zset",
    };
    return names[kind];
}

size_t dredis__print_float(char text[DREDIS__FLOAT_SIZE], long double value)
{
    size_t len = (size_t)snprintf(text, DREDIS__FLOAT_SIZE, "%.17Lf", value);
    while (text[len - 1] == '0')
        len--;
    len -= text[len - 1] == '.';
    text[len] = '\0';
    if (strcmp(text, "-0") == 0)
        len = (size_t)snprintf(text, DREDIS__FLOAT_SIZE, "0");
    return len;
}

void dredis__range(long long from, long long to, size_t len, size_t *first,
                   size_t *count)
{
    long long n = (long long)len;
    *first = *count = 0;
    if (from < 0)
        from = from + n < 0 ? 0 : from + n;
    if (to < 0)
        to += n;
    if (to >= n)
        to = n - 1;
    if (from > to || to < 0)
        return;
    *first = (size_t)from;
    *count = (size_t)(to - from + 1);
}

/* --- Objects */

dredis__object *dredis__object_new(dredis__kind kind)
{
    dredis__object *object = diesel_calloc(1, sizeof *object);
    if (object != NULL)
        object->kind = kind;
    return object;
}

dredis__object *dredis__object_string(dredis__span bytes)
{
    dredis__object *object = dredis__object_new(DREDIS__KIND_STRING);
    if (object == NULL)
        return NULL;
    object->string = dredis__blob_new(bytes.at, bytes.len);
    if (object->string != NULL)
        return object;
    diesel_free(object);
    return NULL;
}

void dredis__object_free(void *value)
{
    dredis__object *object = value;
    if (object == NULL)
        return;
    switch (object->kind) {
    case DREDIS__KIND_STRING:
        diesel_free(object->string);
        break;
    case DREDIS__KIND_LIST:
        dredis__list_clear(&object->list, diesel_free);
        break;
    case DREDIS__KIND_HASH:
        dredis__dict_clear(&object->dict, diesel_free);
        break;
    case DREDIS__KIND_SET:
    case DREDIS__KIND_ZSET:
        dredis__zset_unsorted(object);
        dredis__dict_clear(&object->dict, NULL);
        break;
    }
    diesel_free(object);
}

size_t dredis__object_count(const dredis__object *object)
{
    switch (object->kind) {
    case DREDIS__KIND_STRING:
        return object->string->len;
    case DREDIS__KIND_LIST:
        return object->list.count;
    default:
        return object->dict.count;
    }
}

static int by_score(const void *a, const void *b)
{
    const dredis__entry *x = *(dredis__entry *const *)a;
    const dredis__entry *y = *(dredis__entry *const *)b;
    if (x->score != y->score)
        return x->score < y->score ? -1 : 1;
    return dredis__span_compare(dredis__blob_span(x->key),
                                dredis__blob_span(y->key));
}

dredis__entry **dredis__zset_sorted(dredis__object *zset)
{
    if (zset->sorted != NULL)
        return zset->sorted;
    dredis__entry **sorted =
        diesel_realloc_array(NULL, zset->dict.count + 1, sizeof *sorted);
    if (sorted == NULL)
        return NULL;
    dredis__entry *entry;
    size_t n = 0;
    for (size_t at = 0; (entry = dredis__dict_next(&zset->dict, &at)) != NULL;)
        sorted[n++] = entry;
    qsort(sorted, n, sizeof *sorted, by_score);
    return zset->sorted = sorted;
}

void dredis__zset_unsorted(dredis__object *zset)
{
    diesel_free(zset->sorted);
    zset->sorted = NULL;
}

/* --- Keys */

static dredis__dict *keys_of(const dredis__call *call)
{
    return &call->engine->db[call->peer->db];
}

static void publish_event(dredis__engine *engine, const dredis__call *call,
                          int db, dredis__span key, const char *event)
{
    dredis__buffer name = {0};
    dredis__span about = {event, strlen(event)};
    if ((engine->events & KEYSPACE_EVENTS) != 0) {
        dredis__buffer_print(&name, "__keyspace@%d__:", db);
        dredis__buffer_add(&name, key.at, key.len);
        if (!name.failed)
            dredis__publish(engine, call, (dredis__span){name.at, name.len}, about,
                            false);
    }
    name.len = 0;
    if ((engine->events & KEYEVENT_EVENTS) != 0) {
        dredis__buffer_print(&name, "__keyevent@%d__:%s", db, event);
        if (!name.failed)
            dredis__publish(engine, call, (dredis__span){name.at, name.len}, key,
                            false);
    }
    dredis__buffer_clear(&name);
}

static void notify(dredis__engine *engine, const dredis__call *call, int db,
                   dredis__span key, char event_class, const char *event)
{
    const char *letter = strchr(event_letters, event_class);
    if (letter != NULL && (engine->events & 1u << (letter - event_letters)) != 0)
        publish_event(engine, call, db, key, event);
}

int dredis__events_parse(dredis__span text, unsigned *events)
{
    unsigned bits = 0;
    for (size_t i = 0; i < text.len; i++) {
        const char *letter = text.at[i] != '\0'
                                 ? strchr(event_letters, text.at[i])
                                 : NULL;
        if (text.at[i] == 'A')
            bits |= ALL_EVENTS;
        else if (letter != NULL)
            bits |= 1u << (letter - event_letters);
        else
            return -1;
    }
    *events = bits;
    return 0;
}

void dredis__events_print(unsigned events, char text[32])
{
    size_t n = 0;
    if ((events & ALL_EVENTS) == ALL_EVENTS) {
        text[n++] = 'A';
        events &= ~(unsigned)ALL_EVENTS;
    }
    for (size_t i = 0; event_letters[i] != '\0'; i++)
        if ((events & 1u << i) != 0)
            text[n++] = event_letters[i];
    text[n] = '\0';
}

static void tell(dredis__engine *engine, const dredis__call *call, int db,
                 dredis__span key)
{
    dredis__watch_changed(engine, db, key);
    dredis__tracking_changed(engine, call, &key);
}

/* Removes a key whose time has come. */
static void expire(dredis__engine *engine, const dredis__call *call, int db,
                   dredis__entry *entry)
{
    dredis__object_free(entry->value);
    dredis__span key = dredis__blob_span(entry->key);
    tell(engine, call, db, key);
    notify(engine, call, db, key, 'x', "expired");
    dredis__dict_remove(&engine->db[db], entry);
}

static bool has_expired(const dredis__engine *engine, const dredis__entry *entry)
{
    const dredis__object *object = entry->value;
    return object->expires != 0 &&
           object->expires <= dredis__engine_now(engine);
}

dredis__object *dredis__key_find(dredis__call *call, dredis__span key)
{
    dredis__entry *entry = dredis__dict_find(keys_of(call), key);
    if ((call->command->flags & DREDIS__READS) != 0)
        dredis__tracking_read(call, key);
    if (entry == NULL)
        return NULL;
    if (has_expired(call->engine, entry)) {
        expire(call->engine, call, call->peer->db, entry);
        return NULL;
    }
    return entry->value;
}

int dredis__key_of_kind(dredis__call *call, size_t arg, dredis__kind kind,
                        dredis__object **object)
{
    *object = dredis__key_find(call, call->arg[arg]);
    if (*object == NULL)
        return 0;
    if ((*object)->kind == kind)
        return 1;
    dredis__say_error(call, "WRONGTYPE Operation against a key holding the "
                            "wrong kind of value");
    return -1;
}

int dredis__key_make(dredis__call *call, size_t arg, dredis__kind kind,
                     dredis__object **object)
{
    int found = dredis__key_of_kind(call, arg, kind, object);
    if (found != 0)
        return found < 0 ? -1 : 0;
    *object = dredis__object_new(kind);
    if (*object != NULL && kind == DREDIS__KIND_STRING &&
        ((*object)->string = dredis__blob_new("", 0)) == NULL) {
        diesel_free(*object);
        *object = NULL;
    }
    if (*object != NULL && dredis__key_put(call, call->arg[arg], *object) == 0)
        return 0;
    dredis__say_no_memory(call);
    return -1;
}

int dredis__key_put(dredis__call *call, dredis__span key, dredis__object *object)
{
    bool added;
    dredis__entry *entry = dredis__dict_add(keys_of(call), key, &added);
    if (entry == NULL) {
        dredis__object_free(object);
        return -1;
    }
    if (!added)
        dredis__object_free(entry->value);
    entry->value = object;
    return 0;
}

bool dredis__key_remove(dredis__call *call, dredis__span key)
{
    if (dredis__key_find(call, key) == NULL)
        return false;
    dredis__entry *entry = dredis__dict_find(keys_of(call), key);
    dredis__object_free(entry->value);
    dredis__dict_remove(keys_of(call), entry);
    return true;
}

void dredis__key_changed(dredis__call *call, dredis__span key, char event_class,
                         const char *event)
{
    if (event_class == 'l' || event_class == 'z' || event_class == 'g')
        call->engine->keys_ready = true;
    tell(call->engine, call, call->peer->db, key);
    notify(call->engine, call, call->peer->db, key, event_class, event);
}

void dredis__key_drop_empty(dredis__call *call, dredis__span key)
{
    dredis__entry *entry = dredis__dict_find(keys_of(call), key);
    if (entry == NULL || dredis__object_count(entry->value) > 0)
        return;
    dredis__object_free(entry->value);
    dredis__dict_remove(keys_of(call), entry);
    notify(call->engine, call, call->peer->db, key, 'g', "del");
}

void dredis__keys_expire(dredis__engine *engine)
{
    dredis__entry *entry;
    for (int db = 0; db < DREDIS__DATABASES; db++)
        for (size_t at = 0;
             (entry = dredis__dict_next(&engine->db[db], &at)) != NULL;)
            if (has_expired(engine, entry))
                expire(engine, NULL, db, entry);
}

void dredis__keys_flush(dredis__engine *engine, const dredis__call *call, int db)
{
    for (int i = 0; i < DREDIS__DATABASES; i++)
        if (db < 0 || db == i)
            dredis__dict_clear(&engine->db[i], dredis__object_free);
    dredis__watch_all_changed(engine);
    dredis__tracking_changed(engine, call, NULL);
}

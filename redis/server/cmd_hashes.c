/* SPDX-License-Identifier: MIT */
/*
 * The test server's commands on hashes.
 */
#include <math.h>
#include <stdio.h>

#include <diesel/memory.h>

#include "server/commands_internal.h"
#include "server/data_internal.h"

static int find(dredis__call *call, dredis__object **hash)
{
    return dredis__key_of_kind(call, 1, DREDIS__KIND_HASH, hash);
}

static const dredis__blob *field(const dredis__object *hash, dredis__span name)
{
    const dredis__entry *entry =
        hash != NULL ? dredis__dict_find(&hash->dict, name) : NULL;
    return entry != NULL ? entry->value : NULL;
}

/* Sets a field: 1: it is new; 0; -1, and the error has been said. */
static int put(dredis__call *call, dredis__object *hash, dredis__span name,
               dredis__span value)
{
    bool added;
    dredis__blob *blob = dredis__blob_new(value.at, value.len);
    dredis__entry *entry =
        blob != NULL ? dredis__dict_add(&hash->dict, name, &added) : NULL;
    if (entry == NULL) {
        diesel_free(blob);
        dredis__key_drop_empty(call, call->arg[1]);
        dredis__say_no_memory(call);
        return -1;
    }
    diesel_free(entry->value);
    entry->value = blob;
    return added;
}

static long long put_all(dredis__call *call)
{
    dredis__object *hash;
    long long added = 0;
    if (call->n % 2 != 0) {
        dredis__say_error(call, "ERR wrong number of arguments for '%s' command",
                          call->command->name);
        return -1;
    }
    if (dredis__key_make(call, 1, DREDIS__KIND_HASH, &hash) < 0)
        return -1;
    for (size_t i = 2; i < call->n; i += 2) {
        int put_one = put(call, hash, call->arg[i], call->arg[i + 1]);
        if (put_one < 0)
            return -1;
        added += put_one;
    }
    dredis__key_changed(call, call->arg[1], 'h', "hset");
    return added;
}

void dredis__run_hset(dredis__call *call)
{
    long long added = put_all(call);
    if (added >= 0)
        dredis__say_int(call, added);
}

void dredis__run_hmset(dredis__call *call)
{
    if (put_all(call) >= 0)
        dredis__say_ok(call);
}

void dredis__run_hsetnx(dredis__call *call)
{
    dredis__object *hash;
    if (find(call, &hash) < 0)
        return;
    if (field(hash, call->arg[2]) != NULL) {
        dredis__say_int(call, 0);
        return;
    }
    if (dredis__key_make(call, 1, DREDIS__KIND_HASH, &hash) < 0 ||
        put(call, hash, call->arg[2], call->arg[3]) < 0)
        return;
    dredis__key_changed(call, call->arg[1], 'h', "hset");
    dredis__say_int(call, 1);
}

void dredis__run_hget(dredis__call *call)
{
    dredis__object *hash;
    if (find(call, &hash) >= 0)
        dredis__say_blob(call, field(hash, call->arg[2]));
}

void dredis__run_hmget(dredis__call *call)
{
    dredis__object *hash;
    if (find(call, &hash) < 0)
        return;
    dredis__say_array(call, call->n - 2);
    for (size_t i = 2; i < call->n; i++)
        dredis__say_blob(call, field(hash, call->arg[i]));
}

void dredis__run_hexists(dredis__call *call)
{
    dredis__object *hash;
    if (find(call, &hash) >= 0)
        dredis__say_int(call, field(hash, call->arg[2]) != NULL);
}

void dredis__run_hstrlen(dredis__call *call)
{
    dredis__object *hash;
    if (find(call, &hash) < 0)
        return;
    const dredis__blob *value = field(hash, call->arg[2]);
    dredis__say_int(call, value != NULL ? (long long)value->len : 0);
}

void dredis__run_hlen(dredis__call *call)
{
    dredis__object *hash;
    if (find(call, &hash) >= 0)
        dredis__say_int(call, hash != NULL ? (long long)hash->dict.count : 0);
}

static void say_all(dredis__call *call, bool names, bool values)
{
    dredis__object *hash;
    if (find(call, &hash) < 0)
        return;
    size_t n = hash != NULL ? hash->dict.count : 0;
    const dredis__entry *entry;
    if (names && values)
        dredis__say_map(call, n);
    else
        dredis__say_array(call, n);
    for (size_t at = 0;
         n > 0 && (entry = dredis__dict_next(&hash->dict, &at)) != NULL;) {
        if (names)
            dredis__say_blob(call, entry->key);
        if (values)
            dredis__say_blob(call, entry->value);
    }
}

void dredis__run_hgetall(dredis__call *call)
{
    say_all(call, true, true);
}

void dredis__run_hkeys(dredis__call *call)
{
    say_all(call, true, false);
}

void dredis__run_hvals(dredis__call *call)
{
    say_all(call, false, true);
}

void dredis__run_hdel(dredis__call *call)
{
    dredis__object *hash;
    long long deleted = 0;
    if (find(call, &hash) < 0)
        return;
    for (size_t i = 2; hash != NULL && i < call->n; i++) {
        dredis__entry *entry = dredis__dict_find(&hash->dict, call->arg[i]);
        if (entry == NULL)
            continue;
        diesel_free(entry->value);
        dredis__dict_remove(&hash->dict, entry);
        deleted++;
    }
    if (deleted > 0) {
        dredis__key_changed(call, call->arg[1], 'h', "hdel");
        dredis__key_drop_empty(call, call->arg[1]);
    }
    dredis__say_int(call, deleted);
}

void dredis__run_hincrby(dredis__call *call)
{
    dredis__object *hash;
    long long by, value = 0;
    char text[32];
    if (dredis__arg_int(call, 3, &by) < 0 || find(call, &hash) < 0)
        return;
    const dredis__blob *old = field(hash, call->arg[2]);
    if (old != NULL && dredis__span_int(dredis__blob_span(old), &value) < 0) {
        dredis__say_error(call, "ERR hash value is not an integer");
        return;
    }
    if (__builtin_add_overflow(value, by, &value)) {
        dredis__say_error(call, "ERR increment or decrement would overflow");
        return;
    }
    int len = snprintf(text, sizeof text, "%lld", value);
    if (dredis__key_make(call, 1, DREDIS__KIND_HASH, &hash) < 0 ||
        put(call, hash, call->arg[2], (dredis__span){text, (size_t)len}) < 0)
        return;
    dredis__key_changed(call, call->arg[1], 'h', "hincrby");
    dredis__say_int(call, value);
}

void dredis__run_hincrbyfloat(dredis__call *call)
{
    dredis__object *hash;
    long double by, value = 0;
    char text[DREDIS__FLOAT_SIZE];
    if (find(call, &hash) < 0)
        return;
    if (dredis__span_double(call->arg[3], &by) < 0) {
        dredis__say_error(call, "ERR value is not a valid float");
        return;
    }
    const dredis__blob *old = field(hash, call->arg[2]);
    if (old != NULL && dredis__span_double(dredis__blob_span(old), &value) < 0) {
        dredis__say_error(call, "ERR hash value is not a float");
        return;
    }
    if (isinf(value + by)) {
        dredis__say_error(call, "ERR increment would produce NaN or Infinity");
        return;
    }
    size_t len = dredis__print_float(text, value + by);
    if (dredis__key_make(call, 1, DREDIS__KIND_HASH, &hash) < 0 ||
        put(call, hash, call->arg[2], (dredis__span){text, len}) < 0)
        return;
    dredis__key_changed(call, call->arg[1], 'h', "hincrbyfloat");
    dredis__say_text(call, text);
}

/* SPDX-License-Identifier: MIT */
/*
 * The test server's commands on sets.
 */
#include <string.h>

#include <diesel/memory.h>

#include "server/commands_internal.h"
#include "server/data_internal.h"

static int find(dredis__call *call, size_t arg, dredis__object **set)
{
    return dredis__key_of_kind(call, arg, DREDIS__KIND_SET, set);
}

static bool has(const dredis__object *set, dredis__span member)
{
    return set != NULL && dredis__dict_find(&set->dict, member) != NULL;
}

void dredis__run_sadd(dredis__call *call)
{
    dredis__object *set;
    bool is_new;
    long long added = 0;
    if (dredis__key_make(call, 1, DREDIS__KIND_SET, &set) < 0)
        return;
    for (size_t i = 2; i < call->n; i++) {
        if (dredis__dict_add(&set->dict, call->arg[i], &is_new) == NULL) {
            dredis__key_drop_empty(call, call->arg[1]);
            dredis__say_no_memory(call);
            return;
        }
        added += is_new;
    }
    if (added > 0)
        dredis__key_changed(call, call->arg[1], 's', "sadd");
    dredis__say_int(call, added);
}

/* What follows from members having been removed. */
static void removed(dredis__call *call, dredis__span key, const char *event)
{
    dredis__key_changed(call, key, 's', event);
    dredis__key_drop_empty(call, key);
}

void dredis__run_srem(dredis__call *call)
{
    dredis__object *set;
    long long n = 0;
    if (find(call, 1, &set) < 0)
        return;
    for (size_t i = 2; set != NULL && i < call->n; i++) {
        dredis__entry *entry = dredis__dict_find(&set->dict, call->arg[i]);
        if (entry == NULL)
            continue;
        dredis__dict_remove(&set->dict, entry);
        n++;
    }
    if (n > 0)
        removed(call, call->arg[1], "srem");
    dredis__say_int(call, n);
}

void dredis__run_scard(dredis__call *call)
{
    dredis__object *set;
    if (find(call, 1, &set) >= 0)
        dredis__say_int(call, set != NULL ? (long long)set->dict.count : 0);
}

void dredis__run_sismember(dredis__call *call)
{
    dredis__object *set;
    if (find(call, 1, &set) >= 0)
        dredis__say_int(call, has(set, call->arg[2]));
}

void dredis__run_smismember(dredis__call *call)
{
    dredis__object *set;
    if (find(call, 1, &set) < 0)
        return;
    dredis__say_array(call, call->n - 2);
    for (size_t i = 2; i < call->n; i++)
        dredis__say_int(call, has(set, call->arg[i]));
}

static void say_members(dredis__call *call, const dredis__dict *members)
{
    const dredis__entry *entry;
    dredis__say_set(call, members->count);
    for (size_t at = 0; (entry = dredis__dict_next(members, &at)) != NULL;)
        dredis__say_blob(call, entry->key);
}

void dredis__run_smembers(dredis__call *call)
{
    dredis__object *set;
    if (find(call, 1, &set) >= 0)
        say_members(call, set != NULL ? &set->dict : &(dredis__dict){0});
}

void dredis__run_smove(dredis__call *call)
{
    dredis__object *from, *to;
    bool added;
    if (find(call, 1, &from) < 0 || find(call, 2, &to) < 0)
        return;
    bool same = dredis__span_is(call->arg[1], call->arg[2]);
    if (!has(from, call->arg[3]) || same) {
        dredis__say_int(call, has(from, call->arg[3]));
        return;
    }
    if (dredis__key_make(call, 2, DREDIS__KIND_SET, &to) < 0)
        return;
    if (dredis__dict_add(&to->dict, call->arg[3], &added) == NULL) {
        dredis__key_drop_empty(call, call->arg[2]);
        dredis__say_no_memory(call);
        return;
    }
    dredis__dict_remove(&from->dict, dredis__dict_find(&from->dict, call->arg[3]));
    removed(call, call->arg[1], "srem");
    dredis__key_changed(call, call->arg[2], 's', "sadd");
    dredis__say_int(call, 1);
}

/* --- By chance */

static dredis__entry *some_member(dredis__engine *engine, dredis__object *set)
{
    dredis__entry *entry = NULL;
    size_t at = 0;
    for (uint64_t n = dredis__random(engine, set->dict.count) + 1; n > 0; n--)
        entry = dredis__dict_next(&set->dict, &at);
    return entry;
}

/* The count at 2: 1; 0: none was given; -1, and the error has been said. */
static int arg_count(dredis__call *call, bool negative, long long *count)
{
    if (call->n > 3) {
        dredis__say_syntax(call);
        return -1;
    }
    if (call->n == 2)
        return 0;
    if (!negative && (dredis__span_int(call->arg[2], count) < 0 || *count < 0)) {
        dredis__say_error(call, "ERR value is out of range, must be positive");
        return -1;
    }
    return dredis__arg_int(call, 2, count) < 0 ? -1 : 1;
}

void dredis__run_spop(dredis__call *call)
{
    dredis__object *set;
    long long count = 1;
    int counted = arg_count(call, false, &count);
    if (counted < 0 || find(call, 1, &set) < 0)
        return;
    size_t n = set != NULL ? set->dict.count : 0;
    if ((unsigned long long)count < n)
        n = (size_t)count;
    if (counted > 0)
        dredis__say_set(call, n);
    else if (n == 0)
        dredis__say_nil(call);
    for (size_t i = 0; i < n; i++) {
        dredis__entry *entry = some_member(call->engine, set);
        dredis__say_blob(call, entry->key);
        dredis__dict_remove(&set->dict, entry);
    }
    if (n > 0)
        removed(call, call->arg[1], "spop");
}

void dredis__run_srandmember(dredis__call *call)
{
    dredis__object *set;
    long long count = 1;
    int counted = arg_count(call, true, &count);
    if (counted < 0 || find(call, 1, &set) < 0)
        return;
    if (counted == 0) {
        dredis__say_blob(call, set != NULL ? some_member(call->engine, set)->key
                                           : NULL);
        return;
    }
    if (count < -1000000) {
        dredis__say_error(call, "ERR value is out of range");
        return;
    }
    size_t there = set != NULL ? set->dict.count : 0;
    if (count < 0) { /* the same one may come again */
        size_t n = there > 0 ? (size_t)-count : 0;
        dredis__say_array(call, n);
        for (size_t i = 0; i < n; i++)
            dredis__say_blob(call, some_member(call->engine, set)->key);
        return;
    }
    size_t n = (unsigned long long)count < there ? (size_t)count : there;
    size_t at = 0;
    dredis__say_array(call, n);
    /* Each member that is left is taken with the chance that makes all equal. */
    for (size_t left = there, want = n; want > 0; left--) {
        const dredis__entry *entry = dredis__dict_next(&set->dict, &at);
        if (dredis__random(call->engine, left) >= want)
            continue;
        dredis__say_blob(call, entry->key);
        want--;
    }
}

/* --- Of several sets */

enum operation { INTER, UNION, DIFF };

/* Whether the member of the set at `from` belongs to the result. */
static int belongs(dredis__call *call, enum operation operation, size_t from,
                   dredis__span member)
{
    dredis__object *other;
    for (size_t i = from + 1; operation != UNION && i < call->n; i++) {
        if (find(call, i, &other) < 0)
            return -1;
        if (has(other, member) != (operation == INTER))
            return 0;
    }
    return 1;
}

static int add_members(dredis__call *call, enum operation operation,
                       size_t from, size_t arg, dredis__dict *result)
{
    dredis__object *set;
    const dredis__entry *entry;
    bool added;
    if (find(call, arg, &set) < 0)
        return -1;
    for (size_t at = 0; set != NULL &&
                        (entry = dredis__dict_next(&set->dict, &at)) != NULL;) {
        dredis__span member = dredis__blob_span(entry->key);
        int does = belongs(call, operation, from, member);
        if (does < 0)
            return -1;
        if (does > 0 && dredis__dict_add(result, member, &added) == NULL) {
            dredis__say_no_memory(call);
            return -1;
        }
    }
    return 0;
}

/* The sets at `from` and behind it into *result: 0, or -1, and the error has been
 * said. */
static int combine(dredis__call *call, enum operation operation, size_t from,
                   dredis__dict *result)
{
    dredis__object *set;
    for (size_t i = from; i < call->n; i++) /* all must be sets, seen or not */
        if (find(call, i, &set) < 0)
            return -1;
    if (add_members(call, operation, from, from, result) < 0)
        return -1;
    for (size_t i = from + 1; operation == UNION && i < call->n; i++)
        if (add_members(call, operation, from, i, result) < 0)
            return -1;
    return 0;
}

static void say_combined(dredis__call *call, enum operation operation)
{
    dredis__dict result = {0};
    if (combine(call, operation, 1, &result) == 0)
        say_members(call, &result);
    dredis__dict_clear(&result, NULL);
}

static void store_combined(dredis__call *call, enum operation operation,
                           const char *event)
{
    dredis__object *set = dredis__object_new(DREDIS__KIND_SET);
    if (set == NULL) {
        dredis__say_no_memory(call);
        return;
    }
    if (combine(call, operation, 2, &set->dict) < 0) {
        dredis__object_free(set);
        return;
    }
    size_t n = set->dict.count;
    if (n == 0) {
        dredis__object_free(set);
        if (dredis__key_remove(call, call->arg[1]))
            dredis__key_changed(call, call->arg[1], 'g', "del");
    } else if (dredis__key_put(call, call->arg[1], set) < 0) {
        dredis__say_no_memory(call);
        return;
    } else {
        dredis__key_changed(call, call->arg[1], 's', event);
    }
    dredis__say_int(call, (long long)n);
}

void dredis__run_sinter(dredis__call *call)
{
    say_combined(call, INTER);
}

void dredis__run_sunion(dredis__call *call)
{
    say_combined(call, UNION);
}

void dredis__run_sdiff(dredis__call *call)
{
    say_combined(call, DIFF);
}

void dredis__run_sinterstore(dredis__call *call)
{
    store_combined(call, INTER, "sinterstore");
}

void dredis__run_sunionstore(dredis__call *call)
{
    store_combined(call, UNION, "sunionstore");
}

void dredis__run_sdiffstore(dredis__call *call)
{
    store_combined(call, DIFF, "sdiffstore");
}

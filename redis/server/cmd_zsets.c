/* SPDX-License-Identifier: MIT */
/*
 * The test server's commands on members of sorted sets; cmd_zranges.c has those on
 * ranges.
 */
#include <math.h>
#include <string.h>

#include <diesel/memory.h>

#include "server/commands_internal.h"
#include "server/data_internal.h"

static int find(dredis__call *call, dredis__object **zset)
{
    return dredis__key_of_kind(call, 1, DREDIS__KIND_ZSET, zset);
}

/* The options of ZADD. */
struct options {
    bool nx, xx, gt, lt, ch, incr;
};

/* The first argument behind the options. */
static size_t read_options(const dredis__call *call, struct options *o)
{
    for (size_t i = 2;; i++) {
        if (dredis__arg_is(call, i, "NX"))
            o->nx = true;
        else if (dredis__arg_is(call, i, "XX"))
            o->xx = true;
        else if (dredis__arg_is(call, i, "GT"))
            o->gt = true;
        else if (dredis__arg_is(call, i, "LT"))
            o->lt = true;
        else if (dredis__arg_is(call, i, "CH"))
            o->ch = true;
        else if (dredis__arg_is(call, i, "INCR"))
            o->incr = true;
        else
            return i;
    }
}

static bool are_sound(dredis__call *call, const struct options *o, size_t first)
{
    size_t left = call->n - first;
    if (left == 0 || left % 2 != 0)
        dredis__say_syntax(call);
    else if (o->nx && o->xx)
        dredis__say_error(call, "ERR XX and NX options at the same time are not "
                                "compatible");
    else if ((o->gt && o->lt) || (o->nx && (o->gt || o->lt)))
        dredis__say_error(call, "ERR GT, LT, and/or NX options at the same time are "
                                "not compatible");
    else if (o->incr && left > 2)
        dredis__say_error(call, "ERR INCR option supports a single increment-element "
                                "pair");
    else
        return true;
    return false;
}

/* What became of a member. */
struct outcome {
    bool added, changed, refused;
    double score;
};

/* Sets the member's score: 0, or -1, and the error has been said. */
static int put(dredis__call *call, dredis__object *zset, const struct options *o,
               dredis__span member, double score, struct outcome *out)
{
    dredis__entry *entry = dredis__dict_find(&zset->dict, member);
    *out = (struct outcome){.score = score};
    if (entry != NULL && o->incr)
        out->score = entry->score + score;
    if (isnan(out->score)) {
        dredis__say_error(call, "ERR resulting score is not a number (NaN)");
        return -1;
    }
    out->refused = entry == NULL ? o->xx
                                 : o->nx || (o->gt && out->score <= entry->score) ||
                                       (o->lt && out->score >= entry->score);
    if (out->refused)
        return 0;
    if (entry == NULL &&
        (entry = dredis__dict_add(&zset->dict, member, &out->added)) == NULL) {
        dredis__say_no_memory(call);
        return -1;
    }
    out->changed = !out->added && entry->score != out->score;
    entry->score = out->score;
    dredis__zset_unsorted(zset);
    return 0;
}

static void add(dredis__call *call, const struct options *o, size_t first)
{
    dredis__object *zset;
    double score = 0;
    long long added = 0, changed = 0;
    struct outcome out = {0};
    for (size_t i = first; i < call->n; i += 2)
        if (dredis__arg_double(call, i, &score) < 0)
            return;
    if (dredis__key_make(call, 1, DREDIS__KIND_ZSET, &zset) < 0)
        return;
    for (size_t i = first; i < call->n; i += 2) {
        long double wide = 0;
        dredis__span_double(call->arg[i], &wide);
        if (put(call, zset, o, call->arg[i + 1], (double)wide, &out) < 0) {
            dredis__key_drop_empty(call, call->arg[1]);
            return;
        }
        added += out.added;
        changed += out.changed;
    }
    if (!o->incr)
        dredis__say_int(call, o->ch ? added + changed : added);
    else if (out.refused)
        dredis__say_nil(call);
    else
        dredis__say_double(call, out.score);
    if (added + changed > 0)
        dredis__key_changed(call, call->arg[1], 'z', o->incr ? "zincr" : "zadd");
    dredis__key_drop_empty(call, call->arg[1]);
}

void dredis__run_zadd(dredis__call *call)
{
    struct options o = {0};
    size_t first = read_options(call, &o);
    if (are_sound(call, &o, first))
        add(call, &o, first);
}

void dredis__run_zincrby(dredis__call *call)
{
    add(call, &(struct options){.incr = true}, 2);
}

void dredis__run_zrem(dredis__call *call)
{
    dredis__object *zset;
    long long removed = 0;
    if (find(call, &zset) < 0)
        return;
    for (size_t i = 2; zset != NULL && i < call->n; i++) {
        dredis__entry *entry = dredis__dict_find(&zset->dict, call->arg[i]);
        if (entry == NULL)
            continue;
        dredis__dict_remove(&zset->dict, entry);
        removed++;
    }
    if (removed > 0) {
        dredis__zset_unsorted(zset);
        dredis__key_changed(call, call->arg[1], 'z', "zrem");
        dredis__key_drop_empty(call, call->arg[1]);
    }
    dredis__say_int(call, removed);
}

void dredis__run_zcard(dredis__call *call)
{
    dredis__object *zset;
    if (find(call, &zset) >= 0)
        dredis__say_int(call, zset != NULL ? (long long)zset->dict.count : 0);
}

static void say_score(dredis__call *call, const dredis__object *zset, size_t arg)
{
    const dredis__entry *entry =
        zset != NULL ? dredis__dict_find(&zset->dict, call->arg[arg]) : NULL;
    if (entry != NULL)
        dredis__say_double(call, entry->score);
    else
        dredis__say_nil(call);
}

void dredis__run_zscore(dredis__call *call)
{
    dredis__object *zset;
    if (find(call, &zset) >= 0)
        say_score(call, zset, 2);
}

void dredis__run_zmscore(dredis__call *call)
{
    dredis__object *zset;
    if (find(call, &zset) < 0)
        return;
    dredis__say_array(call, call->n - 2);
    for (size_t i = 2; i < call->n; i++)
        say_score(call, zset, i);
}

static void rank(dredis__call *call, bool reverse)
{
    dredis__object *zset;
    if (find(call, &zset) < 0)
        return;
    const dredis__entry *entry =
        zset != NULL ? dredis__dict_find(&zset->dict, call->arg[2]) : NULL;
    if (entry == NULL) {
        dredis__say_nil(call);
        return;
    }
    dredis__entry **sorted = dredis__zset_sorted(zset);
    if (sorted == NULL) {
        dredis__say_no_memory(call);
        return;
    }
    size_t at = 0;
    while (sorted[at] != entry)
        at++;
    dredis__say_int(call, (long long)(reverse ? zset->dict.count - 1 - at : at));
}

void dredis__run_zrank(dredis__call *call)
{
    rank(call, false);
}

void dredis__run_zrevrank(dredis__call *call)
{
    rank(call, true);
}

/* --- Taking the least or the greatest */

/* Says n members with their scores, as pairs or side by side, and removes them. */
static void pop_some(dredis__call *call, dredis__span key, dredis__object *zset,
                     bool greatest, size_t n, bool pairs)
{
    dredis__entry **sorted = dredis__zset_sorted(zset);
    size_t count = zset->dict.count;
    if (sorted == NULL) {
        dredis__say_no_memory(call);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        dredis__entry *entry = sorted[greatest ? count - 1 - i : i];
        if (pairs)
            dredis__say_array(call, 2);
        dredis__say_blob(call, entry->key);
        dredis__say_double(call, entry->score);
        dredis__dict_remove(&zset->dict, entry);
    }
    dredis__zset_unsorted(zset);
    dredis__key_changed(call, key, 'z', greatest ? "zpopmax" : "zpopmin");
    dredis__key_drop_empty(call, key);
}

static void pop(dredis__call *call, bool greatest)
{
    dredis__object *zset;
    long long count = 1;
    if (call->n > 3) {
        dredis__say_syntax(call);
        return;
    }
    if (call->n == 3 &&
        (dredis__span_int(call->arg[2], &count) < 0 || count < 0)) {
        dredis__say_error(call, "ERR value is out of range, must be positive");
        return;
    }
    if (find(call, &zset) < 0)
        return;
    size_t n = zset != NULL ? zset->dict.count : 0;
    if ((unsigned long long)count < n)
        n = (size_t)count;
    if (zset != NULL && dredis__zset_sorted(zset) == NULL) {
        dredis__say_no_memory(call);
        return;
    }
    bool pairs = call->n == 3 && call->peer->resp == 3;
    dredis__say_array(call, pairs ? n : 2 * n);
    if (n > 0)
        pop_some(call, call->arg[1], zset, greatest, n, pairs);
}

void dredis__run_zpopmin(dredis__call *call)
{
    pop(call, false);
}

void dredis__run_zpopmax(dredis__call *call)
{
    pop(call, true);
}

static void blocking_pop(dredis__call *call, bool greatest)
{
    dredis__object *zset;
    if (dredis__arg_timeout(call, call->n - 1) < 0)
        return;
    for (size_t i = 1; i + 1 < call->n; i++) {
        int found = dredis__key_of_kind(call, i, DREDIS__KIND_ZSET, &zset);
        if (found < 0)
            return;
        if (found == 0)
            continue;
        if (dredis__zset_sorted(zset) == NULL) {
            dredis__say_no_memory(call);
            return;
        }
        dredis__say_array(call, 3);
        dredis__say_span(call, call->arg[i]);
        pop_some(call, call->arg[i], zset, greatest, 1, false);
        return;
    }
    call->waits = call->may_wait;
    if (!call->waits)
        dredis__say_nil_array(call);
}

void dredis__run_bzpopmin(dredis__call *call)
{
    blocking_pop(call, false);
}

void dredis__run_bzpopmax(dredis__call *call)
{
    blocking_pop(call, true);
}

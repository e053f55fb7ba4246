/* SPDX-License-Identifier: MIT */
/*
 * The test server's commands on ranges of sorted sets: by rank and by score.
 */
#include <math.h>
#include <string.h>

#include "server/commands_internal.h"
#include "server/data_internal.h"

/* A part of a sorted set: `count` entries of `sorted` from `first` on; backwards: it
 * is read from its end. */
struct part {
    dredis__object *zset;
    dredis__entry **sorted;
    size_t first, count;
    bool backwards;
};

/* An end of a range of scores. */
struct bound {
    double score;
    bool open; /* "(5": without 5 itself */
};

static int arg_bound(dredis__call *call, size_t i, struct bound *bound)
{
    dredis__span text = call->arg[i];
    long double score;
    bound->open = text.len > 0 && text.at[0] == '(';
    text.at += bound->open;
    text.len -= bound->open;
    if (dredis__span_double(text, &score) < 0) {
        dredis__say_error(call, "ERR min or max is not a float");
        return -1;
    }
    bound->score = (double)score;
    return 0;
}

/* The sorted set at 1: 1; 0: there is none; -1, and the error has been said. */
static int find(dredis__call *call, struct part *part)
{
    int found = dredis__key_of_kind(call, 1, DREDIS__KIND_ZSET, &part->zset);
    if (found <= 0)
        return found;
    part->sorted = dredis__zset_sorted(part->zset);
    part->count = part->zset->dict.count;
    if (part->sorted != NULL)
        return 1;
    dredis__say_no_memory(call);
    return -1;
}

static void cut_by_rank(struct part *part, long long from, long long to)
{
    size_t first, count, all = part->count;
    dredis__range(from, to, all, &first, &count);
    part->first = part->backwards && count > 0 ? all - first - count : first;
    part->count = count;
}

static bool is_below(double score, const struct bound *least)
{
    return score < least->score || (least->open && score == least->score);
}

static bool is_above(double score, const struct bound *most)
{
    return score > most->score || (most->open && score == most->score);
}

static void cut_by_score(struct part *part, const struct bound *least,
                         const struct bound *most)
{
    size_t end = part->count;
    while (part->first < end &&
           is_below(part->sorted[part->first]->score, least))
        part->first++;
    while (end > part->first && is_above(part->sorted[end - 1]->score, most))
        end--;
    part->count = end - part->first;
}

/* LIMIT: leaves out the first `skip`, and what is beyond `most` (negative: nothing). */
static void cut_by_limit(struct part *part, long long skip, long long most)
{
    size_t n = skip < 0 || (unsigned long long)skip > part->count ? part->count
                                                                 : (size_t)skip;
    if (!part->backwards)
        part->first += n;
    part->count -= n;
    if (most < 0 || (unsigned long long)most >= part->count)
        return;
    if (part->backwards)
        part->first += part->count - (size_t)most;
    part->count = (size_t)most;
}

static void say_part(dredis__call *call, const struct part *part, bool scores)
{
    bool pairs = scores && call->peer->resp == 3;
    dredis__say_array(call, scores && !pairs ? 2 * part->count : part->count);
    for (size_t i = 0; i < part->count; i++) {
        size_t at = part->backwards ? part->count - 1 - i : i;
        const dredis__entry *entry = part->sorted[part->first + at];
        if (pairs)
            dredis__say_array(call, 2);
        dredis__say_blob(call, entry->key);
        if (scores)
            dredis__say_double(call, entry->score);
    }
}

/* What ZRANGE and its forerunners say behind the range. */
struct options {
    bool by_score, reverse, scores, limited;
    long long skip, most;
};

static int read_options(dredis__call *call, bool modern, struct options *o)
{
    for (size_t i = 4; i < call->n; i++) {
        if (dredis__arg_is(call, i, "WITHSCORES")) {
            o->scores = true;
        } else if (modern && dredis__arg_is(call, i, "BYSCORE")) {
            o->by_score = true;
        } else if (modern && dredis__arg_is(call, i, "REV")) {
            o->reverse = true;
        } else if (dredis__arg_is(call, i, "LIMIT") && i + 2 < call->n) {
            if (dredis__arg_int(call, i + 1, &o->skip) < 0 ||
                dredis__arg_int(call, i + 2, &o->most) < 0)
                return -1;
            o->limited = true;
            i += 2;
        } else {
            dredis__say_syntax(call);
            return -1;
        }
    }
    if (o->limited && !o->by_score) {
        dredis__say_error(call, "ERR syntax error, LIMIT is only supported in "
                                "combination with either BYSCORE or BYLEX");
        return -1;
    }
    return 0;
}

static void range(dredis__call *call, bool modern, struct options o)
{
    struct part part = {0};
    struct bound low, high;
    long long from = 0, to = 0;
    if (read_options(call, modern, &o) < 0)
        return;
    part.backwards = o.reverse;
    if (o.by_score && (arg_bound(call, o.reverse ? 3 : 2, &low) < 0 ||
                       arg_bound(call, o.reverse ? 2 : 3, &high) < 0))
        return;
    if (!o.by_score &&
        (dredis__arg_int(call, 2, &from) < 0 || dredis__arg_int(call, 3, &to) < 0))
        return;
    int found = find(call, &part);
    if (found < 0)
        return;
    if (found > 0 && o.by_score)
        cut_by_score(&part, &low, &high);
    else if (found > 0)
        cut_by_rank(&part, from, to);
    if (o.limited)
        cut_by_limit(&part, o.skip, o.most);
    say_part(call, &part, o.scores);
}

void dredis__run_zrange(dredis__call *call)
{
    range(call, true, (struct options){0});
}

void dredis__run_zrevrange(dredis__call *call)
{
    range(call, false, (struct options){.reverse = true});
}

void dredis__run_zrangebyscore(dredis__call *call)
{
    range(call, false, (struct options){.by_score = true});
}

void dredis__run_zrevrangebyscore(dredis__call *call)
{
    range(call, false, (struct options){.by_score = true, .reverse = true});
}

void dredis__run_zcount(dredis__call *call)
{
    struct part part = {0};
    struct bound low, high;
    if (arg_bound(call, 2, &low) < 0 || arg_bound(call, 3, &high) < 0)
        return;
    int found = find(call, &part);
    if (found < 0)
        return;
    if (found > 0)
        cut_by_score(&part, &low, &high);
    dredis__say_int(call, (long long)part.count);
}

static void remove_part(dredis__call *call, const struct part *part,
                        const char *event)
{
    for (size_t i = 0; i < part->count; i++)
        dredis__dict_remove(&part->zset->dict, part->sorted[part->first + i]);
    size_t removed = part->count;
    if (removed > 0) {
        dredis__zset_unsorted(part->zset);
        dredis__key_changed(call, call->arg[1], 'z', event);
        dredis__key_drop_empty(call, call->arg[1]);
    }
    dredis__say_int(call, (long long)removed);
}

void dredis__run_zremrangebyrank(dredis__call *call)
{
    struct part part = {0};
    long long from, to;
    if (dredis__arg_int(call, 2, &from) < 0 || dredis__arg_int(call, 3, &to) < 0)
        return;
    int found = find(call, &part);
    if (found < 0)
        return;
    if (found > 0)
        cut_by_rank(&part, from, to);
    remove_part(call, &part, "zremrangebyrank");
}

void dredis__run_zremrangebyscore(dredis__call *call)
{
    struct part part = {0};
    struct bound low, high;
    if (arg_bound(call, 2, &low) < 0 || arg_bound(call, 3, &high) < 0)
        return;
    int found = find(call, &part);
    if (found < 0)
        return;
    if (found > 0)
        cut_by_score(&part, &low, &high);
    remove_part(call, &part, "zremrangebyscore");
}

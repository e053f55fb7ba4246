/* SPDX-License-Identifier: MIT */
/*
 * The test server's SCAN and its kind. A cursor is the number of the entry to go on
 * with, so that what is there all the time is met exactly once.
 */
#include <stdio.h>
#include <string.h>

#include "server/commands_internal.h"
#include "server/data_internal.h"

struct scan {
    dredis__span match; /* at == NULL: all */
    dredis__span type;
    long long count;
    uint64_t cursor;
};

static int read_options(dredis__call *call, size_t from, struct scan *scan)
{
    long long cursor;
    scan->count = 10;
    if (dredis__span_int(call->arg[from], &cursor) < 0 || cursor < 0) {
        dredis__say_error(call, "ERR invalid cursor");
        return -1;
    }
    scan->cursor = (uint64_t)cursor;
    for (size_t i = from + 1; i < call->n; i += 2) {
        bool more = i + 1 < call->n;
        if (more && dredis__arg_is(call, i, "MATCH")) {
            scan->match = call->arg[i + 1];
        } else if (more && dredis__arg_is(call, i, "COUNT")) {
            if (dredis__arg_int(call, i + 1, &scan->count) < 0)
                return -1;
        } else if (more && from == 1 && dredis__arg_is(call, i, "TYPE")) {
            scan->type = call->arg[i + 1];
        } else {
            dredis__say_syntax(call);
            return -1;
        }
        if (scan->count < 1) {
            dredis__say_syntax(call);
            return -1;
        }
    }
    return 0;
}

static bool is_wanted(const struct scan *scan, const dredis__entry *entry)
{
    const dredis__object *object = entry->value;
    return (scan->match.at == NULL ||
            dredis__glob_matches(scan->match, dredis__blob_span(entry->key))) &&
           (scan->type.at == NULL ||
            dredis__span_is_word(scan->type, dredis__kind_name(object->kind)));
}

static void say_value(dredis__call *call, dredis__kind kind,
                      const dredis__entry *entry)
{
    char text[40];
    if (kind == DREDIS__KIND_HASH)
        dredis__say_blob(call, entry->value);
    if (kind != DREDIS__KIND_ZSET)
        return;
    dredis__print_score(text, entry->score);
    dredis__say_text(call, text);
}

/* Walks over `count` entries; the second walk says what the first one counted. */
static void say_scan(dredis__call *call, const dredis__dict *dict,
                     const struct scan *scan, int kind)
{
    const dredis__entry *entry;
    size_t found = 0, from = dredis__dict_seek(dict, scan->cursor), at = from;
    for (long long i = 0;
         i < scan->count && (entry = dredis__dict_next(dict, &at)) != NULL; i++)
        found += is_wanted(scan, entry);
    size_t end = at;
    entry = dredis__dict_next(dict, &at);
    char cursor[32];
    snprintf(cursor, sizeof cursor, "%llu",
             entry != NULL ? (unsigned long long)entry->number : 0);
    bool pairs = kind == DREDIS__KIND_HASH || kind == DREDIS__KIND_ZSET;
    dredis__say_array(call, 2);
    dredis__say_text(call, cursor);
    dredis__say_array(call, pairs ? 2 * found : found);
    for (at = from; at < end && (entry = dredis__dict_next(dict, &at)) != NULL;) {
        if (!is_wanted(scan, entry))
            continue;
        dredis__say_blob(call, entry->key);
        if (pairs)
            say_value(call, (dredis__kind)kind, entry);
    }
}

void dredis__run_scan(dredis__call *call)
{
    struct scan scan = {0};
    if (read_options(call, 1, &scan) < 0)
        return;
    dredis__keys_expire(call->engine);
    say_scan(call, &call->engine->db[call->peer->db], &scan, -1);
}

static void scan_key(dredis__call *call, dredis__kind kind)
{
    struct scan scan = {0};
    dredis__object *object;
    if (read_options(call, 2, &scan) < 0 ||
        dredis__key_of_kind(call, 1, kind, &object) < 0)
        return;
    say_scan(call, object != NULL ? &object->dict : &(dredis__dict){0}, &scan,
             (int)kind);
}

void dredis__run_hscan(dredis__call *call)
{
    scan_key(call, DREDIS__KIND_HASH);
}

void dredis__run_sscan(dredis__call *call)
{
    scan_key(call, DREDIS__KIND_SET);
}

void dredis__run_zscan(dredis__call *call)
{
    scan_key(call, DREDIS__KIND_ZSET);
}

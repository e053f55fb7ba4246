/* SPDX-License-Identifier: MIT */
/*
 * The test server's commands on keys of any kind.
 */
#include <string.h>

#include <diesel/memory.h>

#include "server/commands_internal.h"
#include "server/data_internal.h"

void dredis__run_del(dredis__call *call)
{
    long long deleted = 0;
    for (size_t i = 1; i < call->n; i++) {
        if (!dredis__key_remove(call, call->arg[i]))
            continue;
        dredis__key_changed(call, call->arg[i], 'g', "del");
        deleted++;
    }
    dredis__say_int(call, deleted);
}

void dredis__run_unlink(dredis__call *call)
{
    dredis__run_del(call);
}

void dredis__run_exists(dredis__call *call)
{
    long long found = 0;
    for (size_t i = 1; i < call->n; i++)
        found += dredis__key_find(call, call->arg[i]) != NULL;
    dredis__say_int(call, found);
}

void dredis__run_touch(dredis__call *call)
{
    dredis__run_exists(call);
}

void dredis__run_type(dredis__call *call)
{
    const dredis__object *object = dredis__key_find(call, call->arg[1]);
    dredis__say_status(call, object != NULL ? dredis__kind_name(object->kind)
                                            : "none");
}

/* --- Expiry */

/* NX, XX, GT, LT: 0 or -1, and the error has been said. */
struct conditions {
    bool nx, xx, gt, lt;
};

static int read_conditions(dredis__call *call, struct conditions *c)
{
    for (size_t i = 3; i < call->n; i++) {
        c->nx = c->nx || dredis__arg_is(call, i, "NX");
        c->xx = c->xx || dredis__arg_is(call, i, "XX");
        c->gt = c->gt || dredis__arg_is(call, i, "GT");
        c->lt = c->lt || dredis__arg_is(call, i, "LT");
        if (!dredis__arg_is(call, i, "NX") && !dredis__arg_is(call, i, "XX") &&
            !dredis__arg_is(call, i, "GT") && !dredis__arg_is(call, i, "LT")) {
            dredis__say_error(call, "ERR Unsupported option %.*s",
                              (int)call->arg[i].len, call->arg[i].at);
            return -1;
        }
    }
    if ((c->nx && (c->xx || c->gt || c->lt)) || (c->gt && c->lt)) {
        dredis__say_error(call, c->nx
                                    ? "ERR NX and XX, GT or LT options at the same "
                                      "time are not compatible"
                                    : "ERR GT and LT options at the same time are "
                                      "not compatible");
        return -1;
    }
    return 0;
}

static bool may_expire(const dredis__object *object, const struct conditions *c,
                       int64_t when)
{
    bool timed = object->expires != 0;
    return !(c->nx && timed) && !(c->xx && !timed) &&
           !(c->gt && (!timed || when <= object->expires)) &&
           !(c->lt && timed && when >= object->expires);
}

static void expire_at(dredis__call *call, long long unit, bool absolute)
{
    struct conditions conditions = {0};
    long long value, now = dredis__engine_now(call->engine);
    if (dredis__arg_int(call, 2, &value) < 0 ||
        read_conditions(call, &conditions) < 0)
        return;
    if (__builtin_mul_overflow(value, unit, &value) ||
        (!absolute && __builtin_add_overflow(value, now, &value))) {
        dredis__say_error(call, "ERR invalid expire time in '%s' command",
                          call->command->name);
        return;
    }
    dredis__object *object = dredis__key_find(call, call->arg[1]);
    bool does = object != NULL && may_expire(object, &conditions, value);
    if (does && value <= now) {
        dredis__key_remove(call, call->arg[1]);
        dredis__key_changed(call, call->arg[1], 'g', "del");
    } else if (does) {
        object->expires = value;
        dredis__key_changed(call, call->arg[1], 'g', "expire");
    }
    dredis__say_int(call, does);
}

void dredis__run_expire(dredis__call *call)
{
    expire_at(call, 1000, false);
}

void dredis__run_pexpire(dredis__call *call)
{
    expire_at(call, 1, false);
}

void dredis__run_expireat(dredis__call *call)
{
    expire_at(call, 1000, true);
}

void dredis__run_pexpireat(dredis__call *call)
{
    expire_at(call, 1, true);
}

/* When the key expires, less `since`, in units of so many milliseconds; -1: never;
 * -2: there is no such key. */
static void say_expiry(dredis__call *call, int64_t since, int64_t unit)
{
    const dredis__object *object = dredis__key_find(call, call->arg[1]);
    if (object == NULL)
        dredis__say_int(call, -2);
    else if (object->expires == 0)
        dredis__say_int(call, -1);
    else
        dredis__say_int(call, (object->expires - since + unit / 2) / unit);
}

void dredis__run_ttl(dredis__call *call)
{
    say_expiry(call, dredis__engine_now(call->engine), 1000);
}

void dredis__run_pttl(dredis__call *call)
{
    say_expiry(call, dredis__engine_now(call->engine), 1);
}

void dredis__run_expiretime(dredis__call *call)
{
    say_expiry(call, 0, 1000);
}

void dredis__run_pexpiretime(dredis__call *call)
{
    say_expiry(call, 0, 1);
}

void dredis__run_persist(dredis__call *call)
{
    dredis__object *object = dredis__key_find(call, call->arg[1]);
    bool does = object != NULL && object->expires != 0;
    if (does) {
        object->expires = 0;
        dredis__key_changed(call, call->arg[1], 'g', "persist");
    }
    dredis__say_int(call, does);
}

/* --- Names */

void dredis__run_keys(dredis__call *call)
{
    dredis__keys_expire(call->engine);
    const dredis__dict *keys = &call->engine->db[call->peer->db];
    const dredis__entry *entry;
    size_t n = 0;
    for (size_t at = 0; (entry = dredis__dict_next(keys, &at)) != NULL;)
        n += dredis__glob_matches(call->arg[1], dredis__blob_span(entry->key));
    dredis__say_array(call, n);
    for (size_t at = 0; (entry = dredis__dict_next(keys, &at)) != NULL;)
        if (dredis__glob_matches(call->arg[1], dredis__blob_span(entry->key)))
            dredis__say_blob(call, entry->key);
}

void dredis__run_randomkey(dredis__call *call)
{
    dredis__keys_expire(call->engine);
    const dredis__dict *keys = &call->engine->db[call->peer->db];
    if (keys->count == 0) {
        dredis__say_nil(call);
        return;
    }
    const dredis__entry *entry = NULL;
    size_t at = 0;
    for (uint64_t n = dredis__random(call->engine, keys->count) + 1; n > 0; n--)
        entry = dredis__dict_next(keys, &at);
    dredis__say_blob(call, entry->key);
}

static void rename_key(dredis__call *call, bool only_new)
{
    dredis__dict *keys = &call->engine->db[call->peer->db];
    dredis__object *object = dredis__key_find(call, call->arg[1]);
    if (object == NULL) {
        dredis__say_error(call, "ERR no such key");
        return;
    }
    bool same = dredis__span_is(call->arg[1], call->arg[2]);
    if (only_new && (same || dredis__key_find(call, call->arg[2]) != NULL)) {
        dredis__say_int(call, 0);
        return;
    }
    if (!same) {
        dredis__entry *from = dredis__dict_find(keys, call->arg[1]);
        from->value = NULL;
        dredis__dict_remove(keys, from);
        if (dredis__key_put(call, call->arg[2], object) < 0) {
            dredis__say_no_memory(call);
            return;
        }
        dredis__key_changed(call, call->arg[1], 'g', "rename_from");
        dredis__key_changed(call, call->arg[2], 'g', "rename_to");
    }
    if (only_new)
        dredis__say_int(call, 1);
    else
        dredis__say_ok(call);
}

void dredis__run_rename(dredis__call *call)
{
    rename_key(call, false);
}

void dredis__run_renamenx(dredis__call *call)
{
    rename_key(call, true);
}

/* --- Copies */

static int copy_dict(dredis__object *to, const dredis__object *from)
{
    dredis__entry *entry;
    bool added;
    for (size_t at = 0; (entry = dredis__dict_next(&from->dict, &at)) != NULL;) {
        dredis__entry *made =
            dredis__dict_add(&to->dict, dredis__blob_span(entry->key), &added);
        if (made == NULL)
            return -1;
        made->score = entry->score;
        if (from->kind != DREDIS__KIND_HASH)
            continue;
        const dredis__blob *value = entry->value;
        made->value = dredis__blob_new(value->at, value->len);
        if (made->value == NULL)
            return -1;
    }
    return 0;
}

static int copy_list(dredis__object *to, const dredis__object *from)
{
    for (size_t i = 0; i < from->list.count; i++) {
        const dredis__blob *item = dredis__list_at(&from->list, i);
        dredis__blob *made = dredis__blob_new(item->at, item->len);
        if (made == NULL || dredis__list_push(&to->list, made) < 0) {
            diesel_free(made);
            return -1;
        }
    }
    return 0;
}

static dredis__object *copy_object(const dredis__object *from)
{
    if (from->kind == DREDIS__KIND_STRING)
        return dredis__object_string(dredis__blob_span(from->string));
    dredis__object *to = dredis__object_new(from->kind);
    if (to == NULL)
        return NULL;
    if ((from->kind == DREDIS__KIND_LIST ? copy_list(to, from)
                                         : copy_dict(to, from)) == 0)
        return to;
    dredis__object_free(to);
    return NULL;
}

void dredis__run_copy(dredis__call *call)
{
    bool replace = dredis__arg_is(call, 3, "REPLACE");
    if (call->n > 4 || (call->n == 4 && !replace)) {
        dredis__say_syntax(call);
        return;
    }
    if (dredis__span_is(call->arg[1], call->arg[2])) {
        dredis__say_error(call,
                          "ERR source and destination objects are the same");
        return;
    }
    const dredis__object *from = dredis__key_find(call, call->arg[1]);
    if (from == NULL ||
        (!replace && dredis__key_find(call, call->arg[2]) != NULL)) {
        dredis__say_int(call, 0);
        return;
    }
    dredis__object *to = copy_object(from);
    int64_t expires = from->expires;
    if (to == NULL || dredis__key_put(call, call->arg[2], to) < 0) {
        dredis__say_no_memory(call);
        return;
    }
    to->expires = expires;
    dredis__key_changed(call, call->arg[2], 'g', "copy_to");
    dredis__say_int(call, 1);
}

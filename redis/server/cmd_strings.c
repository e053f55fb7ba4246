/* SPDX-License-Identifier: MIT */
/*
 * The test server's commands on strings.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <diesel/memory.h>

#include "server/commands_internal.h"
#include "server/data_internal.h"

static const dredis__kind STRING = DREDIS__KIND_STRING;

void dredis__run_get(dredis__call *call)
{
    dredis__object *object;
    if (dredis__key_of_kind(call, 1, STRING, &object) >= 0)
        dredis__say_blob(call, object != NULL ? object->string : NULL);
}

void dredis__run_strlen(dredis__call *call)
{
    dredis__object *object;
    if (dredis__key_of_kind(call, 1, STRING, &object) >= 0)
        dredis__say_int(call, object != NULL ? (long long)object->string->len : 0);
}

void dredis__run_mget(dredis__call *call)
{
    dredis__say_array(call, call->n - 1);
    for (size_t i = 1; i < call->n; i++) {
        const dredis__object *object = dredis__key_find(call, call->arg[i]);
        dredis__say_blob(call, object != NULL && object->kind == STRING
                                   ? object->string
                                   : NULL);
    }
}

/* Puts a string into the key: 0, or -1, and the error has been said. */
static int put(dredis__call *call, dredis__span key, dredis__span bytes,
               int64_t expires)
{
    dredis__object *object = dredis__object_string(bytes);
    if (object == NULL || dredis__key_put(call, key, object) < 0) {
        dredis__say_no_memory(call);
        return -1;
    }
    object->expires = expires;
    dredis__key_changed(call, key, '$', "set");
    if (expires != 0)
        dredis__key_changed(call, key, 'g', "expire");
    return 0;
}

/* EX 10, PX 10, EXAT t, PXAT t: the number at i, as a time. 0 or -1, and the error. */
static int arg_expiry(dredis__call *call, size_t i, bool seconds, bool absolute,
                      int64_t *expires)
{
    long long value, now = absolute ? 0 : dredis__engine_now(call->engine);
    if (dredis__arg_int(call, i, &value) < 0)
        return -1;
    if (value <= 0 ||
        (seconds && __builtin_mul_overflow(value, 1000, &value)) ||
        __builtin_add_overflow(value, now, &value)) {
        dredis__say_error(call, "ERR invalid expire time in '%s' command",
                          call->command->name);
        return -1;
    }
    *expires = value;
    return 0;
}

/* The options of SET and GETEX. */
struct options {
    bool nx, xx, get, keep, persist;
    bool timed;
    int64_t expires;
};

/* Whether the word at i is one about expiry that takes a number, which it reads: 1;
 * 0; -1, and the error has been said. */
static int read_expiry(dredis__call *call, size_t i, struct options *o)
{
    bool ex = dredis__arg_is(call, i, "EX"), px = dredis__arg_is(call, i, "PX");
    bool exat = dredis__arg_is(call, i, "EXAT");
    bool pxat = dredis__arg_is(call, i, "PXAT");
    if (!ex && !px && !exat && !pxat)
        return 0;
    if (o->timed || o->keep || o->persist || i + 1 >= call->n) {
        dredis__say_syntax(call);
        return -1;
    }
    o->timed = true;
    return arg_expiry(call, i + 1, ex || exat, exat || pxat, &o->expires) < 0 ? -1
                                                                              : 1;
}

static int read_set_options(dredis__call *call, struct options *o)
{
    for (size_t i = 3; i < call->n; i++) {
        int took = read_expiry(call, i, o);
        if (took < 0)
            return -1;
        if (took > 0)
            i++;
        else if (dredis__arg_is(call, i, "NX") && !o->xx)
            o->nx = true;
        else if (dredis__arg_is(call, i, "XX") && !o->nx)
            o->xx = true;
        else if (dredis__arg_is(call, i, "GET"))
            o->get = true;
        else if (dredis__arg_is(call, i, "KEEPTTL") && !o->timed)
            o->keep = true;
        else {
            dredis__say_syntax(call);
            return -1;
        }
    }
    return 0;
}

void dredis__run_set(dredis__call *call)
{
    struct options o = {0};
    dredis__object *old = NULL;
    if (read_set_options(call, &o) < 0)
        return;
    if (o.get && dredis__key_of_kind(call, 1, STRING, &old) < 0)
        return;
    if (!o.get)
        old = dredis__key_find(call, call->arg[1]);
    if (o.get)
        dredis__say_blob(call, old != NULL ? old->string : NULL);
    if ((o.nx && old != NULL) || (o.xx && old == NULL)) {
        if (!o.get)
            dredis__say_nil(call);
        return;
    }
    int64_t expires = o.keep && old != NULL ? old->expires : o.expires;
    if (put(call, call->arg[1], call->arg[2], expires) == 0 && !o.get)
        dredis__say_ok(call);
}

void dredis__run_setnx(dredis__call *call)
{
    bool there = dredis__key_find(call, call->arg[1]) != NULL;
    if (there || put(call, call->arg[1], call->arg[2], 0) == 0)
        dredis__say_int(call, !there);
}

static void set_with_expiry(dredis__call *call, bool seconds)
{
    int64_t expires;
    if (arg_expiry(call, 2, seconds, false, &expires) == 0 &&
        put(call, call->arg[1], call->arg[3], expires) == 0)
        dredis__say_ok(call);
}

void dredis__run_setex(dredis__call *call)
{
    set_with_expiry(call, true);
}

void dredis__run_psetex(dredis__call *call)
{
    set_with_expiry(call, false);
}

void dredis__run_getset(dredis__call *call)
{
    dredis__object *old;
    if (dredis__key_of_kind(call, 1, STRING, &old) < 0)
        return;
    dredis__say_blob(call, old != NULL ? old->string : NULL);
    put(call, call->arg[1], call->arg[2], 0);
}

void dredis__run_getdel(dredis__call *call)
{
    dredis__object *old;
    if (dredis__key_of_kind(call, 1, STRING, &old) < 0)
        return;
    dredis__say_blob(call, old != NULL ? old->string : NULL);
    if (dredis__key_remove(call, call->arg[1]))
        dredis__key_changed(call, call->arg[1], 'g', "del");
}

void dredis__run_getex(dredis__call *call)
{
    struct options o = {0};
    dredis__object *object;
    for (size_t i = 2; i < call->n; i++) {
        int took = read_expiry(call, i, &o);
        if (took < 0)
            return;
        if (took > 0) {
            i++;
        } else if (dredis__arg_is(call, i, "PERSIST") && !o.timed) {
            o.persist = true;
        } else {
            dredis__say_syntax(call);
            return;
        }
    }
    if (dredis__key_of_kind(call, 1, STRING, &object) < 0)
        return;
    dredis__say_blob(call, object != NULL ? object->string : NULL);
    if (object == NULL || (!o.timed && !(o.persist && object->expires != 0)))
        return;
    object->expires = o.timed ? o.expires : 0;
    dredis__key_changed(call, call->arg[1], 'g', o.timed ? "expire" : "persist");
}

void dredis__run_mset(dredis__call *call)
{
    if (call->n % 2 == 0) {
        dredis__say_error(call, "ERR wrong number of arguments for 'mset' command");
        return;
    }
    for (size_t i = 1; i < call->n; i += 2)
        if (put(call, call->arg[i], call->arg[i + 1], 0) < 0)
            return;
    dredis__say_ok(call);
}

void dredis__run_msetnx(dredis__call *call)
{
    if (call->n % 2 == 0) {
        dredis__say_error(call,
                          "ERR wrong number of arguments for 'msetnx' command");
        return;
    }
    for (size_t i = 1; i < call->n; i += 2) {
        if (dredis__key_find(call, call->arg[i]) != NULL) {
            dredis__say_int(call, 0);
            return;
        }
    }
    for (size_t i = 1; i < call->n; i += 2)
        if (put(call, call->arg[i], call->arg[i + 1], 0) < 0)
            return;
    dredis__say_int(call, 1);
}

/* Gives the key's string another value: 0, or -1, and the error has been said. */
static int replace(dredis__call *call, const char *bytes, size_t len,
                   const char *event)
{
    dredis__object *object;
    if (dredis__key_make(call, 1, STRING, &object) < 0)
        return -1;
    dredis__blob *string = dredis__blob_new(bytes, len);
    if (string == NULL) {
        dredis__say_no_memory(call);
        return -1;
    }
    diesel_free(object->string);
    object->string = string;
    dredis__key_changed(call, call->arg[1], '$', event);
    return 0;
}

static void add_int(dredis__call *call, long long by)
{
    dredis__object *object;
    long long value = 0;
    char text[32];
    if (dredis__key_of_kind(call, 1, STRING, &object) < 0)
        return;
    if (object != NULL &&
        dredis__span_int(dredis__blob_span(object->string), &value) < 0) {
        dredis__say_error(call, "ERR value is not an integer or out of range");
        return;
    }
    if (__builtin_add_overflow(value, by, &value)) {
        dredis__say_error(call, "ERR increment or decrement would overflow");
        return;
    }
    int len = snprintf(text, sizeof text, "%lld", value);
    if (replace(call, text, (size_t)len, by < 0 ? "decrby" : "incrby") == 0)
        dredis__say_int(call, value);
}

void dredis__run_incr(dredis__call *call)
{
    add_int(call, 1);
}

void dredis__run_decr(dredis__call *call)
{
    add_int(call, -1);
}

void dredis__run_incrby(dredis__call *call)
{
    long long by;
    if (dredis__arg_int(call, 2, &by) == 0)
        add_int(call, by);
}

void dredis__run_decrby(dredis__call *call)
{
    long long by;
    if (dredis__arg_int(call, 2, &by) < 0)
        return;
    if (by == INT64_MIN)
        dredis__say_error(call, "ERR decrement would overflow");
    else
        add_int(call, -by);
}

void dredis__run_incrbyfloat(dredis__call *call)
{
    dredis__object *object;
    long double value = 0, by;
    char text[DREDIS__FLOAT_SIZE];
    if (dredis__key_of_kind(call, 1, STRING, &object) < 0)
        return;
    if (dredis__span_double(call->arg[2], &by) < 0 ||
        (object != NULL &&
         dredis__span_double(dredis__blob_span(object->string), &value) < 0)) {
        dredis__say_error(call, "ERR value is not a valid float");
        return;
    }
    if (isinf(value + by)) {
        dredis__say_error(call, "ERR increment would produce NaN or Infinity");
        return;
    }
    size_t len = dredis__print_float(text, value + by);
    if (replace(call, text, len, "incrbyfloat") == 0)
        dredis__say_text(call, text);
}

void dredis__run_append(dredis__call *call)
{
    dredis__object *object;
    dredis__buffer joined = {0};
    if (dredis__key_of_kind(call, 1, STRING, &object) < 0)
        return;
    if (object != NULL)
        dredis__buffer_add(&joined, object->string->at, object->string->len);
    dredis__buffer_add(&joined, call->arg[2].at, call->arg[2].len);
    if (joined.failed)
        dredis__say_no_memory(call);
    else if (replace(call, joined.at, joined.len, "append") == 0)
        dredis__say_int(call, (long long)joined.len);
    dredis__buffer_clear(&joined);
}

void dredis__run_getrange(dredis__call *call)
{
    long long from, to;
    dredis__object *object;
    if (dredis__arg_int(call, 2, &from) < 0 || dredis__arg_int(call, 3, &to) < 0 ||
        dredis__key_of_kind(call, 1, STRING, &object) < 0)
        return;
    dredis__span part = {"", 0};
    if (object != NULL) {
        size_t first, count;
        dredis__range(from, to, object->string->len, &first, &count);
        part = (dredis__span){object->string->at + first, count};
    }
    dredis__say_span(call, part);
}

void dredis__run_setrange(dredis__call *call)
{
    long long at;
    dredis__object *object;
    dredis__span part = call->arg[3];
    if (dredis__arg_int(call, 2, &at) < 0)
        return;
    if (at < 0) {
        dredis__say_error(call, "ERR offset is out of range");
        return;
    }
    if (dredis__key_of_kind(call, 1, STRING, &object) < 0)
        return;
    size_t old = object != NULL ? object->string->len : 0;
    if (part.len == 0) {
        dredis__say_int(call, (long long)old);
        return;
    }
    if (at > (512 << 20) - (long long)part.len) {
        dredis__say_error(call, "ERR string exceeds maximum allowed size "
                                "(proto-max-bulk-len)");
        return;
    }
    size_t end = (size_t)at + part.len, len = end > old ? end : old;
    dredis__buffer whole = {0};
    char *bytes = dredis__buffer_room(&whole, len);
    if (bytes == NULL) {
        dredis__say_no_memory(call);
        return;
    }
    memset(bytes, 0, len);
    if (old > 0)
        memcpy(bytes, object->string->at, old);
    memcpy(bytes + at, part.at, part.len);
    if (replace(call, bytes, len, "setrange") == 0)
        dredis__say_int(call, (long long)len);
    dredis__buffer_clear(&whole);
}

/* SPDX-License-Identifier: MIT */
/*
 * The test server's commands on lists, those that wait among them: they say
 * `waits`, and run again whenever something may have come.
 */
#include <math.h>
#include <string.h>

#include <diesel/memory.h>

#include "server/commands_internal.h"
#include "server/data_internal.h"

static int find(dredis__call *call, size_t arg, dredis__object **list)
{
    return dredis__key_of_kind(call, arg, DREDIS__KIND_LIST, list);
}

/* Adds a copy at the head or at the tail: 0, or -1, and the error has been said. */
static int add(dredis__call *call, dredis__object *list, bool head,
               dredis__span value)
{
    dredis__blob *blob = dredis__blob_new(value.at, value.len);
    if (blob != NULL && dredis__list_add(&list->list, head ? 0 : list->list.count,
                                         blob) == 0)
        return 0;
    diesel_free(blob);
    dredis__key_drop_empty(call, call->arg[1]);
    dredis__say_no_memory(call);
    return -1;
}

static void push(dredis__call *call, bool head, bool only_existing)
{
    dredis__object *list;
    int found = find(call, 1, &list);
    if (found < 0)
        return;
    if (found == 0 && only_existing) {
        dredis__say_int(call, 0);
        return;
    }
    if (dredis__key_make(call, 1, DREDIS__KIND_LIST, &list) < 0)
        return;
    for (size_t i = 2; i < call->n; i++)
        if (add(call, list, head, call->arg[i]) < 0)
            return;
    dredis__say_int(call, (long long)list->list.count);
    dredis__key_changed(call, call->arg[1], 'l', head ? "lpush" : "rpush");
}

void dredis__run_lpush(dredis__call *call)
{
    push(call, true, false);
}

void dredis__run_rpush(dredis__call *call)
{
    push(call, false, false);
}

void dredis__run_lpushx(dredis__call *call)
{
    push(call, true, true);
}

void dredis__run_rpushx(dredis__call *call)
{
    push(call, false, true);
}

/* Takes an item out of a list that has one; owned. */
static dredis__blob *take(dredis__object *list, bool head)
{
    return dredis__list_take(&list->list, head ? 0 : list->list.count - 1);
}

static void popped(dredis__call *call, dredis__span key, bool head)
{
    dredis__key_changed(call, key, 'l', head ? "lpop" : "rpop");
    dredis__key_drop_empty(call, key);
}

static void pop_some(dredis__call *call, dredis__object *list, bool head)
{
    long long count;
    if (call->n > 3) {
        dredis__say_error(call, "ERR wrong number of arguments for '%s' command",
                          call->command->name);
        return;
    }
    if (dredis__span_int(call->arg[2], &count) < 0 || count < 0) {
        dredis__say_error(call, "ERR value is out of range, must be positive");
        return;
    }
    if (list == NULL) {
        dredis__say_nil_array(call);
        return;
    }
    size_t n = (size_t)count < list->list.count ? (size_t)count : list->list.count;
    dredis__say_array(call, n);
    for (size_t i = 0; i < n; i++) {
        dredis__blob *item = take(list, head);
        dredis__say_blob(call, item);
        diesel_free(item);
    }
    if (n > 0)
        popped(call, call->arg[1], head);
}

static void pop(dredis__call *call, bool head)
{
    dredis__object *list;
    if (find(call, 1, &list) < 0)
        return;
    if (call->n > 2) {
        pop_some(call, list, head);
        return;
    }
    dredis__blob *item = list != NULL ? take(list, head) : NULL;
    dredis__say_blob(call, item);
    diesel_free(item);
    if (item != NULL)
        popped(call, call->arg[1], head);
}

void dredis__run_lpop(dredis__call *call)
{
    pop(call, true);
}

void dredis__run_rpop(dredis__call *call)
{
    pop(call, false);
}

void dredis__run_llen(dredis__call *call)
{
    dredis__object *list;
    if (find(call, 1, &list) >= 0)
        dredis__say_int(call, list != NULL ? (long long)list->list.count : 0);
}

void dredis__run_lrange(dredis__call *call)
{
    long long from, to;
    dredis__object *list;
    size_t first = 0, count = 0;
    if (dredis__arg_int(call, 2, &from) < 0 || dredis__arg_int(call, 3, &to) < 0 ||
        find(call, 1, &list) < 0)
        return;
    if (list != NULL)
        dredis__range(from, to, list->list.count, &first, &count);
    dredis__say_array(call, count);
    for (size_t i = 0; i < count; i++)
        dredis__say_blob(call, dredis__list_at(&list->list, first + i));
}

/* The place that a Redis index means; false: there is none. */
static bool place(const dredis__object *list, long long index, size_t *at)
{
    if (index < 0)
        index += (long long)list->list.count;
    *at = (size_t)index;
    return index >= 0 && (size_t)index < list->list.count;
}

void dredis__run_lindex(dredis__call *call)
{
    long long index;
    size_t at;
    dredis__object *list;
    if (dredis__arg_int(call, 2, &index) < 0 || find(call, 1, &list) < 0)
        return;
    dredis__say_blob(call, list != NULL && place(list, index, &at)
                               ? dredis__list_at(&list->list, at)
                               : NULL);
}

void dredis__run_lset(dredis__call *call)
{
    long long index;
    size_t at;
    dredis__object *list;
    if (find(call, 1, &list) < 0)
        return;
    if (list == NULL) {
        dredis__say_error(call, "ERR no such key");
        return;
    }
    if (dredis__arg_int(call, 2, &index) < 0)
        return;
    if (!place(list, index, &at)) {
        dredis__say_error(call, "ERR index out of range");
        return;
    }
    dredis__blob *blob = dredis__blob_new(call->arg[3].at, call->arg[3].len);
    if (blob == NULL) {
        dredis__say_no_memory(call);
        return;
    }
    void **item = &list->list.item[list->list.first + at];
    diesel_free(*item);
    *item = blob;
    dredis__say_ok(call);
    dredis__key_changed(call, call->arg[1], 'l', "lset");
}

static bool holds(const dredis__list *list, size_t at, dredis__span value)
{
    const dredis__blob *item = dredis__list_at(list, at);
    return dredis__span_is(dredis__blob_span(item), value);
}

void dredis__run_lrem(dredis__call *call)
{
    long long count, removed = 0;
    dredis__object *list;
    if (dredis__arg_int(call, 2, &count) < 0 || find(call, 1, &list) < 0)
        return;
    unsigned long long most = count < 0 ? 0 - (unsigned long long)count
                                        : (unsigned long long)count;
    size_t n = list != NULL ? list->list.count : 0;
    for (size_t i = 0; i < n && (most == 0 || (unsigned long long)removed < most);
         i++) {
        size_t at = count < 0 ? n - 1 - i : i - (size_t)removed;
        if (!holds(&list->list, at, call->arg[3]))
            continue;
        diesel_free(dredis__list_take(&list->list, at));
        removed++;
    }
    dredis__say_int(call, removed);
    if (removed == 0)
        return;
    dredis__key_changed(call, call->arg[1], 'l', "lrem");
    dredis__key_drop_empty(call, call->arg[1]);
}

void dredis__run_ltrim(dredis__call *call)
{
    long long from, to;
    dredis__object *list;
    size_t first, count;
    if (dredis__arg_int(call, 2, &from) < 0 || dredis__arg_int(call, 3, &to) < 0 ||
        find(call, 1, &list) < 0)
        return;
    dredis__say_ok(call);
    if (list == NULL)
        return;
    dredis__range(from, to, list->list.count, &first, &count);
    for (size_t i = 0; i < first; i++)
        diesel_free(dredis__list_take(&list->list, 0));
    while (list->list.count > count)
        diesel_free(dredis__list_take(&list->list, list->list.count - 1));
    dredis__key_changed(call, call->arg[1], 'l', "ltrim");
    dredis__key_drop_empty(call, call->arg[1]);
}

void dredis__run_linsert(dredis__call *call)
{
    bool before = dredis__arg_is(call, 2, "BEFORE");
    dredis__object *list;
    size_t at = 0;
    if (!before && !dredis__arg_is(call, 2, "AFTER")) {
        dredis__say_syntax(call);
        return;
    }
    if (find(call, 1, &list) < 0)
        return;
    if (list == NULL) {
        dredis__say_int(call, 0);
        return;
    }
    while (at < list->list.count && !holds(&list->list, at, call->arg[3]))
        at++;
    if (at == list->list.count) {
        dredis__say_int(call, -1);
        return;
    }
    dredis__blob *blob = dredis__blob_new(call->arg[4].at, call->arg[4].len);
    if (blob == NULL ||
        dredis__list_add(&list->list, before ? at : at + 1, blob) < 0) {
        diesel_free(blob);
        dredis__say_no_memory(call);
        return;
    }
    dredis__say_int(call, (long long)list->list.count);
    dredis__key_changed(call, call->arg[1], 'l', "linsert");
}

/* --- From one list to another */

/* LEFT or RIGHT: 0 or -1, and the error has been said. */
static int arg_side(dredis__call *call, size_t i, bool *head)
{
    *head = dredis__arg_is(call, i, "LEFT");
    if (*head || dredis__arg_is(call, i, "RIGHT"))
        return 0;
    dredis__say_syntax(call);
    return -1;
}

/* 1: moved; 0: there is nothing; -1. In these two what it says has been said. */
static int move(dredis__call *call, bool from_head, bool to_head)
{
    dredis__object *from, *to;
    int found = find(call, 1, &from);
    if (found <= 0)
        return found;
    if (find(call, 2, &to) < 0 ||
        dredis__key_make(call, 2, DREDIS__KIND_LIST, &to) < 0)
        return -1;
    dredis__blob *item = take(from, from_head);
    if (dredis__list_add(&to->list, to_head ? 0 : to->list.count, item) < 0) {
        diesel_free(item);
        dredis__key_drop_empty(call, call->arg[2]);
        dredis__key_drop_empty(call, call->arg[1]);
        dredis__say_no_memory(call);
        return -1;
    }
    dredis__say_blob(call, item);
    dredis__key_changed(call, call->arg[2], 'l', to_head ? "lpush" : "rpush");
    popped(call, call->arg[1], from_head);
    return 1;
}

void dredis__run_lmove(dredis__call *call)
{
    bool from_head, to_head;
    if (arg_side(call, 3, &from_head) == 0 && arg_side(call, 4, &to_head) == 0 &&
        move(call, from_head, to_head) == 0)
        dredis__say_nil(call);
}

void dredis__run_rpoplpush(dredis__call *call)
{
    if (move(call, false, true) == 0)
        dredis__say_nil(call);
}

/* --- Those that wait */

int dredis__arg_timeout(dredis__call *call, size_t i)
{
    long double seconds;
    if (dredis__span_double(call->arg[i], &seconds) < 0 || isinf(seconds) ||
        seconds > 1e12L) {
        dredis__say_error(call, "ERR timeout is not a float or out of range");
        return -1;
    }
    if (seconds < 0) {
        dredis__say_error(call, "ERR timeout is negative");
        return -1;
    }
    call->until = 0;
    if (seconds > 0)
        call->until = dredis__engine_now(call->engine) +
                      (int64_t)(seconds * 1000 + 0.999L); /* not too soon */
    return 0;
}

static void blocking_pop(dredis__call *call, bool head)
{
    dredis__object *list;
    if (dredis__arg_timeout(call, call->n - 1) < 0)
        return;
    for (size_t i = 1; i + 1 < call->n; i++) {
        int found = find(call, i, &list);
        if (found < 0)
            return;
        if (found == 0)
            continue;
        dredis__blob *item = take(list, head);
        dredis__say_array(call, 2);
        dredis__say_span(call, call->arg[i]);
        dredis__say_blob(call, item);
        diesel_free(item);
        popped(call, call->arg[i], head);
        return;
    }
    call->waits = call->may_wait;
    if (!call->waits)
        dredis__say_nil_array(call);
}

void dredis__run_blpop(dredis__call *call)
{
    blocking_pop(call, true);
}

void dredis__run_brpop(dredis__call *call)
{
    blocking_pop(call, false);
}

static void blocking_move(dredis__call *call, bool from_head, bool to_head)
{
    if (dredis__arg_timeout(call, call->n - 1) < 0 ||
        move(call, from_head, to_head) != 0)
        return;
    call->waits = call->may_wait;
    if (!call->waits)
        dredis__say_nil(call);
}

void dredis__run_blmove(dredis__call *call)
{
    bool from_head, to_head;
    if (arg_side(call, 3, &from_head) == 0 && arg_side(call, 4, &to_head) == 0)
        blocking_move(call, from_head, to_head);
}

void dredis__run_brpoplpush(dredis__call *call)
{
    blocking_move(call, false, true);
}

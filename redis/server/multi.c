/* SPDX-License-Identifier: MIT */
/*
 * The test server's transactions: MULTI queues, EXEC runs, WATCH looks for changes.
 */
#include <diesel/memory.h>

#include "server/commands_internal.h"
#include "server/data_internal.h"

static void free_watch(void *item)
{
    dredis__watch *watch = item;
    if (watch != NULL)
        diesel_free(watch->key);
    diesel_free(watch);
}

void dredis__peer_unwatch(dredis__peer *peer)
{
    dredis__list_clear(&peer->watched, free_watch);
    peer->watch_failed = false;
}

void dredis__peer_discard(dredis__peer *peer)
{
    dredis__list_clear(&peer->queued, diesel_free);
    peer->in_multi = peer->multi_failed = false;
    dredis__peer_unwatch(peer);
}

static bool watches(const dredis__peer *peer, int db, dredis__span key)
{
    for (size_t i = 0; i < peer->watched.count; i++) {
        const dredis__watch *watch = dredis__list_at(&peer->watched, i);
        if (watch->db == db && dredis__span_is(dredis__blob_span(watch->key), key))
            return true;
    }
    return false;
}

void dredis__watch_changed(dredis__engine *engine, int db, dredis__span key)
{
    for (dredis__peer *peer = engine->peers; peer != NULL; peer = peer->next)
        if (!peer->watch_failed && watches(peer, db, key))
            peer->watch_failed = true;
}

void dredis__watch_all_changed(dredis__engine *engine)
{
    for (dredis__peer *peer = engine->peers; peer != NULL; peer = peer->next)
        if (peer->watched.count > 0)
            peer->watch_failed = true;
}

void dredis__run_watch(dredis__call *call)
{
    dredis__peer *peer = call->peer;
    if (peer->in_multi) {
        dredis__say_error(call, "ERR WATCH inside MULTI is not allowed");
        return;
    }
    for (size_t i = 1; i < call->n; i++) {
        if (watches(peer, peer->db, call->arg[i]))
            continue;
        dredis__watch *watch = diesel_calloc(1, sizeof *watch);
        if (watch != NULL) {
            watch->db = peer->db;
            watch->key = dredis__blob_new(call->arg[i].at, call->arg[i].len);
        }
        if (watch == NULL || watch->key == NULL ||
            dredis__list_push(&peer->watched, watch) < 0) {
            free_watch(watch);
            dredis__say_no_memory(call);
            return;
        }
    }
    dredis__say_ok(call);
}

void dredis__run_unwatch(dredis__call *call)
{
    dredis__peer_unwatch(call->peer);
    dredis__say_ok(call);
}

void dredis__run_multi(dredis__call *call)
{
    if (call->peer->in_multi) {
        dredis__say_error(call, "ERR MULTI calls can not be nested");
        return;
    }
    call->peer->in_multi = true;
    dredis__say_ok(call);
}

void dredis__run_discard(dredis__call *call)
{
    if (!call->peer->in_multi) {
        dredis__say_error(call, "ERR DISCARD without MULTI");
        return;
    }
    dredis__peer_discard(call->peer);
    dredis__say_ok(call);
}

static void run_queued(dredis__call *call, const dredis__kept *kept)
{
    dredis__call inner = *call;
    inner.command = kept->command;
    inner.n = kept->n;
    inner.arg = kept->arg;
    inner.may_wait = inner.waits = false;
    dredis__call_run(&inner);
}

void dredis__run_exec(dredis__call *call)
{
    dredis__peer *peer = call->peer;
    if (!peer->in_multi) {
        dredis__say_error(call, "ERR EXEC without MULTI");
        return;
    }
    dredis__keys_expire(call->engine);
    dredis__list queued = peer->queued;
    bool failed = peer->multi_failed, changed = peer->watch_failed;
    peer->queued = (dredis__list){0};
    dredis__peer_discard(peer);
    if (failed) {
        dredis__say_error(call, "EXECABORT Transaction discarded because of "
                                "previous errors.");
    } else if (changed) {
        dredis__say_nil_array(call);
    } else {
        dredis__say_array(call, queued.count);
        for (size_t i = 0; i < queued.count; i++)
            run_queued(call, dredis__list_at(&queued, i));
    }
    dredis__list_clear(&queued, diesel_free);
}

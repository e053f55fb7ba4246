/* SPDX-License-Identifier: MIT */
/*
 * The test server's side of client-side caching: who has read which key, and who is
 * to be told when it changes.
 */
#include <stdlib.h>
#include <string.h>

#include <diesel/memory.h>

#include "server/commands_internal.h"
#include "server/data_internal.h"

void dredis__tracking_off(dredis__peer *peer)
{
    dredis__list_clear(&peer->prefixes, diesel_free);
    peer->tracking = peer->bcast = peer->optin = peer->optout = peer->noloop =
        false;
    peer->redirect = 0;
    peer->caching = -1;
}

/* Notes that the client has read the key. */
void dredis__tracking_read(const dredis__call *call, dredis__span key)
{
    const dredis__peer *peer = call->peer;
    bool added;
    if (!peer->tracking || peer->bcast || (peer->optin && peer->caching != 1) ||
        (peer->optout && peer->caching == 0))
        return;
    dredis__entry *entry = dredis__dict_add(&call->engine->tracked, key, &added);
    if (entry == NULL)
        goto fail;
    if (entry->value == NULL)
        entry->value = diesel_calloc(1, sizeof(dredis__list));
    dredis__list *ids = entry->value;
    if (ids == NULL)
        goto fail;
    void *id = (void *)(uintptr_t)peer->id;
    for (size_t i = 0; i < ids->count; i++)
        if (dredis__list_at(ids, i) == id)
            return;
    if (dredis__list_push(ids, id) == 0)
        return;
fail:
    call->out->failed = true; /* it would miss an invalidation */
}

/* Tells the client that it forget the key, or all keys (NULL). */
static void invalidate(dredis__engine *engine, const dredis__call *call,
                       dredis__peer *peer, const dredis__span *key)
{
    static const dredis__span channel = {"__redis__:invalidate", 20};
    dredis__peer *to = peer;
    if (peer->redirect != 0)
        to = dredis__peer_find(engine, peer->redirect);
    if (to == NULL || (to->resp == 2 && dredis__peer_subscriptions(to) == 0))
        return;
    dredis__buffer *out = dredis__push_to(to, call);
    if (to->resp == 3 && to == peer) {
        dredis__put_header(out, '>', 2);
        dredis__put_bulk(out, (dredis__span){"invalidate", 10});
    } else {
        dredis__put_header(out, to->resp == 3 ? '>' : '*', 3);
        dredis__put_bulk(out, (dredis__span){"message", 7});
        dredis__put_bulk(out, channel);
    }
    if (key == NULL) {
        dredis__buffer_print(out, "%s", to->resp == 3 ? "_\r\n" : "*-1\r\n");
        return;
    }
    dredis__put_header(out, '*', 1);
    dredis__put_bulk(out, *key);
}

static bool has_prefix(const dredis__peer *peer, dredis__span key)
{
    if (peer->prefixes.count == 0)
        return true;
    for (size_t i = 0; i < peer->prefixes.count; i++) {
        const dredis__blob *prefix = dredis__list_at(&peer->prefixes, i);
        if (key.len >= prefix->len &&
            memcmp(key.at, prefix->at, prefix->len) == 0)
            return true;
    }
    return false;
}

static bool is_own(const dredis__peer *peer, const dredis__call *call)
{
    return peer->noloop && call != NULL && call->peer == peer;
}

static void tell_readers(dredis__engine *engine, const dredis__call *call,
                         const dredis__span *key)
{
    dredis__entry *entry = dredis__dict_find(&engine->tracked, *key);
    if (entry == NULL)
        return;
    dredis__list *ids = entry->value;
    for (size_t i = 0; i < ids->count; i++) {
        dredis__peer *peer = dredis__peer_find(
            engine, (uint64_t)(uintptr_t)dredis__list_at(ids, i));
        if (peer != NULL && peer->tracking && !peer->bcast && !is_own(peer, call))
            invalidate(engine, call, peer, key);
    }
    dredis__list_clear(ids, NULL);
    diesel_free(ids);
    dredis__dict_remove(&engine->tracked, entry);
}

static void tell_everybody(dredis__engine *engine, const dredis__call *call)
{
    dredis__entry *entry;
    for (dredis__peer *peer = engine->peers; peer != NULL; peer = peer->next)
        if (peer->tracking)
            invalidate(engine, call, peer, NULL);
    for (size_t at = 0;
         (entry = dredis__dict_next(&engine->tracked, &at)) != NULL;) {
        dredis__list_clear(entry->value, NULL);
        diesel_free(entry->value);
    }
    dredis__dict_clear(&engine->tracked, NULL);
}

void dredis__tracking_changed(dredis__engine *engine, const dredis__call *call,
                              const dredis__span *key)
{
    if (key == NULL) {
        tell_everybody(engine, call);
        return;
    }
    tell_readers(engine, call, key);
    for (dredis__peer *peer = engine->peers; peer != NULL; peer = peer->next)
        if (peer->tracking && peer->bcast && has_prefix(peer, *key) &&
            !is_own(peer, call))
            invalidate(engine, call, peer, key);
}

/* --- CLIENT TRACKING and CLIENT CACHING */

static int add_prefix(dredis__call *call, dredis__span prefix)
{
    dredis__blob *blob = dredis__blob_new(prefix.at, prefix.len);
    if (blob != NULL && dredis__list_push(&call->peer->prefixes, blob) == 0)
        return 0;
    diesel_free(blob);
    dredis__say_no_memory(call);
    return -1;
}

/* Reads the options behind ON: 0, or -1, and the error has been said. */
static int read_options(dredis__call *call)
{
    dredis__peer *peer = call->peer;
    long long id;
    for (size_t i = 3; i < call->n; i++) {
        bool more = i + 1 < call->n;
        if (dredis__arg_is(call, i, "BCAST"))
            peer->bcast = true;
        else if (dredis__arg_is(call, i, "OPTIN"))
            peer->optin = true;
        else if (dredis__arg_is(call, i, "OPTOUT"))
            peer->optout = true;
        else if (dredis__arg_is(call, i, "NOLOOP"))
            peer->noloop = true;
        else if (more && dredis__arg_is(call, i, "PREFIX")) {
            if (add_prefix(call, call->arg[++i]) < 0)
                return -1;
        } else if (more && dredis__arg_is(call, i, "REDIRECT")) {
            if (dredis__arg_int(call, ++i, &id) < 0)
                return -1;
            peer->redirect = (uint64_t)id;
        } else {
            dredis__say_syntax(call);
            return -1;
        }
    }
    return 0;
}

static bool are_sound(dredis__call *call)
{
    const dredis__peer *peer = call->peer;
    if (peer->prefixes.count > 0 && !peer->bcast)
        dredis__say_error(call, "ERR PREFIX option requires BCAST mode to be "
                                "enabled");
    else if (peer->bcast && (peer->optin || peer->optout))
        dredis__say_error(call, "ERR OPTIN and OPTOUT are not compatible with "
                                "BCAST");
    else if (peer->optin && peer->optout)
        dredis__say_error(call, "ERR You can't use both OPTIN and OPTOUT");
    else if (peer->redirect != 0 &&
             dredis__peer_find(call->engine, peer->redirect) == NULL)
        dredis__say_error(call, "ERR The client ID you want redirect to does not "
                                "exist");
    else
        return true;
    return false;
}

void dredis__client_tracking(dredis__call *call)
{
    bool on = dredis__arg_is(call, 2, "ON");
    if (!on && !dredis__arg_is(call, 2, "OFF")) {
        dredis__say_syntax(call);
        return;
    }
    dredis__tracking_off(call->peer);
    if (on) {
        if (read_options(call) < 0 || !are_sound(call)) {
            dredis__tracking_off(call->peer);
            return;
        }
        call->peer->tracking = true;
    }
    dredis__say_ok(call);
}

void dredis__client_caching(dredis__call *call)
{
    dredis__peer *peer = call->peer;
    bool yes = dredis__arg_is(call, 2, "YES");
    if (!yes && !dredis__arg_is(call, 2, "NO"))
        dredis__say_syntax(call);
    else if (!peer->tracking || (!peer->optin && !peer->optout))
        dredis__say_error(call, "ERR CLIENT CACHING can be called only when the "
                                "client is in tracking mode with OPTIN or OPTOUT "
                                "mode enabled");
    else if (yes && !peer->optin)
        dredis__say_error(call, "ERR CLIENT CACHING YES is only valid when tracking "
                                "is enabled in OPTIN mode.");
    else if (!yes && !peer->optout)
        dredis__say_error(call, "ERR CLIENT CACHING NO is only valid when tracking "
                                "is enabled in OPTOUT mode.");
    else {
        peer->caching = yes;
        dredis__say_ok(call);
    }
}

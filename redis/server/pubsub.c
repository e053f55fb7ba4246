/* SPDX-License-Identifier: MIT */
/*
 * The test server's pub/sub: channels, patterns, shard channels. Each client has
 * what it has subscribed to in dictionaries of its own; to publish is to ask all.
 */
#include <string.h>

#include <diesel/memory.h>

#include "server/commands_internal.h"
#include "server/data_internal.h"

size_t dredis__peer_subscriptions(const dredis__peer *peer)
{
    return peer->channels.count + peer->patterns.count + peer->shards.count;
}

void dredis__peer_unsubscribe_all(dredis__peer *peer)
{
    dredis__dict_clear(&peer->channels, NULL);
    dredis__dict_clear(&peer->patterns, NULL);
    dredis__dict_clear(&peer->shards, NULL);
}

static void put_text(dredis__buffer *out, const char *text)
{
    dredis__put_bulk(out, (dredis__span){text, strlen(text)});
}

static void put_message(dredis__buffer *out, const dredis__peer *peer,
                        const char *type, const dredis__span *pattern,
                        dredis__span channel, dredis__span message)
{
    dredis__put_header(out, peer->resp == 3 ? '>' : '*', pattern != NULL ? 4 : 3);
    put_text(out, type);
    if (pattern != NULL)
        dredis__put_bulk(out, *pattern);
    dredis__put_bulk(out, channel);
    dredis__put_bulk(out, message);
}

static size_t send_matching(dredis__peer *peer, const dredis__call *call,
                            dredis__span channel, dredis__span message)
{
    const dredis__entry *entry;
    size_t sent = 0;
    for (size_t at = 0;
         (entry = dredis__dict_next(&peer->patterns, &at)) != NULL;) {
        dredis__span pattern = dredis__blob_span(entry->key);
        if (!dredis__glob_matches(pattern, channel))
            continue;
        put_message(dredis__push_to(peer, call), peer, "pmessage", &pattern,
                    channel, message);
        sent++;
    }
    return sent;
}

size_t dredis__publish(dredis__engine *engine, const dredis__call *call,
                       dredis__span channel, dredis__span message, bool shard)
{
    size_t sent = 0;
    for (dredis__peer *peer = engine->peers; peer != NULL; peer = peer->next) {
        if (dredis__dict_find(shard ? &peer->shards : &peer->channels, channel) !=
            NULL) {
            put_message(dredis__push_to(peer, call), peer,
                        shard ? "smessage" : "message", NULL, channel, message);
            sent++;
        }
        if (!shard)
            sent += send_matching(peer, call, channel, message);
    }
    return sent;
}

void dredis__run_publish(dredis__call *call)
{
    dredis__say_int(call, (long long)dredis__publish(call->engine, call,
                                                     call->arg[1], call->arg[2],
                                                     false));
}

void dredis__run_spublish(dredis__call *call)
{
    dredis__say_int(call, (long long)dredis__publish(call->engine, call,
                                                     call->arg[1], call->arg[2],
                                                     true));
}

/* --- Subscribing */

static size_t count_for(const dredis__peer *peer, const dredis__dict *set)
{
    return set == &peer->shards ? peer->shards.count
                                : peer->channels.count + peer->patterns.count;
}

/* The reply to one name: ["subscribe", name, count]. */
static void confirm(dredis__call *call, const char *type, dredis__span name,
                    const dredis__dict *set)
{
    dredis__put_header(call->out, call->peer->resp == 3 ? '>' : '*', 3);
    dredis__say_text(call, type);
    if (name.at != NULL)
        dredis__say_span(call, name);
    else
        dredis__say_nil(call);
    dredis__say_int(call, (long long)count_for(call->peer, set));
}

static void subscribe(dredis__call *call, dredis__dict *set, const char *type)
{
    bool added;
    for (size_t i = 1; i < call->n; i++) {
        if (dredis__dict_add(set, call->arg[i], &added) == NULL) {
            dredis__say_no_memory(call);
            return;
        }
        confirm(call, type, call->arg[i], set);
    }
}

void dredis__run_subscribe(dredis__call *call)
{
    subscribe(call, &call->peer->channels, "subscribe");
}

void dredis__run_psubscribe(dredis__call *call)
{
    subscribe(call, &call->peer->patterns, "psubscribe");
}

void dredis__run_ssubscribe(dredis__call *call)
{
    subscribe(call, &call->peer->shards, "ssubscribe");
}

static void unsubscribe_all(dredis__call *call, dredis__dict *set,
                            const char *type)
{
    dredis__entry *entry;
    if (set->count == 0)
        confirm(call, type, (dredis__span){NULL, 0}, set);
    for (size_t at = 0; (entry = dredis__dict_next(set, &at)) != NULL;) {
        dredis__blob *name = dredis__blob_new(entry->key->at, entry->key->len);
        dredis__dict_remove(set, entry);
        if (name != NULL)
            confirm(call, type, dredis__blob_span(name), set);
        else
            call->out->failed = true;
        diesel_free(name);
    }
}

static void unsubscribe(dredis__call *call, dredis__dict *set, const char *type)
{
    if (call->n == 1)
        unsubscribe_all(call, set, type);
    for (size_t i = 1; i < call->n; i++) {
        dredis__entry *entry = dredis__dict_find(set, call->arg[i]);
        if (entry != NULL)
            dredis__dict_remove(set, entry);
        confirm(call, type, call->arg[i], set);
    }
}

void dredis__run_unsubscribe(dredis__call *call)
{
    unsubscribe(call, &call->peer->channels, "unsubscribe");
}

void dredis__run_punsubscribe(dredis__call *call)
{
    unsubscribe(call, &call->peer->patterns, "punsubscribe");
}

void dredis__run_sunsubscribe(dredis__call *call)
{
    unsubscribe(call, &call->peer->shards, "sunsubscribe");
}

/* --- PUBSUB */

/* All names that somebody has subscribed to: 0, or -1 without memory. */
static int collect(const dredis__engine *engine, size_t offset,
                   const dredis__span *pattern, dredis__dict *names)
{
    bool added;
    for (dredis__peer *peer = engine->peers; peer != NULL; peer = peer->next) {
        const dredis__dict *set =
            (const dredis__dict *)((const char *)peer + offset);
        const dredis__entry *entry;
        for (size_t at = 0; (entry = dredis__dict_next(set, &at)) != NULL;) {
            dredis__span name = dredis__blob_span(entry->key);
            if ((pattern == NULL || dredis__glob_matches(*pattern, name)) &&
                dredis__dict_add(names, name, &added) == NULL)
                return -1;
        }
    }
    return 0;
}

static void say_names(dredis__call *call, size_t offset)
{
    dredis__dict names = {0};
    const dredis__entry *entry;
    if (collect(call->engine, offset, call->n > 2 ? &call->arg[2] : NULL,
                &names) < 0) {
        dredis__say_no_memory(call);
    } else {
        dredis__say_array(call, names.count);
        for (size_t at = 0; (entry = dredis__dict_next(&names, &at)) != NULL;)
            dredis__say_blob(call, entry->key);
    }
    dredis__dict_clear(&names, NULL);
}

static void say_numbers(dredis__call *call, size_t offset)
{
    dredis__say_array(call, 2 * (call->n - 2));
    for (size_t i = 2; i < call->n; i++) {
        long long n = 0;
        for (dredis__peer *peer = call->engine->peers; peer != NULL;
             peer = peer->next)
            n += dredis__dict_find(
                     (const dredis__dict *)((const char *)peer + offset),
                     call->arg[i]) != NULL;
        dredis__say_span(call, call->arg[i]);
        dredis__say_int(call, n);
    }
}

static void say_pattern_count(dredis__call *call)
{
    dredis__dict names = {0};
    if (collect(call->engine, offsetof(dredis__peer, patterns), NULL, &names) < 0)
        dredis__say_no_memory(call);
    else
        dredis__say_int(call, (long long)names.count);
    dredis__dict_clear(&names, NULL);
}

void dredis__run_pubsub(dredis__call *call)
{
    if (dredis__arg_is(call, 1, "CHANNELS") && call->n <= 3)
        say_names(call, offsetof(dredis__peer, channels));
    else if (dredis__arg_is(call, 1, "SHARDCHANNELS") && call->n <= 3)
        say_names(call, offsetof(dredis__peer, shards));
    else if (dredis__arg_is(call, 1, "NUMSUB"))
        say_numbers(call, offsetof(dredis__peer, channels));
    else if (dredis__arg_is(call, 1, "SHARDNUMSUB"))
        say_numbers(call, offsetof(dredis__peer, shards));
    else if (dredis__arg_is(call, 1, "NUMPAT") && call->n == 2)
        say_pattern_count(call);
    else
        dredis__say_error(call, "ERR unknown subcommand or wrong number of "
                                "arguments for '%.*s'. Try PUBSUB HELP.",
                          (int)call->arg[1].len, call->arg[1].at);
}

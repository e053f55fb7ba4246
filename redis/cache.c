/* SPDX-License-Identifier: MIT */
/*
 * Client-side caching, over a lane of its own.
 *
 * An item is loading or kept. While it is loading, the fiber that asks owns it, and
 * others that want it wait. The server's word that a key has changed may come at any
 * time: a kept item is dropped, a loading one is marked, so that what comes for it is
 * given to the one who asked and not kept. As replies and pushes come in the order in
 * which the server made them, nothing that is kept is older than the last push.
 *
 *     nothing --(get)--> loading --(reply)--> kept --(push, age, room)--> nothing
 *                           |
 *                           +--(push, failure)--> nothing, and those who wait ask
 *
 * The items themselves are those of cache_items.c.
 */
#include "cache_internal.h"

#include <string.h>

#include <diesel/fiber.h>
#include <diesel/memory.h>

#include "batch_internal.h"
#include "encode_internal.h"
#include "error_internal.h"

#define USUAL_BYTES ((size_t)64 << 20)
#define MOST_REPEATS 3

static void count(dredis_cache *cache)
{
    cache->stats.keys = cache->items.count;
    dredis__meter_cache(cache->meter, &cache->stats);
}

/* --- What the server says unasked */

static int invalidate(dredis_cache *cache, const dredis_reply *keys,
                      diesel_error *err)
{
    if (keys->type == DREDIS_NIL) { /* FLUSHALL and the like */
        dredis_cache_flush(cache);
        return 1;
    }
    if (keys->type != DREDIS_ARRAY)
        return diesel_error_set(err, DIESEL_E_PROTOCOL, DIESEL_DOM_CORE, 0,
                                "an invalidation without keys");
    for (size_t i = 0; i < keys->elements; i++) {
        const dredis_reply *key = &keys->element[i];
        if (key->type != DREDIS_STRING)
            return diesel_error_set(err, DIESEL_E_PROTOCOL, DIESEL_DOM_CORE, 0,
                                    "an invalidation of a key that is a %s",
                                    dredis_type_name(key->type));
        dredis__cache_item *it =
            dredis__cache_find(cache, (dredis__span){key->str, key->len});
        cache->stats.invalidations++;
        if (it != NULL)
            dredis__cache_forget(cache, it);
    }
    return 1;
}

static int take(void *arg, dredis_reply *reply, diesel_error *err)
{
    if (reply->elements != 2 || reply->element[0].type != DREDIS_STRING ||
        strcmp(reply->element[0].str, "invalidate") != 0)
        return 0;
    int taken = invalidate(arg, &reply->element[1], err);
    dredis_reply_free(reply);
    return taken;
}

/* --- The connection */

/* CLIENT TRACKING ON ... as bytes. */
static int make_request(const dredis_cache *cache, dredis__batch *batch,
                        diesel_error *err)
{
    size_t n = 0, count = cache->options.n_prefixes;
    diesel_value *args = diesel_realloc_array(NULL, 4 + 2 * count, sizeof *args);
    if (args == NULL)
        return diesel_error_nomem(err, "a cache");
    args[n++] = diesel_str("CLIENT");
    args[n++] = diesel_str("TRACKING");
    args[n++] = diesel_str("ON");
    if (cache->options.tracking == DREDIS_TRACKING_OPTIN)
        args[n++] = diesel_str("OPTIN");
    if (cache->options.tracking == DREDIS_TRACKING_BCAST)
        args[n++] = diesel_str("BCAST");
    for (size_t i = 0; i < count; i++) {
        args[n++] = diesel_str("PREFIX");
        args[n++] = diesel_bytes(cache->prefixes[i]->at, cache->prefixes[i]->len);
    }
    int result = dredis__batch_add(batch, args, n, err);
    diesel_free(args);
    return result;
}

static int track(void *arg, dredis__connection *c, diesel_error *err)
{
    dredis_cache *cache = arg;
    dredis__batch batch = {0};
    dredis_reply *reply = NULL;
    if (c->resp != 3)
        return diesel_error_set(err, DIESEL_E_PROTOCOL, DIESEL_DOM_CORE, 0,
                                "a cache needs RESP3");
    int result = make_request(cache, &batch, err);
    if (result == 0) {
        dredis__request request = {.bytes = batch.bytes,
                                   .size = batch.size,
                                   .commands = 1,
                                   .replies = &reply};
        int64_t deadline = diesel_now() + cache->client->config.connect_timeout_ms;
        result = dredis__connection_exchange(c, &request, deadline, err);
        if (result > 0) /* it broke */
            *err = c->error;
    }
    if (result == 0 && reply->type == DREDIS_ERROR) {
        dredis__server_error(reply, err);
        result = -1;
    }
    dredis_reply_free(reply);
    dredis__batch_clear(&batch);
    return result == 0 ? 0 : -1;
}

static void lose(void *arg)
{
    dredis_cache_flush(arg);
}

static const dredis__hooks hooks = {.take = take, .up = track, .down = lose};

/* Runs a request that only reads: 0 or -1. */
static int run_unseen(dredis_cache *cache, dredis__request *request,
                      diesel_error *err)
{
    int result = DREDIS__AGAIN;
    while (result == DREDIS__AGAIN ||
           (result == DREDIS__LOST && request->repeats++ < MOST_REPEATS)) {
        for (; request->got > 0; request->got--) {
            dredis_reply_free(request->replies[request->got - 1]);
            request->replies[request->got - 1] = NULL;
        }
        if (cache->client->closed)
            return dredis__client_closed(err);
        if (dredis__lane_is_connected(&cache->lane))
            result = dredis__connection_call(cache->lane.connection, request, err);
        else if (dredis__lane_await(&cache->lane, request, err) < 0)
            return -1;
        else
            result = DREDIS__AGAIN;
    }
    return result == 0 ? 0 : -1;
}

static int run(dredis_cache *cache, dredis__request *request, diesel_error *err)
{
    dredis__watched w;
    dredis__watch *watch = cache->client->config.watch;
    if (watch == NULL)
        return run_unseen(cache, request, err);
    diesel_error why;
    dredis__watch_begin(&w, watch, request);
    int result = run_unseen(cache, request, &why);
    dredis__watch_end(&w, result, &why);
    if (result < 0 && err != NULL)
        *err = why;
    return result;
}

/* --- Loading: [CLIENT CACHING YES] MGET key... PTTL key PTTL key ... */

static int add_commands(const dredis_cache *cache, dredis__batch *batch,
                        dredis__cache_item *const *items, size_t n,
                        diesel_error *err)
{
    const diesel_value caching[] = {diesel_str("CLIENT"), diesel_str("CACHING"),
                                    diesel_str("YES")};
    diesel_value *args = diesel_realloc_array(NULL, n + 1, sizeof *args);
    if (args == NULL)
        return diesel_error_nomem(err, "a read through the cache");
    int result = 0;
    if (cache->options.tracking == DREDIS_TRACKING_OPTIN)
        result = dredis__batch_add(batch, caching, 3, err);
    args[0] = diesel_str("MGET");
    for (size_t i = 0; i < n; i++)
        args[i + 1] = diesel_bytes(items[i]->key->at, items[i]->key->len);
    if (result == 0)
        result = dredis__batch_add(batch, args, n + 1, err);
    for (size_t i = 0; i < n && result == 0; i++) {
        const diesel_value pttl[] = {diesel_str("PTTL"), args[i + 1]};
        result = dredis__batch_add(batch, pttl, 2, err);
    }
    diesel_free(args);
    return result;
}

/* Fills the items from the replies: 0 or -1. */
static int fill(const dredis_cache *cache, dredis__cache_item *const *items,
                size_t n, dredis_reply *const *replies, size_t count,
                diesel_error *err)
{
    const dredis_reply *values = replies[count - n - 1];
    int64_t now = diesel_now(), most = cache->options.max_age_ms;
    for (size_t i = 0; i < count; i++) {
        if (replies[i]->type != DREDIS_ERROR)
            continue;
        dredis__server_error(replies[i], err);
        return -1;
    }
    if (values->type != DREDIS_ARRAY || values->elements != n)
        return diesel_error_set(err, DIESEL_E_PROTOCOL, DIESEL_DOM_CORE, 0,
                                "the reply of MGET is of another shape");
    for (size_t i = 0; i < n; i++) {
        const dredis_reply *value = &values->element[i];
        int64_t left = replies[count - n + i]->integer;
        items[i]->until = left >= 0 ? now + left : DIESEL_FOREVER;
        if (most > 0 && (left < 0 || left > most))
            items[i]->until = now + most;
        if (value->type != DREDIS_STRING)
            continue;
        items[i]->value = dredis__blob_new(value->str, value->len);
        if (items[i]->value == NULL)
            return diesel_error_nomem(err, "a cached value");
    }
    return 0;
}

/* Asks for items that the caller has begun to load: 0 or -1. They are still loading. */
static int load(dredis_cache *cache, dredis__cache_item *const *items, size_t n,
                diesel_error *err)
{
    dredis__batch batch = {0};
    dredis_reply **replies = diesel_calloc(n + 2, sizeof *replies);
    int result = replies == NULL
                     ? diesel_error_nomem(err, "a read through the cache")
                     : add_commands(cache, &batch, items, n, err);
    if (result == 0) {
        dredis__request request = {.bytes = batch.bytes,
                                   .size = batch.size,
                                   .commands = batch.commands,
                                   .replies = replies};
        result = run(cache, &request, err);
        if (result == 0)
            result = fill(cache, items, n, replies, batch.commands, err);
    }
    for (size_t i = 0; replies != NULL && i < batch.commands; i++)
        dredis_reply_free(replies[i]);
    diesel_free(replies);
    dredis__batch_clear(&batch);
    if (result < 0)
        diesel_error_prefix(err, "redis %s: MGET %.40s",
                            dredis_name(cache->client), items[0]->key->at);
    return result;
}

/* Whether the server tells of changes of the key. */
static bool may_keep(const dredis_cache *cache, dredis__span key)
{
    if (cache->options.tracking != DREDIS_TRACKING_BCAST ||
        cache->options.n_prefixes == 0)
        return true;
    for (size_t i = 0; i < cache->options.n_prefixes; i++) {
        const dredis__blob *prefix = cache->prefixes[i];
        if (key.len >= prefix->len && memcmp(key.at, prefix->at, prefix->len) == 0)
            return true;
    }
    return false;
}

static int copy_value(const dredis__cache_item *it, dredis_cached *to,
                      diesel_error *err)
{
    *to = (dredis_cached){0};
    if (it->value == NULL)
        return 0;
    to->value = diesel_malloc(it->value->len + 1);
    if (to->value == NULL)
        return diesel_error_nomem(err, "a cached value");
    memcpy(to->value, it->value->at, it->value->len + 1);
    to->len = it->value->len;
    return 0;
}

/* Loads n items, copies their values to where `to` says, and keeps them. */
static int load_and_copy(dredis_cache *cache, dredis__cache_item **items,
                         size_t n, dredis_cached **to, diesel_error *err)
{
    int loaded = n > 0 ? load(cache, items, n, err) : 0, result = loaded;
    for (size_t i = 0; i < n; i++) {
        if (result == 0)
            result = copy_value(items[i], to[i], err);
        dredis__cache_end(cache, items[i],
                    loaded == 0 &&
                        may_keep(cache, dredis__blob_span(items[i]->key)));
    }
    return result;
}

/* --- Reading */

/* One key; its value into *to. */
static int get(dredis_cache *cache, dredis__span key, dredis_cached *to,
               diesel_error *err)
{
    for (bool counted = false;; counted = true) {
        dredis__cache_item *it = dredis__cache_find(cache, key);
        dredis__cache_item *kept = dredis__cache_kept(cache, it);
        if (kept != NULL) {
            cache->stats.hits += !counted;
            return copy_value(kept, to, err);
        }
        cache->stats.misses += !counted;
        it = dredis__cache_find(cache, key);
        if (it != NULL) { /* somebody is asking for it */
            if (dredis__queue_park(&it->waiting, false, "a key that is being read",
                                   DIESEL_FOREVER, err) < 0)
                return -1;
            continue;
        }
        it = dredis__cache_begin(cache, key);
        if (it == NULL)
            return diesel_error_nomem(err, "a cached value");
        return load_and_copy(cache, &it, 1, &to, err);
    }
}

int dredis_cache_get_value(dredis_cache *cache, diesel_value key, char **value,
                           size_t *len, diesel_error *err)
{
    char scratch[DREDIS__NUMBER_SIZE];
    dredis__span span;
    dredis_cached got;
    *value = NULL;
    if (diesel_check(err) < 0)
        return -1;
    span.at = dredis__argument(&key, &span.len, scratch);
    int result = get(cache, span, &got, err);
    if (cache->meter != NULL)
        count(cache);
    if (result < 0)
        return -1;
    *value = got.value;
    if (len != NULL)
        *len = got.len;
    return got.value != NULL;
}

/* What MGET has to do for its keys. */
struct plan {
    dredis__cache_item **items;       /* that it loads */
    dredis_cached **to;
    size_t n;
    bool *later; /* for each key: another is reading it, or it comes twice */
};

static int plan_key(dredis_cache *cache, struct plan *plan, dredis__span key,
                    dredis_cached *to, bool *later, diesel_error *err)
{
    dredis__cache_item *kept =
        dredis__cache_kept(cache, dredis__cache_find(cache, key));
    if (kept != NULL) {
        cache->stats.hits++;
        return copy_value(kept, to, err);
    }
    *later = dredis__cache_find(cache, key) != NULL;
    if (*later)
        return 0;
    cache->stats.misses++;
    plan->items[plan->n] = dredis__cache_begin(cache, key);
    if (plan->items[plan->n] == NULL)
        return diesel_error_nomem(err, "a cached value");
    plan->to[plan->n++] = to;
    return 0;
}

static int mget(dredis_cache *cache, struct plan *plan, const diesel_value *keys,
                size_t n, dredis_cached *values, diesel_error *err)
{
    char scratch[DREDIS__NUMBER_SIZE];
    dredis__span span;
    int result = 0;
    for (size_t i = 0; i < n && result == 0; i++) {
        span.at = dredis__argument(&keys[i], &span.len, scratch);
        result = plan_key(cache, plan, span, &values[i], &plan->later[i], err);
    }
    if (result == 0) {
        result = load_and_copy(cache, plan->items, plan->n, plan->to, err);
    } else {
        for (size_t i = 0; i < plan->n; i++)
            dredis__cache_end(cache, plan->items[i], false);
    }
    for (size_t i = 0; i < n && result == 0; i++) {
        span.at = dredis__argument(&keys[i], &span.len, scratch);
        if (plan->later[i])
            result = get(cache, span, &values[i], err);
    }
    return result;
}

int dredis_cache_mget(dredis_cache *cache, const diesel_value *keys, size_t n,
                      dredis_cached *values, diesel_error *err)
{
    if (diesel_check(err) < 0)
        return -1;
    for (size_t i = 0; i < n; i++)
        values[i] = (dredis_cached){0};
    struct plan plan = {diesel_calloc(n + 1, sizeof *plan.items),
                        diesel_calloc(n + 1, sizeof *plan.to), 0,
                        diesel_calloc(n + 1, sizeof *plan.later)};
    int result =
        plan.items == NULL || plan.to == NULL || plan.later == NULL
            ? diesel_error_nomem(err, "a read through the cache")
            : mget(cache, &plan, keys, n, values, err);
    if (cache->meter != NULL)
        count(cache);
    diesel_free(plan.items);
    diesel_free(plan.to);
    diesel_free(plan.later);
    for (size_t i = 0; result < 0 && i < n; i++) {
        diesel_free(values[i].value);
        values[i] = (dredis_cached){0};
    }
    return result;
}

dredis_cache_stats dredis_cache_stats_of(const dredis_cache *cache)
{
    dredis_cache_stats stats = cache->stats;
    stats.keys = cache->items.count;
    return stats;
}

/* --- Opening and closing */

static int copy_prefixes(dredis_cache *cache)
{
    size_t n = cache->options.n_prefixes;
    cache->prefixes = diesel_calloc(n + 1, sizeof *cache->prefixes);
    bool failed = cache->prefixes == NULL;
    for (size_t i = 0; i < n && !failed; i++) {
        const char *prefix = cache->options.prefixes[i];
        cache->prefixes[i] = dredis__blob_new(prefix, strlen(prefix));
        failed = cache->prefixes[i] == NULL;
    }
    return failed ? -1 : 0;
}

static void free_cache(dredis_cache *cache)
{
    dredis_cache_flush(cache);
    dredis__dict_clear(&cache->items, NULL);
    for (size_t i = 0; cache->prefixes != NULL && i < cache->options.n_prefixes; i++)
        diesel_free(cache->prefixes[i]);
    diesel_free(cache->prefixes);
    dredis__meter_free(cache->meter);
    dredis__client_leave(cache->client);
    diesel_free(cache);
}

static void show(void *arg, diesel_console_page *page)
{
    const dredis_cache *cache = arg;
    const dredis_cache_stats *stats = &cache->stats;
    dredis__console_lane(page, &cache->lane, "cache");
    diesel_console_row(page, "cache_of", dredis_name(cache->client), "hits",
                       stats->hits, "misses", stats->misses, "evictions",
                       stats->evictions, "invalidations", stats->invalidations,
                       "flushes", stats->flushes, "keys", cache->items.count,
                       "bytes", stats->bytes);
}

dredis_cache *dredis_cache_open(dredis *client,
                                const dredis_cache_options *options,
                                diesel_error *err)
{
    if (client->closed) {
        dredis__client_closed(err);
        return NULL;
    }
    dredis_cache *cache = diesel_calloc(1, sizeof *cache);
    if (cache == NULL) {
        diesel_error_nomem(err, "a cache");
        return NULL;
    }
    client->refs++;
    cache->client = client;
    cache->meter = dredis__watch_cache_meter(client->config.watch);
    if (options != NULL)
        cache->options = *options;
    if (cache->options.max_bytes == 0)
        cache->options.max_bytes = USUAL_BYTES;
    dredis__lane_init(&cache->lane, client);
    cache->lane.hooks = &hooks;
    cache->lane.hooks_arg = cache;
    if (copy_prefixes(cache) < 0) {
        diesel_error_nomem(err, "a cache");
        goto fail;
    }
    if (dredis__lane_connect(&cache->lane, err) < 0) {
        diesel_error_prefix(err, "redis %s: opening a cache", dredis_name(client));
        goto fail;
    }
    cache->scope = cache->lane.scope = diesel_scope_open(
        &(diesel_scope_options){.label = "redis cache", .detached = true});
    cache->shown = dredis__console_add(show, cache, err);
    if (cache->scope != NULL && cache->shown != NULL &&
        dredis__lane_start(&cache->lane, err) == 0)
        return cache;
    dredis_cache_close(cache);
    diesel_error_nomem(err, "a cache's fiber");
    return NULL;
fail:
    free_cache(cache);
    return NULL;
}

void dredis_cache_close(dredis_cache *cache)
{
    diesel_error why;
    if (cache == NULL)
        return;
    diesel_error_set(&why, DIESEL_E_CLOSED, DIESEL_DOM_CORE, 0,
                     "the cache has been closed");
    diesel_console_remove(cache->shown);
    dredis__lane_close(&cache->lane, &why);
    diesel_scope_cancel(cache->scope);
    diesel_scope_wait(cache->scope, NULL);
    dredis__lane_clear(&cache->lane);
    free_cache(cache);
}

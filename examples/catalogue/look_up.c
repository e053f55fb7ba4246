/* SPDX-License-Identifier: MIT */
/*
 * The third phase: a burst of look-ups through a cache in Redis.
 *
 * A fiber asks Redis for a package's document. If it is not there, the fiber asks
 * MongoDB, and leaves the document in Redis for whoever asks next. Whatever it got,
 * it compares with what was written.
 *
 * There are a thousand of these fibers. They share one connection to Redis, and what
 * they send in one round of the scheduler leaves in one write.
 *
 * At the beginning the cache is empty, and all would run to MongoDB at once, many for
 * the same package. So only a few go there at a time: a channel holds as many turns,
 * and a fiber that gets one looks into Redis again first, as somebody may have
 * been there for the same package meanwhile.
 */
#include <stdio.h>
#include <stdlib.h>

#include "catalogue.h"
#include "progress.h"

enum {
    CACHED_MS = 10 * 60 * 1000, /* how long a document stays in Redis  */
    PATIENCE_MS = 120 * 1000,   /* for the burst                       */
    TURNS = 4,                  /* fibers at MongoDB at a time         */
    WANTED = 128                /* packages that anybody asks for. Their
                                   number is small for FerretDB's sake: it
                                   reads the whole collection for each find,
                                   where MongoDB has an index          */
};

struct burst {
    struct catalogue *catalogue;
    size_t begun;
    size_t hits;
    diesel_channel *turns;    /* at MongoDB                                */
    unsigned short seed[3];   /* for nrand48(3): every run asks the same */
    struct progress progress; /* its `done`: look-ups that have ended    */
};

/* Some packages are asked for again and again, and most are not: the first 1, 2, 4,
 * 8, ... of the list get the same share of the questions each. */
static const struct record *choose(struct burst *burst)
{
    const struct records *written = &burst->catalogue->written;
    int doublings = 0;

    size_t wanted = written->count < WANTED ? written->count : WANTED;

    while (wanted >> doublings > 1)
        doublings++;
    long halvings = nrand48(burst->seed) % (doublings + 1);
    size_t first = wanted >> halvings;
    return &written->list[(size_t)nrand48(burst->seed) % first];
}

/* Reads a document from Redis: 1 and its checksum, 0 if it is not there, or -1. */
static int ask_redis(struct catalogue *catalogue, const char *key, uint64_t *sum,
                     diesel_error *err)
{
    char *cached;
    size_t n;

    int hit = dredis_get(catalogue->redis, key, &cached, &n, err);
    if (hit > 0) {
        *sum = checksum(cached, n);
        diesel_free(cached);
    }
    return hit;
}

/* Reads it from MongoDB, and leaves it in Redis. */
static int ask_mongo(struct catalogue *catalogue, const char *key,
                     const char *id, uint64_t *sum, diesel_error *err)
{
    bson_t *document;

    int found = dmongo_find_one(catalogue->mongo, PACKAGES,
                                dmongo_doc("_id", id), NULL, &document, err);
    if (found == 0)
        return diesel_error_set(err, DIESEL_E_FAILED, DIESEL_DOM_CORE, 0,
                                "package %s: not found in MongoDB", id);
    if (found < 0)
        return -1;
    *sum = checksum(bson_get_data(document), document->len);
    int set = dredis_set(catalogue->redis, key,
                         diesel_bytes(bson_get_data(document), document->len),
                         &(dredis_set_options){.px = CACHED_MS}, err);
    bson_destroy(document);
    return set < 0 ? -1 : 0;
}

/* Finds out the checksum of a package's document: 1 if it was in Redis, 0 if it was
 * in MongoDB, -1 on failure. */
static int fetch(struct burst *burst, const char *id, uint64_t *sum,
                 diesel_error *err)
{
    struct catalogue *catalogue = burst->catalogue;
    char key[256], turn;

    snprintf(key, sizeof key, CACHE "%s", id);
    int hit = ask_redis(catalogue, key, sum, err);
    if (hit != 0)
        return hit;
    if (diesel_channel_recv(burst->turns, &turn, DIESEL_FOREVER, err) < 0)
        return -1;
    hit = ask_redis(catalogue, key, sum, err);
    if (hit == 0)
        hit = ask_mongo(catalogue, key, id, sum, err);
    /* There is always room for a turn. If this fiber has been cancelled, so have
     * all, and nobody waits for it. */
    if (diesel_channel_send(burst->turns, &turn, DIESEL_NOW, NULL) < 0 && hit >= 0)
        return diesel_check(err);
    return hit;
}

/* One of the thousand. */
static int visitor(void *arg)
{
    struct burst *burst = arg;
    diesel_error err;

    while (burst->begun < burst->catalogue->look_ups) {
        burst->begun++;
        const struct record *wanted = choose(burst);
        uint64_t sum;
        int hit = fetch(burst, wanted->id, &sum, &err);
        if (hit >= 0 && sum != wanted->checksum)
            hit = diesel_error_set(&err, DIESEL_E_FAILED, DIESEL_DOM_CORE, 0,
                                   "package %s: what was read from %s is not "
                                   "what was written", wanted->id,
                                   hit > 0 ? "Redis" : "MongoDB");
        if (hit < 0)
            return diesel_fail(&err);
        burst->hits += (size_t)hit;
        burst->progress.done++;
        burst->progress.part = (double)burst->progress.done /
                               (double)burst->catalogue->look_ups;
    }
    return 0;
}

int look_up(void *arg)
{
    struct catalogue *catalogue = arg;
    struct burst burst = {.catalogue = catalogue,
                          .progress.what = "looking packages up"};
    diesel_error err;
    int64_t since = diesel_now();

    burst.turns = diesel_channel_new(1, TURNS, &err);
    if (burst.turns == NULL)
        return diesel_fail(&err);
    for (int i = 0; i < TURNS; i++)
        if (diesel_channel_send(burst.turns, "", DIESEL_NOW, &err) < 0) {
            diesel_channel_free(burst.turns);
            return diesel_fail(&err);
        }

    diesel_scope *shown = progress_show(&burst.progress);
    diesel_scope *all = diesel_scope_open(&(diesel_scope_options){
        .label = "look-ups",
        .timeout_ms = PATIENCE_MS});
    for (size_t i = 0; i < catalogue->fibers; i++)
        diesel_go(all, visitor, &burst);
    int status = diesel_scope_wait(all, &err);
    progress_hide(shown);
    diesel_channel_free(burst.turns);
    if (status < 0)
        return diesel_fail(&err);

    report(burst.progress.done, "packages looked up", since);
    printf("%9.1f%% of them found in the cache, by %zu fibers\n",
           100.0 * (double)burst.hits / (double)burst.progress.done,
           catalogue->fibers);
    return 0;
}

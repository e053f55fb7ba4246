/* SPDX-License-Identifier: MIT */
/*
 * Client-side caching: strings that were read are kept in this process, and the server
 * says when they change.
 *
 *     dredis_cache *cache = dredis_cache_open(redis, NULL, &err);
 *     char *name;
 *     int found = dredis_cache_get(cache, "user:7", &name, NULL, &err);
 *     if (found > 0)
 *         diesel_free(name);
 *
 * A read of what is there costs no trip to the server. Of fibers that want the same
 * missing key one asks and the others wait for it. That a key does not exist is kept as
 * well. A value goes when the server says that the key has changed (CLIENT TRACKING,
 * RESP3), when the key expires, when there is no room and it has not been used for
 * longest; and all go when the connection breaks, for what changes until there is a
 * new one is not told.
 *
 * So a reader may see what was true a moment ago, as long as the message is on its way:
 * also what this process itself has just overwritten.
 */
#ifndef DIESEL_REDIS_CACHE_H
#define DIESEL_REDIS_CACHE_H

#include <stddef.h>
#include <stdint.h>

#include <diesel/redis_client.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct dredis_cache dredis_cache;

/* How the server knows what to tell. */
typedef enum dredis_tracking {
    DREDIS_TRACKING_READS, /* it remembers what the cache has read             */
    DREDIS_TRACKING_OPTIN, /* the same, but as the cache asks for it each time */
    DREDIS_TRACKING_BCAST  /* it remembers nothing and tells of all keys with
                              certain prefixes, whoever has read them; others are
                              not kept                                         */
} dredis_tracking;

/* Zero means the default. The strings are copied. */
typedef struct dredis_cache_options {
    dredis_tracking tracking;     /* READS                                      */
    const char *const *prefixes;  /* of BCAST; none: all keys                   */
    size_t n_prefixes;
    size_t max_bytes;             /* 64 MiB: of keys and values, and what it takes
                                     to keep them                               */
    int64_t max_age_ms;           /* 0: as long as the key lives; else at most  */
} dredis_cache_options;

/* A cache with a connection of its own; options may be NULL. The client must outlive
 * it. Owned by the caller: dredis_cache_close(). NULL: as dredis_open(), and PROTOCOL
 * if the server (or the client's options) has no RESP3. Switches fibers. */
dredis_cache *dredis_cache_open(dredis *client,
                                const dredis_cache_options *options,
                                diesel_error *err)
    __attribute__((warn_unused_result));

/* No fiber may be using it. NULL does nothing. Switches fibers. */
void dredis_cache_close(dredis_cache *cache);

/* The key's string, as dredis_get(): 1: found, *value is owned by the caller,
 * diesel_free(); 0: there is no such key; -1: as dredis_call(). `len` may be NULL.
 * Switches fibers only if it must ask; checks for cancellation always. */
int dredis_cache_get_value(dredis_cache *cache, diesel_value key, char **value,
                           size_t *len, diesel_error *err)
    __attribute__((warn_unused_result));
#define dredis_cache_get(cache, key, value, len, err)                          \
    dredis_cache_get_value((cache), DIESEL_VALUE(key), (value), (len), (err))

typedef struct dredis_cached {
    char *value; /* owned, diesel_free(); NULL: there is no such key */
    size_t len;
} dredis_cached;

/* The strings of n keys; only those that are missing are asked for, with one MGET.
 * What is no string counts as missing, as for MGET. 0, or -1 as above and nothing is
 * in *values. */
int dredis_cache_mget(dredis_cache *cache, const diesel_value *keys, size_t n,
                      dredis_cached *values, diesel_error *err)
    __attribute__((warn_unused_result));

/* Forgets everything. Never switches fibers. */
void dredis_cache_flush(dredis_cache *cache);

/* What a cache has done; the hit ratio is hits / (hits + misses). */
typedef struct dredis_cache_stats {
    uint64_t hits;          /* keys that were there                              */
    uint64_t misses;        /* that were not, those that another fiber was just
                               asking for included                               */
    uint64_t invalidations; /* keys of which the server said that they changed   */
    uint64_t evictions;     /* for want of room                                  */
    uint64_t flushes;       /* of everything                                     */
    size_t keys, bytes;     /* now                                               */
} dredis_cache_stats;

/* Never switches fibers. */
dredis_cache_stats dredis_cache_stats_of(const dredis_cache *cache);

#ifdef __cplusplus
}
#endif
#endif

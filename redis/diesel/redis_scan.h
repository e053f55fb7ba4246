/* SPDX-License-Identifier: MIT */
/*
 * Walking through all keys, or all of a hash, a set or a sorted set, without holding
 * the server up: SCAN, HSCAN, SSCAN and ZSCAN.
 *
 *     dredis_scan *scan = dredis_scan_open(
 *         redis, &(dredis_scan_options){.match = "user:*", .count = 500}, &err);
 *     const dredis_reply *key;
 *     int got;
 *     while ((got = dredis_scan_next(scan, &key, &err)) > 0)
 *         puts(key->str);
 *     dredis_scan_close(scan);
 *     if (got < 0)
 *         return diesel_fail(&err);
 *
 * What is there from the beginning to the end is given at least once, perhaps more
 * than once; what comes or goes meanwhile may be given or not. A scan is used by one
 * fiber at a time. Its pages are commands of their own that only read, so they
 * survive a connection that breaks.
 */
#ifndef DIESEL_REDIS_SCAN_H
#define DIESEL_REDIS_SCAN_H

#include <stdbool.h>
#include <stdint.h>

#include <diesel/redis_client.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct dredis_scan dredis_scan;

/* The strings are copied. */
typedef struct dredis_scan_options {
    const char *match; /* MATCH: only what this pattern matches; NULL: all        */
    int64_t count;     /* COUNT: how much the server looks at for a page; 0: 10   */
    const char *type;  /* TYPE: only keys that hold this, "hash"; of SCAN only    */
    bool no_values;    /* NOVALUES: only the fields; of HSCAN only, Redis 7.4     */
} dredis_scan_options;

/* Begins to walk through all keys of the database, or through what the key holds.
 * Nothing is sent yet. Owned by the caller: dredis_scan_close(). The client must
 * outlive it. NULL: INVAL, NOMEM. Never switch fibers. */
dredis_scan *dredis_scan_open(dredis *client, const dredis_scan_options *options,
                              diesel_error *err)
    __attribute__((warn_unused_result));
dredis_scan *dredis_hscan_open(dredis *client, diesel_value key,
                               const dredis_scan_options *options,
                               diesel_error *err)
    __attribute__((warn_unused_result));
dredis_scan *dredis_sscan_open(dredis *client, diesel_value key,
                               const dredis_scan_options *options,
                               diesel_error *err)
    __attribute__((warn_unused_result));
dredis_scan *dredis_zscan_open(dredis *client, diesel_value key,
                               const dredis_scan_options *options,
                               diesel_error *err)
    __attribute__((warn_unused_result));

/* NULL does nothing. Never switches fibers. */
void dredis_scan_close(dredis_scan *scan);

/* The next key, member or field, borrowed until the next call: 1, or 0 at the end,
 * or -1 as dredis_call() fails; then it may be called again. Of a hash the value,
 * and of a sorted set the score, follow as items of their own; see below. Switches
 * fibers if it needs another page; checks for cancellation always. */
int dredis_scan_next(dredis_scan *scan, const dredis_reply **item,
                     diesel_error *err) __attribute__((warn_unused_result));

/* The next field and value, or member and score: likewise. */
int dredis_scan_next_pair(dredis_scan *scan, const dredis_reply **first,
                          const dredis_reply **second, diesel_error *err)
    __attribute__((warn_unused_result));

#if !defined(__cplusplus) && !defined(DREDIS_FUNCTIONS_ONLY)
#define dredis_hscan_open(client, key, ...)                                    \
    (dredis_hscan_open)((client), DIESEL_VALUE(key), __VA_ARGS__)
#define dredis_sscan_open(client, key, ...)                                    \
    (dredis_sscan_open)((client), DIESEL_VALUE(key), __VA_ARGS__)
#define dredis_zscan_open(client, key, ...)                                    \
    (dredis_zscan_open)((client), DIESEL_VALUE(key), __VA_ARGS__)
#endif

#ifdef __cplusplus
}
#endif
#endif

/* SPDX-License-Identifier: MIT */
/*
 * HyperLogLogs: how many different elements there were, about.
 *
 * What the functions take and give is told in <diesel/redis_commands.h>. Written
 * by redis/generate/commands.py; it is not edited.
 */
#ifndef DIESEL_REDIS_HYPERLOGLOG_H
#define DIESEL_REDIS_HYPERLOGLOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <diesel/redis_choices.h>
#include <diesel/redis_client.h>

#ifdef __cplusplus
extern "C" {
#endif

/* PFADD (since 2.8.9). Adds elements; 1 if that changed the estimate. */
int dredis_pfadd(dredis *client, diesel_value key, const diesel_value *elements,
                 size_t n, diesel_error *err)
    __attribute__((warn_unused_result));

/* PFCOUNT (since 2.8.9). How many there were in all of the keys. */
int dredis_pfcount(dredis *client, const diesel_value *keys, size_t n,
                   int64_t *count, diesel_error *err)
    __attribute__((warn_unused_result));

/* PFMERGE (since 2.8.9). Merges several into one. */
int dredis_pfmerge(dredis *client, diesel_value destkey,
                   const diesel_value *sourcekeys, size_t n, diesel_error *err)
    __attribute__((warn_unused_result));

#if !defined(__cplusplus) && !defined(DREDIS_FUNCTIONS_ONLY)
#define dredis_pfadd(client, key, ...)                                         \
    (dredis_pfadd)((client), DIESEL_VALUE(key), __VA_ARGS__)
#define dredis_pfmerge(client, destkey, ...)                                   \
    (dredis_pfmerge)((client), DIESEL_VALUE(destkey), __VA_ARGS__)
#endif

#ifdef __cplusplus
}
#endif
#endif

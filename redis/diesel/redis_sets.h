/* SPDX-License-Identifier: MIT */
/*
 * Sets: members without order, each once.
 *
 * What the functions take and give is told in <diesel/redis_commands.h>. Written
 * by redis/generate/commands.py; it is not edited.
 */
#ifndef DIESEL_REDIS_SETS_H
#define DIESEL_REDIS_SETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <diesel/redis_choices.h>
#include <diesel/redis_client.h>

#ifdef __cplusplus
extern "C" {
#endif

/* SADD (since 1.0.0). Adds members. */
int dredis_sadd(dredis *client, diesel_value key, const diesel_value *members,
                size_t n, int64_t *added, diesel_error *err)
    __attribute__((warn_unused_result));

/* SCARD (since 1.0.0). How many members there are. */
int dredis_scard(dredis *client, diesel_value key, int64_t *count,
                 diesel_error *err)
    __attribute__((warn_unused_result));

/* SDIFF (since 1.0.0). The members of the first set that are in none of the
 * others. */
dredis_reply *dredis_sdiff(dredis *client, const diesel_value *keys, size_t n,
                           diesel_error *err)
    __attribute__((warn_unused_result));

/* SDIFFSTORE (since 1.0.0). The same, stored. */
int dredis_sdiffstore(dredis *client, diesel_value destination,
                      const diesel_value *keys, size_t n, int64_t *stored,
                      diesel_error *err)
    __attribute__((warn_unused_result));

/* SINTER (since 1.0.0). The members that all sets have. */
dredis_reply *dredis_sinter(dredis *client, const diesel_value *keys, size_t n,
                            diesel_error *err)
    __attribute__((warn_unused_result));

/* SINTERCARD (since 7.0.0). How many members all sets have. */
typedef struct dredis_sintercard_options {
    int64_t limit; /* LIMIT limit */
} dredis_sintercard_options;

int dredis_sintercard(dredis *client, const diesel_value *keys, size_t n,
                      const dredis_sintercard_options *options, int64_t *count,
                      diesel_error *err)
    __attribute__((warn_unused_result));

/* SINTERSTORE (since 1.0.0). The members that all sets have, stored. */
int dredis_sinterstore(dredis *client, diesel_value destination,
                       const diesel_value *keys, size_t n, int64_t *stored,
                       diesel_error *err)
    __attribute__((warn_unused_result));

/* SISMEMBER (since 1.0.0). Whether that is a member. */
int dredis_sismember(dredis *client, diesel_value key, diesel_value member,
                     diesel_error *err)
    __attribute__((warn_unused_result));

/* SMEMBERS (since 1.0.0). All members. */
dredis_reply *dredis_smembers(dredis *client, diesel_value key,
                              diesel_error *err)
    __attribute__((warn_unused_result));

/* SMISMEMBER (since 6.2.0). For each 1 or 0: whether it is a member. */
dredis_reply *dredis_smismember(dredis *client, diesel_value key,
                                const diesel_value *members, size_t n,
                                diesel_error *err)
    __attribute__((warn_unused_result));

/* SMOVE (since 1.0.0). Moves a member to another set. */
int dredis_smove(dredis *client, diesel_value source, diesel_value destination,
                 diesel_value member, diesel_error *err)
    __attribute__((warn_unused_result));

/* SPOP (since 1.0.0). Takes any member. */
int dredis_spop(dredis *client, diesel_value key, char **value, size_t *len,
                diesel_error *err)
    __attribute__((warn_unused_result));

/* SPOP (since 1.0.0). Takes so many. */
dredis_reply *dredis_spop_count(dredis *client, diesel_value key, int64_t count,
                                diesel_error *err)
    __attribute__((warn_unused_result));

/* SRANDMEMBER (since 1.0.0). Any member, which stays. */
int dredis_srandmember(dredis *client, diesel_value key, char **value,
                       size_t *len, diesel_error *err)
    __attribute__((warn_unused_result));

/* SRANDMEMBER (since 1.0.0). So many; a negative count may give some several
 * times. */
dredis_reply *dredis_srandmember_count(dredis *client, diesel_value key,
                                       int64_t count, diesel_error *err)
    __attribute__((warn_unused_result));

/* SREM (since 1.0.0). Removes members. */
int dredis_srem(dredis *client, diesel_value key, const diesel_value *members,
                size_t n, int64_t *removed, diesel_error *err)
    __attribute__((warn_unused_result));

/* SUNION (since 1.0.0). The members of all sets. */
dredis_reply *dredis_sunion(dredis *client, const diesel_value *keys, size_t n,
                            diesel_error *err)
    __attribute__((warn_unused_result));

/* SUNIONSTORE (since 1.0.0). The same, stored. */
int dredis_sunionstore(dredis *client, diesel_value destination,
                       const diesel_value *keys, size_t n, int64_t *stored,
                       diesel_error *err)
    __attribute__((warn_unused_result));

#if !defined(__cplusplus) && !defined(DREDIS_FUNCTIONS_ONLY)
#define dredis_sadd(client, key, ...)                                          \
    (dredis_sadd)((client), DIESEL_VALUE(key), __VA_ARGS__)
#define dredis_scard(client, key, ...)                                         \
    (dredis_scard)((client), DIESEL_VALUE(key), __VA_ARGS__)
#define dredis_sdiffstore(client, destination, ...)                            \
    (dredis_sdiffstore)((client), DIESEL_VALUE(destination), __VA_ARGS__)
#define dredis_sinterstore(client, destination, ...)                           \
    (dredis_sinterstore)((client), DIESEL_VALUE(destination), __VA_ARGS__)
#define dredis_sismember(client, key, member, ...)                             \
    (dredis_sismember)((client), DIESEL_VALUE(key), DIESEL_VALUE(member),      \
                       __VA_ARGS__)
#define dredis_smembers(client, key, ...)                                      \
    (dredis_smembers)((client), DIESEL_VALUE(key), __VA_ARGS__)
#define dredis_smismember(client, key, ...)                                    \
    (dredis_smismember)((client), DIESEL_VALUE(key), __VA_ARGS__)
#define dredis_smove(client, source, destination, member, ...)                 \
    (dredis_smove)((client), DIESEL_VALUE(source),                             \
                   DIESEL_VALUE(destination), DIESEL_VALUE(member),            \
                   __VA_ARGS__)
#define dredis_spop(client, key, ...)                                          \
    (dredis_spop)((client), DIESEL_VALUE(key), __VA_ARGS__)
#define dredis_spop_count(client, key, ...)                                    \
    (dredis_spop_count)((client), DIESEL_VALUE(key), __VA_ARGS__)
#define dredis_srandmember(client, key, ...)                                   \
    (dredis_srandmember)((client), DIESEL_VALUE(key), __VA_ARGS__)
#define dredis_srandmember_count(client, key, ...)                             \
    (dredis_srandmember_count)((client), DIESEL_VALUE(key), __VA_ARGS__)
#define dredis_srem(client, key, ...)                                          \
    (dredis_srem)((client), DIESEL_VALUE(key), __VA_ARGS__)
#define dredis_sunionstore(client, destination, ...)                           \
    (dredis_sunionstore)((client), DIESEL_VALUE(destination), __VA_ARGS__)
#endif

#ifdef __cplusplus
}
#endif
#endif

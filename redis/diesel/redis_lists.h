/* SPDX-License-Identifier: MIT */
/*
 * Lists: elements in order, taken from and put to both ends.
 *
 * What the functions take and give is told in <diesel/redis_commands.h>. Written
 * by redis/generate/commands.py; it is not edited.
 */
#ifndef DIESEL_REDIS_LISTS_H
#define DIESEL_REDIS_LISTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <diesel/redis_choices.h>
#include <diesel/redis_client.h>

#ifdef __cplusplus
extern "C" {
#endif

/* BLMOVE (since 6.2.0). Moves an element from one list to another, and waits
 * for one; timeout in seconds, 0: for ever. */
int dredis_blmove(dredis *client, diesel_value source, diesel_value destination,
                  dredis_end wherefrom, dredis_end whereto, double timeout,
                  char **value, size_t *len, diesel_error *err)
    __attribute__((warn_unused_result));

/* BLMPOP (since 7.0.0). Takes elements from the first list that has some,
 * and waits for some: the key and the elements. */
typedef struct dredis_blmpop_options {
    int64_t count; /* COUNT count */
} dredis_blmpop_options;

dredis_reply *dredis_blmpop(dredis *client, double timeout,
                            const diesel_value *keys, size_t n,
                            dredis_end where,
                            const dredis_blmpop_options *options,
                            diesel_error *err)
    __attribute__((warn_unused_result));

/* BLPOP (since 2.0.0). Takes the first element of the first list that has
 * one, and waits for one: the key and the element. */
dredis_reply *dredis_blpop(dredis *client, const diesel_value *keys, size_t n,
                           double timeout, diesel_error *err)
    __attribute__((warn_unused_result));

/* BRPOP (since 2.0.0). The same with the last element. */
dredis_reply *dredis_brpop(dredis *client, const diesel_value *keys, size_t n,
                           double timeout, diesel_error *err)
    __attribute__((warn_unused_result));

/* LINDEX (since 1.0.0). The element with that number; negative ones count
 * from the end. */
int dredis_lindex(dredis *client, diesel_value key, int64_t index, char **value,
                  size_t *len, diesel_error *err)
    __attribute__((warn_unused_result));

/* LINSERT (since 2.2.0). Puts an element before or behind another; -1: that
 * is not there. */
int dredis_linsert(dredis *client, diesel_value key, dredis_side where,
                   diesel_value pivot, diesel_value element, int64_t *length,
                   diesel_error *err)
    __attribute__((warn_unused_result));

/* LLEN (since 1.0.0). How many elements there are. */
int dredis_llen(dredis *client, diesel_value key, int64_t *length,
                diesel_error *err)
    __attribute__((warn_unused_result));

/* LMOVE (since 6.2.0). Moves an element from one end of a list to an end of
 * another. */
int dredis_lmove(dredis *client, diesel_value source, diesel_value destination,
                 dredis_end wherefrom, dredis_end whereto, char **value,
                 size_t *len, diesel_error *err)
    __attribute__((warn_unused_result));

/* LMPOP (since 7.0.0). Takes elements from the first list that has some: the
 * key and the elements. */
typedef struct dredis_lmpop_options {
    int64_t count; /* COUNT count */
} dredis_lmpop_options;

dredis_reply *dredis_lmpop(dredis *client, const diesel_value *keys, size_t n,
                           dredis_end where,
                           const dredis_lmpop_options *options,
                           diesel_error *err)
    __attribute__((warn_unused_result));

/* LPOP (since 1.0.0). Takes the first element. */
int dredis_lpop(dredis *client, diesel_value key, char **value, size_t *len,
                diesel_error *err)
    __attribute__((warn_unused_result));

/* LPOP (since 1.0.0). Takes so many first elements. */
dredis_reply *dredis_lpop_count(dredis *client, diesel_value key, int64_t count,
                                diesel_error *err)
    __attribute__((warn_unused_result));

/* LPOS (since 6.0.6). Where an element is. */
typedef struct dredis_lpos_options {
    int64_t rank;   /* RANK rank */
    int64_t maxlen; /* MAXLEN len */
} dredis_lpos_options;

int dredis_lpos(dredis *client, diesel_value key, diesel_value element,
                const dredis_lpos_options *options, int64_t *index,
                diesel_error *err)
    __attribute__((warn_unused_result));

/* LPOS (since 6.0.6). The first so many places where it is; 0: all. */
typedef struct dredis_lpos_all_options {
    int64_t rank;   /* RANK rank */
    int64_t maxlen; /* MAXLEN len */
} dredis_lpos_all_options;

dredis_reply *dredis_lpos_all(dredis *client, diesel_value key,
                              diesel_value element, int64_t num_matches,
                              const dredis_lpos_all_options *options,
                              diesel_error *err)
    __attribute__((warn_unused_result));

/* LPUSH (since 1.0.0). Puts elements to the head, the last of them first. */
int dredis_lpush(dredis *client, diesel_value key, const diesel_value *elements,
                 size_t n, int64_t *length, diesel_error *err)
    __attribute__((warn_unused_result));

/* LPUSHX (since 2.2.0). The same, if the list is there. */
int dredis_lpushx(dredis *client, diesel_value key,
                  const diesel_value *elements, size_t n, int64_t *length,
                  diesel_error *err)
    __attribute__((warn_unused_result));

/* LRANGE (since 1.0.0). The elements from `start` to `stop`, both included. */
dredis_reply *dredis_lrange(dredis *client, diesel_value key, int64_t start,
                            int64_t stop, diesel_error *err)
    __attribute__((warn_unused_result));

/* LREM (since 1.0.0). Removes so many of an element; negative: from the end;
 * 0: all. */
int dredis_lrem(dredis *client, diesel_value key, int64_t count,
                diesel_value element, int64_t *removed, diesel_error *err)
    __attribute__((warn_unused_result));

/* LSET (since 1.0.0). Sets the element with that number. */
int dredis_lset(dredis *client, diesel_value key, int64_t index,
                diesel_value element, diesel_error *err)
    __attribute__((warn_unused_result));

/* LTRIM (since 1.0.0). Keeps only the elements from `start` to `stop`. */
int dredis_ltrim(dredis *client, diesel_value key, int64_t start, int64_t stop,
                 diesel_error *err)
    __attribute__((warn_unused_result));

/* RPOP (since 1.0.0). Takes the last element. */
int dredis_rpop(dredis *client, diesel_value key, char **value, size_t *len,
                diesel_error *err)
    __attribute__((warn_unused_result));

/* RPOP (since 1.0.0). Takes so many last elements. */
dredis_reply *dredis_rpop_count(dredis *client, diesel_value key, int64_t count,
                                diesel_error *err)
    __attribute__((warn_unused_result));

/* RPUSH (since 1.0.0). Puts elements to the end. */
int dredis_rpush(dredis *client, diesel_value key, const diesel_value *elements,
                 size_t n, int64_t *length, diesel_error *err)
    __attribute__((warn_unused_result));

/* RPUSHX (since 2.2.0). The same, if the list is there. */
int dredis_rpushx(dredis *client, diesel_value key,
                  const diesel_value *elements, size_t n, int64_t *length,
                  diesel_error *err)
    __attribute__((warn_unused_result));

#if !defined(__cplusplus) && !defined(DREDIS_FUNCTIONS_ONLY)
#define dredis_blmove(client, source, destination, ...)                        \
    (dredis_blmove)((client), DIESEL_VALUE(source),                            \
                    DIESEL_VALUE(destination), __VA_ARGS__)
#define dredis_lindex(client, key, ...)                                        \
    (dredis_lindex)((client), DIESEL_VALUE(key), __VA_ARGS__)
#define dredis_linsert(client, key, where, pivot, element, ...)                \
    (dredis_linsert)((client), DIESEL_VALUE(key), (where),                     \
                     DIESEL_VALUE(pivot), DIESEL_VALUE(element),               \
                     __VA_ARGS__)
#define dredis_llen(client, key, ...)                                          \
    (dredis_llen)((client), DIESEL_VALUE(key), __VA_ARGS__)
#define dredis_lmove(client, source, destination, ...)                         \
    (dredis_lmove)((client), DIESEL_VALUE(source),                             \
                   DIESEL_VALUE(destination), __VA_ARGS__)
#define dredis_lpop(client, key, ...)                                          \
    (dredis_lpop)((client), DIESEL_VALUE(key), __VA_ARGS__)
#define dredis_lpop_count(client, key, ...)                                    \
    (dredis_lpop_count)((client), DIESEL_VALUE(key), __VA_ARGS__)
#define dredis_lpos(client, key, element, ...)                                 \
    (dredis_lpos)((client), DIESEL_VALUE(key), DIESEL_VALUE(element),          \
                  __VA_ARGS__)
#define dredis_lpos_all(client, key, element, ...)                             \
    (dredis_lpos_all)((client), DIESEL_VALUE(key), DIESEL_VALUE(element),      \
                      __VA_ARGS__)
#define dredis_lpush(client, key, ...)                                         \
    (dredis_lpush)((client), DIESEL_VALUE(key), __VA_ARGS__)
#define dredis_lpushx(client, key, ...)                                        \
    (dredis_lpushx)((client), DIESEL_VALUE(key), __VA_ARGS__)
#define dredis_lrange(client, key, ...)                                        \
    (dredis_lrange)((client), DIESEL_VALUE(key), __VA_ARGS__)
#define dredis_lrem(client, key, count, element, ...)                          \
    (dredis_lrem)((client), DIESEL_VALUE(key), (count),                        \
                  DIESEL_VALUE(element), __VA_ARGS__)
#define dredis_lset(client, key, index, element, ...)                          \
    (dredis_lset)((client), DIESEL_VALUE(key), (index),                        \
                  DIESEL_VALUE(element), __VA_ARGS__)
#define dredis_ltrim(client, key, ...)                                         \
    (dredis_ltrim)((client), DIESEL_VALUE(key), __VA_ARGS__)
#define dredis_rpop(client, key, ...)                                          \
    (dredis_rpop)((client), DIESEL_VALUE(key), __VA_ARGS__)
#define dredis_rpop_count(client, key, ...)                                    \
    (dredis_rpop_count)((client), DIESEL_VALUE(key), __VA_ARGS__)
#define dredis_rpush(client, key, ...)                                         \
    (dredis_rpush)((client), DIESEL_VALUE(key), __VA_ARGS__)
#define dredis_rpushx(client, key, ...)                                        \
    (dredis_rpushx)((client), DIESEL_VALUE(key), __VA_ARGS__)
#endif

#ifdef __cplusplus
}
#endif
#endif

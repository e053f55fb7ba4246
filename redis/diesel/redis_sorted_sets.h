/* SPDX-License-Identifier: MIT */
/*
 * Sorted sets: members in the order of their scores.
 *
 * What the functions take and give is told in <diesel/redis_commands.h>. Written
 * by redis/generate/commands.py; it is not edited.
 */
#ifndef DIESEL_REDIS_SORTED_SETS_H
#define DIESEL_REDIS_SORTED_SETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <diesel/redis_choices.h>
#include <diesel/redis_client.h>

#ifdef __cplusplus
extern "C" {
#endif

/* BZMPOP (since 7.0.0). Takes members from the first set that has some, and
 * waits for some. */
typedef struct dredis_bzmpop_options {
    int64_t count; /* COUNT count */
} dredis_bzmpop_options;

dredis_reply *dredis_bzmpop(dredis *client, double timeout,
                            const diesel_value *keys, size_t n,
                            dredis_extreme where,
                            const dredis_bzmpop_options *options,
                            diesel_error *err)
    __attribute__((warn_unused_result));

/* BZPOPMAX (since 5.0.0). Takes the member with the highest score, and waits
 * for one: the key, it, its score. */
dredis_reply *dredis_bzpopmax(dredis *client, const diesel_value *keys,
                              size_t n, double timeout, diesel_error *err)
    __attribute__((warn_unused_result));

/* BZPOPMIN (since 5.0.0). The same with the lowest score. */
dredis_reply *dredis_bzpopmin(dredis *client, const diesel_value *keys,
                              size_t n, double timeout, diesel_error *err)
    __attribute__((warn_unused_result));

/* ZADD (since 1.2.0). Adds members: score, member, score, member, ... */
typedef struct dredis_zadd_options {
    bool nx; /* NX */
    bool xx; /* XX */
    bool gt; /* GT */
    bool lt; /* LT */
    bool ch; /* CH */
} dredis_zadd_options;

int dredis_zadd(dredis *client, diesel_value key, const diesel_value *values,
                size_t n, const dredis_zadd_options *options, int64_t *added,
                diesel_error *err)
    __attribute__((warn_unused_result));

/* ZADD (since 1.2.0). Adds to a member's score: score, member; nil if a
 * condition was not met. */
typedef struct dredis_zadd_incr_options {
    bool nx; /* NX */
    bool xx; /* XX */
    bool gt; /* GT */
    bool lt; /* LT */
    bool ch; /* CH */
} dredis_zadd_incr_options;

int dredis_zadd_incr(dredis *client, diesel_value key,
                     const diesel_value *values, size_t n,
                     const dredis_zadd_incr_options *options, double *now,
                     diesel_error *err)
    __attribute__((warn_unused_result));

/* ZCARD (since 1.2.0). How many members there are. */
int dredis_zcard(dredis *client, diesel_value key, int64_t *count,
                 diesel_error *err)
    __attribute__((warn_unused_result));

/* ZCOUNT (since 2.0.0). How many have a score from `min` to `max`: "(1"
 * excludes, "-inf" is all. */
int dredis_zcount(dredis *client, diesel_value key, diesel_value min,
                  diesel_value max, int64_t *count, diesel_error *err)
    __attribute__((warn_unused_result));

/* ZDIFF (since 6.2.0). The members of the first set that are in none of the
 * others. */
dredis_reply *dredis_zdiff(dredis *client, const diesel_value *keys, size_t n,
                           diesel_error *err)
    __attribute__((warn_unused_result));

/* ZDIFF (since 6.2.0). The same with scores. */
dredis_reply *dredis_zdiff_scores(dredis *client, const diesel_value *keys,
                                  size_t n, diesel_error *err)
    __attribute__((warn_unused_result));

/* ZDIFFSTORE (since 6.2.0). The same, stored. */
int dredis_zdiffstore(dredis *client, diesel_value destination,
                      const diesel_value *keys, size_t n, int64_t *stored,
                      diesel_error *err)
    __attribute__((warn_unused_result));

/* ZINCRBY (since 1.2.0). Adds to a member's score. */
int dredis_zincrby(dredis *client, diesel_value key, int64_t increment,
                   diesel_value member, double *now, diesel_error *err)
    __attribute__((warn_unused_result));

/* ZINTER (since 6.2.0). The members that all sets have. */
typedef struct dredis_zinter_options {
    const diesel_value *weights; /* WEIGHTS weight, ... */
    size_t n_weights;            /* how many there are */
    const char *aggregate;       /* one of "SUM", "MIN", "MAX" */
} dredis_zinter_options;

dredis_reply *dredis_zinter(dredis *client, const diesel_value *keys, size_t n,
                            const dredis_zinter_options *options,
                            diesel_error *err)
    __attribute__((warn_unused_result));

/* ZINTER (since 6.2.0). The same with scores. */
typedef struct dredis_zinter_scores_options {
    const diesel_value *weights; /* WEIGHTS weight, ... */
    size_t n_weights;            /* how many there are */
    const char *aggregate;       /* one of "SUM", "MIN", "MAX" */
} dredis_zinter_scores_options;

dredis_reply *dredis_zinter_scores(dredis *client, const diesel_value *keys,
                                   size_t n,
                                   const dredis_zinter_scores_options *options,
                                   diesel_error *err)
    __attribute__((warn_unused_result));

/* ZINTERCARD (since 7.0.0). How many members all sets have. */
typedef struct dredis_zintercard_options {
    int64_t limit; /* LIMIT limit */
} dredis_zintercard_options;

int dredis_zintercard(dredis *client, const diesel_value *keys, size_t n,
                      const dredis_zintercard_options *options, int64_t *count,
                      diesel_error *err)
    __attribute__((warn_unused_result));

/* ZINTERSTORE (since 2.0.0). The members that all sets have, stored. */
typedef struct dredis_zinterstore_options {
    const diesel_value *weights; /* WEIGHTS weight, ... */
    size_t n_weights;            /* how many there are */
    const char *aggregate;       /* one of "SUM", "MIN", "MAX" */
} dredis_zinterstore_options;

int dredis_zinterstore(dredis *client, diesel_value destination,
                       const diesel_value *keys, size_t n,
                       const dredis_zinterstore_options *options,
                       int64_t *stored, diesel_error *err)
    __attribute__((warn_unused_result));

/* ZLEXCOUNT (since 2.8.9). How many lie from `min` to `max` in alphabetical
 * order: "[a", "(b", "-", "+". */
int dredis_zlexcount(dredis *client, diesel_value key, diesel_value min,
                     diesel_value max, int64_t *count, diesel_error *err)
    __attribute__((warn_unused_result));

/* ZMPOP (since 7.0.0). Takes members from the first set that has some: the
 * key, and members with scores. */
typedef struct dredis_zmpop_options {
    int64_t count; /* COUNT count */
} dredis_zmpop_options;

dredis_reply *dredis_zmpop(dredis *client, const diesel_value *keys, size_t n,
                           dredis_extreme where,
                           const dredis_zmpop_options *options,
                           diesel_error *err)
    __attribute__((warn_unused_result));

/* ZMSCORE (since 6.2.0). The scores of members, nil where there is none. */
dredis_reply *dredis_zmscore(dredis *client, diesel_value key,
                             const diesel_value *members, size_t n,
                             diesel_error *err)
    __attribute__((warn_unused_result));

/* ZPOPMAX (since 5.0.0). Takes the member with the highest score: it and the
 * score. */
dredis_reply *dredis_zpopmax(dredis *client, diesel_value key,
                             diesel_error *err)
    __attribute__((warn_unused_result));

/* ZPOPMAX (since 5.0.0). Takes so many. */
dredis_reply *dredis_zpopmax_count(dredis *client, diesel_value key,
                                   int64_t count, diesel_error *err)
    __attribute__((warn_unused_result));

/* ZPOPMIN (since 5.0.0). Takes the member with the lowest score: it and the
 * score. */
dredis_reply *dredis_zpopmin(dredis *client, diesel_value key,
                             diesel_error *err)
    __attribute__((warn_unused_result));

/* ZPOPMIN (since 5.0.0). Takes so many. */
dredis_reply *dredis_zpopmin_count(dredis *client, diesel_value key,
                                   int64_t count, diesel_error *err)
    __attribute__((warn_unused_result));

/* ZRANDMEMBER (since 6.2.0). Any member. */
int dredis_zrandmember(dredis *client, diesel_value key, char **value,
                       size_t *len, diesel_error *err)
    __attribute__((warn_unused_result));

/* ZRANDMEMBER (since 6.2.0). So many; a negative count may give some several
 * times. */
dredis_reply *dredis_zrandmember_count(dredis *client, diesel_value key,
                                       int64_t count, diesel_error *err)
    __attribute__((warn_unused_result));

/* ZRANDMEMBER (since 6.2.0). The same with scores. */
dredis_reply *dredis_zrandmember_scores(dredis *client, diesel_value key,
                                        int64_t count, diesel_error *err)
    __attribute__((warn_unused_result));

/* ZRANGE (since 1.2.0). The members from `start` to `stop`: places, or
 * scores or names with an option. */
typedef struct dredis_zrange_options {
    bool byscore;         /* BYSCORE */
    bool bylex;           /* BYLEX */
    bool rev;             /* REV */
    int64_t limit_offset; /* LIMIT; both, or none */
    int64_t limit_count;  /* 0: none */
} dredis_zrange_options;

dredis_reply *dredis_zrange(dredis *client, diesel_value key,
                            diesel_value start, diesel_value stop,
                            const dredis_zrange_options *options,
                            diesel_error *err)
    __attribute__((warn_unused_result));

/* ZRANGE (since 1.2.0). The same with scores. */
typedef struct dredis_zrange_scores_options {
    bool byscore;         /* BYSCORE */
    bool bylex;           /* BYLEX */
    bool rev;             /* REV */
    int64_t limit_offset; /* LIMIT; both, or none */
    int64_t limit_count;  /* 0: none */
} dredis_zrange_scores_options;

dredis_reply *dredis_zrange_scores(dredis *client, diesel_value key,
                                   diesel_value start, diesel_value stop,
                                   const dredis_zrange_scores_options *options,
                                   diesel_error *err)
    __attribute__((warn_unused_result));

/* ZRANGESTORE (since 6.2.0). The same, stored. */
typedef struct dredis_zrangestore_options {
    bool byscore;         /* BYSCORE */
    bool bylex;           /* BYLEX */
    bool rev;             /* REV */
    int64_t limit_offset; /* LIMIT; both, or none */
    int64_t limit_count;  /* 0: none */
} dredis_zrangestore_options;

int dredis_zrangestore(dredis *client, diesel_value dst, diesel_value src,
                       diesel_value min, diesel_value max,
                       const dredis_zrangestore_options *options,
                       int64_t *stored, diesel_error *err)
    __attribute__((warn_unused_result));

/* ZRANK (since 2.0.0). The place of a member, the lowest score is 0. */
int dredis_zrank(dredis *client, diesel_value key, diesel_value member,
                 int64_t *rank, diesel_error *err)
    __attribute__((warn_unused_result));

/* ZREM (since 1.2.0). Removes members. */
int dredis_zrem(dredis *client, diesel_value key, const diesel_value *members,
                size_t n, int64_t *removed, diesel_error *err)
    __attribute__((warn_unused_result));

/* ZREMRANGEBYLEX (since 2.8.9). Removes those from `min` to `max` in
 * alphabetical order. */
int dredis_zremrangebylex(dredis *client, diesel_value key, diesel_value min,
                          diesel_value max, int64_t *removed, diesel_error *err)
    __attribute__((warn_unused_result));

/* ZREMRANGEBYRANK (since 2.0.0). Removes those in the places from `start` to
 * `stop`. */
int dredis_zremrangebyrank(dredis *client, diesel_value key, int64_t start,
                           int64_t stop, int64_t *removed, diesel_error *err)
    __attribute__((warn_unused_result));

/* ZREMRANGEBYSCORE (since 1.2.0). Removes those with a score from `min` to
 * `max`. */
int dredis_zremrangebyscore(dredis *client, diesel_value key, diesel_value min,
                            diesel_value max, int64_t *removed,
                            diesel_error *err)
    __attribute__((warn_unused_result));

/* ZREVRANK (since 2.0.0). The place of a member, the highest score is 0. */
int dredis_zrevrank(dredis *client, diesel_value key, diesel_value member,
                    int64_t *rank, diesel_error *err)
    __attribute__((warn_unused_result));

/* ZSCORE (since 1.2.0). The score of a member. */
int dredis_zscore(dredis *client, diesel_value key, diesel_value member,
                  double *score, diesel_error *err)
    __attribute__((warn_unused_result));

/* ZUNION (since 6.2.0). The members of all sets. */
typedef struct dredis_zunion_options {
    const diesel_value *weights; /* WEIGHTS weight, ... */
    size_t n_weights;            /* how many there are */
    const char *aggregate;       /* one of "SUM", "MIN", "MAX" */
} dredis_zunion_options;

dredis_reply *dredis_zunion(dredis *client, const diesel_value *keys, size_t n,
                            const dredis_zunion_options *options,
                            diesel_error *err)
    __attribute__((warn_unused_result));

/* ZUNION (since 6.2.0). The same with scores. */
typedef struct dredis_zunion_scores_options {
    const diesel_value *weights; /* WEIGHTS weight, ... */
    size_t n_weights;            /* how many there are */
    const char *aggregate;       /* one of "SUM", "MIN", "MAX" */
} dredis_zunion_scores_options;

dredis_reply *dredis_zunion_scores(dredis *client, const diesel_value *keys,
                                   size_t n,
                                   const dredis_zunion_scores_options *options,
                                   diesel_error *err)
    __attribute__((warn_unused_result));

/* ZUNIONSTORE (since 2.0.0). The same, stored. */
typedef struct dredis_zunionstore_options {
    const diesel_value *weights; /* WEIGHTS weight, ... */
    size_t n_weights;            /* how many there are */
    const char *aggregate;       /* one of "SUM", "MIN", "MAX" */
} dredis_zunionstore_options;

int dredis_zunionstore(dredis *client, diesel_value destination,
                       const diesel_value *keys, size_t n,
                       const dredis_zunionstore_options *options,
                       int64_t *stored, diesel_error *err)
    __attribute__((warn_unused_result));

#if !defined(__cplusplus) && !defined(DREDIS_FUNCTIONS_ONLY)
#define dredis_zadd(client, key, ...)                                          \
    (dredis_zadd)((client), DIESEL_VALUE(key), __VA_ARGS__)
#define dredis_zadd_incr(client, key, ...)                                     \
    (dredis_zadd_incr)((client), DIESEL_VALUE(key), __VA_ARGS__)
#define dredis_zcard(client, key, ...)                                         \
    (dredis_zcard)((client), DIESEL_VALUE(key), __VA_ARGS__)
#define dredis_zcount(client, key, min, max, ...)                              \
    (dredis_zcount)((client), DIESEL_VALUE(key), DIESEL_VALUE(min),            \
                    DIESEL_VALUE(max), __VA_ARGS__)
#define dredis_zdiffstore(client, destination, ...)                            \
    (dredis_zdiffstore)((client), DIESEL_VALUE(destination), __VA_ARGS__)
#define dredis_zincrby(client, key, increment, member, ...)                    \
    (dredis_zincrby)((client), DIESEL_VALUE(key), (increment),                 \
                     DIESEL_VALUE(member), __VA_ARGS__)
#define dredis_zinterstore(client, destination, ...)                           \
    (dredis_zinterstore)((client), DIESEL_VALUE(destination), __VA_ARGS__)
#define dredis_zlexcount(client, key, min, max, ...)                           \
    (dredis_zlexcount)((client), DIESEL_VALUE(key), DIESEL_VALUE(min),         \
                       DIESEL_VALUE(max), __VA_ARGS__)
#define dredis_zmscore(client, key, ...)                                       \
    (dredis_zmscore)((client), DIESEL_VALUE(key), __VA_ARGS__)
#define dredis_zpopmax(client, key, ...)                                       \
    (dredis_zpopmax)((client), DIESEL_VALUE(key), __VA_ARGS__)
#define dredis_zpopmax_count(client, key, ...)                                 \
    (dredis_zpopmax_count)((client), DIESEL_VALUE(key), __VA_ARGS__)
#define dredis_zpopmin(client, key, ...)                                       \
    (dredis_zpopmin)((client), DIESEL_VALUE(key), __VA_ARGS__)
#define dredis_zpopmin_count(client, key, ...)                                 \
    (dredis_zpopmin_count)((client), DIESEL_VALUE(key), __VA_ARGS__)
#define dredis_zrandmember(client, key, ...)                                   \
    (dredis_zrandmember)((client), DIESEL_VALUE(key), __VA_ARGS__)
#define dredis_zrandmember_count(client, key, ...)                             \
    (dredis_zrandmember_count)((client), DIESEL_VALUE(key), __VA_ARGS__)
#define dredis_zrandmember_scores(client, key, ...)                            \
    (dredis_zrandmember_scores)((client), DIESEL_VALUE(key), __VA_ARGS__)
#define dredis_zrange(client, key, start, stop, ...)                           \
    (dredis_zrange)((client), DIESEL_VALUE(key), DIESEL_VALUE(start),          \
                    DIESEL_VALUE(stop), __VA_ARGS__)
#define dredis_zrange_scores(client, key, start, stop, ...)                    \
    (dredis_zrange_scores)((client), DIESEL_VALUE(key), DIESEL_VALUE(start),   \
                           DIESEL_VALUE(stop), __VA_ARGS__)
#define dredis_zrangestore(client, dst, src, min, max, ...)                    \
    (dredis_zrangestore)((client), DIESEL_VALUE(dst), DIESEL_VALUE(src),       \
                         DIESEL_VALUE(min), DIESEL_VALUE(max), __VA_ARGS__)
#define dredis_zrank(client, key, member, ...)                                 \
    (dredis_zrank)((client), DIESEL_VALUE(key), DIESEL_VALUE(member),          \
                   __VA_ARGS__)
#define dredis_zrem(client, key, ...)                                          \
    (dredis_zrem)((client), DIESEL_VALUE(key), __VA_ARGS__)
#define dredis_zremrangebylex(client, key, min, max, ...)                      \
    (dredis_zremrangebylex)((client), DIESEL_VALUE(key), DIESEL_VALUE(min),    \
                            DIESEL_VALUE(max), __VA_ARGS__)
#define dredis_zremrangebyrank(client, key, ...)                               \
    (dredis_zremrangebyrank)((client), DIESEL_VALUE(key), __VA_ARGS__)
#define dredis_zremrangebyscore(client, key, min, max, ...)                    \
    (dredis_zremrangebyscore)((client), DIESEL_VALUE(key),                     \
                              DIESEL_VALUE(min), DIESEL_VALUE(max),            \
                              __VA_ARGS__)
#define dredis_zrevrank(client, key, member, ...)                              \
    (dredis_zrevrank)((client), DIESEL_VALUE(key), DIESEL_VALUE(member),       \
                      __VA_ARGS__)
#define dredis_zscore(client, key, member, ...)                                \
    (dredis_zscore)((client), DIESEL_VALUE(key), DIESEL_VALUE(member),         \
                    __VA_ARGS__)
#define dredis_zunionstore(client, destination, ...)                           \
    (dredis_zunionstore)((client), DIESEL_VALUE(destination), __VA_ARGS__)
#endif

#ifdef __cplusplus
}
#endif
#endif

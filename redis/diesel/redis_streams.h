/* SPDX-License-Identifier: MIT */
/*
 * Streams: entries with ids, read by many or shared out to groups.
 *
 * What the functions take and give is told in <diesel/redis_commands.h>. Written
 * by redis/generate/commands.py; it is not edited.
 */
#ifndef DIESEL_REDIS_STREAMS_H
#define DIESEL_REDIS_STREAMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <diesel/redis_choices.h>
#include <diesel/redis_client.h>

#ifdef __cplusplus
extern "C" {
#endif

/* XACK (since 5.0.0). Says that entries are done. */
int dredis_xack(dredis *client, diesel_value key, diesel_value group,
                const diesel_value *ids, size_t n, int64_t *acknowledged,
                diesel_error *err)
    __attribute__((warn_unused_result));

/* XADD (since 5.0.0). Adds an entry: field, value, ...; "*" lets the server
 * choose the id, which is the value. */
typedef struct dredis_xadd_options {
    bool nomkstream;     /* NOMKSTREAM */
    diesel_value maxlen; /* MAXLEN: keep at most so many entries */
    diesel_value minid;  /* MINID: keep those from this id on */
    bool nearly;         /* ~: it may be a few more, which is faster */
    int64_t limit;       /* LIMIT: delete at most so many; with nearly */
} dredis_xadd_options;

int dredis_xadd(dredis *client, diesel_value key, diesel_value id,
                const diesel_value *values, size_t n,
                const dredis_xadd_options *options, char **value, size_t *len,
                diesel_error *err)
    __attribute__((warn_unused_result));

/* XAUTOCLAIM (since 6.2.0). Takes over entries that another consumer has had
 * for long: the next start, the entries, those deleted. */
typedef struct dredis_xautoclaim_options {
    int64_t count; /* COUNT count */
    bool justid;   /* JUSTID */
} dredis_xautoclaim_options;

dredis_reply *dredis_xautoclaim(dredis *client, diesel_value key,
                                diesel_value group, diesel_value consumer,
                                diesel_value min_idle_time, diesel_value start,
                                const dredis_xautoclaim_options *options,
                                diesel_error *err)
    __attribute__((warn_unused_result));

/* XCLAIM (since 5.0.0). Takes over those entries. */
typedef struct dredis_xclaim_options {
    int64_t idle;        /* IDLE ms */
    int64_t time;        /* TIME unix time milliseconds */
    int64_t retrycount;  /* RETRYCOUNT count */
    bool force;          /* FORCE */
    bool justid;         /* JUSTID */
    diesel_value lastid; /* LASTID lastid */
} dredis_xclaim_options;

dredis_reply *dredis_xclaim(dredis *client, diesel_value key,
                            diesel_value group, diesel_value consumer,
                            diesel_value min_idle_time, const diesel_value *ids,
                            size_t n, const dredis_xclaim_options *options,
                            diesel_error *err)
    __attribute__((warn_unused_result));

/* XDEL (since 5.0.0). Deletes entries. */
int dredis_xdel(dredis *client, diesel_value key, const diesel_value *ids,
                size_t n, int64_t *deleted, diesel_error *err)
    __attribute__((warn_unused_result));

/* XGROUP CREATE (since 5.0.0). Makes a group that has read up to an id; "$":
 * all. */
typedef struct dredis_xgroup_create_options {
    bool mkstream;       /* MKSTREAM */
    int64_t entriesread; /* ENTRIESREAD entriesread */
} dredis_xgroup_create_options;

int dredis_xgroup_create(dredis *client, diesel_value key, diesel_value group,
                         diesel_value id,
                         const dredis_xgroup_create_options *options,
                         diesel_error *err)
    __attribute__((warn_unused_result));

/* XGROUP CREATECONSUMER (since 6.2.0). Makes a consumer. */
int dredis_xgroup_createconsumer(dredis *client, diesel_value key,
                                 diesel_value group, diesel_value consumer,
                                 diesel_error *err)
    __attribute__((warn_unused_result));

/* XGROUP DELCONSUMER (since 5.0.0). Removes a consumer, with what it had not
 * acknowledged. */
int dredis_xgroup_delconsumer(dredis *client, diesel_value key,
                              diesel_value group, diesel_value consumer,
                              int64_t *pending, diesel_error *err)
    __attribute__((warn_unused_result));

/* XGROUP DESTROY (since 5.0.0). Removes a group. */
int dredis_xgroup_destroy(dredis *client, diesel_value key, diesel_value group,
                          diesel_error *err)
    __attribute__((warn_unused_result));

/* XGROUP SETID (since 5.0.0). Lets a group have read up to an id. */
typedef struct dredis_xgroup_setid_options {
    int64_t entriesread; /* ENTRIESREAD entriesread */
} dredis_xgroup_setid_options;

int dredis_xgroup_setid(dredis *client, diesel_value key, diesel_value group,
                        diesel_value id,
                        const dredis_xgroup_setid_options *options,
                        diesel_error *err)
    __attribute__((warn_unused_result));

/* XINFO CONSUMERS (since 5.0.0). What the server knows of a group's
 * consumers. */
dredis_reply *dredis_xinfo_consumers(dredis *client, diesel_value key,
                                     diesel_value group, diesel_error *err)
    __attribute__((warn_unused_result));

/* XINFO GROUPS (since 5.0.0). What it knows of the groups. */
dredis_reply *dredis_xinfo_groups(dredis *client, diesel_value key,
                                  diesel_error *err)
    __attribute__((warn_unused_result));

/* XINFO STREAM (since 5.0.0). What it knows of the stream. */
dredis_reply *dredis_xinfo_stream(dredis *client, diesel_value key,
                                  diesel_error *err)
    __attribute__((warn_unused_result));

/* XINFO STREAM (since 5.0.0). The same with groups, consumers and entries. */
typedef struct dredis_xinfo_stream_full_options {
    int64_t count; /* COUNT count */
} dredis_xinfo_stream_full_options;

dredis_reply *dredis_xinfo_stream_full(
    dredis *client, diesel_value key,
    const dredis_xinfo_stream_full_options *options, diesel_error *err)
    __attribute__((warn_unused_result));

/* XLEN (since 5.0.0). How many entries there are. */
int dredis_xlen(dredis *client, diesel_value key, int64_t *length,
                diesel_error *err)
    __attribute__((warn_unused_result));

/* XPENDING (since 5.0.0). How many entries a group has not acknowledged, the
 * first, the last, and by whom. */
dredis_reply *dredis_xpending(dredis *client, diesel_value key,
                              diesel_value group, diesel_error *err)
    __attribute__((warn_unused_result));

/* XPENDING (since 5.0.0). Some of them: id, consumer, idle milliseconds,
 * deliveries. */
typedef struct dredis_xpending_range_options {
    int64_t idle;          /* IDLE min idle time */
    diesel_value consumer; /* consumer */
} dredis_xpending_range_options;

dredis_reply *dredis_xpending_range(
    dredis *client, diesel_value key, diesel_value group, diesel_value start,
    diesel_value end, int64_t count,
    const dredis_xpending_range_options *options, diesel_error *err)
    __attribute__((warn_unused_result));

/* XRANGE (since 5.0.0). The entries from `start` to `end`: "-", "+", "(1-1"
 * excludes. */
typedef struct dredis_xrange_options {
    int64_t count; /* COUNT count */
} dredis_xrange_options;

dredis_reply *dredis_xrange(dredis *client, diesel_value key,
                            diesel_value start, diesel_value end,
                            const dredis_xrange_options *options,
                            diesel_error *err)
    __attribute__((warn_unused_result));

/* XREAD (since 5.0.0). Entries of streams behind those ids; nil: there were
 * none. block: milliseconds, 0 for ever. */
typedef struct dredis_xread_options {
    int64_t count;      /* COUNT count */
    diesel_value block; /* BLOCK milliseconds; a number */
} dredis_xread_options;

dredis_reply *dredis_xread(dredis *client, const diesel_value *keys,
                           const diesel_value *ids, size_t n,
                           const dredis_xread_options *options,
                           diesel_error *err)
    __attribute__((warn_unused_result));

/* XREADGROUP (since 5.0.0). The same for a consumer of a group; ">": what
 * nobody has got yet. */
typedef struct dredis_xreadgroup_options {
    int64_t count;      /* COUNT count */
    diesel_value block; /* BLOCK milliseconds; a number */
    bool noack;         /* NOACK */
} dredis_xreadgroup_options;

dredis_reply *dredis_xreadgroup(dredis *client, diesel_value group,
                                diesel_value consumer, const diesel_value *keys,
                                const diesel_value *ids, size_t n,
                                const dredis_xreadgroup_options *options,
                                diesel_error *err)
    __attribute__((warn_unused_result));

/* XREVRANGE (since 5.0.0). The same as xrange, backwards. */
typedef struct dredis_xrevrange_options {
    int64_t count; /* COUNT count */
} dredis_xrevrange_options;

dredis_reply *dredis_xrevrange(dredis *client, diesel_value key,
                               diesel_value end, diesel_value start,
                               const dredis_xrevrange_options *options,
                               diesel_error *err)
    __attribute__((warn_unused_result));

/* XSETID (since 5.0.0). Sets the last id. */
typedef struct dredis_xsetid_options {
    int64_t entriesadded;      /* ENTRIESADDED entries added */
    diesel_value maxdeletedid; /* MAXDELETEDID max deleted id */
} dredis_xsetid_options;

int dredis_xsetid(dredis *client, diesel_value key, diesel_value last_id,
                  const dredis_xsetid_options *options, diesel_error *err)
    __attribute__((warn_unused_result));

/* XTRIM (since 5.0.0). Deletes the oldest entries; one of maxlen and minid
 * must be given. */
typedef struct dredis_xtrim_options {
    diesel_value maxlen; /* MAXLEN: keep at most so many entries */
    diesel_value minid;  /* MINID: keep those from this id on */
    bool nearly;         /* ~: it may be a few more, which is faster */
    int64_t limit;       /* LIMIT: delete at most so many; with nearly */
} dredis_xtrim_options;

int dredis_xtrim(dredis *client, diesel_value key,
                 const dredis_xtrim_options *options, int64_t *deleted,
                 diesel_error *err)
    __attribute__((warn_unused_result));

#if !defined(__cplusplus) && !defined(DREDIS_FUNCTIONS_ONLY)
#define dredis_xack(client, key, group, ...)                                   \
    (dredis_xack)((client), DIESEL_VALUE(key), DIESEL_VALUE(group),            \
                  __VA_ARGS__)
#define dredis_xadd(client, key, id, ...)                                      \
    (dredis_xadd)((client), DIESEL_VALUE(key), DIESEL_VALUE(id),               \
                  __VA_ARGS__)
#define dredis_xautoclaim(client, key, group, consumer, min_idle_time, start, ...)\
    (dredis_xautoclaim)((client), DIESEL_VALUE(key), DIESEL_VALUE(group),      \
                        DIESEL_VALUE(consumer), DIESEL_VALUE(min_idle_time),   \
                        DIESEL_VALUE(start), __VA_ARGS__)
#define dredis_xclaim(client, key, group, consumer, min_idle_time, ...)        \
    (dredis_xclaim)((client), DIESEL_VALUE(key), DIESEL_VALUE(group),          \
                    DIESEL_VALUE(consumer), DIESEL_VALUE(min_idle_time),       \
                    __VA_ARGS__)
#define dredis_xdel(client, key, ...)                                          \
    (dredis_xdel)((client), DIESEL_VALUE(key), __VA_ARGS__)
#define dredis_xgroup_create(client, key, group, id, ...)                      \
    (dredis_xgroup_create)((client), DIESEL_VALUE(key), DIESEL_VALUE(group),   \
                           DIESEL_VALUE(id), __VA_ARGS__)
#define dredis_xgroup_createconsumer(client, key, group, consumer, ...)        \
    (dredis_xgroup_createconsumer)((client), DIESEL_VALUE(key),                \
                                   DIESEL_VALUE(group),                        \
                                   DIESEL_VALUE(consumer), __VA_ARGS__)
#define dredis_xgroup_delconsumer(client, key, group, consumer, ...)           \
    (dredis_xgroup_delconsumer)((client), DIESEL_VALUE(key),                   \
                                DIESEL_VALUE(group), DIESEL_VALUE(consumer),   \
                                __VA_ARGS__)
#define dredis_xgroup_destroy(client, key, group, ...)                         \
    (dredis_xgroup_destroy)((client), DIESEL_VALUE(key),                       \
                            DIESEL_VALUE(group), __VA_ARGS__)
#define dredis_xgroup_setid(client, key, group, id, ...)                       \
    (dredis_xgroup_setid)((client), DIESEL_VALUE(key), DIESEL_VALUE(group),    \
                          DIESEL_VALUE(id), __VA_ARGS__)
#define dredis_xinfo_consumers(client, key, group, ...)                        \
    (dredis_xinfo_consumers)((client), DIESEL_VALUE(key),                      \
                             DIESEL_VALUE(group), __VA_ARGS__)
#define dredis_xinfo_groups(client, key, ...)                                  \
    (dredis_xinfo_groups)((client), DIESEL_VALUE(key), __VA_ARGS__)
#define dredis_xinfo_stream(client, key, ...)                                  \
    (dredis_xinfo_stream)((client), DIESEL_VALUE(key), __VA_ARGS__)
#define dredis_xinfo_stream_full(client, key, ...)                             \
    (dredis_xinfo_stream_full)((client), DIESEL_VALUE(key), __VA_ARGS__)
#define dredis_xlen(client, key, ...)                                          \
    (dredis_xlen)((client), DIESEL_VALUE(key), __VA_ARGS__)
#define dredis_xpending(client, key, group, ...)                               \
    (dredis_xpending)((client), DIESEL_VALUE(key), DIESEL_VALUE(group),        \
                      __VA_ARGS__)
#define dredis_xpending_range(client, key, group, start, end, ...)             \
    (dredis_xpending_range)((client), DIESEL_VALUE(key),                       \
                            DIESEL_VALUE(group), DIESEL_VALUE(start),          \
                            DIESEL_VALUE(end), __VA_ARGS__)
#define dredis_xrange(client, key, start, end, ...)                            \
    (dredis_xrange)((client), DIESEL_VALUE(key), DIESEL_VALUE(start),          \
                    DIESEL_VALUE(end), __VA_ARGS__)
#define dredis_xreadgroup(client, group, consumer, ...)                        \
    (dredis_xreadgroup)((client), DIESEL_VALUE(group),                         \
                        DIESEL_VALUE(consumer), __VA_ARGS__)
#define dredis_xrevrange(client, key, end, start, ...)                         \
    (dredis_xrevrange)((client), DIESEL_VALUE(key), DIESEL_VALUE(end),         \
                       DIESEL_VALUE(start), __VA_ARGS__)
#define dredis_xsetid(client, key, last_id, ...)                               \
    (dredis_xsetid)((client), DIESEL_VALUE(key), DIESEL_VALUE(last_id),        \
                    __VA_ARGS__)
#define dredis_xtrim(client, key, ...)                                         \
    (dredis_xtrim)((client), DIESEL_VALUE(key), __VA_ARGS__)
#endif

#ifdef __cplusplus
}
#endif
#endif

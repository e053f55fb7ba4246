/* SPDX-License-Identifier: MIT */
/*
 * Hashes: fields with values, which may expire one by one.
 *
 * What the functions take and give is told in <diesel/redis_commands.h>. Written
 * by redis/generate/commands.py; it is not edited.
 */
#ifndef DIESEL_REDIS_HASHES_H
#define DIESEL_REDIS_HASHES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <diesel/redis_choices.h>
#include <diesel/redis_client.h>

#ifdef __cplusplus
extern "C" {
#endif

/* HDEL (since 2.0.0). Deletes fields. */
int dredis_hdel(dredis *client, diesel_value key, const diesel_value *fields,
                size_t n, int64_t *deleted, diesel_error *err)
    __attribute__((warn_unused_result));

/* HEXISTS (since 2.0.0). Whether there is such a field. */
int dredis_hexists(dredis *client, diesel_value key, diesel_value field,
                   diesel_error *err)
    __attribute__((warn_unused_result));

/* HEXPIRE (since 7.4.0). Lets fields expire after so many seconds; for each
 * 1: done, 0: a condition was not met, 2: deleted, -2: no such field. */
typedef struct dredis_hexpire_options {
    bool nx; /* NX */
    bool xx; /* XX */
    bool gt; /* GT */
    bool lt; /* LT */
} dredis_hexpire_options;

dredis_reply *dredis_hexpire(dredis *client, diesel_value key, int64_t seconds,
                             const diesel_value *fields, size_t n,
                             const dredis_hexpire_options *options,
                             diesel_error *err)
    __attribute__((warn_unused_result));

/* HEXPIREAT (since 7.4.0). The same at a Unix time in seconds. */
typedef struct dredis_hexpireat_options {
    bool nx; /* NX */
    bool xx; /* XX */
    bool gt; /* GT */
    bool lt; /* LT */
} dredis_hexpireat_options;

dredis_reply *dredis_hexpireat(dredis *client, diesel_value key,
                               int64_t unix_time_seconds,
                               const diesel_value *fields, size_t n,
                               const dredis_hexpireat_options *options,
                               diesel_error *err)
    __attribute__((warn_unused_result));

/* HEXPIRETIME (since 7.4.0). The Unix time in seconds when fields expire;
 * -1: never, -2: no such field. */
dredis_reply *dredis_hexpiretime(dredis *client, diesel_value key,
                                 const diesel_value *fields, size_t n,
                                 diesel_error *err)
    __attribute__((warn_unused_result));

/* HGET (since 2.0.0). The value of a field. */
int dredis_hget(dredis *client, diesel_value key, diesel_value field,
                char **value, size_t *len, diesel_error *err)
    __attribute__((warn_unused_result));

/* HGETALL (since 2.0.0). All fields and values. */
dredis_reply *dredis_hgetall(dredis *client, diesel_value key,
                             diesel_error *err)
    __attribute__((warn_unused_result));

/* HGETDEL (since 8.0.0). The values of fields, which are deleted. */
dredis_reply *dredis_hgetdel(dredis *client, diesel_value key,
                             const diesel_value *fields, size_t n,
                             diesel_error *err)
    __attribute__((warn_unused_result));

/* HGETEX (since 8.0.0). The values of fields; changes when they expire. */
typedef struct dredis_hgetex_options {
    int64_t ex;   /* EX seconds */
    int64_t px;   /* PX milliseconds */
    int64_t exat; /* EXAT unix time seconds */
    int64_t pxat; /* PXAT unix time milliseconds */
    bool persist; /* PERSIST */
} dredis_hgetex_options;

dredis_reply *dredis_hgetex(dredis *client, diesel_value key,
                            const diesel_value *fields, size_t n,
                            const dredis_hgetex_options *options,
                            diesel_error *err)
    __attribute__((warn_unused_result));

/* HINCRBY (since 2.0.0). Adds so much to the number in a field. */
int dredis_hincrby(dredis *client, diesel_value key, diesel_value field,
                   int64_t increment, int64_t *now, diesel_error *err)
    __attribute__((warn_unused_result));

/* HINCRBYFLOAT (since 2.6.0). The same with fractions. */
int dredis_hincrbyfloat(dredis *client, diesel_value key, diesel_value field,
                        double increment, double *now, diesel_error *err)
    __attribute__((warn_unused_result));

/* HKEYS (since 2.0.0). The names of the fields. */
dredis_reply *dredis_hkeys(dredis *client, diesel_value key, diesel_error *err)
    __attribute__((warn_unused_result));

/* HLEN (since 2.0.0). How many fields there are. */
int dredis_hlen(dredis *client, diesel_value key, int64_t *count,
                diesel_error *err)
    __attribute__((warn_unused_result));

/* HMGET (since 2.0.0). The values of several fields, nil where there is
 * none. */
dredis_reply *dredis_hmget(dredis *client, diesel_value key,
                           const diesel_value *fields, size_t n,
                           diesel_error *err)
    __attribute__((warn_unused_result));

/* HPERSIST (since 7.4.0). Lets fields not expire any more; for each 1: done,
 * -1: it had no end, -2: no such field. */
dredis_reply *dredis_hpersist(dredis *client, diesel_value key,
                              const diesel_value *fields, size_t n,
                              diesel_error *err)
    __attribute__((warn_unused_result));

/* HPEXPIRE (since 7.4.0). Lets fields expire after so many milliseconds, see
 * hexpire. */
typedef struct dredis_hpexpire_options {
    bool nx; /* NX */
    bool xx; /* XX */
    bool gt; /* GT */
    bool lt; /* LT */
} dredis_hpexpire_options;

dredis_reply *dredis_hpexpire(dredis *client, diesel_value key,
                              int64_t milliseconds, const diesel_value *fields,
                              size_t n, const dredis_hpexpire_options *options,
                              diesel_error *err)
    __attribute__((warn_unused_result));

/* HPEXPIREAT (since 7.4.0). The same at a Unix time in milliseconds. */
typedef struct dredis_hpexpireat_options {
    bool nx; /* NX */
    bool xx; /* XX */
    bool gt; /* GT */
    bool lt; /* LT */
} dredis_hpexpireat_options;

dredis_reply *dredis_hpexpireat(dredis *client, diesel_value key,
                                int64_t unix_time_milliseconds,
                                const diesel_value *fields, size_t n,
                                const dredis_hpexpireat_options *options,
                                diesel_error *err)
    __attribute__((warn_unused_result));

/* HPEXPIRETIME (since 7.4.0). The Unix time in milliseconds when fields
 * expire; -1: never, -2: no such field. */
dredis_reply *dredis_hpexpiretime(dredis *client, diesel_value key,
                                  const diesel_value *fields, size_t n,
                                  diesel_error *err)
    __attribute__((warn_unused_result));

/* HPTTL (since 7.4.0). Milliseconds until fields expire; -1: never, -2: no
 * such field. */
dredis_reply *dredis_hpttl(dredis *client, diesel_value key,
                           const diesel_value *fields, size_t n,
                           diesel_error *err)
    __attribute__((warn_unused_result));

/* HRANDFIELD (since 6.2.0). Any field. */
int dredis_hrandfield(dredis *client, diesel_value key, char **value,
                      size_t *len, diesel_error *err)
    __attribute__((warn_unused_result));

/* HRANDFIELD (since 6.2.0). So many fields; a negative count may give some
 * several times. */
dredis_reply *dredis_hrandfield_count(dredis *client, diesel_value key,
                                      int64_t count, diesel_error *err)
    __attribute__((warn_unused_result));

/* HRANDFIELD (since 6.2.0). The same with their values. */
dredis_reply *dredis_hrandfield_values(dredis *client, diesel_value key,
                                       int64_t count, diesel_error *err)
    __attribute__((warn_unused_result));

/* HSET (since 2.0.0). Sets fields: field, value, field, value, ... */
int dredis_hset(dredis *client, diesel_value key, const diesel_value *values,
                size_t n, int64_t *added, diesel_error *err)
    __attribute__((warn_unused_result));

/* HSETEX (since 8.0.0). Sets fields, field, value, ..., and when they
 * expire. */
typedef struct dredis_hsetex_options {
    bool fnx;     /* FNX */
    bool fxx;     /* FXX */
    int64_t ex;   /* EX seconds */
    int64_t px;   /* PX milliseconds */
    int64_t exat; /* EXAT unix time seconds */
    int64_t pxat; /* PXAT unix time milliseconds */
    bool keepttl; /* KEEPTTL */
} dredis_hsetex_options;

int dredis_hsetex(dredis *client, diesel_value key, const diesel_value *values,
                  size_t n, const dredis_hsetex_options *options,
                  diesel_error *err)
    __attribute__((warn_unused_result));

/* HSETNX (since 2.0.0). Sets a field that is not there yet. */
int dredis_hsetnx(dredis *client, diesel_value key, diesel_value field,
                  diesel_value value, diesel_error *err)
    __attribute__((warn_unused_result));

/* HSTRLEN (since 3.2.0). How many bytes the value of a field has. */
int dredis_hstrlen(dredis *client, diesel_value key, diesel_value field,
                   int64_t *length, diesel_error *err)
    __attribute__((warn_unused_result));

/* HTTL (since 7.4.0). Seconds until fields expire; -1: never, -2: no such
 * field. */
dredis_reply *dredis_httl(dredis *client, diesel_value key,
                          const diesel_value *fields, size_t n,
                          diesel_error *err)
    __attribute__((warn_unused_result));

/* HVALS (since 2.0.0). The values. */
dredis_reply *dredis_hvals(dredis *client, diesel_value key, diesel_error *err)
    __attribute__((warn_unused_result));

#if !defined(__cplusplus) && !defined(DREDIS_FUNCTIONS_ONLY)
#define dredis_hdel(client, key, ...)                                          \
    (dredis_hdel)((client), DIESEL_VALUE(key), __VA_ARGS__)
#define dredis_hexists(client, key, field, ...)                                \
    (dredis_hexists)((client), DIESEL_VALUE(key), DIESEL_VALUE(field),         \
                     __VA_ARGS__)
#define dredis_hexpire(client, key, ...)                                       \
    (dredis_hexpire)((client), DIESEL_VALUE(key), __VA_ARGS__)
#define dredis_hexpireat(client, key, ...)                                     \
    (dredis_hexpireat)((client), DIESEL_VALUE(key), __VA_ARGS__)
#define dredis_hexpiretime(client, key, ...)                                   \
    (dredis_hexpiretime)((client), DIESEL_VALUE(key), __VA_ARGS__)
#define dredis_hget(client, key, field, ...)                                   \
    (dredis_hget)((client), DIESEL_VALUE(key), DIESEL_VALUE(field),            \
                  __VA_ARGS__)
#define dredis_hgetall(client, key, ...)                                       \
    (dredis_hgetall)((client), DIESEL_VALUE(key), __VA_ARGS__)
#define dredis_hgetdel(client, key, ...)                                       \
    (dredis_hgetdel)((client), DIESEL_VALUE(key), __VA_ARGS__)
#define dredis_hgetex(client, key, ...)                                        \
    (dredis_hgetex)((client), DIESEL_VALUE(key), __VA_ARGS__)
#define dredis_hincrby(client, key, field, ...)                                \
    (dredis_hincrby)((client), DIESEL_VALUE(key), DIESEL_VALUE(field),         \
                     __VA_ARGS__)
#define dredis_hincrbyfloat(client, key, field, ...)                           \
    (dredis_hincrbyfloat)((client), DIESEL_VALUE(key), DIESEL_VALUE(field),    \
                          __VA_ARGS__)
#define dredis_hkeys(client, key, ...)                                         \
    (dredis_hkeys)((client), DIESEL_VALUE(key), __VA_ARGS__)
#define dredis_hlen(client, key, ...)                                          \
    (dredis_hlen)((client), DIESEL_VALUE(key), __VA_ARGS__)
#define dredis_hmget(client, key, ...)                                         \
    (dredis_hmget)((client), DIESEL_VALUE(key), __VA_ARGS__)
#define dredis_hpersist(client, key, ...)                                      \
    (dredis_hpersist)((client), DIESEL_VALUE(key), __VA_ARGS__)
#define dredis_hpexpire(client, key, ...)                                      \
    (dredis_hpexpire)((client), DIESEL_VALUE(key), __VA_ARGS__)
#define dredis_hpexpireat(client, key, ...)                                    \
    (dredis_hpexpireat)((client), DIESEL_VALUE(key), __VA_ARGS__)
#define dredis_hpexpiretime(client, key, ...)                                  \
    (dredis_hpexpiretime)((client), DIESEL_VALUE(key), __VA_ARGS__)
#define dredis_hpttl(client, key, ...)                                         \
    (dredis_hpttl)((client), DIESEL_VALUE(key), __VA_ARGS__)
#define dredis_hrandfield(client, key, ...)                                    \
    (dredis_hrandfield)((client), DIESEL_VALUE(key), __VA_ARGS__)
#define dredis_hrandfield_count(client, key, ...)                              \
    (dredis_hrandfield_count)((client), DIESEL_VALUE(key), __VA_ARGS__)
#define dredis_hrandfield_values(client, key, ...)                             \
    (dredis_hrandfield_values)((client), DIESEL_VALUE(key), __VA_ARGS__)
#define dredis_hset(client, key, ...)                                          \
    (dredis_hset)((client), DIESEL_VALUE(key), __VA_ARGS__)
#define dredis_hsetex(client, key, ...)                                        \
    (dredis_hsetex)((client), DIESEL_VALUE(key), __VA_ARGS__)
#define dredis_hsetnx(client, key, field, value, ...)                          \
    (dredis_hsetnx)((client), DIESEL_VALUE(key), DIESEL_VALUE(field),          \
                    DIESEL_VALUE(value), __VA_ARGS__)
#define dredis_hstrlen(client, key, field, ...)                                \
    (dredis_hstrlen)((client), DIESEL_VALUE(key), DIESEL_VALUE(field),         \
                     __VA_ARGS__)
#define dredis_httl(client, key, ...)                                          \
    (dredis_httl)((client), DIESEL_VALUE(key), __VA_ARGS__)
#define dredis_hvals(client, key, ...)                                         \
    (dredis_hvals)((client), DIESEL_VALUE(key), __VA_ARGS__)
#endif

#ifdef __cplusplus
}
#endif
#endif

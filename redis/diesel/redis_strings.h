/* SPDX-License-Identifier: MIT */
/*
 * Strings: values of bytes, counted up or down if they are numbers.
 *
 * What the functions take and give is told in <diesel/redis_commands.h>. Written
 * by redis/generate/commands.py; it is not edited.
 */
#ifndef DIESEL_REDIS_STRINGS_H
#define DIESEL_REDIS_STRINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <diesel/redis_choices.h>
#include <diesel/redis_client.h>

#ifdef __cplusplus
extern "C" {
#endif

/* APPEND (since 2.0.0). Appends to the string. */
int dredis_append(dredis *client, diesel_value key, diesel_value value,
                  int64_t *length, diesel_error *err)
    __attribute__((warn_unused_result));

/* DECR (since 1.0.0). Takes 1 from the number. */
int dredis_decr(dredis *client, diesel_value key, int64_t *now,
                diesel_error *err)
    __attribute__((warn_unused_result));

/* DECRBY (since 1.0.0). Takes so much from the number. */
int dredis_decrby(dredis *client, diesel_value key, int64_t decrement,
                  int64_t *now, diesel_error *err)
    __attribute__((warn_unused_result));

/* GET (since 1.0.0). The value. */
int dredis_get(dredis *client, diesel_value key, char **value, size_t *len,
               diesel_error *err)
    __attribute__((warn_unused_result));

/* GETDEL (since 6.2.0). The value, which is deleted with its key. */
int dredis_getdel(dredis *client, diesel_value key, char **value, size_t *len,
                  diesel_error *err)
    __attribute__((warn_unused_result));

/* GETEX (since 6.2.0). The value; changes when the key expires. */
typedef struct dredis_getex_options {
    int64_t ex;   /* EX seconds */
    int64_t px;   /* PX milliseconds */
    int64_t exat; /* EXAT unix time seconds */
    int64_t pxat; /* PXAT unix time milliseconds */
    bool persist; /* PERSIST */
} dredis_getex_options;

int dredis_getex(dredis *client, diesel_value key,
                 const dredis_getex_options *options, char **value, size_t *len,
                 diesel_error *err)
    __attribute__((warn_unused_result));

/* GETRANGE (since 2.4.0). The bytes from `start` to `end`, both included;
 * negative ones count from the end. */
int dredis_getrange(dredis *client, diesel_value key, int64_t start,
                    int64_t end, char **value, size_t *len, diesel_error *err)
    __attribute__((warn_unused_result));

/* INCR (since 1.0.0). Adds 1 to the number. */
int dredis_incr(dredis *client, diesel_value key, int64_t *now,
                diesel_error *err)
    __attribute__((warn_unused_result));

/* INCRBY (since 1.0.0). Adds so much to the number. */
int dredis_incrby(dredis *client, diesel_value key, int64_t increment,
                  int64_t *now, diesel_error *err)
    __attribute__((warn_unused_result));

/* INCRBYFLOAT (since 2.6.0). Adds so much to the number, which may have a
 * fraction. */
int dredis_incrbyfloat(dredis *client, diesel_value key, double increment,
                       double *now, diesel_error *err)
    __attribute__((warn_unused_result));

/* LCS (since 7.0.0). The longest bytes that two values have in common, in
 * that order. */
int dredis_lcs(dredis *client, diesel_value key1, diesel_value key2,
               char **value, size_t *len, diesel_error *err)
    __attribute__((warn_unused_result));

/* LCS (since 7.0.0). How long the longest common bytes of two values are. */
int dredis_lcs_len(dredis *client, diesel_value key1, diesel_value key2,
                   int64_t *length, diesel_error *err)
    __attribute__((warn_unused_result));

/* MGET (since 1.0.0). The values of several keys, nil where there is none. */
dredis_reply *dredis_mget(dredis *client, const diesel_value *keys, size_t n,
                          diesel_error *err)
    __attribute__((warn_unused_result));

/* MSET (since 1.0.1). Sets several: key, value, key, value, ... */
int dredis_mset(dredis *client, const diesel_value *values, size_t n,
                diesel_error *err)
    __attribute__((warn_unused_result));

/* MSETNX (since 1.0.1). Sets several, key, value, ..., if none of the keys
 * is there. */
int dredis_msetnx(dredis *client, const diesel_value *values, size_t n,
                  diesel_error *err)
    __attribute__((warn_unused_result));

/* SET (since 1.0.0). Sets the value; 0 if a condition was not met. */
typedef struct dredis_set_options {
    bool nx;      /* NX */
    bool xx;      /* XX */
    int64_t ex;   /* EX seconds */
    int64_t px;   /* PX milliseconds */
    int64_t exat; /* EXAT unix time seconds */
    int64_t pxat; /* PXAT unix time milliseconds */
    bool keepttl; /* KEEPTTL */
} dredis_set_options;

int dredis_set(dredis *client, diesel_value key, diesel_value value,
               const dredis_set_options *options, diesel_error *err)
    __attribute__((warn_unused_result));

/* SET (since 1.0.0). Sets the value and gives the one before. */
typedef struct dredis_set_get_options {
    bool nx;      /* NX */
    bool xx;      /* XX */
    int64_t ex;   /* EX seconds */
    int64_t px;   /* PX milliseconds */
    int64_t exat; /* EXAT unix time seconds */
    int64_t pxat; /* PXAT unix time milliseconds */
    bool keepttl; /* KEEPTTL */
} dredis_set_get_options;

int dredis_set_get(dredis *client, diesel_value key, diesel_value value,
                   const dredis_set_get_options *options, char **before,
                   size_t *len, diesel_error *err)
    __attribute__((warn_unused_result));

/* SETRANGE (since 2.2.0). Overwrites the bytes from an offset on. */
int dredis_setrange(dredis *client, diesel_value key, int64_t offset,
                    diesel_value value, int64_t *length, diesel_error *err)
    __attribute__((warn_unused_result));

/* STRLEN (since 2.2.0). How many bytes the value has. */
int dredis_strlen(dredis *client, diesel_value key, int64_t *length,
                  diesel_error *err)
    __attribute__((warn_unused_result));

#if !defined(__cplusplus) && !defined(DREDIS_FUNCTIONS_ONLY)
#define dredis_append(client, key, value, ...)                                 \
    (dredis_append)((client), DIESEL_VALUE(key), DIESEL_VALUE(value),          \
                    __VA_ARGS__)
#define dredis_decr(client, key, ...)                                          \
    (dredis_decr)((client), DIESEL_VALUE(key), __VA_ARGS__)
#define dredis_decrby(client, key, ...)                                        \
    (dredis_decrby)((client), DIESEL_VALUE(key), __VA_ARGS__)
#define dredis_get(client, key, ...)                                           \
    (dredis_get)((client), DIESEL_VALUE(key), __VA_ARGS__)
#define dredis_getdel(client, key, ...)                                        \
    (dredis_getdel)((client), DIESEL_VALUE(key), __VA_ARGS__)
#define dredis_getex(client, key, ...)                                         \
    (dredis_getex)((client), DIESEL_VALUE(key), __VA_ARGS__)
#define dredis_getrange(client, key, ...)                                      \
    (dredis_getrange)((client), DIESEL_VALUE(key), __VA_ARGS__)
#define dredis_incr(client, key, ...)                                          \
    (dredis_incr)((client), DIESEL_VALUE(key), __VA_ARGS__)
#define dredis_incrby(client, key, ...)                                        \
    (dredis_incrby)((client), DIESEL_VALUE(key), __VA_ARGS__)
#define dredis_incrbyfloat(client, key, ...)                                   \
    (dredis_incrbyfloat)((client), DIESEL_VALUE(key), __VA_ARGS__)
#define dredis_lcs(client, key1, key2, ...)                                    \
    (dredis_lcs)((client), DIESEL_VALUE(key1), DIESEL_VALUE(key2),             \
                 __VA_ARGS__)
#define dredis_lcs_len(client, key1, key2, ...)                                \
    (dredis_lcs_len)((client), DIESEL_VALUE(key1), DIESEL_VALUE(key2),         \
                     __VA_ARGS__)
#define dredis_set(client, key, value, ...)                                    \
    (dredis_set)((client), DIESEL_VALUE(key), DIESEL_VALUE(value),             \
                 __VA_ARGS__)
#define dredis_set_get(client, key, value, ...)                                \
    (dredis_set_get)((client), DIESEL_VALUE(key), DIESEL_VALUE(value),         \
                     __VA_ARGS__)
#define dredis_setrange(client, key, offset, value, ...)                       \
    (dredis_setrange)((client), DIESEL_VALUE(key), (offset),                   \
                      DIESEL_VALUE(value), __VA_ARGS__)
#define dredis_strlen(client, key, ...)                                        \
    (dredis_strlen)((client), DIESEL_VALUE(key), __VA_ARGS__)
#endif

#ifdef __cplusplus
}
#endif
#endif

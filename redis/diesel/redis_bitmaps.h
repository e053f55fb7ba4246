/* SPDX-License-Identifier: MIT */
/*
 * Bits of strings.
 *
 * What the functions take and give is told in <diesel/redis_commands.h>. Written
 * by redis/generate/commands.py; it is not edited.
 */
#ifndef DIESEL_REDIS_BITMAPS_H
#define DIESEL_REDIS_BITMAPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <diesel/redis_choices.h>
#include <diesel/redis_client.h>

#ifdef __cplusplus
extern "C" {
#endif

/* BITCOUNT (since 2.6.0). How many bits are 1. */
int dredis_bitcount(dredis *client, diesel_value key, int64_t *count,
                    diesel_error *err)
    __attribute__((warn_unused_result));

/* BITCOUNT (since 2.6.0). The same from `start` to `end`, in bytes or bits. */
typedef struct dredis_bitcount_range_options {
    bool byte; /* BYTE */
    bool bit;  /* BIT */
} dredis_bitcount_range_options;

int dredis_bitcount_range(dredis *client, diesel_value key, int64_t start,
                          int64_t end,
                          const dredis_bitcount_range_options *options,
                          int64_t *count, diesel_error *err)
    __attribute__((warn_unused_result));

/* BITFIELD (since 3.2.0). Reads and changes integers of any width: "GET",
 * "u8", 0, "INCRBY", "i5", 100, 1, ... */
dredis_reply *dredis_bitfield(dredis *client, diesel_value key,
                              const diesel_value *operations, size_t n,
                              diesel_error *err)
    __attribute__((warn_unused_result));

/* BITFIELD_RO (since 6.0.0). Reads integers: "GET", "u8", 0, ... */
dredis_reply *dredis_bitfield_ro(dredis *client, diesel_value key,
                                 const diesel_value *get_blocks, size_t n,
                                 diesel_error *err)
    __attribute__((warn_unused_result));

/* BITOP (since 2.6.0). Stores the AND, OR, XOR or NOT of strings. */
int dredis_bitop(dredis *client, dredis_bitop_kind operation,
                 diesel_value destkey, const diesel_value *keys, size_t n,
                 int64_t *length, diesel_error *err)
    __attribute__((warn_unused_result));

/* BITPOS (since 2.8.7). The first bit that is 0 or 1; -1: there is none. */
int dredis_bitpos(dredis *client, diesel_value key, int64_t bit, int64_t *place,
                  diesel_error *err)
    __attribute__((warn_unused_result));

/* BITPOS (since 2.8.7). The same from `start` to `end`, in bytes or bits. */
typedef struct dredis_bitpos_range_options {
    bool byte; /* BYTE */
    bool bit;  /* BIT */
} dredis_bitpos_range_options;

int dredis_bitpos_range(dredis *client, diesel_value key, int64_t bit,
                        int64_t start, int64_t end,
                        const dredis_bitpos_range_options *options,
                        int64_t *place, diesel_error *err)
    __attribute__((warn_unused_result));

/* GETBIT (since 2.2.0). A bit. */
int dredis_getbit(dredis *client, diesel_value key, int64_t offset,
                  int64_t *bit, diesel_error *err)
    __attribute__((warn_unused_result));

/* SETBIT (since 2.2.0). Sets a bit and gives what it was. */
int dredis_setbit(dredis *client, diesel_value key, int64_t offset,
                  int64_t value, int64_t *before, diesel_error *err)
    __attribute__((warn_unused_result));

#if !defined(__cplusplus) && !defined(DREDIS_FUNCTIONS_ONLY)
#define dredis_bitcount(client, key, ...)                                      \
    (dredis_bitcount)((client), DIESEL_VALUE(key), __VA_ARGS__)
#define dredis_bitcount_range(client, key, ...)                                \
    (dredis_bitcount_range)((client), DIESEL_VALUE(key), __VA_ARGS__)
#define dredis_bitfield(client, key, ...)                                      \
    (dredis_bitfield)((client), DIESEL_VALUE(key), __VA_ARGS__)
#define dredis_bitfield_ro(client, key, ...)                                   \
    (dredis_bitfield_ro)((client), DIESEL_VALUE(key), __VA_ARGS__)
#define dredis_bitop(client, operation, destkey, ...)                          \
    (dredis_bitop)((client), (operation), DIESEL_VALUE(destkey),               \
                   __VA_ARGS__)
#define dredis_bitpos(client, key, ...)                                        \
    (dredis_bitpos)((client), DIESEL_VALUE(key), __VA_ARGS__)
#define dredis_bitpos_range(client, key, ...)                                  \
    (dredis_bitpos_range)((client), DIESEL_VALUE(key), __VA_ARGS__)
#define dredis_getbit(client, key, ...)                                        \
    (dredis_getbit)((client), DIESEL_VALUE(key), __VA_ARGS__)
#define dredis_setbit(client, key, ...)                                        \
    (dredis_setbit)((client), DIESEL_VALUE(key), __VA_ARGS__)
#endif

#ifdef __cplusplus
}
#endif
#endif

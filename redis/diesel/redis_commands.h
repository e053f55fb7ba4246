/* SPDX-License-Identifier: MIT */
/*
 * Functions for a few everyday commands; dredis_call() runs all the others.
 *
 *     char *name;
 *     int found = dredis_get(redis, "user:7", &name, NULL, &err);
 *     if (found < 0)
 *         return diesel_fail(&err);
 *     if (found) {
 *         puts(name);
 *         diesel_free(name);
 *     }
 *
 * A key or a value is anything that DIESEL_VALUE takes: a string, diesel_bytes(),
 * a number. Each name is a macro over the function of that name, which takes a
 * diesel_value; C++ calls the function.
 *
 * All switch fibers and fail as dredis_call() does, and with PROTOCOL if the
 * reply is of a type that the command does not have.
 */
#ifndef DIESEL_REDIS_COMMANDS_H
#define DIESEL_REDIS_COMMANDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <diesel/redis_client.h>

#ifdef __cplusplus
extern "C" {
#endif

/* GET. 1: found, *value is owned by the caller and freed with diesel_free(); it
 * may hold any bytes, *len of them, and ends with a zero byte beyond. 0: there is
 * no such key, *value is NULL. -1: failed. `len` may be NULL. */
int dredis_get(dredis *client, diesel_value key, char **value, size_t *len,
               diesel_error *err) __attribute__((warn_unused_result));

typedef struct dredis_set_options {
    int64_t ttl_ms;  /* PX: the key expires after so long; 0: it does not       */
    bool if_absent;  /* NX: only if there is no such key                        */
    bool if_present; /* XX: only if there is one                                */
} dredis_set_options;

/* SET; options may be NULL. 1: set; 0: not, because of if_absent or if_present;
 * -1: failed. */
int dredis_set(dredis *client, diesel_value key, diesel_value value,
               const dredis_set_options *options, diesel_error *err)
    __attribute__((warn_unused_result));

/* DEL of one key. 1: deleted; 0: there was no such key; -1: failed. */
int dredis_del(dredis *client, diesel_value key, diesel_error *err)
    __attribute__((warn_unused_result));

/* EXISTS of one key. 1, 0, or -1: failed. */
int dredis_exists(dredis *client, diesel_value key, diesel_error *err)
    __attribute__((warn_unused_result));

/* PEXPIRE. 1: the key expires in ttl_ms; 0: there is no such key; -1: failed. */
int dredis_expire(dredis *client, diesel_value key, int64_t ttl_ms,
                  diesel_error *err) __attribute__((warn_unused_result));

/* INCR, INCRBY. 0, and the new value in *now, which may be NULL; or -1. */
int dredis_incr(dredis *client, diesel_value key, int64_t *now,
                diesel_error *err) __attribute__((warn_unused_result));
int dredis_incrby(dredis *client, diesel_value key, int64_t by, int64_t *now,
                  diesel_error *err) __attribute__((warn_unused_result));

/* HINCRBY: the same for a field of a hash. */
int dredis_hincrby(dredis *client, diesel_value key, diesel_value field,
                   int64_t by, int64_t *now, diesel_error *err)
    __attribute__((warn_unused_result));

#ifndef __cplusplus
#define dredis_get(client, key, value, len, err)                               \
    (dredis_get)((client), DIESEL_VALUE(key), (value), (len), (err))
#define dredis_set(client, key, value, options, err)                           \
    (dredis_set)((client), DIESEL_VALUE(key), DIESEL_VALUE(value), (options),  \
                 (err))
#define dredis_del(client, key, err)                                           \
    (dredis_del)((client), DIESEL_VALUE(key), (err))
#define dredis_exists(client, key, err)                                        \
    (dredis_exists)((client), DIESEL_VALUE(key), (err))
#define dredis_expire(client, key, ttl_ms, err)                                \
    (dredis_expire)((client), DIESEL_VALUE(key), (ttl_ms), (err))
#define dredis_incr(client, key, now, err)                                     \
    (dredis_incr)((client), DIESEL_VALUE(key), (now), (err))
#define dredis_incrby(client, key, by, now, err)                               \
    (dredis_incrby)((client), DIESEL_VALUE(key), (by), (now), (err))
#define dredis_hincrby(client, key, field, by, now, err)                       \
    (dredis_hincrby)((client), DIESEL_VALUE(key), DIESEL_VALUE(field), (by),   \
                     (now), (err))
#endif

#ifdef __cplusplus
}
#endif
#endif

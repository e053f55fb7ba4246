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

/* The arguments behind the values are passed on as they are, so that a struct may
 * be written in place: &(dredis_set_options){.ttl_ms = 500, .if_absent = true}. */
#ifndef __cplusplus
#define dredis_get(client, key, ...)                                           \
    (dredis_get)((client), DIESEL_VALUE(key), __VA_ARGS__)
#define dredis_set(client, key, value, ...)                                    \
    (dredis_set)((client), DIESEL_VALUE(key), DIESEL_VALUE(value), __VA_ARGS__)
#define dredis_del(client, key, ...)                                           \
    (dredis_del)((client), DIESEL_VALUE(key), __VA_ARGS__)
#define dredis_exists(client, key, ...)                                        \
    (dredis_exists)((client), DIESEL_VALUE(key), __VA_ARGS__)
#define dredis_expire(client, key, ...)                                        \
    (dredis_expire)((client), DIESEL_VALUE(key), __VA_ARGS__)
#define dredis_incr(client, key, ...)                                          \
    (dredis_incr)((client), DIESEL_VALUE(key), __VA_ARGS__)
#define dredis_incrby(client, key, ...)                                        \
    (dredis_incrby)((client), DIESEL_VALUE(key), __VA_ARGS__)
#define dredis_hincrby(client, key, field, ...)                                \
    (dredis_hincrby)((client), DIESEL_VALUE(key), DIESEL_VALUE(field),         \
                     __VA_ARGS__)
#endif

#ifdef __cplusplus
}
#endif
#endif

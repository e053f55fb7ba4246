/* SPDX-License-Identifier: MIT */
/*
 * Cache-aside: what is slow to make is kept in Redis, and when it is missing one asks
 * for it, however many want it, in however many processes.
 *
 *     static int load_page(void *arg, const char *key, char **value, size_t *len,
 *                          diesel_error *err)
 *     { ... *value = diesel_strndup(html, *len = strlen(html)); return 0; }
 *
 *     int got = dredis_aside_get(redis, "page:/", NULL, load_page, NULL, &html, NULL,
 *                                &err);
 *
 * Whoever finds the key missing and sets KEY:loading makes the value; the others look
 * again until it is there, or until the one who makes it has failed or died.
 */
#ifndef DIESEL_REDIS_ASIDE_H
#define DIESEL_REDIS_ASIDE_H

#include <stddef.h>
#include <stdint.h>

#include <diesel/redis_client.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Makes the value: 0, and *value is memory of diesel_malloc() with *len bytes, taken;
 * or -1 with *err. It may switch fibers. */
typedef int dredis_load_fn(void *arg, const char *key, char **value, size_t *len,
                           diesel_error *err);

/* Zero means the default. */
typedef struct dredis_aside_options {
    int64_t ttl_ms;  /* 60000: the value is kept for so long, or up to a tenth less, so
                        that not all that was made at once expires at once           */
    int64_t load_ms; /* 10000: who takes longer to make it is taken for dead, and
                        another one makes it                                         */
} dredis_aside_options;

/* The value of the key, made if need be: 0, *value is owned by the caller,
 * diesel_free(), with a zero byte beyond *len, which may be NULL. -1: what `load` says,
 * NOMEM, and as dredis_call(); that a value which was made could not be kept is no
 * failure. Switches fibers. */
int dredis_aside_get(dredis *client, const char *key,
                     const dredis_aside_options *options, dredis_load_fn *load,
                     void *arg, char **value, size_t *len, diesel_error *err)
    __attribute__((warn_unused_result));

#ifdef __cplusplus
}
#endif
#endif

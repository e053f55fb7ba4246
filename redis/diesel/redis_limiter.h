/* SPDX-License-Identifier: MIT */
/*
 * Rate limits that all processes share (GCRA, the leaky bucket as a meter).
 *
 *     static const dredis_limit calls = {.count = 100, .per_ms = 60000, .burst = 10};
 *     dredis_verdict verdict;
 *     int may = dredis_limit_take(redis, "api:ann", &calls, 1, &verdict, &err);
 *     if (may == 0)
 *         ... "try again in verdict.retry_ms" ...
 *
 * One key and one script a question; the server's clock counts, and a key of which
 * nobody makes use expires.
 */
#ifndef DIESEL_REDIS_LIMITER_H
#define DIESEL_REDIS_LIMITER_H

#include <stdint.h>

#include <diesel/redis_client.h>

#ifdef __cplusplus
extern "C" {
#endif

/* `count` things in `per_ms` milliseconds, evenly, and up to `burst` of them at once
 * after a rest. */
typedef struct dredis_limit {
    int64_t count, per_ms;
    int64_t burst; /* 0: count */
} dredis_limit;

typedef struct dredis_verdict {
    int64_t left;     /* so many more would be allowed now                */
    int64_t retry_ms; /* not allowed: it would be after so long; -1: never */
    int64_t reset_ms; /* after so long all is as if there had been nothing */
} dredis_verdict;

/* Whether `cost` things may be done now, which then count: 1: yes; 0: no, and nothing
 * is counted; -1: INVAL (limit, cost), and as dredis_call(). `verdict` may be NULL.
 * Switches fibers. */
int dredis_limit_take(dredis *client, const char *key, const dredis_limit *limit,
                      int64_t cost, dredis_verdict *verdict, diesel_error *err)
    __attribute__((warn_unused_result));

/* Waits until they may: 0, or -1 as above; INVAL: they never may, for they are more
 * than a burst. Who comes first need not be served first. Switches fibers. */
int dredis_limit_await(dredis *client, const char *key, const dredis_limit *limit,
                       int64_t cost, diesel_error *err)
    __attribute__((warn_unused_result));

#ifdef __cplusplus
}
#endif
#endif

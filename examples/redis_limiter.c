/* SPDX-License-Identifier: MIT */
/* A rate limit that all processes share: three at once, then one in 50 ms. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <diesel/core.h>
#include <diesel/redis.h>
#include <diesel/redis_limiter.h>

static int app(void *arg)
{
    static const dredis_limit limit = {.count = 20, .per_ms = 1000, .burst = 3};
    diesel_error err;
    dredis_verdict verdict;
    int may = 0;
    (void)arg;
    dredis *redis = dredis_open(getenv("REDIS_URL"), NULL, &err);
    if (redis == NULL)
        return diesel_fail(&err);
    for (int i = 0; i < 6 && may >= 0; i++) {
        may = dredis_limit_take(redis, "example:limit", &limit, 1, &verdict, &err);
        if (may > 0)
            printf("call %d is allowed, %" PRId64 " more would be\n", i,
                   verdict.left);
        else if (may == 0)
            printf("call %d is not, but in %" PRId64 " ms\n", i, verdict.retry_ms);
    }
    if (may >= 0)
        may = dredis_limit_await(redis, "example:limit", &limit, 1, &err);
    if (may >= 0)
        puts("now it is");
    dredis_close(redis);
    return may < 0 ? diesel_fail(&err) : 0;
}

int main(void)
{
    return diesel_main(app, NULL);
}

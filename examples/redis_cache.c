/* SPDX-License-Identifier: MIT */
/* Client-side caching: a value that is read a thousand times and asked for once, until
 * somebody changes it. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <diesel/core.h>
#include <diesel/redis.h>
#include <diesel/redis_cache.h>

static int read_often(dredis_cache *cache, diesel_error *err)
{
    char *value = NULL;
    for (int i = 0; i < 1000; i++) {
        diesel_free(value);
        if (dredis_cache_get(cache, "example:motd", &value, NULL, err) < 0)
            return -1;
    }
    dredis_cache_stats stats = dredis_cache_stats_of(cache);
    printf("%s (%" PRIu64 " hits, %" PRIu64 " misses)\n",
           value != NULL ? value : "(nothing)", stats.hits, stats.misses);
    diesel_free(value);
    return 0;
}

static int app(void *arg)
{
    diesel_error err;
    int result = -1;
    (void)arg;
    dredis *redis = dredis_open(getenv("REDIS_URL"), NULL, &err);
    dredis_cache *cache =
        redis != NULL ? dredis_cache_open(redis, NULL, &err) : NULL;
    if (cache != NULL &&
        dredis_set(redis, "example:motd", "be kind", NULL, &err) >= 0 &&
        read_often(cache, &err) == 0 &&
        dredis_set(redis, "example:motd", "be brave", NULL, &err) >= 0) {
        result = 0;
        while (result == 0 && dredis_cache_stats_of(cache).keys > 0)
            result = diesel_sleep(1, &err); /* the news is on its way */
        if (result == 0)
            result = read_often(cache, &err);
    }
    dredis_cache_close(cache);
    dredis_close(redis);
    return result < 0 ? diesel_fail(&err) : 0;
}

int main(void)
{
    return diesel_main(app, NULL);
}

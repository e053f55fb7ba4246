/* SPDX-License-Identifier: MIT */
/* A lock that holds across processes: ten fibers take turns, each with a token that
 * is higher than the one before. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <diesel/core.h>
#include <diesel/redis.h>
#include <diesel/redis_lock.h>

static int take_turn(void *arg)
{
    dredis *redis = arg;
    diesel_error err;
    dredis_lock *lock = dredis_lock_take(
        &redis, 1, "example:lock", &(dredis_lock_options){.retry_ms = 10}, &err);
    if (lock == NULL)
        return diesel_fail(&err);
    printf("my turn, with the token %" PRIu64 "\n", dredis_lock_token(lock));
    if (diesel_sleep(2, &err) < 0) {
        dredis_lock_give(lock, NULL);
        return diesel_fail(&err);
    }
    return dredis_lock_give(lock, &err) < 0 ? diesel_fail(&err) : 0;
}

static int app(void *arg)
{
    diesel_error err;
    (void)arg;
    dredis *redis = dredis_open(getenv("REDIS_URL"), NULL, &err);
    if (redis == NULL)
        return diesel_fail(&err);
    diesel_scope *scope = diesel_scope_open(NULL);
    for (int i = 0; i < 10; i++)
        diesel_go(scope, take_turn, redis);
    int result = diesel_scope_wait(scope, &err);
    dredis_close(redis);
    return result < 0 ? diesel_fail(&err) : 0;
}

int main(void)
{
    return diesel_main(app, NULL);
}

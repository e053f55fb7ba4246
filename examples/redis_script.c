/* SPDX-License-Identifier: MIT */
/*
 * A script that runs inside the server: it takes from a stock if there is enough, in
 * one step that nobody can come between. It is sent once; then its digest is enough.
 *
 *     REDIS_URL=redis://localhost redis_script
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <diesel/core.h>
#include <diesel/redis.h>

static dredis_script take = DREDIS_SCRIPT(
    "local left = tonumber(redis.call('GET', KEYS[1]) or 0)\n"
    "if left < tonumber(ARGV[1]) then return -1 end\n"
    "return redis.call('DECRBY', KEYS[1], ARGV[1])\n");

static int app(void *arg)
{
    static const char key[] = "example:apples";
    diesel_error err;
    (void)arg;
    dredis *redis = dredis_open(getenv("REDIS_URL"), NULL, &err);
    if (redis == NULL || dredis_set(redis, key, 10, NULL, &err) < 0)
        return diesel_fail(&err);
    for (int want = 3; want <= 5; want++) {
        dredis_reply *reply = dredis_script_call(
            redis, &take, DREDIS_LIST(key), DREDIS_LIST(want), &err);
        if (reply == NULL) {
            dredis_close(redis);
            return diesel_fail(&err);
        }
        if (reply->integer < 0)
            printf("there are no %d apples left\n", want);
        else
            printf("took %d, %" PRId64 " are left\n", want, reply->integer);
        dredis_reply_free(reply);
    }
    dredis_close(redis);
    return 0;
}

int main(void)
{
    return diesel_main(app, NULL);
}

/* SPDX-License-Identifier: MIT */
/*
 * A store of web sessions: a hash for each, which expires when nobody has used it
 * for a while. Reading a session and prolonging it is one round trip.
 *
 *     REDIS_URL=redis://localhost redis_sessions
 */
#include <stdio.h>
#include <stdlib.h>

#include <diesel/core.h>
#include <diesel/redis.h>

enum { TTL_MS = 30 * 60 * 1000 };

static int start_session(dredis *redis, const char *key, const char *user,
                         diesel_error *err)
{
    dredis_transaction *t = dredis_transaction_new(redis, NULL, err);
    int result = -1;
    if (t != NULL && dredis_transaction_add(t, err, "DEL", key) == 0 &&
        dredis_transaction_add(t, err, "HSET", key, "user", user, "cart",
                               "empty") == 0 &&
        dredis_transaction_add(t, err, "PEXPIRE", key, TTL_MS) == 0 &&
        dredis_transaction_run(t, err) > 0)
        result = dredis_transaction_check(t, err);
    dredis_transaction_free(t);
    return result;
}

/* Prints what the session holds: 1, or 0: it has expired, or -1. */
static int use_session(dredis *redis, const char *key, diesel_error *err)
{
    dredis_pipeline *p = dredis_pipeline_new(redis, err);
    int result = -1;
    if (p != NULL && dredis_pipeline_add(p, err, "PEXPIRE", key, TTL_MS) == 0 &&
        dredis_pipeline_add(p, err, "HGETALL", key) == 0 &&
        dredis_pipeline_run(p, err) == 0 && dredis_pipeline_check(p, err) == 0) {
        const dredis_reply *session = dredis_pipeline_reply(p, 1);
        const dredis_reply *name, *value;
        for (size_t i = 0; dredis_reply_pair(session, i, &name, &value); i++)
            printf("%s: %s\n", name->str, value->str);
        result = dredis_pipeline_reply(p, 0)->integer == 1;
    }
    dredis_pipeline_free(p);
    return result;
}

static int app(void *arg)
{
    static const char key[] = "example:session:7c1f";
    diesel_error err;
    (void)arg;
    dredis *redis = dredis_open(getenv("REDIS_URL"), NULL, &err);
    if (redis == NULL)
        return diesel_fail(&err);
    int result = start_session(redis, key, "ann", &err);
    if (result == 0)
        result = use_session(redis, key, &err);
    if (result >= 0)
        result = dredis_hset(redis, key, DREDIS_LIST("cart", "3 books"), NULL,
                             &err);
    if (result >= 0)
        result = use_session(redis, key, &err);
    if (result >= 0)
        result = dredis_del(redis, key, &err); /* logged out */
    if (result >= 0)
        result = use_session(redis, key, &err);
    if (result == 0)
        puts("the session is over");
    dredis_close(redis);
    return result < 0 ? diesel_fail(&err) : 0;
}

int main(void)
{
    return diesel_main(app, NULL);
}

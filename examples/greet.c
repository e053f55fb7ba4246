/* SPDX-License-Identifier: MIT */
/* The program in the README. Its code is repeated there, which a test checks. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <diesel/core.h>
#include <diesel/mongo.h>
#include <diesel/redis.h>

static dredis *redis;
static dmongo *mongo;
static char *users[] = {"ada", "grace", "linus", "radia"};

static int greet(void *arg) /* runs as a fiber */
{
    const char *user = arg;
    diesel_error err;
    int64_t visits;
    bson_t *who;
    if (dredis_hincrby(redis, "visits", user, 1, &visits, &err) < 0 ||
        dmongo_find_one(mongo, "app.users", dmongo_doc("name", user), NULL,
                        &who, &err) < 0)
        return diesel_fail(&err); /* the scope cancels the others */
    printf("%s from %s, visit %" PRId64 "\n", user,
           dmongo_get_str(who, "address.city", "nowhere"), visits);
    bson_destroy(who);
    return 0;
}

static int app(void *arg)
{
    (void)arg;
    diesel_error err;
    int status = -1;
    if ((redis = dredis_open(getenv("REDIS_URL"), NULL, &err)) != NULL &&
        (mongo = dmongo_open(getenv("MONGODB_URI"), NULL, &err)) != NULL) {
        diesel_scope *all =
            diesel_scope_open(&(diesel_scope_options){.timeout_ms = 5000});
        for (int i = 0; i < 1000; i++)
            diesel_go(all, greet, users[i % 4]);
        status = diesel_scope_wait(all, &err);
    }
    dmongo_close(mongo);
    dredis_close(redis);
    return status < 0 ? diesel_fail(&err) : 0;
}

int main(void)
{
    return diesel_main(app, NULL);
}

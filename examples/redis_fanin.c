/* SPDX-License-Identifier: MIT */
/*
 * A million fibers that all wait for one Redis server at once.
 *
 * Each of them is written as if it were alone: it draws a ticket and goes on when it
 * has it. They share one connection; whose command does not fit into its output yet
 * waits for room. A fiber that waits takes 64 KiB of addresses for its stack, of which
 * one page is in use.
 *
 *     REDIS_URL=unix:///run/redis.sock redis_fanin [FIBERS]
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <diesel/core.h>
#include <diesel/redis.h>

static const char key[] = "example:tickets";

struct hall {
    dredis *redis;
    int64_t people, served;
    int64_t sum; /* of all tickets */
};

static int draw(void *arg)
{
    struct hall *hall = arg;
    diesel_error err;
    int64_t ticket;
    if (dredis_incr(hall->redis, key, &ticket, &err) < 0)
        return diesel_fail(&err);
    hall->served++;
    hall->sum += ticket;
    return 0;
}

static int serve(struct hall *hall, diesel_error *err)
{
    if (dredis_del(hall->redis, key, err) < 0)
        return -1;
    diesel_scope *all = diesel_scope_open(NULL);
    for (int64_t i = 0; i < hall->people; i++)
        diesel_go(all, draw, hall);
    return diesel_scope_wait(all, err);
}

static int app(void *arg)
{
    const char *people = arg;
    diesel_error err;
    struct hall hall = {.people = strtoll(people, NULL, 10)};
    hall.redis = dredis_open(getenv("REDIS_URL"), NULL, &err);
    if (hall.redis == NULL)
        return diesel_fail(&err);
    int64_t start = diesel_now();
    int status = serve(&hall, &err);
    dredis_close(hall.redis);
    if (status < 0)
        return diesel_fail(&err);
    if (hall.sum != hall.people * (hall.people + 1) / 2) {
        diesel_error_set(&err, DIESEL_E_PROTOCOL, DIESEL_DOM_REDIS, 0,
                         "two fibers have the same ticket");
        return diesel_fail(&err);
    }
    printf("%" PRId64 " fibers have a ticket each, after %" PRId64 " ms\n",
           hall.served, diesel_now() - start);
    return 0;
}

int main(int argc, char **argv)
{
    return diesel_main(app, argc > 1 ? argv[1] : "1000000");
}

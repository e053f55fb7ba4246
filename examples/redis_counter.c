/* SPDX-License-Identifier: MIT */
/*
 * A counter in Redis that a hundred fibers increase.
 *
 * All fibers share one client and so one connection; what they send in one round
 * leaves in one write. Every number between 1 and the last is given out exactly
 * once, because the server counts.
 *
 *     REDIS_URL=redis://localhost redis_counter
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <diesel/core.h>
#include <diesel/redis.h>

enum { FIBERS = 100, TIMES = 50 };

static const char key[] = "example:counter";

struct job {
    dredis *redis;
    int64_t sum; /* of all the numbers that came back */
};

static int count(void *arg)
{
    struct job *job = arg;
    diesel_error err;

    for (int i = 0; i < TIMES; i++) {
        int64_t now;
        if (dredis_incr(job->redis, key, &now, &err) < 0)
            return diesel_fail(&err);
        job->sum += now;
    }
    return 0;
}

static int count_all(struct job *job, diesel_error *err)
{
    if (dredis_del(job->redis, key, err) < 0)
        return -1;
    diesel_scope *all =
        diesel_scope_open(&(diesel_scope_options){.timeout_ms = 10000});
    for (int i = 0; i < FIBERS; i++)
        diesel_go(all, count, job);
    return diesel_scope_wait(all, err);
}

static int app(void *arg)
{
    (void)arg;
    diesel_error err;

    struct job job = {dredis_open(getenv("REDIS_URL"), NULL, &err), 0};
    if (job.redis == NULL)
        return diesel_fail(&err);
    int status = count_all(&job, &err);
    char *last = NULL;
    if (status == 0)
        status = dredis_get(job.redis, key, &last, NULL, &err);
    dredis_close(job.redis);
    if (status < 0)
        return diesel_fail(&err);

    printf("the counter is at %s, the sum of its values is %" PRId64 "\n", last,
           job.sum);
    diesel_free(last);
    return 0;
}

int main(void)
{
    return diesel_main(app, NULL);
}

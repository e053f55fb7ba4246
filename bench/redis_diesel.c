/* SPDX-License-Identifier: MIT */
/*
 * Diesel's own part of the suite "redis": plain blocking calls, one fiber for
 * each command that is on its way, all on one client; and an explicit pipeline.
 */
#include <diesel/redis.h>

#include "bench_diesel.h"
#include "redis_publish.h"
#include "redis_work.h"

struct run {
    struct redis_work work;
    dredis *redis;
    uint64_t each; /* commands per fiber */
    dredis_reply *(*call)(struct run *run, diesel_error *err);
};

static void check(const struct redis_work *work, const dredis_reply *reply)
{
    bool good = work->elements > 0
                    ? reply->type == DREDIS_ARRAY &&
                          reply->elements == work->elements
                    : (reply->type == DREDIS_STRING ||
                       reply->type == DREDIS_STATUS) &&
                          reply->len == work->reply_len;
    if (!good)
        bench_fail("unexpected reply, a %s", dredis_type_name(reply->type));
}

static dredis_reply *call_get(struct run *run, diesel_error *err)
{
    return dredis_call(run->redis, err, "GET", run->work.key);
}

static dredis_reply *call_set(struct run *run, diesel_error *err)
{
    return dredis_call(run->redis, err, "SET", run->work.key,
                       run->work.argument);
}

static dredis_reply *call_lrange(struct run *run, diesel_error *err)
{
    return dredis_call(run->redis, err, "LRANGE", run->work.key, 0,
                       run->work.argument);
}

static int caller(void *arg)
{
    struct run *run = arg;
    diesel_error err;
    for (uint64_t i = 0; i < run->each; i++) {
        dredis_reply *reply = run->call(run, &err);
        if (reply == NULL)
            return diesel_fail(&err);
        check(&run->work, reply);
        dredis_reply_free(reply);
    }
    return 0;
}

static dredis *connect_to(const char *address)
{
    diesel_error err;
    const dredis_options options = {.unix_path = address};
    dredis *redis = dredis_open(NULL, &options, &err);
    if (redis == NULL)
        bench_fail("%s", err.message);
    return redis;
}

static void run(const struct bench_args *args,
                dredis_reply *(*call)(struct run *run, diesel_error *err))
{
    struct run run = {.work = redis_work(args), .call = call};
    unsigned width = run.work.outstanding;
    run.each = redis_work_commands(&run.work, args->count) / width;
    run.redis = connect_to(args->address);

    struct bench_clock clock = bench_fibers(width, caller, &run);
    bench_print(&clock, run.each * width * redis_work_ops(&run.work));
    dredis_close(run.redis);
}

static void get(const struct bench_args *args)
{
    run(args, call_get);
}

static void set(const struct bench_args *args)
{
    run(args, call_set);
}

static void lrange(const struct bench_args *args)
{
    run(args, call_lrange);
}

/* Batches that are built, sent and read as a whole. */
static void pipeline(const struct bench_args *args)
{
    struct redis_work work = redis_work(args);
    uint64_t commands = redis_work_commands(&work, args->count);
    diesel_error err;
    dredis *redis = connect_to(args->address);
    dredis_pipeline *pipe = dredis_pipeline_new(redis, &err);
    if (pipe == NULL)
        bench_fail("%s", err.message);

    struct bench_clock clock = bench_start();
    for (uint64_t i = 0; i < commands; i += work.outstanding) {
        for (unsigned n = 0; n < work.outstanding; n++)
            bench_must(dredis_pipeline_add(pipe, &err, "GET", work.key), &err);
        bench_must(dredis_pipeline_run(pipe, &err), &err);
        for (unsigned n = 0; n < work.outstanding; n++)
            check(&work, dredis_pipeline_reply(pipe, n));
    }
    bench_stop(&clock);
    bench_print(&clock, commands);
    dredis_pipeline_free(pipe);
    dredis_close(redis);
}

/* Receives as many messages as are published. */
static void pubsub(const struct bench_args *args)
{
    diesel_error err;
    dredis_message message;
    dredis *redis = connect_to(args->address);
    dredis_subscription *news = dredis_subscription_open(redis, NULL, &err);
    if (news == NULL)
        bench_fail("%s", err.message);
    bench_must(dredis_subscribe(news, REDIS_PUBLISH_CHANNEL, &err), &err);
    pid_t publisher = redis_publish_start(args->address, args->count);
    struct bench_clock clock = bench_start();
    for (uint64_t i = 0; i < args->count; i++) {
        bench_must(dredis_receive(news, &message, DIESEL_FOREVER, &err), &err);
        if (message.type != DREDIS_MESSAGE || message.len != 16)
            bench_fail("that is no message");
        dredis_message_clear(&message);
    }
    bench_stop(&clock);
    bench_print(&clock, args->count);
    dredis_subscription_close(news);
    dredis_close(redis);
    redis_publish_end(publisher);
}

int main(int argc, char **argv)
{
    static const struct bench_case cases[] = {
        {"get", get},           {"get64k", get},    {"set", set},
        {"pipeline", pipeline}, {"lrange", lrange}, {"pubsub", pubsub},
        {NULL, NULL},
    };
    return bench_diesel_main(argc, argv, cases);
}

/* SPDX-License-Identifier: MIT */
/*
 * The peers "hiredis-sync" (width 1) and "hiredis-pipeline" (more): hiredis's
 * blocking interface on one connection. A width of N sends N commands, then
 * reads N replies, as a program does that batches its commands by hand; with a
 * width of 1 this is what redisCommand() does.
 */
#include "redis_hiredis.h"
#include "redis_publish.h"

static redisReply *next_reply(redisContext *redis)
{
    void *reply = NULL;
    if (redisGetReply(redis, &reply) != REDIS_OK)
        bench_fail("hiredis: %s", redis->errstr);
    return reply;
}

static void run(const struct bench_args *args)
{
    struct redis_work work = redis_work(args);
    uint64_t commands = redis_work_commands(&work, args->count);
    redisContext *redis = redisConnectUnix(args->address);
    if (redis == NULL || redis->err != 0)
        bench_fail("connecting to %s: %s", args->address,
                   redis == NULL ? "out of memory" : redis->errstr);

    struct bench_clock clock = bench_start();
    for (uint64_t i = 0; i < commands; i += work.outstanding) {
        for (unsigned n = 0; n < work.outstanding; n++)
            redisAppendCommand(redis, work.format, work.key, work.argument);
        for (unsigned n = 0; n < work.outstanding; n++) {
            redisReply *reply = next_reply(redis);
            check_reply(&work, reply);
            freeReplyObject(reply);
        }
    }
    bench_stop(&clock);
    bench_print(&clock, commands * redis_work_ops(&work));
    redisFree(redis);
}

/* Receives as many messages as are published. */
static void pubsub(const struct bench_args *args)
{
    redisContext *redis = redisConnectUnix(args->address);
    if (redis == NULL || redis->err != 0)
        bench_fail("connecting to %s failed", args->address);
    redisAppendCommand(redis, "SUBSCRIBE " REDIS_PUBLISH_CHANNEL);
    freeReplyObject(next_reply(redis));
    pid_t publisher = redis_publish_start(args->address, args->count);
    struct bench_clock clock = bench_start();
    for (uint64_t i = 0; i < args->count; i++) {
        redisReply *reply = next_reply(redis);
        if (reply->elements != 3 || reply->element[2]->len != 16)
            bench_fail("that is no message");
        freeReplyObject(reply);
    }
    bench_stop(&clock);
    bench_print(&clock, args->count);
    redisFree(redis);
    redis_publish_end(publisher);
}

int main(int argc, char **argv)
{
    static const struct bench_case cases[] = {
        {"get", run},      {"get64k", run}, {"set", run},
        {"pipeline", run}, {"lrange", run}, {"pubsub", pubsub},
        {NULL, NULL},
    };
    return bench_main(argc, argv, cases);
}

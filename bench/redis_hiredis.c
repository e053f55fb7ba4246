/* SPDX-License-Identifier: MIT */
/*
 * The peers "hiredis-sync" (width 1) and "hiredis-pipeline" (more): hiredis's
 * blocking interface on one connection. A width of N sends N commands, then
 * reads N replies, as a program does that batches its commands by hand; with a
 * width of 1 this is what redisCommand() does.
 */
#include "redis_hiredis.h"

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

int main(int argc, char **argv)
{
    static const struct bench_case cases[] = {
        {"get", run},      {"get64k", run}, {"set", run},
        {"pipeline", run}, {"lrange", run}, {NULL, NULL},
    };
    return bench_main(argc, argv, cases);
}

/* SPDX-License-Identifier: MIT */
/*
 * The peer "hiredis-async": hiredis's callbacks over libevent, on one
 * connection. A width of N keeps N commands on their way: each callback sends
 * the next command, so hiredis writes once for all replies of one read.
 */
#include <event2/event.h>
#include <hiredis/async.h>
/* hiredis's adapter is a header with functions that not everyone calls. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-function"
#include <hiredis/adapters/libevent.h>
#pragma GCC diagnostic pop

#include "redis_hiredis.h"

struct run {
    struct redis_work work;
    redisAsyncContext *redis;
    struct bench_clock clock;
    uint64_t commands; /* how many there shall be */
    uint64_t sent;
    uint64_t answered;
};

static void on_reply(redisAsyncContext *redis, void *reply, void *arg);

static void send_one(struct run *run)
{
    run->sent++;
    if (redisAsyncCommand(run->redis, on_reply, run, run->work.format,
                          run->work.key, run->work.argument) != REDIS_OK)
        bench_fail("hiredis: %s", run->redis->errstr);
}

static void on_reply(redisAsyncContext *redis, void *reply, void *arg)
{
    struct run *run = arg;
    if (reply == NULL)
        bench_fail("hiredis: %s", redis->errstr);
    check_reply(&run->work, reply);
    run->answered++;
    if (run->sent < run->commands) {
        send_one(run);
    } else if (run->answered == run->commands) {
        bench_stop(&run->clock);
        redisAsyncDisconnect(redis);
    }
}

/* The clock starts here, so that connecting does not count. */
static void on_connect(const redisAsyncContext *redis, int status)
{
    struct run *run = redis->data;
    if (status != REDIS_OK)
        bench_fail("connecting: %s", redis->errstr);
    run->clock = bench_start();
    for (unsigned i = 0; i < run->work.outstanding; i++)
        send_one(run);
}

static void run(const struct bench_args *args)
{
    struct run run = {.work = redis_work(args)};
    run.commands = redis_work_commands(&run.work, args->count);
    run.redis = redisAsyncConnectUnix(args->address);
    if (run.redis == NULL || run.redis->err != 0)
        bench_fail("connecting to %s: %s", args->address,
                   run.redis == NULL ? "out of memory" : run.redis->errstr);
    run.redis->data = &run;

    struct event_base *base = event_base_new();
    if (base == NULL || redisLibeventAttach(run.redis, base) != REDIS_OK)
        bench_fail("libevent did not start");
    redisAsyncSetConnectCallback(run.redis, on_connect);
    event_base_dispatch(base);
    if (run.answered != run.commands)
        bench_fail("%" PRIu64 " of %" PRIu64 " replies came", run.answered,
                   run.commands);
    bench_print(&run.clock, run.commands * redis_work_ops(&run.work));
    event_base_free(base);
}

int main(int argc, char **argv)
{
    static const struct bench_case cases[] = {
        {"get", run},      {"get64k", run}, {"set", run},
        {"pipeline", run}, {"lrange", run}, {NULL, NULL},
    };
    return bench_main(argc, argv, cases);
}

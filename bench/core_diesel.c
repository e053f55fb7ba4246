/* SPDX-License-Identifier: MIT */
/*
 * Diesel's own part of the suite "core": what fibers, scopes and channels cost.
 * Every case goes through the public interface, with its checks for cancellation
 * and failure.
 */
#include "bench_diesel.h"

static int yielder(void *arg)
{
    diesel_error err;
    for (uint64_t n = *(uint64_t *)arg; n > 0; n--)
        bench_must(diesel_yield(&err), &err);
    return 0;
}

/* Two fibers, or as many as the width says, that yield in turn. */
static void yield(const struct bench_args *args)
{
    unsigned width = args->width == 1 ? 2 : args->width;
    uint64_t each = bench_share(args->count, width);
    struct bench_clock clock = bench_fibers(width, yielder, &each);
    bench_print(&clock, each * width);
}

static int count_me(void *arg)
{
    ++*(uint64_t *)arg;
    return 0;
}

/* A scope for each batch of `width` fibers (one, if there is no width): open,
 * start them, wait for them. */
static void spawn(const struct bench_args *args)
{
    uint64_t batches = bench_share(args->count, args->width);
    uint64_t ended = 0;
    diesel_error err;

    struct bench_clock clock = bench_start();
    for (uint64_t i = 0; i < batches; i++) {
        diesel_scope *batch = diesel_scope_open(NULL);
        for (unsigned n = 0; n < args->width; n++)
            diesel_go(batch, count_me, &ended);
        bench_must(diesel_scope_wait(batch, &err), &err);
    }
    bench_stop(&clock);
    if (ended != batches * args->width)
        bench_fail("only %" PRIu64 " fibers ran", ended);
    bench_print(&clock, ended);
}

struct channels {
    diesel_channel *there;
    diesel_channel *back;
};

static int echo(void *arg)
{
    struct channels *channels = arg;
    diesel_error err;
    uint64_t n;
    int got;
    while ((got = diesel_channel_recv(channels->there, &n, DIESEL_FOREVER,
                                      &err)) > 0)
        bench_must(diesel_channel_send(channels->back, &n, DIESEL_FOREVER,
                                       &err), &err);
    bench_must(got, &err);
    return 0;
}

static void round_trip(struct channels *channels, uint64_t n)
{
    diesel_error err;
    uint64_t came = 0;
    bench_must(diesel_channel_send(channels->there, &n, DIESEL_FOREVER, &err),
               &err);
    bench_must(diesel_channel_recv(channels->back, &came, DIESEL_FOREVER, &err),
               &err);
    if (came != n)
        bench_fail("%" PRIu64 " came back as %" PRIu64, n, came);
}

struct flow {
    diesel_channel *channel;
    uint64_t count;
};

static int feed(void *arg)
{
    struct flow *flow = arg;
    diesel_error err;
    for (uint64_t n = 0; n < flow->count; n++)
        bench_must(diesel_channel_send(flow->channel, &n, DIESEL_FOREVER, &err),
                   &err);
    diesel_channel_close(flow->channel);
    return 0;
}

/* Numbers flow from one fiber to another through a channel with some room. */
static void flow(const struct bench_args *args)
{
    diesel_error err;
    struct flow flow = {
        .channel = diesel_channel_new(sizeof(uint64_t), args->width, &err),
        .count = args->count,
    };
    if (flow.channel == NULL)
        bench_fail("%s", err.message);
    uint64_t n, came = 0;
    int got;
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(scope, feed, &flow);

    struct bench_clock clock = bench_start();
    while ((got = diesel_channel_recv(flow.channel, &n, DIESEL_FOREVER,
                                      &err)) > 0)
        if (n != came++)
            bench_fail("%" PRIu64 " came too early", n);
    bench_stop(&clock);
    bench_must(got, &err);
    bench_print(&clock, came);

    bench_must(diesel_scope_wait(scope, &err), &err);
    diesel_channel_free(flow.channel);
}

/* A number goes there and back over two unbuffered channels; with a width, through
 * a channel with that much room. */
static void channel(const struct bench_args *args)
{
    diesel_error err;
    if (args->width > 1) {
        flow(args);
        return;
    }
    struct channels channels = {
        .there = diesel_channel_new(sizeof(uint64_t), 0, &err),
        .back = diesel_channel_new(sizeof(uint64_t), 0, &err),
    };
    if (channels.there == NULL || channels.back == NULL)
        bench_fail("%s", err.message);
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(scope, echo, &channels);

    struct bench_clock clock = bench_start();
    for (uint64_t i = 0; i < args->count; i++)
        round_trip(&channels, i);
    bench_stop(&clock);
    bench_print(&clock, args->count);

    diesel_channel_close(channels.there);
    bench_must(diesel_scope_wait(scope, &err), &err);
    diesel_channel_free(channels.there);
    diesel_channel_free(channels.back);
}

/* Parks until its scope is cancelled, which must be the reason. */
static int park(void *arg)
{
    diesel_error err;
    ++*(uint64_t *)arg;
    if (diesel_park("the end of the benchmark", DIESEL_FOREVER, &err) >= 0 ||
        err.code != DIESEL_E_CANCELLED)
        bench_fail("an idle fiber was woken");
    return diesel_fail(&err);
}

/* Fibers that wait, all in one scope. */
static void idle(const struct bench_args *args)
{
    diesel_error err;
    uint64_t parked = 0;
    uint64_t before = bench_memory();

    diesel_scope *all = diesel_scope_open(NULL);
    for (uint64_t i = 0; i < args->count; i++)
        diesel_go(all, park, &parked);
    while (parked < args->count)
        bench_must(diesel_yield(&err), &err);
    bench_print_memory(bench_memory() - before, args->count);

    diesel_scope_cancel(all);
    bench_must(diesel_scope_wait(all, &err), &err);
}

static int recv_one(void *arg)
{
    diesel_error err;
    uint64_t n;
    int got = diesel_channel_recv(arg, &n, DIESEL_FOREVER, &err);
    bench_must(got, &err);
    return 0;
}

/* Fibers that wait for an item, each on a channel of its own, which it gets at last. */
static void idle_channel(const struct bench_args *args)
{
    diesel_error err;
    diesel_channel **channels = calloc(args->count, sizeof(diesel_channel *));
    if (channels == NULL)
        bench_fail("out of memory");
    uint64_t before = bench_memory();

    diesel_scope *all = diesel_scope_open(NULL);
    for (uint64_t i = 0; i < args->count; i++) {
        channels[i] = diesel_channel_new(sizeof i, 0, &err);
        if (channels[i] == NULL)
            bench_fail("%s", err.message);
        diesel_go(all, recv_one, channels[i]);
    }
    bench_must(diesel_yield(&err), &err);
    bench_print_memory(bench_memory() - before, args->count);

    for (uint64_t i = 0; i < args->count; i++) /* whoever did not wait is missed */
        bench_must(diesel_channel_send(channels[i], &i, DIESEL_NOW, &err), &err);
    bench_must(diesel_scope_wait(all, &err), &err);
    for (uint64_t i = 0; i < args->count; i++)
        diesel_channel_free(channels[i]);
    free(channels);
}

static int echo_bytes(void *arg)
{
    diesel_stream *stream = arg;
    diesel_error err;
    char byte;
    ssize_t got;
    while ((got = diesel_stream_read(stream, &byte, 1, DIESEL_FOREVER, &err)) > 0)
        bench_must(diesel_stream_write(stream, &byte, 1, DIESEL_FOREVER, &err),
                   &err);
    bench_must((int)got, &err);
    return 0;
}

static void byte_round_trip(diesel_stream *stream, char byte)
{
    diesel_error err;
    char came = (char)~byte;
    bench_must(diesel_stream_write(stream, &byte, 1, DIESEL_FOREVER, &err), &err);
    bench_must(diesel_stream_read_exactly(stream, &came, 1, DIESEL_FOREVER, &err),
               &err);
    if (came != byte)
        bench_fail("byte %d came back as %d", byte, came);
}

/* A byte goes there and back over a pair of connected sockets, while as many
 * other fibers wait as the width says (none, without a width): they must not
 * make it slower. */
static void pair(const struct bench_args *args)
{
    diesel_error err;
    diesel_stream *ends[2];
    uint64_t parked = 0, idle_fibers = args->width == 1 ? 0 : args->width;
    bench_must(diesel_stream_pair(ends, &err), &err);
    diesel_scope *echoing = diesel_scope_open(NULL);
    diesel_go(echoing, echo_bytes, ends[1]);
    diesel_scope *parking = diesel_scope_open(NULL);
    for (uint64_t i = 0; i < idle_fibers; i++)
        diesel_go(parking, park, &parked);
    while (parked < idle_fibers)
        bench_must(diesel_yield(&err), &err);

    struct bench_clock clock = bench_start();
    for (uint64_t i = 0; i < args->count; i++)
        byte_round_trip(ends[0], (char)i);
    bench_stop(&clock);
    bench_print(&clock, args->count);

    diesel_scope_cancel(parking);
    bench_must(diesel_scope_wait(parking, &err), &err);
    diesel_stream_close(ends[0]);
    bench_must(diesel_scope_wait(echoing, &err), &err);
    diesel_stream_close(ends[1]);
}

struct thread_channels {
    diesel_thread_channel *there;
    diesel_thread_channel *back; /* NULL: nothing comes back */
};

static int echo_between_threads(void *arg)
{
    struct thread_channels *channels = arg;
    diesel_error err;
    uint64_t n;
    int got;
    while ((got = diesel_thread_channel_recv(channels->there, &n, DIESEL_FOREVER,
                                             &err)) > 0)
        if (channels->back != NULL)
            bench_must(diesel_thread_channel_send(channels->back, &n,
                                                  DIESEL_FOREVER, &err), &err);
    bench_must(got, &err);
    return 0;
}

/* The same as "channel" through channels between threads, yet on one: what is paid
 * for being ready for others. */
static void thread_channel(const struct bench_args *args)
{
    diesel_error err;
    struct thread_channels channels = {
        .there = diesel_thread_channel_new(sizeof(uint64_t), args->width, &err),
        .back = args->width > 1
                    ? NULL
                    : diesel_thread_channel_new(sizeof(uint64_t), 1, &err),
    };
    if (channels.there == NULL || (args->width == 1 && channels.back == NULL))
        bench_fail("%s", err.message);
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(scope, echo_between_threads, &channels);

    struct bench_clock clock = bench_start();
    for (uint64_t i = 0; i < args->count; i++) {
        uint64_t came = i;
        bench_must(diesel_thread_channel_send(channels.there, &i, DIESEL_FOREVER,
                                              &err), &err);
        if (channels.back != NULL)
            bench_must(diesel_thread_channel_recv(channels.back, &came,
                                                  DIESEL_FOREVER, &err), &err);
        if (came != i)
            bench_fail("%" PRIu64 " came back as %" PRIu64, i, came);
    }
    diesel_thread_channel_close(channels.there);
    bench_must(diesel_scope_wait(scope, &err), &err);
    bench_stop(&clock);
    bench_print(&clock, args->count);
    diesel_thread_channel_free(channels.there);
    diesel_thread_channel_free(channels.back);
}

int main(int argc, char **argv)
{
    static const struct bench_case cases[] = {
        {"yield", yield},
        {"spawn", spawn},
        {"channel", channel},
        {"idle", idle},
        {"idle-channel", idle_channel},
        {"pair", pair},
        {"thread-channel", thread_channel},
        {NULL, NULL},
    };
    return bench_diesel_main(argc, argv, cases);
}

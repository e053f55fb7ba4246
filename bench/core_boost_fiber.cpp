/* SPDX-License-Identifier: MIT */
/*
 * The peer "boost-fiber": Boost.Fiber with its default round-robin scheduler on
 * one thread. Stacks come from Boost's own pool where fibers come and go, and
 * have Boost's default size where they stay.
 */
#include <vector>

#include <boost/fiber/all.hpp>

#include "bench.h"

namespace fib = boost::fibers;

/* Two fibers, or as many as the width says, that yield in turn. */
static void yield(const bench_args *args)
{
    unsigned width = args->width == 1 ? 2 : args->width;
    uint64_t each = bench_share(args->count, width);
    std::vector<fib::fiber> fibers;
    for (unsigned i = 0; i < width; i++) {
        fibers.emplace_back([each] {
            for (uint64_t n = 0; n < each; n++)
                boost::this_fiber::yield();
        });
    }

    bench_clock clock = bench_start();
    for (fib::fiber &f : fibers)
        f.join();
    bench_stop(&clock);
    bench_print(&clock, each * width);
}

/* Batches of `width` fibers (one, if there is none): start all, join all. */
static void spawn(const bench_args *args)
{
    fib::pooled_fixedsize_stack stacks{64 * 1024};
    uint64_t batches = bench_share(args->count, args->width);
    uint64_t ended = 0;
    std::vector<fib::fiber> fibers(args->width);

    bench_clock clock = bench_start();
    for (uint64_t i = 0; i < batches; i++) {
        for (fib::fiber &f : fibers)
            f = fib::fiber(std::allocator_arg, stacks, [&ended] { ended++; });
        for (fib::fiber &f : fibers)
            f.join();
    }
    bench_stop(&clock);
    if (ended != batches * args->width)
        bench_fail("only %" PRIu64 " fibers ran", ended);
    bench_print(&clock, ended);
}

/* A number goes there and back over two unbuffered channels. */
static void channel(const bench_args *args)
{
    fib::unbuffered_channel<uint64_t> there, back;
    fib::fiber echo([&] {
        uint64_t n;
        while (there.pop(n) == fib::channel_op_status::success)
            back.push(n);
    });

    bench_clock clock = bench_start();
    for (uint64_t i = 0; i < args->count; i++) {
        uint64_t n = 0;
        there.push(i);
        if (back.pop(n) != fib::channel_op_status::success || n != i)
            bench_fail("%" PRIu64 " came back as %" PRIu64, i, n);
    }
    bench_stop(&clock);
    bench_print(&clock, args->count);
    there.close();
    echo.join();
}

/* Fibers that wait for a channel. */
static void idle(const bench_args *args)
{
    fib::unbuffered_channel<int> never;
    std::vector<fib::fiber> fibers;
    fibers.reserve(args->count);
    uint64_t parked = 0;

    uint64_t before = bench_memory();
    for (uint64_t i = 0; i < args->count; i++) {
        fibers.emplace_back([&] {
            int n;
            parked++;
            if (never.pop(n) != fib::channel_op_status::closed)
                bench_fail("something came out of an unused channel");
        });
    }
    while (parked < args->count)
        boost::this_fiber::yield();
    bench_print_memory(bench_memory() - before, args->count);
    never.close();
    for (fib::fiber &f : fibers)
        f.join();
}

int main(int argc, char **argv)
{
    static const bench_case cases[] = {
        {"yield", yield},
        {"spawn", spawn},
        {"channel", channel},
        {"idle", idle},
        {nullptr, nullptr},
    };
    return bench_main(argc, argv, cases);
}

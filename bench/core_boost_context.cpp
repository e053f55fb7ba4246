/* SPDX-License-Identifier: MIT */
/*
 * The peer "boost-context": the bare switch of Boost.Context, without any
 * scheduler, hence a floor for what a switch can cost rather than a rival. Stacks
 * come from Boost's own pool.
 */
#include <utility>

#include <boost/context/fiber.hpp>
#include <boost/context/pooled_fixedsize_stack.hpp>

#include "bench.h"

namespace ctx = boost::context;

/* The program and one fiber hand over to each other; a switch each way. */
static void yield(const bench_args *args)
{
    uint64_t turns = bench_share(args->count, 2);
    ctx::fiber other{[](ctx::fiber &&caller) {
        for (;;)
            caller = std::move(caller).resume();
        return std::move(caller);
    }};

    bench_clock clock = bench_start();
    for (uint64_t i = 0; i < turns; i++)
        other = std::move(other).resume();
    bench_stop(&clock);
    bench_print(&clock, turns * 2);
}

/* One fiber is made, runs and ends, before the next. */
static void spawn(const bench_args *args)
{
    ctx::pooled_fixedsize_stack stacks{64 * 1024};
    uint64_t ended = 0;

    bench_clock clock = bench_start();
    for (uint64_t i = 0; i < args->count; i++) {
        ctx::fiber one{std::allocator_arg, stacks, [&ended](ctx::fiber &&caller) {
            ended++;
            return std::move(caller);
        }};
        one = std::move(one).resume();
    }
    bench_stop(&clock);
    if (ended != args->count)
        bench_fail("%" PRIu64 " of %" PRIu64 " fibers ran", ended, args->count);
    bench_print(&clock, args->count);
}

int main(int argc, char **argv)
{
    static const bench_case cases[] = {
        {"yield", yield},
        {"spawn", spawn},
        {nullptr, nullptr},
    };
    return bench_main(argc, argv, cases);
}

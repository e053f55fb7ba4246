/* SPDX-License-Identifier: MIT */
/* What the programs that measure Diesel share. */
#ifndef BENCH_DIESEL_H
#define BENCH_DIESEL_H

#include <diesel/core.h>

#include "bench.h"

/* For results that can only be good: ends the program with the error if not. */
static inline void bench_must(int result, const diesel_error *err)
{
    if (result < 0)
        bench_fail("%s", err->message);
}

struct bench_diesel_main {
    int argc;
    char **argv;
    const struct bench_case *cases;
};

static inline int bench_diesel_app(void *arg)
{
    struct bench_diesel_main *m = arg;
    return bench_main(m->argc, m->argv, m->cases);
}

/* bench_main() whose cases run in a fiber. */
static inline int bench_diesel_main(int argc, char **argv,
                                    const struct bench_case *cases)
{
    struct bench_diesel_main m = {argc, argv, cases};
    diesel_error err;
    int status = diesel_run(bench_diesel_app, &m, NULL, &err);
    bench_must(status, &err);
    return status;
}

/* Starts `width` fibers with the same argument and times them until all have
 * ended. */
static inline struct bench_clock bench_fibers(unsigned width, diesel_fn *fn,
                                              void *arg)
{
    diesel_error err;
    diesel_scope *all = diesel_scope_open(NULL);
    struct bench_clock clock = bench_start();
    for (unsigned i = 0; i < width; i++)
        diesel_go(all, fn, arg);
    bench_must(diesel_scope_wait(all, &err), &err);
    bench_stop(&clock);
    return clock;
}

#endif

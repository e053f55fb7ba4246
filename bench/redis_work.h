/* SPDX-License-Identifier: MIT */
/*
 * What the cases of the suite "redis" ask for, so that Diesel and its peers ask
 * for the same. bench/run has filled the server with what is read here:
 *
 *     bench:16     a string of 16 bytes
 *     bench:64k    a string of 65,536 bytes
 *     bench:list   a list of 1,000 elements of 16 bytes
 */
#ifndef BENCH_REDIS_WORK_H
#define BENCH_REDIS_WORK_H

#include <stdbool.h>

#include "bench.h"

struct redis_work {
    const char *format;   /* the command for hiredis, with two %s at most   */
    const char *key;      /* the first %s                                   */
    const char *argument; /* the second %s                                  */
    size_t reply_len;     /* bytes of the reply, which is a string; 0: list */
    unsigned outstanding; /* commands on their way at a time                */
    unsigned elements;    /* of the reply, if it is a list; each of them
                             counts as an operation                         */
};

/* The row of the case's name. The width is the number of commands on their way,
 * but for "lrange", where one command at a time asks for so many elements. */
BENCH_UNUSED static struct redis_work redis_work(const struct bench_args *args)
{
    static const struct {
        const char *name;
        struct redis_work work;
    } rows[] = {
        {"get", {"GET %s", "bench:16", "", 16, 0, 0}},
        {"get64k", {"GET %s", "bench:64k", "", 65536, 0, 0}},
        {"set", {"SET %s %s", "bench:set", "0123456789abcdef", 2, 0, 0}},
        {"pipeline", {"GET %s", "bench:16", "", 16, 0, 0}},
        {"lrange", {"LRANGE %s 0 %s", "bench:list", "", 0, 1, 0}},
    };
    static char last_index[16];

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (strcmp(rows[i].name, args->name) != 0)
            continue;
        struct redis_work work = rows[i].work;
        if (work.reply_len > 0) {
            work.outstanding = args->width;
        } else {
            work.elements = args->width;
            snprintf(last_index, sizeof last_index, "%u", args->width - 1);
            work.argument = last_index;
        }
        return work;
    }
    bench_fail("no row for the case '%s'", args->name);
}

/* How many commands make `count` operations, in whole batches. */
BENCH_UNUSED static uint64_t redis_work_commands(const struct redis_work *work,
                                                 uint64_t count)
{
    if (work->elements > 0)
        return bench_share(count, work->elements);
    return bench_share(count, work->outstanding) * work->outstanding;
}

/* How many operations one command is. */
BENCH_UNUSED static unsigned redis_work_ops(const struct redis_work *work)
{
    return work->elements > 0 ? work->elements : 1;
}

#endif

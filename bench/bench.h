/* SPDX-License-Identifier: MIT */
/*
 * What every benchmark program shares, in C and in C++: the command line, the
 * clock and the one line of output.
 *
 *     PROGRAM CASE COUNT [ADDRESS]
 *
 * CASE is a row's name without its suite, as "yield" or "get/50"; the number
 * behind the slash is the case's width: how many at a time. COUNT is how many
 * operations to do; a program may do some more, to fill the last batch, and
 * says how many it did. ADDRESS is the server's Unix socket.
 *
 *     ops=1000000 ns=2700000 cpu_us=2689
 *     ops=100000 bytes=435000000
 *
 * ns is the time that passed and cpu_us the process's user and system time, both
 * between bench_start() and bench_stop(), so that connecting and other start-up
 * does not count. bytes is memory, see bench_memory().
 *
 * Exit status: 0; 1 with a message; 77 if the peer is not there to be measured.
 */
#ifndef BENCH_H
#define BENCH_H

#include <inttypes.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#define BENCH_UNUSED __attribute__((unused))

enum { BENCH_LEFT_OUT = 77 };

struct bench_args {
    const char *name;    /* the case without its width                    */
    unsigned width;      /* the number behind the slash; 1 if there is none */
    uint64_t count;      /* at least 1                                    */
    const char *address; /* "" if none was given                          */
};

struct bench_case {
    const char *name;
    void (*run)(const struct bench_args *args);
};

struct bench_clock {
    uint64_t ns;
    uint64_t cpu_us;
};

/* Ends the program with a message and exit status 1. */
BENCH_UNUSED __attribute__((format(printf, 1, 2), noreturn))
static void bench_fail(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fputs("benchmark: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    exit(1);
}

BENCH_UNUSED static uint64_t bench_now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000U + (uint64_t)t.tv_nsec;
}

/* User and system time of `who`, RUSAGE_SELF or RUSAGE_CHILDREN, so far. */
BENCH_UNUSED static uint64_t bench_cpu_us(int who)
{
    struct rusage u;
    getrusage(who, &u);
    return (uint64_t)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1000000U +
           (uint64_t)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

BENCH_UNUSED static struct bench_clock bench_start(void)
{
    struct bench_clock c;
    c.cpu_us = bench_cpu_us(RUSAGE_SELF);
    c.ns = bench_now_ns();
    return c;
}

/* Turns the times of the start into the times that have passed since. */
BENCH_UNUSED static void bench_stop(struct bench_clock *clock)
{
    clock->ns = bench_now_ns() - clock->ns;
    clock->cpu_us = bench_cpu_us(RUSAGE_SELF) - clock->cpu_us;
}

BENCH_UNUSED static void bench_print(const struct bench_clock *stopped,
                                     uint64_t ops)
{
    printf("ops=%" PRIu64 " ns=%" PRIu64 " cpu_us=%" PRIu64 "\n", ops,
           stopped->ns, stopped->cpu_us);
}

BENCH_UNUSED static void bench_print_memory(uint64_t bytes, uint64_t ops)
{
    printf("ops=%" PRIu64 " bytes=%" PRIu64 "\n", ops, bytes);
}

/* The memory that this process costs: its resident pages and the page tables,
 * which for many small stacks are not small. */
BENCH_UNUSED static uint64_t bench_memory(void)
{
    FILE *f = fopen("/proc/self/status", "r");
    if (f == NULL)
        bench_fail("cannot read /proc/self/status");
    char line[128];
    uint64_t total = 0;
    while (fgets(line, sizeof line, f) != NULL) {
        if (strncmp(line, "VmRSS:", 6) == 0 || strncmp(line, "VmPTE:", 6) == 0)
            total += strtoull(line + 6, NULL, 10) * 1024;
    }
    fclose(f);
    return total;
}

/* How often `width` equal workers must repeat to do `count` operations at
 * least. */
BENCH_UNUSED static uint64_t bench_share(uint64_t count, unsigned width)
{
    return (count + width - 1) / width;
}

BENCH_UNUSED static unsigned bench_width(const char *after_slash)
{
    char *end;
    unsigned long width = strtoul(after_slash, &end, 10);
    if (*end != '\0' || width == 0 || width > 100000000)
        bench_fail("bad width '%s'", after_slash);
    return (unsigned)width;
}

/* Reads the command line and runs the case of that name; `cases` ends with a
 * NULL name. The result is main's. */
BENCH_UNUSED static int bench_main(int argc, char **argv,
                                   const struct bench_case *cases)
{
    if (argc < 3 || argc > 4)
        bench_fail("usage: %s CASE COUNT [ADDRESS]", argv[0]);

    char name[64];
    snprintf(name, sizeof name, "%s", argv[1]);
    char *slash = strchr(name, '/');
    if (slash != NULL)
        *slash = '\0';

    struct bench_args args;
    args.name = name;
    args.width = slash != NULL ? bench_width(slash + 1) : 1;
    args.count = strtoull(argv[2], NULL, 10);
    args.address = argc > 3 ? argv[3] : "";
    if (args.count == 0)
        bench_fail("bad count '%s'", argv[2]);

    for (; cases->name != NULL; cases++) {
        if (strcmp(cases->name, name) == 0) {
            cases->run(&args);
            return fflush(stdout) == 0 ? 0 : 1;
        }
    }
    bench_fail("%s has no case '%s'", argv[0], name);
}

#endif

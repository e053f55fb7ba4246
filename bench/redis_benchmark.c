/* SPDX-License-Identifier: MIT */
/*
 * The peer "redis-benchmark": Redis's own load generator, started as a child
 * process with one connection and pipelines of `width` commands. It sends
 * prepared bytes and does not build replies, so it is a floor for a client
 * rather than a client.
 *
 * The rate is what it prints, or, for a run shorter than its clock of
 * milliseconds, the time that the child took; the CPU time is the child's, its
 * start included.
 */
#include <errno.h>
#include <math.h>
#include <sys/wait.h>
#include <unistd.h>

#include "redis_work.h"

/* Words that redis-benchmark sends as they stand. */
static const struct {
    const char *name;
    const char *words[4];
} commands[] = {
    {"get", {"GET", "bench:16"}},
    {"get64k", {"GET", "bench:64k"}},
    {"set", {"SET", "bench:set", "0123456789abcdef"}},
    {"pipeline", {"GET", "bench:16"}},
};

static void exec_benchmark(const struct bench_args *args, const char *count)
{
    char width[16];
    snprintf(width, sizeof width, "%u", args->width);
    const char *argv[16] = {"redis-benchmark", "-s", args->address, "-c", "1",
                            "-P", width, "-n", count, "--csv"};
    size_t argc = 10;
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        if (strcmp(commands[i].name, args->name) != 0)
            continue;
        for (size_t n = 0; commands[i].words[n] != NULL; n++)
            argv[argc++] = commands[i].words[n];
    }
    execvp(argv[0], (char **)argv);
    _exit(errno == ENOENT ? BENCH_LEFT_OUT : 1);
}

/* Requests per second out of the last line of what it prints:
 * "GET bench:16","93283.59","0.303",... */
static double read_rate(FILE *f)
{
    char line[512];
    double rate = 0;
    while (fgets(line, sizeof line, f) != NULL) {
        const char *second = strstr(line, "\",\"");
        rate = second != NULL ? strtod(second + 3, NULL) : 0;
    }
    return rate;
}

static void run(const struct bench_args *args)
{
    uint64_t ops = bench_share(args->count, args->width) * args->width;
    char count[24];
    snprintf(count, sizeof count, "%" PRIu64, ops);

    uint64_t start = bench_now_ns();
    int ends[2];
    if (pipe(ends) < 0)
        bench_fail("pipe: %s", strerror(errno));
    pid_t child = fork();
    if (child < 0)
        bench_fail("fork: %s", strerror(errno));
    if (child == 0) {
        dup2(ends[1], STDOUT_FILENO);
        close(ends[0]);
        close(ends[1]);
        exec_benchmark(args, count);
    }
    close(ends[1]);
    FILE *f = fdopen(ends[0], "r");
    if (f == NULL)
        bench_fail("fdopen: %s", strerror(errno));
    double rate = read_rate(f);
    fclose(f);

    int status;
    if (waitpid(child, &status, 0) < 0)
        bench_fail("waitpid: %s", strerror(errno));
    if (WIFEXITED(status) && WEXITSTATUS(status) == BENCH_LEFT_OUT)
        exit(BENCH_LEFT_OUT);
    if (status != 0 || rate <= 0)
        bench_fail("redis-benchmark failed");

    struct bench_clock clock = {
        .ns = isfinite(rate) ? (uint64_t)((double)ops / rate * 1e9)
                             : bench_now_ns() - start,
        .cpu_us = bench_cpu_us(RUSAGE_CHILDREN),
    };
    bench_print(&clock, ops);
}

int main(int argc, char **argv)
{
    static const struct bench_case cases[] = {
        {"get", run},      {"get64k", run}, {"set", run},
        {"pipeline", run}, {NULL, NULL},
    };
    return bench_main(argc, argv, cases);
}

/* SPDX-License-Identifier: MIT */
/*
 * What the echo servers share: the program that loads them, echo_load, is started
 * here and tells over a socket when all connections stand and when the work is
 * done. What is measured is the server, between the two; it runs in this
 * process, the load in another, on another processor if there is one.
 *
 *     load -> 's': all connections stand      server -> 'g': go
 *     load -> 'e': the last echo has come
 */
#ifndef BENCH_ECHO_H
#define BENCH_ECHO_H

#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

enum { ECHO_BYTES = 64 }; /* of a request and of its echo */

struct echo_bench {
    char name[32]; /* of the abstract Unix socket, without the zero byte */
    char cert[64]; /* PEM file with certificate and key; "" without TLS   */
    char program[512];
    int control;   /* to the load */
    pid_t load;
    uint64_t ops;
};

/* Leaves the case out where the system does not allow so many descriptors. */
static inline void echo_need_descriptors(unsigned width)
{
    struct rlimit limit;
    rlim_t need = width + 64;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < need) {
        limit.rlim_cur = need < limit.rlim_max ? need : limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < need) {
        fprintf(stderr,
                "benchmark: %u connections need %llu descriptors, and the hard "
                "limit is %llu\n",
                width, (unsigned long long)need,
                (unsigned long long)limit.rlim_max);
        exit(BENCH_LEFT_OUT);
    }
}

static inline socklen_t echo_address(const struct echo_bench *b,
                                     struct sockaddr_un *un)
{
    memset(un, 0, sizeof *un);
    un->sun_family = AF_UNIX;
    snprintf(un->sun_path + 1, sizeof un->sun_path - 1, "%s", b->name);
    return (socklen_t)(sizeof un->sun_family + 1 + strlen(b->name));
}

static inline void echo_run_load(struct echo_bench *b, const char *what,
                                 const char *width, const char *count)
{
    int fds[2];
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds) < 0)
        bench_fail("socketpair failed");
    b->load = fork();
    if (b->load == 0) {
        dup2(fds[1], STDIN_FILENO);
        close(fds[0]);
        close(fds[1]);
        execl(b->program, b->program, what, b->name, width, count,
              (char *)NULL);
        _exit(1);
    }
    close(fds[1]);
    b->control = fds[0];
}

static inline void echo_end_load(struct echo_bench *b)
{
    int status;
    if (waitpid(b->load, &status, 0) != b->load || status != 0)
        bench_fail("echo_load failed");
}

/* Names the socket, makes a certificate if there is to be TLS. */
static inline void echo_prepare(struct echo_bench *b, const char *argv0,
                                const struct bench_args *args, int tls)
{
    const char *slash = strrchr(argv0, '/');
    memset(b, 0, sizeof *b);
    echo_need_descriptors(args->width);
    snprintf(b->program, sizeof b->program, "%.*secho_load",
             slash != NULL ? (int)(slash + 1 - argv0) : 0, argv0);
    snprintf(b->name, sizeof b->name, "diesel-bench-%ld", (long)getpid());
    if (!tls)
        return;
    snprintf(b->cert, sizeof b->cert, "/tmp/%s.pem", b->name);
    echo_run_load(b, "cert", b->cert, "0");
    echo_end_load(b);
    close(b->control);
}

/* Once the server listens. */
static inline void echo_start_load(struct echo_bench *b,
                                   const struct bench_args *args)
{
    char width[16], count[24];
    b->ops = args->count < args->width ? args->width : args->count;
    snprintf(width, sizeof width, "%u", args->width);
    snprintf(count, sizeof count, "%" PRIu64, b->ops);
    echo_run_load(b, b->cert[0] != '\0' ? "tls" : "plain", width, count);
}

static inline void echo_finish(struct echo_bench *b, struct bench_clock *clock)
{
    bench_stop(clock);
    echo_end_load(b);
    if (b->cert[0] != '\0')
        unlink(b->cert);
    bench_print(clock, b->ops);
}

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The publisher of the case "pubsub": a process of its own that has the server publish
 * messages of 16 bytes in a script, so that nothing but the subscriber is measured.
 */
#ifndef BENCH_REDIS_PUBLISH_H
#define BENCH_REDIS_PUBLISH_H

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

#define REDIS_PUBLISH_CHANNEL "bench:news"
enum { REDIS_PUBLISH_BATCH = 10000 };

static inline void redis_publish_command(int fd, const char *command)
{
    char reply[512];
    if (write(fd, command, strlen(command)) != (ssize_t)strlen(command) ||
        read(fd, reply, sizeof reply) <= 0 || reply[0] == '-')
        bench_fail("the publisher failed");
}

static inline void redis_publish_all(const char *path, uint64_t count)
{
    static const char script[] = "for i = 1, ARGV[1] do redis.call('PUBLISH', "
                                 "'" REDIS_PUBLISH_CHANNEL
                                 "', '0123456789abcdef') end return 1";
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char command[512], number[24];
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) != 0)
        bench_fail("the publisher cannot connect to %s", path);
    redis_publish_command(
        fd, "CONFIG SET client-output-buffer-limit \"pubsub 0 0 0\"\r\n");
    while (count > 0) {
        uint64_t n = count < REDIS_PUBLISH_BATCH ? count : REDIS_PUBLISH_BATCH;
        int digits = snprintf(number, sizeof number, "%llu", (unsigned long long)n);
        snprintf(command, sizeof command,
                 "*4\r\n$4\r\nEVAL\r\n$%zu\r\n%s\r\n$1\r\n0\r\n$%d\r\n%s\r\n",
                 sizeof script - 1, script, digits, number);
        redis_publish_command(fd, command);
        count -= n;
    }
    close(fd);
}

/* Starts it; to be called when the subscriber listens. */
BENCH_UNUSED static pid_t redis_publish_start(const char *path, uint64_t count)
{
    pid_t child = fork();
    if (child < 0)
        bench_fail("fork failed");
    if (child == 0) {
        redis_publish_all(path, count);
        _exit(0);
    }
    return child;
}

BENCH_UNUSED static void redis_publish_end(pid_t child)
{
    int status;
    if (waitpid(child, &status, 0) != child || status != 0)
        bench_fail("the publisher failed");
}

#endif

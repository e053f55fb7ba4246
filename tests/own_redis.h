/* SPDX-License-Identifier: MIT */
/*
 * A redis-server of the test's own, so that a test may flush, pause, configure or
 * kill it. It ends with the test's process, whatever happens.
 *
 *     struct own_redis server;
 *     if (!own_redis_start(&server, "a", (const char *[]){"--maxmemory", "1mb", NULL}))
 *         return;                       // not installed: a note is printed
 *     ... server.url ...
 *     own_redis_stop(&server);
 *
 * DIESEL_TEST_REDIS_SERVER names another program to run, such as valkey-server.
 */
#ifndef TESTS_OWN_REDIS_H
#define TESTS_OWN_REDIS_H

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "test_util.h"

struct own_redis {
    char path[108], url[128], folder[108];
    pid_t pid;
};

/* Whether somebody answers PING at the socket with something else than LOADING. */
static inline bool own_redis_answers(const struct own_redis *server)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char reply[64] = "";
    memcpy(address.sun_path, server->path, sizeof address.sun_path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool good = connect(fd, (struct sockaddr *)&address, sizeof address) == 0 &&
                write(fd, "PING\r\n", 6) == 6 &&
                read(fd, reply, sizeof reply - 1) > 0 &&
                strncmp(reply, "-LOADING", 8) != 0;
    close(fd);
    return good;
}

static inline void own_redis_await(struct own_redis *server)
{
    for (int tries = 0; !own_redis_answers(server); tries++) {
        ck_assert_msg(tries < 3000, "redis-server does not answer");
        ck_assert_int_eq(waitpid(server->pid, NULL, WNOHANG), 0);
        nanosleep(&(struct timespec){0, 10000000}, NULL);
    }
}

static inline void own_redis_exec(const struct own_redis *server,
                                  const char *program,
                                  const char *const *options)
{
    const char *argv[40] = {program,        "--port",      "0",
                            "--unixsocket", server->path,  "--dir",
                            server->folder, "--daemonize", "no"};
    size_t n = 9;
    while (options != NULL && *options != NULL && n < TEST_COUNT(argv) - 1)
        argv[n++] = *options++;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    int null = open("/dev/null", O_RDWR);
    dup2(null, STDIN_FILENO);
    dup2(null, STDOUT_FILENO);
    execvp(program, (char *const *)(uintptr_t)argv);
    _exit(127);
}

static inline const char *own_redis_program(void)
{
    const char *program = getenv("DIESEL_TEST_REDIS_SERVER");
    return program != NULL && program[0] != '\0' ? program : "redis-server";
}

static inline bool own_redis_installed(void)
{
    const char *program = own_redis_program();
    char command[512];
    snprintf(command, sizeof command, "command -v %s >/dev/null 2>&1", program);
    if (system(command) == 0)
        return true;
    fprintf(stderr, "skipped: %s is not installed\n", program);
    return false;
}

/* Starts it, or starts it again after own_redis_kill(). `name` tells several servers
 * of one test apart. The options end with NULL; by default nothing is saved. */
static inline bool own_redis_start(struct own_redis *server, const char *name,
                                   const char *const *options)
{
    static const char *const saves_nothing[] = {"--save", "", NULL};
    if (!own_redis_installed())
        return false;
    snprintf(server->path, sizeof server->path, "%s", test_path(name));
    snprintf(server->folder, sizeof server->folder, "%s", test_dir_path);
    snprintf(server->url, sizeof server->url, "unix://%s", server->path);
    server->pid = fork();
    ck_assert_int_ge(server->pid, 0);
    if (server->pid == 0)
        own_redis_exec(server, own_redis_program(),
                       options != NULL ? options : saves_nothing);
    own_redis_await(server);
    return true;
}

static inline void own_redis_kill(struct own_redis *server)
{
    kill(server->pid, SIGKILL);
    ck_assert_int_eq(waitpid(server->pid, NULL, 0), server->pid);
    unlink(server->path);
}

static inline void own_redis_stop(struct own_redis *server)
{
    own_redis_kill(server);
}

#endif

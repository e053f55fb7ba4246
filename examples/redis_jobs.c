/* SPDX-License-Identifier: MIT */
/* A queue whose jobs outlive their workers: redis_jobs starts a worker, kills it (as
 * kill -9 does) in the middle of a job, and lets another one do it. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <diesel/core.h>
#include <diesel/redis.h>
#include <diesel/redis_queue.h>

static const dredis_queue_options options = {.lease_ms = 500};

/* Takes one job and does it, or dies of it. */
static int work(void *arg)
{
    const char *careless = arg;
    diesel_error err;
    dredis_job job;
    int result = -1;
    dredis *redis = dredis_open(getenv("REDIS_URL"), NULL, &err);
    dredis_queue *queue =
        redis != NULL ? dredis_queue_open(redis, "example:jobs", &options, &err)
                      : NULL;
    if (queue != NULL &&
        (careless == NULL || dredis_queue_push(queue, "write a letter", &err) == 0) &&
        dredis_queue_take(queue, &job, DIESEL_FOREVER, &err) > 0) {
        printf("%s: %s\n", careless != NULL ? careless : "the other one", job.data);
        fflush(stdout);
        if (careless != NULL)
            raise(SIGKILL);
        result = dredis_queue_done(queue, &job, &err);
    }
    dredis_queue_close(queue);
    dredis_close(redis);
    return result < 0 ? diesel_fail(&err) : 0;
}

int main(int argc, char **argv)
{
    int status;
    if (argc > 1)
        return diesel_main(work, argv[1]);
    pid_t child = fork();
    if (child == 0) {
        execl("/proc/self/exe", argv[0], "the careless one", (char *)NULL);
        _exit(127);
    }
    if (child < 0 || waitpid(child, &status, 0) != child || !WIFSIGNALED(status))
        return 1;
    puts("which has been killed");
    return diesel_main(work, NULL);
}

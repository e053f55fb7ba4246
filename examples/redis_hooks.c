/* SPDX-License-Identifier: MIT */
/*
 * Hooks: the program looks at each command that its driver runs, and prints what
 * they cost together. What is written by way of example is not shown, only its key.
 *
 *     REDIS_URL=redis://localhost redis_hooks
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <diesel/core.h>
#include <diesel/redis.h>

enum { MOST = 8 };

struct cost {
    const char *command; /* static, as the driver says */
    unsigned calls, errors;
    size_t bytes;
    int64_t slowest_us;
    char slowest[80];
};

/* Runs in the fiber that called the driver, and must not switch. */
static void add_up(void *arg, const dredis_event *event)
{
    struct cost *cost = arg;
    size_t i = 0;
    while (i < MOST - 1 && cost[i].command != NULL &&
           strcmp(cost[i].command, event->command) != 0)
        i++;
    cost[i].command = event->command;
    cost[i].calls++;
    cost[i].errors += event->error != NULL;
    cost[i].bytes += event->sent + event->received;
    if (event->took_us >= cost[i].slowest_us) {
        cost[i].slowest_us = event->took_us;
        dredis_event_text(event, 0, cost[i].slowest, sizeof cost[i].slowest);
    }
}

static void use(dredis *redis, diesel_error *err)
{
    char key[32], *value;
    for (int i = 0; i < 100; i++) {
        snprintf(key, sizeof key, "example:hooks:%d", i);
        if (dredis_set(redis, key, "a secret", &(dredis_set_options){.ex = 60},
                       err) < 0 ||
            dredis_get(redis, key, &value, NULL, err) < 0)
            return;
        diesel_free(value);
    }
    dredis_reply *reply = dredis_call(redis, err, "LPUSH", key, "not a list");
    dredis_reply_free(reply); /* NULL: the hook has seen the error */
}

static int app(void *arg)
{
    diesel_error err;
    struct cost costs[MOST] = {{0}};
    dredis_hooks hooks = {.end = add_up, .arg = costs};
    (void)arg;
    dredis *redis =
        dredis_open(getenv("REDIS_URL"), &(dredis_options){.hooks = &hooks}, &err);
    if (redis == NULL)
        return diesel_fail(&err);
    use(redis, &err);
    for (size_t i = 0; i < MOST && costs[i].command != NULL; i++)
        printf("%-5s %3u calls, %u failed, %5zu bytes; the slowest, %" PRId64
               " us: %s\n",
               costs[i].command, costs[i].calls, costs[i].errors, costs[i].bytes,
               costs[i].slowest_us, costs[i].slowest);
    dredis_close(redis);
    return 0;
}

int main(void)
{
    return diesel_main(app, NULL);
}

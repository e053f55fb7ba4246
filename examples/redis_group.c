/* SPDX-License-Identifier: MIT */
/* A consumer group: two workers share a stream's entries; one entry that nobody can
 * handle ends as a dead letter. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <diesel/core.h>
#include <diesel/redis.h>
#include <diesel/redis_worker.h>

enum { ENTRIES = 10, WORKERS = 2 };

static dredis_worker *workers[WORKERS];
static int handled;

static int handle(void *arg, const dredis_entry *entry)
{
    const dredis_reply *text = dredis_entry_field(entry, "text");
    if (text == NULL || strcmp(text->str, "3") == 0)
        return -1; /* nobody can read that one */
    printf("%s has %s\n", (const char *)arg, text->str);
    handled++;
    return 0;
}

static int run(void *arg)
{
    diesel_error err;
    return dredis_worker_run(arg, &err) < 0 ? diesel_fail(&err) : 0;
}

static int work(dredis *redis, diesel_error *err)
{
    static const dredis_worker_options options = {.idle_ms = 10,
                                                  .claim_every_ms = 10,
                                                  .max_deliveries = 2,
                                                  .batch = 2,
                                                  .from_start = true};
    static char *const names[WORKERS] = {"ann", "bob"};
    diesel_scope *scope = diesel_scope_open(NULL);
    for (int i = 0; i < WORKERS; i++) {
        workers[i] = dredis_worker_new(redis, "example:mails", "senders", names[i],
                                       &options, handle, names[i], err);
        if (workers[i] != NULL)
            diesel_go(scope, run, workers[i]);
        else
            diesel_scope_cancel(scope);
    }
    while (diesel_sleep(10, err) == 0)
        if (handled >= ENTRIES - 1 && dredis_worker_stats_of(workers[0]).dead +
                                              dredis_worker_stats_of(workers[1]).dead > 0)
            break;
    for (int i = 0; i < WORKERS; i++)
        if (workers[i] != NULL)
            dredis_worker_stop(workers[i]);
    int result = diesel_scope_wait(scope, err);
    for (int i = 0; i < WORKERS; i++)
        dredis_worker_free(workers[i]);
    return result;
}

static int app(void *arg)
{
    diesel_error err;
    (void)arg;
    dredis *redis = dredis_open(getenv("REDIS_URL"), NULL, &err);
    if (redis == NULL)
        return diesel_fail(&err);
    dredis_reply_free(dredis_call(redis, NULL, "DEL", "example:mails"));
    for (int i = 0; i < ENTRIES; i++)
        dredis_reply_free(
            dredis_call(redis, NULL, "XADD", "example:mails", "*", "text", i));
    int result = work(redis, &err);
    printf("%d were handled\n", handled);
    dredis_close(redis);
    return result < 0 ? diesel_fail(&err) : 0;
}

int main(void)
{
    return diesel_main(app, NULL);
}

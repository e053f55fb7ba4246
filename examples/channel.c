/* SPDX-License-Identifier: MIT */
/*
 * A channel between producers and consumers.
 *
 * Three producers send numbers through a channel that holds four; two consumers
 * add them up. When the channel is full, producers wait; when it is empty,
 * consumers wait. The last word belongs to whoever knows that nothing more will
 * come: it closes the channel, and the consumers end.
 */
#include <stdio.h>

#include <diesel/core.h>

enum { PRODUCERS = 3, CONSUMERS = 2, NUMBERS = 1000, ROOM = 4 };

struct job {
    diesel_channel *numbers;
    long sum; /* of both consumers: fibers of one thread need no lock for it */
};

static int produce(void *arg)
{
    struct job *job = arg;
    diesel_error err;

    for (int i = 1; i <= NUMBERS; i++)
        if (diesel_channel_send(job->numbers, &i, DIESEL_FOREVER, &err) < 0)
            return diesel_fail(&err);
    return 0;
}

static int consume(void *arg)
{
    struct job *job = arg;
    diesel_error err;

    int i, got;
    while ((got = diesel_channel_recv(job->numbers, &i, DIESEL_FOREVER,
                                      &err)) > 0)
        job->sum += i;
    return got < 0 ? diesel_fail(&err) : 0;
}

static int app(void *arg)
{
    (void)arg;
    diesel_error err;

    struct job job = {.numbers = diesel_channel_new(sizeof(int), ROOM, &err)};
    if (job.numbers == NULL)
        return diesel_fail(&err);

    diesel_scope *consumers = diesel_scope_open(NULL);
    for (int i = 0; i < CONSUMERS; i++)
        diesel_go(consumers, consume, &job);

    /* Within the other scope: if a consumer fails, the producers are cancelled. */
    diesel_scope *producers = diesel_scope_open(NULL);
    for (int i = 0; i < PRODUCERS; i++)
        diesel_go(producers, produce, &job);
    int status = diesel_scope_wait(producers, &err);

    diesel_channel_close(job.numbers);
    if (diesel_scope_wait(consumers, status < 0 ? NULL : &err) < 0)
        status = -1;
    diesel_channel_free(job.numbers);
    if (status < 0)
        return diesel_fail(&err);

    printf("%d numbers add up to %ld\n", PRODUCERS * NUMBERS, job.sum);
    return 0;
}

int main(void)
{
    return diesel_main(app, NULL);
}

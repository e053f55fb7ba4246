/* SPDX-License-Identifier: MIT */
/*
 * A queue of jobs that outlives its workers: what one has taken and not finished when
 * it dies is given to another.
 *
 *     dredis_queue *q = dredis_queue_open(redis, "mails", NULL, &err);
 *     dredis_job job;
 *     while (dredis_queue_take(q, &job, DIESEL_FOREVER, &err) > 0) {
 *         send_mail(job.data, job.len);
 *         if (dredis_queue_done(q, &job, &err) < 0)
 *             ...
 *     }
 *     dredis_queue_close(q);
 *
 * A job is moved (LMOVE) from the list NAME to a list of the worker's own, and leaves
 * that when it is done. Each worker has a lease that it renews while it lives; when
 * one has run out, any other worker moves that one's jobs back. So each job is done at
 * least once, and twice if a worker died between doing it and saying so.
 *
 * In the server, for the queue q: q, {q}:workers, {q}:lease:ID, {q}:taken:ID.
 */
#ifndef DIESEL_REDIS_QUEUE_H
#define DIESEL_REDIS_QUEUE_H

#include <stddef.h>
#include <stdint.h>

#include <diesel/redis_client.h>
#include <diesel/time.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct dredis_queue dredis_queue;

/* Zero means the default. */
typedef struct dredis_queue_options {
    int64_t lease_ms; /* 30000: a worker that has not been heard of for so long is
                         dead                                                    */
} dredis_queue_options;

/* A worker of the queue; options may be NULL. The client is borrowed. Owned by the
 * caller: dredis_queue_close(). NULL: NOMEM, INVAL, and as dredis_call(). Switches
 * fibers. */
dredis_queue *dredis_queue_open(dredis *client, const char *name,
                                const dredis_queue_options *options,
                                diesel_error *err)
    __attribute__((warn_unused_result));

/* Gives the jobs back that have been taken and not finished, if the server can be
 * reached within a second, and frees it; jobs must be cleared before. Even in a
 * cancelled scope. NULL does nothing. Switches fibers. */
void dredis_queue_close(dredis_queue *queue);

/* Appends a job: 0, or -1 as dredis_call(). For those who only do that, RPUSH does the
 * same. Switches fibers. */
int dredis_queue_push_value(dredis_queue *queue, diesel_value job,
                            diesel_error *err)
    __attribute__((warn_unused_result));
#define dredis_queue_push(queue, job, err)                                     \
    dredis_queue_push_value((queue), DIESEL_VALUE(job), (err))

/* A job that has been taken. */
typedef struct dredis_job {
    const char *data; /* ends with a zero byte that len counts not; until done */
    size_t len;
    dredis_reply *reply; /* private, as are these */
    struct dredis_job *prev, *next;
} dredis_job;

/* Takes the next job into *job, which must not move until it is finished. 1; -1:
 * TIMEDOUT, CANCELLED, and as dredis_call(). Any number of fibers may. Switches
 * fibers. */
int dredis_queue_take(dredis_queue *queue, dredis_job *job, int64_t deadline,
                      diesel_error *err) __attribute__((warn_unused_result));

/* The job is done, or is to be done by somebody (at the queue's head again). The
 * memory of *job is freed also if it fails. 0; -1: as dredis_call(); CLOSED: another
 * worker has it, for our lease had run out. Switches fibers. */
int dredis_queue_done(dredis_queue *queue, dredis_job *job, diesel_error *err);
int dredis_queue_return(dredis_queue *queue, dredis_job *job, diesel_error *err);

/* Moves back the jobs of dead workers, which the workers do by themselves each third
 * of a lease: how many, or -1 as dredis_call(). Switches fibers. */
int64_t dredis_queue_recover(dredis_queue *queue, diesel_error *err)
    __attribute__((warn_unused_result));

#ifdef __cplusplus
}
#endif
#endif

/* SPDX-License-Identifier: MIT */
/*
 * Pools of threads inside: jobs, and who may touch them when. See workers.c.
 */
#ifndef DIESEL_WORKERS_INTERNAL_H
#define DIESEL_WORKERS_INTERNAL_H

#include <diesel/offload.h>

#include "inbox_internal.h"
#include "list_internal.h"

struct diesel__sched;

typedef enum diesel__job_state {
    DIESEL__JOB_QUEUED,
    DIESEL__JOB_RUNNING,
    DIESEL__JOB_DONE,    /* or refused: its letter is under way */
    DIESEL__JOB_GIVEN_UP /* nobody waits: the thread drops and frees it */
} diesel__job_state;

/* Everything but the first four belongs to the pool's lock. */
typedef struct diesel__job {
    diesel__letter letter; /* says to the fiber that it is done */
    diesel_thread *inbox;  /* of the fiber's thread */
    diesel_offload_fn *fn;
    void *arg;
    void (*drop)(void *arg);
    diesel__link link; /* in the queue */
    diesel__job_state state;
    int result;
    diesel_error error;
} diesel__job;

/* Puts a job into the queue and sees to a thread for it. 0, or -1: LIMIT, CLOSED,
 * FAILED. After success, diesel__job_leave() is due. */
int diesel__job_submit(diesel_workers *workers, diesel__job *job,
                       diesel_error *err);

/* For a fiber that does not want to wait any longer: takes the job out of the
 * queue if it is there still; else, if it runs and has a drop(), gives it up.
 * Returns the state that it was in; if that is DONE, or RUNNING without a drop(), its
 * letter will come. */
diesel__job_state diesel__job_give_up(diesel_workers *workers,
                                      diesel__job *job);

/* The job's share of the pool ends. */
void diesel__job_leave(diesel_workers *workers);

/* The process's own pool, which the scheduler then shares in until its end. */
diesel_workers *diesel__workers_default(struct diesel__sched *s,
                                        diesel_error *err);
void diesel__workers_leave(struct diesel__sched *s);

/* In a forked child: the process has no pool any more. */
void diesel__workers_forked(void);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Offloading: the fiber's side. It hands a job to a pool (workers.c) and parks; the
 * pool's thread sends a letter when it is done.
 *
 * A fiber whose wait is cut short asks the pool what has become of the job. If
 * it is under way and may not be given up, or is done, the fiber waits for the
 * letter, come what may: the job lies on its stack.
 */
#include <diesel/offload.h>

#include <diesel/memory.h>

#include "sched_internal.h"
#include "workers_internal.h"

struct wait {
    diesel__job *job; /* `own`, or on the heap if it may be given up */
    diesel__job own;
    diesel_fiber *fiber;
    bool told;
};

/* A job on the heap outlives the wait, but not while a letter is under way. */
struct heap_job {
    diesel__job job;
    struct wait *wait;
};

static void told(struct wait *wait)
{
    wait->told = true;
    diesel__wake(diesel__current, wait->fiber, 0);
}

static void deliver_own(diesel__letter *letter)
{
    diesel__job *job = DIESEL__HOLDER(letter, diesel__job, letter);
    told(DIESEL__HOLDER(job, struct wait, own));
}

static void deliver_heap(diesel__letter *letter)
{
    diesel__job *job = DIESEL__HOLDER(letter, diesel__job, letter);
    told(DIESEL__HOLDER(job, struct heap_job, job)->wait);
}

static const char for_thread[] = "a function on another thread";

/* Waits for the letter. 0; or what cut the wait short, and *was says what the job
 * was doing. */
static int wait_for_job(diesel__sched *s, diesel_workers *workers,
                        struct wait *wait, int64_t deadline,
                        diesel__job_state *was)
{
    *was = DIESEL__JOB_DONE;
    int woken = diesel__park(s, for_thread, diesel__deadline_ns(deadline));
    if (woken < 0 && !wait->told) {
        bool owned = wait->job != &wait->own; /* it may be gone after this: */
        *was = diesel__job_give_up(workers, wait->job);
        if (*was == DIESEL__JOB_QUEUED || (*was == DIESEL__JOB_RUNNING && owned))
            return woken;
    }
    while (!wait->told)
        diesel__suspend(s, for_thread);
    *was = DIESEL__JOB_DONE;
    return 0;
}

/* What the call returns, from a job that is done. */
static int outcome(const diesel__job *job, diesel_error *err)
{
    if (job->result < 0 && err != NULL)
        *err = job->error;
    return job->result;
}

/* Submits the job that `wait` is prepared with, and waits. */
static int offload(diesel__sched *s, diesel_workers *workers, struct wait *wait,
                   int64_t deadline, diesel__job_state *was, diesel_error *err)
{
    diesel__job *job = wait->job;
    *was = DIESEL__JOB_DONE;
    job->inbox = diesel__inbox_need(s, err);
    if (job->inbox == NULL)
        return -1;
    if (workers == NULL)
        workers = diesel__workers_default(s, err);
    if (workers == NULL || diesel__job_submit(workers, job, err) < 0)
        return -1;
    diesel__inbox_expect(job->inbox);
    int cut = wait_for_job(s, workers, wait, deadline, was);
    diesel__inbox_expect_no_more(s->inbox);
    if (*was != DIESEL__JOB_RUNNING) /* else the thread leaves for it */
        diesel__job_leave(workers);
    return cut < 0 ? diesel__park_failed(cut, for_thread, err)
                   : outcome(job, err);
}

/* Before all else: the error of a function that fills none. */
static void prepare(diesel__job *job, diesel_offload_fn *fn, void *arg)
{
    *job = (diesel__job){.fn = fn, .arg = arg};
    diesel__link_init(&job->link);
    diesel_error_set(&job->error, DIESEL_E_FAILED, DIESEL_DOM_CORE, 0,
                     "the offloaded function failed and gave no error");
}

int diesel_offload(diesel_workers *workers, diesel_offload_fn *fn, void *arg,
                   int64_t deadline, diesel_error *err)
{
    diesel__sched *s = diesel__sched_need("diesel_offload");
    if (diesel__is_cut(s))
        return diesel__cut(s, for_thread, err);
    struct wait wait = {.fiber = s->current};
    diesel__job_state was;
    wait.job = &wait.own;
    prepare(wait.job, fn, arg);
    wait.own.letter.deliver = deliver_own;
    return offload(s, workers, &wait, deadline, &was, err);
}

int diesel_offload_owned(diesel_workers *workers, diesel_offload_fn *fn,
                         void **arg, void (*drop)(void *arg), int64_t deadline,
                         diesel_error *err)
{
    diesel__sched *s = diesel__sched_need("diesel_offload_owned");
    struct heap_job *heap = diesel__is_cut(s) ? NULL : diesel_malloc(sizeof *heap);
    if (heap == NULL) {
        if (diesel__is_cut(s))
            return diesel__cut(s, for_thread, err);
        return diesel_error_nomem(err, "a function to be offloaded");
    }
    struct wait wait = {.fiber = s->current, .job = &heap->job};
    diesel__job_state was;
    prepare(&heap->job, fn, *arg);
    heap->job.drop = drop;
    heap->job.letter.deliver = deliver_heap;
    heap->wait = &wait;
    int result = offload(s, workers, &wait, deadline, &was, err);
    if (was == DIESEL__JOB_RUNNING) { /* both are the thread's now */
        *arg = NULL;
        return result;
    }
    if (was == DIESEL__JOB_QUEUED) {
        void *taken = *arg;
        *arg = NULL;
        drop(taken);
    }
    diesel_free(heap);
    return result;
}

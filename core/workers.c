/* SPDX-License-Identifier: MIT */
/*
 * A pool of threads, for offload.c.
 *
 * One lock guards the queue and the state of every job. A job that a fiber waits
 * for lies on that fiber's stack; when it is done, its letter is posted under the
 * lock, and the fiber takes the lock once more before it leaves, so the thread
 * has let go of the job by then. A job that was given up lies on the heap, and the
 * thread that ran it frees it.
 *
 * Threads are detached. The pool's memory goes with the last thread or job that
 * uses it after diesel_workers_free(). The process's own pool is freed by the last
 * scheduler that shares in it, which then waits until the idle threads have left,
 * so that a program ends without threads, except such as are stuck in functions
 * that were given up.
 */
#include "sys_internal.h"
#include "workers_internal.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>

#include <diesel/memory.h>

#include "fork_internal.h"
#include "sched_internal.h"

#define DEFAULT_THREADS 8

struct diesel_workers {
    pthread_mutex_t lock;
    pthread_cond_t work; /* there is a job, or the end           */
    pthread_cond_t gone; /* a thread has left                    */
    diesel__link queue;
    size_t queued, limit;
    size_t alive, running, most; /* threads */
    size_t jobs;   /* that have not left                          */
    bool ending;   /* diesel_workers_free() was called            */
    bool awaited;  /* by the scheduler that has freed it          */
    unsigned born; /* diesel__forks at that time                  */
    char name[16];
};

diesel_workers *diesel_workers_new(const diesel_workers_options *options,
                                   diesel_error *err)
{
    static const diesel_workers_options none;
    if (options == NULL)
        options = &none;
    diesel_workers *workers = diesel_calloc(1, sizeof *workers);
    if (workers == NULL) {
        diesel_error_nomem(err, "a pool of threads");
        return NULL;
    }
    pthread_mutex_init(&workers->lock, NULL);
    pthread_cond_init(&workers->work, NULL);
    pthread_cond_init(&workers->gone, NULL);
    diesel__link_init(&workers->queue);
    workers->most = options->threads > 0 ? options->threads : DEFAULT_THREADS;
    workers->limit = options->queue_limit;
    workers->born = diesel__forks;
    snprintf(workers->name, sizeof workers->name, "%s",
             options->name != NULL ? options->name : "diesel");
    return workers;
}

/* Unlocks it; frees it if nothing uses it any more. */
static void unlock(diesel_workers *workers)
{
    bool last = workers->ending && workers->alive == 0 && workers->jobs == 0 &&
                !workers->awaited;
    pthread_mutex_unlock(&workers->lock);
    if (!last)
        return;
    pthread_mutex_destroy(&workers->lock);
    pthread_cond_destroy(&workers->work);
    pthread_cond_destroy(&workers->gone);
    diesel_free(workers);
}

static diesel__job *take_job(diesel_workers *workers)
{
    diesel__job *job = DIESEL__HOLDER(workers->queue.next, diesel__job, link);
    diesel__link_remove(&job->link);
    workers->queued--;
    return job;
}

static void tell(diesel__job *job)
{
    job->state = DIESEL__JOB_DONE;
    diesel__inbox_post(job->inbox, &job->letter);
}

/* Runs a job, with the lock on entry and on return. */
static void run_job(diesel_workers *workers, diesel__job *job)
{
    job->state = DIESEL__JOB_RUNNING;
    workers->running++;
    pthread_mutex_unlock(&workers->lock);
    int result = job->fn(job->arg, &job->error);
    pthread_mutex_lock(&workers->lock);
    if (job->state == DIESEL__JOB_GIVEN_UP) {
        pthread_mutex_unlock(&workers->lock);
        job->drop(job->arg);
        diesel_free(job);
        pthread_mutex_lock(&workers->lock);
        workers->jobs--;
    } else {
        job->result = result;
        tell(job);
    }
    workers->running--;
}

static void *work(void *arg)
{
    diesel_workers *workers = arg;
    pthread_setname_np(pthread_self(), workers->name);
    pthread_mutex_lock(&workers->lock);
    for (;;) {
        while (workers->queued > 0)
            run_job(workers, take_job(workers));
        if (workers->ending)
            break;
        pthread_cond_wait(&workers->work, &workers->lock);
    }
    workers->alive--;
    pthread_cond_broadcast(&workers->gone);
    unlock(workers);
    return NULL;
}

/* Starts one more thread, with the lock held. An errno. */
static int start_thread(diesel_workers *workers)
{
    pthread_attr_t attr;
    pthread_t id;
    sigset_t all, before;
    int errnum = pthread_attr_init(&attr);
    if (errnum != 0)
        return errnum;
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    errnum = diesel__sys.pthread_create(&id, &attr, work, workers);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attr);
    if (errnum == 0)
        workers->alive++;
    return errnum;
}

/* Whether the job may enter, with the lock held. */
static int check_room(diesel_workers *workers, diesel_error *err)
{
    if (workers->ending)
        return diesel_error_set(err, DIESEL_E_CLOSED, DIESEL_DOM_CORE, 0,
                                "the pool of threads has been freed");
    size_t free = workers->alive - workers->running;
    if (workers->queued < free)
        return 0;
    if (workers->alive == workers->most) {
        size_t waiting = workers->queued - free;
        if (workers->limit == 0 || waiting < workers->limit)
            return 0;
        return diesel_error_set(err, DIESEL_E_LIMIT, DIESEL_DOM_CORE, 0,
                                "%zu calls wait for a thread already", waiting);
    }
    int errnum = start_thread(workers);
    if (errnum == 0 || workers->alive > 0)
        return 0;
    return diesel_error_set(err, DIESEL_E_LIMIT, DIESEL_DOM_SYS, errnum,
                            "no thread could be started");
}

int diesel__job_submit(diesel_workers *workers, diesel__job *job,
                       diesel_error *err)
{
    if (workers->born != diesel__forks)
        return diesel_error_set(err, DIESEL_E_FAILED, DIESEL_DOM_CORE, 0,
                                "the process was forked, and the pool of "
                                "threads is its parent's");
    pthread_mutex_lock(&workers->lock);
    int result = check_room(workers, err);
    if (result == 0) {
        job->state = DIESEL__JOB_QUEUED;
        diesel__list_append(&workers->queue, &job->link);
        workers->queued++;
        workers->jobs++;
        pthread_cond_signal(&workers->work);
    }
    unlock(workers);
    return result;
}

diesel__job_state diesel__job_give_up(diesel_workers *workers, diesel__job *job)
{
    pthread_mutex_lock(&workers->lock);
    diesel__job_state state = job->state;
    if (state == DIESEL__JOB_QUEUED) {
        diesel__link_remove(&job->link);
        workers->queued--;
    } else if (state == DIESEL__JOB_RUNNING && job->drop != NULL) {
        job->state = DIESEL__JOB_GIVEN_UP;
    }
    pthread_mutex_unlock(&workers->lock);
    return state;
}

void diesel__job_leave(diesel_workers *workers)
{
    pthread_mutex_lock(&workers->lock);
    workers->jobs--;
    unlock(workers);
}

/* No more jobs; those in the queue are refused. With the lock held. */
static void end_pool(diesel_workers *workers)
{
    workers->ending = true;
    while (workers->queued > 0) {
        diesel__job *job = take_job(workers);
        job->result = -1;
        diesel_error_set(&job->error, DIESEL_E_CLOSED, DIESEL_DOM_CORE, 0,
                         "the pool of threads has been freed");
        tell(job);
    }
    pthread_cond_broadcast(&workers->work);
}

void diesel_workers_free(diesel_workers *workers)
{
    if (workers == NULL)
        return;
    if (workers->born != diesel__forks) { /* its threads are not here */
        diesel_free(workers);
        return;
    }
    pthread_mutex_lock(&workers->lock);
    end_pool(workers);
    unlock(workers);
}

/* --- The process's own pool */

static struct {
    pthread_mutex_t lock;
    diesel_workers *pool;
    size_t shares; /* schedulers */
} own = {.lock = PTHREAD_MUTEX_INITIALIZER};

diesel_workers *diesel__workers_default(diesel__sched *s, diesel_error *err)
{
    if (s->workers != NULL)
        return s->workers;
    pthread_mutex_lock(&own.lock);
    if (own.pool == NULL)
        own.pool = diesel_workers_new(NULL, err);
    if (own.pool != NULL) {
        own.shares++;
        s->workers = own.pool;
    }
    pthread_mutex_unlock(&own.lock);
    return s->workers;
}

/* Frees the pool, and returns when its idle threads have left. */
static void free_own(diesel_workers *workers)
{
    pthread_mutex_lock(&workers->lock);
    workers->awaited = true;
    end_pool(workers);
    while (workers->alive > workers->running)
        pthread_cond_wait(&workers->gone, &workers->lock);
    workers->awaited = false;
    unlock(workers);
}

void diesel__workers_leave(diesel__sched *s)
{
    if (s->workers == NULL)
        return;
    pthread_mutex_lock(&own.lock);
    diesel_workers *last = --own.shares == 0 ? own.pool : NULL;
    if (last != NULL)
        own.pool = NULL;
    pthread_mutex_unlock(&own.lock);
    s->workers = NULL;
    if (last != NULL)
        free_own(last);
}

void diesel__workers_forked(void)
{
    pthread_mutex_init(&own.lock, NULL);
    own.pool = NULL;
    own.shares = 0;
}

/* SPDX-License-Identifier: MIT */
/*
 * The same function on several threads, each with a scheduler.
 *
 * A stop is a letter that each member has in itself, so that it needs no memory. It
 * is sent once, to those who have said where they are; the others see the flag
 * when they come to say so. Both happen under the lock.
 */
#include <diesel/threads.h>

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

#include <diesel/memory.h>
#include <diesel/scope.h>

#include "inbox_internal.h"
#include "list_internal.h"
#include "sched_internal.h"
#include "sys_internal.h"

struct group;

struct member {
    struct group *group;
    int index;
    pthread_t id;
    diesel_scope *scope; /* around fn, its thread's own; NULL: not in fn */
    diesel_thread *thread; /* under the lock; NULL: not in fn */
    diesel__letter stop;
};

struct group {
    pthread_mutex_t lock;
    diesel_thread_fn *fn;
    void *arg;
    diesel_run_threads_options options;
    bool stopping, failed; /* under the lock */
    diesel_error first;    /* of those that failed */
    struct member members[];
};

static __thread struct group *here;

/* --- CPUs. */

int diesel_cpu_count(void)
{
    cpu_set_t set;
    if (diesel__sys.sched_getaffinity(0, sizeof set, &set) == 0 &&
        CPU_COUNT(&set) > 0)
        return CPU_COUNT(&set);
    long online = sysconf(_SC_NPROCESSORS_ONLN); /* more than the set can hold */
    return online > 0 ? (int)online : 1;
}

/* The n-th of the set, counted round and round. */
static int pick_cpu(const cpu_set_t *set, int n)
{
    n %= CPU_COUNT(set);
    for (int cpu = 0;; cpu++)
        if (CPU_ISSET(cpu, set) && n-- == 0)
            return cpu;
}

/* Binds the calling thread, which may run on `allowed`, to one CPU of them. */
static int pin(const cpu_set_t *allowed, int index, diesel_error *err)
{
    cpu_set_t one;
    int cpu = pick_cpu(allowed, index);
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    if (diesel__sys.sched_setaffinity(0, sizeof one, &one) == 0)
        return 0;
    return diesel_error_sys(err, errno, "binding a thread to CPU %d", cpu);
}

/* --- Stopping. */

static void deliver_stop(diesel__letter *letter)
{
    struct member *m = DIESEL__HOLDER(letter, struct member, stop);
    diesel_scope_cancel(m->scope);
}

/* Under the lock; `count` members have a thread. */
static void stop(struct group *group)
{
    if (group->stopping)
        return;
    group->stopping = true;
    for (struct member *m = group->members; m->group != NULL; m++)
        if (m->thread != NULL)
            diesel__inbox_post(m->thread, &m->stop);
}

void diesel_stop_threads(void)
{
    if (here == NULL)
        return;
    pthread_mutex_lock(&here->lock);
    stop(here);
    pthread_mutex_unlock(&here->lock);
}

/* --- A member. */

/* Being cancelled by a stop is none. */
static void note_end(struct member *m, diesel_error *why)
{
    struct group *group = m->group;
    if (group->options.errors != NULL)
        group->options.errors[m->index] = *why;
    pthread_mutex_lock(&group->lock);
    bool stopped = group->stopping && why->code == DIESEL_E_CANCELLED;
    if (!stopped && !group->failed) {
        group->failed = true;
        group->first = *why;
        diesel_error_prefix(&group->first, "thread %d", m->index);
    }
    if (!stopped)
        stop(group);
    pthread_mutex_unlock(&group->lock);
}

/* Says where it is, and learns whether it has been stopped already. */
static void enter(struct member *m, diesel_thread *thread)
{
    pthread_mutex_lock(&m->group->lock);
    m->thread = thread;
    bool stopping = m->group->stopping;
    pthread_mutex_unlock(&m->group->lock);
    if (stopping)
        diesel_scope_cancel(m->scope);
}

static void leave(struct member *m)
{
    pthread_mutex_lock(&m->group->lock);
    diesel_thread *thread = m->thread;
    m->thread = NULL;
    pthread_mutex_unlock(&m->group->lock);
    diesel_thread_free(thread);
}

/* The letter may come after fn has ended: the scope's end is this fiber's. */
static int first_fiber(void *arg)
{
    struct member *m = arg;
    diesel_error err;
    diesel_thread *thread = diesel_thread_here(&err);
    if (thread == NULL)
        return diesel_fail(&err);
    m->scope = diesel_scope_open(NULL);
    if (m->scope == NULL) {
        diesel_thread_free(thread);
        diesel_error_nomem(&err, "a scope");
        return diesel_fail(&err);
    }
    enter(m, thread);
    int result = m->group->fn(m->index, m->group->arg);
    leave(m);
    diesel_scope *scope = m->scope;
    m->scope = NULL;
    (void)diesel_scope_wait(scope, NULL);
    return result;
}

static void run_member(struct member *m, const cpu_set_t *allowed)
{
    diesel_error err = {0};
    here = m->group;
    if ((m->group->options.pin && pin(allowed, m->index, &err) < 0) ||
        diesel_run(first_fiber, m, m->group->options.each, &err) < 0)
        note_end(m, &err);
    here = NULL;
}

static void *run_thread(void *arg)
{
    struct member *m = arg;
    cpu_set_t allowed;
    if (m->group->options.pin &&
        diesel__sys.sched_getaffinity(0, sizeof allowed, &allowed) < 0) {
        diesel_error err;
        diesel_error_sys(&err, errno, "the CPUs that may be used");
        note_end(m, &err);
        return NULL;
    }
    run_member(m, &allowed);
    return NULL;
}

/* --- All of them. */

/* The threads but for the calling one; how many have been started, with it. */
static int start_all(struct group *group, int count)
{
    int started = 1;
    for (; started < count; started++) {
        struct member *m = &group->members[started];
        int errnum = diesel__sys.pthread_create(&m->id, NULL, run_thread, m);
        if (errnum == 0)
            continue;
        diesel_error err;
        diesel_error_set(&err, errnum == ENOMEM ? DIESEL_E_NOMEM : DIESEL_E_LIMIT,
                         DIESEL_DOM_SYS, errnum, "starting it: %s",
                         strerror(errnum));
        note_end(m, &err);
        break;
    }
    return started;
}

static void run_all(struct group *group, int count)
{
    cpu_set_t before;
    bool bound = group->options.pin &&
                 diesel__sys.sched_getaffinity(0, sizeof before, &before) == 0;
    int started = start_all(group, count);
    if (started == count)
        run_thread(&group->members[0]);
    for (int i = 1; i < started; i++)
        pthread_join(group->members[i].id, NULL);
    if (bound)
        (void)diesel__sys.sched_setaffinity(0, sizeof before, &before);
}

static struct group *make_group(int count, diesel_thread_fn *fn, void *arg)
{
    size_t bytes;
    struct group *group = NULL;
    if (!__builtin_mul_overflow((size_t)count + 1, sizeof(struct member), &bytes) &&
        !__builtin_add_overflow(bytes, sizeof *group, &bytes))
        group = diesel_calloc(1, bytes);
    if (group == NULL)
        return NULL;
    pthread_mutex_init(&group->lock, NULL);
    group->fn = fn;
    group->arg = arg;
    for (int i = 0; i < count; i++) /* one more, without a group, is the end */
        group->members[i] = (struct member){
            .group = group, .index = i, .stop.deliver = deliver_stop};
    return group;
}

int diesel_run_threads(int count, diesel_thread_fn *fn, void *arg,
                       const diesel_run_threads_options *options,
                       diesel_error *err)
{
    if (count < 0)
        return diesel_error_set(err, DIESEL_E_INVAL, DIESEL_DOM_CORE, 0,
                                "%d threads", count);
    if (diesel__current != NULL)
        return diesel_error_set(err, DIESEL_E_BUSY, DIESEL_DOM_CORE, 0,
                                "this thread has a scheduler already");
    if (count == 0)
        count = diesel_cpu_count();
    struct group *group = make_group(count, fn, arg);
    if (group == NULL)
        return diesel_error_nomem(err, "threads");
    if (options != NULL)
        group->options = *options;
    if (group->options.errors != NULL)
        memset(group->options.errors, 0, (size_t)count * sizeof *err);
    run_all(group, count);
    bool failed = group->failed;
    if (failed && err != NULL)
        *err = group->first;
    pthread_mutex_destroy(&group->lock);
    diesel_free(group);
    return failed ? -1 : 0;
}

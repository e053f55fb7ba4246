/* SPDX-License-Identifier: MIT */
/*
 * Read-write locks. Readers and writers wait in one queue, so a reader that comes
 * after a waiting writer does not overtake it, and no writer starves.
 *
 * Whenever something changes, the queue is served from its head: so many readers as
 * stand there, or one writer. A waiter that has been cancelled may still stand there
 * and hold up those behind it; when it leaves, it serves them.
 */
#include <diesel/sync.h>

#include "wait_internal.h"

static const char for_reading[] = "a lock for reading";
static const char for_writing[] = "a lock for writing";
static char writer_mark; /* a waiting writer's item */

static bool may_enter(const diesel_rwlock *lock, bool writing)
{
    return lock->writer == NULL && (!writing || lock->readers == 0);
}

static void enter(diesel_rwlock *lock, diesel_fiber *fiber, bool writing)
{
    if (writing)
        lock->writer = fiber;
    else
        lock->readers++;
}

static void serve(diesel__sched *s, diesel_rwlock *lock)
{
    diesel__link *queue = diesel__queue(&lock->waiters);
    while (!diesel__list_is_empty(queue)) {
        diesel_waiter *head = DIESEL__HOLDER(queue->next, diesel_waiter, link);
        bool writing = head->item != NULL;
        if (!may_enter(lock, writing))
            return;
        head = diesel__wake_head(s, queue, 0, 0);
        if (head != NULL)
            enter(lock, diesel__waiter_fiber(head), writing);
    }
}

/* Whether the running fiber is let in at once. */
static bool take(diesel__sched *s, diesel_rwlock *lock, bool writing)
{
    if (lock->writer == s->current)
        diesel__misused("a lock is taken by the fiber that writes under it");
    if (!diesel__list_is_empty(diesel__queue(&lock->waiters)) ||
        !may_enter(lock, writing))
        return false;
    enter(lock, s->current, writing);
    return true;
}

static int acquire(diesel_rwlock *lock, bool writing, int64_t deadline,
                   diesel_error *err)
{
    diesel__sched *s = diesel__sched_need("diesel_rwlock");
    const char *what = writing ? for_writing : for_reading;
    if (diesel__is_cut(s))
        return diesel__cut(s, what, err);
    if (take(s, lock, writing))
        return 0;
    int result = diesel__wait_for(&lock->waiters, writing ? &writer_mark : NULL,
                                  what, deadline, err);
    if (result < 0)
        serve(s, lock);
    return result;
}

int diesel_rwlock_read(diesel_rwlock *lock, int64_t deadline, diesel_error *err)
{
    return acquire(lock, false, deadline, err);
}

int diesel_rwlock_write(diesel_rwlock *lock, int64_t deadline, diesel_error *err)
{
    return acquire(lock, true, deadline, err);
}

void diesel_rwlock_unlock(diesel_rwlock *lock)
{
    diesel__sched *s = diesel__sched_need("diesel_rwlock_unlock");
    if (lock->writer == s->current && s->current != NULL)
        lock->writer = NULL;
    else if (lock->writer == NULL && lock->readers > 0)
        lock->readers--;
    else
        diesel__misused("a read-write lock is unlocked that is not held");
    serve(s, lock);
}

/* --- In a select. */

static bool poll(diesel_case *c)
{
    c->result = 0;
    return take(diesel__current, c->object, c->item != NULL);
}

static int enlist(diesel_case *c, diesel_error *err)
{
    (void)err;
    diesel_rwlock *lock = c->object;
    diesel_cases_append(&lock->waiters, c);
    return 0;
}

/* If it was not let in, it may have held up those behind it. */
static void withdraw(diesel_case *c)
{
    diesel_cases_remove(c);
    serve(diesel__current, c->object);
}

static const diesel_waitable on_read = {for_reading, poll, enlist, withdraw};
static const diesel_waitable on_write = {for_writing, poll, enlist, withdraw};

diesel_case diesel_case_rwlock_read(diesel_rwlock *lock)
{
    return (diesel_case){.on = &on_read, .object = lock};
}

diesel_case diesel_case_rwlock_write(diesel_rwlock *lock)
{
    return (diesel_case){.on = &on_write, .object = lock, .item = &writer_mark};
}

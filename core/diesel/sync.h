/* SPDX-License-Identifier: MIT */
/*
 * Synchronisation between the fibers of one thread: event, countdown, mutex,
 * read-write lock, semaphore, condition, once, and locks by name.
 *
 *     static diesel_mutex mutex;              // all zero: ready for use
 *     if (diesel_mutex_lock(&mutex, DIESEL_FOREVER, &err) < 0)
 *         return diesel_fail(&err);
 *     ...                                     // may switch fibers
 *     diesel_mutex_unlock(&mutex);
 *
 * Between two switches a fiber has its thread for itself and needs none of this.
 *
 * The structs lie in the caller's memory and begin as all zero; their fields are
 * private. They must not be moved, nor go away, while a fiber waits on them.
 * Nothing is allocated (but for locks by name).
 *
 * Everything is first come, first served: what is set free is handed to who has
 * waited longest, so nobody can overtake. Who was cancelled or has timed out is
 * passed over.
 *
 * Waiting calls return 0, or -1: TIMEDOUT, CANCELLED, NOMEM (for a timer); then
 * they hold nothing. They switch fibers only if they must wait, and check for
 * cancellation always. With DIESEL_NOW they only try. All other calls here
 * never switch fibers.
 */
#ifndef DIESEL_SYNC_H
#define DIESEL_SYNC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <diesel/error.h>
#include <diesel/fiber.h>
#include <diesel/select.h>
#include <diesel/time.h>

#ifdef __cplusplus
extern "C" {
#endif

#define DIESEL_MAY_FAIL __attribute__((warn_unused_result))

/* --- Event: something that happens once, or until it is reset. */

typedef struct diesel_event {
    diesel_link waiters;
    bool set;
} diesel_event;

/* Wakes all who wait; who waits later does not have to. May be called outside
 * fibers. */
void diesel_event_set(diesel_event *event);
void diesel_event_reset(diesel_event *event);
bool diesel_event_is_set(const diesel_event *event);
int diesel_event_wait(diesel_event *event, int64_t deadline,
                      diesel_error *err) DIESEL_MAY_FAIL;
/* In a select: the event is set. result: 0. */
diesel_case diesel_case_event(diesel_event *event);

/* --- Countdown: waits until a number of things are done. */

typedef struct diesel_countdown {
    diesel_event zero;
    size_t count;
} diesel_countdown;

/* n more to be done; n done. To do more than there was aborts the program. Both
 * may be called outside fibers. */
void diesel_countdown_add(diesel_countdown *countdown, size_t n);
void diesel_countdown_done(diesel_countdown *countdown, size_t n);
/* Waits until nothing is left; at once if there was nothing. */
int diesel_countdown_wait(diesel_countdown *countdown, int64_t deadline,
                          diesel_error *err) DIESEL_MAY_FAIL;
diesel_case diesel_case_countdown(diesel_countdown *countdown);

/* --- Mutex: one fiber at a time. */

typedef struct diesel_mutex {
    diesel_link waiters;
    diesel_fiber *owner;
} diesel_mutex;

/* Not recursive: to lock it again, and to unlock what another fiber has locked,
 * aborts the program. A fiber unlocks what it has locked also when it was
 * cancelled meanwhile. */
int diesel_mutex_lock(diesel_mutex *mutex, int64_t deadline,
                      diesel_error *err) DIESEL_MAY_FAIL;
void diesel_mutex_unlock(diesel_mutex *mutex);
/* In a select: it is locked, by this fiber. result: 0. */
diesel_case diesel_case_mutex(diesel_mutex *mutex);

/* --- Read-write lock: many readers, or one writer. A reader that comes after a
 * waiting writer waits behind it. */

typedef struct diesel_rwlock {
    diesel_link waiters;
    size_t readers;
    diesel_fiber *writer;
} diesel_rwlock;

int diesel_rwlock_read(diesel_rwlock *lock, int64_t deadline,
                       diesel_error *err) DIESEL_MAY_FAIL;
int diesel_rwlock_write(diesel_rwlock *lock, int64_t deadline,
                        diesel_error *err) DIESEL_MAY_FAIL;
/* Ends the running fiber's reading or writing. What is not locked aborts the
 * program. */
void diesel_rwlock_unlock(diesel_rwlock *lock);
/* In a select: it is locked, for reading or writing, by this fiber. result: 0. */
diesel_case diesel_case_rwlock_read(diesel_rwlock *lock);
diesel_case diesel_case_rwlock_write(diesel_rwlock *lock);

/* --- Semaphore: up to `count` at a time. */

typedef struct diesel_semaphore {
    diesel_link waiters;
    size_t count; /* to be taken; set it before use */
} diesel_semaphore;

int diesel_semaphore_take(diesel_semaphore *semaphore, int64_t deadline,
                          diesel_error *err) DIESEL_MAY_FAIL;
/* By any fiber, and outside fibers. */
void diesel_semaphore_give(diesel_semaphore *semaphore);
/* In a select: one was taken. result: 0. */
diesel_case diesel_case_semaphore(diesel_semaphore *semaphore);

/* --- Condition: waits, without the mutex, until somebody says that something has
 * changed. What it waits for is to be looked at again then. */

typedef struct diesel_condition {
    diesel_link waiters;
} diesel_condition;

/* The running fiber holds the mutex; it does so again when this returns, also on
 * failure, for which it may have to wait even if it was cancelled. Always
 * switches fibers, unless it fails at once. */
int diesel_condition_wait(diesel_condition *condition, diesel_mutex *mutex,
                          int64_t deadline, diesel_error *err) DIESEL_MAY_FAIL;
/* Wakes who has waited longest, if anybody does; or all. May be called outside
 * fibers. */
void diesel_condition_signal(diesel_condition *condition);
void diesel_condition_broadcast(diesel_condition *condition);
/* In a select: somebody has said so while the select waited; never at once. No mutex
 * is touched, and none may be held that the other side needs: look at what is waited for
 * right before the select, without a switch between. result: 0. */
diesel_case diesel_case_condition(diesel_condition *condition);

/* --- Once: the first who comes does it, all others wait until it is done. */

typedef struct diesel_once {
    diesel_mutex mutex;
    bool done;
} diesel_once;

/* Calls fn(arg, err), which may switch fibers, unless a call has gone well
 * before. If it returns a negative number the next one tries again. 0, or -1 with
 * the error of fn or of waiting. */
int diesel_once_run(diesel_once *once, int (*fn)(void *arg, diesel_error *err),
                    void *arg, int64_t deadline,
                    diesel_error *err) DIESEL_MAY_FAIL;

/* --- Locks by name: a mutex for each key that is in use. */

typedef struct diesel_locks diesel_locks;

/* Owned by the caller, freed with diesel_locks_free(): nothing may be locked then,
 * else the program aborts. NULL: NOMEM. */
diesel_locks *diesel_locks_new(diesel_error *err);
void diesel_locks_free(diesel_locks *locks);
/* The key has `size` bytes, and is copied. As with a mutex; NOMEM too. */
int diesel_locks_lock(diesel_locks *locks, const void *key, size_t size,
                      int64_t deadline, diesel_error *err) DIESEL_MAY_FAIL;
void diesel_locks_unlock(diesel_locks *locks, const void *key, size_t size);
/* How many keys are locked or waited for. */
size_t diesel_locks_count(const diesel_locks *locks);

#undef DIESEL_MAY_FAIL

#ifdef __cplusplus
}
#endif
#endif

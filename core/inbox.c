/* SPDX-License-Identifier: MIT */
/*
 * The inbox: a lock-free stack that many threads push letters onto, and that the
 * scheduler takes as a whole and turns round; so there is no popping of single
 * letters and none of its trouble. An eventfd wakes the loop: whoever puts the
 * first letter on an empty stack writes to it, so a burst costs one write.
 *
 * Two counts: `shares` keeps the memory, and is the scheduler's one plus the
 * handles; `senders` is the handles, plus the fibers of this scheduler that wait
 * for a letter. While `senders` is 0, nothing can come, and the watch of the
 * eventfd does not keep the loop from finding a deadlock (loop.c asks
 * diesel__inbox_is_idle()). So the last handle to go wakes the loop, too.
 *
 * A stack that is closed has the address of `closed` for its top.
 */
#include "inbox_internal.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdint.h>
#include <unistd.h>

#include <diesel/memory.h>

#include "fork_internal.h"
#include "loop_internal.h"
#include "sched_internal.h"
#include "sys_internal.h"

struct diesel_thread {
    _Atomic(diesel__letter *) top;
    atomic_size_t shares;
    atomic_size_t senders;
    int fd;
    unsigned born; /* diesel__forks at that time: which process it is of */
    diesel__sched *sched;
    diesel__watch *watch;
};

static diesel__letter closed;

static void ring(diesel_thread *inbox)
{
    uint64_t one = 1;
    ssize_t n;
    do /* EAGAIN: so many have rung that it will be heard anyway */
        n = diesel__sys.write(inbox->fd, &one, sizeof one);
    while (n < 0 && errno == EINTR);
}

/* Hands out what was taken off the stack, oldest first. */
static void deliver_all(diesel__letter *top)
{
    diesel__letter *oldest = NULL;
    while (top != NULL) {
        diesel__letter *next = top->next;
        top->next = oldest;
        oldest = top;
        top = next;
    }
    while (oldest != NULL) {
        diesel__letter *next = oldest->next;
        oldest->deliver(oldest);
        oldest = next;
    }
}

static void on_ring(void *arg, unsigned what)
{
    (void)what;
    diesel_thread *inbox = arg;
    uint64_t count;
    ssize_t n;
    do
        n = diesel__sys.read(inbox->fd, &count, sizeof count);
    while (n < 0 && errno == EINTR);
    if (atomic_load_explicit(&inbox->top, memory_order_relaxed) == &closed)
        return;
    deliver_all(
        atomic_exchange_explicit(&inbox->top, NULL, memory_order_acquire));
}

diesel_thread *diesel__inbox_hold(diesel_thread *inbox)
{
    atomic_fetch_add_explicit(&inbox->shares, 1, memory_order_relaxed);
    return inbox;
}

void diesel__inbox_drop(diesel_thread *inbox)
{
    if (atomic_fetch_sub(&inbox->shares, 1) != 1)
        return;
    diesel__sys.close(inbox->fd);
    diesel_free(inbox);
}

static diesel_thread *make(diesel__sched *s, diesel_error *err)
{
    diesel_thread *inbox = diesel_calloc(1, sizeof *inbox);
    if (inbox == NULL) {
        diesel_error_nomem(err, "a thread's inbox");
        return NULL;
    }
    inbox->sched = s;
    inbox->born = diesel__forks;
    atomic_init(&inbox->top, NULL);
    atomic_init(&inbox->shares, 1);
    atomic_init(&inbox->senders, 0);
    inbox->fd = diesel__sys.eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (inbox->fd < 0) {
        diesel_error_sys(err, errno, "making a thread's inbox");
        goto fail_inbox;
    }
    inbox->watch = diesel__watch_open(s, inbox->fd, on_ring, inbox, err);
    if (inbox->watch == NULL)
        goto fail_fd;
    return inbox;

fail_fd:
    diesel__sys.close(inbox->fd);
fail_inbox:
    diesel_free(inbox);
    return NULL;
}

diesel_thread *diesel__inbox_need(diesel__sched *s, diesel_error *err)
{
    if (s->inbox == NULL) {
        s->inbox = make(s, err);
    } else if (s->inbox->watch == NULL) {
        diesel_error_set(err, DIESEL_E_CLOSED, DIESEL_DOM_CORE, 0,
                         "the thread's scheduler is ending");
        return NULL;
    }
    return s->inbox;
}

bool diesel__inbox_post(diesel_thread *inbox, diesel__letter *letter)
{
    diesel__letter *top =
        atomic_load_explicit(&inbox->top, memory_order_relaxed);
    do {
        if (top == &closed)
            return false;
        letter->next = top;
    } while (!atomic_compare_exchange_weak_explicit(
        &inbox->top, &top, letter, memory_order_release, memory_order_relaxed));
    /* The letter may be gone by now, and with it the sender's wait: the caller
     * holds a share, or the lock that the receiver needs to go on. */
    if (top == NULL)
        ring(inbox);
    return true;
}

void diesel__inbox_expect(diesel_thread *inbox)
{
    atomic_fetch_add_explicit(&inbox->senders, 1, memory_order_relaxed);
}

void diesel__inbox_expect_no_more(diesel_thread *inbox)
{
    atomic_fetch_sub_explicit(&inbox->senders, 1, memory_order_relaxed);
}

bool diesel__inbox_is_idle(const diesel_thread *inbox)
{
    return atomic_load(&inbox->senders) == 0 &&
           atomic_load(&inbox->top) == NULL;
}

bool diesel__inbox_is_closed(const diesel_thread *inbox)
{
    return atomic_load(&inbox->top) == &closed;
}

bool diesel__inbox_is_foreign(const diesel_thread *inbox, diesel_error *err)
{
    if (inbox->born == diesel__forks)
        return false;
    diesel_error_set(err, DIESEL_E_FAILED, DIESEL_DOM_CORE, 0,
                     "process %ld was forked, and the thread is one of its "
                     "parent's",
                     (long)getpid());
    return true;
}

void diesel__inbox_close(diesel__sched *s)
{
    diesel_thread *inbox = s->inbox;
    if (inbox == NULL)
        return;
    diesel__watch_close(inbox->watch);
    inbox->watch = NULL;
    deliver_all(
        atomic_exchange_explicit(&inbox->top, &closed, memory_order_acquire));
}

void diesel__inbox_leave(diesel__sched *s)
{
    if (s->inbox != NULL)
        diesel__inbox_drop(s->inbox);
    s->inbox = NULL;
}

diesel_thread *diesel_thread_here(diesel_error *err)
{
    diesel__sched *s = diesel__sched_need("diesel_thread_here");
    diesel_thread *inbox = diesel__inbox_need(s, err);
    return inbox != NULL ? diesel_thread_share(inbox) : NULL;
}

diesel_thread *diesel_thread_share(diesel_thread *thread)
{
    diesel__inbox_expect(thread);
    return diesel__inbox_hold(thread);
}

void diesel_thread_free(diesel_thread *thread)
{
    if (thread == NULL)
        return;
    if (atomic_fetch_sub(&thread->senders, 1) == 1 &&
        thread->born == diesel__forks)
        ring(thread);
    diesel__inbox_drop(thread);
}

bool diesel_thread_is_here(const diesel_thread *thread)
{
    diesel__sched *s = diesel__current;
    return s != NULL && s->inbox == thread;
}

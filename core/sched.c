/* SPDX-License-Identifier: MIT */
/*
 * The scheduler: the queue of runnable fibers, switching between them, parking
 * and waking.
 *
 * The loop (loop.c) calls diesel__round() whenever fibers are runnable. In a
 * round, a fiber that suspends switches straight to the next one; the round ends
 * when no fiber is runnable, or when it has taken long enough that new events
 * should be looked for. Then output that the fibers have appended to streams is
 * sent, and the loop looks for events.
 *
 * The runnable fibers form a ring, in which the running one stays:
 *
 *     tail -> current (head) -> next -> ... -> tail
 *
 * To yield is to move `tail` on by one; to park is to leave the ring; to wake is
 * to enter it at the tail.
 *
 * Invariants:
 * 1. s->current is the running fiber, the head of the ring; or NULL while the
 *    loop runs.
 * 2. A fiber is either parked or in the ring.
 * 3. A parked fiber is woken once: by a value, its deadline, or its scope,
 *    whichever comes first. Who wakes it does not touch what it waited on; the
 *    fiber takes itself out of there when it runs.
 */
#include "sched_internal.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <diesel/memory.h>
#include <diesel/park.h>

#include "broadcast_internal.h"
#include "channel_internal.h"
#include "local_internal.h"
#include "log_internal.h"
#include "loop_internal.h"

/* After this many switches the clock is looked at. */
#define SLICE 64
/* A round ends after this many slices, or after this time if that is less. */
#define ROUND_SLICES 128
#define ROUND_NS 1000000
/* The largest stack_size that is taken. */
#define MOST_STACK ((size_t)1 << 30)

__thread diesel__sched *diesel__current;

void diesel__sched_missing(const char *function)
{
    fprintf(stderr, "diesel: %s called on a thread without a scheduler\n",
            function);
    abort();
}

diesel__sched *diesel__scheds;
static pthread_mutex_t scheds_lock = PTHREAD_MUTEX_INITIALIZER;

static void enlist(diesel__sched *s)
{
    s->thread_id = syscall(SYS_gettid);
    pthread_mutex_lock(&scheds_lock);
    s->next_sched = diesel__scheds;
    diesel__scheds = s;
    pthread_mutex_unlock(&scheds_lock);
}

static void delist(diesel__sched *s)
{
    pthread_mutex_lock(&scheds_lock);
    diesel__sched **at = &diesel__scheds;
    while (*at != s)
        at = &(*at)->next_sched;
    *at = s->next_sched;
    pthread_mutex_unlock(&scheds_lock);
}

int diesel__sched_new(const diesel_options *options, diesel_error *err)
{
    diesel__sched *present = diesel__current;
    if (present != NULL && !present->forked_from)
        return diesel_error_set(err, DIESEL_E_BUSY, DIESEL_DOM_CORE, 0,
                                "this thread has a scheduler already");
    size_t stack_size = options != NULL ? options->stack_size : 0;
    if (stack_size > MOST_STACK)
        return diesel_error_set(err, DIESEL_E_INVAL, DIESEL_DOM_CORE, 0,
                                "a stack_size of %zu bytes; at most 1 GiB",
                                stack_size);
    diesel__sched *s = diesel_calloc(1, sizeof *s);
    if (s == NULL)
        return diesel_error_nomem(err, "a scheduler");
    diesel__stack_pool_init(&s->stacks, stack_size);
    diesel__scope_init(&s->root, s);
    diesel__link_init(&s->channels);
    diesel__link_init(&s->broadcasts);
    diesel__link_init(&s->pages);
    s->root.label = "root";
    s->root.deadline = INT64_MAX;
    diesel__sanitizer_here(&s->loop_fiber.sanitizer);
    s->buried = present;
    diesel__current = s;
    enlist(s);
    return 0;
}

void diesel__sched_free(diesel__sched *s)
{
    delist(s);
    diesel__channels_leave(s);
    diesel__broadcasts_leave(s);
    diesel__scopes_free(s);
    diesel__log_context_drop(s->loop_fiber.log_context);
    diesel__stack_pool_clear(&s->stacks);
    diesel_free(s->timers);
    diesel__current = s->buried;
    diesel_free(s);
}

/* Whether the round has lasted long enough; asked every SLICE switches. */
bool diesel__round_is_over(diesel__sched *s)
{
    s->slice = SLICE;
    return --s->slices <= 0 || diesel__clock_coarse() >= s->round_end;
}

void diesel__round(diesel__sched *s)
{
    if (DIESEL__UNLIKELY(s->forked_from != 0))
        diesel__fork_check(s, "running fibers");
    s->in_round = true;
    s->rounds++;
    if (s->tail != NULL) {
        s->slice = SLICE;
        s->slices = ROUND_SLICES;
        s->round_end = diesel__clock_coarse() + ROUND_NS;
        if (DIESEL__UNLIKELY(s->tally.users > 0)) {
            diesel__tally_round(s, SLICE * ROUND_SLICES);
        } else {
            s->current = s->tail->next;
            diesel__switch(s, &s->loop_fiber, s->current);
        }
    }
    diesel__flush(s);
    s->in_round = false;
    if (s->tail != NULL)
        diesel__loop_kick(s);
}

/* A fiber leaves the scope that it was started in, and tells who waits for its
 * end. */
static inline void leave_home(diesel__sched *s, diesel_fiber *self, int result)
{
    diesel_scope *home = self->home;
    diesel__link_unlink(&self->in_home);
    home->count--;
    if (DIESEL__UNLIKELY(result < 0 || self->error != NULL || self->scope != home))
        diesel__scope_ended_badly(s, self, result);
    if (home->count > 0)
        return;
    diesel_fiber *waiter = home->waiter;
    if (waiter != NULL && waiter->woken == DIESEL__PARKED) {
        waiter->woken = 0;
        diesel__ready_in_round(s, waiter);
    }
    if (DIESEL__UNLIKELY(!diesel__list_is_empty(&home->cases)))
        diesel_cases_fire_all(&home->cases, 0);
}

void diesel__fiber_main(diesel__context *from, diesel__context *context)
{
    (void)from;
    diesel_fiber *self = DIESEL__HOLDER(context, diesel_fiber, context);
    diesel__sched *s = diesel__current;
    diesel__sanitizer_enter(&self->sanitizer, &s->loop_fiber.sanitizer);

    int result = self->fn(self->arg);
    if (DIESEL__UNLIKELY(self->locals != NULL))
        diesel__locals_drop(self);

    leave_home(s, self, result);
    if (DIESEL__UNLIKELY(self->log_context != NULL)) {
        diesel__log_context_drop(self->log_context);
        self->log_context = NULL;
    }
    s->fibers--;
    /* The stack is given back while it is still in use: nobody takes it before
     * the switch, for this thread is busy here. */
    diesel_fiber *next = diesel__leave_ring(s, self);
    diesel__stack_give(&s->stacks, self);
    diesel__sanitizer_leave(&self->sanitizer, &next->sanitizer, true);
    diesel__context_leave(&self->context, &next->context);
}

static void wait_timed_out(diesel__timer *timer)
{
    diesel__wake(diesel__current, DIESEL__HOLDER(timer, diesel_fiber, timer),
                 DIESEL__WAKE_DEADLINE);
}

diesel_fiber *diesel__timer_fiber(diesel__timer *timer)
{
    return timer->fire == wait_timed_out
               ? DIESEL__HOLDER(timer, diesel_fiber, timer)
               : NULL;
}

/* What every fiber leaves behind as it found it, when it ends. */
static diesel_fiber *fresh_fiber(diesel__stack_pool *stacks)
{
    diesel_fiber *fiber = diesel__stack_fresh(stacks);
    if (fiber == NULL)
        return NULL;
    fiber->woken = 0;
    fiber->error = NULL;
    fiber->log_context = NULL;
    fiber->locals = NULL;
    fiber->tally_of = 0;
    fiber->timer.fire = wait_timed_out;
    fiber->timer.place = 0;
    return fiber;
}

static inline void inherit_log_context(diesel__sched *s, diesel_fiber *fiber)
{
    const diesel_fiber *starter = s->current != NULL ? s->current
                                                     : &s->loop_fiber;
    if (DIESEL__UNLIKELY(starter->log_context != NULL)) {
        fiber->log_context = starter->log_context;
        fiber->log_context->refs++;
    }
}

static inline void begin(diesel__sched *s, diesel_scope *scope,
                         diesel_fiber *fiber, const char *label, diesel_fn *fn,
                         void *arg)
{
    fiber->scope = fiber->home = scope;
    fiber->fn = fn;
    fiber->arg = arg;
    fiber->label = label;
    fiber->number = ++s->started;
    inherit_log_context(s, fiber);
    diesel__list_append(&scope->fibers, &fiber->in_home);
    scope->count++;
    s->fibers++;

    void *bottom = diesel__stack_bottom(&s->stacks, fiber);
    diesel__sanitizer_begin(&fiber->sanitizer, bottom, fiber);
    diesel__context_init(&fiber->context, bottom, fiber,
                         diesel__fiber_main);
    diesel__ready(s, fiber);
}

/* On a stack that was never used before. */
static __attribute__((noinline)) diesel_fiber *
start_fresh(diesel_scope *scope, const char *label, diesel_fn *fn, void *arg)
{
    diesel_fiber *fiber = fresh_fiber(&scope->sched->stacks);
    if (fiber != NULL)
        begin(scope->sched, scope, fiber, label, fn, arg);
    return fiber;
}

diesel_fiber *diesel__start(diesel_scope *scope, const char *label,
                            diesel_fn *fn, void *arg)
{
    diesel__sched *s = scope->sched;
    diesel_fiber *fiber = diesel__stack_take(&s->stacks);
    if (DIESEL__UNLIKELY(fiber == NULL))
        return start_fresh(scope, label, fn, arg);
    begin(s, scope, fiber, label, fn, arg);
    return fiber;
}

int diesel_go_labelled(diesel_scope *scope, const char *label, diesel_fn *fn,
                       void *arg)
{
    if (DIESEL__UNLIKELY(scope == NULL))
        return -1;
    diesel__sched *s = scope->sched;
    diesel_fiber *fiber = diesel__stack_take(&s->stacks);
    if (DIESEL__UNLIKELY(fiber == NULL)) {
        if (start_fresh(scope, label, fn, arg) != NULL)
            return 0;
        scope->nomem = true;
        diesel__scope_cancel(scope, DIESEL_E_CANCELLED);
        return -1;
    }
    begin(s, scope, fiber, label, fn, arg);
    return 0;
}

/* Parks with a deadline. */
static int park_until(diesel__sched *s, const char *what, int64_t when)
{
    diesel_fiber *self = s->current;
    if (when <= 0)
        return DIESEL__WAKE_DEADLINE;
    if (diesel__timer_arm(s, &self->timer, when) < 0)
        return -DIESEL_E_NOMEM;
    int woken = diesel__suspend(s, what);
    diesel__timer_disarm(s, &self->timer);
    return woken;
}

int diesel__park(diesel__sched *s, const char *what, int64_t when)
{
    if (diesel__is_cut(s))
        return -s->current->scope->cancelled;
    if (when != INT64_MAX)
        return park_until(s, what, when);
    return diesel__suspend(s, what);
}

int diesel__park_failed(int woken, const char *what, diesel_error *err)
{
    switch (woken) {
    case DIESEL__WAKE_DEADLINE:
        return diesel_error_set(err, DIESEL_E_TIMEDOUT, DIESEL_DOM_CORE, 0,
                                "timed out waiting for %s", what);
    case -DIESEL_E_NOMEM:
        return diesel_error_nomem(err, "a timer");
    default:
        return diesel__cut(diesel__current, what, err);
    }
}

int diesel__cut(diesel__sched *s, const char *what, diesel_error *err)
{
    diesel__fork_check(s, what);
    diesel_scope *scope = s->current->scope;
    scope->cut = true;
    return diesel_error_set(
        err, scope->cancelled, DIESEL_DOM_CORE, 0, "%s waiting for %s",
        diesel_error_text(scope->cancelled), what);
}

int diesel_park(const char *what, int64_t deadline, diesel_error *err)
{
    diesel__sched *s = diesel__current;
    int woken = diesel__park(s, what, diesel__deadline_ns(deadline));
    if (DIESEL__UNLIKELY(woken < 0))
        return diesel__park_failed(woken, what, err);
    return woken;
}

bool diesel_wake(diesel_fiber *fiber, int value)
{
    return diesel__wake(diesel__current, fiber, value);
}

int diesel_yield(diesel_error *err)
{
    diesel__sched *s = diesel__current;
    diesel_fiber *self = s->current;
    if (diesel__is_cut(s))
        return diesel__cut(s, "its turn", err);
    diesel_fiber *next = self->next;
    s->tail = self;
    next = diesel__run_or_end(s, next);
    if (next != self)
        diesel__switch(s, self, next);
    return 0;
}

int diesel_sleep(int64_t ms, diesel_error *err)
{
    if (ms <= 0)
        return diesel_yield(err);
    diesel__sched *s = diesel__current;
    int64_t wait = diesel__deadline_ns(ms), when;
    if (__builtin_add_overflow(diesel__clock(), wait, &when))
        when = INT64_MAX;
    int woken = diesel__park(s, "a sleep's end", when);
    if (woken == DIESEL__WAKE_DEADLINE)
        return 0;
    return diesel__park_failed(woken, "a sleep's end", err);
}

int diesel_check(diesel_error *err)
{
    diesel__sched *s = diesel__current;
    return diesel__is_cut(s) ? diesel__cut(s, "nothing", err) : 0;
}

diesel_fiber *diesel_self(void)
{
    diesel__sched *s = diesel__current;
    return s != NULL ? s->current : NULL;
}

const char *diesel_fiber_label(const diesel_fiber *fiber)
{
    return fiber->label;
}

int diesel_fail(const diesel_error *err)
{
    diesel_fiber *self = diesel_self();
    if (self == NULL || err == NULL)
        return -1;
    if (self->error == NULL)
        self->error = diesel_malloc(sizeof *self->error);
    if (self->error != NULL)
        *self->error = *err;
    return -1;
}

/* SPDX-License-Identifier: MIT */
/*
 * What the files of the core share: the fiber, the scope, the scheduler and its
 * timers. One scheduler per thread, found through diesel__current.
 *
 * Who does what: sched.c switches and runs rounds; scope.c decides about
 * life and cancellation; timer.c keeps deadlines; loop.c is the only file that
 * knows libevent; stack.c gives out stacks.
 */
#ifndef DIESEL_SCHED_INTERNAL_H
#define DIESEL_SCHED_INTERNAL_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <diesel/error.h>
#include <diesel/fiber.h>
#include <diesel/run.h>
#include <diesel/scope.h>
#include <diesel/time.h>

#include "context_internal.h"
#include "list_internal.h"
#include "sanitizer_internal.h"
#include "stack_internal.h"

#define DIESEL__UNLIKELY(x) __builtin_expect(!!(x), 0)

typedef struct diesel__sched diesel__sched;
typedef struct diesel__loop diesel__loop;
typedef struct diesel__timer diesel__timer;

/* A point in time at which `fire` is called, outside fibers. */
struct diesel__timer {
    void (*fire)(diesel__timer *timer);
    size_t place; /* 1 + index in the heap; 0: not armed */
};

/* Negative values that wake a parked fiber, besides -DIESEL_E_CANCELLED and
 * -DIESEL_E_TIMEDOUT, which come from its scope. */
#define DIESEL__WAKE_DEADLINE (-1000) /* the deadline of the wait itself */
/* Stands in the place of such a value while the fiber waits for one. */
#define DIESEL__PARKED INT_MIN

/* Lies at the top of its own stack, so that an idle fiber touches one page. */
struct diesel_fiber {
    diesel__context context;
    diesel_fiber *next; /* in the ring of the runnable, or of free stacks  */
    diesel_scope *scope; /* the nearest                                    */
    diesel_scope *home;  /* the one it was started in                      */
    int woken; /* DIESEL__PARKED, or what it was last woken with           */
    diesel_fn *fn;
    void *arg;
    const char *label;
    const char *waiting_for; /* what it parks for, or last did */
    diesel__link in_home;    /* in home->fibers */
    diesel_error *error;     /* what diesel_fail() left, on the heap; or NULL */
    struct diesel_log_context *log_context; /* of its records; or NULL */
    struct diesel__local_value *locals; /* see local.c; or NULL */
    uint64_t number; /* how many fibers its scheduler had started with it */
    diesel__timer timer;     /* of the present wait */
    uint64_t tally_of;       /* the number of the fiber that these are of: */
    int64_t ran, idle_since; /* ns, see tally_internal.h */
    diesel__sanitizer_stack sanitizer;
};

/* Why a scope is cancelled: what its calls report. */
struct diesel_scope {
    diesel__sched *sched;
    diesel_scope *parent;  /* around it; NULL for the root                 */
    diesel__link in_parent; /* in parent->scopes                           */
    diesel__link scopes;   /* those right inside                           */
    diesel__link fibers;   /* those started in it that have not ended      */
    size_t count;          /* of `fibers`                                  */
    diesel_fiber *opener;  /* whose nearest scope it is or will be again;
                              NULL if detached                             */
    diesel_fiber *waiter;  /* in diesel_scope_wait()                       */
    diesel__link cases;    /* of selects that wait for its fibers' end     */
    int cancelled;         /* 0, DIESEL_E_CANCELLED or DIESEL_E_TIMEDOUT   */
    bool asked;            /* diesel_scope_cancel() was called             */
    bool outer;            /* the cancellation came from around it         */
    bool cut;              /* some call has failed because of it           */
    bool nomem;            /* a fiber could not be started                 */
    bool shield;
    int64_t deadline;      /* ns; effective: the soonest up to a shield    */
    int64_t timeout_ms;    /* as asked for; 0: none of its own             */
    diesel__timer timer;
    diesel_error *error;   /* the first failure's, on the heap; or NULL    */
    const char *failed;    /* the first failed fiber's label, or NULL      */
    const char *label;
};

struct diesel__timer_entry {
    int64_t when; /* ns of CLOCK_MONOTONIC */
    diesel__timer *timer;
};

struct diesel__console;
struct diesel_stream;

struct diesel__sched {
    diesel_fiber *current; /* NULL while the loop runs */
    diesel_fiber *tail; /* of the ring of the runnable; tail->next is its head,
                           and that is the running fiber. NULL: empty */
    int slice;   /* switches until the clock is looked at */
    int slices;  /* how often it may be before the round must end */
    int64_t round_end; /* or this: coarse ns */
    bool in_round;
    diesel_fiber loop_fiber; /* stands for the loop's own stack */

    struct diesel_stream *dirty; /* streams with output to flush */

    diesel_scope root; /* around everything; detached scopes lie in it */
    diesel_scope *free_scopes;
    size_t fibers; /* alive */
    uint64_t started; /* ever; the number of the newest fiber */

    struct {
        int users;     /* who want it to be kept; 0: it is not */
        int64_t began, turn; /* ns: when it did, when the present turn did */
    } tally;
    uint64_t dice; /* for a select's first look */

    struct diesel__timer_entry *timers; /* a 4-ary heap */
    size_t timer_count, timer_room;

    uint64_t rounds; /* ever */
    diesel__sched *next_sched; /* of the process, see diesel__scheds */
    long thread_id;            /* of the system */
    struct diesel__stall *stall; /* who watches for stalls; or NULL */

    diesel__link channels;   /* made under it, see channel_internal.h */
    diesel__link broadcasts; /* the same, see broadcast_internal.h */
    diesel__link pages;      /* of the console, see console_internal.h */
    struct diesel__console *console; /* or NULL */

    diesel__stack_pool stacks;
    void *signal_stack; /* for the report of an overflow; NULL: none of ours */
    diesel__loop *loop;
    struct diesel_dns *dns;     /* the resolver in use; NULL: dns_own */
    struct diesel_dns *dns_own; /* made on first use                  */
    struct diesel__spare *spare; /* free output buffers */
    int spare_count;

    struct diesel_thread *inbox; /* made on first use */
    diesel_scope *posted;        /* home of other threads' calls; or NULL */
    struct diesel_workers *workers; /* the process's own, once used; or NULL */
    struct diesel__signal_port *signals; /* while there are receivers; or NULL */
    long forked_from; /* the process whose scheduler this is; 0: this one */
    diesel__sched *buried; /* the parent's, in a forked child; or NULL */
    struct diesel__pipe *pipes; /* free ones, to splice through */
    int pipe_count;
    struct diesel__tls_scratch *tls_scratch; /* made on first use */
};

static inline diesel_fiber *diesel__stack_take(diesel__stack_pool *pool)
{
    diesel_fiber *fiber = pool->free;
    if (fiber != NULL)
        pool->free = fiber->next;
    return fiber;
}

static inline void diesel__stack_give(diesel__stack_pool *pool,
                                      diesel_fiber *fiber)
{
    fiber->next = pool->free;
    pool->free = fiber;
}

/* The thread's scheduler. Fibers never move between threads, so its address
 * may be cached across a switch. */
extern __thread diesel__sched *diesel__current
    __attribute__((tls_model("initial-exec")));

/* All schedulers of the process, for debuggers (core/gdb/diesel-gdb.py). */
extern diesel__sched *diesel__scheds __attribute__((visibility("hidden")));

/* Aborts with a message that names the function called without a scheduler. */
void diesel__sched_missing(const char *function)
    __attribute__((noreturn, cold));

/* fork.c: aborts if this is a forked child, and the scheduler its parent's. */
void diesel__fork_check(const diesel__sched *s, const char *what)
    __attribute__((cold));

/* The thread's scheduler, which must exist. */
static inline diesel__sched *diesel__sched_need(const char *function)
{
    diesel__sched *s = diesel__current;
    if (DIESEL__UNLIKELY(s == NULL))
        diesel__sched_missing(function);
    return s;
}

/* sched.c */
int diesel__sched_new(const diesel_options *options, diesel_error *err);
void diesel__sched_free(diesel__sched *s);
void diesel__round(diesel__sched *s);
bool diesel__round_is_over(diesel__sched *s);
diesel_fiber *diesel__start(diesel_scope *scope, const char *label,
                            diesel_fn *fn, void *arg);
/* Parks until woken; `when` in ns. Returns the wake value: >= 0, or
 * DIESEL__WAKE_DEADLINE, or minus the scope's code (also at once); or
 * -DIESEL_E_NOMEM if the deadline could not be armed. */
int diesel__park(diesel__sched *s, const char *what, int64_t when);
/* Turns a negative result of diesel__park() into an error; returns -1. */
int diesel__park_failed(int woken, const char *what, diesel_error *err)
    __attribute__((cold));
/* The same for a fiber whose scope is cancelled already. */
int diesel__cut(diesel__sched *s, const char *what, diesel_error *err)
    __attribute__((cold));

/* Where every fiber begins and ends. */
void diesel__fiber_main(diesel__context *from, diesel__context *context);
/* The fiber whose wait the timer ends; NULL if it is none of that kind. */
diesel_fiber *diesel__timer_fiber(diesel__timer *timer);

/* tally.c, see tally_internal.h */
void diesel__tally_round(diesel__sched *s, int turns) __attribute__((cold));

/* loop.c, see loop_internal.h */
void diesel__loop_kick(diesel__sched *s);

/* Whether the running fiber's nearest scope is cancelled. */
static inline bool diesel__is_cut(const diesel__sched *s)
{
    return DIESEL__UNLIKELY(s->current->scope->cancelled != 0);
}

/* Puts a fiber that is not in the ring at its end. */
static inline void diesel__ready(diesel__sched *s, diesel_fiber *fiber)
{
    diesel_fiber *tail = s->tail;
    if (tail != NULL) {
        fiber->next = tail->next;
        tail->next = fiber;
    } else {
        fiber->next = fiber;
    }
    s->tail = fiber;
    if (DIESEL__UNLIKELY(!s->in_round))
        diesel__loop_kick(s);
}

/* The same in a fiber: the ring is not empty, for that fiber is in it. */
static inline void diesel__ready_in_round(diesel__sched *s, diesel_fiber *fiber)
{
    fiber->next = s->tail->next;
    s->tail->next = fiber;
    s->tail = fiber;
}

/* diesel_wake(), also for the negative values of the core's own. */
static inline bool diesel__wake(diesel__sched *s, diesel_fiber *fiber, int value)
{
    if (DIESEL__UNLIKELY(fiber->woken != DIESEL__PARKED))
        return false;
    fiber->woken = value;
    diesel__ready(s, fiber);
    return true;
}

/* `next`, made the running fiber; or the loop, if the round ends here. */
static inline diesel_fiber *diesel__run_or_end(diesel__sched *s,
                                               diesel_fiber *next)
{
    if (DIESEL__UNLIKELY(--s->slice < 0) && diesel__round_is_over(s)) {
        s->current = NULL;
        return &s->loop_fiber;
    }
    s->current = next;
    return next;
}

/* Takes the running fiber out of the ring; returns who runs next. */
static inline diesel_fiber *diesel__leave_ring(diesel__sched *s,
                                               diesel_fiber *self)
{
    diesel_fiber *next = self->next;
    if (next == self) {
        s->tail = NULL;
        s->current = NULL;
        return &s->loop_fiber;
    }
    s->tail->next = next;
    return diesel__run_or_end(s, next);
}

static inline __attribute__((always_inline)) void
diesel__switch(diesel__sched *s, diesel_fiber *from, diesel_fiber *to)
{
    (void)s;
    diesel__sanitizer_leave(&from->sanitizer, &to->sanitizer, false);
    diesel__context_switch(&from->context, &to->context);
    diesel__sanitizer_enter(&from->sanitizer, &s->loop_fiber.sanitizer);
}

/* Parks the running fiber until it is woken, also in a cancelled scope; a
 * cancellation that comes meanwhile wakes it once. Returns the wake value.
 * Inline, because every register must be saved around it anyway: its caller
 * should be a function that does little else. */
static inline __attribute__((always_inline)) int
diesel__suspend(diesel__sched *s, const char *what)
{
    diesel_fiber *self = s->current;
    self->woken = DIESEL__PARKED;
    self->waiting_for = what;
    diesel__switch(s, self, diesel__leave_ring(s, self));
    return self->woken;
}

/* scope.c */
void diesel__scope_init(diesel_scope *scope, diesel__sched *s);
/* A fiber that ends has failed, or left an error, or forgotten a scope of its own: it
 * has left the list of its home, and nobody has been told yet. */
void diesel__scope_ended_badly(diesel__sched *s, diesel_fiber *fiber, int result)
    __attribute__((cold));
void diesel__scope_cancel(diesel_scope *scope, int code);
void diesel__scopes_free(diesel__sched *s);
/* What a fiber in diesel_scope_wait() waits for. */
extern const char diesel__for_fibers[] __attribute__((visibility("hidden")));
/* The scope whose deadline the timer is; NULL if it is none of that kind. */
diesel_scope *diesel__timer_scope(diesel__timer *timer);
/* The next scope of the tree below `top` in pre-order, without recursion, as the
 * tree may be deep; `pass` leaves out what is inside `scope`. NULL at the end. */
diesel_scope *diesel__scope_after(const diesel_scope *top, diesel_scope *scope,
                                  bool pass);

/* timer.c: clock and deadlines, in ns of CLOCK_MONOTONIC. */
int64_t diesel__clock(void);
int64_t diesel__clock_coarse(void);
static inline int64_t diesel__deadline_ns(int64_t deadline_ms)
{
    if (deadline_ms > INT64_MAX / 1000000)
        return INT64_MAX;
    return deadline_ms > 0 ? deadline_ms * 1000000 : 0;
}
int diesel__timer_arm(diesel__sched *s, diesel__timer *timer, int64_t when);
void diesel__timer_disarm(diesel__sched *s, diesel__timer *timer);
int64_t diesel__timer_next(const diesel__sched *s); /* INT64_MAX: none */
void diesel__timers_run(diesel__sched *s);

/* stream_write.c: sends what the round has appended. */
void diesel__flush(diesel__sched *s);

#endif

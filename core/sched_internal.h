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

/* Lies at the top of its own stack, so that an idle fiber touches one page. */
struct diesel_fiber {
    diesel__context context;
    diesel_fiber *next; /* in the ring of the runnable, or of free stacks  */
    diesel_scope *scope; /* the nearest                                    */
    diesel_scope *home;  /* the one it was started in                      */
    bool parked;    /* waits for diesel_wake(), time, or a cancellation    */
    int wake_value; /* what woke it */
    diesel_fn *fn;
    void *arg;
    const char *label;
    const char *waiting_for; /* what it parks for, or last did */
    diesel__link in_home;    /* in home->fibers */
    diesel_error *error;     /* what diesel_fail() left, on the heap; or NULL */
    diesel__timer timer;     /* of the present wait */
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
    int cancelled;         /* 0, DIESEL_E_CANCELLED or DIESEL_E_TIMEDOUT   */
    bool shield;
    bool asked;            /* diesel_scope_cancel() was called             */
    bool outer;            /* the cancellation came from around it         */
    bool cut;              /* some call has failed because of it           */
    bool nomem;            /* a fiber could not be started                 */
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

    struct diesel__timer_entry *timers; /* a 4-ary heap */
    size_t timer_count, timer_room;

    diesel__stack_pool stacks;
    diesel__loop *loop;
    struct diesel__dns *dns; /* made on first use */
    struct diesel__spare *spare; /* free output buffers */
    int spare_count;
};

/* The thread's scheduler. Fibers never move between threads, so its address
 * may be cached across a switch. */
extern __thread diesel__sched *diesel__current
    __attribute__((tls_model("initial-exec")));

/* The thread's scheduler, or an abort that names the function called without
 * one. */
diesel__sched *diesel__sched_need(const char *function);

/* sched.c */
int diesel__sched_new(const diesel_options *options, diesel_error *err);
void diesel__sched_free(diesel__sched *s);
void diesel__round(diesel__sched *s);
void diesel__ready(diesel__sched *s, diesel_fiber *fiber);
bool diesel__wake_with(diesel_fiber *fiber, int value);
/* Parks until woken; `when` in ns. Returns the wake value: >= 0, or
 * DIESEL__WAKE_DEADLINE, or minus the scope's code (also at once); or
 * -DIESEL_E_NOMEM if the deadline could not be armed. */
int diesel__park(diesel__sched *s, const char *what, int64_t when);
/* Parks until woken, for ever, and also in a cancelled scope; a cancellation
 * that comes meanwhile still wakes it once. */
int diesel__park_always(diesel__sched *s, const char *what);
/* Turns a negative result of diesel__park() into an error; returns -1. */
int diesel__park_failed(int woken, const char *what, diesel_error *err);
/* The same for a fiber whose scope is cancelled already. */
int diesel__cut(diesel__sched *s, const char *what, diesel_error *err);

/* Whether the running fiber's nearest scope is cancelled. */
static inline bool diesel__is_cut(const diesel__sched *s)
{
    return DIESEL__UNLIKELY(s->current->scope->cancelled != 0);
}

/* scope.c */
void diesel__scope_init(diesel_scope *scope, diesel__sched *s);
void diesel__scope_ended(diesel__sched *s, diesel_fiber *fiber, int result);
void diesel__scope_cancel(diesel_scope *scope, int code);
void diesel__scopes_free(diesel__sched *s);
/* The next scope of the tree below `top` in pre-order, without recursion, as the
 * tree may be deep; `pass` leaves out what is inside `scope`. NULL at the end. */
diesel_scope *diesel__scope_after(const diesel_scope *top, diesel_scope *scope,
                                  bool pass);
diesel_fiber *diesel__start(diesel_scope *scope, const char *label,
                            diesel_fn *fn, void *arg);

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

/* SPDX-License-Identifier: MIT */
/*
 * Scopes: who belongs to whom, and how cancellation travels.
 *
 * Scopes form a tree. A scope holds the fibers started in it and the scopes
 * opened inside it, by whichever fiber. A fiber's nearest scope is the innermost
 * one that it has opened and not left, or the one that it was started in.
 *
 *     root -+- main -- [fiber app] -- all -+- [fiber greet]
 *           |                              +- [fiber greet] -- its own scope
 *           +- a client's detached scope -- [fiber reader]
 *
 * Invariants:
 * 1. `cancelled` is inherited: a scope inside a cancelled scope is cancelled,
 *    unless a shield lies between. So one look at the nearest scope tells.
 * 2. `deadline` is inherited in the same way, so only a scope whose own deadline
 *    is sooner than its parent's needs a timer.
 * 3. A fiber is woken by a cancellation through its nearest scope: as one of its
 *    fibers, or as its opener.
 */
#include "sched_internal.h"

#include <stdio.h>
#include <stdlib.h>

#include <diesel/memory.h>

void diesel__scope_init(diesel_scope *scope, diesel__sched *s)
{
    *scope = (diesel_scope){.sched = s};
    diesel__link_init(&scope->in_parent);
    diesel__link_init(&scope->scopes);
    diesel__link_init(&scope->fibers);
    diesel__link_init(&scope->cases);
}

static diesel_scope *take_scope(diesel__sched *s)
{
    diesel_scope *scope = s->free_scopes;
    if (scope != NULL) {
        s->free_scopes = scope->parent;
        return scope;
    }
    scope = diesel_malloc(sizeof *scope);
    if (scope != NULL)
        diesel__scope_init(scope, s);
    return scope;
}

/* What only a cancelled scope has. */
static __attribute__((cold)) void forget_outcome(diesel_scope *scope)
{
    diesel_free(scope->error);
    scope->error = NULL;
    scope->failed = NULL;
    scope->cancelled = 0;
    scope->asked = scope->outer = scope->cut = scope->nomem = false;
}

/* Free scopes are kept as diesel__scope_init() makes them, but for their place in the
 * tree: most of a scope is never touched in its life, so cleaning up costs less than
 * making anew. */
static inline void give_scope(diesel_scope *scope)
{
    if (DIESEL__UNLIKELY(scope->timer.place != 0))
        diesel__timer_disarm(scope->sched, &scope->timer);
    diesel__link_unlink(&scope->in_parent);
    if (DIESEL__UNLIKELY(scope->cancelled != 0))
        forget_outcome(scope);
    scope->waiter = NULL;
    scope->timeout_ms = 0;
    scope->parent = scope->sched->free_scopes;
    scope->sched->free_scopes = scope;
}

void diesel__scopes_free(diesel__sched *s)
{
    while (!diesel__list_is_empty(&s->root.scopes))
        give_scope(DIESEL__HOLDER(s->root.scopes.next, diesel_scope, in_parent));
    while (s->free_scopes != NULL) {
        diesel_scope *scope = s->free_scopes;
        s->free_scopes = scope->parent;
        diesel_free(scope);
    }
}

static void deadline_passed(diesel__timer *timer)
{
    diesel__scope_cancel(DIESEL__HOLDER(timer, diesel_scope, timer),
                         DIESEL_E_TIMEDOUT);
}

diesel_scope *diesel__timer_scope(diesel__timer *timer)
{
    return timer->fire == deadline_passed
               ? DIESEL__HOLDER(timer, diesel_scope, timer)
               : NULL;
}

/* Sets the scope's place in time; -1 without memory for its timer. */
static int set_deadline(diesel_scope *scope, const diesel_scope_options *options)
{
    diesel_scope *parent = scope->parent;
    scope->deadline = scope->shield ? INT64_MAX : parent->deadline;
    if (options->timeout_ms <= 0)
        return 0;
    scope->timeout_ms = options->timeout_ms;
    int64_t own;
    if (__builtin_add_overflow(diesel__clock(),
                               diesel__deadline_ns(options->timeout_ms), &own))
        own = INT64_MAX;
    if (own >= scope->deadline)
        return 0;
    scope->deadline = own;
    scope->timer.fire = deadline_passed;
    return diesel__timer_arm(scope->sched, &scope->timer, own);
}

/* Puts the scope into the tree; `opener` is NULL if it is detached. */
static inline void place(diesel_scope *scope, diesel_scope *parent,
                         diesel_fiber *opener, bool shield)
{
    scope->parent = parent;
    scope->opener = opener;
    scope->shield = shield;
    diesel__list_append(&parent->scopes, &scope->in_parent);
}

static __attribute__((noinline)) diesel_scope *
open_scope(const diesel_scope_options *options)
{
    static const diesel_scope_options none;
    if (options == NULL)
        options = &none;
    diesel__sched *s = diesel__sched_need("diesel_scope_open");
    diesel_fiber *self = options->detached ? NULL : s->current;
    if (self == NULL && !options->detached) {
        fprintf(stderr, "diesel: a scope that is not detached was opened "
                        "outside fibers\n");
        abort();
    }
    diesel_scope *scope = take_scope(s);
    if (scope == NULL)
        return NULL;
    scope->label = options->label;
    place(scope, self != NULL ? self->scope : &s->root, self, options->shield);
    if (DIESEL__UNLIKELY(scope->parent->cancelled != 0)) {
        diesel__fork_check(s, "diesel_scope_open");
        if (!scope->shield) {
            scope->cancelled = scope->parent->cancelled;
            scope->outer = true;
        }
    }
    if (set_deadline(scope, options) < 0) {
        give_scope(scope);
        return NULL;
    }
    if (self != NULL)
        self->scope = scope;
    return scope;
}

/* Here is what costs least, and is most frequent: no options, and no cause to
 * refuse. It calls nothing, so no register is saved. */
diesel_scope *diesel_scope_open(const diesel_scope_options *options)
{
    diesel__sched *s = diesel__current;
    if (options != NULL || s == NULL || s->current == NULL)
        return open_scope(options);
    diesel_fiber *self = s->current;
    diesel_scope *scope = s->free_scopes;
    if (scope == NULL || self->scope->cancelled != 0)
        return open_scope(options);
    s->free_scopes = scope->parent;
    scope->label = NULL;
    scope->deadline = self->scope->deadline;
    place(scope, self->scope, self, false);
    self->scope = scope;
    return scope;
}

/* Wakes the fibers whose nearest scope this is. */
static void wake_fibers(diesel_scope *scope)
{
    for (diesel__link *l = scope->fibers.next; l != &scope->fibers; l = l->next) {
        diesel_fiber *fiber = DIESEL__HOLDER(l, diesel_fiber, in_home);
        if (fiber->scope == scope)
            diesel__wake(scope->sched, fiber, -scope->cancelled);
    }
    if (scope->opener != NULL && scope->opener->scope == scope)
        diesel__wake(scope->sched, scope->opener, -scope->cancelled);
}

diesel_scope *diesel__scope_after(const diesel_scope *top, diesel_scope *scope,
                                  bool pass)
{
    if (!pass && !diesel__list_is_empty(&scope->scopes))
        return DIESEL__HOLDER(scope->scopes.next, diesel_scope, in_parent);
    while (scope != top && scope->in_parent.next == &scope->parent->scopes)
        scope = scope->parent;
    if (scope == top)
        return NULL;
    return DIESEL__HOLDER(scope->in_parent.next, diesel_scope, in_parent);
}

/* What is cancelled already is passed over, with all that is inside it. */
void diesel__scope_cancel(diesel_scope *top, int code)
{
    bool pass;
    for (diesel_scope *scope = top; scope != NULL;
         scope = diesel__scope_after(top, scope, pass)) {
        pass = scope->cancelled != 0 || (scope != top && scope->shield);
        if (pass)
            continue;
        scope->cancelled = code;
        scope->outer = scope != top;
        wake_fibers(scope);
    }
}

void diesel_scope_cancel(diesel_scope *scope)
{
    if (scope == NULL)
        return;
    scope->asked = true;
    diesel__scope_cancel(scope, DIESEL_E_CANCELLED);
}

/* Whether a failure only passes on that the scope was cancelled. */
static bool is_echo(const diesel_scope *home, const diesel_fiber *fiber)
{
    if (home->cancelled == 0)
        return false;
    return fiber->error == NULL || fiber->error->code == home->cancelled;
}

static void fiber_failed(diesel_scope *home, diesel_fiber *fiber)
{
    if (is_echo(home, fiber)) {
        home->cut = true;
        return;
    }
    if (home->failed == NULL) {
        home->failed = fiber->label;
        home->error = fiber->error;
        fiber->error = NULL;
    }
    diesel__scope_cancel(home, DIESEL_E_CANCELLED);
}

void diesel__scope_ended_badly(diesel__sched *s, diesel_fiber *fiber, int result)
{
    diesel_scope *home = fiber->home;
    if (fiber->scope != home) {
        diesel__fork_check(s, "the end of a fiber");
        const char *label = fiber->scope->label;
        fprintf(stderr,
                "diesel: fiber %s returned without waiting for its scope %s\n",
                fiber->label, label != NULL ? label : "(without a label)");
        abort();
    }
    if (result < 0)
        fiber_failed(home, fiber);
    diesel_free(fiber->error);
    fiber->error = NULL;
}

const char diesel__for_fibers[] = "the fibers of a scope";

/* Waits for the fibers, come what may; a cancellation of the waiting fiber
 * reaches them too. Inline, as all registers are saved around a switch anyway. */
static inline __attribute__((always_inline)) void
wait_for_fibers(diesel__sched *s, diesel_scope *scope)
{
    diesel_fiber *self = s->current;
    scope->waiter = self;
    if (scope->opener == NULL && self->scope->cancelled != 0)
        diesel__scope_cancel(scope, self->scope->cancelled);
    while (scope->count > 0) {
        int woken = diesel__suspend(s, diesel__for_fibers);
        if (woken < 0)
            diesel__scope_cancel(scope, -woken);
    }
}

/* What the scope, whose fibers have ended, has to report. */
static __attribute__((cold)) int outcome(const diesel_scope *scope, diesel_error *err)
{
    const char *label = scope->label != NULL ? scope->label : "scope";
    if (scope->error != NULL) {
        if (err != NULL)
            *err = *scope->error;
        return -1;
    }
    if (scope->failed != NULL)
        return diesel_error_set(err, DIESEL_E_FAILED, DIESEL_DOM_CORE, 0,
                                "fiber %s failed and gave no error",
                                scope->failed);
    if (scope->nomem)
        return diesel_error_set(err, DIESEL_E_NOMEM, DIESEL_DOM_CORE, 0,
                                "%s: out of memory for a fiber's stack", label);
    if (!scope->cut || scope->asked)
        return 0;
    if (scope->cancelled == DIESEL_E_TIMEDOUT && !scope->outer)
        return diesel_error_set(err, DIESEL_E_TIMEDOUT, DIESEL_DOM_CORE, 0,
                                "%s timed out after %lld ms", label,
                                (long long)scope->timeout_ms);
    return diesel_error_set(err, scope->cancelled, DIESEL_DOM_CORE, 0,
                            "%s was cut short: %s", label,
                            diesel_error_text(scope->cancelled));
}

/* Aborts if the running fiber may not wait for the scope now. */
static void check_waiter(const diesel_scope *scope, const diesel_fiber *self)
{
    bool ok = self != NULL && scope->waiter == NULL &&
              (scope->opener == NULL ||
               (scope->opener == self && self->scope == scope));
    if (!DIESEL__UNLIKELY(!ok))
        return;
    diesel__fork_check(scope->sched, "diesel_scope_wait");
    fprintf(stderr,
            "diesel: diesel_scope_wait(%s) by %s, which is not its opener, "
            "or has a scope open inside it, or another fiber waits for it\n",
            scope->label != NULL ? scope->label : "a scope",
            self != NULL ? self->label : "code outside fibers");
    abort();
}

int diesel_scope_wait(diesel_scope *scope, diesel_error *err)
{
    if (DIESEL__UNLIKELY(scope == NULL))
        return diesel_error_nomem(err, "a scope");
    diesel__sched *s = diesel__sched_need("diesel_scope_wait");
    diesel_fiber *self = s->current;
    check_waiter(scope, self);
    bool shield = scope->shield, detached = scope->opener == NULL;
    if (scope->count > 0 || detached)
        wait_for_fibers(s, scope);
    /* A scope that was not cancelled has nothing to report: so ends every
     * failure. */
    int result = 0;
    if (DIESEL__UNLIKELY(scope->cancelled != 0)) {
        result = outcome(scope, err);
        /* What was cut off in here was cut off by the scope around it. */
        if (scope->outer && scope->cut && !detached)
            scope->parent->cut = true;
    }
    if (!detached)
        self->scope = scope->parent;
    give_scope(scope);
    if (result == 0 && !shield && !detached && diesel__is_cut(s))
        return diesel__cut(s, diesel__for_fibers, err);
    return result;
}

size_t diesel_scope_count(const diesel_scope *scope)
{
    return scope != NULL ? scope->count : 0;
}

static bool poll_scope(diesel_case *c)
{
    c->result = 0;
    return diesel_scope_count(c->object) == 0;
}

/* The scope cannot go before the case has been fired and is out of its queue:
 * as long as a fiber is alive, nobody leaves it. */
static int enlist_scope(diesel_case *c, diesel_error *err)
{
    (void)err;
    diesel_scope *scope = c->object;
    diesel_cases_append(&scope->cases, c);
    return 0;
}

static const diesel_waitable on_scope = {"the fibers of a scope", poll_scope,
                                         enlist_scope, diesel_cases_remove};

diesel_case diesel_case_scope(diesel_scope *scope)
{
    return (diesel_case){.on = &on_scope, .object = scope};
}

int64_t diesel_deadline(void)
{
    diesel_fiber *self = diesel_self();
    if (self == NULL || self->scope->deadline == INT64_MAX)
        return DIESEL_FOREVER;
    return self->scope->deadline / 1000000;
}

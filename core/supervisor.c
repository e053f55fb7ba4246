/* SPDX-License-Identifier: MIT */
/*
 * Supervisors.
 *
 * One fiber, that which called diesel_supervisor_run(), decides. Each child runs in
 * a fiber of its own with a scope around it, by which it can be cancelled alone. A
 * child that ends notes how and sets the event `changed`; its fiber never fails, so
 * its siblings are left alone.
 *
 *            add                    time has come
 *     -----------------> PAUSES ------------------> RUNS
 *                           ^   to be started again   |
 *                           +-------------------------+
 *                                                     +-----> ENDED
 *
 * Waiting for a cancelled child to end is cut short only by the supervisor's own
 * cancellation, which reaches all children through their scopes.
 */
#include <diesel/supervisor.h>

#include <diesel/memory.h>
#include <diesel/scope.h>
#include <diesel/sync.h>
#include <diesel/time.h>

#include "sched_internal.h"

#define MOST_RESTARTS 1000000 /* that a limit may count */
#define LONGEST_PAUSE (INT64_C(1) << 50) /* ms: may be doubled and added to now */

struct child {
    diesel_supervisor *supervisor;
    diesel_child is;
    diesel_child_state state;
    diesel_scope *scope; /* around it while it runs */
    bool alive;          /* its fiber has not ended */
    int result;          /* of its last run */
    bool stopped;        /* its end was asked for and means nothing */
    unsigned failures;   /* in a row: the pause doubles with each */
    int64_t began;       /* ms */
    int64_t start_at;    /* deadline of the pause */
    uint64_t restarts;
    int64_t pause_ms;
    bool failed;         /* ever: `error` is filled */
    diesel_error error;
};

struct diesel_supervisor {
    diesel_supervisor_options options;
    struct child **children;
    size_t count, room;
    diesel_scope *scope; /* while it runs */
    diesel_event changed;
    bool stopping;
    int64_t *restarts; /* times of the last ones: a ring of most_restarts */
    size_t restarted;
    uint64_t seed;
};

static int64_t now_of(const diesel_supervisor *v)
{
    return v->options.now != NULL ? v->options.now(v->options.arg) : diesel_now();
}

/* Spreads the restarts of many programs; no secret depends on it. */
static double chance_of(diesel_supervisor *v)
{
    if (v->options.chance != NULL)
        return v->options.chance(v->options.arg);
    v->seed = v->seed * 6364136223846793005u + 1442695040888963407u;
    return (double)(v->seed >> 32) / 4294967296.0;
}

static void fill_defaults(diesel_supervisor_options *o)
{
    if (o->label == NULL)
        o->label = "supervisor";
    if (o->most_restarts == 0)
        o->most_restarts = 3;
    if (o->most_restarts > MOST_RESTARTS)
        o->most_restarts = MOST_RESTARTS;
    if (o->within_ms <= 0)
        o->within_ms = 5000;
    if (o->pause_ms <= 0)
        o->pause_ms = 100;
    if (o->most_pause_ms <= 0)
        o->most_pause_ms = 30000;
    if (o->most_pause_ms > LONGEST_PAUSE)
        o->most_pause_ms = LONGEST_PAUSE;
}

diesel_supervisor *diesel_supervisor_new(const diesel_supervisor_options *options,
                                         diesel_error *err)
{
    diesel_supervisor *v = diesel_calloc(1, sizeof *v);
    if (v == NULL)
        goto fail;
    if (options != NULL)
        v->options = *options;
    fill_defaults(&v->options);
    v->seed = (uint64_t)diesel__clock() ^ (uintptr_t)v;
    if (v->options.most_restarts > 0) {
        v->restarts =
            diesel_calloc((size_t)v->options.most_restarts, sizeof(int64_t));
        if (v->restarts == NULL)
            goto fail;
    }
    return v;

fail:
    diesel_free(v);
    diesel_error_nomem(err, "a supervisor");
    return NULL;
}

void diesel_supervisor_free(diesel_supervisor *v)
{
    if (v == NULL)
        return;
    for (size_t i = 0; i < v->count; i++)
        diesel_free(v->children[i]);
    diesel_free(v->children);
    diesel_free(v->restarts);
    diesel_free(v);
}

int diesel_supervisor_add(diesel_supervisor *v, const diesel_child *child,
                          diesel_error *err)
{
    if (child->fn == NULL || child->label == NULL)
        return diesel_error_set(err, DIESEL_E_INVAL, DIESEL_DOM_CORE, 0,
                                "%s: a child without a %s", v->options.label,
                                child->fn == NULL ? "function" : "label");
    if (v->count == v->room) {
        size_t room = v->room != 0 ? 2 * v->room : 8;
        void *children =
            diesel_realloc_array(v->children, room, sizeof *v->children);
        if (children == NULL)
            return diesel_error_nomem(err, "a child");
        v->children = children;
        v->room = room;
    }
    struct child *c = diesel_calloc(1, sizeof *c);
    if (c == NULL)
        return diesel_error_nomem(err, "a child");
    c->supervisor = v;
    c->is = *child;
    c->state = DIESEL_CHILD_PAUSES;
    v->children[v->count++] = c;
    if (v->scope != NULL)
        diesel_event_set(&v->changed);
    return 0;
}

/* --- A child's fiber. */

/* Takes what diesel_fail() has left. */
static void note_failure(struct child *c)
{
    diesel_fiber *self = diesel_self();
    c->failed = true;
    if (self->error != NULL)
        c->error = *self->error;
    else
        diesel_error_set(&c->error, DIESEL_E_FAILED, DIESEL_DOM_CORE, 0,
                         "%s failed and gave no error", c->is.label);
    diesel_free(self->error);
    self->error = NULL;
}

static int run_child(void *arg)
{
    struct child *c = arg;
    diesel_error err;
    c->result = -1;
    c->scope = diesel_scope_open(&(diesel_scope_options){.label = c->is.label});
    if (c->scope != NULL) {
        if (c->stopped)
            diesel_scope_cancel(c->scope);
        c->result = c->is.fn(c->is.arg);
    } else {
        diesel_error_nomem(&err, "a scope");
        diesel_fail(&err);
    }
    if (c->result < 0 && !c->stopped)
        note_failure(c);
    if (c->scope != NULL)
        (void)diesel_scope_wait(c->scope, NULL);
    c->scope = NULL;
    c->alive = false;
    diesel_event_set(&c->supervisor->changed);
    return 0;
}

/* --- The supervisor's. */

static int start(diesel_supervisor *v, struct child *c)
{
    c->state = DIESEL_CHILD_RUNS;
    c->alive = true;
    c->stopped = false;
    c->began = now_of(v);
    if (diesel_go_labelled(v->scope, c->is.label, run_child, c) == 0)
        return 0;
    c->alive = false;
    return -1;
}

/* Waits for a change that has not been looked at, until `deadline`. */
static int wait_for_change(diesel_supervisor *v, int64_t deadline,
                           diesel_error *err)
{
    int result = diesel_event_wait(&v->changed, deadline, err);
    diesel_event_reset(&v->changed);
    return result;
}

/* Cancels the children from `first` on, the last first, each when the one after it
 * has ended; all but `except`. */
static int stop_from(diesel_supervisor *v, size_t first, const struct child *except,
                     diesel_error *err)
{
    for (size_t i = v->count; i > first; i--) {
        struct child *c = v->children[i - 1];
        if (c == except || c->state != DIESEL_CHILD_RUNS)
            continue;
        c->stopped = true;
        diesel_scope_cancel(c->scope); /* NULL: it has not run yet, and will see */
        while (c->alive)
            if (wait_for_change(v, DIESEL_FOREVER, err) < 0)
                return -1;
    }
    diesel_event_set(&v->changed); /* others may have ended meanwhile */
    return 0;
}

/* Notes a restart; whether there have been too many. */
static bool is_too_often(diesel_supervisor *v)
{
    if (v->options.most_restarts < 0)
        return false;
    size_t most = (size_t)v->options.most_restarts;
    int64_t now = now_of(v), *oldest = &v->restarts[v->restarted % most];
    bool full = v->restarted >= most;
    bool too_often = full && now - *oldest <= v->options.within_ms;
    *oldest = now;
    v->restarted++;
    return too_often;
}

static int64_t next_pause(diesel_supervisor *v, struct child *c)
{
    const diesel_supervisor_options *o = &v->options;
    if (now_of(v) - c->began >= o->within_ms)
        c->failures = 0;
    int64_t pause = o->pause_ms;
    for (unsigned i = 0; i < c->failures && pause < o->most_pause_ms; i++)
        pause *= 2;
    if (pause > o->most_pause_ms)
        pause = o->most_pause_ms;
    c->failures++;
    return pause / 2 + (int64_t)((double)(pause - pause / 2) * chance_of(v));
}

/* Sets what is to be started again on its way, in the order of adding: child i, or
 * all from `first` on. */
static int restart(diesel_supervisor *v, size_t i, diesel_error *err)
{
    struct child *c = v->children[i];
    size_t first = v->options.strategy == DIESEL_ONE_FOR_ALL ? 0 : i;
    size_t end = v->options.strategy == DIESEL_ONE_FOR_ONE ? i + 1 : v->count;
    if (end != i + 1 || first != i)
        if (stop_from(v, first, c, err) < 0)
            return -1;
    int64_t pause = next_pause(v, c), at = diesel_now() + pause;
    for (size_t k = first; k < end; k++) {
        struct child *other = v->children[k];
        bool comes = other == c || (other->state == DIESEL_CHILD_RUNS &&
                                    other->is.restart != DIESEL_TEMPORARY);
        if (other->state == DIESEL_CHILD_RUNS)
            other->state = comes ? DIESEL_CHILD_PAUSES : DIESEL_CHILD_ENDED;
        if (!comes)
            continue;
        other->restarts++;
        other->pause_ms = pause;
        other->start_at = at;
    }
    return 0;
}

/* What follows from the end of child i. */
static int child_ended(diesel_supervisor *v, size_t i, diesel_error *err)
{
    struct child *c = v->children[i];
    bool again = c->is.restart == DIESEL_PERMANENT ||
                 (c->is.restart == DIESEL_TRANSIENT && c->result < 0);
    if (!again) {
        c->state = DIESEL_CHILD_ENDED;
        return 0;
    }
    if (is_too_often(v))
        return diesel_error_set(
            err, DIESEL_E_LIMIT, DIESEL_DOM_CORE, 0,
            "%s: more than %d restarts in %lld ms; %s: %s", v->options.label,
            v->options.most_restarts, (long long)v->options.within_ms, c->is.label,
            c->result < 0 ? c->error.message : "ended");
    return restart(v, i, err);
}

/* Looks at all children once: 0, or -1 with *err filled. *left: how many run or
 * will; *next: when the next one is to be started. */
static int look(diesel_supervisor *v, size_t *left, int64_t *next, diesel_error *err)
{
    *left = 0;
    *next = DIESEL_FOREVER;
    for (size_t i = 0; i < v->count; i++)
        if (v->children[i]->state == DIESEL_CHILD_RUNS && !v->children[i]->alive &&
            child_ended(v, i, err) < 0)
            return -1;
    int64_t now = diesel_now();
    for (size_t i = 0; i < v->count; i++) {
        struct child *c = v->children[i];
        if (c->state == DIESEL_CHILD_PAUSES && c->start_at <= now &&
            start(v, c) < 0)
            return diesel_error_nomem(err, "a child");
        *left += c->state != DIESEL_CHILD_ENDED;
        if (c->state == DIESEL_CHILD_PAUSES && c->start_at < *next)
            *next = c->start_at;
    }
    return 0;
}

static int supervise(diesel_supervisor *v, diesel_error *err)
{
    size_t left;
    int64_t next;
    for (;;) {
        if (v->stopping)
            return stop_from(v, 0, NULL, err);
        if (look(v, &left, &next, err) < 0)
            return -1;
        if (left == 0)
            return diesel_check(err);
        diesel_error why;
        if (wait_for_change(v, next, &why) < 0) {
            /* The end of a pause is no failure; that of the scope is. */
            if (why.code == DIESEL_E_TIMEDOUT && diesel_check(NULL) == 0)
                continue;
            if (err != NULL)
                *err = why;
            return -1;
        }
    }
}

static void prepare(diesel_supervisor *v)
{
    v->stopping = false;
    v->restarted = 0;
    for (size_t i = 0; i < v->count; i++) {
        struct child *c = v->children[i];
        c->state = DIESEL_CHILD_PAUSES;
        c->failures = 0;
        c->start_at = 0;
    }
}

int diesel_supervisor_run(diesel_supervisor *v, diesel_error *err)
{
    if (v->scope != NULL)
        return diesel_error_set(err, DIESEL_E_BUSY, DIESEL_DOM_CORE, 0,
                                "%s runs already", v->options.label);
    v->scope =
        diesel_scope_open(&(diesel_scope_options){.label = v->options.label});
    if (v->scope == NULL)
        return diesel_error_nomem(err, "a scope");
    prepare(v);
    diesel_error why, other;
    int result = supervise(v, &why);
    if (result < 0)
        for (size_t i = 0; i < v->count; i++)
            v->children[i]->stopped = true;
    diesel_scope_cancel(v->scope);
    if (diesel_scope_wait(v->scope, &other) < 0 && result == 0) {
        result = -1;
        why = other;
    }
    v->scope = NULL;
    for (size_t i = 0; i < v->count; i++)
        v->children[i]->state = DIESEL_CHILD_ENDED;
    if (result < 0 && err != NULL)
        *err = why;
    return result;
}

int diesel_supervise(void *supervisor)
{
    diesel_error err;
    return diesel_supervisor_run(supervisor, &err) < 0 ? diesel_fail(&err) : 0;
}

void diesel_supervisor_stop(diesel_supervisor *v)
{
    if (v == NULL || v->scope == NULL)
        return;
    v->stopping = true;
    diesel_event_set(&v->changed);
}

int diesel_keep_alive(const diesel_child *child,
                      const diesel_supervisor_options *options, diesel_error *err)
{
    diesel_supervisor_options o = {0};
    diesel_child one = *child;
    if (options != NULL)
        o = *options;
    if (o.label == NULL)
        o.label = child->label;
    if (o.most_restarts == 0)
        o.most_restarts = DIESEL_UNLIMITED;
    one.restart = DIESEL_TRANSIENT;
    diesel_supervisor *v = diesel_supervisor_new(&o, err);
    if (v == NULL)
        return -1;
    int result = diesel_supervisor_add(v, &one, err);
    if (result == 0)
        result = diesel_supervisor_run(v, err);
    diesel_supervisor_free(v);
    return result;
}

/* As deep as supervisors are nested. */
static bool walk(const diesel_supervisor *v, int depth,
                 bool (*see)(const diesel_child_status *status, void *arg),
                 void *arg)
{
    for (size_t i = 0; i < v->count; i++) {
        const struct child *c = v->children[i];
        diesel_child_status status = {
            .supervisor = v,
            .label = c->is.label,
            .restart = c->is.restart,
            .state = c->state,
            .depth = depth,
            .restarts = c->restarts,
            .pause_ms = c->pause_ms,
            .last_error = c->failed ? &c->error : NULL,
        };
        if (!see(&status, arg))
            return false;
        if (c->is.fn == diesel_supervise &&
            !walk(c->is.arg, depth + 1, see, arg))
            return false;
    }
    return true;
}

void diesel_supervisor_walk(const diesel_supervisor *v,
                            bool (*see)(const diesel_child_status *status,
                                        void *arg),
                            void *arg)
{
    (void)walk(v, 0, see, arg);
}

/* SPDX-License-Identifier: MIT */
/*
 * Entries: a scheduler with a loop of its own, or inside an application's.
 *
 * Either way the end is the same: the root scope is cancelled, and the loop turns
 * until no fiber is left. A fiber cannot wait against that for ever, except in
 * a shielded scope without a deadline.
 */
#include <diesel/run.h>

#include <errno.h>
#include <stdio.h>

#include <diesel/event.h>

#include "console_internal.h"
#include "deadlock_internal.h"
#include "dns_internal.h"
#include "fork_internal.h"
#include "inbox_internal.h"
#include "loop_internal.h"
#include "overflow_internal.h"
#include "sched_internal.h"
#include "stall_internal.h"
#include "stream_internal.h"
#include "workers_internal.h"

static int begin(struct event_base *base, const diesel_options *options,
                 diesel_error *err)
{
    if (diesel__sched_new(options, err) < 0)
        return -1;
    if (diesel__loop_open(diesel__current, base, err) < 0) {
        diesel__sched_free(diesel__current);
        return -1;
    }
    diesel__overflow_watch(diesel__current);
    diesel__console_start(diesel__current,
                          options != NULL ? options->console : NULL);
    diesel__stall_start(diesel__current, options != NULL ? options->stall_ms : 0);
    diesel__fork_watch();
    return 0;
}

/* Cancels everything, waits until all fibers have ended, frees all. */
static void end(diesel__sched *s)
{
    diesel__scope_cancel(&s->root, DIESEL_E_CANCELLED);
    while (s->fibers > 0 && diesel__loop_turn(s, &s->fibers))
        ;
    diesel__inbox_close(s); /* what is in it may start fibers: */
    while (s->fibers > 0 && diesel__loop_turn(s, &s->fibers))
        ;
    diesel__workers_leave(s);
    diesel__inbox_leave(s);
    diesel__overflow_unwatch(s);
    diesel__stall_stop(s);
    diesel__console_end(s);
    diesel__dns_close(s);
    diesel__spares_free(s);
    diesel__pipes_free(s);
    diesel__tls_scratch_free(s);
    diesel__loop_close(s);
    diesel__sched_free(s);
}

struct first {
    diesel_fn *fn;
    void *arg;
    int result;
};

static int run_first(void *arg)
{
    struct first *first = arg;
    first->result = first->fn(first->arg);
    return first->result;
}

int diesel_run(diesel_fn *fn, void *arg, const diesel_options *options,
               diesel_error *err)
{
    if (begin(NULL, options, err) < 0)
        return -1;
    diesel__sched *s = diesel__current;
    diesel_scope *scope = diesel_scope_open(
        &(diesel_scope_options){.label = "main", .detached = true});
    struct first first = {.fn = fn, .arg = arg, .result = -1};
    if (scope == NULL || diesel__start(scope, "main", run_first, &first) == NULL) {
        end(s);
        return diesel_error_nomem(err, "the first fiber");
    }

    bool stuck = false;
    while (scope->count > 0) {
        if (diesel__loop_turn(s, &scope->count))
            continue;
        if (stuck)
            break; /* cancelled, and waits for ever all the same */
        stuck = true;
        diesel__deadlock_report(s, err);
        diesel__scope_cancel(&s->root, DIESEL_E_CANCELLED);
    }
    if (!stuck && first.result < 0) {
        if (scope->error != NULL && err != NULL)
            *err = *scope->error;
        else
            diesel_error_set(err, DIESEL_E_FAILED, DIESEL_DOM_CORE, 0,
                             "the first fiber returned %d and gave no error",
                             first.result);
    }
    end(s);
    return stuck ? -1 : first.result;
}

int diesel_main(diesel_fn *fn, void *arg)
{
    diesel_error err;
    if (diesel_run(fn, arg, NULL, &err) >= 0)
        return 0;
    fprintf(stderr, "%s: %s\n", program_invocation_short_name, err.message);
    return 1;
}

int diesel_attach(struct event_base *base, const diesel_options *options,
                  diesel_error *err)
{
    if (base == NULL)
        return diesel_error_set(err, DIESEL_E_INVAL, DIESEL_DOM_CORE, 0,
                                "diesel_attach: no event_base");
    return begin(base, options, err);
}

void diesel_detach(void)
{
    diesel__sched *s = diesel__sched_need("diesel_detach");
    diesel__fork_check(s, "diesel_detach");
    end(s);
}

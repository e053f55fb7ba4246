/* SPDX-License-Identifier: MIT */
/*
 * Supervision: fibers that are started again when they fail, after the model of
 * Erlang/OTP (https://www.erlang.org/doc/design_principles/sup_princ).
 *
 *     diesel_supervisor *all = diesel_supervisor_new(
 *         &(diesel_supervisor_options){.label = "app"}, &err);
 *     diesel_supervisor_add(all, &(diesel_child){.fn = serve, .label = "serve"}, &err);
 *     diesel_supervisor_add(all, &(diesel_child){.fn = poll, .label = "poll"}, &err);
 *     if (diesel_supervisor_run(all, &err) < 0)
 *         ...                      // too many failures, or cancelled
 *     diesel_supervisor_free(all);
 *
 * A child that fails does not cancel its siblings: it is started again, after a
 * pause that grows from one failure to the next. When restarts come too often the
 * supervisor ends all children and fails itself. A supervisor can be the child of
 * another, which then decides: `{.fn = diesel_supervise, .arg = inner}`.
 */
#ifndef DIESEL_SUPERVISOR_H
#define DIESEL_SUPERVISOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <diesel/error.h>
#include <diesel/fiber.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct diesel_supervisor diesel_supervisor;

/* When a child that has ended is started again. */
typedef enum diesel_restart {
    DIESEL_PERMANENT, /* always                */
    DIESEL_TRANSIENT, /* if it has failed      */
    DIESEL_TEMPORARY  /* never                 */
} diesel_restart;

/* Which children are started again when one has to be. The others are cancelled
 * first, one by one, the last first. */
typedef enum diesel_strategy {
    DIESEL_ONE_FOR_ONE, /* that one                              */
    DIESEL_ONE_FOR_ALL, /* all                                   */
    DIESEL_REST_FOR_ONE /* that one and those added after it     */
} diesel_strategy;

#define DIESEL_UNLIMITED (-1)

typedef struct diesel_supervisor_options {
    const char *label; /* borrowed for its life; NULL: "supervisor" */
    diesel_strategy strategy;
    int most_restarts;  /* more than so many ...; 0: 3; or DIESEL_UNLIMITED */
    int64_t within_ms;  /* ... in this time are too many; 0: 5000           */
    int64_t pause_ms;   /* before the first restart; it doubles with each
                           further one until the child has run for within_ms;
                           0: 100                                           */
    int64_t most_pause_ms; /* 0: 30000. The real pause is between a half of
                              these and the whole, by chance                */
    /* For tests: a clock in ms instead of diesel_now(), and chance from 0 to
     * 1. NULL: the usual ones. */
    int64_t (*now)(void *arg);
    double (*chance)(void *arg);
    void *arg;
} diesel_supervisor_options;

typedef struct diesel_child {
    const char *label; /* borrowed for the supervisor's life */
    diesel_fn *fn;     /* negative: it has failed, see diesel_fail() */
    void *arg;
    diesel_restart restart;
} diesel_child;

/* Owned by the caller, freed with diesel_supervisor_free() when it does not run.
 * The options are copied and may be NULL. NULL: NOMEM. Never switches fibers. */
diesel_supervisor *diesel_supervisor_new(const diesel_supervisor_options *options,
                                         diesel_error *err);
void diesel_supervisor_free(diesel_supervisor *supervisor);

/* Adds a child, which is copied; it is started when the supervisor runs, in the
 * order of adding, or soon if it does already. 0, or -1: NOMEM, INVAL (no label,
 * no function). Never switches fibers. */
int diesel_supervisor_add(diesel_supervisor *supervisor, const diesel_child *child,
                          diesel_error *err);

/* Runs the children, in a scope of its own, until none is left that runs or will be
 * started again, or diesel_supervisor_stop(): 0. -1: LIMIT (too many restarts; the
 * message has the last child's error), CANCELLED, TIMEDOUT, NOMEM. No child is
 * alive then. It may be run again. Switches fibers. */
int diesel_supervisor_run(diesel_supervisor *supervisor, diesel_error *err)
    __attribute__((warn_unused_result));

/* The same as a fiber's function: the supervisor as `arg`. */
int diesel_supervise(void *supervisor);

/* Has the supervisor cancel its children, one by one, the last first, and end
 * well. Never switches fibers. */
void diesel_supervisor_stop(diesel_supervisor *supervisor);

/* Runs one child until it is cancelled or ends well, starting it again whenever
 * it fails: as a supervisor with it alone, without a limit unless
 * options->most_restarts says one. Switches fibers. */
int diesel_keep_alive(const diesel_child *child,
                      const diesel_supervisor_options *options,
                      diesel_error *err) __attribute__((warn_unused_result));

typedef enum diesel_child_state {
    DIESEL_CHILD_RUNS,
    DIESEL_CHILD_PAUSES, /* it will be started (again) */
    DIESEL_CHILD_ENDED   /* for good */
} diesel_child_state;

typedef struct diesel_child_status {
    const diesel_supervisor *supervisor;
    const char *label;
    diesel_restart restart;
    diesel_child_state state;
    int depth;             /* 0: a child of the one that is walked */
    uint64_t restarts;     /* ever */
    int64_t pause_ms;      /* the last one's length; 0: none yet */
    const diesel_error *last_error; /* the last failure's; or NULL */
} diesel_child_status;

/* Calls `see` for each child and, after a supervisor that is a child by
 * diesel_supervise(), for each of its children, until it returns false. It must not
 * switch fibers nor add children. Never switches fibers. */
void diesel_supervisor_walk(const diesel_supervisor *supervisor,
                            bool (*see)(const diesel_child_status *status,
                                        void *arg),
                            void *arg);

#ifdef __cplusplus
}
#endif
#endif

/* SPDX-License-Identifier: MIT */
/*
 * The stall watcher: reports a fiber that has not switched for too long, with its
 * label and where it is. Off unless diesel_options or the environment ask for it.
 */
#ifndef DIESEL_STALL_INTERNAL_H
#define DIESEL_STALL_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>

struct diesel__sched;
struct diesel_fiber;

/* What changes with every switch. */
typedef struct diesel__heartbeat {
    const struct diesel_fiber *current;
    uint64_t rounds;
    int slice, slices;
} diesel__heartbeat;

/* What the watcher knows. */
typedef struct diesel__stall_state {
    diesel__heartbeat last;
    int64_t since;  /* ns: when it saw that for the first time */
    int64_t report; /* ns: when it will have been too long     */
    int64_t limit;  /* ns */
} diesel__stall_state;

/* Starts the watcher of a scheduler, on its thread; ms <= 0: as the environment
 * says, or none. What prevents it is logged. */
void diesel__stall_start(struct diesel__sched *s, int64_t ms);
void diesel__stall_stop(struct diesel__sched *s);

/* One look. For how long, in ns, the same fiber has run if that is to be reported
 * now: after the limit, twice the limit, four times ...; otherwise 0. */
int64_t diesel__stall_look(diesel__stall_state *state, diesel__heartbeat beat,
                           int64_t now);

#endif

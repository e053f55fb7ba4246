/* SPDX-License-Identifier: MIT */
/*
 * The tally: how long each fiber has run, and since when it waits. It is kept only
 * while somebody looks (the console), and costs nothing otherwise: then, and only then, a
 * round is one turn of one fiber, so that every switch leads through the loop's
 * stack, and the clock is read there.
 *
 * What a fiber did before the tally began is not known, nor how long the turn took
 * in which it began.
 */
#ifndef DIESEL_TALLY_INTERNAL_H
#define DIESEL_TALLY_INTERNAL_H

#include "sched_internal.h"

/* Nest: as many stops as starts. */
void diesel__tally_start(diesel__sched *s);
void diesel__tally_stop(diesel__sched *s);

/* ns that the fiber has run since the tally began. */
int64_t diesel__tally_ran(const diesel__sched *s, const diesel_fiber *fiber);

/* ns since it last ran; *exact is false if that is the least it can be, since it
 * was before the tally began. */
int64_t diesel__tally_idle(const diesel__sched *s, const diesel_fiber *fiber,
                           bool *exact);

#endif

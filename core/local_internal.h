/* SPDX-License-Identifier: MIT */
/*
 * Fiber-local values, as the scheduler sees them: a chain that is NULL for
 * nearly all fibers.
 */
#ifndef DIESEL_LOCAL_INTERNAL_H
#define DIESEL_LOCAL_INTERNAL_H

struct diesel_fiber;

/* Drops all values of the running fiber, whose function has returned. */
void diesel__locals_drop(struct diesel_fiber *self) __attribute__((cold));

#endif

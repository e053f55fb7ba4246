/* SPDX-License-Identifier: MIT */
/*
 * Saying so when a fiber runs out of its stack.
 */
#ifndef DIESEL_OVERFLOW_INTERNAL_H
#define DIESEL_OVERFLOW_INTERNAL_H

struct diesel__sched;

/* Readies this thread, and once the process, for the report. Without memory or
 * the right to it there is no report: the guard still stops the program. */
void diesel__overflow_watch(struct diesel__sched *s);
void diesel__overflow_unwatch(struct diesel__sched *s);

#endif

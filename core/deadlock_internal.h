/* SPDX-License-Identifier: MIT */
/*
 * Saying who waits for what when no event can come.
 */
#ifndef DIESEL_DEADLOCK_INTERNAL_H
#define DIESEL_DEADLOCK_INTERNAL_H

#include <diesel/error.h>

struct diesel__sched;

/* Fills *err (FAILED) with as many fibers and what they wait for as it has room for,
 * and logs more of them, each with its backtrace. */
void diesel__deadlock_report(struct diesel__sched *s, diesel_error *err);

#endif

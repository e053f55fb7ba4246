/* SPDX-License-Identifier: MIT */
/*
 * Signals inside: receivers with a function, and forked children. See signal.c.
 */
#ifndef DIESEL_SIGNAL_INTERNAL_H
#define DIESEL_SIGNAL_INTERNAL_H

#include <diesel/signal.h>

/* A receiver that calls `on`, outside fibers, instead of keeping the signal for a
 * fiber. `on` may close it. */
diesel_signals *diesel__signals_open(const int *numbers, size_t count,
                                     void (*on)(void *arg, int number),
                                     void *arg, diesel_error *err);

/* In a forked child: no receivers. */
void diesel__signals_forked(void);

#endif

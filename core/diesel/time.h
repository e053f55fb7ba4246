/* SPDX-License-Identifier: MIT */
/*
 * Time. Deadlines are absolute points on a monotonic clock in milliseconds, so
 * that one deadline can bound several calls:
 *
 *     int64_t deadline = diesel_now() + 250;
 *     diesel_stream_write(s, question, n, deadline, &err);
 *     diesel_stream_read_exactly(s, answer, m, deadline, &err);
 *
 * The deadline of the nearest scope counts as well: the sooner one ends the
 * call, with DIESEL_E_TIMEDOUT either way.
 */
#ifndef DIESEL_TIME_H
#define DIESEL_TIME_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define DIESEL_FOREVER INT64_MAX /* a deadline that never comes            */
#define DIESEL_NOW ((int64_t)0)  /* a deadline that is past: do not wait   */

/* Milliseconds of CLOCK_MONOTONIC. Never switches fibers. */
int64_t diesel_now(void);

#ifdef __cplusplus
}
#endif
#endif

/* SPDX-License-Identifier: MIT */
/*
 * What the files of the log share: log.c (loggers and levels), log_context.c,
 * log_write.c (records and sinks), log_format.c (for people, JSON),
 * log_system.c (syslog, journal).
 */
#ifndef DIESEL_LOG_INTERNAL_H
#define DIESEL_LOG_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>

#include <diesel/log.h>

/* The longest line or datagram, bytes. */
#define DIESEL__LOG_MOST ((size_t)64 * 1024)

/* log.c */

/* Whether a name is the logger's, or one around it; "" is around all. */
bool diesel__log_covers(const char *name, const char *logger);

/* Gives a logger that is used for the first time its threshold; returns it. */
int diesel__log_threshold(diesel_logger *logger);

/* Calls fn for every logger used so far, with the registry locked: fn must not
 * log. */
void diesel__loggers_visit(void (*fn)(void *arg, const diesel_logger *logger),
                           void *arg);

/* log_context.c */
struct diesel_fiber;
struct diesel_log_context {
    diesel_log_context *outer; /* holds a reference on it          */
    size_t refs;               /* fibers, and contexts inside it   */
    size_t count;              /* values                           */
    diesel_value fields[];     /* names and texts lie behind them  */
};

/* The context of the running fiber, or of the thread outside fibers; or NULL. */
const diesel_log_context *diesel__log_context(void);

/* Gives up a fiber's reference. */
void diesel__log_context_drop(diesel_log_context *context);

/* log_write.c: a record that a sink could not write. */
void diesel__log_lose(void);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * What the files of the console share: console.c (the socket and its protocol),
 * console_commands.c (the table of commands), console_fibers.c (fibers, scopes,
 * timers).
 *
 * The protocol: a request is a line of words, "json" first if the answer shall be
 * JSON; an answer is a line "ok LENGTH" or "error LENGTH", and that many bytes.
 */
#ifndef DIESEL_CONSOLE_INTERNAL_H
#define DIESEL_CONSOLE_INTERNAL_H

#include <diesel/console.h>

#include "page_internal.h"
#include "sched_internal.h"

/* The longest request and its words; the longest answer. */
#define DIESEL__CONSOLE_LINE 1024
#define DIESEL__CONSOLE_WORDS 8
#define DIESEL__CONSOLE_PAGE ((size_t)64 << 20)

struct diesel_console_entry {
    diesel__link link; /* in the scheduler's pages */
    const char *name;
    const char *help;
    diesel_console_fn *fn;
    void *arg;
};

/* console.c. Opens the console that the options (path not NULL) or the environment
 * ask for; what prevents it is logged. Outside fibers. */
void diesel__console_start(diesel__sched *s, const char *path);
/* After the last fiber has ended. */
void diesel__console_end(diesel__sched *s);

/* console_commands.c. Answers a request of `count` words, at least one; 0, or -1:
 * INVAL and whatever the command fails with. Never switches fibers. */
int diesel__console_answer(diesel__sched *s, char **words, size_t count,
                           diesel_console_page *page, diesel_error *err);
bool diesel__console_has_command(const char *name);
/* The next page with this name (any, if it is NULL) behind `from`; or NULL. */
diesel_console_entry *diesel__console_next(diesel__sched *s,
                                           const diesel__link *from,
                                           const char *name);

/* console_fibers.c */
int diesel__console_fibers(diesel__sched *s, char **words, size_t count,
                           diesel_console_page *page, diesel_error *err);
int diesel__console_groups(diesel__sched *s, char **words, size_t count,
                           diesel_console_page *page, diesel_error *err);
int diesel__console_fiber(diesel__sched *s, char **words, size_t count,
                          diesel_console_page *page, diesel_error *err);
int diesel__console_cancel(diesel__sched *s, char **words, size_t count,
                           diesel_console_page *page, diesel_error *err);
int diesel__console_scopes(diesel__sched *s, char **words, size_t count,
                           diesel_console_page *page, diesel_error *err);
int diesel__console_timers(diesel__sched *s, char **words, size_t count,
                           diesel_console_page *page, diesel_error *err);

#endif

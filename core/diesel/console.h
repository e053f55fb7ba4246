/* SPDX-License-Identifier: MIT */
/*
 * The console: looking into a running program through a Unix socket, and changing
 * some of it: fibers with what they wait for and where, scopes, timers, levels of
 * logs, metrics. diesel-console(1) is the tool that attaches to it.
 *
 * It is opened by diesel_options.console or, for the first scheduler of a process,
 * by the environment variable DIESEL_CONSOLE, either of which is the socket's path
 * ("%p" in it is the process's number). Only the user that the program runs as, and
 * root, may attach. While nobody does, it costs nothing but a descriptor.
 *
 * A library or a program adds pages of its own, as the Redis driver does with the page
 * "redis" and as any driver may with its connections; say, of a pool:
 *
 *     static void show(void *arg, diesel_console_page *page)
 *     {
 *         const struct pool *pool = arg;
 *         for (int i = 0; i < pool->count; i++)
 *             diesel_console_row(page, "host", pool->all[i].host, "busy",
 *                                pool->all[i].busy);
 *     }
 *
 *     pool->shown = diesel_console_add("pools", "Pools and their use.", show, pool);
 *     ...
 *     diesel_console_remove(pool->shown);
 *
 * Nothing here switches fibers.
 */
#ifndef DIESEL_CONSOLE_H
#define DIESEL_CONSOLE_H

#include <stddef.h>

#include <diesel/error.h>
#include <diesel/value.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A page while it is written. */
typedef struct diesel_console_page diesel_console_page;

/* Writes rows; called on the thread that added it, must not switch fibers. */
typedef void diesel_console_fn(void *arg, diesel_console_page *page);

typedef struct diesel_console_entry diesel_console_entry;

/* Adds a page to the running thread's scheduler, under a name of one word; several
 * with one name are shown one after the other. Name and help (one sentence) are
 * borrowed until it is removed, as is `arg`. NULL: NOMEM, or INVAL when the name is
 * that of a command. */
diesel_console_entry *diesel_console_add(const char *name, const char *help,
                                         diesel_console_fn *fn, void *arg,
                                         diesel_error *err);

/* NULL does nothing. What is left over goes with the scheduler. */
void diesel_console_remove(diesel_console_entry *entry);

/* Adds a row: name, value, name, value ..., at most 16 fields. Rows with the same
 * names become a table; in JSON each is an object. */
#ifndef __cplusplus
#define diesel_console_row(page, ...)                                          \
    diesel_console_row_values((page), DIESEL_VALUES(__VA_ARGS__),              \
                              DIESEL_COUNT(__VA_ARGS__))
#endif
void diesel_console_row_values(diesel_console_page *page,
                               const diesel_value *fields, size_t count);

#ifdef __cplusplus
}
#endif
#endif

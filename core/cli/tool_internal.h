/* SPDX-License-Identifier: MIT */
/*
 * What the command-line tools share beside their options: exit statuses, errors
 * on stderr, output that may fail, Ctrl-C, passwords asked for, and standard
 * input.
 *
 *     int main(int argc, char **argv)
 *     {
 *         diesel__tool_begin();
 *         ... options ...
 *         int result = diesel_run(app, &settings, NULL, &err);
 *         return diesel__tool_end(&tool, result, &err);
 *     }
 *
 * Data goes to stdout, everything else to stderr.
 */
#ifndef DIESEL_CLI_TOOL_INTERNAL_H
#define DIESEL_CLI_TOOL_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>

#include <diesel/error.h>
#include <diesel/scope.h>

#include "core/cli/options_internal.h"

/* Exit statuses; the manual pages list them, so they are stable. */
enum {
    DIESEL__EXIT_OK = 0,
    DIESEL__EXIT_SERVER = 1,       /* the server said no, or anything else     */
    DIESEL__EXIT_USAGE = 2,        /* wrong options, unreadable input          */
    DIESEL__EXIT_CONNECT = 3,      /* no connection, or it broke               */
    DIESEL__EXIT_TIMEOUT = 4,      /* no answer in time                        */
    DIESEL__EXIT_OUTPUT = 5,       /* the output could not be written          */
    DIESEL__EXIT_INTERRUPTED = 130 /* Ctrl-C                                   */
};

/* The status that fits an error's code. Only Ctrl-C cancels in the tools. */
int diesel__tool_status(const diesel_error *err);

/* Prints "NAME: message" to stderr, control characters as "?". */
void diesel__tool_complain(const diesel__tool *tool, const diesel_error *err);

/* A write to a closed pipe becomes an error instead of a signal. First in main. */
void diesel__tool_begin(void);

/* Flushes stdout; -1 when something could not be written, now or before. */
int diesel__tool_flush(diesel_error *err);

/* Last in main. With a negative result prints the error. Returns the status for
 * exit; or does not return: after a closed pipe the program ends by SIGPIPE,
 * quietly, and after Ctrl-C by SIGINT, so that a shell script stops too. */
int diesel__tool_end(const diesel__tool *tool, int result,
                     const diesel_error *err);

/* Ctrl-C. The first cancels the scope of the running command; a second one
 * before that has been done ends the program. */

/* Starts watching; in a fiber. 0, or -1: LIMIT, IO, NOMEM. */
int diesel__interrupt_watch(diesel_error *err);

/* Ends what diesel__interrupt_watch() started; the same fiber. */
void diesel__interrupt_unwatch(void);

/* The scope that Ctrl-C cancels from now on; NULL: none. */
void diesel__interrupt_scope(diesel_scope *scope);

/* Whether Ctrl-C was pressed since the last call. */
bool diesel__interrupted(void);

/* Becomes readable when Ctrl-C is pressed, for poll(2); -1 while not watching. */
int diesel__interrupt_fd(void);

/* Asks on the terminal, without showing what is typed. Into buf, which holds
 * `size` bytes. 0, or -1: FAILED (there is no terminal), CANCELLED (Ctrl-C),
 * LIMIT (longer than that). Blocks the thread; not while fibers have work. */
int diesel__ask_password(const char *prompt, char *buf, size_t size,
                         diesel_error *err);

/* Standard input, or any descriptor, line by line. Blocks the thread. */
typedef struct diesel__lines {
    int fd; /* borrowed */
    char *buf;
    size_t start, end, room; /* bytes [start, end) have not been handed out */
    bool ended;
} diesel__lines;

/* 1: *line is the next line without its newline and with a zero byte behind it,
 * borrowed until the next call; 0: there are no more; -1: CANCELLED (Ctrl-C),
 * NOMEM, IO. A last line without a newline is one too. */
int diesel__lines_next(diesel__lines *lines, char **line, size_t *len,
                       diesel_error *err);

void diesel__lines_clear(diesel__lines *lines);

/* All there is until the end, with a zero byte behind it; owned by the caller:
 * free(). NULL as for lines. Blocks the thread. */
char *diesel__read_all(int fd, size_t *len, diesel_error *err);

#endif

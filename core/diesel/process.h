/* SPDX-License-Identifier: MIT */
/*
 * Child processes, whose life is bounded like everything else's.
 *
 *     static const char *const argv[] = {"sort", "-u", NULL};
 *     diesel_process *sort = diesel_process_start(argv,
 *         &(diesel_process_options){.in = {DIESEL_STDIO_PIPE},
 *                                   .out = {DIESEL_STDIO_PIPE}}, &err);
 *     ... write to diesel_process_in(sort), read diesel_process_out(sort) ...
 *     diesel_exit how;
 *     int result = diesel_process_wait(sort, &how, DIESEL_FOREVER, &err);
 *     diesel_process_close(sort);       stops it, if it still runs
 *
 * A fiber that is cancelled gets CANCELLED from whatever it does with the process,
 * and on its way out closes it: that is what leaves nothing behind.
 *
 * A child begins with all signals at their defaults and none blocked, and without
 * descriptors but the three.
 */
#ifndef DIESEL_PROCESS_H
#define DIESEL_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <diesel/error.h>
#include <diesel/select.h>
#include <diesel/stream.h>
#include <diesel/time.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct diesel_process diesel_process;

/* What one of the child's three standard descriptors is. */
typedef enum diesel_stdio_kind {
    DIESEL_STDIO_INHERIT, /* the parent's of the same number             */
    DIESEL_STDIO_NULL,    /* /dev/null                                   */
    DIESEL_STDIO_PIPE,    /* a pipe to a stream here                     */
    DIESEL_STDIO_FD       /* a descriptor of the parent's, `fd`; borrowed */
} diesel_stdio_kind;

typedef struct diesel_stdio {
    diesel_stdio_kind kind;
    int fd;
} diesel_stdio;

typedef struct diesel_process_options {
    diesel_stdio in, out, err;
    const char *const *env; /* "NAME=value", NULL at the end; NULL: the parent's */
    const char *cwd;        /* where it starts; NULL: where the parent is       */
    bool new_group; /* its own process group, which is stopped as a whole and which
                       a terminal's Ctrl-C does not reach                   */
    int64_t grace_ms; /* from SIGTERM to SIGKILL when it is stopped; 0: 2000;
                         negative: SIGKILL at once                        */
} diesel_process_options;

/* How a process has ended. */
typedef struct diesel_exit {
    int status; /* what it gave to exit(3); -1 if a signal ended it */
    int signal; /* that ended it; 0: none                          */
} diesel_exit;

/* Starts the program argv[0], which is looked for in the PATH if it has no slash,
 * with these arguments (NULL at the end). options may be NULL. Owned by the
 * caller: diesel_process_close(). NULL: the program could not be executed (message with
 * its name, detail an errno such as ENOENT or EACCES), INVAL, NOMEM, LIMIT.
 * Blocks the thread until the program has been executed; never switches
 * fibers. */
diesel_process *diesel_process_start(const char *const *argv,
                                     const diesel_process_options *options,
                                     diesel_error *err);

/* The ends of the pipes, borrowed until diesel_process_close(); NULL if there is no
 * pipe. Never switch fibers. */
diesel_stream *diesel_process_in(const diesel_process *process);
diesel_stream *diesel_process_out(const diesel_process *process);
diesel_stream *diesel_process_err(const diesel_process *process);

/* Closes the pipe to the child's standard input, which is how it learns that no
 * more will come, once all that was written has left or `deadline` has passed. 0,
 * or -1 as diesel_stream_drain(); it is closed either way. */
int diesel_process_close_in(diesel_process *process, int64_t deadline,
                            diesel_error *err);

/* Its number. Never switches fibers. */
pid_t diesel_process_pid(const diesel_process *process);

/* Waits until it has ended, and says how in *how (may be NULL). 0; -1: TIMEDOUT,
 * CANCELLED, CLOSED (closed by another fiber). Any number of times, by any number of
 * fibers. Switches fibers only if it must wait; checks for cancellation
 * always. */
int diesel_process_wait(diesel_process *process, diesel_exit *how,
                        int64_t deadline, diesel_error *err);

/* For diesel_select(): it has ended, and *how (may be NULL) says how. result: 0;
 * -1: closed by another fiber. Never switches fibers. */
diesel_case diesel_case_process(diesel_process *process, diesel_exit *how);

/* Sends it a signal, or its group if it has one of its own. 0; also if it has
 * ended: then nothing is sent. -1: INVAL, IO. Never switches fibers. */
int diesel_process_signal(diesel_process *process, int number,
                          diesel_error *err);

/* Stops it, if it still runs: SIGTERM, and after the grace time SIGKILL (to the
 * whole group, if it has its own, whoever of it is left). Then closes the streams
 * and frees the process; one that may not be signalled, because it has taken
 * another user's rights, is left running. Waits for the end also in a cancelled scope. NULL does
 * nothing. Switches fibers only if it must wait. */
void diesel_process_close(diesel_process *process);

/* What diesel_process_run() brings. */
typedef struct diesel_captured {
    diesel_exit how;
    char *out, *err; /* with a zero byte behind; owned: diesel_captured_clear() */
    size_t out_size, err_size;
} diesel_captured;

/* Runs a program to its end: gives it the `size` bytes of `input`, and collects
 * what it writes to both its outputs, at most `limit` bytes each. 0, and *captured
 * is filled, however it has ended; or -1: as diesel_process_start(), LIMIT (it
 * has written more), TIMEDOUT, CANCELLED, NOMEM; it has been stopped then. The
 * deadline is the nearest scope's. in, out and err of the options do not count.
 * Switches fibers. */
int diesel_process_run(const char *const *argv,
                       const diesel_process_options *options, const void *input,
                       size_t size, size_t limit, diesel_captured *captured,
                       diesel_error *err);

/* Frees what was captured. Never switches fibers. */
void diesel_captured_clear(diesel_captured *captured);

#ifdef __cplusplus
}
#endif
#endif

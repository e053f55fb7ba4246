/* SPDX-License-Identifier: MIT */
/*
 * Calls that write and know no MSG_NOSIGNAL: splice(2), sendfile(2), and writev(2)
 * on a pipe. To a peer that has gone they raise SIGPIPE, which ends a program that
 * has not thought of it. So the signal is held back in this thread around the call,
 * and taken out of the queue if the call has raised it. A program that ignores
 * SIGPIPE anyway is spared most of that.
 */
#ifndef DIESEL_SIGPIPE_INTERNAL_H
#define DIESEL_SIGPIPE_INTERNAL_H

#include <stdbool.h>

#include <signal.h>

struct diesel__sigpipe {
    bool held, pending; /* it was pending before: not ours to take */
    sigset_t before;
};

/* No fiber may be switched between the two. Both keep errno. */
void diesel__sigpipe_hold(struct diesel__sigpipe *p);
void diesel__sigpipe_release(struct diesel__sigpipe *p, bool raised);

#endif

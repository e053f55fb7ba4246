/* SPDX-License-Identifier: MIT */
/*
 * Holding SIGPIPE back, see sigpipe_internal.h.
 */
#include "sigpipe_internal.h"

#include <errno.h>
#include <stddef.h>
#include <time.h>

static void pipe_only(sigset_t *set)
{
    sigemptyset(set);
    sigaddset(set, SIGPIPE);
}

static bool is_ignored(void)
{
    struct sigaction action;
    return sigaction(SIGPIPE, NULL, &action) == 0 &&
           action.sa_handler == SIG_IGN;
}

void diesel__sigpipe_hold(struct diesel__sigpipe *p)
{
    sigset_t set;
    int errnum = errno;
    p->held = !is_ignored();
    if (p->held) {
        pipe_only(&set);
        pthread_sigmask(SIG_BLOCK, &set, &p->before);
        p->pending = false;
        /* Only where it was blocked before can one be pending already. */
        if (sigismember(&p->before, SIGPIPE)) {
            sigset_t pending;
            p->pending = sigpending(&pending) == 0 &&
                         sigismember(&pending, SIGPIPE) == 1;
        }
    }
    errno = errnum;
}

void diesel__sigpipe_release(struct diesel__sigpipe *p, bool raised)
{
    sigset_t set;
    int errnum = errno;
    if (!p->held)
        return;
    if (raised && !p->pending) {
        pipe_only(&set);
        while (sigtimedwait(&set, NULL, &(struct timespec){0, 0}) < 0 &&
               errno == EINTR)
            ;
    }
    pthread_sigmask(SIG_SETMASK, &p->before, NULL);
    errno = errnum;
}

/* SPDX-License-Identifier: MIT */
/*
 * Forked children.
 *
 * A child has a copy of the scheduler of the thread that forked, and shares with
 * its parent what lies in the kernel: the epoll instance, the sockets. A fiber of
 * the copy that went on would talk to the parent's peers and take the parent's
 * watches away. So the copy is put out of use, in a way that costs the calls
 * nothing: the child's running fiber, and the root, are made to look cancelled,
 * and where a call finds itself cancelled it comes by diesel__fork_check().
 *
 * The child may run a scheduler of its own, also from the copied fiber; the
 * copy stays buried under it until the child ends.
 */
#include "fork_internal.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "channel_internal.h"
#include "sched_internal.h"
#include "signal_internal.h"
#include "workers_internal.h"

unsigned diesel__forks;

static atomic_long parent;

static void before(void)
{
    parent = getpid();
}

static void in_child(void)
{
    diesel__forks++;
    diesel__workers_forked();
    diesel__thread_channels_forked();
    diesel__signals_forked();
    diesel__sched *s = diesel__current;
    if (s == NULL || s->forked_from)
        return;
    s->forked_from = parent;
    s->root.cancelled = DIESEL_E_FAILED;
    if (s->current != NULL)
        s->current->scope = &s->root;
}

static void watch(void)
{
    pthread_atfork(before, NULL, in_child);
}

void diesel__fork_watch(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, watch);
}

void diesel__fork_check(const diesel__sched *s, const char *what)
{
    if (!s->forked_from)
        return;
    fprintf(stderr,
            "diesel: %s in process %ld, a fork of process %ld: the scheduler is "
            "the parent's; the child may call diesel_run() or exec a program\n",
            what, (long)getpid(), s->forked_from);
    abort();
}

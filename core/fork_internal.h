/* SPDX-License-Identifier: MIT */
/*
 * Forked children: see fork.c.
 */
#ifndef DIESEL_FORK_INTERNAL_H
#define DIESEL_FORK_INTERNAL_H

/* How many fork(2) calls lie between the process in which Diesel was first used
 * and this one; so objects can tell whether they are of this process. */
extern unsigned diesel__forks;

/* Has the process notice from now on that it was forked. */
void diesel__fork_watch(void);

#endif

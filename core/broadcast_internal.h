/* SPDX-License-Identifier: MIT */
/*
 * Broadcasts seen from outside, for the console.
 */
#ifndef DIESEL_BROADCAST_INTERNAL_H
#define DIESEL_BROADCAST_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>

struct diesel__sched;

typedef struct diesel__broadcast_view {
    const void *broadcast;
    size_t item_size, readers;
    size_t full;    /* readers that hold up the senders */
    size_t most;    /* items in a reader's queue        */
    size_t senders; /* that wait                        */
    bool closed;
} diesel__broadcast_view;

typedef void diesel__broadcast_fn(void *arg, const diesel__broadcast_view *view);

/* Calls fn for each broadcast that was made on the scheduler's thread. */
void diesel__broadcasts_visit(struct diesel__sched *s, diesel__broadcast_fn *fn,
                              void *arg);

/* Forgets the broadcasts that outlive their scheduler. */
void diesel__broadcasts_leave(struct diesel__sched *s);

#endif

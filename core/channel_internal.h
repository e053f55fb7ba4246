/* SPDX-License-Identifier: MIT */
/*
 * Channels seen from outside, for the console.
 */
#ifndef DIESEL_CHANNEL_INTERNAL_H
#define DIESEL_CHANNEL_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>

struct diesel__sched;

typedef struct diesel__channel_view {
    const void *channel;
    size_t count, capacity, item_size;
    size_t senders, receivers; /* that wait */
    bool closed;
} diesel__channel_view;

/* Calls fn for each channel that was made on the scheduler's thread. */
void diesel__channels_visit(struct diesel__sched *s,
                            void (*fn)(void *arg,
                                       const diesel__channel_view *view),
                            void *arg);

/* Forgets the channels that outlive their scheduler. */
void diesel__channels_leave(struct diesel__sched *s);

#endif

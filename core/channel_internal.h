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
    size_t senders, receivers; /* that wait; on this thread */
    bool closed, between_threads;
} diesel__channel_view;

/* Calls fn for each channel that was made on the scheduler's thread. */
void diesel__channels_visit(struct diesel__sched *s,
                            void (*fn)(void *arg,
                                       const diesel__channel_view *view),
                            void *arg);

/* The same for each channel between threads of the process, as this thread, which is
 * the scheduler's, sees it. fn must not make or free one. */
void diesel__thread_channels_visit(struct diesel__sched *s,
                                   void (*fn)(void *arg,
                                              const diesel__channel_view *view),
                                   void *arg);

/* In a forked child: none of them is its own. */
void diesel__thread_channels_forked(void);

/* Forgets the channels that outlive their scheduler. */
void diesel__channels_leave(struct diesel__sched *s);

#endif

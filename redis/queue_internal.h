/* SPDX-License-Identifier: MIT */
/*
 * Queues of parked fibers, first in, first out. The entries lie in the fibers'
 * frames. Whoever wakes a fiber takes its entry out; a fiber that wakes up for
 * another reason does it itself.
 */
#ifndef DREDIS_QUEUE_INTERNAL_H
#define DREDIS_QUEUE_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>

#include <diesel/park.h>

typedef struct dredis__parked {
    struct dredis__parked *prev, *next; /* NULL, NULL: not in a queue */
    diesel_fiber *fiber;
} dredis__parked;

typedef struct dredis__queue {
    dredis__parked ends; /* a ring: ends.next is the first, ends.prev the last */
} dredis__queue;

static inline void dredis__queue_init(dredis__queue *queue)
{
    queue->ends.prev = queue->ends.next = &queue->ends;
    queue->ends.fiber = NULL;
}

static inline bool dredis__queue_is_empty(const dredis__queue *queue)
{
    return queue->ends.next == &queue->ends;
}

static inline void dredis__queue_remove(dredis__parked *entry)
{
    if (entry->next == NULL)
        return;
    entry->prev->next = entry->next;
    entry->next->prev = entry->prev;
    entry->prev = entry->next = NULL;
}

/* How many fibers are in it. */
static inline size_t dredis__queue_count(const dredis__queue *queue)
{
    size_t n = 0;
    for (const dredis__parked *at = queue->ends.next; at != &queue->ends;
         at = at->next)
        n++;
    return n;
}

/* Wakes the first fiber with the value. */
static inline void dredis__queue_wake(dredis__queue *queue, int value)
{
    dredis__parked *first = queue->ends.next;
    dredis__queue_remove(first);
    diesel_wake(first->fiber, value);
}

static inline void dredis__queue_wake_all(dredis__queue *queue, int value)
{
    while (!dredis__queue_is_empty(queue))
        dredis__queue_wake(queue, value);
}

/* Parks the running fiber in the queue: at its end, or, for one that had been
 * woken in vain, at its head. Returns what diesel_park() does. Switches fibers. */
static inline int dredis__queue_park(dredis__queue *queue, bool at_head,
                                     const char *what, int64_t deadline,
                                     diesel_error *err)
{
    dredis__parked self = {.fiber = diesel_self()};
    self.prev = at_head ? &queue->ends : queue->ends.prev;
    self.next = self.prev->next;
    self.prev->next = self.next->prev = &self;
    int woken = diesel_park(what, deadline, err);
    dredis__queue_remove(&self);
    return woken;
}

#endif

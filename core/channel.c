/* SPDX-License-Identifier: MIT */
/*
 * Channels: a ring of items and two queues of waiting fibers, of which at most
 * one is not empty.
 *
 * A waiting fiber lies in its queue with a `struct waiter` on its own stack,
 * which says where its item is or shall go. Whoever comes from the other side
 * moves the item right there and wakes it; a fiber that has been cancelled or
 * timed out meanwhile is passed over, and leaves the queue when it runs.
 *
 * Order: a sender that waited moves its item into the ring as soon as a receiver
 * makes room, so nobody who comes later can overtake it.
 */
#include <diesel/channel.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <diesel/memory.h>

#include "sched_internal.h"

#define MOST_ITEM_SIZE (64 * 1024)

struct waiter {
    diesel__link link;
    diesel_fiber *fiber;
    void *item; /* to be sent from, or received into */
};

struct diesel_channel {
    size_t item_size;
    size_t capacity;
    size_t first, count; /* of the ring */
    bool closed;
    diesel__link senders;
    diesel__link receivers;
    char ring[] __attribute__((aligned(16)));
};

enum { WOKEN_DONE, WOKEN_CLOSED };

diesel_channel *diesel_channel_new(size_t item_size, size_t capacity,
                                   diesel_error *err)
{
    size_t bytes;
    if (item_size == 0 || item_size > MOST_ITEM_SIZE) {
        diesel_error_set(err, DIESEL_E_INVAL, DIESEL_DOM_CORE, 0,
                         "a channel's items have 1 to %d bytes, not %zu",
                         MOST_ITEM_SIZE, item_size);
        return NULL;
    }
    diesel_channel *channel = NULL;
    if (!__builtin_mul_overflow(item_size, capacity, &bytes) &&
        !__builtin_add_overflow(bytes, sizeof *channel, &bytes))
        channel = diesel_malloc(bytes);
    if (channel == NULL) {
        diesel_error_nomem(err, "a channel");
        return NULL;
    }
    *channel =
        (diesel_channel){.item_size = item_size, .capacity = capacity};
    diesel__link_init(&channel->senders);
    diesel__link_init(&channel->receivers);
    return channel;
}

void diesel_channel_free(diesel_channel *channel)
{
    if (channel == NULL)
        return;
    if (!diesel__list_is_empty(&channel->senders) ||
        !diesel__list_is_empty(&channel->receivers)) {
        fprintf(stderr, "diesel: a channel is freed while fibers wait on it\n");
        abort();
    }
    diesel_free(channel);
}

static inline void copy(const diesel_channel *channel, void *to,
                        const void *from)
{
    if (channel->item_size == sizeof(void *))
        memcpy(to, from, sizeof(void *)); /* one move: the common case */
    else
        memcpy(to, from, channel->item_size);
}

static void *slot(diesel_channel *channel, size_t i)
{
    size_t at = channel->first + i;
    if (at >= channel->capacity)
        at -= channel->capacity;
    return channel->ring + at * channel->item_size;
}

/* Takes the first waiter that will see what it is given, and wakes it. The item
 * must be moved before the next switch. */
static inline struct waiter *wake_first(diesel__sched *s, diesel__link *queue,
                                        int value)
{
    while (!diesel__list_is_empty(queue)) {
        struct waiter *waiter = DIESEL__HOLDER(queue->next, struct waiter, link);
        if (diesel__wake(s, waiter->fiber, value)) {
            diesel__link_unlink(&waiter->link); /* nobody looks at it again */
            return waiter;
        }
        diesel__link_remove(&waiter->link);
    }
    return NULL;
}

/* Waits in the queue. WOKEN_DONE, WOKEN_CLOSED, or negative as diesel__park(). */
static inline __attribute__((always_inline)) int
wait_in(diesel__sched *s, diesel__link *queue, void *item, const char *what,
        int64_t deadline)
{
    struct waiter waiter = {.fiber = s->current, .item = item};
    diesel__list_append(queue, &waiter.link);
    int woken = deadline == DIESEL_FOREVER
                    ? diesel__suspend(s, what)
                    : diesel__park(s, what, diesel__deadline_ns(deadline));
    if (DIESEL__UNLIKELY(woken < 0))
        diesel__link_remove(&waiter.link);
    return woken;
}

static __attribute__((cold)) int is_closed(diesel_error *err)
{
    return diesel_error_set(err, DIESEL_E_CLOSED, DIESEL_DOM_CORE, 0,
                            "the channel is closed");
}

static const char for_room[] = "room in a channel";
static const char for_item[] = "an item in a channel";

/* Sending and receiving that must wait are functions of their own, to keep the
 * saving of registers off the way that need not. */
static __attribute__((noinline)) int send_later(diesel_channel *channel,
                                                const void *item,
                                                int64_t deadline,
                                                diesel_error *err)
{
    int woken = wait_in(diesel__current, &channel->senders,
                        (void *)(uintptr_t)item, for_room, deadline);
    if (woken == WOKEN_DONE)
        return 0;
    return woken == WOKEN_CLOSED ? is_closed(err)
                                 : diesel__park_failed(woken, for_room, err);
}

int diesel_channel_send(diesel_channel *channel, const void *item,
                        int64_t deadline, diesel_error *err)
{
    diesel__sched *s = diesel__current;
    if (diesel__is_cut(s))
        return diesel__cut(s, for_room, err);
    if (DIESEL__UNLIKELY(channel->closed))
        return is_closed(err);
    struct waiter *receiver = wake_first(s, &channel->receivers, WOKEN_DONE);
    if (receiver != NULL) {
        copy(channel, receiver->item, item);
        return 0;
    }
    if (channel->count < channel->capacity) {
        copy(channel, slot(channel, channel->count), item);
        channel->count++;
        return 0;
    }
    return send_later(channel, item, deadline, err);
}

static __attribute__((noinline)) int recv_later(diesel_channel *channel,
                                                void *item, int64_t deadline,
                                                diesel_error *err)
{
    int woken = wait_in(diesel__current, &channel->receivers, item, for_item,
                        deadline);
    if (woken == WOKEN_DONE)
        return 1;
    return woken == WOKEN_CLOSED ? 0
                                 : diesel__park_failed(woken, for_item, err);
}

/* Takes the oldest item out of the ring, and lets a waiting sender fill up. */
static void take_from_ring(diesel__sched *s, diesel_channel *channel, void *item)
{
    copy(channel, item, slot(channel, 0));
    channel->first = channel->first + 1 < channel->capacity ? channel->first + 1
                                                            : 0;
    channel->count--;
    struct waiter *sender = wake_first(s, &channel->senders, WOKEN_DONE);
    if (sender != NULL) {
        copy(channel, slot(channel, channel->count), sender->item);
        channel->count++;
    }
}

int diesel_channel_recv(diesel_channel *channel, void *item, int64_t deadline,
                        diesel_error *err)
{
    diesel__sched *s = diesel__current;
    if (diesel__is_cut(s))
        return diesel__cut(s, for_item, err);
    if (channel->count > 0) {
        take_from_ring(s, channel, item);
        return 1;
    }
    struct waiter *sender = wake_first(s, &channel->senders, WOKEN_DONE);
    if (sender != NULL) {
        copy(channel, item, sender->item);
        return 1;
    }
    if (DIESEL__UNLIKELY(channel->closed))
        return 0;
    return recv_later(channel, item, deadline, err);
}

void diesel_channel_close(diesel_channel *channel)
{
    diesel__sched *s = diesel__sched_need("diesel_channel_close");
    channel->closed = true;
    while (wake_first(s, &channel->senders, WOKEN_CLOSED) != NULL)
        ;
    while (wake_first(s, &channel->receivers, WOKEN_CLOSED) != NULL)
        ;
}

size_t diesel_channel_count(const diesel_channel *channel)
{
    return channel->count;
}

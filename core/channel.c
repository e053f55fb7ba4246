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
 * The ring of a bounded channel lies behind it in one block. That of a growing one is
 * a block of its own, which is replaced by one twice as large when it is full, up to
 * the capacity, and by one half as large when less than a quarter is used: each
 * item is so moved a few times at most, on the average, and a burst's memory goes.
 *
 * Order: a sender that waited moves its item into the ring as soon as a receiver
 * makes room, so nobody who comes later can overtake it.
 */
#include <diesel/channel.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <diesel/memory.h>

#include "channel_internal.h"
#include "sched_internal.h"
#include "wait_internal.h"

#define MOST_ITEM_SIZE (64 * 1024)
#define WORD sizeof(void *)

struct diesel_channel {
    size_t item_size;
    size_t capacity;
    size_t first, count; /* of the ring */
    char *ring;
    size_t room;  /* how many items the ring holds now                        */
    size_t least; /* with fewer the ring is halved; 0: it stays               */
    bool closed;
    bool grows;
    diesel__link senders;
    diesel__link receivers;
    diesel__link in_sched; /* in the channels of the scheduler that it was made
                              under, for the console; a lone link without one */
    char fixed[] __attribute__((aligned(16))); /* the ring, unless it grows */
};

enum { FIRST_ROOM = 8 }; /* of a ring that grows */


/* How fibers are woken; and what the cases of a select get. */
enum { WOKEN_DONE, WOKEN_CLOSED };
enum { SENT = 0, NOT_SENT = -1, RECEIVED = 1, AT_END = 0 };

/* With a ring of `room` items. */
static diesel_channel *make(size_t item_size, size_t capacity, size_t room,
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
    if (!__builtin_mul_overflow(item_size, room, &bytes) &&
        !__builtin_add_overflow(bytes, sizeof *channel, &bytes))
        channel = diesel_malloc(bytes);
    if (channel == NULL) {
        diesel_error_nomem(err, "a channel");
        return NULL;
    }
    *channel = (diesel_channel){.item_size = item_size,
                                .capacity = capacity,
                                .ring = channel->fixed,
                                .room = room};
    diesel__link_init(&channel->senders);
    diesel__link_init(&channel->receivers);
    diesel__link_init(&channel->in_sched);
    if (diesel__current != NULL)
        diesel__list_append(&diesel__current->channels, &channel->in_sched);
    return channel;
}

diesel_channel *diesel_channel_new(size_t item_size, size_t capacity,
                                   diesel_error *err)
{
    return make(item_size, capacity, capacity, err);
}

diesel_channel *diesel_channel_new_growing(size_t item_size, size_t limit,
                                           diesel_error *err)
{
    diesel_channel *channel =
        make(item_size, limit > 0 ? limit : SIZE_MAX, 0, err);
    if (channel != NULL) {
        channel->ring = NULL;
        channel->grows = true;
    }
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
    diesel__link_unlink(&channel->in_sched);
    if (channel->grows)
        diesel_free(channel->ring);
    diesel_free(channel);
}

void diesel__channels_visit(diesel__sched *s,
                            void (*fn)(void *arg,
                                       const diesel__channel_view *view),
                            void *arg)
{
    for (diesel__link *l = s->channels.next; l != &s->channels; l = l->next) {
        const diesel_channel *channel =
            DIESEL__HOLDER(l, diesel_channel, in_sched);
        fn(arg, &(diesel__channel_view){.channel = channel,
                                        .count = channel->count,
                                        .capacity = channel->capacity,
                                        .item_size = channel->item_size,
                                        .senders =
                                            diesel__list_length(&channel->senders),
                                        .receivers =
                                            diesel__list_length(&channel->receivers),
                                        .closed = channel->closed});
    }
}

void diesel__channels_leave(diesel__sched *s)
{
    while (!diesel__list_is_empty(&s->channels))
        diesel__link_remove(s->channels.next);
}

static inline void copy(const diesel_channel *channel, void *to,
                        const void *from)
{
    if (channel->item_size == WORD)
        memcpy(to, from, WORD); /* one move: the common case */
    else
        memcpy(to, from, channel->item_size);
}

static void *slot(diesel_channel *channel, size_t i)
{
    size_t at = channel->first + i;
    if (at >= channel->room)
        at -= channel->room;
    return channel->ring + at * channel->item_size;
}

/* Moves what is in the ring to one for `room` items. False, and it stays as it is, if
 * there is no memory. */
static bool move_ring(diesel_channel *channel, size_t room)
{
    size_t bytes, size = channel->item_size;
    if (__builtin_mul_overflow(room, size, &bytes))
        return false;
    char *ring = diesel_malloc(bytes);
    if (ring == NULL)
        return false;
    size_t behind = channel->room - channel->first; /* up to the ring's end */
    if (behind > channel->count)
        behind = channel->count;
    if (channel->count > 0) {
        memcpy(ring, channel->ring + channel->first * size, behind * size);
        memcpy(ring + behind * size, channel->ring,
               (channel->count - behind) * size);
    }
    diesel_free(channel->ring);
    channel->ring = ring;
    channel->room = room;
    channel->first = 0;
    channel->least = room > FIRST_ROOM ? room / 4 : 0;
    return true;
}

/* For one more than the full ring holds; below the capacity. */
static __attribute__((cold)) bool grow(diesel_channel *channel)
{
    size_t room = channel->room > 0 ? 2 * channel->room : FIRST_ROOM;
    if (room > channel->capacity || room < channel->room)
        room = channel->capacity;
    return move_ring(channel, room);
}

static __attribute__((cold)) void shrink(diesel_channel *channel)
{
    size_t room = channel->room / 2;
    (void)move_ring(channel, room > FIRST_ROOM ? room : FIRST_ROOM);
}

static __attribute__((cold)) int is_closed(diesel_error *err)
{
    return diesel_error_set(err, DIESEL_E_CLOSED, DIESEL_DOM_CORE, 0,
                            "the channel is closed");
}

static __attribute__((cold)) int no_room(diesel_error *err)
{
    return diesel_error_nomem(err, "another item in a channel");
}

static const char for_room[] = "room in a channel";
static const char for_item[] = "an item in a channel";

/* What sending and receiving that do not end at once give. */
enum { LATER = 2, NO_MEMORY = 3 };

/* Not for a ring that is full at its capacity. */
static int put_into_ring(diesel_channel *channel, const void *item)
{
    if (DIESEL__UNLIKELY(channel->count == channel->room) && !grow(channel))
        return NO_MEMORY;
    copy(channel, slot(channel, channel->count), item);
    channel->count++;
    return SENT;
}

/* SENT, NOT_SENT (closed), LATER or NO_MEMORY. */
static int send_now(diesel__sched *s, diesel_channel *channel, const void *item)
{
    if (channel->closed)
        return NOT_SENT;
    diesel_waiter *receiver =
        diesel__wake_any(s, &channel->receivers, WOKEN_DONE, RECEIVED);
    if (receiver != NULL) {
        copy(channel, receiver->item, item);
        return SENT;
    }
    return channel->count < channel->capacity ? put_into_ring(channel, item)
                                              : LATER;
}

/* Those wait for a ring that is full at its capacity: there is room for one now. */
static void let_sender_in(diesel__sched *s, diesel_channel *channel)
{
    diesel_waiter *sender =
        diesel__wake_any(s, &channel->senders, WOKEN_DONE, SENT);
    if (sender != NULL) {
        copy(channel, slot(channel, channel->count), sender->item);
        channel->count++;
    }
}

/* Takes the oldest item out of the ring, and lets a waiting sender fill up. */
static void take_from_ring(diesel__sched *s, diesel_channel *channel, void *item)
{
    copy(channel, item, slot(channel, 0));
    channel->first = channel->first + 1 < channel->room ? channel->first + 1 : 0;
    channel->count--;
    if (!diesel__list_is_empty(&channel->senders))
        let_sender_in(s, channel);
    else if (DIESEL__UNLIKELY(channel->count < channel->least))
        shrink(channel);
}

/* RECEIVED, AT_END or LATER. */
static int recv_now(diesel__sched *s, diesel_channel *channel, void *item)
{
    if (channel->count > 0) {
        take_from_ring(s, channel, item);
        return RECEIVED;
    }
    diesel_waiter *sender =
        diesel__wake_any(s, &channel->senders, WOKEN_DONE, SENT);
    if (sender != NULL) {
        copy(channel, item, sender->item);
        return RECEIVED;
    }
    return channel->closed ? AT_END : LATER;
}

/* Sending and receiving are each made of three functions. The public one does
 * what costs least: meeting a fiber that waits on the other side, with an item of
 * one word. It calls nothing, so no register is saved there. Both others do all
 * the rest: what ends at once, and waiting. */
static __attribute__((noinline)) int send_later(diesel_channel *channel,
                                                const void *item,
                                                int64_t deadline,
                                                diesel_error *err)
{
    int woken = diesel__wait_in(diesel__current, &channel->senders,
                                (void *)(uintptr_t)item, for_room, deadline);
    if (woken == WOKEN_DONE)
        return 0;
    return woken == WOKEN_CLOSED ? is_closed(err)
                                 : diesel__park_failed(woken, for_room, err);
}

static __attribute__((noinline)) int send_any(diesel_channel *channel,
                                              const void *item, int64_t deadline,
                                              diesel_error *err)
{
    int result = send_now(diesel__current, channel, item);
    if (result == LATER)
        return send_later(channel, item, deadline, err);
    if (DIESEL__UNLIKELY(result == NO_MEMORY))
        return no_room(err);
    return result == SENT ? 0 : is_closed(err);
}

int diesel_channel_send(diesel_channel *channel, const void *item,
                        int64_t deadline, diesel_error *err)
{
    diesel__sched *s = diesel__current;
    if (diesel__is_cut(s))
        return diesel__cut(s, for_room, err);
    if (channel->closed)
        return is_closed(err);
    if (diesel__list_is_empty(&channel->receivers))
        return channel->count == channel->capacity
                   ? send_later(channel, item, deadline, err)
                   : send_any(channel, item, deadline, err);
    diesel_waiter *receiver = diesel__first_parked(&channel->receivers);
    if (DIESEL__UNLIKELY(receiver == NULL || channel->item_size != WORD))
        return send_any(channel, item, deadline, err);
    memcpy(receiver->item, item, WORD);
    diesel__wake_parked(s, receiver, WOKEN_DONE);
    return 0;
}

static __attribute__((noinline)) int recv_later(diesel_channel *channel,
                                                void *item, int64_t deadline,
                                                diesel_error *err)
{
    int woken = diesel__wait_in(diesel__current, &channel->receivers, item,
                                for_item, deadline);
    if (woken == WOKEN_DONE)
        return 1;
    return woken == WOKEN_CLOSED ? 0
                                 : diesel__park_failed(woken, for_item, err);
}

static __attribute__((noinline)) int recv_any(diesel_channel *channel, void *item,
                                              int64_t deadline,
                                              diesel_error *err)
{
    int result = recv_now(diesel__current, channel, item);
    return result != LATER ? result : recv_later(channel, item, deadline, err);
}

int diesel_channel_recv(diesel_channel *channel, void *item, int64_t deadline,
                        diesel_error *err)
{
    diesel__sched *s = diesel__current;
    if (diesel__is_cut(s))
        return diesel__cut(s, for_item, err);
    if (channel->count > 0 || channel->closed)
        return recv_any(channel, item, deadline, err);
    if (diesel__list_is_empty(&channel->senders))
        return recv_later(channel, item, deadline, err);
    diesel_waiter *sender = diesel__first_parked(&channel->senders);
    if (DIESEL__UNLIKELY(sender == NULL || channel->item_size != WORD))
        return recv_any(channel, item, deadline, err);
    memcpy(item, sender->item, WORD);
    diesel__wake_parked(s, sender, WOKEN_DONE);
    return 1;
}

void diesel_channel_close(diesel_channel *channel)
{
    diesel__sched *s = diesel__sched_need("diesel_channel_close");
    channel->closed = true;
    diesel__wake_all(s, &channel->senders, WOKEN_CLOSED, NOT_SENT);
    diesel__wake_all(s, &channel->receivers, WOKEN_CLOSED, AT_END);
}

size_t diesel_channel_count(const diesel_channel *channel)
{
    return channel->count;
}

/* --- In a select. */

static bool poll_send(diesel_case *c)
{
    c->result = send_now(diesel__current, c->object, c->item);
    return c->result == SENT || c->result == NOT_SENT;
}

/* Nobody makes room for who waits below the limit: it was polled in vain for want of
 * memory. */
static int enlist_send(diesel_case *c, diesel_error *err)
{
    diesel_channel *channel = c->object;
    if (DIESEL__UNLIKELY(channel->count < channel->capacity))
        return no_room(err);
    diesel_cases_append(&channel->senders, c);
    return 0;
}

static bool poll_recv(diesel_case *c)
{
    c->result = recv_now(diesel__current, c->object, c->item);
    return c->result != LATER;
}

static int enlist_recv(diesel_case *c, diesel_error *err)
{
    (void)err;
    diesel_channel *channel = c->object;
    diesel_cases_append(&channel->receivers, c);
    return 0;
}

static const diesel_waitable on_send = {for_room, poll_send, enlist_send,
                                        diesel_cases_remove};
static const diesel_waitable on_recv = {for_item, poll_recv, enlist_recv,
                                        diesel_cases_remove};

diesel_case diesel_case_send(diesel_channel *channel, const void *item)
{
    return (diesel_case){.on = &on_send,
                         .object = channel,
                         .item = (void *)(uintptr_t)item};
}

diesel_case diesel_case_recv(diesel_channel *channel, void *item)
{
    return (diesel_case){.on = &on_recv, .object = channel, .item = item};
}

/* SPDX-License-Identifier: MIT */
/*
 * Channels: queues of fixed-size items between fibers of one thread, first in,
 * first out, for items as well as for those who wait.
 *
 *     diesel_channel *jobs = diesel_channel_new(sizeof(struct job), 16, &err);
 *     ...
 *     struct job job;
 *     int got;
 *     while ((got = diesel_channel_recv(jobs, &job, DIESEL_FOREVER, &err)) > 0)
 *         work(&job);
 *
 * With capacity 0 a send meets a receive. Items are copied with memcpy. Items that
 * own memory are taken out before the channel is freed, by a fiber that is not
 * cancelled or in a shielded scope:
 *
 *     diesel_channel_close(jobs);
 *     while (diesel_channel_recv(jobs, &job, DIESEL_NOW, NULL) > 0)
 *         job_clear(&job);
 *     diesel_channel_free(jobs);
 */
#ifndef DIESEL_CHANNEL_H
#define DIESEL_CHANNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <diesel/error.h>
#include <diesel/select.h>
#include <diesel/time.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct diesel_channel diesel_channel;

/* A channel for items of item_size bytes (1 to 64 KiB) that holds up to
 * `capacity` items that nobody has received yet; their room is allocated here.
 * Owned by the caller, freed with diesel_channel_free().
 * INVAL, NOMEM. Never switches fibers. */
diesel_channel *diesel_channel_new(size_t item_size, size_t capacity,
                                   diesel_error *err);

/* A channel that begins without room and grows by need, up to `limit` items; 0: there
 * is no limit but memory's. Its memory shrinks with what lies in it. A send
 * waits at the limit only; below it, one that finds no memory fails with NOMEM, has
 * not sent, and leaves all else as it was. For senders that must not wait, as
 * hooks: nothing slows them down, so the limit should be what the program can bear.
 * Owned by the caller, freed with diesel_channel_free(). INVAL, NOMEM. Never
 * switches fibers. */
diesel_channel *diesel_channel_new_growing(size_t item_size, size_t limit,
                                           diesel_error *err);

/* Frees the channel and what lies in it. No fiber may be waiting on it: that
 * aborts the program. NULL does nothing. Never switches fibers. */
void diesel_channel_free(diesel_channel *channel);

/* Copies one item into the channel, waiting for room (or, with capacity 0, for
 * a receiver) until `deadline`. 0, or -1: CLOSED, TIMEDOUT, CANCELLED, NOMEM
 * (for a timer, or to grow); the item was then not sent. Switches fibers only if it must wait; checks for
 * cancellation always. */
int diesel_channel_send(diesel_channel *channel, const void *item,
                        int64_t deadline, diesel_error *err)
    __attribute__((warn_unused_result));

/* Takes one item out of the channel into *item, waiting for one until
 * `deadline`. 1: an item; 0: the channel is closed and empty; -1: TIMEDOUT,
 * CANCELLED, NOMEM (for a timer), and no item was taken. Switches fibers only if
 * it must wait; checks for cancellation always. */
int diesel_channel_recv(diesel_channel *channel, void *item, int64_t deadline,
                        diesel_error *err) __attribute__((warn_unused_result));

/* No more items: senders, waiting ones too, get CLOSED; receivers take what is
 * left and then get 0. Closing twice is closing once. Never switches fibers. */
void diesel_channel_close(diesel_channel *channel);

/* In a select, see <diesel/select.h>: sends, or receives, one item. The item is
 * borrowed until the select returns; it is sent, or filled in, only if this
 * case is the one that happened. result: 0, or -1 for a closed channel; 1, or 0
 * for one that is closed and empty. A send that finds no memory to grow is as one
 * that must wait, and a select that would wait for it fails with NOMEM. Never
 * switch fibers. */
diesel_case diesel_case_send(diesel_channel *channel, const void *item);
diesel_case diesel_case_recv(diesel_channel *channel, void *item);

/* How many items lie in the channel. Never switches fibers. */
size_t diesel_channel_count(const diesel_channel *channel);

#ifdef __cplusplus
}
#endif
#endif

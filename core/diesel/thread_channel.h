/* SPDX-License-Identifier: MIT */
/*
 * Channels across threads: bounded queues of fixed-size items between fibers of any
 * threads. Those of one thread have <diesel/channel.h>, where an item costs a
 * quarter, and one that a fiber must be woken for a fiftieth or less, as nothing goes
 * through the loop.
 *
 *     diesel_thread_channel *jobs =
 *         diesel_thread_channel_new(sizeof(struct job), 64, &err);
 *
 *     on each other thread, with a handle of its own from _share():
 *     while ((got = diesel_thread_channel_recv(jobs, &job, DIESEL_FOREVER, &err)) > 0)
 *         work(&job);
 *     diesel_thread_channel_free(jobs);
 *
 * What one fiber sends comes out in that order. Among those who wait there is no
 * strict order between threads: one that asks at the right moment may be served
 * before one that waits; on one thread the first that waits is served first.
 * Items are copied; pointers in them are to memory that no thread owns alone.
 *
 * A thread whose fibers wait here is not taken for stuck, as something may come
 * from another thread.
 */
#ifndef DIESEL_THREAD_CHANNEL_H
#define DIESEL_THREAD_CHANNEL_H

#include <stddef.h>
#include <stdint.h>

#include <diesel/error.h>
#include <diesel/select.h>
#include <diesel/time.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct diesel_thread_channel diesel_thread_channel;

/* A channel for items of item_size bytes (1 to 64 KiB) that holds up to `capacity`
 * (at least 1) of them; their room is allocated here. A handle, owned by the
 * caller, freed with diesel_thread_channel_free(). On any thread, with a scheduler
 * or without. INVAL, NOMEM. Never switches fibers. */
diesel_thread_channel *diesel_thread_channel_new(size_t item_size,
                                                 size_t capacity,
                                                 diesel_error *err);

/* Another handle to the same channel, owned by the caller: one for each thread that
 * uses it. It is the same pointer. On any thread. Never switches fibers. */
diesel_thread_channel *
diesel_thread_channel_share(diesel_thread_channel *channel);

/* Gives up a handle, on any thread; with the last one goes the channel and what
 * lies in it. Fibers that wait use their thread's handle: freeing the last one
 * under them aborts the program. NULL does nothing. Never switches fibers. */
void diesel_thread_channel_free(diesel_thread_channel *channel);

/* Copies one item into the channel, waiting for room until `deadline`. 0, or -1:
 * CLOSED, TIMEDOUT, CANCELLED, NOMEM or LIMIT (for the first wait of a thread on
 * this channel), FAILED (in a forked child); the item was then not sent. Switches
 * fibers only if it must wait; checks for cancellation always. In fibers only. */
int diesel_thread_channel_send(diesel_thread_channel *channel, const void *item,
                               int64_t deadline, diesel_error *err)
    __attribute__((warn_unused_result));

/* Takes one item out of the channel into *item, waiting for one until `deadline`.
 * 1: an item; 0: the channel is closed and empty; -1: as above, and no item was
 * taken. Switches fibers only if it must wait; checks for cancellation always. In
 * fibers only. */
int diesel_thread_channel_recv(diesel_thread_channel *channel, void *item,
                               int64_t deadline, diesel_error *err)
    __attribute__((warn_unused_result));

/* The same without waiting, on any thread, with a scheduler or without, inside or
 * outside fibers. A full channel is -1 with LIMIT, an empty one that may still get
 * something is -1 with TIMEDOUT; FAILED as above. Never switch fibers. */
int diesel_thread_channel_try_send(diesel_thread_channel *channel,
                                   const void *item, diesel_error *err)
    __attribute__((warn_unused_result));
int diesel_thread_channel_try_recv(diesel_thread_channel *channel, void *item,
                                   diesel_error *err)
    __attribute__((warn_unused_result));

/* No more items: senders, waiting ones too, get CLOSED; receivers take what is left
 * and then get 0. Closing twice is closing once. On any thread. Never switches
 * fibers. */
void diesel_thread_channel_close(diesel_thread_channel *channel);

/* In a select, see <diesel/select.h>: sends, or receives, one item, which is
 * borrowed until the select returns. result: 0, or -1 for a closed channel; 1, or 0
 * for one that is closed and empty. The first select of a thread that waits on
 * the channel allocates, and may fail with NOMEM or LIMIT. Never switch fibers. */
diesel_case diesel_case_thread_send(diesel_thread_channel *channel,
                                    const void *item);
diesel_case diesel_case_thread_recv(diesel_thread_channel *channel, void *item);

/* How many items lie in the channel at this moment. On any thread. Never switches
 * fibers. */
size_t diesel_thread_channel_count(diesel_thread_channel *channel);

#ifdef __cplusplus
}
#endif
#endif

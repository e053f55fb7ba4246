/* SPDX-License-Identifier: MIT */
/*
 * Broadcast: every item that is sent goes to every reader. Each reader has a queue of
 * its own, and says what shall happen when it does not keep up: that the senders wait
 * for it, that it loses the oldest or the newest, or that it is cut off.
 *
 *     diesel_broadcast *prices = diesel_broadcast_new(
 *         &(diesel_broadcast_options){.item_size = sizeof(struct price)}, &err);
 *     ...
 *     diesel_broadcast_reader *reader = diesel_broadcast_join(prices,
 *         &(diesel_broadcast_reader_options){
 *             .capacity = 8, .slow = DIESEL_SLOW_DROP_OLDEST}, &err);
 *     struct price price;
 *     int got;
 *     while ((got = diesel_broadcast_recv(reader, &price, DIESEL_FOREVER, &err)) > 0)
 *         show(&price, diesel_broadcast_missed(reader));
 *     diesel_broadcast_leave(reader);
 *
 * Items are copied with memcpy, once for each reader. Those that own memory are counted:
 * `share` and `drop` of the options see each copy.
 *
 * Everything belongs to the thread that it was made on.
 */
#ifndef DIESEL_BROADCAST_H
#define DIESEL_BROADCAST_H

#include <stddef.h>
#include <stdint.h>

#include <diesel/error.h>
#include <diesel/select.h>
#include <diesel/time.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct diesel_broadcast diesel_broadcast;
typedef struct diesel_broadcast_reader diesel_broadcast_reader;

/* What happens to an item for which a reader has no room. */
typedef enum diesel_slow {
    DIESEL_SLOW_BLOCK,       /* all senders wait until there is room           */
    DIESEL_SLOW_DROP_OLDEST, /* the first in the reader's queue goes           */
    DIESEL_SLOW_DROP_NEWEST, /* the item itself goes past the reader           */
    DIESEL_SLOW_FAIL         /* the reader is cut off: it receives what is in its
                                queue, and then gets LIMIT                     */
} diesel_slow;

typedef struct diesel_broadcast_options {
    size_t item_size; /* 1 to 64 KiB; must be given */
    /* For items that own something, else NULL. `share` makes *item, a copy that a reader
     * gets, one that owns it, too; `drop` undoes that for a copy that nobody
     * receives. They must not switch fibers, nor use the broadcast. */
    void (*share)(void *item);
    void (*drop)(void *item);
} diesel_broadcast_options;

/* Zero means the default. */
typedef struct diesel_broadcast_reader_options {
    size_t capacity;  /* 16: items that it has not received yet */
    diesel_slow slow; /* BLOCK */
} diesel_broadcast_reader_options;

/* A broadcast without readers. Owned by the caller: diesel_broadcast_free(). NULL:
 * INVAL, NOMEM. Never switches fibers. */
diesel_broadcast *diesel_broadcast_new(const diesel_broadcast_options *options,
                                       diesel_error *err)
    __attribute__((warn_unused_result));

/* Closes it, and frees it. Readers may be left over: they stay as after
 * diesel_broadcast_close(), until they leave. NULL does nothing. Never switches
 * fibers. */
void diesel_broadcast_free(diesel_broadcast *broadcast);

/* Nothing more is sent: senders, waiting ones too, get CLOSED; readers receive what is in
 * their queues, and then 0. Closing twice is closing once. Never switches fibers. */
void diesel_broadcast_close(diesel_broadcast *broadcast);

/* Sends a copy of the item to every reader; to nobody, if there is none. While a
 * reader of the policy BLOCK has no room it waits, until `deadline`; those who wait are
 * served in order, and an item reaches all readers or none. The caller's own item
 * stays the caller's. 0, or -1: CLOSED, TIMEDOUT, CANCELLED, NOMEM (for a timer); the
 * item was then not sent. Switches fibers only if it must wait; checks for
 * cancellation always. */
int diesel_broadcast_send(diesel_broadcast *broadcast, const void *item,
                          int64_t deadline, diesel_error *err)
    __attribute__((warn_unused_result));

/* How many readers have joined and not stopped, those that were cut off, too. Never
 * switches fibers. */
size_t diesel_broadcast_readers(const diesel_broadcast *broadcast);

/* A new reader, of what is sent from now on; options may be NULL. Its queue is
 * allocated here. Owned by the caller: diesel_broadcast_leave(). NULL: INVAL,
 * NOMEM. Never switches fibers. */
diesel_broadcast_reader *
diesel_broadcast_join(diesel_broadcast *broadcast,
                      const diesel_broadcast_reader_options *options,
                      diesel_error *err) __attribute__((warn_unused_result));

/* The reader gets nothing more, and holds up nobody. What is in its queue is still
 * received, and then comes 0, as at the end. Never switches fibers. */
void diesel_broadcast_stop(diesel_broadcast_reader *reader);

/* Frees the reader and drops what is in its queue. Fibers that wait for an item get
 * 0. NULL does nothing. Never switches fibers. */
void diesel_broadcast_leave(diesel_broadcast_reader *reader);

/* Takes the next item, which is the caller's then, waiting for one until `deadline`.
 * 1: an item; 0: the end; -1: LIMIT (cut off, see DIESEL_SLOW_FAIL), TIMEDOUT,
 * CANCELLED, NOMEM (for a timer), and no item was taken. Switches fibers only if it
 * must wait; checks for cancellation always. */
int diesel_broadcast_recv(diesel_broadcast_reader *reader, void *item,
                          int64_t deadline, diesel_error *err)
    __attribute__((warn_unused_result));

/* How many items were dropped just before the one that was received last. Of a reader
 * that was cut off and has received all: how many it did not get up to then, at
 * least 1. Never switches fibers. */
uint64_t diesel_broadcast_missed(const diesel_broadcast_reader *reader);

/* In a select, see <diesel/select.h>: sends, or receives, one item, which is borrowed
 * until the select returns. result: 0, or -1 for a closed broadcast; 1, 0 at the end,
 * or -1 for a reader that was cut off. Never switch fibers. */
diesel_case diesel_case_broadcast_send(diesel_broadcast *broadcast,
                                       const void *item);
diesel_case diesel_case_broadcast_recv(diesel_broadcast_reader *reader, void *item);

#ifdef __cplusplus
}
#endif
#endif

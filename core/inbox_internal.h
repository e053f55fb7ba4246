/* SPDX-License-Identifier: MIT */
/*
 * The inbox of a scheduler: where other threads leave letters for it. It is made
 * on first use, so that a program of one thread has none.
 *
 * A letter is a part of whatever is sent. It belongs to the inbox from posting
 * until it is delivered, and is delivered exactly once, on the scheduler's thread,
 * outside fibers, in the order in which it was posted; at the latest when the
 * scheduler ends.
 */
#ifndef DIESEL_INBOX_INTERNAL_H
#define DIESEL_INBOX_INTERNAL_H

#include <stdbool.h>

#include <diesel/error.h>
#include <diesel/thread.h>

struct diesel__sched;

typedef struct diesel__letter {
    struct diesel__letter *next;
    void (*deliver)(struct diesel__letter *letter);
} diesel__letter;

/* The scheduler's inbox, made if there is none; owned by the scheduler. NULL:
 * NOMEM, LIMIT, IO, or CLOSED at the end of the scheduler's life. */
diesel_thread *diesel__inbox_need(struct diesel__sched *s, diesel_error *err);

/* Posts a letter, from any thread that holds a share, or a lock without which the
 * receiver does not go on. False, and the letter remains the caller's, if the
 * scheduler has ended. */
bool diesel__inbox_post(diesel_thread *inbox, diesel__letter *letter);

/* A share keeps the memory, and no more: it is no promise to post. */
diesel_thread *diesel__inbox_hold(diesel_thread *inbox);
void diesel__inbox_drop(diesel_thread *inbox);

/* Around the wait of a fiber for a letter: while there is such a wait, an event
 * can come. */
void diesel__inbox_expect(diesel_thread *inbox);
void diesel__inbox_expect_no_more(diesel_thread *inbox);

/* Whether nobody is left who could post anything. */
bool diesel__inbox_is_idle(const diesel_thread *inbox);

/* Whether its scheduler has ended: on any thread, with a share. */
bool diesel__inbox_is_closed(const diesel_thread *inbox);

/* Takes no more letters, and delivers those that are there. */
void diesel__inbox_close(struct diesel__sched *s);
/* Gives up the scheduler's share, after diesel__inbox_close(). */
void diesel__inbox_leave(struct diesel__sched *s);

/* Whether it is of the process that this one was forked from: no letter would
 * reach anybody. Then fills *err. */
bool diesel__inbox_is_foreign(const diesel_thread *inbox, diesel_error *err);

#endif

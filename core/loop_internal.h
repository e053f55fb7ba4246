/* SPDX-License-Identifier: MIT */
/*
 * The event loop under a scheduler. Behind this header, and only there, is
 * libevent.
 */
#ifndef DIESEL_LOOP_INTERNAL_H
#define DIESEL_LOOP_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>

#include <diesel/error.h>

struct event_base;
struct diesel__sched;

/* Gives the scheduler a loop: its own, or that of an application if base is not
 * NULL. */
int diesel__loop_open(struct diesel__sched *s, struct event_base *base,
                      diesel_error *err);
void diesel__loop_close(struct diesel__sched *s);

/* Asks for a round as soon as the loop runs. */
void diesel__loop_kick(struct diesel__sched *s);

/* Runs a round, then waits for events (if nothing is runnable) and handles
 * them, once; but does not wait if after the round *left, the count of the fibers
 * that the caller is waiting for, is 0. False: nothing is runnable and no event
 * can ever come. */
bool diesel__loop_turn(struct diesel__sched *s, const size_t *left);

/* A watch tells when a descriptor becomes ready. Reading is watched all the
 * time, edge-triggered, with one registration in the descriptor's life. Writing
 * is watched only when asked for, once each: sockets report room after each
 * message that the peer has read, and those reports would wake the loop for
 * nothing. */
enum {
    DIESEL__READABLE = 1,
    DIESEL__WRITABLE = 2,
    DIESEL__HANGUP = 4 /* the peer will send no more: read until the end */
};

typedef struct diesel__watch diesel__watch;

/* NULL, with *err filled, without memory, or if the descriptor cannot be
 * watched: a regular file, with code DIESEL_E_INVAL and detail EPERM. `ready` is
 * called outside fibers with bits of the above. */
diesel__watch *diesel__watch_open(struct diesel__sched *s, int fd,
                                  void (*ready)(void *arg, unsigned what),
                                  void *arg, diesel_error *err);
int diesel__watch_writable(diesel__watch *watch);
/* To be called before the descriptor is closed. */
void diesel__watch_close(diesel__watch *watch);

/* The same, level-triggered, for code that keeps its own account of what it waits
 * for: after opening, nothing is watched. */
diesel__watch *diesel__watch_open_level(struct diesel__sched *s, int fd,
                                        void (*ready)(void *arg, unsigned what),
                                        void *arg);
int diesel__watch_level(diesel__watch *watch, bool read, bool write);

#endif

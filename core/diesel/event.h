/* SPDX-License-Identifier: MIT */
/*
 * Fibers inside an application that has its own libevent loop.
 *
 *     struct event_base *base = event_base_new();
 *     diesel_attach(base, NULL, &err);
 *     diesel_scope *background = diesel_scope_open(
 *         &(diesel_scope_options){.detached = true});
 *     diesel_go(background, serve, NULL);
 *     event_base_dispatch(base);             the application's loop, as ever
 *     diesel_detach();
 *
 * Callbacks of the application run outside fibers: they may open detached
 * scopes, start and cancel fibers, but may not call anything that switches.
 */
#ifndef DIESEL_EVENT_H
#define DIESEL_EVENT_H

#include <event2/event.h>

#include <diesel/error.h>
#include <diesel/run.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Gives this thread a scheduler whose fibers run from the loop of `base`, which
 * is borrowed until diesel_detach(). options may be NULL. 0, or -1: BUSY (the
 * thread has a scheduler already), INVAL, NOMEM. Outside fibers. */
int diesel_attach(struct event_base *base, const diesel_options *options,
                  diesel_error *err);

/* Cancels every fiber, runs the loop until they have ended, and removes the
 * scheduler, with the scopes that are left in it. Outside fibers, and not inside
 * one of the loop's callbacks. */
void diesel_detach(void);

/* The loop under the running thread's scheduler, borrowed; NULL if it has none. */
struct event_base *diesel_event_base(void);

#ifdef __cplusplus
}
#endif
#endif

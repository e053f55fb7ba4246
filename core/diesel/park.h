/* SPDX-License-Identifier: MIT */
/*
 * Parking: what every blocking call is made of, for libraries that build their
 * own. The fiber writes down where it can be found, parks, and on return takes
 * itself out of there, whatever the outcome.
 *
 *     struct slot slot = {.fiber = diesel_self()};
 *     list_append(&queue, &slot);
 *     int got = diesel_park("a reply", DIESEL_FOREVER, &err);
 *     list_remove(&slot);
 *
 * Whoever has something for it calls diesel_wake(), which says whether the
 * fiber will see it: one that has been cancelled, timed out or woken already
 * is passed over.
 */
#ifndef DIESEL_PARK_H
#define DIESEL_PARK_H

#include <stdbool.h>
#include <stdint.h>

#include <diesel/error.h>
#include <diesel/fiber.h>
#include <diesel/time.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Switches away until diesel_wake(), the deadline or cancellation. Returns the
 * value that diesel_wake() brought; or -1 with TIMEDOUT or CANCELLED and the
 * message "timed out (or cancelled) waiting for <what>", at once if the scope
 * is cancelled already. `what` is borrowed while it waits. Only in fibers. */
int diesel_park(const char *what, int64_t deadline, diesel_error *err);

/* Makes a parked fiber runnable, with a value >= 0 for it. False, and nothing
 * happens, if it is not parked or has something to wake up for already. The
 * fiber must not have ended. Never switches fibers; may be called outside
 * fibers, on the fiber's thread. */
bool diesel_wake(diesel_fiber *fiber, int value);

#ifdef __cplusplus
}
#endif
#endif

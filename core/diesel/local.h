/* SPDX-License-Identifier: MIT */
/*
 * Fiber-local values: what belongs to a fiber and not to a function, such as the
 * request that it serves, and ends with it.
 *
 *     static const diesel_local request_key = {.drop = request_free};
 *     ...
 *     if (diesel_local_set(&request_key, request_new(id), &err) < 0)
 *         return diesel_fail(&err);
 *     ...
 *     struct request *request = diesel_local_get(&request_key);
 *
 * A key is a constant of the program; its address is the key, so there is nothing
 * to register, and no limit. A fiber has a few values at most: finding one
 * is a walk over those that it has. Fibers do not inherit values; for what log
 * records shall carry, see <diesel/log.h>.
 *
 * When the fiber's function has returned, also with a failure or because it was
 * cancelled, its values are dropped, the newest first, in the fiber itself, before
 * its scope sees it end. A fiber without values costs nothing.
 */
#ifndef DIESEL_LOCAL_H
#define DIESEL_LOCAL_H

#include <diesel/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A key. It must live as long as any fiber has a value for it: make it static. */
typedef struct diesel_local {
    /* Called with each value that goes, unless it was taken back; NULL: nothing
     * is to be done. In the fiber that had it, perhaps cancelled: what must
     * switch opens a shielded scope. A value that it sets is dropped, too. */
    void (*drop)(void *value);
} diesel_local;

/* The running fiber's value; borrowed until it is replaced, taken back, or the
 * fiber ends. NULL if it has none, and outside fibers. Never switches fibers. */
void *diesel_local_get(const diesel_local *key);

/* Sets the running fiber's value and drops the one before, unless it is the same;
 * NULL only drops. The value is taken: dropped at once if the call fails. 0, or -1:
 * NOMEM, INVAL (outside fibers). Switches fibers only if `drop` does. */
int diesel_local_set(const diesel_local *key, void *value, diesel_error *err)
    __attribute__((warn_unused_result));

/* Gives the value back to the caller, who owns it from then on; the fiber has none
 * any more. NULL if there was none. Never switches fibers. */
void *diesel_local_take(const diesel_local *key);

#ifdef __cplusplus
}
#endif
#endif

/* SPDX-License-Identifier: MIT */
/*
 * Locks that hold across processes, in one Redis server or in most of several
 * independent ones (Redlock).
 *
 *     dredis_lock *lock = dredis_lock_take(&redis, 1, "report", NULL, &err);
 *     if (lock == NULL)
 *         return diesel_fail(&err);
 *     write_report(dredis_lock_token(lock));
 *     if (dredis_lock_give(lock, &err) < 0)
 *         ...
 *
 * A lock expires by itself, so that one whose holder died is free again; as long as
 * the holder lives, a fiber extends it. It may be lost all the same: the process
 * stood still for too long, or the server could not be reached. Whoever must not work
 * without it gives a scope to be cancelled then; and what it writes to, if that can
 * compare, refuses tokens lower than one that it has seen: each holder's token is
 * higher than all before.
 *
 * In the server: the key NAME holds the holder's random word, and {NAME}:fence the
 * last token. On the channel {NAME}:fence those who wait for the lock of one server
 * hear that it has been given back, over the connection of <diesel/redis_pubsub.h>; who
 * may not listen tries from time to time.
 */
#ifndef DIESEL_REDIS_LOCK_H
#define DIESEL_REDIS_LOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <diesel/redis_client.h>
#include <diesel/scope.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct dredis_lock dredis_lock;

enum { DREDIS_LOCK_CLIENTS = 16 };

/* Zero means the default. */
typedef struct dredis_lock_options {
    int64_t ttl_ms;   /* 10000: it expires after so long, unless it is extended   */
    int64_t retry_ms; /* 100: the longest pause before trying again, which is drawn
                         at random; it ends when the lock of one server is given
                         back                                                    */
    bool once;        /* do not wait for it: BUSY                                */
    bool no_extension;   /* it is not extended                                   */
    diesel_scope *guard; /* is cancelled when the lock is lost; borrowed         */
} dredis_lock_options;

/* Takes the lock in n servers, 1 to 16, of which more than half must grant it; waits
 * until it can. The clients are borrowed until it is given back, the name is copied.
 * Owned by the caller: dredis_lock_give(). NULL: BUSY (`once`), TIMEDOUT, CANCELLED,
 * INVAL, NOMEM, and for one server what dredis_call() fails with; of several, those
 * that fail count as not granting. Switches fibers. */
dredis_lock *dredis_lock_take(dredis *const *clients, size_t n, const char *name,
                              const dredis_lock_options *options,
                              diesel_error *err)
    __attribute__((warn_unused_result));

/* Gives it back and frees it, also if it fails, and even in a cancelled scope. 0; -1:
 * CLOSED: it had been lost; and as dredis_call(), for a second at most: it was not given
 * back and will expire. NULL does nothing. Switches fibers. */
int dredis_lock_give(dredis_lock *lock, diesel_error *err);

/* The fencing token: higher than that of each holder before. Never switches fibers. */
uint64_t dredis_lock_token(const dredis_lock *lock);

/* Whether it is surely held at this moment. Never switches fibers. */
bool dredis_lock_is_held(const dredis_lock *lock);

/* Waits until the lock is lost: 0; or -1: TIMEDOUT, CANCELLED. Switches fibers unless
 * it is lost already. */
int dredis_lock_await_loss(dredis_lock *lock, int64_t deadline, diesel_error *err)
    __attribute__((warn_unused_result));

#ifdef __cplusplus
}
#endif
#endif

/* SPDX-License-Identifier: MIT */
/*
 * A pool of connections to one server, in the shape of MongoDB's connection
 * monitoring and pooling specification.
 *
 *     conn = dmongo__pool_take(pool, &err);      waits its turn if there is none
 *     ...use it; leave it half used if anything goes wrong...
 *     dmongo__pool_give(conn);                   closes it if it is half used
 *
 * What a connection needs before it is of use - hello, authentication - is the
 * business of the pool's owner, who gives `make` for it.
 */
#ifndef DIESEL_MONGO_POOL_INTERNAL_H
#define DIESEL_MONGO_POOL_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <diesel/error.h>
#include <diesel/fiber.h>
#include <diesel/mongo_events.h>

#include "conn_internal.h"

struct dmongo__pool_waiter;

struct dmongo__pool {
    /* Set by the owner before the first use, and not changed. */
    size_t min;            /* connections that upkeep keeps                */
    size_t max;            /* connections; SIZE_MAX: no limit             */
    size_t max_connecting; /* of them at a time                           */
    int64_t max_idle_ms;   /* 0: no limit                                 */
    int64_t wait_ms;       /* in the queue; 0: no limit but the scope's   */
    /* Connects, says hello and authenticates; or what is left of this. */
    int (*make)(struct dmongo__conn *conn, void *arg, int64_t deadline,
                diesel_error *err);
    /* Connects and says hello; then what conn->greeting has is forgotten. */
    int (*greet)(struct dmongo__conn *conn, void *arg, int64_t deadline,
                 diesel_error *err);
    void (*forget)(struct dmongo__conn *conn);
    void *arg;
    /* Is told what happens, with the same arg; NULL: nobody is. */
    void (*tell)(void *arg, dmongo_pool_event *event);
    bool is_quiet; /* ... only if it is to be logged                       */

    struct dmongo__conn *idle; /* the one used last is first             */
    struct dmongo__conn *all;
    struct dmongo__conn *greeted; /* the one that is made next, has said hello;
                                     or NULL; it is not counted          */
    size_t total; /* connections, those being made included              */
    size_t connecting;
    size_t idle_count;
    uint32_t generation; /* connections of an older one are not used again */
    bool is_closed;
    bool is_ready; /* the server has been found fit since the pool was cleared */
    uint64_t last_number; /* of a connection */
    diesel_fiber *upkeep; /* while it rests; NULL: there is none or it works */
    struct dmongo__pool_waiter *first_waiter, *last_waiter;
    size_t waiter_count;
};

/* After the members above have been set. */
void dmongo__pool_open(struct dmongo__pool *pool);

/* The server is fit for use. Never switches fibers. */
void dmongo__pool_ready(struct dmongo__pool *pool);

/* Takes a connection: an idle one, or a new one, or waits until one is given back.
 * NULL: TIMEDOUT, with how many are in use; CANCELLED; CLOSED when the pool has
 * been closed, or is not ready (then with DIESEL_EF_RETRYABLE); or
 * why a new connection could not be made. Switches fibers if it must. */
struct dmongo__conn *dmongo__pool_take(struct dmongo__pool *pool,
                                       int64_t deadline, diesel_error *err);

/* Says hello to the server on a new connection, as whoever looks for a server does; the
 * pool goes on with it when it needs one. Nothing is told of it before. 0, or -1 and
 * why. Switches fibers. */
int dmongo__pool_greet(struct dmongo__pool *pool, int64_t deadline,
                       diesel_error *err);

/* The server is not to be used: closes that connection. Never switches fibers. */
void dmongo__pool_forget(struct dmongo__pool *pool);

/* Gives a connection back: to the first who waits, or to the idle ones. It is
 * closed if it is half used or out of date. Never switches fibers. */
void dmongo__pool_give(struct dmongo__conn *conn);

/* The server is not what it was: closes the idle connections, lets those in use
 * finish and then closes them - or closes them, too, if it `interrupts` -, and tells
 * those who wait. It is not ready then. Never switches fibers. */
void dmongo__pool_clear(struct dmongo__pool *pool, bool interrupts);

/* For good, and at once: calls that use a connection get CLOSED. What was taken
 * must still be given. Never switches fibers. */
void dmongo__pool_close(struct dmongo__pool *pool);

/* pool_upkeep.c: a fiber that keeps `min` connections and closes those that have been
 * idle for too long, until the pool is closed or it is cancelled; arg is the pool. It
 * must have ended before the pool's memory goes. */
int dmongo__pool_upkeep(void *arg);

/* Has it look at the pool again. Never switches fibers. */
void dmongo__pool_nudge(struct dmongo__pool *pool);

/* Makes a connection, which goes to who waits for one or is idle. 0 or -1. Switches
 * fibers. */
int dmongo__pool_add(struct dmongo__pool *pool, diesel_error *err);

/* For it: closes what has been idle for too long; returns when the next one will have
 * been, or DIESEL_FOREVER. Never switches fibers. */
int64_t dmongo__pool_prune(struct dmongo__pool *pool);

/* Whether the limits allow another connection. */
bool dmongo__pool_may_connect(const struct dmongo__pool *pool);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * What is done for a pool in the background: connections that have been idle for too
 * long are closed, and new ones are made until there are as many as minPoolSize wants.
 *
 * One fiber does it, and not by the clock: it sleeps until the connection that has been
 * idle longest is due, and is woken when the pool becomes ready, a connection has gone or
 * has become idle, or the pool is closed. A failure to connect is no error here: the
 * pool's owner has cleared it then, or the next operation meets with the same and says so;
 * work goes on when something happens again.
 */
#include "pool_internal.h"

#include <diesel/fiber.h>
#include <diesel/park.h>
#include <diesel/scope.h>
#include <diesel/time.h>

void dmongo__pool_nudge(struct dmongo__pool *pool)
{
    diesel_fiber *fiber = pool->upkeep;
    pool->upkeep = NULL;
    if (fiber != NULL)
        diesel_wake(fiber, 0);
}

static bool wants_more(const struct dmongo__pool *pool)
{
    return pool->is_ready && pool->total < pool->min &&
           dmongo__pool_may_connect(pool);
}

/* Makes connections while some are missing. False: one could not be made. */
static bool fill(struct dmongo__pool *pool)
{
    diesel_error unused;
    while (wants_more(pool))
        if (dmongo__pool_add(pool, &unused) < 0)
            return false;
    return true;
}

int dmongo__pool_upkeep(void *arg)
{
    struct dmongo__pool *pool = arg;
    while (!pool->is_closed) {
        bool filled = fill(pool);
        int64_t due = dmongo__pool_prune(pool);
        if (filled && wants_more(pool)) /* some have been closed just now */
            continue;
        pool->upkeep = diesel_self();
        (void)diesel_park("work for a pool", due, NULL);
        pool->upkeep = NULL;
        if (diesel_check(NULL) < 0)
            return 0;
    }
    return 0;
}

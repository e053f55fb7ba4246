/* SPDX-License-Identifier: MIT */
/*
 * Lanes: a shared connection each, and the fiber that keeps it alive. A client has
 * one or several.
 */
#ifndef DREDIS_LANE_INTERNAL_H
#define DREDIS_LANE_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>

#include <diesel/error.h>
#include <diesel/redis_client.h>
#include <diesel/scope.h>

#include "connection_internal.h"
#include "queue_internal.h"

typedef struct dredis__lane {
    dredis *client;
    dredis__connection *connection; /* NULL or broken: see dredis__lane_await() */
    bool keeping;                   /* the keeper fiber is there               */
    bool wanted;                    /* it should try to connect at least once  */
    dredis__queue waiting;          /* fibers that need a connection           */
    unsigned attempts;              /* to connect that failed, in a row        */
    int64_t next_attempt;           /* not before this                         */
    diesel_error failure;           /* of the last one                         */
    const dredis__hooks *hooks;     /* of all its connections, or NULL         */
    void *hooks_arg;
    diesel_scope *scope;            /* of its keeper; NULL: the client's      */
} dredis__lane;

void dredis__lane_init(dredis__lane *lane, dredis *client);

/* The first connection, made by the caller: 0 or -1. Switches fibers. */
int dredis__lane_connect(dredis__lane *lane, diesel_error *err);

/* Makes sure that the keeper is there, which serves the connection and makes
 * another one if it is wanted: 0, or -1 with NOMEM. */
int dredis__lane_start(dredis__lane *lane, diesel_error *err);

/* Waits until there is a connection: 0 or -1. Switches fibers. */
int dredis__lane_await(dredis__lane *lane, dredis__request *request,
                       diesel_error *err);

/* Breaks the connection and sends all away who wait for one. */
void dredis__lane_close(dredis__lane *lane, const diesel_error *why);

/* After the last fiber has left. */
void dredis__lane_clear(dredis__lane *lane);

static inline bool dredis__lane_is_connected(const dredis__lane *lane)
{
    return lane->connection != NULL &&
           !dredis__connection_is_broken(lane->connection);
}

#endif

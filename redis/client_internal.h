/* SPDX-License-Identifier: MIT */
/*
 * The client inside: what client.c, dedicated.c and those who make requests
 * share.
 */
#ifndef DREDIS_CLIENT_INTERNAL_H
#define DREDIS_CLIENT_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <diesel/redis_client.h>
#include <diesel/scope.h>

#include "config_internal.h"
#include "connection_internal.h"
#include "queue_internal.h"
#include "route_internal.h"

typedef struct dredis__dedicated dredis__dedicated;

struct dredis {
    dredis__config config;
    dredis__connection *shared; /* NULL or broken: see await_connection() */
    diesel_scope *scope;        /* of the keeper                          */
    bool keeping;               /* the keeper fiber is there              */
    bool wanted;                /* it should try to connect at least once */
    bool closed;
    unsigned refs;              /* the owner's, and one per call          */
    dredis__queue waiting;      /* fibers that need a connection          */
    unsigned attempts;          /* to connect that failed, in a row       */
    int64_t next_attempt;       /* not before this                        */
    diesel_error failure;       /* of the last one                        */
    uint64_t random;
    dredis__dedicated *dedicated;
    dredis_stats stats;
};

/* Runs a request over a connection that suits it: 0 or -1. Switches fibers. */
int dredis__run(dredis *client, dredis__request *request, dredis__route route,
                diesel_error *err);

/* One attempt over a connection of its own: 0, -1, or DREDIS__AGAIN. Switches
 * fibers. */
int dredis__dedicated_call(dredis *client, dredis__request *request,
                           diesel_error *err);

/* Breaks all dedicated connections, for the client is closed. */
void dredis__dedicated_close(dredis *client, const diesel_error *why);

#endif

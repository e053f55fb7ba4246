/* SPDX-License-Identifier: MIT */
/*
 * The client inside: what client.c, lane.c, dedicated.c and those who make requests
 * share.
 */
#ifndef DREDIS_CLIENT_INTERNAL_H
#define DREDIS_CLIENT_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <diesel/console.h>
#include <diesel/redis_client.h>
#include <diesel/scope.h>

#include "config_internal.h"
#include "connection_internal.h"
#include "lane_internal.h"
#include "queue_internal.h"
#include "route_internal.h"

typedef struct dredis__dedicated dredis__dedicated;

struct dredis {
    dredis__config config;
    dredis__lane *lanes;        /* config.connections of them             */
    size_t turn;                /* of the lanes                           */
    diesel_scope *scope;        /* of the client's own fibers             */
    bool closed;
    unsigned refs;              /* the owner's, and one per call          */
    uint64_t random;
    dredis__dedicated *dedicated;
    dredis__queue dedicated_waiting; /* fibers that need one of them      */
    struct dredis__hub *hub;    /* of its subscriptions, or NULL          */
    bool reaping;               /* a fiber closes the idle ones           */
    diesel_console_entry *shown;      /* on the console's page           */
    dredis_stats stats;
};

/* Runs a request over a connection that suits it: 0 or -1. Switches fibers. */
int dredis__run(dredis *client, dredis__request *request, dredis__route route,
                diesel_error *err);

/* Gives up a reference; with the last one, the memory goes. */
void dredis__client_leave(dredis *client);

/* The error of calls on a closed client; returns -1. */
int dredis__client_closed(diesel_error *err);

/* A random number below n. */
int64_t dredis__client_random(dredis *client, int64_t n);

/* How long to wait after so many failures before this one: full jitter. */
int64_t dredis__client_pause(dredis *client, unsigned failures);

/* Until when a request waits for the server to be there. */
int64_t dredis__client_until(const dredis *client, dredis__request *request);

/* One attempt over a connection of its own: 0, -1, DREDIS__AGAIN or DREDIS__LOST.
 * Switches fibers. */
int dredis__dedicated_call(dredis *client, dredis__request *request,
                           diesel_error *err);

/* A connection that the caller has to itself until it is given back; NULL: LIMIT
 * and what connecting may fail with. Switches fibers. */
dredis__dedicated *dredis__dedicated_take(dredis *client, diesel_error *err);
dredis__connection *dredis__dedicated_connection(dredis__dedicated *d);

/* Gives it back; `clean`: the next user finds it as the handshake left it. Never
 * switches fibers. */
void dredis__dedicated_give(dredis *client, dredis__dedicated *d, bool clean);

/* Closes the idle ones, and each other one when it is given back. */
void dredis__dedicated_renew(dredis *client, const char *why);

/* Breaks all dedicated connections, for the client is closed. */
void dredis__dedicated_close(dredis *client, const diesel_error *why);

/* Their rows on the console's page. */
void dredis__dedicated_show(const dredis *client, diesel_console_page *page);

/* Starts the fiber that asks for credentials anew, if they have an end. 0 or -1. */
int dredis__credentials_keep(dredis *client, diesel_error *err);

#endif

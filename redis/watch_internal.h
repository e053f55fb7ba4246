/* SPDX-License-Identifier: MIT */
/*
 * What is done around requests for those who look on: hooks, the log of slow ones,
 * metrics. A client or a session that nobody watches has no watch.
 */
#ifndef DREDIS_WATCH_INTERNAL_H
#define DREDIS_WATCH_INTERNAL_H

#include <stddef.h>
#include <stdint.h>

#include <diesel/redis_cache.h>
#include <diesel/redis_hooks.h>

#include "config_internal.h"
#include "connection_internal.h"

typedef struct dredis__meter dredis__meter;

/* A request while it is watched; lies in the frame of who runs it. */
typedef struct dredis__watched {
    dredis_event event;
    dredis__watch *watch;
    const dredis__request *request;
    size_t kind; /* the command's number; that of the rest + DREDIS__KIND_* */
    int64_t began_us;
    diesel_error why;
} dredis__watched;

/* watch.c. *watch is NULL if the options ask for nothing; the configuration's names
 * are borrowed. 0, or -1 with NOMEM. */
int dredis__watch_new(dredis__watch **watch, const dredis__config *config,
                      const dredis_options *options, diesel_error *err);
void dredis__watch_free(dredis__watch *watch);

/* Before and after a request has been run, with what came of it: *err if it is not
 * 0. */
void dredis__watch_begin(dredis__watched *w, dredis__watch *watch,
                         const dredis__request *request);
void dredis__watch_end(dredis__watched *w, int result, const diesel_error *err);

/* A request waits for room or for a connection: before and after. The watch may be
 * NULL. */
void dredis__watch_waiting(dredis__watch *watch, bool more);

/* Tells the watch what its client has done; of the stats of a client. */
void dredis__watch_stats(dredis__watch *watch, const dredis_stats *stats);

/* dredis__connection_exchange() for ever, watched unless `watch` is NULL. */
int dredis__watch_exchange(dredis__watch *watch, dredis__connection *c,
                           dredis__request *request, diesel_error *err);

/* For the metrics of a cache of this client: NULL if there are none, or no memory. */
dredis__meter *dredis__watch_cache_meter(const dredis__watch *watch);

/* meter.c. For the server; NULL without memory. */
dredis__meter *dredis__meter_new(const char *server, bool by_command);
void dredis__meter_free(dredis__meter *meter);

/* Commands are counted by their number in the table, and the rest behind that. */
enum {
    DREDIS__KIND_OTHER,
    DREDIS__KIND_PIPELINE,
    DREDIS__KIND_TRANSACTION,
    DREDIS__KINDS
};

/* A request has begun, waits (or does no longer), and has ended. */
void dredis__meter_begin(dredis__meter *meter, size_t commands);
void dredis__meter_waiting(dredis__meter *meter, bool more);
void dredis__meter_end(dredis__meter *meter, const dredis__watched *w);
void dredis__meter_stats(dredis__meter *meter, const dredis_stats *stats);

void dredis__meter_cache(dredis__meter *meter, const dredis_cache_stats *stats);

#endif

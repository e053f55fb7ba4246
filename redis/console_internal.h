/* SPDX-License-Identifier: MIT */
/*
 * The console's page "redis": the connections of clients, caches and sessions.
 */
#ifndef DREDIS_CONSOLE_INTERNAL_H
#define DREDIS_CONSOLE_INTERNAL_H

#include <stddef.h>
#include <stdint.h>

#include <diesel/console.h>
#include <diesel/error.h>

#include "config_internal.h"
#include "connection_internal.h"
#include "lane_internal.h"

/* What is shown of a connection beside what it says of itself. */
typedef struct dredis__shown {
    const dredis__config *config;
    const char *use;   /* "shared", "own", "subscriptions", "cache", "session" */
    const char *state; /* "connected", "idle", "busy" ...                       */
    const dredis__connection *connection; /* or NULL                            */
    size_t waiting;    /* fibers that wait for it                               */
} dredis__shown;

/* Adds the page to the running thread's scheduler: NULL with NOMEM. */
diesel_console_entry *dredis__console_add(diesel_console_fn *fn, void *arg,
                                          diesel_error *err);

/* A row of the page. */
void dredis__console_row(diesel_console_page *page, const dredis__shown *shown);

/* The row of a lane's connection. */
void dredis__console_lane(diesel_console_page *page, const dredis__lane *lane,
                          const char *use);

/* The page of a client: `arg` is a dredis. */
void dredis__console_client(void *arg, diesel_console_page *page);

#endif

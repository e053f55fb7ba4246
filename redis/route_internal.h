/* SPDX-License-Identifier: MIT */
/*
 * Which connection a command may go over.
 */
#ifndef DREDIS_ROUTE_INTERNAL_H
#define DREDIS_ROUTE_INTERNAL_H

#include <diesel/value.h>

typedef enum dredis__route {
    DREDIS__SHARED,    /* the one that all fibers share        */
    DREDIS__DEDICATED, /* one of its own, because it waits     */
    DREDIS__PIPELINED, /* the same, and only inside a pipeline */
    DREDIS__SESSION,   /* only one of the caller's, a session  */
    DREDIS__REFUSED
} dredis__route;

/* The route of a command; for DREDIS__PIPELINED and what follows *why is what to
 * tell the caller. */
dredis__route dredis__route_of(const diesel_value *args, size_t n,
                               const char **why);

#endif

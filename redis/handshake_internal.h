/* SPDX-License-Identifier: MIT */
/* What is said on a new connection before anything else. */
#ifndef DREDIS_HANDSHAKE_INTERNAL_H
#define DREDIS_HANDSHAKE_INTERNAL_H

#include "connection_internal.h"

/* Agrees on the protocol's version, authenticates, names the client and selects
 * the database, in one round trip with a server that knows RESP3. 0, or -1 with
 * *err, which must not be NULL. */
int dredis__handshake(dredis__connection *c, const dredis__config *config,
                      int64_t deadline, diesel_error *err);

#endif

/* SPDX-License-Identifier: MIT */
/* Error replies as errors. */
#ifndef DREDIS_ERROR_INTERNAL_H
#define DREDIS_ERROR_INTERNAL_H

#include <diesel/error.h>
#include <diesel/redis_reply.h>

/* Fills *err with what an error reply says: the code SERVER and the flags
 * DIESEL_EF_SENT and perhaps DIESEL_EF_RETRYABLE. Returns -1. */
int dredis__server_error(const dredis_reply *reply, diesel_error *err);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Batches: encoded commands behind each other, in memory of their own.
 */
#ifndef DREDIS_BATCH_INTERNAL_H
#define DREDIS_BATCH_INTERNAL_H

#include <stddef.h>

#include <diesel/error.h>
#include <diesel/value.h>

/* {0} is an empty batch. */
typedef struct dredis__batch {
    char *bytes;
    size_t size, room;
    size_t commands;
} dredis__batch;

/* Appends a command. 0, or -1 with INVAL or NOMEM, and the batch is as before. */
int dredis__batch_add(dredis__batch *batch, const diesel_value *args, size_t n,
                      diesel_error *err);

/* Makes it empty; the memory is kept for the next commands. */
void dredis__batch_reset(dredis__batch *batch);

/* Frees the memory, which is wiped, for it may hold a password. */
void dredis__batch_clear(dredis__batch *batch);

#endif

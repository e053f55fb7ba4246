/* SPDX-License-Identifier: MIT */
/*
 * Batches: encoded commands behind each other. The memory grows by doubling and is
 * kept when a batch is used again.
 */
#include "batch_internal.h"

#include <stdint.h>
#include <string.h>

#include <diesel/memory.h>

#include "encode_internal.h"

#define FIRST_ROOM 512

static int make_room(dredis__batch *batch, size_t more, diesel_error *err)
{
    if (more <= batch->room - batch->size)
        return 0;
    size_t room = batch->room != 0 ? batch->room : FIRST_ROOM;
    while (room - batch->size < more && room <= SIZE_MAX / 2)
        room *= 2;
    char *bytes = room - batch->size < more
                      ? NULL
                      : diesel_realloc_array(batch->bytes, room, 1);
    if (bytes == NULL)
        return diesel_error_nomem(err, "a batch of commands");
    batch->bytes = bytes;
    batch->room = room;
    return 0;
}

int dredis__batch_add(dredis__batch *batch, const diesel_value *args, size_t n,
                      diesel_error *err)
{
    size_t most;
    if (dredis__command_size(args, n, &most, err) < 0 ||
        make_room(batch, most, err) < 0)
        return -1;
    char *end = dredis__command_write(batch->bytes + batch->size, args, n);
    batch->size = (size_t)(end - batch->bytes);
    batch->commands++;
    return 0;
}

void dredis__batch_reset(dredis__batch *batch)
{
    batch->size = 0;
    batch->commands = 0;
}

void dredis__batch_clear(dredis__batch *batch)
{
    if (batch->bytes != NULL)
        explicit_bzero(batch->bytes, batch->size);
    diesel_free(batch->bytes);
    *batch = (dredis__batch){0};
}

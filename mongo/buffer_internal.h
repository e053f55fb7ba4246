/* SPDX-License-Identifier: MIT */
/* Memory for messages that grows as needed and is used again and again. */
#ifndef DIESEL_MONGO_BUFFER_INTERNAL_H
#define DIESEL_MONGO_BUFFER_INTERNAL_H

#include <stddef.h>
#include <stdint.h>

#include <diesel/error.h>
#include <diesel/memory.h>

/* All zero bytes: empty. */
struct dmongo__buffer {
    uint8_t *data;
    size_t room;
};

/* Makes room for n bytes, keeping what is there. 0, or -1 with NOMEM. */
static inline int dmongo__buffer_reserve(struct dmongo__buffer *buffer,
                                         size_t n, diesel_error *err)
{
    if (n <= buffer->room)
        return 0;
    uint8_t *data = diesel_realloc_array(buffer->data, n, 1);
    if (data == NULL)
        return diesel_error_nomem(err, "a message");
    buffer->data = data;
    buffer->room = n;
    return 0;
}

static inline void dmongo__buffer_clear(struct dmongo__buffer *buffer)
{
    diesel_free(buffer->data);
    buffer->data = NULL;
    buffer->room = 0;
}

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Messages one after the other from a stream, as servers and proxies read them:
 * several may come at once, and what is behind one stays for the next call.
 */
#ifndef DIESEL_MONGO_FRAMES_INTERNAL_H
#define DIESEL_MONGO_FRAMES_INTERNAL_H

#include <stddef.h>
#include <stdint.h>

#include <diesel/error.h>
#include <diesel/stream.h>

#include "buffer_internal.h"

struct dmongo__frames {
    diesel_stream *stream; /* borrowed */
    size_t limit;          /* of one message */
    struct dmongo__buffer in;
    size_t at, end; /* what is in the buffer and has not been handed out */
};

/* Waits for the next whole message: 1 with *bytes, borrowed until the next call, and
 * its length; 0 at the end of the stream; -1: CLOSED if it ends within a message,
 * PROTOCOL if a length is below a header's or over the limit, or what the stream
 * says. Switches fibers if it must wait; checks for cancellation always. */
int dmongo__frames_next(struct dmongo__frames *frames, const uint8_t **bytes,
                        size_t *n, diesel_error *err);

void dmongo__frames_clear(struct dmongo__frames *frames);

#endif

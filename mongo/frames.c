/* SPDX-License-Identifier: MIT */
/*
 * Cutting a stream into messages, see frames_internal.h. The buffer has at least
 * FIRST_READ bytes of room, so that most messages come with one read; it grows for a
 * large message, only after its length has been checked, and is given back after it.
 */
#include "frames_internal.h"

#include <string.h>

#include <diesel/fiber.h>

#include "element_internal.h"
#include "wire_internal.h"

#define FIRST_READ 4096
#define KEEP_AT_MOST ((size_t)256 * 1024)

static int malformed(diesel_error *err, const char *why)
{
    return diesel_error_set(err, DIESEL_E_PROTOCOL, DIESEL_DOM_MONGO, 0,
                            "malformed message: %s", why);
}

/* The length of the message at frames->at; 0 if that is not known yet; -1. */
static int64_t length_of(const struct dmongo__frames *frames, diesel_error *err)
{
    if (frames->end - frames->at < 4)
        return 0;
    uint32_t length = dmongo__load32(frames->in.data + frames->at);
    if (length < DMONGO__HEADER_SIZE)
        return malformed(err, "its length is less than its header's");
    if (length > frames->limit)
        return malformed(err, "it is larger than the limit");
    return length;
}

/* Room for the whole message, which then begins with the buffer. */
static int make_room(struct dmongo__frames *frames, size_t length,
                     diesel_error *err)
{
    size_t have = frames->end - frames->at;
    if (frames->at > 0 && have > 0)
        memmove(frames->in.data, frames->in.data + frames->at, have);
    frames->at = 0;
    frames->end = have;
    if (have == 0 && frames->in.room > KEEP_AT_MOST)
        dmongo__buffer_clear(&frames->in);
    return dmongo__buffer_reserve(
        &frames->in, length > FIRST_READ ? length : FIRST_READ, err);
}

/* Reads more: 1; 0 at the end; -1. */
static int read_more(struct dmongo__frames *frames, diesel_error *err)
{
    ssize_t got = diesel_stream_read(
        frames->stream, frames->in.data + frames->end,
        frames->in.room - frames->end, DIESEL_FOREVER, err);
    if (got > 0) {
        frames->end += (size_t)got;
        return 1;
    }
    if (got == 0 && frames->end > 0)
        return diesel_error_set(err, DIESEL_E_CLOSED, DIESEL_DOM_MONGO, 0,
                                "%s: closed in the middle of a message",
                                diesel_stream_name(frames->stream));
    return (int)got;
}

int dmongo__frames_next(struct dmongo__frames *frames, const uint8_t **bytes,
                        size_t *n, diesel_error *err)
{
    bool is_checked = false;
    for (;;) {
        int64_t length = length_of(frames, err);
        if (length < 0)
            return -1;
        if (length > 0 && (size_t)length <= frames->end - frames->at) {
            if (!is_checked && diesel_check(err) < 0)
                return -1;
            *bytes = frames->in.data + frames->at;
            *n = (size_t)length;
            frames->at += (size_t)length;
            return 1;
        }
        if (make_room(frames, (size_t)length, err) < 0)
            return -1;
        int got = read_more(frames, err);
        if (got <= 0)
            return got;
        is_checked = true;
    }
}

void dmongo__frames_clear(struct dmongo__frames *frames)
{
    dmongo__buffer_clear(&frames->in);
    frames->at = frames->end = 0;
}

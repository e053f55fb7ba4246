/* SPDX-License-Identifier: MIT */
/*
 * Streams: reading through a buffer, for those who must look before they know how
 * much to take: lines, delimiters, a peek.
 *
 * The buffer is made by the first such call and holds what was read too much; the
 * plain reads of stream.c take from it first. It is given back when a call
 * finds it empty and must wait, so that a stream that waits for its next line
 * has none. What a call returns lies in the buffer, and a zero byte is put behind
 * it; so there is always room for one more.
 */
#include <diesel/stream.h>

#include <errno.h>
#include <string.h>

#include <diesel/memory.h>

#include "sched_internal.h"
#include "stream_internal.h"

static size_t held(const diesel_stream *stream)
{
    return stream->in_end - stream->in_pos;
}

void diesel__stream_drop_input(diesel_stream *stream)
{
    if (stream->in != NULL)
        diesel__spare_give(stream->sched, stream->in, stream->in_room);
    stream->in = NULL;
    stream->in_pos = stream->in_end = stream->in_room = 0;
}

size_t diesel__stream_take_input(diesel_stream *stream, void *buf, size_t n)
{
    size_t have = held(stream);
    size_t taken = have < n ? have : n;
    if (taken > 0)
        memcpy(buf, stream->in + stream->in_pos, taken);
    stream->in_pos += taken;
    if (taken == have)
        diesel__stream_drop_input(stream);
    return taken;
}

/* Room for `n` bytes from in_pos on, those that are held included, and one. */
static bool make_room(diesel_stream *stream, size_t n)
{
    size_t have = held(stream), room;
    if (n > SIZE_MAX / 2 - 1)
        return false;
    if (stream->in == NULL) {
        stream->in = diesel__spare_take(stream->sched, &stream->in_room);
        if (stream->in == NULL)
            return false;
    }
    if (stream->in_room - stream->in_pos > n)
        return true;
    if (stream->in_room > n) {
        memmove(stream->in, stream->in + stream->in_pos, have);
    } else {
        for (room = stream->in_room; room <= n;)
            room *= 2;
        char *in = diesel_malloc(room);
        if (in == NULL)
            return false;
        memcpy(in, stream->in + stream->in_pos, have);
        diesel__spare_give(stream->sched, stream->in, stream->in_room);
        stream->in = in;
        stream->in_room = room;
    }
    stream->in_pos = 0;
    stream->in_end = have;
    return true;
}

/* Reads more, whatever comes, so that at least `n` bytes have room. A count, 0 at
 * the end, or -1. */
static ssize_t fill(diesel_stream *stream, size_t n, int64_t deadline,
                    diesel_error *err)
{
    for (;;) {
        if (!make_room(stream, n)) {
            diesel_error_nomem(err, "the input buffer");
            diesel_error_prefix(err, "%s", stream->name);
            return -1;
        }
        ssize_t got = diesel__stream_read_once(
            stream, stream->in + stream->in_end,
            stream->in_room - stream->in_end - 1, err);
        if (got > 0)
            stream->in_end += (size_t)got;
        if (got >= 0 || errno != EAGAIN)
            return got;
        if (held(stream) == 0)
            diesel__stream_drop_input(stream);
        if (diesel__stream_wait_readable(stream, deadline, err) < 0)
            return -1;
    }
}

static ssize_t peek(diesel_stream *stream, const void **bytes, size_t least,
                    int64_t deadline, diesel_error *err)
{
    ssize_t got = 1;
    if (least == 0)
        least = 1;
    while (got > 0 && held(stream) < least)
        got = fill(stream, least, deadline, err);
    if (got < 0)
        return -1;
    *bytes = held(stream) > 0 ? stream->in + stream->in_pos : "";
    return (ssize_t)held(stream);
}

ssize_t diesel_stream_peek(diesel_stream *stream, const void **bytes,
                           size_t least, int64_t deadline, diesel_error *err)
{
    if (diesel__stream_begin_read(stream, err) < 0)
        return -1;
    diesel__stream_enter(stream);
    ssize_t got = peek(stream, bytes, least, deadline, err);
    diesel__stream_leave(stream);
    return got;
}

void diesel_stream_consume(diesel_stream *stream, size_t n)
{
    stream->in_pos += n < held(stream) ? n : held(stream);
}

/* Finds the delimiter in what is held, from byte `from` on. */
static const char *find(const diesel_stream *stream, size_t from,
                        const char *delimiter, size_t n)
{
    if (held(stream) < from + n)
        return NULL;
    const char *at = stream->in + stream->in_pos + from;
    size_t rest = held(stream) - from;
    return n == 1 ? memchr(at, delimiter[0], rest)
                  : memmem(at, rest, delimiter, n);
}

/* Hands out the first n bytes and passes over `more` behind them. */
static void hand_out(diesel_stream *stream, size_t n, size_t more, char **bytes,
                     size_t *length)
{
    char *at = stream->in + stream->in_pos;
    at[n] = '\0';
    stream->in_pos += n + more;
    *bytes = at;
    if (length != NULL)
        *length = n;
}

static int too_long(const diesel_stream *stream, const char *what, size_t limit,
                    diesel_error *err)
{
    return diesel_error_set(err, DIESEL_E_LIMIT, DIESEL_DOM_CORE, 0,
                            "%s: %s of more than %zu bytes", stream->name, what,
                            limit);
}

/* What is up to a delimiter, or up to the end. */
struct piece {
    const char *what; /* for errors */
    const char *delimiter;
    size_t n;
    size_t limit;
    bool is_line; /* ends also with the stream; a '\r' at its end is not its own */
};

static size_t length_of(const struct piece *piece, const char *at, size_t n)
{
    return n > 0 && piece->is_line && at[n - 1] == '\r' ? n - 1 : n;
}

/* Hands out `n` bytes, which the delimiter of `more` bytes ends, if they are not
 * too many: 1, or -1. */
static int finish(diesel_stream *stream, const struct piece *piece, size_t n,
                  size_t more, char **bytes, size_t *length, diesel_error *err)
{
    size_t own = length_of(piece, stream->in + stream->in_pos, n);
    if (own > piece->limit)
        return too_long(stream, piece->what, piece->limit, err);
    hand_out(stream, own, n - own + more, bytes, length);
    return 1;
}

/* The stream has ended and the delimiter has not come. */
static int finish_at_end(diesel_stream *stream, const struct piece *piece,
                         char **bytes, size_t *length, diesel_error *err)
{
    size_t have = held(stream);
    if (have == 0)
        return 0;
    if (piece->is_line)
        return finish(stream, piece, have, 0, bytes, length, err);
    return diesel_error_set(err, DIESEL_E_CLOSED, DIESEL_DOM_CORE, 0,
                            "%s: ended after %zu bytes of %s", stream->name,
                            have, piece->what);
}

static int read_piece(diesel_stream *stream, const struct piece *piece,
                      char **bytes, size_t *length, int64_t deadline,
                      diesel_error *err)
{
    size_t searched = 0, n = piece->n + piece->is_line;
    for (;;) {
        const char *end =
            find(stream, searched, piece->delimiter, piece->n);
        size_t have = held(stream);
        if (end != NULL)
            return finish(stream, piece,
                          (size_t)(end - (stream->in + stream->in_pos)),
                          piece->n, bytes, length, err);
        if (have >= n && have - n >= piece->limit)
            return too_long(stream, piece->what, piece->limit, err);
        searched = have >= piece->n ? have - piece->n + 1 : 0;
        ssize_t got = fill(stream, have + 1, deadline, err);
        if (got < 0)
            return -1;
        if (got == 0)
            return finish_at_end(stream, piece, bytes, length, err);
    }
}

static int read_delimited(diesel_stream *stream, const struct piece *piece,
                          char **bytes, size_t *length, int64_t deadline,
                          diesel_error *err)
{
    if (diesel__stream_begin_read(stream, err) < 0)
        return -1;
    diesel__stream_enter(stream);
    int result = read_piece(stream, piece, bytes, length, deadline, err);
    diesel__stream_leave(stream);
    return result;
}

int diesel_stream_read_until(diesel_stream *stream, const void *delimiter,
                             size_t n, char **bytes, size_t *length,
                             size_t limit, int64_t deadline, diesel_error *err)
{
    const struct piece piece = {
        .what = "a piece", .delimiter = delimiter, .n = n, .limit = limit};
    if (n == 0)
        return diesel_error_set(err, DIESEL_E_INVAL, DIESEL_DOM_CORE, 0,
                                "%s: an empty delimiter", stream->name);
    return read_delimited(stream, &piece, bytes, length, deadline, err);
}

int diesel_stream_read_line(diesel_stream *stream, char **line, size_t *length,
                            size_t limit, int64_t deadline, diesel_error *err)
{
    const struct piece piece = {.what = "a line", .delimiter = "\n", .n = 1,
                                .limit = limit, .is_line = true};
    return read_delimited(stream, &piece, line, length, deadline, err);
}

/* SPDX-License-Identifier: MIT */
/*
 * Streams in a select: cases that happen when a stream can be read or written. Any
 * number of selects may wait on a stream, beside its reader and its writer; each
 * edge fires them all, for a fiber that is told of input need not take it.
 *
 * With TLS, bytes that came may be no input yet: so the stream is asked again before
 * a case is fired.
 *
 * A stream that is closed while selects are in it fires them and lives on until the
 * last of them has left.
 */
#include <errno.h>
#include <poll.h>

#include <diesel/select.h>

#include "sched_internal.h"
#include "stream_internal.h"
#include "sys_internal.h"

void diesel__stream_select_init(diesel_stream *stream)
{
    diesel__link_init(&stream->read_cases);
    diesel__link_init(&stream->write_cases);
}

static bool has_input(diesel_stream *stream)
{
    return !diesel__list_is_empty(&stream->read_cases) &&
           diesel_stream_is_readable(stream);
}

/* Room that the flush of the output buffer has taken up again is none: the loop
 * will report some later. */
static bool has_room(const diesel_stream *stream)
{
    return stream->fd < 0 || stream->failed != 0 || !stream->blocked;
}

void diesel__stream_select_fire(diesel_stream *stream, unsigned what)
{
    if ((what & DIESEL__READABLE) && has_input(stream))
        diesel_cases_fire_all(&stream->read_cases, 0);
    if ((what & DIESEL__WRITABLE) && has_room(stream))
        diesel_cases_fire_all(&stream->write_cases, 0);
}

static void withdraw(diesel_case *c)
{
    diesel_cases_remove(c);
    diesel__stream_leave(c->object);
}

static bool poll_readable(diesel_case *c)
{
    c->result = 0;
    return diesel_stream_is_readable(c->object);
}

static int enlist_readable(diesel_case *c, diesel_error *err)
{
    (void)err;
    diesel_stream *stream = c->object;
    diesel__stream_enter(stream);
    diesel_cases_append(&stream->read_cases, c);
    return 0;
}

static bool poll_writable(diesel_case *c)
{
    diesel_stream *stream = c->object;
    c->result = 0;
    if (stream->fd < 0 || stream->failed != 0)
        return true;
    if (stream->blocked)
        return false;
    struct pollfd p = {.fd = stream->fd, .events = POLLOUT};
    return diesel__sys.poll(&p, 1, 0) != 0;
}

static int enlist_writable(diesel_case *c, diesel_error *err)
{
    diesel_stream *stream = c->object;
    if (diesel__stream_await_room(stream) < 0)
        return diesel_error_sys(err, errno, "%s: waiting for output",
                                stream->name);
    diesel__stream_enter(stream);
    diesel_cases_append(&stream->write_cases, c);
    return 0;
}

static const diesel_waitable on_readable = {"input", poll_readable,
                                            enlist_readable, withdraw};
static const diesel_waitable on_writable = {"output", poll_writable,
                                            enlist_writable, withdraw};

diesel_case diesel_case_readable(diesel_stream *stream)
{
    return (diesel_case){.on = &on_readable, .object = stream};
}

diesel_case diesel_case_writable(diesel_stream *stream)
{
    return (diesel_case){.on = &on_writable, .object = stream};
}

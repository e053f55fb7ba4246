/* SPDX-License-Identifier: MIT */
/*
 * Streams inside: what stream.c (life and reading), stream_write.c (output) and
 * net.c (connecting) share.
 */
#ifndef DIESEL_STREAM_INTERNAL_H
#define DIESEL_STREAM_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <diesel/stream.h>

#include "list_internal.h"
#include "loop_internal.h"

struct diesel__sched;
struct diesel_fiber;

struct diesel_stream {
    struct diesel__sched *sched;
    int fd;        /* -1 after diesel_stream_close() */
    int failed;    /* errno of a write that failed; 0 */
    bool is_socket;
    bool readable; /* a read may find something: it has not yet come up empty */
    bool hangup;   /* the peer will send no more: read until the end         */
    bool blocked;  /* the kernel takes no more output for now                */
    bool dirty;    /* in the scheduler's list of streams to flush            */
    unsigned users; /* calls that are in the stream, perhaps suspended       */
    diesel__watch *watch; /* NULL: a regular file, never waits               */
    struct diesel_fiber *reader; /* waits for input                          */
    struct diesel_fiber *writer; /* in the middle of a write of its own      */
    diesel__link drainers;       /* wait for the output buffer to shrink     */

    char *out; /* the output buffer: out[out_pos] to out[out_end] is unsent */
    size_t out_pos, out_end, out_room;
    uint64_t committed, sent;
    diesel_stream *next_dirty;
    char name[];
};

/* Wakes for those who wait on a stream. */
enum { DIESEL__STREAM_READY, DIESEL__STREAM_CLOSED };

/* Around each call that may suspend in a stream: a stream that is closed
 * meanwhile is freed by the last one to leave. */
static inline void diesel__stream_enter(diesel_stream *stream)
{
    stream->users++;
}
void diesel__stream_leave(diesel_stream *stream);

int diesel__stream_is_closed(const diesel_stream *stream, diesel_error *err);

/* stream_write.c */
void diesel__stream_writable(diesel_stream *stream);
void diesel__stream_undirty(diesel_stream *stream);
int diesel__stream_wait_writable(diesel_stream *stream, const char *what,
                                 int64_t deadline, diesel_error *err);
void diesel__stream_send_last(diesel_stream *stream);
void diesel__stream_drop_output(diesel_stream *stream);
void diesel__stream_wake_drainers(diesel_stream *stream, int value);
void diesel__spares_free(struct diesel__sched *s);

#endif

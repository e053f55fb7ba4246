/* SPDX-License-Identifier: MIT */
/*
 * Streams inside: what stream.c (life and reading), stream_write.c (output) and
 * net.c (connecting) share.
 */
#ifndef DIESEL_STREAM_INTERNAL_H
#define DIESEL_STREAM_INTERNAL_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <diesel/address.h>
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
    diesel__link read_cases, write_cases; /* of selects                      */

    char *out; /* the output buffer: out[out_pos] to out[out_end] is unsent */
    size_t out_pos, out_end, out_room;
    size_t out_limit; /* 0: none */
    uint64_t committed, sent;
    char *in; /* the input buffer: in[in_pos] to in[in_end] is to be read */
    size_t in_pos, in_end, in_room;
    struct diesel__tls_stream *tls; /* NULL: plain */
    struct diesel__proxied *proxied; /* NULL: it has had no PROXY header */
    size_t sealed; /* bytes of TLS that the kernel has not taken */
    diesel_stream *next_dirty;
    const char *name; /* own_name, or one that a PROXY header gave */
    char own_name[];
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

/* Fills *err for a stream that has failed with this errno; returns -1. */
int diesel__stream_failed(const diesel_stream *stream, int errnum,
                          const char *doing, diesel_error *err);
/* Waits until the stream may be readable; the fiber is its reader. */
int diesel__stream_wait_readable(diesel_stream *stream, int64_t deadline,
                                 diesel_error *err);

/* Reads or writes the descriptor once without waiting: a count, 0 at the end, -1
 * with errno. */
ssize_t diesel__stream_raw_read(diesel_stream *stream, void *buf, size_t n);
ssize_t diesel__stream_raw_write(diesel_stream *stream,
                                 const struct iovec *pieces, int count);

/* Whether a read may begin at all: 0 or -1. */
int diesel__stream_begin_read(diesel_stream *stream, diesel_error *err);
/* Reads once, past the input buffer, without waiting: a count, 0 at the end; -1
 * with errno EAGAIN, or another and *err filled. */
ssize_t diesel__stream_read_once(diesel_stream *stream, void *buf, size_t n,
                                 diesel_error *err);

/* spare.c: buffers, of 16 KiB or more. */
char *diesel__spare_take(struct diesel__sched *s, size_t *room);
void diesel__spare_give(struct diesel__sched *s, char *buffer, size_t room);
void diesel__spares_free(struct diesel__sched *s);

/* stream_input.c */
void diesel__stream_drop_input(diesel_stream *stream);
/* Takes up to n bytes out of the input buffer: their count. */
size_t diesel__stream_take_input(diesel_stream *stream, void *buf, size_t n);

/* proxy_header.c: the ends of the connection that a PROXY header has; NULL: none. */
const diesel_address *diesel__stream_source(const diesel_stream *stream);
const diesel_address *diesel__stream_destination(const diesel_stream *stream);

/* stream_select.c: the cases of selects that wait for these bits happen. */
void diesel__stream_select_init(diesel_stream *stream);
void diesel__stream_select_fire(diesel_stream *stream, unsigned what);
/* copy.c: the stock of pipes. */
void diesel__pipes_free(struct diesel__sched *s);

/* stream_write.c */
void diesel__stream_writable(diesel_stream *stream);
/* Whether a write may begin at all: 0 or -1. */
int diesel__stream_begin_write(diesel_stream *stream, diesel_error *err);
void diesel__stream_undirty(diesel_stream *stream);
int diesel__stream_wait_writable(diesel_stream *stream, const char *what,
                                 int64_t deadline, diesel_error *err);
void diesel__stream_send_last(diesel_stream *stream);
/* Gives the output buffer back if it is empty. */
void diesel__stream_trim_output(diesel_stream *stream);
void diesel__stream_drop_output(diesel_stream *stream);
void diesel__stream_wake_drainers(diesel_stream *stream, int value);
/* The stream has failed for good: whoever waits in it is told. */
void diesel__stream_fail(diesel_stream *stream, int errnum);
/* Has the loop report when the kernel takes output again: 0 or -1. */
int diesel__stream_await_room(diesel_stream *stream);
/* Puts it among those that are flushed at the end of the round. */
void diesel__stream_make_dirty(diesel_stream *stream);

/* Whether a write that failed so may be tried again later. */
static inline bool diesel__would_block(int errnum)
{
    return errnum == EAGAIN || errnum == EWOULDBLOCK || errnum == ENOBUFS;
}

/* tls.c: a stream that speaks TLS does this instead of reading and writing its
 * descriptor. As the raw calls; errno EPROTO stands for an error of TLS, which
 * diesel__tls_report() has. A write without pieces sends what is sealed. */
ssize_t diesel__tls_read(diesel_stream *stream, void *buf, size_t n);
ssize_t diesel__tls_write(diesel_stream *stream, const struct iovec *pieces,
                          int count);
bool diesel__tls_is_readable(diesel_stream *stream);
/* Appends the end of TLS to what is sealed. */
void diesel__tls_say_end(diesel_stream *stream);
/* Before the descriptor is closed: says the end without waiting. */
void diesel__tls_close(diesel_stream *stream);
/* True, with *err filled, if TLS has failed on the stream. */
bool diesel__tls_report(const diesel_stream *stream, diesel_error *err);
void diesel__tls_stream_free(struct diesel__tls_stream *t);
int diesel__tls_scratch_make(struct diesel__sched *s, diesel_error *err);
void diesel__tls_scratch_free(struct diesel__sched *s);

#endif

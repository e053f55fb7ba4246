/* SPDX-License-Identifier: MIT */
/*
 * Streams: output.
 *
 * Two ways lead out. diesel_stream_write() sends from the caller's memory. Or
 * fibers append to the output buffer, which puts the stream on the scheduler's
 * list of dirty streams; when all runnable fibers have had their turn, each dirty
 * stream is flushed with one system call. What the kernel does not take then
 * leaves when it reports room, from the loop, without any fiber.
 *
 * Order: a write first sends what the buffer held when it began, then its own
 * bytes; what is appended meanwhile waits (`writer` holds flushing back).
 *
 * Buffers are given back when they are empty, so that an idle stream has none.
 */
#include <diesel/stream.h>

#include <errno.h>
#include <string.h>

#include <diesel/memory.h>

#include "sched_internal.h"
#include "sigpipe_internal.h"
#include "stream_internal.h"
#include "sys_internal.h"

/* A buffer that has grown to this is sent at once, so that the peer can begin to
 * work on it while the other fibers are still appending. */
#define EARLY_FLUSH (32 * 1024)
#define MOST_PIECES 64 /* of one gather write; 1 KiB of stack */

struct drainer {
    diesel__link link;
    diesel_fiber *fiber;
    size_t limit;
};

/* What is in the output buffer. */
static size_t buffered(const diesel_stream *stream)
{
    return stream->out_end - stream->out_pos;
}

/* What has not left yet, all in all. */
static size_t unsent(const diesel_stream *stream)
{
    return buffered(stream) + stream->sealed;
}

static void give_buffer(diesel_stream *stream)
{
    if (stream->out != NULL)
        diesel__spare_give(stream->sched, stream->out, stream->out_room);
    stream->out = NULL;
    stream->out_pos = stream->out_end = stream->out_room = 0;
}

static bool take_buffer(diesel_stream *stream)
{
    stream->out = diesel__spare_take(stream->sched, &stream->out_room);
    return stream->out != NULL;
}

void diesel__stream_trim_output(diesel_stream *stream)
{
    if (buffered(stream) == 0)
        give_buffer(stream);
}

void diesel__stream_drop_output(diesel_stream *stream)
{
    stream->out_pos = stream->out_end;
    stream->sealed = 0;
    give_buffer(stream);
}

/* Never raises SIGPIPE. */
ssize_t diesel__stream_raw_write(diesel_stream *stream,
                                 const struct iovec *pieces, int count)
{
    ssize_t sent;
    do {
        if (stream->is_socket) {
            struct msghdr message = {.msg_iov = (struct iovec *)(uintptr_t)pieces,
                                     .msg_iovlen = (size_t)count};
            sent = diesel__sys.sendmsg(stream->fd, &message, MSG_NOSIGNAL);
        } else {
            struct diesel__sigpipe held;
            diesel__sigpipe_hold(&held);
            sent = diesel__sys.writev(stream->fd, pieces, count);
            diesel__sigpipe_release(&held, sent < 0 && errno == EPIPE);
        }
    } while (sent < 0 && errno == EINTR);
    return sent;
}

/* Sends without waiting: a count, or -1 with errno. */
static ssize_t try_write(diesel_stream *stream, const struct iovec *pieces,
                         int count)
{
    ssize_t sent = DIESEL__UNLIKELY(stream->tls != NULL)
                       ? diesel__tls_write(stream, pieces, count)
                       : diesel__stream_raw_write(stream, pieces, count);
    if (sent > 0)
        stream->sent += (uint64_t)sent;
    return sent;
}

int diesel__stream_await_room(diesel_stream *stream)
{
    if (stream->blocked)
        return 0;
    if (diesel__watch_writable(stream->watch) < 0)
        return -1;
    stream->blocked = true;
    return 0;
}

void diesel__stream_fail(diesel_stream *stream, int errnum)
{
    stream->failed = errnum;
    diesel__stream_drop_output(stream);
    if (stream->reader != NULL)
        diesel__wake(stream->sched, stream->reader, DIESEL__STREAM_READY);
    diesel__stream_wake_drainers(stream, DIESEL__STREAM_READY);
    diesel__stream_select_fire(stream, DIESEL__READABLE | DIESEL__WRITABLE);
}

static void wake_satisfied(diesel_stream *stream)
{
    diesel__link *l = stream->drainers.next;
    while (l != &stream->drainers) {
        struct drainer *drainer = DIESEL__HOLDER(l, struct drainer, link);
        l = l->next;
        if (unsent(stream) <= drainer->limit)
            diesel__wake(stream->sched, drainer->fiber, DIESEL__STREAM_READY);
    }
}

void diesel__stream_wake_drainers(diesel_stream *stream, int value)
{
    for (diesel__link *l = stream->drainers.next; l != &stream->drainers;
         l = l->next)
        diesel__wake(stream->sched, DIESEL__HOLDER(l, struct drainer, link)->fiber, value);
}

/* Sends from the output buffer what the kernel takes. */
static void flush(diesel_stream *stream)
{
    while (unsent(stream) > 0 && !stream->blocked && stream->writer == NULL) {
        struct iovec piece = {.iov_base = stream->out + stream->out_pos,
                              .iov_len = buffered(stream)};
        ssize_t sent = try_write(stream, &piece, 1);
        if (sent >= 0)
            stream->out_pos += (size_t)sent;
        else if (!diesel__would_block(errno) ||
                 diesel__stream_await_room(stream) < 0)
            diesel__stream_fail(stream, errno);
    }
    diesel__stream_trim_output(stream);
    if (!diesel__list_is_empty(&stream->drainers))
        wake_satisfied(stream);
}

void diesel__flush(diesel__sched *s)
{
    while (s->dirty != NULL) {
        diesel_stream *stream = s->dirty;
        s->dirty = stream->next_dirty;
        stream->dirty = false;
        flush(stream);
    }
}

void diesel__stream_make_dirty(diesel_stream *stream)
{
    diesel__sched *s = stream->sched;
    if (stream->dirty)
        return;
    stream->dirty = true;
    stream->next_dirty = s->dirty;
    s->dirty = stream;
    if (!s->in_round)
        diesel__loop_kick(s);
}

void diesel__stream_undirty(diesel_stream *stream)
{
    diesel_stream **at = &stream->sched->dirty;
    while (*at != NULL && *at != stream)
        at = &(*at)->next_dirty;
    if (*at == stream)
        *at = stream->next_dirty;
    stream->dirty = false;
}

void diesel__stream_send_last(diesel_stream *stream)
{
    flush(stream);
}

void diesel__stream_writable(diesel_stream *stream)
{
    stream->blocked = false;
    if (stream->writer != NULL)
        diesel__wake(stream->sched, stream->writer, DIESEL__STREAM_READY);
    else
        flush(stream);
}

/* Makes room at the end of the buffer: moves the rest to its beginning, or lets
 * it grow. */
static bool make_room(diesel_stream *stream, size_t n)
{
    if (stream->out == NULL && !take_buffer(stream))
        return false;
    size_t rest = buffered(stream), need;
    if (__builtin_add_overflow(rest, n, &need))
        return false;
    if (stream->out_pos >= rest && need <= stream->out_room) {
        memcpy(stream->out, stream->out + stream->out_pos, rest);
    } else {
        size_t room = stream->out_room;
        while (room < need)
            if (__builtin_mul_overflow(room, 2, &room))
                return false;
        char *out = diesel_malloc(room);
        if (out == NULL)
            return false;
        memcpy(out, stream->out + stream->out_pos, rest);
        diesel_free(stream->out);
        stream->out = out;
        stream->out_room = room;
    }
    stream->out_pos = 0;
    stream->out_end = rest;
    return true;
}

static int over_limit(const diesel_stream *stream, diesel_error *err)
{
    return diesel_error_set(err, DIESEL_E_LIMIT, DIESEL_DOM_CORE, 0,
                            "%s: the output buffer is full: %zu of %zu bytes, "
                            "which the peer has not read yet",
                            stream->name, unsent(stream), stream->out_limit);
}

static int write_failed(diesel_stream *stream, diesel_error *err)
{
    return diesel__stream_failed(stream, stream->failed, "writing", err);
}

void *diesel_stream_reserve(diesel_stream *stream, size_t n, diesel_error *err)
{
    if (DIESEL__UNLIKELY(stream->fd < 0 || stream->failed != 0)) {
        if (stream->fd < 0)
            diesel__stream_is_closed(stream, err);
        else
            write_failed(stream, err);
        return NULL;
    }
    if (DIESEL__UNLIKELY(stream->out_limit != 0) &&
        (n > stream->out_limit || unsent(stream) > stream->out_limit - n)) {
        over_limit(stream, err);
        return NULL;
    }
    if (DIESEL__UNLIKELY(stream->out_room - stream->out_end < n) ||
        DIESEL__UNLIKELY(stream->out == NULL)) {
        if (!make_room(stream, n)) {
            diesel_error_nomem(err, "the output buffer");
            diesel_error_prefix(err, "%s", stream->name);
            return NULL;
        }
    }
    return stream->out + stream->out_end;
}

void diesel_stream_commit(diesel_stream *stream, size_t n)
{
    stream->out_end += n;
    stream->committed += n;
    if (unsent(stream) >= EARLY_FLUSH && !stream->blocked)
        flush(stream);
    else
        diesel__stream_make_dirty(stream);
}

void diesel_stream_limit_output(diesel_stream *stream, size_t bytes)
{
    stream->out_limit = bytes;
}

uint64_t diesel_stream_committed(const diesel_stream *stream)
{
    return stream->committed;
}

uint64_t diesel_stream_sent(const diesel_stream *stream)
{
    return stream->sent;
}

static int check_write(diesel_stream *stream, diesel_error *err)
{
    diesel__sched *s = stream->sched;
    if (diesel__is_cut(s)) {
        diesel__cut(s, "output", err);
        diesel_error_prefix(err, "%s", stream->name);
        return -1;
    }
    if (stream->fd < 0)
        return diesel__stream_is_closed(stream, err);
    return stream->failed != 0 ? write_failed(stream, err) : 0;
}

int diesel__stream_begin_write(diesel_stream *stream, diesel_error *err)
{
    if (check_write(stream, err) < 0)
        return -1;
    if (stream->writer != NULL)
        return diesel_error_set(err, DIESEL_E_BUSY, DIESEL_DOM_CORE, 0,
                                "%s: another fiber is writing", stream->name);
    return 0;
}

/* 0 when the kernel takes output again. The fiber is the stream's writer. */
int diesel__stream_wait_writable(diesel_stream *stream, const char *what,
                                 int64_t deadline, diesel_error *err)
{
    diesel__sched *s = stream->sched;
    if (diesel__stream_await_room(stream) < 0)
        return diesel_error_sys(err, errno, "%s: waiting for %s", stream->name,
                                what);
    int woken = diesel__park(s, what, diesel__deadline_ns(deadline));
    if (woken >= 0) /* closed, perhaps, after room had woken this fiber */
        return stream->fd >= 0 ? 0 : diesel__stream_is_closed(stream, err);
    diesel__park_failed(woken, what, err);
    diesel_error_prefix(err, "%s", stream->name);
    return -1;
}

/* What is still to be sent of a write: `ahead` bytes of the output buffer, then
 * the pieces from `first` on, of which `skip` bytes of the first are gone. */
struct rest {
    size_t ahead;
    const struct iovec *pieces;
    int count, first;
    size_t skip;
};

static int gather(const diesel_stream *stream, const struct rest *rest,
                  struct iovec *out)
{
    int n = 0;
    if (rest->ahead > 0)
        out[n++] = (struct iovec){.iov_base = stream->out + stream->out_pos,
                                  .iov_len = rest->ahead};
    size_t skip = rest->skip;
    for (int i = rest->first; i < rest->count && n < MOST_PIECES; i++) {
        out[n++] = (struct iovec){
            .iov_base = (char *)rest->pieces[i].iov_base + skip,
            .iov_len = rest->pieces[i].iov_len - skip};
        skip = 0;
    }
    return n;
}

static void advance(diesel_stream *stream, struct rest *rest, size_t sent)
{
    size_t ahead = sent < rest->ahead ? sent : rest->ahead;
    stream->out_pos += ahead;
    rest->ahead -= ahead;
    sent -= ahead;
    while (rest->first < rest->count) {
        size_t left = rest->pieces[rest->first].iov_len - rest->skip;
        if (sent < left) {
            rest->skip += sent;
            return;
        }
        sent -= left;
        rest->skip = 0;
        rest->first++;
    }
}

static int write_rest(diesel_stream *stream, struct rest *rest,
                      int64_t deadline, diesel_error *err)
{
    struct iovec pieces[MOST_PIECES + 1];
    while (rest->ahead > 0 || rest->first < rest->count || stream->sealed > 0) {
        int count = gather(stream, rest, pieces);
        ssize_t sent = try_write(stream, pieces, count);
        if (sent >= 0) {
            advance(stream, rest, (size_t)sent);
            continue;
        }
        if (!diesel__would_block(errno)) {
            diesel__stream_fail(stream, errno);
            return write_failed(stream, err);
        }
        if (diesel__stream_wait_writable(stream, "output", deadline, err) < 0)
            return -1;
    }
    return 0;
}

static uint64_t total(const struct iovec *pieces, int count)
{
    uint64_t bytes = 0;
    for (int i = 0; i < count; i++)
        bytes += pieces[i].iov_len;
    return bytes;
}

int diesel_stream_writev(diesel_stream *stream, const struct iovec *pieces,
                         int count, int64_t deadline, diesel_error *err)
{
    if (diesel__stream_begin_write(stream, err) < 0)
        return -1;
    diesel__stream_enter(stream);
    stream->writer = stream->sched->current;
    uint64_t before = stream->sent + buffered(stream);
    stream->committed += total(pieces, count);
    struct rest rest = {
        .ahead = buffered(stream), .pieces = pieces, .count = count};
    int result = write_rest(stream, &rest, deadline, err);
    stream->writer = NULL;
    if (result < 0 && err != NULL && stream->sent > before)
        err->flags |= DIESEL_EF_SENT;
    if (stream->fd >= 0 && stream->failed == 0 && stream->out != NULL)
        /* For what was appended meanwhile, or to give the buffer back. */
        diesel__stream_make_dirty(stream);
    diesel__stream_leave(stream);
    return result;
}

int diesel_stream_write(diesel_stream *stream, const void *buf, size_t n,
                        int64_t deadline, diesel_error *err)
{
    struct iovec piece = {.iov_base = (void *)(uintptr_t)buf, .iov_len = n};
    return diesel_stream_writev(stream, &piece, 1, deadline, err);
}

int diesel_stream_drain(diesel_stream *stream, size_t limit, int64_t deadline,
                        diesel_error *err)
{
    if (check_write(stream, err) < 0)
        return -1;
    diesel__stream_enter(stream);
    struct drainer drainer = {.fiber = stream->sched->current, .limit = limit};
    int result = 0;
    while (result == 0 && unsent(stream) > limit) {
        diesel__list_append(&stream->drainers, &drainer.link);
        int woken = diesel__park(stream->sched, "room in the output buffer",
                                 diesel__deadline_ns(deadline));
        diesel__link_remove(&drainer.link);
        if (woken < 0) {
            diesel__park_failed(woken, "room in the output buffer", err);
            diesel_error_prefix(err, "%s", stream->name);
            result = -1;
        } else if (stream->fd < 0) {
            result = diesel__stream_is_closed(stream, err);
        }
    }
    if (result == 0 && stream->failed != 0)
        result = write_failed(stream, err);
    diesel__stream_leave(stream);
    return result;
}

int diesel_stream_shutdown_write(diesel_stream *stream, int64_t deadline,
                                 diesel_error *err)
{
    if (diesel_stream_drain(stream, 0, deadline, err) < 0)
        return -1;
    if (diesel__stream_begin_write(stream, err) < 0)
        return -1;
    if (stream->tls != NULL) {
        diesel__tls_say_end(stream);
        if (diesel_stream_drain(stream, 0, deadline, err) < 0)
            return -1;
    }
    if (diesel__sys.shutdown(stream->fd, SHUT_WR) < 0)
        return diesel_error_sys(err, errno, "%s: shutting down", stream->name);
    return 0;
}

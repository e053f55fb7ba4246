/* SPDX-License-Identifier: MIT */
/*
 * Streams: their life, and reading.
 *
 * `readable` says that a read may find something. It is set by the loop at each
 * edge and cleared when a read comes up empty or short: a short read has emptied
 * the socket, and whatever comes later makes a new edge, so the read that would
 * only say EAGAIN is saved. Not so once the peer has hung up, because the end of
 * the stream may have been part of an edge that is past: then it is read until
 * the end.
 *
 * A stream that is closed while fibers are in it lives on, without a descriptor,
 * until the last of them has left.
 */
#include <diesel/stream.h>

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>

#include <diesel/memory.h>

#include "sched_internal.h"
#include "stream_internal.h"
#include "sys_internal.h"

static void on_ready(void *arg, unsigned what)
{
    diesel_stream *stream = arg;
    if (what & DIESEL__HANGUP)
        stream->hangup = true;
    if (what & DIESEL__READABLE) {
        stream->readable = true;
        if (stream->reader != NULL)
            diesel__wake(stream->sched, stream->reader, DIESEL__STREAM_READY);
    }
    if (what & DIESEL__WRITABLE)
        diesel__stream_writable(stream);
    diesel__stream_select_fire(stream, what);
}

/* Whether readiness means anything for it: 1 or 0, or -1. Regular files are always
 * ready, and so are some devices, as /dev/null, which only epoll can tell. */
static int can_be_watched(int fd, mode_t mode, const char *name, diesel_error *err)
{
    if (S_ISREG(mode) || S_ISDIR(mode))
        return 0;
    if (!S_ISCHR(mode))
        return 1;
    int probe = diesel__sys.epoll_create1(EPOLL_CLOEXEC);
    if (probe < 0)
        return diesel_error_sys(err, errno, "%s", name);
    struct epoll_event event = {.events = EPOLLIN};
    bool can = diesel__sys.epoll_ctl(probe, EPOLL_CTL_ADD, fd, &event) == 0 ||
               errno != EPERM;
    diesel__sys.close(probe);
    return can;
}

static int make_nonblocking(int fd, const char *name, diesel_error *err)
{
    int flags = diesel__sys.fcntl(fd, F_GETFL);
    if (flags < 0 ||
        (!(flags & O_NONBLOCK) &&
         diesel__sys.fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0))
        return diesel_error_sys(err, errno, "%s: making it non-blocking", name);
    return 0;
}

/* Makes a stream of a descriptor, which stays the caller's on failure. */
static diesel_stream *make(int fd, const char *name, bool is_socket,
                           bool watched, diesel_error *err)
{
    diesel__sched *s = diesel__current;
    size_t name_size = strlen(name) + 1;
    diesel_stream *stream = diesel_calloc(1, sizeof *stream + name_size);
    if (stream == NULL) {
        diesel_error_nomem(err, "a stream");
        return NULL;
    }
    memcpy(stream->own_name, name, name_size);
    stream->name = stream->own_name;
    stream->sched = s;
    stream->fd = fd;
    stream->is_socket = is_socket;
    stream->readable = true;
    diesel__link_init(&stream->drainers);
    diesel__stream_select_init(stream);
    if (!watched)
        return stream;
    stream->watch = diesel__watch_open(s, fd, on_ready, stream, err);
    if (stream->watch != NULL)
        return stream;
    diesel_error_prefix(err, "%s", name);
    diesel_free(stream);
    return NULL;
}

diesel_stream *diesel_stream_from_fd(int fd, const char *name,
                                     diesel_error *err)
{
    struct stat st;
    diesel_stream *stream = NULL;
    (void)diesel__sched_need("diesel_stream_from_fd");
    if (diesel__sys.fstat(fd, &st) < 0) {
        diesel_error_sys(err, errno, "%s: descriptor %d", name, fd);
    } else {
        int watched = can_be_watched(fd, st.st_mode, name, err);
        if (watched == 0 ||
            (watched > 0 && make_nonblocking(fd, name, err) == 0))
            stream = make(fd, name, S_ISSOCK(st.st_mode), watched, err);
    }
    if (stream == NULL && fd >= 0)
        diesel__sys.close(fd);
    return stream;
}

void diesel__stream_leave(diesel_stream *stream)
{
    if (--stream->users > 0 || stream->fd >= 0)
        return;
    diesel__tls_stream_free(stream->tls);
    diesel_free(stream->proxied);
    diesel_free(stream);
}

int diesel__stream_is_closed(const diesel_stream *stream, diesel_error *err)
{
    return diesel_error_set(err, DIESEL_E_CLOSED, DIESEL_DOM_CORE, 0,
                            "%s: the stream has been closed", stream->name);
}

void diesel_stream_close(diesel_stream *stream)
{
    if (stream == NULL || stream->fd < 0)
        return;
    diesel__stream_enter(stream);
    if (!stream->sched->forked_from) { /* else it is the parent's to send */
        diesel__stream_send_last(stream);
        if (stream->tls != NULL)
            diesel__tls_close(stream);
    }
    diesel__stream_undirty(stream);
    diesel__stream_drop_output(stream);
    diesel__stream_drop_input(stream);
    diesel__watch_close(stream->watch);
    stream->watch = NULL;
    diesel__sys.close(stream->fd);
    stream->fd = -1;
    if (stream->reader != NULL)
        diesel__wake(stream->sched, stream->reader, DIESEL__STREAM_CLOSED);
    if (stream->writer != NULL)
        diesel__wake(stream->sched, stream->writer, DIESEL__STREAM_CLOSED);
    diesel__stream_wake_drainers(stream, DIESEL__STREAM_CLOSED);
    diesel__stream_select_fire(stream, DIESEL__READABLE | DIESEL__WRITABLE);
    diesel__stream_leave(stream);
}

ssize_t diesel__stream_raw_read(diesel_stream *stream, void *buf, size_t n)
{
    ssize_t got;
    do
        got = diesel__sys.read(stream->fd, buf, n);
    while (got < 0 && errno == EINTR);
    if (got >= 0 && (size_t)got < n && !stream->hangup && stream->is_socket)
        stream->readable = got == 0 || diesel__sys.reads_fall_short;
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
        stream->readable = false;
        errno = EAGAIN;
    }
    return got;
}

int diesel__stream_wait_readable(diesel_stream *stream, int64_t deadline,
                                 diesel_error *err)
{
    diesel__sched *s = stream->sched;
    stream->reader = s->current;
    int woken = diesel__park(s, "input", diesel__deadline_ns(deadline));
    stream->reader = NULL;
    if (woken < 0) {
        diesel__park_failed(woken, "input", err);
        diesel_error_prefix(err, "%s", stream->name);
        return -1;
    }
    /* It may have been closed after input had woken this fiber. */
    return stream->fd >= 0 ? 0 : diesel__stream_is_closed(stream, err);
}

int diesel__stream_failed(const diesel_stream *stream, int errnum,
                          const char *doing, diesel_error *err)
{
    if (stream->tls != NULL && diesel__tls_report(stream, err))
        return -1;
    return diesel_error_sys(err, errnum, "%s: %s", stream->name, doing);
}

/* Reads once without waiting: a count, 0 at the end, -1 with errno. */
static ssize_t try_read(diesel_stream *stream, void *buf, size_t n)
{
    if (DIESEL__UNLIKELY(stream->tls != NULL)) /* it may hold bytes already */
        return diesel__tls_read(stream, buf, n);
    if (stream->readable)
        return diesel__stream_raw_read(stream, buf, n);
    errno = EAGAIN;
    return -1;
}

ssize_t diesel__stream_read_once(diesel_stream *stream, void *buf, size_t n,
                                 diesel_error *err)
{
    ssize_t got = try_read(stream, buf, n);
    if (got >= 0 || (errno == EAGAIN && stream->failed == 0))
        return got;
    if (errno != EAGAIN)
        diesel__stream_failed(stream, errno, "reading", err);
    else /* nothing more will come of this connection */
        diesel__stream_failed(stream, stream->failed, "writing", err);
    errno = EPROTO;
    return -1;
}

/* The loop of a read, for a caller that has entered the stream. */
static ssize_t read_some(diesel_stream *stream, void *buf, size_t n,
                         int64_t deadline, diesel_error *err)
{
    if (DIESEL__UNLIKELY(stream->in != NULL)) {
        size_t taken = diesel__stream_take_input(stream, buf, n);
        if (taken > 0)
            return (ssize_t)taken;
    }
    for (;;) {
        ssize_t got = diesel__stream_read_once(stream, buf, n, err);
        if (got >= 0 || errno != EAGAIN)
            return got;
        if (diesel__stream_wait_readable(stream, deadline, err) < 0)
            return -1;
    }
}

int diesel__stream_begin_read(diesel_stream *stream, diesel_error *err)
{
    diesel__sched *s = stream->sched;
    if (diesel__is_cut(s)) {
        diesel__cut(s, "input", err);
        diesel_error_prefix(err, "%s", stream->name);
        return -1;
    }
    if (stream->fd < 0)
        return diesel__stream_is_closed(stream, err);
    if (stream->reader != NULL)
        return diesel_error_set(err, DIESEL_E_BUSY, DIESEL_DOM_CORE, 0,
                                "%s: another fiber is reading", stream->name);
    return 0;
}

ssize_t diesel_stream_read(diesel_stream *stream, void *buf, size_t n,
                           int64_t deadline, diesel_error *err)
{
    if (diesel__stream_begin_read(stream, err) < 0)
        return -1;
    diesel__stream_enter(stream);
    ssize_t got = read_some(stream, buf, n, deadline, err);
    diesel__stream_leave(stream);
    return got;
}

int diesel_stream_read_exactly(diesel_stream *stream, void *buf, size_t n,
                               int64_t deadline, diesel_error *err)
{
    if (diesel__stream_begin_read(stream, err) < 0)
        return -1;
    diesel__stream_enter(stream);
    int result = 0;
    for (size_t have = 0; have < n && result == 0;) {
        ssize_t got = read_some(stream, (char *)buf + have, n - have, deadline,
                                err);
        if (got > 0)
            have += (size_t)got;
        else if (got == 0)
            result = diesel_error_set(err, DIESEL_E_CLOSED, DIESEL_DOM_CORE, 0,
                                      "%s: ended after %zu of %zu bytes",
                                      stream->name, have, n);
        else
            result = -1;
    }
    diesel__stream_leave(stream);
    return result;
}

bool diesel_stream_is_readable(diesel_stream *stream)
{
    if (stream->fd < 0 || stream->failed != 0 ||
        stream->in_end > stream->in_pos)
        return true;
    if (stream->tls != NULL)
        return diesel__tls_is_readable(stream);
    if (!stream->readable) /* the loop has seen nothing come since */
        return false;
    struct pollfd p = {.fd = stream->fd, .events = POLLIN};
    int ready;
    do
        ready = diesel__sys.poll(&p, 1, 0);
    while (ready < 0 && errno == EINTR);
    return ready != 0;
}

const char *diesel_stream_name(const diesel_stream *stream)
{
    return stream->name;
}

int diesel_stream_fd(const diesel_stream *stream)
{
    return stream->fd;
}

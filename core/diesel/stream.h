/* SPDX-License-Identifier: MIT */
/*
 * Streams: connected byte streams (TCP and Unix sockets, pipes) that block the
 * fiber and not the thread.
 *
 *     diesel_stream *s = diesel_tcp_connect("localhost", 7, NULL,
 *                                           DIESEL_FOREVER, &err);
 *     if (s == NULL || diesel_stream_write(s, "hi\n", 3, DIESEL_FOREVER, &err) < 0)
 *         return diesel_fail(&err);
 *     ssize_t n = diesel_stream_read(s, buf, sizeof buf, DIESEL_FOREVER, &err);
 *     diesel_stream_close(s);
 *
 * A call is tried at once and waits only if it must. At a time, one fiber may
 * be reading and one writing; another gets BUSY. A deadline that passes leaves
 * the stream usable. A stream may be closed while fibers wait on it: they get
 * CLOSED.
 *
 * There are two ways to write. diesel_stream_write() returns when the kernel
 * has taken the bytes. diesel_stream_reserve() and diesel_stream_commit()
 * append to the stream's output buffer, which leaves by itself with one system
 * call when all runnable fibers have had their turn: this is how a thousand
 * fibers share one connection.
 */
#ifndef DIESEL_STREAM_H
#define DIESEL_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

#include <diesel/error.h>
#include <diesel/select.h>
#include <diesel/time.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct diesel_stream diesel_stream;

/* Makes a stream of a connected socket, a pipe end or a terminal. The
 * descriptor is taken: it is closed with the stream, and also when this call
 * fails. It is made non-blocking. For a regular file or /dev/null, which are
 * always ready, the calls simply do not wait.
 * `name` is what messages call it; copied. INVAL, NOMEM, LIMIT, IO. Never
 * switches fibers. */
diesel_stream *diesel_stream_from_fd(int fd, const char *name,
                                     diesel_error *err);

/* Closes and frees the stream. What the output buffer still holds is tried to be
 * written once, without waiting. Waiting fibers get CLOSED. NULL does nothing.
 * Never switches fibers. */
void diesel_stream_close(diesel_stream *stream);

/* Reads 1 to n bytes, as they come. Returns their count, 0 at the end of the
 * stream, or -1: TIMEDOUT, CANCELLED, CLOSED (reset by the peer, or closed
 * here), BUSY, IO. Switches fibers only if it must wait; checks for
 * cancellation always. */
ssize_t diesel_stream_read(diesel_stream *stream, void *buf, size_t n,
                           int64_t deadline, diesel_error *err)
    __attribute__((warn_unused_result));

/* Reads n bytes exactly: 0, or -1. An end before that is CLOSED, and the
 * message says how many bytes came; they are lost to the stream on every
 * failure. Otherwise as diesel_stream_read(). */
int diesel_stream_read_exactly(diesel_stream *stream, void *buf, size_t n,
                               int64_t deadline, diesel_error *err)
    __attribute__((warn_unused_result));

/* The calls that follow read through an input buffer, which is made when it is
 * needed and bounded by what they are asked for. What it holds is what the other
 * reads get first. The bytes that they return are borrowed until the next call
 * that reads from the stream, with a zero byte behind them, and may be changed. */

/* Reads a line: up to "\n" or "\r\n", which is cut off, or up to the end of the
 * stream. 1, with the line in *line and its length in *length (which may be
 * NULL); 0 at the end; or -1 as in diesel_stream_read(), and LIMIT for a line of
 * more than `limit` bytes, which stays unread. After TIMEDOUT or CANCELLED
 * nothing is lost. Switches fibers only if it must wait; checks for
 * cancellation always. */
int diesel_stream_read_line(diesel_stream *stream, char **line, size_t *length,
                            size_t limit, int64_t deadline, diesel_error *err)
    __attribute__((warn_unused_result));

/* Reads up to a delimiter of n bytes ("\r\n", or a boundary), which is cut off;
 * otherwise as diesel_stream_read_line(). An end before the delimiter, but after
 * other bytes, is CLOSED; those bytes stay unread. */
int diesel_stream_read_until(diesel_stream *stream, const void *delimiter,
                             size_t n, char **bytes, size_t *length,
                             size_t limit, int64_t deadline, diesel_error *err)
    __attribute__((warn_unused_result));

/* Looks at what comes next and leaves it there: waits for `least` bytes, or
 * fewer at the end of the stream. Returns how many *bytes points to, perhaps
 * more than `least`; 0 at the end; or -1 as in diesel_stream_read(), NOMEM. There
 * is no zero byte behind these. Switches fibers only if it must wait; checks for
 * cancellation always. */
ssize_t diesel_stream_peek(diesel_stream *stream, const void **bytes,
                           size_t least, int64_t deadline, diesel_error *err)
    __attribute__((warn_unused_result));

/* Passes over n bytes that diesel_stream_peek() has shown. Never switches
 * fibers. */
void diesel_stream_consume(diesel_stream *stream, size_t n);

/* Writes all n bytes, after what the output buffer holds: 0, or -1 as in
 * diesel_stream_read(), with DIESEL_EF_SENT if a part has left; the
 * stream should then be closed. Switches fibers only if it must wait; checks
 * for cancellation always. */
int diesel_stream_write(diesel_stream *stream, const void *buf, size_t n,
                        int64_t deadline, diesel_error *err)
    __attribute__((warn_unused_result));

/* The same for `count` pieces, which leave in one gather write if they can.
 * The array is not changed. */
int diesel_stream_writev(diesel_stream *stream, const struct iovec *pieces,
                         int count, int64_t deadline, diesel_error *err)
    __attribute__((warn_unused_result));

/* Tells the peer that nothing more will come (shutdown(2) with SHUT_WR), after
 * the output buffer has left, for which it waits. 0, or -1. Switches fibers
 * only if it must wait; checks for cancellation always. */
int diesel_stream_shutdown_write(diesel_stream *stream, int64_t deadline,
                                 diesel_error *err)
    __attribute__((warn_unused_result));

/* Room for at least n bytes at the end of the output buffer, to be filled and
 * then committed before the next switch. NULL: NOMEM, LIMIT (see
 * diesel_stream_limit_output()), or CLOSED when the stream has failed. Never switches fibers. */
void *diesel_stream_reserve(diesel_stream *stream, size_t n, diesel_error *err)
    __attribute__((warn_unused_result));

/* Appends the first n bytes of what was reserved. They leave at the end of the
 * scheduler's round. Never switches fibers and cannot fail: an error of the
 * connection is seen by its reader, which gets CLOSED or IO. */
void diesel_stream_commit(diesel_stream *stream, size_t n);

/* Waits until the output buffer holds at most `limit` bytes: the back-pressure
 * for those who append to it. Any number of fibers may wait. 0, or -1 as in
 * diesel_stream_write(). Switches fibers only if it must wait; checks for
 * cancellation always. */
int diesel_stream_drain(diesel_stream *stream, size_t limit, int64_t deadline,
                        diesel_error *err) __attribute__((warn_unused_result));

/* Lets the output buffer hold at most so many bytes (0: any number, as at first):
 * diesel_stream_reserve() fails with LIMIT when there would be more, because the
 * peer does not read. Never switches fibers. */
void diesel_stream_limit_output(diesel_stream *stream, size_t bytes);

/* How many bytes have been committed or written, and how many of them the
 * kernel has taken, since the stream began: by these a protocol knows whether a
 * request had been sent. Never switch fibers. */
uint64_t diesel_stream_committed(const diesel_stream *stream);
uint64_t diesel_stream_sent(const diesel_stream *stream);

/* Whether the stream can be read without waiting: bytes, the end, or an error
 * are there, as far as the loop has seen. On an idle connection that speaks only
 * when asked this means that it is dead. Never switches fibers. */
bool diesel_stream_is_readable(diesel_stream *stream);

/* In a select, see <diesel/select.h>: a read, or a write of one byte, would not wait:
 * there is something, or room, or the stream has ended, failed or been closed.
 * Nothing is read or written. result: 0. Never switch fibers. */
diesel_case diesel_case_readable(diesel_stream *stream);
diesel_case diesel_case_writable(diesel_stream *stream);

/* The name for messages, as "db1:6379" or "/run/redis.sock"; borrowed for the
 * stream's life. A PROXY header changes it, see <diesel/proxy_header.h>. Never switches fibers. */
const char *diesel_stream_name(const diesel_stream *stream);

/* The descriptor, borrowed: for getsockopt(2) and the like. */
int diesel_stream_fd(const diesel_stream *stream);

#ifdef __cplusplus
}
#endif
#endif

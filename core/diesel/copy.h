/* SPDX-License-Identifier: MIT */
/*
 * Moving bytes on without looking at them: from a file to a stream, and from one
 * stream to another. The kernel does it without copying them through the
 * program, where both ends are plain; through TLS they are copied.
 *
 *     static int forward(void *arg)                  one direction of a proxy
 *     {
 *         struct way *way = arg;
 *         diesel_error err;
 *         if (diesel_stream_splice(way->from, way->to, UINT64_MAX, &way->moved,
 *                                  DIESEL_FOREVER, &err) < 0 ||
 *             diesel_stream_shutdown_write(way->to, DIESEL_FOREVER, &err) < 0)
 *             return diesel_fail(&err);
 *         return 0;
 *     }
 */
#ifndef DIESEL_COPY_H
#define DIESEL_COPY_H

#include <stdint.h>

#include <diesel/error.h>
#include <diesel/stream.h>
#include <diesel/time.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Moves bytes from one stream to the other until `from` ends or `most` bytes
 * have been moved: then 0. Takes no more from `from` than `to` has room for, but
 * for what fits a pipe. *moved (NULL: not wanted) is increased as the bytes are
 * moved, so that others can watch it. Or -1, as in diesel_stream_read() and
 * diesel_stream_write(), and LIMIT without free descriptors; bytes that have
 * been read and not been written are lost then, so both streams should be
 * closed. Switches fibers only if it must wait; checks for cancellation always. */
int diesel_stream_splice(diesel_stream *from, diesel_stream *to, uint64_t most,
                         uint64_t *moved, int64_t deadline, diesel_error *err)
    __attribute__((warn_unused_result));

/* Sends n bytes of a file, from byte `offset` on; UINT64_MAX: up to its end. The
 * descriptor is borrowed, its own position stays as it is. 0, or -1 as in
 * diesel_stream_write(), and CLOSED if the file is shorter. *moved as above.
 * Reading the file blocks the thread if it is not in the system's cache. Switches
 * fibers between larger parts; checks for cancellation always. */
int diesel_stream_send_file(diesel_stream *to, int fd, int64_t offset,
                            uint64_t n, uint64_t *moved, int64_t deadline,
                            diesel_error *err)
    __attribute__((warn_unused_result));

#ifdef __cplusplus
}
#endif
#endif

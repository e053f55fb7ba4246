/* SPDX-License-Identifier: MIT */
/*
 * Services: a fiber for each connection that comes, at most so many at once, and
 * an end in good order.
 *
 *     static int greet(diesel_stream *stream, void *arg)
 *     {
 *         diesel_error err;
 *         if (diesel_stream_write(stream, "hello\n", 6, DIESEL_FOREVER, &err) < 0)
 *             return diesel_fail(&err);
 *         return 0;
 *     }
 *
 *     diesel_listener *l = diesel_tcp_listen("127.0.0.1", 7000, NULL, &err);
 *     if (diesel_serve(l, greet, NULL,
 *                      &(diesel_serve_options){.max_connections = 1000,
 *                                              .drain_ms = 5000}, &err) < 0)
 *         ...
 *
 * Another fiber stops it, at any time, by setting the event that its options name:
 *
 *     static diesel_event stop;
 *     ...  (diesel_serve_options){.stop = &stop}
 *     diesel_event_set(&stop);
 */
#ifndef DIESEL_SERVICE_H
#define DIESEL_SERVICE_H

#include <stddef.h>
#include <stdint.h>

#include <diesel/error.h>
#include <diesel/net.h>
#include <diesel/stream.h>
#include <diesel/sync.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Serves one connection, in a fiber of its own. The stream is borrowed until it
 * returns: the service closes it then, so it must not be closed here. A negative
 * result is a failure, see diesel_fail(). */
typedef int diesel_handler(diesel_stream *stream, void *arg);

typedef struct diesel_serve_options {
    const char *label;      /* of the handlers' fibers; borrowed for the call;
                               NULL: "service"                                */
    size_t max_connections; /* at once; at the limit nothing is accepted, and
                               further clients wait in the backlog; 0: none   */
    int64_t drain_ms;       /* after the stop, the handlers that run have so
                               long before they are cancelled; 0: no time;
                               negative: as long as they take                 */
    diesel_event *stop;     /* the service stops when it is set, and at once if it
                               is set before; borrowed for the call; NULL: none */
    int64_t proxy_header_ms;/* over 0: each connection begins with a PROXY header,
                               see <diesel/proxy_header.h>, which must be there
                               in so long, or the connection is closed and
                               that is an error; 0: none comes                */
    /* Called when a handler has failed, or a connection could not be accepted or
     * have a fiber; `peer` is the stream's name, or the label. It must not switch
     * fibers. NULL: it is logged, as a warning of "diesel.service". */
    void (*on_error)(const char *peer, const diesel_error *why, void *arg);
} diesel_serve_options;

/* Accepts connections and runs handler(stream, arg) for each, in a scope of its
 * own, until it is stopped: by the event options->stop, or with
 * diesel_listener_close() for a handle of diesel_listener_share(), both before the
 * call, while it lasts, and after it; or, while it lasts and only then, with
 * diesel_listener_close() for `listener` itself. Then the handlers have drain_ms to end. A handler that
 * fails, and want of descriptors or of memory for one connection, do not stop it.
 * What handlers say when they have been cancelled is no failure.
 *
 * The listener is taken: it has been closed when the call returns, whatever the
 * outcome, and no handler runs any more. It is no longer a listener then, unless there
 * is another handle; who cannot know whether the service still runs, or has begun,
 * stops it by the event or by a handle of his own.
 * options may be NULL. Other fibers may accept on the listener meanwhile; while
 * the service is full it leaves the connections to them.
 *
 * 0 after a stop, also when handlers had to be cancelled, which is logged. -1:
 * CANCELLED or TIMEDOUT (of a scope around it; the handlers are not given time
 * then), NOMEM. Switches fibers. */
int diesel_serve(diesel_listener *listener, diesel_handler *handler, void *arg,
                 const diesel_serve_options *options, diesel_error *err)
    __attribute__((warn_unused_result));

#ifdef __cplusplus
}
#endif
#endif

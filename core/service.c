/* SPDX-License-Identifier: MIT */
/*
 * Services.
 *
 * The fiber that called diesel_serve() accepts. While the service is full it
 * waits at the listener as well, so that closing the listener wakes it there too; a
 * handler that ends does so, too. An event that stops the service has a fiber of
 * its own, which waits for it and then closes the listener. Handlers' fibers never
 * fail, so their scope is cancelled only from outside or at the end of the drain.
 */
#include <diesel/service.h>

#include <diesel/fiber.h>
#include <diesel/log.h>
#include <diesel/memory.h>
#include <diesel/park.h>
#include <diesel/proxy_header.h>
#include <diesel/scope.h>
#include <diesel/sync.h>
#include <diesel/time.h>

#include "net_internal.h"
#include "sched_internal.h"
#include "stream_internal.h"

#define PAUSE_AFTER_ERROR_MS 50

static diesel_logger logger = DIESEL_LOGGER("diesel.service");

struct service {
    diesel_listener *listener;
    diesel_handler *handler;
    void *arg;
    diesel_serve_options options;
    diesel_scope *scope;
    diesel_fiber *server;
    size_t running;    /* handlers */
    bool full;         /* the server waits for the end of one */
    diesel_event idle; /* none runs; set only while it drains */
    bool draining;
};

struct connection {
    struct service *service;
    diesel_stream *stream;
};

static void report(const struct service *v, const char *peer,
                   const diesel_error *why)
{
    if (v->options.on_error != NULL)
        v->options.on_error(peer, why, v->arg);
    else
        diesel_log_every(1000, &logger, DIESEL_WARNING, "connection failed",
                         "service", v->options.label, "peer", peer, "error",
                         (const char *)why->message);
}

/* --- A handler's fiber. */

/* Takes what diesel_fail() has left; what only says that the handler was cut
 * short is no failure. */
static void note_failure(const struct connection *c, int result)
{
    diesel_fiber *self = diesel_self();
    diesel_error why;
    if (self->error != NULL)
        why = *self->error;
    else
        diesel_error_set(&why, DIESEL_E_FAILED, DIESEL_DOM_CORE, 0,
                         "the handler returned %d and no error, for which there is "
                         "diesel_fail()",
                         result);
    diesel_free(self->error);
    self->error = NULL;
    bool says_cut =
        why.code == DIESEL_E_CANCELLED || why.code == DIESEL_E_TIMEDOUT;
    if (!says_cut || diesel_check(NULL) == 0)
        report(c->service, c->stream->name, &why);
}

static void end(struct connection *c)
{
    struct service *v = c->service;
    diesel_stream_close(c->stream);
    diesel_free(c);
    v->running--;
    if (v->full)
        diesel_wake(v->server, 0);
    if (v->draining && v->running == 0)
        diesel_event_set(&v->idle);
}

static int read_proxy_header(const struct connection *c)
{
    int64_t ms = c->service->options.proxy_header_ms, deadline;
    diesel_error err;
    if (ms <= 0)
        return 0;
    if (__builtin_add_overflow(diesel_now(), ms, &deadline))
        deadline = DIESEL_FOREVER;
    return diesel_stream_read_proxy_header(c->stream, deadline, &err) < 0
               ? diesel_fail(&err)
               : 0;
}

static int run_handler(void *arg)
{
    struct connection *c = arg;
    int result = read_proxy_header(c);
    if (result == 0)
        result = c->service->handler(c->stream, c->service->arg);
    if (result < 0)
        note_failure(c, result);
    end(c);
    return 0;
}

/* --- The server's. */

/* Gives the stream, which is taken, a fiber. Without memory for one, only this
 * connection is lost. */
static void start(struct service *v, diesel_stream *stream)
{
    struct connection *c = diesel_calloc(1, sizeof *c);
    if (c != NULL) {
        *c = (struct connection){.service = v, .stream = stream};
        v->running++;
        if (diesel__start(v->scope, v->options.label, run_handler, c) != NULL)
            return;
        v->running--;
        diesel_free(c);
    }
    diesel_error why;
    diesel_error_nomem(&why, "a connection's fiber");
    report(v, stream->name, &why);
    diesel_stream_close(stream);
}

/* Waits until the service is not full, or the listener is closed. */
static int wait_for_room(struct service *v, diesel_error *err)
{
    size_t most = v->options.max_connections;
    int result = 0;
    v->full = true;
    while (result == 0 && most != 0 && v->running >= most &&
           !diesel__listener_is_closed(v->listener))
        result = diesel__listener_pause(v->listener, "the end of a connection",
                                        err);
    v->full = false;
    return result;
}

/* After a failed accept: 0 if that was one connection's trouble, 1 if the listener
 * has been closed, -1 if the service must end. */
static int look_at_failure(struct service *v, const diesel_error *why,
                           diesel_error *err)
{
    if (diesel_check(err) < 0)
        return -1;
    if (diesel__listener_is_closed(v->listener))
        return 1;
    report(v, v->options.label, why);
    return diesel_sleep(PAUSE_AFTER_ERROR_MS, err);
}

/* Until the listener is closed: 0. */
static int serve(struct service *v, diesel_error *err)
{
    int closed = 0;
    while (closed == 0) {
        if (wait_for_room(v, err) < 0)
            return -1;
        diesel_error why;
        diesel_stream *stream = diesel_accept(v->listener, DIESEL_FOREVER, &why);
        if (stream == NULL) {
            closed = look_at_failure(v, &why, err);
            continue;
        }
        start(v, stream);
        if (diesel_yield(err) < 0) /* a full backlog must not keep others out */
            return -1;
    }
    return closed < 0 ? -1 : 0;
}

static int wait_for_stop(void *arg)
{
    struct service *v = arg;
    if (diesel_event_wait(v->options.stop, DIESEL_FOREVER, NULL) == 0)
        diesel__listener_shut(v->listener);
    return 0;
}

/* Has the event close the listener, now or when it is set. */
static int heed_stop(struct service *v, diesel_error *err)
{
    if (v->options.stop == NULL)
        return 0;
    if (diesel_event_is_set(v->options.stop))
        diesel__listener_shut(v->listener);
    else if (diesel__start(v->scope, "service stop", wait_for_stop, v) == NULL)
        return diesel_error_nomem(err, "a service's fiber");
    return 0;
}

/* Waits for the handlers as long as they are given. */
static int drain(struct service *v, diesel_error *err)
{
    int64_t ms = v->options.drain_ms, deadline = DIESEL_FOREVER;
    diesel_error why;
    if (ms >= 0 && __builtin_add_overflow(diesel_now(), ms, &deadline))
        deadline = DIESEL_FOREVER;
    v->draining = true;
    if (v->running == 0)
        return diesel_check(err);
    if (diesel_event_wait(&v->idle, ms == 0 ? DIESEL_NOW : deadline, &why) == 0)
        return 0;
    if (why.code == DIESEL_E_TIMEDOUT && diesel_check(err) == 0) {
        diesel_log(&logger, DIESEL_WARNING, "handlers cancelled", "service",
                   v->options.label, "count", (uint64_t)v->running);
        return 0;
    }
    if (err != NULL)
        *err = why;
    return -1;
}

static int run(struct service *v, diesel_error *err)
{
    diesel_error why, other;
    v->scope =
        diesel_scope_open(&(diesel_scope_options){.label = v->options.label});
    if (v->scope == NULL)
        return diesel_error_nomem(err, "a scope");
    int result = heed_stop(v, &why);
    if (result == 0)
        result = serve(v, &why);
    diesel__listener_shut(v->listener);
    if (result == 0)
        result = drain(v, &why);
    diesel_scope_cancel(v->scope);
    if (diesel_scope_wait(v->scope, &other) < 0 && result == 0) {
        result = -1;
        why = other;
    }
    if (result < 0 && err != NULL)
        *err = why;
    return result;
}

int diesel_serve(diesel_listener *listener, diesel_handler *handler, void *arg,
                 const diesel_serve_options *options, diesel_error *err)
{
    struct service v = {.listener = listener, .handler = handler, .arg = arg};
    if (options != NULL)
        v.options = *options;
    if (v.options.label == NULL)
        v.options.label = "service";
    v.server = diesel_self();
    diesel__listener_enter(listener);
    int result = run(&v, err);
    diesel_listener_close(listener);
    diesel__listener_leave(listener);
    return result;
}

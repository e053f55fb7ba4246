/* SPDX-License-Identifier: MIT */
/*
 * The pool. Its fast path is a stack: take the connection that was used last, whose
 * memory and whose server-side thread are warm, and put it back on top.
 *
 * Those who find no connection and may not make one wait in a queue, first come
 * first served. What becomes free, a connection or the permission to make
 * one, goes straight to the first of them, so nobody who comes later can take it.
 *
 * Invariants:
 *  1. While somebody waits, no connection is idle, and no new one may be made.
 *  2. total counts every connection that is idle, in use or being made, and
 *     those that a waiter has been permitted to make; not the one that has only
 *     said hello, until somebody goes on with it.
 *  3. A waiter that was woken with a connection or a permission uses it or passes
 *     it on, as diesel_wake() promises that it sees it.
 */
#include "pool_internal.h"

#include "events_internal.h"
#include "log_internal.h"

#include <stdio.h>
#include <string.h>

#include <diesel/fiber.h>
#include <diesel/memory.h>
#include <diesel/park.h>
#include <diesel/stream.h>
#include <diesel/time.h>

/* What a waiter is woken with. */
enum { GIVEN, MAY_CONNECT, CLEARED, CLOSED };

struct dmongo__pool_waiter {
    struct dmongo__pool_waiter *next, *previous;
    diesel_fiber *fiber;
    struct dmongo__conn *given;
    bool is_queued;
};

typedef struct dmongo__pool_waiter waiter;

static void enqueue(struct dmongo__pool *pool, waiter *w)
{
    w->next = NULL;
    w->previous = pool->last_waiter;
    *(w->previous != NULL ? &w->previous->next : &pool->first_waiter) = w;
    pool->last_waiter = w;
    pool->waiter_count++;
    w->is_queued = true;
}

static void dequeue(struct dmongo__pool *pool, waiter *w)
{
    if (!w->is_queued)
        return;
    *(w->previous != NULL ? &w->previous->next : &pool->first_waiter) = w->next;
    *(w->next != NULL ? &w->next->previous : &pool->last_waiter) = w->previous;
    pool->waiter_count--;
    w->is_queued = false;
}

/* Takes waiters off the queue until one is found that will see the wake. */
static waiter *wake_first(struct dmongo__pool *pool, int value,
                          struct dmongo__conn *given)
{
    waiter *w;
    while ((w = pool->first_waiter) != NULL) {
        dequeue(pool, w);
        if (diesel_wake(w->fiber, value)) {
            w->given = given;
            return w;
        }
    }
    return NULL;
}

static void wake_all(struct dmongo__pool *pool, int value)
{
    while (wake_first(pool, value, NULL) != NULL)
        continue;
}

bool dmongo__pool_may_connect(const struct dmongo__pool *pool)
{
    return !pool->is_closed && pool->total < pool->max &&
           pool->connecting < pool->max_connecting;
}

/* Something has become free: those who wait may make connections with it. */
static void pass_on(struct dmongo__pool *pool)
{
    while (pool->first_waiter != NULL && dmongo__pool_may_connect(pool)) {
        if (wake_first(pool, MAY_CONNECT, NULL) == NULL)
            return;
        pool->total++;
        pool->connecting++;
    }
}

/* Whether anybody wants to know what happens. */
static inline bool tells(const struct dmongo__pool *pool)
{
    return pool->tell != NULL &&
           (!pool->is_quiet || dmongo__logs(&dmongo__connection_log));
}

static void tell(const struct dmongo__pool *pool, dmongo_pool_event_kind kind,
                 const struct dmongo__conn *conn, const char *reason,
                 int64_t begun_us)
{
    if (!tells(pool))
        return;
    dmongo_pool_event event = {
        .kind = kind,
        .connection_id = conn != NULL ? conn->number : 0,
        .reason = reason,
        .duration_us = begun_us != 0 ? dmongo__now_us() - begun_us : 0};
    pool->tell(pool->arg, &event);
}

/* When something began, for the event of its end. */
static int64_t begun(const struct dmongo__pool *pool)
{
    return tells(pool) ? dmongo__now_us() : 0;
}

static bool is_expired(const struct dmongo__pool *pool,
                       const struct dmongo__conn *conn)
{
    return pool->max_idle_ms > 0 && conn->idle_since != 0 &&
           diesel_now() - conn->idle_since > pool->max_idle_ms;
}

static const char *why_closed(const struct dmongo__pool *pool,
                              const struct dmongo__conn *conn)
{
    if (pool->is_closed)
        return "poolClosed";
    if (conn->generation != pool->generation)
        return "stale";
    return is_expired(pool, conn) ? "idle" : "error";
}

/* `why` may be NULL. */
static void tell_closed(const struct dmongo__pool *pool, struct dmongo__conn *conn,
                        const char *reason, const diesel_error *why)
{
    if (!conn->is_told_closed && tells(pool)) {
        dmongo_pool_event event = {.kind = DMONGO_CONNECTION_CLOSED,
                                   .connection_id = conn->number,
                                   .reason = reason,
                                   .error = why};
        pool->tell(pool->arg, &event);
    }
    conn->is_told_closed = true;
}

/* Takes the connection out of the list of all and frees it. */
static void drop(struct dmongo__pool *pool, struct dmongo__conn *conn)
{
    *(conn->previous_all != NULL ? &conn->previous_all->next_all : &pool->all) =
        conn->next_all;
    if (conn->next_all != NULL)
        conn->next_all->previous_all = conn->previous_all;
    if (conn->greeting != NULL)
        pool->forget(conn);
    dmongo__conn_clear(conn);
    diesel_free(conn);
}

static void discard(struct dmongo__pool *pool, struct dmongo__conn *conn)
{
    tell_closed(pool, conn, why_closed(pool, conn), NULL);
    drop(pool, conn);
    pool->total--;
    if (pool->total < pool->min)
        dmongo__pool_nudge(pool);
}

static void discard_idle(struct dmongo__pool *pool)
{
    while (pool->idle != NULL) {
        struct dmongo__conn *conn = pool->idle;
        pool->idle = conn->next_idle;
        pool->idle_count--;
        discard(pool, conn);
    }
}

/* The idle connection that was used last, leaving out those of no use any more: a
 * server that says something unasked, if only goodbye, is gone. */
static struct dmongo__conn *take_idle(struct dmongo__pool *pool)
{
    struct dmongo__conn *conn;
    while ((conn = pool->idle) != NULL) {
        pool->idle = conn->next_idle;
        pool->idle_count--;
        if (!diesel_stream_is_readable(conn->stream) && !is_expired(pool, conn))
            return conn;
        discard(pool, conn);
    }
    return NULL;
}

int64_t dmongo__pool_prune(struct dmongo__pool *pool)
{
    int64_t due = DIESEL_FOREVER;
    struct dmongo__conn **at = &pool->idle, *conn;
    while (pool->max_idle_ms > 0 && (conn = *at) != NULL) {
        if (is_expired(pool, conn)) {
            *at = conn->next_idle;
            pool->idle_count--;
            discard(pool, conn);
            continue;
        }
        /* The last one has been idle longest. */
        due = conn->idle_since + pool->max_idle_ms + 1;
        at = &conn->next_idle;
    }
    return due;
}

static void is_closed(diesel_error *err)
{
    diesel_error_set(err, DIESEL_E_CLOSED, DIESEL_DOM_MONGO, 0,
                     "the client has been closed");
}

static void is_cleared(diesel_error *err)
{
    diesel_error_set(err, DIESEL_E_CLOSED, DIESEL_DOM_MONGO, 0,
                     "the connection to the server was lost");
    if (err != NULL)
        err->flags = DIESEL_EF_RETRYABLE;
}

/* An empty connection, in the list of all. */
static struct dmongo__conn *new_conn(struct dmongo__pool *pool,
                                     diesel_error *err)
{
    struct dmongo__conn *conn = diesel_calloc(1, sizeof *conn);
    if (conn == NULL) {
        diesel_error_nomem(err, "a connection");
        return NULL;
    }
    conn->pool = pool;
    conn->generation = pool->generation;
    conn->next_all = pool->all;
    if (pool->all != NULL)
        pool->all->previous_all = conn;
    pool->all = conn;
    return conn;
}

void dmongo__pool_forget(struct dmongo__pool *pool)
{
    if (pool->greeted != NULL)
        drop(pool, pool->greeted);
    pool->greeted = NULL;
}

int dmongo__pool_greet(struct dmongo__pool *pool, int64_t deadline,
                       diesel_error *err)
{
    struct dmongo__conn *conn = new_conn(pool, err);
    if (conn == NULL)
        return -1;
    int done = pool->greet(conn, pool->arg, deadline, err);
    if (done == 0 && (conn->is_shut || conn->generation != pool->generation)) {
        if (pool->is_closed) /* meanwhile */
            is_closed(err);
        else
            is_cleared(err);
        done = -1;
    }
    if (done < 0) {
        drop(pool, conn);
        return -1;
    }
    dmongo__pool_forget(pool);
    pool->greeted = conn;
    return 0;
}

/* The connection that is to be made next: one that has said hello already, unless the
 * server has closed it since, or an empty one. */
static struct dmongo__conn *next_conn(struct dmongo__pool *pool,
                                      diesel_error *err)
{
    if (pool->is_closed) { /* after a waiter was permitted to connect */
        is_closed(err);
        return NULL;
    }
    struct dmongo__conn *conn = pool->greeted;
    if (conn != NULL && diesel_stream_is_readable(conn->stream)) {
        dmongo__pool_forget(pool);
        conn = NULL;
    }
    pool->greeted = NULL;
    if (conn == NULL && (conn = new_conn(pool, err)) == NULL)
        return NULL;
    conn->number = ++pool->last_number;
    tell(pool, DMONGO_CONNECTION_CREATED, conn, NULL, 0);
    return conn;
}

/* Makes a connection for which total and connecting have been raised. */
static struct dmongo__conn *make_reserved(struct dmongo__pool *pool,
                                          int64_t deadline, diesel_error *err)
{
    int64_t since = begun(pool);
    struct dmongo__conn *conn = next_conn(pool, err);
    if (conn == NULL) {
        pool->total--;
    } else if (pool->make(conn, pool->arg, deadline, err) < 0) {
        tell_closed(pool, conn, pool->is_closed ? "poolClosed" : "error", err);
        discard(pool, conn);
        conn = NULL;
    } else {
        tell(pool, DMONGO_CONNECTION_READY, conn, NULL, since);
    }
    pool->connecting--;
    return conn;
}

/* The place among those that are being made is free again. */
static void end_connecting(struct dmongo__pool *pool)
{
    pass_on(pool);
    if (pool->total < pool->min)
        dmongo__pool_nudge(pool);
}

static struct dmongo__conn *connect_reserved(struct dmongo__pool *pool,
                                             int64_t deadline,
                                             diesel_error *err)
{
    struct dmongo__conn *conn = make_reserved(pool, deadline, err);
    end_connecting(pool);
    return conn;
}

static struct dmongo__conn *connect_now(struct dmongo__pool *pool,
                                        int64_t deadline, diesel_error *err)
{
    pool->total++;
    pool->connecting++;
    return connect_reserved(pool, deadline, err);
}

/* ": 98 by find, 2 by insert": which operations hold the connections, the first few. */
static void list_holders(const struct dmongo__pool *pool, char *text, size_t room)
{
    const char *names[4];
    size_t counts[4], n = 0, used = 0;
    for (const struct dmongo__conn *c = pool->all; c != NULL; c = c->next_all) {
        size_t i = 0;
        if (c->held_by == NULL)
            continue;
        while (i < n && strcmp(names[i], c->held_by) != 0)
            i++;
        if (i == n && n < sizeof counts / sizeof *counts) {
            names[n] = c->held_by;
            counts[n++] = 0;
        }
        if (i < n)
            counts[i]++;
    }
    *text = 0;
    for (size_t i = 0; i < n && used < room; i++)
        used += (size_t)snprintf(text + used, room - used, "%s%zu by %.20s",
                                 i == 0 ? ": " : ", ", counts[i], names[i]);
}

/* Says how the pool was when the wait for a connection ended without one. */
static void wait_failed(const struct dmongo__pool *pool, diesel_error *err)
{
    if (err == NULL)
        return;
    size_t in_use = pool->total - pool->connecting - pool->idle_count;
    int code = err->code;
    char holders[120];
    list_holders(pool, holders, sizeof holders);
    diesel_error_set(err, code, DIESEL_DOM_CORE, 0,
                     "%s waiting for a connection: %zu of at most %zu in use, "
                     "%zu being made, %zu other fibers waiting%s",
                     diesel_error_text(code), in_use, pool->max,
                     pool->connecting, pool->waiter_count, holders);
    err->flags = code == DIESEL_E_TIMEDOUT ? DIESEL_EF_RETRYABLE : 0;
}

static struct dmongo__conn *wait(struct dmongo__pool *pool, int64_t deadline,
                                 diesel_error *err)
{
    waiter w = {.fiber = diesel_self()};
    enqueue(pool, &w);
    int64_t until = deadline;
    if (until == DIESEL_FOREVER && pool->wait_ms > 0)
        until = diesel_now() + pool->wait_ms;
    int woken = diesel_park("a MongoDB connection", until, err);
    dequeue(pool, &w);
    switch (woken) {
    case GIVEN:
        return w.given;
    case MAY_CONNECT:
        if (pool->is_ready || pool->is_closed)
            return connect_reserved(pool, deadline, err);
        pool->total--; /* it was cleared since */
        pool->connecting--;
        is_cleared(err);
        return NULL;
    case CLEARED:
        is_cleared(err);
        return NULL;
    case CLOSED:
        is_closed(err);
        return NULL;
    default:
        wait_failed(pool, err);
        return NULL;
    }
}

static struct dmongo__conn *take(struct dmongo__pool *pool, int64_t deadline,
                                 diesel_error *err)
{
    struct dmongo__conn *conn = take_idle(pool);
    if (conn != NULL)
        return conn;
    if (pool->is_closed) {
        is_closed(err);
        return NULL;
    }
    if (!pool->is_ready) {
        is_cleared(err);
        return NULL;
    }
    if (!dmongo__pool_may_connect(pool))
        return wait(pool, deadline, err);
    return connect_now(pool, deadline, err);
}

static void tell_failed(const struct dmongo__pool *pool,
                        const diesel_error *err, int64_t since)
{
    bool timed_out = err->code == DIESEL_E_TIMEDOUT && err->domain == DIESEL_DOM_CORE;
    if (!tells(pool))
        return;
    dmongo_pool_event event = {.kind = DMONGO_CHECK_OUT_FAILED,
                               .reason = pool->is_closed ? "poolClosed"
                                         : timed_out     ? "timeout"
                                                         : "connectionError",
                               .duration_us = dmongo__now_us() - since,
                               .error = err};
    pool->tell(pool->arg, &event);
}

struct dmongo__conn *dmongo__pool_take(struct dmongo__pool *pool,
                                       int64_t deadline, diesel_error *err)
{
    if (!tells(pool))
        return take(pool, deadline, err);
    diesel_error own;
    int64_t since = begun(pool);
    tell(pool, DMONGO_CHECK_OUT_STARTED, NULL, NULL, 0);
    struct dmongo__conn *conn = take(pool, deadline, &own);
    if (conn != NULL) {
        conn->is_checked_out = true;
        tell(pool, DMONGO_CHECKED_OUT, conn, NULL, since);
        return conn;
    }
    tell_failed(pool, &own, since);
    if (err != NULL)
        *err = own;
    return NULL;
}

void dmongo__pool_open(struct dmongo__pool *pool)
{
    if (!tells(pool))
        return;
    dmongo_pool_event event = {.kind = DMONGO_POOL_CREATED,
                               .min_size = pool->min,
                               .max_size = pool->max != SIZE_MAX ? pool->max : 0,
                               .max_connecting = pool->max_connecting,
                               .max_idle_ms = pool->max_idle_ms,
                               .wait_ms = pool->wait_ms};
    pool->tell(pool->arg, &event);
}

void dmongo__pool_ready(struct dmongo__pool *pool)
{
    if (!pool->is_ready && !pool->is_closed)
        tell(pool, DMONGO_POOL_READY, NULL, NULL, 0);
    pool->is_ready = true;
    dmongo__pool_nudge(pool);
}

/* A large message must not hold its memory for as long as the connection lives. */
static void shrink(struct dmongo__buffer *buffer)
{
    if (buffer->room > 128 * 1024)
        dmongo__buffer_clear(buffer);
}

void dmongo__pool_give(struct dmongo__conn *conn)
{
    struct dmongo__pool *pool = conn->pool;
    if (conn->is_checked_out)
        tell(pool, DMONGO_CHECKED_IN, conn, NULL, 0);
    conn->is_checked_out = false;
    conn->held_by = NULL;
    conn->holder = NULL;
    if (conn->half_used || conn->is_shut ||
        conn->generation != pool->generation) {
        discard(pool, conn);
        pass_on(pool);
        return;
    }
    if (pool->first_waiter != NULL && wake_first(pool, GIVEN, conn) != NULL)
        return;
    shrink(&conn->out);
    shrink(&conn->in);
    shrink(&conn->packed);
    conn->next_idle = pool->idle;
    pool->idle = conn;
    pool->idle_count++;
    if (pool->max_idle_ms > 0) {
        conn->idle_since = diesel_now();
        if (pool->idle_count == 1)
            dmongo__pool_nudge(pool);
    }
}

int dmongo__pool_add(struct dmongo__pool *pool, diesel_error *err)
{
    pool->total++;
    pool->connecting++;
    struct dmongo__conn *conn = make_reserved(pool, DIESEL_FOREVER, err);
    if (conn != NULL) /* first, as who waits for one need not make one then */
        dmongo__pool_give(conn);
    end_connecting(pool);
    return conn != NULL ? 0 : -1;
}

/* Who uses a connection gets CLOSED at once, and gives it back then. */
static void interrupt(struct dmongo__pool *pool)
{
    for (struct dmongo__conn *conn = pool->all; conn != NULL;
         conn = conn->next_all) {
        if (conn->generation == pool->generation)
            continue;
        if (conn->is_checked_out)
            tell_closed(pool, conn, "stale", NULL);
        dmongo__conn_shut(conn);
    }
}

void dmongo__pool_clear(struct dmongo__pool *pool, bool interrupts)
{
    pool->generation++;
    if (pool->is_ready && tells(pool)) {
        dmongo_pool_event event = {.kind = DMONGO_POOL_CLEARED,
                                   .interrupts_in_use = interrupts};
        pool->tell(pool->arg, &event);
    }
    pool->is_ready = false;
    discard_idle(pool);
    dmongo__pool_forget(pool);
    if (interrupts)
        interrupt(pool);
    wake_all(pool, CLEARED);
}

void dmongo__pool_close(struct dmongo__pool *pool)
{
    if (pool->is_closed)
        return;
    pool->is_closed = true;
    discard_idle(pool);
    dmongo__pool_forget(pool);
    for (struct dmongo__conn *conn = pool->all; conn != NULL;
         conn = conn->next_all)
        dmongo__conn_shut(conn);
    tell(pool, DMONGO_POOL_CLOSED, NULL, NULL, 0);
    wake_all(pool, CLOSED);
    dmongo__pool_nudge(pool);
}

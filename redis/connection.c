/* SPDX-License-Identifier: MIT */
/*
 * One connection to a server.
 *
 * Requests are appended to the stream's output buffer, which leaves by itself at
 * the end of the scheduler's round, and noted in a ring of slots in that order; one
 * fiber reads, and each reply goes to the first slot. So any number of fibers share
 * a connection, with one write and one read for many of them.
 *
 *     slots   ...  [first]  [first+1]  ...  [next-1]  ...
 *                     |         |
 *                  waiter     NULL        a fiber that gave up leaves its slot
 *                                         behind, so that the replies after its
 *                                         own still meet the right ones
 *
 * Invariants:
 * 1. A slot is pushed in the same breath as its bytes are committed.
 * 2. `pending` is the sum of the slots' `replies`.
 * 3. Once it is broken there are no slots, the stream is gone, and `sent` and
 *    `error` tell each waiter whether its request may have run. Nothing that was
 *    not sent until then leaves any more: it is sent again elsewhere.
 */
#include "connection_internal.h"

#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

#include <diesel/fiber.h>
#include <diesel/memory.h>
#include <diesel/net.h>
#include <diesel/park.h>

#include "credentials_internal.h"
#include "encode_internal.h"
#include "handshake_internal.h"
#include "watch_internal.h"

#define FIRST_SLOTS 64 /* a power of two */
#define SLICE 4096

/* What wakes a waiter. */
enum { REPLIED, BROKEN };

/* The kernel looks at its time-out when a keep-alive probe is due; by itself that is
 * every 75 seconds. */
static void probe_often(diesel_stream *stream, int64_t dead_after_ms)
{
    int pause_s = dead_after_ms < 6000 ? 1 : (int)(dead_after_ms / 3000);
    setsockopt(diesel_stream_fd(stream), IPPROTO_TCP, TCP_KEEPINTVL, &pause_s,
               sizeof pause_s);
}

/* The connection before anything is said on it. */
static diesel_stream *connect_plain(const dredis__config *config,
                                    int64_t deadline, diesel_error *err)
{
    if (config->unix_path != NULL)
        return diesel_unix_connect(config->unix_path, deadline, err);
    int64_t dead_after = config->dead_after_ms > 0 ? config->dead_after_ms : 0;
    diesel_tcp_options options = {.keepalive_s = config->keepalive_s,
                                  .user_timeout_ms = (int)dead_after};
    diesel_stream *stream = diesel_tcp_connect(config->host, config->port,
                                               &options, deadline, err);
    if (stream != NULL && dead_after > 0 && config->keepalive_s > 0)
        probe_often(stream, dead_after);
    return stream;
}

static diesel_stream *connect_stream(const dredis__config *config,
                                     int64_t deadline, diesel_error *err)
{
    diesel_stream *stream = connect_plain(config, deadline, err);
    if (stream == NULL || config->tls == NULL)
        return stream;
    const char *name = config->tls_name != NULL ? config->tls_name : config->host;
    if (diesel_tls_start(stream, config->tls, name, deadline, err) == 0)
        return stream;
    diesel_stream_close(stream);
    return NULL;
}

static dredis__connection *new_connection(const dredis__config *config,
                                          size_t buffer_size,
                                          diesel_error *err)
{
    dredis__connection *c = diesel_malloc(sizeof *c + buffer_size);
    if (c == NULL)
        goto fail;
    *c = (dredis__connection){
        .refs = 1,
        .mask = FIRST_SLOTS - 1,
        .most_pending = config->max_pending,
        .most_output = config->max_output,
        .silence_ms = config->silence_ms,
        .watch = config->watch,
        .buffer_size = buffer_size,
    };
    dredis__queue_init(&c->room);
    c->reader = dredis__reply_reader_new(&config->limits);
    c->slots = diesel_realloc_array(NULL, FIRST_SLOTS, sizeof *c->slots);
    if (c->reader != NULL && c->slots != NULL)
        return c;
    dredis__connection_leave(c);
fail:
    diesel_error_nomem(err, "a connection");
    return NULL;
}

/* Says how long it took to fail. */
static void add_time(int64_t began, diesel_error *why)
{
    char message[sizeof why->message];
    memcpy(message, why->message, sizeof message);
    diesel_error_set(why, why->code, why->domain, why->detail,
                     "%s (after %" PRId64 " ms)", message, diesel_now() - began);
}

dredis__connection *dredis__connection_open(dredis__config *config,
                                            size_t buffer_size,
                                            dredis_stats *stats,
                                            diesel_error *err)
{
    int64_t began = diesel_now();
    int64_t deadline = began + config->connect_timeout_ms;
    diesel_error why;
    dredis__connection *c = new_connection(config, buffer_size, &why);
    if (c == NULL)
        goto fail;
    dredis_stats handshake = {0}; /* is not counted */
    c->stats = &handshake;
    if (config->credentials != NULL &&
        dredis__credentials_ask(config, &why) < 0)
        goto fail_connection;
    c->stream = connect_stream(config, deadline, &why);
    if (c->stream == NULL || dredis__handshake(c, config, deadline, &why) < 0) {
        add_time(began, &why);
        goto fail_connection;
    }
    c->stats = stats;
    stats->connections++;
    return c;

fail_connection:
    dredis__connection_break(c, &why);
    dredis__connection_leave(c);
fail:
    if (err != NULL) {
        *err = why;
        err->flags = 0; /* of the handshake: no command of the caller's */
    }
    return NULL;
}

void dredis__connection_leave(dredis__connection *c)
{
    if (--c->refs > 0)
        return;
    dredis__reply_reader_free(c->reader);
    diesel_free(c->slots);
    diesel_free(c);
}

void dredis__connection_break(dredis__connection *c, const diesel_error *why)
{
    if (dredis__connection_is_broken(c))
        return;
    c->error = *why;
    c->error.flags = 0;
    /* Closing a stream tries to send what it still holds; this keeps it in. */
    shutdown(diesel_stream_fd(c->stream), SHUT_RDWR);
    c->sent = diesel_stream_sent(c->stream);
    diesel_stream_close(c->stream);
    c->stream = NULL;
    for (; c->first != c->next; c->first++) {
        dredis__waiter *waiter = c->slots[c->first & c->mask].waiter;
        if (waiter != NULL && waiter->fiber != NULL)
            diesel_wake(waiter->fiber, BROKEN);
    }
    c->pending = 0;
    dredis__queue_wake_all(&c->room, BROKEN);
}

static void note_uninvited(dredis__connection *c, const dredis_reply *reply)
{
    c->uninvited = true;
    diesel_error_set(&c->error, DIESEL_E_PROTOCOL, DIESEL_DOM_CORE, 0,
                     "the server sent a reply that nobody asked for: %s%s%.100s",
                     dredis_type_name(reply->type),
                     reply->str != NULL ? " " : "",
                     reply->str != NULL ? reply->str : "");
}

/* Whether the reply is a push, or taken by the hooks: it is then dealt with. */
static __attribute__((noinline)) bool is_offered(dredis__connection *c,
                                                 dredis_reply *reply)
{
    bool push = reply->type == DREDIS_PUSH;
    if (c->uninvited) { /* what follows an error is not looked at */
        dredis_reply_free(reply);
        return true;
    }
    int taken = c->hooks != NULL ? c->hooks->take(c->hooks_arg, reply, &c->error)
                                 : 0;
    c->stats->pushes += push && taken <= 0;
    if (taken < 0)
        c->uninvited = true;
    else if (taken == 0 && push)
        dredis_reply_free(reply);
    return push || taken != 0;
}

/* Notes how long the reply was for the request that it belongs to. */
static __attribute__((noinline)) void note_bytes(dredis__connection *c,
                                                 const dredis_reply *reply)
{
    uint64_t now = dredis__reply_reader_consumed(c->reader);
    size_t size = (size_t)(now - c->consumed);
    c->consumed = now;
    if (reply->type == DREDIS_PUSH || c->first == c->next)
        return;
    dredis__waiter *waiter = c->slots[c->first & c->mask].waiter;
    if (waiter != NULL)
        waiter->request->received += size;
}

/* Gives a reply to whom it belongs; called by the parser. */
static void deliver(void *arg, dredis_reply *reply)
{
    dredis__connection *c = arg;
    if (__builtin_expect(c->watch != NULL, 0))
        note_bytes(c, reply);
    if (__builtin_expect(reply->type == DREDIS_PUSH || c->takes_all, 0) &&
        is_offered(c, reply))
        return;
    if (__builtin_expect(c->first == c->next, 0)) {
        note_uninvited(c, reply);
        dredis_reply_free(reply);
        return;
    }
    dredis__slot *slot = &c->slots[c->first & c->mask];
    dredis__waiter *waiter = slot->waiter;
    c->pending--;
    c->stats->replies++;
    if (waiter != NULL) {
        waiter->request->replies[waiter->request->got++] = reply;
    } else {
        c->stats->dropped++;
        dredis_reply_free(reply);
    }
    if (--slot->replies > 0)
        return;
    c->first++;
    if (waiter == NULL)
        return;
    waiter->done = true;
    if (waiter->fiber != NULL)
        diesel_wake(waiter->fiber, REPLIED);
}

ssize_t dredis__connection_fill(dredis__connection *c, int64_t deadline,
                                diesel_error *err)
{
    diesel_error why;
    ssize_t n = -1;
    if (!dredis__connection_is_broken(c))
        n = diesel_stream_read(c->stream, c->buffer, c->buffer_size, deadline,
                               &why);
    if (dredis__connection_is_broken(c)) { /* already, or while it waited */
        why = c->error;
        n = -1;
    } else if (n == 0) {
        n = diesel_error_set(&why, DIESEL_E_CLOSED, DIESEL_DOM_CORE, 0,
                             "the server closed the connection");
    } else if (n < 0 && why.code == DIESEL_E_TIMEDOUT &&
               why.domain == DIESEL_DOM_SYS) {
        /* The kernel gave up on a dead peer; our own deadlines are of the core. */
        why.code = DIESEL_E_CLOSED;
    }
    if (n < 0 && err != NULL)
        *err = why;
    return n;
}

static int parse(dredis__connection *c, const char *bytes, size_t n,
                 diesel_error *err)
{
    if (dredis__reply_reader_parse(c->reader, bytes, n, deliver, c, err) < 0)
        return -1;
    if (!c->uninvited)
        return 0;
    *err = c->error;
    return -1;
}

static int await_hooks(dredis__connection *c, diesel_error *err)
{
    return c->hooks != NULL && c->hooks->pause != NULL
               ? c->hooks->pause(c->hooks_arg, err)
               : 0;
}

/* Lets the fibers run that have got something. *slow: it took them a while. */
static int let_receive(dredis__connection *c, bool *slow, diesel_error *err)
{
    int64_t before = diesel_now();
    if (diesel_yield(err) < 0 || await_hooks(c, err) < 0)
        return -1;
    *slow = diesel_now() != before;
    if (!dredis__connection_is_broken(c))
        return 0;
    *err = c->error;
    return -1;
}

/* Messages are handed out in slices of what was read, so that whoever receives them
 * finds them in the processor's cache. But where others are busy, so that each slice
 * would wait for them, the rest follows at once. */
static int parse_in_slices(dredis__connection *c, size_t n, diesel_error *err)
{
    bool slow = false;
    for (size_t at = 0; at < n;) {
        size_t left = n - at, part = left < SLICE || slow ? left : SLICE;
        if (parse(c, c->buffer + at, part, err) < 0)
            return -1;
        at += part;
        if (at < n && let_receive(c, &slow, err) < 0)
            return -1;
    }
    return 0;
}

int dredis__connection_read(dredis__connection *c, int64_t deadline,
                            diesel_error *err)
{
    ssize_t n = dredis__connection_fill(c, deadline, err);
    if (n < 0)
        return -1;
    return c->takes_all ? parse_in_slices(c, (size_t)n, err)
                        : parse(c, c->buffer, (size_t)n, err);
}

static inline bool has_room(const dredis__connection *c, size_t commands)
{
    return c->pending == 0 || (c->pending < c->most_pending &&
                               commands <= c->most_pending - c->pending);
}

static int send_request(dredis__connection *c, dredis__waiter *waiter,
                        uint64_t *start, diesel_error *err);

/* Asks for a sign of life; the reply is dropped. */
static void send_ping(dredis__connection *c)
{
    static const char ping[] = "*1\r\n$4\r\nPING\r\n";
    dredis__request request = {
        .bytes = ping, .size = sizeof ping - 1, .commands = 1};
    dredis__waiter nobody = {.request = &request};
    uint64_t start;
    if (send_request(c, &nobody, &start, NULL) == 0)
        c->slots[(c->next - 1) & c->mask].waiter = NULL;
}

/* The same as dredis__connection_read() on a connection on which the server must
 * not be silent for ever. It looks twice in each silence_ms: which reply was the
 * next one to come the last two times? */
static int read_or_doubt(dredis__connection *c, diesel_error *err)
{
    int64_t pause = (c->silence_ms + 1) / 2;
    uint64_t first = c->first;
    int looks = 0;
    for (;;) {
        if (dredis__connection_read(c, diesel_now() + pause, err) == 0)
            return 0;
        if (err->code != DIESEL_E_TIMEDOUT ||
            dredis__connection_is_broken(c) || diesel_check(NULL) < 0)
            return -1;
        looks = c->pending > 0 && c->first == first ? looks + 1 : 0;
        first = c->first;
        if (looks > 2)
            return diesel_error_set(err, DIESEL_E_CLOSED, DIESEL_DOM_CORE, 0,
                                    "the server has said nothing for %" PRId64
                                    " ms", c->silence_ms);
        if (c->pending == 0)
            send_ping(c);
    }
}

void dredis__connection_serve(dredis__connection *c)
{
    diesel_error err;
    c->refs++;
    while (await_hooks(c, &err) == 0 &&
           (c->silence_ms > 0
                ? read_or_doubt(c, &err)
                : dredis__connection_read(c, DIESEL_FOREVER, &err)) == 0) {
        /* Those who are woken here add to `pending` only when they run. */
        size_t pending = c->pending;
        while (!dredis__queue_is_empty(&c->room) && pending < c->most_pending) {
            dredis__queue_wake(&c->room, REPLIED);
            pending++;
        }
    }
    dredis__connection_break(c, &err);
    dredis__connection_leave(c);
}

static int grow_slots(dredis__connection *c, diesel_error *err)
{
    size_t size = (size_t)(c->mask + 1) * 2;
    dredis__slot *slots = diesel_realloc_array(NULL, size, sizeof *slots);
    if (slots == NULL)
        return diesel_error_nomem(err, "a command in flight");
    for (uint64_t i = c->first; i != c->next; i++)
        slots[i & (size - 1)] = c->slots[i & c->mask];
    diesel_free(c->slots);
    c->slots = slots;
    c->mask = size - 1;
    return 0;
}

/* Appends the request to the output: 0, -1, or DREDIS__AGAIN; *start is how many
 * bytes were appended before. */
static inline __attribute__((always_inline)) int
append_request(dredis__connection *c, dredis__waiter *waiter, uint64_t *start,
               diesel_error *err)
{
    dredis__request *request = waiter->request;
    diesel_error why;
    if (c->next - c->first > c->mask && grow_slots(c, err) < 0)
        return -1;
    char *at = diesel_stream_reserve(c->stream, request->size, &why);
    if (__builtin_expect(at == NULL, 0)) {
        if (why.code != DIESEL_E_NOMEM) {
            dredis__connection_break(c, &why);
            return DREDIS__AGAIN;
        }
        if (err != NULL)
            *err = why;
        return -1;
    }
    size_t size = request->size;
    if (__builtin_expect(request->args != NULL, 1))
        size = (size_t)(dredis__command_write(at, request->args, request->n) - at);
    else
        memcpy(at, request->bytes, size);
    *start = c->appended;
    c->appended += size;
    request->sent += size;
    c->slots[c->next++ & c->mask] =
        (dredis__slot){.waiter = waiter, .replies = request->commands};
    c->pending += request->commands;
    c->stats->commands += request->commands;
    diesel_stream_commit(c->stream, size);
    return 0;
}

static int send_request(dredis__connection *c, dredis__waiter *waiter,
                        uint64_t *start, diesel_error *err)
{
    return append_request(c, waiter, start, err);
}

static void mark_sent(diesel_error *err)
{
    if (err != NULL)
        err->flags |= DIESEL_EF_SENT;
}

/* Whether the connection broke for no fault of what went over it. */
static bool is_loss(const diesel_error *why)
{
    return why->code == DIESEL_E_CLOSED || why->code == DIESEL_E_IO;
}

/* What became of a request whose connection broke. */
static int lost(const dredis__connection *c, uint64_t start, diesel_error *err)
{
    if (c->sent <= start)
        return DREDIS__AGAIN;
    if (err != NULL)
        *err = c->error;
    mark_sent(err);
    return is_loss(&c->error) ? DREDIS__LOST : -1;
}

/* The caller's scope ended the wait. Its bytes cannot be called back, so they
 * count as sent unless the connection broke before it took them. */
static int give_up(dredis__connection *c, const dredis__waiter *waiter,
                   uint64_t number, uint64_t start, diesel_error *err)
{
    bool broken = dredis__connection_is_broken(c);
    if (!waiter->done && !broken)
        c->slots[number & c->mask].waiter = NULL;
    if (waiter->done || !broken || c->sent > start)
        mark_sent(err);
    return -1;
}

/* Waits until there is room for the request: 0, -1, or DREDIS__AGAIN. */
static int await_room(dredis__connection *c, const dredis__request *request,
                      diesel_error *err)
{
    bool woken_before = false;
    while (!has_room(c, request->commands) ||
           (!woken_before && !dredis__queue_is_empty(&c->room))) {
        int woken = dredis__queue_park(&c->room, woken_before,
                                       "room among the commands in flight",
                                       DIESEL_FOREVER, err);
        if (woken != REPLIED)
            return woken == BROKEN ? DREDIS__AGAIN : -1;
        if (dredis__connection_is_broken(c))
            return DREDIS__AGAIN;
        woken_before = true;
    }
    diesel_error why;
    int drained = diesel_stream_drain(c->stream, c->most_output, DIESEL_FOREVER,
                                      &why);
    if (drained < 0 && diesel_check(NULL) < 0) {
        if (err != NULL)
            *err = why;
        return -1;
    }
    if (drained < 0)
        dredis__connection_break(c, &why);
    return dredis__connection_is_broken(c) ? DREDIS__AGAIN : 0;
}

static bool is_piled_up(dredis__connection *c)
{
    c->seen_sent = diesel_stream_sent(c->stream);
    return c->appended - c->seen_sent > c->most_output;
}

/* Whether the request must wait; most need not even ask the stream. */
static inline bool is_crowded(dredis__connection *c, size_t commands)
{
    return !has_room(c, commands) || !dredis__queue_is_empty(&c->room) ||
           (c->appended - c->seen_sent > c->most_output && is_piled_up(c));
}

int dredis__connection_call(dredis__connection *c, dredis__request *request,
                            diesel_error *err)
{
    dredis__waiter waiter = {.fiber = diesel_self(), .request = request};
    uint64_t start = 0;
    int result = 0;
    c->refs++;
    if (__builtin_expect(is_crowded(c, request->commands), 0)) {
        dredis__watch_waiting(c->watch, true);
        result = await_room(c, request, err);
        dredis__watch_waiting(c->watch, false);
    }
    if (__builtin_expect(result == 0, 1))
        result = append_request(c, &waiter, &start, err);
    if (__builtin_expect(result == 0, 1)) {
        uint64_t number = c->next - 1;
        int woken = diesel_park("a reply", DIESEL_FOREVER, err);
        if (__builtin_expect(woken != REPLIED, 0))
            result = woken == BROKEN ? lost(c, start, err)
                                     : give_up(c, &waiter, number, start, err);
    }
    dredis__connection_leave(c);
    return result;
}

/* The caller's own connection is broken with *why. */
static int exchange_failed(const dredis__connection *c, uint64_t start,
                           diesel_error *why)
{
    if (c->sent > start)
        mark_sent(why);
    if (!is_loss(why))
        return -1;
    return c->sent <= start ? DREDIS__AGAIN : DREDIS__LOST;
}

int dredis__connection_exchange(dredis__connection *c, dredis__request *request,
                                int64_t deadline, diesel_error *err)
{
    dredis__waiter waiter = {.request = request};
    uint64_t start = 0;
    diesel_error why;
    c->refs++;
    int result = send_request(c, &waiter, &start, &why);
    while (result == 0 && !waiter.done)
        result = dredis__connection_read(c, deadline, &why);
    if (result < 0) {
        dredis__connection_break(c, &why);
        result = exchange_failed(c, start, &why);
    }
    if (result != 0 && err != NULL)
        *err = why;
    dredis__connection_leave(c);
    return result;
}

int dredis__connection_post(dredis__connection *c, const diesel_value *args,
                            size_t n, diesel_error *err)
{
    size_t size;
    diesel_error why;
    if (dredis__command_size(args, n, &size, err) < 0)
        return -1;
    char *at = diesel_stream_reserve(c->stream, size, &why);
    if (at == NULL) {
        if (why.code != DIESEL_E_NOMEM)
            dredis__connection_break(c, &why);
        if (err != NULL)
            *err = why;
        return -1;
    }
    size = (size_t)(dredis__command_write(at, args, n) - at);
    c->appended += size;
    diesel_stream_commit(c->stream, size);
    return 0;
}

/* SPDX-License-Identifier: MIT */
/*
 * Channels across threads: a ring of items under a lock, and a port for each
 * scheduler whose fibers have ever waited on it.
 *
 * A port has the waiting cases of its own thread, which nobody else touches, one
 * letter, and a place in the channel's two lines: of those who wait for room, and
 * for items. Whoever makes something possible takes the first port out of the line
 * and sends it its letter. Delivered, on its own thread, it moves what it can for
 * those who still wait there; if something is possible still, the next port gets its
 * letter. So a waiter that was cancelled, timed out, or fired by another object
 * meanwhile has taken nothing, and nothing that is possible is left unsaid.
 *
 * While its letter is under way, a port has a share of the channel.
 */
#include <diesel/thread_channel.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <diesel/memory.h>

#include "channel_internal.h"
#include "fork_internal.h"
#include "inbox_internal.h"
#include "list_internal.h"
#include "sched_internal.h"

#define MOST_ITEM_SIZE (64 * 1024)

enum side { SEND, RECV, SIDES };
enum { SENT = 0, NOT_SENT = -1, RECEIVED = 1, AT_END = 0 };

struct port {
    diesel__letter letter;
    diesel_thread_channel *channel;
    diesel_thread *inbox; /* a share; whose port it is */
    struct port *next;
    bool under_way;            /* the letter        */
    diesel__link line[SIDES];  /* a place in a line */
    diesel__link cases[SIDES]; /* those that wait on the port's thread, its own */
};

struct diesel_thread_channel {
    pthread_mutex_t lock; /* for all but the ports' cases */
    atomic_size_t shares;
    unsigned born; /* diesel__forks at that time */
    size_t item_size, capacity;
    size_t first, count; /* of the ring */
    bool closed;
    struct port *ports;
    diesel__link lines[SIDES];
    diesel__link in_all; /* under the lock of that */
    char ring[] __attribute__((aligned(16)));
};

/* Those of the process, for the console. A channel's lock is taken under this one. */
static pthread_mutex_t all_lock = PTHREAD_MUTEX_INITIALIZER;
static diesel__link all = {&all, &all};

/* The parent's are not the child's to show, and stay where they are. */
void diesel__thread_channels_forked(void)
{
    pthread_mutex_init(&all_lock, NULL);
    diesel__link_init(&all);
}

static void enter_all(diesel_thread_channel *channel)
{
    pthread_mutex_lock(&all_lock);
    diesel__list_append(&all, &channel->in_all);
    pthread_mutex_unlock(&all_lock);
}

static void leave_all(diesel_thread_channel *channel)
{
    if (channel->born != diesel__forks)
        return;
    pthread_mutex_lock(&all_lock);
    diesel__link_unlink(&channel->in_all);
    pthread_mutex_unlock(&all_lock);
}

diesel_thread_channel *diesel_thread_channel_new(size_t item_size,
                                                 size_t capacity,
                                                 diesel_error *err)
{
    size_t bytes;
    if (item_size == 0 || item_size > MOST_ITEM_SIZE || capacity == 0) {
        diesel_error_set(err, DIESEL_E_INVAL, DIESEL_DOM_CORE, 0,
                         "a channel between threads has room for 1 or more items "
                         "of 1 to %d bytes, not for %zu of %zu",
                         MOST_ITEM_SIZE, capacity, item_size);
        return NULL;
    }
    diesel_thread_channel *channel = NULL;
    if (!__builtin_mul_overflow(item_size, capacity, &bytes) &&
        !__builtin_add_overflow(bytes, sizeof *channel, &bytes))
        channel = diesel_malloc(bytes);
    if (channel == NULL) {
        diesel_error_nomem(err, "a channel between threads");
        return NULL;
    }
    diesel__fork_watch();
    *channel = (diesel_thread_channel){.born = diesel__forks,
                                       .item_size = item_size,
                                       .capacity = capacity};
    pthread_mutex_init(&channel->lock, NULL);
    atomic_init(&channel->shares, 1);
    for (int side = 0; side < SIDES; side++)
        diesel__link_init(&channel->lines[side]);
    enter_all(channel);
    return channel;
}

diesel_thread_channel *
diesel_thread_channel_share(diesel_thread_channel *channel)
{
    atomic_fetch_add_explicit(&channel->shares, 1, memory_order_relaxed);
    return channel;
}

static void free_port(struct port *port)
{
    diesel__inbox_drop(port->inbox);
    diesel_free(port);
}

void diesel_thread_channel_free(diesel_thread_channel *channel)
{
    if (channel == NULL || atomic_fetch_sub(&channel->shares, 1) != 1)
        return;
    if (!diesel__list_is_empty(&channel->lines[SEND]) ||
        !diesel__list_is_empty(&channel->lines[RECV])) {
        fprintf(stderr, "diesel: a channel between threads is freed while fibers "
                        "wait on it\n");
        abort();
    }
    leave_all(channel);
    while (channel->ports != NULL) {
        struct port *port = channel->ports;
        channel->ports = port->next;
        free_port(port);
    }
    pthread_mutex_destroy(&channel->lock);
    diesel_free(channel);
}

static void lock(diesel_thread_channel *channel)
{
    pthread_mutex_lock(&channel->lock);
}

static void unlock(diesel_thread_channel *channel)
{
    pthread_mutex_unlock(&channel->lock);
}

/* --- The ring. Under the lock. */

static void *slot(diesel_thread_channel *channel, size_t i)
{
    size_t at = channel->first + i;
    if (at >= channel->capacity)
        at -= channel->capacity;
    return channel->ring + at * channel->item_size;
}

static bool is_possible(const diesel_thread_channel *channel, enum side side)
{
    return channel->closed || (side == SEND ? channel->count < channel->capacity
                                            : channel->count > 0);
}

/* Does what is possible: what a call for it returns. */
static int move(diesel_thread_channel *channel, enum side side, void *item)
{
    if (side == SEND && channel->closed)
        return NOT_SENT;
    if (side == SEND) {
        memcpy(slot(channel, channel->count++), item, channel->item_size);
        return SENT;
    }
    if (channel->count == 0)
        return AT_END;
    memcpy(item, slot(channel, 0), channel->item_size);
    channel->first = channel->first + 1 < channel->capacity ? channel->first + 1
                                                            : 0;
    channel->count--;
    return RECEIVED;
}

/* --- Letters. */

/* Under the lock: has a port go and look. It must not be on its way. */
static struct port *call(struct port *port)
{
    port->under_way = true;
    diesel_thread_channel_share(port->channel);
    diesel__inbox_hold(port->inbox);
    return port;
}

/* Under the lock: the first in line for what is possible; NULL: nobody need be sent
 * anything. One whose letter is under way will look at both sides anyway. */
static struct port *call_next(diesel_thread_channel *channel, enum side side)
{
    diesel__link *line = &channel->lines[side];
    if (!is_possible(channel, side) || diesel__list_is_empty(line))
        return NULL;
    struct port *port =
        DIESEL__HOLDER(line->next - side, struct port, line);
    diesel__link_remove(&port->line[side]);
    return port->under_way ? NULL : call(port);
}

static void send_next(diesel_thread_channel *channel);

/* Without the lock: sends a port that was called its letter. A scheduler that has
 * ended has nobody who waits; the next is called in its place. */
static void send_letter(struct port *port)
{
    if (port == NULL)
        return;
    diesel_thread *inbox = port->inbox;
    diesel_thread_channel *channel = port->channel;
    if (!diesel__inbox_post(inbox, &port->letter)) {
        lock(channel);
        port->under_way = false;
        unlock(channel);
        send_next(channel);
        diesel_thread_channel_free(channel);
    }
    diesel__inbox_drop(inbox);
}

static void send_next(diesel_thread_channel *channel)
{
    lock(channel);
    struct port *sender = call_next(channel, SEND);
    struct port *receiver = call_next(channel, RECV);
    unlock(channel);
    send_letter(sender);
    send_letter(receiver);
}

/* Moves what it can for those who wait at the port. Under the lock. */
static void serve(struct port *port, enum side side)
{
    diesel__link *cases = &port->cases[side];
    diesel_thread_channel *channel = port->channel;
    while (!diesel__list_is_empty(cases)) {
        diesel_case *c = DIESEL__HOLDER(cases->next, diesel_case, waiter.link);
        bool waits = c->fiber->woken == DIESEL__PARKED;
        if (waits && !is_possible(channel, side))
            break;
        diesel__link_remove(&c->waiter.link);
        if (waits)
            (void)diesel_case_fire(c, move(channel, side, c->item));
    }
    diesel__link_remove(&port->line[side]);
    if (!diesel__list_is_empty(cases)) /* at the front, where it was */
        diesel__list_append(channel->lines[side].next, &port->line[side]);
}

static void deliver(diesel__letter *letter)
{
    struct port *port = DIESEL__HOLDER(letter, struct port, letter);
    diesel_thread_channel *channel = port->channel;
    lock(channel);
    port->under_way = false;
    serve(port, RECV);
    serve(port, SEND);
    unlock(channel);
    send_next(channel);
    diesel_thread_channel_free(channel);
}

/* --- Ports. */

/* Frees those of schedulers that have ended, of which there may come ever more.
 * Under the lock. */
static void prune(diesel_thread_channel *channel)
{
    for (struct port **at = &channel->ports; *at != NULL;) {
        struct port *port = *at;
        if (port->under_way || !diesel__inbox_is_closed(port->inbox)) {
            at = &port->next;
            continue;
        }
        *at = port->next;
        free_port(port);
    }
}

static struct port *find_port(diesel_thread_channel *channel,
                              const diesel_thread *inbox)
{
    lock(channel);
    struct port *port = channel->ports;
    while (port != NULL && port->inbox != inbox)
        port = port->next;
    unlock(channel);
    return port;
}

void diesel__thread_channels_visit(diesel__sched *s,
                                   void (*fn)(void *arg,
                                              const diesel__channel_view *view),
                                   void *arg)
{
    pthread_mutex_lock(&all_lock);
    for (diesel__link *l = all.next; l != &all; l = l->next) {
        diesel_thread_channel *channel =
            DIESEL__HOLDER(l, diesel_thread_channel, in_all);
        const struct port *port =
            s->inbox != NULL ? find_port(channel, s->inbox) : NULL;
        diesel__channel_view view = {.channel = channel,
                                     .capacity = channel->capacity,
                                     .item_size = channel->item_size,
                                     .between_threads = true};
        if (port != NULL) {
            view.senders = diesel__list_length(&port->cases[SEND]);
            view.receivers = diesel__list_length(&port->cases[RECV]);
        }
        lock(channel);
        view.count = channel->count;
        view.closed = channel->closed;
        unlock(channel);
        fn(arg, &view);
    }
    pthread_mutex_unlock(&all_lock);
}

/* The calling thread's, made if there is none; NULL: NOMEM, LIMIT, IO. */
static struct port *need_port(diesel_thread_channel *channel, diesel_error *err)
{
    diesel_thread *inbox = diesel__inbox_need(diesel__current, err);
    if (inbox == NULL)
        return NULL;
    struct port *port = find_port(channel, inbox);
    if (port != NULL)
        return port;
    port = diesel_calloc(1, sizeof *port);
    if (port == NULL) {
        diesel_error_nomem(err, "a wait for another thread");
        return NULL;
    }
    port->letter.deliver = deliver;
    port->channel = channel;
    port->inbox = diesel__inbox_hold(inbox);
    for (int side = 0; side < SIDES; side++) {
        diesel__link_init(&port->line[side]);
        diesel__link_init(&port->cases[side]);
    }
    lock(channel);
    prune(channel);
    port->next = channel->ports;
    channel->ports = port;
    unlock(channel);
    return port;
}

/* --- In a select. */

static bool is_foreign(const diesel_thread_channel *channel)
{
    return DIESEL__UNLIKELY(channel->born != diesel__forks);
}

static int say_foreign(diesel_error *err)
{
    return diesel_error_set(err, DIESEL_E_FAILED, DIESEL_DOM_CORE, 0,
                            "the process was forked, and the channel is its "
                            "parent's");
}

static bool try_side(diesel_thread_channel *channel, enum side side, void *item,
                     int *result)
{
    struct port *next = NULL;
    lock(channel);
    bool possible = is_possible(channel, side);
    if (possible) {
        *result = move(channel, side, item);
        next = call_next(channel, side == SEND ? RECV : SEND);
    }
    unlock(channel);
    send_letter(next);
    return possible;
}

/* What came between polling and this is seen to by a letter to itself. */
static int enlist(diesel_case *c, enum side side, diesel_error *err)
{
    diesel_thread_channel *channel = c->object;
    struct port *called = NULL;
    if (is_foreign(channel))
        return say_foreign(err);
    struct port *port = need_port(channel, err);
    if (port == NULL)
        return -1;
    c->waiter.item = port;
    diesel__inbox_expect(port->inbox);
    lock(channel);
    diesel__list_append(&port->cases[side], &c->waiter.link);
    if (diesel__list_is_empty(&port->line[side]))
        diesel__list_append(&channel->lines[side], &port->line[side]);
    if (is_possible(channel, side) && !port->under_way)
        called = call(port);
    unlock(channel);
    send_letter(called);
    return 0;
}

static void withdraw(diesel_case *c, enum side side)
{
    struct port *port = c->waiter.item;
    diesel__link_remove(&c->waiter.link);
    if (diesel__list_is_empty(&port->cases[side])) {
        lock(port->channel);
        diesel__link_remove(&port->line[side]);
        unlock(port->channel);
    }
    diesel__inbox_expect_no_more(port->inbox);
}

static bool poll_send(diesel_case *c)
{
    return !is_foreign(c->object) &&
           try_side(c->object, SEND, c->item, &c->result);
}

static int enlist_send(diesel_case *c, diesel_error *err)
{
    return enlist(c, SEND, err);
}

static void withdraw_send(diesel_case *c)
{
    withdraw(c, SEND);
}

static bool poll_recv(diesel_case *c)
{
    return !is_foreign(c->object) &&
           try_side(c->object, RECV, c->item, &c->result);
}

static int enlist_recv(diesel_case *c, diesel_error *err)
{
    return enlist(c, RECV, err);
}

static void withdraw_recv(diesel_case *c)
{
    withdraw(c, RECV);
}

static const diesel_waitable on_send = {"room in a channel between threads",
                                        poll_send, enlist_send, withdraw_send};
static const diesel_waitable on_recv = {"an item in a channel between threads",
                                        poll_recv, enlist_recv, withdraw_recv};

diesel_case diesel_case_thread_send(diesel_thread_channel *channel,
                                    const void *item)
{
    return (diesel_case){.on = &on_send,
                         .object = channel,
                         .item = (void *)(uintptr_t)item};
}

diesel_case diesel_case_thread_recv(diesel_thread_channel *channel, void *item)
{
    return (diesel_case){.on = &on_recv, .object = channel, .item = item};
}

/* --- Calls. */

static int is_closed(diesel_error *err)
{
    return diesel_error_set(err, DIESEL_E_CLOSED, DIESEL_DOM_CORE, 0,
                            "the channel between threads is closed");
}

int diesel_thread_channel_send(diesel_thread_channel *channel, const void *item,
                               int64_t deadline, diesel_error *err)
{
    (void)diesel__sched_need("diesel_thread_channel_send");
    diesel_case c = diesel_case_thread_send(channel, item);
    if (diesel_select(&c, 1, deadline, err) < 0)
        return -1;
    return c.result == SENT ? 0 : is_closed(err);
}

int diesel_thread_channel_recv(diesel_thread_channel *channel, void *item,
                               int64_t deadline, diesel_error *err)
{
    (void)diesel__sched_need("diesel_thread_channel_recv");
    diesel_case c = diesel_case_thread_recv(channel, item);
    return diesel_select(&c, 1, deadline, err) < 0 ? -1 : c.result;
}

int diesel_thread_channel_try_send(diesel_thread_channel *channel,
                                   const void *item, diesel_error *err)
{
    int result;
    if (is_foreign(channel))
        return say_foreign(err);
    if (!try_side(channel, SEND, (void *)(uintptr_t)item, &result))
        return diesel_error_set(err, DIESEL_E_LIMIT, DIESEL_DOM_CORE, 0,
                                "the channel between threads is full");
    return result == SENT ? 0 : is_closed(err);
}

int diesel_thread_channel_try_recv(diesel_thread_channel *channel, void *item,
                                   diesel_error *err)
{
    int result;
    if (is_foreign(channel))
        return say_foreign(err);
    if (!try_side(channel, RECV, item, &result))
        return diesel_error_set(err, DIESEL_E_TIMEDOUT, DIESEL_DOM_CORE, 0,
                                "the channel between threads is empty");
    return result;
}

void diesel_thread_channel_close(diesel_thread_channel *channel)
{
    lock(channel);
    channel->closed = true;
    unlock(channel);
    send_next(channel);
}

size_t diesel_thread_channel_count(diesel_thread_channel *channel)
{
    lock(channel);
    size_t count = channel->count;
    unlock(channel);
    return count;
}

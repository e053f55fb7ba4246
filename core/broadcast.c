/* SPDX-License-Identifier: MIT */
/*
 * Broadcast: a list of readers, each with a ring of its own, and one queue of waiting
 * senders.
 *
 * 1. A reader with fibers that wait for an item has an empty ring: what is sent goes
 *    right to the first of them.
 * 2. `full` counts the readers of the policy BLOCK whose ring is full. Senders wait if
 *    and only if it is not 0: whoever makes it 0 serves them, one after the other, each
 *    of which may make it 1 again. So a sender that was cancelled holds up nobody,
 *    and who comes later overtakes nobody.
 * 3. What a reader missed is noted with the item that comes behind the gap: in `gaps`
 *    for those in the ring, in `unsaid` while the next has not come.
 *
 * A reader that has stopped, or whose broadcast was freed, belongs to none.
 */
#include <diesel/broadcast.h>

#include <string.h>

#include <diesel/memory.h>

#include "broadcast_internal.h"
#include "sched_internal.h"
#include "wait_internal.h"

#define MOST_ITEM_SIZE (64 * 1024)
enum { CAPACITY = 16 };

struct diesel_broadcast {
    diesel_broadcast_options options;
    diesel__link readers; /* in the order in which they joined */
    size_t count;         /* of them                           */
    size_t full;          /* see 2                             */
    bool closed;
    diesel__link senders;  /* that wait */
    diesel__link in_sched; /* see channel.c */
};

struct diesel_broadcast_reader {
    diesel_broadcast *from; /* NULL: it belongs to none */
    diesel__link in_readers;
    diesel__link waiters;
    diesel_broadcast_options options; /* the broadcast's */
    size_t capacity;
    size_t first, count; /* of the ring */
    diesel_slow slow;
    bool cut;        /* off: it gets no more */
    uint64_t missed; /* before what was received last */
    uint64_t unsaid; /* since the newest item in the ring, or received */
    char *ring;
    uint64_t gaps[]; /* for each place in the ring: missed before it */
};

/* How fibers are woken; and what the cases of a select get. */
enum { WOKEN_DONE, WOKEN_CLOSED };
enum { SENT = 0, NOT_SENT = -1, RECEIVED = 1, AT_END = 0, CUT_OFF = -1, LATER = 2 };

static const char for_room[] = "room in a broadcast";
static const char for_item[] = "an item of a broadcast";

diesel_broadcast *diesel_broadcast_new(const diesel_broadcast_options *options,
                                       diesel_error *err)
{
    size_t item_size = options != NULL ? options->item_size : 0;
    if (item_size == 0 || item_size > MOST_ITEM_SIZE) {
        diesel_error_set(err, DIESEL_E_INVAL, DIESEL_DOM_CORE, 0,
                         "a broadcast's items have 1 to %d bytes, not %zu",
                         MOST_ITEM_SIZE, item_size);
        return NULL;
    }
    diesel_broadcast *broadcast = diesel_malloc(sizeof *broadcast);
    if (broadcast == NULL) {
        diesel_error_nomem(err, "a broadcast");
        return NULL;
    }
    *broadcast = (diesel_broadcast){.options = *options};
    diesel__link_init(&broadcast->readers);
    diesel__link_init(&broadcast->senders);
    diesel__link_init(&broadcast->in_sched);
    if (diesel__current != NULL)
        diesel__list_append(&diesel__current->broadcasts, &broadcast->in_sched);
    return broadcast;
}

/* --- A reader's ring. */

static void *slot(diesel_broadcast_reader *reader, size_t at)
{
    return reader->ring + at * reader->options.item_size;
}

/* The place of the i-th item from the oldest. */
static size_t place(const diesel_broadcast_reader *reader, size_t i)
{
    size_t at = reader->first + i;
    return at < reader->capacity ? at : at - reader->capacity;
}

static bool is_full(const diesel_broadcast_reader *reader)
{
    return reader->count == reader->capacity;
}

static bool blocks(const diesel_broadcast_reader *reader)
{
    return reader->slow == DIESEL_SLOW_BLOCK && is_full(reader);
}

static void copy_to(diesel_broadcast_reader *reader, void *to, const void *item)
{
    memcpy(to, item, reader->options.item_size);
    if (reader->options.share != NULL)
        reader->options.share(to);
}

static void push(diesel_broadcast_reader *reader, const void *item)
{
    size_t at = place(reader, reader->count++);
    copy_to(reader, slot(reader, at), item);
    reader->gaps[at] = reader->unsaid;
    reader->unsaid = 0;
    reader->from->full += blocks(reader);
}

/* Takes the oldest out of the ring. It stays in its place until the next push. */
static void *pop(diesel_broadcast_reader *reader, uint64_t *gap)
{
    size_t at = reader->first;
    *gap = reader->gaps[at];
    reader->first = place(reader, 1);
    reader->count--;
    return slot(reader, at);
}

static void drop(diesel_broadcast_reader *reader, void *item)
{
    if (reader->options.drop != NULL)
        reader->options.drop(item);
}

static void drop_oldest(diesel_broadcast_reader *reader)
{
    uint64_t gap;
    drop(reader, pop(reader, &gap));
    uint64_t *behind =
        reader->count > 0 ? &reader->gaps[reader->first] : &reader->unsaid;
    *behind += gap + 1;
}

/* --- Sending. */

/* For a reader that is not of the policy BLOCK, or has room. */
static void give(diesel__sched *s, diesel_broadcast_reader *reader,
                 const void *item)
{
    diesel_waiter *waiter =
        diesel__wake_any(s, &reader->waiters, WOKEN_DONE, RECEIVED);
    if (waiter != NULL) {
        copy_to(reader, waiter->item, item);
        reader->missed = reader->unsaid;
        reader->unsaid = 0;
        return;
    }
    if (is_full(reader) && reader->slow == DIESEL_SLOW_FAIL)
        reader->cut = true;
    if (reader->cut || (is_full(reader) && reader->slow == DIESEL_SLOW_DROP_NEWEST)) {
        reader->unsaid++;
        return;
    }
    if (is_full(reader))
        drop_oldest(reader);
    push(reader, item);
}

/* When `full` is 0. */
static void give_all(diesel__sched *s, diesel_broadcast *broadcast,
                     const void *item)
{
    diesel__link *l = broadcast->readers.next;
    for (; l != &broadcast->readers; l = l->next)
        give(s, DIESEL__HOLDER(l, diesel_broadcast_reader, in_readers), item);
}

/* Lets waiting senders send, until a reader blocks again. */
static void serve(diesel__sched *s, diesel_broadcast *broadcast)
{
    diesel_waiter *sender;
    while (broadcast->full == 0 &&
           (sender = diesel__wake_any(s, &broadcast->senders, WOKEN_DONE,
                                      SENT)) != NULL)
        give_all(s, broadcast, sender->item);
}

static int send_now(diesel__sched *s, diesel_broadcast *broadcast,
                    const void *item)
{
    if (broadcast->closed)
        return NOT_SENT;
    if (broadcast->full > 0)
        return LATER;
    give_all(s, broadcast, item);
    return SENT;
}

static int is_closed(diesel_error *err)
{
    return diesel_error_set(err, DIESEL_E_CLOSED, DIESEL_DOM_CORE, 0,
                            "the broadcast is closed");
}

int diesel_broadcast_send(diesel_broadcast *broadcast, const void *item,
                          int64_t deadline, diesel_error *err)
{
    diesel__sched *s = diesel__sched_need("diesel_broadcast_send");
    if (diesel__is_cut(s))
        return diesel__cut(s, for_room, err);
    int result = send_now(s, broadcast, item);
    if (result != LATER)
        return result == SENT ? 0 : is_closed(err);
    int woken = diesel__wait_in(s, &broadcast->senders, (void *)(uintptr_t)item,
                                for_room, deadline);
    if (woken == WOKEN_DONE)
        return 0;
    return woken == WOKEN_CLOSED ? is_closed(err)
                                 : diesel__park_failed(woken, for_room, err);
}

size_t diesel_broadcast_readers(const diesel_broadcast *broadcast)
{
    return broadcast->count;
}

/* --- Readers. */

/* Without memory for the ring: NULL. */
static diesel_broadcast_reader *new_reader(size_t item_size, size_t capacity)
{
    size_t gaps, items, bytes;
    if (__builtin_mul_overflow(capacity, sizeof(uint64_t), &gaps) ||
        __builtin_mul_overflow(capacity, item_size, &items) ||
        __builtin_add_overflow(gaps, sizeof(diesel_broadcast_reader) + 15, &gaps))
        return NULL;
    gaps &= ~(size_t)15; /* the items are aligned for any type */
    if (__builtin_add_overflow(gaps, items, &bytes))
        return NULL;
    diesel_broadcast_reader *reader = diesel_malloc(bytes);
    if (reader == NULL)
        return NULL;
    *reader = (diesel_broadcast_reader){.capacity = capacity,
                                        .ring = (char *)reader + gaps};
    diesel__link_init(&reader->in_readers);
    diesel__link_init(&reader->waiters);
    return reader;
}

diesel_broadcast_reader *
diesel_broadcast_join(diesel_broadcast *broadcast,
                      const diesel_broadcast_reader_options *options,
                      diesel_error *err)
{
    diesel_broadcast_reader_options how = {0};
    if (options != NULL)
        how = *options;
    if ((unsigned)how.slow > DIESEL_SLOW_FAIL) {
        diesel_error_set(err, DIESEL_E_INVAL, DIESEL_DOM_CORE, 0,
                         "no policy for a slow reader: %d", (int)how.slow);
        return NULL;
    }
    diesel_broadcast_reader *reader =
        new_reader(broadcast->options.item_size,
                   how.capacity > 0 ? how.capacity : CAPACITY);
    if (reader == NULL) {
        diesel_error_nomem(err, "a reader of a broadcast");
        return NULL;
    }
    reader->slow = how.slow;
    reader->options = broadcast->options;
    if (broadcast->closed)
        return reader;
    reader->from = broadcast;
    diesel__list_append(&broadcast->readers, &reader->in_readers);
    broadcast->count++;
    return reader;
}

/* The reader belongs to none from now on; fibers that wait have nothing to wait
 * for. */
static void part(diesel__sched *s, diesel_broadcast_reader *reader)
{
    diesel_broadcast *broadcast = reader->from;
    reader->from = NULL;
    diesel__link_remove(&reader->in_readers);
    broadcast->count--;
    broadcast->full -= blocks(reader);
    diesel__wake_all(s, &reader->waiters, WOKEN_CLOSED, AT_END);
}

/* Without a scheduler nobody waits. */
void diesel_broadcast_stop(diesel_broadcast_reader *reader)
{
    diesel_broadcast *broadcast = reader->from;
    if (broadcast == NULL)
        return;
    part(diesel__current, reader);
    serve(diesel__current, broadcast);
}

void diesel_broadcast_leave(diesel_broadcast_reader *reader)
{
    uint64_t gap;
    if (reader == NULL)
        return;
    diesel_broadcast_stop(reader);
    while (reader->count > 0)
        drop(reader, pop(reader, &gap));
    diesel_free(reader);
}

static void take(diesel__sched *s, diesel_broadcast_reader *reader, void *item)
{
    bool blocked = reader->from != NULL && blocks(reader);
    memcpy(item, pop(reader, &reader->missed), reader->options.item_size);
    if (blocked) {
        reader->from->full--;
        serve(s, reader->from);
    }
}

static int recv_now(diesel__sched *s, diesel_broadcast_reader *reader, void *item)
{
    if (reader->count > 0) {
        take(s, reader, item);
        return RECEIVED;
    }
    if (reader->cut) {
        reader->missed = reader->unsaid;
        return CUT_OFF;
    }
    return reader->from == NULL ? AT_END : LATER;
}

static int was_cut(const diesel_broadcast_reader *reader, diesel_error *err)
{
    return diesel_error_set(err, DIESEL_E_LIMIT, DIESEL_DOM_CORE, 0,
                            "the reader of a broadcast did not keep up and was "
                            "cut off with %zu items in its queue",
                            reader->capacity);
}

int diesel_broadcast_recv(diesel_broadcast_reader *reader, void *item,
                          int64_t deadline, diesel_error *err)
{
    diesel__sched *s = diesel__sched_need("diesel_broadcast_recv");
    if (diesel__is_cut(s))
        return diesel__cut(s, for_item, err);
    int result = recv_now(s, reader, item);
    if (result == CUT_OFF)
        return was_cut(reader, err);
    if (result != LATER)
        return result;
    int woken =
        diesel__wait_in(s, &reader->waiters, item, for_item, deadline);
    if (woken == WOKEN_DONE)
        return RECEIVED;
    return woken == WOKEN_CLOSED ? AT_END
                                 : diesel__park_failed(woken, for_item, err);
}

uint64_t diesel_broadcast_missed(const diesel_broadcast_reader *reader)
{
    return reader->missed;
}

/* --- The end. */

void diesel_broadcast_close(diesel_broadcast *broadcast)
{
    diesel__sched *s = diesel__current; /* without one nobody waits */
    broadcast->closed = true;
    diesel__wake_all(s, &broadcast->senders, WOKEN_CLOSED, NOT_SENT);
    while (!diesel__list_is_empty(&broadcast->readers))
        part(s, DIESEL__HOLDER(broadcast->readers.next, diesel_broadcast_reader,
                               in_readers));
}

void diesel_broadcast_free(diesel_broadcast *broadcast)
{
    if (broadcast == NULL)
        return;
    if (!broadcast->closed)
        diesel_broadcast_close(broadcast);
    diesel__link_unlink(&broadcast->in_sched);
    diesel_free(broadcast);
}

/* --- In a select. */

static bool poll_send(diesel_case *c)
{
    c->result = send_now(diesel__current, c->object, c->item);
    return c->result != LATER;
}

static int enlist_send(diesel_case *c, diesel_error *err)
{
    (void)err;
    diesel_broadcast *broadcast = c->object;
    diesel_cases_append(&broadcast->senders, c);
    return 0;
}

static bool poll_recv(diesel_case *c)
{
    c->result = recv_now(diesel__current, c->object, c->item);
    return c->result != LATER;
}

static int enlist_recv(diesel_case *c, diesel_error *err)
{
    (void)err;
    diesel_broadcast_reader *reader = c->object;
    diesel_cases_append(&reader->waiters, c);
    return 0;
}

static const diesel_waitable on_send = {for_room, poll_send, enlist_send,
                                        diesel_cases_remove};
static const diesel_waitable on_recv = {for_item, poll_recv, enlist_recv,
                                        diesel_cases_remove};

diesel_case diesel_case_broadcast_send(diesel_broadcast *broadcast,
                                       const void *item)
{
    return (diesel_case){.on = &on_send,
                         .object = broadcast,
                         .item = (void *)(uintptr_t)item};
}

diesel_case diesel_case_broadcast_recv(diesel_broadcast_reader *reader, void *item)
{
    return (diesel_case){.on = &on_recv, .object = reader, .item = item};
}

/* --- For the console. */

static size_t length(const diesel__link *list)
{
    size_t n = 0;
    for (const diesel__link *l = list->next; l != list; l = l->next)
        n++;
    return n;
}

void diesel__broadcasts_visit(diesel__sched *s, diesel__broadcast_fn *fn, void *arg)
{
    diesel__link *b = s->broadcasts.next;
    for (; b != &s->broadcasts; b = b->next) {
        const diesel_broadcast *broadcast =
            DIESEL__HOLDER(b, diesel_broadcast, in_sched);
        diesel__broadcast_view view = {.broadcast = broadcast,
                                       .item_size = broadcast->options.item_size,
                                       .readers = broadcast->count,
                                       .full = broadcast->full,
                                       .senders = length(&broadcast->senders),
                                       .closed = broadcast->closed};
        const diesel__link *l = broadcast->readers.next;
        for (; l != &broadcast->readers; l = l->next) {
            const diesel_broadcast_reader *reader =
                DIESEL__HOLDER((uintptr_t)l, diesel_broadcast_reader, in_readers);
            if (reader->count > view.most)
                view.most = reader->count;
        }
        fn(arg, &view);
    }
}

void diesel__broadcasts_leave(diesel__sched *s)
{
    while (!diesel__list_is_empty(&s->broadcasts))
        diesel__link_remove(s->broadcasts.next);
}

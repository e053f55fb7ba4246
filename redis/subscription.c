/* SPDX-License-Identifier: MIT */
/*
 * Subscriptions: a queue each, and links to the topics that feed it.
 *
 * A message is the reply as the parser made it. If several subscriptions have it, a
 * counter says how many.
 */
#include "hub_internal.h"

#include <string.h>

#include <diesel/memory.h>
#include <diesel/park.h>

#include "encode_internal.h"

#define USUAL_QUEUE 1024
#define FIRST_ROOM 16

enum { NOTHING = 2 };

static const char for_message[] = "a message";

void dredis__message_drop(dredis_reply *reply, unsigned *shared)
{
    if (shared != NULL && --*shared > 0)
        return;
    diesel_free(shared);
    dredis_reply_free(reply);
}

/* --- The queue */

static dredis__item *item_at(const dredis_subscription *s, size_t i)
{
    return &s->items[(s->first + i) & (s->room - 1)];
}

static int make_room(dredis_subscription *s)
{
    if (s->count < s->room)
        return 0;
    size_t room = s->room != 0 ? 2 * s->room : FIRST_ROOM;
    dredis__item *items = diesel_realloc_array(NULL, room, sizeof *items);
    if (items == NULL)
        return -1;
    for (size_t i = 0; i < s->count; i++)
        items[i] = *item_at(s, i);
    diesel_free(s->items);
    s->items = items;
    s->first = 0;
    s->room = room;
    return 0;
}

static dredis__item take_item(dredis_subscription *s)
{
    dredis__item item = *item_at(s, 0);
    s->first++;
    s->count--;
    return item;
}

static void no_longer_over(dredis_subscription *s)
{
    if (!s->over)
        return;
    s->over = false;
    if (--s->hub->full == 0)
        dredis__queue_wake_all(&s->hub->room, 0);
}

static void fill(dredis_message *message, const dredis__item *item)
{
    *message = (dredis_message){.type = DREDIS_GAP, .dropped = item->dropped};
    if (item->reply == NULL)
        return;
    const dredis_reply *part = item->reply->element;
    const dredis_reply *last = part + item->reply->elements - 1;
    message->type = part->str[0] == 's' ? DREDIS_SHARD : DREDIS_MESSAGE;
    message->reply = item->reply;
    message->shared = item->shared;
    message->channel = last[-1].str;
    message->channel_len = last[-1].len;
    message->data = last->str;
    message->len = last->len;
    if (part->str[0] == 'p') {
        message->pattern = part[1].str;
        message->pattern_len = part[1].len;
    }
}

/* What dredis_receive() returns, or NOTHING if it must wait. */
static int poll_queue(dredis_subscription *s, dredis_message *message,
                      diesel_error *err)
{
    if (s->count > 0) {
        dredis__item item = take_item(s);
        fill(message, &item);
        if (s->over && s->count <= s->options.queue / 2)
            no_longer_over(s);
        return 1;
    }
    if (s->failed) {
        if (err != NULL)
            *err = s->reason;
        return -1;
    }
    if (s->closed)
        return 0;
    if (s->gap && s->off == 0) { /* for which there was no memory before */
        s->gap = false;
        fill(message, &(dredis__item){.dropped = s->dropped});
        s->dropped = 0;
        return 1;
    }
    return NOTHING;
}

/* Ends selects with what there is for them. */
static void fire_cases(dredis_subscription *s)
{
    while (!diesel_cases_is_empty(&s->cases)) {
        bool gap = s->gap && s->off == 0;
        int result = s->count > 0 ? 1 : s->failed ? -1 : s->closed ? 0 : 1;
        if (s->count == 0 && !s->failed && !s->closed && !gap)
            return;
        diesel_case *c = diesel_cases_fire(&s->cases, result);
        if (c == NULL)
            return;
        if (result > 0)
            poll_queue(s, c->item, NULL);
    }
}

static void announce(dredis_subscription *s)
{
    if (s->receiver != NULL)
        diesel_wake(s->receiver, 0);
    fire_cases(s);
}

/* Drops what is in the queue. */
static void empty(dredis_subscription *s)
{
    while (s->count > 0) {
        dredis__item item = take_item(s);
        dredis__message_drop(item.reply, item.shared);
    }
    no_longer_over(s);
}

void dredis__subscription_fail(dredis_subscription *s, const diesel_error *why)
{
    if (s->failed)
        return;
    s->failed = true;
    s->reason = *why;
    announce(s);
}

/* Makes room by the subscription's rule: false: the message is not wanted. */
static bool admit(dredis_subscription *s)
{
    diesel_error why;
    if (s->count < s->options.queue)
        return true;
    switch (s->options.slow) {
    case DREDIS_SLOW_BLOCK:
        if (!s->over) {
            s->over = true;
            s->hub->full++;
        }
        return true;
    case DREDIS_SLOW_DROP_OLDEST: {
        dredis__item old = take_item(s);
        s->gap = s->gap || old.reply == NULL;
        dredis__message_drop(old.reply, old.shared);
        uint64_t dropped = old.dropped + (old.reply != NULL);
        if (s->count > 0)
            item_at(s, 0)->dropped += dropped;
        else
            s->dropped += dropped;
        return true;
    }
    case DREDIS_SLOW_DROP_NEWEST:
        s->dropped++;
        return false;
    case DREDIS_SLOW_FAIL:
        diesel_error_set(&why, DIESEL_E_LIMIT, DIESEL_DOM_CORE, 0,
                         "%zu messages wait to be received", s->count);
        dredis__subscription_fail(s, &why);
        return false;
    }
    return true;
}

void dredis__subscription_put(dredis_subscription *s, dredis_reply *reply,
                              unsigned *shared)
{
    if (s->closed || s->failed || !admit(s)) {
        dredis__message_drop(reply, shared);
        return;
    }
    if (make_room(s) < 0) { /* whatever the rule, it is missed */
        s->dropped++;
        s->gap = true;
        dredis__message_drop(reply, shared);
        announce(s);
        return;
    }
    s->count++;
    *item_at(s, s->count - 1) =
        (dredis__item){.reply = reply, .shared = shared, .dropped = s->dropped};
    s->dropped = 0;
    announce(s);
}

void dredis__subscription_put_gap(dredis_subscription *s)
{
    if (make_room(s) < 0) { /* it stays noted, and is told when the queue is empty */
        announce(s);
        return;
    }
    s->gap = false;
    s->count++;
    *item_at(s, s->count - 1) = (dredis__item){.dropped = s->dropped};
    s->dropped = 0;
    announce(s);
}

void dredis__subscription_end(dredis_subscription *s)
{
    s->closed = true;
    announce(s);
}

/* --- Opening and closing */

dredis_subscription *
dredis_subscription_open(dredis *client,
                         const dredis_subscription_options *options,
                         diesel_error *err)
{
    dredis__hub *hub = dredis__hub_of(client, err);
    if (hub == NULL)
        return NULL;
    if (options != NULL && (unsigned)options->slow > DREDIS_SLOW_FAIL) {
        diesel_error_set(err, DIESEL_E_INVAL, DIESEL_DOM_CORE, 0,
                         "%d is nothing that can be done about slow readers",
                         (int)options->slow);
        return NULL;
    }
    dredis_subscription *s = diesel_calloc(1, sizeof *s);
    if (s == NULL) {
        diesel_error_nomem(err, "a subscription");
        return NULL;
    }
    if (options != NULL)
        s->options = *options;
    if (s->options.queue == 0)
        s->options.queue = USUAL_QUEUE;
    s->hub = hub;
    s->refs = 1;
    diesel_cases_init(&s->cases);
    hub->refs++;
    s->next = hub->subscriptions;
    if (s->next != NULL)
        s->next->prev = s;
    hub->subscriptions = s;
    return s;
}

static void leave(dredis_subscription *s)
{
    if (--s->refs > 0)
        return;
    diesel_free(s->items);
    diesel_free(s);
}

static void unlink_topic(dredis__link *link)
{
    dredis__topic *topic = link->topic;
    dredis_subscription *s = link->subscription;
    if (link->prev_of_topic != NULL)
        link->prev_of_topic->next_of_topic = link->next_of_topic;
    else
        topic->links = link->next_of_topic;
    if (link->next_of_topic != NULL)
        link->next_of_topic->prev_of_topic = link->prev_of_topic;
    if (link->prev_of_subscription != NULL)
        link->prev_of_subscription->next_of_subscription =
            link->next_of_subscription;
    else
        s->links = link->next_of_subscription;
    if (link->next_of_subscription != NULL)
        link->next_of_subscription->prev_of_subscription =
            link->prev_of_subscription;
    if (!topic->on && --s->off == 0 && s->gap && s->links != NULL)
        dredis__subscription_put_gap(s);
    diesel_free(link);
    dredis__hub_left(topic);
}

void dredis_subscription_close(dredis_subscription *s)
{
    if (s == NULL)
        return;
    dredis__hub *hub = s->hub;
    s->closed = true;
    s->gap = false;
    while (s->links != NULL)
        unlink_topic(s->links);
    empty(s);
    if (s->prev != NULL)
        s->prev->next = s->next;
    else
        hub->subscriptions = s->next;
    if (s->next != NULL)
        s->next->prev = s->prev;
    announce(s);
    diesel_cases_fire_all(&s->cases, 0);
    leave(s);
    dredis__hub_leave(hub);
}

/* --- Subscribing */

static dredis__link *find_link(const dredis_subscription *s,
                               dredis__topic_kind kind, dredis__span name)
{
    const dredis__entry *entry = dredis__dict_find(&s->hub->topics[kind], name);
    const dredis__topic *topic = entry != NULL ? entry->value : NULL;
    dredis__link *link = topic != NULL ? topic->links : NULL;
    while (link != NULL && link->subscription != s)
        link = link->next_of_topic;
    return link;
}

static dredis__link *link_topic(dredis_subscription *s, dredis__topic *topic)
{
    dredis__link *link = diesel_calloc(1, sizeof *link);
    if (link == NULL) {
        dredis__hub_left(topic); /* it may have been made for us */
        return NULL;
    }
    link->topic = topic;
    link->subscription = s;
    link->next_of_topic = topic->links;
    if (link->next_of_topic != NULL)
        link->next_of_topic->prev_of_topic = link;
    topic->links = link;
    link->next_of_subscription = s->links;
    if (link->next_of_subscription != NULL)
        link->next_of_subscription->prev_of_subscription = link;
    s->links = link;
    s->off += !topic->on;
    dredis__hub_joined(topic);
    return link;
}

static int is_closed(diesel_error *err)
{
    return diesel_error_set(err, DIESEL_E_CLOSED, DIESEL_DOM_CORE, 0,
                            "the subscription has been closed");
}

static int subscribe_span(dredis_subscription *s, dredis__topic_kind kind,
                          dredis__span name, diesel_error *err)
{
    bool had = find_link(s, kind, name) != NULL;
    dredis__topic *topic = dredis__hub_topic(s->hub, kind, name);
    dredis__link *link = NULL;
    if (topic != NULL)
        link = had ? find_link(s, kind, name) : link_topic(s, topic);
    if (link == NULL)
        return diesel_error_nomem(err, "a subscription");
    dredis__hub *hub = s->hub;
    hub->refs++;
    s->refs++;
    /* The link may be gone when it returns, and with it the topic. */
    int result = dredis__hub_await(topic, err);
    link = s->closed && s->links == NULL ? NULL : find_link(s, kind, name);
    if (result < 0 && !had && link != NULL)
        unlink_topic(link);
    if (result == 0 && link == NULL)
        result = is_closed(err);
    leave(s);
    dredis__hub_leave(hub);
    return result;
}

static int subscribe(dredis_subscription *s, dredis__topic_kind kind,
                     const diesel_value *name, diesel_error *err)
{
    char scratch[DREDIS__NUMBER_SIZE];
    dredis__span span;
    if (diesel_check(err) < 0)
        return -1;
    if (name->type == DIESEL_VALUE_NULL)
        return diesel_error_set(err, DIESEL_E_INVAL, DIESEL_DOM_CORE, 0,
                                "the name of a channel is NULL");
    if (s->closed)
        return is_closed(err);
    span.at = dredis__argument(name, &span.len, scratch);
    return subscribe_span(s, kind, span, err);
}

int dredis_subscribe_value(dredis_subscription *s, diesel_value channel,
                           diesel_error *err)
{
    return subscribe(s, DREDIS__CHANNEL, &channel, err);
}

int dredis_psubscribe_value(dredis_subscription *s, diesel_value pattern,
                            diesel_error *err)
{
    return subscribe(s, DREDIS__PATTERN, &pattern, err);
}

int dredis_ssubscribe_value(dredis_subscription *s, diesel_value channel,
                            diesel_error *err)
{
    return subscribe(s, DREDIS__SHARD_CHANNEL, &channel, err);
}

static void unsubscribe(dredis_subscription *s, dredis__topic_kind kind,
                        const diesel_value *name)
{
    char scratch[DREDIS__NUMBER_SIZE];
    dredis__span span;
    span.at = dredis__argument(name, &span.len, scratch);
    dredis__link *link = find_link(s, kind, span);
    if (link != NULL)
        unlink_topic(link);
}

void dredis_unsubscribe_value(dredis_subscription *s, diesel_value channel)
{
    unsubscribe(s, DREDIS__CHANNEL, &channel);
}

void dredis_punsubscribe_value(dredis_subscription *s, diesel_value pattern)
{
    unsubscribe(s, DREDIS__PATTERN, &pattern);
}

void dredis_sunsubscribe_value(dredis_subscription *s, diesel_value channel)
{
    unsubscribe(s, DREDIS__SHARD_CHANNEL, &channel);
}

/* --- Receiving */

int dredis_receive(dredis_subscription *s, dredis_message *message,
                   int64_t deadline, diesel_error *err)
{
    if (diesel_check(err) < 0)
        return -1;
    int got = poll_queue(s, message, err);
    if (got != NOTHING)
        return got;
    if (s->receiver != NULL)
        return diesel_error_set(err, DIESEL_E_BUSY, DIESEL_DOM_CORE, 0,
                                "another fiber is receiving");
    s->refs++;
    int woken = 0;
    while (woken >= 0 && got == NOTHING) {
        s->receiver = diesel_self();
        woken = diesel_park(for_message, deadline, err);
        s->receiver = NULL;
        if (woken >= 0)
            got = poll_queue(s, message, err);
    }
    leave(s);
    return woken < 0 ? -1 : got;
}

void dredis_message_clear(dredis_message *message)
{
    if (message->reply != NULL)
        dredis__message_drop(message->reply, message->shared);
    *message = (dredis_message){.type = DREDIS_GAP};
}

size_t dredis_subscription_count(const dredis_subscription *s)
{
    return s->count;
}

/* --- In select */

static bool poll_message(diesel_case *c)
{
    c->result = poll_queue(c->object, c->item, NULL);
    return c->result != NOTHING;
}

static int enlist_message(diesel_case *c, diesel_error *err)
{
    dredis_subscription *s = c->object;
    (void)err;
    diesel_cases_append(&s->cases, c);
    return 0;
}

static const diesel_waitable on_message = {for_message, poll_message,
                                           enlist_message, diesel_cases_remove};

diesel_case diesel_case_message(dredis_subscription *s, dredis_message *message)
{
    return (diesel_case){.on = &on_message, .object = s, .item = message};
}

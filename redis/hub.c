/* SPDX-License-Identifier: MIT */
/*
 * The hub: what the client's subscriptions want of the server, over one connection.
 *
 * The connection is a lane's, so it is made again when it breaks as long as there are
 * topics; each time all of them are asked for anew. Requests to subscribe and to
 * unsubscribe are not commands with replies: the server answers each with a message
 * among the others (a push in RESP3, an array in RESP2) or with an error, in the order
 * in which they were sent. So the hub keeps them in a ring, and what is not the answer
 * to the first of them is a violation of the protocol.
 *
 *     nobody --(first link)--> asked --(confirmed)--> on --(last link gone)--> nobody
 *                                ^                    |
 *                                +---(connection)-----+   and a gap
 *
 * Invariants:
 * 1. A subscription's `off` counts its links to topics that are not on.
 * 2. A topic lives as long as it has links or is asked for.
 * 3. A topic becomes on with the last answer that it waits for, so that what was
 *    left and joined again in quick succession ends as it should.
 */
#include "hub_internal.h"

#include <string.h>

#include <diesel/memory.h>
#include <diesel/park.h>

#include "encode_internal.h"
#include "error_internal.h"

#define FIRST_ASKS 16

/* What wakes those who wait for a topic. */
enum { CHANGED, REFUSED };

static const char *const verbs[DREDIS__TOPIC_KINDS][2] = {
    [DREDIS__CHANNEL] = {"UNSUBSCRIBE", "SUBSCRIBE"},
    [DREDIS__PATTERN] = {"PUNSUBSCRIBE", "PSUBSCRIBE"},
    [DREDIS__SHARD_CHANNEL] = {"SUNSUBSCRIBE", "SSUBSCRIBE"},
};

/* --- Requests on their way */

static dredis__ask *ask_at(const dredis__hub *hub, size_t i)
{
    return &hub->asks[(hub->first_ask + i) & (hub->ask_room - 1)];
}

static int make_ask_room(dredis__hub *hub, diesel_error *err)
{
    if (hub->ask_count < hub->ask_room)
        return 0;
    size_t room = hub->ask_room != 0 ? 2 * hub->ask_room : FIRST_ASKS;
    dredis__ask *asks = diesel_realloc_array(NULL, room, sizeof *asks);
    if (asks == NULL)
        return diesel_error_nomem(err, "a subscription");
    for (size_t i = 0; i < hub->ask_count; i++)
        asks[i] = *ask_at(hub, i);
    diesel_free(hub->asks);
    hub->asks = asks;
    hub->first_ask = 0;
    hub->ask_room = room;
    return 0;
}

/* Asks the server for a topic, or for its end: 0, or -1 and nothing was sent. */
static int ask(dredis__topic *topic, bool subscribe, diesel_error *err)
{
    dredis__hub *hub = topic->hub;
    const diesel_value args[] = {
        diesel_str(verbs[topic->kind][subscribe]),
        diesel_bytes(topic->name->at, topic->name->len)};
    if (make_ask_room(hub, err) < 0 ||
        dredis__connection_post(hub->lane.connection, args, 2, err) < 0)
        return -1;
    hub->ask_count++;
    *ask_at(hub, hub->ask_count - 1) = (dredis__ask){topic, subscribe};
    topic->asked++;
    topic->refused = false;
    return 0;
}

static bool is_asked_for(const dredis__topic *topic)
{
    const dredis__hub *hub = topic->hub;
    for (size_t i = topic->asked > 0 ? hub->ask_count : 0; i > 0; i--)
        if (ask_at(hub, i - 1)->topic == topic)
            return ask_at(hub, i - 1)->subscribe;
    return false;
}

/* --- Topics */

dredis__topic *dredis__hub_topic(dredis__hub *hub, dredis__topic_kind kind,
                                 dredis__span name)
{
    bool added;
    dredis__entry *entry = dredis__dict_add(&hub->topics[kind], name, &added);
    if (entry == NULL || !added)
        return entry != NULL ? entry->value : NULL;
    dredis__topic *topic = diesel_calloc(1, sizeof *topic);
    if (topic == NULL) {
        dredis__dict_remove(&hub->topics[kind], entry);
        return NULL;
    }
    topic->hub = hub;
    topic->kind = kind;
    topic->name = entry->key;
    dredis__queue_init(&topic->waiting);
    entry->value = topic;
    return topic;
}

static void free_if_unused(dredis__topic *topic)
{
    dredis__hub *hub = topic->hub;
    if (topic->links != NULL || topic->asked > 0 || topic->pins > 0)
        return;
    dredis__dict *topics = &hub->topics[topic->kind];
    if (hub->last == topic)
        hub->last = NULL;
    dredis__dict_remove(topics,
                        dredis__dict_find(topics, dredis__blob_span(topic->name)));
    diesel_free(topic);
}

static void turn_on(dredis__topic *topic)
{
    topic->on = true;
    for (dredis__link *link = topic->links; link != NULL;
         link = link->next_of_topic) {
        dredis_subscription *subscription = link->subscription;
        if (--subscription->off == 0 && subscription->gap)
            dredis__subscription_put_gap(subscription);
    }
    dredis__queue_wake_all(&topic->waiting, CHANGED);
}

static void turn_off(dredis__topic *topic)
{
    if (!topic->on)
        return;
    topic->on = false;
    for (dredis__link *link = topic->links; link != NULL;
         link = link->next_of_topic) {
        link->subscription->off++;
        link->subscription->gap = true;
    }
}

static bool is_connected(const dredis__hub *hub)
{
    return dredis__lane_is_connected(&hub->lane);
}

static void break_connection(dredis__hub *hub, const diesel_error *why)
{
    if (is_connected(hub))
        dredis__connection_break(hub->lane.connection, why);
}

void dredis__hub_joined(dredis__topic *topic)
{
    diesel_error why;
    if (topic->on || !is_connected(topic->hub) || is_asked_for(topic))
        return;
    if (ask(topic, true, &why) < 0)
        break_connection(topic->hub, &why);
}

void dredis__hub_left(dredis__topic *topic)
{
    diesel_error why;
    if (topic->links != NULL)
        return;
    bool there = topic->on || is_asked_for(topic);
    topic->on = false;
    dredis__queue_wake_all(&topic->waiting, CHANGED);
    if (there && is_connected(topic->hub) && ask(topic, false, &why) < 0)
        break_connection(topic->hub, &why); /* which forgets it as well */
    free_if_unused(topic);
}

/* Waits for something to happen to the topic: what diesel_park() returns. */
static int await_change(dredis__topic *topic, dredis__request *request,
                        diesel_error *err)
{
    dredis__hub *hub = topic->hub;
    int woken;
    if (is_connected(hub)) {
        hub->awaiting++;
        dredis__queue_wake_all(&hub->room, CHANGED); /* the answer is to be read */
        woken = dredis__queue_park(&topic->waiting, false, "a subscription",
                                   DIESEL_FOREVER, err);
        hub->awaiting--;
        return woken;
    }
    dredis *client = hub->client;
    client->refs++;
    woken = dredis__lane_await(&hub->lane, request, err);
    dredis__client_leave(client);
    return woken;
}

static int await_on(dredis__topic *topic, diesel_error *err)
{
    dredis__request request = {0};
    while (!topic->on) {
        if (topic->hub->client == NULL)
            return dredis__client_closed(err);
        if (topic->links == NULL)
            return diesel_error_set(err, DIESEL_E_CLOSED, DIESEL_DOM_CORE, 0,
                                    "it has been unsubscribed from meanwhile");
        if (topic->refused) {
            if (err != NULL)
                *err = topic->reason;
            return -1;
        }
        if (await_change(topic, &request, err) < 0)
            return -1;
    }
    return 0;
}

int dredis__hub_await(dredis__topic *topic, diesel_error *err)
{
    topic->pins++;
    int result = await_on(topic, err);
    topic->pins--;
    free_if_unused(topic);
    return result;
}

/* --- What the server says */

static int violated(diesel_error *err, const char *what)
{
    return diesel_error_set(err, DIESEL_E_PROTOCOL, DIESEL_DOM_CORE, 0, "%s", what);
}

/* Takes the first request out: its topic. */
static dredis__topic *answered(dredis__hub *hub)
{
    dredis__topic *topic = ask_at(hub, 0)->topic;
    hub->first_ask++;
    hub->ask_count--;
    topic->asked--;
    return topic;
}

/* A request was refused, with an error reply. */
static int take_error(dredis__hub *hub, const dredis_reply *reply)
{
    if (hub->ask_count == 0)
        return 0;
    dredis__topic *topic = answered(hub);
    if (topic->asked > 0 || topic->links == NULL) {
        free_if_unused(topic);
        return 1;
    }
    topic->refused = true;
    dredis__server_error(reply, &topic->reason);
    diesel_error_prefix(&topic->reason, "redis %s: %s %.100s",
                        dredis_name(hub->client), verbs[topic->kind][1],
                        topic->name->at);
    /* Those who asked for it first are told by their call, and leave. */
    bool first = !dredis__queue_is_empty(&topic->waiting);
    dredis__queue_wake_all(&topic->waiting, REFUSED);
    for (dredis__link *link = topic->links; link != NULL && !first;
         link = link->next_of_topic)
        dredis__subscription_fail(link->subscription, &topic->reason);
    return 1;
}

static int take_answer(dredis__hub *hub, dredis__topic_kind kind, bool subscribe,
                       const dredis_reply *name, diesel_error *err)
{
    dredis__span what = {name->str, name->len};
    const dredis__ask *first = hub->ask_count > 0 ? ask_at(hub, 0) : NULL;
    if (name->type != DREDIS_STRING)
        return violated(err, "an answer to a subscription without a name");
    if (first != NULL && first->subscribe == subscribe &&
        first->topic->kind == kind &&
        dredis__span_is(dredis__blob_span(first->topic->name), what)) {
        dredis__topic *topic = answered(hub);
        if (topic->asked == 0 && topic->links != NULL && subscribe)
            turn_on(topic);
        free_if_unused(topic);
        return 1;
    }
    /* A slot that moves to another node takes its shard channels along. */
    const dredis__entry *entry = dredis__dict_find(&hub->topics[kind], what);
    if (kind != DREDIS__SHARD_CHANNEL || subscribe || entry == NULL)
        return violated(err, "an answer to a subscription that nobody asked for");
    turn_off(entry->value);
    dredis__hub_joined(entry->value);
    return 1;
}

/* Gives a message to all who listen; it is taken. */
static int take_message(dredis__hub *hub, dredis__topic_kind kind,
                        dredis_reply *reply)
{
    const dredis_reply *name = &reply->element[1];
    dredis__span what = {name->str, name->len};
    dredis__topic *topic = hub->last;
    if (topic == NULL || topic->kind != kind ||
        !dredis__span_is(dredis__blob_span(topic->name), what)) {
        const dredis__entry *entry = dredis__dict_find(&hub->topics[kind], what);
        topic = entry != NULL ? entry->value : NULL;
        hub->last = topic;
    }
    hub->client->stats.messages++;
    dredis__link *link = topic != NULL ? topic->links : NULL;
    if (link == NULL) { /* it crossed the request to end it */
        dredis_reply_free(reply);
        return 1;
    }
    unsigned *shared = NULL;
    if (link->next_of_topic != NULL) {
        shared = diesel_malloc(sizeof *shared);
        if (shared == NULL) {
            dredis_reply_free(reply);
            return -1;
        }
        *shared = 1; /* ours */
    }
    for (; link != NULL; link = link->next_of_topic) {
        if (shared != NULL)
            ++*shared;
        dredis__subscription_put(link->subscription, reply, shared);
    }
    if (shared != NULL)
        dredis__message_drop(reply, shared);
    return 1;
}

static const struct shape {
    const char *word;
    size_t len;
    size_t elements;
    dredis__topic_kind kind;
    enum { MESSAGE, SUBSCRIBED, UNSUBSCRIBED } what;
} shapes[] = {
    {"message", 7, 3, DREDIS__CHANNEL, MESSAGE},
    {"pmessage", 8, 4, DREDIS__PATTERN, MESSAGE},
    {"smessage", 8, 3, DREDIS__SHARD_CHANNEL, MESSAGE},
    {"subscribe", 9, 3, DREDIS__CHANNEL, SUBSCRIBED},
    {"unsubscribe", 11, 3, DREDIS__CHANNEL, UNSUBSCRIBED},
    {"psubscribe", 10, 3, DREDIS__PATTERN, SUBSCRIBED},
    {"punsubscribe", 12, 3, DREDIS__PATTERN, UNSUBSCRIBED},
    {"ssubscribe", 10, 3, DREDIS__SHARD_CHANNEL, SUBSCRIBED},
    {"sunsubscribe", 12, 3, DREDIS__SHARD_CHANNEL, UNSUBSCRIBED},
};

static const struct shape *shape_of(const dredis_reply *reply)
{
    if ((reply->type != DREDIS_PUSH && reply->type != DREDIS_ARRAY) ||
        reply->elements == 0 || reply->element[0].type != DREDIS_STRING)
        return NULL;
    const dredis_reply *word = &reply->element[0];
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++)
        if (word->len == shapes[i].len &&
            memcmp(word->str, shapes[i].word, word->len) == 0)
            return &shapes[i];
    return NULL;
}

static bool is_sound_message(const dredis_reply *reply)
{
    for (size_t i = 1; i < reply->elements; i++)
        if (reply->element[i].type != DREDIS_STRING)
            return false;
    return true;
}

/* The connection's hook: everything that comes. */
static int take(void *arg, dredis_reply *reply, diesel_error *err)
{
    dredis__hub *hub = arg;
    int result;
    if (reply->type == DREDIS_ERROR) {
        result = take_error(hub, reply);
        if (result > 0)
            dredis_reply_free(reply);
        return result;
    }
    const struct shape *shape = shape_of(reply);
    if (shape == NULL)
        return 0;
    if (reply->elements != shape->elements)
        result = violated(err, "a message of a shape that pub/sub has not");
    else if (shape->what != MESSAGE)
        result = take_answer(hub, shape->kind, shape->what == SUBSCRIBED,
                             &reply->element[1], err);
    else if (!is_sound_message(reply))
        result = violated(err, "a message that does not consist of strings");
    else if (take_message(hub, shape->kind, reply) > 0)
        return 1;
    else
        return diesel_error_nomem(err, "a message");
    dredis_reply_free(reply);
    return result;
}

/* --- The connection */

static int ask_for_all(void *arg, dredis__connection *c, diesel_error *err)
{
    dredis__hub *hub = arg;
    const dredis__entry *entry;
    (void)c;
    for (int kind = 0; kind < DREDIS__TOPIC_KINDS; kind++)
        for (size_t at = 0; (entry = dredis__dict_next(&hub->topics[kind], &at)) !=
                            NULL;)
            if (ask(entry->value, true, err) < 0)
                return -1;
    return 0;
}

/* Its end: nothing is on, nothing is asked for. */
static void lose_all(void *arg)
{
    dredis__hub *hub = arg;
    dredis__entry *entry;
    while (hub->ask_count > 0)
        free_if_unused(answered(hub));
    for (int kind = 0; kind < DREDIS__TOPIC_KINDS; kind++)
        for (size_t at = 0; (entry = dredis__dict_next(&hub->topics[kind], &at)) !=
                            NULL;) {
            dredis__topic *topic = entry->value;
            turn_off(topic);
            dredis__queue_wake_all(&topic->waiting, CHANGED);
        }
}

static bool is_wanted(void *arg)
{
    const dredis__hub *hub = arg;
    size_t count = 0;
    for (int kind = 0; kind < DREDIS__TOPIC_KINDS; kind++)
        count += hub->topics[kind].count;
    return count > 0 && hub->client != NULL;
}

/* Between two reads: waits for subscriptions that want nothing to be dropped. */
static int await_room(void *arg, diesel_error *err)
{
    dredis__hub *hub = arg;
    while (hub->full > 0 && hub->awaiting == 0)
        if (dredis__queue_park(&hub->room, false, "room in a subscription's queue",
                               DIESEL_FOREVER, err) < 0)
            return -1;
    return 0;
}

static const dredis__hooks hooks = {.take = take,
                                    .takes_all = true,
                                    .pause = await_room,
                                    .up = ask_for_all,
                                    .down = lose_all,
                                    .is_wanted = is_wanted};

dredis__hub *dredis__hub_of(dredis *client, diesel_error *err)
{
    if (client->closed) {
        dredis__client_closed(err);
        return NULL;
    }
    if (client->hub != NULL)
        return client->hub;
    dredis__hub *hub = diesel_calloc(1, sizeof *hub);
    if (hub == NULL) {
        diesel_error_nomem(err, "a subscription");
        return NULL;
    }
    hub->client = client;
    hub->refs = 1;
    dredis__lane_init(&hub->lane, client);
    hub->lane.hooks = &hooks;
    hub->lane.hooks_arg = hub;
    dredis__queue_init(&hub->room);
    return client->hub = hub;
}

void dredis__hub_close(dredis__hub *hub, const diesel_error *why)
{
    hub->client = NULL;
    dredis__lane_close(&hub->lane, why);
    lose_all(hub);
    for (dredis_subscription *s = hub->subscriptions; s != NULL; s = s->next)
        dredis__subscription_end(s);
}

void dredis__hub_leave(dredis__hub *hub)
{
    if (--hub->refs > 0)
        return;
    dredis__lane_clear(&hub->lane);
    for (int kind = 0; kind < DREDIS__TOPIC_KINDS; kind++)
        dredis__dict_clear(&hub->topics[kind], NULL); /* they are empty */
    diesel_free(hub->asks);
    diesel_free(hub);
}

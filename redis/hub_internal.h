/* SPDX-License-Identifier: MIT */
/*
 * The hub inside: one per client, see hub.c.
 *
 *     client -- hub -- topics -- links -- subscriptions
 *                        "news" <------->  one fiber's queue
 *                        "news" <------->  another's
 *                        "user:*" <----->
 */
#ifndef DREDIS_HUB_INTERNAL_H
#define DREDIS_HUB_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <diesel/redis_pubsub.h>
#include <diesel/select.h>

#include "client_internal.h"
#include "dict_internal.h"

typedef enum dredis__topic_kind {
    DREDIS__CHANNEL,
    DREDIS__PATTERN,
    DREDIS__SHARD_CHANNEL,
    DREDIS__TOPIC_KINDS
} dredis__topic_kind;

typedef struct dredis__topic dredis__topic;
typedef struct dredis__hub dredis__hub;

/* One subscription's interest in one topic: in two lists. */
typedef struct dredis__link {
    dredis__topic *topic;
    dredis_subscription *subscription;
    struct dredis__link *prev_of_topic, *next_of_topic;
    struct dredis__link *prev_of_subscription, *next_of_subscription;
} dredis__link;

struct dredis__topic {
    dredis__hub *hub;
    dredis__topic_kind kind;
    dredis__blob *name;
    dredis__link *links;  /* NULL: nobody listens any more        */
    bool on;              /* the server has confirmed it          */
    unsigned asked;       /* requests that it has not answered    */
    unsigned pins;        /* fibers that look at it               */
    bool refused;         /* the last one was, for the reason     */
    diesel_error reason;
    dredis__queue waiting; /* fibers that want it to be on        */
};

/* A request on its way, in the order of sending. */
typedef struct dredis__ask {
    dredis__topic *topic;
    bool subscribe;
} dredis__ask;

struct dredis__hub {
    dredis *client; /* NULL: closed */
    dredis__lane lane;
    unsigned refs;  /* the client's, and one per subscription */
    dredis__dict topics[DREDIS__TOPIC_KINDS];
    dredis__topic *last; /* that a message was for: the next one's, likely */
    dredis__ask *asks;   /* a ring */
    size_t first_ask, ask_count, ask_room;
    dredis_subscription *subscriptions; /* all */
    size_t full;         /* subscriptions whose queue is over its limit, and BLOCK */
    size_t awaiting;     /* fibers that wait for answers                           */
    dredis__queue room;  /* the keeper, while it waits for them */
};

/* What is in a queue. */
typedef struct dredis__item {
    dredis_reply *reply; /* NULL: a gap */
    unsigned *shared;    /* how many have it; NULL: this one only */
    uint64_t dropped;
} dredis__item;

struct dredis_subscription {
    dredis__hub *hub;
    dredis_subscription *prev, *next;
    dredis_subscription_options options;
    dredis__link *links;
    size_t off;       /* links to topics that are not on            */
    bool gap;         /* something may have been missed             */
    bool closed;
    bool failed;      /* for the reason                             */
    bool over;        /* counted in the hub's `full`                */
    diesel_error reason;
    dredis__item *items; /* a ring of `room`, a power of two        */
    size_t first, count, room;
    uint64_t dropped; /* before the next one                        */
    diesel_fiber *receiver;
    diesel_link cases; /* of selects                                */
    unsigned refs;    /* the owner's, and the receiver's            */
};

/* The client's hub, made if there is none; NULL: NOMEM. */
dredis__hub *dredis__hub_of(dredis *client, diesel_error *err);
void dredis__hub_leave(dredis__hub *hub);

/* The client is being closed. */
void dredis__hub_close(dredis__hub *hub, const diesel_error *why);

/* Makes a topic be subscribed to: 0 or -1. Switches. */
int dredis__hub_await(dredis__topic *topic, diesel_error *err);

/* The topic, made if there is none; NULL: no memory. */
dredis__topic *dredis__hub_topic(dredis__hub *hub, dredis__topic_kind kind,
                                 dredis__span name);

/* A link has been added to the topic, or taken from it. */
void dredis__hub_joined(dredis__topic *topic);
void dredis__hub_left(dredis__topic *topic);

/* --- subscription.c, for the hub */

/* Puts a message into the queue. The reply is taken unless it is shared. */
void dredis__subscription_put(dredis_subscription *subscription,
                              dredis_reply *reply, unsigned *shared);
void dredis__subscription_put_gap(dredis_subscription *subscription);
void dredis__subscription_fail(dredis_subscription *subscription,
                               const diesel_error *why);
void dredis__subscription_end(dredis_subscription *subscription);
void dredis__message_drop(dredis_reply *reply, unsigned *shared);

#endif

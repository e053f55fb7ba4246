/* SPDX-License-Identifier: MIT */
/*
 * Pub/sub: what others publish, for any number of fibers over one connection.
 *
 *     dredis_subscription *s = dredis_subscription_open(redis, NULL, &err);
 *     if (s == NULL || dredis_subscribe(s, "news", &err) < 0)
 *         return diesel_fail(&err);
 *     dredis_message m;
 *     while (dredis_receive(s, &m, DIESEL_FOREVER, &err) > 0) {
 *         if (m.type == DREDIS_GAP)
 *             ... load again what the messages were about ...
 *         else
 *             printf("%s: %s\n", m.channel, m.data);
 *         dredis_message_clear(&m);
 *     }
 *     dredis_subscription_close(s);
 *
 * A client has one connection for all its subscriptions, made when the first one
 * needs it. The server is told once of each channel, however many fibers listen,
 * and told again when the last one has gone. What comes is put into the queue of
 * each subscription that wants it; subscriptions come, change and go at any time.
 *
 * When the connection breaks, it is made anew and all is subscribed to again.
 * Meanwhile messages may have been published that nobody will ever see; when all
 * channels of a subscription are in order again, it gets a GAP to say so. It gets one,
 * too, for a message for which there was no memory.
 */
#ifndef DIESEL_REDIS_PUBSUB_H
#define DIESEL_REDIS_PUBSUB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <diesel/redis_client.h>
#include <diesel/select.h>
#include <diesel/time.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct dredis_subscription dredis_subscription;

/* What happens to a message for which there is no room in the queue. */
typedef enum dredis_slow {
    DREDIS_SLOW_BLOCK,       /* nothing more is read from the server until there is
                                room, so that all the client's subscriptions wait,
                                and the server, which in the end hangs up; the
                                queue may get longer by one read, 64 KiB        */
    DREDIS_SLOW_DROP_OLDEST, /* the queue's first message goes                  */
    DREDIS_SLOW_DROP_NEWEST, /* the message itself goes                         */
    DREDIS_SLOW_FAIL         /* dredis_receive() fails with LIMIT when the queue
                                has been read, and no more messages come        */
} dredis_slow;

/* Zero means the default. */
typedef struct dredis_subscription_options {
    size_t queue;     /* 1024: messages that wait to be received */
    dredis_slow slow; /* BLOCK */
} dredis_subscription_options;

/* A subscription to nothing yet; options may be NULL. The client must outlive it, but
 * may be closed before. Owned by the caller: dredis_subscription_close(). NULL:
 * NOMEM, INVAL (options), CLOSED (the client). Never switches fibers. */
dredis_subscription *
dredis_subscription_open(dredis *client,
                         const dredis_subscription_options *options,
                         diesel_error *err) __attribute__((warn_unused_result));

/* Ends it: the server is told of what nobody else listens to, and messages that have
 * not been received are dropped. A fiber that waits in dredis_receive() gets 0; the
 * memory goes when it has left. NULL does nothing. Never switches fibers. */
void dredis_subscription_close(dredis_subscription *subscription);

/*
 * Subscribes to a channel, to all channels that match a pattern, or to a shard
 * channel. When it returns, the server has confirmed it: what is published from now
 * on comes. Subscribing twice is subscribing once. 0, or -1 and it is as before:
 * SERVER (NOPERM), NOMEM, CLOSED (the client or the subscription), and what
 * dredis_call() returns if there is no connection. Switches fibers.
 */
int dredis_subscribe_value(dredis_subscription *subscription,
                           diesel_value channel, diesel_error *err)
    __attribute__((warn_unused_result));
int dredis_psubscribe_value(dredis_subscription *subscription,
                            diesel_value pattern, diesel_error *err)
    __attribute__((warn_unused_result));
int dredis_ssubscribe_value(dredis_subscription *subscription,
                            diesel_value channel, diesel_error *err)
    __attribute__((warn_unused_result));

#define dredis_subscribe(subscription, channel, err)                           \
    dredis_subscribe_value((subscription), DIESEL_VALUE(channel), (err))
#define dredis_psubscribe(subscription, pattern, err)                          \
    dredis_psubscribe_value((subscription), DIESEL_VALUE(pattern), (err))
#define dredis_ssubscribe(subscription, channel, err)                          \
    dredis_ssubscribe_value((subscription), DIESEL_VALUE(channel), (err))

/* Ends that. What is in the queue stays there. Nothing happens if it was not
 * subscribed. Never switches fibers. */
void dredis_unsubscribe_value(dredis_subscription *subscription,
                              diesel_value channel);
void dredis_punsubscribe_value(dredis_subscription *subscription,
                               diesel_value pattern);
void dredis_sunsubscribe_value(dredis_subscription *subscription,
                               diesel_value channel);

#define dredis_unsubscribe(subscription, channel)                              \
    dredis_unsubscribe_value((subscription), DIESEL_VALUE(channel))
#define dredis_punsubscribe(subscription, pattern)                             \
    dredis_punsubscribe_value((subscription), DIESEL_VALUE(pattern))
#define dredis_sunsubscribe(subscription, channel)                             \
    dredis_sunsubscribe_value((subscription), DIESEL_VALUE(channel))

typedef enum dredis_message_type {
    DREDIS_MESSAGE, /* to a channel, perhaps by a pattern        */
    DREDIS_SHARD,   /* to a shard channel                        */
    DREDIS_GAP      /* messages may have been missed before this */
} dredis_message_type;

/* A message. The strings end with a zero byte that the length counts not, and live
 * until dredis_message_clear(). */
typedef struct dredis_message {
    dredis_message_type type;
    const char *channel, *pattern, *data; /* pattern: NULL: it came by its channel */
    size_t channel_len, pattern_len, len;
    uint64_t dropped; /* so many were dropped just before it, for want of room */
    dredis_reply *reply; /* private */
    unsigned *shared;    /* private */
} dredis_message;

/* The next message, waiting for one until `deadline`. 1: *message is the caller's to
 * clear; 0: the subscription or the client has been closed; -1: TIMEDOUT, CANCELLED;
 * BUSY: another fiber is receiving; LIMIT: see DREDIS_SLOW_FAIL; SERVER: the server
 * does not let us subscribe again after a reconnect. Switches fibers only if it must
 * wait; checks for cancellation always. */
int dredis_receive(dredis_subscription *subscription, dredis_message *message,
                   int64_t deadline, diesel_error *err)
    __attribute__((warn_unused_result));

/* For diesel_select(): a message in *message, which is then the caller's to clear.
 * result: as of dredis_receive(); what went wrong with -1, that call says. */
diesel_case diesel_case_message(dredis_subscription *subscription,
                                dredis_message *message);

/* Frees what the message holds; it is then empty. Never switches fibers. */
void dredis_message_clear(dredis_message *message);

/* How many messages wait in the queue. Never switches fibers. */
size_t dredis_subscription_count(const dredis_subscription *subscription);

/* --- Keyspace notifications, which the server sends if notify-keyspace-events says
 * so: CONFIG SET notify-keyspace-events KEA */

/* Subscribes to the events of keys that match a pattern ("user:*") in a database, or
 * in all of them (-1). As dredis_psubscribe(); it ends with
 * dredis_key_events_end(), or with the subscription. Switches fibers. */
int dredis_key_events_begin(dredis_subscription *subscription, int db,
                            const char *keys, diesel_error *err)
    __attribute__((warn_unused_result));
void dredis_key_events_end(dredis_subscription *subscription, int db,
                           const char *keys);

/* What happened to a key: "set", "del", "expired", "lpush". The strings are the
 * message's. */
typedef struct dredis_key_event {
    int db;
    const char *key, *event;
    size_t key_len, event_len;
} dredis_key_event;

/* Whether the message is such an event, of __keyspace@ or of __keyevent@, and which.
 * Never switches fibers. */
bool dredis_message_key_event(const dredis_message *message,
                              dredis_key_event *event);

#ifdef __cplusplus
}
#endif
#endif

/* SPDX-License-Identifier: MIT */
/*
 * Keyspace notifications: messages that the server itself publishes,
 *
 *     __keyspace@<db>__:<key>     with the event as the message
 *     __keyevent@<db>__:<event>   with the key as the message
 */
#include <diesel/redis_pubsub.h>

#include <stdio.h>
#include <string.h>

#include <diesel/memory.h>

#define MOST_DB 1000000000

/* The pattern for such events, to be freed with diesel_free(). */
static char *make_pattern(int db, const char *keys)
{
    size_t size = strlen(keys) + 40;
    char *pattern = diesel_malloc(size);
    if (pattern == NULL)
        return NULL;
    if (db < 0)
        snprintf(pattern, size, "__keyspace@*__:%s", keys);
    else
        snprintf(pattern, size, "__keyspace@%d__:%s", db, keys);
    return pattern;
}

int dredis_key_events_begin(dredis_subscription *subscription, int db,
                            const char *keys, diesel_error *err)
{
    char *pattern = make_pattern(db, keys);
    if (pattern == NULL)
        return diesel_error_nomem(err, "a pattern");
    int result = dredis_psubscribe(subscription, pattern, err);
    diesel_free(pattern);
    return result;
}

void dredis_key_events_end(dredis_subscription *subscription, int db,
                           const char *keys)
{
    char *pattern = make_pattern(db, keys);
    if (pattern != NULL)
        dredis_punsubscribe(subscription, pattern);
    diesel_free(pattern);
}

bool dredis_message_key_event(const dredis_message *message,
                              dredis_key_event *event)
{
    static const char begin[] = "__keyspace@", middle[] = "__:";
    const size_t n = sizeof begin - 1, m = sizeof middle - 1;
    if (message->type != DREDIS_MESSAGE || message->channel_len < n + 1 + m)
        return false;
    bool by_key = memcmp(message->channel, begin, n) == 0;
    if (!by_key && memcmp(message->channel, "__keyevent@", n) != 0)
        return false;
    const char *at = message->channel + n;
    const char *end = message->channel + message->channel_len;
    int db = 0;
    for (; at < end && *at >= '0' && *at <= '9' && db < MOST_DB / 10; at++)
        db = db * 10 + (*at - '0');
    if (at == message->channel + n || (size_t)(end - at) < m ||
        memcmp(at, middle, m) != 0)
        return false;
    at += m;
    size_t rest = (size_t)(end - at);
    *event = (dredis_key_event){.db = db,
                                .key = by_key ? at : message->data,
                                .key_len = by_key ? rest : message->len,
                                .event = by_key ? message->data : at,
                                .event_len = by_key ? message->len : rest};
    return true;
}

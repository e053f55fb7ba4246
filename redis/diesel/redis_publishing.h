/* SPDX-License-Identifier: MIT */
/*
 * Publishing, and who listens; to listen oneself see <diesel/redis_pubsub.h>.
 *
 * What the functions take and give is told in <diesel/redis_commands.h>. Written
 * by redis/generate/commands.py; it is not edited.
 */
#ifndef DIESEL_REDIS_PUBLISHING_H
#define DIESEL_REDIS_PUBLISHING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <diesel/redis_choices.h>
#include <diesel/redis_client.h>

#ifdef __cplusplus
extern "C" {
#endif

/* PUBLISH (since 2.0.0). Sends a message to a channel's subscribers, and to
 * those whose pattern matches. */
int dredis_publish(dredis *client, diesel_value channel, diesel_value message,
                   int64_t *receivers, diesel_error *err)
    __attribute__((warn_unused_result));

/* PUBSUB CHANNELS (since 2.8.0). The channels that somebody has subscribed
 * to, of those that match a pattern. */
dredis_reply *dredis_pubsub_channels(dredis *client, diesel_value pattern,
                                     diesel_error *err)
    __attribute__((warn_unused_result));

/* PUBSUB NUMPAT (since 2.8.0). How many patterns somebody has subscribed to. */
int dredis_pubsub_numpat(dredis *client, int64_t *patterns, diesel_error *err)
    __attribute__((warn_unused_result));

/* PUBSUB NUMSUB (since 2.8.0). How many subscribers channels have: the
 * channel and the number. */
dredis_reply *dredis_pubsub_numsub(dredis *client, const diesel_value *channels,
                                   size_t n, diesel_error *err)
    __attribute__((warn_unused_result));

/* PUBSUB SHARDCHANNELS (since 7.0.0). The shard channels that somebody has
 * subscribed to, of those that match a pattern. */
dredis_reply *dredis_pubsub_shardchannels(dredis *client, diesel_value pattern,
                                          diesel_error *err)
    __attribute__((warn_unused_result));

/* PUBSUB SHARDNUMSUB (since 7.0.0). How many subscribers shard channels
 * have: the channel and the number. */
dredis_reply *dredis_pubsub_shardnumsub(dredis *client,
                                        const diesel_value *shardchannels,
                                        size_t n, diesel_error *err)
    __attribute__((warn_unused_result));

/* SPUBLISH (since 7.0.0). Sends a message to a shard channel's subscribers. */
int dredis_spublish(dredis *client, diesel_value shardchannel,
                    diesel_value message, int64_t *receivers, diesel_error *err)
    __attribute__((warn_unused_result));

#if !defined(__cplusplus) && !defined(DREDIS_FUNCTIONS_ONLY)
#define dredis_publish(client, channel, message, ...)                          \
    (dredis_publish)((client), DIESEL_VALUE(channel), DIESEL_VALUE(message),   \
                     __VA_ARGS__)
#define dredis_pubsub_channels(client, pattern, ...)                           \
    (dredis_pubsub_channels)((client), DIESEL_VALUE(pattern), __VA_ARGS__)
#define dredis_pubsub_shardchannels(client, pattern, ...)                      \
    (dredis_pubsub_shardchannels)((client), DIESEL_VALUE(pattern),             \
                                  __VA_ARGS__)
#define dredis_spublish(client, shardchannel, message, ...)                    \
    (dredis_spublish)((client), DIESEL_VALUE(shardchannel),                    \
                      DIESEL_VALUE(message), __VA_ARGS__)
#endif

#ifdef __cplusplus
}
#endif
#endif

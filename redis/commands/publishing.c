/* SPDX-License-Identifier: MIT */
/*
 * Publishing, and who listens; to listen oneself see <diesel/redis_pubsub.h>.
 *
 * Each function puts its arguments in their places and reads the reply as a C
 * value. Written by redis/generate/commands.py; it is not edited.
 */
#define DREDIS_FUNCTIONS_ONLY
#include <diesel/redis_publishing.h>

#include "typed_internal.h"

int dredis_publish(dredis *client, diesel_value channel, diesel_value message,
                   int64_t *receivers, diesel_error *err)
{
    const diesel_value args[] = {WORD("PUBLISH"), channel, message};
    return dredis__ask_int(client, args, COUNT(args), receivers, err);
}

dredis_reply *dredis_pubsub_channels(dredis *client, diesel_value pattern,
                                     diesel_error *err)
{
    const diesel_value args[] = {WORD("PUBSUB"), WORD("CHANNELS"), pattern};
    return dredis__ask_reply(client, args, COUNT(args), DREDIS__LIST, err);
}

int dredis_pubsub_numpat(dredis *client, int64_t *patterns, diesel_error *err)
{
    const diesel_value args[] = {WORD("PUBSUB"), WORD("NUMPAT")};
    return dredis__ask_int(client, args, COUNT(args), patterns, err);
}

dredis_reply *dredis_pubsub_numsub(dredis *client, const diesel_value *channels,
                                   size_t n, diesel_error *err)
{
    dredis__words w;
    dredis__words_begin(&w);
    dredis__put(&w, WORD_OF("PUBSUB"));
    dredis__put(&w, WORD_OF("NUMSUB"));
    dredis__put_all(&w, channels, n);
    dredis_reply *reply = dredis__ask_reply(client, w.args, w.n, DREDIS__MAP,
                                            err);
    dredis__words_end(&w);
    return reply;
}

dredis_reply *dredis_pubsub_shardchannels(dredis *client, diesel_value pattern,
                                          diesel_error *err)
{
    const diesel_value args[] = {WORD("PUBSUB"), WORD("SHARDCHANNELS"),
                                 pattern};
    return dredis__ask_reply(client, args, COUNT(args), DREDIS__LIST, err);
}

dredis_reply *dredis_pubsub_shardnumsub(dredis *client,
                                        const diesel_value *shardchannels,
                                        size_t n, diesel_error *err)
{
    dredis__words w;
    dredis__words_begin(&w);
    dredis__put(&w, WORD_OF("PUBSUB"));
    dredis__put(&w, WORD_OF("SHARDNUMSUB"));
    dredis__put_all(&w, shardchannels, n);
    dredis_reply *reply = dredis__ask_reply(client, w.args, w.n, DREDIS__MAP,
                                            err);
    dredis__words_end(&w);
    return reply;
}

int dredis_spublish(dredis *client, diesel_value shardchannel,
                    diesel_value message, int64_t *receivers, diesel_error *err)
{
    const diesel_value args[] = {WORD("SPUBLISH"), shardchannel, message};
    return dredis__ask_int(client, args, COUNT(args), receivers, err);
}

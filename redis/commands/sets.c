/* SPDX-License-Identifier: MIT */
/*
 * Sets: members without order, each once.
 *
 * Each function puts its arguments in their places and reads the reply as a C
 * value. Written by redis/generate/commands.py; it is not edited.
 */
#define DREDIS_FUNCTIONS_ONLY
#include <diesel/redis_sets.h>

#include "typed_internal.h"

int dredis_sadd(dredis *client, diesel_value key, const diesel_value *members,
                size_t n, int64_t *added, diesel_error *err)
{
    dredis__words w;
    dredis__words_begin(&w);
    dredis__put(&w, WORD_OF("SADD"));
    dredis__put(&w, key);
    dredis__put_all(&w, members, n);
    int result = dredis__ask_int(client, w.args, w.n, added, err);
    dredis__words_end(&w);
    return result;
}

int dredis_scard(dredis *client, diesel_value key, int64_t *count,
                 diesel_error *err)
{
    const diesel_value args[] = {WORD("SCARD"), key};
    return dredis__ask_int(client, args, COUNT(args), count, err);
}

dredis_reply *dredis_sdiff(dredis *client, const diesel_value *keys, size_t n,
                           diesel_error *err)
{
    dredis__words w;
    dredis__words_begin(&w);
    dredis__put(&w, WORD_OF("SDIFF"));
    dredis__put_all(&w, keys, n);
    dredis_reply *reply = dredis__ask_reply(client, w.args, w.n, DREDIS__LIST,
                                            err);
    dredis__words_end(&w);
    return reply;
}

int dredis_sdiffstore(dredis *client, diesel_value destination,
                      const diesel_value *keys, size_t n, int64_t *stored,
                      diesel_error *err)
{
    dredis__words w;
    dredis__words_begin(&w);
    dredis__put(&w, WORD_OF("SDIFFSTORE"));
    dredis__put(&w, destination);
    dredis__put_all(&w, keys, n);
    int result = dredis__ask_int(client, w.args, w.n, stored, err);
    dredis__words_end(&w);
    return result;
}

dredis_reply *dredis_sinter(dredis *client, const diesel_value *keys, size_t n,
                            diesel_error *err)
{
    dredis__words w;
    dredis__words_begin(&w);
    dredis__put(&w, WORD_OF("SINTER"));
    dredis__put_all(&w, keys, n);
    dredis_reply *reply = dredis__ask_reply(client, w.args, w.n, DREDIS__LIST,
                                            err);
    dredis__words_end(&w);
    return reply;
}

int dredis_sintercard(dredis *client, const diesel_value *keys, size_t n,
                      const dredis_sintercard_options *options, int64_t *count,
                      diesel_error *err)
{
    dredis__words w;
    dredis__words_begin(&w);
    dredis__put(&w, WORD_OF("SINTERCARD"));
    dredis__put(&w, diesel_uint(n));
    dredis__put_all(&w, keys, n);
    if (options != NULL)
        dredis__opt_int(&w, "LIMIT", options->limit);
    int result = dredis__ask_int(client, w.args, w.n, count, err);
    dredis__words_end(&w);
    return result;
}

int dredis_sinterstore(dredis *client, diesel_value destination,
                       const diesel_value *keys, size_t n, int64_t *stored,
                       diesel_error *err)
{
    dredis__words w;
    dredis__words_begin(&w);
    dredis__put(&w, WORD_OF("SINTERSTORE"));
    dredis__put(&w, destination);
    dredis__put_all(&w, keys, n);
    int result = dredis__ask_int(client, w.args, w.n, stored, err);
    dredis__words_end(&w);
    return result;
}

int dredis_sismember(dredis *client, diesel_value key, diesel_value member,
                     diesel_error *err)
{
    const diesel_value args[] = {WORD("SISMEMBER"), key, member};
    return dredis__ask_flag(client, args, COUNT(args), err);
}

dredis_reply *dredis_smembers(dredis *client, diesel_value key,
                              diesel_error *err)
{
    const diesel_value args[] = {WORD("SMEMBERS"), key};
    return dredis__ask_reply(client, args, COUNT(args), DREDIS__LIST, err);
}

dredis_reply *dredis_smismember(dredis *client, diesel_value key,
                                const diesel_value *members, size_t n,
                                diesel_error *err)
{
    dredis__words w;
    dredis__words_begin(&w);
    dredis__put(&w, WORD_OF("SMISMEMBER"));
    dredis__put(&w, key);
    dredis__put_all(&w, members, n);
    dredis_reply *reply = dredis__ask_reply(client, w.args, w.n, DREDIS__LIST,
                                            err);
    dredis__words_end(&w);
    return reply;
}

int dredis_smove(dredis *client, diesel_value source, diesel_value destination,
                 diesel_value member, diesel_error *err)
{
    const diesel_value args[] = {WORD("SMOVE"), source, destination, member};
    return dredis__ask_flag(client, args, COUNT(args), err);
}

int dredis_spop(dredis *client, diesel_value key, char **value, size_t *len,
                diesel_error *err)
{
    const diesel_value args[] = {WORD("SPOP"), key};
    return dredis__ask_text_or_nil(client, args, COUNT(args), value, len, err);
}

dredis_reply *dredis_spop_count(dredis *client, diesel_value key, int64_t count,
                                diesel_error *err)
{
    const diesel_value args[] = {WORD("SPOP"), key, diesel_int(count)};
    return dredis__ask_reply(client, args, COUNT(args), DREDIS__LIST, err);
}

int dredis_srandmember(dredis *client, diesel_value key, char **value,
                       size_t *len, diesel_error *err)
{
    const diesel_value args[] = {WORD("SRANDMEMBER"), key};
    return dredis__ask_text_or_nil(client, args, COUNT(args), value, len, err);
}

dredis_reply *dredis_srandmember_count(dredis *client, diesel_value key,
                                       int64_t count, diesel_error *err)
{
    const diesel_value args[] = {WORD("SRANDMEMBER"), key, diesel_int(count)};
    return dredis__ask_reply(client, args, COUNT(args), DREDIS__LIST, err);
}

int dredis_srem(dredis *client, diesel_value key, const diesel_value *members,
                size_t n, int64_t *removed, diesel_error *err)
{
    dredis__words w;
    dredis__words_begin(&w);
    dredis__put(&w, WORD_OF("SREM"));
    dredis__put(&w, key);
    dredis__put_all(&w, members, n);
    int result = dredis__ask_int(client, w.args, w.n, removed, err);
    dredis__words_end(&w);
    return result;
}

dredis_reply *dredis_sunion(dredis *client, const diesel_value *keys, size_t n,
                            diesel_error *err)
{
    dredis__words w;
    dredis__words_begin(&w);
    dredis__put(&w, WORD_OF("SUNION"));
    dredis__put_all(&w, keys, n);
    dredis_reply *reply = dredis__ask_reply(client, w.args, w.n, DREDIS__LIST,
                                            err);
    dredis__words_end(&w);
    return reply;
}

int dredis_sunionstore(dredis *client, diesel_value destination,
                       const diesel_value *keys, size_t n, int64_t *stored,
                       diesel_error *err)
{
    dredis__words w;
    dredis__words_begin(&w);
    dredis__put(&w, WORD_OF("SUNIONSTORE"));
    dredis__put(&w, destination);
    dredis__put_all(&w, keys, n);
    int result = dredis__ask_int(client, w.args, w.n, stored, err);
    dredis__words_end(&w);
    return result;
}

/* SPDX-License-Identifier: MIT */
/*
 * Streams: entries with ids, read by many or shared out to groups.
 *
 * Each function puts its arguments in their places and reads the reply as a C
 * value. Written by redis/generate/commands.py; it is not edited.
 */
#define DREDIS_FUNCTIONS_ONLY
#include <diesel/redis_streams.h>

#include "typed_internal.h"

int dredis_xack(dredis *client, diesel_value key, diesel_value group,
                const diesel_value *ids, size_t n, int64_t *acknowledged,
                diesel_error *err)
{
    dredis__words w;
    dredis__words_begin(&w);
    dredis__put(&w, WORD_OF("XACK"));
    dredis__put(&w, key);
    dredis__put(&w, group);
    dredis__put_all(&w, ids, n);
    int result = dredis__ask_int(client, w.args, w.n, acknowledged, err);
    dredis__words_end(&w);
    return result;
}

int dredis_xadd(dredis *client, diesel_value key, diesel_value id,
                const diesel_value *values, size_t n,
                const dredis_xadd_options *options, char **value, size_t *len,
                diesel_error *err)
{
    dredis__words w;
    dredis__words_begin(&w);
    dredis__put(&w, WORD_OF("XADD"));
    dredis__put(&w, key);
    if (options != NULL) {
        dredis__opt_flag(&w, "NOMKSTREAM", options->nomkstream);
        dredis__put_trim(&w, options->maxlen, options->minid, options->nearly,
                         options->limit);
    }
    dredis__put(&w, id);
    dredis__put_all(&w, values, n);
    int result = dredis__ask_text_or_nil(client, w.args, w.n, value, len, err);
    dredis__words_end(&w);
    return result;
}

dredis_reply *dredis_xautoclaim(dredis *client, diesel_value key,
                                diesel_value group, diesel_value consumer,
                                diesel_value min_idle_time, diesel_value start,
                                const dredis_xautoclaim_options *options,
                                diesel_error *err)
{
    dredis__words w;
    dredis__words_begin(&w);
    dredis__put(&w, WORD_OF("XAUTOCLAIM"));
    dredis__put(&w, key);
    dredis__put(&w, group);
    dredis__put(&w, consumer);
    dredis__put(&w, min_idle_time);
    dredis__put(&w, start);
    if (options != NULL) {
        dredis__opt_int(&w, "COUNT", options->count);
        dredis__opt_flag(&w, "JUSTID", options->justid);
    }
    dredis_reply *reply = dredis__ask_reply(client, w.args, w.n, DREDIS__LIST,
                                            err);
    dredis__words_end(&w);
    return reply;
}

dredis_reply *dredis_xclaim(dredis *client, diesel_value key,
                            diesel_value group, diesel_value consumer,
                            diesel_value min_idle_time, const diesel_value *ids,
                            size_t n, const dredis_xclaim_options *options,
                            diesel_error *err)
{
    dredis__words w;
    dredis__words_begin(&w);
    dredis__put(&w, WORD_OF("XCLAIM"));
    dredis__put(&w, key);
    dredis__put(&w, group);
    dredis__put(&w, consumer);
    dredis__put(&w, min_idle_time);
    dredis__put_all(&w, ids, n);
    if (options != NULL) {
        dredis__opt_int(&w, "IDLE", options->idle);
        dredis__opt_int(&w, "TIME", options->time);
        dredis__opt_int(&w, "RETRYCOUNT", options->retrycount);
        dredis__opt_flag(&w, "FORCE", options->force);
        dredis__opt_flag(&w, "JUSTID", options->justid);
        dredis__opt_value(&w, "LASTID", options->lastid);
    }
    dredis_reply *reply = dredis__ask_reply(client, w.args, w.n, DREDIS__LIST,
                                            err);
    dredis__words_end(&w);
    return reply;
}

int dredis_xdel(dredis *client, diesel_value key, const diesel_value *ids,
                size_t n, int64_t *deleted, diesel_error *err)
{
    dredis__words w;
    dredis__words_begin(&w);
    dredis__put(&w, WORD_OF("XDEL"));
    dredis__put(&w, key);
    dredis__put_all(&w, ids, n);
    int result = dredis__ask_int(client, w.args, w.n, deleted, err);
    dredis__words_end(&w);
    return result;
}

int dredis_xgroup_create(dredis *client, diesel_value key, diesel_value group,
                         diesel_value id,
                         const dredis_xgroup_create_options *options,
                         diesel_error *err)
{
    dredis__words w;
    dredis__words_begin(&w);
    dredis__put(&w, WORD_OF("XGROUP"));
    dredis__put(&w, WORD_OF("CREATE"));
    dredis__put(&w, key);
    dredis__put(&w, group);
    dredis__put(&w, id);
    if (options != NULL) {
        dredis__opt_flag(&w, "MKSTREAM", options->mkstream);
        dredis__opt_int(&w, "ENTRIESREAD", options->entriesread);
    }
    int result = dredis__ask_ok(client, w.args, w.n, err);
    dredis__words_end(&w);
    return result;
}

int dredis_xgroup_createconsumer(dredis *client, diesel_value key,
                                 diesel_value group, diesel_value consumer,
                                 diesel_error *err)
{
    const diesel_value args[] = {WORD("XGROUP"), WORD("CREATECONSUMER"), key,
                                 group, consumer};
    return dredis__ask_flag(client, args, COUNT(args), err);
}

int dredis_xgroup_delconsumer(dredis *client, diesel_value key,
                              diesel_value group, diesel_value consumer,
                              int64_t *pending, diesel_error *err)
{
    const diesel_value args[] = {WORD("XGROUP"), WORD("DELCONSUMER"), key,
                                 group, consumer};
    return dredis__ask_int(client, args, COUNT(args), pending, err);
}

int dredis_xgroup_destroy(dredis *client, diesel_value key, diesel_value group,
                          diesel_error *err)
{
    const diesel_value args[] = {WORD("XGROUP"), WORD("DESTROY"), key, group};
    return dredis__ask_flag(client, args, COUNT(args), err);
}

int dredis_xgroup_setid(dredis *client, diesel_value key, diesel_value group,
                        diesel_value id,
                        const dredis_xgroup_setid_options *options,
                        diesel_error *err)
{
    dredis__words w;
    dredis__words_begin(&w);
    dredis__put(&w, WORD_OF("XGROUP"));
    dredis__put(&w, WORD_OF("SETID"));
    dredis__put(&w, key);
    dredis__put(&w, group);
    dredis__put(&w, id);
    if (options != NULL)
        dredis__opt_int(&w, "ENTRIESREAD", options->entriesread);
    int result = dredis__ask_ok(client, w.args, w.n, err);
    dredis__words_end(&w);
    return result;
}

dredis_reply *dredis_xinfo_consumers(dredis *client, diesel_value key,
                                     diesel_value group, diesel_error *err)
{
    const diesel_value args[] = {WORD("XINFO"), WORD("CONSUMERS"), key, group};
    return dredis__ask_reply(client, args, COUNT(args), DREDIS__LIST, err);
}

dredis_reply *dredis_xinfo_groups(dredis *client, diesel_value key,
                                  diesel_error *err)
{
    const diesel_value args[] = {WORD("XINFO"), WORD("GROUPS"), key};
    return dredis__ask_reply(client, args, COUNT(args), DREDIS__LIST, err);
}

dredis_reply *dredis_xinfo_stream(dredis *client, diesel_value key,
                                  diesel_error *err)
{
    const diesel_value args[] = {WORD("XINFO"), WORD("STREAM"), key};
    return dredis__ask_reply(client, args, COUNT(args), DREDIS__MAP, err);
}

dredis_reply *dredis_xinfo_stream_full(
    dredis *client, diesel_value key,
    const dredis_xinfo_stream_full_options *options, diesel_error *err)
{
    dredis__words w;
    dredis__words_begin(&w);
    dredis__put(&w, WORD_OF("XINFO"));
    dredis__put(&w, WORD_OF("STREAM"));
    dredis__put(&w, key);
    dredis__put(&w, WORD_OF("FULL"));
    if (options != NULL)
        dredis__opt_int(&w, "COUNT", options->count);
    dredis_reply *reply = dredis__ask_reply(client, w.args, w.n, DREDIS__MAP,
                                            err);
    dredis__words_end(&w);
    return reply;
}

int dredis_xlen(dredis *client, diesel_value key, int64_t *length,
                diesel_error *err)
{
    const diesel_value args[] = {WORD("XLEN"), key};
    return dredis__ask_int(client, args, COUNT(args), length, err);
}

dredis_reply *dredis_xpending(dredis *client, diesel_value key,
                              diesel_value group, diesel_error *err)
{
    const diesel_value args[] = {WORD("XPENDING"), key, group};
    return dredis__ask_reply(client, args, COUNT(args), DREDIS__LIST, err);
}

dredis_reply *dredis_xpending_range(
    dredis *client, diesel_value key, diesel_value group, diesel_value start,
    diesel_value end, int64_t count,
    const dredis_xpending_range_options *options, diesel_error *err)
{
    dredis__words w;
    dredis__words_begin(&w);
    dredis__put(&w, WORD_OF("XPENDING"));
    dredis__put(&w, key);
    dredis__put(&w, group);
    if (options != NULL)
        dredis__opt_int(&w, "IDLE", options->idle);
    dredis__put(&w, start);
    dredis__put(&w, end);
    dredis__put(&w, diesel_int(count));
    if (options != NULL)
        dredis__opt_value(&w, NULL, options->consumer);
    dredis_reply *reply = dredis__ask_reply(client, w.args, w.n, DREDIS__LIST,
                                            err);
    dredis__words_end(&w);
    return reply;
}

dredis_reply *dredis_xrange(dredis *client, diesel_value key,
                            diesel_value start, diesel_value end,
                            const dredis_xrange_options *options,
                            diesel_error *err)
{
    dredis__words w;
    dredis__words_begin(&w);
    dredis__put(&w, WORD_OF("XRANGE"));
    dredis__put(&w, key);
    dredis__put(&w, start);
    dredis__put(&w, end);
    if (options != NULL)
        dredis__opt_int(&w, "COUNT", options->count);
    dredis_reply *reply = dredis__ask_reply(client, w.args, w.n, DREDIS__LIST,
                                            err);
    dredis__words_end(&w);
    return reply;
}

dredis_reply *dredis_xread(dredis *client, const diesel_value *keys,
                           const diesel_value *ids, size_t n,
                           const dredis_xread_options *options,
                           diesel_error *err)
{
    dredis__words w;
    dredis__words_begin(&w);
    dredis__put(&w, WORD_OF("XREAD"));
    if (options != NULL) {
        dredis__opt_int(&w, "COUNT", options->count);
        dredis__opt_value(&w, "BLOCK", options->block);
    }
    dredis__put(&w, WORD_OF("STREAMS"));
    dredis__put_all(&w, keys, n);
    dredis__put_all(&w, ids, n);
    dredis_reply *reply = dredis__ask_reply(client, w.args, w.n, DREDIS__ANY,
                                            err);
    dredis__words_end(&w);
    return reply;
}

dredis_reply *dredis_xreadgroup(dredis *client, diesel_value group,
                                diesel_value consumer, const diesel_value *keys,
                                const diesel_value *ids, size_t n,
                                const dredis_xreadgroup_options *options,
                                diesel_error *err)
{
    dredis__words w;
    dredis__words_begin(&w);
    dredis__put(&w, WORD_OF("XREADGROUP"));
    dredis__put(&w, WORD_OF("GROUP"));
    dredis__put(&w, group);
    dredis__put(&w, consumer);
    if (options != NULL) {
        dredis__opt_int(&w, "COUNT", options->count);
        dredis__opt_value(&w, "BLOCK", options->block);
        dredis__opt_flag(&w, "NOACK", options->noack);
    }
    dredis__put(&w, WORD_OF("STREAMS"));
    dredis__put_all(&w, keys, n);
    dredis__put_all(&w, ids, n);
    dredis_reply *reply = dredis__ask_reply(client, w.args, w.n, DREDIS__ANY,
                                            err);
    dredis__words_end(&w);
    return reply;
}

dredis_reply *dredis_xrevrange(dredis *client, diesel_value key,
                               diesel_value end, diesel_value start,
                               const dredis_xrevrange_options *options,
                               diesel_error *err)
{
    dredis__words w;
    dredis__words_begin(&w);
    dredis__put(&w, WORD_OF("XREVRANGE"));
    dredis__put(&w, key);
    dredis__put(&w, end);
    dredis__put(&w, start);
    if (options != NULL)
        dredis__opt_int(&w, "COUNT", options->count);
    dredis_reply *reply = dredis__ask_reply(client, w.args, w.n, DREDIS__LIST,
                                            err);
    dredis__words_end(&w);
    return reply;
}

int dredis_xsetid(dredis *client, diesel_value key, diesel_value last_id,
                  const dredis_xsetid_options *options, diesel_error *err)
{
    dredis__words w;
    dredis__words_begin(&w);
    dredis__put(&w, WORD_OF("XSETID"));
    dredis__put(&w, key);
    dredis__put(&w, last_id);
    if (options != NULL) {
        dredis__opt_int(&w, "ENTRIESADDED", options->entriesadded);
        dredis__opt_value(&w, "MAXDELETEDID", options->maxdeletedid);
    }
    int result = dredis__ask_ok(client, w.args, w.n, err);
    dredis__words_end(&w);
    return result;
}

int dredis_xtrim(dredis *client, diesel_value key,
                 const dredis_xtrim_options *options, int64_t *deleted,
                 diesel_error *err)
{
    dredis__words w;
    dredis__words_begin(&w);
    dredis__put(&w, WORD_OF("XTRIM"));
    dredis__put(&w, key);
    if (options != NULL) {
        dredis__put_trim(&w, options->maxlen, options->minid, options->nearly,
                         options->limit);
    }
    int result = dredis__ask_int(client, w.args, w.n, deleted, err);
    dredis__words_end(&w);
    return result;
}

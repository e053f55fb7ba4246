/* SPDX-License-Identifier: MIT */
/*
 * Sorted sets: members in the order of their scores.
 *
 * Each function puts its arguments in their places and reads the reply as a C
 * value. Written by redis/generate/commands.py; it is not edited.
 */
#define DREDIS_FUNCTIONS_ONLY
#include <diesel/redis_sorted_sets.h>

#include "typed_internal.h"

dredis_reply *dredis_bzmpop(dredis *client, double timeout,
                            const diesel_value *keys, size_t n,
                            dredis_extreme where,
                            const dredis_bzmpop_options *options,
                            diesel_error *err)
{
    dredis__words w;
    dredis__words_begin(&w);
    dredis__put(&w, WORD_OF("BZMPOP"));
    dredis__put(&w, diesel_double(timeout));
    dredis__put(&w, diesel_uint(n));
    dredis__put_all(&w, keys, n);
    dredis__put(&w, dredis__extreme_word(where));
    if (options != NULL)
        dredis__opt_int(&w, "COUNT", options->count);
    dredis_reply *reply = dredis__ask_reply(client, w.args, w.n,
                                            DREDIS__LIST_OR_NIL, err);
    dredis__words_end(&w);
    return reply;
}

dredis_reply *dredis_bzpopmax(dredis *client, const diesel_value *keys,
                              size_t n, double timeout, diesel_error *err)
{
    dredis__words w;
    dredis__words_begin(&w);
    dredis__put(&w, WORD_OF("BZPOPMAX"));
    dredis__put_all(&w, keys, n);
    dredis__put(&w, diesel_double(timeout));
    dredis_reply *reply = dredis__ask_reply(client, w.args, w.n,
                                            DREDIS__LIST_OR_NIL, err);
    dredis__words_end(&w);
    return reply;
}

dredis_reply *dredis_bzpopmin(dredis *client, const diesel_value *keys,
                              size_t n, double timeout, diesel_error *err)
{
    dredis__words w;
    dredis__words_begin(&w);
    dredis__put(&w, WORD_OF("BZPOPMIN"));
    dredis__put_all(&w, keys, n);
    dredis__put(&w, diesel_double(timeout));
    dredis_reply *reply = dredis__ask_reply(client, w.args, w.n,
                                            DREDIS__LIST_OR_NIL, err);
    dredis__words_end(&w);
    return reply;
}

int dredis_zadd(dredis *client, diesel_value key, const diesel_value *values,
                size_t n, const dredis_zadd_options *options, int64_t *added,
                diesel_error *err)
{
    dredis__words w;
    dredis__words_begin(&w);
    dredis__put(&w, WORD_OF("ZADD"));
    dredis__put(&w, key);
    if (options != NULL) {
        dredis__opt_flag(&w, "NX", options->nx);
        dredis__opt_flag(&w, "XX", options->xx);
        dredis__opt_flag(&w, "GT", options->gt);
        dredis__opt_flag(&w, "LT", options->lt);
        dredis__opt_flag(&w, "CH", options->ch);
    }
    dredis__put_all(&w, values, n);
    int result = dredis__ask_int(client, w.args, w.n, added, err);
    dredis__words_end(&w);
    return result;
}

int dredis_zadd_incr(dredis *client, diesel_value key,
                     const diesel_value *values, size_t n,
                     const dredis_zadd_incr_options *options, double *now,
                     diesel_error *err)
{
    dredis__words w;
    dredis__words_begin(&w);
    dredis__put(&w, WORD_OF("ZADD"));
    dredis__put(&w, key);
    if (options != NULL) {
        dredis__opt_flag(&w, "NX", options->nx);
        dredis__opt_flag(&w, "XX", options->xx);
        dredis__opt_flag(&w, "GT", options->gt);
        dredis__opt_flag(&w, "LT", options->lt);
        dredis__opt_flag(&w, "CH", options->ch);
    }
    dredis__put(&w, WORD_OF("INCR"));
    dredis__put_all(&w, values, n);
    int result = dredis__ask_double_or_nil(client, w.args, w.n, now, err);
    dredis__words_end(&w);
    return result;
}

int dredis_zcard(dredis *client, diesel_value key, int64_t *count,
                 diesel_error *err)
{
    const diesel_value args[] = {WORD("ZCARD"), key};
    return dredis__ask_int(client, args, COUNT(args), count, err);
}

int dredis_zcount(dredis *client, diesel_value key, diesel_value min,
                  diesel_value max, int64_t *count, diesel_error *err)
{
    const diesel_value args[] = {WORD("ZCOUNT"), key, min, max};
    return dredis__ask_int(client, args, COUNT(args), count, err);
}

dredis_reply *dredis_zdiff(dredis *client, const diesel_value *keys, size_t n,
                           diesel_error *err)
{
    dredis__words w;
    dredis__words_begin(&w);
    dredis__put(&w, WORD_OF("ZDIFF"));
    dredis__put(&w, diesel_uint(n));
    dredis__put_all(&w, keys, n);
    dredis_reply *reply = dredis__ask_reply(client, w.args, w.n, DREDIS__LIST,
                                            err);
    dredis__words_end(&w);
    return reply;
}

dredis_reply *dredis_zdiff_scores(dredis *client, const diesel_value *keys,
                                  size_t n, diesel_error *err)
{
    dredis__words w;
    dredis__words_begin(&w);
    dredis__put(&w, WORD_OF("ZDIFF"));
    dredis__put(&w, diesel_uint(n));
    dredis__put_all(&w, keys, n);
    dredis__put(&w, WORD_OF("WITHSCORES"));
    dredis_reply *reply = dredis__ask_reply(client, w.args, w.n, DREDIS__LIST,
                                            err);
    dredis__words_end(&w);
    return reply;
}

int dredis_zdiffstore(dredis *client, diesel_value destination,
                      const diesel_value *keys, size_t n, int64_t *stored,
                      diesel_error *err)
{
    dredis__words w;
    dredis__words_begin(&w);
    dredis__put(&w, WORD_OF("ZDIFFSTORE"));
    dredis__put(&w, destination);
    dredis__put(&w, diesel_uint(n));
    dredis__put_all(&w, keys, n);
    int result = dredis__ask_int(client, w.args, w.n, stored, err);
    dredis__words_end(&w);
    return result;
}

int dredis_zincrby(dredis *client, diesel_value key, int64_t increment,
                   diesel_value member, double *now, diesel_error *err)
{
    const diesel_value args[] = {WORD("ZINCRBY"), key, diesel_int(increment),
                                 member};
    return dredis__ask_double(client, args, COUNT(args), now, err);
}

dredis_reply *dredis_zinter(dredis *client, const diesel_value *keys, size_t n,
                            const dredis_zinter_options *options,
                            diesel_error *err)
{
    dredis__words w;
    dredis__words_begin(&w);
    dredis__put(&w, WORD_OF("ZINTER"));
    dredis__put(&w, diesel_uint(n));
    dredis__put_all(&w, keys, n);
    if (options != NULL) {
        dredis__opt_array(&w, "WEIGHTS", options->weights, options->n_weights);
        dredis__opt_text(&w, "AGGREGATE", options->aggregate);
    }
    dredis_reply *reply = dredis__ask_reply(client, w.args, w.n, DREDIS__LIST,
                                            err);
    dredis__words_end(&w);
    return reply;
}

dredis_reply *dredis_zinter_scores(dredis *client, const diesel_value *keys,
                                   size_t n,
                                   const dredis_zinter_scores_options *options,
                                   diesel_error *err)
{
    dredis__words w;
    dredis__words_begin(&w);
    dredis__put(&w, WORD_OF("ZINTER"));
    dredis__put(&w, diesel_uint(n));
    dredis__put_all(&w, keys, n);
    if (options != NULL) {
        dredis__opt_array(&w, "WEIGHTS", options->weights, options->n_weights);
        dredis__opt_text(&w, "AGGREGATE", options->aggregate);
    }
    dredis__put(&w, WORD_OF("WITHSCORES"));
    dredis_reply *reply = dredis__ask_reply(client, w.args, w.n, DREDIS__LIST,
                                            err);
    dredis__words_end(&w);
    return reply;
}

int dredis_zintercard(dredis *client, const diesel_value *keys, size_t n,
                      const dredis_zintercard_options *options, int64_t *count,
                      diesel_error *err)
{
    dredis__words w;
    dredis__words_begin(&w);
    dredis__put(&w, WORD_OF("ZINTERCARD"));
    dredis__put(&w, diesel_uint(n));
    dredis__put_all(&w, keys, n);
    if (options != NULL)
        dredis__opt_int(&w, "LIMIT", options->limit);
    int result = dredis__ask_int(client, w.args, w.n, count, err);
    dredis__words_end(&w);
    return result;
}

int dredis_zinterstore(dredis *client, diesel_value destination,
                       const diesel_value *keys, size_t n,
                       const dredis_zinterstore_options *options,
                       int64_t *stored, diesel_error *err)
{
    dredis__words w;
    dredis__words_begin(&w);
    dredis__put(&w, WORD_OF("ZINTERSTORE"));
    dredis__put(&w, destination);
    dredis__put(&w, diesel_uint(n));
    dredis__put_all(&w, keys, n);
    if (options != NULL) {
        dredis__opt_array(&w, "WEIGHTS", options->weights, options->n_weights);
        dredis__opt_text(&w, "AGGREGATE", options->aggregate);
    }
    int result = dredis__ask_int(client, w.args, w.n, stored, err);
    dredis__words_end(&w);
    return result;
}

int dredis_zlexcount(dredis *client, diesel_value key, diesel_value min,
                     diesel_value max, int64_t *count, diesel_error *err)
{
    const diesel_value args[] = {WORD("ZLEXCOUNT"), key, min, max};
    return dredis__ask_int(client, args, COUNT(args), count, err);
}

dredis_reply *dredis_zmpop(dredis *client, const diesel_value *keys, size_t n,
                           dredis_extreme where,
                           const dredis_zmpop_options *options,
                           diesel_error *err)
{
    dredis__words w;
    dredis__words_begin(&w);
    dredis__put(&w, WORD_OF("ZMPOP"));
    dredis__put(&w, diesel_uint(n));
    dredis__put_all(&w, keys, n);
    dredis__put(&w, dredis__extreme_word(where));
    if (options != NULL)
        dredis__opt_int(&w, "COUNT", options->count);
    dredis_reply *reply = dredis__ask_reply(client, w.args, w.n,
                                            DREDIS__LIST_OR_NIL, err);
    dredis__words_end(&w);
    return reply;
}

dredis_reply *dredis_zmscore(dredis *client, diesel_value key,
                             const diesel_value *members, size_t n,
                             diesel_error *err)
{
    dredis__words w;
    dredis__words_begin(&w);
    dredis__put(&w, WORD_OF("ZMSCORE"));
    dredis__put(&w, key);
    dredis__put_all(&w, members, n);
    dredis_reply *reply = dredis__ask_reply(client, w.args, w.n, DREDIS__LIST,
                                            err);
    dredis__words_end(&w);
    return reply;
}

dredis_reply *dredis_zpopmax(dredis *client, diesel_value key,
                             diesel_error *err)
{
    const diesel_value args[] = {WORD("ZPOPMAX"), key};
    return dredis__ask_reply(client, args, COUNT(args), DREDIS__LIST, err);
}

dredis_reply *dredis_zpopmax_count(dredis *client, diesel_value key,
                                   int64_t count, diesel_error *err)
{
    const diesel_value args[] = {WORD("ZPOPMAX"), key, diesel_int(count)};
    return dredis__ask_reply(client, args, COUNT(args), DREDIS__LIST, err);
}

dredis_reply *dredis_zpopmin(dredis *client, diesel_value key,
                             diesel_error *err)
{
    const diesel_value args[] = {WORD("ZPOPMIN"), key};
    return dredis__ask_reply(client, args, COUNT(args), DREDIS__LIST, err);
}

dredis_reply *dredis_zpopmin_count(dredis *client, diesel_value key,
                                   int64_t count, diesel_error *err)
{
    const diesel_value args[] = {WORD("ZPOPMIN"), key, diesel_int(count)};
    return dredis__ask_reply(client, args, COUNT(args), DREDIS__LIST, err);
}

int dredis_zrandmember(dredis *client, diesel_value key, char **value,
                       size_t *len, diesel_error *err)
{
    const diesel_value args[] = {WORD("ZRANDMEMBER"), key};
    return dredis__ask_text_or_nil(client, args, COUNT(args), value, len, err);
}

dredis_reply *dredis_zrandmember_count(dredis *client, diesel_value key,
                                       int64_t count, diesel_error *err)
{
    const diesel_value args[] = {WORD("ZRANDMEMBER"), key, diesel_int(count)};
    return dredis__ask_reply(client, args, COUNT(args), DREDIS__LIST, err);
}

dredis_reply *dredis_zrandmember_scores(dredis *client, diesel_value key,
                                        int64_t count, diesel_error *err)
{
    const diesel_value args[] = {WORD("ZRANDMEMBER"), key, diesel_int(count),
                                 WORD("WITHSCORES")};
    return dredis__ask_reply(client, args, COUNT(args), DREDIS__LIST, err);
}

dredis_reply *dredis_zrange(dredis *client, diesel_value key,
                            diesel_value start, diesel_value stop,
                            const dredis_zrange_options *options,
                            diesel_error *err)
{
    dredis__words w;
    dredis__words_begin(&w);
    dredis__put(&w, WORD_OF("ZRANGE"));
    dredis__put(&w, key);
    dredis__put(&w, start);
    dredis__put(&w, stop);
    if (options != NULL) {
        dredis__opt_flag(&w, "BYSCORE", options->byscore);
        dredis__opt_flag(&w, "BYLEX", options->bylex);
        dredis__opt_flag(&w, "REV", options->rev);
        dredis__put_range(&w, "LIMIT", options->limit_offset,
                          options->limit_count);
    }
    dredis_reply *reply = dredis__ask_reply(client, w.args, w.n, DREDIS__LIST,
                                            err);
    dredis__words_end(&w);
    return reply;
}

dredis_reply *dredis_zrange_scores(dredis *client, diesel_value key,
                                   diesel_value start, diesel_value stop,
                                   const dredis_zrange_scores_options *options,
                                   diesel_error *err)
{
    dredis__words w;
    dredis__words_begin(&w);
    dredis__put(&w, WORD_OF("ZRANGE"));
    dredis__put(&w, key);
    dredis__put(&w, start);
    dredis__put(&w, stop);
    if (options != NULL) {
        dredis__opt_flag(&w, "BYSCORE", options->byscore);
        dredis__opt_flag(&w, "BYLEX", options->bylex);
        dredis__opt_flag(&w, "REV", options->rev);
        dredis__put_range(&w, "LIMIT", options->limit_offset,
                          options->limit_count);
    }
    dredis__put(&w, WORD_OF("WITHSCORES"));
    dredis_reply *reply = dredis__ask_reply(client, w.args, w.n, DREDIS__LIST,
                                            err);
    dredis__words_end(&w);
    return reply;
}

int dredis_zrangestore(dredis *client, diesel_value dst, diesel_value src,
                       diesel_value min, diesel_value max,
                       const dredis_zrangestore_options *options,
                       int64_t *stored, diesel_error *err)
{
    dredis__words w;
    dredis__words_begin(&w);
    dredis__put(&w, WORD_OF("ZRANGESTORE"));
    dredis__put(&w, dst);
    dredis__put(&w, src);
    dredis__put(&w, min);
    dredis__put(&w, max);
    if (options != NULL) {
        dredis__opt_flag(&w, "BYSCORE", options->byscore);
        dredis__opt_flag(&w, "BYLEX", options->bylex);
        dredis__opt_flag(&w, "REV", options->rev);
        dredis__put_range(&w, "LIMIT", options->limit_offset,
                          options->limit_count);
    }
    int result = dredis__ask_int(client, w.args, w.n, stored, err);
    dredis__words_end(&w);
    return result;
}

int dredis_zrank(dredis *client, diesel_value key, diesel_value member,
                 int64_t *rank, diesel_error *err)
{
    const diesel_value args[] = {WORD("ZRANK"), key, member};
    return dredis__ask_int_or_nil(client, args, COUNT(args), rank, err);
}

int dredis_zrem(dredis *client, diesel_value key, const diesel_value *members,
                size_t n, int64_t *removed, diesel_error *err)
{
    dredis__words w;
    dredis__words_begin(&w);
    dredis__put(&w, WORD_OF("ZREM"));
    dredis__put(&w, key);
    dredis__put_all(&w, members, n);
    int result = dredis__ask_int(client, w.args, w.n, removed, err);
    dredis__words_end(&w);
    return result;
}

int dredis_zremrangebylex(dredis *client, diesel_value key, diesel_value min,
                          diesel_value max, int64_t *removed, diesel_error *err)
{
    const diesel_value args[] = {WORD("ZREMRANGEBYLEX"), key, min, max};
    return dredis__ask_int(client, args, COUNT(args), removed, err);
}

int dredis_zremrangebyrank(dredis *client, diesel_value key, int64_t start,
                           int64_t stop, int64_t *removed, diesel_error *err)
{
    const diesel_value args[] = {WORD("ZREMRANGEBYRANK"), key,
                                 diesel_int(start), diesel_int(stop)};
    return dredis__ask_int(client, args, COUNT(args), removed, err);
}

int dredis_zremrangebyscore(dredis *client, diesel_value key, diesel_value min,
                            diesel_value max, int64_t *removed,
                            diesel_error *err)
{
    const diesel_value args[] = {WORD("ZREMRANGEBYSCORE"), key, min, max};
    return dredis__ask_int(client, args, COUNT(args), removed, err);
}

int dredis_zrevrank(dredis *client, diesel_value key, diesel_value member,
                    int64_t *rank, diesel_error *err)
{
    const diesel_value args[] = {WORD("ZREVRANK"), key, member};
    return dredis__ask_int_or_nil(client, args, COUNT(args), rank, err);
}

int dredis_zscore(dredis *client, diesel_value key, diesel_value member,
                  double *score, diesel_error *err)
{
    const diesel_value args[] = {WORD("ZSCORE"), key, member};
    return dredis__ask_double_or_nil(client, args, COUNT(args), score, err);
}

dredis_reply *dredis_zunion(dredis *client, const diesel_value *keys, size_t n,
                            const dredis_zunion_options *options,
                            diesel_error *err)
{
    dredis__words w;
    dredis__words_begin(&w);
    dredis__put(&w, WORD_OF("ZUNION"));
    dredis__put(&w, diesel_uint(n));
    dredis__put_all(&w, keys, n);
    if (options != NULL) {
        dredis__opt_array(&w, "WEIGHTS", options->weights, options->n_weights);
        dredis__opt_text(&w, "AGGREGATE", options->aggregate);
    }
    dredis_reply *reply = dredis__ask_reply(client, w.args, w.n, DREDIS__LIST,
                                            err);
    dredis__words_end(&w);
    return reply;
}

dredis_reply *dredis_zunion_scores(dredis *client, const diesel_value *keys,
                                   size_t n,
                                   const dredis_zunion_scores_options *options,
                                   diesel_error *err)
{
    dredis__words w;
    dredis__words_begin(&w);
    dredis__put(&w, WORD_OF("ZUNION"));
    dredis__put(&w, diesel_uint(n));
    dredis__put_all(&w, keys, n);
    if (options != NULL) {
        dredis__opt_array(&w, "WEIGHTS", options->weights, options->n_weights);
        dredis__opt_text(&w, "AGGREGATE", options->aggregate);
    }
    dredis__put(&w, WORD_OF("WITHSCORES"));
    dredis_reply *reply = dredis__ask_reply(client, w.args, w.n, DREDIS__LIST,
                                            err);
    dredis__words_end(&w);
    return reply;
}

int dredis_zunionstore(dredis *client, diesel_value destination,
                       const diesel_value *keys, size_t n,
                       const dredis_zunionstore_options *options,
                       int64_t *stored, diesel_error *err)
{
    dredis__words w;
    dredis__words_begin(&w);
    dredis__put(&w, WORD_OF("ZUNIONSTORE"));
    dredis__put(&w, destination);
    dredis__put(&w, diesel_uint(n));
    dredis__put_all(&w, keys, n);
    if (options != NULL) {
        dredis__opt_array(&w, "WEIGHTS", options->weights, options->n_weights);
        dredis__opt_text(&w, "AGGREGATE", options->aggregate);
    }
    int result = dredis__ask_int(client, w.args, w.n, stored, err);
    dredis__words_end(&w);
    return result;
}

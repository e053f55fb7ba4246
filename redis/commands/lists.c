/* SPDX-License-Identifier: MIT */
/*
 * Lists: elements in order, taken from and put to both ends.
 *
 * Each function puts its arguments in their places and reads the reply as a C
 * value. Written by redis/generate/commands.py; it is not edited.
 */
#define DREDIS_FUNCTIONS_ONLY
#include <diesel/redis_lists.h>

#include "typed_internal.h"

int dredis_blmove(dredis *client, diesel_value source, diesel_value destination,
                  dredis_end wherefrom, dredis_end whereto, double timeout,
                  char **value, size_t *len, diesel_error *err)
{
    const diesel_value args[] = {WORD("BLMOVE"), source, destination,
                                 dredis__end_word(wherefrom),
                                 dredis__end_word(whereto),
                                 diesel_double(timeout)};
    return dredis__ask_text_or_nil(client, args, COUNT(args), value, len, err);
}

dredis_reply *dredis_blmpop(dredis *client, double timeout,
                            const diesel_value *keys, size_t n,
                            dredis_end where,
                            const dredis_blmpop_options *options,
                            diesel_error *err)
{
    dredis__words w;
    dredis__words_begin(&w);
    dredis__put(&w, WORD_OF("BLMPOP"));
    dredis__put(&w, diesel_double(timeout));
    dredis__put(&w, diesel_uint(n));
    dredis__put_all(&w, keys, n);
    dredis__put(&w, dredis__end_word(where));
    if (options != NULL)
        dredis__opt_int(&w, "COUNT", options->count);
    dredis_reply *reply = dredis__ask_reply(client, w.args, w.n,
                                            DREDIS__LIST_OR_NIL, err);
    dredis__words_end(&w);
    return reply;
}

dredis_reply *dredis_blpop(dredis *client, const diesel_value *keys, size_t n,
                           double timeout, diesel_error *err)
{
    dredis__words w;
    dredis__words_begin(&w);
    dredis__put(&w, WORD_OF("BLPOP"));
    dredis__put_all(&w, keys, n);
    dredis__put(&w, diesel_double(timeout));
    dredis_reply *reply = dredis__ask_reply(client, w.args, w.n,
                                            DREDIS__LIST_OR_NIL, err);
    dredis__words_end(&w);
    return reply;
}

dredis_reply *dredis_brpop(dredis *client, const diesel_value *keys, size_t n,
                           double timeout, diesel_error *err)
{
    dredis__words w;
    dredis__words_begin(&w);
    dredis__put(&w, WORD_OF("BRPOP"));
    dredis__put_all(&w, keys, n);
    dredis__put(&w, diesel_double(timeout));
    dredis_reply *reply = dredis__ask_reply(client, w.args, w.n,
                                            DREDIS__LIST_OR_NIL, err);
    dredis__words_end(&w);
    return reply;
}

int dredis_lindex(dredis *client, diesel_value key, int64_t index, char **value,
                  size_t *len, diesel_error *err)
{
    const diesel_value args[] = {WORD("LINDEX"), key, diesel_int(index)};
    return dredis__ask_text_or_nil(client, args, COUNT(args), value, len, err);
}

int dredis_linsert(dredis *client, diesel_value key, dredis_side where,
                   diesel_value pivot, diesel_value element, int64_t *length,
                   diesel_error *err)
{
    const diesel_value args[] = {WORD("LINSERT"), key, dredis__side_word(where),
                                 pivot, element};
    return dredis__ask_int(client, args, COUNT(args), length, err);
}

int dredis_llen(dredis *client, diesel_value key, int64_t *length,
                diesel_error *err)
{
    const diesel_value args[] = {WORD("LLEN"), key};
    return dredis__ask_int(client, args, COUNT(args), length, err);
}

int dredis_lmove(dredis *client, diesel_value source, diesel_value destination,
                 dredis_end wherefrom, dredis_end whereto, char **value,
                 size_t *len, diesel_error *err)
{
    const diesel_value args[] = {WORD("LMOVE"), source, destination,
                                 dredis__end_word(wherefrom),
                                 dredis__end_word(whereto)};
    return dredis__ask_text_or_nil(client, args, COUNT(args), value, len, err);
}

dredis_reply *dredis_lmpop(dredis *client, const diesel_value *keys, size_t n,
                           dredis_end where,
                           const dredis_lmpop_options *options,
                           diesel_error *err)
{
    dredis__words w;
    dredis__words_begin(&w);
    dredis__put(&w, WORD_OF("LMPOP"));
    dredis__put(&w, diesel_uint(n));
    dredis__put_all(&w, keys, n);
    dredis__put(&w, dredis__end_word(where));
    if (options != NULL)
        dredis__opt_int(&w, "COUNT", options->count);
    dredis_reply *reply = dredis__ask_reply(client, w.args, w.n,
                                            DREDIS__LIST_OR_NIL, err);
    dredis__words_end(&w);
    return reply;
}

int dredis_lpop(dredis *client, diesel_value key, char **value, size_t *len,
                diesel_error *err)
{
    const diesel_value args[] = {WORD("LPOP"), key};
    return dredis__ask_text_or_nil(client, args, COUNT(args), value, len, err);
}

dredis_reply *dredis_lpop_count(dredis *client, diesel_value key, int64_t count,
                                diesel_error *err)
{
    const diesel_value args[] = {WORD("LPOP"), key, diesel_int(count)};
    return dredis__ask_reply(client, args, COUNT(args), DREDIS__LIST_OR_NIL,
                             err);
}

int dredis_lpos(dredis *client, diesel_value key, diesel_value element,
                const dredis_lpos_options *options, int64_t *index,
                diesel_error *err)
{
    dredis__words w;
    dredis__words_begin(&w);
    dredis__put(&w, WORD_OF("LPOS"));
    dredis__put(&w, key);
    dredis__put(&w, element);
    if (options != NULL) {
        dredis__opt_int(&w, "RANK", options->rank);
        dredis__opt_int(&w, "MAXLEN", options->maxlen);
    }
    int result = dredis__ask_int_or_nil(client, w.args, w.n, index, err);
    dredis__words_end(&w);
    return result;
}

dredis_reply *dredis_lpos_all(dredis *client, diesel_value key,
                              diesel_value element, int64_t num_matches,
                              const dredis_lpos_all_options *options,
                              diesel_error *err)
{
    dredis__words w;
    dredis__words_begin(&w);
    dredis__put(&w, WORD_OF("LPOS"));
    dredis__put(&w, key);
    dredis__put(&w, element);
    if (options != NULL)
        dredis__opt_int(&w, "RANK", options->rank);
    dredis__put(&w, WORD_OF("COUNT"));
    dredis__put(&w, diesel_int(num_matches));
    if (options != NULL)
        dredis__opt_int(&w, "MAXLEN", options->maxlen);
    dredis_reply *reply = dredis__ask_reply(client, w.args, w.n, DREDIS__LIST,
                                            err);
    dredis__words_end(&w);
    return reply;
}

int dredis_lpush(dredis *client, diesel_value key, const diesel_value *elements,
                 size_t n, int64_t *length, diesel_error *err)
{
    dredis__words w;
    dredis__words_begin(&w);
    dredis__put(&w, WORD_OF("LPUSH"));
    dredis__put(&w, key);
    dredis__put_all(&w, elements, n);
    int result = dredis__ask_int(client, w.args, w.n, length, err);
    dredis__words_end(&w);
    return result;
}

int dredis_lpushx(dredis *client, diesel_value key,
                  const diesel_value *elements, size_t n, int64_t *length,
                  diesel_error *err)
{
    dredis__words w;
    dredis__words_begin(&w);
    dredis__put(&w, WORD_OF("LPUSHX"));
    dredis__put(&w, key);
    dredis__put_all(&w, elements, n);
    int result = dredis__ask_int(client, w.args, w.n, length, err);
    dredis__words_end(&w);
    return result;
}

dredis_reply *dredis_lrange(dredis *client, diesel_value key, int64_t start,
                            int64_t stop, diesel_error *err)
{
    const diesel_value args[] = {WORD("LRANGE"), key, diesel_int(start),
                                 diesel_int(stop)};
    return dredis__ask_reply(client, args, COUNT(args), DREDIS__LIST, err);
}

int dredis_lrem(dredis *client, diesel_value key, int64_t count,
                diesel_value element, int64_t *removed, diesel_error *err)
{
    const diesel_value args[] = {WORD("LREM"), key, diesel_int(count), element};
    return dredis__ask_int(client, args, COUNT(args), removed, err);
}

int dredis_lset(dredis *client, diesel_value key, int64_t index,
                diesel_value element, diesel_error *err)
{
    const diesel_value args[] = {WORD("LSET"), key, diesel_int(index), element};
    return dredis__ask_ok(client, args, COUNT(args), err);
}

int dredis_ltrim(dredis *client, diesel_value key, int64_t start, int64_t stop,
                 diesel_error *err)
{
    const diesel_value args[] = {WORD("LTRIM"), key, diesel_int(start),
                                 diesel_int(stop)};
    return dredis__ask_ok(client, args, COUNT(args), err);
}

int dredis_rpop(dredis *client, diesel_value key, char **value, size_t *len,
                diesel_error *err)
{
    const diesel_value args[] = {WORD("RPOP"), key};
    return dredis__ask_text_or_nil(client, args, COUNT(args), value, len, err);
}

dredis_reply *dredis_rpop_count(dredis *client, diesel_value key, int64_t count,
                                diesel_error *err)
{
    const diesel_value args[] = {WORD("RPOP"), key, diesel_int(count)};
    return dredis__ask_reply(client, args, COUNT(args), DREDIS__LIST_OR_NIL,
                             err);
}

int dredis_rpush(dredis *client, diesel_value key, const diesel_value *elements,
                 size_t n, int64_t *length, diesel_error *err)
{
    dredis__words w;
    dredis__words_begin(&w);
    dredis__put(&w, WORD_OF("RPUSH"));
    dredis__put(&w, key);
    dredis__put_all(&w, elements, n);
    int result = dredis__ask_int(client, w.args, w.n, length, err);
    dredis__words_end(&w);
    return result;
}

int dredis_rpushx(dredis *client, diesel_value key,
                  const diesel_value *elements, size_t n, int64_t *length,
                  diesel_error *err)
{
    dredis__words w;
    dredis__words_begin(&w);
    dredis__put(&w, WORD_OF("RPUSHX"));
    dredis__put(&w, key);
    dredis__put_all(&w, elements, n);
    int result = dredis__ask_int(client, w.args, w.n, length, err);
    dredis__words_end(&w);
    return result;
}

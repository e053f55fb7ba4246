/* SPDX-License-Identifier: MIT */
/*
 * Strings: values of bytes, counted up or down if they are numbers.
 *
 * Each function puts its arguments in their places and reads the reply as a C
 * value. Written by redis/generate/commands.py; it is not edited.
 */
#define DREDIS_FUNCTIONS_ONLY
#include <diesel/redis_strings.h>

#include "typed_internal.h"

int dredis_append(dredis *client, diesel_value key, diesel_value value,
                  int64_t *length, diesel_error *err)
{
    const diesel_value args[] = {WORD("APPEND"), key, value};
    return dredis__ask_int(client, args, COUNT(args), length, err);
}

int dredis_decr(dredis *client, diesel_value key, int64_t *now,
                diesel_error *err)
{
    const diesel_value args[] = {WORD("DECR"), key};
    return dredis__ask_int(client, args, COUNT(args), now, err);
}

int dredis_decrby(dredis *client, diesel_value key, int64_t decrement,
                  int64_t *now, diesel_error *err)
{
    const diesel_value args[] = {WORD("DECRBY"), key, diesel_int(decrement)};
    return dredis__ask_int(client, args, COUNT(args), now, err);
}

int dredis_get(dredis *client, diesel_value key, char **value, size_t *len,
               diesel_error *err)
{
    const diesel_value args[] = {WORD("GET"), key};
    return dredis__ask_text_or_nil(client, args, COUNT(args), value, len, err);
}

int dredis_getdel(dredis *client, diesel_value key, char **value, size_t *len,
                  diesel_error *err)
{
    const diesel_value args[] = {WORD("GETDEL"), key};
    return dredis__ask_text_or_nil(client, args, COUNT(args), value, len, err);
}

int dredis_getex(dredis *client, diesel_value key,
                 const dredis_getex_options *options, char **value, size_t *len,
                 diesel_error *err)
{
    dredis__words w;
    dredis__words_begin(&w);
    dredis__put(&w, WORD_OF("GETEX"));
    dredis__put(&w, key);
    if (options != NULL) {
        dredis__opt_int(&w, "EX", options->ex);
        dredis__opt_int(&w, "PX", options->px);
        dredis__opt_int(&w, "EXAT", options->exat);
        dredis__opt_int(&w, "PXAT", options->pxat);
        dredis__opt_flag(&w, "PERSIST", options->persist);
    }
    int result = dredis__ask_text_or_nil(client, w.args, w.n, value, len, err);
    dredis__words_end(&w);
    return result;
}

int dredis_getrange(dredis *client, diesel_value key, int64_t start,
                    int64_t end, char **value, size_t *len, diesel_error *err)
{
    const diesel_value args[] = {WORD("GETRANGE"), key, diesel_int(start),
                                 diesel_int(end)};
    return dredis__ask_text(client, args, COUNT(args), value, len, err);
}

int dredis_incr(dredis *client, diesel_value key, int64_t *now,
                diesel_error *err)
{
    const diesel_value args[] = {WORD("INCR"), key};
    return dredis__ask_int(client, args, COUNT(args), now, err);
}

int dredis_incrby(dredis *client, diesel_value key, int64_t increment,
                  int64_t *now, diesel_error *err)
{
    const diesel_value args[] = {WORD("INCRBY"), key, diesel_int(increment)};
    return dredis__ask_int(client, args, COUNT(args), now, err);
}

int dredis_incrbyfloat(dredis *client, diesel_value key, double increment,
                       double *now, diesel_error *err)
{
    const diesel_value args[] = {WORD("INCRBYFLOAT"), key,
                                 diesel_double(increment)};
    return dredis__ask_double(client, args, COUNT(args), now, err);
}

int dredis_lcs(dredis *client, diesel_value key1, diesel_value key2,
               char **value, size_t *len, diesel_error *err)
{
    const diesel_value args[] = {WORD("LCS"), key1, key2};
    return dredis__ask_text(client, args, COUNT(args), value, len, err);
}

int dredis_lcs_len(dredis *client, diesel_value key1, diesel_value key2,
                   int64_t *length, diesel_error *err)
{
    const diesel_value args[] = {WORD("LCS"), key1, key2, WORD("LEN")};
    return dredis__ask_int(client, args, COUNT(args), length, err);
}

dredis_reply *dredis_mget(dredis *client, const diesel_value *keys, size_t n,
                          diesel_error *err)
{
    dredis__words w;
    dredis__words_begin(&w);
    dredis__put(&w, WORD_OF("MGET"));
    dredis__put_all(&w, keys, n);
    dredis_reply *reply = dredis__ask_reply(client, w.args, w.n, DREDIS__LIST,
                                            err);
    dredis__words_end(&w);
    return reply;
}

int dredis_mset(dredis *client, const diesel_value *values, size_t n,
                diesel_error *err)
{
    dredis__words w;
    dredis__words_begin(&w);
    dredis__put(&w, WORD_OF("MSET"));
    dredis__put_all(&w, values, n);
    int result = dredis__ask_ok(client, w.args, w.n, err);
    dredis__words_end(&w);
    return result;
}

int dredis_msetnx(dredis *client, const diesel_value *values, size_t n,
                  diesel_error *err)
{
    dredis__words w;
    dredis__words_begin(&w);
    dredis__put(&w, WORD_OF("MSETNX"));
    dredis__put_all(&w, values, n);
    int result = dredis__ask_flag(client, w.args, w.n, err);
    dredis__words_end(&w);
    return result;
}

int dredis_set(dredis *client, diesel_value key, diesel_value value,
               const dredis_set_options *options, diesel_error *err)
{
    dredis__words w;
    dredis__words_begin(&w);
    dredis__put(&w, WORD_OF("SET"));
    dredis__put(&w, key);
    dredis__put(&w, value);
    if (options != NULL) {
        dredis__opt_flag(&w, "NX", options->nx);
        dredis__opt_flag(&w, "XX", options->xx);
        dredis__opt_int(&w, "EX", options->ex);
        dredis__opt_int(&w, "PX", options->px);
        dredis__opt_int(&w, "EXAT", options->exat);
        dredis__opt_int(&w, "PXAT", options->pxat);
        dredis__opt_flag(&w, "KEEPTTL", options->keepttl);
    }
    int result = dredis__ask_done(client, w.args, w.n, err);
    dredis__words_end(&w);
    return result;
}

int dredis_set_get(dredis *client, diesel_value key, diesel_value value,
                   const dredis_set_get_options *options, char **before,
                   size_t *len, diesel_error *err)
{
    dredis__words w;
    dredis__words_begin(&w);
    dredis__put(&w, WORD_OF("SET"));
    dredis__put(&w, key);
    dredis__put(&w, value);
    if (options != NULL) {
        dredis__opt_flag(&w, "NX", options->nx);
        dredis__opt_flag(&w, "XX", options->xx);
    }
    dredis__put(&w, WORD_OF("GET"));
    if (options != NULL) {
        dredis__opt_int(&w, "EX", options->ex);
        dredis__opt_int(&w, "PX", options->px);
        dredis__opt_int(&w, "EXAT", options->exat);
        dredis__opt_int(&w, "PXAT", options->pxat);
        dredis__opt_flag(&w, "KEEPTTL", options->keepttl);
    }
    int result = dredis__ask_text_or_nil(client, w.args, w.n, before, len, err);
    dredis__words_end(&w);
    return result;
}

int dredis_setrange(dredis *client, diesel_value key, int64_t offset,
                    diesel_value value, int64_t *length, diesel_error *err)
{
    const diesel_value args[] = {WORD("SETRANGE"), key, diesel_int(offset),
                                 value};
    return dredis__ask_int(client, args, COUNT(args), length, err);
}

int dredis_strlen(dredis *client, diesel_value key, int64_t *length,
                  diesel_error *err)
{
    const diesel_value args[] = {WORD("STRLEN"), key};
    return dredis__ask_int(client, args, COUNT(args), length, err);
}

/* SPDX-License-Identifier: MIT */
/*
 * Hashes: fields with values, which may expire one by one.
 *
 * Each function puts its arguments in their places and reads the reply as a C
 * value. Written by redis/generate/commands.py; it is not edited.
 */
#define DREDIS_FUNCTIONS_ONLY
#include <diesel/redis_hashes.h>

#include "typed_internal.h"

int dredis_hdel(dredis *client, diesel_value key, const diesel_value *fields,
                size_t n, int64_t *deleted, diesel_error *err)
{
    dredis__words w;
    dredis__words_begin(&w);
    dredis__put(&w, WORD_OF("HDEL"));
    dredis__put(&w, key);
    dredis__put_all(&w, fields, n);
    int result = dredis__ask_int(client, w.args, w.n, deleted, err);
    dredis__words_end(&w);
    return result;
}

int dredis_hexists(dredis *client, diesel_value key, diesel_value field,
                   diesel_error *err)
{
    const diesel_value args[] = {WORD("HEXISTS"), key, field};
    return dredis__ask_flag(client, args, COUNT(args), err);
}

dredis_reply *dredis_hexpire(dredis *client, diesel_value key, int64_t seconds,
                             const diesel_value *fields, size_t n,
                             const dredis_hexpire_options *options,
                             diesel_error *err)
{
    dredis__words w;
    dredis__words_begin(&w);
    dredis__put(&w, WORD_OF("HEXPIRE"));
    dredis__put(&w, key);
    dredis__put(&w, diesel_int(seconds));
    if (options != NULL) {
        dredis__opt_flag(&w, "NX", options->nx);
        dredis__opt_flag(&w, "XX", options->xx);
        dredis__opt_flag(&w, "GT", options->gt);
        dredis__opt_flag(&w, "LT", options->lt);
    }
    dredis__put(&w, WORD_OF("FIELDS"));
    dredis__put(&w, diesel_uint(n));
    dredis__put_all(&w, fields, n);
    dredis_reply *reply = dredis__ask_reply(client, w.args, w.n, DREDIS__LIST,
                                            err);
    dredis__words_end(&w);
    return reply;
}

dredis_reply *dredis_hexpireat(dredis *client, diesel_value key,
                               int64_t unix_time_seconds,
                               const diesel_value *fields, size_t n,
                               const dredis_hexpireat_options *options,
                               diesel_error *err)
{
    dredis__words w;
    dredis__words_begin(&w);
    dredis__put(&w, WORD_OF("HEXPIREAT"));
    dredis__put(&w, key);
    dredis__put(&w, diesel_int(unix_time_seconds));
    if (options != NULL) {
        dredis__opt_flag(&w, "NX", options->nx);
        dredis__opt_flag(&w, "XX", options->xx);
        dredis__opt_flag(&w, "GT", options->gt);
        dredis__opt_flag(&w, "LT", options->lt);
    }
    dredis__put(&w, WORD_OF("FIELDS"));
    dredis__put(&w, diesel_uint(n));
    dredis__put_all(&w, fields, n);
    dredis_reply *reply = dredis__ask_reply(client, w.args, w.n, DREDIS__LIST,
                                            err);
    dredis__words_end(&w);
    return reply;
}

dredis_reply *dredis_hexpiretime(dredis *client, diesel_value key,
                                 const diesel_value *fields, size_t n,
                                 diesel_error *err)
{
    dredis__words w;
    dredis__words_begin(&w);
    dredis__put(&w, WORD_OF("HEXPIRETIME"));
    dredis__put(&w, key);
    dredis__put(&w, WORD_OF("FIELDS"));
    dredis__put(&w, diesel_uint(n));
    dredis__put_all(&w, fields, n);
    dredis_reply *reply = dredis__ask_reply(client, w.args, w.n, DREDIS__LIST,
                                            err);
    dredis__words_end(&w);
    return reply;
}

int dredis_hget(dredis *client, diesel_value key, diesel_value field,
                char **value, size_t *len, diesel_error *err)
{
    const diesel_value args[] = {WORD("HGET"), key, field};
    return dredis__ask_text_or_nil(client, args, COUNT(args), value, len, err);
}

dredis_reply *dredis_hgetall(dredis *client, diesel_value key,
                             diesel_error *err)
{
    const diesel_value args[] = {WORD("HGETALL"), key};
    return dredis__ask_reply(client, args, COUNT(args), DREDIS__MAP, err);
}

dredis_reply *dredis_hgetdel(dredis *client, diesel_value key,
                             const diesel_value *fields, size_t n,
                             diesel_error *err)
{
    dredis__words w;
    dredis__words_begin(&w);
    dredis__put(&w, WORD_OF("HGETDEL"));
    dredis__put(&w, key);
    dredis__put(&w, WORD_OF("FIELDS"));
    dredis__put(&w, diesel_uint(n));
    dredis__put_all(&w, fields, n);
    dredis_reply *reply = dredis__ask_reply(client, w.args, w.n, DREDIS__LIST,
                                            err);
    dredis__words_end(&w);
    return reply;
}

dredis_reply *dredis_hgetex(dredis *client, diesel_value key,
                            const diesel_value *fields, size_t n,
                            const dredis_hgetex_options *options,
                            diesel_error *err)
{
    dredis__words w;
    dredis__words_begin(&w);
    dredis__put(&w, WORD_OF("HGETEX"));
    dredis__put(&w, key);
    if (options != NULL) {
        dredis__opt_int(&w, "EX", options->ex);
        dredis__opt_int(&w, "PX", options->px);
        dredis__opt_int(&w, "EXAT", options->exat);
        dredis__opt_int(&w, "PXAT", options->pxat);
        dredis__opt_flag(&w, "PERSIST", options->persist);
    }
    dredis__put(&w, WORD_OF("FIELDS"));
    dredis__put(&w, diesel_uint(n));
    dredis__put_all(&w, fields, n);
    dredis_reply *reply = dredis__ask_reply(client, w.args, w.n, DREDIS__LIST,
                                            err);
    dredis__words_end(&w);
    return reply;
}

int dredis_hincrby(dredis *client, diesel_value key, diesel_value field,
                   int64_t increment, int64_t *now, diesel_error *err)
{
    const diesel_value args[] = {WORD("HINCRBY"), key, field,
                                 diesel_int(increment)};
    return dredis__ask_int(client, args, COUNT(args), now, err);
}

int dredis_hincrbyfloat(dredis *client, diesel_value key, diesel_value field,
                        double increment, double *now, diesel_error *err)
{
    const diesel_value args[] = {WORD("HINCRBYFLOAT"), key, field,
                                 diesel_double(increment)};
    return dredis__ask_double(client, args, COUNT(args), now, err);
}

dredis_reply *dredis_hkeys(dredis *client, diesel_value key, diesel_error *err)
{
    const diesel_value args[] = {WORD("HKEYS"), key};
    return dredis__ask_reply(client, args, COUNT(args), DREDIS__LIST, err);
}

int dredis_hlen(dredis *client, diesel_value key, int64_t *count,
                diesel_error *err)
{
    const diesel_value args[] = {WORD("HLEN"), key};
    return dredis__ask_int(client, args, COUNT(args), count, err);
}

dredis_reply *dredis_hmget(dredis *client, diesel_value key,
                           const diesel_value *fields, size_t n,
                           diesel_error *err)
{
    dredis__words w;
    dredis__words_begin(&w);
    dredis__put(&w, WORD_OF("HMGET"));
    dredis__put(&w, key);
    dredis__put_all(&w, fields, n);
    dredis_reply *reply = dredis__ask_reply(client, w.args, w.n, DREDIS__LIST,
                                            err);
    dredis__words_end(&w);
    return reply;
}

dredis_reply *dredis_hpersist(dredis *client, diesel_value key,
                              const diesel_value *fields, size_t n,
                              diesel_error *err)
{
    dredis__words w;
    dredis__words_begin(&w);
    dredis__put(&w, WORD_OF("HPERSIST"));
    dredis__put(&w, key);
    dredis__put(&w, WORD_OF("FIELDS"));
    dredis__put(&w, diesel_uint(n));
    dredis__put_all(&w, fields, n);
    dredis_reply *reply = dredis__ask_reply(client, w.args, w.n, DREDIS__LIST,
                                            err);
    dredis__words_end(&w);
    return reply;
}

dredis_reply *dredis_hpexpire(dredis *client, diesel_value key,
                              int64_t milliseconds, const diesel_value *fields,
                              size_t n, const dredis_hpexpire_options *options,
                              diesel_error *err)
{
    dredis__words w;
    dredis__words_begin(&w);
    dredis__put(&w, WORD_OF("HPEXPIRE"));
    dredis__put(&w, key);
    dredis__put(&w, diesel_int(milliseconds));
    if (options != NULL) {
        dredis__opt_flag(&w, "NX", options->nx);
        dredis__opt_flag(&w, "XX", options->xx);
        dredis__opt_flag(&w, "GT", options->gt);
        dredis__opt_flag(&w, "LT", options->lt);
    }
    dredis__put(&w, WORD_OF("FIELDS"));
    dredis__put(&w, diesel_uint(n));
    dredis__put_all(&w, fields, n);
    dredis_reply *reply = dredis__ask_reply(client, w.args, w.n, DREDIS__LIST,
                                            err);
    dredis__words_end(&w);
    return reply;
}

dredis_reply *dredis_hpexpireat(dredis *client, diesel_value key,
                                int64_t unix_time_milliseconds,
                                const diesel_value *fields, size_t n,
                                const dredis_hpexpireat_options *options,
                                diesel_error *err)
{
    dredis__words w;
    dredis__words_begin(&w);
    dredis__put(&w, WORD_OF("HPEXPIREAT"));
    dredis__put(&w, key);
    dredis__put(&w, diesel_int(unix_time_milliseconds));
    if (options != NULL) {
        dredis__opt_flag(&w, "NX", options->nx);
        dredis__opt_flag(&w, "XX", options->xx);
        dredis__opt_flag(&w, "GT", options->gt);
        dredis__opt_flag(&w, "LT", options->lt);
    }
    dredis__put(&w, WORD_OF("FIELDS"));
    dredis__put(&w, diesel_uint(n));
    dredis__put_all(&w, fields, n);
    dredis_reply *reply = dredis__ask_reply(client, w.args, w.n, DREDIS__LIST,
                                            err);
    dredis__words_end(&w);
    return reply;
}

dredis_reply *dredis_hpexpiretime(dredis *client, diesel_value key,
                                  const diesel_value *fields, size_t n,
                                  diesel_error *err)
{
    dredis__words w;
    dredis__words_begin(&w);
    dredis__put(&w, WORD_OF("HPEXPIRETIME"));
    dredis__put(&w, key);
    dredis__put(&w, WORD_OF("FIELDS"));
    dredis__put(&w, diesel_uint(n));
    dredis__put_all(&w, fields, n);
    dredis_reply *reply = dredis__ask_reply(client, w.args, w.n, DREDIS__LIST,
                                            err);
    dredis__words_end(&w);
    return reply;
}

dredis_reply *dredis_hpttl(dredis *client, diesel_value key,
                           const diesel_value *fields, size_t n,
                           diesel_error *err)
{
    dredis__words w;
    dredis__words_begin(&w);
    dredis__put(&w, WORD_OF("HPTTL"));
    dredis__put(&w, key);
    dredis__put(&w, WORD_OF("FIELDS"));
    dredis__put(&w, diesel_uint(n));
    dredis__put_all(&w, fields, n);
    dredis_reply *reply = dredis__ask_reply(client, w.args, w.n, DREDIS__LIST,
                                            err);
    dredis__words_end(&w);
    return reply;
}

int dredis_hrandfield(dredis *client, diesel_value key, char **value,
                      size_t *len, diesel_error *err)
{
    const diesel_value args[] = {WORD("HRANDFIELD"), key};
    return dredis__ask_text_or_nil(client, args, COUNT(args), value, len, err);
}

dredis_reply *dredis_hrandfield_count(dredis *client, diesel_value key,
                                      int64_t count, diesel_error *err)
{
    const diesel_value args[] = {WORD("HRANDFIELD"), key, diesel_int(count)};
    return dredis__ask_reply(client, args, COUNT(args), DREDIS__LIST, err);
}

dredis_reply *dredis_hrandfield_values(dredis *client, diesel_value key,
                                       int64_t count, diesel_error *err)
{
    const diesel_value args[] = {WORD("HRANDFIELD"), key, diesel_int(count),
                                 WORD("WITHVALUES")};
    return dredis__ask_reply(client, args, COUNT(args), DREDIS__MAP, err);
}

int dredis_hset(dredis *client, diesel_value key, const diesel_value *values,
                size_t n, int64_t *added, diesel_error *err)
{
    dredis__words w;
    dredis__words_begin(&w);
    dredis__put(&w, WORD_OF("HSET"));
    dredis__put(&w, key);
    dredis__put_all(&w, values, n);
    int result = dredis__ask_int(client, w.args, w.n, added, err);
    dredis__words_end(&w);
    return result;
}

int dredis_hsetex(dredis *client, diesel_value key, const diesel_value *values,
                  size_t n, const dredis_hsetex_options *options,
                  diesel_error *err)
{
    dredis__words w;
    dredis__words_begin(&w);
    dredis__put(&w, WORD_OF("HSETEX"));
    dredis__put(&w, key);
    if (options != NULL) {
        dredis__opt_flag(&w, "FNX", options->fnx);
        dredis__opt_flag(&w, "FXX", options->fxx);
        dredis__opt_int(&w, "EX", options->ex);
        dredis__opt_int(&w, "PX", options->px);
        dredis__opt_int(&w, "EXAT", options->exat);
        dredis__opt_int(&w, "PXAT", options->pxat);
        dredis__opt_flag(&w, "KEEPTTL", options->keepttl);
    }
    dredis__put(&w, WORD_OF("FIELDS"));
    dredis__put(&w, diesel_uint(n / 2));
    dredis__put_all(&w, values, n);
    int result = dredis__ask_flag(client, w.args, w.n, err);
    dredis__words_end(&w);
    return result;
}

int dredis_hsetnx(dredis *client, diesel_value key, diesel_value field,
                  diesel_value value, diesel_error *err)
{
    const diesel_value args[] = {WORD("HSETNX"), key, field, value};
    return dredis__ask_flag(client, args, COUNT(args), err);
}

int dredis_hstrlen(dredis *client, diesel_value key, diesel_value field,
                   int64_t *length, diesel_error *err)
{
    const diesel_value args[] = {WORD("HSTRLEN"), key, field};
    return dredis__ask_int(client, args, COUNT(args), length, err);
}

dredis_reply *dredis_httl(dredis *client, diesel_value key,
                          const diesel_value *fields, size_t n,
                          diesel_error *err)
{
    dredis__words w;
    dredis__words_begin(&w);
    dredis__put(&w, WORD_OF("HTTL"));
    dredis__put(&w, key);
    dredis__put(&w, WORD_OF("FIELDS"));
    dredis__put(&w, diesel_uint(n));
    dredis__put_all(&w, fields, n);
    dredis_reply *reply = dredis__ask_reply(client, w.args, w.n, DREDIS__LIST,
                                            err);
    dredis__words_end(&w);
    return reply;
}

dredis_reply *dredis_hvals(dredis *client, diesel_value key, diesel_error *err)
{
    const diesel_value args[] = {WORD("HVALS"), key};
    return dredis__ask_reply(client, args, COUNT(args), DREDIS__LIST, err);
}

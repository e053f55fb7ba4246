/* SPDX-License-Identifier: MIT */
/*
 * HyperLogLogs: how many different elements there were, about.
 *
 * Each function puts its arguments in their places and reads the reply as a C
 * value. Written by redis/generate/commands.py; it is not edited.
 */
#define DREDIS_FUNCTIONS_ONLY
#include <diesel/redis_hyperloglog.h>

#include "typed_internal.h"

int dredis_pfadd(dredis *client, diesel_value key, const diesel_value *elements,
                 size_t n, diesel_error *err)
{
    dredis__words w;
    dredis__words_begin(&w);
    dredis__put(&w, WORD_OF("PFADD"));
    dredis__put(&w, key);
    dredis__put_all(&w, elements, n);
    int result = dredis__ask_flag(client, w.args, w.n, err);
    dredis__words_end(&w);
    return result;
}

int dredis_pfcount(dredis *client, const diesel_value *keys, size_t n,
                   int64_t *count, diesel_error *err)
{
    dredis__words w;
    dredis__words_begin(&w);
    dredis__put(&w, WORD_OF("PFCOUNT"));
    dredis__put_all(&w, keys, n);
    int result = dredis__ask_int(client, w.args, w.n, count, err);
    dredis__words_end(&w);
    return result;
}

int dredis_pfmerge(dredis *client, diesel_value destkey,
                   const diesel_value *sourcekeys, size_t n, diesel_error *err)
{
    dredis__words w;
    dredis__words_begin(&w);
    dredis__put(&w, WORD_OF("PFMERGE"));
    dredis__put(&w, destkey);
    dredis__put_all(&w, sourcekeys, n);
    int result = dredis__ask_ok(client, w.args, w.n, err);
    dredis__words_end(&w);
    return result;
}

/* SPDX-License-Identifier: MIT */
/*
 * Bits of strings.
 *
 * Each function puts its arguments in their places and reads the reply as a C
 * value. Written by redis/generate/commands.py; it is not edited.
 */
#define DREDIS_FUNCTIONS_ONLY
#include <diesel/redis_bitmaps.h>

#include "typed_internal.h"

int dredis_bitcount(dredis *client, diesel_value key, int64_t *count,
                    diesel_error *err)
{
    const diesel_value args[] = {WORD("BITCOUNT"), key};
    return dredis__ask_int(client, args, COUNT(args), count, err);
}

int dredis_bitcount_range(dredis *client, diesel_value key, int64_t start,
                          int64_t end,
                          const dredis_bitcount_range_options *options,
                          int64_t *count, diesel_error *err)
{
    dredis__words w;
    dredis__words_begin(&w);
    dredis__put(&w, WORD_OF("BITCOUNT"));
    dredis__put(&w, key);
    dredis__put(&w, diesel_int(start));
    dredis__put(&w, diesel_int(end));
    if (options != NULL) {
        dredis__opt_flag(&w, "BYTE", options->byte);
        dredis__opt_flag(&w, "BIT", options->bit);
    }
    int result = dredis__ask_int(client, w.args, w.n, count, err);
    dredis__words_end(&w);
    return result;
}

dredis_reply *dredis_bitfield(dredis *client, diesel_value key,
                              const diesel_value *operations, size_t n,
                              diesel_error *err)
{
    dredis__words w;
    dredis__words_begin(&w);
    dredis__put(&w, WORD_OF("BITFIELD"));
    dredis__put(&w, key);
    dredis__put_all(&w, operations, n);
    dredis_reply *reply = dredis__ask_reply(client, w.args, w.n, DREDIS__LIST,
                                            err);
    dredis__words_end(&w);
    return reply;
}

dredis_reply *dredis_bitfield_ro(dredis *client, diesel_value key,
                                 const diesel_value *get_blocks, size_t n,
                                 diesel_error *err)
{
    dredis__words w;
    dredis__words_begin(&w);
    dredis__put(&w, WORD_OF("BITFIELD_RO"));
    dredis__put(&w, key);
    dredis__put_all(&w, get_blocks, n);
    dredis_reply *reply = dredis__ask_reply(client, w.args, w.n, DREDIS__LIST,
                                            err);
    dredis__words_end(&w);
    return reply;
}

int dredis_bitop(dredis *client, dredis_bitop_kind operation,
                 diesel_value destkey, const diesel_value *keys, size_t n,
                 int64_t *length, diesel_error *err)
{
    dredis__words w;
    dredis__words_begin(&w);
    dredis__put(&w, WORD_OF("BITOP"));
    dredis__put(&w, dredis__bitop_kind_word(operation));
    dredis__put(&w, destkey);
    dredis__put_all(&w, keys, n);
    int result = dredis__ask_int(client, w.args, w.n, length, err);
    dredis__words_end(&w);
    return result;
}

int dredis_bitpos(dredis *client, diesel_value key, int64_t bit, int64_t *place,
                  diesel_error *err)
{
    const diesel_value args[] = {WORD("BITPOS"), key, diesel_int(bit)};
    return dredis__ask_int(client, args, COUNT(args), place, err);
}

int dredis_bitpos_range(dredis *client, diesel_value key, int64_t bit,
                        int64_t start, int64_t end,
                        const dredis_bitpos_range_options *options,
                        int64_t *place, diesel_error *err)
{
    dredis__words w;
    dredis__words_begin(&w);
    dredis__put(&w, WORD_OF("BITPOS"));
    dredis__put(&w, key);
    dredis__put(&w, diesel_int(bit));
    dredis__put(&w, diesel_int(start));
    dredis__put(&w, diesel_int(end));
    if (options != NULL) {
        dredis__opt_flag(&w, "BYTE", options->byte);
        dredis__opt_flag(&w, "BIT", options->bit);
    }
    int result = dredis__ask_int(client, w.args, w.n, place, err);
    dredis__words_end(&w);
    return result;
}

int dredis_getbit(dredis *client, diesel_value key, int64_t offset,
                  int64_t *bit, diesel_error *err)
{
    const diesel_value args[] = {WORD("GETBIT"), key, diesel_int(offset)};
    return dredis__ask_int(client, args, COUNT(args), bit, err);
}

int dredis_setbit(dredis *client, diesel_value key, int64_t offset,
                  int64_t value, int64_t *before, diesel_error *err)
{
    const diesel_value args[] = {WORD("SETBIT"), key, diesel_int(offset),
                                 diesel_int(value)};
    return dredis__ask_int(client, args, COUNT(args), before, err);
}

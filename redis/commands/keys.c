/* SPDX-License-Identifier: MIT */
/*
 * Keys: whatever they hold.
 *
 * Each function puts its arguments in their places and reads the reply as a C
 * value. Written by redis/generate/commands.py; it is not edited.
 */
#define DREDIS_FUNCTIONS_ONLY
#include <diesel/redis_keys.h>

#include "typed_internal.h"

int dredis_copy(dredis *client, diesel_value source, diesel_value destination,
                const dredis_copy_options *options, diesel_error *err)
{
    dredis__words w;
    dredis__words_begin(&w);
    dredis__put(&w, WORD_OF("COPY"));
    dredis__put(&w, source);
    dredis__put(&w, destination);
    if (options != NULL) {
        dredis__opt_int(&w, "DB", options->db);
        dredis__opt_flag(&w, "REPLACE", options->replace);
    }
    int result = dredis__ask_flag(client, w.args, w.n, err);
    dredis__words_end(&w);
    return result;
}

int dredis_del(dredis *client, diesel_value key, diesel_error *err)
{
    const diesel_value args[] = {WORD("DEL"), key};
    return dredis__ask_flag(client, args, COUNT(args), err);
}

int dredis_del_all(dredis *client, const diesel_value *keys, size_t n,
                   int64_t *deleted, diesel_error *err)
{
    dredis__words w;
    dredis__words_begin(&w);
    dredis__put(&w, WORD_OF("DEL"));
    dredis__put_all(&w, keys, n);
    int result = dredis__ask_int(client, w.args, w.n, deleted, err);
    dredis__words_end(&w);
    return result;
}

int dredis_dump(dredis *client, diesel_value key, char **value, size_t *len,
                diesel_error *err)
{
    const diesel_value args[] = {WORD("DUMP"), key};
    return dredis__ask_text_or_nil(client, args, COUNT(args), value, len, err);
}

int dredis_exists(dredis *client, diesel_value key, diesel_error *err)
{
    const diesel_value args[] = {WORD("EXISTS"), key};
    return dredis__ask_flag(client, args, COUNT(args), err);
}

int dredis_exists_all(dredis *client, const diesel_value *keys, size_t n,
                      int64_t *found, diesel_error *err)
{
    dredis__words w;
    dredis__words_begin(&w);
    dredis__put(&w, WORD_OF("EXISTS"));
    dredis__put_all(&w, keys, n);
    int result = dredis__ask_int(client, w.args, w.n, found, err);
    dredis__words_end(&w);
    return result;
}

int dredis_expire(dredis *client, diesel_value key, int64_t seconds,
                  const dredis_expire_options *options, diesel_error *err)
{
    dredis__words w;
    dredis__words_begin(&w);
    dredis__put(&w, WORD_OF("EXPIRE"));
    dredis__put(&w, key);
    dredis__put(&w, diesel_int(seconds));
    if (options != NULL) {
        dredis__opt_flag(&w, "NX", options->nx);
        dredis__opt_flag(&w, "XX", options->xx);
        dredis__opt_flag(&w, "GT", options->gt);
        dredis__opt_flag(&w, "LT", options->lt);
    }
    int result = dredis__ask_flag(client, w.args, w.n, err);
    dredis__words_end(&w);
    return result;
}

int dredis_expireat(dredis *client, diesel_value key, int64_t unix_time_seconds,
                    const dredis_expireat_options *options, diesel_error *err)
{
    dredis__words w;
    dredis__words_begin(&w);
    dredis__put(&w, WORD_OF("EXPIREAT"));
    dredis__put(&w, key);
    dredis__put(&w, diesel_int(unix_time_seconds));
    if (options != NULL) {
        dredis__opt_flag(&w, "NX", options->nx);
        dredis__opt_flag(&w, "XX", options->xx);
        dredis__opt_flag(&w, "GT", options->gt);
        dredis__opt_flag(&w, "LT", options->lt);
    }
    int result = dredis__ask_flag(client, w.args, w.n, err);
    dredis__words_end(&w);
    return result;
}

int dredis_expiretime(dredis *client, diesel_value key, int64_t *when,
                      diesel_error *err)
{
    const diesel_value args[] = {WORD("EXPIRETIME"), key};
    return dredis__ask_int(client, args, COUNT(args), when, err);
}

dredis_reply *dredis_keys(dredis *client, diesel_value pattern,
                          diesel_error *err)
{
    const diesel_value args[] = {WORD("KEYS"), pattern};
    return dredis__ask_reply(client, args, COUNT(args), DREDIS__LIST, err);
}

int dredis_object_encoding(dredis *client, diesel_value key, char **value,
                           size_t *len, diesel_error *err)
{
    const diesel_value args[] = {WORD("OBJECT"), WORD("ENCODING"), key};
    return dredis__ask_text_or_nil(client, args, COUNT(args), value, len, err);
}

int dredis_object_freq(dredis *client, diesel_value key, int64_t *frequency,
                       diesel_error *err)
{
    const diesel_value args[] = {WORD("OBJECT"), WORD("FREQ"), key};
    return dredis__ask_int_or_nil(client, args, COUNT(args), frequency, err);
}

int dredis_object_idletime(dredis *client, diesel_value key, int64_t *seconds,
                           diesel_error *err)
{
    const diesel_value args[] = {WORD("OBJECT"), WORD("IDLETIME"), key};
    return dredis__ask_int_or_nil(client, args, COUNT(args), seconds, err);
}

int dredis_object_refcount(dredis *client, diesel_value key, int64_t *count,
                           diesel_error *err)
{
    const diesel_value args[] = {WORD("OBJECT"), WORD("REFCOUNT"), key};
    return dredis__ask_int_or_nil(client, args, COUNT(args), count, err);
}

int dredis_persist(dredis *client, diesel_value key, diesel_error *err)
{
    const diesel_value args[] = {WORD("PERSIST"), key};
    return dredis__ask_flag(client, args, COUNT(args), err);
}

int dredis_pexpire(dredis *client, diesel_value key, int64_t milliseconds,
                   const dredis_pexpire_options *options, diesel_error *err)
{
    dredis__words w;
    dredis__words_begin(&w);
    dredis__put(&w, WORD_OF("PEXPIRE"));
    dredis__put(&w, key);
    dredis__put(&w, diesel_int(milliseconds));
    if (options != NULL) {
        dredis__opt_flag(&w, "NX", options->nx);
        dredis__opt_flag(&w, "XX", options->xx);
        dredis__opt_flag(&w, "GT", options->gt);
        dredis__opt_flag(&w, "LT", options->lt);
    }
    int result = dredis__ask_flag(client, w.args, w.n, err);
    dredis__words_end(&w);
    return result;
}

int dredis_pexpireat(dredis *client, diesel_value key,
                     int64_t unix_time_milliseconds,
                     const dredis_pexpireat_options *options, diesel_error *err)
{
    dredis__words w;
    dredis__words_begin(&w);
    dredis__put(&w, WORD_OF("PEXPIREAT"));
    dredis__put(&w, key);
    dredis__put(&w, diesel_int(unix_time_milliseconds));
    if (options != NULL) {
        dredis__opt_flag(&w, "NX", options->nx);
        dredis__opt_flag(&w, "XX", options->xx);
        dredis__opt_flag(&w, "GT", options->gt);
        dredis__opt_flag(&w, "LT", options->lt);
    }
    int result = dredis__ask_flag(client, w.args, w.n, err);
    dredis__words_end(&w);
    return result;
}

int dredis_pexpiretime(dredis *client, diesel_value key, int64_t *when,
                       diesel_error *err)
{
    const diesel_value args[] = {WORD("PEXPIRETIME"), key};
    return dredis__ask_int(client, args, COUNT(args), when, err);
}

int dredis_pttl(dredis *client, diesel_value key, int64_t *left,
                diesel_error *err)
{
    const diesel_value args[] = {WORD("PTTL"), key};
    return dredis__ask_int(client, args, COUNT(args), left, err);
}

int dredis_randomkey(dredis *client, char **value, size_t *len,
                     diesel_error *err)
{
    const diesel_value args[] = {WORD("RANDOMKEY")};
    return dredis__ask_text_or_nil(client, args, COUNT(args), value, len, err);
}

int dredis_rename(dredis *client, diesel_value key, diesel_value newkey,
                  diesel_error *err)
{
    const diesel_value args[] = {WORD("RENAME"), key, newkey};
    return dredis__ask_ok(client, args, COUNT(args), err);
}

int dredis_renamenx(dredis *client, diesel_value key, diesel_value newkey,
                    diesel_error *err)
{
    const diesel_value args[] = {WORD("RENAMENX"), key, newkey};
    return dredis__ask_flag(client, args, COUNT(args), err);
}

int dredis_restore(dredis *client, diesel_value key, int64_t ttl,
                   diesel_value dumped, const dredis_restore_options *options,
                   diesel_error *err)
{
    dredis__words w;
    dredis__words_begin(&w);
    dredis__put(&w, WORD_OF("RESTORE"));
    dredis__put(&w, key);
    dredis__put(&w, diesel_int(ttl));
    dredis__put(&w, dumped);
    if (options != NULL) {
        dredis__opt_flag(&w, "REPLACE", options->replace);
        dredis__opt_flag(&w, "ABSTTL", options->absttl);
        dredis__opt_int(&w, "IDLETIME", options->idletime);
        dredis__opt_int(&w, "FREQ", options->freq);
    }
    int result = dredis__ask_ok(client, w.args, w.n, err);
    dredis__words_end(&w);
    return result;
}

dredis_reply *dredis_sort(dredis *client, diesel_value key,
                          const dredis_sort_options *options, diesel_error *err)
{
    dredis__words w;
    dredis__words_begin(&w);
    dredis__put(&w, WORD_OF("SORT"));
    dredis__put(&w, key);
    if (options != NULL) {
        dredis__opt_value(&w, "BY", options->by);
        dredis__put_range(&w, "LIMIT", options->limit_offset,
                          options->limit_count);
        dredis__opt_each(&w, "GET", options->get, options->n_get);
        dredis__opt_flag(&w, "ASC", options->asc);
        dredis__opt_flag(&w, "DESC", options->desc);
        dredis__opt_flag(&w, "ALPHA", options->alpha);
    }
    dredis_reply *reply = dredis__ask_reply(client, w.args, w.n, DREDIS__LIST,
                                            err);
    dredis__words_end(&w);
    return reply;
}

int dredis_sort_store(dredis *client, diesel_value key,
                      diesel_value destination,
                      const dredis_sort_store_options *options, int64_t *stored,
                      diesel_error *err)
{
    dredis__words w;
    dredis__words_begin(&w);
    dredis__put(&w, WORD_OF("SORT"));
    dredis__put(&w, key);
    if (options != NULL) {
        dredis__opt_value(&w, "BY", options->by);
        dredis__put_range(&w, "LIMIT", options->limit_offset,
                          options->limit_count);
        dredis__opt_each(&w, "GET", options->get, options->n_get);
        dredis__opt_flag(&w, "ASC", options->asc);
        dredis__opt_flag(&w, "DESC", options->desc);
        dredis__opt_flag(&w, "ALPHA", options->alpha);
    }
    dredis__put(&w, WORD_OF("STORE"));
    dredis__put(&w, destination);
    int result = dredis__ask_int(client, w.args, w.n, stored, err);
    dredis__words_end(&w);
    return result;
}

dredis_reply *dredis_sort_ro(dredis *client, diesel_value key,
                             const dredis_sort_ro_options *options,
                             diesel_error *err)
{
    dredis__words w;
    dredis__words_begin(&w);
    dredis__put(&w, WORD_OF("SORT_RO"));
    dredis__put(&w, key);
    if (options != NULL) {
        dredis__opt_value(&w, "BY", options->by);
        dredis__put_range(&w, "LIMIT", options->limit_offset,
                          options->limit_count);
        dredis__opt_each(&w, "GET", options->get, options->n_get);
        dredis__opt_flag(&w, "ASC", options->asc);
        dredis__opt_flag(&w, "DESC", options->desc);
        dredis__opt_flag(&w, "ALPHA", options->alpha);
    }
    dredis_reply *reply = dredis__ask_reply(client, w.args, w.n, DREDIS__LIST,
                                            err);
    dredis__words_end(&w);
    return reply;
}

int dredis_touch(dredis *client, const diesel_value *keys, size_t n,
                 int64_t *found, diesel_error *err)
{
    dredis__words w;
    dredis__words_begin(&w);
    dredis__put(&w, WORD_OF("TOUCH"));
    dredis__put_all(&w, keys, n);
    int result = dredis__ask_int(client, w.args, w.n, found, err);
    dredis__words_end(&w);
    return result;
}

int dredis_ttl(dredis *client, diesel_value key, int64_t *left,
               diesel_error *err)
{
    const diesel_value args[] = {WORD("TTL"), key};
    return dredis__ask_int(client, args, COUNT(args), left, err);
}

int dredis_type_of(dredis *client, diesel_value key, char **value, size_t *len,
                   diesel_error *err)
{
    const diesel_value args[] = {WORD("TYPE"), key};
    return dredis__ask_text(client, args, COUNT(args), value, len, err);
}

int dredis_unlink(dredis *client, diesel_value key, diesel_error *err)
{
    const diesel_value args[] = {WORD("UNLINK"), key};
    return dredis__ask_flag(client, args, COUNT(args), err);
}

int dredis_unlink_all(dredis *client, const diesel_value *keys, size_t n,
                      int64_t *deleted, diesel_error *err)
{
    dredis__words w;
    dredis__words_begin(&w);
    dredis__put(&w, WORD_OF("UNLINK"));
    dredis__put_all(&w, keys, n);
    int result = dredis__ask_int(client, w.args, w.n, deleted, err);
    dredis__words_end(&w);
    return result;
}

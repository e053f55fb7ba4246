/* SPDX-License-Identifier: MIT */
/*
 * The server and its clients.
 *
 * Each function puts its arguments in their places and reads the reply as a C
 * value. Written by redis/generate/commands.py; it is not edited.
 */
#define DREDIS_FUNCTIONS_ONLY
#include <diesel/redis_admin.h>

#include "typed_internal.h"

int dredis_bgrewriteaof(dredis *client, char **value, size_t *len,
                        diesel_error *err)
{
    const diesel_value args[] = {WORD("BGREWRITEAOF")};
    return dredis__ask_text(client, args, COUNT(args), value, len, err);
}

int dredis_bgsave(dredis *client, const dredis_bgsave_options *options,
                  char **value, size_t *len, diesel_error *err)
{
    dredis__words w;
    dredis__words_begin(&w);
    dredis__put(&w, WORD_OF("BGSAVE"));
    if (options != NULL)
        dredis__opt_flag(&w, "SCHEDULE", options->schedule);
    int result = dredis__ask_text(client, w.args, w.n, value, len, err);
    dredis__words_end(&w);
    return result;
}

int dredis_client_getname(dredis *client, char **value, size_t *len,
                          diesel_error *err)
{
    const diesel_value args[] = {WORD("CLIENT"), WORD("GETNAME")};
    return dredis__ask_text_or_nil(client, args, COUNT(args), value, len, err);
}

int dredis_client_id(dredis *client, int64_t *id, diesel_error *err)
{
    const diesel_value args[] = {WORD("CLIENT"), WORD("ID")};
    return dredis__ask_int(client, args, COUNT(args), id, err);
}

int dredis_client_info(dredis *client, char **value, size_t *len,
                       diesel_error *err)
{
    const diesel_value args[] = {WORD("CLIENT"), WORD("INFO")};
    return dredis__ask_text(client, args, COUNT(args), value, len, err);
}

int dredis_client_kill(dredis *client, const diesel_value *filters, size_t n,
                       int64_t *killed, diesel_error *err)
{
    dredis__words w;
    dredis__words_begin(&w);
    dredis__put(&w, WORD_OF("CLIENT"));
    dredis__put(&w, WORD_OF("KILL"));
    dredis__put_all(&w, filters, n);
    int result = dredis__ask_int(client, w.args, w.n, killed, err);
    dredis__words_end(&w);
    return result;
}

int dredis_client_list(dredis *client, char **value, size_t *len,
                       diesel_error *err)
{
    const diesel_value args[] = {WORD("CLIENT"), WORD("LIST")};
    return dredis__ask_text(client, args, COUNT(args), value, len, err);
}

int dredis_client_pause(dredis *client, int64_t timeout,
                        const dredis_client_pause_options *options,
                        diesel_error *err)
{
    dredis__words w;
    dredis__words_begin(&w);
    dredis__put(&w, WORD_OF("CLIENT"));
    dredis__put(&w, WORD_OF("PAUSE"));
    dredis__put(&w, diesel_int(timeout));
    if (options != NULL) {
        dredis__opt_flag(&w, "WRITE", options->write);
        dredis__opt_flag(&w, "ALL", options->all);
    }
    int result = dredis__ask_ok(client, w.args, w.n, err);
    dredis__words_end(&w);
    return result;
}

int dredis_client_unblock(dredis *client, int64_t client_id,
                          const dredis_client_unblock_options *options,
                          diesel_error *err)
{
    dredis__words w;
    dredis__words_begin(&w);
    dredis__put(&w, WORD_OF("CLIENT"));
    dredis__put(&w, WORD_OF("UNBLOCK"));
    dredis__put(&w, diesel_int(client_id));
    if (options != NULL) {
        dredis__opt_flag(&w, "TIMEOUT", options->timeout);
        dredis__opt_flag(&w, "ERROR", options->error);
    }
    int result = dredis__ask_flag(client, w.args, w.n, err);
    dredis__words_end(&w);
    return result;
}

int dredis_client_unpause(dredis *client, diesel_error *err)
{
    const diesel_value args[] = {WORD("CLIENT"), WORD("UNPAUSE")};
    return dredis__ask_ok(client, args, COUNT(args), err);
}

int dredis_command_count(dredis *client, int64_t *count, diesel_error *err)
{
    const diesel_value args[] = {WORD("COMMAND"), WORD("COUNT")};
    return dredis__ask_int(client, args, COUNT(args), count, err);
}

dredis_reply *dredis_command_getkeys(dredis *client, diesel_value command,
                                     const diesel_value *args, size_t n,
                                     diesel_error *err)
{
    dredis__words w;
    dredis__words_begin(&w);
    dredis__put(&w, WORD_OF("COMMAND"));
    dredis__put(&w, WORD_OF("GETKEYS"));
    dredis__put(&w, command);
    dredis__put_all(&w, args, n);
    dredis_reply *reply = dredis__ask_reply(client, w.args, w.n, DREDIS__LIST,
                                            err);
    dredis__words_end(&w);
    return reply;
}

dredis_reply *dredis_config_get(dredis *client, const diesel_value *parameters,
                                size_t n, diesel_error *err)
{
    dredis__words w;
    dredis__words_begin(&w);
    dredis__put(&w, WORD_OF("CONFIG"));
    dredis__put(&w, WORD_OF("GET"));
    dredis__put_all(&w, parameters, n);
    dredis_reply *reply = dredis__ask_reply(client, w.args, w.n, DREDIS__MAP,
                                            err);
    dredis__words_end(&w);
    return reply;
}

int dredis_config_resetstat(dredis *client, diesel_error *err)
{
    const diesel_value args[] = {WORD("CONFIG"), WORD("RESETSTAT")};
    return dredis__ask_ok(client, args, COUNT(args), err);
}

int dredis_config_rewrite(dredis *client, diesel_error *err)
{
    const diesel_value args[] = {WORD("CONFIG"), WORD("REWRITE")};
    return dredis__ask_ok(client, args, COUNT(args), err);
}

int dredis_config_set(dredis *client, const diesel_value *values, size_t n,
                      diesel_error *err)
{
    dredis__words w;
    dredis__words_begin(&w);
    dredis__put(&w, WORD_OF("CONFIG"));
    dredis__put(&w, WORD_OF("SET"));
    dredis__put_all(&w, values, n);
    int result = dredis__ask_ok(client, w.args, w.n, err);
    dredis__words_end(&w);
    return result;
}

int dredis_dbsize(dredis *client, int64_t *count, diesel_error *err)
{
    const diesel_value args[] = {WORD("DBSIZE")};
    return dredis__ask_int(client, args, COUNT(args), count, err);
}

int dredis_echo(dredis *client, diesel_value message, char **value, size_t *len,
                diesel_error *err)
{
    const diesel_value args[] = {WORD("ECHO"), message};
    return dredis__ask_text(client, args, COUNT(args), value, len, err);
}

int dredis_flushall(dredis *client, const dredis_flushall_options *options,
                    diesel_error *err)
{
    dredis__words w;
    dredis__words_begin(&w);
    dredis__put(&w, WORD_OF("FLUSHALL"));
    if (options != NULL) {
        dredis__opt_flag(&w, "ASYNC", options->async);
        dredis__opt_flag(&w, "SYNC", options->sync);
    }
    int result = dredis__ask_ok(client, w.args, w.n, err);
    dredis__words_end(&w);
    return result;
}

int dredis_flushdb(dredis *client, const dredis_flushdb_options *options,
                   diesel_error *err)
{
    dredis__words w;
    dredis__words_begin(&w);
    dredis__put(&w, WORD_OF("FLUSHDB"));
    if (options != NULL) {
        dredis__opt_flag(&w, "ASYNC", options->async);
        dredis__opt_flag(&w, "SYNC", options->sync);
    }
    int result = dredis__ask_ok(client, w.args, w.n, err);
    dredis__words_end(&w);
    return result;
}

int dredis_info(dredis *client, const diesel_value *sections, size_t n,
                char **value, size_t *len, diesel_error *err)
{
    dredis__words w;
    dredis__words_begin(&w);
    dredis__put(&w, WORD_OF("INFO"));
    dredis__put_all(&w, sections, n);
    int result = dredis__ask_text(client, w.args, w.n, value, len, err);
    dredis__words_end(&w);
    return result;
}

int dredis_lastsave(dredis *client, int64_t *when, diesel_error *err)
{
    const diesel_value args[] = {WORD("LASTSAVE")};
    return dredis__ask_int(client, args, COUNT(args), when, err);
}

int dredis_latency_doctor(dredis *client, char **value, size_t *len,
                          diesel_error *err)
{
    const diesel_value args[] = {WORD("LATENCY"), WORD("DOCTOR")};
    return dredis__ask_text(client, args, COUNT(args), value, len, err);
}

dredis_reply *dredis_latency_histogram(dredis *client,
                                       const diesel_value *commands, size_t n,
                                       diesel_error *err)
{
    dredis__words w;
    dredis__words_begin(&w);
    dredis__put(&w, WORD_OF("LATENCY"));
    dredis__put(&w, WORD_OF("HISTOGRAM"));
    dredis__put_all(&w, commands, n);
    dredis_reply *reply = dredis__ask_reply(client, w.args, w.n, DREDIS__MAP,
                                            err);
    dredis__words_end(&w);
    return reply;
}

dredis_reply *dredis_latency_history(dredis *client, diesel_value event,
                                     diesel_error *err)
{
    const diesel_value args[] = {WORD("LATENCY"), WORD("HISTORY"), event};
    return dredis__ask_reply(client, args, COUNT(args), DREDIS__LIST, err);
}

dredis_reply *dredis_latency_latest(dredis *client, diesel_error *err)
{
    const diesel_value args[] = {WORD("LATENCY"), WORD("LATEST")};
    return dredis__ask_reply(client, args, COUNT(args), DREDIS__LIST, err);
}

int dredis_latency_reset(dredis *client, const diesel_value *events, size_t n,
                         int64_t *reset, diesel_error *err)
{
    dredis__words w;
    dredis__words_begin(&w);
    dredis__put(&w, WORD_OF("LATENCY"));
    dredis__put(&w, WORD_OF("RESET"));
    dredis__put_all(&w, events, n);
    int result = dredis__ask_int(client, w.args, w.n, reset, err);
    dredis__words_end(&w);
    return result;
}

int dredis_lolwut(dredis *client, char **value, size_t *len, diesel_error *err)
{
    const diesel_value args[] = {WORD("LOLWUT")};
    return dredis__ask_text(client, args, COUNT(args), value, len, err);
}

int dredis_memory_doctor(dredis *client, char **value, size_t *len,
                         diesel_error *err)
{
    const diesel_value args[] = {WORD("MEMORY"), WORD("DOCTOR")};
    return dredis__ask_text(client, args, COUNT(args), value, len, err);
}

int dredis_memory_purge(dredis *client, diesel_error *err)
{
    const diesel_value args[] = {WORD("MEMORY"), WORD("PURGE")};
    return dredis__ask_ok(client, args, COUNT(args), err);
}

dredis_reply *dredis_memory_stats(dredis *client, diesel_error *err)
{
    const diesel_value args[] = {WORD("MEMORY"), WORD("STATS")};
    return dredis__ask_reply(client, args, COUNT(args), DREDIS__MAP, err);
}

int dredis_memory_usage(dredis *client, diesel_value key,
                        const dredis_memory_usage_options *options,
                        int64_t *bytes, diesel_error *err)
{
    dredis__words w;
    dredis__words_begin(&w);
    dredis__put(&w, WORD_OF("MEMORY"));
    dredis__put(&w, WORD_OF("USAGE"));
    dredis__put(&w, key);
    if (options != NULL)
        dredis__opt_value(&w, "SAMPLES", options->samples);
    int result = dredis__ask_int_or_nil(client, w.args, w.n, bytes, err);
    dredis__words_end(&w);
    return result;
}

dredis_reply *dredis_module_list(dredis *client, diesel_error *err)
{
    const diesel_value args[] = {WORD("MODULE"), WORD("LIST")};
    return dredis__ask_reply(client, args, COUNT(args), DREDIS__LIST, err);
}

int dredis_move(dredis *client, diesel_value key, int64_t db, diesel_error *err)
{
    const diesel_value args[] = {WORD("MOVE"), key, diesel_int(db)};
    return dredis__ask_flag(client, args, COUNT(args), err);
}

int dredis_ping(dredis *client, char **value, size_t *len, diesel_error *err)
{
    const diesel_value args[] = {WORD("PING")};
    return dredis__ask_text(client, args, COUNT(args), value, len, err);
}

dredis_reply *dredis_role(dredis *client, diesel_error *err)
{
    const diesel_value args[] = {WORD("ROLE")};
    return dredis__ask_reply(client, args, COUNT(args), DREDIS__LIST, err);
}

int dredis_save(dredis *client, diesel_error *err)
{
    const diesel_value args[] = {WORD("SAVE")};
    return dredis__ask_ok(client, args, COUNT(args), err);
}

dredis_reply *dredis_slowlog_get(dredis *client,
                                 const dredis_slowlog_get_options *options,
                                 diesel_error *err)
{
    dredis__words w;
    dredis__words_begin(&w);
    dredis__put(&w, WORD_OF("SLOWLOG"));
    dredis__put(&w, WORD_OF("GET"));
    if (options != NULL)
        dredis__opt_int(&w, NULL, options->count);
    dredis_reply *reply = dredis__ask_reply(client, w.args, w.n, DREDIS__LIST,
                                            err);
    dredis__words_end(&w);
    return reply;
}

int dredis_slowlog_len(dredis *client, int64_t *length, diesel_error *err)
{
    const diesel_value args[] = {WORD("SLOWLOG"), WORD("LEN")};
    return dredis__ask_int(client, args, COUNT(args), length, err);
}

int dredis_slowlog_reset(dredis *client, diesel_error *err)
{
    const diesel_value args[] = {WORD("SLOWLOG"), WORD("RESET")};
    return dredis__ask_ok(client, args, COUNT(args), err);
}

int dredis_swapdb(dredis *client, int64_t index1, int64_t index2,
                  diesel_error *err)
{
    const diesel_value args[] = {WORD("SWAPDB"), diesel_int(index1),
                                 diesel_int(index2)};
    return dredis__ask_ok(client, args, COUNT(args), err);
}

dredis_reply *dredis_time(dredis *client, diesel_error *err)
{
    const diesel_value args[] = {WORD("TIME")};
    return dredis__ask_reply(client, args, COUNT(args), DREDIS__LIST, err);
}

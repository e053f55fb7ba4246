/* SPDX-License-Identifier: MIT */
/*
 * Scripts and functions; see also <diesel/redis_script.h>.
 *
 * Each function puts its arguments in their places and reads the reply as a C
 * value. Written by redis/generate/commands.py; it is not edited.
 */
#define DREDIS_FUNCTIONS_ONLY
#include <diesel/redis_scripting.h>

#include "typed_internal.h"

dredis_reply *dredis_eval(dredis *client, diesel_value script,
                          const diesel_value *keys, size_t n_keys,
                          const diesel_value *args, size_t n_args,
                          diesel_error *err)
{
    dredis__words w;
    dredis__words_begin(&w);
    dredis__put(&w, WORD_OF("EVAL"));
    dredis__put(&w, script);
    dredis__put(&w, diesel_uint(n_keys));
    dredis__put_all(&w, keys, n_keys);
    dredis__put_all(&w, args, n_args);
    dredis_reply *reply = dredis__ask_reply(client, w.args, w.n, DREDIS__ANY,
                                            err);
    dredis__words_end(&w);
    return reply;
}

dredis_reply *dredis_eval_ro(dredis *client, diesel_value script,
                             const diesel_value *keys, size_t n_keys,
                             const diesel_value *args, size_t n_args,
                             diesel_error *err)
{
    dredis__words w;
    dredis__words_begin(&w);
    dredis__put(&w, WORD_OF("EVAL_RO"));
    dredis__put(&w, script);
    dredis__put(&w, diesel_uint(n_keys));
    dredis__put_all(&w, keys, n_keys);
    dredis__put_all(&w, args, n_args);
    dredis_reply *reply = dredis__ask_reply(client, w.args, w.n, DREDIS__ANY,
                                            err);
    dredis__words_end(&w);
    return reply;
}

dredis_reply *dredis_evalsha(dredis *client, diesel_value sha1,
                             const diesel_value *keys, size_t n_keys,
                             const diesel_value *args, size_t n_args,
                             diesel_error *err)
{
    dredis__words w;
    dredis__words_begin(&w);
    dredis__put(&w, WORD_OF("EVALSHA"));
    dredis__put(&w, sha1);
    dredis__put(&w, diesel_uint(n_keys));
    dredis__put_all(&w, keys, n_keys);
    dredis__put_all(&w, args, n_args);
    dredis_reply *reply = dredis__ask_reply(client, w.args, w.n, DREDIS__ANY,
                                            err);
    dredis__words_end(&w);
    return reply;
}

dredis_reply *dredis_evalsha_ro(dredis *client, diesel_value sha1,
                                const diesel_value *keys, size_t n_keys,
                                const diesel_value *args, size_t n_args,
                                diesel_error *err)
{
    dredis__words w;
    dredis__words_begin(&w);
    dredis__put(&w, WORD_OF("EVALSHA_RO"));
    dredis__put(&w, sha1);
    dredis__put(&w, diesel_uint(n_keys));
    dredis__put_all(&w, keys, n_keys);
    dredis__put_all(&w, args, n_args);
    dredis_reply *reply = dredis__ask_reply(client, w.args, w.n, DREDIS__ANY,
                                            err);
    dredis__words_end(&w);
    return reply;
}

dredis_reply *dredis_fcall(dredis *client, diesel_value function,
                           const diesel_value *keys, size_t n_keys,
                           const diesel_value *args, size_t n_args,
                           diesel_error *err)
{
    dredis__words w;
    dredis__words_begin(&w);
    dredis__put(&w, WORD_OF("FCALL"));
    dredis__put(&w, function);
    dredis__put(&w, diesel_uint(n_keys));
    dredis__put_all(&w, keys, n_keys);
    dredis__put_all(&w, args, n_args);
    dredis_reply *reply = dredis__ask_reply(client, w.args, w.n, DREDIS__ANY,
                                            err);
    dredis__words_end(&w);
    return reply;
}

dredis_reply *dredis_fcall_ro(dredis *client, diesel_value function,
                              const diesel_value *keys, size_t n_keys,
                              const diesel_value *args, size_t n_args,
                              diesel_error *err)
{
    dredis__words w;
    dredis__words_begin(&w);
    dredis__put(&w, WORD_OF("FCALL_RO"));
    dredis__put(&w, function);
    dredis__put(&w, diesel_uint(n_keys));
    dredis__put_all(&w, keys, n_keys);
    dredis__put_all(&w, args, n_args);
    dredis_reply *reply = dredis__ask_reply(client, w.args, w.n, DREDIS__ANY,
                                            err);
    dredis__words_end(&w);
    return reply;
}

int dredis_function_delete(dredis *client, diesel_value library_name,
                           diesel_error *err)
{
    const diesel_value args[] = {WORD("FUNCTION"), WORD("DELETE"),
                                 library_name};
    return dredis__ask_ok(client, args, COUNT(args), err);
}

int dredis_function_dump(dredis *client, char **value, size_t *len,
                         diesel_error *err)
{
    const diesel_value args[] = {WORD("FUNCTION"), WORD("DUMP")};
    return dredis__ask_text(client, args, COUNT(args), value, len, err);
}

int dredis_function_flush(dredis *client,
                          const dredis_function_flush_options *options,
                          diesel_error *err)
{
    dredis__words w;
    dredis__words_begin(&w);
    dredis__put(&w, WORD_OF("FUNCTION"));
    dredis__put(&w, WORD_OF("FLUSH"));
    if (options != NULL) {
        dredis__opt_flag(&w, "ASYNC", options->async);
        dredis__opt_flag(&w, "SYNC", options->sync);
    }
    int result = dredis__ask_ok(client, w.args, w.n, err);
    dredis__words_end(&w);
    return result;
}

int dredis_function_kill(dredis *client, diesel_error *err)
{
    const diesel_value args[] = {WORD("FUNCTION"), WORD("KILL")};
    return dredis__ask_ok(client, args, COUNT(args), err);
}

dredis_reply *dredis_function_list(dredis *client,
                                   const dredis_function_list_options *options,
                                   diesel_error *err)
{
    dredis__words w;
    dredis__words_begin(&w);
    dredis__put(&w, WORD_OF("FUNCTION"));
    dredis__put(&w, WORD_OF("LIST"));
    if (options != NULL) {
        dredis__opt_value(&w, "LIBRARYNAME", options->libraryname);
        dredis__opt_flag(&w, "WITHCODE", options->withcode);
    }
    dredis_reply *reply = dredis__ask_reply(client, w.args, w.n, DREDIS__LIST,
                                            err);
    dredis__words_end(&w);
    return reply;
}

int dredis_function_load(dredis *client, diesel_value function_code,
                         const dredis_function_load_options *options,
                         char **value, size_t *len, diesel_error *err)
{
    dredis__words w;
    dredis__words_begin(&w);
    dredis__put(&w, WORD_OF("FUNCTION"));
    dredis__put(&w, WORD_OF("LOAD"));
    if (options != NULL)
        dredis__opt_flag(&w, "REPLACE", options->replace);
    dredis__put(&w, function_code);
    int result = dredis__ask_text(client, w.args, w.n, value, len, err);
    dredis__words_end(&w);
    return result;
}

int dredis_function_restore(dredis *client, diesel_value dumped,
                            const dredis_function_restore_options *options,
                            diesel_error *err)
{
    dredis__words w;
    dredis__words_begin(&w);
    dredis__put(&w, WORD_OF("FUNCTION"));
    dredis__put(&w, WORD_OF("RESTORE"));
    dredis__put(&w, dumped);
    if (options != NULL) {
        dredis__opt_flag(&w, "FLUSH", options->flush);
        dredis__opt_flag(&w, "APPEND", options->append);
        dredis__opt_flag(&w, "REPLACE", options->replace);
    }
    int result = dredis__ask_ok(client, w.args, w.n, err);
    dredis__words_end(&w);
    return result;
}

dredis_reply *dredis_function_stats(dredis *client, diesel_error *err)
{
    const diesel_value args[] = {WORD("FUNCTION"), WORD("STATS")};
    return dredis__ask_reply(client, args, COUNT(args), DREDIS__MAP, err);
}

dredis_reply *dredis_script_exists(dredis *client, const diesel_value *sha1s,
                                   size_t n, diesel_error *err)
{
    dredis__words w;
    dredis__words_begin(&w);
    dredis__put(&w, WORD_OF("SCRIPT"));
    dredis__put(&w, WORD_OF("EXISTS"));
    dredis__put_all(&w, sha1s, n);
    dredis_reply *reply = dredis__ask_reply(client, w.args, w.n, DREDIS__LIST,
                                            err);
    dredis__words_end(&w);
    return reply;
}

int dredis_script_flush(dredis *client,
                        const dredis_script_flush_options *options,
                        diesel_error *err)
{
    dredis__words w;
    dredis__words_begin(&w);
    dredis__put(&w, WORD_OF("SCRIPT"));
    dredis__put(&w, WORD_OF("FLUSH"));
    if (options != NULL) {
        dredis__opt_flag(&w, "ASYNC", options->async);
        dredis__opt_flag(&w, "SYNC", options->sync);
    }
    int result = dredis__ask_ok(client, w.args, w.n, err);
    dredis__words_end(&w);
    return result;
}

int dredis_script_kill(dredis *client, diesel_error *err)
{
    const diesel_value args[] = {WORD("SCRIPT"), WORD("KILL")};
    return dredis__ask_ok(client, args, COUNT(args), err);
}

int dredis_script_load(dredis *client, diesel_value script, char **value,
                       size_t *len, diesel_error *err)
{
    const diesel_value args[] = {WORD("SCRIPT"), WORD("LOAD"), script};
    return dredis__ask_text(client, args, COUNT(args), value, len, err);
}

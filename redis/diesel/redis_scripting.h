/* SPDX-License-Identifier: MIT */
/*
 * Scripts and functions; see also <diesel/redis_script.h>.
 *
 * What the functions take and give is told in <diesel/redis_commands.h>. Written
 * by redis/generate/commands.py; it is not edited.
 */
#ifndef DIESEL_REDIS_SCRIPTING_H
#define DIESEL_REDIS_SCRIPTING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <diesel/redis_choices.h>
#include <diesel/redis_client.h>

#ifdef __cplusplus
extern "C" {
#endif

/* EVAL (since 2.6.0). Runs a script. */
dredis_reply *dredis_eval(dredis *client, diesel_value script,
                          const diesel_value *keys, size_t n_keys,
                          const diesel_value *args, size_t n_args,
                          diesel_error *err)
    __attribute__((warn_unused_result));

/* EVAL_RO (since 7.0.0). Runs a script that only reads. */
dredis_reply *dredis_eval_ro(dredis *client, diesel_value script,
                             const diesel_value *keys, size_t n_keys,
                             const diesel_value *args, size_t n_args,
                             diesel_error *err)
    __attribute__((warn_unused_result));

/* EVALSHA (since 2.6.0). Runs a script that the server knows. */
dredis_reply *dredis_evalsha(dredis *client, diesel_value sha1,
                             const diesel_value *keys, size_t n_keys,
                             const diesel_value *args, size_t n_args,
                             diesel_error *err)
    __attribute__((warn_unused_result));

/* EVALSHA_RO (since 7.0.0). The same that only reads. */
dredis_reply *dredis_evalsha_ro(dredis *client, diesel_value sha1,
                                const diesel_value *keys, size_t n_keys,
                                const diesel_value *args, size_t n_args,
                                diesel_error *err)
    __attribute__((warn_unused_result));

/* FCALL (since 7.0.0). Calls a function of a library. */
dredis_reply *dredis_fcall(dredis *client, diesel_value function,
                           const diesel_value *keys, size_t n_keys,
                           const diesel_value *args, size_t n_args,
                           diesel_error *err)
    __attribute__((warn_unused_result));

/* FCALL_RO (since 7.0.0). The same that only reads. */
dredis_reply *dredis_fcall_ro(dredis *client, diesel_value function,
                              const diesel_value *keys, size_t n_keys,
                              const diesel_value *args, size_t n_args,
                              diesel_error *err)
    __attribute__((warn_unused_result));

/* FUNCTION DELETE (since 7.0.0). Deletes a library. */
int dredis_function_delete(dredis *client, diesel_value library_name,
                           diesel_error *err)
    __attribute__((warn_unused_result));

/* FUNCTION DUMP (since 7.0.0). All libraries, for function_restore. */
int dredis_function_dump(dredis *client, char **value, size_t *len,
                         diesel_error *err)
    __attribute__((warn_unused_result));

/* FUNCTION FLUSH (since 7.0.0). Deletes all libraries. */
typedef struct dredis_function_flush_options {
    bool async; /* ASYNC */
    bool sync;  /* SYNC */
} dredis_function_flush_options;

int dredis_function_flush(dredis *client,
                          const dredis_function_flush_options *options,
                          diesel_error *err)
    __attribute__((warn_unused_result));

/* FUNCTION KILL (since 7.0.0). Ends the function that runs. */
int dredis_function_kill(dredis *client, diesel_error *err)
    __attribute__((warn_unused_result));

/* FUNCTION LIST (since 7.0.0). The libraries. */
typedef struct dredis_function_list_options {
    diesel_value libraryname; /* LIBRARYNAME library name pattern */
    bool withcode;            /* WITHCODE */
} dredis_function_list_options;

dredis_reply *dredis_function_list(dredis *client,
                                   const dredis_function_list_options *options,
                                   diesel_error *err)
    __attribute__((warn_unused_result));

/* FUNCTION LOAD (since 7.0.0). Loads a library; the value is its name. */
typedef struct dredis_function_load_options {
    bool replace; /* REPLACE */
} dredis_function_load_options;

int dredis_function_load(dredis *client, diesel_value function_code,
                         const dredis_function_load_options *options,
                         char **value, size_t *len, diesel_error *err)
    __attribute__((warn_unused_result));

/* FUNCTION RESTORE (since 7.0.0). Loads what function_dump gave. */
typedef struct dredis_function_restore_options {
    bool flush;   /* FLUSH */
    bool append;  /* APPEND */
    bool replace; /* REPLACE */
} dredis_function_restore_options;

int dredis_function_restore(dredis *client, diesel_value dumped,
                            const dredis_function_restore_options *options,
                            diesel_error *err)
    __attribute__((warn_unused_result));

/* FUNCTION STATS (since 7.0.0). What runs, and how much there is. */
dredis_reply *dredis_function_stats(dredis *client, diesel_error *err)
    __attribute__((warn_unused_result));

/* SCRIPT EXISTS (since 2.6.0). For each SHA1 1 or 0: whether the server
 * knows it. */
dredis_reply *dredis_script_exists(dredis *client, const diesel_value *sha1s,
                                   size_t n, diesel_error *err)
    __attribute__((warn_unused_result));

/* SCRIPT FLUSH (since 2.6.0). Forgets all scripts. */
typedef struct dredis_script_flush_options {
    bool async; /* ASYNC */
    bool sync;  /* SYNC */
} dredis_script_flush_options;

int dredis_script_flush(dredis *client,
                        const dredis_script_flush_options *options,
                        diesel_error *err)
    __attribute__((warn_unused_result));

/* SCRIPT KILL (since 2.6.0). Ends the script that runs. */
int dredis_script_kill(dredis *client, diesel_error *err)
    __attribute__((warn_unused_result));

/* SCRIPT LOAD (since 2.6.0). Lets the server know a script; the value is its
 * SHA1. */
int dredis_script_load(dredis *client, diesel_value script, char **value,
                       size_t *len, diesel_error *err)
    __attribute__((warn_unused_result));

#if !defined(__cplusplus) && !defined(DREDIS_FUNCTIONS_ONLY)
#define dredis_eval(client, script, ...)                                       \
    (dredis_eval)((client), DIESEL_VALUE(script), __VA_ARGS__)
#define dredis_eval_ro(client, script, ...)                                    \
    (dredis_eval_ro)((client), DIESEL_VALUE(script), __VA_ARGS__)
#define dredis_evalsha(client, sha1, ...)                                      \
    (dredis_evalsha)((client), DIESEL_VALUE(sha1), __VA_ARGS__)
#define dredis_evalsha_ro(client, sha1, ...)                                   \
    (dredis_evalsha_ro)((client), DIESEL_VALUE(sha1), __VA_ARGS__)
#define dredis_fcall(client, function, ...)                                    \
    (dredis_fcall)((client), DIESEL_VALUE(function), __VA_ARGS__)
#define dredis_fcall_ro(client, function, ...)                                 \
    (dredis_fcall_ro)((client), DIESEL_VALUE(function), __VA_ARGS__)
#define dredis_function_delete(client, library_name, ...)                      \
    (dredis_function_delete)((client), DIESEL_VALUE(library_name),             \
                             __VA_ARGS__)
#define dredis_function_load(client, function_code, ...)                       \
    (dredis_function_load)((client), DIESEL_VALUE(function_code),              \
                           __VA_ARGS__)
#define dredis_function_restore(client, dumped, ...)                           \
    (dredis_function_restore)((client), DIESEL_VALUE(dumped), __VA_ARGS__)
#define dredis_script_load(client, script, ...)                                \
    (dredis_script_load)((client), DIESEL_VALUE(script), __VA_ARGS__)
#endif

#ifdef __cplusplus
}
#endif
#endif

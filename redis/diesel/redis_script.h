/* SPDX-License-Identifier: MIT */
/*
 * Lua in the server: scripts that are sent once and then called by their digest, and
 * libraries of functions that are kept up to date.
 *
 *     static dredis_script take = DREDIS_SCRIPT(
 *         "local left = tonumber(redis.call('GET', KEYS[1]) or 0)\n"
 *         "if left < tonumber(ARGV[1]) then return 0 end\n"
 *         "redis.call('DECRBY', KEYS[1], ARGV[1])\n"
 *         "return 1");
 *
 *     dredis_reply *r = dredis_script_call(redis, &take, DREDIS_LIST("stock"),
 *                                          DREDIS_LIST(3), &err);
 *
 * For the commands themselves (EVAL, FCALL, SCRIPT ...) see
 * <diesel/redis_scripting.h>.
 */
#ifndef DIESEL_REDIS_SCRIPT_H
#define DIESEL_REDIS_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <diesel/redis_client.h>
#include <diesel/redis_pipeline.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A script, usually a static variable made by DREDIS_SCRIPT(). Any number of clients
 * of one thread may use it. */
typedef struct dredis_script {
    const char *code;
    bool read_only; /* it changes nothing: EVAL_RO, which is sent again when a
                       connection breaks                                        */
    char sha1[41];  /* of the code; filled by the first call                    */
} dredis_script;

#define DREDIS_SCRIPT(text) {.code = (text)}
#define DREDIS_SCRIPT_READ_ONLY(text) {.code = (text), .read_only = true}

/* Runs a script by its digest (EVALSHA), and by its text (EVAL) if the server does
 * not know it, which it does from then on. The reply is owned by the caller; NULL as
 * dredis_call() fails. Switches fibers. */
dredis_reply *dredis_script_call(dredis *client, dredis_script *script,
                                 const diesel_value *keys, size_t n_keys,
                                 const diesel_value *args, size_t n_args,
                                 diesel_error *err)
    __attribute__((warn_unused_result));

/* Appends a call to a pipeline: 0 or -1, as dredis_pipeline_add() does. The text is
 * sent with the first call of a script in each batch and the digest with the others,
 * so that whatever the server knows, all run, and in their order. Never switches
 * fibers. */
int dredis_pipeline_add_script(dredis_pipeline *pipeline, dredis_script *script,
                               const diesel_value *keys, size_t n_keys,
                               const diesel_value *args, size_t n_args,
                               diesel_error *err)
    __attribute__((warn_unused_result));

/*
 * Makes sure that the server has a library of functions (Redis 7). The code begins
 * with the line that names it, "#!lua name=shop", and may have a line
 * "-- version: 3"; without, it is version 0. If the server has none of that name, or
 * another one of the same or a lower version, this one is loaded; if it has a higher
 * one, that is left alone, so that programs of several versions can run side by
 * side. 1: loaded; 0: the server's is the same or newer; -1: INVAL (there is no
 * name), and as dredis_call(). Switches fibers.
 */
int dredis_library_load(dredis *client, const char *code, diesel_error *err)
    __attribute__((warn_unused_result));

/* Calls a function of the library (FCALL), and loads the library first if the
 * server does not know the function. The reply is owned by the caller; NULL as
 * dredis_call() and dredis_library_load() fail. Switches fibers. */
dredis_reply *dredis_library_call(dredis *client, const char *code,
                                  const char *function,
                                  const diesel_value *keys, size_t n_keys,
                                  const diesel_value *args, size_t n_args,
                                  diesel_error *err)
    __attribute__((warn_unused_result));

#ifdef __cplusplus
}
#endif
#endif

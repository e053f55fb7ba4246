/* SPDX-License-Identifier: MIT */
/*
 * A function for each of the everyday commands, in all groups;
 * dredis_call() runs all the others.
 *
 *     int64_t visits;
 *     if (dredis_incr(redis, "visits", &visits, &err) < 0)
 *         return diesel_fail(&err);
 *     char *name;
 *     int found = dredis_get(redis, "user:7", &name, NULL, &err);
 *     if (found > 0) {
 *         puts(name);
 *         diesel_free(name);
 *     }
 *     dredis_set(redis, "lease", 42, &(dredis_set_options){.px = 500, .nx = true},
 *                &err);
 *     dredis_zadd(redis, "scores", DREDIS_LIST(12.5, "ann", 7, "bob"), NULL,
 *                 NULL, &err);
 *
 * A function is called as its command is, in small letters, and takes what the
 * command takes in the same order:
 *
 *  - A key, a value, a member and the like is anything that DIESEL_VALUE takes: a
 *    string, diesel_bytes(), a number. The names are macros over the functions,
 *    which take a diesel_value; C++ calls the functions, and so does a C file that
 *    defines DREDIS_FUNCTIONS_ONLY.
 *  - Several of them are an array and its length; DREDIS_LIST(a, b, c) is both.
 *    Pairs stand in it as on the wire: field, value, field, value, ...
 *  - Options are a struct, each field called after its word; NULL: none. A bool is
 *    the word alone; a number is sent if it is not 0, a diesel_value if it is not
 *    zero-initialised: .block = diesel_int(0). Of words that exclude each other,
 *    the server refuses more than one.
 *  - What comes back is written behind a pointer, before the error; NULL: it is not
 *    wanted. Strings are owned by the caller, freed with diesel_free(); they may hold
 *    any bytes, *len of them, and end with a zero byte beyond.
 *
 * Functions that return an int give -1 on failure. Where there may be no value, or a
 * condition may not be met, they give 1 or 0 and with 0 a NULL string or a number
 * that is 0; where a command says whether it did something, they give that as 1
 * or 0; all others give 0. Those that return a dredis_reply give one that is owned
 * by the caller, dredis_reply_free(), or NULL on failure; see <diesel/redis_reply.h>
 * for what is read from it in the same way with RESP2 and RESP3.
 *
 * All switch fibers and fail as dredis_call() does, and with PROTOCOL if the
 * reply is of a type that the command does not have.
 */
#ifndef DIESEL_REDIS_COMMANDS_H
#define DIESEL_REDIS_COMMANDS_H

#include <diesel/redis_acl.h>
#include <diesel/redis_admin.h>
#include <diesel/redis_bitmaps.h>
#include <diesel/redis_choices.h>
#include <diesel/redis_client.h>
#include <diesel/redis_geo.h>
#include <diesel/redis_hashes.h>
#include <diesel/redis_hyperloglog.h>
#include <diesel/redis_keys.h>
#include <diesel/redis_lists.h>
#include <diesel/redis_publishing.h>
#include <diesel/redis_scripting.h>
#include <diesel/redis_sets.h>
#include <diesel/redis_sorted_sets.h>
#include <diesel/redis_streams.h>
#include <diesel/redis_strings.h>

/* An array of values and its length, two arguments of a function. */
#define DREDIS_LIST(...) DIESEL_VALUES(__VA_ARGS__), DIESEL_COUNT(__VA_ARGS__)

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Libraries of functions. The server is asked for the library's code; what it says
 * decides whether ours is loaded:
 *
 *     none                 load it
 *     the same             nothing
 *     another, version <=  replace it
 *     another, version >   nothing
 *
 * Somebody else may load it between the question and the answer: then the server
 * refuses to load it without REPLACE, and is asked again.
 */
#include <diesel/redis_script.h>

#include <stdlib.h>
#include <string.h>

#include "client_internal.h"
#include "typed_internal.h"

#define LONGEST_NAME 128
#define MOST_ROUNDS 4

/* What is to be done. */
enum verdict { FAILED = -1, KEEP, LOAD, REPLACE };

/* The name in "#!lua name=shop"; false: there is none. */
static bool read_name(const char *code, char name[LONGEST_NAME])
{
    const char *end = strchr(code, '\n');
    const char *at = strncmp(code, "#!", 2) == 0 ? strstr(code, "name=") : NULL;
    if (at == NULL || end == NULL || at > end)
        return false;
    at += 5;
    size_t len = strcspn(at, " \t\r\n");
    if (len == 0 || len >= LONGEST_NAME)
        return false;
    memcpy(name, at, len);
    name[len] = '\0';
    return true;
}

/* The number in the line "-- version: 3"; 0: there is none. */
static long read_version(const char *code)
{
    static const char mark[] = "\n-- version:";
    const char *at = strstr(code, mark);
    return at != NULL ? strtol(at + sizeof mark - 1, NULL, 10) : 0;
}

static enum verdict compare(const dredis_reply *libraries, const char *code)
{
    if (libraries->elements == 0)
        return LOAD;
    const dredis_reply *theirs =
        dredis_reply_field(&libraries->element[0], "library_code");
    if (theirs == NULL || theirs->str == NULL)
        return REPLACE;
    if (strcmp(theirs->str, code) == 0)
        return KEEP;
    return read_version(theirs->str) > read_version(code) ? KEEP : REPLACE;
}

static enum verdict ask(dredis *client, const char *name, const char *code,
                        diesel_error *err)
{
    const diesel_value args[] = {WORD("FUNCTION"), WORD("LIST"),
                                 WORD("LIBRARYNAME"), diesel_str(name),
                                 WORD("WITHCODE")};
    dredis_reply *reply =
        dredis__ask_reply(client, args, COUNT(args), DREDIS__LIST, err);
    if (reply == NULL)
        return FAILED;
    enum verdict verdict = compare(reply, code);
    dredis_reply_free(reply);
    return verdict;
}

static int load(dredis *client, const char *code, enum verdict verdict,
                diesel_error *err)
{
    diesel_value args[4] = {WORD("FUNCTION"), WORD("LOAD")};
    size_t n = 2;
    if (verdict == REPLACE)
        args[n++] = WORD_OF("REPLACE");
    args[n++] = diesel_str(code);
    dredis_reply *reply = dredis__ask_reply(client, args, n, DREDIS__ANY, err);
    if (reply == NULL)
        return -1;
    dredis_reply_free(reply);
    return 1;
}

static bool came_first(const diesel_error *why)
{
    return why->code == DIESEL_E_SERVER &&
           strstr(why->message, "already exists") != NULL;
}

int dredis_library_load(dredis *client, const char *code, diesel_error *err)
{
    char name[LONGEST_NAME];
    diesel_error why;
    if (!read_name(code, name))
        return diesel_error_set(err, DIESEL_E_INVAL, DIESEL_DOM_CORE, 0,
                                "redis %s: the library does not begin with a "
                                "line like #!lua name=shop",
                                dredis_name(client));
    for (int round = 1;; round++) {
        enum verdict verdict = ask(client, name, code, &why);
        if (verdict == KEEP)
            return 0;
        if (verdict != FAILED && load(client, code, verdict, &why) > 0)
            return 1;
        if (verdict != LOAD || !came_first(&why) || round == MOST_ROUNDS)
            break;
    }
    if (err != NULL)
        *err = why;
    return -1;
}

static dredis_reply *call(dredis *client, const char *function,
                          const diesel_value *keys, size_t n_keys,
                          const diesel_value *args, size_t n_args,
                          diesel_error *err)
{
    dredis__words w;
    dredis__words_begin(&w);
    dredis__put(&w, WORD_OF("FCALL"));
    dredis__put(&w, diesel_str(function));
    dredis__put(&w, diesel_uint(n_keys));
    dredis__put_all(&w, keys, n_keys);
    dredis__put_all(&w, args, n_args);
    dredis_reply *reply =
        dredis__ask_reply(client, w.args, w.n, DREDIS__ANY, err);
    dredis__words_end(&w);
    return reply;
}

dredis_reply *dredis_library_call(dredis *client, const char *code,
                                  const char *function,
                                  const diesel_value *keys, size_t n_keys,
                                  const diesel_value *args, size_t n_args,
                                  diesel_error *err)
{
    diesel_error why;
    dredis_reply *reply =
        call(client, function, keys, n_keys, args, n_args, &why);
    if (reply == NULL && why.code == DIESEL_E_SERVER &&
        strstr(why.message, "Function not found") != NULL &&
        dredis_library_load(client, code, &why) >= 0)
        reply = call(client, function, keys, n_keys, args, n_args, &why);
    if (reply == NULL && err != NULL)
        *err = why;
    return reply;
}

/* SPDX-License-Identifier: MIT */
/*
 * Scripts. A server knows a script by the SHA-1 of its text once it has run it; it
 * may forget all of them at any time (a restart, SCRIPT FLUSH), which it says by
 * NOSCRIPT before anything has run. A single call then sends the text. In a batch
 * that would come too late, for what is behind has run, so there the first call of
 * each script brings the text along.
 */
#include "script_internal.h"

#include <stdio.h>
#include <string.h>

#include <openssl/sha.h>

#include <diesel/memory.h>

#include "client_internal.h"

/* Redis's name for the script: small hexadecimal digits. */
static const char *digest_of(dredis_script *script)
{
    unsigned char digest[SHA_DIGEST_LENGTH];
    if (script->sha1[0] != '\0')
        return script->sha1;
    SHA1((const unsigned char *)script->code, strlen(script->code), digest);
    for (int i = 0; i < SHA_DIGEST_LENGTH; i++)
        snprintf(script->sha1 + 2 * i, 3, "%02x", digest[i]);
    return script->sha1;
}

/* EVAL text n key ... arg ..., or EVALSHA and the digest. */
static void put_call(dredis__words *w, dredis_script *script, bool by_text,
                     const diesel_value *keys, size_t n_keys,
                     const diesel_value *args, size_t n_args)
{
    dredis__words_begin(w);
    if (by_text)
        dredis__put(w, diesel_str(script->read_only ? "EVAL_RO" : "EVAL"));
    else
        dredis__put(w, diesel_str(script->read_only ? "EVALSHA_RO" : "EVALSHA"));
    dredis__put(w, diesel_str(by_text ? script->code : digest_of(script)));
    dredis__put(w, diesel_uint(n_keys));
    dredis__put_all(w, keys, n_keys);
    dredis__put_all(w, args, n_args);
}

dredis_reply *dredis_script_call(dredis *client, dredis_script *script,
                                 const diesel_value *keys, size_t n_keys,
                                 const diesel_value *args, size_t n_args,
                                 diesel_error *err)
{
    dredis__words w;
    diesel_error why;
    put_call(&w, script, false, keys, n_keys, args, n_args);
    dredis_reply *reply =
        dredis__ask_reply(client, w.args, w.n, DREDIS__ANY, &why);
    dredis__words_end(&w);
    if (reply == NULL && why.domain == DIESEL_DOM_REDIS &&
        why.detail == DREDIS_ERR_NOSCRIPT) {
        put_call(&w, script, true, keys, n_keys, args, n_args);
        reply = dredis__ask_reply(client, w.args, w.n, DREDIS__ANY, &why);
        dredis__words_end(&w);
    }
    if (reply == NULL && err != NULL)
        *err = why;
    return reply;
}

static bool is_known(const dredis__scripts *scripts, const dredis_script *script)
{
    for (size_t i = 0; i < scripts->n; i++)
        if (scripts->known[i] == script)
            return true;
    return false;
}

int dredis__scripts_call(dredis__scripts *scripts, dredis__words *w,
                         dredis_script *script, const diesel_value *keys,
                         size_t n_keys, const diesel_value *args, size_t n_args,
                         diesel_error *err)
{
    put_call(w, script, !is_known(scripts, script), keys, n_keys, args, n_args);
    if (w->args == NULL)
        return diesel_error_nomem(err, "a command");
    if (scripts->n < scripts->room)
        return 0;
    size_t room = scripts->room * 2 + 4;
    const dredis_script **known =
        diesel_realloc_array(scripts->known, room, sizeof *known);
    if (known == NULL)
        return diesel_error_nomem(err, "a batch of commands");
    scripts->known = known;
    scripts->room = room;
    return 0;
}

void dredis__scripts_added(dredis__scripts *scripts, const dredis_script *script)
{
    if (!is_known(scripts, script))
        scripts->known[scripts->n++] = script;
}

void dredis__scripts_reset(dredis__scripts *scripts)
{
    scripts->n = 0;
}

void dredis__scripts_clear(dredis__scripts *scripts)
{
    diesel_free(scripts->known);
    *scripts = (dredis__scripts){0};
}

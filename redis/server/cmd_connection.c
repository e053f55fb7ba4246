/* SPDX-License-Identifier: MIT */
/*
 * The test server's commands on the connection itself.
 */
#include <stdio.h>
#include <string.h>

#include <diesel/memory.h>

#include "server/commands_internal.h"
#include "server/data_internal.h"

void dredis__run_ping(dredis__call *call)
{
    if (call->n > 2) {
        dredis__say_error(call, "ERR wrong number of arguments for 'ping' command");
        return;
    }
    if (call->peer->resp == 2 && dredis__peer_subscriptions(call->peer) > 0) {
        dredis__say_array(call, 2);
        dredis__say_text(call, "pong");
        dredis__say_span(call, call->n == 2 ? call->arg[1] : (dredis__span){"", 0});
    } else if (call->n == 2) {
        dredis__say_span(call, call->arg[1]);
    } else {
        dredis__say_status(call, "PONG");
    }
}

void dredis__run_echo(dredis__call *call)
{
    dredis__say_span(call, call->arg[1]);
}

void dredis__run_select(dredis__call *call)
{
    long long db;
    if (dredis__span_int(call->arg[1], &db) < 0) {
        dredis__say_error(call, "ERR value is not an integer or out of range");
    } else if (db < 0 || db >= DREDIS__DATABASES) {
        dredis__say_error(call, "ERR DB index is out of range");
    } else {
        call->peer->db = (int)db;
        dredis__say_ok(call);
    }
}

void dredis__run_quit(dredis__call *call)
{
    dredis__say_ok(call);
    call->peer->closing = true;
}

void dredis__run_reset(dredis__call *call)
{
    dredis__peer_reset(call->peer);
    dredis__say_status(call, "RESET");
}

static bool is_text(dredis__span span, const char *text)
{
    return dredis__span_is(span, (dredis__span){text, strlen(text)});
}

/* Whether they are the server's: the error has been said if not. */
static bool log_in(dredis__call *call, dredis__span user, dredis__span password)
{
    const dredis__engine *engine = call->engine;
    bool right = is_text(user, engine->user) &&
                 (engine->password == NULL || is_text(password, engine->password));
    call->peer->authenticated = call->peer->authenticated || right;
    if (!right)
        dredis__say_error(call, "WRONGPASS invalid username-password pair or user "
                                "is disabled.");
    return right;
}

void dredis__run_auth(dredis__call *call)
{
    const dredis__engine *engine = call->engine;
    if (call->n > 3) {
        dredis__say_syntax(call);
        return;
    }
    if (call->n == 2 && engine->password == NULL) {
        dredis__say_error(call, "ERR AUTH <password> called without any password "
                                "configured for the default user. Are you sure "
                                "your configuration is correct?");
        return;
    }
    dredis__span user = call->n == 3
                            ? call->arg[1]
                            : (dredis__span){"default", strlen("default")};
    if (log_in(call, user, call->arg[call->n - 1]))
        dredis__say_ok(call);
}

/* --- HELLO */

static void say_hello(dredis__call *call)
{
    dredis__say_map(call, 7);
    dredis__say_text(call, "server");
    dredis__say_text(call, "redis");
    dredis__say_text(call, "version");
    dredis__say_text(call, "7.0.0");
    dredis__say_text(call, "proto");
    dredis__say_int(call, call->peer->resp);
    dredis__say_text(call, "id");
    dredis__say_int(call, (long long)call->peer->id);
    dredis__say_text(call, "mode");
    dredis__say_text(call, "standalone");
    dredis__say_text(call, "role");
    dredis__say_text(call, "master");
    dredis__say_text(call, "modules");
    dredis__say_array(call, 0);
}

/* CLIENT SETNAME: 0, or -1, and the error has been said. */
static int set_name(dredis__call *call, dredis__span name)
{
    for (size_t i = 0; i < name.len; i++) {
        if (name.at[i] < '!' || name.at[i] > '~') {
            dredis__say_error(call, "ERR Client names cannot contain spaces, "
                                    "newlines or special characters.");
            return -1;
        }
    }
    dredis__blob *blob = dredis__blob_new(name.at, name.len);
    if (blob == NULL) {
        dredis__say_no_memory(call);
        return -1;
    }
    diesel_free(call->peer->name);
    call->peer->name = blob;
    return 0;
}

/* The options behind the version: 0, or -1, and the error has been said. */
static int hello_options(dredis__call *call)
{
    for (size_t i = 2; i < call->n;) {
        if (dredis__arg_is(call, i, "AUTH") && i + 2 < call->n) {
            if (!log_in(call, call->arg[i + 1], call->arg[i + 2]))
                return -1;
            i += 3;
        } else if (dredis__arg_is(call, i, "SETNAME") && i + 1 < call->n) {
            if (set_name(call, call->arg[i + 1]) < 0)
                return -1;
            i += 2;
        } else {
            dredis__say_error(call, "ERR Syntax error in HELLO option '%.*s'",
                              (int)call->arg[i].len, call->arg[i].at);
            return -1;
        }
    }
    return 0;
}

void dredis__run_hello(dredis__call *call)
{
    long long version = call->peer->resp;
    if (call->n > 1 && dredis__span_int(call->arg[1], &version) < 0) {
        dredis__say_error(call, "ERR Protocol version is not an integer or out of "
                                "range");
        return;
    }
    if (version != 2 && version != 3) {
        dredis__say_error(call, "NOPROTO unsupported protocol version");
        return;
    }
    if (hello_options(call) < 0)
        return;
    if (!call->peer->authenticated) {
        dredis__say_error(call, "NOAUTH HELLO must be called with the client already "
                                "authenticated, otherwise the HELLO <proto> AUTH "
                                "<user> <pass> option can be used to authenticate "
                                "the client and select the RESP protocol version "
                                "at the same time");
        return;
    }
    call->peer->resp = (int)version;
    say_hello(call);
}

/* --- CLIENT */

static void kill_client(dredis__call *call)
{
    long long id;
    if (call->n != 4 || !dredis__arg_is(call, 2, "ID")) {
        dredis__say_syntax(call);
        return;
    }
    if (dredis__arg_int(call, 3, &id) < 0)
        return;
    dredis__peer *victim = dredis__peer_find(call->engine, (uint64_t)id);
    if (victim != NULL) {
        victim->closing = true;
        dredis__peer_has_output(victim);
    }
    dredis__say_int(call, victim != NULL);
}

static void unblock(dredis__call *call)
{
    long long id;
    if (dredis__arg_int(call, 2, &id) < 0)
        return;
    dredis__peer *peer = dredis__peer_find(call->engine, (uint64_t)id);
    bool waits = peer != NULL && peer->waiting != NULL;
    dredis__say_int(call, waits);
    if (waits)
        dredis__waiting_time_out(peer);
}

static void list_clients(dredis__call *call)
{
    dredis__buffer text = {0};
    for (const dredis__peer *peer = call->engine->peers; peer != NULL;
         peer = peer->next)
        dredis__buffer_print(&text, "id=%llu name=%s db=%d sub=%zu psub=%zu "
                                    "multi=%d resp=%d\n",
                             (unsigned long long)peer->id,
                             peer->name != NULL ? peer->name->at : "", peer->db,
                             peer->channels.count, peer->patterns.count,
                             peer->in_multi ? (int)peer->queued.count : -1,
                             peer->resp);
    dredis__say_verbatim(call, &text);
    dredis__buffer_clear(&text);
}

void dredis__run_client(dredis__call *call)
{
    size_t n = call->n;
    if (dredis__arg_is(call, 1, "ID") && n == 2) {
        dredis__say_int(call, (long long)call->peer->id);
    } else if (dredis__arg_is(call, 1, "GETNAME") && n == 2) {
        dredis__say_blob(call, call->peer->name);
    } else if (dredis__arg_is(call, 1, "SETNAME") && n == 3) {
        if (set_name(call, call->arg[2]) == 0)
            dredis__say_ok(call);
    } else if ((dredis__arg_is(call, 1, "SETINFO") && n == 4) ||
               (dredis__arg_is(call, 1, "NO-EVICT") && n == 3) ||
               (dredis__arg_is(call, 1, "NO-TOUCH") && n == 3)) {
        dredis__say_ok(call);
    } else if (dredis__arg_is(call, 1, "TRACKING") && n >= 3) {
        dredis__client_tracking(call);
    } else if (dredis__arg_is(call, 1, "CACHING") && n == 3) {
        dredis__client_caching(call);
    } else if (dredis__arg_is(call, 1, "KILL") && n >= 3) {
        kill_client(call);
    } else if (dredis__arg_is(call, 1, "UNBLOCK") && n == 3) {
        unblock(call);
    } else if (dredis__arg_is(call, 1, "LIST") && n == 2) {
        list_clients(call);
    } else {
        dredis__say_error(call, "ERR unknown subcommand or wrong number of "
                                "arguments for '%.*s'. Try CLIENT HELP.",
                          (int)call->arg[1].len, call->arg[1].at);
    }
}

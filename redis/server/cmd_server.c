/* SPDX-License-Identifier: MIT */
/*
 * The test server's commands on the server: as much as clients want to know.
 */
#include <stdio.h>
#include <string.h>

#include "server/commands_internal.h"
#include "server/data_internal.h"

void dredis__run_dbsize(dredis__call *call)
{
    dredis__keys_expire(call->engine);
    dredis__say_int(call, (long long)call->engine->db[call->peer->db].count);
}

static void flush(dredis__call *call, int db)
{
    if (call->n > 2 || (call->n == 2 && !dredis__arg_is(call, 1, "SYNC") &&
                        !dredis__arg_is(call, 1, "ASYNC"))) {
        dredis__say_syntax(call);
        return;
    }
    dredis__keys_flush(call->engine, call, db);
    dredis__say_ok(call);
}

void dredis__run_flushdb(dredis__call *call)
{
    flush(call, call->peer->db);
}

void dredis__run_flushall(dredis__call *call)
{
    flush(call, -1);
}

void dredis__run_time(dredis__call *call)
{
    int64_t now = dredis__engine_now(call->engine);
    char text[32];
    dredis__say_array(call, 2);
    snprintf(text, sizeof text, "%lld", (long long)(now / 1000));
    dredis__say_text(call, text);
    snprintf(text, sizeof text, "%lld", (long long)(now % 1000 * 1000));
    dredis__say_text(call, text);
}

/* It has no replicas. */
void dredis__run_wait(dredis__call *call)
{
    long long number;
    if (dredis__arg_int(call, 1, &number) == 0 &&
        dredis__arg_int(call, 2, &number) == 0)
        dredis__say_int(call, 0);
}

void dredis__run_info(dredis__call *call)
{
    const dredis__engine *engine = call->engine;
    dredis__buffer text = {0};
    size_t clients = 0;
    for (const dredis__peer *peer = engine->peers; peer != NULL;
         peer = peer->next)
        clients++;
    dredis__buffer_print(&text,
                         "# Server\r\nredis_version:7.0.0\r\n"
                         "redis_mode:standalone\r\n\r\n"
                         "# Clients\r\nconnected_clients:%zu\r\n\r\n"
                         "# Stats\r\ntotal_commands_processed:%llu\r\n\r\n"
                         "# Replication\r\nrole:master\r\n"
                         "connected_slaves:0\r\n\r\n# Keyspace\r\n",
                         clients, (unsigned long long)engine->commands);
    for (int i = 0; i < DREDIS__DATABASES; i++)
        if (engine->db[i].count > 0)
            dredis__buffer_print(&text, "db%d:keys=%zu\r\n", i,
                                 engine->db[i].count);
    dredis__say_verbatim(call, &text);
    dredis__buffer_clear(&text);
}

static size_t count_commands(void)
{
    size_t n = 0;
    const dredis__server_command *command = NULL;
    while ((command = dredis__server_command_next(command)) != NULL)
        n++;
    return n;
}

/* COMMAND COUNT, COMMAND LIST; COMMAND DOCS, which is empty. */
void dredis__run_command(dredis__call *call)
{
    const dredis__server_command *command = NULL;
    if (dredis__arg_is(call, 1, "COUNT") && call->n == 2) {
        dredis__say_int(call, (long long)count_commands());
    } else if (dredis__arg_is(call, 1, "LIST") && call->n == 2) {
        dredis__say_array(call, count_commands());
        while ((command = dredis__server_command_next(command)) != NULL)
            dredis__say_text(call, command->name);
    } else if (dredis__arg_is(call, 1, "DOCS")) {
        dredis__say_map(call, 0);
    } else {
        dredis__say_error(call, "ERR unknown subcommand or wrong number of "
                                "arguments for 'command'. Try COMMAND HELP.");
    }
}

/* Of the settings it has the one that changes what clients see. */
void dredis__run_config(dredis__call *call)
{
    static const char events[] = "notify-keyspace-events";
    char text[32];
    if (dredis__arg_is(call, 1, "GET") && call->n == 3) {
        bool known = dredis__glob_matches(call->arg[2],
                                          (dredis__span){events, strlen(events)});
        dredis__say_map(call, known);
        if (!known)
            return;
        dredis__say_text(call, events);
        dredis__events_print(call->engine->events, text);
        dredis__say_text(call, text);
    } else if (dredis__arg_is(call, 1, "SET") && call->n == 4 &&
               dredis__arg_is(call, 2, events)) {
        if (dredis__events_parse(call->arg[3], &call->engine->events) == 0)
            dredis__say_ok(call);
        else
            dredis__say_error(call, "ERR CONFIG SET failed (possibly related to "
                                    "argument '%s') - Invalid event class "
                                    "character. Use 'Ag$lshzxeKEtmdn'.", events);
    } else {
        dredis__say_error(call, "ERR unknown subcommand or setting. Try CONFIG "
                                "HELP.");
    }
}

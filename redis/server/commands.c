/* SPDX-License-Identifier: MIT */
/*
 * The test server's table of commands, and how a name is found in it.
 */
#include "server/commands_internal.h"

#include <string.h>

#define W DREDIS__WRITES
#define R DREDIS__READS
#define SUB DREDIS__SUBSCRIBED

static const dredis__server_command commands[] = {
#define ROW(name, arity, flags) {#name, arity, flags, dredis__run_##name},
    DREDIS__SERVER_COMMANDS(ROW)
#undef ROW
};

enum { COUNT = sizeof commands / sizeof commands[0] };

const dredis__server_command *dredis__server_command_find(dredis__span name)
{
    for (size_t i = 0; i < COUNT; i++)
        if (dredis__span_is_word(name, commands[i].name))
            return &commands[i];
    return NULL;
}

const dredis__server_command *dredis__server_command_next(const dredis__server_command *command)
{
    if (command == NULL)
        return commands;
    return command + 1 < commands + COUNT ? command + 1 : NULL;
}

/* SPDX-License-Identifier: MIT */
/*
 * Running commands over a session and printing their replies.
 */
#ifndef DREDIS_CLI_SHELL_INTERNAL_H
#define DREDIS_CLI_SHELL_INTERNAL_H

#include <diesel/redis.h>

#include "redis/cli/settings_internal.h"

/* Runs what the settings and the operands say, in a fiber: one command, or those
 * on standard input. An exit status (0, or DIESEL__EXIT_SERVER if the server
 * answered a command with an error), or -1. Switches fibers. */
int dredis__shell_run(const dredis__settings *settings, char **operands,
                      int operand_count, diesel_error *err);

#endif

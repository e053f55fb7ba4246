/* SPDX-License-Identifier: MIT */
/*
 * Reading statements, running them one by one, and connecting for that.
 */
#ifndef DMONGO_CLI_SHELL_INTERNAL_H
#define DMONGO_CLI_SHELL_INTERNAL_H

#include <diesel/error.h>

#include "mongo/cli/settings_internal.h"

/* What the operands are: `uri` and `command`, each may be NULL. */
typedef struct dmongo__work {
    const dmongo__settings *settings;
    const char *uri;      /* a connection string                    */
    const char *command;  /* the document after it                  */
    const char *password; /* asked for, or given; NULL: none        */
} dmongo__work;

/* Does it, in a fiber: what the options say, or what comes on standard input. An
 * exit status, or -1. A syntax error has been shown with its place; *err names it
 * too. Switches fibers. */
int dmongo__shell_run(const dmongo__work *work, diesel_error *err);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * What dmongo can be told on its command line.
 */
#ifndef DMONGO_CLI_SETTINGS_INTERNAL_H
#define DMONGO_CLI_SETTINGS_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "core/cli/options_internal.h"

enum { DMONGO__LAYOUT_AUTO, DMONGO__LAYOUT_LINES, DMONGO__LAYOUT_PRETTY };

/* Zero is the default where nothing else is said. */
typedef struct dmongo__settings {
    const char *host;
    int64_t port;
    double timeout;          /* seconds; 0: none                       */
    const char *user;
    const char *password;    /* "": to be asked for                    */
    const char *auth_db;
    diesel__option_list eval, files, commands;
    int layout;              /* DMONGO__LAYOUT_*; AUTO: PRETTY on a terminal,
                                LINES elsewhere                        */
    bool canonical;
    bool quiet;
    bool ignored;            /* what only mongosh's other features need */
    int completion;          /* what for; -1: not asked                */
    bool help, version;
} dmongo__settings;

extern const dmongo__settings dmongo__settings_default;
extern const diesel__tool dmongo__tool;

#endif

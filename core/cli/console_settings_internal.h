/* SPDX-License-Identifier: MIT */
/*
 * What diesel-console can be told on its command line.
 */
#ifndef DIESEL_CLI_CONSOLE_SETTINGS_INTERNAL_H
#define DIESEL_CLI_CONSOLE_SETTINGS_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "core/cli/options_internal.h"

typedef struct diesel__console_settings {
    const char *once; /* the only command; NULL: read them */
    int64_t watch_ms;
    bool json;
    double timeout;   /* seconds; 0: none */
    int completion;   /* what for; -1: not asked */
    bool help, version;
} diesel__console_settings;

extern const diesel__console_settings diesel__console_settings_default;
extern const diesel__tool diesel__console_tool;

#endif

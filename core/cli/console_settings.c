/* SPDX-License-Identifier: MIT */
/*
 * The command line of diesel-console as data.
 */
#include "core/cli/console_settings_internal.h"

#define AT(member) .offset = offsetof(diesel__console_settings, member)

static const char *const shells[] = {"bash", NULL};

static const diesel__option options[] = {
    {.kind = DIESEL__OPT_HEADING, .help = "What to ask"},
    {.kind = DIESEL__OPT_STRING, .letter = 'o', .name = "once",
     .arg = "COMMAND", AT(once),
     .help = "Print the answer to COMMAND and end; otherwise commands are read "
             "from standard input, one in a line."},
    {.kind = DIESEL__OPT_FLAG, .letter = 'j', .name = "json", AT(json),
     .help = "Print answers as JSON, an array of an object for each row."},
    {.kind = DIESEL__OPT_INT, .letter = 'w', .name = "watch", .arg = "MS",
     AT(watch_ms), .min = 0, .max = 86400000,
     .help = "Let the program measure its fibers for MS milliseconds before the "
             "first command."},
    {.kind = DIESEL__OPT_NUMBER, .letter = 't', .name = "timeout",
     .arg = "SECONDS", AT(timeout), .min = 0, .max = 1e9,
     .help = "Give up attaching, and each command, after so long (10; 0: never)."},

    {.kind = DIESEL__OPT_HEADING, .help = "Other"},
    {.kind = DIESEL__OPT_CHOICE, .name = "completion", .arg = "SHELL",
     AT(completion), .choices = shells,
     .help = "Print the script that completes options in SHELL (bash)."},
    {.kind = DIESEL__OPT_FLAG, .name = "help", AT(help),
     .help = "Print this help."},
    {.kind = DIESEL__OPT_FLAG, .name = "version", AT(version),
     .help = "Print the version."},
    {.kind = DIESEL__OPT_END},
};

const diesel__console_settings diesel__console_settings_default = {
    .timeout = 10,
    .completion = -1,
};

const diesel__tool diesel__console_tool = {
    .name = "diesel-console",
    .synopsis = "[OPTION...] [SOCKET]",
    .summary = "Look into a running program that uses Diesel.",
    .footer =
        "SOCKET is the path of the program's console; DIESEL_CONSOLE says it where it\n"
        "is left out. The command \"help\" lists the commands.\n"
        "\n"
        "Exit status: 0 all went well, 1 the program refused the last command, 2 wrong\n"
        "usage, 3 no console there, 4 timed out, 5 the output could not be written, 130\n"
        "Ctrl-C.\n"
        "\n"
        "Examples:\n"
        "  diesel-console --once fibers /run/shop.console\n"
        "  diesel-console -o 'level redis debug' /run/shop.console\n",
    .options = options,
};

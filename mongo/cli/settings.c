/* SPDX-License-Identifier: MIT */
/*
 * The command line of dmongo as data. Names are mongosh's where it has the same
 * option.
 */
#include "mongo/cli/settings_internal.h"

#define AT(member) .offset = offsetof(dmongo__settings, member)

static const char *const shells[] = {"bash", NULL};

static const diesel__option options[] = {
    {.kind = DIESEL__OPT_HEADING, .help = "Where to connect"},
    {.kind = DIESEL__OPT_STRING, .name = "host", .arg = "HOST", AT(host),
     .help = "Connect to HOST, a name or an address, perhaps with a port "
             "(127.0.0.1)."},
    {.kind = DIESEL__OPT_INT, .name = "port", .arg = "PORT", AT(port), .min = 1,
     .max = 65535, .help = "Connect to PORT (27017)."},
    {.kind = DIESEL__OPT_NUMBER, .letter = 't', .name = "timeout",
     .arg = "SECONDS", AT(timeout), .min = 0, .max = 1e9,
     .help = "Give up connecting, and each statement, after so long (0: "
             "never)."},

    {.kind = DIESEL__OPT_HEADING, .help = "Who you are"},
    {.kind = DIESEL__OPT_STRING, .letter = 'u', .name = "username",
     .arg = "NAME", AT(user), .help = "Log in as NAME."},
    {.kind = DIESEL__OPT_STRING, .letter = 'p', .name = "password",
     .arg = "PASSWORD", AT(password),
     .flags = DIESEL__OPT_SECRET | DIESEL__OPT_OPTIONAL,
     .help = "Log in with PASSWORD; without one, ask for it on the terminal."},
    {.kind = DIESEL__OPT_STRING, .name = "authenticationDatabase", .arg = "DB",
     AT(auth_db), .help = "Look the user up in the database DB (admin)."},

    {.kind = DIESEL__OPT_HEADING, .help = "What to run"},
    {.kind = DIESEL__OPT_LIST, .letter = 'e', .name = "eval", .arg = "TEXT",
     AT(eval), .help = "Run the statements in TEXT; may be repeated."},
    {.kind = DIESEL__OPT_LIST, .letter = 'f', .name = "file", .arg = "FILE",
     AT(files),
     .help = "Run the statements in FILE (-: standard input); may be repeated."},
    {.kind = DIESEL__OPT_LIST, .letter = 'c', .name = "command",
     .arg = "DOCUMENT", AT(commands),
     .help = "Run the command DOCUMENT; may be repeated."},

    {.kind = DIESEL__OPT_HEADING, .help = "Results"},
    {.kind = DIESEL__OPT_SET, .name = "json", AT(layout),
     .value = DMONGO__LAYOUT_LINES,
     .help = "Write each result on one line, as is done into files and pipes."},
    {.kind = DIESEL__OPT_SET, .name = "pretty", AT(layout),
     .value = DMONGO__LAYOUT_PRETTY,
     .help = "Break results into lines and indent them, as is done on a "
             "terminal."},
    {.kind = DIESEL__OPT_FLAG, .name = "canonical", AT(canonical),
     .help = "Write canonical extended JSON, which keeps all types."},
    {.kind = DIESEL__OPT_FLAG, .letter = 'q', .name = "quiet", AT(quiet),
     .help = "Leave out warnings and the greeting."},

    {.kind = DIESEL__OPT_HEADING, .help = "Other"},
    {.kind = DIESEL__OPT_CHOICE, .name = "completion", .arg = "SHELL",
     AT(completion), .choices = shells,
     .help = "Print the script that completes options in SHELL (bash)."},
    {.kind = DIESEL__OPT_FLAG, .letter = 'h', .name = "help", AT(help),
     .help = "Print this help."},
    {.kind = DIESEL__OPT_FLAG, .name = "version", AT(version),
     .help = "Print the version."},
    {.kind = DIESEL__OPT_FLAG, .name = "norc", AT(ignored),
     .flags = DIESEL__OPT_HIDDEN, .help = "Accepted, without effect."},
    {.kind = DIESEL__OPT_FLAG, .name = "no-quiet", AT(ignored),
     .flags = DIESEL__OPT_HIDDEN, .help = "Accepted, without effect."},
    {0},
};

const dmongo__settings dmongo__settings_default = {
    .completion = -1,
};

const diesel__tool dmongo__tool = {
    .name = "dmongo",
    .synopsis = "[OPTION...] [URI] --eval TEXT\n"
                "[OPTION...] [URI] DOCUMENT  run a command\n"
                "[OPTION...] [URI]           read statements from standard input",
    .summary = "Run MongoDB statements and commands, and print their results as "
               "extended JSON.",
    .footer =
        "URI is a connection string, HOST, HOST:PORT/DB, or the name of a database.\n"
        "\n"
        "Exit status: 0 all went well, 1 the server said no, 2 wrong usage, 3 no\n"
        "connection, 4 timed out, 5 the output could not be written, 130 Ctrl-C.\n"
        "\n"
        "Examples:\n"
        "  dmongo app --eval 'db.users.find({age: {$gt: 30}}).sort({name: 1})'\n"
        "  dmongo mongodb://db1/app -e 'db.users.countDocuments()'\n"
        "  dmongo db1:27018 '{\"serverStatus\": 1}' --json | jq .connections\n"
        "  dmongo app < changes.js\n",
    .options = options,
};

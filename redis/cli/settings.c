/* SPDX-License-Identifier: MIT */
/*
 * The command line of dredis as data. The letters are redis-cli's; each option
 * has a long name too, which redis-cli's mostly have not.
 */
#include "redis/cli/settings_internal.h"

#include "redis/cli/format_internal.h"

#define AT(member) .offset = offsetof(dredis__settings, member)

static const char *const shells[] = {"bash", NULL};

static const diesel__option options[] = {
    {.kind = DIESEL__OPT_HEADING, .help = "Where to connect"},
    {.kind = DIESEL__OPT_STRING, .letter = 'h', .name = "host", .arg = "HOST",
     AT(host), .help = "Connect to HOST, a name or an address (127.0.0.1)."},
    {.kind = DIESEL__OPT_INT, .letter = 'p', .name = "port", .arg = "PORT",
     AT(port), .min = 1, .max = 65535, .help = "Connect to PORT (6379)."},
    {.kind = DIESEL__OPT_STRING, .letter = 's', .name = "socket", .arg = "FILE",
     AT(socket),
     .help = "Connect to the Unix socket FILE instead of a host and a port."},
    {.kind = DIESEL__OPT_STRING, .letter = 'u', .name = "uri", .arg = "URI",
     AT(uri), .flags = DIESEL__OPT_URI,
     .help = "Connect to URI, redis://[[user]:password@]host[:port][/db]; other "
             "options win over it."},
    {.kind = DIESEL__OPT_INT, .letter = 'n', .name = "db", .arg = "NUMBER",
     AT(db), .min = 0, .max = INT32_MAX, .help = "Use the database NUMBER (0)."},
    {.kind = DIESEL__OPT_NUMBER, .letter = 't', .name = "timeout",
     .arg = "SECONDS", AT(timeout), .min = 0, .max = 1e9,
     .help = "Give up connecting, and each command, after so long (0: never)."},

    {.kind = DIESEL__OPT_HEADING, .help = "Security"},
    {.kind = DIESEL__OPT_FLAG, .name = "tls", AT(tls),
     .help = "Speak TLS, as with a URI that begins with rediss://."},
    {.kind = DIESEL__OPT_STRING, .name = "cacert", .arg = "FILE", AT(cacert),
     .help = "Trust the authorities in FILE (those that the system trusts)."},
    {.kind = DIESEL__OPT_STRING, .name = "cacertdir", .arg = "DIR",
     AT(cacertdir), .help = "Trust the authorities in the files of DIR."},
    {.kind = DIESEL__OPT_STRING, .name = "crl", .arg = "FILE", AT(crl),
     .help = "Refuse the certificates that the list in FILE revokes."},
    {.kind = DIESEL__OPT_STRING, .name = "cert", .arg = "FILE", AT(cert),
     .help = "Show the server the client certificate in FILE."},
    {.kind = DIESEL__OPT_STRING, .name = "key", .arg = "FILE", AT(key),
     .help = "Take the certificate's key from FILE (that of --cert)."},
    {.kind = DIESEL__OPT_STRING, .name = "sni", .arg = "NAME", AT(sni),
     .help = "Ask for NAME, which the certificate must be for (the host)."},
    {.kind = DIESEL__OPT_FLAG, .name = "insecure", AT(insecure),
     .help = "Do not verify the server's certificate: for tests only."},
    {.kind = DIESEL__OPT_STRING, .name = "tls-ciphers", .arg = "LIST",
     AT(ciphers), .help = "Allow these ciphers with TLS 1.2."},
    {.kind = DIESEL__OPT_STRING, .name = "tls-ciphersuites", .arg = "LIST",
     AT(ciphersuites), .help = "Allow these ciphers with TLS 1.3."},

    {.kind = DIESEL__OPT_HEADING, .help = "Who you are"},
    {.kind = DIESEL__OPT_STRING, .name = "user", .arg = "NAME", AT(user),
     .help = "Log in as the ACL user NAME."},
    {.kind = DIESEL__OPT_FLAG, .name = "askpass", AT(ask_password),
     .help = "Ask for the password on the terminal."},
    {.kind = DIESEL__OPT_STRING, .letter = 'a', .name = "pass",
     .arg = "PASSWORD", AT(password), .flags = DIESEL__OPT_SECRET,
     .help = "Log in with PASSWORD; the variable REDISCLI_AUTH or --askpass is "
             "safer."},
    {.kind = DIESEL__OPT_FLAG, .name = "no-auth-warning", AT(no_warning),
     .flags = DIESEL__OPT_HIDDEN, .help = "Accepted, without effect."},

    {.kind = DIESEL__OPT_HEADING, .help = "Commands"},
    {.kind = DIESEL__OPT_INT, .letter = 'r', .name = "repeat", .arg = "TIMES",
     AT(repeat), .min = -1, .max = 1e15,
     .help = "Run the command so often (-1: for ever)."},
    {.kind = DIESEL__OPT_NUMBER, .letter = 'i', .name = "interval",
     .arg = "SECONDS", AT(interval), .min = 0, .max = 1e9,
     .help = "Wait so long after each repetition."},
    {.kind = DIESEL__OPT_FLAG, .letter = 'x', .name = "stdin",
     AT(last_from_stdin),
     .help = "Read the last argument of the command from standard input."},
    {.kind = DIESEL__OPT_FLAG, .letter = 'e', .name = "stop", AT(stop_at_error),
     .help = "Stop at the first error reply and write it to standard error."},
    {.kind = DIESEL__OPT_SET, .letter = '2', .name = "resp2", AT(resp),
     .value = 2, .help = "Speak RESP2, the older protocol."},
    {.kind = DIESEL__OPT_SET, .letter = '3', .name = "resp3", AT(resp),
     .value = 3, .help = "Speak RESP3, with maps, sets, doubles and so on."},

    {.kind = DIESEL__OPT_HEADING, .help = "Replies"},
    {.kind = DIESEL__OPT_SET, .name = "raw", AT(style),
     .value = DREDIS__STYLE_RAW,
     .help = "Write replies as they are, as is done into files and pipes."},
    {.kind = DIESEL__OPT_SET, .name = "no-raw", AT(style),
     .value = DREDIS__STYLE_FORMATTED,
     .help = "Write replies with their types, as is done on a terminal."},
    {.kind = DIESEL__OPT_SET, .name = "json", AT(style),
     .value = DREDIS__STYLE_JSON,
     .help = "Write each reply as one line of JSON; speaks RESP3 unless -2 is "
             "given."},
    {.kind = DIESEL__OPT_STRING, .letter = 'd', .name = "delimiter",
     .arg = "TEXT", AT(delimiter),
     .help = "Write TEXT between the elements of a raw reply (a newline)."},

    {.kind = DIESEL__OPT_HEADING, .help = "Other"},
    {.kind = DIESEL__OPT_CHOICE, .name = "completion", .arg = "SHELL",
     AT(completion), .choices = shells,
     .help = "Print the script that completes options in SHELL (bash)."},
    {.kind = DIESEL__OPT_FLAG, .name = "help", AT(help),
     .help = "Print this help."},
    {.kind = DIESEL__OPT_FLAG, .name = "version", AT(version),
     .help = "Print the version."},
    {0},
};

const dredis__settings dredis__settings_default = {
    .db = -1,
    .repeat = 1,
    .delimiter = "\n",
    .completion = -1,
};

const diesel__tool dredis__tool = {
    .name = "dredis",
    .synopsis = "[OPTION...] COMMAND [ARGUMENT...]\n"
                "[OPTION...]                read commands from standard input",
    .summary = "Run Redis commands and print their replies.",
    .footer =
        "Exit status: 0 all went well, 1 the server said no, 2 wrong usage, 3 no\n"
        "connection, 4 timed out, 5 the output could not be written, 130 Ctrl-C.\n"
        "\n"
        "Examples:\n"
        "  dredis SET greeting 'hello world' EX 60\n"
        "  dredis -u redis://db1:6380/2 --json HGETALL user:7\n"
        "  dredis -x SET logo < logo.png\n"
        "  printf 'INCR visits\\nGET visits\\n' | dredis\n",
    .options = options,
    .options_first = true,
};

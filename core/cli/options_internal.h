/* SPDX-License-Identifier: MIT */
/*
 * Command-line options from one table: the tools declare what they understand,
 * and parsing, the errors, --help, shell completion and the check of the man
 * page all read the same rows.
 *
 *     struct settings { const char *host; int64_t port; bool verbose; };
 *
 *     static const diesel__option options[] = {
 *         {.kind = DIESEL__OPT_STRING, .letter = 'h', .name = "host",
 *          .arg = "HOST", .offset = offsetof(struct settings, host),
 *          .help = "Connect to HOST."},
 *         {.kind = DIESEL__OPT_INT, .letter = 'p', .name = "port",
 *          .arg = "PORT", .offset = offsetof(struct settings, port),
 *          .min = 1, .max = 65535, .help = "..."},
 *         {.kind = DIESEL__OPT_FLAG, ...},
 *         {0},
 *     };
 *
 * On the command line: -h HOST, -hHOST, -vh HOST (letters bundled), --host HOST,
 * --host=HOST; a lone "--" ends the options, a lone "-" is an operand.
 */
#ifndef DIESEL_CLI_OPTIONS_INTERNAL_H
#define DIESEL_CLI_OPTIONS_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <diesel/error.h>

/* What an option is followed by, and what lies at its offset in the settings. */
typedef enum diesel__option_kind {
    DIESEL__OPT_END = 0, /* the row that ends the table                       */
    DIESEL__OPT_HEADING, /* no option: .help is a heading in the help text    */
    DIESEL__OPT_FLAG,    /* nothing; a bool becomes true                      */
    DIESEL__OPT_SET,     /* nothing; an int becomes .value                    */
    DIESEL__OPT_INT,     /* a whole number in .min to .max; int64_t           */
    DIESEL__OPT_NUMBER,  /* a decimal number in .min to .max; double          */
    DIESEL__OPT_STRING,  /* any text; const char *                            */
    DIESEL__OPT_CHOICE,  /* one word of .choices; an int becomes its index    */
    DIESEL__OPT_LIST     /* any text, may be repeated; diesel__option_list    */
} diesel__option_kind;

enum {
    DIESEL__OPT_HIDDEN = 1,   /* understood, but in no help or manual         */
    DIESEL__OPT_SECRET = 2,   /* the value vanishes from the process list     */
    DIESEL__OPT_URI = 4,      /* so does the password of a URI                */
    DIESEL__OPT_OPTIONAL = 8  /* STRING only: the value may be left out, and is
                                 "" then; a next word that starts with "-" is
                                 not taken for it                             */
};

typedef struct diesel__option {
    diesel__option_kind kind;
    char letter;               /* 0: it has none                              */
    const char *name;          /* without the dashes; NULL: it has none       */
    const char *arg;           /* what the help calls the value; NULL: none   */
    const char *help;          /* one sentence                                */
    size_t offset;             /* in the settings                             */
    unsigned flags;            /* DIESEL__OPT_HIDDEN and so on                */
    int value;                 /* of SET                                      */
    double min, max;           /* of INT and NUMBER                           */
    const char *const *choices;/* of CHOICE, ending with NULL                 */
} diesel__option;

typedef struct diesel__option_list {
    const char **items;
    size_t count;
} diesel__option_list;

/* A program as its users see it from outside. */
typedef struct diesel__tool {
    const char *name;     /* "dredis"                                         */
    const char *synopsis; /* lines for "Usage:", each after the name          */
    const char *summary;  /* one sentence                                     */
    const char *footer;   /* lines that end the help                          */
    const diesel__option *options;
    bool options_first;   /* the first operand ends the options: what follows
                             belongs to the command that it names             */
} diesel__tool;

/* A command line taken apart. The words are copies, so that secrets can be
 * wiped from the originals, which every user of the machine can read. */
typedef struct diesel__args {
    char **operands; /* what is no option, in order                           */
    int operand_count;
    char **words;    /* copies of argv                                        */
    char **originals;/* argv itself, borrowed                                 */
    int count;
} diesel__args;

/* Fills *settings, whose defaults the caller has set, and *args from argv.
 * Strings in the settings point into *args. 0, or -1: INVAL with a message that
 * names the option, NOMEM. After either, diesel__args_clear(). */
int diesel__options_parse(const diesel__tool *tool, void *settings, int argc,
                          char **argv, diesel__args *args, diesel_error *err);

/* Frees what diesel__options_parse() allocated; secrets are wiped. */
void diesel__args_clear(const diesel__tool *tool, void *settings,
                        diesel__args *args);

/* Replaces the password of an operand that is a URI by "*" in the process list;
 * `operand` is one of args->operands, which itself stays as it is. */
void diesel__args_hide_uri(const diesel__args *args, const char *operand);

/* Where the password of scheme://user:password@... begins, and its length.
 * False if there is none. An "@" in the password belongs to it. */
bool diesel__uri_password(const char *uri, size_t *start, size_t *len);

/* Writes an option as the help and the manual spell it, as
 * "-h, --host HOST" or "    --json": its letter, its name, its value. */
void diesel__option_spell(const diesel__option *option, bool align, FILE *out);

/* The help text, 80 columns wide. */
void diesel__tool_help(const diesel__tool *tool, FILE *out);

/* A completion script for bash, to be read with "source". */
void diesel__tool_completion(const diesel__tool *tool, FILE *out);

#endif

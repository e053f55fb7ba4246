/* SPDX-License-Identifier: MIT */
/*
 * The option table: how command lines are read, what wrong ones are told, what
 * the help looks like, and that passwords leave the process list.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "core/cli/options_internal.h"

struct settings {
    bool verbose, quick, hidden;
    int mode;
    int64_t port;
    double wait;
    const char *host, *password, *uri;
    int color;
    diesel__option_list eval;
};

#define AT(member) .offset = offsetof(struct settings, member)

static const char *const colors[] = {"never", "always", NULL};

static const diesel__option options[] = {
    {.kind = DIESEL__OPT_HEADING, .help = "Where"},
    {.kind = DIESEL__OPT_STRING, .letter = 'h', .name = "host", .arg = "HOST",
     AT(host), .help = "Connect to HOST."},
    {.kind = DIESEL__OPT_INT, .letter = 'p', .name = "port", .arg = "PORT",
     AT(port), .min = 1, .max = 65535, .help = "Connect to PORT."},
    {.kind = DIESEL__OPT_STRING, .letter = 'a', .name = "password",
     .arg = "WORD", AT(password),
     .flags = DIESEL__OPT_SECRET | DIESEL__OPT_OPTIONAL,
     .help = "Log in with WORD, which this sentence explains at such a length "
             "that it takes more than a line."},
    {.kind = DIESEL__OPT_STRING, .name = "uri", .arg = "URI", AT(uri),
     .flags = DIESEL__OPT_URI, .help = "Connect to URI."},
    {.kind = DIESEL__OPT_HEADING, .help = "What"},
    {.kind = DIESEL__OPT_FLAG, .letter = 'v', .name = "verbose", AT(verbose),
     .help = "Say more."},
    {.kind = DIESEL__OPT_FLAG, .letter = 'q', AT(quick), .help = "Be quick."},
    {.kind = DIESEL__OPT_SET, .letter = '2', .name = "two", AT(mode),
     .value = 2, .help = "Mode 2."},
    {.kind = DIESEL__OPT_SET, .letter = '3', .name = "three", AT(mode),
     .value = 3, .help = "Mode 3."},
    {.kind = DIESEL__OPT_NUMBER, .letter = 'w', .name = "wait-before-that",
     .arg = "SECONDS", AT(wait), .min = 0, .max = 10, .help = "Wait."},
    {.kind = DIESEL__OPT_CHOICE, .name = "color", .arg = "WHEN", AT(color),
     .choices = colors, .help = "Use colours WHEN."},
    {.kind = DIESEL__OPT_LIST, .letter = 'e', .name = "eval", .arg = "CODE",
     AT(eval), .help = "Run CODE."},
    {.kind = DIESEL__OPT_FLAG, .name = "secret-switch", AT(hidden),
     .flags = DIESEL__OPT_HIDDEN, .help = "Nobody reads this."},
    {0},
};

static diesel__tool tool = {
    .name = "tool",
    .synopsis = "[OPTION...] FILE\n[OPTION...]",
    .summary = "Do something.",
    .footer = "The end.\n",
    .options = options,
};

/* A command line in writable memory, as main() gets it. */
struct line {
    char text[400];
    char *argv[16];
    int argc;
};

/* Words are parted by spaces; "_" stands for an empty word. */
static void make_line(struct line *line, const char *words)
{
    memset(line, 0, sizeof *line);
    snprintf(line->text, sizeof line->text, "tool %s", words);
    char *save, *word = strtok_r(line->text, " ", &save);
    for (; word != NULL; word = strtok_r(NULL, " ", &save)) {
        if (strcmp(word, "_") == 0)
            *word = '\0';
        line->argv[line->argc++] = word;
    }
}

/* Everything that was read, as text. */
static void describe(const struct settings *s, const diesel__args *args,
                     char *out, size_t size)
{
    FILE *f = fmemopen(out, size, "w");
    fprintf(f, "%s%s%s", s->verbose ? "v " : "", s->quick ? "q " : "",
            s->hidden ? "hidden " : "");
    if (s->mode)
        fprintf(f, "mode=%d ", s->mode);
    if (s->port)
        fprintf(f, "port=%d ", (int)s->port);
    if (s->wait != 0)
        fprintf(f, "wait=%g ", s->wait);
    if (s->host)
        fprintf(f, "host=%s ", s->host);
    if (s->password)
        fprintf(f, "password=%s ", s->password);
    if (s->uri)
        fprintf(f, "uri=%s ", s->uri);
    if (s->color)
        fprintf(f, "color=%d ", s->color);
    for (size_t i = 0; i < s->eval.count; i++)
        fprintf(f, "eval=%s ", s->eval.items[i]);
    fputc('|', f);
    for (int i = 0; i < args->operand_count; i++)
        fprintf(f, " %s", args->operands[i]);
    fclose(f);
}

static const struct {
    const char *words;
    bool options_first;
    const char *want;  /* what is read, or          */
    const char *error; /* the message               */
} rows[] = {
    {"", false, "|", NULL},
    {"-v -q", false, "v q |", NULL},
    {"-vq", false, "v q |", NULL},
    {"-vqh db1", false, "v q host=db1 |", NULL},
    {"-vqhdb1", false, "v q host=db1 |", NULL},
    {"-h=db1", false, "host==db1 |", NULL},
    {"--host db1", false, "host=db1 |", NULL},
    {"--host=db1", false, "host=db1 |", NULL},
    {"--host=", false, "host= |", NULL},
    {"--host _", false, "host= |", NULL},
    {"--host=a=b", false, "host=a=b |", NULL},
    {"-h -v", false, "host=-v |", NULL},
    {"-h a -h b", false, "host=b |", NULL},
    {"-p 1", false, "port=1 |", NULL},
    {"--port=65535", false, "port=65535 |", NULL},
    {"-2", false, "mode=2 |", NULL},
    {"-2 --three", false, "mode=3 |", NULL},
    {"-w 0.25", false, "wait=0.25 |", NULL},
    {"--color always", false, "color=1 |", NULL},
    {"-e a --eval b --eval=c", false, "eval=a eval=b eval=c |", NULL},
    {"--secret-switch", false, "hidden |", NULL},
    {"-a", false, "password= |", NULL},
    {"-a -v", false, "v password= |", NULL},
    {"-a word", false, "password=word |", NULL},
    {"-a- -v", false, "v password=- |", NULL},
    {"--password=", false, "password= |", NULL},
    /* operands */
    {"one two", false, "| one two", NULL},
    {"one -v two", false, "v | one two", NULL},
    {"-v one -q two", true, "v | one -q two", NULL},
    {"-- -v", false, "| -v", NULL},
    {"one -- -v --", false, "| one -v --", NULL},
    {"one -- -v", true, "| one -- -v", NULL},
    {"-", false, "| -", NULL},
    {"_", false, "| ", NULL},
    /* errors */
    {"-x", false, NULL, "option -x is not known"},
    {"-vx", false, NULL, "option -x is not known"},
    {"--hos db1", false, NULL, "option --hos is not known"},
    {"--hos=db1", false, NULL, "option --hos is not known"},
    {"--hostess", false, NULL, "option --hostess is not known"},
    {"-h", false, NULL, "option -h needs a value"},
    {"-vh", false, NULL, "option -h needs a value"},
    {"--host", false, NULL, "option --host needs a value"},
    {"--verbose=1", false, NULL, "option --verbose takes no value"},
    {"--two=2", false, NULL, "option --two takes no value"},
    {"-p x", false, NULL, "option -p: \"x\" is not a whole number"},
    {"-p 1.5", false, NULL, "option -p: \"1.5\" is not a whole number"},
    {"-p _", false, NULL, "option -p: \"\" is not a whole number"},
    {"--port 0", false, NULL, "option --port: 0 is not in the range 1 to 65535"},
    {"--port=-1", false, NULL,
     "option --port: -1 is not in the range 1 to 65535"},
    {"-p 99999999999999999999", false, NULL,
     "option -p: 99999999999999999999 is not in the range 1 to 65535"},
    {"-w x", false, NULL, "option -w: \"x\" is not a number"},
    {"-w 11", false, NULL, "option -w: 11 is not in the range 0 to 10"},
    {"-w nan", false, NULL, "option -w: nan is not in the range 0 to 10"},
    {"--color red", false, NULL,
     "option --color: \"red\" is none of never, always"},
};

START_TEST(command_line_is_read)
{
    struct line line;
    struct settings settings = {0};
    diesel__args args;
    diesel_error err;
    char got[400];

    make_line(&line, rows[_i].words);
    tool.options_first = rows[_i].options_first;
    int result = diesel__options_parse(&tool, &settings, line.argc, line.argv,
                                       &args, &err);
    if (rows[_i].error != NULL) {
        ck_assert_int_eq(result, -1);
        ck_assert_int_eq(err.code, DIESEL_E_INVAL);
        ck_assert_str_eq(err.message, rows[_i].error);
    } else {
        ck_assert_int_eq(result, 0);
        describe(&settings, &args, got, sizeof got);
        ck_assert_str_eq(got, rows[_i].want);
    }
    diesel__args_clear(&tool, &settings, &args);
}
END_TEST

/* What ps(1) shows afterwards: words[i] in argv. */
static const struct {
    const char *words;
    const char *shown;
    const char *want;
} secrets[] = {
    {"-a secret x", "tool -a * x", "password=secret | x"},
    {"-asecret x", "tool -a* x", "password=secret | x"},
    {"--password=secret", "tool --password=*", "password=secret |"},
    {"--password secret", "tool --password *", "password=secret |"},
    {"-a s", "tool -a *", "password=s |"},
    {"-h secret", "tool -h secret", "host=secret |"},
    {"--uri redis://me:secret@db1/2", "tool --uri redis://me:*@db1/2",
     "uri=redis://me:secret@db1/2 |"},
    {"--uri=redis://:se@cret@db1", "tool --uri=redis://:*@db1",
     "uri=redis://:se@cret@db1 |"},
    {"--uri=redis://:se/cret@db1", "tool --uri=redis://:*@db1",
     "uri=redis://:se/cret@db1 |"},
    {"--uri=redis://me@db1:6379", "tool --uri=redis://me@db1:6379",
     "uri=redis://me@db1:6379 |"},
    {"--uri=redis://me:@db1", "tool --uri=redis://me:@db1",
     "uri=redis://me:@db1 |"},
    {"--uri=db1:6379", "tool --uri=db1:6379", "uri=db1:6379 |"},
};

START_TEST(passwords_leave_the_process_list)
{
    struct line line;
    struct settings settings = {0};
    diesel__args args;
    char got[400], shown[400] = "";

    make_line(&line, secrets[_i].words);
    tool.options_first = false;
    ck_assert_int_eq(diesel__options_parse(&tool, &settings, line.argc,
                                           line.argv, &args, NULL),
                     0);
    for (int i = 0; i < line.argc; i++) {
        strcat(shown, i ? " " : "");
        strcat(shown, line.argv[i]);
    }
    ck_assert_str_eq(shown, secrets[_i].shown);
    ck_assert_ptr_null(memmem(line.text, sizeof line.text, "ecret@", 6));
    describe(&settings, &args, got, sizeof got);
    ck_assert_str_eq(got, secrets[_i].want);
    diesel__args_clear(&tool, &settings, &args);
}
END_TEST

START_TEST(operand_uri_can_be_hidden)
{
    struct line line;
    struct settings settings = {0};
    diesel__args args;

    make_line(&line, "mongodb://me:secret@db1/app x");
    ck_assert_int_eq(diesel__options_parse(&tool, &settings, line.argc,
                                           line.argv, &args, NULL),
                     0);
    diesel__args_hide_uri(&args, args.operands[0]);
    ck_assert_str_eq(line.argv[1], "mongodb://me:*@db1/app");
    ck_assert_str_eq(args.operands[0], "mongodb://me:secret@db1/app");
    diesel__args_clear(&tool, &settings, &args);
}
END_TEST

static char *written_by(void (*write)(const diesel__tool *, FILE *))
{
    char *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);
    write(&tool, out);
    fclose(out);
    return text;
}

START_TEST(help_comes_from_the_table)
{
    char *text = written_by(diesel__tool_help);
    ck_assert_str_eq(
        text,
        "Usage: tool [OPTION...] FILE\n"
        "       tool [OPTION...]\n"
        "Do something.\n"
        "\n"
        "Where:\n"
        "  -h, --host HOST             Connect to HOST.\n"
        "  -p, --port PORT             Connect to PORT.\n"
        "  -a, --password [WORD]       Log in with WORD, which this sentence "
        "explains at\n"
        "                              such a length that it takes more than a "
        "line.\n"
        "      --uri URI               Connect to URI.\n"
        "\n"
        "What:\n"
        "  -v, --verbose               Say more.\n"
        "  -q                          Be quick.\n"
        "  -2, --two                   Mode 2.\n"
        "  -3, --three                 Mode 3.\n"
        "  -w, --wait-before-that SECONDS\n"
        "                              Wait.\n"
        "      --color WHEN            Use colours WHEN.\n"
        "  -e, --eval CODE             Run CODE.\n"
        "\n"
        "The end.\n");
    free(text);
}
END_TEST

START_TEST(completion_comes_from_the_table)
{
    char *text = written_by(diesel__tool_completion);
    ck_assert_ptr_nonnull(strstr(
        text, "-h --host -p --port -a --password --uri -v --verbose -q -2 --two "
              "-3 --three -w --wait-before-that --color -e --eval\""));
    ck_assert_ptr_nonnull(strstr(text, "--color) COMPREPLY=($(compgen -W "
                                       "\"never always\""));
    ck_assert_ptr_null(strstr(text, "secret"));
    free(text);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cli_options");
    TCase *tc = tcase_create("options");
    tcase_add_loop_test(tc, command_line_is_read, 0,
                        (int)(sizeof rows / sizeof rows[0]));
    tcase_add_loop_test(tc, passwords_leave_the_process_list, 0,
                        (int)(sizeof secrets / sizeof secrets[0]));
    tcase_add_test(tc, operand_uri_can_be_hidden);
    tcase_add_test(tc, help_comes_from_the_table);
    tcase_add_test(tc, completion_comes_from_the_table);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}

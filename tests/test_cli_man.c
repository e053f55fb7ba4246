/* SPDX-License-Identifier: MIT */
/*
 * The manual pages of the tools say what the tables of options say: the same
 * options in the same order under the same headings, spelt alike, each with the
 * table's sentence first.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "core/cli/console_settings_internal.h"
#include "core/cli/options_internal.h"
#include "mongo/cli/settings_internal.h"
#include "redis/cli/settings_internal.h"

/* A line of a page without its markup: the arguments of a macro that changes
 * fonts joined, escapes resolved. */
static void plain(const char *line, char *out, size_t size)
{
    bool macro = line[0] == '.';
    bool quoted = false;
    size_t n = 0;
    const char *p = macro ? line + strcspn(line, " ") : line;
    p += macro && *p == ' ';
    for (; *p != '\0' && *p != '\n' && n + 1 < size; p++) {
        if (p[0] == '\\' && p[1] == '-') {
            out[n++] = '-';
            p++;
        } else if (p[0] == '\\' && p[1] == 'f') {
            p += 2;
        } else if (macro && *p == '"') {
            quoted = !quoted;
        } else if (!macro || quoted || *p != ' ') {
            out[n++] = *p;
        }
    }
    out[n] = '\0';
}

/* The page's next line, without its markup, into out. False at its end. */
static bool next_line(FILE *page, char *line, size_t size)
{
    return fgets(line, (int)size, page) != NULL;
}

static FILE *open_page(const char *name)
{
    char path[500], line[500];
    const char *srcdir = getenv("srcdir");
    snprintf(path, sizeof path, "%s/docs/man/%s.1", srcdir ? srcdir : ".",
             name);
    FILE *page = fopen(path, "r");
    ck_assert_msg(page != NULL, "%s cannot be opened", path);
    while (next_line(page, line, sizeof line))
        if (strcmp(line, ".SH OPTIONS\n") == 0)
            return page;
    ck_abort_msg("%s has no section OPTIONS", path);
}

/* What the page must say next for a row of the table. */
static void check_row(FILE *page, const diesel__option *option)
{
    char line[500], got[500], want[200];
    if (option->kind == DIESEL__OPT_HEADING) {
        ck_assert(next_line(page, line, sizeof line));
        snprintf(want, sizeof want, ".SS %s\n", option->help);
        ck_assert_str_eq(line, want);
        return;
    }
    /* What else is said about the option before is the page's own. */
    do {
        ck_assert_msg(next_line(page, line, sizeof line),
                      "--%s is not in the page", option->name);
        ck_assert_msg(strncmp(line, ".SS", 3) != 0 &&
                          strncmp(line, ".SH", 3) != 0,
                      "--%s is missing before %s", option->name, line);
    } while (strcmp(line, ".TP\n") != 0);

    FILE *out = fmemopen(want, sizeof want, "w");
    diesel__option_spell(option, false, out);
    fclose(out);
    ck_assert(next_line(page, line, sizeof line));
    plain(line, got, sizeof got);
    ck_assert_str_eq(got, want);

    ck_assert(next_line(page, line, sizeof line));
    plain(line, got, sizeof got);
    ck_assert_str_eq(got, option->help);
}

/* Steps over what the page says beyond the table; true if an option follows. */
static bool skip_to_next(FILE *page)
{
    char line[500];
    long at = ftell(page);
    while (next_line(page, line, sizeof line)) {
        bool starts = strcmp(line, ".TP\n") == 0 ||
                      strncmp(line, ".SS", 3) == 0 ||
                      strncmp(line, ".SH", 3) == 0;
        if (starts) {
            fseek(page, at, SEEK_SET);
            return strncmp(line, ".SH", 3) != 0;
        }
        at = ftell(page);
    }
    return false;
}

static const diesel__tool *const tools[] = {&diesel__console_tool, &dmongo__tool,
                                            &dredis__tool};

START_TEST(page_lists_the_options_of_the_table)
{
    const diesel__tool *tool = tools[_i];
    FILE *page = open_page(tool->name);
    for (const diesel__option *o = tool->options; o->kind; o++) {
        if (o->flags & DIESEL__OPT_HIDDEN)
            continue;
        ck_assert_msg(skip_to_next(page), "%s: the page ends before --%s",
                      tool->name, o->name ? o->name : o->help);
        check_row(page, o);
    }
    ck_assert_msg(!skip_to_next(page),
                  "%s: the page has more options than the table", tool->name);
    fclose(page);
}
END_TEST

/* A letter or a name that is there twice would hide the second. */
START_TEST(options_are_told_apart)
{
    const diesel__option *options = tools[_i]->options;
    for (const diesel__option *a = options; a->kind; a++)
        for (const diesel__option *b = a + 1; b->kind; b++) {
            ck_assert(a->letter == '\0' || a->letter != b->letter);
            ck_assert(a->name == NULL || b->name == NULL ||
                      strcmp(a->name, b->name) != 0);
        }
}
END_TEST

START_TEST(help_is_80_columns_wide)
{
    char *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);
    diesel__tool_help(tools[_i], out);
    fclose(out);
    for (char *line = text; *line != '\0'; line += strcspn(line, "\n") + 1)
        ck_assert_msg(strcspn(line, "\n") <= 80, "%s: %.*s", tools[_i]->name,
                      (int)strcspn(line, "\n"), line);
    free(text);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cli_man");
    TCase *tc = tcase_create("man");
    int count = (int)(sizeof tools / sizeof tools[0]);
    tcase_add_loop_test(tc, page_lists_the_options_of_the_table, 0, count);
    tcase_add_loop_test(tc, options_are_told_apart, 0, count);
    tcase_add_loop_test(tc, help_is_80_columns_wide, 0, count);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}

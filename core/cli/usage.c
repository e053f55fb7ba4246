/* SPDX-License-Identifier: MIT */
/*
 * What the option table has to say: the help text and the completion script.
 * Hidden options are in neither.
 *
 * The help is 80 columns wide whatever the terminal, so that it is the same
 * text everywhere and can be quoted. Options stand on the left; their sentences
 * are wrapped into a column on the right, beginning on a line of their own
 * below an option that is too long.
 */
#include "core/cli/options_internal.h"

#include <stdlib.h>
#include <string.h>

enum { WIDTH = 80, COLUMN = 30 };

void diesel__option_spell(const diesel__option *option, bool align, FILE *out)
{
    bool optional = option->flags & DIESEL__OPT_OPTIONAL;
    if (option->letter != '\0')
        fprintf(out, "-%c", option->letter);
    else if (align)
        fputs("    ", out);
    if (option->name != NULL)
        fprintf(out, "%s--%s", option->letter ? ", " : "", option->name);
    if (option->arg != NULL)
        fprintf(out, optional ? " [%s]" : " %s", option->arg);
}

/* Writes text from the given column on, broken at spaces, with every further
 * line indented to `indent`. */
static void wrap(const char *text, size_t column, size_t indent, FILE *out)
{
    while (*text != '\0') {
        size_t word = strcspn(text, " ");
        if (column > indent && column + 1 + word > WIDTH) {
            fprintf(out, "\n%*s", (int)indent, "");
            column = indent;
        } else if (column > indent) {
            fputc(' ', out);
            column++;
        }
        fwrite(text, 1, word, out);
        column += word;
        text += word;
        text += strspn(text, " ");
    }
    fputc('\n', out);
}

/* How many columns the option takes on the left, two of them for the margin. */
static size_t spelled_width(const diesel__option *option)
{
    size_t width = 2;
    if (option->letter != '\0' || option->name != NULL)
        width += option->letter && !option->name ? 2 : 4;
    if (option->name != NULL)
        width += 2 + strlen(option->name);
    if (option->arg != NULL)
        width += 1 + strlen(option->arg) +
                 (option->flags & DIESEL__OPT_OPTIONAL ? 2 : 0);
    return width;
}

static void help_option(const diesel__option *option, FILE *out)
{
    size_t width = spelled_width(option);
    fputs("  ", out);
    diesel__option_spell(option, true, out);
    if (width + 2 > COLUMN)
        fprintf(out, "\n%*s", COLUMN, "");
    else
        fprintf(out, "%*s", (int)(COLUMN - width), "");
    wrap(option->help, COLUMN, COLUMN, out);
}

void diesel__tool_help(const diesel__tool *tool, FILE *out)
{
    const char *line = tool->synopsis;
    for (int i = 0; *line != '\0'; i++) {
        size_t len = strcspn(line, "\n");
        fprintf(out, "%s%s %.*s\n", i == 0 ? "Usage: " : "       ", tool->name,
                (int)len, line);
        line += len;
        line += strspn(line, "\n");
    }
    wrap(tool->summary, 0, 0, out);
    for (const diesel__option *o = tool->options; o->kind; o++) {
        if (o->kind == DIESEL__OPT_HEADING)
            fprintf(out, "\n%s:\n", o->help);
        else if (!(o->flags & DIESEL__OPT_HIDDEN))
            help_option(o, out);
    }
    fprintf(out, "\n%s", tool->footer);
}

/* One line of the script's "case": what may follow an option that takes a value.
 * Only choices and files can be guessed. */
static void complete_value(const diesel__option *o, FILE *out)
{
    bool file = o->arg != NULL && strcmp(o->arg, "FILE") == 0;
    if (o->kind != DIESEL__OPT_CHOICE && !file)
        return;
    fputs("    ", out);
    if (o->letter != '\0')
        fprintf(out, "-%c%s", o->letter, o->name ? "|" : "");
    if (o->name != NULL)
        fprintf(out, "--%s", o->name);
    if (file) {
        fputs(") COMPREPLY=($(compgen -f -- \"$word\")); return ;;\n", out);
        return;
    }
    fputs(") COMPREPLY=($(compgen -W \"", out);
    for (int i = 0; o->choices[i] != NULL; i++)
        fprintf(out, "%s%s", i ? " " : "", o->choices[i]);
    fputs("\" -- \"$word\")); return ;;\n", out);
}

void diesel__tool_completion(const diesel__tool *tool, FILE *out)
{
    fprintf(out,
            "# bash completion of %s, made by: %s --completion bash\n"
            "_%s()\n{\n"
            "    local word=${COMP_WORDS[COMP_CWORD]}\n"
            "    case ${COMP_WORDS[COMP_CWORD-1]} in\n",
            tool->name, tool->name, tool->name);
    for (const diesel__option *o = tool->options; o->kind; o++)
        if (!(o->flags & DIESEL__OPT_HIDDEN) && o->kind != DIESEL__OPT_HEADING)
            complete_value(o, out);
    fputs("    esac\n    [[ $word == -* ]] && "
          "COMPREPLY=($(compgen -W \"", out);
    const char *space = "";
    for (const diesel__option *o = tool->options; o->kind; o++) {
        if (o->flags & DIESEL__OPT_HIDDEN || o->kind == DIESEL__OPT_HEADING)
            continue;
        if (o->letter != '\0') {
            fprintf(out, "%s-%c", space, o->letter);
            space = " ";
        }
        if (o->name != NULL) {
            fprintf(out, "%s--%s", space, o->name);
            space = " ";
        }
    }
    fprintf(out, "\" -- \"$word\"))\n}\ncomplete -F _%s %s\n", tool->name,
            tool->name);
}

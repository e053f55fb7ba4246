/* SPDX-License-Identifier: MIT */
/*
 * Extended JSON in a layout of our own.
 *
 * libbson knows how each type is written, but its versions differ in white space
 * and none breaks lines. So its text is taken apart into tokens and put together
 * again: ": " and ", " on one line; or broken, where an object or array goes on
 * one line if that fits and else has each element on a line of its own. Nothing
 * is looked at but brackets, commas, colons and strings, so numbers and words stay
 * as libbson wrote them.
 */
#include "mongo/cli/print_internal.h"

#include <string.h>

enum { WIDTH = 80, INDENT = 2 };

/* A pass over the text. */
struct printer {
    const char *p;
    FILE *out;
    bool pretty;
};

static void skip_space(const char **p)
{
    *p += strspn(*p, " \n\r\t");
}

/* How long the token at p is: a bracket, a comma, a colon, a string, a word. */
static size_t token_length(const char *p)
{
    if (*p == '"') {
        const char *q = p + 1;
        while (*q != '\0' && *q != '"')
            q += q[0] == '\\' && q[1] != '\0' ? 2 : 1;
        return (size_t)(q - p) + (*q == '"');
    }
    if (strchr("{}[],:", *p) != NULL)
        return *p != '\0';
    return strcspn(p, "{}[],: \n\r\t");
}

static bool opens(char c)
{
    return c == '{' || c == '[';
}

static bool closes(char c)
{
    return c == '}' || c == ']';
}

/* The columns of a token, which differ from its bytes beyond ASCII. */
static size_t token_columns(const char *p, size_t len)
{
    size_t columns = 0;
    for (size_t i = 0; i < len; i++)
        columns += ((unsigned char)p[i] & 0xc0) != 0x80;
    return columns;
}

/* Whether the value at p takes at most `room` columns on one line. */
static bool fits(const char *p, size_t room)
{
    size_t used = 0;
    int depth = 0;
    do {
        skip_space(&p);
        size_t len = token_length(p);
        depth += opens(*p) - closes(*p);
        used += token_columns(p, len) + (*p == ',' || *p == ':');
        p += len;
        if (len == 0)
            break;
    } while (depth > 0 && used <= room);
    return used <= room;
}

/* Writes the token at p, and steps over it and the space behind it. */
static void put_token(struct printer *j)
{
    size_t len = token_length(j->p);
    fwrite(j->p, 1, len, j->out);
    j->p += len;
    skip_space(&j->p);
}

/* Writes the value at p on one line. */
static void put_flat(struct printer *j)
{
    int depth = 0;
    do {
        char c = *j->p;
        if (c == '\0')
            return;
        depth += opens(c) - closes(c);
        put_token(j);
        if (c == ',' || c == ':')
            fputc(' ', j->out);
    } while (depth > 0);
}

/* Writes the value at p, where `indent` columns are before its line and `column`
 * before itself. */
static void put_value(struct printer *j, size_t indent, size_t column)
{
    /* One more column, for the comma that may follow. */
    size_t room = column < WIDTH - 1 ? WIDTH - 1 - column : 0;
    if (!j->pretty || !opens(*j->p) || fits(j->p, room)) {
        put_flat(j);
        return;
    }
    bool object = *j->p == '{';
    put_token(j);
    indent += INDENT;
    while (*j->p != '\0' && !closes(*j->p)) {
        fprintf(j->out, "\n%*s", (int)indent, "");
        column = indent;
        if (object) {
            column += token_columns(j->p, token_length(j->p)) + 2;
            put_token(j);
            put_token(j);
            fputc(' ', j->out);
        }
        put_value(j, indent, column);
        if (*j->p == ',')
            put_token(j);
    }
    fprintf(j->out, "\n%*s", (int)(indent - INDENT), "");
    put_token(j);
}

void dmongo__print_json(const char *json, bool pretty, FILE *out)
{
    struct printer j = {json, out, pretty};
    skip_space(&j.p);
    put_value(&j, 0, 0);
}

static char *as_json(const bson_t *doc, bool canonical, diesel_error *err)
{
    char *json = canonical ? bson_as_canonical_extended_json(doc, NULL)
                           : bson_as_relaxed_extended_json(doc, NULL);
    if (json == NULL)
        diesel_error_set(err, DIESEL_E_INVAL, DIESEL_DOM_MONGO, 0,
                         "the document cannot be written as JSON: its BSON is "
                         "malformed");
    return json;
}

int dmongo__print(const bson_t *doc, dmongo__layout layout, FILE *out,
                  diesel_error *err)
{
    char *json = as_json(doc, layout.canonical, err);
    if (json == NULL)
        return -1;
    dmongo__print_json(json, layout.pretty, out);
    fputc('\n', out);
    bson_free(json);
    return 0;
}

int dmongo__print_value(const bson_iter_t *iter, dmongo__layout layout,
                        FILE *out, diesel_error *err)
{
    bson_t holder = BSON_INITIALIZER;
    bson_append_iter(&holder, "v", 1, iter);
    char *json = as_json(&holder, layout.canonical, err);
    bson_destroy(&holder);
    if (json == NULL)
        return -1;
    /* {"v": VALUE}: what is between the colon and the last bracket. */
    *strrchr(json, '}') = '\0';
    dmongo__print_json(strchr(json, ':') + 1, layout.pretty, out);
    fputc('\n', out);
    bson_free(json);
    return 0;
}

/* SPDX-License-Identifier: MIT */
/*
 * Reading text character by character, and saying where it is wrong.
 *
 * The readers above this (literals, statements) are recursive descent without a
 * separate list of tokens: what a character means depends on where it stands,
 * as "/" may begin a regular expression or a comment. Only the first error is
 * kept, since all others follow from it.
 */
#include "mongo/cli/source_internal.h"

#include <stdarg.h>
#include <string.h>

#include "core/cli/utf8_internal.h"

enum { SHOWN = 72 }; /* characters of a line that are shown */

int dmongo__source_fail(dmongo__source *src, size_t at, const char *format, ...)
{
    if (src->error.message[0] != '\0')
        return -1;
    va_list args;
    va_start(args, format);
    vsnprintf(src->error.message, sizeof src->error.message, format, args);
    va_end(args);
    src->error.at = at;
    src->error.at_end = false;
    return -1;
}

int dmongo__source_expected(dmongo__source *src, const char *what)
{
    bool had_error = src->error.message[0] != '\0';
    if (src->pos >= src->len) {
        dmongo__source_fail(src, src->len, "expected %s, found the end", what);
        src->error.at_end |= !had_error;
        return -1;
    }
    const char *found = src->text + src->pos;
    if (*found == '\n')
        return dmongo__source_fail(src, src->pos,
                                   "expected %s, found the end of the line",
                                   what);
    if ((unsigned char)*found < 0x20 || *found == 0x7f)
        return dmongo__source_fail(src, src->pos,
                                   "expected %s, found the character 0x%02x",
                                   what, (unsigned char)*found);
    size_t length = diesel__utf8_length(found, src->len - src->pos);
    return dmongo__source_fail(src, src->pos, "expected %s, found %.*s", what,
                               (int)length, found);
}

int dmongo__source_check(dmongo__source *src)
{
    size_t good = diesel__utf8_check(src->text, src->len);
    if (good < src->len)
        return dmongo__source_fail(src, good, "byte 0x%02x is not UTF-8",
                                   (unsigned char)src->text[good]);
    return 0;
}

char dmongo__source_peek(const dmongo__source *src, size_t ahead)
{
    return src->len - src->pos > ahead ? src->text[src->pos + ahead] : '\0';
}

/* What white space there is at p: its length, 0 if none. No-break spaces and
 * byte order marks come with text that was copied from a web page. */
static size_t space_length(const char *p, size_t n)
{
    if (n >= 1 && strchr(" \t\r\n\v\f", *p) != NULL && *p != '\0')
        return 1;
    if (n >= 2 && memcmp(p, "\xc2\xa0", 2) == 0)
        return 2;
    if (n >= 3 && memcmp(p, "\xef\xbb\xbf", 3) == 0)
        return 3;
    return 0;
}

int dmongo__source_skip(dmongo__source *src, bool *newline)
{
    for (;;) {
        const char *p = src->text + src->pos;
        size_t left = src->len - src->pos;
        size_t space = space_length(p, left);
        size_t step = space;
        if (space == 0 && left >= 2 && p[0] == '/' && p[1] == '/') {
            const char *end = memchr(p, '\n', left);
            step = end != NULL ? (size_t)(end - p) : left;
        } else if (space == 0 && left >= 2 && p[0] == '/' && p[1] == '*') {
            const char *end = memmem(p + 2, left - 2, "*/", 2);
            if (end == NULL) {
                dmongo__source_fail(src, src->pos, "this comment never ends");
                src->error.at_end = true;
                return -1;
            }
            step = (size_t)(end + 2 - p);
        }
        if (step == 0)
            return 0;
        if (newline != NULL && memchr(p, '\n', step) != NULL)
            *newline = true;
        src->pos += step;
    }
}

int dmongo__source_accept(dmongo__source *src, char c)
{
    if (dmongo__source_skip(src, NULL) < 0)
        return -1;
    if (src->pos >= src->len || src->text[src->pos] != c)
        return 0;
    src->pos++;
    return 1;
}

bool dmongo__is_word_start(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
           c == '$' || (unsigned char)c >= 0x80;
}

bool dmongo__is_word(char c)
{
    return dmongo__is_word_start(c) || (c >= '0' && c <= '9');
}

size_t dmongo__source_word(const dmongo__source *src)
{
    size_t n = 0;
    const char *p = src->text + src->pos;
    size_t left = src->len - src->pos;
    if (left == 0 || !dmongo__is_word_start(*p))
        return 0;
    while (n < left && dmongo__is_word(p[n]) && space_length(p + n, left - n) == 0)
        n++;
    return n;
}

void dmongo__source_place(const char *text, size_t len, size_t at, size_t *line,
                          size_t *column)
{
    if (at > len)
        at = len;
    *line = *column = 1;
    for (size_t i = 0; i < at;) {
        size_t length = diesel__utf8_length(text + i, len - i);
        if (text[i] == '\n') {
            ++*line;
            *column = 1;
        } else {
            ++*column;
        }
        i += length > 0 ? length : 1;
    }
}

void dmongo__source_show(const char *text, size_t len, size_t at, FILE *out)
{
    if (at > len)
        at = len;
    size_t start = at;
    while (start > 0 && text[start - 1] != '\n')
        start--;
    size_t line, column;
    dmongo__source_place(text, len, at, &line, &column);
    /* Of a long line, what is around the error. */
    size_t skip = column > SHOWN ? column - (SHOWN - 12) : 0;
    size_t caret = column - 1 - skip;

    fputs("    ", out);
    size_t shown = 0;
    for (size_t i = start; i < len && text[i] != '\n' && shown < SHOWN;) {
        size_t length = diesel__utf8_length(text + i, len - i);
        bool plain = length > 1 || (length == 1 && text[i] >= 0x20 &&
                                    text[i] != 0x7f);
        if (skip > 0)
            skip--;
        else if (++shown && plain)
            fwrite(text + i, 1, length, out);
        else
            fputc(text[i] == '\t' ? ' ' : '?', out);
        i += length > 0 ? length : 1;
    }
    fprintf(out, "\n    %*s^\n", (int)caret, "");
}

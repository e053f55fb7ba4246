/* SPDX-License-Identifier: MIT */
/*
 * Growing text and how values look in it; see text_internal.h.
 */
#include "text_internal.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <diesel/memory.h>

#include "cli/utf8_internal.h"

#define MOST_BYTES_SHOWN 64

void diesel__text_init(diesel__text *text, size_t limit)
{
    text->p = text->small;
    text->len = 0;
    text->room = sizeof text->small;
    text->limit = limit;
    text->cut = false;
}

void diesel__text_clear(diesel__text *text)
{
    if (text->p != text->small)
        diesel_free(text->p);
    diesel__text_init(text, text->limit);
}

/* Room for n more bytes and a zero byte. */
static bool grow(diesel__text *text, size_t n)
{
    if (n > text->limit - text->len)
        return false;
    size_t room = text->room;
    while (room <= text->len + n)
        room *= 2;
    char *p = diesel_malloc(room);
    if (p == NULL)
        return false;
    memcpy(p, text->p, text->len);
    if (text->p != text->small)
        diesel_free(text->p);
    text->p = p;
    text->room = room;
    return true;
}

void diesel__text_add(diesel__text *text, const void *p, size_t n)
{
    if (text->cut || n == 0)
        return;
    if ((n >= text->room - text->len || n > text->limit - text->len) &&
        !grow(text, n)) {
        text->cut = true;
        return;
    }
    memcpy(text->p + text->len, p, n);
    text->len += n;
}

void diesel__text_puts(diesel__text *text, const char *s)
{
    diesel__text_add(text, s, strlen(s));
}

void diesel__text_putc(diesel__text *text, char c)
{
    diesel__text_add(text, &c, 1);
}

void diesel__text_printf(diesel__text *text, const char *format, ...)
{
    char some[256];
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int n = vsnprintf(some, sizeof some, format, args);
    va_end(args);
    if (n >= 0 && (size_t)n < sizeof some) {
        diesel__text_add(text, some, (size_t)n);
    } else if (n >= 0) {
        char *all = diesel_malloc((size_t)n + 1);
        if (all == NULL)
            text->cut = true;
        else if (vsnprintf(all, (size_t)n + 1, format, again) == n)
            diesel__text_add(text, all, (size_t)n);
        diesel_free(all);
    }
    va_end(again);
}

const char *diesel__text_string(diesel__text *text)
{
    text->p[text->len] = '\0'; /* there is room, see grow() */
    return text->p;
}

char *diesel__text_take(diesel__text *text, size_t *len)
{
    char *p = NULL;
    if (!text->cut) {
        *len = text->len;
        if (text->p == text->small) {
            p = diesel_strndup(text->p, text->len);
        } else {
            p = text->p;
            p[text->len] = '\0';
            text->p = text->small;
        }
    }
    diesel__text_clear(text);
    return p;
}

/* The first bytes of s that are what `plain` says or whole characters beyond
 * ASCII. */
static size_t plain_run(const char *s, size_t n, const char *special)
{
    size_t i = 0;
    while (i < n) {
        unsigned char c = (unsigned char)s[i];
        if (c < 0x20 || c == 0x7f || strchr(special, c) != NULL)
            break;
        size_t len = c < 0x80 ? 1 : diesel__utf8_length(s + i, n - i);
        /* U+0080 to U+009F are control characters as well. */
        if (len == 0 || (c == 0xc2 && (unsigned char)s[i + 1] < 0xa0))
            break;
        i += len;
    }
    return i;
}

static void add_json_special(diesel__text *text, unsigned char c)
{
    static const char letters[] = "\bb\ff\nn\rr\tt\"\"\\\\";
    for (const char *l = letters; *l != '\0'; l += 2)
        if ((unsigned char)l[0] == c) {
            diesel__text_putc(text, '\\');
            diesel__text_putc(text, l[1]);
            return;
        }
    if (c < 0x80)
        diesel__text_printf(text, "\\u%04x", c);
    else
        diesel__text_puts(text, "\\ufffd");
}

void diesel__text_json_string(diesel__text *text, const char *s, size_t n)
{
    diesel__text_putc(text, '"');
    while (n > 0) {
        size_t run = plain_run(s, n, "\"\\");
        diesel__text_add(text, s, run);
        s += run, n -= run;
        if (n == 0)
            break;
        size_t len = 1;
        if ((unsigned char)*s == 0xc2 && (len = diesel__utf8_length(s, n)) == 2)
            diesel__text_printf(text, "\\u%04x", (unsigned char)s[1]);
        else
            add_json_special(text, (unsigned char)*s), len = 1;
        s += len, n -= len;
    }
    diesel__text_putc(text, '"');
}

void diesel__text_escaped(diesel__text *text, const char *s, size_t n)
{
    while (n > 0) {
        size_t run = plain_run(s, n, "");
        diesel__text_add(text, s, run);
        s += run, n -= run;
        if (n == 0)
            break;
        unsigned char c = (unsigned char)*s;
        if (c == '\n')
            diesel__text_puts(text, "\\n");
        else if (c == '\t')
            diesel__text_puts(text, "\\t");
        else
            diesel__text_printf(text, "\\x%02x", c);
        s++, n--;
    }
}

static void add_hex(diesel__text *text, const diesel_value *value)
{
    size_t n = value->len < MOST_BYTES_SHOWN ? value->len : MOST_BYTES_SHOWN;
    for (size_t i = 0; i < n; i++)
        diesel__text_printf(text, "%02x", (unsigned char)value->s[i]);
    if (n < value->len)
        diesel__text_printf(text, "...(%zu bytes)", value->len);
}

void diesel__text_double(diesel__text *text, double d)
{
    char digits[40];
    if (isnan(d) || isinf(d)) {
        diesel__text_puts(text, isnan(d) ? "NaN" : d > 0 ? "+Inf" : "-Inf");
        return;
    }
    for (int precision = 15; precision <= 17; precision++) {
        snprintf(digits, sizeof digits, "%.*g", precision, d);
        if (strtod(digits, NULL) == d)
            break;
    }
    for (char *p = digits; *p != '\0'; p++)
        if (strchr("0123456789+-e", *p) == NULL)
            *p = '.'; /* the locale's */
    diesel__text_puts(text, digits);
}

/* What looks the same in all forms; false for text and bytes. */
static bool add_scalar(diesel__text *text, const diesel_value *value)
{
    switch (value->type) {
    case DIESEL_VALUE_NULL:
        diesel__text_puts(text, "null");
        return true;
    case DIESEL_VALUE_BOOL:
        diesel__text_puts(text, value->b ? "true" : "false");
        return true;
    case DIESEL_VALUE_INT:
        diesel__text_printf(text, "%lld", (long long)value->i);
        return true;
    case DIESEL_VALUE_UINT:
        diesel__text_printf(text, "%llu", (unsigned long long)value->u);
        return true;
    case DIESEL_VALUE_DOUBLE:
        diesel__text_double(text, value->d);
        return true;
    default:
        return false;
    }
}

void diesel__text_json(diesel__text *text, const diesel_value *value)
{
    bool quoted = value->type == DIESEL_VALUE_BYTES ||
                  (value->type == DIESEL_VALUE_DOUBLE && !isfinite(value->d));
    if (value->type == DIESEL_VALUE_STR) {
        diesel__text_json_string(text, value->s, value->len);
        return;
    }
    if (quoted)
        diesel__text_putc(text, '"');
    if (!add_scalar(text, value))
        add_hex(text, value);
    if (quoted)
        diesel__text_putc(text, '"');
}

/* Whether text needs no quotes: one word that is not taken for something else. */
static bool is_word(const diesel_value *value)
{
    return value->len > 0 &&
           plain_run(value->s, value->len, " \"\\=") == value->len;
}

void diesel__text_human(diesel__text *text, const diesel_value *value)
{
    if (value->type != DIESEL_VALUE_STR) {
        diesel__text_plain(text, value);
        return;
    }
    if (is_word(value)) {
        diesel__text_add(text, value->s, value->len);
        return;
    }
    const char *s = value->s;
    size_t n = value->len;
    diesel__text_putc(text, '"');
    while (n > 0) {
        size_t run = 0;
        while (run < n && s[run] != '"' && s[run] != '\\')
            run++;
        diesel__text_escaped(text, s, run);
        s += run, n -= run;
        if (n > 0) {
            diesel__text_putc(text, '\\');
            diesel__text_putc(text, *s);
            s++, n--;
        }
    }
    diesel__text_putc(text, '"');
}

void diesel__text_plain(diesel__text *text, const diesel_value *value)
{
    if (value->type == DIESEL_VALUE_STR)
        diesel__text_add(text, value->s, value->len);
    else if (!add_scalar(text, value))
        add_hex(text, value);
}

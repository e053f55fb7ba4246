/* SPDX-License-Identifier: MIT */
/*
 * Text that grows: lines of logs, pages of metrics and of the console.
 *
 * It starts in a small buffer inside the struct, so that a short line allocates
 * nothing; such a struct must not be moved. Beyond its limit, or without
 * memory, what is added is left out and `cut` is set: text for people is better
 * short than missing, and who must not lose anything looks at `cut`.
 */
#ifndef DIESEL_TEXT_INTERNAL_H
#define DIESEL_TEXT_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <diesel/value.h>

typedef struct diesel__text {
    char *p; /* small, or on the heap */
    size_t len, room;
    size_t limit; /* bytes */
    bool cut;
    char small[512];
} diesel__text;

void diesel__text_init(diesel__text *text, size_t limit);
void diesel__text_clear(diesel__text *text);

void diesel__text_add(diesel__text *text, const void *p, size_t n);
void diesel__text_puts(diesel__text *text, const char *s);
void diesel__text_putc(diesel__text *text, char c);
void diesel__text_printf(diesel__text *text, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Appends a zero byte that does not count; returns the text. */
const char *diesel__text_string(diesel__text *text);

/* The text as a block of its own, owned by the caller: diesel_free(). NULL if it
 * was cut. The text is empty afterwards. */
char *diesel__text_take(diesel__text *text, size_t *len);

/* As a JSON string with its quotes, RFC 8259; what is no UTF-8 as U+FFFD. */
void diesel__text_json_string(diesel__text *text, const char *s, size_t n);
/* A value as JSON: bytes as hexadecimal digits, NaN and infinities as strings. */
void diesel__text_json(diesel__text *text, const diesel_value *value);

/* For people: control characters and what is no UTF-8 as \n, \x1b ... */
void diesel__text_escaped(diesel__text *text, const char *s, size_t n);
/* The same, in quotes where it is empty or not one word. */
void diesel__text_human(diesel__text *text, const diesel_value *value);
/* A value without quotes or escapes, bytes in hexadecimal digits. */
void diesel__text_plain(diesel__text *text, const diesel_value *value);

/* A number with a dot, whatever the locale, and no more digits than it needs to
 * be read back; "NaN", "+Inf", "-Inf". */
void diesel__text_double(diesel__text *text, double d);

#endif

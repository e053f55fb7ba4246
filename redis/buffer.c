/* SPDX-License-Identifier: MIT */
/*
 * Bytes: growing buffers, strings, comparisons, patterns, and numbers as Redis
 * reads them, which is more strictly than strtoll() does.
 */
#include "buffer_internal.h"

#include <ctype.h>
#include <math.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <diesel/memory.h>

#define FIRST_ROOM 256
#define NUMBER_SIZE 64

char *dredis__buffer_room(dredis__buffer *buffer, size_t n)
{
    if (buffer->failed)
        return NULL;
    if (n <= buffer->room - buffer->len)
        return buffer->at + buffer->len;
    size_t room = buffer->room != 0 ? buffer->room : FIRST_ROOM;
    while (room - buffer->len < n && room <= SIZE_MAX / 2)
        room *= 2;
    char *at = room - buffer->len < n
                   ? NULL
                   : diesel_realloc_array(buffer->at, room, 1);
    if (at == NULL) {
        buffer->failed = true;
        return NULL;
    }
    buffer->at = at;
    buffer->room = room;
    return at + buffer->len;
}

void dredis__buffer_add(dredis__buffer *buffer, const void *bytes, size_t n)
{
    char *at = dredis__buffer_room(buffer, n);
    if (at == NULL)
        return;
    if (n > 0)
        memcpy(at, bytes, n);
    buffer->len += n;
}

void dredis__buffer_print(dredis__buffer *buffer, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    char *at = dredis__buffer_room(buffer, (size_t)len + 1);
    if (at == NULL)
        return;
    va_start(args, format);
    vsnprintf(at, (size_t)len + 1, format, args);
    va_end(args);
    buffer->len += (size_t)len;
}

void dredis__buffer_drop(dredis__buffer *buffer, size_t n)
{
    if (n == 0)
        return;
    memmove(buffer->at, buffer->at + n, buffer->len - n);
    buffer->len -= n;
}

void dredis__buffer_clear(dredis__buffer *buffer)
{
    diesel_free(buffer->at);
    *buffer = (dredis__buffer){0};
}

dredis__blob *dredis__blob_new(const char *bytes, size_t len)
{
    if (len > SIZE_MAX - sizeof(dredis__blob) - 1)
        return NULL;
    dredis__blob *blob = diesel_malloc(sizeof *blob + len + 1);
    if (blob == NULL)
        return NULL;
    blob->len = len;
    if (len > 0 && bytes != NULL)
        memcpy(blob->at, bytes, len);
    blob->at[len] = '\0';
    return blob;
}

bool dredis__span_is(dredis__span span, dredis__span other)
{
    return span.len == other.len &&
           (span.len == 0 || memcmp(span.at, other.at, span.len) == 0);
}

bool dredis__span_is_word(dredis__span span, const char *word)
{
    return span.len == strlen(word) &&
           (span.len == 0 || strncasecmp(span.at, word, span.len) == 0);
}

int dredis__span_compare(dredis__span a, dredis__span b)
{
    size_t n = a.len < b.len ? a.len : b.len;
    int order = n > 0 ? memcmp(a.at, b.at, n) : 0;
    return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

/* Whether the class that begins at *at, behind its bracket, holds c; *at is then
 * behind it. A class without an end is one up to the pattern's end. */
static bool class_holds(const char **at, const char *end, unsigned char c)
{
    const char *p = *at;
    bool inverted = p < end && *p == '^', found = false;
    p += inverted;
    for (; p < end && *p != ']'; p++) {
        if (*p == '\\' && end - p >= 2)
            p++;
        unsigned char low = (unsigned char)*p, high = low;
        if (end - p >= 3 && p[1] == '-' && p[2] != ']') {
            high = (unsigned char)p[2];
            p += 2;
        }
        if (low > high) {
            unsigned char swapped = low;
            low = high;
            high = swapped;
        }
        found = found || (c >= low && c <= high);
    }
    *at = p < end ? p + 1 : end;
    return found != inverted;
}

/* One step of a pattern that is no star: whether it takes c. */
static bool step_takes(const char **at, const char *end, unsigned char c)
{
    const char *p = *at;
    switch (*p++) {
    case '?':
        *at = p;
        return true;
    case '[': {
        bool holds = class_holds(&p, end, c);
        *at = p;
        return holds;
    }
    case '\\':
        if (p < end)
            p++;
        break;
    default:
        break;
    }
    *at = p;
    return (unsigned char)p[-1] == c;
}

/* A star is tried with ever longer pieces, and only the last one is ever tried
 * again: so the time is at most the product of both lengths. */
bool dredis__glob_matches(dredis__span pattern, dredis__span text)
{
    const char *p = pattern.at, *p_end = p + pattern.len;
    const char *t = text.at, *t_end = t + text.len;
    const char *star = NULL, *from = NULL;
    while (t < t_end || p < p_end) {
        if (p < p_end && *p == '*') {
            star = ++p;
            from = t;
            continue;
        }
        if (p < p_end && t < t_end && step_takes(&p, p_end, (unsigned char)*t)) {
            t++;
            continue;
        }
        if (star == NULL || from == t_end)
            return false;
        p = star;
        t = ++from;
    }
    return true;
}

int dredis__span_int(dredis__span span, long long *value)
{
    const char *p = span.at, *end = p + span.len;
    bool negative = p < end && *p == '-';
    p += negative;
    if (p == end || *p < '0' || *p > '9' || (*p == '0' && span.len > 1))
        return -1;
    unsigned long long magnitude = 0;
    for (; p < end; p++) {
        if (*p < '0' || *p > '9' ||
            __builtin_mul_overflow(magnitude, 10u, &magnitude) ||
            __builtin_add_overflow(magnitude, (unsigned)(*p - '0'), &magnitude))
            return -1;
    }
    if (magnitude > (unsigned long long)INT64_MAX + (negative ? 1 : 0))
        return -1;
    *value = (long long)(negative ? 0 - magnitude : magnitude);
    return 0;
}

int dredis__span_double(dredis__span span, long double *value)
{
    char text[NUMBER_SIZE], *end;
    if (span.len == 0 || span.len >= sizeof text ||
        isspace((unsigned char)span.at[0]) ||
        memchr(span.at, '\0', span.len) != NULL)
        return -1;
    memcpy(text, span.at, span.len);
    text[span.len] = '\0';
    *value = strtold(text, &end);
    return *end != '\0' || isnan(*value) ? -1 : 0;
}

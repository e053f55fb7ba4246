/* SPDX-License-Identifier: MIT */
/*
 * Commands as bytes: an array of strings, whatever the arguments were in C.
 *
 *     *3 CRLF  $3 CRLF SET CRLF  $6 CRLF answer CRLF  $2 CRLF 42 CRLF
 *
 * This is on the path of every command, so the size is bounded first and then
 * the bytes are written in one go, numbers by hand. Doubles are written with the
 * fewest digits that read back as the same number, and always with a point,
 * whatever the program's locale says.
 */
#include "encode_internal.h"

#include <inttypes.h>
#include <locale.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* '$' or '*', up to 20 digits, CR LF, and the CR LF behind a string. */
#define FRAME 25

static inline bool has_bytes(const diesel_value *arg)
{
    return arg->type == DIESEL_VALUE_STR || arg->type == DIESEL_VALUE_BYTES;
}

/* Why an argument cannot be sent. */
static const char *defect_of(const diesel_value *arg)
{
    switch (arg->type) {
    case DIESEL_VALUE_STR:
    case DIESEL_VALUE_BYTES:
        return arg->s == NULL ? "is NULL" : "is too long";
    case DIESEL_VALUE_NULL:
        return "is NULL";
    case DIESEL_VALUE_DOUBLE:
        return "is not a number";
    default:
        return "has a type that does not exist";
    }
}

/* The most bytes that an argument takes without its frame; SIZE_MAX if it cannot be
 * sent. */
static inline size_t most_bytes(const diesel_value *arg)
{
    if (__builtin_expect(has_bytes(arg), 1))
        return arg->s != NULL || arg->len == 0 ? arg->len : SIZE_MAX;
    switch (arg->type) {
    case DIESEL_VALUE_BOOL:
    case DIESEL_VALUE_INT:
    case DIESEL_VALUE_UINT:
        return DREDIS__NUMBER_SIZE;
    case DIESEL_VALUE_DOUBLE:
        return isnan(arg->d) ? SIZE_MAX : DREDIS__NUMBER_SIZE;
    default:
        return SIZE_MAX;
    }
}

int dredis__command_size(const diesel_value *args, size_t n, size_t *size,
                         diesel_error *err)
{
    if (n == 0)
        return diesel_error_set(err, DIESEL_E_INVAL, DIESEL_DOM_CORE, 0,
                                "there is no command");
    size_t total = FRAME;
    for (size_t i = 0; i < n; i++) {
        size_t most = most_bytes(&args[i]);
        if (__builtin_expect(most > SIZE_MAX / 4 || total > SIZE_MAX / 4, 0))
            return diesel_error_set(err, DIESEL_E_INVAL, DIESEL_DOM_CORE, 0,
                                    "argument %zu %s", i, defect_of(&args[i]));
        total += most + FRAME;
    }
    *size = total;
    return 0;
}

/* Decimal digits at `at`; returns their end. */
static char *put_digits(char *at, uint64_t u)
{
    char digits[20];
    size_t n = 0;
    do
        digits[n++] = (char)('0' + u % 10);
    while ((u /= 10) != 0);
    while (n > 0)
        *at++ = digits[--n];
    return at;
}

static inline char *put_crlf(char *at)
{
    memcpy(at, "\r\n", 2);
    return at + 2;
}

/* "$5\r\n"; nearly all have one digit or two. */
static inline char *put_header(char *at, char type, size_t n)
{
    if (__builtin_expect(n < 10, 1)) {
        memcpy(at, (char[]){type, (char)('0' + n), '\r', '\n'}, 4);
        return at + 4;
    }
    *at++ = type;
    if (n < 100) {
        *at++ = (char)('0' + n / 10);
        *at++ = (char)('0' + n % 10);
    } else {
        at = put_digits(at, n);
    }
    return put_crlf(at);
}

static size_t format_int(char text[DREDIS__NUMBER_SIZE], int64_t i)
{
    char *at = text;
    if (i < 0)
        *at++ = '-';
    uint64_t magnitude = i < 0 ? 0 - (uint64_t)i : (uint64_t)i;
    return (size_t)(put_digits(at, magnitude) - text);
}

static size_t format_double(char text[DREDIS__NUMBER_SIZE], double d)
{
    if (isinf(d))
        return (size_t)snprintf(text, DREDIS__NUMBER_SIZE, d > 0 ? "inf" : "-inf");
    locale_t c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    locale_t before = uselocale(c_locale);
    int len = 0;
    for (int digits = 15; digits <= 17; digits++) {
        len = snprintf(text, DREDIS__NUMBER_SIZE, "%.*g", digits, d);
        if (strtod(text, NULL) == d)
            break;
    }
    uselocale(before);
    freelocale(c_locale);
    return (size_t)len;
}

const char *dredis__argument(const diesel_value *arg, size_t *len,
                             char scratch[DREDIS__NUMBER_SIZE])
{
    switch (arg->type) {
    case DIESEL_VALUE_STR:
    case DIESEL_VALUE_BYTES:
        *len = arg->s != NULL ? arg->len : 0;
        return arg->s != NULL ? arg->s : "";
    case DIESEL_VALUE_INT:
        *len = format_int(scratch, arg->i);
        return scratch;
    case DIESEL_VALUE_UINT:
        *len = (size_t)(put_digits(scratch, arg->u) - scratch);
        return scratch;
    case DIESEL_VALUE_DOUBLE:
        *len = format_double(scratch, arg->d);
        return scratch;
    case DIESEL_VALUE_BOOL:
        *len = 1;
        return arg->b ? "1" : "0";
    case DIESEL_VALUE_NULL:
        break;
    }
    *len = 0;
    return "";
}

char *dredis__command_write(char *at, const diesel_value *args, size_t n)
{
    char scratch[DREDIS__NUMBER_SIZE];
    at = put_header(at, '*', n);
    for (size_t i = 0; i < n; i++) {
        const char *bytes = args[i].s;
        size_t len = args[i].len;
        if (__builtin_expect(!has_bytes(&args[i]) || len == 0, 0))
            bytes = dredis__argument(&args[i], &len, scratch);
        at = put_header(at, '$', len);
        memcpy(at, bytes, len);
        at = put_crlf(at + len);
    }
    return at;
}

size_t dredis__argument_show(char *text, size_t used, const diesel_value *arg,
                             size_t most)
{
    char scratch[DREDIS__NUMBER_SIZE];
    size_t len;
    const unsigned char *bytes =
        (const unsigned char *)dredis__argument(arg, &len, scratch);
    size_t end = used + most;
    for (size_t i = 0; i < len; i++) {
        size_t width = bytes[i] < ' ' || bytes[i] >= 0x7f ? 4 : 1;
        if (used + width + (i + 1 < len ? 3 : 0) > end) {
            memcpy(text + used, "...", 4);
            return used + 3;
        }
        if (width == 1)
            text[used++] = (char)bytes[i];
        else
            used += (size_t)snprintf(text + used, 5, "\\x%02x", bytes[i]);
    }
    text[used] = '\0';
    return used;
}

const char *dredis__command_text(char text[DREDIS__COMMAND_TEXT],
                                 const diesel_value *args, size_t n)
{
    text[0] = '\0';
    if (n == 0)
        return strcpy(text, "(no command)");
    size_t used = dredis__argument_show(text, 0, &args[0], 24);
    if (n > 1 && strcasecmp(text, "AUTH") != 0) {
        text[used++] = ' ';
        dredis__argument_show(text, used, &args[1], 42);
    }
    return text;
}

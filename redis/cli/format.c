/* SPDX-License-Identifier: MIT */
/*
 * Replies as text. Each style has one function per reply type, found in a table;
 * see format_internal.h for what they write.
 *
 * FORMATTED and RAW are what redis-cli 7.0 writes, byte for byte. What looks odd
 * is its doing: an error within a raw array ends with a newline of its own,
 * before the delimiter; a map's value begins on a new line only where it takes
 * more than one; pushes look like arrays.
 *
 * Replies nest no deeper than the client's max_depth, so these functions may
 * call each other.
 */
#include "redis/cli/format_internal.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/cli/utf8_internal.h"

/* FORMATTED. `indent` is the column that the elements of an aggregate begin in:
 * a function writes its first line where the cursor is, and its last newline. */

static void formatted(const dredis_reply *r, size_t indent, FILE *out);

static void formatted_nil(const dredis_reply *r, size_t indent, FILE *out)
{
    (void)r;
    (void)indent;
    fputs("(nil)\n", out);
}

/* A byte as in a C string. */
static void put_escaped(unsigned char c, FILE *out)
{
    static const char plain[] = "\\\"\n\r\t\a\b";
    static const char letters[] = "\\\"nrtab";
    const char *special = c != '\0' ? strchr(plain, c) : NULL;
    if (special != NULL)
        fprintf(out, "\\%c", letters[special - plain]);
    else if (c >= 0x20 && c < 0x7f)
        fputc(c, out);
    else
        fprintf(out, "\\x%02x", c);
}

static void formatted_string(const dredis_reply *r, size_t indent, FILE *out)
{
    (void)indent;
    fputc('"', out);
    for (size_t i = 0; i < r->len; i++)
        put_escaped((unsigned char)r->str[i], out);
    fputs("\"\n", out);
}

static void formatted_text(const dredis_reply *r, size_t indent, FILE *out)
{
    (void)indent;
    fwrite(r->str, 1, r->len, out);
    fputc('\n', out);
}

static void formatted_integer(const dredis_reply *r, size_t indent, FILE *out)
{
    (void)indent;
    fprintf(out, "(integer) %" PRId64 "\n", r->integer);
}

static void formatted_double(const dredis_reply *r, size_t indent, FILE *out)
{
    fputs("(double) ", out);
    formatted_text(r, indent, out);
}

static void formatted_bool(const dredis_reply *r, size_t indent, FILE *out)
{
    (void)indent;
    fputs(r->integer ? "(true)\n" : "(false)\n", out);
}

static void formatted_bignum(const dredis_reply *r, size_t indent, FILE *out)
{
    fputs("(big number) ", out);
    formatted_text(r, indent, out);
}

static void formatted_error(const dredis_reply *r, size_t indent, FILE *out)
{
    fputs("(error) ", out);
    formatted_text(r, indent, out);
}

static bool is_map(const dredis_reply *r)
{
    return r->type == DREDIS_MAP || r->type == DREDIS_ATTRIBUTE;
}

/* Whether an element is written on more than one line. */
static bool is_long(const dredis_reply *r)
{
    size_t step = is_map(r) ? 2 : 1;
    while (r->elements == step) {
        r = &r->element[step - 1];
        step = is_map(r) ? 2 : 1;
    }
    return r->elements > step;
}

static const char *empty_name(const dredis_reply *r)
{
    return r->type == DREDIS_ARRAY ? "(empty array)\n"
           : r->type == DREDIS_MAP ? "(empty hash)\n"
           : r->type == DREDIS_SET ? "(empty set)\n"
                                   : "(empty aggregate)\n";
}

/* How many digits the numbers of count elements need. */
static int number_width(size_t count)
{
    int width = 1;
    while (count >= 10) {
        count /= 10;
        width++;
    }
    return width;
}

/* A key, which has just been written with its newline, and the value behind it:
 * the key is formatted into memory first, to take that newline back. */
static void formatted_key(const dredis_reply *key, size_t indent, FILE *out)
{
    char *text = NULL;
    size_t len = 0;
    FILE *memory = open_memstream(&text, &len);
    if (memory == NULL)
        return;
    formatted(key, indent, memory);
    fclose(memory);
    if (text != NULL && len > 0)
        fwrite(text, 1, len - 1, out);
    free(text);
}

static void formatted_aggregate(const dredis_reply *r, size_t indent, FILE *out)
{
    bool map = is_map(r);
    size_t step = map ? 2 : 1;
    int width = number_width(r->elements / step);
    size_t inner = indent + (size_t)width + 2;
    char mark = map ? '#' : r->type == DREDIS_SET ? '~' : ')';

    if (r->elements == 0)
        fputs(empty_name(r), out);
    for (size_t i = 0; i + step <= r->elements; i += step) {
        fprintf(out, "%*s%*zu%c ", i == 0 ? 0 : (int)indent, "", width,
                i / step + 1, mark);
        if (map) {
            const dredis_reply *value = &r->element[i + 1];
            formatted_key(&r->element[i], inner, out);
            fputs(" => ", out);
            if (is_long(value))
                fprintf(out, "\n%*s", (int)inner, "");
        }
        formatted(&r->element[i + step - 1], inner, out);
    }
}

static void formatted(const dredis_reply *r, size_t indent, FILE *out)
{
    static void (*const by_type[])(const dredis_reply *, size_t, FILE *) = {
        [DREDIS_NIL] = formatted_nil,
        [DREDIS_STRING] = formatted_string,
        [DREDIS_STATUS] = formatted_text,
        [DREDIS_INTEGER] = formatted_integer,
        [DREDIS_DOUBLE] = formatted_double,
        [DREDIS_BOOL] = formatted_bool,
        [DREDIS_BIGNUM] = formatted_bignum,
        [DREDIS_VERBATIM] = formatted_text,
        [DREDIS_ARRAY] = formatted_aggregate,
        [DREDIS_MAP] = formatted_aggregate,
        [DREDIS_SET] = formatted_aggregate,
        [DREDIS_PUSH] = formatted_aggregate,
        [DREDIS_ATTRIBUTE] = formatted_aggregate,
        [DREDIS_ERROR] = formatted_error,
    };
    by_type[r->type](r, indent, out);
}

/* RAW. */

static void raw(const dredis_reply *r, const char *delimiter, FILE *out);

static void raw_nil(const dredis_reply *r, const char *delimiter, FILE *out)
{
    (void)r;
    (void)delimiter;
    (void)out;
}

static void raw_text(const dredis_reply *r, const char *delimiter, FILE *out)
{
    (void)delimiter;
    fwrite(r->str, 1, r->len, out);
}

static void raw_error(const dredis_reply *r, const char *delimiter, FILE *out)
{
    raw_text(r, delimiter, out);
    fputc('\n', out);
}

static void raw_integer(const dredis_reply *r, const char *delimiter, FILE *out)
{
    (void)delimiter;
    fprintf(out, "%" PRId64, r->integer);
}

static void raw_bool(const dredis_reply *r, const char *delimiter, FILE *out)
{
    (void)delimiter;
    fputs(r->integer ? "(true)" : "(false)", out);
}

static void raw_aggregate(const dredis_reply *r, const char *delimiter,
                          FILE *out)
{
    for (size_t i = 0; i < r->elements; i++) {
        bool is_value = is_map(r) && i % 2 == 1;
        if (i > 0)
            fputs(is_value ? " " : delimiter, out);
        raw(&r->element[i], delimiter, out);
    }
}

static void raw(const dredis_reply *r, const char *delimiter, FILE *out)
{
    static void (*const by_type[])(const dredis_reply *, const char *,
                                   FILE *) = {
        [DREDIS_NIL] = raw_nil,
        [DREDIS_STRING] = raw_text,
        [DREDIS_STATUS] = raw_text,
        [DREDIS_INTEGER] = raw_integer,
        [DREDIS_DOUBLE] = raw_text,
        [DREDIS_BOOL] = raw_bool,
        [DREDIS_BIGNUM] = raw_text,
        [DREDIS_VERBATIM] = raw_text,
        [DREDIS_ARRAY] = raw_aggregate,
        [DREDIS_MAP] = raw_aggregate,
        [DREDIS_SET] = raw_aggregate,
        [DREDIS_PUSH] = raw_aggregate,
        [DREDIS_ATTRIBUTE] = raw_aggregate,
        [DREDIS_ERROR] = raw_error,
    };
    by_type[r->type](r, delimiter, out);
}

/* JSON. */

static void json(const dredis_reply *r, FILE *out);

static void json_nil(const dredis_reply *r, FILE *out)
{
    (void)r;
    fputs("null", out);
}

/* Text that is UTF-8, in quotes. */
static void json_quote(const char *p, size_t n, FILE *out)
{
    static const char plain[] = "\\\"\n\r\t\f\b";
    static const char letters[] = "\\\"nrtfb";
    fputc('"', out);
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)p[i];
        const char *special = c != '\0' ? strchr(plain, c) : NULL;
        if (special != NULL)
            fprintf(out, "\\%c", letters[special - plain]);
        else if (c < 0x20)
            fprintf(out, "\\u%04x", c);
        else
            fputc(c, out);
    }
    fputc('"', out);
}

static void json_base64(const char *p, size_t n, FILE *out)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrst"
                                 "uvwxyz0123456789+/";
    const unsigned char *bytes = (const unsigned char *)p;
    fputs("{\"base64\":\"", out);
    for (size_t i = 0; i < n; i += 3) {
        size_t left = n - i < 3 ? n - i : 3;
        uint32_t word = (uint32_t)bytes[i] << 16;
        word |= left > 1 ? (uint32_t)bytes[i + 1] << 8 : 0;
        word |= left > 2 ? bytes[i + 2] : 0;
        for (size_t k = 0; k < 4; k++)
            fputc(k <= left ? digits[word >> (18 - 6 * k) & 63] : '=', out);
    }
    fputs("\"}", out);
}

static bool is_utf8(const dredis_reply *r)
{
    return diesel__utf8_check(r->str, r->len) == r->len;
}

static void json_string(const dredis_reply *r, FILE *out)
{
    if (is_utf8(r))
        json_quote(r->str, r->len, out);
    else
        json_base64(r->str, r->len, out);
}

static void json_integer(const dredis_reply *r, FILE *out)
{
    fprintf(out, "%" PRId64, r->integer);
}

/* As the server wrote it, which is as JSON writes numbers. */
static void json_double(const dredis_reply *r, FILE *out)
{
    if (isfinite(r->dval))
        fwrite(r->str, 1, r->len, out);
    else
        json_quote(r->str, r->len, out);
}

static void json_bool(const dredis_reply *r, FILE *out)
{
    fputs(r->integer ? "true" : "false", out);
}

static void json_array(const dredis_reply *r, FILE *out)
{
    fputc('[', out);
    for (size_t i = 0; i < r->elements; i++) {
        if (i > 0)
            fputc(',', out);
        json(&r->element[i], out);
    }
    fputc(']', out);
}

static void json_error(const dredis_reply *r, FILE *out)
{
    fputs("{\"error\":", out);
    json_string(r, out);
    fputc('}', out);
}

/* Whether a key of a map can be one in JSON, where it must be a string. */
static bool is_json_key(const dredis_reply *r)
{
    switch (r->type) {
    case DREDIS_STRING:
    case DREDIS_STATUS:
    case DREDIS_VERBATIM:
        return is_utf8(r);
    case DREDIS_INTEGER:
    case DREDIS_DOUBLE:
    case DREDIS_BIGNUM:
    case DREDIS_BOOL:
        return true;
    default:
        return false;
    }
}

static void json_key(const dredis_reply *r, FILE *out)
{
    if (r->type == DREDIS_INTEGER)
        fprintf(out, "\"%" PRId64 "\"", r->integer);
    else if (r->type == DREDIS_BOOL)
        fputs(r->integer ? "\"true\"" : "\"false\"", out);
    else
        json_quote(r->str, r->len, out);
}

static void json_map(const dredis_reply *r, FILE *out)
{
    bool object = true;
    for (size_t i = 0; i < r->elements; i += 2)
        object = object && is_json_key(&r->element[i]);
    fputc(object ? '{' : '[', out);
    for (size_t i = 0; i + 2 <= r->elements; i += 2) {
        if (i > 0)
            fputc(',', out);
        if (object) {
            json_key(&r->element[i], out);
            fputc(':', out);
            json(&r->element[i + 1], out);
            continue;
        }
        fputc('[', out);
        json(&r->element[i], out);
        fputc(',', out);
        json(&r->element[i + 1], out);
        fputc(']', out);
    }
    fputc(object ? '}' : ']', out);
}

static void json(const dredis_reply *r, FILE *out)
{
    static void (*const by_type[])(const dredis_reply *, FILE *) = {
        [DREDIS_NIL] = json_nil,         [DREDIS_STRING] = json_string,
        [DREDIS_STATUS] = json_string,   [DREDIS_INTEGER] = json_integer,
        [DREDIS_DOUBLE] = json_double,   [DREDIS_BOOL] = json_bool,
        [DREDIS_BIGNUM] = json_string,   [DREDIS_VERBATIM] = json_string,
        [DREDIS_ARRAY] = json_array,     [DREDIS_MAP] = json_map,
        [DREDIS_SET] = json_array,       [DREDIS_PUSH] = json_array,
        [DREDIS_ATTRIBUTE] = json_map,   [DREDIS_ERROR] = json_error,
    };
    by_type[r->type](r, out);
}

void dredis__format(const dredis_reply *reply, dredis__style style,
                    const char *delimiter, FILE *out)
{
    if (style == DREDIS__STYLE_FORMATTED) {
        formatted(reply, 0, out);
        return;
    }
    if (style == DREDIS__STYLE_JSON)
        json(reply, out);
    else
        raw(reply, delimiter, out);
    if (style != DREDIS__STYLE_TEXT)
        fputc('\n', out);
}

/* Commands whose replies are text for people. */
static const struct {
    const char *command;
    const char *subcommand; /* NULL: any                  */
    size_t count;           /* of words; 0: any number    */
} text_commands[] = {
    {"INFO", NULL, 0},
    {"LOLWUT", NULL, 0},
    {"DEBUG", "HTSTATS", 0},
    {"DEBUG", "HTSTATS-KEY", 0},
    {"DEBUG", "CLIENT-EVICTION", 0},
    {"MEMORY", "MALLOC-STATS", 0},
    {"MEMORY", "DOCTOR", 0},
    {"CLUSTER", "NODES", 2},
    {"CLUSTER", "INFO", 2},
    {"CLIENT", "LIST", 0},
    {"CLIENT", "INFO", 0},
    {"LATENCY", "GRAPH", 3},
    {"LATENCY", "DOCTOR", 2},
    {"PROXY", "INFO", 0},
};

static bool word_is(const diesel_value *word, const char *name)
{
    return word->len == strlen(name) &&
           strncasecmp(word->s, name, word->len) == 0;
}

bool dredis__is_text_command(const diesel_value *words, size_t count)
{
    size_t n = sizeof text_commands / sizeof text_commands[0];
    for (size_t i = 0; count > 0 && i < n; i++) {
        const char *sub = text_commands[i].subcommand;
        bool enough = text_commands[i].count == 0 ||
                      text_commands[i].count == count;
        if (enough && word_is(&words[0], text_commands[i].command) &&
            (sub == NULL || (count > 1 && word_is(&words[1], sub))))
            return true;
    }
    return false;
}

/* SPDX-License-Identifier: MIT */
/*
 * Replies as short text, so that tables of tests can say what they want:
 *
 *     nil  "bytes"  +OK  7  3.5d"3.50"  true  123big  txt"text"  [1 2]  {"k" 1}
 *     ~{1 2}  >["kind" 1]  -ERR no(1)   and before what has one: @{"attribute" 1}
 *
 * Bytes that are not printable are shown as \xNN. The number behind an error's
 * text is its DREDIS_ERR_*.
 */
#ifndef TESTS_RESP_SHOW_H
#define TESTS_RESP_SHOW_H

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <check.h>

#include <diesel/redis_reply.h>

struct resp_text {
    char text[16384];
    size_t used;
};

__attribute__((format(printf, 2, 3))) static inline void
resp_print(struct resp_text *to, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int n = vsnprintf(to->text + to->used, sizeof to->text - to->used, format,
                      args);
    va_end(args);
    ck_assert_int_ge(n, 0);
    to->used += (size_t)n;
    ck_assert_msg(to->used < sizeof to->text, "the shown text is too long");
}

static inline void resp_show_bytes(struct resp_text *to, const dredis_reply *r)
{
    ck_assert_msg(r->str[r->len] == '\0', "a string without a zero byte");
    resp_print(to, "\"");
    for (size_t i = 0; i < r->len; i++) {
        unsigned char c = (unsigned char)r->str[i];
        resp_print(to, c < ' ' || c > '~' ? "\\x%02x" : "%c", c);
    }
    resp_print(to, "\"");
}

static inline void resp_show(struct resp_text *to, const dredis_reply *r);

static inline void resp_show_elements(struct resp_text *to,
                                      const dredis_reply *r, const char *open,
                                      const char *close)
{
    resp_print(to, "%s", open);
    for (size_t i = 0; i < r->elements; i++) {
        resp_print(to, "%s", i > 0 ? " " : "");
        resp_show(to, &r->element[i]);
    }
    resp_print(to, "%s", close);
}

/* A field that the reply's type does not have must be zero. */
static inline void resp_check_zeros(const dredis_reply *r)
{
    bool has_text = r->type == DREDIS_STRING || r->type == DREDIS_STATUS ||
                    r->type == DREDIS_DOUBLE || r->type == DREDIS_BIGNUM ||
                    r->type == DREDIS_VERBATIM || r->type == DREDIS_ERROR;
    bool has_number = r->type == DREDIS_INTEGER || r->type == DREDIS_BOOL ||
                      r->type == DREDIS_ERROR;
    bool has_elements = r->type == DREDIS_ARRAY || r->type == DREDIS_MAP ||
                        r->type == DREDIS_SET || r->type == DREDIS_PUSH ||
                        r->type == DREDIS_ATTRIBUTE;
    ck_assert(has_text || (r->str == NULL && r->len == 0));
    ck_assert(has_number || r->integer == 0);
    ck_assert(has_elements || (r->elements == 0 && r->element == NULL));
    ck_assert(r->elements == 0 || r->element != NULL);
    ck_assert(r->type == DREDIS_DOUBLE || r->dval == 0);
    ck_assert(r->type == DREDIS_VERBATIM || r->format[0] == '\0');
    ck_assert((r->type == DREDIS_MAP || r->type == DREDIS_ATTRIBUTE)
                  ? r->elements % 2 == 0
                  : true);
}

static inline void resp_show(struct resp_text *to, const dredis_reply *r)
{
    resp_check_zeros(r);
    if (r->attribute != NULL) {
        ck_assert_int_eq(r->attribute->type, DREDIS_ATTRIBUTE);
        resp_show(to, r->attribute);
    }
    switch (r->type) {
    case DREDIS_NIL:
        resp_print(to, "nil");
        break;
    case DREDIS_STRING:
        resp_show_bytes(to, r);
        break;
    case DREDIS_STATUS:
        resp_print(to, "+%s", r->str);
        break;
    case DREDIS_INTEGER:
        resp_print(to, "%" PRId64, r->integer);
        break;
    case DREDIS_DOUBLE:
        resp_print(to, "%.17gd", isnan(r->dval) ? (double)NAN : r->dval);
        resp_show_bytes(to, r);
        break;
    case DREDIS_BOOL:
        resp_print(to, r->integer ? "true" : "false");
        break;
    case DREDIS_BIGNUM:
        resp_print(to, "%sbig", r->str);
        break;
    case DREDIS_VERBATIM:
        resp_print(to, "%s", r->format);
        resp_show_bytes(to, r);
        break;
    case DREDIS_ARRAY:
        resp_show_elements(to, r, "[", "]");
        break;
    case DREDIS_MAP:
        resp_show_elements(to, r, "{", "}");
        break;
    case DREDIS_SET:
        resp_show_elements(to, r, "~{", "}");
        break;
    case DREDIS_PUSH:
        resp_show_elements(to, r, ">[", "]");
        break;
    case DREDIS_ATTRIBUTE:
        resp_show_elements(to, r, "@{", "}");
        break;
    case DREDIS_ERROR:
        resp_print(to, "-%s(%" PRId64 ")", r->str, r->integer);
        break;
    default:
        ck_abort_msg("a reply of type %d", (int)r->type);
    }
}

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Replies as C values. What a command gives depends on the server's version and on
 * the protocol (a score is a string in RESP2 and a double in RESP3), so each
 * conversion takes all types that can carry the value.
 */
#include <diesel/redis_reply.h>

#include <inttypes.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error_internal.h"

#define LONGEST_NUMBER 400 /* of digits in a text that is read as a double */

/* Says what came instead of `wanted`; returns -1. */
static int is_not(const dredis_reply *reply, const char *wanted,
                  diesel_error *err)
{
    const char *type = dredis_type_name(reply->type);
    if (reply->type == DREDIS_ERROR)
        return dredis__server_error(reply, err);
    if (reply->type == DREDIS_INTEGER || reply->type == DREDIS_BOOL)
        diesel_error_set(err, DIESEL_E_PROTOCOL, DIESEL_DOM_CORE, 0,
                         "the reply is the %s %" PRId64 " and not %s", type,
                         reply->integer, wanted);
    else if (reply->str != NULL)
        diesel_error_set(err, DIESEL_E_PROTOCOL, DIESEL_DOM_CORE, 0,
                         "the reply is the %s \"%.*s%s\" and not %s", type,
                         (int)(reply->len < 40 ? reply->len : 40), reply->str,
                         reply->len > 40 ? "..." : "", wanted);
    else if (reply->type == DREDIS_NIL)
        diesel_error_set(err, DIESEL_E_PROTOCOL, DIESEL_DOM_CORE, 0,
                         "the reply is nil and not %s", wanted);
    else
        diesel_error_set(err, DIESEL_E_PROTOCOL, DIESEL_DOM_CORE, 0,
                         "the reply is of type %s (%zu elements) and not %s",
                         type, reply->elements, wanted);
    return -1;
}

/* Reads decimal digits, perhaps after a sign: false if it is no int64_t. */
static bool read_int(const char *text, size_t len, int64_t *value)
{
    bool negative = len > 0 && text[0] == '-';
    uint64_t n = 0, most = (uint64_t)INT64_MAX + negative;
    if (len == (size_t)negative)
        return false;
    for (size_t i = negative; i < len; i++) {
        unsigned digit = (unsigned char)text[i] - (unsigned)'0';
        if (digit > 9 || n > (most - digit) / 10)
            return false;
        n = n * 10 + digit;
    }
    *value = negative ? (int64_t)(0 - n) : (int64_t)n;
    return true;
}

int dredis_reply_int(const dredis_reply *reply, int64_t *value,
                     diesel_error *err)
{
    const double limit = 9223372036854775808.0; /* 2^63 */
    switch (reply->type) {
    case DREDIS_INTEGER:
    case DREDIS_BOOL:
        *value = reply->integer;
        return 0;
    case DREDIS_DOUBLE:
        if (reply->dval >= -limit && reply->dval < limit &&
            reply->dval == floor(reply->dval)) {
            *value = (int64_t)reply->dval;
            return 0;
        }
        break;
    case DREDIS_STRING:
    case DREDIS_STATUS:
    case DREDIS_VERBATIM:
    case DREDIS_BIGNUM:
        if (read_int(reply->str, reply->len, value))
            return 0;
        break;
    default:
        break;
    }
    return is_not(reply, "a whole number of 64 bits", err);
}

/* strtod() whatever the program's locale says. The text ends with a zero byte. */
static bool read_double(const char *text, size_t len, double *value)
{
    char *end;
    if (len == 0 || len > LONGEST_NUMBER || text[0] == ' ')
        return false;
    locale_t c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    locale_t before = uselocale(c_locale);
    *value = strtod(text, &end);
    uselocale(before);
    if (c_locale != (locale_t)0)
        freelocale(c_locale);
    return end == text + len;
}

int dredis_reply_double(const dredis_reply *reply, double *value,
                        diesel_error *err)
{
    switch (reply->type) {
    case DREDIS_DOUBLE:
        *value = reply->dval;
        return 0;
    case DREDIS_INTEGER:
        *value = (double)reply->integer;
        return 0;
    case DREDIS_STRING:
    case DREDIS_STATUS:
    case DREDIS_VERBATIM:
    case DREDIS_BIGNUM:
        if (read_double(reply->str, reply->len, value))
            return 0;
        break;
    default:
        break;
    }
    return is_not(reply, "a number", err);
}

int dredis_reply_bool(const dredis_reply *reply, bool *value,
                      diesel_error *err)
{
    int64_t number = 2;
    if (reply->type == DREDIS_STATUS && strcmp(reply->str, "OK") == 0)
        number = 1;
    else if (reply->type == DREDIS_INTEGER || reply->type == DREDIS_BOOL)
        number = reply->integer;
    else if (reply->type == DREDIS_STRING && reply->len == 1)
        (void)read_int(reply->str, 1, &number);
    if (number != 0 && number != 1)
        return is_not(reply, "0 or 1", err);
    *value = number == 1;
    return 0;
}

const char *dredis_reply_text(const dredis_reply *reply, size_t *len,
                              diesel_error *err)
{
    if (reply->str == NULL || reply->type == DREDIS_ERROR) {
        is_not(reply, "text", err);
        return NULL;
    }
    if (len != NULL)
        *len = reply->len;
    return reply->str;
}

const dredis_reply *dredis_reply_list(const dredis_reply *reply,
                                      diesel_error *err)
{
    if (reply->type == DREDIS_ARRAY || reply->type == DREDIS_SET ||
        reply->type == DREDIS_MAP || reply->type == DREDIS_PUSH)
        return reply;
    is_not(reply, "a list", err);
    return NULL;
}

/* Whether it is an array of arrays of two. */
static bool is_nested(const dredis_reply *reply)
{
    return reply->type == DREDIS_ARRAY && reply->elements > 0 &&
           reply->element[0].type == DREDIS_ARRAY &&
           reply->element[0].elements == 2;
}

size_t dredis_reply_pairs(const dredis_reply *reply)
{
    return is_nested(reply) ? reply->elements : reply->elements / 2;
}

bool dredis_reply_pair(const dredis_reply *reply, size_t i,
                       const dredis_reply **first, const dredis_reply **second)
{
    if (i >= dredis_reply_pairs(reply))
        return false;
    const dredis_reply *pair = &reply->element[2 * i];
    if (is_nested(reply)) {
        if (reply->element[i].elements != 2)
            return false;
        pair = reply->element[i].element;
    }
    *first = pair;
    *second = pair + 1;
    return true;
}

const dredis_reply *dredis_reply_field(const dredis_reply *reply,
                                       const char *name)
{
    const dredis_reply *first, *second;
    size_t len = strlen(name);
    for (size_t i = 0; dredis_reply_pair(reply, i, &first, &second); i++)
        if (first->str != NULL && first->len == len &&
            memcmp(first->str, name, len) == 0)
            return second;
    return NULL;
}

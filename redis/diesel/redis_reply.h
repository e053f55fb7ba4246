/* SPDX-License-Identifier: MIT */
/*
 * Replies of a Redis server, RESP2 and RESP3.
 *
 *     dredis_reply *r = dredis_call(redis, &err, "LRANGE", "queue", 0, -1);
 *     if (r == NULL)
 *         return diesel_fail(&err);
 *     for (size_t i = 0; i < r->elements; i++)
 *         puts(r->element[i].str);
 *     dredis_reply_free(r);
 *
 * A reply is one arena: the elements and strings below it belong to it, live as
 * long as it does, and are freed with it by one call. A field that the table of
 * types does not give to a reply's type is zero, so a loop over the elements of
 * what turns out to be a string does nothing.
 */
#ifndef DIESEL_REDIS_REPLY_H
#define DIESEL_REDIS_REPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <diesel/error.h>
#include <diesel/redis_error.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * X(NAME, name): DREDIS_STRING and so on.
 *
 *   NIL        no value; both of RESP2's nulls and RESP3's
 *   STRING     str, len: any bytes
 *   STATUS     str, len: a line such as "OK"
 *   INTEGER    integer
 *   DOUBLE     dval; str, len: as the server wrote it
 *   BOOL       integer: 0 or 1
 *   BIGNUM     str, len: decimal digits, perhaps after a minus sign
 *   VERBATIM   str, len: the text; format: "txt", "mkd"
 *   ARRAY      elements, element
 *   MAP        elements, element: key, value, key, value, ...
 *   SET        elements, element
 *   PUSH       elements, element: sent by the server unasked
 *   ATTRIBUTE  elements, element: as in a map; only as a reply's `attribute`
 *   ERROR      str, len: the server's text; integer: its DREDIS_ERR_*
 *
 * RESP2 has NIL, STRING, STATUS, INTEGER, ARRAY and ERROR.
 */
#define DREDIS_TYPE_MAP(X)                                                     \
    X(NIL, nil)                                                                \
    X(STRING, string)                                                          \
    X(STATUS, status)                                                          \
    X(INTEGER, integer)                                                        \
    X(DOUBLE, double)                                                          \
    X(BOOL, bool)                                                              \
    X(BIGNUM, bignum)                                                          \
    X(VERBATIM, verbatim)                                                      \
    X(ARRAY, array)                                                            \
    X(MAP, map)                                                                \
    X(SET, set)                                                                \
    X(PUSH, push)                                                              \
    X(ATTRIBUTE, attribute)                                                    \
    X(ERROR, error)

typedef enum dredis_type {
#define DREDIS__TYPE_ENUM(NAME, name) DREDIS_##NAME,
    DREDIS_TYPE_MAP(DREDIS__TYPE_ENUM)
#undef DREDIS__TYPE_ENUM
        DREDIS__TYPE_COUNT
} dredis_type;

/* 64 bytes, so that the elements of an array lie in a cache line each. */
typedef struct dredis_reply {
    dredis_type type;
    char format[4];               /* of VERBATIM, ends with a zero byte        */
    const char *str;              /* ends with a zero byte that len counts not */
    size_t len;                   /* in bytes                                  */
    int64_t integer;
    double dval;
    size_t elements;              /* twice the pairs of a MAP or an ATTRIBUTE  */
    struct dredis_reply *element; /* elements of them, side by side            */
    struct dredis_reply *attribute; /* RESP3: what the server added, or NULL   */
} dredis_reply;

/* Frees a reply that a call returned, with all that hangs below it; not to be
 * used on an element. NULL does nothing. Never switches fibers. */
void dredis_reply_free(dredis_reply *reply);

/* "string" for DREDIS_STRING; "unknown" for a number that is no type. The string
 * is static. Never switches fibers. */
const char *dredis_type_name(dredis_type type);

/*
 * Replies as C values. Servers give the same value in several types, by command,
 * version and protocol; these take all that can be read as what is asked for, and
 * otherwise fail with PROTOCOL and a message that says what came instead, or with
 * SERVER if the reply is an ERROR. None of them switches fibers.
 */

/* A whole number: INTEGER, BOOL (0, 1), or a DOUBLE, STRING, STATUS, VERBATIM or
 * BIGNUM that is one and fits. 0, or -1. */
int dredis_reply_int(const dredis_reply *reply, int64_t *value,
                     diesel_error *err) __attribute__((warn_unused_result));

/* A number: DOUBLE, INTEGER, or text that is one, "inf" and "nan" included. 0, or
 * -1. */
int dredis_reply_double(const dredis_reply *reply, double *value,
                        diesel_error *err) __attribute__((warn_unused_result));

/* Yes or no: BOOL, or a whole number that is 0 or 1, or the STATUS "OK". 0, or -1. */
int dredis_reply_bool(const dredis_reply *reply, bool *value,
                      diesel_error *err) __attribute__((warn_unused_result));

/* Text: STRING, STATUS, VERBATIM, BIGNUM, and DOUBLE as the server wrote it. It is
 * borrowed from the reply; `len` may be NULL. NULL: it is none. */
const char *dredis_reply_text(const dredis_reply *reply, size_t *len,
                              diesel_error *err)
    __attribute__((warn_unused_result));

/* The reply itself if it is an ARRAY, SET, MAP or PUSH, to walk its elements;
 * NULL: it is none. NIL is none either. */
const dredis_reply *dredis_reply_list(const dredis_reply *reply,
                                      diesel_error *err)
    __attribute__((warn_unused_result));

/* Each element in turn: DREDIS_EACH(item, reply) { puts(item->str); } */
#define DREDIS_EACH(item, reply)                                               \
    for (const dredis_reply *item = (reply)->element,                          \
                            *item##_end = item + (reply)->elements;            \
         item < item##_end; item++)

/* Pairs, as HGETALL, CONFIG GET or ZRANGE WITHSCORES give: a MAP, an ARRAY of twice
 * as many elements, or an ARRAY of ARRAYs of two, whatever protocol is spoken. How
 * many there are; 0 for what has no pairs. */
size_t dredis_reply_pairs(const dredis_reply *reply);

/* The pair i of them, borrowed from the reply: true; false: there is none. */
bool dredis_reply_pair(const dredis_reply *reply, size_t i,
                       const dredis_reply **first, const dredis_reply **second);

/* What belongs to a name among the pairs, or NULL: XINFO's "length". The first of
 * several; names are compared as bytes, one after the other. */
const dredis_reply *dredis_reply_field(const dredis_reply *reply,
                                       const char *name);

/* Whether there is no value. */
static inline bool dredis_reply_is_nil(const dredis_reply *reply)
{
    return reply->type == DREDIS_NIL;
}

#ifdef __cplusplus
}
#endif
#endif

/* SPDX-License-Identifier: MIT */
/*
 * Documents: written as they read, and read by path.
 *
 *     bson_t *found = dmongo_find_one(mongo, "app.users",
 *         dmongo_doc("name", name, "age", dmongo_doc("$gt", 30)), NULL, &err);
 *     ...
 *     puts(dmongo_get_str(found, "address.city", "nowhere"));
 *
 * A document to be sent is a dmongo_value, a small struct that is passed by
 * value and tagged with a BSON type. dmongo_doc() and dmongo_array() build such
 * values out of C expressions: the compiler picks each tag, so there is nothing
 * to escape, and what BSON cannot hold does not compile. A document that comes
 * back is libbson's bson_t; libbson does its iteration and extended JSON.
 *
 * Lifetime: a dmongo_value borrows everything that it points to (strings,
 * object ids, bson_t, other values) until it has been sent. dmongo_doc() and
 * dmongo_array() are compound literals: they allocate nothing, and live until
 * the end of the block (between braces, or the one statement after an if or a
 * loop) in which they are written. So hand them to a call, or to a variable of
 * the same block; never return them. What must live longer is made with
 * dmongo_doc_to_bson().
 *
 * What a C expression becomes:
 *
 *     signed and unsigned char, short; int    int32
 *     unsigned int, long, long long           int64
 *     unsigned long, unsigned long long       int64; over INT64_MAX: an error
 *     float, double                           double
 *     bool                                    bool (C11's true is an int: write
 *                                             dmongo_bool(true))
 *     char *, const char *                    string; NULL: an error
 *     bson_t *                                embedded document; NULL: an error
 *     bson_oid_t *                            ObjectId; NULL: an error
 *     bson_decimal128_t *                     Decimal128; NULL: an error
 *     diesel_value                            by its type, integers as int64,
 *                                             bytes as binary
 *     dmongo_value                            itself: the other BSON types have
 *                                             constructors below
 *
 * Errors of values (a NULL string, text that is no UTF-8, a key that holds a
 * zero byte, a document that is too large) are reported by the call that sends
 * the document, with the path of the field: "filter.address.city: string is not
 * valid UTF-8".
 *
 * Nothing here switches fibers.
 */
#ifndef DIESEL_MONGO_DOC_H
#define DIESEL_MONGO_DOC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <bson/bson.h>

#include <diesel/error.h>
#include <diesel/value.h>

#ifdef __cplusplus
extern "C" {
#endif

/* How the other members of a dmongo_value are to be read. Not for programs. */
enum {
    DMONGO__ABSENT,  /* nothing: the field is left out                        */
    DMONGO__INVALID, /* .s says what is wrong with it                         */
    DMONGO__EMPTY,   /* a type without bytes: null, MinKey, MaxKey            */
    DMONGO__BOOL,    /* .i is 0 or 1                                          */
    DMONGO__INT32,   /* .i                                                    */
    DMONGO__WORD,    /* .u: int64, date, timestamp; the bits of a double      */
    DMONGO__STR,     /* .len bytes at .s; .aux: may hold zero bytes           */
    DMONGO__BINARY,  /* .len bytes at .p, of subtype .aux                     */
    DMONGO__REGEX,   /* .len bytes at .s; .aux is a set of options            */
    DMONGO__DECIMAL, /* the number as text at .s                              */
    DMONGO__DEC128,  /* .p is a bson_decimal128_t                             */
    DMONGO__RAW,     /* .len bytes at .p, already in BSON's form              */
    DMONGO__BSON,    /* .bson, as a document or an array                      */
    DMONGO__TREE,    /* .len values at .items: elements, or keys and values   */
    DMONGO__SPLICE,  /* the fields of the document *.items, whatever its key  */
};

/* A value to be sent; 16 bytes. Made by the functions and macros below; its
 * members are not for programs. One that is all zero bytes is dmongo_absent(),
 * so a member of an options struct that nobody sets is not sent. */
typedef struct dmongo_value {
    uint8_t form; /* DMONGO__*                             */
    uint8_t type; /* BSON's type byte; 0 if there is none  */
    uint16_t aux;
    uint32_t len;
    union {
        int64_t i;
        uint64_t u;
        const char *s;
        const void *p;
        const bson_t *bson;
        const struct dmongo_value *items;
    };
} dmongo_value;

/* For the functions below. A length that does not fit becomes UINT32_MAX, which
 * is larger than any limit and so is refused when the value is sent. */
static inline dmongo_value dmongo__make(int form, int type, size_t len)
{
    dmongo_value v = {(uint8_t)form,
                      (uint8_t)type,
                      0,
                      len < UINT32_MAX ? (uint32_t)len : UINT32_MAX,
                      {0}};
    return v;
}

static inline dmongo_value dmongo__make_ptr(int form, int type, size_t len,
                                            const void *p)
{
    dmongo_value v = dmongo__make(form, type, len);
    v.p = p;
    return v;
}

static inline dmongo_value dmongo__invalid(const char *why)
{
    return dmongo__make_ptr(DMONGO__INVALID, 0, 0, why);
}

static inline dmongo_value dmongo__word(int type, uint64_t u)
{
    dmongo_value v = dmongo__make(DMONGO__WORD, type, 0);
    v.u = u;
    return v;
}

/* No value at all: in a document the field is left out, in an array the
 * element. For what is sent only sometimes:
 *     dmongo_doc("city", city ? dmongo_str(city) : dmongo_absent()) */
static inline dmongo_value dmongo_absent(void)
{
    return dmongo__make(DMONGO__ABSENT, 0, 0);
}

static inline dmongo_value dmongo_null(void)
{
    return dmongo__make(DMONGO__EMPTY, BSON_TYPE_NULL, 0);
}

static inline dmongo_value dmongo_min_key(void)
{
    return dmongo__make(DMONGO__EMPTY, BSON_TYPE_MINKEY, 0);
}

static inline dmongo_value dmongo_max_key(void)
{
    return dmongo__make(DMONGO__EMPTY, BSON_TYPE_MAXKEY, 0);
}

static inline dmongo_value dmongo_bool(bool b)
{
    dmongo_value v = dmongo__make(DMONGO__BOOL, BSON_TYPE_BOOL, 0);
    v.i = b;
    return v;
}

static inline dmongo_value dmongo_int32(int32_t i)
{
    dmongo_value v = dmongo__make(DMONGO__INT32, BSON_TYPE_INT32, 0);
    v.i = i;
    return v;
}

static inline dmongo_value dmongo_int64(int64_t i)
{
    return dmongo__word(BSON_TYPE_INT64, (uint64_t)i);
}

/* An int64; a number over INT64_MAX is an error when it is sent. */
static inline dmongo_value dmongo_uint64(uint64_t u)
{
    return u <= (uint64_t)INT64_MAX
               ? dmongo__word(BSON_TYPE_INT64, u)
               : dmongo__invalid("number is larger than an int64");
}

static inline dmongo_value dmongo_double(double d)
{
    uint64_t u;
    memcpy(&u, &d, sizeof u);
    return dmongo__word(BSON_TYPE_DOUBLE, u);
}

/* Text in UTF-8 that ends with a zero byte. */
static inline dmongo_value dmongo_str(const char *s)
{
    return s != NULL
               ? dmongo__make_ptr(DMONGO__STR, BSON_TYPE_UTF8, strlen(s), s)
               : dmongo__invalid("string is NULL (use dmongo_null() for null)");
}

/* The first n bytes of s as text in UTF-8. It may hold zero bytes, but not
 * where it is a key. */
static inline dmongo_value dmongo_strn(const char *s, size_t n)
{
    dmongo_value v = dmongo__make_ptr(DMONGO__STR, BSON_TYPE_UTF8, n, s);
    v.aux = 1;
    return s != NULL || n == 0 ? v : dmongo__invalid("string is NULL");
}

/* n bytes at p; subtype is a BSON_SUBTYPE_*, usually BSON_SUBTYPE_BINARY. */
static inline dmongo_value dmongo_binary(const void *p, size_t n,
                                         bson_subtype_t subtype)
{
    dmongo_value v = dmongo__make_ptr(DMONGO__BINARY, BSON_TYPE_BINARY, n, p);
    v.aux = (uint8_t)subtype;
    return p != NULL || n == 0 ? v : dmongo__invalid("binary data is NULL");
}

/* A point in time, in milliseconds since 1970-01-01T00:00:00Z. */
static inline dmongo_value dmongo_date(int64_t ms)
{
    return dmongo__word(BSON_TYPE_DATE_TIME, (uint64_t)ms);
}

/* MongoDB's internal time stamp: seconds since 1970, and an ordinal in them. */
static inline dmongo_value dmongo_timestamp(uint32_t seconds, uint32_t ordinal)
{
    return dmongo__word(BSON_TYPE_TIMESTAMP, (uint64_t)seconds << 32 | ordinal);
}

/* *oid is borrowed, like all that pointers lead to. */
static inline dmongo_value dmongo_oid(const bson_oid_t *oid)
{
    return oid != NULL ? dmongo__make_ptr(DMONGO__RAW, BSON_TYPE_OID,
                                          sizeof oid->bytes, oid->bytes)
                       : dmongo__invalid("ObjectId is NULL");
}

/* A decimal number as text, "1.5", "-1E+10", "NaN", read when it is sent. */
static inline dmongo_value dmongo_decimal(const char *number)
{
    return number != NULL ? dmongo__make_ptr(DMONGO__DECIMAL,
                                             BSON_TYPE_DECIMAL128, 0, number)
                          : dmongo__invalid("Decimal128 is NULL");
}

static inline dmongo_value dmongo_decimal128(const bson_decimal128_t *number)
{
    return number != NULL ? dmongo__make_ptr(DMONGO__DEC128,
                                             BSON_TYPE_DECIMAL128, 0, number)
                          : dmongo__invalid("Decimal128 is NULL");
}

/* A regular expression; options is a string of letters out of "ilmsux", or NULL
 * for none. */
dmongo_value dmongo_regex(const char *pattern, const char *options);

/* A document that libbson built; its bytes are read when the value is sent. */
static inline dmongo_value dmongo_bson(const bson_t *bson)
{
    return bson != NULL
               ? dmongo__make_ptr(DMONGO__BSON, BSON_TYPE_DOCUMENT, 0, bson)
               : dmongo__invalid("document is NULL");
}

/* The same as an array: the keys should be "0", "1", and so on. */
static inline dmongo_value dmongo_bson_array(const bson_t *bson)
{
    return bson != NULL
               ? dmongo__make_ptr(DMONGO__BSON, BSON_TYPE_ARRAY, 0, bson)
               : dmongo__invalid("array is NULL");
}

/* A core value by its type; see the table on top. */
dmongo_value dmongo_of_diesel(diesel_value value);

/* A document from n values in `items`, keys (strings) and values in turn: for
 * documents made at run time, and for C++. `items` is borrowed, as everything
 * is. An odd n is an error when the document is sent. */
static inline dmongo_value dmongo_doc_of(const dmongo_value *items, size_t n)
{
    return n % 2 == 0
               ? dmongo__make_ptr(DMONGO__TREE, BSON_TYPE_DOCUMENT, n, items)
               : dmongo__invalid("last key has no value");
}

/* An array of the n values in `items`. */
static inline dmongo_value dmongo_array_of(const dmongo_value *items, size_t n)
{
    return dmongo__make_ptr(DMONGO__TREE, BSON_TYPE_ARRAY, n, items);
}

/* The document (or the array, with the keys "0", "1", ...) as libbson's type,
 * for what must outlive the block, or be sent many times. Owned by the caller:
 * bson_destroy(). NULL: INVAL or LIMIT, with the path of the field. */
bson_t *dmongo_doc_to_bson(dmongo_value doc, diesel_error *err)
    __attribute__((warn_unused_result));

/*
 * Reading. A path is keys with dots between them, and positions in arrays:
 * "address.city", "items.0.price". What a getter returns is borrowed from the
 * document. A getter gives the fallback where the path leads nowhere, the value
 * has another type, or the document is NULL or malformed.
 */

/* A string, which ends at its first zero byte. */
const char *dmongo_get_str(const bson_t *doc, const char *path,
                           const char *fallback);

/* An int32, an int64, or a double with an integral value that fits. */
int64_t dmongo_get_int(const bson_t *doc, const char *path, int64_t fallback);

/* A double, an int32 or an int64 (rounded, over 2^53). */
double dmongo_get_double(const bson_t *doc, const char *path, double fallback);

bool dmongo_get_bool(const bson_t *doc, const char *path, bool fallback);

/* A date, in milliseconds since 1970. */
int64_t dmongo_get_date(const bson_t *doc, const char *path, int64_t fallback);

const bson_oid_t *dmongo_get_oid(const bson_t *doc, const char *path,
                                 const bson_oid_t *fallback);

/* The bytes of a binary value, their count in *n; NULL, and 0, if there is
 * none. */
const uint8_t *dmongo_get_binary(const bson_t *doc, const char *path,
                                 size_t *n);

/* Makes *view the document or array at `path`: true; it borrows doc's bytes and
 * needs no bson_destroy(). False, with an empty *view, if there is none. */
bool dmongo_get_doc(const bson_t *doc, const char *path, bson_t *view);

/* Whatever is at `path`, to be put into another document; dmongo_absent() if
 * the path leads nowhere: dmongo_doc("_id", dmongo_get_value(found, "_id")) */
dmongo_value dmongo_get_value(const bson_t *doc, const char *path);

/* Whether the path leads to a value, if only to a null. */
bool dmongo_has(const bson_t *doc, const char *path);

/* The same for programs which must have the value: 0 with the value in *out, or
 * -1 with INVAL and a message like "address.city: is missing" or "age: is a
 * string, not a number"; *out is then untouched. */
int dmongo_need_str(const bson_t *doc, const char *path, const char **out,
                    diesel_error *err) __attribute__((warn_unused_result));
int dmongo_need_int(const bson_t *doc, const char *path, int64_t *out,
                    diesel_error *err) __attribute__((warn_unused_result));
int dmongo_need_double(const bson_t *doc, const char *path, double *out,
                       diesel_error *err) __attribute__((warn_unused_result));
int dmongo_need_bool(const bson_t *doc, const char *path, bool *out,
                     diesel_error *err) __attribute__((warn_unused_result));
int dmongo_need_date(const bson_t *doc, const char *path, int64_t *out,
                     diesel_error *err) __attribute__((warn_unused_result));
int dmongo_need_oid(const bson_t *doc, const char *path, const bson_oid_t **out,
                    diesel_error *err) __attribute__((warn_unused_result));
int dmongo_need_binary(const bson_t *doc, const char *path, const uint8_t **out,
                       size_t *n, diesel_error *err)
    __attribute__((warn_unused_result));
int dmongo_need_doc(const bson_t *doc, const char *path, bson_t *view,
                    diesel_error *err) __attribute__((warn_unused_result));

#ifndef __cplusplus

/* A document: keys (strings) and values in turn, up to 32 of each. */
#define dmongo_doc(...)                                                        \
    DMONGO__TREE_OF(BSON_TYPE_DOCUMENT, DIESEL_COUNT(__VA_ARGS__),             \
                    DMONGO__PAIRS(__VA_ARGS__))

/* An array of up to 64 values, which need not be of one type. */
#define dmongo_array(...)                                                      \
    DMONGO__TREE_OF(BSON_TYPE_ARRAY, DIESEL_COUNT(__VA_ARGS__),                \
                    DMONGO__ELEMENTS(__VA_ARGS__))

/* One C expression as a dmongo_value, tagged after its type. For macros around
 * functions that take documents: they then take a bson_t as well. */
#define DMONGO_VALUE(x)    DMONGO__GLUE(DMONGO__VALUE_, DMONGO__IS_TREE(x))(x)
#define DMONGO__VALUE_1(x) dmongo__self(x)
#define DMONGO__VALUE_0(x)                                                     \
    _Generic((x),                                                              \
        bool: dmongo_bool,                                                     \
        signed char: dmongo_int32,                                             \
        short: dmongo_int32,                                                   \
        int: dmongo_int32,                                                     \
        long: dmongo_int64,                                                    \
        long long: dmongo_int64,                                               \
        unsigned char: dmongo_int32,                                           \
        unsigned short: dmongo_int32,                                          \
        unsigned int: dmongo_int64,                                            \
        unsigned long: dmongo_uint64,                                          \
        unsigned long long: dmongo_uint64,                                     \
        float: dmongo_double,                                                  \
        double: dmongo_double,                                                 \
        char *: dmongo_str,                                                    \
        const char *: dmongo_str,                                              \
        bson_t *: dmongo_bson,                                                 \
        const bson_t *: dmongo_bson,                                           \
        bson_oid_t *: dmongo_oid,                                              \
        const bson_oid_t *: dmongo_oid,                                        \
        bson_decimal128_t *: dmongo_decimal128,                                \
        const bson_decimal128_t *: dmongo_decimal128,                          \
        diesel_value: dmongo_of_diesel,                                        \
        dmongo_value: dmongo__self)(x)

static inline dmongo_value dmongo__self(dmongo_value v)
{
    return v;
}

/* Never defined: what the compiler names when a key is no string. */
struct dmongo__string {
    int is_needed;
};
dmongo_value dmongo__key_must_be_a_string(struct dmongo__string);

#define DMONGO__KEY(k)                                                         \
    _Generic((k),                                                              \
        char *: dmongo_str,                                                    \
        const char *: dmongo_str,                                              \
        dmongo_value: dmongo__self,                                            \
        default: dmongo__key_must_be_a_string)(k)

/*
 * The text of a value occurs twice in a _Generic expression, so the text of a
 * nested document would double with every level. It does not, because a tree
 * needs no tag: it is written as `((void)0, (value))`, and the preprocessor
 * knows it by the one comma between its outermost parentheses. An argument of
 * that shape which is no dmongo_value does not compile.
 */
#define DMONGO__TREE_OF(bson_type, count, ...)                                 \
    ((void)0, ((dmongo_value){.form = DMONGO__TREE,                            \
                              .type = bson_type,                               \
                              .len = count,                                    \
                              .items = (const dmongo_value[]){__VA_ARGS__}}))

/* 1 if x begins with parentheses around two things, 0 if not: then the name
 * DMONGO__PROBE stays what it is, or meets parentheses around one thing. */
#define DMONGO__IS_TREE(x)             DMONGO__SECOND(DMONGO__PROBE x, 0, ~)
#define DMONGO__PROBE(...)             ~, DMONGO__THIRD(__VA_ARGS__, 1, 0, ~), ~
#define DMONGO__SECOND(...)            DMONGO__SECOND_OF(__VA_ARGS__)
#define DMONGO__SECOND_OF(a, b, ...)   b
#define DMONGO__THIRD(...)             DMONGO__THIRD_OF(__VA_ARGS__)
#define DMONGO__THIRD_OF(a, b, c, ...) c

#define DMONGO__GLUE(a, b)  DMONGO__GLUE2(a, b)
#define DMONGO__GLUE2(a, b) a##b

/* What takes the place of a missing last value. */
#define DMONGO__MISSING                                                        \
    ((void)0,                                                                  \
     ((dmongo_value){.len = sizeof(struct {                                    \
                         char c;                                               \
                         _Static_assert(                                       \
                             0, "dmongo_doc: the last key has no value");      \
                     })}))

/* How many pairs 0 to 64 arguments make; an odd one makes a pair, too. */
#define DMONGO__HALF(...)                                                      \
    DMONGO__HALF_OF(_, ##__VA_ARGS__, 32, 32, 31, 31, 30, 30, 29, 29, 28, 28,  \
                    27, 27, 26, 26, 25, 25, 24, 24, 23, 23, 22, 22, 21, 21,    \
                    20, 20, 19, 19, 18, 18, 17, 17, 16, 16, 15, 15, 14, 14,    \
                    13, 13, 12, 12, 11, 11, 10, 10, 9, 9, 8, 8, 7, 7, 6, 6, 5, \
                    5, 4, 4, 3, 3, 2, 2, 1, 1, 0)
#define DMONGO__HALF_OF(_0, _1, _2, _3, _4, _5, _6, _7, _8, _9, _10, _11, _12, \
                        _13, _14, _15, _16, _17, _18, _19, _20, _21, _22, _23, \
                        _24, _25, _26, _27, _28, _29, _30, _31, _32, _33, _34, \
                        _35, _36, _37, _38, _39, _40, _41, _42, _43, _44, _45, \
                        _46, _47, _48, _49, _50, _51, _52, _53, _54, _55, _56, \
                        _57, _58, _59, _60, _61, _62, _63, _64, n, ...)        \
    n

#define DMONGO__ELEMENTS(...) DIESEL_MAP(DMONGO_VALUE, ##__VA_ARGS__)
#define DMONGO__PAIRS(...)                                                     \
    DMONGO__GLUE(DMONGO__PAIRS, DMONGO__HALF(__VA_ARGS__))                     \
    (__VA_ARGS__, DMONGO__MISSING)
#define DMONGO__PAIR(k, v) DMONGO__KEY(k), DMONGO_VALUE(v)
#define DMONGO__PAIRS0(...)
#define DMONGO__PAIRS1(k, v, ...) DMONGO__PAIR(k, v)
/* clang-format off */
#define DMONGO__PAIRS2(k, v, ...) DMONGO__PAIR(k, v), DMONGO__PAIRS1(__VA_ARGS__)
#define DMONGO__PAIRS3(k, v, ...) DMONGO__PAIR(k, v), DMONGO__PAIRS2(__VA_ARGS__)
#define DMONGO__PAIRS4(k, v, ...) DMONGO__PAIR(k, v), DMONGO__PAIRS3(__VA_ARGS__)
#define DMONGO__PAIRS5(k, v, ...) DMONGO__PAIR(k, v), DMONGO__PAIRS4(__VA_ARGS__)
#define DMONGO__PAIRS6(k, v, ...) DMONGO__PAIR(k, v), DMONGO__PAIRS5(__VA_ARGS__)
#define DMONGO__PAIRS7(k, v, ...) DMONGO__PAIR(k, v), DMONGO__PAIRS6(__VA_ARGS__)
#define DMONGO__PAIRS8(k, v, ...) DMONGO__PAIR(k, v), DMONGO__PAIRS7(__VA_ARGS__)
#define DMONGO__PAIRS9(k, v, ...) DMONGO__PAIR(k, v), DMONGO__PAIRS8(__VA_ARGS__)
#define DMONGO__PAIRS10(k, v, ...) DMONGO__PAIR(k, v), DMONGO__PAIRS9(__VA_ARGS__)
#define DMONGO__PAIRS11(k, v, ...) DMONGO__PAIR(k, v), DMONGO__PAIRS10(__VA_ARGS__)
#define DMONGO__PAIRS12(k, v, ...) DMONGO__PAIR(k, v), DMONGO__PAIRS11(__VA_ARGS__)
#define DMONGO__PAIRS13(k, v, ...) DMONGO__PAIR(k, v), DMONGO__PAIRS12(__VA_ARGS__)
#define DMONGO__PAIRS14(k, v, ...) DMONGO__PAIR(k, v), DMONGO__PAIRS13(__VA_ARGS__)
#define DMONGO__PAIRS15(k, v, ...) DMONGO__PAIR(k, v), DMONGO__PAIRS14(__VA_ARGS__)
#define DMONGO__PAIRS16(k, v, ...) DMONGO__PAIR(k, v), DMONGO__PAIRS15(__VA_ARGS__)
#define DMONGO__PAIRS17(k, v, ...) DMONGO__PAIR(k, v), DMONGO__PAIRS16(__VA_ARGS__)
#define DMONGO__PAIRS18(k, v, ...) DMONGO__PAIR(k, v), DMONGO__PAIRS17(__VA_ARGS__)
#define DMONGO__PAIRS19(k, v, ...) DMONGO__PAIR(k, v), DMONGO__PAIRS18(__VA_ARGS__)
#define DMONGO__PAIRS20(k, v, ...) DMONGO__PAIR(k, v), DMONGO__PAIRS19(__VA_ARGS__)
#define DMONGO__PAIRS21(k, v, ...) DMONGO__PAIR(k, v), DMONGO__PAIRS20(__VA_ARGS__)
#define DMONGO__PAIRS22(k, v, ...) DMONGO__PAIR(k, v), DMONGO__PAIRS21(__VA_ARGS__)
#define DMONGO__PAIRS23(k, v, ...) DMONGO__PAIR(k, v), DMONGO__PAIRS22(__VA_ARGS__)
#define DMONGO__PAIRS24(k, v, ...) DMONGO__PAIR(k, v), DMONGO__PAIRS23(__VA_ARGS__)
#define DMONGO__PAIRS25(k, v, ...) DMONGO__PAIR(k, v), DMONGO__PAIRS24(__VA_ARGS__)
#define DMONGO__PAIRS26(k, v, ...) DMONGO__PAIR(k, v), DMONGO__PAIRS25(__VA_ARGS__)
#define DMONGO__PAIRS27(k, v, ...) DMONGO__PAIR(k, v), DMONGO__PAIRS26(__VA_ARGS__)
#define DMONGO__PAIRS28(k, v, ...) DMONGO__PAIR(k, v), DMONGO__PAIRS27(__VA_ARGS__)
#define DMONGO__PAIRS29(k, v, ...) DMONGO__PAIR(k, v), DMONGO__PAIRS28(__VA_ARGS__)
#define DMONGO__PAIRS30(k, v, ...) DMONGO__PAIR(k, v), DMONGO__PAIRS29(__VA_ARGS__)
#define DMONGO__PAIRS31(k, v, ...) DMONGO__PAIR(k, v), DMONGO__PAIRS30(__VA_ARGS__)
#define DMONGO__PAIRS32(k, v, ...) DMONGO__PAIR(k, v), DMONGO__PAIRS31(__VA_ARGS__)
/* clang-format on */

#endif /* !__cplusplus */

#ifdef __cplusplus
}
#endif
#endif

/* SPDX-License-Identifier: MIT */
/*
 * Typed arguments.
 *
 * DIESEL_VALUES("SET", key, 42) turns arguments of mixed C types into an array
 * of tagged values. The compiler picks each tag, so it refuses what no protocol
 * can carry, and there is no format string to get wrong. The drivers' variadic
 * macros are made from it; programs that build commands at run time, and C++,
 * fill arrays of diesel_value themselves.
 *
 * A value borrows the memory that it points to. Nothing here allocates or
 * switches fibers.
 *
 * In C11 `true` is an int: write (bool)true where a boolean is meant.
 */
#ifndef DIESEL_VALUE_H
#define DIESEL_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum diesel_value_type {
    DIESEL_VALUE_NULL,  /* a NULL string                    */
    DIESEL_VALUE_BOOL,  /* .b                               */
    DIESEL_VALUE_INT,   /* .i                               */
    DIESEL_VALUE_UINT,  /* .u                               */
    DIESEL_VALUE_DOUBLE,/* .d                               */
    DIESEL_VALUE_STR,   /* .s, text of .len bytes           */
    DIESEL_VALUE_BYTES  /* .s, .len bytes that need not be text */
} diesel_value_type;

typedef struct diesel_value {
    diesel_value_type type;
    size_t len; /* of STR and BYTES, in bytes */
    union {
        bool b;
        int64_t i;
        uint64_t u;
        double d;
        const char *s;
    };
} diesel_value;

static inline diesel_value diesel_bool(bool b)
{
    diesel_value v = {DIESEL_VALUE_BOOL, 0, {0}};
    v.b = b;
    return v;
}

static inline diesel_value diesel_int(int64_t i)
{
    diesel_value v = {DIESEL_VALUE_INT, 0, {0}};
    v.i = i;
    return v;
}

static inline diesel_value diesel_uint(uint64_t u)
{
    diesel_value v = {DIESEL_VALUE_UINT, 0, {0}};
    v.u = u;
    return v;
}

static inline diesel_value diesel_double(double d)
{
    diesel_value v = {DIESEL_VALUE_DOUBLE, 0, {0}};
    v.d = d;
    return v;
}

/* Text that ends with a zero byte. NULL gives a value of type NULL, which a
 * driver refuses with an error that names the argument's place. */
static inline diesel_value diesel_str(const char *s)
{
    diesel_value v = {DIESEL_VALUE_NULL, 0, {0}};
    if (s != NULL) {
        v.type = DIESEL_VALUE_STR;
        v.len = strlen(s);
    }
    v.s = s;
    return v;
}

/* The first len bytes of s as text; s need not end with a zero byte. */
static inline diesel_value diesel_strn(const char *s, size_t len)
{
    diesel_value v = {DIESEL_VALUE_STR, 0, {0}};
    v.len = len;
    v.s = s;
    return v;
}

/* len bytes from p, whatever they are. */
static inline diesel_value diesel_bytes(const void *p, size_t len)
{
    diesel_value v = {DIESEL_VALUE_BYTES, 0, {0}};
    v.len = len;
    v.s = (const char *)p;
    return v;
}

#ifndef __cplusplus

static inline diesel_value diesel__value_self(diesel_value v)
{
    return v;
}

/* One C expression as a diesel_value, tagged after its type. */
#define DIESEL_VALUE(x)                                                        \
    _Generic((x),                                                              \
        bool: diesel_bool,                                                     \
        signed char: diesel_int,                                               \
        short: diesel_int,                                                     \
        int: diesel_int,                                                       \
        long: diesel_int,                                                      \
        long long: diesel_int,                                                 \
        unsigned char: diesel_uint,                                            \
        unsigned short: diesel_uint,                                           \
        unsigned int: diesel_uint,                                             \
        unsigned long: diesel_uint,                                            \
        unsigned long long: diesel_uint,                                       \
        float: diesel_double,                                                  \
        double: diesel_double,                                                 \
        char *: diesel_str,                                                    \
        const char *: diesel_str,                                              \
        diesel_value: diesel__value_self)(x)

/* How many arguments there are, 0 to 64. */
#define DIESEL_COUNT(...)                                                      \
    DIESEL__COUNT(_, ##__VA_ARGS__, 64, 63, 62, 61, 60, 59, 58, 57, 56, 55,    \
                  54, 53, 52, 51, 50, 49, 48, 47, 46, 45, 44, 43, 42, 41, 40,  \
                  39, 38, 37, 36, 35, 34, 33, 32, 31, 30, 29, 28, 27, 26, 25,  \
                  24, 23, 22, 21, 20, 19, 18, 17, 16, 15, 14, 13, 12, 11, 10,  \
                  9, 8, 7, 6, 5, 4, 3, 2, 1, 0)
#define DIESEL__COUNT(_0, _1, _2, _3, _4, _5, _6, _7, _8, _9, _10, _11,        \
    _12, _13, _14, _15, _16, _17, _18, _19, _20, _21, _22, _23, _24, _25,      \
    _26, _27, _28, _29, _30, _31, _32, _33, _34, _35, _36, _37, _38, _39,      \
    _40, _41, _42, _43, _44, _45, _46, _47, _48, _49, _50, _51, _52, _53,      \
    _54, _55, _56, _57, _58, _59, _60, _61, _62, _63, _64, n, ...) n

/* DIESEL_MAP(f, a, b, c) is f(a), f(b), f(c): for 0 to 64 arguments. An argument
 * is expanded before f sees it, so such macros may be nested in each other. */
#define DIESEL_MAP(f, ...)                                                     \
    DIESEL__GLUE(DIESEL__MAP, DIESEL_COUNT(__VA_ARGS__))(f, ##__VA_ARGS__)
#define DIESEL__GLUE(a, b) DIESEL__GLUE2(a, b)
#define DIESEL__GLUE2(a, b) a##b
#define DIESEL__MAP0(f, ...)
#define DIESEL__MAP1(f, x) f(x)
#define DIESEL__MAP2(f, x, ...) f(x), DIESEL__MAP1(f, __VA_ARGS__)
#define DIESEL__MAP3(f, x, ...) f(x), DIESEL__MAP2(f, __VA_ARGS__)
#define DIESEL__MAP4(f, x, ...) f(x), DIESEL__MAP3(f, __VA_ARGS__)
#define DIESEL__MAP5(f, x, ...) f(x), DIESEL__MAP4(f, __VA_ARGS__)
#define DIESEL__MAP6(f, x, ...) f(x), DIESEL__MAP5(f, __VA_ARGS__)
#define DIESEL__MAP7(f, x, ...) f(x), DIESEL__MAP6(f, __VA_ARGS__)
#define DIESEL__MAP8(f, x, ...) f(x), DIESEL__MAP7(f, __VA_ARGS__)
#define DIESEL__MAP9(f, x, ...) f(x), DIESEL__MAP8(f, __VA_ARGS__)
#define DIESEL__MAP10(f, x, ...) f(x), DIESEL__MAP9(f, __VA_ARGS__)
#define DIESEL__MAP11(f, x, ...) f(x), DIESEL__MAP10(f, __VA_ARGS__)
#define DIESEL__MAP12(f, x, ...) f(x), DIESEL__MAP11(f, __VA_ARGS__)
#define DIESEL__MAP13(f, x, ...) f(x), DIESEL__MAP12(f, __VA_ARGS__)
#define DIESEL__MAP14(f, x, ...) f(x), DIESEL__MAP13(f, __VA_ARGS__)
#define DIESEL__MAP15(f, x, ...) f(x), DIESEL__MAP14(f, __VA_ARGS__)
#define DIESEL__MAP16(f, x, ...) f(x), DIESEL__MAP15(f, __VA_ARGS__)
#define DIESEL__MAP17(f, x, ...) f(x), DIESEL__MAP16(f, __VA_ARGS__)
#define DIESEL__MAP18(f, x, ...) f(x), DIESEL__MAP17(f, __VA_ARGS__)
#define DIESEL__MAP19(f, x, ...) f(x), DIESEL__MAP18(f, __VA_ARGS__)
#define DIESEL__MAP20(f, x, ...) f(x), DIESEL__MAP19(f, __VA_ARGS__)
#define DIESEL__MAP21(f, x, ...) f(x), DIESEL__MAP20(f, __VA_ARGS__)
#define DIESEL__MAP22(f, x, ...) f(x), DIESEL__MAP21(f, __VA_ARGS__)
#define DIESEL__MAP23(f, x, ...) f(x), DIESEL__MAP22(f, __VA_ARGS__)
#define DIESEL__MAP24(f, x, ...) f(x), DIESEL__MAP23(f, __VA_ARGS__)
#define DIESEL__MAP25(f, x, ...) f(x), DIESEL__MAP24(f, __VA_ARGS__)
#define DIESEL__MAP26(f, x, ...) f(x), DIESEL__MAP25(f, __VA_ARGS__)
#define DIESEL__MAP27(f, x, ...) f(x), DIESEL__MAP26(f, __VA_ARGS__)
#define DIESEL__MAP28(f, x, ...) f(x), DIESEL__MAP27(f, __VA_ARGS__)
#define DIESEL__MAP29(f, x, ...) f(x), DIESEL__MAP28(f, __VA_ARGS__)
#define DIESEL__MAP30(f, x, ...) f(x), DIESEL__MAP29(f, __VA_ARGS__)
#define DIESEL__MAP31(f, x, ...) f(x), DIESEL__MAP30(f, __VA_ARGS__)
#define DIESEL__MAP32(f, x, ...) f(x), DIESEL__MAP31(f, __VA_ARGS__)
#define DIESEL__MAP33(f, x, ...) f(x), DIESEL__MAP32(f, __VA_ARGS__)
#define DIESEL__MAP34(f, x, ...) f(x), DIESEL__MAP33(f, __VA_ARGS__)
#define DIESEL__MAP35(f, x, ...) f(x), DIESEL__MAP34(f, __VA_ARGS__)
#define DIESEL__MAP36(f, x, ...) f(x), DIESEL__MAP35(f, __VA_ARGS__)
#define DIESEL__MAP37(f, x, ...) f(x), DIESEL__MAP36(f, __VA_ARGS__)
#define DIESEL__MAP38(f, x, ...) f(x), DIESEL__MAP37(f, __VA_ARGS__)
#define DIESEL__MAP39(f, x, ...) f(x), DIESEL__MAP38(f, __VA_ARGS__)
#define DIESEL__MAP40(f, x, ...) f(x), DIESEL__MAP39(f, __VA_ARGS__)
#define DIESEL__MAP41(f, x, ...) f(x), DIESEL__MAP40(f, __VA_ARGS__)
#define DIESEL__MAP42(f, x, ...) f(x), DIESEL__MAP41(f, __VA_ARGS__)
#define DIESEL__MAP43(f, x, ...) f(x), DIESEL__MAP42(f, __VA_ARGS__)
#define DIESEL__MAP44(f, x, ...) f(x), DIESEL__MAP43(f, __VA_ARGS__)
#define DIESEL__MAP45(f, x, ...) f(x), DIESEL__MAP44(f, __VA_ARGS__)
#define DIESEL__MAP46(f, x, ...) f(x), DIESEL__MAP45(f, __VA_ARGS__)
#define DIESEL__MAP47(f, x, ...) f(x), DIESEL__MAP46(f, __VA_ARGS__)
#define DIESEL__MAP48(f, x, ...) f(x), DIESEL__MAP47(f, __VA_ARGS__)
#define DIESEL__MAP49(f, x, ...) f(x), DIESEL__MAP48(f, __VA_ARGS__)
#define DIESEL__MAP50(f, x, ...) f(x), DIESEL__MAP49(f, __VA_ARGS__)
#define DIESEL__MAP51(f, x, ...) f(x), DIESEL__MAP50(f, __VA_ARGS__)
#define DIESEL__MAP52(f, x, ...) f(x), DIESEL__MAP51(f, __VA_ARGS__)
#define DIESEL__MAP53(f, x, ...) f(x), DIESEL__MAP52(f, __VA_ARGS__)
#define DIESEL__MAP54(f, x, ...) f(x), DIESEL__MAP53(f, __VA_ARGS__)
#define DIESEL__MAP55(f, x, ...) f(x), DIESEL__MAP54(f, __VA_ARGS__)
#define DIESEL__MAP56(f, x, ...) f(x), DIESEL__MAP55(f, __VA_ARGS__)
#define DIESEL__MAP57(f, x, ...) f(x), DIESEL__MAP56(f, __VA_ARGS__)
#define DIESEL__MAP58(f, x, ...) f(x), DIESEL__MAP57(f, __VA_ARGS__)
#define DIESEL__MAP59(f, x, ...) f(x), DIESEL__MAP58(f, __VA_ARGS__)
#define DIESEL__MAP60(f, x, ...) f(x), DIESEL__MAP59(f, __VA_ARGS__)
#define DIESEL__MAP61(f, x, ...) f(x), DIESEL__MAP60(f, __VA_ARGS__)
#define DIESEL__MAP62(f, x, ...) f(x), DIESEL__MAP61(f, __VA_ARGS__)
#define DIESEL__MAP63(f, x, ...) f(x), DIESEL__MAP62(f, __VA_ARGS__)
#define DIESEL__MAP64(f, x, ...) f(x), DIESEL__MAP63(f, __VA_ARGS__)

/* The arguments as an array of diesel_value, which lives as long as the block
 * that it is written in. */
#define DIESEL_VALUES(...) ((diesel_value[]){DIESEL_MAP(DIESEL_VALUE, __VA_ARGS__)})

#endif /* !__cplusplus */

#ifdef __cplusplus
}
#endif
#endif

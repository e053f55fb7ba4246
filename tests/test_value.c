/* SPDX-License-Identifier: MIT */
/*
 * <diesel/value.h>: each C type gets its tag, the value is not changed on the
 * way, and arguments are counted and evaluated as written. What the compiler
 * must refuse is in test_value_compile.sh.
 */
#include <limits.h>
#include <math.h>

#include "test_util.h"

START_TEST(signed_integers_become_int)
{
    signed char c = SCHAR_MIN;
    short s = SHRT_MIN;
    long l = LONG_MIN;
    long long ll = LLONG_MIN;
    int64_t i64 = INT64_MAX;
    diesel_value *v = DIESEL_VALUES(c, s, INT_MIN, l, ll, i64, -1, 'x');
    const int64_t want[] = {SCHAR_MIN, SHRT_MIN,  INT_MIN, LONG_MIN,
                            LLONG_MIN, INT64_MAX, -1,      'x'};
    for (size_t i = 0; i < TEST_COUNT(want); i++) {
        ck_assert_int_eq(v[i].type, DIESEL_VALUE_INT);
        ck_assert_int_eq(v[i].i, want[i]);
    }
}
END_TEST

START_TEST(unsigned_integers_become_uint)
{
    unsigned char c = UCHAR_MAX;
    unsigned short s = USHRT_MAX;
    size_t size = SIZE_MAX;
    uint64_t u64 = UINT64_MAX;
    diesel_value *v =
        DIESEL_VALUES(c, s, UINT_MAX, ULONG_MAX, ULLONG_MAX, size, u64, 0u);
    const uint64_t want[] = {UCHAR_MAX,  USHRT_MAX, UINT_MAX,   ULONG_MAX,
                             ULLONG_MAX, SIZE_MAX,  UINT64_MAX, 0};
    for (size_t i = 0; i < TEST_COUNT(want); i++) {
        ck_assert_int_eq(v[i].type, DIESEL_VALUE_UINT);
        ck_assert_uint_eq(v[i].u, want[i]);
    }
}
END_TEST

START_TEST(floats_and_doubles_become_double)
{
    float f = 0.5f;
    diesel_value *v = DIESEL_VALUES(f, 1e300, -0.0, (double)INFINITY);
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(v[i].type, DIESEL_VALUE_DOUBLE);
    ck_assert_double_eq(v[0].d, 0.5);
    ck_assert_double_eq(v[1].d, 1e300);
    ck_assert(signbit(v[2].d));
    ck_assert(isinf(v[3].d));
}
END_TEST

START_TEST(booleans_become_bool)
{
    bool yes = true;
    int seven = 7;
    diesel_value *v = DIESEL_VALUES(yes, (bool)false, (bool)seven);
    const bool want[] = {true, false, true};
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(v[i].type, DIESEL_VALUE_BOOL);
        ck_assert_int_eq(v[i].b, want[i]);
    }
}
END_TEST

START_TEST(texts_become_str_with_their_length)
{
    char array[10] = "array";
    char *pointer = array + 1;
    const char *constant = "constant";
    const char constant_array[] = "x\0y";
    diesel_value *v = DIESEL_VALUES("literal", array, pointer, constant, "",
                                    constant_array);
    const char *const want[] = {"literal", "array", "rray", "constant", "",
                                "x"};
    for (size_t i = 0; i < TEST_COUNT(want); i++) {
        ck_assert_int_eq(v[i].type, DIESEL_VALUE_STR);
        ck_assert_uint_eq(v[i].len, strlen(want[i]));
        ck_assert_mem_eq(v[i].s, want[i], v[i].len);
    }
    ck_assert_ptr_eq(v[1].s, array); /* borrowed */
}
END_TEST

START_TEST(a_null_text_becomes_null)
{
    char *nothing = NULL;
    const char *constant = NULL;
    diesel_value *v = DIESEL_VALUES(nothing, constant, diesel_str(NULL));
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(v[i].type, DIESEL_VALUE_NULL);
}
END_TEST

START_TEST(a_value_stays_what_it_is)
{
    diesel_value *v =
        DIESEL_VALUES(diesel_bytes("a\0b", 3), diesel_strn("abc", 2),
                      diesel_int(-5), diesel_uint(5), diesel_bool(true),
                      diesel_double(2.5));
    ck_assert_int_eq(v[0].type, DIESEL_VALUE_BYTES);
    ck_assert_uint_eq(v[0].len, 3);
    ck_assert_mem_eq(v[0].s, "a\0b", 3);
    ck_assert_int_eq(v[1].type, DIESEL_VALUE_STR);
    ck_assert_uint_eq(v[1].len, 2);
    ck_assert_int_eq(v[2].i, -5);
    ck_assert_uint_eq(v[3].u, 5);
    ck_assert(v[4].b);
    ck_assert_double_eq(v[5].d, 2.5);
}
END_TEST

START_TEST(qualified_expressions_are_taken)
{
    const int ci = 3;
    volatile long vl = 4;
    const bool cb = true;
    const double cd = 0.25;
    const diesel_value cv = diesel_int(6);
    char *const cp = NULL;
    diesel_value *v = DIESEL_VALUES(ci, vl, cb, cd, cv, cp);
    const diesel_value_type want[] = {DIESEL_VALUE_INT,    DIESEL_VALUE_INT,
                                      DIESEL_VALUE_BOOL,   DIESEL_VALUE_DOUBLE,
                                      DIESEL_VALUE_INT,    DIESEL_VALUE_NULL};
    for (size_t i = 0; i < TEST_COUNT(want); i++)
        ck_assert_int_eq(v[i].type, want[i]);
}
END_TEST

static int times;

static int next(void)
{
    return ++times;
}

START_TEST(each_argument_is_evaluated_once)
{
    diesel_value *v = DIESEL_VALUES(next(), next(), next());
    ck_assert_int_eq(times, 3);
    ck_assert_int_eq(v[0].i + v[1].i + v[2].i, 6);
}
END_TEST

START_TEST(arguments_are_counted_from_0_to_64)
{
    ck_assert_int_eq(DIESEL_COUNT(), 0);
    ck_assert_int_eq(DIESEL_COUNT(a), 1);
    ck_assert_int_eq(DIESEL_COUNT((a, b)), 1);
    ck_assert_int_eq(DIESEL_COUNT(a, b), 2);
    ck_assert_int_eq(DIESEL_COUNT(a, b, c, d, e, f, g, h, i, j), 10);
    ck_assert_int_eq(
        DIESEL_COUNT(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17,
                     18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32,
                     33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47,
                     48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62,
                     63, 64),
        64);
}
END_TEST

START_TEST(sixty_four_arguments_keep_their_order)
{
    diesel_value *v = DIESEL_VALUES(
        0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20,
        21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38,
        39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56,
        57, 58, 59, 60, 61, 62, 63);
    for (int i = 0; i < 64; i++)
        ck_assert_int_eq(v[i].i, i);
}
END_TEST

static diesel_value sum(const diesel_value *values, size_t count)
{
    int64_t total = 0;
    for (size_t i = 0; i < count; i++)
        total += values[i].i;
    return diesel_int(total);
}
#define SUM(...) sum(DIESEL_VALUES(__VA_ARGS__), DIESEL_COUNT(__VA_ARGS__))

START_TEST(macros_made_of_it_may_be_nested)
{
    ck_assert_int_eq(SUM(1, SUM(2, SUM(3, SUM(4, 5)), 6), SUM(7), 8).i, 36);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("value");
    test_case(suite, "types", signed_integers_become_int,
              unsigned_integers_become_uint, floats_and_doubles_become_double,
              booleans_become_bool, texts_become_str_with_their_length,
              a_null_text_becomes_null, a_value_stays_what_it_is,
              qualified_expressions_are_taken);
    test_case(suite, "macros", each_argument_is_evaluated_once,
              arguments_are_counted_from_0_to_64,
              sixty_four_arguments_keep_their_order,
              macros_made_of_it_may_be_nested);
    return test_suite_run(suite);
}

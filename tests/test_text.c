/* SPDX-License-Identifier: MIT */
/*
 * How text and values look in logs, pages and JSON: each kind of byte in each
 * form, long pieces, and what becomes of a text that finds no memory.
 */
#include <math.h>
#include <stdint.h>

#include "core/text_internal.h"
#include "faulty_memory.h"
#include "test_util.h"

static const struct {
    const char *text;
    size_t n; /* 0: up to its zero byte */
    const char *json, *escaped, *human;
} strings[] = {
    {"", 0, "\"\"", "", "\"\""},
    {"word", 0, "\"word\"", "word", "word"},
    {"two words", 0, "\"two words\"", "two words", "\"two words\""},
    {"a=b", 0, "\"a=b\"", "a=b", "\"a=b\""},
    {"q\"u\\o", 0, "\"q\\\"u\\\\o\"", "q\"u\\o", "\"q\\\"u\\\\o\""},
    {"\b\f\n\r\t", 0, "\"\\b\\f\\n\\r\\t\"", "\\x08\\x0c\\n\\x0d\\t",
     "\"\\x08\\x0c\\n\\x0d\\t\""},
    {"\x1b[0m", 0, "\"\\u001b[0m\"", "\\x1b[0m", "\"\\x1b[0m\""},
    {"a\0b", 3, "\"a\\u0000b\"", "a\\x00b", "\"a\\x00b\""},
    {"\x7f", 0, "\"\\u007f\"", "\\x7f", "\"\\x7f\""},
    /* two, three and four bytes */
    {"\xc2\xa9", 0, "\"\xc2\xa9\"", "\xc2\xa9", "\xc2\xa9"},
    {"\xe2\x82\xac", 0, "\"\xe2\x82\xac\"", "\xe2\x82\xac", "\xe2\x82\xac"},
    {"\xf0\x9f\x98\x80", 0, "\"\xf0\x9f\x98\x80\"", "\xf0\x9f\x98\x80",
     "\xf0\x9f\x98\x80"},
    /* control characters of two bytes: the first and the last, and none more */
    {"\xc2\x80", 0, "\"\\u0080\"", "\\xc2\\x80", "\"\\xc2\\x80\""},
    {"\xc2\x9f!", 0, "\"\\u009f!\"", "\\xc2\\x9f!", "\"\\xc2\\x9f!\""},
    {"\xc2\xa0", 0, "\"\xc2\xa0\"", "\xc2\xa0", "\xc2\xa0"},
    /* no UTF-8: cut off, alone, overlong, a surrogate, beyond the last */
    {"\xc2", 0, "\"\\ufffd\"", "\\xc2", "\"\\xc2\""},
    {"\xc2x", 0, "\"\\ufffdx\"", "\\xc2x", "\"\\xc2x\""},
    {"\xe2\x82", 0, "\"\\ufffd\\ufffd\"", "\\xe2\\x82", "\"\\xe2\\x82\""},
    {"\x80", 0, "\"\\ufffd\"", "\\x80", "\"\\x80\""},
    {"\xc0\x80", 0, "\"\\ufffd\\ufffd\"", "\\xc0\\x80", "\"\\xc0\\x80\""},
    {"\xed\xa0\x80", 0, "\"\\ufffd\\ufffd\\ufffd\"", "\\xed\\xa0\\x80",
     "\"\\xed\\xa0\\x80\""},
    {"\xf4\x90\x80\x80", 0, "\"\\ufffd\\ufffd\\ufffd\\ufffd\"",
     "\\xf4\\x90\\x80\\x80", "\"\\xf4\\x90\\x80\\x80\""},
    {"\xff", 0, "\"\\ufffd\"", "\\xff", "\"\\xff\""},
};

START_TEST(each_kind_of_byte_has_its_form)
{
    diesel__text text;
    const char *s = strings[_i].text;
    size_t n = strings[_i].n != 0 ? strings[_i].n : strlen(s);
    diesel_value value = diesel_strn(s, n);
    diesel__text_init(&text, 1000);
    diesel__text_json_string(&text, s, n);
    ck_assert_str_eq(diesel__text_string(&text), strings[_i].json);
    diesel__text_clear(&text);
    diesel__text_escaped(&text, s, n);
    ck_assert_str_eq(diesel__text_string(&text), strings[_i].escaped);
    diesel__text_clear(&text);
    diesel__text_human(&text, &value);
    ck_assert_str_eq(diesel__text_string(&text), strings[_i].human);
    diesel__text_clear(&text);
    diesel__text_plain(&text, &value);
    ck_assert_uint_eq(text.len, n);
    ck_assert_mem_eq(text.p, s, n);
    diesel__text_clear(&text);
}
END_TEST

static const struct {
    double number;
    const char *text;
} doubles[] = {
    {0, "0"},       {-0.0, "-0"},       {0.1, "0.1"},
    {1e300, "1e+300"}, {100, "100"},    {1.0 / 3, "0.3333333333333333"},
    {NAN, "NaN"},   {INFINITY, "+Inf"}, {-INFINITY, "-Inf"},
    {0.1 + 0.2, "0.30000000000000004"}, {123456789012345680.0, "1.2345678901234568e+17"},
    {5e-324, "4.94065645841247e-324"},
};

START_TEST(a_number_has_the_digits_that_it_needs)
{
    diesel__text text;
    diesel__text_init(&text, 1000);
    diesel__text_double(&text, doubles[_i].number);
    ck_assert_str_eq(diesel__text_string(&text), doubles[_i].text);
    if (isfinite(doubles[_i].number))
        ck_assert(strtod(text.p, NULL) == doubles[_i].number);
    diesel__text_clear(&text);
}
END_TEST

START_TEST(long_bytes_are_cut_and_counted)
{
    static const char bytes[100] = {1, 2};
    for (size_t n = 63; n <= 65; n++) {
        diesel__text text;
        diesel_value value = diesel_bytes(bytes, n);
        diesel__text_init(&text, 1000);
        diesel__text_plain(&text, &value);
        const char *all = diesel__text_string(&text);
        ck_assert_int_eq(strncmp(all, "010200", 6), 0);
        ck_assert_str_eq(all + 2 * (n < 64 ? n : 64), n > 64 ? "...(65 bytes)" : "");
        diesel__text_clear(&text);
        diesel__text_json(&text, &value);
        ck_assert_int_eq(diesel__text_string(&text)[text.len - 1], '"');
        diesel__text_clear(&text);
    }
}
END_TEST

/* printf's pieces around the length that fits its own buffer, with each
 * allocation failing. */
START_TEST(a_long_piece_is_whole_or_the_text_is_cut)
{
    static char piece[3000];
    memset(piece, 'p', sizeof piece - 1);
    diesel_allocator_set(&faulty_memory);
    for (int n = 250; n < 3000; n += n < 260 ? 1 : 900)
        for (long fail = 1;; fail++) {
            diesel__text text;
            faulty_memory_fail(fail);
            diesel__text_init(&text, 5000);
            diesel__text_printf(&text, "%.*s!", n, piece);
            bool met = faulty_allocations >= fail;
            ck_assert_int_eq(text.cut, met);
            if (!met) {
                ck_assert_uint_eq(text.len, (size_t)n + 1);
                ck_assert_int_eq(diesel__text_string(&text)[n], '!');
            }
            diesel__text_clear(&text);
            ck_assert_int_eq(faulty_alive, 0);
            if (!met)
                break;
        }
}
END_TEST

START_TEST(a_text_stops_at_its_limit)
{
    for (size_t limit = 0; limit < 1100; limit += limit < 20 ? 1 : 177) {
        diesel__text text;
        size_t len;
        diesel__text_init(&text, limit);
        for (int i = 0; i < 1100; i++)
            diesel__text_putc(&text, 'x');
        ck_assert_uint_eq(text.len, limit);
        ck_assert(text.cut);
        diesel__text_add(&text, "", 0); /* nothing is no more than there is room for */
        ck_assert_ptr_null(diesel__text_take(&text, &len));
        diesel__text_clear(&text);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("text");
    test_case_rows(suite, "strings", each_kind_of_byte_has_its_form,
                   TEST_COUNT(strings));
    test_case_rows(suite, "numbers", a_number_has_the_digits_that_it_needs,
                   TEST_COUNT(doubles));
    test_case(suite, "long", long_bytes_are_cut_and_counted,
              a_long_piece_is_whole_or_the_text_is_cut, a_text_stops_at_its_limit);
    return test_suite_run(suite);
}

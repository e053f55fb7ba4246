/* SPDX-License-Identifier: MIT */
/*
 * redis/reply_value.c: replies as C values, and what is said when they are none.
 */
#include <inttypes.h>
#include <math.h>

#include <diesel/redis_reply.h>

#include "comma_locale.h"
#include "redis/reply_reader_internal.h"
#include "test_util.h"

static dredis__reply_reader *reader;
static dredis_reply *got;

static void take(void *arg, dredis_reply *reply)
{
    (void)arg;
    got = reply;
}

/* The reply that the bytes are; freed by the next call. */
static const dredis_reply *parse(const char *wire)
{
    diesel_error err;
    static const dredis__limits limits = {16, 1000, 1000};
    dredis_reply_free(got);
    got = NULL;
    dredis__reply_reader_free(reader);
    assert_made(reader = dredis__reply_reader_new(&limits));
    assert_ok(dredis__reply_reader_parse(reader, wire, strlen(wire), take, NULL,
                                         &err));
    ck_assert_ptr_nonnull(got);
    return got;
}

static void end(void)
{
    dredis_reply_free(got);
    got = NULL;
    dredis__reply_reader_free(reader);
    reader = NULL;
}

static const struct {
    const char *wire;
    const char *number; /* as an int; else what the message says */
    const char *real;   /* as a double; NULL: it is none         */
    const char *yes;    /* as a bool; NULL: it is none           */
    const char *text;   /* NULL: it is none                      */
    bool resp3;
} rows[] = {
    {":42\r\n", "42", "42", NULL, NULL, false},
    {":1\r\n", "1", "1", "1", NULL, false},
    {":-9223372036854775808\r\n", "-9223372036854775808",
     "-9.2233720368547758e+18", NULL, NULL, false},
    {"$1\r\n0\r\n", "0", "0", "0", "0", false},
    {"$20\r\n-9223372036854775808\r\n", "-9223372036854775808",
     "-9.2233720368547758e+18", NULL, "-9223372036854775808", false},
    {"$19\r\n9223372036854775808\r\n",
     "the string \"9223372036854775808\" and not a whole number",
     "9.2233720368547758e+18", NULL, "9223372036854775808", false},
    {"$3\r\n2.5\r\n", "the string \"2.5\" and not a whole number", "2.5", NULL,
     "2.5", false},
    {"$3\r\ninf\r\n", "the string \"inf\"", "inf", NULL, "inf", false},
    {"$0\r\n\r\n", "the string \"\" and not", NULL, NULL, "", false},
    {"$1\r\n-\r\n", "the string \"-\" and not", NULL, NULL, "-", false},
    {"$2\r\n 1\r\n", "the string \" 1\" and not", NULL, NULL, " 1", false},
    {"+OK\r\n", "the status \"OK\" and not", NULL, "1", "OK", false},
    {"$-1\r\n", "the reply is nil and not", NULL, NULL, NULL, false},
    {"*2\r\n:1\r\n:2\r\n", "of type array (2 elements) and not", NULL, NULL,
     NULL, false},
    {"-ERR no\r\n", "ERR no", NULL, NULL, NULL, false},
    {"#t\r\n", "1", NULL, "1", NULL, true},
    {",3.5\r\n", "the double \"3.5\" and not", "3.5", NULL, "3.5", true},
    {",3\r\n", "3", "3", NULL, "3", true},
    {",1e300\r\n", "the double \"1e300\"", "1.0000000000000001e+300", NULL,
     "1e300", true},
    {",nan\r\n", "the double \"nan\"", "nan", NULL, "nan", true},
    {"(123456789012345678901234567890\r\n",
     "the bignum \"123456789012345678901234567890\"",
     "1.2345678901234568e+29", NULL, "123456789012345678901234567890", true},
    {"=6\r\ntxt:42\r\n", "42", "42", NULL, "42", true},
    {"_\r\n", "the reply is nil", NULL, NULL, NULL, true},
};

START_TEST(values_are_read_from_all_types_that_carry_them)
{
    diesel_error err;
    int64_t number;
    double real;
    bool yes;
    char shown[64];
    if (rows[_i].resp3 && !dredis__reply_reader_knows_resp3())
        return;
    const dredis_reply *r = parse(rows[_i].wire);
    int code = r->type == DREDIS_ERROR ? DIESEL_E_SERVER : DIESEL_E_PROTOCOL;
    if (dredis_reply_int(r, &number, &err) == 0) {
        snprintf(shown, sizeof shown, "%" PRId64, number);
        ck_assert_str_eq(shown, rows[_i].number);
    } else {
        assert_error(code);
        assert_contains(err.message, rows[_i].number);
    }
    if (rows[_i].real == NULL) {
        assert_fails(dredis_reply_double(r, &real, &err), code);
    } else {
        assert_ok(dredis_reply_double(r, &real, &err));
        locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
        double want = strtod_l(rows[_i].real, NULL, c);
        freelocale(c);
        ck_assert(isnan(want) ? isnan(real) : real == want);
    }
    if (rows[_i].yes == NULL) {
        assert_fails(dredis_reply_bool(r, &yes, &err), code);
    } else {
        assert_ok(dredis_reply_bool(r, &yes, &err));
        ck_assert_int_eq(yes, rows[_i].yes[0] == '1');
    }
    size_t len;
    if (rows[_i].text == NULL) {
        assert_fails_null(dredis_reply_text(r, &len, &err), code);
    } else {
        ck_assert_str_eq(dredis_reply_text(r, &len, &err), rows[_i].text);
        ck_assert_uint_eq(len, strlen(rows[_i].text));
    }
    end();
}
END_TEST

START_TEST(text_behind_a_zero_byte_is_no_number)
{
    diesel_error err;
    int64_t number;
    double real;
    dredis_reply r = {.type = DREDIS_STRING, .str = "1\0002", .len = 3};
    assert_fails(dredis_reply_int(&r, &number, &err), DIESEL_E_PROTOCOL);
    assert_fails(dredis_reply_double(&r, &real, &err), DIESEL_E_PROTOCOL);
}
END_TEST

START_TEST(numbers_have_a_point_in_every_locale)
{
    diesel_error err;
    double real;
    if (!test_use_comma_locale("numbers_have_a_point_in_every_locale"))
        return;
    dredis_reply r = {.type = DREDIS_STRING, .str = "2.5", .len = 3};
    assert_ok(dredis_reply_double(&r, &real, &err));
    ck_assert(real == 2.5);
}
END_TEST

static const struct {
    const char *wire;
    const char *pairs;
    bool resp3;
} pair_rows[] = {
    {"*4\r\n$1\r\na\r\n$1\r\n1\r\n$1\r\nb\r\n$1\r\n2\r\n", "a=1 b=2", false},
    {"*2\r\n*2\r\n$1\r\na\r\n$1\r\n1\r\n*2\r\n$1\r\nb\r\n$1\r\n2\r\n", "a=1 b=2",
     false},
    {"%2\r\n$1\r\na\r\n$1\r\n1\r\n$1\r\nb\r\n$1\r\n2\r\n", "a=1 b=2", true},
    {"*0\r\n", "", false},
    {"*2\r\n*2\r\n$1\r\na\r\n$1\r\n1\r\n*1\r\n$1\r\nb\r\n", "a=1", false},
    {"$2\r\nab\r\n", "", false},
    {"$-1\r\n", "", false},
};

START_TEST(pairs_look_the_same_in_each_shape)
{
    if (pair_rows[_i].resp3 && !dredis__reply_reader_knows_resp3())
        return;
    const dredis_reply *r = parse(pair_rows[_i].wire), *first, *second;
    char shown[64] = "";
    for (size_t i = 0; dredis_reply_pair(r, i, &first, &second); i++)
        snprintf(shown + strlen(shown), sizeof shown - strlen(shown), "%s%s=%s",
                 i > 0 ? " " : "", first->str, second->str);
    ck_assert_str_eq(shown, pair_rows[_i].pairs);
    const dredis_reply *a = dredis_reply_field(r, "a");
    if (strstr(shown, "a=1") != NULL)
        ck_assert_str_eq(a->str, "1");
    else
        ck_assert_ptr_null(a);
    ck_assert_ptr_null(dredis_reply_field(r, "c"));
    end();
}
END_TEST

START_TEST(lists_are_walked)
{
    diesel_error err;
    int sum = 0;
    const dredis_reply *r = parse("*3\r\n:1\r\n:2\r\n:3\r\n");
    ck_assert_ptr_eq(dredis_reply_list(r, &err), r);
    DREDIS_EACH(item, r)
        sum += (int)item->integer;
    ck_assert_int_eq(sum, 6);
    r = parse("+OK\r\n");
    assert_fails_null(dredis_reply_list(r, &err), DIESEL_E_PROTOCOL);
    assert_contains(err.message, "the status \"OK\" and not a list");
    DREDIS_EACH(item, r)
        ck_abort_msg("a status has no elements");
    end();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("redis_reply_value");
    test_case_rows(suite, "values",
                   values_are_read_from_all_types_that_carry_them,
                   TEST_COUNT(rows));
    test_case_rows(suite, "pairs", pairs_look_the_same_in_each_shape,
                   TEST_COUNT(pair_rows));
    test_case(suite, "others", text_behind_a_zero_byte_is_no_number,
              numbers_have_a_point_in_every_locale,
              lists_are_walked);
    return test_suite_run(suite);
}

/* SPDX-License-Identifier: MIT */
/*
 * redis/encode.c and redis/batch.c: commands to bytes, and to words for messages.
 */
#include <float.h>
#include <limits.h>
#include <math.h>
#include <stdint.h>

#include "comma_locale.h"
#include "redis/batch_internal.h"
#include "redis/encode_internal.h"
#include "test_util.h"

#define COMMAND(...)                                                           \
    DIESEL_VALUES(__VA_ARGS__), DIESEL_COUNT(__VA_ARGS__)

/* Encodes into memory of just the announced size, and compares. */
static void assert_wire(const diesel_value *args, size_t n, const char *want,
                        size_t want_len)
{
    diesel_error err;
    size_t size;
    assert_ok(dredis__command_size(args, n, &size, &err));
    char *wire = malloc(size);
    ck_assert_ptr_nonnull(wire);
    size_t len = (size_t)(dredis__command_write(wire, args, n) - wire);
    ck_assert_uint_le(len, size);
    ck_assert_msg(len == want_len && memcmp(wire, want, len) == 0,
                  "got \"%.*s\" and not \"%s\"", (int)len, wire, want);
    free(wire);
}

#define assert_encodes(want, ...)                                              \
    assert_wire(COMMAND(__VA_ARGS__), want, sizeof(want) - 1)

START_TEST(strings_keep_every_byte)
{
    char mutable[] = "value";
    assert_encodes("*1\r\n$4\r\nPING\r\n", "PING");
    assert_encodes("*2\r\n$3\r\nGET\r\n$0\r\n\r\n", "GET", "");
    assert_encodes("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$5\r\nvalue\r\n", "SET", "k",
                   mutable);
    assert_encodes("*2\r\n$3\r\nGET\r\n$4\r\na\0\r\n\r\n", "GET",
                   diesel_bytes("a\0\r\n", 4));
    assert_encodes("*2\r\n$3\r\nGET\r\n$0\r\n\r\n", "GET", diesel_bytes(NULL, 0));
    assert_encodes("*2\r\n$3\r\nGET\r\n$2\r\nab\r\n", "GET",
                   diesel_strn("abc", 2));
}
END_TEST

START_TEST(numbers_are_written_in_decimal)
{
    assert_encodes("*2\r\n$1\r\nX\r\n$1\r\n0\r\n", "X", 0);
    assert_encodes("*2\r\n$1\r\nX\r\n$2\r\n42\r\n", "X", 42);
    assert_encodes("*2\r\n$1\r\nX\r\n$2\r\n-1\r\n", "X", (short)-1);
    assert_encodes("*2\r\n$1\r\nX\r\n$19\r\n9223372036854775807\r\n", "X",
                   INT64_MAX);
    assert_encodes("*2\r\n$1\r\nX\r\n$20\r\n-9223372036854775808\r\n", "X",
                   INT64_MIN);
    assert_encodes("*2\r\n$1\r\nX\r\n$20\r\n18446744073709551615\r\n", "X",
                   UINT64_MAX);
    assert_encodes("*2\r\n$1\r\nX\r\n$3\r\n255\r\n", "X", (unsigned char)255);
    assert_encodes("*3\r\n$1\r\nX\r\n$1\r\n1\r\n$1\r\n0\r\n", "X", (bool)true,
                   (bool)false);
}
END_TEST

static const struct {
    double d;
    const char *text;
} double_rows[] = {
    {0.0, "0"},          {-0.0, "-0"},
    {1.0, "1"},          {3.14, "3.14"},
    {0.1, "0.1"},        {0.1 + 0.2, "0.30000000000000004"},
    {1e21, "1e+21"},     {1.0 / 3, "0.3333333333333333"},
    {-2.5e-7, "-2.5e-07"}, {123456789012345.0, "123456789012345"},
    {DBL_MAX, "1.7976931348623157e+308"},
    {DBL_TRUE_MIN, "4.94065645841247e-324"},
    {INFINITY, "inf"},   {-INFINITY, "-inf"},
};

static void check_double(double d, const char *text)
{
    char want[64];
    int n = snprintf(want, sizeof want, "*2\r\n$1\r\nX\r\n$%zu\r\n%s\r\n",
                     strlen(text), text);
    assert_wire(COMMAND("X", d), want, (size_t)n);
    ck_assert_double_eq(strtod(text, NULL), d);
}

START_TEST(doubles_read_back_as_they_were)
{
    check_double(double_rows[_i].d, double_rows[_i].text);
}
END_TEST

START_TEST(doubles_have_a_point_in_any_locale)
{
    if (!test_use_comma_locale("doubles_have_a_point_in_any_locale"))
        return;
    assert_encodes("*2\r\n$1\r\nX\r\n$4\r\n3.14\r\n", "X", 3.14);
    ck_assert_str_eq(localeconv()->decimal_point, ",");
}
END_TEST

START_TEST(headers_have_as_many_digits_as_they_need)
{
    static const size_t lengths[] = {9, 10, 99, 100, 999, 1000, 100000};
    static char value[100000];
    memset(value, 'v', sizeof value);
    for (size_t i = 0; i < TEST_COUNT(lengths); i++) {
        char *want = malloc(lengths[i] + 64);
        ck_assert_ptr_nonnull(want);
        int head = sprintf(want, "*1\r\n$%zu\r\n", lengths[i]);
        memset(want + head, 'v', lengths[i]);
        memcpy(want + (size_t)head + lengths[i], "\r\n", 2);
        diesel_value arg = diesel_bytes(value, lengths[i]);
        assert_wire(&arg, 1, want, (size_t)head + lengths[i] + 2);
        free(want);
    }
    diesel_value many[1234];
    char want[1234 * 7 + 16];
    int n = sprintf(want, "*1234\r\n");
    for (size_t i = 0; i < 1234; i++) {
        many[i] = diesel_int((int64_t)(i % 10));
        n += sprintf(want + n, "$1\r\n%zu\r\n", i % 10);
    }
    assert_wire(many, 1234, want, (size_t)n);
}
END_TEST

START_TEST(what_cannot_be_sent_is_refused_by_its_place)
{
    diesel_error err;
    size_t size;
    diesel_value no_type = {.type = (diesel_value_type)99};
    assert_fails(dredis__command_size(NULL, 0, &size, &err), DIESEL_E_INVAL);
    assert_contains(err.message, "no command");
    assert_fails(dredis__command_size(COMMAND("GET", (char *)NULL), &size, &err),
                 DIESEL_E_INVAL);
    ck_assert_str_eq(err.message, "argument 1 is NULL");
    assert_fails(dredis__command_size(COMMAND("A", 1, diesel_bytes(NULL, 3)),
                                      &size, &err),
                 DIESEL_E_INVAL);
    ck_assert_str_eq(err.message, "argument 2 is NULL");
    assert_fails(dredis__command_size(COMMAND("A", (double)NAN), &size, &err),
                 DIESEL_E_INVAL);
    assert_contains(err.message, "not a number");
    assert_fails(dredis__command_size(COMMAND("A", no_type), &size, &err),
                 DIESEL_E_INVAL);
    assert_fails(dredis__command_size(COMMAND("A", diesel_bytes("", SIZE_MAX)),
                                      &size, &err),
                 DIESEL_E_INVAL);
    assert_contains(err.message, "too long");
    assert_fails(dredis__command_size(
                     COMMAND("A", diesel_bytes("", SIZE_MAX / 2),
                             diesel_bytes("", SIZE_MAX / 2), "b"),
                     &size, &err),
                 DIESEL_E_INVAL);
}
END_TEST

static void assert_text(const diesel_value *args, size_t n, const char *want)
{
    char text[DREDIS__COMMAND_TEXT];
    ck_assert_str_eq(dredis__command_text(text, args, n), want);
}

START_TEST(messages_show_the_command_and_its_key_but_no_secret)
{
    assert_text(NULL, 0, "(no command)");
    assert_text(COMMAND("PING"), "PING");
    assert_text(COMMAND("GET", "session:9"), "GET session:9");
    assert_text(COMMAND("SET", "k", "a secret value"), "SET k");
    assert_text(COMMAND("INCR", 42), "INCR 42");
    assert_text(COMMAND("AUTH", "s3cret"), "AUTH");
    assert_text(COMMAND("auth", "user", "s3cret"), "auth");
    assert_text(COMMAND("HELLO", 3, "AUTH", "user", "s3cret"), "HELLO 3");
    assert_text(COMMAND("CONFIG", "SET", "requirepass", "x"), "CONFIG SET");
    assert_text(COMMAND("GET", (char *)NULL), "GET ");
    assert_text(COMMAND("GET", diesel_bytes("a\0\n\xff", 4)),
                "GET a\\x00\\x0a\\xff");
    assert_text(COMMAND("GET", "0123456789012345678901234567890123456789"),
                "GET 0123456789012345678901234567890123456789");
    assert_text(COMMAND("GET", "0123456789012345678901234567890123456789a"),
                "GET 012345678901234567890123456789012345678...");
    assert_text(COMMAND("ACOMMANDWITHAVERYLONGNAMEINDEED", "x"),
                "ACOMMANDWITHAVERYLONG... x");
    char zeros[60] = {0};
    assert_text(COMMAND("GET", diesel_bytes(zeros, sizeof zeros)),
                "GET \\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00...");
}
END_TEST

START_TEST(a_batch_is_commands_behind_each_other)
{
    diesel_error err;
    dredis__batch batch = {0};
    char want[20000];
    size_t n = 0;
    for (int i = 100; i < 1000; i++) {
        assert_ok(dredis__batch_add(&batch, COMMAND("GET", i), &err));
        n += (size_t)sprintf(want + n, "*2\r\n$3\r\nGET\r\n$3\r\n%d\r\n", i);
    }
    assert_fails(dredis__batch_add(&batch, COMMAND("GET", (char *)NULL), &err),
                 DIESEL_E_INVAL);
    ck_assert_uint_eq(batch.commands, 900);
    ck_assert_uint_eq(batch.size, n);
    ck_assert(memcmp(batch.bytes, want, n) == 0);
    dredis__batch_reset(&batch);
    ck_assert_uint_eq(batch.size + batch.commands, 0);
    assert_ok(dredis__batch_add(&batch, COMMAND("GET", 100), &err));
    ck_assert_uint_eq(batch.size, 22);
    ck_assert(memcmp(batch.bytes, want, 22) == 0);
    dredis__batch_clear(&batch);
    ck_assert_ptr_null(batch.bytes);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("resp_encode");
    test_case(suite, "arguments", strings_keep_every_byte,
              numbers_are_written_in_decimal, doubles_have_a_point_in_any_locale,
              headers_have_as_many_digits_as_they_need,
              what_cannot_be_sent_is_refused_by_its_place);
    test_case_rows(suite, "doubles", doubles_read_back_as_they_were,
                   TEST_COUNT(double_rows));
    test_case(suite, "others", messages_show_the_command_and_its_key_but_no_secret,
              a_batch_is_commands_behind_each_other);
    return test_suite_run(suite);
}

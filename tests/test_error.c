/* SPDX-License-Identifier: MIT */
/*
 * <diesel/error.h>: codes, filling, prefixes. Everything else tells through it
 * what went wrong, so it must never lie, never overrun, and never be half
 * written.
 */
#include <errno.h>
#include <limits.h>
#include <stdarg.h>

#include "test_util.h"

START_TEST(an_error_has_256_bytes)
{
    ck_assert_uint_eq(sizeof(diesel_error), 256);
}
END_TEST

static const struct {
    int code;
    const char *name;
} names[] = {
    {DIESEL_OK, "OK"},
#define ROW(name, text) {DIESEL_E_##name, #name},
    DIESEL_ERROR_MAP(ROW)
#undef ROW
};

START_TEST(each_code_has_its_name)
{
    ck_assert_str_eq(diesel_error_name(names[_i].code), names[_i].name);
}
END_TEST

START_TEST(a_number_that_is_no_code_is_unknown)
{
    const int wrong[] = {-1, INT_MIN, INT_MAX, DIESEL__E_COUNT};
    for (size_t i = 0; i < TEST_COUNT(wrong); i++)
        ck_assert_str_eq(diesel_error_name(wrong[i]), "UNKNOWN");
}
END_TEST

START_TEST(codes_do_not_change_between_versions)
{
    /* They are part of the binary interface: new ones go to the end. */
    ck_assert_int_eq(DIESEL_OK, 0);
    ck_assert_int_eq(DIESEL_E_INVAL, 1);
    ck_assert_int_eq(DIESEL_E_NOMEM, 2);
    ck_assert_int_eq(DIESEL_E_CANCELLED, 3);
    ck_assert_int_eq(DIESEL_E_TIMEDOUT, 4);
    ck_assert_int_eq(DIESEL_E_CLOSED, 5);
    ck_assert_int_eq(DIESEL_E_FAILED, 15);
    ck_assert_int_eq(DIESEL_DOM_MONGO, 5);
}
END_TEST

START_TEST(set_fills_every_field_and_returns_minus_one)
{
    diesel_error err;
    memset(&err, 0xFF, sizeof err);
    int result = diesel_error_set(&err, DIESEL_E_BUSY, DIESEL_DOM_REDIS, 7,
                                  "%s is %d", "answer", 42);
    ck_assert_int_eq(result, -1);
    ck_assert_int_eq(err.code, DIESEL_E_BUSY);
    ck_assert_int_eq(err.domain, DIESEL_DOM_REDIS);
    ck_assert_int_eq(err.detail, 7);
    ck_assert_uint_eq(err.flags, 0);
    ck_assert_str_eq(err.message, "answer is 42");
}
END_TEST

static int set_by_list(diesel_error *err, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int result = diesel_error_setv(err, DIESEL_E_IO, DIESEL_DOM_CORE, 0, format,
                                   args);
    va_end(args);
    return result;
}

START_TEST(setv_is_set_with_an_argument_list)
{
    diesel_error err = {.flags = DIESEL_EF_SENT};
    ck_assert_int_eq(set_by_list(&err, "%c%c", 'o', 'k'), -1);
    ck_assert_str_eq(err.message, "ok");
    ck_assert_int_eq(err.code, DIESEL_E_IO);
    ck_assert_uint_eq(err.flags, 0);
}
END_TEST

START_TEST(a_null_error_is_accepted_everywhere)
{
    ck_assert_int_eq(diesel_error_set(NULL, DIESEL_E_IO, 0, 0, "x"), -1);
    ck_assert_int_eq(set_by_list(NULL, "x"), -1);
    ck_assert_int_eq(diesel_error_sys(NULL, EPIPE, "x"), -1);
    ck_assert_int_eq(diesel_error_nomem(NULL, "x"), -1);
    diesel_error_prefix(NULL, "x");
}
END_TEST

START_TEST(a_message_may_be_made_of_the_old_one)
{
    diesel_error err;
    diesel_error_set(&err, DIESEL_E_IO, 0, 0, "inner");
    diesel_error_set(&err, DIESEL_E_FAILED, 0, 0, "outer (%s)", err.message);
    ck_assert_str_eq(err.message, "outer (inner)");
}
END_TEST

static const struct {
    int errnum;
    int code;
} errnos[] = {
    {ECONNREFUSED, DIESEL_E_REFUSED}, {ETIMEDOUT, DIESEL_E_TIMEDOUT},
    {EPIPE, DIESEL_E_CLOSED},         {ECONNRESET, DIESEL_E_CLOSED},
    {ECONNABORTED, DIESEL_E_CLOSED},  {ENOMEM, DIESEL_E_NOMEM},
    {EINVAL, DIESEL_E_INVAL},         {EMFILE, DIESEL_E_LIMIT},
    {ENFILE, DIESEL_E_LIMIT},         {ENOBUFS, DIESEL_E_LIMIT},
    {EIO, DIESEL_E_IO},               {EACCES, DIESEL_E_IO},
    {ENETUNREACH, DIESEL_E_IO},       {0, DIESEL_E_IO},
    {-1, DIESEL_E_IO},                {99999, DIESEL_E_IO},
};

START_TEST(sys_finds_the_code_that_fits_an_errno)
{
    diesel_error err;
    memset(&err, 0xFF, sizeof err);
    int errnum = errnos[_i].errnum;
    ck_assert_int_eq(diesel_error_sys(&err, errnum, "reading %s", "it"), -1);
    ck_assert_int_eq(err.code, errnos[_i].code);
    ck_assert_int_eq(err.domain, DIESEL_DOM_SYS);
    ck_assert_int_eq(err.detail, errnum);
    ck_assert_uint_eq(err.flags, 0);
    char want[240];
    snprintf(want, sizeof want, "reading it: %s", strerror(errnum));
    ck_assert_str_eq(err.message, want);
}
END_TEST

START_TEST(sys_message_may_be_made_of_the_old_one)
{
    diesel_error err;
    diesel_error_set(&err, DIESEL_E_IO, 0, 0, "db1");
    diesel_error_sys(&err, EPIPE, "%s: writing", err.message);
    ck_assert_str_eq(err.message, "db1: writing: Broken pipe");
}
END_TEST

START_TEST(nomem_says_for_what)
{
    diesel_error err;
    ck_assert_int_eq(diesel_error_nomem(&err, "a reply"), -1);
    ck_assert_int_eq(err.code, DIESEL_E_NOMEM);
    ck_assert_str_eq(err.message, "out of memory for a reply");
}
END_TEST

START_TEST(prefix_goes_before_and_keeps_the_rest)
{
    diesel_error err;
    diesel_error_set(&err, DIESEL_E_SERVER, DIESEL_DOM_MONGO, 11000, "dup key");
    err.flags = DIESEL_EF_SENT | DIESEL_EF_RETRYABLE;
    diesel_error_prefix(&err, "insert into %s", "app.users");
    diesel_error_prefix(&err, "mongo db1:27017");
    ck_assert_str_eq(err.message, "mongo db1:27017: insert into app.users: "
                                  "dup key");
    ck_assert_int_eq(err.code, DIESEL_E_SERVER);
    ck_assert_int_eq(err.domain, DIESEL_DOM_MONGO);
    ck_assert_int_eq(err.detail, 11000);
    ck_assert_uint_eq(err.flags, DIESEL_EF_SENT | DIESEL_EF_RETRYABLE);
}
END_TEST

START_TEST(prefix_may_be_made_of_the_message)
{
    diesel_error err;
    diesel_error_set(&err, DIESEL_E_IO, 0, 0, "a");
    diesel_error_prefix(&err, "%s%s", err.message, err.message);
    ck_assert_str_eq(err.message, "aa: a");
}
END_TEST

START_TEST(percent_signs_in_a_message_are_text)
{
    diesel_error err;
    diesel_error_set(&err, DIESEL_E_IO, 0, 0, "%s", "100%s %n");
    diesel_error_prefix(&err, "%s", "%d");
    ck_assert_str_eq(err.message, "%d: 100%s %n");
}
END_TEST

/* Whether the text is made of whole UTF-8 characters. */
static bool is_utf8(const char *text)
{
    for (const unsigned char *p = (const unsigned char *)text; *p != 0;) {
        int more = *p >= 0xF0 ? 3 : *p >= 0xE0 ? 2 : *p >= 0xC0 ? 1 : 0;
        if (more == 0 && *p >= 0x80)
            return false;
        for (p++; more > 0; more--, p++)
            if ((*p & 0xC0) != 0x80)
                return false;
    }
    return true;
}

/* A text of `shift` letters and then the character over and over. */
static void fill(char *text, size_t size, int shift, const char *character)
{
    size_t n = strlen(character), at = 0;
    while (shift-- > 0)
        text[at++] = 'x';
    for (; at + n < size; at += n)
        memcpy(text + at, character, n);
    text[at] = '\0';
}

static const char *const characters[] = {"x", "\xC3\xA4", "\xE2\x82\xAC",
                                         "\xF0\x9F\x9A\x82"};

START_TEST(an_over_long_message_is_cut_at_a_character)
{
    size_t n = strlen(characters[_i]);
    for (int shift = 0; shift < 5; shift++) {
        char text[400];
        fill(text, sizeof text, shift, characters[_i]);
        diesel_error err;
        memset(&err, 0xFF, sizeof err);
        diesel_error_set(&err, DIESEL_E_IO, 0, 0, "%s", text);
        size_t length = strlen(err.message);
        ck_assert_msg(is_utf8(err.message), "cut inside a character: %s",
                      err.message);
        ck_assert_uint_lt(length, sizeof err.message);
        ck_assert_uint_gt(length, sizeof err.message - 1 - n);
        ck_assert_int_eq(memcmp(err.message, text, length), 0);
    }
}
END_TEST

START_TEST(a_prefix_that_makes_it_too_long_cuts_the_end_at_a_character)
{
    for (int shift = 0; shift < 5; shift++) {
        char text[239];
        fill(text, sizeof text, shift, characters[_i]);
        diesel_error err;
        diesel_error_set(&err, DIESEL_E_IO, 0, 0, "%s", text);
        err.flags = DIESEL_EF_SENT;
        diesel_error_prefix(&err, "GET k");
        assert_contains(err.message, "GET k: ");
        ck_assert(is_utf8(err.message));
        ck_assert_uint_lt(strlen(err.message), sizeof err.message);
        ck_assert_uint_eq(err.flags, DIESEL_EF_SENT);
    }
}
END_TEST

START_TEST(a_message_that_just_fits_is_whole)
{
    diesel_error err;
    char text[sizeof err.message];
    fill(text, sizeof text, 2, "\xC3\xA4");
    ck_assert_uint_ge(strlen(text), sizeof err.message - 2);
    diesel_error_set(&err, DIESEL_E_IO, 0, 0, "%s", text);
    ck_assert_str_eq(err.message, text);
}
END_TEST

START_TEST(bytes_that_are_no_text_are_cut_without_harm)
{
    char text[400];
    memset(text, 0x80, sizeof text - 1);
    text[sizeof text - 1] = '\0';
    diesel_error err;
    diesel_error_set(&err, DIESEL_E_IO, 0, 0, "%s", text);
    ck_assert_uint_lt(strlen(err.message), sizeof err.message);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("error");
    test_case(suite, "codes", an_error_has_256_bytes,
              a_number_that_is_no_code_is_unknown,
              codes_do_not_change_between_versions);
    test_case_rows(suite, "names", each_code_has_its_name, TEST_COUNT(names));
    test_case(suite, "filling", set_fills_every_field_and_returns_minus_one,
              setv_is_set_with_an_argument_list,
              a_null_error_is_accepted_everywhere,
              a_message_may_be_made_of_the_old_one, nomem_says_for_what,
              sys_message_may_be_made_of_the_old_one);
    test_case_rows(suite, "errno", sys_finds_the_code_that_fits_an_errno,
                   TEST_COUNT(errnos));
    test_case(suite, "prefix", prefix_goes_before_and_keeps_the_rest,
              prefix_may_be_made_of_the_message,
              percent_signs_in_a_message_are_text);
    test_case(suite, "length", a_message_that_just_fits_is_whole,
              bytes_that_are_no_text_are_cut_without_harm);
    test_case_rows(suite, "cut", an_over_long_message_is_cut_at_a_character,
                   TEST_COUNT(characters));
    test_case_rows(suite, "cut by prefix",
                   a_prefix_that_makes_it_too_long_cuts_the_end_at_a_character,
                   TEST_COUNT(characters));
    return test_suite_run(suite);
}

/* SPDX-License-Identifier: MIT */
/*
 * Lines as words, with redis-cli's quotes.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "redis/cli/words_internal.h"

static const struct {
    const char *line;
    const char *want;  /* the words, each in <>, or  */
    const char *error; /* the message                */
} rows[] = {
    {"", "", NULL},
    {" \t\r\v\f", "", NULL},
    {"PING", "<PING>", NULL},
    {"  get  a\t b \r", "<get><a><b>", NULL},
    {"set a \"\"", "<set><a><>", NULL},
    {"set a ''", "<set><a><>", NULL},
    {"get \"a b\"", "<get><a b>", NULL},
    {"get 'a b'", "<get><a b>", NULL},
    {"get key:\"a b\"", "<get><key:a b>", NULL},
    {"get key:'a b' c", "<get><key:a b><c>", NULL},
    {"\"\\n\\r\\t\\b\\a\\\\\\\"\\q\"", "<\n\r\t\b\a\\\"q>", NULL},
    {"\"\\x41\\x4a\\x4A\"", "<AJJ>", NULL},
    {"\"\\x4\"", "<x4>", NULL},
    {"\"\\xzz\"", "<xzz>", NULL},
    {"'\\n\\''", "<\\n'>", NULL},
    {"'a\"b' \"a'b\"", "<a\"b><a'b>", NULL},
    {"a\\nb", "<a\\nb>", NULL},
    {"h\xc3\xa9 \xff", "<h\xc3\xa9><\xff>", NULL},
    {"get \"a", NULL, "column 5: this quote is never closed"},
    {"get 'a", NULL, "column 5: this quote is never closed"},
    {"get \"a\\", NULL, "column 5: this quote is never closed"},
    {"get \"a\\\"", NULL, "column 5: this quote is never closed"},
    {"get 'a\\'", NULL, "column 5: this quote is never closed"},
    {"get a\"", NULL, "column 6: this quote is never closed"},
    {"get \"a\"b", NULL, "column 8: expected a space after the closing quote"},
    {"get ''''", NULL, "column 7: expected a space after the closing quote"},
    {"get \"a\"\"b\"", NULL,
     "column 8: expected a space after the closing quote"},
};

START_TEST(line_is_split)
{
    dredis__words words;
    diesel_error err;
    /* A copy of just the line's size, so that reading beyond it is found out. */
    size_t len = strlen(rows[_i].line);
    char *line = malloc(len ? len : 1);
    memcpy(line, rows[_i].line, len);
    int result = dredis__words_split(line, len, &words, &err);
    if (rows[_i].error != NULL) {
        ck_assert_int_eq(result, -1);
        ck_assert_int_eq(err.code, DIESEL_E_INVAL);
        ck_assert_str_eq(err.message, rows[_i].error);
    } else {
        char got[200] = "";
        ck_assert_int_eq(result, 0);
        for (size_t i = 0; i < words.count; i++)
            snprintf(got + strlen(got), sizeof got - strlen(got), "<%.*s>",
                     (int)words.word[i].len, words.word[i].s);
        ck_assert_str_eq(got, rows[_i].want);
    }
    dredis__words_clear(&words);
    free(line);
}
END_TEST

START_TEST(words_may_hold_zero_bytes)
{
    dredis__words words;
    ck_assert_int_eq(dredis__words_split("a\0b \"\\x00\"", 10, &words, NULL), 0);
    ck_assert_uint_eq(words.count, 2);
    ck_assert_uint_eq(words.word[0].len, 3);
    ck_assert_uint_eq(words.word[1].len, 1);
    ck_assert_int_eq(words.word[1].s[0], 0);
    dredis__words_clear(&words);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("dredis_words");
    TCase *tc = tcase_create("words");
    tcase_add_loop_test(tc, line_is_split, 0,
                        (int)(sizeof rows / sizeof rows[0]));
    tcase_add_test(tc, words_may_hold_zero_bytes);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}

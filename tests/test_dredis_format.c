/* SPDX-License-Identifier: MIT */
/*
 * How dredis writes replies. What is expected of the styles FORMATTED and RAW is
 * what redis-cli 7.0 writes for the same replies; tests/live_dredis.sh compares
 * the two programs over a real server.
 */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "redis/cli/format_internal.h"

/* A reply as it looks in the source. */
#define TEXT(t, s) {.type = (t), .str = "" s, .len = sizeof s - 1}
#define STR(s) TEXT(DREDIS_STRING, s)
#define STATUS(s) TEXT(DREDIS_STATUS, s)
#define ERR(s) TEXT(DREDIS_ERROR, s)
#define BIG(s) TEXT(DREDIS_BIGNUM, s)
#define VERB(s) TEXT(DREDIS_VERBATIM, s)
#define NIL {.type = DREDIS_NIL}
#define INT(i) {.type = DREDIS_INTEGER, .integer = (i)}
#define BOOL(b) {.type = DREDIS_BOOL, .integer = (b)}
#define DBL(d, s)                                                              \
    {.type = DREDIS_DOUBLE, .dval = (d), .str = s, .len = sizeof s - 1}
#define MANY(t, ...)                                                           \
    {.type = (t), .element = (dredis_reply[]){__VA_ARGS__},                    \
     .elements = sizeof((dredis_reply[]){__VA_ARGS__}) / sizeof(dredis_reply)}
#define ARRAY(...) MANY(DREDIS_ARRAY, __VA_ARGS__)
#define MAP(...) MANY(DREDIS_MAP, __VA_ARGS__)
#define SET(...) MANY(DREDIS_SET, __VA_ARGS__)
#define PUSH(...) MANY(DREDIS_PUSH, __VA_ARGS__)
#define EMPTY(t) {.type = (t)}

static const struct {
    dredis_reply reply;
    const char *formatted, *raw, *json;
} rows[] = {
    {NIL, "(nil)\n", "\n", "null\n"},
    {STATUS("OK"), "OK\n", "OK\n", "\"OK\"\n"},
    {ERR("ERR no"), "(error) ERR no\n", "ERR no\n\n",
     "{\"error\":\"ERR no\"}\n"},
    {INT(-1), "(integer) -1\n", "-1\n", "-1\n"},
    {INT(INT64_MIN), "(integer) -9223372036854775808\n",
     "-9223372036854775808\n", "-9223372036854775808\n"},
    {BOOL(1), "(true)\n", "(true)\n", "true\n"},
    {BOOL(0), "(false)\n", "(false)\n", "false\n"},
    {DBL(1.5, "1.5"), "(double) 1.5\n", "1.5\n", "1.5\n"},
    {DBL(-1e300, "-1e+300"), "(double) -1e+300\n", "-1e+300\n", "-1e+300\n"},
    {DBL(INFINITY, "inf"), "(double) inf\n", "inf\n", "\"inf\"\n"},
    {DBL(NAN, "nan"), "(double) nan\n", "nan\n", "\"nan\"\n"},
    {BIG("12345678901234567890"), "(big number) 12345678901234567890\n",
     "12345678901234567890\n", "\"12345678901234567890\"\n"},
    {VERB("two\nlines"), "two\nlines\n", "two\nlines\n", "\"two\\nlines\"\n"},
    /* strings */
    {STR(""), "\"\"\n", "\n", "\"\"\n"},
    {STR("a b"), "\"a b\"\n", "a b\n", "\"a b\"\n"},
    {STR("\\\"\n\r\t\a\b\f\x01\x7f"),
     "\"\\\\\\\"\\n\\r\\t\\a\\b\\x0c\\x01\\x7f\"\n",
     "\\\"\n\r\t\a\b\f\x01\x7f\n",
     "\"\\\\\\\"\\n\\r\\t\\u0007\\b\\f\\u0001\x7f\"\n"},
    {STR("a\0b"), "\"a\\x00b\"\n", NULL, "\"a\\u0000b\"\n"},
    {STR("h\xc3\xa9"), "\"h\\xc3\\xa9\"\n", "h\xc3\xa9\n",
     "\"h\xc3\xa9\"\n"},
    {STR("\xff"), "\"\\xff\"\n", "\xff\n", "{\"base64\":\"/w==\"}\n"},
    {STR("\xff\xfe"), "\"\\xff\\xfe\"\n", "\xff\xfe\n",
     "{\"base64\":\"//4=\"}\n"},
    {STR("\xff\xfe\xfd"), "\"\\xff\\xfe\\xfd\"\n", "\xff\xfe\xfd\n",
     "{\"base64\":\"//79\"}\n"},
    {STR("\xed\xa0\x80"), "\"\\xed\\xa0\\x80\"\n", NULL,
     "{\"base64\":\"7aCA\"}\n"},
    /* aggregates */
    {EMPTY(DREDIS_ARRAY), "(empty array)\n", "\n", "[]\n"},
    {EMPTY(DREDIS_MAP), "(empty hash)\n", "\n", "{}\n"},
    {EMPTY(DREDIS_SET), "(empty set)\n", "\n", "[]\n"},
    {EMPTY(DREDIS_PUSH), "(empty aggregate)\n", "\n", "[]\n"},
    {ARRAY(STR("a"), INT(1), NIL),
     "1) \"a\"\n2) (integer) 1\n3) (nil)\n", "a\n1\n\n", "[\"a\",1,null]\n"},
    {SET(STR("a"), STR("b")), "1~ \"a\"\n2~ \"b\"\n", "a\nb\n",
     "[\"a\",\"b\"]\n"},
    {PUSH(STR("a"), STR("b")), "1) \"a\"\n2) \"b\"\n", "a\nb\n",
     "[\"a\",\"b\"]\n"},
    {ARRAY(ERR("ERR no"), INT(1)), "1) (error) ERR no\n2) (integer) 1\n",
     "ERR no\n\n1\n", "[{\"error\":\"ERR no\"},1]\n"},
    {ARRAY(INT(1), ARRAY(INT(2), EMPTY(DREDIS_ARRAY), ARRAY(STR("a"))),
           STR("z")),
     "1) (integer) 1\n"
     "2) 1) (integer) 2\n"
     "   2) (empty array)\n"
     "   3) 1) \"a\"\n"
     "3) \"z\"\n",
     "1\n2\n\na\nz\n", "[1,[2,[],[\"a\"]],\"z\"]\n"},
    {ARRAY(INT(1), INT(2), INT(3), INT(4), INT(5), INT(6), INT(7), INT(8),
           INT(9), ARRAY(INT(10), INT(11))),
     " 1) (integer) 1\n 2) (integer) 2\n 3) (integer) 3\n 4) (integer) 4\n"
     " 5) (integer) 5\n 6) (integer) 6\n 7) (integer) 7\n 8) (integer) 8\n"
     " 9) (integer) 9\n"
     "10) 1) (integer) 10\n"
     "    2) (integer) 11\n",
     "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n", "[1,2,3,4,5,6,7,8,9,[10,11]]\n"},
    /* maps */
    {MAP(STR("a"), INT(1), STR("b"), NIL),
     "1# \"a\" => (integer) 1\n2# \"b\" => (nil)\n", "a 1\nb \n",
     "{\"a\":1,\"b\":null}\n"},
    {MAP(STR("a"), ARRAY(INT(1), INT(2)), STR("b"), ARRAY(INT(1))),
     "1# \"a\" => \n"
     "   1) (integer) 1\n"
     "   2) (integer) 2\n"
     "2# \"b\" => 1) (integer) 1\n",
     "a 1\n2\nb 1\n", "{\"a\":[1,2],\"b\":[1]}\n"},
    {MAP(STR("g"), MAP(STR("k"), MAP(STR("z"), INT(1)))),
     "1# \"g\" => 1# \"k\" => 1# \"z\" => (integer) 1\n", "g k z 1\n",
     "{\"g\":{\"k\":{\"z\":1}}}\n"},
    {MAP(STR("h"), ARRAY(MAP(STR("a"), INT(1), STR("b"), INT(2)))),
     "1# \"h\" => \n"
     "   1) 1# \"a\" => (integer) 1\n"
     "      2# \"b\" => (integer) 2\n",
     "h a 1\nb 2\n", "{\"h\":[{\"a\":1,\"b\":2}]}\n"},
    {ARRAY(MAP(STR("a"), MAP(STR("k"), ARRAY(INT(1), INT(2))), STR("b"),
               SET(STR("x")))),
     "1) 1# \"a\" => \n"
     "      1# \"k\" => \n"
     "         1) (integer) 1\n"
     "         2) (integer) 2\n"
     "   2# \"b\" => 1~ \"x\"\n",
     "a k 1\n2\nb x\n", "[{\"a\":{\"k\":[1,2]},\"b\":[\"x\"]}]\n"},
    {MAP(INT(1), BOOL(1), DBL(1.5, "1.5"), BOOL(0), BOOL(1), NIL),
     "1# (integer) 1 => (true)\n"
     "2# (double) 1.5 => (false)\n"
     "3# (true) => (nil)\n",
     "1 (true)\n1.5 (false)\n(true) \n",
     "{\"1\":true,\"1.5\":false,\"true\":null}\n"},
    {MAP(STR("\xff"), INT(1), STR("b"), INT(2)),
     "1# \"\\xff\" => (integer) 1\n2# \"b\" => (integer) 2\n",
     "\xff 1\nb 2\n", "[[{\"base64\":\"/w==\"},1],[\"b\",2]]\n"},
    {MAP(ARRAY(INT(1), INT(2)), STR("v")),
     "1# 1) (integer) 1\n"
     "   2) (integer) 2 => \"v\"\n",
     "1\n2 v\n", "[[[1,2],\"v\"]]\n"},
};

static void check_style(const dredis_reply *reply, dredis__style style,
                        const char *delimiter, const char *want)
{
    char *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);
    dredis__format(reply, style, delimiter, out);
    fclose(out);
    ck_assert_str_eq(text, want);
    free(text);
}

START_TEST(reply_is_formatted)
{
    check_style(&rows[_i].reply, DREDIS__STYLE_FORMATTED, "\n",
                rows[_i].formatted);
}
END_TEST

START_TEST(reply_is_written_raw)
{
    if (rows[_i].raw != NULL)
        check_style(&rows[_i].reply, DREDIS__STYLE_RAW, "\n", rows[_i].raw);
}
END_TEST

START_TEST(reply_becomes_json)
{
    check_style(&rows[_i].reply, DREDIS__STYLE_JSON, "\n", rows[_i].json);
}
END_TEST

START_TEST(raw_strings_may_hold_zero_bytes)
{
    dredis_reply reply = STR("a\0b");
    char *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);
    dredis__format(&reply, DREDIS__STYLE_RAW, "\n", out);
    fclose(out);
    ck_assert_uint_eq(len, 4);
    ck_assert_mem_eq(text, "a\0b\n", 4);
    free(text);
}
END_TEST

START_TEST(text_ends_with_its_own_newline)
{
    dredis_reply reply = STR("# Server\r\n");
    check_style(&reply, DREDIS__STYLE_TEXT, "\n", "# Server\r\n");
}
END_TEST

START_TEST(delimiter_parts_elements_only)
{
    dredis_reply reply = ARRAY(INT(1), MAP(STR("k"), INT(2)), NIL);
    check_style(&reply, DREDIS__STYLE_RAW, ", ", "1, k 2, \n");
    check_style(&reply, DREDIS__STYLE_RAW, "", "1k 2\n");
}
END_TEST

static const struct {
    const char *words[4];
    bool want;
} commands[] = {
    {{"INFO"}, true},
    {{"info", "server"}, true},
    {{"INFORM"}, false},
    {{"client", "LIST"}, true},
    {{"CLIENT", "list", "TYPE", "normal"}, true},
    {{"CLIENT"}, false},
    {{"CLIENT", "GETNAME"}, false},
    {{"CLUSTER", "NODES"}, true},
    {{"CLUSTER", "NODES", "x"}, false},
    {{"GET", "INFO"}, false},
    {{NULL}, false},
};

START_TEST(text_commands_are_known)
{
    diesel_value words[4];
    size_t n = 0;
    for (; n < 4 && commands[_i].words[n] != NULL; n++)
        words[n] = diesel_str(commands[_i].words[n]);
    ck_assert_int_eq(dredis__is_text_command(words, n), commands[_i].want);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("dredis_format");
    TCase *tc = tcase_create("format");
    int count = (int)(sizeof rows / sizeof rows[0]);
    tcase_add_loop_test(tc, reply_is_formatted, 0, count);
    tcase_add_loop_test(tc, reply_is_written_raw, 0, count);
    tcase_add_loop_test(tc, reply_becomes_json, 0, count);
    tcase_add_test(tc, raw_strings_may_hold_zero_bytes);
    tcase_add_test(tc, text_ends_with_its_own_newline);
    tcase_add_test(tc, delimiter_parts_elements_only);
    tcase_add_loop_test(tc, text_commands_are_known, 0,
                        (int)(sizeof commands / sizeof commands[0]));
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}

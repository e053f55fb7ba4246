/* SPDX-License-Identifier: MIT */
/*
 * redis/server/request.c: bytes from a client to the arguments of a command, strict
 * and within limits. And what lies beside it: patterns and numbers.
 */
#include <diesel/redis.h>

#include "redis/buffer_internal.h"
#include "redis/server/request_internal.h"
#include "test_util.h"

static const dredis__request_limits limits = {.args = 4, .bulk = 10, .total = 20};

/* size: of the first command; 0: not all there; -1: refused, for the reason. */
static const struct {
    const char *wire;
    long size;
    const char *shown;
} rows[] = {
    {"*1\r\n$4\r\nPING\r\n", 14, "PING"},
    {"*2\r\n$3\r\nGET\r\n$1\r\nk\r\n", 20, "GET|k"},
    {"*2\r\n$3\r\nGET\r\n$0\r\n\r\n", 19, "GET|"},
    {"*1\r\n$4\r\nPING\r\n*1\r\n$4\r\nPING\r\n", 14, "PING"},
    {"*1\r\n$2\r\n\r\n\r\n", 12, "\r\n"},
    {"*1\r\n$10\r\n0123456789\r\n", 21, "0123456789"},
    {"*4\r\n$1\r\na\r\n$1\r\nb\r\n$1\r\nc\r\n$1\r\nd\r\n", 32, "a|b|c|d"},
    {"", 0, NULL},
    {"*", 0, NULL},
    {"*1", 0, NULL},
    {"*1\r", 0, NULL},
    {"*1\r\n", 0, NULL},
    {"*1\r\n$", 0, NULL},
    {"*1\r\n$4\r\nPIN", 0, NULL},
    {"*1\r\n$4\r\nPING", 0, NULL},
    {"*1\r\n$4\r\nPING\r", 0, NULL},
    {"PING\r\n", -1, "expected '*'"},
    {"\r\n", -1, "expected '*'"},
    {"$4\r\nPING\r\n", -1, "expected '*'"},
    {"*0\r\n", -1, "invalid multibulk length"},
    {"*-1\r\n", -1, "invalid multibulk length"},
    {"*5\r\n", -1, "invalid multibulk length"},
    {"*01\r\n", -1, "invalid multibulk length"},
    {"*+1\r\n", -1, "invalid multibulk length"},
    {"*\r\n", -1, "invalid multibulk length"},
    {"*1\n", -1, "invalid multibulk length"},
    {"*1\rx", -1, "invalid multibulk length"},
    {"*99999999999999999999999\r\n", -1, "invalid multibulk length"},
    {"*1\r\n:4\r\n", -1, "expected '$'"},
    {"*1\r\n+PING\r\n", -1, "expected '$'"},
    {"*1\r\n*1\r\n", -1, "expected '$'"},
    {"*1\r\n$-1\r\n", -1, "invalid bulk length"},
    {"*1\r\n$11\r\n", -1, "invalid bulk length"},
    {"*1\r\n$04\r\nPING\r\n", -1, "invalid bulk length"},
    {"*1\r\n$18446744073709551615\r\n", -1, "invalid bulk length"},
    {"*1\r\n$18446744073709551616\r\n", -1, "invalid bulk length"},
    {"*1\r\n$4\r\nPINGxx", -1, "expected CR LF behind an argument"},
    {"*1\r\n$4\r\nPINGx", -1, "expected CR LF behind an argument"},
    {"*1\r\n$4\r\nPING\rx", -1, "expected CR LF behind an argument"},
    {"*3\r\n$9\r\n123456789\r\n$9\r\n123456789\r\n$9\r\n", -1,
     "the command is too long"},
};

static void show(const dredis__request_parser *parser, long size, char text[256])
{
    text[0] = '\0';
    if (size < 0)
        strcpy(text, parser->why);
    for (size_t i = 0; size > 0 && i < parser->want; i++) {
        strcat(text, i > 0 ? "|" : "");
        strncat(text, parser->args[i].at, parser->args[i].len);
    }
}

/* Feeds the wire in two pieces, or byte by byte, from memory that ends there. */
static void check_row(int row, size_t step, size_t first)
{
    const char *wire = rows[row].wire;
    dredis__request_parser parser = {.limits = limits};
    size_t n = strlen(wire), have = first;
    char shown[256];
    long size = 0;
    for (;; have = have + step < n ? have + step : n) {
        char *piece = malloc(have > 0 ? have : 1);
        ck_assert_ptr_nonnull(piece);
        memcpy(piece, wire, have);
        size = dredis__request_parse(&parser, piece, have);
        show(&parser, size, shown);
        free(piece);
        if (size != 0 || have == n)
            break;
    }
    ck_assert_int_eq(size, rows[row].size);
    ck_assert_str_eq(shown, rows[row].shown != NULL ? rows[row].shown : "");
    dredis__request_clear(&parser);
}

START_TEST(a_request_is_read_however_it_is_split)
{
    size_t n = strlen(rows[_i].wire);
    check_row(_i, 1, 0);
    for (size_t first = 0; first <= n; first++)
        check_row(_i, n, first);
}
END_TEST

START_TEST(commands_behind_each_other_are_read_in_turn)
{
    static const char wire[] = "*1\r\n$1\r\na\r\n*2\r\n$1\r\nb\r\n$1\r\nc\r\n";
    dredis__request_parser parser = {.limits = limits};
    long size = dredis__request_parse(&parser, wire, sizeof wire - 1);
    ck_assert_int_eq(size, 11);
    size = dredis__request_parse(&parser, wire + 11, sizeof wire - 12);
    ck_assert_int_eq(size, 18);
    ck_assert_uint_eq(parser.want, 2);
    ck_assert(parser.args[1].at[0] == 'c');
    dredis__request_clear(&parser);
}
END_TEST

static const struct {
    const char *pattern, *text;
    bool matches;
} globs[] = {
    {"", "", true},        {"", "a", false},       {"*", "", true},
    {"*", "abc", true},    {"a*", "abc", true},    {"*c", "abc", true},
    {"a*c", "abc", true},  {"a*c", "abcd", false}, {"?", "a", true},
    {"?", "", false},      {"??", "a", false},     {"[abc]", "b", true},
    {"[abc]", "d", false}, {"[^abc]", "d", true},  {"[^abc]", "a", false},
    {"[a-c]x", "bx", true}, {"[c-a]x", "bx", true}, {"\\*", "*", true},
    {"\\*", "a", false},   {"a\\", "a\\", true},   {"[a", "a", true},
    {"[\\]]", "]", true},  {"user:*:name", "user:7:name", true},
    {"*a*b*c*", "xxaxxbxxcxx", true},              {"*a*b*c*", "cba", false},
    {"h[^e]llo", "hello", false},                  {"h[^e]llo", "hallo", true},
};

START_TEST(patterns_match_as_in_redis)
{
    ck_assert_msg(
        dredis__glob_matches(
            (dredis__span){globs[_i].pattern, strlen(globs[_i].pattern)},
            (dredis__span){globs[_i].text, strlen(globs[_i].text)}) ==
            globs[_i].matches,
        "\"%s\" and \"%s\"", globs[_i].pattern, globs[_i].text);
}
END_TEST

START_TEST(a_hostile_pattern_ends)
{
    char pattern[201], text[10001];
    for (int i = 0; i < 100; i++)
        memcpy(pattern + 2 * i, "a*", 2);
    pattern[200] = 'b';
    memset(text, 'a', sizeof text);
    ck_assert(!dredis__glob_matches((dredis__span){pattern, 201},
                                    (dredis__span){text, sizeof text}));
}
END_TEST

static const struct {
    const char *text;
    int result;
    long long value;
} numbers[] = {
    {"0", 0, 0},
    {"-1", 0, -1},
    {"9223372036854775807", 0, INT64_MAX},
    {"-9223372036854775808", 0, INT64_MIN},
    {"9223372036854775808", -1, 0},
    {"-9223372036854775809", -1, 0},
    {"99999999999999999999", -1, 0},
    {"", -1, 0},
    {"-", -1, 0},
    {"+1", -1, 0},
    {"01", -1, 0},
    {"-0", -1, 0},
    {" 1", -1, 0},
    {"1 ", -1, 0},
    {"1x", -1, 0},
};

START_TEST(numbers_are_read_strictly)
{
    long long value = 0;
    dredis__span span = {numbers[_i].text, strlen(numbers[_i].text)};
    ck_assert_int_eq(dredis__span_int(span, &value), numbers[_i].result);
    ck_assert_int_eq(value, numbers[_i].value);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("redis requests");
    test_case_rows(suite, "requests", a_request_is_read_however_it_is_split,
                   TEST_COUNT(rows));
    test_case(suite, "more", commands_behind_each_other_are_read_in_turn,
              a_hostile_pattern_ends);
    test_case_rows(suite, "patterns", patterns_match_as_in_redis,
                   TEST_COUNT(globs));
    test_case_rows(suite, "numbers", numbers_are_read_strictly,
                   TEST_COUNT(numbers));
    return test_suite_run(suite);
}

/* SPDX-License-Identifier: MIT */
/*
 * Commands, whether they only read, and where their keys stand: for the test of what
 * is known of commands and for the one that asks a server about the same.
 */
#ifndef TESTS_REDIS_COMMAND_ROWS_H
#define TESTS_REDIS_COMMAND_ROWS_H

#include <string.h>

#include <diesel/value.h>

#include "test_util.h"

static const struct {
    const char *text; /* words with spaces between them; "~" is an empty one */
    bool reads;
    const char *keys; /* their places */
} command_rows[] = {
    {"GET k", true, "1"},
    {"get k", true, "1"},
    {"SET k v", false, "1"},
    {"MGET a b c", true, "1 2 3"},
    {"MSET a 1 b 2", false, "1 3"},
    {"BLPOP a b 0", false, "1 2"},
    {"LMOVE a b LEFT RIGHT", false, "1 2"},
    {"EVAL return 2 a b x", false, "3 4"},
    {"EVAL_RO return 1 a", true, "3"},
    {"EVAL return 99 a", false, ""},
    {"EVAL return -1 a", false, ""},
    {"EVAL return x a", false, ""},
    {"EVAL", false, ""},
    {"ZUNIONSTORE d 2 a b WEIGHTS 1 2", false, "1 3 4"},
    {"XREAD COUNT 5 STREAMS a b 0 0", true, "4 5"},
    {"XREADGROUP GROUP g c STREAMS a >", false, "5"},
    {"XREAD COUNT 5", true, ""},
    {"XINFO STREAM k", true, "2"},
    {"xinfo stream k", true, "2"},
    {"XINFO", false, ""},
    {"XINFO NONE k", false, ""},
    {"OBJECT ENCODING k", true, "2"},
    {"BITOP AND d a b", false, "2 3 4"},
    {"MIGRATE h 1 k 0 9", false, "3"},
    {"MIGRATE h 1 k 0 9 COPY AUTH keys", false, "3"},
    {"MIGRATE h 1 ~ 0 9 KEYS a b", false, "7 8"},
    {"MIGRATE h 1 ~ 0 9 REPLACE AUTH2 u p keys a b c", false, "11 12 13"},
    {"MIGRATE h 1", false, ""},
    {"MIGRATE", false, ""},
    {"GEORADIUS k 0 0 1 m STORE d", false, "1 7"},
    {"GEORADIUS k 0 0 1 m COUNT 1 STOREDIST d", false, "1 9"},
    {"GEORADIUSBYMEMBER k m 1 m STOREDIST d", false, "1 6"},
    {"GEORADIUSBYMEMBER k m 1 m STORE", false, "1"},
    {"XREAD STREAMS a b c 0", true, "2 3"},
    {"PING", false, ""},
    {"NO_SUCH_COMMAND k", false, ""},
    {"A_NAME_THAT_IS_LONGER_THAN_ANY_COMMAND_HAS k", false, ""},
};

static inline size_t command_row_split(const char *text, diesel_value args[16])
{
    size_t n = 0;
    while (*text != '\0') {
        size_t len = strcspn(text, " ");
        args[n++] = diesel_strn(text, *text == '~' ? 0 : len);
        text += len + (text[len] == ' ');
    }
    return n;
}

#endif

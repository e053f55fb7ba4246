/* SPDX-License-Identifier: MIT */
/*
 * redis/route.c: which connection a command may go over.
 */
#include "redis/route_internal.h"
#include "test_util.h"

enum { SHARED = DREDIS__SHARED, DEDICATED = DREDIS__DEDICATED };
enum { PIPELINED = DREDIS__PIPELINED, SESSION = DREDIS__SESSION };
enum { REFUSED = DREDIS__REFUSED };

static const struct {
    const char *words; /* with a space between them */
    int route;
} rows[] = {
    {"GET k", SHARED},
    {"SET k v", SHARED},
    {"S", SHARED},
    {"LPOP k", SHARED},
    {"XADD s * f v", SHARED},
    {"XREAD STREAMS s 0", SHARED},
    {"XREAD COUNT 1 STREAMS BLOCK 0", SHARED},
    {"XREAD BLOCK 10 STREAMS s 0", DEDICATED},
    {"xread count 1 block 10 streams s 0", DEDICATED},
    {"XREADGROUP GROUP g c BLOCK 0 STREAMS s >", DEDICATED},
    {"XREADGROUP GROUP g c STREAMS s >", SHARED},
    {"BLPOP k 1", DEDICATED},
    {"blpop k 1", DEDICATED},
    {"BRPOP k 1", DEDICATED},
    {"BLMOVE a b LEFT RIGHT 1", DEDICATED},
    {"BLMPOP 1 1 k LEFT", DEDICATED},
    {"BRPOPLPUSH a b 1", DEDICATED},
    {"BZPOPMIN k 1", DEDICATED},
    {"BZPOPMAX k 1", DEDICATED},
    {"BZMPOP 1 1 k MIN", DEDICATED},
    {"BITCOUNT k", SHARED},
    {"WAIT 1 0", PIPELINED},
    {"WAITAOF 1 0 0", PIPELINED},
    {"SUBSCRIBE c", REFUSED},
    {"subscribe c", REFUSED},
    {"PSUBSCRIBE c", REFUSED},
    {"SSUBSCRIBE c", REFUSED},
    {"UNSUBSCRIBE", REFUSED},
    {"PUNSUBSCRIBE", REFUSED},
    {"SUNSUBSCRIBE", REFUSED},
    {"PUBLISH c m", SHARED},
    {"MONITOR", REFUSED},
    {"SYNC", REFUSED},
    {"PSYNC a b", REFUSED},
    {"MULTI", SESSION},
    {"EXEC", SESSION},
    {"DISCARD", SESSION},
    {"WATCH k", SESSION},
    {"UNWATCH", SESSION},
    {"AUTH p", SESSION},
    {"HELLO 3", SESSION},
    {"SELECT 1", SESSION},
    {"RESET", SESSION},
    {"QUIT", SESSION},
    {"ASKING", SESSION},
    {"CLIENT REPLY OFF", REFUSED},
    {"client reply off", REFUSED},
    {"CLIENT SETNAME REPLY", SHARED},
    {"CLIENT", SHARED},
    {"CLIENT LIST", SHARED},
    {"MULTIPLE", SHARED},
    {"EVAL x 0", SHARED},
    {"{x", SHARED},
    {"@x", SHARED},
};

START_TEST(each_command_goes_its_way)
{
    char words[80];
    diesel_value args[16];
    size_t n = 0;
    strcpy(words, rows[_i].words);
    for (char *w = strtok(words, " "); w != NULL; w = strtok(NULL, " "))
        args[n++] = diesel_str(w);
    const char *why = NULL;
    ck_assert_int_eq(dredis__route_of(args, n, &why), rows[_i].route);
    ck_assert((why != NULL) ==
              (rows[_i].route >= PIPELINED));
}
END_TEST

START_TEST(a_name_that_is_no_string_goes_the_common_way)
{
    const char *why;
    ck_assert_int_eq(dredis__route_of(DIESEL_VALUES(42, "x"), 2, &why), SHARED);
    ck_assert_int_eq(dredis__route_of(DIESEL_VALUES(""), 1, &why), SHARED);
    ck_assert_int_eq(dredis__route_of(DIESEL_VALUES((char *)NULL), 1, &why),
                     SHARED);
    ck_assert_int_eq(
        dredis__route_of(DIESEL_VALUES(diesel_bytes(NULL, 4)), 1, &why), SHARED);
    ck_assert_int_eq(
        dredis__route_of(DIESEL_VALUES("XREAD", diesel_bytes(NULL, 5), 7), 3,
                         &why),
        SHARED);
    ck_assert_int_eq(
        dredis__route_of(DIESEL_VALUES(diesel_bytes("QUITx", 4)), 1, &why),
        SESSION);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("redis_route");
    test_case_rows(suite, "routes", each_command_goes_its_way, TEST_COUNT(rows));
    test_case(suite, "others", a_name_that_is_no_string_goes_the_common_way);
    return test_suite_run(suite);
}

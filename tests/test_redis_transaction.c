/* SPDX-License-Identifier: MIT */
/*
 * redis/transaction.c, script.c, scan.c: what is sent, and what becomes of servers
 * that say what they should not. With real servers: live_redis_atomic.c.
 */
#include <inttypes.h>

#include <diesel/redis.h>

#include "redis_script.h"
#include "test_util.h"

static redis_script *server;
static dredis *client;
static char heard[1024];
static size_t reads;

/* Answers with the texts in turn; NULL hangs up. */
static int answer(redis_script_peer *peer, const redis_script_command *command,
                  void *arg)
{
    const char *const **answers = arg;
    snprintf(heard + strlen(heard), sizeof heard - strlen(heard), "%s%s",
             heard[0] != '\0' ? "; " : "", command->text);
    reads = redis_script_reads(peer);
    if (**answers == NULL) {
        ++*answers;
        return -1;
    }
    return redis_script_say(peer, *(*answers)++);
}

static void open_both(const char *const **answers)
{
    diesel_error err;
    heard[0] = '\0';
    server = redis_script_open(answer, answers, NULL);
    assert_made(client = dredis_open(redis_script_url(server), NULL, &err));
}

static void close_both(void)
{
    dredis_close(client);
    redis_script_close(server);
}

#define MULTI_OK "+OK\r\n"
#define QUEUED "+QUEUED\r\n"

/* A transaction of SET a 1 and INCR b: what comes back, and what it means. */
static const struct {
    const char *answers[5];
    int gives, code, detail;
    unsigned flags;
    const char *said;
} rows[] = {
    {{MULTI_OK, QUEUED, QUEUED, "*2\r\n+OK\r\n:1\r\n"}, 1, 0, 0, 0, NULL},
    {{MULTI_OK, QUEUED, QUEUED, "*-1\r\n"}, 0, 0, 0, 0, NULL},
    {{MULTI_OK, QUEUED, QUEUED, "*1\r\n+OK\r\n"}, -1, DIESEL_E_PROTOCOL, 0, 0,
     "1 elements for 2 commands"},
    {{MULTI_OK, QUEUED, QUEUED, "+OK\r\n"}, -1, DIESEL_E_PROTOCOL, 0, 0,
     "of type status"},
    {{MULTI_OK, "-ERR no\r\n", QUEUED, "-EXECABORT discarded\r\n"},
     -1, DIESEL_E_SERVER, DREDIS_ERR_EXECABORT, DIESEL_EF_SENT,
     "command 0: ERR no"},
    {{"-NOPERM no\r\n", "+OK\r\n", ":1\r\n", "-ERR EXEC without MULTI\r\n"},
     -1, DIESEL_E_SERVER, DREDIS_ERR_NOPERM, DIESEL_EF_SENT, "NOPERM no"},
    {{MULTI_OK, "-OOM x\r\n", "-OOM x\r\n", "-EXECABORT discarded\r\n"},
     -1, DIESEL_E_SERVER, DREDIS_ERR_EXECABORT, DIESEL_EF_SENT,
     "command 0: OOM x"},
    {{NULL}, -1, DIESEL_E_CLOSED, 0, DIESEL_EF_SENT, "closed"},
    {{MULTI_OK, QUEUED, NULL}, -1, DIESEL_E_CLOSED, 0, DIESEL_EF_SENT, "closed"},
    {{MULTI_OK, QUEUED, QUEUED, NULL}, -1, DIESEL_E_CLOSED, 0, DIESEL_EF_SENT,
     "closed"},
};

FIBER_TEST(each_end_of_a_transaction_is_told)
{
    diesel_error err;
    const char *const *answers = rows[row].answers;
    open_both(&answers);
    dredis_transaction *t;
    assert_made(t = dredis_transaction_new(client, NULL, &err));
    assert_ok(dredis_transaction_add(t, &err, "SET", "a", 1));
    assert_ok(dredis_transaction_add(t, &err, "INCR", "b"));
    int gives = dredis_transaction_run(t, &err);
    ck_assert_int_eq(gives, rows[row].gives);
    if (gives < 0) {
        assert_error(rows[row].code);
        ck_assert_int_eq(err.detail, rows[row].detail);
        ck_assert_uint_eq(err.flags & DIESEL_EF_SENT, rows[row].flags);
        assert_contains(err.message, rows[row].said);
        assert_contains(err.message, "transaction of 2 commands");
    }
    if (rows[row].answers[0] != NULL && rows[row].code != DIESEL_E_CLOSED) {
        ck_assert_str_eq(heard, "MULTI; SET a 1; INCR b; EXEC");
        ck_assert_uint_eq(reads, 2); /* the handshake, and one for all */
    }
    dredis_transaction_free(t);
    close_both();
    return 0;
}
END_TEST

FIBER_TEST(a_lost_watch_is_taken_anew)
{
    diesel_error err;
    static const char *const all[] = {
        MULTI_OK, MULTI_OK, NULL, MULTI_OK, MULTI_OK, QUEUED, "*1\r\n:5\r\n"};
    const char *const *answers = all;
    open_both(&answers);
    dredis_transaction *t;
    assert_made(t = dredis_transaction_new(client, NULL, &err));
    assert_ok(dredis_transaction_watch(t, DREDIS_LIST("a"), &err));
    assert_ok(dredis_transaction_discard(t, &err)); /* UNWATCH */
    answers = all + 2; /* hangs up at the WATCH, which is sent again elsewhere */
    assert_ok(dredis_transaction_watch(t, DREDIS_LIST("a"), &err));
    assert_ok(dredis_transaction_add(t, &err, "INCR", "a"));
    ck_assert_int_eq(dredis_transaction_run(t, &err), 1);
    ck_assert_int_eq(dredis_transaction_reply(t, 0)->integer, 5);
    dredis_transaction_free(t);
    close_both();
    return 0;
}
END_TEST

FIBER_TEST(a_connection_lost_after_the_watch_fails_the_attempt)
{
    diesel_error err;
    static const char *const all[] = {MULTI_OK, NULL};
    const char *const *answers = all;
    open_both(&answers);
    dredis_transaction *t;
    assert_made(t = dredis_transaction_new(client, NULL, &err));
    assert_ok(dredis_transaction_watch(t, DREDIS_LIST("a"), &err));
    assert_ok(dredis_transaction_add(t, &err, "INCR", "a"));
    assert_fails(dredis_transaction_run(t, &err), DIESEL_E_CLOSED);
    ck_assert_uint_eq(err.flags & DIESEL_EF_SENT, DIESEL_EF_SENT);
    ck_assert_uint_eq(dredis_stats_of(client).dedicated, 0);
    dredis_transaction_free(t);
    close_both();
    return 0;
}
END_TEST

FIBER_TEST(an_unknown_script_is_sent)
{
    diesel_error err;
    static const char *const all[] = {"-NOSCRIPT No matching script\r\n",
                                      ":1\r\n", ":2\r\n"};
    const char *const *answers = all;
    static dredis_script script = DREDIS_SCRIPT("return 1");
    open_both(&answers);
    for (int i = 1; i <= 2; i++) {
        dredis_reply *r = dredis_script_call(client, &script, DREDIS_LIST("k"),
                                             DREDIS_LIST(7), &err);
        assert_made(r);
        ck_assert_int_eq(r->integer, i);
        dredis_reply_free(r);
    }
    ck_assert_str_eq(
        heard, "EVALSHA e0e1f9fabfc9d4800c877a703b823ac0578ff8db 1 k 7; "
               "EVAL return 1 1 k 7; "
               "EVALSHA e0e1f9fabfc9d4800c877a703b823ac0578ff8db 1 k 7");
    close_both();
    return 0;
}
END_TEST

static const char *const no_pages[] = {
    "+OK\r\n",
    "*0\r\n",
    "*2\r\n:0\r\n*0\r\n",
    "*2\r\n$1\r\n0\r\n+OK\r\n",
    "*2\r\n$0\r\n\r\n*0\r\n",
    "*2\r\n$40\r\n0123456789012345678901234567890123456789\r\n*0\r\n",
};

FIBER_TEST(what_is_no_page_is_refused)
{
    diesel_error err;
    const char *all[] = {no_pages[row], NULL};
    const char *const *answers = all;
    const dredis_reply *item;
    open_both(&answers);
    dredis_scan *scan;
    assert_made(scan = dredis_scan_open(client, NULL, &err));
    assert_fails(dredis_scan_next(scan, &item, &err), DIESEL_E_PROTOCOL);
    assert_contains(err.message, "SCAN 0: ");
    dredis_scan_close(scan);
    close_both();
    return 0;
}
END_TEST

FIBER_TEST(empty_pages_are_turned_until_the_end)
{
    diesel_error err;
    static const char *const all[] = {
        "*2\r\n$2\r\n17\r\n*0\r\n", "*2\r\n$2\r\n18\r\n*1\r\n$1\r\na\r\n",
        "*2\r\n$1\r\n5\r\n*0\r\n",
        "*2\r\n$1\r\n0\r\n*2\r\n$1\r\nb\r\n$1\r\nc\r\n"};
    const char *const *answers = all;
    const dredis_reply *item;
    open_both(&answers);
    dredis_scan *scan;
    char key[] = "key", match[] = "m*";
    assert_made(scan = dredis_sscan_open(
                    client, key,
                    &(dredis_scan_options){.match = match, .count = 3}, &err));
    memset(key, 'x', 3), memset(match, 'x', 2); /* they were copied */
    for (const char *want = "abc"; *want != '\0'; want++) {
        ck_assert_int_eq(dredis_scan_next(scan, &item, &err), 1);
        ck_assert_int_eq(item->str[0], *want);
    }
    ck_assert_int_eq(dredis_scan_next(scan, &item, &err), 0);
    ck_assert_str_eq(heard, "SSCAN key 0 MATCH m* COUNT 3; "
                            "SSCAN key 17 MATCH m* COUNT 3; "
                            "SSCAN key 18 MATCH m* COUNT 3; "
                            "SSCAN key 5 MATCH m* COUNT 3");
    dredis_scan_close(scan);
    close_both();
    return 0;
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("redis_transaction");
    test_case_rows(suite, "ends", each_end_of_a_transaction_is_told,
                   TEST_COUNT(rows));
    test_case(suite, "watches", a_lost_watch_is_taken_anew,
              a_connection_lost_after_the_watch_fails_the_attempt);
    test_case(suite, "scripts", an_unknown_script_is_sent);
    test_case_rows(suite, "no pages", what_is_no_page_is_refused,
                   TEST_COUNT(no_pages));
    test_case(suite, "scans", empty_pages_are_turned_until_the_end);
    return test_suite_run(suite);
}

/* SPDX-License-Identifier: MIT */
/*
 * redis/elements.c: replies by their elements; any split, any cut, at flat memory.
 */
#include <inttypes.h>

#include <diesel/redis.h>

#include "faulty_memory.h"
#include "redis/reply_reader_internal.h"
#include "redis_script.h"
#include "test_util.h"

static redis_script *server;
static dredis *client;

/* Says a text, in pieces of so many bytes, and hangs up after so many. */
struct speech {
    const char *text;
    size_t piece, cut; /* cut: beyond the text for none */
};

static int speak(redis_script_peer *peer, const redis_script_command *command,
                 void *arg)
{
    const struct speech *speech = arg;
    size_t len = strlen(speech->text);
    (void)command;
    if (redis_script_number(peer) == 1) /* the shared connection */
        return redis_script_say(peer, ":1\r\n");
    for (size_t at = 0; at < len && at < speech->cut; at += speech->piece) {
        size_t n = len - at < speech->piece ? len - at : speech->piece;
        if (n > speech->cut - at)
            n = speech->cut - at;
        if (redis_script_send(peer, speech->text + at, n) < 0 ||
            diesel_yield(NULL) < 0)
            return -1;
    }
    return speech->cut < len ? -1 : 0;
}

static void open_both(redis_script_fn *script, void *arg,
                      const dredis_options *options)
{
    diesel_error err;
    server = redis_script_open(script, arg, NULL);
    assert_made(client = dredis_open(redis_script_url(server), options, &err));
}

static void close_both(void)
{
    dredis_close(client);
    redis_script_close(server);
}

static const struct {
    const char *text;
    size_t count;
    const char *elements;
    dredis_type type;
    bool resp3;
} rows[] = {
    {"*0\r\n", 0, "", DREDIS_ARRAY, false},
    {"*-1\r\n", 0, "", DREDIS_NIL, false},
    {"$-1\r\n", 0, "", DREDIS_NIL, false},
    {"*3\r\n$1\r\na\r\n:12\r\n$-1\r\n", 3, "a 12 nil", DREDIS_ARRAY, false},
    {"*2\r\n*2\r\n:1\r\n:2\r\n-ERR x\r\n", 2, "[2] ERR x", DREDIS_ARRAY, false},
    {"%2\r\n$1\r\na\r\n:1\r\n$1\r\nb\r\n:2\r\n", 4, "a 1 b 2", DREDIS_MAP, true},
    {"~2\r\n+x\r\n#t\r\n", 2, "x 1", DREDIS_SET, true},
    {">2\r\n+invalidate\r\n*0\r\n*1\r\n+x\r\n", 1, "x", DREDIS_ARRAY, true},
    {"|1\r\n+k\r\n+v\r\n*2\r\n+x\r\n+y\r\n", 2, "x y", DREDIS_ARRAY, true},
    {"*2\r\n|1\r\n+k\r\n+v\r\n+x\r\n+y\r\n", 2, "x y", DREDIS_ARRAY, true},
};

static void append_shown(char *shown, size_t size, const dredis_reply *item)
{
    size_t n = strlen(shown);
    const char *gap = n > 0 ? " " : "";
    if (item->str != NULL)
        snprintf(shown + n, size - n, "%s%s", gap, item->str);
    else if (item->elements > 0)
        snprintf(shown + n, size - n, "%s[%zu]", gap, item->elements);
    else if (item->type == DREDIS_NIL)
        snprintf(shown + n, size - n, "%snil", gap);
    else
        snprintf(shown + n, size - n, "%s%" PRId64, gap, item->integer);
}

FIBER_TEST(each_element_comes_in_any_split)
{
    diesel_error err;
    if (rows[row].resp3 && !dredis__reply_reader_knows_resp3())
        return 0;
    struct speech speech = {rows[row].text, 1, SIZE_MAX};
    open_both(speak, &speech, NULL);
    size_t len = strlen(rows[row].text);
    for (speech.piece = 1; speech.piece <= len; speech.piece++) {
        char shown[128] = "";
        const dredis_reply *item;
        int got;
        dredis_elements *all;
        assert_made(all = dredis_elements_open(client, &err, "LRANGE", "k", 0, -1));
        ck_assert_uint_eq(dredis_elements_count(all), rows[row].count);
        ck_assert_int_eq(dredis_elements_type(all), rows[row].type);
        while ((got = dredis_elements_next(all, &item, &err)) > 0)
            append_shown(shown, sizeof shown, item);
        ck_assert_int_eq(got, 0);
        ck_assert_int_eq(dredis_elements_next(all, &item, &err), 0);
        ck_assert_str_eq(shown, rows[row].elements);
        dredis_elements_close(all);
    }
    ck_assert_uint_eq(redis_script_accepted(server), 2); /* it was used again */
    close_both();
    return 0;
}
END_TEST

FIBER_TEST(a_cut_at_any_byte_is_told)
{
    diesel_error err;
    if (rows[row].resp3 && !dredis__reply_reader_knows_resp3())
        return 0;
    struct speech speech = {rows[row].text, 4096, 0};
    open_both(speak, &speech, NULL);
    for (; speech.cut < strlen(rows[row].text); speech.cut++) {
        const dredis_reply *item;
        int got = -1;
        test_error_wipe(&err);
        dredis_elements *all =
            dredis_elements_open(client, &err, "LRANGE", "k", 0, -1);
        if (all == NULL)
            ck_assert_uint_eq(err.flags, DIESEL_EF_SENT);
        while (all != NULL && (got = dredis_elements_next(all, &item, &err)) > 0)
            ;
        ck_assert_int_eq(got, -1);
        assert_error(DIESEL_E_CLOSED);
        if (all != NULL)
            assert_fails(dredis_elements_next(all, &item, &err),
                         DIESEL_E_CLOSED);
        dredis_elements_close(all);
    }
    ck_assert_uint_eq(dredis_stats_of(client).dedicated, 0);
    close_both();
    return 0;
}
END_TEST

static const struct {
    const char *text;
    int code;
    const char *said;
} wrong[] = {
    {"+OK\r\n", DIESEL_E_PROTOCOL, "the status \"OK\" and not a list"},
    {":1\r\n", DIESEL_E_PROTOCOL, "not a list"},
    {"-WRONGTYPE no\r\n", DIESEL_E_SERVER, "LRANGE k: WRONGTYPE no"},
    {"*x\r\n", DIESEL_E_PROTOCOL, "no number of elements"},
    {"*\r\n", DIESEL_E_PROTOCOL, "no number of elements"},
    {"*-2\r\n", DIESEL_E_PROTOCOL, "no number of elements"},
    {"*99999999999999999999\r\n", DIESEL_E_PROTOCOL, "no number of elements"},
    {"*12345678901234567890123456789012345678\r\n", DIESEL_E_PROTOCOL,
     "without an end"},
    {"HTTP/1.1 400\r\n", DIESEL_E_PROTOCOL, "not RESP"},
};

FIBER_TEST(what_is_no_list_is_refused)
{
    diesel_error err;
    struct speech speech = {wrong[row].text, 4096, SIZE_MAX};
    open_both(speak, &speech, NULL);
    assert_fails_null(dredis_elements_open(client, &err, "LRANGE", "k", 0, -1),
                      wrong[row].code);
    assert_contains(err.message, wrong[row].said);
    assert_fails_null(dredis_elements_open(client, &err, "MULTI"),
                      DIESEL_E_INVAL);
    close_both();
    return 0;
}
END_TEST

enum { MILLIONS = 2 * 1000 * 1000 };

static long written;

/* An array of two million elements. */
static int say_millions(redis_script_peer *peer,
                        const redis_script_command *command, void *arg)
{
    char piece[12 * 1000];
    (void)command, (void)arg;
    for (int i = 0; i < 1000; i++)
        memcpy(piece + 12 * i, "$6\r\nabcdef\r\n", 12);
    char head[32];
    snprintf(head, sizeof head, "*%d\r\n", MILLIONS);
    if (redis_script_say(peer, head) < 0)
        return -1;
    for (written = 0; written < MILLIONS; written += 1000)
        if (redis_script_send(peer, piece, sizeof piece) < 0)
            return -1;
    return 0;
}

static size_t largest;

static void *noting_malloc(size_t size)
{
    largest = size > largest ? size : largest;
    return faulty_malloc(size);
}

static void *noting_realloc(void *p, size_t size)
{
    largest = size > largest ? size : largest;
    return faulty_realloc(p, size);
}

FIBER_TEST(millions_pass_through_flat_memory)
{
    diesel_error err;
    const dredis_reply *item;
    long alive = 0, count = 0;
    int got;
    faulty_memory_fail(0);
    diesel_allocator_set(&(diesel_allocator){noting_malloc, faulty_calloc,
                                             noting_realloc, faulty_free});
    open_both(say_millions, NULL, NULL);
    dredis_elements *all;
    assert_made(all = dredis_elements_open(client, &err, "SMEMBERS", "k"));
    ck_assert_uint_eq(dredis_elements_count(all), MILLIONS);
    while ((got = dredis_elements_next(all, &item, &err)) > 0) {
        ck_assert_uint_eq(item->len, 6);
        if (++count == 1000)
            alive = faulty_alive, largest = 0;
    }
    ck_assert_int_eq(got, 0);
    ck_assert_int_eq(count, MILLIONS);
    ck_assert_int_le(faulty_alive, alive + 4);
    ck_assert_uint_lt(largest, 512 * 1024);
    dredis_elements_close(all);
    close_both();
    return 0;
}
END_TEST

FIBER_TEST(who_does_not_ask_holds_the_server_up)
{
    diesel_error err;
    const dredis_reply *item;
    open_both(say_millions, NULL, NULL);
    dredis_elements *all;
    assert_made(all = dredis_elements_open(client, &err, "SMEMBERS", "k"));
    ck_assert_int_eq(dredis_elements_next(all, &item, &err), 1);
    long before = -1;
    while (written != before) { /* until it stands still */
        before = written;
        for (int i = 0; i < 10; i++)
            assert_ok(diesel_sleep(1, &err));
    }
    ck_assert_int_lt(written, MILLIONS / 2);
    dredis_elements_close(all);
    close_both();
    return 0;
}
END_TEST

FIBER_TEST(a_deadline_leaves_the_rest_where_it_is)
{
    diesel_error err;
    const dredis_reply *item;
    struct speech speech = {"*2\r\n+x\r\n", 4096, SIZE_MAX};
    open_both(speak, &speech, NULL);
    dredis_elements *all;
    assert_made(all = dredis_elements_open(client, &err, "KEYS", "*"));
    ck_assert_int_eq(dredis_elements_next(all, &item, &err), 1);
    diesel_scope *scope =
        diesel_scope_open(&(diesel_scope_options){.timeout_ms = 5});
    assert_fails(dredis_elements_next(all, &item, &err), DIESEL_E_TIMEDOUT);
    (void)diesel_scope_wait(scope, NULL);
    redis_script_hang_up(server);
    assert_fails(dredis_elements_next(all, &item, &err), DIESEL_E_CLOSED);
    dredis_elements_close(all);
    close_both();
    return 0;
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("redis_elements");
    test_case_rows(suite, "splits", each_element_comes_in_any_split,
                   TEST_COUNT(rows));
    test_case_rows(suite, "cuts", a_cut_at_any_byte_is_told, TEST_COUNT(rows));
    test_case_rows(suite, "wrong", what_is_no_list_is_refused,
                   TEST_COUNT(wrong));
    test_case(suite, "many", millions_pass_through_flat_memory,
              who_does_not_ask_holds_the_server_up,
              a_deadline_leaves_the_rest_where_it_is);
    return test_suite_run(suite);
}

/* SPDX-License-Identifier: MIT */
/*
 * A MongoDB server that sends what it should not: damaged checksums and compressed
 * messages, bombs, refusals; and one that goes away while a thousand fibers write.
 * Each call must end with a result or an error that says what happened, nothing
 * may be sent twice, and the client must go on to be of use.
 */
#include <stdint.h>

#include <diesel/mongo.h>

#include "mongo/compress_internal.h"
#include "mongo/element_internal.h"
#include "mongo_pair.h"
#include "mongo_small.h"
#include "test_util.h"

static int ask(diesel_error *err)
{
    bson_t *reply;
    if (dmongo_run(mongo, "t", dmongo_doc("count", "c"), &reply, err) < 0)
        return -1;
    int n = (int)dmongo_get_int(reply, "n", 0);
    bson_destroy(reply);
    return n;
}

/* --- Damaged replies */

static mongo_script_how how; /* of the next reply, if is_wrong */
static bool is_wrong;

static int reply_so(mongo_script_peer *peer, const mongo_script_request *request,
                    void *arg)
{
    (void)arg;
    return mongo_script_reply(
        peer, request,
        dmongo_doc("n", 3, "text", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "ok", 1.0),
        is_wrong ? &how : NULL);
}

/* header, flags, body with 21 + 52 bytes or so, checksum */
enum { CHECKED_SIZE = 16 + 4 + 1 + 68 + 4 };

FIBER_TEST(no_damaged_byte_gets_past_a_checksum)
{
    diesel_error err;
    open_pair(reply_so, NULL, "socketTimeoutMS=100&retryReads=false",
            &(dmongo_options){.checksums = true});
    for (int i = 1; i < CHECKED_SIZE; i++) {
        how = (mongo_script_how){.flip = i};
        is_wrong = true;
        test_error_wipe(&err);
        int n = ask(&err);
        ck_assert_msg(n == -1, "byte %d: %d", i, n);
        test_message_is_sound(&err);
        is_wrong = false;
        ck_assert_int_eq(ask(&err), 3);
    }
    close_pair();
    return 0;
}
END_TEST

static const char *const compressors[] = {"zlib", "zstd", "snappy"};

FIBER_TEST(a_damaged_compressed_reply_ends_the_call_or_changes_nothing)
{
    diesel_error err;
    char options[80];
    if (dmongo__compressor_find(compressors[row]) == DMONGO__NO_COMPRESSOR)
        return 0;
    snprintf(options, sizeof options, "socketTimeoutMS=100&compressors=%s",
             compressors[row]);
    open_pair(reply_so, &(mongo_script_options){.compressors = compressors[row]},
            options, NULL);
    int refused = 0;
    for (int i = 1; i < 70; i++) {
        how = (mongo_script_how){.flip = i};
        is_wrong = true;
        test_error_wipe(&err);
        int n = ask(&err);
        if (n == -1)
            test_message_is_sound(&err);
        refused += n == -1;
        is_wrong = false;
        ck_assert_int_eq(ask(&err), 3);
    }
    ck_assert_int_gt(refused, 20);
    close_pair();
    return 0;
}
END_TEST

FIBER_TEST(a_reply_in_two_pieces_is_one_wherever_it_is_cut)
{
    diesel_error err;
    open_pair(reply_so, NULL, "", NULL);
    is_wrong = true;
    for (size_t i = 1; i < CHECKED_SIZE - 4; i++) {
        how = (mongo_script_how){.split = i};
        ck_assert_int_eq(ask(&err), 3);
    }
    close_pair();
    return 0;
}
END_TEST

/* --- Bombs: few bytes that would be many */

static const struct bomb {
    const char *claim;
    size_t size;    /* of the message within: zeros */
    uint32_t admits; /* to being so large */
    const char *why;
} bombs[] = {
    {"what is larger than the limit", 1 << 20, 1 << 20, "larger than the limit"},
    {"what says that it is small", 1 << 20, 60, "larger than it says"},
    {"what says that it is huge", 1000, 0x7fffffff, "larger than the limit"},
    {"what says that it is negative", 1000, 0xffffffff, "negative"},
};
static const struct bomb *bomb;

static int reply_bomb(mongo_script_peer *peer, const mongo_script_request *request,
                      void *arg)
{
    (void)arg;
    if (bomb == NULL)
        return reply_so(peer, request, NULL);
    diesel_error err;
    struct dmongo__buffer out = {0};
    size_t n = DMONGO__HEADER_SIZE + bomb->size;
    uint8_t *message = calloc(1, n);
    dmongo__store32(message, (uint32_t)n);
    dmongo__store32(message + 8, (uint32_t)request->id);
    dmongo__store32(message + 12, DMONGO__OP_MSG);
    int64_t size = dmongo__pack(
        &(struct dmongo__packing){.compressor = DMONGO__ZLIB, .zlib_level = 9},
        message, n, &out, &err);
    assert_ok(size);
    dmongo__store32(out.data + DMONGO__HEADER_SIZE + 4, bomb->admits);
    int sent = mongo_script_send(peer, out.data, (size_t)size);
    dmongo__buffer_clear(&out);
    free(message);
    return sent;
}

FIBER_TEST(a_bomb_is_refused)
{
    diesel_error err;
    bomb = NULL;
    open_pair(reply_bomb, &(mongo_script_options){.compressors = "zlib"},
            "compressors=zlib", &(dmongo_options){.max_reply = 100 * 1024});
    bomb = &bombs[row];
    assert_fails(ask(&err), DIESEL_E_PROTOCOL);
    assert_contains(err.message, bomb->why);
    bomb = NULL;
    ck_assert_int_eq(ask(&err), 3);
    close_pair();
    return 0;
}
END_TEST

/* --- Refusals */

static int lose_cursor(mongo_script_peer *peer, const mongo_script_request *request,
                       void *arg)
{
    if (strcmp(request->command, "getMore") == 0)
        return dmongo_peer_reply_error(mongo_script_client(peer), request->from,
                                       DMONGO_CURSOR_NOT_FOUND,
                                       "cursor id 77 not found", NULL);
    return mongo_small(peer, request, arg);
}

FIBER_TEST(a_cursor_that_the_server_has_killed_is_told_and_not_killed_again)
{
    diesel_error err;
    const bson_t *doc;
    mongo_small_reset();
    open_pair(lose_cursor, &mongo_small_options, "", NULL);
    dmongo_cursor *cursor = dmongo_find(mongo, "t.many", dmongo_doc(), NULL, &err);
    assert_made(cursor);
    ck_assert_int_eq(dmongo_cursor_next(cursor, &doc, &err), 1);
    ck_assert_int_eq(dmongo_cursor_next(cursor, &doc, &err), 1);
    for (int i = 0; i < 2; i++) { /* and from then on the same */
        assert_fails(dmongo_cursor_next(cursor, &doc, &err), DIESEL_E_SERVER);
        ck_assert_int_eq(err.detail, DMONGO_CURSOR_NOT_FOUND);
        assert_contains(err.message, "cursor id 77 not found");
        ck_assert_ptr_null(doc);
    }
    dmongo_cursor_close(cursor);
    ck_assert_int_eq(mongo_small_counts.kills, 0);
    close_pair();
    return 0;
}
END_TEST

static int forbid(mongo_script_peer *peer, const mongo_script_request *request,
                  void *arg)
{
    (void)arg;
    return dmongo_peer_reply_error(mongo_script_client(peer), request->from,
                                   DMONGO_UNAUTHORIZED,
                                   "not authorized on t to execute command", NULL);
}

FIBER_TEST(who_may_not_do_something_is_told_and_the_connection_stays)
{
    diesel_error err;
    open_pair(forbid, NULL, "", NULL);
    for (int i = 0; i < 3; i++) {
        assert_fails(dmongo_insert_one(mongo, "t.c", dmongo_doc("a", 1), NULL, NULL,
                                       &err),
                     DIESEL_E_AUTH);
        ck_assert_int_eq(err.detail, DMONGO_UNAUTHORIZED);
        ck_assert_uint_eq(err.flags & DIESEL_EF_RETRYABLE, 0);
        assert_contains(err.message, "insert t.c: not authorized on t");
    }
    ck_assert_uint_eq(mongo_script_accepted(server), 1);
    close_pair();
    return 0;
}
END_TEST

FIBER_TEST(a_wrong_password_is_told_and_not_shown)
{
    diesel_error err;
    char uri[600];
    mongo_small_reset();
    server = mongo_script_open(mongo_small, NULL, &mongo_small_options);
    mongo_small_uri(server, "wr0ng", "", uri);
    assert_fails_null(dmongo_open(uri, NULL, &err), DIESEL_E_AUTH);
    ck_assert_int_eq(err.detail, DMONGO_AUTHENTICATION_FAILED);
    assert_contains(err.message, "authenticating " MONGO_SMALL_USER);
    ck_assert_ptr_null(strstr(err.message, "wr0ng"));
    mongo_small_uri(server, MONGO_SMALL_PASSWORD, "", uri);
    assert_made(mongo = dmongo_open(uri, NULL, &err));
    close_pair();
    return 0;
}
END_TEST

/* --- A server that goes away under load */

enum { FIBERS = 1000, EACH = 10 };
static unsigned char arrived[FIBERS * EACH];
static int arrivals;

static int note_insert(mongo_script_peer *peer, const mongo_script_request *request,
                       void *arg)
{
    (void)arg;
    bson_t doc;
    size_t at = 0;
    if (strcmp(request->command, "insert") != 0)
        return mongo_script_reply(peer, request, dmongo_doc("ok", 1.0), NULL);
    ck_assert(mongo_script_next(&request->sequences[0], &at, &doc));
    int64_t id = dmongo_get_int(&doc, "_id", -1);
    ck_assert(id >= 0 && id < FIBERS * EACH);
    arrived[id]++;
    arrivals++;
    /* Others get their turn, so that the server goes while replies are due. */
    if (diesel_yield(NULL) < 0)
        return -1;
    return mongo_script_reply(peer, request, dmongo_doc("n", 1, "ok", 1.0), NULL);
}

static int done, uncertain, failed;

static int insert_some(void *arg)
{
    int first = (int)(intptr_t)arg * EACH;
    for (int i = first; i < first + EACH; i++) {
        diesel_error err;
        test_error_wipe(&err);
        if (dmongo_insert_one(mongo, "t.c", dmongo_doc("_id", i), NULL, NULL,
                              &err) == 0) {
            ck_assert_int_eq(arrived[i], 1);
            done++;
            continue;
        }
        test_message_is_sound(&err);
        if (err.flags & DIESEL_EF_SENT) {
            uncertain++;
        } else {
            ck_assert_msg(arrived[i] == 0, "not sent, it says: %s", err.message);
            failed++;
        }
    }
    return 0;
}

FIBER_TEST(with_retry_writes_off_nothing_is_sent_twice_however_the_server_goes)
{
    diesel_error err;
    open_pair(note_insert, &(mongo_script_options){.sessions = true},
            "retryWrites=false&maxPoolSize=50", NULL);
    diesel_scope *scope = diesel_scope_open(NULL);
    for (int i = 0; i < FIBERS; i++)
        diesel_go(scope, insert_some, (void *)(intptr_t)i);
    for (int i = 1; i <= 6; i++) {
        while (arrivals < i * 1000)
            assert_ok(diesel_yield(&err));
        mongo_script_hang_up(server);
    }
    assert_ok(diesel_scope_wait(scope, &err));
    ck_assert_int_eq(done + uncertain + failed, FIBERS * EACH);
    ck_assert_int_gt(uncertain, 0); /* it went under load indeed */
    for (int i = 0; i < FIBERS * EACH; i++)
        ck_assert_msg(arrived[i] <= 1, "%d was sent %d times", i, arrived[i]);
    close_pair();
    return 0;
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("mongo wire faults");
    TCase *tc = tcase_create("replies");
    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, no_damaged_byte_gets_past_a_checksum);
    tcase_add_loop_test(tc,
                        a_damaged_compressed_reply_ends_the_call_or_changes_nothing,
                        0, TEST_COUNT(compressors));
    tcase_add_test(tc, a_reply_in_two_pieces_is_one_wherever_it_is_cut);
    tcase_add_loop_test(tc, a_bomb_is_refused, 0, TEST_COUNT(bombs));
    suite_add_tcase(suite, tc);
    test_case(suite, "refusals",
              a_cursor_that_the_server_has_killed_is_told_and_not_killed_again,
              who_may_not_do_something_is_told_and_the_connection_stays,
              a_wrong_password_is_told_and_not_shown);
    tc = tcase_create("load");
    tcase_set_timeout(tc, 120);
    tcase_add_test(
        tc, with_retry_writes_off_nothing_is_sent_twice_however_the_server_goes);
    suite_add_tcase(suite, tc);
    return test_suite_run(suite);
}

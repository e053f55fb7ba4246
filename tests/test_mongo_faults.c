/* SPDX-License-Identifier: MIT */
/*
 * What may go wrong between a MongoDB client and its server: replies cut at every
 * byte or damaged in it, a server that dies under load, a connection cut at each
 * moment by cancellation. Every call must end, with a result or a filled error, and
 * the next one must find all well.
 */
#include <stdint.h>

#include <diesel/mongo.h>

#include "mongo_pair.h"
#include "test_util.h"

static mongo_script_how how; /* the next reply is sent so, and then the client left */
static bool is_wrong;
static int served;

static int serve(mongo_script_peer *peer, const mongo_script_request *request,
                 void *arg)
{
    (void)arg;
    served++;
    int sent = mongo_script_reply(peer, request,
                                  dmongo_doc("n", 3, "text", "what was asked for", "ok", 1.0),
                                  is_wrong ? &how : NULL);
    return is_wrong ? -1 : sent;
}

static void open_with(const char *options)
{
    open_pair(serve, NULL, options, NULL);
}

static int ask(diesel_error *err)
{
    bson_t *reply;
    if (dmongo_run(mongo, "t", dmongo_doc("count", "c"), &reply, err) < 0)
        return -1;
    int n = (int)dmongo_get_int(reply, "n", 0);
    bson_destroy(reply);
    return n;
}

enum { REPLY_SIZE = 21 + 52 }; /* at least: header and document */

FIBER_TEST(a_reply_cut_at_any_byte_is_an_error_and_harms_nobody)
{
    diesel_error err;
    open_with("");
    for (size_t n = 1; n < REPLY_SIZE - 20; n++) {
        how = (mongo_script_how){.cut = n};
        is_wrong = true;
        assert_fails(ask(&err), DIESEL_E_CLOSED);
        ck_assert_uint_ne(err.flags & DIESEL_EF_SENT, 0);
        is_wrong = false;
        ck_assert_int_eq(ask(&err), 3);
    }
    close_pair();
    return 0;
}
END_TEST

FIBER_TEST(a_reply_damaged_in_any_byte_of_its_frame_ends_the_call)
{
    diesel_error err;
    open_with("socketTimeoutMS=200");
    for (int i = 1; i < 25; i++) { /* header, flags, section, document's length */
        how = (mongo_script_how){.flip = i};
        is_wrong = true;
        int n = ask(&err); /* the reply's own id, and flags that may be ignored */
        ck_assert_msg(n == -1 ? err.message[0] != 0 : n == 3 && ((i >= 4 && i < 8) || i == 18 || i == 19),
                      "byte %d: %d", i, n);
        is_wrong = false;
        ck_assert_int_eq(ask(&err), 3);
    }
    close_pair();
    return 0;
}
END_TEST

static int answered, failed;

static int asker(void *arg)
{
    (void)arg;
    for (int i = 0; i < 20; i++) {
        diesel_error err = {0};
        int n = ask(&err);
        ck_assert(n == 3 || (n == -1 && err.code != 0 && err.message[0] != 0));
        answered += n == 3;
        failed += n != 3;
        if (n != 3 && err.code == DIESEL_E_CANCELLED)
            return 0;
    }
    return 0;
}

FIBER_TEST(a_server_that_hangs_up_on_a_thousand_fibers_leaves_none_waiting)
{
    diesel_error err;
    open_with("maxPoolSize=50&serverSelectionTimeoutMS=5000");
    diesel_scope *scope = diesel_scope_open(NULL);
    for (int i = 0; i < 1000; i++)
        diesel_go(scope, asker, NULL);
    for (int i = 1; i <= 5; i++) {
        while (served < i * 300)
            assert_ok(diesel_yield(&err));
        mongo_script_hang_up(server);
    }
    assert_ok(diesel_scope_wait(scope, &err));
    ck_assert_int_eq(answered + failed, 20000);
    ck_assert_int_gt(failed, 0);
    ck_assert_int_eq(ask(&err), 3);
    /* With no reads to repeat, nothing was sent twice. */
    ck_assert_int_le(served, 20001);
    close_pair();
    return 0;
}
END_TEST

static int ask_once(void *arg)
{
    diesel_error err;
    (void)arg;
    int n = ask(&err);
    return n < 0 ? diesel_fail(&err) : 0;
}

FIBER_TEST(a_call_may_be_cancelled_at_any_turn)
{
    diesel_error err;
    open_with("maxPoolSize=2");
    for (int turns = 0; turns < 40; turns++) {
        how = (mongo_script_how){.dribble = true};
        is_wrong = true;
        diesel_scope *scope = diesel_scope_open(NULL);
        for (int i = 0; i < 4; i++) /* some wait for a connection */
            diesel_go(scope, ask_once, NULL);
        for (int i = 0; i < turns; i++)
            assert_ok(diesel_yield(&err));
        diesel_scope_cancel(scope);
        int ended = diesel_scope_wait(scope, &err);
        ck_assert(ended == 0 || err.message[0] != 0);
        is_wrong = false;
        ck_assert_int_eq(ask(&err), 3);
    }
    close_pair();
    return 0;
}
END_TEST

/* A document of `depth` levels, as bytes. */
static bson_t *deep(int depth)
{
    bson_t *doc = BCON_NEW("leaf", BCON_INT32(1));
    for (int i = 0; i < depth; i++) {
        bson_t *outer = bson_new();
        bson_append_document(outer, "a", 1, doc);
        bson_destroy(doc);
        doc = outer;
    }
    return doc;
}

static bson_t *deep_reply;

static int serve_deep(mongo_script_peer *peer, const mongo_script_request *request,
                      void *arg)
{
    (void)arg;
    return mongo_script_reply(peer, request,
                              dmongo_doc("deep", deep_reply, "ok", 1.0), NULL);
}

FIBER_TEST(a_reply_of_any_depth_is_taken)
{
    diesel_error err;
    bson_t *reply;
    deep_reply = deep(5000);
    server = mongo_script_open(serve_deep, NULL, NULL);
    assert_made(mongo = dmongo_open(mongo_script_uri(server), NULL, &err));
    assert_ok(dmongo_run(mongo, "t", dmongo_doc("ping", 1), &reply, &err));
    ck_assert_uint_eq(reply->len, deep_reply->len + 4 + 1 + 6 + 12);
    bson_destroy(reply);
    bson_destroy(deep_reply);
    close_pair();
    return 0;
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("mongo faults");
    test_case(suite, "replies", a_reply_cut_at_any_byte_is_an_error_and_harms_nobody,
              a_reply_damaged_in_any_byte_of_its_frame_ends_the_call,
              a_reply_of_any_depth_is_taken);
    test_case(suite, "load",
              a_server_that_hangs_up_on_a_thousand_fibers_leaves_none_waiting,
              a_call_may_be_cancelled_at_any_turn);
    return test_suite_run(suite);
}

/* SPDX-License-Identifier: MIT */
/*
 * libdiesel-mongo against scripted servers: the pool, cancellation, breaks, bad
 * replies, cursors, write errors and authentication, as no real server does them
 * on command.
 */
#include <stdint.h>

#include <diesel/mongo.h>

#include "mongo_pair.h"
#include "test_util.h"

/* What the scripts note, and what makes them wait. */
static struct {
    int finds, inserts, get_mores, kills;
    int together, most; /* requests that are being answered */
    int documents;      /* inserted */
    diesel_channel *gate; /* of char: a find waits for one, if there is a gate */
    mongo_script_how how;
    bool hang_up;
} seen;

static int reply_ok(mongo_script_peer *peer, const mongo_script_request *request)
{
    return mongo_script_reply(peer, request, dmongo_doc("ok", 1.0), NULL);
}

static int answer_find(mongo_script_peer *peer,
                       const mongo_script_request *request)
{
    diesel_error err;
    char c;
    seen.finds++;
    seen.together++;
    if (seen.together > seen.most)
        seen.most = seen.together;
    int got = 1;
    if (seen.gate != NULL)
        got = diesel_channel_recv(seen.gate, &c, DIESEL_FOREVER, &err);
    seen.together--;
    if (got < 0 || seen.hang_up)
        return -1;
    int result = mongo_script_reply(
        peer, request,
        dmongo_doc("cursor",
                   dmongo_doc("firstBatch",
                              dmongo_array(dmongo_doc("_id", 1, "name", "ann")),
                              "id", (int64_t)0, "ns", "t.c"),
                   "ok", 1.0),
        &seen.how);
    return seen.how.cut != 0 ? -1 : result; /* a reply that is cut is the last */
}

static int answer_insert(mongo_script_peer *peer,
                         const mongo_script_request *request)
{
    bson_t view;
    seen.inserts++;
    int n = 0;
    for (size_t i = 0; i < request->sequence_count; i++) {
        size_t at = 0;
        ck_assert_str_eq(request->sequences[i].name, "documents");
        while (mongo_script_next(&request->sequences[i], &at, &view)) {
            bson_iter_t iter;
            ck_assert(bson_iter_init(&iter, &view) && bson_iter_next(&iter));
            ck_assert_str_eq(bson_iter_key(&iter), "_id"); /* comes first */
            n++;
        }
    }
    seen.documents += n;
    return mongo_script_reply(peer, request, dmongo_doc("n", n, "ok", 1.0),
                              NULL);
}

static int serve(mongo_script_peer *peer, const mongo_script_request *request,
                 void *arg)
{
    (void)arg;
    if (strcmp(request->command, "find") == 0)
        return answer_find(peer, request);
    if (strcmp(request->command, "insert") == 0)
        return answer_insert(peer, request);
    return reply_ok(peer, request);
}

/* Opens a server, and a client with these options in its connection string. */
static void open_with(mongo_script_fn *script, const char *options)
{
    open_pair(script, NULL, options, NULL);
}

static int find_one(diesel_error *err)
{
    bson_t *found;
    int got = dmongo_find_one(mongo, "t.c", dmongo_doc("_id", 1), NULL, &found,
                              err);
    if (got > 0) {
        ck_assert_str_eq(dmongo_get_str(found, "name", ""), "ann");
        bson_destroy(found);
    } else {
        ck_assert_ptr_null(found);
    }
    return got;
}

static int finder(void *arg)
{
    diesel_error err;
    (void)arg;
    return find_one(&err) < 0 ? diesel_fail(&err) : 0;
}

static void make_gate(void)
{
    diesel_error err;
    assert_made(seen.gate = diesel_channel_new(1, 1000, &err));
}

static void let_pass(int n)
{
    diesel_error err;
    for (int i = 0; i < n; i++)
        assert_ok(diesel_channel_send(seen.gate, "x", DIESEL_FOREVER, &err));
}

static void wait_until(const int *counter, int value)
{
    diesel_error err;
    while (*counter < value)
        assert_ok(diesel_sleep(1, &err));
}

/* --- The pool. */

FIBER_TEST(one_connection_serves_calls_in_turn)
{
    diesel_error err;
    open_with(serve, "");
    size_t first = mongo_script_accepted(server);
    for (int i = 0; i < 20; i++)
        ck_assert_int_eq(find_one(&err), 1);
    ck_assert_uint_eq(mongo_script_accepted(server), first);
    close_pair();
    return 0;
}
END_TEST

FIBER_TEST(no_more_connections_than_max_pool_size)
{
    diesel_error err;
    open_with(serve, "maxPoolSize=3");
    make_gate();
    diesel_scope *scope = diesel_scope_open(NULL);
    for (int i = 0; i < 10; i++)
        diesel_go(scope, finder, NULL);
    wait_until(&seen.together, 3);
    let_pass(10);
    assert_ok(diesel_scope_wait(scope, &err));
    ck_assert_int_eq(seen.finds, 10);
    ck_assert_int_eq(seen.most, 3);
    close_pair();
    diesel_channel_free(seen.gate);
    return 0;
}
END_TEST

FIBER_TEST(an_exhausted_pool_is_told)
{
    diesel_error err;
    open_with(serve, "maxPoolSize=1&waitQueueTimeoutMS=10");
    make_gate();
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(scope, finder, NULL);
    wait_until(&seen.finds, 1);
    assert_fails(find_one(&err), DIESEL_E_TIMEDOUT);
    ck_assert_uint_eq(err.flags & DIESEL_EF_SENT, 0);
    assert_contains(err.message, "1 of at most 1 in use");
    assert_contains(err.message, "1 by find");
    let_pass(1);
    assert_ok(diesel_scope_wait(scope, &err));
    close_pair();
    diesel_channel_free(seen.gate);
    return 0;
}
END_TEST

FIBER_TEST(a_cancelled_call_harms_nobody_and_gives_its_place_free)
{
    diesel_error err;
    open_with(serve, "maxPoolSize=2");
    make_gate();
    diesel_scope *other = diesel_scope_open(NULL);
    diesel_go(other, finder, NULL);
    wait_until(&seen.finds, 1);
    diesel_scope *scope =
        diesel_scope_open(&(diesel_scope_options){.timeout_ms = 10});
    assert_fails(find_one(&err), DIESEL_E_TIMEDOUT);
    ck_assert_uint_ne(err.flags & DIESEL_EF_SENT, 0);
    assert_fails(diesel_scope_wait(scope, &err), DIESEL_E_TIMEDOUT);
    let_pass(3);
    ck_assert_int_eq(find_one(&err), 1); /* not the answer of the cut one */
    assert_ok(diesel_scope_wait(other, &err));
    close_pair();
    diesel_channel_free(seen.gate);
    return 0;
}
END_TEST

FIBER_TEST(a_connection_that_died_in_idleness_is_not_used)
{
    diesel_error err;
    open_with(serve, "");
    ck_assert_int_eq(find_one(&err), 1);
    mongo_script_hang_up(server);
    assert_ok(diesel_sleep(2, &err));
    ck_assert_int_eq(find_one(&err), 1);
    close_pair();
    return 0;
}
END_TEST

static int find_and_note(void *arg)
{
    diesel_error err;
    *(int *)arg = find_one(&err) < 0 ? err.code : 0;
    return 0;
}

FIBER_TEST(closing_the_client_ends_calls_with_closed)
{
    diesel_error err;
    int code = -1;
    open_with(serve, "");
    make_gate();
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(scope, find_and_note, &code);
    wait_until(&seen.finds, 1);
    dmongo_close(mongo);
    dmongo_close(NULL);
    assert_ok(diesel_scope_wait(scope, &err));
    ck_assert_int_eq(code, DIESEL_E_CLOSED);
    mongo_script_close(server);
    diesel_channel_free(seen.gate);
    return 0;
}
END_TEST

/* --- Replies that are none. */

FIBER_TEST(a_reply_cut_at_any_byte_is_closed)
{
    diesel_error err;
    for (size_t cut = 1;; cut++) {
        seen.how = (mongo_script_how){0};
        open_with(serve, "");
        seen.how.cut = cut;
        test_error_wipe(&err);
        int got = find_one(&err);
        close_pair();
        if (got > 0) { /* it was the whole reply */
            ck_assert_uint_gt(cut, 100);
            return 0;
        }
        assert_error(DIESEL_E_CLOSED);
        ck_assert_uint_ne(err.flags & DIESEL_EF_SENT, 0);
    }
}
END_TEST

FIBER_TEST(a_reply_byte_by_byte_is_understood)
{
    diesel_error err;
    open_with(serve, "");
    seen.how.dribble = true;
    ck_assert_int_eq(find_one(&err), 1);
    close_pair();
    return 0;
}
END_TEST

static const mongo_script_how bad_replies[] = {
    {.response_to = 12345},
    {.length = 3},
    {.length = -1},
    {.length = 2000000000},
    {.flags = 4}, /* a bit that must be understood, and is not known */
};

FIBER_TEST(a_malformed_reply_breaks_its_connection_only)
{
    diesel_error err;
    open_with(serve, "");
    seen.how = bad_replies[row];
    test_error_wipe(&err);
    ck_assert_int_eq(find_one(&err), -1);
    ck_assert_msg(err.code == DIESEL_E_PROTOCOL || err.code == DIESEL_E_LIMIT,
                  "%s", err.message);
    seen.how = (mongo_script_how){0};
    ck_assert_int_eq(find_one(&err), 1);
    close_pair();
    return 0;
}
END_TEST

FIBER_TEST(a_server_that_hangs_up_on_a_request_is_told)
{
    diesel_error err;
    open_with(serve, "retryReads=false");
    seen.hang_up = true;
    assert_fails(find_one(&err), DIESEL_E_CLOSED);
    ck_assert_uint_ne(err.flags & DIESEL_EF_SENT, 0);
    seen.hang_up = false;
    ck_assert_int_eq(find_one(&err), 1);
    close_pair();
    return 0;
}
END_TEST

/* --- Errors of the server. */

static int refuse(mongo_script_peer *peer, const mongo_script_request *request,
                  void *arg)
{
    (void)arg;
    if (strcmp(request->command, "insert") == 0)
        return mongo_script_reply(
            peer, request,
            dmongo_doc("n", 1, "writeErrors",
                       dmongo_array(dmongo_doc("index", 1, "code", 11000,
                                               "errmsg", "E11000 duplicate")),
                       "writeConcernError",
                       dmongo_doc("code", 64, "errmsg", "waiting timed out"),
                       "ok", 1.0),
            NULL);
    return mongo_script_reply(peer, request,
                              dmongo_doc("ok", 0.0, "errmsg", "not allowed",
                                         "code", 13, "codeName",
                                         "Unauthorized"),
                              NULL);
}

FIBER_TEST(a_failed_command_has_the_servers_code)
{
    diesel_error err;
    bson_t *reply = (bson_t *)1;
    open_with(refuse, "");
    test_error_wipe(&err);
    ck_assert_int_eq(
        dmongo_run(mongo, "t", dmongo_doc("create", "x"), &reply, &err), -1);
    ck_assert_ptr_null(reply);
    ck_assert_int_eq(err.domain, DIESEL_DOM_MONGO);
    ck_assert_int_eq(err.detail, 13);
    assert_contains(err.message, "not allowed");
    assert_contains(err.message, "Unauthorized");
    close_pair();
    return 0;
}
END_TEST

FIBER_TEST(write_errors_carry_their_index)
{
    diesel_error err;
    dmongo_result result;
    dmongo_value docs[] = {dmongo_doc("_id", 1), dmongo_doc("_id", 1)};
    open_with(refuse, "");
    assert_fails(dmongo_insert_many(mongo, "t.c", docs, 2, NULL, &result, &err),
                 DIESEL_E_SERVER);
    ck_assert_int_eq(err.detail, DMONGO_DUPLICATE_KEY);
    ck_assert_int_eq(result.inserted, 1);
    ck_assert_uint_eq(result.error_count, 1);
    ck_assert_uint_eq(result.errors[0].index, 1);
    ck_assert_str_eq(result.errors[0].message, "E11000 duplicate");
    ck_assert(result.has_concern_error);
    ck_assert_int_eq(result.concern_error.code, 64);
    dmongo_result_clear(&result);
    close_pair();
    return 0;
}
END_TEST

/* --- Inserting many. */

static int small_hello(mongo_script_peer *peer,
                       const mongo_script_request *request, void *arg)
{
    (void)arg;
    return mongo_script_reply(
        peer, request,
        dmongo_doc("ismaster", dmongo_bool(true), "isWritablePrimary",
                   dmongo_bool(true), "helloOk", dmongo_bool(true),
                   "maxBsonObjectSize", 16777216, "maxMessageSizeBytes",
                   48000000, "maxWriteBatchSize", 10, "minWireVersion", 0,
                   "maxWireVersion", 21, "ok", 1.0),
        NULL);
}

FIBER_TEST(inserting_many_keeps_to_the_servers_batch_size)
{
    enum { COUNT = 95 };
    diesel_error err;
    dmongo_result result;
    bson_oid_t ids[COUNT];
    server = mongo_script_open(serve, NULL,
                               &(mongo_script_options){.hello = small_hello});
    assert_made(mongo = dmongo_open(mongo_script_uri(server), NULL, &err));
    bson_t *bsons[COUNT];
    for (int i = 0; i < COUNT; i++)
        assert_made(bsons[i] = dmongo_doc_to_bson(dmongo_doc("n", i), &err));
    assert_ok(dmongo_insert_many(mongo, "t.c", bsons, COUNT,
                                 &(dmongo_insert_options){.ids = ids}, &result,
                                 &err));
    ck_assert_int_eq(seen.inserts, 10);
    ck_assert_int_eq(seen.documents, COUNT);
    ck_assert_int_eq(result.inserted, COUNT);
    for (int i = 1; i < COUNT; i++)
        ck_assert(!bson_oid_equal(&ids[i - 1], &ids[i]));
    for (int i = 0; i < COUNT; i++)
        bson_destroy(bsons[i]);
    dmongo_result_clear(&result);
    close_pair();
    return 0;
}
END_TEST

/* --- Cursors. */

static int batch(mongo_script_peer *peer, const mongo_script_request *request,
                 const char *name, int from, int64_t id)
{
    return mongo_script_reply(
        peer, request,
        dmongo_doc("cursor",
                   dmongo_doc(name,
                              dmongo_array(dmongo_doc("n", from),
                                           dmongo_doc("n", from + 1)),
                              "id", id, "ns", "t.c"),
                   "ok", 1.0),
        NULL);
}

/* Three batches of two. */
static int serve_cursor(mongo_script_peer *peer,
                        const mongo_script_request *request, void *arg)
{
    (void)arg;
    bson_iter_t iter;
    if (strcmp(request->command, "find") == 0)
        return batch(peer, request, "firstBatch", 0, 77);
    if (strcmp(request->command, "getMore") == 0) {
        ck_assert(bson_iter_init_find(&iter, &request->body, "getMore"));
        ck_assert_int_eq(bson_iter_int64(&iter), 77);
        seen.get_mores++;
        return batch(peer, request, "nextBatch", 2 * seen.get_mores,
                     seen.get_mores == 2 ? 0 : 77);
    }
    if (strcmp(request->command, "killCursors") == 0)
        seen.kills++;
    return reply_ok(peer, request);
}

FIBER_TEST(a_cursor_goes_through_all_batches)
{
    diesel_error err;
    const bson_t *doc;
    open_with(serve_cursor, "");
    dmongo_cursor *cursor = dmongo_find(mongo, "t.c", dmongo_doc(), NULL, &err);
    assert_made(cursor);
    for (int i = 0; i < 6; i++) {
        ck_assert_int_eq(dmongo_cursor_next(cursor, &doc, &err), 1);
        ck_assert_int_eq(dmongo_get_int(doc, "n", -1), i);
    }
    ck_assert_int_eq(dmongo_cursor_next(cursor, &doc, &err), 0);
    ck_assert_int_eq(dmongo_cursor_next(cursor, &doc, &err), 0);
    dmongo_cursor_close(cursor);
    assert_ok(diesel_sleep(2, &err));
    ck_assert_int_eq(seen.get_mores, 2);
    ck_assert_int_eq(seen.kills, 0); /* the server has closed it itself */
    close_pair();
    return 0;
}
END_TEST

FIBER_TEST(a_cursor_that_is_closed_early_is_killed)
{
    diesel_error err;
    const bson_t *doc;
    open_with(serve_cursor, "");
    dmongo_cursor *cursor = dmongo_find(mongo, "t.c", dmongo_doc(), NULL, &err);
    assert_made(cursor);
    ck_assert_int_eq(dmongo_cursor_next(cursor, &doc, &err), 1);
    dmongo_cursor_close(cursor);
    wait_until(&seen.kills, 1);
    dmongo_cursor_close(NULL);
    close_pair();
    return 0;
}
END_TEST

/* --- Deployments that are not there. */

FIBER_TEST(a_server_that_is_not_there_is_told_with_each_hosts_cause)
{
    diesel_error err;
    test_error_wipe(&err);
    dmongo *none = dmongo_open(
        "mongodb://127.0.0.1:1,127.0.0.1:2/?serverSelectionTimeoutMS=50", NULL,
        &err);
    ck_assert_ptr_null(none);
    assert_contains(err.message, "127.0.0.1:1");
    assert_contains(err.message, "127.0.0.1:2");
    assert_contains(err.message, "refused");
    return 0;
}
END_TEST

FIBER_TEST(the_options_time_of_looking_for_a_server_comes_before_the_strings)
{
    diesel_error err;
    char uri[200];
    server = mongo_script_open(serve, NULL, &(mongo_script_options){.tcp = true});
    snprintf(uri, sizeof uri, "%s/?serverSelectionTimeoutMS=3600000",
             mongo_script_uri(server));
    ck_assert_ptr_null(dmongo_open(
        uri, &(dmongo_options){.server_selection_timeout_ms = -1}, &err));
    ck_assert_int_eq(err.code, DIESEL_E_INVAL);
    assert_contains(err.message, "server_selection_timeout_ms");

    assert_made(mongo = dmongo_open(
                    uri, &(dmongo_options){.server_selection_timeout_ms = 20}, &err));
    mongo_script_close(server);
    int64_t start = diesel_now();
    ck_assert_int_eq(find_one(&err), -1);
    ck_assert_int_ge(diesel_now() - start, 20);
    dmongo_close(mongo);
    return 0;
}
END_TEST

FIBER_TEST(the_first_host_that_answers_is_used)
{
    diesel_error err;
    char uri[200];
    server = mongo_script_open(serve, NULL, &(mongo_script_options){.tcp = true});
    snprintf(uri, sizeof uri, "mongodb://127.0.0.1:1,%s",
             mongo_script_uri(server) + strlen("mongodb://"));
    assert_made(mongo = dmongo_open(uri, NULL, &err));
    ck_assert_int_eq(find_one(&err), 1);
    close_pair();
    return 0;
}
END_TEST

FIBER_TEST(a_thousand_fibers_share_the_pool)
{
    diesel_error err;
    open_with(serve, "maxPoolSize=20");
    diesel_scope *scope = diesel_scope_open(NULL);
    for (int i = 0; i < 1000; i++)
        diesel_go(scope, finder, NULL);
    assert_ok(diesel_scope_wait(scope, &err));
    ck_assert_int_eq(seen.finds, 1000);
    ck_assert_uint_le(mongo_script_accepted(server), 22);
    close_pair();
    return 0;
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("mongo client");
    test_case(suite, "pool", one_connection_serves_calls_in_turn,
              no_more_connections_than_max_pool_size, an_exhausted_pool_is_told,
              a_cancelled_call_harms_nobody_and_gives_its_place_free,
              a_connection_that_died_in_idleness_is_not_used,
              closing_the_client_ends_calls_with_closed,
              a_thousand_fibers_share_the_pool);
    test_case(suite, "replies", a_reply_cut_at_any_byte_is_closed,
              a_reply_byte_by_byte_is_understood,
              a_server_that_hangs_up_on_a_request_is_told);
    test_case_rows(suite, "bad replies",
                   a_malformed_reply_breaks_its_connection_only,
                   TEST_COUNT(bad_replies));
    test_case(suite, "errors", a_failed_command_has_the_servers_code,
              write_errors_carry_their_index);
    test_case(suite, "inserting", inserting_many_keeps_to_the_servers_batch_size);
    test_case(suite, "cursors", a_cursor_goes_through_all_batches,
              a_cursor_that_is_closed_early_is_killed);
    test_case(suite, "hosts",
              a_server_that_is_not_there_is_told_with_each_hosts_cause,
              the_options_time_of_looking_for_a_server_comes_before_the_strings,
              the_first_host_that_answers_is_used);
    return test_suite_run(suite);
}

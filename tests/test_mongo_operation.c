/* SPDX-License-Identifier: MIT */
/*
 * What every command has besides its own fields - sessions, times, limits, the API's
 * version - and when it is sent again, against a scripted member of a replica set.
 */
#include <stdint.h>

#include <diesel/mongo.h>

#include "mongo_pair.h"
#include "test_util.h"

enum { MOST = 64 };

/* The commands that came, and what is to be done with the next ones. */
static struct {
    bson_t *commands[MOST];
    int count;
    int hang_ups;          /* so many commands are not answered */
    bson_t *replies[MOST]; /* what the n-th command is answered; NULL: ok */
    bool standalone, no_sessions;
    int waits; /* the number of a command, from 1, that is never answered */
} plan;

static int hello(mongo_script_peer *peer, const mongo_script_request *request,
                 void *arg)
{
    (void)arg;
    return dmongo_peer_reply_hello(
        mongo_script_client(peer), request->from,
        &(dmongo_hello_options){
            .no_sessions = plan.no_sessions,
            .more = plan.standalone ? dmongo_absent()
                                    : dmongo_doc("setName", "rs0")},
        NULL);
}

static int serve(mongo_script_peer *peer, const mongo_script_request *request,
                 void *arg)
{
    (void)arg;
    ck_assert_int_lt(plan.count, MOST);
    int i = plan.count++;
    plan.commands[i] = bson_copy(&request->body);
    if (request->flags & MONGO_SCRIPT_MORE_TO_COME)
        return 0;
    if (plan.hang_ups > 0) {
        plan.hang_ups--;
        return -1;
    }
    if (plan.waits == i + 1)
        return diesel_sleep(60000, NULL);
    if (plan.replies[i] != NULL)
        return mongo_script_reply(peer, request, dmongo_bson(plan.replies[i]), NULL);
    return mongo_script_reply(
        peer, request,
        dmongo_doc("n", 1, "cursor",
                   dmongo_doc("firstBatch", dmongo_array(dmongo_doc("_id", 1)),
                              "id", (int64_t)0, "ns", "t.c"),
                   "ok", 1.0, "operationTime", dmongo_timestamp(100, 5),
                   "$clusterTime",
                   dmongo_doc("clusterTime", dmongo_timestamp(200, (uint32_t)i))),
        NULL);
}

static void open_with(const char *options, const dmongo_options *more)
{
    open_pair(serve, &(mongo_script_options){.hello = hello}, options, more);
}

static void close_both(void)
{
    close_pair();
    for (int i = 0; i < plan.count; i++)
        bson_destroy(plan.commands[i]);
    for (int i = 0; i < MOST; i++)
        bson_destroy(plan.replies[i]);
}

static int find_one(dmongo_session *session, diesel_error *err)
{
    bson_t *found;
    int got = dmongo_find_one(mongo, "t.c", dmongo_doc("_id", 1),
                              &(dmongo_find_options){.session = session}, &found,
                              err);
    bson_destroy(found);
    return got;
}

static int insert_one(dmongo_session *session, diesel_error *err)
{
    return dmongo_insert_one(mongo, "t.c", dmongo_doc("_id", 1),
                             &(dmongo_insert_options){.session = session}, NULL, err);
}

static const uint8_t *lsid_of(int i)
{
    size_t n;
    const uint8_t *id = dmongo_get_binary(plan.commands[i], "lsid.id", &n);
    ck_assert_ptr_nonnull(id);
    ck_assert_uint_eq(n, 16);
    return id;
}

/* --- Sessions. */

FIBER_TEST(calls_in_turn_share_a_session)
{
    diesel_error err;
    open_with("", NULL);
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(i % 2 ? insert_one(NULL, &err) : find_one(NULL, &err), i % 2 ? 0 : 1);
    assert_ok(dmongo_run(mongo, "t", dmongo_doc("ping", 1), NULL, &err));
    for (int i = 1; i < 5; i++)
        ck_assert_mem_eq(lsid_of(i), lsid_of(0), 16);
    ck_assert_uint_eq(lsid_of(0)[6] >> 4, 4); /* a random UUID */
    close_both();
    return 0;
}
END_TEST

FIBER_TEST(closing_ends_the_sessions)
{
    diesel_error err;
    bson_t ids;
    open_with("", NULL);
    ck_assert_int_eq(find_one(NULL, &err), 1);
    dmongo_close(mongo);
    while (plan.count < 2)
        assert_ok(diesel_sleep(1, &err));
    ck_assert(dmongo_get_doc(plan.commands[1], "endSessions", &ids));
    size_t n;
    const uint8_t *id = dmongo_get_binary(&ids, "0.id", &n);
    ck_assert_mem_eq(id, lsid_of(0), 16);
    ck_assert(!dmongo_has(plan.commands[1], "lsid"));
    mongo = NULL;
    close_both();
    return 0;
}
END_TEST

FIBER_TEST(servers_without_sessions_get_none)
{
    diesel_error err;
    plan.no_sessions = true;
    open_with("", NULL);
    ck_assert_int_eq(find_one(NULL, &err), 1);
    ck_assert(!dmongo_has(plan.commands[0], "lsid"));
    dmongo_session *session = dmongo_session_open(mongo, NULL, &err);
    assert_fails(find_one(session, &err), DIESEL_E_INVAL);
    assert_contains(err.message, "no sessions");
    dmongo_session_close(session);
    close_both();
    return 0;
}
END_TEST

FIBER_TEST(a_session_of_the_programs_is_causally_consistent)
{
    diesel_error err;
    open_with("readConcernLevel=local", NULL);
    dmongo_session *session = dmongo_session_open(mongo, NULL, &err);
    assert_ok(insert_one(session, &err));
    ck_assert_uint_eq(dmongo_session_operation_time(session), 100ull << 32 | 5);
    ck_assert_int_eq(find_one(session, &err), 1);
    ck_assert_mem_eq(lsid_of(0), lsid_of(1), 16);
    size_t n;
    ck_assert_mem_eq(dmongo_get_binary(dmongo_session_id(session), "id", &n),
                     lsid_of(0), 16);
    bson_t concern;
    bson_iter_t at;
    uint32_t seconds, ordinal;
    ck_assert(!dmongo_has(plan.commands[0], "readConcern"));
    ck_assert(dmongo_get_doc(plan.commands[1], "readConcern", &concern));
    ck_assert_str_eq(dmongo_get_str(&concern, "level", ""), "local");
    ck_assert(bson_iter_init_find(&at, &concern, "afterClusterTime"));
    bson_iter_timestamp(&at, &seconds, &ordinal);
    ck_assert_uint_eq(seconds, 100);
    ck_assert_uint_eq(ordinal, 5);
    /* A call in between has another session. */
    ck_assert_int_eq(find_one(NULL, &err), 1);
    ck_assert_mem_ne(lsid_of(2), lsid_of(0), 16);
    dmongo_session_close(session);
    close_both();
    return 0;
}
END_TEST

FIBER_TEST(the_clusters_time_is_passed_on_and_only_goes_forward)
{
    diesel_error err;
    bson_iter_t at, time;
    uint32_t seconds, ordinal;
    open_with("", NULL);
    plan.replies[1] = BCON_NEW("ok", BCON_DOUBLE(1), "$clusterTime", "{",
                               "clusterTime", BCON_TIMESTAMP(1, 1), "}");
    ck_assert_int_eq(find_one(NULL, &err), 1);
    assert_ok(dmongo_run(mongo, "t", dmongo_doc("ping", 1), NULL, &err));
    ck_assert_int_eq(find_one(NULL, &err), 1);
    ck_assert(!dmongo_has(plan.commands[0], "$clusterTime"));
    for (int i = 1; i < 3; i++) {
        ck_assert(bson_iter_init(&at, plan.commands[i]) &&
                  bson_iter_find_descendant(&at, "$clusterTime.clusterTime", &time));
        bson_iter_timestamp(&time, &seconds, &ordinal);
        ck_assert_uint_eq(seconds, 200);
        ck_assert_uint_eq(ordinal, 0);
    }
    close_both();
    return 0;
}
END_TEST

FIBER_TEST(unacknowledged_writes_have_no_session)
{
    diesel_error err;
    open_with("w=0", NULL);
    assert_ok(insert_one(NULL, &err));
    ck_assert_int_eq(find_one(NULL, &err), 1); /* after which the write has come */
    for (int i = 0; i < plan.count; i++)
        if (dmongo_has(plan.commands[i], "insert"))
            ck_assert(!dmongo_has(plan.commands[i], "lsid"));
    dmongo_session *session = dmongo_session_open(mongo, NULL, &err);
    assert_fails(insert_one(session, &err), DIESEL_E_INVAL);
    dmongo_session_close(session);
    close_both();
    return 0;
}
END_TEST

/* --- Limits, and the API's version. */

FIBER_TEST(a_scopes_deadline_becomes_max_time)
{
    diesel_error err;
    open_with("", NULL);
    ck_assert_int_eq(find_one(NULL, &err), 1);
    ck_assert(!dmongo_has(plan.commands[0], "maxTimeMS"));
    diesel_scope *scope =
        diesel_scope_open(&(diesel_scope_options){.timeout_ms = 50000});
    ck_assert_int_eq(find_one(NULL, &err), 1);
    bson_t *found;
    ck_assert_int_eq(dmongo_find_one(mongo, "t.c", dmongo_doc(),
                                     &(dmongo_find_options){.max_time_ms = 7},
                                     &found, &err), 1);
    bson_destroy(found);
    assert_ok(diesel_scope_wait(scope, &err));
    int64_t ms = dmongo_get_int(plan.commands[1], "maxTimeMS", 0);
    ck_assert_int_gt(ms, 0);
    ck_assert_int_le(ms, 50000);
    ck_assert_int_eq(dmongo_get_int(plan.commands[2], "maxTimeMS", 0), 7);
    close_both();
    return 0;
}
END_TEST

FIBER_TEST(timeout_ms_is_for_the_whole_call)
{
    diesel_error err;
    plan.waits = 1;
    open_with("timeoutMS=30&socketTimeoutMS=60000", NULL);
    assert_fails(find_one(NULL, &err), DIESEL_E_TIMEDOUT);
    ck_assert_int_le(dmongo_get_int(plan.commands[0], "maxTimeMS", 0), 30);
    ck_assert_int_gt(dmongo_get_int(plan.commands[0], "maxTimeMS", 0), 0);
    close_both();
    return 0;
}
END_TEST

FIBER_TEST(the_api_version_is_in_every_command)
{
    diesel_error err;
    open_with("", &(dmongo_options){.api = {.version = "1", .strict = true}});
    ck_assert_int_eq(find_one(NULL, &err), 1);
    assert_ok(insert_one(NULL, &err));
    for (int i = 0; i < 2; i++) {
        ck_assert_str_eq(dmongo_get_str(plan.commands[i], "apiVersion", ""), "1");
        ck_assert(dmongo_get_bool(plan.commands[i], "apiStrict", false));
        ck_assert(!dmongo_has(plan.commands[i], "apiDeprecationErrors"));
    }
    close_both();
    return 0;
}
END_TEST

FIBER_TEST(what_the_program_writes_itself_stands_once)
{
    diesel_error err;
    open_with("", NULL);
    diesel_scope *scope =
        diesel_scope_open(&(diesel_scope_options){.timeout_ms = 50000});
    assert_ok(dmongo_run(mongo, "t", dmongo_doc("ping", 1, "maxTimeMS", 5, "lsid",
                                                dmongo_doc("id", 1)), NULL, &err));
    assert_ok(diesel_scope_wait(scope, &err));
    bson_iter_t at;
    int found = 0;
    bson_iter_init(&at, plan.commands[0]);
    while (bson_iter_next(&at))
        found += strcmp(bson_iter_key(&at), "maxTimeMS") == 0 ||
                 strcmp(bson_iter_key(&at), "lsid") == 0;
    ck_assert_int_eq(found, 2);
    ck_assert_int_eq(dmongo_get_int(plan.commands[0], "maxTimeMS", 0), 5);
    close_both();
    return 0;
}
END_TEST

/* --- Sending again. */

FIBER_TEST(a_read_is_sent_again_once)
{
    diesel_error err;
    plan.standalone = true;
    open_with("", NULL);
    plan.hang_ups = 1;
    ck_assert_int_eq(find_one(NULL, &err), 1);
    ck_assert_int_eq(plan.count, 2);
    ck_assert_mem_eq(lsid_of(0), lsid_of(1), 16);
    ck_assert_int_eq(find_one(NULL, &err), 1);
    ck_assert_mem_ne(lsid_of(2), lsid_of(0), 16); /* that one is not used again */
    plan.hang_ups = 2;
    assert_fails(find_one(NULL, &err), DIESEL_E_CLOSED);
    ck_assert_int_eq(plan.count, 5);
    close_both();
    return 0;
}
END_TEST

FIBER_TEST(a_read_is_not_sent_again_if_that_is_switched_off)
{
    diesel_error err;
    open_with("retryReads=false", NULL);
    plan.hang_ups = 1;
    assert_fails(find_one(NULL, &err), DIESEL_E_CLOSED);
    ck_assert_int_eq(plan.count, 1);
    close_both();
    return 0;
}
END_TEST

static bson_t *failure(int code, const char *label)
{
    bson_t *doc = BCON_NEW("ok", BCON_DOUBLE(0), "code", BCON_INT32(code), "errmsg",
                           BCON_UTF8("no"));
    if (label != NULL)
        BCON_APPEND(doc, "errorLabels", "[", BCON_UTF8(label), "]");
    return doc;
}

FIBER_TEST(a_write_is_sent_again_with_the_same_number)
{
    diesel_error err;
    open_with("", NULL);
    plan.hang_ups = 1;
    assert_ok(insert_one(NULL, &err));
    assert_ok(insert_one(NULL, &err));
    ck_assert_int_eq(plan.count, 3);
    int64_t first = dmongo_get_int(plan.commands[0], "txnNumber", 0);
    ck_assert_int_gt(first, 0);
    ck_assert_int_eq(dmongo_get_int(plan.commands[1], "txnNumber", 0), first);
    ck_assert_mem_eq(lsid_of(0), lsid_of(1), 16);
    plan.replies[3] = failure(DMONGO_NOT_WRITABLE_PRIMARY, "RetryableWriteError");
    assert_ok(insert_one(NULL, &err));
    ck_assert_int_eq(plan.count, 5);
    close_both();
    return 0;
}
END_TEST

/* A reply to an insert whose write concern was not met. */
static bson_t *unmet(const char *label)
{
    bson_t *doc = BCON_NEW("ok", BCON_DOUBLE(1), "n", BCON_INT32(1), "writeConcernError",
                           "{", "code", BCON_INT32(91), "errmsg",
                           BCON_UTF8("Replication is being shut down"), "}");
    if (label != NULL)
        BCON_APPEND(doc, "errorLabels", "[", BCON_UTF8(label), "]");
    return doc;
}

FIBER_TEST(a_write_is_sent_again_if_its_concern_was_not_met_for_a_while)
{
    diesel_error err;
    open_with("", NULL);
    plan.replies[0] = unmet("RetryableWriteError");
    assert_ok(insert_one(NULL, &err));
    ck_assert_int_eq(plan.count, 2);
    ck_assert_int_eq(dmongo_get_int(plan.commands[1], "txnNumber", 0),
                     dmongo_get_int(plan.commands[0], "txnNumber", -1));
    plan.replies[2] = unmet("RetryableWriteError");
    plan.replies[3] = unmet("RetryableWriteError");
    assert_fails(insert_one(NULL, &err), DIESEL_E_SERVER);
    ck_assert_int_eq(plan.count, 4);
    ck_assert_int_eq(err.detail, 91);
    ck_assert(dmongo_error_has_label(&err, "RetryableWriteError"));
    plan.replies[4] = unmet(NULL);
    assert_fails(insert_one(NULL, &err), DIESEL_E_SERVER);
    ck_assert_int_eq(plan.count, 5);
    ck_assert(!dmongo_error_has_label(&err, "RetryableWriteError"));
    close_both();
    return 0;
}
END_TEST

FIBER_TEST(writes_are_not_sent_again_where_servers_do_not_know_them_again)
{
    diesel_error err;
    plan.standalone = true;
    open_with("", NULL);
    plan.hang_ups = 1;
    assert_fails(insert_one(NULL, &err), DIESEL_E_CLOSED);
    ck_assert_uint_ne(err.flags & DIESEL_EF_SENT, 0);
    ck_assert_int_eq(plan.count, 1);
    ck_assert(!dmongo_has(plan.commands[0], "txnNumber"));
    close_both();
    return 0;
}
END_TEST

FIBER_TEST(writes_to_many_documents_are_not_sent_again)
{
    diesel_error err;
    open_with("", NULL);
    plan.hang_ups = 1;
    assert_fails(dmongo_delete_many(mongo, "t.c", dmongo_doc("a", 1), NULL, NULL, &err),
                 DIESEL_E_CLOSED);
    ck_assert_int_eq(plan.count, 1);
    ck_assert(!dmongo_has(plan.commands[0], "txnNumber"));
    close_both();
    return 0;
}
END_TEST

FIBER_TEST(with_retry_writes_off_nothing_is_sent_twice)
{
    diesel_error err;
    open_with("retryWrites=false", NULL);
    plan.hang_ups = 1;
    assert_fails(insert_one(NULL, &err), DIESEL_E_CLOSED);
    ck_assert_int_eq(plan.count, 1);
    close_both();
    return 0;
}
END_TEST

FIBER_TEST(the_first_failure_is_reported_if_no_write_was_made)
{
    diesel_error err;
    open_with("", NULL);
    plan.replies[0] = failure(DMONGO_PRIMARY_STEPPED_DOWN, "RetryableWriteError");
    plan.replies[1] = failure(DMONGO_NOT_WRITABLE_PRIMARY, "NoWritesPerformed");
    assert_fails(insert_one(NULL, &err), DIESEL_E_SERVER);
    ck_assert_int_eq(err.detail, DMONGO_PRIMARY_STEPPED_DOWN);
    ck_assert(dmongo_error_has_label(&err, "RetryableWriteError"));
    ck_assert(!dmongo_error_has_label(&err, "TransientTransactionError"));
    ck_assert(!dmongo_error_has_label(&err, "NoSuchLabel"));
    close_both();
    return 0;
}
END_TEST

/* --- Tailable cursors. */

FIBER_TEST(a_tailable_cursor_asks_until_there_is_a_document)
{
    diesel_error err;
    dmongo_cursor *cursor;
    const bson_t *doc;
    open_with("", NULL);
    dmongo_value none = dmongo_array();
    dmongo_value one = dmongo_array(dmongo_doc("_id", 7));
    const dmongo_value batches[] = {none, none, one};
    for (int i = 0; i < 3; i++)
        assert_made(plan.replies[i] = dmongo_doc_to_bson(
                        dmongo_doc("ok", 1.0, "cursor",
                                   dmongo_doc(i == 0 ? "firstBatch" : "nextBatch",
                                              batches[i], "id", (int64_t)9, "ns",
                                              "t.c")),
                        &err));
    assert_made(cursor = dmongo_find(mongo, "t.c", dmongo_doc(),
                                     &(dmongo_find_options){.tailable = true,
                                                            .max_await_ms = 50},
                                     &err));
    ck_assert_int_eq(dmongo_cursor_next(cursor, &doc, &err), 1);
    ck_assert_int_eq(dmongo_get_int(doc, "_id", 0), 7);
    ck_assert(dmongo_get_bool(plan.commands[0], "tailable", false));
    ck_assert(dmongo_get_bool(plan.commands[0], "awaitData", false));
    for (int i = 1; i < 3; i++)
        ck_assert_int_eq(dmongo_get_int(plan.commands[i], "maxTimeMS", 0), 50);
    ck_assert_int_eq(plan.count, 3);
    dmongo_cursor_close(cursor);
    close_both();
    return 0;
}
END_TEST

/* --- Concerns. */

FIBER_TEST(an_operations_own_concerns_stand_for_the_clients)
{
    diesel_error err;
    bson_t *found;
    open_with("w=2&readConcernLevel=majority", NULL);
    ck_assert_int_eq(
        dmongo_find_one(mongo, "t.c", dmongo_doc(),
                        &(dmongo_find_options){
                            .read_concern = dmongo_doc("level", "local"),
                            .read_preference = dmongo_doc("mode", "nearest")},
                        &found, &err), 1);
    bson_destroy(found);
    assert_ok(dmongo_delete_one(mongo, "t.c", dmongo_doc(),
                                &(dmongo_delete_options){
                                    .write_concern = dmongo_doc("w", "majority")},
                                NULL, &err));
    assert_ok(insert_one(NULL, &err));
    ck_assert_str_eq(dmongo_get_str(plan.commands[0], "readConcern.level", ""), "local");
    ck_assert_str_eq(dmongo_get_str(plan.commands[0], "$readPreference.mode", ""), "nearest");
    ck_assert_str_eq(dmongo_get_str(plan.commands[1], "writeConcern.w", ""), "majority");
    ck_assert_int_eq(dmongo_get_int(plan.commands[2], "writeConcern.w", 0), 2);
    close_both();
    return 0;
}
END_TEST

FIBER_TEST(a_write_concern_of_an_operation_may_want_no_reply)
{
    diesel_error err;
    open_with("", NULL);
    assert_ok(dmongo_insert_one(mongo, "t.c", dmongo_doc("_id", 1),
                                &(dmongo_insert_options){
                                    .write_concern = dmongo_doc("w", 0)},
                                NULL, &err));
    ck_assert_int_eq(find_one(NULL, &err), 1); /* the reply is its own */
    ck_assert_int_eq(plan.count, 2);
    ck_assert_int_eq(dmongo_get_int(plan.commands[0], "writeConcern.w", 9), 0);
    ck_assert(!dmongo_has(plan.commands[0], "lsid"));
    close_both();
    return 0;
}
END_TEST

/* --- Commands of the program's own. */

FIBER_TEST(a_command_has_a_session_and_a_preference_if_it_is_given_them)
{
    diesel_error err;
    const bson_t *doc;
    open_with("readPreference=nearest", NULL);
    dmongo_session *session = dmongo_session_open(mongo, NULL, &err);
    assert_made(session);
    assert_ok(dmongo_run(mongo, "t", dmongo_doc("ping", 1), NULL, &err));
    assert_ok(dmongo_run_with(
        mongo, "t", dmongo_doc("ping", 1),
        &(dmongo_run_options){
            .session = session,
            .read_preference = dmongo_doc("mode", "secondary")},
        NULL, &err));
    dmongo_cursor *cursor = dmongo_run_cursor(
        mongo, "t", dmongo_doc("find", "c"),
        &(dmongo_run_cursor_options){
            .session = session,
            .read_preference = dmongo_doc("mode", "secondary")},
        &err);
    assert_made(cursor);
    ck_assert_int_eq(dmongo_cursor_next(cursor, &doc, &err), 1);
    dmongo_cursor_close(cursor);

    /* The client's preference is not for commands that may write. */
    ck_assert(!dmongo_has(plan.commands[0], "$readPreference"));
    size_t n;
    const uint8_t *id = dmongo_get_binary(dmongo_session_id(session), "id", &n);
    ck_assert(memcmp(lsid_of(0), id, n) != 0);
    for (int i = 1; i < 3; i++) {
        ck_assert(memcmp(lsid_of(i), id, n) == 0);
        ck_assert_str_eq(
            dmongo_get_str(plan.commands[i], "$readPreference.mode", ""),
            "secondary");
        /* Which of them reads, the program knows: it writes its concern itself. */
        ck_assert(!dmongo_has(plan.commands[i], "readConcern"));
    }
    ck_assert_uint_eq(dmongo_session_operation_time(session),
                      (uint64_t)100 << 32 | 5);
    dmongo_session_close(session);
    close_both();
    return 0;
}
END_TEST

FIBER_TEST(more_of_a_commands_cursor_is_asked_for_as_the_options_say)
{
    diesel_error err;
    const bson_t *doc;
    open_with("", NULL);
    assert_made(plan.replies[0] = dmongo_doc_to_bson(
                    dmongo_doc("cursor",
                               dmongo_doc("id", dmongo_int64(5), "ns", "t.c",
                                          "firstBatch", dmongo_array()),
                               "ok", 1.0),
                    &err));
    assert_made(plan.replies[1] = dmongo_doc_to_bson(
                    dmongo_doc("cursor",
                               dmongo_doc("id", dmongo_int64(0), "ns", "t.c",
                                          "nextBatch", dmongo_array()),
                               "ok", 1.0),
                    &err));
    dmongo_cursor *cursor = dmongo_run_cursor(
        mongo, "t", dmongo_doc("find", "c", "tailable", dmongo_bool(true)),
        &(dmongo_run_cursor_options){.batch_size = 7,
                                     .max_await_ms = 300,
                                     .comment = dmongo_str("more")},
        &err);
    assert_made(cursor);
    ck_assert_int_eq(dmongo_cursor_next(cursor, &doc, &err), 0);
    ck_assert_int_eq(dmongo_get_int(plan.commands[1], "batchSize", 0), 7);
    ck_assert_int_eq(dmongo_get_int(plan.commands[1], "maxTimeMS", 0), 300);
    ck_assert_str_eq(dmongo_get_str(plan.commands[1], "comment", ""), "more");
    dmongo_cursor_close(cursor);
    close_both();
    return 0;
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("mongo operation");
    test_case(suite, "sessions", calls_in_turn_share_a_session,
              closing_ends_the_sessions, servers_without_sessions_get_none,
              a_session_of_the_programs_is_causally_consistent,
              the_clusters_time_is_passed_on_and_only_goes_forward,
              unacknowledged_writes_have_no_session);
    test_case(suite, "limits", a_scopes_deadline_becomes_max_time,
              timeout_ms_is_for_the_whole_call,
              the_api_version_is_in_every_command,
              what_the_program_writes_itself_stands_once);
    test_case(suite, "commands",
              a_command_has_a_session_and_a_preference_if_it_is_given_them,
              more_of_a_commands_cursor_is_asked_for_as_the_options_say);
    test_case(suite, "tailable",
              a_tailable_cursor_asks_until_there_is_a_document);
    test_case(suite, "concerns", an_operations_own_concerns_stand_for_the_clients,
              a_write_concern_of_an_operation_may_want_no_reply);
    test_case(suite, "again", a_read_is_sent_again_once,
              a_read_is_not_sent_again_if_that_is_switched_off,
              a_write_is_sent_again_with_the_same_number,
              a_write_is_sent_again_if_its_concern_was_not_met_for_a_while,
              writes_are_not_sent_again_where_servers_do_not_know_them_again,
              writes_to_many_documents_are_not_sent_again,
              with_retry_writes_off_nothing_is_sent_twice,
              the_first_failure_is_reported_if_no_write_was_made);
    return test_suite_run(suite);
}

/* SPDX-License-Identifier: MIT */
/*
 * Bulk writes against scripted servers: how writes are grouped, what goes over the
 * wire, and whose index errors and upserts get.
 */
#include <stdint.h>
#include <stdio.h>

#include <diesel/mongo.h>

#include "mongo_pair.h"
#include "test_util.h"

/* What the server was asked, as "insert:2 update:1 ", and what it answers. */
static char asked[200];
static int requests;
static bson_t *answers[8];

static int serve(mongo_script_peer *peer, const mongo_script_request *request,
                 void *arg)
{
    (void)arg;
    size_t have = strlen(asked), n = 0;
    for (size_t i = 0; i < request->sequence_count; i++)
        n += request->sequences[i].count;
    snprintf(asked + have, sizeof asked - have, "%s:%zu ", request->command, n);
    bson_t *answer = answers[requests++];
    if (answer == NULL)
        return -1;
    return mongo_script_reply(peer, request, dmongo_bson(answer), NULL);
}

static void begin(void)
{
    open_pair(serve, NULL, "", NULL);
    asked[0] = 0;
    requests = 0;
}

static void end(void)
{
    close_pair();
    for (size_t i = 0; i < TEST_COUNT(answers); i++)
        bson_destroy(answers[i]);
}

static void answer(int i, dmongo_value doc)
{
    diesel_error err;
    assert_made(answers[i] = dmongo_doc_to_bson(doc, &err));
}

#define ANY dmongo_doc("x", 1)
#define SET dmongo_doc("$set", dmongo_doc("y", 1))

FIBER_TEST(writes_in_order_are_grouped_by_neighbours)
{
    diesel_error err;
    begin();
    answer(0, dmongo_doc("ok", 1, "n", 2));
    answer(1, dmongo_doc("ok", 1, "n", 2, "nModified", 1));
    answer(2, dmongo_doc("ok", 1, "n", 5));
    answer(3, dmongo_doc("ok", 1, "n", 1));
    dmongo_write writes[] = {
        DMONGO_INSERT(dmongo_doc("a", 1)), DMONGO_INSERT(dmongo_doc("a", 2)),
        DMONGO_UPDATE_ONE(ANY, SET),       DMONGO_REPLACE_ONE(ANY, ANY),
        DMONGO_DELETE_MANY(ANY),           DMONGO_INSERT(dmongo_doc("a", 3))};
    dmongo_result result;
    bson_oid_t ids[6], none = {{0}};
    assert_ok(dmongo_bulk_write(mongo, "t.c", writes, 6,
                                &(dmongo_bulk_options){.ids = ids}, &result,
                                &err));
    ck_assert_str_eq(asked, "insert:2 update:2 delete:1 insert:1 ");
    ck_assert_int_eq(result.inserted, 3);
    ck_assert_int_eq(result.matched, 2);
    ck_assert_int_eq(result.modified, 1);
    ck_assert_int_eq(result.deleted, 5);
    for (int i = 0; i < 6; i++)
        ck_assert_int_eq(bson_oid_equal(&ids[i], &none),
                         i != 0 && i != 1 && i != 5);
    dmongo_result_clear(&result);
    end();
    return 0;
}
END_TEST

FIBER_TEST(without_an_order_each_kind_is_one_command_and_keeps_its_indexes)
{
    diesel_error err;
    begin();
    answer(0, dmongo_doc("ok", 1, "n", 1, "writeErrors",
                         dmongo_array(dmongo_doc("index", 1, "code", 11000,
                                                 "errmsg", "taken"))));
    answer(1, dmongo_doc("ok", 1, "n", 2, "nModified", 0, "upserted",
                         dmongo_array(dmongo_doc("index", 1, "_id", "new"))));
    answer(2, dmongo_doc("ok", 1, "n", 0, "writeErrors",
                         dmongo_array(dmongo_doc("index", 0, "code", 9,
                                                 "errmsg", "no"))));
    dmongo_write writes[] = {
        DMONGO_UPDATE_ONE(ANY, SET),
        DMONGO_DELETE_ONE(ANY),
        DMONGO_INSERT(dmongo_doc("_id", 1)),
        DMONGO_UPDATE_ONE(ANY, SET, .upsert = true),
        DMONGO_INSERT(dmongo_doc("_id", 1))};
    dmongo_result result;
    assert_fails(dmongo_bulk_write(mongo, "t.c", writes, 5,
                                   &(dmongo_bulk_options){.unordered = true},
                                   &result, &err), DIESEL_E_SERVER);
    ck_assert_str_eq(asked, "insert:2 update:2 delete:1 ");
    ck_assert_int_eq(err.detail, 9); /* the first by index */
    assert_contains(err.message, "2 of 5");
    ck_assert_int_eq(result.error_count, 2);
    ck_assert_int_eq(result.errors[0].index, 1);
    ck_assert_int_eq(result.errors[1].index, 4);
    ck_assert_int_eq(result.matched, 1);
    ck_assert_int_eq(result.upserted_count, 1);
    ck_assert_str_eq(dmongo_get_str(result.upserted, "3", ""), "new");
    dmongo_result_clear(&result);
    end();
    return 0;
}
END_TEST

FIBER_TEST(in_order_nothing_is_sent_after_a_refusal)
{
    diesel_error err;
    begin();
    answer(0, dmongo_doc("ok", 1, "n", 1));
    answer(1, dmongo_doc("ok", 1, "n", 0, "writeErrors",
                         dmongo_array(dmongo_doc("index", 0, "code", 2,
                                                 "errmsg", "bad"))));
    dmongo_write writes[] = {DMONGO_INSERT(ANY), DMONGO_DELETE_ONE(ANY),
                             DMONGO_INSERT(ANY)};
    dmongo_result result;
    assert_fails(dmongo_bulk_write(mongo, "t.c", writes, 3, NULL, &result, &err),
                 DIESEL_E_SERVER);
    ck_assert_str_eq(asked, "insert:1 delete:1 ");
    ck_assert_int_eq(result.inserted, 1);
    ck_assert_int_eq(result.errors[0].index, 1);
    dmongo_result_clear(&result);
    end();
    return 0;
}
END_TEST

FIBER_TEST(what_was_done_before_a_break_is_told)
{
    diesel_error err;
    begin();
    answer(0, dmongo_doc("ok", 1, "n", 1)); /* and then it hangs up */
    dmongo_write writes[] = {DMONGO_INSERT(ANY), DMONGO_DELETE_ONE(ANY)};
    dmongo_result result;
    assert_fails(dmongo_bulk_write(mongo, "t.c", writes, 2, NULL, &result, &err),
                 DIESEL_E_CLOSED);
    ck_assert_int_eq(result.inserted, 1);
    ck_assert(err.flags & DIESEL_EF_SENT);
    dmongo_result_clear(&result);
    end();
    return 0;
}
END_TEST

static const struct {
    dmongo_write write;
    const char *part;
} bad[] = {
    {{.kind = DMONGO_WRITE_INSERT}, "write number 1: the document must be"},
    {{.kind = DMONGO_WRITE_DELETE_ONE}, "write number 1: the filter must be"},
    {{.kind = (dmongo_write_kind)9}, "9 is no kind of write"},
};

FIBER_TEST(a_wrong_write_is_named_before_anything_is_sent)
{
    diesel_error err;
    begin();
    dmongo_write writes[] = {DMONGO_INSERT(ANY), bad[row].write};
    assert_fails(dmongo_bulk_write(mongo, "t.c", writes, 2, NULL, NULL, &err),
                 DIESEL_E_INVAL);
    assert_contains(err.message, bad[row].part);
    dmongo_write mixed[] = {DMONGO_UPDATE_ONE(ANY, ANY),
                            DMONGO_REPLACE_ONE(ANY, SET)};
    for (int i = 0; i < 2; i++)
        assert_fails(dmongo_bulk_write(mongo, "t.c", &mixed[i], 1, NULL, NULL,
                                       &err), DIESEL_E_INVAL);
    assert_fails(dmongo_bulk_write(mongo, "t.c", writes, 0, NULL, NULL, &err),
                 DIESEL_E_INVAL);
    assert_fails(dmongo_client_bulk_write(mongo, writes, 1, NULL, NULL, &err),
                 DIESEL_E_INVAL); /* has no namespace */
    ck_assert_str_eq(asked, "");
    end();
    return 0;
}
END_TEST

/* A server of MongoDB 8.0's bulkWrite: checks the ops, answers with a cursor in two
 * parts. */
static int serve_bulk(mongo_script_peer *peer,
                      const mongo_script_request *request, void *arg)
{
    (void)arg;
    requests++;
    if (strcmp(request->command, "getMore") == 0) {
        ck_assert_int_eq(dmongo_get_int(&request->body, "getMore", 0), 77);
        ck_assert_str_eq(dmongo_get_str(&request->body, "collection", ""),
                         "$cmd.bulkWrite");
        return mongo_script_reply(
            peer, request,
            dmongo_doc("ok", 1, "cursor",
                       dmongo_doc("id", (int64_t)0, "ns", "admin.$cmd.bulkWrite",
                                  "nextBatch",
                                  dmongo_array(dmongo_doc(
                                      "ok", 0, "idx", 2, "code", 11000,
                                      "errmsg", "taken")))),
            NULL);
    }
    ck_assert_str_eq(request->command, "bulkWrite");
    ck_assert_str_eq(dmongo_get_str(&request->body, "$db", ""), "admin");
    ck_assert_str_eq(dmongo_get_str(&request->body, "nsInfo.0.ns", ""), "t.a");
    ck_assert_str_eq(dmongo_get_str(&request->body, "nsInfo.1.ns", ""), "t.b");
    ck_assert(!dmongo_has(&request->body, "nsInfo.2"));
    ck_assert_int_eq(request->sequence_count, 1);
    ck_assert_str_eq(request->sequences[0].name, "ops");
    size_t at = 0;
    bson_t op;
    ck_assert(mongo_script_next(&request->sequences[0], &at, &op));
    ck_assert_int_eq(dmongo_get_int(&op, "insert", -1), 0);
    ck_assert(dmongo_get_oid(&op, "document._id", NULL) != NULL);
    ck_assert_int_eq(dmongo_get_int(&op, "document.n", 0), 5);
    ck_assert(mongo_script_next(&request->sequences[0], &at, &op));
    ck_assert_int_eq(dmongo_get_int(&op, "update", -1), 1);
    ck_assert(dmongo_has(&op, "updateMods.$set"));
    ck_assert(dmongo_get_bool(&op, "upsert", false));
    ck_assert(!dmongo_get_bool(&op, "multi", true));
    ck_assert(mongo_script_next(&request->sequences[0], &at, &op));
    ck_assert_int_eq(dmongo_get_int(&op, "delete", -1), 0);
    ck_assert(dmongo_get_bool(&op, "multi", false));
    return mongo_script_reply(
        peer, request,
        dmongo_doc("ok", 1, "nInserted", 1, "nUpserted", 1, "nMatched", 0,
                   "nModified", 0, "nDeleted", 0, "nErrors", 1, "cursor",
                   dmongo_doc("id", (int64_t)77, "ns", "admin.$cmd.bulkWrite",
                              "firstBatch",
                              dmongo_array(
                                  dmongo_doc("ok", 1, "idx", 0, "n", 1),
                                  dmongo_doc("ok", 1, "idx", 1, "n", 1,
                                             "upserted",
                                             dmongo_doc("_id", "u"))))),
        NULL);
}

FIBER_TEST(one_command_writes_to_several_collections)
{
    diesel_error err;
    requests = 0;
    server = mongo_script_open(serve_bulk, NULL, NULL);
    assert_made(mongo = dmongo_open(mongo_script_uri(server), NULL, &err));
    dmongo_write writes[] = {
        DMONGO_INSERT(dmongo_doc("n", 5), .ns = "t.a"),
        DMONGO_UPDATE_ONE(ANY, SET, .ns = "t.b", .upsert = true),
        DMONGO_DELETE_MANY(ANY, .ns = "t.a")};
    dmongo_result result;
    assert_fails(dmongo_client_bulk_write(
                     mongo, writes, 3, &(dmongo_bulk_options){.verbose = true},
                     &result, &err), DIESEL_E_SERVER);
    ck_assert_int_eq(requests, 2);
    ck_assert_int_eq(err.detail, DMONGO_DUPLICATE_KEY);
    ck_assert_int_eq(result.inserted, 1);
    ck_assert_int_eq(result.upserted_count, 1);
    ck_assert_str_eq(dmongo_get_str(result.upserted, "1", ""), "u");
    ck_assert_int_eq(result.error_count, 1);
    ck_assert_int_eq(result.errors[0].index, 2);
    dmongo_result_clear(&result);
    close_pair();
    return 0;
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("mongo bulk");
    test_case(suite, "one collection", writes_in_order_are_grouped_by_neighbours,
              without_an_order_each_kind_is_one_command_and_keeps_its_indexes,
              in_order_nothing_is_sent_after_a_refusal,
              what_was_done_before_a_break_is_told);
    test_case_rows(suite, "wrong", a_wrong_write_is_named_before_anything_is_sent,
                   TEST_COUNT(bad));
    test_case(suite, "several", one_command_writes_to_several_collections);
    return test_suite_run(suite);
}

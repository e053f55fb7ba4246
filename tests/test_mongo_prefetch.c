/* SPDX-License-Identifier: MIT */
/*
 * Cursors that fetch the next batch while the present one is read.
 */
#include <stdint.h>

#include <diesel/mongo.h>

#include "mongo_pair.h"
#include "mongo_small.h"
#include "test_util.h"

static const dmongo_find_options ahead = {.prefetch = true};

static void open_both(mongo_script_fn *script, const char *options)
{
    mongo_small_reset();
    open_pair(script, &mongo_small_options, options, NULL);
}

/* Lets the others run until the server has been asked for so many batches. */
static void await_get_mores(long n)
{
    diesel_error err;
    while (mongo_small_counts.get_mores < n)
        assert_ok(diesel_yield(&err));
}

static void read_ids(dmongo_cursor *cursor, const int *ids, size_t n)
{
    diesel_error err;
    const bson_t *doc;
    for (size_t i = 0; i < n; i++) {
        ck_assert_int_eq(dmongo_cursor_next(cursor, &doc, &err), 1);
        ck_assert_int_eq(dmongo_get_int(doc, "_id", 0), ids[i]);
    }
}

#define READ_IDS(cursor, ...)                                                  \
    read_ids(cursor, (const int[]){__VA_ARGS__},                               \
             sizeof((const int[]){__VA_ARGS__}) / sizeof(int))

FIBER_TEST(the_next_batch_is_asked_for_before_the_first_is_read)
{
    diesel_error err;
    const bson_t *doc;
    open_both(mongo_small, "");
    dmongo_cursor *cursor = dmongo_find(mongo, "t.many", dmongo_doc(), &ahead, &err);
    assert_made(cursor);
    await_get_mores(1);
    for (int i = 0; i < 100; i++) /* no more than one is in memory besides */
        assert_ok(diesel_yield(&err));
    ck_assert_int_eq(mongo_small_counts.get_mores, 1);
    READ_IDS(cursor, 1, 2);
    ck_assert_int_eq(mongo_small_counts.get_mores, 1);
    READ_IDS(cursor, 3);
    await_get_mores(2);
    READ_IDS(cursor, 4, 3, 4);
    ck_assert_int_eq(dmongo_cursor_next(cursor, &doc, &err), 0);
    ck_assert_int_eq(mongo_small_counts.get_mores, 2);
    dmongo_cursor_close(cursor);
    ck_assert_int_eq(mongo_small_counts.kills, 0);
    close_pair();
    return 0;
}
END_TEST

FIBER_TEST(without_it_nothing_is_asked_for_before_it_is_needed)
{
    diesel_error err;
    open_both(mongo_small, "");
    dmongo_cursor *cursor = dmongo_find(mongo, "t.many", dmongo_doc(), NULL, &err);
    assert_made(cursor);
    READ_IDS(cursor, 1, 2);
    for (int i = 0; i < 100; i++)
        assert_ok(diesel_yield(&err));
    ck_assert_int_eq(mongo_small_counts.get_mores, 0);
    dmongo_cursor_close(cursor);
    ck_assert_int_eq(mongo_small_counts.kills, 1);
    close_pair();
    return 0;
}
END_TEST

FIBER_TEST(one_connection_is_enough_for_it)
{
    diesel_error err;
    open_both(mongo_small, "maxPoolSize=1");
    dmongo_cursor *cursor = dmongo_find(mongo, "t.many", dmongo_doc(), &ahead, &err);
    assert_made(cursor);
    READ_IDS(cursor, 1, 2, 3, 4, 3, 4);
    dmongo_cursor_close(cursor);
    ck_assert_uint_eq(mongo_script_accepted(server), 1);
    close_pair();
    return 0;
}
END_TEST

FIBER_TEST(closing_while_a_batch_is_on_its_way_kills_the_cursor)
{
    diesel_error err;
    open_both(mongo_small, "");
    mongo_small_silent_at = 2; /* the getMore */
    dmongo_cursor *cursor = dmongo_find(mongo, "t.many", dmongo_doc(), &ahead, &err);
    assert_made(cursor);
    while (mongo_small_counts.requests < 2)
        assert_ok(diesel_yield(&err));
    READ_IDS(cursor, 1);
    dmongo_cursor_close(cursor);
    ck_assert_int_eq(mongo_small_counts.kills, 1);
    close_pair();
    return 0;
}
END_TEST

FIBER_TEST(closing_before_it_has_begun_to_fetch_kills_the_cursor)
{
    diesel_error err;
    open_both(mongo_small, "");
    dmongo_cursor *cursor = dmongo_find(mongo, "t.many", dmongo_doc(), &ahead, &err);
    assert_made(cursor);
    dmongo_cursor_close(cursor);
    ck_assert_int_eq(mongo_small_counts.get_mores, 0);
    ck_assert_int_eq(mongo_small_counts.kills, 1);
    close_pair();
    return 0;
}
END_TEST

FIBER_TEST(who_waits_for_a_batch_obeys_the_deadline)
{
    diesel_error err;
    const bson_t *doc;
    open_both(mongo_small, "");
    mongo_small_silent_at = 2;
    dmongo_cursor *cursor = dmongo_find(mongo, "t.many", dmongo_doc(), &ahead, &err);
    assert_made(cursor);
    READ_IDS(cursor, 1, 2);
    diesel_scope *scope =
        diesel_scope_open(&(diesel_scope_options){.timeout_ms = 20});
    assert_fails(dmongo_cursor_next(cursor, &doc, &err), DIESEL_E_TIMEDOUT);
    assert_contains(err.message, "find t.many");
    (void)!diesel_scope_wait(scope, NULL);
    dmongo_cursor_close(cursor);
    ck_assert_int_eq(mongo_small_counts.kills, 1);
    close_pair();
    return 0;
}
END_TEST

static int refuse_more(mongo_script_peer *peer, const mongo_script_request *request,
                       void *arg)
{
    if (strcmp(request->command, "getMore") == 0) {
        mongo_small_counts.get_mores++;
        return dmongo_peer_reply_error(mongo_script_client(peer), request->from,
                                       DMONGO_CURSOR_NOT_FOUND, "no such cursor",
                                       NULL);
    }
    return mongo_small(peer, request, arg);
}

FIBER_TEST(what_was_fetched_is_read_before_a_failure_is_told)
{
    diesel_error err;
    const bson_t *doc;
    open_both(refuse_more, "");
    dmongo_cursor *cursor = dmongo_find(mongo, "t.many", dmongo_doc(), &ahead, &err);
    assert_made(cursor);
    await_get_mores(1);
    READ_IDS(cursor, 1, 2);
    for (int i = 0; i < 2; i++) {
        assert_fails(dmongo_cursor_next(cursor, &doc, &err), DIESEL_E_SERVER);
        ck_assert_int_eq(err.detail, DMONGO_CURSOR_NOT_FOUND);
        assert_contains(err.message, "no such cursor");
    }
    dmongo_cursor_close(cursor);
    ck_assert_int_eq(mongo_small_counts.kills, 0);
    close_pair();
    return 0;
}
END_TEST

FIBER_TEST(closing_the_client_ends_the_fetching)
{
    diesel_error err;
    const bson_t *doc;
    open_both(mongo_small, "");
    mongo_small_silent_at = 2;
    dmongo_cursor *cursor = dmongo_find(mongo, "t.many", dmongo_doc(), &ahead, &err);
    assert_made(cursor);
    while (mongo_small_counts.requests < 2)
        assert_ok(diesel_yield(&err));
    dmongo_close(mongo);
    READ_IDS(cursor, 1, 2);
    assert_fails(dmongo_cursor_next(cursor, &doc, &err), DIESEL_E_CLOSED);
    dmongo_cursor_close(cursor);
    mongo_script_close(server);
    return 0;
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("mongo prefetch");
    test_case(suite, "batches", the_next_batch_is_asked_for_before_the_first_is_read,
              without_it_nothing_is_asked_for_before_it_is_needed,
              one_connection_is_enough_for_it);
    test_case(suite, "ends", closing_while_a_batch_is_on_its_way_kills_the_cursor,
              closing_before_it_has_begun_to_fetch_kills_the_cursor,
              who_waits_for_a_batch_obeys_the_deadline,
              what_was_fetched_is_read_before_a_failure_is_told,
              closing_the_client_ends_the_fetching);
    return test_suite_run(suite);
}

/* SPDX-License-Identifier: MIT */
/*
 * libdiesel-mongo against a real server: finding and modifying, distinct values,
 * collections, indexes, databases and cursors of any command. Skipped unless
 * DIESEL_TEST_MONGODB_URI is set, see tests/servers/with-servers.
 */
#include <stdint.h>

#include <diesel/memory.h>
#include <diesel/mongo.h>

#include "test_util.h"

static char database[64], ns[80]; /* of this test only */
static dmongo *mongo;

static void open_client(void)
{
    diesel_error err;
    snprintf(database, sizeof database, "diesel_admin_%d", (int)getpid());
    snprintf(ns, sizeof ns, "%s.things", database);
    assert_made(mongo = dmongo_open(getenv("DIESEL_TEST_MONGODB_URI"), NULL,
                                    &err));
}

static void close_client(void)
{
    diesel_error err;
    assert_ok(dmongo_drop_database(mongo, database, &err));
    dmongo_close(mongo);
}

static void insert_three(void)
{
    diesel_error err;
    dmongo_value docs[] = {dmongo_doc("_id", 1, "kind", "a", "n", 1),
                           dmongo_doc("_id", 2, "kind", "b", "n", 2),
                           dmongo_doc("_id", 3, "kind", "a", "n", 3)};
    assert_ok(dmongo_insert_many(mongo, ns, docs, 3, NULL, NULL, &err));
}

/* How many documents the cursor has; it is closed. */
static int count_all(dmongo_cursor *cursor)
{
    diesel_error err;
    const bson_t *doc;
    int n = 0, got;
    while ((got = dmongo_cursor_next(cursor, &doc, &err)) > 0)
        n++;
    assert_ok(got);
    dmongo_cursor_close(cursor);
    return n;
}

FIBER_TEST(an_update_hands_out_the_document_before_or_after)
{
    diesel_error err;
    bson_t *found;
    open_client();
    insert_three();
    dmongo_value add = dmongo_doc("$inc", dmongo_doc("n", 10));
    ck_assert_int_eq(dmongo_find_one_and_update(mongo, ns, dmongo_doc("_id", 1),
                                                add, NULL, &found, &err), 1);
    ck_assert_int_eq(dmongo_get_int(found, "n", 0), 1);
    bson_destroy(found);
    ck_assert_int_eq(
        dmongo_find_one_and_update(
            mongo, ns, dmongo_doc("kind", "a"), add,
            &(dmongo_modify_options){.sort = dmongo_doc("n", -1),
                                     .after = true},
            &found, &err), 1);
    ck_assert_int_eq(dmongo_get_int(found, "n", 0), 21);
    bson_destroy(found);
    close_client();
    return 0;
}
END_TEST

FIBER_TEST(an_upsert_hands_out_nothing_before_and_the_new_after)
{
    diesel_error err;
    bson_t *found = NULL;
    open_client();
    ck_assert_int_eq(
        dmongo_find_one_and_replace(
            mongo, ns, dmongo_doc("_id", 7), dmongo_doc("n", 1),
            &(dmongo_modify_options){.upsert = true}, &found, &err), 0);
    ck_assert_ptr_null(found);
    ck_assert_int_eq(
        dmongo_find_one_and_replace(
            mongo, ns, dmongo_doc("_id", 8), dmongo_doc("n", 2),
            &(dmongo_modify_options){.upsert = true, .after = true}, &found,
            &err), 1);
    ck_assert_int_eq(dmongo_get_int(found, "_id", 0), 8);
    bson_destroy(found);
    ck_assert_int_eq(dmongo_count(mongo, ns, dmongo_doc(), NULL, &err), 2);
    close_client();
    return 0;
}
END_TEST

FIBER_TEST(a_deleted_document_is_handed_out_once)
{
    diesel_error err;
    bson_t *found;
    open_client();
    insert_three();
    ck_assert_int_eq(dmongo_find_one_and_delete(mongo, ns, dmongo_doc("_id", 2),
                                                NULL, &found, &err), 1);
    ck_assert_str_eq(dmongo_get_str(found, "kind", ""), "b");
    bson_destroy(found);
    ck_assert_int_eq(dmongo_find_one_and_delete(mongo, ns, dmongo_doc("_id", 2),
                                                NULL, &found, &err), 0);
    ck_assert_ptr_null(found);
    close_client();
    return 0;
}
END_TEST

FIBER_TEST(an_update_and_a_replacement_are_not_mixed_up)
{
    diesel_error err;
    bson_t *found;
    open_client();
    assert_fails(dmongo_find_one_and_update(mongo, ns, dmongo_doc(),
                                            dmongo_doc("n", 1), NULL, &found,
                                            &err), DIESEL_E_INVAL);
    assert_contains(err.message, "find and update");
    assert_fails(dmongo_find_one_and_replace(
                     mongo, ns, dmongo_doc(),
                     dmongo_doc("$set", dmongo_doc("n", 1)), NULL, &found,
                     &err), DIESEL_E_INVAL);
    close_client();
    return 0;
}
END_TEST

FIBER_TEST(distinct_values_are_each_told_once)
{
    diesel_error err;
    bson_t *values;
    open_client();
    insert_three();
    assert_ok(dmongo_distinct(mongo, ns, "kind", dmongo_doc(), NULL, &values,
                              &err));
    ck_assert_int_eq(bson_count_keys(values), 2);
    bson_destroy(values);
    assert_ok(dmongo_distinct(mongo, ns, "kind", dmongo_doc("n", 2), NULL,
                              &values, &err));
    ck_assert_int_eq(bson_count_keys(values), 1);
    ck_assert_str_eq(dmongo_get_str(values, "0", ""), "b");
    bson_destroy(values);
    close_client();
    return 0;
}
END_TEST

FIBER_TEST(collections_are_created_listed_renamed_and_dropped)
{
    diesel_error err;
    char other[80];
    open_client();
    snprintf(other, sizeof other, "%s.others", database);
    assert_ok(dmongo_create_collection(mongo, ns, NULL, &err));
    /* FerretDB 2 does not look at the options of a collection that is there. */
    if (dmongo_create_collection(
            mongo, ns, &(dmongo_create_options){.capped_bytes = 1 << 20}, &err) < 0) {
        ck_assert_int_eq(err.code, DIESEL_E_SERVER);
        ck_assert_int_eq(err.detail, DMONGO_NAMESPACE_EXISTS);
    }
    dmongo_cursor *cursor;
    const bson_t *doc;
    assert_made(cursor = dmongo_list_collections(mongo, database, NULL, &err));
    ck_assert_int_eq(dmongo_cursor_next(cursor, &doc, &err), 1);
    ck_assert_str_eq(dmongo_get_str(doc, "name", ""), "things");
    ck_assert_str_eq(dmongo_get_str(doc, "type", ""), "collection");
    ck_assert_int_eq(count_all(cursor), 0);
    assert_ok(dmongo_rename_collection(mongo, ns, other, false, &err));
    assert_made(cursor = dmongo_list_collections(
                    mongo, database,
                    &(dmongo_list_options){
                        .filter = dmongo_doc("name", "others"),
                        .name_only = true},
                    &err));
    ck_assert_int_eq(count_all(cursor), 1);
    assert_ok(dmongo_drop_collection(mongo, other, &err));
    assert_ok(dmongo_drop_collection(mongo, other, &err)); /* not there */
    assert_made(cursor = dmongo_list_collections(mongo, database, NULL, &err));
    ck_assert_int_eq(count_all(cursor), 0);
    close_client();
    return 0;
}
END_TEST

/* Whether the server lists the database. */
static bool is_listed(void)
{
    diesel_error err;
    bson_t *list;
    char path[40];
    bool found = false;
    assert_ok(dmongo_list_databases(
        mongo, &(dmongo_list_options){.name_only = true}, &list, &err));
    for (int i = 0; i < (int)bson_count_keys(list); i++) {
        snprintf(path, sizeof path, "%d.name", i);
        if (strcmp(dmongo_get_str(list, path, ""), database) == 0)
            found = true;
    }
    bson_destroy(list);
    return found;
}

FIBER_TEST(a_database_is_listed_until_it_is_dropped)
{
    diesel_error err;
    open_client();
    insert_three();
    ck_assert(is_listed());
    assert_ok(dmongo_drop_database(mongo, database, &err));
    ck_assert(!is_listed());
    close_client();
    return 0;
}
END_TEST

static bool has_index(const char *name)
{
    diesel_error err;
    dmongo_cursor *cursor;
    const bson_t *doc;
    int got;
    bool found = false;
    assert_made(cursor = dmongo_list_indexes(mongo, ns, 0, &err));
    while ((got = dmongo_cursor_next(cursor, &doc, &err)) > 0)
        if (strcmp(dmongo_get_str(doc, "name", ""), name) == 0)
            found = true;
    assert_ok(got);
    dmongo_cursor_close(cursor);
    return found;
}

FIBER_TEST(indexes_are_created_listed_used_and_dropped)
{
    diesel_error err;
    open_client();
    insert_three();
    ck_assert_int_eq(count_all(dmongo_list_indexes(mongo, "none_such.here", 0,
                                                   &err)), 0);
    assert_ok(dmongo_create_index(mongo, ns, dmongo_doc("n", 1),
                                  &(dmongo_index){.unique = true}, &err));
    assert_ok(dmongo_create_index(mongo, ns, dmongo_doc("n", 1),
                                  &(dmongo_index){.unique = true}, &err));
    assert_fails(dmongo_insert_one(mongo, ns, dmongo_doc("n", 2), NULL, NULL,
                                   &err), DIESEL_E_SERVER);
    ck_assert_int_eq(err.detail, DMONGO_DUPLICATE_KEY);
    dmongo_index more[] = {
        {.keys = dmongo_doc("kind", 1, "n", -1)},
        {.keys = dmongo_doc("kind", -1), .name = "by_kind"}};
    assert_ok(dmongo_create_indexes(mongo, ns, more, 2, NULL, &err));
    ck_assert(has_index("_id_"));
    ck_assert(has_index("n_1"));
    ck_assert(has_index("kind_1_n_-1"));
    ck_assert(has_index("by_kind"));
    assert_ok(dmongo_drop_index(mongo, ns, "by_kind", &err));
    ck_assert(!has_index("by_kind"));
    assert_fails(dmongo_drop_index(mongo, ns, "by_kind", &err),
                 DIESEL_E_SERVER);
    ck_assert_int_eq(err.detail, DMONGO_INDEX_NOT_FOUND);
    assert_fails(dmongo_drop_index(mongo, ns, "*", &err), DIESEL_E_INVAL);
    assert_ok(dmongo_drop_indexes(mongo, ns, &err));
    ck_assert_int_eq(count_all(dmongo_list_indexes(mongo, ns, 0, &err)), 1);
    close_client();
    return 0;
}
END_TEST

FIBER_TEST(any_command_may_return_a_cursor)
{
    diesel_error err;
    dmongo_cursor *cursor;
    open_client();
    insert_three();
    assert_made(cursor = dmongo_run_cursor(
                    mongo, database,
                    dmongo_doc("find", "things", "batchSize", 1),
                    &(dmongo_run_cursor_options){.batch_size = 1}, &err));
    ck_assert_int_eq(count_all(cursor), 3);
    assert_fails_null(dmongo_run_cursor(mongo, database, dmongo_doc("ping", 1),
                                        NULL, &err), DIESEL_E_PROTOCOL);
    close_client();
    return 0;
}
END_TEST

FIBER_TEST(a_bulk_write_does_all_that_it_says)
{
    diesel_error err;
    open_client();
    insert_three();
    /* The upsert is the first update, as FerretDB numbers upserts wrongly. */
    dmongo_write writes[] = {
        DMONGO_INSERT(dmongo_doc("_id", 4, "kind", "c")),
        DMONGO_UPDATE_ONE(dmongo_doc("_id", 9),
                          dmongo_doc("$set", dmongo_doc("kind", "d")),
                          .upsert = true),
        DMONGO_UPDATE_MANY(dmongo_doc("kind", "a"),
                           dmongo_doc("$set", dmongo_doc("seen", 1))),
        DMONGO_REPLACE_ONE(dmongo_doc("_id", 2), dmongo_doc("kind", "e")),
        DMONGO_INSERT(dmongo_doc("_id", 1)), /* is taken */
        DMONGO_DELETE_ONE(dmongo_doc("_id", 3))};
    dmongo_result result;
    assert_fails(dmongo_bulk_write(mongo, ns, writes, 6,
                                   &(dmongo_bulk_options){.unordered = true},
                                   &result, &err), DIESEL_E_SERVER);
    ck_assert_int_eq(err.detail, DMONGO_DUPLICATE_KEY);
    ck_assert_int_eq(result.errors[0].index, 4);
    ck_assert_int_eq(result.inserted, 1);
    ck_assert_int_eq(result.matched, 3);
    ck_assert_int_eq(result.modified, 3);
    ck_assert_int_eq(result.deleted, 1);
    ck_assert_int_eq(dmongo_get_int(result.upserted, "1", 0), 9);
    dmongo_result_clear(&result);
    ck_assert_int_eq(dmongo_count(mongo, ns, dmongo_doc(), NULL, &err), 4);
    close_client();
    return 0;
}
END_TEST

FIBER_TEST(names_of_indexes_are_made_of_their_keys)
{
    diesel_error err;
    char *name;
    assert_made(name = dmongo_index_name(
                    dmongo_doc("a", 1, "b.c", -1, "d", "2dsphere", "e", 1.0),
                    &err));
    ck_assert_str_eq(name, "a_1_b.c_-1_d_2dsphere_e_1");
    diesel_free(name);
    assert_fails_null(dmongo_index_name(dmongo_doc(), &err), DIESEL_E_INVAL);
    assert_fails_null(dmongo_index_name(dmongo_int32(1), &err), DIESEL_E_INVAL);
    return 0;
}
END_TEST

int main(void)
{
    if (getenv("DIESEL_TEST_MONGODB_URI") == NULL) {
        printf("skipped: DIESEL_TEST_MONGODB_URI names no MongoDB server\n");
        return 77;
    }
    Suite *suite = suite_create("live mongo admin");
    test_case(suite, "modify", an_update_hands_out_the_document_before_or_after,
              an_upsert_hands_out_nothing_before_and_the_new_after,
              a_deleted_document_is_handed_out_once,
              an_update_and_a_replacement_are_not_mixed_up,
              distinct_values_are_each_told_once,
              a_bulk_write_does_all_that_it_says);
    test_case(suite, "collections",
              collections_are_created_listed_renamed_and_dropped,
              a_database_is_listed_until_it_is_dropped,
              any_command_may_return_a_cursor);
    test_case(suite, "indexes", indexes_are_created_listed_used_and_dropped,
              names_of_indexes_are_made_of_their_keys);
    return test_suite_run(suite);
}

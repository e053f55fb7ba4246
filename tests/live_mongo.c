/* SPDX-License-Identifier: MIT */
/*
 * libdiesel-mongo against a real server: each way to connect, and the operations
 * of every day. Skipped unless DIESEL_TEST_MONGODB_URI is set, see
 * tests/servers/with-servers.
 */
#include <stdint.h>

#include <diesel/mongo.h>

#include "test_util.h"

static const char *const ways[] = {
    "DIESEL_TEST_MONGODB_URI",
    "DIESEL_TEST_MONGODB_UNIX",
    "DIESEL_TEST_MONGODB_AUTH_URI",
    "DIESEL_TEST_MONGODB_TLS_URI",
    "DIESEL_TEST_MONGODB_MUTUAL_URI",
};

static char database[64], ns[80]; /* of this test only */
static dmongo *mongo;

static bool open_way(int row)
{
    diesel_error err;
    const char *uri = getenv(ways[row]);
    if (uri == NULL)
        return false;
    snprintf(database, sizeof database, "diesel_test_%d", (int)getpid());
    snprintf(ns, sizeof ns, "%s.things", database);
    assert_made(mongo = dmongo_open(uri, NULL, &err));
    return true;
}

static void close_way(void)
{
    diesel_error err;
    assert_ok(dmongo_run(mongo, database, dmongo_doc("dropDatabase", 1), NULL,
                         &err));
    dmongo_close(mongo);
}

static void insert_numbers(int n)
{
    diesel_error err;
    bson_t **docs = calloc((size_t)n, sizeof(*docs));
    for (int i = 0; i < n; i++)
        assert_made(docs[i] = dmongo_doc_to_bson(
                        dmongo_doc("_id", i, "half", i / 2, "name", "thing"),
                        &err));
    assert_ok(dmongo_insert_many(mongo, ns, docs, (size_t)n, NULL, NULL, &err));
    for (int i = 0; i < n; i++)
        bson_destroy(docs[i]);
    free(docs);
}

FIBER_TEST(a_document_comes_back_as_it_was)
{
    diesel_error err;
    if (!open_way(row))
        return 0;
    bson_oid_t id;
    bson_t *found;
    bson_oid_init(&id, NULL);
    const char zeros[] = "a\0b";
    assert_ok(dmongo_insert_one(
        mongo, ns,
        dmongo_doc("_id", &id, "text", "grüße", "small", 1, "large", INT64_MAX,
                   "real", 1.5, "yes", dmongo_bool(true), "when",
                   dmongo_date(1234567890123), "bytes",
                   dmongo_binary(zeros, 3, BSON_SUBTYPE_BINARY), "list",
                   dmongo_array(1, "two", dmongo_doc("three", 3))),
        NULL, NULL, &err));
    ck_assert_int_eq(dmongo_find_one(mongo, ns, dmongo_doc("_id", &id), NULL,
                                     &found, &err), 1);
    ck_assert_str_eq(dmongo_get_str(found, "text", ""), "grüße");
    ck_assert_int_eq(dmongo_get_int(found, "small", 0), 1);
    ck_assert(dmongo_get_int(found, "large", 0) == INT64_MAX);
    ck_assert_double_eq(dmongo_get_double(found, "real", 0), 1.5);
    ck_assert(dmongo_get_bool(found, "yes", false));
    ck_assert_int_eq(dmongo_get_int(found, "list.2.three", 0), 3);
    bson_destroy(found);
    ck_assert_int_eq(dmongo_find_one(mongo, ns, dmongo_doc("_id", "none"), NULL,
                                     &found, &err), 0);
    close_way();
    return 0;
}
END_TEST

FIBER_TEST(a_cursor_reads_what_was_inserted_batch_by_batch)
{
    enum { COUNT = 2500 };
    diesel_error err;
    const bson_t *doc;
    if (!open_way(row))
        return 0;
    insert_numbers(COUNT);
    dmongo_cursor *cursor = dmongo_find(
        mongo, ns, dmongo_doc(),
        &(dmongo_find_options){.sort = dmongo_doc("_id", 1), .batch_size = 100},
        &err);
    assert_made(cursor);
    for (int i = 0; i < COUNT; i++) {
        ck_assert_int_eq(dmongo_cursor_next(cursor, &doc, &err), 1);
        ck_assert_int_eq(dmongo_get_int(doc, "_id", -1), i);
    }
    ck_assert_int_eq(dmongo_cursor_next(cursor, &doc, &err), 0);
    dmongo_cursor_close(cursor);
    ck_assert_int_eq(dmongo_count(mongo, ns, dmongo_doc("half", 7), NULL, &err),
                     2);
    ck_assert_int_eq(dmongo_estimated_count(mongo, ns, NULL, &err), COUNT);
    close_way();
    return 0;
}
END_TEST

FIBER_TEST(documents_are_changed_replaced_and_deleted)
{
    diesel_error err;
    dmongo_result result;
    bson_t *found;
    if (!open_way(row))
        return 0;
    insert_numbers(10);
    assert_ok(dmongo_update_many(
        mongo, ns, dmongo_doc("half", dmongo_doc("$gte", 3)),
        dmongo_doc("$set", dmongo_doc("big", dmongo_bool(true))), NULL, &result,
        &err));
    ck_assert_int_eq(result.matched, 4);
    ck_assert_int_eq(result.modified, 4);
    dmongo_result_clear(&result);
    assert_ok(dmongo_update_one(
        mongo, ns, dmongo_doc("_id", 100), dmongo_doc("$inc", dmongo_doc("n", 1)),
        &(dmongo_update_options){.upsert = true}, &result, &err));
    ck_assert_ptr_nonnull(result.upserted);
    ck_assert_int_eq(dmongo_get_int(result.upserted, "_id", -1), 100);
    dmongo_result_clear(&result);
    assert_ok(dmongo_replace_one(mongo, ns, dmongo_doc("_id", 1),
                                 dmongo_doc("new", "one"), NULL, NULL, &err));
    ck_assert_int_eq(dmongo_find_one(mongo, ns, dmongo_doc("_id", 1), NULL,
                                     &found, &err), 1);
    ck_assert_str_eq(dmongo_get_str(found, "new", ""), "one");
    ck_assert(!dmongo_has(found, "half"));
    bson_destroy(found);
    assert_ok(dmongo_delete_one(mongo, ns, dmongo_doc("half", 0), NULL, &result,
                                &err));
    ck_assert_int_eq(result.deleted, 1);
    dmongo_result_clear(&result);
    assert_ok(dmongo_delete_many(mongo, ns, dmongo_doc(), NULL, &result, &err));
    ck_assert_int_eq(result.deleted, 10);
    dmongo_result_clear(&result);
    close_way();
    return 0;
}
END_TEST

FIBER_TEST(an_aggregation_groups)
{
    diesel_error err;
    const bson_t *doc;
    if (!open_way(row))
        return 0;
    insert_numbers(10);
    dmongo_cursor *cursor = dmongo_aggregate(
        mongo, ns,
        dmongo_array(dmongo_doc("$match", dmongo_doc("_id", dmongo_doc("$lt", 6))),
                     dmongo_doc("$group", dmongo_doc("_id", "$half", "n",
                                                     dmongo_doc("$sum", 1))),
                     dmongo_doc("$sort", dmongo_doc("_id", 1))),
        NULL, &err);
    assert_made(cursor);
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(dmongo_cursor_next(cursor, &doc, &err), 1);
        ck_assert_int_eq(dmongo_get_int(doc, "_id", -1), i);
        ck_assert_int_eq(dmongo_get_int(doc, "n", -1), 2);
    }
    ck_assert_int_eq(dmongo_cursor_next(cursor, &doc, &err), 0);
    dmongo_cursor_close(cursor);
    close_way();
    return 0;
}
END_TEST

FIBER_TEST(a_duplicate_is_told_and_the_rest_is_as_asked)
{
    diesel_error err;
    dmongo_result result;
    if (!open_way(row))
        return 0;
    dmongo_value docs[] = {dmongo_doc("_id", 1), dmongo_doc("_id", 1),
                           dmongo_doc("_id", 2)};
    assert_fails(dmongo_insert_many(mongo, ns, docs, 3, NULL, &result, &err),
                 DIESEL_E_SERVER);
    ck_assert_int_eq(err.detail, DMONGO_DUPLICATE_KEY);
    ck_assert_int_eq(result.inserted, 1);
    ck_assert_uint_eq(result.error_count, 1);
    ck_assert_uint_eq(result.errors[0].index, 1);
    dmongo_result_clear(&result);
    assert_fails(dmongo_insert_many(
                     mongo, ns, docs + 1, 2,
                     &(dmongo_insert_options){.unordered = true}, &result, &err),
                 DIESEL_E_SERVER);
    ck_assert_int_eq(result.inserted, 1);
    dmongo_result_clear(&result);
    close_way();
    return 0;
}
END_TEST

FIBER_TEST(a_failing_command_has_code_and_name)
{
    diesel_error err;
    bson_t *reply;
    if (!open_way(row))
        return 0;
    assert_ok(dmongo_run(mongo, "admin", dmongo_doc("ping", 1), &reply, &err));
    ck_assert_double_eq(dmongo_get_double(reply, "ok", 0), 1);
    bson_destroy(reply);
    assert_fails(dmongo_run(mongo, database, dmongo_doc("noSuchCommand", 1),
                            &reply, &err), DIESEL_E_SERVER);
    ck_assert_int_eq(err.domain, DIESEL_DOM_MONGO);
    ck_assert_int_eq(err.detail, 59);
    assert_contains(err.message, "CommandNotFound");
    close_way();
    return 0;
}
END_TEST

static int insert_and_find(void *arg)
{
    diesel_error err;
    bson_t *found;
    int id = *(int *)arg;
    if (dmongo_insert_one(mongo, ns, dmongo_doc("_id", id, "twice", 2 * id),
                          NULL, NULL, &err) < 0)
        return diesel_fail(&err);
    int got = dmongo_find_one(mongo, ns, dmongo_doc("_id", id), NULL, &found,
                              &err);
    if (got < 0)
        return diesel_fail(&err);
    ck_assert_int_eq(got, 1);
    ck_assert_int_eq(dmongo_get_int(found, "twice", -1), 2 * id);
    bson_destroy(found);
    return 0;
}

FIBER_TEST(two_hundred_fibers_at_once)
{
    enum { FIBERS = 200 };
    diesel_error err;
    static int ids[FIBERS];
    if (!open_way(row))
        return 0;
    diesel_scope *scope = diesel_scope_open(NULL);
    for (int i = 0; i < FIBERS; i++) {
        ids[i] = i;
        diesel_go(scope, insert_and_find, &ids[i]);
    }
    assert_ok(diesel_scope_wait(scope, &err));
    ck_assert_int_eq(dmongo_count(mongo, ns, dmongo_doc(), NULL, &err), FIBERS);
    close_way();
    return 0;
}
END_TEST

static const struct {
    const char *way, *mechanism;
} logins[] = {
    {"DIESEL_TEST_MONGODB_AUTH_URI", NULL},
    {"DIESEL_TEST_MONGODB_AUTH_URI", "SCRAM-SHA-256"},
    {"DIESEL_TEST_MONGODB_AUTH_URI", "SCRAM-SHA-1"},
    {"DIESEL_TEST_MONGODB_MUTUAL_URI", NULL},
    {"DIESEL_TEST_MONGODB_MUTUAL_URI", "SCRAM-SHA-256"},
    {"DIESEL_TEST_MONGODB_MUTUAL_URI", "SCRAM-SHA-1"},
};

enum { MECHANISM_UNAVAILABLE = 334 };

/* A connection string with another password, and a mechanism. */
static void make_uri(char *uri, size_t size, const char *given,
                     const char *password, const char *mechanism)
{
    const char *colon = strchr(given + strlen("mongodb://"), ':');
    const char *at = strchr(given, '@');
    ck_assert(colon != NULL && at != NULL);
    if (password != NULL)
        snprintf(uri, size, "%.*s:%s%s", (int)(colon - given), given, password,
                 at);
    else
        snprintf(uri, size, "%s", given);
    if (mechanism != NULL) {
        size_t have = strlen(uri);
        snprintf(uri + have, size - have, "%sauthMechanism=%s",
                 strchr(uri, '?') != NULL ? "&" : "/?", mechanism);
    }
}

FIBER_TEST(each_mechanism_lets_in_and_keeps_out)
{
    diesel_error err;
    char uri[700];
    const char *given = getenv(logins[row].way);
    if (given == NULL)
        return 0;
    make_uri(uri, sizeof uri, given, NULL, logins[row].mechanism);
    mongo = dmongo_open(uri, NULL, &err);
    if (mongo == NULL && err.detail == MECHANISM_UNAVAILABLE)
        return 0; /* FerretDB 2 has no SCRAM-SHA-1 */
    assert_made(mongo);
    assert_ok(dmongo_run(mongo, "admin", dmongo_doc("ping", 1), NULL, &err));
    dmongo_close(mongo);
    make_uri(uri, sizeof uri, given, "not-the-word", logins[row].mechanism);
    assert_fails_null(dmongo_open(uri, NULL, &err), DIESEL_E_AUTH);
    ck_assert_ptr_null(strstr(err.message, "not-the-word"));
    return 0;
}
END_TEST

/* The connection string without what begins with `option`, up to the next "&". */
static void leave_out(char *uri, size_t size, const char *given,
                      const char *option)
{
    const char *from = strstr(given, option);
    ck_assert_ptr_nonnull(from);
    const char *to = from + strcspn(from, "&");
    snprintf(uri, size, "%.*s%s", (int)(from - given), given,
             *to == '&' ? to + 1 : to);
}

FIBER_TEST(a_server_of_an_unknown_authority_is_refused)
{
    diesel_error err;
    char uri[700];
    const char *given = getenv("DIESEL_TEST_MONGODB_TLS_URI");
    if (given == NULL)
        return 0;
    leave_out(uri, sizeof uri, given, "tlsCAFile=");
    assert_fails_null(dmongo_open(uri, NULL, &err), DIESEL_E_TLS);
    assert_contains(err.message, "certificate");
    return 0;
}
END_TEST

FIBER_TEST(who_shows_no_certificate_is_kept_out)
{
    diesel_error err;
    char uri[700];
    const char *given = getenv("DIESEL_TEST_MONGODB_MUTUAL_URI");
    if (given == NULL)
        return 0;
    leave_out(uri, sizeof uri, given, "tlsCertificateKeyFile=");
    assert_fails_null(dmongo_open(uri, NULL, &err), DIESEL_E_TLS);
    assert_contains(err.message, "certificate");
    return 0;
}
END_TEST

int main(void)
{
    if (getenv("DIESEL_TEST_MONGODB_URI") == NULL) {
        printf("skipped: DIESEL_TEST_MONGODB_URI names no MongoDB server\n");
        return 77;
    }
    Suite *suite = suite_create("live mongo");
    const TTest *const each_way[] = {
        a_document_comes_back_as_it_was,
        a_cursor_reads_what_was_inserted_batch_by_batch,
        documents_are_changed_replaced_and_deleted,
        an_aggregation_groups,
        a_duplicate_is_told_and_the_rest_is_as_asked,
        a_failing_command_has_code_and_name,
        two_hundred_fibers_at_once,
    };
    for (size_t i = 0; i < TEST_COUNT(each_way); i++)
        test_case_rows(suite, "each way", each_way[i], TEST_COUNT(ways));
    test_case_rows(suite, "mechanisms", each_mechanism_lets_in_and_keeps_out,
                   TEST_COUNT(logins));
    test_case(suite, "certificates", a_server_of_an_unknown_authority_is_refused,
              who_shows_no_certificate_is_kept_out);
    return test_suite_run(suite);
}

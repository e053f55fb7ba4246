/* SPDX-License-Identifier: MIT */
/*
 * Each way to use a MongoDB client, see mongo_uses.h.
 */
#include "mongo_uses.h"

#include <check.h>
#include <string.h>

#include <diesel/core.h>

bool mongo_use_has_cursor;

static int take(bson_t *doc, int result)
{
    bson_destroy(doc);
    return result < 0 ? -1 : 0;
}

static int walk(dmongo_cursor *cursor, int most, diesel_error *why)
{
    const bson_t *doc;
    int got = -1;
    mongo_use_has_cursor = cursor != NULL;
    while (cursor != NULL && most-- > 0 &&
           (got = dmongo_cursor_next(cursor, &doc, why)) > 0)
        ;
    dmongo_cursor_close(cursor);
    return got < 0 ? -1 : 0;
}

static int use_run(dmongo *client, diesel_error *why)
{
    bson_t *reply;
    int done = dmongo_run(client, "t", dmongo_doc("count", "c"), &reply, why);
    ck_assert_int_eq(dmongo_get_int(reply, "n", -1), done == 0 ? 3 : -1);
    return take(reply, done);
}

static int use_find_one(dmongo *client, diesel_error *why)
{
    bson_t *found;
    const dmongo_find_options options = {
        .sort = dmongo_doc("_id", 1), .collation = dmongo_doc("locale", "en")};
    int got =
        dmongo_find_one(client, "t.many", dmongo_doc("_id", 1), &options, &found, why);
    ck_assert_int_eq(dmongo_get_int(found, "_id", -1), got > 0 ? 1 : -1);
    return take(found, got);
}

static int use_find(dmongo *client, diesel_error *why)
{
    return walk(dmongo_find(client, "t.many", dmongo_doc(),
                            &(dmongo_find_options){
                                .batch_size = 2,
                                .comment = dmongo_doc("from", "a test")},
                            why),
                100, why);
}

static int use_part_of_find(dmongo *client, diesel_error *why)
{
    return walk(dmongo_find(client, "t.many", dmongo_doc(),
                            &(dmongo_find_options){.batch_size = 2}, why),
                3, why);
}

static int use_prefetch(dmongo *client, diesel_error *why)
{
    return walk(dmongo_find(client, "t.many", dmongo_doc(),
                            &(dmongo_find_options){.batch_size = 2,
                                                   .prefetch = true},
                            why),
                100, why);
}

static int use_part_of_prefetch(dmongo *client, diesel_error *why)
{
    return walk(dmongo_find(client, "t.many", dmongo_doc(),
                            &(dmongo_find_options){.prefetch = true}, why),
                3, why);
}

static int use_aggregate(dmongo *client, diesel_error *why)
{
    return walk(dmongo_aggregate(client, "t.c",
                                 dmongo_array(dmongo_doc("$sort",
                                                         dmongo_doc("_id", 1))),
                                 NULL, why),
                100, why);
}

static int use_run_cursor(dmongo *client, diesel_error *why)
{
    return walk(dmongo_run_cursor(client, "t", dmongo_doc("find", "many"),
                                  &(dmongo_run_cursor_options){.batch_size = 2},
                                  why),
                100, why);
}

static int use_counts(dmongo *client, diesel_error *why)
{
    bson_t *values;
    if (dmongo_count(client, "t.c", dmongo_doc(), NULL, why) < 0 ||
        dmongo_estimated_count(client, "t.c", NULL, why) < 0)
        return -1;
    return take(values, dmongo_distinct(client, "t.c", "a", dmongo_doc(), NULL,
                                        &values, why));
}

static int use_insert_one(dmongo *client, diesel_error *why)
{
    bson_oid_t id;
    return dmongo_insert_one(client, "t.c", dmongo_doc("a", 1, "b", "two"),
                             &(dmongo_insert_options){.ids = &id}, NULL, why);
}

/* More than one message: documents of two kinds of size. */
static int use_insert_many(dmongo *client, diesel_error *why)
{
    enum { N = 40 };
    static char text[3000];
    dmongo_value docs[N], fields[N][4];
    memset(text, 'x', sizeof text - 1);
    for (int i = 0; i < N; i++) {
        fields[i][0] = dmongo_str("i");
        fields[i][1] = dmongo_int32(i);
        fields[i][2] = dmongo_str("text");
        fields[i][3] = dmongo_strn(text, i % 2 ? sizeof text - 1 : 10);
        docs[i] = dmongo_doc_of(fields[i], 4);
    }
    dmongo_result result;
    int done = dmongo_insert_many(client, "t.c", docs, N, NULL, &result, why);
    dmongo_result_clear(&result);
    return done;
}

/* The writes are refused, as told in the result; anything else is a failure. */
static int expect_refused(int done, dmongo_result *result, diesel_error *why)
{
    ck_assert_int_eq(done, -1);
    bool as_expected = why->code == DIESEL_E_SERVER && result->error_count == 1 &&
                       result->has_concern_error;
    if (as_expected)
        ck_assert_str_eq(result->errors[0].message, "E11000 duplicate key");
    dmongo_result_clear(result);
    return as_expected ? 0 : -1;
}

static int use_refused_insert(dmongo *client, diesel_error *why)
{
    dmongo_result result;
    int done = dmongo_insert_one(client, "t.refused", dmongo_doc("a", 1), NULL,
                                 &result, why);
    return expect_refused(done, &result, why);
}

static int use_update(dmongo *client, diesel_error *why)
{
    dmongo_result result;
    const dmongo_update_options options = {
        .upsert = true,
        .array_filters = dmongo_array(dmongo_doc("x", 1)),
        .let = dmongo_doc("v", 1)};
    int done = dmongo_update_one(
        client, "t.c", dmongo_doc("a", 1),
        dmongo_doc("$set", dmongo_doc("b", 2)), &options, &result, why);
    if (done == 0)
        ck_assert_str_eq(dmongo_get_str(result.upserted, "_id", ""), "a new one");
    dmongo_result_clear(&result);
    if (done < 0)
        return -1;
    return dmongo_update_many(client, "t.c", dmongo_doc("a", 1),
                              dmongo_doc("$set", dmongo_doc("b", 2)), NULL, NULL,
                              why) < 0 ||
                   dmongo_replace_one(client, "t.c", dmongo_doc("a", 1),
                                      dmongo_doc("b", 2), NULL, NULL, why) < 0
               ? -1
               : 0;
}

static int use_delete(dmongo *client, diesel_error *why)
{
    return dmongo_delete_one(client, "t.c", dmongo_doc("a", 1), NULL, NULL, why) < 0
               ? -1
               : dmongo_delete_many(client, "t.c", dmongo_doc(), NULL, NULL, why);
}

static int use_modify(dmongo *client, diesel_error *why)
{
    bson_t *found;
    if (take(found, dmongo_find_one_and_update(
                        client, "t.c", dmongo_doc("a", 1),
                        dmongo_doc("$inc", dmongo_doc("n", 1)),
                        &(dmongo_modify_options){.after = true}, &found, why)) < 0 ||
        take(found, dmongo_find_one_and_replace(client, "t.c", dmongo_doc("a", 1),
                                                dmongo_doc("b", 1), NULL, &found,
                                                why)) < 0)
        return -1;
    return take(found, dmongo_find_one_and_delete(client, "t.c", dmongo_doc("a", 1),
                                                  NULL, &found, why));
}

static int use_bulk(dmongo *client, diesel_error *why)
{
    dmongo_result result;
    const dmongo_write writes[] = {
        DMONGO_INSERT(dmongo_doc("a", 1)),
        DMONGO_UPDATE_ONE(dmongo_doc("a", 1),
                          dmongo_doc("$set", dmongo_doc("b", 1)),
                          .upsert = true),
        DMONGO_UPDATE_MANY(dmongo_doc("a", 1),
                           dmongo_doc("$set", dmongo_doc("b", 1))),
        DMONGO_REPLACE_ONE(dmongo_doc("a", 1), dmongo_doc("c", 1)),
        DMONGO_DELETE_ONE(dmongo_doc("a", 1)),
    };
    for (int unordered = 0; unordered < 2; unordered++) {
        int done = dmongo_bulk_write(
            client, "t.c", writes, sizeof writes / sizeof *writes,
            &(dmongo_bulk_options){.unordered = unordered}, &result, why);
        dmongo_result_clear(&result);
        if (done < 0)
            return -1;
    }
    return 0;
}

static int use_client_bulk(dmongo *client, diesel_error *why)
{
    dmongo_result result;
    const dmongo_write writes[] = {
        DMONGO_UPDATE_ONE(dmongo_doc("a", 1),
                          dmongo_doc("$set", dmongo_doc("b", 1)),
                          .upsert = true, .ns = "t.a"),
        DMONGO_INSERT(dmongo_doc("_id", 1), .ns = "t.b"),
    };
    int done = dmongo_client_bulk_write(
        client, writes, 2, &(dmongo_bulk_options){.verbose = true}, &result, why);
    ck_assert_int_eq(done, -1);
    bool as_expected = why->code == DIESEL_E_SERVER && result.error_count == 1 &&
                       dmongo_get_int(result.upserted, "0", 0) == 9;
    dmongo_result_clear(&result);
    return as_expected ? 0 : -1;
}

static int use_indexes(dmongo *client, diesel_error *why)
{
    const dmongo_index indexes[] = {
        {.keys = dmongo_doc("a", 1, "b", -1), .unique = true},
        {.keys = dmongo_doc("c", "text"), .name = "c"}};
    if (dmongo_create_indexes(client, "t.c", indexes, 2, NULL, why) < 0 ||
        dmongo_drop_index(client, "t.c", "c", why) < 0 ||
        dmongo_drop_indexes(client, "t.c", why) < 0)
        return -1;
    return walk(dmongo_list_indexes(client, "t.c", 0, why), 100, why);
}

static int use_collections(dmongo *client, diesel_error *why)
{
    bson_t *databases;
    if (dmongo_create_collection(client, "t.c",
                                 &(dmongo_create_options){.capped_bytes = 4096},
                                 why) < 0 ||
        dmongo_rename_collection(client, "t.c", "t.d", true, why) < 0 ||
        walk(dmongo_list_collections(client, "t", NULL, why), 100, why) < 0 ||
        take(databases, dmongo_list_databases(client, NULL, &databases, why)) < 0 ||
        dmongo_drop_collection(client, "t.c", why) < 0)
        return -1;
    return dmongo_drop_database(client, "t", why);
}

static int use_session(dmongo *client, diesel_error *why)
{
    dmongo_session *session = dmongo_session_open(client, NULL, why);
    if (session == NULL)
        return -1;
    ck_assert_ptr_nonnull(dmongo_session_id(session));
    int done = dmongo_insert_one(client, "t.c", dmongo_doc("a", 1),
                                 &(dmongo_insert_options){.session = session}, NULL,
                                 why);
    if (done == 0)
        done = dmongo_run_with(client, "t", dmongo_doc("ping", 1),
                               &(dmongo_run_options){.session = session}, NULL,
                               why);
    if (done == 0)
        done = walk(dmongo_find(client, "t.many", dmongo_doc(),
                                &(dmongo_find_options){.session = session,
                                                       .batch_size = 2},
                                why),
                    100, why);
    dmongo_session_close(session);
    return done;
}

static int upload(dmongo_gridfs *files, diesel_error *why)
{
    bson_t *id;
    dmongo_upload *up = dmongo_upload_open(
        files, "f", &(dmongo_upload_options){.metadata = dmongo_doc("a", 1)}, why);
    if (up == NULL)
        return -1;
    if (dmongo_upload_write(up, "abcdefghijk", 11, why) < 0) {
        dmongo_upload_abort(up);
        return -1;
    }
    return take(id, dmongo_upload_finish(up, &id, why));
}

static int download(dmongo_gridfs *files, diesel_error *why)
{
    char buf[8];
    ssize_t got;
    size_t have = 0;
    dmongo_download *down = dmongo_download_open(files, 1, why);
    if (down == NULL)
        return -1;
    while ((got = dmongo_download_read(down, buf + have, 7 - have, why)) > 0)
        have += (size_t)got;
    if (got == 0)
        ck_assert(have == 6 && memcmp(buf, "abcdef", 6) == 0);
    dmongo_download_close(down);
    return got < 0 ? -1 : 0;
}

static int manage(dmongo_gridfs *files, diesel_error *why)
{
    dmongo_download *down = dmongo_download_open_by_name(files, "f", -1, why);
    dmongo_download_close(down);
    if (down == NULL || dmongo_gridfs_rename(files, 1, "g", why) < 0 ||
        dmongo_gridfs_delete_by_name(files, "f", why) < 0 ||
        dmongo_gridfs_delete(files, 1, why) < 0)
        return -1;
    return dmongo_gridfs_drop(files, why);
}

static int use_gridfs(dmongo *client, diesel_error *why)
{
    dmongo_gridfs *files = dmongo_gridfs_open(
        client, "t", &(dmongo_gridfs_options){.chunk_size = 4}, why);
    dmongo_gridfs *empty = dmongo_gridfs_open(
        client, "t", &(dmongo_gridfs_options){.bucket = "new", .chunk_size = 4},
        why);
    int done = -1;
    if (files != NULL && empty != NULL && upload(files, why) == 0 &&
        upload(empty, why) == 0 && download(files, why) == 0)
        done = manage(files, why);
    dmongo_gridfs_close(files);
    dmongo_gridfs_close(empty);
    return done;
}

const struct mongo_use mongo_uses[] = {
    {"run", use_run},
    {"find one", use_find_one},
    {"find", use_find},
    {"part of a find", use_part_of_find},
    {"prefetch", use_prefetch},
    {"part of a prefetch", use_part_of_prefetch},
    {"aggregate", use_aggregate},
    {"run a cursor", use_run_cursor},
    {"count, distinct", use_counts},
    {"insert one", use_insert_one},
    {"insert many", use_insert_many},
    {"a refused insert", use_refused_insert},
    {"update, replace", use_update},
    {"delete", use_delete},
    {"find and modify", use_modify},
    {"bulk write", use_bulk},
    {"client bulk write", use_client_bulk},
    {"indexes", use_indexes},
    {"collections", use_collections},
    {"session", use_session},
    {"gridfs", use_gridfs},
};
const int mongo_use_count = sizeof mongo_uses / sizeof *mongo_uses;

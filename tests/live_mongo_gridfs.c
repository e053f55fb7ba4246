/* SPDX-License-Identifier: MIT */
/*
 * GridFS against a real server. Skipped unless DIESEL_TEST_MONGODB_URI is set, see
 * tests/servers/with-servers.
 */
#include <stdint.h>

#include <diesel/mongo.h>
#include <diesel/net.h>

#include "test_util.h"

static char database[64];
static dmongo *mongo;
static dmongo_gridfs *files;

static void open_bucket(int32_t chunk_size)
{
    diesel_error err;
    snprintf(database, sizeof database, "diesel_gridfs_%d", (int)getpid());
    assert_made(mongo = dmongo_open(getenv("DIESEL_TEST_MONGODB_URI"), NULL,
                                    &err));
    assert_made(files = dmongo_gridfs_open(
                    mongo, database,
                    &(dmongo_gridfs_options){.chunk_size = chunk_size}, &err));
}

static void close_bucket(void)
{
    diesel_error err;
    dmongo_gridfs_close(files);
    assert_ok(dmongo_drop_database(mongo, database, &err));
    dmongo_close(mongo);
}

static const char *collection(const char *name)
{
    static char text[100];
    snprintf(text, sizeof text, "%s.fs.%s", database, name);
    return text;
}

static uint8_t *pattern(size_t n)
{
    uint8_t *bytes = malloc(n + 1);
    for (size_t i = 0; i < n; i++)
        bytes[i] = (uint8_t)(i * 7 + i / 251);
    return bytes;
}

/* Stores n bytes under a name, `step` at a time. */
static bson_t *put(const char *name, const uint8_t *bytes, size_t n, size_t step)
{
    diesel_error err;
    dmongo_upload *up;
    bson_t *id;
    assert_made(up = dmongo_upload_open(
                    files, name,
                    &(dmongo_upload_options){.metadata = dmongo_doc("n", (int)n)},
                    &err));
    for (size_t at = 0; at < n; at += step)
        assert_ok(dmongo_upload_write(up, bytes + at,
                                      n - at < step ? n - at : step, &err));
    assert_ok(dmongo_upload_finish(up, &id, &err));
    return id;
}

/* Reads all of it, `step` bytes at a time, and compares. */
static void check(dmongo_download *down, const uint8_t *bytes, size_t n,
                  size_t step)
{
    diesel_error err;
    uint8_t *got = malloc(step);
    size_t at = 0;
    ssize_t count;
    while ((count = dmongo_download_read(down, got, step, &err)) > 0) {
        ck_assert(at + (size_t)count <= n);
        ck_assert_mem_eq(got, bytes + at, (size_t)count);
        at += (size_t)count;
    }
    assert_ok((int)count);
    ck_assert_uint_eq(at, n);
    free(got);
    dmongo_download_close(down);
}

static const struct {
    size_t size, write, read;
} shapes[] = {
    {0, 1, 10},      {1, 1, 1},       {99, 10, 1000},  {100, 100, 100},
    {101, 101, 7},   {1000, 1, 333},  {2000, 2000, 1}, {2350, 250, 100},
    {5000, 4999, 64}, /* more chunks than fit one message, and one byte */
};

FIBER_TEST(a_file_comes_back_whatever_the_pieces)
{
    diesel_error err;
    open_bucket(100);
    size_t n = shapes[row].size;
    uint8_t *bytes = pattern(n);
    bson_t *id = put("a", bytes, n, shapes[row].write);
    dmongo_download *down;
    assert_made(down = dmongo_download_open(files, dmongo_get_value(id, "_id"),
                                            &err));
    ck_assert_int_eq(dmongo_get_int(dmongo_download_file(down), "length", -1),
                     (int)n);
    ck_assert_int_eq(dmongo_get_int(dmongo_download_file(down), "metadata.n", -1),
                     (int)n);
    check(down, bytes, n, shapes[row].read);
    ck_assert_int_eq(dmongo_count(mongo, collection("chunks"), dmongo_doc(), NULL,
                                  &err), (int)((n + 99) / 100));
    bson_destroy(id);
    free(bytes);
    close_bucket();
    return 0;
}
END_TEST

FIBER_TEST(revisions_are_counted_from_both_ends)
{
    diesel_error err;
    dmongo_download *down;
    open_bucket(0);
    for (uint8_t i = 0; i < 3; i++) {
        bson_destroy(put("r", &i, 1, 1));
        assert_ok(diesel_sleep(2, &err)); /* dates have milliseconds */
    }
    const struct { int revision; uint8_t byte; } want[] = {
        {0, 0}, {1, 1}, {2, 2}, {-1, 2}, {-2, 1}, {-3, 0}};
    for (size_t i = 0; i < TEST_COUNT(want); i++) {
        assert_made(down = dmongo_download_open_by_name(
                        files, "r", want[i].revision, &err));
        check(down, &want[i].byte, 1, 5);
    }
    assert_fails_null(dmongo_download_open_by_name(files, "r", 3, &err),
                      DIESEL_E_FAILED);
    ck_assert_int_eq(err.detail, DMONGO_GRIDFS_NOT_FOUND);
    assert_ok(dmongo_gridfs_rename_by_name(files, "r", "s", &err));
    assert_fails_null(dmongo_download_open_by_name(files, "r", 0, &err),
                      DIESEL_E_FAILED);
    assert_ok(dmongo_gridfs_delete_by_name(files, "s", &err));
    assert_fails(dmongo_gridfs_delete_by_name(files, "s", &err),
                 DIESEL_E_FAILED);
    ck_assert_int_eq(dmongo_count(mongo, collection("chunks"), dmongo_doc(), NULL,
                                  &err), 0);
    close_bucket();
    return 0;
}
END_TEST

FIBER_TEST(what_was_deleted_or_given_up_leaves_nothing)
{
    diesel_error err;
    open_bucket(10);
    uint8_t *bytes = pattern(95);
    bson_t *id = put("a", bytes, 95, 95);
    dmongo_value key = dmongo_get_value(id, "_id");
    assert_ok(dmongo_gridfs_rename(files, key, "b", &err));
    assert_ok(dmongo_gridfs_delete(files, key, &err));
    assert_fails(dmongo_gridfs_delete(files, key, &err), DIESEL_E_FAILED);
    ck_assert_int_eq(err.detail, DMONGO_GRIDFS_NOT_FOUND);
    assert_fails(dmongo_gridfs_rename(files, key, "c", &err), DIESEL_E_FAILED);
    bson_destroy(id);
    dmongo_upload *up;
    assert_made(up = dmongo_upload_open(files, "d", NULL, &err));
    assert_ok(dmongo_upload_write(up, bytes, 95, &err));
    dmongo_upload_abort(up);
    ck_assert_int_eq(dmongo_count(mongo, collection("chunks"), dmongo_doc(), NULL,
                                  &err), 0);
    ck_assert_int_eq(dmongo_count(mongo, collection("files"), dmongo_doc(), NULL,
                                  &err), 0);
    free(bytes);
    close_bucket();
    return 0;
}
END_TEST

/* What is done to the chunks of a file of three, and which error that is. */
static const struct {
    int n;         /* the chunk that is changed                  */
    int size;      /* to this size; -1: deleted; n 3: added      */
    int detail;
} harms[] = {
    {0, -1, DMONGO_GRIDFS_CHUNK_MISSING}, {1, -1, DMONGO_GRIDFS_CHUNK_MISSING},
    {2, -1, DMONGO_GRIDFS_CHUNK_MISSING}, {1, 9, DMONGO_GRIDFS_CHUNK_SIZE},
    {1, 11, DMONGO_GRIDFS_CHUNK_SIZE},    {2, 6, DMONGO_GRIDFS_CHUNK_SIZE},
    {2, 0, DMONGO_GRIDFS_CHUNK_SIZE},     {3, 1, DMONGO_GRIDFS_CHUNK_EXTRA},
};

FIBER_TEST(a_damaged_file_is_not_taken_for_whole)
{
    diesel_error err;
    open_bucket(10);
    uint8_t *bytes = pattern(25), got[100];
    bson_t *id = put("a", bytes, 25, 25);
    dmongo_value key = dmongo_get_value(id, "_id");
    dmongo_value which = dmongo_doc("files_id", key, "n", harms[row].n);
    dmongo_value data = dmongo_binary(
        bytes, harms[row].size > 0 ? (size_t)harms[row].size : 0,
        BSON_SUBTYPE_BINARY);
    if (harms[row].size < 0)
        assert_ok(dmongo_delete_one(mongo, collection("chunks"), which, NULL,
                                    NULL, &err));
    else
        assert_ok(dmongo_update_one(
            mongo, collection("chunks"), which,
            dmongo_doc("$set", dmongo_doc("data", data)),
            &(dmongo_update_options){.upsert = true}, NULL, &err));
    dmongo_download *down;
    ssize_t count;
    assert_made(down = dmongo_download_open(files, key, &err));
    while ((count = dmongo_download_read(down, got, sizeof got, &err)) > 0)
        ;
    ck_assert_int_eq(count, -1);
    ck_assert_int_eq(err.code, DIESEL_E_FAILED);
    ck_assert_int_eq(err.detail, harms[row].detail);
    dmongo_download_close(down);
    bson_destroy(id);
    free(bytes);
    close_bucket();
    return 0;
}
END_TEST

struct end {
    diesel_stream *stream;
    const uint8_t *bytes;
    size_t n;
};

static int feed(void *arg)
{
    struct end *end = arg;
    diesel_error err;
    int done = diesel_stream_write(end->stream, end->bytes, end->n,
                                   DIESEL_FOREVER, &err);
    diesel_stream_close(end->stream);
    return done < 0 ? diesel_fail(&err) : 0;
}

static int drink(void *arg)
{
    struct end *end = arg;
    diesel_error err;
    uint8_t *got = malloc(end->n);
    int done = diesel_stream_read_exactly(end->stream, got, end->n,
                                          DIESEL_FOREVER, &err);
    ck_assert(done == 0 && memcmp(got, end->bytes, end->n) == 0);
    free(got);
    return 0;
}

FIBER_TEST(streams_are_stored_and_read)
{
    diesel_error err;
    diesel_stream *pair[2];
    bson_t *id;
    open_bucket(1000);
    struct end end = {.bytes = pattern(30500), .n = 30500};
    assert_ok(diesel_stream_pair(pair, &err));
    end.stream = pair[0];
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(scope, feed, &end);
    assert_ok(dmongo_gridfs_upload(files, "s", pair[1], NULL, &id, &err));
    assert_ok(diesel_scope_wait(scope, &err));
    diesel_stream_close(pair[1]);

    assert_ok(diesel_stream_pair(pair, &err));
    end.stream = pair[0];
    scope = diesel_scope_open(NULL);
    diesel_go(scope, drink, &end);
    ck_assert_int_eq(dmongo_gridfs_download(files, dmongo_get_value(id, "_id"),
                                            pair[1], &err), 30500);
    assert_ok(diesel_scope_wait(scope, &err));
    diesel_stream_close(pair[0]);
    diesel_stream_close(pair[1]);
    const bson_t *file;
    dmongo_cursor *cursor;
    assert_made(cursor = dmongo_gridfs_find(files, dmongo_doc("filename", "s"),
                                            NULL, &err));
    ck_assert_int_eq(dmongo_cursor_next(cursor, &file, &err), 1);
    ck_assert_int_eq(dmongo_get_int(file, "chunkSize", 0), 1000);
    dmongo_cursor_close(cursor);
    assert_ok(dmongo_gridfs_drop(files, &err));
    bson_destroy(id);
    free((void *)(uintptr_t)end.bytes);
    close_bucket();
    return 0;
}
END_TEST

FIBER_TEST(a_cancelled_upload_deletes_its_chunks)
{
    diesel_error err;
    open_bucket(10);
    uint8_t *bytes = pattern(200);
    dmongo_upload *up;
    assert_made(up = dmongo_upload_open(files, "c", NULL, &err));
    diesel_scope *scope = diesel_scope_open(NULL);
    assert_ok(dmongo_upload_write(up, bytes, 100, &err));
    diesel_scope_cancel(scope);
    assert_fails(dmongo_upload_write(up, bytes, 100, &err), DIESEL_E_CANCELLED);
    assert_fails(dmongo_upload_finish(up, NULL, &err), DIESEL_E_INVAL);
    assert_ok(diesel_scope_wait(scope, &err));
    ck_assert_int_eq(dmongo_count(mongo, collection("chunks"), dmongo_doc(), NULL,
                                  &err), 0);
    free(bytes);
    close_bucket();
    return 0;
}
END_TEST

int main(void)
{
    if (getenv("DIESEL_TEST_MONGODB_URI") == NULL) {
        printf("skipped: DIESEL_TEST_MONGODB_URI names no MongoDB server\n");
        return 77;
    }
    Suite *suite = suite_create("live mongo gridfs");
    test_case_rows(suite, "pieces", a_file_comes_back_whatever_the_pieces,
                   TEST_COUNT(shapes));
    test_case_rows(suite, "damage", a_damaged_file_is_not_taken_for_whole,
                   TEST_COUNT(harms));
    test_case(suite, "files", revisions_are_counted_from_both_ends,
              what_was_deleted_or_given_up_leaves_nothing,
              streams_are_stored_and_read,
              a_cancelled_upload_deletes_its_chunks);
    return test_suite_run(suite);
}

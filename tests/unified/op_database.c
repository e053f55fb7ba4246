/* SPDX-License-Identifier: MIT */
/*
 * Operations on databases and clients, on indexes, sessions, cursors and buckets.
 */
#include "unified.h"

#include <stdlib.h>
#include <string.h>

static int no_arguments_left(unified_arguments *a)
{
    return unified_arguments_end(a) < 0 ? -1 : 1;
}

static void done(unified_outcome *out, int result)
{
    out->failed = result < 0;
}

/* --- Databases */

static int op_run_command(unified_entity *on, unified_arguments *a,
                          unified_outcome *out)
{
    bson_t command = BSON_INITIALIZER, *reply;
    unified_str(a, "commandName");
    dmongo_value preference = unified_value(a, "readPreference");
    dmongo_session *session = unified_session(a);
    unified_doc(a, "command", &command);
    if (no_arguments_left(a) < 0)
        return -1;
    done(out, dmongo_run_with(on->client->mongo, on->name, &command,
                              &(dmongo_run_options){
                                  .session = session,
                                  .read_preference = preference},
                              &reply, &out->error));
    if (!out->failed)
        unified_return(out, dmongo_bson(reply));
    bson_destroy(reply);
    return 1;
}

static int cursor_command(unified_entity *on, unified_arguments *a,
                          unified_outcome *out, bool keep)
{
    bson_t command = BSON_INITIALIZER;
    unified_str(a, "commandName");
    unified_str(a, "cursorType");
    unified_doc(a, "command", &command);
    dmongo_run_cursor_options options = {
        .batch_size = (int32_t)unified_int(a, "batchSize", 0),
        .comment = unified_value(a, "comment"),
        .max_await_ms = unified_int(a, "maxTimeMS", 0),
        .session = unified_session(a)};
    if (no_arguments_left(a) < 0)
        return -1;
    dmongo_cursor *cursor = dmongo_run_cursor(
        on->client->mongo, on->name, dmongo_bson(&command), &options,
        &out->error);
    out->failed = cursor == NULL;
    if (cursor != NULL && keep)
        unified_add(a->world, "", UNIFIED_CURSOR)->cursor = cursor;
    else if (cursor != NULL)
        unified_return_documents(out, cursor, NULL);
    return 1;
}

static int op_run_cursor(unified_entity *on, unified_arguments *a,
                         unified_outcome *out)
{
    return cursor_command(on, a, out, false);
}

static int op_create_command_cursor(unified_entity *on, unified_arguments *a,
                                    unified_outcome *out)
{
    return cursor_command(on, a, out, true);
}

static void full_name(const unified_entity *on, const char *collection,
                      char *out, size_t size)
{
    snprintf(out, size, "%s.%s", on->name, collection != NULL ? collection : "");
}

static int op_create_collection(unified_entity *on, unified_arguments *a,
                                unified_outcome *out)
{
    char ns[300];
    full_name(on, unified_str(a, "collection"), ns, sizeof ns);
    dmongo_create_options options = {
        .capped_bytes = unified_bool(a, "capped", false)
                            ? unified_int(a, "size", 0) : 0,
        .capped_documents = unified_int(a, "max", 0),
        .validator = unified_value(a, "validator"),
        .validation_level = unified_str(a, "validationLevel"),
        .view_on = unified_str(a, "viewOn"),
        .pipeline = unified_value(a, "pipeline"),
        .collation = unified_value(a, "collation"),
        .time_series = unified_value(a, "timeseries"),
        .expire_after_seconds = unified_value(a, "expireAfterSeconds"),
        .clustered_index = unified_value(a, "clusteredIndex"),
        .comment = unified_value(a, "comment")};
    dmongo_value images = unified_value(a, "changeStreamPreAndPostImages");
    options.more = dmongo_doc("changeStreamPreAndPostImages", images);
    if (unified_has(a, "session") || no_arguments_left(a) < 0)
        return *a->world->why != 0
                   ? -1
                   : unified_fail(a->world, "createCollection has no session");
    done(out, dmongo_create_collection(on->client->mongo, ns, &options,
                                       &out->error));
    return 1;
}

static int op_drop_collection(unified_entity *on, unified_arguments *a,
                              unified_outcome *out)
{
    char ns[300];
    full_name(on, unified_str(a, "collection"), ns, sizeof ns);
    if (unified_has(a, "session"))
        return unified_fail(a->world, "dropCollection has no session");
    if (no_arguments_left(a) < 0)
        return -1;
    done(out, dmongo_drop_collection(on->client->mongo, ns, &out->error));
    return 1;
}

static int list_collections(unified_entity *on, unified_arguments *a,
                            unified_outcome *out, bool names)
{
    dmongo_list_options options = {
        .filter = unified_value(a, "filter"),
        .comment = unified_value(a, "comment"),
        .name_only = names || unified_bool(a, "nameOnly", false),
        .authorized_only = unified_bool(a, "authorizedCollections", false),
        .batch_size = (int32_t)unified_int(a, "batchSize", 0)};
    if (no_arguments_left(a) < 0)
        return -1;
    dmongo_cursor *cursor = dmongo_list_collections(
        on->client->mongo, on->name, &options, &out->error);
    out->failed = cursor == NULL;
    if (cursor != NULL)
        unified_return_documents(out, cursor, names ? "name" : NULL);
    return 1;
}

static int op_list_collections(unified_entity *on, unified_arguments *a,
                               unified_outcome *out)
{
    return list_collections(on, a, out, false);
}

static int op_list_collection_names(unified_entity *on, unified_arguments *a,
                                    unified_outcome *out)
{
    return list_collections(on, a, out, true);
}

static int op_modify_collection(unified_entity *on, unified_arguments *a,
                                unified_outcome *out)
{
    const char *name = unified_str(a, "collection");
    dmongo_value command = dmongo_doc(
        "collMod", name,
        "changeStreamPreAndPostImages",
        unified_value(a, "changeStreamPreAndPostImages"),
        "index", unified_value(a, "index"),
        "validator", unified_value(a, "validator"));
    if (no_arguments_left(a) < 0)
        return -1;
    done(out, dmongo_run(on->client->mongo, on->name, command, NULL,
                         &out->error));
    return 1;
}

static const struct {
    const char *name;
    int (*run)(unified_entity *on, unified_arguments *a, unified_outcome *out);
} database_ops[] = {
    {"runCommand", op_run_command},
    {"runCursorCommand", op_run_cursor},
    {"createCommandCursor", op_create_command_cursor},
    {"createCollection", op_create_collection},
    {"dropCollection", op_drop_collection},
    {"listCollections", op_list_collections},
    {"listCollectionObjects", op_list_collections},
    {"listCollectionNames", op_list_collection_names},
    {"modifyCollection", op_modify_collection},
};

int unified_op_database(unified_entity *on, const char *name,
                        unified_arguments *a, unified_outcome *out)
{
    if (on->kind != UNIFIED_DATABASE)
        return 0;
    for (size_t i = 0; i < sizeof database_ops / sizeof database_ops[0]; i++)
        if (strcmp(name, database_ops[i].name) == 0)
            return database_ops[i].run(on, a, out);
    return 0;
}

/* --- Clients */

static int list_databases(unified_entity *on, unified_arguments *a,
                          unified_outcome *out, bool names)
{
    dmongo_list_options options = {
        .filter = unified_value(a, "filter"),
        .comment = unified_value(a, "comment"),
        .name_only = names || unified_bool(a, "nameOnly", false),
        .authorized_only = unified_bool(a, "authorizedDatabases", false)};
    bson_t *list;
    if (no_arguments_left(a) < 0)
        return -1;
    done(out, dmongo_list_databases(on->mongo, &options, &list, &out->error));
    if (!out->failed)
        unified_return(out, dmongo_bson_array(list));
    bson_destroy(list);
    return 1;
}

int unified_op_client(unified_entity *on, const char *name,
                      unified_arguments *a, unified_outcome *out)
{
    if (on->kind != UNIFIED_CLIENT)
        return 0;
    if (strcmp(name, "listDatabases") == 0 ||
        strcmp(name, "listDatabaseObjects") == 0)
        return list_databases(on, a, out, false);
    if (strcmp(name, "listDatabaseNames") == 0)
        return list_databases(on, a, out, true);
    if (strcmp(name, "close") == 0) {
        dmongo_close(on->mongo);
        on->mongo = NULL;
        return no_arguments_left(a);
    }
    return 0;
}

/* --- Indexes */

static int op_create_index(unified_entity *on, unified_arguments *a,
                           unified_outcome *out)
{
    dmongo_index index = {
        .keys = unified_value(a, "keys"),
        .name = unified_str(a, "name"),
        .unique = unified_bool(a, "unique", false),
        .expire_after_seconds = unified_value(a, "expireAfterSeconds")};
    dmongo_create_index_options options = {
        .commit_quorum = unified_value(a, "commitQuorum"),
        .comment = unified_value(a, "comment"),
        .max_time_ms = unified_int(a, "maxTimeMS", 0)};
    dmongo_value prepare = unified_value(a, "prepareUnique");
    dmongo_value raw = unified_value(a, "rawData");
    if (unified_has(a, "session"))
        return unified_fail(a->world, "createIndex has no session");
    if (raw.form != DMONGO__ABSENT)
        return unified_fail(a->world, "needs rawData");
    index.more = dmongo_doc("prepareUnique", prepare);
    if (no_arguments_left(a) < 0)
        return -1;
    done(out, dmongo_create_indexes(on->client->mongo, on->name, &index, 1,
                                    &options, &out->error));
    if (!out->failed)
        unified_return(out, index.name != NULL ? dmongo_str(index.name)
                                               : dmongo_absent());
    return 1;
}

int unified_op_index(unified_entity *on, const char *name, unified_arguments *a,
                     unified_outcome *out)
{
    dmongo *mongo = on->client != NULL ? on->client->mongo : NULL;
    if (on->kind != UNIFIED_COLLECTION)
        return 0;
    if (strcmp(name, "createIndex") == 0)
        return op_create_index(on, a, out);
    if (strcmp(name, "dropIndex") == 0) {
        const char *index = unified_str(a, "name");
        if (no_arguments_left(a) < 0)
            return -1;
        done(out, dmongo_drop_index(mongo, on->name, index, &out->error));
        return 1;
    }
    if (strcmp(name, "dropIndexes") == 0) {
        if (no_arguments_left(a) < 0)
            return -1;
        done(out, dmongo_drop_indexes(mongo, on->name, &out->error));
        return 1;
    }
    if (strcmp(name, "listIndexes") == 0 || strcmp(name, "listIndexNames") == 0) {
        int32_t batch = (int32_t)unified_int(a, "batchSize", 0);
        if (no_arguments_left(a) < 0)
            return -1;
        dmongo_cursor *cursor =
            dmongo_list_indexes(mongo, on->name, batch, &out->error);
        out->failed = cursor == NULL;
        if (cursor != NULL)
            unified_return_documents(
                out, cursor, strcmp(name, "listIndexes") == 0 ? NULL : "name");
        return 1;
    }
    return 0;
}

/* --- Sessions and cursors */

int unified_op_session(unified_entity *on, const char *name,
                       unified_arguments *a, unified_outcome *out)
{
    (void)out;
    if (on->kind != UNIFIED_SESSION || strcmp(name, "endSession") != 0)
        return 0;
    dmongo_session_close(on->session);
    on->session = NULL;
    return no_arguments_left(a);
}

int unified_op_cursor(unified_entity *on, const char *name,
                      unified_arguments *a, unified_outcome *out)
{
    const bson_t *doc;
    if (on->kind != UNIFIED_CURSOR)
        return 0;
    if (strcmp(name, "close") == 0) {
        dmongo_cursor_close(on->cursor);
        on->cursor = NULL;
        return no_arguments_left(a);
    }
    if (strcmp(name, "iterateUntilDocumentOrError") != 0 &&
        strcmp(name, "iterateOnce") != 0)
        return 0;
    if (no_arguments_left(a) < 0)
        return -1;
    int got = dmongo_cursor_next(on->cursor, &doc, &out->error);
    done(out, got);
    if (got > 0)
        unified_return(out, dmongo_bson(doc));
    return 1;
}

/* --- Buckets */

static uint8_t *from_hex(const char *hex, size_t *n)
{
    *n = strlen(hex) / 2;
    uint8_t *bytes = malloc(*n + 1);
    for (size_t i = 0; i < *n; i++) {
        unsigned byte = 0;
        sscanf(hex + 2 * i, "%2x", &byte);
        bytes[i] = (uint8_t)byte;
    }
    return bytes;
}

static int op_upload(unified_entity *on, unified_arguments *a,
                     unified_outcome *out)
{
    bson_t source = BSON_INITIALIZER, *id = NULL;
    const char *name = unified_str(a, "filename");
    dmongo_upload_options options = {
        .id = unified_value(a, "id"),
        .metadata = unified_value(a, "metadata"),
        .chunk_size = (int32_t)unified_int(a, "chunkSizeBytes", 0)};
    unified_doc(a, "source", &source);
    if (no_arguments_left(a) < 0)
        return -1;
    size_t n;
    uint8_t *bytes = from_hex(dmongo_get_str(&source, "$$hexBytes", ""), &n);
    dmongo_upload *up = dmongo_upload_open(on->bucket, name, &options,
                                           &out->error);
    out->failed = up == NULL;
    if (up != NULL && dmongo_upload_write(up, bytes, n, &out->error) < 0) {
        dmongo_upload_abort(up);
        out->failed = true;
    } else if (up != NULL) {
        done(out, dmongo_upload_finish(up, &id, &out->error));
    }
    if (id != NULL)
        unified_return(out, dmongo_get_value(id, "_id"));
    bson_destroy(id);
    free(bytes);
    return 1;
}

static int download(unified_entity *on, unified_arguments *a,
                    unified_outcome *out, bool by_name)
{
    const char *name = by_name ? unified_str(a, "filename") : NULL;
    int revision = (int)unified_int(a, "revision", -1);
    dmongo_value id = unified_value(a, "id");
    if (no_arguments_left(a) < 0)
        return -1;
    dmongo_download *down =
        by_name ? dmongo_download_open_by_name(on->bucket, name, revision,
                                               &out->error)
                : dmongo_download_open(on->bucket, id, &out->error);
    out->failed = down == NULL;
    if (down == NULL)
        return 1;
    uint8_t *bytes = malloc(1 << 20);
    size_t have = 0;
    ssize_t got;
    while ((got = dmongo_download_read(down, bytes + have, (1 << 20) - have,
                                       &out->error)) > 0)
        have += (size_t)got;
    dmongo_download_close(down);
    out->failed = got < 0;
    if (got == 0)
        unified_return(out, dmongo_binary(bytes, have, BSON_SUBTYPE_BINARY));
    free(bytes);
    return 1;
}

int unified_op_bucket(unified_entity *on, const char *name,
                      unified_arguments *a, unified_outcome *out)
{
    if (on->kind != UNIFIED_BUCKET)
        return 0;
    if (strcmp(name, "upload") == 0)
        return op_upload(on, a, out);
    if (strcmp(name, "download") == 0 || strcmp(name, "downloadByName") == 0)
        return download(on, a, out, strcmp(name, "download") != 0);
    dmongo_value id = unified_value(a, "id");
    const char *file = unified_str(a, "filename");
    const char *to = unified_str(a, "newFilename");
    dmongo_value filter = unified_value(a, "filter");
    if (no_arguments_left(a) < 0)
        return -1;
    if (strcmp(name, "delete") == 0)
        done(out, dmongo_gridfs_delete(on->bucket, id, &out->error));
    else if (strcmp(name, "deleteByName") == 0)
        done(out, dmongo_gridfs_delete_by_name(on->bucket, file, &out->error));
    else if (strcmp(name, "rename") == 0)
        done(out, dmongo_gridfs_rename(on->bucket, id, to, &out->error));
    else if (strcmp(name, "renameByName") == 0)
        done(out, dmongo_gridfs_rename_by_name(on->bucket, file, to,
                                               &out->error));
    else if (strcmp(name, "drop") == 0)
        done(out, dmongo_gridfs_drop(on->bucket, &out->error));
    else if (strcmp(name, "find") == 0) {
        dmongo_cursor *cursor =
            dmongo_gridfs_find(on->bucket, filter, NULL, &out->error);
        out->failed = cursor == NULL;
        if (cursor != NULL)
            unified_return_documents(out, cursor, NULL);
    } else
        return 0;
    return 1;
}

/* SPDX-License-Identifier: MIT */
/*
 * GridFS: buckets, and files as a whole.
 *
 *     fs.files    {_id, length, chunkSize, uploadDate, filename, metadata}
 *     fs.chunks   {_id, files_id, n: 0, 1, ..., data}
 */
#include "gridfs_internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <diesel/memory.h>
#include <diesel/mongo_collection.h>
#include <diesel/mongo_write.h>

#include "client_internal.h"

#define CHUNK_SIZE (255 * 1024)
#define MOST_CHUNK (15 * 1024 * 1024) /* so that one fits a document */

int dmongo__gridfs_fail(const dmongo_gridfs *gridfs, int detail,
                        diesel_error *err, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    diesel_error_setv(err, DIESEL_E_FAILED, DIESEL_DOM_MONGO, detail, format,
                      args);
    va_end(args);
    return dmongo__explain("gridfs", gridfs->files, err);
}

static char *collection(const char *database, const char *bucket,
                        const char *name)
{
    size_t size = strlen(database) + strlen(bucket) + strlen(name) + 3;
    char *text = diesel_malloc(size);
    if (text != NULL)
        snprintf(text, size, "%s.%s.%s", database, bucket, name);
    return text;
}

dmongo_gridfs *dmongo_gridfs_open(dmongo *client, const char *database,
                                  const dmongo_gridfs_options *options,
                                  diesel_error *err)
{
    static const dmongo_gridfs_options defaults;
    const dmongo_gridfs_options *o = options != NULL ? options : &defaults;
    const char *bucket = o->bucket != NULL ? o->bucket : "fs";
    if (database == NULL || *database == 0 || *bucket == 0 ||
        o->chunk_size < 0 || o->chunk_size > MOST_CHUNK) {
        diesel_error_set(err, DIESEL_E_INVAL, DIESEL_DOM_MONGO, 0,
                         "gridfs: %s",
                         o->chunk_size < 0 || o->chunk_size > MOST_CHUNK
                             ? "chunks may have 1 byte to 15 MiB"
                             : "database and bucket need a name");
        return NULL;
    }
    dmongo_gridfs *gridfs = diesel_calloc(1, sizeof *gridfs);
    if (gridfs == NULL) {
        diesel_error_nomem(err, "a bucket");
        return NULL;
    }
    gridfs->client = client;
    gridfs->chunk_size = o->chunk_size > 0 ? o->chunk_size : CHUNK_SIZE;
    gridfs->files = collection(database, bucket, "files");
    gridfs->chunks = collection(database, bucket, "chunks");
    if (gridfs->files == NULL || gridfs->chunks == NULL) {
        dmongo_gridfs_close(gridfs);
        diesel_error_nomem(err, "a bucket");
        return NULL;
    }
    return gridfs;
}

void dmongo_gridfs_close(dmongo_gridfs *gridfs)
{
    if (gridfs == NULL)
        return;
    diesel_free(gridfs->files);
    diesel_free(gridfs->chunks);
    diesel_free(gridfs);
}

dmongo_cursor *(dmongo_gridfs_find)(dmongo_gridfs *gridfs, dmongo_value filter,
                                    const dmongo_find_options *options,
                                    diesel_error *err)
{
    return (dmongo_find)(gridfs->client, gridfs->files, filter, options, err);
}

int dmongo__gridfs_delete_chunks(dmongo_gridfs *gridfs, dmongo_value id,
                                 diesel_error *err)
{
    return dmongo_delete_many(gridfs->client, gridfs->chunks,
                              dmongo_doc("files_id", id), NULL, NULL, err);
}

/* The entry goes first, so that nobody finds a file without its chunks. */
int(dmongo_gridfs_delete)(dmongo_gridfs *gridfs, dmongo_value id,
                          diesel_error *err)
{
    dmongo_result result;
    if (dmongo_delete_one(gridfs->client, gridfs->files, dmongo_doc("_id", id),
                          NULL, &result, err) < 0) {
        dmongo_result_clear(&result);
        return -1;
    }
    bool found = result.deleted > 0;
    dmongo_result_clear(&result);
    if (dmongo__gridfs_delete_chunks(gridfs, id, err) < 0)
        return -1;
    return found ? 0
                 : dmongo__gridfs_fail(gridfs, DMONGO_GRIDFS_NOT_FOUND, err,
                                       "there is no file with that _id");
}

static int rename_matching(dmongo_gridfs *gridfs, dmongo_value filter, bool all,
                           const char *name, diesel_error *err)
{
    dmongo_result result;
    dmongo_value change = dmongo_doc("$set", dmongo_doc("filename", name));
    int done = (all ? (dmongo_update_many) : (dmongo_update_one))(
        gridfs->client, gridfs->files, filter, change, NULL, &result, err);
    bool found = result.matched > 0;
    dmongo_result_clear(&result);
    if (done < 0 || found)
        return done;
    return dmongo__gridfs_fail(gridfs, DMONGO_GRIDFS_NOT_FOUND, err,
                               "there is no such file to be renamed");
}

int(dmongo_gridfs_rename)(dmongo_gridfs *gridfs, dmongo_value id,
                          const char *name, diesel_error *err)
{
    return rename_matching(gridfs, dmongo_doc("_id", id), false, name, err);
}

int dmongo_gridfs_rename_by_name(dmongo_gridfs *gridfs, const char *name,
                                 const char *to, diesel_error *err)
{
    return rename_matching(gridfs, dmongo_doc("filename", name), true, to, err);
}

/* The _ids of files, {"_id": ...} each. */
struct ids {
    bson_t **docs;
    size_t count, room;
};

static int add_id(struct ids *ids, const bson_t *file, diesel_error *err)
{
    if (ids->count == ids->room) {
        size_t room = ids->room > 0 ? 2 * ids->room : 8;
        bson_t **docs = diesel_realloc_array(ids->docs, room, sizeof *docs);
        if (docs == NULL)
            return diesel_error_nomem(err, "a list of files");
        ids->docs = docs;
        ids->room = room;
    }
    bson_t *doc = dmongo_doc_to_bson(
        dmongo_doc("_id", dmongo_get_value(file, "_id")), err);
    if (doc == NULL)
        return -1;
    ids->docs[ids->count++] = doc;
    return 0;
}

/* Those of all revisions of a name. */
static int collect_ids(dmongo_gridfs *gridfs, const char *name, struct ids *ids,
                       diesel_error *err)
{
    dmongo_cursor *cursor = dmongo_find(
        gridfs->client, gridfs->files, dmongo_doc("filename", name),
        &(dmongo_find_options){.projection = dmongo_doc("_id", 1)}, err);
    const bson_t *file;
    int got;
    while ((got = dmongo_cursor_next(cursor, &file, err)) > 0)
        if (add_id(ids, file, err) < 0) {
            got = -1;
            break;
        }
    dmongo_cursor_close(cursor);
    return got;
}

static int delete_ids(dmongo_gridfs *gridfs, const struct ids *ids,
                      diesel_error *err)
{
    dmongo_value *values =
        diesel_realloc_array(NULL, ids->count, sizeof *values);
    if (values == NULL)
        return diesel_error_nomem(err, "a list of files");
    for (size_t i = 0; i < ids->count; i++)
        values[i] = dmongo_get_value(ids->docs[i], "_id");
    dmongo_value among = dmongo_doc("$in", dmongo_array_of(values, ids->count));
    int done = dmongo_delete_many(gridfs->client, gridfs->files,
                                  dmongo_doc("_id", among), NULL, NULL, err);
    if (done == 0)
        done = dmongo_delete_many(gridfs->client, gridfs->chunks,
                                  dmongo_doc("files_id", among), NULL, NULL,
                                  err);
    diesel_free(values);
    return done;
}

int dmongo_gridfs_delete_by_name(dmongo_gridfs *gridfs, const char *name,
                                 diesel_error *err)
{
    struct ids ids = {0};
    int done = collect_ids(gridfs, name, &ids, err);
    if (done == 0 && ids.count == 0)
        done = dmongo__gridfs_fail(gridfs, DMONGO_GRIDFS_NOT_FOUND, err,
                                   "there is no file \"%.80s\"", name);
    else if (done == 0)
        done = delete_ids(gridfs, &ids, err);
    while (ids.count > 0)
        bson_destroy(ids.docs[--ids.count]);
    diesel_free(ids.docs);
    return done;
}

int dmongo_gridfs_drop(dmongo_gridfs *gridfs, diesel_error *err)
{
    gridfs->has_indexes = false;
    return dmongo_drop_collection(gridfs->client, gridfs->files, err) < 0
               ? -1
               : dmongo_drop_collection(gridfs->client, gridfs->chunks, err);
}

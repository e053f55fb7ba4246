/* SPDX-License-Identifier: MIT */
/*
 * GridFS: writing a file. Bytes are gathered until they fill a chunk; whole chunks
 * of what the program hands in are sent from where they lie. Several chunks travel in
 * one message.
 *
 * The file's entry is written last, so a file that is there is there as a whole. A
 * failure leaves chunks without an entry, which aborting deletes.
 */
#include "gridfs_internal.h"

#include <string.h>
#include <time.h>

#include <diesel/fiber.h>
#include <diesel/memory.h>
#include <diesel/mongo_index.h>
#include <diesel/mongo_write.h>
#include <diesel/scope.h>

#include "client_internal.h"
#include "doc_internal.h"

#define CHUNKS_AT_ONCE 8
#define ABORT_MS 5000
#define COPY_SIZE (64 * 1024)

struct dmongo_upload {
    dmongo_gridfs *gridfs;
    char *name;
    bson_t *head; /* {"_id": ...}                    */
    bson_t *tail; /* {"metadata": ...}, or {}        */
    size_t chunk_size;
    int64_t length;
    int32_t n;     /* chunks sent                    */
    bool failed;   /* a write was                    */
    size_t have;   /* bytes in `chunk`               */
    uint8_t chunk[];
};

static dmongo_value id_of(const dmongo_upload *upload)
{
    return dmongo_get_value(upload->head, "_id");
}

/* Sends whole chunks that lie behind one another; only the last may be short. */
static int send(dmongo_upload *upload, const uint8_t *bytes, size_t size,
                diesel_error *err)
{
    dmongo_value docs[CHUNKS_AT_ONCE], fields[CHUNKS_AT_ONCE][8];
    while (size > 0) {
        size_t count = 0;
        for (; count < CHUNKS_AT_ONCE && size > 0; count++) {
            size_t n = size < upload->chunk_size ? size : upload->chunk_size;
            if (upload->n == INT32_MAX)
                return diesel_error_set(err, DIESEL_E_LIMIT, DIESEL_DOM_MONGO, 0,
                                        "a file has no more than 2^31 chunks");
            const dmongo_value field[] = {
                dmongo_str("files_id"), id_of(upload),
                dmongo_str("n"), dmongo_int32(upload->n++),
                dmongo_str("data"),
                dmongo_binary(bytes, n, BSON_SUBTYPE_BINARY)};
            memcpy(fields[count], field, sizeof field);
            docs[count] = dmongo_doc_of(fields[count], 6);
            bytes += n;
            size -= n;
        }
        if (dmongo_insert_many(upload->gridfs->client, upload->gridfs->chunks,
                               docs, count, NULL, NULL, err) < 0)
            return -1;
    }
    return 0;
}

int dmongo_upload_write(dmongo_upload *upload, const void *buf, size_t n,
                        diesel_error *err)
{
    const uint8_t *bytes = buf;
    if (upload->failed)
        return diesel_error_set(err, DIESEL_E_INVAL, DIESEL_DOM_MONGO, 0,
                                "the upload has failed before");
    upload->failed = true; /* unless all of it goes well */
    upload->length += (int64_t)n;
    while (n > 0) {
        size_t take = upload->chunk_size - upload->have;
        if (upload->have == 0 && n >= upload->chunk_size) {
            take = n - n % upload->chunk_size;
            if (send(upload, bytes, take, err) < 0)
                return -1;
        } else {
            take = take < n ? take : n;
            memcpy(upload->chunk + upload->have, bytes, take);
            upload->have += take;
            if (upload->have == upload->chunk_size) {
                if (send(upload, upload->chunk, upload->have, err) < 0)
                    return -1;
                upload->have = 0;
            }
        }
        bytes += take;
        n -= take;
    }
    upload->failed = false;
    return 0;
}

static void free_upload(dmongo_upload *upload)
{
    bson_destroy(upload->head);
    bson_destroy(upload->tail);
    diesel_free(upload->name);
    diesel_free(upload);
}

void dmongo_upload_abort(dmongo_upload *upload)
{
    if (upload == NULL)
        return;
    if (upload->n > 0) {
        diesel_scope *last = diesel_scope_open(
            &(diesel_scope_options){.shield = true, .timeout_ms = ABORT_MS});
        (void)!dmongo__gridfs_delete_chunks(upload->gridfs, id_of(upload), NULL);
        (void)diesel_scope_wait(last, NULL);
    }
    free_upload(upload);
}

static int64_t now_ms(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_REALTIME, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static int write_entry(dmongo_upload *upload, diesel_error *err)
{
    dmongo_value tail = dmongo_bson(upload->tail);
    return dmongo_insert_one(
        upload->gridfs->client, upload->gridfs->files,
        dmongo_doc("_id", id_of(upload),
                   "length", dmongo_int64(upload->length),
                   "chunkSize", dmongo_int32((int32_t)upload->chunk_size),
                   "uploadDate", dmongo_date(now_ms()),
                   "filename", upload->name,
                   "", dmongo__splice(&tail)),
        NULL, NULL, err);
}

int dmongo_upload_finish(dmongo_upload *upload, bson_t **id, diesel_error *err)
{
    if (id != NULL)
        *id = NULL;
    int done = upload->failed
                   ? diesel_error_set(err, DIESEL_E_INVAL, DIESEL_DOM_MONGO, 0,
                                      "the upload has failed before")
                   : send(upload, upload->chunk, upload->have, err);
    if (done == 0)
        done = write_entry(upload, err);
    if (done < 0) {
        dmongo_upload_abort(upload);
        return -1;
    }
    if (id != NULL) {
        *id = upload->head;
        upload->head = NULL;
    }
    free_upload(upload);
    return 0;
}

/* Creates the bucket's indexes, unless there are files in it. */
static int need_indexes(dmongo_gridfs *gridfs, diesel_error *err)
{
    bson_t *file;
    if (gridfs->has_indexes)
        return 0;
    int got = dmongo_find_one(
        gridfs->client, gridfs->files, dmongo_doc(),
        &(dmongo_find_options){.projection = dmongo_doc("_id", 1)}, &file, err);
    bson_destroy(file);
    if (got < 0 ||
        (got == 0 &&
         (dmongo_create_index(gridfs->client, gridfs->files,
                              dmongo_doc("filename", 1, "uploadDate", 1), NULL,
                              err) < 0 ||
          dmongo_create_index(gridfs->client, gridfs->chunks,
                              dmongo_doc("files_id", 1, "n", 1),
                              &(dmongo_index){.unique = true}, err) < 0)))
        return -1;
    gridfs->has_indexes = true;
    return 0;
}

static dmongo_upload *make(dmongo_gridfs *gridfs, const char *name,
                           const dmongo_upload_options *o, diesel_error *err)
{
    size_t chunk_size =
        (size_t)(o->chunk_size > 0 ? o->chunk_size : gridfs->chunk_size);
    dmongo_upload *upload = diesel_malloc(sizeof *upload + chunk_size);
    if (upload == NULL) {
        diesel_error_nomem(err, "an upload");
        return NULL;
    }
    bson_oid_t oid;
    bson_oid_init(&oid, NULL);
    *upload = (dmongo_upload){.gridfs = gridfs, .chunk_size = chunk_size};
    upload->name = diesel_strndup(name, strlen(name));
    if (upload->name == NULL)
        diesel_error_nomem(err, "an upload");
    else
        upload->head = dmongo_doc_to_bson(
            dmongo_doc("_id", o->id.form != DMONGO__ABSENT ? o->id
                                                           : dmongo_oid(&oid)),
            err);
    if (upload->head != NULL)
        upload->tail =
            dmongo_doc_to_bson(dmongo_doc("metadata", o->metadata), err);
    if (upload->tail != NULL)
        return upload;
    free_upload(upload);
    return NULL;
}

dmongo_upload *dmongo_upload_open(dmongo_gridfs *gridfs, const char *name,
                                  const dmongo_upload_options *options,
                                  diesel_error *err)
{
    static const dmongo_upload_options defaults;
    const dmongo_upload_options *o = options != NULL ? options : &defaults;
    if (name == NULL || o->chunk_size < 0) {
        diesel_error_set(err, DIESEL_E_INVAL, DIESEL_DOM_MONGO, 0,
                         "gridfs: %s", name == NULL
                                           ? "a file needs a name"
                                           : "chunk_size is negative");
        return NULL;
    }
    if (need_indexes(gridfs, err) < 0)
        return NULL;
    return make(gridfs, name, o, err);
}

int dmongo_gridfs_upload(dmongo_gridfs *gridfs, const char *name,
                         diesel_stream *from,
                         const dmongo_upload_options *options, bson_t **id,
                         diesel_error *err)
{
    if (id != NULL)
        *id = NULL;
    uint8_t *buf = diesel_malloc(COPY_SIZE);
    dmongo_upload *upload =
        buf != NULL ? dmongo_upload_open(gridfs, name, options, err) : NULL;
    if (upload == NULL) {
        if (buf == NULL)
            diesel_error_nomem(err, "an upload");
        diesel_free(buf);
        return -1;
    }
    ssize_t got;
    while ((got = diesel_stream_read(from, buf, COPY_SIZE, DIESEL_FOREVER,
                                     err)) > 0)
        if (dmongo_upload_write(upload, buf, (size_t)got, err) < 0)
            break;
    diesel_free(buf);
    if (got == 0)
        return dmongo_upload_finish(upload, id, err);
    dmongo_upload_abort(upload);
    return -1;
}

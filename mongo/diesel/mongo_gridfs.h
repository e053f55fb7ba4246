/* SPDX-License-Identifier: MIT */
/*
 * GridFS: files in a MongoDB database, cut into chunks, so that they may be larger
 * than a document and be read and written piece by piece.
 *
 *     dmongo_gridfs *files = dmongo_gridfs_open(mongo, "app", NULL, &err);
 *     dmongo_upload *up = dmongo_upload_open(files, "report.pdf", NULL, &err);
 *     while ((n = read_some(buf)) > 0)
 *         if (dmongo_upload_write(up, buf, n, &err) < 0)
 *             break;
 *     if (n != 0)
 *         dmongo_upload_abort(up);
 *     else if (dmongo_upload_finish(up, &id, &err) < 0)
 *         ...
 *
 * A file is there as a whole once dmongo_upload_finish() has said so, and not
 * before. Several files may have one name: revisions of it.
 *
 * Errors of GridFS itself, beside the server's, have the code DIESEL_E_FAILED, the
 * domain DIESEL_DOM_MONGO and one of the negative numbers below in `detail`.
 *
 * After MongoDB's GridFS specification. All calls switch fibers, unless they say
 * otherwise.
 */
#ifndef DIESEL_MONGO_GRIDFS_H
#define DIESEL_MONGO_GRIDFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <bson/bson.h>

#include <diesel/doc.h>
#include <diesel/error.h>
#include <diesel/mongo_client.h>
#include <diesel/mongo_cursor.h>
#include <diesel/stream.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    DMONGO_GRIDFS_NOT_FOUND = -1,     /* there is no such file               */
    DMONGO_GRIDFS_CHUNK_MISSING = -2, /* or it is not where it should be     */
    DMONGO_GRIDFS_CHUNK_SIZE = -3,    /* a chunk has not the size it should  */
    DMONGO_GRIDFS_CHUNK_EXTRA = -4    /* there are more chunks than the file
                                         has by its length                   */
};

/* A bucket: the collections BUCKET.files and BUCKET.chunks of a database. */
typedef struct dmongo_gridfs dmongo_gridfs;

typedef struct dmongo_gridfs_options {
    const char *bucket; /* NULL: "fs" */
    int32_t chunk_size; /* bytes of a chunk of new files; 0: 255 KiB */
} dmongo_gridfs_options;

/* A bucket of the database, which need not exist yet. options may be NULL; all is
 * copied, but the client must outlive it. Owned by the caller: dmongo_gridfs_close(),
 * after its uploads and downloads. INVAL, NOMEM. Never switches fibers. */
dmongo_gridfs *dmongo_gridfs_open(dmongo *client, const char *database,
                                  const dmongo_gridfs_options *options,
                                  diesel_error *err)
    __attribute__((warn_unused_result));

/* NULL does nothing. Never switches fibers. */
void dmongo_gridfs_close(dmongo_gridfs *gridfs);

/* --- Writing */

typedef struct dmongo_upload dmongo_upload;

typedef struct dmongo_upload_options {
    dmongo_value id;       /* absent: a new ObjectId                    */
    dmongo_value metadata; /* a document of the program's own           */
    int32_t chunk_size;    /* 0: the bucket's                           */
} dmongo_upload_options;

/* Begins a file. The first one of a bucket creates the bucket's indexes. options may
 * be NULL; all is copied. Owned by the caller: ended with dmongo_upload_finish() or
 * dmongo_upload_abort(). */
dmongo_upload *dmongo_upload_open(dmongo_gridfs *gridfs, const char *name,
                                  const dmongo_upload_options *options,
                                  diesel_error *err)
    __attribute__((warn_unused_result));

/* Adds n bytes. 0, or -1; then the upload can only be aborted. Switches fibers only
 * if a chunk is full. */
int dmongo_upload_write(dmongo_upload *upload, const void *buf, size_t n,
                        diesel_error *err) __attribute__((warn_unused_result));

/* Writes the last chunk and the file's entry: now it is there. The upload is gone
 * afterwards, and, if this fails, the chunks with it. If `id` is not NULL, it becomes
 * a document {"_id": ...}, owned by the caller: bson_destroy(). */
int dmongo_upload_finish(dmongo_upload *upload, bson_t **id, diesel_error *err)
    __attribute__((warn_unused_result));

/* Gives the upload up, and deletes its chunks as far as the server can be reached,
 * even if the fiber is cancelled; that is given up after some seconds. NULL does
 * nothing. */
void dmongo_upload_abort(dmongo_upload *upload);

/* Uploads all that comes from a stream until its end. */
int dmongo_gridfs_upload(dmongo_gridfs *gridfs, const char *name,
                         diesel_stream *from,
                         const dmongo_upload_options *options, bson_t **id,
                         diesel_error *err) __attribute__((warn_unused_result));

/* --- Reading */

typedef struct dmongo_download dmongo_download;

/* Begins to read a file by its _id, or the revision of a name: 0 is the oldest, 1 the
 * next one, ...; -1 the newest, -2 the one before, ... Owned by the caller:
 * dmongo_download_close(). NULL: FAILED with NOT_FOUND, PROTOCOL if its entry is
 * malformed. */
dmongo_download *dmongo_download_open(dmongo_gridfs *gridfs, dmongo_value id,
                                      diesel_error *err)
    __attribute__((warn_unused_result));
dmongo_download *dmongo_download_open_by_name(dmongo_gridfs *gridfs,
                                              const char *name, int revision,
                                              diesel_error *err)
    __attribute__((warn_unused_result));

/* Up to n bytes into buf: the count, 0 at the end, -1 on failure, among others if a
 * chunk is missing or has the wrong size. Switches fibers when it needs another
 * batch of chunks. */
ssize_t dmongo_download_read(dmongo_download *download, void *buf, size_t n,
                             diesel_error *err)
    __attribute__((warn_unused_result));

/* The file's entry: "_id", "length", "chunkSize", "uploadDate", "filename",
 * "metadata". Borrowed until the download is closed. Never switches fibers. */
const bson_t *dmongo_download_file(const dmongo_download *download);

/* NULL does nothing. */
void dmongo_download_close(dmongo_download *download);

/* Writes a whole file to a stream: how many bytes, or -1. */
int64_t dmongo_gridfs_download(dmongo_gridfs *gridfs, dmongo_value id,
                               diesel_stream *to, diesel_error *err)
    __attribute__((warn_unused_result));

/* --- Files as a whole */

/* The entries of files that match; see dmongo_find(). */
dmongo_cursor *dmongo_gridfs_find(dmongo_gridfs *gridfs, dmongo_value filter,
                                  const dmongo_find_options *options,
                                  diesel_error *err)
    __attribute__((warn_unused_result));

/* Deletes a file with its chunks; FAILED with NOT_FOUND if there is none, after
 * deleting chunks that were left over. */
int dmongo_gridfs_delete(dmongo_gridfs *gridfs, dmongo_value id,
                         diesel_error *err) __attribute__((warn_unused_result));

/* Gives a file another name; FAILED with NOT_FOUND. */
int dmongo_gridfs_rename(dmongo_gridfs *gridfs, dmongo_value id,
                         const char *name, diesel_error *err)
    __attribute__((warn_unused_result));

/* The same for all revisions of a name. */
int dmongo_gridfs_delete_by_name(dmongo_gridfs *gridfs, const char *name,
                                 diesel_error *err)
    __attribute__((warn_unused_result));
int dmongo_gridfs_rename_by_name(dmongo_gridfs *gridfs, const char *name,
                                 const char *to, diesel_error *err)
    __attribute__((warn_unused_result));

/* Drops the bucket with all its files. */
int dmongo_gridfs_drop(dmongo_gridfs *gridfs, diesel_error *err)
    __attribute__((warn_unused_result));

#ifndef __cplusplus
/* `id` and `filter` may be any C expression that a document may hold. */
#define dmongo_download_open(gridfs, id, ...)                                  \
    (dmongo_download_open)((gridfs), DMONGO_VALUE(id), __VA_ARGS__)
#define dmongo_gridfs_download(gridfs, id, ...)                                \
    (dmongo_gridfs_download)((gridfs), DMONGO_VALUE(id), __VA_ARGS__)
#define dmongo_gridfs_find(gridfs, filter, ...)                                \
    (dmongo_gridfs_find)((gridfs), DMONGO_VALUE(filter), __VA_ARGS__)
#define dmongo_gridfs_delete(gridfs, id, ...)                                  \
    (dmongo_gridfs_delete)((gridfs), DMONGO_VALUE(id), __VA_ARGS__)
#define dmongo_gridfs_rename(gridfs, id, ...)                                  \
    (dmongo_gridfs_rename)((gridfs), DMONGO_VALUE(id), __VA_ARGS__)
#endif

#ifdef __cplusplus
}
#endif
#endif

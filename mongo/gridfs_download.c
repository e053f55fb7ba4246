/* SPDX-License-Identifier: MIT */
/*
 * GridFS: reading a file, by a cursor over its chunks. Every chunk must have the
 * number and the size that the file's length says.
 */
#include "gridfs_internal.h"

#include <inttypes.h>
#include <string.h>

#include <diesel/memory.h>

#include "client_internal.h"

struct dmongo_download {
    dmongo_gridfs *gridfs;
    bson_t *file;
    dmongo_cursor *chunks; /* NULL before the first read, and if there are none */
    bool begun, ended;
    int64_t length, chunk_size, n; /* n: the number of the next chunk */
    const uint8_t *bytes;          /* what is left of the present one  */
    size_t left;
};

static int read_entry(dmongo_download *d, diesel_error *err)
{
    if (dmongo_need_int(d->file, "length", &d->length, err) < 0 ||
        dmongo_need_int(d->file, "chunkSize", &d->chunk_size, err) < 0) {
        if (err != NULL)
            err->code = DIESEL_E_PROTOCOL;
        return dmongo__explain("gridfs", d->gridfs->files, err);
    }
    if (d->length < 0 || (d->length > 0 && d->chunk_size <= 0)) {
        diesel_error_set(err, DIESEL_E_PROTOCOL, DIESEL_DOM_MONGO, 0,
                         "a file of %" PRId64 " bytes in chunks of %" PRId64,
                         d->length, d->chunk_size);
        return dmongo__explain("gridfs", d->gridfs->files, err);
    }
    return 0;
}

/* A download of the file, whose entry is taken. */
static dmongo_download *begin(dmongo_gridfs *gridfs, bson_t *file,
                              diesel_error *err)
{
    dmongo_download *d = diesel_calloc(1, sizeof *d);
    if (d == NULL) {
        bson_destroy(file);
        diesel_error_nomem(err, "a download");
        return NULL;
    }
    d->gridfs = gridfs;
    d->file = file;
    if (read_entry(d, err) == 0)
        return d;
    dmongo_download_close(d);
    return NULL;
}

dmongo_download *(dmongo_download_open)(dmongo_gridfs *gridfs, dmongo_value id,
                                        diesel_error *err)
{
    bson_t *file;
    int got = dmongo_find_one(gridfs->client, gridfs->files,
                              dmongo_doc("_id", id), NULL, &file, err);
    if (got > 0)
        return begin(gridfs, file, err);
    if (got == 0)
        dmongo__gridfs_fail(gridfs, DMONGO_GRIDFS_NOT_FOUND, err,
                            "there is no file with that _id");
    return NULL;
}

dmongo_download *dmongo_download_open_by_name(dmongo_gridfs *gridfs,
                                              const char *name, int revision,
                                              diesel_error *err)
{
    bson_t *file;
    bool newest = revision < 0;
    int64_t skip = newest ? -(int64_t)revision - 1 : revision;
    int got = dmongo_find_one(
        gridfs->client, gridfs->files, dmongo_doc("filename", name),
        &(dmongo_find_options){.sort = dmongo_doc("uploadDate", newest ? -1 : 1),
                               .skip = skip},
        &file, err);
    if (got > 0)
        return begin(gridfs, file, err);
    if (got == 0)
        dmongo__gridfs_fail(gridfs, DMONGO_GRIDFS_NOT_FOUND, err,
                            "there is no revision %d of \"%.80s\"", revision,
                            name != NULL ? name : "");
    return NULL;
}

static int64_t chunk_count(const dmongo_download *d)
{
    return d->length / d->chunk_size + (d->length % d->chunk_size != 0);
}

static int find_chunks(dmongo_download *d, diesel_error *err)
{
    d->begun = true;
    if (d->length == 0)
        return 0;
    d->chunks = dmongo_find(
        d->gridfs->client, d->gridfs->chunks,
        dmongo_doc("files_id", dmongo_get_value(d->file, "_id")),
        &(dmongo_find_options){.sort = dmongo_doc("n", 1)}, err);
    return d->chunks != NULL ? 0 : -1;
}

/* Checks a chunk and makes it the present one. */
static int take_chunk(dmongo_download *d, const bson_t *chunk,
                      diesel_error *err)
{
    int64_t number = dmongo_get_int(chunk, "n", -1);
    int64_t rest = d->length - d->n * d->chunk_size;
    size_t size;
    if (d->n >= chunk_count(d))
        return dmongo__gridfs_fail(d->gridfs, DMONGO_GRIDFS_CHUNK_EXTRA, err,
                                   "there is a chunk %" PRId64
                                   " behind the file's end", number);
    if (number != d->n)
        return dmongo__gridfs_fail(d->gridfs, DMONGO_GRIDFS_CHUNK_MISSING, err,
                                   "chunk %" PRId64 " is missing; %" PRId64
                                   " comes next", d->n, number);
    d->bytes = dmongo_get_binary(chunk, "data", &size);
    d->left = size;
    if ((int64_t)size != (rest < d->chunk_size ? rest : d->chunk_size))
        return dmongo__gridfs_fail(d->gridfs, DMONGO_GRIDFS_CHUNK_SIZE, err,
                                   "chunk %" PRId64 " has %zu bytes", number,
                                   size);
    d->n++;
    return 0;
}

/* 1: there are bytes; 0: the end; -1. */
static int next_chunk(dmongo_download *d, diesel_error *err)
{
    const bson_t *chunk;
    if (!d->begun && find_chunks(d, err) < 0)
        return -1;
    if (d->chunks == NULL || d->ended)
        return 0;
    int got = dmongo_cursor_next(d->chunks, &chunk, err);
    if (got > 0)
        return take_chunk(d, chunk, err) < 0 ? -1 : 1;
    if (got == 0 && d->n < chunk_count(d))
        return dmongo__gridfs_fail(d->gridfs, DMONGO_GRIDFS_CHUNK_MISSING, err,
                                   "chunk %" PRId64 " of %" PRId64
                                   " is missing", d->n, chunk_count(d));
    d->ended = got == 0;
    return got;
}

ssize_t dmongo_download_read(dmongo_download *d, void *buf, size_t n,
                             diesel_error *err)
{
    size_t have = 0;
    while (have < n) {
        if (d->left == 0) {
            /* What has been read is handed out before an error that follows. */
            if (have > 0)
                break;
            int got = next_chunk(d, err);
            if (got <= 0)
                return got;
        }
        size_t take = d->left < n - have ? d->left : n - have;
        memcpy((uint8_t *)buf + have, d->bytes, take);
        d->bytes += take;
        d->left -= take;
        have += take;
    }
    return (ssize_t)have;
}

const bson_t *dmongo_download_file(const dmongo_download *d)
{
    return d->file;
}

void dmongo_download_close(dmongo_download *d)
{
    if (d == NULL)
        return;
    dmongo_cursor_close(d->chunks);
    bson_destroy(d->file);
    diesel_free(d);
}

int64_t(dmongo_gridfs_download)(dmongo_gridfs *gridfs, dmongo_value id,
                                diesel_stream *to, diesel_error *err)
{
    dmongo_download *d = (dmongo_download_open)(gridfs, id, err);
    if (d == NULL)
        return -1;
    int64_t total = 0;
    int got;
    while ((got = next_chunk(d, err)) > 0) {
        if (diesel_stream_write(to, d->bytes, d->left, DIESEL_FOREVER, err) < 0) {
            got = -1;
            break;
        }
        total += (int64_t)d->left;
        d->left = 0;
    }
    dmongo_download_close(d);
    return got < 0 ? -1 : total;
}

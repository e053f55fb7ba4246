/* SPDX-License-Identifier: MIT */
/* What the parts of GridFS share. All of it is built on the public operations. */
#ifndef DIESEL_MONGO_GRIDFS_INTERNAL_H
#define DIESEL_MONGO_GRIDFS_INTERNAL_H

#include <diesel/mongo_gridfs.h>

struct dmongo_gridfs {
    dmongo *client;
    char *files, *chunks; /* the collections' names, owned */
    int32_t chunk_size;
    bool has_indexes; /* or somebody else has seen to it */
};

/* Fills *err with one of the errors of GridFS itself. Returns -1. */
int dmongo__gridfs_fail(const dmongo_gridfs *gridfs, int detail,
                        diesel_error *err, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Deletes the chunks of a file. */
int dmongo__gridfs_delete_chunks(dmongo_gridfs *gridfs, dmongo_value id,
                                 diesel_error *err);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Stores a folder in GridFS: each file under its path, with its SHA-256, by which
 * mongo_get checks what comes back. A file that has not changed is not sent again;
 * one that has becomes a new revision of its name.
 *
 *     MONGODB_URI=mongodb://localhost mongo_put FOLDER
 */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <diesel/core.h>
#include <diesel/mongo.h>

#include "sha256.h"

static dmongo_gridfs *store; /* here, as nftw(3) hands on no argument */

/* Whether the newest revision of the name has this digest: 1, 0 or -1. */
static int is_stored(const char *name, const char *hex, diesel_error *err)
{
    dmongo_download *newest = dmongo_download_open_by_name(store, name, -1, err);
    if (newest == NULL)
        return err->detail == DMONGO_GRIDFS_NOT_FOUND ? 0 : -1;
    const char *had = dmongo_get_str(dmongo_download_file(newest), "metadata.sha256", "");
    int same = strcmp(had, hex) == 0;
    dmongo_download_close(newest);
    return same;
}

static int store_file(diesel_stream *file, const char *name, diesel_error *err)
{
    char hex[65];
    if (sha256_of(diesel_stream_fd(file), hex) < 0)
        return diesel_error_sys(err, errno, "%s", name);
    int stored = is_stored(name, hex, err);
    if (stored != 0)
        return stored < 0 ? -1 : 0;
    printf("%s\n", name);
    return dmongo_gridfs_upload(
        store, name, file,
        &(dmongo_upload_options){.metadata = dmongo_doc("sha256", hex)}, NULL, err);
}

/* Called by nftw(3) with everything in the folder; what is not 0 ends it. */
static int visit(const char *path, const struct stat *st, int type, struct FTW *at)
{
    diesel_error err;
    (void)at;
    if (type != FTW_F || !S_ISREG(st->st_mode))
        return 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return diesel_error_sys(&err, errno, "%s", path), diesel_fail(&err);
    diesel_stream *file = diesel_stream_from_fd(fd, path, &err);
    int status = file != NULL ? store_file(file, path + strlen("./"), &err) : -1;
    diesel_stream_close(file);
    return status < 0 ? diesel_fail(&err) : 0;
}

static int app(void *arg)
{
    (void)arg;
    diesel_error err;
    dmongo *mongo = dmongo_open(getenv("MONGODB_URI"), NULL, &err);
    if (mongo == NULL)
        return diesel_fail(&err);
    store = dmongo_gridfs_open(mongo, "example", NULL, &err);
    int status = store != NULL ? nftw(".", visit, 16, FTW_PHYS) : diesel_fail(&err);
    dmongo_gridfs_close(store);
    dmongo_close(mongo);
    return status;
}

int main(int argc, char **argv)
{
    if (chdir(argc > 1 ? argv[1] : ".") < 0)
        return perror(argv[1]), 1;
    return diesel_main(app, NULL);
}

/* SPDX-License-Identifier: MIT */
/*
 * Brings back the folder that mongo_put has stored in GridFS, and checks each file's
 * SHA-256 on the way; or lists its files, or removes them.
 *
 *     MONGODB_URI=mongodb://localhost mongo_get get FOLDER
 *     MONGODB_URI=mongodb://localhost mongo_get list | remove
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <diesel/core.h>
#include <diesel/mongo.h>

#include "sha256.h"

/* Opens a file to write, and makes the folders that it lies in. Names come from the
 * server: one that leads out of the folder is refused. */
static diesel_stream *create(const char *name, diesel_error *err)
{
    char *path = strdup(name);
    int fd = -1;
    errno = EPERM;
    if (*name != '/' && strncmp(name, "../", 3) != 0 && strstr(name, "/../") == NULL) {
        for (char *end = path; (end = strchr(end + 1, '/')) != NULL; *end = '/') {
            *end = 0;
            mkdir(path, 0777); /* what fails here fails again in open() */
        }
        fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    }
    free(path);
    if (fd >= 0)
        return diesel_stream_from_fd(fd, name, err);
    diesel_error_sys(err, errno, "%s", name);
    return NULL;
}

static int get(dmongo_gridfs *store, const bson_t *entry, diesel_error *err)
{
    char hex[65];
    const char *name = dmongo_get_str(entry, "filename", "");
    diesel_stream *file = create(name, err);
    if (file == NULL)
        return -1;
    int64_t n =
        dmongo_gridfs_download(store, dmongo_get_value(entry, "_id"), file, err);
    if (n >= 0 && (sha256_of(diesel_stream_fd(file), hex) < 0 ||
                   strcmp(hex, dmongo_get_str(entry, "metadata.sha256", "")) != 0))
        n = diesel_error_set(err, DIESEL_E_FAILED, DIESEL_DOM_CORE, 0,
                             "%s: wrong digest", name);
    diesel_stream_close(file);
    return n < 0 ? -1 : 0;
}

/* The files, oldest first: of several revisions the newest is what stays. */
static int each(dmongo_gridfs *store, bool fetch, diesel_error *err)
{
    const bson_t *entry;
    int got;
    dmongo_cursor *cursor = dmongo_gridfs_find(
        store, dmongo_doc(),
        &(dmongo_find_options){.sort = dmongo_doc("uploadDate", 1)}, err);
    while ((got = dmongo_cursor_next(cursor, &entry, err)) > 0) {
        printf("%9" PRId64 " %s\n", dmongo_get_int(entry, "length", 0),
               dmongo_get_str(entry, "filename", ""));
        if (fetch && get(store, entry, err) < 0)
            break;
    }
    dmongo_cursor_close(cursor);
    return got == 0 ? 0 : -1;
}

static int app(void *arg)
{
    const char *what = arg;
    diesel_error err;
    dmongo *mongo = dmongo_open(getenv("MONGODB_URI"), NULL, &err);
    dmongo_gridfs *store =
        mongo != NULL ? dmongo_gridfs_open(mongo, "example", NULL, &err) : NULL;
    int status = store == NULL                 ? -1
                 : strcmp(what, "remove") == 0 ? dmongo_gridfs_drop(store, &err)
                                               : each(store, *what == 'g', &err);
    dmongo_gridfs_close(store);
    dmongo_close(mongo);
    return status < 0 ? diesel_fail(&err) : 0;
}

int main(int argc, char **argv)
{
    if (argc > 2 && chdir(argv[2]) < 0)
        return perror(argv[2]), 1;
    return diesel_main(app, argc > 1 ? argv[1] : "list");
}

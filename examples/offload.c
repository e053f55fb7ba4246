/* SPDX-License-Identifier: MIT */
/*
 * Offloading: how many bytes lie in each folder. Reading folders blocks the thread
 * that does it, so threads of a pool do, while this one tells how far they have come.
 *
 *     offload /usr/include /usr/share
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <diesel/core.h>

static _Atomic uint64_t files; /* counted on the pool, read here */

struct folder {
    const char *path;
    uint64_t bytes;
};

/* On a pool's thread. The descriptor is taken; -1: errno. */
static int add_up(int fd, uint64_t *bytes)
{
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    if (dir == NULL)
        return -1;
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        struct stat st;
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
            fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
            continue;
        if (S_ISDIR(st.st_mode)) /* one that may not be read counts nothing */
            (void)add_up(openat(dirfd(dir), entry->d_name,
                                O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC),
                         bytes);
        *bytes += S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0;
        files++;
    }
    return closedir(dir);
}

static int measure(void *arg, diesel_error *err)
{
    struct folder *folder = arg;
    int fd = open(folder->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return add_up(fd, &folder->bytes) < 0
               ? diesel_error_sys(err, errno, "reading %s", folder->path)
               : 0;
}

static int see(void *arg)
{
    struct folder folder = {.path = arg};
    diesel_error err;
    if (diesel_offload(NULL, measure, &folder, DIESEL_FOREVER, &err) < 0)
        return diesel_fail(&err);
    printf("%12" PRIu64 " %s\n", folder.bytes, folder.path);
    return 0;
}

static int watch(void *arg)
{
    (void)arg;
    while (diesel_sleep(250, NULL) == 0)
        fprintf(stderr, "%" PRIu64 " files so far\n", files);
    return 0; /* when it is cancelled, as all is done */
}

static int app(void *arg)
{
    diesel_error err;
    diesel_scope *watching = diesel_scope_open(NULL);
    diesel_go(watching, watch, NULL);
    diesel_scope *all = diesel_scope_open(NULL);
    for (char **path = arg; *path != NULL; path++)
        diesel_go(all, see, *path);
    int result = diesel_scope_wait(all, &err);
    diesel_scope_cancel(watching);
    (void)diesel_scope_wait(watching, NULL);
    return result < 0 ? diesel_fail(&err) : 0;
}

int main(int argc, char **argv)
{
    static char *here[] = {".", NULL};
    return diesel_main(app, argc > 1 ? argv + 1 : here);
}

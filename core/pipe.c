/* SPDX-License-Identifier: MIT */
/*
 * Pipes, and the standard descriptors as streams.
 *
 * O_NONBLOCK belongs to the open file, which a program shares with whoever
 * started it: a shell whose terminal becomes non-blocking fails in
 * strange ways. So terminals and pipes are opened once more, by their name in
 * /proc, which makes an open file of our own. A regular file never blocks, and
 * must be shared for its position. What cannot be opened again, a
 * socket, is made non-blocking, and put right at the program's exit.
 */
#include <diesel/pipe.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "stream_internal.h"
#include "sys_internal.h"

int diesel_pipe(diesel_stream *ends[2], diesel_error *err)
{
    int fds[2];
    if (diesel__sys.pipe2(fds, O_CLOEXEC | O_NONBLOCK) < 0)
        return diesel_error_sys(err, errno, "making a pipe");
    ends[0] = diesel_stream_from_fd(fds[0], "pipe:0", err);
    if (ends[0] == NULL) {
        diesel__sys.close(fds[1]);
        return -1;
    }
    ends[1] = diesel_stream_from_fd(fds[1], "pipe:1", err);
    if (ends[1] == NULL) {
        diesel_stream_close(ends[0]);
        return -1;
    }
    return 0;
}

/* The flags that 0, 1 and 2 had, and -1: they have not been changed. */
static atomic_int flags_before[3] = {-1, -1, -1};

static void put_flags_back(void)
{
    for (int fd = 0; fd < 3; fd++)
        if (flags_before[fd] >= 0)
            (void)fcntl(fd, F_SETFL, flags_before[fd]);
}

static void at_exit(void)
{
    atexit(put_flags_back);
}

/* Notes the flags of a descriptor that the stream will make non-blocking. */
static void note_flags(int fd, int flags)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    int unchanged = -1;
    if (flags & O_NONBLOCK)
        return; /* somebody else's doing */
    pthread_once(&once, at_exit);
    atomic_compare_exchange_strong(&flags_before[fd], &unchanged, flags);
}

static bool is_shared(int fd)
{
    struct stat st;
    return diesel__sys.fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
}

/* A descriptor of one's own for the same thing. */
static int again(int fd, const char *name, diesel_error *err)
{
    char path[32];
    int flags = diesel__sys.fcntl(fd, F_GETFL);
    if (flags < 0)
        return diesel_error_sys(err, errno, "%s", name);
    if (!is_shared(fd)) {
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
        int own = diesel__sys.open(
            path, (flags & O_ACCMODE) | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
        if (own >= 0)
            return own;
        if (errno == EMFILE || errno == ENFILE)
            return diesel_error_sys(err, errno, "%s", name);
        note_flags(fd, flags);
    }
    int copy = diesel__sys.fcntl(fd, F_DUPFD_CLOEXEC, 3);
    return copy >= 0 ? copy : diesel_error_sys(err, errno, "%s", name);
}

static diesel_stream *standard(int fd, const char *name, diesel_error *err)
{
    int own = again(fd, name, err);
    return own >= 0 ? diesel_stream_from_fd(own, name, err) : NULL;
}

diesel_stream *diesel_stdin(diesel_error *err)
{
    return standard(STDIN_FILENO, "standard input", err);
}

diesel_stream *diesel_stdout(diesel_error *err)
{
    return standard(STDOUT_FILENO, "standard output", err);
}

diesel_stream *diesel_stderr(diesel_error *err)
{
    return standard(STDERR_FILENO, "standard error", err);
}

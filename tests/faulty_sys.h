/* SPDX-License-Identifier: MIT */
/*
 * Puts faulty system calls in the place of those that the core makes
 * (core/sys_internal.h): the n-th call of a kind fails with an errno, some
 * calls are interrupted first, reads and writes move only a few bytes.
 *
 *     faulty_sys_fail(FAULTY_accept4, 2, EMFILE);   the second one from here on
 *     faulty_sys_cut_reads(1);                      a byte at a time
 *     ... run the scenario ...
 *     if (faulty_sys_calls(FAULTY_accept4) < 2)
 *         it has not come to the fault
 *     faulty_sys_reset();
 *
 * A fault is the system's, so it does what the system would: connect(2) and
 * close(2) that are interrupted have begun, or done, their work.
 * Do not let a read fail with EAGAIN while there are bytes: no kernel does, and
 * no event would follow.
 */
#ifndef TESTS_FAULTY_SYS_H
#define TESTS_FAULTY_SYS_H

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <string.h>

#include "core/sys_internal.h"

enum faulty_kind {
    FAULTY_ANY, /* a call of whatever kind */
#define FAULTY_KIND(call) FAULTY_##call,
    DIESEL__SYS_CALLS(FAULTY_KIND)
#undef FAULTY_KIND
        FAULTY_KINDS
};

static const char *const faulty_names[] = {
    "any call",
#define FAULTY_NAME(call) #call,
    DIESEL__SYS_CALLS(FAULTY_NAME)
#undef FAULTY_NAME
};

static struct faulty_fault {
    long calls; /* so far */
    long first, last; /* these fail; 0: none */
    int errnum;
} faulty_faults[FAULTY_KINDS];

static size_t faulty_most_read, faulty_most_written; /* 0: no limit */
static bool faulty_interrupts, faulty_interrupted;
static struct diesel__sys faulty_real;

/* Whether this call fails; then errno is set. */
static bool faulty_is_due(enum faulty_kind kind)
{
    const enum faulty_kind kinds[] = {kind, FAULTY_ANY};
    int errnum = 0;
    /* Waiting for a child of one's own does not fail for any reason. */
    for (int i = 0; i < (kind == FAULTY_waitid ? 1 : 2); i++) {
        struct faulty_fault *fault = &faulty_faults[kinds[i]];
        long calls = __atomic_add_fetch(&fault->calls, 1, __ATOMIC_RELAXED);
        if (calls >= fault->first && calls <= fault->last)
            errnum = fault->errnum;
    }
    if (errnum != 0)
        errno = errnum;
    return errnum != 0;
}

/* The same for a call that may wait, and so be interrupted. */
static bool faulty_wait_is_due(enum faulty_kind kind)
{
    if (faulty_interrupts) {
        faulty_interrupted = !faulty_interrupted;
        if (faulty_interrupted) {
            errno = EINTR;
            return true;
        }
    }
    return faulty_is_due(kind);
}

static size_t faulty_least(size_t n, size_t most)
{
    return most != 0 && most < n ? most : n;
}

/* The beginning of a list of pieces, in *piece, if it must be cut. */
static bool faulty_cut(const struct iovec *pieces, size_t count, size_t most,
                       struct iovec *piece)
{
    while (count > 1 && pieces->iov_len == 0)
        pieces++, count--;
    if (most == 0 || count == 0)
        return false;
    *piece = *pieces;
    piece->iov_len = faulty_least(piece->iov_len, most);
    return true;
}

#define FAULTY(due, type, call, parameters, arguments)                         \
    static type faulty_##call parameters                                       \
    {                                                                          \
        return due(FAULTY_##call) ? -1 : faulty_real.call arguments;           \
    }
FAULTY(faulty_is_due, int, bind,
       (int fd, const struct sockaddr *sa, socklen_t size), (fd, sa, size))
FAULTY(faulty_is_due, int, chmod, (const char *path, mode_t mode), (path, mode))
FAULTY(faulty_is_due, int, epoll_create1, (int flags), (flags))
FAULTY(faulty_is_due, int, epoll_ctl,
       (int epoll, int what, int fd, struct epoll_event *event),
       (epoll, what, fd, event))
FAULTY(faulty_is_due, int, eventfd, (unsigned count, int flags), (count, flags))
FAULTY(faulty_is_due, int, fstat, (int fd, struct stat * st), (fd, st))
FAULTY(faulty_is_due, int, getpeername,
       (int fd, struct sockaddr *sa, socklen_t *size), (fd, sa, size))
FAULTY(faulty_is_due, ssize_t, getrandom, (void *buf, size_t n, unsigned flags),
       (buf, n, flags))
FAULTY(faulty_is_due, int, getsockname,
       (int fd, struct sockaddr *sa, socklen_t *size), (fd, sa, size))
FAULTY(faulty_is_due, int, kill, (pid_t pid, int number), (pid, number))
FAULTY(faulty_is_due, int, lstat, (const char *path, struct stat *st),
       (path, st))
FAULTY(faulty_is_due, int, memfd_create, (const char *name, unsigned flags),
       (name, flags))
FAULTY(faulty_is_due, int, mincore, (void *at, size_t size, unsigned char *in),
       (at, size, in))
FAULTY(faulty_is_due, int, sched_getaffinity,
       (pid_t pid, size_t size, cpu_set_t *set), (pid, size, set))
FAULTY(faulty_is_due, int, sched_setaffinity,
       (pid_t pid, size_t size, const cpu_set_t *set), (pid, size, set))
FAULTY(faulty_is_due, int, unlink, (const char *path), (path))
FAULTY(faulty_wait_is_due, int, waitid,
       (idtype_t type, id_t id, siginfo_t *info, int options),
       (type, id, info, options))
FAULTY(faulty_is_due, int, madvise, (void *at, size_t size, int advice),
       (at, size, advice))
FAULTY(faulty_is_due, int, mprotect, (void *at, size_t size, int access),
       (at, size, access))
FAULTY(faulty_is_due, int, getsockopt,
       (int fd, int level, int option, void *value, socklen_t *size),
       (fd, level, option, value, size))
FAULTY(faulty_is_due, int, listen, (int fd, int backlog), (fd, backlog))
FAULTY(faulty_is_due, int, pipe2, (int *fds, int flags), (fds, flags))
FAULTY(faulty_is_due, int, setsockopt,
       (int fd, int level, int option, const void *value, socklen_t size),
       (fd, level, option, value, size))
FAULTY(faulty_is_due, int, shutdown, (int fd, int how), (fd, how))
FAULTY(faulty_is_due, int, socket, (int family, int type, int protocol),
       (family, type, protocol))
FAULTY(faulty_is_due, int, socketpair,
       (int family, int type, int protocol, int *fds),
       (family, type, protocol, fds))
FAULTY(faulty_wait_is_due, int, accept4,
       (int fd, struct sockaddr *sa, socklen_t *size, int flags),
       (fd, sa, size, flags))
FAULTY(faulty_wait_is_due, int, poll,
       (struct pollfd * fds, nfds_t count, int timeout), (fds, count, timeout))
FAULTY(faulty_wait_is_due, ssize_t, read, (int fd, void *buf, size_t n),
       (fd, buf, faulty_least(n, faulty_most_read)))
FAULTY(faulty_wait_is_due, ssize_t, pread,
       (int fd, void *buf, size_t n, off_t at),
       (fd, buf, faulty_least(n, faulty_most_read), at))
FAULTY(faulty_wait_is_due, ssize_t, write, (int fd, const void *buf, size_t n),
       (fd, buf, faulty_least(n, faulty_most_written)))
FAULTY(faulty_wait_is_due, ssize_t, sendfile,
       (int out, int in, off_t *offset, size_t n),
       (out, in, offset, faulty_least(n, faulty_most_written)))
FAULTY(faulty_wait_is_due, ssize_t, splice,
       (int in, off64_t *in_offset, int out, off64_t *out_offset, size_t n,
        unsigned flags),
       (in, in_offset, out, out_offset, faulty_least(n, faulty_most_written),
        flags))
FAULTY(faulty_wait_is_due, int, recvmmsg,
       (int fd, struct mmsghdr *messages, unsigned count, int flags,
        struct timespec *timeout),
       (fd, messages, faulty_most_read != 0 ? 1 : count, flags, timeout))
FAULTY(faulty_wait_is_due, int, sendmmsg,
       (int fd, struct mmsghdr *messages, unsigned count, int flags),
       (fd, messages, faulty_most_written != 0 ? 1 : count, flags))
#undef FAULTY

static int faulty_fcntl(int fd, int command, ...)
{
    va_list more;
    va_start(more, command);
    long argument = va_arg(more, long);
    va_end(more);
    return faulty_is_due(FAULTY_fcntl) ? -1
                                       : faulty_real.fcntl(fd, command, argument);
}

static int faulty_open(const char *path, int flags, ...)
{
    va_list more;
    va_start(more, flags);
    mode_t mode = flags & O_CREAT ? va_arg(more, mode_t) : 0;
    va_end(more);
    return faulty_is_due(FAULTY_open) ? -1 : faulty_real.open(path, flags, mode);
}

/* Returns its error. */
static int faulty_pthread_create(pthread_t *id, const pthread_attr_t *attributes,
                                 void *(*fn)(void *), void *arg)
{
    if (faulty_is_due(FAULTY_pthread_create))
        return errno;
    return faulty_real.pthread_create(id, attributes, fn, arg);
}

static void *faulty_mmap(void *at, size_t size, int access, int flags, int fd,
                         off_t offset)
{
    if (faulty_is_due(FAULTY_mmap))
        return MAP_FAILED;
    return faulty_real.mmap(at, size, access, flags, fd, offset);
}

static int faulty_close(int fd)
{
    bool due = faulty_is_due(FAULTY_close);
    int errnum = errno, result = faulty_real.close(fd);
    if (due)
        errno = errnum;
    return due ? -1 : result;
}

static int faulty_connect(int fd, const struct sockaddr *sa, socklen_t size)
{
    if (!faulty_wait_is_due(FAULTY_connect))
        return faulty_real.connect(fd, sa, size);
    if (errno == EINTR) {
        if (faulty_real.connect(fd, sa, size) < 0 && errno != EINPROGRESS)
            return -1;
        errno = EINTR;
    }
    return -1;
}

static ssize_t faulty_writev(int fd, const struct iovec *pieces, int count)
{
    struct iovec piece;
    if (faulty_wait_is_due(FAULTY_writev))
        return -1;
    if (faulty_cut(pieces, (size_t)count, faulty_most_written, &piece))
        return faulty_real.writev(fd, &piece, 1);
    return faulty_real.writev(fd, pieces, count);
}

static ssize_t faulty_sendmsg(int fd, const struct msghdr *message, int flags)
{
    struct iovec piece;
    struct msghdr part = *message;
    if (faulty_wait_is_due(FAULTY_sendmsg))
        return -1;
    if (faulty_cut(message->msg_iov, message->msg_iovlen, faulty_most_written,
                   &piece)) {
        part.msg_iov = &piece;
        part.msg_iovlen = 1;
    }
    return faulty_real.sendmsg(fd, &part, flags);
}

static ssize_t faulty_recvmsg(int fd, struct msghdr *message, int flags)
{
    struct iovec piece, *pieces = message->msg_iov;
    size_t count = message->msg_iovlen;
    if (faulty_wait_is_due(FAULTY_recvmsg))
        return -1;
    if (faulty_cut(pieces, count, faulty_most_read, &piece)) {
        message->msg_iov = &piece;
        message->msg_iovlen = 1;
    }
    ssize_t got = faulty_real.recvmsg(fd, message, flags);
    message->msg_iov = pieces;
    message->msg_iovlen = count;
    return got;
}

/* The faulty calls in the table. The casts are for the C libraries that declare
 * addresses as unions of pointers, which are passed as the pointers are. */
static inline void faulty_sys_install(void)
{
    if (faulty_real.read != NULL)
        return;
    faulty_real = diesel__sys;
#define FAULTY_INSTALL(call)                                                   \
    diesel__sys.call = (__typeof__(diesel__sys.call))(void (*)(void))faulty_##call;
    DIESEL__SYS_CALLS(FAULTY_INSTALL)
#undef FAULTY_INSTALL
}

/* No faults from here on; counting begins anew. */
static inline void faulty_sys_reset(void)
{
    faulty_sys_install();
    memset(faulty_faults, 0, sizeof faulty_faults);
    faulty_most_read = faulty_most_written = 0;
    faulty_interrupts = faulty_interrupted = false;
    diesel__sys.reads_fall_short = false;
}

/* The n-th call of this kind from here on, and only that one, will fail. */
static inline void faulty_sys_fail(enum faulty_kind kind, long n, int errnum)
{
    faulty_sys_install();
    faulty_faults[kind] =
        (struct faulty_fault){.first = n, .last = n, .errnum = errnum};
}

/* The n-th call and all that follow will fail. */
static inline void faulty_sys_fail_from(enum faulty_kind kind, long n,
                                        int errnum)
{
    faulty_sys_fail(kind, n, errnum);
    faulty_faults[kind].last = LONG_MAX;
}

/* Every second call that may wait is interrupted by a signal. */
static inline void faulty_sys_interrupt(void)
{
    faulty_sys_install();
    faulty_interrupts = true;
}

/* Each read takes `most` bytes at most (a recvmmsg one message); 0: no limit. */
static inline void faulty_sys_cut_reads(size_t most)
{
    faulty_sys_install();
    faulty_most_read = most;
    diesel__sys.reads_fall_short = most != 0;
}

/* The same for each write, sendfile, splice and sendmmsg. */
static inline void faulty_sys_cut_writes(size_t most)
{
    faulty_sys_install();
    faulty_most_written = most;
}

/* How many calls of a kind there were, since the last reset or fail. */
static inline long faulty_sys_calls(enum faulty_kind kind)
{
    return faulty_faults[kind].calls;
}

static inline const char *faulty_sys_name(enum faulty_kind kind)
{
    return faulty_names[kind];
}

#endif

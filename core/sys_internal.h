/* SPDX-License-Identifier: MIT */
/*
 * The system calls that the core makes, in one table, so that a test can put
 * others in their place and see what becomes of a call that fails, is interrupted
 * or does half of what it was asked to (tests/faulty_sys.h). Every file of the core
 * calls the system through it:
 *
 *     ssize_t got = diesel__sys.read(fd, buf, n);
 *
 * The table costs what the linker's own would: a call through a pointer. It is
 * changed only while no scheduler runs.
 */
#ifndef DIESEL_SYS_INTERNAL_H
#define DIESEL_SYS_INTERNAL_H

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

/* One line for each call, by name. */
#define DIESEL__SYS_CALLS(X)                                                   \
    X(accept4)                                                                 \
    X(bind)                                                                    \
    X(chmod)                                                                   \
    X(close)                                                                   \
    X(connect)                                                                 \
    X(epoll_create1)                                                           \
    X(epoll_ctl)                                                               \
    X(eventfd)                                                                 \
    X(fcntl)                                                                   \
    X(fstat)                                                                   \
    X(getpeername)                                                             \
    X(getrandom)                                                               \
    X(getsockname)                                                             \
    X(getsockopt)                                                              \
    X(kill)                                                                    \
    X(listen)                                                                  \
    X(lstat)                                                                   \
    X(madvise)                                                                 \
    X(memfd_create)                                                            \
    X(mincore)                                                                 \
    X(mmap)                                                                    \
    X(mprotect)                                                                \
    X(open)                                                                    \
    X(pipe2)                                                                   \
    X(poll)                                                                    \
    X(pread)                                                                   \
    X(pthread_create)                                                          \
    X(read)                                                                    \
    X(recvmmsg)                                                                \
    X(recvmsg)                                                                 \
    X(sched_getaffinity)                                                       \
    X(sched_setaffinity)                                                       \
    X(sendfile)                                                                \
    X(sendmmsg)                                                                \
    X(sendmsg)                                                                 \
    X(setsockopt)                                                              \
    X(shutdown)                                                                \
    X(socket)                                                                  \
    X(socketpair)                                                              \
    X(splice)                                                                  \
    X(unlink)                                                                  \
    X(waitid)                                                                  \
    X(write)                                                                   \
    X(writev)

struct diesel__sys {
#define DIESEL__SYS_FIELD(call) __typeof__(call) *call;
    DIESEL__SYS_CALLS(DIESEL__SYS_FIELD)
#undef DIESEL__SYS_FIELD
    /* Reads may give less than there is. Linux's do not, so a short read has
     * emptied the socket; those of tests do. */
    bool reads_fall_short;
};

extern struct diesel__sys diesel__sys
    __attribute__((visibility("hidden")));

#endif

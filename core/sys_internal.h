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
#include <stdbool.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

/* One line for each call, by name. */
#define DIESEL__SYS_CALLS(X)                                                   \
    X(accept4)                                                                 \
    X(bind)                                                                    \
    X(close)                                                                   \
    X(connect)                                                                 \
    X(eventfd)                                                                 \
    X(fcntl)                                                                   \
    X(getsockname)                                                             \
    X(getsockopt)                                                              \
    X(listen)                                                                  \
    X(madvise)                                                                 \
    X(mmap)                                                                    \
    X(mprotect)                                                                \
    X(pipe2)                                                                   \
    X(poll)                                                                    \
    X(pread)                                                                   \
    X(read)                                                                    \
    X(recvmmsg)                                                                \
    X(recvmsg)                                                                 \
    X(sendfile)                                                                \
    X(sendmmsg)                                                                \
    X(sendmsg)                                                                 \
    X(setsockopt)                                                              \
    X(shutdown)                                                                \
    X(socket)                                                                  \
    X(socketpair)                                                              \
    X(splice)                                                                  \
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

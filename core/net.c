/* SPDX-License-Identifier: MIT */
/*
 * Connecting: from a host and a port, or a path, to a stream.
 *
 * A socket becomes a stream before it is connected, so that waiting for the
 * connection is waiting for the stream to be writable.
 */
#include <diesel/net.h>

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <diesel/dns.h>
#include <diesel/fiber.h>
#include <diesel/memory.h>

#include "net_internal.h"
#include "sched_internal.h"
#include "stream_internal.h"
#include "sys_internal.h"

/* While a Unix listener's backlog is full, connect(2) is tried this often. */
#define BACKLOG_RETRY_MS 5

int diesel__tcp_set_options(int fd, const diesel_tcp_options *options,
                            const char *name, diesel_error *err)
{
    static const diesel_tcp_options none;
    if (options == NULL)
        options = &none;
    const struct {
        bool wanted;
        int level, option, value;
    } settings[] = {
        {!options->delay, IPPROTO_TCP, TCP_NODELAY, 1},
        {options->keepalive_s > 0, SOL_SOCKET, SO_KEEPALIVE, 1},
        {options->keepalive_s > 0, IPPROTO_TCP, TCP_KEEPIDLE,
         options->keepalive_s},
        {options->keepalive_s > 0, IPPROTO_TCP, TCP_KEEPINTVL,
         options->keepalive_s},
        {options->user_timeout_ms > 0, IPPROTO_TCP, TCP_USER_TIMEOUT,
         options->user_timeout_ms},
    };
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++)
        if (settings[i].wanted &&
            diesel__sys.setsockopt(fd, settings[i].level, settings[i].option,
                                   &settings[i].value,
                                   sizeof settings[i].value) < 0)
            return diesel_error_sys(err, errno, "%s: setting socket options",
                                    name);
    return 0;
}

int diesel__connect_result(diesel_stream *stream, diesel_error *err)
{
    int errnum = 0;
    socklen_t size = sizeof errnum;
    if (diesel__sys.getsockopt(stream->fd, SOL_SOCKET, SO_ERROR, &errnum,
                               &size) < 0)
        errnum = errno;
    if (errnum != 0)
        return diesel_error_sys(err, errnum, "%s", stream->name);
    stream->readable = true;
    stream->hangup = false; /* an unconnected socket reports one */
    return 0;
}

/* Waits until the connection stands or is refused. */
static int wait_connected(diesel_stream *stream, int64_t deadline,
                          diesel_error *err)
{
    stream->writer = stream->sched->current;
    diesel__stream_enter(stream);
    int result = diesel__stream_wait_writable(stream, "a connection", deadline,
                                              err);
    stream->writer = NULL;
    diesel__stream_leave(stream);
    return result < 0 ? -1 : diesel__connect_result(stream, err);
}

/* A full backlog of a Unix listener says EAGAIN, and no event tells its end. */
static int retry_later(int64_t deadline, const char *name, diesel_error *err)
{
    if (diesel_now() >= deadline)
        return diesel_error_set(err, DIESEL_E_TIMEDOUT, DIESEL_DOM_CORE, 0,
                                "%s: timed out: the listener's backlog is full",
                                name);
    return diesel_sleep(BACKLOG_RETRY_MS, err);
}

diesel_stream *diesel__connect_socket(const diesel_address *address,
                                      const char *name, diesel_error *err)
{
    int fd = diesel__sys.socket(address->any.sa_family,
                                SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        diesel_error_sys(err, errno, "%s: making a socket", name);
        return NULL;
    }
    return diesel_stream_from_fd(fd, name, err);
}

diesel_stream *diesel__connect_to(const diesel_address *address,
                                  const char *name, int64_t deadline,
                                  diesel_error *err)
{
    diesel_stream *stream = diesel__connect_socket(address, name, err);
    if (stream == NULL)
        return NULL;
    int result;
    for (;;) {
        int rc = diesel__sys.connect(stream->fd, &address->any, address->size);
        if (rc == 0)
            return stream;
        if (errno == EINPROGRESS || errno == EINTR) {
            result = wait_connected(stream, deadline, err);
            break;
        }
        if (errno != EAGAIN) {
            result = diesel_error_sys(err, errno, "%s", name);
            break;
        }
        result = retry_later(deadline, name, err);
        if (result < 0)
            break;
    }
    if (result == 0)
        return stream;
    diesel_stream_close(stream);
    return NULL;
}

diesel_stream *diesel_tcp_connect(const char *host, uint16_t port,
                                  const diesel_tcp_options *options,
                                  int64_t deadline, diesel_error *err)
{
    char name[280];
    bool colon = strchr(host, ':') != NULL;
    snprintf(name, sizeof name, colon ? "[%s]:%u" : "%s:%u", host, port);
    if (diesel_yield(err) < 0) {
        diesel_error_prefix(err, "connecting to %s", name);
        return NULL;
    }
    size_t count;
    diesel_address *list = diesel_dns_resolve(NULL, host, port, AF_UNSPEC, &count,
                                              deadline, err);
    if (list == NULL) {
        diesel_error_prefix(err, "connecting to %s", name);
        return NULL;
    }
    diesel_stream *stream = diesel__connect_first(name, list, count, options,
                                                  deadline, err);
    diesel_free(list);
    return stream;
}

int diesel__unix_address(const char *path, diesel_address *address,
                         diesel_error *err)
{
    memset(address, 0, sizeof *address);
    struct sockaddr_un *un = &address->un;
    size_t length = strlen(path);
    if (length == 0 || length >= sizeof un->sun_path)
        return diesel_error_set(err, DIESEL_E_INVAL, DIESEL_DOM_CORE, 0,
                                "%s: a Unix socket's path has 1 to %zu bytes",
                                path, sizeof un->sun_path - 1);
    un->sun_family = AF_UNIX;
    memcpy(un->sun_path, path, length);
    address->size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
    if (path[0] == '@')
        un->sun_path[0] = '\0';
    else
        address->size++;
    return 0;
}

diesel_stream *diesel_unix_connect(const char *path, int64_t deadline,
                                   diesel_error *err)
{
    diesel_address address;
    diesel_stream *stream = NULL;
    diesel_error cause;
    if (diesel_yield(&cause) == 0 &&
        diesel__unix_address(path, &address, &cause) == 0)
        stream = diesel__connect_to(&address, path, deadline, &cause);
    if (stream == NULL && err != NULL) {
        *err = cause;
        if (cause.detail == ENOENT && cause.domain == DIESEL_DOM_SYS)
            err->code = DIESEL_E_REFUSED;
        diesel_error_prefix(err, "connecting");
    }
    return stream;
}

int diesel_stream_pair(diesel_stream *pair[2], diesel_error *err)
{
    int fds[2];
    if (diesel__sys.socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) <
        0)
        return diesel_error_sys(err, errno, "socketpair");
    pair[0] = diesel_stream_from_fd(fds[0], "socketpair:0", err);
    if (pair[0] == NULL) {
        diesel__sys.close(fds[1]);
        return -1;
    }
    pair[1] = diesel_stream_from_fd(fds[1], "socketpair:1", err);
    if (pair[1] == NULL) {
        diesel_stream_close(pair[0]);
        return -1;
    }
    return 0;
}

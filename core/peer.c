/* SPDX-License-Identifier: MIT */
/*
 * Who is at the ends of a connection: addresses and, on Unix sockets, credentials.
 */
#include <diesel/net.h>

#include <errno.h>
#include <sys/socket.h>

#include "net_internal.h"
#include "stream_internal.h"
#include "sys_internal.h"

int diesel__socket_local(int fd, const char *name, diesel_address *address,
                         diesel_error *err)
{
    *address = (diesel_address){.size = sizeof address->room};
    if (diesel__sys.getsockname(fd, &address->any, &address->size) < 0)
        return diesel_error_sys(err, errno, "%s: its address", name);
    return 0;
}

int diesel_stream_local(const diesel_stream *stream, diesel_address *address,
                        diesel_error *err)
{
    const diesel_address *said = diesel__stream_destination(stream);
    if (said != NULL) {
        *address = *said;
        return 0;
    }
    return diesel__socket_local(stream->fd, stream->name, address, err);
}

int diesel_stream_peer(const diesel_stream *stream, diesel_address *address,
                       diesel_error *err)
{
    const diesel_address *said = diesel__stream_source(stream);
    if (said != NULL) {
        *address = *said;
        return 0;
    }
    *address = (diesel_address){.size = sizeof address->room};
    if (diesel__sys.getpeername(stream->fd, &address->any, &address->size) < 0)
        return diesel_error_sys(err, errno, "%s: its peer's address",
                                stream->name);
    return 0;
}

/* SO_PEERCRED succeeds on TCP sockets too, with nobody's numbers. */
int diesel_stream_peer_credentials(const diesel_stream *stream, pid_t *pid,
                                   uid_t *uid, gid_t *gid, diesel_error *err)
{
    int family;
    socklen_t size = sizeof family;
    if (diesel__sys.getsockopt(stream->fd, SOL_SOCKET, SO_DOMAIN, &family,
                               &size) < 0)
        return diesel_error_sys(err, errno, "%s: its peer's credentials",
                                stream->name);
    if (family != AF_UNIX)
        return diesel_error_set(err, DIESEL_E_INVAL, DIESEL_DOM_CORE, 0,
                                "%s: only Unix sockets know their peer's "
                                "credentials", stream->name);
    struct ucred who;
    size = sizeof who;
    if (diesel__sys.getsockopt(stream->fd, SOL_SOCKET, SO_PEERCRED, &who,
                               &size) < 0)
        return diesel_error_sys(err, errno, "%s: its peer's credentials",
                                stream->name);
    if (pid != NULL)
        *pid = who.pid;
    if (uid != NULL)
        *uid = who.uid;
    if (gid != NULL)
        *gid = who.gid;
    return 0;
}

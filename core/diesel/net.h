/* SPDX-License-Identifier: MIT */
/*
 * Connecting and listening: TCP and Unix sockets.
 *
 *     diesel_listener *l = diesel_tcp_listen("127.0.0.1", 0, NULL, &err);
 *     for (;;) {
 *         diesel_stream *peer = diesel_accept(l, DIESEL_FOREVER, &err);
 *         if (peer == NULL)
 *             break;
 *         diesel_go(scope, serve, peer);
 *     }
 */
#ifndef DIESEL_NET_H
#define DIESEL_NET_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <diesel/address.h>
#include <diesel/error.h>
#include <diesel/stream.h>
#include <diesel/time.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct diesel_tcp_options {
    bool delay;         /* leave Nagle's algorithm on (TCP_NODELAY is the default) */
    int keepalive_s;    /* idle seconds before keep-alive probes; 0: none     */
    int user_timeout_ms;/* TCP_USER_TIMEOUT; 0: the system's                  */
    int attempt_delay_ms; /* when connecting: so long an address is tried before
                             the next one is tried beside it; 0: 250          */
} diesel_tcp_options;

/* Connects to host (a name, an IPv4 or an IPv6 address without brackets) and
 * port. A name is resolved without blocking the thread; its addresses are tried
 * as RFC 8305, 5 has it: the next one as soon as one fails, or beside those that
 * have not answered after `attempt_delay_ms`, at most eight at a time. The first
 * connection that stands wins, and the others are closed. On failure NULL and RESOLVE, REFUSED, TIMEDOUT, CANCELLED, LIMIT, IO;
 * the message names the host and each address's cause. What comes back is owned
 * by the caller: diesel_stream_close(). Switches fibers. */
diesel_stream *diesel_tcp_connect(const char *host, uint16_t port,
                                  const diesel_tcp_options *options,
                                  int64_t deadline, diesel_error *err)
    __attribute__((warn_unused_result));

/* Connects to a Unix socket; a path that begins with '@' is in Linux's abstract
 * name space. Errors as above. Switches fibers. */
diesel_stream *diesel_unix_connect(const char *path, int64_t deadline,
                                   diesel_error *err)
    __attribute__((warn_unused_result));

/* Two streams connected to each other (socketpair(2)). 0 or -1. Never switches
 * fibers. */
int diesel_stream_pair(diesel_stream *pair[2], diesel_error *err)
    __attribute__((warn_unused_result));

/* The addresses of a socket's two ends, or those that a PROXY header has
 * (<diesel/proxy_header.h>); the peer of a Unix socket is mostly unnamed. 0, or -1: CLOSED or IO (not connected, no socket). Never switch
 * fibers. */
int diesel_stream_local(const diesel_stream *stream, diesel_address *address,
                        diesel_error *err) __attribute__((warn_unused_result));
int diesel_stream_peer(const diesel_stream *stream, diesel_address *address,
                       diesel_error *err) __attribute__((warn_unused_result));

/* Who has connected, or listened, at the other end of a Unix socket, as it was
 * then (SO_PEERCRED, unix(7)). Each pointer may be NULL. 0, or -1: INVAL (another
 * kind of socket), IO (no socket). Never switches fibers. */
int diesel_stream_peer_credentials(const diesel_stream *stream, pid_t *pid,
                                   uid_t *uid, gid_t *gid, diesel_error *err)
    __attribute__((warn_unused_result));

typedef struct diesel_listener diesel_listener;

typedef struct diesel_listen_options {
    int backlog;            /* 0: SOMAXCONN                                  */
    bool reuse_port;        /* SO_REUSEPORT, to share the port among threads */
    diesel_tcp_options tcp; /* for the accepted streams                      */
} diesel_listen_options;

/* Listens on a numeric address ("127.0.0.1", "::1", "0.0.0.0", "::") and port;
 * port 0 lets the kernel choose, see diesel_listener_port(). Owned by the caller:
 * diesel_listener_close(). INVAL, BUSY (address in use), LIMIT, IO. Never
 * switches fibers. */
diesel_listener *diesel_tcp_listen(const char *address, uint16_t port,
                                   const diesel_listen_options *options,
                                   diesel_error *err)
    __attribute__((warn_unused_result));

/* Listens on a Unix socket (or '@' and an abstract name). A socket file that
 * nobody listens on any more is replaced. The file is removed on close. */
diesel_listener *diesel_unix_listen(const char *path,
                                    const diesel_listen_options *options,
                                    diesel_error *err)
    __attribute__((warn_unused_result));

/* Waits for the next connection: an owned stream, or NULL with TIMEDOUT,
 * CANCELLED, CLOSED or IO. Several fibers may wait; each connection is one's,
 * and they are woken in the order in which they came. Out of descriptors, it goes on waiting and
 * serves on when some are free again. Switches fibers only if it must wait;
 * checks for cancellation always. */
diesel_stream *diesel_accept(diesel_listener *listener, int64_t deadline,
                             diesel_error *err)
    __attribute__((warn_unused_result));

/* The TCP port that it listens on; 0 for a Unix socket. Never switches fibers. */
uint16_t diesel_listener_port(const diesel_listener *listener);

/* The address that it listens on. 0, or -1: IO. Never switches fibers. */
int diesel_listener_local(const diesel_listener *listener,
                          diesel_address *address, diesel_error *err)
    __attribute__((warn_unused_result));

/* Closes and frees it; a waiting fiber gets CLOSED. NULL does nothing. Never
 * switches fibers. */
void diesel_listener_close(diesel_listener *listener);

/* One more handle for the listener, for somebody who closes it independently of its
 * owner, as of diesel_serve(). Each handle is closed with diesel_listener_close(), once:
 * the first of them closes the socket, and calls with the others get CLOSED (the
 * port is 0); the last frees it. Never fails; never switches fibers. */
diesel_listener *diesel_listener_share(diesel_listener *listener);

#ifdef __cplusplus
}
#endif
#endif

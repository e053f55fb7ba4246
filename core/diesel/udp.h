/* SPDX-License-Identifier: MIT */
/*
 * UDP: datagrams that block the fiber and not the thread.
 *
 *     diesel_udp *u = diesel_udp_open("0.0.0.0", 7, NULL, &err);
 *     diesel_address from;
 *     char buf[1500];
 *     ssize_t n;
 *     while ((n = diesel_udp_recv(u, buf, sizeof buf, &from, DIESEL_FOREVER,
 *                                 &err)) >= 0)
 *         if (diesel_udp_send(u, buf, (size_t)n, &from, DIESEL_FOREVER, &err) < 0)
 *             break;
 *     diesel_udp_close(u);
 *
 * A call is tried at once and waits only if it must. Any number of fibers may
 * send or receive on one socket; each datagram goes to one of them. A socket may
 * be closed while fibers wait on it: they get CLOSED.
 *
 * Whether a datagram arrives nobody knows. On a connected socket an ICMP message
 * that the port is closed fails the next call, with REFUSED; the socket is as good
 * as before.
 */
#ifndef DIESEL_UDP_H
#define DIESEL_UDP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <diesel/address.h>
#include <diesel/error.h>
#include <diesel/select.h>
#include <diesel/time.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct diesel_udp diesel_udp;

typedef struct diesel_udp_options {
    bool broadcast;     /* SO_BROADCAST: sending to broadcast addresses       */
    bool reuse_address; /* SO_REUSEADDR: several listeners of a multicast port */
    bool reuse_port;    /* SO_REUSEPORT, to share the port among threads      */
    bool v6_only;       /* "::" does not receive IPv4 (IPV6_V6ONLY)           */
    int ttl;            /* of unicast datagrams; 0: the system's              */
    int receive_buffer; /* SO_RCVBUF in bytes; 0: the system's                */
    int send_buffer;    /* SO_SNDBUF in bytes; 0: the system's                */
} diesel_udp_options;

/* A socket that is bound to a numeric address and port; port 0 lets the kernel
 * choose, see diesel_udp_local(). Owned by the caller: diesel_udp_close(). NULL:
 * INVAL, BUSY (address in use), LIMIT, NOMEM, IO. Never switches fibers. */
diesel_udp *diesel_udp_open(const char *address, uint16_t port,
                            const diesel_udp_options *options,
                            diesel_error *err)
    __attribute__((warn_unused_result));

/* Gives the socket one peer: it sends there when no address is named, and
 * receives from nobody else (connect(2)). 0 or -1. Never switches fibers. */
int diesel_udp_connect(diesel_udp *udp, const diesel_address *peer,
                       diesel_error *err)
    __attribute__((warn_unused_result));

/* Closes and frees it; waiting fibers get CLOSED. NULL does nothing. Never
 * switches fibers. */
void diesel_udp_close(diesel_udp *udp);

/* Sends one datagram of n bytes to `to`, or to the peer of a connected socket
 * if it is NULL. It is sent whole or not at all. 0, or -1: TIMEDOUT, CANCELLED,
 * CLOSED, REFUSED, INVAL, LIMIT (EMSGSIZE: too long for a datagram), IO.
 * Switches fibers only if it must wait; checks for cancellation always. */
int diesel_udp_send(diesel_udp *udp, const void *buf, size_t n,
                    const diesel_address *to, int64_t deadline,
                    diesel_error *err) __attribute__((warn_unused_result));

/* Receives one datagram: its length, which may be 0; and in *from, unless it is
 * NULL, its sender. Of a datagram that is longer than `size` the rest is lost,
 * and what comes back is its full length, that is, more than `size`. -1:
 * TIMEDOUT, CANCELLED, CLOSED, REFUSED, IO. Switches fibers only if it must
 * wait; checks for cancellation always. */
ssize_t diesel_udp_recv(diesel_udp *udp, void *buf, size_t size,
                        diesel_address *from, int64_t deadline,
                        diesel_error *err) __attribute__((warn_unused_result));

/* One datagram of a batch. */
typedef struct diesel_datagram {
    void *data;             /* borrowed: what to send, or room for what comes */
    size_t size;            /* of it, in bytes                                */
    diesel_address address; /* the receiver (size 0: the peer), or the sender */
    size_t length;          /* received: of the datagram; more than `size` if
                               the rest is lost                               */
} diesel_datagram;

/* Sends up to `count` datagrams with one system call for each 64 of them
 * (sendmmsg(2)), waiting until all have left. Their count; or, if something goes
 * wrong, the count of those that have left before, and only without any -1 as in
 * diesel_udp_send(). */
ssize_t diesel_udp_send_batch(diesel_udp *udp, const diesel_datagram *batch,
                              size_t count, int64_t deadline,
                              diesel_error *err)
    __attribute__((warn_unused_result));

/* Receives 1 to `count` (at most 64) datagrams, as many as are there, with one
 * system call (recvmmsg(2)); waits for the first only. Their count, or -1 as in
 * diesel_udp_recv(). */
ssize_t diesel_udp_recv_batch(diesel_udp *udp, diesel_datagram *batch,
                              size_t count, int64_t deadline,
                              diesel_error *err)
    __attribute__((warn_unused_result));

/* In a select, see <diesel/select.h>: a receive would not wait, because a datagram is
 * there, or an error, or the socket has been closed. Nothing is received: if several
 * fibers receive, somebody else may be first. result: 0. */
diesel_case diesel_case_udp_readable(diesel_udp *udp);

/* Joins or leaves a multicast group (its port does not matter) on the interface
 * of that index (if_nametoindex(3)); 0: the system chooses. 0 or -1. Never switch
 * fibers. RFC 3678. */
int diesel_udp_join(diesel_udp *udp, const diesel_address *group,
                    unsigned interface_index, diesel_error *err)
    __attribute__((warn_unused_result));
int diesel_udp_leave(diesel_udp *udp, const diesel_address *group,
                     unsigned interface_index, diesel_error *err)
    __attribute__((warn_unused_result));

/* How multicast datagrams leave: through which interface (0: the system
 * chooses), over how many routers (1: none), and whether this machine's members
 * hear them too. 0 or -1. Never switches fibers. */
int diesel_udp_multicast(diesel_udp *udp, unsigned interface_index, int ttl,
                         bool loop, diesel_error *err)
    __attribute__((warn_unused_result));

/* The address that it is bound to. 0 or -1. Never switches fibers. */
int diesel_udp_local(const diesel_udp *udp, diesel_address *address,
                     diesel_error *err) __attribute__((warn_unused_result));

/* The descriptor, borrowed: for options that are not here. */
int diesel_udp_fd(const diesel_udp *udp);

#ifdef __cplusplus
}
#endif
#endif

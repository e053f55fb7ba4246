/* SPDX-License-Identifier: MIT */
/*
 * What connecting (net.c, eyeballs.c) and listening (listen.c) share.
 */
#ifndef DIESEL_NET_INTERNAL_H
#define DIESEL_NET_INTERNAL_H

#include <stddef.h>
#include <sys/un.h>

#include <diesel/address.h>
#include <diesel/net.h>

/* Puts the options on a TCP socket; NULL: the defaults. `name` is for errors. */
int diesel__tcp_set_options(int fd, const diesel_tcp_options *options,
                            const char *name, diesel_error *err);

/* A stream of a new socket for this address, not yet connected. */
diesel_stream *diesel__connect_socket(const diesel_address *address,
                                      const char *name, diesel_error *err);
/* Whether a connection that was under way stands: 0 or -1. */
int diesel__connect_result(diesel_stream *stream, diesel_error *err);
/* Connects to one address; switches fibers if it must wait. */
diesel_stream *diesel__connect_to(const diesel_address *address,
                                  const char *name, int64_t deadline,
                                  diesel_error *err);

/* eyeballs.c: the first connection to any of these addresses that stands. `name` is
 * for errors. */
diesel_stream *diesel__connect_first(const char *name,
                                     const diesel_address *list, size_t count,
                                     const diesel_tcp_options *options,
                                     int64_t deadline, diesel_error *err);

/* A Unix socket's address; '@' begins an abstract name. */
int diesel__unix_address(const char *path, diesel_address *address,
                         diesel_error *err);

/* peer.c: the address that a socket is bound to; `name` is for errors. */
int diesel__socket_local(int fd, const char *name, diesel_address *address,
                         diesel_error *err);

/* Between these two a listener that is closed keeps its memory. */
void diesel__listener_enter(diesel_listener *listener);
void diesel__listener_leave(diesel_listener *listener);
/* Closes the socket, as often as one likes, and leaves the handles. */
void diesel__listener_shut(diesel_listener *listener);
bool diesel__listener_is_closed(const diesel_listener *listener);

/* Waits for `what`: 0 when it is woken, by diesel_wake() or the listener's end;
 * -1: CANCELLED, TIMEDOUT. */
int diesel__listener_pause(diesel_listener *listener, const char *what,
                           diesel_error *err);

#endif

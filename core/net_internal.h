/* SPDX-License-Identifier: MIT */
/*
 * What connecting (net.c) and listening (listen.c) share.
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

/* A Unix socket's address; '@' begins an abstract name. */
int diesel__unix_address(const char *path, diesel_address *address,
                         diesel_error *err);

/* peer.c: the address that a socket is bound to; `name` is for errors. */
int diesel__socket_local(int fd, const char *name, diesel_address *address,
                         diesel_error *err);

/* Between these two a listener that is closed keeps its memory. */
void diesel__listener_enter(diesel_listener *listener);
void diesel__listener_leave(diesel_listener *listener);
bool diesel__listener_is_closed(const diesel_listener *listener);

/* Waits in the place of who accepts, for `what`: 0 when it is woken, by
 * diesel_wake(), a connection or the listener's end; -1: CANCELLED, TIMEDOUT or
 * BUSY. */
int diesel__listener_pause(diesel_listener *listener, const char *what,
                           diesel_error *err);

#endif

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

#endif

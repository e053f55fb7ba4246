/* SPDX-License-Identifier: MIT */
/*
 * Names to addresses, without blocking the thread.
 */
#ifndef DIESEL_DNS_INTERNAL_H
#define DIESEL_DNS_INTERNAL_H

#include <stdint.h>
#include <sys/socket.h>

#include <diesel/error.h>

struct diesel__sched;

typedef struct diesel__address {
    socklen_t size;
    struct sockaddr_storage sa;
} diesel__address;

/* Resolves a host name, or reads a numeric address, into *list, an array of
 * *count >= 1 addresses with `port`, owned by the caller: diesel_free(). 0, or -1
 * with RESOLVE, NOMEM, TIMEDOUT or CANCELLED. Switches fibers for names. */
int diesel__resolve(const char *host, uint16_t port, int64_t deadline,
                    diesel__address **list, size_t *count, diesel_error *err);

/* Reads a numeric address only: 0, or -1 and *err says INVAL. */
int diesel__address_parse(const char *text, uint16_t port,
                          diesel__address *address, diesel_error *err);

/* "192.0.2.1:80" or "[2001:db8::1]:80" into buf. */
const char *diesel__address_text(const diesel__address *address, char *buf,
                                 size_t size);

/* Ends the scheduler's resolver, if it has one. */
void diesel__dns_close(struct diesel__sched *s);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Addresses of sockets: numeric, with a port, or a path. Names are resolved by
 * <diesel/dns.h>.
 *
 *     diesel_address where;
 *     char text[DIESEL_ADDRESS_TEXT];
 *     if (diesel_address_parse("2001:db8::1", 53, &where, &err) < 0)
 *         return diesel_fail(&err);
 *     puts(diesel_address_text(&where, text, sizeof text));  [2001:db8::1]:53
 *
 * None of these calls allocates or switches fibers.
 */
#ifndef DIESEL_ADDRESS_H
#define DIESEL_ADDRESS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <diesel/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Plain data, to be copied as one likes. */
typedef struct diesel_address {
    socklen_t size; /* of the member that `any.sa_family` tells; 0: none */
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
        struct sockaddr_un un;
        struct sockaddr_storage room;
    };
} diesel_address;

/* Room for every text that diesel_address_text() makes. */
#define DIESEL_ADDRESS_TEXT 128

/* Reads a numeric IPv4 or IPv6 address, without brackets; an IPv6 address may
 * have a zone ("fe80::1%eth0"). 0, or -1 with INVAL. */
int diesel_address_parse(const char *text, uint16_t port,
                         diesel_address *address, diesel_error *err)
    __attribute__((warn_unused_result));

/* Writes "192.0.2.1:80", "[2001:db8::1]:80", a path, "@name" for an abstract
 * one, or "unnamed" into buf, cut to `size` bytes; returns buf. */
const char *diesel_address_text(const diesel_address *address, char *buf,
                                size_t size);

/* The port; 0 where there is none. */
uint16_t diesel_address_port(const diesel_address *address);

/* Sets the port; nothing happens to a path. */
void diesel_address_set_port(diesel_address *address, uint16_t port);

/* Whether both are the same host, or the same path; ports are not compared. An
 * IPv4 address that is mapped into IPv6 (::ffff:192.0.2.1) is that IPv4 address. */
bool diesel_address_is_same_host(const diesel_address *a,
                                 const diesel_address *b);

#ifdef __cplusplus
}
#endif
#endif

/* SPDX-License-Identifier: MIT */
/*
 * Headers of the PROXY protocol, read from memory.
 */
#ifndef DIESEL_PROXY_PARSE_INTERNAL_H
#define DIESEL_PROXY_PARSE_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <diesel/address.h>
#include <diesel/error.h>
#include <diesel/proxy_header.h>

typedef struct diesel__proxy_header {
    bool has_addresses;
    diesel_address source, destination;
    const uint8_t *fields; /* version 2's, in the bytes that were given */
    size_t fields_size;
} diesel__proxy_header;

/* Looks at the first n bytes of a connection. The header's length, with *header
 * filled; 0: it goes on, by *missing bytes at least; -1: PROTOCOL or LIMIT. */
ssize_t diesel__proxy_parse(const uint8_t *bytes, size_t n,
                            diesel__proxy_header *header, size_t *missing,
                            diesel_error *err);

/* The first field of this type, and its length; NULL: none. The fields are known
 * to be well formed. */
const uint8_t *diesel__proxy_find(const uint8_t *fields, size_t size,
                                  uint8_t type, size_t *length);

#endif

/* SPDX-License-Identifier: MIT */
/* SHA-1 (RFC 3174), by which Redis calls scripts; for nothing that must be secret. */
#ifndef DREDIS_SHA1_INTERNAL_H
#define DREDIS_SHA1_INTERNAL_H

#include <stddef.h>

/* The digest of n bytes as 40 small hexadecimal digits and a zero byte. */
void dredis__sha1(const void *bytes, size_t n, char digest[41]);

#endif

/* SPDX-License-Identifier: MIT */
/* Base64 (RFC 4648, with padding), as SCRAM's messages have it. */
#ifndef DIESEL_MONGO_BASE64_INTERNAL_H
#define DIESEL_MONGO_BASE64_INTERNAL_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* What n bytes become, with a zero byte behind. */
#define DMONGO__BASE64_ROOM(n) (((n) + 2) / 3 * 4 + 1)

/* Writes n bytes as text that ends with a zero byte. */
void dmongo__base64_encode(const uint8_t *bytes, size_t n, char *out);

/* The count of bytes that n characters stand for, of which `room` are written at
 * most; -1 if they are malformed or too many. */
ssize_t dmongo__base64_decode(const char *text, size_t n, uint8_t *out,
                              size_t room);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Commands as text for those who look on. No I/O.
 */
#ifndef DREDIS_REDACT_INTERNAL_H
#define DREDIS_REDACT_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>

#include <diesel/value.h>

/* Fewer bytes are not enough for a text. */
#define DREDIS__LEAST_TEXT 16

/* Writes the command as text of less than `size` bytes: its name and keys, and for
 * all else "?", unless `values`; what is a secret is "?" anyway. Returns its length. */
size_t dredis__redact(char *text, size_t size, const diesel_value *args, size_t n,
                      bool values);

#endif

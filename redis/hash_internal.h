/* SPDX-License-Identifier: MIT */
/*
 * Hashes of strings that others choose.
 */
#ifndef DREDIS_HASH_INTERNAL_H
#define DREDIS_HASH_INTERNAL_H

#include <stddef.h>
#include <stdint.h>

typedef struct dredis__hash_key {
    uint64_t k0, k1;
} dredis__hash_key;

/* SipHash-1-3 of the bytes (Aumasson and Bernstein, 2012). */
uint64_t dredis__siphash(dredis__hash_key key, const void *bytes, size_t n);

/* The same under a key that is drawn once per process. Any thread may call it. */
uint64_t dredis__hash(const void *bytes, size_t n);

#endif

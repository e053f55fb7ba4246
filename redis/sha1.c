/* SPDX-License-Identifier: MIT */
/*
 * SHA-1, RFC 3174: blocks of 64 bytes are mixed into five words. The last block
 * carries a 1 bit behind the text, zeros, and the text's length in bits.
 */
#include "sha1_internal.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

static uint32_t rotate(uint32_t x, int n)
{
    return x << n | x >> (32 - n);
}

/* The function and the constant of round t, see sections 5 and 6.1. */
static uint32_t mix(int t, uint32_t b, uint32_t c, uint32_t d)
{
    if (t < 20)
        return ((b & c) | (~b & d)) + 0x5A827999;
    if (t < 40)
        return (b ^ c ^ d) + 0x6ED9EBA1;
    if (t < 60)
        return ((b & c) | (b & d) | (c & d)) + 0x8F1BBCDC;
    return (b ^ c ^ d) + 0xCA62C1D6;
}

static void take_block(uint32_t h[5], const unsigned char block[64])
{
    uint32_t w[80], v[5];
    for (int t = 0; t < 16; t++)
        w[t] = (uint32_t)block[4 * t] << 24 | (uint32_t)block[4 * t + 1] << 16 |
               (uint32_t)block[4 * t + 2] << 8 | block[4 * t + 3];
    for (int t = 16; t < 80; t++)
        w[t] = rotate(w[t - 3] ^ w[t - 8] ^ w[t - 14] ^ w[t - 16], 1);
    memcpy(v, h, sizeof v);
    for (int t = 0; t < 80; t++) {
        uint32_t next =
            rotate(v[0], 5) + mix(t, v[1], v[2], v[3]) + v[4] + w[t];
        v[4] = v[3];
        v[3] = v[2];
        v[2] = rotate(v[1], 30);
        v[1] = v[0];
        v[0] = next;
    }
    for (int i = 0; i < 5; i++)
        h[i] += v[i];
}

void dredis__sha1(const void *bytes, size_t n, char digest[41])
{
    uint32_t h[5] = {0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476,
                     0xC3D2E1F0};
    const unsigned char *at = bytes;
    size_t left = n;
    for (; left >= 64; left -= 64, at += 64)
        take_block(h, at);
    unsigned char last[128] = {0};
    size_t size = left < 56 ? 64 : 128;
    if (left > 0)
        memcpy(last, at, left);
    last[left] = 0x80;
    for (int i = 0; i < 8; i++)
        last[size - 1 - (size_t)i] = (unsigned char)((uint64_t)n * 8 >> (8 * i));
    for (size_t i = 0; i < size; i += 64)
        take_block(h, last + i);
    for (int i = 0; i < 5; i++)
        snprintf(digest + 8 * i, 9, "%08x", (unsigned)h[i]);
}

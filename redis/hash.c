/* SPDX-License-Identifier: MIT */
/*
 * SipHash-1-3: one round for each word of the message and three at the end, which
 * is what several languages' own tables use against flooding. Who does not know
 * the key cannot choose strings that meet in a table.
 *
 * libcrypto has the same function (EVP_MAC), which the tests compare it with, but
 * behind a context that must be allocated and set up anew for each message: too
 * much for the names of keys and channels that are hashed here.
 */
#include "hash_internal.h"

#include <errno.h>
#include <pthread.h>
#include <sys/random.h>
#include <time.h>

struct state {
    uint64_t v0, v1, v2, v3;
};

static inline uint64_t rotate(uint64_t x, unsigned bits)
{
    return x << bits | x >> (64 - bits);
}

static inline void mix(struct state *s)
{
    s->v0 += s->v1;
    s->v2 += s->v3;
    s->v1 = rotate(s->v1, 13) ^ s->v0;
    s->v3 = rotate(s->v3, 16) ^ s->v2;
    s->v0 = rotate(s->v0, 32);
    s->v2 += s->v1;
    s->v0 += s->v3;
    s->v1 = rotate(s->v1, 17) ^ s->v2;
    s->v3 = rotate(s->v3, 21) ^ s->v0;
    s->v2 = rotate(s->v2, 32);
}

static inline void take_word(struct state *s, uint64_t word)
{
    s->v3 ^= word;
    mix(s);
    s->v0 ^= word;
}

/* Up to eight bytes, the first the least significant. */
static inline uint64_t word_at(const unsigned char *at, size_t n)
{
    uint64_t word = 0;
    for (size_t i = 0; i < n; i++)
        word |= (uint64_t)at[i] << 8 * i;
    return word;
}

uint64_t dredis__siphash(dredis__hash_key key, const void *bytes, size_t n)
{
    struct state s = {key.k0 ^ 0x736f6d6570736575u, key.k1 ^ 0x646f72616e646f6du,
                      key.k0 ^ 0x6c7967656e657261u, key.k1 ^ 0x7465646279746573u};
    const unsigned char *at = bytes;
    size_t left = n;
    for (; left >= 8; left -= 8, at += 8)
        take_word(&s, word_at(at, 8));
    take_word(&s, word_at(at, left) | (uint64_t)n << 56);
    s.v2 ^= 0xff;
    for (int i = 0; i < 3; i++)
        mix(&s);
    return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

static dredis__hash_key the_key;
static pthread_once_t is_drawn = PTHREAD_ONCE_INIT;

/* Where the system gives no random bytes, the clock and where things lie in memory
 * must do. */
static void draw(void)
{
    ssize_t got;
    do
        got = getrandom(&the_key, sizeof the_key, 0);
    while (got < 0 && errno == EINTR);
    if (got == (ssize_t)sizeof the_key)
        return;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    the_key.k0 ^= (uint64_t)now.tv_sec << 30 ^ (uint64_t)now.tv_nsec;
    the_key.k1 ^= (uint64_t)(uintptr_t)&now ^ (uint64_t)(uintptr_t)&the_key << 17;
}

uint64_t dredis__hash(const void *bytes, size_t n)
{
    pthread_once(&is_drawn, draw);
    return dredis__siphash(the_key, bytes, n);
}

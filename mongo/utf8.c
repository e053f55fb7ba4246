/* SPDX-License-Identifier: MIT */
/*
 * Checks that text is UTF-8. Every key and string that is sent passes here, and
 * nearly all of them are short and ASCII, so those are looked at in words of
 * eight bytes; only text with a high bit in it goes through the full check.
 *
 * The full check is Unicode's table of well-formed byte sequences: the first
 * byte says how many follow and in which range the second must lie, which is
 * what excludes overlong forms, surrogates and numbers over U+10FFFF; the
 * others are 80..BF.
 */
#include <stdint.h>
#include <string.h>

#include "utf8_internal.h"

#define HIGH_BITS UINT64_C(0x8080808080808080)

static uint64_t word_at(const unsigned char *p)
{
    uint64_t word;
    memcpy(&word, p, sizeof word);
    return word;
}

static uint32_t half_word_at(const unsigned char *p)
{
    uint32_t half;
    memcpy(&half, p, sizeof half);
    return half;
}

/* Words may overlap, so that no length needs a loop over single bytes. */
static bool is_ascii(const unsigned char *p, size_t n)
{
    uint64_t seen = 0;
    if (n >= 8) {
        for (size_t i = 0; i + 8 < n; i += 8)
            seen |= word_at(p + i);
        seen |= word_at(p + n - 8);
    } else if (n >= 4) {
        seen = half_word_at(p) | half_word_at(p + n - 4);
    } else if (n > 0) {
        seen = p[0] | p[n / 2] | p[n - 1];
    }
    return (seen & HIGH_BITS) == 0;
}

/* How many bytes a sequence has that begins with p[0] >= 0x80; 0 if none of
 * that form lies within the n > 0 bytes. */
static size_t sequence(const unsigned char *p, size_t n)
{
    static const struct {
        unsigned char first, last; /* of the first byte  */
        unsigned char low, high;   /* of the second byte */
        unsigned char length;
    } rows[] = {
        {0xC2, 0xDF, 0x80, 0xBF, 2}, {0xE0, 0xE0, 0xA0, 0xBF, 3},
        {0xE1, 0xEC, 0x80, 0xBF, 3}, {0xED, 0xED, 0x80, 0x9F, 3},
        {0xEE, 0xEF, 0x80, 0xBF, 3}, {0xF0, 0xF0, 0x90, 0xBF, 4},
        {0xF1, 0xF3, 0x80, 0xBF, 4}, {0xF4, 0xF4, 0x80, 0x8F, 4},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (p[0] < rows[i].first || p[0] > rows[i].last)
            continue;
        if (n < rows[i].length || p[1] < rows[i].low || p[1] > rows[i].high)
            return 0;
        for (size_t k = 2; k < rows[i].length; k++)
            if (p[k] < 0x80 || p[k] > 0xBF)
                return 0;
        return rows[i].length;
    }
    return 0;
}

bool dmongo__is_utf8(const char *s, size_t n)
{
    const unsigned char *p = (const unsigned char *)s;
    if (is_ascii(p, n))
        return true;
    for (size_t i = 0; i < n;) {
        if (n - i >= 8 && (word_at(p + i) & HIGH_BITS) == 0) {
            i += 8;
        } else if (p[i] < 0x80) {
            i++;
        } else {
            size_t length = sequence(p + i, n - i);
            if (length == 0)
                return false;
            i += length;
        }
    }
    return true;
}

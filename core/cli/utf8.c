/* SPDX-License-Identifier: MIT */
/*
 * UTF-8 as Unicode's table 3-7 has it: the first byte tells the length and the
 * range of the second byte, which is where over-long forms, surrogates and code
 * points beyond U+10FFFF are ruled out; all other bytes are 80 to BF.
 */
#include "utf8_internal.h"

static const struct {
    unsigned char first_low, first_high, second_low, second_high, length;
} forms[] = {
    {0x00, 0x7f, 0x00, 0x00, 1}, {0xc2, 0xdf, 0x80, 0xbf, 2},
    {0xe0, 0xe0, 0xa0, 0xbf, 3}, {0xe1, 0xec, 0x80, 0xbf, 3},
    {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
    {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4},
    {0xf4, 0xf4, 0x80, 0x8f, 4},
};

size_t diesel__utf8_length(const char *p, size_t n)
{
    const unsigned char *bytes = (const unsigned char *)p;
    if (n == 0)
        return 0;
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        if (bytes[0] < forms[i].first_low || bytes[0] > forms[i].first_high)
            continue;
        size_t length = forms[i].length;
        if (n < length)
            return 0;
        if (length > 1 && (bytes[1] < forms[i].second_low ||
                           bytes[1] > forms[i].second_high))
            return 0;
        for (size_t k = 2; k < length; k++)
            if (bytes[k] < 0x80 || bytes[k] > 0xbf)
                return 0;
        return length;
    }
    return 0;
}

size_t diesel__utf8_check(const char *p, size_t n)
{
    size_t at = 0;
    while (at < n) {
        size_t length = diesel__utf8_length(p + at, n - at);
        if (length == 0)
            break;
        at += length;
    }
    return at;
}

size_t diesel__utf8_put(uint32_t code, char out[4])
{
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    size_t length = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    for (size_t i = length - 1; i > 0; i--) {
        out[i] = (char)(0x80 | (code & 0x3f));
        code >>= 6;
    }
    /* The first byte's leading ones say how many bytes there are. */
    out[0] = (char)((0xf00 >> length) | code);
    return length;
}

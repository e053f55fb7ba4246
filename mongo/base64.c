/* SPDX-License-Identifier: MIT */
/*
 * Base64, strictly: four characters at a time, '=' at the end only, and the bits
 * that padding leaves over must be zero, so each text has one value and each value
 * one text.
 */
#include "base64_internal.h"

#include <string.h>

static const char digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void dmongo__base64_encode(const uint8_t *bytes, size_t n, char *out)
{
    while (n > 0) {
        size_t taken = n < 3 ? n : 3;
        uint32_t bits = (uint32_t)bytes[0] << 16;
        if (taken > 1)
            bits |= (uint32_t)bytes[1] << 8;
        if (taken > 2)
            bits |= bytes[2];
        out[0] = digits[bits >> 18];
        out[1] = digits[bits >> 12 & 63];
        out[2] = taken > 1 ? digits[bits >> 6 & 63] : '=';
        out[3] = taken > 2 ? digits[bits & 63] : '=';
        out += 4;
        bytes += taken;
        n -= taken;
    }
    *out = 0;
}

static int digit_value(char c)
{
    const char *at = c != 0 ? strchr(digits, c) : NULL;
    return at != NULL ? (int)(at - digits) : -1;
}

/* Decodes four characters, the last `padding` of which are '='. */
static int decode_four(const char *text, int padding, uint8_t out[3])
{
    uint32_t bits = 0;
    for (int i = 0; i < 4; i++) {
        int value = i < 4 - padding ? digit_value(text[i]) : 0;
        if (value < 0)
            return -1;
        bits = bits << 6 | (uint32_t)value;
    }
    if (padding > 0 && (bits & (padding == 1 ? 0xFFu : 0xFFFFu)) != 0)
        return -1;
    out[0] = (uint8_t)(bits >> 16);
    out[1] = (uint8_t)(bits >> 8);
    out[2] = (uint8_t)bits;
    return 0;
}

ssize_t dmongo__base64_decode(const char *text, size_t n, uint8_t *out,
                              size_t room)
{
    if (n % 4 != 0)
        return -1;
    size_t used = 0;
    for (size_t i = 0; i < n; i += 4) {
        int padding = 0;
        if (i + 4 == n)
            padding = text[i + 3] != '=' ? 0 : text[i + 2] != '=' ? 1 : 2;
        uint8_t three[3];
        size_t count = (size_t)(3 - padding);
        if (decode_four(text + i, padding, three) < 0 || room - used < count)
            return -1;
        memcpy(out + used, three, count);
        used += count;
    }
    return (ssize_t)used;
}

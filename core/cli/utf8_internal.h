/* SPDX-License-Identifier: MIT */
/*
 * UTF-8, as far as the tools must know it: which bytes are a character.
 */
#ifndef DIESEL_CLI_UTF8_INTERNAL_H
#define DIESEL_CLI_UTF8_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The length, 1 to 4, of the character that the n bytes at p begin with; 0 if
 * they begin with none (n is 0, a stray or missing continuation byte, an
 * over-long form, a surrogate, beyond U+10FFFF). */
size_t diesel__utf8_length(const char *p, size_t n);

/* Where the first byte that belongs to no character lies; n if there is none. */
size_t diesel__utf8_check(const char *p, size_t n);

/* Writes a code point, which is no surrogate, to out; how many bytes, 1 to 4. */
size_t diesel__utf8_put(uint32_t code, char out[4]);

#endif

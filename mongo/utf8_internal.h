/* SPDX-License-Identifier: MIT */
/* Text that MongoDB takes. */
#ifndef DIESEL_MONGO_UTF8_INTERNAL_H
#define DIESEL_MONGO_UTF8_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>

/* Whether the n bytes are UTF-8: no overlong forms, no surrogates, nothing over
 * U+10FFFF. Zero bytes are fine. */
bool dmongo__is_utf8(const char *s, size_t n);

#endif

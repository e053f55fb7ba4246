/* SPDX-License-Identifier: MIT */
/* Words of a text; see words.h. Without <ctype.h>, which asks the locale. */
#include "words.h"

static int is_letter(unsigned char c)
{
    return (c | 0x20) - (unsigned)'a' < 26 || c >= 0x80;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

size_t next_word(const char **text, char word[WORD_MAX + 1])
{
    const char *at = *text;
    size_t len = 0;

    do {
        while (*at != '\0' && !is_letter((unsigned char)*at))
            at++;
        for (len = 0; is_letter((unsigned char)*at); at++, len++)
            if (len < WORD_MAX)
                word[len] = lower(*at);
    } while (*at != '\0' && (len < WORD_MIN || len > WORD_MAX));

    *text = at;
    if (len < WORD_MIN || len > WORD_MAX)
        return 0;
    word[len] = '\0';
    return len;
}

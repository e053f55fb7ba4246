/* SPDX-License-Identifier: MIT */
/*
 * SASLprep, RFC 4013: spaces become U+0020, invisible characters go, the rest is
 * brought to normalization form KC, and control and private characters are
 * refused. Passwords of ASCII letters stay as they are.
 *
 * One step is a check and not a change: instead of normalizing, which takes tables
 * many times the size of this driver, text is refused unless nothing in it
 * could change. What people type on keyboards - letters with accents as one
 * character, Cyrillic, Greek, Chinese, Japanese, Korean - passes; decomposed
 * letters, ligatures and full-width forms do not, and the message says what to
 * do. A password that was prepared wrongly could never match, so refusing is the
 * honest half of the job.
 *
 * Of the rules for text that is written from right to left, that such text begins and ends with
 * such a letter is checked, and that no other letters stand between is not: no
 * server has a password against the rule, so all that is lost is a better message.
 */
#include "saslprep_internal.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <diesel/memory.h>

#include "saslprep_data_internal.h"
#include "utf8_internal.h"

#define IS_IN(table, c) is_in((table), sizeof(table) / sizeof(table)[0], (c))

static bool is_in(const struct range *ranges, size_t count, uint32_t c)
{
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (c > ranges[middle].last)
            low = middle + 1;
        else
            high = middle;
    }
    return low < count && c >= ranges[low].first;
}

/* The next character of valid UTF-8, and *s behind it. */
static uint32_t next_character(const char **s)
{
    const unsigned char *p = (const unsigned char *)*s;
    if (*p < 0x80) {
        *s += 1;
        return *p;
    }
    int more = *p >= 0xF0 ? 3 : *p >= 0xE0 ? 2 : 1;
    uint32_t c = *p & (0x3Fu >> more);
    for (int i = 1; i <= more; i++)
        c = c << 6 | (p[i] & 0x3F);
    *s += 1 + more;
    return c;
}

/* NULL if the character may stand in a prepared password, else why not. */
static const char *objection(uint32_t c)
{
    if (c < 0x20 || c == 0x7F)
        return "the password has a control character in it";
    if (c < 0x80)
        return NULL;
    if (IS_IN(prohibited, c))
        return "the password has a character in it that SASLprep prohibits";
    if (IS_IN(not_normal, c))
        return "the password is not in Unicode normalization form KC (NFKC); "
               "write it in that form";
    return NULL;
}

/* Prepares into `out`, if it is not NULL, which has room for as much as the
 * password. NULL, or why it cannot be done. */
static const char *prepare(const char *password, char *out)
{
    if (!dmongo__is_utf8(password, strlen(password)))
        return "the password is not valid UTF-8";
    bool any_right_to_left = false, first = true;
    bool first_right_to_left = false, last_right_to_left = false;
    for (const char *s = password; *s != 0;) {
        const char *begin = s;
        uint32_t c = next_character(&s);
        if (c >= 0x80 && IS_IN(mapped_to_nothing, c))
            continue;
        bool is_space = c >= 0x80 && IS_IN(spaces, c);
        const char *why = is_space ? NULL : objection(c);
        if (why != NULL)
            return why;
        last_right_to_left = c >= 0x80 && IS_IN(right_to_left, c);
        any_right_to_left |= last_right_to_left;
        first_right_to_left |= first && last_right_to_left;
        first = false;
        if (out != NULL && is_space) {
            *out++ = ' ';
        } else if (out != NULL) {
            memcpy(out, begin, (size_t)(s - begin));
            out += s - begin;
        }
    }
    if (out != NULL)
        *out = 0;
    if (any_right_to_left && !(first_right_to_left && last_right_to_left))
        return "the password mixes directions of writing as SASLprep prohibits";
    return NULL;
}

bool dmongo__saslprep_can(const char *password, const char **why)
{
    *why = prepare(password, NULL);
    return *why == NULL;
}

char *dmongo__saslprep(const char *password, diesel_error *err)
{
    char *out = diesel_malloc(strlen(password) + 1);
    if (out == NULL) {
        diesel_error_nomem(err, "the password");
        return NULL;
    }
    const char *why = prepare(password, out);
    if (why == NULL)
        return out;
    explicit_bzero(out, strlen(password) + 1);
    diesel_free(out);
    diesel_error_set(err, DIESEL_E_INVAL, DIESEL_DOM_MONGO, 0, "%s", why);
    return NULL;
}

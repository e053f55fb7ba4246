/* SPDX-License-Identifier: MIT */
/*
 * Splitting a line into words.
 *
 * A word is never longer than what was written for it, so all of them fit into
 * one block of the line's own length, and there are at most half as many words
 * as bytes. A quote may begin inside a word, as in key:"a b", but ends the word:
 * what follows a closing quote directly is more likely a forgotten space or an
 * unescaped quote than meant.
 */
#include "redis/cli/words_internal.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* A pass over the line. */
struct splitter {
    const char *start, *p, *end;
    char *out; /* the next free byte of the words' block */
};

static int fail_at(const struct splitter *s, const char *place,
                   const char *what, diesel_error *err)
{
    return diesel_error_set(err, DIESEL_E_INVAL, DIESEL_DOM_CORE, 0,
                            "column %zu: %s", (size_t)(place - s->start) + 1,
                            what);
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The byte that an escape in double quotes stands for; p is behind the
 * backslash, and the line does not end there. */
static char unescape(struct splitter *s)
{
    static const char letters[] = "nrtba", meanings[] = "\n\r\t\b\a";
    char c = *s->p++;
    if (c == 'x' && s->end - s->p >= 2) {
        int high = hex_digit(s->p[0]), low = hex_digit(s->p[1]);
        if (high >= 0 && low >= 0) {
            s->p += 2;
            return (char)(high * 16 + low);
        }
    }
    const char *letter = memchr(letters, c, sizeof letters - 1);
    return letter != NULL ? meanings[letter - letters] : c;
}

/* From an opening quote to behind the closing one. */
static int read_quoted(struct splitter *s, diesel_error *err)
{
    const char *open = s->p;
    char quote = *s->p++;
    while (s->p < s->end && *s->p != quote) {
        bool escape = *s->p == '\\' && s->end - s->p > 1 &&
                      (quote == '"' || s->p[1] == '\'');
        if (escape) {
            s->p++;
            *s->out++ = quote == '"' ? unescape(s) : *s->p++;
        } else {
            *s->out++ = *s->p++;
        }
    }
    if (s->p == s->end)
        return fail_at(s, open, "this quote is never closed", err);
    s->p++;
    if (s->p < s->end && !isspace((unsigned char)*s->p))
        return fail_at(s, s->p, "expected a space after the closing quote", err);
    return 0;
}

static int read_word(struct splitter *s, diesel_error *err)
{
    while (s->p < s->end && !isspace((unsigned char)*s->p)) {
        if (*s->p == '"' || *s->p == '\'')
            return read_quoted(s, err);
        *s->out++ = *s->p++;
    }
    return 0;
}

int dredis__words_split(const char *line, size_t len, dredis__words *words,
                        diesel_error *err)
{
    memset(words, 0, sizeof *words);
    words->bytes = malloc(len + 1);
    words->word = reallocarray(NULL, len / 2 + 1, sizeof *words->word);
    if (words->bytes == NULL || words->word == NULL)
        return diesel_error_nomem(err, "a command");

    struct splitter s = {line, line, line + len, words->bytes};
    for (;;) {
        while (s.p < s.end && isspace((unsigned char)*s.p))
            s.p++;
        if (s.p == s.end)
            return 0;
        char *word = s.out;
        if (read_word(&s, err) < 0)
            return -1;
        words->word[words->count++] =
            diesel_bytes(word, (size_t)(s.out - word));
    }
}

void dredis__words_clear(dredis__words *words)
{
    free(words->bytes);
    free(words->word);
    memset(words, 0, sizeof *words);
}

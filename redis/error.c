/* SPDX-License-Identifier: MIT */
/*
 * The first words of Redis's error replies: text to number and back. An error
 * reply is rare and short, so a walk along the table finds the word.
 */
#include <diesel/redis_error.h>

#include <string.h>

static const struct {
    const char *word;
    size_t len;
} words[DREDIS__ERR_COUNT] = {
    [DREDIS_ERR_OTHER] = {"OTHER", 0},
#define DREDIS__ERROR_ROW(word) [DREDIS_ERR_##word] = {#word, sizeof #word - 1},
    DREDIS_ERROR_MAP(DREDIS__ERROR_ROW)
#undef DREDIS__ERROR_ROW
};

const char *dredis_error_name(int detail)
{
    if (detail < 0 || detail >= DREDIS__ERR_COUNT)
        detail = DREDIS_ERR_OTHER;
    return words[detail].word;
}

int dredis_error_detail(const char *text, size_t len)
{
    const char *space = memchr(text, ' ', len);
    size_t first = space != NULL ? (size_t)(space - text) : len;
    for (int i = 1; i < DREDIS__ERR_COUNT; i++)
        if (words[i].len == first && memcmp(words[i].word, text, first) == 0)
            return i;
    return DREDIS_ERR_OTHER;
}

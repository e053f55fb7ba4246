/* SPDX-License-Identifier: MIT */
/*
 * Error replies: their first words as numbers and back, and the whole as an error.
 * An error reply is rare and short, so a walk along the table finds the word.
 */
#include "error_internal.h"

#include <stdbool.h>
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

/* Errors that say: not now. */
static bool is_passing(int detail)
{
    return detail == DREDIS_ERR_LOADING || detail == DREDIS_ERR_BUSY ||
           detail == DREDIS_ERR_TRYAGAIN || detail == DREDIS_ERR_CLUSTERDOWN ||
           detail == DREDIS_ERR_MASTERDOWN;
}

int dredis__server_error(const dredis_reply *reply, diesel_error *err)
{
    int detail = (int)reply->integer;
    size_t len = reply->len;
    if (len > sizeof err->message)
        len = sizeof err->message;
    else if (len > 0 && reply->str[len - 1] == '.')
        len--;
    diesel_error_set(err, DIESEL_E_SERVER, DIESEL_DOM_REDIS, detail, "%.*s",
                     (int)len, reply->str);
    if (err != NULL)
        err->flags =
            DIESEL_EF_SENT | (is_passing(detail) ? DIESEL_EF_RETRYABLE : 0);
    return -1;
}

/* SPDX-License-Identifier: MIT */
/*
 * A line of input as the words of a command, quoted as in redis-cli.
 */
#ifndef DREDIS_CLI_WORDS_INTERNAL_H
#define DREDIS_CLI_WORDS_INTERNAL_H

#include <stddef.h>

#include <diesel/error.h>
#include <diesel/value.h>

/* The words, each of any bytes; their memory is `bytes`. */
typedef struct dredis__words {
    diesel_value *word;
    size_t count;
    char *bytes;
} dredis__words;

/*
 * Splits a line of len bytes. Words are parted by white space. In double quotes
 * \n \r \t \b \a \xHH and a backslash before any other byte are understood, in
 * single quotes \' only. After a closing quote the word must end.
 * 0; or -1 with INVAL, which names the column, or NOMEM. Either way to be
 * cleared.
 */
int dredis__words_split(const char *line, size_t len, dredis__words *words,
                        diesel_error *err);

void dredis__words_clear(dredis__words *words);

#endif

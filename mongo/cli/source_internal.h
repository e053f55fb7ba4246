/* SPDX-License-Identifier: MIT */
/*
 * The text of statements while it is being read: a position, the characters
 * around it, and the first error with its place.
 */
#ifndef DMONGO_CLI_SOURCE_INTERNAL_H
#define DMONGO_CLI_SOURCE_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* What is wrong with a text, and where. */
typedef struct dmongo__syntax_error {
    size_t at;    /* the byte where it is                            */
    bool at_end;  /* nothing is wrong but that the text ends too soon */
    char message[160];
} dmongo__syntax_error;

typedef struct dmongo__source {
    const char *text; /* borrowed; UTF-8, see dmongo__source_check()      */
    size_t len;
    size_t pos;       /* of the next byte                                 */
    int depth;        /* how many values are nested around the next byte  */
    dmongo__syntax_error error;
} dmongo__source;

enum { DMONGO__DEPTH_MAX = 100 }; /* what MongoDB itself allows */

/* Notes the error "<formatted>" at byte `at`; returns -1. */
int dmongo__source_fail(dmongo__source *src, size_t at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The same for something that is missing or misplaced at `pos`: the message is
 * "expected <what>, found <the next character>". */
int dmongo__source_expected(dmongo__source *src, const char *what);

/* 0 if the text is UTF-8, which everything else here relies on, or -1. */
int dmongo__source_check(dmongo__source *src);

/* The byte at pos + ahead; 0 behind the end. */
char dmongo__source_peek(const dmongo__source *src, size_t ahead);

/* Skips white space and comments. 0, or -1 for a comment that never ends.
 * *newline (if not NULL) becomes true if a line ended in what was skipped. */
int dmongo__source_skip(dmongo__source *src, bool *newline);

/* Steps over `c` if it is next, after white space. 1, 0, or -1 as above. */
int dmongo__source_accept(dmongo__source *src, char c);

/* Whether c may be in an identifier, or may begin one. All characters beyond
 * ASCII may. */
bool dmongo__is_word(char c);
bool dmongo__is_word_start(char c);

/* The length of the identifier at pos; 0 if there is none. */
size_t dmongo__source_word(const dmongo__source *src);

/* Line and column, both from 1, of a byte; columns are characters. */
void dmongo__source_place(const char *text, size_t len, size_t at, size_t *line,
                          size_t *column);

/* Shows the line of the error and a caret below its place: two lines, cut to
 * fit a terminal. */
void dmongo__source_show(const char *text, size_t len, size_t at, FILE *out);

#endif

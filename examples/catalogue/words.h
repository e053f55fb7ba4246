/* SPDX-License-Identifier: MIT */
/* Words of a text, as the catalogue counts them. */
#ifndef CATALOGUE_WORDS_H
#define CATALOGUE_WORDS_H

#include <stddef.h>

/* Shorter ones say little about a package, longer ones are no words. */
enum { WORD_MIN = 4, WORD_MAX = 31 };

/* Takes the next word off the front of *text, a string, and writes it to `word`
 * in lower case. A word is WORD_MIN to WORD_MAX letters; other words are passed
 * over. Every byte of a character beyond ASCII counts as a letter. Returns
 * its length; 0: no more. */
size_t next_word(const char **text, char word[WORD_MAX + 1]);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * What the typed commands are made of: arguments one after the other, and replies as
 * C values.
 */
#ifndef DREDIS_TYPED_INTERNAL_H
#define DREDIS_TYPED_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <diesel/redis_choices.h>
#include <diesel/redis_client.h>
#include <diesel/value.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* A word of the protocol, as an initialiser and as a value. */
#define WORD(text) {DIESEL_VALUE_STR, sizeof text - 1, {.s = text}}
#define WORD_OF(text) ((diesel_value)WORD(text))

/* A command that is put together. What is put in is borrowed. */
typedef struct dredis__words {
    diesel_value *args; /* NULL: there was no memory */
    size_t n, room;
    diesel_value few[16];
} dredis__words;

void dredis__words_begin(dredis__words *w);
void dredis__words_end(dredis__words *w);

void dredis__put(dredis__words *w, diesel_value value);
void dredis__put_all(dredis__words *w, const diesel_value *values, size_t n);

/* MAXLEN or MINID, as XADD and XTRIM have them. */
void dredis__put_trim(dredis__words *w, diesel_value maxlen, diesel_value minid,
                      bool nearly, int64_t limit);

/* LIMIT offset count, unless the count is 0. */
void dredis__put_range(dredis__words *w, const char *word, int64_t offset,
                       int64_t count);

/* The word and what belongs to it, if there is something; the word may be NULL. */
void dredis__opt_flag(dredis__words *w, const char *word, bool on);
void dredis__opt_int(dredis__words *w, const char *word, int64_t number);
void dredis__opt_double(dredis__words *w, const char *word, double number);
void dredis__opt_value(dredis__words *w, const char *word, diesel_value value);
void dredis__opt_text(dredis__words *w, const char *word, const char *text);
void dredis__opt_array(dredis__words *w, const char *word,
                       const diesel_value *values, size_t n);
void dredis__opt_each(dredis__words *w, const char *word,
                      const diesel_value *values, size_t n);

/* The words of enums; of a number that is none, a value that is refused. */
diesel_value dredis__end_word(dredis_end end);
diesel_value dredis__side_word(dredis_side side);
diesel_value dredis__extreme_word(dredis_extreme extreme);
diesel_value dredis__bitop_kind_word(dredis_bitop_kind kind);
diesel_value dredis__unit_word(dredis_unit unit);

/* Call, and read the reply as what the name says: 0, or 1 and 0 as told in
 * <diesel/redis_commands.h>, or -1. args may be NULL: no memory. Switch fibers. */
int dredis__ask_ok(dredis *client, const diesel_value *args, size_t n,
                   diesel_error *err);
int dredis__ask_done(dredis *client, const diesel_value *args, size_t n,
                     diesel_error *err);
int dredis__ask_flag(dredis *client, const diesel_value *args, size_t n,
                     diesel_error *err);
int dredis__ask_int(dredis *client, const diesel_value *args, size_t n,
                    int64_t *value, diesel_error *err);
int dredis__ask_int_or_nil(dredis *client, const diesel_value *args, size_t n,
                           int64_t *value, diesel_error *err);
int dredis__ask_double(dredis *client, const diesel_value *args, size_t n,
                       double *value, diesel_error *err);
int dredis__ask_double_or_nil(dredis *client, const diesel_value *args,
                              size_t n, double *value, diesel_error *err);
int dredis__ask_text(dredis *client, const diesel_value *args, size_t n,
                     char **value, size_t *len, diesel_error *err);
int dredis__ask_text_or_nil(dredis *client, const diesel_value *args, size_t n,
                            char **value, size_t *len, diesel_error *err);

typedef enum dredis__kind {
    DREDIS__LIST,
    DREDIS__LIST_OR_NIL,
    DREDIS__MAP,
    DREDIS__ANY
} dredis__kind;

dredis_reply *dredis__ask_reply(dredis *client, const diesel_value *args,
                                size_t n, dredis__kind kind, diesel_error *err);

#endif

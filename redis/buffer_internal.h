/* SPDX-License-Identifier: MIT */
/*
 * Growing buffers of bytes, and strings of any bytes.
 */
#ifndef DREDIS_BUFFER_INTERNAL_H
#define DREDIS_BUFFER_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>

/* Bytes that lie somewhere; borrowed. */
typedef struct dredis__span {
    const char *at;
    size_t len;
} dredis__span;

/* {0} is an empty buffer. Once memory was lacking, `failed` stays set and what is
 * appended is dropped, so that a sequence of appends is checked once. */
typedef struct dredis__buffer {
    char *at;
    size_t len, room;
    bool failed;
} dredis__buffer;

/* Room for n more bytes at at + len; NULL: none, and it has failed. */
char *dredis__buffer_room(dredis__buffer *buffer, size_t n);

void dredis__buffer_add(dredis__buffer *buffer, const void *bytes, size_t n);
void dredis__buffer_print(dredis__buffer *buffer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Takes the first n bytes out. */
void dredis__buffer_drop(dredis__buffer *buffer, size_t n);

/* Frees the memory; it is then {0}. */
void dredis__buffer_clear(dredis__buffer *buffer);

/* A string on the heap, freed with diesel_free(). */
typedef struct dredis__blob {
    size_t len;
    char at[]; /* ends with a zero byte beyond len */
} dredis__blob;

/* NULL without memory. */
dredis__blob *dredis__blob_new(const char *bytes, size_t len);

static inline dredis__span dredis__blob_span(const dredis__blob *blob)
{
    return (dredis__span){blob->at, blob->len};
}

/* Whether they hold the same bytes; and the same letters in any case. */
bool dredis__span_is(dredis__span span, dredis__span other);
bool dredis__span_is_word(dredis__span span, const char *word);

/* As memcmp() would have it, a prefix before what it begins. */
int dredis__span_compare(dredis__span a, dredis__span b);

/* Redis's patterns: * ? [abc] [^a] [a-z] \x. */
bool dredis__glob_matches(dredis__span pattern, dredis__span text);

/* The whole span as a number: 0, or -1 if it is none. */
int dredis__span_int(dredis__span span, long long *value);
int dredis__span_double(dredis__span span, long double *value);

#endif

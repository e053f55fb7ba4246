/* SPDX-License-Identifier: MIT */
/*
 * Walking over BSON, for the getters and for reading replies: the same as
 * bson_iter_next() does, in a fraction of the time, because it only finds out
 * where the next element begins and leaves the value alone.
 *
 *     document   int32 length | element ... | 00
 *     element    type byte | key, ends with 00 | value
 *
 * Invariants:
 *  1. Between calls, walk->at <= walk->end, and *walk->end is the zero byte at
 *     the document's end. So looking for a key's zero byte stops at the latest
 *     there, within the document.
 *  2. An element that was returned lies wholly before walk->end.
 */
#include <stdbool.h>
#include <string.h>

#include <bson/bson.h>

#include "element_internal.h"

/* How the size of a type's value is found. */
enum shape {
    UNKNOWN,
    FIXED,     /* always the row's `size`                                    */
    BOOLEAN,   /* one byte that is 0 or 1                                    */
    STRING,    /* int32 length of text and zero byte; then `size` bytes more */
    BYTES,     /* int32 length; then `size` bytes more                       */
    CONTAINED, /* int32 length, which counts itself; a document              */
    CODE,      /* int32 length, which counts itself; string; document        */
    TWO_CSTRINGS /* a regular expression */
};

static const struct {
    uint8_t shape;
    uint8_t size;
    const char *name;
} types[256] = {
    [0] = {UNKNOWN, 0, "nothing"},
    [BSON_TYPE_DOUBLE] = {FIXED, 8, "a double"},
    [BSON_TYPE_UTF8] = {STRING, 0, "a string"},
    [BSON_TYPE_DOCUMENT] = {CONTAINED, 0, "a document"},
    [BSON_TYPE_ARRAY] = {CONTAINED, 0, "an array"},
    [BSON_TYPE_BINARY] = {BYTES, 1, "binary data"},
    [BSON_TYPE_UNDEFINED] = {FIXED, 0, "undefined"},
    [BSON_TYPE_OID] = {FIXED, 12, "an ObjectId"},
    [BSON_TYPE_BOOL] = {BOOLEAN, 1, "a bool"},
    [BSON_TYPE_DATE_TIME] = {FIXED, 8, "a date"},
    [BSON_TYPE_NULL] = {FIXED, 0, "null"},
    [BSON_TYPE_REGEX] = {TWO_CSTRINGS, 0, "a regular expression"},
    [BSON_TYPE_DBPOINTER] = {STRING, 12, "a DBPointer"},
    [BSON_TYPE_CODE] = {STRING, 0, "JavaScript code"},
    [BSON_TYPE_SYMBOL] = {STRING, 0, "a symbol"},
    [BSON_TYPE_CODEWSCOPE] = {CODE, 0, "JavaScript code with a scope"},
    [BSON_TYPE_INT32] = {FIXED, 4, "an int32"},
    [BSON_TYPE_TIMESTAMP] = {FIXED, 8, "a timestamp"},
    [BSON_TYPE_INT64] = {FIXED, 8, "an int64"},
    [BSON_TYPE_DECIMAL128] = {FIXED, 16, "a Decimal128"},
    [BSON_TYPE_MAXKEY] = {FIXED, 0, "MaxKey"},
    [BSON_TYPE_MINKEY] = {FIXED, 0, "MinKey"},
};

const char *dmongo__type_name(uint8_t type)
{
    return types[type].name != NULL ? types[type].name : "of unknown type";
}

static bool is_document(const uint8_t *p, size_t n)
{
    return n >= 5 && dmongo__load32(p) == n && p[n - 1] == 0;
}

/* Code with scope: the int32, a string, and a document that fill it exactly. */
static bool is_code(const uint8_t *p, size_t n)
{
    if (n < 4 + 5 + 5)
        return false;
    size_t text = dmongo__load32(p + 4);
    return text >= 1 && text <= n - 4 - 4 - 5 && p[4 + 4 + text - 1] == 0 &&
           is_document(p + 8 + text, n - 8 - text);
}

/* What the length at the front of a value says is its size, if so much is there
 * and it is well formed; else -1. `extra` is what the length does not count,
 * behind its own four bytes. */
static int64_t counted_size(int shape, size_t extra, const uint8_t *p,
                            size_t room)
{
    if (room < 4)
        return -1;
    uint64_t length = dmongo__load32(p);
    uint64_t size = length;
    if (shape == STRING || shape == BYTES)
        size += 4 + extra;
    if (size > room)
        return -1;

    bool good = true;
    if (shape == STRING)
        good = length >= 1 && p[4 + length - 1] == 0;
    else if (shape == CONTAINED)
        good = is_document(p, size);
    else if (shape == CODE)
        good = is_code(p, size);
    return good ? (int64_t)size : -1;
}

/* A pattern and its options: the zero byte at the document's end, which is at
 * p[room], stops a search at the latest. */
static int64_t two_cstrings_size(const uint8_t *p, size_t room)
{
    size_t first = strlen((const char *)p) + 1;
    if (first >= room)
        return -1;
    size_t both = first + strlen((const char *)p + first) + 1;
    return both <= room ? (int64_t)both : -1;
}

static int64_t value_size(uint8_t type, const uint8_t *p, size_t room)
{
    int shape = types[type].shape;
    size_t size = types[type].size;
    if (shape == FIXED)
        return size <= room ? (int64_t)size : -1;
    if (shape == BOOLEAN)
        return size <= room && *p <= 1 ? (int64_t)size : -1;
    if (shape == TWO_CSTRINGS)
        return two_cstrings_size(p, room);
    return shape == UNKNOWN ? -1 : counted_size(shape, size, p, room);
}

int dmongo__walk_begin(struct dmongo__walk *walk, const uint8_t *bytes,
                       size_t n)
{
    if (!is_document(bytes, n))
        return -1;
    walk->at = bytes + 4;
    walk->end = bytes + n - 1;
    return 0;
}

int dmongo__walk_next(struct dmongo__walk *walk, struct dmongo__element *e)
{
    const uint8_t *at = walk->at;
    const uint8_t *end = walk->end;
    if (at == end)
        return 0;

    e->type = *at++;
    size_t key_len = strlen((const char *)at);
    if (key_len >= (size_t)(end - at))
        return -1;
    e->key = (const char *)at;
    e->key_len = (uint32_t)key_len;
    at += key_len + 1;

    int64_t size = value_size(e->type, at, (size_t)(end - at));
    if (size < 0)
        return -1;
    e->value = at;
    e->size = (uint32_t)size;
    walk->at = at + size;
    return 1;
}

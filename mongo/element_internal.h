/* SPDX-License-Identifier: MIT */
/*
 * Walking over the elements of BSON bytes that may come from anywhere.
 *
 *     struct dmongo__walk walk;
 *     struct dmongo__element e;
 *     int got = dmongo__walk_begin(&walk, bytes, n);
 *     while (got >= 0 && (got = dmongo__walk_next(&walk, &e)) > 0)
 *         ...
 *     if (got < 0)
 *         ...malformed...
 */
#ifndef DIESEL_MONGO_ELEMENT_INTERNAL_H
#define DIESEL_MONGO_ELEMENT_INTERNAL_H

#include <endian.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* What is left of a document: the next element's type byte, and the zero byte
 * that ends the document. */
struct dmongo__walk {
    const uint8_t *at;
    const uint8_t *end;
};

/* One element. All pointers lead into the document, and `size` bytes at `value`
 * have been checked against the type: a string ends with a zero byte and an
 * embedded document's length is that of its room. */
struct dmongo__element {
    const char *key; /* ends with a zero byte */
    const uint8_t *value;
    uint32_t key_len;
    uint32_t size;
    uint8_t type;
};

/* 0, or -1 if the n bytes are not one document by their length and last byte.
 */
int dmongo__walk_begin(struct dmongo__walk *walk, const uint8_t *bytes,
                       size_t n);

/* 1: the next element; 0: there are no more; -1: malformed. */
int dmongo__walk_next(struct dmongo__walk *walk, struct dmongo__element *e);

/* What messages call a value of the type, with its article: "a string". Type 0
 * is "nothing". */
const char *dmongo__type_name(uint8_t type);

/* BSON's numbers are little-endian and not aligned. */
static inline uint32_t dmongo__load32(const uint8_t *p)
{
    uint32_t u;
    memcpy(&u, p, sizeof u);
    return le32toh(u);
}

static inline uint64_t dmongo__load64(const uint8_t *p)
{
    uint64_t u;
    memcpy(&u, p, sizeof u);
    return le64toh(u);
}

static inline uint8_t *dmongo__store32(uint8_t *p, uint32_t u)
{
    u = htole32(u);
    memcpy(p, &u, sizeof u);
    return p + sizeof u;
}

static inline uint8_t *dmongo__store64(uint8_t *p, uint64_t u)
{
    u = htole64(u);
    memcpy(p, &u, sizeof u);
    return p + sizeof u;
}

#endif

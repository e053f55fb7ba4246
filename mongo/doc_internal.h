/* SPDX-License-Identifier: MIT */
/*
 * Values as BSON bytes, for those who build messages. Encoding takes two steps,
 * so that the bytes go straight to where they are sent from:
 *
 *     int64_t n = dmongo__doc_size(command, limit, err);
 *     if (n < 0)
 *         return -1;
 *     uint8_t *out = ...room for n bytes...
 *     dmongo__doc_write(command, out);
 *
 * Commands are written with dmongo_doc(), too: a value that comes from the
 * program goes in as it is, and is left out if it is dmongo_absent().
 */
#ifndef DIESEL_MONGO_DOC_INTERNAL_H
#define DIESEL_MONGO_DOC_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <diesel/doc.h>
#include <diesel/error.h>

/* How deep documents made of values may be nested: MongoDB's 100, and some for
 * the command around them. Embedded bson_t count as one level. */
#define DMONGO__MAX_DEPTH 120

/* How many bytes of BSON the document or array takes, after checking all of it;
 * -1 with INVAL, or with LIMIT if it is more than `limit` or nested too deep.
 * The message begins with the field's path. */
int64_t dmongo__doc_size(dmongo_value doc, size_t limit, diesel_error *err);

/* Writes the bytes that dmongo__doc_size() counted, and returns the end of
 * them. Cannot fail; nothing that the value borrows may have changed in
 * between. */
uint8_t *dmongo__doc_write(dmongo_value doc, uint8_t *out);

/* Puts the fields of *doc, which is borrowed, into the document around it, in
 * place of one field; the key before it is not used:
 *     dmongo_doc("_id", dmongo_oid(&oid), "", dmongo__splice(&doc)) */
static inline dmongo_value dmongo__splice(const dmongo_value *doc)
{
    return dmongo__make_ptr(DMONGO__SPLICE, BSON_TYPE_DOCUMENT, 0, doc);
}

/* The letters that a regular expression's options may have, in the order in
 * which BSON wants them: bit i of a value's .aux stands for letter i. */
extern const char dmongo__regex_options[];

/* Whether the document has the field, in its outermost level. */
bool dmongo__doc_has_key(dmongo_value doc, const char *key);

/* The last value of an array, absent if it is empty or no array. What it borrows is
 * the array's. */
dmongo_value dmongo__array_last(dmongo_value array);

/* Its first key, with the length in *n; NULL if it has none. Borrowed. */
const char *dmongo__doc_first_key(dmongo_value doc, size_t *n);

#endif

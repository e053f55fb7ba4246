/* SPDX-License-Identifier: MIT */
/*
 * What is too large for the header about values: constructors that look at
 * their argument, looking into documents that are to be sent, and the way from
 * a value to a bson_t.
 */
#include <string.h>

#include <bson/bson.h>

#include "copy_internal.h"
#include "doc_internal.h"
#include "element_internal.h"

const char dmongo__regex_options[] = "ilmsux";

dmongo_value dmongo_regex(const char *pattern, const char *options)
{
    if (pattern == NULL)
        return dmongo__invalid("regular expression is NULL");
    dmongo_value v = dmongo__make_ptr(DMONGO__REGEX, BSON_TYPE_REGEX,
                                      strlen(pattern), pattern);
    for (const char *p = options; p != NULL && *p != 0; p++) {
        const char *known = strchr(dmongo__regex_options, *p);
        if (known == NULL)
            return dmongo__invalid(
                "regular expression has an option that is none of ilmsux");
        v.aux |= (uint16_t)(1u << (known - dmongo__regex_options));
    }
    return v;
}

dmongo_value dmongo_of_diesel(diesel_value value)
{
    switch (value.type) {
    case DIESEL_VALUE_BOOL:
        return dmongo_bool(value.b);
    case DIESEL_VALUE_INT:
        return dmongo_int64(value.i);
    case DIESEL_VALUE_UINT:
        return dmongo_uint64(value.u);
    case DIESEL_VALUE_DOUBLE:
        return dmongo_double(value.d);
    case DIESEL_VALUE_STR:
        return dmongo_strn(value.s, value.len);
    case DIESEL_VALUE_BYTES:
        return dmongo_binary(value.s, value.len, BSON_SUBTYPE_BINARY);
    case DIESEL_VALUE_NULL:
        break;
    }
    return dmongo_str(NULL);
}

bson_t *dmongo_doc_to_bson(dmongo_value doc, diesel_error *err)
{
    int64_t n = dmongo__doc_size(doc, BSON_MAX_SIZE, err);
    if (n < 0)
        return NULL;
    uint8_t *bytes;
    bson_t *bson = dmongo__bson_new((size_t)n, &bytes, err);
    if (bson != NULL)
        dmongo__doc_write(doc, bytes);
    return bson;
}

/* The bytes of a document that lies in memory as BSON already; false if it is a
 * tree of values. */
static bool as_bytes(const dmongo_value *doc, const uint8_t **bytes, size_t *n)
{
    switch (doc->form) {
    case DMONGO__BSON:
        *bytes = bson_get_data(doc->bson);
        *n = doc->bson->len;
        return true;
    case DMONGO__RAW:
        *bytes = doc->p;
        *n = doc->len;
        return true;
    default:
        return false;
    }
}

/* The first key of the bytes, or the one that is `key`; NULL if there is none.
 */
static const char *key_in_bytes(const uint8_t *bytes, size_t size,
                                const char *key, size_t *n)
{
    struct dmongo__walk walk;
    struct dmongo__element e;
    if (dmongo__walk_begin(&walk, bytes, size) < 0)
        return NULL;
    while (dmongo__walk_next(&walk, &e) > 0) {
        if (key == NULL || (e.key_len == *n && memcmp(e.key, key, *n) == 0)) {
            *n = e.key_len;
            return e.key;
        }
    }
    return NULL;
}

static const char *key_in_fields(const dmongo_value *doc, const char *key,
                                 size_t *n)
{
    const uint8_t *bytes;
    size_t size;
    if (as_bytes(doc, &bytes, &size))
        return key_in_bytes(bytes, size, key, n);
    if (doc->form != DMONGO__TREE || doc->type != BSON_TYPE_DOCUMENT)
        return NULL;

    for (uint32_t i = 0; i < doc->len; i += 2) {
        const dmongo_value *item = doc->items + i;
        if (item[1].form == DMONGO__ABSENT)
            continue;
        if (item[1].form == DMONGO__SPLICE) {
            const char *found = key_in_fields(item[1].items, key, n);
            if (found != NULL)
                return found;
        } else if (item[0].form == DMONGO__STR &&
                   (key == NULL ||
                    (item[0].len == *n && memcmp(item[0].s, key, *n) == 0))) {
            *n = item[0].len;
            return item[0].s;
        }
    }
    return NULL;
}

dmongo_value dmongo__array_last(dmongo_value array)
{
    struct dmongo__walk walk;
    struct dmongo__element e, last = {.type = 0};
    const uint8_t *bytes;
    size_t size;
    if (array.form == DMONGO__TREE && array.type == BSON_TYPE_ARRAY) {
        uint32_t n = array.len;
        while (n > 0 && array.items[n - 1].form == DMONGO__ABSENT)
            n--;
        return n > 0 ? array.items[n - 1] : dmongo_absent();
    }
    if (!as_bytes(&array, &bytes, &size) ||
        dmongo__walk_begin(&walk, bytes, size) < 0)
        return dmongo_absent();
    while (dmongo__walk_next(&walk, &e) > 0)
        last = e;
    return last.type == BSON_TYPE_DOCUMENT
               ? dmongo__make_ptr(DMONGO__RAW, last.type, last.size, last.value)
               : dmongo_absent();
}

bool dmongo__doc_has_key(dmongo_value doc, const char *key)
{
    size_t n = strlen(key);
    return key_in_fields(&doc, key, &n) != NULL;
}

const char *dmongo__doc_first_key(dmongo_value doc, size_t *n)
{
    return key_in_fields(&doc, NULL, n);
}

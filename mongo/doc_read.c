/* SPDX-License-Identifier: MIT */
/*
 * Reading documents by path.
 *
 * find() follows the path over the bytes, without a copy or an allocation. One
 * function per type then says whether the element can be read as that type; the
 * getters turn a "no" into the fallback, and the needing functions into a
 * message that says what is there instead.
 *
 * The bytes may be anything that a server sent: the walker checks every element
 * that it passes, and what is malformed counts as missing.
 */
#include <string.h>

#include <bson/bson.h>

#include "doc_internal.h"
#include "element_internal.h"

enum found {
    FOUND,
    MISSING,
    NO_DOCUMENT, /* a step of the path before the last has no fields */
    MALFORMED
};

static bool has_fields(uint8_t type)
{
    return type == BSON_TYPE_DOCUMENT || type == BSON_TYPE_ARRAY;
}

/* Makes *e the element with the key of n bytes. */
static enum found find_key(const uint8_t *bytes, size_t size, const char *key,
                           size_t n, struct dmongo__element *e)
{
    struct dmongo__walk walk;
    if (dmongo__walk_begin(&walk, bytes, size) < 0)
        return MALFORMED;
    int got;
    while ((got = dmongo__walk_next(&walk, e)) > 0)
        if (e->key_len == n && memcmp(e->key, key, n) == 0)
            return FOUND;
    return got == 0 ? MISSING : MALFORMED;
}

/* Makes *e the element at the path. On NO_DOCUMENT it is the one that has no
 * fields, and *step is how much of the path leads there. */
static enum found find_step(const bson_t *doc, const char *path,
                            struct dmongo__element *e, size_t *step)
{
    if (doc == NULL)
        return MISSING;
    const uint8_t *bytes = bson_get_data(doc);
    size_t size = doc->len;
    for (const char *key = path;;) {
        size_t n = (size_t)(strchrnul(key, '.') - key);
        enum found found = find_key(bytes, size, key, n, e);
        if (found != FOUND || key[n] == 0)
            return found;
        if (!has_fields(e->type)) {
            *step = (size_t)(key + n - path);
            return NO_DOCUMENT;
        }
        bytes = e->value;
        size = e->size;
        key += n + 1;
    }
}

static bool find(const bson_t *doc, const char *path, struct dmongo__element *e)
{
    size_t step;
    return find_step(doc, path, e, &step) == FOUND;
}

/* find() for those who must have the element: 0 or -1. */
static int need(const bson_t *doc, const char *path, struct dmongo__element *e,
                diesel_error *err)
{
    size_t step = 0;
    switch (find_step(doc, path, e, &step)) {
    case FOUND:
        return 0;
    case NO_DOCUMENT:
        return diesel_error_set(err, DIESEL_E_INVAL, DIESEL_DOM_CORE, 0,
                                "%s: is missing: %.*s is %s", path, (int)step,
                                path, dmongo__type_name(e->type));
    case MALFORMED:
        return diesel_error_set(err, DIESEL_E_INVAL, DIESEL_DOM_CORE, 0,
                                "%s: the document is malformed", path);
    default:
        return diesel_error_set(err, DIESEL_E_INVAL, DIESEL_DOM_CORE, 0,
                                "%s: is missing", path);
    }
}

static int mistyped(const char *path, const struct dmongo__element *e,
                    const char *wanted, diesel_error *err)
{
    return diesel_error_set(err, DIESEL_E_INVAL, DIESEL_DOM_CORE, 0,
                            "%s: is %s, not %s", path,
                            dmongo__type_name(e->type), wanted);
}

/* One function per type: whether the element is one, and what it is. */

static bool as_str(const struct dmongo__element *e, const char **out)
{
    if (e->type != BSON_TYPE_UTF8)
        return false;
    *out = (const char *)e->value + 4;
    return true;
}

static double load_double(const uint8_t *p)
{
    uint64_t u = dmongo__load64(p);
    double d;
    memcpy(&d, &u, sizeof d);
    return d;
}

static bool as_int(const struct dmongo__element *e, int64_t *out)
{
    double d;
    switch (e->type) {
    case BSON_TYPE_INT32:
        *out = (int32_t)dmongo__load32(e->value);
        return true;
    case BSON_TYPE_INT64:
        *out = (int64_t)dmongo__load64(e->value);
        return true;
    case BSON_TYPE_DOUBLE:
        d = load_double(e->value);
        /* 2^63 is the first double over INT64_MAX. NaN fails, too. */
        if (!(d >= -0x1p63 && d < 0x1p63) || d != (double)(int64_t)d)
            return false;
        *out = (int64_t)d;
        return true;
    default:
        return false;
    }
}

static bool as_double(const struct dmongo__element *e, double *out)
{
    switch (e->type) {
    case BSON_TYPE_INT32:
        *out = (int32_t)dmongo__load32(e->value);
        return true;
    case BSON_TYPE_INT64:
        *out = (double)(int64_t)dmongo__load64(e->value);
        return true;
    case BSON_TYPE_DOUBLE:
        *out = load_double(e->value);
        return true;
    default:
        return false;
    }
}

static bool as_bool(const struct dmongo__element *e, bool *out)
{
    if (e->type != BSON_TYPE_BOOL)
        return false;
    *out = *e->value != 0;
    return true;
}

static bool as_date(const struct dmongo__element *e, int64_t *out)
{
    if (e->type != BSON_TYPE_DATE_TIME)
        return false;
    *out = (int64_t)dmongo__load64(e->value);
    return true;
}

static bool as_oid(const struct dmongo__element *e, const bson_oid_t **out)
{
    if (e->type != BSON_TYPE_OID)
        return false;
    *out = (const bson_oid_t *)e->value;
    return true;
}

static bool as_binary(const struct dmongo__element *e, const uint8_t **out,
                      size_t *n)
{
    if (e->type != BSON_TYPE_BINARY)
        return false;
    *out = e->value + 5;
    *n = e->size - 5;
    /* The deprecated subtype has a second length inside. */
    if (e->value[4] == BSON_SUBTYPE_BINARY_DEPRECATED && *n >= 4 &&
        dmongo__load32(*out) == *n - 4) {
        *out += 4;
        *n -= 4;
    }
    return true;
}

static bool as_doc(const struct dmongo__element *e, bson_t *view)
{
    return has_fields(e->type) && bson_init_static(view, e->value, e->size);
}

/* The two public functions for each type whose value is one C value. */
#define READERS(name, c_type, wanted)                                          \
    c_type dmongo_get_##name(const bson_t *doc, const char *path,              \
                             c_type fallback)                                  \
    {                                                                          \
        struct dmongo__element e;                                              \
        c_type out;                                                            \
        return find(doc, path, &e) && as_##name(&e, &out) ? out : fallback;    \
    }                                                                          \
    int dmongo_need_##name(const bson_t *doc, const char *path, c_type *out,   \
                           diesel_error *err)                                  \
    {                                                                          \
        struct dmongo__element e;                                              \
        if (need(doc, path, &e, err) < 0)                                      \
            return -1;                                                         \
        return as_##name(&e, out) ? 0 : mistyped(path, &e, wanted, err);       \
    }

READERS(str, const char *, "a string")
READERS(int, int64_t, "an integer")
READERS(double, double, "a number")
READERS(bool, bool, "a bool")
READERS(date, int64_t, "a date")
READERS(oid, const bson_oid_t *, "an ObjectId")

const uint8_t *dmongo_get_binary(const bson_t *doc, const char *path, size_t *n)
{
    struct dmongo__element e;
    const uint8_t *out;
    if (find(doc, path, &e) && as_binary(&e, &out, n))
        return out;
    *n = 0;
    return NULL;
}

bool dmongo_get_doc(const bson_t *doc, const char *path, bson_t *view)
{
    static const uint8_t empty[] = {5, 0, 0, 0, 0};
    struct dmongo__element e;
    if (find(doc, path, &e) && as_doc(&e, view))
        return true;
    bson_init_static(view, empty, sizeof empty);
    return false;
}

dmongo_value dmongo_get_value(const bson_t *doc, const char *path)
{
    struct dmongo__element e;
    return find(doc, path, &e)
               ? dmongo__make_ptr(DMONGO__RAW, e.type, e.size, e.value)
               : dmongo_absent();
}

bool dmongo_has(const bson_t *doc, const char *path)
{
    struct dmongo__element e;
    return find(doc, path, &e);
}

int dmongo_need_binary(const bson_t *doc, const char *path, const uint8_t **out,
                       size_t *n, diesel_error *err)
{
    struct dmongo__element e;
    if (need(doc, path, &e, err) < 0)
        return -1;
    return as_binary(&e, out, n) ? 0 : mistyped(path, &e, "binary data", err);
}

int dmongo_need_doc(const bson_t *doc, const char *path, bson_t *view,
                    diesel_error *err)
{
    struct dmongo__element e;
    if (need(doc, path, &e, err) < 0)
        return -1;
    return as_doc(&e, view) ? 0 : mistyped(path, &e, "a document", err);
}

/* SPDX-License-Identifier: MIT */
/*
 * Comparing what came with what was expected. A reason is left in world->why, with the
 * path, when something does not match.
 */
#include "unified.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool is_number(const bson_iter_t *iter)
{
    return BSON_ITER_HOLDS_INT32(iter) || BSON_ITER_HOLDS_INT64(iter) ||
           BSON_ITER_HOLDS_DOUBLE(iter);
}

static bool same_number(const bson_iter_t *a, const bson_iter_t *b)
{
    if (BSON_ITER_HOLDS_DOUBLE(a) || BSON_ITER_HOLDS_DOUBLE(b)) {
        double x = bson_iter_as_double(a), y = bson_iter_as_double(b);
        return x == y || (isnan(x) && isnan(y));
    }
    return bson_iter_as_int64(a) == bson_iter_as_int64(b);
}

/* The value as {"v": value}, for comparing and showing. */
static void wrap(const bson_iter_t *iter, bson_t *doc)
{
    bson_init(doc);
    bson_append_iter(doc, "v", 1, iter);
}

static bool same_bytes(const bson_iter_t *a, const bson_iter_t *b)
{
    bson_t x, y;
    wrap(a, &x);
    wrap(b, &y);
    bool same = bson_equal(&x, &y);
    bson_destroy(&x);
    bson_destroy(&y);
    return same;
}

static bool differ(unified_world *world, const bson_iter_t *expected,
                   const bson_iter_t *actual, const char *how)
{
    bson_t x, y = BSON_INITIALIZER;
    wrap(expected, &x);
    if (actual != NULL)
        bson_append_iter(&y, "v", 1, actual);
    char *want = bson_as_relaxed_extended_json(&x, NULL);
    char *got = bson_as_relaxed_extended_json(&y, NULL);
    unified_fail(world, "%s: %s: expected %.120s, got %.120s",
                 bson_iter_key(expected), how, want, got);
    bson_free(want);
    bson_free(got);
    bson_destroy(&x);
    bson_destroy(&y);
    return false;
}

static const char *type_name(bson_type_t type)
{
    switch (type) {
    case BSON_TYPE_DOUBLE: return "double";
    case BSON_TYPE_UTF8: return "string";
    case BSON_TYPE_DOCUMENT: return "object";
    case BSON_TYPE_ARRAY: return "array";
    case BSON_TYPE_BINARY: return "binData";
    case BSON_TYPE_OID: return "objectId";
    case BSON_TYPE_BOOL: return "bool";
    case BSON_TYPE_DATE_TIME: return "date";
    case BSON_TYPE_NULL: return "null";
    case BSON_TYPE_REGEX: return "regex";
    case BSON_TYPE_INT32: return "int";
    case BSON_TYPE_TIMESTAMP: return "timestamp";
    case BSON_TYPE_INT64: return "long";
    case BSON_TYPE_DECIMAL128: return "decimal";
    case BSON_TYPE_MINKEY: return "minKey";
    case BSON_TYPE_MAXKEY: return "maxKey";
    default: return "other";
    }
}

static bool is_type(const bson_iter_t *actual, const char *wanted)
{
    const char *is = type_name(bson_iter_type(actual));
    if (strcmp(wanted, "number") == 0)
        return is_number(actual) || BSON_ITER_HOLDS_DECIMAL128(actual);
    return strcmp(is, wanted) == 0;
}

static bool match_type(unified_world *world, const bson_iter_t *operand,
                       const bson_iter_t *actual)
{
    bson_iter_t each;
    if (actual == NULL)
        return differ(world, operand, NULL, "is absent");
    if (BSON_ITER_HOLDS_UTF8(operand))
        return is_type(actual, bson_iter_utf8(operand, NULL)) ||
               differ(world, operand, actual, "type");
    if (!BSON_ITER_HOLDS_ARRAY(operand) || !bson_iter_recurse(operand, &each))
        return differ(world, operand, actual, "malformed $$type");
    while (bson_iter_next(&each))
        if (BSON_ITER_HOLDS_UTF8(&each) &&
            is_type(actual, bson_iter_utf8(&each, NULL)))
            return true;
    return differ(world, operand, actual, "type");
}

static bool match_hex(unified_world *world, const bson_iter_t *operand,
                      const bson_iter_t *actual)
{
    const uint8_t *bytes;
    uint32_t n;
    bson_subtype_t subtype;
    if (actual == NULL || !BSON_ITER_HOLDS_BINARY(actual) ||
        !BSON_ITER_HOLDS_UTF8(operand))
        return differ(world, operand, actual, "$$matchesHexBytes");
    bson_iter_binary(actual, &subtype, &n, &bytes);
    const char *hex = bson_iter_utf8(operand, NULL);
    char two[3] = "";
    bool same = strlen(hex) == 2 * (size_t)n;
    for (uint32_t i = 0; same && i < n; i++) {
        snprintf(two, sizeof two, "%02x", bytes[i]);
        same = strncasecmp(two, hex + 2 * i, 2) == 0;
    }
    return same || differ(world, operand, actual, "bytes");
}

static bool match_session(unified_world *world, const bson_iter_t *operand,
                          const bson_iter_t *actual)
{
    unified_entity *session = unified_find(world, bson_iter_utf8(operand, NULL));
    bson_t view;
    const uint8_t *bytes;
    uint32_t n;
    if (session == NULL || session->session_id == NULL || actual == NULL ||
        !BSON_ITER_HOLDS_DOCUMENT(actual))
        return differ(world, operand, actual, "lsid");
    bson_iter_document(actual, &n, &bytes);
    return (bson_init_static(&view, bytes, n) &&
            bson_equal(&view, session->session_id)) ||
           differ(world, operand, actual, "lsid");
}

/* A string of extended JSON as a document. */
static bool match_json(unified_world *world, const bson_iter_t *operand,
                       const bson_iter_t *actual, bool root)
{
    bson_t *doc = NULL, outer = BSON_INITIALIZER;
    bson_iter_t iter;
    if (actual != NULL && BSON_ITER_HOLDS_UTF8(actual))
        doc = bson_new_from_json(
            (const uint8_t *)bson_iter_utf8(actual, NULL), -1, NULL);
    if (doc == NULL)
        return differ(world, operand, actual, "is no JSON");
    bson_append_document(&outer, "v", 1, doc);
    bool same = bson_iter_init_find(&iter, &outer, "v") &&
                unified_match(world, operand, &iter, root);
    bson_destroy(&outer);
    bson_destroy(doc);
    return same;
}

static bool match_operator(unified_world *world, const bson_iter_t *op,
                           const bson_iter_t *actual, bool root)
{
    const char *name = bson_iter_key(op);
    if (strcmp(name, "$$exists") == 0)
        return bson_iter_as_bool(op) == (actual != NULL) ||
               differ(world, op, actual, "$$exists");
    if (strcmp(name, "$$type") == 0)
        return match_type(world, op, actual);
    if (strcmp(name, "$$unsetOrMatches") == 0)
        return actual == NULL || unified_match(world, op, actual, root);
    if (strcmp(name, "$$matchesHexBytes") == 0)
        return match_hex(world, op, actual);
    if (strcmp(name, "$$sessionLsid") == 0)
        return match_session(world, op, actual);
    if (strcmp(name, "$$lte") == 0)
        return (actual != NULL && is_number(actual) &&
                bson_iter_as_double(actual) <= bson_iter_as_double(op)) ||
               differ(world, op, actual, "$$lte");
    if (strcmp(name, "$$matchAsRoot") == 0)
        return actual != NULL ? unified_match(world, op, actual, true)
                              : differ(world, op, actual, "is absent");
    if (strcmp(name, "$$matchAsDocument") == 0)
        return match_json(world, op, actual, root);
    if (strcmp(name, "$$matchesEntity") == 0) {
        unified_entity *entity = unified_find(world, bson_iter_utf8(op, NULL));
        bson_iter_t value;
        if (entity == NULL || entity->value == NULL || actual == NULL ||
            !bson_iter_init_find(&value, entity->value, "v"))
            return differ(world, op, actual, "entity");
        return unified_match(world, &value, actual, root);
    }
    return differ(world, op, actual, "unknown operator");
}

/* The operator that a document {"$$name": operand} is. */
static bool is_operator(const bson_iter_t *value, bson_iter_t *op)
{
    return BSON_ITER_HOLDS_DOCUMENT(value) && bson_iter_recurse(value, op) &&
           bson_iter_next(op) && strncmp(bson_iter_key(op), "$$", 2) == 0;
}

static uint32_t count(const bson_iter_t *value)
{
    bson_iter_t each;
    uint32_t n = 0;
    if (bson_iter_recurse(value, &each))
        while (bson_iter_next(&each))
            n++;
    return n;
}

static bool match_document(unified_world *world, const bson_iter_t *expected,
                           const bson_iter_t *actual, bool root)
{
    bson_iter_t want, got;
    if (!bson_iter_recurse(expected, &want))
        return differ(world, expected, actual, "malformed");
    while (bson_iter_next(&want)) {
        bool found = bson_iter_recurse(actual, &got) &&
                     bson_iter_find(&got, bson_iter_key(&want));
        if (!unified_match(world, &want, found ? &got : NULL, false))
            return false;
    }
    if (root || !bson_iter_recurse(actual, &got))
        return true;
    while (bson_iter_next(&got))
        if (!bson_iter_recurse(expected, &want) ||
            !bson_iter_find(&want, bson_iter_key(&got)))
            return differ(world, expected, actual, "extra key");
    return true;
}

static bool match_array(unified_world *world, const bson_iter_t *expected,
                        const bson_iter_t *actual, bool root)
{
    bson_iter_t want, got;
    if (count(expected) != count(actual))
        return differ(world, expected, actual, "length");
    bson_iter_recurse(expected, &want);
    bson_iter_recurse(actual, &got);
    while (bson_iter_next(&want) && bson_iter_next(&got))
        if (!unified_match(world, &want, &got, root))
            return false;
    return true;
}

bool unified_match(unified_world *world, const bson_iter_t *expected,
                   const bson_iter_t *actual, bool root)
{
    bson_iter_t op;
    if (is_operator(expected, &op))
        return match_operator(world, &op, actual, root);
    if (actual == NULL)
        return differ(world, expected, NULL, "is absent");
    if (is_number(expected))
        return (is_number(actual) && same_number(expected, actual)) ||
               differ(world, expected, actual, "number");
    if (BSON_ITER_HOLDS_DOCUMENT(expected))
        return BSON_ITER_HOLDS_DOCUMENT(actual)
                   ? match_document(world, expected, actual, root)
                   : differ(world, expected, actual, "type");
    if (BSON_ITER_HOLDS_ARRAY(expected))
        return BSON_ITER_HOLDS_ARRAY(actual)
                   ? match_array(world, expected, actual, root)
                   : differ(world, expected, actual, "type");
    return same_bytes(expected, actual) ||
           differ(world, expected, actual, "value");
}

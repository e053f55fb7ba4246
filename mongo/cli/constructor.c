/* SPDX-License-Identifier: MIT */
/*
 * Values that are written as a call, ObjectId("..."), or as an object of MongoDB
 * extended JSON, {"$oid": "..."}.
 *
 * Both have the same shape: a name, and a document of what is in its brackets.
 * Two tables map names to the functions that make the value; a function is found
 * in both where both say the same thing in the same order, since fields, like
 * arguments, are taken by position. A function reports what it cannot use as
 * "NAME needs ..." at the place where the value begins.
 */
#include "mongo/cli/literal_internal.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

/* 1, so that a function can end with it; -1 with an error if it did not fit. */
static int made(const dmongo__making *m, bool ok)
{
    if (!ok)
        return dmongo__source_fail(m->src, m->at, "too large for BSON");
    return 1;
}

static int needs(const dmongo__making *m, const char *what)
{
    return dmongo__source_fail(m->src, m->at, "%s needs %s", m->name, what);
}

/* The value number i, which is there if it is not null. */
static bool value_at(const dmongo__making *m, int i, bson_iter_t *iter)
{
    bson_iter_init(iter, m->from);
    for (int k = 0; k <= i; k++)
        if (!bson_iter_next(iter))
            return false;
    return !BSON_ITER_HOLDS_NULL(iter);
}

/* The string number i; NULL if it is something else, or nothing. */
static const char *string_at(const dmongo__making *m, int i, uint32_t *len)
{
    bson_iter_t iter;
    if (!value_at(m, i, &iter) || !BSON_ITER_HOLDS_UTF8(&iter))
        return NULL;
    return bson_iter_utf8(&iter, len);
}

/* The whole number number i, written as a number or as a string of digits. */
static bool whole_at(const dmongo__making *m, int i, int64_t *value)
{
    bson_iter_t iter;
    if (!value_at(m, i, &iter))
        return false;
    if (BSON_ITER_HOLDS_INT(&iter)) {
        *value = bson_iter_as_int64(&iter);
        return true;
    }
    if (BSON_ITER_HOLDS_DOUBLE(&iter)) {
        double d = bson_iter_double(&iter);
        *value = d >= -0x1p63 && d < 0x1p63 ? (int64_t)d : 0;
        return (double)*value == d;
    }
    if (!BSON_ITER_HOLDS_UTF8(&iter))
        return false;
    const char *text = bson_iter_utf8(&iter, NULL);
    char *end;
    errno = 0;
    *value = strtoll(text, &end, 10);
    return end != text && *end == '\0' && errno == 0;
}

static bool whole_between(const dmongo__making *m, int i, int64_t min,
                          int64_t max, int64_t *value)
{
    return whole_at(m, i, value) && *value >= min && *value <= max;
}

/* ObjectIds and UUIDs. */

static int make_oid(const dmongo__making *m)
{
    bson_oid_t oid;
    uint32_t len;
    const char *text = string_at(m, 0, &len);
    if (m->count == 0 && m->name[0] != '$') {
        bson_oid_init(&oid, NULL);
        return made(m, bson_append_oid(m->out, m->key, -1, &oid));
    }
    if (text == NULL || !bson_oid_is_valid(text, len))
        return needs(m, "a string of 24 hexadecimal digits");
    bson_oid_init_from_string(&oid, text);
    return made(m, bson_append_oid(m->out, m->key, -1, &oid));
}

static int hex_digit(char c)
{
    static const char digits[] = "0123456789abcdef0123456789ABCDEF";
    const char *p = c != '\0' ? strchr(digits, c) : NULL;
    if (p == NULL)
        return -1;
    return (int)(p - digits) % 16;
}

/* Reads hexadecimal digits, with dashes between them if `dashes`: how many bytes
 * they are, at most `size`; -1 if they are none. */
static int64_t read_hex(const char *text, bool dashes, uint8_t *out, size_t size)
{
    size_t n = 0;
    while (*text != '\0') {
        if (*text == '-' && dashes) {
            text++;
            continue;
        }
        int high = hex_digit(text[0]);
        int low = high >= 0 ? hex_digit(text[1]) : -1;
        if (low < 0 || n == size)
            return -1;
        out[n++] = (uint8_t)(high * 16 + low);
        text += 2;
    }
    return (int64_t)n;
}

static int make_uuid(const dmongo__making *m)
{
    uint8_t bytes[16];
    const char *text = string_at(m, 0, NULL);
    if (m->count == 0 && m->name[0] != '$') { /* a random one, version 4 */
        if (getrandom(bytes, sizeof bytes, 0) != sizeof bytes)
            return dmongo__source_fail(m->src, m->at, "no random numbers");
        bytes[6] = (bytes[6] & 0x0f) | 0x40;
        bytes[8] = (bytes[8] & 0x3f) | 0x80;
    } else if (text == NULL || read_hex(text, true, bytes, 16) != 16) {
        return needs(m, "a string of 32 hexadecimal digits");
    }
    return made(m, bson_append_binary(m->out, m->key, -1, BSON_SUBTYPE_UUID,
                                      bytes, sizeof bytes));
}

/* Dates. */

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int append_date(const dmongo__making *m, bool local)
{
    int64_t ms = now_ms();
    const char *text = string_at(m, 0, NULL);
    bool good = m->count == 0 ||
                (text != NULL ? dmongo__date_parse(text, local, &ms)
                              : whole_at(m, 0, &ms));
    if (!good)
        return needs(m, "a date such as \"2026-01-31T12:00:00Z\"");
    return made(m, bson_append_date_time(m->out, m->key, -1, ms));
}

static int make_iso_date(const dmongo__making *m)
{
    return append_date(m, false);
}

/* new Date(year, month - 1, day, hour, minute, second, ms), in local time. */
static int make_date(const dmongo__making *m)
{
    int64_t field[7] = {0, 0, 1};
    if (!m->is_new)
        return dmongo__source_fail(m->src, m->at,
                                   "Date() is a string in JavaScript: write new "
                                   "Date() or ISODate()");
    if (m->count < 2)
        return append_date(m, true);
    for (int i = 0; i < m->count; i++)
        if (!whole_between(m, i, -400000, 400000, &field[i]))
            return needs(m, "whole numbers for the year, the month, and so on");
    struct tm tm = {.tm_year = (int)field[0] - 1900, .tm_mon = (int)field[1],
                    .tm_mday = (int)field[2], .tm_hour = (int)field[3],
                    .tm_min = (int)field[4], .tm_sec = (int)field[5],
                    .tm_isdst = -1};
    int64_t ms = (int64_t)mktime(&tm) * 1000 + field[6];
    return made(m, bson_append_date_time(m->out, m->key, -1, ms));
}

/* {"$date": ...} has a value in any case. */
static int make_ejson_date(const dmongo__making *m)
{
    return append_date(m, false);
}

/* Numbers. */

static int make_int32(const dmongo__making *m)
{
    int64_t value = 0;
    if (m->count > 0 && !whole_between(m, 0, INT32_MIN, INT32_MAX, &value))
        return needs(m, "a whole number of 32 bits");
    return made(m, bson_append_int32(m->out, m->key, -1, (int32_t)value));
}

static int make_int64(const dmongo__making *m)
{
    int64_t value = 0;
    if (m->count > 0 && !whole_at(m, 0, &value))
        return needs(m, "a whole number of 64 bits");
    return made(m, bson_append_int64(m->out, m->key, -1, value));
}

static int make_double(const dmongo__making *m)
{
    bson_iter_t iter;
    double value = 0;
    bool good = m->count == 0 && m->name[0] != '$';
    if (value_at(m, 0, &iter)) {
        const char *text = string_at(m, 0, NULL);
        char *end = "";
        value = text ? strtod(text, &end) : bson_iter_as_double(&iter);
        good = text ? end != text && *end == '\0' : BSON_ITER_HOLDS_NUMBER(&iter);
    }
    if (!good)
        return needs(m, "a number");
    return made(m, bson_append_double(m->out, m->key, -1, value));
}

static int make_decimal(const dmongo__making *m)
{
    bson_iter_t iter;
    bson_decimal128_t value;
    char digits[32];
    const char *text = string_at(m, 0, NULL);
    if (text == NULL && value_at(m, 0, &iter) && BSON_ITER_HOLDS_NUMBER(&iter)) {
        if (BSON_ITER_HOLDS_DOUBLE(&iter))
            snprintf(digits, sizeof digits, "%.17g", bson_iter_double(&iter));
        else
            snprintf(digits, sizeof digits, "%" PRId64,
                     bson_iter_as_int64(&iter));
        text = digits;
    }
    if (text == NULL || !bson_decimal128_from_string(text, &value))
        return needs(m, "a decimal number as a string");
    return made(m, bson_append_decimal128(m->out, m->key, -1, &value));
}

/* Binary data. */

static int base64_digit(char c)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrst"
                                 "uvwxyz0123456789+/";
    const char *p = c != '\0' ? strchr(digits, c) : NULL;
    return p != NULL ? (int)(p - digits) : c == '-' ? 62 : c == '_' ? 63 : -1;
}

/* Decodes base64, of the alphabet for URLs too, padded or not: the bytes, owned
 * by the caller, or NULL. */
static uint8_t *read_base64(const char *text, uint32_t len, uint32_t *size)
{
    uint8_t *out = malloc((size_t)len / 4 * 3 + 3);
    uint32_t word = 0, n = 0, used = 0;
    while (len > 0 && text[len - 1] == '=')
        len--;
    for (uint32_t i = 0; out != NULL && i < len; i++) {
        int digit = base64_digit(text[i]);
        if (digit < 0 || len % 4 == 1) {
            free(out);
            return NULL;
        }
        word = word << 6 | (uint32_t)digit;
        used += 6;
        if (used >= 8) {
            used -= 8;
            out[n++] = (uint8_t)(word >> used);
        }
    }
    *size = n;
    return out;
}

static int append_base64(const dmongo__making *m, const char *text, uint32_t len,
                         int64_t subtype)
{
    uint32_t size = 0;
    uint8_t *bytes = text != NULL ? read_base64(text, len, &size) : NULL;
    if (bytes == NULL)
        return needs(m, "bytes as a string in base64");
    bool ok = bson_append_binary(m->out, m->key, -1, (bson_subtype_t)subtype,
                                 bytes, size);
    free(bytes);
    return made(m, ok);
}

/* BinData(subtype, base64) */
static int make_bin_data(const dmongo__making *m)
{
    int64_t subtype;
    uint32_t len = 0;
    const char *text = string_at(m, 1, &len);
    if (!whole_between(m, 0, 0, 255, &subtype))
        return needs(m, "a subtype from 0 to 255");
    return append_base64(m, text, len, subtype);
}

/* Binary.createFromBase64(base64[, subtype]), as mongosh prints it. */
static int make_binary(const dmongo__making *m)
{
    int64_t subtype = 0;
    uint32_t len = 0;
    const char *text = string_at(m, 0, &len);
    if (m->count > 1 && !whole_between(m, 1, 0, 255, &subtype))
        return needs(m, "a subtype from 0 to 255");
    return append_base64(m, text, len, subtype);
}

/* HexData(subtype, hex) */
static int make_hex_data(const dmongo__making *m)
{
    int64_t subtype;
    uint32_t len = 0;
    const char *text = string_at(m, 1, &len);
    if (text == NULL || !whole_between(m, 0, 0, 255, &subtype))
        return needs(m, "a subtype and a string of hexadecimal digits");
    uint8_t *bytes = malloc((size_t)len / 2 + 1);
    int64_t size = bytes ? read_hex(text, false, bytes, (size_t)len / 2) : -1;
    bool ok = size >= 0 && bson_append_binary(m->out, m->key, -1,
                                              (bson_subtype_t)subtype, bytes,
                                              (uint32_t)size);
    free(bytes);
    if (size < 0)
        return needs(m, "a subtype and a string of hexadecimal digits");
    return made(m, ok);
}

/* Makes `inner`, the document that value number 0 is, the source of *sub. */
static bool inner_document(const dmongo__making *m, dmongo__making *sub,
                           bson_t *inner)
{
    bson_iter_t iter;
    const uint8_t *data;
    uint32_t len;
    if (!value_at(m, 0, &iter) || !BSON_ITER_HOLDS_DOCUMENT(&iter))
        return false;
    bson_iter_document(&iter, &len, &data);
    *sub = *m;
    sub->from = inner;
    return bson_init_static(inner, data, len);
}

/* The value of `name` in a document becomes value number 0 of *iter's kind. */
static bool named(const dmongo__making *m, const char *name, bson_iter_t *iter)
{
    return bson_iter_init_find(iter, m->from, name);
}

/* {"$binary": {"base64": "...", "subType": "00"}}, and the older form {"$binary":
 * "...", "$type": "00"}. */
static int make_ejson_binary(const dmongo__making *m)
{
    dmongo__making sub;
    bson_t inner;
    bson_iter_t base64, type;
    bool older = m->count == 2;
    if (older ? !named(m, "$binary", &base64) || !named(m, "$type", &type)
              : !inner_document(m, &sub, &inner) ||
                    !named(&sub, "base64", &base64) ||
                    !named(&sub, "subType", &type))
        return needs(m, "\"base64\" and \"subType\"");
    uint32_t len;
    const char *text = bson_iter_utf8(&base64, &len);
    uint8_t subtype[1];
    const char *hex = bson_iter_utf8(&type, NULL);
    if (hex == NULL || read_hex(hex, false, subtype, 1) != 1)
        return needs(m, "a subtype of two hexadecimal digits");
    return append_base64(m, text, len, subtype[0]);
}

/* Regular expressions. */

static int append_regex(const dmongo__making *m, const char *pattern,
                        uint32_t len, const char *flags)
{
    static const char known[] = "ilmsux"; /* in the order that BSON wants */
    char options[sizeof known] = "";
    size_t n = 0;
    if (pattern == NULL || strlen(pattern) < len)
        return needs(m, "a pattern, which is a string without zero bytes");
    for (const char *p = known; *p != '\0'; p++)
        if (strchr(flags, *p) != NULL)
            options[n++] = *p;
    /* "g" asks JavaScript for all matches, which makes no difference here. */
    if (flags[strspn(flags, "gilmsux")] != '\0')
        return dmongo__source_fail(
            m->src, m->at, "MongoDB has no flag \"%c\" for regular expressions",
            flags[strspn(flags, "gilmsux")]);
    return made(m, bson_append_regex(m->out, m->key, -1, pattern, options));
}

static int make_regex(const dmongo__making *m)
{
    uint32_t len = 0;
    const char *flags = string_at(m, 1, NULL);
    if (m->count > 1 && flags == NULL)
        return needs(m, "flags, which are a string");
    const char *pattern = string_at(m, 0, &len);
    return append_regex(m, pattern, len, flags != NULL ? flags : "");
}

static int make_ejson_regex(const dmongo__making *m)
{
    dmongo__making sub;
    bson_t inner;
    bson_iter_t pattern, options;
    uint32_t len;
    if (!inner_document(m, &sub, &inner) || !named(&sub, "pattern", &pattern) ||
        !named(&sub, "options", &options) || !BSON_ITER_HOLDS_UTF8(&options))
        return needs(m, "\"pattern\" and \"options\"");
    const char *text = bson_iter_utf8(&pattern, &len);
    return append_regex(m, text, len, bson_iter_utf8(&options, NULL));
}

/* The rest. */

/* Timestamp(seconds, ordinal), Timestamp({t: seconds, i: ordinal}) and
 * {"$timestamp": {"t": ..., "i": ...}} */
static int make_timestamp(const dmongo__making *m)
{
    dmongo__making sub = *m;
    bson_t inner;
    int64_t seconds = 0, ordinal = 0;
    bool is_document = inner_document(m, &sub, &inner);
    bool good = m->count == 0 ||
                (whole_between(&sub, 0, 0, UINT32_MAX, &seconds) &&
                 whole_between(&sub, 1, 0, UINT32_MAX, &ordinal));
    if (!good || (is_document && m->count > 1))
        return needs(m, "seconds and an ordinal, of 32 bits each");
    return made(m, bson_append_timestamp(m->out, m->key, -1, (uint32_t)seconds,
                                         (uint32_t)ordinal));
}

static int make_code(const dmongo__making *m)
{
    uint32_t len = 0;
    bson_iter_t iter;
    const char *code = string_at(m, 0, &len);
    if (code == NULL || strlen(code) < len)
        return needs(m, "JavaScript as a string");
    if (m->count < 2)
        return made(m, bson_append_code(m->out, m->key, -1, code));
    bson_t scope;
    const uint8_t *data;
    uint32_t size;
    if (!value_at(m, 1, &iter) || !BSON_ITER_HOLDS_DOCUMENT(&iter))
        return needs(m, "a scope, which is a document");
    bson_iter_document(&iter, &size, &data);
    return made(m, bson_init_static(&scope, data, size) &&
                       bson_append_code_with_scope(m->out, m->key, -1, code,
                                                   &scope));
}

static int make_symbol(const dmongo__making *m)
{
    uint32_t len = 0;
    const char *text = string_at(m, 0, &len);
    if (text == NULL)
        return needs(m, "a string");
    return made(m,
                bson_append_symbol(m->out, m->key, -1, text, (int)len));
}

/* DBRef("collection", id[, "database"]) */
static int make_db_ref(const dmongo__making *m)
{
    bson_iter_t id;
    const char *collection = string_at(m, 0, NULL);
    const char *database = string_at(m, 2, NULL);
    if (collection == NULL || !value_at(m, 1, &id) ||
        (m->count > 2 && database == NULL))
        return needs(m, "a collection's name, an _id and perhaps a database's "
                        "name");
    bson_t ref = BSON_INITIALIZER;
    bool ok = bson_append_utf8(&ref, "$ref", -1, collection, -1) &&
              bson_append_iter(&ref, "$id", -1, &id) &&
              (database == NULL ||
               bson_append_utf8(&ref, "$db", -1, database, -1)) &&
              bson_append_document(m->out, m->key, -1, &ref);
    bson_destroy(&ref);
    return made(m, ok);
}

/* {"$dbPointer": {"$ref": "...", "$id": ObjectId}}, a type that nobody makes any
 * more but some servers still hold. */
static int make_db_pointer(const dmongo__making *m)
{
    dmongo__making sub;
    bson_t inner;
    bson_iter_t ref, id;
    if (!inner_document(m, &sub, &inner) || !named(&sub, "$ref", &ref) ||
        !named(&sub, "$id", &id) || !BSON_ITER_HOLDS_UTF8(&ref) ||
        !BSON_ITER_HOLDS_OID(&id))
        return needs(m, "\"$ref\" and \"$id\"");
    return made(m, bson_append_dbpointer(m->out, m->key, -1,
                                         bson_iter_utf8(&ref, NULL),
                                         bson_iter_oid(&id)));
}

static int make_min_key(const dmongo__making *m)
{
    return made(m, bson_append_minkey(m->out, m->key, -1));
}

static int make_max_key(const dmongo__making *m)
{
    return made(m, bson_append_maxkey(m->out, m->key, -1));
}

static int make_undefined(const dmongo__making *m)
{
    return made(m, bson_append_undefined(m->out, m->key, -1));
}

/* Names as they are called, with how many arguments they take at most. */
static const struct {
    const char *name;
    int max_arguments;
    int (*make)(const dmongo__making *m);
} constructors[] = {
    {"BSONRegExp", 2, make_regex},
    {"BSONSymbol", 1, make_symbol},
    {"BinData", 2, make_bin_data},
    {"Binary.createFromBase64", 2, make_binary},
    {"Code", 2, make_code},
    {"DBRef", 3, make_db_ref},
    {"Date", 7, make_date},
    {"Decimal128", 1, make_decimal},
    {"Decimal128.fromString", 1, make_decimal},
    {"Double", 1, make_double},
    {"HexData", 2, make_hex_data},
    {"ISODate", 1, make_iso_date},
    {"Int32", 1, make_int32},
    {"Long", 1, make_int64},
    {"Long.fromString", 1, make_int64},
    {"MaxKey", 0, make_max_key},
    {"MinKey", 0, make_min_key},
    {"NumberDecimal", 1, make_decimal},
    {"NumberInt", 1, make_int32},
    {"NumberLong", 1, make_int64},
    {"ObjectID", 1, make_oid},
    {"ObjectId", 1, make_oid},
    {"RegExp", 2, make_regex},
    {"Timestamp", 2, make_timestamp},
    {"UUID", 1, make_uuid},
};

/* Objects of extended JSON: the first key, the second one if there is one. */
static const struct {
    const char *first, *second;
    int (*make)(const dmongo__making *m);
} wrappers[] = {
    {"$binary", NULL, make_ejson_binary},
    {"$binary", "$type", make_ejson_binary},
    {"$code", NULL, make_code},
    {"$code", "$scope", make_code},
    {"$date", NULL, make_ejson_date},
    {"$dbPointer", NULL, make_db_pointer},
    {"$maxKey", NULL, make_max_key},
    {"$minKey", NULL, make_min_key},
    {"$numberDecimal", NULL, make_decimal},
    {"$numberDouble", NULL, make_double},
    {"$numberInt", NULL, make_int32},
    {"$numberLong", NULL, make_int64},
    {"$oid", NULL, make_oid},
    {"$regularExpression", NULL, make_ejson_regex},
    {"$symbol", NULL, make_symbol},
    {"$timestamp", NULL, make_timestamp},
    {"$undefined", NULL, make_undefined},
    {"$uuid", NULL, make_uuid},
};

int dmongo__constructor_arguments(const char *name, size_t len)
{
    for (size_t i = 0; i < sizeof constructors / sizeof constructors[0]; i++)
        if (strlen(constructors[i].name) == len &&
            memcmp(constructors[i].name, name, len) == 0)
            return constructors[i].max_arguments;
    return -1;
}

int dmongo__construct(const dmongo__making *m)
{
    for (size_t i = 0; i < sizeof constructors / sizeof constructors[0]; i++) {
        if (strcmp(constructors[i].name, m->name) != 0)
            continue;
        if (m->count > constructors[i].max_arguments)
            return dmongo__source_fail(m->src, m->at,
                                       "%s takes %d arguments at most, not %d",
                                       m->name, constructors[i].max_arguments,
                                       m->count);
        return constructors[i].make(m);
    }
    return 0;
}

int dmongo__unwrap(dmongo__making *m)
{
    bson_iter_t iter;
    const char *keys[2] = {NULL, NULL};
    if (m->count < 1 || m->count > 2)
        return 0;
    bson_iter_init(&iter, m->from);
    for (int i = 0; i < m->count && bson_iter_next(&iter); i++)
        keys[i] = bson_iter_key(&iter);
    for (size_t i = 0; i < sizeof wrappers / sizeof wrappers[0]; i++) {
        bool one = wrappers[i].second == NULL;
        if (strcmp(wrappers[i].first, keys[0]) != 0 || one != (m->count == 1) ||
            (!one && strcmp(wrappers[i].second, keys[1]) != 0))
            continue;
        m->name = wrappers[i].first;
        return wrappers[i].make(m);
    }
    return 0;
}

/* SPDX-License-Identifier: MIT */
/*
 * Values to BSON. This is on the path of every operation, so it goes straight
 * to the bytes, without libbson's growing buffers.
 *
 * Two passes over the same tree. The first adds up the bytes and checks all
 * that can be wrong; the second only writes. Between them the caller finds room
 * for the exact count, which may be in a stream's output buffer.
 *
 * Invariants:
 *  1. For a tree that passes the first pass, both passes agree on every byte.
 *  2. The first pass counts at most one value past the limit, so a tree that
 *     contains itself ends, by its depth or by its size.
 *  3. The path in a message is put together backwards while the recursion
 *     unwinds; values that are right cost nothing for it.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <bson/bson.h>

#include "doc_internal.h"
#include "element_internal.h"
#include "utf8_internal.h"

/* What a document has around its elements: its length and a zero byte. */
#define FRAME_SIZE 5

/* The first pass: what has been counted, and the first thing that is wrong. */
struct sizing {
    uint64_t size;
    uint64_t limit;
    int depth;

    int code;
    const char *why;
    bool path_full;
    size_t path_at; /* the path lies from path[path_at] to the end of path */
    char path[128];
};

static int refuse(struct sizing *z, int code, const char *why)
{
    z->code = code;
    z->why = why;
    return -1;
}

/* What can be shown of a key, in at most 40 bytes; returns their count. */
static size_t show_key(const dmongo_value *key, char shown[41])
{
    if (key->form != DMONGO__STR || key->len == 0)
        return (size_t)sprintf(shown, "\"\"");
    size_t n = key->len <= 40 ? key->len : 37;
    while (n < key->len && n > 0 && ((unsigned char)key->s[n] & 0xC0) == 0x80)
        n--; /* not in the middle of a character */
    bool text = dmongo__is_utf8(key->s, n);
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)key->s[i];
        bool shows = c >= 0x20 && c != 0x7F && (c < 0x80 || text);
        shown[i] = shows ? (char)c : '?';
    }
    if (n < key->len) {
        memcpy(shown + n, "...", 3);
        n += 3;
    }
    return n;
}

/* Puts one step before the path. The three bytes in front are kept for "..." in
 * the place of those steps for which there is no room. */
static void prepend(struct sizing *z, const char *step, size_t n)
{
    bool dot = z->path_at < sizeof z->path;
    if (z->path_full)
        return;
    if (z->path_at < 3 + n + dot) {
        z->path_full = true;
        step = "...";
        n = 3;
        dot = false;
    }
    if (dot)
        z->path[--z->path_at] = '.';
    z->path_at -= n;
    memcpy(z->path + z->path_at, step, n);
}

static void prepend_key(struct sizing *z, const dmongo_value *key)
{
    char shown[41];
    prepend(z, shown, show_key(key, shown));
}

static void prepend_index(struct sizing *z, uint32_t index)
{
    char shown[16];
    prepend(z, shown, (size_t)sprintf(shown, "%" PRIu32, index));
}

static int size_fields(struct sizing *z, const dmongo_value *doc);

static int size_tree(struct sizing *z, const dmongo_value *tree)
{
    if (++z->depth > DMONGO__MAX_DEPTH)
        return refuse(z, DIESEL_E_LIMIT, "documents are nested too deep");
    z->size += FRAME_SIZE;
    int done = size_fields(z, tree);
    z->depth--;
    return done;
}

static int size_text(struct sizing *z, const dmongo_value *v)
{
    z->size += v->len;
    if (z->size > z->limit)
        return 0; /* too large to be worth a look; the caller sees that */
    if (!dmongo__is_utf8(v->s, v->len))
        return refuse(z, DIESEL_E_INVAL, "string is not valid UTF-8");
    return 0;
}

static int size_regex(struct sizing *z, const dmongo_value *v)
{
    z->size += 1 + (unsigned)__builtin_popcount(v->aux) + 1;
    return size_text(z, v);
}

static int size_decimal(struct sizing *z, const dmongo_value *v)
{
    bson_decimal128_t unused;
    if (!bson_decimal128_from_string(v->s, &unused))
        return refuse(z, DIESEL_E_INVAL, "not a decimal number");
    z->size += 16;
    return 0;
}

static int size_value(struct sizing *z, const dmongo_value *v)
{
    switch (v->form) {
    case DMONGO__EMPTY:
        return 0;
    case DMONGO__BOOL:
        z->size += 1;
        return 0;
    case DMONGO__INT32:
        z->size += 4;
        return 0;
    case DMONGO__WORD:
        z->size += 8;
        return 0;
    case DMONGO__STR:
        z->size += 5;
        return size_text(z, v);
    case DMONGO__BINARY:
        z->size += 5 + (uint64_t)v->len;
        if (v->aux == BSON_SUBTYPE_BINARY_DEPRECATED)
            z->size += 4;
        return 0;
    case DMONGO__REGEX:
        return size_regex(z, v);
    case DMONGO__DECIMAL:
        return size_decimal(z, v);
    case DMONGO__DEC128:
        z->size += 16;
        return 0;
    case DMONGO__RAW:
        z->size += v->len;
        return 0;
    case DMONGO__BSON:
        z->size += v->bson->len;
        return 0;
    case DMONGO__TREE:
        return size_tree(z, v);
    case DMONGO__INVALID:
        return refuse(z, DIESEL_E_INVAL, v->s);
    default:
        return refuse(z, DIESEL_E_INVAL, "not a value that dmongo_* made");
    }
}

static int size_key(struct sizing *z, const dmongo_value *key)
{
    if (key->form != DMONGO__STR)
        return refuse(z, DIESEL_E_INVAL,
                      key->form == DMONGO__INVALID ? "key is NULL"
                                                   : "key is not a string");
    z->size += (uint64_t)key->len + 1;
    if (z->size > z->limit)
        return 0;
    if (key->aux && memchr(key->s, 0, key->len) != NULL)
        return refuse(z, DIESEL_E_INVAL, "key holds a zero byte");
    if (!dmongo__is_utf8(key->s, key->len))
        return refuse(z, DIESEL_E_INVAL, "key is not valid UTF-8");
    return 0;
}

static int size_field(struct sizing *z, const dmongo_value *key,
                      const dmongo_value *value)
{
    if (value->form == DMONGO__ABSENT)
        return 0;
    if (value->form == DMONGO__SPLICE)
        return size_fields(z, value->items);
    z->size += 1;
    if (size_key(z, key) == 0 && size_value(z, value) == 0) {
        if (z->size <= z->limit)
            return 0;
        refuse(z, DIESEL_E_LIMIT, NULL);
    }
    prepend_key(z, key);
    return -1;
}

static unsigned digits(uint32_t n)
{
    unsigned count = 1;
    for (; n >= 10; n /= 10)
        count++;
    return count;
}

static int size_element(struct sizing *z, uint32_t *index,
                        const dmongo_value *value)
{
    if (value->form == DMONGO__ABSENT)
        return 0;
    z->size += 1 + digits(*index) + 1;
    if (size_value(z, value) == 0) {
        (*index)++;
        if (z->size <= z->limit)
            return 0;
        refuse(z, DIESEL_E_LIMIT, NULL);
    }
    prepend_index(z, *index);
    return -1;
}

/* Counts what is between the frame of a document or an array. */
static int size_fields(struct sizing *z, const dmongo_value *doc)
{
    switch (doc->form) {
    case DMONGO__TREE:
        break;
    case DMONGO__BSON:
        z->size += doc->bson->len - FRAME_SIZE;
        return 0;
    case DMONGO__RAW:
        z->size += doc->len - FRAME_SIZE;
        return 0;
    case DMONGO__ABSENT:
        return 0;
    case DMONGO__INVALID:
        return refuse(z, DIESEL_E_INVAL, doc->s);
    default:
        return refuse(z, DIESEL_E_INVAL, "a document is needed here");
    }

    const dmongo_value *item = doc->items;
    if (doc->type == BSON_TYPE_ARRAY) {
        uint32_t index = 0;
        for (uint32_t i = 0; i < doc->len; i++)
            if (size_element(z, &index, item + i) < 0)
                return -1;
    } else {
        for (uint32_t i = 0; i < doc->len; i += 2)
            if (size_field(z, item + i, item + i + 1) < 0)
                return -1;
    }
    return 0;
}

static int64_t report(const struct sizing *z, diesel_error *err)
{
    if (z->why != NULL)
        diesel_error_set(err, z->code, DIESEL_DOM_CORE, 0, "%s", z->why);
    else
        diesel_error_set(err, z->code, DIESEL_DOM_CORE, 0,
                         "document is larger than %" PRIu64 " bytes", z->limit);
    size_t n = sizeof z->path - z->path_at;
    if (n > 0)
        diesel_error_prefix(err, "%.*s", (int)n, z->path + z->path_at);
    return -1;
}

int64_t dmongo__doc_size(dmongo_value doc, size_t limit, diesel_error *err)
{
    struct sizing z;
    z.size = 0;
    z.limit = limit;
    z.depth = 0;
    z.path_full = false;
    z.path_at = sizeof z.path;

    if (doc.type != BSON_TYPE_DOCUMENT && doc.type != BSON_TYPE_ARRAY &&
        doc.form != DMONGO__INVALID)
        return diesel_error_set(err, DIESEL_E_INVAL, DIESEL_DOM_CORE, 0,
                                "a document is needed, not %s",
                                dmongo__type_name(doc.type));
    if (size_value(&z, &doc) < 0)
        return report(&z, err);
    if (z.size > z.limit) {
        refuse(&z, DIESEL_E_LIMIT, NULL);
        return report(&z, err);
    }
    return (int64_t)z.size;
}

/* The second pass. */

static uint8_t *put(uint8_t *out, const void *p, size_t n)
{
    if (n > 0)
        memcpy(out, p, n);
    return out + n;
}

static uint8_t *put_byte(uint8_t *out, uint8_t byte)
{
    *out = byte;
    return out + 1;
}

static uint8_t *write_binary(const dmongo_value *v, uint8_t *out)
{
    bool old = v->aux == BSON_SUBTYPE_BINARY_DEPRECATED;
    out = dmongo__store32(out, v->len + (old ? 4 : 0));
    out = put_byte(out, (uint8_t)v->aux);
    if (old)
        out = dmongo__store32(out, v->len);
    return put(out, v->p, v->len);
}

static uint8_t *write_regex(const dmongo_value *v, uint8_t *out)
{
    out = put(out, v->s, v->len);
    out = put_byte(out, 0);
    for (unsigned i = 0; dmongo__regex_options[i] != 0; i++)
        if (v->aux & 1u << i)
            out = put_byte(out, (uint8_t)dmongo__regex_options[i]);
    return put_byte(out, 0);
}

static uint8_t *write_decimal(const bson_decimal128_t *number, uint8_t *out)
{
    out = dmongo__store64(out, number->low);
    return dmongo__store64(out, number->high);
}

static uint8_t *write_decimal_text(const char *text, uint8_t *out)
{
    bson_decimal128_t number;
    bson_decimal128_from_string(text, &number);
    return write_decimal(&number, out);
}

static uint8_t *write_fields(const dmongo_value *doc, uint8_t *out);

static uint8_t *write_tree(const dmongo_value *tree, uint8_t *out)
{
    uint8_t *begin = out;
    out = write_fields(tree, out + 4);
    out = put_byte(out, 0);
    dmongo__store32(begin, (uint32_t)(out - begin));
    return out;
}

static uint8_t *write_value(const dmongo_value *v, uint8_t *out)
{
    switch (v->form) {
    case DMONGO__BOOL:
        return put_byte(out, (uint8_t)v->i);
    case DMONGO__INT32:
        return dmongo__store32(out, (uint32_t)v->i);
    case DMONGO__WORD:
        return dmongo__store64(out, v->u);
    case DMONGO__STR:
        out = dmongo__store32(out, v->len + 1);
        out = put(out, v->s, v->len);
        return put_byte(out, 0);
    case DMONGO__BINARY:
        return write_binary(v, out);
    case DMONGO__REGEX:
        return write_regex(v, out);
    case DMONGO__DECIMAL:
        return write_decimal_text(v->s, out);
    case DMONGO__DEC128:
        return write_decimal(v->p, out);
    case DMONGO__RAW:
        return put(out, v->p, v->len);
    case DMONGO__BSON:
        return put(out, bson_get_data(v->bson), v->bson->len);
    case DMONGO__TREE:
        return write_tree(v, out);
    default: /* DMONGO__EMPTY: the first pass lets nothing else through */
        return out;
    }
}

static uint8_t *write_field(const dmongo_value *key, const dmongo_value *value,
                            uint8_t *out)
{
    if (value->form == DMONGO__ABSENT)
        return out;
    if (value->form == DMONGO__SPLICE)
        return write_fields(value->items, out);
    out = put_byte(out, value->type);
    out = put(out, key->s, key->len);
    out = put_byte(out, 0);
    return write_value(value, out);
}

static uint8_t *write_element(uint32_t *index, const dmongo_value *value,
                              uint8_t *out)
{
    if (value->form == DMONGO__ABSENT)
        return out;
    out = put_byte(out, value->type);
    unsigned n = digits(*index);
    uint32_t rest = (*index)++;
    out[n] = 0;
    for (unsigned i = n; i-- > 0; rest /= 10)
        out[i] = (uint8_t)('0' + rest % 10);
    return write_value(value, out + n + 1);
}

/* Writes what is between the frame of a document or an array. */
static uint8_t *write_fields(const dmongo_value *doc, uint8_t *out)
{
    if (doc->form == DMONGO__BSON)
        return put(out, bson_get_data(doc->bson) + 4,
                   doc->bson->len - FRAME_SIZE);
    if (doc->form == DMONGO__RAW)
        return put(out, (const uint8_t *)doc->p + 4, doc->len - FRAME_SIZE);

    const dmongo_value *item = doc->items;
    if (doc->type == BSON_TYPE_ARRAY) {
        uint32_t index = 0;
        for (uint32_t i = 0; i < doc->len; i++)
            out = write_element(&index, item + i, out);
    } else {
        for (uint32_t i = 0; i < doc->len; i += 2)
            out = write_field(item + i, item + i + 1, out);
    }
    return out;
}

uint8_t *dmongo__doc_write(dmongo_value doc, uint8_t *out)
{
    return write_value(&doc, out);
}

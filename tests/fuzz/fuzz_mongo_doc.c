/* SPDX-License-Identifier: MIT */
/*
 * Fuzz entry point of reading documents: the walker of mongo/element.c and the
 * path getters, over bytes that may be anything. What libbson's iterator makes
 * of the same bytes is the measure: an element that both accept must be the
 * same.
 *
 * The input's first byte chooses a path, the rest is the document.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <bson/bson.h>

#include "mongo/doc_internal.h"
#include "mongo/element_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(claim)                                                           \
    do {                                                                       \
        if (!(claim))                                                          \
            abort();                                                           \
    } while (0)

enum { MAX_DEPTH = 40 };

/* Walks over a document and all in it, next to libbson as far as it follows. */
static void walk_all(const uint8_t *bytes, size_t size, int depth)
{
    struct dmongo__walk walk;
    struct dmongo__element e;
    bson_iter_t iter;
    if (dmongo__walk_begin(&walk, bytes, size) < 0 || depth > MAX_DEPTH)
        return;
    bool together = bson_iter_init_from_data(&iter, bytes, size);
    while (dmongo__walk_next(&walk, &e) > 0) {
        CHECK(e.value >= bytes && e.value + e.size < bytes + size);
        CHECK(e.key[e.key_len] == 0);
        together = together && bson_iter_next(&iter);
        if (together) {
            CHECK(strcmp(bson_iter_key(&iter), e.key) == 0);
            CHECK((uint8_t)bson_iter_type(&iter) == e.type);
            CHECK(iter.raw + iter.next_off == e.value + e.size);
        }
        if (e.type == BSON_TYPE_DOCUMENT || e.type == BSON_TYPE_ARRAY)
            walk_all(e.value, e.size, depth + 1);
    }
}

static void read_path(const bson_t *doc, const char *path)
{
    diesel_error err;
    const char *s;
    const uint8_t *bytes;
    const bson_oid_t *oid;
    int64_t i;
    double d;
    bool b;
    size_t n;
    bson_t view;

    bool there = dmongo_has(doc, path);
    CHECK(there == (dmongo_get_value(doc, path).form == DMONGO__RAW));
    if (dmongo_need_str(doc, path, &s, &err) == 0)
        CHECK(strlen(s) < doc->len);
    if (dmongo_need_binary(doc, path, &bytes, &n, &err) == 0)
        CHECK(n < doc->len && (n == 0 || bytes[n - 1] + 1 > 0));
    if (dmongo_need_doc(doc, path, &view, &err) == 0)
        CHECK(view.len < doc->len);
    if (dmongo_need_oid(doc, path, &oid, &err) == 0)
        CHECK(oid->bytes[11] + 1 > 0);
    /* Whatever is an int is a double, too. */
    if (dmongo_need_int(doc, path, &i, &err) == 0)
        CHECK(dmongo_need_double(doc, path, &d, &err) == 0 && d == (double)i);
    if (dmongo_need_bool(doc, path, &b, &err) == 0 ||
        dmongo_need_date(doc, path, &i, &err) == 0)
        CHECK(there);

    bson_iter_t iter;
    bson_iter_t found;
    if (there && bson_iter_init(&iter, doc) &&
        bson_iter_find_descendant(&iter, path, &found))
        CHECK(dmongo_get_value(doc, path).type ==
              (uint8_t)bson_iter_type(&found));
}

/* What was read is what is written again. */
static void copy_value(const bson_t *doc, const char *path)
{
    bson_t view;
    if (!dmongo_get_doc(doc, path, &view))
        return;
    bson_t *copy = dmongo_doc_to_bson(dmongo_get_value(doc, path), NULL);
    CHECK(copy != NULL && bson_equal(copy, &view));
    bson_destroy(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *paths[] = {"a",   "a.b",     "a.b.c",   "a.0",  "a.1.b",
                                  "",    ".",       "a.",      ".a",   "b",
                                  "b.b", "a.0.0.0", "a.b.c.d", "name", "_id"};
    if (size < 1)
        return 0;
    const char *path = paths[data[0] % (sizeof paths / sizeof paths[0])];
    walk_all(data + 1, size - 1, 0);
    bson_t doc;
    if (bson_init_static(&doc, data + 1, size - 1)) {
        read_path(&doc, path);
        copy_value(&doc, path);
    }
    return 0;
}

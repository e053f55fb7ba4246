/* SPDX-License-Identifier: MIT */
/*
 * MongoDB's BSON corpus. Documents are libbson's type here, and so is extended JSON; what
 * is Diesel's are the getters and the builder. So each valid document is also taken
 * apart and put together again, and must be the same bytes then.
 *
 * JSON is compared after it has been read and written by one rule, since white space,
 * escapes and the order in which a number is written do not matter.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bson/bson.h>

#include <diesel/doc.h>

#include "spec_cases.h"

/* What libbson, of version 1.x at least, does otherwise. */
static const spec_exception exceptions[] = {
    {"code.json: Embedded nulls",
     "libbson ends code that comes as JSON at a zero byte"},
    {"code_w_scope.json: Unicode and embedded null in code string, empty scope",
     "libbson ends code that comes as JSON at a zero byte"},
    {"datetime.json: Y10K", "libbson writes such dates as text, too"},
    {"top.json: Bad $date (number, not string or hash): parse",
     "libbson takes the form of extended JSON before version 2"},
};

/* Owned: free(). NULL if it is not hexadecimal. */
static uint8_t *from_hex(const char *hex, size_t *n)
{
    *n = strlen(hex) / 2;
    uint8_t *bytes = malloc(*n + 1);
    for (size_t i = 0; bytes != NULL && i < *n; i++) {
        unsigned byte;
        if (sscanf(hex + 2 * i, "%2x", &byte) != 1) {
            free(bytes);
            return NULL;
        }
        bytes[i] = (uint8_t)byte;
    }
    return bytes;
}

/* A document of the case, owned; NULL, and the case is wrong. */
static bson_t *document(const bson_t *test, const char *key)
{
    size_t n = 0;
    uint8_t *bytes = from_hex(dmongo_get_str(test, key, ""), &n);
    bson_t *doc = bytes != NULL ? bson_new_from_data(bytes, n) : NULL;
    free(bytes);
    size_t at = 0;
    if (doc != NULL &&
        !bson_validate(doc, BSON_VALIDATE_UTF8 | BSON_VALIDATE_UTF8_ALLOW_NULL,
                       &at)) {
        spec_wrong("%s is not valid at byte %zu", key, at);
        bson_destroy(doc);
        return NULL;
    }
    if (doc == NULL)
        spec_wrong("%s is no document", key);
    return doc;
}

static bson_t *from_json(const char *json, const char *key)
{
    bson_error_t error;
    bson_t *doc = bson_new_from_json((const uint8_t *)json, -1, &error);
    if (doc == NULL)
        spec_wrong("%s is refused: %s", key, error.message);
    return doc;
}

/* Leaves out white space between tokens, and writes every escape as the letter that
 * it stands for, but for what must be escaped. */
static char *normal(const char *json)
{
    char *out = malloc(6 * strlen(json) + 1), *to = out;
    bool quoted = false;
    for (const char *at = json; out != NULL && *at != 0; at++) {
        unsigned code;
        if (!quoted && strchr(" \t\r\n", *at) != NULL)
            continue;
        if (*at == '"')
            quoted = !quoted;
        if (*at != '\\') {
            *to++ = *at;
        } else if (at[1] == 'u' && sscanf(at + 2, "%4x", &code) == 1) {
            static const char named[] = "\bb\ff\nn\rr\tt";
            const char *found = code < 32 && code != 0
                                    ? strchr(named, (int)code) : NULL;
            if (found != NULL)
                to += sprintf(to, "\\%c", found[1]);
            else if (code >= 32 && code < 127 && code != '"' && code != '\\')
                *to++ = (char)code;
            else if (code >= 0x80 && (code < 0xd800 || code > 0xdfff))
                to += code < 0x800
                          ? sprintf(to, "%c%c", 0xc0 | code >> 6, 0x80 | (code & 63))
                          : sprintf(to, "%c%c%c", 0xe0 | code >> 12,
                                    0x80 | (code >> 6 & 63), 0x80 | (code & 63));
            else
                to += sprintf(to, "\\u%04x", code);
            at += 5;
        } else {
            *to++ = *at++;
            if (*at == '/')
                to[-1] = '/';
            else
                *to++ = *at;
        }
    }
    if (out != NULL)
        *to = 0;
    return out;
}

static void same_json(const char *what, char *got, const char *want)
{
    char *a = got != NULL ? normal(got) : NULL, *b = normal(want);
    if (a == NULL || b == NULL || strcmp(a, b) != 0)
        spec_wrong("%s is %.120s and not %.120s", what, a != NULL ? a : "nothing", b);
    free(a);
    free(b);
    bson_free(got);
}

static void same_bytes(const char *what, const bson_t *got, const bson_t *want)
{
    if (got != NULL && want != NULL && !bson_equal(got, want))
        spec_wrong("%s makes other bytes", what);
}

/* Takes the document's top level apart by the getters, and builds another one of it. */
static void check_rebuilt(const bson_t *doc)
{
    bson_iter_t at;
    diesel_error err;
    dmongo_value items[100];
    size_t n = 0;
    if (!bson_iter_init(&at, doc))
        return;
    while (bson_iter_next(&at) && n + 2 <= sizeof items / sizeof *items) {
        const char *key = bson_iter_key(&at);
        if (strchr(key, '.') != NULL || *key == 0)
            return; /* which no path can name */
        items[n++] = dmongo_str(key);
        items[n++] = dmongo_get_value(doc, key);
    }
    bson_t *built = dmongo_doc_to_bson(dmongo_doc_of(items, n), &err);
    if (built == NULL)
        spec_wrong("it cannot be built: %s", err.message);
    same_bytes("building it from its values", built, doc);
    bson_destroy(built);
    bson_t *copy = dmongo_doc_to_bson(dmongo_bson(doc), &err);
    if (copy == NULL)
        spec_wrong("it cannot be copied: %s", err.message);
    same_bytes("copying it", copy, doc);
    bson_destroy(copy);
}

/* That the string at `key`, if there is one, makes the document `canonical`. */
static void check_json(const bson_t *test, const char *key, const bson_t *canonical)
{
    const char *json = dmongo_get_str(test, key, NULL);
    if (json == NULL)
        return;
    bson_t *doc = from_json(json, key);
    if (!dmongo_get_bool(test, "lossy", false))
        same_bytes(key, doc, canonical);
    bson_destroy(doc);
}

static void check_relaxed(const bson_t *test, const bson_t *canonical)
{
    const char *json = dmongo_get_str(test, "relaxed_extjson", NULL);
    if (json == NULL)
        return;
    same_json("relaxed_extjson",
              bson_as_relaxed_extended_json(canonical, NULL), json);
    bson_t *doc = from_json(json, "relaxed_extjson");
    if (doc != NULL)
        same_json("relaxed_extjson, read,", bson_as_relaxed_extended_json(doc, NULL),
                  json);
    bson_destroy(doc);
}

static void check_converted(const bson_t *test, const char *bson, const char *json)
{
    if (!dmongo_has(test, bson))
        return;
    bson_t *doc = document(test, bson);
    if (doc != NULL) {
        check_rebuilt(doc);
        same_json(json, bson_as_canonical_extended_json(doc, NULL),
                  dmongo_get_str(test, json, ""));
    }
    bson_destroy(doc);
}

static void run_valid(const bson_t *file, const bson_t *test)
{
    (void)file;
    spec_case_begin(dmongo_get_str(test, "description", "?"), NULL);
    bson_t *canonical = document(test, "canonical_bson");
    if (canonical != NULL) {
        const char *json = dmongo_get_str(test, "canonical_extjson", "");
        check_rebuilt(canonical);
        same_json("canonical_extjson",
                  bson_as_canonical_extended_json(canonical, NULL), json);
        check_relaxed(test, canonical);
        check_json(test, "canonical_extjson", canonical);
        check_json(test, "degenerate_extjson", canonical);
        check_converted(test, "degenerate_bson", "canonical_extjson");
        check_converted(test, "converted_bson", "converted_extjson");
    }
    bson_destroy(canonical);
    spec_case_end();
}

/* libbson finds bad UTF-8 in some types only when the document is written as JSON. */
static bool is_sound(const bson_t *doc)
{
    size_t at;
    char *json = bson_validate(doc, BSON_VALIDATE_UTF8, &at)
                     ? bson_as_canonical_extended_json(doc, NULL)
                     : NULL;
    bool sound = json != NULL;
    bson_free(json);
    return sound;
}

static void run_decode_error(const bson_t *file, const bson_t *test)
{
    size_t n = 0;
    bson_t doc;
    (void)file;
    spec_case_begin(dmongo_get_str(test, "description", "?"), "decode");
    uint8_t *bytes = from_hex(dmongo_get_str(test, "bson", "00"), &n);
    if (bytes == NULL)
        spec_wrong("it is not hexadecimal");
    else if (bson_init_static(&doc, bytes, n) && is_sound(&doc))
        spec_wrong("it is taken for valid");
    free(bytes);
    spec_case_end();
}

static void run_parse_error(const bson_t *file, const bson_t *test)
{
    const char *text = dmongo_get_str(test, "string", "");
    spec_case_begin(dmongo_get_str(test, "description", "?"), "parse");
    bson_error_t error;
    bson_decimal128_t decimal;
    if (strcmp(dmongo_get_str(file, "bson_type", ""), "0x13") == 0) {
        if (bson_decimal128_from_string(text, &decimal))
            spec_wrong("%.100s is taken", text);
    } else {
        bson_t *doc = bson_new_from_json((const uint8_t *)text, -1, &error);
        if (doc != NULL)
            spec_wrong("%.200s is taken", text);
        bson_destroy(doc);
    }
    spec_case_end();
}

static void run_corpus(const bson_t *file)
{
    spec_each(file, "valid", run_valid);
    spec_each(file, "decodeErrors", run_decode_error);
    spec_each(file, "parseErrors", run_parse_error);
}

int main(void)
{
    static const spec_family families[] = {
        {"bson-corpus", "bson-corpus/tests/*.json", run_corpus},
    };
    return spec_run(families, sizeof families / sizeof *families, exceptions,
                    sizeof exceptions / sizeof *exceptions);
}

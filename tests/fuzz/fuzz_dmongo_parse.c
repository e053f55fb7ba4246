/* SPDX-License-Identifier: MIT */
/*
 * Fuzz entry point of what people type at dmongo: statements and the values in
 * them, out of any bytes. Besides not crashing:
 *
 *  - an error has a message, and a place within the text;
 *  - what was read is sound BSON;
 *  - printed as canonical extended JSON and read again, it is the same.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mongo/cli/literal_internal.h"
#include "mongo/cli/statement_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(claim)                                                           \
    do {                                                                       \
        if (!(claim))                                                          \
            abort();                                                           \
    } while (0)

static void check_error(const dmongo__source *src)
{
    size_t line, column;
    CHECK(src->error.message[0] != '\0');
    CHECK(src->error.at <= src->len);
    dmongo__source_place(src->text, src->len, src->error.at, &line, &column);
    CHECK(line >= 1 && column >= 1);

    char *shown = NULL;
    size_t len;
    FILE *out = open_memstream(&shown, &len);
    dmongo__source_show(src->text, src->len, src->error.at, out);
    fclose(out);
    CHECK(len > 0 && shown[len - 2] == '^');
    free(shown);
}

static void check_document(const bson_t *doc)
{
    CHECK(bson_validate(doc, BSON_VALIDATE_NONE, NULL));
    char *json = bson_as_canonical_extended_json(doc, NULL);
    CHECK(json != NULL);
    bson_t again = BSON_INITIALIZER, view;
    dmongo__source src = {.text = json, .len = strlen(json)};
    bson_iter_t iter;
    const uint8_t *bytes;
    uint32_t len;
    if (dmongo__literal_read(&src, &again, "v") < 0) {
        /* In JSON a number takes one level, and a date two, more. */
        CHECK(strstr(src.error.message, "inside each other") != NULL);
    } else {
        CHECK(bson_iter_init_find(&iter, &again, "v"));
        CHECK(BSON_ITER_HOLDS_DOCUMENT(&iter));
        bson_iter_document(&iter, &len, &bytes);
        CHECK(bson_init_static(&view, bytes, len));
        CHECK(bson_equal(&view, doc));
    }
    bson_destroy(&again);
    bson_free(json);
}

static void check_statement(const dmongo__statement *statement)
{
    for (size_t i = 0; i < statement->call_count; i++)
        check_document(statement->calls[i].args);
    if (statement->kind == DMONGO__COMMAND)
        check_document(statement->command);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    dmongo__source src = {.text = (const char *)data, .len = size};
    if (dmongo__source_check(&src) < 0) {
        check_error(&src);
        return 0;
    }
    for (;;) {
        dmongo__statement statement;
        size_t before = src.pos;
        int result = dmongo__statement_read(&src, &statement);
        bool more = result == 0 && statement.kind != DMONGO__NOTHING;
        if (result < 0)
            check_error(&src);
        if (more) {
            CHECK(src.pos > before && src.pos <= size);
            check_statement(&statement);
        }
        dmongo__statement_clear(&statement);
        if (!more)
            return 0;
    }
}

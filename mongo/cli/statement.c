/* SPDX-License-Identifier: MIT */
/*
 * The grammar of statements, see statement_internal.h.
 *
 * After "db" come names, with dots or in brackets, and calls. A name that is
 * followed by "(" is a method of what has been built up so far; all others are
 * parts of a collection's name, which may have dots: db.system.views.find() is
 * find() on "system.views". So one pass suffices, which holds the object that
 * the next method is called on:
 *
 *     DATABASE --name--> COLLECTION --name--> COLLECTION
 *     any object --method(...)--> the method's result
 *
 * Methods and arguments are checked here, where there is a place to point at:
 * a statement that has been read can be run, if only the server agrees.
 */
#include "mongo/cli/statement_internal.h"

#include <stdlib.h>
#include <string.h>

#include "mongo/cli/literal_internal.h"
#include "mongo/cli/method_internal.h"

void dmongo__statement_clear(dmongo__statement *statement)
{
    for (size_t i = 0; i < statement->call_count; i++)
        bson_destroy(statement->calls[i].args);
    free(statement->calls);
    free(statement->database);
    free(statement->collection);
    free(statement->word);
    bson_destroy(statement->command);
    memset(statement, 0, sizeof *statement);
}

static int no_memory(dmongo__source *src)
{
    return dmongo__source_fail(src, src->pos, "out of memory");
}

/* Appends a part to the collection's name, after a dot if it has one already. */
static int extend_collection(dmongo__source *src, dmongo__statement *statement,
                             const char *part, size_t len)
{
    size_t old = statement->collection ? strlen(statement->collection) : 0;
    if (memchr(part, '\0', len) != NULL || len == 0)
        return dmongo__source_fail(src, src->pos,
                                   len == 0
                                       ? "a collection's name cannot be empty"
                                       : "a name cannot hold a zero byte");
    char *name = realloc(statement->collection, old + len + 2);
    if (name == NULL)
        return no_memory(src);
    statement->collection = name;
    if (old > 0)
        name[old++] = '.';
    memcpy(name + old, part, len);
    name[old + len] = '\0';
    return 0;
}

/* getCollection("...") and getSiblingDB("...") say where, and are no calls. */
static int take_place(dmongo__source *src, dmongo__statement *statement,
                      const dmongo__call *call)
{
    bson_iter_t iter;
    uint32_t len;
    bson_iter_init_find(&iter, call->args, "0");
    const char *name = bson_iter_utf8(&iter, &len);
    if (call->method->id == DMONGO__METHOD_DB_GET_COLLECTION)
        return extend_collection(src, statement, name, len);
    if (len == 0 || strlen(name) < len)
        return dmongo__source_fail(src, call->at,
                                   "a database's name cannot be empty, nor hold a "
                                   "zero byte");
    free(statement->database);
    statement->database = strdup(name);
    return statement->database != NULL ? 0 : no_memory(src);
}

static int add_call(dmongo__source *src, dmongo__statement *statement,
                    dmongo__call **call)
{
    dmongo__call *calls = reallocarray(
        statement->calls, statement->call_count + 1, sizeof *calls);
    if (calls == NULL)
        return no_memory(src);
    statement->calls = calls;
    *call = &calls[statement->call_count++];
    memset(*call, 0, sizeof **call);
    (*call)->args = bson_new();
    return 0;
}

/* name(arguments), where src is at the parenthesis. */
static int read_call(dmongo__source *src, dmongo__statement *statement,
                     size_t at, size_t len, dmongo__object *object)
{
    const char *name = src->text + at;
    const dmongo__method *method = dmongo__method_find(*object, name, len);
    dmongo__call *call = NULL;
    if (method == NULL)
        return dmongo__source_fail(src, at, "%s has no method %.*s() here",
                                   dmongo__object_name(*object),
                                   len > 60 ? 60 : (int)len, name);
    if (add_call(src, statement, &call) < 0)
        return -1;
    call->method = method;
    call->at = at;
    if (dmongo__literal_arguments(src, call->args, &call->count) < 0 ||
        dmongo__method_check(src, call) < 0)
        return -1;
    *object = method->result;
    if (*object != DMONGO__ON_DATABASE && *object != DMONGO__ON_COLLECTION)
        return 0;
    int result = take_place(src, statement, call);
    bson_destroy(call->args);
    statement->call_count--;
    return result;
}

/* A name that is no method extends the collection's name. */
static int take_name(dmongo__source *src, dmongo__statement *statement,
                     size_t at, const char *name, size_t len,
                     dmongo__object *object)
{
    if (*object > DMONGO__ON_COLLECTION)
        return dmongo__source_fail(src, at,
                                   "after a call only another one can follow, as "
                                   "in .limit(5)");
    *object = DMONGO__ON_COLLECTION;
    return extend_collection(src, statement, name, len);
}

/* .name, or .name(...) */
static int read_dotted(dmongo__source *src, dmongo__statement *statement,
                       dmongo__object *object)
{
    src->pos++; /* the dot */
    if (dmongo__source_skip(src, NULL) < 0)
        return -1;
    size_t at = src->pos, len = dmongo__source_word(src);
    if (len == 0)
        return dmongo__source_expected(src, "a name after the dot");
    src->pos += len;
    size_t after = src->pos;
    if (dmongo__source_skip(src, NULL) < 0)
        return -1;
    if (dmongo__source_peek(src, 0) == '(')
        return read_call(src, statement, at, len, object);
    src->pos = after;
    return take_name(src, statement, at, src->text + at, len, object);
}

/* ["name"] */
static int read_bracketed(dmongo__source *src, dmongo__statement *statement,
                          dmongo__object *object)
{
    src->pos++; /* the bracket */
    if (dmongo__source_skip(src, NULL) < 0)
        return -1;
    size_t at = src->pos, len;
    if (dmongo__source_peek(src, 0) != '"' && dmongo__source_peek(src, 0) != '\'')
        return dmongo__source_expected(src, "a name in quotes");
    char *name = dmongo__literal_string(src, &len);
    if (name == NULL)
        return -1;
    int result = dmongo__source_accept(src, ']');
    if (result == 0)
        result = dmongo__source_expected(src, "\"]\"");
    if (result > 0)
        result = take_name(src, statement, at, name, len, object);
    free(name);
    return result;
}

/* What follows "db". */
static int read_chain(dmongo__source *src, dmongo__statement *statement)
{
    dmongo__object object = DMONGO__ON_DATABASE;
    for (;;) {
        size_t before = src->pos;
        bool newline = false;
        if (dmongo__source_skip(src, &newline) < 0)
            return -1;
        char c = dmongo__source_peek(src, 0);
        int result;
        if (c == '.')
            result = read_dotted(src, statement, &object);
        else if (c == '[' && !newline)
            result = read_bracketed(src, statement, &object);
        else {
            src->pos = before;
            break;
        }
        if (result < 0)
            return -1;
    }
    if (object == DMONGO__ON_COLLECTION)
        return dmongo__source_fail(src, statement->at,
                                   "nothing is called on this collection: db.%.60s"
                                   ".find() shows its documents",
                                   statement->collection);
    return 0;
}

/* show WORD, use WORD: the rest of the line up to a space or a semicolon. */
static int read_word_after(dmongo__source *src, dmongo__statement *statement)
{
    while (dmongo__source_peek(src, 0) == ' ' ||
           dmongo__source_peek(src, 0) == '\t')
        src->pos++;
    const char *word = src->text + src->pos;
    size_t len = 0;
    while (src->pos + len < src->len && word[len] != '\0' &&
           strchr(" \t\r\n;", word[len]) == NULL)
        len++;
    if (len == 0)
        return dmongo__source_expected(src, statement->kind == DMONGO__USE
                                                ? "a database's name"
                                                : "dbs or collections");
    statement->word = strndup(word, len);
    src->pos += len;
    return statement->word != NULL ? 0 : no_memory(src);
}

static int read_show(dmongo__source *src, dmongo__statement *statement)
{
    static const char *const words[] = {"dbs", "databases", "collections",
                                        "tables"};
    statement->kind = DMONGO__SHOW;
    if (read_word_after(src, statement) < 0)
        return -1;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strcmp(words[i], statement->word) == 0)
            return 0;
    return dmongo__source_fail(src, src->pos - strlen(statement->word),
                               "only dbs and collections can be shown");
}

static int read_use(dmongo__source *src, dmongo__statement *statement)
{
    statement->kind = DMONGO__USE;
    return read_word_after(src, statement);
}

static int read_db(dmongo__source *src, dmongo__statement *statement)
{
    statement->kind = DMONGO__CALLS;
    return read_chain(src, statement);
}

/* A document by itself is a command. */
static int read_command(dmongo__source *src, dmongo__statement *statement)
{
    bson_t holder = BSON_INITIALIZER;
    bson_iter_t iter;
    const uint8_t *data;
    uint32_t len;
    size_t at = src->pos;
    int result = dmongo__literal_read(src, &holder, "");
    if (result == 0) {
        bson_iter_init(&iter, &holder);
        bson_iter_next(&iter);
        if (BSON_ITER_HOLDS_DOCUMENT(&iter)) {
            bson_iter_document(&iter, &len, &data);
            statement->command = bson_new_from_data(data, len);
            statement->kind = DMONGO__COMMAND;
        } else {
            result = dmongo__source_fail(src, at, "this value is no command");
        }
    }
    if (result == 0 && bson_empty(statement->command))
        result = dmongo__source_fail(src, at, "a command has at least one key");
    bson_destroy(&holder);
    return result;
}

static const struct {
    const char *word;
    int (*read)(dmongo__source *src, dmongo__statement *statement);
} beginnings[] = {
    {"db", read_db},
    {"show", read_show},
    {"use", read_use},
};

static int read_beginning(dmongo__source *src, dmongo__statement *statement)
{
    size_t len = dmongo__source_word(src);
    const char *word = src->text + src->pos;
    if (dmongo__source_peek(src, 0) == '{')
        return read_command(src, statement);
    for (size_t i = 0; i < sizeof beginnings / sizeof beginnings[0]; i++) {
        if (strlen(beginnings[i].word) == len &&
            memcmp(beginnings[i].word, word, len) == 0) {
            src->pos += len;
            return beginnings[i].read(src, statement);
        }
    }
    if (len > 0)
        return dmongo__source_fail(
            src, src->pos,
            "\"%.*s\" begins no statement here: db, show, use and {...} do",
            len > 40 ? 40 : (int)len, word);
    return dmongo__source_expected(src, "a statement");
}

/* After a statement: a semicolon, a new line or the end. */
static int read_end(dmongo__source *src)
{
    bool newline = false;
    if (dmongo__source_skip(src, &newline) < 0)
        return -1;
    if (newline || src->pos >= src->len || dmongo__source_peek(src, 0) == ';')
        return 0;
    return dmongo__source_expected(src, "\";\" or the end of the statement");
}

int dmongo__statement_read(dmongo__source *src, dmongo__statement *statement)
{
    memset(statement, 0, sizeof *statement);
    int semicolon;
    do {
        semicolon = dmongo__source_accept(src, ';');
    } while (semicolon > 0);
    if (semicolon < 0)
        return -1;
    statement->at = src->pos;
    if (src->pos >= src->len)
        return 0;
    if (read_beginning(src, statement) < 0)
        return -1;
    return read_end(src);
}

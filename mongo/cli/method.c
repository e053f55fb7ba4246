/* SPDX-License-Identifier: MIT */
/*
 * Finding methods in the list of method_internal.h, and checking what they are
 * called with. A wrong argument is reported at the method's name, with the
 * method as it is meant to be called:
 *
 *     updateOne(filter, update[, options]): argument 2 must be a document or an
 *     array, not a string
 */
#include "mongo/cli/method_internal.h"

#include <string.h>

static const dmongo__method methods[] = {
#define DMONGO__METHOD_ROW(id, on, name, signature, result, usage)             \
    {DMONGO__METHOD_##id, DMONGO__ON_##on, name, signature,                    \
     DMONGO__ON_##result, usage},
    DMONGO_METHOD_MAP(DMONGO__METHOD_ROW)
#undef DMONGO__METHOD_ROW
};

const dmongo__method *dmongo__method_find(dmongo__object on, const char *name,
                                          size_t len)
{
    for (size_t i = 0; i < DMONGO__METHODS; i++)
        if (methods[i].on == on && strlen(methods[i].name) == len &&
            memcmp(methods[i].name, name, len) == 0)
            return &methods[i];
    return NULL;
}

const char *dmongo__object_name(dmongo__object object)
{
    static const char *const names[] = {
        [DMONGO__ON_DATABASE] = "a database",
        [DMONGO__ON_COLLECTION] = "a collection",
        [DMONGO__ON_FIND] = "a cursor of find()",
        [DMONGO__ON_AGGREGATE] = "a cursor of aggregate()",
        [DMONGO__ON_VALUE] = "a result",
    };
    return names[object];
}

/* What a letter of a signature stands for. */
static const struct {
    char letter;
    const char *what;
} letters[] = {
    {'d', "a document"},
    {'a', "an array"},
    {'u', "a document or an array"},
    {'s', "a string"},
    {'c', "a document or a string"},
    {'n', "a whole number"},
    {'*', "a value"},
};

static const char *letter_name(char letter)
{
    for (size_t i = 0; i < sizeof letters / sizeof letters[0]; i++)
        if (letters[i].letter == letter)
            return letters[i].what;
    return "a value";
}

static bool is_whole(const bson_iter_t *iter)
{
    if (!BSON_ITER_HOLDS_DOUBLE(iter))
        return BSON_ITER_HOLDS_INT(iter);
    double value = bson_iter_double(iter);
    return value >= -0x1p53 && value <= 0x1p53 &&
           (double)(int64_t)value == value;
}

static bool fits(char letter, const bson_iter_t *iter)
{
    bool is_document = BSON_ITER_HOLDS_DOCUMENT(iter);
    bool is_array = BSON_ITER_HOLDS_ARRAY(iter);
    switch (letter) {
    case 'd':
        return is_document;
    case 'a':
        return is_array;
    case 'u':
        return is_document || is_array;
    case 's':
        return BSON_ITER_HOLDS_UTF8(iter);
    case 'c':
        return is_document || BSON_ITER_HOLDS_UTF8(iter);
    case 'n':
        return is_whole(iter);
    default:
        return true;
    }
}

/* "find([filter, projection, options])" */
static void spell(const dmongo__method *method, char *out, size_t size)
{
    size_t required = strcspn(method->signature, "?");
    bool optional = method->signature[required] == '?';
    const char *rest = method->usage;
    for (size_t i = 0; i < required && rest != NULL; i++) {
        rest = strchr(rest, ',');
        rest = rest != NULL && i + 1 < required ? rest + 1 : rest;
    }
    int before = rest != NULL ? (int)(rest - method->usage)
                              : (int)strlen(method->usage);
    if (rest == NULL)
        rest = "";
    snprintf(out, size, "%s(%.*s%s%s%s)", method->name, before, method->usage,
             optional ? "[" : "", rest, optional ? "]" : "");
}

int dmongo__method_check(dmongo__source *src, const dmongo__call *call)
{
    const dmongo__method *method = call->method;
    char usage[80];
    spell(method, usage, sizeof usage);

    bson_iter_t iter;
    bson_iter_init(&iter, call->args);
    bool required = true;
    int number = 0;
    for (const char *letter = method->signature; *letter != '\0'; letter++) {
        if (*letter == '?') {
            required = false;
            continue;
        }
        bool there = bson_iter_next(&iter);
        number++;
        if (!there && required)
            return dmongo__source_fail(src, call->at, "%s: argument %d is missing",
                                       usage, number);
        bool absent = !there || (!required && BSON_ITER_HOLDS_NULL(&iter));
        if (!absent && !fits(*letter, &iter))
            return dmongo__source_fail(src, call->at,
                                       "%s: argument %d must be %s", usage,
                                       number, letter_name(*letter));
    }
    if (call->count > number)
        return dmongo__source_fail(src, call->at,
                                   "%s: there are %d arguments", usage,
                                   call->count);
    return 0;
}

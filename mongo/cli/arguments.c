/* SPDX-License-Identifier: MIT */
/*
 * From the arguments of a method to those of the driver. Which arguments there
 * are, and of which types, has been checked when the statement was read; options
 * within a document are checked here, by a table per method, and an unknown one
 * is an error: what is misspelt would otherwise silently not apply.
 */
#include "mongo/cli/run_internal.h"

#include <string.h>

static bool find_argument(const dmongo__call *call, int i, bson_iter_t *iter)
{
    char key[8];
    snprintf(key, sizeof key, "%d", i);
    return bson_iter_init_find(iter, call->args, key) &&
           !BSON_ITER_HOLDS_NULL(iter);
}

dmongo_value dmongo__argument(const dmongo__call *call, int i)
{
    char key[8];
    bson_iter_t iter;
    snprintf(key, sizeof key, "%d", i);
    return find_argument(call, i, &iter) ? dmongo_get_value(call->args, key)
                                         : dmongo_absent();
}

dmongo_value dmongo__document_argument(const dmongo__call *call, int i)
{
    bson_iter_t iter;
    return find_argument(call, i, &iter) ? dmongo__argument(call, i)
                                         : dmongo_doc_of(NULL, 0);
}

dmongo_value dmongo__array_argument(const dmongo__call *call, int i)
{
    bson_iter_t iter;
    return find_argument(call, i, &iter) ? dmongo__argument(call, i)
                                         : dmongo_array_of(NULL, 0);
}

const char *dmongo__string_argument(const dmongo__call *call, int i)
{
    bson_iter_t iter;
    return find_argument(call, i, &iter) && BSON_ITER_HOLDS_UTF8(&iter)
               ? bson_iter_utf8(&iter, NULL)
               : NULL;
}

static int refuse(const dmongo__running *running, const dmongo__call *call,
                  const char *name, const char *what)
{
    return diesel_error_set(running->err, DIESEL_E_INVAL, DIESEL_DOM_MONGO, 0,
                            "%s: option \"%s\" %s", call->method->name, name,
                            what);
}

/* The whole number that iter holds in one of three types. */
static bool whole(const bson_iter_t *iter, int64_t min, int64_t max,
                  int64_t *number)
{
    if (!BSON_ITER_HOLDS_NUMBER(iter))
        return false;
    if (BSON_ITER_HOLDS_DOUBLE(iter)) {
        double d = bson_iter_double(iter);
        if (!(d >= -0x1p53 && d <= 0x1p53))
            return false;
        *number = (int64_t)d;
        return (double)*number == d && *number >= min && *number <= max;
    }
    *number = bson_iter_as_int64(iter);
    return *number >= min && *number <= max;
}

static int store(const dmongo__option *option, const bson_t *from,
                 const char *path, const bson_iter_t *value, void *options)
{
    char *place = (char *)options + option->offset;
    int64_t number;
    switch (option->kind) {
    case DMONGO__OPTION_VALUE:
        *(dmongo_value *)place = dmongo_get_value(from, path);
        return 0;
    case DMONGO__OPTION_INT64:
        if (!whole(value, INT64_MIN, INT64_MAX, &number))
            return -1;
        *(int64_t *)place = number;
        return 0;
    case DMONGO__OPTION_INT32:
        if (!whole(value, INT32_MIN, INT32_MAX, &number))
            return -1;
        *(int32_t *)place = (int32_t)number;
        return 0;
    default:
        if (!BSON_ITER_HOLDS_BOOL(value))
            return -1;
        *(bool *)place = bson_iter_bool(value);
        return 0;
    }
}

int dmongo__read_option(const dmongo__running *running,
                        const dmongo__call *call, const char *name,
                        const bson_t *from, const char *path,
                        const dmongo__option *table, void *options)
{
    static const char *const wanted[] = {
        [DMONGO__OPTION_VALUE] = "",
        [DMONGO__OPTION_INT64] = "must be a whole number",
        [DMONGO__OPTION_INT32] = "must be a whole number of 32 bits",
        [DMONGO__OPTION_BOOL] = "must be true or false",
    };
    bson_iter_t value;
    if (!bson_iter_init_find(&value, from, path))
        return 0;
    for (const dmongo__option *o = table; o->name != NULL; o++) {
        if (strcmp(o->name, name) != 0)
            continue;
        if (store(o, from, path, &value, options) < 0)
            return refuse(running, call, name, wanted[o->kind]);
        return 0;
    }
    return refuse(running, call, name, "is not known");
}

int dmongo__read_options(const dmongo__running *running,
                         const dmongo__call *call, int i,
                         const dmongo__option *table, void *options)
{
    bson_iter_t argument, iter;
    const uint8_t *data;
    uint32_t len;
    bson_t view;
    if (!find_argument(call, i, &argument))
        return 0;
    bson_iter_document(&argument, &len, &data);
    if (!bson_init_static(&view, data, len) || !bson_iter_init(&iter, &view))
        return 0;
    while (bson_iter_next(&iter)) {
        const char *name = bson_iter_key(&iter);
        if (dmongo__read_option(running, call, name, &view, name, table,
                                options) < 0)
            return -1;
    }
    return 0;
}

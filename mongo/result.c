/* SPDX-License-Identifier: MIT */
/*
 * Results of writes. A reply that says ok may still say that documents were
 * refused or that the write concern was not met:
 *
 *     {ok: 1, n: 2, writeErrors: [{index: 2, code: 11000, errmsg: "..."}],
 *      writeConcernError: {code: 64, codeName: "...", errmsg: "..."}}
 *
 * Messages are copied, each with its own allocation: errors are the exception.
 */
#include "result_internal.h"

#include <inttypes.h>
#include <string.h>

#include <diesel/memory.h>

void dmongo_result_clear(dmongo_result *result)
{
    for (size_t i = 0; i < result->error_count; i++)
        diesel_free((char *)(uintptr_t)result->errors[i].message);
    diesel_free(result->errors);
    diesel_free((char *)(uintptr_t)result->concern_error.message);
    bson_destroy(result->upserted);
    memset(result, 0, sizeof *result);
}

static int malformed(struct dmongo__call *call)
{
    return diesel_error_set(&call->error, DIESEL_E_PROTOCOL, DIESEL_DOM_MONGO, 0,
                            "malformed reply: its write errors are no array of "
                            "documents");
}

/* Makes a write error of a document {index, code, errmsg}. */
static int read_error(dmongo_write_error *out, struct dmongo__call *call,
                      const struct dmongo__element *e, size_t first)
{
    struct dmongo__reply fields;
    bson_t doc;
    if (e->type != BSON_TYPE_DOCUMENT ||
        dmongo__reply_fields(&fields, e->value, e->size) < 0 ||
        !bson_init_static(&doc, e->value, e->size))
        return malformed(call);
    size_t n;
    const char *text = dmongo__element_str(&fields.message, &n);
    out->message = diesel_strndup(text, n);
    if (out->message == NULL)
        return diesel_error_nomem(&call->error, "a write error");
    out->code = (int)dmongo__element_int(&fields.code, 0);
    out->index = first + (size_t)dmongo_get_int(&doc, "index", 0);
    return 0;
}

/* Adds the error, whose message is taken. */
static int add_error(dmongo_result *result, struct dmongo__call *call,
                     const dmongo_write_error *error)
{
    dmongo_write_error *grown = diesel_realloc_array(
        result->errors, result->error_count + 1, sizeof *grown);
    if (grown == NULL) {
        diesel_free((char *)(uintptr_t)error->message);
        return diesel_error_nomem(&call->error, "a write error");
    }
    result->errors = grown;
    grown[result->error_count++] = *error;
    return 0;
}

int dmongo__result_add_error(dmongo_result *result, struct dmongo__call *call,
                             size_t index, int code, const char *text)
{
    dmongo_write_error error = {.index = index,
                                .code = code,
                                .message = diesel_strndup(text, strlen(text))};
    if (error.message == NULL)
        return diesel_error_nomem(&call->error, "a write error");
    return add_error(result, call, &error);
}

static int read_errors(dmongo_result *result, struct dmongo__call *call,
                       size_t first)
{
    const struct dmongo__element *list = &call->reply.write_errors;
    struct dmongo__walk walk;
    struct dmongo__element e;
    if (list->type != BSON_TYPE_ARRAY)
        return malformed(call);
    int got = dmongo__walk_begin(&walk, list->value, list->size);
    while (got >= 0 && (got = dmongo__walk_next(&walk, &e)) > 0) {
        dmongo_write_error error;
        if (read_error(&error, call, &e, first) < 0 ||
            add_error(result, call, &error) < 0)
            return -1;
    }
    return got == 0 ? 0 : malformed(call);
}

static int read_concern_error(dmongo_result *result, struct dmongo__call *call)
{
    if (result->has_concern_error)
        return 0; /* the first one is reported */
    if (read_error(&result->concern_error, call, &call->reply.concern_error,
                   0) < 0)
        return -1;
    result->has_concern_error = true;
    return 0;
}

int dmongo__result_read(dmongo_result *result, struct dmongo__call *call,
                        size_t first, bool *failed)
{
    *failed = false;
    if (call->reply.write_errors.type != 0) {
        if (read_errors(result, call, first) < 0)
            return -1;
        *failed = result->error_count > 0;
    }
    if (call->reply.concern_error.type != 0) {
        if (read_concern_error(result, call) < 0)
            return -1;
        *failed = true;
    }
    return 0;
}

/* Fills the error from one of the reply's; `e` is {code, errmsg}. */
static void explain(struct dmongo__call *call, const dmongo_write_error *e)
{
    const char *name = dmongo_code_name(e->code);
    dmongo__code_fail(e->message, strlen(e->message), name,
                      name != NULL ? strlen(name) : 0, e->code, &call->error);
}

int dmongo__result_fail(const dmongo_result *result, struct dmongo__call *call,
                        size_t total)
{
    if (result->error_count == 0) {
        explain(call, &result->concern_error);
        call->error.flags |= dmongo__labels(&call->reply.labels);
        diesel_error_prefix(&call->error, "write concern not met");
        return -1;
    }
    const dmongo_write_error *first = &result->errors[0];
    explain(call, first);
    if (result->error_count > 1)
        diesel_error_prefix(&call->error,
                            "%zu of %zu documents refused, number %zu",
                            result->error_count, total, first->index);
    else if (total > 1)
        diesel_error_prefix(&call->error, "document number %zu", first->index);
    return -1;
}

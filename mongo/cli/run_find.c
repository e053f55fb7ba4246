/* SPDX-License-Identifier: MIT */
/*
 * find() and aggregate(), with what is called on their cursors.
 *
 * A cursor method either adds an option, as .sort() and .limit() do, or says what
 * to do with the documents, as .toArray() and .count(). So the options are
 * gathered from all calls first, and the last call decides; without one of the
 * second kind the documents are printed as they come.
 */
#include "mongo/cli/run_internal.h"

#include <string.h>

#define VALUE(type, member)                                                    \
    {#member, DMONGO__OPTION_VALUE, offsetof(type, member)}

static const dmongo__option find_options[] = {
    VALUE(dmongo_find_options, projection),
    VALUE(dmongo_find_options, sort),
    VALUE(dmongo_find_options, hint),
    VALUE(dmongo_find_options, collation),
    VALUE(dmongo_find_options, let),
    VALUE(dmongo_find_options, comment),
    {"project", DMONGO__OPTION_VALUE,
     offsetof(dmongo_find_options, projection)},
    {"skip", DMONGO__OPTION_INT64, offsetof(dmongo_find_options, skip)},
    {"limit", DMONGO__OPTION_INT64, offsetof(dmongo_find_options, limit)},
    {"batchSize", DMONGO__OPTION_INT32,
     offsetof(dmongo_find_options, batch_size)},
    {"maxTimeMS", DMONGO__OPTION_INT64,
     offsetof(dmongo_find_options, max_time_ms)},
    {"allowDiskUse", DMONGO__OPTION_BOOL,
     offsetof(dmongo_find_options, allow_disk_use)},
    {0},
};

static const dmongo__option aggregate_options[] = {
    VALUE(dmongo_aggregate_options, hint),
    VALUE(dmongo_aggregate_options, collation),
    VALUE(dmongo_aggregate_options, let),
    VALUE(dmongo_aggregate_options, comment),
    {"batchSize", DMONGO__OPTION_INT32,
     offsetof(dmongo_aggregate_options, batch_size)},
    {"maxTimeMS", DMONGO__OPTION_INT64,
     offsetof(dmongo_aggregate_options, max_time_ms)},
    {"allowDiskUse", DMONGO__OPTION_BOOL,
     offsetof(dmongo_aggregate_options, allow_disk_use)},
    {"bypassDocumentValidation", DMONGO__OPTION_BOOL,
     offsetof(dmongo_aggregate_options, bypass_document_validation)},
    {0},
};

/* The call that says what to do with the documents. */
static const dmongo__call *last_call(const dmongo__running *running)
{
    return &running->statement->calls[running->statement->call_count - 1];
}

/* Adds what .sort(...) and so on say to the options; methods that are in no
 * table, as .pretty(), say nothing. */
static int add_calls(const dmongo__running *running,
                     const dmongo__option *table, void *options)
{
    for (size_t i = 1; i < running->statement->call_count; i++) {
        const dmongo__call *call = &running->statement->calls[i];
        const char *name = call->method->name;
        bool is_option = call->count > 0 &&
                         call->method->result != DMONGO__ON_VALUE;
        if (is_option && dmongo__read_option(running, call, name, call->args,
                                             "0", table, options) < 0)
            return -1;
    }
    return 0;
}

/* Documents, one after the other. */
static int print_each(const dmongo__running *running, dmongo_cursor *cursor)
{
    const bson_t *doc;
    int got;
    while ((got = dmongo_cursor_next(cursor, &doc, running->err)) > 0) {
        if (dmongo__print(doc, running->session->layout, stdout,
                          running->err) < 0)
            return -1;
        if (ferror(stdout)) /* the end of the program says so */
            return 0;
    }
    return got;
}

/* All of them as one array. */
static int print_array(const dmongo__running *running, dmongo_cursor *cursor)
{
    bson_t *all = bson_new();
    bson_t array;
    const bson_t *doc;
    uint32_t n = 0;
    int got;
    bson_append_array_begin(all, "v", 1, &array);
    while ((got = dmongo_cursor_next(cursor, &doc, running->err)) > 0) {
        char buf[16];
        const char *key;
        bson_uint32_to_string(n++, &key, buf, sizeof buf);
        if (!bson_append_document(&array, key, -1, doc)) {
            got = diesel_error_set(running->err, DIESEL_E_LIMIT,
                                   DIESEL_DOM_MONGO, 0,
                                   "%s: the array is larger than 2 GiB",
                                   running->ns);
            break;
        }
    }
    bson_append_array_end(all, &array);
    if (got == 0)
        return dmongo__print_field(running, all, "v");
    bson_destroy(all);
    return -1;
}

static int print_count(const dmongo__running *running, dmongo_cursor *cursor)
{
    const bson_t *doc;
    int64_t n = 0;
    int got;
    while ((got = dmongo_cursor_next(cursor, &doc, running->err)) > 0)
        n++;
    return got < 0 ? -1 : dmongo__print_int(running, n);
}

/* What the last call wants with the cursor, which is closed. */
static int finish(const dmongo__running *running, dmongo_cursor *cursor)
{
    int result;
    if (cursor == NULL)
        return -1;
    switch (last_call(running)->method->id) {
    case DMONGO__METHOD_FIND_TO_ARRAY:
    case DMONGO__METHOD_AGGREGATE_TO_ARRAY:
        result = print_array(running, cursor);
        break;
    case DMONGO__METHOD_FIND_ITCOUNT:
    case DMONGO__METHOD_AGGREGATE_ITCOUNT:
        result = print_count(running, cursor);
        break;
    default:
        result = print_each(running, cursor);
    }
    dmongo_cursor_close(cursor);
    return result;
}

/* Asks the server how it would run a command. */
static int explain(const dmongo__running *running, dmongo_value command)
{
    const char *verbosity = dmongo__string_argument(last_call(running), 0);
    bson_t *reply;
    if (verbosity == NULL)
        verbosity = "queryPlanner";
    if (dmongo_run(running->session->client, running->database,
                   dmongo_doc("explain", command, "verbosity", verbosity),
                   &reply, running->err) < 0)
        return -1;
    return dmongo__print_result(running, reply);
}

static dmongo_value unless_zero(int64_t number)
{
    return number != 0 ? dmongo_int64(number) : dmongo_absent();
}

static int explain_find(const dmongo__running *running, dmongo_value filter,
                        const dmongo_find_options *o)
{
    return explain(running,
                   dmongo_doc("find", running->statement->collection, "filter",
                              filter, "projection", o->projection, "sort",
                              o->sort, "hint", o->hint, "collation",
                              o->collation, "skip", unless_zero(o->skip),
                              "limit", unless_zero(o->limit)));
}

static int count_find(const dmongo__running *running, dmongo_value filter,
                      const dmongo_find_options *o)
{
    dmongo_count_options options = {.hint = o->hint,
                                    .collation = o->collation,
                                    .comment = o->comment,
                                    .skip = o->skip,
                                    .limit = o->limit,
                                    .max_time_ms = o->max_time_ms};
    int64_t n = dmongo_count(running->session->client, running->ns, filter,
                             &options, running->err);
    return n < 0 ? -1 : dmongo__print_int(running, n);
}

/* The options that find() and findOne() have in their second and third
 * argument. */
static int read_find_options(const dmongo__running *running,
                             const dmongo__call *call,
                             dmongo_find_options *options)
{
    options->projection = dmongo__argument(call, 1);
    return dmongo__read_options(running, call, 2, find_options, options);
}

int dmongo__run_find(const dmongo__running *running, const dmongo__call *call)
{
    dmongo_find_options options = {0};
    dmongo_value filter = dmongo__document_argument(call, 0);
    if (read_find_options(running, call, &options) < 0 ||
        add_calls(running, find_options, &options) < 0)
        return -1;
    switch (last_call(running)->method->id) {
    case DMONGO__METHOD_FIND_EXPLAIN:
        return explain_find(running, filter, &options);
    case DMONGO__METHOD_FIND_COUNT:
        return count_find(running, filter, &options);
    default:
        return finish(running,
                      dmongo_find(running->session->client, running->ns,
                                  filter, &options, running->err));
    }
}

int dmongo__run_find_one(const dmongo__running *running,
                         const dmongo__call *call)
{
    dmongo_find_options options = {0};
    bson_t *found;
    if (read_find_options(running, call, &options) < 0)
        return -1;
    int got = dmongo_find_one(running->session->client, running->ns,
                              dmongo__document_argument(call, 0), &options,
                              &found, running->err);
    if (got < 0)
        return -1;
    if (got > 0)
        return dmongo__print_result(running, found);
    return dmongo__print_field(running, bson_new(), "nothing");
}

int dmongo__run_aggregate(const dmongo__running *running,
                          const dmongo__call *call)
{
    dmongo_aggregate_options options = {0};
    dmongo_value pipeline = dmongo__array_argument(call, 0);
    bool on_database = running->ns == NULL;
    if (dmongo__read_options(running, call, 1, aggregate_options, &options) <
            0 ||
        add_calls(running, aggregate_options, &options) < 0)
        return -1;
    if (last_call(running)->method->id == DMONGO__METHOD_AGGREGATE_EXPLAIN) {
        dmongo_value on = on_database
                              ? dmongo_int32(1)
                              : dmongo_str(running->statement->collection);
        return explain(running, dmongo_doc("aggregate", on, "pipeline",
                                           pipeline, "cursor", dmongo_doc()));
    }
    return finish(running,
                  dmongo_aggregate(running->session->client,
                                   on_database ? running->database
                                               : running->ns,
                                   pipeline, &options, running->err));
}

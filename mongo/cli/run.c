/* SPDX-License-Identifier: MIT */
/*
 * From a statement to what runs it: the first call of its chain picks the
 * function. Methods of cursors have none of their own, since run_find.c looks at
 * the whole chain.
 *
 * Whatever a statement gives is printed as extended JSON, so that all output can
 * be read by programs: documents of a cursor one by one, everything else as one
 * value.
 */
#include "mongo/cli/run_internal.h"

#include <stdlib.h>
#include <string.h>

static dmongo__run_fn *const by_method[DMONGO__METHODS] = {
    [DMONGO__METHOD_DB_NAME] = dmongo__run_name,
    [DMONGO__METHOD_DB_RUN] = dmongo__run_command,
    [DMONGO__METHOD_DB_ADMIN] = dmongo__run_command,
    [DMONGO__METHOD_DB_AGGREGATE] = dmongo__run_aggregate,
    [DMONGO__METHOD_DB_CREATE] = dmongo__run_create,
    [DMONGO__METHOD_DB_DROP] = dmongo__run_simple,
    [DMONGO__METHOD_DB_NAMES] = dmongo__run_names,
    [DMONGO__METHOD_DB_INFOS] = dmongo__run_infos,
    [DMONGO__METHOD_DB_STATS] = dmongo__run_stats,
    [DMONGO__METHOD_DB_VERSION] = dmongo__run_version,
    [DMONGO__METHOD_DB_HELLO] = dmongo__run_simple,
    [DMONGO__METHOD_DB_SERVER_STATUS] = dmongo__run_simple,
    [DMONGO__METHOD_DB_BUILD_INFO] = dmongo__run_simple,
    [DMONGO__METHOD_FIND] = dmongo__run_find,
    [DMONGO__METHOD_FIND_ONE] = dmongo__run_find_one,
    [DMONGO__METHOD_INSERT_ONE] = dmongo__run_insert_one,
    [DMONGO__METHOD_INSERT_MANY] = dmongo__run_insert_many,
    [DMONGO__METHOD_UPDATE_ONE] = dmongo__run_update,
    [DMONGO__METHOD_UPDATE_MANY] = dmongo__run_update,
    [DMONGO__METHOD_REPLACE_ONE] = dmongo__run_update,
    [DMONGO__METHOD_DELETE_ONE] = dmongo__run_delete,
    [DMONGO__METHOD_DELETE_MANY] = dmongo__run_delete,
    [DMONGO__METHOD_COUNT] = dmongo__run_count,
    [DMONGO__METHOD_ESTIMATED_COUNT] = dmongo__run_estimated_count,
    [DMONGO__METHOD_AGGREGATE] = dmongo__run_aggregate,
    [DMONGO__METHOD_DISTINCT] = dmongo__run_distinct,
    [DMONGO__METHOD_DROP] = dmongo__run_drop,
    [DMONGO__METHOD_CREATE_INDEX] = dmongo__run_create_index,
    [DMONGO__METHOD_DROP_INDEX] = dmongo__run_drop_index,
    [DMONGO__METHOD_GET_INDEXES] = dmongo__run_indexes,
};

/* Results. */

int dmongo__print_result(const dmongo__running *running, bson_t *result)
{
    int printed = dmongo__print(result, running->session->layout, stdout,
                                running->err);
    bson_destroy(result);
    return printed;
}

int dmongo__print_field(const dmongo__running *running, bson_t *reply,
                        const char *path)
{
    bson_iter_t iter;
    if (!bson_iter_init_find(&iter, reply, path)) {
        bson_append_null(reply, path, -1);
        bson_iter_init_find(&iter, reply, path);
    }
    int printed = dmongo__print_value(&iter, running->session->layout, stdout,
                                      running->err);
    bson_destroy(reply);
    return printed;
}

int dmongo__print_int(const dmongo__running *running, int64_t number)
{
    bson_t *result = bson_new();
    bson_append_int64(result, "v", 1, number);
    return dmongo__print_field(running, result, "v");
}

int dmongo__print_string(const dmongo__running *running, const char *string)
{
    bson_t *result = bson_new();
    bson_append_utf8(result, "v", 1, string, -1);
    return dmongo__print_field(running, result, "v");
}

int dmongo__print_bool(const dmongo__running *running, bool value)
{
    bson_t *result = bson_new();
    bson_append_bool(result, "v", 1, value);
    return dmongo__print_field(running, result, "v");
}

/* Statements. */

static int run_calls(const dmongo__running *running)
{
    const dmongo__statement *statement = running->statement;
    if (statement->call_count == 0) /* "db" alone */
        return dmongo__print_string(running, running->database);
    const dmongo__call *call = &statement->calls[0];
    return by_method[call->method->id](running, call);
}

static int run_document(const dmongo__running *running)
{
    bson_t *reply;
    if (dmongo_run(running->session->client, running->database,
                   running->statement->command, &reply, running->err) < 0)
        return -1;
    return dmongo__print_result(running, reply);
}

static int use(const dmongo__running *running)
{
    char *database = strdup(running->statement->word);
    if (database == NULL)
        return diesel_error_nomem(running->err, "a database's name");
    free(running->session->database);
    running->session->database = database;
    return 0;
}

static int run(const dmongo__running *running)
{
    switch (running->statement->kind) {
    case DMONGO__CALLS:
        return run_calls(running);
    case DMONGO__COMMAND:
        return run_document(running);
    case DMONGO__SHOW:
        return dmongo__run_show(running);
    case DMONGO__USE:
        return use(running);
    default:
        return 0;
    }
}

int dmongo__run_statement(dmongo__session *session,
                          const dmongo__statement *statement,
                          diesel_error *err)
{
    dmongo__running running = {
        .session = session,
        .statement = statement,
        .database = statement->database != NULL ? statement->database
                                                : session->database,
        .err = err,
    };
    if (statement->collection != NULL &&
        asprintf(&running.ns, "%s.%s", running.database,
                 statement->collection) < 0)
        return diesel_error_nomem(err, "a collection's name");
    int result = run(&running);
    free(running.ns);
    return result;
}

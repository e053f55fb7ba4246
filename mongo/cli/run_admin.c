/* SPDX-License-Identifier: MIT */
/*
 * Everything that is neither reading nor writing documents: counts, indexes,
 * collections, databases and commands. Most of it is one command and a part of
 * its reply.
 */
#include "mongo/cli/run_internal.h"

#include <stdlib.h>
#include <string.h>

/* Runs a command in the statement's database. NULL on failure. */
static bson_t *reply_to(const dmongo__running *running, dmongo_value command)
{
    bson_t *reply;
    return dmongo_run(running->session->client, running->database, command,
                      &reply, running->err) < 0
               ? NULL
               : reply;
}

static int print_reply(const dmongo__running *running, dmongo_value command)
{
    bson_t *reply = reply_to(running, command);
    return reply != NULL ? dmongo__print_result(running, reply) : -1;
}

/* Counting. */

static const dmongo__option count_options[] = {
    {"hint", DMONGO__OPTION_VALUE, offsetof(dmongo_count_options, hint)},
    {"collation", DMONGO__OPTION_VALUE,
     offsetof(dmongo_count_options, collation)},
    {"comment", DMONGO__OPTION_VALUE, offsetof(dmongo_count_options, comment)},
    {"skip", DMONGO__OPTION_INT64, offsetof(dmongo_count_options, skip)},
    {"limit", DMONGO__OPTION_INT64, offsetof(dmongo_count_options, limit)},
    {"maxTimeMS", DMONGO__OPTION_INT64,
     offsetof(dmongo_count_options, max_time_ms)},
    {0},
};

int dmongo__run_count(const dmongo__running *running, const dmongo__call *call)
{
    dmongo_count_options options = {0};
    if (dmongo__read_options(running, call, 1, count_options, &options) < 0)
        return -1;
    int64_t n = dmongo_count(running->session->client, running->ns,
                             dmongo__document_argument(call, 0), &options,
                             running->err);
    return n < 0 ? -1 : dmongo__print_int(running, n);
}

int dmongo__run_estimated_count(const dmongo__running *running,
                                const dmongo__call *call)
{
    (void)call;
    int64_t n = dmongo_estimated_count(running->session->client, running->ns, NULL,
                                       running->err);
    return n < 0 ? -1 : dmongo__print_int(running, n);
}

int dmongo__run_distinct(const dmongo__running *running,
                         const dmongo__call *call)
{
    bson_t *reply =
        reply_to(running, dmongo_doc("distinct",
                                     running->statement->collection, "key",
                                     dmongo__argument(call, 0), "query",
                                     dmongo__document_argument(call, 1)));
    return reply != NULL ? dmongo__print_field(running, reply, "values") : -1;
}

/* Indexes. */

/* The name that every MongoDB shell gives to an index: "age_1_name_-1". Owned by
 * the caller: free(). */
static char *index_name(const bson_t *keys)
{
    char *name = NULL;
    size_t len;
    bson_iter_t iter;
    FILE *out = open_memstream(&name, &len);
    if (out == NULL)
        return NULL;
    bson_iter_init(&iter, keys);
    while (bson_iter_next(&iter)) {
        fprintf(out, "%s%s_", ftell(out) > 0 ? "_" : "", bson_iter_key(&iter));
        if (BSON_ITER_HOLDS_UTF8(&iter))
            fputs(bson_iter_utf8(&iter, NULL), out);
        else
            fprintf(out, "%.15g", bson_iter_as_double(&iter));
    }
    return fclose(out) == 0 ? name : NULL;
}

int dmongo__run_create_index(const dmongo__running *running,
                             const dmongo__call *call)
{
    bson_t keys, options;
    dmongo_get_doc(call->args, "0", &keys);
    dmongo_get_doc(call->args, "1", &options);
    char *made = index_name(&keys);
    const char *name = dmongo_get_str(&options, "name", made);
    if (name == NULL)
        return diesel_error_nomem(running->err, "an index's name");
    /* The options, "name" perhaps among them, lie beside the keys. */
    dmongo_value own_name = dmongo_has(&options, "name") ? dmongo_absent()
                                                         : dmongo_str(name);
    bson_t *index = dmongo_doc_to_bson(
        dmongo_doc("key", &keys, "name", own_name), running->err);
    int result = -1;
    if (index != NULL && bson_concat(index, &options)) {
        bson_t *reply = reply_to(
            running, dmongo_doc("createIndexes", running->statement->collection,
                                "indexes", dmongo_array(index)));
        result = reply != NULL ? dmongo__print_string(running, name) : -1;
        bson_destroy(reply);
    }
    bson_destroy(index);
    free(made);
    return result;
}

int dmongo__run_drop_index(const dmongo__running *running,
                           const dmongo__call *call)
{
    return print_reply(running,
                       dmongo_doc("dropIndexes",
                                  running->statement->collection, "index",
                                  dmongo__argument(call, 0)));
}

/* Lists: commands whose replies are cursors, of which the driver knows only those
 * of find and aggregate. */

/* Takes one batch: what `each` does with every document of it. The cursor's
 * number, 0 at the end; -1 on failure. */
typedef int each_fn(const dmongo__running *running, const bson_t *doc,
                    void *arg);

static int take_batch(const dmongo__running *running, const bson_t *reply,
                      const char *path, each_fn *each, void *arg)
{
    bson_t batch, doc;
    bson_iter_t iter;
    if (!dmongo_get_doc(reply, path, &batch))
        return 0;
    bson_iter_init(&iter, &batch);
    while (bson_iter_next(&iter)) {
        dmongo_get_doc(&batch, bson_iter_key(&iter), &doc);
        if (each(running, &doc, arg) < 0)
            return -1;
    }
    return 0;
}

static int list(const dmongo__running *running, dmongo_value command,
                each_fn *each, void *arg)
{
    const char *batch = "cursor.firstBatch";
    bson_t *reply = reply_to(running, command);
    while (reply != NULL) {
        int64_t id = dmongo_get_int(reply, "cursor.id", 0);
        const char *ns = dmongo_get_str(reply, "cursor.ns", "");
        const char *dot = strchr(ns, '.');
        bson_t *next = NULL;
        int result = take_batch(running, reply, batch, each, arg);
        if (result == 0 && id != 0)
            next = reply_to(running,
                            dmongo_doc("getMore", id, "collection",
                                       dot != NULL ? dot + 1 : ns));
        bson_destroy(reply);
        if (result < 0 || id == 0)
            return result;
        reply = next;
        batch = "cursor.nextBatch";
    }
    return -1;
}

/* Gathers documents, or their names, in an array. */
struct gathered {
    bson_t *array;
    uint32_t count;
    bool names;
};

static int gather(const dmongo__running *running, const bson_t *doc, void *arg)
{
    struct gathered *all = arg;
    char buf[16];
    const char *key;
    (void)running;
    bson_uint32_to_string(all->count++, &key, buf, sizeof buf);
    if (all->names)
        bson_append_utf8(all->array, key, -1, dmongo_get_str(doc, "name", ""),
                         -1);
    else
        bson_append_document(all->array, key, -1, doc);
    return 0;
}

static int print_list(const dmongo__running *running, dmongo_value command,
                      bool names)
{
    struct gathered all = {.array = bson_new(), .names = names};
    bson_t *result = bson_new();
    int got = list(running, command, gather, &all);
    bson_append_array(result, "v", 1, all.array);
    bson_destroy(all.array);
    if (got == 0)
        return dmongo__print_field(running, result, "v");
    bson_destroy(result);
    return -1;
}

int dmongo__run_indexes(const dmongo__running *running,
                        const dmongo__call *call)
{
    (void)call;
    return print_list(running,
                      dmongo_doc("listIndexes",
                                 running->statement->collection),
                      false);
}

int dmongo__run_names(const dmongo__running *running, const dmongo__call *call)
{
    (void)call;
    return print_list(running,
                      dmongo_doc("listCollections", 1, "nameOnly",
                                 dmongo_bool(true)),
                      true);
}

int dmongo__run_infos(const dmongo__running *running, const dmongo__call *call)
{
    return print_list(running,
                      dmongo_doc("listCollections", 1, "filter",
                                 dmongo__document_argument(call, 0)),
                      false);
}

static int print_one(const dmongo__running *running, const bson_t *doc,
                     void *arg)
{
    (void)arg;
    return dmongo__print(doc, running->session->layout, stdout, running->err);
}

static int show_databases(const dmongo__running *running)
{
    bson_t *reply;
    if (dmongo_run(running->session->client, "admin",
                   dmongo_doc("listDatabases", 1), &reply, running->err) < 0)
        return -1;
    int result = take_batch(running, reply, "databases", print_one, NULL);
    bson_destroy(reply);
    return result;
}

int dmongo__run_show(const dmongo__running *running)
{
    const char *what = running->statement->word;
    if (strcmp(what, "dbs") == 0 || strcmp(what, "databases") == 0)
        return show_databases(running);
    return list(running,
                dmongo_doc("listCollections", 1, "nameOnly",
                           dmongo_bool(true)),
                print_one, NULL);
}

/* Collections and databases. */

int dmongo__run_drop(const dmongo__running *running, const dmongo__call *call)
{
    (void)call;
    diesel_error err;
    bson_t *reply;
    if (dmongo_run(running->session->client, running->database,
                   dmongo_doc("drop", running->statement->collection), &reply,
                   &err) == 0) {
        bson_destroy(reply);
        return dmongo__print_bool(running, true);
    }
    /* There was none: before MongoDB 7.0 that is an error. */
    if (err.code == DIESEL_E_SERVER && err.detail == DMONGO_NAMESPACE_NOT_FOUND)
        return dmongo__print_bool(running, false);
    *running->err = err;
    return -1;
}

int dmongo__run_create(const dmongo__running *running, const dmongo__call *call)
{
    bson_t options;
    dmongo_get_doc(call->args, "1", &options);
    bson_t *command = dmongo_doc_to_bson(
        dmongo_doc("create", dmongo__argument(call, 0)), running->err);
    if (command == NULL)
        return -1;
    bson_concat(command, &options);
    int result = print_reply(running, dmongo_bson(command));
    bson_destroy(command);
    return result;
}

int dmongo__run_name(const dmongo__running *running, const dmongo__call *call)
{
    (void)call;
    return dmongo__print_string(running, running->database);
}

int dmongo__run_stats(const dmongo__running *running, const dmongo__call *call)
{
    return print_reply(running, dmongo_doc("dbStats", 1, "scale",
                                           dmongo__argument(call, 0)));
}

int dmongo__run_version(const dmongo__running *running,
                        const dmongo__call *call)
{
    (void)call;
    bson_t *reply = reply_to(running, dmongo_doc("buildInfo", 1));
    return reply != NULL ? dmongo__print_field(running, reply, "version") : -1;
}

/* Commands. */

/* runCommand() and adminCommand(): a document, or the name of a command that
 * needs no more. */
int dmongo__run_command(const dmongo__running *running,
                        const dmongo__call *call)
{
    dmongo__running here = *running;
    const char *name = dmongo__string_argument(call, 0);
    if (call->method->id == DMONGO__METHOD_DB_ADMIN)
        here.database = "admin";
    return print_reply(&here, name != NULL ? dmongo_doc(name, 1)
                                           : dmongo__argument(call, 0));
}

/* Methods that are a command of their own. */
static const struct {
    dmongo__method_id id;
    const char *command;
} simple[] = {
    {DMONGO__METHOD_DB_HELLO, "hello"},
    {DMONGO__METHOD_DB_SERVER_STATUS, "serverStatus"},
    {DMONGO__METHOD_DB_BUILD_INFO, "buildInfo"},
    {DMONGO__METHOD_DB_DROP, "dropDatabase"},
};

int dmongo__run_simple(const dmongo__running *running,
                       const dmongo__call *call)
{
    size_t i = 0;
    while (simple[i].id != call->method->id)
        i++;
    return print_reply(running, dmongo_doc(simple[i].command, 1));
}

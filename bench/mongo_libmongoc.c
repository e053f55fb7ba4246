/* SPDX-License-Identifier: MIT */
/*
 * The peers "libmongoc" (width 1: one client) and "libmongoc-pool" (more: a
 * client pool and that many threads, each of which keeps the client that it has
 * taken). A width of "insert-many" and "cursor" is the number of documents in a
 * batch; there is one client then.
 *
 * The answers come from bench/mongo_null_server.c, which does not look at what
 * is asked for beyond the command's name.
 */
#include <mongoc/mongoc.h>
#include <pthread.h>

#include "bench.h"

/* One thread's part of a run. */
struct worker {
    pthread_t thread;
    const struct bench_args *args;
    mongoc_client_pool_t *pool; /* NULL where there is one client only */
    mongoc_client_t *client;
    mongoc_collection_t *collection;
    uint64_t count;
    void (*work)(struct worker *worker);
};

static void check(bool good, const bson_error_t *error)
{
    if (!good)
        bench_fail("libmongoc: %s", error->message);
}

static void check_cursor(mongoc_cursor_t *cursor)
{
    bson_error_t error;
    if (mongoc_cursor_error(cursor, &error))
        bench_fail("libmongoc: %s", error.message);
}

/* Reads a field of a document that was found, as any program would. */
static void check_name(const bson_t *found)
{
    bson_iter_t iter;
    if (!bson_iter_init_find(&iter, found, "name") ||
        !BSON_ITER_HOLDS_UTF8(&iter))
        bench_fail("libmongoc: found a document without a name");
}

static bson_t *with_int(const char *key, int32_t value)
{
    bson_t *doc = bson_new();
    BSON_APPEND_INT32(doc, key, value);
    return doc;
}

static bson_t *new_user(int32_t n)
{
    bson_t *doc = bson_new();
    BSON_APPEND_UTF8(doc, "name", "Rudolf");
    BSON_APPEND_UTF8(doc, "city", "Augsburg");
    BSON_APPEND_INT32(doc, "visits", n);
    return doc;
}

static void find(struct worker *worker)
{
    bson_t *options = with_int("limit", 1);
    BSON_APPEND_BOOL(options, "singleBatch", true);
    for (uint64_t i = 0; i < worker->count; i++) {
        bson_t *filter = with_int("_id", (int32_t)i);
        mongoc_cursor_t *cursor = mongoc_collection_find_with_opts(
            worker->collection, filter, options, NULL);
        const bson_t *found;
        if (!mongoc_cursor_next(cursor, &found)) {
            check_cursor(cursor);
            bench_fail("libmongoc: nothing found");
        }
        check_name(found);
        mongoc_cursor_destroy(cursor);
        bson_destroy(filter);
    }
    bson_destroy(options);
}

static void insert(struct worker *worker)
{
    bson_error_t error;
    for (uint64_t i = 0; i < worker->count; i++) {
        bson_t *doc = new_user((int32_t)i);
        check(mongoc_collection_insert_one(worker->collection, doc, NULL, NULL,
                                           &error), &error);
        bson_destroy(doc);
    }
}

static void insert_many(struct worker *worker)
{
    unsigned width = worker->args->width;
    bson_error_t error;
    const bson_t **docs = calloc(width, sizeof *docs);
    if (docs == NULL)
        bench_fail("no memory for %u documents", width);
    for (unsigned n = 0; n < width; n++)
        docs[n] = new_user((int32_t)n);

    for (uint64_t i = 0; i < worker->count; i += width)
        check(mongoc_collection_insert_many(worker->collection, docs, width,
                                            NULL, NULL, &error), &error);
    for (unsigned n = 0; n < width; n++)
        bson_destroy((bson_t *)docs[n]);
    free(docs);
}

/* The null server's cursor never ends. */
static void read_cursor(struct worker *worker)
{
    bson_t *filter = bson_new();
    bson_t *options = with_int("batchSize", (int32_t)worker->args->width);
    mongoc_cursor_t *cursor = mongoc_collection_find_with_opts(
        worker->collection, filter, options, NULL);
    const bson_t *found;
    for (uint64_t i = 0; i < worker->count; i++) {
        if (!mongoc_cursor_next(cursor, &found)) {
            check_cursor(cursor);
            bench_fail("libmongoc: the cursor ended after %" PRIu64, i);
        }
        check_name(found);
    }
    mongoc_cursor_destroy(cursor);
    bson_destroy(options);
    bson_destroy(filter);
}

static mongoc_uri_t *uri_of(const char *address)
{
    bson_error_t error;
    bson_string_t *text = bson_string_new("mongodb://");
    for (const char *p = address; *p != '\0'; p++) {
        if (*p == '/')
            bson_string_append(text, "%2F");
        else
            bson_string_append_c(text, *p);
    }
    mongoc_uri_t *uri = mongoc_uri_new_with_error(text->str, &error);
    check(uri != NULL, &error);
    bson_string_free(text, true);
    return uri;
}

/* Takes a client and connects it, which a first command does. */
static void connect_worker(struct worker *worker, const mongoc_uri_t *uri)
{
    bson_error_t error;
    worker->client = worker->pool != NULL
                         ? mongoc_client_pool_pop(worker->pool)
                         : mongoc_client_new_from_uri(uri);
    worker->collection =
        mongoc_client_get_collection(worker->client, "bench", "users");
    bson_t *ping = with_int("ping", 1);
    check(mongoc_client_command_simple(worker->client, "bench", ping, NULL,
                                       NULL, &error), &error);
    bson_destroy(ping);
}

static void disconnect_worker(struct worker *worker)
{
    mongoc_collection_destroy(worker->collection);
    if (worker->pool != NULL)
        mongoc_client_pool_push(worker->pool, worker->client);
    else
        mongoc_client_destroy(worker->client);
}

static void *in_thread(void *arg)
{
    struct worker *worker = arg;
    worker->work(worker);
    return NULL;
}

static void run(const struct bench_args *args, unsigned threads, uint64_t each,
                void (*work)(struct worker *worker))
{
    mongoc_uri_t *uri = uri_of(args->address);
    mongoc_client_pool_t *pool =
        threads > 1 ? mongoc_client_pool_new(uri) : NULL;
    struct worker *workers = calloc(threads, sizeof *workers);
    if (workers == NULL)
        bench_fail("no memory for %u threads", threads);
    if (pool != NULL)
        mongoc_client_pool_max_size(pool, threads);
    for (unsigned i = 0; i < threads; i++) {
        workers[i] = (struct worker){
            .args = args, .pool = pool, .count = each, .work = work};
        connect_worker(&workers[i], uri);
    }

    struct bench_clock clock = bench_start();
    if (threads == 1)
        work(&workers[0]);
    for (unsigned i = 0; threads > 1 && i < threads; i++) {
        if (pthread_create(&workers[i].thread, NULL, in_thread, &workers[i]))
            bench_fail("cannot start thread %u", i);
    }
    for (unsigned i = 0; threads > 1 && i < threads; i++)
        pthread_join(workers[i].thread, NULL);
    bench_stop(&clock);
    bench_print(&clock, each * threads);

    for (unsigned i = 0; i < threads; i++)
        disconnect_worker(&workers[i]);
    free(workers);
    if (pool != NULL)
        mongoc_client_pool_destroy(pool);
    mongoc_uri_destroy(uri);
}

static void run_find(const struct bench_args *args)
{
    run(args, args->width, bench_share(args->count, args->width), find);
}

static void run_insert(const struct bench_args *args)
{
    run(args, args->width, bench_share(args->count, args->width), insert);
}

static void run_insert_many(const struct bench_args *args)
{
    uint64_t batches = bench_share(args->count, args->width);
    run(args, 1, batches * args->width, insert_many);
}

static void run_cursor(const struct bench_args *args)
{
    uint64_t batches = bench_share(args->count, args->width);
    run(args, 1, batches * args->width, read_cursor);
}

int main(int argc, char **argv)
{
    static const struct bench_case cases[] = {
        {"find", run_find},
        {"insert", run_insert},
        {"insert-many", run_insert_many},
        {"cursor", run_cursor},
        {NULL, NULL},
    };
    mongoc_init();
    int status = bench_main(argc, argv, cases);
    mongoc_cleanup();
    return status;
}

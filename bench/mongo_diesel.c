/* SPDX-License-Identifier: MIT */
/*
 * Diesel's own part of the suite "mongo": plain blocking calls, one fiber for
 * each operation that is on its way, all on one client. A width of "insert-many",
 * "cursor" and "prefetch" is the number of documents in a batch; there is one fiber
 * then.
 *
 * Each operation does what the peer's does (bench/mongo_libmongoc.c): documents are
 * made anew for each, and a field of what was found is read.
 */
#include <diesel/mongo.h>

#include "bench_diesel.h"

static const char users[] = "bench.users";

struct run {
    dmongo *mongo;
    uint64_t each; /* operations per fiber */
};

static void check_name(const bson_t *found)
{
    if (dmongo_get_str(found, "name", NULL) == NULL)
        bench_fail("found a document without a name");
}

static int finder(void *arg)
{
    struct run *run = arg;
    diesel_error err;
    for (uint64_t i = 0; i < run->each; i++) {
        bson_t *found;
        if (dmongo_find_one(run->mongo, users, dmongo_doc("_id", (int)i), NULL,
                            &found, &err) < 0)
            return diesel_fail(&err);
        check_name(found);
        bson_destroy(found);
    }
    return 0;
}

static int inserter(void *arg)
{
    struct run *run = arg;
    diesel_error err;
    for (uint64_t i = 0; i < run->each; i++)
        if (dmongo_insert_one(run->mongo, users,
                              dmongo_doc("name", "Rudolf", "city", "Augsburg",
                                         "visits", (int)i),
                              NULL, NULL, &err) < 0)
            return diesel_fail(&err);
    return 0;
}

/* The width of a connection pool is no limit to that of a case. */
static dmongo *connect_to(const char *address)
{
    diesel_error err;
    char uri[1024] = "mongodb://";
    size_t n = strlen(uri);
    for (const char *p = address; *p != '\0' && n < sizeof uri - 32; p++)
        n += (size_t)sprintf(uri + n, *p == '/' ? "%%2F" : "%c", *p);
    strcpy(uri + n, "/?maxPoolSize=0&maxConnecting=64");
    dmongo *mongo = dmongo_open(uri, NULL, &err);
    if (mongo == NULL)
        bench_fail("%s", err.message);
    return mongo;
}

/* One operation per fiber, so that all connections are there. */
static void warm_up(struct run *run, unsigned width, diesel_fn *fn)
{
    struct run once = {.mongo = run->mongo, .each = 1};
    (void)bench_fibers(width, fn, &once);
}

static void run_fibers(const struct bench_args *args, diesel_fn *fn)
{
    struct run run = {.mongo = connect_to(args->address),
                      .each = bench_share(args->count, args->width)};
    warm_up(&run, args->width, fn);
    struct bench_clock clock = bench_fibers(args->width, fn, &run);
    bench_print(&clock, run.each * args->width);
    dmongo_close(run.mongo);
}

static void run_find(const struct bench_args *args)
{
    run_fibers(args, finder);
}

static void run_insert(const struct bench_args *args)
{
    run_fibers(args, inserter);
}

static void run_insert_many(const struct bench_args *args)
{
    diesel_error err;
    dmongo *mongo = connect_to(args->address);
    uint64_t batches = bench_share(args->count, args->width);
    bson_t **docs = calloc(args->width, sizeof *docs);
    if (docs == NULL)
        bench_fail("no memory for %u documents", args->width);
    for (unsigned n = 0; n < args->width; n++) {
        docs[n] = dmongo_doc_to_bson(dmongo_doc("name", "Rudolf", "city",
                                                "Augsburg", "visits", (int)n),
                                     &err);
        if (docs[n] == NULL)
            bench_fail("%s", err.message);
    }

    struct bench_clock clock = bench_start();
    for (uint64_t i = 0; i < batches; i++)
        bench_must(dmongo_insert_many(mongo, users, docs, args->width, NULL,
                                      NULL, &err),
                   &err);
    bench_stop(&clock);
    bench_print(&clock, batches * args->width);

    for (unsigned n = 0; n < args->width; n++)
        bson_destroy(docs[n]);
    free(docs);
    dmongo_close(mongo);
}

/* The null server's cursor never ends. */
static void read_cursor(const struct bench_args *args, bool prefetch)
{
    diesel_error err;
    dmongo *mongo = connect_to(args->address);
    uint64_t count = bench_share(args->count, args->width) * args->width;

    struct bench_clock clock = bench_start();
    dmongo_cursor *cursor = dmongo_find(
        mongo, users, dmongo_doc(),
        &(dmongo_find_options){.batch_size = (int32_t)args->width,
                               .prefetch = prefetch},
        &err);
    const bson_t *found;
    for (uint64_t i = 0; i < count; i++) {
        int got = dmongo_cursor_next(cursor, &found, &err);
        bench_must(got, &err);
        if (got == 0)
            bench_fail("the cursor ended after %" PRIu64, i);
        check_name(found);
    }
    bench_stop(&clock);
    bench_print(&clock, count);
    dmongo_cursor_close(cursor);
    dmongo_close(mongo);
}

static void run_cursor(const struct bench_args *args)
{
    read_cursor(args, false);
}

static void run_prefetch(const struct bench_args *args)
{
    read_cursor(args, true);
}

int main(int argc, char **argv)
{
    static const struct bench_case cases[] = {
        {"find", run_find},
        {"insert", run_insert},
        {"insert-many", run_insert_many},
        {"cursor", run_cursor},
        {"prefetch", run_prefetch},
        {NULL, NULL},
    };
    return bench_diesel_main(argc, argv, cases);
}

/* SPDX-License-Identifier: MIT */
/*
 * Loads a file of JSON lines, one document in each, into a collection.
 *
 * Four fibers take turns at the file: while one reads the next 500 lines, the others
 * wait for the server. However long the file is, four batches are all in memory.
 *
 *     MONGODB_URI=mongodb://localhost mongo_load [COLLECTION [FILE]]
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <diesel/core.h>
#include <diesel/mongo.h>

enum { LOADERS = 4, BATCH = 500, LONGEST_LINE = 16 << 20 };

struct load {
    dmongo *mongo;
    const char *collection;
    diesel_stream *file;
    diesel_mutex turn; /* who holds it reads the file */
    int64_t lines, inserted;
};

/* The next line as a document: 1; 0 at the end of the file. */
static int read_one(struct load *load, bson_t **doc, diesel_error *err)
{
    bson_error_t why;
    char *line;
    size_t size;
    int got = diesel_stream_read_line(load->file, &line, &size, LONGEST_LINE,
                                      DIESEL_FOREVER, err);
    if (got <= 0)
        return got;
    load->lines++;
    *doc = bson_new_from_json((uint8_t *)line, (ssize_t)size, &why);
    return *doc != NULL ? 1
                        : diesel_error_set(err, DIESEL_E_INVAL, DIESEL_DOM_CORE, 0,
                              "line %" PRId64 ": %s", load->lines, why.message);
}

static int read_batch(struct load *load, bson_t **docs, diesel_error *err)
{
    int got = 1, n = 0;
    if (diesel_mutex_lock(&load->turn, DIESEL_FOREVER, err) < 0)
        return -1;
    while (n < BATCH && (got = read_one(load, &docs[n], err)) > 0)
        n++;
    diesel_mutex_unlock(&load->turn);
    while (got < 0 && n > 0)
        bson_destroy(docs[--n]);
    return got < 0 ? -1 : n;
}

static int loader(void *arg)
{
    struct load *load = arg;
    bson_t *docs[BATCH];
    dmongo_result result;
    diesel_error err;
    int n, status = 0;
    while (status == 0 && (n = read_batch(load, docs, &err)) > 0) {
        status = dmongo_insert_many(load->mongo, load->collection, docs, n, NULL,
                                    &result, &err);
        load->inserted += result.inserted;
        dmongo_result_clear(&result);
        for (int i = 0; i < n; i++)
            bson_destroy(docs[i]);
        fprintf(stderr, "\r%" PRId64 " documents", load->inserted);
    }
    return status < 0 || n < 0 ? diesel_fail(&err) : 0;
}

static int app(void *arg)
{
    diesel_error err;
    struct load load = {.collection = arg, .file = diesel_stdin(&err)};
    int status = -1;
    if (load.file != NULL)
        load.mongo = dmongo_open(getenv("MONGODB_URI"), NULL, &err);
    if (load.mongo != NULL) {
        diesel_scope *all = diesel_scope_open(NULL);
        for (int i = 0; i < LOADERS; i++)
            diesel_go(all, loader, &load);
        status = diesel_scope_wait(all, &err);
    }
    dmongo_close(load.mongo);
    diesel_stream_close(load.file);
    printf("\n%" PRId64 " documents loaded\n", load.inserted);
    return status < 0 ? diesel_fail(&err) : 0;
}

int main(int argc, char **argv)
{
    if (argc > 2 && freopen(argv[2], "r", stdin) == NULL)
        return perror(argv[2]), 1;
    return diesel_main(app, argc > 1 ? argv[1] : "example.loaded");
}

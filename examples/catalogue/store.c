/* SPDX-License-Identifier: MIT */
/*
 * The second phase: from the list of packages into MongoDB and Redis.
 *
 *                                +-> writer --+--> MongoDB: documents
 *     source -> reader -> channel --> writer  |
 *                                +-> ...    --+--> Redis: counts of words
 *
 * The reader makes documents and sends them through a channel; the writers, which are
 * all the same, collect them in batches. The channel holds some batches: when the
 * servers are slower than the reader, it fills up, then the reader waits, and then
 * whoever writes into its pipe. So memory does not grow with the list.
 *
 * If anything fails, the scope cancels everything else and reports it.
 */
#include <stdio.h>

#include "catalogue.h"
#include "progress.h"
#include "source.h"
#include "words.h"

enum { WRITERS = 8, BATCH = 250, BATCH_TIMEOUT_MS = 60000 };

struct task {
    struct catalogue *catalogue;
    struct source *source;
    diesel_channel *documents; /* of bson_t *, owned by whoever has it     */
    size_t repeated;           /* packages that the list has more than once */
    struct progress progress;  /* its `done`: documents that are stored    */
};

struct batch {
    struct task *task;
    bson_t *documents[BATCH]; /* `count` of them */
    size_t count;
};

/* Makes the document of a stanza: 1; 0 if there was that package before; -1. */
static int make_document(struct task *task, struct span stanza,
                         bson_t **document, diesel_error *err)
{
    struct records *written = &task->catalogue->written;
    struct package package;
    size_t line = 0;
    const char *id;

    int made = package_read(stanza, &package, &line, err);
    if (made == 0)
        made = records_name(written, &package, &id, err);
    if (made > 0) {
        *document = package_document(&package, id, err);
        if (*document == NULL)
            made = -1;
        else if (records_add(written, id, *document, err) < 0) {
            bson_destroy(*document);
            made = -1;
        }
    }
    if (made < 0)
        source_blame(task->source, line, err);
    return made;
}

static int read_all(struct task *task, diesel_error *err)
{
    struct span stanza;
    bson_t *document;
    int got;

    while ((got = source_next(task->source, &stanza, err)) > 0) {
        int made = make_document(task, stanza, &document, err);
        if (made < 0)
            return -1;
        if (made == 0) {
            task->repeated++;
            continue;
        }
        if (diesel_channel_send(task->documents, &document, DIESEL_FOREVER,
                                err) < 0) {
            bson_destroy(document);
            return -1;
        }
        task->progress.part = source_part(task->source);
    }
    return got;
}

static int reader(void *arg)
{
    struct task *task = arg;
    diesel_error err;

    if (read_all(task, &err) < 0)
        return diesel_fail(&err);
    diesel_channel_close(task->documents);
    return 0;
}

/* Receives documents until the batch is full or no more will come. */
static int fill(struct batch *batch, diesel_error *err)
{
    int got = 1;

    while (batch->count < BATCH &&
           (got = diesel_channel_recv(batch->task->documents,
                                      &batch->documents[batch->count],
                                      DIESEL_FOREVER, err)) > 0)
        batch->count++;
    return got < 0 ? -1 : 0;
}

static int insert(void *arg)
{
    struct batch *batch = arg;
    struct task *task = batch->task;
    diesel_error err;

    if (dmongo_insert_many(task->catalogue->mongo, PACKAGES, batch->documents,
                           batch->count, NULL, NULL, &err) < 0)
        return diesel_fail(&err);
    task->progress.done += batch->count;
    return 0;
}

/* Appends the counting of one document to a pipeline. */
static int count_one(dredis_pipeline *counts, const bson_t *document,
                     uint64_t *words, diesel_error *err)
{
    const char *text = dmongo_get_str(document, "description", "");
    const char *section = dmongo_get_str(document, "section", "none");
    char word[WORD_MAX + 1];

    if (dredis_pipeline_add(counts, err, "HINCRBY", SECTIONS, section, 1) < 0)
        return -1;
    for (; next_word(&text, word) > 0; ++*words)
        if (dredis_pipeline_add(counts, err, "HINCRBY", WORDS, word, 1) < 0)
            return -1;
    return 0;
}

/* Sends thousands of commands at once: one per word. */
static int count(void *arg)
{
    struct batch *batch = arg;
    struct catalogue *catalogue = batch->task->catalogue;
    diesel_error err;

    dredis_pipeline *counts = dredis_pipeline_new(catalogue->redis, &err);
    int status = counts != NULL ? 0 : -1;
    for (size_t i = 0; i < batch->count && status == 0; i++)
        status = count_one(counts, batch->documents[i], &catalogue->words, &err);
    if (status == 0)
        status = dredis_pipeline_run(counts, &err);
    for (size_t i = 0; status == 0 && i < dredis_pipeline_count(counts); i++) {
        const dredis_reply *reply = dredis_pipeline_reply(counts, i);
        if (reply->type == DREDIS_ERROR)
            status = diesel_error_set(&err, DIESEL_E_SERVER, DIESEL_DOM_REDIS,
                                      (int)reply->integer, "redis %s: HINCRBY: %s",
                                      dredis_name(catalogue->redis), reply->str);
    }
    dredis_pipeline_free(counts);
    return status < 0 ? diesel_fail(&err) : 0;
}

/* A batch goes to both servers at the same time, under one deadline. */
static int write_batch(struct batch *batch, diesel_error *err)
{
    diesel_scope *both = diesel_scope_open(
        &(diesel_scope_options){.label = "storing a batch of packages",
                                .timeout_ms = BATCH_TIMEOUT_MS});
    diesel_go(both, insert, batch);
    diesel_go(both, count, batch);
    return diesel_scope_wait(both, err);
}

static int writer(void *arg)
{
    struct batch batch = {.task = arg};
    diesel_error err;
    bool full;
    int status;

    do {
        batch.count = 0;
        status = fill(&batch, &err);
        full = batch.count == BATCH;
        if (status == 0 && batch.count > 0)
            status = write_batch(&batch, &err);
        for (size_t i = 0; i < batch.count; i++)
            bson_destroy(batch.documents[i]);
    } while (status == 0 && full);
    return status < 0 ? diesel_fail(&err) : 0;
}

static int run(struct task *task, diesel_error *err)
{
    diesel_scope *shown = progress_show(&task->progress);
    diesel_scope *all = diesel_scope_open(NULL);
    diesel_go(all, reader, task);
    for (int i = 0; i < WRITERS; i++)
        diesel_go(all, writer, task);
    int status = diesel_scope_wait(all, err);
    progress_hide(shown);

    /* What is left after a failure is ours. */
    bson_t *document;
    while (diesel_channel_recv(task->documents, &document, DIESEL_NOW, NULL) > 0)
        bson_destroy(document);
    return status;
}

int store(void *arg)
{
    struct catalogue *catalogue = arg;
    struct task task = {.catalogue = catalogue,
                        .progress.what = "storing packages"};
    diesel_error err;
    int64_t since = diesel_now();
    int status = -1;

    task.source = source_open(catalogue->file, &err);
    if (task.source != NULL)
        task.documents = diesel_channel_new(sizeof(bson_t *),
                                            WRITERS * BATCH, &err);
    if (task.documents != NULL)
        status = run(&task, &err);
    if (status == 0 && catalogue->written.count == 0)
        status = diesel_error_set(&err, DIESEL_E_INVAL, DIESEL_DOM_CORE, 0,
                                  "%s: there are no packages in it",
                                  source_name(task.source));
    diesel_channel_free(task.documents);
    source_close(task.source);
    if (status < 0)
        return diesel_fail(&err);

    report(catalogue->written.count, "packages stored in MongoDB", since);
    report(catalogue->words, "words counted in Redis", since);
    if (task.repeated > 0)
        printf("%10zu listed more than once\n", task.repeated);
    return 0;
}

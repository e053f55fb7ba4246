/* SPDX-License-Identifier: MIT */
/*
 * The last phase: what the servers have is what was written.
 *
 * Of MongoDB all documents are read with one cursor. Their order does not matter,
 * since it is the sum of their checksums that is compared. Of Redis the counts are
 * read, and the largest are printed.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "catalogue.h"
#include "progress.h"

enum { TOP = 10, DOCUMENTS_PER_REPLY = 1000 };

static int differ(const char *what, uint64_t read, uint64_t written,
                  diesel_error *err)
{
    if (read == written)
        return 0;
    return diesel_error_set(err, DIESEL_E_FAILED, DIESEL_DOM_CORE, 0,
                            "%s: read %" PRIu64 ", but written %" PRIu64, what,
                            read, written);
}

/* Reads every document: how many there are, and the sum of their checksums. */
static int read_documents(struct catalogue *catalogue,
                          struct progress *progress, uint64_t *sum,
                          diesel_error *err)
{
    const bson_t *document;
    int got;

    dmongo_cursor *all = dmongo_find(
        catalogue->mongo, PACKAGES, dmongo_doc(),
        &(dmongo_find_options){.batch_size = DOCUMENTS_PER_REPLY}, err);
    while ((got = dmongo_cursor_next(all, &document, err)) > 0) {
        *sum += checksum(bson_get_data(document), document->len);
        progress->part = (double)++progress->done /
                         (double)catalogue->written.count;
    }
    dmongo_cursor_close(all);
    return got;
}

static int verify_documents(struct catalogue *catalogue,
                            struct progress *progress, diesel_error *err)
{
    const struct records *written = &catalogue->written;
    uint64_t sum_read = 0, sum_written = 0;

    for (size_t i = 0; i < written->count; i++)
        sum_written += written->list[i].checksum;
    int64_t count = dmongo_count(catalogue->mongo, PACKAGES, dmongo_doc(), NULL,
                                 err);
    if (count < 0 ||
        differ("number of packages, counted by MongoDB", (uint64_t)count,
               written->count, err) < 0 ||
        read_documents(catalogue, progress, &sum_read, err) < 0 ||
        differ("number of documents", progress->done, written->count, err) < 0)
        return -1;
    return differ("sum of checksums", sum_read, sum_written, err);
}

/* For the elements of a map, which are keys and values in turn: larger values
 * come first, and of equal ones, the key that is first in the alphabet. */
static int compare(const void *a, const void *b)
{
    const dredis_reply *x = a, *y = b;
    int64_t p = strtoll(x[1].str, NULL, 10), q = strtoll(y[1].str, NULL, 10);

    return p != q ? (p < q) - (p > q) : strcmp(x->str, y->str);
}

/* Adds up the counts in a hash, and prints the largest. */
static int verify_counts(struct catalogue *catalogue, const char *key,
                         const char *what, uint64_t written, diesel_error *err)
{
    dredis_reply *counts = dredis_call(catalogue->redis, err, "HGETALL", key);
    if (counts == NULL)
        return -1;
    size_t pairs = counts->elements / 2;
    uint64_t sum = 0;
    for (size_t i = 0; i < pairs; i++)
        sum += strtoull(counts->element[2 * i + 1].str, NULL, 10);
    int status = differ(key, sum, written, err);
    if (status == 0) {
        qsort(counts->element, pairs, 2 * sizeof *counts->element, compare);
        printf("%10zu different %s:", pairs, what);
        for (size_t i = 0; i < pairs && i < TOP; i++)
            printf(" %s %s%s", counts->element[2 * i].str,
                   counts->element[2 * i + 1].str, i + 1 < TOP ? "," : "\n");
    }
    dredis_reply_free(counts);
    return status;
}

int verify(void *arg)
{
    struct catalogue *catalogue = arg;
    struct progress progress = {.what = "comparing documents"};
    diesel_error err;
    int64_t since = diesel_now();

    diesel_scope *shown = progress_show(&progress);
    int status = verify_documents(catalogue, &progress, &err);
    progress_hide(shown);
    if (status == 0)
        report(progress.done, "documents read back and compared", since);
    if (status < 0 ||
        verify_counts(catalogue, SECTIONS, "sections",
                      catalogue->written.count, &err) < 0 ||
        verify_counts(catalogue, WORDS, "words", catalogue->words, &err) < 0)
        return diesel_fail(&err);
    return 0;
}

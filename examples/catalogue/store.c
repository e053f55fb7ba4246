/* SPDX-License-Identifier: MIT */
/*
 * The second phase: from the list of packages to MongoDB and Redis.
 *
 *                                      +-> writer --+--> MongoDB
 *     source -> reader -> channel ---->+-> writer   |
 *                                      +-> ... -----+--> Redis
 *
 * The reader makes documents and sends them through a channel; writers, all
 * the same, collect them in batches. The channel has room for some batches: when
 * the servers are slower than the reader, it fills up, the reader waits, and so does
 * whoever writes into its pipe. Memory does not grow with the list.
 */
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "catalogue.h"
#include "package.h"
#include "progress.h"
#include "source.h"
#include "words.h"

/* Writers wait most of the time, so more of them than the servers can serve at
 * once do not help; a batch amortises what a command costs. Measured. */
enum { WRITERS = 8, BATCH = 250, BATCH_TIMEOUT_MS = 60000 };

struct task {
    struct catalogue *catalogue;
    struct source *source;
    diesel_channel *documents; /* of bson_t *, owned by whoever has it       */
    void *ids;                 /* the tree of all _ids, for tsearch(3)       */
    size_t repeated;           /* packages that were listed before           */
    struct progress progress;
};

struct batch {
    struct task *task;
    bson_t *documents[BATCH];
    size_t count;
};

static int compare_ids(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* Adds an _id to the tree: 1; 0 if it is there already; -1 without memory. */
static int claim(struct task *task, const char *id)
{
    const char **node = id != NULL ? tsearch(id, &task->ids, compare_ids) : NULL;
    if (node == NULL)
        return -1;
    return *node == id;
}

/* The package's name or, if there is another package of that name, its name,
 * version and architecture, as in the name of its file. 1, with an *id to be
 * freed with free(); 0 if that very package was there before; -1 without memory. */
static int choose_id(struct task *task, const struct package *package, char **id)
{
    const struct span *name = &package->values[PACKAGE_NAME],
                      *version = &package->values[PACKAGE_VERSION],
                      *architecture = &package->values[PACKAGE_ARCHITECTURE];

    *id = strndup(name->at, name->len);
    int claimed = claim(task, *id);
    if (claimed != 0)
        return claimed;
    free(*id);
    if (asprintf(id, "%.*s_%.*s_%.*s", (int)name->len, name->at,
                 (int)version->len, version->at, (int)architecture->len,
                 architecture->at) < 0)
        return -1;
    claimed = claim(task, *id);
    if (claimed == 0)
        free(*id);
    return claimed;
}

/* Keeps the _id, which is taken, and the checksum, for the phases to come. */
static int remember(struct catalogue *catalogue, char *id,
                    const bson_t *document, diesel_error *err)
{
    if (catalogue->count == catalogue->room) {
        size_t room = catalogue->room > 0 ? 2 * catalogue->room : 1024;
        struct record *grown = diesel_realloc_array(catalogue->records, room,
                                                    sizeof *grown);
        if (grown == NULL) {
            free(id);
            return diesel_error_nomem(err, "records");
        }
        catalogue->records = grown;
        catalogue->room = room;
    }
    catalogue->records[catalogue->count++] = (struct record){
        id, checksum(bson_get_data(document), document->len)};
    return 0;
}

/* SPDX-License-Identifier: MIT */
/*
 * What is kept of the packages that were written; see records.h.
 *
 * The tree owns the _ids, those of documents which never came to be included; the
 * list is for going through the records and picking some at random.
 */
#include "records.h"

#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <diesel/memory.h>

static int compare(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* Takes an _id, which came from malloc(), into the tree. 1; 0 if an equal one is
 * in there; -1 without memory. In the last two cases it has been freed. */
static int claim(struct records *records, char *id)
{
    char **node = id != NULL ? tsearch(id, &records->ids, compare) : NULL;
    if (node != NULL && *node == id)
        return 1;
    free(id);
    return node != NULL ? 0 : -1;
}

int records_name(struct records *records, const struct package *package,
                 const char **id, diesel_error *err)
{
    const struct span *name = &package->values[PACKAGE_NAME],
                      *version = &package->values[PACKAGE_VERSION],
                      *architecture = &package->values[PACKAGE_ARCHITECTURE];

    char *wanted = strndup(name->at, name->len);
    *id = wanted;
    int claimed = claim(records, wanted);
    if (claimed == 0) {
        if (asprintf(&wanted, "%.*s_%.*s_%.*s", (int)name->len, name->at,
                     (int)version->len, version->at, (int)architecture->len,
                     architecture->at) < 0)
            wanted = NULL;
        *id = wanted;
        claimed = claim(records, wanted);
    }
    return claimed < 0 ? diesel_error_nomem(err, "an _id") : claimed;
}

int records_add(struct records *records, const char *id, const bson_t *document,
                diesel_error *err)
{
    if (records->count == records->room) {
        size_t room = records->room > 0 ? 2 * records->room : 1024;
        struct record *grown =
            diesel_realloc_array(records->list, room, sizeof *grown);
        if (grown == NULL)
            return diesel_error_nomem(err, "records");
        records->list = grown;
        records->room = room;
    }
    records->list[records->count++] = (struct record){
        id, checksum(bson_get_data(document), document->len)};
    return 0;
}

void records_clear(struct records *records)
{
    tdestroy(records->ids, free);
    diesel_free(records->list);
    *records = (struct records){0};
}

uint64_t checksum(const void *bytes, size_t n)
{
    const unsigned char *byte = bytes;
    uint64_t sum = 0xcbf29ce484222325;

    for (size_t i = 0; i < n; i++)
        sum = (sum ^ byte[i]) * 0x100000001b3;
    return sum;
}

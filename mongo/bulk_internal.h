/* SPDX-License-Identifier: MIT */
/* What the two kinds of bulk writes share. */
#ifndef DIESEL_MONGO_BULK_INTERNAL_H
#define DIESEL_MONGO_BULK_INTERNAL_H

#include <diesel/mongo_bulk.h>

#include "option_internal.h"

static inline bool dmongo__write_is_update(const dmongo_write *w)
{
    return w->kind == DMONGO_WRITE_UPDATE_ONE ||
           w->kind == DMONGO_WRITE_UPDATE_MANY ||
           w->kind == DMONGO_WRITE_REPLACE_ONE;
}

/* Whether it may change more than one document. */
static inline bool dmongo__write_is_many(const dmongo_write *w)
{
    return w->kind == DMONGO_WRITE_UPDATE_MANY ||
           w->kind == DMONGO_WRITE_DELETE_MANY;
}

/* The document of an update: pipelines as arrays. */
static inline dmongo_value dmongo__write_change(const dmongo_write *w)
{
    return w->kind == DMONGO_WRITE_REPLACE_ONE ? w->document
                                               : dmongo__as_array(w->document);
}

/* Whether every write is what it should be: 0, or -1 with INVAL and the index of the
 * one that is not. With `needs_ns`, each must have a collection. */
int dmongo__writes_check(const char *what, const char *ns,
                         const dmongo_write *writes, size_t n, bool needs_ns,
                         diesel_error *err);

/* Adds {"index": id} to result->upserted. 0 or -1 with call->error. */
int dmongo__result_add_upserted(dmongo_result *result, struct dmongo__call *call,
                                size_t index, dmongo_value id);

#endif

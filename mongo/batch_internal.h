/* SPDX-License-Identifier: MIT */
/*
 * Writes of many documents or statements, in as few messages as the server's limits
 * allow. What is written, and what the replies say, is the business of those who
 * use it:
 *
 *     struct dmongo__batch b;
 *     dmongo__batch_init(&b, &call, n, item, source);
 *     b.sequence = "documents";
 *     if (dmongo__batch_begin(&b) == 0)
 *         while ((got = dmongo__batch_send(&b, command)) > 0)
 *             ...the reply is in call.reply; b.first, b.count say what it is for...
 *     dmongo__batch_clear(&b);
 */
#ifndef DIESEL_MONGO_BATCH_INTERNAL_H
#define DIESEL_MONGO_BATCH_INTERNAL_H

#include <string.h>

#include <diesel/mongo_write.h>

#include "client_internal.h"
#include "gather_internal.h"

/* One document to be sent: its bytes, or NULL and the tree that is yet to be
 * written. A tree may lie in the room that item() is given. */
struct dmongo__item {
    const uint8_t *bytes;
    size_t size;
    dmongo_value tree;
};

#define DMONGO__ITEM_ROOM 24 /* values */

struct dmongo__batch {
    struct dmongo__call *call;
    size_t n; /* items in all */
    /* The i-th of them; called twice. */
    struct dmongo__item (*item)(const struct dmongo__batch *b, size_t i,
                                dmongo_value room[DMONGO__ITEM_ROOM]);
    const void *source;   /* for item() */
    const size_t *order;  /* for item(), and in messages: whose number the i-th
                             item has; NULL: i                              */
    size_t total;         /* of the numbers: in messages                    */
    const char *sequence; /* "documents", "updates", "deletes", "ops"       */
    bool makes_ids;       /* one without an _id gets an ObjectId            */
    bson_oid_t *ids;      /* where those go, by number; NULL: nowhere       */
    size_t extra;         /* bytes by which an item may be larger than a
                             document                                       */

    /* Of the batch that was sent last. */
    size_t first, count;

    size_t documents_size;
    uint32_t *plan; /* one for each item of the batch: its size, and HAS_ID */
    uint32_t one;   /* the plan of a single item                            */
    size_t room;    /* of the plan, in items                                */
    struct dmongo__gather out;
};

/* Whose number the i-th item has. */
static inline size_t dmongo__batch_number(const struct dmongo__batch *b,
                                          size_t i)
{
    return b->order != NULL ? b->order[i] : i;
}

/* For the members up to `sequence`; the others are then as they mostly should be. */
static inline void dmongo__batch_init(
    struct dmongo__batch *b, struct dmongo__call *call, size_t n,
    struct dmongo__item (*item)(const struct dmongo__batch *, size_t,
                                dmongo_value *),
    const void *source)
{
    memset(b, 0, offsetof(struct dmongo__batch, out)); /* which is large */
    b->call = call;
    b->n = b->total = n;
    b->item = item;
    b->source = source;
    b->plan = &b->one;
    b->room = 1;
}

/* 0, or -1 with call->error. dmongo__batch_clear() in both cases. */
int dmongo__batch_begin(struct dmongo__batch *b);
void dmongo__batch_clear(struct dmongo__batch *b);

/* Sends the next batch behind `command` and receives the reply, unless writes are not
 * acknowledged, and does so again if that is allowed: 1; 0 if all items have been sent; -1 with call->error. */
int dmongo__batch_send(struct dmongo__batch *b, dmongo_value command);

/* The item of a document as the program has it. */
struct dmongo__item dmongo__item_of(dmongo_value doc);
struct dmongo__item dmongo__item_of_bson(const bson_t *doc);

/* Whether the document has an _id. */
bool dmongo__item_has_id(const struct dmongo__item *item);

#endif

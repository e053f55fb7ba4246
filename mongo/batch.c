/* SPDX-License-Identifier: MIT */
/*
 * Batches, see batch_internal.h. The items travel behind the command, as a document
 * sequence:
 *
 *     OP_MSG | 00 {insert: "users", ordered: true, ...} | 01 "documents" doc doc ...
 *
 * A message's length stands in front of it, so a batch takes two passes: the first
 * finds how many items fit the server's limits, and their sizes; the second sends,
 * see gather_internal.h.
 *
 * A document without an _id gets an ObjectId in front of its fields:
 *
 *     its size + 17 | 07 "_id" 00 ObjectId | its fields
 */
#include "batch_internal.h"

#include <string.h>

#include <diesel/memory.h>

#include "doc_internal.h"
#include "element_internal.h"

#define ID_SIZE (1 + sizeof "_id" + 12)

/* In a plan: the item needs no _id. */
#define HAS_ID (UINT32_C(1) << 31)

struct dmongo__item dmongo__item_of_bson(const bson_t *doc)
{
    return (struct dmongo__item){
        .bytes = doc != NULL ? bson_get_data(doc) : NULL,
        .size = doc != NULL ? doc->len : 0,
        .tree = doc != NULL ? dmongo_absent() : dmongo_bson(NULL)};
}

struct dmongo__item dmongo__item_of(dmongo_value doc)
{
    if (doc.form == DMONGO__BSON)
        return dmongo__item_of_bson(doc.bson);
    return (struct dmongo__item){.tree = doc};
}

bool dmongo__item_has_id(const struct dmongo__item *item)
{
    /* Nearly always it is the first field. */
    if (item->bytes != NULL && item->size > 5 + sizeof "_id" &&
        memcmp(item->bytes + 5, "_id", sizeof "_id") == 0)
        return true;
    dmongo_value value =
        item->bytes != NULL ? dmongo__make_ptr(DMONGO__RAW, BSON_TYPE_DOCUMENT,
                                               item->size, item->bytes)
                            : item->tree;
    return dmongo__doc_has_key(value, "_id");
}

/* Room for the plan of the largest batch. */
int dmongo__batch_begin(struct dmongo__batch *b)
{
    size_t most = b->call->conn->limits.batch;
    if (b->n <= 1)
        return 0;
    b->room = b->n < most ? b->n : most;
    b->plan = diesel_realloc_array(NULL, b->room, sizeof *b->plan);
    return b->plan != NULL ? 0
                           : diesel_error_nomem(&b->call->error, "a batch");
}

void dmongo__batch_clear(struct dmongo__batch *b)
{
    if (b->plan != &b->one)
        diesel_free(b->plan);
}

/* The size of an item, or -1 with the error. */
static int64_t size_of(struct dmongo__batch *b, const struct dmongo__item *item)
{
    diesel_error *error = &b->call->error;
    size_t limit = b->call->conn->limits.document + b->extra;
    if (item->bytes == NULL && item->tree.type != BSON_TYPE_DOCUMENT &&
        item->tree.form != DMONGO__INVALID)
        return diesel_error_set(error, DIESEL_E_INVAL, DIESEL_DOM_MONGO, 0,
                                "it must be a document, not %s",
                                dmongo__type_name(item->tree.type));
    if (item->bytes == NULL)
        return dmongo__doc_size(item->tree, limit, error);
    if (item->size > limit)
        return diesel_error_set(error, DIESEL_E_LIMIT, DIESEL_DOM_MONGO, 0,
                                "document of %zu bytes is larger than the "
                                "server's limit of %zu bytes",
                                item->size, limit);
    return (int64_t)item->size;
}

/* Fills the item's place in the plan: 0 or -1. */
static int plan_one(struct dmongo__batch *b, size_t i, uint32_t *plan)
{
    dmongo_value room[DMONGO__ITEM_ROOM];
    struct dmongo__item item = b->item(b, i, room);
    int64_t size = size_of(b, &item);
    if (size < 0) {
        if (b->total > 1)
            diesel_error_prefix(&b->call->error, "document number %zu",
                                dmongo__batch_number(b, i));
        return -1;
    }
    bool id = !b->makes_ids || dmongo__item_has_id(&item);
    *plan = (uint32_t)size + (id ? 0 : (uint32_t)ID_SIZE);
    if (id)
        *plan |= HAS_ID;
    return 0;
}

/* Plans the batch that begins at b->first, with `room` bytes for its items. */
static int plan_batch(struct dmongo__batch *b, size_t room)
{
    size_t most = b->call->conn->limits.batch;
    if (most > b->room) /* another server, with other limits */
        most = b->room;
    if (most > b->n - b->first)
        most = b->n - b->first;
    b->count = 0;
    b->documents_size = 0;
    while (b->count < most) {
        uint32_t *plan = &b->plan[b->count];
        if (plan_one(b, b->first + b->count, plan) < 0)
            return -1;
        size_t size = *plan & ~HAS_ID;
        if (b->documents_size + size > room && b->count > 0)
            return 0;
        b->documents_size += size;
        b->count++;
    }
    return 0;
}

static void make_id(struct dmongo__batch *b, size_t i, bson_oid_t *id)
{
    bson_oid_init(id, NULL);
    if (b->ids != NULL)
        b->ids[dmongo__batch_number(b, i)] = *id;
}

/* Writes a document's beginning with an ObjectId of its own. */
static uint8_t *put_id(struct dmongo__batch *b, size_t i, uint8_t *out,
                       size_t size)
{
    bson_oid_t id;
    make_id(b, i, &id);
    out = dmongo__store32(out, (uint32_t)size);
    *out++ = BSON_TYPE_OID;
    memcpy(out, "_id", sizeof "_id");
    memcpy(out + sizeof "_id", id.bytes, sizeof id.bytes);
    return out + sizeof "_id" + sizeof id.bytes;
}

static int put_bytes(struct dmongo__batch *b, size_t i,
                     const struct dmongo__item *item, uint32_t plan)
{
    bool id = (plan & HAS_ID) != 0;
    size_t size = plan & ~HAS_ID;
    bool copy = size < DMONGO__GATHER_COPY_BELOW;
    if (id && !copy)
        return dmongo__gather_refer(&b->out, item->bytes, item->size);
    size_t head = id ? 0 : 4 + ID_SIZE;
    size_t skip = id ? 0 : 4; /* the length, which is another one now */
    uint8_t *out = dmongo__gather_put(&b->out, copy ? size : head);
    if (out == NULL)
        return -1;
    if (!id)
        out = put_id(b, i, out, size);
    if (!copy)
        return dmongo__gather_refer(&b->out, item->bytes + skip,
                                    item->size - skip);
    memcpy(out, item->bytes + skip, item->size - skip);
    return 0;
}

/* A tree of values, written into the buffer; or, if it is too large for that, into
 * memory of its own, which is sent at once. */
static int put_tree(struct dmongo__batch *b, size_t i,
                    const struct dmongo__item *item, uint32_t plan)
{
    size_t size = plan & ~HAS_ID;
    bool fits = dmongo__gather_fits(&b->out, size);
    uint8_t *own = fits ? NULL : diesel_malloc(size);
    uint8_t *out = fits ? dmongo__gather_put(&b->out, size) : own;
    if (out == NULL)
        return fits ? -1 : diesel_error_nomem(&b->call->error, "a document");
    if (plan & HAS_ID) {
        dmongo__doc_write(item->tree, out);
    } else {
        bson_oid_t oid;
        make_id(b, i, &oid);
        dmongo__doc_write(dmongo_doc("_id", &oid,
                                     "", dmongo__splice(&item->tree)),
                          out);
    }
    if (fits)
        return 0;
    int done = dmongo__gather_refer(&b->out, own, size) == 0 &&
                       dmongo__gather_flush(&b->out) == 0
                   ? 0
                   : -1;
    diesel_free(own);
    return done;
}

/* Sends the batch that was planned. */
static int send_planned(struct dmongo__batch *b,
                        const struct dmongo__gathered *message)
{
    dmongo_value room[DMONGO__ITEM_ROOM];
    if (dmongo__gather_begin(&b->out, b->call->conn, message,
                             dmongo__call_deadline(b->call),
                             &b->call->error) < 0)
        return -1;
    for (size_t i = 0; i < b->count; i++) {
        struct dmongo__item item = b->item(b, b->first + i, room);
        if ((item.bytes != NULL ? put_bytes : put_tree)(b, b->first + i, &item,
                                                        b->plan[i]) < 0)
            return -1;
    }
    return dmongo__gather_end(&b->out);
}

/* Plans and sends the next batch, and reads the reply if there is one. */
static int exchange(struct dmongo__batch *b, dmongo_value command)
{
    struct dmongo__call *call = b->call;
    struct dmongo__composed composed;
    struct dmongo__gathered message = {
        .flags = call->unacknowledged ? DMONGO__MORE_TO_COME : 0,
        .sequence = b->sequence};
    if (dmongo__call_compose(call, command, &composed) < 0)
        return -1;
    message.command = composed.whole;
    size_t most = call->conn->limits.message;
    int64_t command_size =
        dmongo__doc_size(message.command, most, &call->error);
    if (command_size < 0)
        return -1;
    message.command_size = (size_t)command_size;
    /* A checksum may follow. */
    size_t around = dmongo__gather_prefix(&message) + 4;
    if (plan_batch(b, most > around ? most - around : 0) < 0)
        return -1;
    message.documents_size = b->documents_size;
    if (call->watching != 0)
        dmongo__events_begin(call, command);
    int done = send_planned(b, &message);
    if (call->watching != 0)
        dmongo__events_sent(call, done);
    if (done < 0)
        return -1;
    if (!call->unacknowledged)
        return dmongo__call_receive(call, NULL);
    call->conn->half_used = false; /* no reply is under way */
    return 0;
}

int dmongo__batch_send(struct dmongo__batch *b, dmongo_value command)
{
    b->first += b->count;
    b->count = 0;
    if (b->first >= b->n)
        return 0;
    while (exchange(b, command) < 0)
        if (!dmongo__call_again(b->call))
            return -1;
    return 1;
}

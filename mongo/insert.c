/* SPDX-License-Identifier: MIT */
/*
 * Insert. The documents travel behind the command, as a document sequence:
 *
 *     OP_MSG | 00 {insert: "users", ordered: true, ...} | 01 "documents" doc doc ...
 *
 * A message's length stands in front of it, so a batch takes two passes: the first
 * finds how many documents fit the server's limits, and their sizes; the second
 * sends, see gather_internal.h.
 *
 * A document without an _id gets an ObjectId in front of its fields:
 *
 *     its size + 17 | 07 "_id" 00 ObjectId | its fields
 */
#include <inttypes.h>
#include <limits.h>
#include <string.h>

#include <diesel/memory.h>

#include "doc_internal.h"
#include "gather_internal.h"
#include "option_internal.h"
#include "result_internal.h"

#define SEQUENCE "documents"
#define ID_SIZE (1 + sizeof "_id" + 12)

/* Size of a document as it is sent, and whether it has an _id of its own. */
#define HAS_ID (UINT32_C(1) << 31)

struct insert {
    struct dmongo__call call;
    const struct dmongo__ns *ns;
    const dmongo_insert_options *options;
    dmongo_docs docs;
    size_t n;
    uint32_t *plan; /* of the batch, one for each document: size | HAS_ID */
    /* The batch. */
    size_t first, count;
    size_t documents_size;
    struct dmongo__gather out;
};

/* One document: its bytes, or NULL and the tree that is yet to be written. */
struct source {
    const uint8_t *bytes;
    size_t size;
    dmongo_value tree;
};

static struct source from_bson(const bson_t *bson)
{
    return (struct source){
        .bytes = bson != NULL ? bson_get_data(bson) : NULL,
        .size = bson != NULL ? bson->len : 0,
        .tree = bson != NULL ? dmongo_absent() : dmongo_bson(NULL)};
}

static struct source source_of(const struct insert *in, size_t i)
{
    const dmongo_value *value;
    switch (in->docs.form) {
    case DMONGO__DOCS_BSONS:
        return from_bson((const bson_t *)in->docs.base + i);
    case DMONGO__DOCS_POINTERS:
        return from_bson(((const bson_t *const *)in->docs.base)[i]);
    default:
        value = (const dmongo_value *)in->docs.base + i;
        if (value->form == DMONGO__BSON)
            return from_bson(value->bson);
        return (struct source){.tree = *value};
    }
}

static bool has_id(const struct source *s)
{
    /* Nearly always it is the first field. */
    if (s->bytes != NULL && s->size > 5 + sizeof "_id" &&
        memcmp(s->bytes + 5, "_id", sizeof "_id") == 0)
        return true;
    dmongo_value value =
        s->bytes != NULL
            ? dmongo__make_ptr(DMONGO__RAW, BSON_TYPE_DOCUMENT, s->size, s->bytes)
            : s->tree;
    return dmongo__doc_has_key(value, "_id");
}

/* Fills the document's place in the plan: 0 or -1. */
static int plan_one(struct insert *in, size_t i, uint32_t *plan)
{
    struct source s = source_of(in, i);
    diesel_error *error = &in->call.error;
    size_t limit = in->call.conn->limits.document;
    int64_t size = (int64_t)s.size;
    if (s.bytes == NULL) {
        if (s.tree.type != BSON_TYPE_DOCUMENT &&
            s.tree.form != DMONGO__INVALID)
            size = diesel_error_set(error, DIESEL_E_INVAL, DIESEL_DOM_MONGO, 0,
                                    "it must be a document, not %s",
                                    dmongo__type_name(s.tree.type));
        else
            size = dmongo__doc_size(s.tree, limit, error);
    } else if (s.size > limit) {
        size = diesel_error_set(error, DIESEL_E_LIMIT, DIESEL_DOM_MONGO, 0,
                                "document of %zu bytes is larger than the "
                                "server's limit of %zu bytes",
                                s.size, limit);
    }
    if (size < 0) {
        if (in->n > 1)
            diesel_error_prefix(error, "document number %zu", i);
        return -1;
    }
    bool id = has_id(&s);
    *plan = (uint32_t)size + (id ? 0 : (uint32_t)ID_SIZE);
    if (id)
        *plan |= HAS_ID;
    return 0;
}

/* Plans the batch that begins at in->first, with `room` bytes for documents. */
static int plan_batch(struct insert *in, size_t room)
{
    size_t most = in->call.conn->limits.batch;
    if (most > in->n - in->first)
        most = in->n - in->first;
    in->count = 0;
    in->documents_size = 0;
    while (in->count < most) {
        uint32_t *plan = &in->plan[in->count];
        if (plan_one(in, in->first + in->count, plan) < 0)
            return -1;
        size_t size = *plan & ~HAS_ID;
        if (in->documents_size + size > room && in->count > 0)
            return 0;
        in->documents_size += size;
        in->count++;
    }
    return 0;
}

/* Makes the ObjectId of a document that has none, and writes the document's
 * beginning with it. */
static uint8_t *put_id(struct insert *in, size_t i, uint8_t *out, size_t size)
{
    bson_oid_t id;
    bson_oid_init(&id, NULL);
    if (in->options->ids != NULL)
        in->options->ids[i] = id;
    out = dmongo__store32(out, (uint32_t)size);
    *out++ = BSON_TYPE_OID;
    memcpy(out, "_id", sizeof "_id");
    memcpy(out + sizeof "_id", id.bytes, sizeof id.bytes);
    return out + sizeof "_id" + sizeof id.bytes;
}

static int put_bytes(struct insert *in, size_t i, const struct source *s,
                     uint32_t plan)
{
    bool id = (plan & HAS_ID) != 0;
    size_t size = plan & ~HAS_ID;
    bool copy = size < DMONGO__GATHER_COPY_BELOW;
    if (id && !copy)
        return dmongo__gather_refer(&in->out, s->bytes, s->size);
    size_t head = id ? 0 : 4 + ID_SIZE;
    size_t skip = id ? 0 : 4; /* the length, which is another one now */
    uint8_t *out = dmongo__gather_put(&in->out, copy ? size : head);
    if (out == NULL)
        return -1;
    if (!id)
        out = put_id(in, i, out, size);
    if (!copy)
        return dmongo__gather_refer(&in->out, s->bytes + skip, s->size - skip);
    memcpy(out, s->bytes + skip, s->size - skip);
    return 0;
}

/* A tree of values, written into the buffer; or, if it is too large for that, into
 * memory of its own, which is sent at once. */
static int put_tree(struct insert *in, size_t i, const struct source *s,
                    uint32_t plan)
{
    size_t size = plan & ~HAS_ID;
    bool fits = dmongo__gather_fits(&in->out, size);
    uint8_t *own = fits ? NULL : diesel_malloc(size);
    uint8_t *out = fits ? dmongo__gather_put(&in->out, size) : own;
    if (out == NULL)
        return fits ? -1 : diesel_error_nomem(&in->call.error, "a document");
    dmongo_value id = dmongo_absent();
    bson_oid_t oid;
    if (!(plan & HAS_ID)) {
        bson_oid_init(&oid, NULL);
        id = dmongo_oid(&oid);
        if (in->options->ids != NULL)
            in->options->ids[i] = oid;
    }
    dmongo__doc_write(dmongo_doc("_id", id, "", dmongo__splice(&s->tree)), out);
    if (fits)
        return 0;
    int done = dmongo__gather_refer(&in->out, own, size) == 0 &&
                       dmongo__gather_flush(&in->out) == 0
                   ? 0
                   : -1;
    diesel_free(own);
    return done;
}

static dmongo_value command_of(const struct insert *in, dmongo_value items[12])
{
    const dmongo *client = in->call.client;
    const dmongo_insert_options *o = in->options;
    const dmongo_value filled[12] = {
        dmongo_str("insert"), in->ns->collection,
        dmongo_str("ordered"), o->unordered ? dmongo_bool(false) : dmongo_absent(),
        dmongo_str("bypassDocumentValidation"),
        dmongo__if_true(o->bypass_document_validation),
        dmongo_str("comment"), o->comment,
        dmongo_str("writeConcern"), client->write_concern,
        dmongo_str("$db"), in->ns->database,
    };
    memcpy(items, filled, sizeof filled);
    return dmongo_doc_of(items, 12);
}

/* Sends the batch that was planned. */
static int send_batch(struct insert *in, const struct dmongo__gathered *message)
{
    if (dmongo__gather_begin(&in->out, in->call.conn, message,
                             dmongo__call_deadline(&in->call),
                             &in->call.error) < 0)
        return -1;
    for (size_t i = 0; i < in->count; i++) {
        struct source s = source_of(in, in->first + i);
        if ((s.bytes != NULL ? put_bytes : put_tree)(in, in->first + i, &s,
                                                     in->plan[i]) < 0)
            return -1;
    }
    return dmongo__gather_end(&in->out);
}

/* Sends one batch and reads what became of it: 1 to go on, 0 to stop as ordered
 * documents were refused, -1 with the call's error. */
static int insert_batch(struct insert *in, dmongo_result *result)
{
    dmongo_value items[12];
    struct dmongo__call *call = &in->call;
    struct dmongo__gathered message = {
        .flags = call->client->unacknowledged ? DMONGO__MORE_TO_COME : 0,
        .command = command_of(in, items),
        .sequence = SEQUENCE};
    size_t most = call->conn->limits.message;
    int64_t command_size =
        dmongo__doc_size(message.command, most, &call->error);
    if (command_size < 0)
        return -1;
    message.command_size = (size_t)command_size;
    /* A checksum may follow. */
    size_t around = dmongo__gather_prefix(&message) + 4;
    if (plan_batch(in, most > around ? most - around : 0) < 0)
        return -1;
    message.documents_size = in->documents_size;
    if (send_batch(in, &message) < 0)
        return -1;
    if (call->client->unacknowledged) {
        call->conn->half_used = false; /* no reply is under way */
        return 1;
    }
    bool failed;
    if (dmongo__call_receive(call, NULL) < 0)
        return -1;
    result->inserted += dmongo__element_int(&call->reply.n, 0);
    if (dmongo__result_read(result, call, in->first, &failed) < 0)
        return -1;
    return failed && !in->options->unordered && result->error_count > 0 ? 0 : 1;
}

static int insert_all(struct insert *in, dmongo_result *result)
{
    int got = 1;
    if (in->options->ids != NULL)
        memset(in->options->ids, 0, in->n * sizeof *in->options->ids);
    for (in->first = 0; in->first < in->n && got > 0; in->first += in->count) {
        got = insert_batch(in, result);
        if (got < 0)
            return -1;
    }
    return result->error_count > 0 || result->has_concern_error
               ? dmongo__result_fail(result, &in->call, in->n)
               : 0;
}

/* Room for the plan of the largest batch. */
static int make_plan(struct insert *in)
{
    size_t most = in->call.conn->limits.batch;
    in->plan = diesel_realloc_array(NULL, in->n < most ? in->n : most,
                                    sizeof *in->plan);
    return in->plan != NULL ? 0
                            : diesel_error_nomem(&in->call.error, "an insert");
}

static int insert(dmongo *client, const char *ns_text, dmongo_docs docs,
                  size_t n, const dmongo_insert_options *options,
                  dmongo_result *given, diesel_error *err)
{
    static const dmongo_insert_options defaults;
    dmongo_result own, *result = given != NULL ? given : &own;
    struct dmongo__ns ns;
    uint32_t one;
    memset(result, 0, sizeof *result);
    if (dmongo__collection_split(&ns, "insert", ns_text, err) < 0)
        return -1;

    struct insert in;
    in.ns = &ns;
    in.options = options != NULL ? options : &defaults;
    in.docs = docs;
    in.n = n;
    in.plan = &one;
    int done = dmongo__call_begin(&in.call, client, "insert", ns_text);
    if (done == 0 && n > 1)
        done = make_plan(&in);
    if (done == 0)
        done = insert_all(&in, result);
    if (n > 1 && in.plan != &one)
        diesel_free(in.plan);
    if (result == &own)
        dmongo_result_clear(&own);
    if (done < 0)
        return dmongo__call_fail(&in.call, err);
    dmongo__call_end(&in.call);
    return 0;
}

int(dmongo_insert_one)(dmongo *client, const char *ns, dmongo_value doc,
                       const dmongo_insert_options *options,
                       dmongo_result *result, diesel_error *err)
{
    return insert(client, ns, dmongo_docs_values(&doc), 1, options, result, err);
}

int(dmongo_insert_many)(dmongo *client, const char *ns, dmongo_docs docs,
                        size_t n, const dmongo_insert_options *options,
                        dmongo_result *result, diesel_error *err)
{
    return insert(client, ns, docs, n, options, result, err);
}

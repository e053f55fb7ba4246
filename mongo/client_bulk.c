/* SPDX-License-Identifier: MIT */
/*
 * Bulk writes to several collections: MongoDB 8.0's bulkWrite, on the database admin.
 *
 *     {bulkWrite: 1, nsInfo: [{ns: "app.a"}, {ns: "app.b"}], ...}
 *     "ops" {insert: 0, document: ...} {update: 1, filter: ..., updateMods: ...} ...
 *
 * The reply counts all writes, and has a cursor over what became of each, or with
 * errorsOnly of those that failed:
 *
 *     {cursor: {firstBatch: [{ok: 0, idx: 1, code: 11000, errmsg: ...}], id: 0, ...},
 *      nInserted: 1, nMatched: 0, ..., nErrors: 1, ok: 1}
 */
#include "bulk_internal.h"

#include <string.h>

#include <diesel/memory.h>

#include "batch_internal.h"
#include "cursor_internal.h"
#include "doc_internal.h"
#include "result_internal.h"

#define WHAT "bulkWrite"
#define OP_EXTRA (16 * 1024) /* by which one may exceed a document */

struct bulk {
    dmongo *client;
    struct dmongo__op op;
    const dmongo_write *writes;
    size_t n;
    const dmongo_bulk_options *options;
    dmongo_result *result;
    size_t *namespaces;   /* of each write: its place in `infos`; owned      */
    dmongo_value *infos;  /* {ns: ...}, owned; each has two values in `names` */
    dmongo_value *names;  /* owned */
    size_t info_count;
    bson_oid_t *ids;      /* made for inserts without an _id, by index; owned */
};

/* The place of the write's namespace, which is added if it is new. The last ones are
 * looked at first, since writes to one collection mostly follow one another. */
static size_t find_ns(struct bulk *bulk, const char *ns)
{
    for (size_t i = bulk->info_count; i-- > 0;)
        if (strcmp(bulk->names[2 * i + 1].s, ns) == 0)
            return i;
    size_t i = bulk->info_count++;
    bulk->names[2 * i] = dmongo_str("ns");
    bulk->names[2 * i + 1] = dmongo_str(ns);
    bulk->infos[i] = dmongo_doc_of(&bulk->names[2 * i], 2);
    return i;
}

static int prepare(struct bulk *bulk, diesel_error *err)
{
    size_t n = bulk->n;
    bulk->namespaces = diesel_realloc_array(NULL, n, sizeof *bulk->namespaces);
    bulk->infos = diesel_realloc_array(NULL, n, sizeof *bulk->infos);
    bulk->names = diesel_realloc_array(NULL, n, 2 * sizeof *bulk->names);
    bulk->ids = diesel_realloc_array(NULL, n, sizeof *bulk->ids);
    if (bulk->namespaces == NULL || bulk->infos == NULL || bulk->names == NULL ||
        bulk->ids == NULL)
        return diesel_error_nomem(err, "a bulk write");
    memset(bulk->ids, 0, n * sizeof *bulk->ids);
    for (size_t i = 0; i < n; i++) {
        struct dmongo__item item = dmongo__item_of(bulk->writes[i].document);
        bulk->namespaces[i] = find_ns(bulk, bulk->writes[i].ns);
        if (bulk->writes[i].kind == DMONGO_WRITE_INSERT &&
            !dmongo__item_has_id(&item))
            bson_oid_init(&bulk->ids[i], NULL);
    }
    if (bulk->options->ids != NULL)
        memcpy(bulk->options->ids, bulk->ids, n * sizeof *bulk->ids);
    return 0;
}

static void clear(struct bulk *bulk)
{
    diesel_free(bulk->namespaces);
    diesel_free(bulk->infos);
    diesel_free(bulk->names);
    diesel_free(bulk->ids);
}

/* {insert: place, document: {_id: made, ...}} */
static dmongo_value insert_of(const struct bulk *bulk, size_t i,
                              dmongo_value *room)
{
    static const bson_oid_t none;
    const dmongo_write *w = &bulk->writes[i];
    bool made = memcmp(&bulk->ids[i], &none, sizeof none) != 0;
    dmongo_value *inner = room + 4;
    inner[0] = dmongo_str("_id");
    inner[1] = dmongo_oid(&bulk->ids[i]);
    inner[2] = dmongo_str("");
    inner[3] = dmongo__splice(&w->document);
    room[0] = dmongo_str("insert");
    room[1] = dmongo_int32((int32_t)bulk->namespaces[i]);
    room[2] = dmongo_str("document");
    room[3] = made ? dmongo_doc_of(inner, 4) : w->document;
    return dmongo_doc_of(room, 4);
}

static struct dmongo__item item_of(const struct dmongo__batch *b, size_t i,
                                   dmongo_value *room)
{
    const struct bulk *bulk = b->source;
    const dmongo_write *w = &bulk->writes[i];
    if (w->kind == DMONGO_WRITE_INSERT)
        return (struct dmongo__item){.tree = insert_of(bulk, i, room)};
    bool is_update = dmongo__write_is_update(w);
    bool many = w->kind == DMONGO_WRITE_UPDATE_MANY ||
                w->kind == DMONGO_WRITE_DELETE_MANY;
    const dmongo_value op[] = {
        dmongo_str(is_update ? "update" : "delete"),
        dmongo_int32((int32_t)bulk->namespaces[i]),
        dmongo_str("filter"), w->filter,
        dmongo_str("updateMods"),
        is_update ? dmongo__write_change(w) : dmongo_absent(),
        dmongo_str("multi"), dmongo_bool(many),
        dmongo_str("upsert"), dmongo__if_true(is_update && w->upsert),
        dmongo_str("arrayFilters"), dmongo__as_array(w->array_filters),
        dmongo_str("collation"), w->collation,
        dmongo_str("hint"), w->hint,
        dmongo_str("sort"), w->sort,
    };
    memcpy(room, op, sizeof op);
    return (struct dmongo__item){
        .tree = dmongo_doc_of(room, sizeof op / sizeof op[0])};
}

/* What became of one write: {ok, idx, n, upserted: {_id}, code, errmsg}. */
static int read_one(struct bulk *bulk, struct dmongo__call *call,
                    const bson_t *doc, size_t first)
{
    size_t index = first + (size_t)dmongo_get_int(doc, "idx", 0);
    if (index >= bulk->n)
        return diesel_error_set(&call->error, DIESEL_E_PROTOCOL,
                                DIESEL_DOM_MONGO, 0,
                                "malformed reply: it speaks of write %zu of %zu",
                                index, bulk->n);
    if (dmongo_get_int(doc, "ok", 1) != 1)
        return dmongo__result_add_error(
            bulk->result, call, index, (int)dmongo_get_int(doc, "code", 0),
            dmongo_get_str(doc, "errmsg", ""));
    dmongo_value id = dmongo_get_value(doc, "upserted._id");
    return id.form != DMONGO__ABSENT
               ? dmongo__result_add_upserted(bulk->result, call, index, id)
               : 0;
}

static void count(struct bulk *bulk, const bson_t *reply)
{
    dmongo_result *result = bulk->result;
    result->inserted += dmongo_get_int(reply, "nInserted", 0);
    result->matched += dmongo_get_int(reply, "nMatched", 0);
    result->modified += dmongo_get_int(reply, "nModified", 0);
    result->deleted += dmongo_get_int(reply, "nDeleted", 0);
    result->upserted_count += dmongo_get_int(reply, "nUpserted", 0);
}

/* Reads the rest of the cursor that the reply in `call` has, by the server's number
 * for it, without giving the connection back. */
static int read_cursor(struct bulk *bulk, struct dmongo__call *call,
                       size_t first)
{
    for (;;) {
        bson_t body, doc, batch;
        bson_iter_t iter;
        if (!bson_init_static(&body, call->message.body,
                              call->message.body_size) ||
            !(dmongo_get_doc(&body, "cursor.firstBatch", &batch) ||
              dmongo_get_doc(&body, "cursor.nextBatch", &batch)) ||
            !bson_iter_init(&iter, &batch))
            return diesel_error_set(&call->error, DIESEL_E_PROTOCOL,
                                    DIESEL_DOM_MONGO, 0,
                                    "malformed reply: it has no cursor with a "
                                    "batch");
        while (bson_iter_next(&iter)) {
            const uint8_t *bytes;
            uint32_t size;
            if (!BSON_ITER_HOLDS_DOCUMENT(&iter))
                continue;
            bson_iter_document(&iter, &size, &bytes);
            if (bson_init_static(&doc, bytes, size) &&
                read_one(bulk, call, &doc, first) < 0)
                return -1;
        }
        int64_t id = dmongo_get_int(&body, "cursor.id", 0);
        if (id == 0)
            return 0;
        unsigned flags = bulk->op.flags;
        bulk->op.flags = DMONGO__NO_MAX_TIME;
        int done = dmongo__call_exchange(
            call,
            dmongo_doc("getMore", dmongo_int64(id),
                       "collection", "$cmd.bulkWrite"),
            NULL);
        bulk->op.flags = flags;
        if (done < 0)
            return -1;
    }
}

/* Takes in the reply to a batch: 0 or -1 with call->error. */
static int read_reply(struct bulk *bulk, struct dmongo__call *call, size_t first)
{
    bson_t body;
    bool failed;
    if (bson_init_static(&body, call->message.body, call->message.body_size))
        count(bulk, &body);
    if (dmongo__result_read(bulk->result, call, first, &failed) < 0)
        return -1;
    return read_cursor(bulk, call, first);
}

static int write_all(struct bulk *bulk, struct dmongo__call *call)
{
    const dmongo_bulk_options *o = bulk->options;
    struct dmongo__batch b;
    dmongo__batch_init(&b, call, bulk->n, item_of, bulk);
    b.sequence = "ops";
    b.extra = OP_EXTRA;
    dmongo_value command = dmongo_doc(
        "bulkWrite", 1,
        "errorsOnly", dmongo_bool(!o->verbose),
        "ordered", dmongo_bool(!o->unordered),
        "bypassDocumentValidation",
        dmongo__if_chosen(o->bypass_document_validation),
        "let", o->let,
        "comment", o->comment,
        "nsInfo", dmongo_array_of(bulk->infos, bulk->info_count));
    int got = dmongo__batch_begin(&b);
    while (got == 0 && (got = dmongo__batch_send(&b, command)) > 0) {
        got = call->unacknowledged ? 0 : read_reply(bulk, call, b.first);
        if (bulk->result->error_count > 0 && !o->unordered)
            break;
    }
    dmongo__batch_clear(&b);
    if (got < 0)
        return -1;
    return bulk->result->error_count > 0 || bulk->result->has_concern_error
               ? dmongo__result_fail(bulk->result, call, bulk->n)
               : 0;
}

int dmongo_client_bulk_write(dmongo *client, const dmongo_write *writes,
                             size_t n, const dmongo_bulk_options *options,
                             dmongo_result *given, diesel_error *err)
{
    static const dmongo_bulk_options defaults;
    dmongo_result own, *result = given != NULL ? given : &own;
    memset(result, 0, sizeof *result);
    if (dmongo__writes_check(WHAT, "admin", writes, n, true, err) < 0)
        return -1;
    struct bulk bulk = {.client = client,
                        .writes = writes,
                        .n = n,
                        .options = options != NULL ? options : &defaults,
                        .result = result};
    struct dmongo__call call;
    bool many = false;
    for (size_t i = 0; i < n; i++)
        many = many || dmongo__write_is_many(&writes[i]);
    bulk.op = (struct dmongo__op){
        .what = WHAT,
        .ns = "admin",
        .database = dmongo_str("admin"),
        .flags = DMONGO__WRITES | (many ? 0 : DMONGO__RETRY_WRITE),
        .session = bulk.options->session,
        .write_concern = bulk.options->write_concern};
    int done = dmongo__call_begin(&call, client, &bulk.op);
    if (done == 0)
        done = prepare(&bulk, &call.error);
    if (done == 0)
        done = write_all(&bulk, &call);
    clear(&bulk);
    if (result == &own)
        dmongo_result_clear(&own);
    if (done < 0)
        return dmongo__call_fail(&call, err);
    dmongo__call_end(&call);
    return 0;
}

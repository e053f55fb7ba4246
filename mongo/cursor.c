/* SPDX-License-Identifier: MIT */
/*
 * Cursors: going through what a find or an aggregate returns, batch by batch.
 *
 *     {cursor: {firstBatch: [...], id: int64, ns: "app.users"}, ok: 1}
 *
 * The reply is read into the cursor's own buffer, and a document that is handed
 * out is a view into it: valid until the next call. The buffer is used again for
 * the next batch.
 *
 * A cursor that fetches ahead asks for the next batch as soon as it has one, in a
 * fiber of its own and into a buffer of its own; the two buffers change places when
 * the batch is used up. So no more than two batches are in memory.
 *
 * States: `id` is the server's number of the cursor, 0 once it has nothing more.
 * A failure to get a batch is kept and reported again by every later call.
 */
#include "cursor_internal.h"

#include <string.h>

#include <diesel/memory.h>
#include <diesel/scope.h>
#include <diesel/task.h>

#include "doc_internal.h"

#define KILL_MS 1000 /* for telling the server to forget a cursor */

/* A batch, and the cursor's number behind it. */
struct batch {
    struct dmongo__walk rest; /* what is left of it */
    int64_t id;
};

/* The next batch. Only used if the cursor fetches ahead. */
struct ahead {
    diesel_task task;
    struct batch batch;
    diesel_error error;
};

struct dmongo_cursor {
    dmongo *client;                /* holds a reference                       */
    struct dmongo__server *server; /* which has the rest; NULL: there is none,
                                      as no server was asked                  */
    const char *what;
    int64_t id;
    int32_t batch_size;
    int64_t max_await_ms; /* 0: is not said */
    bson_t *comment; /* NULL: none */
    dmongo_session *session;                       /* the program's, or ... */
    struct dmongo__server_session *server_session; /* ... the client's      */
    struct dmongo__walk batch; /* what is left of the batch */
    struct dmongo__buffer buffer;
    bool fetches_ahead;
    diesel_scope *fetching; /* the next batch; NULL: nobody does */
    struct dmongo__buffer ahead_buffer;
    bson_t view; /* of the document handed out */
    bool has_failed;
    diesel_error error;
    struct ahead ahead;
    char *ns;      /* as the program wrote it, in names[]        */
    char *rest_ns; /* as the server calls it: owned, NULL: the same */
    char names[];
};

dmongo_cursor *dmongo__cursor_new(dmongo *client, const char *what,
                                  const char *ns, diesel_error *err)
{
    size_t ns_size = strlen(ns) + 1;
    dmongo_cursor *cursor = diesel_malloc(sizeof *cursor + ns_size);
    if (cursor == NULL) {
        diesel_error_nomem(err, "a cursor");
        return NULL;
    }
    memset(cursor, 0, offsetof(dmongo_cursor, view));
    cursor->client = client;
    cursor->what = what;
    cursor->has_failed = false;
    cursor->rest_ns = NULL;
    cursor->ns = memcpy(cursor->names, ns, ns_size);
    client->references++;
    return cursor;
}

struct dmongo__buffer *dmongo__cursor_buffer(dmongo_cursor *cursor)
{
    return &cursor->buffer;
}

void dmongo__cursor_await(dmongo_cursor *cursor, int64_t ms)
{
    cursor->max_await_ms = ms;
}

void dmongo__cursor_fetch_ahead(dmongo_cursor *cursor)
{
    cursor->fetches_ahead = true;
}

static void free_cursor(dmongo_cursor *cursor)
{
    dmongo__session_give(cursor->client, cursor->server_session);
    dmongo__client_release(cursor->client);
    dmongo__buffer_clear(&cursor->buffer);
    dmongo__buffer_clear(&cursor->ahead_buffer);
    bson_destroy(cursor->comment);
    diesel_free(cursor->rest_ns);
    diesel_free(cursor);
}

static int no_batch(struct dmongo__call *call)
{
    return diesel_error_set(&call->error, DIESEL_E_PROTOCOL, DIESEL_DOM_MONGO, 0,
                            "malformed reply: it has no cursor with a batch");
}

/* What the reply's cursor has. */
struct parts {
    struct dmongo__element id;
    struct dmongo__element ns;
    struct dmongo__element batch;
};

static bool is_called(const struct dmongo__element *e, const char *key,
                      size_t n)
{
    return e->key_len == n && memcmp(e->key, key, n) == 0;
}

#define IS(e, key) is_called((e), key, sizeof key - 1)

static int read_parts(struct dmongo__call *call, struct parts *parts)
{
    const struct dmongo__element *cursor = &call->reply.cursor;
    struct dmongo__walk walk;
    struct dmongo__element e;
    parts->id.type = parts->ns.type = parts->batch.type = 0;
    if (cursor->type != BSON_TYPE_DOCUMENT)
        return no_batch(call);
    int got = dmongo__walk_begin(&walk, cursor->value, cursor->size);
    while (got >= 0 && (got = dmongo__walk_next(&walk, &e)) > 0) {
        if (IS(&e, "firstBatch") || IS(&e, "nextBatch"))
            parts->batch = e;
        else if (IS(&e, "id"))
            parts->id = e;
        else if (IS(&e, "ns"))
            parts->ns = e;
    }
    if (got < 0 || parts->batch.type != BSON_TYPE_ARRAY)
        return no_batch(call);
    return 0;
}

int dmongo__first_document(struct dmongo__call *call, const uint8_t **bytes,
                           size_t *size)
{
    struct parts parts;
    struct dmongo__walk walk;
    struct dmongo__element e;
    if (read_parts(call, &parts) < 0)
        return -1;
    int got = dmongo__walk_begin(&walk, parts.batch.value, parts.batch.size);
    if (got == 0)
        got = dmongo__walk_next(&walk, &e);
    if (got < 0 || (got > 0 && e.type != BSON_TYPE_DOCUMENT))
        return no_batch(call);
    if (got > 0) {
        *bytes = e.value;
        *size = e.size;
    }
    return got;
}

/* Finds the batch in a reply. */
static int read_batch(struct dmongo__call *call, struct parts *parts,
                      struct batch *batch)
{
    if (read_parts(call, parts) < 0)
        return -1;
    batch->id = dmongo__element_int(&parts->id, 0);
    return dmongo__walk_begin(&batch->rest, parts->batch.value,
                              parts->batch.size) == 0
               ? 0
               : no_batch(call);
}

/* Keeps what later batches are asked with, if there will be any. */
static int keep(dmongo_cursor *cursor, struct dmongo__call *call,
                const struct parts *parts, dmongo_value comment)
{
    size_t n;
    const char *ns = dmongo__element_str(&parts->ns, &n);
    if (n > 0 && strcmp(ns, cursor->ns) != 0) {
        cursor->rest_ns = diesel_strndup(ns, n);
        if (cursor->rest_ns == NULL)
            return diesel_error_nomem(&call->error, "a cursor");
    }
    if (comment.form == DMONGO__ABSENT)
        return 0;
    cursor->comment =
        dmongo_doc_to_bson(dmongo_doc("comment", comment), &call->error);
    return cursor->comment != NULL ? 0 : -1;
}

/* What is asked about the cursor, and where the server has it. 0 or -1. */
static int make_op(const dmongo_cursor *cursor, const char *what,
                   struct dmongo__ns *ns, struct dmongo__op *op,
                   diesel_error *err)
{
    const char *text = cursor->rest_ns != NULL ? cursor->rest_ns : cursor->ns;
    if (dmongo__ns_split(ns, text, err) < 0)
        return -1;
    *op = (struct dmongo__op){.what = what,
                              .ns = cursor->ns,
                              .database = ns->database,
                              .flags = DMONGO__NO_MAX_TIME | DMONGO__NO_SESSION,
                              .session = cursor->session,
                              .server_session = cursor->server_session};
    return 0;
}

static int exchange_more(dmongo_cursor *cursor, struct dmongo__call *call,
                         dmongo_value collection, struct dmongo__buffer *into,
                         struct batch *batch)
{
    struct parts parts;
    dmongo_value comment =
        cursor->comment != NULL ? dmongo_bson(cursor->comment) : dmongo_absent();
    if (dmongo__call_exchange(
            call,
            dmongo_doc("getMore", dmongo_int64(cursor->id),
                       "collection", collection,
                       "batchSize", cursor->batch_size > 0
                                        ? dmongo_int32(cursor->batch_size)
                                        : dmongo_absent(),
                       "maxTimeMS", cursor->max_await_ms > 0
                                        ? dmongo_int64(cursor->max_await_ms)
                                        : dmongo_absent(),
                       "", dmongo__splice(&comment)),
            into) < 0)
        return -1;
    return read_batch(call, &parts, batch);
}

/* Gets the next batch into a buffer: 0, or -1 with *err. */
static int fetch(dmongo_cursor *cursor, struct dmongo__buffer *into,
                 struct batch *batch, diesel_error *err)
{
    struct dmongo__ns ns;
    struct dmongo__op op;
    struct dmongo__call call;
    if (make_op(cursor, "getMore", &ns, &op, err) < 0)
        return -1;
    if (dmongo__call_begin_on(&call, cursor->server, &op) == 0 &&
        exchange_more(cursor, &call, ns.collection, into, batch) == 0) {
        dmongo__call_end(&call);
        return 0;
    }
    return dmongo__call_fail(&call, err);
}

/* Fetching ahead. A failure is kept until the batch is asked for. */

static int fetch_ahead(void *arg)
{
    dmongo_cursor *cursor = arg;
    struct ahead *ahead = &cursor->ahead;
    ahead->error.code = 0;
    (void)!fetch(cursor, &cursor->ahead_buffer, &ahead->batch, &ahead->error);
    return 0;
}

/* Starts to. Without memory the batch is fetched when it is asked for. */
static void begin_ahead(dmongo_cursor *cursor)
{
    if (!cursor->fetches_ahead || cursor->id == 0)
        return;
    cursor->ahead.batch.id = cursor->id;
    cursor->fetching = diesel_scope_open(
        &(diesel_scope_options){.label = "cursor", .detached = true});
    if (cursor->fetching != NULL &&
        diesel_task_go(cursor->fetching, &cursor->ahead.task, fetch_ahead,
                       cursor) < 0) {
        (void)!diesel_scope_wait(cursor->fetching, NULL);
        cursor->fetching = NULL;
    }
}

/* Waits until nobody fetches; without `cancel` somebody has ended. Then `ahead` is
 * what was fetched. */
static void end_ahead(dmongo_cursor *cursor, bool cancel)
{
    diesel_scope *fetching = cursor->fetching;
    cursor->fetching = NULL;
    if (cancel)
        diesel_scope_cancel(fetching);
    (void)!diesel_scope_wait(fetching, NULL);
}

/* Waits for what is fetched and makes it the cursor's batch. */
static int take_ahead(dmongo_cursor *cursor)
{
    struct ahead *ahead = &cursor->ahead;
    if (diesel_task_wait(&ahead->task, DIESEL_FOREVER, &cursor->error) < 0)
        return dmongo__explain(cursor->what, cursor->ns, &cursor->error);
    end_ahead(cursor, false);
    if (ahead->error.code != 0) {
        cursor->error = ahead->error;
        return -1;
    }
    struct dmongo__buffer used = cursor->buffer;
    cursor->buffer = cursor->ahead_buffer;
    cursor->ahead_buffer = used;
    return 0;
}

/* Gets the next batch: 0, or -1 with cursor->error. */
static int get_more(dmongo_cursor *cursor)
{
    struct batch now, *batch = &now;
    int done;
    cursor->has_failed = true;
    if (cursor->fetching != NULL) {
        batch = &cursor->ahead.batch;
        done = take_ahead(cursor);
    } else {
        done = fetch(cursor, &cursor->buffer, batch, &cursor->error);
    }
    if (done == 0) {
        cursor->has_failed = false;
        cursor->id = batch->id;
        cursor->batch = batch->rest;
        begin_ahead(cursor);
        return 0;
    }
    if (cursor->error.detail == DMONGO_CURSOR_NOT_FOUND)
        cursor->id = 0; /* the server has forgotten it already */
    return -1;
}

int dmongo__cursor_begin(dmongo_cursor *cursor, struct dmongo__call *call,
                         int32_t batch_size, dmongo_value comment)
{
    struct parts parts;
    struct batch batch;
    if (read_batch(call, &parts, &batch) < 0)
        return -1;
    cursor->id = batch.id;
    cursor->batch = batch.rest;
    cursor->server = call->server;
    cursor->batch_size = batch_size;
    cursor->session = call->op->session;
    if (cursor->id == 0)
        return 0;
    cursor->server_session = dmongo__call_keep_session(call);
    if (keep(cursor, call, &parts, comment) < 0)
        return -1;
    begin_ahead(cursor);
    return 0;
}

static int malformed(dmongo_cursor *cursor)
{
    diesel_error_set(&cursor->error, DIESEL_E_PROTOCOL, DIESEL_DOM_MONGO, 0,
                     "mongodb %s: %s %.100s: malformed reply: its batch is not "
                     "an array of documents",
                     cursor->server->name, cursor->what, cursor->ns);
    cursor->has_failed = true;
    return -1;
}

/* 1, 0 or -1 with cursor->error; *doc is set in the first case. */
static int next(dmongo_cursor *cursor, const bson_t **doc)
{
    struct dmongo__element e;
    for (;;) {
        if (cursor->has_failed)
            return -1;
        int got = dmongo__walk_next(&cursor->batch, &e);
        if (got > 0) {
            if (e.type != BSON_TYPE_DOCUMENT ||
                !bson_init_static(&cursor->view, e.value, e.size))
                return malformed(cursor);
            *doc = &cursor->view;
            return 1;
        }
        if (got < 0)
            return malformed(cursor);
        if (cursor->id == 0)
            return 0;
        if (get_more(cursor) < 0)
            return -1;
    }
}

int dmongo_cursor_next(dmongo_cursor *cursor, const bson_t **doc,
                       diesel_error *err)
{
    *doc = NULL;
    if (cursor == NULL)
        return -1;
    if (diesel_check(err) < 0)
        return dmongo__explain(cursor->what, cursor->ns, err);
    int got = next(cursor, doc);
    if (got < 0 && err != NULL)
        *err = cursor->error;
    return got;
}

/* Has the server forget the cursor. If that fails, the server forgets it by itself
 * after a while. */
static void kill_cursor(dmongo_cursor *cursor)
{
    struct dmongo__ns ns;
    struct dmongo__op op;
    diesel_error unused;
    if (make_op(cursor, "killCursors", &ns, &op, &unused) < 0)
        return;
    diesel_scope *last = diesel_scope_open(
        &(diesel_scope_options){.shield = true, .timeout_ms = KILL_MS});
    struct dmongo__call call;
    if (dmongo__call_begin_on(&call, cursor->server, &op) == 0 &&
        dmongo__call_exchange(
            &call,
            dmongo_doc("killCursors", ns.collection,
                       "cursors", dmongo_array(dmongo_int64(cursor->id))),
            NULL) == 0)
        dmongo__call_end(&call);
    else
        dmongo__call_fail(&call, NULL);
    (void)diesel_scope_wait(last, NULL);
}

void dmongo_cursor_close(dmongo_cursor *cursor)
{
    if (cursor == NULL)
        return;
    if (cursor->fetching != NULL) {
        end_ahead(cursor, true);
        cursor->id = cursor->ahead.batch.id;
    }
    if (cursor->id != 0 && !cursor->client->is_closed)
        kill_cursor(cursor);
    free_cursor(cursor);
}

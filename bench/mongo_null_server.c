/* SPDX-License-Identifier: MIT */
/*
 * A MongoDB server that does nothing, at once, so that what a benchmark
 * measures is the client.
 *
 *     mongo_null_server PATH      listens on a Unix socket
 *     mongo_null_server PORT      listens on 127.0.0.1; 0: a port of the
 * kernel's
 *
 * When it listens it prints "ready", or "ready PORT". It ends when it is
 * killed.
 *
 * To clients it is a standalone server of today (wire version 21) which has
 * whatever they look for. A find gives one document of about 200 bytes; a find
 * with a batchSize and without a limit gives a cursor that never ends, in
 * batches of as many documents of about 100 bytes. An insert has inserted all
 * that came.
 * --sessions as a second argument lets the server announce sessions, which
 * makes most drivers send an lsid with every command.
 *
 * It is written on the library's server side. Batches are made once and kept.
 * Of a request no more is looked at than the reply depends on.
 */
#include <sys/resource.h>

#include <bson/bson.h>

#include <diesel/mongo.h>

#include "bench_diesel.h"

enum { MAX_BATCH = 100000, DEFAULT_BATCH = 101 };

static const int64_t cursor_id = 4711;

static void *checked(void *memory)
{
    if (memory == NULL)
        bench_fail("out of memory");
    return memory;
}

/* --- Batches */

static void append_oid(bson_t *doc, uint32_t n)
{
    bson_oid_t oid;
    char text[25];
    snprintf(text, sizeof text, "655f1c2a9d3e4b5a%08x", n);
    bson_oid_init_from_string(&oid, text);
    BSON_APPEND_OID(doc, "_id", &oid);
}

/* About 200 bytes. */
static void append_one(bson_t *batch)
{
    bson_t doc;
    bson_append_document_begin(batch, "0", 1, &doc);
    append_oid(&doc, 0);
    BCON_APPEND(&doc, "name", "Rudolf Diesel", "email",
                "rudolf.diesel@example.org", "visits", BCON_INT32(1893),
                "created", BCON_DATE_TIME(1700000000000), "active",
                BCON_BOOL(true), "address", "{", "street",
                "Maschinenstrasse 12", "city", "Augsburg", "zip", "86153", "}");
    bson_append_document_end(batch, &doc);
}

/* About 100 bytes each. */
static void append_many(bson_t *batch, uint32_t count)
{
    for (uint32_t n = 0; n < count; n++) {
        char room[16];
        const char *key;
        bson_t doc;
        size_t size = bson_uint32_to_string(n, &key, room, sizeof room);
        bson_append_document_begin(batch, key, (int)size, &doc);
        append_oid(&doc, n);
        BCON_APPEND(&doc, "name", "Rudolf Diesel", "city", "Augsburg", "visits",
                    BCON_INT32((int32_t)n), "score", BCON_DOUBLE(0.5));
        bson_append_document_end(batch, &doc);
    }
}

/* count 0: the one document of a find, without a cursor. */
static bson_t *new_batch(const char *name, uint32_t count)
{
    bson_t *doc = bson_new();
    bson_t cursor;
    bson_t batch;
    BSON_APPEND_DOCUMENT_BEGIN(doc, "cursor", &cursor);
    BSON_APPEND_ARRAY_BEGIN(&cursor, name, &batch);
    if (count == 0)
        append_one(&batch);
    else
        append_many(&batch, count);
    bson_append_array_end(&cursor, &batch);
    BSON_APPEND_INT64(&cursor, "id", count == 0 ? 0 : cursor_id);
    BSON_APPEND_UTF8(&cursor, "ns", "bench.users");
    bson_append_document_end(doc, &cursor);
    BSON_APPEND_DOUBLE(doc, "ok", 1);
    return doc;
}

/* The kept batch of that many documents: as a rule there is only one. */
static const bson_t *batch_of(const char *name, uint32_t count)
{
    static struct kept {
        struct kept *next;
        const char *name;
        uint32_t count;
        bson_t *doc;
    } * all;
    for (struct kept *k = all; k != NULL; k = k->next)
        if (k->count == count && k->name == name)
            return k->doc;
    struct kept *k = checked(malloc(sizeof *k));
    *k = (struct kept){all, name, count, new_batch(name, count)};
    all = k;
    return k->doc;
}

/* --- Commands */

static int answer_batch(dmongo_peer *peer, const dmongo_request *request,
                        const char *name, int64_t size)
{
    uint32_t count = size < 0 ? 0 : size > MAX_BATCH ? MAX_BATCH : (uint32_t)size;
    return dmongo_peer_reply(peer, request, batch_of(name, count), NULL, NULL);
}

static int answer_find(dmongo_peer *peer, const dmongo_request *request)
{
    static const char name[] = "firstBatch";
    bool endless = dmongo_get_int(&request->body, "limit", 0) == 0;
    return answer_batch(
        peer, request, name,
        endless ? dmongo_get_int(&request->body, "batchSize", 0) : 0);
}

static int answer_get_more(dmongo_peer *peer, const dmongo_request *request)
{
    static const char name[] = "nextBatch";
    return answer_batch(
        peer, request, name,
        dmongo_get_int(&request->body, "batchSize", DEFAULT_BATCH));
}

static int count_documents(const dmongo_request *request)
{
    int n = 0;
    dmongo_sequence sequence = {0};
    bson_t array, view;
    while (dmongo_request_next(request, &sequence))
        for (size_t at = 0; dmongo_sequence_next(&sequence, &at, &view);)
            n++;
    if (n == 0 && dmongo_get_doc(&request->body, "documents", &array))
        n = (int)bson_count_keys(&array);
    return n;
}

static int answer_insert(dmongo_peer *peer, const dmongo_request *request)
{
    return dmongo_peer_reply(
        peer, request, dmongo_doc("n", count_documents(request), "ok", 1.0),
        NULL, NULL);
}

static int answer_kill_cursors(dmongo_peer *peer, const dmongo_request *request)
{
    return dmongo_peer_reply(
        peer, request,
        dmongo_doc("cursorsKilled", dmongo_array(cursor_id), "cursorsNotFound",
                   dmongo_array(), "cursorsAlive", dmongo_array(),
                   "cursorsUnknown", dmongo_array(), "ok", 1.0),
        NULL, NULL);
}

static const struct {
    const char *name;
    int (*answer)(dmongo_peer *peer, const dmongo_request *request);
} commands[] = {
    {"find", answer_find},
    {"insert", answer_insert},
    {"getMore", answer_get_more},
    {"killCursors", answer_kill_cursors},
};

static int answer(dmongo_peer *peer, const dmongo_request *request, void *arg)
{
    (void)arg;
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
        if (strcmp(commands[i].name, request->command) == 0)
            return commands[i].answer(peer, request);
    return DMONGO_UNANSWERED;
}

/* --- The server */

struct setup {
    const char *address;
    bool sessions;
};

static diesel_listener *listen_on(const char *address)
{
    diesel_error err;
    bool tcp = strspn(address, "0123456789") == strlen(address);
    diesel_listener *listener =
        tcp ? diesel_tcp_listen("127.0.0.1",
                                (uint16_t)strtoul(address, NULL, 10), NULL, &err)
            : diesel_unix_listen(address, NULL, &err);
    if (listener == NULL)
        bench_fail("%s", err.message);
    if (tcp)
        printf("ready %u\n", diesel_listener_port(listener));
    else
        printf("ready\n");
    fflush(stdout);
    return listener;
}

static int serve(void *arg)
{
    const struct setup *setup = arg;
    diesel_error err;
    dmongo_serve_options options = {
        .answer = answer, .hello = {.no_sessions = !setup->sessions}};
    dmongo_serve(listen_on(setup->address), &options, &err);
    return diesel_fail(&err);
}

int main(int argc, char **argv)
{
    bool sessions = argc == 3 && strcmp(argv[2], "--sessions") == 0;
    if (argc != 2 && !sessions) {
        fputs("usage: mongo_null_server PATH|PORT [--sessions]\n", stderr);
        return 2;
    }
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    return diesel_main(serve, &(struct setup){argv[1], sessions});
}

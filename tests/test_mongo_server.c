/* SPDX-License-Identifier: MIT */
/*
 * The server side: requests in every split, what breaks the protocol, replies in
 * their request's form, and dmongo_serve() with the library's own client.
 */
#include <stdint.h>
#include <unistd.h>

#include <diesel/mongo.h>

#include "mongo/compress_internal.h"
#include "mongo/wire_internal.h"
#include "test_util.h"

/* clang-format off */

#define NO_FLAGS "\0\0\0\0"
#define MSG(length) length "\0\0\0" "\x07\0\0\0" "\0\0\0\0" "\xDD\x07\0\0"
#define QUERY(length) length "\0\0\0" "\x07\0\0\0" "\0\0\0\0" "\xD4\x07\0\0"
#define PING "\x0F\0\0\0\x10ping\0\1\0\0\0\0"
#define BYTES(text) text, sizeof(text) - 1

static const struct {
    const char *claim;
    const char *bytes;
    size_t size;
    const char *why; /* NULL: it is taken */
} rows[] = {
    {"a command", BYTES(MSG("\x24") NO_FLAGS "\0" PING), NULL},
    {"a command as an old query",
     BYTES(QUERY("\x36") NO_FLAGS "admin.$cmd\0" NO_FLAGS "\xFF\xFF\xFF\xFF" PING), NULL},
    {"an old query of a collection",
     BYTES(QUERY("\x32") NO_FLAGS "admin.users\0" NO_FLAGS "\xFF\xFF\xFF\xFF" "\x0A\0\0\0\x0A" "q\0\0\0\0"),
     "malformed"},
    {"a body of nothing", BYTES(MSG("\x1A") NO_FLAGS "\0" "\5\0\0\0\0"), "no command"},
    {"a length below the header's", BYTES("\x0F\0\0\0" "\x07\0\0\0" "\0\0\0\0" "\xDD\x07\0\0"), "less than"},
    {"a negative length", BYTES("\xFF\xFF\xFF\xFF" "\x07\0\0\0" "\0\0\0\0" "\xDD\x07\0\0"), "larger than the limit"},
    {"a length over the limit", BYTES("\1\x10\0\0" "\x07\0\0\0" "\0\0\0\0" "\xDD\x07\0\0"), "larger than the limit"},
    {"an old insert", BYTES("\x10\0\0\0" "\x07\0\0\0" "\0\0\0\0" "\xD2\x07\0\0"), "not known"},
    {"a reply", BYTES("\x29\0\0\0" "\x07\0\0\0" "\0\0\0\0" "\1\0\0\0" NO_FLAGS NO_FLAGS NO_FLAGS NO_FLAGS
                      "\1\0\0\0" "\5\0\0\0\0"), "is a reply"},
    {"an unknown required flag", BYTES(MSG("\x24") "\x80\0\0\0" "\0" PING), "required flag"},
    {"a wrong checksum", BYTES(MSG("\x28") "\1\0\0\0" "\0" PING "abcd"), "checksum"},
    {"compression that is not known",
     BYTES("\x1A\0\0\0" "\x07\0\0\0" "\0\0\0\0" "\xDC\x07\0\0" "\xDD\x07\0\0" "\1\0\0\0" "\x09" "a"), "not known here"},
};

/* clang-format on */

struct feed {
    diesel_stream *stream;
    const char *bytes;
    size_t size, split;
};

/* Sends the bytes in two parts, then nothing more. */
static int feeder(void *arg)
{
    struct feed *f = arg;
    diesel_error err;
    assert_ok(diesel_stream_write(f->stream, f->bytes, f->split, DIESEL_FOREVER, &err));
    for (int i = 0; i < 3; i++)
        assert_ok(diesel_yield(&err));
    assert_ok(diesel_stream_write(f->stream, f->bytes + f->split,
                                  f->size - f->split, DIESEL_FOREVER, &err));
    assert_ok(diesel_stream_shutdown_write(f->stream, DIESEL_FOREVER, &err));
    return 0;
}

/* Reads the one request that is fed; what dmongo_peer_read() said. */
static int read_fed(const char *bytes, size_t size, size_t split,
                    diesel_error *why)
{
    diesel_stream *pair[2];
    diesel_error err;
    dmongo_request request;
    assert_ok(diesel_stream_pair(pair, &err));
    dmongo_peer *peer = dmongo_peer_new(
        pair[0], &(dmongo_peer_options){.max_message = 4096}, &err);
    struct feed feed = {pair[1], bytes, size, split};
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(scope, feeder, &feed);
    int got = dmongo_peer_read(peer, &request, why);
    if (got > 0) {
        ck_assert_str_eq(request.command, "ping");
        ck_assert_uint_eq(request.id, 7);
        ck_assert_uint_eq(request.size, size);
        if (request.is_query)
            ck_assert_str_eq(dmongo_request_database(peer, &request), "admin");
        ck_assert_int_eq(dmongo_peer_read(peer, &request, &err), 0);
    }
    assert_ok(diesel_scope_wait(scope, &err));
    dmongo_peer_close(peer);
    diesel_stream_close(pair[1]);
    return got;
}

static int read_row(void *arg)
{
    int i = *(int *)arg;
    for (size_t split = 0; split <= rows[i].size; split++) {
        diesel_error err;
        int got = read_fed(rows[i].bytes, rows[i].size, split, &err);
        ck_assert_msg(got == (rows[i].why == NULL ? 1 : -1), "%s: %d",
                      rows[i].claim, got);
        if (got < 0) {
            ck_assert_int_eq(err.code, DIESEL_E_PROTOCOL);
            assert_contains(err.message, rows[i].why);
        }
    }
    return 0;
}

START_TEST(request_is_read_or_refused_in_every_split)
{
    test_run(read_row, &_i);
}
END_TEST

FIBER_TEST(a_request_that_ends_early_is_told)
{
    diesel_error err;
    for (size_t n = 1; n < rows[0].size; n++) {
        ck_assert_int_eq(read_fed(rows[0].bytes, n, n / 2, &err), -1);
        ck_assert_int_eq(err.code, DIESEL_E_CLOSED);
        assert_contains(err.message, "middle");
    }
    ck_assert_int_eq(read_fed(rows[0].bytes, 0, 0, &err), 0);
    return 0;
}
END_TEST

FIBER_TEST(requests_that_come_together_are_read_one_by_one)
{
    diesel_error err;
    diesel_stream *pair[2];
    dmongo_request request;
    assert_ok(diesel_stream_pair(pair, &err));
    dmongo_peer *peer = dmongo_peer_new(pair[0], NULL, &err);
    char many[40 * 36];
    for (int i = 0; i < 40; i++) {
        memcpy(many + i * 36, rows[0].bytes, 36);
        many[i * 36 + 4] = (char)i;
    }
    assert_ok(diesel_stream_write(pair[1], many, sizeof many, DIESEL_FOREVER, &err));
    for (uint32_t i = 0; i < 40; i++) {
        ck_assert_int_eq(dmongo_peer_read(peer, &request, &err), 1);
        ck_assert_uint_eq(request.id, i);
    }
    dmongo_peer_close(peer);
    diesel_stream_close(pair[1]);
    return 0;
}
END_TEST

/* --- Replies. */

/* Reads one message that the peer sent. */
static void read_reply(diesel_stream *stream, uint8_t *bytes, size_t room,
                       struct dmongo__message *m)
{
    diesel_error err;
    const char *why = "";
    uint32_t length;
    assert_ok(diesel_stream_read_exactly(stream, bytes, 4, DIESEL_FOREVER, &err));
    memcpy(&length, bytes, 4);
    ck_assert_uint_le(length, room);
    assert_ok(diesel_stream_read_exactly(stream, bytes + 4, length - 4,
                                         DIESEL_FOREVER, &err));
    ck_assert_msg(dmongo__message_read(m, bytes, length, room, &why) ==
                      (ssize_t)length,
                  "%s", why);
}

struct ends {
    dmongo_peer *peer;
    diesel_stream *client;
    dmongo_request request;
    uint8_t bytes[4096];
    struct dmongo__message reply;
};

static void open_ends(struct ends *e, const dmongo_peer_options *options)
{
    diesel_error err;
    diesel_stream *pair[2];
    assert_ok(diesel_stream_pair(pair, &err));
    assert_made(e->peer = dmongo_peer_new(pair[0], options, &err));
    e->client = pair[1];
}

static void close_ends(struct ends *e)
{
    dmongo_peer_close(e->peer);
    diesel_stream_close(e->client);
}

/* Sends a message to the peer, which reads it. */
static void ask(struct ends *e, const void *bytes, size_t n)
{
    diesel_error err;
    assert_ok(diesel_stream_write(e->client, bytes, n, DIESEL_FOREVER, &err));
    int got = dmongo_peer_read(e->peer, &e->request, &err);
    ck_assert_msg(got == 1, "%s", err.message);
}

/* A ping with these flags, and a checksum if they say so. */
static size_t make_ping(uint8_t *out, uint32_t flags)
{
    uint8_t *at = dmongo__msg_begin(out, 7, 0, flags);
    memcpy(at, PING, sizeof PING - 1);
    size_t n = (size_t)(at - out) + sizeof PING - 1;
    bool checksum = flags & DMONGO_CHECKSUM_PRESENT;
    dmongo__message_end(out, n + (checksum ? 4 : 0));
    if (checksum) {
        uint32_t crc = htole32(dmongo__crc32c(0, out, n));
        memcpy(out + n, &crc, 4);
        n += 4;
    }
    return n;
}

FIBER_TEST(a_checksum_is_answered_with_one)
{
    diesel_error err;
    uint8_t ping[64];
    struct ends e;
    open_ends(&e, NULL);
    ask(&e, ping, make_ping(ping, DMONGO_CHECKSUM_PRESENT));
    assert_ok(dmongo_peer_reply(e.peer, &e.request, dmongo_doc("ok", 1.0), NULL, &err));
    read_reply(e.client, e.bytes, sizeof e.bytes, &e.reply); /* checks it */
    ck_assert_uint_eq(e.reply.flags, DMONGO_CHECKSUM_PRESENT);
    ck_assert_uint_eq(e.reply.response_to, 7);
    ask(&e, ping, make_ping(ping, 0));
    assert_ok(dmongo_peer_reply(e.peer, &e.request, dmongo_doc("ok", 1.0), NULL, &err));
    read_reply(e.client, e.bytes, sizeof e.bytes, &e.reply);
    ck_assert_uint_eq(e.reply.flags, 0);
    close_ends(&e);
    return 0;
}
END_TEST

FIBER_TEST(compressed_requests_get_compressed_replies)
{
    static const enum dmongo__compressor all[] = {DMONGO__NOOP, DMONGO__SNAPPY,
                                                  DMONGO__ZLIB, DMONGO__ZSTD};
    diesel_error err;
    uint8_t ping[64];
    struct ends e;
    open_ends(&e, NULL);
    for (size_t i = 0; i < TEST_COUNT(all); i++) {
        if (dmongo__compressor_name(all[i]) == NULL)
            continue; /* not built */
        struct dmongo__packing how = {.compressor = all[i], .zlib_level = 9};
        struct dmongo__buffer packed = {0}, back = {0};
        int64_t n = dmongo__pack(&how, ping, make_ping(ping, 0), &packed, &err);
        ask(&e, packed.data, (size_t)n);
        ck_assert_str_eq(e.request.compressor, dmongo__compressor_name(all[i]));
        ck_assert_uint_eq(e.request.id, 7);
        assert_ok(dmongo_peer_reply(e.peer, &e.request, dmongo_doc("ok", 1.0), NULL, &err));
        read_reply(e.client, e.bytes, sizeof e.bytes, &e.reply);
        ck_assert_uint_eq(e.reply.operation, DMONGO__OP_COMPRESSED);
        ck_assert_uint_eq(e.reply.compressor, (unsigned)all[i]);
        ck_assert_uint_eq(e.reply.response_to, 7);
        ck_assert_int_gt(dmongo__unpack(&e.reply, 4096, &back, &err), 0);
        assert_ok(dmongo_peer_reply(e.peer, &e.request, dmongo_doc("ok", 1.0),
                                    &(dmongo_reply_options){.uncompressed = true},
                                    &err));
        read_reply(e.client, e.bytes, sizeof e.bytes, &e.reply);
        ck_assert_uint_eq(e.reply.operation, DMONGO__OP_MSG);
        dmongo__buffer_clear(&packed);
        dmongo__buffer_clear(&back);
    }
    close_ends(&e);
    return 0;
}
END_TEST

FIBER_TEST(streaming_replies_answer_each_other)
{
    diesel_error err;
    uint8_t ping[64];
    struct ends e;
    open_ends(&e, NULL);
    ask(&e, ping, make_ping(ping, DMONGO_EXHAUST_ALLOWED));
    uint32_t answered = 7;
    for (int i = 0; i < 3; i++) {
        assert_ok(dmongo_peer_reply(e.peer, &e.request, dmongo_doc("i", i),
                                    &(dmongo_reply_options){.more_to_come = i < 2},
                                    &err));
        read_reply(e.client, e.bytes, sizeof e.bytes, &e.reply);
        ck_assert_uint_eq(e.reply.response_to, answered);
        ck_assert_uint_eq(e.reply.flags, i < 2 ? DMONGO_MORE_TO_COME : 0);
        answered = e.reply.request_id;
    }
    close_ends(&e);
    return 0;
}
END_TEST

FIBER_TEST(who_wants_no_reply_gets_none)
{
    diesel_error err;
    uint8_t ping[64];
    struct ends e;
    open_ends(&e, NULL);
    ask(&e, ping, make_ping(ping, DMONGO_MORE_TO_COME));
    assert_ok(dmongo_peer_reply(e.peer, &e.request, dmongo_doc("ok", 1.0), NULL, &err));
    assert_ok(dmongo_peer_send(e.peer, "x", 1, &err));
    ck_assert_int_eq(diesel_stream_read(e.client, e.bytes, 10, DIESEL_FOREVER, &err), 1);
    close_ends(&e);
    return 0;
}
END_TEST

/* --- Serving. */

static int answer(dmongo_peer *peer, const dmongo_request *request, void *arg)
{
    int *answered = arg;
    if (strcmp(request->command, "count") == 0) {
        ck_assert_str_eq(dmongo_request_database(peer, request), "t");
        ++*answered;
        return dmongo_peer_reply(peer, request, dmongo_doc("n", 3, "ok", 1.0), NULL, NULL);
    }
    if (strcmp(request->command, "insert") == 0) {
        dmongo_sequence sequence = {0};
        bson_t doc;
        int n = 0;
        while (dmongo_request_next(request, &sequence))
            for (size_t at = 0; dmongo_sequence_next(&sequence, &at, &doc);)
                n++;
        *answered += n;
        return dmongo_peer_reply(peer, request, dmongo_doc("n", n, "ok", 1.0), NULL, NULL);
    }
    if (strcmp(request->command, "shutdown") == 0)
        return -1;
    return DMONGO_UNANSWERED;
}

struct service {
    diesel_listener *listener;
    dmongo_serve_options options;
    int answered;
    char uri[64];
    diesel_scope *scope;
};

static int serve(void *arg)
{
    struct service *service = arg;
    diesel_error err;
    return dmongo_serve(service->listener, &service->options, &err) < 0
               ? diesel_fail(&err)
               : 0;
}

static void start(struct service *service)
{
    diesel_error err;
    assert_made(service->listener = diesel_tcp_listen("127.0.0.1", 0, NULL, &err));
    service->options.answer = answer;
    service->options.arg = &service->answered;
    snprintf(service->uri, sizeof service->uri, "mongodb://127.0.0.1:%u",
             diesel_listener_port(service->listener));
    service->scope = diesel_scope_open(NULL);
    diesel_go(service->scope, serve, service);
}

static void stop(struct service *service)
{
    diesel_error err;
    diesel_scope_cancel(service->scope);
    assert_ok(diesel_scope_wait(service->scope, &err));
}

FIBER_TEST(the_own_client_is_served)
{
    diesel_error err;
    struct service service = {0};
    start(&service);
    dmongo *mongo = dmongo_open(service.uri, NULL, &err);
    ck_assert_msg(mongo != NULL, "%s", err.message);
    bson_t *reply;
    assert_ok(dmongo_run(mongo, "t", dmongo_doc("ping", 1), &reply, &err));
    bson_destroy(reply);
    assert_ok(dmongo_run(mongo, "t", dmongo_doc("count", "c"), &reply, &err));
    ck_assert_int_eq(dmongo_get_int(reply, "n", 0), 3);
    bson_destroy(reply);
    assert_fails(dmongo_run(mongo, "t", dmongo_doc("dance", 1), NULL, &err), DIESEL_E_SERVER);
    ck_assert_int_eq(err.detail, DMONGO_COMMAND_NOT_FOUND);
    assert_contains(err.message, "dance");
    assert_fails(dmongo_run(mongo, "t", dmongo_doc("shutdown", 1), NULL, &err), DIESEL_E_CLOSED);
    dmongo_close(mongo);
    stop(&service);
    return 0;
}
END_TEST

/* Inserts through compression and checksums, small documents and large ones. */
static void insert_with(const char *compressor, bool checksums, size_t size)
{
    diesel_error err;
    struct service service = {.options.peer.compressors = "zstd,zlib,snappy,noop"};
    char uri[128];
    start(&service);
    snprintf(uri, sizeof uri, "%s/?compressors=%s", service.uri, compressor);
    dmongo *mongo = dmongo_open(uri, &(dmongo_options){.checksums = checksums}, &err);
    ck_assert_msg(mongo != NULL, "%s", err.message);
    char *text = malloc(size + 1);
    memset(text, 'x', size);
    text[size] = 0;
    bson_t *docs[3];
    for (int i = 0; i < 3; i++)
        docs[i] = BCON_NEW("i", BCON_INT32(i), "text", BCON_UTF8(text));
    assert_ok(dmongo_insert_many(mongo, "t.c", docs, 3, NULL, NULL, &err));
    ck_assert_int_eq(service.answered, 3);
    assert_ok(dmongo_run(mongo, "t", dmongo_doc("ping", 1, "text", text), NULL, &err));
    for (int i = 0; i < 3; i++)
        bson_destroy(docs[i]);
    free(text);
    dmongo_close(mongo);
    stop(&service);
}

FIBER_TEST(every_compressor_carries_commands)
{
    static const char *const names[] = {"snappy", "zlib", "zstd"};
    static const size_t sizes[] = {1, 2000, 200000};
    for (size_t i = 0; i < TEST_COUNT(names); i++)
        for (size_t j = 0; j < TEST_COUNT(sizes); j++)
            insert_with(names[i], false, sizes[j]);
    return 0;
}
END_TEST

FIBER_TEST(checksums_of_all_requests_are_right)
{
    static const size_t sizes[] = {1, 900, 2000, 70000, 200000};
    for (size_t i = 0; i < TEST_COUNT(sizes); i++)
        insert_with("", true, sizes[i]);
    return 0;
}
END_TEST

FIBER_TEST(no_more_connections_than_allowed_at_a_time)
{
    diesel_error err;
    struct service service = {.options.max_connections = 1};
    start(&service);
    dmongo *first = dmongo_open(service.uri, NULL, &err);
    ck_assert_msg(first != NULL, "%s", err.message);
    char uri[128];
    snprintf(uri, sizeof uri, "%s/?connectTimeoutMS=20", service.uri);
    ck_assert_ptr_null(dmongo_open(uri, NULL, &err));
    ck_assert_int_eq(err.code, DIESEL_E_TIMEDOUT);
    dmongo_close(first);
    dmongo *second = dmongo_open(service.uri, NULL, &err);
    ck_assert_msg(second != NULL, "%s", err.message);
    dmongo_close(second);
    stop(&service);
    return 0;
}
END_TEST

FIBER_TEST(cancelling_ends_serving_and_its_connections)
{
    diesel_error err;
    struct service service = {0};
    start(&service);
    dmongo *mongo = dmongo_open(service.uri, NULL, &err);
    ck_assert_msg(mongo != NULL, "%s", err.message);
    diesel_scope_cancel(service.scope);
    assert_ok(diesel_scope_wait(service.scope, &err));
    assert_fails(dmongo_run(mongo, "t",
                            dmongo_doc("ping", 1), NULL, &err), DIESEL_E_CLOSED);
    dmongo_close(mongo);
    return 0;
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("mongo_server");
    test_case_rows(suite, "requests", request_is_read_or_refused_in_every_split,
                   TEST_COUNT(rows));
    test_case(suite, "reading", a_request_that_ends_early_is_told,
              requests_that_come_together_are_read_one_by_one);
    test_case(suite, "replies", a_checksum_is_answered_with_one,
              compressed_requests_get_compressed_replies,
              streaming_replies_answer_each_other, who_wants_no_reply_gets_none);
    test_case(suite, "serving", the_own_client_is_served,
              every_compressor_carries_commands,
              checksums_of_all_requests_are_right,
              no_more_connections_than_allowed_at_a_time,
              cancelling_ends_serving_and_its_connections);
    return test_suite_run(suite);
}

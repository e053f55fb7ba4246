/* SPDX-License-Identifier: MIT */
/*
 * The kit of scripted servers itself: that it takes requests apart as they were
 * put together, and that its replies are wrong exactly where they are told to
 * be.
 */
#include "mongo_script.h"
#include "test_util.h"

/* clang-format off */

/* A ping as OP_MSG with a sequence of two documents, and as OP_QUERY. */
static const uint8_t ping_msg[] =
    "\x50\0\0\0" "\x07\0\0\0" "\0\0\0\0" "\xDD\x07\0\0" "\0\0\0\0"
    "\x00" "\x1E\0\0\0" "\x10ping\0\1\0\0\0" "\x02$db\0\x06\0\0\0admin\0\0"
    "\x01" "\x1C\0\0\0" "documents\0" "\x09\0\0\0\x08" "a\0\1\0" "\x05\0\0\0\0";
static const uint8_t ping_query[] =
    "\x36\0\0\0" "\x08\0\0\0" "\0\0\0\0" "\xD4\x07\0\0" "\4\0\0\0"
    "admin.$cmd\0" "\0\0\0\0" "\xFF\xFF\xFF\xFF" "\x0F\0\0\0\x10ping\0\1\0\0\0\0";

/* The reply {"n": 1} to each. */
static const uint8_t reply_msg[] =
    "\x21\0\0\0" "\1\0\0\0" "\7\0\0\0" "\xDD\x07\0\0" "\0\0\0\0" "\0"
    "\x0C\0\0\0\x10n\0\1\0\0\0\0";
static const uint8_t reply_query[] =
    "\x30\0\0\0" "\1\0\0\0" "\x08\0\0\0" "\1\0\0\0" "\x08\0\0\0"
    "\0\0\0\0\0\0\0\0" "\0\0\0\0" "\1\0\0\0" "\x0C\0\0\0\x10n\0\1\0\0\0\0";

/* clang-format on */

/* String literals have a zero byte that is not the message's. */
#define SIZE(bytes) (sizeof(bytes) - 1)

/* A conversation: what is sent, how the script replies, what must come back. */
struct talk {
    const uint8_t *send;
    size_t send_size;
    mongo_script_how how;
    const uint8_t *want;
    size_t want_size;
    size_t requests; /* that the script has seen */
};

static int answer_one(mongo_script_peer *peer,
                      const mongo_script_request *request, void *arg)
{
    struct talk *talk = arg;
    talk->requests++;
    ck_assert_str_eq(request->command, "ping");
    if (!request->is_query) {
        ck_assert_int_eq(request->id, 7);
        ck_assert_str_eq(dmongo_get_str(&request->body, "$db", ""), "admin");
        ck_assert_uint_eq(request->sequence_count, 1);
        ck_assert_str_eq(request->sequences[0].name, "documents");
        ck_assert_uint_eq(request->sequences[0].count, 2);
        size_t at = 0;
        bson_t doc;
        ck_assert(mongo_script_next(&request->sequences[0], &at, &doc));
        ck_assert(dmongo_get_bool(&doc, "a", false));
        ck_assert(mongo_script_next(&request->sequences[0], &at, &doc));
        ck_assert(bson_empty(&doc));
        ck_assert(!mongo_script_next(&request->sequences[0], &at, &doc));
    } else {
        ck_assert_int_eq(request->id, 8);
        ck_assert_str_eq(request->collection, "admin.$cmd");
    }
    if (mongo_script_reply(peer, request, dmongo_doc("n", 1), &talk->how) < 0)
        return -1;
    return talk->how.cut > 0 ? -1 : 0;
}

struct side {
    diesel_stream *stream;
    struct talk *talk;
};

static int server_side(void *arg)
{
    struct side *side = arg;
    mongo_script_serve(side->stream, answer_one, side->talk, NULL);
    diesel_stream_close(side->stream);
    return 0;
}

static int talk_over_a_pair(void *arg)
{
    struct talk *talk = arg;
    diesel_error err;
    diesel_stream *pair[2];
    ck_assert_int_eq(diesel_stream_pair(pair, &err), 0);
    struct side side = {pair[1], talk};
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(scope, server_side, &side);

    ck_assert_int_eq(diesel_stream_write(pair[0], talk->send, talk->send_size,
                                         DIESEL_FOREVER, &err),
                     0);
    uint8_t got[64];
    ck_assert_int_eq(diesel_stream_read_exactly(pair[0], got, talk->want_size,
                                                DIESEL_FOREVER, &err),
                     0);
    ck_assert_mem_eq(got, talk->want, talk->want_size);
    ck_assert_int_eq(
        diesel_stream_shutdown_write(pair[0], DIESEL_FOREVER, &err), 0);
    ck_assert_int_eq(diesel_stream_read(pair[0], got, 1, DIESEL_FOREVER, &err),
                     0);
    ck_assert_int_eq(diesel_scope_wait(scope, &err), 0);
    ck_assert_uint_eq(talk->requests, 1);
    diesel_stream_close(pair[0]);
    return 0;
}

START_TEST(a_request_is_answered_in_its_own_form)
{
    struct talk msg = {.send = ping_msg,
                       .send_size = SIZE(ping_msg),
                       .want = reply_msg,
                       .want_size = SIZE(reply_msg)};
    test_run(talk_over_a_pair, &msg);
    struct talk query = {.send = ping_query,
                         .send_size = SIZE(ping_query),
                         .want = reply_query,
                         .want_size = SIZE(reply_query)};
    test_run(talk_over_a_pair, &query);
}
END_TEST

START_TEST(a_reply_is_wrong_where_it_is_told_to_be)
{
    struct talk cut = {.send = ping_msg,
                       .send_size = SIZE(ping_msg),
                       .how = {.cut = 20},
                       .want = reply_msg,
                       .want_size = 20};
    test_run(talk_over_a_pair, &cut);

    uint8_t want[SIZE(reply_msg)];
    memcpy(want, reply_msg, sizeof want);
    want[0] = 99;
    want[8] = 42;
    want[16] = 2;
    struct talk wrong = {.send = ping_msg,
                         .send_size = SIZE(ping_msg),
                         .how = {.dribble = true,
                                 .length = 99,
                                 .response_to = 42,
                                 .flags = MONGO_SCRIPT_MORE_TO_COME},
                         .want = want,
                         .want_size = sizeof want};
    test_run(talk_over_a_pair, &wrong);
}
END_TEST

static diesel_stream *connect_to(const mongo_script *server, bool tcp)
{
    diesel_error err;
    diesel_stream *stream;
    const char *uri = mongo_script_uri(server);
    if (tcp) {
        long port = strtol(strrchr(uri, ':') + 1, NULL, 10);
        stream = diesel_tcp_connect("127.0.0.1", (uint16_t)port, NULL,
                                    DIESEL_FOREVER, &err);
    } else {
        char path[108];
        size_t n = 0;
        for (const char *p = strchr(uri, '%'); *p != 0; n++, p++) {
            path[n] = *p == '%' ? '/' : *p;
            p += *p == '%' ? strlen("2F") : 0;
        }
        path[n] = 0;
        stream = diesel_unix_connect(path, DIESEL_FOREVER, &err);
    }
    ck_assert_msg(stream != NULL, "%s", err.message);
    return stream;
}

static int talk_to_a_server(void *arg)
{
    const mongo_script_options *options = arg;
    struct talk talk = {0};
    diesel_error err;
    mongo_script *server = mongo_script_open(answer_one, &talk, options);
    diesel_stream *a = connect_to(server, options->tcp);
    diesel_stream *b = connect_to(server, options->tcp);
    uint8_t got[SIZE(reply_msg)];
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(diesel_stream_write(a, ping_msg, SIZE(ping_msg),
                                             DIESEL_FOREVER, &err),
                         0);
        ck_assert_int_eq(diesel_stream_read_exactly(a, got, sizeof got,
                                                    DIESEL_FOREVER, &err),
                         0);
    }
    ck_assert_uint_eq(talk.requests, 3);
    ck_assert_uint_eq(mongo_script_accepted(server), 2);
    ck_assert_uint_eq(mongo_script_connected(server), 2);

    mongo_script_hang_up(server);
    ck_assert_uint_eq(mongo_script_connected(server), 0);
    ck_assert_int_eq(diesel_stream_read(b, got, 1, DIESEL_FOREVER, &err), 0);
    diesel_stream *c = connect_to(server, options->tcp);
    assert_ok(
        diesel_stream_write(c, ping_msg, SIZE(ping_msg), DIESEL_FOREVER, &err));
    assert_ok(
        diesel_stream_read_exactly(c, got, sizeof got, DIESEL_FOREVER, &err));
    mongo_script_close(server);
    ck_assert_int_eq(diesel_stream_read(c, got, 1, DIESEL_FOREVER, &err), 0);
    diesel_stream_close(a);
    diesel_stream_close(b);
    diesel_stream_close(c);
    return 0;
}

START_TEST(a_server_serves_many_connections)
{
    test_run(talk_to_a_server, &(mongo_script_options){0});
    test_run(talk_to_a_server, &(mongo_script_options){.tcp = true});
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("mongo_script");
    test_case(suite, "kit", a_request_is_answered_in_its_own_form,
              a_reply_is_wrong_where_it_is_told_to_be,
              a_server_serves_many_connections);
    return test_suite_run(suite);
}

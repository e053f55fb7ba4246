/* SPDX-License-Identifier: MIT */
/*
 * Streams that speak TLS: every call of <diesel/stream.h> does what it does on
 * a plain one; the end is told from a cut; nothing that happens to one call, or
 * to the handshake, spoils what follows.
 */
#include <openssl/ssl.h>
#include <stdint.h>

#include "tls_certs.h"
#include "tls_pair.h"

static tls_ca *ca;
static diesel_tls *client, *server;
static struct tls_pair pair;

static void make(int version)
{
    ca = tls_ca_new("ca");
    const char *cert = tls_ca_issue(
        ca, &(tls_cert){.subject = "server", .names = "DNS:localhost"});
    server = tls_made(
        &(diesel_tls_options){.server = true, .cert_file = cert});
    client = tls_made(&(diesel_tls_options){.ca_file = tls_ca_file(ca),
                                            .max_version = version});
}

static void open_version(int version)
{
    make(version);
    tls_pair_must_open(&pair, client, server, "localhost");
}

static void open_pair(void)
{
    open_version(0);
}

static void clean(void)
{
    diesel_tls_free(client);
    diesel_tls_free(server);
    tls_ca_free(ca);
}

static void close_pair(void)
{
    tls_pair_close(&pair);
    clean();
}

/* --- Bytes of any number. */

static char *pattern(size_t n)
{
    char *bytes = malloc(n + 1);
    ck_assert_ptr_nonnull(bytes);
    for (size_t i = 0; i < n; i++)
        bytes[i] = (char)(i * 31 + i / 251);
    return bytes;
}

struct transfer {
    diesel_stream *stream;
    size_t n, piece; /* written in pieces of so many; 0: appended */
};

static int append(struct transfer *t, const char *bytes, diesel_error *err)
{
    for (size_t at = 0, n; at < t->n; at += n) {
        n = t->n - at < 1000 ? t->n - at : 1000;
        void *room = diesel_stream_reserve(t->stream, n, err);
        if (room == NULL)
            return -1;
        memcpy(room, bytes + at, n);
        diesel_stream_commit(t->stream, n);
    }
    return diesel_stream_drain(t->stream, 0, DIESEL_FOREVER, err);
}

static int gather(struct transfer *t, char *bytes, diesel_error *err)
{
    size_t count = (t->n + t->piece - 1) / t->piece;
    struct iovec *pieces = calloc(count, sizeof *pieces);
    for (size_t i = 0; i < count; i++) {
        size_t at = i * t->piece;
        pieces[i].iov_base = bytes + at;
        pieces[i].iov_len = t->n - at < t->piece ? t->n - at : t->piece;
    }
    int result = diesel_stream_writev(t->stream, pieces, (int)count,
                                      DIESEL_FOREVER, err);
    free(pieces);
    return result;
}

static int transfer(void *arg)
{
    struct transfer *t = arg;
    diesel_error err;
    char *bytes = pattern(t->n);
    if (t->piece == 0)
        assert_ok(append(t, bytes, &err));
    else
        assert_ok(gather(t, bytes, &err));
    free(bytes);
    ck_assert_uint_eq(diesel_stream_committed(t->stream),
                      diesel_stream_sent(t->stream));
    return 0;
}

static const struct {
    size_t n, piece;
} sizes[] = {
    {1, 1},         {100, 7},         {16384, 16384},  {16385, 16385},
    {40000, 1},     {100000, 16000},  {100000, 17000}, {65536, 65536},
    {65537, 33000}, {1000000, 1000000}, {300000, 5000}, {1, 0},
    {20000, 0},     {500000, 0},
};

static void transfer_over(int row, int version)
{
    diesel_error err;
    open_version(version);
    diesel_scope *scope = diesel_scope_open(NULL);
    struct transfer there = {pair.server.stream, sizes[row].n,
                             sizes[row].piece};
    struct transfer here = {pair.client.stream, sizes[row].n, sizes[row].piece};
    diesel_go(scope, transfer, &there);
    diesel_go(scope, transfer, &here);
    char *want = pattern(sizes[row].n), *got = malloc(sizes[row].n);
    diesel_stream *const ends[] = {pair.client.stream, pair.server.stream};
    for (int i = 0; i < 2; i++) {
        memset(got, 0, sizes[row].n);
        assert_ok(diesel_stream_read_exactly(ends[i], got, sizes[row].n,
                                             DIESEL_FOREVER, &err));
        ck_assert(memcmp(got, want, sizes[row].n) == 0);
    }
    assert_ok(diesel_scope_wait(scope, &err));
    free(want);
    free(got);
    close_pair();
}

FIBER_TEST(bytes_arrive_as_they_were_written)
{
    transfer_over(row, DIESEL_TLS_1_2);
    transfer_over(row, DIESEL_TLS_1_3);
    return 0;
}
END_TEST

FIBER_TEST(a_read_takes_what_there_is)
{
    diesel_error err;
    char buf[10];
    open_pair();
    assert_ok(diesel_stream_write(pair.server.stream, "hello, world", 12,
                                  DIESEL_FOREVER, &err));
    ck_assert_int_eq(diesel_stream_read(pair.client.stream, buf, 10,
                                        DIESEL_FOREVER, &err), 10);
    ck_assert_int_eq(diesel_stream_read(pair.client.stream, buf, 10,
                                        DIESEL_FOREVER, &err), 2);
    assert_fails(diesel_stream_read(pair.client.stream, buf, 10, DIESEL_NOW,
                                    &err),
                 DIESEL_E_TIMEDOUT);
    tls_pair_talk(&pair);
    close_pair();
    return 0;
}
END_TEST

/* A gather write of small pieces is one record, and so one read. */
FIBER_TEST(small_pieces_are_one_record)
{
    diesel_error err;
    char buf[100];
    open_pair();
    struct iovec pieces[] = {{"one ", 4}, {"", 0}, {"two ", 4}, {"three", 5}};
    assert_ok(diesel_stream_writev(pair.server.stream, pieces, 4,
                                   DIESEL_FOREVER, &err));
    ck_assert_int_eq(diesel_stream_read(pair.client.stream, buf, sizeof buf,
                                        DIESEL_FOREVER, &err), 13);
    ck_assert_mem_eq(buf, "one two three", 13);
    close_pair();
    return 0;
}
END_TEST

/* --- The end, and what is not the end. */

static const int both_versions[] = {DIESEL_TLS_1_2, DIESEL_TLS_1_3};

FIBER_TEST(an_end_is_an_end)
{
    diesel_error err;
    char c;
    open_version(both_versions[row]);
    assert_ok(diesel_stream_write(pair.server.stream, "x", 1, DIESEL_FOREVER,
                                  &err));
    diesel_stream_close(pair.server.stream);
    pair.server.stream = NULL;
    ck_assert_int_eq(diesel_stream_read(pair.client.stream, &c, 1,
                                        DIESEL_FOREVER, &err), 1);
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(diesel_stream_read(pair.client.stream, &c, 1,
                                            DIESEL_FOREVER, &err), 0);
    ck_assert(diesel_stream_is_readable(pair.client.stream));
    close_pair();
    return 0;
}
END_TEST

FIBER_TEST(a_cut_is_no_end)
{
    diesel_error err;
    char c;
    open_version(both_versions[row]);
    assert_ok(diesel_stream_write(pair.server.stream, "x", 1, DIESEL_FOREVER,
                                  &err));
    shutdown(diesel_stream_fd(pair.server.stream), SHUT_WR);
    ck_assert_int_eq(diesel_stream_read(pair.client.stream, &c, 1,
                                        DIESEL_FOREVER, &err), 1);
    for (int i = 0; i < 3; i++) {
        assert_fails(diesel_stream_read(pair.client.stream, &c, 1,
                                        DIESEL_FOREVER, &err),
                     DIESEL_E_CLOSED);
        ck_assert_int_eq(err.domain, DIESEL_DOM_TLS);
        assert_contains(err.message, "cut");
    }
    close_pair();
    return 0;
}
END_TEST

FIBER_TEST(half_closed_it_still_reads)
{
    diesel_error err;
    char buf[10];
    open_version(both_versions[row]);
    assert_ok(diesel_stream_shutdown_write(pair.client.stream, DIESEL_FOREVER,
                                           &err));
    ck_assert_int_eq(diesel_stream_read(pair.server.stream, buf, 10,
                                        DIESEL_FOREVER, &err), 0);
    assert_ok(diesel_stream_write(pair.server.stream, "late", 4,
                                  DIESEL_FOREVER, &err));
    assert_ok(diesel_stream_read_exactly(pair.client.stream, buf, 4,
                                         DIESEL_FOREVER, &err));
    ck_assert_mem_eq(buf, "late", 4);
    assert_fails(diesel_stream_write(pair.client.stream, "x", 1,
                                     DIESEL_FOREVER, &err),
                 DIESEL_E_CLOSED);
    close_pair();
    return 0;
}
END_TEST

/* Bytes that the client has not read, as the tickets of TLS 1.3, must not take
 * away from the server what the client has written before it closed. */
FIBER_TEST(closing_with_unread_tickets_loses_nothing)
{
    diesel_error err;
    char heard[6] = "";
    make(0);
    diesel_listener *listener;
    assert_made(listener = diesel_tcp_listen("127.0.0.1", 0, NULL, &err));
    struct tls_end here = {.tls = client, .host = "localhost"};
    struct tls_end there = {.tls = server};
    assert_made(here.stream = diesel_tcp_connect(
                    "127.0.0.1", diesel_listener_port(listener), NULL,
                    DIESEL_FOREVER, &err));
    assert_made(there.stream = diesel_accept(listener, DIESEL_FOREVER, &err));
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(scope, tls_end_start, &here);
    diesel_go(scope, tls_end_start, &there);
    assert_ok(diesel_scope_wait(scope, &err));
    assert_ok(diesel_stream_write(here.stream, "hello", 5, DIESEL_FOREVER,
                                  &err));
    diesel_stream_close(here.stream);
    assert_ok(diesel_stream_write(there.stream, "x", 1, DIESEL_FOREVER, &err));
    assert_ok(diesel_sleep(5, &err));
    assert_ok(diesel_stream_read_exactly(there.stream, heard, 5,
                                         DIESEL_FOREVER, &err));
    ck_assert_str_eq(heard, "hello");
    diesel_stream_close(there.stream);
    diesel_listener_close(listener);
    clean();
    return 0;
}
END_TEST

FIBER_TEST(tickets_do_not_make_it_readable)
{
    diesel_error err;
    char buf[20];
    open_pair();
    assert_ok(diesel_sleep(1, &err)); /* the tickets are there */
    ck_assert(!diesel_stream_is_readable(pair.client.stream));
    ck_assert(!diesel_stream_is_readable(pair.server.stream));
    assert_ok(diesel_stream_write(pair.server.stream, "two words", 9,
                                  DIESEL_FOREVER, &err));
    assert_ok(diesel_sleep(1, &err));
    ck_assert(diesel_stream_is_readable(pair.client.stream));
    ck_assert_int_eq(diesel_stream_read(pair.client.stream, buf, 4,
                                        DIESEL_FOREVER, &err), 4);
    ck_assert(diesel_stream_is_readable(pair.client.stream)); /* in OpenSSL */
    ck_assert_int_eq(diesel_stream_read(pair.client.stream, buf, 20,
                                        DIESEL_FOREVER, &err), 5);
    ck_assert(!diesel_stream_is_readable(pair.client.stream));
    shutdown(diesel_stream_fd(pair.server.stream), SHUT_WR);
    assert_ok(diesel_sleep(1, &err));
    ck_assert(diesel_stream_is_readable(pair.client.stream));
    close_pair();
    return 0;
}
END_TEST

/* --- Writes that wait. */

static int read_all(void *arg)
{
    diesel_error err;
    static char buf[50000];
    size_t *have = arg;
    ssize_t got;
    while ((got = diesel_stream_read(pair.server.stream, buf, sizeof buf,
                                     DIESEL_FOREVER, &err)) > 0)
        for (ssize_t i = 0; i < got; i++, ++*have)
            if (buf[i] != (char)(*have % 10 + '0'))
                ck_abort_msg("byte %zu is %d", *have, buf[i]);
    assert_ok(got);
    return 0;
}

/* A write that gives up in the middle leaves whole records behind it, so
 * that the connection goes on, with whatever is written next. */
FIBER_TEST(a_write_that_times_out_leaves_the_connection_whole)
{
    enum { MANY = 3000000 };
    diesel_error err;
    char *digits = malloc(MANY);
    for (size_t i = 0; i < MANY; i++)
        digits[i] = (char)(i % 10 + '0');
    open_pair();
    uint64_t before = diesel_stream_sent(pair.client.stream);
    assert_fails(diesel_stream_write(pair.client.stream, digits, MANY,
                                     diesel_now() + 2, &err),
                 DIESEL_E_TIMEDOUT);
    ck_assert_uint_ne(err.flags & DIESEL_EF_SENT, 0);
    size_t sent =
        (size_t)(diesel_stream_sent(pair.client.stream) - before), have = 0;
    ck_assert_uint_lt(sent, MANY);
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(scope, read_all, &have);
    assert_ok(diesel_stream_write(pair.client.stream, digits + sent % 10,
                                  1000000, DIESEL_FOREVER, &err));
    diesel_stream_close(pair.client.stream);
    pair.client.stream = NULL;
    assert_ok(diesel_scope_wait(scope, &err));
    ck_assert_uint_eq(have, sent + 1000000);
    free(digits);
    close_pair();
    return 0;
}
END_TEST

/* What a full kernel did not take leaves by itself, in the loop. */
FIBER_TEST(the_output_buffer_leaves_when_there_is_room)
{
    diesel_error err;
    size_t have = 0;
    open_pair();
    for (size_t i = 0; i < 3000000; i += 10) {
        char *room = diesel_stream_reserve(pair.client.stream, 10, &err);
        assert_made(room);
        memcpy(room, "0123456789", 10);
        diesel_stream_commit(pair.client.stream, 10);
    }
    assert_ok(diesel_yield(&err));
    assert_fails(diesel_stream_drain(pair.client.stream, 100, diesel_now() + 2,
                                     &err),
                 DIESEL_E_TIMEDOUT);
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(scope, read_all, &have);
    assert_ok(diesel_stream_shutdown_write(pair.client.stream, DIESEL_FOREVER,
                                           &err));
    assert_ok(diesel_scope_wait(scope, &err));
    ck_assert_uint_eq(have, 3000000);
    close_pair();
    return 0;
}
END_TEST

/* --- Handshakes that come to nothing. */

static diesel_stream *half_open(int *raw)
{
    make(0);
    return test_stream(raw);
}

static void check_dead(diesel_stream *stream)
{
    diesel_error err;
    char c;
    ck_assert_int_eq(diesel_stream_read(stream, &c, 1, DIESEL_FOREVER, &err),
                     -1);
    test_message_is_sound(&err);
    ck_assert_int_eq(diesel_stream_write(stream, &c, 1, DIESEL_FOREVER, &err),
                     -1);
    ck_assert_ptr_null(diesel_stream_reserve(stream, 1, &err));
    ck_assert_int_eq(
        diesel_tls_start(stream, client, "localhost", DIESEL_FOREVER, &err), -1);
    ck_assert(diesel_stream_is_readable(stream));
    diesel_tls_info info;
    ck_assert(!diesel_tls_info_of(stream, &info));
}

FIBER_TEST(a_handshake_obeys_its_deadline)
{
    diesel_error err;
    int raw;
    diesel_stream *stream = half_open(&raw);
    assert_fails(diesel_tls_start(stream, client, "localhost",
                                  diesel_now() + 2, &err),
                 DIESEL_E_TIMEDOUT);
    assert_contains(err.message, "TLS with localhost");
    check_dead(stream);
    diesel_stream_close(stream);
    close(raw);
    clean();
    return 0;
}
END_TEST

static int start_and_note(void *arg)
{
    struct tls_end *end = arg;
    test_error_wipe(&end->err);
    end->result = diesel_tls_start(end->stream, end->tls, "localhost",
                                   DIESEL_FOREVER, &end->err);
    return end->result < 0 ? diesel_fail(&end->err) : 0;
}

FIBER_TEST(a_handshake_can_be_cancelled)
{
    diesel_error err;
    int raw;
    struct tls_end end = {.stream = half_open(&raw), .tls = client};
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(scope, start_and_note, &end);
    assert_ok(diesel_sleep(1, &err));
    diesel_scope_cancel(scope);
    assert_ok(diesel_scope_wait(scope, &err));
    ck_assert_int_eq(end.result, -1);
    ck_assert_int_eq(end.err.code, DIESEL_E_CANCELLED);
    check_dead(end.stream);
    diesel_stream_close(end.stream);
    close(raw);
    clean();
    return 0;
}
END_TEST

static int start_only(void *arg)
{
    (void)start_and_note(arg);
    return 0;
}

FIBER_TEST(a_stream_may_be_closed_in_the_handshake)
{
    diesel_error err;
    int raw;
    struct tls_end end = {.stream = half_open(&raw), .tls = client};
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(scope, start_only, &end);
    assert_ok(diesel_sleep(1, &err));
    diesel_stream_close(end.stream);
    assert_ok(diesel_scope_wait(scope, &err));
    ck_assert_int_eq(end.err.code, DIESEL_E_CLOSED);
    close(raw);
    clean();
    return 0;
}
END_TEST

FIBER_TEST(in_the_handshake_the_stream_is_in_use)
{
    diesel_error err;
    int raw;
    char c;
    struct tls_end end = {.stream = half_open(&raw), .tls = client};
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(scope, start_only, &end);
    assert_ok(diesel_sleep(1, &err));
    assert_fails(diesel_stream_read(end.stream, &c, 1, DIESEL_FOREVER, &err),
                 DIESEL_E_BUSY);
    assert_fails(diesel_stream_write(end.stream, &c, 1, DIESEL_FOREVER, &err),
                 DIESEL_E_BUSY);
    assert_fails(diesel_tls_start(end.stream, client, "localhost",
                                  DIESEL_FOREVER, &err),
                 DIESEL_E_INVAL);
    diesel_stream_close(end.stream);
    assert_ok(diesel_scope_wait(scope, &err));
    close(raw);
    clean();
    return 0;
}
END_TEST

static int append_in_the_middle(void *arg)
{
    diesel_error err;
    (void)arg;
    void *room = diesel_stream_reserve(pair.client.stream, 5, &err);
    assert_made(room);
    memcpy(room, "early", 5);
    diesel_stream_commit(pair.client.stream, 5);
    return 0;
}

FIBER_TEST(what_is_appended_in_the_handshake_leaves_after_it)
{
    diesel_error err;
    diesel_stream *streams[2];
    char heard[6] = "";
    make(0);
    assert_ok(diesel_stream_pair(streams, &err));
    pair.client = (struct tls_end){streams[0], client, "localhost", -1, {0}};
    pair.server = (struct tls_end){streams[1], server, NULL, -1, {0}};
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(scope, tls_end_start, &pair.client);
    diesel_go(scope, append_in_the_middle, NULL);
    diesel_go(scope, tls_end_start, &pair.server);
    assert_ok(diesel_scope_wait(scope, &err));
    assert_ok(diesel_stream_read_exactly(pair.server.stream, heard, 5,
                                         DIESEL_FOREVER, &err));
    ck_assert_str_eq(heard, "early");
    close_pair();
    return 0;
}
END_TEST

FIBER_TEST(a_peer_that_does_not_speak_tls_is_recognised)
{
    diesel_error err;
    int raw;
    diesel_stream *stream = half_open(&raw);
    test_raw_write(raw, "HTTP/1.1 400 Bad Request\r\n\r\n");
    assert_fails(diesel_tls_start(stream, client, "localhost", DIESEL_FOREVER,
                                  &err),
                 DIESEL_E_TLS);
    ck_assert_int_eq(err.detail, SSL_R_WRONG_VERSION_NUMBER);
    assert_contains(err.message, "localhost");
    assert_contains(err.message, "does the peer speak TLS");
    check_dead(stream);
    diesel_stream_close(stream);
    close(raw);
    clean();
    return 0;
}
END_TEST

FIBER_TEST(a_peer_may_go_in_the_handshake)
{
    diesel_error err;
    int raw;
    diesel_stream *stream = half_open(&raw);
    shutdown(raw, SHUT_WR);
    assert_fails(diesel_tls_start(stream, client, "localhost", DIESEL_FOREVER,
                                  &err),
                 DIESEL_E_CLOSED);
    assert_contains(err.message, "localhost");
    check_dead(stream);
    diesel_stream_close(stream);
    close(raw);
    clean();
    return 0;
}
END_TEST

FIBER_TEST(a_broken_record_ends_the_connection)
{
    diesel_error err;
    char c;
    open_pair();
    struct iovec piece = {"\x17\x03\x03\x00\x14" "aaaaaaaaaaaaaaaaaaaa", 25};
    ck_assert_int_eq(
        writev(diesel_stream_fd(pair.server.stream), &piece, 1), 25);
    for (int i = 0; i < 2; i++) {
        assert_fails(diesel_stream_read(pair.client.stream, &c, 1,
                                        DIESEL_FOREVER, &err),
                     DIESEL_E_TLS);
        assert_contains(err.message, "bad record mac");
    }
    assert_fails(diesel_stream_read(pair.server.stream, &c, 1, DIESEL_FOREVER,
                                    &err),
                 DIESEL_E_TLS);
    assert_contains(err.message, "alert");
    close_pair();
    return 0;
}
END_TEST

/* The configurations may be freed first. */
FIBER_TEST(streams_outlive_their_configuration)
{
    open_pair();
    diesel_tls_free(client);
    diesel_tls_free(server);
    client = server = NULL;
    tls_pair_talk(&pair);
    close_pair();
    return 0;
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("tls_stream");
    test_case_rows(suite, "sizes", bytes_arrive_as_they_were_written,
                   TEST_COUNT(sizes));
    test_case_rows(suite, "end", an_end_is_an_end, 2);
    test_case_rows(suite, "cut", a_cut_is_no_end, 2);
    test_case_rows(suite, "half", half_closed_it_still_reads, 2);
    test_case(suite, "reading", a_read_takes_what_there_is,
              small_pieces_are_one_record, tickets_do_not_make_it_readable,
              closing_with_unread_tickets_loses_nothing,
              a_broken_record_ends_the_connection);
    test_case(suite, "writing",
              a_write_that_times_out_leaves_the_connection_whole,
              the_output_buffer_leaves_when_there_is_room,
              streams_outlive_their_configuration);
    test_case(suite, "handshake", a_handshake_obeys_its_deadline,
              a_handshake_can_be_cancelled,
              a_stream_may_be_closed_in_the_handshake,
              in_the_handshake_the_stream_is_in_use,
              what_is_appended_in_the_handshake_leaves_after_it,
              a_peer_that_does_not_speak_tls_is_recognised,
              a_peer_may_go_in_the_handshake);
    return test_suite_run(suite);
}

/* SPDX-License-Identifier: MIT */
/*
 * <diesel/proxy_header.h>: headers as bytes, at every split; on streams, before TLS
 * and in a service.
 */
#include <stdint.h>
#include <sys/ioctl.h>

#include "cancel_loop.h"
#include "fault_loop.h"
#include "core/proxy_parse_internal.h"
#include "test_util.h"

#define SIGNATURE "\r\n\r\n\0\r\nQUIT\n"
#define BYTES(literal) (literal), sizeof(literal) - 1

#define V4 "\xC0\x00\x02\x01\xC6\x33\x64\x07\x12\x67\x01\xBB"
#define V6_A "\x20\x01\x0D\xB8\0\0\0\0\0\0\0\0\0\0\0\x01"
#define V6_B "\x20\x01\x0D\xB8\0\0\0\0\0\0\0\0\0\0\0\x02"
#define TEN "\0\0\0\0\0\0\0\0\0\0"
#define HUNDRED TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN
#define FIELDS                                                                 \
    "\x02\0\x0B" "example.org" "\x03\0\x04" "\xDF\x27\xB3\x12" "\x05\0\x01" "7"

/* `want`: 1: a header, with these ends and this name of a host; 0: it goes on;
 * else an error's code. */
static const struct {
    const char *bytes;
    size_t n;
    int want;
    const char *from, *to, *authority;
} rows[] = {
    {BYTES("PROXY TCP4 192.0.2.1 198.51.100.7 4711 443\r\n"), 1,
     "192.0.2.1:4711", "198.51.100.7:443", NULL},
    {BYTES("PROXY TCP4 0.0.0.0 0.0.0.0 0 0\r\n"), 1, "0.0.0.0:0", "0.0.0.0:0",
     NULL},
    {BYTES("PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n"), 1,
     "255.255.255.255:65535", "255.255.255.255:65535", NULL},
    {BYTES("PROXY TCP6 2001:db8::1 ::1 1 2\r\n"), 1, "[2001:db8::1]:1",
     "[::1]:2", NULL},
    {BYTES("PROXY TCP6 :: :: 0 0\r\n"), 1, "[::]:0", "[::]:0", NULL},
    {BYTES("PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
           "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n"), 1,
     "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535",
     "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535", NULL},
    {BYTES("PROXY UNKNOWN\r\n"), 1, NULL, NULL, NULL},
    {BYTES("PROXY UNKNOWN some thing\r\n"), 1, NULL, NULL, NULL},
    {BYTES(SIGNATURE "\x21\x11\0\x0C" V4), 1, "192.0.2.1:4711",
     "198.51.100.7:443", NULL},
    {BYTES(SIGNATURE "\x21\x12\0\x0C" V4), 1, "192.0.2.1:4711",
     "198.51.100.7:443", NULL},
    {BYTES(SIGNATURE "\x21\x11\0\x25" V4 FIELDS), 1, "192.0.2.1:4711",
     "198.51.100.7:443", "example.org"},
    {BYTES(SIGNATURE "\x21\x21\0\x24" V6_A V6_B "\0\x01\0\x02"), 1,
     "[2001:db8::1]:1", "[2001:db8::2]:2", NULL},
    {BYTES(SIGNATURE "\x21\x31\0\xD8" "/a/s\0\0\0\0" HUNDRED "\0abc\0\0\0\0"
           HUNDRED), 1, "/a/s", "@abc", NULL},
    {BYTES(SIGNATURE "\x21\x31\0\xD8" HUNDRED HUNDRED TEN "\0\0\0\0\0"), 0,
     NULL, NULL, NULL},
    {BYTES(SIGNATURE "\x20\0\0\0"), 1, NULL, NULL, NULL},
    {BYTES(SIGNATURE "\x20\xFF\0\x01" "x"), 1, NULL, NULL, NULL},
    {BYTES(SIGNATURE "\x21\0\0\0"), 1, NULL, NULL, NULL},
    {BYTES(SIGNATURE "\x21\0\0\x06" "\x02\0\x03" "a.b"), 1, NULL, NULL, "a.b"},

    {BYTES("GET / HTTP/1.1\r\n"), DIESEL_E_PROTOCOL, NULL, NULL, NULL},
    {BYTES("PROXY\t"), DIESEL_E_PROTOCOL, NULL, NULL, NULL},
    {BYTES("proxy TCP4"), DIESEL_E_PROTOCOL, NULL, NULL, NULL},
    {BYTES("PROXY hello\r\n"), DIESEL_E_PROTOCOL, NULL, NULL, NULL},
    {BYTES("PROXY TCP4 192.0.2.1 198.51.100.7 4711 443\n"), DIESEL_E_PROTOCOL,
     NULL, NULL, NULL},
    {BYTES("PROXY TCP4 192.0.2.1 198.51.100.7 4711 443 \r\n"), DIESEL_E_PROTOCOL,
     NULL, NULL, NULL},
    {BYTES("PROXY TCP4  192.0.2.1 198.51.100.7 4711 443\r\n"), DIESEL_E_PROTOCOL,
     NULL, NULL, NULL},
    {BYTES("PROXY TCP4 192.0.2.1 198.51.100.7 04711 443\r\n"), DIESEL_E_PROTOCOL,
     NULL, NULL, NULL},
    {BYTES("PROXY TCP4 192.0.2.1 198.51.100.7 4711 65536\r\n"),
     DIESEL_E_PROTOCOL, NULL, NULL, NULL},
    {BYTES("PROXY TCP4 192.0.2.1 198.51.100.7 4711\r\n"), DIESEL_E_PROTOCOL, NULL,
     NULL, NULL},
    {BYTES("PROXY TCP4 192.0.2.1 198.51.100.7 4711 -1\r\n"), DIESEL_E_PROTOCOL,
     NULL, NULL, NULL},
    {BYTES("PROXY TCP4 192.0.2.1\0 198.51.100.7 4711 443\r\n"), DIESEL_E_PROTOCOL,
     NULL, NULL, NULL},
    {BYTES("PROXY TCP4 ::1 ::1 4711 443 and what fills it\r\n"),
     DIESEL_E_PROTOCOL, NULL, NULL, NULL},
    {BYTES("PROXY TCP6 192.0.2.1 198.51.100.7 1 2\r\n"), DIESEL_E_PROTOCOL, NULL,
     NULL, NULL},
    {BYTES("PROXY TCP6 fe80::1%lo ::1 1 2\r\n"), DIESEL_E_PROTOCOL, NULL, NULL,
     NULL},
    {BYTES("PROXY UNKNOWN " TEN), 0, NULL, NULL, NULL},
    {BYTES("PROXY UNKNOWN " HUNDRED), DIESEL_E_PROTOCOL, NULL, NULL, NULL},
    {BYTES("\r\n\r\nQUIT"), DIESEL_E_PROTOCOL, NULL, NULL, NULL},
    {BYTES(SIGNATURE "\x11"), DIESEL_E_PROTOCOL, NULL, NULL, NULL},
    {BYTES(SIGNATURE "\x31"), DIESEL_E_PROTOCOL, NULL, NULL, NULL},
    {BYTES(SIGNATURE "\x22"), DIESEL_E_PROTOCOL, NULL, NULL, NULL},
    {BYTES(SIGNATURE "\x21\x41\0\0"), DIESEL_E_PROTOCOL, NULL, NULL, NULL},
    {BYTES(SIGNATURE "\x21\x13\0\x0C" V4), DIESEL_E_PROTOCOL, NULL, NULL, NULL},
    {BYTES(SIGNATURE "\x21\x11\0\x0B" V4), DIESEL_E_PROTOCOL, NULL, NULL, NULL},
    {BYTES(SIGNATURE "\x21\x11\0\x0F" V4 "\x02\0\x01"), DIESEL_E_PROTOCOL, NULL,
     NULL, NULL},
    {BYTES(SIGNATURE "\x21\x11\0\x0E" V4 "\x02\0"), DIESEL_E_PROTOCOL, NULL, NULL,
     NULL},
    {BYTES(SIGNATURE "\x21\0\0\x07" "\x03\0\x04\1\2\3\4"), DIESEL_E_PROTOCOL, NULL,
     NULL, NULL},
    {BYTES(SIGNATURE "\x21\0\0\x06" "\x03\0\x03\1\2\3"), DIESEL_E_PROTOCOL, NULL,
     NULL, NULL},
    {BYTES(SIGNATURE "\x21\x11\x0F\xF1"), DIESEL_E_LIMIT, NULL, NULL, NULL},
    {BYTES(SIGNATURE "\x20\x11\xFF\xFF"), DIESEL_E_LIMIT, NULL, NULL, NULL},
    {BYTES(SIGNATURE "\x21\x11\x0F\xF0"), 0, NULL, NULL, NULL},
};

static void check_end(const diesel_address *address, const char *want)
{
    char text[DIESEL_ADDRESS_TEXT];
    if (want != NULL)
        ck_assert_str_eq(diesel_address_text(address, text, sizeof text), want);
    else
        ck_assert_uint_eq(address->size, 0);
}

START_TEST(a_header_is_read)
{
    diesel_error err;
    diesel__proxy_header header;
    size_t missing = 0, length;
    test_error_wipe(&err);
    ssize_t got = diesel__proxy_parse((const uint8_t *)rows[_i].bytes, rows[_i].n,
                                      &header, &missing, &err);
    if (rows[_i].want > 1) {
        ck_assert_int_eq(got, -1);
        assert_error(rows[_i].want);
        return;
    }
    ck_assert_int_eq(got, rows[_i].want == 1 ? (ssize_t)rows[_i].n : 0);
    if (got == 0) {
        ck_assert_uint_gt(missing, 0);
        return;
    }
    ck_assert_int_eq(header.has_addresses, rows[_i].from != NULL);
    check_end(&header.source, rows[_i].from);
    check_end(&header.destination, rows[_i].to);
    const uint8_t *host = diesel__proxy_find(header.fields, header.fields_size,
                                             DIESEL_PROXY_AUTHORITY, &length);
    ck_assert_int_eq(host != NULL, rows[_i].authority != NULL);
    if (host != NULL) {
        ck_assert_uint_eq(length, strlen(rows[_i].authority));
        ck_assert_mem_eq(host, rows[_i].authority, length);
    }
}
END_TEST

/* In memory that ends where the part does, and with other bytes behind it. */
START_TEST(a_part_of_a_header_goes_on_and_what_follows_is_not_looked_at)
{
    diesel__proxy_header header;
    size_t missing, n = rows[_i].n;
    if (rows[_i].want != 1)
        return;
    for (size_t cut = 0; cut < n; cut++) {
        uint8_t *part = malloc(cut > 0 ? cut : 1);
        memcpy(part, rows[_i].bytes, cut);
        ck_assert_int_eq(diesel__proxy_parse(part, cut, &header, &missing, NULL),
                         0);
        ck_assert_uint_ge(missing, 1);
        ck_assert_uint_le(cut + missing, n);
        free(part);
    }
    uint8_t *more = malloc(n + 200);
    memset(more, '\n', n + 200);
    memcpy(more, rows[_i].bytes, n);
    ck_assert_int_eq(diesel__proxy_parse(more, n + 200, &header, &missing, NULL),
                     (ssize_t)n);
    free(more);
}
END_TEST

/* --- On streams. */

#define HEADER SIGNATURE "\x21\x11\0\x25" V4 FIELDS
#define LINE "PROXY TCP4 192.0.2.1 198.51.100.7 4711 443\r\n"

/* Both kinds, and how many bytes a read or a write moves at most; 0: all. */
static const struct {
    const char *bytes;
    size_t n;
    size_t most;
} streams[] = {
    {BYTES(LINE "hello"), 0},   {BYTES(LINE "hello"), 1},
    {BYTES(LINE "hello"), 7},   {BYTES(HEADER "hello"), 0},
    {BYTES(HEADER "hello"), 1}, {BYTES(HEADER "hello"), 13},
};

static void check_ends(diesel_stream *stream)
{
    diesel_error err;
    diesel_address address;
    ck_assert(diesel_stream_is_proxied(stream));
    assert_ok(diesel_stream_peer(stream, &address, &err));
    check_end(&address, "192.0.2.1:4711");
    assert_ok(diesel_stream_local(stream, &address, &err));
    check_end(&address, "198.51.100.7:443");
    ck_assert_ptr_eq(strstr(diesel_stream_name(stream), "192.0.2.1:4711 by way of "),
                     diesel_stream_name(stream));
}

struct sender {
    diesel_stream *stream;
    const char *bytes;
    size_t n;
};

static int send_bytes(void *arg)
{
    struct sender *sender = arg;
    diesel_error err;
    for (size_t i = 0; i < sender->n; i++) {
        if (diesel_stream_write(sender->stream, sender->bytes + i, 1,
                                DIESEL_FOREVER, &err) < 0 ||
            diesel_yield(&err) < 0)
            return diesel_fail(&err);
    }
    return 0;
}

FIBER_TEST(not_a_byte_more_than_the_header_is_taken)
{
    diesel_error err;
    diesel_stream *pair[2];
    char rest[6] = "";
    int queued = 0;
    assert_ok(diesel_stream_pair(pair, &err));
    assert_ok(diesel_stream_write(pair[0], streams[row].bytes, streams[row].n,
                                  DIESEL_FOREVER, &err));
    faulty_sys_reset();
    faulty_sys_cut_reads(streams[row].most);
    assert_ok(diesel_stream_read_proxy_header(pair[1], DIESEL_FOREVER, &err));
    faulty_sys_reset();
    ck_assert_int_eq(ioctl(diesel_stream_fd(pair[1]), FIONREAD, &queued), 0);
    ck_assert_int_eq(queued, 5);
    check_ends(pair[1]);
    assert_ok(diesel_stream_read_exactly(pair[1], rest, 5, DIESEL_FOREVER, &err));
    ck_assert_str_eq(rest, "hello");
    assert_fails(diesel_stream_read_proxy_header(pair[1], DIESEL_FOREVER, &err),
                 DIESEL_E_INVAL);
    diesel_stream_close(pair[0]);
    diesel_stream_close(pair[1]);
    return 0;
}
END_TEST

FIBER_TEST(it_waits_for_a_header_that_comes_by_bytes)
{
    diesel_error err;
    diesel_stream *pair[2];
    assert_ok(diesel_stream_pair(pair, &err));
    struct sender sender = {pair[0], streams[row].bytes, streams[row].n};
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(scope, send_bytes, &sender);
    assert_ok(diesel_stream_read_proxy_header(pair[1], DIESEL_FOREVER, &err));
    check_ends(pair[1]);
    assert_ok(diesel_scope_wait(scope, &err));
    diesel_stream_close(pair[0]);
    diesel_stream_close(pair[1]);
    return 0;
}
END_TEST

FIBER_TEST(its_fields_are_there_as_long_as_the_stream)
{
    diesel_error err;
    diesel_stream *pair[2];
    size_t n = 99;
    assert_ok(diesel_stream_pair(pair, &err));
    ck_assert_ptr_null(diesel_stream_proxy_field(pair[1], DIESEL_PROXY_ALPN, &n));
    ck_assert(!diesel_stream_is_proxied(pair[1]));
    assert_ok(diesel_stream_write(pair[0], BYTES(HEADER), DIESEL_FOREVER, &err));
    assert_ok(diesel_stream_read_proxy_header(pair[1], DIESEL_FOREVER, &err));
    const char *host =
        diesel_stream_proxy_field(pair[1], DIESEL_PROXY_AUTHORITY, &n);
    assert_made(host);
    ck_assert_uint_eq(n, 11);
    ck_assert_mem_eq(host, "example.org", n);
    ck_assert_mem_eq(
        diesel_stream_proxy_field(pair[1], DIESEL_PROXY_UNIQUE_ID, &n), "7", 1);
    ck_assert_ptr_null(diesel_stream_proxy_field(pair[1], DIESEL_PROXY_ALPN, &n));
    diesel_stream_close(pair[0]);
    diesel_stream_close(pair[1]);
    return 0;
}
END_TEST

FIBER_TEST(one_without_addresses_leaves_the_ends_as_they_are)
{
    static const char *const none[] = {"PROXY UNKNOWN\r\n",
                                       SIGNATURE "\x20\0\0\0"};
    static const size_t sizes[] = {15, 16};
    diesel_error err;
    for (int i = 0; i < 2; i++) {
        diesel_stream *pair[2];
        diesel_address address;
        assert_ok(diesel_stream_pair(pair, &err));
        const char *name = diesel_stream_name(pair[1]);
        assert_ok(diesel_stream_write(pair[0], none[i], sizes[i], DIESEL_FOREVER,
                                      &err));
        assert_ok(diesel_stream_read_proxy_header(pair[1], DIESEL_FOREVER, &err));
        ck_assert(!diesel_stream_is_proxied(pair[1]));
        ck_assert_ptr_eq(diesel_stream_name(pair[1]), name);
        assert_ok(diesel_stream_peer(pair[1], &address, &err));
        ck_assert_int_eq(address.any.sa_family, AF_UNIX);
        diesel_stream_close(pair[0]);
        diesel_stream_close(pair[1]);
    }
    return 0;
}
END_TEST

FIBER_TEST(what_is_no_header_what_ends_and_what_does_not_come_are_errors)
{
    static const struct {
        const char *bytes;
        bool ends;
        int want;
    } cases[] = {{"GET /", false, DIESEL_E_PROTOCOL},
                 {"PROXY TCP4 ", true, DIESEL_E_CLOSED},
                 {"", true, DIESEL_E_CLOSED},
                 {"PROXY TCP4 ", false, DIESEL_E_TIMEDOUT},
                 {"", false, DIESEL_E_TIMEDOUT}};
    diesel_error err;
    diesel_stream *pair[2];
    const char *bytes = cases[row].bytes;
    assert_ok(diesel_stream_pair(pair, &err));
    assert_ok(diesel_stream_write(pair[0], bytes, strlen(bytes), DIESEL_FOREVER,
                                  &err));
    if (cases[row].ends)
        assert_ok(diesel_stream_shutdown_write(pair[0], DIESEL_FOREVER, &err));
    int64_t deadline = cases[row].want == DIESEL_E_TIMEDOUT ? diesel_now() + 5
                                                            : DIESEL_FOREVER;
    assert_fails(diesel_stream_read_proxy_header(pair[1], deadline, &err),
                 cases[row].want);
    ck_assert(!diesel_stream_is_proxied(pair[1]));
    diesel_stream_close(pair[0]);
    diesel_stream_close(pair[1]);
    return 0;
}
END_TEST

/* --- In a service. */

struct place {
    diesel_listener *listener;
    int64_t proxy_header_ms;
    int failures, codes[4];
    char peers[4][160];
};

/* Says who the client is, and then what it says. */
static int tell(diesel_stream *stream, void *arg)
{
    (void)arg;
    diesel_error err;
    diesel_address peer;
    char text[DIESEL_ADDRESS_TEXT + 1], *line;
    if (diesel_stream_peer(stream, &peer, &err) < 0)
        return diesel_fail(&err);
    diesel_address_text(&peer, text, DIESEL_ADDRESS_TEXT);
    strcat(text, "\n");
    if (diesel_stream_write(stream, text, strlen(text), DIESEL_FOREVER, &err) < 0 ||
        diesel_stream_read_line(stream, &line, NULL, 80, DIESEL_FOREVER, &err) < 0)
        return diesel_fail(&err);
    return diesel_stream_write(stream, line, strlen(line), DIESEL_FOREVER, &err) < 0
               ? diesel_fail(&err)
               : 0;
}

static void note_error(const char *peer, const diesel_error *why, void *arg)
{
    struct place *place = arg;
    ck_assert_int_lt(place->failures, 4);
    snprintf(place->peers[place->failures], sizeof *place->peers, "%s", peer);
    place->codes[place->failures++] = why->code;
}

static int serve(void *arg)
{
    struct place *place = arg;
    diesel_error err;
    diesel_serve_options options = {.proxy_header_ms = place->proxy_header_ms,
                                    .on_error = note_error,
                                    .drain_ms = -1};
    if (diesel_serve(place->listener, tell, place, &options, &err) < 0)
        return diesel_fail(&err);
    return 0;
}

static diesel_stream *connect_to(uint16_t port, const char *bytes, size_t n,
                                 diesel_error *err)
{
    diesel_stream *s =
        diesel_tcp_connect("127.0.0.1", port, NULL, DIESEL_FOREVER, err);
    if (s != NULL && diesel_stream_write(s, bytes, n, DIESEL_FOREVER, err) < 0) {
        diesel_stream_close(s);
        s = NULL;
    }
    return s;
}

static void expect_line(diesel_stream *stream, const char *want)
{
    diesel_error err;
    char *line;
    int got = diesel_stream_read_line(stream, &line, NULL, 200, DIESEL_FOREVER,
                                      &err);
    assert_ok(got);
    ck_assert_int_eq(got, want != NULL);
    if (want != NULL)
        ck_assert_str_eq(line, want);
}

FIBER_TEST(a_service_reads_it_before_its_handler_runs)
{
    diesel_error err;
    struct place place = {.proxy_header_ms = 3600 * 1000};
    assert_made(place.listener = diesel_tcp_listen("127.0.0.1", 0, NULL, &err));
    uint16_t port = diesel_listener_port(place.listener);
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(scope, serve, &place);
    diesel_stream *good = connect_to(port, BYTES(HEADER "hello\n"), &err);
    diesel_stream *bad = connect_to(port, BYTES("hello\n"), &err);
    assert_made(good);
    assert_made(bad);
    expect_line(good, "192.0.2.1:4711");
    expect_line(good, "hello");
    diesel_stream_close(good);
    char c; /* what it had not read resets the connection */
    ck_assert_int_le(diesel_stream_read(bad, &c, 1, DIESEL_FOREVER, &err), 0);
    diesel_stream_close(bad);
    diesel_listener_close(place.listener);
    assert_ok(diesel_scope_wait(scope, &err));
    ck_assert_int_eq(place.failures, 1);
    ck_assert_int_eq(place.codes[0], DIESEL_E_PROTOCOL);
    assert_contains(place.peers[0], "127.0.0.1:");
    return 0;
}
END_TEST

FIBER_TEST(a_service_gives_up_clients_that_say_nothing)
{
    diesel_error err;
    struct place place = {.proxy_header_ms = 5};
    assert_made(place.listener = diesel_tcp_listen("127.0.0.1", 0, NULL, &err));
    uint16_t port = diesel_listener_port(place.listener);
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(scope, serve, &place);
    diesel_stream *mute = connect_to(port, "PROXY", 5, &err);
    assert_made(mute);
    expect_line(mute, NULL);
    diesel_stream_close(mute);
    diesel_listener_close(place.listener);
    assert_ok(diesel_scope_wait(scope, &err));
    ck_assert_int_eq(place.failures, 1);
    ck_assert_int_eq(place.codes[0], DIESEL_E_TIMEDOUT);
    return 0;
}
END_TEST

/* --- Faults. */

/* Writes a header, byte by byte from another fiber, and reads it. */
static int read_one(void *arg)
{
    (void)arg;
    diesel_error err;
    diesel_stream *pair[2];
    if (diesel_stream_pair(pair, &err) < 0)
        return diesel_fail(&err);
    struct sender sender = {pair[0], BYTES(HEADER)};
    diesel_scope *scope = diesel_scope_open(NULL);
    int result = scope == NULL ? diesel_error_nomem(&err, "a scope") : 0;
    if (result == 0) {
        diesel_error other;
        result = diesel_go(scope, send_bytes, &sender);
        if (result < 0)
            diesel_error_nomem(&err, "a fiber");
        else
            result = diesel_stream_read_proxy_header(pair[1], DIESEL_FOREVER, &err);
        if (result < 0)
            diesel_scope_cancel(scope);
        if (diesel_scope_wait(scope, &other) < 0 && result == 0)
            result = -1, err = other;
    }
    if (result == 0)
        check_ends(pair[1]);
    diesel_stream_close(pair[0]);
    diesel_stream_close(pair[1]);
    return result < 0 ? diesel_fail(&err) : 0;
}

START_TEST(it_can_be_cancelled_at_every_turn)
{
    ck_assert_int_gt(cancel_loop(read_one, NULL), 3);
}
END_TEST

START_TEST(every_allocation_may_fail)
{
    ck_assert_int_ge(fault_loop_memory(read_one, NULL, 0), 3);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("proxy_header");
    test_case_rows(suite, "parser", a_header_is_read, TEST_COUNT(rows));
    test_case_rows(
        suite, "splits",
        a_part_of_a_header_goes_on_and_what_follows_is_not_looked_at,
        TEST_COUNT(rows));
    test_case_rows(suite, "streams", not_a_byte_more_than_the_header_is_taken,
                   TEST_COUNT(streams));
    test_case_rows(suite, "bytes", it_waits_for_a_header_that_comes_by_bytes,
                   TEST_COUNT(streams));
    test_case(suite, "fields", its_fields_are_there_as_long_as_the_stream,
              one_without_addresses_leaves_the_ends_as_they_are);
    test_case_rows(suite, "errors",
                   what_is_no_header_what_ends_and_what_does_not_come_are_errors,
                   5);
    test_case(suite, "service", a_service_reads_it_before_its_handler_runs,
              a_service_gives_up_clients_that_say_nothing);
    test_case(suite, "faults", it_can_be_cancelled_at_every_turn,
              every_allocation_may_fail);
    return test_suite_run(suite);
}

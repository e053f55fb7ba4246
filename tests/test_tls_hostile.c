/* SPDX-License-Identifier: MIT */
/*
 * TLS with a network and with peers that mean no good: handshakes that are cut
 * or damaged at each byte, new keys while nothing can be sent, and streams that
 * are not fit for a handshake. Whatever comes, both ends end, with an error that
 * says something.
 */
#include <limits.h>

#include "core/stream_internal.h"
#include "core/tls_internal.h"
#include "faulty_memory.h"
#include "tls_certs.h"
#include "tls_pair.h"

static diesel_tls *client, *server;

static void prepare(int version, bool tickets)
{
    tls_ca *ca = tls_ca_new("ca");
    client = tls_made(&(diesel_tls_options){.ca_file = tls_ca_file(ca),
                                            .min_version = version,
                                            .max_version = version,
                                            .no_resumption = !tickets});
    server = tls_made(&(diesel_tls_options){
        .server = true,
        .no_resumption = !tickets,
        .cert_file = tls_ca_issue(ca, &(tls_cert){.subject = "server",
                                                  .names = "DNS:localhost"})});
    tls_ca_free(ca);
}

static void clean(void)
{
    diesel_tls_free(client);
    diesel_tls_free(server);
}

/* --- A network in between: client - [0] relay [1] - server. */

struct relay {
    diesel_stream *ends[2];
    int way;     /* in which something happens: 0 from the client, 1 from the server */
    long left;   /* bytes of that way until then */
    bool damages; /* one bit of that byte, and cuts behind it; else cuts before it */
    bool happened;
};

struct forwarder {
    struct relay *relay;
    int way;
};

/* What may pass of n bytes. */
static size_t treat(struct relay *relay, unsigned char *bytes, size_t n)
{
    if ((long)n <= relay->left) {
        relay->left -= (long)n;
        return n;
    }
    relay->happened = true;
    if (!relay->damages)
        return (size_t)relay->left;
    bytes[relay->left] ^= 0x10;
    return n;
}

static int forward(void *arg)
{
    const struct forwarder *f = arg;
    struct relay *relay = f->relay;
    unsigned char buf[4096];
    diesel_error err;
    ssize_t got;
    while (relay->ends[f->way] != NULL &&
           (got = diesel_stream_read(relay->ends[f->way], buf, sizeof buf,
                                     DIESEL_FOREVER, &err)) > 0) {
        size_t n = (size_t)got;
        if (f->way == relay->way)
            n = treat(relay, buf, n);
        if (n > 0 && (relay->ends[1 - f->way] == NULL ||
                      diesel_stream_write(relay->ends[1 - f->way], buf, n,
                                          DIESEL_FOREVER, &err) < 0))
            break;
        if (relay->happened)
            break;
    }
    for (int i = 0; i < 2; i++) { /* the other forwarder is told */
        diesel_stream_close(relay->ends[i]);
        relay->ends[i] = NULL;
    }
    return 0;
}

/* One handshake through it; whether the thing happened. */
static bool shake_hands(struct tls_pair *pair, int way, long at, bool damages)
{
    diesel_error err;
    diesel_stream *near[2], *far[2];
    assert_ok(diesel_stream_pair(near, &err));
    assert_ok(diesel_stream_pair(far, &err));
    pair->client = (struct tls_end){near[0], client, "localhost", -1, {0}};
    pair->server = (struct tls_end){far[0], server, NULL, -1, {0}};
    struct relay relay = {{near[1], far[1]}, way, at, damages, false};
    diesel_scope *between = diesel_scope_open(NULL);
    struct forwarder forwarders[] = {{&relay, 0}, {&relay, 1}};
    for (int i = 0; i < 2; i++)
        diesel_go(between, forward, &forwarders[i]);
    diesel_scope *ends = diesel_scope_open(NULL);
    diesel_go(ends, tls_end_start, &pair->client);
    diesel_go(ends, tls_end_start, &pair->server);
    assert_ok(diesel_scope_wait(ends, &err));
    bool happened = relay.happened; /* and not when the ends say farewell */
    tls_pair_close(pair);
    assert_ok(diesel_scope_wait(between, &err));
    return happened;
}

static void check_end(const struct tls_end *end, const char *who, int way, long at)
{
    diesel_error err = end->err;
    if (end->result == 0)
        return;
    ck_assert_msg(err.code == DIESEL_E_TLS || err.code == DIESEL_E_CLOSED,
                  "%s, way %d, byte %ld: %s: %s", who, way, at,
                  diesel_error_name(err.code), err.message);
    test_message_is_sound(&err);
}

static const struct {
    int version, way;
    bool damages;
} harms[] = {
    {DIESEL_TLS_1_2, 0, false}, {DIESEL_TLS_1_2, 1, false},
    {DIESEL_TLS_1_3, 0, false}, {DIESEL_TLS_1_3, 1, false},
    {DIESEL_TLS_1_2, 0, true},  {DIESEL_TLS_1_2, 1, true},
    {DIESEL_TLS_1_3, 0, true},  {DIESEL_TLS_1_3, 1, true},
};

FIBER_TEST(a_handshake_may_be_harmed_at_any_byte)
{
    prepare(harms[row].version, false);
    int unharmed = 0, way = harms[row].way, fds = test_open_fds();
    long at = 0;
    struct tls_pair pair;
    for (; shake_hands(&pair, way, at, harms[row].damages);
         at += test_many(1, 11)) {
        check_end(&pair.client, "client", way, at);
        check_end(&pair.server, "server", way, at);
        unharmed += pair.client.result == 0 && pair.server.result == 0;
        ck_assert_int_eq(test_open_fds(), fds);
    }
    ck_assert_int_gt(at, 150);
    ck_assert_int_eq(pair.client.result, 0);
    ck_assert_int_eq(pair.server.result, 0);
    ck_assert_int_eq(unharmed, 0);
    clean();
    return 0;
}
END_TEST

/* --- New keys. The client asks for one of the server, which must answer before it
 * seals more, while the kernel takes nothing. */

enum { BULK = 3000000, ROUNDS = 40, SIP = 5000 };

static unsigned char bulk_byte(size_t i)
{
    return (unsigned char)(i * 7 + i / 251);
}

static int send_bulk(void *arg)
{
    diesel_error err;
    unsigned char *bulk = malloc(BULK);
    for (size_t i = 0; i < BULK; i++)
        bulk[i] = bulk_byte(i);
    int result = diesel_stream_write(arg, bulk, BULK, DIESEL_FOREVER, &err);
    free(bulk);
    return result < 0 ? diesel_fail(&err) : 0;
}

static void open_stuck(struct tls_pair *pair, diesel_scope **scope)
{
    diesel_error err;
    prepare(DIESEL_TLS_1_3, true);
    tls_pair_must_open(pair, client, server, "localhost");
    *scope = diesel_scope_open(NULL);
    diesel_go(*scope, send_bulk, pair->server.stream);
    while (!pair->server.stream->blocked)
        assert_ok(diesel_yield(&err));
    ck_assert_uint_gt(pair->server.stream->sealed, 0);
}

static void ask_for_new_key(struct tls_pair *pair)
{
    diesel_error err;
    ck_assert_int_eq(SSL_key_update(pair->client.stream->tls->ssl,
                                    SSL_KEY_UPDATE_REQUESTED), 1);
    assert_ok(diesel_stream_write(pair->client.stream, "x", 1, DIESEL_FOREVER,
                                  &err));
}

static void drink(struct tls_pair *pair, size_t *have, size_t n)
{
    diesel_error err;
    unsigned char *got = malloc(n);
    assert_ok(diesel_stream_read_exactly(pair->client.stream, got, n,
                                         DIESEL_FOREVER, &err));
    for (size_t i = 0; i < n; i++)
        ck_assert_msg(got[i] == bulk_byte(*have + i), "byte %zu", *have + i);
    *have += n;
    free(got);
}

FIBER_TEST(a_new_key_is_agreed_on_while_nothing_can_be_sent)
{
    diesel_error err;
    struct tls_pair pair;
    diesel_scope *scope;
    size_t have = 0;
    char x;
    open_stuck(&pair, &scope);
    for (int i = 0; i < ROUNDS; i++) {
        ask_for_new_key(&pair);
        assert_ok(diesel_stream_read_exactly(pair.server.stream, &x, 1,
                                             DIESEL_FOREVER, &err));
        ck_assert_int_eq(x, 'x');
        drink(&pair, &have, SIP);
    }
    drink(&pair, &have, BULK - have);
    assert_ok(diesel_scope_wait(scope, &err));
    tls_pair_talk(&pair);
    tls_pair_close(&pair);
    clean();
    return 0;
}
END_TEST

/* --- A broken record, while what was sealed before waits: it is told with an alert
 * behind that. */

struct breaking {
    long fail;    /* this allocation, counted from the record on; 0: none */
    size_t first; /* the peer reads so much before the record comes */
    long allocations;
    int code;
};

static int breaks_a_record(void *arg)
{
    struct breaking *b = arg;
    diesel_error err;
    struct tls_pair pair;
    diesel_scope *scope;
    size_t have = 0;
    char x;
    open_stuck(&pair, &scope);
    drink(&pair, &have, b->first);
    while (!pair.server.stream->blocked)
        assert_ok(diesel_yield(&err));
    ck_assert_uint_gt(pair.server.stream->sealed, 0);
    static const char record[25] = "\x17\x03\x03\x00\x14" "aaaaaaaaaaaaaaaaaaa";
    ck_assert_int_eq(write(diesel_stream_fd(pair.client.stream), record, 25), 25);
    faulty_memory_fail(b->fail);
    ck_assert_int_lt(diesel_stream_read(pair.server.stream, &x, 1, DIESEL_FOREVER,
                                        &err), 0);
    b->allocations = faulty_allocations;
    faulty_memory_fail(0);
    test_message_is_sound(&err);
    b->code = err.code;
    assert_fails(diesel_stream_read(pair.server.stream, &x, 1, DIESEL_FOREVER, &err),
                 b->code);
    diesel_scope_cancel(scope);
    (void)diesel_scope_wait(scope, NULL);
    tls_pair_close(&pair);
    clean();
    return 0;
}

static const size_t firsts[] = {0, 1000, 40000, 100000};

START_TEST(a_broken_record_is_told_of_behind_what_waits)
{
    struct breaking b = {.first = firsts[_i]};
    diesel_allocator_set(&faulty_memory);
    test_run(breaks_a_record, &b);
    ck_assert_int_eq(b.code, DIESEL_E_TLS);
    for (long most = b.allocations; b.fail < most;) {
        b.fail++;
        test_run(breaks_a_record, &b);
        ck_assert_int_eq(b.code, DIESEL_E_NOMEM);
    }
}
END_TEST

/* --- A chain of certificates that is longer than what is sent at once. */

enum { LINKS = 230 };

static const char *long_chain(const char *file, const char *link)
{
    static char path[128];
    char line[200];
    snprintf(path, sizeof path, "%s", test_path("chain.pem"));
    FILE *out = fopen(path, "w"), *in = fopen(file, "r");
    bool done = false;
    while (fgets(line, sizeof line, in) != NULL) {
        fputs(line, out);
        if (done || strncmp(line, "-----END CERT", 13) != 0)
            continue;
        done = true;
        for (int i = 0; i < LINKS; i++) {
            FILE *more = fopen(link, "r");
            char text[200];
            while (fgets(text, sizeof text, more) != NULL)
                fputs(text, out);
            fclose(more);
        }
    }
    fclose(in);
    fclose(out);
    return path;
}

static void prepare_chain(void)
{
    tls_ca *ca = tls_ca_new("ca");
    const char *cert = tls_ca_issue(
        ca, &(tls_cert){.subject = "server", .names = "DNS:localhost"});
    client = tls_made(&(diesel_tls_options){.ca_file = tls_ca_file(ca)});
    server = tls_made(&(diesel_tls_options){
        .server = true, .cert_file = long_chain(cert, tls_ca_file(ca))});
    tls_ca_free(ca);
}

static long chain_fails_at;

static int starts_with_a_fault(void *arg)
{
    struct tls_end *end = arg;
    faulty_memory_fail(chain_fails_at);
    tls_end_start(end);
    if (end->result < 0) { /* the client does not wait for the rest */
        diesel_stream_close(end->stream);
        end->stream = NULL;
    }
    return 0;
}

/* 1: an allocation of the server's failed; 2: and it says so. */
static int sends_chain(void *arg)
{
    diesel_error err;
    diesel_stream *streams[2];
    (void)arg;
    assert_ok(diesel_stream_pair(streams, &err));
    struct tls_pair pair = {{streams[0], client, "localhost", -1, {0}},
                            {streams[1], server, NULL, -1, {0}}};
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(scope, tls_end_start, &pair.client);
    diesel_go(scope, starts_with_a_fault, &pair.server);
    assert_ok(diesel_scope_wait(scope, &err));
    bool met = chain_fails_at != 0 && faulty_allocations >= chain_fails_at;
    faulty_memory_fail(0);
    if (!met)
        tls_pair_talk(&pair);
    else if (pair.server.result < 0)
        test_message_is_sound(&pair.server.err);
    tls_pair_close(&pair);
    return met + (met && pair.server.result < 0 &&
                  pair.server.err.code == DIESEL_E_NOMEM);
}

START_TEST(a_long_chain_is_sent_in_parts)
{
    int refusals = 0, met = 1;
    diesel_allocator_set(&faulty_memory);
    prepare_chain();
    test_run(sends_chain, NULL);
    while (met != 0) {
        diesel_error err;
        chain_fails_at++;
        assert_ok(met = diesel_run(sends_chain, NULL, NULL, &err));
        refusals += met == 2;
    }
    ck_assert_int_ge(refusals, 2);
    clean();
}
END_TEST

/* --- Sessions. One of a connection that was cut is not offered again (RFC 5246,
 * 7.2.2). */

FIBER_TEST(a_session_that_was_cut_is_not_resumed)
{
    diesel_error err;
    struct tls_pair pair;
    diesel_tls_info info;
    char x;
    prepare(DIESEL_TLS_1_2, true);
    for (int i = 0; i < 3; i++) {
        tls_pair_must_open(&pair, client, server, "localhost");
        ck_assert(diesel_tls_info_of(pair.client.stream, &info));
        ck_assert_int_eq(info.resumed, i == 2);
        if (i == 0) {
            shutdown(diesel_stream_fd(pair.server.stream), SHUT_RDWR);
            assert_fails(diesel_stream_read(pair.client.stream, &x, 1,
                                            DIESEL_FOREVER, &err),
                         DIESEL_E_CLOSED);
        } else {
            tls_pair_talk(&pair);
        }
        tls_pair_close(&pair);
    }
    clean();
    return 0;
}
END_TEST

/* --- Streams that are not fit for it. */

static int reads(void *arg)
{
    char x;
    diesel_error err;
    return diesel_stream_read(arg, &x, 1, DIESEL_FOREVER, &err) < 0
               ? diesel_fail(&err)
               : 0;
}

static void refused(diesel_stream *stream, const char *host, int code,
                    const char *says)
{
    diesel_error err;
    assert_fails(diesel_tls_start(stream, client, host, DIESEL_FOREVER, &err),
                 code);
    assert_contains(err.message, says);
}

FIBER_TEST(a_stream_that_others_use_does_not_start_tls)
{
    static diesel_fn *const users[] = {reads, send_bulk};
    static const char *const says[] = {"another fiber is reading",
                                       "another fiber is writing"};
    diesel_error err;
    diesel_stream *pair[2];
    prepare(DIESEL_TLS_1_3, true);
    assert_ok(diesel_stream_pair(pair, &err));
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(scope, users[row], pair[0]);
    while (pair[0]->reader == NULL && pair[0]->writer == NULL)
        assert_ok(diesel_yield(&err));
    refused(pair[0], "localhost", DIESEL_E_BUSY, says[row]);
    diesel_scope_cancel(scope);
    assert_ok(diesel_scope_wait(scope, &err));
    diesel_stream_close(pair[0]);
    diesel_stream_close(pair[1]);
    clean();
    return 0;
}
END_TEST

/* What came in the clear could be an attacker's (RFC 3207, 6). */
FIBER_TEST(bytes_that_came_before_it_are_refused)
{
    diesel_error err;
    diesel_stream *pair[2];
    char *line, host[301];
    memset(host, 'h', sizeof host);
    host[300] = '\0';
    prepare(DIESEL_TLS_1_3, true);
    assert_ok(diesel_stream_pair(pair, &err));
    refused(pair[0], host, DIESEL_E_TLS, "TLS");
    assert_ok(diesel_stream_write(pair[1], "GO\nfoul", 7, DIESEL_FOREVER, &err));
    ck_assert_int_eq(diesel_stream_read_line(pair[0], &line, NULL, 10,
                                             DIESEL_FOREVER, &err), 1);
    refused(pair[0], "localhost", DIESEL_E_PROTOCOL, "4 bytes came in the clear");
    diesel_stream_close(pair[0]);
    diesel_stream_close(pair[1]);
    struct tls_pair twice;
    tls_pair_must_open(&twice, client, server, "localhost");
    refused(twice.client.stream, "localhost", DIESEL_E_INVAL, "speaks TLS already");
    tls_pair_talk(&twice);
    tls_pair_close(&twice);
    clean();
    return 0;
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("tls_hostile");
    test_case_rows(suite, "harmed", a_handshake_may_be_harmed_at_any_byte,
                   TEST_COUNT(harms));
    test_case(suite, "keys", a_new_key_is_agreed_on_while_nothing_can_be_sent,
              a_long_chain_is_sent_in_parts);
    test_case_rows(suite, "broken", a_broken_record_is_told_of_behind_what_waits,
                   TEST_COUNT(firsts));
    test_case(suite, "sessions", a_session_that_was_cut_is_not_resumed);
    test_case_rows(suite, "busy", a_stream_that_others_use_does_not_start_tls, 2);
    test_case(suite, "early", bytes_that_came_before_it_are_refused);
    return test_suite_run(suite);
}

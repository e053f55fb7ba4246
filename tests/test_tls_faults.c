/* SPDX-License-Identifier: MIT */
/*
 * Fault loops over TLS: a client and a server shake hands, talk and close, with
 * the n-th allocation of Diesel or of OpenSSL failing, the n-th system call
 * failing, calls doing a part only, and their scope cancelled at the n-th turn. Each
 * run ends well or with a filled error, and leaves nothing behind.
 */
#include <openssl/crypto.h>

#include "cancel_loop.h"
#include "faulty_memory.h"
#include "faulty_sys.h"
#include "test_util.h"
#include "tls_certs.h"

enum { BULK = 40000 };

static char bulk[BULK];
static char ca_file[128], cert_file[128];

/* --- OpenSSL's allocator, which must be set before its first use. */

static long openssl_calls, openssl_fail_at;

static bool openssl_is_due(void)
{
    return ++openssl_calls == openssl_fail_at;
}

static void *openssl_malloc(size_t n, const char *file, int line)
{
    (void)file, (void)line;
    return openssl_is_due() ? NULL : malloc(n);
}

static void *openssl_realloc(void *p, size_t n, const char *file, int line)
{
    (void)file, (void)line;
    return openssl_is_due() ? NULL : realloc(p, n);
}

static void openssl_free(void *p, const char *file, int line)
{
    (void)file, (void)line;
    free(p);
}

/* --- The conversation. */

static int talk(diesel_stream *stream, diesel_error *err)
{
    char *line;
    struct iovec pieces[] = {{bulk, 1}, {bulk + 1, BULK - 1}, {"\n", 1}};
    if (diesel_stream_writev(stream, pieces, 3, DIESEL_FOREVER, err) < 0)
        return -1;
    int got = diesel_stream_read_line(stream, &line, NULL, BULK, DIESEL_FOREVER,
                                      err);
    if (got == 1)
        ck_assert(memcmp(line, bulk, BULK) == 0);
    if (got == 0)
        return diesel_error_set(err, DIESEL_E_CLOSED, DIESEL_DOM_CORE, 0,
                                "no answer");
    if (got < 0 || diesel_stream_shutdown_write(stream, DIESEL_FOREVER, err) < 0)
        return -1;
    return (int)diesel_stream_read(stream, &(char){0}, 1, DIESEL_FOREVER, err);
}

static int echo(diesel_stream *stream, diesel_error *err)
{
    char buf[5000];
    ssize_t got;
    while ((got = diesel_stream_read(stream, buf, sizeof buf, DIESEL_FOREVER,
                                     err)) > 0) {
        void *room = diesel_stream_reserve(stream, (size_t)got, err);
        if (room == NULL)
            return -1;
        memcpy(room, buf, (size_t)got);
        diesel_stream_commit(stream, (size_t)got);
    }
    return got < 0 ? -1
                   : diesel_stream_shutdown_write(stream, DIESEL_FOREVER, err);
}

static int serve(void *arg)
{
    diesel_error err;
    diesel_tls *tls = diesel_tls_new(
        &(diesel_tls_options){.server = true, .cert_file = cert_file}, &err);
    int result = -1;
    if (tls != NULL && diesel_tls_start(arg, tls, NULL, DIESEL_FOREVER, &err) == 0)
        result = echo(arg, &err);
    diesel_tls_free(tls);
    diesel_stream_close(arg);
    return result < 0 ? diesel_fail(&err) : 0;
}

static int ask(diesel_stream *stream, diesel_error *err)
{
    diesel_tls *tls = diesel_tls_new(
        &(diesel_tls_options){.ca_file = ca_file, .alpn = "test"}, err);
    int result = -1;
    if (tls != NULL && diesel_tls_start(stream, tls, "localhost",
                                        DIESEL_FOREVER, err) == 0)
        result = talk(stream, err);
    diesel_tls_free(tls);
    return result;
}

static int converse(void *arg)
{
    diesel_error err;
    diesel_stream *pair[2];
    (void)arg;
    if (diesel_stream_pair(pair, &err) < 0)
        return diesel_fail(&err);
    diesel_scope *scope = diesel_scope_open(NULL);
    if (scope == NULL || diesel_go(scope, serve, pair[1]) < 0)
        diesel_stream_close(pair[1]);
    int result = scope != NULL ? ask(pair[0], &err) : 0;
    diesel_stream_close(pair[0]);
    diesel_error first;
    if (diesel_scope_wait(scope, &first) < 0 &&
        (result == 0 || err.code == DIESEL_E_CANCELLED ||
         err.code == DIESEL_E_CLOSED)) {
        err = first;
        result = -1;
    }
    return result < 0 ? diesel_fail(&err) : 0;
}

/* The certificates, and everything that OpenSSL and the C library make once. */
static void prepare(void)
{
    diesel_error err;
    tls_ca *ca = tls_ca_new("ca");
    snprintf(ca_file, sizeof ca_file, "%s", tls_ca_file(ca));
    snprintf(cert_file, sizeof cert_file, "%s",
             tls_ca_issue(ca, &(tls_cert){.subject = "server",
                                          .names = "DNS:localhost"}));
    tls_ca_free(ca);
    for (size_t i = 0; i < BULK; i++)
        bulk[i] = (char)('a' + i % 26);
    assert_ok(diesel_run(converse, NULL, NULL, &err));
}

START_TEST(any_allocation_may_fail)
{
    prepare();
    diesel_allocator_set(&faulty_memory);
    for (long n = 1;; n++) {
        diesel_error err;
        test_error_wipe(&err);
        faulty_memory_fail(n);
        int fds = test_open_fds();
        int result = diesel_run(converse, NULL, NULL, &err);
        ck_assert_msg(faulty_alive == 0, "%ld blocks left after failing the %ld.",
                      faulty_alive, n);
        ck_assert_int_eq(test_open_fds(), fds);
        if (faulty_allocations < n) {
            ck_assert_int_eq(result, 0);
            ck_assert_int_gt(n, 10);
            break;
        }
        if (result < 0)
            ck_assert_msg(err.code == DIESEL_E_NOMEM ||
                              err.code == DIESEL_E_CLOSED ||
                              err.code == DIESEL_E_TLS,
                          "failing the %ld.: %s", n, err.message);
    }
}
END_TEST

/* OpenSSL allocates thousands of times in a handshake: every 7th is tried, and
 * every 97th where that is slow. */
START_TEST(any_allocation_of_openssl_may_fail)
{
    prepare();
    long step = test_many(7, 97), failed = 0;
    for (long n = 1;; n += step) {
        diesel_error err;
        test_error_wipe(&err);
        openssl_calls = 0;
        openssl_fail_at = n;
        int fds = test_open_fds();
        int result = diesel_run(converse, NULL, NULL, &err);
        openssl_fail_at = 0;
        ck_assert_int_eq(test_open_fds(), fds);
        if (result < 0)
            test_message_is_sound(&err);
        failed += result < 0;
        if (openssl_calls < n)
            break;
    }
    ck_assert_int_gt(failed, 5);
}
END_TEST

static const struct {
    enum faulty_kind kind;
    int errnum, want;
} faults[] = {
    {FAULTY_read, EINTR, 0},
    {FAULTY_read, ECONNRESET, DIESEL_E_CLOSED},
    {FAULTY_read, EIO, DIESEL_E_IO},
    {FAULTY_sendmsg, EINTR, 0},
    {FAULTY_sendmsg, EAGAIN, 0},
    {FAULTY_sendmsg, ENOBUFS, 0},
    {FAULTY_sendmsg, EPIPE, DIESEL_E_CLOSED},
    {FAULTY_sendmsg, EIO, DIESEL_E_IO},
    {FAULTY_shutdown, ENOBUFS, DIESEL_E_LIMIT},
};

START_TEST(any_system_call_may_fail)
{
    prepare();
    diesel_allocator_set(&faulty_memory);
    for (long n = 1;; n++) {
        diesel_error err;
        test_error_wipe(&err);
        faulty_memory_fail(0);
        faulty_sys_reset();
        faulty_sys_fail(faults[_i].kind, n, faults[_i].errnum);
        int fds = test_open_fds();
        int result = diesel_run(converse, NULL, NULL, &err);
        ck_assert_int_eq(faulty_alive, 0);
        ck_assert_int_eq(test_open_fds(), fds);
        int want = faults[_i].want;
        if (result < 0)
            test_message_is_sound(&err);
        ck_assert_msg(result == 0 || (want != 0 && (err.code == want ||
                                                    err.code ==
                                                        DIESEL_E_CLOSED)),
                      "%s %ld: %s: %s", faulty_sys_name(faults[_i].kind), n,
                      diesel_error_name(err.code), err.message);
        if (faulty_sys_calls(faults[_i].kind) < n) {
            ck_assert_int_gt(n, 1);
            break;
        }
    }
}
END_TEST

static const size_t cuts[] = {1, 2, 5, 17, 1000};

START_TEST(calls_may_do_a_part_only)
{
    diesel_error err;
    prepare();
    faulty_sys_reset();
    faulty_sys_cut_reads(cuts[_i]);
    faulty_sys_cut_writes(cuts[_i]);
    faulty_sys_interrupt();
    assert_ok(diesel_run(converse, NULL, NULL, &err));
}
END_TEST

START_TEST(it_may_be_cancelled_at_any_turn)
{
    prepare();
    ck_assert_int_gt(cancel_loop(converse, NULL), 3);
}
END_TEST

int main(void)
{
    if (CRYPTO_set_mem_functions(openssl_malloc, openssl_realloc,
                                 openssl_free) != 1)
        return 1;
    Suite *suite = suite_create("tls_faults");
    test_case(suite, "memory", any_allocation_may_fail);
    test_case(suite, "openssl", any_allocation_of_openssl_may_fail);
    test_case_rows(suite, "calls", any_system_call_may_fail,
                   TEST_COUNT(faults));
    test_case_rows(suite, "parts", calls_may_do_a_part_only, TEST_COUNT(cuts));
    test_case(suite, "cancellation", it_may_be_cancelled_at_any_turn);
    return test_suite_run(suite);
}

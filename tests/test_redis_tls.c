/* SPDX-License-Identifier: MIT */
/*
 * TLS to a Redis server: to a scripted one, and to redis-server where that is
 * installed and knows TLS; who is trusted, and each certificate that is not.
 */
#include <inttypes.h>
#include <netinet/in.h>

#include <diesel/redis.h>

#include "own_redis.h"
#include "script_server.h"
#include "tls_certs.h"

static tls_ca *ca, *others;
static diesel_tls *server_tls;
static char url[128];

/* Answers HELLO and whatever else comes, as bytes in any number of reads. */
static void serve(diesel_stream *stream, size_t number, void *arg)
{
    char input[4096];
    (void)number;
    if (diesel_tls_start(stream, arg, NULL, DIESEL_FOREVER, NULL) < 0)
        return;
    for (;;) {
        ssize_t n = diesel_stream_read(stream, input, sizeof input - 1,
                                       DIESEL_FOREVER, NULL);
        if (n <= 0)
            return;
        input[n] = '\0';
        const char *reply = strstr(input, "HELLO") != NULL
                                ? "%1\r\n$5\r\nproto\r\n:3\r\n+OK\r\n+OK\r\n"
                                : "$5\r\nhello\r\n";
        if (diesel_stream_write(stream, reply, strlen(reply), DIESEL_FOREVER,
                                NULL) < 0)
            return;
    }
}

static script_server *open_server(const diesel_tls_options *options)
{
    diesel_error err;
    assert_made(server_tls = diesel_tls_new(options, &err));
    script_server *server = script_server_open(
        serve, server_tls, &(script_server_options){.tcp = true});
    snprintf(url, sizeof url, "rediss://localhost:%u",
             (unsigned)script_server_port(server));
    return server;
}

static void close_server(script_server *server)
{
    script_server_close(server);
    diesel_tls_free(server_tls);
}

static void make_authorities(void)
{
    ca = tls_ca_new("ca");
    others = tls_ca_new("others");
}

static void free_authorities(void)
{
    tls_ca_free(ca);
    tls_ca_free(others);
}

FIBER_TEST(a_client_speaks_tls)
{
    diesel_error err;
    make_authorities();
    script_server *server = open_server(&(diesel_tls_options){
        .server = true,
        .cert_file = tls_ca_issue(
            ca, &(tls_cert){.subject = "db", .names = "DNS:localhost"})});
    dredis *redis;
    assert_made(redis = dredis_open(
                    url,
                    &(dredis_options){
                        .tls = &(diesel_tls_options){.ca_file =
                                                         tls_ca_file(ca)}},
                    &err));
    for (int i = 0; i < 3; i++) {
        char *value;
        ck_assert_int_eq(dredis_get(redis, "k", &value, NULL, &err), 1);
        ck_assert_str_eq(value, "hello");
        diesel_free(value);
    }
    dredis_close(redis);
    close_server(server);
    free_authorities();
    return 0;
}
END_TEST

/* The server's certificate, what the client asks, and what becomes of it. */
static const struct {
    tls_cert cert;
    const char *name;  /* tls_name                            */
    bool unknown;      /* the client does not know the issuer */
    bool revoked;      /* by the list that the client has     */
    bool insecure;     /* the client does not care            */
    const char *said;  /* NULL: all is well                   */
} rows[] = {
    {.cert = {"db", "DNS:localhost", 0, 0, NULL, false}},
    {.cert = {"db", "DNS:other.example", 0, 0, NULL, false}, .said = "localhost"},
    {.cert = {"db", "DNS:other.example", 0, 0, NULL, false},
     .name = "other.example"},
    {.cert = {"db", "DNS:localhost", -10, -2, NULL, false}, .said = "expired"},
    {.cert = {"db", "DNS:localhost", 2, 10, NULL, false}, .said = "not valid yet"},
    {.cert = {"db", "DNS:localhost", 0, 0, NULL, false},
     .unknown = true,
     .said = "issuer"},
    {.cert = {"db", "DNS:localhost", 0, 0, NULL, false},
     .revoked = true,
     .said = "revoked"},
    {.cert = {"db", "DNS:other.example", -10, -2, NULL, false},
     .unknown = true,
     .insecure = true},
};

FIBER_TEST(a_certificate_must_be_right)
{
    diesel_error err;
    make_authorities();
    script_server *server = open_server(&(diesel_tls_options){
        .server = true, .cert_file = tls_ca_issue(ca, &rows[row].cert)});
    diesel_tls_options tls = {
        .ca_file = tls_ca_file(rows[row].unknown ? others : ca),
        .crl_file = rows[row].revoked ? tls_ca_revoke(ca, "db") : NULL,
        .allow_invalid_certificates = rows[row].insecure};
    dredis_options options = {.tls = &tls, .tls_name = rows[row].name};
    if (rows[row].said == NULL) {
        dredis *redis;
        assert_made(redis = dredis_open(url, &options, &err));
        dredis_close(redis);
    } else {
        assert_fails_null(dredis_open(url, &options, &err), DIESEL_E_TLS);
        assert_contains(err.message, rows[row].said);
        assert_contains(err.message, "redis localhost:");
    }
    close_server(server);
    free_authorities();
    return 0;
}
END_TEST

FIBER_TEST(the_system_does_not_trust_our_authority)
{
    diesel_error err;
    make_authorities();
    script_server *server = open_server(&(diesel_tls_options){
        .server = true,
        .cert_file = tls_ca_issue(
            ca, &(tls_cert){.subject = "db", .names = "DNS:localhost"})});
    assert_fails_null(dredis_open(url, NULL, &err), DIESEL_E_TLS);
    close_server(server);
    free_authorities();
    return 0;
}
END_TEST

FIBER_TEST(options_that_make_no_sense_are_refused)
{
    diesel_error err;
    assert_fails_null(
        dredis_open("redis://h",
                    &(dredis_options){.tls = &(diesel_tls_options){.server = true}},
                    &err),
        DIESEL_E_INVAL);
    assert_fails_null(dredis_open("unix:///s",
                                  &(dredis_options){.tls =
                                                        &(diesel_tls_options){0}},
                                  &err),
                      DIESEL_E_INVAL);
    assert_contains(err.message, "tls_name");
    assert_fails_null(
        dredis_open(NULL,
                    &(dredis_options){
                        .tls = &(diesel_tls_options){.ca_file = "/no/file"}},
                    &err),
        DIESEL_E_IO);
    return 0;
}
END_TEST

/* --- A real server */

static struct own_redis real;
static const char *client_cert;

static int use_real_server(void *arg)
{
    diesel_error err;
    (void)arg;
    diesel_tls_options tls = {.ca_file = tls_ca_file(ca)};
    dredis_options options = {.tls = &tls};
    dredis *redis = dredis_open(url, &options, &err); /* without a certificate */
    ck_assert_ptr_null(redis);
    ck_assert(err.code == DIESEL_E_TLS || err.code == DIESEL_E_CLOSED);

    tls.cert_file = client_cert;
    assert_made(redis = dredis_open(url, &options, &err));
    size_t n = 3 << 20, got;
    char *bytes = malloc(n), *back;
    memset(bytes, 'x', n);
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(
            dredis_set(redis, "k", diesel_bytes(bytes, n), NULL, &err), 1);
        ck_assert_int_eq(dredis_get(redis, "k", &back, &got, &err), 1);
        ck_assert_uint_eq(got, n);
        ck_assert(memcmp(bytes, back, n) == 0);
        diesel_free(back);
    }
    free(bytes);
    dredis_reply *reply;
    assert_made(reply = dredis_call(redis, &err, "BLPOP", "l", 0.01));
    dredis_reply_free(reply);
    ck_assert_uint_eq(dredis_stats_of(redis).connections, 2);
    dredis_close(redis);
    return 0;
}

/* A port that was free a moment ago. */
static unsigned free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, size), 0);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    close(fd);
    return ntohs(address.sin_port);
}

static bool knows_tls(void)
{
    char command[512];
    snprintf(command, sizeof command,
             "%s --tls-port 0 --port 0 --daemonize maybe 2>&1 | grep -q tls-port",
             own_redis_program());
    return system(command) != 0;
}

START_TEST(redis_server_wants_a_client_certificate)
{
    char port[16];
    make_authorities();
    if (!own_redis_installed() || !knows_tls())
        return;
    const char *cert = tls_ca_issue(
        ca, &(tls_cert){.subject = "db", .names = "DNS:localhost"});
    client_cert = tls_ca_issue(ca, &(tls_cert){.subject = "client"});
    snprintf(port, sizeof port, "%u", free_port());
    const char *const options[] = {
        "--save", "", "--tls-port", port, "--tls-cert-file", cert,
        "--tls-key-file", cert, "--tls-ca-cert-file", tls_ca_file(ca),
        "--tls-auth-clients", "yes", "--bind", "127.0.0.1", NULL};
    if (!own_redis_start(&real, "redis", options))
        return;
    snprintf(url, sizeof url, "rediss://localhost:%s", port);
    test_run(use_real_server, NULL);
    own_redis_stop(&real);
    free_authorities();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("redis_tls");
    test_case(suite, "client", a_client_speaks_tls,
              the_system_does_not_trust_our_authority,
              options_that_make_no_sense_are_refused,
              redis_server_wants_a_client_certificate);
    test_case_rows(suite, "certificates", a_certificate_must_be_right,
                   TEST_COUNT(rows));
    return test_suite_run(suite);
}

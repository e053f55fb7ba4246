/* SPDX-License-Identifier: MIT */
/*
 * <diesel/tls.h>: whom a handshake accepts, what is agreed on, and what the
 * errors say. How bytes travel afterwards is in test_tls_stream.c.
 */
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

#include "tls_certs.h"
#include "tls_pair.h"

static tls_ca *ca, *other_ca;
static diesel_tls *client, *server;

static void prepare(void)
{
    ca = tls_ca_new("ca");
    other_ca = tls_ca_new("other-ca");
}

static void clean(void)
{
    diesel_tls_free(client);
    diesel_tls_free(server);
    tls_ca_free(ca);
    tls_ca_free(other_ca);
}

/* A usual server, for localhost, and a client that trusts its authority. */
static void make_both(void)
{
    const char *cert = tls_ca_issue(
        ca, &(tls_cert){.subject = "server", .names = "DNS:localhost"});
    server = tls_made(
        &(diesel_tls_options){.server = true, .cert_file = cert});
    client = tls_made(&(diesel_tls_options){.ca_file = tls_ca_file(ca)});
}

/* --- Whom a client accepts. */

static const struct {
    const char *names;
    int from, to; /* days */
    const char *host;
    bool foreign;  /* signed by an authority that the client does not trust */
    enum { NO_LIST, REVOKED, FOREIGN_LIST, OLD_LIST } list;
    bool any_certificate, any_name, by_itself;
    const char *usage;
    int detail; /* 0: accepted */
    const char *said;
} servers[] = {
    {.names = "DNS:localhost", .host = "localhost"},
    {.names = "DNS:a.test,DNS:b.test", .host = "b.test"},
    {.names = "DNS:*.b.test", .host = "a.b.test"},
    {.names = "DNS:b.test", .host = "B.Test."},
    {.names = "DNS:*.b.test", .host = "c.a.b.test",
     .detail = X509_V_ERR_HOSTNAME_MISMATCH, .said = "*.b.test"},
    {.names = "DNS:b*.a.test", .host = "bb.a.test",
     .detail = X509_V_ERR_HOSTNAME_MISMATCH, .said = "another host"},
    {.names = "DNS:a.test", .host = "b.test",
     .detail = X509_V_ERR_HOSTNAME_MISMATCH, .said = "a.test"},
    {.names = "IP:127.0.0.1", .host = "127.0.0.1"},
    {.names = "IP:::1", .host = "::1"},
    {.names = "IP:127.0.0.1", .host = "127.0.0.2",
     .detail = X509_V_ERR_IP_ADDRESS_MISMATCH, .said = "another host"},
    {.names = "DNS:127.0.0.1", .host = "127.0.0.1",
     .detail = X509_V_ERR_IP_ADDRESS_MISMATCH, .said = "another host"},
    {.names = "DNS:a.test", .host = "b.test", .any_name = true},
    {.names = "DNS:localhost", .from = -20, .to = -10, .host = "localhost",
     .detail = X509_V_ERR_CERT_HAS_EXPIRED, .said = "it has expired: 20"},
    {.names = "DNS:localhost", .from = 10, .to = 20, .host = "localhost",
     .detail = X509_V_ERR_CERT_NOT_YET_VALID, .said = "not valid yet: 20"},
    {.names = "DNS:localhost", .host = "localhost", .foreign = true,
     .detail = X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
     .said = "its issuer is not trusted"},
    {.names = "DNS:localhost", .host = "localhost", .foreign = true,
     .any_name = true,
     .detail = X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
     .said = "its issuer is not trusted"},
    {.names = "DNS:localhost", .host = "localhost", .list = REVOKED,
     .detail = X509_V_ERR_CERT_REVOKED, .said = "it has been revoked"},
    {.names = "DNS:localhost", .host = "localhost", .list = FOREIGN_LIST,
     .detail = X509_V_ERR_UNABLE_TO_GET_CRL, .said = "no revocation list"},
    {.names = "DNS:localhost", .host = "localhost", .list = OLD_LIST,
     .detail = X509_V_ERR_CRL_HAS_EXPIRED, .said = "issuer has expired"},
    {.names = "DNS:localhost", .host = "localhost", .by_itself = true,
     .detail = X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, .said = "by itself"},
    {.names = "DNS:localhost", .host = "localhost", .usage = "clientAuth",
     .detail = X509_V_ERR_INVALID_PURPOSE, .said = "another purpose"},
    {.names = "DNS:localhost", .host = "localhost", .usage = "serverAuth"},
    {.names = "DNS:a.test", .from = -20, .to = -10, .host = "b.test",
     .foreign = true, .any_certificate = true},
    /* Of many names the first are shown, without what is no host. */
    {.names = "email:me@a.test,DNS:a.test,IP:127.0.0.1,IP:::1",
     .host = "b.test",
     .detail = X509_V_ERR_HOSTNAME_MISMATCH, .said = "a.test,127.0.0.1,::1"},
    {.names = "DNS:a.a.a.a.test,DNS:b.a.a.a.test,DNS:c.a.a.a.test,DNS:d.test",
     .host = "b.test", .detail = X509_V_ERR_HOSTNAME_MISMATCH,
     .said = "a.a.a.a.test,b.a.a.a.test,c.a.a.a.test,(more)"},
    {.names = "DNS:"
              "an-unusually-long-label-of-fifty-five-characters-or-more-that-is.test",
     .host = "b.test", .detail = X509_V_ERR_HOSTNAME_MISMATCH,
     .said = ": an-unusually-long-label-of-fifty-five-characters-or-more-that-i"},
    {.names = "DNS:a.test,URI:x", .host = "b.test", .by_itself = true,
     .any_certificate = true},
};

static const char *list_of(int row)
{
    switch (servers[row].list) {
    case REVOKED:
        return tls_ca_revoke(ca, "shown");
    case FOREIGN_LIST:
        return tls_ca_revoke(other_ca, NULL);
    case OLD_LIST:
        return tls_ca_old_list(ca);
    default:
        return NULL;
    }
}

static void check_refusal(const struct tls_pair *pair, int row)
{
    diesel_error err = pair->client.err;
    ck_assert_int_eq(pair->client.result, -1);
    assert_error(DIESEL_E_TLS);
    ck_assert_int_eq(err.domain, DIESEL_DOM_TLS);
    ck_assert_int_eq(err.detail, servers[row].detail);
    assert_contains(err.message, servers[row].said);
    assert_contains(err.message, servers[row].host);
    assert_contains(err.message, "CN=shown");
    err = pair->server.err; /* it is told */
    ck_assert_int_eq(pair->server.result, -1);
    assert_error(DIESEL_E_TLS);
    assert_contains(err.message, "alert");
}

FIBER_TEST(a_client_accepts_whom_it_should)
{
    prepare();
    const char *cert = tls_ca_issue(
        servers[row].foreign ? other_ca : ca,
        &(tls_cert){.subject = "shown", .names = servers[row].names,
                    .from = servers[row].from, .to = servers[row].to,
                    .usage = servers[row].usage,
                    .by_itself = servers[row].by_itself});
    server = tls_made(&(diesel_tls_options){
        .server = true, .cert_file = cert, .max_version = DIESEL_TLS_1_2});
    client = tls_made(&(diesel_tls_options){
        .ca_file = tls_ca_file(ca),
        .crl_file = list_of(row),
        .allow_invalid_certificates = servers[row].any_certificate,
        .allow_invalid_hostnames = servers[row].any_name});
    struct tls_pair pair;
    tls_pair_open(&pair, client, server, servers[row].host);
    if (servers[row].detail != 0) {
        check_refusal(&pair, row);
    } else {
        ck_assert_msg(pair.client.result == 0, "%s", pair.client.err.message);
        tls_pair_talk(&pair);
    }
    tls_pair_close(&pair);
    clean();
    return 0;
}
END_TEST

FIBER_TEST(a_client_needs_the_name_of_its_host)
{
    diesel_error err;
    diesel_stream *pair[2];
    prepare();
    make_both();
    assert_ok(diesel_stream_pair(pair, &err));
    assert_fails(diesel_tls_start(pair[0], client, NULL, DIESEL_FOREVER, &err),
                 DIESEL_E_INVAL);
    assert_fails(diesel_tls_start(pair[0], client, "", DIESEL_FOREVER, &err),
                 DIESEL_E_INVAL);
    diesel_stream_close(pair[0]);
    diesel_stream_close(pair[1]);
    clean();
    return 0;
}
END_TEST

FIBER_TEST(a_chain_with_an_authority_in_between_is_accepted)
{
    prepare();
    tls_ca *middle = tls_ca_under(ca, "middle");
    const char *cert = tls_ca_issue(
        middle, &(tls_cert){.subject = "server", .names = "DNS:localhost"});
    server = tls_made(
        &(diesel_tls_options){.server = true, .cert_file = cert});
    client = tls_made(&(diesel_tls_options){.ca_file = tls_ca_file(ca)});
    struct tls_pair pair;
    tls_pair_must_open(&pair, client, server, "localhost");
    tls_pair_talk(&pair);
    tls_pair_close(&pair);
    tls_ca_free(middle);
    clean();
    return 0;
}
END_TEST

FIBER_TEST(whom_the_system_trusts_is_the_default)
{
    prepare();
    make_both();
    diesel_tls *usual = tls_made(NULL);
    struct tls_pair pair;
    tls_pair_open(&pair, usual, server, "localhost");
    ck_assert_int_eq(pair.client.result, -1);
    assert_contains(pair.client.err.message, "not trusted");
    tls_pair_close(&pair);
    diesel_tls_free(usual);
    clean();
    return 0;
}
END_TEST

/* --- Whom a server accepts. */

static const struct {
    int asked;
    bool given, foreign, expired;
    const char *said; /* by the server; NULL: accepted */
} clients[] = {
    {DIESEL_TLS_ANY_CLIENT, false, false, false, NULL},
    {DIESEL_TLS_ANY_CLIENT, true, true, true, NULL},
    {DIESEL_TLS_ASK_CLIENT, false, false, false, NULL},
    {DIESEL_TLS_ASK_CLIENT, true, false, false, NULL},
    {DIESEL_TLS_ASK_CLIENT, true, true, false, "not trusted"},
    {DIESEL_TLS_VERIFY_CLIENT, false, false, false, "certificate"},
    {DIESEL_TLS_VERIFY_CLIENT, true, false, false, NULL},
    {DIESEL_TLS_VERIFY_CLIENT, true, false, true, "it has expired"},
};

/* In TLS 1.3 the client learns of its refusal when it reads. */
static void check_client_is_told(struct tls_pair *pair)
{
    diesel_error err = pair->client.err;
    char byte;
    if (pair->client.result == 0)
        assert_fails(diesel_stream_read(pair->client.stream, &byte, 1,
                                        DIESEL_FOREVER, &err),
                     DIESEL_E_TLS);
    assert_error(DIESEL_E_TLS);
    assert_contains(err.message, "alert");
}

static void check_client(int row, int version)
{
    server = tls_made(&(diesel_tls_options){
        .server = true,
        .cert_file = tls_ca_issue(ca, &(tls_cert){.subject = "server",
                                                  .names = "DNS:localhost"}),
        .ca_file = tls_ca_file(ca),
        .client_certificates = clients[row].asked});
    const char *cert = tls_ca_issue(
        clients[row].foreign ? other_ca : ca,
        &(tls_cert){.subject = "the client",
                    .from = clients[row].expired ? -9 : 0,
                    .to = clients[row].expired ? -2 : 0});
    client = tls_made(&(diesel_tls_options){
        .ca_file = tls_ca_file(ca), .max_version = version,
        .cert_file = clients[row].given ? cert : NULL});
    struct tls_pair pair;
    diesel_tls_info info;
    tls_pair_open(&pair, client, server, "localhost");
    if (clients[row].said != NULL) {
        diesel_error err = pair.server.err;
        ck_assert_int_eq(pair.server.result, -1);
        assert_error(DIESEL_E_TLS);
        assert_contains(err.message, clients[row].said);
        check_client_is_told(&pair);
    } else {
        ck_assert_int_eq(pair.server.result, 0);
        tls_pair_talk(&pair);
        ck_assert(diesel_tls_info_of(pair.server.stream, &info));
        if (clients[row].given && clients[row].asked != DIESEL_TLS_ANY_CLIENT)
            ck_assert_str_eq(info.peer, "CN=the client");
        else
            ck_assert_ptr_null(info.peer);
    }
    tls_pair_close(&pair);
    diesel_tls_free(client);
    diesel_tls_free(server);
    client = server = NULL;
}

FIBER_TEST(a_server_accepts_whom_it_should)
{
    prepare();
    check_client(row, DIESEL_TLS_1_2);
    check_client(row, DIESEL_TLS_1_3);
    clean();
    return 0;
}
END_TEST

/* --- What is agreed on. */

static const struct {
    int client_min, client_max, server_min, server_max;
    const char *version; /* NULL: none */
} versions[] = {
    {0, 0, 0, 0, "TLSv1.3"},
    {0, 0, 0, DIESEL_TLS_1_2, "TLSv1.2"},
    {0, DIESEL_TLS_1_2, 0, 0, "TLSv1.2"},
    {DIESEL_TLS_1_3, 0, 0, 0, "TLSv1.3"},
    {DIESEL_TLS_1_3, DIESEL_TLS_1_3, 0, DIESEL_TLS_1_2, NULL},
    {0, DIESEL_TLS_1_2, DIESEL_TLS_1_3, 0, NULL},
};

FIBER_TEST(the_newest_version_that_both_speak_is_spoken)
{
    prepare();
    server = tls_made(&(diesel_tls_options){
        .server = true,
        .cert_file = tls_ca_issue(ca, &(tls_cert){.subject = "server",
                                                  .names = "DNS:localhost"}),
        .min_version = versions[row].server_min,
        .max_version = versions[row].server_max});
    client = tls_made(&(diesel_tls_options){
        .ca_file = tls_ca_file(ca), .min_version = versions[row].client_min,
        .max_version = versions[row].client_max});
    struct tls_pair pair;
    tls_pair_open(&pair, client, server, "localhost");
    diesel_tls_info info;
    bool agreed = versions[row].version != NULL;
    ck_assert_int_eq(pair.client.result, agreed ? 0 : -1);
    ck_assert_int_eq(pair.server.result, agreed ? 0 : -1);
    ck_assert(diesel_tls_info_of(pair.client.stream, &info) == agreed);
    if (agreed) {
        ck_assert_str_eq(info.version, versions[row].version);
        ck_assert_str_eq(info.peer, "CN=server");
        ck_assert_ptr_nonnull(strstr(info.cipher, "AES"));
        tls_pair_talk(&pair);
    }
    tls_pair_close(&pair);
    clean();
    return 0;
}
END_TEST

FIBER_TEST(ciphers_may_be_chosen)
{
    prepare();
    make_both();
    diesel_tls_free(client);
    struct tls_pair pair;
    diesel_tls_info info;
    client = tls_made(&(diesel_tls_options){
        .ca_file = tls_ca_file(ca), .ciphersuites = "TLS_AES_128_GCM_SHA256"});
    tls_pair_must_open(&pair, client, server, "localhost");
    ck_assert(diesel_tls_info_of(pair.server.stream, &info));
    ck_assert_str_eq(info.cipher, "TLS_AES_128_GCM_SHA256");
    tls_pair_close(&pair);
    diesel_tls_free(client);
    client = tls_made(&(diesel_tls_options){
        .ca_file = tls_ca_file(ca), .max_version = DIESEL_TLS_1_2,
        .ciphers = "ECDHE-ECDSA-CHACHA20-POLY1305"});
    tls_pair_must_open(&pair, client, server, "localhost");
    ck_assert(diesel_tls_info_of(pair.server.stream, &info));
    ck_assert_str_eq(info.cipher, "ECDHE-ECDSA-CHACHA20-POLY1305");
    tls_pair_close(&pair);
    clean();
    return 0;
}
END_TEST

static const struct {
    const char *client, *server, *chosen;
    bool fails;
} protocols[] = {
    {"h2,http/1.1", "http/1.1,h2", "http/1.1", false}, /* the server's choice */
    {"a,b,c", "c", "c", false},
    {"a", NULL, NULL, false},
    {NULL, "a", NULL, false},
    {"a", "b", NULL, true},
};

FIBER_TEST(a_protocol_is_chosen)
{
    prepare();
    server = tls_made(&(diesel_tls_options){
        .server = true, .alpn = protocols[row].server,
        .cert_file = tls_ca_issue(ca, &(tls_cert){.subject = "server",
                                                  .names = "DNS:localhost"})});
    client = tls_made(&(diesel_tls_options){.ca_file = tls_ca_file(ca),
                                            .alpn = protocols[row].client});
    struct tls_pair pair;
    tls_pair_open(&pair, client, server, "localhost");
    diesel_tls_info here, there;
    ck_assert_int_eq(pair.client.result, protocols[row].fails ? -1 : 0);
    if (protocols[row].fails) {
        assert_contains(pair.client.err.message, "no application protocol");
    } else {
        ck_assert(diesel_tls_info_of(pair.client.stream, &here));
        ck_assert(diesel_tls_info_of(pair.server.stream, &there));
        ck_assert_pstr_eq(here.alpn, protocols[row].chosen);
        ck_assert_pstr_eq(there.alpn, protocols[row].chosen);
    }
    tls_pair_close(&pair);
    clean();
    return 0;
}
END_TEST

/* --- A server of several names. */

static const struct {
    const char *host, *peer;
} names[] = {
    {"localhost", "CN=server"}, {"one.test", "CN=one"},
    {"ONE.test", "CN=one"},     {"x.many.test", "CN=many"},
};

FIBER_TEST(a_name_is_served_with_its_certificate)
{
    diesel_error err;
    prepare();
    make_both();
    diesel_tls *one = tls_made(&(diesel_tls_options){
        .server = true,
        .cert_file = tls_ca_issue(
            ca, &(tls_cert){.subject = "one", .names = "DNS:one.test"})});
    diesel_tls *many = tls_made(&(diesel_tls_options){
        .server = true,
        .cert_file = tls_ca_issue(
            ca, &(tls_cert){.subject = "many", .names = "DNS:*.many.test"})});
    assert_ok(diesel_tls_add_name(server, "one.test", one, &err));
    assert_ok(diesel_tls_add_name(server, "*.many.test", many, &err));
    assert_fails(diesel_tls_add_name(client, "one.test", one, &err),
                 DIESEL_E_INVAL);
    assert_fails(diesel_tls_add_name(server, "x", server, &err),
                 DIESEL_E_INVAL);
    diesel_tls_free(one);
    diesel_tls_free(many);
    struct tls_pair pair;
    tls_pair_must_open(&pair, client, server, names[row].host);
    diesel_tls_info info;
    ck_assert(diesel_tls_info_of(pair.client.stream, &info));
    ck_assert_str_eq(info.peer, names[row].peer);
    ck_assert(diesel_tls_info_of(pair.server.stream, &info));
    ck_assert_str_eq(info.name, names[row].host);
    tls_pair_talk(&pair);
    tls_pair_close(&pair);
    clean();
    return 0;
}
END_TEST

/* --- Resumption. */

static bool is_resumed(const char *host)
{
    struct tls_pair pair;
    diesel_tls_info info;
    tls_pair_must_open(&pair, client, server, host);
    tls_pair_talk(&pair); /* the tickets of TLS 1.3 come before the answer */
    ck_assert(diesel_tls_info_of(pair.client.stream, &info));
    tls_pair_close(&pair);
    return info.resumed;
}

FIBER_TEST(a_session_is_resumed_with_the_same_host)
{
    static const int tried[] = {DIESEL_TLS_1_2, DIESEL_TLS_1_3};
    prepare();
    server = tls_made(&(diesel_tls_options){
        .server = true,
        .cert_file = tls_ca_issue(
            ca, &(tls_cert){.subject = "server",
                            .names = "DNS:localhost,DNS:other.test"})});
    client = tls_made(&(diesel_tls_options){.ca_file = tls_ca_file(ca),
                                            .max_version = tried[row]});
    ck_assert(!is_resumed("localhost"));
    for (int i = 0; i < 5; i++)
        ck_assert(is_resumed("localhost"));
    ck_assert(!is_resumed("other.test"));
    diesel_tls_free(client);
    client = tls_made(&(diesel_tls_options){.ca_file = tls_ca_file(ca),
                                            .max_version = tried[row],
                                            .no_resumption = true});
    ck_assert(!is_resumed("localhost"));
    ck_assert(!is_resumed("localhost"));
    clean();
    return 0;
}
END_TEST

FIBER_TEST(a_server_may_refuse_to_resume)
{
    prepare();
    server = tls_made(&(diesel_tls_options){
        .server = true, .no_resumption = true,
        .cert_file = tls_ca_issue(ca, &(tls_cert){.subject = "server",
                                                  .names = "DNS:localhost"})});
    client = tls_made(&(diesel_tls_options){.ca_file = tls_ca_file(ca)});
    ck_assert(!is_resumed("localhost"));
    ck_assert(!is_resumed("localhost"));
    clean();
    return 0;
}
END_TEST

FIBER_TEST(a_session_with_a_client_certificate_is_resumed)
{
    prepare();
    server = tls_made(&(diesel_tls_options){
        .server = true, .ca_file = tls_ca_file(ca),
        .client_certificates = DIESEL_TLS_VERIFY_CLIENT,
        .cert_file = tls_ca_issue(ca, &(tls_cert){.subject = "server",
                                                  .names = "DNS:localhost"})});
    client = tls_made(&(diesel_tls_options){
        .ca_file = tls_ca_file(ca),
        .cert_file = tls_ca_issue(ca, &(tls_cert){.subject = "client"})});
    ck_assert(!is_resumed("localhost"));
    ck_assert(is_resumed("localhost"));
    clean();
    return 0;
}
END_TEST

/* More hosts than are remembered: the first is forgotten, the last is not. */
FIBER_TEST(the_sessions_of_many_hosts_are_bounded)
{
    prepare();
    server = tls_made(&(diesel_tls_options){
        .server = true, .max_version = DIESEL_TLS_1_2,
        .cert_file = tls_ca_issue(
            ca, &(tls_cert){.subject = "server", .names = "DNS:*.a.test"})});
    client = tls_made(&(diesel_tls_options){.ca_file = tls_ca_file(ca)});
    char host[32];
    for (int i = 0; i < 257; i++) {
        snprintf(host, sizeof host, "h%d.a.test", i);
        ck_assert(!is_resumed(host));
    }
    ck_assert(is_resumed("h256.a.test"));
    ck_assert(!is_resumed("h0.a.test"));
    clean();
    return 0;
}
END_TEST

FIBER_TEST(secrets_are_logged_when_asked)
{
    prepare();
    make_both();
    char path[108], line[300];
    snprintf(path, sizeof path, "%s", test_path("keys"));
    diesel_tls_free(client);
    client = tls_made(&(diesel_tls_options){.ca_file = tls_ca_file(ca),
                                            .keylog_file = path});
    struct tls_pair pair;
    tls_pair_must_open(&pair, client, server, "localhost");
    tls_pair_close(&pair);
    struct stat st;
    ck_assert_int_eq(stat(path, &st), 0);
    ck_assert_int_eq(st.st_mode & 0777, 0600);
    FILE *log = fopen(path, "r");
    ck_assert_ptr_nonnull(log);
    bool found = false;
    while (fgets(line, sizeof line, log) != NULL)
        found = found || strncmp(line, "CLIENT_TRAFFIC_SECRET_0 ", 24) == 0;
    ck_assert(found);
    fclose(log);
    clean();
    return 0;
}
END_TEST

/* --- Options that are wrong. */

#define GOOD "good"   /* a certificate with its key         */
#define CERT "alone"  /* one without                        */
#define LOCKED "locked" /* one with an encrypted key        */
#define WRONG "wrong" /* a file without PEM                 */
#define NONE "none"   /* no file                            */
#define LIST "list"   /* no certificates, but who is revoked */
#define X50 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define X300 X50 X50 X50 X50 X50 X50

static const struct {
    diesel_tls_options options; /* files by the names above */
    int code;
    const char *said;
} mistakes[] = {
    {{.server = true}, DIESEL_E_INVAL, "cert_file"},
    {{.key_file = GOOD}, DIESEL_E_INVAL, "cert_file"},
    {{.cert_file = NONE}, DIESEL_E_IO, "No such file"},
    {{.cert_file = WRONG}, DIESEL_E_TLS, "no start line"},
    {{.cert_file = CERT}, DIESEL_E_TLS, "key_file"},
    {{.cert_file = CERT, .key_file = NONE}, DIESEL_E_IO, "No such file"},
    {{.cert_file = CERT, .key_file = GOOD}, DIESEL_E_TLS, "mismatch"},
    {{.cert_file = LOCKED}, DIESEL_E_TLS, "key_file"},
    {{.cert_file = LOCKED, .key_password = "hunter2"}, DIESEL_E_TLS,
     "with key_password"},
    {{.ca_file = NONE}, DIESEL_E_IO, "ca_file"},
    {{.ca_file = WRONG}, DIESEL_E_TLS, "ca_file"},
    {{.ca_dir = NONE}, DIESEL_E_IO, "ca_dir"},
    {{.crl_file = NONE}, DIESEL_E_IO, "crl_file"},
    {{.crl_file = WRONG}, DIESEL_E_TLS, "crl_file"},
    {{.ciphers = "nothing"}, DIESEL_E_INVAL, "nothing"},
    {{.ciphersuites = "nothing"}, DIESEL_E_INVAL, "nothing"},
    {{.alpn = ""}, DIESEL_E_INVAL, "alpn"},
    {{.alpn = "a,,b"}, DIESEL_E_INVAL, "a,,b"},
    {{.alpn = "a,"}, DIESEL_E_INVAL, "alpn"},
    {{.alpn = X300}, DIESEL_E_INVAL, "alpn"},
    {{.alpn = X300 X300 X300 X300}, DIESEL_E_INVAL, "alpn"},
    {{.cert_file = LOCKED, .key_password = X300 X300 X300 X300}, DIESEL_E_TLS,
     "with key_password"},
    {{.cert_file = LOCKED, .key_password = ""}, DIESEL_E_TLS, "key_file"},
    {{.server = true, .cert_file = GOOD, .ca_file = LIST}, DIESEL_E_TLS,
     "ca_file"},
    {{.client_certificates = -1}, DIESEL_E_INVAL, "client_certificates"},
    {{.min_version = 11}, DIESEL_E_INVAL, "min_version"},
    {{.max_version = 14}, DIESEL_E_INVAL, "max_version"},
    {{.min_version = DIESEL_TLS_1_3, .max_version = DIESEL_TLS_1_2},
     DIESEL_E_INVAL, "max_version"},
    {{.client_certificates = 3}, DIESEL_E_INVAL, "client_certificates"},
    {{.server = true, .cert_file = GOOD,
      .client_certificates = DIESEL_TLS_ASK_CLIENT},
     DIESEL_E_INVAL, "ca_file"},
    {{.keylog_file = "/nowhere/keys"}, DIESEL_E_IO, "/nowhere/keys"},
};

static const char *mistaken_file(const char *name)
{
    if (name == NULL || name[0] == '/')
        return name;
    char *path = strdup(test_path(name));
    if (strcmp(name, WRONG) == 0) {
        FILE *out = fopen(path, "w");
        fputs("not PEM\n", out);
        fclose(out);
    }
    if (strcmp(name, LIST) == 0) {
        free(path);
        path = strdup(tls_ca_revoke(ca, NULL));
    } else if (strcmp(name, NONE) != 0 && strcmp(name, WRONG) != 0) {
        free(path);
        path = strdup(tls_ca_issue(
            ca, &(tls_cert){.subject = name,
                            .alone = strcmp(name, CERT) == 0,
                            .password =
                                strcmp(name, LOCKED) == 0 ? "secret" : NULL}));
    }
    return path;
}

START_TEST(an_option_that_is_wrong_is_named)
{
    diesel_error err;
    prepare();
    diesel_tls_options o = mistakes[_i].options;
    const char **files[] = {&o.ca_file,   &o.ca_dir,   &o.crl_file,
                            &o.cert_file, &o.key_file, &o.keylog_file};
    for (size_t i = 0; i < TEST_COUNT(files); i++)
        *files[i] = mistaken_file(*files[i]);
    assert_fails_null(diesel_tls_new(&o, &err), mistakes[_i].code);
    assert_contains(err.message, mistakes[_i].said);
    ck_assert_ptr_null(strstr(err.message, "hunter2"));
    for (size_t i = 0; i < TEST_COUNT(files); i++)
        if (*files[i] != NULL && (*files[i])[1] != 'n')
            free((void *)(uintptr_t)*files[i]);
    clean();
}
END_TEST

FIBER_TEST(an_encrypted_key_is_read_with_its_password)
{
    prepare();
    client = tls_made(&(diesel_tls_options){
        .key_password = "secret",
        .cert_file = tls_ca_issue(
            ca, &(tls_cert){.subject = LOCKED, .password = "secret"})});
    clean();
    return 0;
}
END_TEST

START_TEST(freeing_nothing_does_nothing)
{
    diesel_tls_free(NULL);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("tls");
    test_case_rows(suite, "servers", a_client_accepts_whom_it_should,
                   TEST_COUNT(servers));
    test_case(suite, "trust", a_client_needs_the_name_of_its_host,
              a_chain_with_an_authority_in_between_is_accepted,
              whom_the_system_trusts_is_the_default);
    test_case_rows(suite, "clients", a_server_accepts_whom_it_should,
                   TEST_COUNT(clients));
    test_case_rows(suite, "versions",
                   the_newest_version_that_both_speak_is_spoken,
                   TEST_COUNT(versions));
    test_case_rows(suite, "alpn", a_protocol_is_chosen, TEST_COUNT(protocols));
    test_case_rows(suite, "names", a_name_is_served_with_its_certificate,
                   TEST_COUNT(names));
    test_case_rows(suite, "resumption", a_session_is_resumed_with_the_same_host,
                   2);
    test_case(suite, "more", ciphers_may_be_chosen,
              a_server_may_refuse_to_resume,
              a_session_with_a_client_certificate_is_resumed,
              the_sessions_of_many_hosts_are_bounded,
              secrets_are_logged_when_asked,
              an_encrypted_key_is_read_with_its_password,
              freeing_nothing_does_nothing);
    test_case_rows(suite, "options", an_option_that_is_wrong_is_named,
                   TEST_COUNT(mistakes));
    return test_suite_run(suite);
}

/* SPDX-License-Identifier: MIT */
/*
 * The MongoDB client over TLS, and the ways to authenticate that need it: against
 * the library's own server side, with certificates made for the test.
 */
#include <stdint.h>

#include <diesel/mongo.h>

#include "test_util.h"
#include "tls_certs.h"

/* What the server saw. */
static struct {
    bson_t *commands[8];
    int count;
    bool speculates; /* it answers the hello's first step */
} seen;

static bool is_hello(const char *command)
{
    return strcmp(command, "isMaster") == 0 || strcmp(command, "hello") == 0;
}

static int answer(dmongo_peer *peer, const dmongo_request *request, void *arg)
{
    (void)arg;
    if (is_hello(request->command) && seen.speculates)
        return dmongo_peer_reply_hello(
            peer, request,
            &(dmongo_hello_options){
                .more = dmongo_doc("speculativeAuthenticate", dmongo_doc("ok", 1))},
            NULL);
    if (is_hello(request->command) || strcmp(request->command, "endSessions") == 0)
        return DMONGO_UNANSWERED;
    if (seen.count < 8)
        seen.commands[seen.count++] = bson_copy(&request->body);
    if (strcmp(request->command, "saslStart") == 0) {
        size_t n;
        const uint8_t *payload = dmongo_get_binary(&request->body, "payload", &n);
        if (n == 9 && memcmp(payload, "\0ann\0pass", 9) == 0)
            return dmongo_peer_reply(peer, request,
                                     dmongo_doc("done", dmongo_bool(true), "conversationId",
                                                1, "ok", 1.0), NULL, NULL);
        return dmongo_peer_reply_error(peer, request, DMONGO_AUTHENTICATION_FAILED,
                                       "no", NULL);
    }
    return dmongo_peer_reply(peer, request, dmongo_doc("ok", 1.0), NULL, NULL);
}

static struct {
    tls_ca *ca;
    diesel_tls *tls;
    diesel_listener *listener;
    diesel_scope *scope;
    char uri[400];
} service;

static int serve(void *arg)
{
    diesel_error err;
    (void)arg;
    dmongo_serve(service.listener,
                 &(dmongo_serve_options){.answer = answer, .tls = service.tls}, &err);
    return diesel_fail(&err);
}

/* A server with a certificate for `names`, and a client's string up to the options,
 * the first of which follow. */
static void start(const char *names, int client_certificates, const char *first)
{
    diesel_error err;
    service.ca = tls_ca_new("ca");
    const char *cert = tls_ca_issue(service.ca, &(tls_cert){.subject = "server",
                                                            .names = names});
    assert_made(service.tls = diesel_tls_new(
                    &(diesel_tls_options){.server = true,
                                          .cert_file = cert,
                                          .ca_file = tls_ca_file(service.ca),
                                          .client_certificates = client_certificates},
                    &err));
    assert_made(service.listener = diesel_tcp_listen("127.0.0.1", 0, NULL, &err));
    snprintf(service.uri, sizeof service.uri, "mongodb://%s127.0.0.1:%u/?tls=true",
             first, diesel_listener_port(service.listener));
    service.scope = diesel_scope_open(NULL);
    diesel_go(service.scope, serve, NULL);
}

static void stop(void)
{
    diesel_error err;
    diesel_scope_cancel(service.scope);
    assert_ok(diesel_scope_wait(service.scope, &err));
    diesel_tls_free(service.tls);
    tls_ca_free(service.ca);
    for (int i = 0; i < seen.count; i++)
        bson_destroy(seen.commands[i]);
}

/* Opens a client with these options behind those of start(). */
static dmongo *open_with(const char *format, const char *a, const char *b,
                         diesel_error *err)
{
    char uri[1000], options[500];
    snprintf(options, sizeof options, format, a, b);
    snprintf(uri, sizeof uri, "%s&serverSelectionTimeoutMS=500%s", service.uri, options);
    return dmongo_open(uri, NULL, err);
}

static void assert_pings(dmongo *mongo, diesel_error *why)
{
    diesel_error err;
    ck_assert_msg(mongo != NULL, "%s", why->message);
    for (int i = 0; i < 3; i++)
        assert_ok(dmongo_run(mongo, "t", dmongo_doc("ping", 1), NULL, &err));
    dmongo_close(mongo);
}

FIBER_TEST(a_certificate_of_a_known_authority_is_trusted)
{
    diesel_error err;
    start("IP:127.0.0.1", DIESEL_TLS_ANY_CLIENT, "");
    assert_pings(open_with("&tlsCAFile=%s%s", tls_ca_file(service.ca), "", &err), &err);
    stop();
    return 0;
}
END_TEST

FIBER_TEST(an_unknown_authority_is_refused_unless_told_otherwise)
{
    static const char *const told[] = {"&tlsInsecure=true%s%s",
                                       "&tlsAllowInvalidCertificates=true%s%s"};
    diesel_error err;
    start("IP:127.0.0.1", DIESEL_TLS_ANY_CLIENT, "");
    ck_assert_ptr_null(open_with("%s%s", "", "", &err));
    ck_assert_int_eq(err.code, DIESEL_E_TLS);
    for (size_t i = 0; i < TEST_COUNT(told); i++)
        assert_pings(open_with(told[i], "", "", &err), &err);
    stop();
    return 0;
}
END_TEST

FIBER_TEST(a_certificate_for_another_host_is_refused_unless_told_otherwise)
{
    diesel_error err;
    start("DNS:elsewhere.example", DIESEL_TLS_ANY_CLIENT, "");
    const char *ca = tls_ca_file(service.ca);
    ck_assert_ptr_null(open_with("&tlsCAFile=%s%s", ca, "", &err));
    ck_assert_int_eq(err.code, DIESEL_E_TLS);
    assert_pings(open_with("&tlsCAFile=%s&tlsAllowInvalidHostnames=true%s", ca, "", &err),
                 &err);
    stop();
    return 0;
}
END_TEST

FIBER_TEST(a_file_that_is_not_there_is_told)
{
    diesel_error err;
    start("IP:127.0.0.1", DIESEL_TLS_ANY_CLIENT, "");
    ck_assert_ptr_null(open_with("&tlsCAFile=%s%s", "/nowhere/ca.pem", "", &err));
    ck_assert_int_eq(err.code, DIESEL_E_IO);
    stop();
    return 0;
}
END_TEST

FIBER_TEST(a_client_certificate_with_a_password_is_shown)
{
    diesel_error err;
    start("IP:127.0.0.1", DIESEL_TLS_VERIFY_CLIENT, "");
    const char *ca = tls_ca_file(service.ca);
    ck_assert_ptr_null(open_with("&tlsCAFile=%s%s", ca, "", &err));
    const char *cert = tls_ca_issue(
        service.ca, &(tls_cert){.subject = "client", .password = "secret"});
    assert_pings(open_with("&tlsCAFile=%s&tlsCertificateKeyFilePassword=secret"
                           "&tlsCertificateKeyFile=%s", ca, cert, &err), &err);
    stop();
    return 0;
}
END_TEST

/* Authenticates with the client's certificate; the user is in it or in the string. */
static void by_x509(const char *user, bool speculates)
{
    diesel_error err;
    seen.speculates = speculates;
    start("IP:127.0.0.1", DIESEL_TLS_VERIFY_CLIENT, user);
    const char *ca = tls_ca_file(service.ca);
    const char *cert = tls_ca_issue(service.ca, &(tls_cert){.subject = "client"});
    assert_pings(open_with("&authMechanism=MONGODB-X509&tlsCAFile=%s"
                           "&tlsCertificateKeyFile=%s", ca, cert, &err), &err);
    const bson_t *first = seen.commands[0];
    if (speculates) {
        ck_assert(dmongo_has(first, "ping"));
    } else {
        ck_assert_str_eq(dmongo_get_str(first, "mechanism", ""), "MONGODB-X509");
        ck_assert_str_eq(dmongo_get_str(first, "$db", ""), "$external");
        ck_assert_str_eq(dmongo_get_str(first, "user", ""), *user != 0 ? "ann" : "");
    }
    stop();
}

FIBER_TEST(x509_names_the_user_that_the_string_names)
{
    by_x509("ann@", false);
    return 0;
}
END_TEST

FIBER_TEST(x509_leaves_the_user_to_the_server)
{
    by_x509("", false);
    return 0;
}
END_TEST

FIBER_TEST(x509_is_done_with_the_hello_where_servers_can)
{
    by_x509("", true);
    return 0;
}
END_TEST

FIBER_TEST(x509_without_a_certificate_is_refused)
{
    diesel_error err;
    start("IP:127.0.0.1", DIESEL_TLS_ANY_CLIENT, "");
    ck_assert_ptr_null(open_with("&authMechanism=MONGODB-X509&tlsInsecure=true%s%s", "",
                                 "", &err));
    ck_assert_int_eq(err.code, DIESEL_E_AUTH);
    stop();
    return 0;
}
END_TEST

FIBER_TEST(plain_sends_user_and_password)
{
    diesel_error err;
    start("IP:127.0.0.1", DIESEL_TLS_ANY_CLIENT, "ann:pass@");
    assert_pings(open_with("&authMechanism=PLAIN&tlsInsecure=true%s%s", "", "", &err),
                 &err);
    ck_assert_str_eq(dmongo_get_str(seen.commands[0], "mechanism", ""), "PLAIN");
    ck_assert_str_eq(dmongo_get_str(seen.commands[0], "$db", ""), "$external");
    stop();
    return 0;
}
END_TEST

FIBER_TEST(a_wrong_password_is_told_and_not_shown)
{
    diesel_error err;
    start("IP:127.0.0.1", DIESEL_TLS_ANY_CLIENT, "ann:wrong@");
    ck_assert_ptr_null(open_with("&authMechanism=PLAIN&tlsInsecure=true%s%s", "", "", &err));
    ck_assert_int_eq(err.code, DIESEL_E_AUTH);
    assert_contains(err.message, "ann");
    ck_assert_ptr_null(strstr(err.message, "wrong"));
    stop();
    return 0;
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("mongo tls");
    test_case(suite, "tls", a_certificate_of_a_known_authority_is_trusted,
              an_unknown_authority_is_refused_unless_told_otherwise,
              a_certificate_for_another_host_is_refused_unless_told_otherwise,
              a_file_that_is_not_there_is_told,
              a_client_certificate_with_a_password_is_shown);
    test_case(suite, "auth", x509_names_the_user_that_the_string_names,
              x509_leaves_the_user_to_the_server,
              x509_is_done_with_the_hello_where_servers_can,
              x509_without_a_certificate_is_refused,
              plain_sends_user_and_password,
              a_wrong_password_is_told_and_not_shown);
    return test_suite_run(suite);
}

/* SPDX-License-Identifier: MIT */
/*
 * <diesel/dns.h> against a scripted name server on the loopback interface.
 */
#include <arpa/inet.h>
#include <ares.h>
#include <netdb.h>
#include <spawn.h>
#include <stdint.h>

#include "dns_script.h"
#include "test_util.h"

static const dns_record zone[] = {
    {"any.example", DNS_SOA, 60, "60"},
    {"host.example", DNS_A, 300, "192.0.2.1"},
    {"host.example", DNS_A, 200, "192.0.2.2"},
    {"host.example", DNS_AAAA, 300, "2001:db8::1"},
    {"host.example", DNS_TXT, 300, "v=1 |and more"},
    {"host.example", DNS_TXT, 300, ""},
    {"four.example", DNS_A, 300, "192.0.2.4"},
    {"www.example", DNS_CNAME, 100, "alias.example"},
    {"alias.example", DNS_CNAME, 300, "host.example"},
    {"loop.example", DNS_TXT, 300, "x"},
    {"fleeting.example", DNS_A, 0, "192.0.2.9"},
    {"_db._tcp.example", DNS_SRV, 300, "20 0 3 c.example"},
    {"_db._tcp.example", DNS_SRV, 300, "10 1 1 a.example"},
    {"_db._tcp.example", DNS_SRV, 300, "10 3 2 b.example"},
    {"_none._tcp.example", DNS_SRV, 300, "0 0 0 ."},
    {"short.inner.example", DNS_A, 300, "192.0.2.7"},
};

static dns_script *server;
static diesel_dns *dns;

static void start(const diesel_dns_options *options)
{
    server = dns_script_open(zone, TEST_COUNT(zone));
    dns = dns_script_resolver(server, options);
}

static void stop(void)
{
    diesel_dns_close(dns);
    dns_script_close(server);
}

static const char *shown(const diesel_address *address)
{
    static char text[DIESEL_ADDRESS_TEXT];
    return diesel_address_text(address, text, sizeof text);
}

FIBER_TEST(a_records_come_with_their_ttl)
{
    diesel_error err;
    size_t n;
    start(NULL);
    diesel_dns_host *found =
        diesel_dns_find_a(dns, "host.example", &n, DIESEL_FOREVER, &err);
    assert_made(found);
    ck_assert_uint_eq(n, 2);
    ck_assert_str_eq(shown(&found[0].address), "192.0.2.1:0");
    ck_assert_str_eq(shown(&found[1].address), "192.0.2.2:0");
    ck_assert_uint_eq(found[0].ttl, 300);
    diesel_free(found);
    stop();
    return 0;
}
END_TEST

FIBER_TEST(an_alias_leads_to_aaaa_records)
{
    diesel_error err;
    size_t n;
    start(NULL);
    diesel_dns_host *found =
        diesel_dns_find_aaaa(dns, "www.example", &n, DIESEL_FOREVER, &err);
    assert_made(found);
    ck_assert_uint_eq(n, 1);
    ck_assert_str_eq(shown(&found[0].address), "[2001:db8::1]:0");
    diesel_free(found);
    stop();
    return 0;
}
END_TEST

FIBER_TEST(strings_of_a_txt_record_are_joined)
{
    diesel_error err;
    size_t n;
    start(NULL);
    diesel_dns_txt *found =
        diesel_dns_find_txt(dns, "host.example", &n, DIESEL_FOREVER, &err);
    assert_made(found);
    ck_assert_uint_eq(n, 2);
    ck_assert_str_eq(found[0].text, "v=1 and more");
    ck_assert_uint_eq(found[0].length, 12);
    ck_assert_str_eq(found[1].text, "");
    ck_assert_uint_eq(found[1].length, 0);
    diesel_free(found);
    stop();
    return 0;
}
END_TEST

static uint32_t drawn;

static uint32_t draw(void *arg)
{
    ck_assert_ptr_eq(arg, &drawn);
    return drawn;
}

/* a has weight 1, b weight 3: of the numbers 0 to 4, a has 0 and 1. */
static const struct {
    uint32_t drawn;
    const char *order;
} draws[] = {{0, "abc"}, {1, "abc"}, {2, "bac"}, {4, "bac"}, {5, "abc"}};

FIBER_TEST(srv_records_are_ordered_by_priority_and_weight)
{
    diesel_error err;
    size_t n;
    drawn = draws[row].drawn;
    start(&(diesel_dns_options){.random = draw, .random_arg = &drawn});
    for (int i = 0; i < 2; i++) { /* the second time from the cache */
        diesel_dns_srv *found = diesel_dns_find_srv(dns, "_db._tcp.example", &n,
                                                    DIESEL_FOREVER, &err);
        assert_made(found);
        ck_assert_uint_eq(n, 3);
        for (size_t j = 0; j < n; j++) {
            char target[] = "?.example";
            target[0] = draws[row].order[j];
            ck_assert_str_eq(found[j].target, target);
            ck_assert_uint_eq(found[j].port, target[0] - 'a' + 1);
            ck_assert_uint_eq(found[j].ttl, 300);
        }
        ck_assert_uint_eq(found[2].priority, 20);
        diesel_free(found);
    }
    ck_assert_int_eq(dns_script_asked(server, DNS_SRV), 1);
    stop();
    return 0;
}
END_TEST

FIBER_TEST(weights_are_chances)
{
    diesel_error err;
    size_t n;
    int first_a = 0;
    start(NULL);
    for (int i = 0; i < 2000; i++) {
        diesel_dns_srv *found = diesel_dns_find_srv(dns, "_db._tcp.example", &n,
                                                    DIESEL_FOREVER, &err);
        assert_made(found);
        first_a += found[0].target[0] == 'a';
        diesel_free(found);
    }
    /* Two of five are expected, 800; this is ten deviations away. */
    ck_assert_int_gt(first_a, 580);
    ck_assert_int_lt(first_a, 1020);
    stop();
    return 0;
}
END_TEST

FIBER_TEST(a_service_may_say_that_it_is_not_there)
{
    diesel_error err;
    size_t n;
    start(NULL);
    assert_fails_null(diesel_dns_find_srv(dns, "_none._tcp.example", &n,
                                          DIESEL_FOREVER, &err),
                      DIESEL_E_RESOLVE);
    assert_contains(err.message, "SRV _none._tcp.example");
    stop();
    return 0;
}
END_TEST

static const struct {
    const char *name;
    int code, detail;
    unsigned flags;
    int rcode;
} failures[] = {
    {"absent.example", DIESEL_E_RESOLVE, ARES_ENOTFOUND, 0, 0},
    {"four.example", DIESEL_E_RESOLVE, ARES_ENODATA, 0, 0},
    {"host.example", DIESEL_E_RESOLVE, ARES_ESERVFAIL, DIESEL_EF_RETRYABLE, 2},
    {"host.example", DIESEL_E_RESOLVE, ARES_EREFUSED, DIESEL_EF_RETRYABLE, 5},
};

FIBER_TEST(failures_say_name_type_and_cause)
{
    diesel_error err;
    size_t n;
    start(NULL);
    dns_script_fail(server, failures[row].rcode);
    assert_fails_null(diesel_dns_find_txt(dns, failures[row].name, &n,
                                          DIESEL_FOREVER, &err),
                      failures[row].code);
    ck_assert_int_eq(err.domain, DIESEL_DOM_DNS);
    /* Old versions of c-ares give up on a server without saying why. */
    if (err.detail != ARES_ECONNREFUSED)
        ck_assert_int_eq(err.detail, failures[row].detail);
    ck_assert_uint_eq(err.flags, failures[row].flags);
    assert_contains(err.message, "TXT ");
    assert_contains(err.message, failures[row].name);
    stop();
    return 0;
}
END_TEST

FIBER_TEST(bad_names_and_servers_are_refused)
{
    diesel_error err;
    size_t n;
    char longish[1100];
    memset(longish, 'x', sizeof longish - 1);
    longish[sizeof longish - 1] = '\0';
    start(NULL);
    assert_fails_null(diesel_dns_find_a(dns, "", &n, DIESEL_FOREVER, &err),
                      DIESEL_E_INVAL);
    assert_fails_null(diesel_dns_find_a(dns, longish, &n, DIESEL_FOREVER, &err),
                      DIESEL_E_INVAL);
    longish[300] = '\0'; /* a label of more than 63 characters */
    assert_fails_null(diesel_dns_find_a(dns, longish, &n, DIESEL_FOREVER, &err),
                      DIESEL_E_RESOLVE);
    assert_fails_null(
        diesel_dns_open(&(diesel_dns_options){.servers = "not a server"}, &err),
        DIESEL_E_INVAL);
    assert_contains(err.message, "not a server");
    assert_fails_null(
        diesel_dns_open(&(diesel_dns_options){.search = "a b c d e f g h i"},
                        &err),
        DIESEL_E_INVAL);
    stop();
    return 0;
}
END_TEST

FIBER_TEST(what_is_no_answer_is_an_error)
{
    static const char garbage[] = "\x81\x80\0\1\0\1\0\0\0\0\xC0\x0C\0\1\0\1";
    diesel_error err;
    size_t n;
    start(&(diesel_dns_options){.timeout_ms = 20, .tries = 1});
    dns_script_garble(server, garbage, sizeof garbage - 1);
    diesel_dns_host *found =
        diesel_dns_find_a(dns, "host.example", &n, DIESEL_FOREVER, &err);
    ck_assert_ptr_null(found);
    ck_assert(err.code == DIESEL_E_RESOLVE || err.code == DIESEL_E_TIMEDOUT);
    assert_contains(err.message, "A host.example");
    stop();
    return 0;
}
END_TEST

FIBER_TEST(a_truncated_answer_is_fetched_over_tcp)
{
    diesel_error err;
    size_t n;
    start(NULL);
    dns_script_truncate(server, true);
    diesel_dns_txt *found =
        diesel_dns_find_txt(dns, "loop.example", &n, DIESEL_FOREVER, &err);
    assert_made(found);
    ck_assert_str_eq(found[0].text, "x");
    ck_assert_int_eq(dns_script_asked(server, DNS_TXT), 2);
    diesel_free(found);
    stop();
    return 0;
}
END_TEST

FIBER_TEST(a_lost_query_is_sent_again)
{
    diesel_error err;
    size_t n;
    start(&(diesel_dns_options){.timeout_ms = 20, .tries = 4});
    dns_script_ignore(server, 2);
    diesel_dns_host *found =
        diesel_dns_find_a(dns, "host.example", &n, DIESEL_FOREVER, &err);
    assert_made(found);
    ck_assert_int_ge(dns_script_asked(server, DNS_A), 3);
    diesel_free(found);
    stop();
    return 0;
}
END_TEST

FIBER_TEST(a_silent_server_is_a_time_out)
{
    diesel_error err;
    size_t n;
    start(&(diesel_dns_options){.timeout_ms = 10, .tries = 2});
    dns_script_ignore(server, 100);
    assert_fails_null(diesel_dns_find_a(dns, "host.example", &n, DIESEL_FOREVER,
                                        &err), DIESEL_E_TIMEDOUT);
    ck_assert_int_eq(err.domain, DIESEL_DOM_DNS);
    ck_assert_uint_eq(err.flags, DIESEL_EF_RETRYABLE);
    stop();
    return 0;
}
END_TEST

/* --- Waiting. */

FIBER_TEST(a_deadline_ends_the_wait_and_not_the_query)
{
    diesel_error err;
    size_t n;
    start(NULL);
    dns_script_hold(server, DNS_A);
    assert_fails_null(diesel_dns_find_a(dns, "host.example", &n,
                                        diesel_now() + 5, &err),
                      DIESEL_E_TIMEDOUT);
    ck_assert_int_eq(err.domain, DIESEL_DOM_CORE);
    assert_contains(err.message, "host.example");
    dns_script_await(server, DNS_A, 1);
    dns_script_release(server);
    diesel_dns_host *found =
        diesel_dns_find_a(dns, "host.example", &n, DIESEL_FOREVER, &err);
    assert_made(found);
    ck_assert_int_eq(dns_script_asked(server, DNS_A), 1);
    diesel_free(found);
    stop();
    return 0;
}
END_TEST

FIBER_TEST(a_cancelled_fiber_does_not_ask)
{
    diesel_error err;
    size_t n;
    start(NULL);
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_scope_cancel(scope);
    assert_fails_null(diesel_dns_find_a(dns, "host.example", &n, DIESEL_FOREVER,
                                        &err), DIESEL_E_CANCELLED);
    assert_fails_null(diesel_dns_resolve(dns, "192.0.2.1", 1, AF_UNSPEC, &n,
                                         DIESEL_FOREVER, &err),
                      DIESEL_E_CANCELLED);
    assert_ok(diesel_scope_wait(scope, &err));
    ck_assert_int_eq(dns_script_asked(server, 0), 0);
    stop();
    return 0;
}
END_TEST

static int find_host(void *arg)
{
    diesel_error err;
    size_t n;
    diesel_dns_host *found =
        diesel_dns_find_a(dns, "HOST.example", &n, DIESEL_FOREVER, &err);
    if (found == NULL)
        return diesel_fail(&err);
    diesel_free(found);
    ++*(int *)arg;
    return 0;
}

FIBER_TEST(equal_queries_in_flight_are_one)
{
    diesel_error err;
    int answered = 0;
    start(&(diesel_dns_options){.no_cache = true});
    diesel_scope *scope = diesel_scope_open(NULL);
    for (int i = 0; i < 10; i++)
        diesel_go(scope, find_host, &answered);
    assert_ok(diesel_scope_wait(scope, &err));
    ck_assert_int_eq(answered, 10);
    ck_assert_int_eq(dns_script_asked(server, 0), 1);
    /* Without a cache the next one is asked again. */
    assert_ok(find_host(&answered));
    ck_assert_int_eq(dns_script_asked(server, 0), 2);
    stop();
    return 0;
}
END_TEST

FIBER_TEST(closing_the_resolver_wakes_who_waits)
{
    diesel_error err;
    int answered = 0;
    start(NULL);
    dns_script_hold(server, DNS_A);
    diesel_scope *scope = diesel_scope_open(NULL);
    for (int i = 0; i < 3; i++)
        diesel_go(scope, find_host, &answered);
    dns_script_await(server, DNS_A, 1);
    diesel_dns_close(dns);
    dns = NULL;
    assert_fails(diesel_scope_wait(scope, &err), DIESEL_E_CLOSED);
    ck_assert_int_eq(answered, 0);
    dns_script_close(server);
    diesel_dns_close(NULL);
    return 0;
}
END_TEST

/* --- The cache. */

FIBER_TEST(answers_are_kept)
{
    diesel_error err;
    size_t n;
    start(NULL);
    for (int i = 0; i < 3; i++) {
        diesel_dns_host *found = diesel_dns_find_a(
            dns, i == 1 ? "Host.Example" : "host.example", &n, DIESEL_FOREVER,
            &err);
        assert_made(found);
        diesel_free(found);
        assert_fails_null(diesel_dns_find_a(dns, "absent.example", &n,
                                            DIESEL_FOREVER, &err),
                          DIESEL_E_RESOLVE);
        ck_assert_int_eq(err.detail, ARES_ENOTFOUND);
    }
    ck_assert_int_eq(dns_script_asked(server, DNS_A), 2);
    diesel_dns_flush(dns);
    diesel_free(diesel_dns_find_a(dns, "host.example", &n, DIESEL_FOREVER, &err));
    ck_assert_int_eq(dns_script_asked(server, DNS_A), 3);
    stop();
    return 0;
}
END_TEST

FIBER_TEST(a_ttl_of_zero_is_not_kept)
{
    diesel_error err;
    size_t n;
    start(NULL);
    for (int i = 0; i < 2; i++) {
        diesel_dns_host *found = diesel_dns_find_a(dns, "fleeting.example", &n,
                                                   DIESEL_FOREVER, &err);
        assert_made(found);
        ck_assert_uint_eq(found[0].ttl, 0);
        diesel_free(found);
    }
    ck_assert_int_eq(dns_script_asked(server, DNS_A), 2);
    stop();
    return 0;
}
END_TEST

FIBER_TEST(failing_servers_are_asked_again)
{
    diesel_error err;
    size_t n;
    start(NULL);
    dns_script_fail(server, 2);
    assert_fails_null(diesel_dns_find_a(dns, "host.example", &n, DIESEL_FOREVER,
                                        &err), DIESEL_E_RESOLVE);
    dns_script_fail(server, 0);
    diesel_dns_host *found =
        diesel_dns_find_a(dns, "host.example", &n, DIESEL_FOREVER, &err);
    assert_made(found);
    diesel_free(found);
    stop();
    return 0;
}
END_TEST

/* --- Addresses of hosts. */

static const struct {
    const char *host;
    int family;
    const char *want;
} hosts[] = {
    {"host.example", AF_UNSPEC, "[2001:db8::1]:7 192.0.2.1:7 192.0.2.2:7 "},
    {"host.example", AF_INET, "192.0.2.1:7 192.0.2.2:7 "},
    {"host.example", AF_INET6, "[2001:db8::1]:7 "},
    {"www.example", AF_INET6, "[2001:db8::1]:7 "},
    {"four.example", AF_UNSPEC, "192.0.2.4:7 "},
    {"short", AF_UNSPEC, "192.0.2.7:7 "},
    {"192.0.2.200", AF_UNSPEC, "192.0.2.200:7 "},
    {"2001:db8::5", AF_UNSPEC, "[2001:db8::5]:7 "},
};

FIBER_TEST(hosts_have_addresses)
{
    diesel_error err;
    size_t n;
    char got[300] = "";
    start(&(diesel_dns_options){.search = "outer.example inner.example"});
    diesel_address *found = diesel_dns_resolve(
        dns, hosts[row].host, 7, hosts[row].family, &n, DIESEL_FOREVER, &err);
    assert_made(found);
    for (size_t i = 0; i < n; i++) {
        strcat(got, shown(&found[i]));
        strcat(got, " ");
    }
    /* The order within a family depends on the machine's routes. */
    if (strstr(got, "192.0.2.2:7 192.0.2.1:7") == NULL)
        ck_assert_str_eq(got, hosts[row].want);
    diesel_free(found);
    stop();
    return 0;
}
END_TEST

FIBER_TEST(localhost_needs_no_server)
{
    diesel_error err;
    size_t n;
    start(NULL);
    diesel_address *found = diesel_dns_resolve(dns, "localhost", 9, AF_INET, &n,
                                               DIESEL_FOREVER, &err);
    assert_made(found);
    ck_assert_str_eq(shown(&found[0]), "127.0.0.1:9");
    diesel_free(found);
    ck_assert_int_eq(dns_script_asked(server, 0), 0);
    stop();
    return 0;
}
END_TEST

/* A name that /etc/hosts of this machine has, besides localhost; "" for none. */
static void name_in_hosts(char *name, size_t size, char *ip, size_t ip_size)
{
    char line[512];
    FILE *file = fopen("/etc/hosts", "re");
    name[0] = '\0';
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        char a[64], b[256];
        struct in_addr v4;
        if (sscanf(line, "%63s %255s", a, b) != 2 || a[0] == '#' ||
            inet_pton(AF_INET, a, &v4) != 1 || strstr(b, "localhost") != NULL)
            continue;
        snprintf(name, size, "%s", b);
        snprintf(ip, ip_size, "%s:9", a);
        break;
    }
    if (file != NULL)
        fclose(file);
}

FIBER_TEST(the_hosts_file_comes_first)
{
    diesel_error err;
    size_t n;
    char name[256], ip[80];
    name_in_hosts(name, sizeof name, ip, sizeof ip);
    if (name[0] == '\0')
        return 0; /* this machine has no such name */
    start(NULL);
    diesel_address *found =
        diesel_dns_resolve(dns, name, 9, AF_INET, &n, DIESEL_FOREVER, &err);
    assert_made(found);
    ck_assert_str_eq(shown(&found[0]), ip);
    diesel_free(found);
    ck_assert_int_eq(dns_script_asked(server, 0), 0);
    stop();
    return 0;
}
END_TEST

FIBER_TEST(a_host_without_addresses_is_named)
{
    diesel_error err;
    size_t n;
    start(NULL);
    assert_fails_null(diesel_dns_resolve(dns, "absent.example", 9, AF_UNSPEC, &n,
                                         DIESEL_FOREVER, &err),
                      DIESEL_E_RESOLVE);
    assert_contains(err.message, "resolving absent.example");
    ck_assert_int_eq(err.detail, ARES_ENOTFOUND);
    int asked = dns_script_asked(server, 0);
    ck_assert_int_eq(asked, 2);
    assert_fails_null(diesel_dns_resolve(dns, "absent.example", 9, AF_UNSPEC, &n,
                                         DIESEL_FOREVER, &err),
                      DIESEL_E_RESOLVE);
    ck_assert_int_eq(dns_script_asked(server, 0), asked);
    stop();
    return 0;
}
END_TEST

FIBER_TEST(the_scheduler_has_a_resolver_that_can_be_replaced)
{
    diesel_error err;
    size_t n;
    start(NULL);
    diesel_dns_flush(NULL); /* there is none yet */
    diesel_address *found = diesel_dns_resolve(NULL, "localhost", 1, AF_INET, &n,
                                               DIESEL_FOREVER, &err);
    assert_made(found);
    diesel_free(found);
    diesel_dns_use(dns);
    diesel_dns_host *a =
        diesel_dns_find_a(NULL, "host.example", &n, DIESEL_FOREVER, &err);
    assert_made(a);
    diesel_free(a);
    diesel_dns_flush(NULL);
    stop(); /* which takes it out of use */
    found = diesel_dns_resolve(NULL, "localhost", 1, AF_INET, &n, DIESEL_FOREVER,
                               &err);
    assert_made(found);
    diesel_free(found);
    return 0;
}
END_TEST

/* --- The example, which must not block this thread while it asks. */

extern char **environ;

static const struct {
    const char *name, *type, *want;
} look_ups[] = {
    {"_db._tcp.example", "srv", "20 0 3 c.example.\n"},
    {"host.example", "txt", "\"v=1 and more\"\n\"\"\n"},
    {"host.example", "aaaa", "2001:db8::1\n"},
    {"four.example", "a", "192.0.2.4\n"},
    {"four.example", NULL, "192.0.2.4\n"},
    {"absent.example", "a", "lookup: resolving A absent.example: "},
};

FIBER_TEST(the_example_looks_names_up)
{
    diesel_error err;
    char at[80], program[600], said[400] = "";
    size_t have = 0;
    ssize_t got;
    int fds[2], status;
    pid_t child;
    const char *build = getenv("top_builddir");
    if (build == NULL)
        return 0; /* not run by make */
    start(NULL);
    snprintf(program, sizeof program, "%s/examples/lookup", build);
    snprintf(at, sizeof at, "@%s", dns_script_address(server));
    char *argv[] = {program, at, (char *)(uintptr_t)look_ups[row].name,
                    (char *)(uintptr_t)look_ups[row].type, NULL};
    ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, fds[1], 1);
    posix_spawn_file_actions_adddup2(&actions, fds[1], 2);
    ck_assert_int_eq(posix_spawn(&child, program, &actions, NULL, argv, environ),
                     0);
    posix_spawn_file_actions_destroy(&actions);
    close(fds[1]);
    diesel_stream *output = diesel_stream_from_fd(fds[0], "lookup", &err);
    assert_made(output);
    while ((got = diesel_stream_read(output, said + have, sizeof said - 1 - have,
                                     DIESEL_FOREVER, &err)) > 0)
        have += (size_t)got;
    assert_ok(got);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(WEXITSTATUS(status),
                     strncmp(look_ups[row].want, "lookup:", 7) == 0);
    assert_contains(said, look_ups[row].want);
    diesel_stream_close(output);
    stop();
    return 0;
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("dns");
    test_case_rows(suite, "example", the_example_looks_names_up,
                   TEST_COUNT(look_ups));
    test_case(suite, "records", a_records_come_with_their_ttl,
              an_alias_leads_to_aaaa_records, strings_of_a_txt_record_are_joined,
              a_service_may_say_that_it_is_not_there, weights_are_chances);
    test_case_rows(suite, "srv", srv_records_are_ordered_by_priority_and_weight,
                   TEST_COUNT(draws));
    test_case_rows(suite, "failures", failures_say_name_type_and_cause,
                   TEST_COUNT(failures));
    test_case(suite, "servers", bad_names_and_servers_are_refused,
              what_is_no_answer_is_an_error,
              a_truncated_answer_is_fetched_over_tcp, a_lost_query_is_sent_again,
              a_silent_server_is_a_time_out);
    test_case(suite, "waiting", a_deadline_ends_the_wait_and_not_the_query,
              a_cancelled_fiber_does_not_ask, equal_queries_in_flight_are_one,
              closing_the_resolver_wakes_who_waits);
    test_case(suite, "cache", answers_are_kept, a_ttl_of_zero_is_not_kept,
              failing_servers_are_asked_again);
    test_case_rows(suite, "hosts", hosts_have_addresses, TEST_COUNT(hosts));
    test_case(suite, "hosts' errors", localhost_needs_no_server,
              the_hosts_file_comes_first, a_host_without_addresses_is_named,
              the_scheduler_has_a_resolver_that_can_be_replaced);
    return test_suite_run(suite);
}

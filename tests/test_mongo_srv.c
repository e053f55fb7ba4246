/* SPDX-License-Identifier: MIT */
/*
 * mongodb+srv:// against a scripted name server: which hosts and options a
 * connection string has in the end, and what is wrong with the others.
 */
#include <diesel/core.h>
#include <diesel/mongo.h>

#include "dns_script.h"
#include "mongo/uri_internal.h"
#include "test_util.h"

/* clang-format off */

static const dns_record zone[] = {
    {"any.lan", DNS_SOA, 60, "60"},
    {"_mongodb._tcp.db.x.lan", DNS_SRV, 60, "1 0 27018 a.x.lan"},
    {"_mongodb._tcp.db.x.lan", DNS_SRV, 60, "2 0 27019 b.c.X.lan"},
    {"_mongodb._tcp.txt.x.lan", DNS_SRV, 60, "1 0 1 a.x.lan"},
    {"txt.x.lan", DNS_TXT, 60, "authSource=th|is&replicaSet=rs"},
    {"_other._tcp.db.x.lan", DNS_SRV, 60, "1 0 5 o.x.lan"},
    {"_mongodb._tcp.away.x.lan", DNS_SRV, 60, "1 0 1 a.y.lan"},
    {"_mongodb._tcp.like.x.lan", DNS_SRV, 60, "1 0 1 a.notx.lan"},
    {"_mongodb._tcp.same.x.lan", DNS_SRV, 60, "1 0 1 x.lan"},
    {"_mongodb._tcp.z.lan", DNS_SRV, 60, "1 0 1 a.z.lan"},
    {"_mongodb._tcp.w.lan", DNS_SRV, 60, "1 0 1 w.lan"},
    {"_mongodb._tcp.v.lan", DNS_SRV, 60, "1 0 1 a.lan"},
    {"_mongodb._tcp.one", DNS_SRV, 60, "1 0 1 a.one"},
    {"_mongodb._tcp.two.x.lan", DNS_SRV, 60, "1 0 1 a.x.lan"},
    {"two.x.lan", DNS_TXT, 60, "authSource=a"},
    {"two.x.lan", DNS_TXT, 60, "replicaSet=b"},
    {"_mongodb._tcp.bad.x.lan", DNS_SRV, 60, "1 0 1 a.x.lan"},
    {"bad.x.lan", DNS_TXT, 60, "authSource=a&tls=false"},
    {"_mongodb._tcp.junk.x.lan", DNS_SRV, 60, "1 0 1 a.x.lan"},
    {"junk.x.lan", DNS_TXT, 60, "nonsense"},
    {"_mongodb._tcp.lb.x.lan", DNS_SRV, 60, "1 0 1 a.x.lan"},
    {"_mongodb._tcp.lb.x.lan", DNS_SRV, 60, "2 0 1 b.x.lan"},
    {"lb.x.lan", DNS_TXT, 60, "loadBalanced=true"},
};

/* host:port ..., authSource, replicaSet, tls */
static const struct {
    const char *uri;
    const char *says;
} good[] = {
    {"mongodb+srv://db.x.lan", "a.x.lan:27018 b.c.X.lan:27019 - - tls"},
    {"mongodb+srv://db.x.lan.", "a.x.lan:27018 b.c.X.lan:27019 - - tls"},
    {"mongodb+srv://DB.X.LAN/?tls=false", "a.x.lan:27018 b.c.X.lan:27019 - - plain"},
    {"mongodb+srv://txt.x.lan", "a.x.lan:1 this rs tls"},
    {"mongodb+srv://u:p@txt.x.lan/d", "a.x.lan:1 this rs tls u@this"},
    {"mongodb+srv://u:p@txt.x.lan/?authSource=me", "a.x.lan:1 me rs tls u@me"},
    {"mongodb+srv://txt.x.lan/?replicaSet=mine", "a.x.lan:1 this mine tls"},
    {"mongodb+srv://db.x.lan/?srvServiceName=other", "o.x.lan:5 - - tls"},
    {"mongodb+srv://db.x.lan/?srvMaxHosts=3", "a.x.lan:27018 b.c.X.lan:27019 - - tls"},
    {"mongodb+srv://db.x.lan/?srvMaxHosts=0", "a.x.lan:27018 b.c.X.lan:27019 - - tls"},
    {"mongodb+srv://z.lan", "a.z.lan:1 - - tls"},
    {"mongodb+srv://one", "a.one:1 - - tls"},
    {"mongodb://txt.x.lan", "txt.x.lan:27017 - - plain"},
};

static const struct {
    const char *uri;
    int code;
    const char *why; /* parts of the message */
    const char *query;
} bad[] = {
    {"mongodb+srv://none.x.lan", DIESEL_E_RESOLVE, "SRV", "_mongodb._tcp.none.x.lan"},
    {"mongodb+srv://away.x.lan", DIESEL_E_RESOLVE, "a.y.lan is not in the domain x.lan", "_mongodb._tcp.away.x.lan"},
    {"mongodb+srv://like.x.lan", DIESEL_E_RESOLVE, "not in the domain", "like.x.lan"},
    {"mongodb+srv://same.x.lan", DIESEL_E_RESOLVE, "not in the domain", "same.x.lan"},
    {"mongodb+srv://w.lan", DIESEL_E_RESOLVE, "not in the domain w.lan", "_tcp.w.lan"},
    {"mongodb+srv://v.lan", DIESEL_E_RESOLVE, "not in the domain v.lan", "_tcp.v.lan"},
    {"mongodb+srv://two.x.lan", DIESEL_E_RESOLVE, "more than one", "TXT of two.x.lan"},
    {"mongodb+srv://bad.x.lan", DIESEL_E_INVAL, "option tls", "TXT of bad.x.lan"},
    {"mongodb+srv://junk.x.lan", DIESEL_E_INVAL, "name=value", "TXT of junk.x.lan"},
    {"mongodb+srv://txt.x.lan/?srvMaxHosts=1", DIESEL_E_INVAL, "srvMaxHosts", "replicaSet"},
    {"mongodb+srv://lb.x.lan", DIESEL_E_INVAL, "loadBalanced", "one host"},
};

/* clang-format on */

static dns_script *server;
static diesel_dns *dns;

static void start(void)
{
    server = dns_script_open(zone, TEST_COUNT(zone));
    dns = dns_script_resolver(server, NULL);
    diesel_dns_use(dns);
}

static void stop(void)
{
    diesel_dns_use(NULL);
    diesel_dns_close(dns);
    dns_script_close(server);
}

static struct dmongo__uri *parse(const char *text)
{
    diesel_error err;
    struct dmongo__uri *uri = dmongo__uri_parse(text, &err);
    ck_assert_msg(uri != NULL, "%s: %s", text, uri == NULL ? err.message : "");
    return uri;
}

static const char *or_dash(const char *s)
{
    return s != NULL ? s : "-";
}

static const char *describe(const struct dmongo__uri *uri)
{
    static char text[512];
    int n = 0;
    for (size_t i = 0; i < uri->host_count; i++)
        n += snprintf(text + n, sizeof text - (size_t)n, "%s:%u ",
                      uri->hosts[i].name, uri->hosts[i].port);
    n += snprintf(text + n, sizeof text - (size_t)n, "%s %s %s",
                  or_dash(uri->options.auth_source),
                  or_dash(uri->options.replica_set),
                  uri->options.tls ? "tls" : "plain");
    if (uri->credential.is_set)
        snprintf(text + n, sizeof text - (size_t)n, " %s@%s",
                 uri->credential.user, uri->credential.source);
    return text;
}

FIBER_TEST(records_become_hosts_and_options)
{
    diesel_error err;
    start();
    for (size_t i = 0; i < TEST_COUNT(good); i++) {
        struct dmongo__uri *uri = parse(good[i].uri);
        int result = dmongo__srv_resolve(uri, &err);
        ck_assert_msg(result == 0, "%s: %s", good[i].uri,
                      result < 0 ? err.message : "");
        ck_assert_str_eq(describe(uri), good[i].says);
        dmongo__uri_free(uri);
    }
    stop();
    return 0;
}

FIBER_TEST(bad_records_are_refused_and_named)
{
    diesel_error err;
    start();
    for (size_t i = 0; i < TEST_COUNT(bad); i++) {
        struct dmongo__uri *uri = parse(bad[i].uri);
        ck_assert_int_eq(dmongo__srv_resolve(uri, &err), -1);
        ck_assert_msg(err.code == bad[i].code &&
                          strstr(err.message, bad[i].why) != NULL &&
                          strstr(err.message, bad[i].query) != NULL,
                      "%s: %s", bad[i].uri, err.message);
        dmongo__uri_free(uri);
    }
    stop();
    return 0;
}

FIBER_TEST(srv_max_hosts_limits_the_hosts)
{
    diesel_error err;
    bool seen_a = false, seen_b = false;
    start();
    /* That one of two is never chosen has a chance of 2^-99. */
    for (int i = 0; i < 100; i++) {
        struct dmongo__uri *uri = parse("mongodb+srv://db.x.lan/?srvMaxHosts=1");
        ck_assert_int_eq(dmongo__srv_resolve(uri, &err), 0);
        ck_assert_uint_eq(uri->host_count, 1);
        *(uri->hosts[0].port == 27018 ? &seen_a : &seen_b) = true;
        dmongo__uri_free(uri);
    }
    ck_assert(seen_a && seen_b);
    stop();
    return 0;
}

FIBER_TEST(a_failing_txt_query_is_an_error)
{
    diesel_error err;
    start();
    struct dmongo__uri *uri = parse("mongodb+srv://db.x.lan");
    size_t n;
    diesel_free(diesel_dns_find_srv(NULL, "_mongodb._tcp.db.x.lan", &n,
                                    DIESEL_FOREVER, &err));
    dns_script_fail(server, 2); /* the SRV records are in the cache */
    ck_assert_int_eq(dmongo__srv_resolve(uri, &err), -1);
    ck_assert_msg(strstr(err.message, "TXT of db.x.lan") != NULL, "%s",
                  err.message);
    dmongo__uri_free(uri);
    stop();
    return 0;
}

FIBER_TEST(opening_a_client_asks_and_obeys_the_deadline)
{
    diesel_error err;
    start();
    ck_assert_ptr_null(dmongo_open("mongodb+srv://away.x.lan", NULL, &err));
    ck_assert_msg(strstr(err.message, "_mongodb._tcp.away.x.lan") != NULL, "%s",
                  err.message);

    dns_script_hold(server, DNS_SRV);
    diesel_scope *scope = diesel_scope_open(
        &(diesel_scope_options){.timeout_ms = 20});
    ck_assert_ptr_nonnull(scope);
    ck_assert_ptr_null(dmongo_open("mongodb+srv://db.x.lan", NULL, &err));
    ck_assert_int_eq(err.code, DIESEL_E_TIMEDOUT);
    (void)diesel_scope_wait(scope, NULL);
    stop();
    return 0;
}

int main(void)
{
    Suite *suite = suite_create("mongo_srv");
    test_case(suite, "srv", records_become_hosts_and_options,
              bad_records_are_refused_and_named, srv_max_hosts_limits_the_hosts,
              a_failing_txt_query_is_an_error,
              opening_a_client_asks_and_obeys_the_deadline);
    return test_suite_run(suite);
}

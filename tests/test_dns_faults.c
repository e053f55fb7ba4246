/* SPDX-License-Identifier: MIT */
/*
 * The resolver where memory runs out, where one family fails and the other does
 * not, and with names and options at their edges. As test_dns.c, with a scripted
 * name server.
 */
#include <ares.h>
#include <stdint.h>

#include "dns_script.h"
#include "faulty_memory.h"
#include "test_util.h"

static const dns_record zone[] = {
    {"host.example", DNS_A, 300, "192.0.2.1"},
    {"host.example", DNS_AAAA, 300, "2001:db8::1"},
    {"host.example", DNS_TXT, 300, "text"},
    {"_s._tcp.example", DNS_SRV, 300, "10 5 1 heavy.example"},
    {"_s._tcp.example", DNS_SRV, 300, "10 0 2 light.example"},
    {"_s._tcp.example", DNS_SRV, 300, "10 0 3 light.example"},
    {"_s._tcp.example", DNS_SRV, 300, "20 0 4 last.example"},
    {"notlocalhost", DNS_A, 300, "192.0.2.5"},
};

static const dns_record soa = {"any.example", DNS_SOA, 60, "60"};

/* --- One look-up of each kind. */

/* Whether it went well; what was found is freed. */
typedef bool look_up(diesel_dns *dns, const char *name, diesel_error *err);

static bool kept(void *found)
{
    diesel_free(found);
    return found != NULL;
}

static bool look_up_a(diesel_dns *dns, const char *name, diesel_error *err)
{
    size_t n;
    return kept(diesel_dns_find_a(dns, name, &n, DIESEL_FOREVER, err));
}

static bool look_up_aaaa(diesel_dns *dns, const char *name, diesel_error *err)
{
    size_t n;
    return kept(diesel_dns_find_aaaa(dns, name, &n, DIESEL_FOREVER, err));
}

static bool look_up_srv(diesel_dns *dns, const char *name, diesel_error *err)
{
    size_t n;
    return kept(diesel_dns_find_srv(dns, name, &n, DIESEL_FOREVER, err));
}

static bool look_up_txt(diesel_dns *dns, const char *name, diesel_error *err)
{
    size_t n;
    return kept(diesel_dns_find_txt(dns, name, &n, DIESEL_FOREVER, err));
}

static bool look_up_host(diesel_dns *dns, const char *name, diesel_error *err)
{
    size_t n;
    return kept(
        diesel_dns_resolve(dns, name, 1, AF_UNSPEC, &n, DIESEL_FOREVER, err));
}

static bool look_up_v4(diesel_dns *dns, const char *name, diesel_error *err)
{
    size_t n;
    return kept(
        diesel_dns_resolve(dns, name, 1, AF_INET, &n, DIESEL_FOREVER, err));
}

static bool look_up_v6(diesel_dns *dns, const char *name, diesel_error *err)
{
    size_t n;
    return kept(
        diesel_dns_resolve(dns, name, 1, AF_INET6, &n, DIESEL_FOREVER, err));
}

static const struct {
    look_up *fn;
    const char *type, *name;
    bool there;
} look_ups[] = {
    {look_up_a, "A ", "host.example", true},
    {look_up_aaaa, "AAAA ", "host.example", true},
    {look_up_srv, "SRV ", "_s._tcp.example", true},
    {look_up_txt, "TXT ", "host.example", true},
    {look_up_host, "", "host.example", true},
    {look_up_v4, "", "host.example", true},
    {look_up_v6, "", "host.example", true},
    {look_up_host, "", "localhost", true},
    {look_up_host, "", "192.0.2.1", true},
    {look_up_host, "", "absent.example", false},
    {look_up_srv, "SRV ", "absent.example", false},
};

FIBER_TEST(failures_name_the_type_and_success_needs_no_place_for_errors)
{
    diesel_error err;
    dns_script *server = dns_script_open(zone, TEST_COUNT(zone));
    diesel_dns *dns = dns_script_resolver(server, NULL);
    ck_assert(look_ups[row].fn(dns, look_ups[row].name, NULL) ==
              look_ups[row].there);
    ck_assert(!look_ups[row].fn(dns, "gone.example", NULL));
    test_error_wipe(&err);
    ck_assert(!look_ups[row].fn(dns, "gone.example", &err));
    assert_error(DIESEL_E_RESOLVE);
    char want[60];
    snprintf(want, sizeof want, "resolving %sgone.example: ", look_ups[row].type);
    assert_contains(err.message, want);
    test_error_wipe(&err);
    ck_assert(!look_ups[row].fn(dns, "", &err));
    assert_error(DIESEL_E_INVAL);
    diesel_dns_close(dns);
    dns_script_close(server);
    return 0;
}
END_TEST

FIBER_TEST(a_cancelled_fiber_looks_nothing_up)
{
    diesel_error err;
    dns_script *server = dns_script_open(zone, TEST_COUNT(zone));
    diesel_dns *dns = dns_script_resolver(server, NULL);
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_scope_cancel(scope);
    test_error_wipe(&err);
    ck_assert(!look_ups[row].fn(dns, look_ups[row].name, &err));
    assert_error(DIESEL_E_CANCELLED);
    assert_ok(diesel_scope_wait(scope, &err));
    ck_assert_int_eq(dns_script_asked(server, 0), 0);
    diesel_dns_close(dns);
    dns_script_close(server);
    return 0;
}
END_TEST

/* --- Memory. The server is in the same process and needs some, too, so faults are
 * counted from the look-up on; over UDP the server allocates nothing. */

static void fail_from_here(long n)
{
    faulty_fail_at = n != 0 ? faulty_allocations + n : 0;
}

/* A resolver of its own and two look-ups. */
static bool open_and_look_up(const dns_script *server, int row,
                             diesel_error *err)
{
    const diesel_dns_options options = {.servers = dns_script_address(server),
                                        .timeout_ms = 300,
                                        .tries = 2,
                                        .search = "a.example b.example"};
    diesel_dns *dns = diesel_dns_open(&options, err);
    bool well = dns != NULL;
    for (int i = 0; i < 2 && well; i++)
        well = look_ups[row].fn(dns, look_ups[row].name, err);
    diesel_dns_close(dns);
    return well;
}

static int look_up_without_memory(void *arg)
{
    int row = *(int *)arg;
    diesel_error err;
    bool met = true;
    dns_script *server = dns_script_open(zone, TEST_COUNT(zone));
    for (long n = 1; met; n++) {
        long alive = faulty_alive;
        test_error_wipe(&err);
        fail_from_here(n);
        bool well = open_and_look_up(server, row, &err);
        met = faulty_allocations >= faulty_fail_at;
        fail_from_here(0);
        if (met && !well) {
            test_message_is_sound(&err);
            ck_assert_msg(err.code == DIESEL_E_NOMEM ||
                              err.code == DIESEL_E_TIMEDOUT ||
                              err.code == DIESEL_E_RESOLVE,
                          "failing the %ld.: %s", n, err.message);
        }
        if (!met)
            ck_assert(well == look_ups[row].there);
        /* The scheduler keeps room for timers. */
        ck_assert_int_le(faulty_alive, alive + 3);
    }
    dns_script_close(server);
    return 0;
}

START_TEST(any_allocation_may_fail)
{
    diesel_allocator_set(&faulty_memory);
    faulty_memory_fail(0);
    test_run(look_up_without_memory, &_i);
    ck_assert_int_eq(faulty_alive, 0);
}
END_TEST

/* --- Two families, of which one has nothing and the other one's servers fail. */

/* Which of the two is said depends on c-ares's version. */
static bool is_empty(int status)
{
    return status == ARES_ENOTFOUND || status == ARES_ENODATA;
}

FIBER_TEST(failing_says_more_than_having_nothing)
{
    diesel_error err;
    const dns_record none[] = {soa};
    dns_script *server = dns_script_open(none, 1);
    diesel_dns *dns = dns_script_resolver(server, NULL);
    ck_assert(!(row ? look_up_v6 : look_up_v4)(dns, "h.example", &err));
    ck_assert(is_empty(err.detail)); /* and that is kept */
    dns_script_fail(server, 2);
    test_error_wipe(&err);
    ck_assert(!look_up_host(dns, "h.example", &err));
    assert_error(DIESEL_E_RESOLVE);
    ck_assert(!is_empty(err.detail));
    ck_assert_uint_eq(err.flags, DIESEL_EF_RETRYABLE);
    diesel_dns_close(dns);
    dns_script_close(server);
    return 0;
}
END_TEST

FIBER_TEST(one_family_is_enough)
{
    diesel_error err;
    dns_script *server = dns_script_open(zone, TEST_COUNT(zone));
    diesel_dns *dns = dns_script_resolver(server, NULL);
    size_t n;
    assert_made(kept(diesel_dns_resolve(dns, "host.example", 1,
                                        row ? AF_INET6 : AF_INET, &n,
                                        DIESEL_FOREVER, &err))
                    ? dns
                    : NULL);
    dns_script_fail(server, 2);
    diesel_address *found = diesel_dns_resolve(dns, "host.example", 1, AF_UNSPEC,
                                               &n, DIESEL_FOREVER, &err);
    assert_made(found);
    ck_assert_uint_eq(n, 1);
    ck_assert_int_eq(found->any.sa_family, row ? AF_INET6 : AF_INET);
    diesel_free(found);
    diesel_dns_close(dns);
    dns_script_close(server);
    return 0;
}
END_TEST

/* --- Names. */

static const struct {
    const char *name;
    look_up *fn;
    bool there, asks;
} names[] = {
    {"localhost.", look_up_host, true, false},
    {"LocalHost", look_up_v6, true, false},
    {"a.localhost", look_up_v4, true, false},
    {"notlocalhost", look_up_v4, true, true},
    {"host", look_up_v4, false, true},
    {"127.0.0.1", look_up_v4, true, false},
    {"::1", look_up_v6, true, false},
    {"::1", look_up_v4, false, true},
};

FIBER_TEST(some_names_are_known_without_asking)
{
    diesel_error err;
    dns_script *server = dns_script_open(zone, TEST_COUNT(zone));
    diesel_dns *dns = dns_script_resolver(server, NULL);
    ck_assert(names[row].fn(dns, names[row].name, &err) == names[row].there);
    if (!names[row].asks)
        ck_assert_int_eq(dns_script_asked(server, 0), 0);
    diesel_dns_close(dns);
    dns_script_close(server);
    return 0;
}
END_TEST

FIBER_TEST(a_name_may_have_so_many_characters_and_no_more)
{
    diesel_error err;
    char name[1100];
    dns_script *server = dns_script_open(zone, TEST_COUNT(zone));
    diesel_dns *dns = dns_script_resolver(server, NULL);
    memset(name, 'a', sizeof name);
    name[1025] = '\0';
    ck_assert(!look_up_a(dns, name, &err));
    assert_error(DIESEL_E_INVAL);
    name[1024] = '\0';
    ck_assert(!look_up_a(dns, name, &err));
    assert_error(DIESEL_E_RESOLVE);
    diesel_dns_close(dns);
    dns_script_close(server);
    return 0;
}
END_TEST

/* Records of one priority and no weight stand before those with weight when they
 * are drawn, which the numbers 0 and 5 show. */
static const struct {
    uint32_t drawn;
    uint16_t first, second;
} draws[] = {{0, 2, 3}, {5, 1, 3}};

static uint32_t draw(void *arg)
{
    return *(uint32_t *)arg;
}

FIBER_TEST(records_without_weight_are_drawn_last)
{
    diesel_error err;
    size_t n;
    uint32_t drawn = draws[row].drawn;
    dns_script *server = dns_script_open(zone, TEST_COUNT(zone));
    diesel_dns *dns = dns_script_resolver(
        server, &(diesel_dns_options){.random = draw, .random_arg = &drawn});
    diesel_dns_srv *found =
        diesel_dns_find_srv(dns, "_s._tcp.example", &n, DIESEL_FOREVER, &err);
    assert_made(found);
    ck_assert_uint_eq(n, 4);
    if (row == 1) /* the sum of weights is drawn: that is the heavy one's */
        ck_assert_uint_eq(found[0].port, draws[row].first);
    else
        ck_assert_uint_ne(found[0].port, 1);
    ck_assert_uint_eq(found[3].port, 4);
    diesel_free(found);
    diesel_dns_close(dns);
    dns_script_close(server);
    return 0;
}
END_TEST

/* --- Options. */

FIBER_TEST(a_resolver_may_keep_nothing_or_little)
{
    diesel_error err;
    static const diesel_dns_options kinds[] = {
        {.no_cache = true},
        {.cache_entries = 1, .negative_ms = 1000},
        {.cache_entries = 40}};
    dns_script *server = dns_script_open(zone, TEST_COUNT(zone));
    diesel_dns *dns = dns_script_resolver(server, &kinds[row]);
    for (int i = 0; i < 2; i++) {
        ck_assert(look_up_a(dns, "host.example", &err));
        ck_assert(look_up_txt(dns, "host.example", &err));
    }
    ck_assert_int_eq(dns_script_asked(server, DNS_A), row == 2 ? 1 : 2);
    diesel_dns_flush(dns);
    ck_assert(look_up_a(dns, "host.example", &err));
    ck_assert_int_eq(dns_script_asked(server, DNS_A), row == 2 ? 2 : 3);
    diesel_dns_close(dns);
    dns_script_close(server);
    return 0;
}
END_TEST

/* More names than the cache has chains. */
FIBER_TEST(many_names_share_a_cache)
{
    diesel_error err;
    static const dns_record any[] = {{"any.example", DNS_SOA, 60, "60"}};
    char name[40];
    dns_script *server = dns_script_open(any, 1);
    diesel_dns *dns =
        dns_script_resolver(server, &(diesel_dns_options){.cache_entries = 16});
    for (int round = 0; round < 2; round++)
        for (int i = 0; i < 16; i++) {
            snprintf(name, sizeof name, "name-%d.example", i);
            ck_assert(!look_up_a(dns, name, &err));
            ck_assert(is_empty(err.detail));
        }
    ck_assert_int_eq(dns_script_asked(server, DNS_A), 16);
    diesel_dns_close(dns);
    dns_script_close(server);
    return 0;
}
END_TEST

FIBER_TEST(a_no_without_a_time_is_asked_for_again)
{
    diesel_error err;
    dns_script *server = dns_script_open(zone, TEST_COUNT(zone)); /* no SOA */
    diesel_dns *dns = dns_script_resolver(server, NULL);
    for (int i = 0; i < 2; i++)
        ck_assert(!look_up_a(dns, "gone.example", &err));
    ck_assert_int_eq(dns_script_asked(server, DNS_A), 2);
    diesel_dns_close(dns);
    dns_script_close(server);
    return 0;
}
END_TEST

struct asker {
    diesel_dns *dns;
    const char *name;
    bool well;
};

static int ask(void *arg)
{
    struct asker *asker = arg;
    asker->well = look_up_a(asker->dns, asker->name, NULL);
    return 0;
}

FIBER_TEST(different_queries_in_flight_are_two)
{
    diesel_error err;
    dns_script *server = dns_script_open(zone, TEST_COUNT(zone));
    diesel_dns *dns = dns_script_resolver(server, NULL);
    struct asker askers[] = {{dns, "host.example", false},
                             {dns, "notlocalhost", false},
                             {dns, "HOST.example", false}};
    dns_script_hold(server, DNS_A);
    diesel_scope *scope = diesel_scope_open(NULL);
    for (size_t i = 0; i < TEST_COUNT(askers); i++)
        diesel_go(scope, ask, &askers[i]);
    dns_script_await(server, DNS_A, 2);
    dns_script_release(server);
    assert_ok(diesel_scope_wait(scope, &err));
    for (size_t i = 0; i < TEST_COUNT(askers); i++)
        ck_assert(askers[i].well);
    ck_assert_int_eq(dns_script_asked(server, DNS_A), 2);
    diesel_dns_close(dns);
    dns_script_close(server);
    return 0;
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("dns_faults");
    test_case_rows(suite, "failures",
                   failures_name_the_type_and_success_needs_no_place_for_errors,
                   TEST_COUNT(look_ups) - 4);
    test_case_rows(suite, "cancelled", a_cancelled_fiber_looks_nothing_up,
                   TEST_COUNT(look_ups));
    test_case_rows(suite, "memory", any_allocation_may_fail, TEST_COUNT(look_ups));
    test_case_rows(suite, "worse", failing_says_more_than_having_nothing, 2);
    test_case_rows(suite, "enough", one_family_is_enough, 2);
    test_case_rows(suite, "names", some_names_are_known_without_asking,
                   TEST_COUNT(names));
    test_case_rows(suite, "draws", records_without_weight_are_drawn_last,
                   TEST_COUNT(draws));
    test_case_rows(suite, "cache", a_resolver_may_keep_nothing_or_little, 3);
    test_case(suite, "others", a_name_may_have_so_many_characters_and_no_more,
              many_names_share_a_cache, a_no_without_a_time_is_asked_for_again,
              different_queries_in_flight_are_two);
    return test_suite_run(suite);
}

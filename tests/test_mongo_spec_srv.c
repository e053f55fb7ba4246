/* SPDX-License-Identifier: MIT */
/*
 * MongoDB's cases of "Initial DNS Seedlist Discovery": mongodb+srv:// connection strings
 * against a scripted name server with the zone that they are written for. What is compared
 * are the hosts that the string leads to and its options; `hosts`, what monitoring a
 * replica set finds later, is no part of this.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <bson/bson.h>

#include <diesel/core.h>
#include <diesel/doc.h>
#include <diesel/mongo.h>

#include "dns_script.h"
#include "mongo/uri_internal.h"
#include "spec_cases.h"
#include "test_util.h"

#define DOMAIN   "test.build.10gen.cc"
#define SRV(n)   "_mongodb._tcp.test" #n "." DOMAIN, DNS_SRV, 60
#define TXT(n)   "test" #n "." DOMAIN, DNS_TXT, 60
#define LOCAL    "localhost." DOMAIN
#define ONE(n)   {SRV(n), "1 0 27017 " LOCAL}

static const dns_record zone[] = {
    {"any", DNS_SOA, 60, "60"},
    {SRV(1), "1 0 27017 " LOCAL},
    {SRV(1), "1 0 27018 " LOCAL},
    {SRV(2), "1 0 27018 " LOCAL},
    {SRV(2), "1 0 27019 " LOCAL},
    ONE(3), ONE(5), ONE(6), ONE(7), ONE(8), ONE(10), ONE(11), ONE(20), ONE(21),
    {SRV(12), "1 0 27017 localhost.build.10gen.cc"},
    {SRV(13), "1 0 27017 " DOMAIN},
    {SRV(14), "1 0 27017 localhost.not-test.build.10gen.cc"},
    {SRV(15), "1 0 27017 localhost.test.not-build.10gen.cc"},
    {SRV(16), "1 0 27017 localhost.test.build.not-10gen.cc"},
    {SRV(17), "1 0 27017 localhost.test.build.10gen.not-cc"},
    {SRV(18), "1 0 27017 localhost.sub." DOMAIN},
    {SRV(19), "1 0 27017 localhost.evil.build.10gen.cc"},
    {SRV(19), "1 0 27017 " LOCAL},
    {"_customname._tcp.test22." DOMAIN, DNS_SRV, 60, "1 0 27017 " LOCAL},
    {"_customname._tcp.test22." DOMAIN, DNS_SRV, 60, "1 0 27018 " LOCAL},
    {SRV(23), "1 0 8000 " LOCAL},
    {SRV(24), "1 0 8000 " LOCAL},
    {TXT(5), "replicaSet=repl0&authSource=thisDB"},
    {TXT(6), "replicaSet=repl0"},
    {TXT(6), "authSource=otherDB"},
    {TXT(7), "ssl=false"},
    {TXT(8), "authSource"},
    {TXT(10), "socketTimeoutMS=500"},
    {TXT(11), "replicaS|et=rep|l0"},
    {TXT(20), "loadBalanced=true"},
    {TXT(21), "loadBalanced=false"},
    {TXT(24), "loadBalanced=true"},
};

static void check_text(const char *what, const char *got, const char *want)
{
    if (got == NULL || strcmp(got, want) != 0)
        spec_wrong("%s is %s and not %s", what, got != NULL ? got : "unset", want);
}

static bool is_host(const struct dmongo__uri *uri, const char *wanted)
{
    char name[300];
    for (size_t i = 0; i < uri->host_count; i++) {
        snprintf(name, sizeof name, "%s:%u", uri->hosts[i].name,
                 (unsigned)uri->hosts[i].port);
        if (strcasecmp(name, wanted) == 0)
            return true;
    }
    return false;
}

static void check_seeds(const struct dmongo__uri *uri, const bson_t *test)
{
    bson_iter_t at, item;
    int64_t count = dmongo_get_int(test, "numSeeds", -1);
    if (bson_iter_init_find(&at, test, "seeds") && bson_iter_recurse(&at, &item))
        for (count = 0; bson_iter_next(&item); count++)
            if (!is_host(uri, bson_iter_utf8(&item, NULL)))
                spec_wrong("%s is no seed", bson_iter_utf8(&item, NULL));
    if (count >= 0 && (size_t)count != uri->host_count)
        spec_wrong("there are %zu seeds, not %d", uri->host_count, (int)count);
}

static const struct dmongo__uri_option *find_option(const char *name)
{
    if (strcasecmp(name, "ssl") == 0)
        name = "tls";
    for (size_t i = 0; i < dmongo__uri_option_count; i++)
        if (strcasecmp(dmongo__uri_option_table[i].name, name) == 0)
            return &dmongo__uri_option_table[i];
    return NULL;
}

static void check_option(const struct dmongo__uri *uri, const bson_t *want,
                         const char *key)
{
    const struct dmongo__uri_option *option = find_option(key);
    const void *at = option != NULL
                         ? (const char *)&uri->options + option->offset : NULL;
    if (option == NULL)
        spec_wrong("option %s is not known", key);
    else if (option->type == DMONGO__OPTION_BOOL &&
             *(const bool *)at != dmongo_get_bool(want, key, !*(const bool *)at))
        spec_wrong("%s is another one", key);
    else if (option->type == DMONGO__OPTION_INT &&
             *(const int64_t *)at != dmongo_get_int(want, key, INT64_MIN))
        spec_wrong("%s is another one", key);
    else if (option->type == DMONGO__OPTION_STRING ||
             option->type == DMONGO__OPTION_CHOICE)
        check_text(key, *(const char *const *)at, dmongo_get_str(want, key, "?"));
    else if (option->type != DMONGO__OPTION_BOOL && option->type != DMONGO__OPTION_INT)
        spec_wrong("the type of %s is not compared", key);
}

static void check_options(const struct dmongo__uri *uri, const bson_t *test)
{
    bson_t options;
    bson_iter_t at;
    if (dmongo_get_doc(test, "options", &options) && bson_iter_init(&at, &options))
        while (bson_iter_next(&at))
            check_option(uri, &options, bson_iter_key(&at));
}

static void check_parsed(const struct dmongo__uri *uri, const bson_t *test)
{
    bson_t parsed;
    bson_iter_t at;
    if (!dmongo_get_doc(test, "parsed_options", &parsed) ||
        !bson_iter_init(&at, &parsed))
        return;
    while (bson_iter_next(&at)) {
        const char *key = bson_iter_key(&at);
        const char *got = strcmp(key, "user") == 0       ? uri->user
                          : strcmp(key, "password") == 0 ? uri->password
                          : strcmp(key, "db") == 0       ? uri->database
                          : strcmp(key, "auth_database") == 0
                              ? (uri->credential.source != NULL
                                     ? uri->credential.source
                                     : uri->database)
                              : NULL;
        check_text(key, got, bson_iter_utf8(&at, NULL));
    }
}

static void compare(const bson_t *test)
{
    diesel_error err;
    const char *text = dmongo_get_str(test, "uri", "");
    bool fails = dmongo_get_bool(test, "error", false);
    struct dmongo__uri *uri = dmongo__uri_parse(text, &err);
    bool ok = uri != NULL && dmongo__srv_resolve(uri, &err) == 0;
    if (ok && fails)
        spec_wrong("%.200s is taken", text);
    else if (!ok && !fails)
        spec_wrong("%s", err.message);
    if (ok && !fails) {
        check_seeds(uri, test);
        check_options(uri, test);
        check_parsed(uri, test);
    }
    dmongo__uri_free(uri);
}

static int within_fiber(void *arg)
{
    dns_script *server = dns_script_open(zone, TEST_COUNT(zone));
    diesel_dns *dns = dns_script_resolver(server, NULL);
    diesel_dns_use(dns);
    compare(arg);
    diesel_dns_use(NULL);
    diesel_dns_close(dns);
    dns_script_close(server);
    return 0;
}

static void run_file(const bson_t *file)
{
    spec_case_begin(dmongo_get_str(file, "comment", spec_file()), NULL);
    if (diesel_main(within_fiber, (void *)(uintptr_t)file) != 0)
        spec_wrong("the scheduler failed");
    spec_case_end();
}

static int result;

/* The name server's assertions need check around them. */
START_TEST(all_files)
{
    static const spec_family families[] = {
        {"initial-dns-seedlist-discovery",
         "initial-dns-seedlist-discovery/tests/*/*.json", run_file},
    };
    result = spec_run(families, TEST_COUNT(families), NULL, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("mongo_spec_srv");
    TCase *tc = tcase_create("files");
    tcase_add_test(tc, all_files);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_NOFORK);
    srunner_run_all(runner, CK_SILENT);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed > 0 ? EXIT_FAILURE : result;
}

/* SPDX-License-Identifier: MIT */
/*
 * Connection strings: the parts of those that are right, what is wrong with the
 * others, and which warnings come. test_mongo_spec_uri has MongoDB's own cases;
 * here are those that its specification leaves to the driver.
 */
#include <diesel/core.h>

#include "mongo/uri_internal.h"
#include "test_util.h"

/* clang-format off */

/* What a string says, in one line: hosts as kind:name:port, user, password,
 * database; "-" for what it does not say. */
static const struct {
    const char *uri;
    const char *says;
} good[] = {
    {"mongodb://localhost", "h:localhost:27017 - - -"},
    {"mongodb://localhost/", "h:localhost:27017 - - -"},
    {"mongodb://localhost:1", "h:localhost:1 - - -"},
    {"mongodb://localhost:65535/db", "h:localhost:65535 - - db"},
    {"mongodb://localhost:00080", "h:localhost:80 - - -"},
    {"mongodb://127.0.0.1,[::1]:5,x.y", "4:127.0.0.1:27017 6:::1:5 h:x.y:27017 - - -"},
    {"mongodb://[fe80::1%25eth0]:1", "6:fe80::1%eth0:1 - - -"},
    {"mongodb://%2Frun%2Fm.sock", "u:/run/m.sock:0 - - -"},
    {"mongodb://%2frun%2fm.sock/db", "u:/run/m.sock:0 - - db"},
    {"mongodb://a%2Fb.sock,c", "u:a/b.sock:0 h:c:27017 - - -"},
    {"mongodb://u@h", "h:h:27017 u - -"},
    {"mongodb://u:@h", "h:h:27017 u  -"},
    {"mongodb://u:p%40%3A%2F@h/d?appName=a%26b", "h:h:27017 u p@:/ d"},
    {"mongodb://u:p=1&2;3@h", "h:h:27017 u p=1&2;3 -"},
    {"mongodb://h/d.e", "h:h:27017 - - d.e"},
    {"mongodb://h/%24external", "h:h:27017 - - $external"},
    {"mongodb://h?appName=x/y@z", "h:h:27017 - - -"},
    {"mongodb://h/?appName=x?y", "h:h:27017 - - -"},
    {"mongodb://h/d?", "h:h:27017 - - d"},
    {"mongodb://h/?a=1&", "h:h:27017 - - -"},
    {"mongodb+srv://db.example.com/x", "h:db.example.com:27017 - - x"},
};

static const struct {
    const char *uri;
    const char *why; /* part of the message */
} bad[] = {
    {"", "begins with neither"},
    {"mongodb:/localhost", "begins with neither"},
    {"MONGODB://localhost", "begins with neither"},
    {"mongodb://", "empty host"},
    {"mongodb:///db", "empty host"},
    {"mongodb://,h", "empty host"},
    {"mongodb://h,", "empty host"},
    {"mongodb://h,,i", "empty host"},
    {"mongodb://:27017", "empty host"},
    {"mongodb://h:", "port of h"},
    {"mongodb://h:0", "port of h"},
    {"mongodb://h:65536", "port of h"},
    {"mongodb://h:99999999999999999999999", "port of h"},
    {"mongodb://h:1x", "port of h"},
    {"mongodb://h:+1", "port of h"},
    {"mongodb://[::1", "lacks its ']'"},
    {"mongodb://[::1]x", "after its ']'"},
    {"mongodb://[]", "empty host"},
    {"mongodb://a]b", "has one of []@"},
    {"mongodb://%2Ftmp%2Fx.sock:1", "has a port"},
    {"mongodb://%zz", "a host name has a '%'"},
    {"mongodb://%", "a host name has a '%'"},
    {"mongodb://a%00b", "a host name has a '%'"},
    {"mongodb://%ff%fe", "not valid UTF-8"},
    {"mongodb://@h", "no user"},
    {"mongodb://:p@h", "no user"},
    {"mongodb://u:p:q@h", "must be written as %XX"},
    {"mongodb://u@v@h", "must be written as %XX"},
    {"mongodb://u:p#q@h", "must be written as %XX"},
    {"mongodb://u:p?q@h/", "must be written as %XX"},
    {"mongodb://u:p%q@h", "the password has a '%'"},
    {"mongodb://u%1:p@h", "the user has a '%'"},
    {"mongodb://u:p/q@h", "port of u"},
    {"mongodb://u/p@h", "the database has a '/' or '@'"},
    {"mongodb://h/a/b", "the database has a '/' or '@'"},
    {"mongodb://h/a%2Fb", "not allowed"},
    {"mongodb://h/a%20b", "not allowed"},
    {"mongodb://h/?w", "name=value"},
    {"mongodb://h/?=1", "name=value"},
    {"mongodb://h/?appName=%g1", "an option's value has a '%'"},
    {"mongodb://h/?%=1", "an option's name has a '%'"},
    {"mongodb://h/?w=-1", "w=-1"},
    {"mongodb://h/?w=0&journal=true", "w=0"},
    {"mongodb://h/?authSource=", "authSource is empty"},
    {"mongodb://h/?readPreference=primary&readPreferenceTags=a:b", "readPreference=primary"},
    {"mongodb://h/?readPreference=primary&maxStalenessSeconds=90", "readPreference=primary"},
    {"mongodb://h,i/?directConnection=true", "only one host"},
    {"mongodb://h/?loadBalanced=true&replicaSet=r", "replicaSet"},
    {"mongodb://h/?tls=true&tls=false", "contradict"},
    {"mongodb://h/?proxyPort=1", "needs proxyHost"},
    {"mongodb://h/?authMechanism=MAGIC", "authMechanism=MAGIC"},
    {"mongodb://h/?authMechanism=SCRAM-SHA-1", "needs a user"},
    {"mongodb://u:p@h/?authMechanism=MONGODB-X509", "takes no password"},
    {"mongodb://u:p@h/?authMechanism=GSSAPI&authSource=x", "authSource=$external"},
    {"mongodb+srv://h,i", "exactly one host"},
    {"mongodb+srv://h:1", "no port"},
    {"mongodb+srv://127.0.0.1", "needs a host name"},
    {"mongodb+srv://h.i.j/?directConnection=true", "directConnection"},
    {"mongodb+srv://h.i.j/?srvMaxHosts=1&replicaSet=r", "srvMaxHosts"},
    {"mongodb://h/?srvMaxHosts=1", "mongodb+srv"},
};

static const struct {
    const char *options;
    size_t count;     /* of warnings */
    const char *text; /* in the first of them; NULL: there is none */
} warned[] = {
    {"maxPoolSize=5", 0, NULL},
    {"MAXPOOLSIZE=5", 0, NULL},
    {"nonsense=5", 1, "nonsense is not known"},
    {"nonsense=5&moreNonsense=6", 2, "nonsense is not known"},
    {"maxPoolSize=5&maxPoolSize=6", 1, "more than once"},
    {"maxPoolSize=", 1, "\"\" is not a number"},
    {"maxPoolSize=x", 1, "\"x\" is not a number"},
    {"maxPoolSize=5x", 1, "is not a number"},
    {"maxPoolSize=-", 1, "is not a number"},
    {"maxPoolSize=2147483648", 1, "from 0 to 2147483647"},
    {"maxPoolSize=99999999999999999999", 1, "is not a number"},
    {"heartbeatFrequencyMS=499", 1, "from 500"},
    {"retryWrites=yes", 1, "not true or false"},
    {"retryWrites=True", 1, "not true or false"},
    {"appName=", 1, "appName is empty"},
    {"replicaSet=", 1, "replicaSet is empty"},
    {"readPreference=fastest", 1, "not known"},
    {"readPreference=SECONDARY", 0, NULL},
    {"compressors=zip,zlib", 1, "\"zip\" is not known"},
    {"j=true", 1, "deprecated: write journal"},
    {"wtimeout=5&wtimeoutMS=10", 1, "deprecated: write wTimeoutMS"},
    {"readPreference=nearest&readPreferenceTags=a:b&readPreferenceTags=", 0, NULL},
    {"readPreference=nearest&readPreferenceTags=ab", 1, "without a colon"},
    {"ssl=false&tls=false", 0, NULL},
    {"authMechanismProperties=a:b,c", 1, "without a colon"},
};

/* clang-format on */

static struct dmongo__uri *parse(const char *text)
{
    diesel_error err;
    struct dmongo__uri *uri = dmongo__uri_parse(text, &err);
    assert_made(uri);
    return uri;
}

static const char *shown(const char *s)
{
    return s != NULL ? s : "-";
}

START_TEST(string_is_taken_apart)
{
    static const char kinds[] = {[DMONGO__HOSTNAME] = 'h',
                                 [DMONGO__IPV4] = '4',
                                 [DMONGO__IP_LITERAL] = '6',
                                 [DMONGO__UNIX] = 'u'};
    struct dmongo__uri *uri = parse(good[_i].uri);
    char says[256];
    int n = 0;
    for (size_t i = 0; i < uri->host_count; i++)
        n += snprintf(says + n, sizeof says - (size_t)n, "%c:%s:%u ",
                      kinds[uri->hosts[i].kind], uri->hosts[i].name,
                      (unsigned)uri->hosts[i].port);
    snprintf(says + n, sizeof says - (size_t)n, "%s %s %s", shown(uri->user),
             shown(uri->password), shown(uri->database));
    ck_assert_str_eq(says, good[_i].says);
    dmongo__uri_free(uri);
}
END_TEST

START_TEST(wrong_string_is_refused_with_the_reason)
{
    diesel_error err;
    assert_fails_null(dmongo__uri_parse(bad[_i].uri, &err), DIESEL_E_INVAL);
    assert_contains(err.message, bad[_i].why);
    assert_contains(err.message, "connection string: ");
}
END_TEST

START_TEST(odd_option_is_warned_of)
{
    char text[256];
    snprintf(text, sizeof text, "mongodb://h/?%s", warned[_i].options);
    struct dmongo__uri *uri = parse(text);
    ck_assert_msg(uri->warning_count == warned[_i].count, "%zu warnings: %s",
                  uri->warning_count,
                  uri->warning_count > 0 ? uri->warnings[0] : "");
    if (warned[_i].text != NULL)
        assert_contains(uri->warnings[0], warned[_i].text);
    dmongo__uri_free(uri);
}
END_TEST

START_TEST(options_have_their_types_and_defaults)
{
    struct dmongo__uri *uri = parse("mongodb://h");
    const struct dmongo__uri_options *o = &uri->options;
    ck_assert_int_eq(o->max_pool_size, 100);
    ck_assert_int_eq(o->max_connecting, 2);
    ck_assert_int_eq(o->connect_timeout_ms, 10000);
    ck_assert_int_eq(o->server_selection_timeout_ms, 30000);
    ck_assert_int_eq(o->zlib_compression_level, -1);
    ck_assert(o->retry_reads && o->retry_writes && !o->tls && !o->journal);
    ck_assert_ptr_null(o->app_name);
    ck_assert(!dmongo__uri_has(uri, "maxPoolSize"));
    ck_assert(!uri->credential.is_set);
    dmongo__uri_free(uri);

    uri = parse("mongodb+srv://h.i.j/?maxPoolSize=7&compressors=zstd,zlib&w=2&"
                "readPreference=nearest&readPreferenceTags=dc:ny,rack:1&"
                "readPreferenceTags=&retryReads=false");
    o = &uri->options;
    ck_assert(o->tls && !o->retry_reads);
    ck_assert_int_eq(o->max_pool_size, 7);
    ck_assert(dmongo__uri_has(uri, "maxPoolSize"));
    ck_assert_uint_eq(o->compressors.count, 2);
    ck_assert_str_eq(o->compressors.items[0], "zstd");
    ck_assert_int_eq(o->w.number, 2);
    ck_assert_uint_eq(o->read_preference_tags.count, 2);
    ck_assert_uint_eq(o->read_preference_tags.items[0].count, 2);
    ck_assert_str_eq(o->read_preference_tags.items[0].items[1].key, "rack");
    ck_assert_uint_eq(o->read_preference_tags.items[1].count, 0);
    dmongo__uri_free(uri);
}
END_TEST

START_TEST(last_of_repeated_options_counts)
{
    struct dmongo__uri *uri =
        parse("mongodb://h/?maxPoolSize=5&maxPoolSize=6&wtimeout=1&"
              "wTimeoutMS=2&wtimeout=3&j=true");
    ck_assert_int_eq(uri->options.max_pool_size, 6);
    ck_assert_int_eq(uri->options.w_timeout_ms, 2);
    ck_assert(uri->options.journal);
    dmongo__uri_free(uri);
}
END_TEST

START_TEST(messages_and_warnings_show_no_password)
{
    static const char *const wrong[] = {
        "mongodb://bob:tiger%@h", "mongodb://bob:ti/ger@h",
        "mongodb://bob:tiger@", "mongodb://bob:tiger@h:x",
        "mongodb://bob:tiger@h/?w=-1", "mongodb://bob:/tiger@h",
        "mongodb://bob:tiger@h/?authMechanism=MONGODB-X509",
    };
    for (size_t i = 0; i < TEST_COUNT(wrong); i++) {
        diesel_error err;
        assert_fails_null(dmongo__uri_parse(wrong[i], &err), DIESEL_E_INVAL);
        ck_assert_msg(strstr(err.message, "ger") == NULL, "%s", err.message);
    }
    struct dmongo__uri *uri = parse(
        "mongodb://bob:tiger@h/?tlsCertificateKeyFilePassword=&pass=tiger&"
        "tlsCertificateKeyFilePassword=tiger&tlsCertificateKeyFilePassword=x");
    for (size_t i = 0; i < uri->warning_count; i++)
        ck_assert_msg(strstr(uri->warnings[i], "tiger") == NULL, "%s",
                      uri->warnings[i]);
    dmongo__uri_free(uri);
}
END_TEST

START_TEST(app_name_has_at_most_128_bytes)
{
    diesel_error err;
    char text[256] = "mongodb://h/?appName=";
    size_t n = strlen(text);
    memset(text + n, 'x', 128);
    dmongo__uri_free(parse(text));
    text[n + 128] = 'x';
    assert_fails_null(dmongo__uri_parse(text, &err), DIESEL_E_INVAL);
}
END_TEST

/* Fails the n-th allocation. */
static int left;

static void *failing_calloc(size_t count, size_t size)
{
    return left-- > 0 ? calloc(count, size) : NULL;
}

static void *failing_realloc(void *p, size_t size)
{
    return left-- > 0 ? realloc(p, size) : NULL;
}

START_TEST(lack_of_memory_is_an_error_and_no_leak)
{
    static const char text[] =
        "mongodb://u:p@h,i/d?readPreference=nearest&readPreferenceTags=a:b&"
        "compressors=zlib&unknown=1&authMechanismProperties=a:b&"
        "authMechanism=GSSAPI";
    static const diesel_allocator failing = {malloc, failing_calloc,
                                             failing_realloc, free};
    diesel_allocator_set(&failing);
    for (int n = 0;; n++) {
        diesel_error err;
        left = n;
        struct dmongo__uri *uri = dmongo__uri_parse(text, &err);
        if (uri != NULL) {
            ck_assert_int_gt(n, 10);
            dmongo__uri_free(uri);
            break;
        }
        assert_error(DIESEL_E_NOMEM);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("mongo_uri");
    test_case_rows(suite, "good", string_is_taken_apart, TEST_COUNT(good));
    test_case_rows(suite, "bad", wrong_string_is_refused_with_the_reason,
                   TEST_COUNT(bad));
    test_case_rows(suite, "odd", odd_option_is_warned_of, TEST_COUNT(warned));
    test_case(suite, "options", options_have_their_types_and_defaults,
              last_of_repeated_options_counts,
              messages_and_warnings_show_no_password,
              app_name_has_at_most_128_bytes,
              lack_of_memory_is_an_error_and_no_leak);
    return test_suite_run(suite);
}

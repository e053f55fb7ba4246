/* SPDX-License-Identifier: MIT */
/*
 * redis/config.c: URLs and options of a Redis client.
 */
#include <inttypes.h>

#include "redis/config_internal.h"
#include "test_util.h"

/* "address user=U password=P db=N name=C resp=R connect=MS reconnect=MS", without
 * what is at its default. */
static const char *shown(const dredis__config *c)
{
    static char text[512];
    int n = snprintf(text, sizeof text, "%s", c->name);
    const struct {
        const char *name, *value;
    } words[] = {{"user", c->user},
                 {"password", c->password},
                 {"name", c->client_name}};
    for (size_t i = 0; i < TEST_COUNT(words); i++)
        if (words[i].value != NULL)
            n += snprintf(text + n, sizeof text - (size_t)n, " %s=%s",
                          words[i].name, words[i].value);
    const struct {
        const char *name;
        int64_t value, standard;
    } numbers[] = {
        {"db", c->db, 0},
        {"resp", c->resp, dredis__reply_reader_knows_resp3() ? 3 : 2},
        {"connect", c->connect_timeout_ms, 5000},
        {"reconnect", c->reconnect_timeout_ms, 2000}};
    for (size_t i = 0; i < TEST_COUNT(numbers); i++)
        if (numbers[i].value != numbers[i].standard)
            n += snprintf(text + n, sizeof text - (size_t)n, " %s=%" PRId64,
                          numbers[i].name, numbers[i].value);
    if (c->tls != NULL)
        snprintf(text + n, sizeof text - (size_t)n, " tls");
    return text;
}

static const struct {
    const char *url;
    const char *want;
} good_rows[] = {
    {NULL, "127.0.0.1:6379"},
    {"redis://", "127.0.0.1:6379"},
    {"redis://localhost", "localhost:6379"},
    {"REDIS://localhost", "localhost:6379"},
    {"valkey://localhost", "localhost:6379"},
    {"redis://db1:7000", "db1:7000"},
    {"redis://db1:7000/", "db1:7000"},
    {"redis://db1/3", "db1:6379 db=3"},
    {"redis://:7000/3", "127.0.0.1:7000 db=3"},
    {"redis:///3", "127.0.0.1:6379 db=3"},
    {"redis://[::1]", "[::1]:6379"},
    {"redis://[fe80::1]:7000/2", "[fe80::1]:7000 db=2"},
    {"redis://user:pass@db1", "db1:6379 user=user password=pass"},
    {"redis://:pass@db1", "db1:6379 password=pass"},
    {"redis://pass@db1", "db1:6379 password=pass"},
    {"redis://user:@db1", "db1:6379 user=user password="},
    {"redis://:@db1", "db1:6379"},
    {"redis://u%40x:p%3a%2F%25@db1", "db1:6379 user=u@x password=p:/%"},
    {"redis://u:p:q@db1", "db1:6379 user=u password=p:q"},
    {"redis://:s3cret%20word@[::1]:1/2", "[::1]:1 password=s3cret word db=2"},
    {"redis://db1?db=4", "db1:6379 db=4"},
    {"redis://db1/?db=4", "db1:6379 db=4"},
    {"redis://db1?resp=2&client_name=me", "db1:6379 name=me resp=2"},
    {"redis://db1?user=u&password=p%26q", "db1:6379 user=u password=p&q"},
    {"redis://db1?DB=1", "db1:6379 db=1"},
    {"redis://db1?connect_timeout_ms=250&reconnect_timeout_ms=-1",
     "db1:6379 connect=250 reconnect=-1"},
    {"redis://h%6Fst", "host:6379"},
    {"unix:///run/redis.sock", "/run/redis.sock"},
    {"unix:///run/redis.sock?db=2", "/run/redis.sock db=2"},
    {"unix:///run/my%20redis", "/run/my redis"},
    {"unix://user:pass@/run/redis.sock", "/run/redis.sock user=user "
                                         "password=pass"},
    {"unix://:pass@/a@b", "/a@b password=pass"},
    {"redis+unix:///r", "/r"},
    {"redis-socket:///r?db=1", "/r db=1"},
    {"rediss://localhost", "localhost:6379 tls"},
    {"redis+tls://:p@localhost:1/2", "localhost:1 password=p db=2 tls"},
    {"valkeys://localhost", "localhost:6379 tls"},
    {"valkey+tls://localhost?tls_name=db", "localhost:6379 tls"},
};

START_TEST(a_url_says_where_and_who)
{
    diesel_error err;
    dredis__config config;
    assert_ok(dredis__config_init(&config, good_rows[_i].url, NULL, &err));
    ck_assert_str_eq(shown(&config), good_rows[_i].want);
    dredis__config_clear(&config);
}
END_TEST

static const struct {
    const char *url;
    int code;
    const char *said;
} bad_rows[] = {
    {"", DIESEL_E_INVAL, "redis:// or unix://"},
    {"localhost", DIESEL_E_INVAL, "redis:// or unix://"},
    {"localhost:6379", DIESEL_E_INVAL, "redis:// or unix://"},
    {"redis:/localhost", DIESEL_E_INVAL, "redis:// or unix://"},
    {"http://localhost", DIESEL_E_INVAL, "redis:// or unix://"},
    {"redisx://localhost", DIESEL_E_INVAL, "redis:// or unix://"},
    {"redis://db1:0", DIESEL_E_INVAL, "the port"},
    {"redis://db1:65536", DIESEL_E_INVAL, "the port"},
    {"redis://db1:x", DIESEL_E_INVAL, "the port"},
    {"redis://db1:", DIESEL_E_INVAL, "the port"},
    {"redis://db1:-1", DIESEL_E_INVAL, "the port"},
    {"redis://:hunter2/x@db1", DIESEL_E_INVAL, "%2F"},
    {"redis://u:hun@ter2@db1", DIESEL_E_INVAL, "more than one @"},
    {"redis://:hunter%2@db1", DIESEL_E_INVAL, "hexadecimal"},
    {"redis://:hunter%00@db1", DIESEL_E_INVAL, "hexadecimal"},
    {"redis://:hunter%zz@db1", DIESEL_E_INVAL, "hexadecimal"},
    {"redis://[::1", DIESEL_E_INVAL, "]"},
    {"redis://[::1]x", DIESEL_E_INVAL, "between"},
    {"redis://db1/x", DIESEL_E_INVAL, "the db"},
    {"redis://db1/-1", DIESEL_E_INVAL, "the db"},
    {"redis://db1/1/2", DIESEL_E_INVAL, "the db"},
    {"redis://db1/99999999999999999999", DIESEL_E_INVAL, "the db"},
    {"redis://db1/1?db=1", DIESEL_E_INVAL, "the db twice"},
    {"redis://:p@db1?password=q", DIESEL_E_INVAL, "the password twice"},
    {"redis://db1?resp=2&resp=3", DIESEL_E_INVAL, "the resp twice"},
    {"redis://db1?resp=4", DIESEL_E_INVAL, "the resp"},
    {"redis://db1?timeout=1", DIESEL_E_INVAL, "\"timeout\""},
    {"redis://db1?db", DIESEL_E_INVAL, "no value"},
    {"redis://db1?", DIESEL_E_INVAL, "no value"},
    {"redis://db1?db=1&", DIESEL_E_INVAL, "no value"},
    {"redis://db1?db=", DIESEL_E_INVAL, "the db"},
    {"redis://db1?connect_timeout_ms=0", DIESEL_E_INVAL, "connect_timeout_ms"},
    {"redis://db1?reconnect_timeout_ms=-2", DIESEL_E_INVAL,
     "reconnect_timeout_ms"},
    {"redis://db1?client_name=a%20b", DIESEL_E_INVAL, "client_name"},
    {"redis://db 1", DIESEL_E_INVAL, "position 10"},
    {"redis://db1#x", DIESEL_E_INVAL, "position 11"},
    {"redis://db1\n", DIESEL_E_INVAL, "position 11"},
    {"unix://", DIESEL_E_INVAL, "path"},
    {"unix://run/redis.sock", DIESEL_E_INVAL, "path"},
    {"unix://?db=1", DIESEL_E_INVAL, "path"},
};

START_TEST(a_wrong_url_is_refused_and_no_secret_is_told)
{
    diesel_error err;
    dredis__config config;
    assert_fails(dredis__config_init(&config, bad_rows[_i].url, NULL, &err),
                 bad_rows[_i].code);
    assert_contains(err.message, bad_rows[_i].said);
    ck_assert_ptr_null(strstr(err.message, "hun"));
    ck_assert_ptr_null(strstr(err.message, "ter2"));
    ck_assert_int_lt(dredis__config_init(&config, bad_rows[_i].url, NULL, NULL),
                     0);
}
END_TEST

static const struct {
    const char *url;
    dredis_options options;
    const char *want; /* after a '!', the error */
} option_rows[] = {
    {NULL, {.host = "db2"}, "db2:6379"},
    {"redis://db1:1/1", {.host = "db2"}, "db2:1 db=1"},
    {"redis://db1:1/1", {.port = 2, .db = 3}, "db1:2 db=3"},
    {"redis://u:p@db1", {.user = "v", .password = "q"}, "db1:6379 user=v "
                                                        "password=q"},
    {"redis://db1", {.unix_path = "/r"}, "/r"},
    {"unix:///r", {.host = "db1"}, "db1:6379"},
    {"unix:///r", {.unix_path = "@abstract"}, "@abstract"},
    {NULL, {.user = "nopass"}, "127.0.0.1:6379 user=nopass password="},
    {NULL, {.resp = 2, .client_name = "me"}, "127.0.0.1:6379 name=me resp=2"},
    {"redis://?resp=2", {.connect_timeout_ms = 1}, "127.0.0.1:6379 resp=2 "
                                                   "connect=1"},
    {NULL, {.host = "a", .unix_path = "/b"}, "!both host and unix_path"},
    {NULL, {.resp = 1}, "!resp is 1"},
    {NULL, {.db = -1}, "!db is -1"},
    {NULL, {.connect_timeout_ms = -1}, "!connect_timeout_ms is -1"},
    {NULL, {.reconnect_timeout_ms = -2}, "!reconnect_timeout_ms is -2"},
    {NULL, {.backoff_ms = -1}, "!backoff_ms is -1"},
    {NULL, {.backoff_max_ms = -1}, "!backoff_max_ms is -1"},
    {NULL, {.client_name = "a b"}, "!client_name"},
};

START_TEST(options_win_over_the_url)
{
    diesel_error err;
    dredis__config config;
    const char *want = option_rows[_i].want;
    int result = dredis__config_init(&config, option_rows[_i].url,
                                     &option_rows[_i].options, &err);
    if (want[0] == '!') {
        ck_assert_int_eq(result, -1);
        assert_error(DIESEL_E_INVAL);
        assert_contains(err.message, want + 1);
        return;
    }
    assert_ok(result);
    ck_assert_str_eq(shown(&config), want);
    dredis__config_clear(&config);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("redis_url");
    test_case_rows(suite, "good", a_url_says_where_and_who,
                   TEST_COUNT(good_rows));
    test_case_rows(suite, "bad", a_wrong_url_is_refused_and_no_secret_is_told,
                   TEST_COUNT(bad_rows));
    test_case_rows(suite, "options", options_win_over_the_url,
                   TEST_COUNT(option_rows));
    return test_suite_run(suite);
}

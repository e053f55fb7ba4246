/* SPDX-License-Identifier: MIT */
/*
 * <diesel/address.h>: what is an address and what is not, how each looks, and
 * which are the same host. Tables; no sockets.
 */
#include <stddef.h>

#include <diesel/address.h>

#include "test_util.h"

static const struct {
    const char *text;
    const char *shown; /* with port 7; NULL: it is none */
} texts[] = {
    {"127.0.0.1", "127.0.0.1:7"},
    {"255.255.255.255", "255.255.255.255:7"},
    {"::", "[::]:7"},
    {"::1", "[::1]:7"},
    {"2001:DB8::0:1", "[2001:db8::1]:7"},
    {"::ffff:10.0.0.1", "[::ffff:10.0.0.1]:7"},
    {"fe80::1%lo", "[fe80::1%lo]:7"},
    {"fe80::1%1", "[fe80::1%lo]:7"},
    {"fe80::1%4000000000", "[fe80::1%4000000000]:7"},
    {"ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255",
     "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:7"},
    {"", NULL},
    {"localhost", NULL},
    {"1.2.3", NULL},
    {"1.2.3.4.5", NULL},
    {"1.2.3.256", NULL},
    {" 1.2.3.4", NULL},
    {"[::1]", NULL},
    {"::1::", NULL},
    {"fe80::1%", NULL},
    {"fe80::1%no such", NULL},
    {"fe80::1%1x", NULL},
    {"fe80::1%0", NULL},
    {"fe80::1%4294967296", NULL},
    {"fe80::1%99999999999999999999999", NULL},
    {"fe80::1%-1", NULL},
    {"1.2.3.4%1", NULL},
    {"ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255.255.255.255.255", NULL},
};

START_TEST(a_text_is_an_address_or_not)
{
    diesel_error err;
    diesel_address address;
    char shown[DIESEL_ADDRESS_TEXT];
    if (texts[_i].shown == NULL) {
        assert_fails(diesel_address_parse(texts[_i].text, 7, &address, &err),
                     DIESEL_E_INVAL);
        ck_assert_uint_eq(address.size, 0);
        ck_assert_str_eq(diesel_address_text(&address, shown, sizeof shown),
                         "unnamed");
        return;
    }
    assert_ok(diesel_address_parse(texts[_i].text, 7, &address, &err));
    ck_assert_str_eq(diesel_address_text(&address, shown, sizeof shown),
                     texts[_i].shown);
    ck_assert_uint_eq(diesel_address_port(&address), 7);
    diesel_address_set_port(&address, 65535);
    ck_assert_uint_eq(diesel_address_port(&address), 65535);
}
END_TEST

/* A Unix socket's, of the first `n` bytes of a path. */
static diesel_address unix_address(const char *path, size_t n)
{
    diesel_address address = {.size = 0};
    address.un.sun_family = AF_UNIX;
    memcpy(address.un.sun_path, path, n);
    address.size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n);
    return address;
}

static const struct {
    const char *path;
    size_t n;
    const char *shown;
} paths[] = {
    {"/run/x", 7, "/run/x"},
    {"/run/x", 6, "/run/x"}, /* without its zero byte */
    {"", 0, "unnamed"},
    {"\0name", 5, "@name"},
    {"\0", 1, "@"},
};

START_TEST(a_path_is_shown_and_has_no_port)
{
    char shown[DIESEL_ADDRESS_TEXT];
    diesel_address address = unix_address(paths[_i].path, paths[_i].n);
    ck_assert_str_eq(diesel_address_text(&address, shown, sizeof shown),
                     paths[_i].shown);
    diesel_address_set_port(&address, 5);
    ck_assert_uint_eq(diesel_address_port(&address), 0);
}
END_TEST

START_TEST(what_is_none_has_no_port_and_no_name)
{
    char shown[DIESEL_ADDRESS_TEXT];
    diesel_address none = {.size = 0}, netlink = {.size = sizeof netlink.any};
    diesel_address_set_port(&none, 5);
    ck_assert_uint_eq(diesel_address_port(&none), 0);
    netlink.any.sa_family = AF_NETLINK;
    ck_assert_str_eq(diesel_address_text(&netlink, shown, sizeof shown), "unnamed");
    ck_assert_uint_eq(diesel_address_port(&netlink), 0);
}
END_TEST

/* "": none; "/...": a Unix socket's; ports differ on purpose. */
static const struct {
    const char *a, *b;
    bool same;
} hosts[] = {
    {"1.2.3.4", "1.2.3.4", true},
    {"1.2.3.4", "1.2.3.5", false},
    {"1.2.3.4", "::ffff:1.2.3.4", true},
    {"1.2.3.4", "::ffff:1.2.3.5", false},
    {"1.2.3.4", "::1.2.3.4", false},
    {"1.2.3.4", "::1", false},
    {"::ffff:1.2.3.4", "::ffff:1.2.3.4", true},
    {"::1", "::1", true},
    {"::1", "::2", false},
    {"fe80::1%1", "fe80::1%1", true},
    {"fe80::1%1", "fe80::1%2", false},
    {"::1", "/a", false},
    {"1.2.3.4", "/a", false},
    {"/a", "/a", true},
    {"/a", "/b", false},
    {"/a", "/ab", false},
    {"", "", true},
    {"", "1.2.3.4", false},
    {"", "/a", false},
};

static diesel_address host_of(const char *text, uint16_t port)
{
    diesel_error err;
    diesel_address address = {.size = 0};
    if (text[0] == '/')
        return unix_address(text, strlen(text));
    if (text[0] != '\0')
        assert_ok(diesel_address_parse(text, port, &address, &err));
    return address;
}

START_TEST(the_same_host_is_so_both_ways)
{
    diesel_address a = host_of(hosts[_i].a, 1), b = host_of(hosts[_i].b, 2);
    ck_assert_int_eq(diesel_address_is_same_host(&a, &b), hosts[_i].same);
    ck_assert_int_eq(diesel_address_is_same_host(&b, &a), hosts[_i].same);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("address");
    test_case_rows(suite, "texts", a_text_is_an_address_or_not, TEST_COUNT(texts));
    test_case_rows(suite, "paths", a_path_is_shown_and_has_no_port,
                   TEST_COUNT(paths));
    test_case(suite, "none", what_is_none_has_no_port_and_no_name);
    test_case_rows(suite, "hosts", the_same_host_is_so_both_ways,
                   TEST_COUNT(hosts));
    return test_suite_run(suite);
}

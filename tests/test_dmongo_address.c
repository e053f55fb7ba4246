/* SPDX-License-Identifier: MIT */
/*
 * How dmongo reads the name of a server: as mongosh does.
 */
#include <check.h>
#include <stdlib.h>

#include "mongo/cli/address_internal.h"

static const struct {
    dmongo__address address;
    const char *want, *error;
} rows[] = {
    {{0}, "mongodb://127.0.0.1/", NULL},
    {{.uri = "app"}, "mongodb://127.0.0.1/app", NULL},
    {{.uri = "my app"}, "mongodb://127.0.0.1/my%20app", NULL},
    {{.uri = "localhost"}, "mongodb://localhost/", NULL},
    {{.uri = "db1.lan"}, "mongodb://db1.lan/", NULL},
    {{.uri = "db1:27018"}, "mongodb://db1:27018/", NULL},
    {{.uri = "db1:27018/app"}, "mongodb://db1:27018/app", NULL},
    {{.uri = "db1/app"}, "mongodb://db1/app", NULL},
    {{.uri = "10.0.0.5:9999/foo"}, "mongodb://10.0.0.5:9999/foo", NULL},
    {{.uri = "[::1]:27018/app"}, "mongodb://[::1]:27018/app", NULL},
    {{.uri = "[::1]/app", .port = 5}, "mongodb://[::1]:5/app", NULL},
    {{.uri = "/run/mongo.sock"}, "mongodb://%2Frun%2Fmongo.sock/", NULL},
    {{.uri = "/run/mongo.sock/app"}, "mongodb://%2Frun%2Fmongo.sock/app", NULL},
    {{.uri = "mongodb://u:p@db1/x?w=1"}, "mongodb://u:p@db1/x?w=1", NULL},
    {{.uri = "mongodb+srv://db.lan"}, "mongodb+srv://db.lan", NULL},
    {{.port = 27018}, "mongodb://127.0.0.1:27018/", NULL},
    {{.host = "db1"}, "mongodb://db1/", NULL},
    {{.host = "db1:5"}, "mongodb://db1:5/", NULL},
    {{.host = "db1", .port = 5}, "mongodb://db1:5/", NULL},
    {{.host = "::1"}, "mongodb://[::1]/", NULL},
    {{.host = "db1", .uri = "app"}, "mongodb://db1/app", NULL},
    {{.port = 5, .uri = "app"}, "mongodb://127.0.0.1:5/app", NULL},
    {{.host = "/tmp/x"}, "mongodb://%2Ftmp%2Fx/", NULL},
    {{.auth_db = "admin"}, "mongodb://127.0.0.1/?authSource=admin", NULL},
    {{.uri = "app", .auth_db = "a b"},
     "mongodb://127.0.0.1/app?authSource=a%20b", NULL},
    {{.uri = "mongodb://db1", .auth_db = "x"},
     "mongodb://db1/?authSource=x", NULL},
    {{.uri = "mongodb://db1/", .auth_db = "x"},
     "mongodb://db1/?authSource=x", NULL},
    {{.uri = "mongodb://db1/?w=1", .auth_db = "x"},
     "mongodb://db1/?w=1&authSource=x", NULL},
    {{.uri = "mongodb://db1/?", .auth_db = "x"},
     "mongodb://db1/?authSource=x", NULL},
    {{.uri = "mongodb://db1", .host = "db2"}, NULL,
     "options --host and --port: the connection string names the server "
     "already"},
    {{.uri = "mongodb://db1", .port = 5}, NULL,
     "options --host and --port: the connection string names the server "
     "already"},
    {{.uri = "db1:5", .host = "db2"}, NULL,
     "option --host and a host before it: give one"},
    {{.uri = "db1:5", .port = 6}, NULL,
     "option --port: the host has a port already, or is a socket"},
    {{.host = "db1:5", .port = 6}, NULL,
     "option --port: the host has a port already, or is a socket"},
    {{.uri = "mongodb://db1/?authsource=y", .auth_db = "x"}, NULL,
     "option --authenticationDatabase: the connection string has an authSource"},
};

START_TEST(address_becomes_a_connection_string)
{
    diesel_error err;
    char *uri = dmongo__address_uri(&rows[_i].address, &err);
    if (rows[_i].want != NULL) {
        ck_assert_ptr_nonnull(uri);
        ck_assert_str_eq(uri, rows[_i].want);
    } else {
        ck_assert_ptr_null(uri);
        ck_assert_int_eq(err.code, DIESEL_E_INVAL);
        ck_assert_str_eq(err.message, rows[_i].error);
    }
    free(uri);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("dmongo_address");
    TCase *tc = tcase_create("address");
    tcase_add_loop_test(tc, address_becomes_a_connection_string, 0,
                        (int)(sizeof rows / sizeof rows[0]));
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}

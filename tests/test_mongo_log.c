/* SPDX-License-Identifier: MIT */
/*
 * The driver's log, against a scripted server: what the environment says, messages and
 * fields, what is cut and what is not shown.
 */
#include <stdlib.h>

#include <diesel/log.h>
#include <diesel/mongo.h>

#include "mongo_pair.h"
#include "test_util.h"

/* "mongo.command debug: Command started command={...} ...\n" for each record. */
static char logged[40000];

static void collect(void *arg, const diesel_log_record *record)
{
    size_t n = strlen(logged);
    (void)arg;
    n += (size_t)snprintf(logged + n, sizeof logged - n, "%s %s: %s", record->logger,
                          diesel_log_level_name(record->level), record->message);
    for (size_t i = 0; i + 1 < record->count && n < sizeof logged; i += 2) {
        const diesel_value *v = &record->fields[i + 1];
        n += (size_t)snprintf(logged + n, sizeof logged - n, " %.*s=",
                              (int)record->fields[i].len, record->fields[i].s);
        if (v->type == DIESEL_VALUE_STR)
            n += (size_t)snprintf(logged + n, sizeof logged - n, "%.*s", (int)v->len,
                                  v->s);
        else if (v->type == DIESEL_VALUE_DOUBLE)
            n += (size_t)snprintf(logged + n, sizeof logged - n, "(double)");
        else
            n += (size_t)snprintf(logged + n, sizeof logged - n, "(int)");
    }
    snprintf(logged + n, sizeof logged - n, "\n");
}

/* The text of the log, which is empty from now on. */
static const char *told(void)
{
    static char copy[sizeof logged];
    memcpy(copy, logged, sizeof copy);
    logged[0] = 0;
    return copy;
}

static bool hangs_up;

static int serve(mongo_script_peer *peer, const mongo_script_request *request,
                 void *arg)
{
    (void)arg;
    if (hangs_up)
        return -1;
    if (strcmp(request->command, "fails") == 0)
        return mongo_script_reply(peer, request,
                                  dmongo_doc("ok", 0.0, "code", 59, "errmsg", "no way"),
                                  NULL);
    return mongo_script_reply(peer, request, dmongo_doc("n", 7, "ok", 1.0), NULL);
}

static void open_with(const char *options)
{
    diesel_error err;
    assert_ok(diesel_log_sinks_set(&(diesel_log_sink){collect, NULL}, 1, &err));
    open_pair(serve, &(mongo_script_options){.tcp = true}, options, NULL);
}

FIBER_TEST(without_being_asked_for_nothing_is_logged)
{
    diesel_error err;
    open_with("");
    assert_ok(dmongo_run(mongo, "t", dmongo_doc("ping", 1), NULL, &err));
    close_pair();
    ck_assert_str_eq(logged, "");
    return 0;
}
END_TEST

FIBER_TEST(commands_and_what_became_of_them)
{
    diesel_error err;
    setenv("MONGODB_LOG_COMMAND", "debug", 1);
    open_with("");
    ck_assert_str_eq(told(), "");
    assert_ok(dmongo_run(mongo, "t", dmongo_doc("ping", 1), NULL, &err));
    ck_assert_str_eq(
        told(),
        "mongo.command debug: Command started command={ \"ping\" : 1, \"$db\" : \"t\" } "
        "commandName=ping databaseName=t requestId=(int) operationId=(int) "
        "driverConnectionId=(int) serverConnectionId=(int) serverHost=127.0.0.1 "
        "serverPort=(int)\n"
        "mongo.command debug: Command succeeded reply={ \"n\" : 7, \"ok\" : 1.0 } "
        "durationMS=(double) commandName=ping databaseName=t requestId=(int) "
        "operationId=(int) driverConnectionId=(int) serverConnectionId=(int) "
        "serverHost=127.0.0.1 serverPort=(int)\n");
    assert_fails(dmongo_run(mongo, "t", dmongo_doc("fails", 1), NULL, &err), DIESEL_E_SERVER);
    const char *text = told();
    assert_contains(text, "Command failed failure=");
    assert_contains(text, "no way");
    close_pair();
    return 0;
}
END_TEST

FIBER_TEST(secrets_are_not_logged)
{
    diesel_error err;
    setenv("MONGODB_LOG_ALL", "trace", 1);
    open_with("");
    assert_ok(dmongo_run(mongo, "t", dmongo_doc("createUser", "ann", "pwd", "hush"),
                         NULL, &err));
    const char *text = told();
    assert_contains(text, "Command started command={ } commandName=createUser");
    assert_contains(text, "Command succeeded reply={ } ");
    ck_assert_ptr_null(strstr(text, "hush"));
    close_pair();
    return 0;
}
END_TEST

/* "é" is two bytes, and is not cut in the middle. */
static const struct {
    const char *most, *text, *shown;
} cuts[] = {
    {"10", "x", "command={ \"ping\" :... commandName"},
    {"18", "\xc3\xa9\xc3\xa9\xc3\xa9", "command={ \"ping\" : \"\xc3\xa9\xc3\xa9\xc3\xa9... commandName"},
    {"17", "\xc3\xa9\xc3\xa9\xc3\xa9", "command={ \"ping\" : \"\xc3\xa9\xc3\xa9... commandName"},
    {"16", "\xc3\xa9\xc3\xa9\xc3\xa9", "command={ \"ping\" : \"\xc3\xa9\xc3\xa9... commandName"},
    {"0", "x", "command=... commandName"},
    {"-1", "x", "command={ \"ping\" : \"x\", \"$db\" : \"t\" } commandName"},
    {"much", "x", "command={ \"ping\" : \"x\", \"$db\" : \"t\" } commandName"},
    {"5x", "x", "command={ \"ping\" : \"x\", \"$db\" : \"t\" } commandName"},
};

FIBER_TEST(long_documents_are_cut)
{
    diesel_error err;
    setenv("MONGODB_LOG_COMMAND", "DEBUG", 1);
    open_with("");
    for (size_t i = 0; i < TEST_COUNT(cuts); i++) {
        setenv("MONGODB_LOG_MAX_DOCUMENT_LENGTH", cuts[i].most, 1);
        assert_ok(dmongo_run(mongo, "t", dmongo_doc("ping", cuts[i].text), NULL, &err));
        assert_contains(told(), cuts[i].shown);
    }
    unsetenv("MONGODB_LOG_MAX_DOCUMENT_LENGTH");
    static char long_text[5000];
    memset(long_text, 'x', sizeof long_text - 1);
    assert_ok(dmongo_run(mongo, "t", dmongo_doc("ping", long_text), NULL, &err));
    long_text[1000 - strlen("{ \"ping\" : \"")] = 0;
    char shown[2000];
    snprintf(shown, sizeof shown, "command={ \"ping\" : \"%s... commandName", long_text);
    assert_contains(told(), shown);
    close_pair();
    return 0;
}
END_TEST

FIBER_TEST(pools_and_why_connections_are_closed)
{
    diesel_error err;
    setenv("MONGODB_LOG_CONNECTION", "debug", 1);
    open_with("maxPoolSize=5&waitQueueTimeoutMS=10000");
    ck_assert_str_eq(
        told(),
        "mongo.connection debug: Connection pool created serverHost=127.0.0.1 "
        "serverPort=(int) maxPoolSize=(int) waitQueueTimeoutMS=(int)\n"
        "mongo.connection debug: Connection pool ready serverHost=127.0.0.1 "
        "serverPort=(int)\n");
    assert_ok(dmongo_run(mongo, "t", dmongo_doc("ping", 1), NULL, &err));
    ck_assert_str_eq(
        told(),
        "mongo.connection debug: Connection checkout started serverHost=127.0.0.1 "
        "serverPort=(int)\n"
        "mongo.connection debug: Connection created serverHost=127.0.0.1 "
        "serverPort=(int) driverConnectionId=(int)\n"
        "mongo.connection debug: Connection ready serverHost=127.0.0.1 "
        "serverPort=(int) driverConnectionId=(int) durationMS=(double)\n"
        "mongo.connection debug: Connection checked out serverHost=127.0.0.1 "
        "serverPort=(int) driverConnectionId=(int) durationMS=(double)\n"
        "mongo.connection debug: Connection checked in serverHost=127.0.0.1 "
        "serverPort=(int) driverConnectionId=(int)\n");
    hangs_up = true;
    assert_fails(dmongo_run(mongo, "t", dmongo_doc("ping", 1), NULL, &err), DIESEL_E_CLOSED);
    const char *text = told();
    assert_contains(text, "Connection pool cleared");
    assert_contains(text, "reason=Connection became stale because the pool was cleared");
    hangs_up = false;
    dmongo_close(mongo);
    assert_contains(told(), "Connection pool closed");
    mongo = NULL;
    close_pair();
    return 0;
}
END_TEST

FIBER_TEST(a_server_is_chosen_for_each_operation)
{
    diesel_error err;
    setenv("MONGODB_LOG_SERVER_SELECTION", "debug", 1);
    open_with("");
    assert_ok(dmongo_run(mongo, "t", dmongo_doc("ping", 1), NULL, &err));
    const char *text = told();
    assert_contains(text, "mongo.serverSelection debug: Server selection started "
                          "selector=primary operationId=(int) operation=ping "
                          "topologyDescription=Single, 127.0.0.1:");
    assert_contains(text, " Standalone\nmongo.serverSelection debug: Server selection "
                          "succeeded ");
    assert_contains(text, " Standalone serverHost=127.0.0.1 serverPort=(int)\n");
    close_pair();
    return 0;
}
END_TEST

FIBER_TEST(waiting_for_a_server_is_told_once)
{
    diesel_error err;
    setenv("MONGODB_LOG_SERVER_SELECTION", "debug", 1);
    open_with("serverSelectionTimeoutMS=1200");
    hangs_up = true;
    mongo_script_close(server);
    assert_fails(dmongo_run(mongo, "t", dmongo_doc("ping", 1), NULL, &err), DIESEL_E_CLOSED);
    told();
    assert_fails(dmongo_run(mongo, "t", dmongo_doc("ping", 1), NULL, &err), DIESEL_E_REFUSED);
    const char *text = told();
    assert_contains(text, "mongo.serverSelection info: Waiting for suitable server to "
                          "become available selector=primary operationId=(int) "
                          "operation=ping topologyDescription=Unknown, 127.0.0.1:");
    assert_contains(text, "remainingTimeMS=(int)\nmongo.serverSelection debug: Server "
                          "selection failed");
    assert_contains(text, " failure=no server can be used");
    dmongo_close(mongo);
    return 0;
}
END_TEST

/* --- The environment */

static const struct {
    const char *all, *command;
    int level; /* of mongo.command */
} levels[] = {
    {NULL, NULL, DIESEL_INFO},       {"debug", NULL, DIESEL_DEBUG},
    {"debug", "off", DIESEL_OFF},    {"off", "Trace", DIESEL_TRACE},
    {"debug", "loud", DIESEL_DEBUG}, {"loud", NULL, DIESEL_INFO},
    {"emergency", NULL, DIESEL_ERROR}, {"warn", NULL, DIESEL_WARNING},
    {"notice", NULL, DIESEL_INFO},   {"", "", DIESEL_INFO},
};

static int open_only(void *arg)
{
    diesel_error err;
    (void)arg;
    dmongo *client = dmongo_open("mongodb://%2Fnowhere%2Fat%2Fall", NULL, &err);
    ck_assert_ptr_null(client);
    return 0;
}

START_TEST(the_environment_sets_levels)
{
    diesel_error err;
    if (levels[_i].all != NULL)
        setenv("MONGODB_LOG_ALL", levels[_i].all, 1);
    if (levels[_i].command != NULL)
        setenv("MONGODB_LOG_COMMAND", levels[_i].command, 1);
    assert_ok(diesel_log_sinks_set(NULL, 0, &err));
    assert_ok(diesel_run(open_only, NULL, NULL, &err));
    ck_assert_int_eq(diesel_log_level("mongo.command"), levels[_i].level);
}
END_TEST

START_TEST(what_the_program_sets_goes_before_the_environment)
{
    diesel_error err;
    setenv("MONGODB_LOG_ALL", "debug", 1);
    assert_ok(diesel_log_level_set("mongo", DIESEL_OFF, &err));
    assert_ok(diesel_run(open_only, NULL, NULL, &err));
    ck_assert_int_eq(diesel_log_level("mongo.command"), DIESEL_OFF);
}
END_TEST

static int ping(void *arg)
{
    diesel_error err;
    (void)arg;
    open_with("");
    assert_ok(dmongo_run(mongo, "t", dmongo_doc("ping", 1), NULL, &err));
    close_pair();
    return 0;
}

START_TEST(the_environment_names_a_file_that_is_added_to)
{
    diesel_error err;
    char text[20000] = "";
    const char *path = test_path("log");
    FILE *file = fopen(path, "w");
    fputs("before\n", file);
    fclose(file);
    setenv("MONGODB_LOG_COMMAND", "debug", 1);
    setenv("MONGODB_LOG_PATH", path, 1);
    assert_ok(diesel_run(ping, NULL, NULL, &err));
    ck_assert_str_eq(logged, ""); /* of the log's sinks */
    file = fopen(path, "r");
    ck_assert_uint_gt(fread(text, 1, sizeof text - 1, file), 0);
    fclose(file);
    ck_assert_int_eq(strncmp(text, "before\n", 7), 0);
    assert_contains(text, "mongo.command: Command started command=");
    assert_contains(text, "mongo.command: Command succeeded reply=");
}
END_TEST

START_TEST(a_file_that_cannot_be_opened_is_as_if_none_were_named)
{
    diesel_error err;
    setenv("MONGODB_LOG_COMMAND", "debug", 1);
    setenv("MONGODB_LOG_PATH", "/nowhere/at/all", 1);
    assert_ok(diesel_run(ping, NULL, NULL, &err));
    assert_contains(logged, "mongo.command debug: Command started");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("mongo log");
    test_case(suite, "commands", without_being_asked_for_nothing_is_logged,
              commands_and_what_became_of_them, secrets_are_not_logged,
              long_documents_are_cut);
    test_case(suite, "pools", pools_and_why_connections_are_closed);
    test_case(suite, "selection", a_server_is_chosen_for_each_operation,
              waiting_for_a_server_is_told_once);
    test_case_rows(suite, "levels", the_environment_sets_levels, TEST_COUNT(levels));
    test_case(suite, "environment",
              what_the_program_sets_goes_before_the_environment,
              the_environment_names_a_file_that_is_added_to,
              a_file_that_cannot_be_opened_is_as_if_none_were_named);
    return test_suite_run(suite);
}

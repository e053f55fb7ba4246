/* SPDX-License-Identifier: MIT */
/*
 * Metrics of a client, and the page "mongo" of the console, against a scripted server.
 */
#include <stdlib.h>

#include <diesel/channel.h>
#include <diesel/console.h>
#include <diesel/memory.h>
#include <diesel/metrics.h>
#include <diesel/mongo.h>
#include <diesel/process.h>
#include <diesel/scope.h>

#include "mongo_pair.h"
#include "test_util.h"

static bool hangs_up;
static diesel_channel *release; /* a command "slow" is answered after a message */

static int serve(mongo_script_peer *peer, const mongo_script_request *request,
                 void *arg)
{
    diesel_error err;
    char unused;
    (void)arg;
    if (hangs_up)
        return -1;
    if (strcmp(request->command, "slow") == 0 &&
        diesel_channel_recv(release, &unused, DIESEL_FOREVER, &err) <= 0)
        return -1;
    if (strcmp(request->command, "fails") == 0)
        return mongo_script_reply(peer, request,
                                  dmongo_doc("ok", 0.0, "code", 59, "errmsg", "no"), NULL);
    return mongo_script_reply(peer, request, dmongo_doc("n", 1, "ok", 1.0), NULL);
}

static void open_with(const char *options, dmongo_metrics metrics)
{
    open_pair(serve, &(mongo_script_options){.tcp = true}, options,
              &(dmongo_options){.metrics = metrics, .app_name = "shop"});
}

static void run(const char *command, int code)
{
    diesel_error err;
    int done = dmongo_run(mongo, "t", dmongo_doc(command, 1), NULL, &err);
    ck_assert_int_eq(done == 0 ? 0 : err.code, code);
}

/* The value in the line `NAME{server="...",MORE} VALUE` of the page; -1: there is none. */
static double metric(const char *name, const char *more)
{
    diesel_error err;
    char line[300];
    double value = -1;
    char *text = diesel_metrics_text(DIESEL_METRICS_PROMETHEUS, NULL, &err);
    ck_assert_ptr_nonnull(text);
    snprintf(line, sizeof line, "\n%s{server=\"%s\"%s%s} ", name,
             dmongo_server(mongo), *more != 0 ? "," : "", more);
    const char *at = strstr(text, line);
    if (at != NULL)
        value = strtod(at + strlen(line), NULL);
    diesel_free(text);
    return value;
}

FIBER_TEST(commands_are_counted_by_name)
{
    open_with("", DMONGO_METRICS_COMMANDS);
    run("ping", 0);
    run("ping", 0);
    run("count", 0);
    run("unheardOf", 0);
    run("fails", DIESEL_E_SERVER);
    ck_assert_double_eq(metric("dmongo_command_seconds_count", "command=\"ping\""), 2);
    ck_assert_double_eq(metric("dmongo_command_seconds_count", "command=\"count\""), 1);
    ck_assert_double_eq(metric("dmongo_command_seconds_count", "command=\"other\""), 2);
    ck_assert_double_eq(metric("dmongo_errors_total", ""), 1);
    ck_assert_double_eq(metric("dmongo_retries_total", ""), 0);
    ck_assert_double_eq(metric("dmongo_check_out_seconds_count", ""), 5);
    ck_assert_double_eq(metric("dmongo_connections_total", ""), 1);
    close_pair();
    return 0;
}
END_TEST

FIBER_TEST(or_all_of_them_together)
{
    open_with("", DMONGO_METRICS_CLIENT);
    run("ping", 0);
    run("count", 0);
    ck_assert_double_eq(metric("dmongo_command_seconds_count", ""), 2);
    ck_assert_double_eq(metric("dmongo_command_seconds_count", "command=\"ping\""), -1);
    close_pair();
    return 0;
}
END_TEST

static int run_slow(void *arg)
{
    (void)arg;
    run("slow", 0);
    return 0;
}

static void release_one(void)
{
    diesel_error err;
    assert_ok(diesel_channel_send(release, &(char){1}, DIESEL_FOREVER, &err));
}

/* Two operations on a pool of one: one has the connection, the other waits. */
static diesel_scope *start_two(void)
{
    diesel_error err;
    assert_made(release = diesel_channel_new(1, 0, &err));
    diesel_scope *scope = diesel_scope_open(&(diesel_scope_options){0});
    diesel_go_labelled(scope, "first", run_slow, NULL);
    diesel_go_labelled(scope, "second", run_slow, NULL);
    while (metric("dmongo_waiting", "") != 1 || metric("dmongo_in_use", "") != 1)
        assert_ok(diesel_yield(&err));
    return scope;
}

static void end_two(diesel_scope *scope)
{
    diesel_error err;
    release_one();
    release_one();
    assert_ok(diesel_scope_wait(scope, &err));
    diesel_channel_free(release);
}

FIBER_TEST(gauges_tell_of_the_pool_and_are_taken_back)
{
    open_with("maxPoolSize=1", DMONGO_METRICS_CLIENT);
    diesel_scope *scope = start_two();
    ck_assert_double_eq(metric("dmongo_connections", ""), 1);
    end_two(scope);
    ck_assert_double_eq(metric("dmongo_waiting", ""), 0);
    ck_assert_double_eq(metric("dmongo_in_use", ""), 0);
    hangs_up = true;
    run("ping", DIESEL_E_CLOSED);
    ck_assert_double_eq(metric("dmongo_connections", ""), 0);
    ck_assert_double_eq(metric("dmongo_errors_total", ""), 1);
    hangs_up = false;
    run("ping", 0);
    ck_assert_double_eq(metric("dmongo_connections", ""), 1);
    close_pair();
    return 0;
}
END_TEST

/* --- The console */

static const char *path;

/* What diesel-console prints of the page, as JSON if wished; owned: diesel_free(). */
static char *look(bool json)
{
    diesel_error err;
    diesel_captured got;
    char tool[1024];
    const char *built = getenv("top_builddir");
    snprintf(tool, sizeof tool, "%s/core/cli/diesel-console",
             built != NULL ? built : ".");
    const char *const argv[] = {tool, "-o", "mongo", path, json ? "-j" : NULL, NULL};
    assert_ok(diesel_process_run(argv, NULL, NULL, 0, 1 << 20, &got, &err));
    char **said = got.err_size > 0 ? &got.err : &got.out;
    char *out = *said;
    *said = NULL;
    diesel_captured_clear(&got);
    return out;
}

static int show_in_use(void *arg)
{
    char *text, wanted[400];
    (void)arg;
    open_with("maxPoolSize=1", DMONGO_METRICS_CLIENT);
    diesel_scope *scope = start_two();
    text = look(true);
    snprintf(wanted, sizeof wanted,
             "{\"server\":\"%s\",\"client\":\"shop\",\"type\":\"Standalone\",\"state\":"
             "\"ready\",\"connections\":1,\"in_use\":1,\"making\":0,\"waiting\":1,"
             "\"max\":1,\"generation\":0}",
             dmongo_server(mongo));
    assert_contains(text, wanted);
    snprintf(wanted, sizeof wanted,
             "{\"server\":\"%s\",\"connection\":1,\"operation\":\"slow\",\"fiber\":"
             "\"first\"}", dmongo_server(mongo));
    assert_contains(text, wanted);
    diesel_free(text);
    end_two(scope);
    hangs_up = true;
    run("ping", DIESEL_E_CLOSED);
    text = look(true);
    assert_contains(text, "\"type\":\"Unknown\",\"state\":\"paused\",\"connections\":0");
    assert_contains(text, "\"generation\":1}");
    ck_assert_ptr_null(strstr(text, "\"fiber\""));
    diesel_free(text);
    text = look(false);
    assert_contains(text, "generation");
    assert_contains(text, "  shop    Unknown  paused ");
    diesel_free(text);
    close_pair();
    text = look(true);
    assert_contains(text, "there is no command mongo");
    diesel_free(text);
    return 0;
}

START_TEST(the_console_shows_pools_and_who_has_connections)
{
    diesel_error err;
    path = test_path("console");
    assert_ok(diesel_run(show_in_use, NULL, &(diesel_options){.console = path}, &err));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("mongo metrics");
    test_case(suite, "metrics", commands_are_counted_by_name, or_all_of_them_together,
              gauges_tell_of_the_pool_and_are_taken_back);
    test_case(suite, "console", the_console_shows_pools_and_who_has_connections);
    return test_suite_run(suite);
}

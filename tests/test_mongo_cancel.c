/* SPDX-License-Identifier: MIT */
/*
 * A MongoDB client that is cut: each operation is cancelled at each of its turns, and
 * each of its requests gets no answer until the time is up. It must end, leave
 * nothing behind, also no cursor in the server, and the client must go on to be of
 * use.
 */
#include <stdint.h>

#include <diesel/mongo.h>

#include "cancel_loop.h"
#include "mongo_small.h"
#include "mongo_uses.h"

static mongo_script *server;

static mongo_script *begin(void)
{
    mongo_small_reset();
    mongo_use_has_cursor = false;
    return mongo_script_open(mongo_small, NULL, &mongo_small_options);
}

/* Whatever was cut, the next call finds all well; and the server has no cursor that
 * it had told the client of. */
static void end(dmongo *client)
{
    diesel_error err;
    diesel_scope *shield =
        diesel_scope_open(&(diesel_scope_options){.shield = true});
    if (client != NULL)
        assert_ok(dmongo_run(client, "t", dmongo_doc("ping", 1), NULL, &err));
    ck_assert(!mongo_use_has_cursor || !mongo_small_counts.is_open);
    dmongo_close(client);
    mongo_script_close(server);
    assert_ok(diesel_scope_wait(shield, &err));
}

static int connect_as_user(void *arg)
{
    const char *options = arg;
    char uri[600];
    diesel_error err;
    server = begin();
    mongo_small_uri(server, MONGO_SMALL_PASSWORD, options, uri);
    dmongo *client = dmongo_open(uri, NULL, &err);
    end(client);
    return client == NULL ? diesel_fail(&err) : 0;
}

static const char *const ways[] = {"", "authMechanism=SCRAM-SHA-256",
                                   "minPoolSize=3"};

START_TEST(connecting_and_authenticating)
{
    ck_assert_int_gt(cancel_loop(connect_as_user, (void *)(uintptr_t)ways[_i]), 3);
}
END_TEST

static int use(void *arg)
{
    const struct mongo_use *what = arg;
    diesel_error err;
    server = begin();
    dmongo *client = dmongo_open(mongo_script_uri(server), NULL, &err);
    int result = client != NULL ? what->run(client, &err) : -1;
    end(client);
    return result < 0 ? diesel_fail(&err) : 0;
}

START_TEST(each_operation)
{
    long n = cancel_loop(use, (void *)(uintptr_t)&mongo_uses[_i]);
    ck_assert_msg(n > 3, "%s", mongo_uses[_i].name);
}
END_TEST

/* What is cut when the server does not answer its n-th request: the time is up
 * surely, however short it is. */
enum { SHORT_MS = 50 };

/* Returns how it ended; *met: whether there was an n-th request. */
static int run_unanswered(const struct mongo_use *what, const char *options, long n,
                          bool *met, diesel_error *why)
{
    diesel_error err;
    char uri[600];
    server = begin();
    snprintf(uri, sizeof uri, "%s/?%s", mongo_script_uri(server), options);
    dmongo *client = dmongo_open(uri, NULL, &err);
    ck_assert_msg(client != NULL, "%s", err.message);
    mongo_small_silent_at = n;
    diesel_scope *scope = diesel_scope_open(&(diesel_scope_options){
        .timeout_ms = *options == 0 ? SHORT_MS : 0});
    int result = what->run(client, why);
    *met = mongo_small_counts.requests >= n;
    mongo_small_silent_at = 0;
    (void)!diesel_scope_wait(scope, NULL);
    end(client);
    return result;
}

static const char *const limits[] = {"", "timeoutMS=50", "socketTimeoutMS=50"};

FIBER_TEST(an_answer_that_does_not_come_is_waited_for_until_the_time_is_up)
{
    diesel_error err;
    const struct mongo_use *what = &mongo_uses[row / (int)TEST_COUNT(limits)];
    const char *limit = limits[row % (int)TEST_COUNT(limits)];
    bool met = true;
    for (long n = 1; met; n++) {
        test_error_wipe(&err);
        int result = run_unanswered(what, limit, n, &met, &err);
        ck_assert_msg(!met || result < 0, "%s, request %ld", what->name, n);
        if (result < 0)
            assert_error(DIESEL_E_TIMEDOUT);
        if (result < 0 && !met) { /* slow enough for the time to be up before */
            n--;
            met = true;
        }
    }
    return 0;
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("mongo cut");
    TCase *tc = tcase_create("at each turn");
    tcase_set_timeout(tc, 600);
    tcase_add_loop_test(tc, connecting_and_authenticating, 0, TEST_COUNT(ways));
    tcase_add_loop_test(tc, each_operation, 0, mongo_use_count);
    suite_add_tcase(suite, tc);
    tc = tcase_create("at each request");
    tcase_set_timeout(tc, 600);
    tcase_add_loop_test(
        tc, an_answer_that_does_not_come_is_waited_for_until_the_time_is_up, 0,
        mongo_use_count * (int)TEST_COUNT(limits));
    suite_add_tcase(suite, tc);
    return test_suite_run(suite);
}

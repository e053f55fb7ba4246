/* SPDX-License-Identifier: MIT */
/*
 * The proxy: what it sees, and every fate that it can give a message, between the
 * library's own client and server.
 */
#include <stdint.h>

#include <diesel/mongo.h>

#include "test_util.h"

/* What the hook notes, and what it does to the messages of one command. */
static struct {
    char seen[1000];
    const char *command; /* whose fate it is */
    bool replies;        /* ... of its replies, and not its requests */
    dmongo_fate fate;
} plan;

static void watch(const dmongo_passing *m, dmongo_fate *fate, void *arg)
{
    (void)arg;
    size_t n = strlen(plan.seen);
    if (strcmp(m->command, "isMaster") != 0)
        snprintf(plan.seen + n, sizeof plan.seen - n, "%s%s%s ", m->command,
                 m->is_reply ? "<" : ">", m->compressor != NULL ? "c" : "");
    ck_assert_ptr_nonnull(m->body);
    ck_assert_uint_eq(m->connection > 0, true);
    if (plan.command != NULL && strcmp(m->command, plan.command) == 0 &&
        m->is_reply == plan.replies)
        *fate = plan.fate;
}

static int served;

static int answer(dmongo_peer *peer, const dmongo_request *request, void *arg)
{
    (void)arg;
    served++;
    if (strcmp(request->command, "count") == 0)
        return dmongo_peer_reply(peer, request, dmongo_doc("n", 3, "ok", 1.0), NULL, NULL);
    served--;
    return DMONGO_UNANSWERED;
}

static struct {
    diesel_listener *behind, *front;
    char address[64];
    diesel_scope *scope;
    dmongo *mongo;
} set;

static int serve(void *arg)
{
    diesel_error err;
    (void)arg;
    dmongo_serve(set.behind,
                 &(dmongo_serve_options){.answer = answer,
                                         .peer = {.compressors = "zlib"}},
                 &err);
    return diesel_fail(&err);
}

static int proxy(void *arg)
{
    diesel_error err;
    (void)arg;
    dmongo_proxy(set.front, set.address, &(dmongo_proxy_options){.watch = watch},
                 &err);
    return diesel_fail(&err);
}

static void open_all(const char *options)
{
    diesel_error err;
    char uri[128];
    assert_made(set.behind = diesel_tcp_listen("127.0.0.1", 0, NULL, &err));
    assert_made(set.front = diesel_tcp_listen("127.0.0.1", 0, NULL, &err));
    snprintf(set.address, sizeof set.address, "127.0.0.1:%u",
             diesel_listener_port(set.behind));
    snprintf(uri, sizeof uri, "mongodb://127.0.0.1:%u/?%s",
             diesel_listener_port(set.front), options);
    set.scope = diesel_scope_open(NULL);
    diesel_go(set.scope, serve, NULL);
    diesel_go(set.scope, proxy, NULL);
    assert_made(set.mongo = dmongo_open(uri, NULL, &err));
}

static void close_all(void)
{
    diesel_error err;
    dmongo_close(set.mongo);
    diesel_scope_cancel(set.scope);
    assert_ok(diesel_scope_wait(set.scope, &err));
}

static int count(diesel_error *err)
{
    bson_t *reply;
    if (dmongo_run(set.mongo, "t", dmongo_doc("count", "c"), &reply, err) < 0)
        return -1;
    int n = (int)dmongo_get_int(reply, "n", 0);
    bson_destroy(reply);
    return n;
}

FIBER_TEST(messages_go_on_and_are_seen)
{
    diesel_error err;
    open_all("");
    ck_assert_int_eq(count(&err), 3);
    ck_assert_int_eq(count(&err), 3);
    ck_assert_str_eq(plan.seen, "count> count< count> count< ");
    close_all();
    return 0;
}
END_TEST

FIBER_TEST(compressed_messages_are_seen_as_well)
{
    diesel_error err;
    open_all("compressors=zlib");
    ck_assert_int_eq(count(&err), 3);
    bool zlib = strcmp(plan.seen, "count>c count<c ") == 0;
    ck_assert_msg(zlib || dmongo_warning(set.mongo, 0) != NULL, "%s", plan.seen);
    close_all();
    return 0;
}
END_TEST

static const struct {
    const char *claim;
    bool replies;
    dmongo_fate fate;
    int code; /* of the call; 0: it succeeds */
    int served;
} fates[] = {
    {"a request that is delayed arrives", false, {.delay_ms = 5}, 0, 1},
    {"a request in pieces arrives", false, {.piece = 1}, 0, 1},
    {"a request in pieces with pauses arrives", false,
     {.piece = 30, .pause_ms = 1}, 0, 1},
    {"a reply in pieces arrives", true, {.piece = 1}, 0, 1},
    {"a request that is dropped is waited for", false, {.drop = true},
     DIESEL_E_TIMEDOUT, 0},
    {"a reply that is dropped is waited for", true, {.drop = true},
     DIESEL_E_TIMEDOUT, 1},
    {"closing before the request", false, {.close = true}, DIESEL_E_CLOSED, 0},
    {"closing before the reply", true, {.close = true}, DIESEL_E_CLOSED, 1},
    {"a reply that is cut", true, {.cut = 20}, DIESEL_E_CLOSED, 1},
    {"a request that is cut", false, {.cut = 20}, DIESEL_E_CLOSED, 0},
    {"a reply that claims to be longer is waited for", true, {.flip = 3},
     DIESEL_E_TIMEDOUT, 1},
    {"a reply to something else", true, {.flip = 8}, DIESEL_E_PROTOCOL, 1},
    {"a request of an unknown operation", false, {.flip = 12}, DIESEL_E_CLOSED, 0},
};

FIBER_TEST(fate_is_met)
{
    diesel_error err;
    open_all("socketTimeoutMS=300");
    plan.command = "count";
    plan.replies = fates[row].replies;
    plan.fate = fates[row].fate;
    int n = count(&err);
    ck_assert_msg(n == (fates[row].code == 0 ? 3 : -1), "%s: %d, %s",
                  fates[row].claim, n, n < 0 ? err.message : "");
    if (n < 0)
        ck_assert_msg(err.code == fates[row].code, "%s: %s", fates[row].claim,
                      err.message);
    ck_assert_int_eq(served, fates[row].served);
    plan.command = NULL;
    ck_assert_int_eq(count(&err), 3); /* the next one finds all well */
    close_all();
    return 0;
}
END_TEST

FIBER_TEST(the_proxy_answers_in_the_servers_place)
{
    diesel_error err;
    bson_t doc = BSON_INITIALIZER;
    open_all("");
    BCON_APPEND(&doc, "n", BCON_INT32(99), "ok", BCON_DOUBLE(1));
    plan.command = "count";
    plan.fate.answer = &doc;
    ck_assert_int_eq(count(&err), 99);
    ck_assert_int_eq(served, 0);
    plan.command = NULL;
    ck_assert_int_eq(count(&err), 3);
    bson_destroy(&doc);
    close_all();
    return 0;
}
END_TEST

FIBER_TEST(a_server_that_is_no_address_is_refused)
{
    static const char *const wrong[] = {"", "host", "host:", "host:0", "host:65536",
                                        "host:12x", ":27017"};
    for (size_t i = 0; i < TEST_COUNT(wrong); i++) {
        diesel_error err;
        diesel_listener *listener;
        assert_made(listener = diesel_tcp_listen("127.0.0.1", 0, NULL, &err));
        ck_assert_int_eq(dmongo_proxy(listener, wrong[i], NULL, &err), -1);
        ck_assert_msg(err.code == DIESEL_E_INVAL, "%s", wrong[i]);
    }
    return 0;
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("mongo_proxy");
    test_case(suite, "proxy", messages_go_on_and_are_seen,
              compressed_messages_are_seen_as_well,
              the_proxy_answers_in_the_servers_place,
              a_server_that_is_no_address_is_refused);
    test_case_rows(suite, "fates", fate_is_met, TEST_COUNT(fates));
    return test_suite_run(suite);
}

/* SPDX-License-Identifier: MIT */
/*
 * Events: what a client tells of its commands and its pools, against a scripted
 * server.
 */
#include <stdint.h>

#include <diesel/mongo.h>

#include "mongo_pair.h"
#include "test_util.h"

/* What was told, one word for each event; and of the last ones, more. */
static struct {
    char commands[500], pool[1000];
    bson_t *command, *reply;
    diesel_error error;
    uint32_t request_id;
    uint64_t operation_id;
} told;

static void add(char *text, size_t room, const char *a, const char *b)
{
    size_t n = strlen(text);
    snprintf(text + n, room - n, "%s%s ", a, b);
}

static void keep(bson_t **kept, const bson_t *doc)
{
    bson_destroy(*kept);
    *kept = doc != NULL ? bson_copy(doc) : NULL;
}

static void started(const dmongo_command_event *e, void *arg)
{
    ck_assert_ptr_eq(arg, &told);
    ck_assert_str_eq(e->database, "t");
    ck_assert_int_eq(e->duration_us, 0);
    add(told.commands, sizeof told.commands, e->name, ">");
    keep(&told.command, e->command);
    told.request_id = e->request_id;
    told.operation_id = e->operation_id;
}

/* What both ends of a command have in common. */
static void ended(const dmongo_command_event *e, const char *how)
{
    ck_assert_uint_eq(e->request_id, told.request_id);
    ck_assert_uint_eq(e->operation_id, told.operation_id);
    ck_assert_uint_gt(e->connection_id, 0);
    ck_assert_int_ge(e->duration_us, 0);
    add(told.commands, sizeof told.commands, e->name, how);
    keep(&told.reply, e->reply);
}

static void succeeded(const dmongo_command_event *e, void *arg)
{
    (void)arg;
    ck_assert_ptr_null(e->error);
    ended(e, "+");
}

static void failed(const dmongo_command_event *e, void *arg)
{
    (void)arg;
    told.error = *e->error;
    ended(e, "-");
}

static void pool_event(const dmongo_pool_event *e, void *arg)
{
    (void)arg;
    add(told.pool, sizeof told.pool, dmongo_pool_event_name(e->kind),
        e->reason != NULL ? e->reason : "");
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
                                  dmongo_doc("ok", 0.0, "code", 59, "errmsg", "secret"),
                                  NULL);
    return mongo_script_reply(peer, request, dmongo_doc("n", 1, "ok", 1.0), NULL);
}

static void open_with(const char *options, const dmongo_options *more)
{
    open_pair(serve, &(mongo_script_options){.compressors = "zlib,snappy"}, options,
              more);
}

static void close_both(void)
{
    close_pair();
    bson_destroy(told.command);
    bson_destroy(told.reply);
}

static const dmongo_options watching = {.events = {.started = started,
                                                   .succeeded = succeeded,
                                                   .failed = failed,
                                                   .arg = &told}};

FIBER_TEST(a_command_is_started_and_succeeds)
{
    diesel_error err;
    open_with("", &watching);
    assert_ok(dmongo_run(mongo, "t", dmongo_doc("ping", 1), NULL, &err));
    ck_assert_str_eq(told.commands, "ping> ping+ ");
    ck_assert_int_eq(dmongo_get_int(told.command, "ping", 0), 1);
    ck_assert_str_eq(dmongo_get_str(told.command, "$db", ""), "t");
    ck_assert_int_eq(dmongo_get_int(told.reply, "n", 0), 1);
    close_both();
    return 0;
}
END_TEST

FIBER_TEST(a_servers_error_is_a_failure)
{
    diesel_error err;
    open_with("", &watching);
    assert_fails(dmongo_run(mongo, "t", dmongo_doc("fails", 1), NULL, &err), DIESEL_E_SERVER);
    ck_assert_str_eq(told.commands, "fails> fails- ");
    ck_assert_int_eq(told.error.detail, 59);
    ck_assert_int_eq(dmongo_get_int(told.reply, "code", 0), 59);
    close_both();
    return 0;
}
END_TEST

FIBER_TEST(a_broken_connection_is_a_failure_without_a_reply)
{
    diesel_error err;
    open_with("", &watching);
    hangs_up = true;
    assert_fails(dmongo_run(mongo, "t", dmongo_doc("ping", 1), NULL, &err), DIESEL_E_CLOSED);
    ck_assert_str_eq(told.commands, "ping> ping- ");
    ck_assert_int_eq(told.error.code, DIESEL_E_CLOSED);
    ck_assert_ptr_null(told.reply);
    close_both();
    return 0;
}
END_TEST

/* However the documents travel, the command is shown with them. */
static void insert_with(const char *options, const dmongo_options *more, size_t size)
{
    diesel_error err;
    memset(told.commands, 0, sizeof told.commands);
    open_with(options, more);
    char *text = calloc(1, size + 1);
    memset(text, 'x', size);
    dmongo_value docs[] = {dmongo_doc("_id", 1, "text", text),
                           dmongo_doc("_id", 2, "text", text)};
    assert_ok(dmongo_insert_many(mongo, "t.c", docs, 2, NULL, NULL, &err));
    ck_assert_str_eq(told.commands, "insert> insert+ ");
    ck_assert_int_eq(dmongo_get_int(told.command, "documents.1._id", 0), 2);
    ck_assert_str_eq(dmongo_get_str(told.command, "documents.0.text", ""), text);
    free(text);
    close_both();
    told.command = told.reply = NULL;
}

FIBER_TEST(documents_are_shown_in_their_command)
{
    static const size_t sizes[] = {1, 3000, 100000};
    dmongo_options checksums = watching;
    checksums.checksums = true;
    for (size_t i = 0; i < TEST_COUNT(sizes); i++) {
        insert_with("", &watching, sizes[i]);
        insert_with("compressors=zlib", &watching, sizes[i]);
        insert_with("", &checksums, sizes[i]);
        insert_with("w=0", &watching, sizes[i]);
    }
    return 0;
}
END_TEST

FIBER_TEST(secrets_are_not_shown)
{
    diesel_error err;
    open_with("", &watching);
    assert_ok(dmongo_run(mongo, "t", dmongo_doc("createUser", "ann", "pwd", "secret"),
                         NULL, &err));
    ck_assert_str_eq(told.commands, "createUser> createUser+ ");
    ck_assert(bson_empty(told.command));
    ck_assert(bson_empty(told.reply));
    assert_ok(dmongo_run(mongo, "t", dmongo_doc("hello", 1, "speculativeAuthenticate",
                                                dmongo_doc("saslStart", 1)), NULL, &err));
    ck_assert(bson_empty(told.command));
    assert_ok(dmongo_run(mongo, "t", dmongo_doc("hello", 1), NULL, &err));
    ck_assert(!bson_empty(told.command));
    close_both();
    return 0;
}
END_TEST

FIBER_TEST(a_pool_tells_what_happens_in_it)
{
    diesel_error err;
    open_with("", &(dmongo_options){.events = {.pool = pool_event}});
    ck_assert_str_eq(told.pool, "poolCreated poolReady ");
    told.pool[0] = 0;
    assert_ok(dmongo_run(mongo, "t", dmongo_doc("ping", 1), NULL, &err));
    ck_assert_str_eq(told.pool, "connectionCheckOutStarted connectionCreated "
                                "connectionReady connectionCheckedOut "
                                "connectionCheckedIn ");
    ck_assert_uint_eq(mongo_script_accepted(server), 1); /* the one that was greeted */
    told.pool[0] = 0;
    assert_ok(dmongo_run(mongo, "t", dmongo_doc("ping", 1), NULL, &err));
    ck_assert_str_eq(told.pool, "connectionCheckOutStarted connectionCheckedOut "
                                "connectionCheckedIn ");
    told.pool[0] = 0;
    hangs_up = true;
    assert_fails(dmongo_run(mongo, "t", dmongo_doc("ping", 1), NULL, &err), DIESEL_E_CLOSED);
    ck_assert_str_eq(told.pool, "connectionCheckOutStarted connectionCheckedOut poolCleared "
                                "connectionCheckedIn connectionClosedstale ");
    hangs_up = false;
    assert_ok(dmongo_run(mongo, "t", dmongo_doc("ping", 1), NULL, &err));
    told.pool[0] = 0;
    dmongo_close(mongo);
    assert_contains(told.pool, "connectionClosedpoolClosed poolClosed ");
    mongo = NULL;
    close_both();
    return 0;
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("mongo events");
    test_case(suite, "commands", a_command_is_started_and_succeeds,
              a_servers_error_is_a_failure,
              a_broken_connection_is_a_failure_without_a_reply,
              documents_are_shown_in_their_command, secrets_are_not_shown);
    test_case(suite, "pool", a_pool_tells_what_happens_in_it);
    return test_suite_run(suite);
}

/* SPDX-License-Identifier: MIT */
/*
 * The background work of a client's pool: minPoolSize and maxIdleTimeMS, against a
 * scripted server. The cases of MongoDB's specification are in test_mongo_spec_cmap.c.
 */
#include <diesel/mongo.h>

#include "mongo_pair.h"
#include "test_util.h"

static struct {
    size_t kinds[DMONGO_CHECKED_IN + 1], idle;
    diesel_event news;
} told;

static void pool_event(const dmongo_pool_event *e, void *arg)
{
    (void)arg;
    told.kinds[e->kind]++;
    if (e->kind == DMONGO_CONNECTION_CLOSED && strcmp(e->reason, "idle") == 0)
        told.idle++;
    diesel_event_set(&told.news);
}

static void await(const size_t *counter, size_t wanted)
{
    diesel_error err;
    while (*counter < wanted) {
        diesel_event_reset(&told.news);
        assert_ok(diesel_event_wait(&told.news, DIESEL_FOREVER, &err));
    }
}

static size_t mute_from; /* hellos from this one on get no reply; 0: none */
static size_t hellos;

static int answer_hello(mongo_script_peer *peer,
                        const mongo_script_request *request, void *arg)
{
    if (++hellos >= mute_from && mute_from > 0)
        return diesel_sleep(3600 * 1000, NULL);
    return mongo_script_hello(peer, request, arg);
}

static int serve(mongo_script_peer *peer, const mongo_script_request *request,
                 void *arg)
{
    (void)arg;
    return mongo_script_reply(peer, request, dmongo_doc("ok", 1.0), NULL);
}

static void open_both(const char *options)
{
    open_pair(serve, &(mongo_script_options){.hello = answer_hello}, options,
              &(dmongo_options){.events = {.pool = pool_event}});
}

FIBER_TEST(a_pool_has_its_least_size_soon)
{
    open_both("minPoolSize=3");
    await(&told.kinds[DMONGO_CONNECTION_READY], 3);
    ck_assert_uint_eq(mongo_script_accepted(server), 3);
    close_pair();
    return 0;
}
END_TEST

FIBER_TEST(connections_that_break_are_replaced)
{
    diesel_error err;
    open_both("minPoolSize=3");
    await(&told.kinds[DMONGO_CONNECTION_READY], 3);
    mongo_script_hang_up(server);
    while (dmongo_run(mongo, "t", dmongo_doc("ping", 1), NULL, &err) < 0)
        continue;
    await(&told.kinds[DMONGO_CONNECTION_READY], 6);
    ck_assert_uint_eq(told.kinds[DMONGO_CONNECTION_CLOSED], 3);
    close_pair();
    return 0;
}
END_TEST

FIBER_TEST(a_pool_never_grows_beyond_its_most)
{
    open_both("minPoolSize=2&maxPoolSize=2");
    await(&told.kinds[DMONGO_CONNECTION_READY], 2);
    for (int i = 0; i < 50; i++)
        (void)diesel_yield(NULL);
    ck_assert_uint_eq(mongo_script_accepted(server), 2);
    close_pair();
    return 0;
}
END_TEST

FIBER_TEST(what_is_idle_for_too_long_is_closed)
{
    diesel_error err;
    open_both("maxIdleTimeMS=5");
    await(&told.idle, 1); /* the one that looked for the server */
    assert_ok(dmongo_run(mongo, "t", dmongo_doc("ping", 1), NULL, &err));
    await(&told.idle, 2);
    ck_assert_uint_eq(told.kinds[DMONGO_CONNECTION_CREATED], 2);
    close_pair();
    return 0;
}
END_TEST

FIBER_TEST(idle_ones_are_closed_and_replaced_up_to_the_least_size)
{
    open_both("minPoolSize=2&maxIdleTimeMS=5");
    await(&told.idle, 3);
    await(&told.kinds[DMONGO_CONNECTION_READY], 5);
    close_pair();
    return 0;
}
END_TEST

FIBER_TEST(a_client_can_be_closed_while_a_connection_is_being_made)
{
    mute_from = 2;
    open_both("minPoolSize=2");
    await(&told.kinds[DMONGO_CONNECTION_CREATED], 2);
    dmongo_close(mongo);
    ck_assert_uint_eq(told.kinds[DMONGO_CONNECTION_CLOSED], 2);
    mongo = NULL;
    close_pair();
    return 0;
}
END_TEST

FIBER_TEST(operations_go_on_while_connections_cannot_be_made)
{
    diesel_error err;
    mute_from = 2;
    open_both("minPoolSize=2&connectTimeoutMS=50");
    await(&told.kinds[DMONGO_CONNECTION_CREATED], 2);
    assert_ok(dmongo_run(mongo, "t", dmongo_doc("ping", 1), NULL, &err));
    close_pair();
    return 0;
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("mongo upkeep");
    test_case(suite, "least size", a_pool_has_its_least_size_soon,
              connections_that_break_are_replaced,
              a_pool_never_grows_beyond_its_most,
              a_client_can_be_closed_while_a_connection_is_being_made,
              operations_go_on_while_connections_cannot_be_made);
    test_case(suite, "idle", what_is_idle_for_too_long_is_closed,
              idle_ones_are_closed_and_replaced_up_to_the_least_size);
    return test_suite_run(suite);
}

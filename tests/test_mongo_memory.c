/* SPDX-License-Identifier: MIT */
/*
 * A MongoDB client without memory: each operation again and again, each time with
 * one more allocation of the client's failing. It must end with a result or with
 * NOMEM, leave nothing behind, and the client must go on to be of use.
 *
 * Only what the client's fiber allocates counts, so that the server, which is a fiber
 * of the same process, has all the memory that it wants.
 */
#include <stdint.h>

#include <diesel/mongo.h>

#include "fault_loop.h"
#include "mongo_small.h"
#include "mongo_uses.h"

static diesel_fiber *victim;

static int in_victim(void)
{
    return victim != NULL && diesel_self() == victim;
}

static void begin(void)
{
    faulty_memory_counts = in_victim;
    mongo_small_reset();
}

/* Whatever has failed, the next call finds all well. */
static void ping(dmongo *client)
{
    diesel_error err;
    assert_ok(dmongo_run(client, "t", dmongo_doc("ping", 1), NULL, &err));
}

static const struct way {
    const char *options;
    dmongo_options more;
} ways[] = {
    {"", {0}},
    {"compressors=zlib&readPreference=nearest&readPreferenceTags=a:b,c:d&"
     "readPreferenceTags=&w=majority&wtimeoutMS=1000&readConcernLevel=local&"
     "minPoolSize=1&nonsense=1",
     {.app_name = "test", .checksums = true, .api = {.version = "1", .strict = true}}},
};

static int connect_as(void *arg)
{
    const struct way *way = arg;
    char uri[600];
    diesel_error err;
    mongo_script *server = mongo_script_open(mongo_small, NULL,
                                             &mongo_small_options);
    mongo_small_uri(server, MONGO_SMALL_PASSWORD, way->options, uri);
    victim = diesel_self();
    dmongo *client = dmongo_open(uri, &way->more, &err);
    victim = NULL;
    if (client != NULL)
        ping(client);
    dmongo_close(client);
    mongo_script_close(server);
    return client == NULL ? diesel_fail(&err) : 0;
}

START_TEST(connecting_and_authenticating)
{
    begin();
    ck_assert_int_gt(fault_loop_memory(connect_as, (void *)(uintptr_t)&ways[_i], 0),
                     20);
}
END_TEST

static int use(void *arg)
{
    const struct mongo_use *what = arg;
    diesel_error err;
    mongo_script *server = mongo_script_open(mongo_small, NULL,
                                             &mongo_small_options);
    dmongo *client = dmongo_open(mongo_script_uri(server), NULL, &err);
    ck_assert_ptr_nonnull(client);
    victim = diesel_self();
    int result = what->run(client, &err);
    victim = NULL;
    ping(client);
    ck_assert(!mongo_use_has_cursor || !mongo_small_counts.is_open);
    dmongo_close(client);
    mongo_script_close(server);
    return result < 0 ? diesel_fail(&err) : 0;
}

START_TEST(each_operation)
{
    begin();
    long n = fault_loop_memory(use, (void *)(uintptr_t)&mongo_uses[_i], 0);
    ck_assert_msg(n > 0, "%s", mongo_uses[_i].name);
}
END_TEST

static int build(void *arg)
{
    (void)arg;
    diesel_error err;
    victim = diesel_self();
    bson_t *doc = dmongo_doc_to_bson(
        dmongo_doc("a", 1, "list", dmongo_array(1, 2.5, "three")), &err);
    char *name = doc == NULL
                     ? NULL
                     : dmongo_index_name(dmongo_doc("a", 1, "b", "text"), &err);
    victim = NULL;
    bson_destroy(doc);
    diesel_free(name);
    return name == NULL ? diesel_fail(&err) : 0;
}

START_TEST(documents_and_names)
{
    begin();
    ck_assert_int_eq(fault_loop_memory(build, NULL, 0), 3);
}
END_TEST

/* --- How much is allocated when there is enough */

static long bson_allocations;

static void *count_malloc(size_t n)
{
    bson_allocations++;
    return malloc(n);
}

static void *count_calloc(size_t count, size_t n)
{
    bson_allocations++;
    return calloc(count, n);
}

static void *count_realloc(void *p, size_t n)
{
    bson_allocations++;
    return realloc(p, n);
}

static int find_one_again(void *arg)
{
    diesel_error err;
    const long n = 100;
    (void)arg;
    mongo_script *server = mongo_script_open(mongo_small, NULL,
                                             &mongo_small_options);
    dmongo *client;
    assert_made(client = dmongo_open(mongo_script_uri(server), NULL, &err));
    for (long i = 0; i <= n; i++) {
        bson_t *found;
        victim = i > 0 ? diesel_self() : NULL; /* buffers are there from now on */
        long bsons = bson_allocations, others = faulty_allocations;
        ck_assert_int_eq(dmongo_find_one(client, "t.many", dmongo_doc("_id", 1),
                                         NULL, &found, &err), 1);
        /* The server is in the process, but makes no documents of libbson's. */
        ck_assert_msg(i == 0 || bson_allocations - bsons <= 2,
                      "libbson allocates %ld times", bson_allocations - bsons);
        /* Room for the document is tried for, and given back. */
        ck_assert_msg(i == 0 || faulty_allocations - others == 1,
                      "%ld allocations", faulty_allocations - others);
        bson_destroy(found);
    }
    victim = NULL;
    dmongo_close(client);
    mongo_script_close(server);
    return 0;
}

START_TEST(a_find_allocates_nothing_but_its_document)
{
    static const bson_mem_vtable_t counting = {.malloc = count_malloc,
                                               .calloc = count_calloc,
                                               .realloc = count_realloc,
                                               .free = free};
    bson_mem_set_vtable(&counting);
    diesel_allocator_set(&faulty_memory);
    faulty_memory_fail(0);
    begin();
    test_run(find_one_again, NULL);
    bson_mem_restore_vtable();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("mongo without memory");
    TCase *tc = tcase_create("allocations");
    tcase_set_timeout(tc, 300);
    tcase_add_loop_test(tc, connecting_and_authenticating, 0, TEST_COUNT(ways));
    tcase_add_loop_test(tc, each_operation, 0, mongo_use_count);
    tcase_add_test(tc, documents_and_names);
    tcase_add_test(tc, a_find_allocates_nothing_but_its_document);
    suite_add_tcase(suite, tc);
    return test_suite_run(suite);
}

/* SPDX-License-Identifier: MIT */
/* A test of code that uses Redis, without Redis: keys expire when it says so, and the
 * server fails when it says so. */
#include <stdio.h>
#include <stdlib.h>

#include <diesel/core.h>
#include <diesel/redis.h>
#include <diesel/redis_test_server.h>

#define CHECK(claim)                                                           \
    ((claim) ? (void)0 : (fprintf(stderr, "not so: %s\n", #claim), exit(1)))

/* The code under test: 1 if the visitor has not been seen for a minute. */
static int is_new_visitor(dredis *redis, const char *name, diesel_error *err)
{
    return dredis_set(
        redis, name, "here",
        &(dredis_set_options){.px = 60000, .nx = true}, err);
}

static int app(void *arg)
{
    diesel_error err;
    (void)arg;
    dredis_server *server = dredis_server_open(
        &(dredis_server_options){.manual_clock = true}, &err);
    if (server == NULL)
        return diesel_fail(&err);
    dredis *redis = dredis_open(dredis_server_url(server), NULL, &err);
    if (redis == NULL) {
        dredis_server_close(server);
        return diesel_fail(&err);
    }

    CHECK(is_new_visitor(redis, "ann", &err) == 1);
    CHECK(is_new_visitor(redis, "ann", &err) == 0);
    dredis_server_advance(server, 60000);
    CHECK(is_new_visitor(redis, "ann", &err) == 1);

    dredis_server_fault_add(
        server,
        &(dredis_server_fault){.action = DREDIS_SERVER_ERROR,
                               .command = "SET",
                               .times = 1,
                               .text = "OOM command not allowed"},
        NULL);
    CHECK(is_new_visitor(redis, "bob", &err) == -1);
    CHECK(err.detail == DREDIS_ERR_OOM);
    puts("all as it should be");

    dredis_close(redis);
    dredis_server_close(server);
    return 0;
}

int main(void)
{
    return diesel_main(app, NULL);
}

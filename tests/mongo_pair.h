/* SPDX-License-Identifier: MIT */
/*
 * A scripted MongoDB server and a client that is connected to it, one of each at a
 * time, in the same scheduler.
 */
#ifndef TESTS_MONGO_PAIR_H
#define TESTS_MONGO_PAIR_H

#include <diesel/mongo.h>

#include "mongo_script.h"
#include "test_util.h"

static mongo_script *server;
static dmongo *mongo;

/* `uri_options` are those of the connection string, such as "maxPoolSize=1"; the
 * other options may be NULL. Switches fibers. */
static inline void open_pair(mongo_script_fn *script,
                             const mongo_script_options *script_options,
                             const char *uri_options, const dmongo_options *options)
{
    diesel_error err;
    char uri[500];
    server = mongo_script_open(script, NULL, script_options);
    snprintf(uri, sizeof uri, "%s/?%s", mongo_script_uri(server), uri_options);
    assert_made(mongo = dmongo_open(uri, options, &err));
}

/* Switches fibers. */
static inline void close_pair(void)
{
    dmongo_close(mongo);
    mongo_script_close(server);
}

#endif

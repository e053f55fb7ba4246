/* SPDX-License-Identifier: MIT */
/*
 * The handshake.
 *
 *     RESP3:   HELLO 3 [AUTH user password] [SETNAME name]   [SELECT db]  extras
 *     RESP2:   [AUTH [user] password] [CLIENT SETNAME name] [SELECT db] PING  extras
 *
 *     extras:  [CLIENT NO-EVICT ON] [CLIENT NO-TOUCH ON]
 *              CLIENT SETINFO LIB-NAME name, CLIENT SETINFO LIB-VER version
 *
 * The commands of one line leave together. What an old server or an ACL may say to
 * SETINFO does not matter. A server before version 6 does not know
 * HELLO, and one may refuse version 3; then the second line follows. PING makes
 * sure that a Redis server is there which takes commands from us.
 */
#include <config.h>

#include "handshake_internal.h"

#include <string.h>

#include "batch_internal.h"
#include "error_internal.h"

#define MOST_STEPS 8

static const char greeting[] = "greeting";
static const char logging_in[] = "logging in";
static const char naming[] = "naming the client";
static const char selecting[] = "selecting the database";
static const char asking_to_stay[] = "asking not to be evicted";
static const char asking_not_to_touch[] = "asking not to touch keys";
static const char introducing[] = "saying which library this is";

/* The commands of one round trip, and their replies. */
struct script {
    dredis__batch batch;
    const char *steps[MOST_STEPS]; /* what fails if the command does */
    dredis_reply *replies[MOST_STEPS];
    bool nomem;
};

static void add(struct script *script, const char *step,
                const diesel_value *args, size_t n)
{
    script->steps[script->batch.commands] = step;
    if (dredis__batch_add(&script->batch, args, n, NULL) < 0)
        script->nomem = true;
}

static void end(struct script *script)
{
    dredis__batch_clear(&script->batch);
    for (size_t i = 0; i < MOST_STEPS; i++)
        dredis_reply_free(script->replies[i]);
}

static int run(dredis__connection *c, struct script *script, int64_t deadline,
               diesel_error *err)
{
    if (script->nomem)
        return diesel_error_nomem(err, "the handshake");
    dredis__request request = {.bytes = script->batch.bytes,
                               .size = script->batch.size,
                               .commands = script->batch.commands,
                               .replies = script->replies};
    return dredis__connection_exchange(c, &request, deadline, err) == 0 ? 0 : -1;
}

static bool is_about_login(const char *step, int detail)
{
    return step == logging_in || detail == DREDIS_ERR_NOAUTH ||
           detail == DREDIS_ERR_WRONGPASS || detail == DREDIS_ERR_NOPERM;
}

/* The first error among the replies as *err: 0 if there is none, or -1. */
static int check(const struct script *script, diesel_error *err)
{
    for (size_t i = 0; i < script->batch.commands; i++) {
        if (script->replies[i]->type != DREDIS_ERROR ||
            script->steps[i] == introducing)
            continue;
        dredis__server_error(script->replies[i], err);
        if (is_about_login(script->steps[i], err->detail))
            err->code = DIESEL_E_AUTH;
        diesel_error_prefix(err, "%s", script->steps[i]);
        return -1;
    }
    return 0;
}

/* Whether the server refuses HELLO 3 but may well be a Redis server. */
static bool is_too_old(const dredis_reply *hello)
{
    static const char unknown[] = "ERR unknown command";
    return hello->type == DREDIS_ERROR &&
           (hello->integer == DREDIS_ERR_NOPROTO ||
            strncmp(hello->str, unknown, sizeof unknown - 1) == 0);
}

static void add_select(struct script *script, const dredis__config *config)
{
    if (config->db != 0)
        add(script, selecting, DIESEL_VALUES("SELECT", config->db), 2);
}

static void add_extras(struct script *script, const dredis__config *config)
{
    if (config->no_evict)
        add(script, asking_to_stay, DIESEL_VALUES("CLIENT", "NO-EVICT", "ON"),
            3);
    if (config->no_touch)
        add(script, asking_not_to_touch,
            DIESEL_VALUES("CLIENT", "NO-TOUCH", "ON"), 3);
    if (config->lib_name == NULL)
        return;
    add(script, introducing,
        DIESEL_VALUES("CLIENT", "SETINFO", "LIB-NAME", config->lib_name), 4);
    add(script, introducing,
        DIESEL_VALUES("CLIENT", "SETINFO", "LIB-VER", PACKAGE_VERSION), 4);
}

/* 0, -1, or 1: the server knows RESP2 only. */
static int greet_resp3(dredis__connection *c, const dredis__config *config,
                       int64_t deadline, diesel_error *err)
{
    diesel_value hello[7] = {diesel_str("HELLO"), diesel_int(3)};
    size_t n = 2;
    if (config->password != NULL) {
        hello[n++] = diesel_str("AUTH");
        hello[n++] = diesel_str(config->user != NULL ? config->user : "default");
        hello[n++] = diesel_str(config->password);
    }
    if (config->client_name != NULL) {
        hello[n++] = diesel_str("SETNAME");
        hello[n++] = diesel_str(config->client_name);
    }
    struct script script = {.nomem = false};
    add(&script, greeting, hello, n);
    add_select(&script, config);
    add_extras(&script, config);

    int result = run(c, &script, deadline, err);
    if (result == 0)
        result = is_too_old(script.replies[0]) ? 1 : check(&script, err);
    end(&script);
    return result;
}

static int greet_resp2(dredis__connection *c, const dredis__config *config,
                       int64_t deadline, diesel_error *err)
{
    struct script script = {.nomem = false};
    if (config->user != NULL)
        add(&script, logging_in,
            DIESEL_VALUES("AUTH", config->user, config->password), 3);
    else if (config->password != NULL)
        add(&script, logging_in, DIESEL_VALUES("AUTH", config->password), 2);
    if (config->client_name != NULL)
        add(&script, naming,
            DIESEL_VALUES("CLIENT", "SETNAME", config->client_name), 3);
    add_select(&script, config);
    add(&script, greeting, DIESEL_VALUES("PING"), 1);
    add_extras(&script, config);

    int result = run(c, &script, deadline, err);
    if (result == 0)
        result = check(&script, err);
    end(&script);
    return result;
}

int dredis__handshake(dredis__connection *c, const dredis__config *config,
                      int64_t deadline, diesel_error *err)
{
    int result = 1;
    c->resp = 3;
    if (config->resp == 3)
        result = greet_resp3(c, config, deadline, err);
    if (result == 1) {
        c->resp = 2;
        result = greet_resp2(c, config, deadline, err);
    }
    return result;
}

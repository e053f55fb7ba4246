/* SPDX-License-Identifier: MIT */
/*
 * Credentials that change: a callback is asked before each connection, and again
 * before what it said runs out. Then all connections log in anew. On the shared
 * ones AUTH is a command like any other, so those before it run as the old user
 * and those behind it as the new one; the others are closed when nobody uses them.
 */
#include "credentials_internal.h"

#include <string.h>

#include <diesel/fiber.h>
#include <diesel/memory.h>
#include <diesel/time.h>

#include "client_internal.h"
#include "encode_internal.h"
#include "error_internal.h"

#define AGAIN_MS 1000 /* after a failure */

static void replace(char **field, char *by)
{
    if (*field != NULL)
        explicit_bzero(*field, strlen(*field));
    diesel_free(*field);
    *field = by;
}

static char *copy(const char *text)
{
    return text != NULL ? diesel_strndup(text, strlen(text)) : NULL;
}

int dredis__credentials_ask(dredis__config *config, diesel_error *err)
{
    dredis_credentials given = {0};
    if (config->credentials(config->credentials_arg, &given, err) < 0) {
        diesel_error_prefix(err, "the credentials");
        return -1;
    }
    if (given.password == NULL)
        return diesel_error_set(err, DIESEL_E_INVAL, DIESEL_DOM_CORE, 0,
                                "the credentials have no password");
    char *user = copy(given.user), *password = copy(given.password);
    if (password == NULL || (given.user != NULL && user == NULL)) {
        diesel_free(user);
        replace(&password, NULL);
        return diesel_error_nomem(err, "credentials");
    }
    replace(&config->user, user);
    replace(&config->password, password);
    config->refresh_at =
        given.refresh_ms > 0 ? diesel_now() + given.refresh_ms : 0;
    return 0;
}

/* Logs in on one shared connection: 0, -1, or DREDIS__AGAIN: it is gone. */
static int log_in(dredis__connection *c, const dredis__config *config,
                  diesel_error *err)
{
    const char *user = config->user != NULL ? config->user : "default";
    diesel_value args[] = {diesel_str("AUTH"), diesel_str(user),
                           diesel_str(config->password)};
    dredis_reply *reply = NULL;
    dredis__request request = {
        .args = args, .n = 3, .commands = 1, .replies = &reply};
    if (config->user == NULL) { /* servers before version 6 know only this */
        args[1] = args[2];
        request.n = 2;
    }
    if (dredis__command_size(args, request.n, &request.size, err) < 0)
        return -1;
    int result = dredis__connection_call(c, &request, err);
    if (result == 0 && reply->type == DREDIS_ERROR) {
        result = dredis__server_error(reply, err);
        if (err != NULL)
            err->code = DIESEL_E_AUTH;
    }
    dredis_reply_free(reply);
    return result;
}

static int log_in_again(dredis *client, diesel_error *err)
{
    if (dredis__credentials_ask(&client->config, err) < 0)
        return -1;
    for (size_t i = 0; i < client->config.connections && !client->closed; i++) {
        dredis__lane *lane = &client->lanes[i];
        if (!dredis__lane_is_connected(lane))
            continue;
        /* A connection that breaks logs in as the new user when it is made anew. */
        if (log_in(lane->connection, &client->config, err) < 0)
            return -1;
    }
    dredis__dedicated_renew(client, "the credentials have changed");
    return client->closed ? dredis__client_closed(err) : 0;
}

int dredis_reauthenticate(dredis *client, diesel_error *err)
{
    int result = -1;
    client->refs++;
    if (diesel_check(err) < 0)
        goto out;
    if (client->config.credentials == NULL)
        diesel_error_set(err, DIESEL_E_INVAL, DIESEL_DOM_CORE, 0,
                         "the client has no credential callback");
    else if (client->closed)
        dredis__client_closed(err);
    else
        result = log_in_again(client, err);
    if (result < 0)
        diesel_error_prefix(err, "redis %s: logging in again",
                            dredis_name(client));
out:
    dredis__client_leave(client);
    return result;
}

/* A fiber: asks again before the credentials run out. */
static int keep(void *arg)
{
    dredis *client = arg;
    diesel_error err;
    while (client->config.refresh_at > 0) {
        int64_t pause = client->config.refresh_at - diesel_now();
        if (diesel_sleep(pause > 0 ? pause : 0, NULL) < 0)
            break;
        if (client->config.refresh_at > diesel_now())
            continue; /* a new connection has asked meanwhile */
        if (dredis_reauthenticate(client, &err) < 0)
            client->config.refresh_at = diesel_now() + AGAIN_MS;
    }
    return 0;
}

int dredis__credentials_keep(dredis *client, diesel_error *err)
{
    if (client->config.credentials == NULL || client->config.refresh_at == 0)
        return 0;
    if (diesel_go_labelled(client->scope, "redis credentials", keep, client) == 0)
        return 0;
    return diesel_error_nomem(err, "the credentials of a Redis client");
}

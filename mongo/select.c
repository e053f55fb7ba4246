/* SPDX-License-Identifier: MIT */
/*
 * Which server is used. The hosts of the connection string are tried in turn, and
 * the first that can be used stays in use until it is lost; then the next
 * operation looks again.
 *
 * One fiber looks at a time, and the others wait for what it finds. If it finds
 * nothing, they wait half a second and one of them looks again, until each one's
 * time is up: its scope's deadline, or serverSelectionTimeoutMS. What was wrong with
 * each host stays with the host, and is what the error says.
 */
#include "client_internal.h"
#include "log_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <diesel/park.h>
#include <diesel/time.h>

static void enqueue(dmongo *client, struct dmongo__selecting *w)
{
    w->next = NULL;
    w->previous = client->last_selecting;
    *(w->previous != NULL ? &w->previous->next : &client->first_selecting) = w;
    client->last_selecting = w;
}

static void dequeue(dmongo *client, struct dmongo__selecting *w)
{
    *(w->previous != NULL ? &w->previous->next : &client->first_selecting) =
        w->next;
    *(w->next != NULL ? &w->next->previous : &client->last_selecting) =
        w->previous;
}

void dmongo__wake_selecting(dmongo *client)
{
    for (struct dmongo__selecting *w = client->first_selecting; w != NULL;
         w = w->next)
        diesel_wake(w->fiber, 0);
}

static bool reads_from_secondaries(const dmongo *client)
{
    const char *mode = client->uri->options.read_preference;
    return mode != NULL && strcmp(mode, "primary") != 0;
}

/* Whether a server that said hello can be used: 0, or -1 with why not. */
static int check_suitable(const struct dmongo__server *server,
                          diesel_error *err)
{
    const dmongo *client = server->client;
    const struct dmongo__hello *hello = &server->hello;
    const char *wanted = client->uri->options.replica_set;
    if (wanted != NULL && strcmp(wanted, hello->set_name) != 0)
        return diesel_error_set(err, DIESEL_E_SERVER, DIESEL_DOM_MONGO, 0,
                                "it is a member of %s%.60s, not of the replica "
                                "set %.60s",
                                *hello->set_name != 0 ? "the replica set " : "none",
                                hello->set_name, wanted);
    if (hello->is_writable || client->uri->options.direct_connection)
        return 0;
    if (hello->is_uninitiated)
        return diesel_error_set(err, DIESEL_E_SERVER, DIESEL_DOM_MONGO, 0,
                                "its replica set is not initiated");
    if (client->uri->host_count == 1 && reads_from_secondaries(client))
        return 0;
    return diesel_error_set(err, DIESEL_E_SERVER, DIESEL_DOM_MONGO, 0,
                            "it takes no writes%s%.100s",
                            *hello->primary != 0 ? ", the primary is " : "",
                            hello->primary);
}

/* Tries one host: 0 if it is in use now. */
static int try_server(struct dmongo__server *server, diesel_error *err)
{
    dmongo *client = server->client;
    if (dmongo__pool_greet(&server->pool, DIESEL_FOREVER, err) < 0)
        return -1;
    if (check_suitable(server, err) < 0) {
        dmongo__pool_forget(&server->pool);
        return -1;
    }
    client->current = server;
    server->is_known = true;
    dmongo__pool_ready(&server->pool);
    return 0;
}

/* Whether an error is about the caller or the whole client, and not about one host. */
static bool is_final(const diesel_error *err)
{
    return err->code == DIESEL_E_AUTH || err->code == DIESEL_E_INVAL ||
           err->code == DIESEL_E_NOMEM || err->code == DIESEL_E_CANCELLED ||
           diesel_check(NULL) < 0;
}

/* Goes through the hosts: 0 if one is in use now; 1 if none can be; -1 with an error
 * that is final. Wakes those who wait for the outcome. */
static int look(dmongo *client, diesel_error *err)
{
    int result = 1;
    client->is_looking = true;
    for (size_t i = 0; i < client->uri->host_count && result == 1; i++) {
        struct dmongo__server *server = &client->servers[i];
        diesel_error why;
        if (try_server(server, &why) == 0) {
            result = 0;
        } else if (client->is_closed || is_final(&why)) {
            *err = why;
            diesel_error_prefix(err, "%s", server->name);
            result = -1;
        } else {
            server->last_error = why;
        }
    }
    client->is_looking = false;
    client->look_again = result == 1 ? diesel_now() + DMONGO__PAUSE_MS : 0;
    dmongo__wake_selecting(client);
    return result;
}

const char *dmongo__without_name(const char *message, const char *name)
{
    static const char connecting[] = "connecting to ";
    size_t n = strlen(name), skip = strlen(connecting);
    for (;;) {
        const char *at = message;
        if (strncmp(at, connecting, skip) == 0)
            at += skip;
        if (strncmp(at, name, n) != 0 || strncmp(at + n, ": ", 2) != 0)
            return message;
        message = at + n + 2;
    }
}

/* "no server can be used: db1:27017: connection refused; db2:27017: ..." */
static void no_server(const dmongo *client, diesel_error *err)
{
    char list[sizeof err->message - 64] = "";
    size_t used = 0;
    size_t share = sizeof list / client->uri->host_count;
    for (size_t i = 0; i < client->uri->host_count && share >= 16; i++) {
        const struct dmongo__server *server = &client->servers[i];
        int n = snprintf(list + used, share, "%s%s: %s", i > 0 ? "; " : "",
                         server->name,
                         dmongo__without_name(server->last_error.message,
                                              server->name));
        used += (size_t)n < share ? (size_t)n : share - 1;
    }
    const diesel_error *last =
        &client->servers[client->uri->host_count - 1].last_error;
    diesel_error_set(err, last->code, last->domain, last->detail,
                     "no server can be used: %s", list);
    err->flags = DIESEL_EF_RETRYABLE;
}

/* Waits until somebody has looked, or it is time to look again. */
static int wait(dmongo *client, int64_t deadline, diesel_error *err)
{
    struct dmongo__selecting w = {.fiber = diesel_self()};
    int64_t until = deadline;
    if (!client->is_looking && client->look_again < until)
        until = client->look_again;
    enqueue(client, &w);
    int woken = diesel_park("a MongoDB server", until, err);
    dequeue(client, &w);
    /* That it is time to look again is no failure; that the scope's is up, is. */
    return woken >= 0 ? 0 : diesel_check(err);
}

struct dmongo__server *dmongo__select_slowly(dmongo *client, int64_t *deadline,
                                             const struct dmongo__call *call,
                                             diesel_error *err)
{
    bool has_waited = false;
    if (*deadline == 0)
        *deadline =
            diesel_now() + client->uri->options.server_selection_timeout_ms;
    for (;;) {
        if (client->is_closed) {
            diesel_error_set(err, DIESEL_E_CLOSED, DIESEL_DOM_MONGO, 0,
                             "the client has been closed");
            return NULL;
        }
        if (client->current != NULL)
            return client->current;
        int64_t now = diesel_now();
        if (!client->is_looking && client->look_again <= now) {
            int found = look(client, err);
            if (found < 0)
                return NULL;
            if (found == 0 || call != NULL)
                continue;
            no_server(client, err);
            return NULL;
        }
        if (now >= *deadline) {
            no_server(client, err);
            return NULL;
        }
        if (!has_waited && call != NULL)
            dmongo__log_waiting(call, *deadline - now);
        has_waited = true;
        if (wait(client, *deadline, err) < 0)
            return NULL;
    }
}

void dmongo__server_lost(struct dmongo__server *server, uint32_t generation)
{
    if (generation != server->pool.generation)
        return; /* about a connection from before it was lost last */
    dmongo__server_unfit(server);
    dmongo__pool_clear(&server->pool, false);
}

void dmongo__server_unfit(struct dmongo__server *server)
{
    server->is_known = false;
    if (server->client->current == server)
        server->client->current = NULL;
}

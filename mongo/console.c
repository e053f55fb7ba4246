/* SPDX-License-Identifier: MIT */
/*
 * The console's page "mongo". Each client adds the page once: a row for each of its
 * servers, and then one for each connection that an operation has.
 *
 *     server     client type       state connections in_use making waiting max generation
 *     db1:27017  shop   Standalone ready 12          2      0      0       100 0
 *
 *     server     connection operation fiber
 *     db1:27017  4          find      GET /cart
 */
#include "console_internal.h"

#include "client_internal.h"
#include "topology_internal.h"

static const char *state_of(const struct dmongo__pool *pool)
{
    if (pool->is_closed)
        return "closed";
    return pool->is_ready ? "ready" : "paused";
}

static void show_pool(const struct dmongo__server *server,
                      diesel_console_page *page)
{
    const struct dmongo__pool *pool = &server->pool;
    const char *app_name = server->client->app_name;
    size_t in_use = pool->total - pool->connecting - pool->idle_count;
    diesel_console_row(
        page, "server", server->name, "client", app_name != NULL ? app_name : "",
        "type", dmongo__server_type(server), "state", state_of(pool),
        "connections", pool->total - pool->connecting, "in_use", in_use, "making",
        pool->connecting, "waiting", pool->waiter_count, "max",
        pool->max != SIZE_MAX ? pool->max : 0, "generation", pool->generation);
}

static void show_holders(const struct dmongo__server *server,
                         diesel_console_page *page)
{
    for (const struct dmongo__conn *c = server->pool.all; c != NULL;
         c = c->next_all)
        if (c->holder != NULL)
            diesel_console_row(page, "server", server->name, "connection",
                               c->number, "operation", c->held_by, "fiber",
                               diesel_fiber_label(c->holder));
}

void dmongo__console_client(void *arg, diesel_console_page *page)
{
    const dmongo *client = arg;
    for (size_t i = 0; i < client->uri->host_count; i++)
        show_pool(&client->servers[i], page);
    for (size_t i = 0; i < client->uri->host_count; i++)
        show_holders(&client->servers[i], page);
}

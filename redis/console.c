/* SPDX-License-Identifier: MIT */
/*
 * The console's page "redis". Each client, cache and session adds the page once, and
 * a row tells of each of its connections:
 *
 *     server    client use    state     in_flight waiting unsent sent resp
 *     db1:6379  shop   shared connected 12        0       0      4711 3
 */
#include "console_internal.h"

#include "client_internal.h"
#include "hub_internal.h"

diesel_console_entry *dredis__console_add(diesel_console_fn *fn, void *arg,
                                          diesel_error *err)
{
    return diesel_console_add("redis", "Connections to Redis servers.", fn, arg,
                              err);
}

void dredis__console_row(diesel_console_page *page, const dredis__shown *shown)
{
    const dredis__connection *c = shown->connection;
    uint64_t sent = 0, unsent = 0, in_flight = 0;
    int resp = 0;
    if (c != NULL && !dredis__connection_is_broken(c)) {
        sent = diesel_stream_sent(c->stream);
        unsent = c->appended - sent;
        in_flight = c->pending;
        resp = c->resp;
    }
    diesel_console_row(page, "server", shown->config->name, "client",
                       shown->config->client_name, "use", shown->use, "state",
                       shown->state, "in_flight", in_flight, "waiting",
                       shown->waiting, "unsent", unsent, "sent", sent, "resp",
                       resp);
}

void dredis__console_lane(diesel_console_page *page, const dredis__lane *lane,
                          const char *use)
{
    dredis__shown shown = {.config = &lane->client->config,
                           .use = use,
                           .state = lane->keeping ? "connecting" : "down",
                           .connection = lane->connection,
                           .waiting = dredis__queue_count(&lane->waiting)};
    if (dredis__lane_is_connected(lane)) {
        shown.state = "connected";
        shown.waiting += dredis__queue_count(&lane->connection->room);
    }
    dredis__console_row(page, &shown);
}

void dredis__console_client(void *arg, diesel_console_page *page)
{
    const dredis *client = arg;
    for (size_t i = 0; i < client->config.connections; i++)
        dredis__console_lane(page, &client->lanes[i], "shared");
    if (client->hub != NULL)
        dredis__console_lane(page, &client->hub->lane, "subscriptions");
    dredis__dedicated_show(client, page);
}

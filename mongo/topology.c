/* SPDX-License-Identifier: MIT */
/*
 * Names for what is known of servers.
 */
#include "topology_internal.h"

#include <stdio.h>
#include <string.h>

#include "client_internal.h"

const char *dmongo__server_type(const struct dmongo__server *server)
{
    const struct dmongo__hello *hello = &server->hello;
    if (!server->is_known)
        return "Unknown";
    if (hello->is_mongos)
        return "Mongos";
    if (*hello->set_name != 0)
        return hello->is_writable ? "RSPrimary" : "RSOther";
    return hello->is_uninitiated ? "RSGhost" : "Standalone";
}

const char *dmongo__topology_type(const dmongo *client)
{
    const char *type = "Unknown";
    if (client->uri->options.direct_connection)
        return "Single";
    if (client->uri->options.replica_set != NULL)
        type = "ReplicaSetNoPrimary";
    for (size_t i = 0; i < client->uri->host_count; i++) {
        const char *of = dmongo__server_type(&client->servers[i]);
        if (strcmp(of, "RSPrimary") == 0)
            return "ReplicaSetWithPrimary";
        if (strcmp(of, "Mongos") == 0)
            return "Sharded";
        if (strcmp(of, "RSOther") == 0)
            type = "ReplicaSetNoPrimary";
        else if (strcmp(of, "Standalone") == 0)
            type = "Single";
    }
    return type;
}

void dmongo__topology_describe(const dmongo *client, char *text, size_t size)
{
    int n = snprintf(text, size, "%s", dmongo__topology_type(client));
    size_t used = (size_t)n;
    for (size_t i = 0; i < client->uri->host_count && used < size; i++) {
        const struct dmongo__server *server = &client->servers[i];
        const char *why = server->last_error.message;
        bool is_wrong = !server->is_known && server->last_error.code != DIESEL_OK;
        n = snprintf(text + used, size - used, ", %s %s%s%s", server->name,
                     dmongo__server_type(server), is_wrong ? ": " : "",
                     is_wrong ? dmongo__without_name(why, server->name) : "");
        used += (size_t)n;
    }
}

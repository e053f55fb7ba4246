/* SPDX-License-Identifier: MIT */
/*
 * What is known of the deployment: the types of its servers and of the whole, as
 * MongoDB's server discovery and monitoring specification names them. A server is known
 * from when it has been found fit until it is lost; nobody looks after it in between.
 */
#ifndef DIESEL_MONGO_TOPOLOGY_INTERNAL_H
#define DIESEL_MONGO_TOPOLOGY_INTERNAL_H

#include <stddef.h>

struct dmongo;
struct dmongo__server;

/* "Standalone", "Mongos", "RSPrimary", "RSOther"; "Unknown". Static. */
const char *dmongo__server_type(const struct dmongo__server *server);

/* "Single", "Sharded", "ReplicaSetWithPrimary", "ReplicaSetNoPrimary"; "Unknown".
 * Static. */
const char *dmongo__topology_type(const struct dmongo *client);

/* "Single, db1:27017 Standalone", with what is wrong with a server that is not known;
 * cut to `size` bytes with the zero byte. */
void dmongo__topology_describe(const struct dmongo *client, char *text,
                               size_t size);

#endif

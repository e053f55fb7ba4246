/* SPDX-License-Identifier: MIT */
/*
 * From what the user names as the server to a connection string.
 */
#ifndef DMONGO_CLI_ADDRESS_INTERNAL_H
#define DMONGO_CLI_ADDRESS_INTERNAL_H

#include <stdint.h>

#include <diesel/error.h>

typedef struct dmongo__address {
    const char *uri;     /* what stands first on the command line, or NULL: a
                            connection string, "host", "host:port/db", "db",
                            "/path/to/socket"                               */
    const char *host;    /* --host: "name", "name:port"; NULL: none         */
    int64_t port;        /* --port; 0: none                                 */
    const char *auth_db; /* --authenticationDatabase; NULL: none            */
} dmongo__address;

/* The connection string, owned by the caller: free(). A word without a dot, a
 * colon or a slash that is not "localhost" is a database's name, as in mongosh.
 * NULL: INVAL where the parts contradict each other, NOMEM. */
char *dmongo__address_uri(const dmongo__address *address, diesel_error *err);

#endif

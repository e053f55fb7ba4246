/* SPDX-License-Identifier: MIT */
/*
 * What scripted servers of any protocol have in common: a listening socket, and
 * a fiber for each connection, in the test's own process.
 *
 * Failures of the server itself fail the test, so nothing here returns errors.
 */
#ifndef TESTS_SCRIPT_SERVER_H
#define TESTS_SCRIPT_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <diesel/stream.h>

typedef struct script_server script_server;

/* Serves one connection, in a fiber of its own. The stream is borrowed; it is
 * closed afterwards. `number` counts the server's connections from 1. */
typedef void script_server_fn(diesel_stream *stream, size_t number, void *arg);

typedef struct script_server_options {
    const char *path; /* a Unix socket to listen on; NULL: "server.sock" in a
                         new folder, which is removed in the end */
    bool tcp;         /* a free port of 127.0.0.1 instead                   */
} script_server_options;

/* Starts to listen; options may be NULL. Within a scheduler. Never switches
 * fibers. */
script_server *script_server_open(script_server_fn *serve, void *arg,
                                  const script_server_options *options);

/* Stops listening, cancels the connections' fibers, waits for them, and frees
 * the server. Switches fibers. */
void script_server_close(script_server *server);

/* Does the same to the connections only, and goes on listening. Switches
 * fibers. */
void script_server_hang_up(script_server *server);

/* Where it listens: the socket's path, borrowed for the server's life, "" with
 * a port; and the port, 0 with a path. */
const char *script_server_path(const script_server *server);
uint16_t script_server_port(const script_server *server);

/* How many connections there have been, and how many are open now. */
size_t script_server_accepted(const script_server *server);
size_t script_server_connected(const script_server *server);

#endif

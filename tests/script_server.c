/* SPDX-License-Identifier: MIT */
/*
 * Scripted servers' common half, see script_server.h. The accepting fiber and
 * the connections' fibers live in a detached scope each, so that the
 * connections can be ended while the server goes on.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <diesel/core.h>

#include "script_server.h"

struct script_server {
    script_server_fn *serve;
    void *arg;
    diesel_listener *listener;
    diesel_scope *accepting;
    diesel_scope *serving;
    char folder[32]; /* "" if it is not ours */
    char path[108];
    size_t accepted;
    size_t connected;
};

struct connection {
    script_server *server;
    diesel_stream *stream;
    size_t number;
};

static diesel_scope *new_scope(void)
{
    return diesel_scope_open(
        &(diesel_scope_options){.label = "scripted server", .detached = true});
}

static void end_scope(diesel_scope *scope)
{
    diesel_error err = {0};
    diesel_scope_cancel(scope);
    int ended = diesel_scope_wait(scope, &err);
    ck_assert_msg(ended == 0, "scripted server: %s", err.message);
}

static int serve_connection(void *arg)
{
    struct connection *c = arg;
    c->server->serve(c->stream, c->number, c->server->arg);
    diesel_stream_close(c->stream);
    c->server->connected--;
    free(c);
    return 0;
}

static int accept_connections(void *arg)
{
    script_server *server = arg;
    diesel_stream *stream;
    while ((stream = diesel_accept(server->listener, DIESEL_FOREVER, NULL)) !=
           NULL) {
        struct connection *c = malloc(sizeof *c);
        ck_assert_ptr_nonnull(c);
        *c = (struct connection){server, stream, ++server->accepted};
        server->connected++;
        ck_assert_int_eq(diesel_go(server->serving, serve_connection, c), 0);
    }
    return 0;
}

static void choose_path(script_server *server, const char *path)
{
    if (path == NULL) {
        strcpy(server->folder, "/tmp/diesel-server-XXXXXX");
        ck_assert_ptr_nonnull(mkdtemp(server->folder));
        snprintf(server->path, sizeof server->path, "%s/server.sock",
                 server->folder);
        return;
    }
    ck_assert_uint_lt(strlen(path), sizeof server->path);
    strcpy(server->path, path);
}

script_server *script_server_open(script_server_fn *serve, void *arg,
                                  const script_server_options *options)
{
    static const script_server_options usual;
    if (options == NULL)
        options = &usual;
    script_server *server = calloc(1, sizeof *server);
    ck_assert_ptr_nonnull(server);
    server->serve = serve;
    server->arg = arg;

    diesel_error err;
    if (!options->tcp)
        choose_path(server, options->path);
    server->listener = options->tcp
                           ? diesel_tcp_listen("127.0.0.1", 0, NULL, &err)
                           : diesel_unix_listen(server->path, NULL, &err);
    ck_assert_msg(server->listener != NULL, "%s", err.message);
    server->accepting = new_scope();
    server->serving = new_scope();
    ck_assert_int_eq(diesel_go(server->accepting, accept_connections, server),
                     0);
    return server;
}

void script_server_close(script_server *server)
{
    end_scope(server->accepting);
    end_scope(server->serving);
    ck_assert_uint_eq(server->connected, 0);
    diesel_listener_close(server->listener);
    if (server->folder[0] != 0)
        rmdir(server->folder);
    free(server);
}

void script_server_hang_up(script_server *server)
{
    end_scope(server->serving);
    server->serving = new_scope();
}

const char *script_server_path(const script_server *server)
{
    return server->path;
}

uint16_t script_server_port(const script_server *server)
{
    return diesel_listener_port(server->listener);
}

size_t script_server_accepted(const script_server *server)
{
    return server->accepted;
}

size_t script_server_connected(const script_server *server)
{
    return server->connected;
}

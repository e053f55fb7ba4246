/* SPDX-License-Identifier: MIT */
/*
 * An echo server on every core: threads with a scheduler each that listen on one
 * port, for which the kernel deals the connections out.
 *
 *     percore 7777   serves on port 7777 of this machine until it is ended
 *     percore        serves a hundred clients, which are fibers of the first thread
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <diesel/core.h>

struct server {
    int threads;
    uint16_t port;
    bool alone; /* without other programs' clients */
    diesel_thread_channel *ports; /* thread 0 tells the others which it is */
};

static int echo(diesel_stream *stream, void *arg __attribute__((unused)))
{
    char buf[4096];
    ssize_t n;
    while ((n = diesel_stream_read(stream, buf, sizeof buf, DIESEL_FOREVER,
                                   NULL)) > 0)
        if (diesel_stream_write(stream, buf, (size_t)n, DIESEL_FOREVER, NULL) < 0)
            break;
    return 0; /* a broken connection is no failure */
}

static int call(void *arg)
{
    char said[] = "is anybody there?", heard[sizeof said];
    diesel_error err;
    diesel_stream *s = diesel_tcp_connect("127.0.0.1", *(uint16_t *)arg, NULL,
                                          DIESEL_FOREVER, &err);
    bool ok = s != NULL &&
        diesel_stream_write(s, said, sizeof said, DIESEL_FOREVER, &err) == 0 &&
        diesel_stream_read_exactly(s, heard, sizeof said, DIESEL_FOREVER, &err) == 0;
    diesel_stream_close(s);
    return ok ? memcmp(said, heard, sizeof said) : diesel_fail(&err);
}

static int run_clients(void *arg)
{
    struct server *server = arg;
    diesel_error err;
    diesel_scope *clients = diesel_scope_open(NULL);
    for (int i = 0; i < 100; i++)
        diesel_go(clients, call, &server->port);
    if (diesel_scope_wait(clients, &err) < 0)
        return diesel_fail(&err);
    puts("100 clients heard their echo");
    diesel_stop_threads();
    return 0;
}

static int serve(int index, void *arg)
{
    struct server *server = arg;
    diesel_error err;
    uint16_t port = index == 0 ? server->port : 0;
    if (index > 0 && diesel_thread_channel_recv(server->ports, &port,
                                                DIESEL_FOREVER, &err) < 0)
        return diesel_fail(&err);
    diesel_listener *listener = diesel_tcp_listen(
        "127.0.0.1", port, &(diesel_listen_options){.reuse_port = true}, &err);
    if (listener == NULL)
        return diesel_fail(&err);
    diesel_scope *clients = diesel_scope_open(NULL);
    if (index == 0)
        server->port = port = diesel_listener_port(listener);
    for (int i = 1; index == 0 && i < server->threads; i++)
        if (diesel_thread_channel_try_send(server->ports, &port, &err) < 0)
            diesel_stop_threads(); /* there is room: it does not come to this */
    if (index == 0 && server->alone)
        diesel_go(clients, run_clients, server);
    int result = diesel_serve(listener, echo, NULL, NULL, &err);
    diesel_scope_cancel(clients);
    if (diesel_scope_wait(clients, &err) < 0)
        result = -1;
    return result < 0 ? diesel_fail(&err) : 0;
}

int main(int argc, char **argv)
{
    diesel_error err;
    int n = diesel_cpu_count(), result = -1;
    struct server server = {
        .threads = n, .alone = argc < 2,
        .port = argc < 2 ? 0 : (uint16_t)atoi(argv[1]),
        .ports = diesel_thread_channel_new(sizeof server.port, (size_t)n, &err)};
    if (server.ports != NULL)
        result = diesel_run_threads(n, serve, &server, NULL, &err);
    diesel_thread_channel_free(server.ports);
    return result < 0 ? fprintf(stderr, "percore: %s\n", err.message), 1 : 0;
}

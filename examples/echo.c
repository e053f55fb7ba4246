/* SPDX-License-Identifier: MIT */
/*
 * An echo server: a fiber per connection.
 *
 *     echo 7777      serves on port 7777 of this machine until it is ended
 *     echo           serves a hundred clients, which are fibers of this program
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <diesel/core.h>

enum { CLIENTS = 100 };

static int serve(void *arg)
{
    diesel_stream *peer = arg;
    char buf[4096];
    ssize_t n;

    while ((n = diesel_stream_read(peer, buf, sizeof buf, DIESEL_FOREVER,
                                   NULL)) > 0)
        if (diesel_stream_write(peer, buf, (size_t)n, DIESEL_FOREVER, NULL) < 0)
            break;
    diesel_stream_close(peer);
    return 0; /* one broken connection is no reason to end the others */
}

static int serve_all(void *arg)
{
    diesel_error err;
    diesel_stream *peer;

    diesel_scope *peers = diesel_scope_open(NULL);
    while ((peer = diesel_accept(arg, DIESEL_FOREVER, &err)) != NULL)
        diesel_go(peers, serve, peer);
    (void)diesel_scope_wait(peers, NULL);
    return diesel_fail(&err);
}

static int call(void *arg)
{
    static const char said[] = "is anybody there?";
    char heard[sizeof said] = "";
    diesel_error err;

    diesel_stream *s = diesel_tcp_connect(
        "127.0.0.1", diesel_listener_port(arg), NULL, DIESEL_FOREVER, &err);
    if (s == NULL ||
        diesel_stream_write(s, said, sizeof said, DIESEL_FOREVER, &err) < 0 ||
        diesel_stream_read_exactly(s, heard, sizeof heard, DIESEL_FOREVER,
                                   &err) < 0) {
        diesel_stream_close(s);
        return diesel_fail(&err);
    }
    diesel_stream_close(s);
    return strcmp(said, heard) == 0 ? 0 : -1;
}

static int app(void *arg)
{
    const char *port = ((char **)arg)[1];
    diesel_error err;

    diesel_listener *listener = diesel_tcp_listen(
        "127.0.0.1", port != NULL ? (uint16_t)atoi(port) : 0, NULL, &err);
    if (listener == NULL)
        return diesel_fail(&err);

    diesel_scope *server = diesel_scope_open(NULL);
    diesel_go(server, serve_all, listener);
    int status = 0;
    if (port == NULL) {
        diesel_scope *clients = diesel_scope_open(NULL);
        for (int i = 0; i < CLIENTS; i++)
            diesel_go(clients, call, listener);
        status = diesel_scope_wait(clients, &err);
        diesel_scope_cancel(server);
    }
    if (diesel_scope_wait(server, status < 0 ? NULL : &err) < 0)
        status = -1;
    diesel_listener_close(listener);
    if (status < 0)
        return diesel_fail(&err);
    printf("%d clients heard their echo\n", CLIENTS);
    return 0;
}

int main(int argc, char **argv)
{
    (void)argc;
    return diesel_main(app, argv);
}

/* SPDX-License-Identifier: MIT */
/*
 * A TCP proxy: what comes on a port goes on to another, both ways, and never
 * faster than the slower side takes it.
 *
 *     proxy 8080 example.org 80
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <diesel/core.h>

struct proxy {
    const char *host;
    uint16_t port;
    uint64_t moved; /* by all connections, both ways */
};

struct way {
    diesel_stream *from, *to;
    uint64_t *moved;
};

static int forward(void *arg)
{
    struct way *way = arg;
    diesel_error err;
    if (diesel_stream_splice(way->from, way->to, UINT64_MAX, way->moved,
                             DIESEL_FOREVER, &err) < 0 ||
        diesel_stream_shutdown_write(way->to, DIESEL_FOREVER, &err) < 0)
        return diesel_fail(&err); /* ends the other way as well */
    return 0;
}

/* A fiber for each client, which waits for one for each way. */
static int serve(diesel_stream *client, void *arg)
{
    struct proxy *proxy = arg;
    diesel_error err;
    diesel_stream *server = diesel_tcp_connect(
        proxy->host, proxy->port, NULL, DIESEL_FOREVER, &err);
    if (server == NULL)
        return diesel_fail(&err);
    struct way there = {client, server, &proxy->moved};
    struct way back = {server, client, &proxy->moved};
    diesel_scope *both = diesel_scope_open(NULL);
    diesel_go(both, forward, &there);
    diesel_go(both, forward, &back);
    int status = diesel_scope_wait(both, &err);
    diesel_stream_close(server);
    printf("%" PRIu64 " bytes moved so far\n", proxy->moved);
    fflush(stdout);
    return status < 0 ? diesel_fail(&err) : 0; /* the service logs it */
}

static int app(void *arg)
{
    char **argv = arg;
    diesel_error err;
    if (argv[1] == NULL || argv[2] == NULL || argv[3] == NULL) {
        puts("usage: proxy PORT HOST PORT");
        return 0;
    }
    struct proxy proxy = {.host = argv[2], .port = (uint16_t)atoi(argv[3])};
    diesel_listener *listener =
        diesel_tcp_listen("127.0.0.1", (uint16_t)atoi(argv[1]), NULL, &err);
    if (listener == NULL)
        return diesel_fail(&err);
    printf("listening on port %d\n", diesel_listener_port(listener));
    fflush(stdout);
    return diesel_serve(listener, serve, &proxy, NULL, &err) < 0 ? diesel_fail(&err)
                                                                  : 0;
}

int main(int argc, char **argv)
{
    (void)argc;
    return diesel_main(app, argv);
}

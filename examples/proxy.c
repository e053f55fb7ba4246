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
    diesel_listener *listener;
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

struct visit {
    struct proxy *proxy;
    diesel_stream *client;
};

static int serve(void *arg)
{
    struct visit visit = *(struct visit *)arg;
    struct proxy *proxy = visit.proxy;
    diesel_error err;
    free(arg);
    diesel_stream *server = diesel_tcp_connect(
        proxy->host, proxy->port, NULL, DIESEL_FOREVER, &err);
    if (server != NULL) {
        struct way there = {visit.client, server, &proxy->moved};
        struct way back = {server, visit.client, &proxy->moved};
        diesel_scope *both = diesel_scope_open(NULL);
        diesel_go(both, forward, &there);
        diesel_go(both, forward, &back);
        if (diesel_scope_wait(both, &err) < 0)
            fprintf(stderr, "proxy: %s\n", err.message);
        printf("%" PRIu64 " bytes moved so far\n", proxy->moved);
        fflush(stdout);
    } else {
        fprintf(stderr, "proxy: %s\n", err.message);
    }
    diesel_stream_close(server);
    diesel_stream_close(visit.client);
    return 0;
}

static int run_proxy(void *arg)
{
    struct proxy *proxy = arg;
    diesel_error err;
    diesel_stream *client;
    diesel_scope *visits = diesel_scope_open(NULL);
    while ((client = diesel_accept(proxy->listener, DIESEL_FOREVER, &err)) !=
           NULL) {
        struct visit *visit = malloc(sizeof *visit);
        if (visit == NULL)
            abort();
        *visit = (struct visit){proxy, client};
        diesel_go(visits, serve, visit);
    }
    (void)diesel_scope_wait(visits, NULL);
    return diesel_fail(&err);
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
    proxy.listener = diesel_tcp_listen("127.0.0.1", (uint16_t)atoi(argv[1]),
                                       NULL, &err);
    if (proxy.listener == NULL)
        return diesel_fail(&err);
    printf("listening on port %d\n", diesel_listener_port(proxy.listener));
    fflush(stdout);
    return run_proxy(&proxy);
}

int main(int argc, char **argv)
{
    (void)argc;
    return diesel_main(app, argv);
}

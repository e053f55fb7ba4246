/* SPDX-License-Identifier: MIT */
/*
 * Diesel's echo server: a fiber for each connection, plain or with TLS.
 */
#include "bench_diesel.h"
#include "echo.h"

static const char *argv0;

struct server {
    diesel_listener *listener;
    diesel_tls *tls; /* NULL: plain */
};

struct client {
    diesel_stream *stream;
    diesel_tls *tls;
};

static int serve(void *arg)
{
    struct client client = *(struct client *)arg;
    diesel_error err;
    char buf[4096];
    ssize_t got = 0;
    free(arg);
    if (client.tls != NULL)
        bench_must(diesel_tls_start(client.stream, client.tls, NULL,
                                    DIESEL_FOREVER, &err), &err);
    while ((got = diesel_stream_read(client.stream, buf, sizeof buf,
                                     DIESEL_FOREVER, &err)) > 0)
        bench_must(diesel_stream_write(client.stream, buf, (size_t)got,
                                       DIESEL_FOREVER, &err), &err);
    diesel_stream_close(client.stream);
    return 0;
}

static int serve_all(void *arg)
{
    struct server *server = arg;
    diesel_error err;
    diesel_stream *peer;
    diesel_scope *peers = diesel_scope_open(NULL);
    while ((peer = diesel_accept(server->listener, DIESEL_FOREVER, &err)) !=
           NULL) {
        struct client *client = malloc(sizeof *client);
        *client = (struct client){peer, server->tls};
        diesel_go(peers, serve, client);
    }
    diesel_scope_cancel(peers);
    (void)diesel_scope_wait(peers, NULL);
    return diesel_fail(&err);
}

static void run(const struct bench_args *args, bool tls)
{
    struct echo_bench b;
    struct server server = {0};
    diesel_error err;
    char path[80], byte;
    echo_prepare(&b, argv0, args, tls);
    snprintf(path, sizeof path, "@%s", b.name);
    server.listener = diesel_unix_listen(path, NULL, &err);
    if (server.listener == NULL)
        bench_fail("%s", err.message);
    if (tls)
        server.tls = diesel_tls_new(
            &(diesel_tls_options){.server = true, .cert_file = b.cert}, &err);
    if (tls && server.tls == NULL)
        bench_fail("%s", err.message);
    echo_start_load(&b, args);
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(scope, serve_all, &server);
    diesel_stream *control = diesel_stream_from_fd(b.control, "load", &err);
    bench_must(diesel_stream_read_exactly(control, &byte, 1, DIESEL_FOREVER,
                                          &err), &err);
    struct bench_clock clock = bench_start();
    bench_must(diesel_stream_write(control, "g", 1, DIESEL_FOREVER, &err), &err);
    bench_must(diesel_stream_read_exactly(control, &byte, 1, DIESEL_FOREVER,
                                          &err), &err);
    echo_finish(&b, &clock);
    diesel_scope_cancel(scope);
    (void)diesel_scope_wait(scope, NULL);
    diesel_stream_close(control);
    diesel_listener_close(server.listener);
    diesel_tls_free(server.tls);
}

static void echo(const struct bench_args *args)
{
    run(args, false);
}

static void tls_echo(const struct bench_args *args)
{
    run(args, true);
}

int main(int argc, char **argv)
{
    static const struct bench_case cases[] = {
        {"echo", echo}, {"tls-echo", tls_echo}, {NULL, NULL}};
    argv0 = argv[0];
    return bench_diesel_main(argc, argv, cases);
}

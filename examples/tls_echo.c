/* SPDX-License-Identifier: MIT */
/*
 * An echo server with TLS, and its client.
 *
 *     tls_echo serve 7777 server.pem          certificate and key in one file
 *     tls_echo ask HOST 7777 TEXT [ca.pem]    prints what comes back
 *
 * The certificate must be for HOST, and signed by whom the system or ca.pem trusts.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <diesel/core.h>

static diesel_tls *tls;

/* A negative result ends this connection only, and is logged. */
static int echo(diesel_stream *peer, void *arg)
{
    (void)arg;
    diesel_error err;
    char buf[4096];
    ssize_t n;

    if (diesel_tls_start(peer, tls, NULL, diesel_now() + 10000, &err) < 0)
        return diesel_fail(&err);
    while ((n = diesel_stream_read(peer, buf, sizeof buf, DIESEL_FOREVER, &err)) > 0)
        if (diesel_stream_write(peer, buf, (size_t)n, DIESEL_FOREVER, &err) < 0)
            return diesel_fail(&err);
    return n < 0 ? diesel_fail(&err) : 0;
}

static int serve(char **argv)
{
    diesel_error err;
    diesel_listener *listener = NULL;

    tls = diesel_tls_new(
        &(diesel_tls_options){.server = true, .cert_file = argv[3]}, &err);
    if (tls != NULL)
        listener = diesel_tcp_listen("127.0.0.1", (uint16_t)atoi(argv[2]), NULL,
                                     &err);
    if (listener == NULL)
        return diesel_fail(&err);
    printf("listening on port %d\n", diesel_listener_port(listener));
    fflush(stdout);
    return diesel_serve(listener, echo, NULL, NULL, &err) < 0 ? diesel_fail(&err) : 0;
}

static int ask(char **argv)
{
    diesel_error err;
    char *line;

    tls = diesel_tls_new(&(diesel_tls_options){.ca_file = argv[5]}, &err);
    diesel_stream *s =
        tls != NULL ? diesel_tcp_connect(argv[2], (uint16_t)atoi(argv[3]), NULL,
                                         DIESEL_FOREVER, &err)
                    : NULL;
    struct iovec said[] = {{argv[4], strlen(argv[4])}, {"\n", 1}};
    if (s == NULL ||
        diesel_tls_start(s, tls, argv[2], DIESEL_FOREVER, &err) < 0 ||
        diesel_stream_writev(s, said, 2, DIESEL_FOREVER, &err) < 0 ||
        diesel_stream_read_line(s, &line, NULL, 4096, DIESEL_FOREVER, &err) < 0)
        return diesel_fail(&err);
    diesel_tls_info info;
    diesel_tls_info_of(s, &info);
    printf("%s (%s, %s)\n", line, info.version, info.peer);
    diesel_stream_close(s);
    diesel_tls_free(tls);
    return 0;
}

static int app(void *arg)
{
    char **argv = arg;
    int argc = 0;
    while (argv[argc] != NULL)
        argc++;
    if (argc == 4 && strcmp(argv[1], "serve") == 0)
        return serve(argv);
    if ((argc == 5 || argc == 6) && strcmp(argv[1], "ask") == 0)
        return ask(argv);
    puts("usage: tls_echo serve PORT CERT | tls_echo ask HOST PORT TEXT [CA]");
    return 0;
}

int main(int argc, char **argv)
{
    (void)argc;
    return diesel_main(app, argv);
}

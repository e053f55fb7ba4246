/* SPDX-License-Identifier: MIT */
/*
 * The peer "libevent": an echo server of bufferevents, plain or with
 * bufferevent_openssl, in the shape that libevent's book gives it.
 */
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <openssl/ssl.h>

#include "echo.h"

static const char *argv0;
static struct event_base *base;
static SSL_CTX *ctx; /* NULL: plain */
static struct echo_bench b;
static struct bench_clock started;

static void on_read(struct bufferevent *bev, void *arg)
{
    (void)arg;
    evbuffer_add_buffer(bufferevent_get_output(bev), bufferevent_get_input(bev));
}

static void on_event(struct bufferevent *bev, short what, void *arg)
{
    (void)arg;
    if (what & (BEV_EVENT_EOF | BEV_EVENT_ERROR))
        bufferevent_free(bev);
}

static void on_accept(struct evconnlistener *listener, evutil_socket_t fd,
                      struct sockaddr *sa, int size, void *arg)
{
    (void)listener, (void)sa, (void)size, (void)arg;
    struct bufferevent *bev =
        ctx != NULL ? bufferevent_openssl_socket_new(
                          base, fd, SSL_new(ctx), BUFFEREVENT_SSL_ACCEPTING,
                          BEV_OPT_CLOSE_ON_FREE)
                    : bufferevent_socket_new(base, fd, BEV_OPT_CLOSE_ON_FREE);
    if (bev == NULL)
        bench_fail("no bufferevent");
    bufferevent_setcb(bev, on_read, NULL, on_event, NULL);
    bufferevent_enable(bev, EV_READ | EV_WRITE);
}

static void on_control(evutil_socket_t fd, short what, void *arg)
{
    char byte;
    (void)what, (void)arg;
    if (read(fd, &byte, 1) != 1)
        bench_fail("echo_load has gone");
    if (byte == 's') {
        started = bench_start();
        if (write(fd, "g", 1) != 1)
            bench_fail("echo_load has gone");
        return;
    }
    echo_finish(&b, &started);
    event_base_loopbreak(base);
}

static void run(const struct bench_args *args, int tls)
{
    struct sockaddr_un un;
    echo_prepare(&b, argv0, args, tls);
    struct event_config *config = event_config_new();
    event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
    base = event_base_new_with_config(config);
    event_config_free(config);
    if (tls) {
        ctx = SSL_CTX_new(TLS_server_method());
        if (SSL_CTX_use_certificate_chain_file(ctx, b.cert) != 1 ||
            SSL_CTX_use_PrivateKey_file(ctx, b.cert, SSL_FILETYPE_PEM) != 1)
            bench_fail("no certificate");
    }
    socklen_t size = echo_address(&b, &un);
    struct evconnlistener *listener = evconnlistener_new_bind(
        base, on_accept, NULL, LEV_OPT_CLOSE_ON_FREE, 4096,
        (struct sockaddr *)&un, (int)size);
    if (listener == NULL)
        bench_fail("cannot listen");
    echo_start_load(&b, args);
    struct event *control = event_new(base, b.control, EV_READ | EV_PERSIST,
                                      on_control, NULL);
    event_add(control, NULL);
    event_base_dispatch(base);
    evconnlistener_free(listener);
    event_free(control);
}

static void echo(const struct bench_args *args)
{
    run(args, 0);
}

static void tls_echo(const struct bench_args *args)
{
    run(args, 1);
}

int main(int argc, char **argv)
{
    static const struct bench_case cases[] = {
        {"echo", echo}, {"tls-echo", tls_echo}, {NULL, NULL}};
    argv0 = argv[0];
    return bench_main(argc, argv, cases);
}

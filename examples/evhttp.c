/* SPDX-License-Identifier: MIT */
/*
 * Fibers beside libevent's HTTP server, in the application's own loop.
 *
 * evhttp calls back for each request; a fiber answers it in blocking style, here after
 * asking a slow backend, while others are served. Then the program is its own client:
 * fibers that ask over plain streams.
 */
#include <stdio.h>
#include <string.h>

#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>

#include <diesel/core.h>
#include <diesel/event.h>

#define CLIENTS 3

static diesel_scope *answers; /* detached: callbacks run outside fibers */

static int answer(void *arg)
{
    struct evhttp_request *request = arg;
    diesel_error err;
    if (diesel_sleep(20, &err) < 0) { /* the backend takes its time */
        evhttp_send_error(request, HTTP_SERVUNAVAIL, err.message);
        return 0;
    }
    struct evbuffer *body = evbuffer_new();
    evbuffer_add_printf(body, "hello %s", evhttp_request_get_uri(request) + 1);
    evhttp_send_reply(request, HTTP_OK, "OK", body);
    evbuffer_free(body);
    return 0;
}

static void on_request(struct evhttp_request *request, void *arg)
{
    (void)arg;
    diesel_go(answers, answer, request);
}

struct client {
    int number;
    uint16_t port;
};

static int ask(void *arg)
{
    struct client *client = arg;
    diesel_error err;
    char text[600], *body;
    int n = snprintf(text, sizeof text, "GET /client%d HTTP/1.0\r\n\r\n",
                     client->number);
    diesel_stream *s =
        diesel_tcp_connect("127.0.0.1", client->port, NULL, DIESEL_FOREVER, &err);
    if (s == NULL || diesel_stream_write(s, text, (size_t)n, DIESEL_FOREVER, &err) < 0)
        goto fail;
    size_t have = 0;
    ssize_t got;
    while ((got = diesel_stream_read(s, text + have, sizeof text - 1 - have,
                                     DIESEL_FOREVER, &err)) > 0)
        have += (size_t)got;
    if (got < 0)
        goto fail;
    text[have] = 0;
    body = strstr(text, "\r\n\r\n");
    printf("%s\n", body != NULL ? body + 4 : "no answer");
    diesel_stream_close(s);
    return 0;

fail:
    diesel_stream_close(s);
    return diesel_fail(&err);
}

struct clients {
    struct event_base *base;
    uint16_t port;
    int status;
};

static int ask_all(void *arg)
{
    struct clients *clients = arg;
    struct client each[CLIENTS];
    diesel_error err;
    diesel_scope *scope = diesel_scope_open(NULL);
    for (int i = 0; i < CLIENTS; i++) {
        each[i] = (struct client){.number = i + 1, .port = clients->port};
        diesel_go(scope, ask, &each[i]);
    }
    clients->status = diesel_scope_wait(scope, &err);
    if (clients->status < 0)
        fprintf(stderr, "evhttp: %s\n", err.message);
    event_base_loopbreak(clients->base);
    return 0;
}

int main(void)
{
    diesel_error err;
    struct sockaddr_in sa;
    struct clients clients = {.base = event_base_new()};
    struct evhttp *http = evhttp_new(clients.base);
    evhttp_set_gencb(http, on_request, NULL);
    struct evhttp_bound_socket *bound =
        evhttp_bind_socket_with_handle(http, "127.0.0.1", 0);
    socklen_t size = sizeof sa;
    if (bound == NULL || getsockname(evhttp_bound_socket_get_fd(bound),
                                     (struct sockaddr *)&sa, &size) < 0) {
        perror("evhttp: listening");
        return 1;
    }
    clients.port = ntohs(sa.sin_port);
    if (diesel_attach(clients.base, NULL, &err) < 0) {
        fprintf(stderr, "evhttp: %s\n", err.message);
        return 1;
    }
    answers = diesel_scope_open(&(diesel_scope_options){.detached = true});
    diesel_go(answers, ask_all, &clients);
    event_base_dispatch(clients.base);
    diesel_detach();
    evhttp_free(http);
    event_base_free(clients.base);
    return clients.status < 0;
}

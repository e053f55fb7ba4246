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

static diesel_scope *answers; /* detached: callbacks run outside fibers */
static uint16_t port;
static int status; /* of the clients */

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

static int ask(void *path)
{
    diesel_error err;
    char request[80], *line;
    int got = -1;
    int size = snprintf(request, 80, "GET %s HTTP/1.0\r\n\r\n", (char *)path);
    diesel_stream *s =
        diesel_tcp_connect("127.0.0.1", port, NULL, DIESEL_FOREVER, &err);
    if (s != NULL &&
        diesel_stream_write(s, request, (size_t)size, DIESEL_FOREVER, &err) == 0)
        while ((got = diesel_stream_read_line(s, &line, NULL, 999, DIESEL_FOREVER,
                                              &err)) > 0)
            if (strncmp(line, "hello ", 6) == 0) /* all else is headers */
                puts(line);
    diesel_stream_close(s);
    return got < 0 ? diesel_fail(&err) : 0;
}

static int ask_all(void *arg)
{
    struct event_base *base = arg;
    diesel_error err;
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(scope, ask, "/ada");
    diesel_go(scope, ask, "/grace");
    diesel_go(scope, ask, "/linus");
    status = diesel_scope_wait(scope, &err);
    if (status < 0)
        fprintf(stderr, "evhttp: %s\n", err.message);
    event_base_loopbreak(base);
    return 0;
}

int main(void)
{
    diesel_error err;
    struct sockaddr_in sa;
    socklen_t size = sizeof sa;
    struct event_base *base = event_base_new();
    struct evhttp *http = evhttp_new(base);
    evhttp_set_gencb(http, on_request, NULL);
    struct evhttp_bound_socket *bound =
        evhttp_bind_socket_with_handle(http, "127.0.0.1", 0);
    if (bound == NULL || diesel_attach(base, NULL, &err) < 0)
        return 1;
    getsockname(evhttp_bound_socket_get_fd(bound), (struct sockaddr *)&sa, &size);
    port = ntohs(sa.sin_port);
    answers = diesel_scope_open(&(diesel_scope_options){.detached = true});
    diesel_go(answers, ask_all, base);
    event_base_dispatch(base);
    diesel_detach();
    evhttp_free(http);
    event_base_free(base);
    return status < 0;
}

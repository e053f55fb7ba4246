/* SPDX-License-Identifier: MIT */
/*
 * Fan-out: a fiber for each page, of which only so many talk to the server at a
 * time, each with a deadline. The server, which is part of the program, answers the
 * number of a page with the two that it links to, and that of one page never.
 */
#include <stdio.h>
#include <stdlib.h>
#include <diesel/core.h>

enum { PAGES = 200, AT_ONCE = 8, DEADLINE_MS = 500, SILENT = 13 };
static diesel_scope *crawl;
static diesel_semaphore turns = {.count = AT_ONCE};
static int pages_read;
static bool known[PAGES] = {[1] = true}; /* to one thread: no lock is needed */
static uint16_t port;

static int fetch(int page, int links[2], diesel_error *err)
{
    char text[20], *line;
    int found = -1, n = snprintf(text, sizeof text, "%d\n", page);
    diesel_stream *s =
        diesel_tcp_connect("127.0.0.1", port, NULL, DIESEL_FOREVER, err);
    if (s != NULL &&
        diesel_stream_write(s, text, (size_t)n, DIESEL_FOREVER, err) == 0 &&
        diesel_stream_read_line(s, &line, NULL, 80, DIESEL_FOREVER, err) > 0)
        found = sscanf(line, "%d %d", &links[0], &links[1]);
    diesel_stream_close(s);
    return found;
}

static int visit(void *arg)
{
    int page = (int)(intptr_t)arg, links[2];
    diesel_error err;
    if (diesel_semaphore_take(&turns, DIESEL_FOREVER, &err) < 0)
        return diesel_fail(&err);
    diesel_scope *limit =
        diesel_scope_open(&(diesel_scope_options){.timeout_ms = DEADLINE_MS});
    int found = fetch(page, links, &err);
    if (diesel_scope_wait(limit, &err) < 0)
        found = -1;
    diesel_semaphore_give(&turns);
    if (found < 0) /* one page is no reason to end the others */
        printf("page %d: %s\n", page, err.message);
    else
        pages_read++;
    for (int i = 0; i < found; i++)
        if (links[i] > 0 && links[i] < PAGES && !known[links[i]]) {
            known[links[i]] = true;
            diesel_go(crawl, visit, (void *)(intptr_t)links[i]);
        }
    return 0;
}

static int answer(diesel_stream *stream, void *arg)
{
    char *line, text[40];
    (void)arg;
    if (diesel_stream_read_line(stream, &line, NULL, 20, DIESEL_FOREVER, NULL) <= 0)
        return 0;
    int page = atoi(line);
    if (page == SILENT)
        (void)diesel_sleep(INT64_MAX, NULL);
    int n = snprintf(text, sizeof text, "%d %d\n", page + 1, 3 * page);
    (void)!diesel_stream_write(stream, text, (size_t)n, DIESEL_FOREVER, NULL);
    return 0; /* who has gone needs no answer */
}

static int serve(void *listener)
{
    diesel_error err;
    int result = diesel_serve(listener, answer, NULL, NULL, &err);
    return result < 0 ? diesel_fail(&err) : 0;
}

static int app(void *arg)
{
    diesel_error err;
    (void)arg;
    diesel_listener *listener = diesel_tcp_listen("127.0.0.1", 0, NULL, &err);
    if (listener == NULL)
        return diesel_fail(&err);
    port = diesel_listener_port(listener);
    diesel_scope *server = diesel_scope_open(NULL);
    diesel_go(server, serve, listener);
    crawl = diesel_scope_open(NULL);
    diesel_go(crawl, visit, (void *)1);
    int result = diesel_scope_wait(crawl, &err);
    printf("%d pages read\n", pages_read);
    diesel_scope_cancel(server);
    (void)diesel_scope_wait(server, NULL);
    return result < 0 ? diesel_fail(&err) : 0;
}

int main(void)
{
    return diesel_main(app, NULL);
}

/* SPDX-License-Identifier: MIT */
/*
 * A small service that can be looked into: it answers each line with its length,
 * logs, counts, and has a page on the console. "metrics" as a line gives the page
 * that Prometheus reads; "stop" ends the service.
 *
 *     DIESEL_CONSOLE=/tmp/service.console ./service /tmp/service.socket
 *     diesel-console -o fibers /tmp/service.console
 */
#include <stdio.h>
#include <string.h>

#include <diesel/core.h>

static diesel_logger logger = DIESEL_LOGGER("service");
static diesel_counter *lines;
static diesel_histogram *lengths;
static diesel_scope *service;
static int guests;

static int answer(diesel_stream *peer, const char *line, diesel_error *err)
{
    if (strcmp(line, "stop") == 0) {
        diesel_scope_cancel(service);
        return 0;
    }
    if (strcmp(line, "metrics") == 0) {
        char *page = diesel_metrics_text(DIESEL_METRICS_PROMETHEUS, NULL, err);
        int sent = page == NULL ? -1
                                : diesel_stream_write(peer, page, strlen(page),
                                                      DIESEL_FOREVER, err);
        diesel_free(page);
        return sent;
    }
    diesel_counter_add(lines, 1);
    diesel_histogram_add(lengths, strlen(line));
    char text[20];
    int n = snprintf(text, sizeof text, "%zu\n", strlen(line));
    return diesel_stream_write(peer, text, (size_t)n, DIESEL_FOREVER, err);
}

static int serve(void *arg)
{
    static int numbers;
    diesel_stream *peer = arg;
    diesel_error err;
    char line[200];
    size_t n = 0;
    diesel_log_context *context = diesel_log_push("guest", ++numbers);
    diesel_log(&logger, DIESEL_INFO, "came", "now", ++guests);
    while (n < sizeof line && diesel_stream_read_exactly(
                                  peer, line + n, 1, DIESEL_FOREVER, &err) == 0) {
        if (line[n++] != '\n')
            continue;
        line[n - 1] = '\0';
        diesel_log(&logger, DIESEL_DEBUG, "line", "text", line);
        if (answer(peer, line, &err) < 0)
            break;
        n = 0;
    }
    diesel_log(&logger, DIESEL_INFO, "left", "now", --guests);
    diesel_log_pop(context);
    diesel_stream_close(peer);
    return 0;
}

static void show(void *arg, diesel_console_page *page)
{
    (void)arg;
    diesel_console_row(page, "guests", guests, "lines", diesel_counter_value(lines));
}

static int app(void *arg)
{
    diesel_error err;
    lines = diesel_counter_register("lines_total", "Lines.", DIESEL_LABELS(), &err);
    lengths = diesel_histogram_register(
        "line_bytes", "Lengths of lines.",
        &(diesel_histogram_options){.highest = 256}, DIESEL_LABELS(), &err);
    diesel_listener *listener = diesel_unix_listen(arg, NULL, &err);
    if (listener == NULL)
        return diesel_fail(&err);
    diesel_console_add("guests", "Who is here.", show, NULL, &err);
    service = diesel_scope_open(&(diesel_scope_options){.label = "service"});
    diesel_stream *peer;
    while ((peer = diesel_accept(listener, DIESEL_FOREVER, &err)) != NULL)
        if (diesel_go(service, serve, peer) < 0)
            diesel_stream_close(peer);
    diesel_listener_close(listener);
    return diesel_scope_wait(service, &err) < 0 ? diesel_fail(&err) : 0;
}

int main(int argc, char **argv)
{
    return argc == 2 ? diesel_main(app, argv[1]) : (fputs("a path\n", stderr), 2);
}

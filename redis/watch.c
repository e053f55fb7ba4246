/* SPDX-License-Identifier: MIT */
/*
 * Watching requests. A request that is watched has an event in the frame of its
 * caller; the text of its commands is made only when somebody wants it.
 */
#include "watch_internal.h"

#include <string.h>
#include <strings.h>
#include <time.h>

#include <diesel/fiber.h>
#include <diesel/log.h>
#include <diesel/memory.h>

#include "command_internal.h"
#include "error_internal.h"
#include "redact_internal.h"

#define MOST_WORDS 64 /* of a command that are shown */

static diesel_logger logger = DIESEL_LOGGER("redis");

struct dredis__watch {
    const char *server, *client;
    dredis_hooks hooks;
    int64_t slow_us; /* 0: nothing is logged */
    bool show_values;
    dredis__meter *meter; /* or NULL */
};

int dredis__watch_new(dredis__watch **watch, const dredis__config *config,
                      const dredis_options *options, diesel_error *err)
{
    if (options->hooks == NULL && options->slow_ms <= 0 &&
        options->metrics == DREDIS_METRICS_NONE)
        return 0;
    dredis__watch *made = diesel_calloc(1, sizeof *made);
    if (made == NULL)
        return diesel_error_nomem(err, "a Redis client");
    made->server = config->name;
    made->client = config->client_name;
    if (options->hooks != NULL)
        made->hooks = *options->hooks;
    made->slow_us = options->slow_ms * 1000;
    made->show_values = options->show_values;
    if (options->metrics != DREDIS_METRICS_NONE) {
        made->meter = dredis__meter_new(
            made->server, options->metrics == DREDIS_METRICS_COMMANDS);
        if (made->meter == NULL) {
            diesel_free(made);
            return diesel_error_nomem(err, "metrics of a Redis client");
        }
    }
    *watch = made;
    return 0;
}

void dredis__watch_free(dredis__watch *watch)
{
    if (watch == NULL)
        return;
    dredis__meter_free(watch->meter);
    diesel_free(watch);
}

static int64_t now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* The command with the number i; *n is how many words it has, at most MOST_WORDS. */
static bool find_words(const dredis__request *request, size_t i,
                       diesel_value words[MOST_WORDS], const diesel_value **args,
                       size_t *n)
{
    if (i >= request->commands)
        return false;
    *args = request->args;
    *n = request->n;
    if (request->args != NULL)
        return true;
    const char *at = request->bytes;
    *args = words;
    for (size_t k = 0; k <= i; k++)
        *n = dredis__batch_words(&at, words, MOST_WORDS);
    if (*n > MOST_WORDS)
        *n = MOST_WORDS;
    return true;
}

size_t dredis_event_text(const dredis_event *event, size_t i, char *text,
                         size_t size)
{
    const dredis__watched *w = event->inside;
    diesel_value words[MOST_WORDS];
    const diesel_value *args;
    size_t n;
    if (size > 0)
        *text = '\0';
    if (size < DREDIS__LEAST_TEXT || !find_words(w->request, i, words, &args, &n))
        return 0;
    return dredis__redact(text, size, args, n, w->watch->show_values);
}

/* Which command it is, or what else. */
static void name(dredis__watched *w)
{
    static const char *const rest[] = {"other", "pipeline", "transaction"};
    diesel_value words[MOST_WORDS];
    const diesel_value *args = words;
    size_t n = 0, kind = DREDIS__KIND_OTHER;
    (void)find_words(w->request, 0, words, &args, &n); /* there is one */
    const dredis__command_row *row = dredis__command_find(args, n);
    if (w->request->commands > 1)
        kind = row != NULL && strcmp(row->name, "MULTI") == 0
                   ? DREDIS__KIND_TRANSACTION
                   : DREDIS__KIND_PIPELINE;
    bool known = row != NULL && w->request->commands == 1;
    w->event.command = known ? row->name : rest[kind];
    w->kind = known ? (size_t)(row - dredis__command_rows)
                    : dredis__command_count + kind;
}

void dredis__watch_begin(dredis__watched *w, dredis__watch *watch,
                         const dredis__request *request)
{
    w->watch = watch;
    w->request = request;
    w->event = (dredis_event){.server = watch->server,
                              .client = watch->client,
                              .commands = request->commands,
                              .fiber = diesel_fiber_label(diesel_self()),
                              .inside = w};
    name(w);
    w->began_us = now_us();
    if (watch->meter != NULL)
        dredis__meter_begin(watch->meter, request->commands);
    if (watch->hooks.start != NULL)
        watch->hooks.start(watch->hooks.arg, &w->event);
}

/* Error replies, those in a transaction's EXEC included. */
static size_t count_errors(const dredis__watched *w)
{
    const dredis__request *request = w->request;
    size_t n = 0;
    for (size_t i = 0; i < request->got; i++)
        n += request->replies[i]->type == DREDIS_ERROR;
    if (w->kind != dredis__command_count + DREDIS__KIND_TRANSACTION ||
        request->got < request->commands)
        return n;
    const dredis_reply *exec = request->replies[request->got - 1];
    for (size_t i = 0; exec->type == DREDIS_ARRAY && i < exec->elements; i++)
        n += exec->element[i].type == DREDIS_ERROR;
    return n;
}

static void log_slow(const dredis__watched *w)
{
    const dredis_event *event = &w->event;
    char text[240];
    dredis_event_text(event, 0, text, sizeof text);
    diesel_log(&logger, DIESEL_WARNING, "slow", "server", event->server, "command",
               text, "commands", event->commands, "took_ms",
               (double)event->took_us / 1000, "sent", event->sent, "received",
               event->received, "error",
               event->error != NULL ? event->error->message : NULL);
}

void dredis__watch_end(dredis__watched *w, int result, const diesel_error *err)
{
    const dredis__watch *watch = w->watch;
    const dredis__request *request = w->request;
    dredis_event *event = &w->event;
    event->took_us = now_us() - w->began_us;
    event->sent = request->sent;
    event->received = request->received;
    event->repeats = request->repeats;
    event->errors = count_errors(w);
    if (result != 0) {
        event->error = err;
    } else if (request->commands == 1 && event->errors > 0) {
        dredis__server_error(request->replies[0], &w->why);
        event->error = &w->why;
    }
    if (watch->meter != NULL)
        dredis__meter_end(watch->meter, w);
    if (watch->slow_us > 0 && event->took_us >= watch->slow_us)
        log_slow(w);
    if (watch->hooks.end != NULL)
        watch->hooks.end(watch->hooks.arg, event);
}

void dredis__watch_waiting(dredis__watch *watch, bool more)
{
    if (watch != NULL && watch->meter != NULL)
        dredis__meter_waiting(watch->meter, more);
}

void dredis__watch_stats(dredis__watch *watch, const dredis_stats *stats)
{
    if (watch->meter != NULL)
        dredis__meter_stats(watch->meter, stats);
}

int dredis__watch_exchange(dredis__watch *watch, dredis__connection *c,
                           dredis__request *request, diesel_error *err)
{
    dredis__watched w;
    diesel_error why;
    if (watch == NULL)
        return dredis__connection_exchange(c, request, DIESEL_FOREVER, err);
    dredis__watch_begin(&w, watch, request);
    int result = dredis__connection_exchange(c, request, DIESEL_FOREVER, &why);
    dredis__watch_end(&w, result, &why);
    if (result != 0 && err != NULL)
        *err = why;
    return result;
}

dredis__meter *dredis__watch_cache_meter(const dredis__watch *watch)
{
    return watch != NULL && watch->meter != NULL
               ? dredis__meter_new(watch->server, false)
               : NULL;
}

/* SPDX-License-Identifier: MIT */
/*
 * Metrics. Several clients may be one server's and share them; so each adds to the
 * gauges, and takes its part back in the end.
 *
 * The names of commands are those of a list, as a program could otherwise make up any
 * number of metrics with dmongo_run(). Metrics that cannot be registered are NULL,
 * on which updates do nothing.
 */
#include "meter_internal.h"

#include <stdlib.h>
#include <string.h>

#include <diesel/memory.h>
#include <diesel/metrics.h>

#define LONGEST_US 67108864 /* 2^26: a minute */

/* Sorted; what is not in it is "other". */
static const char *const commands[] = {
    "abortTransaction",  "aggregate",        "buildInfo",
    "bulkWrite",         "collMod",          "collStats",
    "commitTransaction", "count",            "create",
    "createIndexes",     "createUser",       "dbStats",
    "delete",            "distinct",         "drop",
    "dropDatabase",      "dropIndexes",      "endSessions",
    "explain",           "find",             "findAndModify",
    "getMore",           "hello",            "insert",
    "killCursors",       "listCollections",  "listDatabases",
    "listIndexes",       "ping",             "renameCollection",
    "serverStatus",      "update",           "validate",
};
enum { COMMANDS = sizeof commands / sizeof *commands };

struct took {
    diesel_histogram *histogram;
    bool tried;
};

/* A gauge, and what we have added to it. */
struct share {
    diesel_gauge *gauge;
    int64_t value;
};

struct dmongo__meter {
    const char *server;
    bool by_command;
    struct took took[COMMANDS + 1]; /* by command, or the last for all; made
                                       when first needed                      */
    diesel_histogram *check_outs;
    diesel_counter *errors, *retries, *connections;
    struct share open, in_use, waiting;
};

static const diesel_histogram_options times = {.highest = LONGEST_US,
                                               .scale = 1e-6};

static diesel_counter *counter(const struct dmongo__meter *m, const char *name,
                               const char *help)
{
    return diesel_counter_register(name, help, DIESEL_LABELS("server", m->server),
                                   NULL);
}

static struct share share(const struct dmongo__meter *m, const char *name,
                          const char *help)
{
    return (struct share){
        .gauge = diesel_gauge_register(name, help,
                                       DIESEL_LABELS("server", m->server), NULL)};
}

static void change(struct share *s, int64_t by)
{
    s->value += by;
    diesel_gauge_add(s->gauge, (double)by);
}

struct dmongo__meter *dmongo__meter_new(const char *server, bool by_command)
{
    struct dmongo__meter *m = diesel_calloc(1, sizeof *m);
    if (m == NULL)
        return NULL;
    m->server = server;
    m->by_command = by_command;
    m->errors = counter(m, "dmongo_errors_total",
                        "Commands that failed, on their way or on the server.");
    m->retries = counter(m, "dmongo_retries_total", "Operations sent again.");
    m->connections =
        counter(m, "dmongo_connections_total", "Connections made.");
    m->open = share(m, "dmongo_connections", "Connections there are.");
    m->in_use = share(m, "dmongo_in_use", "Connections that operations have.");
    m->waiting = share(m, "dmongo_waiting", "Operations without a connection.");
    m->check_outs = diesel_histogram_register(
        "dmongo_check_out_seconds", "How long operations wait for a connection.",
        &times, DIESEL_LABELS("server", server), NULL);
    return m;
}

void dmongo__meter_free(struct dmongo__meter *m)
{
    if (m == NULL)
        return;
    change(&m->open, -m->open.value);
    change(&m->in_use, -m->in_use.value);
    change(&m->waiting, -m->waiting.value);
    diesel_free(m);
}

static int compare(const void *name, const void *command)
{
    return strcmp(name, *(const char *const *)command);
}

static size_t number_of(const char *name)
{
    const char *const *found =
        bsearch(name, commands, COMMANDS, sizeof *commands, compare);
    return found != NULL ? (size_t)(found - commands) : COMMANDS;
}

/* The histogram of a command, made when it is first needed. */
static diesel_histogram *histogram(struct dmongo__meter *m, size_t number)
{
    static const char metric[] = "dmongo_command_seconds";
    static const char help[] = "How long commands take.";
    struct took *took = &m->took[number];
    if (took->tried)
        return took->histogram;
    took->tried = true;
    const char *command = number < COMMANDS ? commands[number] : "other";
    if (m->by_command)
        took->histogram = diesel_histogram_register(
            metric, help, &times,
            DIESEL_LABELS("server", m->server, "command", command), NULL);
    else
        took->histogram = diesel_histogram_register(
            metric, help, &times, DIESEL_LABELS("server", m->server), NULL);
    return took->histogram;
}

void dmongo__meter_command(struct dmongo__meter *m, const char *name,
                           int64_t took_us, bool failed)
{
    if (m == NULL)
        return;
    size_t number = m->by_command ? number_of(name) : COMMANDS;
    diesel_histogram_add(histogram(m, number), (uint64_t)took_us);
    if (failed)
        diesel_counter_add(m->errors, 1);
}

void dmongo__meter_retry(struct dmongo__meter *m)
{
    if (m != NULL)
        diesel_counter_add(m->retries, 1);
}

void dmongo__meter_pool(struct dmongo__meter *m, const dmongo_pool_event *event)
{
    if (m == NULL)
        return;
    switch (event->kind) {
    case DMONGO_CONNECTION_CREATED:
        change(&m->open, 1);
        break;
    case DMONGO_CONNECTION_READY:
        diesel_counter_add(m->connections, 1);
        break;
    case DMONGO_CONNECTION_CLOSED:
        change(&m->open, -1);
        break;
    case DMONGO_CHECK_OUT_STARTED:
        change(&m->waiting, 1);
        break;
    case DMONGO_CHECKED_OUT:
        change(&m->waiting, -1);
        change(&m->in_use, 1);
        diesel_histogram_add(m->check_outs, (uint64_t)event->duration_us);
        break;
    case DMONGO_CHECK_OUT_FAILED:
        change(&m->waiting, -1);
        break;
    case DMONGO_CHECKED_IN:
        change(&m->in_use, -1);
        break;
    default:
        break;
    }
}

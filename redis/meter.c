/* SPDX-License-Identifier: MIT */
/*
 * Metrics. Several clients may be one server's and share them, so each adds what has
 * changed since it looked last, to gauges, too, and takes its part of those back in
 * the end.
 *
 * Metrics that cannot be registered are NULL, on which updates do nothing.
 */
#include "watch_internal.h"

#include <diesel/memory.h>
#include <diesel/metrics.h>

#include "command_internal.h"

#define LONGEST_US 67108864 /* 2^26: a minute */

struct took {
    diesel_histogram *histogram;
    bool tried;
};

/* A gauge, and what we have added to it. */
struct share {
    diesel_gauge *gauge;
    size_t value;
};

struct dredis__meter {
    const char *server;
    bool by_command;
    struct took *took; /* by kind, or one for all; made when first needed */
    diesel_counter *errors, *sent, *received;
    diesel_counter *connections, *reconnects, *retries;
    struct share in_flight, waiting;
    dredis_stats seen;
    bool of_cache;
    diesel_counter *hits, *misses, *evictions, *invalidations;
    struct share keys, bytes;
    dredis_cache_stats seen_cache;
};

static diesel_counter *counter(const dredis__meter *m, const char *name,
                               const char *help)
{
    return diesel_counter_register(name, help, DIESEL_LABELS("server", m->server),
                                   NULL);
}

static struct share share(const dredis__meter *m, const char *name,
                          const char *help)
{
    return (struct share){
        .gauge = diesel_gauge_register(name, help,
                                       DIESEL_LABELS("server", m->server), NULL)};
}

static void set_share(struct share *s, size_t value)
{
    if (value == s->value)
        return;
    diesel_gauge_add(s->gauge, (double)value - (double)s->value);
    s->value = value;
}

dredis__meter *dredis__meter_new(const char *server, bool by_command)
{
    dredis__meter *m = diesel_calloc(1, sizeof *m);
    size_t kinds = by_command ? dredis__command_count + DREDIS__KINDS : 1;
    if (m == NULL || (m->took = diesel_calloc(kinds, sizeof *m->took)) == NULL) {
        diesel_free(m);
        return NULL;
    }
    m->server = server;
    m->by_command = by_command;
    m->errors = counter(m, "dredis_errors_total",
                        "Requests that failed, and error replies.");
    m->sent = counter(m, "dredis_sent_bytes_total", "Bytes of commands.");
    m->received = counter(m, "dredis_received_bytes_total", "Bytes of replies.");
    m->connections = counter(m, "dredis_connections_total", "Connections made.");
    m->reconnects = counter(m, "dredis_reconnects_total",
                            "Connections made in place of one that broke.");
    m->retries = counter(m, "dredis_retries_total",
                         "Requests sent again that may have run before.");
    m->in_flight = share(m, "dredis_in_flight",
                         "Commands that have begun and not ended.");
    m->waiting = share(m, "dredis_waiting", "Requests that wait for room or a connection.");
    return m;
}

void dredis__meter_free(dredis__meter *m)
{
    if (m == NULL)
        return;
    set_share(&m->in_flight, 0);
    set_share(&m->waiting, 0);
    set_share(&m->keys, 0);
    set_share(&m->bytes, 0);
    diesel_free(m->took);
    diesel_free(m);
}

/* The histogram of a kind of request, made when it is first needed. */
static diesel_histogram *histogram(dredis__meter *m, const dredis__watched *w)
{
    static const char metric[] = "dredis_command_seconds";
    static const char help[] = "How long commands take.";
    const diesel_histogram_options options = {.highest = LONGEST_US,
                                              .scale = 1e-6};
    struct took *took = &m->took[m->by_command ? w->kind : 0];
    if (took->tried)
        return took->histogram;
    took->tried = true;
    if (m->by_command)
        took->histogram = diesel_histogram_register(
            metric, help, &options,
            DIESEL_LABELS("server", m->server, "command", w->event.command), NULL);
    else
        took->histogram = diesel_histogram_register(
            metric, help, &options, DIESEL_LABELS("server", m->server), NULL);
    return took->histogram;
}

void dredis__meter_begin(dredis__meter *m, size_t commands)
{
    set_share(&m->in_flight, m->in_flight.value + commands);
}

void dredis__meter_waiting(dredis__meter *m, bool more)
{
    set_share(&m->waiting, more ? m->waiting.value + 1 : m->waiting.value - 1);
}

void dredis__meter_end(dredis__meter *m, const dredis__watched *w)
{
    const dredis_event *event = &w->event;
    set_share(&m->in_flight, m->in_flight.value - event->commands);
    diesel_histogram_add(histogram(m, w), (uint64_t)event->took_us);
    diesel_counter_add(m->sent, event->sent);
    diesel_counter_add(m->received, event->received);
    if (event->errors > 0)
        diesel_counter_add(m->errors, event->errors);
    else if (event->error != NULL)
        diesel_counter_add(m->errors, 1);
}

void dredis__meter_stats(dredis__meter *m, const dredis_stats *stats)
{
    diesel_counter_add(m->connections, stats->connections - m->seen.connections);
    diesel_counter_add(m->reconnects, stats->reconnects - m->seen.reconnects);
    diesel_counter_add(m->retries, stats->retries - m->seen.retries);
    m->seen = *stats;
}

static void begin_cache(dredis__meter *m)
{
    m->of_cache = true;
    m->hits = counter(m, "dredis_cache_hits_total", "Keys that were there.");
    m->misses = counter(m, "dredis_cache_misses_total", "Keys that were not.");
    m->evictions = counter(m, "dredis_cache_evictions_total",
                           "Keys dropped for want of room.");
    m->invalidations = counter(m, "dredis_cache_invalidations_total",
                               "Keys that the server said have changed.");
    m->keys = share(m, "dredis_cache_keys", "Keys that are kept.");
    m->bytes = share(m, "dredis_cache_bytes", "Bytes that they take.");
}

void dredis__meter_cache(dredis__meter *m, const dredis_cache_stats *stats)
{
    dredis_cache_stats *seen = &m->seen_cache;
    if (!m->of_cache)
        begin_cache(m);
    diesel_counter_add(m->hits, stats->hits - seen->hits);
    diesel_counter_add(m->misses, stats->misses - seen->misses);
    diesel_counter_add(m->evictions, stats->evictions - seen->evictions);
    diesel_counter_add(m->invalidations,
                       stats->invalidations - seen->invalidations);
    *seen = *stats;
    set_share(&m->keys, stats->keys);
    set_share(&m->bytes, stats->bytes);
}

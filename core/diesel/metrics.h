/* SPDX-License-Identifier: MIT */
/*
 * Metrics: counters, gauges and histograms by name and labels, and a page of text
 * that Prometheus and its kin read.
 *
 *     static diesel_counter *requests;
 *     requests = diesel_counter_register("shop_requests_total", "Requests.",
 *                                        DIESEL_LABELS("method", "GET"), &err);
 *     ...
 *     diesel_counter_add(requests, 1);
 *
 * There is one registry for the process. Registering finds or makes: the same name
 * and labels give the same metric, which lasts as long as the process; keep the
 * pointer. Updates are atomic, take a few nanoseconds, allocate nothing, and may
 * be made by any thread; on NULL they do nothing, so a metric that could not be
 * registered needs no care. Nothing here switches fibers.
 *
 * Names are those of Prometheus: letters, digits, "_" and ":", the first no digit;
 * a unit at the end, in plural, as in "_seconds"; counters end in "_total".
 * There are at most 10,000 metrics, LIMIT: a label takes values of a small set,
 * never a user's name.
 */
#ifndef DIESEL_METRICS_H
#define DIESEL_METRICS_H

#include <stddef.h>
#include <stdint.h>

#include <diesel/error.h>
#include <diesel/value.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct diesel_counter diesel_counter;
typedef struct diesel_gauge diesel_gauge;
typedef struct diesel_histogram diesel_histogram;

/* The two arguments `labels, count` of the calls below: name, value, name, value
 * ..., at most 16 labels; none: DIESEL_LABELS(). Values may be texts, whole numbers
 * and booleans. */
#ifndef __cplusplus
#define DIESEL_LABELS(...) DIESEL_VALUES(__VA_ARGS__), DIESEL_COUNT(__VA_ARGS__)
#endif

/* A number that only grows. The help text is one sentence; name, help and labels
 * are copied. NULL: INVAL (a name, a label, or the name is that of another kind of
 * metric), LIMIT, NOMEM. */
diesel_counter *diesel_counter_register(const char *name, const char *help,
                                        const diesel_value *labels,
                                        size_t count, diesel_error *err);
void diesel_counter_add(diesel_counter *counter, uint64_t n);
uint64_t diesel_counter_value(const diesel_counter *counter);

/* A number that goes up and down. Errors as for counters. */
diesel_gauge *diesel_gauge_register(const char *name, const char *help,
                                    const diesel_value *labels, size_t count,
                                    diesel_error *err);
void diesel_gauge_set(diesel_gauge *gauge, double value);
void diesel_gauge_add(diesel_gauge *gauge, double difference);
double diesel_gauge_value(const diesel_gauge *gauge);

/* How values are distributed. They are whole numbers in a unit of one's own, say
 * microseconds, which `scale` turns into the unit that the page shows: 1e-6, for
 * "_seconds". Each power of two is divided into 16 cells, so that a percentile
 * is exact to 1/16, and the cells from `lowest` to `highest` take 8 bytes each:
 * 2.5 KiB for the default, 1 to 2^20. What lies outside counts at the edge. The
 * page shows one bucket for each power of two. */
typedef struct diesel_histogram_options {
    uint64_t lowest;  /* 0: 1                                              */
    uint64_t highest; /* 0: 2^20, about a second in microseconds           */
    double scale;     /* from the unit of the values to the page's; 0: 1   */
} diesel_histogram_options;

/* Options may be NULL; those of a name's first histogram hold for all with that
 * name. INVAL also for lowest > highest, more than 2^62. */
diesel_histogram *diesel_histogram_register(
    const char *name, const char *help, const diesel_histogram_options *options,
    const diesel_value *labels, size_t count, diesel_error *err);
void diesel_histogram_add(diesel_histogram *histogram, uint64_t value);

/* How many values there are, and their sum, in the unit of the values. */
uint64_t diesel_histogram_count(const diesel_histogram *histogram);
uint64_t diesel_histogram_sum(const diesel_histogram *histogram);

/* The value that `percent` (0 to 100) of all values do not exceed, rounded up to
 * its cell's highest value; 0 without values. */
uint64_t diesel_histogram_percentile(const diesel_histogram *histogram,
                                     double percent);

enum {
    DIESEL_METRICS_PROMETHEUS, /* text/plain; version=0.0.4                 */
    DIESEL_METRICS_OPENMETRICS /* application/openmetrics-text; version=1.0.0 */
};

/* All metrics as text in that format
 * (https://prometheus.io/docs/instrumenting/exposition_formats/,
 * https://openmetrics.io), sorted by name, with a zero byte behind it. Owned by
 * the caller: diesel_free(). *len (may be NULL) is its length. NULL: NOMEM. */
char *diesel_metrics_text(int format, size_t *len, diesel_error *err);

#ifdef __cplusplus
}
#endif
#endif

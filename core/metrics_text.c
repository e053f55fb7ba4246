/* SPDX-License-Identifier: MIT */
/*
 * The page of metrics, in Prometheus's text format 0.0.4 or as OpenMetrics 1.0.
 *
 * They differ in what is behind a counter's HELP and TYPE (OpenMetrics leaves out
 * "_total"), in the escapes of HELP, and in the "# EOF" at the end.
 */
#include "metrics_internal.h"

#include <string.h>

#include <diesel/memory.h>

#define LONGEST_PAGE ((size_t)256 << 20)

struct page {
    diesel__text text;
    int format;
};

static void add_help(struct page *page, const char *help)
{
    for (; *help != '\0'; help++) {
        if (*help == '\n')
            diesel__text_puts(&page->text, "\\n");
        else if (*help == '\\')
            diesel__text_puts(&page->text, "\\\\");
        else if (*help == '"' && page->format == DIESEL_METRICS_OPENMETRICS)
            diesel__text_puts(&page->text, "\\\"");
        else
            diesel__text_putc(&page->text, *help);
    }
}

static void add_head(struct page *page, const diesel__family *family)
{
    static const char *const kinds[] = {"counter", "gauge", "histogram"};
    size_t len = strlen(family->name);
    if (page->format == DIESEL_METRICS_OPENMETRICS &&
        family->kind == DIESEL__COUNTER)
        len -= strlen("_total");
    if (*family->help != '\0') {
        diesel__text_printf(&page->text, "# HELP %.*s ", (int)len, family->name);
        add_help(page, family->help);
        diesel__text_putc(&page->text, '\n');
    }
    diesel__text_printf(&page->text, "# TYPE %.*s %s\n", (int)len, family->name,
                        kinds[family->kind]);
}

/* name<end>{labels,more} and a space; `more` may be empty. */
static void add_series_name(diesel__text *text, const diesel__series *series,
                            const char *end)
{
    diesel__text_puts(text, series->family->name);
    diesel__text_puts(text, end);
    if (*series->labels != '\0') {
        diesel__text_putc(text, '{');
        diesel__text_puts(text, series->labels);
        diesel__text_putc(text, '}');
    }
    diesel__text_putc(text, ' ');
}

static void add_count(diesel__text *text, uint64_t count)
{
    diesel__text_printf(text, "%llu\n", (unsigned long long)count);
}

static void add_bucket(diesel__text *text, const diesel__series *series,
                       double edge, uint64_t count)
{
    diesel__text_puts(text, series->family->name);
    diesel__text_puts(text, "_bucket{");
    diesel__text_puts(text, series->labels);
    diesel__text_puts(text, *series->labels != '\0' ? ",le=\"" : "le=\"");
    diesel__text_double(text, edge);
    diesel__text_puts(text, "\"} ");
    add_count(text, count);
}

/* Counts are read once, each before the next, so that the last bucket and the
 * count agree while others go on counting. */
static void add_histogram(diesel__text *text, const diesel_histogram *histogram)
{
    const diesel_histogram_options *options = &histogram->series.family->options;
    uint64_t count = 0;
    size_t next = 0;
    uint64_t edge = 1;
    while (edge < options->lowest)
        edge *= 2;
    for (;; edge *= 2) {
        count += diesel__histogram_upto(histogram, edge, &next);
        add_bucket(text, &histogram->series, (double)edge * options->scale, count);
        if (edge >= options->highest)
            break;
    }
    count += __atomic_load_n(&histogram->cells[histogram->count],
                             __ATOMIC_RELAXED);
    add_bucket(text, &histogram->series, __builtin_inf(), count);
    add_series_name(text, &histogram->series, "_sum");
    diesel__text_double(text, (double)diesel_histogram_sum(histogram) *
                                  options->scale);
    diesel__text_putc(text, '\n');
    add_series_name(text, &histogram->series, "_count");
    add_count(text, count);
}

static void add_series(diesel__text *text, const diesel__series *series)
{
    switch (series->family->kind) {
    case DIESEL__COUNTER:
        add_series_name(text, series, "");
        add_count(text, diesel_counter_value((const diesel_counter *)series));
        break;
    case DIESEL__GAUGE:
        add_series_name(text, series, "");
        diesel__text_double(text,
                            diesel_gauge_value((const diesel_gauge *)series));
        diesel__text_putc(text, '\n');
        break;
    case DIESEL__HISTOGRAM:
        add_histogram(text, (const diesel_histogram *)series);
        break;
    }
}

static void add_family(void *arg, const diesel__family *family)
{
    struct page *page = arg;
    add_head(page, family);
    for (const diesel__series *s = family->series; s != NULL; s = s->next)
        add_series(&page->text, s);
}

char *diesel_metrics_text(int format, size_t *len, diesel_error *err)
{
    size_t length;
    struct page page = {.format = format};
    diesel__text_init(&page.text, LONGEST_PAGE);
    diesel__families_visit(add_family, &page);
    if (format == DIESEL_METRICS_OPENMETRICS)
        diesel__text_puts(&page.text, "# EOF\n");
    char *text = diesel__text_take(&page.text, &length);
    if (text == NULL)
        diesel_error_nomem(err, "the page of metrics");
    else if (len != NULL)
        *len = length;
    return text;
}

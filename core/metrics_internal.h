/* SPDX-License-Identifier: MIT */
/*
 * What the files of the metrics share: metrics.c (the registry), histogram.c (the
 * cells), metrics_text.c (the page).
 *
 * A family is a name with its help and kind; its series, one for each set of
 * labels, hang below it. Families and series are only ever added.
 */
#ifndef DIESEL_METRICS_INTERNAL_H
#define DIESEL_METRICS_INTERNAL_H

#include <diesel/metrics.h>

#include "text_internal.h"

typedef enum diesel__metric_kind {
    DIESEL__COUNTER,
    DIESEL__GAUGE,
    DIESEL__HISTOGRAM
} diesel__metric_kind;

/* Each series begins like this. */
typedef struct diesel__series {
    struct diesel__series *next;    /* of the family */
    struct diesel__series *in_hash; /* with the same place in the table */
    struct diesel__family *family;
    char *labels; /* as the page shows them, without braces: a="1",b="2" */
} diesel__series;

typedef struct diesel__family {
    struct diesel__family *next; /* by name */
    diesel__metric_kind kind;
    diesel_histogram_options options;
    diesel__series *series, *last;
    const char *help; /* lies behind the name */
    char name[];
} diesel__family;

struct diesel_counter {
    diesel__series series;
    uint64_t value;
};

struct diesel_gauge {
    diesel__series series;
    double value;
};

struct diesel_histogram {
    diesel__series series;
    uint64_t sum;
    size_t count; /* of cells */
    unsigned first_cell;
    uint64_t cells[];
};

/* histogram.c. A value v > 0 lies in (2^k, 2^(k+1)] for some k, so that powers of
 * two are the upper edges of buckets; each such range has 16 cells. */
int diesel__histogram_options_check(diesel_histogram_options *options,
                                    diesel_error *err);
size_t diesel__histogram_cells(const diesel_histogram_options *options,
                               unsigned *first_cell);
/* The highest value that belongs to a cell. */
uint64_t diesel__histogram_edge(unsigned cell);
/* The sum of the cells up to and with that of `edge`, from *next on, which moves. */
uint64_t diesel__histogram_upto(const diesel_histogram *histogram,
                                uint64_t edge, size_t *next);

/* metrics.c: calls fn for each family, by name, with the registry locked. */
void diesel__families_visit(void (*fn)(void *arg, const diesel__family *family),
                            void *arg);

#endif

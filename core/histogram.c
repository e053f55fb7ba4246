/* SPDX-License-Identifier: MIT */
/*
 * Histograms: cells whose width grows with the value, so that few of them tell
 * values of a wide range apart with the same relative exactness (as HDR
 * histograms do, http://hdrhistogram.org).
 *
 * With w = v - 1, the cell of v is w itself below 16; above, the place of w's
 * highest bit and the four bits behind it:
 *
 *     w = 0b1abcd....    16 * (bits behind abcd + 1) + abcd
 *
 * Thus cells are (low, high] with powers of two among the edges, and the cells of
 * a power of two's range lie one behind the other. An array holds those of the
 * range that was asked for.
 */
#include "metrics_internal.h"

#include <math.h>

#define MOST ((uint64_t)1 << 62)
#define STANDARD_HIGHEST ((uint64_t)1 << 20)

static unsigned cell_of(uint64_t value)
{
    uint64_t w = value > 0 ? value - 1 : 0;
    if (w < 16)
        return (unsigned)w;
    unsigned shift = 59 - (unsigned)__builtin_clzll(w); /* highest bit - 4 */
    return 16 * shift + (unsigned)(w >> shift);
}

uint64_t diesel__histogram_edge(unsigned cell)
{
    if (cell < 16)
        return (uint64_t)cell + 1;
    unsigned shift = cell / 16 - 1;
    return ((uint64_t)(cell % 16 + 17) << shift);
}

int diesel__histogram_options_check(diesel_histogram_options *options,
                                    diesel_error *err)
{
    if (options->lowest == 0)
        options->lowest = 1;
    if (options->highest == 0)
        options->highest =
            options->lowest > STANDARD_HIGHEST ? MOST : STANDARD_HIGHEST;
    if (options->scale == 0)
        options->scale = 1;
    if (options->lowest > options->highest || options->highest > MOST ||
        !isfinite(options->scale) || options->scale < 0)
        return diesel_error_set(err, DIESEL_E_INVAL, DIESEL_DOM_CORE, 0,
                                "a histogram from %llu to %llu",
                                (unsigned long long)options->lowest,
                                (unsigned long long)options->highest);
    return 0;
}

size_t diesel__histogram_cells(const diesel_histogram_options *options,
                               unsigned *first_cell)
{
    *first_cell = cell_of(options->lowest);
    return cell_of(options->highest) - *first_cell + 1;
}

void diesel_histogram_add(diesel_histogram *histogram, uint64_t value)
{
    if (histogram == NULL)
        return;
    unsigned cell = cell_of(value);
    size_t i = cell > histogram->first_cell ? cell - histogram->first_cell : 0;
    if (i >= histogram->count)
        i = histogram->count; /* a cell of its own for what is beyond */
    __atomic_fetch_add(&histogram->cells[i], 1, __ATOMIC_RELAXED);
    __atomic_fetch_add(&histogram->sum, value, __ATOMIC_RELAXED);
}

uint64_t diesel_histogram_sum(const diesel_histogram *histogram)
{
    return histogram != NULL ? __atomic_load_n(&histogram->sum, __ATOMIC_RELAXED)
                             : 0;
}

static uint64_t read_cell(const diesel_histogram *histogram, size_t i)
{
    return __atomic_load_n(&histogram->cells[i], __ATOMIC_RELAXED);
}

uint64_t diesel_histogram_count(const diesel_histogram *histogram)
{
    uint64_t count = 0;
    if (histogram == NULL)
        return 0;
    for (size_t i = 0; i <= histogram->count; i++)
        count += read_cell(histogram, i);
    return count;
}

uint64_t diesel__histogram_upto(const diesel_histogram *histogram,
                                uint64_t edge, size_t *next)
{
    uint64_t count = 0;
    unsigned last = cell_of(edge);
    while (*next < histogram->count &&
           histogram->first_cell + *next <= last)
        count += read_cell(histogram, (*next)++);
    return count;
}

uint64_t diesel_histogram_percentile(const diesel_histogram *histogram,
                                     double percent)
{
    uint64_t count = diesel_histogram_count(histogram), seen = 0;
    if (count == 0)
        return 0;
    if (!(percent >= 0)) /* NaN too */
        percent = 0;
    if (percent > 100)
        percent = 100;
    uint64_t rank = (uint64_t)ceil(percent / 100 * (double)count);
    if (rank == 0)
        rank = 1;
    for (size_t i = 0; i < histogram->count; i++) {
        seen += read_cell(histogram, i);
        if (seen >= rank)
            return diesel__histogram_edge(histogram->first_cell + (unsigned)i);
    }
    return diesel__histogram_edge(histogram->first_cell +
                                  (unsigned)histogram->count - 1);
}

/* SPDX-License-Identifier: MIT */
/*
 * The registry of metrics: families sorted by name, and a hash table that finds a
 * series by its name and labels. A mutex guards both; updates of a metric do not
 * come here.
 */
#include "metrics_internal.h"

#include <pthread.h>
#include <string.h>

#include <diesel/memory.h>

#define MOST_SERIES 10000
#define MOST_LABELS 16
#define PLACES 1024
#define LONGEST_LABELS 4096

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static diesel__family *families;
static diesel__series *table[PLACES];
static size_t series_count;

static int wrong(diesel_error *err, const char *what, const char *which)
{
    return diesel_error_set(err, DIESEL_E_INVAL, DIESEL_DOM_CORE, 0,
                            "%s of a metric: \"%.60s\"", what, which);
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

/* Letters, digits and "_", and `also`; the first no digit. */
static bool is_name(const char *s, size_t n, char also)
{
    for (size_t i = 0; i < n; i++)
        if (!is_letter(s[i]) && s[i] != also &&
            (i == 0 || s[i] < '0' || s[i] > '9'))
            return false;
    return n > 0;
}

static bool ends_in(const char *s, const char *end)
{
    size_t n = strlen(s), m = strlen(end);
    return n > m && strcmp(s + n - m, end) == 0;
}

static int check_name(diesel__metric_kind kind, const char *name,
                      diesel_error *err)
{
    if (name == NULL || !is_name(name, strlen(name), ':'))
        return wrong(err, "not the name", name != NULL ? name : "");
    if (kind == DIESEL__COUNTER && !ends_in(name, "_total"))
        return diesel_error_set(err, DIESEL_E_INVAL, DIESEL_DOM_CORE, 0,
                                "the name of a counter ends in _total: "
                                "\"%.60s\"", name);
    return 0;
}

static void add_label_value(diesel__text *text, const diesel_value *value)
{
    diesel__text plain;
    diesel__text_init(&plain, LONGEST_LABELS);
    diesel__text_plain(&plain, value);
    for (size_t i = 0; i < plain.len; i++) {
        if (plain.p[i] == '\n')
            diesel__text_puts(text, "\\n");
        else if (plain.p[i] == '"' || plain.p[i] == '\\')
            diesel__text_add(text, (char[]){'\\', plain.p[i]}, 2);
        else
            diesel__text_putc(text, plain.p[i]);
    }
    text->cut |= plain.cut;
    diesel__text_clear(&plain);
}

/* Checks the labels and writes them as the page shows them. */
static int write_labels(diesel__text *text, diesel__metric_kind kind,
                        const diesel_value *labels, size_t count,
                        diesel_error *err)
{
    if (count % 2 != 0 || count > 2 * MOST_LABELS)
        return diesel_error_set(err, DIESEL_E_INVAL, DIESEL_DOM_CORE, 0,
                                "%zu names and values of labels", count);
    for (size_t i = 0; i < count; i += 2) {
        const diesel_value *name = &labels[i], *value = &labels[i + 1];
        if (name->type != DIESEL_VALUE_STR || !is_name(name->s, name->len, '_') ||
            strncmp(name->s, "__", 2) == 0 ||
            (kind == DIESEL__HISTOGRAM && strcmp(name->s, "le") == 0))
            return wrong(err, "not the name of a label",
                         name->type == DIESEL_VALUE_STR ? name->s : "");
        if (value->type == DIESEL_VALUE_NULL ||
            value->type == DIESEL_VALUE_BYTES ||
            value->type == DIESEL_VALUE_DOUBLE)
            return wrong(err, "no value for a label", name->s);
        if (i > 0)
            diesel__text_putc(text, ',');
        diesel__text_add(text, name->s, name->len);
        diesel__text_puts(text, "=\"");
        add_label_value(text, value);
        diesel__text_putc(text, '"');
    }
    if (text->cut)
        return diesel_error_nomem(err, "the labels of a metric");
    return 0;
}

/* FNV-1a, http://www.isthe.com/chongo/tech/comp/fnv/ */
static uint32_t hash(uint32_t h, const char *s)
{
    for (; *s != '\0'; s++)
        h = (h ^ (unsigned char)*s) * 16777619u;
    return h;
}

static diesel__series **place_of(const char *name, const char *labels)
{
    return &table[hash(hash(2166136261u, name) * 31, labels) % PLACES];
}

static diesel__series *find(const char *name, const char *labels)
{
    diesel__series *series = *place_of(name, labels);
    while (series != NULL && (strcmp(series->family->name, name) != 0 ||
                              strcmp(series->labels, labels) != 0))
        series = series->in_hash;
    return series;
}

/* Where the family of this name hangs or belongs. */
static diesel__family **family_place(const char *name)
{
    diesel__family **at = &families;
    while (*at != NULL && strcmp((*at)->name, name) < 0)
        at = &(*at)->next;
    return at;
}

static diesel__family *make_family(diesel__metric_kind kind, const char *name,
                                   const char *help,
                                   const diesel_histogram_options *options)
{
    size_t name_len = strlen(name), help_len = help != NULL ? strlen(help) : 0;
    diesel__family *family =
        diesel_malloc(sizeof *family + name_len + help_len + 2);
    if (family == NULL)
        return NULL;
    *family = (diesel__family){.kind = kind, .options = *options};
    memcpy(family->name, name, name_len + 1);
    char *copy = family->name + name_len + 1;
    if (help_len > 0)
        memcpy(copy, help, help_len);
    copy[help_len] = '\0';
    family->help = copy;
    return family;
}

static diesel__series *make_series(const diesel__family *family,
                                   const char *labels)
{
    size_t size, cells = 0;
    unsigned first_cell = 0;
    switch (family->kind) {
    case DIESEL__COUNTER: size = sizeof(diesel_counter); break;
    case DIESEL__GAUGE: size = sizeof(diesel_gauge); break;
    default:
        cells = diesel__histogram_cells(&family->options, &first_cell);
        size = sizeof(diesel_histogram) + (cells + 1) * sizeof(uint64_t);
    }
    diesel__series *series = diesel_calloc(1, size);
    char *copy = diesel_strndup(labels, strlen(labels));
    if (series == NULL || copy == NULL) {
        diesel_free(series);
        diesel_free(copy);
        return NULL;
    }
    series->labels = copy;
    if (family->kind == DIESEL__HISTOGRAM) {
        diesel_histogram *histogram = (diesel_histogram *)series;
        histogram->count = cells;
        histogram->first_cell = first_cell;
    }
    return series;
}

static void add_series(diesel__family *family, diesel__series *series)
{
    diesel__series **place = place_of(family->name, series->labels);
    series->family = family;
    series->in_hash = *place;
    *place = series;
    if (family->last != NULL)
        family->last->next = series;
    else
        family->series = series;
    family->last = series;
    series_count++;
}

/* Finds or makes, with the registry locked. */
static diesel__series *find_or_make(diesel__metric_kind kind, const char *name,
                                    const char *help,
                                    const diesel_histogram_options *options,
                                    const char *labels, diesel_error *err)
{
    diesel__family **place = family_place(name);
    diesel__family *family = *place, *made = NULL;
    if (family != NULL && strcmp(family->name, name) != 0)
        family = NULL;
    if (family != NULL && family->kind != kind) {
        wrong(err, "another kind has the name", name);
        return NULL;
    }
    diesel__series *series = find(name, labels);
    if (series != NULL)
        return series;
    if (series_count >= MOST_SERIES) {
        diesel_error_set(err, DIESEL_E_LIMIT, DIESEL_DOM_CORE, 0,
                         "more than %d metrics", MOST_SERIES);
        return NULL;
    }
    if (family == NULL)
        family = made = make_family(kind, name, help, options);
    series = family != NULL ? make_series(family, labels) : NULL;
    if (series == NULL) {
        diesel_free(made);
        diesel_error_nomem(err, "a metric");
        return NULL;
    }
    if (made != NULL) {
        made->next = *place;
        *place = made;
    }
    add_series(family, series);
    return series;
}

static void *register_series(diesel__metric_kind kind, const char *name,
                             const char *help,
                             const diesel_histogram_options *options,
                             const diesel_value *labels, size_t count,
                             diesel_error *err)
{
    diesel__series *series = NULL;
    diesel_histogram_options checked = options != NULL
                                           ? *options
                                           : (diesel_histogram_options){0};
    diesel__text text;
    diesel__text_init(&text, LONGEST_LABELS);
    if (check_name(kind, name, err) == 0 &&
        diesel__histogram_options_check(&checked, err) == 0 &&
        write_labels(&text, kind, labels, count, err) == 0) {
        pthread_mutex_lock(&lock);
        series = find_or_make(kind, name, help, &checked,
                              diesel__text_string(&text), err);
        pthread_mutex_unlock(&lock);
    }
    diesel__text_clear(&text);
    return series;
}

void diesel__families_visit(void (*fn)(void *arg, const diesel__family *family),
                            void *arg)
{
    pthread_mutex_lock(&lock);
    for (const diesel__family *f = families; f != NULL; f = f->next)
        fn(arg, f);
    pthread_mutex_unlock(&lock);
}

diesel_counter *diesel_counter_register(const char *name, const char *help,
                                        const diesel_value *labels,
                                        size_t count, diesel_error *err)
{
    return register_series(DIESEL__COUNTER, name, help, NULL, labels, count, err);
}

diesel_gauge *diesel_gauge_register(const char *name, const char *help,
                                    const diesel_value *labels, size_t count,
                                    diesel_error *err)
{
    return register_series(DIESEL__GAUGE, name, help, NULL, labels, count, err);
}

diesel_histogram *diesel_histogram_register(
    const char *name, const char *help, const diesel_histogram_options *options,
    const diesel_value *labels, size_t count, diesel_error *err)
{
    return register_series(DIESEL__HISTOGRAM, name, help, options, labels, count,
                           err);
}

void diesel_counter_add(diesel_counter *counter, uint64_t n)
{
    if (counter != NULL)
        __atomic_fetch_add(&counter->value, n, __ATOMIC_RELAXED);
}

uint64_t diesel_counter_value(const diesel_counter *counter)
{
    return counter != NULL ? __atomic_load_n(&counter->value, __ATOMIC_RELAXED)
                           : 0;
}

void diesel_gauge_set(diesel_gauge *gauge, double value)
{
    if (gauge != NULL)
        __atomic_store(&gauge->value, &value, __ATOMIC_RELAXED);
}

void diesel_gauge_add(diesel_gauge *gauge, double difference)
{
    if (gauge == NULL)
        return;
    double was, is;
    __atomic_load(&gauge->value, &was, __ATOMIC_RELAXED);
    do
        is = was + difference;
    while (!__atomic_compare_exchange(&gauge->value, &was, &is, true,
                                      __ATOMIC_RELAXED, __ATOMIC_RELAXED));
}

double diesel_gauge_value(const diesel_gauge *gauge)
{
    double value = 0;
    if (gauge != NULL)
        __atomic_load(&gauge->value, &value, __ATOMIC_RELAXED);
    return value;
}

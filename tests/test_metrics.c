/* SPDX-License-Identifier: MIT */
/*
 * Metrics: the registry, the cells of histograms, and the page of text.
 */
#include <locale.h>
#include <math.h>
#include <pthread.h>

#include "core/metrics_internal.h"
#include "faulty_memory.h"
#include "test_util.h"

/* The page, which must be in its format line by line. */
static const char *page(int format)
{
    static char copy[200000];
    diesel_error err;
    size_t len;
    char *text = diesel_metrics_text(format, &len, &err);
    assert_made(text);
    ck_assert_uint_eq(strlen(text), len);
    ck_assert_uint_lt(len, sizeof copy);
    strcpy(copy, text);
    diesel_free(text);
    return copy;
}

static diesel_counter *counter(const char *name)
{
    diesel_error err;
    diesel_counter *made =
        diesel_counter_register(name, "Help.", DIESEL_LABELS(), &err);
    assert_made(made);
    return made;
}

START_TEST(a_name_and_labels_give_one_metric)
{
    diesel_error err;
    diesel_counter *a = diesel_counter_register(
        "requests_total", "Requests.", DIESEL_LABELS("method", "GET", "code", 200),
        &err);
    assert_made(a);
    ck_assert_ptr_eq(a, diesel_counter_register(
                            "requests_total", "Other help.",
                            DIESEL_LABELS("method", "GET", "code", "200"), &err));
    diesel_counter *b = diesel_counter_register(
        "requests_total", "", DIESEL_LABELS("method", "PUT", "code", 200), &err);
    assert_made(b);
    ck_assert_ptr_ne(a, b);
    diesel_counter_add(a, 2);
    diesel_counter_add(a, 1);
    diesel_counter_add(b, UINT64_MAX);
    ck_assert_uint_eq(diesel_counter_value(a), 3);
    ck_assert_str_eq(page(DIESEL_METRICS_PROMETHEUS),
                     "# HELP requests_total Requests.\n"
                     "# TYPE requests_total counter\n"
                     "requests_total{method=\"GET\",code=\"200\"} 3\n"
                     "requests_total{method=\"PUT\",code=\"200\"} "
                     "18446744073709551615\n");
    ck_assert_str_eq(page(DIESEL_METRICS_OPENMETRICS),
                     "# HELP requests Requests.\n"
                     "# TYPE requests counter\n"
                     "requests_total{method=\"GET\",code=\"200\"} 3\n"
                     "requests_total{method=\"PUT\",code=\"200\"} "
                     "18446744073709551615\n"
                     "# EOF\n");
}
END_TEST

START_TEST(gauges_go_up_and_down_in_any_locale)
{
    diesel_error err;
    setlocale(LC_ALL, "de_DE.UTF-8");
    diesel_gauge *g =
        diesel_gauge_register("temperature", NULL, DIESEL_LABELS(), &err);
    assert_made(g);
    diesel_gauge_set(g, 20);
    diesel_gauge_add(g, -22.5);
    ck_assert(diesel_gauge_value(g) == -2.5);
    ck_assert_str_eq(page(DIESEL_METRICS_PROMETHEUS),
                     "# TYPE temperature gauge\ntemperature -2.5\n");
    diesel_gauge_set(g, -INFINITY);
    assert_contains(page(DIESEL_METRICS_PROMETHEUS), "\ntemperature -Inf\n");
    diesel_gauge_set(g, NAN);
    assert_contains(page(DIESEL_METRICS_PROMETHEUS), "\ntemperature NaN\n");
}
END_TEST

START_TEST(families_are_sorted_and_texts_escaped)
{
    diesel_error err;
    counter("b_total");
    assert_made(diesel_gauge_register("c", "Says \"hi\",\non \\ two lines.",
                                      DIESEL_LABELS("l", "a\"b\\c\nd"), &err));
    counter("a_total");
    ck_assert_str_eq(page(DIESEL_METRICS_PROMETHEUS),
                     "# HELP a_total Help.\n# TYPE a_total counter\na_total 0\n"
                     "# HELP b_total Help.\n# TYPE b_total counter\nb_total 0\n"
                     "# HELP c Says \"hi\",\\non \\\\ two lines.\n"
                     "# TYPE c gauge\nc{l=\"a\\\"b\\\\c\\nd\"} 0\n");
    assert_contains(page(DIESEL_METRICS_OPENMETRICS),
                    "# HELP c Says \\\"hi\\\",\\non \\\\ two lines.\n");
}
END_TEST

static const char *const wrong_names[] = {"", "1_total", "a-b_total", "a b_total",
                                          "h\xc3\xa9_total", "requests",
                                          "_total"};

START_TEST(wrong_names_are_refused)
{
    diesel_error err;
    assert_fails_null(diesel_counter_register(wrong_names[_i], "", NULL, 0, &err),
                      DIESEL_E_INVAL);
}
END_TEST

START_TEST(wrong_labels_are_refused)
{
    diesel_error err;
    static const char *const wrong[] = {"", "__name", "a:b", "1a", "a b"};
    for (size_t i = 0; i < TEST_COUNT(wrong); i++)
        assert_fails_null(diesel_gauge_register("g", "",
                                                DIESEL_LABELS(wrong[i], 1), &err),
                          DIESEL_E_INVAL);
    assert_fails_null(diesel_gauge_register("g", "", DIESEL_LABELS("a"), &err),
                      DIESEL_E_INVAL);
    assert_fails_null(diesel_gauge_register("g", "", DIESEL_LABELS(1, 2), &err),
                      DIESEL_E_INVAL);
    assert_fails_null(diesel_gauge_register("g", "", DIESEL_LABELS("a", 0.5), &err),
                      DIESEL_E_INVAL);
    assert_fails_null(diesel_gauge_register("g", "",
                                            DIESEL_LABELS("a", (char *)NULL), &err),
                      DIESEL_E_INVAL);
    diesel_value many[34];
    for (int i = 0; i < 34; i++)
        many[i] = diesel_str("a");
    assert_fails_null(diesel_gauge_register("g", "", many, 34, &err),
                      DIESEL_E_INVAL);
    assert_fails_null(diesel_histogram_register("h", "", NULL,
                                                DIESEL_LABELS("le", 1), &err),
                      DIESEL_E_INVAL);
    assert_fails_null(diesel_gauge_register(NULL, "", NULL, 0, &err),
                      DIESEL_E_INVAL);
    ck_assert_str_eq(page(DIESEL_METRICS_PROMETHEUS), "");
}
END_TEST

START_TEST(a_name_has_one_kind)
{
    diesel_error err;
    counter("a_total");
    assert_fails_null(diesel_gauge_register("a_total", "", NULL, 0, &err),
                      DIESEL_E_INVAL);
    assert_contains(err.message, "a_total");
}
END_TEST

START_TEST(there_is_a_limit)
{
    diesel_error err;
    int made = 0;
    while (diesel_gauge_register("g", "", DIESEL_LABELS("i", made), &err) != NULL)
        made++;
    assert_error(DIESEL_E_LIMIT);
    ck_assert_int_eq(made, 10000);
    ck_assert_ptr_nonnull(
        diesel_gauge_register("g", "", DIESEL_LABELS("i", 5000), &err));
}
END_TEST

START_TEST(nothing_may_be_counted_on)
{
    diesel_counter_add(NULL, 1);
    ck_assert_uint_eq(diesel_counter_value(NULL), 0);
    diesel_gauge_add(NULL, 1);
    diesel_gauge_set(NULL, 1);
    ck_assert(diesel_gauge_value(NULL) == 0);
    diesel_histogram_add(NULL, 1);
    ck_assert_uint_eq(diesel_histogram_count(NULL), 0);
    ck_assert_uint_eq(diesel_histogram_sum(NULL), 0);
    ck_assert_uint_eq(diesel_histogram_percentile(NULL, 50), 0);
}
END_TEST

static diesel_histogram *histogram(const char *name, uint64_t lowest,
                                   uint64_t highest, double scale)
{
    diesel_error err;
    diesel_histogram *made = diesel_histogram_register(
        name, "", &(diesel_histogram_options){lowest, highest, scale},
        DIESEL_LABELS("l", "x"), &err);
    assert_made(made);
    return made;
}

START_TEST(every_value_lies_in_the_cell_below_its_edge)
{
    diesel_histogram *h = histogram("h", 1, (uint64_t)1 << 62, 1);
    uint64_t last_edge = 0;
    for (unsigned cell = 0; cell < h->count; cell++) {
        uint64_t edge = diesel__histogram_edge(cell);
        ck_assert_uint_gt(edge, last_edge);
        /* A sixteenth at most. */
        ck_assert_uint_le((edge - last_edge - 1) * 16, last_edge + 1);
        uint64_t before = h->cells[cell];
        diesel_histogram_add(h, last_edge + 1);
        diesel_histogram_add(h, edge);
        ck_assert_uint_eq(h->cells[cell], before + 2);
        last_edge = edge;
    }
    ck_assert_uint_eq(last_edge, (uint64_t)1 << 62);
}
END_TEST

START_TEST(percentiles_are_exact_to_a_sixteenth)
{
    diesel_histogram *h = histogram("h", 1, 1 << 20, 1);
    for (uint64_t v = 1; v <= 10000; v++)
        diesel_histogram_add(h, v);
    ck_assert_uint_eq(diesel_histogram_count(h), 10000);
    ck_assert_uint_eq(diesel_histogram_sum(h), 50005000);
    static const double percents[] = {0.01, 1, 10, 50, 90, 99, 99.9, 100};
    for (size_t i = 0; i < TEST_COUNT(percents); i++) {
        double exact = percents[i] * 100;
        double got = (double)diesel_histogram_percentile(h, percents[i]);
        ck_assert_msg(got >= exact && got <= exact * 17 / 16 + 1,
                      "%g %%: %g, not %g", percents[i], got, exact);
    }
    ck_assert_uint_eq(diesel_histogram_percentile(h, 0), 1);
    ck_assert_uint_eq(diesel_histogram_percentile(h, NAN), 1);
    ck_assert_uint_ge(diesel_histogram_percentile(h, 1000), 10000);
}
END_TEST

START_TEST(values_outside_the_range_count_at_its_edges)
{
    diesel_histogram *h = histogram("h_seconds", 4, 16, 0.5);
    static const uint64_t values[] = {0, 1, 4, 5, 8, 9, 16, 17, 1000000};
    for (size_t i = 0; i < TEST_COUNT(values); i++)
        diesel_histogram_add(h, values[i]);
    ck_assert_str_eq(page(DIESEL_METRICS_PROMETHEUS),
                     "# TYPE h_seconds histogram\n"
                     "h_seconds_bucket{l=\"x\",le=\"2\"} 3\n"
                     "h_seconds_bucket{l=\"x\",le=\"4\"} 5\n"
                     "h_seconds_bucket{l=\"x\",le=\"8\"} 7\n"
                     "h_seconds_bucket{l=\"x\",le=\"+Inf\"} 9\n"
                     "h_seconds_sum{l=\"x\"} 500030\n"
                     "h_seconds_count{l=\"x\"} 9\n");
    ck_assert_uint_eq(diesel_histogram_percentile(h, 100), 16);
    ck_assert_uint_eq(diesel_histogram_percentile(h, 1), 4);
}
END_TEST

START_TEST(histograms_of_odd_ranges)
{
    diesel_error err;
    diesel_histogram *h = histogram("one", 5, 5, 1);
    ck_assert_uint_eq(h->count, 1);
    diesel_histogram_add(h, 5);
    diesel_histogram_add(h, 6);
    assert_contains(page(DIESEL_METRICS_PROMETHEUS), "le=\"8\"} 1\n");
    h = histogram("most", 1, 100, 1);
    diesel_histogram_add(h, 100);
    diesel_histogram_add(h, 101);
    assert_contains(page(DIESEL_METRICS_PROMETHEUS),
                    "most_bucket{l=\"x\",le=\"128\"} ");
    static const diesel_histogram_options wrong[] = {
        {2, 1, 1}, {1, ((uint64_t)1 << 62) + 1, 1}, {1, 2, -1}, {1, 2, INFINITY},
    };
    for (size_t i = 0; i < TEST_COUNT(wrong); i++)
        assert_fails_null(diesel_histogram_register("w", "", &wrong[i], NULL, 0,
                                                    &err),
                          DIESEL_E_INVAL);
    h = diesel_histogram_register("standard", "", NULL, NULL, 0, &err);
    assert_made(h);
    ck_assert_uint_eq(diesel_histogram_percentile(h, 50), 0);
    diesel_histogram_add(h, 1 << 20);
    ck_assert_uint_eq(diesel_histogram_percentile(h, 50), 1 << 20);
}
END_TEST

static void *count_in_thread(void *arg)
{
    diesel_error err;
    for (int i = 0; i < 20000; i++) {
        diesel_counter_add(arg, 1);
        diesel_gauge_add(diesel_gauge_register("g", "", DIESEL_LABELS("i", i % 50),
                                               &err), 1);
        diesel_histogram_add(diesel_histogram_register("h", "", NULL, NULL, 0,
                                                       &err), 3);
    }
    return NULL;
}

START_TEST(threads_count_exactly)
{
    diesel_error err;
    pthread_t threads[4];
    diesel_counter *c = counter("c_total");
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, count_in_thread, c), 0);
    for (int i = 0; i < 20; i++)
        page(DIESEL_METRICS_PROMETHEUS);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    ck_assert_uint_eq(diesel_counter_value(c), 80000);
    diesel_histogram *h = diesel_histogram_register("h", "", NULL, NULL, 0, &err);
    ck_assert_uint_eq(diesel_histogram_count(h), 80000);
    ck_assert_uint_eq(diesel_histogram_sum(h), 240000);
    diesel_gauge *g = diesel_gauge_register("g", "", DIESEL_LABELS("i", 49), &err);
    ck_assert(diesel_gauge_value(g) == 1600);
}
END_TEST

START_TEST(without_memory_there_is_an_error_and_no_half_metric)
{
    static char long_label[1500];
    memset(long_label, 'x', sizeof long_label - 1);
    diesel_allocator_set(&faulty_memory);
    for (long n = 1;; n++) {
        char name[40];
        diesel_error err;
        test_error_wipe(&err);
        snprintf(name, sizeof name, "m%ld", n);
        faulty_memory_fail(n);
        void *made = diesel_histogram_register(
            name, "Help.", NULL, DIESEL_LABELS("l", long_label), &err);
        char *text = made != NULL ? diesel_metrics_text(0, NULL, &err) : NULL;
        if (text == NULL)
            assert_error(DIESEL_E_NOMEM);
        if (made == NULL)
            ck_assert_int_eq(faulty_alive, 0);
        diesel_free(text);
        if (faulty_allocations < n) {
            ck_assert_ptr_nonnull(text);
            ck_assert_int_gt(n, 4);
            break;
        }
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("metrics");
    test_case(suite, "registry", a_name_and_labels_give_one_metric,
              gauges_go_up_and_down_in_any_locale,
              families_are_sorted_and_texts_escaped, wrong_labels_are_refused,
              a_name_has_one_kind, there_is_a_limit, nothing_may_be_counted_on,
              threads_count_exactly,
              without_memory_there_is_an_error_and_no_half_metric);
    test_case_rows(suite, "name", wrong_names_are_refused,
                   TEST_COUNT(wrong_names));
    test_case(suite, "histogram", every_value_lies_in_the_cell_below_its_edge,
              percentiles_are_exact_to_a_sixteenth,
              values_outside_the_range_count_at_its_edges,
              histograms_of_odd_ranges);
    return test_suite_run(suite);
}

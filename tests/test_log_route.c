/* SPDX-License-Identifier: MIT */
/*
 * What libraries need of the log: levels for want of others, and a sink for a part of the
 * names.
 */
#include <string.h>

#include <diesel/log.h>

#include "test_util.h"

static diesel_logger base = DIESEL_LOGGER("base");
static diesel_logger query = DIESEL_LOGGER("base.query");
static diesel_logger other = DIESEL_LOGGER("based");

static char text[400];

/* Which sink got which logger's record: "all:base own:base.query ". */
static void note(void *arg, const diesel_log_record *record)
{
    size_t n = strlen(text);
    snprintf(text + n, sizeof text - n, "%s:%s ", (const char *)arg, record->logger);
}

static const diesel_log_sink all = {note, "all"};
static const diesel_log_sink own = {note, "own"};
static const diesel_log_sink inner = {note, "inner"};

static const char *told(void)
{
    static char copy[sizeof text];
    text[0] = 0;
    diesel_log(&base, DIESEL_WARNING, "x");
    diesel_log(&query, DIESEL_WARNING, "x");
    diesel_log(&other, DIESEL_WARNING, "x");
    memcpy(copy, text, sizeof copy);
    return copy;
}

START_TEST(a_name_has_a_sink_of_its_own)
{
    diesel_error err;
    assert_ok(diesel_log_sinks_set(&all, 1, &err));
    ck_assert_str_eq(told(), "all:base all:base.query all:based ");
    assert_ok(diesel_log_route_set("base", &own, &err));
    ck_assert_str_eq(told(), "own:base own:base.query all:based ");
    assert_ok(diesel_log_route_set("base.query", &inner, &err));
    ck_assert_str_eq(told(), "own:base inner:base.query all:based ");
    assert_ok(diesel_log_route_set("base", NULL, &err));
    ck_assert_str_eq(told(), "all:base inner:base.query all:based ");
    assert_ok(diesel_log_route_set("base", NULL, &err));
    assert_ok(diesel_log_route_set("base.query", &own, &err));
    ck_assert_str_eq(told(), "all:base own:base.query all:based ");
}
END_TEST

START_TEST(only_some_names_have_sinks_of_their_own)
{
    static const char *const names[] = {"a", "b", "c", "d"};
    diesel_error err;
    for (size_t i = 0; i < TEST_COUNT(names); i++)
        assert_ok(diesel_log_route_set(names[i], &own, &err));
    assert_fails(diesel_log_route_set("base", &own, &err), DIESEL_E_LIMIT);
    assert_ok(diesel_log_route_set("c", &inner, &err));
    assert_ok(diesel_log_route_set("a", NULL, &err));
    assert_ok(diesel_log_route_set("base", &own, &err));
}
END_TEST

START_TEST(a_default_level_holds_for_want_of_another)
{
    diesel_error err;
    assert_ok(diesel_log_level_set("*", DIESEL_ERROR, &err));
    assert_ok(diesel_log_level_default("base.query", DIESEL_DEBUG, &err));
    ck_assert_int_eq(diesel_log_level("base.query"), DIESEL_DEBUG);
    ck_assert_int_eq(diesel_log_level("base"), DIESEL_ERROR);
    ck_assert(diesel_log_is_on(&query, DIESEL_DEBUG));
    ck_assert(!diesel_log_is_on(&query, DIESEL_TRACE));
    assert_ok(diesel_log_level_set("base.query", DIESEL_INFO, &err));
    ck_assert_int_eq(diesel_log_level("base.query"), DIESEL_INFO);
    assert_fails(diesel_log_level_default("new", 99, &err), DIESEL_E_INVAL);
}
END_TEST

static const char *const set_before[] = {"base.query", "base"};

START_TEST(a_level_that_was_set_wins_over_a_default)
{
    diesel_error err;
    assert_ok(diesel_log_level_set(set_before[_i], DIESEL_WARNING, &err));
    assert_ok(diesel_log_level_default("base.query", DIESEL_DEBUG, &err));
    ck_assert_int_eq(diesel_log_level("base.query"), DIESEL_WARNING);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("log routes");
    test_case(suite, "sink", a_name_has_a_sink_of_its_own,
              only_some_names_have_sinks_of_their_own);
    test_case(suite, "level", a_default_level_holds_for_want_of_another);
    test_case_rows(suite, "before", a_level_that_was_set_wins_over_a_default,
                   TEST_COUNT(set_before));
    return test_suite_run(suite);
}

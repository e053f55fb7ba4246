/* SPDX-License-Identifier: MIT */
/*
 * One file of tests: what it asks of the server, and a line for each test.
 */
#include "unified.h"

#include <stdlib.h>
#include <string.h>

/* "4.2.1" as a number that can be compared. */
static int64_t version(const char *text)
{
    int a = 0, b = 0, c = 0;
    sscanf(text, "%d.%d.%d", &a, &b, &c);
    return ((int64_t)a << 40) + ((int64_t)b << 20) + c;
}

/* Up to three parts, inclusive: "4.4" as a maximum takes in 4.4.9. */
static bool is_above(const char *have, const char *most)
{
    int parts = sscanf(most, "%*d.%*d.%*d"), dots = 0;
    (void)parts;
    for (const char *p = most; *p != 0; p++)
        dots += *p == '.';
    int shift = dots == 0 ? 40 : dots == 1 ? 20 : 0;
    return version(have) >> shift > version(most) >> shift;
}

static bool is_among(const bson_t *doc, const char *key, const char *text)
{
    bson_t list;
    bson_iter_t iter;
    if (!dmongo_get_doc(doc, key, &list))
        return true;
    for (bson_iter_init(&iter, &list); bson_iter_next(&iter);)
        if (strcmp(bson_iter_utf8(&iter, NULL), text) == 0)
            return true;
    return false;
}

static bool meets(unified_world *world, const bson_t *one)
{
    const char *have = dmongo_get_str(world->build, "version", "0");
    const char *least = dmongo_get_str(one, "minServerVersion", NULL);
    const char *most = dmongo_get_str(one, "maxServerVersion", NULL);
    if (least != NULL && version(have) < version(least))
        return unified_fail(world, "needs MongoDB %s", least), false;
    if (most != NULL && is_above(have, most))
        return unified_fail(world, "needs MongoDB up to %s", most), false;
    if (!is_among(one, "topologies",
                  dmongo_has(world->hello, "setName") ? "replicaset" : "single"))
        return unified_fail(world, "needs another topology"), false;
    if (strcmp(dmongo_get_str(one, "serverless", ""), "require") == 0)
        return unified_fail(world, "needs serverless"), false;
    if (dmongo_get_bool(one, "auth", false))
        return unified_fail(world, "needs authentication"), false;
    if (dmongo_has(one, "serverParameters"))
        return unified_fail(world, "needs server parameters"), false;
    if (dmongo_has(one, "csfle"))
        return unified_fail(world, "needs client-side encryption"), false;
    return true;
}

bool unified_requirements_met(unified_world *world, const bson_t *doc)
{
    bson_t list, one;
    bson_iter_t iter;
    if (!dmongo_get_doc(doc, "runOnRequirements", &list))
        return true;
    for (bson_iter_init(&iter, &list); bson_iter_next(&iter);)
        if (dmongo_get_doc(&list, bson_iter_key(&iter), &one) &&
            meets(world, &one))
            return true;
    return false;
}

static bool has_sessions(const unified_world *world)
{
    return dmongo_has(world->hello, "logicalSessionTimeoutMinutes");
}

/* Why the test is not run at all; NULL: it is. */
static const char *reason(unified_world *world, const bson_t *file,
                          const bson_t *test)
{
    const char *skip = dmongo_get_str(test, "skipReason", NULL);
    if (skip != NULL)
        return skip;
    if (!unified_requirements_met(world, file) ||
        !unified_requirements_met(world, test))
        return world->why;
    char *text = bson_as_canonical_extended_json(test, NULL);
    bool wants_session = strstr(text, "\"session\"") != NULL ||
                         strstr(text, "$$sessionLsid") != NULL;
    bson_free(text);
    return wants_session && !has_sessions(world)
               ? "needs sessions, which the server has not"
               : NULL;
}

static void run_one(unified_world *world, const bson_t *file, const char *shown,
                    const bson_t *test, unified_totals *totals)
{
    const char *name = dmongo_get_str(test, "description", "");
    const char *why = reason(world, file, test);
    if (why != NULL) {
        printf("skip %s: %s: %s\n", shown, name, why);
        totals->skipped++;
        return;
    }
    const char *known = unified_known(shown, name);
    int result = unified_run_test(world, file, test);
    if (result > 0 && known != NULL) {
        printf("needless %s: %s: passes, and is listed: %s\n", shown, name, known);
        totals->needless++;
        totals->passed++;
    } else if (result > 0) {
        printf("pass %s: %s\n", shown, name);
        totals->passed++;
    } else if (result == 0 || known != NULL) {
        printf("skip %s: %s: %s\n", shown, name, result == 0 ? world->why : known);
        totals->skipped++;
    } else {
        printf("FAIL %s: %s: %s\n", shown, name, world->why);
        totals->failed++;
    }
    fflush(stdout);
}

void unified_run_file(unified_world *world, const char *path, const char *shown,
                      unified_totals *totals)
{
    bson_json_reader_t *reader = bson_json_reader_new_from_file(path, NULL);
    bson_t file = BSON_INITIALIZER, tests, test;
    bson_iter_t iter;
    if (reader == NULL || bson_json_reader_read(reader, &file, NULL) != 1 ||
        !dmongo_get_doc(&file, "tests", &tests)) {
        printf("FAIL %s: cannot be read\n", shown);
        totals->failed++;
    } else {
        for (bson_iter_init(&iter, &tests); bson_iter_next(&iter);)
            if (dmongo_get_doc(&tests, bson_iter_key(&iter), &test))
                run_one(world, &file, shown, &test, totals);
    }
    bson_destroy(&file);
    if (reader != NULL)
        bson_json_reader_destroy(reader);
}

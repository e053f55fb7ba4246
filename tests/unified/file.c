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

/* Whether the world's server and topology are what one requirement asks for. */
static bool meets(unified_world *world, const bson_t *one)
{
    const char *have = dmongo_get_str(world->server->build, "version", "0");
    const char *least = dmongo_get_str(one, "minServerVersion", NULL);
    const char *most = dmongo_get_str(one, "maxServerVersion", NULL);
    bool wants_login = world->server != world->servers;
    if (least != NULL && version(have) < version(least))
        return unified_fail(world, "needs MongoDB %s", least), false;
    if (most != NULL && is_above(have, most))
        return unified_fail(world, "needs MongoDB up to %s", most), false;
    if (strcmp(dmongo_get_str(one, "serverless", ""), "require") == 0)
        return unified_fail(world, "needs serverless"), false;
    if (dmongo_has(one, "serverParameters"))
        return unified_fail(world, "needs server parameters"), false;
    if (dmongo_has(one, "authMechanism") &&
        strncmp(dmongo_get_str(one, "authMechanism", ""), "SCRAM", 5) != 0)
        return unified_fail(world, "needs %s", dmongo_get_str(one, "authMechanism", "")), false;
    if (dmongo_has(one, "csfle"))
        return unified_fail(world, "needs client-side encryption"), false;
    if (!is_among(one, "topologies", world->is_set ? "replicaset" : "single"))
        return unified_fail(world, "needs another topology"), false;
    if (dmongo_get_bool(one, "auth", wants_login) != wants_login)
        return unified_fail(world, "needs authentication"), false;
    return true;
}

static bool meets_any(unified_world *world, const bson_t *doc)
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

bool unified_choose(unified_world *world, const bson_t *file, const bson_t *test)
{
    /* The plain one is tried first, and its reason is the one that is told. */
    char why[UNIFIED_WHY] = "";
    for (int choice = 0; choice < 4; choice++) {
        world->server = &world->servers[choice / 2];
        world->is_set = choice % 2 == 1;
        if (world->server->uri == NULL)
            break;
        if (meets_any(world, file) && meets_any(world, test))
            return true;
        if (choice == 0 || strcmp(why, "needs another topology") == 0 ||
            strcmp(why, "needs authentication") == 0)
            memcpy(why, world->why, sizeof why);
    }
    memcpy(world->why, why, sizeof why);
    return false;
}

static bool has_sessions(const unified_world *world)
{
    return world->is_set || dmongo_has(world->server->hello, "logicalSessionTimeoutMinutes");
}

/* Why the test is not run at all; NULL: it is. */
static const char *reason(unified_world *world, const bson_t *file,
                          const bson_t *test)
{
    const char *skip = dmongo_get_str(test, "skipReason", NULL);
    if (skip != NULL)
        return skip;
    if (!unified_choose(world, file, test))
        return world->why;
    char *text = bson_as_canonical_extended_json(test, NULL);
    bool wants_session = strstr(text, "\"session\"") != NULL ||
                         strstr(text, "$$sessionLsid") != NULL;
    bson_free(text);
    return wants_session && !has_sessions(world)
               ? "needs sessions, which the server has not"
               : NULL;
}

static void count_skip(unified_totals *totals, const char *why)
{
    size_t i = 0;
    while (i < UNIFIED_REASONS - 1 && totals->reasons[i].count > 0 &&
           strncmp(totals->reasons[i].why, why, sizeof totals->reasons[i].why - 1) != 0)
        i++;
    snprintf(totals->reasons[i].why, sizeof totals->reasons[i].why, "%s", why);
    totals->reasons[i].count++;
    totals->skipped++;
}

/* A line that begins with what became of a test. */
static void say(const char *what, const char *shown, const bson_t *test,
                const char *why)
{
    printf("%s %s: %s%s%s\n", what, shown, dmongo_get_str(test, "description", ""),
           why != NULL ? ": " : "", why != NULL ? why : "");
    fflush(stdout);
}

/* The reason without the operation that it is about: "find: needs ..." */
static const char *plain(const char *why)
{
    static const char *const words[] = {"needs ", "observes ", "expects "};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strstr(why, words[i]) != NULL)
            return strstr(why, words[i]);
    return why;
}

static void run_one(unified_world *world, const bson_t *file, const char *shown,
                    const bson_t *test, unified_totals *totals)
{
    const char *why = reason(world, file, test);
    if (why != NULL) {
        say("skip", shown, test, why);
        count_skip(totals, why);
        return;
    }
    const char *known = unified_known(world->server->build, shown,
                                      dmongo_get_str(test, "description", ""));
    int result = unified_run_test(world, file, test);
    if (result > 0 && known != NULL) {
        say("needless: it passes, and is listed", shown, test, known);
        totals->needless++;
        totals->passed++;
    } else if (result > 0) {
        say("pass", shown, test, NULL);
        totals->passed++;
    } else if (result == 0 || known != NULL) {
        why = result == 0 ? plain(world->why) : known;
        say("skip", shown, test, why);
        count_skip(totals, why);
    } else {
        say("FAIL", shown, test, world->why);
        totals->failed++;
    }
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

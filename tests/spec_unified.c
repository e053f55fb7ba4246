/* SPDX-License-Identifier: MIT */
/*
 * MongoDB's unified specification tests against a real server. Skipped without the
 * files (DIESEL_MONGODB_SPECS) or a server (DIESEL_TEST_MONGODB_URI).
 *
 *     spec_unified [FOLDER or FILE, relative to the specifications]...
 *
 * One line for each test, then the sums by specification. Fails if a test has failed
 * that is not listed in unified/skips.c.
 */
#include <fts.h>
#include <stdlib.h>
#include <string.h>

#include "unified/unified.h"

/* The specifications of which files are in the unified format and within what a single
 * server can do. */
static const char *const folders[] = {
    "command-logging-and-monitoring/tests/monitoring",
    "collection-management/tests",
    "crud/tests/unified",
    "gridfs/tests",
    "index-management/tests",
    "read-write-concern/tests/operation",
    "retryable-reads/tests/unified",
    "retryable-writes/tests/unified",
    "run-command/tests/unified",
    "sessions/tests",
    "unified-test-format/tests/valid-pass",
    "versioned-api/tests",
};

static const char *root;
static unified_totals sum;

static int by_name(const FTSENT **a, const FTSENT **b)
{
    return strcmp((*a)->fts_name, (*b)->fts_name);
}

static void run_folder(unified_world *world, const char *folder)
{
    char path[4096];
    unified_totals totals = {0};
    snprintf(path, sizeof path, "%s/%s", root, folder);
    FTS *tree = fts_open((char *[]){path, NULL}, FTS_LOGICAL, by_name);
    for (FTSENT *e; tree != NULL && (e = fts_read(tree)) != NULL;)
        if (e->fts_info == FTS_F && strstr(e->fts_name, ".json") != NULL)
            unified_run_file(world, e->fts_path, e->fts_path + strlen(root) + 1,
                             &totals);
    if (tree != NULL)
        fts_close(tree);
    printf("# %s: %d passed, %d failed, %d skipped\n", folder, totals.passed,
           totals.failed, totals.skipped);
    sum.passed += totals.passed;
    sum.failed += totals.failed;
    sum.skipped += totals.skipped;
    sum.needless += totals.needless;
}

static char **wanted;

static int app(void *arg)
{
    diesel_error err;
    bson_t *hello, *build;
    unified_world world = {.uri = arg};
    if ((world.internal = dmongo_open(world.uri, NULL, &err)) == NULL ||
        dmongo_run(world.internal, "admin", dmongo_doc("hello", 1), &hello, &err) <
            0 ||
        dmongo_run(world.internal, "admin", dmongo_doc("buildInfo", 1), &build,
                   &err) < 0)
        return diesel_fail(&err);
    world.hello = hello;
    world.build = build;
    for (char **w = wanted; *w != NULL; w++)
        run_folder(&world, *w);
    for (size_t i = 0; *wanted == NULL && i < sizeof folders / sizeof folders[0]; i++)
        run_folder(&world, folders[i]);
    bson_destroy(hello);
    bson_destroy(build);
    dmongo_close(world.internal);
    return 0;
}

int main(int argc, char **argv)
{
    char *uri = getenv("DIESEL_TEST_MONGODB_URI");
    const char *top = getenv("top_srcdir");
    static char standard[4096];
    (void)argc;
    root = getenv("DIESEL_MONGODB_SPECS");
    if (root == NULL) {
        snprintf(standard, sizeof standard, "%s/../shared/mongodb-specs",
                 top != NULL ? top : ".");
        root = standard;
    }
    FILE *readme = NULL;
    char path[4200];
    snprintf(path, sizeof path, "%s/README.md", root);
    if ((readme = fopen(path, "r")) == NULL || uri == NULL) {
        printf("skipped: %s\n", uri == NULL
                                    ? "DIESEL_TEST_MONGODB_URI names no server"
                                    : "DIESEL_MONGODB_SPECS names no folder with "
                                      "MongoDB's specifications");
        return 77;
    }
    fclose(readme);
    wanted = argv + 1;
    if (diesel_main(app, uri) != 0)
        return 1;
    printf("%d needless entries in unified/skips.c\n", sum.needless);
    printf("Skipped: %d\n", sum.skipped);
    int all = sum.passed + sum.failed;
    printf("%d%%: Checks: %d, Failures: %d, Errors: 0\n",
           all > 0 ? 100 * sum.passed / all : 0, all, sum.failed);
    return sum.failed > 0;
}

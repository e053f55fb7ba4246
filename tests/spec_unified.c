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
    "auth/tests/unified",
    "command-logging-and-monitoring/tests/logging",
    "command-logging-and-monitoring/tests/monitoring",
    "collection-management/tests",
    "connection-monitoring-and-pooling/tests/logging",
    "crud/tests/unified",
    "gridfs/tests",
    "index-management/tests",
    "mongodb-handshake/tests",
    "read-write-concern/tests/operation",
    "retryable-reads/tests/unified",
    "retryable-writes/tests/unified",
    "run-command/tests/unified",
    "server-selection/tests/logging",
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

/* What has been run, for the sums at the end. */
static struct {
    char folder[100];
    unified_totals totals;
} done[64];
static size_t done_count;

static void print_sums(void)
{
    for (size_t i = 0; i < done_count; i++) {
        const unified_totals *t = &done[i].totals;
        printf("# %s: %d passed, %d failed, %d skipped\n", done[i].folder, t->passed,
               t->failed, t->skipped);
        for (int r = 0; r < UNIFIED_REASONS && t->reasons[r].count > 0; r++)
            printf("#   %4d %s\n", t->reasons[r].count, t->reasons[r].why);
    }
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
    snprintf(done[done_count].folder, sizeof done[0].folder, "%s", folder);
    done[done_count++].totals = totals;
    sum.passed += totals.passed;
    sum.failed += totals.failed;
    sum.skipped += totals.skipped;
    sum.needless += totals.needless;
}

static char **wanted;

static int open_server(unified_server *server, const char *uri, diesel_error *err)
{
    server->uri = uri;
    if (uri == NULL)
        return 0;
    server->internal = dmongo_open(uri, NULL, err);
    return server->internal == NULL ||
                   dmongo_run(server->internal, "admin", dmongo_doc("hello", 1),
                              &server->hello, err) < 0 ||
                   dmongo_run(server->internal, "admin", dmongo_doc("buildInfo", 1),
                              &server->build, err) < 0
               ? -1
               : 0;
}

static void close_server(unified_server *server)
{
    bson_destroy(server->hello);
    bson_destroy(server->build);
    dmongo_close(server->internal);
}

static int app(void *arg)
{
    diesel_error err;
    unified_server servers[2] = {{0}};
    unified_world world = {.servers = servers};
    if (open_server(&servers[0], arg, &err) < 0 ||
        open_server(&servers[1], getenv("DIESEL_TEST_MONGODB_AUTH_URI"), &err) < 0)
        return diesel_fail(&err);
    for (char **w = wanted; *w != NULL && done_count < 64; w++)
        run_folder(&world, *w);
    for (size_t i = 0; *wanted == NULL && i < sizeof folders / sizeof folders[0]; i++)
        run_folder(&world, folders[i]);
    close_server(&servers[0]);
    close_server(&servers[1]);
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
    setenv("MONGODB_LOG_MAX_DOCUMENT_LENGTH", "100000", 1);
    if (diesel_main(app, uri) != 0)
        return 1;
    print_sums();
    printf("%d needless entries in unified/skips.c\n", sum.needless);
    printf("Skipped: %d\n", sum.skipped);
    int all = sum.passed + sum.failed;
    printf("%d%%: Checks: %d, Failures: %d, Errors: 0\n",
           all > 0 ? 100 * sum.passed / all : 0, all, sum.failed);
    return sum.failed > 0;
}

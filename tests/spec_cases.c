/* SPDX-License-Identifier: MIT */
/* See spec_cases.h. The case under way is static: cases are run one after another. */
#include "spec_cases.h"

#include <fnmatch.h>
#include <glob.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <diesel/doc.h>

struct totals {
    int passed, failed, skipped;
};

static const spec_exception *exceptions;
static size_t exception_count;
static struct totals totals, sum;

static const char *file_name;
static char description[300];
static char why[400];

const char *spec_file(void)
{
    return file_name;
}

void spec_case_begin(const char *text, const char *part)
{
    snprintf(description, sizeof description, "%s%s%s", text,
             part != NULL ? ": " : "", part != NULL ? part : "");
    why[0] = 0;
}

void spec_wrong(const char *format, ...)
{
    if (why[0] != 0)
        return;
    va_list args;
    va_start(args, format);
    vsnprintf(why, sizeof why, format, args);
    va_end(args);
}

bool spec_is_wrong(void)
{
    return why[0] != 0;
}

static const spec_exception *find_exception(void)
{
    char where[sizeof description + 100];
    snprintf(where, sizeof where, "%s: %s", file_name, description);
    for (size_t i = 0; i < exception_count; i++)
        if (fnmatch(exceptions[i].where, where, 0) == 0)
            return &exceptions[i];
    return NULL;
}

void spec_case_end(void)
{
    const spec_exception *exception = find_exception();
    if (why[0] == 0) {
        totals.passed++;
        if (exception != NULL)
            printf("needless exception: %s: %s\n", file_name, description);
    } else if (exception != NULL) {
        totals.skipped++;
        printf("skipped: %s: %s: %s\n", file_name, description, exception->reason);
    } else {
        totals.failed++;
        printf("FAILED: %s: %s: %s\n", file_name, description, why);
    }
}

size_t spec_each(const bson_t *file, const char *key,
                 void (*each)(const bson_t *file, const bson_t *test))
{
    bson_t list, test;
    char index[24];
    if (!dmongo_get_doc(file, key, &list))
        return 0;
    for (size_t i = 0;; i++) {
        snprintf(index, sizeof index, "%zu", i);
        if (!dmongo_get_doc(&list, index, &test))
            return i;
        each(file, &test);
    }
}

static char *read_file(const char *path)
{
    FILE *f = fopen(path, "rb");
    struct stat st;
    if (f == NULL || fstat(fileno(f), &st) < 0) {
        perror(path);
        exit(EXIT_FAILURE);
    }
    char *text = malloc((size_t)st.st_size + 1);
    if (text == NULL)
        exit(EXIT_FAILURE);
    text[fread(text, 1, (size_t)st.st_size, f)] = 0;
    fclose(f);
    return text;
}

static void run_file(const spec_family *family, const char *path)
{
    char *text = read_file(path);
    bson_error_t error;
    bson_t *doc = bson_new_from_json((const uint8_t *)text, -1, &error);
    free(text);
    file_name = strrchr(path, '/') + 1;
    int before = totals.passed + totals.failed + totals.skipped;
    if (doc != NULL)
        family->run(doc);
    if (doc == NULL || before == totals.passed + totals.failed + totals.skipped) {
        printf("FAILED: %s: %s\n", path, doc == NULL ? error.message : "no cases");
        totals.failed++;
    }
    bson_destroy(doc);
}

static void run_family(const spec_family *family, const char *folder)
{
    char pattern[1200];
    glob_t found;
    totals = (struct totals){0};
    snprintf(pattern, sizeof pattern, "%s/%s", folder, family->pattern);
    if (glob(pattern, 0, NULL, &found) == 0) {
        for (size_t i = 0; i < found.gl_pathc; i++)
            run_file(family, found.gl_pathv[i]);
        globfree(&found);
    } else {
        printf("FAILED: there are no files %s\n", pattern);
        totals.failed++;
    }
    printf("# %s: %d passed, %d failed, %d skipped\n", family->name, totals.passed,
           totals.failed, totals.skipped);
    sum.passed += totals.passed;
    sum.failed += totals.failed;
    sum.skipped += totals.skipped;
}

int spec_run(const spec_family *families, size_t family_count,
             const spec_exception *known, size_t known_count)
{
    char folder[1024];
    const char *named = getenv("DIESEL_MONGODB_SPECS");
    const char *top = getenv("top_srcdir");
    struct stat st;
    if (named != NULL)
        snprintf(folder, sizeof folder, "%s", named);
    else
        snprintf(folder, sizeof folder, "%s/../shared/mongodb-specs",
                 top != NULL ? top : ".");
    if (stat(folder, &st) < 0) {
        printf("skipped: MongoDB's specification tests are not in %s "
               "(DIESEL_MONGODB_SPECS)\n",
               folder);
        return 77;
    }
    exceptions = known;
    exception_count = known_count;
    for (size_t i = 0; i < family_count; i++)
        run_family(&families[i], folder);
    int all = sum.passed + sum.failed;
    printf("Skipped: %d\n", sum.skipped);
    printf("%d%%: Checks: %d, Failures: %d, Errors: 0\n",
           all > 0 ? 100 * sum.passed / all : 0, all, sum.failed);
    return sum.failed == 0 && sum.passed > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

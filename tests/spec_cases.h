/* SPDX-License-Identifier: MIT */
/*
 * What the runners of MongoDB's own test cases have in common: finding the files,
 * which are not part of this project, and counting what became of their cases.
 *
 *     static void run_file(const bson_t *file)
 *     {
 *         spec_case_begin("description", NULL);
 *         if (...)
 *             spec_wrong("port is %u", port);
 *         spec_case_end();
 *     }
 *     ...
 *     return spec_run(families, 2, exceptions, 1);
 *
 * The files are in the folder $DIESEL_MONGODB_SPECS, or else in
 * ../shared/mongodb-specs beside the source tree. A line is printed for each case that
 * fails or is excepted, and one with the sums for each family.
 */
#ifndef TESTS_SPEC_CASES_H
#define TESTS_SPEC_CASES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <bson/bson.h>

typedef struct spec_family {
    const char *name;
    const char *pattern; /* of the files, below the folder */
    void (*run)(const bson_t *file);
} spec_family;

/* Cases that need not pass. The runner says when one does after all. */
typedef struct spec_exception {
    const char *where; /* a pattern for "FILE: DESCRIPTION", of fnmatch() */
    const char *reason;
} spec_exception;

/* Runs all files of the families, outside of any fiber: what main() returns, which is 77
 * if there are none. */
int spec_run(const spec_family *families, size_t family_count,
             const spec_exception *exceptions, size_t exception_count);

/* The file that is being run: "top.json". */
const char *spec_file(void);

/* A case begins; `part` may say more about it, or be NULL. Both are copied. */
void spec_case_begin(const char *description, const char *part);

/* It fails; the first reason is kept. */
void spec_wrong(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Whether it has failed so far. */
bool spec_is_wrong(void);

void spec_case_end(void);

/* Calls a function for each document of the array at a key; 0 if there is none. */
size_t spec_each(const bson_t *file, const char *key,
                 void (*each)(const bson_t *file, const bson_t *test));

#endif

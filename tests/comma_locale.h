/* SPDX-License-Identifier: MIT */
/*
 * A locale that writes 3,5 for 3.5, for tests that numbers on the wire do not
 * follow it. Where the system has none, localedef makes one in the test's folder.
 */
#ifndef TESTS_COMMA_LOCALE_H
#define TESTS_COMMA_LOCALE_H

#include <locale.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test_util.h"

/* Switches the program to such a locale; false, and a note, if there is none. */
static inline bool test_use_comma_locale(const char *test)
{
    const char *path = test_path("de_DE.UTF-8");
    char command[256];
    snprintf(command, sizeof command,
             "localedef -i de_DE -f UTF-8 %s > %s.log 2>&1", path, path);
    if (setlocale(LC_ALL, "de_DE.UTF-8") == NULL && system(command) == 0) {
        setenv("LOCPATH", test_dir_path, 1);
        setlocale(LC_ALL, "de_DE.UTF-8");
    }
    if (strcmp(localeconv()->decimal_point, ",") == 0)
        return true;
    fprintf(stderr, "%s: skipped, there is no locale with a decimal comma\n",
            test);
    return false;
}

#endif

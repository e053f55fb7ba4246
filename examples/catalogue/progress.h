/* SPDX-License-Identifier: MIT */
/*
 * A line on the terminal that says how far the work is; nothing at all if standard
 * error is not a terminal.
 *
 *     struct progress progress = {.what = "counting sheep"};
 *     diesel_scope *shown = progress_show(&progress);
 *     ... ++progress.done; progress.part = ...;
 *     progress_hide(shown);
 */
#ifndef CATALOGUE_PROGRESS_H
#define CATALOGUE_PROGRESS_H

#include <stddef.h>
#include <stdint.h>

#include <diesel/scope.h>

struct progress {
    const char *what;
    size_t done; /* things, whatever they are                             */
    double part; /* of the whole, from 0 to 1; 0: how much that is, nobody
                    knows, and the bar goes to and fro                    */
};

/* Opens a scope with a fiber that draws the line ten times a second. *progress is
 * borrowed until progress_hide(). Never switches fibers. */
diesel_scope *progress_show(struct progress *progress);

/* Ends that fiber, which clears its line, and leaves the scope. Switches fibers. */
void progress_hide(diesel_scope *shown);

#endif

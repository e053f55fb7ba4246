/* SPDX-License-Identifier: MIT */
/*
 * Where package lists come from: a file, standard input, or the machine's own
 * list, which the program apt-cache prints into a pipe.
 *
 *     struct source *list = source_open(NULL, &err);
 *     while ((got = source_next(list, &stanza, &err)) > 0)
 *         ...
 *     source_close(list);
 *
 * Only the fiber that reads waits for the pipe; the others go on.
 */
#ifndef CATALOGUE_SOURCE_H
#define CATALOGUE_SOURCE_H

#include <stdint.h>

#include <diesel/error.h>

#include "control.h"

struct source;

/* Opens a file; "-" is standard input, and NULL the output of apt-cache. Owned by
 * the caller: source_close(). Never switches fibers. */
struct source *source_open(const char *file, diesel_error *err);

/* 1: the next stanza, which lies in the source until the next call; 0: there are
 * no more; -1: failure, also if apt-cache failed. Switches fibers. */
int source_next(struct source *source, struct span *stanza, diesel_error *err);

/* Puts "NAME:LINE: " before an error about the stanza's line that `line` lines come
 * before. Never switches fibers. */
void source_blame(const struct source *source, size_t line, diesel_error *err);

/* What the source is called. */
const char *source_name(const struct source *source);

/* Which part of the source has been handed out, from 0 to 1; 0 also if its size is
 * not known. Never switches fibers. */
double source_part(const struct source *source);

/* Closes it, and ends apt-cache if it is still running. NULL does nothing. Never
 * switches fibers. */
void source_close(struct source *source);

#endif

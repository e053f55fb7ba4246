/* SPDX-License-Identifier: MIT */
/*
 * BSON as extended JSON, on one line or indented.
 */
#ifndef DMONGO_CLI_PRINT_INTERNAL_H
#define DMONGO_CLI_PRINT_INTERNAL_H

#include <stdbool.h>
#include <stdio.h>

#include <bson/bson.h>

#include <diesel/error.h>

typedef struct dmongo__layout {
    bool pretty;    /* what does not fit into 80 columns is broken into lines and
                       indented; else each value takes one line, whatever its
                       length                                                  */
    bool canonical; /* the canonical form, which keeps all types; else the
                       relaxed one                                             */
} dmongo__layout;

/* Prints a document and a newline. 0, or -1 with INVAL: the document is
 * malformed. */
int dmongo__print(const bson_t *doc, dmongo__layout layout, FILE *out,
                  diesel_error *err);

/* The same for the value of a field of any type: a number, a string, an array. */
int dmongo__print_value(const bson_iter_t *iter, dmongo__layout layout,
                        FILE *out, diesel_error *err);

/* JSON text, of any white space, in that layout, without a newline behind it. */
void dmongo__print_json(const char *json, bool pretty, FILE *out);

#endif

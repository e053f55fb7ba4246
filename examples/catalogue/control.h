/* SPDX-License-Identifier: MIT */
/*
 * Debian's control files: stanzas of fields with empty lines between them, as in
 *
 *     Package: apt
 *     Depends: adduser, gpgv | gpgv2
 *     Description: commandline package manager
 *      This package provides commandline tools for
 *      searching and managing packages.
 *      .
 *      These include: ...
 *
 * A line that begins with a space or a tab continues the field above it.
 *
 * Functions from text to pieces of that text: they copy nothing, do no I/O and
 * know no fibers, so they are tested alone.
 */
#ifndef CATALOGUE_CONTROL_H
#define CATALOGUE_CONTROL_H

#include <stdbool.h>
#include <stddef.h>

/* A piece of text that belongs to somebody else; no zero byte ends it. */
struct span {
    const char *at;
    size_t len;
};

struct control_field {
    struct span name;
    struct span value; /* without white space around it, but with all its lines */
};

/* How many bytes at the front of `text` are its first stanza: up to and with the
 * empty line that ends it, and with those before it. 0: the end of the stanza is
 * not there yet and more text is needed. With `all` no more text will come: then
 * the stanza ends with the text, and 0 means that there is none. */
size_t control_stanza(struct span text, bool all);

/* Takes the next field off the front of a stanza. 1: a field; 0: there are no
 * more; -1: the line at rest->at is no field and continues none. */
int control_field(struct span *rest, struct control_field *field);

/* Takes the next item off the front of a value that is a list with commas. */
bool control_item(struct span *rest, struct span *item);

/* Writes a value of several lines to `out` as a reader wants it: without the
 * space at the front of each line, and without the dot that stands for an empty
 * one. Needs room for value.len bytes; returns how many it wrote. */
size_t control_unfold(struct span value, char *out);

#endif

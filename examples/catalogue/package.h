/* SPDX-License-Identifier: MIT */
/*
 * A stanza of a package list as a document of MongoDB:
 *
 *     { "_id": "apt", "package": "apt", "version": "2.6.1", "section": "admin",
 *       "installed_size": 4232, "depends": ["adduser", "gpgv | gpgv2", ...],
 *       "description": "commandline package manager", ... }
 *
 * No I/O, no fibers.
 */
#ifndef CATALOGUE_PACKAGE_H
#define CATALOGUE_PACKAGE_H

#include <bson/bson.h>

#include <diesel/error.h>

#include "control.h"

/* The fields that are kept, in the order that they have in the document.
 * X(NAME, name of the field, key, kind) */
#define PACKAGE_FIELDS(X)                                                      \
    X(NAME, "Package", "package", text)                                        \
    X(VERSION, "Version", "version", text)                                     \
    X(ARCHITECTURE, "Architecture", "architecture", text)                      \
    X(SECTION, "Section", "section", text)                                     \
    X(PRIORITY, "Priority", "priority", text)                                  \
    X(SOURCE, "Source", "source", text)                                        \
    X(MAINTAINER, "Maintainer", "maintainer", text)                            \
    X(HOMEPAGE, "Homepage", "homepage", text)                                  \
    X(SIZE, "Size", "size", number)                                            \
    X(INSTALLED_SIZE, "Installed-Size", "installed_size", number)              \
    X(DEPENDS, "Depends", "depends", list)                                     \
    X(RECOMMENDS, "Recommends", "recommends", list)                            \
    X(SUGGESTS, "Suggests", "suggests", list)                                  \
    X(TAG, "Tag", "tags", list)                                                \
    X(DESCRIPTION, "Description", "description", prose)

enum {
#define PACKAGE_ENUM(NAME, name, key, kind) PACKAGE_##NAME,
    PACKAGE_FIELDS(PACKAGE_ENUM)
#undef PACKAGE_ENUM
        PACKAGE_FIELD_COUNT
};

/* The values by PACKAGE_*, pieces of the stanza; .at is NULL where there is none. */
struct package {
    struct span values[PACKAGE_FIELD_COUNT];
};

/* Reads a stanza. 0; or -1 if it has no Package or no Version, or if a line is no
 * field. *line is then the number of lines of the stanza before the bad one. */
int package_read(struct span stanza, struct package *package, size_t *line,
                 diesel_error *err);

/* The document with the given _id, owned by the caller: bson_destroy(). NULL: a
 * value is no UTF-8, or there is no memory. */
bson_t *package_document(const struct package *package, const char *id,
                         diesel_error *err);

#endif
